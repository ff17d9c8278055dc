//! Queue connections (`config/queue.php`), where failed jobs are kept, and the store of cache values.

use std::time::Duration;

use super::{
    Context, Database, Origin, Sourced, System,
    application::scalar,
    connection,
    redis::{Role, Target},
};
use crate::{Error, Result, near};

/// Seconds after which a reserved job may be taken again, where nothing says otherwise (`config/queue.php`).
const RETRY_AFTER: u64 = 90;

/// A queue connection of the application: not a queue, of which it has any number.
#[derive(Debug, Clone)]
pub struct QueueConnection {
    /// Its name, as `failed_jobs.connection` has it.
    pub name: String,
    /// Where it was named.
    pub origin: Origin,
    /// The queue of jobs that name none.
    pub queue: String,
    /// After this time a reserved job may be taken again.
    pub retry_after: Duration,
    /// Where its jobs lie.
    pub driver: QueueDriver,
}

/// Where jobs lie.
#[derive(Debug, Clone)]
pub enum QueueDriver {
    /// Rows of a table.
    Database {
        /// The database, when it is not the central one.
        database: Option<Box<Database>>,
        /// The table, without the connection's prefix.
        table: String,
    },
    /// Lists and sorted sets on Redis.
    Redis(Box<Target>),
}

/// Where failed jobs are kept (`queue.failed`).
#[derive(Debug, Clone)]
pub struct FailedStore {
    /// Which column names a failed job: `database-uuids` is Laravel's default, `database` the older one.
    pub named_by_uuid: bool,
    /// The database, when it is not the central one.
    pub database: Option<Box<Database>>,
    /// The table, without the connection's prefix.
    pub table: String,
    /// The zone of its times: the application's.
    pub zone: chrono_tz::Tz,
}

