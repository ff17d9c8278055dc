//! What may be typed behind `opsctl clusters migrate` and `opsctl clusters repair`.

use std::{path::PathBuf, time::Duration};

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, Result,
    clusters::migrate::{Budget, Canary, Request},
    fleet::Bounds,
    schema::{Lint, Options, Patience, Set, TEAM_TABLE, TENANT},
    text::shell_word,
};

use crate::{app::App, cli::parse_duration, complete};

/// Bring the schema of every cluster up to date: a plan of all first, canaries, then the others
///
/// Without --path the tenant set is applied, to databases of opsctl's own; with it a team's own SQL,
/// files named NNNN_name.sql as sqlx has them. One lock per database makes runs follow each other, so
/// several hosts may run it at once. A migration waits for its locks only briefly and tries again, so
/// that nobody queues behind it; once it has them it is never cut. Each migration is one transaction;
/// on MySQL and MariaDB, whose DDL cannot be rolled back, each statement is recorded. A run touches
/// only what is unfinished, and may be killed and begun again at any time.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only these clusters
    #[arg(value_name = "NAME", add = Names::new(complete::clusters))]
    names: Vec<String>,
    /// Only these clusters
    #[arg(long, value_name = "NAME", value_delimiter = ',', add = Names::new(complete::clusters))]
    cluster: Vec<String>,
    #[command(flatten)]
    source: Source,
    /// Show what each cluster lacks, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Like --dry-run; exit code 3 when anything is pending
    #[arg(long, conflicts_with_all = ["dry_run", "own"])]
    pub status: bool,
    /// The last version to apply
    #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(i64).range(1..))]
    to: Option<i64>,
    /// Who goes first and must succeed: a cluster, or so many of those that lack something
    #[arg(long, value_name = "NAME|N", add = Names::new(complete::clusters))]
    canary: Option<String>,
    /// Clusters at once; at most 16 of one host
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), default_value = "16")]
    parallel: u16,
    /// What a failed cluster means for those that have not begun
    #[arg(long, value_enum, value_name = "WHAT", default_value = "continue")]
    on_error: OnError,
    /// Begin no more once more than so many clusters have failed, or so many in a hundred [default: no limit]
    #[arg(long, value_name = "N|P%", value_parser = budget, conflicts_with = "on_error")]
    max_failures: Option<Budget>,
    /// Make empty databases without a mark opsctl's own
    #[arg(long, conflicts_with = "path")]
    own: bool,
    /// Go on though an applied migration has another text now
    #[arg(long)]
    allow_drift: bool,
    /// What dangerous statements of pending migrations mean
    #[arg(long, value_enum, value_name = "WHAT", default_value = "warn")]
    lint: Linting,
    /// Longest wait for a lock of a table or a row: others queue behind it; on MySQL and MariaDB rounded up to seconds
    #[arg(long, value_name = "TIME", value_parser = short, default_value = "2s")]
    lock_timeout: Duration,
    /// Further tries after lock timeouts
    #[arg(long, value_name = "N", default_value = "8")]
    lock_retries: u32,
    /// Longest wait for another run on the same database
    #[arg(long, value_name = "TIME", value_parser = short, default_value = "30s")]
    lock_wait: Duration,
}

/// Which migrations.
#[derive(Debug, clap::Args)]
pub struct Source {
    /// A team's own SQL: files, or folders `postgres`, `mysql` and `sqlite` of them
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Where a team's own SQL is recorded; `_sqlx_migrations` goes on where sqlx stopped
    #[arg(long, value_name = "TABLE", requires = "path", default_value = TEAM_TABLE)]
    table: String,
}

impl Source {
    /// The words that name it, for lines that are to be typed next.
    pub fn words(&self) -> String {
        let Some(path) = &self.path else { return String::new() };
        let path = path.to_string_lossy();
        let path = shell_word(&path);
        match self.table.as_str() {
            TEAM_TABLE => format!(" --path {path}"),
            table => format!(" --path {path} --table {table}"),
        }
    }

    /// The set; a folder is read at once.
    pub fn set(&self, app: &App) -> Result<Set> {
        match &self.path {
            Some(path) => Set::from_folder(&app.cwd.join(path), &self.table),
            None => Ok(TENANT.clone()),
        }
    }
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OnError {
    /// Finish what is in hand, and begin no more.
    Stop,
    /// Go on with the others.
    Continue,
}

/// What follows from something dangerous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Linting {
    /// Nothing: nobody looks.
    Off,
    /// It is told.
    Warn,
    /// Nothing is run.
    Deny,
}

/// `3` or `5%`.
fn budget(text: &str) -> Result<Budget, String> {
    let bad = || "it is a number of clusters, such as 3, or a share of them, such as 5%".to_owned();
    match text.strip_suffix('%') {
        Some(percent) => {
            percent.parse().ok().filter(|percent| *percent <= 100).map(Budget::Percent).ok_or_else(bad)
        }
        None => text.parse().map(Budget::Count).map_err(|_| bad()),
    }
}

/// A time that may be shorter than a second: `500ms`.
fn short(text: &str) -> Result<Duration, String> {
    match text.strip_suffix("ms").map(str::parse) {
        Some(Ok(millis @ 1..)) => Ok(Duration::from_millis(millis)),
        Some(_) => Err("a time is more than 0 and looks like 500ms, 2s or 5m".into()),
        None if text.trim_end_matches(['s', 'm', 'h']) == "0" => Err("a time is more than 0".into()),
        None => parse_duration(text),
    }
}

impl Args {
    /// Whether it only looks.
    pub fn looks(&self) -> bool {
        self.dry_run || self.status
    }

    /// The clusters that were named, in either way.
    pub fn names(&self) -> Vec<String> {
        self.names.iter().chain(&self.cluster).cloned().collect()
    }

    /// What is asked for.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub fn request(&self, app: &App, runner: String) -> Result<Request> {
        let bounds = Bounds::default();
        let total = usize::from(self.parallel);
        let budget = match (self.max_failures, self.on_error) {
            (Some(budget), _) => budget,
            (None, OnError::Stop) => Budget::Count(0),
            (None, OnError::Continue) => Budget::Unlimited,
        };
        let canary = match self.canary.as_ref().map(|text| (text, text.parse())) {
            None => None,
            Some((_, Ok(0))) => return Err(Error::usage("no canary is none: leave `--canary` out")),
            Some((_, Ok(count))) => Some(Canary::Count(count)),
            Some((name, Err(_))) => Some(Canary::Named(name.clone())),
        };
        Ok(Request {
            set: self.source.set(app)?,
            source: self.source.words(),
            options: Options {
                runner,
                lock_wait: self.lock_wait,
                patience: Patience { lock: self.lock_timeout, retries: self.lock_retries },
                to: self.to,
                allow_drift: self.allow_drift,
            },
            canary,
            bounds: Bounds { total, per_host: bounds.per_host.min(total) },
            budget,
            own: self.own,
            lint: match self.lint {
                Linting::Off => Lint::Off,
                Linting::Warn => Lint::Warn,
                Linting::Deny => Lint::Deny,
            },
            clock: app.clock,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_and_short_times_are_read() {
        assert_eq!((budget("3"), budget("5%")), (Ok(Budget::Count(3)), Ok(Budget::Percent(5))));
        assert!(["", "%", "101%", "-1", "x"].iter().all(|text| budget(text).is_err()));
        assert_eq!(
            (short("500ms"), short("2s")),
            (Ok(Duration::from_millis(500)), Ok(Duration::from_secs(2)))
        );
        assert!(["0ms", "ms", "1.5s"].iter().all(|text| short(text).is_err()));
    }
}
