//! When an entry is due: five fields of cron, read as the application's scheduler reads them
//! (`dragonmantank/cron-expression`, Laravel 11 to 13). A day is due when its number in the month or its day of the
//! week fits, where neither field is `*`.
//!
//! Where a zone's clocks are put forward, what was due at a fixed time in the gap is due at the gap's end; where they
//! are put back, it is due once, at the earlier of both times. What is due in steps follows the clock on the wall.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds, Year};

use crate::{Error, Result};

/// The fields, each with its largest number.
const FIELDS: [(&str, u32); 5] =
    [("minute", 59), ("hour", 23), ("day of the month", 31), ("month", 12), ("day of the week", 7)];

/// Words that stand for fields.
const WORDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// A rule in a time zone.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    zone: Tz,
    rule: croner::Cron,
}

/// The minute that a moment lies in.
pub fn minute(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}

impl Cron {
    /// Reads a rule.
    ///
    /// # Errors
    /// Which field cannot be understood, or that it is never due.
    pub fn read(text: &str, zone: Tz) -> Result<Self> {
        let text = text.trim();
        let plain = WORDS.iter().find(|(word, _)| *word == text).map_or(text, |(_, fields)| fields);
        let fields: Vec<&str> = plain.split_whitespace().collect();
        if fields.len() != FIELDS.len() {
            let words = WORDS.map(|(word, _)| word).join(", ");
            return Err(Error::config(format!("`{text}` is no rule of cron"))
                .because(format!("it has {} fields instead of five", fields.len()))
                .hint(format!("minute, hour, day of the month, month, day of the week; or one of {words}")));
        }
        for (at, field) in fields.iter().enumerate() {
            check(at, field).map_err(|why| {
                Error::config(format!("the {} `{field}` of `{text}` cannot be understood", FIELDS[at].0))
                    .because(why)
            })?;
        }
        let rule = parse(&fields.join(" "))
            .map_err(|error| Error::config(format!("`{text}` is no rule of cron")).because(error))?;
        let cron = Self { text: text.to_owned(), zone, rule };
        match cron.next(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(cron),
            None => Err(Error::config(format!("`{text}` is never due")).because("there is no such day")),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zone in which it is read.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether it is due in a minute.
    pub fn is_due(&self, minute: DateTime<Utc>) -> bool {
        // From the minute before: a time that a gap of the clock swallowed is only found from before the gap.
        self.next(minute - TimeDelta::minutes(1)) == Some(minute)
    }

    /// When it is due next, behind a moment.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let found = self.rule.find_next_occurrence(&after.with_timezone(&self.zone), false).ok()?;
        Some(found.with_timezone(&Utc))
    }

    /// When it was due last, at a moment or before it.
    pub fn last(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let found = self.rule.find_previous_occurrence(&at.with_timezone(&self.zone), true).ok()?;
        Some(found.with_timezone(&Utc))
    }

    /// Whether more than an hour lies between a due minute and the next one.
    pub fn is_rare(&self, minute: DateTime<Utc>) -> bool {
        self.next(minute).is_none_or(|next| next - minute > TimeDelta::hours(1))
    }
}

fn parse(fields: &str) -> Result<croner::Cron, String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(fields).map_err(|error| error.to_string())
}

