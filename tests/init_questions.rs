//! `opsctl init` on a terminal: its questions, and what Ctrl-C leaves behind.

use std::path::Path;

use rexpect::session::{PtySession, spawn_command};
use tempfile::TempDir;

use crate::{on_every_engine, support::cli::program};

/// The binary on a pseudo-terminal.
fn terminal(folder: &Path, variables: &[(&str, &str)], words: &[&str]) -> PtySession {
    let mut command = program(folder);
    command.env("TERM", "xterm").envs(variables.iter().copied()).args(words);
    spawn_command(command, Some(20_000)).unwrap()
}

/// Answers a question.
fn answer(session: &mut PtySession, question: &str, text: &str) {
    session.exp_string(question).unwrap();
    session.send_line(text).unwrap();
}

/// Answers a question that one key answers.
fn press(session: &mut PtySession, question: &str, key: &str) {
    session.exp_string(question).unwrap();
    session.send(key).unwrap();
    session.flush().unwrap();
}

/// Waits for the end; gives the exit code and what was said since the last question.
fn end(mut session: PtySession) -> (i32, String) {
    let rest = session.exp_eof().unwrap();
    match session.process().wait().unwrap() {
        rexpect::process::WaitStatus::Exited(_, code) => (code, rest),
        other => panic!("{other:?}: {rest}"),
    }
}

fn file(folder: &TempDir, name: &str) -> Option<String> {
    std::fs::read_to_string(folder.path().join(name)).ok()
}

on_every_engine! {
    async fn an_application_is_offered_and_referred_to(case: &Case) {
        case.write_env("");
        let folder = &case.folder;
        let mut session = terminal(folder.path(), &[], &["init"]);
        session.exp_string("This folder holds an application:").unwrap();
        press(&mut session, "Refer to its settings, where they are?", "y");
        press(&mut session, "Write it into your own file", "y");
        answer(&mut session, "Name of the context", "");
        session.exp_string("Reached ").unwrap();
        press(&mut session, "Write this to ", "y");
        let (code, rest) = end(session);
        assert_eq!(code, 0, "{rest}");
        assert!(rest.contains("Wrote the context payment-hooks"), "{rest}");
        let text = file(folder, ".config/opsctl/opsctl.toml").unwrap();
        let app = std::fs::canonicalize(folder.path()).unwrap();
        assert!(text.ends_with(&format!("[contexts.payment-hooks]\napp = \"{}\"\n", app.display())), "{text}");
        assert!(file(folder, "opsctl.toml").is_none());
    }

    async fn a_database_is_asked_for_and_tried(case: &Case) {
        let folder = tempfile::tempdir().unwrap();
        let (url, password) = (crate::init::url(&case.target), crate::init::password(&case.target));
        let mut session = terminal(folder.path(), &[("PW", &password)], &["init"]);
        press(&mut session, "Write it into your own file", "n");
        answer(&mut session, "Database, without a password", "postgres://u:hunter2@h/d");
        session.exp_string("holds a password").unwrap();
        // The line that was refused stands there to be mended.
        session.send(&"\u{8}".repeat(40)).unwrap();
        session.send_line(&url).unwrap();
        if case.target.engine != Engine::Sqlite {
            answer(&mut session, "Password of the database", "env:PW");
        }
        answer(&mut session, "Redis, without a password", "");
        answer(&mut session, "Where the application's cache locks live", "");
        answer(&mut session, "CACHE_PREFIX of the application", "c:");
        answer(&mut session, "Environment", "staging");
        answer(&mut session, "Name of the context", "");
        session.exp_string("Reached ").unwrap();
        press(&mut session, "Write this to ", "y");
        let (code, rest) = end(session);
        assert_eq!(code, 0, "{rest}");
        let text = file(&folder, "opsctl.toml").unwrap();
        assert!(text.contains(&format!("url = \"{url}\"")) && text.contains("environment = \"staging\""), "{text}");
        assert!(text.contains("store = \"database\"\nprefix = \"c:\"") && !text.contains(&password), "{text}");
    }
}

#[test]
fn ctrl_c_leaves_nothing_behind_and_gives_the_cursor_back() {
    let folder = tempfile::tempdir().unwrap();
    for question in [
        "Write it into your own file",
        "Database, without a password",
        "Where the application's cache locks live",
    ] {
        let mut session = terminal(folder.path(), &[], &["init"]);
        if question != "Write it into your own file" {
            press(&mut session, "Write it into your own file", "n");
        }
        if question.starts_with("Where") {
            answer(&mut session, "Database, without a password", "sqlite:x");
            answer(&mut session, "Redis, without a password", "");
        }
        session.exp_string(question).unwrap();
        session.send_control('c').unwrap();
        let (code, rest) = end(session);
        assert_eq!(code, 130, "{question}: {rest}");
        let hidden = rest.rfind("\u{1b}[?25l");
        assert!(rest.rfind("\u{1b}[?25h") > hidden, "{question}: {rest:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{question}");
    }
}

#[test]
fn a_test_that_fails_is_told_and_writing_all_the_same_must_be_wanted() {
    let folder = tempfile::tempdir().unwrap();
    for (wanted, code) in [("n", 5), ("y", 0)] {
        let mut session = terminal(folder.path(), &[], &["init"]);
        press(&mut session, "Write it into your own file", "n");
        answer(&mut session, "Database, without a password", "postgres://u@127.0.0.1:1/d");
        answer(&mut session, "Password of the database", "");
        answer(&mut session, "Redis, without a password", "");
        answer(&mut session, "Where the application's cache locks live", "");
        // Nothing is no answer: an empty prefix must be said.
        answer(&mut session, "CACHE_PREFIX of the application", "");
        session.send_line("''").unwrap();
        answer(&mut session, "Environment", "");
        answer(&mut session, "Name of the context", "");
        session.exp_string("does not answer").unwrap();
        press(&mut session, "Write the configuration all the same?", wanted);
        if wanted == "y" {
            press(&mut session, "Write this to ", "y");
        }
        let (ended, rest) = end(session);
        assert_eq!((ended, file(&folder, "opsctl.toml").is_some()), (code, code == 0), "{rest}");
    }
    let text = file(&folder, "opsctl.toml").unwrap();
    assert!(text.contains("environment = \"production\"") && text.contains("prefix = \"\""), "{text}");
}
