//! Many locks looked up, renewed and given back at once: a round trip for all of them, not for each.

use std::collections::HashMap;

use crate::{
    Kind, Result,
    db::{Query, Session, Table},
    laravel::{
        lock::{Held, Locks},
        lock_set::{Taken, Wanted, is_same},
    },
};

/// Deletes a lock that is still its owner's, as `LuaScripts::releaseLock` does.
const RELEASE: &str =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";
/// Extends a lock that is still its owner's.
const RENEW: &str = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('expire', KEYS[1], ARGV[2]) end return 0";

/// What the columns of the table are called.
const COLUMNS: [&str; 3] = ["key", "owner", "expiration"];

impl Locks<'_> {
    /// Who holds which of these locks now, by their names; seen from the session's transaction where there is one on the
    /// database of the locks.
    ///
    /// # Errors
    /// The store does not answer, or its table is missing.
    pub async fn owners_of(
        &self,
        session: Option<&mut Session<'_>>,
        names: &[String],
    ) -> Result<HashMap<String, String>> {
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        let Locks::Database { db, table, prefix } = self else {
            let owners = self.owners(names).await?;
            let text =
                |owner: Option<Vec<u8>>| owner.map(|owner| String::from_utf8_lossy(&owner).into_owned());
            let held =
                names.iter().zip(owners).filter_map(|(name, owner)| Some((name.clone(), text(owner)?)));
            return Ok(held.collect());
        };
        let table = db.require(table, &COLUMNS).await?;
        let keys: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
        let filter = table.one_of("key", keys.iter().map(String::as_str));
        let [key, owner, end] = COLUMNS.map(|name| table.column(name));
        let sql = format!(
            "SELECT {key} AS name, {owner} AS owner FROM {} WHERE {} AND {end} > ?",
            table.name, filter.sql
        );
        let query = Query::new(sql).bind_all(filter.values).bind(db.now().await?.timestamp());
        let rows = match session {
            Some(session) if is_same(db, session) => session.fetch(query).await?,
            _ => db.session().await?.fetch(query).await?,
        };
        let bare = |name: String| name.strip_prefix(prefix.as_str()).unwrap_or_default().to_owned();
        rows.iter().map(|row| Ok((bare(row.text("name")?), row.text("owner")?))).collect()
    }

    /// Gives back those locks that are still their owners'; in the session's transaction where there is one on the
    /// database of the locks.
    ///
    /// # Errors
    /// The store does not answer: what is left ends with its time.
    pub async fn release_each(&self, session: Option<&mut Session<'_>>, held: &[Wanted]) -> Result<()> {
        match self {
            _ if held.is_empty() => Ok(()),
            Locks::Redis { redis, prefix } => {
                let mut ask = redis::pipe();
                for Wanted { name, owner } in held {
                    let key = redis.key(&format!("{prefix}{name}"));
                    ask.cmd("EVAL").arg(RELEASE).arg(1).arg(key).arg(owner);
                }
                redis.pipe::<Vec<i64>>(&ask).await.map(|_| ())
            }
            Locks::Database { db, table, prefix } => {
                let table = db.require(table, &COLUMNS).await?;
                match session.filter(|session| is_same(db, session)) {
                    Some(session) => delete(session, &table, prefix, held).await,
                    None => delete(&mut db.session().await?, &table, prefix, held).await,
                }
            }
        }
    }

    /// Extends locks that are still their owners'; gives the names of those that are.
    ///
    /// # Errors
    /// The store does not answer, or its table is missing.
    pub async fn renew_each(
        &self,
        session: &mut Session<'_>,
        held: &[Wanted],
        seconds: u32,
    ) -> Result<Taken> {
        let mut ours = Taken::new();
        if self.are_in(session) {
            // They are rows of the transaction: nobody else sees them before its end.
            ours.extend(held.iter().map(|lock| lock.name.clone()));
            return Ok(ours);
        }
        let Locks::Redis { redis, prefix } = self else {
            for Wanted { name, owner } in held {
                match self.renew(&Held { name: name.clone(), owner: owner.clone(), seconds }).await {
                    Ok(()) => _ = ours.insert(name.clone()),
                    Err(error) if error.kind() == Kind::Locked => {}
                    Err(error) => return Err(error),
                }
            }
            return Ok(ours);
        };
        if held.is_empty() {
            return Ok(ours);
        }
        let mut ask = redis::pipe();
        for Wanted { name, owner } in held {
            let key = redis.key(&format!("{prefix}{name}"));
            ask.cmd("EVAL").arg(RENEW).arg(1).arg(key).arg(owner).arg(seconds);
        }
        let answers: Vec<i64> = redis.pipe(&ask).await?;
        let renewed = held.iter().zip(answers).filter(|(_, answer)| *answer > 0);
        ours.extend(renewed.map(|(lock, _)| lock.name.clone()));
        Ok(ours)
    }
}

/// One statement for each owner: as a rule all locks have the same.
async fn delete(session: &mut Session<'_>, table: &Table, prefix: &str, held: &[Wanted]) -> Result<()> {
    let mut by_owner: HashMap<&str, Vec<String>> = HashMap::new();
    for lock in held {
        by_owner.entry(&lock.owner).or_default().push(format!("{prefix}{}", lock.name));
    }
    for (owner, keys) in by_owner {
        let filter = table.one_of("key", keys.iter().map(String::as_str));
        let sql =
            format!("DELETE FROM {} WHERE {} AND {} = ?", table.name, filter.sql, table.column("owner"));
        session.execute(Query::new(sql).bind_all(filter.values).bind(owner)).await?;
    }
    Ok(())
}
