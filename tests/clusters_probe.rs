//! `clusters probe`: each cluster gets its own clear line, and none holds up the others.

use std::time::{Duration, Instant};

use opsctl::db::Engine;

use crate::support::{
    fleet::Fleet,
    proxy::{Proxy, Way},
};

#[tokio::test]
async fn each_trouble_has_its_own_line_and_the_others_go_on() {
    let mut fleet = Fleet::new();
    let Some(well) = fleet.well(Engine::Postgres).await else { return };
    let full = fleet.well(Engine::Postgres).await.unwrap();
    let denied = fleet.well(Engine::Postgres).await.unwrap();
    let laravel = fleet.empty(Engine::Postgres).await.unwrap();
    let foreign = fleet.empty(Engine::Postgres).await.unwrap();
    fleet.execute(&full, &format!("ALTER DATABASE {} CONNECTION LIMIT 0", full.database)).await;
    fleet.execute(&denied, &format!("REVOKE ALL ON _sqlx_migrations FROM {}", denied.role)).await;
    let tables = "CREATE TABLE migrations (id serial, migration varchar(255), batch int); \
                  INSERT INTO migrations (migration) VALUES ('2024_05_01_000000_orders')";
    fleet.execute(&laravel, &format!("{tables}; GRANT SELECT ON migrations TO {}", laravel.role)).await;
    fleet.execute(&foreign, "CREATE TABLE flyway_schema_history (version varchar(50))").await;
    let (silent, slow) = (Proxy::to(well.port), Proxy::to(well.port));
    silent.set(Way::Hang);
    slow.set(Way::Delay(Duration::from_millis(30)));

    fleet.register("well", &well, "");
    fleet.register("full", &full, "");
    fleet.register("denied", &denied, "");
    fleet.register("laravel", &laravel, "");
    fleet.register("foreign", &foreign, "");
    fleet.named("silent", &well.url(silent.port), "password = \"env:PW\"");
    fleet.named("slow", &well.url(slow.port), "password = \"env:PW\"");
    fleet.named("refused", &well.url(well.port), "password = \"env:WRONG\"");
    fleet.named("unset", &well.url(well.port), "password = \"env:NOWHERE\"");
    fleet.named("down", &well.url(1), "password = \"env:PW\"");
    fleet.named(
        "absent",
        &format!("postgres://{}@{}:{}/nowhere", well.role, well.host, well.port),
        "password = \"env:PW\"",
    );
    fleet.named("unknown", "postgres://app@no-such-host.invalid/x", "");
    fleet.named("file", "sqlite:missing.sqlite", "");

    // Few at once: the login costs this build, which is not optimised, a noticeable time.
    let probes = fleet.probe(&["--parallel", "4", "--each", "20s", "--timeout", "90s"]);
    for (name, verdict, line) in [
        ("well", "ok -", ""),
        ("slow", "ok -", ""),
        ("full", "failed auth", "has no connection left"),
        ("denied", "failed schema", "lacks a right"),
        (
            "laravel",
            "degraded isolation",
            "an application's database: Laravel records its migrations in `migrations`, the last is 2024_05_01_000000_orders",
        ),
        ("foreign", "degraded isolation", "Flyway records its migrations in `flyway_schema_history`"),
        ("silent", "failed connect", "the port takes connections, and nothing behind it speaks"),
        ("refused", "failed auth", "refused the credentials of"),
        ("unset", "failed config", "refers to the variable NOWHERE, which is not set"),
        ("down", "failed connect", "Connection refused"),
        ("absent", "failed auth", "has no such database"),
        ("unknown", "failed resolve", "the name `no-such-host.invalid` has no address"),
        ("file", "failed resolve", "does not exist"),
    ] {
        assert_eq!(probes.verdict(name), verdict, "{name}: {}", probes.of(name));
        let told = probes.told(name);
        assert!(told.contains(line), "{name}: {told}");
        assert_eq!(
            verdict.starts_with("failed"),
            told.contains(&format!("`opsctl clusters show {name}`")),
            "{name}: {told}"
        );
    }
    assert_eq!(probes.code, 7);
    assert!(probes.step("full", "auth")["findings"][0]["kind"] == "unreachable");
    assert_eq!(probes.step("down", "query")["skipped_for"], "connect");
    assert_eq!(probes.step("denied", "isolation")["state"], "ok", "one stage is no other's fault");
    assert!(!probes.report.to_string().contains("guessed") && !probes.err.contains("guessed"));
    // Credentials and settings alone are 6, and names narrow it.
    assert_eq!(fleet.probe(&["refused", "well"]).code, 6);
    assert_eq!(fleet.probe(&["well"]).code, 0);
    assert_eq!(fleet.run(&["clusters", "probe", "wel"]).code, 9);
    fleet.finish().await;
}

