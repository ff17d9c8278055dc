//! A job that opsctl runs itself must be understood to its last property: what a property asks for that is not known here
//! would not be done.

use super::{CLASS, ProcessWebhookEvent, UNIQUE_FOR};
use crate::laravel::{
    payload::{Command, Payload},
    php::{self, Key, Limits, Object, Value},
};

/// Who runs jobs of classes.
const HANDLER: &str = r"Illuminate\Queue\CallQueuedHandler@call";

/// A job that can be run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runnable {
    /// The job.
    pub job: ProcessWebhookEvent,
    /// The lock that kept a second one out of the queue, until this one begins.
    pub unique: Unique,
}

/// A unique lock, as its job knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// Name without prefixes.
    pub name: String,
    /// Its owner, where the job names one (Laravel 13.24 and later).
    pub owner: Option<String>,
    /// Seconds that it lives from the push on.
    pub seconds: u32,
}

impl Runnable {
    /// The job of a payload. `None` for every other class, and for whatever in it is not known: an encrypted command, a
    /// chain, a batch, a middleware, a property that a later version has.
    pub fn read(payload: &Payload<'_>) -> Option<Self> {
        payload.uuid().filter(|uuid| !uuid.is_empty())?;
        let ours = payload.handler()? == HANDLER && payload.class()? == CLASS && payload.batch().is_none();
        let Command::Plain(command) = payload.command().filter(|_| ours)? else { return None };
        let Ok(Value::Object(object)) = php::read(command.as_bytes(), Limits::default()) else { return None };
        let known = object.properties.iter().all(|(key, value)| is_known(key, value));
        let job = ProcessWebhookEvent::read(&command).ok().filter(|_| known)?;
        let unique = unique(payload, &job, &object);
        Some(Self { job, unique })
    }
}

fn unique(payload: &Payload<'_>, job: &ProcessWebhookEvent, object: &Object<'_>) -> Unique {
    let owner = object.property("uniqueLockOwner").and_then(Value::text).map(str::to_owned);
    let owner = owner.filter(|owner| !owner.is_empty());
    let seconds = object.property("uniqueFor").and_then(Value::int);
    Unique {
        name: payload.hidden("laravel_unique_job_key").unwrap_or_else(|| job.unique_lock()),
        owner: owner.or_else(|| payload.hidden("laravel_unique_job_lock_owner")),
        seconds: seconds.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(UNIQUE_FOR),
    }
}

/// Whether a property says nothing that would not be honoured. Laravel's own are those of `Queueable`, `Batchable` and
/// `InteractsWithQueue` (11 to 13); most must be as they are by default.
fn is_known(key: &Key<'_>, value: &Value<'_>) -> bool {
    let Key::Bytes(key) = key else { return false };
    let Ok(name) = str::from_utf8(key) else { return false };
    let empty = matches!(value, Value::Null) || value.text() == Some("");
    match name {
        "webhookEventId" => value.text().is_some_and(|id| !id.is_empty()),
        "trigger" | "queue" | "connection" => matches!(value, Value::Null) || value.text().is_some(),
        "force" => value.bool().is_some(),
        "tries" | "timeout" | "uniqueFor" => value.int().is_some_and(|number| number >= 0),
        "uniqueLockOwner" => value.text().is_some(),
        // When it is due is the queue's to know.
        "delay" => matches!(value, Value::Null | Value::Int(_)),
        "afterCommit" => matches!(value, Value::Null | Value::Bool(_)),
        "middleware" | "chained" => matches!(value, Value::Array(items) if items.is_empty()),
        "chainConnection"
        | "chainQueue"
        | "chainCatchCallbacks"
        | "batchId"
        | "job"
        | "messageGroup"
        | "deduplicator"
        | "debounceOwner" => empty,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(command: &str) -> String {
        serde_json::json!({"uuid": "u", "job": HANDLER, "data": {"commandName": CLASS, "command": command}})
            .to_string()
    }

    fn read(text: &str) -> Option<Runnable> {
        Runnable::read(&Payload::read(text.as_bytes()).unwrap())
    }

    fn with(property: &str) -> String {
        let count = 1 + usize::from(!property.is_empty());
        text(&format!(
            "O:28:\"{CLASS}\":{count}:{{s:14:\"webhookEventId\";s:26:\"01jd000000ugrma589efa2b291\";{property}}}"
        ))
    }

    #[test]
    fn what_is_known_is_run() {
        for property in [
            "",
            "s:5:\"delay\";i:30;",
            "s:7:\"trigger\";N;",
            "s:7:\"timeout\";i:60;",
            "s:10:\"middleware\";a:0:{}",
            "s:10:\"chainQueue\";N;",
            "s:11:\"afterCommit\";b:1;",
        ] {
            let job = read(&with(property)).unwrap_or_else(|| panic!("{property}"));
            assert_eq!(job.job.event, "01jd000000ugrma589efa2b291");
            assert_eq!((job.unique.owner, job.unique.seconds), (None, 600));
        }
        let owned = read(&with("s:15:\"uniqueLockOwner\";s:3:\"own\";")).unwrap();
        assert_eq!(owned.unique.owner.as_deref(), Some("own"));
    }

    #[test]
    fn what_is_not_known_to_the_last_property_is_not() {
        for property in [
            "s:5:\"other\";N;",
            "s:7:\"chained\";a:1:{i:0;s:1:\"x\";}",
            "s:10:\"middleware\";a:1:{i:0;N;}",
            "s:7:\"batchId\";s:1:\"b\";",
            "s:13:\"debounceOwner\";s:1:\"d\";",
            "s:10:\"\0*\0trigger\";s:1:\"x\";",
            "s:5:\"force\";i:1;",
            "s:5:\"delay\";O:8:\"stdClass\":0:{}",
            "i:0;N;",
        ] {
            assert_eq!(read(&with(property)), None, "{property}");
        }
        assert_eq!(read(&text("eyJpdiI6IiJ9")), None, "encrypted");
        assert_eq!(read(&with("").replace("\"uuid\":\"u\"", "\"uuid\":\"\"")), None);
        assert_eq!(read(&with("").replace("@call", "@other")), None);
        assert_eq!(read(&with("").replace("\"data\":{", "\"data\":{\"batchId\":\"b\",")), None);
    }
}
