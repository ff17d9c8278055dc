//! On a real terminal: questions, Ctrl-C, and what is left of the terminal afterwards.

use std::{fs, path::Path};

use opsctl::{
    clock::Clock,
    config::{Database, Origin},
    db::{Access, Begin, Db},
};
use rexpect::{process::WaitStatus, session::PtySession};
use serde_json::Value;

use crate::support::cli::{Said, program, wait_until};

/// A folder with an embedded database and a mark in it, protected or not.
fn folder(protected: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(said(folder.path(), &["init", "--embedded"]).code, 0);
    assert_eq!(said(folder.path(), &["db", "seed"]).code, 0);
    if protected {
        let file = folder.path().join("opsctl.toml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("protected = true\n{text}")).unwrap();
    }
    folder
}

fn said(folder: &Path, words: &[&str]) -> Said {
    program(folder).args(words).output().unwrap().into()
}

/// Runs words on a terminal of its own.
fn on_terminal(folder: &Path, words: &[&str]) -> PtySession {
    let mut command = program(folder);
    command.args(words).env("TERM", "xterm");
    rexpect::session::spawn_command(command, Some(20_000)).unwrap()
}

/// What is left to be said, and the exit code.
fn end(mut session: PtySession) -> (String, i32) {
    let rest = session.exp_eof().unwrap();
    match session.process().wait().unwrap() {
        WaitStatus::Exited(_, code) => (rest, code),
        other => panic!("{other:?}: {rest}"),
    }
}

fn type_in(session: &mut PtySession, keys: &str) {
    session.send(keys).unwrap();
    session.flush().unwrap();
}

fn events(folder: &Path) -> usize {
    said(folder, &["webhooks", "list", "--limit", "1000", "-o", "ids"]).out.lines().count()
}

/// The cursor is seen again, and the terminal is as it was: what is typed is echoed, line by line.
fn assert_restored(text: &str) {
    if let Some(hidden) = text.rfind("\u{1b}[?25l") {
        assert!(
            text.rfind("\u{1b}[?25h").is_some_and(|shown| shown > hidden),
            "the cursor stays hidden: {text:?}"
        );
    }
}

#[test]
fn a_question_is_answered_no_by_default() {
    let folder = folder(false);
    for answer in ["\r", "n"] {
        let mut session = on_terminal(folder.path(), &["db", "fresh"]);
        let asked = session.exp_string("Go on?").unwrap();
        assert!(asked.contains("This will drop every table of this database."), "{asked}");
        type_in(&mut session, answer);
        let (text, code) = end(session);
        assert_eq!(code, 5, "{text}");
        assert!(text.contains("not confirmed: nothing was changed"), "{text}");
        assert_restored(&text);
        assert_eq!(events(folder.path()), 360);
    }
    let mut session = on_terminal(folder.path(), &["db", "fresh"]);
    session.exp_string("Go on?").unwrap();
    type_in(&mut session, "y");
    let (text, code) = end(session);
    assert_eq!(code, 0, "{text}");
    assert_eq!(events(folder.path()), 0);
}

#[test]
fn a_protected_context_wants_its_name_and_a_reason() {
    let folder = folder(true);
    let mut session = on_terminal(folder.path(), &["db", "fresh", "--yes"]);
    let before = session.exp_string("Type the context's name to go on").unwrap();
    assert!(before.contains("\u{1b}[1m\u{1b}[37m\u{1b}[41m PROTECTED "), "a red banner: {before:?}");
    type_in(&mut session, "production\r");
    let (text, code) = end(session);
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("`production` is not the name of this context"), "{text}");
    assert_eq!(events(folder.path()), 360);

    let mut session = on_terminal(folder.path(), &["db", "fresh"]);
    session.exp_string("Type the context's name to go on").unwrap();
    type_in(&mut session, "default\r");
    session.exp_string("Why?").unwrap();
    type_in(&mut session, "a fresh start\r");
    let (text, code) = end(session);
    assert_eq!(code, 0, "{text}");
    assert_restored(&text);
    let journal = fs::read_to_string(folder.path().join("state/journal.jsonl")).unwrap();
    let begun: Value = journal.lines().rev().nth(1).map(|line| serde_json::from_str(line).unwrap()).unwrap();
    assert_eq!(
        (&begun["command"], &begun["reason"]),
        (&Value::from("db fresh"), &Value::from("a fresh start"))
    );
}

