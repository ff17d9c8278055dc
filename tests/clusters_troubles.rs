//! Clusters that are not as they should be: `clusters probe` and `clusters migrate` say so, whose trouble it is, and what
//! to type next.

use std::path::Path;

use opsctl::{cancel::Cancel, config::database::Address, db::Engine, schema};
use rexpect::process::WaitStatus;
use serde_json::Value;

use crate::{
    on_every_engine,
    support::{
        Case, Schema,
        cli::program,
        fleet::Fleet as Probed,
        fleets::{Fleet, of},
        proxy::{Proxy, Way},
        roles::Cluster,
        server,
    },
};

#[tokio::test]
async fn a_database_that_shows_nothing_of_tenants_is_not_well() {
    for engine in [Engine::Postgres, Engine::MySql] {
        let mut fleet = Probed::new();
        let Some(empty) = fleet.empty(engine).await else { return };
        let plain = fleet.empty(engine).await.unwrap();
        let blind = fleet.well(engine).await.unwrap();
        fleet.execute(&plain, "CREATE TABLE orders (id int)").await;
        match engine {
            Engine::Postgres => {
                fleet.execute(&plain, &format!("GRANT SELECT ON orders TO {}", plain.role)).await;
                fleet.execute(&blind, "REVOKE USAGE ON SCHEMA public FROM PUBLIC").await;
            }
            _ => {
                let (database, role) = (&blind.database, &blind.role);
                let views = "v_taxonomies v_tenant_roles v_tenant_role_permissions v_tenant_user v_tenant_audit_trail";
                let sql = views.split(' ').chain(["_sqlx_migrations"]).fold(String::new(), |sql, table| {
                    format!("{sql}REVOKE ALL ON {database}.{table} FROM {role}@'%';")
                });
                fleet.execute(&blind, &sql).await;
            }
        }
        fleet.register("empty", &empty, "");
        fleet.register("plain", &plain, "");
        fleet.register("blind", &blind, "");
        let probes = fleet.probe(&[]);
        let empty = probes.told("empty");
        assert_eq!(probes.verdict("empty"), "degraded schema", "{empty}");
        assert!(empty.contains("the database is empty"), "{empty}");
        assert!(empty.contains("`opsctl clusters migrate empty --own`"), "{empty}");
        let plain = probes.told("plain");
        assert_eq!(probes.verdict("plain"), "degraded isolation", "{plain}");
        assert!(plain.contains("there are no tenant tables"), "{plain}");
        assert!(plain.contains("`opsctl clusters migrate plain --path DIR`"), "{plain}");
        let blind = probes.told("blind");
        assert_eq!(probes.step("blind", "isolation")["state"], "degraded", "{blind}");
        if engine == Engine::MySql {
            assert!(blind.contains("there are no tenant tables"), "{blind}");
        } else {
            assert!(empty.contains("which migrates, may not make tables there"), "{empty}");
            assert!(blind.contains("may not read any of the tenant tables"), "{blind}");
            assert!(blind.contains("`opsctl rls verify --cluster blind`"), "{blind}");
        }
        assert_eq!(fleet.probe(&["empty", "plain"]).code, 3);
        fleet.finish().await;
    }
}

