//! Payment webhooks: find the events that are due, apply them to payments, and say how each one ended.
//!
//! Works on the webhook service's own tables, beside the service: an event that opsctl touched is one that the
//! service understands, and no event is worked on by both (row locks, and the conditions checked under them).

pub mod backoff;
pub mod body;
mod candidates;
mod chunk;
mod decide;
pub mod fixtures;
mod infer;
mod limits;
mod list;
pub mod providers;
mod report;
mod retry;
mod retry_one;
mod show;
mod store;

use serde::Serialize;

pub use self::{
    candidates::{Candidate, due, explain_due},
    infer::{Reading, Reference, read, read_raw},
    limits::{Effective, Limits, Overrides},
    list::{Cursor, Filter, List, ListItem, list},
    report::{Counts, Item, Outcome, ProviderCounts, RetryReport},
    retry::{IfLocked, Progress, RUN_LOCK, RetryRequest, retry},
    retry_one::{OneRequest, retry_one},
    show::{Found, Payment, Show, find, show},
    store::Store,
};
use crate::{Error, Result};

/// How a payment stands, as the service writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PaymentStatus {
    /// Not final.
    Pending,
    /// Final.
    Succeeded,
    /// Final.
    Failed,
}

impl PaymentStatus {
    /// All of them.
    pub const ALL: [PaymentStatus; 3] =
        [PaymentStatus::Pending, PaymentStatus::Succeeded, PaymentStatus::Failed];

    /// The word in the columns.
    pub const fn name(self) -> &'static str {
        match self {
            PaymentStatus::Pending => "pending",
            PaymentStatus::Succeeded => "succeeded",
            PaymentStatus::Failed => "failed",
        }
    }

    /// From a column.
    ///
    /// # Errors
    /// The word, when it is none that the service writes: such a payment is nobody's to change.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        match text {
            "pending" => Ok(PaymentStatus::Pending),
            "succeeded" => Ok(PaymentStatus::Succeeded),
            "failed" => Ok(PaymentStatus::Failed),
            other => Err(other.to_owned()),
        }
    }

    /// Whether it never changes again.
    pub const fn is_final(self) -> bool {
        !matches!(self, PaymentStatus::Pending)
    }
}

/// The id of an event: a ULID, in the case in which it is stored (the service writes lower case, imports upper).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    /// Takes 26 letters and digits.
    ///
    /// # Errors
    /// [`crate::Kind::Usage`] for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::usage(format!("`{text}` is no event id"))
            .because("an event id is a ULID: 26 letters and digits")
            .hint("a provider's own id is found with `opsctl webhooks show --event-id …`"))
    }

    /// As given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As given, then in the other cases: an exact match comes first.
    pub fn spellings(&self) -> Vec<String> {
        let mut spellings = vec![self.0.clone(), self.0.to_lowercase(), self.0.to_uppercase()];
        spellings.dedup();
        spellings
    }
}