#[test]
fn ctrl_c_at_a_question_changes_nothing_and_gives_the_terminal_back() {
    for protected in [false, true] {
        let folder = folder(protected);
        let mut session = on_terminal(folder.path(), &["db", "fresh"]);
        session.exp_string(if protected { "to go on" } else { "Go on?" }).unwrap();
        type_in(&mut session, "\u{3}");
        let (text, code) = end(session);
        assert_eq!(code, 130, "{text}");
        assert_restored(&text);
        assert_eq!(events(folder.path()), 360);
    }
}

#[test]
fn flags_stand_in_for_answers_where_there_is_no_terminal() {
    let folder = folder(true);
    let all = ["--yes", "--confirm", "default", "--reason", "tidy up"];
    let partly: [&[&str]; 6] = [
        &[],
        &["--yes"],
        &["--yes", "--confirm", "default"],
        &["--confirm", "default", "--reason", "x"],
        &["--yes", "--confirm", "other", "--reason", "x"],
        &["--yes", "--confirm", "default", "--reason", "  "],
    ];
    for flags in partly {
        let said = said(folder.path(), &[&["db", "fresh"], flags].concat());
        assert_eq!((said.code, said.out.as_str()), (5, ""), "{flags:?}: {said:?}");
        assert!(said.err.contains("hint: "), "{said:?}");
    }
    assert_eq!(events(folder.path()), 360);
    assert_eq!(said(folder.path(), &[&["db", "fresh"], &all[..]].concat()).code, 0);
    assert_eq!(events(folder.path()), 0);
}

#[test]
fn without_a_terminal_nothing_asks_and_nothing_waits() {
    let folder = folder(false);
    for variables in [&[][..], &[("CI", "true")]] {
        let mut command = program(folder.path());
        command.args(["db", "fresh"]).envs(variables.iter().copied());
        let said: Said = command.output().unwrap().into();
        assert_eq!(said.code, 5, "{said:?}");
        assert!(said.err.contains("hint: confirm it: `--yes`"), "{said:?}");
    }
    // A terminal, and a user who never wants to be asked.
    let (text, code) = end(on_terminal(folder.path(), &["-n", "db", "fresh"]));
    assert_eq!(code, 5, "{text}");
}

/// A run whose first chunk waits for somebody else's write, while Ctrl-C is pressed once or twice.
fn interrupted(folder: &Path, twice: bool) -> (String, i32) {
    let file = folder.join("held");
    let mut command = program(folder);
    command.args(["webhooks", "retry-once", "--limit", "150"]).env("TERM", "xterm");
    command.env("OPSCTL_HOLD_AT", format!("after-renew#1={}", file.display()));
    let mut session = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
    wait_until("the run is about to begin its chunk", || file.exists());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let target = Database::sqlite(folder.join("opsctl-data/central.sqlite"), Origin::Default);
    let db = Db::new(target, Access::Existing, Clock::system());
    runtime.block_on(async {
        let mut other = db.session().await.unwrap();
        other.begin(Begin::Write).await.unwrap();
        fs::remove_file(&file).unwrap();
        type_in(&mut session, "\u{3}");
        session.exp_string("Ctrl-C again drops it.").unwrap();
        if twice {
            type_in(&mut session, "\u{3}");
            session.exp_string("no event was tried").unwrap();
        }
        other.rollback().await.unwrap();
    });
    end(session)
}

#[test]
fn ctrl_c_once_finishes_the_chunk_and_says_how_to_go_on() {
    let folder = folder(false);
    let (text, code) = interrupted(folder.path(), false);
    assert_eq!(code, 130, "{text}");
    assert!(text.contains("100 events were tried before that; go on with the same command"), "{text}");
    assert_restored(&text);
    assert_eq!(due(folder.path()), 92, "192 were due");
    let next = said(folder.path(), &["webhooks", "retry-once", "-q"]);
    assert_eq!(next.code, 4, "the lock was given back: {next:?}");
}

#[test]
fn ctrl_c_twice_drops_the_chunk_whole() {
    let folder = folder(false);
    let (text, code) = interrupted(folder.path(), true);
    assert_eq!(code, 130, "{text}");
    assert_restored(&text);
    assert_eq!(due(folder.path()), 192);
}

fn due(folder: &Path) -> usize {
    said(folder, &["webhooks", "list", "--due", "--limit", "1000", "-o", "ids"]).out.lines().count()
}
