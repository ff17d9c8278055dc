//! `opsctl journal` as it is typed, and time windows of lists.

use chrono::TimeDelta;
use opsctl::{
    cancel::Cancel,
    clock::Clock,
    db::Query,
    journal::{Actor, Begin, End, Ended, Journal, JournalTable, Run},
    schema,
};
use serde_json::json;

use crate::{
    on_every_engine,
    support::{Case, Event, cli::run, now},
};

/// The `at`th run of a history: one every ten minutes, the 0th at 08:50.
fn history(target: &str, at: u16) -> Run {
    let begun = now() - TimeDelta::minutes(i64::from(at + 1) * 10);
    let begin = Begin {
        command: if at.is_multiple_of(2) { "webhooks retry-once" } else { "db migrate" }.into(),
        context: "app".into(),
        target: target.into(),
        arguments: vec!["webhooks".into(), "retry-once".into(), "--limit=50".into()],
        cwd: "/srv/payments".into(),
        reason: if at == 0 { "ticket 42" } else { "cron" }.into(),
        actor: Actor {
            user: if at == 1 { "root" } else { "ben" }.into(),
            sudo_user: (at == 1).then(|| "ana".into()),
            claimed_user: None,
            from: (at == 1).then(|| "10.1.2.3".into()),
            host: "web-1".into(),
        },
        version: "0.1.0".into(),
    };
    let error = (at == 1).then(|| "postgres://db:5432/app does not answer".into());
    let exit = [4, 7, 0][usize::from(at) % 3];
    let end = End { exit, counts: json!({"selected": 3, "applied": 2, "failed": 0}), error, took_ms: 1204 };
    let ended = Ended::new(begun + TimeDelta::milliseconds(1204), end);
    Run { ended: (at != 2).then_some(ended), ..Run::begun(&id(at), begun, begin) }
}

/// Ids of runs: their times, and nothing else that differs.
fn id(at: u16) -> String {
    let begun = now() - TimeDelta::minutes(i64::from(at + 1) * 10);
    ulid::Ulid::from_parts(u64::try_from(begun.timestamp_millis()).unwrap(), 7).to_string()
}

fn ids(numbers: impl IntoIterator<Item = u16>) -> Vec<String> {
    numbers.into_iter().map(id).collect()
}

/// Puts runs of the history, oldest first, into the file.
fn into_the_file(folder: &std::path::Path, runs: &[Run]) {
    let journal = Journal::open(&folder.join("state"), Clock::frozen(now())).unwrap();
    for run in runs.iter().rev() {
        let entry = journal.begin(run).unwrap();
        if let Some(ended) = &run.ended {
            entry.end(ended).unwrap();
        }
    }
}

