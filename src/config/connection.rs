//! Which database a context means, and how its application reaches it.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{
    Application, Context, Database, Engine, Origin, Sourced,
    application::scalar,
    database::{
        Parts, UrlParts,
        passfile::{self, Found},
        tls::Mode,
    },
    file::{self, FileContext},
};
use crate::{Error, Result};

impl Context {
    /// The central database, whole from the strongest source that names one.
    ///
    /// # Errors
    /// Nothing configured, or a setting that opsctl cannot honour.
    pub fn database(&self) -> Result<Database> {
        self.completed(self.named_by_strongest()?)
    }

    /// Whether any source names a central database, a wrong one included.
    pub fn names_a_database(&self) -> bool {
        !matches!(self.named_by_strongest(), Err(error) if Self::is_nothing(&error))
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
    pub(super) fn completed(&self, mut database: Database) -> Result<Database> {
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
        let parts = UrlParts::read(&section.url, &origin)?;
        for (key, written) in [("prefix", &section.prefix), ("pooler", &section.pooler)] {
            if written.is_some() && parts.says(key) {
                return Err(Error::config(format!(
                    "{} in {} says `{key}`, which stands in the URL, too",
                    file.key(&format!("database.{key}")),
                    file.path.display()
                ))
                .hint("leave one of them out"));
            }
        }
        let mut database = parts.into_database(base, &origin)?;
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
    for split in ["read", "write"] {
        if members.get(split).is_some_and(|hosts| !hosts.is_null()) {
            return Err(Error::config(format!("{origin}.{split} cannot be honoured"))
                .because("opsctl does not split reads from writes")
                .hint("name the writing host in an opsctl.toml: `[database]` with `url = …`"));
        }
    }
    let text = |key: &str| one_value(members, key, &origin);
    let mut settings = Vec::new();
    for key in CACHED_MEMBERS {
        let value = match members.get(key) {
            Some(Value::Array(schemas)) if key == "search_path" => {
                let schemas =
                    schemas.iter().map(|schema| scalar(schema).ok_or_else(|| no_value(&origin, key)));
                Some(schemas.collect::<Result<Vec<_>>>()?.join(", "))
            }
            _ => text(key)?,
        };
        settings.extend(value.map(|value| (key.to_owned(), value)));
    }
    let parts = Parts {
        driver: text("driver")?.unwrap_or_default(),
        host: text("host")?,
        port: text("port")?,
        database: text("database")?,
        username: text("username")?,
        password: text("password")?.map(SecretString::from),
        socket: text("unix_socket")?,
        settings,
    };
    let url = text("url")?.map(|url| UrlParts::read(&url, &origin)).transpose()?;
    let mut database = parts.build(url, &app.dir, origin)?;
    if database.engine == Engine::MySql
        && let Some(Value::Object(options)) = members.get("options")
    {
        set_pdo_options(&mut database, options)?;
    }
    database.tls.relative_to(&app.dir);
    Ok(Some(database))
}

/// Members of a connection that `Database::set` knows, besides those that every source has. Where both are there,
/// Laravel takes `search_path` and not its older word `schema` (`PostgresConnector::configureSearchPath`).
const CACHED_MEMBERS: [&str; 9] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "schema", "search_path", "prefix", "timezone", "pooled"];

/// The options of PDO that are about encryption, by the numbers that they have with mysqlnd
/// (ext/pdo_mysql/php_pdo_mysql_int.h): `MYSQL_ATTR_SSL_KEY` is 1007.
fn set_pdo_options(database: &mut Database, options: &Map<String, Value>) -> Result<()> {
    let origin = database.origin.clone();
    let text = |number: &str| one_value(options, number, &origin);
    for (number, name) in [("1010", "MYSQL_ATTR_SSL_CAPATH"), ("1011", "MYSQL_ATTR_SSL_CIPHER")] {
        if text(number)?.is_some() {
            return Err(Error::config(format!(
                "the option {name} of {} cannot be honoured",
                database.origin
            ))
            .hint("name one file of authorities: `MYSQL_ATTR_SSL_CA`"));
        }
    }
    let files = [("1007", "ssl-key"), ("1008", "ssl-cert"), ("1009", "ssl-ca")];
    let mut named = false;
    for (number, name) in files {
        if let Some(path) = text(number)? {
            database.set(name, &path)?;
            named = true;
        }
    }
    let verified = !matches!(text("1014")?.as_deref(), Some("false" | "0"));
    if named { ask_as_mysqlnd(database, verified) } else { Ok(()) }
}

/// PHP's driver encrypts as soon as one of its options names a file, and checks signature and name together, or, with
/// `MYSQL_ATTR_SSL_VERIFY_SERVER_CERT` off, neither (`mysqlnd_vio::enable_ssl`). It knows no sslmode: one beside such
/// options only adds to what it does.
///
/// # Errors
/// A sslmode that means plain text.
fn ask_as_mysqlnd(database: &mut Database, verified: bool) -> Result<()> {
    let asked = database.tls.asked;
    if asked == Some(Mode::Disable) {
        return Err(Error::config(format!(
            "the TLS settings of the database of {} contradict each other",
            database.origin
        ))
        .because("the sslmode is `disable`, and MYSQL_ATTR_SSL_… options make the application encrypt")
        .hint("leave the sslmode out: the application's driver does not know it"));
    }
    let mode = if verified { Mode::VerifyFull } else { Mode::Require };
    if !verified && asked.is_none_or(|asked| asked <= mode) {
        database.tls.authority = None;
    }
    database.tls.asked = asked.max(Some(mode));
    Ok(())
}

/// A member that is one value, when it is set; an empty one is not.
///
/// # Errors
/// A list where one value is expected, such as hosts to choose from.
fn one_value(members: &Map<String, Value>, key: &str, origin: &Origin) -> Result<Option<String>> {
    match members.get(key) {
        Some(Value::Array(_) | Value::Object(_)) => Err(no_value(origin, key)),
        value => Ok(value.and_then(scalar).filter(|text| !text.is_empty())),
    }
}

fn no_value(origin: &Origin, key: &str) -> Error {
    Error::config(format!("{origin}.{key} cannot be honoured"))
        .because("it is a list where opsctl takes one value")
        .hint("name the database in an opsctl.toml: `[database]` with `url = …`")
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
    let url = text("DB_URL").map(|url| UrlParts::read(&url, &origin)).transpose()?;
    let parts = Parts {
        driver: default,
        host: text("DB_HOST"),
        port: text("DB_PORT"),
        database: text("DB_DATABASE"),
        username: text("DB_USERNAME"),
        password: text("DB_PASSWORD").map(SecretString::from),
        socket: text("DB_SOCKET"),
        settings: Vec::new(),
    };
    let engine = url.as_ref().map_or_else(|| Engine::from_name(&parts.driver), |url| Some(url.engine));
    let extras: &[(&str, &str)] = match engine {
        Some(Engine::Postgres) => {
            &[("DB_SSLMODE", "sslmode"), ("DB_SEARCH_PATH", "search_path"), ("DB_POOLED", "pooled")]
        }
        _ => &[],
    };
    let extras = extras.iter().chain(&[("DB_PREFIX", "prefix")]);
    let settings = extras.filter_map(|(variable, key)| Some(((*key).to_owned(), text(variable)?))).collect();
    let mut database = Parts { settings, ..parts }.build(url, &app.dir, origin)?;
    if engine == Some(Engine::MySql)
        && let Some(path) = text("MYSQL_ATTR_SSL_CA")
    {
        database.set("ssl-ca", &path)?;
        ask_as_mysqlnd(&mut database, true)?;
    }
    database.tls.relative_to(&app.dir);
    Ok(Some(database))
}

/// The connection's own name when it is the one that the whole context uses: no second connection is needed then.
pub(super) fn is_default(context: &Context, name: &str) -> bool {
    let Some(app) = &context.app else { return true };
    let default = app.value("database.default", &["DB_CONNECTION"]);
    matches!(default, Some(Sourced { value: Some(default), .. }) if default == name)
}
