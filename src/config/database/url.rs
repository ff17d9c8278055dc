//! Database URLs, as libpq, Laravel and sqlx write them.

use std::{borrow::Cow, path::Path};

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

use super::{Address, Database, Engine};
use crate::{Error, Result, config::Origin};

/// What a database URL names; what it does not name is left to defaults, or to the settings beside it.
pub(in crate::config) struct UrlParts {
    /// From its scheme.
    pub engine: Engine,
    /// Host, or the folder of a socket.
    pub host: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// The database; for SQLite the path of its file.
    pub name: Option<String>,
    /// User.
    pub username: Option<String>,
    /// Password, which may be empty.
    pub password: Option<SecretString>,
    /// Parameters, none of them twice.
    pub query: Vec<(String, String)>,
}

impl Database {
    /// Reads a database URL. Relative paths are seen from `base`. The URL is never repeated in an error.
    ///
    /// # Errors
    /// An unknown scheme, a missing part, a parameter that opsctl cannot honour.
    pub fn from_url(text: &str, base: &Path, origin: &Origin) -> Result<Self> {
        UrlParts::read(text, origin)?.into_database(base, origin)
    }
}

impl UrlParts {
    /// Reads a URL and judges none of its parameters but that they are there once.
    ///
    /// # Errors
    /// As [`Database::from_url`].
    pub fn read(text: &str, origin: &Origin) -> Result<Self> {
        let bad =
            |why: &str| Error::config(format!("the database URL of {origin} cannot be used")).because(why);
        let (scheme, rest) = text.split_once(':').ok_or_else(|| bad("it has no scheme"))?;
        let engine = Engine::from_name(scheme)
            .ok_or_else(|| bad("its scheme is none of postgres, mysql, mariadb, sqlite"))?;
        if engine != Engine::Sqlite && at_behind_host(text) {
            return Err(bad(AT_BEHIND_HOST).hint(ENCODE));
        }
        if text.contains('#') {
            return Err(bad(FRAGMENT).hint(ENCODE));
        }
        let parts =
            if engine == Engine::Sqlite { Self::of_file(rest) } else { Self::of_server(engine, text) };
        let parts = parts.map_err(|why| bad(&why))?;
        if let Some(name) = twice(&parts.query) {
            return Err(bad(&format!("it says `{name}` twice")).hint("leave one of them out"));
        }
        Ok(parts)
    }

    /// `sqlite:PATH`, `sqlite://PATH`, `sqlite:///ABSOLUTE`.
    fn of_file(rest: &str) -> Result<Self, String> {
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        // As behind a host: what stands before it may be half a password, and names of parameters are shown.
        if query.contains('@') {
            return Err("it has an `@` in its parameters".into());
        }
        let path = decode(path).filter(|path| !path.is_empty()).ok_or("it names no file")?;
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let engine = Engine::Sqlite;
        Ok(Self { engine, host: None, port: None, name: Some(path), username: None, password: None, query })
    }

    fn of_server(engine: Engine, text: &str) -> Result<Self, String> {
        // The `url` crate treats unknown schemes as opaque hosts, which is what database URLs need.
        let (text, has_host) = with_host(text);
        let url = Url::parse(&text).map_err(|error| error.to_string())?;
        let part = |text: &str, what: &str| {
            let text = decode(text).ok_or_else(|| format!("its {what} is not UTF-8"))?;
            Ok::<_, String>(Some(text).filter(|text| !text.is_empty()))
        };
        let host = url.host_str().filter(|_| has_host).unwrap_or_default();
        let password = url.password().map(|text| decode(text).ok_or("its password is not UTF-8"));
        Ok(Self {
            engine,
            host: part(host.trim_matches(['[', ']']), "host")?,
            port: url.port(),
            name: part(url.path().trim_start_matches('/'), "database")?,
            username: part(url.username(), "user")?,
            password: password.transpose()?.map(SecretString::from),
            query: url.query_pairs().into_owned().collect(),
        })
    }

    /// Whether a parameter says `setting`, by any of its names.
    pub fn says(&self, setting: &str) -> bool {
        self.query.iter().any(|(name, _)| one_name(name) == setting)
    }

