//! What is made from the command tree and committed: man pages, static completion scripts and JSON
//! Schemas. A test fails when one is stale; `OPSCTL_UPDATE=1 cargo test generated` writes them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use clap_complete::{Generator, Shell};
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use opsctl::Exit;

use crate::{completions, schemas, tree, variables::Topic, verb::Verb};

/// Compares the files of a folder with what they should be, or writes them. The folder holds nothing else.
fn check(folder: &str, wanted: &BTreeMap<PathBuf, Vec<u8>>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let there: Vec<PathBuf> = match fs::read_dir(&folder) {
        Ok(entries) => entries.map(|entry| PathBuf::from(entry.unwrap().file_name())).collect(),
        Err(_) => Vec::new(),
    };
    if std::env::vars().any(|(name, _)| name == "OPSCTL_UPDATE") {
        fs::create_dir_all(&folder).unwrap();
        there
            .iter()
            .filter(|name| !wanted.contains_key(*name))
            .for_each(|name| fs::remove_file(folder.join(name)).unwrap());
        wanted.iter().for_each(|(name, text)| fs::write(folder.join(name), text).unwrap());
        return;
    }
    let how = "refresh it: OPSCTL_UPDATE=1 cargo test generated";
    for (name, text) in wanted {
        let file = folder.join(name);
        assert!(fs::read(&file).is_ok_and(|known| known == *text), "{} is stale; {how}", file.display());
    }
    for name in there {
        assert!(wanted.contains_key(&name), "{} belongs to no command; {how}", folder.join(name).display());
    }
}

#[test]
fn completion_scripts_are_fresh() {
    let shells = [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh];
    let script = |shell: Shell| (shell.file_name("opsctl").into(), completions::script(shell).into_bytes());
    check("completions", &shells.into_iter().map(script).collect());
}

#[test]
fn schemas_are_fresh() {
    check("docs/schemas", &schemas::files());
}

#[test]
fn man_pages_are_fresh() {
    let mut command = tree::tree().disable_help_flag(true);
    command.build();
    let mut pages = BTreeMap::new();
    let globals: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    walk(&command, "", &globals, &mut pages);
    check("man", &pages);
}

/// A page for the root, and one for each verb.
fn walk(command: &clap::Command, words: &str, globals: &[String], pages: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let verb = tree::verb(words);
    if verb.is_some() || words.is_empty() {
        let mut name = String::from("opsctl");
        words.split_whitespace().for_each(|word| name.push_str(&format!("-{word}")));
        pages.insert(format!("{name}.1").into(), page(command, verb, globals, &name));
    }
    for sub in command.get_subcommands() {
        walk(sub, format!("{words} {}", sub.get_name()).trim_start(), globals, pages);
    }
}

fn page(command: &clap::Command, verb: Option<&Verb>, globals: &[String], name: &str) -> Vec<u8> {
    let mut command = command.clone();
    if verb.is_some() {
        // They are told once, in opsctl(1).
        command =
            command.mut_args(|arg| match globals.iter().any(|global| arg.get_id() == global.as_str()) {
                true => arg.hide(true),
                false => arg,
            });
    }
    let man =
        Man::new(command).title(name).source(concat!("opsctl ", env!("CARGO_PKG_VERSION"))).manual("opsctl");
    let mut out = Vec::new();
    man.render_title(&mut out).unwrap();
    man.render_name_section(&mut out).unwrap();
    man.render_synopsis_section(&mut out).unwrap();
    man.render_description_section(&mut out).unwrap();
    let examples = verb.map_or(crate::help::FIRST, |verb| verb.examples);
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    for example in examples {
        roff.control("TP", []);
        roff.text([bold(format!("opsctl {}", example.line))]);
        roff.text([roman(example.what)]);
    }
    roff.to_writer(&mut out).unwrap();
    man.render_options_section(&mut out).unwrap();
    match verb {
        Some(verb) => about(verb).to_writer(&mut out).unwrap(),
        None => {
            man.render_subcommands_section(&mut out).unwrap();
            everything().to_writer(&mut out).unwrap();
        }
    }
    out
}

/// What holds for every verb: all variables and all exit codes.
fn everything() -> Roff {
    let mut roff = Roff::new();
    environment(&mut roff, &Topic::ALL);
    status(&mut roff, Exit::ALL.map(|exit| (exit, exit.meaning())));
    roff
}

fn environment(roff: &mut Roff, topics: &[Topic]) {
    roff.control("SH", ["ENVIRONMENT"]);
    for variable in topics.iter().flat_map(|topic| topic.variables()) {
        roff.control("TP", []);
        roff.text([bold(variable.name)]);
        roff.text([roman(variable.text)]);
    }
}

fn status(roff: &mut Roff, exits: impl IntoIterator<Item = (Exit, &'static str)>) {
    roff.control("SH", ["EXIT STATUS"]);
    for (exit, meaning) in exits {
        roff.control("TP", []);
        roff.text([bold(exit.code().to_string())]);
        roff.text([roman(meaning)]);
    }
}

/// Class, environment, exit codes, and where to read on.
fn about(verb: &Verb) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["CLASS"]);
    roff.text([roman(verb.class_line())]);
    environment(&mut roff, verb.reads);
    status(&mut roff, verb.exits());
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold("opsctl"), roman("(1), which tells the global options")]);
    roff
}
