//! Payment webhooks: find the events that are due, apply them to payments, and say how each one ended.
//!
//! Works on the webhook service's own tables, beside the service: an event that opsctl touched is one that the
//! service understands, and no event is worked on by both (row locks, and the conditions checked under them).

pub mod backoff;
pub mod body;
mod busy;
mod candidates;
mod chunk;
mod decide;
mod explain;
pub mod fixtures;
mod infer;
pub mod job;
mod limits;
mod list;
pub mod providers;
mod report;
mod retry;
mod retry_one;
mod show;
mod state;
mod store;

use serde::Serialize;

pub use self::{
    candidates::{Candidate, Statement, due},
    chunk::{
        handle::{Asked, Ended, Handler, OpenEvent, Standing, Tried},
        queue::{Dispatch, HELD},
    },
    explain::{
        Advice, Backlog, Becomes, BodyOf, Check, Claim, DuePlan, Explain, Held, HeldPayment, IndexState,
        Match, Named, Next, Part, PaymentOf, Plan, RowLock, RunLock, SessionOf, Sorts, Try, explain,
        explain_due, run_lock,
    },
    infer::{About, Look, Reading, Reference, read, read_raw},
    limits::{Effective, Limits, Overrides},
    list::{Cursor, Filter, List, ListItem, list},
    report::{Counts, Item, Outcome, ProviderCounts, RetryReport},
    retry::{IfLocked, Means, Progress, RUN_LOCK, RetryRequest, retry, run},
    retry_one::{OneRequest, enqueue_one, retry_one},
    show::{Again, Found, Payment, Show, find, show},
    store::{Store, gaps},
};
use crate::{Error, Result, text::pasted};

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

fn is_id(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl EventId {
    /// Takes 26 letters and digits, and leaves off what was pasted around them: blanks, quotes, a comma.
    ///
    /// # Errors
    /// [`crate::Kind::Usage`] for anything else, and for several ids at once.
    pub fn parse(text: &str) -> Result<Self> {
        let meant = pasted(text);
        if is_id(meant) {
            return Ok(Self(meant.to_owned()));
        }
        let ids: Vec<&str> = meant
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|'))
            .map(pasted)
            .filter(|word| is_id(word))
            .collect();
        let error = Error::usage(format!("`{meant}` is no event id"));
        Err(match ids[..] {
            [] => error
                .because("an event id is a ULID: 26 letters and digits")
                .hint(show::by_providers_id(meant)),
            [one] => error.hint(format!("did you mean `{one}`?")),
            [first, ..] => error
                .because(format!("it holds {} ids, and one event is taken at a time", ids.len()))
                .hint(format!("begin with the first: `{first}`")),
        })
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
