//! Looking for jobs to run: queue after queue, as they are named, each from where the last look ended. Jobs that nobody
//! here can run are counted, and passed by once in each pass, however many they are.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::registry::{Job, MARKS};
use crate::{
    Result,
    laravel::queue::{Look, Queues, Spot},
};

/// Time for which a queue that was looked through is left before one that comes behind it.
const REST: Duration = Duration::from_secs(1);
/// Time between two counts of what a table's jobs of other classes are.
const COUNT_EVERY: Duration = Duration::from_secs(60);

/// All queues of a worker.
pub(super) struct Scan {
    lanes: Vec<Lane>,
}

struct Lane {
    queue: String,
    look: Look,
    /// Jobs that were seen and not tried yet.
    seen: VecDeque<Job>,
    /// When its pass came to an end.
    ended: Option<Instant>,
    /// Jobs of this pass that nobody here can run, and those of the pass before.
    strangers: (u64, u64),
    counted: Option<(Instant, u64)>,
}

impl Scan {
    pub(super) fn new(queues: &[String]) -> Self {
        let lane = |queue: &String| Lane {
            queue: queue.clone(),
            look: Look::default(),
            seen: VecDeque::new(),
            ended: None,
            strangers: (0, 0),
            counted: None,
        };
        Self { lanes: queues.iter().map(lane).collect() }
    }

    /// The next jobs of the first queue that has some: at most so many, all of one queue. `None` when every queue was
    /// looked through.
    pub(super) async fn next(
        &mut self,
        queues: &Queues<'_>,
        open: &[String],
        most: usize,
    ) -> Result<Option<(String, Vec<Job>)>> {
        for lane in self.lanes.iter_mut().filter(|lane| open.contains(&lane.queue)) {
            if lane.ended.is_none_or(|ended| ended.elapsed() >= REST) {
                lane.ended = None;
                lane.fill(queues, most).await?;
            }
            if !lane.seen.is_empty() {
                let some = lane.seen.len().min(most);
                return Ok(Some((lane.queue.clone(), lane.seen.drain(..some).collect())));
            }
        }
        Ok(None)
    }

    /// Says that jobs of a queue left their places.
    pub(super) fn took(&mut self, queue: &str, spots: impl Iterator<Item = Spot>) {
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.queue == queue) {
            lane.look.took(spots);
        }
    }

    /// Lets every queue be looked through anew.
    pub(super) fn again(&mut self) {
        for lane in &mut self.lanes {
            lane.ended = None;
        }
    }

    /// Forgets what was seen: it may lie there still.
    pub(super) fn restart(&mut self) {
        for lane in &mut self.lanes {
            lane.look.again();
            lane.seen.clear();
            lane.ended = None;
            lane.strangers.0 = 0;
        }
    }

    /// Jobs that may be taken and that nobody here can run, of the last pass over each queue.
    pub(super) fn strangers(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.strangers.1.max(lane.strangers.0)).sum()
    }
}

impl Lane {
    /// Looks until so many jobs are seen, or to the end of the pass.
    async fn fill(&mut self, queues: &Queues<'_>, most: usize) -> Result<()> {
        while self.seen.len() < most {
            let window = queues.look(&self.queue, &mut self.look, &MARKS).await?;
            if window.is_empty() {
                return self.end(queues).await;
            }
            for due in window {
                match Job::read(&due) {
                    Some(job) => self.seen.push_back(job),
                    None => self.strangers.0 += 1,
                }
            }
        }
        Ok(())
    }

    async fn end(&mut self, queues: &Queues<'_>) -> Result<()> {
        self.look.again();
        self.ended = Some(Instant::now());
        let mut strangers = std::mem::take(&mut self.strangers.0);
        if let Queues::Table(table) = queues {
            let counted = match self.counted {
                Some((at, count)) if at.elapsed() < COUNT_EVERY => count,
                _ => {
                    let count = table.unmarked(&self.queue, &MARKS).await?;
                    self.counted = Some((Instant::now(), count));
                    count
                }
            };
            strangers += counted;
        }
        self.strangers.1 = strangers;
        Ok(())
    }
}
