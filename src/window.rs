//! Time windows: `--since` and `--until` as people type them, resolved once against one moment.
//!
//! What is typed is a [`Moment`]: a time before now (`90s`, `2h`, `1h30m`, `3d`, `1w`), a word (`now`, `today`,
//! `yesterday`), a day (`2026-11-20`), or a time (`2026-11-20 09:14`, `2026-11-20 09:14:05`, RFC 3339). Days and times
//! without an offset are of a zone's clock. A day is meant whole: as a beginning it is its first moment, as an end the
//! first moment of the next day.
//!
//! Where a zone's clocks were put forward or back, a time of day is there not at all, or twice. A window is never made
//! narrower by that: one that begins then begins at the earlier moment, one that ends then ends at the later; a time
//! that is not there is the moment at which the clocks were put forward.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::{Error, Result, clock};

/// Units of a time before now, in seconds.
const UNITS: [(&str, u64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
/// Forms of a time without an offset.
const FORMS: [&str; 4] = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
/// Longest time before now: all that was ever recorded is younger.
const LONGEST: u64 = 1000 * 366 * 86_400;

/// A moment as it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So long ago.
    Ago(TimeDelta),
    /// The day that so many days before today is.
    DaysAgo(u32),
    /// A day.
    Day(NaiveDate),
    /// A time of a zone's clock.
    Wall(NaiveDateTime),
    /// A moment that is the same everywhere.
    At(DateTime<Utc>),
}

/// Which end of a window a moment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Since,
    Until,
}

impl FromStr for Moment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let word = match text.to_lowercase().as_str() {
            "now" => Some(Moment::Ago(TimeDelta::zero())),
            "today" => Some(Moment::DaysAgo(0)),
            "yesterday" => Some(Moment::DaysAgo(1)),
            _ => None,
        };
        word.or_else(|| ago(text).map(Moment::Ago))
            .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Moment::Day))
            .or_else(|| {
                FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(Moment::Wall)
            })
            .or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|at| Moment::At(at.with_timezone(&Utc))))
            .ok_or_else(|| {
                Error::usage(format!("`{text}` is no time")).hint(
                    "times look like `2h`, `1h30m`, `3d`, `today`, `yesterday`, `2026-11-20`, \
                     `2026-11-20 09:14` or `2026-11-20T09:14:05Z`",
                )
            })
    }
}

/// `1h30m`: numbers with units, the larger first, each once.
fn ago(text: &str) -> Option<TimeDelta> {
    let (mut rest, mut seconds, mut largest) = (text, 0_u64, u64::MAX);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let (name, unit) = UNITS.into_iter().find(|(name, _)| rest[digits..].starts_with(name))?;
        if unit >= largest {
            return None;
        }
        seconds = seconds.checked_add(number.checked_mul(unit)?).filter(|seconds| *seconds <= LONGEST)?;
        (rest, largest) = (&rest[digits + name.len()..], unit);
    }
    let seconds = i64::try_from(seconds).ok().filter(|_| !text.is_empty())?;
    TimeDelta::try_seconds(seconds)
}

impl Moment {
    /// Whether a whole day is meant.
    fn is_a_day(self) -> bool {
        matches!(self, Moment::DaysAgo(_) | Moment::Day(_))
    }

    /// The moment, seen from `now` in a zone, in whole seconds: a beginning is cut and an end rounded up.
    fn resolve(self, now: DateTime<Utc>, zone: Tz, side: Side) -> Result<DateTime<Utc>> {
        let today = now.with_timezone(&zone).date_naive();
        let at = match self {
            Moment::Ago(time) => now.checked_sub_signed(time),
            Moment::DaysAgo(days) => {
                today.checked_sub_days(Days::new(days.into())).and_then(|day| day_end(day, zone, side))
            }
            Moment::Day(day) => day_end(day, zone, side),
            Moment::Wall(wall) => wall_time(wall, zone, side),
            Moment::At(at) => Some(at),
        };
        let whole = |at| if side == Side::Since { clock::cut(at) } else { clock::round_up(at) };
        at.map(whole).ok_or_else(|| Error::usage("a time is out of range").hint("years go from 0 to 9999"))
    }
}

fn day_end(day: NaiveDate, zone: Tz, side: Side) -> Option<DateTime<Utc>> {
    let day = if side == Side::Since { day } else { day.succ_opt()? };
    // Where midnight is there twice, the day before ends, and the day begins, at the first one.
    wall_time(day.and_time(NaiveTime::MIN), zone, Side::Since)
}

/// The moment at which a zone's clock shows a time.
fn wall_time(wall: NaiveDateTime, zone: Tz, side: Side) -> Option<DateTime<Utc>> {
    let shown = zone.from_local_datetime(&wall);
    let at = match side {
        Side::Since => shown.earliest(),
        Side::Until => shown.latest(),
    };
    at.map(|at| at.with_timezone(&Utc)).or_else(|| put_forward(wall, zone))
}

