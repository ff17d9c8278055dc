//! Cache locks, as `Illuminate\Cache\RedisLock` and `DatabaseLock` (Laravel 11 to 13) take and release them, so that
//! opsctl and the application exclude each other.

use std::{ops::Range, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, distr::Alphanumeric};

use tokio::time::Instant;

use crate::{
    Error, Kind, Result,
    db::{Db, Fault, Query},
    redis::Redis,
};

/// Deletes a key whose value is the owner (Laravel's `LuaScripts::releaseLock`, written anew).
const RELEASE: &str =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";
/// Gives a key whose value is the owner a new time to live.
const RENEW: &str = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('expire', KEYS[1], ARGV[2]) end return 0";

/// Time for which a lock's statement that met a deadlock is repeated.
const DEADLOCKS_FOR: Duration = Duration::from_secs(2);
/// Time between two of them.
const DEADLOCK_PAUSE: Range<Duration> = Duration::from_millis(5)..Duration::from_millis(50);

/// Where locks live, connected.
#[derive(Debug)]
pub enum Locks<'a> {
    /// Keys on Redis: client prefix, then cache prefix, then name.
    Redis {
        /// The lock connection.
        redis: &'a Redis,
        /// The store's prefix.
        prefix: String,
    },
    /// Rows of `cache_locks`: cache prefix, then name.
    Database {
        /// The database of the table.
        db: &'a Db,
        /// Its name, without the connection's prefix.
        table: String,
        /// The store's prefix.
        prefix: String,
    },
}

/// Who holds a lock, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Sixteen random characters, or whatever the holder chose.
    pub owner: String,
    /// When it ends unless it is renewed; `None` when it never does.
    pub until: Option<DateTime<Utc>>,
}

/// A lock that this process holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Name without prefixes.
    pub name: String,
    /// This process's owner token.
    pub owner: String,
    /// Seconds that it lives without renewal.
    pub seconds: u32,
}

/// The outcome of asking for a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It is ours.
    Taken(Held),
    /// Somebody else has it; `None` when it was gone again before it could be read.
    Busy(Option<Holder>),
}

/// A fresh owner token: sixteen alphanumerics, like `Str::random()`.
pub fn owner() -> String {
    rand::rng().sample_iter(Alphanumeric).take(16).map(char::from).collect()
}

impl Locks<'_> {
    /// Asks for a lock once, for at least one second.
    ///
    /// # Errors
    /// The store does not answer, or its table is missing: nothing is held then.
    pub async fn acquire(&self, name: &str, owner: &str, seconds: u32) -> Result<Attempt> {
        let held = Held { name: name.to_owned(), owner: owner.to_owned(), seconds: seconds.max(1) };
        let taken = match self {
            Locks::Redis { redis, prefix } => {
                let mut set = redis::cmd("SET");
                set.arg(redis.key(&format!("{prefix}{name}")))
                    .arg(owner)
                    .arg("EX")
                    .arg(held.seconds)
                    .arg("NX");
                redis.run::<Option<String>>(&set).await?.is_some()
            }
            Locks::Database { db, table, prefix } => {
                let key = format!("{prefix}{name}");
                patiently(|| acquire_row(db, table, &key, &held)).await?
            }
        };
        if taken {
            return Ok(Attempt::Taken(held));
        }
        match self.holder(name).await? {
            // A command that was repeated on a new connection had been heard the first time.
            Some(holder) if holder.owner == owner => Ok(Attempt::Taken(held)),
            holder => Ok(Attempt::Busy(holder)),
        }
    }

    /// Extends a lock that is still ours by its full time, which also proves that it is ours.
    ///
    /// # Errors
    /// [`Kind::Locked`] when it expired, was taken over, or was flushed; else the store's.
    pub async fn renew(&self, held: &Held) -> Result<()> {
        let renewed = match self {
            Locks::Redis { redis, prefix } => {
                let key = redis.key(&format!("{prefix}{}", held.name));
                redis.eval::<i64>(RENEW, &key, &[&held.owner, &held.seconds.to_string()]).await?
            }
            Locks::Database { db, table, prefix } => {
                let key = format!("{prefix}{}", held.name);
                patiently(|| renew_row(db, table, &key, held)).await?
            }
        };
        if renewed > 0 {
            return Ok(());
        }
        let error = Error::new(Kind::Locked, format!("the lock `{}` is no longer ours", held.name));
        Err(match self.holder(&held.name).await? {
            Some(holder) => error.because(format!("it is now held by `{}`", holder.owner)),
            None => error.because("it expired, or the store was flushed"),
        })
    }

    /// Gives a lock back if it is still ours; says whether it was.
    ///
    /// # Errors
    /// The store does not answer: the lock then ends with its time.
    pub async fn release(&self, held: &Held) -> Result<bool> {
        match self {
            Locks::Redis { redis, prefix } => {
                let key = redis.key(&format!("{prefix}{}", held.name));
                Ok(redis.eval::<i64>(RELEASE, &key, &[&held.owner]).await? > 0)
            }
            Locks::Database { db, table, prefix } => {
                let table = db.require(table, &["key", "owner", "expiration"]).await?;
                let (key, owner) = (table.column("key"), table.column("owner"));
                let sql = format!("DELETE FROM {} WHERE {key} = ? AND {owner} = ?", table.name);
                let query = Query::new(sql).bind(format!("{prefix}{}", held.name)).bind(held.owner.as_str());
                patiently(async || Ok(db.session().await?.execute(query.clone()).await? > 0)).await
            }
        }
    }

    /// Who holds a lock now.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn holder(&self, name: &str) -> Result<Option<Holder>> {
        match self {
            Locks::Redis { redis, prefix } => {
                let key = redis.key(&format!("{prefix}{name}"));
                let owner: Option<String> = redis.run(redis::cmd("GET").arg(&key)).await?;
                let Some(owner) = owner else { return Ok(None) };
                let time: Vec<String> = redis.run(&redis::cmd("TIME")).await?;
                let left: i64 = redis.run(redis::cmd("PTTL").arg(&key)).await?;
                let now = time.first().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
                let now = DateTime::from_timestamp(now, 0).unwrap_or_default();
                let left = TimeDelta::try_milliseconds(left).filter(|left| *left >= TimeDelta::zero());
                let until = left.and_then(|left| now.checked_add_signed(left));
                Ok(Some(Holder { owner, until }))
            }
            Locks::Database { db, table, prefix } => holder_row(db, table, &format!("{prefix}{name}")).await,
        }
    }
}

