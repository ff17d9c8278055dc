//! Queues on Redis: counted, inspected and cleared as Laravel left them; wrong prefixes, Horizon, servers in trouble.

use opsctl::db::Engine;

use crate::support::{
    Case, Schema,
    cli::wait_until,
    jobs::{DELAYED, READY, RESERVED, json},
    redis::Redis,
};

/// A SQLite application whose queue and cache are on a Redis of its own.
async fn room(options: &[&str]) -> Option<(Case, Redis)> {
    let redis = Redis::start(options)?;
    let case = Case::new(Engine::Sqlite, Schema::Service).await?;
    case.write_env(&settings(&redis, "app_"));
    Some((case, redis))
}

fn settings(redis: &Redis, prefix: &str) -> String {
    format!(
        "REDIS_QUEUE_CONNECTION=default\nREDIS_CACHE_LOCK_CONNECTION=default\nQUEUE_CONNECTION=redis\nCACHE_STORE=redis\nCACHE_PREFIX=cache_\nREDIS_PREFIX={prefix}\n\
         REDIS_HOST=127.0.0.1\nREDIS_PORT={}\n",
        redis.port
    )
}

/// The server's second.
fn now(redis: &Redis) -> i64 {
    redis.cli(&["TIME"]).lines().next().unwrap().parse().unwrap()
}

/// The jobs of the samples, as workers and pushes leave them. Scores are seconds from now.
fn fill(redis: &Redis, delayed: i64, reserved: i64) {
    let now = now(redis);
    redis.cli(&["RPUSH", "app_queues:webhooks", READY]);
    redis.cli(&["RPUSH", "app_queues:webhooks:notify", "1"]);
    redis.cli(&["ZADD", "app_queues:webhooks:delayed", &(now + delayed).to_string(), DELAYED]);
    redis.cli(&["ZADD", "app_queues:webhooks:reserved", &(now + reserved).to_string(), RESERVED]);
}

/// Every key with its bytes.
fn dump(redis: &Redis) -> Vec<String> {
    let mut keys: Vec<String> = redis.cli(&["KEYS", "*"]).lines().map(str::to_owned).collect();
    keys.sort();
    keys.into_iter().map(|key| format!("{key} {}", redis.cli(&["--no-raw", "DUMP", &key]))).collect()
}

