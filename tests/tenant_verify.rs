//! `tenant verify`: what is well is told with evidence, and each thing that is not, with what to type.

use serde_json::Value;

use crate::{
    on_every_engine,
    support::{Case, cli::Said, provisioning::id},
};

fn verify(case: &Case, words: &[&str]) -> (Said, Value) {
    let words: Vec<&str> = ["tenant", "verify", "--json"].iter().chain(words).copied().collect();
    let said = case.run(&words);
    let value = serde_json::from_str(&said.out).unwrap_or_default();
    (said, value)
}

/// Status, evidence and what to type of a check.
fn check<'v>(value: &'v Value, key: &str) -> (&'v str, &'v str, &'v str) {
    let checks = value["data"][0]["checks"].as_array().unwrap_or_else(|| panic!("{value}"));
    let check =
        checks.iter().find(|check| check["key"] == key).unwrap_or_else(|| panic!("no {key}: {value}"));
    (
        check["status"].as_str().unwrap(),
        check["message"].as_str().unwrap(),
        check["next"].as_str().unwrap_or_default(),
    )
}

async fn ready(case: &Case) {
    case.ready_for_tenants().await;
    case.a_tenant("acme", "central").await;
}

on_every_engine! {
    async fn a_provisioned_tenant_passes_with_evidence(case: &Case) {
        ready(case).await;
        assert_eq!(case.provision(&["acme"]).0.code, 0);
        let before = case.tenant_dump(true).await;
        let (said, value) = verify(case, &["acme"]);
        for (key, evidence) in [
            ("last_run", "succeeded"),
            ("counts", "taxonomies: 5 created, 0 updated, 0 unchanged, 0 skipped"),
            ("roles", "4 of 4 roles are as the master has them"),
            ("taxonomies", "5 of 5 taxonomies are as the master has them"),
            ("owner", "is an active owner"),
            ("warnings", "no failure repeated in 7 days"),
        ] {
            let (status, message, _) = check(&value, key);
            assert!(status == "pass" && message.contains(evidence), "{key}: {said:?}");
        }
        // The tests' role on PostgreSQL is a superuser, which no policy binds: that is a finding.
        let (isolation, message, next) = check(&value, "isolation");
        match case.db.engine() {
            Engine::Postgres => {
                assert_eq!((isolation, next, said.code), ("fail", "opsctl rls verify --cluster central", 3), "{message}");
            }
            _ => assert!(isolation == "pass" && message.starts_with("application-enforced") && said.code == 0, "{said:?}"),
        }
        assert_eq!(case.tenant_dump(true).await, before);
    }

    async fn what_is_missing_differing_or_left_over_is_counted_and_what_is_edited_is_not_a_finding(case: &Case) {
        ready(case).await;
        case.provision(&["acme"]);
        case.as_tenant("acme", "DELETE FROM taxonomies WHERE code = 'wash_fold'").await;
        case.as_tenant("acme", "UPDATE taxonomies SET name = 'x' WHERE code = 'wool'").await;
        case.as_tenant("acme", "UPDATE taxonomies SET name = 'y', modified_by_tenant_at = '2026-11-20 10:00:00' WHERE code = 'wash'").await;
        case.execute("DELETE FROM opsctl_master_taxonomies WHERE code = 'iron'").await;
        case.as_tenant("acme", "DELETE FROM tenant_user").await;
        case.as_tenant("acme", "DELETE FROM tenant_role_permissions WHERE role_code = 'staff'").await;
        let (said, value) = verify(case, &["acme"]);
        assert_eq!(said.code, 3, "{said:?}");
        let (status, message, next) = check(&value, "taxonomies");
        assert_eq!(status, "fail");
        assert_eq!(message, "of 5 taxonomies 1 missing: `service/wash_fold`; 1 differing: `fabric/wool`; 1 no longer in the master: `service/iron`");
        assert_eq!(next, "opsctl tenant provision acme --only taxonomies");
        assert_eq!(check(&value, "roles").1, "of 4 roles 1 differing: `staff`");
        assert_eq!(check(&value, "owner").2, "opsctl tenant provision acme --only owner");
        assert_eq!(case.run(&["tenant", "provision", "acme"]).code, 0);
        let (_, value) = verify(case, &["acme"]);
        assert_eq!(check(&value, "taxonomies").1, "4 of 5 taxonomies are as the master has them, 1 is the tenant's own or edited by it");
        // The master lost a row in between: another source, whose counts say nothing of the one before.
        let (status, message, _) = check(&value, "counts");
        assert!(status == "warn" && message.contains("roles: 0 created and 1 updated, though the source was the same"), "{message}");
    }

    async fn a_tenant_that_was_never_provisioned_or_whose_run_failed_says_what_to_type(case: &Case) {
        case.add_opsctl().await;
        case.write_env("");
        case.a_tenant("acme", "central").await;
        let (said, value) = verify(case, &["acme"]);
        assert_eq!(said.code, 6, "{said:?}");
        assert_eq!(check(&value, "last_run"), ("fail", "it was never provisioned", "opsctl tenant provision acme"));
        assert_eq!(check(&value, "cluster").2, "opsctl clusters migrate central --path DIR");
        for _ in 0..2 {
            case.provision(&["acme"]);
        }
        let (_, value) = verify(case, &["acme"]);
        let (status, message, _) = check(&value, "warnings");
        assert_eq!((status, message), ("fail", "tenancy.migration.provision_failed 2 times since it last succeeded"));
        assert!(check(&value, "last_run").1.contains("is failed (tenancy.migration.provision_failed)"));
    }

    async fn an_owner_whom_the_cluster_cannot_hold_is_told_as_the_owner_and_the_rest_is_looked_at(case: &Case) {
        if case.db.engine() != Engine::Postgres {
            return; // other engines keep ids as text
        }
        ready(case).await;
        case.execute("UPDATE opsctl_tenants SET owner_user_id = 'foo'").await;
        let run = case.run(&["tenant", "provision", "acme"]);
        let next = "opsctl tenant create acme --name acme --owner-user-id UUID";
        assert!(run.code == 6 && run.err.contains(next), "{run:?}");
        let (_, value) = verify(case, &["acme"]);
        let (status, message, told) = check(&value, "owner");
        assert!(status == "fail" && message.contains("`foo`, is no UUID"), "{message}");
        assert_eq!(told, next);
        assert_eq!(check(&value, "taxonomies").0, "pass");
        check(&value, "isolation");
    }

    async fn what_comes_next_on_a_mute_cluster_is_a_command(case: &Case) {
        if case.db.engine() != Engine::Sqlite {
            return; // the cluster is the same on every central database
        }
        case.ready_for_tenants().await;
        case.a_tenant("acme", "hang").await;
        let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://ops@{}/none", mute.local_addr().unwrap());
        std::fs::write(case.folder.path().join("opsctl.toml"), format!("[clusters.hang]\nurl = \"{url}\"\n")).unwrap();
        let (said, value) = verify(case, &["acme"]);
        assert_eq!(said.code, 7, "{said:?}");
        assert_eq!(check(&value, "cluster").2, "opsctl clusters probe hang");
    }

    async fn a_killed_run_is_told_and_a_live_one_is_worth_a_look(case: &Case) {
        ready(case).await;
        let held = case.hold("step-begun#3", &["tenant", "provision", "acme"]);
        assert_eq!(check(&verify(case, &["acme"]).1, "last_run").0, "warn");
        drop(held);
        let said = case.run_with(&[("OPSCTL_NOW", "2026-11-20T09:05:00Z")], &["tenant", "verify", "acme"]);
        assert!(said.code == 3 && said.out.contains("was killed: no heartbeat since 2026-11-20 09:00:00 UTC"), "{said:?}");
    }

    async fn a_run_whose_steps_are_not_recorded_is_no_evidence(case: &Case) {
        ready(case).await;
        case.provision(&["acme"]);
        case.execute("DELETE FROM opsctl_provisioning_steps").await;
        let (_, value) = verify(case, &["acme"]);
        let (status, message, next) = check(&value, "counts");
        assert!(status == "warn" && message.ends_with("counted no rows: it has no step that is done and writes"), "{message}");
        assert_eq!(next, "opsctl tenant show acme");
        case.provision(&["acme", "--only", "owner"]);
        let (_, value) = verify(case, &["acme"]);
        let (status, message, _) = check(&value, "counts");
        assert!(status == "pass" && message.ends_with(": owner: 0 created, 0 updated, 1 unchanged, 0 skipped"), "{message}");
    }

    async fn a_finding_is_critical_to_a_monitoring_system(case: &Case) {
        ready(case).await;
        let said = case.run(&["tenant", "verify", "acme", "-o", "nagios"]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.out.starts_with("TENANT VERIFY CRITICAL - 1 tenant, "), "{said:?}");
        case.execute("DELETE FROM _sqlx_migrations WHERE version = 50003").await;
        let said = case.run(&["tenant", "verify", "acme", "-o", "nagios"]);
        assert!(said.code == 3 && said.out.starts_with("TENANT VERIFY UNKNOWN - "), "{said:?}");
    }

    async fn people_see_every_answer_about_one_tenant_and_what_did_not_pass_of_several(case: &Case) {
        ready(case).await;
        case.a_tenant("bolt", "central").await;
        case.provision(&["acme"]);
        let said = case.run(&["tenant", "verify", "acme"]);
        assert!(said.out.starts_with("CHECK       STATUS  EVIDENCE\nlast_run    pass    run "), "{said:?}");
        let said = case.run(&["tenant", "verify", "--all"]);
        let shown = |tenant: &str| said.out.lines().filter(|line| line.starts_with(tenant)).count();
        assert_eq!(shown("acme"), 1, "{said:?}");
        assert!(said.out.contains("bolt    last_run    fail    it was never provisioned"), "{said:?}");
        assert!(said.err.contains("hint: last_run, roles, taxonomies, owner of `bolt`: `opsctl tenant provision bolt`"), "{said:?}");
        assert_eq!(case.run(&["tenant", "verify", "--all", "-o", "ids"]).out, "acme\nbolt\n");
    }

    async fn several_tenants_end_with_findings_when_one_has_any(case: &Case) {
        ready(case).await;
        case.a_tenant("bolt", "central").await;
        case.provision(&["acme"]);
        let (said, value) = verify(case, &["--all"]);
        assert_eq!(said.code, 3, "{said:?}");
        assert_eq!(value["summary"]["tenants"], 2);
        assert_eq!(value["data"][1]["id"], id("bolt").as_str());
        assert_eq!(verify(case, &["nobody"]).0.code, 9);
    }
}
