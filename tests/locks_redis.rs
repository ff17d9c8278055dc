//! `locks list` and `locks clear` on Redis: locks beside values and queues, locks without an end, other prefixes, a
//! Cluster.

use opsctl::db::Engine;
use tempfile::TempDir;

use crate::support::{
    Case, Schema,
    cli::{Said, run},
    jobs::{DELAYED, READY, RESERVED, json},
    locks::{overlap, unique},
    redis::Redis,
    redis_sets::Cluster,
};

/// A folder whose context has values, locks and queue in one database of Redis.
fn folder(redis: &str, prefix: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "environment = \"local\"\nsystem = \"webhooks\"\n[redis]\nprefix = \"{prefix}\"\n{redis}\n[cache]\n\
         store = \"redis\"\nprefix = \"cache-\"\n[queue]\nconnection = \"redis\"\n"
    );
    std::fs::write(folder.path().join("opsctl.toml"), text).unwrap();
    folder
}

fn at(port: u16) -> String {
    format!(
        "url = \"redis://127.0.0.1:{port}\"\ndatabases = {{ default = 0, cache = 0, queue = 0, lock = 0 }}"
    )
}

/// Names and states of the locks that a list shows.
fn states(said: &Said) -> Vec<(String, String)> {
    assert_eq!(said.code, 0, "{said:?}");
    let text = |lock: &serde_json::Value, name: &str| lock[name].as_str().unwrap().to_owned();
    let locks = json(said)["data"].as_array().unwrap().clone();
    locks.iter().map(|lock| (text(lock, "name"), text(lock, "state"))).collect()
}

#[test]
fn locks_are_told_from_the_values_and_queues_beside_them() {
    let Some(redis) = Redis::start(&[]) else { return };
    let key = |name: &str| format!("app-cache-{name}");
    let set = |name: &str, value: &str, more: &[&str]| {
        assert_eq!(redis.cli(&[&["SET", &key(name), value], more].concat()), "OK");
    };
    for (name, value) in [
        ("plain:int", "5"),
        ("plain:float", "1.5"),
        ("plain:str", "s:3:\"abc\";"),
        ("plain:bool", "b:1;"),
        ("plain:digits", "1234567890123456"),
        ("illuminate:queue:restart", "1795159747"),
    ] {
        set(name, value, &[]);
    }
    redis.cli(&["SADD", &key("tags"), "Z9Ahaw1DW3M6PEN5"]);
    redis.cli(&["EVAL", "for i = 1, 3000 do redis.call('set', 'app-cache-value:'..i, i) end", "0"]);
    redis.cli(&["RPUSH", "app-queues:webhooks", READY]);
    redis.cli(&["ZADD", "app-queues:webhooks:delayed", "99999999999", DELAYED]);
    redis.cli(&["ZADD", "app-queues:webhooks:reserved", "99999999999", RESERVED]);
    set(&unique("01jdready00000000000000000"), "MVR1qbnSzRt2X4Ry", &["EX", "500"]);
    set(&unique("01jddelayed000000000000000"), "AVR1qbnSzRt2X4Ry", &["EX", "500"]);
    set(&unique("01jdgone"), "BVR1qbnSzRt2X4Ry", &["EX", "500"]);
    set(&overlap("01jdreserved00000000000000"), "2EwhSvWYd6BKtw51", &[]);
    set(&overlap("01jdready00000000000000000"), "3EwhSvWYd6BKtw51", &[]);
    set("import", "CVR1qbnSzRt2X4Ry", &["EX", "500"]);
    set("export", "web-1", &["EX", "500"]);
    let here = folder(&at(redis.port), "app-");
    let said = run(here.path(), &["locks", "list", "--json"]);
    let state = |name: &str, state: &str| (name.to_owned(), state.to_owned());
    assert_eq!(
        states(&said),
        [
            state("export", "unclear"),
            state("import", "unclear"),
            state(&overlap("01jdready00000000000000000"), "stale"),
            state(&overlap("01jdreserved00000000000000"), "live"),
            state(&unique("01jddelayed000000000000000"), "live"),
            state(&unique("01jdgone"), "stale"),
            state(&unique("01jdready00000000000000000"), "live"),
        ]
    );
    let locks = &json(&said)["data"];
    assert_eq!((locks[0]["guess"].as_bool(), locks[1]["guess"].as_bool()), (Some(true), Some(false)));
    assert_eq!((locks[2]["no_expiry"].as_bool(), locks[5]["no_expiry"].as_bool()), (Some(true), Some(false)));
    assert!(said.err.contains("warning: 1 lock has no end, and nobody is there to give it back"), "{said:?}");

    let keys = redis.cli(&["DBSIZE"]).parse::<u32>().unwrap();
    let refused = run(here.path(), &["locks", "clear", "--pattern", "laravel*", "--yes"]);
    assert_eq!(refused.code, 5, "{refused:?}");
    let said = run(here.path(), &["locks", "clear", "--stale", "--yes", "--json"]);
    assert_eq!((said.code, json(&said)["summary"]["cleared"].as_u64()), (0, Some(2)), "{said:?}");
    // A guess goes by its name alone.
    let said = run(here.path(), &["locks", "clear", "--kind", "other", "--yes", "--json"]);
    assert_eq!((said.code, json(&said)["summary"]["cleared"].as_u64()), (0, Some(1)), "{said:?}");
    assert_eq!(run(here.path(), &["locks", "clear", "app-cache-export", "--yes"]).code, 0);
    assert_eq!(redis.cli(&["DBSIZE"]).parse::<u32>().unwrap(), keys - 4);
}

