//! Help pages, read as a user reads them.

use std::path::Path;

use super::cli::{Said, program};

/// What a page lists under a heading, until the next blank line.
pub fn block<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let below = page.lines().skip_while(|line| *line != heading).skip(1);
    below.take_while(|line| !line.trim().is_empty()).collect()
}

/// The long page of a command.
pub fn page(folder: &Path, words: &[&str]) -> String {
    let said: Said = program(folder).args(words).arg("--help").output().unwrap().into();
    assert_eq!(said.code, 0, "{words:?}");
    said.out
}

/// The words of all verbs, found from page to page.
pub fn verbs(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    walk(folder, "", &mut found);
    assert!(found.len() >= 13, "{found:?}");
    found
}

fn walk(folder: &Path, words: &str, found: &mut Vec<String>) {
    let page = page(folder, &words.split_whitespace().collect::<Vec<_>>());
    let below = block(&page, "Commands:");
    if below.is_empty() {
        found.push(words.to_owned());
    }
    for line in below.iter().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        walk(folder, format!("{words} {name}").trim(), found);
    }
}

/// The lines that a verb's page shows as examples, without `opsctl`.
pub fn examples(page: &str) -> Vec<String> {
    let lines = block(page, "Examples:").into_iter().map(str::trim);
    lines.filter_map(|line| line.strip_prefix("opsctl ")).map(str::to_owned).collect()
}