/// The moment at which clocks were put forward over a time: the first one whose clock shows a later time.
fn put_forward(wall: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let shows_later = |at: &DateTime<Utc>| at.with_timezone(&zone).naive_local() > wall;
    // No offset from UTC is longer than a day, and Samoa once left a whole day out.
    let mut before = wall.and_utc().checked_sub_days(Days::new(2))?;
    let mut after = wall.and_utc().checked_add_days(Days::new(2))?;
    while after - before > TimeDelta::seconds(1) {
        let middle = clock::cut(before + (after - before) / 2);
        if shows_later(&middle) { after = middle } else { before = middle }
    }
    Some(after)
}

/// From one moment to another; either may be open. Its end is not part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// At or after.
    pub since: Option<DateTime<Utc>>,
    /// Before.
    pub until: Option<DateTime<Utc>>,
}

impl Window {
    /// Resolves both ends against the same moment.
    ///
    /// # Errors
    /// [`crate::Kind::Usage`] when it ends before it begins, has no end and begins after now, or an end is out of range.
    pub fn resolve(
        since: Option<Moment>,
        until: Option<Moment>,
        now: DateTime<Utc>,
        zone: Tz,
    ) -> Result<Self> {
        let ends_with_a_day = until.is_some_and(Moment::is_a_day);
        let since = since.map(|moment| moment.resolve(now, zone, Side::Since)).transpose()?;
        let until = until.map(|moment| moment.resolve(now, zone, Side::Until)).transpose()?;
        match (since, until) {
            (Some(since), None) if since > now => Err(Error::usage("the window has not begun yet")
                .because(format!("--since is {}, now is {}", told(since), told(now)))
                .hint("a window that lies ahead takes `--until`, too")),
            // The day before another one ends at the moment at which that begins.
            (Some(since), Some(until)) if since > until || (since == until && ends_with_a_day) => {
                Err(Error::usage("the window ends before it begins")
                    .because(format!("--since is {}, --until is {}", told(since), told(until)))
                    .hint("exchange `--since` and `--until`"))
            }
            _ => Ok(Self { since, until }),
        }
    }

    /// Whether it leaves nothing out.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

fn told(at: DateTime<Utc>) -> impl fmt::Display {
    at.format("%Y-%m-%d %H:%M:%S UTC")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: &str = "2026-11-20T09:00:00.250Z";

    fn window(since: &str, until: &str, zone: Tz) -> Result<(String, String)> {
        let moment = |text: &str| (!text.is_empty()).then(|| text.parse()).transpose();
        let window = Window::resolve(moment(since)?, moment(until)?, NOW.parse().unwrap(), zone)?;
        let text = |at: Option<DateTime<Utc>>| at.map_or(String::new(), |at| told(at).to_string());
        Ok((text(window.since), text(window.until)))
    }

    fn since(text: &str, zone: Tz) -> String {
        window(text, "", zone).unwrap().0
    }

    fn until(text: &str, zone: Tz) -> String {
        window("", text, zone).unwrap().1
    }

    #[test]
    fn what_is_typed_is_a_moment() {
        let cases = [
            ("now", "2026-11-20 09:00:00 UTC"),
            ("90s", "2026-11-20 08:58:30 UTC"),
            ("1h30m", "2026-11-20 07:30:00 UTC"),
            ("1w2d", "2026-11-11 09:00:00 UTC"),
            ("0s", "2026-11-20 09:00:00 UTC"),
            ("today", "2026-11-20 00:00:00 UTC"),
            ("Yesterday", "2026-11-19 00:00:00 UTC"),
            ("2026-11-01", "2026-11-01 00:00:00 UTC"),
            ("2026-11-01 09:14", "2026-11-01 09:14:00 UTC"),
            (" 2026-11-01T09:14:05 ", "2026-11-01 09:14:05 UTC"),
            ("2026-11-01T09:14:05.9+07:00", "2026-11-01 02:14:05 UTC"),
        ];
        for (typed, resolved) in cases {
            assert_eq!(since(typed, Tz::UTC), resolved, "{typed}");
        }
    }

    #[test]
    fn a_day_is_meant_whole_and_an_end_is_rounded_up() {
        assert_eq!(until("2026-11-19", Tz::UTC), "2026-11-20 00:00:00 UTC");
        assert_eq!(until("yesterday", Tz::UTC), "2026-11-20 00:00:00 UTC");
        assert_eq!(until("now", Tz::UTC), "2026-11-20 09:00:01 UTC");
        assert_eq!(until("2026-11-19 09:14", Tz::UTC), "2026-11-19 09:14:00 UTC");
    }

    #[test]
    fn what_bears_no_offset_is_of_the_zones_clock() {
        let jakarta = Tz::Asia__Jakarta;
        assert_eq!(since("2026-11-20 09:14", jakarta), "2026-11-20 02:14:00 UTC");
        assert_eq!(since("2026-11-20T08:14:00Z", jakarta), "2026-11-20 08:14:00 UTC");
        assert_eq!(since("today", jakarta), "2026-11-19 17:00:00 UTC");
        assert_eq!(since("today", Tz::Pacific__Kiritimati), "2026-11-19 10:00:00 UTC");
    }

    // Berlin's clocks went from 02:00 to 03:00 on 29 March 2026, and from 03:00 back to 02:00 on 25 October.
    #[test]
    fn a_clock_that_was_put_forward_or_back_makes_no_window_narrower() {
        let berlin = Tz::Europe__Berlin;
        for side in [since, until] {
            assert_eq!(side("2026-03-29 02:30", berlin), "2026-03-29 01:00:00 UTC");
        }
        assert_eq!(since("2026-10-25 02:30", berlin), "2026-10-25 00:30:00 UTC");
        assert_eq!(until("2026-10-25 02:30", berlin), "2026-10-25 01:30:00 UTC");
        // A day without midnight, and one that was left out altogether.
        assert_eq!(since("2018-11-04", Tz::America__Sao_Paulo), "2018-11-04 03:00:00 UTC");
        assert_eq!(since("2011-12-30", Tz::Pacific__Apia), "2011-12-30 10:00:00 UTC");
        assert_eq!(until("2011-12-30", Tz::Pacific__Apia), "2011-12-30 10:00:00 UTC");
    }

    #[test]
    fn what_is_no_time_is_refused_with_examples() {
        for bad in
            ["", "2", "h", "2x", "30m1h", "1h1h", "-2h", "1.5h", "2026-02-30", "25:00", "tomorrow", "99999w"]
        {
            let error = bad.parse::<Moment>().unwrap_err();
            assert!(error.hints()[0].contains("`1h30m`"), "{bad}");
        }
    }

    #[test]
    fn a_window_ends_after_it_begins_or_at_once() {
        assert!(window("2h", "2h", Tz::UTC).is_ok());
        let error = window("1h", "2h", Tz::UTC).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the window ends before it begins: --since is 2026-11-20 08:00:00 UTC, --until is 2026-11-20 07:00:01 UTC"
        );
    }

