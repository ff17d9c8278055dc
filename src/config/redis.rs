//! Which Redis a role lives on: the server, its logical database and its key prefix.

use std::{fmt, path::PathBuf};

use secrecy::SecretString;
use url::Url;

use super::{
    Context, Origin, Sourced, System,
    application::scalar,
    database::{AT_BEHIND_HOST, ENCODE, at_behind_host, decode},
    file::{self, FileContext, RedisSection},
    settings::Settings,
};
use crate::{Error, Result};

/// The roles that Laravel applications give to Redis connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The connection named `default`.
    Default,
    /// Cache values.
    Cache,
    /// Queues.
    Queue,
    /// Locks of the cache.
    Lock,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Default, Role::Cache, Role::Queue, Role::Lock];

    /// The word in output.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Default => "default",
            Role::Cache => "cache",
            Role::Queue => "queue",
            Role::Lock => "lock",
        }
    }
}

/// Where a Redis server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Host and port.
    Tcp(String, u16),
    /// A socket file.
    Socket(PathBuf),
}

/// One role's place. `Debug` and `Display` never show the password.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where the server listens.
    pub address: Address,
    /// ACL user, if one is set.
    pub username: Option<String>,
    /// Password, if one is set.
    pub password: Option<SecretString>,
    /// Logical database.
    pub database: i64,
    /// Prefix that the client puts before every key (`REDIS_PREFIX`).
    pub prefix: String,
    /// Which source named the server.
    pub origin: Origin,
    /// The database stood in the URL, whose path overrides an application's own setting.
    pub database_in_url: bool,
}

impl Target {
    /// A server by host and port, database 0, without prefix or credentials.
    pub fn new(address: Address, origin: Origin) -> Self {
        let (username, password, prefix) = (None, None, String::new());
        Self { address, username, password, database: 0, prefix, origin, database_in_url: false }
    }

    /// Reads a Redis URL. The URL is never repeated in an error.
    ///
    /// # Errors
    /// An unknown scheme, or a part that opsctl cannot honour.
    pub fn from_url(text: &str, origin: &Origin) -> Result<Self> {
        let bad = |why: &str| Error::config(format!("the Redis URL of {origin} cannot be used")).because(why);
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                _ if path.contains('?') => Err(bad("its parameters cannot be honoured")),
                _ if !path.starts_with('/') => Err(bad("it names no absolute path")),
                _ => Ok(Self::new(Address::Socket(PathBuf::from(path)), origin.clone())),
            };
        }
        let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        match url.scheme() {
            "redis" | "tcp" => {}
            "rediss" | "tls" => return Err(bad("Redis over TLS is not supported yet")),
            _ => return Err(bad("its scheme is none of redis, tcp, unix")),
        }
        if at_behind_host(text) {
            return Err(bad(AT_BEHIND_HOST).hint(ENCODE));
        }
        if url.query().is_some_and(|query| !query.is_empty()) {
            return Err(bad("its parameters cannot be honoured"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("127.0.0.1");
        let host = decode(host.trim_matches(['[', ']'])).ok_or_else(|| bad("its host is not UTF-8"))?;
        let mut target = plain(host, url.port().unwrap_or(6379), origin.clone());
        let username = decode(url.username()).ok_or_else(|| bad("its user is not UTF-8"))?;
        target.username = Some(username).filter(|name| !name.is_empty());
        if let Some(password) = url.password() {
            let password = decode(password).ok_or_else(|| bad("its password is not UTF-8"))?;
            target.password = Some(SecretString::from(password));
        }
        let database = url.path().trim_start_matches('/');
        if !database.is_empty() {
            target.database = database.parse().map_err(|_| bad("its path is no database number"))?;
            target.database_in_url = true;
        }
        Ok(target)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Tcp(host, port) => write!(f, "redis://{host}:{port}/{}", self.database),
            Address::Socket(path) => write!(f, "unix:{}?db={}", path.display(), self.database),
        }
    }
}

impl Context {
    /// The place of a role. `command` is the system that the command is about, when none is configured.
    ///
    /// # Errors
    /// No Redis configured, or a setting that opsctl cannot honour.
    pub fn redis(&self, role: Role, command: System) -> Result<Target> {
        let settings = self.settings(command);
        let connection = self.redis_connection(role, settings);
        self.redis_named(role, &connection, settings)
    }

