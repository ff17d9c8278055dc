//! `queue retry` of unique jobs: the lock is taken before the push and left for the job, or the job stays.

use crate::{
    on_every_engine,
    support::{
        Case,
        failed_jobs::{Queue, outcome, payload_with, renewed, uuid},
    },
};

const JSON: [&str; 5] = ["queue", "retry", "all", "-o", "json"];
/// The store's prefix of the application of all tests.
const PREFIX: &str = "payment-hooks-local-cache-";

/// A job that holds the lock of a kind while it waits, in a store.
fn unique(number: u32, kind: &str, store: &str) -> String {
    let name = format!("laravel_unique_job:App\\\\Jobs\\\\SendWaMessageJob:{kind}");
    let length = name.len() - 2;
    payload_with(
        number,
        &format!(
            r#","illuminate:log:context":{{"data":[],"hidden":{{"laravel_unique_job_cache_store":"s:{}:\"{store}\";","laravel_unique_job_key":"s:{length}:\"{name}\";"}}}}"#,
            store.len()
        ),
    )
}

/// The lock's key in the table.
fn key(kind: &str) -> String {
    format!(r"{PREFIX}laravel_unique_job:App\Jobs\SendWaMessageJob:{kind}")
}

/// Owner and time to live of a kind's lock in the table.
async fn lock(case: &Case, kind: &str) -> Option<(String, i64)> {
    let table = case.db.table("cache_locks").await.unwrap().unwrap();
    let sql = format!("SELECT {} AS name, owner, expiration FROM cache_locks", table.column("key"));
    let rows = case.rows(&sql).await;
    let row = rows.iter().find(|row| row.text("name").unwrap() == key(kind))?;
    Some((row.text("owner").unwrap(), row.int("expiration").unwrap() - crate::support::now().timestamp()))
}

async fn hold(case: &Case, kind: &str, owner: &str, seconds: i64) {
    let table = case.db.table("cache_locks").await.unwrap().unwrap();
    let until = crate::support::now().timestamp() + seconds;
    let sql =
        format!("INSERT INTO cache_locks ({}, owner, expiration) VALUES (?, ?, ?)", table.column("key"));
    let query = opsctl::db::Query::new(sql).bind(key(kind)).bind(owner).bind(until);
    case.db.session().await.unwrap().execute(query).await.unwrap();
}

