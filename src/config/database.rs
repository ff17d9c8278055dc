//! How to reach one database: engine, address, credentials, and what the application sets on its sessions.

mod parts;
pub mod passfile;
pub mod tls;
mod url;

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
};

use secrecy::SecretString;

use self::tls::{Mode, Tls};
pub(super) use self::{
    parts::{Parts, coerced},
    url::{AT_BEHIND_HOST, ENCODE, FRAGMENT, UrlParts, at_behind_host, decode},
};
use super::origin::Origin;
use crate::{Error, Result};

/// The database engines that opsctl speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

    /// Its word, in output: the scheme of its URLs.
    pub const fn name(self) -> &'static str {
        match self {
            Engine::Postgres => "postgres",
            Engine::MySql => "mysql",
            Engine::Sqlite => "sqlite",
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

impl Address {
    /// A host's name, or the folder of a socket where it begins with a slash, as libpq has it.
    pub(super) fn of_host(host: String, port: u16) -> Self {
        if host.starts_with('/') { Address::Socket(host.into(), port) } else { Address::Tcp(host, port) }
    }

    /// Whether what is sent there leaves this host. Names are not looked up.
    pub fn is_off_host(&self) -> bool {
        let Address::Tcp(host, _) = self else { return false };
        let named = host.eq_ignore_ascii_case("localhost") || host.to_lowercase().ends_with(".localhost");
        let numbered = host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
        !named && !numbered
    }
}

/// What stands between opsctl and a PostgreSQL server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing that would show.
    #[default]
    None,
    /// A pooler that keeps a server connection for as long as we are connected: no startup options.
    Session,
    /// A pooler that may change the server connection behind every transaction: no startup options, no state of a
    /// session, no statement outside of a transaction.
    Transaction,
}

impl Pooler {
    /// The modes of PgBouncer that opsctl works with.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Pooler::None),
            "session" => Some(Pooler::Session),
            "transaction" => Some(Pooler::Transaction),
            _ => None,
        }
    }

    /// The word for it in an `opsctl.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Pooler::None => "none",
            Pooler::Session => "session",
            Pooler::Transaction => "transaction",
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
    /// Where the password came from, when it is not where the connection is named.
    pub password_origin: Option<Origin>,
    /// Why a password file was passed over; told when the server wants a password.
    pub password_note: Option<String>,
    /// Encryption.
    pub tls: Tls,
    /// PostgreSQL's `search_path`, as Laravel's connection sets it.
    pub search_path: Option<String>,
    /// Table prefix.
    pub prefix: String,
    /// Session time zone that the application sets; `None` keeps the server's.
    pub time_zone: Option<String>,
    /// What stands in between.
    pub pooler: Pooler,
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
            password_origin: None,
            password_note: None,
            tls: Tls::default(),
            search_path: None,
            prefix: String::new(),
            time_zone: None,
            pooler: Pooler::None,
            origin,
        }
    }

    /// What tells databases apart, however they are written: two that give the same text are one. Names of hosts are not
    /// looked up; tables of another schema, or with another prefix, are another database's.
    pub fn identity(&self) -> String {
        let place = match &self.address {
            Address::Tcp(host, port) => format!("{}:{port}", one_host(host)),
            Address::Socket(path, port) => format!("{}:{port}", path.display()),
            Address::File(path) => path.canonicalize().as_ref().unwrap_or(path).display().to_string(),
        };
        let schema = self.search_path.as_deref().unwrap_or_default();
        format!("{} {place} {} {schema} {}", self.engine.name(), self.name, self.prefix)
    }

    /// An SQLite file.
    pub fn sqlite(path: impl Into<PathBuf>, origin: Origin) -> Self {
        Self::new(Engine::Sqlite, Address::File(path.into()), origin)
    }

    /// Sets one further member by the name that Laravel's connection settings and URLs give it.
    ///
    /// # Errors
    /// A member or a value that opsctl cannot honour; a value is never repeated.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            _ if self.engine == Engine::Sqlite && !matches!(name, "prefix" | "foreign_key_constraints") => {
                return Err(self.unusable(name, "SQLite has no such setting in opsctl"));
            }
            "search_path" | "schema" if self.engine != Engine::Postgres => {
                return Err(self.unusable(name, "only PostgreSQL has a search path"));
            }
            "sslmode" | "ssl-mode" => {
                let mode = Mode::from_name(value);
                self.tls.asked =
                    Some(mode.ok_or_else(|| self.unusable(name, "it is no sslmode that opsctl knows"))?);
            }
            "sslrootcert" if value == "system" => self.tls.system = true,
            "sslrootcert" | "ssl-ca" => self.tls.authority = Some(PathBuf::from(value)),
            "sslcert" | "ssl-cert" => self.tls.certificate = Some(PathBuf::from(value)),
            "sslkey" | "ssl-key" => self.tls.key = Some(PathBuf::from(value)),
            "search_path" | "schema" => self.search_path = Some(value.to_owned()),
            "prefix" => {
                self.prefix =
                    checked_prefix(value).ok_or_else(|| self.unusable(name, "not a table prefix"))?;
            }
            "timezone" => self.time_zone = Some(value.to_owned()),
            "host" | "unix_socket" | "socket" if value.starts_with('/') => {
                self.address = Address::Socket(value.into(), self.port());
            }
            // Laravel 13's word for a pooler in transaction mode.
            "pooled" if matches!(value, "true" | "1") => self.set("pooler", "transaction")?,
            "pooled" if matches!(value, "false" | "0" | "") => {}
            "pooled" => return Err(self.unusable(name, "it is `true` or `false`")),
            "pooler" => {
                let pooler = Pooler::from_name(value);
                self.pooler =
                    pooler.ok_or_else(|| self.unusable(name, "it is `transaction`, `session` or `none`"))?;
                if self.engine != Engine::Postgres && self.pooler != Pooler::None {
                    return Err(self.unusable(name, "opsctl knows poolers of PostgreSQL only"));
                }
            }
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

    /// The mode of encryption in force. On a socket nothing leaves the host: PostgreSQL has no encryption there, and
    /// MySQL uses it when it must.
    pub fn tls_mode(&self) -> Mode {
        let mode = self.tls.mode(self.origin.is_own() && self.address.is_off_host());
        match (&self.address, self.engine) {
            (Address::Socket(..), Engine::Postgres) => Mode::Disable,
            (Address::Socket(..), _) if mode == Mode::Prefer => Mode::Disable,
            _ => mode,
        }
    }

    /// Refuses settings that only together make no sense.
    ///
    /// # Errors
    /// Half a client certificate; no user, for a server.
    pub(super) fn check(&self) -> Result<()> {
        if let Some(why) = self.tls.contradiction() {
            return Err(Error::config(format!(
                "the TLS settings of the database of {} cannot be used",
                self.origin
            ))
            .because(why));
        }
        if self.engine != Engine::Sqlite && self.username.is_empty() {
            return Err(Error::config(format!("the database URL of {} names no user", self.origin))
                .hint("write it before the host: `postgres://USER@HOST/DATABASE`"));
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

/// A host by one of its names: case does not count, and this host is `localhost` by name and by number.
fn one_host(host: &str) -> String {
    let host = host.trim_end_matches('.').to_lowercase();
    let number = host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
    match number {
        Some(ip) if ip == IpAddr::V4(Ipv4Addr::LOCALHOST) || ip == IpAddr::V6(Ipv6Addr::LOCALHOST) => {
            "localhost".into()
        }
        Some(ip) => ip.to_string(),
        None => host,
    }
}

fn checked_prefix(prefix: &str) -> Option<String> {
    let plain = prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| prefix.to_owned())
}