    /// The place of a role on a connection of the application's, by the name that its configuration gives it.
    pub(super) fn redis_named(&self, role: Role, connection: &str, settings: &Settings) -> Result<Target> {
        let mut target = self.redis_server(connection)?.ok_or_else(|| self.nothing_configured("Redis"))?;
        target.prefix = self.redis_prefix(connection, settings)?;
        // The path of the application's URL overrides its discrete setting (ConfigurationUrlParser); OPSCTL_REDIS_URL
        // and a file's URL only name the server.
        let in_url = target.database_in_url && !self.names_server_alone();
        if let Some(database) = self.redis_database(role, connection, settings)?.filter(|_| !in_url) {
            target.database = database;
        }
        let chosen = self.file.as_ref().is_some_and(|file| file.chosen);
        if let Some(path) = self.environment.filled("OPSCTL_REDIS_PASSWORD_FILE").filter(|_| !chosen) {
            target.password = Some(file::secret_file(path.as_ref())?);
        }
        Ok(target)
    }

    /// The name of the connection that plays a role.
    fn redis_connection(&self, role: Role, settings: &Settings) -> String {
        match role {
            Role::Default => "default".into(),
            Role::Cache => self.setting(&settings.cache_connection).value,
            Role::Queue => self.setting(&settings.queue_redis_connection).value,
            Role::Lock => self.setting(&settings.lock_connection).value,
        }
    }

    /// Whether the server comes from a source that says nothing about the roles' databases.
    fn names_server_alone(&self) -> bool {
        self.redis_section().is_some()
            || (self.environment.filled("OPSCTL_REDIS_URL").is_some() && !self.chose_an_app())
    }

    /// `[redis]` of the file in force.
    fn redis_section(&self) -> Option<&RedisSection> {
        self.file.as_ref()?.section.redis.as_ref()
    }

    fn redis_server(&self, connection: &str) -> Result<Option<Target>> {
        let file = self.file.as_ref().filter(|file| file.section.redis.is_some());
        if let Some(file) = file.filter(|file| file.chosen) {
            return self.file_server(file);
        }
        if self.chose_an_app() {
            return self.app_server(connection);
        }
        if let Some(url) = self.environment.filled("OPSCTL_REDIS_URL") {
            return Target::from_url(url, &Origin::Variable("OPSCTL_REDIS_URL".into())).map(Some);
        }
        match file {
            Some(file) => self.file_server(file),
            None => self.app_server(connection),
        }
    }

    fn app_server(&self, connection: &str) -> Result<Option<Target>> {
        match &self.app {
            None => Ok(None),
            Some(app) if app.is_cached() => self.cached_server(connection),
            Some(_) => self.environment_server(),
        }
    }

    fn file_server(&self, file: &FileContext) -> Result<Option<Target>> {
        let Some(section) = &file.section.redis else { return Ok(None) };
        let mut target =
            Target::from_url(&section.url, &Origin::File(file.path.clone(), file.key("redis.url")))?;
        if target.password.is_some() {
            return Err(Error::config(format!(
                "{} in {} holds a password",
                file.key("redis.url"),
                file.path.display()
            ))
            .hint("move it out of the file: `password = \"env:NAME\"` or `password = \"file:PATH\"`"));
        }
        if let Some(reference) = &section.password {
            target.password = Some(file::secret(file, "redis.password", reference, &self.environment)?);
        }
        Ok(Some(target))
    }

    fn cached_server(&self, connection: &str) -> Result<Option<Target>> {
        let Some(app) = &self.app else { return Ok(None) };
        if app
            .tree("database.redis.clusters")
            .is_some_and(|(value, _)| value.as_object().is_some_and(|map| !map.is_empty()))
        {
            return Err(unsupported(
                "database.redis.clusters",
                "opsctl does not read cluster members from there",
            ));
        }
        let Some((members, origin)) = app.tree(&format!("database.redis.{connection}")) else {
            return match app.tree("database.redis") {
                Some((_, origin)) => {
                    Err(Error::config(format!("{origin} has no connection named `{connection}`")))
                }
                None => Ok(None),
            };
        };
        for (key, why) in
            [("serializer", "it changes what is stored"), ("compression", "it changes what is stored")]
        {
            let places = [members.get(key), members.get("options").and_then(|options| options.get(key))];
            let general = app.tree(&format!("database.redis.options.{key}")).map(|(value, _)| value);
            if places
                .into_iter()
                .chain([general])
                .flatten()
                .any(|value| scalar(value).is_some_and(|v| v != "0" && !v.is_empty()))
            {
                return Err(unsupported(&format!("database.redis.{connection} {key}"), why));
            }
        }
        let text = |key: &str| members.get(key).and_then(scalar).filter(|text| !text.is_empty());
        let parts = Parts {
            url: text("url"),
            scheme: text("scheme"),
            host: text("host"),
            port: text("port"),
            username: text("username"),
            password: text("password"),
        };
        parts.build(origin).map(Some)
    }

