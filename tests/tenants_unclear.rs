//! Rows of a platform's own query that name no tenant for certain: each is told with its cause, and the others go on.

use serde_json::Value;

use crate::{
    on_every_engine,
    support::{Case, provisioning::id},
};

/// Five rows: a sound tenant, a status that nobody knows, no cluster, and one tenant twice.
async fn platform(case: &Case) {
    case.ready_for_tenants().await;
    case.execute("CREATE TABLE own_tenants (id varchar(36), slug varchar(64), cluster varchar(64), status varchar(24))")
        .await;
    for (slug, cluster, status) in [
        ("acme", "'central'", "pending"),
        ("bolt", "'central'", "trial"),
        ("cork", "NULL", "active"),
        ("dust", "'central'", "active"),
        ("dust", "'eu-1'", "active"),
    ] {
        let id = id(slug);
        case.execute(&format!("INSERT INTO own_tenants VALUES ('{id}', '{slug}', {cluster}, '{status}')"))
            .await;
    }
    query(case, "SELECT id, slug, cluster, status FROM own_tenants");
}

fn query(case: &Case, sql: &str) {
    let toml = format!("[fleet]\ntenants = \"{sql}\"\n");
    std::fs::write(case.folder.path().join("opsctl.toml"), toml).unwrap();
}

on_every_engine! {
    async fn the_others_are_listed_and_each_is_told_once(case: &Case) {
        platform(case).await;
        let said = case.run(&["tenant", "list", "-o", "ids"]);
        assert_eq!((said.code, said.out.as_str()), (4, "acme\n"), "{said:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.err, @"
            error: the registration of tenant `bolt` cannot be understood
              caused by: `trial` is no status of a tenant
              hint: statuses: pending, provisioning, active, provisioning_failed, suspended, archived
            error: the registration of tenant `cork` cannot be understood
              caused by: it lacks its `cluster`
            error: tenant `dust` is registered 2 times
              caused by: its cluster is `central` and `eu-1`
              hint: each tenant is one row, with a slug and an id of its own: look for a join that repeats it
            ");
        }
        let said = case.run(&["tenant", "list", "--json"]);
        let page: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(page["summary"]["unclear"], 3, "{said:?}");
        let said = case.run(&["tenant", "list", "-o", "ids", "--cluster", "eu-1"]);
        assert!(said.code == 6 && said.err.contains("`dust`") && !said.err.contains("`bolt`"), "{said:?}");
    }

    async fn the_others_are_shown_provisioned_and_verified(case: &Case) {
        platform(case).await;
        assert_eq!(case.run(&["tenant", "show", "acme"]).code, 0);
        let said = case.run(&["tenant", "show", "bolt"]);
        assert!(said.code == 6 && said.err.contains("`trial` is no status of a tenant"), "{said:?}");
        let said = case.run(&["tenant", "show", &id("dust")]);
        assert!(said.code == 6 && said.err.contains("tenant `dust` is registered 2 times"), "{said:?}");
        assert_eq!(case.run(&["tenant", "show", "bold"]).code, 9);

        let (said, value) = case.provision(&["acme", "bolt"]);
        assert_eq!(said.code, 4, "{said:?}");
        let items = value["data"]["items"].as_array().unwrap();
        let outcomes: Vec<&str> = items.iter().map(|item| item["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["succeeded", "refused"]);
        assert_eq!(case.count("opsctl_provisioning_runs").await, 1);
        let said = case.run(&["tenant", "provision", "--all-failed"]);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("3 tenants: 3 refused."), "{said:?}");
        assert_eq!(said.err.matches("error: ").count(), 3, "{said:?}");

        let said = case.run(&["tenant", "verify", "--all", "-o", "csv", "--columns", "tenant,check,status"]);
        assert_eq!(said.code, 3, "{said:?}");
        for line in ["acme,last_run,pass", "bolt,registration,fail", "cork,registration,fail", "dust,registration,fail"] {
            assert_eq!(said.out.lines().filter(|known| *known == line).count(), 1, "{line}: {said:?}");
        }
        assert_eq!(case.run(&["tenant", "verify", "cork"]).code, 6);
    }

    async fn tenants_are_counted_wherever_they_may_live(case: &Case) {
        platform(case).await;
        for (name, tenants) in [("central", 3), ("eu-1", 1)] {
            let opened = opsctl::fleet::Tenants::Query(&case.db, "SELECT id, slug, cluster, status FROM own_tenants");
            assert_eq!(opened.counts().await.unwrap().get(name), Some(&tenants), "{name}");
        }
    }

    async fn a_query_that_lacks_a_column_is_told_as_a_whole(case: &Case) {
        platform(case).await;
        query(case, "SELECT id, slug, cluster FROM own_tenants");
        let said = case.run(&["tenant", "list"]);
        assert_eq!(said.code, 6, "{said:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.err, @"
            error: the query of [fleet] tenants gives no column `status`
              hint: it must give id, slug, cluster, status; another name becomes one by `AS status`
            ");
        }
    }
}
