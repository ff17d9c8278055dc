//! Many locks at once: a round trip for all of them, not for each.

use std::collections::{HashMap, HashSet};

use crate::{
    Result,
    db::{Begin, Db, Engine, Query, Row, Session, Table},
    laravel::lock::{Held, Locks},
};

/// The names of a set that are taken.
pub type Taken = HashSet<String>;

/// A lock that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Name without prefixes.
    pub name: String,
    /// For whom.
    pub owner: String,
}

impl Locks<'_> {
    /// Asks for locks once; gives the names of those that are ours now. Where the locks are rows of the database that
    /// `session` has a transaction on, they are taken in it, and gone with it when it is rolled back.
    ///
    /// # Errors
    /// The store does not answer, or its table is missing. On Redis some may be held then, until their time is over.
    pub async fn acquire_all(
        &self,
        session: &mut Session<'_>,
        names: &[String],
        owner: &str,
        seconds: u32,
    ) -> Result<Taken> {
        let wanted: Vec<Wanted> =
            names.iter().map(|name| Wanted { name: name.clone(), owner: owner.to_owned() }).collect();
        self.acquire_each(session, &wanted, seconds).await
    }

    /// As [`Locks::acquire_all`], each for an owner of its own.
    ///
    /// # Errors
    /// As [`Locks::acquire_all`].
    pub async fn acquire_each(
        &self,
        session: &mut Session<'_>,
        wanted: &[Wanted],
        seconds: u32,
    ) -> Result<Taken> {
        match self {
            Locks::Redis { .. } => self.acquire_keys(wanted, seconds).await,
            Locks::Database { db, table, prefix } => {
                let table = db.require(table, &["key", "owner", "expiration"]).await?;
                let now = db.now().await?.timestamp();
                let rows = Rows { table: &table, prefix, now, until: now + i64::from(seconds) };
                if is_same(db, session) {
                    return rows.take(session, wanted).await;
                }
                let mut own = db.session().await?;
                own.begin(Begin::Write).await?;
                let taken = rows.take(&mut own, wanted).await?;
                own.commit().await?;
                Ok(taken)
            }
        }
    }

    /// Which of these locks somebody holds now.
    ///
    /// # Errors
    /// The store does not answer, or its table is missing.
    pub async fn held_of(&self, names: &[String]) -> Result<Taken> {
        match self {
            Locks::Redis { .. } => {
                let owners = self.owners(names).await?;
                Ok(names.iter().zip(owners).filter_map(|(name, owner)| owner.map(|_| name.clone())).collect())
            }
            Locks::Database { db, table, prefix } => {
                let table = db.require(table, &["key", "owner", "expiration"]).await?;
                let keys: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
                let filter = table.one_of("key", keys.iter().map(String::as_str));
                let sql = format!(
                    "SELECT {} AS name FROM {} WHERE {} AND {} > ?",
                    table.column("key"),
                    table.name,
                    filter.sql,
                    table.column("expiration")
                );
                let now = db.now().await?.timestamp();
                let query = Query::new(sql).bind_all(filter.values).bind(now);
                named(&db.session().await?.fetch(query).await?, prefix)
            }
        }
    }

    /// Gives locks back that were taken outside of a transaction.
    ///
    /// # Errors
    /// The store does not answer: what is left ends with its time.
    pub async fn release_all(
        &self,
        names: impl IntoIterator<Item = String>,
        owner: &str,
        seconds: u32,
    ) -> Result<()> {
        for name in names {
            self.release(&Held { name, owner: owner.to_owned(), seconds }).await?;
        }
        Ok(())
    }

    /// Whether a transaction of `session` holds what it takes of these locks.
    pub fn are_in(&self, session: &Session<'_>) -> bool {
        matches!(self, Locks::Database { db, .. } if is_same(db, session))
    }

    async fn acquire_keys(&self, wanted: &[Wanted], seconds: u32) -> Result<Taken> {
        let Locks::Redis { redis, prefix } = self else { return Ok(Taken::new()) };
        let mut ask = redis::pipe();
        for Wanted { name, owner } in wanted {
            let key = redis.key(&format!("{prefix}{name}"));
            ask.cmd("SET").arg(key).arg(owner).arg("EX").arg(seconds.max(1)).arg("NX");
        }
        let answers: Vec<Option<String>> = redis.pipe(&ask).await?;
        let (mut taken, mut refused) = (Taken::new(), Vec::new());
        for (wanted, answer) in wanted.iter().zip(answers) {
            match answer {
                Some(_) => _ = taken.insert(wanted.name.clone()),
                None => refused.push(wanted),
            }
        }
        // Commands that were repeated on a new connection may have been heard the first time.
        let names: Vec<String> = refused.iter().map(|wanted| wanted.name.clone()).collect();
        let owners = self.owners(&names).await?;
        let is_ours =
            |(wanted, found): &(&Wanted, Option<Vec<u8>>)| found.as_deref() == Some(wanted.owner.as_bytes());
        let ours = refused.into_iter().zip(owners).filter(is_ours);
        taken.extend(ours.map(|(wanted, _)| wanted.name.clone()));
        Ok(taken)
    }

    pub(super) async fn owners(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let Locks::Redis { redis, prefix } = self else { return Ok(Vec::new()) };
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut ask = redis::pipe();
        for name in names {
            ask.cmd("GET").arg(redis.key(&format!("{prefix}{name}")));
        }
        redis.pipe(&ask).await
    }
}

