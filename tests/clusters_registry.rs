//! Where clusters are registered, and what `clusters list` tells of them.

use serde_json::Value;

use crate::{
    on_every_engine,
    support::{Case, cli::Said},
};

/// An application's folder with opsctl's tables in its database.
async fn prepared(case: &Case) {
    case.write_env("");
    let said = case.run(&["db", "migrate", "-q"]);
    assert_eq!(said.code, 0, "{said:?}");
    case.db.forget_tables();
}

/// Registers a cluster in opsctl's table, as somebody might by hand.
async fn register(case: &Case, name: &str, url: &str, region: &str, status: &str, capacity: Option<i64>) {
    let capacity = capacity.map_or("NULL".to_owned(), |capacity| capacity.to_string());
    case.execute(&format!(
        "INSERT INTO opsctl_clusters (name, url, region, status, capacity, created_at, updated_at) VALUES ('{name}', \
         '{url}', '{region}', '{status}', {capacity}, '2026-11-01 00:00:00', '2026-11-01 00:00:00')"
    ))
    .await;
}

/// A fleet of three, of which one is registered with an address that cannot be used.
async fn fleet(case: &Case) {
    prepared(case).await;
    register(case, "ap-1", "postgres://app@db-ap/tenants", "ap", "active", Some(10)).await;
    register(case, "eu-1", "mysql://app@db-eu:3307/tenants", "eu", "draining", None).await;
    register(case, "us-1", "sqlite:/srv/us-1.sqlite", "us", "offline", None).await;
    for (id, cluster, status) in
        [("1", "ap-1", "active"), ("2", "ap-1", "archived"), ("3", "eu-1", "pending")]
    {
        case.execute(&format!(
            "INSERT INTO opsctl_tenants (id, slug, name, cluster, status, locale, timezone, created_at, updated_at) \
             VALUES ('{id}', 't{id}', 'T', '{cluster}', '{status}', 'id', 'UTC', '2026-11-01 00:00:00', \
             '2026-11-01 00:00:00')"
        ))
        .await;
    }
}

async fn probed(case: &Case, cluster: &str, run: &str, at: &str, verdict: &str, schema: [&str; 2]) {
    let [head, pending] = schema;
    case.execute(&format!(
        "INSERT INTO opsctl_cluster_probes (cluster, run, probed_at, verdict, stage, took_ms, server, head, pending, \
         unprotected, report) VALUES ('{cluster}', '{run:0<26}', '2026-11-20 {at}', '{verdict}', 'schema', 12, \
         'PostgreSQL 15.18', {head}, {pending}, 0, '{{}}')"
    ))
    .await;
}

async fn migrated(case: &Case, cluster: &str, run: &str, at: &str, head: i64, pending: i64) {
    case.execute(&format!(
        "INSERT INTO opsctl_cluster_migrations (cluster, run, record_table, outcome, head, applied, pending, begun_at, \
         ended_at) VALUES ('{cluster}', '{run:0<26}', '_sqlx_migrations', 'applied', {head}, 1, {pending}, \
         '2026-11-20 {at}', '2026-11-20 {at}')"
    ))
    .await;
}

