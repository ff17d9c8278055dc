//! Arguments of `opsctl webhooks`; their comments are the help.

use clap::{ArgGroup, Args, Subcommand};
use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, near,
    webhooks::{Cursor, EventId, Filter, Found, IfLocked, Overrides, backoff::Mode, providers},
    window::Window,
};

use crate::{
    cli::{parse_duration, told},
    complete,
    number::number,
    window::WindowArgs,
};

/// Payment webhooks: list, show, explain, retry
///
/// What they do to an event, and when, is told in docs/webhooks.md.
#[derive(Debug, Subcommand)]
pub enum Command {
    RetryOnce(RetryOnceArgs),
    RetryOne(RetryOneArgs),
    Retry(RetryArgs),
    List(ListArgs),
    Show(ShowArgs),
    Explain(ExplainArgs),
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
    #[arg(long, value_name = "NAME", value_parser = parse_provider, add = Names::new(complete::providers))]
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
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = number(1, 1_000_000))]
    limit: Option<u32>,
    /// Attempts that an event may use, its first delivery included [default: TENRUSL_MAX_RETRY_ATTEMPTS]
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = number(1, 32_767))]
    max_attempts: Option<u32>,
    /// Jitter of the next time: full, equal, decorrelated [default: TENRUSL_SCHEDULER_BACKOFF_MODE]
    #[arg(long, value_name = "MODE", value_parser = parse_mode, add = Names::new(complete::modes))]
    mode: Option<Mode>,
    /// First delay, in milliseconds [default: TENRUSL_RETRY_BASE_MS]
    #[arg(long, allow_negative_numbers = true, value_name = "MS", value_parser = number(0, u32::MAX))]
    base_ms: Option<u32>,
    /// Longest delay, in milliseconds [default: TENRUSL_RETRY_CAP_MS]
    #[arg(long, allow_negative_numbers = true, value_name = "MS", value_parser = number(0, u32::MAX))]
    cap_ms: Option<u32>,
    /// Events per second, at most
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = number(1, 100_000))]
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
    #[command(flatten)]
    pub queue: QueueArgs,
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Whether jobs are pushed instead.
#[derive(Debug, Args)]
pub struct QueueArgs {
    /// Push the service's own job for each event, instead of trying it here
    #[arg(long)]
    pub queue: bool,
    /// With --queue: the queue to push to [default: webhooks]
    #[arg(long, value_name = "NAME", value_parser = parse_queue, requires = "queue")]
    pub queue_name: Option<String>,
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
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = number(1, 32_767))]
    max_attempts: Option<u32>,
    #[command(flatten)]
    pub queue: QueueArgs,
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
    #[arg(long, value_name = "NAME", value_parser = parse_provider, add = Names::new(complete::providers))]
    pub provider: Option<String>,
    /// Only events in this status
    #[arg(long, value_name = "STATUS", value_parser = parse_word, add = Names::new(complete::statuses))]
    pub status: Option<String>,
    /// Only events with this payment status; `none` for events without one
    #[arg(long, value_name = "STATUS", value_parser = parse_word, add = Names::new(complete::payment_statuses))]
    pub payment_status: Option<String>,
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
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 50, value_parser = number(1, 1000))]
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
#[command(verbatim_doc_comment, group = ArgGroup::new("event").required(true))]
pub struct ShowArgs {
    #[command(flatten)]
    pub name: NameArgs,
    /// Show the body, too
    #[arg(long)]
    pub raw: bool,
}

/// How an event is named.
#[derive(Debug, Args)]
pub struct NameArgs {
    /// The event's id: a ULID, in upper or lower case
    #[arg(value_name = "ID", group = "event", add = Names::new(complete::events))]
    id: Option<String>,
    /// The provider's own id
    #[arg(long, value_name = "ID", group = "event")]
    event_id: Option<String>,
    /// The request that delivered it
    #[arg(long, value_name = "ID", group = "event")]
    request_id: Option<String>,
}

impl NameArgs {
    /// As the library wants it.
    pub fn found(&self) -> Result<Found, Error> {
        match (&self.id, &self.event_id, &self.request_id) {
            (Some(id), _, _) => EventId::parse(id).map(Found::Id),
            (None, Some(id), _) => Ok(Found::EventId(id.clone())),
            (None, None, Some(id)) => Ok(Found::RequestId(id.clone())),
            (None, None, None) => Err(Error::usage("name an event: ID, --event-id or --request-id")),
        }
    }
}

/// Explain why an event is as it is, or with --due how due events are found
///
/// An event: what each rule read in its body, which payment that is, why it is due or not, what a
/// try would do, who holds it. Due events: their number, how the server finds them, missing indexes.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, group = ArgGroup::new("event").required(true))]
pub struct ExplainArgs {
    #[command(flatten)]
    pub name: NameArgs,
    /// Explain how a run finds due events; nothing is run but their count
    #[arg(long, group = "event")]
    pub due: bool,
    /// With --due: the server's own plans, too
    #[arg(long, requires = "due")]
    pub plan: bool,
    /// With --due: only events of this provider
    #[arg(long, value_name = "NAME", value_parser = parse_provider, requires = "due", add = Names::new(complete::providers))]
    pub provider: Option<String>,
}

