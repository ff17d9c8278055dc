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

#[tokio::test]
async fn a_job_that_would_be_lost_or_cannot_be_read_is_told() {
    let Some((case, redis)) = room().await else { return };
    let wrong = r#"{"uuid":"w","job":"A@call","attempts":0,"data":{"command":"O:1:\"A\":1:{s:9:\"a\";N;}"}}"#;
    redis.cli(&["RPUSH", "app-queues:mails", r#"{"uuid":"u","job":"A@call"}"#, wrong]);
    redis.cli(&["ZADD", "app-queues:mails:reserved", "5", r#"{"uuid":"s","job":"A@call","attempts":1}"#]);
    redis.cli(&[
        "ZADD",
        "app-queues:mails:reserved",
        "4000000000",
        r#"{"uuid":"r","job":"A@call","attempts":1}"#,
    ]);
    let found = json(&case.run(&["queue", "inspect", "mails", "--json"]));
    let problem = |at: usize| found["data"][at]["problem"].as_str().unwrap_or_default().to_owned();
    assert!(problem(0).contains("it is lost when a worker takes it"), "{found}");
    assert!(problem(1).starts_with("its command cannot be read: "), "{found}");
    assert_eq!((problem(2), found["summary"]["unreadable"].as_u64()), (String::new(), Some(2)));
    for (parts, ids) in [("stuck", "s\n"), ("reserved", "s\nr\n"), ("stuck,reserved", "s\nr\n")] {
        let said = case.run(&["queue", "inspect", "mails", "--part", parts, "-o", "ids"]);
        assert_eq!((said.code, said.out.as_str()), (0, ids), "{parts}: {said:?}");
    }
    case.fail("redis", "mails", Some("00000000-0000-4000-8000-000000000001"), wrong).await;
    let said = case.run(&["queue", "failed", "00000000-0000-4000-8000-000000000001"]);
    assert!(said.out.contains("its command cannot be read: "), "{said:?}");
    case.finish().await;
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_not_found_and_a_paused_one_is_shown() {
    let Some((case, redis)) = room().await else { return };
    redis.cli(&["RPUSH", "app-queues:mails", "{}"]);
    case.fail_all("redis", "invoices", 1..2).await;
    let said = case.run(&["queue", "pause", "mials"]);
    assert_eq!(
        (said.code, said.err.contains("did you mean `mails`?"), said.err.contains("`--unknown`")),
        (9, true, true),
        "{said:?}"
    );
    assert_eq!(case.run(&["queue", "resume", "mials"]).code, 9);
    assert_eq!(redis.cli(&["-n", "1", "DBSIZE"]), "0");
    let said = case.run(&["queue", "pause", "mails,invoices", "--json"]);
    let told = json(&said);
    assert_eq!((said.code, told["summary"]["changed"].as_u64()), (0, Some(2)), "{said:?}");
    assert_eq!(told["data"][1]["sign"], "illuminate:queue:paused:redis:invoices");
    assert_eq!(case.run(&["queue", "pause", "idle", "--unknown"]).code, 0);
    let shown: Vec<(String, bool)> = json(&case.run(&["queue", "status", "--json"]))["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["queue"].as_str().unwrap().to_owned(), line["paused"] == true))
        .collect();
    let expected = [("default", false), ("idle", true), ("invoices", true), ("mails", true)];
    assert_eq!(shown, expected.map(|(queue, paused)| (queue.to_owned(), paused)));
    assert_eq!(case.run(&["queue", "resume", "idle,mails,invoices"]).code, 0);
    assert_eq!(redis.cli(&["-n", "1", "DBSIZE"]), "0");
    for words in [&["queue", "failed"][..], &["queue", "retry", "all"], &["queue", "flush", "--yes"]] {
        let said = case.run(&[words, &["--queue", "invoises"]].concat());
        assert_eq!(
            (said.code, said.err.contains("did you mean `--queue invoices`?")),
            (9, true),
            "{words:?}: {said:?}"
        );
        let said = case.run(&[words, &["--queue", "mails"]].concat());
        assert_eq!(said.code, 0, "a queue that holds jobs is known: {words:?}: {said:?}");
    }
    assert_eq!(case.failed().await, 1);
    case.finish().await;
}

#[tokio::test]
async fn what_was_changed_is_told_to_programs() {
    let Some((case, redis)) = room().await else { return };
    redis.cli(&["RPUSH", "app-queues:mails", "{}", "{}"]);
    case.fail_all("redis", "mails", 1..4).await;
    for (words, member, value) in [
        (&["queue", "restart", "--dry-run"][..], "value", 1_795_165_200_u64),
        (&["queue", "restart"], "value", 1_795_165_200),
        (&["queue", "clear", "mails", "--dry-run"], "removed", 2),
        (&["queue", "clear", "mails", "--yes"], "removed", 2),
        (&["queue", "clear", "mails", "--yes"], "removed", 0),
        (&["queue", "flush", "--class", "Nobody", "--yes"], "forgotten", 0),
        (&["queue", "flush", "--dry-run"], "forgotten", 3),
        (&["queue", "flush", "--yes"], "forgotten", 3),
    ] {
        let told = json(&case.run(&[words, &["--json"]].concat()));
        assert_eq!(told["data"][0][member], value, "{words:?}: {told}");
        assert_eq!(told["summary"]["dry_run"], words.contains(&"--dry-run"), "{words:?}: {told}");
    }
    let said = case.run(&["queue", "pause", "-o", "jsonl"]);
    assert_eq!(said.out.lines().count(), 2, "{said:?}");
    assert_eq!(
        case.run(&["queue", "resume", "-o", "csv", "--columns", "queue,changed"]).out,
        "queue,changed\ndefault,true\n"
    );
    case.finish().await;
}