fn json(said: &Said) -> Value {
    assert_eq!(said.code, 0, "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

on_every_engine! {
    async fn the_table_lists_its_clusters_and_a_broken_one_does_not_break_the_others(case: &Case) {
        fleet(case).await;
        register(case, "zz-1", "nonsense", "us", "active", None).await;
        register(case, "zz-2", "postgres://app@db/t", "us", "active", Some(-1)).await;
        let said = case.run(&["clusters", "list"]);
        assert_eq!(said.code, 6, "{said:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @r"
            NAME  STATUS    PENDING  LAST PROBE  SCHEMA HEAD  TENANTS  ENGINE    REGION  ROLE
            ap-1  active          -  -                     -  1 of 10  postgres  ap      tenants
            eu-1  draining        -  -                     -        1  mysql     eu      tenants
            us-1  offline         -  -                     -        0  sqlite    us      tenants
            zz-1  unusable        -  -                     -        0  -         us      tenants
            zz-2  unusable        -  -                     -        0  -         -       tenants
            ");
            insta::assert_snapshot!(said.err, @r"
            warning: cluster `zz-1` cannot be reached as it is registered: the database URL of the registration of cluster `zz-1` cannot be used: it has no scheme
            warning: cluster `zz-2` cannot be reached as it is registered: the registration of cluster `zz-2` cannot be understood: `-1` is no capacity: it is a whole number
            5 clusters, registered in the table opsctl_clusters.
            ");
        }
    }

    async fn relative_paths_are_seen_from_the_folder_of_a_central_database_that_is_a_file(case: &Case) {
        prepared(case).await;
        register(case, "one", "sqlite:clusters/one.sqlite", "", "active", None).await;
        let said = case.run(&["clusters", "list", "--json"]);
        let line = &serde_json::from_str::<Value>(&said.out).unwrap()["data"][0];
        if case.db.engine() == Engine::Sqlite {
            let path = case.folder.path().join("clusters/one.sqlite");
            assert_eq!(line["address"], format!("sqlite:{}", path.display()));
            assert_eq!((&line["problem"], said.code), (&Value::Null, 0));
        } else {
            assert_eq!(said.code, 6, "{said:?}");
            let problem = line["problem"].as_str().unwrap();
            assert!(problem.contains("names a file by a relative path"), "{problem}");
        }
    }

    async fn schema_and_probe_are_those_of_the_newest_row(case: &Case) {
        fleet(case).await;
        probed(case, "ap-1", "01A", "08:00:00", "ok", ["50001", "2"]).await;
        probed(case, "ap-1", "01B", "08:10:00", "degraded", ["50002", "1"]).await;
        migrated(case, "ap-1", "01C", "08:20:00", 50003, 0).await;
        migrated(case, "eu-1", "01C", "08:20:00", 50001, 2).await;
        // A later probe that did not come as far as the schema says nothing about it.
        probed(case, "eu-1", "01D", "08:50:00", "failed", ["NULL", "NULL"]).await;
        let lines = json(&case.run(&["clusters", "list", "--json"]));
        let of = |at: usize| {
            let line = &lines["data"][at];
            (line["schema_head"].clone(), line["pending"].clone(), line["probe"]["verdict"].clone())
        };
        assert_eq!(of(0), (50003.into(), 0.into(), "degraded".into()));
        assert_eq!(of(1), (50001.into(), 2.into(), "failed".into()));
        assert_eq!(of(2), (Value::Null, Value::Null, Value::Null));
        let text = case.run(&["clusters", "list", "--columns", "name,pending,last_probe,last_migration"]).out;
        insta::allow_duplicates! {
            insta::assert_snapshot!(text, @r"
            NAME  PENDING  LAST PROBE                   LAST MIGRATION
            ap-1        0  degraded at schema, 50m ago  applied, 40m ago
            eu-1        2  failed at schema, 10m ago    applied, 40m ago
            us-1        -  -                            -
            ");
        }
    }

    async fn filters_narrow_and_near_misses_are_told(case: &Case) {
        fleet(case).await;
        let ids = |words: &[&str]| case.run(&[&["clusters", "list", "-o", "ids", "-q"], words].concat()).out;
        assert_eq!(ids(&[]), "ap-1\neu-1\nus-1\n");
        assert_eq!(ids(&["--status", "draining,offline"]), "eu-1\nus-1\n");
        assert_eq!(ids(&["--region", "ap"]), "ap-1\n");
        assert_eq!(ids(&["--engine", "mariadb"]), "eu-1\n");
        let empty = case.run(&["clusters", "list", "--region", "aq"]);
        assert_eq!((empty.code, empty.out.as_str()), (0, ""));
        assert!(empty.err.contains("hint: did you mean `--region ap`?"), "{empty:?}");
        let odd = case.run(&["clusters", "list", "--status", "drainig"]);
        assert!(odd.code == 2 && odd.err.contains("did you mean `draining`?"), "{odd:?}");
    }

    async fn without_a_registered_cluster_the_central_database_is_the_one(case: &Case) {
        case.write_env("");
        let said = case.run(&["clusters", "list"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(said.err, "No clusters are registered: the central database is the one cluster.\n");
        let line = &json(&case.run(&["clusters", "list", "--json"]))["data"][0];
        assert_eq!((&line["name"], &line["role"]), (&"central".into(), &"central".into()));
        assert_eq!(line["tenants"], Value::Null);
    }
}
