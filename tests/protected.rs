//! A protected context: destructive verbs are refused without all three confirmations, routine verbs run from cron in
//! silence, and the journal names who, why and how many.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{
    cli::{Said, program},
    pages,
};

/// A folder with an embedded database that counts as production.
fn production() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(said(folder.path(), &["init", "--embedded"]).code, 0);
    assert_eq!(said(folder.path(), &["db", "seed"]).code, 0);
    let file = folder.path().join("opsctl.toml");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace("environment = \"local\"", "environment = \"production\"");
    fs::write(&file, text + "\n[contexts.eu.database]\nurl = \"sqlite:opsctl-data/central.sqlite\"\n")
        .unwrap();
    fs::remove_dir_all(folder.path().join("state")).unwrap();
    folder
}

fn said(folder: &Path, words: &[&str]) -> Said {
    program(folder).args(words).output().unwrap().into()
}

fn records(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("state/journal.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The words of the verbs of a class, as `opsctl help safety` lists them.
fn of_class(folder: &Path, class: &str) -> Vec<String> {
    let page = said(folder, &["help", "safety"]).out;
    let line = page.lines().find_map(|line| line.strip_prefix(&format!("{class}: "))).unwrap();
    line.split(", ").map(str::to_owned).collect()
}

/// A line of a verb that acts: its first example that is no dry run.
fn line_of(folder: &Path, words: &str) -> Vec<String> {
    let page = pages::page(folder, &words.split(' ').collect::<Vec<_>>());
    let acts = |line: &String| !line.contains("--dry-run");
    let line =
        pages::examples(&page).into_iter().find(acts).unwrap_or_else(|| panic!("{words} only has dry runs"));
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn every_destructive_verb_is_refused_without_all_three_confirmations() {
    let folder = production();
    let page = said(folder.path(), &["help", "safety"]).out;
    let with_option = page.lines().filter_map(|line| {
        let (words, rest) = line.strip_prefix('`')?.split_once('`')?;
        let option = rest.split_once("with ")?.1.split(' ').next()?;
        Some([line_of(folder.path(), words), vec![option.to_owned()]].concat())
    });
    let always = of_class(folder.path(), "destructive");
    let mut lines: Vec<Vec<String>> = always.iter().map(|words| line_of(folder.path(), words)).collect();
    lines.extend(with_option);
    assert!(lines.len() >= 2, "{lines:?}");
    let before = fs::read(folder.path().join("opsctl-data/central.sqlite")).unwrap();
    for line in &lines {
        let bare = line.iter().map(String::as_str).filter(|word| *word != "--yes");
        let bare: Vec<&str> = bare.collect();
        for flags in [&[][..], &["--yes"], &["--yes", "--reason", "x"], &["--yes", "--confirm", "default"]] {
            let said = said(folder.path(), &[&bare[..], flags].concat());
            assert_eq!((said.code, said.out.as_str()), (5, ""), "{line:?} {flags:?}: {said:?}");
            assert!(said.err.contains(" PROTECTED  context default"), "{said:?}");
            assert!(said.err.contains("--yes --confirm default --reason"), "{said:?}");
        }
    }
    assert_eq!(fs::read(folder.path().join("opsctl-data/central.sqlite")).unwrap(), before);
    assert!(records(folder.path()).is_empty());
}

#[test]
fn every_routine_verb_runs_from_cron_without_a_word_on_stdout_and_into_the_journal() {
    let names = of_class(production().path(), "routine");
    assert!(names.len() >= 7, "{names:?}");
    for words in names {
        let folder = production();
        let mut line = line_of(folder.path(), &words);
        if words == "init" || words == "demo" {
            line.extend(["--help".to_owned()]); // they make folders of their own, and are no work of cron's
        }
        if !line.contains(&"-q".to_owned()) {
            line.push("-q".into());
        }
        let said = said(folder.path(), &line.iter().map(String::as_str).collect::<Vec<_>>());
        if line.contains(&"--help".to_owned()) {
            continue;
        }
        assert_eq!(said.out, "", "{line:?}: {said:?}");
        assert!([0, 4, 5].contains(&said.code), "{line:?}: {said:?}");
        let records = records(folder.path());
        let (begin, end) = (&records[0], records.last().unwrap());
        assert_eq!(begin["command"], words, "{begin}");
        assert_eq!((&begin["actor"]["user"], &begin["reason"]), (&"ana".into(), &"cron".into()), "{begin}");
        assert_eq!((&begin["context"], &end["record"]), (&"default".into(), &"end".into()), "{begin} {end}");
        assert_eq!(end["exit"], said.code, "{end}");
        assert!(said.code != 0 || end["counts"].is_object(), "how many: {end}");
    }
}

#[test]
fn the_banner_goes_to_stderr_and_before_anything_is_done() {
    let folder = production();
    let ran = said(folder.path(), &["webhooks", "retry-once", "--limit", "1"]);
    assert!(ran.err.starts_with(" PROTECTED  context default\n"), "{ran:?}");
    assert!(!ran.out.contains("PROTECTED"), "{ran:?}");
    let looked = said(folder.path(), &["webhooks", "list"]);
    assert!(!looked.err.contains("PROTECTED"), "who only looks is not warned: {looked:?}");
}
