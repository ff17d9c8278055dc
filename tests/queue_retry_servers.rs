//! `queue retry` to a Redis of several servers, and to one that stops answering: a job that was pushed in the middle of it
//! is in its queue once.

use opsctl::db::Engine;

use crate::support::{
    Case, Schema,
    cli::wait_until,
    redis::Redis,
    redis_sets::{Cluster, MASTER, SentinelSet},
};

const ALL: [&str; 3] = ["queue", "retry", "all"];

/// An application with failed jobs of a queue `emails`, its Redis as `opsctl.toml` says.
async fn room(redis: &str) -> Case {
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    let toml = format!(
        "environment = \"local\"\n[database]\nurl = \"sqlite:app.sqlite\"\n[redis]\nprefix = \"app-\"\n{redis}\n\
         [cache]\nstore = \"redis\"\nprefix = \"cache-\"\n[queue]\nconnection = \"redis\"\n"
    );
    std::fs::write(case.folder.path().join("opsctl.toml"), toml).unwrap();
    case.fail_all("redis", "emails", 0..3).await;
    case
}

/// What lies in a database of the queue: jobs, notifications, tokens.
fn queued(redis: &Redis, database: &str, queue: &str) -> [String; 3] {
    let key = format!("app-queues:{queue}");
    let say = |word, key: String| redis.cli(&["-n", database, word, &key]);
    [say("LLEN", key.clone()), say("LLEN", format!("{key}:notify")), say("EXISTS", format!("{key}:opsctl"))]
}

#[tokio::test]
async fn a_replica_that_takes_over_has_each_job_once_also_when_it_lacked_them() {
    for lacks in [false, true] {
        let Some(mut set) = SentinelSet::start(&["--replica-read-only", "no"], "") else { return };
        let case = room(&format!(
            "databases = {{ default = 0, cache = 1, queue = 2, lock = 3 }}\n\
             sentinel = {{ master = \"{MASTER}\", nodes = [{}] }}",
            set.nodes()
        ))
        .await;
        let held = case.hold("retry-deleted", &ALL);
        assert_eq!(queued(&set.master, "2", "emails"), ["3", "3", "1"]);
        if lacks {
            assert_eq!(set.master.cli(&["WAIT", "1", "5000"]), "1");
            assert_eq!(set.replica.cli(&["FLUSHALL"]), "OK");
        }
        set.fail_over();
        let said = held.go();
        assert_eq!((said.code, case.failed().await), (0, 0), "lacks: {lacks}, {said:?}");
        assert!(said.err.contains("3 failed jobs: 3 retried"), "{said:?}");
        assert_eq!(queued(&set.replica, "2", "emails"), ["3", "3", "0"], "lacks: {lacks}");
    }
}

#[tokio::test]
async fn on_a_cluster_a_run_that_was_killed_is_finished_by_the_next() {
    let Some(cluster) = Cluster::start() else { return };
    let case = room(&format!("cluster = [{}]", cluster.nodes())).await;
    for point in ["retry-unique", "retry-pushed", "retry-deleted", "retry-committed"] {
        drop(case.hold(point, &ALL));
        let said = case.run(&ALL);
        assert_eq!((said.code, case.failed().await), (0, 0), "{point}: {said:?}");
        let home = cluster.nodes.iter().find(|node| queued(node, "0", "{emails}")[0] != "0");
        assert_eq!(queued(home.unwrap(), "0", "{emails}")[..2], ["3", "3"], "{point}");
        for node in &cluster.nodes {
            node.cli(&["FLUSHALL"]);
        }
        case.fail_all("redis", "emails", 0..3).await;
    }
}

#[tokio::test]
async fn a_redis_that_pauses_in_the_middle_of_a_push_is_waited_for() {
    let Some(redis) = Redis::start(&[]) else { return };
    let case = room(&format!(
        "url = \"redis://127.0.0.1:{}\"\ndatabases = {{ default = 0, cache = 1, queue = 2, lock = 3 }}",
        redis.port
    ))
    .await;
    let held = case.hold("retry-unique", &ALL);
    // Longer than an answer is waited for: what was sent is done when the pause ends, and nobody has heard of it.
    assert_eq!(redis.cli(&["CLIENT", "PAUSE", "5500", "ALL"]), "OK");
    let said = held.go();
    assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
    assert_eq!(queued(&redis, "2", "emails"), ["3", "3", "0"]);
}

#[tokio::test]
async fn a_redis_that_takes_no_writes_wants_a_password_or_is_loading_keeps_the_failed_jobs() {
    let Some(mut redis) = Redis::start(&[]) else { return };
    let case = room(&format!(
        "url = \"redis://127.0.0.1:{}\"\ndatabases = {{ default = 0, cache = 1, queue = 2, lock = 3 }}",
        redis.port
    ))
    .await;
    let refused = async |code: i32, why: &str| {
        let said = case.run(&ALL);
        assert_eq!((said.code, said.err.contains(why)), (code, true), "{said:?}");
        assert_eq!(case.failed().await, 3, "{why}");
    };
    redis.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    refused(6, "is a replica and takes no writes").await;
    redis.cli(&["REPLICAOF", "NO", "ONE"]);
    redis.cli(&["CONFIG", "SET", "requirepass", "hunter2"]);
    refused(6, "refused the credentials").await;
    redis.cli(&["-a", "hunter2", "CONFIG", "SET", "requirepass", ""]);
    redis.cli(&["DEBUG", "POPULATE", "3000", "filler", "100"]);
    assert_eq!(redis.cli(&["SAVE"]), "OK");
    redis.restart(&["--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024"]);
    wait_until("Redis is loading", || redis.cli(&["PING"]).contains("LOADING"));
    refused(7, "is loading its data").await;
    redis.restart(&[]);
    let said = case.run(&ALL);
    assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
}
