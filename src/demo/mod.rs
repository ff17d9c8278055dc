//! The demo's folder: marked, so that nothing but a demo's own folder is ever made anew or removed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{Error, Kind, Result};

/// The file that marks a folder as a demo's.
const MARK: &str = ".opsctl-demo";

/// A folder that a demo made.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, or makes a demo's folder anew.
    ///
    /// # Errors
    /// [`Kind::Refused`] for a folder that holds anything else.
    pub fn create(path: &Path) -> Result<Self> {
        let fail = |error| Error::config(format!("{} cannot be made", path.display())).because(error);
        match fs::read_dir(path).map(|mut entries| entries.next().is_none()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
            Ok(true) => {}
            Ok(false) => Self::open(path)?.remove()?,
        }
        fs::create_dir_all(path).map_err(fail)?;
        fs::write(path.join(MARK), "").map_err(fail)?;
        Ok(Self(path.to_owned()))
    }

    /// A folder that an earlier demo made.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without a folder, [`Kind::Refused`] for a folder that no demo made.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::new(Kind::NotFound, format!("there is no demo in {}", path.display())));
        }
        if !path.join(MARK).is_file() {
            return Err(Error::refused(format!("{} was not made by a demo", path.display()))
                .because(format!("it does not hold the file {MARK}"))
                .hint("name another folder: `opsctl demo --dir DIR`"));
        }
        Ok(Self(path.to_owned()))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Deletes it.
    ///
    /// # Errors
    /// A file that cannot be deleted.
    pub fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.0)
            .map_err(|error| Error::failed(format!("{} cannot be removed", self.0.display())).because(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_demos_own_folder_is_touched() {
        let place = tempfile::tempdir().unwrap();
        let mine = place.path().join("mine");
        fs::create_dir(&mine).unwrap();
        fs::write(mine.join("precious"), "x").unwrap();
        assert_eq!(Folder::create(&mine).unwrap_err().kind(), Kind::Refused);
        assert!(mine.join("precious").exists());
        let demo = place.path().join("demo");
        fs::write(Folder::create(&demo).unwrap().path().join("old"), "x").unwrap();
        let again = Folder::create(&demo).unwrap();
        assert!(!again.path().join("old").exists());
        again.remove().unwrap();
        assert_eq!(Folder::open(&demo).unwrap_err().kind(), Kind::NotFound);
    }
}