    fn environment_server(&self) -> Result<Option<Target>> {
        let Some(app) = &self.app else { return Ok(None) };
        let member = |name: &str| {
            app.redis_member(name).filter(|found| found.value.as_deref().is_some_and(|text| !text.is_empty()))
        };
        // config/database.php: env('REDIS_HOST', '127.0.0.1') and env('REDIS_PORT', '6379').
        let named = ["REDIS_URL", "REDIS_HOST", "REDIS_PORT"].iter().find_map(|name| member(name));
        let origin = named.map_or(Origin::Default, |found| found.origin);
        let text = |name: &str| member(name).and_then(|found| found.value);
        let parts = Parts {
            url: text("REDIS_URL"),
            scheme: text("REDIS_SCHEME"),
            host: text("REDIS_HOST"),
            port: text("REDIS_PORT"),
            username: text("REDIS_USERNAME"),
            password: text("REDIS_PASSWORD"),
        };
        parts.build(origin).map(Some)
    }

    fn redis_database(&self, role: Role, connection: &str, settings: &Settings) -> Result<Option<i64>> {
        if let Some(section) = self.redis_section() {
            return Ok(Some(match role {
                Role::Default => section.databases.default,
                Role::Cache => section.databases.cache,
                Role::Queue => section.databases.queue,
                Role::Lock => section.databases.lock,
            }));
        }
        let Some(app) = &self.app else { return Ok(None) };
        if app.is_cached() {
            let database = app.tree(&format!("database.redis.{connection}.database"));
            return database
                .and_then(|(value, origin)| Some(Sourced::new(scalar(value)?, origin)))
                .map(|found| number(&found))
                .transpose();
        }
        let Some((_, setting)) = settings.redis_databases.iter().find(|(name, _)| *name == connection) else {
            return Err(Error::config(format!("the Redis connection `{connection}` cannot be honoured"))
                .because("its members stand in config/database.php, which only PHP reads")
                .hint("let the application write its configuration down: `php artisan config:cache`"));
        };
        number(&self.setting(setting)).map(Some)
    }

    fn redis_prefix(&self, connection: &str, settings: &Settings) -> Result<String> {
        if let Some(section) = self.redis_section() {
            return Ok(section.prefix.clone());
        }
        let Some(app) = &self.app else {
            return Err(self.unknown_prefix("Redis key prefix", "REDIS_PREFIX"));
        };
        if app.is_cached() {
            let own = [
                format!("database.redis.{connection}.prefix"),
                format!("database.redis.{connection}.options.prefix"),
                "database.redis.options.prefix".to_owned(),
            ];
            return Ok(own.iter().find_map(|path| scalar(app.tree(path)?.0)).unwrap_or_default());
        }
        match app.value("", &["REDIS_PREFIX"]) {
            Some(found) => Ok(found.value.unwrap_or_default()),
            None => Ok((settings.redis_prefix)(&self.app_slug()?, &self.env_slug())),
        }
    }

    pub(super) fn unknown_prefix(&self, what: &str, variable: &str) -> Error {
        Error::config(format!("the {what} is unknown"))
            .because("without the application's settings it would be a guess, and a lock under a guessed name locks nothing")
            .hint(format!("run in the application's folder (`--app DIR`), or set {variable} as the application does"))
    }

    /// The slug of `APP_NAME`, which goes into every default prefix.
    pub(super) fn app_slug(&self) -> Result<String> {
        let name = self.app.as_ref().and_then(|app| app.value("app.name", &["APP_NAME"]));
        match name {
            Some(Sourced { value: Some(name), .. }) => Ok(slug(&name)),
            _ => Err(self.unknown_prefix("key prefix", "APP_NAME")),
        }
    }

    pub(super) fn env_slug(&self) -> String {
        self.app_env.as_ref().map_or_else(|| "production".into(), |env| slug(&env.value))
    }
}

fn number(found: &Sourced<String>) -> Result<i64> {
    found
        .value
        .trim()
        .parse()
        .map_err(|_| Error::config(format!("{} is no Redis database number", found.origin)))
}

fn unsupported(what: &str, why: &str) -> Error {
    Error::config(format!("the setting {what} cannot be honoured")).because(why)
}

fn plain(host: String, port: u16, origin: Origin) -> Target {
    Target::new(Address::Tcp(host, port), origin)
}

