//! `queue retry` where jobs could get lost in silence: a Redis that forgets what a run has pushed, jobs that failed again
//! after a run was cut off, and queues that no worker looks at.

use crate::{
    on_every_engine,
    support::{
        Case,
        failed_jobs::{Queue, outcome, payload, payload_with, renewed, uuid},
    },
};

const ALL: [&str; 3] = ["queue", "retry", "all"];
const JSON: [&str; 5] = ["queue", "retry", "all", "-o", "json"];

/// Six failed jobs, in three chunks.
async fn fail_six(case: &Case) {
    let filler = format!(r#","own":"{}""#, "x".repeat(1_700_000));
    for number in 1..7 {
        case.fail("redis", "emails", Some(&uuid(number)), &payload_with(number, &filler)).await;
    }
}

on_every_engine! {
    async fn a_redis_that_forgets_what_earlier_chunks_pushed_is_told(case: &Case) {
        let Some(Queue::Redis(mut redis)) = Queue::redis() else { return };
        case.write_env(&Queue::settings_at(redis.port));
        for (at, restarts, left) in [("retry-locked#2", false, 2), ("retry-pushed#2", true, 2), ("retry-settled#3", false, 0)] {
            case.execute("DELETE FROM failed_jobs").await;
            fail_six(case).await;
            let held = case.hold(at, &ALL);
            match restarts {
                true => redis.restart(&[]),
                false => assert_eq!(redis.cli(&["FLUSHALL"]), "OK"),
            }
            let said = held.go();
            let told = said.err.contains("has lost jobs that this run had pushed");
            assert_eq!((said.code, told, case.failed().await), (1, true, left), "{at}: {said:?}");
            assert!(said.err.contains("opsctl_retried_jobs") || said.err.contains("opsctl db migrate"), "{said:?}");
            // What was pushed behind the loss is there, and the next run goes on.
            let again = case.run(&ALL);
            assert_eq!((again.code, case.failed().await), (0, 0), "{at}: {again:?}");
            let expected = if at == "retry-settled#3" { "0" } else { "4" };
            assert_eq!(redis.cli(&["LLEN", "app-queues:emails"]), expected, "{at}");
            redis.cli(&["FLUSHALL"]);
        }
    }

    async fn what_failed_again_after_a_run_was_cut_off_is_pushed_again(case: &Case) {
        case.without_uuids().await;
        let Some(queue) = Queue::redis() else { return };
        case.write_env(&format!("{}QUEUE_FAILED_DRIVER=database\n", queue.settings()));
        for number in 1..4 {
            case.fail("redis", "emails", None, &payload(number)).await;
        }
        drop(case.hold("retry-pushed", &ALL));
        assert_eq!(queue.jobs(case, "emails").await.len(), 3);
        let Queue::Redis(redis) = &queue else { return };
        redis.cli(&["DEL", "app-queues:emails", "app-queues:emails:notify"]);
        case.fail("redis", "emails", None, &payload(2)).await;
        let ids = case.rows("SELECT id FROM failed_jobs ORDER BY id").await;
        let ids: Vec<String> = ids.iter().map(|row| row.text("id").unwrap()).collect();
        let said = case.run(&JSON);
        assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
        let why = "an earlier run pushed it and was cut off, and a worker has taken it since";
        assert_eq!(outcome(&said, &ids[1]), ("present".into(), why.into()));
        assert_eq!(outcome(&said, &ids[3]).0, "retried");
        assert_eq!(queue.jobs(case, "emails").await, [renewed(&payload(2))]);
    }

    async fn a_failed_job_that_names_no_queue_goes_to_the_default_one(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            case.fail(queue.connection(), "", Some(&uuid(1)), &payload(1)).await;
            let said = case.run(&ALL);
            assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
            assert_eq!(queue.jobs(case, "default").await, [renewed(&payload(1))], "{}", queue.connection());
        }
    }

    async fn a_queue_whose_keys_are_no_lists_is_not_touched(case: &Case) {
        let Some(Queue::Redis(redis)) = Queue::redis() else { return };
        case.write_env(&Queue::settings_at(redis.port));
        case.fail_all("redis", "emails", 0..3).await;
        redis.cli(&["SET", "app-queues:emails:notify", "x"]);
        let said = case.run(&ALL);
        assert_eq!((said.code, case.failed().await), (1, 3), "{said:?}");
        assert_eq!(redis.cli(&["EXISTS", "app-queues:emails"]), "0");
        redis.cli(&["DEL", "app-queues:emails:notify"]);
        assert_eq!((case.run(&ALL).code, case.failed().await), (0, 0));
    }

    async fn queues_under_another_prefix_are_told_before_anything_is_pushed(case: &Case) {
        let Some(Queue::Redis(redis)) = Queue::redis() else { return };
        case.write_env(&format!("{}REDIS_QUEUE_DB=0\n", Queue::settings_at(redis.port)));
        case.fail_all("redis", "emails", 0..1).await;
        redis.cli(&["RPUSH", "other-queues:default", "{}"]);
        let events = &["webhooks", "retry", "--queue", "--dry-run"][..];
        for words in [events, &["queue", "retry", "all", "--dry-run"], &ALL] {
            let said = case.run(words);
            assert!(said.code == 0 && said.err.contains("`REDIS_PREFIX=other-`"), "{said:?}");
        }
        case.fail_all("redis", "emails", 1..2).await;
        let said = case.run(&ALL);
        assert!(said.code == 0 && !said.err.contains("REDIS_PREFIX"), "our own prefix has a queue now: {said:?}");
    }
}
