//! `opsctl help`: pages of commands, and topics.

use std::io::Write;

use opsctl::{Exit, Result};

use crate::cli;

/// What stands below the root's help.
pub const ROOT: &str = "\
Examples:
  opsctl demo                                  see it work, on a database of its own
  opsctl webhooks list --due                   in an application's folder: what waits
  opsctl webhooks retry-once --dry-run         what a run would do
  opsctl --app /srv/payments webhooks retry-once

Where it works: `--context NAME`, OPSCTL_DATABASE_URL, an opsctl.toml in this folder, or the
application's own settings (cached configuration, environment, .env), the strongest first.
Exit codes: `opsctl help exit-codes`.";

/// Explain a command, or a topic
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Words of a command, or a topic: exit-codes
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

/// Topics that are no commands.
pub const TOPICS: [&str; 1] = ["exit-codes"];

/// Prints a page.
pub fn run(args: &Args) -> Result<Exit> {
    let text = match &args.words[..] {
        [topic] if topic == TOPICS[0] => exit_codes(),
        words => cli::page(words)?,
    };
    let _ = anstream::stdout().write_all(text.as_bytes()); // a closed pipe has seen enough
    Ok(Exit::Done)
}

fn exit_codes() -> String {
    let lines = Exit::ALL.iter().map(|exit| format!("  {:>3}  {}\n", exit.code(), exit.meaning()));
    format!(
        "Exit codes of opsctl. A code that is not listed here means failure.\n\n{}\n\
         Of several outcomes the gravest counts: 130, 75, 7, 6, 8, 1, 4, 3.\n\
         An event that is still pending, or was skipped, is no failure.\n",
        lines.collect::<String>()
    )
}
