//! `queue status` of tables: counts to the second, names, findings; nothing is changed by looking.

use crate::{
    on_every_engine,
    support::{
        Case, Schema,
        jobs::{OF_A_TABLE, Row, WITH_A_BATCH, json},
    },
};

/// Of a queue: ready, delayed, reserved, stuck.
fn counts(case: &Case, queue: &str) -> [u64; 4] {
    let said = case.run(&["queue", "status", queue, "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let line = &json(&said)["data"][0];
    ["ready", "delayed", "reserved", "stuck"].map(|key| line[key].as_u64().unwrap())
}

on_every_engine! {
    async fn jobs_are_counted_to_the_second(case: &Case) {
        case.write_queue_env("");
        let job = Row::ready("webhooks", OF_A_TABLE);
        for (reserved, available, counted) in [
            (None, 0, [1, 0, 0, 0]),
            (None, 1, [0, 1, 0, 0]),
            (Some(-89), -100, [0, 0, 1, 0]),
            (Some(-90), -100, [0, 0, 0, 1]),
            // A host whose clock is ahead.
            (Some(5), -100, [0, 0, 1, 0]),
        ] {
            case.execute("DELETE FROM jobs").await;
            case.insert_job(Row { reserved, available, ..job }).await;
            assert_eq!(counts(case, "webhooks"), counted, "{reserved:?} {available}");
        }
        case.write_queue_env("DB_QUEUE_RETRY_AFTER=30\n");
        case.insert_job(Row { reserved: Some(-30), ..job }).await;
        assert_eq!(counts(case, "webhooks"), [0, 0, 1, 1]);
    }

    async fn all_queues_are_shown_and_nothing_is_changed(case: &Case) {
        case.write_queue_env("");
        for (queue, payload, available) in [
            ("webhooks", OF_A_TABLE, -60), ("webhooks", "{\"uuid\":\"1\"}", -120), ("messaging", WITH_A_BATCH, 600),
        ] {
            case.insert_job(Row { available, ..Row::ready(queue, payload) }).await;
        }
        case.insert_job(Row { reserved: Some(-3600), attempts: 1, ..Row::ready("webhooks", "rubbish") }).await;
        let tables = ["jobs", "failed_jobs", "cache", "cache_locks"];
        let before = case.dump(&tables).await;
        let said = case.run(&["queue", "status"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @"
            QUEUE      READY  DELAYED  RESERVED  STUCK  OLDEST  PER MINUTE  PAUSED
            default        0        0         0      0  -                -  no
            messaging      0        1         0      0  -                -  no
            webhooks       2        0         0      1  2m ago           -  no
            ");
            insta::assert_snapshot!(said.err, @"1 job is stuck: the time of its worker is over, and the next one takes it.");
        }
        assert_eq!(said.code, 0);
        let whole = json(&case.run(&["queue", "status", "--json"]));
        assert_eq!(whole["summary"]["ready"], 2);
        assert_eq!(whole["data"][2]["oldest"], "2026-11-20T08:58:00Z");
        assert_eq!(whole["data"][2]["connection"], "database");
        let sampled = json(&case.run(&["queue", "status", "database:webhooks", "--sample", "1s", "--json"]));
        assert_eq!(sampled["data"][0]["per_minute"], 0.0);
        assert_eq!(case.dump(&tables).await, before);
    }

    async fn a_queue_that_is_too_long_is_a_finding(case: &Case) {
        case.write_queue_env("");
        for _ in 0..3 {
            case.insert_job(Row::ready("webhooks", OF_A_TABLE)).await;
        }
        for (words, code) in [
            (vec!["queue:monitor", "webhooks", "--max=3"], 3),
            (vec!["queue:monitor", "database:webhooks,idle", "--max=4"], 0),
            (vec!["queue", "status", "--queue", "webhooks,idle", "--max", "3"], 3),
        ] {
            let said = case.run(&words);
            assert_eq!(said.code, code, "{words:?}: {said:?}");
        }
        let said = case.run(&["queue", "status", "webhooks", "--max", "3", "-o", "nagios"]);
        let line = "QUEUE STATUS WARNING - webhooks holds 3 jobs | delayed=0 over=1 queues=1 ready=3 reserved=0 stuck=0\n";
        assert_eq!((said.code, sorted(&said.out)), (1, sorted(line)), "{said:?}");
        let said = case.run(&["queue", "status", "webhooks", "--max", "4", "-o", "nagios"]);
        assert!(said.code == 0 && said.out.starts_with("QUEUE STATUS OK - "), "{said:?}");
    }

    async fn a_queue_that_nobody_knows_is_not_found(case: &Case) {
        case.write_queue_env("");
        case.insert_job(Row::ready("webhooks", OF_A_TABLE)).await;
        let said = case.run(&["queue", "status", "webhoks"]);
        assert_eq!(said.code, 9, "{said:?}");
        assert!(said.err.contains("has no queue `webhoks`") && said.err.contains("did you mean `webhooks`?"), "{}", said.err);
        // The default queue is known while it is empty, and so is one whose jobs have failed.
        assert_eq!(case.run(&["queue", "status", "default"]).code, 0);
        assert_eq!(case.run(&["queue", "status", "mails"]).code, 9);
        case.insert_failed("u-1", "mails", WITH_A_BATCH, "Error: x", "2026-11-20 08:00:00").await;
        assert_eq!(case.run(&["queue", "status", "mails"]).code, 0);
    }

    async fn a_missing_table_is_named(case: &Case) {
        case.write_queue_env("DB_QUEUE_TABLE=queued\n");
        let said = case.run(&["queue", "status"]);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("has no table `queued`"), "{}", said.err);
        case.write_queue_env("");
        case.execute("DROP TABLE failed_jobs").await;
        case.execute("DROP TABLE cache").await;
        // What is not needed may be missing; that it could not be asked is told.
        let said = case.run(&["queue", "status"]);
        assert_eq!((said.code, said.out.contains("default")), (0, true), "{said:?}");
        assert!(said.err.contains("whether queues are paused is not known"), "{}", said.err);
        let said = case.run(&["queue", "failed"]);
        assert_eq!((said.code, said.err.contains("has no table `failed_jobs`")), (6, true), "{said:?}");
    }
}

/// Figures in any order.
fn sorted(line: &str) -> Vec<String> {
    let (text, figures) = line.trim().split_once(" | ").unwrap();
    let mut words: Vec<String> = figures.split(' ').map(str::to_owned).collect();
    words.sort();
    words.insert(0, text.to_owned());
    words
}

#[tokio::test]
async fn a_watch_counts_again_and_tells_the_growth() {
    let case = Case::new(opsctl::db::Engine::Sqlite, Schema::Service).await.unwrap();
    case.write_queue_env("");
    let said = case.run(&["queue", "status", "--watch=1", "--timeout", "2500ms", "-o", "ids"]);
    assert_eq!(said.code, 2, "whole units alone: {said:?}");
    let said = case.run(&["queue", "status", "--watch=1", "--timeout", "3s", "-o", "csv", "--no-headers"]);
    assert_eq!(said.code, 75, "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[..2], ["default,0,0,0,0,,,false", "default,0,0,0,0,,0,false"]);
    case.finish().await;
}

#[tokio::test]
async fn a_table_that_is_not_laravels_is_refused() {
    let case = Case::new(opsctl::db::Engine::Sqlite, Schema::Service).await.unwrap();
    case.write_queue_env("");
    case.execute("DROP TABLE jobs").await;
    case.execute("CREATE TABLE jobs (id integer PRIMARY KEY, title text)").await;
    let said = case.run(&["queue", "status"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("lacks the columns `queue`, `payload`"), "{}", said.err);
    case.finish().await;
}
