//! A chunk on its way: run as one, and job by job where one of them cannot be.

use std::{rc::Rc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};

use super::{
    chunk::{Chunk, Stop, Worked},
    fault::Trouble,
    hand::Hand,
    registry::Job,
};
use crate::{Error, Result, db::Fault};

/// Tries of a chunk that meets deadlocks.
const TRIES: usize = 6;

/// A chunk that has come to an end.
pub(super) struct Landed {
    pub queue: String,
    /// Jobs that it was given.
    pub jobs: usize,
    pub worked: Worked,
    /// What kept the rest of them from being run.
    pub error: Option<Error>,
    pub hand: Rc<Hand>,
}

impl Chunk<'_> {
    /// The same, with a hand of its own.
    pub(super) fn with(&self, hand: Rc<Hand>) -> Self {
        Self { hand, ..self.clone() }
    }

    /// Runs jobs of a queue; what was done is told whatever follows.
    pub(super) async fn land(self, queue: String, jobs: Vec<Job>) -> Landed {
        let (mut worked, count) = (Worked::default(), jobs.len());
        let error = self.batch(&queue, jobs, &mut worked).await.err();
        Landed { queue, jobs: count, worked, error, hand: self.hand }
    }

    async fn batch(&self, queue: &str, jobs: Vec<Job>, worked: &mut Worked) -> Result<()> {
        let stop = match self.patiently(queue, &jobs).await {
            Ok(all) => {
                *worked = all;
                return Ok(());
            }
            Err(stop) => stop,
        };
        let trouble = Trouble::of(stop)?;
        if let [job] = &jobs[..] {
            worked.add(self.mend(queue, job, &trouble).await?);
            return Ok(());
        }
        for job in &jobs {
            if self.cancel.check().is_err() {
                return Ok(()); // who asks for the next chunk sees it, too; the rest lies where it lay
            }
            worked.add(match self.patiently(queue, std::slice::from_ref(job)).await {
                Ok(one) => one,
                Err(stop) => self.mend(queue, job, &Trouble::of(stop)?).await?,
            });
        }
        Ok(())
    }

    /// A dry run has nothing to write down.
    async fn mend(&self, queue: &str, job: &Job, trouble: &Trouble) -> Result<Worked> {
        match self.request.dry_run {
            true => Ok(Worked::default()),
            false => self.fault(queue, job, trouble).await,
        }
    }

    /// Repeats what met a deadlock: its transaction was rolled back whole.
    async fn patiently(&self, queue: &str, jobs: &[Job]) -> Result<Worked, Stop> {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(20))
            .with_max_delay(Duration::from_secs(1))
            .with_max_times(TRIES - 1)
            .with_jitter()
            .build();
        loop {
            let error = match self.run(queue, jobs.to_vec()).await {
                Err(Stop::Error(error)) if error.fault() == Some(Fault::Transient) => error,
                result => return result,
            };
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error.into()),
            }
        }
    }
}

impl Worked {
    fn add(&mut self, other: Worked) {
        self.items.extend(other.items);
        self.took.extend(other.took);
        self.left.extend(other.left);
    }
}
