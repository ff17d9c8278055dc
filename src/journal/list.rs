//! The journal as one list, from the file, the table, or both: newest first, page by page along (begun_at, run).

use std::{
    collections::{BTreeSet, VecDeque},
    iter::Peekable,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Begin, JournalTable, Past, Run};
use crate::{Error, Result, near};

/// Length of a run's id.
const ID: usize = 26;
/// Rows that are read at once where a filter may pass over many.
const ROWS: usize = 500;
/// Names of this many runs are looked at for one that nearly matches.
const NEAR: usize = 2000;
/// How far a clock may have been set back while a run was at work.
const SET_BACK: TimeDelta = TimeDelta::hours(1);
/// Runs that are told where a prefix names several.
const TOLD: usize = 5;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With any code but 0.
    Failed,
    /// With this code.
    Exit(u8),
    /// Not at all: it is still at work, or was killed.
    Unfinished,
}

/// Which runs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Begun at or after.
    pub since: Option<DateTime<Utc>>,
    /// Begun before.
    pub until: Option<DateTime<Utc>>,
    /// Of this command, or of a command of this group.
    pub command: Option<String>,
    /// Of this user, `sudo` or not.
    pub user: Option<String>,
    /// In this context.
    pub context: Option<String>,
    /// On this host.
    pub host: Option<String>,
    /// That ended like this.
    pub outcome: Option<Outcome>,
}

impl Filter {
    /// Whether it asks for names that may be mistyped.
    pub fn asks_for_names(&self) -> bool {
        self.command.is_some() || self.user.is_some() || self.host.is_some()
    }

    /// What is asked for that names nothing may be a near match of a name that recent runs bear: the option, and what
    /// to give it instead.
    pub fn nearest(&self, names: &Names) -> Option<(&'static str, String)> {
        let asked = [
            ("--command", &self.command, &names.commands),
            ("--user", &self.user, &names.users),
            ("--host", &self.host, &names.hosts),
        ];
        asked.into_iter().find_map(|(option, asked, known)| {
            let asked = asked.as_deref().filter(|asked| !known.contains(*asked))?;
            let near = near::matches(asked, known.iter().map(String::as_str)).into_iter().next()?;
            Some((option, near.to_owned()))
        })
    }

    /// Whether it takes a run, all of which is known.
    pub fn takes(&self, run: &Run) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
        let actor = &run.begin.actor;
        let command = self.command.as_ref().is_none_or(|wanted| {
            let rest = run.begin.command.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        let outcome = match (self.outcome, &run.ended) {
            (None, _) | (Some(Outcome::Unfinished), None) => true,
            (Some(Outcome::Failed), Some(ended)) => ended.end.exit != 0,
            (Some(Outcome::Exit(code)), Some(ended)) => ended.end.exit == code,
            (Some(Outcome::Unfinished), Some(_)) | (Some(_), None) => false,
        };
        self.since.is_none_or(|since| run.begun_at >= since)
            && self.until.is_none_or(|until| run.begun_at < until)
            && command
            && (is(&self.user, &actor.user)
                || actor.sudo_user.as_ref().is_some_and(|sudo| is(&self.user, sudo)))
            && is(&self.context, &run.begin.context)
            && is(&self.host, &actor.host)
            && outcome
    }
}

/// Names that runs bear, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Commands, and their groups.
    pub commands: BTreeSet<String>,
    /// Users, those behind `sudo` included.
    pub users: BTreeSet<String>,
    /// Hosts.
    pub hosts: BTreeSet<String>,
}

impl Names {
    fn take(&mut self, run: Run) {
        let Begin { command, actor, .. } = run.begin;
        self.commands.extend(command.split_once(' ').map(|(group, _)| group.to_owned()));
        self.commands.insert(command);
        self.users.insert(actor.user);
        self.users.extend(actor.sudo_user);
        self.hosts.insert(actor.host);
    }
}

/// The names of the newest runs, of which so many are looked at that an empty list stays quick.
///
/// # Errors
/// The database's.
pub async fn names(past: Option<Past>, table: Option<&JournalTable<'_>>) -> Result<Names> {
    let mut names = Names::default();
    past.into_iter().flatten().take(NEAR).for_each(|run| names.take(run));
    if let Some(table) = table {
        table.page(&Filter::default(), None, NEAR).await?.into_iter().for_each(|run| names.take(run));
    }
    Ok(names)
}

/// A place in the list: the last run of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub(super) begun_at: DateTime<Utc>,
    pub(super) run: String,
}

impl Cursor {
    fn at(run: &Run) -> Self {
        Self { begun_at: run.begun_at, run: run.id.clone() }
    }

    fn is_before(&self, run: &Run) -> bool {
        run.place() < (self.begun_at, self.run.as_str())
    }
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::usage(format!("`{text}` is no place in the list"))
                .hint("take it from the line below a page")
        };
        let (time, run) = text.split_once('/').ok_or_else(bad)?;
        let begun_at = time.parse::<DateTime<Utc>>().map_err(|_| bad())?;
        Ok(Self { begun_at, run: run.to_owned() })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.begun_at.format("%Y-%m-%dT%H:%M:%S%.3fZ"), self.run)
    }
}

