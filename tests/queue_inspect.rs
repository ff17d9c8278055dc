//! `queue inspect` of tables: jobs as they lie, filters, payloads that no worker can run; nothing is taken.

use crate::{
    on_every_engine,
    support::{
        Case,
        jobs::{OF_A_TABLE, Row, WITH_A_BATCH, json},
    },
};

/// An encrypted command: its first bytes are not `O:`.
const ENCRYPTED: &str = r#"{"uuid":"enc","displayName":"App\\Jobs\\Secret","job":"Illuminate\\Queue\\CallQueuedHandler@call","data":{"commandName":"App\\Jobs\\Secret","command":"eyJpdiI6IjEiLCJ2YWx1ZSI6IjIiLCJtYWMiOiIzIiwidGFnIjoiIn0="},"createdAt":1795161600}"#;

fn uuids(case: &Case, words: &[&str]) -> Vec<String> {
    let said = case.run(&[&["queue", "inspect", "webhooks", "--json"], words].concat());
    assert_eq!(said.code, 0, "{words:?}: {said:?}");
    let jobs = json(&said)["data"].as_array().unwrap().clone();
    jobs.iter().map(|job| job["uuid"].as_str().unwrap_or("-").to_owned()).collect()
}

on_every_engine! {
    async fn jobs_are_shown_as_they_lie_and_stay_there(case: &Case) {
        case.write_queue_env("");
        case.insert_job(Row { reserved: Some(-90), attempts: 2, ..Row::ready("webhooks", WITH_A_BATCH) }).await;
        case.insert_job(Row { reserved: Some(-89), attempts: 1, ..Row::ready("webhooks", ENCRYPTED) }).await;
        case.insert_job(Row { available: 60, ..Row::ready("webhooks", r#"{"uuid":"late","job":"A@fire","data":[]}"#) }).await;
        case.insert_job(Row::ready("webhooks", OF_A_TABLE)).await;
        let before = case.dump(&["jobs"]).await;
        let said = case.run(&["queue", "inspect", "webhooks", "--columns", "uuid,class,part,attempts,pushed_at,until,problem"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @r"
            UUID                                  CLASS                         PART      ATTEMPTS  PUSHED AT   UNTIL  PROBLEM
            a9dd5e90-5482-4ebd-a5d5-b078a6f75340  App\Jobs\ProcessWebhookEvent  ready            0  1h 28m ago  -      -
            late                                  -                             delayed          0  1m 40s ago  in 1m  -
            eeba5137-9898-4fed-a677-931ce0d08441  App\Jobs\SendWaMessageJob     stuck            2  1h 25m ago  now    -
            enc                                   App\Jobs\Secret               reserved         1  1h ago      in 1s  encrypted
            ");
        }
        assert_eq!(said.err, "4 jobs of queue `webhooks`.\n");
        for (words, expected) in [
            (&["--class", "ProcessWebhookEvent"][..], &["a9dd5e90-5482-4ebd-a5d5-b078a6f75340"][..]),
            (&["--class", r"App\Jobs\Secret"], &["enc"]),
            (&["--class", "Webhook"], &[]),
            (&["--id", "late"], &["late"]),
            (&["--older-than", "87m"], &["a9dd5e90-5482-4ebd-a5d5-b078a6f75340"]),
            (&["--part", "reserved"], &["eeba5137-9898-4fed-a677-931ce0d08441", "enc"]),
            (&["--part", "delayed,ready", "--limit", "1"], &["a9dd5e90-5482-4ebd-a5d5-b078a6f75340"]),
        ] {
            assert_eq!(uuids(case, words), expected, "{words:?}");
        }
        let said = case.run(&["queue", "inspect", "webhooks", "--id", "other"]);
        assert_eq!((said.code, said.err.contains("no job of queue `webhooks` has the id `other`")), (9, true), "{said:?}");
        assert_eq!(case.run(&["queue", "inspect", "webhoooks"]).code, 9);
        assert_eq!(case.run(&["queue", "inspect"]).code, 0, "the default queue is empty");
        assert_eq!(case.dump(&["jobs"]).await, before);
    }

    async fn payloads_that_no_worker_can_run_are_shown_as_such(case: &Case) {
        case.write_queue_env("");
        let large = format!(r#"{{"uuid":"large","job":"A@fire","data":"{}"}}"#, "x".repeat(10 << 20));
        let deep = format!(r#"{{"uuid":"deep","data":{}1{}}}"#, "[".repeat(600), "]".repeat(600));
        let nul = r#"{"uuid":"n\u0000l","job":"A@fire","displayName":"\u001b[31m","data":"\u0000"}"#;
        for payload in ["not JSON", "[1]", "{}", r#"{"job":"A@fire"}"#, &deep, nul, &large] {
            case.insert_job(Row::ready("webhooks", payload)).await;
        }
        let found = json(&case.run(&["queue", "inspect", "webhooks", "--json"]));
        let problems: Vec<&str> =
            found["data"].as_array().unwrap().iter().map(|job| job["problem"].as_str().unwrap_or("")).collect();
        assert_eq!(problems, [
            "the payload is not a JSON object",
            "the payload is not a JSON object",
            "the payload names no job",
            "the payload has no uuid: its failure cannot be recorded",
            "the payload is too large or too deep",
            "",
            "",
        ]);
        assert_eq!(found["data"][6]["bytes"], large.len());
        assert_eq!(found["summary"]["unreadable"], 5);
        let shown = case.run(&["queue", "inspect", "webhooks"]);
        assert!(shown.code == 0 && !shown.out.contains(['\u{1b}', '\0']), "{}", shown.out);
    }
}
