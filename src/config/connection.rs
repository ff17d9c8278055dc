//! Which database a context means, and how its application reaches it.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{
    Application, Context, Database, Engine, Origin, Sourced,
    application::scalar,
    database::{
        Address,
        passfile::{self, Found},
        tls::Mode,
    },
    file::{self, FileContext},
};
use crate::{Error, Result, near};

impl Context {
    /// The central database, whole from the strongest source that names one.
    ///
    /// # Errors
    /// Nothing configured, or a setting that opsctl cannot honour.
    pub fn database(&self) -> Result<Database> {
        self.completed(self.named_by_strongest()?)
    }

    fn named_by_strongest(&self) -> Result<Database> {
        let file = self.file.as_ref();
        if let Some(file) = file.filter(|file| file.chosen)
            && let Some(database) = self.file_database(file)?
        {
            return Ok(database); // `--context` is stronger than OPSCTL_*, its password included
        }
        if let Some(app) = self.app.as_ref().filter(|_| self.chose_an_app()) {
            return app_database(app, None)?.ok_or_else(|| self.nothing_configured("database"));
        }
        let mut database = match self.environment.filled("OPSCTL_DATABASE_URL") {
            Some(url) => {
                let origin = Origin::Variable("OPSCTL_DATABASE_URL".into());
                Some(Database::from_url(url, Path::new(""), &origin)?)
            }
            None => file.map_or(Ok(None), |file| self.file_database(file))?,
        };
        if database.is_none()
            && let Some(app) = &self.app
        {
            database = app_database(app, None)?;
        }
        let mut database = database.ok_or_else(|| self.nothing_configured("database"))?;
        if let Some(path) = self.environment.filled("OPSCTL_DATABASE_PASSWORD_FILE") {
            database.password = Some(file::secret_file(Path::new(path))?);
            database.password_origin = Some(Origin::Variable("OPSCTL_DATABASE_PASSWORD_FILE".into()));
        }
        Ok(database)
    }

    /// A further connection of the application, by the name its configuration gives it (for a cache or a queue
    /// with a connection of its own).
    ///
    /// # Errors
    /// A name that opsctl cannot look up.
    pub fn named_database(&self, name: &str) -> Result<Database> {
        let app = self.app.as_ref().ok_or_else(|| self.nothing_configured("application"))?;
        self.completed(app_database(app, Some(name))?.ok_or_else(|| {
            Error::config(format!("the application has no database connection named `{name}`"))
        })?)
    }

    /// Checks what was found, and looks a PostgreSQL password that nobody named up where every client of libpq does,
    /// the application's own PDO among them. An empty one counts as not named, as it does there.
    fn completed(&self, mut database: Database) -> Result<Database> {
        database.check()?;
        let named = database.password.as_ref().is_some_and(|password| !password.expose_secret().is_empty());
        if database.engine != Engine::Postgres || named {
            return Ok(database);
        }
        match passfile::find(&self.environment, &database) {
            Found::Nothing => {}
            Found::Ignored(why) => database.password_note = Some(why),
            Found::Password(path, password) => {
                database.password = Some(password);
                database.password_origin = Some(Origin::Passfile(path));
            }
        }
        Ok(database)
    }

    fn file_database(&self, file: &FileContext) -> Result<Option<Database>> {
        let Some(section) = &file.section.database else { return Ok(None) };
        let origin = file.origin("database.url");
        let base = file.path.parent().unwrap_or(Path::new(""));
        let mut database = Database::from_url(&section.url, base, &origin)?;
        if database.password.is_some() {
            return Err(Error::config(format!(
                "{} in {} holds a password",
                file.key("database.url"),
                file.path.display()
            ))
            .hint("move it out of the file: `password = \"env:NAME\"` or `password = \"file:PATH\"`"));
        }
        if let Some(reference) = &section.password {
            database.password = Some(file::secret(file, "database.password", reference, &self.environment)?);
            database.password_origin = Some(file.origin("database.password"));
        }
        if let Some(prefix) = &section.prefix {
            database.set("prefix", prefix)?;
        }
        if let Some(pooler) = &section.pooler {
            database.set("pooler", pooler)?;
        }
        Ok(Some(database))
    }
}

fn app_database(app: &Application, name: Option<&str>) -> Result<Option<Database>> {
    if app.is_cached() { cached_database(app, name) } else { environment_database(app, name) }
}