/// A run, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The run.
    pub run: Run,
    /// In this host's file.
    pub in_file: bool,
    /// In the database's table.
    pub in_table: bool,
}

impl Seen {
    /// The same run from both: whichever has its end.
    fn join(file: Option<Run>, row: Option<Run>) -> Option<Self> {
        let (in_file, in_table) = (file.is_some(), row.is_some());
        let run = match (file, row) {
            (Some(file), Some(row)) if file.ended.is_none() && row.ended.is_some() => row,
            (Some(run), _) | (None, Some(run)) => run,
            (None, None) => return None,
        };
        Some(Self { run, in_file, in_table })
    }
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The runs.
    pub runs: Vec<Seen>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// The table's runs, read as they are asked for.
struct Rows<'a> {
    table: Option<&'a JournalTable<'a>>,
    filter: &'a Filter,
    after: Option<Cursor>,
    ready: VecDeque<Run>,
    size: usize,
}

impl Rows<'_> {
    /// Place of the next one.
    async fn peek(&mut self) -> Result<Option<(DateTime<Utc>, &str)>> {
        if let Some(table) = self.table.filter(|_| self.ready.is_empty()) {
            self.ready = table.page(self.filter, self.after.as_ref(), self.size).await?.into();
            self.after = self.ready.back().map(Cursor::at);
            if self.ready.len() < self.size {
                self.table = None;
            }
        }
        Ok(self.ready.front().map(Run::place))
    }
}

/// A page of runs: both sources are walked side by side, and a run that is in both comes once.
///
/// # Errors
/// The database's.
pub async fn list(
    past: Option<Past>,
    table: Option<&JournalTable<'_>>,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page> {
    let is_behind = |run: &Run| after.is_none_or(|after| after.is_before(run));
    let is_recent = |run: &Run| filter.since.is_none_or(|since| run.begun_at >= since);
    let mut file: Peekable<_> =
        past.into_iter().flatten().take_while(is_recent).filter(|run| is_behind(run)).peekable();
    let size = if filter.outcome.is_some() { ROWS } else { limit + 1 };
    let mut rows = Rows { table, filter, after: after.cloned(), ready: VecDeque::new(), size };
    let mut runs = Vec::new();
    while runs.len() <= limit {
        let order = match (file.peek().map(Run::place), rows.peek().await?) {
            (None, None) => break,
            (file, row) => file.cmp(&row), // nothing is less than anything
        };
        let seen = Seen::join(
            if order.is_ge() { file.next() } else { None },
            if order.is_le() { rows.ready.pop_front() } else { None },
        );
        runs.extend(seen.filter(|seen| filter.takes(&seen.run)));
    }
    let more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| more).map(|seen| Cursor::at(&seen.run));
    Ok(Page { runs, next })
}

/// What an id, or its beginning, names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// One run.
    One(Box<Seen>),
    /// None.
    None,
    /// Several, some of which are these.
    Several(Vec<String>),
}

/// Finds a run by its id or the beginning of it.
///
/// # Errors
/// The database's.
pub async fn find(past: Option<Past>, table: Option<&JournalTable<'_>>, prefix: &str) -> Result<Found> {
    let prefix = prefix.to_uppercase();
    if prefix.is_empty() || prefix.len() > ID || !prefix.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(Found::None);
    }
    // An id holds the time at which its run was started: what was begun before that is not it.
    let first = ulid::Ulid::from_string(&format!("{prefix:0<ID$}")).ok();
    let started = first.and_then(|id| i64::try_from(id.timestamp_ms()).ok());
    let started = started.and_then(DateTime::from_timestamp_millis).unwrap_or_default();
    let mut file: Vec<Run> = past
        .into_iter()
        .flatten()
        .take_while(|run| run.begun_at >= started - SET_BACK)
        .filter(|run| run.id.starts_with(&prefix))
        .take(TOLD)
        .collect();
    let rows = match table {
        Some(table) => table.beginning(&prefix, TOLD).await?,
        None => Vec::new(),
    };
    let mut ids: Vec<String> = file.iter().chain(&rows).map(|run| run.id.clone()).collect();
    ids.sort();
    ids.dedup();
    if ids.len() > 1 {
        return Ok(Found::Several(ids));
    }
    Ok(Seen::join(file.pop(), rows.into_iter().next()).map_or(Found::None, |seen| Found::One(Box::new(seen))))
}

/// Ids of recent runs that nearly match one that names none.
///
/// # Errors
/// The database's.
pub async fn near(past: Option<Past>, table: Option<&JournalTable<'_>>, id: &str) -> Result<Vec<String>> {
    let mut ids: Vec<String> = past.into_iter().flatten().take(NEAR).map(|run| run.id).collect();
    if let Some(table) = table {
        ids.extend(table.page(&Filter::default(), None, NEAR).await?.into_iter().map(|run| run.id));
    }
    ids.sort();
    ids.dedup();
    let names = ids.iter().map(String::as_str);
    Ok(near::matches(id, names).into_iter().map(str::to_owned).collect())
}
