//! The topics of `opsctl help`: what holds for every command.

use std::fmt::Write;

use opsctl::Exit;

use crate::{artisan, safety::Class, tree, variables};

/// One topic.
#[derive(Debug)]
pub struct Topic {
    /// As typed behind `opsctl help`.
    pub name: &'static str,
    /// What it is about, in one line.
    pub about: &'static str,
    /// The page.
    pub text: fn() -> String,
}

/// All topics.
pub static TOPICS: [Topic; 7] = [
    Topic { name: "exit-codes", about: "what each exit code means", text: exit_codes },
    Topic { name: "environment", about: "the variables that opsctl reads", text: environment },
    Topic { name: "contexts", about: "where a command works", text: contexts },
    Topic { name: "formats", about: "the formats of data", text: formats },
    Topic { name: "safety", about: "classes, protected contexts, the journal", text: safety },
    Topic { name: "time", about: "how times are read and shown", text: time },
    Topic { name: "artisan", about: "artisan's commands and opsctl's", text: artisan },
];

/// Their names.
pub fn topics() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().map(|topic| topic.name)
}

fn exit_codes() -> String {
    let lines = Exit::ALL.iter().map(|exit| format!("  {:>3}  {}\n", exit.code(), exit.meaning()));
    format!(
        "Exit codes of opsctl. A code that is not listed here means failure.\n\n{}\n\
         Of several outcomes the gravest counts: 130, 75, 7, 6, 8, 1, 4, 3.\n\
         An event that is still pending, or was skipped, is no failure.\n\
         Which of them a command may end with, and why: its `--help`.\n",
        lines.collect::<String>()
    )
}

fn environment() -> String {
    let mut text = String::from("Variables that opsctl reads. An empty one counts as not set.\n");
    for topic in variables::Topic::ALL {
        let _ = writeln!(text, "\n{}:", topic.title());
        for variable in topic.variables() {
            let _ = writeln!(text, "  {:<30} {}", variable.name, variable.text);
        }
    }
    text.push_str(
        "\nOptions are stronger than variables, and a context chosen by name is stronger than OPSCTL_…\n\
         No variable and no option holds a secret that `ps` or the journal could show: passwords come\n\
         from files, from the application's own settings, or from variables that a file names.\n",
    );
    text
}

fn contexts() -> String {
    "\
A context is where a command works: a database, Redis, a store of locks, the application's limits.

The strongest source that names a connection counts, and a connection is taken from it whole:
  1. --context NAME, or OPSCTL_CONTEXT: a section [contexts.NAME] of an opsctl.toml
  2. OPSCTL_DATABASE_URL, OPSCTL_REDIS_URL and the other variables of opsctl
  3. an opsctl.toml: the one of --config, or the one in this folder
  4. the application's cached configuration, bootstrap/cache/config.php
  5. the application's variables in the environment: DB_HOST, REDIS_HOST, …
  6. the application's .env
  7. the context chosen with `opsctl context use NAME`

The application is --app DIR, OPSCTL_APP, or this folder. `opsctl about` shows every value with its
source; `opsctl context list` every context. Nothing configured anywhere is an error, never a guess.
A context is protected when it says so, when its environment is production, prod or live, and when
nobody names its environment: `opsctl help safety`.
"
    .into()
}

