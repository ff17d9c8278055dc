//! Values of the default cache store (`Illuminate\Cache\RedisStore` and `DatabaseStore`): the signs by which workers are
//! told to restart or to pause.

use crate::{
    Result,
    db::{Db, Fault, Query},
    laravel::php::{Limits, Value, read},
    redis::{Redis, glob},
};

/// Seconds that a value without an end is kept in a table: ten years (`DatabaseStore::forever`).
const FOREVER: i64 = 315_360_000;

/// Where values live, connected.
#[derive(Debug)]
pub enum Values<'a> {
    /// Keys on Redis: client prefix, then cache prefix, then name.
    Redis {
        /// The store's connection.
        redis: &'a Redis,
        /// The store's prefix.
        prefix: String,
    },
    /// Rows of `cache`: cache prefix, then name.
    Database {
        /// The database of the table.
        db: &'a Db,
        /// Its name, without the connection's prefix.
        table: String,
        /// The store's prefix.
        prefix: String,
    },
}

/// A value of the kinds that opsctl writes and needs to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// A whole number.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// Something else.
    Other,
}

impl Kept {
    /// Whether PHP takes it for true.
    pub fn is_true(self) -> bool {
        !matches!(self, Kept::Int(0) | Kept::Bool(false))
    }

    fn read(text: &[u8]) -> Self {
        // Redis keeps numbers as their digits, whatever they were (`RedisStore::serialize`).
        if let Some(number) = str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            return Kept::Int(number);
        }
        match read(text, Limits::default()) {
            Ok(Value::Int(number)) => Kept::Int(number),
            Ok(Value::Bool(truth)) => Kept::Bool(truth),
            Ok(Value::Null) => Kept::Bool(false),
            _ => Kept::Other,
        }
    }

    fn serialized(self) -> String {
        match self {
            Kept::Int(number) => format!("i:{number};"),
            Kept::Bool(truth) => format!("b:{};", u8::from(truth)),
            Kept::Other => "N;".into(),
        }
    }
}

