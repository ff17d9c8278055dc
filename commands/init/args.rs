//! What `opsctl init` takes, and the draft that its options make.

use std::path::Path;

use opsctl::{
    Error, Exit, Result,
    config::{
        Application, System,
        draft::{
            CacheDraft, Draft, RedisDraft, Reference, Server, check_database_url, check_name, check_redis_url,
        },
    },
};

use crate::{
    app::App,
    safety::Class,
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERBS: &[Verb] = &[Verb {
    words: "init",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "embedded databases beside it", line: "init --embedded" },
        Example {
            what: "a context in the user's own file, for use from any folder",
            line: "init --user --name lite --database-url sqlite:opsctl-data/central.sqlite",
        },
        Example {
            what: "what would be written for a server, without trying it",
            line: "init --name eu --database-url postgres://ops@db/app --password-from env:DB_PW --no-test --dry-run",
        },
    ],
    prints: Prints::Nothing,
    reads: &[Topic::Journal],
    exits: &[
        (Exit::Usage, "too little is said and there is nobody to ask, or a URL holds a password"),
        (Exit::Refused, "the context is there already, or not confirmed"),
        (Exit::Config, "a server refused, or the file cannot be written"),
        (Exit::Unreachable, "a server does not answer; `--no-test` writes all the same"),
    ],
    artisan: &[],
}];

/// Write an opsctl.toml: by questions on a terminal, or by options
///
/// With --app DIR the settings of that application are referred to; the questions offer those of this folder. Tries the
/// database and Redis before anything is written. The file is readable by its owner alone and holds references to
/// secrets, never secrets. A context that is there already is left alone; a new one is added to the file, whose other
/// lines stay as they are. With --embedded the databases are SQLite files beside it, made at once.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Embedded databases: SQLite files in the folder `opsctl-data`
    #[arg(long, conflicts_with_all = [
        "database_url", "password_from", "redis_url", "redis_password_from", "redis_prefix", "redis_databases",
        "cache_store", "cache_prefix", "queue", "system", "name", "environment", "protected", "user", "no_test", "dry_run",
    ])]
    pub embedded: bool,
    /// The database, without a password: `postgres://USER@HOST/NAME`, `mysql://…`, `sqlite:PATH`
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Where its password lies: `env:NAME` or `file:PATH`
    #[arg(long, value_name = "REFERENCE", requires = "database_url")]
    password_from: Option<String>,
    /// The Redis server, without a password: `redis://HOST:PORT`
    #[arg(long, value_name = "URL", requires_all = ["redis_prefix", "redis_databases"])]
    redis_url: Option<String>,
    /// Where its password lies: `env:NAME` or `file:PATH`
    #[arg(long, value_name = "REFERENCE", requires = "redis_url")]
    redis_password_from: Option<String>,
    /// What the application's client puts before every key: REDIS_PREFIX
    #[arg(long, value_name = "PREFIX", requires = "redis_url")]
    redis_prefix: Option<String>,
    /// Databases of the roles default, cache, queue and lock: `0,1,2,3`
    #[arg(long, value_name = "N,N,N,N", value_parser = databases, requires = "redis_url")]
    redis_databases: Option<Databases>,
    /// Where locks live
    #[arg(long, value_name = "STORE", value_parser = ["redis", "database"], requires = "cache_prefix")]
    cache_store: Option<String>,
    /// What the application's cache puts before every key: CACHE_PREFIX; `''` for nothing
    #[arg(long, value_name = "PREFIX", requires = "cache_store")]
    cache_prefix: Option<String>,
    /// Where jobs wait
    #[arg(long, value_name = "CONNECTION", value_parser = ["redis", "database"])]
    queue: Option<String>,
    /// The system, when it is not to be detected: webhooks, laundry, platform, laravel
    #[arg(long, value_name = "SYSTEM", value_parser = ["webhooks", "laundry", "platform", "laravel"])]
    system: Option<String>,
    /// Name of the context, for `--context NAME`; without one it is the top of the file
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub name: Option<String>,
    /// Name of the environment; `production`, `prod` and `live` protect the context [default: the application's, else production]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    environment: Option<String>,
    /// Protect the context whatever its environment
    #[arg(long)]
    protected: bool,
    /// Write into the user's own file, for use from any folder
    #[arg(long)]
    pub user: bool,
    /// Do not try the servers before
    #[arg(long)]
    pub no_test: bool,
    /// Show what would be written
    #[arg(long)]
    pub dry_run: bool,
}

/// One number per role.
type Databases = [i64; 4];

