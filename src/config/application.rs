//! The settings of the Laravel application itself: its cached configuration or, without one, its environment.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    Environment,
    cached::{self},
    dotenv::{self, EnvValue},
    origin::{Origin, Sourced},
};
use crate::{Error, Result};

/// Variables that name a database connection; with one of them set, a source is complete by itself.
const DATABASE_NAMES: [&str; 5] = ["DB_URL", "DB_CONNECTION", "DB_HOST", "DB_SOCKET", "DB_DATABASE"];
/// Variables that name a Redis server.
const REDIS_NAMES: [&str; 2] = ["REDIS_URL", "REDIS_HOST"];
/// Variables that by themselves say that an application's environment is at hand.
const APP_NAMES: [&str; 4] = ["APP_NAME", "CACHE_PREFIX", "CACHE_STORE", "REDIS_PREFIX"];

/// One Laravel application's settings.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its base folder.
    pub dir: PathBuf,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// Laravel reads nothing else when this file exists (`LoadEnvironmentVariables::bootstrap`, Laravel 11-13).
    Cached { path: PathBuf, root: Value },
    /// The process environment, then the `.env` file.
    Environment { process: Environment, dotenv: Option<Dotenv> },
}

#[derive(Debug, Clone)]
struct Dotenv {
    path: PathBuf,
    entries: Vec<dotenv::Entry>,
}

/// The two halves of an environment, of which a connection is taken whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Process,
    Dotenv,
}

impl Application {
    /// Reads the application in `dir`; `None` when nothing there or in the process environment speaks of one.
    ///
    /// `environment` is `--env`: `.env.NAME` is read instead of `.env` when it exists, as Laravel does.
    ///
    /// # Errors
    /// A file that exists and cannot be read or understood, with its line.
    pub fn open(dir: &Path, process: &Environment, environment: Option<&str>) -> Result<Option<Self>> {
        let cached = process.get("APP_CONFIG_CACHE").map_or_else(
            || dir.join("bootstrap/cache/config.php"),
            |path| dir.join(path), // an absolute path replaces the base
        );
        if let Some(text) = read(&cached)? {
            let root = cached::parse(&text).map_err(|error| {
                Error::config(format!("{} cannot be understood", cached.display())).because(error)
            })?;
            return Ok(Some(Self { dir: dir.to_owned(), source: Source::Cached { path: cached, root } }));
        }
        let dotenv = Dotenv::open(dir, process, environment)?;
        let named = DATABASE_NAMES
            .iter()
            .chain(&REDIS_NAMES)
            .chain(&APP_NAMES)
            .any(|name| process.get(name).is_some());
        if dotenv.is_none() && !named {
            return Ok(None);
        }
        let source = Source::Environment { process: process.clone(), dotenv };
        Ok(Some(Self { dir: dir.to_owned(), source }))
    }

    /// Whether the cached configuration is in force.
    pub fn is_cached(&self) -> bool {
        matches!(self.source, Source::Cached { .. })
    }

    /// A subtree of the cached configuration, with its source; `None` without a cached configuration.
    pub fn tree(&self, path: &str) -> Option<(&Value, Origin)> {
        let Source::Cached { path: file, root } = &self.source else { return None };
        Some((cached::get(root, path)?, Origin::Cached(file.clone(), path.to_owned())))
    }

    /// One setting: `path` in the cached configuration, else the first of `names` that is set.
    /// An inner `None` is Laravel's explicit null, for which the default does not step in.
    pub fn value(&self, path: &str, names: &[&str]) -> Option<Sourced<Option<String>>> {
        match &self.source {
            Source::Cached { .. } => {
                let (value, origin) = self.tree(path)?;
                Some(Sourced::new(scalar(value), origin))
            }
            Source::Environment { .. } => names.iter().find_map(|name| {
                self.variable(name, Half::Process).or_else(|| self.variable(name, Half::Dotenv))
            }),
        }
    }

    /// A member of the database connection, from the half of the environment that names the connection.
    pub fn database_member(&self, name: &str) -> Option<Sourced<Option<String>>> {
        self.variable(name, self.half(&DATABASE_NAMES))
    }

    /// A member of the Redis server's address, likewise.
    pub fn redis_member(&self, name: &str) -> Option<Sourced<Option<String>>> {
        self.variable(name, self.half(&REDIS_NAMES))
    }

    /// Whether the environment names a database connection at all.
    pub fn names_database(&self) -> bool {
        DATABASE_NAMES.iter().any(|name| self.database_member(name).is_some())
    }

    fn half(&self, names: &[&str]) -> Half {
        match names.iter().any(|name| self.variable(name, Half::Process).is_some()) {
            true => Half::Process,
            false => Half::Dotenv,
        }
    }

    fn variable(&self, name: &str, half: Half) -> Option<Sourced<Option<String>>> {
        let Source::Environment { process, dotenv } = &self.source else { return None };
        let (raw, origin) = match half {
            Half::Process => (process.get(name)?, Origin::Variable(name.to_owned())),
            Half::Dotenv => {
                let file = dotenv.as_ref()?;
                let entry = file.entries.iter().rev().find(|entry| entry.name == name)?;
                (entry.value.as_deref()?, Origin::Dotenv(file.path.clone(), name.to_owned()))
            }
        };
        let value = match dotenv::cast(raw) {
            EnvValue::Text(text) => Some(text),
            EnvValue::Bool(value) => Some(value.to_string()),
            EnvValue::Null => None,
        };
        Some(Sourced::new(value, origin))
    }

    /// Names of all variables that the environment or `.env` sets, to recognise a system by its own.
    pub fn variable_names(&self) -> Vec<&str> {
        match &self.source {
            Source::Cached { .. } => Vec::new(),
            Source::Environment { process, dotenv } => process
                .names()
                .chain(dotenv.iter().flat_map(|file| file.entries.iter().map(|entry| entry.name.as_str())))
                .collect(),
        }
    }
}

impl Dotenv {
    fn open(dir: &Path, process: &Environment, environment: Option<&str>) -> Result<Option<Self>> {
        let named =
            environment.or_else(|| process.get("APP_ENV")).map(|name| dir.join(format!(".env.{name}")));
        for path in named.into_iter().chain([dir.join(".env")]) {
            if let Some(text) = read(&path)? {
                let known = |name: &str| process.get(name).map(str::to_owned);
                let entries = dotenv::parse(&text, &known).map_err(|error| {
                    Error::config(format!("{} line {}: {}", path.display(), error.line, error.message)).hint(
                        "the application reads this file the same way: mend the line, or quote its value with \"…\"",
                    )
                })?;
                return Ok(Some(Self { path, entries }));
            }
        }
        Ok(None)
    }
}

/// A scalar of the cached configuration as text, as PHP would print it in a connection setting.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
    }
}

/// The file's bytes; `None` when it does not exist.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(Error::config(format!("{} cannot be read", path.display())).because(error)),
    }
}
