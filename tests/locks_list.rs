//! `locks list` of the table `cache_locks`: what each lock is for, since when, and who needs it.

use std::collections::BTreeMap;

use crate::{
    on_every_engine,
    schemas::{require_valid, schema, strict},
    support::{
        Case,
        jobs::{OF_A_TABLE, RESERVED, Row, json},
        locks::{ENTRY, RUN, overlap, unique},
    },
};

/// The event of [`OF_A_TABLE`], and that of [`RESERVED`].
const READY: &str = "01jdready00000000000000000";
const TAKEN: &str = "01jdreserved00000000000000";

/// A lock of every kind, and the jobs of some.
async fn fill(case: &Case) {
    case.insert_job(Row::ready("webhooks", OF_A_TABLE)).await;
    case.insert_job(Row { reserved: Some(-20), attempts: 1, ..Row::ready("webhooks", RESERVED) }).await;
    case.lock(&unique(READY), "aT1kM8WV4cBq4vYv", 599).await;
    case.lock(&unique("01jdgone"), "bT1kM8WV4cBq4vYv", 300).await;
    case.lock(&unique("01jdnew"), "cT1kM8WV4cBq4vYv", 590).await;
    case.lock(&overlap(TAKEN), "Z9Ahaw1DW3M6PEN5", 86_380).await;
    case.lock(&overlap(READY), "Y9Ahaw1DW3M6PEN5", 80_000).await;
    case.lock(&overlap("01jdold"), "X9Ahaw1DW3M6PEN5", -50).await;
    case.lock(ENTRY, "Mslp1fB4haAhQS0g", 590).await;
    case.lock(&format!("{ENTRY}0731"), "Nslp1fB4haAhQS0g", 3000).await;
    case.lock(&format!("{ENTRY}0900"), "Oslp1fB4haAhQS0g", 3590).await;
    case.lock(RUN, "35j8q3f2zfeQzQbg", 890).await;
    case.lock("tenrusl:idemp:lock:order-7", "45j8q3f2zfeQzQbg", 20).await;
    case.lock("import", "web-1", 3600).await;
    case.lock_as("other-cache-laravel_unique_job:A:1", "55j8q3f2zfeQzQbg", 60).await;
}

/// The states of the locks that a list shows, by their names.
fn states(case: &Case, words: &[&str]) -> BTreeMap<String, String> {
    let said = case.run(&[&["locks", "list", "--json"], words].concat());
    assert_eq!(said.code, 0, "{words:?}: {said:?}");
    let text = |lock: &serde_json::Value, name: &str| lock[name].as_str().unwrap().to_owned();
    let locks = json(&said)["data"].as_array().unwrap().clone();
    locks.iter().map(|lock| (text(lock, "name"), text(lock, "state"))).collect()
}

