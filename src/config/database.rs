//! How to reach one database: engine, address, credentials, and what the application sets on its sessions.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

use super::origin::Origin;
use crate::{Error, Result};

/// The database engines that opsctl speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// PostgreSQL 13 and later.
    Postgres,
    /// MariaDB 10.6 and later; MySQL 8 by construction.
    MySql,
    /// SQLite, bundled.
    Sqlite,
}

impl Engine {
    /// From a URL scheme or a Laravel driver name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "postgres" | "postgresql" | "pgsql" => Some(Engine::Postgres),
            "mysql" | "mysql2" | "mariadb" => Some(Engine::MySql),
            "sqlite" | "sqlite3" => Some(Engine::Sqlite),
            _ => None,
        }
    }

    pub(super) const fn default_port(self) -> u16 {
        match self {
            Engine::Postgres => 5432,
            _ => 3306,
        }
    }
}

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Host and port.
    Tcp(String, u16),
    /// Folder of the socket (PostgreSQL) or the socket itself (MySQL), and the port, which is part of PostgreSQL's
    /// socket name.
    Socket(PathBuf, u16),
    /// The SQLite file.
    File(PathBuf),
}

/// How far the connection is encrypted and verified; words of libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Never.
    Disable,
    /// When the server can: what the application's own drivers do by default.
    Prefer,
    /// Always, without checking who answers.
    Require,
    /// Always, signed by a known authority.
    VerifyCa,
    /// Always, and the certificate names the host.
    VerifyFull,
}

impl Tls {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "disable" => Some(Tls::Disable),
            "allow" | "prefer" => Some(Tls::Prefer),
            "require" => Some(Tls::Require),
            "verify-ca" => Some(Tls::VerifyCa),
            "verify-full" => Some(Tls::VerifyFull),
            _ => None,
        }
    }
}

/// One database connection, resolved. Its `Debug` and `Display` never show the password.
#[derive(Debug, Clone)]
pub struct Database {
    /// The engine.
    pub engine: Engine,
    /// Where it listens.
    pub address: Address,
    /// Database name; empty for SQLite.
    pub name: String,
    /// Role or user; empty for SQLite.
    pub username: String,
    /// Password, if one is set.
    pub password: Option<SecretString>,
    /// Encryption.
    pub tls: Tls,
    /// Certificate authority to trust, instead of the host's.
    pub tls_authority: Option<PathBuf>,
    /// PostgreSQL's `search_path`, as Laravel's connection sets it.
    pub search_path: Option<String>,
    /// Table prefix.
    pub prefix: String,
    /// Session time zone that the application sets on MySQL; `None` keeps the server's.
    pub time_zone: Option<String>,
    /// A PgBouncer in transaction mode stands in between.
    pub pooled: bool,
    /// Which source named this connection.
    pub origin: Origin,
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.address, self.engine) {
            (Address::File(path), _) => write!(f, "sqlite:{}", path.display()),
            (Address::Tcp(host, port), Engine::Postgres) => {
                write!(f, "postgres://{host}:{port}/{}", self.name)
            }
            (Address::Tcp(host, port), _) => write!(f, "mysql://{host}:{port}/{}", self.name),
            (Address::Socket(path, _), Engine::Postgres) => {
                write!(f, "postgres:{}/{}", path.display(), self.name)
            }
            (Address::Socket(path, _), _) => write!(f, "mysql:{}/{}", path.display(), self.name),
        }
    }
}

impl Database {
    /// A connection with an engine's defaults.
    pub fn new(engine: Engine, address: Address, origin: Origin) -> Self {
        Self {
            engine,
            address,
            name: String::new(),
            username: String::new(),
            password: None,
            tls: Tls::Prefer,
            tls_authority: None,
            search_path: None,
            prefix: String::new(),
            time_zone: None,
            pooled: false,
            origin,
        }
    }

    /// An SQLite file.
    pub fn sqlite(path: impl Into<PathBuf>, origin: Origin) -> Self {
        Self::new(Engine::Sqlite, Address::File(path.into()), origin)
    }

