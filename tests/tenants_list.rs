//! `opsctl tenant list`: which tenants there are, and how each was provisioned.

use serde_json::Value;

use crate::{on_every_engine, support::Case};

/// Six tenants on two clusters, with every outcome of a provisioning.
async fn platform(case: &Case) {
    case.write_env("");
    case.add_opsctl().await;
    case.cluster("eu-1", "active", "eu", "10").await;
    case.cluster("id-1", "active", "id", "NULL").await;
    for (slug, cluster, status) in [
        ("anggrek", "eu-1", "active"),
        ("bersih", "id-1", "provisioning_failed"),
        ("cepat", "id-1", "active"),
        ("dewi", "eu-1", "pending"),
        ("elok", "eu-1", "provisioning"),
        ("fajar", "id-1", "archived"),
    ] {
        case.tenant(slug, cluster, status).await;
    }
    for (slug, hours_ago, status) in [
        ("anggrek", 30, "failed"),
        ("anggrek", 3, "succeeded"),
        ("bersih", 40, "succeeded"),
        ("bersih", 2, "failed"),
        ("cepat", 5, "partial"),
        ("elok", 1, "running"),
    ] {
        case.provisioning(slug, hours_ago, status).await;
    }
}

fn slugs(case: &Case, words: &str) -> Vec<String> {
    let words: Vec<&str> = words.split_whitespace().collect();
    let said = case.run(&[&["tenant", "list", "-o", "ids"], &words[..]].concat());
    assert_eq!(said.code, 0, "{words:?}: {said:?}");
    said.out.lines().map(str::to_owned).collect()
}

on_every_engine! {
    async fn every_tenant_stands_with_its_last_provisioning(case: &Case) {
        platform(case).await;
        let said = case.run(&["tenant", "list"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @"
            SLUG     STATUS               PROVISIONING  CLUSTER  NAME             LAST RUN AT  PROVISIONED AT  CREATED AT  LOG KEY
            anggrek  active               succeeded     eu-1     Laundry anggrek  2h 58m ago   3d ago          3d ago      -
            bersih   provisioning_failed  failed        id-1     Laundry bersih   1h 58m ago   -               3d ago      tenancy.taxonomy.provision_failed
            cepat    active               partial       id-1     Laundry cepat    4h 58m ago   3d ago          3d ago      tenancy.taxonomy.provision_failed
            dewi     pending              never         eu-1     Laundry dewi     -            -               3d ago      -
            elok     provisioning         running       eu-1     Laundry elok     1h ago       -               3d ago      -
            fajar    archived             never         id-1     Laundry fajar    -            -               3d ago      -
            ");
        }
        let wide = case.run(&["tenant", "list", "-o", "wide", "--limit", "1"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(wide.out, @"
            SLUG     STATUS  PROVISIONING  CLUSTER  NAME             LAST RUN AT              PROVISIONED AT           CREATED AT               LOG KEY  ID          OWNER USER ID  LOCALE  TIMEZONE
            anggrek  active  succeeded     eu-1     Laundry anggrek  2026-11-20 06:01:30 UTC  2026-11-17 09:00:00 UTC  2026-11-17 09:00:00 UTC  -        id-anggrek  -              id      Asia/Jakarta
            ");
        }
    }

    async fn filters_narrow_the_list_and_join(case: &Case) {
        platform(case).await;
        for (words, expected) in [
            ("", "anggrek bersih cepat dewi elok fajar"),
            ("--cluster eu-1", "anggrek dewi elok"),
            ("--region id", "bersih cepat fajar"),
            ("--region id --cluster eu-1", ""),
            ("--status active", "anggrek cepat"),
            ("--provisioning failed", "bersih"),
            ("--provisioning partial", "cepat"),
            ("--provisioning running", "elok"),
            ("--provisioning succeeded", "anggrek"),
            ("--provisioning never", "dewi fajar"),
            ("--provisioning never --cluster id-1 --status archived", "fajar"),
        ] {
            assert_eq!(slugs(case, words).join(" "), expected, "{words}");
        }
    }

    async fn pages_go_on_where_the_last_one_ended(case: &Case) {
        platform(case).await;
        let said = case.run(&["tenant", "list", "--status", "active", "--limit", "1"]);
        let next = "opsctl tenant list --status active --limit 1 --after anggrek";
        assert!(said.err.contains(next), "{said:?}");
        let said = case.run(&next.split(' ').skip(1).collect::<Vec<_>>());
        assert!(said.out.contains("cepat") && !said.err.contains("--after"), "{said:?}");
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let said = case.run(&["tenant", "list", "--limit", "4", "--after", &after, "--json"]);
            let page: Value = serde_json::from_str(&said.out).unwrap();
            let items = page["data"].as_array().unwrap();
            seen.extend(items.iter().map(|item| item["slug"].as_str().unwrap().to_owned()));
            let Some(next) = page["summary"]["next"].as_str() else { break };
            after = next.to_owned();
        }
        assert_eq!(seen.join(" "), "anggrek bersih cepat dewi elok fajar");
    }

    async fn a_cluster_or_a_region_that_is_nowhere_is_not_found(case: &Case) {
        platform(case).await;
        case.tenant("gone", "old-1", "active").await;
        for (words, told) in [
            (["--cluster", "eu1"], "error: there is no cluster `eu1`\n  caused by: looked in the table opsctl_clusters\n  hint: did you mean `eu-1`?\n"),
            (["--cluster", "nope"], "hint: all clusters: `opsctl clusters list`"),
            (["--region", "ed"], "hint: did you mean `--region eu` or `--region id`?"),
            (["--region", "mars"], "error: no cluster stands in the region `mars`\n  caused by: looked in the table opsctl_clusters\n  hint: regions: eu, id\n"),
        ] {
            let said = case.run(&[&["tenant", "list", "-o", "ids"][..], &words].concat());
            assert_eq!((said.code, said.out.as_str()), (9, ""), "{said:?}");
            assert!(said.err.contains(told), "{words:?}: {said:?}");
        }
        // Tenants may live on a cluster that is registered no more.
        assert_eq!(slugs(case, "--cluster old-1"), ["gone"]);
        let said = case.run(&["tenant", "list", "--cluster", "old-1", "--status", "pending"]);
        assert_eq!((said.code, said.err.as_str()), (0, "No tenants match.\n"), "{said:?}");
        let said = case.run(&["tenant", "list", "--provisioning", "faild"]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains("did you mean `failed`?"), "{said:?}");
    }

    async fn without_its_table_it_names_the_command_that_makes_it(case: &Case) {
        case.write_env("");
        let said = case.run(&["tenant", "list"]);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("has no table `opsctl_tenants`"), "{said:?}");
        assert!(said.err.contains("opsctl db migrate"), "{said:?}");
    }

    async fn a_platforms_own_table_is_read_by_a_query(case: &Case) {
        own_table(case).await;
        assert_eq!(slugs(case, "").join(" "), "anggrek bersih cepat");
        assert_eq!(slugs(case, "--cluster eu-1 --limit 1").join(" "), "anggrek");
        assert_eq!(slugs(case, "--status suspended").join(" "), "cepat");
        let said = case.run(&["tenant", "list", "--json", "--limit", "1"]);
        let page: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(page["data"][0]["id"], ANGGREK, "{said:?}");
        assert_eq!(page["data"][0]["created_at"], "2026-11-01T00:00:00Z", "{said:?}");
        assert_eq!(page["data"][0]["provisioning"], Value::Null);
        let said = case.run(&["tenant", "list", "--provisioning", "failed"]);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("opsctl db migrate"), "{said:?}");
        case.add_opsctl().await;
        assert!(slugs(case, "--provisioning failed").is_empty());
        assert_eq!(slugs(case, "--provisioning never").len(), 3);
    }
}

