//! A job whose work met an error of its own: what the framework's workers do with an exception or a time-out.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{
    chunk::{Chunk, Stop, Verdict, Worked, item, row},
    hand::Fate,
    registry::Job,
    report::Outcome,
};
use crate::{
    Error, Kind, Result,
    db::{Begin, Fault, Session},
    laravel::failed::exception,
    webhooks::Tried,
};

/// What went wrong with a job.
pub(super) enum Trouble {
    /// It ran for longer than it may.
    TimedOut,
    /// The database refused what its work changes.
    Refused(Error),
}

impl Trouble {
    /// What a single job is to blame for; everything else is an error of the worker.
    pub(super) fn of(stop: Stop) -> Result<Self> {
        match stop {
            Stop::TimedOut => Ok(Trouble::TimedOut),
            Stop::Error(error) if error.kind() == Kind::Failed && error.fault() != Some(Fault::Transient) => {
                Ok(Trouble::Refused(error))
            }
            Stop::Error(error) => Err(error),
        }
    }

    /// As the framework writes it: class and message.
    fn exception(&self, class: &str) -> (&'static str, String) {
        match self {
            Trouble::TimedOut => {
                (r"Illuminate\Queue\TimeoutExceededException", format!("{class} has timed out."))
            }
            Trouble::Refused(error) => {
                (r"Illuminate\Database\QueryException", format!("{}: {}", error.message(), error.root()))
            }
        }
    }
}

/// What is to be written down of a job.
struct Note<'a> {
    queue: &'a str,
    job: &'a Job,
    exception: &'a str,
    /// Time until its next try; `None` where it has failed.
    delay: Option<Duration>,
    /// What its event is told.
    why: Option<&'a str>,
    now: DateTime<Utc>,
}

impl Chunk<'_> {
    /// Notes the trouble on the job's event, and fails the job or releases it, as its terms say.
    ///
    /// # Errors
    /// What the servers say; the job lies where it lay, or is taken and goes back.
    pub(super) async fn fault(&self, queue: &str, job: &Job, trouble: &Trouble) -> Result<Worked> {
        let started = Instant::now();
        let now = self.means.db.now().await?;
        let (class, message) = trouble.exception(job.known.class());
        let options = &self.request.options;
        let last = matches!(trouble, Trouble::TimedOut) && job.terms.fails_on_timeout;
        let again = !last && job.terms.may_try_again(job.attempts(), now.timestamp(), options);
        let delay = again.then(|| job.terms.delay(job.attempts(), options));
        let text = exception(class, &message);
        let note = Note { queue, job, exception: &text, delay, why: Some(&message), now };
        let settled = match self.note(&note).await {
            // Where its event's row takes nothing, the job says it alone.
            Err(error) if error.kind() == Kind::Failed => self.note(&Note { why: None, ..note }).await?,
            settled => settled?,
        };
        if !settled {
            return Ok(Worked::default());
        }
        let outcome = if again { Outcome::Released } else { Outcome::Failed };
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let took = vec![job.taking.spot];
        Ok(Worked { items: vec![item(queue, job, outcome, message, took_ms)], took, left: Vec::new() })
    }

    /// One transaction: the note, and the failed job or the released one. Says whether the job was still there.
    async fn note(&self, note: &Note<'_>) -> Result<bool> {
        let mut session = self.means.db.session().await?;
        session.begin(Begin::Write).await?;
        let tried = match self.noted(&mut session, note).await {
            Ok(Some(tried)) => tried,
            other => {
                let _ = session.undo().await;
                drop(session);
                self.close().await;
                return other.map(|_| false);
            }
        };
        let fate = note.delay.map_or(Fate::Gone, Fate::Later);
        self.end(session, &tried, note.now, |_| fate).await?;
        Ok(true)
    }

    /// All of it but the COMMIT; `None` where the job is gone, or its event in other hands.
    async fn noted(&self, session: &mut Session<'_>, note: &Note<'_>) -> Result<Option<Tried>> {
        let Note { queue, job, now, .. } = *note;
        let jobs = self.still_there(session, vec![job.clone()], now).await?;
        let planned = self.judge(session, jobs, now, &mut Vec::new()).await?;
        let planned = self.take(session, queue, planned).await?;
        let Some(planned) = planned.into_iter().next() else { return Ok(None) };
        let tried = match (&planned.verdict, note.why) {
            (Verdict::Try(event), Some(why)) => self.handler.note(session, event, why, now).await?,
            _ => Tried::default(),
        };
        if note.delay.is_none() {
            self.record_one(session, queue, job, note.exception).await?;
        }
        if let (Some(table), Some(row)) = (self.table(), row(job.taking.spot)) {
            match note.delay {
                None => table.delete(session, &[row]).await?,
                Some(delay) => table.put_off(session, queue, &job.taking, now + delay, now).await?,
            }
        }
        Ok(Some(tried))
    }
}
