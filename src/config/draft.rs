//! A context that is yet to be written into an `opsctl.toml`: references to secrets, never secrets.

use std::{fmt, path::Path, str::FromStr};

use toml_edit::{DocumentMut, InlineTable, Item, Table, value};

use super::{Database, Origin, System, database::decode, redis::Target};
use crate::{Error, Result};

/// Where a secret lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A variable of the process environment.
    Env(String),
    /// A file.
    File(String),
}

impl FromStr for Reference {
    type Err = Error;

    /// What is no reference may be a secret: the error does not repeat it.
    fn from_str(text: &str) -> Result<Self> {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match text.trim().split_once(':') {
            Some(("env", variable)) if !variable.is_empty() && variable.chars().all(name) => {
                Ok(Reference::Env(variable.to_owned()))
            }
            Some(("file", path)) if !path.is_empty() => Ok(Reference::File(path.to_owned())),
            _ => Err(Error::usage("that is no reference to a secret")
                .hint("it looks like `env:NAME` or `file:PATH`")),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Env(name) => write!(f, "env:{name}"),
            Reference::File(path) => write!(f, "file:{path}"),
        }
    }
}

/// A URL without a password, and where the password lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// As it is written.
    pub url: String,
    /// Its password.
    pub password: Option<Reference>,
}

/// `[redis]`, whole: a guessed member would lock nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisDraft {
    /// The server.
    pub server: Server,
    /// Key prefix of the client.
    pub prefix: String,
    /// Logical databases of the roles default, cache, queue, lock.
    pub databases: [i64; 4],
}

/// `[cache]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheDraft {
    /// `redis` or `database`.
    pub store: String,
    /// Key prefix of the store.
    pub prefix: String,
}

/// One context.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its name; none is the top of the file.
    pub name: Option<String>,
    /// Folder of the application, whose settings are read where they are.
    pub app: Option<String>,
    /// Name of the environment.
    pub environment: Option<String>,
    /// Protects the context whatever its environment.
    pub protected: bool,
    /// The system.
    pub system: Option<System>,
    /// The database.
    pub database: Option<Server>,
    /// Redis.
    pub redis: Option<RedisDraft>,
    /// The store of locks.
    pub cache: Option<CacheDraft>,
    /// The queue connection.
    pub queue: Option<String>,
}

/// Refuses a database URL that cannot be read, or that holds a password.
///
/// # Errors
/// Why; the URL is never repeated.
pub fn check_database_url(text: &str) -> Result<()> {
    if has_password_parameter(text) {
        return Err(holds_a_password("--database-url", "--password-from"));
    }
    let database = Database::from_url(text, Path::new(""), &Origin::Flag("--database-url"))?;
    match database.password {
        None => Ok(()),
        Some(_) => Err(holds_a_password("--database-url", "--password-from")),
    }
}

/// Likewise for Redis.
///
/// # Errors
/// As [`check_database_url`].
pub fn check_redis_url(text: &str) -> Result<()> {
    if has_password_parameter(text) {
        return Err(holds_a_password("--redis-url", "--redis-password-from"));
    }
    let target = Target::from_url(text, &Origin::Flag("--redis-url"))?;
    if target.password.is_some() {
        return Err(holds_a_password("--redis-url", "--redis-password-from"));
    }
    if target.database_in_url {
        return Err(Error::usage("--redis-url names a database")
            .hint("leave its path out: `--redis-databases` names one for each role"));
    }
    Ok(())
}

/// Whether a parameter of the URL is a password: some clients take it there.
fn has_password_parameter(text: &str) -> bool {
    let parameters = text.split_once('?').map_or("", |(_, query)| query).split(['&', '#']);
    let mut names = parameters.filter_map(|parameter| decode(parameter.split('=').next()?));
    names.any(|name| {
        matches!(
            name.trim().to_ascii_lowercase().as_str(),
            "password" | "passwd" | "pass" | "pwd" | "sslpassword"
        )
    })
}

fn holds_a_password(option: &str, other: &str) -> Error {
    Error::usage(format!("{option} holds a password"))
        .because("arguments are seen by everybody on this host, and files that opsctl writes hold no secrets")
        .hint(format!("leave it out of the URL, and say where it lies: `{other} env:NAME` or `file:PATH`"))
}

/// Refuses a name that could not be typed, or that stands for something else.
///
/// # Errors
/// [`crate::Kind::Usage`].
pub fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Error::usage("a context's name is made of letters, digits, `-` and `_`"));
    }
    if matches!(name, "default" | "app" | "environment") {
        return Err(Error::usage(format!("`{name}` names a context without a section already")));
    }
    Ok(())
}

