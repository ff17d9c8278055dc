//! What becomes of a failed job: pushed, with which bytes and under which lock, or left.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use super::Outcome;
use crate::laravel::{
    payload::{Command, Data, Payload},
    php::{self, Limits, Object, Value},
    queue::job_id,
};

/// Seconds for which a unique lock is taken whose class tells no time: as long as a table keeps one without
/// (`DatabaseLock::$defaultTimeoutInSeconds`).
const UNIQUE_FOR: u32 = 86_400;

/// The lock that keeps a second job of its kind out of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// Name without prefixes.
    pub name: String,
    /// The owner that the job itself gives it back for, where it names one (Laravel 13.24).
    pub owner: Option<String>,
    /// The cache store that it lies in; `None` for the default one.
    pub store: Option<String>,
    /// Seconds that it lives.
    pub seconds: u32,
}

/// The lock of a job that names none, by its class and serialized command: of classes that opsctl knows.
pub type KnownLock = fn(&str, &str) -> Option<Unique>;

/// What a job's queue wants of its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A row of the database that the failed job lies in: its bytes need not leave the server.
    Here,
    /// A row of another database.
    Table,
    Redis,
}

/// What a payload is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub now: DateTime<Utc>,
    /// Time that a job with a deadline is given from now on.
    pub retry_for: Option<TimeDelta>,
    pub known: KnownLock,
}

/// A payload, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    /// Its display name, or the class of its command.
    pub class: Option<String>,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Push(Job),
    Leave(Outcome, String),
}

/// A job to push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub uuid: String,
    /// Its bytes, where they differ from those of the failed job.
    pub edited: Option<String>,
    pub unique: Option<Unique>,
}

impl Rules {
    /// Judges the payload of a failed job.
    pub(super) fn judge(&self, payload: &[u8], form: Form) -> Judged {
        let unreadable = |why: String| Verdict::Leave(Outcome::Unreadable, why);
        let payload = match Payload::read(payload) {
            Ok(payload) => payload,
            Err(why) => return Judged { class: None, verdict: unreadable(why.to_string()) },
        };
        let data = payload.data().unwrap_or_default();
        let class = payload.display_name().or_else(|| data.class.clone()).map(Cow::into_owned);
        let verdict = match self.verdict(&payload, data, form) {
            Ok(verdict) => verdict,
            Err(why) => unreadable(why),
        };
        Judged { class, verdict }
    }

    fn verdict(&self, payload: &Payload<'_>, data: Data<'_>, form: Form) -> Result<Verdict, String> {
        // Without it the framework loses the job when it fails again (`DatabaseUuidFailedJobProvider::log`).
        let uuid = payload.uuid().filter(|uuid| !uuid.is_empty()).ok_or("the payload has no uuid")?;
        payload.handler().ok_or("the payload names no handler")?;
        let named = data.class.clone();
        let command = data.command();
        let object = match &command {
            Some(Command::Plain(text)) => {
                let value = php::read(text.as_bytes(), Limits::default());
                match value.map_err(|why| format!("its command cannot be read: {why}"))? {
                    Value::Object(object) => Some(object),
                    _ => return Err("its command is no object".into()),
                }
            }
            Some(Command::Encrypted(_)) | None => None,
        };
        let Some(until) = self.deadline(payload) else {
            return Ok(Verdict::Leave(Outcome::Expired, "its deadline (`retryUntil`) is over".into()));
        };
        let edited = edited(payload, until, form);
        let of_class = match (named, &command) {
            (Some(class), Some(Command::Plain(text))) => (self.known)(&class, text),
            _ => None,
        };
        let unique = unique(payload, of_class, object.as_ref());
        Ok(Verdict::Push(Job { uuid: uuid.into_owned(), edited, unique }))
    }

    /// Its new deadline: `Some(None)` where the old one stays, or there is none; `None` where it is over.
    #[allow(clippy::option_option)]
    fn deadline(&self, payload: &Payload<'_>) -> Option<Option<i64>> {
        let Some(until) = payload.retry_until() else { return Some(None) };
        match self.retry_for {
            Some(time) => Some(Some((self.now + time).timestamp())),
            // `Worker::markJobAsFailedIfAlreadyExceedsMaxAttempts`: a job may still begin in its last second.
            None if self.now.timestamp() <= until => Some(None),
            None => None,
        }
    }
}