on_every_engine! {
    async fn every_lock_is_told_with_who_needs_it(case: &Case) {
        case.write_queue_env("");
        fill(case).await;
        let before = case.dump(&["cache_locks", "jobs"]).await;
        let said = case.run(&["locks", "list", "--columns", "name,kind,state,since,until,affects"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @r#"
            NAME                                                                                         KIND         STATE    SINCE       UNTIL       AFFECTS
            framework/schedule-9918ad34698ff42803f3b4d2815036c8088494ad                                  schedule     live     10s ago     in 9m 50s   its run: it holds the lock `tenrusl:cmd:webhooks:retry:global`
            framework/schedule-9918ad34698ff42803f3b4d2815036c8088494ad0731                              one-server   stale    10m ago     in 50m      nobody: that minute is over, and the key is left to its end
            framework/schedule-9918ad34698ff42803f3b4d2815036c8088494ad0900                              one-server   live     10s ago     in 59m      the entry: without it another server begins it again in this minute
            import                                                                                       other        unclear  -           in 1h       whether somebody needs it cannot be seen from here
            laravel-queue-overlap:App\Jobs\ProcessWebhookEvent:webhook-event:01jdold                     overlap      expired  -           50s ago     nobody: its time is over, and whoever asks for it gets it
            laravel-queue-overlap:App\Jobs\ProcessWebhookEvent:webhook-event:01jdready00000000000000000  overlap      stale    1h 46m ago  in 22h 13m  nobody works on it; it keeps out job a9dd5e90-5482-4ebd-a5d5-b078a6f75340 of database:webhooks, which waits
            laravel-queue-overlap:App\Jobs\ProcessWebhookEvent:webhook-event:01jdreserved00000000000000  overlap      live     20s ago     in 23h 59m  job 2b0b2127-7722-40b2-a0c2-a3f41cc041aa of database:webhooks, which a worker has
            laravel_unique_job:App\Jobs\ProcessWebhookEvent:webhook-event:01jdgone                       unique       stale    5m ago      in 5m       nobody: no job in the queues of database has it
            laravel_unique_job:App\Jobs\ProcessWebhookEvent:webhook-event:01jdnew                        unique       unclear  10s ago     in 9m 50s   perhaps a job that is being pushed: the lock was taken less than a minute ago
            laravel_unique_job:App\Jobs\ProcessWebhookEvent:webhook-event:01jdready00000000000000000     unique       live     1s ago      in 9m 59s   job a9dd5e90-5482-4ebd-a5d5-b078a6f75340 of database:webhooks, which waits
            tenrusl:cmd:webhooks:retry:global                                                            run          live     10s ago     in 14m      a run of the application, or of opsctl on another host
            tenrusl:idemp:lock:order-7                                                                   idempotency  live     10s ago     in 20s      a request that is being answered, or was broken off
            "#);
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.err, @r#"
            12 locks: 6 live, 2 unclear, 3 stale, 1 expired.
            Locks under `other-cache-` lie there too, and are not shown.
            "#);
        }
        assert_eq!((said.code, case.dump(&["cache_locks", "jobs"]).await), (0, before));
        let found = json(&case.run(&["locks", "list", "--json"]));
        require_valid(&strict(schema("locks-list")), &found, "locks list");
        assert_eq!(found["data"][5]["jobs"][0]["role"], "blocked");
    }

    async fn filters_narrow_the_list(case: &Case) {
        case.write_queue_env("");
        let said = case.run(&["locks", "list"]);
        assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
        fill(case).await;
        let all = states(case, &[]);
        assert_eq!(all.len(), 12, "{all:?}");
        let of = |words: &[&str]| states(case, words).into_keys().collect::<Vec<_>>();
        assert_eq!(of(&["--kind", "run,idempotency"]), [RUN, "tenrusl:idemp:lock:order-7"]);
        assert_eq!(of(&["--kind", "overlap", "--stale"]), [overlap("01jdold"), overlap(READY)]);
        assert_eq!(of(&["--pattern", r"*:App\Jobs\*:01jdgone"]), [unique("01jdgone")]);
        assert_eq!(of(&["--pattern", "??port"]), ["import"]);
        assert!(of(&["--no-expiry"]).is_empty(), "rows always have an end");
        let said = case.run(&["locks", "list", "--limit", "2"]);
        assert!(said.err.starts_with("The first 2 locks: "), "{said:?}");
        let said = case.run(&["locks", "list", "--stale", "-o", "ids"]);
        assert_eq!(said.out.lines().count(), 4, "{said:?}");
    }

    async fn where_jobs_cannot_be_looked_at_their_locks_are_unclear(case: &Case) {
        case.write_env("QUEUE_CONNECTION=sync\n");
        fill(case).await;
        let states = states(case, &["--kind", "unique,overlap"]);
        let expired = overlap("01jdold");
        for (name, state) in &states {
            assert_eq!(state, if *name == expired { "expired" } else { "unclear" }, "{name}");
        }
        let said = case.run(&["locks", "list"]);
        assert!(said.err.contains("warning: whether jobs need a lock cannot be seen: the queue connection `sync`"), "{said:?}");
        let named = case.run(&["locks", "list", "--connection", "database", "--json"]);
        assert_eq!(json(&named)["summary"]["connections"][0], "database");
        assert_eq!(case.run(&["locks", "list", "--store", "file"]).code, 6);
    }
}
