//! Time, asked for in one place so that tests can freeze it.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// How Laravel writes a time into a column: UTC wall clock, whole seconds.
pub const COLUMN_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// The host's clock, or a frozen instant.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    frozen: Option<DateTime<Utc>>,
}

impl Clock {
    /// The host's clock.
    pub const fn system() -> Self {
        Self { frozen: None }
    }

    /// A clock that always says `at`; databases opened with it say the same.
    pub const fn frozen(at: DateTime<Utc>) -> Self {
        Self { frozen: Some(at) }
    }

    /// Now.
    #[allow(clippy::disallowed_methods)]
    pub fn now(&self) -> DateTime<Utc> {
        self.frozen.unwrap_or_else(Utc::now)
    }

    /// The frozen instant, if there is one.
    pub const fn is_frozen(&self) -> Option<DateTime<Utc>> {
        self.frozen
    }
}

/// The whole second at or before `at`: what Laravel stores, which cuts fractions off.
pub fn cut(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::seconds(1)).unwrap_or(at)
}

/// The whole second at or after `at`: a lease stored in a column of whole seconds is never shorter than asked.
pub fn round_up(at: DateTime<Utc>) -> DateTime<Utc> {
    let whole = cut(at);
    if whole == at { at } else { whole + TimeDelta::seconds(1) }
}

/// As column text.
pub fn column_text(at: DateTime<Utc>) -> String {
    at.format(COLUMN_FORMAT).to_string()
}

/// As text of a column that holds milliseconds. SQLite compares such columns as text, so all of it is always written.
pub fn column_millis(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn leases_round_up_and_stored_times_are_cut() {
        assert_eq!(round_up(at("2026-11-20T09:00:00.001Z")), at("2026-11-20T09:00:01Z"));
        assert_eq!(round_up(at("2026-11-20T09:00:00Z")), at("2026-11-20T09:00:00Z"));
        assert_eq!(cut(at("2026-11-20T09:00:00.999Z")), at("2026-11-20T09:00:00Z"));
    }
}