    /// The connection that the URL names by itself.
    ///
    /// # Errors
    /// A parameter that opsctl cannot honour.
    pub fn into_database(self, base: &Path, origin: &Origin) -> Result<Database> {
        let origin = origin.clone();
        let mut database = match self.engine {
            Engine::Sqlite => Database::sqlite(base.join(self.name.unwrap_or_default()), origin),
            engine => {
                let host = self.host.unwrap_or_else(|| LOCAL.into());
                let port = self.port.unwrap_or(engine.default_port());
                let mut database = Database::new(engine, Address::of_host(host, port), origin);
                database.name = self.name.unwrap_or_default();
                database.username = self.username.unwrap_or_default();
                database.password = self.password;
                database
            }
        };
        for (name, value) in &self.query {
            database.set(name, value)?;
        }
        database.tls.relative_to(base);
        Ok(database)
    }
}

/// The host of those who name none.
pub(super) const LOCAL: &str = "127.0.0.1";

/// A setting's one name, of those that [`Database::set`] knows it by.
pub(super) fn one_name(name: &str) -> &str {
    match name {
        "ssl-mode" => "sslmode",
        "ssl-ca" => "sslrootcert",
        "ssl-cert" => "sslcert",
        "ssl-key" => "sslkey",
        "pooled" => "pooler",
        "socket" => "unix_socket",
        name => name,
    }
}

/// The name of a parameter that comes twice. Which of the two counts differs from reader to reader.
fn twice(query: &[(String, String)]) -> Option<&str> {
    // `schema` is Laravel's older word.
    let one = |name| if name == "schema" { "search_path" } else { one_name(name) };
    let names: Vec<&str> = query.iter().map(|(name, _)| one(name)).collect();
    let known = |(at, name): &(usize, &&str)| names.iter().take(*at).any(|before| before == *name);
    names.iter().enumerate().find(known).map(|(_, name)| *name)
}

/// Why a URL is refused, and what to do about it.
pub(in crate::config) const AT_BEHIND_HOST: &str = "it has an `@` behind its host";
/// Likewise: a part that no server ever sees.
pub(in crate::config) const FRAGMENT: &str = "it has a `#`, and no server sees what stands behind one";
/// See [`AT_BEHIND_HOST`].
pub(in crate::config) const ENCODE: &str =
    "write `@`, `/`, `?` and `#` within its parts, the password above all, as `%40`, `%2F`, `%3F` and `%23`";

/// A `/`, `?` or `#` of a password that was not encoded ends the host early. What follows is half a password, would
/// pass for a database or a parameter, and be shown as such; the `@` behind it gives it away.
///
/// The text itself is looked at: what a parser makes of it has its `..` steps taken already.
pub(in crate::config) fn at_behind_host(text: &str) -> bool {
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest);
    let behind = match rest.strip_prefix("//") {
        Some(rest) => rest.split_once(['/', '?', '#']).map_or("", |(_, behind)| behind),
        None => rest,
    };
    behind.contains('@')
}

/// `postgres://USER@/DATABASE`, libpq's form for a socket, has no host, which the `url` crate refuses behind a user: one
/// is put there. Says whether the host is the URL's own.
fn with_host(text: &str) -> (Cow<'_, str>, bool) {
    let (head, rest) = text.split_once("://").unwrap_or((text, ""));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].strip_suffix('@') {
        Some(user) => (Cow::Owned(format!("{head}://{user}@{LOCAL}{}", &rest[end..])), false),
        None => (Cow::Borrowed(text), true),
    }
}