fn parse_mode(text: &str) -> Result<Mode, String> {
    Mode::from_name(text).ok_or_else(|| {
        let names = Mode::ALL.map(Mode::name);
        let near = near::hint(text, names, |near| format!("--mode {near}"));
        near.unwrap_or_else(|| format!("modes: {}", names.join(", ")))
    })
}

fn parse_if_locked(text: &str) -> Result<IfLocked, String> {
    match text.split_once('=') {
        None if text == "fail" => Ok(IfLocked::Fail),
        None if text == "skip" => Ok(IfLocked::Skip),
        Some(("wait", time)) => parse_duration(time).map(IfLocked::Wait),
        other => {
            let word = other.map_or(text, |(word, _)| word);
            let time = other.map_or("5m", |(_, time)| time);
            let typed = |near: &str| match near {
                "wait" => format!("--if-locked wait={time}"),
                near => format!("--if-locked {near}"),
            };
            // `wait` alone is a known word that lacks its time.
            let near = if word == "wait" { Some("did you mean `--if-locked wait=5m`?".into()) } else { None };
            let near = near.or_else(|| near::hint(word, ["fail", "skip", "wait"], typed));
            Err(near.unwrap_or_else(|| "it is fail, skip, or wait=TIME such as wait=5m".into()))
        }
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
    if word.contains(',') {
        return Err("one word at a time: run it once for each".into());
    }
    if word.is_empty() || word.len() > 32 || word.contains(char::is_whitespace) {
        return Err("one word, of at most 32 characters".into());
    }
    Ok(word.to_owned())
}

/// A queue's name, as the application's workers are told it.
fn parse_queue(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.contains([',', ':']) || name.contains(char::is_whitespace) {
        return Err("the name of one queue, without commas, colons and blanks".into());
    }
    Ok(name.to_owned())
}

/// A provider: the service writes those of its catalogue in lower case, any other is taken as it is typed.
fn parse_provider(text: &str) -> Result<String, String> {
    let word = parse_word(text)?;
    let known = providers::names().find(|name| name.eq_ignore_ascii_case(&word));
    Ok(known.map_or(word, str::to_owned))
}

/// What may have been meant by filters under which nothing was found: the nearest provider or status that is known.
pub fn typo(provider: Option<&str>, status: Option<&str>, payment_status: Option<&str>) -> Option<String> {
    const STATUSES: [&str; 5] = ["received", "processing", "queued", "processed", "failed"];
    const PAYMENT_STATUSES: [&str; 4] = ["pending", "succeeded", "failed", "none"];
    let near = |given: Option<&str>, option: &str, known: &[&str]| {
        near::hint(given?, known.iter().copied(), |near| format!("--{option} {near}"))
    };
    let providers: Vec<&str> = providers::names().collect();
    near(provider, "provider", &providers)
        .or_else(|| near(status, "status", &STATUSES))
        .or_else(|| near(payment_status, "payment-status", &PAYMENT_STATUSES))
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
    fn a_provider_is_known_in_any_case_and_a_list_is_none() {
        assert_eq!(parse_provider(" STRIPE "), Ok("stripe".into()));
        assert_eq!(parse_provider("MyBank"), Ok("MyBank".into()));
        assert!(parse_provider("stripe,xendit").unwrap_err().contains("one word at a time"));
    }

    #[test]
    fn a_mode_is_known_or_the_nearest_is_told() {
        assert_eq!(parse_mode("Equal"), Ok(Mode::Equal));
        assert_eq!(parse_mode("ful"), Err("did you mean `--mode full`?".into()));
    }

    #[test]
    fn what_to_do_about_a_lock_is_told_when_it_is_nearly_said() {
        for (typed, meant) in [("skp", "skip"), ("fial", "fail"), ("wiat=2m", "wait=2m"), ("wait", "wait=5m")]
        {
            let told = format!("did you mean `--if-locked {meant}`?");
            assert_eq!(parse_if_locked(typed).unwrap_err(), told, "{typed}");
        }
        assert!(parse_if_locked("later").unwrap_err().contains("wait=TIME"));
    }

    #[test]
    fn a_filter_that_is_nearly_known_is_told_as_the_option_to_type() {
        let cases = [
            ((Some("strpe"), None, None), Some("--provider stripe")),
            ((Some("stripe"), Some("recieved"), None), Some("--status received")),
            ((None, Some("Failed"), None), Some("--status failed")),
            ((None, None, Some("suceeded")), Some("--payment-status succeeded")),
            ((None, None, Some("nne")), Some("--payment-status none")),
            ((Some("stripe"), Some("failed"), Some("failed")), None),
            ((Some("bank"), None, None), None),
        ];
        for ((provider, status, payment), meant) in cases {
            let told = meant.map(|meant| format!("did you mean `{meant}`?"));
            assert_eq!(typo(provider, status, payment), told, "{provider:?} {status:?} {payment:?}");
        }
    }
}
