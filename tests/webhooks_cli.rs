//! `opsctl webhooks` as it is typed: what people read, what machines read, and the way to Redis.

use opsctl::{config::database::Address, webhooks::RUN_LOCK};

use crate::{
    on_every_database,
    support::{Case, Event, Payment, cli::Said, proxy::Proxy, server},
};

/// Times taken differ from run to run; everything else is fixed by the clock and the seed.
fn steady() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\(\d+\.\d{3} s\)", "([time])");
    settings.add_filter(r#""took_ms": \d+"#, r#""took_ms": 0"#);
    settings.add_filter(r"pay\d{23}", "[payment]");
    settings
}

/// Waits until a file holds a text: what another process does cannot be awaited otherwise.
async fn wait_for(file: &std::path::Path, text: &str) {
    let started = std::time::Instant::now();
    while !std::fs::read_to_string(file).unwrap_or_default().contains(text) {
        assert!(started.elapsed().as_secs() < 10, "{} never held {text}", file.display());
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// One of everything that a run can end with.
async fn mixed(case: &Case) {
    case.write_env("");
    Payment::pending("pay-1").insert(case).await;
    Payment::pending("A").provider("tripay").insert(case).await;
    Payment::pending("B").provider("tripay").insert(case).await;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa1").insert(case).await;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa2")
        .next_retry(-50)
        .body(r#"{"id":"nobody","status":"paid"}"#)
        .insert(case)
        .await;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa3")
        .next_retry(-40)
        .attempts(4)
        .body(r#"{"id":"x"}"#)
        .insert(case)
        .await;
    let two = r#"{"reference":"A","merchant_ref":"B","status":"PAID"}"#;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa4").next_retry(-30).provider("tripay").body(two).insert(case).await;
}

on_every_database! {
    async fn a_run_for_people_and_for_machines(case: &Case) {
        mixed(case).await;
        steady().bind(|| {
            dry_run(&case.run(&["webhooks", "retry-once", "--dry-run", "-o", "csv"]));
            human(&case.run(&["webhooks", "retry-once", "--limit", "10"]));
            again(&case.run(&["webhooks", "retry-once", "--json"]));
        });
    }

    async fn a_run_as_json(case: &Case) {
        mixed(case).await;
        steady().bind(|| json(&case.run(&["webhooks", "retry-once", "-q", "--json"])));
    }

    async fn one_event_for_people(case: &Case) {
        mixed(case).await;
        steady().bind(|| {
            shown(&case.run(&["webhooks", "show", "01K9AAAAAAAAAAAAAAAAAAAAA4", "--tz", "Asia/Jakarta"]));
            one(&case.run(&["webhooks", "retry-one", "01k9aaaaaaaaaaaaaaaaaaaaa1"]));
        });
    }

    // What is shown is what a try reads: the raw body, where the payload is empty.
    async fn show_reads_the_raw_body_too(case: &Case) {
        case.write_env("");
        let form = "transaction_id=S-1&mb_transaction_id=77&status=2";
        let id = Event::due("a").provider("skrill").body(r#"{"_tenrusl":{}}"#).raw(form).insert(case).await;
        let said = case.run(&["webhooks", "show", &id, "--raw"]);
        assert!(said.out.contains("S-1 at transaction_id [rule skrill]") && said.out.contains(form), "{said:?}");
    }

    async fn lists_are_paged_filtered_and_piped(case: &Case) {
        case.write_env("");
        for at in 0..7 {
            Event::due(&format!("a{at}")).received(-100 - at % 3).insert(case).await;
        }
        Event::due("b").provider("stripe").attempts(9).insert(case).await;
        let all = case.run(&["webhooks", "list", "-o", "ids"]);
        let mut paged = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut words = vec!["webhooks", "list", "--limit", "3", "--json"];
            words.extend(after.as_deref().map(|place| ["--after", place]).into_iter().flatten());
            let page: serde_json::Value = serde_json::from_str(&case.run(&words).out).unwrap();
            paged.extend(page["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match page["summary"]["next"].as_str() {
                Some(place) => after = Some(place.to_owned()),
                None => break,
            }
        }
        assert_eq!(paged, all.out.lines().collect::<Vec<_>>());
        assert_eq!(paged.len(), 8);
        assert_eq!(case.run(&["webhooks", "list", "--due", "-o", "ids"]).out.lines().count(), 7);
        assert_eq!(case.run(&["webhooks", "list", "--exhausted", "-o", "ids"]).out.lines().count(), 1);
        assert_eq!(case.run(&["webhooks", "list", "--provider", "stripe", "--status", "received", "-o", "ids"]).out.lines().count(), 1);
        assert_eq!(case.run(&["webhooks", "list", "--payment-status", "none", "-o", "ids"]).out.lines().count(), 8);
        assert_eq!(case.run(&["webhooks", "list", "--event-id", "evt-b0", "-o", "ids"]).out.lines().count(), 1);
        assert_eq!(case.run(&["webhooks", "list", "--event-id", "%", "-o", "ids"]).out.lines().count(), 0);
        let none = case.run(&["webhooks", "list", "--provider", "stirpe"]);
        assert_eq!((none.code, none.out.as_str()), (0, ""));
        assert!(none.err.contains("No events match.") && none.err.contains("`--provider stripe`"), "{}", none.err);
    }

    // The journal has a line before and one after, and knows which run took the lock.
    async fn a_run_is_in_the_journal(case: &Case) {
        mixed(case).await;
        let said = case.run(&["webhooks", "retry-once", "-q", "--reason", "ticket 42"]);
        assert_eq!(said.code, 4);
        let text = std::fs::read_to_string(case.folder.path().join("state/journal.jsonl")).unwrap();
        let records: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let kinds: Vec<&str> = records.iter().map(|record| record["record"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["begin", "lock", "end"]);
        assert!(records.iter().all(|record| record["v"] == 1 && record["run"] == records[0]["run"]));
        assert!(records[0]["id"] != records[1]["id"]);
        assert_eq!(records[0]["command"], "webhooks retry-once");
        assert_eq!((&records[0]["reason"], &records[0]["actor"]["user"]), (&"ticket 42".into(), &"ana".into()));
        assert_eq!(records[1]["name"], RUN_LOCK);
        assert_eq!((&records[2]["exit"], &records[2]["counts"]["applied"]), (&4.into(), &1.into()));
        assert!(!text.contains("opsctl-test"), "no password in the journal");
        // Who finds that owner's lock is told which run it was.
        let owner = records[1]["owner"].as_str().unwrap();
        let key = "payment-hooks-local-cache-tenrusl:cmd:webhooks:retry:global";
        case.execute(&format!("INSERT INTO cache_locks VALUES ('{key}', '{owner}', {})", crate::support::now().timestamp() + 900)).await;
        let busy = case.run(&["webhooks", "retry-once"]);
        assert_eq!(busy.code, 8);
        let run = records[0]["run"].as_str().unwrap();
        assert!(busy.err.contains(&format!("by opsctl run {run} (`webhooks retry-once` of ana@")), "{}", busy.err);
        let skipped = case.run(&["webhooks", "retry-once", "--if-locked", "skip"]);
        assert_eq!(skipped.code, 0);
        assert!(skipped.err.contains("Nothing was done:"), "{}", skipped.err);
    }

    // Cron on a host without a writable state folder: routine work goes on, with a warning.
    async fn without_a_journal_routine_work_warns_and_goes_on(case: &Case) {
        mixed(case).await;
        std::fs::write(case.folder.path().join("state"), "a file, not a folder").unwrap();
        let said = case.run(&["webhooks", "retry-once", "-q"]);
        assert_eq!(said.code, 4);
        assert!(said.err.starts_with("warning: this run is not in the journal"), "{}", said.err);
    }

    // A closed pipe is content with what it got.
    async fn a_reader_that_goes_away_is_no_failure(case: &Case) {
        case.write_env("");
        for at in 0..40 {
            Event::due(&format!("a{at:02}")).insert(case).await;
        }
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("opsctl"))
            .args(["webhooks", "list", "-o", "csv"])
            .current_dir(case.folder.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }

    // The application's Redis: the lock's key is exactly the service's, in its database.
    async fn the_run_lock_on_redis_is_the_services(case: &Case) {
        let Some(url) = server("OPSCTL_TEST_REDIS_URL") else { return };
        let port = url.rsplit(':').next().unwrap();
        let id = Event::due("a").insert(case).await;
        let name = format!("Hooks {}", case.folder.path().file_name().unwrap().to_string_lossy().replace('.', ""));
        case.write_env(&format!("CACHE_STORE=redis\nREDIS_HOST=127.0.0.1\nREDIS_PORT={port}\nAPP_NAME=\"{name}\"\nTENRUSL_X=1\n"));
        let client = redis::Client::open(format!("{url}/3")).unwrap();
        let mut redis = client.get_multiplexed_async_connection().await.unwrap();
        let slug = opsctl::config::redis::slug(&name);
        let key = format!("{slug}-local-database-{slug}-local-cache-{RUN_LOCK}");
        let _: () = redis::cmd("SET").arg(&key).arg("35j8q3f2zfeQzQbg").arg("EX").arg(900).query_async(&mut redis).await.unwrap();
        let busy = case.run(&["webhooks", "retry-once"]);
        assert_eq!(busy.code, 8, "{busy:?}");
        assert!(busy.err.contains("by `35j8q3f2zfeQzQbg`: the service itself"), "{}", busy.err);
        assert_eq!(case.event(&id).await.attempts, 1);
        let _: () = redis::cmd("DEL").arg(&key).query_async(&mut redis).await.unwrap();
        assert_eq!(case.run(&["webhooks", "retry-once"]).code, 0);
        assert_eq!(case.event(&id).await.attempts, 2);
        let left: i64 = redis::cmd("EXISTS").arg(&key).query_async(&mut redis).await.unwrap();
        assert_eq!(left, 0, "the lock is given back");
    }

    // D28: with Redis away nothing is claimed, and the exit code says so.
    async fn d28_with_redis_away_nothing_is_claimed(case: &Case) {
        let id = Event::due("a").insert(case).await;
        case.write_env("CACHE_STORE=redis\nREDIS_HOST=127.0.0.1\nREDIS_PORT=1\n");
        let said = case.run(&["webhooks", "retry-once"]);
        assert_eq!(said.code, 7, "{said:?}");
        assert!(said.err.contains("redis://127.0.0.1:1/"), "{}", said.err);
        assert_eq!(case.event(&id).await.attempts, 1);
        // One event needs no lock.
        assert_eq!(case.run(&["webhooks", "retry-one", &id]).code, 0);
        case.write_env("CACHE_STORE=file\n");
        let said = case.run(&["webhooks", "retry-once"]);
        assert_eq!(said.code, 6);
        assert!(said.err.contains("cannot lock across hosts"), "{}", said.err);
    }

    // Ctrl-C twice, while a statement waits for somebody else: over within moments, and the lock is given back.
    async fn two_interrupts_drop_what_is_in_hand(case: &Case) {
        let lock = match case.db.engine() {
            Engine::Postgres => "LOCK TABLE webhook_events IN ACCESS EXCLUSIVE MODE",
            Engine::MySql => "LOCK TABLES webhook_events WRITE",
            Engine::Sqlite => return, // a writer there waits in its own process, for at most the busy timeout
        };
        let id = Event::due("a").insert(case).await;
        case.write_env("");
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(opsctl::db::Begin::Write).await.unwrap();
        session.script(lock).await.unwrap();
        let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("opsctl"))
            .args(["webhooks", "retry-once", "-q"])
            .env("OPSCTL_STATE_DIR", case.folder.path().join("state"))
            .current_dir(case.folder.path())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // The journal tells when the run holds the lock; from then on it waits for the table.
        let journal = case.folder.path().join("state/journal.jsonl");
        wait_for(&journal, "\"lock\"").await;
        let started = std::time::Instant::now();
        for _ in 0..2 {
            let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
            assert!(kill.unwrap().success());
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(started.elapsed().as_millis() < 1500, "{:?}", started.elapsed());
        drop(session);
        assert_eq!((case.count("cache_locks").await, case.event(&id).await.attempts), (0, 1));
    }

    // --take-over overrides a check: it asks, and in a protected context wants the name and a reason.
    async fn take_over_is_confirmed(case: &Case) {
        let id = Event::due("a").status("processing").last_attempt(-5).insert(case).await;
        case.write_env("");
        assert_eq!(case.run(&["webhooks", "retry-one", &id]).code, 8);
        let refused = case.run(&["webhooks", "retry-one", &id, "--take-over"]);
        assert_eq!(refused.code, 5);
        assert!(refused.err.contains("--yes"), "{}", refused.err);
        case.write_env("APP_ENV=production\n");
        for (words, missing) in [(vec!["--yes"], "--confirm app"), (vec!["--confirm", "app"], "--reason"), (vec!["--confirm", "eu"], "not the name")] {
            let said = case.run(&[&["webhooks", "retry-one", &id, "--take-over"], &words[..]].concat());
            assert_eq!(said.code, 5);
            assert!(said.err.contains(missing) && said.err.contains("PROTECTED"), "{}", said.err);
        }
        assert_eq!(case.event(&id).await.attempts, 1);
        let taken = case.run(&["webhooks", "retry-one", &id, "--take-over", "--confirm", "app", "--reason", "stuck"]);
        assert_eq!(taken.code, 0, "{taken:?}");
        assert_eq!(case.event(&id).await.attempts, 2);
    }

    // A server that stops answering in the middle of a run holds neither the operator nor the deadline.
    async fn a_server_that_stops_answering_holds_nobody(case: &Case) {
        let Address::Tcp(_, port) = case.target.address else { return };
        for at in 0..150 {
            Event::due(&format!("a{at:03}")).insert(case).await;
        }
        for (words, signals, code) in [(&["--timeout", "2s"][..], 0, 75), (&[], 2, 130)] {
            let proxy = Proxy::to(port);
            case.write_env(&format!("DB_PORT={}\n", proxy.port));
            let journal = case.folder.path().join("state/journal.jsonl");
            let _ = std::fs::remove_file(&journal);
            let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("opsctl"))
                .args(["webhooks", "retry-once", "-q", "--rate", "20"])
                .args(words)
                .env("OPSCTL_STATE_DIR", case.folder.path().join("state"))
                .current_dir(case.folder.path())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            wait_for(&journal, "\"lock\"").await;
            proxy.freeze();
            let started = std::time::Instant::now();
            for _ in 0..signals {
                let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
                assert!(kill.unwrap().success());
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(started.elapsed().as_secs() < 6, "{:?}", started.elapsed());
            drop(proxy);
            // The lock could not be given back, and ends with its time.
            case.execute("DELETE FROM cache_locks").await;
        }
    }

    // A statement that waits for somebody else does not outlive the deadline, for readers and for writers.
    async fn a_deadline_ends_waiting_statements(case: &Case) {
        let id = Event::due("a").insert(case).await;
        case.write_env("");
        let lock = match case.db.engine() {
            Engine::Postgres => "LOCK TABLE webhook_events IN ACCESS EXCLUSIVE MODE",
            Engine::MySql => "LOCK TABLES webhook_events WRITE",
            Engine::Sqlite => "SELECT 1", // an immediate transaction holds the whole file
        };
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(opsctl::db::Begin::Write).await.unwrap();
        session.script(lock).await.unwrap();
        let reads = case.db.engine() != Engine::Sqlite; // there readers do not wait for a writer
        let words = [&["webhooks", "retry-once", "--timeout", "1s"][..], &["webhooks", "retry-one", &id, "--timeout", "1s"]];
        for words in words.into_iter().chain(reads.then_some(&["webhooks", "list", "--timeout", "1s"][..])) {
            let started = std::time::Instant::now();
            let said = case.run(words);
            assert_eq!(said.code, 75, "{words:?} {said:?}");
            assert!(started.elapsed().as_secs() < 4, "{words:?} {:?}", started.elapsed());
        }
        drop(session);
        assert_eq!((case.count("cache_locks").await, case.event(&id).await.attempts), (0, 1));
    }

    async fn a_deadline_that_has_passed_is_exit_75(case: &Case) {
        mixed(case).await;
        let said = case.run(&["webhooks", "retry-once", "--timeout", "0"]);
        assert_eq!(said.code, 75, "{said:?}");
        assert_eq!(case.count("webhook_events WHERE last_attempt_at > '2026-11-20 08:59:00'").await, 0);
        assert_eq!(case.count("cache_locks").await, 0);
    }
}

fn human(said: &Said) {
    assert_eq!(said.code, 4);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @"
        PROVIDER  SELECTED  APPLIED  PENDING  EXHAUSTED  AMBIGUOUS
        mock             3        1        1          1          0
        tripay           1        0        0          0          1
        all              4        1        1          1          1

        ID                          PROVIDER  OUTCOME    ATTEMPTS  NEXT RETRY AT  RULE    REFERENCE  REASON
        01k9aaaaaaaaaaaaaaaaaaaaa1  mock      applied           2  -              mock    pay-1      payment updated
        01k9aaaaaaaaaaaaaaaaaaaaa2  mock      pending           2  in 1s          mock    nobody     payment not found / not updated (will retry)
        01k9aaaaaaaaaaaaaaaaaaaaa3  mock      exhausted         5  -              mock    x          inferred status pending; payment not found
        01k9aaaaaaaaaaaaaaaaaaaaa4  tripay    ambiguous         2  in 1s          tripay  A          ambiguous: `A` and `B` name different payments
        ");
        insta::assert_snapshot!(said.err, @"
        With limit 10 (--limit), max attempts 5 (default), base ms 500 (default), cap ms 30000 (default), mode full (default).
        4 events: 1 applied, 1 pending, 1 exhausted, 1 ambiguous ([time]).
        ");
    }
}

fn dry_run(said: &Said) {
    assert_eq!(said.code, 4);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @"
        id,provider,outcome,attempts,next_retry_at,rule,reference,reason
        01k9aaaaaaaaaaaaaaaaaaaaa1,mock,applied,2,,mock,pay-1,payment updated
        01k9aaaaaaaaaaaaaaaaaaaaa2,mock,pending,2,2026-11-20T09:00:01Z,mock,nobody,payment not found / not updated (will retry)
        01k9aaaaaaaaaaaaaaaaaaaaa3,mock,exhausted,5,,mock,x,inferred status pending; payment not found
        01k9aaaaaaaaaaaaaaaaaaaaa4,tripay,ambiguous,2,2026-11-20T09:00:01Z,tripay,A,ambiguous: `A` and `B` name different payments
        ");
        insta::assert_snapshot!(said.err, @"
        With limit 200 (default), max attempts 5 (default), base ms 500 (default), cap ms 30000 (default), mode full (default).
        Dry run, nothing was changed. A run would try 4 events: 1 applied, 1 pending, 1 exhausted, 1 ambiguous ([time]).
        ");
    }
}

fn again(said: &Said) {
    assert_eq!(said.code, 0);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.err, @"");
    }
}

fn json(said: &Said) {
    assert_eq!((said.code, said.err.as_str()), (4, ""));
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @r#"
        {
          "schema_version": 1,
          "command": "webhooks retry-once",
          "context": "app",
          "generated_at": "2026-11-20T09:00:00Z",
          "data": {
            "dry_run": false,
            "limits": {
              "limit": 200,
              "max_attempts": 5,
              "backoff": {
                "mode": "full",
                "base_ms": 500,
                "cap_ms": 30000,
                "min_ms": 250
              },
              "lease_seconds": 60,
              "lock_seconds": 900,
              "effective": [
                {
                  "name": "limit",
                  "value": "200",
                  "origin": "default"
                },
                {
                  "name": "max_attempts",
                  "value": "5",
                  "origin": "default"
                },
                {
                  "name": "base_ms",
                  "value": "500",
                  "origin": "default"
                },
                {
                  "name": "cap_ms",
                  "value": "30000",
                  "origin": "default"
                },
                {
                  "name": "min_lease_ms",
                  "value": "250",
                  "origin": "default"
                },
                {
                  "name": "processing_lease_seconds",
                  "value": "60",
                  "origin": "default"
                },
                {
                  "name": "lock_seconds",
                  "value": "900",
                  "origin": "default"
                },
                {
                  "name": "mode",
                  "value": "full",
                  "origin": "default"
                }
              ]
            },
            "counts": {
              "selected": 4,
              "applied": 1,
              "pending": 1,
              "failed": 0,
              "exhausted": 1,
              "ambiguous": 1,
              "unreadable": 0,
              "skipped": 0
            },
            "providers": [
              {
                "provider": "mock",
                "selected": 3,
                "applied": 1,
                "pending": 1,
                "failed": 0,
                "exhausted": 1,
                "ambiguous": 0,
                "unreadable": 0,
                "skipped": 0
              },
              {
                "provider": "tripay",
                "selected": 1,
                "applied": 0,
                "pending": 0,
                "failed": 0,
                "exhausted": 0,
                "ambiguous": 1,
                "unreadable": 0,
                "skipped": 0
              }
            ],
            "skipped": {},
            "items": [
              {
                "id": "01k9aaaaaaaaaaaaaaaaaaaaa1",
                "provider": "mock",
                "outcome": "applied",
                "reason": "payment updated",
                "rule": "mock",
                "reference": "pay-1",
                "payment_status": "succeeded",
                "attempts": 2,
                "next_retry_at": null
              },
              {
                "id": "01k9aaaaaaaaaaaaaaaaaaaaa2",
                "provider": "mock",
                "outcome": "pending",
                "reason": "payment not found / not updated (will retry)",
                "rule": "mock",
                "reference": "nobody",
                "payment_status": null,
                "attempts": 2,
                "next_retry_at": "2026-11-20T09:00:01Z"
              },
              {
                "id": "01k9aaaaaaaaaaaaaaaaaaaaa3",
                "provider": "mock",
                "outcome": "exhausted",
                "reason": "inferred status pending; payment not found",
                "rule": "mock",
                "reference": "x",
                "payment_status": null,
                "attempts": 5,
                "next_retry_at": null
              },
              {
                "id": "01k9aaaaaaaaaaaaaaaaaaaaa4",
                "provider": "tripay",
                "outcome": "ambiguous",
                "reason": "ambiguous: `A` and `B` name different payments",
                "rule": "tripay",
                "reference": "A",
                "payment_status": null,
                "attempts": 2,
                "next_retry_at": "2026-11-20T09:00:01Z"
              }
            ],
            "items_omitted": 0,
            "stopped": null,
            "took_ms": 0
          },
          "summary": {
            "selected": 4,
            "applied": 1,
            "pending": 1,
            "failed": 0,
            "exhausted": 1,
            "ambiguous": 1,
            "unreadable": 0,
            "skipped": 0
          }
        }
        "#);
    }
}

fn shown(said: &Said) {
    assert_eq!(said.code, 0);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @"
        Event .......... 01k9aaaaaaaaaaaaaaaaaaaaa4
        Provider ....... tripay
        Provider's id .. evt-01k9aaaaaaaaaaaaaaaaaaaaa4
        Status ......... received
        Attempts ....... 1 of 5
        Received ....... 1h ago · 2026-11-20 15:00:00 WIB
        Last attempt ... 2m ago · 2026-11-20 15:58:00 WIB
        Next attempt ... 30s ago · 2026-11-20 15:59:30 WIB
        Body ........... 52 bytes
        Says ........... succeeded from `PAID` [rule tripay]
        Reference ...... A at reference [rule tripay]
        Reference ...... B at merchant_ref [rule tripay]
        Payment ........ [payment] · 1000 IDR in minor units · pending · reference A
        Payment ........ [payment] · 1000 IDR in minor units · pending · reference B
        ");
    }
}

fn one(said: &Said) {
    assert_eq!(said.code, 0);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @"
        PROVIDER  SELECTED  APPLIED
        mock             1        1

        ID                          PROVIDER  OUTCOME  ATTEMPTS  NEXT RETRY AT  RULE  REFERENCE  REASON
        01k9aaaaaaaaaaaaaaaaaaaaa1  mock      applied         2  -              mock  pay-1      payment updated
        ");
        insta::assert_snapshot!(said.err, @"1 event: 1 applied ([time]).");
    }
}