#[test]
fn runs_for_people_and_for_machines() {
    let folder = tempfile::tempdir().unwrap();
    let runs: Vec<Run> = (0..3).map(|at| history("postgres://db:5432/app", at)).collect();
    into_the_file(folder.path(), &runs);
    let said = |words: &[&str]| {
        let said = run(folder.path(), words);
        assert_eq!(said.code, 0, "{said:?}");
        said
    };
    let list = said(&["journal", "list", "--source", "file", "--since", "1h", "--tz", "Asia/Jakarta"]);
    insta::assert_snapshot!(list.out, @"
    RUN                         COMMAND                    EXIT  TOOK MS  BEGUN AT  CONTEXT  USER        HOST   REASON
    01M7W2BXP00000000000000007  webhooks retry-once           4     1204  10m ago   app      ben         web-1  ticket 42
    01M7W1SKR00000000000000007  db migrate                    7     1204  20m ago   app      root (ana)  web-1  cron
    01M7W179T00000000000000007  webhooks retry-once  unfinished        -  30m ago   app      ben         web-1  cron
    ");
    insta::assert_snapshot!(list.err, @"From 2026-11-20 15:00:00 WIB to now.");
    let csv = said(&["journal", "list", "--source", "file", "-o", "csv", "--exit", "failed"]);
    insta::assert_snapshot!(csv.out, @"
    run,command,exit,took_ms,begun_at,context,user,host,reason
    01M7W2BXP00000000000000007,webhooks retry-once,4,1204,2026-11-20T08:50:00Z,app,ben,web-1,ticket 42
    01M7W1SKR00000000000000007,db migrate,7,1204,2026-11-20T08:40:00Z,app,root,web-1,cron
    ");
    let one = said(&["journal", "show", &id(1), "--source", "file"]);
    insta::assert_snapshot!(one.out, @"
    Run ........ 01M7W1SKR00000000000000007
    Command .... db migrate
    Typed ...... opsctl webhooks retry-once --limit=50
    Context .... app
    Database ... postgres://db:5432/app
    Who ........ root (ana)@web-1
    Folder ..... /srv/payments
    From ....... 10.1.2.3
    Reason ..... cron
    Version .... 0.1.0
    Began ...... 20m ago · 2026-11-20 08:40:00 UTC
    Ended ...... 19m ago · 2026-11-20 08:40:01 UTC, after 1.204s
    Exit code .. 7: a server is unreachable
    Counts ..... selected 3, applied 2
    Error ...... postgres://db:5432/app does not answer
    Found in ... file
    ");
    let unfinished = said(&["journal", "show", &id(2), "--source", "file"]);
    insta::assert_snapshot!(unfinished.out, @"
    Run ........ 01M7W179T00000000000000007
    Command .... webhooks retry-once
    Typed ...... opsctl webhooks retry-once --limit=50
    Context .... app
    Database ... postgres://db:5432/app
    Who ........ ben@web-1
    Folder ..... /srv/payments
    Reason ..... cron
    Version .... 0.1.0
    Began ...... 30m ago · 2026-11-20 08:30:00 UTC
    Ended ...... not yet: it is at work, or was killed
    Found in ... file
    ");
    let json = said(&["journal", "list", "--source", "file", "--limit", "1", "--json"]);
    insta::assert_snapshot!(json.out, @r#"
    {
      "schema_version": 1,
      "command": "journal list",
      "context": "environment",
      "generated_at": "2026-11-20T09:00:00Z",
      "data": [
        {
          "run": "01M7W2BXP00000000000000007",
          "command": "webhooks retry-once",
          "context": "app",
          "target": "postgres://db:5432/app",
          "arguments": [
            "webhooks",
            "retry-once",
            "--limit=50"
          ],
          "cwd": "/srv/payments",
          "reason": "ticket 42",
          "user": "ben",
          "claimed_user": null,
          "sudo_user": null,
          "from": null,
          "host": "web-1",
          "version": "0.1.0",
          "begun_at": "2026-11-20T08:50:00Z",
          "ended_at": "2026-11-20T08:50:01.204Z",
          "exit": 4,
          "counts": {
            "selected": 3,
            "applied": 2,
            "failed": 0
          },
          "error": null,
          "took_ms": 1204,
          "sources": [
            "file"
          ]
        }
      ],
      "summary": {
        "count": 1,
        "next": "2026-11-20T08:50:00.000Z/01M7W2BXP00000000000000007",
        "sources": [
          "file"
        ]
      }
    }
    "#);
}

#[test]
fn a_run_is_found_by_the_beginning_of_its_id_and_a_typo_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let runs: Vec<Run> = (0..6).map(|at| history("postgres://db:5432/app", at)).collect();
    into_the_file(folder.path(), &runs);
    let show = |id: &str| run(folder.path(), &["journal", "show", id, "--source", "file"]);
    let pasted = format!(" `{}` ", id(3).to_lowercase());
    for words in [&id(3)[..9], &id(3)[..], &pasted] {
        let said = show(words);
        assert!(said.code == 0 && said.out.contains(&id(3)), "{words}: {said:?}");
    }
    assert!(show("last").out.contains(&id(0)));
    let several = show(&id(0)[..4]);
    assert_eq!(several.code, 2, "{several:?}");
    assert!(several.err.contains("hint: show one: `opsctl journal show"), "{}", several.err);
    let typo = id(3).replacen("0000", "00O0", 1);
    let none = show(&typo);
    assert_eq!(none.code, 9, "{none:?}");
    assert!(none.err.contains("did you mean `opsctl journal show"), "{}", none.err);
    for strange in ["", "nobody", "ünïcode", &"Z".repeat(27), "'; DROP TABLE x"] {
        assert_eq!(show(strange).code, 9, "{strange}");
    }
}

on_every_engine! {
    // Runs of this host and of another: one list, page by page, each run once.
    async fn file_and_table_are_one_list(case: &Case) {
        case.write_env("");
        schema::apply(&case.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
        let target = case.target.to_string();
        let runs: Vec<Run> = (0..12).map(|at| history(&target, at)).collect();
        let pick = |keep: fn(usize) -> bool| runs.iter().enumerate().filter(move |(at, _)| keep(*at)).map(|(_, run)| run);
        into_the_file(case.folder.path(), &pick(|at| at % 3 != 0).cloned().collect::<Vec<_>>());
        let table = JournalTable::open(&case.db).await.unwrap().unwrap();
        // The table has not heard how the 4th ended.
        let begun = Run { ended: None, ..runs[4].clone() };
        table.write(&pick(|at| at % 3 != 1).collect::<Vec<_>>()).await.unwrap();
        table.write(&[&begun]).await.unwrap();
        let list = |more: &[&str]| {
            let said = case.run(&[&["journal", "list", "-o", "ids"], more].concat());
            assert_eq!(said.code, 0, "{said:?}");
            (said.out.lines().map(str::to_owned).collect::<Vec<_>>(), said.err)
        };
        assert_eq!(list(&[]).0, ids(0..12));
        assert_eq!(list(&["--source", "file"]).0, ids((0..12).filter(|at| at % 3 != 0)));
        assert_eq!(list(&["--source", "database"]).0, ids((0..12).filter(|at| at % 3 != 1 || *at == 4)));
        assert_eq!(list(&["--unfinished"]).0, ids([2]), "the file knows how the 4th ended");
        for source in [&[][..], &["--source", "file"], &["--source", "database"]] {
            let whole = list(source).0;
            let (mut paged, mut line) = (Vec::new(), vec!["--limit".to_owned(), "2".to_owned()]);
            loop {
                let words: Vec<&str> = source.iter().copied().chain(line.iter().map(String::as_str)).collect();
                let (page, err) = list(&words);
                paged.extend(page);
                let Some((_, place)) = err.split_once("--after ") else { break };
                line.truncate(2);
                line.extend(["--after".to_owned(), place.trim_end().trim_end_matches('`').to_owned()]);
            }
            assert_eq!(paged, whole, "{source:?}");
        }
    }

    async fn filters_mean_the_same_in_the_file_and_in_the_table(case: &Case) {
        case.write_env("");
        schema::apply(&case.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
        let runs: Vec<Run> = (0..12).map(|at| history(&case.target.to_string(), at)).collect();
        into_the_file(case.folder.path(), &runs);
        let table = JournalTable::open(&case.db).await.unwrap().unwrap();
        table.write(&runs.iter().collect::<Vec<_>>()).await.unwrap();
        let cases: [(&[&str], Vec<u16>); 13] = [
            (&["--command", "db migrate"], vec![1, 3, 5, 7, 9, 11]),
            (&["--command", " opsctl  webhooks"], vec![0, 2, 4, 6, 8, 10]),
            (&["--command", "web"], vec![]),
            (&["--command", "%"], vec![]),
            (&["--user", "ana"], vec![1]),
            (&["--user", "root"], vec![1]),
            (&["--host", "web-1", "--limit", "2"], vec![0, 1]),
            (&["--host", "web-2"], vec![]),
            (&["--exit", "7"], vec![1, 4, 7, 10]),
            (&["--exit", "failed"], vec![0, 1, 3, 4, 6, 7, 9, 10]),
            (&["--unfinished"], vec![2]),
            (&["--since", "2026-11-20 08:20", "--until", "2026-11-20T15:40:00+07:00"], vec![2, 3]),
            (&["--since", "16m"], vec![0]),
        ];
        for (words, numbers) in cases {
            for source in [&[][..], &["--source", "file"], &["--source", "database"]] {
                let said = case.run(&[&["journal", "list", "-o", "ids"], words, source].concat());
                let found: Vec<&str> = said.out.lines().collect();
                assert_eq!(found, ids(numbers.iter().copied()), "{words:?} {source:?}: {said:?}");
            }
        }
        let typo = case.run(&["journal", "list", "--command", "db migrat"]);
        assert!(typo.err.contains("did you mean `--command 'db migrate'`?"), "{}", typo.err);
        assert_eq!(case.run(&["journal", "list", "--exit", "bad"]).code, 2);
        assert_eq!(case.run(&["journal", "list", "--exit", "1", "--unfinished"]).code, 2);
    }

    async fn the_table_is_read_by_its_index(case: &Case) {
        schema::apply(&case.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
        let runs: Vec<Run> = (0..600).map(|at| history("x", at)).collect();
        let table = JournalTable::open(&case.db).await.unwrap().unwrap();
        table.write(&runs.iter().collect::<Vec<_>>()).await.unwrap();
        let at = case.db.require("opsctl_journal", &[]).await.unwrap();
        let time = at.hole("begun_at");
        let run = at.hole("run");
        let name = &at.name;
        let sql = [
            format!("SELECT * FROM {name} WHERE begun_at >= {time} AND begun_at < {time} ORDER BY begun_at DESC, run DESC LIMIT 51"),
            format!("SELECT * FROM {name} WHERE run >= {run} AND run <= {run} ORDER BY run LIMIT 5"),
        ];
        let values = [["2026-11-20 08:00:00", "2026-11-20 08:30:00"], ["01KXA", "01KXB"]];
        for (sql, values) in sql.into_iter().zip(values) {
            let query = Query::new(sql).bind(values[0]).bind(values[1]);
            assert!(!scans(case, "opsctl_journal", query).await);
        }
    }

    // The window goes with the index on received_at: neither a scan nor a sort is added.
    async fn a_window_of_events_is_read_by_the_index(case: &Case) {
        opsctl::webhooks::fixtures::seed(&case.db).await.unwrap();
        let events = case.db.require("webhook_events", &[]).await.unwrap();
        let time = events.hole("received_at");
        let sql = format!(
            "SELECT id FROM {} WHERE received_at >= {time} AND received_at < {time} ORDER BY received_at DESC, id DESC LIMIT 51",
            events.name
        );
        let query = Query::new(sql).bind("2026-11-20 08:00:00").bind("2026-11-20 08:10:00");
        assert!(!scans(case, "webhook_events", query).await);
    }

    async fn events_are_listed_by_when_they_arrived(case: &Case) {
        case.write_env("");
        let mut events = Vec::new();
        for (at, seconds) in [-30, -3_600, -7_200, -90_000].into_iter().enumerate() {
            events.push(Event::due(&format!("a{at}")).received(seconds).insert(case).await);
        }
        let list = |words: &[&str]| {
            let said = case.run(&[&["webhooks", "list", "-o", "ids"], words].concat());
            assert_eq!(said.code, 0, "{said:?}");
            (said.out.lines().map(str::to_owned).collect::<Vec<_>>(), said.err)
        };
        let (found, err) = list(&["--since", "2h"]);
        assert_eq!((found.as_slice(), err.as_str()), (&events[..3], "From 2026-11-20 07:00:00 UTC to now.\n"));
        assert_eq!(list(&["--since", "1h59m"]).0, events[..2]);
        assert_eq!(list(&["--until", "yesterday"]).0, events[3..]);
        let (found, err) = list(&["--since", "today", "--until", "1h", "--tz", "Asia/Jakarta"]);
        assert_eq!(found, events[2..3], "the end is no part of it");
        assert_eq!(err, "From 2026-11-20 00:00:00 WIB to 2026-11-20 15:00:00 WIB.\n");
        // The next page is of the same window, whenever it is asked for.
        let (_, err) = list(&["--since", "2h", "--limit", "1"]);
        assert!(err.contains("--limit 1 --since 2026-11-20T07:00:00Z --after 2026-11-20T08:59:30Z/"), "{err}");
        let turned = case.run(&["webhooks", "list", "--since", "1h", "--until", "2h"]);
        assert_eq!(turned.code, 2);
        assert!(turned.err.contains("the window ends before it begins"), "{}", turned.err);
        let bad = case.run(&["webhooks", "list", "--since", "tomorrow"]);
        assert!(bad.code == 2 && bad.err.contains("`1h30m`"), "{}", bad.err);
    }
}

/// Whether a statement reads its table from end to end, or sorts it.
async fn scans(case: &Case, table: &str, query: Query) -> bool {
    use opsctl::db::Engine;
    let mut session = case.db.session().await.unwrap();
    match case.db.engine() {
        Engine::Postgres => session.script("ANALYZE; SET enable_seqscan = off").await.unwrap(),
        Engine::MySql => session.script(&format!("ANALYZE TABLE {table}")).await.unwrap(),
        Engine::Sqlite => session.script("ANALYZE").await.unwrap(),
    }
    let rows = session.fetch(query.explained(case.db.engine())).await.unwrap();
    let plan: String = rows.iter().map(|row| format!("{}\n", row.line())).collect();
    eprintln!("{plan}");
    match case.db.engine() {
        Engine::Postgres => plan.contains("Seq Scan") || !plan.contains("Index Cond"),
        Engine::MySql => plan.contains(" ALL ") || plan.contains("filesort"),
        Engine::Sqlite => {
            plan.contains("SCAN") || !plan.contains("SEARCH") || plan.contains("TEMP B-TREE FOR ORDER BY")
        }
    }
}