/// From the cached configuration: every member of the connection counts, so an unknown one is an error.
fn cached_database(app: &Application, name: Option<&str>) -> Result<Option<Database>> {
    let default = app.tree("database.default").and_then(|(value, _)| scalar(value));
    let Some(name) = name.map(str::to_owned).or(default) else { return Ok(None) };
    let Some((Value::Object(members), origin)) = app.tree(&format!("database.connections.{name}")) else {
        return Ok(None);
    };
    let text = |key: &str| members.get(key).and_then(scalar).filter(|text| !text.is_empty());
    let driver = text("driver").unwrap_or_default();
    for split in ["read", "write"] {
        if members.contains_key(split) {
            return Err(Error::config(format!("{origin}.{split} cannot be honoured"))
                .because("opsctl does not split reads from writes")
                .hint("name the writing host in an opsctl.toml: `[database]` with `url = …`"));
        }
    }
    let parts = Parts {
        driver,
        url: text("url"),
        host: text("host"),
        port: text("port"),
        database: text("database"),
        username: text("username"),
        password: text("password").map(SecretString::from),
        socket: text("unix_socket"),
    };
    let mut database = parts.build(&app.dir, origin)?;
    for key in CACHED_MEMBERS {
        if let Some(value) = text(key) {
            database.set(key, &value)?;
        }
    }
    if let Some(Value::Array(schemas)) = members.get("search_path") {
        database.search_path = Some(schemas.iter().filter_map(scalar).collect::<Vec<_>>().join(", "));
    }
    if database.engine == Engine::MySql
        && let Some(Value::Object(options)) = members.get("options")
    {
        set_pdo_options(&mut database, options)?;
    }
    database.tls.relative_to(&app.dir);
    Ok(Some(database))
}

/// Members of a connection that `Database::set` knows, besides those that every source has.
const CACHED_MEMBERS: [&str; 9] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "search_path", "schema", "prefix", "timezone", "pooled"];

/// The options of PDO that are about encryption, by the numbers that they have with mysqlnd
/// (ext/pdo_mysql/php_pdo_mysql_int.h): `MYSQL_ATTR_SSL_KEY` is 1007.
fn set_pdo_options(database: &mut Database, options: &serde_json::Map<String, Value>) -> Result<()> {
    let text = |number: &str| options.get(number).and_then(scalar).filter(|text| !text.is_empty());
    for (number, name) in [("1010", "MYSQL_ATTR_SSL_CAPATH"), ("1011", "MYSQL_ATTR_SSL_CIPHER")] {
        if text(number).is_some() {
            return Err(Error::config(format!(
                "the option {name} of {} cannot be honoured",
                database.origin
            ))
            .hint("name one file of authorities: `MYSQL_ATTR_SSL_CA`"));
        }
    }
    let files = [("1007", "ssl-key"), ("1008", "ssl-cert"), ("1009", "ssl-ca")];
    for (number, name) in files {
        if let Some(path) = text(number) {
            database.set(name, &path)?;
        }
    }
    if files.iter().any(|(number, _)| text(number).is_some()) {
        let verified = !matches!(text("1014").as_deref(), Some("false" | "0"));
        ask_as_mysqlnd(database, verified);
    }
    Ok(())
}

/// PHP's driver encrypts as soon as one of its options names a file, and checks signature and name together, or, with
/// `MYSQL_ATTR_SSL_VERIFY_SERVER_CERT` off, neither (`mysqlnd_vio::enable_ssl`).
fn ask_as_mysqlnd(database: &mut Database, verified: bool) {
    if !verified {
        database.tls.authority = None;
    }
    let mode = if verified { Mode::VerifyFull } else { Mode::Require };
    database.tls.asked.get_or_insert(mode);
}

/// From variables: the framework's own `config/database.php` says which there are.
fn environment_database(app: &Application, name: Option<&str>) -> Result<Option<Database>> {
    if !app.names_database() {
        return Ok(None);
    }
    let member = |name: &str| app.database_member(name).filter(|found| found.value.as_deref() != Some(""));
    let text = |name: &str| member(name).and_then(|found| found.value);
    let named = ["DB_URL", "DB_CONNECTION", "DB_HOST", "DB_SOCKET", "DB_DATABASE"];
    let origin = named.iter().find_map(|name| member(name)).map_or(Origin::Default, |found| found.origin);
    // config/database.php: env('DB_CONNECTION', 'sqlite').
    let default = text("DB_CONNECTION").unwrap_or_else(|| "sqlite".into());
    if let Some(name) = name.filter(|name| *name != default) {
        return Err(Error::config(format!("the database connection `{name}` cannot be honoured"))
            .because("its members stand in config/database.php, which only PHP reads")
            .hint("let the application write its configuration down: `php artisan config:cache`"));
    }
    let parts = Parts {
        driver: default,
        url: text("DB_URL"),
        host: text("DB_HOST"),
        port: text("DB_PORT"),
        database: text("DB_DATABASE"),
        username: text("DB_USERNAME"),
        password: text("DB_PASSWORD").map(SecretString::from),
        socket: text("DB_SOCKET"),
    };
    let mut database = parts.build(&app.dir, origin)?;
    let extras: &[(&str, &str)] = match database.engine {
        Engine::Postgres => {
            &[("DB_SSLMODE", "sslmode"), ("DB_SEARCH_PATH", "search_path"), ("DB_POOLED", "pooled")]
        }
        Engine::MySql => &[("MYSQL_ATTR_SSL_CA", "ssl-ca")],
        Engine::Sqlite => &[],
    };
    for (variable, key) in extras.iter().chain(&[("DB_PREFIX", "prefix")]) {
        if let Some(value) = text(variable) {
            database.set(key, &value)?;
            if *key == "ssl-ca" {
                ask_as_mysqlnd(&mut database, true);
            }
        }
    }
    database.tls.relative_to(&app.dir);
    Ok(Some(database))
}

