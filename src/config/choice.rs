//! The context chosen with `opsctl context use`: the weakest source, kept in the user's own folder of configuration.
//!
//! It names a section and the file that it stands in, so that a file of another folder with a section of the same name
//! is never taken for it. It counts whole or not at all: where anything else names a place, it is not in force.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    Environment,
    application::read,
    file::{self, FileContext},
    private,
};
use crate::{Error, Result};

/// A chosen context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The name of its `[contexts.NAME]` section.
    pub context: String,
    /// The file that the section stands in.
    pub file: PathBuf,
}

impl Choice {
    /// Where the choice is kept; `None` without a home.
    pub fn place(environment: &Environment) -> Option<PathBuf> {
        Some(environment.config_dir()?.join("chosen.toml"))
    }

    /// The choice, if one was made.
    ///
    /// # Errors
    /// A file that cannot be read or understood.
    pub fn read(environment: &Environment) -> Result<Option<Self>> {
        let Some(path) = Self::place(environment) else { return Ok(None) };
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes);
        toml::from_str(&text).map(Some).map_err(|error| {
            Error::config(format!("{} cannot be understood", path.display()))
                .because(error.message())
                .hint("drop the choice: `opsctl context use --unset`")
        })
    }

    /// Keeps it, in place of any other. Gives where.
    ///
    /// # Errors
    /// No home, or a folder that cannot be written.
    pub fn keep(&self, environment: &Environment) -> Result<PathBuf> {
        let path = Self::place(environment).ok_or_else(homeless)?;
        let fail = |error: String| cannot_write(&path).because(error);
        let text = toml::to_string(self).map_err(|error| fail(error.to_string()))?;
        let text = format!("# Written by `opsctl context use`.\n{text}");
        private::write(&path, &text).map_err(|error| fail(error.to_string()))?;
        Ok(path)
    }

    /// Drops it; says whether there was one.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn drop(environment: &Environment) -> Result<bool> {
        let Some(path) = Self::place(environment) else { return Ok(false) };
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(false)
            }
            Err(error) => Err(cannot_write(&path).because(error)),
        }
    }

    /// The options that name the same context outright.
    pub fn options(&self, environment: &Environment) -> String {
        let own = environment.user_file().is_some_and(|file| file == self.file);
        let file = if own { String::new() } else { format!("--config {} ", self.file.display()) };
        format!("{file}--context {}", self.context)
    }

    /// The section that it means.
    ///
    /// # Errors
    /// A file or section that is gone since, or that cannot be understood.
    pub fn section(&self) -> Result<FileContext> {
        let gone = |cause: String| {
            Error::config(format!(
                "the context `{}`, chosen with `opsctl context use`, is gone",
                self.context
            ))
            .because(cause)
            .hint("contexts in reach: `opsctl context list`; choose another: `opsctl context use NAME`")
            .hint("drop the choice: `opsctl context use --unset`")
        };
        match file::offer(&self.file)? {
            None => return Err(gone(format!("{} does not exist", self.file.display()))),
            Some(offer) if !offer.names.contains(&self.context) => {
                return Err(gone(format!("{} has no such section", self.file.display())));
            }
            Some(_) => {}
        }
        let found = file::load(std::slice::from_ref(&self.file), Some(&self.context))?;
        let found = found.ok_or_else(|| gone(format!("{} does not exist", self.file.display())))?;
        // Variables named OPSCTL_… are stronger than a choice that was made at another time, perhaps for another host.
        Ok(FileContext { chosen: false, ..found })
    }
}

fn homeless() -> Error {
    Error::config("there is no folder to keep the choice in").hint("set HOME or XDG_CONFIG_HOME")
}

fn cannot_write(path: &Path) -> Error {
    Error::config(format!("{} cannot be written", path.display()))
}
