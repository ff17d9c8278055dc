//! A protected context: destructive verbs are refused without all three confirmations, routine verbs run from cron in
//! silence, and the journal names who, why and how many.

use std::{fs, path::Path};

use opsctl::{
    clock::Clock,
    config::{Database, Origin},
    db::{Access, Db},
};
use serde_json::Value;

use crate::support::{
    cli::{Said, program},
    pages,
};

/// A folder with an embedded database that counts as production, with data in it.
fn production() -> tempfile::TempDir {
    let folder = empty_production();
    assert_eq!(said(folder.path(), &["db", "seed"]).code, 0);
    fs::remove_dir_all(folder.path().join("state")).unwrap();
    folder
}

/// Likewise, without data.
fn empty_production() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(said(folder.path(), &["init", "--embedded"]).code, 0);
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

/// Gives the record of a cluster another text than the migration has, so that there is something to repair.
async fn drifted(folder: &Path) {
    let file = folder.join("opsctl-data/clusters/eu-1.sqlite");
    let db = Db::new(Database::sqlite(file, Origin::Default), Access::Existing, Clock::system());
    let sql = "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 50001";
    db.session().await.unwrap().script(sql).await.unwrap();
    db.close().await;
}

/// Leaves the mutex of an entry of the schedule behind, as a run does that was killed.
async fn left_behind(folder: &Path) {
    let list: Value = serde_json::from_str(&said(folder, &["schedule", "list", "--json"]).out).unwrap();
    let mutex = list["data"][0]["mutex"].as_str().unwrap();
    let db = Db::new(
        Database::sqlite(folder.join("opsctl-data/central.sqlite"), Origin::Default),
        Access::Existing,
        Clock::system(),
    );
    let sql = format!("INSERT INTO cache_locks VALUES ('{mutex}', 'MBrGpD52Wyp1zVMX', 4102444800)");
    db.session().await.unwrap().script(&sql).await.unwrap();
    db.close().await;
}

#[tokio::test]
async fn every_destructive_verb_is_refused_without_all_three_confirmations() {
    let folder = production();
    drifted(folder.path()).await;
    left_behind(folder.path()).await;
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
            assert!(said.err.contains("are missing: ") || said.err.contains("is missing: "), "{said:?}");
            assert!(said.err.contains("--confirm default --reason"), "{said:?}");
        }
    }
    assert_eq!(fs::read(folder.path().join("opsctl-data/central.sqlite")).unwrap(), before);
    assert!(records(folder.path()).is_empty());
}

/// Routine verbs that change nothing but files of the operator's own: no context is at stake, so there is no banner.
const OWN_FILES: [&str; 3] = ["context use", "demo", "init"];

/// The routine verbs that work on a context's database.
fn on_a_database(folder: &Path) -> Vec<String> {
    let mut names = of_class(folder, "routine");
    let all = names.len();
    names.retain(|words| !OWN_FILES.contains(&words.as_str()));
    assert_eq!(all - names.len(), OWN_FILES.len(), "each is there, and routine");
    assert!(names.len() >= 5, "{names:?}");
    names
}

/// A folder in which a verb has something to do, and nothing to warn of.
fn folder_for(words: &str) -> tempfile::TempDir {
    let folder = if words == "db seed" { empty_production() } else { production() };
    if words.starts_with("schedule ") {
        // Nothing is turned on as it is, and a minute in which nothing is due is no entry of the journal.
        let file = folder.path().join("opsctl.toml");
        let text = fs::read_to_string(&file).unwrap();
        let entry = "[schedule.entries.signs]\ncron = \"* * * * *\"\ncommand = \"queue restart\"\n";
        fs::write(&file, format!("{text}\n{entry}")).unwrap();
    }
    if words == "tenant provision" {
        // Among the seeded runs is one that fell silent: who takes it over says so.
        assert_eq!(said(folder.path(), &["tenant", "provision", "fajar-wash"]).code, 0);
        fs::remove_dir_all(folder.path().join("state")).unwrap();
    }
    folder
}

/// A verb's line with `-q`, as it stands in a crontab.
fn cron_line(folder: &Path, words: &str) -> Vec<String> {
    let mut line = line_of(folder, words);
    if !line.contains(&"-q".to_owned()) {
        line.push("-q".into());
    }
    line
}

