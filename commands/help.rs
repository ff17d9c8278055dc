//! `opsctl help`: pages of commands, and topics.

mod topics;

use clap_complete::ArgValueCandidates;
use opsctl::{Exit, Result};

pub use self::topics::{TOPICS, topics};
use crate::{
    app::App,
    complete,
    safety::Class,
    tree,
    variables::Topic as Variables,
    verb::{Artisan, Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERBS: &[Verb] = &[Verb {
    words: "help",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "a command's page", line: "help webhooks retry-one" },
        Example { what: "a topic: what each exit code means", line: "help exit-codes" },
        Example { what: "which artisan command is which here", line: "help artisan" },
    ],
    prints: Prints::Nothing,
    reads: &[Variables::Terminal],
    exits: &[],
    artisan: &[Artisan {
        command: "list",
        with: None,
        ignores: &[],
        difference: "without words: all commands and topics",
    }],
}];

/// What stands above the root's usage.
pub const FIRST: &[Example] = &[
    Example { what: "see it work, on a database of its own", line: "demo" },
    Example {
        what: "in an application's folder: what waits, and what a run would do",
        line: "webhooks list --due",
    },
    Example { what: "from elsewhere", line: "--app /srv/payments webhooks retry-once --dry-run" },
];

/// What stands below the root's options.
pub fn root() -> String {
    let lines = TOPICS.iter().map(|topic| format!("  {:<12} {}\n", topic.name, topic.about));
    format!("Topics (`opsctl help TOPIC`):\n{}", lines.collect::<String>()).trim_end().to_owned()
}

/// Explain a command, or a topic
///
/// Topics: exit-codes, environment, contexts, formats, safety, time, artisan.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Words of a command, or a topic
    #[arg(value_name = "COMMAND|TOPIC", add = ArgValueCandidates::new(complete::help_words))]
    words: Vec<String>,
}

/// Prints a page.
pub fn run(app: &App, args: &Args) -> Result<Exit> {
    let topic = match &args.words[..] {
        [word] => TOPICS.iter().find(|topic| topic.name == *word),
        _ => None,
    };
    let text = match topic {
        Some(topic) => (topic.text)(),
        None => tree::page(&args.words)?,
    };
    app.ui.page(&text)?;
    Ok(Exit::Done)
}