    /// Reads a database URL. Relative SQLite paths are seen from `base`. The URL is never repeated in an error.
    ///
    /// # Errors
    /// An unknown scheme, a missing part, a parameter that opsctl cannot honour.
    pub fn from_url(text: &str, base: &Path, origin: &Origin) -> Result<Self> {
        let bad =
            |why: &str| Error::config(format!("the database URL of {origin} cannot be used")).because(why);
        let (scheme, rest) = text.split_once(':').ok_or_else(|| bad("it has no scheme"))?;
        let engine = Engine::from_name(scheme)
            .ok_or_else(|| bad("its scheme is none of postgres, mysql, mariadb, sqlite"))?;
        if engine == Engine::Sqlite {
            let path = sqlite_path(rest).ok_or_else(|| bad("it names no file"))?;
            return Ok(Self::sqlite(base.join(path), origin.clone()));
        }
        // The `url` crate treats unknown schemes as opaque hosts, which is what database URLs need.
        let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("127.0.0.1");
        let host = decode(host.trim_matches(['[', ']'])).ok_or_else(|| bad("its host is not UTF-8"))?;
        let mut database = Self::new(
            engine,
            Address::Tcp(host, url.port().unwrap_or(engine.default_port())),
            origin.clone(),
        );
        database.name =
            decode(url.path().trim_start_matches('/')).ok_or_else(|| bad("its database is not UTF-8"))?;
        database.username = decode(url.username()).ok_or_else(|| bad("its user is not UTF-8"))?;
        if let Some(password) = url.password() {
            let password = decode(password).ok_or_else(|| bad("its password is not UTF-8"))?;
            database.password = Some(SecretString::from(password));
        }
        for (name, value) in url.query_pairs() {
            database.set(&name, &value)?;
        }
        Ok(database)
    }

    /// Sets one further member by the name that Laravel's connection settings and URLs give it.
    ///
    /// # Errors
    /// A member or a value that opsctl cannot honour; a value is never repeated.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "sslmode" | "ssl-mode" => {
                self.tls = Tls::from_name(&value.to_lowercase().replace('_', "-"))
                    .ok_or_else(|| self.unusable(name, "it is no sslmode that opsctl knows"))?;
            }
            "sslrootcert" | "ssl-ca" => {
                self.tls_authority = Some(PathBuf::from(value));
                if self.tls == Tls::Prefer {
                    self.tls = Tls::VerifyCa; // who names an authority wants it checked
                }
            }
            "search_path" | "schema" => self.search_path = Some(value.to_owned()),
            "prefix" => {
                self.prefix =
                    checked_prefix(value).ok_or_else(|| self.unusable(name, "not a table prefix"))?;
            }
            "timezone" => self.time_zone = Some(value.to_owned()),
            "host" | "unix_socket" | "socket" if value.starts_with('/') => {
                self.address = Address::Socket(value.into(), self.port());
            }
            "pooled" => self.pooled = matches!(value, "true" | "1"),
            // What every connection of opsctl has already.
            "charset"
            | "collation"
            | "strict"
            | "engine"
            | "application_name"
            | "foreign_key_constraints" => {}
            _ => return Err(self.unusable(name, "opsctl cannot honour it")),
        }
        Ok(())
    }

    fn port(&self) -> u16 {
        match self.address {
            Address::Tcp(_, port) | Address::Socket(_, port) => port,
            Address::File(_) => self.engine.default_port(),
        }
    }

    fn unusable(&self, name: &str, why: &str) -> Error {
        Error::config(format!("the setting `{name}` of the database of {} cannot be used", self.origin))
            .because(why)
    }
}

/// `sqlite:PATH`, `sqlite://PATH`, `sqlite:///ABSOLUTE`; parameters are not taken.
fn sqlite_path(rest: &str) -> Option<String> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let path = decode(path.split('?').next()?)?;
    (!path.is_empty()).then_some(path)
}

fn checked_prefix(prefix: &str) -> Option<String> {
    let plain = prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| prefix.to_owned())
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Database> {
        Database::from_url(url, Path::new("/srv"), &Origin::Variable("OPSCTL_DATABASE_URL".into()))
    }

    #[test]
    fn urls_of_the_three_engines() {
        let pg = read("postgres://ops:p%40ss@db.example:6432/app?sslmode=require&search_path=ops").unwrap();
        assert_eq!(pg.to_string(), "postgres://db.example:6432/app");
        assert_eq!(
            (pg.username.as_str(), pg.tls, pg.search_path.as_deref()),
            ("ops", Tls::Require, Some("ops"))
        );
        assert_eq!(read("mariadb://u@h/app").unwrap().to_string(), "mysql://h:3306/app");
        assert_eq!(read("sqlite:data/x.sqlite").unwrap().to_string(), "sqlite:/srv/data/x.sqlite");
        assert_eq!(read("sqlite:///abs/x.sqlite").unwrap().to_string(), "sqlite:/abs/x.sqlite");
    }

    #[test]
    fn no_error_or_debug_text_repeats_a_password() {
        let secret = "hunter2";
        for url in [
            format!("oracle://u:{secret}@h/d"),
            format!("postgres://u:{secret}@h:notaport/d"),
            format!("postgres://u:{secret}@h/d?sslmode={secret}"),
            format!("mysql://u:{secret}@h/d?unknown={secret}"),
        ] {
            let error = read(&url).unwrap_err();
            assert!(!format!("{error:?}").contains(secret), "{error:?}");
        }
        let database = read(&format!("postgres://u:{secret}@h/d")).unwrap();
        assert!(!format!("{database:?} {database}").contains(secret));
    }
}
