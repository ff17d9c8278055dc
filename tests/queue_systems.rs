//! The system at hand decides what a setting means, whichever command asks.

use opsctl::db::Engine;

use crate::support::{Case, Event, Schema, jobs::json, redis::Redis};

/// The queue, the cache and the locks of the payment-webhook service, without a word about which system it is.
fn settings(redis: &Redis, more: &str) -> String {
    format!(
        "QUEUE_CONNECTION=redis\nCACHE_STORE=redis\nCACHE_PREFIX=payc-\nREDIS_PREFIX=pay-\nREDIS_HOST=127.0.0.1\n\
         REDIS_PORT={}\n{more}",
        redis.port
    )
}

#[tokio::test]
async fn every_command_takes_the_databases_of_the_system_whose_tables_are_there() {
    let Some(redis) = Redis::start(&[]) else { return };
    let Some(case) = Case::new(Engine::Sqlite, Schema::Service).await else { return };
    Event::due("e").insert(&case).await;
    for more in ["", "REDIS_QUEUE_CONNECTION=queue\n"] {
        redis.cli(&["FLUSHALL"]);
        case.write_env(&settings(&redis, more));
        case.execute("UPDATE webhook_events SET status = 'received', next_retry_at = NULL").await;
        let said = case.run(&["webhooks", "retry", "--queue", "--json"]);
        assert_eq!(
            (said.code, redis.cli(&["-n", "2", "LLEN", "pay-queues:webhooks"])),
            (0, "1".into()),
            "{said:?}"
        );
        let said = case.run(&["queue", "status", "--json"]);
        assert_eq!((said.code, json(&said)["summary"]["ready"].as_u64()), (0, Some(1)), "{said:?}");
        assert_eq!(case.run(&["queue", "inspect", "webhooks", "-o", "ids"]).out.lines().count(), 1);
        let said = case.run(&["redis", "ping", "--json"]);
        let roles = json(&said)["data"]["places"][0]["roles"].clone();
        let databases: Vec<_> =
            roles.as_array().unwrap().iter().map(|role| role["database"].as_i64().unwrap()).collect();
        assert_eq!(databases, [0, 1, 2, 3], "{said:?}");
        assert_eq!(case.run(&["queue", "clear", "webhooks", "--yes"]).code, 0);
        assert_eq!(redis.cli(&["-n", "2", "EXISTS", "pay-queues:webhooks"]), "0");
    }
    case.execute("DROP TABLE webhook_events").await;
    case.write_env(&settings(&redis, ""));
    redis.cli(&["RPUSH", "pay-queues:mails", "{}"]);
    assert_eq!(json(&case.run(&["queue", "status", "mails", "--json"]))["summary"]["ready"], 1);
    case.finish().await;
}

// Redis databases of a system that is not known would be a guess.
#[tokio::test]
async fn a_database_that_cannot_tell_the_system_is_told_and_a_set_one_does_without() {
    let Some(redis) = Redis::start(&[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let away =
        format!("DB_CONNECTION=pgsql\nDB_HOST=127.0.0.1\nDB_PORT={}\n", crate::support::port::free_port());
    std::fs::write(folder.path().join(".env"), format!("APP_NAME=Pay\n{away}{}", settings(&redis, "")))
        .unwrap();
    let run = |words: &[&str]| crate::support::cli::run(folder.path(), words);
    let said = run(&["queue", "status"]);
    assert_eq!((said.code, said.err.contains("OPSCTL_SYSTEM=NAME")), (7, true), "{said:?}");
    let said = run(&["redis", "ping"]);
    assert_eq!((said.code, said.err.contains("those of plain Laravel")), (0, true), "{said:?}");
    let text = format!("TENRUSL_SCHEDULER_LIMIT=9\nAPP_NAME=Pay\n{away}{}", settings(&redis, ""));
    std::fs::write(folder.path().join(".env"), text).unwrap();
    let said = run(&["queue", "status", "--max", "5"]);
    assert_eq!(said.code, 0, "{said:?}");
}

// Horizon finds a job by its id, which is the uuid there.
#[tokio::test]
async fn under_a_living_horizon_the_id_of_a_new_job_is_its_uuid() {
    let Some(redis) = Redis::start(&[]) else { return };
    let Some(case) = Case::new(Engine::Sqlite, Schema::Service).await else { return };
    case.write_env(&settings(&redis, "HORIZON_PREFIX=h:\n"));
    for alive in [false, true] {
        if alive {
            let now = redis.cli(&["TIME"]).lines().next().unwrap().to_owned();
            redis.cli(&["ZADD", "h:masters", &now, "host-1"]);
        }
        Event::due(if alive { "a" } else { "b" }).insert(&case).await;
        assert_eq!(case.run(&["webhooks", "retry", "--queue"]).code, 0);
        let payload = redis.cli(&["-n", "2", "LINDEX", "pay-queues:webhooks", "-1"]);
        let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
        assert_eq!(payload["id"] == payload["uuid"], alive, "{payload}");
    }
    case.finish().await;
}
