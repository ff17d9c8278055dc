//! Artisan's words: a runbook or a cron line that says `artisan tenrusl:webhooks:retry-once --limit=100` changes one
//! word. The table stands in the verbs; `opsctl help artisan` prints it.

use std::ffi::OsString;

use clap::{ArgAction, CommandFactory};
use opsctl::{Error, Result};

use crate::{
    cli::Cli,
    tree,
    verb::{Artisan, Verb},
};

/// Options of every artisan command that opsctl says otherwise.
const OPTIONS: [(&str, &str); 2] = [("--ansi", "--color=always"), ("--no-ansi", "--color=never")];

/// Options of one artisan command that opsctl calls otherwise: here `--timeout` is a deadline of the whole command.
const RENAMED: [(&str, &str, &str); 1] = [("queue:work", "--timeout", "--job-timeout")];

/// The table: artisan's command, and the verb that takes its place.
pub fn table() -> impl Iterator<Item = (&'static Artisan, &'static Verb)> {
    tree::verbs().flat_map(|verb| verb.artisan.iter().map(move |artisan| (artisan, verb)))
}

/// The arguments with artisan's words replaced by opsctl's; any others as they are.
///
/// # Errors
/// A word that looks like one of artisan's and is none that opsctl knows.
pub fn translate(arguments: &[OsString]) -> Result<Vec<OsString>> {
    let Some(at) = first_word(arguments) else { return Ok(arguments.to_vec()) };
    let Some(word) = arguments[at].to_str() else { return Ok(arguments.to_vec()) };
    let rows: Vec<_> = table().filter(|(artisan, _)| artisan.command == word).collect();
    if rows.is_empty() {
        // No word of opsctl's own holds a colon.
        return if word.contains(':') { Err(unknown(word)) } else { Ok(arguments.to_vec()) };
    }
    let rest = &arguments[at + 1..];
    let has = |option: &str| rest.iter().any(|given| value_of(given, option).is_some() || given == option);
    let fits = |artisan: &Artisan| artisan.with.is_none_or(has);
    let chosen =
        rows.iter().filter(|(artisan, _)| fits(artisan)).max_by_key(|(artisan, _)| artisan.with.is_some());
    let Some((artisan, verb)) = chosen else { return Ok(arguments.to_vec()) };
    let mut translated = arguments[..at].to_vec();
    translated.extend(verb.words.split(' ').map(OsString::from));
    translated.extend(replaced(rest, artisan));
    Ok(translated)
}

/// The options behind artisan's command, as the verb takes them.
fn replaced(rest: &[OsString], artisan: &Artisan) -> Vec<OsString> {
    let mut out = Vec::new();
    for given in rest {
        if let Some(option) = artisan.with {
            if given == option {
                continue; // its value follows, and stands where the verb's argument does
            }
            if let Some(value) = value_of(given, option) {
                out.push(value);
                continue;
            }
        }
        if artisan.ignores.iter().any(|ignored| given == ignored || value_of(given, ignored).is_some()) {
            continue;
        }
        if let Some(renamed) = renamed(given, artisan) {
            out.push(renamed);
            continue;
        }
        let known = OPTIONS.iter().find(|(theirs, _)| given == theirs);
        out.push(known.map_or_else(|| given.clone(), |(_, ours)| OsString::from(ours)));
    }
    out
}

/// An option that bears another name here, with its value where it stands behind `=`.
fn renamed(given: &OsString, artisan: &Artisan) -> Option<OsString> {
    let mut names = RENAMED.iter().filter(|(command, ..)| *command == artisan.command);
    names.find_map(|(_, theirs, ours)| match value_of(given, theirs) {
        Some(value) => Some(OsString::from(format!("{ours}={}", value.to_string_lossy()))),
        None => (given == theirs).then(|| OsString::from(ours)),
    })
}

/// `VALUE` of `--option=VALUE`.
fn value_of(given: &OsString, option: &str) -> Option<OsString> {
    given.to_str()?.strip_prefix(option)?.strip_prefix('=').map(OsString::from)
}

/// Place of the first word that is neither an option nor the value of one.
fn first_word(arguments: &[OsString]) -> Option<usize> {
    let command = Cli::command();
    let takes_value = |text: &str| {
        command.get_arguments().any(|arg| {
            let long = arg.get_long().is_some_and(|long| text == format!("--{long}"));
            let short = arg.get_short().is_some_and(|short| text == format!("-{short}"));
            matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) && (long || short)
        })
    };
    let mut at = 1;
    while let Some(text) = arguments.get(at)?.to_str() {
        match text {
            "--" => return None,
            option if option.starts_with('-') => at += 1 + usize::from(takes_value(option)),
            _ => return Some(at),
        }
    }
    None
}

fn unknown(word: &str) -> Error {
    let error = Error::usage(format!("opsctl has no command for artisan's `{word}`"));
    let known = table().map(|(artisan, _)| artisan.command);
    opsctl::near::or(
        error,
        word,
        known,
        |near| format!("opsctl {near}"),
        "which it has: `opsctl help artisan`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let words = translate(&words).unwrap();
        words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn artisans_lines_become_opsctls() {
        let cases = [
            (
                "opsctl tenrusl:webhooks:retry-once --limit=100 -n",
                "opsctl webhooks retry-once --limit=100 -n",
            ),
            (
                "opsctl --app /srv/x tenrusl:webhooks:retry --ansi",
                "opsctl --app /srv/x webhooks retry --color=always",
            ),
            (
                "opsctl queue:work redis --queue=a,b --timeout=30 --memory=128 --tries=3",
                "opsctl queue work redis --queue=a,b --job-timeout=30 --tries=3",
            ),
            ("opsctl tenrusl:webhooks:retry --id=7 --force", "opsctl webhooks retry-one 7 --force"),
            ("opsctl tenrusl:webhooks:retry --id 7", "opsctl webhooks retry-one 7"),
            ("opsctl tenrusl:webhooks:retry-one 7 --force", "opsctl webhooks retry-one 7 --force"),
            ("opsctl migrate --force --env=production", "opsctl db migrate --env=production"),
            ("opsctl -c eu migrate:status --no-ansi -vvv", "opsctl -c eu db status --color=never -vvv"),
            ("opsctl webhooks list --event-id migrate", "opsctl webhooks list --event-id migrate"),
            ("opsctl --context migrate db status", "opsctl --context migrate db status"),
        ];
        for (typed, meant) in cases {
            assert_eq!(translated(typed), meant, "{typed}");
        }
    }

    #[test]
    fn every_row_is_understood_by_the_tree() {
        for (artisan, verb) in table() {
            let mut words = vec![OsString::from("opsctl"), artisan.command.into()];
            words.extend(artisan.with.map(|option| OsString::from(format!("{option}=x"))));
            words.extend(artisan.ignores.iter().map(OsString::from));
            words.push("--help".into());
            let error = tree::tree().try_get_matches_from(translate(&words).unwrap()).unwrap_err();
            assert_eq!(error.kind(), clap::error::ErrorKind::DisplayHelp, "{}", artisan.command);
            assert!(error.to_string().contains(&format!("opsctl {}", verb.words)), "{}", artisan.command);
        }
    }

    #[test]
    fn a_command_that_opsctl_lacks_is_named_and_the_nearest_told() {
        let error = translate(&["opsctl".into(), "tenrusl:webhook:retry".into()]).unwrap_err();
        assert_eq!(error.hints(), ["did you mean `opsctl tenrusl:webhooks:retry`?"]);
        assert!(
            translate(&["opsctl".into(), "make:model".into()]).unwrap_err().hints()[0]
                .contains("help artisan")
        );
    }
}