#[tokio::test]
async fn an_up_to_date_cluster_is_asked_in_one_round_trip() {
    for engine in [Engine::Postgres, Engine::MySql] {
        let mut fleet = Fleet::new();
        let Some(well) = fleet.well(engine).await else { return };
        if engine == Engine::MySql {
            fleet.execute(&well, &format!("GRANT REPLICA MONITOR ON *.* TO {}@'%'", well.role)).await;
        }
        fleet.register("well", &well, "");
        let said = fleet.run(&["clusters", "probe", "-vvv"]);
        assert_eq!(said.code, 0, "{said:?}");
        let asked = said.err.lines().filter(|line| line.contains("queries sql=")).count();
        assert_eq!(asked, 1, "{engine:?}: {}", said.err);
        let probes = fleet.probe(&[]);
        for stage in ["auth", "schema", "isolation"] {
            assert!(
                probes.step("well", stage)["ms"].is_null(),
                "it has no time of its own: {}",
                probes.of("well")
            );
        }
        assert_eq!(probes.step("well", "auth")["timed_with"], "connect");
        assert_eq!(probes.step("well", "schema")["timed_with"], "query");
        let well = probes.of("well");
        assert_eq!((&well["schema"]["pending"], &well["schema"]["own"]), (&0.into(), &true.into()), "{well}");
        assert_eq!(well["schema"]["head"], "50003");
        assert_eq!(well["isolation"]["unprotected"], serde_json::json!([]), "{well}");
        fleet.finish().await;
    }
}

