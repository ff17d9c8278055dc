//! A queue connection with what must be opened for it.

use super::{Queues, RedisQueues, TableQueues};
use crate::{
    clock::Clock,
    config::queues::{QueueConnection, QueueDriver},
    db::{Access, Db},
    redis::Redis,
};

/// A queue connection. Its server is connected to on first use.
#[derive(Debug)]
pub struct QueuePlace<'a> {
    /// What the configuration says of it.
    pub connection: QueueConnection,
    server: Server<'a>,
}

#[derive(Debug)]
enum Server<'a> {
    Redis(Box<Redis>),
    Central(&'a Db),
    Other(Box<Db>),
}

impl<'a> QueuePlace<'a> {
    /// The place of a connection; `central` is asked for where its table lies in the central database.
    ///
    /// # Errors
    /// What `central` says.
    pub async fn open(
        connection: QueueConnection,
        central: impl AsyncFnOnce() -> crate::Result<&'a Db>,
        clock: Clock,
    ) -> crate::Result<Self> {
        let server = match &connection.driver {
            QueueDriver::Redis(target) => Server::Redis(Box::new(Redis::new((**target).clone()))),
            QueueDriver::Database { database: None, .. } => Server::Central(central().await?),
            QueueDriver::Database { database: Some(database), .. } => {
                Server::Other(Box::new(Db::new((**database).clone(), Access::Existing, clock)))
            }
        };
        Ok(Self { connection, server })
    }

    /// Its queues.
    pub fn queues(&self) -> Queues<'_> {
        let db: &Db = match &self.server {
            Server::Redis(redis) => return Queues::Redis(RedisQueues { redis }),
            Server::Central(db) => db,
            Server::Other(db) => db,
        };
        let table = match &self.connection.driver {
            QueueDriver::Database { table, .. } => table.clone(),
            QueueDriver::Redis(_) => String::new(),
        };
        Queues::Table(TableQueues { db, table, retry_after: self.connection.retry_after })
    }

    /// Where it is, for people.
    pub fn address(&self) -> String {
        match &self.server {
            Server::Redis(redis) => redis.target().to_string(),
            Server::Central(db) => db.target().to_string(),
            Server::Other(db) => db.target().to_string(),
        }
    }

    /// Whether its jobs lie in this database: rows there and jobs here may change in one transaction.
    pub fn is_in(&self, db: &Db) -> bool {
        match &self.server {
            Server::Redis(_) => false,
            Server::Central(central) => std::ptr::eq(*central, db),
            Server::Other(other) => other.target().to_string() == db.target().to_string(),
        }
    }
}
