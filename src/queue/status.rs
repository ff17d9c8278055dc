//! How queues stand: counts, ages, signs. Nothing is taken from a queue, and nothing is changed in it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    Error, Kind, Result,
    laravel::{
        failed::FailedJobs,
        horizon::Horizon,
        queue::{QueuePlace, Queues, Sizes},
    },
    near,
};

/// One queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// Its name.
    pub queue: String,
    /// The queue connection that it belongs to.
    pub connection: String,
    /// Jobs that may be taken.
    pub ready: u64,
    /// Jobs that are due later.
    pub delayed: u64,
    /// Jobs that a worker has.
    pub reserved: u64,
    /// Jobs whose worker's time is over: it died, or runs longer than `retry_after`. The next worker takes them.
    pub stuck: u64,
    /// When the oldest job that may be taken was pushed, or became due where that is not known.
    pub oldest: Option<DateTime<Utc>>,
    /// How many jobs more there are per minute, between two samples; less than none when the queue empties.
    pub per_minute: Option<f64>,
    /// Whether workers leave it alone for a sign in the cache; nothing where the cache could not be asked.
    pub paused: Option<bool>,
}

impl Line {
    /// All of its jobs, wherever they lie.
    pub fn size(&self) -> u64 {
        self.ready + self.delayed + self.reserved + self.stuck
    }
}

/// All queues together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Queues.
    pub queues: usize,
    /// Jobs that may be taken.
    pub ready: u64,
    /// Jobs that are due later.
    pub delayed: u64,
    /// Jobs that a worker has.
    pub reserved: u64,
    /// Jobs whose worker's time is over.
    pub stuck: u64,
    /// Queues with as many jobs as `--max`, or more.
    pub over: usize,
    /// Horizon, where it shows itself on the Redis of a queue.
    pub horizon: Option<Horizon>,
}

impl Summary {
    /// The sum of some queues; `max` is the size from which one is too long.
    pub fn of(lines: &[Line], max: Option<u64>) -> Self {
        let mut sum = Self { queues: lines.len(), ..Self::default() };
        for line in lines {
            sum.ready += line.ready;
            sum.delayed += line.delayed;
            sum.reserved += line.reserved;
            sum.stuck += line.stuck;
            sum.over += usize::from(max.is_some_and(|max| line.size() >= max));
        }
        sum
    }
}

