//! The cache store that holds a context's locks.

use super::{
    Context, Database, Origin, Sourced, System,
    application::scalar,
    connection,
    redis::{Role, Target},
};
use crate::{Error, Result, near};

/// Where Laravel's cache locks live.
#[derive(Debug, Clone)]
pub enum LockStore {
    /// Keys on a Redis server.
    Redis {
        /// The server and database of the lock connection.
        target: Box<Target>,
        /// Prefix of the store, after the client's.
        prefix: String,
    },
    /// Rows of a table.
    Database {
        /// The database, when it is not the central one.
        database: Option<Box<Database>>,
        /// The table, without the connection's prefix.
        table: String,
        /// Prefix of the store.
        prefix: String,
    },
}

fn unknown_store(name: &str, origin: &Origin) -> Error {
    let error = Error::config(format!("the cache store `{name}` of {origin} cannot be honoured"))
        .because("opsctl locks in Redis or in the table cache_locks");
    let typed = |near: &str| match origin {
        Origin::Variable(variable) => format!("{variable}={near}"),
        Origin::File(..) => format!("store = \"{near}\""),
        _ => format!("CACHE_STORE={near}"),
    };
    near::or(error, name, ["redis", "database"], typed, "stores that can: redis, database")
}

impl Context {
    /// The store for locks. `name` is a store that the command's own setting asks for; empty is the default store.
    ///
    /// # Errors
    /// No store configured (it is never guessed), or one that cannot lock across hosts.
    pub fn lock_store(&self, name: &str, command: System) -> Result<LockStore> {
        let store = match name {
            "" => self.cache_store(command)?,
            name => Sourced::new(name.to_owned(), Origin::Default),
        };
        match self.cache_driver(&store).as_str() {
            "redis" => Ok(LockStore::Redis {
                target: Box::new(self.store_redis(Role::Lock, &store.value, command)?),
                prefix: self.cache_prefix(&store.value, command)?,
            }),
            "database" => Ok(LockStore::Database {
                database: self.lock_database(&store.value)?,
                table: self.lock_table(&store.value),
                prefix: self.cache_prefix(&store.value, command)?,
            }),
            driver @ ("file" | "array" | "null" | "apc") => Err(Error::config(format!(
                "the cache store `{driver}` of {} cannot lock across hosts",
                store.origin
            ))
            .because("a run here and the application elsewhere would both believe that they hold the lock")
            .hint(
                "use the store `redis` or `database`: CACHE_STORE in the application, or OPSCTL_CACHE_STORE",
            )),
            driver => Err(unknown_store(driver, &store.origin)),
        }
    }

    /// The default cache store.
    ///
    /// # Errors
    /// None is configured: it is never guessed.
    pub fn cache_store(&self, command: System) -> Result<Sourced<String>> {
        let file = self.file.as_ref().and_then(|file| {
            let store = file.section.cache.as_ref()?.store.clone();
            Some((file.chosen, Sourced::new(store, Origin::File(file.path.clone(), file.key("cache.store")))))
        });
        if let Some((true, store)) = file {
            return Ok(store);
        }
        if self.chose_an_app() {
            return Ok(self.setting(&self.settings(command).cache_store));
        }
        if let Some(store) = self.environment.filled("OPSCTL_CACHE_STORE") {
            return Ok(Sourced::new(store.to_owned(), Origin::Variable("OPSCTL_CACHE_STORE".into())));
        }
        if let Some((_, store)) = file {
            return Ok(store);
        }
        if self.app.is_none() {
            return Err(Error::config("no cache store is configured")
                .because("a batch takes the service's run lock, which lives in the application's cache store")
                .hint("run in the application's folder (`--app DIR`), or write `[cache]` into an opsctl.toml")
                .hint("or set OPSCTL_CACHE_STORE to redis or database, and CACHE_PREFIX as the application does"));
        }
        Ok(self.setting(&self.settings(command).cache_store))
    }

