//! Who changed what: one record before and one after every change, in an append-only JSONL file.
//!
//! Each line is one [`Record`], written and flushed to disk before the change goes on, under a file lock, so that
//! lines of runs at the same time never mix.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Result, clock::Clock, private};

/// Version of the record's shape.
const VERSION: u32 = 1;
/// How much of the file's end is read to find a run: the newest few thousand records.
const TAIL_BYTES: u64 = 2 * 1024 * 1024;

/// Who runs opsctl.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Login name.
    pub user: String,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// The command, as in `webhooks retry`.
    pub command: String,
    /// Name of the context.
    pub context: String,
    /// The database, without credentials.
    pub target: String,
    /// The arguments as typed; no flag of opsctl takes a secret.
    pub arguments: Vec<String>,
    /// Why: `--reason`, or `cron` where nobody typed it.
    pub reason: String,
    /// Who.
    pub actor: Actor,
    /// opsctl's version.
    pub version: String,
}

/// What is known after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// The journal of one state folder.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
    clock: Clock,
}

/// One run's entry: begun, to be ended.
#[derive(Debug, Clone)]
pub struct Entry {
    journal: Option<Journal>,
    run: String,
}

impl Journal {
    /// The journal in a folder, which is made when it is missing, readable by its owner alone.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self> {
        let path = folder.join("journal.jsonl");
        let fail = |error: std::io::Error| {
            Error::config(format!("the journal {} cannot be written", path.display()))
                .because(error)
                .hint("name a writable folder: OPSCTL_STATE_DIR")
        };
        private::folder(folder).map_err(fail)?;
        append(&path).map_err(fail)?;
        Ok(Self { path, clock })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records that a change is about to happen.
    ///
    /// # Errors
    /// The file cannot be written; the change must not happen then if it is destructive.
    pub fn begin(&self, run: &str, begin: Begin) -> Result<Entry> {
        self.write(run, What::Begin(begin))?;
        Ok(Entry { journal: Some(self.clone()), run: run.to_owned() })
    }

    fn write(&self, run: &str, what: What) -> Result<()> {
        let id = ulid::Ulid::generate().to_string();
        let record = Record { v: VERSION, id, run: run.to_owned(), at: self.clock.now(), what };
        let fail = |error: String| {
            Error::failed(format!("the journal {} cannot be written", self.path.display())).because(error)
        };
        let mut line = serde_json::to_vec(&record).map_err(|error| fail(error.to_string()))?;
        line.push(b'\n');
        let write = || {
            let mut file = append(&self.path)?;
            file.lock()?;
            end_torn_line(&mut file)?;
            file.write_all(&line)?;
            file.sync_data()
        };
        write().map_err(|error: std::io::Error| fail(error.to_string()))
    }

    /// The run that took a lock under this owner token, if this journal knows it.
    pub fn lock_holder(&self, owner: &str) -> Option<(Record, Begin)> {
        let records = self.tail().ok()?;
        let held =
            |record: &&Record| matches!(&record.what, What::Lock { owner: known, .. } if known == owner);
        let run = records.iter().rev().find(held)?.run.clone();
        records.into_iter().find_map(|record| match &record.what {
            What::Begin(begin) if record.run == run => Some((record.clone(), begin.clone())),
            _ => None,
        })
    }

    /// The newest records. Lines of another shape are passed over.
    fn tail(&self) -> std::io::Result<Vec<Record>> {
        let mut file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        let from = length.saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(from))?;
        let lines = BufReader::new(file).lines().skip(usize::from(from > 0));
        Ok(lines
            .filter_map(std::result::Result::ok)
            .filter_map(|line| serde_json::from_str(&line).ok())
            .collect())
    }
}

impl Entry {
    /// An entry of a run that has no journal to write to.
    pub fn unrecorded(run: &str) -> Self {
        Self { journal: None, run: run.to_owned() }
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Records a lock that the run took.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn lock(&self, name: &str, owner: &str) -> Result<()> {
        self.write(What::Lock { name: name.to_owned(), owner: owner.to_owned() })
    }

    /// Records the end.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn end(&self, end: End) -> Result<()> {
        self.write(What::End(end))
    }

    /// The run that took a lock under this owner token, if the journal knows it.
    pub fn lock_holder(&self, owner: &str) -> Option<(Record, Begin)> {
        self.journal.as_ref()?.lock_holder(owner)
    }

    fn write(&self, what: What) -> Result<()> {
        self.journal.as_ref().map_or(Ok(()), |journal| journal.write(&self.run, what))
    }
}

/// A full disk or a crash may have torn the last line off: it must not take the next one with it.
fn end_torn_line(file: &mut File) -> std::io::Result<()> {
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

fn append(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
