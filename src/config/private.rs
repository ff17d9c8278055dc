//! Files that only their owner reads, written whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// Reads a file, and replaces it by what `change` makes of its text (`None` where there is no file), while every other
/// process that does the same waits.
///
/// # Errors
/// Those of `change`, and a file that cannot be read or written; it is as it was then.
pub fn edit(path: &Path, change: impl FnOnce(Option<&str>) -> Result<String>) -> Result<()> {
    let fail = |error: io::Error| {
        Error::config(format!("{} cannot be written", path.display()))
            .because(error)
            .hint("nothing was changed")
    };
    // Of a symbolic link every process locks the file that it points to.
    let file = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let _alone = Alone::with(&file).map_err(fail)?;
    let text = change(text(path)?.as_deref())?;
    write(&file, &text).map_err(fail)
}

/// The text of a file; `None` where there is none.
///
/// # Errors
/// A file that cannot be read.
pub fn text(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::config(format!("{} cannot be read", path.display())).because(error)),
    }
}

/// A lock on a file that others replace, held on one beside it, which goes with it.
struct Alone {
    place: PathBuf,
    _lock: File,
}

impl Alone {
    fn with(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = path.with_file_name(format!(".{name}.lock"));
        loop {
            let lock = open_lock(&place)?;
            lock.lock()?;
            // Who held it before may have removed it: a lock on what nobody finds any more excludes nobody.
            if is_there(&lock, &place) {
                return Ok(Self { place, _lock: lock });
            }
        }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.place); // while it is held, so that it is never somebody else's
    }
}

#[cfg(unix)]
fn open_lock(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

#[cfg(unix)]
fn is_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let one = |known: io::Result<fs::Metadata>| known.ok().map(|known| (known.dev(), known.ino()));
    one(file.metadata()).is_some_and(|held| one(fs::metadata(path)) == Some(held))
}

// Where an open file cannot be removed, it is still the one.
#[cfg(not(unix))]
fn is_there(_: &File, _: &Path) -> bool {
    true
}

/// Writes a file: first beside it, flushed to disk, then renamed into its place. A new file is readable by its owner
/// alone (0600), as is a folder that had to be made (0700); a file that is there keeps its mode. Of a symbolic link the
/// file that it points to is written.
///
/// # Errors
/// The system's; the file is as it was then, and nothing else is left behind.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let beside = beside(&path);
    let written = write_beside(&beside, &path, text).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A name of this process's own, so that two at once never write into one file.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

fn write_beside(beside: &Path, path: &Path, text: &str) -> io::Result<()> {
    let _ = fs::remove_file(beside); // of a process of the same number that was killed
    let mut file = create(beside)?;
    if let Ok(known) = fs::metadata(path) {
        file.set_permissions(known.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).map_or(0, |known| known.permissions().mode() & 0o777)
    }

    #[test]
    fn a_new_file_is_its_owners_and_one_that_is_there_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/file");
        write(&path, "one").unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        write(&link, "two").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("two", 0o640));
        assert!(link.is_symlink());
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(write(&folder.path().join("taken"), "x").is_err());
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["taken"]);
    }
}