pub(super) fn is_same(db: &Db, session: &Session<'_>) -> bool {
    std::ptr::eq(db, session.db())
}

fn named(rows: &[Row], prefix: &str) -> Result<Taken> {
    let names = rows.iter().map(|row| row.text("name"));
    names.map(|name| Ok(name?.strip_prefix(prefix).unwrap_or_default().to_owned())).collect()
}

/// Locks that are rows.
struct Rows<'a> {
    table: &'a Table,
    prefix: &'a str,
    now: i64,
    until: i64,
}

impl Rows<'_> {
    /// What has expired goes, what is free is ours, and the rows tell which that is. No statement fails on a lock that
    /// is held: on PostgreSQL that would end the transaction.
    async fn take(&self, session: &mut Session<'_>, wanted: &[Wanted]) -> Result<Taken> {
        if wanted.is_empty() {
            return Ok(Taken::new());
        }
        let table = self.table;
        let (key, owner, end) = (table.column("key"), table.column("owner"), table.column("expiration"));
        let owners: HashMap<String, &str> =
            wanted.iter().map(|one| (format!("{}{}", self.prefix, one.name), one.owner.as_str())).collect();
        let mut keys: Vec<(&String, &&str)> = owners.iter().collect();
        keys.sort_unstable(); // two who want the same locks take them in one order
        let filter = table.one_of("key", keys.iter().map(|(key, _)| key.as_str()));
        let expired = format!("DELETE FROM {} WHERE {} AND {end} <= ?", table.name, filter.sql);
        session.execute(Query::new(expired).bind_all(filter.values.clone()).bind(self.now)).await?;
        let (insert, rest) = match table.engine() {
            Engine::MySql => ("INSERT IGNORE", ""),
            Engine::Postgres | Engine::Sqlite => ("INSERT", " ON CONFLICT DO NOTHING"),
        };
        for some in keys.chunks(100) {
            let holes = vec!["(?, ?, ?)"; some.len()].join(", ");
            let sql = format!("{insert} INTO {} ({key}, {owner}, {end}) VALUES {holes}{rest}", table.name);
            let values = some
                .iter()
                .flat_map(|(key, owner)| [key.as_str().into(), (**owner).into(), self.until.into()]);
            session.execute(Query::new(sql).bind_all(values)).await?;
        }
        let held = format!("SELECT {key} AS name, {owner} AS owner FROM {} WHERE {}", table.name, filter.sql);
        let mut rows = session.fetch(Query::new(held).bind_all(filter.values)).await?;
        let is_ours = |row: &Row| {
            let (name, owner) = (row.text("name").unwrap_or_default(), row.text("owner").unwrap_or_default());
            owners.get(&name).is_some_and(|wanted| *wanted == owner)
        };
        rows.retain(is_ours);
        named(&rows, self.prefix)
    }
}
