//! Times and spans for people.

use chrono::{DateTime, TimeDelta, Utc};
use opsctl::{Error, Result};

/// The zone in which times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// UTC.
    Utc,
    /// A zone of the IANA database.
    Named(chrono_tz::Tz),
}

impl std::str::FromStr for Zone {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.eq_ignore_ascii_case("utc") {
            return Ok(Zone::Utc);
        }
        text.parse().map(Zone::Named).map_err(|_| {
            let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            let error = Error::usage(format!("no time zone is named `{text}`"));
            let otherwise = "zones bear names such as `Asia/Jakarta`";
            opsctl::near::or(error, text, names, |near| format!("--tz {near}"), otherwise)
        })
    }
}

impl Zone {
    /// As chrono knows it.
    pub fn tz(self) -> chrono_tz::Tz {
        match self {
            Zone::Utc => chrono_tz::UTC,
            Zone::Named(zone) => zone,
        }
    }

    /// Date and time with the zone's short name.
    pub fn show(self, at: DateTime<Utc>) -> String {
        match self {
            Zone::Utc => at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
            Zone::Named(zone) => at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %Z").to_string(),
        }
    }
}

/// `2h 3m ago`, `in 40s`.
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let past = now - at;
    match past.num_seconds() {
        0 => "now".into(),
        1.. => format!("{} ago", span(past)),
        _ => format!("in {}", span(-past)),
    }
}

/// The two largest units: `3d 4h`, `2h 3m`, `40s`.
pub fn span(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) if seconds % 60 == 0 || minutes >= 10 => format!("{minutes}m"),
        (0, 0, minutes) => format!("{minutes}m {}s", seconds % 60),
        (0, hours, 0) => format!("{hours}h"),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, 0, _) => format!("{days}d"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_name_their_two_largest_units() {
        let cases = [
            (0, "0s"),
            (40, "40s"),
            (61, "1m 1s"),
            (120, "2m"),
            (7380, "2h 3m"),
            (90_000, "1d 1h"),
            (864_000, "10d"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(TimeDelta::seconds(seconds)), text);
        }
    }

    #[test]
    fn zones_are_known_by_name_and_near_misses_are_told() {
        let at: DateTime<Utc> = "2026-11-20T09:14:05Z".parse().unwrap();
        assert_eq!("Asia/Jakarta".parse::<Zone>().unwrap().show(at), "2026-11-20 16:14:05 WIB");
        assert_eq!("utc".parse::<Zone>().unwrap().show(at), "2026-11-20 09:14:05 UTC");
        assert_eq!("Asia/Jakrta".parse::<Zone>().unwrap_err().hints(), ["did you mean `--tz Asia/Jakarta`?"]);
    }
}