/// The members that every source of the application has; the URL, when there is one, overrides address and database.
struct Parts {
    url: Option<String>,
    scheme: Option<String>,
    host: Option<String>,
    port: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

impl Parts {
    fn build(self, origin: Origin) -> Result<Target> {
        let password = self.password.map(SecretString::from);
        if let Some(url) = self.url {
            let mut target = Target::from_url(&url, &origin)?;
            target.username = target.username.or(self.username);
            target.password = target.password.or(password);
            return Ok(target);
        }
        let host = self.host.unwrap_or_else(|| "127.0.0.1".into());
        if self.scheme.is_some_and(|scheme| scheme == "tls") || host.starts_with("tls://") {
            return Err(unsupported(&format!("{origin} (TLS)"), "Redis over TLS is not supported yet"));
        }
        let port = match self.port {
            None => 6379,
            Some(port) => port
                .parse()
                .map_err(|_| Error::config(format!("the Redis port of {origin} is no port number")))?,
        };
        let mut target = plain(host.strip_prefix("tcp://").unwrap_or(&host).to_owned(), port, origin);
        if host.starts_with('/') {
            target.address = Address::Socket(PathBuf::from(host));
        }
        target.username = self.username;
        target.password = password;
        Ok(target)
    }
}

/// `Illuminate\Support\Str::slug` for the names that applications bear.
pub fn slug(name: &str) -> String {
    let lower = name.to_lowercase().replace('_', "-").replace('@', "-at-");
    let kept: String = lower
        .chars()
        .filter(|c| c.is_alphanumeric() || c.is_whitespace() || *c == '-')
        .map(|c| if c.is_whitespace() { '-' } else { c })
        .collect();
    kept.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn slugs_are_laravels() {
        assert_eq!(slug("TenRusl Payment Webhook Sim"), "tenrusl-payment-webhook-sim");
        assert_eq!(slug("Cuci_App (v2)!"), "cuci-app-v2");
        assert_eq!(slug("a@b"), "a-at-b");
    }

    #[test]
    fn urls_name_server_and_database_and_never_show_the_password() {
        let target =
            Target::from_url("redis://ops:hunter%2F2@cache.example:6380/3", &Origin::Default).unwrap();
        assert_eq!(target.to_string(), "redis://cache.example:6380/3");
        assert!(!format!("{target:?}").contains("hunter"));
        let error = Target::from_url("rediss://:hunter2@h/0", &Origin::Default).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn what_a_url_cannot_say_is_refused_and_its_password_not_shown() {
        for url in [
            "unix:/run/redis.sock?db=1&pass=hunter2",
            "unix://:hunter2@/run/redis.sock",
            "redis://u:12#hunter2@h/0",
            "redis://u:12/hunter2@h/0",
            "redis://u:12?hunter2@h/0",
            "redis:u:hunter2@h",
            "redis://u:hunter2%ff@h/0",
        ] {
            let error = Target::from_url(url, &Origin::Default).map(|target| format!("{target:?} {target}"));
            let error = error.unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn a_socket_is_named_with_or_without_slashes_before_it() {
        for url in ["unix:/run/redis.sock", "unix:///run/redis.sock"] {
            let target = Target::from_url(url, &Origin::Default).unwrap();
            assert_eq!(target.address, Address::Socket("/run/redis.sock".into()));
        }
    }

    proptest! {
        #[test]
        fn urls_are_read_as_the_parts_that_they_were_made_of(
            host in r"[a-z][a-z0-9-]{0,8}(\.[a-z0-9]{1,5}){0,2}|\[::1\]|127\.0\.0\.1",
            (username, password) in (".*", ".*"),
            port in prop::option::of(any::<u16>()),
            database in prop::option::of(any::<i64>()),
        ) {
            let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let port_text = port.map(|port| format!(":{port}")).unwrap_or_default();
            let path = database.map(|database| format!("/{database}")).unwrap_or_default();
            let user = format!("{}:{}", encoded(&username), encoded(&password));
            let found = Target::from_url(&format!("redis://{user}@{host}{port_text}{path}"), &Origin::Default).unwrap();
            let bare = host.trim_matches(['[', ']']).to_owned();
            prop_assert_eq!(found.address, Address::Tcp(bare, port.unwrap_or(6379)));
            prop_assert_eq!(found.username.unwrap_or_default(), username);
            prop_assert_eq!(found.password.as_ref().map_or("", |found| found.expose_secret()), password);
            prop_assert_eq!((found.database, found.database_in_url), (database.unwrap_or(0), database.is_some()));
        }
    }
}