    /// The default queue connection; `None` where nothing names one.
    pub fn queue_connection(&self, command: System) -> Option<Sourced<String>> {
        let written = self.file.as_ref().and_then(|file| {
            let name = file.section.queue.as_ref()?.connection.clone();
            Some(Sourced::new(name, Origin::File(file.path.clone(), file.key("queue.connection"))))
        });
        let chosen = self.file.as_ref().is_some_and(|file| file.chosen);
        let app = || self.app.as_ref().map(|_| self.setting(&self.settings(command).queue_connection));
        if self.chose_an_app() {
            return written.or_else(app);
        }
        let variable = self
            .environment
            .filled("OPSCTL_QUEUE")
            .map(|name| Sourced::new(name.to_owned(), Origin::Variable("OPSCTL_QUEUE".into())));
        let named = if chosen { written.or(variable) } else { variable.or(written) };
        named.or_else(app)
    }

    /// A store's driver: in the cached configuration a store may bear any name.
    pub(super) fn cache_driver(&self, store: &Sourced<String>) -> String {
        let path = format!("cache.stores.{}.driver", store.value);
        let driver = self.app.as_ref().and_then(|app| scalar(app.tree(&path)?.0));
        driver.unwrap_or_else(|| store.value.clone())
    }

    pub(super) fn cache_prefix(&self, store: &str, command: System) -> Result<String> {
        if let Some(section) = self.file.as_ref().and_then(|file| file.section.cache.as_ref()) {
            return Ok(section.prefix.clone());
        }
        let Some(app) = &self.app else { return Err(self.unknown_prefix("cache prefix", "CACHE_PREFIX")) };
        if app.is_cached() {
            let places = [format!("cache.stores.{store}.prefix"), "cache.prefix".to_owned()];
            return Ok(places.iter().find_map(|path| scalar(app.tree(path)?.0)).unwrap_or_default());
        }
        match app.value("", &["CACHE_PREFIX"]) {
            Some(found) => Ok(found.value.unwrap_or_default()), // `CACHE_PREFIX=` is the empty prefix
            None => Ok((self.settings(command).cache_prefix)(&self.app_slug()?, &self.env_slug())),
        }
    }

    /// The Redis of a store's values or locks. Locks have its lock connection, or its own when it names none
    /// (`Illuminate\Cache\CacheManager::createRedisDriver`).
    pub(super) fn store_redis(&self, role: Role, store: &str, command: System) -> Result<Target> {
        let settings = self.settings(command);
        let locks = role == Role::Lock;
        if self.app.as_ref().is_none_or(|app| !app.is_cached()) {
            let lock = Some(self.setting(&settings.lock_connection).value);
            let lock = lock.filter(|name| locks && !name.is_empty());
            let name = lock.unwrap_or_else(|| self.setting(&settings.cache_connection).value);
            return self.redis_named(role, &name, settings);
        }
        let of = |key: &str| {
            let found = self.app.as_ref()?.tree(&format!("cache.stores.{store}.{key}"))?.0;
            scalar(found).filter(|name| !name.is_empty())
        };
        let lock = if locks { of("lock_connection") } else { None };
        let name = lock.or_else(|| of("connection")).unwrap_or_else(|| "default".into());
        self.redis_named(role, &name, settings)
    }

    /// Laravel's order: the lock connection, the store's connection, the default connection.
    fn lock_database(&self, store: &str) -> Result<Option<Box<Database>>> {
        let named =
            ["lock_connection", "connection"].iter().zip(["DB_CACHE_LOCK_CONNECTION", "DB_CACHE_CONNECTION"]);
        let name = named
            .filter_map(|(key, variable)| {
                self.app.as_ref()?.value(&format!("cache.stores.{store}.{key}"), &[variable])?.value
            })
            .find(|name| !name.is_empty());
        match name {
            Some(name) if !connection::is_default(self, &name) => {
                Ok(Some(Box::new(self.named_database(&name)?)))
            }
            _ => Ok(None),
        }
    }

    fn lock_table(&self, store: &str) -> String {
        let path = format!("cache.stores.{store}.lock_table");
        let named = self.app.as_ref().and_then(|app| app.value(&path, &["DB_CACHE_LOCK_TABLE"])?.value);
        named.filter(|name| !name.is_empty()).unwrap_or_else(|| "cache_locks".into())
    }
}
