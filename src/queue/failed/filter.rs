//! Which failed jobs are meant.

use chrono_tz::Tz;

use super::MESSAGE;
use crate::{
    clock::COLUMN_FORMAT,
    db::{Filter, Table, Value},
    window::Window,
};

/// Conditions that a failed job must meet, each of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailedFilter {
    /// Its queue.
    pub queue: Option<String>,
    /// Its class: the display name in full, or what stands behind its last backslash.
    pub class: Option<String>,
    /// Part of its exception's message or place; case does not count.
    pub exception: Option<String>,
    /// When it failed.
    pub window: Window,
}

impl FailedFilter {
    /// Whether it takes every failed job.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What of it the database can tell: all but the class.
    pub fn sql(&self, table: &Table, zone: Tz) -> Filter {
        let (mut texts, mut values) = (vec!["1 = 1".to_owned()], Vec::<Value>::new());
        if let Some(queue) = &self.queue {
            texts.push(format!("{} = ?", table.column("queue")));
            values.push(queue.as_str().into());
        }
        if let Some(part) = &self.exception {
            let exception = table.column("exception");
            texts.push(format!("LOWER(SUBSTR({exception}, 1, {MESSAGE})) LIKE ? ESCAPE '!'"));
            values.push(pattern(part).into());
        }
        for (sign, at) in [(">=", self.window.since), ("<", self.window.until)] {
            if let Some(at) = at {
                texts.push(format!("failed_at {sign} {}", table.hole("failed_at")));
                values.push(at.with_timezone(&zone).format(COLUMN_FORMAT).to_string().into());
            }
        }
        Filter { sql: texts.join(" AND "), values }
    }

    /// Whether it takes a class.
    pub fn takes_class(&self, display_name: Option<&str>) -> bool {
        let Some(wanted) = &self.class else { return true };
        display_name.is_some_and(|name| is_class(name, wanted))
    }
}

/// Whether a class is the one that was typed, in full or by its last part.
pub fn is_class(name: &str, typed: &str) -> bool {
    let typed = typed.trim_start_matches('\\');
    name == typed || name.rsplit('\\').next().is_some_and(|last| last == typed)
}

/// A text as a pattern of LIKE that finds it anywhere.
fn pattern(part: &str) -> String {
    let escaped = part.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_named_in_full_or_by_its_last_part() {
        for typed in ["App\\Jobs\\Send", "\\App\\Jobs\\Send", "Send"] {
            assert!(is_class("App\\Jobs\\Send", typed), "{typed}");
        }
        for typed in ["Jobs\\Send", "end", "", "App\\Jobs"] {
            assert!(!is_class("App\\Jobs\\Send", typed), "{typed}");
        }
    }

    #[test]
    fn a_part_of_an_exception_is_no_pattern() {
        assert_eq!(pattern("50%_OFF!"), "%50!%!_off!!%");
    }
}