/// Runs a line of cron's that must work, without a word on stdout; gives what it said and the journal's first record.
fn runs_in_silence(folder: &Path, line: &[String]) -> (Said, Value) {
    let ran = said(folder, &line.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(ran.out, "", "{line:?}: {ran:?}");
    // Among the events are some whose attempts are used up: that is partial, and the verb has worked.
    let worked: &[i32] = if line[0] == "webhooks" { &[0, 4] } else { &[0] };
    assert!(worked.contains(&ran.code), "{line:?}: {ran:?}");
    let records = records(folder);
    let (begin, end) = (records[0].clone(), records.last().unwrap().clone());
    assert_eq!((&begin["actor"]["user"], &begin["reason"]), (&"ana".into(), &"cron".into()), "{begin}");
    assert_eq!((&end["record"], &end["exit"]), (&"end".into(), &ran.code.into()), "{end}");
    assert!(end["counts"].is_object(), "how many: {end}");
    (ran, begin)
}

#[test]
fn every_routine_verb_runs_from_cron_without_a_word_and_into_the_journal() {
    for words in on_a_database(production().path()) {
        let folder = folder_for(&words);
        let (ran, begin) = runs_in_silence(folder.path(), &cron_line(folder.path(), &words));
        assert_eq!(ran.err, "", "cron would mail it: {words}");
        assert_eq!((&begin["command"], &begin["context"]), (&words.clone().into(), &"default".into()));
    }
}

#[test]
fn routine_verbs_on_ones_own_files_run_in_silence_too() {
    let folder = production();
    let (_, begin) = runs_in_silence(folder.path(), &cron_line(folder.path(), "context use"));
    assert_eq!(begin["command"], "context use");
    let folder = tempfile::tempdir().unwrap();
    let (_, begin) = runs_in_silence(folder.path(), &cron_line(folder.path(), "init"));
    assert_eq!(begin["command"], "init");
    // The demo is there to be read; its database and its journal are its own.
    let folder = tempfile::tempdir().unwrap();
    let demo = said(folder.path(), &["demo", "--dir", "try-opsctl"]);
    assert_eq!(demo.code, 0, "{demo:?}");
    assert!(!demo.err.contains("PROTECTED"), "{demo:?}");
    assert!(folder.path().join("try-opsctl/state/journal.jsonl").exists());
}

#[test]
fn every_routine_verb_on_a_database_shows_the_banner_first_and_has_a_dry_run() {
    for words in on_a_database(production().path()) {
        let folder = folder_for(&words);
        let mut line = line_of(folder.path(), &words);
        line.retain(|word| word != "-q");
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let file = folder.path().join("opsctl-data/central.sqlite");
        let before = fs::read(&file).unwrap();
        let dry = said(folder.path(), &[&line[..], &["--dry-run"]].concat());
        assert!([0, 4].contains(&dry.code), "{line:?}: {dry:?}");
        assert_eq!(fs::read(&file).unwrap(), before, "{line:?}");
        assert!(records(folder.path()).is_empty(), "{line:?}");
        for ran in [dry, said(folder.path(), &line)] {
            assert!(ran.err.starts_with(" PROTECTED  context default\n"), "{line:?}: {ran:?}");
            assert!(!ran.out.contains("PROTECTED"), "{ran:?}");
        }
    }
}

#[test]
fn seeding_can_be_tried_and_is_refused_as_the_real_one_would_be() {
    let folder = empty_production();
    let dry = said(folder.path(), &["db", "seed", "--dry-run"]);
    let would = "Dry run: this would put 360 webhook events and ";
    assert!(dry.code == 0 && dry.err.contains(would), "{dry:?}");
    assert_eq!(said(folder.path(), &["webhooks", "list", "-o", "ids"]).out, "");
    let real = said(folder.path(), &["db", "seed"]);
    let counts = dry.err.split(would).nth(1).unwrap().split(" into").next().unwrap();
    assert!(real.err.contains(&format!("Seeded 360 webhook events and {counts}.")), "{dry:?} {real:?}");
    let again = said(folder.path(), &["db", "seed"]);
    let dry_again = said(folder.path(), &["db", "seed", "--dry-run"]);
    assert_eq!((again.code, &again), (5, &dry_again));
}

#[test]
fn quiet_leaves_the_banner_of_a_destructive_verb() {
    let folder = production();
    let refused = said(folder.path(), &["db", "fresh", "-q"]);
    assert!(refused.code == 5 && refused.err.starts_with(" PROTECTED  context default\n"), "{refused:?}");
    let json = said(folder.path(), &["db", "fresh", "--json"]);
    assert!(serde_json::from_str::<Value>(&json.err).is_ok(), "an error for a program stays one: {json:?}");
    let confirmed = ["db", "fresh", "-q", "--yes", "--confirm", "default", "--reason", "tidy up"];
    let ran = said(folder.path(), &confirmed);
    assert_eq!((ran.code, ran.err.as_str()), (0, " PROTECTED  context default\n"));
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