pub(in crate::config) fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::config::database::{Pooler, tls::Mode};

    fn read(url: &str) -> Result<Database> {
        Database::from_url(url, Path::new("/srv"), &Origin::Variable("OPSCTL_DATABASE_URL".into()))
    }

    #[test]
    fn urls_of_the_three_engines() {
        let pg = read("postgres://ops:p%40ss@db.example:6432/app?sslmode=require&search_path=ops").unwrap();
        assert_eq!(pg.to_string(), "postgres://db.example:6432/app");
        assert_eq!(
            (pg.username.as_str(), pg.tls.asked, pg.search_path.as_deref()),
            ("ops", Some(Mode::Require), Some("ops"))
        );
        assert_eq!(read("mariadb://u@h/app").unwrap().to_string(), "mysql://h:3306/app");
        assert_eq!(read("sqlite:data/x.sqlite").unwrap().to_string(), "sqlite:/srv/data/x.sqlite");
        assert_eq!(read("sqlite:///abs/x.sqlite").unwrap().to_string(), "sqlite:/abs/x.sqlite");
    }

    #[test]
    fn sockets_are_named_by_a_parameter_or_by_the_host() {
        for url in [
            "postgres://ops@/app?host=/run/postgresql",
            "postgres://ops@%2Frun%2Fpostgresql/app",
            "postgres://ops@localhost/app?host=/run/postgresql",
        ] {
            let found = read(url).unwrap();
            assert_eq!(found.address, Address::Socket("/run/postgresql".into(), 5432), "{url}");
            assert_eq!((found.username.as_str(), found.name.as_str()), ("ops", "app"), "{url}");
            assert_eq!(found.tls_mode(), Mode::Disable);
        }
        let mysql = read("mysql://ops@/app?socket=/run/mysqld/mysqld.sock").unwrap();
        assert_eq!(mysql.to_string(), "mysql:/run/mysqld/mysqld.sock/app");
        assert!(read("postgres://ops@/app?host=db.example").is_err());
    }

    #[test]
    fn a_server_off_host_is_verified_in_full_where_opsctls_own_configuration_names_it() {
        let mode = |url: &str| read(url).unwrap().tls_mode();
        for url in [
            "postgres://u@db.example/d",
            "mysql://u@db/d",
            "postgres://u@10.0.0.1/d",
            "postgres://u@[fd00::1]/d",
        ] {
            assert_eq!(mode(url), Mode::VerifyFull, "{url}");
        }
        for url in ["postgres://u@localhost/d", "mysql://u@127.0.0.2/d", "postgres://u@[::1]/d"] {
            assert_eq!(mode(url), Mode::Prefer, "{url}");
        }
        assert_eq!(mode("postgres://u@db.example/d?sslmode=disable"), Mode::Disable);
        assert_eq!(mode("postgres://u@db.example/d?sslrootcert=system"), Mode::VerifyFull);
        let origin = Origin::Dotenv("/srv/.env".into(), "DB_URL".into());
        let theirs = Database::from_url("postgres://u@db.example/d", Path::new("/srv"), &origin).unwrap();
        assert_eq!(theirs.tls_mode(), Mode::Prefer);
    }

    #[test]
    fn certificates_are_seen_from_the_folder_of_the_file_that_names_them() {
        let url = "mysql://u@h/d?ssl-ca=tls/ca.pem&ssl-cert=/etc/me.pem&ssl-key=me.key";
        let tls = read(url).unwrap().tls;
        assert_eq!(tls.authority.as_deref(), Some(Path::new("/srv/tls/ca.pem")));
        assert_eq!(tls.certificate.as_deref(), Some(Path::new("/etc/me.pem")));
        assert_eq!(tls.key.as_deref(), Some(Path::new("/srv/me.key")));
        // In either order.
        for url in
            ["postgres://u@h/d?sslrootcert=c&sslmode=prefer", "postgres://u@h/d?sslmode=prefer&sslrootcert=c"]
        {
            assert_eq!(read(url).unwrap().tls_mode(), Mode::VerifyCa);
        }
    }

    #[test]
    fn poolers_are_postgresqls_and_have_one_of_three_names() {
        assert_eq!(read("postgres://u@h/d?pooler=transaction").unwrap().pooler, Pooler::Transaction);
        assert_eq!(read("postgres://u@h/d?pooled=true").unwrap().pooler, Pooler::Transaction);
        assert_eq!(read("postgres://u@h/d?pooled=false").unwrap().pooler, Pooler::None);
        assert_eq!(read("postgres://u@h/d?pooler=session").unwrap().pooler, Pooler::Session);
        for url in
            ["postgres://u@h/d?pooler=statement", "postgres://u@h/d?pooled=yes", "mysql://u@h/d?pooled=true"]
        {
            assert!(read(url).is_err(), "{url}");
        }
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
            zone in prop::option::of(".*"),
        ) {
            // No URL can have these as its path: they are steps within one.
            prop_assume!(!matches!(name.as_str(), "." | ".."));
            let port_text = port.map(|port| format!(":{port}")).unwrap_or_default();
            let query = zone.iter().map(|zone| format!("?timezone={}", encoded(zone))).collect::<String>();
            let (scheme, engine) = engine;
            let user = format!("{}:{}", encoded(&username), encoded(&password));
            let found = read(&format!("{scheme}://{user}@{host}{port_text}/{}{query}", encoded(&name))).unwrap();
            let bare = host.trim_matches(['[', ']']).to_owned();
            prop_assert_eq!(found.engine, engine);
            prop_assert_eq!(found.address, Address::Tcp(bare, port.unwrap_or(engine.default_port())));
            prop_assert_eq!((found.username, found.name), (username, name));
            let given = found.password.as_ref().map_or("", |found| found.expose_secret());
            prop_assert_eq!(given, password);
            prop_assert_eq!(found.time_zone, zone);
        }
    }
}
