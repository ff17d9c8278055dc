//! The service's own job for an event, `App\Jobs\ProcessWebhookEvent`: written as its dispatcher writes it, and read.

mod strict;

use std::fmt::Display;

pub use self::strict::{Runnable, Unique};
use crate::laravel::{
    lock_name,
    payload::{NewJob, Shape},
    php::{self, Limits, Object, Value},
};

/// The job's class.
pub const CLASS: &str = r"App\Jobs\ProcessWebhookEvent";
/// The queue of these jobs where nothing names another (the constructor's default).
pub const QUEUE: &str = "webhooks";
/// Seconds that its unique lock lives (`uniqueFor`).
pub const UNIQUE_FOR: u32 = 600;
/// What stands before the event in the id of its unique lock, and in the key of its overlap lock.
pub const KEY: &str = "webhook-event:";
/// Seconds that it may run.
const TIMEOUT: u32 = 120;

/// One job: the arguments of its constructor, and the queue that it was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessWebhookEvent {
    /// The event.
    pub event: String,
    /// Who asked for it: `retry`, `incoming`.
    pub trigger: Option<String>,
    /// Whether state and attempts of the event are ignored.
    pub force: bool,
    /// The queue.
    pub queue: Option<String>,
}

impl ProcessWebhookEvent {
    /// Reads a serialized command.
    ///
    /// # Errors
    /// Why it is none of this class, in words.
    pub fn read(command: &str) -> Result<Self, String> {
        let value = php::read(command.as_bytes(), Limits::default()).map_err(|error| error.to_string())?;
        let Value::Object(object) = value else { return Err("the command is no object".into()) };
        if object.class() != Some(CLASS) {
            return Err(format!("the command is no {CLASS}"));
        }
        let text = |name: &str| object.property(name).and_then(Value::text).map(str::to_owned);
        Ok(Self {
            event: text("webhookEventId").ok_or("the command names no event")?,
            trigger: text("trigger"),
            force: object.property("force").and_then(Value::bool).unwrap_or_default(),
            queue: text("queue"),
        })
    }

    /// The serialized command: what the constructor promotes is always written, other properties where they differ from
    /// their defaults.
    pub fn command(&self) -> String {
        let trigger = self.trigger.as_deref().map_or(Value::Null, Value::from);
        let mut job = Object::new(CLASS)
            .with("webhookEventId", &*self.event)
            .with("trigger", trigger)
            .with("force", self.force);
        if let Some(queue) = &self.queue {
            job = job.with("queue", &**queue);
        }
        String::from_utf8_lossy(&Value::Object(job).serialized()).into_owned()
    }

    /// The name of the lock that keeps a second job for its event out of the queue, until it begins.
    pub fn unique_lock(&self) -> String {
        lock_name::unique(CLASS, &self.key())
    }

    /// The name of the lock that it holds while it runs.
    pub fn overlap_lock(&self) -> String {
        lock_name::overlap(CLASS, &self.key())
    }

    /// The id of the one and the key of the other.
    pub fn key(&self) -> String {
        format!("{KEY}{}", self.event)
    }

    /// The payload to push.
    pub fn payload(&self, push: &Push<'_>) -> String {
        let serialized = |text: &str| String::from_utf8_lossy(&Value::from(text).serialized()).into_owned();
        NewJob {
            uuid: push.uuid.to_string(),
            class: CLASS,
            command: self.command(),
            max_tries: Some(1),
            timeout: Some(TIMEOUT),
            created_at: push.now,
            delay: None,
            hidden: vec![
                ("laravel_unique_job_cache_store", serialized(push.store)),
                ("laravel_unique_job_key", serialized(&self.unique_lock())),
            ],
            id: push.id.clone(),
        }
        .payload(push.shape)
    }
}

/// What a payload holds beside the job.
pub struct Push<'a> {
    /// A version 4 UUID.
    pub uuid: &'a dyn Display,
    /// What identifies it on Redis; `None` for a table.
    pub id: Option<String>,
    /// Unix seconds.
    pub now: i64,
    /// The name of the cache store that holds its unique lock.
    pub store: &'a str,
    /// What the application's Laravel writes.
    pub shape: Shape,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the service's own dispatcher pushed it, under Laravel 12.
    const SAMPLE: &str = r#"{"uuid":"078c02bc-4372-443e-b53e-f4c70c8963ce","displayName":"App\\Jobs\\ProcessWebhookEvent","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":1,"maxExceptions":null,"failOnTimeout":false,"backoff":null,"timeout":120,"retryUntil":null,"data":{"commandName":"App\\Jobs\\ProcessWebhookEvent","command":"O:28:\"App\\Jobs\\ProcessWebhookEvent\":4:{s:14:\"webhookEventId\";s:26:\"01jd000000ugrma589efa2b291\";s:7:\"trigger\";s:5:\"retry\";s:5:\"force\";b:0;s:5:\"queue\";s:8:\"webhooks\";}"},"createdAt":1795159802,"illuminate:log:context":{"data":[],"hidden":{"laravel_unique_job_cache_store":"s:5:\"redis\";","laravel_unique_job_key":"s:88:\"laravel_unique_job:App\\Jobs\\ProcessWebhookEvent:webhook-event:01jd000000ugrma589efa2b291\";"}},"id":"aCuBAPrV55OV4M6KdypM9fAaz3ZHjCIr","attempts":0,"delay":null}"#;

    fn job() -> ProcessWebhookEvent {
        ProcessWebhookEvent {
            event: "01jd000000ugrma589efa2b291".into(),
            trigger: Some("retry".into()),
            force: false,
            queue: Some("webhooks".into()),
        }
    }

    fn push(id: Option<&str>) -> Push<'static> {
        Push {
            uuid: &"078c02bc-4372-443e-b53e-f4c70c8963ce",
            id: id.map(str::to_owned),
            now: 1_795_159_802,
            store: "redis",
            shape: Shape::of(Some((12, 40))),
        }
    }

    #[test]
    fn a_payload_is_what_the_service_would_have_pushed() {
        assert_eq!(job().payload(&push(Some("aCuBAPrV55OV4M6KdypM9fAaz3ZHjCIr"))), SAMPLE);
        let table = SAMPLE.replace(",\"id\":\"aCuBAPrV55OV4M6KdypM9fAaz3ZHjCIr\",\"attempts\":0", "");
        assert_eq!(job().payload(&push(None)), table);
    }

    #[test]
    fn a_command_is_read_as_it_was_written() {
        let bare = ProcessWebhookEvent { trigger: None, force: true, queue: None, ..job() };
        for job in [job(), bare] {
            assert_eq!(ProcessWebhookEvent::read(&job.command()), Ok(job));
        }
        for other in ["O:8:\"stdClass\":0:{}", "O:28:\"App\\Jobs\\ProcessWebhookEvent\":0:{}", "i:1;", "O:9:"]
        {
            assert!(ProcessWebhookEvent::read(other).is_err(), "{other}");
        }
    }
}
