//! The journal's file: append-only JSONL in the state folder.
//!
//! Each line is one [`Record`], written and flushed to disk before the change goes on, under a file lock, so that
//! lines of runs at the same time never mix.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{Ended, Past, Record, Run, What};
use crate::{Error, Result, clock::Clock, private};

/// Version of the record's shape.
const VERSION: u32 = 1;
/// Name of the file.
pub(super) const NAME: &str = "journal.jsonl";
/// How many of the newest records are looked through for the holder of a lock.
const LOCK_RECORDS: usize = 10_000;

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
        let path = folder.join(NAME);
        let fail = |error: std::io::Error| {
            Error::config(format!("the journal {} cannot be written", path.display()))
                .because(error)
                .hint("name a writable folder: OPSCTL_STATE_DIR")
        };
        private::folder(folder).map_err(fail)?;
        append(&path).map_err(fail)?;
        Ok(Self { path, clock })
    }

    /// The journal that a folder has already, to look things up in: nothing is made.
    pub fn existing(folder: &Path, clock: Clock) -> Option<Self> {
        let path = folder.join(NAME);
        path.is_file().then_some(Self { path, clock })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records that a run is about to change something.
    ///
    /// # Errors
    /// The file cannot be written; the change must not happen then if it is destructive.
    pub fn begin(&self, run: &Run) -> Result<Entry> {
        self.write(&run.id, run.begun_at, What::Begin(run.begin.clone()))?;
        Ok(Entry { journal: Some(self.clone()), run: run.id.clone() })
    }

    fn write(&self, run: &str, at: DateTime<Utc>, what: What) -> Result<()> {
        let id = ulid::Ulid::generate().to_string();
        let record = Record { v: VERSION, id, run: run.to_owned(), at, what };
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

    /// The run that took a lock under this owner token, if one of the newest did, and how it ended.
    pub fn lock_holder(&self, owner: &str) -> Option<Run> {
        let (mut holder, mut ends) = (None, HashMap::new());
        for record in Past::records(&self.path).ok()?.take(LOCK_RECORDS) {
            match record.what {
                What::End(end) if holder.is_none() => {
                    ends.insert(record.run, Ended::new(record.at, end));
                }
                What::Lock { owner: known, .. } if known == owner => holder = Some(record.run),
                What::Begin(begin) if holder.as_ref() == Some(&record.run) => {
                    let ended = ends.remove(&record.run);
                    return Some(Run { ended, ..Run::begun(&record.run, record.at, begin) });
                }
                _ => {}
            }
        }
        None
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
        let Some(journal) = &self.journal else { return Ok(()) };
        let lock = What::Lock { name: name.to_owned(), owner: owner.to_owned() };
        journal.write(&self.run, journal.clock.now(), lock)
    }

    /// Records the end.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn end(&self, ended: &Ended) -> Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        journal.write(&self.run, ended.at, What::End(ended.end.clone()))
    }

    /// The run that took a lock under this owner token, if the journal knows it.
    pub fn lock_holder(&self, owner: &str) -> Option<Run> {
        self.journal.as_ref()?.lock_holder(owner)
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
