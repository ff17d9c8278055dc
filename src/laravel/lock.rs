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

/// Renews or gives back a lock, on a key whose value is its owner's token (Laravel's `LuaScripts::releaseLock` gives
/// back in the same way). To prove the right to both, it is called before a lock is taken: a free lock is expired and
/// deleted, which changes nothing. One script for all, so that what is proven is what is needed.
const SCRIPT: &str = "\
local key, deed, owner, seconds = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local now = redis.call('get', key)
if deed == 'prove' then
  if not now then redis.call('expire', key, seconds) redis.call('del', key) end
  return 1
end
if now ~= owner then return 0 end
if deed == 'renew' then return redis.call('expire', key, seconds) end
return redis.call('del', key)";

/// Time for which a lock is given back again and again to a Redis that does not answer: a failover, as a rule.
const RELEASE_FOR: Duration = Duration::from_secs(3);
/// Time between two of these tries.
const RELEASE_PAUSE: Duration = Duration::from_millis(200);
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
                let key = redis.key(&format!("{prefix}{name}"));
                redis.eval::<i64>(SCRIPT, &key, &words("prove", &held)).await?;
                let mut set = redis::cmd("SET");
                set.arg(key).arg(owner).arg("EX").arg(held.seconds).arg("NX");
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
                redis.eval::<i64>(SCRIPT, &key, &words("renew", held)).await?
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

    /// Gives a lock back if it is still ours; says whether it was. When an answer was lost, and the lock is gone, it is
    /// taken to have been.
    ///
    /// # Errors
    /// The store does not answer, Redis not within three seconds: the lock then ends with its time.
    pub async fn release(&self, held: &Held) -> Result<bool> {
        match self {
            Locks::Redis { redis, prefix } => {
                let key = redis.key(&format!("{prefix}{}", held.name));
                release_key(redis, &key, held).await
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

/// What the script is called with.
fn words(deed: &str, held: &Held) -> [String; 3] {
    [deed.to_owned(), held.owner.clone(), held.seconds.to_string()]
}

/// Asks until Redis answers: a key that bears our token may be deleted any number of times. What is not ours at a
/// second try may have been at the first one, whose answer was lost.
async fn release_key(redis: &Redis, key: &str, held: &Held) -> Result<bool> {
    let started = Instant::now();
    let mut lost: Option<Error> = None;
    loop {
        let rest = RELEASE_FOR.saturating_sub(started.elapsed());
        let words = words("release", held);
        let release = redis.eval_once::<i64>(SCRIPT, key, &words);
        let error = match tokio::time::timeout(rest, release).await {
            Ok(Ok(0)) if lost.is_some() => {
                tracing::debug!(
                    key,
                    "an answer was lost, and the lock is not ours now: it was given back, or lost"
                );
                return Ok(true);
            }
            Ok(Err(error)) if error.kind() == Kind::Unreachable => error,
            Ok(answer) => return Ok(answer? > 0),
            Err(_) => return Err(lost.unwrap_or_else(|| redis.silent("no answer within three seconds"))),
        };
        if started.elapsed() + RELEASE_PAUSE >= RELEASE_FOR {
            return Err(error);
        }
        // The first answer may have been lost with an idle connection: a new one is made at once.
        if lost.replace(error).is_some() {
            tokio::time::sleep(RELEASE_PAUSE).await;
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
