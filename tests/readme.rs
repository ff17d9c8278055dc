//! README.md is executed: its console blocks run one after the other, in an empty folder.

use std::fs;

use crate::support::pages;

#[test]
fn the_readme_tells_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("README.md");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"), &page).unwrap();
    // The folder that the commands begin in, and the mark that they share one of their own.
    fs::create_dir(folder.path().join("README.in")).unwrap();
    fs::create_dir(folder.path().join("README.out")).unwrap();
    trycmd::TestCases::new()
        .env("OPSCTL_NOW", "2026-11-20T09:00:00Z")
        .env("OPSCTL_SEED", "7")
        .env("OPSCTL_STATE_DIR", "state")
        .env("USER", "ana")
        .env("OPSCTL_USER", "ana")
        .env("LC_ALL", "C.UTF-8")
        .case(page.to_str().unwrap())
        .run();
}

#[test]
fn the_readme_lists_every_exit_code() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for exit in opsctl::Exit::ALL {
        let row = format!("| {} | {} |", exit.code(), exit.meaning());
        assert!(text.contains(&row), "README.md lacks {row}");
    }
}

#[test]
fn the_readme_lists_every_verb_with_its_class() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    let folder = tempfile::tempdir().unwrap();
    for words in pages::verbs(folder.path()) {
        let page = pages::page(folder.path(), &words.split(' ').collect::<Vec<_>>());
        let class = page.lines().find_map(|line| line.strip_prefix("Class: ")).unwrap();
        let class = class.split([';', ' ']).next().unwrap();
        let names = |row: &&&str| row.contains(&format!("`{words}`")) || row.contains(&format!("`{words} "));
        let row = rows.iter().find(names).unwrap_or_else(|| panic!("README.md lacks a row for `{words}`"));
        assert!(row.split('|').nth(2).unwrap().trim().starts_with(class), "{words} is {class}: {row}");
    }
}
