//! The locks of a store that are held now, and what is told apart from them: cache values, queues, whatever else lies
//! under the same prefix (`Illuminate\Cache\RedisLock` and `DatabaseLock`, Laravel 11 to 13).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::{
    Result,
    db::{Db, Query, Row},
    laravel::{
        lock::Locks,
        lock_name::{self, LockName},
    },
    redis::{Redis, glob},
};

/// Rows that are read in one statement.
const ROWS: i64 = 1000;
/// Keys of one question to a single server.
const KEYS: usize = 500;
/// Questions to a Cluster at the same time: its scripts take keys of one node alone.
const AT_ONCE: usize = 32;
/// Bytes of a value that are read: an owner is shorter.
const VALUE: usize = 256;
/// Characters of `Str::random()`, which names an owner that chose no name.
const OWNER: usize = 16;

/// For each key that is a string: its beginning, its length, and how many milliseconds it lives: -1 without an end.
const READ: &str = "\
local found = {}
for i = 1, #KEYS do
  if redis.call('type', KEYS[i]).ok == 'string' then
    found[#found + 1] = {i, redis.call('getrange', KEYS[i], 0, ARGV[1] - 1),
                         redis.call('strlen', KEYS[i]), redis.call('pttl', KEYS[i])}
  end
end
return found";

/// A lock as it lies in its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Name without prefixes.
    pub name: String,
    /// Who holds it; `None` where that is no text.
    pub owner: Option<String>,
    /// Until when.
    pub end: End,
    /// Neither its name nor its owner is of Laravel's making: it may be something else.
    pub is_guess: bool,
}

/// Until when a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It has no end: only its holder gives it back.
    Never,
    /// It ends by itself, after so much time by the store's clock.
    In(TimeDelta),
    /// Its row is there, and its time was over so long ago: it holds nothing.
    Over(TimeDelta),
}

/// What was found in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The locks under the store's prefix, by name.
    pub locks: Vec<Seen>,
    /// Whether there were more than were asked for.
    pub more: bool,
    /// The store's clock.
    pub now: DateTime<Utc>,
    /// What the names of other locks begin with that lie there too.
    pub elsewhere: BTreeSet<String>,
    /// What stands before our own.
    prefix: String,
}

impl Look {
    fn new(now: DateTime<Utc>, prefix: String) -> Self {
        Self { locks: Vec::new(), more: false, now, elsewhere: BTreeSet::new(), prefix }
    }

    /// Takes what is a lock under this prefix; of others with a name of Laravel's making, their prefix.
    fn take(&mut self, seen: Option<Seen>, most: usize) {
        let Some(seen) = seen else { return };
        match lock_name::foreign_prefix(&seen.name) {
            Some(further) => _ = self.elsewhere.insert(format!("{}{further}", self.prefix)),
            None if self.locks.len() < most => self.locks.push(seen),
            None => self.more = true,
        }
    }

    fn in_order(mut self) -> Self {
        self.locks.sort_by(|a, b| a.name.cmp(&b.name));
        // SCAN may give a key twice.
        self.locks.dedup_by(|a, b| a.name == b.name);
        self
    }
}

impl Locks<'_> {
    /// Looks at every lock of the store, and keeps at most so many. `is_known` tells names of the application's own.
    ///
    /// # Errors
    /// The store does not answer, or its table is missing.
    pub async fn look(&self, is_known: impl Fn(&str) -> bool, most: usize) -> Result<Look> {
        match self {
            Locks::Redis { redis, prefix } => look_at_keys(redis, prefix, is_known, most).await,
            Locks::Database { db, table, prefix } => look_at_rows(db, table, prefix, most).await,
        }
    }

    /// Prefixes of locks of Laravel's making that lie anywhere on the server: where ours has none, it may be the wrong
    /// one.
    ///
    /// # Errors
    /// As [`Locks::look`].
    pub async fn elsewhere(&self) -> Result<BTreeSet<String>> {
        let Locks::Redis { redis, .. } = self else { return Ok(BTreeSet::new()) };
        let mut prefixes = BTreeSet::new();
        for stem in lock_name::STEMS {
            let keys = redis.anywhere(&format!("*{}*", glob(stem))).await?;
            prefixes.extend(keys.iter().filter_map(|key| Some(key.split_once(stem)?.0.to_owned())));
        }
        Ok(prefixes)
    }

    /// Deletes a lock that is still this owner's and, where its time was over, still is; says whether it was there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn clear(&self, name: &str, owner: &str, expired: bool) -> Result<bool> {
        let Locks::Database { db, table, prefix } = self else {
            let held = super::lock::Held { name: name.to_owned(), owner: owner.to_owned(), seconds: 1 };
            return self.release(&held).await;
        };
        let table = db.require(table, &["key", "owner", "expiration"]).await?;
        let (key, holder, end) = (table.column("key"), table.column("owner"), table.column("expiration"));
        let over = if expired { format!(" AND {end} <= ?") } else { String::new() };
        let sql = format!("DELETE FROM {} WHERE {key} = ? AND {holder} = ?{over}", table.name);
        let mut query = Query::new(sql).bind(format!("{prefix}{name}")).bind(owner);
        if expired {
            query = query.bind(db.now().await?.timestamp());
        }
        Ok(db.session().await?.execute(query).await? > 0)
    }
}

