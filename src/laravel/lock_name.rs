//! The names that Laravel gives to locks of its own, and what they tell.

use std::fmt::Write;

use sha1::{Digest, Sha1};
use xxhash_rust::xxh3::xxh3_128;

const UNIQUE: &str = "laravel_unique_job:";
const OVERLAP: &str = "laravel-queue-overlap:";
const SCHEDULE: &str = "framework/schedule-";

/// What the names of Laravel's own locks begin with.
pub const STEMS: [&str; 3] = [UNIQUE, OVERLAP, SCHEDULE];

/// What a lock is for, as its name tells, without the prefixes of client and store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockName {
    /// A unique job waits or, unless it is unique until processing only, runs (`Illuminate\Bus\UniqueLock`).
    Unique {
        /// Its class; its hash where the job has a display name of its own (12.54 and later).
        class: String,
        /// Its `uniqueId`; may be empty.
        id: String,
    },
    /// A job runs that must not overlap with others of its key (`Illuminate\Queue\Middleware\WithoutOverlapping`).
    Overlap {
        /// Its class, where the key is its own; none where several classes share it.
        class: Option<String>,
        /// Its key.
        key: String,
    },
    /// An entry of the schedule runs (`Illuminate\Console\Scheduling\CacheEventMutex`).
    Schedule {
        /// SHA-1 of expression and command.
        hash: String,
    },
    /// An entry of the schedule was begun by one server in a minute (`CacheSchedulingMutex`); never released.
    ScheduleMinute {
        /// SHA-1 of expression and command.
        hash: String,
        /// Hour and minute in the application's time zone.
        minute: String,
    },
    /// Any other: of the application's own.
    Other(String),
}

impl LockName {
    /// What a name tells.
    pub fn read(name: &str) -> Self {
        if let Some(rest) = name.strip_prefix(UNIQUE) {
            let (class, id) = rest.split_once(':').unwrap_or((rest, ""));
            return LockName::Unique { class: class.to_owned(), id: id.to_owned() };
        }
        if let Some(rest) = name.strip_prefix(OVERLAP) {
            // A class or its hash stands before the key, unless the key is shared.
            let owned = rest.split_once(':').filter(|(class, _)| is_class(class));
            return match owned {
                Some((class, key)) => {
                    LockName::Overlap { class: Some(class.to_owned()), key: key.to_owned() }
                }
                None => LockName::Overlap { class: None, key: rest.to_owned() },
            };
        }
        let Some((hash, minute)) = name.strip_prefix(SCHEDULE).and_then(|rest| rest.split_at_checked(40))
        else {
            return LockName::Other(name.to_owned());
        };
        let hexadecimal = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let hash = hash.to_owned();
        match (hexadecimal, minute.len(), minute.bytes().all(|byte| byte.is_ascii_digit())) {
            (true, 0, _) => LockName::Schedule { hash },
            (true, 4, true) => LockName::ScheduleMinute { hash, minute: minute.to_owned() },
            _ => LockName::Other(name.to_owned()),
        }
    }
}

/// What stands before a name of Laravel's making: it is a lock of another prefix.
pub fn foreign_prefix(name: &str) -> Option<&str> {
    if STEMS.iter().any(|stem| name.starts_with(stem)) {
        return None;
    }
    STEMS
        .iter()
        .filter_map(|stem| name.split_once(stem))
        .map(|(prefix, _)| prefix)
        .find(|prefix| !prefix.is_empty())
}

/// `App\Jobs\Send`, or the xxh128 of a display name.
fn is_class(text: &str) -> bool {
    text.contains('\\') || is_hash(text)
}

/// Whether a class is hidden behind the hash of a display name.
pub fn is_hash(class: &str) -> bool {
    class.len() == 32 && class.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What stands for a class whose jobs have a display name of their own: its xxh128 (12.54 and later).
pub fn hash(display_name: &str) -> String {
    format!("{:032x}", xxh3_128(display_name.as_bytes()))
}

/// The name of a unique job's lock. Its class is meant to have no `displayName` of its own.
pub fn unique(class: &str, id: &str) -> String {
    format!("{UNIQUE}{class}:{id}")
}

/// The name of the lock of a job that must not overlap with others of its class and key.
pub fn overlap(class: &str, key: &str) -> String {
    format!("{OVERLAP}{class}:{key}")
}

/// The name of a scheduled command's mutex (`Event::mutexName`, Laravel 11.36 and later): `command` is what stands
/// behind `php artisan `, and `expression` its five cron fields.
pub fn schedule(expression: &str, command: &str) -> String {
    schedule_named(&format!("{expression}php artisan {command}"))
}

/// The name of the mutex of something scheduled that is known by its description (`CallbackEvent::mutexName`).
pub fn schedule_named(description: &str) -> String {
    let digest = Sha1::digest(description);
    digest.iter().fold(SCHEDULE.to_owned(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}"); // writing to a String cannot fail
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheduled_command_has_the_mutex_of_the_framework() {
        let name = schedule("* * * * *", "inspire");
        assert_eq!(name, "framework/schedule-86dab0bcb3ad4012b61822aad41b041a9564d9e1");
        assert!(
            schedule("0 0 * * *", "emails:send --force 'a b'").starts_with("framework/schedule-a8176e6c")
        );
    }

    #[test]
    fn names_tell_what_they_lock() {
        let class = r"App\Jobs\ProcessWebhookEvent";
        assert_eq!(
            LockName::read(&unique(class, "webhook-event:01jd")),
            LockName::Unique { class: class.into(), id: "webhook-event:01jd".into() }
        );
        assert_eq!(
            LockName::read(&overlap(class, "webhook-event:01jd")),
            LockName::Overlap { class: Some(class.into()), key: "webhook-event:01jd".into() }
        );
        assert_eq!(
            LockName::read("laravel-queue-overlap:tenant:7"),
            LockName::Overlap { class: None, key: "tenant:7".into() }
        );
        let hash = "75cbbf9bac36eaac7551507ba24f9bf130a9b85d";
        assert_eq!(
            LockName::read(&format!("framework/schedule-{hash}")),
            LockName::Schedule { hash: hash.into() }
        );
        assert_eq!(
            LockName::read(&format!("framework/schedule-{hash}0731")),
            LockName::ScheduleMinute { hash: hash.into(), minute: "0731".into() }
        );
        for other in ["framework/schedule-", "framework/schedule-é", "tenrusl:cmd:webhooks:retry:global"] {
            assert_eq!(LockName::read(other), LockName::Other(other.into()));
        }
    }
}
