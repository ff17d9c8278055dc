//! A Cluster is reached while some of its nodes are not, within a time; one node of it is not taken for a server.

use std::time::{Duration, Instant};

use rand::{SeedableRng, rngs::StdRng};
use tempfile::TempDir;

use crate::support::{
    Case, Schema,
    cli::{run, wait_until},
    port::free_port,
    proxy::{Proxy, Way},
    redis::Redis,
    redis_sets::Cluster,
    world::{Plan, World},
};

/// A folder whose context has locks and queue on a Redis.
fn folder(redis: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "environment = \"local\"\n[redis]\nprefix = \"app-\"\n{redis}\n[cache]\nstore = \"redis\"\nprefix = \"\"\n\
         [queue]\nconnection = \"redis\"\n"
    );
    std::fs::write(folder.path().join("opsctl.toml"), text).unwrap();
    folder
}

#[test]
fn seeds_that_are_down_stall_or_refuse_are_passed_over() {
    let Some(cluster) = Cluster::start() else { return };
    let stalled: Vec<Proxy> = (0..3).map(|_| Proxy::to(cluster.nodes[0].port)).collect();
    stalled.iter().for_each(|proxy| proxy.set(Way::Hang));
    let stalls: Vec<String> = stalled.iter().map(|proxy| format!("\"127.0.0.1:{}\"", proxy.port)).collect();
    let (down, up) = (free_port(), cluster.nodes[2].port);
    let denies = &cluster.nodes[1];
    assert_eq!(denies.cli(&["ACL", "SETUSER", "default", "-cluster|slots"]), "OK");
    let seeds = format!("\"127.0.0.1:{down}\", {}, \"127.0.0.1:{}\"", stalls.join(", "), denies.port);
    let here = folder(&format!("cluster = [{seeds}, \"127.0.0.1:{up}\"]"));
    let started = Instant::now();
    let said = run(here.path(), &["redis", "ping"]);
    assert_eq!((said.code, said.out.matches("master").count()), (0, 3), "{said:?}");
    let said = run(here.path(), &["about", "--only", "redis"]);
    assert_eq!((said.code, said.out.contains("does not answer")), (0, false), "{said:?}");
    assert!(said.out.contains("Default server .... Redis "), "{said:?}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    // Nobody else: what refuses says more than what keeps silent.
    let said = run(folder(&format!("cluster = [{seeds}]")).path(), &["redis", "ping"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("`ACL SETUSER default +cluster|slots`"), "{}", said.err);
    let started = Instant::now();
    let said = run(folder(&format!("cluster = [{}]", stalls.join(", "))).path(), &["redis", "ping"]);
    assert_eq!(said.code, 7, "{said:?}");
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
}

#[test]
fn one_node_of_a_cluster_that_is_named_as_a_server_is_found() {
    let Some(cluster) = Cluster::start() else { return };
    let url = format!("url = \"redis://127.0.0.1:{}\"", cluster.nodes[0].port);
    let databases = "databases = { default = 0, cache = 0, queue = 0, lock = 0 }";
    let said = run(folder(&format!("{url}\n{databases}")).path(), &["redis", "ping"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("is a node of a Cluster, and refuses the keys of other nodes"), "{}", said.err);
    assert!(said.err.contains("`[redis]` with `cluster = [\"HOST:PORT\"]`"), "{}", said.err);
}

/// A replica of every master, which takes over when its master dies.
fn replicas(cluster: &Cluster) -> Vec<Redis> {
    let first = &cluster.nodes[0];
    let start = |master: &Redis| {
        let bus = free_port().to_string();
        let words = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", &bus];
        let replica = Redis::start(&[&words[..], &["--repl-diskless-sync-delay", "0"]].concat()).unwrap();
        assert_eq!(first.cli(&["CLUSTER", "MEET", "127.0.0.1", &replica.port.to_string(), &bus]), "OK");
        let id = master.cli(&["CLUSTER", "MYID"]);
        wait_until("it follows", || replica.cli(&["CLUSTER", "REPLICATE", &id]) == "OK");
        wait_until("it has the data", || {
            replica.cli(&["INFO", "replication"]).contains("master_link_status:up")
        });
        replica
    };
    let replicas: Vec<Redis> = cluster.nodes.iter().map(start).collect();
    for node in cluster.nodes.iter().chain(&replicas) {
        wait_until("all know each other", || {
            node.cli(&["CLUSTER", "NODES"]).lines().filter(|line| line.contains("slave ")).count() == 3
        });
    }
    replicas
}

#[tokio::test]
async fn a_run_goes_on_when_the_node_of_its_lock_dies_and_another_takes_over() {
    let Some(mut cluster) = Cluster::start() else { return };
    let replicas = replicas(&cluster);
    let case = Case::new(opsctl::db::Engine::Sqlite, Schema::Service).await.unwrap();
    World::watch(&case).await;
    let mut world = World::default();
    world.add(&case, 250, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
    let toml = format!(
        "environment = \"local\"\n[database]\nurl = \"sqlite:app.sqlite\"\n[redis]\nprefix = \"app-\"\ncluster = [{}]\n\
         [cache]\nstore = \"redis\"\nprefix = \"cache-\"\n",
        cluster.nodes()
    );
    std::fs::write(case.folder.path().join("opsctl.toml"), toml).unwrap();
    let held = case.hold("after-commit#1", &["webhooks", "retry-once", "--limit", "5000"]);
    let keys = cluster.keys("*");
    let at = keys.iter().position(|keys| !keys.is_empty()).unwrap();
    wait_until("the replica has the lock", || !replicas[at].cli(&["KEYS", "*"]).is_empty());
    cluster.nodes[at].kill();
    wait_until("the replica takes over", || replicas[at].cli(&["ROLE"]).starts_with("master"));
    for node in cluster.nodes.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, node)| node) {
        wait_until("the Cluster is whole", || node.cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
    }
    let said = held.go();
    assert_eq!(said.code, 0, "{said:?}");
    world.check_done(&case, "under another master").await;
    assert_eq!(replicas[at].cli(&["KEYS", "*"]), "", "the lock is given back");
}