fn formats() -> String {
    "\
Formats of data on stdout, chosen with -o FORMAT. Everything for people goes to stderr.

  table   for people; cut to the width of a terminal, never when piped
  wide    for people: every column, nothing cut, times in full
  json    one object: schema_version, command, context, generated_at, data, summary
  jsonl   one object per item, then {\"type\":\"summary\",…}
  csv     a heading and one line per item, quoted, for spreadsheets
  tsv     likewise, split by tabs, never quoted; \\t, \\n and \\\\ in a cell stand for the characters
  ids     one id per line, for xargs
  nagios  SERVICE STATUS - text | figures, for verbs with a verdict, such as `db status`

--columns a,b chooses columns (`--columns help` lists them), --sort-by a,-b sorts (a list in pages:
page by page), --no-headers leaves the heading out. They are for table, wide, csv and tsv; --sort-by
is for ids, too.
An error is one JSON object on stderr when the data is json or jsonl. Schemas: docs/schemas.

With nagios the process ends with Nagios' own codes:
  0 OK        done
  1 WARNING   findings (3), partial (4)
  2 CRITICAL  failed (1), unreachable (7), deadline passed (75)
  3 UNKNOWN   anything else: it could not be checked
A verb may know better: a changed or half-applied migration is CRITICAL to `db status`.
"
    .into()
}

fn safety() -> String {
    let mut text = String::from(
        "\
Every verb has a class.

  read         changes nothing
  routine      bounded, conditional, safe to run again: acts at once, also in production and
               from cron
  destructive  cannot be undone, or overrides a check: says what and where and asks on a terminal,
               needs --yes without one

Every verb that changes a database has --dry-run, which shows what it would do; so has `init`.
`context use` and `demo` change only files of your own.

In a protected context (protected = true, or the environment is production, prod, live, or is named
by nobody) a red banner goes to stderr before a database is changed, and a destructive verb wants
the context's name and a reason: typed on a terminal, elsewhere by
`--yes --confirm NAME --reason TEXT`, all three. With -q routine verbs leave the banner out,
destructive ones do not.

Ctrl-C once finishes the chunk in hand; twice drops it and rolls back. Every change is in the
journal, before and after: `opsctl journal list`.

",
    );
    for class in [Class::Destructive, Class::Routine, Class::Read] {
        let verbs: Vec<&str> =
            tree::verbs().filter(|verb| verb.class == class).map(|verb| verb.words).collect();
        let _ = writeln!(text, "{}: {}", class.name(), verbs.join(", "));
    }
    for verb in tree::verbs().filter(|verb| verb.destructive_with.is_some()) {
        let _ = writeln!(text, "`{}` is {}", verb.words, verb.class_line());
    }
    text
}

fn time() -> String {
    "\
Times are kept and compared in UTC, by the clock of the database server where rows are concerned.

Shown: tables say how long ago; pages also say when, in the zone of --tz (`--tz Asia/Jakarta`).
Machines get RFC 3339 in UTC: 2026-11-20T09:00:00Z.
Columns of the application hold whole seconds; a next time is rounded up, never down.

Typed: durations are 90s, 5m, 2h, 3d. --since and --until take a duration before now (1w and 1h30m,
too), now, today, yesterday, a day (2026-11-20), a day with a time (2026-11-20 09:14), or RFC 3339;
without an offset they are read in the zone of --tz. A day is meant whole: --until yesterday ends
where today begins. Otherwise the end is no part of the window. Both ends are resolved once, and the
window is told on stderr. Where clocks were put back, an hour is there twice: --since takes the
first, --until the second. A time that was skipped is the moment at which it was skipped.
"
    .into()
}

fn artisan() -> String {
    let rows: Vec<_> = artisan::table().collect();
    let mut text = String::from(
        "Artisan's words work here: change `php artisan` to `opsctl`. Its -n, --no-interaction, --ansi,\n\
         --no-ansi, --env, -q and -v are understood.\n\n",
    );
    for (artisan, verb) in rows {
        let option = artisan.with.map(|option| format!(" {option}=…")).unwrap_or_default();
        let _ = writeln!(text, "  {}{option}", artisan.command);
        let _ = writeln!(text, "      opsctl {}", verb.words);
        let _ = writeln!(text, "      {}", artisan.difference);
        if !artisan.ignores.is_empty() {
            let _ = writeln!(text, "      taken and without meaning here: {}", artisan.ignores.join(", "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_a_page_within_a_terminal() {
        for topic in &TOPICS {
            let text = (topic.text)();
            // The lists of verbs grow, and are read by scripts.
            let lists = ["read: ", "routine: ", "destructive: "];
            for line in text.lines().filter(|line| !lists.iter().any(|list| line.starts_with(list))) {
                assert!(line.chars().count() <= 100, "{}: {line}", topic.name);
            }
        }
    }
}