impl Draft {
    /// The text of the file: a new one, or `known` with the context added and all else left as it is.
    ///
    /// # Errors
    /// [`crate::Kind::Refused`] when the context is there already.
    pub fn text(&self, path: &Path, known: Option<&str>) -> Result<String> {
        let taken =
            |what: String| Error::refused(what).hint("nothing was changed; opsctl overwrites no context");
        let mut document = match (known, &self.name) {
            (None, _) => DocumentMut::new(),
            (Some(_), None) => {
                return Err(taken(format!("{} exists already", path.display()))
                    .hint("add a context to it: `--name NAME`"));
            }
            (Some(text), Some(_)) => text.parse().map_err(|error: toml_edit::TomlError| {
                Error::config(format!("{} cannot be understood", path.display())).because(error.message())
            })?,
        };
        let mut section = document.as_table_mut();
        if let Some(name) = &self.name {
            let contexts = section.entry("contexts").or_insert_with(|| implicit().into());
            let odd = || Error::config(format!("`contexts` in {} is no table of its own", path.display()));
            let contexts = contexts.as_table_mut().ok_or_else(odd)?;
            if contexts.contains_key(name) {
                return Err(taken(format!("{} has a context `{name}` already", path.display())));
            }
            contexts.insert(name, Table::new().into());
            section = contexts.get_mut(name).and_then(Item::as_table_mut).ok_or_else(odd)?;
            if known.is_some_and(|text| !text.is_empty()) {
                section.decor_mut().set_prefix("\n");
            }
        }
        self.fill(section);
        let head =
            if known.is_none() { "# Written by `opsctl init`. Secrets stand elsewhere.\n" } else { "" };
        Ok(format!("{head}{document}"))
    }

    fn fill(&self, section: &mut Table) {
        let texts = [
            ("app", self.app.as_deref()),
            ("environment", self.environment.as_deref()),
            ("system", self.system.map(System::name)),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                section[key] = value(text);
            }
        }
        if self.protected {
            section["protected"] = value(true);
        }
        if let Some(server) = &self.database {
            section["database"] = server.table().into();
        }
        if let Some(redis) = &self.redis {
            let mut table = redis.server.table();
            table["prefix"] = value(&redis.prefix);
            let roles = ["default", "cache", "queue", "lock"];
            let databases: InlineTable = roles.into_iter().zip(redis.databases).collect();
            table["databases"] = value(databases);
            section["redis"] = table.into();
        }
        if let Some(cache) = &self.cache {
            let mut table = Table::new();
            table["store"] = value(&cache.store);
            table["prefix"] = value(&cache.prefix);
            section["cache"] = table.into();
        }
        if let Some(queue) = &self.queue {
            let mut table = Table::new();
            table["connection"] = value(queue);
            section["queue"] = table.into();
        }
    }
}

impl Server {
    fn table(&self) -> Table {
        let mut table = Table::new();
        table["url"] = value(&self.url);
        if let Some(reference) = &self.password {
            table["password"] = value(reference.to_string());
        }
        table
    }
}

/// A table that is only there for those within it.
fn implicit() -> Table {
    let mut table = Table::new();
    table.set_implicit(true);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str) -> Draft {
        let server =
            Server { url: "postgres://ops@db/app".into(), password: Some(Reference::Env("PW".into())) };
        Draft { name: Some(name.into()), database: Some(server), ..Draft::default() }
    }

    #[test]
    fn a_context_is_added_and_all_else_stays_as_it_is() {
        let known = "# mine\nenvironment = 'local'  # and why\n\n[contexts.a.database]\nurl = \"sqlite:a\"\n";
        let text = draft("b").text(Path::new("f"), Some(known)).unwrap();
        assert_eq!(
            text,
            format!(
                "{known}\n[contexts.b]\n\n[contexts.b.database]\nurl = \"postgres://ops@db/app\"\npassword = \"env:PW\"\n"
            )
        );
        assert!(draft("a").text(Path::new("f"), Some(&text)).is_err());
        assert!(Draft::default().text(Path::new("f"), Some("")).is_err());
    }

    #[test]
    fn a_secret_that_was_typed_as_a_reference_is_not_repeated() {
        for text in ["hunter2", "env:", "env:hun ter2", "file:", "hunter2:x"] {
            let error = text.parse::<Reference>().unwrap_err();
            assert!(!format!("{error:?}").contains("hun"), "{error:?}");
        }
        let error = check_database_url("postgres://u:hunter2@h/d").unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        assert!(check_redis_url("redis://:hunter2@h").is_err());
    }

    #[test]
    fn names_can_be_typed() {
        for name in ["", "a b", "ünter", "app", "a.b", "x\u{1b}"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name("payments-eu_1").is_ok());
    }
}
