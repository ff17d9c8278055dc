//! The command tree with what its verbs say about themselves: pages lead with examples and end with class,
//! environment and exit codes.

use std::fmt::Write;

use anstyle::Style;
use clap::{Command, CommandFactory, builder::StyledStr};
use opsctl::{Error, Result};

use crate::{
    about,
    cli::{Cli, HEADING, LITERAL},
    clusters, completions, context, db, demo, help, init, journal, locks, queue, redis, rls, schedule,
    tenant,
    variables::{Topic, Variable},
    verb::{Example, Verb},
    webhooks,
};

/// Examples stand above the usage.
const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";
/// Examples on the page of a group: the first of each of its first verbs.
const GROUP_EXAMPLES: usize = 4;

/// Every verb, group by group.
pub fn verbs() -> impl Iterator<Item = &'static Verb> {
    [
        about::VERBS,
        context::VERBS,
        webhooks::VERBS,
        queue::VERBS,
        locks::VERBS,
        schedule::VERBS,
        clusters::VERBS,
        tenant::VERBS,
        rls::VERBS,
        journal::VERBS,
        db::VERBS,
        redis::VERBS,
        init::VERBS,
        demo::VERBS,
        completions::VERBS,
        help::VERBS,
    ]
    .into_iter()
    .flatten()
}

/// The verb of some words.
pub fn verb(words: &str) -> Option<&'static Verb> {
    verbs().find(|verb| verb.words == words)
}

/// The tree.
pub fn tree() -> Command {
    decorated(Cli::command(), "")
}

/// The words of the verb that was parsed: `webhooks list`.
pub fn words(matches: &clap::ArgMatches) -> String {
    let mut words = Vec::new();
    let mut place = matches;
    while let Some((word, below)) = place.subcommand() {
        words.push(word);
        place = below;
    }
    words.join(" ")
}

fn decorated(command: Command, words: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command = names.iter().fold(command, |command, name| {
        let below = format!("{words} {name}");
        command.mut_subcommand(name, |sub| decorated(sub, below.trim_start()))
    });
    match verb(words) {
        Some(verb) => command
            .help_template(TEMPLATE)
            .before_long_help(examples(verb.examples))
            .after_help(format!("Class: {}. Examples and more: `opsctl {words} --help`.", verb.class_line()))
            .after_long_help(colophon(verb)),
        None if words.is_empty() => command
            .help_template(TEMPLATE)
            .before_long_help(examples(help::FIRST))
            .after_long_help(help::root()),
        None => {
            let prefix = format!("{words} ");
            let below = verbs().filter(|verb| verb.words.starts_with(&prefix)).take(GROUP_EXAMPLES);
            let firsts = below.filter_map(|verb| verb.examples.first());
            command.help_template(TEMPLATE).before_long_help(examples(firsts))
        }
    }
}

fn heading(text: &mut String, name: &str) {
    let _ = writeln!(text, "{HEADING}{name}:{HEADING:#}");
}

fn examples(examples: impl IntoIterator<Item = &'static Example>) -> StyledStr {
    let mut text = String::new();
    heading(&mut text, "Examples");
    let dim = Style::new().dimmed();
    for example in examples {
        let _ =
            writeln!(text, "  {dim}# {}{dim:#}\n  {LITERAL}opsctl {}{LITERAL:#}", example.what, example.line);
    }
    text.trim_end().to_owned().into()
}

/// What stands below the options: class, environment, exit codes.
fn colophon(verb: &Verb) -> StyledStr {
    let mut text = String::new();
    let _ = writeln!(text, "{HEADING}Class:{HEADING:#} {} (`opsctl help safety`)\n", verb.class_line());
    heading(&mut text, "Environment");
    for topic in verb.reads.iter().filter(|topic| **topic != Topic::Terminal) {
        let names: Vec<&str> = topic.variables().map(|variable: &Variable| variable.name).collect();
        let _ = writeln!(text, "  {}: {}", topic.title(), names.join(", "));
    }
    let _ = writeln!(text, "  What each says: `opsctl help environment`\n");
    heading(&mut text, "Exit codes");
    for (exit, meaning) in verb.exits() {
        let _ = writeln!(text, "  {:>3}  {meaning}", exit.code());
    }
    text.trim_end().to_owned().into()
}

