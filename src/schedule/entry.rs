//! Entries of the schedule: what runs when, under which mutex.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{baseline, cron::Cron};
use crate::{
    Error, Result,
    config::{
        Context,
        schedule::{EntrySection, ScheduleSection, Words},
    },
    laravel::lock_name,
    near,
};

/// Minutes that a mutex lives without renewal, where nothing says otherwise.
const OVERLAP_MINUTES: u32 = 10;
/// Longest time that Laravel itself gives a mutex: a day.
const MOST_MINUTES: u32 = 1440;
/// Outputs that are kept of an entry.
const KEEP_RUNS: usize = 20;
/// Bytes that are kept of each.
const KEEP_BYTES: u64 = 1024 * 1024;
/// Longest name: what a key of the table holds.
const LONGEST_NAME: usize = 64;

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// When it is due.
    pub cron: Cron,
    /// The words behind `opsctl`.
    pub command: Vec<String>,
    /// The application's line whose mutex it shares.
    pub artisan: Option<String>,
    /// Whether it runs at all.
    pub is_on: bool,
    /// Whether it is one of the default set.
    pub is_baseline: bool,
    /// How long its mutex lives without renewal.
    pub overlap: Duration,
    /// Whether it runs on one host alone.
    pub one_server: bool,
    /// Environments that it runs in; none is all of them.
    pub environments: Vec<String>,
    /// Whether it runs while the application is down for maintenance.
    pub in_maintenance: bool,
    /// Whether it runs while the schedule is paused.
    pub when_paused: bool,
    /// How long its command may take.
    pub timeout: Option<Duration>,
    /// What is kept of its output.
    pub keep: Keep,
}

/// How much of an entry's output is kept on each host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Runs.
    pub runs: usize,
    /// Bytes of each.
    pub bytes: u64,
}

impl Entry {
    /// Name of the mutex that keeps two runs apart: the one of the application's own line, else one of its name. `host`
    /// counts where every host runs the entry for itself.
    pub fn mutex(&self, host: &str) -> String {
        match &self.artisan {
            Some(line) => lock_name::schedule(self.cron.text(), line),
            None => lock_name::schedule_named(&format!("opsctl:{}", self.key(host))),
        }
    }

    /// Name of the key by which one host takes a minute (`CacheSchedulingMutex`): hour and minute are of the
    /// application's zone, whichever zone the entry's own is.
    pub fn minute_key(&self, host: &str, minute: DateTime<Utc>, application: Tz) -> String {
        format!("{}{}", self.mutex(host), minute.with_timezone(&application).format("%H%M"))
    }

    /// What its runs are known by in the table.
    pub fn key(&self, host: &str) -> String {
        if self.one_server { self.name.clone() } else { format!("{}@{host}", self.name) }
    }

    /// Its command as it is typed.
    pub fn line(&self) -> String {
        self.command.iter().map(|word| crate::text::shell_word(word)).collect::<Vec<_>>().join(" ")
    }
}

/// Every entry of the context, by name: the default set, changed and joined by what is written.
///
/// # Errors
/// A name, a rule, a zone or a command that cannot be understood, with its place.
pub fn entries(context: &Context) -> Result<Vec<Entry>> {
    let section = context.schedule();
    let mut drafts: BTreeMap<String, (EntrySection, bool)> = baseline::sections(context)?
        .into_iter()
        .map(|(name, draft)| (name.to_owned(), (draft, true)))
        .collect();
    for name in &section.baseline {
        match drafts.get_mut(name) {
            Some((draft, _)) => draft.enabled = Some(true),
            None => return Err(unknown(context, name)),
        }
    }
    let zone = default_zone(context, &section)?;
    for (name, written) in section.entries {
        check_name(context, &name)?;
        let entry = drafts
            .entry(name)
            .or_insert_with(|| (EntrySection { enabled: Some(true), ..EntrySection::default() }, false));
        entry.0 = merged(std::mem::take(&mut entry.0), written);
    }
    drafts.into_iter().map(|(name, (draft, known))| built(context, name, draft, known, zone)).collect()
}

fn default_zone(context: &Context, section: &ScheduleSection) -> Result<Tz> {
    match &section.timezone {
        Some(name) => zone(name, || context.schedule_key("timezone")),
        None => context.time_zone(),
    }
}

fn zone(name: &str, place: impl Fn() -> String) -> Result<Tz> {
    name.parse().map_err(|_| {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let error = Error::config(format!("{}: no time zone is named `{name}`", place()));
        let typed = |near: &str| format!("timezone = \"{near}\"");
        near::or(error, name, names, typed, "zones bear names such as `Asia/Jakarta`")
    })
}

/// What is written wins over the default set.
fn merged(base: EntrySection, written: EntrySection) -> EntrySection {
    // Another command is not the application's line any more, unless that is written, too.
    let artisan = if written.command.is_some() { written.artisan } else { written.artisan.or(base.artisan) };
    EntrySection {
        enabled: written.enabled.or(base.enabled),
        cron: written.cron.or(base.cron),
        timezone: written.timezone.or(base.timezone),
        command: written.command.or(base.command),
        artisan,
        overlap_minutes: written.overlap_minutes.or(base.overlap_minutes),
        one_server: written.one_server.or(base.one_server),
        environments: written.environments.or(base.environments),
        in_maintenance: written.in_maintenance.or(base.in_maintenance),
        when_paused: written.when_paused.or(base.when_paused),
        timeout_seconds: written.timeout_seconds.or(base.timeout_seconds),
        keep_runs: written.keep_runs.or(base.keep_runs),
        keep_bytes: written.keep_bytes.or(base.keep_bytes),
    }
}

