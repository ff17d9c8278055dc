//! The members of an application's connection, merged with those of its URL as Laravel does it.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{
    Address, Database, Engine,
    url::{LOCAL, UrlParts, one_name},
};
use crate::{Error, Result, config::Origin, near};

/// The members that stand by themselves, beside a URL or without one.
pub(in crate::config) struct Parts {
    /// The engine, in Laravel's words.
    pub driver: String,
    /// Host, or the folder of PostgreSQL's socket.
    pub host: Option<String>,
    /// Port.
    pub port: Option<String>,
    /// The database; for SQLite its file.
    pub database: Option<String>,
    /// User.
    pub username: Option<String>,
    /// Password.
    pub password: Option<SecretString>,
    /// MySQL's socket.
    pub socket: Option<String>,
    /// Further members, by names that [`Database::set`] knows, in the order in which they are set.
    pub settings: Vec<(String, String)>,
}

impl Parts {
    /// The connection. What the URL names is stronger, its parameters too; what it does not name stays
    /// (`Illuminate\Support\ConfigurationUrlParser::parseConfiguration`, Laravel 11-13).
    ///
    /// # Errors
    /// A driver, a port or a setting that opsctl cannot honour.
    pub fn build(mut self, url: Option<UrlParts>, dir: &Path, origin: Origin) -> Result<Database> {
        let mut port = None;
        let engine = match url {
            Some(url) => {
                port = url.port;
                self.take(url)
            }
            None => self.engine(&origin)?,
        };
        let port = match (port, &self.port) {
            (Some(port), _) => port,
            (None, None) => engine.default_port(),
            (None, Some(port)) => port
                .parse()
                .map_err(|_| Error::config(format!("the database port of {origin} is no port number")))?,
        };
        let settings = std::mem::take(&mut self.settings);
        let mut database = self.place(engine, port, dir, origin);
        for (name, value) in settings {
            database.set(&name, &value)?;
        }
        Ok(database)
    }

    /// Puts what a URL names in the place of what stands here; its port is a number already.
    fn take(&mut self, url: UrlParts) -> Engine {
        self.host = url.host.or(self.host.take());
        // An SQLite file's path is taken as it is: Laravel's decoding is about names and passwords.
        let text = |part: Option<String>| part.and_then(|part| coerced(&part));
        let name = if url.engine == Engine::Sqlite { url.name } else { text(url.name) };
        self.database = name.or(self.database.take());
        self.username = text(url.username).or(self.username.take());
        let password = url.password.and_then(|password| coerced(password.expose_secret()));
        self.password = password.map(SecretString::from).or(self.password.take());
        let said = |name: &str| url.query.iter().any(|(other, _)| one_name(other) == one_name(name));
        self.settings.retain(|(name, _)| !said(name));
        if said("unix_socket") {
            self.socket = None;
        }
        self.settings.extend(url.query);
        // The older word of the two is set first, so that the other one counts, as in Laravel.
        self.settings.sort_by_key(|(name, _)| name != "schema");
        url.engine
    }

    fn engine(&self, origin: &Origin) -> Result<Engine> {
        Engine::from_name(&self.driver).ok_or_else(|| {
            let drivers = ["pgsql", "mysql", "mariadb", "sqlite"];
            let all = format!("drivers: {}", drivers.join(", "));
            let error = Error::config(format!(
                "the database driver `{}` of {origin} cannot be honoured",
                self.driver
            ))
            .because("opsctl speaks to PostgreSQL, MySQL/MariaDB and SQLite");
            near::or(error, &self.driver, drivers, |near| format!("DB_CONNECTION={near}"), all)
        })
    }

    fn place(self, engine: Engine, port: u16, dir: &Path, origin: Origin) -> Database {
        if engine == Engine::Sqlite {
            // config/database.php: env('DB_DATABASE', database_path('database.sqlite')).
            let path = self.database.unwrap_or_else(|| "database/database.sqlite".into());
            return Database::sqlite(dir.join(path), origin);
        }
        let address = match self.socket {
            Some(socket) if engine == Engine::MySql => Address::Socket(socket.into(), port),
            _ => Address::of_host(self.host.unwrap_or_else(|| LOCAL.into()), port),
        };
        let mut database = Database::new(engine, address, origin);
        database.name = self.database.unwrap_or_else(|| "laravel".into());
        database.username = self.username.unwrap_or_else(|| "root".into());
        database.password = self.password;
        database
    }
}

/// Laravel decodes each part of a URL as JSON when it parses as such, so `true` is "1"; `null` is `None`: a part that
/// the URL does not name.
pub(in crate::config) fn coerced(text: &str) -> Option<String> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Null) => None,
        Ok(Value::Bool(on)) => Some(if on { "1".into() } else { String::new() }),
        Ok(Value::Number(number)) if number.is_f64() => number.as_f64().map(|number| number.to_string()),
        _ => Some(text.to_owned()),
    }
}
