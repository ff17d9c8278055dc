//! What queues are named, and what else stands under their keys on Redis.

use opsctl::db::Engine;

use crate::support::{Case, Schema, failed_jobs::Queue, jobs::json, redis::Redis};

/// A SQLite application whose queue and cache are on a Redis of its own.
async fn room() -> Option<(Case, Redis)> {
    let redis = Redis::start(&[])?;
    let case = Case::new(Engine::Sqlite, Schema::Service).await?;
    case.write_env(&format!("{}CACHE_STORE=redis\nCACHE_PREFIX=cache-\n", Queue::settings_at(redis.port)));
    Some((case, redis))
}

/// The names and sizes that status shows.
fn shown(case: &Case, words: &[&str]) -> Vec<(String, u64)> {
    let said = case.run(&[&["queue", "status", "--json"], words].concat());
    assert_eq!(said.code, 0, "{said:?}");
    let lines = json(&said)["data"].as_array().unwrap().clone();
    let size = |line: &serde_json::Value| {
        ["ready", "delayed", "reserved", "stuck"].iter().map(|part| line[part].as_u64().unwrap()).sum()
    };
    lines.iter().map(|line| (line["queue"].as_str().unwrap().to_owned(), size(line))).collect()
}

#[tokio::test]
async fn a_name_may_hold_colons_and_end_like_a_companion() {
    let Some((case, redis)) = room().await else { return };
    for list in ["emails:high", "emails:high:notify", "a:delayed", "mails"] {
        redis.cli(&["RPUSH", &format!("app-queues:{list}"), "{}"]);
    }
    for set in ["emails:high:reserved", "later:on:delayed", "a:delayed:delayed", "mails:opsctl"] {
        redis.cli(&["ZADD", &format!("app-queues:{set}"), "4000000000", "{}"]);
    }
    let expected = [("a:delayed", 2), ("default", 0), ("emails:high", 2), ("later:on", 1), ("mails", 1)];
    assert_eq!(shown(&case, &[]), expected.map(|(name, size)| (name.to_owned(), size)));
    assert_eq!(shown(&case, &["redis:emails:high"]), [("emails:high".to_owned(), 2)]);
    for words in [
        &["queue", "status", "emails:high"][..],
        &["queue", "inspect", "emails:high"],
        &["queue", "pause", "emails:high"],
    ] {
        let said = case.run(words);
        assert_eq!(
            (said.code, said.err.contains("if the queue is named `emails:high`: `redis:emails:high`")),
            (6, true),
            "{said:?}"
        );
    }
    case.finish().await;
}

#[tokio::test]
async fn a_key_that_is_no_queue_is_named_and_hides_no_other() {
    let Some((case, redis)) = room().await else { return };
    redis.cli(&["SET", "app-queues:odd", "x"]);
    redis.cli(&["SET", "app-queues:late:delayed", "x"]);
    redis.cli(&["RPUSH", "app-queues:mails", "{}"]);
    let said = case.run(&["queue", "status", "--json"]);
    let names: Vec<String> =
        json(&said)["data"].as_array().unwrap().iter().map(|line| line["queue"].to_string()).collect();
    assert_eq!((said.code, names), (4, vec!["\"default\"".into(), "\"mails\"".into()]), "{said:?}");
    for key in ["app-queues:odd", "app-queues:late:delayed"] {
        assert!(said.err.contains(&format!("the key `{key}` of")), "{said:?}");
    }
    for words in
        [&["queue", "inspect", "odd"][..], &["queue", "clear", "odd", "--yes"], &["queue", "status", "odd"]]
    {
        let said = case.run(words);
        assert_eq!((said.code, said.err.contains("is a string")), (1, true), "{words:?}: {said:?}");
    }
    assert_eq!(redis.cli(&["GET", "app-queues:odd"]), "x");
    case.finish().await;
}

#[tokio::test]
async fn a_redis_that_is_full_says_so_in_every_verb() {
    let Some((case, redis)) = room().await else { return };
    case.fail_all("redis", "mails", 1..2).await;
    redis.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    for words in [&["queue", "retry", "all"][..], &["queue", "restart"], &["queue", "pause"]] {
        let said = case.run(words);
        assert!(
            said.err.contains("has no memory left for further data")
                && said.err.contains("CONFIG SET maxmemory"),
            "{words:?}: {said:?}"
        );
        assert_eq!(said.code, 6, "{words:?}");
    }
    assert_eq!(case.failed().await, 1);
    redis.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(case.run(&["queue", "retry", "all"]).code, 0);
    case.finish().await;
}
