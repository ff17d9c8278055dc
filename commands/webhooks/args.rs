//! Arguments of `opsctl webhooks`; their comments are the help.

use clap::{ArgGroup, Args, Subcommand};
use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    webhooks::{Cursor, Filter, IfLocked, Overrides, backoff::Mode, providers},
    window::Window,
};

use crate::{
    cli::{parse_duration, told},
    complete,
    window::WindowArgs,
};

/// Payment webhooks: list, show, retry
///
/// What they do to an event, and when, is told in docs/webhooks.md.
#[derive(Debug, Subcommand)]
pub enum Command {
    RetryOnce(RetryOnceArgs),
    RetryOne(RetryOneArgs),
    Retry(RetryArgs),
    List(ListArgs),
    Show(ShowArgs),
}

/// Try the due events once, with the service's own limits (for one event: retry-one)
///
/// Takes the service's own run lock, picks due events with a fair share for every provider, and
/// applies each to its payment in chunks of at most 100, each one transaction.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct RetryOnceArgs {
    #[command(flatten)]
    pub batch: BatchArgs,
}

/// Try due events again, by provider and status
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct RetryArgs {
    #[command(flatten)]
    pub batch: BatchArgs,
    /// Only events of this provider
    #[arg(long, value_name = "NAME", value_parser = parse_word, add = Names::new(complete::providers))]
    pub provider: Option<String>,
    /// Only events in this status: received, failed, processing, queued
    #[arg(
        long,
        value_name = "STATUS",
        value_parser = parse_open_status,
        add = Names::new(complete::open_statuses)
    )]
    pub status: Option<String>,
}

/// What every batch takes.
#[derive(Debug, Args)]
pub struct BatchArgs {
    /// Events of this run, 1 to 1000000 [default: TENRUSL_SCHEDULER_LIMIT]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    limit: Option<u32>,
    /// Attempts that an event may use, its first delivery included [default: TENRUSL_MAX_RETRY_ATTEMPTS]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=32767)
    )]
    max_attempts: Option<u32>,
    /// Jitter of the next time: full, equal, decorrelated [default: TENRUSL_SCHEDULER_BACKOFF_MODE]
    #[arg(long, value_name = "MODE", value_parser = parse_mode, add = Names::new(complete::modes))]
    mode: Option<Mode>,
    /// First delay, in milliseconds [default: TENRUSL_RETRY_BASE_MS]
    #[arg(long, allow_negative_numbers = true, value_name = "MS")]
    base_ms: Option<u32>,
    /// Longest delay, in milliseconds [default: TENRUSL_RETRY_CAP_MS]
    #[arg(long, allow_negative_numbers = true, value_name = "MS")]
    cap_ms: Option<u32>,
    /// Events per second, at most
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub rate: Option<u32>,
    /// When another run holds the lock: fail (exit 8), skip (exit 0), wait=TIME
    #[arg(
        long,
        value_name = "WHAT",
        value_parser = parse_if_locked,
        default_value = "fail",
        add = Names::new(complete::if_locked)
    )]
    pub if_locked: IfLocked,
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl BatchArgs {
    /// The limits that the command line sets.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            limit: self.limit,
            max_attempts: self.max_attempts,
            mode: self.mode,
            base_ms: self.base_ms,
            cap_ms: self.cap_ms,
        }
    }
}

/// Try one event again, by its id (for all that are due: retry-once)
///
/// Guarded by the event's row: it does not wait for a batch that holds the run lock.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct RetryOneArgs {
    /// The event's id: a ULID, in upper or lower case
    #[arg(value_name = "ID", add = Names::new(complete::events))]
    pub id: String,
    /// Ignore its due time and the attempts limit
    #[arg(long)]
    pub force: bool,
    /// Take it even when the service's own worker claimed it a moment ago
    #[arg(long)]
    pub take_over: bool,
    /// Attempts that an event may use [default: TENRUSL_MAX_RETRY_ATTEMPTS]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=32767)
    )]
    max_attempts: Option<u32>,
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl RetryOneArgs {
    /// The limits that the command line sets.
    pub fn overrides(&self) -> Overrides {
        Overrides { max_attempts: self.max_attempts, ..Overrides::default() }
    }
}

