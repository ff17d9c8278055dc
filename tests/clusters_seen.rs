//! What `clusters list` and `show` tell of a schema that was looked at before.

use serde_json::Value;

use crate::{
    on_every_engine,
    support::{Case, cli::program},
};

async fn prepared(case: &Case, names: &[&str]) {
    case.write_env("");
    let said = case.run(&["db", "migrate", "-q"]);
    assert_eq!(said.code, 0, "{said:?}");
    case.db.forget_tables();
    for name in names {
        case.execute(&format!(
            "INSERT INTO opsctl_clusters (name, url, status, created_at, updated_at) VALUES ('{name}', \
             'sqlite:/srv/{name}', 'active', '2026-11-01 00:00:00', '2026-11-01 00:00:00')"
        ))
        .await;
    }
}

/// A run of migrations at `08:0RUN`; `schema` is the head and what was pending.
async fn migrated(case: &Case, cluster: &str, run: u8, table: &str, outcome: &str, schema: &str) {
    case.execute(&format!(
        "INSERT INTO opsctl_cluster_migrations (cluster, run, record_table, outcome, head, pending, applied, begun_at, \
         ended_at) VALUES ('{cluster}', '01{run:024}', '{table}', '{outcome}', {schema}, 0, '2026-11-20 08:0{run}:00', \
         '2026-11-20 08:0{run}:00')"
    ))
    .await;
}

async fn probed(case: &Case, cluster: &str, run: u8, verdict: &str, schema: &str, report: &str) {
    case.execute(&format!(
        "INSERT INTO opsctl_cluster_probes (cluster, run, probed_at, verdict, stage, took_ms, head, pending, report) \
         VALUES ('{cluster}', '01{run:024}', '2026-11-20 08:0{run}:00', '{verdict}', 'schema', 12, {schema}, '{report}')"
    ))
    .await;
}

