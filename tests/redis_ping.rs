//! `redis ping`: every role's server with what may cost locks or jobs, the others when one is away.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    cli::{Said, run, wait_until},
    port::free_port,
    redis::Redis,
};

/// A folder whose context has all roles on the server at `port`, locks and queue where it says.
fn folder(port: u16, store: &str, queue: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "environment = \"local\"\n[redis]\nurl = \"redis://127.0.0.1:{port}\"\nprefix = \"app-\"\n\
         databases = {{ default = 0, cache = 1, queue = 2, lock = 3 }}\n[cache]\nstore = \"{store}\"\nprefix = \"\"\n\
         [queue]\nconnection = \"{queue}\"\n"
    );
    std::fs::write(folder.path().join("opsctl.toml"), text).unwrap();
    folder
}

fn ping(folder: &TempDir) -> Said {
    run(folder.path(), &["redis", "ping"])
}

fn json(folder: &TempDir) -> Value {
    serde_json::from_str(&run(folder.path(), &["redis", "ping", "--json"]).out).unwrap()
}

/// What differs from run to run.
const FILTERS: [(&str, &str); 6] = [
    (r"127\.0\.0\.1:\d+", "HOST"),
    (r" \d+\.\d\d ", " TIME "),
    (r"\d+\.\d+\.\d+ ", "VERSION "),
    (r"[\d.]+ [KM]iB", "SIZE"),
    (r"in (\d+[dhms] ?)+", "WHEN"),
    (r" +", " "),
];

#[test]
fn roles_on_one_server_are_shown_together() {
    let Some(redis) = Redis::start(&[]) else { return };
    let folder = folder(redis.port, "redis", "redis");
    let said = ping(&folder);
    insta::with_settings!({filters => FILTERS.to_vec()}, {
        insta::assert_snapshot!(said.out, @r"
        ADDRESS ROLES SERVER LATENCY MS VERSION MEMORY MAXMEMORY POLICY EVICTED SAVED
        redis://HOST default/0 cache/1 queue/2 lock/3 master TIME VERSION SIZE - noeviction 0 no persistence
        ");
    });
    let note = format!(
        "redis://127.0.0.1:{} has no persistence: jobs of the queue and locks are gone when it stops.\n",
        redis.port
    );
    assert_eq!((said.code, said.err), (0, note));
    let data = &json(&folder)["data"];
    let [place] = &data["places"].as_array().unwrap()[..] else { panic!("{data}") };
    let roles: Vec<(&str, i64, &str, bool)> = place["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| {
            let text = |key: &str| role[key].as_str().unwrap();
            (text("role"), role["database"].as_i64().unwrap(), text("prefix"), role["used"] == true)
        })
        .collect();
    assert_eq!(
        roles,
        [
            ("default", 0, "app-", true),
            ("cache", 1, "app-", true),
            ("queue", 2, "app-", true),
            ("lock", 3, "app-", true)
        ]
    );
    let facts = &place["nodes"][0]["facts"];
    assert_eq!(
        (&facts["role"], &facts["snapshot"], &facts["append_only"]),
        (&"master".into(), &"off".into(), &"off".into())
    );
    // One connection for all roles: this one.
    assert_eq!(facts["connected_clients"], 1);
    assert!(facts["latency_us"].as_u64().unwrap() > 0 && facts["used_memory"].as_u64().unwrap() > 100_000);
}

#[test]
fn locks_and_jobs_that_may_be_evicted_are_found_and_cache_values_are_not() {
    let Some(redis) = Redis::start(&[]) else { return };
    let set = |maxmemory: &str, policy: &str| {
        redis.cli(&["CONFIG", "SET", "maxmemory", maxmemory, "maxmemory-policy", policy]);
    };
    for (maxmemory, policy, store, queue, found) in [
        ("100mb", "noeviction", "redis", "redis", None),
        ("0", "allkeys-lru", "redis", "redis", None),
        ("100mb", "allkeys-lru", "redis", "redis", Some("locks and queues")),
        ("100mb", "allkeys-lfu", "database", "redis", Some("queues")),
        ("100mb", "volatile-ttl", "redis", "redis", Some("locks")),
        ("100mb", "volatile-lru", "database", "redis", None),
        ("100mb", "allkeys-lru", "database", "database", None),
    ] {
        set(maxmemory, policy);
        let said = ping(&folder(redis.port, store, queue));
        let case = format!("{maxmemory} {policy} {store} {queue}: {said:?}");
        assert_eq!(said.code, if found.is_some() { 3 } else { 0 }, "{case}");
        let warning = found
            .map(|what| format!("may evict {what} when its memory is used up: maxmemory-policy is {policy}"));
        assert_eq!(said.err.contains("warning:"), warning.is_some(), "{case}");
        assert!(said.err.contains(warning.as_deref().unwrap_or("")), "{case}");
    }
    set("100mb", "allkeys-lru");
    let found = json(&folder(redis.port, "redis", "redis"));
    assert_eq!(
        (&found["data"]["findings"][0]["kind"], &found["summary"]["findings"]),
        (&"eviction".into(), &1.into())
    );
}