/// List events, newest first
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct ListArgs {
    #[command(flatten)]
    pub window: WindowArgs,
    /// Only events of this provider
    #[arg(long, value_name = "NAME", value_parser = parse_word, add = Names::new(complete::providers))]
    pub provider: Option<String>,
    /// Only events in this status
    #[arg(long, value_name = "STATUS", value_parser = parse_word, add = Names::new(complete::statuses))]
    pub status: Option<String>,
    /// Only events with this payment status; `none` for events without one
    #[arg(
        long,
        value_name = "STATUS",
        value_parser = parse_word,
        add = Names::new(complete::payment_statuses)
    )]
    payment_status: Option<String>,
    /// Only events that a retry would pick now
    #[arg(long, conflicts_with = "exhausted")]
    due: bool,
    /// Only events that have used their attempts
    #[arg(long)]
    exhausted: bool,
    /// Only events whose provider's id contains this
    #[arg(long, value_name = "TEXT")]
    event_id: Option<String>,
    /// Events of this page, 1 to 1000
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    limit: u32,
    /// Go on behind this event, as the line below a page says
    #[arg(long, value_name = "PLACE", value_parser = told::<Cursor>)]
    after: Option<Cursor>,
}

impl ListArgs {
    /// As the library wants it.
    pub fn filter(&self, window: &Window) -> Filter {
        Filter {
            since: window.since,
            until: window.until,
            provider: self.provider.clone(),
            status: self.status.clone(),
            payment_status: self.payment_status.clone(),
            due: self.due,
            exhausted: self.exhausted,
            event_id: self.event_id.clone(),
            limit: self.limit,
            after: self.after.clone(),
        }
    }
}

/// Show one event: what its body says, and the payments it may be about
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, group = ArgGroup::new("name").required(true))]
pub struct ShowArgs {
    /// The event's id: a ULID, in upper or lower case
    #[arg(value_name = "ID", group = "name", add = Names::new(complete::events))]
    pub id: Option<String>,
    /// The provider's own id
    #[arg(long, value_name = "ID", group = "name")]
    pub event_id: Option<String>,
    /// The request that delivered it
    #[arg(long, value_name = "ID", group = "name")]
    pub request_id: Option<String>,
    /// Show the body, too
    #[arg(long)]
    pub raw: bool,
}

fn parse_mode(text: &str) -> Result<Mode, String> {
    Mode::from_name(text).ok_or_else(|| {
        let names = Mode::ALL.map(Mode::name);
        match opsctl::near::matches(text, names).first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("modes: {}", names.join(", ")),
        }
    })
}

fn parse_if_locked(text: &str) -> Result<IfLocked, String> {
    match text.split_once('=') {
        None if text == "fail" => Ok(IfLocked::Fail),
        None if text == "skip" => Ok(IfLocked::Skip),
        Some(("wait", time)) => parse_duration(time).map(IfLocked::Wait),
        _ => Err("it is fail, skip, or wait=TIME such as wait=5m".into()),
    }
}

/// A status in which an event may be tried.
fn parse_open_status(text: &str) -> Result<String, String> {
    match parse_word(text)? {
        word if word == "processed" => Err("processed events are done: they are never tried again".into()),
        word => Ok(word),
    }
}

/// A word of a column: providers nearly matching one of the catalogue are left to the database to find or not.
fn parse_word(text: &str) -> Result<String, String> {
    let word = text.trim();
    if word.is_empty() || word.len() > 32 || word.contains(char::is_whitespace) {
        return Err("one word, of at most 32 characters".into());
    }
    Ok(word.to_owned())
}

/// The status that a word nearly matches, when it is none of the service's.
pub fn near_status(word: &str) -> Option<&'static str> {
    const KNOWN: [&str; 5] = ["received", "processing", "queued", "processed", "failed"];
    if KNOWN.contains(&word) { None } else { opsctl::near::matches(word, KNOWN).first().copied() }
}

/// Names nearly matching a provider that nothing was found for.
pub fn near_provider(name: &str) -> Option<&'static str> {
    let known: Vec<&'static str> = providers::names().collect();
    if known.contains(&name) { None } else { opsctl::near::matches(name, known).first().copied() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_to_do_about_a_lock() {
        assert_eq!(parse_if_locked("skip"), Ok(IfLocked::Skip));
        assert_eq!(parse_if_locked("wait=5m"), Ok(IfLocked::Wait(Duration::from_secs(300))));
        assert!(parse_if_locked("wait").is_err() && parse_if_locked("wait=soon").is_err());
    }

    #[test]
    fn a_mode_is_known_or_the_nearest_is_told() {
        assert_eq!(parse_mode("Equal"), Ok(Mode::Equal));
        assert_eq!(parse_mode("ful"), Err("did you mean `full`?".into()));
    }
}