/// The help page of a command, by its words.
pub fn page(words: &[String]) -> Result<String> {
    let mut command = tree();
    command.build();
    let mut place = &mut command;
    for (at, word) in words.iter().enumerate() {
        if place.find_subcommand(word).is_none() {
            let below = place.get_subcommands().map(|sub| sub.get_name().to_owned());
            return Err(unknown(words, at, below.collect()));
        }
        let at = place.get_subcommands().position(|sub| sub.get_name() == word).unwrap_or_default();
        place = match place.get_subcommands_mut().nth(at) {
            Some(next) => next,
            None => return Err(Error::failed("the help page cannot be found")),
        };
    }
    Ok(place.render_long_help().ansi().to_string())
}

/// The word at `at` names nothing; `known` are the commands that could stand there.
fn unknown(words: &[String], at: usize, mut known: Vec<String>) -> Error {
    if at == 0 {
        known.extend(help::topics().map(str::to_owned));
    }
    let error = Error::usage(format!("there is no command or topic `{}`", words.join(" ")));
    let before: String = words[..at].iter().map(|word| format!("{word} ")).collect();
    let typed = |near: &str| format!("opsctl help {before}{near}");
    let known = known.iter().map(String::as_str);
    opsctl::near::or(error, &words[at], known, typed, "all commands: `opsctl --help`")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of every command that does something, and the command itself.
    fn leaves(command: &Command, words: &str, found: &mut Vec<String>) {
        let below: Vec<&Command> = command.get_subcommands().collect();
        if below.is_empty() {
            found.push(words.to_owned());
        }
        for sub in below {
            leaves(sub, format!("{words} {}", sub.get_name()).trim_start(), found);
        }
    }

    #[test]
    fn every_verb_says_what_it_is_and_nothing_else_does() {
        let mut found = Vec::new();
        leaves(&Cli::command(), "", &mut found);
        for words in &found {
            assert!(verb(words).is_some(), "`opsctl {words}` has no Verb");
        }
        for verb in verbs() {
            assert!(found.iter().any(|words| words == verb.words), "there is no `opsctl {}`", verb.words);
            assert!(!verb.examples.is_empty(), "`opsctl {}` has no example", verb.words);
            for example in verb.examples {
                assert!(example.line.starts_with(verb.words), "not about `{}`: {}", verb.words, example.line);
            }
        }
    }

    #[test]
    fn every_page_leads_with_examples_and_names_class_environment_and_exit_codes() {
        for verb in verbs() {
            let words: Vec<String> = verb.words.split(' ').map(str::to_owned).collect();
            let page = anstream::adapter::strip_str(&page(&words).unwrap()).to_string();
            let place =
                |text: &str| page.find(text).unwrap_or_else(|| panic!("{}: no {text}:\n{page}", verb.words));
            assert!(place("Examples:") < place("Usage:"), "{page}");
            place(&format!("Class: {}", verb.class.name()));
            place("Environment:");
            place("Exit codes:\n    0  ");
        }
    }

    #[test]
    fn a_verb_that_is_journalled_names_the_variables_of_the_journal() {
        // The demo works in a folder of its own, its journal included.
        let journalled = |verb: &&Verb| verb.class != crate::safety::Class::Read && verb.words != "demo";
        for verb in verbs().filter(journalled) {
            assert!(verb.reads.contains(&Topic::Journal), "{}", verb.words);
        }
    }

    #[test]
    fn a_destructive_verb_can_be_confirmed_by_its_examples() {
        for verb in verbs().filter(|verb| verb.class == crate::safety::Class::Destructive) {
            let confirmed = verb.examples.iter().any(|example| example.line.contains("--yes"));
            assert!(confirmed, "no example of `{}` says how cron confirms it", verb.words);
        }
    }
}