/// The lock of a unique job, as its payload names it, or `of_class` where it names none.
fn unique(payload: &Payload<'_>, of_class: Option<Unique>, object: Option<&Object<'_>>) -> Option<Unique> {
    let Some(name) = payload.hidden("laravel_unique_job_key") else { return of_class };
    let property = |name: &str| object.and_then(|object| object.property(name));
    let told = property("uniqueFor").and_then(Value::int).and_then(|seconds| u32::try_from(seconds).ok());
    let seconds = told.filter(|seconds| *seconds > 0).or(of_class.map(|unique| unique.seconds));
    let owner = property("uniqueLockOwner").and_then(Value::text).map(str::to_owned);
    let owner = owner.or_else(|| payload.hidden("laravel_unique_job_lock_owner"));
    Some(Unique {
        name,
        owner: owner.filter(|owner| !owner.is_empty()),
        store: payload.hidden("laravel_unique_job_cache_store").filter(|store| !store.is_empty()),
        seconds: seconds.unwrap_or(UNIQUE_FOR),
    })
}

/// The bytes to push, where they are not those of the failed job.
fn edited(payload: &Payload<'_>, until: Option<i64>, form: Form) -> Option<String> {
    let moved = until.map(|until| payload.with_retry_until(until));
    let moved_payload = moved.as_ref().and_then(|text| Payload::read(text.as_bytes()).ok());
    let renewed = match (moved_payload.as_ref().unwrap_or(payload), form) {
        (payload, Form::Redis) => payload.renewed_for_redis(job_id),
        (payload, Form::Here | Form::Table) => payload.renewed_for_database(),
    };
    let renewed = match renewed {
        Cow::Owned(renewed) => Some(renewed),
        Cow::Borrowed(_) => None,
    };
    renewed.or(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(retry_for: Option<i64>) -> Rules {
        let now = "2026-11-20T09:00:00Z".parse().unwrap();
        Rules { now, retry_for: retry_for.map(TimeDelta::seconds), known: |_, _| None }
    }

    fn job(text: &str) -> Verdict {
        rules(None).judge(text.as_bytes(), Form::Table).verdict
    }

    fn with(more: &str) -> String {
        format!(r#"{{"uuid":"u","job":"Illuminate\\Queue\\CallQueuedHandler@call"{more}}}"#)
    }

    #[test]
    fn what_no_worker_could_run_is_left() {
        for (text, why) in [
            ("", "the payload is not a JSON object"),
            (r#"{"job":"x@y"}"#, "the payload has no uuid"),
            (r#"{"uuid":"","job":"x@y"}"#, "the payload has no uuid"),
            (r#"{"uuid":"u"}"#, "the payload names no handler"),
            (
                &with(r#","data":{"command":"O:1:\"A\":1:{s:9:\"a\";N;}"}"#),
                "its command cannot be read: the serialized value ends too early at byte 16",
            ),
        ] {
            let Verdict::Leave(Outcome::Unreadable, said) = job(text) else { panic!("{text} was not left") };
            assert!(said.starts_with(why.split(" at byte").next().unwrap()), "{said}");
        }
    }

    #[test]
    fn a_deadline_that_is_over_wants_a_new_one() {
        let text = with(r#","retryUntil":1795165199"#);
        assert!(matches!(job(&text), Verdict::Leave(Outcome::Expired, _)));
        let still = with(r#","retryUntil":1795165200"#);
        assert!(matches!(job(&still), Verdict::Push(Job { edited: None, .. })));
        let Verdict::Push(job) = rules(Some(60)).judge(text.as_bytes(), Form::Table).verdict else {
            panic!()
        };
        assert_eq!(job.edited.unwrap(), with(r#","retryUntil":1795165260"#));
    }

    #[test]
    fn a_unique_job_names_its_lock_its_owner_and_its_time() {
        let context = r#","illuminate:log:context":{"data":[],"hidden":{"laravel_unique_job_cache_store":"s:5:\"redis\";","laravel_unique_job_key":"s:20:\"laravel_unique_job:A\";"}}"#;
        let unique = |text: &str| match job(text) {
            Verdict::Push(job) => job.unique.unwrap(),
            Verdict::Leave(..) => panic!(),
        };
        let plain = unique(&with(context));
        assert_eq!(
            plain,
            Unique {
                name: "laravel_unique_job:A".into(),
                owner: None,
                store: Some("redis".into()),
                seconds: UNIQUE_FOR
            }
        );
        let command = r#","data":{"command":"O:1:\"A\":2:{s:9:\"uniqueFor\";i:60;s:15:\"uniqueLockOwner\";s:3:\"own\";}"}"#;
        let told = unique(&with(&format!("{command}{context}")));
        assert_eq!((told.owner.as_deref(), told.seconds), (Some("own"), 60));
    }
}
