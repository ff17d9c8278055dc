//! The journal in the database: rows before and after, whatever is away, and those that are filled in later.

use std::time::{Duration, Instant};

use opsctl::{
    cancel::Cancel,
    clock::Clock,
    db::{Begin, Db, Row},
    journal::{self, Actor, End, Ended, Journal, JournalTable, Run},
    schema,
};

use crate::{
    on_every_engine,
    support::{
        Case,
        cli::{Said, run},
        mixed, now,
        proxy::{Proxy, Way},
    },
};

/// The application's database with opsctl's tables in it, and events to try.
async fn prepared(case: &Case) {
    mixed(case).await;
    schema::apply(&case.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
}

/// A run as the journal has it, so many minutes before now.
fn past_run(target: &str, context: &str, minutes: i64, exit: Option<u8>) -> Run {
    let at = now() - chrono::TimeDelta::minutes(minutes);
    let begin = journal::Begin {
        command: "webhooks retry-once".into(),
        context: context.into(),
        target: target.into(),
        arguments: vec!["webhooks".into(), "retry-once".into()],
        cwd: "/srv/payments".into(),
        reason: "cron".into(),
        actor: Actor { user: "ben".into(), host: "elsewhere".into(), ..Actor::default() },
        version: "0.1.0".into(),
    };
    let id = opsctl_id(at);
    let end = |exit| End { exit, counts: serde_json::json!({"selected": 3}), error: None, took_ms: 12 };
    let ended = exit.map(|exit| Ended::new(at + chrono::TimeDelta::seconds(1), end(exit)));
    Run { ended, ..Run::begun(&id, at, begin) }
}

/// An id of a time, unlike any other.
fn opsctl_id(at: chrono::DateTime<chrono::Utc>) -> String {
    ulid::Ulid::from_parts(u64::try_from(at.timestamp_millis()).unwrap(), rand::random()).to_string()
}

/// Puts runs into the file of this case's host.
fn into_the_file(case: &Case, runs: &[Run]) {
    let journal = Journal::open(&case.folder.path().join("state"), Clock::frozen(now())).unwrap();
    for run in runs {
        let entry = journal.begin(run).unwrap();
        if let Some(ended) = &run.ended {
            entry.end(ended).unwrap();
        }
    }
}

async fn rows(case: &Case) -> Vec<Row> {
    case.rows("SELECT * FROM opsctl_journal ORDER BY begun_at, run").await
}

fn lines(said: &Said) -> Vec<String> {
    assert_eq!(said.code, 0, "{said:?}");
    said.out.lines().map(str::to_owned).collect()
}

on_every_engine! {
    async fn a_run_is_a_row_before_the_change_and_complete_after_it(case: &Case) {
        prepared(case).await;
        let words = ["webhooks", "retry-once", "-q", "--reason", "ticket\u{7} 42 password=hunter2"];
        let held = case.hold("after-lock", &words);
        let before = &rows(case).await[0];
        assert_eq!(before.text("command").unwrap(), "webhooks retry-once");
        assert_eq!(before.text("reason").unwrap(), r"ticket\u{7} 42 password=***");
        assert_eq!((before.text("user_name").unwrap().as_str(), before.text("context").unwrap().as_str()), ("ana", "app"));
        assert_eq!(before.text("target").unwrap(), case.target.to_string());
        assert_eq!(before.time("begun_at").unwrap(), Some(now()));
        for column in ["ended_at", "exit_code", "counts", "error", "took_ms"] {
            assert_eq!(before.text_or_null(column).unwrap(), None, "{column}");
        }
        let arguments: Vec<String> = serde_json::from_str(&before.text("arguments").unwrap()).unwrap();
        assert_eq!(arguments[4], r"ticket\u{7} 42 password=***");
        assert_eq!(held.go().code, 4);
        let after = rows(case).await;
        assert_eq!((after.len(), after[0].int("exit_code").unwrap()), (1, 4));
        assert_eq!(after[0].time("ended_at").unwrap(), Some(now()));
        let counts: serde_json::Value = serde_json::from_str(&after[0].text("counts").unwrap()).unwrap();
        assert_eq!(counts["applied"], 1);
        let file = std::fs::read_to_string(case.folder.path().join("state/journal.jsonl")).unwrap();
        assert!(!file.contains("hunter2") && file.contains(&after[0].text("run").unwrap()));
    }

    async fn a_killed_run_stays_unfinished_and_the_next_one_does_not_touch_it(case: &Case) {
        prepared(case).await;
        let killed = case.run_with(&[("OPSCTL_CRASH_AT", "after-commit")], &["webhooks", "retry-once", "-q"]);
        assert_eq!(killed.signal, Some(9));
        case.execute("DELETE FROM cache_locks").await;
        let later = [("OPSCTL_NOW", "2026-11-20T10:00:00Z")];
        assert!([0, 4].contains(&case.run_with(&later, &["webhooks", "retry-once", "-q"]).code));
        let rows = rows(case).await;
        let ended: Vec<bool> = rows.iter().map(|row| row.time("ended_at").unwrap().is_some()).collect();
        assert_eq!(ended, [false, true]);
        for source in [&[][..], &["--source", "file"], &["--source", "database"]] {
            let list = case.run(&[&["journal", "list", "--unfinished", "-o", "ids"], source].concat());
            assert_eq!(lines(&list), [rows[0].text("run").unwrap()]);
        }
    }

    // The table comes later than the file, and gets this database's runs alone.
    async fn runs_of_before_the_table_are_filled_in_once_it_is_there(case: &Case) {
        mixed(case).await;
        let target = case.target.to_string();
        let early = past_run(&target, "app", 50, Some(0));
        let killed = past_run(&target, "app", 40, None);
        let (elsewhere, other) = (past_run("postgres://other:5432/app", "app", 30, Some(0)), past_run(&target, "staging", 20, Some(0)));
        into_the_file(case, &[early.clone(), killed.clone(), elsewhere, other]);
        std::fs::OpenOptions::new().append(true).open(case.folder.path().join("state/journal.jsonl")).map(|mut file| {
            use std::io::Write;
            writeln!(file, "this is no record\n{{\"v\":9}}").unwrap();
        }).unwrap();
        let quiet = case.run(&["webhooks", "retry-once", "-q"]);
        assert_eq!((quiet.code, quiet.err.as_str()), (4, ""), "no table, no warning");
        let migrated = case.run(&["db", "migrate", "-q"]);
        assert_eq!((migrated.code, migrated.err.as_str()), (0, ""));
        let found = rows(case).await;
        let commands: Vec<String> = found.iter().map(|row| row.text("command").unwrap()).collect();
        assert_eq!(commands.len(), 4, "{commands:?}");
        assert_eq!(found[0].text("run").unwrap(), early.id);
        assert_eq!((found[0].int("exit_code").unwrap(), found[0].text("host").unwrap().as_str()), (0, "elsewhere"));
        assert_eq!((found[1].text("run").unwrap(), found[1].time("ended_at").unwrap()), (killed.id, None));
    }

    // A table that lost its rows, by `db fresh` or a restored backup, is filled anew.
    async fn a_table_that_lost_its_rows_is_filled_anew(case: &Case) {
        prepared(case).await;
        let past: Vec<Run> = (1..=20).map(|at| past_run(&case.target.to_string(), "app", at, Some(0))).collect();
        into_the_file(case, &past);
        for _ in 0..2 {
            case.run(&["webhooks", "retry-once", "-q"]);
        }
        assert_eq!(case.count("opsctl_journal").await, 22);
        case.execute("DELETE FROM opsctl_journal").await;
        case.run(&["webhooks", "retry-once", "-q"]);
        assert_eq!(case.count("opsctl_journal").await, 23);
    }

    async fn a_run_whose_end_found_the_database_away_is_completed_by_the_next(case: &Case) {
        let opsctl::config::database::Address::Tcp(_, port) = case.target.address else { return };
        prepared(case).await;
        let proxy = Proxy::to(port);
        case.write_env(&format!("DB_PORT={}\n", proxy.port));
        // Away in the middle of the work, and behind it: what is done is done, and a row that comes later is no news.
        for (missing, (point, code)) in [("after-lock", 7), ("after-release", 4)].into_iter().enumerate() {
            let held = case.hold(point, &["webhooks", "retry-once", "-q"]);
            proxy.set(Way::Refuse);
            let away = held.go();
            assert_eq!(away.code, code, "{away:?}");
            assert!(!away.err.contains("opsctl_journal"), "{}", away.err);
            let unfinished = case.count("opsctl_journal WHERE ended_at IS NULL").await;
            assert_eq!(unfinished, i64::try_from(missing).unwrap() + 1, "{point}");
            proxy.set(Way::Pass);
            case.execute("DELETE FROM cache_locks").await;
        }
        assert!([0, 4].contains(&case.run(&["webhooks", "retry-once", "-q"]).code));
        let rows = rows(case).await;
        let codes: Vec<i64> = rows.iter().map(|row| row.int("exit_code").unwrap()).collect();
        assert!(rows.len() == 3 && codes.contains(&7) && codes.contains(&4), "{codes:?}");
        assert!(rows.iter().all(|row| row.time("ended_at").unwrap().is_some()));
    }

    // Somebody holds the whole table: the change is made, in its time, with one warning; the row comes later.
    async fn a_table_that_does_not_answer_holds_nobody_up(case: &Case) {
        prepared(case).await;
        let held = case.hold("before-release", &["webhooks", "retry-once", "-q"]);
        let other = case.another();
        let mut session = other.session().await.unwrap();
        let lock = match case.db.engine() {
            Engine::Postgres => "LOCK TABLE opsctl_journal IN ACCESS EXCLUSIVE MODE",
            Engine::MySql => "LOCK TABLES opsctl_journal WRITE",
            Engine::Sqlite => return, // one writer at a time: the release of the run lock would wait, too
        };
        session.begin(Begin::Write).await.unwrap();
        session.script(lock).await.unwrap();
        let started = Instant::now();
        let slow = held.go();
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        assert_eq!(slow.code, 4, "{slow:?}");
        assert_eq!(slow.err.lines().filter(|line| line.starts_with("warning:")).count(), 1, "{}", slow.err);
        assert!(slow.err.contains("not in the table opsctl_journal yet: no answer within 2 s"), "{}", slow.err);
        // A run that finds it like that from the beginning waits once.
        let started = Instant::now();
        let slow = case.run(&["webhooks", "retry-once", "-q"]);
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        assert_eq!((slow.code, slow.err.matches("warning:").count()), (0, 1), "{slow:?}");
        if case.db.engine() == Engine::MySql {
            session.script("UNLOCK TABLES").await.unwrap();
        }
        session.rollback().await.unwrap();
        drop(session);
        case.run(&["webhooks", "retry-once", "-q"]);
        let rows = rows(case).await;
        assert!(rows.len() == 3 && rows.iter().all(|row| row.time("ended_at").unwrap().is_some()), "{rows:?}");
    }

    // A role that may not write there does its work, and is told once what is missing.
    async fn a_role_that_may_not_write_the_table_is_told_once(case: &Case) {
        prepared(case).await;
        let name = format!("r{}", case.target.name);
        let (make, drop) = match case.db.engine() {
            Engine::Postgres => (
                format!("CREATE ROLE {name} LOGIN PASSWORD 'narrow'; GRANT ALL ON webhook_events, payments, cache_locks TO {name}; GRANT SELECT ON opsctl_journal TO {name}"),
                format!("DROP OWNED BY {name}; DROP ROLE {name}"),
            ),
            Engine::MySql => (
                ["webhook_events", "payments", "cache_locks"].iter().fold(
                    format!("CREATE USER {name} IDENTIFIED BY 'narrow'; GRANT SELECT ON {0}.* TO {name}", case.target.name),
                    |sql, table| format!("{sql}; GRANT ALL ON {}.{table} TO {name}", case.target.name),
                ),
                format!("DROP USER {name}"),
            ),
            Engine::Sqlite => return, // has no roles
        };
        case.execute(&make).await;
        case.write_env(&format!("DB_USERNAME={name}\nDB_PASSWORD=narrow\n"));
        let said = case.run(&["webhooks", "retry-once", "-q"]);
        case.write_env("");
        case.execute(&drop).await;
        assert_eq!(said.code, 4, "{said:?}");
        assert_eq!(said.err.matches("warning:").count(), 1, "{}", said.err);
        assert!(said.err.contains("lacks a right"), "{}", said.err);
        assert_eq!(case.count("opsctl_journal").await, 0);
    }

    // Without a folder for the file the table has the run all the same.
    async fn without_a_file_the_row_is_written_and_listed(case: &Case) {
        prepared(case).await;
        std::fs::write(case.folder.path().join("state"), "a file, not a folder").unwrap();
        let said = case.run(&["webhooks", "retry-once", "-q"]);
        assert_eq!((said.code, said.err.matches("warning:").count()), (4, 1), "{said:?}");
        let row = &rows(case).await[0];
        assert_eq!(row.int("exit_code").unwrap(), 4);
        let list = case.run(&["journal", "list", "-o", "ids"]);
        assert_eq!(lines(&list), [row.text("run").unwrap()]);
        assert!(list.err.contains("warning: from the database alone"), "{}", list.err);
        assert_eq!(case.run(&["journal", "list", "--source", "file"]).code, 6);
    }

    // Two hosts and two processes of each, at once: every run is a row, and none is there twice.
    async fn hosts_and_processes_that_fill_at_once_do_not_disturb_each_other(case: &Case) {
        prepared(case).await;
        let target = case.target.to_string();
        let past: Vec<Run> = (1..=150).map(|at| past_run(&target, "app", at, Some(0))).collect();
        for state in ["state", "elsewhere"] {
            let journal = Journal::open(&case.folder.path().join(state), Clock::frozen(now())).unwrap();
            // Runs that both files hold: a folder that was copied.
            past.iter().for_each(|run| journal.begin(run).unwrap().end(run.ended.as_ref().unwrap()).unwrap());
        }
        let children: Vec<_> = (0..4)
            .map(|at| {
                let state = case.folder.path().join(if at % 2 == 0 { "state" } else { "elsewhere" });
                case.program(&["webhooks", "retry-once", "-q", "--if-locked", "wait=20s"]).env("OPSCTL_STATE_DIR", state).spawn().unwrap()
            })
            .collect();
        for child in children {
            let said = Said::from(child.wait_with_output().unwrap());
            assert!([0, 4].contains(&said.code) && !said.err.contains("warning"), "{said:?}");
        }
        let rows = rows(case).await;
        assert_eq!(rows.len(), 154);
        assert!(rows.iter().all(|row| row.time("ended_at").unwrap().is_some()));
    }

    // A line that the database refuses is passed over; what stands behind it is copied.
    async fn a_run_that_the_database_refuses_does_not_stop_the_others(case: &Case) {
        prepared(case).await;
        let target = case.target.to_string();
        let mut odd = past_run(&target, "app", 5, Some(0));
        odd.begin.actor.host = "h".repeat(3000);
        odd.begin.version = "v\u{0}".repeat(100);
        odd.begin.command = format!("nul \u{0} {}", "c".repeat(100));
        into_the_file(case, &[past_run(&target, "app", 6, Some(0)), odd, past_run(&target, "app", 4, Some(0))]);
        let said = case.run(&["webhooks", "retry-once", "-q"]);
        assert_eq!((said.code, said.err.as_str()), (4, ""));
        assert!(case.count("opsctl_journal").await >= 3);
    }

    // One call copies a bounded part, and the next ones go on behind it.
    async fn a_long_history_is_copied_part_by_part(case: &Case) {
        prepared(case).await;
        let target = case.target.to_string();
        let past: Vec<Run> = (1..=700).rev().map(|at| past_run(&target, "app", at, Some(0))).collect();
        into_the_file(case, &past);
        let folder = case.folder.path().join("state");
        let own = past_run(&target, "app", 0, None);
        let mut copied = Vec::new();
        for _ in 0..4 {
            let table = JournalTable::open(&case.db).await.unwrap().unwrap();
            copied.push(journal::fill(&folder, &table, &own).await.unwrap());
        }
        assert!(copied.iter().all(|runs| *runs <= 300) && copied.iter().sum::<usize>() == 700, "{copied:?}");
        assert_eq!(copied[3], 0);
        assert_eq!(case.count("opsctl_journal WHERE ended_at IS NOT NULL").await, 700);
    }

    // Where there is no table that is asked once, whatever a command does.
    async fn a_table_that_is_not_there_is_looked_for_once(case: &Case) {
        let opsctl::config::database::Address::Tcp(ref host, port) = case.target.address else { return };
        let proxy = Proxy::to(port);
        let address = opsctl::config::database::Address::Tcp(host.clone(), proxy.port);
        let target = opsctl::config::Database { address, ..case.target.clone() };
        let db = Db::new(target, opsctl::db::Access::Existing, Clock::frozen(now()));
        assert!(JournalTable::open(&db).await.unwrap().is_none());
        proxy.set(Way::Refuse);
        assert!(JournalTable::open(&db).await.unwrap().is_none());
    }
}

// The table is dropped and made anew while its own run is at work: the run has its row, and so have those before it.
#[test]
fn a_fresh_database_knows_what_was_done_before() {
    let folder = tempfile::tempdir().unwrap();
    for words in [&["init", "--embedded"][..], &["db", "seed", "-q"], &["db", "fresh", "--yes", "-q"]] {
        let said = run(folder.path(), words);
        assert_eq!((said.code, said.err.contains("warning")), (0, false), "{said:?}");
    }
    let list = run(folder.path(), &["journal", "list", "--source", "database", "-o", "csv"]);
    let commands: Vec<String> = lines(&list)
        .iter()
        .skip(1)
        .map(|line| line.split(',').take(3).skip(1).collect::<Vec<_>>().join(" "))
        .collect();
    assert!(
        commands.len() == 2
            && ["db seed 0", "db fresh 0"].iter().all(|run| commands.contains(&(*run).to_owned())),
        "{commands:?}"
    );
}

// Nothing at all is configured, and the journal of this host is read.
#[test]
fn the_file_is_read_without_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let none = run(folder.path(), &["journal", "list"]);
    assert_eq!((none.code, none.out.as_str()), (0, ""), "{none:?}");
    assert!(
        none.err.contains("From this host's file alone:") && none.err.contains("No runs match."),
        "{}",
        none.err
    );
    let journal = Journal::open(&folder.path().join("state"), Clock::frozen(now())).unwrap();
    let past = past_run("postgres://db:5432/app", "production", 3, Some(0));
    journal.begin(&past).unwrap();
    let list = run(folder.path(), &["journal", "list", "-o", "ids"]);
    assert_eq!(lines(&list), [&*past.id]);
    assert_eq!(run(folder.path(), &["journal", "show", &past.id]).code, 0);
    assert_eq!(run(folder.path(), &["journal", "list", "--source", "database"]).code, 6);
}

