//! The jobs that opsctl runs itself. A class joins with a variant of [`Known`], a line in [`MARKS`], and what its work is.

use chrono::{DateTime, Utc};

use super::rules::Terms;
use crate::{
    laravel::{
        payload::Payload,
        queue::{Due, Spot, Taking},
    },
    webhooks::job::{self, Runnable},
};

/// A job of a class that is known, understood to its last property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// `App\Jobs\ProcessWebhookEvent`.
    WebhookEvent(Runnable),
}

/// What stands in the payload of every job that is known: its class's own name, which no escape can change.
pub const MARKS: [&str; 1] = ["ProcessWebhookEvent"];

impl Known {
    fn read(payload: &Payload<'_>) -> Option<Self> {
        Runnable::read(payload).map(Known::WebhookEvent)
    }

    /// Its class.
    pub const fn class(&self) -> &'static str {
        match self {
            Known::WebhookEvent(_) => job::CLASS,
        }
    }

    /// The name of the lock that it holds while it runs.
    pub fn overlap_lock(&self) -> String {
        match self {
            Known::WebhookEvent(known) => known.job.overlap_lock(),
        }
    }
}

/// A job that may be taken and run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Where it lies, with which bytes.
    pub taking: Taking,
    /// What identifies it among failed ones.
    pub uuid: String,
    /// When it was pushed, where the payload says so.
    pub pushed_at: Option<DateTime<Utc>>,
    /// What it says about tries and times.
    pub terms: Terms,
    /// What it is.
    pub known: Known,
}

impl Job {
    /// The job of a payload; `None` where it is not known here, and must be left as it is.
    pub fn read(due: &Due) -> Option<Self> {
        let payload = Payload::read(&due.payload).ok()?;
        let known = Known::read(&payload)?;
        // How many exceptions it had is counted in the cache, by workers that opsctl is none of.
        if payload.max_exceptions().is_some() {
            return None;
        }
        let (attempts, reserved) = match due.spot {
            Spot::Row(_) => (due.attempts?, payload.text().to_owned()),
            _ => (payload.attempts()?, payload.taken()?),
        };
        Some(Self {
            uuid: payload.uuid()?.into_owned(),
            pushed_at: payload.created_at().and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
            terms: Terms::read(&payload),
            known,
            taking: Taking {
                spot: due.spot,
                payload: payload.text().to_owned(),
                reserved,
                attempts: attempts.max(0),
            },
        })
    }

    /// How often it was taken, this time included.
    pub const fn attempts(&self) -> i64 {
        self.taking.attempts + 1
    }
}
