//! What runs saw, kept for completion: one small file per database in the user's cache folder, readable by its owner
//! alone. It holds ids, names and words of a state; nothing of bodies, errors or credentials.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, TimeDelta, Utc};
use opsctl::{
    config::{Context, Environment},
    private,
    text::is_unprintable,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::lookup;
use crate::app::App;

/// Version of the file's shape; another one is as good as no file.
const VERSION: u32 = 1;
/// Events that are kept; more than a shell can show.
const KEPT: usize = 100;
/// Longest name that is kept, in bytes.
const NAME_LIMIT: usize = 64;
/// Age at which what was seen is no longer offered.
const STALE: TimeDelta = TimeDelta::days(7);

/// What was seen of one database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    version: u32,
    at: DateTime<Utc>,
    /// Names of providers.
    pub providers: Vec<String>,
    /// Events in trouble, newest first.
    pub events: Vec<Event>,
    /// Names of clusters, as they were registered last.
    #[serde(default)]
    pub clusters: Vec<String>,
    /// Slugs of tenants, those that were seen last in front.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// Names of queues, as they were counted last.
    #[serde(default)]
    pub queues: Vec<String>,
}

/// One event in trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// Provider and state, in a few words.
    pub why: String,
}

/// One event as a run saw it.
#[derive(Debug)]
pub struct Sight<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its provider.
    pub provider: &'a str,
    /// Its state, when it is in trouble; `None` takes it off the list.
    pub trouble: Option<&'a str>,
}

/// Keeps which events a run saw.
pub fn remember<'a>(app: &App, sights: impl IntoIterator<Item = Sight<'a>>) {
    keep(app, |seen| seen.add(sights));
}

/// Keeps which clusters there are.
pub fn remember_clusters<'a>(app: &App, names: impl IntoIterator<Item = &'a str>) {
    keep(app, |seen| seen.set_clusters(names));
}

/// Keeps slugs of tenants that a run saw.
pub fn remember_tenants<'a>(app: &App, slugs: impl IntoIterator<Item = &'a str>) {
    keep(app, |seen| seen.add_tenants(slugs));
}

/// Keeps which queues hold jobs.
pub fn remember_queues<'a>(app: &App, names: impl IntoIterator<Item = &'a str>) {
    keep(app, |seen| seen.set_queues(names));
}

/// Completion is a convenience: whatever fails is passed over.
fn keep(app: &App, add: impl FnOnce(&mut Seen)) {
    let Ok(context) = app.context() else { return };
    let Some(file) = file(&app.environment, context) else { return };
    let mut seen = read(&file).unwrap_or_default();
    let before = seen.clone();
    add(&mut seen);
    let aged = app.clock.now() - before.at > STALE / 2;
    if seen != before || aged {
        seen.at = app.clock.now();
        write(&file, &seen);
    }
}

/// What was seen of the database that the words of the command line are about.
pub fn seen() -> Option<Seen> {
    let (environment, context) = lookup::context()?;
    let clock = crate::environment::clock(&environment);
    let seen = read(&file(&environment, &context)?)?;
    (clock.now() - seen.at <= STALE).then_some(seen)
}