/// Repeats what met a deadlock, for a moment. A row that stays held by somebody's transaction is as good as a lock
/// that is taken.
async fn patiently<T>(work: impl AsyncFn() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    loop {
        match work().await {
            Err(error) if error.fault() == Some(Fault::Transient) => {
                if started.elapsed() >= DEADLOCKS_FOR {
                    return Err(Error::new(
                        Kind::Locked,
                        "the row of the lock is held by another transaction",
                    )
                    .because(error));
                }
                tokio::time::sleep(rand::rng().random_range(DEADLOCK_PAUSE)).await;
            }
            result => return result,
        }
    }
}

/// UPDATE first, then INSERT: Laravel's two steps in the order that needs no error inside a statement for the
/// common cases. A row that has expired, or is ours, is taken over.
async fn acquire_row(db: &Db, table: &str, key: &str, held: &Held) -> Result<bool> {
    let table = db.require(table, &["key", "owner", "expiration"]).await?;
    let now = db.now().await?.timestamp();
    let until = now + i64::from(held.seconds);
    let (key_name, owner, expiration) =
        (table.column("key"), table.column("owner"), table.column("expiration"));
    let update = format!(
        "UPDATE {} SET {owner} = ?, {expiration} = ? WHERE {key_name} = ? AND ({owner} = ? OR {expiration} <= ?)",
        table.name
    );
    let update = Query::new(update).bind(&*held.owner).bind(until).bind(key).bind(&*held.owner).bind(now);
    let mut session = db.session().await?;
    if session.execute(update).await? > 0 {
        return Ok(true);
    }
    let insert = format!("INSERT INTO {} ({key_name}, {owner}, {expiration}) VALUES (?, ?, ?)", table.name);
    match session.execute(Query::new(insert).bind(key).bind(&*held.owner).bind(until)).await {
        Ok(_) => Ok(true),
        Err(error) if error.fault() == Some(Fault::Duplicate) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn renew_row(db: &Db, table: &str, key: &str, held: &Held) -> Result<i64> {
    let table = db.require(table, &["key", "owner", "expiration"]).await?;
    let now = db.now().await?.timestamp();
    let (key_name, owner, expiration) =
        (table.column("key"), table.column("owner"), table.column("expiration"));
    let sql = format!(
        "UPDATE {} SET {expiration} = ? WHERE {key_name} = ? AND {owner} = ? AND {expiration} > ?",
        table.name
    );
    let query = Query::new(sql).bind(now + i64::from(held.seconds)).bind(key).bind(&*held.owner).bind(now);
    Ok(i64::try_from(db.session().await?.execute(query).await?).unwrap_or(i64::MAX))
}

async fn holder_row(db: &Db, table: &str, key: &str) -> Result<Option<Holder>> {
    let table = db.require(table, &["key", "owner", "expiration"]).await?;
    let now = db.now().await?.timestamp();
    let (key_name, owner, expiration) =
        (table.column("key"), table.column("owner"), table.column("expiration"));
    // A row whose time is over holds nothing, though it may lie there until it is pruned.
    let sql = format!(
        "SELECT {owner} AS owner, {expiration} AS expiration FROM {} WHERE {key_name} = ? AND {expiration} > ?",
        table.name
    );
    let row = db.session().await?.first(Query::new(sql).bind(key).bind(now)).await?;
    row.map(|row| {
        let until = DateTime::from_timestamp(row.int("expiration")?, 0);
        Ok(Holder { owner: row.text("owner")?, until })
    })
    .transpose()
}