#[tokio::test]
async fn the_deadline_for_all_ends_who_is_silent_and_every_cluster_is_reported() {
    let mut fleet = Fleet::new();
    let Some(well) = fleet.well(Engine::Postgres).await else { return };
    let silent = Proxy::to(well.port);
    silent.set(Way::Hang);
    fleet.register("well", &well, "");
    for number in 0..20 {
        fleet.named(&format!("silent-{number:02}"), &well.url(silent.port), "password = \"env:PW\"");
    }
    let started = Instant::now();
    let probes = fleet.probe(&["--timeout", "2s"]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!((probes.code, probes.verdict("well")), (75, "ok -".into()));
    assert_eq!(probes.report["summary"]["failed"], 20);
    // Sixteen of one host are at it when the time is over; the rest was never begun.
    assert_eq!(probes.verdict("silent-00"), "failed connect");
    assert_eq!(probes.verdict("silent-19"), "failed -");
    assert!(probes.told("silent-19").contains("the deadline passed"), "{}", probes.told("silent-19"));
    for format in ["table", "wide", "jsonl", "csv", "tsv", "ids"] {
        let said = fleet.run(&["clusters", "probe", "--timeout", "1s", "-o", format]);
        assert_eq!(said.code, 75, "{format}: {said:?}");
        assert!(said.out.contains("silent-19") && said.out.contains("well"), "{format}: {said:?}");
    }
    fleet.finish().await;
}

#[tokio::test]
async fn a_role_that_no_policy_binds_degrades_its_cluster() {
    let mut fleet = Fleet::new();
    for (name, sql, line) in [
        ("superuser", "ALTER ROLE {role} SUPERUSER", "is a superuser"),
        ("bypassing", "ALTER ROLE {role} BYPASSRLS", "has BYPASSRLS"),
        ("owner", "ALTER TABLE taxonomies OWNER TO {role}", "owns the tenant table taxonomies"),
        ("bound", "ALTER ROLE {role} NOCREATEDB", ""),
    ] {
        let Some(member) = fleet.well(Engine::Postgres).await else { return };
        fleet.execute(&member, &sql.replace("{role}", &member.role)).await;
        fleet.register(name, &member, "");
        let probes = fleet.probe(&[name]);
        let verdict = if name == "bound" { "ok -" } else { "degraded query" };
        assert_eq!(probes.verdict(name), verdict, "{name}: {}", probes.of(name));
        assert_eq!(probes.code, if name == "bound" { 0 } else { 3 }, "{name}");
        assert!(probes.told(name).contains(line), "{name}: {}", probes.told(name));
        if name == "bound" {
            // The same role as its owner's, which nothing binds on purpose, is no finding.
            fleet.execute(&member, &format!("ALTER ROLE {} BYPASSRLS", member.role)).await;
            let owner = format!(
                "password = \"env:PW\"\nowner = {{ user = \"{}\", password = \"env:PW\" }}",
                member.role
            );
            fleet.named("other", &member.url(member.port), &owner);
            assert_eq!(fleet.probe(&["other", "--roles", "owner"]).step("other", "query")["state"], "ok");
        }
    }
    fleet.finish().await;
}

#[tokio::test]
async fn every_role_with_credentials_must_get_in() {
    let mut fleet = Fleet::new();
    let Some(well) = fleet.well(Engine::Postgres).await else { return };
    let roles = |operator: &str, owner: &str| {
        format!(
            "operator = {{ user = \"{0}\", password = \"env:{operator}\" }}\nowner = {{ user = \"{0}\", password = \"env:{owner}\" }}",
            well.role
        )
    };
    fleet.register("all-in", &well, &roles("PW", "PW"));
    fleet.register("owner-out", &well, &roles("PW", "WRONG"));
    fleet.register("owner-unset", &well, &roles("PW", "NOWHERE"));
    fleet.named("app-out", &well.url(well.port), &format!("password = \"env:WRONG\"\n{}", roles("PW", "PW")));
    let probes = fleet.probe(&[]);
    assert_eq!((probes.code, probes.verdict("all-in")), (6, "ok -".into()));
    assert!(
        probes.step("all-in", "auth")["ms"].as_f64().unwrap() > 0.0,
        "further roles take time of their own"
    );
    assert_eq!(probes.verdict("owner-out"), "failed auth");
    assert!(probes.told("owner-out").contains("this is the role `owner`"), "{}", probes.told("owner-out"));
    assert_eq!(probes.verdict("owner-unset"), "failed config");
    // Who gets in is asked, so that what is wrong with one role hides nothing else.
    for (name, role) in [("owner-out", "app"), ("owner-unset", "app"), ("app-out", "operator")] {
        assert_eq!(probes.step(name, "schema")["state"], "ok", "{}", probes.of(name));
        assert_eq!(probes.of(name)["server"]["login"]["role"], role);
    }
    assert_eq!(fleet.probe(&["owner-out", "owner-unset", "--roles", "app"]).code, 0);
    fleet.finish().await;
}

#[tokio::test]
async fn who_finds_no_connection_left_hears_how_many_there_are_where_another_role_gets_in() {
    let mut fleet = Fleet::new();
    let Some(well) = fleet.well(Engine::Postgres).await else { return };
    let other = fleet.empty(Engine::Postgres).await.unwrap();
    fleet
        .execute(
            &well,
            &format!(
                "ALTER DATABASE {} CONNECTION LIMIT 0; ALTER ROLE {} SUPERUSER",
                well.database, other.role
            ),
        )
        .await;
    fleet.register("full", &well, &format!("owner = {{ user = \"{}\", password = \"env:PW\" }}", other.role));
    let probes = fleet.probe(&[]);
    assert_eq!((probes.code, probes.verdict("full")), (7, "failed auth".into()));
    let told = probes.told("full");
    assert!(
        told.contains("too many connections for database")
            && told.contains("of 0 connections of the database are used"),
        "{told}"
    );
    fleet.finish().await;
}

#[tokio::test]
async fn migrations_that_are_pending_changed_or_unfinished_degrade_a_cluster() {
    for engine in [Engine::Postgres, Engine::MySql] {
        let mut fleet = Fleet::new();
        let Some(well) = fleet.well(engine).await else { return };
        fleet.register("well", &well, "");
        for (sql, line) in [
            ("DELETE FROM _sqlx_migrations WHERE version = 50003", "1 migration is pending"),
            (
                "UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 50002",
                "applied from another text: 50002",
            ),
            (
                "UPDATE _sqlx_migrations SET success = false WHERE version = 50002",
                "begun and not finished: 50002",
            ),
        ] {
            fleet.execute(&well, sql).await;
            let probes = fleet.probe(&[]);
            assert_eq!((probes.code, probes.verdict("well")), (3, "degraded schema".into()), "{sql}");
            assert!(probes.told("well").contains(line), "{sql}: {}", probes.told("well"));
        }
        assert_eq!(fleet.probe(&[]).of("well")["schema"]["head"], "50001");
        fleet.finish().await;
    }
}

#[tokio::test]
async fn tenant_tables_that_nothing_protects_degrade_a_cluster() {
    let mut fleet = Fleet::new();
    let Some(well) = fleet.well(Engine::Postgres).await else { return };
    fleet
        .execute(
            &well,
            "CREATE TABLE notes (id int, tenant_id uuid); ALTER TABLE taxonomies NO FORCE ROW LEVEL SECURITY",
        )
        .await;
    fleet.register("well", &well, "");
    let probes = fleet.probe(&[]);
    assert_eq!((probes.code, probes.verdict("well")), (3, "degraded isolation".into()));
    let told = probes.told("well");
    assert!(told.contains("2 tenant tables are not protected: notes, taxonomies"), "{told}");
    assert!(told.contains("`opsctl rls verify --cluster well`"), "{told}");
    fleet.finish().await;
}

#[tokio::test]
async fn limits_are_the_operators() {
    let mut fleet = Fleet::new();
    let Some(well) = fleet.well(Engine::Postgres).await else { return };
    fleet.execute(&well, &format!("ALTER ROLE {} CONNECTION LIMIT 4", well.role)).await;
    fleet.register("well", &well, "");
    let probes = fleet.probe(&[]);
    assert_eq!(
        probes.of("well")["server"]["connections"],
        serde_json::json!({"used": 1, "max": 4, "of": "user"})
    );
    let probes = fleet.probe(&["--max-connections", "25"]);
    assert_eq!((probes.code, probes.verdict("well")), (3, "degraded query".into()));
    assert!(
        probes.told("well").contains("1 of 4 connections of the user are used"),
        "{}",
        probes.told("well")
    );
    // One that takes no writes is well where that is its status.
    fleet
        .execute(&well, &format!("ALTER DATABASE {} SET default_transaction_read_only = on", well.database))
        .await;
    fleet.register("kept", &well, "status = \"read_only\"");
    let probes = fleet.probe(&[]);
    assert!(
        probes.told("well").contains("it takes no writes, and its status is active"),
        "{}",
        probes.told("well")
    );
    assert_eq!(probes.verdict("kept"), "ok -");
    fleet.finish().await;
}

#[tokio::test]
async fn mariadb_tells_its_troubles_apart() {
    let mut fleet = Fleet::new();
    let Some(well) = fleet.well(Engine::MySql).await else { return };
    let full = fleet.well(Engine::MySql).await.unwrap();
    let laravel = fleet.empty(Engine::MySql).await.unwrap();
    fleet
        .execute(&full, &format!("GRANT USAGE ON *.* TO {}@'%' WITH MAX_USER_CONNECTIONS 1", full.role))
        .await;
    fleet.execute(&laravel, "CREATE TABLE migrations (id int, migration varchar(255)); INSERT INTO migrations VALUES (1, '2024_a')").await;
    fleet.register("well", &well, "");
    fleet.register("full", &full, &format!("owner = {{ user = \"{}\", password = \"env:PW\" }}", full.role));
    fleet.register("laravel", &laravel, "");
    fleet.named("refused", &well.url(well.port), "password = \"env:WRONG\"");
    fleet.named(
        "absent",
        &format!("mysql://{}@{}:{}/nowhere", well.role, well.host, well.port),
        "password = \"env:PW\"",
    );
    fleet.named("down", &well.url(1), "password = \"env:PW\"");
    let probes = fleet.probe(&[]);
    for (name, verdict, line) in [
        ("well", "ok -", "isolation is application-enforced"),
        ("full", "failed auth", "has no connection left"),
        (
            "laravel",
            "degraded isolation",
            "Laravel records its migrations in `migrations`, the last is 2024_a",
        ),
        ("refused", "failed auth", "refused the credentials of"),
        ("absent", "failed auth", "has no such database, or no access to it"),
        ("down", "failed connect", "Connection refused"),
    ] {
        assert_eq!(probes.verdict(name), verdict, "{name}: {}", probes.of(name));
        assert!(probes.told(name).contains(line), "{name}: {}", probes.told(name));
    }
    assert_eq!(probes.code, 7);
    assert!(
        probes.told("well").contains("may not ask"),
        "replication takes a right: {}",
        probes.told("well")
    );
    assert!(probes.of("well")["server"]["connections"]["used"].as_u64().unwrap() > 0);
    fleet.finish().await;
}

#[tokio::test]
async fn clusters_that_are_down_on_purpose_are_left_out_unless_they_are_named() {
    let mut fleet = Fleet::new();
    let Some(well) = fleet.well(Engine::Postgres).await else { return };
    fleet.register("well", &well, "");
    fleet.register("asleep", &well, "status = \"offline\"");
    fleet.register("gone", &well, "status = \"retired\"");
    let probes = fleet.probe(&[]);
    assert_eq!(probes.report["summary"]["clusters"], 1);
    assert_eq!(
        probes.report["data"]["left_out"],
        serde_json::json!([{"cluster": "asleep", "status": "offline"}, {"cluster": "gone", "status": "retired"}])
    );
    let said = fleet.run(&["clusters", "probe"]);
    assert!(said.err.contains("Left out: asleep, which is offline."), "{said:?}");
    assert_eq!(fleet.probe(&["asleep"]).verdict("asleep"), "ok -");
    fleet.finish().await;
}
