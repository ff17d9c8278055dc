//! `opsctl.toml`: what one may write there. Secrets stand in it only as references (`env:NAME`, `file:PATH`).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Environment, Origin, application::read, redis::section::RedisSection, reference,
    schedule::ScheduleSection,
};
use crate::{Error, Result, near};

/// The whole file: one context at the top level, and any number of named ones.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    contexts: BTreeMap<String, Section>,
    // `flatten` cannot be combined with `deny_unknown_fields`, so the top level repeats the members of a section.
    app: Option<PathBuf>,
    environment: Option<String>,
    protected: Option<bool>,
    system: Option<String>,
    database: Option<DatabaseSection>,
    redis: Option<RedisSection>,
    cache: Option<CacheSection>,
    queue: Option<QueueSection>,
    webhooks: Option<BTreeMap<String, toml::Value>>,
    clusters: Option<BTreeMap<String, toml::Value>>,
    fleet: Option<FleetSection>,
    schedule: Option<ScheduleSection>,
}

/// One context as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Folder of the Laravel application, relative to the file.
    pub app: Option<PathBuf>,
    /// The environment's name; `production` makes the context protected.
    pub environment: Option<String>,
    /// Protects the context whatever the environment's name.
    pub protected: Option<bool>,
    /// The system, when it must not be detected.
    pub system: Option<String>,
    /// The central database.
    pub database: Option<DatabaseSection>,
    /// The Redis server.
    pub redis: Option<RedisSection>,
    /// The cache store, where locks live.
    pub cache: Option<CacheSection>,
    /// The queue connection.
    pub queue: Option<QueueSection>,
    /// Settings of the webhook service, by the last part of their configuration key.
    pub webhooks: Option<BTreeMap<String, toml::Value>>,
    /// Clusters by name, instead of those that the central database registers. Each is read by itself: one that cannot
    /// be understood leaves the others alone.
    pub clusters: Option<BTreeMap<String, toml::Value>>,
    /// Where a platform of its own keeps its clusters and tenants.
    pub fleet: Option<FleetSection>,
    /// What runs when.
    pub schedule: Option<ScheduleSection>,
}

/// `[fleet]`: queries over the platform's own tables in the central database, instead of opsctl's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetSection {
    /// Gives the columns of `opsctl_clusters` by their names; `name`, `url` and `status` at least.
    pub clusters: Option<String>,
    /// Gives the columns of `opsctl_tenants` by their names; `id`, `slug`, `cluster` and `status` at least.
    pub tenants: Option<String>,
}

/// `[database]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSection {
    /// `postgres://…`, `mysql://…` or `sqlite:PATH`, without a password; a path is relative to the file.
    pub url: String,
    /// `env:NAME` or `file:PATH`.
    pub password: Option<String>,
    /// `transaction` when a PgBouncer in transaction mode stands in between.
    pub pooler: Option<String>,
    /// Table prefix.
    pub prefix: Option<String>,
}

/// `[cache]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheSection {
    /// `redis` or `database`.
    pub store: String,
    /// Key prefix of the store (`CACHE_PREFIX`). Required, since a lock under another name locks nothing.
    pub prefix: String,
}

/// `[queue]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueSection {
    /// `redis` or `database`.
    pub connection: String,
    /// Seconds after which a reserved job may be taken again; `retry_after` of the application's connection.
    pub retry_after: Option<u64>,
}

impl Section {
    /// Whether it says nothing at all: the top of a file that only defines named contexts.
    pub fn is_empty(&self) -> bool {
        let settings = self.environment.is_some() || self.protected.is_some() || self.system.is_some();
        let stores = self.cache.is_some() || self.queue.is_some() || self.webhooks.is_some();
        let fleet = self.clusters.is_some() || self.fleet.is_some();
        !(self.names_a_place() || settings || stores || fleet || self.schedule.is_some())
    }

    /// Whether it names an application, a database or a Redis server.
    pub fn names_a_place(&self) -> bool {
        self.app.is_some() || self.database.is_some() || self.redis.is_some()
    }
}

/// A section with the file it stands in.
#[derive(Debug, Clone)]
pub struct FileContext {
    /// Name of the context: of its section, or `default`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What stands there.
    pub section: Section,
    /// It is a `[contexts.NAME]` section, not the top of the file.
    pub named: bool,
    /// Chosen by `--context` or `OPSCTL_CONTEXT`, so stronger than other `OPSCTL_*` variables.
    pub chosen: bool,
    /// Names of the contexts that stand in the file, for hints.
    pub others: Vec<String>,
    /// How it was said, when it does not stand in the file yet.
    pub typed: Option<Typed>,
}

/// How a context that is yet to be written was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// By options of `init`.
    Options,
    /// By answers to its questions.
    Answers,
}

impl Typed {
    fn origin(self, key: &str) -> Option<Origin> {
        let option = match key {
            "database.url" => "--database-url",
            "database.password" => "--password-from",
            "redis.url" => "--redis-url",
            "redis.password" => "--redis-password-from",
            _ => return None,
        };
        Some(Origin::Flag(if self == Typed::Options { option } else { "the answer" }))
    }
}

impl FileContext {
    /// A path of the file, seen from the file's folder.
    pub fn relative(&self, path: &Path) -> PathBuf {
        // Without `.` in the middle: the path is shown.
        self.path.parent().unwrap_or(Path::new(".")).join(path).components().collect()
    }