/// The queues of a connection that are known by themselves: those that hold jobs, and the default one.
///
/// # Errors
/// The place does not answer, or has no such table.
pub async fn names(place: &QueuePlace<'_>) -> Result<Vec<String>> {
    let mut names = place.queues().names().await?;
    names.push(place.connection.queue.clone());
    names.sort();
    names.dedup();
    Ok(names)
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Sample {
    /// Queues with their counts.
    pub lines: Vec<Line>,
    /// Why others have none: what stands under their keys is no queue.
    pub unread: Vec<Error>,
}

/// Counts the jobs of queues. One that cannot be read hides no other.
///
/// # Errors
/// As [`names`].
pub async fn sample(place: &QueuePlace<'_>, names: &[String]) -> Result<Sample> {
    let queues = place.queues();
    let mut sample = Sample::default();
    for name in names {
        match queues.sizes(name).await {
            Ok(sizes) => sample.lines.push(line(&place.connection.name, name.clone(), &sizes)),
            Err(error) if error.kind() == Kind::Failed => sample.unread.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok(sample)
}

/// Refuses a queue that nobody knows: it holds no jobs, is not the default one, and no job of it has failed. Queues are
/// not declared anywhere, and an empty one has neither rows nor keys.
///
/// # Errors
/// [`Kind::NotFound`] with names that nearly match.
pub async fn known(place: &QueuePlace<'_>, failed: Option<&FailedJobs<'_>>, queue: &str) -> Result<()> {
    let names = names(place).await?;
    if names.iter().any(|name| name == queue) {
        return Ok(());
    }
    // Where failed jobs cannot be read, they cannot tell.
    if let Some(failed) = failed
        && failed.know(queue).await.unwrap_or_default()
    {
        return Ok(());
    }
    let connection = &place.connection.name;
    let elsewhere = place.queues().elsewhere().await.unwrap_or_default();
    let error = Error::new(Kind::NotFound, format!("the connection `{connection}` has no queue `{queue}`"))
        .because("it holds no jobs, and none of its jobs has failed");
    if let Some(hint) = prefix_hint(&elsewhere) {
        return Err(error.hint(hint));
    }
    let otherwise = format!("queues that are known: {}", names.join(", "));
    Err(near::or(error, queue, names.iter().map(String::as_str), str::to_owned, otherwise))
}

/// What to do about queues on Redis that lie under another prefix alone, before anything is pushed under ours; `None`
/// where ours has some, or nobody has.
///
/// # Errors
/// Redis does not answer.
pub async fn other_prefix(place: &QueuePlace<'_>) -> Result<Option<String>> {
    let queues = place.queues();
    if !matches!(queues, Queues::Redis(_)) || !queues.names().await?.is_empty() {
        return Ok(None);
    }
    let hint = prefix_hint(&queues.elsewhere().await?);
    Ok(hint.map(|hint| format!("no queue holds jobs under the configured prefix: {hint}")))
}

/// What to do about queues that lie under another prefix; `None` where none do.
pub fn prefix_hint(elsewhere: &[String]) -> Option<String> {
    let first = elsewhere.first()?;
    let others = match elsewhere.len() {
        1 => String::new(),
        more => format!(" and {} more", more - 1),
    };
    Some(format!(
        "there are queues under the prefix `{first}`{others}; if they are the application's: \
         `REDIS_PREFIX={first}`, or `prefix` of `[redis]` in an opsctl.toml"
    ))
}

fn line(connection: &str, queue: String, sizes: &Sizes) -> Line {
    Line {
        queue,
        connection: connection.to_owned(),
        ready: sizes.ready,
        delayed: sizes.delayed,
        reserved: sizes.reserved,
        stuck: sizes.stuck,
        oldest: sizes.oldest,
        per_minute: None,
        paused: None,
    }
}

/// Notes how each queue grew since an earlier sample.
pub fn grown(lines: &mut [Line], earlier: &[Line], between: Duration) {
    let minutes = between.as_secs_f64() / 60.0;
    for line in lines {
        let same = |other: &&Line| other.queue == line.queue && other.connection == line.connection;
        // A queue that was not there had no jobs.
        let before = earlier.iter().find(same).map_or(0, Line::size);
        #[allow(clippy::cast_precision_loss)] // queues hold fewer jobs than 2^52
        let more = line.size() as f64 - before as f64;
        line.per_minute = (minutes > 0.0).then(|| (more / minutes * 10.0).round() / 10.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(queue: &str, ready: u64) -> Line {
        line("redis", queue.to_owned(), &Sizes { ready, ..Sizes::default() })
    }

    #[test]
    fn growth_is_told_per_minute_and_a_new_queue_had_no_jobs() {
        let mut now = [of("a", 110), of("b", 40), of("c", 3)];
        grown(&mut now, &[of("a", 100), of("b", 100)], Duration::from_secs(20));
        assert_eq!(now.map(|line| line.per_minute), [Some(30.0), Some(-180.0), Some(9.0)]);
        let mut at_once = [of("a", 1)];
        grown(&mut at_once, &[], Duration::ZERO);
        assert_eq!(at_once[0].per_minute, None);
    }

    #[test]
    fn a_queue_is_too_long_from_the_size_on_that_was_named() {
        let lines = [of("a", 3), of("b", 4)];
        assert_eq!([None, Some(3), Some(4), Some(5)].map(|max| Summary::of(&lines, max).over), [0, 2, 1, 0]);
    }
}