    #[test]
    fn a_window_of_days_ends_on_or_after_the_day_on_which_it_begins() {
        for (since, until) in [("2026-11-20", "2026-11-19"), ("today", "yesterday"), ("today", "2026-11-19")]
        {
            let error = window(since, until, Tz::Asia__Jakarta).unwrap_err();
            assert_eq!(error.message(), "the window ends before it begins", "{since} {until}");
        }
        for (since, until) in
            [("2026-11-19", "2026-11-19"), ("2026-11-20 08:59", "today"), ("yesterday", "today")]
        {
            assert!(window(since, until, Tz::UTC).is_ok(), "{since} {until}");
        }
    }

    #[test]
    fn a_window_without_an_end_does_not_begin_after_now() {
        let error = window("2026-11-21", "", Tz::UTC).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the window has not begun yet: --since is 2026-11-21 00:00:00 UTC, now is 2026-11-20 09:00:00 UTC"
        );
        assert!(window("now", "", Tz::UTC).is_ok());
        assert!(window("2026-11-21", "2026-11-22", Tz::UTC).is_ok(), "a window that lies ahead is told");
    }

    proptest! {
        #[test]
        fn any_text_is_a_moment_or_an_error(text in "\\PC{0,24}", zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..])) {
            let _ = window(&text, &text, zone);
        }

        #[test]
        fn any_wall_time_lies_between_both_of_its_sides(seconds in 0_i64..4_000_000_000, zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..])) {
            let wall = DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            let (since, until) = (wall_time(wall, zone, Side::Since), wall_time(wall, zone, Side::Until));
            prop_assert!(since.is_some() && since <= until);
            prop_assert!(since.unwrap().with_timezone(&zone).naive_local() >= wall);
        }

        #[test]
        fn a_time_ago_is_read_as_it_is_written(days in 0_u32..400, hours in 0_u32..24, minutes in 0_u32..60) {
            let text = format!("{days}d{hours}h{minutes}m");
            let meant = TimeDelta::minutes(i64::from(days) * 1440 + i64::from(hours) * 60 + i64::from(minutes));
            prop_assert_eq!(text.parse::<Moment>().unwrap(), Moment::Ago(meant));
        }

        #[test]
        fn a_moment_of_rfc_3339_stays_itself(seconds in -60_000_000_000_i64..250_000_000_000, offset in -14_i32..=14) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let zone = chrono::FixedOffset::east_opt(offset * 3600).unwrap();
            let text = at.with_timezone(&zone).to_rfc3339();
            prop_assert_eq!(text.parse::<Moment>().unwrap(), Moment::At(at));
        }
    }
}
