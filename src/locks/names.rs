//! What the names of locks mean: Laravel's own, and those that the applications give, which the nouns that know them
//! tell.

use super::LockKind;
use crate::laravel::lock_name::{self, LockName};

/// Seconds that the key of an entry that one server begins lives (`CacheSchedulingMutex`).
pub(super) const ONE_SERVER: u32 = 3600;

/// What is known of an application's locks.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Classes of jobs.
    pub jobs: Vec<JobName>,
    /// Names that the application gives.
    pub fixed: Vec<FixedName>,
    /// Entries of the schedule.
    pub entries: Vec<EntryName>,
}

/// How the locks of a class of jobs are named.
#[derive(Debug, Clone, Copy)]
pub struct JobName {
    /// The class.
    pub class: &'static str,
    /// What stands before the id in `uniqueId` and in the key of `WithoutOverlapping`: `webhook-event:`.
    pub stem: &'static str,
    /// What the id is of: `event`.
    pub what: &'static str,
    /// Seconds that its unique lock lives (`uniqueFor`).
    pub unique_for: u32,
    /// Whether its unique lock is given back when it begins, and not when it ends.
    pub until_processing: bool,
    /// The key of a serialized command: stem and id.
    pub key: fn(&str) -> Option<String>,
}

/// A name, or what names begin with, of an application's own.
#[derive(Debug, Clone, Copy)]
pub struct FixedName {
    /// The name, or its beginning.
    pub stem: &'static str,
    /// Whether something follows.
    pub is_open: bool,
    /// What kind it is.
    pub kind: LockKind,
    /// Seconds that it lives, where that is always the same.
    pub seconds: Option<u32>,
    /// What it keeps from happening; `{}` stands for what follows the stem.
    pub about: &'static str,
}

/// An entry of the schedule.
#[derive(Debug, Clone)]
pub struct EntryName {
    /// The name of its mutex.
    pub mutex: String,
    /// Its expression and command, as people read them.
    pub line: String,
    /// Seconds that its mutex lives.
    pub seconds: Option<u32>,
    /// The lock that its command holds while it runs.
    pub run: Option<&'static str>,
}

/// Locks that Laravel takes by itself, beside those that [`LockName`] tells apart.
const FRAMEWORK: [FixedName; 2] = [
    FixedName {
        stem: "framework/command-",
        is_open: true,
        kind: LockKind::Command,
        seconds: None,
        about: "keeps the command `{}` from running twice",
    },
    FixedName {
        stem: "illuminate:cache:flexible:lock:",
        is_open: true,
        kind: LockKind::Refresh,
        seconds: None,
        about: "keeps the cache value `{}` from being made anew twice",
    },
];

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) kind: LockKind,
    pub(super) about: String,
    /// Seconds that such a lock lives in full.
    pub(super) seconds: Option<u32>,
    /// The same in a table, where a lock that asks for no end has one.
    pub(super) seconds_in_table: Option<u32>,
}

/// Seconds that a lock without an end lives in a table (`DatabaseLock`).
const TABLE: u32 = 86_400;

impl Names {
    /// Whether a name is one of the application's own, or of Laravel's, that [`LockName`] does not tell.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.fixed(name).is_some()
    }

    fn fixed(&self, name: &str) -> Option<(&FixedName, String)> {
        self.fixed.iter().chain(&FRAMEWORK).find_map(|fixed| {
            let rest = name.strip_prefix(fixed.stem)?;
            (fixed.is_open || rest.is_empty()).then(|| (fixed, rest.to_owned()))
        })
    }

    /// What is known of a class, under its name or under its hash.
    pub(super) fn job(&self, class: &str, key: &str) -> Option<&JobName> {
        let is_of =
            |job: &&JobName| job.class == class || (lock_name::is_hash(class) && key.starts_with(job.stem));
        self.jobs.iter().find(is_of)
    }

    pub(super) fn entry(&self, hash: &str) -> Option<&EntryName> {
        self.entries.iter().find(|entry| entry.mutex.ends_with(hash))
    }

    /// What a name means.
    pub(super) fn meaning(&self, name: &str) -> Meaning {
        let plain =
            |kind, about: String, seconds| Meaning { kind, about, seconds, seconds_in_table: seconds };
        match LockName::read(name) {
            LockName::Unique { class, id } => {
                let known = self.job(&class, &id);
                let about = format!("keeps a second {} out of the queue", job_words(known, &class, &id));
                plain(LockKind::Unique, about, known.map(|job| job.unique_for))
            }
            LockName::Overlap { class, key } => {
                let known = class.as_deref().and_then(|class| self.job(class, &key));
                let what = match &class {
                    Some(class) => job_words(known, class, &key),
                    None => format!("job with the key `{key}`"),
                };
                Meaning {
                    kind: LockKind::Overlap,
                    about: format!("keeps a second {what} from running"),
                    seconds: None,
                    seconds_in_table: known.map(|_| TABLE),
                }
            }
            LockName::Schedule { hash } => {
                let entry = self.entry(&hash);
                let about = format!("keeps {} from running twice", entry_words(entry));
                plain(LockKind::Schedule, about, entry.and_then(|entry| entry.seconds))
            }
            LockName::ScheduleMinute { hash, minute } => {
                let (hour, minute) = minute.split_at(2);
                let entry = entry_words(self.entry(&hash));
                let about = format!("says that one server began {entry} at {hour}:{minute}");
                plain(LockKind::OneServer, about, Some(ONE_SERVER))
            }
            LockName::Other(_) => match self.fixed(name) {
                Some((fixed, rest)) => plain(fixed.kind, fixed.about.replace("{}", &rest), fixed.seconds),
                None => plain(LockKind::Other, "a lock of the application's own".to_owned(), None),
            },
        }
    }
}