    /// A key of the section as the source of a value.
    pub fn origin(&self, key: &str) -> Origin {
        let typed = self.typed.and_then(|typed| typed.origin(key));
        typed.unwrap_or_else(|| Origin::File(self.path.clone(), self.key(key)))
    }

    /// The key as error texts and origins name it.
    pub fn key(&self, key: &str) -> String {
        if self.named { format!("contexts.{}.{key}", self.name) } else { key.to_owned() }
    }
}

/// What one file offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// The top level says something.
    pub top: bool,
    /// Names of the `[contexts.NAME]` sections.
    pub names: Vec<String>,
}

/// What stands in a file; `None` when it does not exist.
///
/// # Errors
/// A file that cannot be read or understood.
pub fn offer(path: &Path) -> Result<Option<Offer>> {
    let Some(text) = read(path)? else { return Ok(None) };
    let mut document = parse(path, &text)?;
    let names = std::mem::take(&mut document.contexts).into_keys().collect();
    Ok(Some(Offer { top: !document.top().is_empty(), names }))
}

/// A context of a text that is not a file yet; `path` is where it would lie.
///
/// # Errors
/// A text that cannot be understood, or that lacks the context.
pub fn preview(path: &Path, text: &str, name: Option<&str>, typed: Typed) -> Result<FileContext> {
    let mut document = parse(path, text.as_bytes())?;
    let section = match name {
        None => Some(document.top()),
        Some(name) => document.contexts.remove(name),
    };
    let section = section.ok_or_else(|| Error::failed("the context is missing from its own text"))?;
    let (named, chosen) = (name.is_some(), true);
    let name = name.unwrap_or("default").to_owned();
    let (path, others, typed) = (path.to_owned(), Vec::new(), Some(typed));
    Ok(FileContext { name, path, section, named, chosen, others, typed })
}

/// Reads the context `name` from the first of `paths` that has it, or the top level of the first file.
///
/// # Errors
/// A file that cannot be understood (with line and column); a name that none of the files has.
pub fn load(paths: &[PathBuf], name: Option<&str>) -> Result<Option<FileContext>> {
    let mut known = Vec::new();
    for path in paths {
        let Some(text) = read(path)? else { continue };
        let mut document = parse(path, &text)?;
        let path = path.clone();
        let Some(name) = name else {
            let others = document.contexts.keys().cloned().collect();
            let name = "default".into();
            let (section, named, chosen) = (document.top(), false, false);
            return Ok(Some(FileContext { name, path, section, named, chosen, others, typed: None }));
        };
        if let Some(section) = document.contexts.remove(name) {
            let name = name.to_owned();
            let (named, chosen, others) = (true, true, Vec::new());
            return Ok(Some(FileContext { name, path, section, named, chosen, others, typed: None }));
        }
        known.extend(document.contexts.into_keys());
    }
    match name {
        None => Ok(None),
        Some(name) => Err(unknown(name, &known, paths)),
    }
}

/// Names of the contexts that a file holds; none when there is no file.
///
/// # Errors
/// A file that cannot be understood.
pub fn names(path: &Path) -> Result<Vec<String>> {
    let text = read(path)?;
    let document = text.map(|text| parse(path, &text)).transpose()?;
    Ok(document.map(|document| document.contexts.into_keys().collect()).unwrap_or_default())
}

fn unknown(name: &str, known: &[String], paths: &[PathBuf]) -> Error {
    let looked: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let error = Error::new(crate::Kind::NotFound, format!("no context is named `{name}`"))
        .because(format!("looked in {}", looked.join(", ")));
    let otherwise = match known {
        [] => "write one as `[contexts.NAME]` in an opsctl.toml".to_owned(),
        known => format!("contexts there: {}", known.join(", ")),
    };
    near::or(error, name, known.iter().map(String::as_str), |near| format!("--context {near}"), otherwise)
}

fn parse(path: &Path, text: &[u8]) -> Result<Document> {
    let fail =
        |cause: String| Error::config(format!("{} cannot be understood", path.display())).because(cause);
    let text = std::str::from_utf8(text).map_err(|error| fail(error.to_string()))?;
    toml::from_str(text).map_err(|error| {
        let line =
            error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        fail(format!("line {line}: {}", error.message()))
    })
}

impl Document {
    fn top(self) -> Section {
        Section {
            app: self.app,
            environment: self.environment,
            protected: self.protected,
            system: self.system,
            database: self.database,
            redis: self.redis,
            cache: self.cache,
            queue: self.queue,
            webhooks: self.webhooks,
            clusters: self.clusters,
            fleet: self.fleet,
            schedule: self.schedule,
        }
    }
}

/// Follows `env:NAME` or `file:PATH` to a secret.
///
/// # Errors
/// Anything else written there, a variable that is not set, a file that cannot be read.
pub fn secret(context: &FileContext, key: &str, reference: &str, env: &Environment) -> Result<SecretString> {
    let place = match context.typed.and_then(|typed| typed.origin(key)) {
        Some(typed) => typed.to_string(),
        None => format!("{} in {}", context.key(key), context.path.display()),
    };
    reference::follow(reference, &place, context.path.parent(), env)
}

/// A secret from a file; one line end at its end is not part of it.
///
/// # Errors
/// A file that is missing or cannot be read.
pub fn secret_file(path: &Path) -> Result<SecretString> {
    let bytes = read(path)?.ok_or_else(|| Error::config(format!("{} does not exist", path.display())))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::config(format!("{} holds a secret that is not UTF-8", path.display())))?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(SecretString::from(text))
}
