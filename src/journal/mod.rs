//! Who changed what: one record before and one after every change.
//!
//! The file of the state folder (`file`) is the first truth: it needs no server, and is on the disk before a change
//! goes on. Where a database has the table `opsctl_journal` (`table`), each run that changes it is a row there, too;
//! rows that could not be written in their time are filled in from the file (`fill`). `past` reads the file from its
//! end, and `list` shows both as one.

mod file;
mod fill;
mod list;
mod past;
mod redact;
mod table;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::{
    file::{Entry, Journal},
    fill::fill,
    list::{Cursor, Filter, Found, Names, Outcome, Page, Seen, find, list, names, near},
    past::Past,
    redact::redact,
    table::{JournalTable, TABLE},
};

/// Who runs opsctl.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Login of the user whose rights the process had, as the system names it.
    pub user: String,
    /// What the variables `USER` or `LOGNAME` claimed, where it is another name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub claimed_user: Option<String>,
    /// The login behind `sudo`, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sudo_user: Option<String>,
    /// Address that the operator's SSH session comes from, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<String>,
    /// Host name.
    pub host: String,
}

/// What is known before a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// The command, as in `webhooks retry`.
    pub command: String,
    /// Name of the context.
    pub context: String,
    /// The database, without credentials.
    pub target: String,
    /// The arguments as typed, without what looks like a secret ([`redact`]).
    pub arguments: Vec<String>,
    /// The folder that it ran in, which relative paths among the arguments are of.
    #[serde(default)]
    pub cwd: String,
    /// Why: `--reason`, or `cron` where nobody typed it.
    pub reason: String,
    /// Who.
    pub actor: Actor,
    /// opsctl's version.
    pub version: String,
}

/// What is known after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Exit code.
    pub exit: u8,
    /// Counts, as in the command's summary.
    pub counts: Value,
    /// What failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// Milliseconds.
    pub took_ms: u64,
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Shape of this record.
    pub v: u32,
    /// Id of the record: a ULID, so that a record that is copied elsewhere is known again.
    pub id: String,
    /// Id of the run: a ULID, the same on all of its records.
    pub run: String,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// The kinds of record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "lowercase")]
pub enum What {
    /// A change is about to happen.
    Begin(Begin),
    /// The run took a lock under an owner token.
    Lock {
        /// Its name.
        name: String,
        /// The token, by which another run finds who holds the lock.
        owner: String,
    },
    /// The change is over.
    End(End),
}

/// One run: what its records, or its row, say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id: a ULID.
    pub id: String,
    /// When it began, in whole milliseconds.
    pub begun_at: DateTime<Utc>,
    /// What was known then.
    pub begin: Begin,
    /// How it ended; `None` while it is at work, and for ever when it was killed.
    pub ended: Option<Ended>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When, in whole milliseconds.
    pub at: DateTime<Utc>,
    /// What is known since.
    pub end: End,
}

impl Run {
    /// A run that begins. Whatever its record says, no secret goes on from here.
    pub fn begun(id: &str, at: DateTime<Utc>, mut begin: Begin) -> Self {
        begin.arguments = redact::all(&begin.arguments);
        begin.cwd = redact(&begin.cwd);
        begin.reason = redact(&begin.reason);
        Self { id: id.to_owned(), begun_at: in_millis(at), begin, ended: None }
    }

    /// Its place among all runs, the newest of which is the greatest.
    pub fn place(&self) -> (DateTime<Utc>, &str) {
        (self.begun_at, &self.id)
    }
}

impl Ended {
    /// An end.
    pub fn new(at: DateTime<Utc>, end: End) -> Self {
        Self { at: in_millis(at), end }
    }
}

/// Cut to what every engine's column holds, so that file and table know a run by the same time.
fn in_millis(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(at)
}
