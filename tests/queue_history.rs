//! The life of a job in `queue failed --history`, and old failed jobs that `queue prune` forgets.

use crate::{
    on_every_engine,
    support::{
        Case,
        failed_jobs::{payload, uuid},
        jobs::json,
    },
};

/// Puts the table for retries beside the application's, as its user would.
fn migrate(case: &Case) {
    let said = case.run(&["db", "migrate"]);
    assert_eq!(said.code, 0, "{said:?}");
}

on_every_engine! {
    async fn a_job_is_followed_from_its_failure_to_where_it_lies(case: &Case) {
        case.write_queue_env("");
        let name = uuid(7);
        case.fail("database", "emails", Some(&name), &payload(7)).await;
        let bare = case.run(&["queue", "failed", "--history", &name]);
        assert!(bare.code == 0 && bare.err.contains("`opsctl db migrate` makes a table for them"), "{bare:?}");
        migrate(case);
        assert_eq!(case.run(&["queue", "retry", &name]).code, 0);
        let said = case.run(&["queue", "failed", "--history", &format!("'{name}'"), "--json"]);
        assert_eq!(said.code, 0, "{said:?}");
        let job = json(&said)["data"][0].clone();
        let events: Vec<&str> =
            job["history"].as_array().unwrap().iter().map(|moment| moment["event"].as_str().unwrap()).collect();
        assert_eq!(events, ["failed", "retried", "ready"], "{job}");
        assert_eq!((job["count"].as_u64(), job["class"].as_str()), (Some(1), Some(r"App\Jobs\SendWaMessageJob")));
        // A worker takes it, and it fails again.
        case.execute("DELETE FROM jobs").await;
        case.fail("database", "emails", Some(&name), &payload(7)).await;
        let said = case.run(&["queue", "failed", "--history", &name]);
        let lines: Vec<String> =
            said.out.lines().map(|line| line.split_once("by run").map_or(line, |(line, _)| line).trim_end().to_owned()).collect();
        insta::allow_duplicates! {
            insta::assert_snapshot!(lines.join("\n"), @r#"
            Job a8904d43-0c91-4dc1-9242-000000000007 of App\Jobs\SendWaMessageJob
            AT                       EVENT    QUEUE            DETAIL
            2026-11-20 08:00:00 UTC  failed   database:emails  RuntimeException: no answer
            2026-11-20 09:00:00 UTC  retried  database:emails
            2026-11-20 08:00:00 UTC  failed   database:emails  RuntimeException: no answer
            "#);
        }
        let unknown = case.run(&["queue", "failed", "--history", &uuid(8)]);
        assert_eq!((unknown.code, unknown.err.contains("nothing is known of a job")), (9, true), "{unknown:?}");
        assert_eq!(case.run(&["queue", "failed", "--history", &name, "--list"]).code, 2);
    }

    async fn what_is_older_than_a_day_is_pruned_and_the_very_second_stays(case: &Case) {
        case.write_queue_env("");
        for (number, at) in [(1, "2026-11-18 09:00:00"), (2, "2026-11-19 08:59:59"), (3, "2026-11-19 09:00:00"), (4, "2026-11-20 08:00:00")] {
            case.fail_with(["database", "emails"], Some(&uuid(number)), &payload(number), "Error: x", at).await;
        }
        let dry = case.run(&["queue:prune-failed", "--dry-run"]);
        assert_eq!((dry.code, dry.err.as_str(), case.failed().await), (0, "Dry run: this would forget 2 failed jobs.\n", 4));
        assert_eq!(case.run(&["queue", "prune"]).code, 5);
        let said = case.run(&["queue:prune-failed", "--hours=48", "--yes"]);
        assert_eq!((said.code, said.err.as_str()), (0, "No failed jobs match.\n"), "of that very second");
        let said = case.run(&["queue:prune-failed", "--yes"]);
        assert_eq!((said.code, said.err.as_str(), case.failed().await), (0, "Forgot 2 failed jobs.\n", 2));
        let journal = std::fs::read_to_string(case.folder.path().join("state/journal.jsonl")).unwrap();
        assert!(journal.contains("\"command\":\"queue prune\""), "{journal}");
        let flush = case.run(&["queue", "flush", "--hours", "24", "--yes"]);
        assert_eq!((flush.code, case.failed().await), (0, 1), "a flush takes that second, too");
    }
}
