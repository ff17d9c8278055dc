//! Where an application says that it is down for maintenance (`Illuminate\Foundation\MaintenanceModeManager`).

use std::path::PathBuf;

use super::{Context, System};
use crate::Result;

/// The value of the cache that says so.
pub const VALUE: &str = "illuminate:foundation:down";

/// Where the sign is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownSign {
    /// A file that is there while the application is down.
    File(PathBuf),
    /// A value of the default cache store.
    Value(&'static str),
    /// In a store that opsctl does not open, by its name.
    Elsewhere(String),
}

impl Context {
    /// Where the application says that it is down; `None` where no application is at hand.
    ///
    /// # Errors
    /// No cache store is configured, and the sign is a value of one.
    pub fn down_sign(&self, command: System) -> Result<Option<DownSign>> {
        let Some(app) = &self.app else { return Ok(None) };
        let set = |path: &str, name: &str| app.value(path, &[name]).and_then(|found| found.value);
        let driver = set("app.maintenance.driver", "APP_MAINTENANCE_DRIVER");
        if driver.as_deref() != Some("cache") {
            return Ok(Some(DownSign::File(app.dir.join("storage/framework/down"))));
        }
        // The skeleton's `config/app.php` names `database` where nothing else is said.
        let store = set("app.maintenance.store", "APP_MAINTENANCE_STORE");
        let store = if app.is_cached() { store } else { Some(store.unwrap_or_else(|| "database".into())) };
        let default = self.cache_store(command)?.value;
        Ok(Some(match store.filter(|store| !store.is_empty() && *store != default) {
            Some(other) => DownSign::Elsewhere(other),
            None => DownSign::Value(VALUE),
        }))
    }
}