fn lines(case: &Case) -> Vec<Value> {
    let said = case.run(&["clusters", "list", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let list: Value = serde_json::from_str(&said.out).unwrap();
    list["data"].as_array().unwrap().clone()
}

const SET: &str = "_sqlx_migrations";

on_every_engine! {
    async fn the_schema_is_that_of_the_tenant_set_and_what_has_to_be_mended_shows(case: &Case) {
        prepared(case, &["both", "dirty", "drift", "found", "mended", "other"]).await;
        migrated(case, "both", 1, SET, "pending", "3, 2").await;
        migrated(case, "both", 2, "team_migrations", "applied", "7, 0").await;
        migrated(case, "dirty", 1, SET, "dirty", "3, 2").await;
        migrated(case, "drift", 1, SET, "drifted", "3, 0").await;
        probed(case, "found", 1, "degraded", "3, 0", r#"{"schema": {"drifted": [3], "dirty": []}}"#).await;
        migrated(case, "mended", 1, SET, "failed", "2, 1").await;
        probed(case, "mended", 2, "ok", "3, 0", r#"{"schema": {"drifted": [], "dirty": []}}"#).await;
        migrated(case, "other", 1, "team_migrations", "pending", "3, 1").await;
        let said = case.run(&["clusters", "list", "--columns", "name,pending,schema_head"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @r"
            NAME     PENDING           SCHEMA HEAD
            both           2                     3
            dirty   2, dirty                     3
            drift    drifted                     3
            found    drifted                     3
            mended         0                     3
            other          1  3 in team_migrations
            ");
        }
        let lines = lines(case);
        let trouble: Vec<_> = lines.iter().map(|line| line["schema_trouble"].as_str().unwrap_or("-")).collect();
        assert_eq!(trouble, ["-", "dirty", "drifted", "drifted", "-", "-"]);
        assert_eq!(lines[5]["schema_table"], "team_migrations");
        let csv = case.run(&["clusters", "list", "-o", "csv", "--columns", "name,pending,schema_head"]).out;
        assert!(csv.contains("dirty,2,3\ndrift,0,3\n") && csv.ends_with("other,1,3\n"), "{csv}");
        let shown = case.run(&["clusters", "show", "drift"]).out;
        assert!(shown.contains("3 applied last, 0 pending, drifted, when it was last looked at"), "{shown}");
    }

    async fn a_look_that_did_not_come_to_the_schema_leaves_what_was_known_before(case: &Case) {
        prepared(case, &["broken", "probed", "refused", "unknown"]).await;
        migrated(case, "broken", 1, SET, "skipped", "3, 0").await;
        migrated(case, "broken", 2, SET, "failed", "NULL, NULL").await;
        probed(case, "probed", 1, "degraded", "3, 2", "{}").await;
        probed(case, "probed", 2, "failed", "NULL, NULL", "{}").await;
        migrated(case, "refused", 1, SET, "pending", "3, 1").await;
        migrated(case, "refused", 2, SET, "refused", "NULL, 9").await;
        migrated(case, "refused", 3, SET, "unreachable", "NULL, NULL").await;
        migrated(case, "unknown", 1, SET, "unreachable", "NULL, NULL").await;
        let said = case.run(&["clusters", "list", "--columns", "name,pending,schema_head"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @r"
            NAME     PENDING  SCHEMA HEAD
            broken    failed            3
            probed         2            3
            refused        1            3
            unknown        -            -
            ");
        }
    }

    // A cluster that is down for an hour is probed sixty times.
    async fn probes_that_failed_never_push_out_what_was_last_known(case: &Case) {
        prepared(case, &["down"]).await;
        probed(case, "down", 1, "degraded", "3, 2", "{}").await;
        for run in 100..160 {
            case.execute(&format!(
                "INSERT INTO opsctl_cluster_probes (cluster, run, probed_at, verdict, stage, took_ms, report) VALUES \
                 ('down', '01{run:024}', '2026-11-20 08:30:00', 'failed', 'connect', 12, '{{}}')"
            ))
            .await;
        }
        let said = case.run(&["clusters", "probe"]);
        assert!(said.code != 0, "{said:?}");
        assert_eq!(case.count("opsctl_cluster_probes").await, 51, "fifty, and the one that saw the schema");
        let line = &lines(case)[0];
        assert_eq!((&line["schema_head"], &line["pending"]), (&3.into(), &2.into()));
        assert_eq!(line["probe"]["verdict"], "failed");
    }
}

#[tokio::test]
async fn forty_columns_keep_name_status_pending_and_the_last_probe() {
    let case = Case::new(opsctl::db::Engine::Sqlite, crate::support::Schema::Service).await.unwrap();
    prepared(&case, &["eu-1", "frankf-1"]).await;
    case.execute("UPDATE opsctl_clusters SET status = 'draining' WHERE name = 'frankf-1'").await;
    for name in ["eu-1", "frankf-1"] {
        probed(&case, name, 1, "degraded", "3, 12", "{}").await;
    }
    migrated(&case, "eu-1", 2, SET, "drifted", "3, 0").await;
    let mut command = program(case.folder.path());
    command.args(["clusters", "list"]).env("COLUMNS", "40").env("TERM", "xterm").env("LC_ALL", "C.UTF-8");
    let mut session = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
    // rexpect takes each byte for a character.
    let bytes: Vec<u8> = session.exp_eof().unwrap().chars().map(|c| c as u8).collect();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("\u{1b}[38;5;9mdrifted") || text.contains("\u{1b}[31mdrifted"), "red: {text:?}");
    let plain = anstream::adapter::strip_str(&text).to_string().replace('\r', "");
    let rows: Vec<&str> = plain.lines().take(4).map(str::trim_end).collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    Too narrow for schema_head, tenants, engine, region, role: `-o wide` shows all columns.
    NAME      STATUS    PENDING  LAST PROBE
    eu-1      active    drifted  degraded a…
    frankf-1  draining       12  degraded a…
    ");
    case.finish().await;
}
