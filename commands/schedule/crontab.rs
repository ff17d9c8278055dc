//! `opsctl schedule crontab`: what to put into cron, or units of systemd.

use std::fmt::Write;

use opsctl::{Exit, Result, schedule::Entry, text::shell_word};

use super::{READS_TO_CHANGE, set};
use crate::{
    app::App,
    safety::Class,
    ui::Zone,
    verb::{Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "schedule crontab",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "the line for this user's crontab", line: "schedule crontab" },
        Example { what: "a service and a timer of systemd", line: "schedule crontab --systemd" },
        Example {
            what: "a line for each entry, as UTC on a host of another zone",
            line: "schedule crontab --entries --tz UTC",
        },
    ],
    prints: Prints::Nothing,
    reads: READS_TO_CHANGE,
    exits: &[(Exit::Config, "an entry cannot be understood")],
    artisan: &[],
};

/// Print the cron line that runs the schedule each minute, or units of systemd
///
/// Nothing is installed. The line works in this folder, with the context and configuration that this
/// command was given. cron reads its fields in the zone of its host; `CRON_TZ` is known by cronie and
/// its kin, not by Debian's cron, busybox and most platforms that call themselves cron.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Units of systemd instead: a service and a timer
    #[arg(long)]
    systemd: bool,
    /// A line for each entry that is on: without claims, mutexes, time limits and kept output
    #[arg(long, conflicts_with = "systemd")]
    entries: bool,
    /// The user that it runs as: a column of /etc/cron.d, `User=` of a service
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

/// Variables that say where this command works, and that cron would not know.
const HANDED_ON: [&str; 6] = [
    "OPSCTL_CONTEXT",
    "OPSCTL_APP",
    "OPSCTL_SYSTEM",
    "OPSCTL_CACHE_STORE",
    "OPSCTL_QUEUE",
    "OPSCTL_STATE_DIR",
];

/// Runs the verb.
pub fn run(app: &App, args: &Args) -> Result<Exit> {
    let entries = set::entries(app)?;
    let on: Vec<&Entry> = entries.iter().filter(|entry| entry.is_on).collect();
    let text = match (args.systemd, args.entries) {
        (true, _) => units(app, args),
        (false, true) => lines(app, args, &on),
        (false, false) => line(app, args),
    };
    app.ui.script(&text)?;
    if on.is_empty() {
        app.ui.warning("no entry is on: the line would run nothing");
        app.ui.hint("what there is to turn on: `opsctl schedule list`");
    }
    Ok(Exit::Done)
}

/// The words of a command in the context of this one.
fn words(app: &App, command: &[&str]) -> Vec<String> {
    let global = &app.global;
    let program = std::env::current_exe().map_or_else(|_| "opsctl".into(), |path| path.display().to_string());
    let mut words = vec![program];
    for (option, value) in [("--context", &global.context), ("--env", &global.env)] {
        words.extend(value.iter().flat_map(|value| [option.to_owned(), value.clone()]));
    }
    for (option, value) in [("--config", &global.config), ("--app", &global.app)] {
        words.extend(value.iter().flat_map(|value| [option.to_owned(), value.display().to_string()]));
    }
    words.extend(command.iter().map(|word| (*word).to_owned()));
    words
}

/// A command as a crontab has it: for a shell, and with `%`, which would end the line there, escaped.
fn in_crontab(app: &App, args: &Args, rule: &str, command: &[&str]) -> String {
    let words = words(app, command);
    let words: Vec<_> = words.iter().map(|word| shell_word(word)).collect();
    let folder = app.cwd.display().to_string();
    let shell = format!("cd {} && {}", shell_word(&folder), words.join(" ")).replace('%', "\\%");
    let user = args.user.as_ref().map_or_else(String::new, |user| format!("{user} "));
    format!("{rule} {user}{shell}\n")
}