fn built(context: &Context, name: String, draft: EntrySection, is_baseline: bool, zone: Tz) -> Result<Entry> {
    let place = |key: &str| context.schedule_key(&format!("entries.{name}.{key}"));
    let lacks = |key: &str| {
        Error::config(format!("the entry `{name}` of the schedule has no `{key}`"))
            .hint(format!("write it: {}", place(key)))
    };
    let zone = match &draft.timezone {
        Some(named) => self::zone(named, || place("timezone"))?,
        None => zone,
    };
    let cron = draft.cron.as_deref().ok_or_else(|| lacks("cron"))?;
    let cron = Cron::read(cron, zone).map_err(|error| error.during(place("cron")))?;
    let command = match (&draft.command, &draft.artisan) {
        (Some(words), _) => words_of(words).map_err(|error| error.during(place("command")))?,
        (None, Some(line)) => {
            words_of(&Words::Line(line.clone())).map_err(|error| error.during(place("artisan")))?
        }
        (None, None) => return Err(lacks("command")),
    };
    let minutes = draft.overlap_minutes.unwrap_or(OVERLAP_MINUTES);
    if !(1..=MOST_MINUTES).contains(&minutes) {
        return Err(Error::config(format!(
            "{} is a number from 1 to {MOST_MINUTES}",
            place("overlap_minutes")
        )));
    }
    if draft.timeout_seconds == Some(0) {
        return Err(Error::config(format!("{} is more than 0", place("timeout_seconds"))));
    }
    Ok(Entry {
        cron,
        command,
        artisan: draft.artisan,
        is_on: draft.enabled.unwrap_or_default(),
        is_baseline,
        overlap: Duration::from_secs(u64::from(minutes) * 60),
        one_server: draft.one_server.unwrap_or(true),
        environments: draft.environments.unwrap_or_default(),
        in_maintenance: draft.in_maintenance.unwrap_or_default(),
        when_paused: draft.when_paused.unwrap_or_default(),
        timeout: draft.timeout_seconds.map(Duration::from_secs),
        keep: Keep {
            runs: draft.keep_runs.unwrap_or(KEEP_RUNS),
            bytes: draft.keep_bytes.unwrap_or(KEEP_BYTES),
        },
        name,
    })
}

/// The words of a command; `opsctl` before them says nothing.
fn words_of(words: &Words) -> Result<Vec<String>> {
    let mut words = match words {
        Words::Line(line) if line.contains(['\'', '"', '\\']) => {
            return Err(Error::config("a line with quotes is not taken apart")
                .hint("write the words one by one: command = [\"webhooks\", \"retry\", …]"));
        }
        Words::Line(line) => line.split_whitespace().map(str::to_owned).collect(),
        Words::List(words) => words.clone(),
    };
    if words.first().is_some_and(|word| word == "opsctl") {
        words.remove(0);
    }
    if words.is_empty() { Err(Error::config("it names no command")) } else { Ok(words) }
}

/// A name is a part of file names, keys and reasons.
fn check_name(context: &Context, name: &str) -> Result<()> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(sound) {
        return Ok(());
    }
    let place = context.schedule_key(&format!("entries.{name}"));
    Err(Error::config(format!("{place}: the name of an entry is made of letters, digits, `-` and `_`"))
        .because(format!("it has {LONGEST_NAME} characters at most")))
}

fn unknown(context: &Context, name: &str) -> Error {
    let error = Error::config(format!(
        "{} names no entry of the default set: `{name}`",
        context.schedule_key("baseline")
    ));
    let all = format!("entries: {}", baseline::NAMES.join(", "));
    near::or(error, name, baseline::NAMES, |near| format!("baseline = [\"{near}\"]"), all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_line_or_a_list_of_words() {
        let line = |text: &str| words_of(&Words::Line(text.into()));
        assert_eq!(line("opsctl queue restart").unwrap(), ["queue", "restart"]);
        assert_eq!(words_of(&Words::List(vec!["queue".into(), "a b".into()])).unwrap(), ["queue", "a b"]);
        assert!(line("queue 'a b'").is_err() && line("opsctl").is_err() && line(" ").is_err());
    }

    #[test]
    fn what_is_written_wins_and_another_command_has_another_mutex() {
        let base =
            EntrySection { artisan: Some("a:b".into()), cron: Some("@daily".into()), ..Default::default() };
        let written = EntrySection { enabled: Some(true), ..Default::default() };
        let kept = merged(base.clone(), written);
        assert_eq!((kept.artisan.as_deref(), kept.enabled), (Some("a:b"), Some(true)));
        let other = EntrySection { command: Some(Words::Line("queue restart".into())), ..Default::default() };
        assert_eq!(merged(base, other).artisan, None);
    }
}