impl Values<'_> {
    /// Where the value of a name lies, for people.
    pub fn address(&self, name: &str) -> String {
        match self {
            Values::Redis { redis, prefix } => {
                format!("`{}` in {}", redis.key(&format!("{prefix}{name}")), redis.target())
            }
            Values::Database { db, table, prefix } => {
                format!("`{prefix}{name}` of `{table}` in {}", db.target())
            }
        }
    }

    /// The value of a name that is there and has not ended.
    ///
    /// # Errors
    /// The store does not answer, or its table is missing.
    pub async fn get(&self, name: &str) -> Result<Option<Kept>> {
        let text = match self {
            Values::Redis { redis, prefix } => {
                let key = redis.key(&format!("{prefix}{name}"));
                redis.run::<Option<Vec<u8>>>(redis::cmd("GET").arg(key)).await?
            }
            Values::Database { db, table, prefix } => {
                let table = db.require(table, &["key", "value", "expiration"]).await?;
                let sql = format!(
                    "SELECT {} AS value FROM {} WHERE {} = ? AND {} > ?",
                    table.column("value"),
                    table.name,
                    table.column("key"),
                    table.column("expiration")
                );
                let now = db.now().await?.timestamp();
                let query = Query::new(sql).bind(format!("{prefix}{name}")).bind(now);
                match db.session().await?.first(query).await? {
                    Some(row) => row.into_bytes("value")?,
                    None => None,
                }
            }
        };
        Ok(text.map(|text| Kept::read(&text)))
    }

    /// The names that begin with a text, whether their values have ended or not. Of a very large cache on Redis, some of
    /// them.
    ///
    /// # Errors
    /// As [`Values::get`].
    pub async fn names(&self, beginning: &str) -> Result<Vec<String>> {
        let (keys, before) = match self {
            Values::Redis { redis, prefix } => {
                let before = redis.key(prefix);
                (redis.anywhere(&format!("{}*", glob(&format!("{before}{beginning}")))).await?, before)
            }
            Values::Database { db, table, prefix } => {
                let table = db.require(table, &["key"]).await?;
                let key = table.column("key");
                let begins: String =
                    format!("{prefix}{beginning}").replace('!', "!!").replace('%', "!%").replace('_', "!_");
                let sql = format!("SELECT {key} AS name FROM {} WHERE {key} LIKE ? ESCAPE '!'", table.name);
                let query = Query::new(sql).bind(format!("{begins}%"));
                let rows = db.session().await?.fetch(query).await?;
                let keys: Result<Vec<String>> = rows.iter().map(|row| row.text("name")).collect();
                (keys?, prefix.clone())
            }
        };
        Ok(keys.iter().filter_map(|key| key.strip_prefix(&before)).map(str::to_owned).collect())
    }

    /// Keeps a value without an end.
    ///
    /// # Errors
    /// As [`Values::get`].
    pub async fn put(&self, name: &str, value: Kept) -> Result<()> {
        match self {
            Values::Redis { redis, prefix } => {
                let text = match value {
                    Kept::Int(number) => number.to_string(),
                    value => value.serialized(),
                };
                let key = redis.key(&format!("{prefix}{name}"));
                redis.run(redis::cmd("SET").arg(key).arg(text)).await
            }
            Values::Database { db, table, prefix } => {
                put_row(db, table, &format!("{prefix}{name}"), value).await
            }
        }
    }

    /// Forgets a value; says whether it was there.
    ///
    /// # Errors
    /// As [`Values::get`].
    pub async fn forget(&self, name: &str) -> Result<bool> {
        match self {
            Values::Redis { redis, prefix } => {
                let key = redis.key(&format!("{prefix}{name}"));
                Ok(redis.run::<i64>(redis::cmd("DEL").arg(key)).await? > 0)
            }
            Values::Database { db, table, prefix } => {
                let table = db.require(table, &["key"]).await?;
                let sql = format!("DELETE FROM {} WHERE {} = ?", table.name, table.column("key"));
                let query = Query::new(sql).bind(format!("{prefix}{name}"));
                Ok(db.session().await?.execute(query).await? > 0)
            }
        }
    }
}

/// UPDATE, else INSERT; one who inserted in between is overwritten.
async fn put_row(db: &Db, table: &str, key: &str, value: Kept) -> Result<()> {
    let table = db.require(table, &["key", "value", "expiration"]).await?;
    let until = db.now().await?.timestamp() + FOREVER;
    let (name, text, end) = (table.column("key"), table.column("value"), table.column("expiration"));
    let update = Query::new(format!("UPDATE {} SET {text} = ?, {end} = ? WHERE {name} = ?", table.name))
        .bind(value.serialized())
        .bind(until)
        .bind(key);
    let mut session = db.session().await?;
    if session.execute(update.clone()).await? > 0 {
        return Ok(());
    }
    let insert = format!("INSERT INTO {} ({name}, {text}, {end}) VALUES (?, ?, ?)", table.name);
    match session.execute(Query::new(insert).bind(key).bind(value.serialized()).bind(until)).await {
        Err(error) if error.fault() == Some(Fault::Duplicate) => session.execute(update).await.map(|_| ()),
        result => result.map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_either_store_writes_them() {
        for (text, value) in [
            ("1795159862", Kept::Int(1_795_159_862)),
            ("i:1795159862;", Kept::Int(1_795_159_862)),
            ("b:1;", Kept::Bool(true)),
            ("b:0;", Kept::Bool(false)),
            ("N;", Kept::Bool(false)),
            ("s:1:\"x\";", Kept::Other),
            ("rubbish", Kept::Other),
        ] {
            assert_eq!(Kept::read(text.as_bytes()), value, "{text}");
        }
        assert!(Kept::Other.is_true() && !Kept::Int(0).is_true() && !Kept::Bool(false).is_true());
    }
}
