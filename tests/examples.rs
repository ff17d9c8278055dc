//! Every example of every help page is run as it stands, in a folder with a small database of its own.

use std::{fs, path::Path};

use crate::support::{
    cli::{Said, program},
    pages::{self, block, page},
    server,
};

/// A folder in which every example can be run: an embedded database with data, a context of another name, Redis.
pub fn workplace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for words in [&["init", "--embedded"][..], &["db", "seed"]] {
        let said: Said = program(folder.path()).args(words).output().unwrap().into();
        assert_eq!(said.code, 0, "{said:?}");
    }
    fs::create_dir(folder.path().join("sql")).unwrap();
    fs::write(folder.path().join("sql/0001_things.sql"), "CREATE TABLE things (id integer PRIMARY KEY);\n")
        .unwrap();
    let file = folder.path().join("opsctl.toml");
    let mut text = fs::read_to_string(&file).unwrap();
    if let Some(url) = server("OPSCTL_TEST_REDIS_URL") {
        text.push_str(&format!(
            "\n[redis]\nurl = \"{url}\"\nprefix = \"examples-\"\ndatabases = {{ default = 0, cache = 1, queue = 2, lock = 3 }}\n"
        ));
    }
    text.push_str("\n[schedule]\nbaseline = [\"webhooks-retry\"]\n");
    text.push_str("\n[contexts.eu.database]\nurl = \"sqlite:opsctl-data/central.sqlite\"\n");
    fs::write(file, text).unwrap();
    folder
}

/// Runs a line in a shell.
pub fn run(folder: &Path, line: &str) -> Said {
    let binary = assert_cmd::cargo::cargo_bin("opsctl");
    let mut command = std::process::Command::new("sh");
    let path = format!("{}:/usr/bin:/bin", binary.parent().unwrap().display());
    command.env_clear().envs(program(folder).get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PATH", path).args(["-c", line]).current_dir(folder).output().unwrap().into()
}

#[test]
fn every_example_does_what_its_page_says() {
    let empty = tempfile::tempdir().unwrap();
    for words in &pages::verbs(empty.path()) {
        let page = page(empty.path(), &words.split(' ').collect::<Vec<_>>());
        let examples = pages::examples(&page);
        assert!(!examples.is_empty(), "{words}");
        let codes: Vec<String> = block(&page, "Exit codes:")
            .iter()
            .map(|line| line.split_whitespace().next().unwrap().to_owned())
            .collect();
        let makes_its_own = ["init", "demo"].contains(&words.as_str());
        let folder = if makes_its_own { tempfile::tempdir().unwrap() } else { workplace() };
        for line in examples.iter().map(|line| format!("opsctl {line}")) {
            let said = run(folder.path(), &line);
            assert!(
                codes.contains(&said.code.to_string()),
                "`{line}` ends with a code its page lacks: {said:?}"
            );
            // Some look for trouble and find it (3, 4), or ask and hear nothing (5); none fails.
            assert!([0, 3, 4, 5].contains(&said.code), "`{line}`: {said:?}");
        }
    }
}
