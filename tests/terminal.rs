//! On a real terminal: questions, Ctrl-C, and what is left of the terminal afterwards.

use std::{fs, path::Path};

use opsctl::{
    clock::Clock,
    config::{Database, Origin},
    db::{Access, Begin, Db, Query},
};
use rexpect::{process::WaitStatus, session::PtySession};
use serde_json::Value;

use crate::support::cli::{Said, program, wait_until};

/// An event among the data.
const DUE: &str = "01KHDDT15S3WT9BYGXEF6BYWCR";

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

/// What a question says before it asks: what, how much and where.
fn deed(folder: &Path, protected: bool) -> String {
    let file = fs::canonicalize(folder).unwrap().join("opsctl-data/central.sqlite");
    let protected = if protected { ", protected" } else { "" };
    let place = format!("sqlite:{} (context default{protected})", file.display());
    format!("This will drop all {} tables in {place}.", tables(folder))
}

/// How many tables there are, as the engine itself counts them.
fn tables(folder: &Path) -> i64 {
    let target = Database::sqlite(folder.join("opsctl-data/central.sqlite"), Origin::Default);
    let db = Db::new(target, Access::Existing, Clock::system());
    let count = "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        db.session().await.unwrap().first(Query::new(count)).await.unwrap().unwrap().int("n").unwrap()
    })
}

/// The words of a terminal's text, without its control sequences.
fn words(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn a_question_says_where_and_is_answered_no_by_default() {
    let folder = folder(false);
    for answer in ["\r", "n\r", "yn\r"] {
        let mut session = on_terminal(folder.path(), &["db", "fresh"]);
        let asked = session.exp_string("Go on?").unwrap();
        assert!(words(&asked).contains(&deed(folder.path(), false)), "{asked}");
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
    // The key is seen, and nothing happens before Enter.
    session.exp_string("Go on? [Y/n]").unwrap();
    assert_eq!(events(folder.path()), 360);
    assert_eq!(session.process().status(), Some(WaitStatus::StillAlive));
    type_in(&mut session, "\r");
    let (text, code) = end(session);
    assert_eq!(code, 0, "{text}");
    assert_eq!(events(folder.path()), 0);
}

#[test]
fn a_dry_run_says_how_much_would_be_dropped_and_asks_nothing() {
    for protected in [false, true] {
        let folder = folder(protected);
        let count = tables(folder.path());
        let (text, code) = end(on_terminal(folder.path(), &["db", "fresh", "--seed", "--dry-run"]));
        assert_eq!(code, 0, "{text}");
        assert!(
            words(&text).contains(&format!("Dry run: this would drop all {count} tables in sqlite:")),
            "{text}"
        );
        assert_eq!(events(folder.path()), 360);
    }
}

#[test]
fn a_reason_of_blanks_is_asked_for_again() {
    let take_over = ["webhooks", "retry-one", DUE, "--force", "--take-over", "--confirm", "default"];
    for line in [&["db", "fresh", "--confirm", "default", "--reason", " "][..], &take_over] {
        let folder = folder(true);
        let mut session = on_terminal(folder.path(), line);
        let asked = words(&session.exp_string("Why?").unwrap());
        assert!(asked.contains("This will ") && asked.contains("(context default, protected)."), "{asked}");
        type_in(&mut session, "   \r");
        session.exp_string("blanks are no reason").unwrap();
        session.exp_string("Why?").unwrap();
        type_in(&mut session, " tidy up \r");
        let (text, code) = end(session);
        assert!([0, 4].contains(&code), "{code}: {text}");
        let journal = fs::read_to_string(folder.path().join("state/journal.jsonl")).unwrap();
        let begun: Value = serde_json::from_str(journal.lines().rev().nth(1).unwrap()).unwrap();
        assert_eq!(begun["reason"], "tidy up", "{line:?}");
    }
}

#[test]
fn quiet_leaves_the_banner_above_a_question() {
    let folder = folder(true);
    for quiet in [&["-q"][..], &["--json"]] {
        let mut session = on_terminal(folder.path(), &[&["db", "fresh"], quiet].concat());
        let before = session.exp_string("Type the context's name").unwrap();
        assert!(before.contains(" PROTECTED "), "{before:?}");
        assert!(words(&before).contains(&deed(folder.path(), true)), "{before:?}");
        type_in(&mut session, "\u{3}");
        assert_eq!(end(session).1, 130);
    }
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
        assert!(text.contains("not answered: nothing was changed"), "{text}");
        assert!(!text.contains("caused by") && !text.contains("in hand"), "plain words: {text}");
        assert_eq!(events(folder.path()), 360);
    }
}

#[test]
fn flags_stand_in_for_answers_where_there_is_no_terminal() {
    let folder = folder(true);
    let all = ["--yes", "--confirm", "default", "--reason", "tidy up"];
    let partly: [(&[&str], &str); 5] = [
        (&[], "`--yes`, `--confirm default`, `--reason TEXT` are missing: this will drop all "),
        (&["--yes"], "`--confirm default`, `--reason TEXT` are missing: "),
        (&["--yes", "--confirm", "default"], "`--reason TEXT` is missing: "),
        (&["--yes", "--confirm=default", "--reason", "  "], "`--reason TEXT` is missing: "),
        (&["--confirm", "default", "--reason", "it's due"], "`--yes` is missing: "),
    ];
    for (flags, missing) in partly {
        let said = said(folder.path(), &[&["db", "fresh"], flags].concat());
        assert_eq!((said.code, said.out.as_str()), (5, ""), "{flags:?}: {said:?}");
        assert!(said.err.contains(&format!("error: {missing}")), "{flags:?}: {said:?}");
        let reason = if flags.contains(&"it's due") { r"'it'\''s due'" } else { "'…'" };
        let line = format!("`opsctl db fresh --yes --confirm default --reason {reason}`");
        assert!(said.err.contains(&format!("hint: confirm it: {line}")), "{flags:?}: {said:?}");
    }
    let other = said(folder.path(), &["db", "fresh", "--yes", "--confirm", "other", "--reason", "x"]);
    assert_eq!(other.code, 5, "{other:?}");
    assert!(other.err.contains("`other` is not the name of this context"), "{other:?}");
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
        assert!(said.err.contains("`--yes` is missing: this will drop all "), "{said:?}");
        assert!(said.err.contains("hint: confirm it: `opsctl db fresh --yes`"), "{said:?}");
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