#[tokio::test]
async fn when_a_cluster_was_probed_is_told_to_the_millisecond() {
    let case = Case::empty(Engine::Sqlite, Schema::Service).await.unwrap();
    let fleet = Fleet::new(&case, 1).await;
    let mut command = program(case.folder.path());
    let output = command.env_remove("OPSCTL_NOW").args(["clusters", "probe", "-o", "json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let at = report["data"]["clusters"][0]["probed_at"].as_str().unwrap();
    let fraction = at.split_once('.').map_or("", |(_, rest)| rest.trim_end_matches('Z'));
    assert!(fraction.len() <= 3, "{at}");
    fleet.finish().await;
}

on_every_engine! {
    // With several clusters a hint says whose it is; one hint is enough for those with the same trouble.
    async fn hints_name_their_clusters(case: &Case) {
        let fleet = Fleet::new(case, 3).await;
        fleet.files(&[("0001_things.sql", "CREATE TABLE things (id integer PRIMARY KEY)")]);
        for at in [0, 1] {
            fleet.clusters[at].execute("CREATE TABLE things (x integer)").await;
        }
        let said = fleet.run("clusters migrate --path sql");
        let hint = "hint: c1, c2: when that is mended: `opsctl clusters migrate NAME --path sql`";
        assert!(said.err.contains(hint), "{said:?}");
        let said = fleet.run("clusters migrate c2 c3 --path sql");
        let hint = "hint: c2: when that is mended: `opsctl clusters migrate c2 --path sql`";
        assert!(said.err.contains(hint), "{said:?}");
        let said = fleet.run("clusters migrate c2 --path sql");
        let hint = "hint: when that is mended: `opsctl clusters migrate c2 --path sql`";
        assert!(said.err.contains(hint), "{said:?}");
        fleet.finish().await;
    }

    async fn a_statement_that_failed_is_named_with_its_file_and_line(case: &Case) {
        let fleet = Fleet::new(case, 1).await;
        let first = "-- two\nCREATE TABLE a (id integer PRIMARY KEY);\n\nINSERT INTO nowhere\nVALUES (1);\nSELECT 1;";
        fleet.files(&[("0007_two.sql", first)]);
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql");
        assert_eq!((of(&outcomes), code), (vec!["failed"], 1), "{said:?}");
        let line = "migration 0007_two.sql failed: statement 2 of 3, line 4: `INSERT INTO nowhere VALUES (1)`: ";
        assert!(said.out.contains(line), "{said:?}");
        // What cannot be read is named likewise, though nothing was run.
        let second = "CREATE TABLE b (id integer PRIMARY KEY);\nSELECT 1;\nSELEKT 2;";
        fleet.files(&[("0008_three.sql", second)]);
        let said = fleet.run("clusters migrate --path sql --table opsctl_three");
        assert!(said.out.contains("0008_three.sql failed: statement 3 of 3, line 3: `SELEKT 2`: "), "{said:?}");
        fleet.finish().await;
    }

    async fn what_could_not_be_asked_is_unknown_and_not_none(case: &Case) {
        case.add_opsctl().await;
        let fleet = Fleet::new(case, 1).await;
        fleet.files(&[("0001_things.sql", "CREATE TABLE things (id integer PRIMARY KEY)")]);
        fleet.write("[clusters.down]\nurl = \"postgres://nobody@127.0.0.1:9/none\"\n");
        let said = fleet.run("clusters migrate --path sql -o json");
        let report: Value = serde_json::from_str(&said.out).unwrap();
        let pending = |at: usize| report["data"][at]["pending"].clone();
        assert_eq!((pending(0), pending(1)), (serde_json::json!([]), Value::Null), "{said:?}");
        let table = fleet.run("clusters migrate --path sql --status");
        let line = table.out.lines().find(|line| line.starts_with("down")).unwrap().to_owned();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>()[1..5], ["unreachable", "-", "0", "-"], "{line}");
        let rows = case.rows("SELECT cluster, pending FROM opsctl_cluster_migrations ORDER BY cluster").await;
        let kept: Vec<Option<String>> = rows.iter().map(|row| row.text_or_null("pending").unwrap()).collect();
        assert_eq!(kept, [Some("0".to_owned()), None]);
        fleet.finish().await;
    }
}

/// Where the server of a case is reached.
fn port(case: &Case) -> u16 {
    let Address::Tcp(_, port) = case.target.address else { unreachable!("servers have ports") };
    port
}

#[tokio::test]
async fn who_cannot_be_reached_is_told_why_how_long_and_what_to_type() {
    if server("OPSCTL_TEST_MARIADB_URL").is_none() {
        return;
    }
    let Some(case) = Case::new(Engine::Postgres, Schema::Service).await else { return };
    let other = Case::empty(Engine::MySql, Schema::Service).await.unwrap();
    let fleet = Fleet::new(&case, 1).await;
    fleet.files(&[("0001_things.sql", "CREATE TABLE things (id integer PRIMARY KEY)")]);
    let hole = Proxy::to(port(&case));
    hole.set(Way::Hang);
    let section = |name: &str, url: &str| {
        format!(
            "[clusters.{name}]\nurl = \"{url}\"\npassword = \"file:{}/secret\"\n",
            fleet.clusters[0].folder.path().display()
        )
    };
    fleet.write(
        &[
            section(
                "absent",
                &format!("postgres://{}@127.0.0.1:{}/nowhere", case.target.username, port(&case)),
            ),
            section("foreign", &format!("postgres://a@127.0.0.1:{}/b", port(&other))),
            section("hole", &format!("postgres://a@127.0.0.1:{}/b", hole.port)),
            section("swapped", &format!("mysql://a@127.0.0.1:{}/b", port(&case))),
        ]
        .concat(),
    );
    let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql --timeout 8s");
    assert_eq!(
        of(&outcomes),
        ["unusable", "applied", "unreachable", "unreachable", "unreachable"],
        "{said:?}"
    );
    assert_eq!(code, 7);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let item = |name: &str| {
        report["data"].as_array().unwrap().iter().find(|item| item["cluster"] == name).unwrap().clone()
    };
    assert!(item("hole")["took_ms"].as_u64().unwrap() >= 1000, "{said:?}");
    for (name, why, next) in [
        ("absent", "has no such database", "`opsctl clusters show absent`"),
        ("foreign", "what answers there is not PostgreSQL", "`opsctl clusters probe foreign`"),
        ("hole", "127.0.0.1", "`opsctl clusters probe hole`"),
        ("swapped", "127.0.0.1", "`opsctl clusters probe swapped`"),
    ] {
        let item = item(name);
        assert!(item["error"].as_str().unwrap().contains(why), "{item}");
        assert!(item["next"].to_string().contains(next), "{item}");
    }
    // The time for all may be shorter than a server's: who was silent until then is named, with that time.
    let said = fleet.run("clusters migrate c1 hole --path sql --timeout 1s");
    assert_eq!(said.code, 75, "{said:?}");
    let line = said.out.lines().find(|line| line.starts_with("hole")).unwrap();
    assert!(line.contains(" gave no answer within "), "{said:?}");
    assert!(!line.contains(" 0.0 s"), "its time is told: {said:?}");
    assert!(said.err.contains("hint: hole: see how far it gets: `opsctl clusters probe hole`"), "{said:?}");
    fleet.finish().await;
    other.finish().await;
    case.finish().await;
}

/// Migrates a MariaDB whose owner may not grant; what it says, and the case.
async fn migrated_without_grants(rights: &[&str]) -> Option<(String, Cluster)> {
    let cluster = Cluster::empty(Engine::MySql).await?;
    schema::claim(&cluster.case.db, &Cancel::new()).await.unwrap();
    for right in rights {
        let sql = right
            .replace("APP", &format!("app_{}@'%'", cluster.mark))
            .replace("DB", &cluster.case.target.name);
        cluster.case.execute(&sql).await;
    }
    let folder = cluster.case.folder.path();
    std::fs::write(
        folder.join("opsctl.toml"),
        format!("[database]\nurl = \"sqlite:c.sqlite\"\n{}", cluster.section("eu-1")),
    )
    .unwrap();
    let mut command = program(folder);
    command.env("APP_PASSWORD", "app").env("OWN_PASSWORD", "own").args(["clusters", "migrate"]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    Some((said, cluster))
}

#[tokio::test]
async fn rights_that_somebody_else_must_grant_are_told_once_per_role_with_their_database() {
    let Some((said, cluster)) = migrated_without_grants(&[]).await else { return };
    let (name, mark) = (&cluster.case.target.name, &cluster.mark);
    assert_eq!(said.matches("lacks rights").count(), 1, "{said}");
    let grant =
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON `{name}`.`v_taxonomies` TO 'app_{mark}'@'%'");
    assert!(said.contains(&grant), "{said}");
    // What is printed can be run as it is.
    let all = said.split("grant runs: ").nth(1).unwrap().lines().next().unwrap().trim_end_matches('.');
    cluster.case.execute(all).await;
    cluster.finish().await;
    // Rights on everything, or on the database, are rights.
    for right in [
        "GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO APP",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON DB.* TO APP",
    ] {
        let (said, cluster) = migrated_without_grants(&[right]).await.unwrap();
        assert!(!said.contains("lacks rights"), "{right}: {said}");
        cluster.finish().await;
    }
}

/// A folder whose only cluster has a drifted migration.
async fn drifted(case: &Case) -> Fleet<'_> {
    let fleet = Fleet::new(case, 1).await;
    fleet.files(&[("1_a.sql", "CREATE TABLE a (id integer)")]);
    assert_eq!(fleet.run("clusters migrate --path sql").code, 0);
    fleet.files(&[("1_a.sql", "CREATE TABLE a (id bigint)")]);
    fleet
}

fn asked_on_a_terminal(folder: &Path, answer: &str) -> (String, i32) {
    let mut command = program(folder);
    command.args(["clusters", "repair", "c1", "--path", "sql"]).env("TERM", "xterm");
    let mut session = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
    let before = session.exp_string("Go on?").unwrap();
    session.send(answer).unwrap();
    session.flush().unwrap();
    let rest = session.exp_eof().unwrap();
    match session.process().wait().unwrap() {
        WaitStatus::Exited(_, code) => (before + &rest, code),
        other => panic!("{other:?}: {rest}"),
    }
}

#[tokio::test]
async fn repair_asks_on_a_terminal_and_its_default_is_no() {
    let case = Case::empty(Engine::Sqlite, Schema::Service).await.unwrap();
    let fleet = drifted(&case).await;
    let folder = case.folder.path().to_owned();
    for (answer, code) in [("\r", 5), ("n\r", 5), ("\u{3}", 130)] {
        let (said, ended) = asked_on_a_terminal(&folder, answer);
        assert_eq!(ended, code, "{answer:?}: {said}");
        assert!(said.contains("c1: this will record the checksum of 1 anew"), "{said}");
        assert!(said.contains("of the cluster c1"), "{said}");
        assert_eq!(
            fleet.outcomes("clusters migrate --path sql --status").1,
            3,
            "{answer:?}: nothing was mended"
        );
    }
    let (said, code) = asked_on_a_terminal(&folder, "y\r");
    assert_eq!(code, 0, "{said}");
    assert_eq!(fleet.outcomes("clusters migrate --path sql --status").1, 0, "{said}");
    fleet.finish().await;
}