/// Four numbers.
pub fn databases(text: &str) -> Result<Databases, String> {
    let numbers: Result<Vec<i64>, _> = text.split(',').map(|part| part.trim().parse::<i64>()).collect();
    let numbers: Option<Databases> = numbers.ok().and_then(|numbers| numbers.try_into().ok());
    numbers
        .filter(|numbers| numbers.iter().all(|number| *number >= 0))
        .ok_or_else(|| "four numbers, for default, cache, queue and lock: 0,1,2,3".to_owned())
}

fn name(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

impl Args {
    /// Whether the options name a database, by themselves or by an application.
    pub fn says_enough(&self, app: &App) -> bool {
        self.database_url.is_some() || app.global.app.is_some()
    }

    /// What all options say but those of the connections.
    pub fn common(&self) -> Draft {
        Draft {
            name: self.name.clone(),
            environment: self.environment.clone(),
            protected: self.protected,
            system: self.system.as_deref().and_then(System::from_name),
            queue: self.queue.clone(),
            ..Draft::default()
        }
    }

    /// The draft that the options make, and whether it goes into the user's own file.
    pub fn draft(&self, app: &App) -> Result<(Draft, bool)> {
        if !self.says_enough(app) {
            return Err(Error::usage("nothing says which database, and there is no terminal to ask on")
                .hint("name it: `--database-url URL`, with `--password-from env:NAME` or `file:PATH`")
                .hint("or an application: `--app DIR`; or make one: `--embedded`"));
        }
        if self.user && self.name.is_none() {
            return Err(
                Error::usage("the user's own file holds named contexts").hint("name it: `--name NAME`")
            );
        }
        if let Some(url) = &self.database_url {
            check_database_url(url)?;
        }
        if let Some(url) = &self.redis_url {
            check_redis_url(url)?;
        }
        let base = self.user.then_some(app.cwd.as_path());
        // Read here and not by clap, which would repeat what may be a password.
        let reference =
            |text: &Option<String>| text.as_deref().map(|text| Ok(referred(text.parse()?, base))).transpose();
        let (password, redis_password) =
            (reference(&self.password_from)?, reference(&self.redis_password_from)?);
        let database =
            self.database_url.as_ref().map(|url| Server { url: seen_from_anywhere(url, base), password });
        let redis = self.redis_url.as_ref().zip(self.redis_prefix.as_ref()).zip(self.redis_databases);
        let redis = redis.map(|((url, prefix), databases)| RedisDraft {
            server: Server { url: url.clone(), password: redis_password },
            prefix: prefix.clone(),
            databases,
        });
        let cache = self.cache_store.clone().zip(self.cache_prefix.clone());
        let cache = cache.map(|(store, prefix)| CacheDraft { store, prefix });
        let folder = app.global.app.as_ref().map(|dir| folder(app, dir, self.user)).transpose()?;
        Ok((Draft { app: folder, database, redis, cache, ..self.common() }, self.user))
    }
}

/// The application's folder as it is written; it must hold an application.
pub fn folder(app: &App, dir: &Path, user: bool) -> Result<String> {
    let full = app.cwd.join(dir);
    let bare = app.environment.without(|_| true);
    if Application::open(&full, &bare, app.global.env.as_deref())?.is_none() {
        return Err(Error::config(format!("no application in {}", full.display()))
            .because("there is neither bootstrap/cache/config.php nor .env"));
    }
    let full = std::fs::canonicalize(&full).unwrap_or(full);
    let shown = if user { full.as_path() } else { dir };
    let text = shown.to_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
        .ok_or_else(|| Error::usage("the application's folder has a name that is not UTF-8"))
}

/// A path in a file of another folder is written whole.
pub fn seen_from_anywhere(url: &str, base: Option<&Path>) -> String {
    let path = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
    match (path, base) {
        (Some(path), Some(base)) => format!("sqlite:{}", base.join(path).display()),
        _ => url.to_owned(),
    }
}

/// Likewise of a reference.
pub fn referred(reference: Reference, base: Option<&Path>) -> Reference {
    match (reference, base) {
        (Reference::File(path), Some(base)) => Reference::File(base.join(path).display().to_string()),
        (reference, _) => reference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_four_databases() {
        assert_eq!(databases("0, 1,2,3"), Ok([0, 1, 2, 3]));
        for bad in ["", "0", "0,1,2", "0,1,2,3,4", "0,1,2,x", "0,1,2,-1"] {
            assert!(databases(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_of_another_folder_are_written_whole() {
        let base = Some(Path::new("/srv"));
        assert_eq!(seen_from_anywhere("sqlite:a.db", base), "sqlite:/srv/a.db");
        assert_eq!(seen_from_anywhere("sqlite:///x/a.db", base), "sqlite:/x/a.db");
        assert_eq!(seen_from_anywhere("sqlite:a.db", None), "sqlite:a.db");
        assert_eq!(referred(Reference::File("pw".into()), base), Reference::File("/srv/pw".into()));
    }
}