/// The members that every source has; the URL, when there is one, overrides the rest
/// (`Illuminate\Support\ConfigurationUrlParser`).
struct Parts {
    driver: String,
    url: Option<String>,
    host: Option<String>,
    port: Option<String>,
    database: Option<String>,
    username: Option<String>,
    password: Option<SecretString>,
    socket: Option<String>,
}

impl Parts {
    fn build(self, dir: &Path, origin: Origin) -> Result<Database> {
        if let Some(url) = &self.url {
            return self.merge_url(url, dir, &origin);
        }
        let engine = Engine::from_name(&self.driver).ok_or_else(|| {
            let drivers = ["pgsql", "mysql", "mariadb", "sqlite"];
            let all = format!("drivers: {}", drivers.join(", "));
            let error = Error::config(format!(
                "the database driver `{}` of {origin} cannot be honoured",
                self.driver
            ))
            .because("opsctl speaks to PostgreSQL, MySQL/MariaDB and SQLite");
            near::or(error, &self.driver, drivers, |near| format!("DB_CONNECTION={near}"), all)
        })?;
        if engine == Engine::Sqlite {
            // config/database.php: env('DB_DATABASE', database_path('database.sqlite')).
            let path =
                self.database.map_or_else(|| dir.join("database/database.sqlite"), |path| dir.join(path));
            return Ok(Database::sqlite(path, origin));
        }
        let port = match &self.port {
            None => engine.default_port(),
            Some(port) => port
                .parse()
                .map_err(|_| Error::config(format!("the database port of {origin} is no port number")))?,
        };
        let address = match self.socket {
            Some(socket) if engine == Engine::MySql => Address::Socket(PathBuf::from(socket), port),
            _ => Address::of_host(self.host.unwrap_or_else(|| "127.0.0.1".into()), port),
        };
        let mut database = Database::new(engine, address, origin);
        database.name = self.database.unwrap_or_else(|| "laravel".into());
        database.username = self.username.unwrap_or_else(|| "root".into());
        database.password = self.password;
        Ok(database)
    }

    fn merge_url(&self, url: &str, dir: &Path, origin: &Origin) -> Result<Database> {
        let mut database = Database::from_url(url, dir, origin)?;
        if database.engine == Engine::Sqlite {
            return Ok(database);
        }
        let take = |own: &mut String, other: &Option<String>, default: &str| {
            if own.is_empty() {
                *own = other.clone().unwrap_or_else(|| default.to_owned());
            }
        };
        take(&mut database.name, &self.database, "laravel");
        take(&mut database.username, &self.username, "root");
        database.password = match database.password.take() {
            Some(password) => coerced(&password),
            None => self.password.clone(),
        };
        Ok(database)
    }
}

/// Laravel decodes each part of a URL as JSON when it parses as such, so `null` is no password and `true` is "1".
fn coerced(password: &SecretString) -> Option<SecretString> {
    match serde_json::from_str::<Value>(password.expose_secret()) {
        Ok(Value::Null) => None,
        Ok(Value::Bool(true)) => Some("1".into()),
        Ok(Value::Bool(false)) => Some("".into()),
        Ok(Value::Number(number)) if number.is_f64() => {
            Some(number.as_f64().map_or_else(String::new, |number| number.to_string()).into())
        }
        _ => Some(password.clone()),
    }
}

/// The connection's own name when it is the one that the whole context uses: no second connection is needed then.
pub(super) fn is_default(context: &Context, name: &str) -> bool {
    let Some(app) = &context.app else { return true };
    let default = app.value("database.default", &["DB_CONNECTION"]);
    matches!(default, Some(Sourced { value: Some(default), .. }) if default == name)
}
