//! From flags, files and variables to one resolved [`Context`], each value with where it came from.
//!
//! Strongest first: `--context` / `OPSCTL_CONTEXT`, `OPSCTL_*`, an `opsctl.toml`, the application's cached
//! configuration, the process environment, the application's `.env`, the context chosen with `opsctl context use`. A
//! connection is taken whole from the strongest source that names it.

pub mod application;
pub mod cached;
pub mod choice;
pub mod clusters;
mod connection;
pub mod context;
pub mod database;
pub mod describe;
pub mod dotenv;
pub mod draft;
pub mod encryption;
pub mod file;
mod framework;
pub mod list;
pub mod maintenance;
pub mod origin;
pub mod private;
pub mod protection;
pub mod queues;
pub mod redis;
pub mod reference;
pub mod schedule;
pub mod settings;
pub mod stores;
pub mod system;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub use self::{
    application::Application,
    context::{Chooser, Context, resolve},
    database::{Database, Engine},
    origin::{Origin, Sourced},
    system::System,
};

/// The process environment, read once by the binary; values that are not UTF-8 are left out.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// From name and value pairs.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// The value of a variable that is set; an empty value counts as set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a variable that is set and not empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The same without some variables.
    #[must_use]
    pub fn without(&self, drop: impl Fn(&str) -> bool) -> Self {
        let kept = self.0.iter().filter(|(name, _)| !drop(name));
        Self(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// All names that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A folder of the XDG base directory specification: `variable`, or `fallback` below the home folder.
    fn base_dir(&self, variable: &str, fallback: &str) -> Option<PathBuf> {
        // The specification wants relative paths ignored.
        let named = self.filled(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        named.or_else(|| self.filled("HOME").map(|home| Path::new(home).join(fallback)))
    }

    /// Where opsctl keeps its journal: `OPSCTL_STATE_DIR`, or the user's state folder; `None` without a home.
    pub fn state_dir(&self) -> Option<PathBuf> {
        let own = self.filled("OPSCTL_STATE_DIR").map(PathBuf::from);
        own.or_else(|| self.base_dir("XDG_STATE_HOME", ".local/state").map(|dir| dir.join("opsctl")))
    }

    /// The user's own folder of configuration.
    pub fn config_dir(&self) -> Option<PathBuf> {
        self.base_dir("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("opsctl"))
    }

    /// The user's own `opsctl.toml`.
    pub fn user_file(&self) -> Option<PathBuf> {
        self.config_dir().map(|dir| dir.join("opsctl.toml"))
    }

    /// The user's folder for what can be made anew: names for completion.
    pub fn cache_dir(&self) -> Option<PathBuf> {
        self.base_dir("XDG_CACHE_HOME", ".cache").map(|dir| dir.join("opsctl"))
    }
}