// The file's end is read, and no more of it than is asked for; the whole of it in bounded memory.
#[test]
fn a_large_file_is_read_from_its_end_in_bounded_memory() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("state"), Clock::frozen(now())).unwrap();
    let first = past_run("postgres://db:5432/app", "production", 100_000, Some(1));
    journal.begin(&first).unwrap().end(first.ended.as_ref().unwrap()).unwrap();
    let line = std::fs::read_to_string(journal.path()).unwrap();
    let mut file =
        std::io::BufWriter::new(std::fs::OpenOptions::new().append(true).open(journal.path()).unwrap());
    for at in 0..40_000 {
        let run = past_run("", "", 90_000 - at, None);
        let line = line.replace(&first.id, &run.id);
        let line = line.replace(
            &first.begun_at.format("%Y-%m-%dT%H:%M").to_string(),
            &run.begun_at.format("%Y-%m-%dT%H:%M").to_string(),
        );
        file.write_all(line.as_bytes()).unwrap();
    }
    file.flush().unwrap();
    assert!(journal.path().metadata().unwrap().len() > 15_000_000);
    let listed = |words: &[&str]| {
        let mut program = crate::support::cli::program(folder.path());
        let (code, peak) = crate::support::fill::peak(
            program.args(["journal", "list", "--source", "file", "-q"]).args(words),
        );
        assert_eq!(code, 0);
        peak
    };
    for words in [&["--limit", "5"][..], &["--user", "nobody"]] {
        let peak = listed(words);
        assert!(peak > 1024 && peak < 64 * 1024, "{peak} KiB for {words:?}");
    }
}
