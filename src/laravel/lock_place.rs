//! A store of locks with what must be opened for it.

use super::lock::Locks;
use crate::{
    clock::Clock,
    config::stores::LockStore,
    db::{Access, Db},
    redis::Redis,
};

/// A store of locks. Its server is connected to on first use.
#[derive(Debug)]
pub struct LockPlace<'a> {
    /// The cache store's name.
    pub store: String,
    server: Server<'a>,
    prefix: String,
}

#[derive(Debug)]
enum Server<'a> {
    Redis(Box<Redis>),
    Central(&'a Db, String),
    Other(Box<Db>, String),
}

impl<'a> LockPlace<'a> {
    /// The place of a store; `central` is asked for where its table lies in the central database.
    ///
    /// # Errors
    /// What `central` says.
    pub async fn open(
        store: String,
        found: LockStore,
        central: impl AsyncFnOnce() -> crate::Result<&'a Db>,
        clock: Clock,
    ) -> crate::Result<Self> {
        let (server, prefix) = match found {
            LockStore::Redis { target, prefix } => (Server::Redis(Box::new(Redis::new(*target))), prefix),
            LockStore::Database { database: None, table, prefix } => {
                (Server::Central(central().await?, table), prefix)
            }
            LockStore::Database { database: Some(database), table, prefix } => {
                (Server::Other(Box::new(Db::new(*database, Access::Existing, clock)), table), prefix)
            }
        };
        Ok(Self { store, server, prefix })
    }

    /// Its locks.
    pub fn locks(&self) -> Locks<'_> {
        let prefix = self.prefix.clone();
        match &self.server {
            Server::Redis(redis) => Locks::Redis { redis, prefix },
            Server::Central(db, table) => Locks::Database { db, table: table.clone(), prefix },
            Server::Other(db, table) => Locks::Database { db, table: table.clone(), prefix },
        }
    }

    /// Where it is, for people.
    pub fn address(&self) -> String {
        match &self.server {
            Server::Redis(redis) => redis.target().to_string(),
            Server::Central(db, table) => format!("`{table}` of {}", db.target()),
            Server::Other(db, table) => format!("`{table}` of {}", db.target()),
        }
    }

    /// What stands before a lock's name in the store.
    pub fn full_prefix(&self) -> String {
        match &self.server {
            Server::Redis(redis) => redis.key(&self.prefix),
            Server::Central(..) | Server::Other(..) => self.prefix.clone(),
        }
    }

    /// Whether its locks are rows: there, a lock that asks for no end ends after a day (`DatabaseLock`).
    pub fn is_table(&self) -> bool {
        !matches!(self.server, Server::Redis(_))
    }
}