async fn look_at_keys(
    redis: &Redis,
    prefix: &str,
    is_known: impl Fn(&str) -> bool,
    most: usize,
) -> Result<Look> {
    let full = redis.key(prefix);
    let now = DateTime::from_timestamp_millis(redis.now().await?).unwrap_or_default();
    let mut look = Look::new(now, full.clone());
    let pattern = format!("{}*", glob(&full));
    redis
        .scan(&pattern, usize::MAX, async |keys| {
            for value in values(redis, &keys).await? {
                let Some(name) = value.key.strip_prefix(full.as_str()) else { continue };
                look.take(lock_of(name, &value, is_known(name), !prefix.is_empty()), most);
            }
            Ok(())
        })
        .await?;
    Ok(look.in_order())
}

/// A key that holds a string.
struct Kept<'k> {
    key: &'k str,
    bytes: Vec<u8>,
    length: usize,
    millis: i64,
}

async fn values<'k>(redis: &Redis, keys: &'k [String]) -> Result<Vec<Kept<'k>>> {
    let size = if redis.target().address.is_cluster() { 1 } else { KEYS };
    let ask = async |some: &'k [String]| {
        let keys: Vec<&str> = some.iter().map(String::as_str).collect();
        type Answer = Vec<(usize, Vec<u8>, usize, i64)>;
        let found: Answer = redis.eval_on(READ, &keys, VALUE).await?;
        let kept = |(at, bytes, length, millis): (usize, Vec<u8>, usize, i64)| {
            Some(Kept { key: some.get(at.checked_sub(1)?)?, bytes, length, millis })
        };
        Ok(found.into_iter().filter_map(kept).collect::<Vec<_>>())
    };
    let found: Vec<Vec<Kept<'k>>> =
        stream::iter(keys.chunks(size)).map(ask).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The lock that a key is, if it is one. A lock's value is its owner, bare; the store's values are numbers or serialized
/// (`RedisStore::serialize`), and so never look like an owner that Laravel made.
fn lock_of(name: &str, kept: &Kept<'_>, known: bool, cache_alone: bool) -> Option<Seen> {
    let text = str::from_utf8(&kept.bytes).ok().filter(|_| kept.length <= VALUE);
    let owner = text.filter(|text| !text.is_empty() && !text.chars().any(char::is_control));
    let named = known || LockName::read(name) != LockName::Other(name.to_owned());
    let is_guess = match (named, owner) {
        (true, _) => false,
        // Without a prefix of the cache's own, whatever else the application keeps lies there too.
        (false, Some(owner)) if is_random(owner) => !cache_alone,
        (false, Some(owner)) if cache_alone && !is_value(owner) => true,
        (false, _) => return None,
    };
    let end = match kept.millis {
        -1 => End::Never,
        // It ended between two looks.
        millis if millis < 0 => return None,
        millis => End::In(TimeDelta::milliseconds(millis)),
    };
    Some(Seen { name: name.to_owned(), owner: owner.map(str::to_owned), end, is_guess })
}

/// `Str::random()`. One of digits alone would be a number, which a value may be.
fn is_random(text: &str) -> bool {
    text.len() == OWNER && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !is_value(text)
}

