//! `[schedule]`: entries as they are written, and where the application's scheduler has its mutexes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Context, System, stores::LockStore};
use crate::Result;

/// `[schedule]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSection {
    /// Names of the default set's entries that are on.
    #[serde(default)]
    pub baseline: Vec<String>,
    /// Zone of the entries that name none.
    pub timezone: Option<String>,
    /// Entries by name; one with a name of the default set changes that one.
    #[serde(default)]
    pub entries: BTreeMap<String, EntrySection>,
}

/// `[schedule.entries.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntrySection {
    /// Whether it runs at all.
    pub enabled: Option<bool>,
    /// Five fields of cron, or a word such as `@daily`.
    pub cron: Option<String>,
    /// Zone in which the fields are read.
    pub timezone: Option<String>,
    /// opsctl's words, without `opsctl` before them.
    pub command: Option<Words>,
    /// The application's own line behind `php artisan`, whose mutex is shared.
    pub artisan: Option<String>,
    /// Minutes that the mutex lives without renewal.
    pub overlap_minutes: Option<u32>,
    /// Whether it runs on one host alone.
    pub one_server: Option<bool>,
    /// Environments that it runs in; none is all of them.
    pub environments: Option<Vec<String>>,
    /// Whether it runs while the application is down for maintenance.
    pub in_maintenance: Option<bool>,
    /// Whether it runs while the schedule is paused.
    pub when_paused: Option<bool>,
    /// Seconds after which its command is ended.
    pub timeout_seconds: Option<u64>,
    /// Outputs that are kept of it, on each host.
    pub keep_runs: Option<usize>,
    /// Bytes that are kept of each.
    pub keep_bytes: Option<u64>,
}

/// A command, in one line or word by word.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// Words between blanks.
    Line(String),
    /// Words that may hold blanks.
    List(Vec<String>),
}

impl Context {
    /// `[schedule]` of the file in force; empty where it is not written.
    pub fn schedule(&self) -> ScheduleSection {
        let section = self.file.as_ref().and_then(|file| file.section.schedule.clone());
        section.unwrap_or_default()
    }

    /// The key of `[schedule]` as error texts name it, with the file.
    pub fn schedule_key(&self, key: &str) -> String {
        match &self.file {
            Some(file) => format!("{} in {}", file.key(&format!("schedule.{key}")), file.path.display()),
            None => format!("schedule.{key}"),
        }
    }

    /// The store of the scheduler's mutexes: a store of its own where the application names one
    /// (`cache.schedule_store`), else the default one.
    ///
    /// # Errors
    /// As [`Context::lock_store`].
    pub fn schedule_locks(&self, command: System) -> Result<LockStore> {
        let names = ["SCHEDULE_CACHE_DRIVER", "SCHEDULE_CACHE_STORE"];
        let named = self.app.as_ref().and_then(|app| app.value("cache.schedule_store", &names)?.value);
        self.lock_store(named.as_deref().unwrap_or_default(), command)
    }
}