on_every_engine! {
    async fn a_free_lock_is_taken_and_one_of_another_job_keeps_its_own_away(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            for (number, kind) in [(1, "free"), (2, "held"), (3, "over"), (4, "free")] {
                case.fail(queue.connection(), "wa", Some(&uuid(number)), &unique(number, kind, "database")).await;
            }
            hold(case, "held", "somebody", 60).await;
            hold(case, "over", "somebody", 0).await;
            let said = case.run(&JSON);
            assert_eq!((said.code, case.failed().await), (0, 2), "{said:?}");
            for waits in [2, 4] {
                let (found, why) = outcome(&said, &uuid(waits));
                assert!(found == "skipped" && why.contains("its unique lock is held"), "{said:?}");
            }
            let pushed = [(1, "free"), (3, "over")].map(|(number, kind)| renewed(&unique(number, kind, "database")));
            assert_eq!(queue.jobs(case, "wa").await, pushed);
            let (owner, seconds) = lock(case, "free").await.unwrap();
            assert!(owner.len() == 16 && seconds == 86_400, "{owner}, {seconds}");
            assert_eq!(lock(case, "held").await.unwrap().0, "somebody");
            assert_ne!(lock(case, "over").await.unwrap().0, "somebody");
            // What waits keeps the others away until a worker frees the lock.
            let again = case.run(&JSON);
            assert_eq!((again.code, case.failed().await), (0, 2), "{again:?}");
            case.execute("DELETE FROM cache_locks").await;
            let last = case.run(&JSON);
            assert_eq!((last.code, case.failed().await), (0, 0), "{last:?}");
            case.execute("DELETE FROM cache_locks").await;
        }
    }

    async fn a_job_that_names_its_owner_and_time_gets_its_lock_for_both(case: &Case) {
        case.write_env("QUEUE_CONNECTION=database\n");
        let job = unique(1, "own", "database").replace(
            r#"SendWaMessageJob\":1:{s:11"#,
            r#"SendWaMessageJob\":3:{s:9:\"uniqueFor\";i:60;s:15:\"uniqueLockOwner\";s:16:\"0123456789abcdef\";s:11"#,
        );
        case.fail("database", "wa", Some(&uuid(1)), &job).await;
        hold(case, "own", "0123456789abcdef", 5).await; // left behind by a worker that was killed
        let said = case.run(&JSON);
        assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
        assert_eq!(lock(case, "own").await.unwrap().0, "0123456789abcdef");
    }

    async fn the_service_s_own_job_takes_its_lock_though_its_payload_names_none(case: &Case) {
        case.write_env("QUEUE_CONNECTION=database\n");
        let job = payload_with(1, "")
            .replace("SendWaMessageJob", "ProcessWebhookEvent")
            .replace("O:25", "O:28")
            .replace(r#"s:11:\"waMessageId\";i:1;"#, r#"s:14:\"webhookEventId\";s:26:\"01jd000000ugl104fe44798f39\";"#);
        case.fail("database", "webhooks", Some(&uuid(1)), &job).await;
        let said = case.run(&JSON);
        assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
        let table = case.db.table("cache_locks").await.unwrap().unwrap();
        let rows = case.rows(&format!("SELECT {} AS name, expiration FROM cache_locks", table.column("key"))).await;
        assert_eq!(
            rows[0].text("name").unwrap(),
            format!(r"{PREFIX}laravel_unique_job:App\Jobs\ProcessWebhookEvent:webhook-event:01jd000000ugl104fe44798f39")
        );
        assert_eq!(rows[0].int("expiration").unwrap() - crate::support::now().timestamp(), 600);
    }

    async fn a_lock_in_another_store_keeps_its_job(case: &Case) {
        case.write_env("QUEUE_CONNECTION=database\n");
        case.fail("database", "wa", Some(&uuid(1)), &unique(1, "far", "memcached")).await;
        let said = case.run(&JSON);
        assert_eq!((said.code, case.failed().await), (1, 1), "{said:?}");
        let (found, why) = outcome(&said, &uuid(1));
        assert!(found == "failed" && why.contains("the cache store `memcached`, not in `database`"), "{why}");
    }

    // Locks on Redis are no part of the transaction: killed between lock and push, the next run knows its own.
    async fn a_lock_of_a_run_that_was_killed_is_known(case: &Case) {
        for queue in [Some(Queue::Table), Queue::redis()].into_iter().flatten() {
            let Some(Queue::Redis(locks)) = Queue::redis() else { return };
            let port = match &queue { Queue::Redis(redis) => redis.port, Queue::Table => locks.port };
            let redis = if let Queue::Redis(redis) = &queue { redis } else { &locks };
            case.write_env(&format!("CACHE_STORE=redis\nQUEUE_CONNECTION={}\nREDIS_HOST=127.0.0.1\nREDIS_PORT={port}\nREDIS_PREFIX=app-\nREDIS_QUEUE_CONNECTION=default\nREDIS_CACHE_LOCK_CONNECTION=default\n", queue.connection()));
            case.fail(queue.connection(), "wa", Some(&uuid(1)), &unique(1, "free", "redis")).await;
            let killed = case.run_with(&[("OPSCTL_CRASH_AT", "retry-unique")], &JSON);
            assert_eq!((killed.signal, case.failed().await), (Some(9), 1), "{killed:?}");
            let key = format!(r"app-{PREFIX}laravel_unique_job:App\Jobs\SendWaMessageJob:free");
            let owner = redis.cli(&["GET", &key]);
            assert_eq!(owner.len(), 16, "{owner}: {}", redis.cli(&["KEYS", "*"]));
            let said = case.run(&JSON);
            assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
            assert_eq!(queue.jobs(case, "wa").await.len(), 1);
            assert_eq!(redis.cli(&["GET", &key]), owner, "the job holds it");
        }
    }
}
