//! Every line of docs/runbooks.md is one that the binary understands.

use std::fs;

use crate::support::{cli::run, pages};

#[test]
fn every_line_of_the_runbooks_is_understood() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/runbooks.md")).unwrap();
    let quoted = text.split('`').skip(1).step_by(2).filter_map(|line| line.strip_prefix("opsctl "));
    let cron = text.lines().filter_map(|line| Some(line.split_once("*  opsctl ")?.1));
    let lines: Vec<&str> = quoted.chain(cron).collect();
    assert!(lines.len() > 30, "{lines:?}");
    let folder = tempfile::tempdir().unwrap();
    let verbs = pages::verbs(folder.path());
    for line in &lines {
        assert!(verbs.iter().any(|verb| line.starts_with(verb.as_str())), "no verb: opsctl {line}");
        // Nothing is configured here: a line that is understood ends with what is missing, and not with its usage.
        let said = run(folder.path(), &line.split(' ').collect::<Vec<_>>());
        assert_ne!(said.code, 2, "opsctl {line}: {said:?}");
    }
}
