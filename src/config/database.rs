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
        if at_behind_host(text) {
            return Err(bad(AT_BEHIND_HOST).hint(ENCODE));
        }
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

/// Why a URL is refused, and what to do about it.
pub(super) const AT_BEHIND_HOST: &str = "it has an `@` behind its host";
/// See [`AT_BEHIND_HOST`].
pub(super) const ENCODE: &str =
    "write `@`, `/`, `?` and `#` within its parts, the password above all, as `%40`, `%2F`, `%3F` and `%23`";

/// A `/`, `?` or `#` of a password that was not encoded ends the host early. What follows is half a password, would
/// pass for a database or a parameter, and be shown as such; the `@` behind it gives it away.
///
/// The text itself is looked at: what a parser makes of it has its `..` steps taken already.
pub(super) fn at_behind_host(text: &str) -> bool {
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest);
    let behind = match rest.strip_prefix("//") {
        Some(rest) => rest.split_once(['/', '?', '#']).map_or("", |(_, behind)| behind),
        None => rest,
    };
    behind.contains('@')
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

pub(super) fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

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

    // Without percent signs, `/`, `?` and `#` end the password early, and the rest of it would pass for something else.
    #[test]
    fn a_password_that_should_have_been_encoded_is_refused_and_not_shown() {
        for url in [
            "postgres://u:12?hunter2=1@h/d",
            "postgres://u:12/hunter2@h/d",
            "postgres://u:12#hunter2@h/d",
            "mysql://u:/hunter2@h/d",
            "mysql://u:12/hunter2/x@h/../d",
            "postgres:u:hunter2@h/d",
            "mysql:///u:hunter2@h/d",
        ] {
            let error = read(url).map(|database| format!("{database:?} {database}")).unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            assert!(error.hints()[0].contains("%40"), "{error:?}");
        }
        let database = read("postgres://u:a@b%2F%3F%23@h/d?search_path=a%40b").unwrap();
        assert_eq!(database.password.unwrap().expose_secret(), "a@b/?#");
        assert_eq!(database.search_path.as_deref(), Some("a@b"));
    }

    fn encoded(text: &str) -> String {
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
    }

    proptest! {
        #[test]
        fn any_text_is_an_error_or_a_database(
            text: String,
            near in r"(postgres|mysql|sqlite|:|//|/|@|\?|=|#|%4|\[|\]|[a-z0-9.])*",
        ) {
            let _ = read(&text);
            let _ = read(&near);
        }

        #[test]
        fn urls_are_read_as_the_parts_that_they_were_made_of(
            engine in prop::sample::select(vec![("postgres", Engine::Postgres), ("mariadb", Engine::MySql)]),
            host in r"[a-z][a-z0-9-]{0,8}(\.[a-z0-9]{1,5}){0,2}|\[::1\]|127\.0\.0\.1",
            (username, password, name) in (".*", ".*", ".*"),
            port in prop::option::of(any::<u16>()),
            search_path in prop::option::of(".*"),
        ) {
            // No URL can have these as its path: they are steps within one.
            prop_assume!(!matches!(name.as_str(), "." | ".."));
            let port_text = port.map(|port| format!(":{port}")).unwrap_or_default();
            let query = search_path.iter().map(|path| format!("?search_path={}", encoded(path))).collect::<String>();
            let (scheme, engine) = engine;
            let user = format!("{}:{}", encoded(&username), encoded(&password));
            let found = read(&format!("{scheme}://{user}@{host}{port_text}/{}{query}", encoded(&name))).unwrap();
            let bare = host.trim_matches(['[', ']']).to_owned();
            prop_assert_eq!(found.engine, engine);
            prop_assert_eq!(found.address, Address::Tcp(bare, port.unwrap_or(engine.default_port())));
            prop_assert_eq!((found.username, found.name), (username, name));
            let given = found.password.as_ref().map_or("", |found| found.expose_secret());
            prop_assert_eq!(given, password);
            prop_assert_eq!(found.search_path, search_path);
        }
    }
}
