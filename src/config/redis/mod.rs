//! Which Redis a role lives on: the server, its logical database and its key prefix.

mod laravel;
mod roles;
pub mod section;
mod target;
mod tls;

pub use self::{
    roles::RolePlace,
    target::{Address, Node, Sentinels, Target},
    tls::{Identity, Tls, Verify},
};

use self::section::RedisSection;
use super::{Context, Origin, Sourced, System, application::scalar, file, settings::Settings};
use crate::{Error, Result};

/// The roles that Laravel applications give to Redis connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

    /// Its word in output.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Default => "default",
            Role::Cache => "cache",
            Role::Queue => "queue",
            Role::Lock => "lock",
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
        // The path of the application's URL overrides its discrete setting (ConfigurationUrlParser); other URLs have
        // none.
        let in_url = target.database_in_url;
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

    /// `[redis]` of the file in force.
    fn redis_section(&self) -> Option<&RedisSection> {
        self.file.as_ref()?.section.redis.as_ref()
    }

    fn redis_server(&self, connection: &str) -> Result<Option<Target>> {
        let file = self.file.as_ref().and_then(|file| Some((file, file.section.redis.as_ref()?)));
        if let Some((file, section)) = file.filter(|(file, _)| file.chosen) {
            return section.target(file, &self.environment).map(Some);
        }
        if self.chose_an_app() {
            return self.app_server(connection);
        }
        if let Some(url) = self.environment.filled("OPSCTL_REDIS_URL") {
            return server_alone(url).map(Some);
        }
        match file {
            Some((file, section)) => section.target(file, &self.environment).map(Some),
            None => self.app_server(connection),
        }
    }

    fn app_server(&self, connection: &str) -> Result<Option<Target>> {
        self.app.as_ref().map_or(Ok(None), |app| laravel::server(app, connection))
    }

    fn redis_database(&self, role: Role, connection: &str, settings: &Settings) -> Result<Option<i64>> {
        if let Some(section) = self.redis_section() {
            return Ok(Some(section.databases.of(role)));
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

/// The server of `OPSCTL_REDIS_URL`, which says nothing about the databases of the roles.
fn server_alone(url: &str) -> Result<Target> {
    let target = Target::from_url(url, &Origin::Variable("OPSCTL_REDIS_URL".into()))?;
    if target.database_in_url {
        return Err(Error::config("OPSCTL_REDIS_URL cannot be used")
            .because("its path names a database, and each role keeps that of the file or the application")
            .hint("leave the path out of the URL"));
    }
    Ok(target)
}

fn number(found: &Sourced<String>) -> Result<i64> {
    found
        .value
        .trim()
        .parse()
        .map_err(|_| Error::config(format!("{} is no Redis database number", found.origin)))
}

/// The error of something that stands in the application's settings.
fn unsupported(what: &str, why: &str) -> Error {
    Error::config(format!("{what} cannot be honoured")).because(why)
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
    use super::*;

    #[test]
    fn slugs_are_laravels() {
        assert_eq!(slug("TenRusl Payment Webhook Sim"), "tenrusl-payment-webhook-sim");
        assert_eq!(slug("Cuci_App (v2)!"), "cuci-app-v2");
        assert_eq!(slug("a@b"), "a-at-b");
    }
}
