//! Completion of names: what a shell asks for on TAB.
//!
//! Names come from files, from the binary itself, and from what earlier runs saw ([`cache`]). Only where nothing was
//! seen yet, and the context is not protected, is the database asked, for a moment ([`lookup`]). Whatever goes wrong
//! gives no names: a shell is no place for errors or questions.

mod artisan;
mod cache;
mod lookup;

use std::ffi::{OsStr, OsString};

use clap_complete::{CompleteEnv, CompletionCandidate};
use opsctl::webhooks::{self, backoff::Mode, providers};

pub use self::cache::{Sight, remember, remember_clusters, remember_queues, remember_tenants};
use crate::{
    environment, help, tree,
    ui::{Color, Format, Ui, Zone},
};

/// The variable that a completing shell sets; the generic name of the crate's may mean something else to others.
pub const VARIABLE: &str = "OPSCTL_COMPLETE";

/// Answers a shell, if one is asking; says whether it was.
pub fn answer() -> bool {
    if !environment::sets(VARIABLE) {
        return false;
    }
    if artisan_word() {
        return true;
    }
    let asked = std::env::args_os().count() > 1;
    let cwd = std::env::current_dir().ok();
    match CompleteEnv::with_factory(tree::tree)
        .var(VARIABLE)
        .try_complete(std::env::args_os(), cwd.as_deref())
    {
        Ok(answered) => answered,
        Err(_) if asked => true,
        Err(error) => {
            let _ = error.print(); // a shell that is not known, in somebody's start-up file
            true
        }
    }
}

/// Answers where the first word is one of artisan's; says whether it was.
fn artisan_word() -> bool {
    let environment = environment::read();
    let words: Vec<String> = lookup::words().iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let index = environment.filled("_CLAP_COMPLETE_INDEX").and_then(|index| index.parse().ok());
    let upto = index.map_or(words.len(), |index: usize| (index + 1).min(words.len()));
    let Some(names) = artisan::candidates(&words[..upto]) else { return false };
    let ui = Ui::new(Format::Table, Color::Never, true, true, Zone::Utc, &environment);
    let _ = ui.script(&names.join(environment.filled("_CLAP_IFS").unwrap_or("\n")));
    true
}

/// Names of contexts.
pub fn contexts() -> Vec<CompletionCandidate> {
    lookup::contexts().into_iter().map(|(name, file)| told(name, &file)).collect()
}

/// Providers: those of opsctl's rules, and those that were seen.
pub fn providers() -> Vec<CompletionCandidate> {
    let mut names: Vec<String> = providers::names().map(str::to_owned).collect();
    names.extend(cache::seen().into_iter().flat_map(|seen| seen.providers));
    names.sort();
    names.dedup();
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// Statuses of an event.
pub fn statuses() -> Vec<CompletionCandidate> {
    STATUSES.iter().map(|(name, what)| told((*name).to_owned(), what)).collect()
}

/// Statuses of events that may still be tried.
pub fn open_statuses() -> Vec<CompletionCandidate> {
    statuses().into_iter().filter(|candidate| candidate.get_value() != "processed").collect()
}

const STATUSES: [(&str, &str); 5] = [
    ("received", "waits for its first try, or for the next one"),
    ("processing", "claimed by the service's worker"),
    ("queued", "in the service's queue"),
    ("processed", "done"),
    ("failed", "has used its attempts"),
];

/// Payment statuses.
pub fn payment_statuses() -> Vec<CompletionCandidate> {
    let known = webhooks::PaymentStatus::ALL.map(webhooks::PaymentStatus::name);
    let none = told("none".into(), "events without one");
    known.into_iter().map(CompletionCandidate::new).chain([none]).collect()
}

/// Jitter of the next time.
pub fn modes() -> Vec<CompletionCandidate> {
    Mode::ALL.iter().map(|mode| CompletionCandidate::new(mode.name())).collect()
}

/// What to do when another run holds the lock.
pub fn if_locked() -> Vec<CompletionCandidate> {
    vec![
        told("fail".into(), "end with exit code 8"),
        told("skip".into(), "end with exit code 0"),
        told("wait=5m".into(), "wait for it"),
    ]
}

/// Columns of the verb that the line is about.
pub fn columns() -> Vec<CompletionCandidate> {
    let columns = lookup::verb().map_or(&[][..], |verb| verb.prints.columns());
    columns
        .iter()
        .enumerate()
        .map(|(at, column)| CompletionCandidate::new(column.key).display_order(Some(at)))
        .collect()
}

/// Sections of `opsctl about`.
pub fn sections() -> Vec<CompletionCandidate> {
    opsctl::about::Topic::ALL.iter().map(|topic| CompletionCandidate::new(topic.name())).collect()
}

/// Ids of events in trouble, newest first.
pub fn events() -> Vec<CompletionCandidate> {
    let seen = cache::seen().or_else(lookup::events);
    let events = seen.into_iter().flat_map(|seen| seen.events).enumerate();
    events.map(|(at, event)| told(event.id, &event.why).display_order(Some(at))).collect()
}

/// Names of clusters.
pub fn clusters() -> Vec<CompletionCandidate> {
    lookup::clusters().into_iter().map(CompletionCandidate::new).collect()
}

/// Names of queues: those that held jobs when they were last counted.
pub fn queues() -> Vec<CompletionCandidate> {
    cache::seen().into_iter().flat_map(|seen| seen.queues).map(CompletionCandidate::new).collect()
}

/// Slugs of tenants.
pub fn tenants() -> Vec<CompletionCandidate> {
    lookup::tenants().into_iter().map(CompletionCandidate::new).collect()
}

/// Topics, and words of commands, for `opsctl help`.
pub fn help_words() -> Vec<CompletionCandidate> {
    let topics = help::TOPICS.iter().map(|topic| told(topic.name.into(), topic.about));
    let mut words: Vec<&str> = tree::verbs().flat_map(|verb| verb.words.split(' ').next()).collect();
    words.dedup();
    topics.chain(words.into_iter().map(CompletionCandidate::new)).collect()
}

/// Zones whose name begins as the word does.
pub fn zones(word: &OsStr) -> Vec<CompletionCandidate> {
    let begun = word.to_string_lossy().to_lowercase();
    let fits = |name: &&str| name.to_lowercase().starts_with(&begun);
    chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).filter(fits).map(CompletionCandidate::new).collect()
}

fn told(name: String, what: &str) -> CompletionCandidate {
    CompletionCandidate::new(OsString::from(name)).help(Some(what.to_owned().into()))
}
