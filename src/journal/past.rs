//! The file read from its end, line by line: what is asked for is mostly recent, and the file may be large. A block, a
//! line and the runs of the last moments are in memory, never the file.

use std::{
    collections::{BinaryHeap, HashMap},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ended, Record, Run, What};

/// Bytes that are read at once.
const BLOCK: u64 = 64 * 1024;
/// A longer line is none that opsctl wrote, and is passed over.
const LONGEST_LINE: usize = 1024 * 1024;
/// Runs are in the order in which they wrote their lines; their times may differ from it by so much.
const DISORDER: TimeDelta = TimeDelta::minutes(1);
/// Runs that are held back to put them in the order of their times.
const HELD: usize = 1000;
/// Ends whose beginning was not met yet: runs at the same time, and those whose beginning is in no file any more.
const OPEN: usize = 10_000;

/// Lines from the last to the first.
#[derive(Debug)]
struct Backwards {
    file: File,
    /// Bytes of the file before `rest`.
    before: u64,
    /// What was read and not given yet: it ends where a line ends.
    rest: Vec<u8>,
    /// Bytes at the end of `rest` that are known to hold no line's end.
    searched: usize,
    /// The line in hand is too long, and its end was dropped.
    too_long: bool,
}

impl Backwards {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let before = file.metadata()?.len();
        Ok(Self { file, before, rest: Vec::new(), searched: 0, too_long: false })
    }

    /// Puts the block before `rest` in front of it.
    fn read_block(&mut self) -> io::Result<()> {
        let length = self.before.min(BLOCK);
        self.before -= length;
        self.file.seek(SeekFrom::Start(self.before))?;
        let mut block = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + self.rest.len());
        (&self.file).take(length).read_to_end(&mut block)?;
        if self.rest.len() > LONGEST_LINE {
            self.rest.clear();
            self.too_long = true;
        }
        self.searched = self.rest.len();
        block.append(&mut self.rest);
        self.rest = block;
        Ok(())
    }
}

impl Iterator for Backwards {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let unknown = self.rest.len() - self.searched;
            if let Some(at) = self.rest[..unknown].iter().rposition(|byte| *byte == b'\n') {
                let line = self.rest.split_off(at + 1);
                self.rest.pop();
                self.searched = 0;
                if !std::mem::take(&mut self.too_long) {
                    return Some(line);
                }
            } else if self.before == 0 {
                let line = std::mem::take(&mut self.rest);
                self.searched = 0;
                return (!line.is_empty() && !self.too_long).then_some(line);
            } else if self.read_block().is_err() {
                return None; // a file that is cut while it is read has no more to say
            }
        }
    }
}

/// The runs of the file, newest first, each with its end if that is there.
#[derive(Debug)]
pub struct Past {
    lines: Backwards,
    ends: HashMap<String, Ended>,
    held: BinaryHeap<ByPlace>,
    /// When the record that was read last was written.
    reached: DateTime<Utc>,
    over: bool,
}

/// A run among others: the newest is the greatest.
#[derive(Debug, PartialEq, Eq)]
struct ByPlace(Run);

impl Ord for ByPlace {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.place().cmp(&other.0.place())
    }
}

impl PartialOrd for ByPlace {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Past {
    /// The runs of the journal in a folder.
    ///
    /// # Errors
    /// There is no journal, or it cannot be read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let lines = Backwards::open(&folder.join(super::file::NAME))?;
        let (ends, held) = (HashMap::new(), BinaryHeap::new());
        Ok(Self { lines, ends, held, reached: DateTime::<Utc>::MAX_UTC, over: false })
    }

    /// The records of a file, newest first. Lines of another shape are passed over.
    pub(super) fn records(path: &Path) -> io::Result<impl Iterator<Item = Record>> {
        Ok(Backwards::open(path)?.filter_map(|line| serde_json::from_slice(&line).ok()))
    }

    /// Whether the newest run that is held back is in its place: nothing newer can come.
    fn is_settled(&self) -> bool {
        let newest = self.held.peek().map(|ByPlace(run)| run.begun_at);
        let behind = newest.is_some_and(|at| self.reached < at.checked_sub_signed(DISORDER).unwrap_or(at));
        self.over || behind || self.held.len() > HELD
    }

    fn take_record(&mut self, record: Record) {
        self.reached = record.at;
        match record.what {
            What::Begin(begin) => {
                let ended = self.ends.remove(&record.run);
                self.held.push(ByPlace(Run { ended, ..Run::begun(&record.run, record.at, begin) }));
            }
            What::End(end) => {
                if self.ends.len() >= OPEN {
                    self.ends.clear();
                }
                self.ends.insert(record.run, Ended::new(record.at, end));
            }
            What::Lock { .. } => {}
        }
    }
}

impl Iterator for Past {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        while !self.is_settled() {
            match self.lines.next() {
                Some(line) => {
                    if let Ok(record) = serde_json::from_slice(&line) {
                        self.take_record(record);
                    }
                }
                None => self.over = true,
            }
        }
        self.held.pop().map(|ByPlace(run)| run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        std::fs::write(&path, text).unwrap();
        let lines = Backwards::open(&path).unwrap().filter(|line| !line.is_empty());
        lines.map(|line| String::from_utf8(line).unwrap()).collect()
    }

    #[test]
    fn lines_come_from_the_last_to_the_first_whatever_their_length() {
        assert!(lines("").is_empty());
        assert_eq!(lines("a\nb\n"), ["b", "a"]);
        assert_eq!(lines("a\n\ntorn"), ["torn", "a"]);
        let long = "x".repeat(200_000);
        assert_eq!(lines(&format!("a\n{long}\nb\n")), ["b", &long, "a"]);
        let far_too_long = "y".repeat(3 * LONGEST_LINE);
        assert_eq!(lines(&format!("a\n{far_too_long}\nb\n")), ["b", "a"]);
        assert_eq!(lines(&format!("{far_too_long}\nb\n")), ["b"]);
    }

    #[test]
    fn the_same_lines_come_from_both_ends() {
        let text: String = (0..30_000).map(|at| format!("{at} {}\n", "z".repeat(at % 97))).collect();
        let mut backwards = lines(&text);
        backwards.reverse();
        assert!(backwards.iter().map(String::as_str).eq(text.lines()));
    }
}