/// `ProcessWebhookEvent of event 01jd`, `job App\Jobs\Send with the id 7`.
fn job_words(known: Option<&JobName>, class: &str, key: &str) -> String {
    match known {
        Some(job) => {
            let short = job.class.rsplit('\\').next().unwrap_or(job.class);
            let id = key.strip_prefix(job.stem).unwrap_or(key);
            format!("`{short}` of {} `{id}`", job.what)
        }
        None if lock_name::is_hash(class) => {
            format!("job of the hashed class {} with the id `{key}`", &class[..8])
        }
        None if key.is_empty() => format!("job `{class}`"),
        None => format!("job `{class}` with the id `{key}`"),
    }
}

fn entry_words(entry: Option<&EntryName>) -> String {
    match entry {
        Some(entry) => format!("the entry `{}`", entry.line),
        None => "an entry of the schedule that is not known here".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            jobs: vec![JobName {
                class: r"App\Jobs\Send",
                stem: "invoice:",
                what: "invoice",
                unique_for: 600,
                until_processing: true,
                key: |_| None,
            }],
            fixed: vec![FixedName {
                stem: "shop:import",
                is_open: false,
                kind: LockKind::Run,
                seconds: Some(900),
                about: "keeps a second import from running",
            }],
            entries: vec![EntryName {
                mutex: lock_name::schedule("* * * * *", "inspire"),
                line: "* * * * * php artisan inspire".into(),
                seconds: Some(600),
                run: None,
            }],
        }
    }

    #[test]
    fn names_are_told_in_words() {
        let entry = lock_name::schedule("* * * * *", "inspire");
        let minute = format!("{entry}0731");
        let hash = lock_name::hash("Send an invoice");
        for (name, kind, about) in [
            (
                r"laravel_unique_job:App\Jobs\Send:invoice:7",
                LockKind::Unique,
                "keeps a second `Send` of invoice `7` out of the queue",
            ),
            (
                &format!("laravel_unique_job:{hash}:invoice:7"),
                LockKind::Unique,
                "keeps a second `Send` of invoice `7` out of the queue",
            ),
            (
                r"laravel_unique_job:App\Jobs\Other:",
                LockKind::Unique,
                r"keeps a second job `App\Jobs\Other` out of the queue",
            ),
            (
                r"laravel-queue-overlap:App\Jobs\Send:invoice:7",
                LockKind::Overlap,
                "keeps a second `Send` of invoice `7` from running",
            ),
            (
                "laravel-queue-overlap:tenant:7",
                LockKind::Overlap,
                "keeps a second job with the key `tenant:7` from running",
            ),
            (
                &entry,
                LockKind::Schedule,
                "keeps the entry `* * * * * php artisan inspire` from running twice",
            ),
            (
                &minute,
                LockKind::OneServer,
                "says that one server began the entry `* * * * * php artisan inspire` at 07:31",
            ),
            ("shop:import", LockKind::Run, "keeps a second import from running"),
            ("shop:import:x", LockKind::Other, "a lock of the application's own"),
            ("framework/command-report", LockKind::Command, "keeps the command `report` from running twice"),
        ] {
            let meaning = names().meaning(name);
            assert_eq!((meaning.kind, meaning.about.as_str()), (kind, about), "{name}");
        }
    }

    #[test]
    fn full_times_are_known_only_where_they_are_always_the_same() {
        let seconds = |name: &str| {
            let meaning = names().meaning(name);
            (meaning.seconds, meaning.seconds_in_table)
        };
        assert_eq!(seconds(r"laravel_unique_job:App\Jobs\Send:invoice:7"), (Some(600), Some(600)));
        assert_eq!(seconds(r"laravel_unique_job:App\Jobs\Other:7"), (None, None));
        assert_eq!(seconds(r"laravel-queue-overlap:App\Jobs\Send:invoice:7"), (None, Some(86_400)));
        assert_eq!(seconds(r"laravel-queue-overlap:App\Jobs\Other:7"), (None, None));
        assert_eq!(seconds("own"), (None, None));
    }
}