const ANGGREK: &str = "0190a1b2-0000-7000-8000-00000000000a";

/// A platform's tables of its own, and the query that reads them.
async fn own_table(case: &Case) {
    use opsctl::db::Engine;
    case.write_env("");
    let (uuid, time) = match case.db.engine() {
        Engine::Postgres => ("uuid", "timestamptz"),
        Engine::MySql => ("char(36)", "datetime(6)"),
        Engine::Sqlite => ("TEXT", "TEXT"),
    };
    let zone = if case.db.engine() == Engine::Postgres { "+00" } else { "" };
    case.execute(&format!(
        "CREATE TABLE clusters (id {uuid} PRIMARY KEY, code varchar(64) NOT NULL UNIQUE); \
         CREATE TABLE tenants (id {uuid} PRIMARY KEY, slug varchar(64) NOT NULL, name varchar(255) NOT NULL, \
         cluster_id {uuid} NOT NULL, owner_user_id {uuid} NULL, status varchar(24) NOT NULL, \
         locale varchar(8) NOT NULL, timezone varchar(64) NOT NULL, provisioned_at {time} NULL, \
         deleted_at {time} NULL, created_at {time} NOT NULL, updated_at {time} NOT NULL); \
         INSERT INTO clusters VALUES ('{ANGGREK}', 'eu-1')"
    ))
    .await;
    for (at, (slug, status)) in
        [("cepat", "suspended"), ("anggrek", "active"), ("bersih", "provisioning_failed")].iter().enumerate()
    {
        let id = if *slug == "anggrek" {
            ANGGREK.to_owned()
        } else {
            ANGGREK.replace("000a", &format!("00{at}b"))
        };
        let at = format!("2026-11-01 00:00:00{zone}");
        case.execute(&format!(
            "INSERT INTO tenants VALUES ('{id}', '{slug}', 'Laundry {slug}', '{ANGGREK}', NULL, '{status}', 'id', \
             'Asia/Jakarta', NULL, NULL, '{at}', '{at}')"
        ))
        .await;
    }
    let toml = "[fleet]\ntenants = \"\"\"\nSELECT t.id, t.slug, t.name, c.code AS cluster, t.status, t.owner_user_id, \
                t.locale, t.timezone, t.provisioned_at, t.created_at\nFROM tenants t JOIN clusters c ON c.id = \
                t.cluster_id WHERE t.deleted_at IS NULL\"\"\"\n";
    std::fs::write(case.folder.path().join("opsctl.toml"), toml).unwrap();
}
