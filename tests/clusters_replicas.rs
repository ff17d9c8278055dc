//! `clusters probe` on a primary and its replica: which is which, and how far one is behind.

use std::{fs, os::unix::fs::PermissionsExt};

use opsctl::{
    cancel::Cancel,
    clock::Clock,
    config::{Database, Origin},
    db::{Access, Db},
    schema,
};
use serde_json::{Value, json};

use crate::support::{
    cli::{Said, program},
    disk::Server,
    program as installed,
    replica::Replica,
};

/// Probes what the folder's file names: the report, by cluster, and the exit code.
fn probed(folder: &std::path::Path, words: &[&str]) -> (Value, i32) {
    let mut command = program(folder);
    let said: Said = command.args(["clusters", "probe", "-o", "json"]).args(words).output().unwrap().into();
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let of = |probe: &Value| (probe["cluster"].as_str().unwrap().to_owned(), probe.clone());
    let all = report["data"]["clusters"].as_array().unwrap().iter().map(of);
    (Value::Object(all.collect()), said.code)
}

fn findings(probe: &Value) -> Vec<&str> {
    let steps = probe["steps"].as_array().unwrap().iter();
    let found = steps.flat_map(|step| step["findings"].as_array().unwrap());
    found.map(|finding| finding["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_replica_is_told_from_its_primary_and_how_far_it_is_behind() {
    if installed("setpriv").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let server = Server::start(folder.path(), "postgres");
    let target = Database::from_url(&server.url, folder.path(), &Origin::Default).unwrap();
    let primary = Db::new(target, Access::Own, Clock::system());
    schema::claim(&primary, &Cancel::new()).await.unwrap();
    schema::apply(&primary, &schema::TENANT, &Cancel::new()).await.unwrap();
    let execute = async |sql: &str| primary.session().await.unwrap().script(sql).await.unwrap();
    execute(
        "CREATE ROLE app LOGIN PASSWORD 'of-the-app'; GRANT pg_monitor TO app; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app",
    )
    .await;
    let replica = Replica::of(&server, folder.path()).await;

    let (_, place) = server.url.split_once('@').unwrap();
    let (port, _) = place.rsplit_once(':').unwrap().1.split_once('/').unwrap();
    let section = |name: &str, port: &str, more: &str| {
        format!(
            "[clusters.{name}]\nurl = \"postgres://app@127.0.0.1:{port}/postgres\"\npassword = \"file:pw\"\n{more}\n"
        )
    };
    let own = replica.port.to_string();
    let text = [
        section("primary", port, ""),
        section("replica", &own, "status = \"read_only\""),
        section("mistaken", &own, ""),
    ];
    fs::write(folder.path().join("opsctl.toml"), text.concat()).unwrap();
    fs::write(folder.path().join("pw"), "of-the-app").unwrap();
    execute("CREATE TABLE beats (at timestamptz)").await;
    replica.until("to_regclass('beats') IS NOT NULL").await;

    // Caught up: a replica is one, and well where it is said to take no writes.
    let (probes, code) = probed(folder.path(), &[]);
    let of = |name: &str| probes[name]["server"]["replication"].clone();
    assert_eq!(
        of("replica"),
        json!({"is_replica": true, "replicas": 0, "lag_s": 0.0, "stopped": false}),
        "{probes}"
    );
    assert_eq!((&of("primary")["is_replica"], &of("primary")["replicas"]), (&json!(false), &json!(1)));
    assert!(of("primary")["lag_s"].is_f64(), "{probes}");
    assert_eq!(findings(&probes["primary"]), [""; 0]);
    assert_eq!(findings(&probes["replica"]), [""; 0]);
    assert_eq!(findings(&probes["mistaken"]), ["it takes no writes, and its status is active"]);
    assert_eq!(code, 3);

    // Replay that is held falls behind what the primary has written since.
    replica.execute("SELECT pg_wal_replay_pause()").await;
    replica.until("pg_get_wal_replay_pause_state() = 'paused'").await;
    execute("INSERT INTO beats VALUES (now())").await;
    replica.until("pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()").await;
    replica.until("clock_timestamp() - pg_last_xact_replay_timestamp() > interval '2 s'").await;
    let (probes, code) = probed(folder.path(), &["replica", "--max-lag", "1s"]);
    let lag = probes["replica"]["server"]["replication"]["lag_s"].as_f64().unwrap();
    assert!((2.0..60.0).contains(&lag), "{lag}");
    assert_eq!(findings(&probes["replica"]), [format!("it is {lag} s behind, more than 1 s")]);
    assert_eq!(code, 3);
    assert_eq!(probed(folder.path(), &["replica", "--max-lag", "10m"]).1, 0);

    // When it goes on, it is well again.
    replica.execute("SELECT pg_wal_replay_resume()").await;
    replica.until("pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()").await;
    let (probes, code) = probed(folder.path(), &["replica", "--max-lag", "1s"]);
    assert_eq!((findings(&probes["replica"]), code), (Vec::new(), 0), "{probes}");

    primary.close().await;
    replica.db.close().await;
}