impl Seen {
    /// Puts these clusters in the place of those that were known.
    pub fn set_clusters<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        self.version = VERSION;
        self.clusters = names.into_iter().filter(|name| plain(name)).map(str::to_owned).collect();
    }

    /// Puts these queues in the place of those that were known.
    pub fn set_queues<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        self.version = VERSION;
        self.queues = names.into_iter().filter(|name| plain(name)).take(KEPT).map(str::to_owned).collect();
    }

    /// Adds tenants that a run saw, in front.
    pub fn add_tenants<'a>(&mut self, slugs: impl IntoIterator<Item = &'a str>) {
        self.version = VERSION;
        let mut fresh: Vec<String> =
            slugs.into_iter().filter(|slug| plain(slug)).take(KEPT).map(str::to_owned).collect();
        self.tenants.retain(|known| !fresh.contains(known));
        fresh.append(&mut self.tenants);
        fresh.truncate(KEPT);
        self.tenants = fresh;
    }

    /// Adds what a run saw: the newest in front, what is in trouble no more taken off.
    pub fn add<'a>(&mut self, sights: impl IntoIterator<Item = Sight<'a>>) {
        self.version = VERSION;
        let mut fresh = Vec::new();
        for sight in sights {
            if plain(sight.provider) && !self.providers.iter().any(|known| known == sight.provider) {
                self.providers.push(sight.provider.to_owned());
            }
            self.events.retain(|event| event.id != sight.id);
            fresh.retain(|event: &Event| event.id != sight.id);
            if let Some(state) = sight.trouble.filter(|_| plain(sight.id) && fresh.len() < KEPT) {
                fresh.push(Event { id: sight.id.to_owned(), why: format!("{}, {state}", sight.provider) });
            }
        }
        fresh.append(&mut self.events);
        fresh.truncate(KEPT);
        self.events = fresh;
        self.providers.truncate(KEPT);
    }
}

/// A name that a shell can take as one word.
fn plain(name: &str) -> bool {
    let odd = |c: char| is_unprintable(c) || c.is_whitespace();
    !name.is_empty() && name.len() <= NAME_LIMIT && !name.contains(odd)
}

/// The file of a context's database.
pub fn file(environment: &Environment, context: &Context) -> Option<PathBuf> {
    let database = context.database().ok()?;
    let name = format!("{}\0{database}\0{}", context.name, database.prefix);
    let digest = Sha256::digest(name.as_bytes());
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Some(environment.cache_dir()?.join("complete").join(format!("{short}.json")))
}

fn read(file: &Path) -> Option<Seen> {
    let seen: Seen = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    (seen.version == VERSION).then_some(seen)
}

/// Writes beside, then renames: a shell that asks meanwhile reads the old file or the new one.
pub fn write(file: &Path, seen: &Seen) {
    if let (Some(folder), Ok(text)) = (file.parent(), serde_json::to_vec(seen))
        && private::folder(folder).is_ok()
    {
        let _ = private::replace(file, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight<'a>(id: &'a str, trouble: Option<&'a str>) -> Sight<'a> {
        Sight { id, provider: "stripe", trouble }
    }

    #[test]
    fn the_newest_come_first_and_what_is_well_again_goes() {
        let mut seen = Seen::default();
        seen.add([sight("a", Some("failed")), sight("b", Some("failed"))]);
        seen.add([sight("c", Some("ambiguous")), sight("b", None), sight("a", Some("exhausted"))]);
        let ids: Vec<&str> = seen.events.iter().map(|event| event.id.as_str()).collect();
        assert_eq!(ids, ["c", "a"]);
        assert_eq!(seen.events[1].why, "stripe, exhausted");
        assert_eq!(seen.providers, ["stripe"]);
    }

    #[test]
    fn tenants_that_were_seen_last_come_first_and_each_once() {
        let mut seen = Seen::default();
        seen.add_tenants(["a", "b"]);
        seen.add_tenants(["c", "two words", "a"]);
        assert_eq!(seen.tenants, ["c", "a", "b"]);
        let many: Vec<String> = (0..300).map(|at| format!("t{at}")).collect();
        seen.add_tenants(many.iter().map(String::as_str));
        assert_eq!((seen.tenants.len(), seen.tenants[0].as_str()), (KEPT, "t0"));
    }

    #[test]
    fn names_that_are_no_word_are_not_kept() {
        let mut seen = Seen::default();
        seen.add([
            sight("a b", Some("failed")),
            sight("x\u{1b}[2J", Some("failed")),
            sight(&"y".repeat(65), Some("failed")),
        ]);
        seen.add((0..300).map(|_| Sight { id: "z", provider: "two words", trouble: Some("failed") }));
        assert_eq!(seen.events.len(), 1);
        assert_eq!(seen.providers, ["stripe"]);
    }
}
