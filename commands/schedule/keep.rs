//! What the commands of the schedule print, kept in the state folder: a file for each run, so many of an entry, each of
//! so many bytes at most.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use opsctl::{private, schedule::Entry};

/// The output of one run.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    file: File,
    left: u64,
    dropped: u64,
}

impl Output {
    /// A file for a run; the oldest ones of the entry go.
    pub fn create(state: &Path, entry: &Entry, due_at: DateTime<Utc>, run: &str) -> io::Result<Self> {
        let folder = folder(state, &entry.name);
        private::folder(&folder)?;
        let path = folder.join(format!("{}-{run}.log", due_at.format("%Y%m%dT%H%MZ")));
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        for old in newest(state, &entry.name)?.into_iter().skip(entry.keep.runs.max(1)) {
            fs::remove_file(old)?;
        }
        Ok(Self { path, file, left: entry.keep.bytes, dropped: 0 })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps what fits.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fits = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        self.left -= fits as u64;
        self.dropped += (bytes.len() - fits) as u64;
        self.file.write_all(&bytes[..fits])
    }

    /// Says how much did not fit.
    pub fn finish(&mut self) -> io::Result<()> {
        match self.dropped {
            0 => Ok(()),
            dropped => writeln!(self.file, "\n[{dropped} bytes more were not kept]"),
        }
    }
}

/// Where the outputs of an entry lie.
pub fn folder(state: &Path, entry: &str) -> PathBuf {
    state.join("schedule").join(entry)
}

/// The outputs of an entry, newest first: their names begin with their minutes.
pub fn newest(state: &Path, entry: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    match fs::read_dir(folder(state, entry)) {
        Ok(found) => {
            for file in found {
                paths.push(file?.path());
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    paths.sort_unstable_by(|a, b| b.cmp(a));
    Ok(paths)
}
