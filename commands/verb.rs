//! What every verb says about itself, next to its arguments: its class, examples, environment, exit codes, and what
//! artisan calls it. Help pages, man pages, artisan's words and the check of classes are made from this.

use opsctl::Exit;

use crate::{safety::Class, ui::Column, variables::Topic};

/// One verb of the command tree.
#[derive(Debug)]
pub struct Verb {
    /// As typed behind `opsctl`: `webhooks retry-once`.
    pub words: &'static str,
    /// What it may do.
    pub class: Class,
    /// An option that makes it destructive.
    pub destructive_with: Option<&'static str>,
    /// What to type, most wanted first. A test runs every one.
    pub examples: &'static [Example],
    /// What it prints as data.
    pub prints: Prints,
    /// Which variables it reads, beside those of every verb.
    pub reads: &'static [Topic],
    /// How it may end, beside [`ALWAYS`]; an empty text stands for the code's own meaning.
    pub exits: &'static [(Exit, &'static str)],
    /// Commands of artisan that it takes the place of.
    pub artisan: &'static [Artisan],
}

/// What one verb prints. The first column of a table is the id.
#[derive(Debug, Clone, Copy)]
pub enum Prints {
    /// Notes and pages for people alone.
    Nothing,
    /// Data that stands in a table of these columns.
    List(&'static [Column]),
    /// Likewise, and its exit code tells a monitoring system how things stand.
    Verdict(&'static [Column]),
}

impl Prints {
    /// The columns of its table.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Prints::Nothing => &[],
            Prints::List(columns) | Prints::Verdict(columns) => columns,
        }
    }
}

/// One example of a help page.
#[derive(Debug)]
pub struct Example {
    /// What it is for: a few words, in lower case, without a full stop.
    pub what: &'static str,
    /// The line behind `opsctl`, as typed into a shell.
    pub line: &'static str,
}

/// A command of artisan, whose words opsctl understands.
#[derive(Debug)]
pub struct Artisan {
    /// Its name: `tenrusl:webhooks:retry`.
    pub command: &'static str,
    /// An option that must be there; its value becomes the verb's argument.
    pub with: Option<&'static str>,
    /// Options that are taken and mean nothing here.
    pub ignores: &'static [&'static str],
    /// What is different here, in one sentence without a full stop.
    pub difference: &'static str,
}

/// How any verb may end.
pub const ALWAYS: [(Exit, &str); 4] =
    [(Exit::Done, ""), (Exit::Usage, ""), (Exit::Deadline, ""), (Exit::Interrupted, "")];

impl Verb {
    /// Whether a run of this verb may be of a class.
    pub fn may_be(&self, class: Class) -> bool {
        class == self.class || (class == Class::Destructive && self.destructive_with.is_some())
    }

    /// All exit codes with what they mean here, in the order of their numbers.
    pub fn exits(&self) -> Vec<(Exit, &'static str)> {
        let told = |exit: &Exit| self.exits.iter().chain(&ALWAYS).find(|(known, _)| known == exit);
        let said = |(exit, text): &(Exit, &'static str)| match *text {
            "" => (*exit, exit.meaning()),
            text => (*exit, text),
        };
        Exit::ALL.iter().filter_map(told).map(said).collect()
    }

    /// `routine; with --take-over destructive`.
    pub fn class_line(&self) -> String {
        match self.destructive_with {
            Some(option) => format!("{}; with {option} {}", self.class.name(), Class::Destructive.name()),
            None => self.class.name().to_owned(),
        }
    }
}
