//! What the commands of queues work on, beside the central database: each is connected to on first use.

use opsctl::{
    Error, Result,
    config::{
        System,
        queues::{QueueDriver, ValueStore},
        stores::LockStore,
        system,
    },
    db::{Access, Db},
    laravel::{failed::FailedJobs, horizon, lock::Locks, queue::QueuePlace, values::Values},
    redis::Redis,
};
use tokio::sync::OnceCell;

use crate::app::App;

/// Connections that are not the central database's, nor those of the locks.
#[derive(Debug, Default)]
pub struct Places {
    failed: OnceCell<Db>,
    values: OnceCell<Db>,
    redis: OnceCell<Redis>,
    unique_db: OnceCell<Db>,
    unique_redis: OnceCell<Redis>,
    schedule_db: OnceCell<Db>,
    schedule_redis: OnceCell<Redis>,
    system: OnceCell<System>,
}

impl Places {
    /// The databases that were opened.
    pub fn databases(&self) -> impl Iterator<Item = &Db> {
        let places = [&self.failed, &self.values, &self.unique_db, &self.schedule_db];
        places.into_iter().filter_map(OnceCell::get)
    }
}

/// Whether a living Horizon looks after the queues of a connection. Where it cannot be asked for, it is taken for none.
pub async fn on_horizon(app: &App, place: &QueuePlace<'_>, command: System) -> bool {
    if !matches!(place.connection.driver, QueueDriver::Redis(_)) {
        return false;
    }
    let looking = async {
        let target = app.context()?.horizon(app.system_for(command).await?)?;
        horizon::find(&Redis::new(target)).await
    };
    looking.await.is_ok_and(|found| found.is_some_and(|horizon| horizon.alive > 0))
}

impl App {
    /// The system whose settings count for a command that is about none in particular: the one that is set, else the one
    /// whose tables the central database has, else plain Laravel.
    ///
    /// # Errors
    /// Its settings depend on the tables, and the database cannot be asked: they are not guessed.
    pub async fn system(&self) -> Result<System> {
        let context = self.context()?;
        if let Some(set) = &context.system {
            return Ok(set.value);
        }
        if !context.depends_on_tables() {
            return Ok(System::Laravel);
        }
        self.places.system.get_or_try_init(|| self.system_of_tables()).await.copied()
    }

    async fn system_of_tables(&self) -> Result<System> {
        let names = async { self.db().await?.table_names().await };
        let names = names.await.map_err(|error| {
            error.hint("Redis databases depend on the system; to do without its tables: `OPSCTL_SYSTEM=NAME`")
        })?;
        Ok(system::detect(names.iter().map(String::as_str)).first().copied().unwrap_or(System::Laravel))
    }

    /// The system of a command: its own, or where that is plain Laravel the one at hand.
    async fn system_for(&self, command: System) -> Result<System> {
        if command == System::Laravel { self.system().await } else { Ok(command) }
    }

    /// A queue connection of the application: the named one, or the default one.
    pub async fn queue(&self, connection: Option<&str>) -> Result<QueuePlace<'_>> {
        self.queue_of(connection, System::Laravel).await
    }

    /// Likewise, of the system that the command is about.
    pub async fn queue_of(&self, connection: Option<&str>, system: System) -> Result<QueuePlace<'_>> {
        let connection = self.context()?.queue(connection, self.system_for(system).await?)?;
        QueuePlace::open(connection, async || self.db().await, self.clock).await
    }

    /// The locks of the default cache store, where unique jobs have theirs, and the store's name.
    pub async fn unique_locks(&self, system: System) -> Result<(Locks<'_>, String)> {
        let system = self.system_for(system).await?;
        let name = self.context()?.cache_store(system)?.value;
        let store = self.context()?.lock_store("", system)?;
        let locks = self.locks_at(store, &self.places.unique_db, &self.places.unique_redis).await?;
        Ok((locks, name))
    }

    /// The mutexes of the application's scheduler.
    pub async fn schedule_locks(&self) -> Result<Locks<'_>> {
        let store = self.context()?.schedule_locks(self.system().await?)?;
        self.locks_at(store, &self.places.schedule_db, &self.places.schedule_redis).await
    }

    async fn locks_at<'a>(
        &'a self,
        store: LockStore,
        db: &'a OnceCell<Db>,
        redis: &'a OnceCell<Redis>,
    ) -> Result<Locks<'a>> {
        Ok(match store {
            LockStore::Redis { target, prefix } => {
                let open = || async { Ok::<_, Error>(Redis::new(*target)) };
                Locks::Redis { redis: redis.get_or_try_init(open).await?, prefix }
            }
            LockStore::Database { database: None, table, prefix } => {
                Locks::Database { db: self.db().await?, table, prefix }
            }
            LockStore::Database { database: Some(database), table, prefix } => {
                let open = || async { Ok::<_, Error>(self.opened(*database)) };
                Locks::Database { db: db.get_or_try_init(open).await?, table, prefix }
            }
        })
    }

    /// Where the application keeps its failed jobs.
    pub async fn failed_jobs(&self) -> Result<FailedJobs<'_>> {
        let store = self.context()?.failed_store()?;
        let db = match store.database {
            None => self.db().await?,
            Some(database) => {
                let open = || async { Ok::<_, Error>(self.opened(*database)) };
                self.places.failed.get_or_try_init(open).await?
            }
        };
        Ok(FailedJobs { db, table: store.table, named_by_uuid: store.named_by_uuid, zone: store.zone })
    }

    /// The values of the default cache store.
    pub async fn values(&self) -> Result<Values<'_>> {
        match self.context()?.value_store(self.system().await?)? {
            ValueStore::Redis { target, prefix } => {
                let open = || async { Ok::<_, Error>(Redis::new(*target)) };
                Ok(Values::Redis { redis: self.places.redis.get_or_try_init(open).await?, prefix })
            }
            ValueStore::Database { database: None, table, prefix } => {
                Ok(Values::Database { db: self.db().await?, table, prefix })
            }
            ValueStore::Database { database: Some(database), table, prefix } => {
                let open = || async { Ok::<_, Error>(self.opened(*database)) };
                let db = self.places.values.get_or_try_init(open).await?;
                Ok(Values::Database { db, table, prefix })
            }
        }
    }

    /// A database that is not the central one.
    pub fn opened(&self, database: opsctl::config::Database) -> Db {
        Db::new(database, Access::Existing, self.clock)
    }
}