/// Those variables that are set, a line for each.
fn variables(app: &App, line: impl Fn(&str, &str) -> String) -> String {
    HANDED_ON.iter().filter_map(|name| Some(line(name, app.environment.filled(name)?))).collect()
}

/// The head of a crontab.
fn head(app: &App) -> String {
    format!(
        "PATH=/usr/local/bin:/usr/bin:/bin\n{}",
        variables(app, |name, value| format!("{name}=\"{value}\"\n"))
    )
}

fn line(app: &App, args: &Args) -> String {
    format!(
        "# Runs what is due, each minute; entries are read in their own zones, whatever the host's is.\n\
         # Silent unless something is wrong: then cron mails it.\n{}{}",
        head(app),
        in_crontab(app, args, "* * * * *", &["schedule", "run", "--quiet"])
    )
}

fn lines(app: &App, args: &Args, entries: &[&Entry]) -> String {
    let mut text = format!(
        "# One line per entry: nothing keeps two hosts apart, or an entry from overlapping itself.\n\
         # CRON_TZ is of cronie (RHEL, Fedora, Arch) and its kin. Debian's cron and busybox ignore it:\n\
         # there the fields are read in the host's zone.\n{}",
        head(app)
    );
    let mut zone = None;
    for entry in entries {
        if zone != Some(entry.cron.zone()) {
            zone = Some(entry.cron.zone());
            let _ = writeln!(text, "CRON_TZ={}", entry.cron.zone().name()); // writing to a String cannot fail
        }
        let _ = writeln!(text, "# {}: next {}", entry.name, next(app, entry));
        let reason = format!("schedule:{}", entry.name);
        let mut command: Vec<&str> = vec!["--quiet", "--no-interaction", "--reason", &reason];
        command.extend(entry.command.iter().map(String::as_str));
        text.push_str(&in_crontab(app, args, entry.cron.text(), &command));
    }
    text
}

/// When an entry is due next, in UTC and in the zone that was asked for.
fn next(app: &App, entry: &Entry) -> String {
    let Some(at) = entry.cron.next(app.clock.now()) else { return "never".into() };
    match app.ui.zone {
        Zone::Utc => Zone::Utc.show(at),
        zone => format!("{}, {}", Zone::Utc.show(at), zone.show(at)),
    }
}

fn units(app: &App, args: &Args) -> String {
    let words: Vec<String> =
        words(app, &["schedule", "run", "--quiet"]).iter().map(|word| in_unit(word)).collect();
    let user = args.user.as_ref().map_or_else(String::new, |user| format!("User={user}\n"));
    format!(
        "# /etc/systemd/system/opsctl-schedule.service\n\
         [Unit]\n\
         Description=opsctl: what is due in this minute\n\
         After=network-online.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         {user}{environment}WorkingDirectory={folder}\n\
         ExecStart={command}\n\
         # SIGTERM lets the commands in hand finish.\n\
         KillMode=mixed\n\
         TimeoutStartSec=infinity\n\
         TimeoutStopSec=30\n\
         \n\
         # /etc/systemd/system/opsctl-schedule.timer\n\
         [Unit]\n\
         Description=opsctl: the schedule, each minute\n\
         \n\
         [Timer]\n\
         OnCalendar=*-*-* *:*:00\n\
         AccuracySec=1s\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n\
         \n\
         # A service that is still at work is not begun again: run `opsctl schedule work` as a service instead\n\
         # where commands take longer than a minute.\n\
         # Switch it on: systemctl daemon-reload && systemctl enable --now opsctl-schedule.timer\n",
        environment =
            variables(app, |name, value| format!("Environment={}\n", in_unit(&format!("{name}={value}")))),
        folder = in_unit(&app.cwd.display().to_string()),
        command = words.join(" "),
    )
}

/// A word of a unit: `%` begins a specifier there, `$` a variable.
fn in_unit(word: &str) -> String {
    let word = word.replace('%', "%%").replace('$', "$$");
    let plain = !word.is_empty()
        && !word.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ';'));
    if plain { word } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
}
