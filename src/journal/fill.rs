//! Rows that could not be written in their time, because the database was away or had no table yet: copied from the
//! file by the next run that reaches the database.
//!
//! How far the file was copied is kept in the state folder, one small file per context and database, which is also the
//! lock that keeps two runs of this host from doing it at once. It only saves work: a copy that is made twice changes
//! nothing, and where the table does not know the run that was copied last, as after `db fresh` or a restored backup,
//! copying begins anew.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Ended, JournalTable, Record, Run, What};
use crate::{Error, Result, private};

/// Rounds of one call, at most. What a round has copied stays, though the next one should fail.
const ROUNDS: usize = 3;
/// Runs that one round copies, at most.
const RUNS: usize = 100;
/// Bytes of the file that one round reads, at most: a few thousand records, most of which may be of other databases.
const BYTES: u64 = 2 * 1024 * 1024;

/// How far the file was copied into one database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    context: String,
    target: String,
    /// Bytes of the file.
    offset: u64,
    /// The run that was copied last.
    run: Option<String>,
}

/// What is not copied yet, as far as it was read.
#[derive(Debug, Default)]
struct Batch {
    /// Runs of this database, oldest first.
    runs: Vec<Run>,
    /// Ends of runs whose beginning is further up in the file, perhaps of other databases.
    ends: Vec<(String, Ended)>,
    /// Runs of other databases.
    others: HashSet<String>,
    offset: u64,
}

/// Copies runs of this context and database that the file holds and the table may not; `written` is there already.
/// Gives their number; does nothing while another run is at it.
///
/// # Errors
/// The database's, or a state folder that cannot be read or written.
pub async fn fill(folder: &Path, table: &JournalTable<'_>, written: &Run) -> Result<usize> {
    let (context, target) = (&written.begin.context, &written.begin.target);
    let fail = |error: io::Error| {
        Error::failed(format!("the journal in {} cannot be copied", folder.display())).because(error)
    };
    let Some(mut state) = lock(folder, context, target).map_err(fail)? else { return Ok(0) };
    let mut progress = read_progress(&mut state).map_err(fail)?;
    if (&progress.context, &progress.target) != (context, target) {
        progress = Progress { context: context.clone(), target: target.clone(), ..Progress::default() };
    }
    if let Some(run) = &progress.run
        && !table.knows(run).await?
    {
        (progress.offset, progress.run) = (0, None);
    }
    let mut copied = 0;
    for _ in 0..ROUNDS {
        let batch = read(&folder.join(super::file::NAME), &progress).map_err(fail)?;
        if batch.offset == progress.offset {
            break;
        }
        copied += batch.copy(table, &written.id).await?;
        progress.offset = batch.offset;
        progress.run = batch.runs.last().map(|run| run.id.clone()).or(progress.run);
        write_progress(&mut state, &progress).map_err(fail)?;
    }
    Ok(copied)
}

/// The file that remembers how far copying came, locked; `None` while another run has it.
fn lock(folder: &Path, context: &str, target: &str) -> io::Result<Option<File>> {
    let folder = folder.join("copied");
    private::folder(&folder)?;
    let digest = Sha256::digest(format!("{context}\n{target}"));
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(folder.join(format!("{name}.json")))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What was remembered; a file that a crash tore is as good as none.
fn read_progress(file: &mut File) -> io::Result<Progress> {
    let mut text = String::new();
    match file.take(64 * 1024).read_to_string(&mut text) {
        Err(error) if error.kind() != io::ErrorKind::InvalidData => Err(error),
        _ => Ok(serde_json::from_str(&text).unwrap_or_default()),
    }
}

fn write_progress(file: &mut File, progress: &Progress) -> io::Result<()> {
    let text = serde_json::to_vec(progress)?;
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&text)
}

/// Reads on from where copying stopped. A last line without an end is still being written.
fn read(path: &Path, progress: &Progress) -> io::Result<Batch> {
    let mut file = File::open(path)?;
    // A file that is shorter than what was copied is another one.
    let from = if progress.offset <= file.metadata()?.len() { progress.offset } else { 0 };
    file.seek(SeekFrom::Start(from))?;
    let mut lines = BufReader::new(file.take(BYTES));
    let mut batch = Batch { offset: from, ..Batch::default() };
    let mut line = Vec::new();
    while batch.runs.len() + batch.ends.len() < RUNS {
        line.clear();
        let length = lines.read_until(b'\n', &mut line)?;
        let is_whole = line.last() == Some(&b'\n');
        // A line that fills all that is read at once is none of opsctl's.
        if !is_whole && (length as u64) < BYTES {
            break;
        }
        batch.offset += length as u64;
        if let Ok(record) = serde_json::from_slice::<Record>(&line) {
            batch.take(record, progress);
        }
    }
    Ok(batch)
}

impl Batch {
    /// Writes all but the run that is written already; gives the number of runs.
    async fn copy(&self, table: &JournalTable<'_>, written: &str) -> Result<usize> {
        let missing: Vec<&Run> = self.runs.iter().filter(|run| run.id != written).collect();
        table.write_each(&missing).await?;
        for (run, ended) in self.ends.iter().filter(|(run, _)| run != written) {
            table.end(run, ended).await?;
        }
        Ok(missing.len())
    }

    fn take(&mut self, record: Record, progress: &Progress) {
        let Ok(_) = ulid::Ulid::from_string(&record.run) else { return };
        match record.what {
            What::Begin(begin) if begin.context == progress.context && begin.target == progress.target => {
                self.runs.push(Run::begun(&record.run, record.at, begin));
            }
            What::End(end) => {
                let ended = Ended::new(record.at, end);
                match self.runs.iter_mut().rev().find(|run| run.id == record.run) {
                    Some(run) => run.ended = Some(ended),
                    None if self.others.contains(&record.run) => {}
                    None => self.ends.push((record.run, ended)),
                }
            }
            What::Begin(_) => {
                self.others.insert(record.run);
            }
            What::Lock { .. } => {}
        }
    }
}