/// One field by itself. What the two readers understand differently is refused: a step that is larger than its range.
fn check(at: usize, field: &str) -> Result<(), String> {
    let letters = |c: char| match at {
        2 => matches!(c, 'L' | 'W'),
        3 | 4 => c.is_ascii_alphabetic(),
        _ => false,
    };
    let signs = |c: char| {
        matches!(c, '*' | ',' | '-' | '/') || (c == '?' && matches!(at, 2 | 4)) || (c == '#' && at == 4)
    };
    if let Some(odd) = field.chars().find(|c| !(c.is_ascii_digit() || signs(*c) || letters(*c))) {
        return Err(format!("there is no `{odd}` in this field"));
    }
    let (name, most) = FIELDS[at];
    for (_, step) in field.split(',').filter_map(|part| part.split_once('/')) {
        if !step.parse::<u32>().is_ok_and(|step| (1..=most).contains(&step)) {
            return Err(format!("the step of a {name} is a number from 1 to {most}"));
        }
    }
    let mut alone = ["*"; 5];
    alone[at] = field;
    parse(&alone.join(" ")).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn cron(text: &str) -> Cron {
        Cron::read(text, Tz::UTC).unwrap()
    }

    fn due_days(text: &str) -> Vec<u32> {
        use chrono::Datelike;
        let (cron, start) = (cron(text), at("2026-11-01T00:00:00Z"));
        let days = (0..30).map(|day| start + TimeDelta::days(day));
        days.filter(|day| cron.is_due(*day)).map(|day| day.day()).collect()
    }

    #[test]
    fn a_day_is_due_by_its_number_or_its_weekday_unless_one_of_them_is_a_star() {
        // The first of November 2026 is a Sunday.
        assert_eq!(due_days("0 0 13 * 5"), [6, 13, 20, 27]);
        assert_eq!(due_days("0 0 10 * 1"), [2, 9, 10, 16, 23, 30]);
        assert_eq!(due_days("0 0 */10 * 1"), [1, 2, 9, 11, 16, 21, 23, 30]);
        assert_eq!(due_days("0 0 10 * *"), [10]);
        assert_eq!(due_days("0 0 * * 7"), due_days("0 0 * * SUN"));
        assert_eq!(due_days("0 0 10 * ?"), [10]);
        assert_eq!(due_days("@weekly"), [1, 8, 15, 22, 29]);
        assert_eq!(due_days("@midnight").len(), 30);
    }

    #[test]
    fn steps_lists_and_ranges_are_read() {
        let quarter = cron("5-59/15,0 9-17 * * mon-fri");
        assert!(quarter.is_due(at("2026-11-20T09:05:00Z")) && quarter.is_due(at("2026-11-20T09:00:00Z")));
        assert!(!quarter.is_due(at("2026-11-20T09:15:00Z")) && !quarter.is_due(at("2026-11-21T09:05:00Z")));
        assert_eq!(quarter.next(at("2026-11-20T17:51:00Z")), Some(at("2026-11-23T09:00:00Z")));
        assert_eq!(cron("0 2 * * *").last(at("2026-11-20T01:59:00Z")), Some(at("2026-11-19T02:00:00Z")));
        assert!(cron("0 2 * * *").is_rare(at("2026-11-20T02:00:00Z")));
        assert!(!cron("0 * * * *").is_rare(at("2026-11-20T02:00:00Z")));
    }

    #[test]
    fn a_field_that_cannot_be_understood_is_named() {
        for (text, told) in [
            ("0 25 * * *", "the hour `25` of `0 25 * * *`"),
            ("60 * * * *", "the minute `60`"),
            ("mon * * * *", "the minute `mon`"),
            ("*/90 * * * *", "the step of a minute is a number from 1 to 59"),
            ("5/15 * * * *", "the minute `5/15`"),
            ("* * 0 * *", "the day of the month `0`"),
            ("* * * foo *", "the month `foo`"),
            ("* * * * +1", "the day of the week `+1`"),
            ("* * * *", "it has 4 fields instead of five"),
            ("* * * * * *", "it has 6 fields instead of five"),
            ("@often", "it has 1 fields"),
            ("0 0 31 2 *", "`0 0 31 2 *` is never due"),
        ] {
            let error = Cron::read(text, Tz::UTC).unwrap_err();
            assert!(error.to_string().contains(told), "{text}: {error}");
            assert_eq!(error.kind(), crate::Kind::Config);
        }
    }

    #[test]
    fn a_fixed_time_is_due_once_where_the_clocks_are_put_forward_or_back() {
        let berlin = |text: &str| Cron::read(text, Tz::Europe__Berlin).unwrap();
        let due = |cron: &Cron, from: &str| {
            let from = at(from);
            let minutes = (0..300).map(|minute| from + TimeDelta::minutes(minute));
            minutes.filter(|minute| cron.is_due(*minute)).collect::<Vec<_>>()
        };
        // 02:00 becomes 03:00 at 01:00 UTC; half past two is not there.
        assert_eq!(due(&berlin("30 2 * * *"), "2026-03-29T00:00:00Z"), [at("2026-03-29T01:00:00Z")]);
        // 03:00 becomes 02:00 at 01:00 UTC; half past two is there twice.
        assert_eq!(due(&berlin("30 2 * * *"), "2026-10-25T00:00:00Z"), [at("2026-10-25T00:30:00Z")]);
        // Steps follow the clock on the wall: both half hours.
        let halves = due(&berlin("30 * * * *"), "2026-10-25T00:00:00Z");
        assert_eq!(halves.len(), 5, "{halves:?}");
    }
}