/// Where the default cache store keeps values: the signs for workers among them.
#[derive(Debug, Clone)]
pub enum ValueStore {
    /// Keys on a Redis server.
    Redis {
        /// The server and database of the store's connection.
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

impl Context {
    /// A queue connection: the named one, or the default one.
    ///
    /// # Errors
    /// None is configured, or its driver is neither a table nor Redis.
    pub fn queue(&self, name: Option<&str>, command: System) -> Result<QueueConnection> {
        let default = self.queue_connection(command);
        let named = name.map(|name| Sourced::new(name.to_owned(), Origin::Default));
        let found = named.or(default).ok_or_else(nothing)?;
        let name = found.value.as_str();
        let driver = match self.queue_member(name, "driver", &[]).unwrap_or_else(|| name.to_owned()).as_str()
        {
            "database" => QueueDriver::Database {
                database: self.other_database(self.queue_member(
                    name,
                    "connection",
                    &["DB_QUEUE_CONNECTION"],
                ))?,
                table: self
                    .queue_member(name, "table", &["DB_QUEUE_TABLE"])
                    .unwrap_or_else(|| "jobs".to_owned()),
            },
            "redis" => QueueDriver::Redis(Box::new(self.queue_target(name, command)?)),
            driver => return Err(unknown_driver(driver, &found)),
        };
        let (queue, retry_after) = match driver {
            QueueDriver::Database { .. } => (&["DB_QUEUE"], &["DB_QUEUE_RETRY_AFTER"]),
            QueueDriver::Redis(_) => (&["REDIS_QUEUE"], &["REDIS_QUEUE_RETRY_AFTER"]),
        };
        let written = self.file.as_ref().and_then(|file| file.section.queue.as_ref());
        let seconds = self.queue_member(name, "retry_after", retry_after).and_then(|text| text.parse().ok());
        let seconds = written.and_then(|section| section.retry_after).or(seconds).unwrap_or(RETRY_AFTER);
        Ok(QueueConnection {
            queue: self.queue_member(name, "queue", queue).unwrap_or_else(|| "default".to_owned()),
            retry_after: Duration::from_secs(seconds),
            name: found.value.clone(),
            origin: found.origin.clone(),
            driver,
        })
    }

    /// Where Horizon keeps what it knows: its prefix takes the place of the client's.
    ///
    /// # Errors
    /// No Redis is configured.
    pub fn horizon(&self, command: System) -> Result<Target> {
        let set = |path: &str, names: &[&str]| self.app.as_ref()?.value(path, names)?.value;
        let connection = set("horizon.use", &[]).unwrap_or_else(|| "default".to_owned());
        let mut target = self.redis_named(Role::Default, &connection, self.settings(command))?;
        let slug = self.app_slug().map_or_else(|_| "laravel".to_owned(), |slug| slug.replace('-', "_"));
        target.prefix =
            set("horizon.prefix", &["HORIZON_PREFIX"]).unwrap_or_else(|| format!("{slug}_horizon:"));
        Ok(target)
    }

    /// Where failed jobs are kept.
    ///
    /// # Errors
    /// A provider that keeps them elsewhere than in a table.
    pub fn failed_store(&self) -> Result<FailedStore> {
        let member = |key: &str, names: &[&str]| {
            self.app.as_ref()?.value(&format!("queue.failed.{key}"), names).map(|found| found.value)
        };
        let driver = member("driver", &["QUEUE_FAILED_DRIVER"]);
        let driver = match driver {
            Some(None) => "null".to_owned(),
            Some(Some(driver)) => driver,
            None => "database-uuids".to_owned(),
        };
        if matches!(driver.as_str(), "null" | "file" | "dynamodb") {
            return Err(Error::config(format!(
                "the failed jobs of the provider `{driver}` cannot be honoured"
            ))
            .because(match driver.as_str() {
                "null" => "the application forgets the jobs that fail",
                _ => "opsctl reads the table failed_jobs",
            })
            .hint("keep them in a table: QUEUE_FAILED_DRIVER=database-uuids"));
        }
        Ok(FailedStore {
            named_by_uuid: driver == "database-uuids",
            database: self.other_database(member("database", &[]).flatten())?,
            table: member("table", &[])
                .flatten()
                .filter(|table| !table.is_empty())
                .unwrap_or_else(|| "failed_jobs".into()),
            zone: self.time_zone()?,
        })
    }

    /// The application's time zone: `app.timezone`, which Laravel 11 takes from APP_TIMEZONE.
    ///
    /// # Errors
    /// A name that no zone has.
    pub fn time_zone(&self) -> Result<chrono_tz::Tz> {
        let found = self.app.as_ref().and_then(|app| app.value("app.timezone", &["APP_TIMEZONE"]));
        let Some(Sourced { value: Some(name), origin }) = found else { return Ok(chrono_tz::UTC) };
        name.parse()
            .map_err(|_| Error::config(format!("no time zone is named `{name}`: it comes from {origin}")))
    }

    /// The default cache store for values.
    ///
    /// # Errors
    /// No store configured, or one that other hosts do not see.
    pub fn value_store(&self, command: System) -> Result<ValueStore> {
        self.values_of(&self.cache_store(command)?, command)
    }

    /// A cache store for values.
    ///
    /// # Errors
    /// One that other hosts do not see.
    pub fn values_of(&self, store: &Sourced<String>, command: System) -> Result<ValueStore> {
        let prefix = || self.cache_prefix(&store.value, command);
        match self.cache_driver(store).as_str() {
            "redis" => Ok(ValueStore::Redis {
                target: Box::new(self.store_redis(Role::Cache, &store.value, command)?),
                prefix: prefix()?,
            }),
            "database" => {
                let member = |key: &str, variable: &str| {
                    let path = format!("cache.stores.{}.{key}", store.value);
                    self.app.as_ref()?.value(&path, &[variable])?.value.filter(|name| !name.is_empty())
                };
                Ok(ValueStore::Database {
                    database: self.other_database(member("connection", "DB_CACHE_CONNECTION"))?,
                    table: member("table", "DB_CACHE_TABLE").unwrap_or_else(|| "cache".into()),
                    prefix: prefix()?,
                })
            }
            driver => Err(Error::config(format!(
                "the cache store `{driver}` of {} does not reach the workers of other hosts",
                store.origin
            ))
            .because("they read the signs to restart and to pause from the default cache store")
            .hint(
                "use the store `redis` or `database`: CACHE_STORE in the application, or OPSCTL_CACHE_STORE",
            )),
        }
    }

    /// The Redis of a queue connection.
    fn queue_target(&self, name: &str, command: System) -> Result<Target> {
        match self.queue_member(name, "connection", &[]) {
            Some(connection) => self.redis_named(Role::Queue, &connection, self.settings(command)),
            None => self.redis(Role::Queue, command),
        }
    }

    /// A member of a connection that is set and not empty.
    fn queue_member(&self, name: &str, key: &str, names: &[&str]) -> Option<String> {
        let app = self.app.as_ref()?;
        let value = match app.tree(&format!("queue.connections.{name}.{key}")) {
            Some((value, _)) => scalar(value),
            None => app.value("", names)?.value,
        };
        value.filter(|text| !text.is_empty())
    }

    /// A connection that is not the central one.
    fn other_database(&self, name: Option<String>) -> Result<Option<Box<Database>>> {
        match name.filter(|name| !name.is_empty() && !connection::is_default(self, name)) {
            Some(name) => Ok(Some(Box::new(self.named_database(&name)?))),
            None => Ok(None),
        }
    }
}

fn nothing() -> Error {
    Error::config("no queue connection is configured")
        .hint("run in the application's folder (`--app DIR`), or set OPSCTL_QUEUE to redis or database")
        .hint("or write `[queue]` with `connection = \"redis\"` into an opsctl.toml")
}

fn unknown_driver(driver: &str, found: &Sourced<String>) -> Error {
    let error = Error::config(format!(
        "the queue connection `{}` of {} cannot be honoured",
        found.value, found.origin
    ));
    match driver {
        "sync" | "null" | "deferred" | "background" | "beanstalkd" | "sqs" | "failover" => {
            error.because(format!("its driver is `{driver}`: opsctl works on queues in a table or on Redis"))
        }
        driver => near::or(
            error,
            driver,
            ["redis", "database"],
            str::to_owned,
            "connections that can: redis, database",
        ),
    }
}