#[test]
fn what_is_kept_on_disk_is_told_as_it_is() {
    for (options, save, says, snapshot) in [
        (&["--save", "3600 1"][..], false, "not since its start", "waiting"),
        (&["--save", "3600 1"], true, "in WHEN", "ok"),
        (&["--save", "3600 1", "--appendonly", "yes"], false, "not since its start, append-only", "waiting"),
        (&["--appendonly", "yes"], false, "append-only", "off"),
        (&[], true, "no persistence", "off"),
    ] {
        let Some(redis) = Redis::start(options) else { return };
        if save {
            assert_eq!(redis.cli(&["SAVE"]), "OK");
        }
        let folder = folder(redis.port, "redis", "database");
        let (said, facts) = (ping(&folder), json(&folder)["data"]["places"][0]["nodes"][0]["facts"].clone());
        let row = said.out.lines().nth(1).unwrap_or_default();
        // The clock of the program stands still, before the save.
        let told = row.trim_end().ends_with(says) || (save && snapshot == "ok" && row.contains("  in "));
        assert!(told, "{options:?}: {said:?}");
        assert_eq!((said.code, &facts["snapshot"]), (0, &snapshot.into()), "{options:?}");
        assert_eq!(facts["last_save"].is_null(), !save, "{options:?}: {facts}");
        let unkept = said.err.contains("has no persistence: locks are gone when it stops");
        assert_eq!(unkept, says == "no persistence", "{options:?}: {}", said.err);
    }
}

#[test]
fn a_replica_and_a_save_that_failed_are_found() {
    let gone = tempfile::tempdir().unwrap();
    let Some(redis) = Redis::start(&["--dir", gone.path().to_str().unwrap()]) else { return };
    let folder = folder(redis.port, "redis", "database");
    redis.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    let said = ping(&folder);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(
        said.err.contains("is a replica and takes no writes: used as default, cache, lock"),
        "{}",
        said.err
    );
    redis.cli(&["REPLICAOF", "NO", "ONE"]);
    drop(gone);
    redis.cli(&["BGSAVE"]);
    wait_until("the save fails", || {
        redis.cli(&["INFO", "persistence"]).contains("rdb_last_bgsave_status:err")
    });
    let said = ping(&folder);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("could not write its last snapshot"), "{}", said.err);
}

#[test]
fn a_server_that_is_away_does_not_hide_the_others() {
    let Some(redis) = Redis::start(&[]) else { return };
    let (port, nobody) = (redis.port, free_port());
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("bootstrap/cache")).unwrap();
    let config = format!(
        "<?php return array (
          'app' => array ('env' => 'local', 'name' => 'App'),
          'cache' => array ('default' => 'main', 'prefix' => 'c-', 'stores' => array ('main' => array (
            'driver' => 'redis', 'connection' => 'values', 'lock_connection' => 'locks'))),
          'queue' => array ('default' => 'jobs', 'connections' => array ('jobs' => array (
            'driver' => 'redis', 'connection' => 'absent'))),
          'database' => array ('redis' => array (
            'client' => 'phpredis', 'options' => array ('cluster' => 'redis', 'prefix' => 'app-'),
            'default' => array ('host' => '127.0.0.1', 'port' => '{port}', 'database' => '0'),
            'values' => array ('host' => '127.0.0.1', 'port' => '{port}', 'database' => '99'),
            'locks' => array ('host' => '127.0.0.1', 'port' => '{nobody}', 'database' => '3', 'password' => 'hunter2'))));"
    );
    std::fs::write(folder.path().join("bootstrap/cache/config.php"), config).unwrap();
    let said = ping(&folder);
    assert_eq!(said.code, 7, "{said:?}");
    assert!(said.out.contains("default/0 cache/99") && said.out.contains("lock/3"), "{}", said.out);
    assert!(said.out.contains("master") && said.out.contains("no answer"), "{}", said.out);
    for words in [
        format!("redis://127.0.0.1:{nobody} does not answer"),
        format!("redis://127.0.0.1:{port}/99 has no database 99"),
        "has no connection named `absent`".into(),
    ] {
        assert!(said.err.contains(&words), "`{words}` is not in {}", said.err);
    }
    assert!(!format!("{said:?}").contains("hunter2"));
    let data = &json(&folder)["data"];
    assert_eq!(
        (&data["unknown"][0]["role"], &data["places"][1]["errors"][0]["code"]),
        (&"queue".into(), &7.into())
    );
}

#[test]
fn without_any_redis_it_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let said = ping(&folder);
    assert_eq!((said.code, said.err.contains("no Redis is configured")), (6, true), "{said:?}");
    assert_eq!(said.err.matches("error:").count(), 1, "{}", said.err);
}