#[test]
fn where_a_prefix_is_wrong_the_one_that_is_there_is_suggested() {
    let Some(redis) = Redis::start(&[]) else { return };
    redis.cli(&["SET", &format!("app-cache-{}", unique("01jdgone")), "MVR1qbnSzRt2X4Ry", "EX", "500"]);
    let said = run(folder(&at(redis.port), "apq-").path(), &["locks", "list"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
    assert!(said.err.contains("hint: there are locks under `app-cache-`"), "{said:?}");
    let name = unique("01jdgone");
    let near = run(
        folder(&at(redis.port), "app-").path(),
        &["locks", "clear", &name.replace("gone", "gono"), "--yes"],
    );
    assert_eq!((near.code, near.err.contains(&format!("did you mean `{name}`?"))), (9, true), "{near:?}");
    // The name is ours, and the prefix another's.
    redis.cli(&["SET", &format!("app-cache-stage-{name}"), "MVR1qbnSzRt2X4Ry", "EX", "500"]);
    let said = run(folder(&at(redis.port), "app-").path(), &["locks", "list", "-o", "ids"]);
    assert_eq!(said.out, format!("{name}\n"), "{said:?}");
    assert!(
        said.err.contains("Locks under `app-cache-stage-` lie there too, and are not shown."),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_lock_that_another_takes_meanwhile_is_left_to_it() {
    let Some(redis) = Redis::start(&[]) else { return };
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    let toml = std::fs::read_to_string(folder(&at(redis.port), "app-").path().join("opsctl.toml")).unwrap();
    std::fs::write(case.folder.path().join("opsctl.toml"), toml).unwrap();
    let key = format!("app-cache-{}", overlap("01jdgone"));
    redis.cli(&["SET", &key, "MVR1qbnSzRt2X4Ry"]);
    let held = case.hold("locks-looked", &["locks", "clear", &overlap("01jdgone"), "--yes"]);
    redis.cli(&["SET", &key, "NVR1qbnSzRt2X4Ry"]);
    let said = held.go();
    assert_eq!((said.code, said.out.contains("`NVR1qbnSzRt2X4Ry` has it now")), (0, true), "{said:?}");
    assert_eq!(redis.cli(&["GET", &key]), "NVR1qbnSzRt2X4Ry");
}

#[test]
fn the_locks_of_every_node_of_a_cluster_are_found_and_cleared() {
    let Some(cluster) = Cluster::start() else { return };
    let node = cluster.nodes[0].port.to_string();
    let names: Vec<String> = (0..20).map(|at| overlap(&format!("01jd{at:02}"))).collect();
    for name in &names {
        let said = cluster.nodes[0].cli(&["-c", "SET", &format!("app-cache-{name}"), "MVR1qbnSzRt2X4Ry"]);
        assert_eq!(said.lines().last(), Some("OK"), "{said}");
    }
    let here = folder(&format!("cluster = [\"127.0.0.1:{node}\"]"), "app-");
    let said = run(here.path(), &["locks", "list", "-o", "ids"]);
    assert_eq!(said.out.lines().collect::<Vec<_>>(), names, "{said:?}");
    let said = run(here.path(), &["locks", "clear", "--stale", "--yes", "--json"]);
    assert_eq!((said.code, json(&said)["summary"]["cleared"].as_u64()), (0, Some(20)), "{said:?}");
    assert!(cluster.keys("*").iter().all(Vec::is_empty));
}