/// What a store, or a serializer of its client, makes of a value.
fn is_value(text: &str) -> bool {
    let serialized = matches!(text.as_bytes(), [b'a'..=b'z' | b'C' | b'E' | b'O', b':', ..] | b"N;");
    let json = text.starts_with(['{', '[', '"']) || matches!(text, "true" | "false" | "null");
    serialized || json || text.trim().parse::<f64>().is_ok()
}

/// Rows in the order of their key, a window at a time: expired ones may lie there in any number.
async fn look_at_rows(db: &Db, table: &str, prefix: &str, most: usize) -> Result<Look> {
    let table = db.require(table, &["key", "owner", "expiration"]).await?;
    let mut look = Look::new(db.now().await?, prefix.to_owned());
    let key = table.column("key");
    let sql = format!(
        "SELECT {key} AS name, {} AS owner, {} AS expiration FROM {} WHERE {key} > {} ORDER BY {key} LIMIT {ROWS}",
        table.column("owner"),
        table.column("expiration"),
        table.name,
        table.hole("key")
    );
    let mut session = db.session().await?;
    let mut last = String::new();
    loop {
        let rows = session.fetch(Query::new(&sql).bind(last.as_str())).await?;
        let Some(end) = rows.last() else { return Ok(look.in_order()) };
        last = end.text("name")?;
        for row in rows {
            let now = look.now;
            match row.text("name")?.strip_prefix(prefix) {
                Some(name) => look.take(Some(row_of(name, &row, now)?), most),
                None => {
                    look.elsewhere.extend(lock_name::foreign_prefix(&row.text("name")?).map(str::to_owned));
                }
            }
        }
    }
}

fn row_of(name: &str, row: &Row, now: DateTime<Utc>) -> Result<Seen> {
    let left = TimeDelta::try_seconds(row.int("expiration")?.saturating_sub(now.timestamp()));
    let end = match left {
        Some(left) if left <= TimeDelta::zero() => End::Over(-left),
        Some(left) => End::In(left),
        None => End::Never,
    };
    Ok(Seen { name: name.to_owned(), owner: Some(row.text("owner")?), end, is_guess: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(name: &str, value: &str, cache_alone: bool) -> Option<bool> {
        let kept = Kept { key: name, bytes: value.into(), length: value.len(), millis: 5000 };
        lock_of(name, &kept, false, cache_alone).map(|seen| seen.is_guess)
    }

    #[test]
    fn an_owner_is_told_from_the_values_of_a_cache() {
        assert_eq!(judged("own", "Z9Ahaw1DW3M6PEN5", true), Some(false));
        assert_eq!(judged("own", "Z9Ahaw1DW3M6PEN5", false), Some(true), "something else may be like that");
        assert_eq!(judged("own", "import on web-1", true), Some(true), "an owner that somebody chose");
        assert_eq!(judged("own", "import on web-1", false), None);
        for value in [
            "5",
            "1.5",
            "1e10",
            "1234567890123456",
            "s:3:\"abc\";",
            "i:5;",
            "b:1;",
            "N;",
            "a:0:{}",
            "O:1:\"A\":0:{}",
            "d:0.5;",
            "{\"a\":1}",
            "[]",
            "\"x\"",
            "true",
            "null",
            "",
            "a\u{0}b",
        ] {
            assert_eq!(judged("plain:x", value, true), None, "{value:?}");
        }
    }

    #[test]
    fn a_name_of_laravels_making_is_a_lock_whatever_holds_it() {
        let schedule = "framework/schedule-75cbbf9bac36eaac7551507ba24f9bf130a9b85d0731";
        assert_eq!(judged(schedule, "b:1;", false), Some(false), "before 12.22 it was kept as a value");
        assert_eq!(judged("laravel_unique_job:A:1", "s:16:\"Z9Ahaw1DW3M6PEN5\";", true), Some(false));
    }

    #[test]
    fn what_ended_meanwhile_and_what_is_long_are_no_locks() {
        let long = Kept { key: "x", bytes: vec![b'a'; VALUE], length: VALUE + 1, millis: -1 };
        assert_eq!(lock_of("x", &long, false, true), None);
        let over = Kept { key: "x", bytes: b"Z9Ahaw1DW3M6PEN5".to_vec(), length: 16, millis: -2 };
        assert_eq!(lock_of("x", &over, false, true), None);
    }
}