fn counts(case: &Case) -> [u64; 4] {
    let said = case.run(&["queue", "status", "webhooks", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let line = &json(&said)["data"][0];
    ["ready", "delayed", "reserved", "stuck"].map(|key| line[key].as_u64().unwrap())
}

#[tokio::test]
async fn jobs_on_redis_are_counted_to_the_second() {
    let Some((case, redis)) = room(&[]).await else { return };
    for (delayed, reserved, expected) in [(0, 0, [2, 0, 0, 1]), (1, 1, [1, 1, 1, 0])] {
        // A second may pass between the keys that are written and those that are read.
        let (mut began, mut ended, mut counted) = (0, 1, [0; 4]);
        while began != ended {
            redis.cli(&["FLUSHALL"]);
            began = now(&redis);
            fill(&redis, delayed, reserved);
            counted = counts(&case);
            ended = now(&redis);
        }
        assert_eq!(counted, expected, "{delayed} {reserved}");
    }
    case.finish().await;
}

#[tokio::test]
async fn looking_shows_the_bytes_of_laravel_and_changes_none() {
    let Some((case, redis)) = room(&[]).await else { return };
    fill(&redis, 600, -5);
    redis.cli(&["RPUSH", "app_queues:mails", "not JSON"]);
    let before = dump(&redis);
    let all = json(&case.run(&["queue", "status", "--json"]));
    let queues: Vec<&str> =
        all["data"].as_array().unwrap().iter().map(|line| line["queue"].as_str().unwrap()).collect();
    assert_eq!(queues, ["default", "mails", "webhooks"]);
    assert_eq!(all["data"][2]["oldest"], "2026-11-20T07:31:38Z");
    let found = json(&case.run(&["queue", "inspect", "redis:webhooks", "--json"]));
    let jobs: Vec<(&str, &str, i64, bool)> = found["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| {
            let text = |key: &str| job[key].as_str().unwrap();
            (text("uuid"), text("part"), job["attempts"].as_i64().unwrap(), job["stuck"] == true)
        })
        .collect();
    assert_eq!(
        jobs,
        [
            ("47cf00c5-dae4-4c82-8b94-b957bba9a56a", "ready", 0, false),
            ("cfee35ac-793d-4876-8031-62304325f329", "delayed", 0, false),
            ("2b0b2127-7722-40b2-a0c2-a3f41cc041aa", "reserved", 1, true),
        ]
    );
    let by_id =
        case.run(&["queue", "inspect", "webhooks", "--id", "xDTVlbDnnG7aB3v4dXIl6uENd6skMtE9", "-o", "ids"]);
    assert_eq!(by_id.out.trim(), "cfee35ac-793d-4876-8031-62304325f329", "{by_id:?}");
    let odd = json(&case.run(&["queue", "inspect", "mails", "--json"]));
    assert_eq!(odd["data"][0]["problem"], "the payload is not a JSON object");
    assert_eq!(dump(&redis), before);
    case.finish().await;
}

// Whoever may push decides what lies there.
#[tokio::test]
async fn bytes_that_are_no_payload_are_shown_as_such_and_stay() {
    let Some((case, redis)) = room(&[]).await else { return };
    let client = redis::Client::open(format!("redis://127.0.0.1:{}", redis.port)).unwrap();
    let mut link = client.get_multiplexed_async_connection().await.unwrap();
    let large =
        format!(r#"{{"uuid":"large","job":"A@fire","attempts":0,"data":"{}"}}"#, "x".repeat(10 << 20));
    let payloads: [&[u8]; 5] =
        [b"a\0b", b"{\"uuid\":\"\xff\"}", b"", b"{\"uuid\":7,\"job\":\"A@fire\"}", large.as_bytes()];
    for part in ["", ":delayed", ":reserved"] {
        for (at, payload) in payloads.iter().enumerate() {
            let mut push = redis::cmd(if part.is_empty() { "RPUSH" } else { "ZADD" });
            push.arg(format!("app_queues:odd{part}"));
            if !part.is_empty() {
                push.arg(now(&redis) + 3600 + i64::try_from(at).unwrap());
            }
            let _: () = push.arg(*payload).query_async(&mut link).await.unwrap();
        }
    }
    let found = json(&case.run(&["queue", "inspect", "odd", "--json"]));
    let problems = |part: &str| -> Vec<String> {
        let jobs = found["data"].as_array().unwrap().iter().filter(|job| job["part"] == part);
        jobs.map(|job| job["problem"].as_str().unwrap_or("").to_owned()).collect()
    };
    for part in ["ready", "delayed", "reserved"] {
        assert_eq!(
            problems(part),
            [
                "the payload is not a JSON object",
                "the payload is not UTF-8",
                "the payload is not a JSON object",
                "the payload has no number of attempts: it is lost when a worker takes it",
                "",
            ],
            "{part}"
        );
    }
    assert_eq!(json(&case.run(&["queue", "status", "odd", "--json"]))["summary"]["ready"], 5);
    assert_eq!(redis.cli(&["LLEN", "app_queues:odd"]), "5");
    case.finish().await;
}

// A delayed job that is due lies where it is until a worker comes; it may be taken, and is shown as such.
#[tokio::test]
async fn a_delayed_job_that_is_due_is_ready() {
    let Some((case, redis)) = room(&[]).await else { return };
    fill(&redis, -5, 60);
    let parts = |part: &str| case.run(&["queue", "inspect", "webhooks", "--part", part, "-o", "ids"]).out;
    assert_eq!(parts("ready").lines().count(), 2);
    assert_eq!(parts("delayed"), "");
    assert_eq!(counts(&case), [2, 0, 1, 0]);
    case.finish().await;
}

#[tokio::test]
async fn more_jobs_than_a_window_are_all_seen() {
    let Some((case, redis)) = room(&[]).await else { return };
    let jobs: Vec<String> = (0..997).map(|at| format!(r#"{{"uuid":"u{at}","job":"A@fire"}}"#)).collect();
    let push: Vec<&str> =
        ["RPUSH", "app_queues:default"].into_iter().chain(jobs.iter().map(String::as_str)).collect();
    redis.cli(&push);
    let said = case.run(&["queue", "inspect", "--limit", "10000", "-o", "ids"]);
    let expected: Vec<String> = (0..997).map(|at| format!("u{at}")).collect();
    assert_eq!(said.out.lines().collect::<Vec<_>>(), expected);
    case.finish().await;
}

#[tokio::test]
async fn the_prefix_under_which_queues_lie_is_suggested() {
    let Some((case, redis)) = room(&[]).await else { return };
    fill(&redis, 60, 60);
    redis.cli(&["SET", "a:illuminate:queues:paused", "b:1;"]);
    case.write_env(&settings(&redis, "laravel_database_"));
    let said = case.run(&["queue", "status"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("no queue holds jobs under the configured prefix"), "{}", said.err);
    assert!(said.err.contains("`REDIS_PREFIX=app_`"), "{}", said.err);
    for words in [
        &["queue", "status", "webhooks"][..],
        &["queue", "clear", "webhooks", "--yes"],
        &["queue", "inspect", "webhooks"],
    ] {
        let said = case.run(words);
        assert_eq!((said.code, said.err.contains("`REDIS_PREFIX=app_`")), (9, true), "{words:?}: {said:?}");
    }
    case.write_env(&settings(&redis, "app_"));
    assert_eq!(counts(&case), [1, 1, 1, 0]);
    case.finish().await;
}

#[tokio::test]
async fn clearing_removes_all_four_keys() {
    let Some((case, redis)) = room(&[]).await else { return };
    fill(&redis, 60, 60);
    redis.cli(&["RPUSH", "app_queues:mails", READY]);
    let said = case.run(&["queue", "clear", "webhooks", "--yes"]);
    assert_eq!((said.code, said.err.contains("Removed 3 jobs of queue `webhooks`")), (0, true), "{said:?}");
    assert_eq!(redis.cli(&["KEYS", "*"]), "app_queues:mails");
    case.finish().await;
}

// Values of the cache are in database 1, without an end, and numbers are bare digits.
#[tokio::test]
async fn signs_on_redis_are_the_frameworks() {
    let Some((case, redis)) = room(&[]).await else { return };
    let get = |key: &str| redis.cli(&["-n", "1", "GET", &format!("app_cache_{key}")]);
    assert_eq!(case.run(&["queue", "restart"]).code, 0);
    assert_eq!(get("illuminate:queue:restart"), "1795165200");
    assert_eq!(case.run(&["queue", "restart"]).code, 0);
    assert_eq!(get("illuminate:queue:restart"), "1795165201");
    assert_eq!(redis.cli(&["-n", "1", "TTL", "app_cache_illuminate:queue:restart"]), "-1");
    assert_eq!(case.run(&["queue", "pause", "webhooks"]).code, 0);
    assert_eq!(get("illuminate:queue:paused:redis:webhooks"), "b:1;");
    assert_eq!(case.run(&["queue", "resume", "webhooks"]).code, 0);
    assert_eq!(get("illuminate:queue:paused:redis:webhooks"), "");
    case.finish().await;
}

#[tokio::test]
async fn horizon_is_seen_alive_paused_and_gone() {
    let Some((case, redis)) = room(&[]).await else { return };
    fill(&redis, 60, 60);
    let horizon = || json(&case.run(&["queue", "status", "--json"]))["summary"]["horizon"].clone();
    assert!(horizon().is_null());
    let seen = |ago: i64| (now(&redis) - ago).to_string();
    redis.cli(&["ZADD", "payment_hooks_horizon:masters", &seen(2), "host-1"]);
    redis.cli(&["HSET", "payment_hooks_horizon:master:host-1", "status", "running"]);
    let found = horizon();
    assert_eq!(
        (&found["alive"], &found["masters"], &found["paused"]),
        (&1.into(), &1.into(), &0.into()),
        "{found}"
    );
    let said = case.run(&["queue", "status"]);
    assert!(
        said.err.contains("Horizon (`payment_hooks_horizon:`) is alive: 1 of 1 masters."),
        "{}",
        said.err
    );
    redis.cli(&["HSET", "payment_hooks_horizon:master:host-1", "status", "paused"]);
    assert_eq!(horizon()["paused"], 1);
    let said = case.run(&["queue", "clear", "webhooks", "--yes"]);
    assert!(said.err.contains("Horizon still shows them"), "{}", said.err);
    redis.cli(&["ZADD", "payment_hooks_horizon:masters", &seen(15), "host-1"]);
    assert_eq!(horizon()["alive"], 0);
    assert!(case.run(&["queue", "status"]).err.contains("has not said anything since"));
    // Under another prefix than the one that the application's name gives.
    redis.cli(&["RENAME", "payment_hooks_horizon:masters", "shop:masters"]);
    assert_eq!(horizon()["prefix"], "shop:");
    case.finish().await;
}

#[tokio::test]
async fn a_redis_in_trouble_is_told_and_nothing_is_changed() {
    let Some((case, mut redis)) = room(&[]).await else { return };
    fill(&redis, 60, 60);
    redis.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    assert_eq!(case.run(&["queue", "inspect", "webhooks"]).code, 0, "a replica may be looked at");
    for words in [&["queue", "restart"][..], &["queue", "pause"], &["queue", "clear", "webhooks", "--yes"]] {
        let said = case.run(words);
        assert_eq!(
            (said.code, said.err.contains("is a replica and takes no writes")),
            (6, true),
            "{words:?}: {said:?}"
        );
    }
    redis.cli(&["REPLICAOF", "NO", "ONE"]);
    redis.cli(&["CONFIG", "SET", "requirepass", "hunter2"]);
    let said = case.run(&["queue", "status"]);
    assert_eq!((said.code, said.err.contains("refused the credentials")), (6, true), "{said:?}");
    redis.cli(&["-a", "hunter2", "CONFIG", "SET", "requirepass", ""]);
    redis.cli(&["DEBUG", "POPULATE", "3000", "filler", "100"]);
    assert_eq!(redis.cli(&["SAVE"]), "OK");
    redis.restart(&["--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024"]);
    wait_until("Redis is loading", || redis.cli(&["PING"]).contains("LOADING"));
    let said = case.run(&["queue", "status"]);
    assert_eq!((said.code, said.err.contains("is loading its data")), (7, true), "{said:?}");
    redis.kill();
    assert_eq!(case.run(&["queue", "status"]).code, 7);
    case.finish().await;
}
