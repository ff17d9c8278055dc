//! Provisioning: what a run does to rows, once and again, and whom it leaves alone.

use opsctl::{cancel::Cancel, schema};
use serde_json::Value;

use crate::{
    on_every_engine,
    support::provisioning::{OWNER, id},
};

/// Created, updated, unchanged, skipped.
fn counts(value: &Value, step: &str) -> [u64; 4] {
    let steps = value["data"]["items"][0]["steps"].as_array().unwrap();
    let line = steps.iter().find(|line| line["step"] == step).unwrap_or_else(|| panic!("no {step}: {value}"));
    ["created", "updated", "unchanged", "skipped"].map(|name| line[name].as_u64().unwrap())
}

on_every_engine! {
    async fn a_first_run_creates_and_a_second_one_writes_nothing(case: &Case) {
        case.ready_for_tenants().await;
        case.a_tenant("acme", "central").await;
        let (said, value) = case.provision(&["acme"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(counts(&value, "roles"), [4, 0, 0, 0]);
        assert_eq!(counts(&value, "taxonomies"), [5, 0, 0, 0]);
        assert_eq!(counts(&value, "owner"), [1, 0, 0, 0]);
        assert_eq!(case.stands("acme").await, ("active".into(), "succeeded".into(), 1));
        let children = "taxonomies c JOIN taxonomies p ON p.id = c.parent_id AND p.tenant_id = c.tenant_id";
        assert_eq!(case.count(children).await, 2);
        assert_eq!(case.count(&format!("tenant_user WHERE user_id = '{OWNER}' AND role_code = 'owner'")).await, 1);

        let before = case.tenant_dump(true).await;
        let (said, value) = case.provision_with(&[("OPSCTL_NOW", "2026-11-21T09:00:00Z")], &[&id("acme")]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(counts(&value, "roles"), [0, 0, 4, 0]);
        assert_eq!(counts(&value, "taxonomies"), [0, 0, 5, 0]);
        assert_eq!(counts(&value, "owner"), [0, 0, 1, 0]);
        assert_eq!(case.tenant_dump(true).await, before);
        let row = &case.rows("SELECT provisioned_at, status FROM opsctl_tenants").await[0];
        assert_eq!(row.time("provisioned_at").unwrap().unwrap().to_rfc3339(), "2026-11-21T09:00:00+00:00");
    }

    async fn a_changed_master_is_followed_but_for_what_the_tenant_edited_made_or_deleted(case: &Case) {
        case.ready_for_tenants().await;
        case.a_tenant("acme", "central").await;
        case.provision(&["acme"]);
        case.as_tenant("acme", "UPDATE taxonomies SET name = 'mine', modified_by_tenant_at = '2026-11-20 10:00:00' WHERE code = 'iron'").await;
        case.as_tenant("acme", "UPDATE taxonomies SET deleted_at = '2026-11-20 10:00:00' WHERE code = 'wool'").await;
        let own = format!(
            "INSERT INTO taxonomies (id, tenant_id, type, code, name) VALUES ('{}', '{}', 'service', 'starch', 'Our own')",
            id("own"), id("acme")
        );
        case.as_tenant("acme", &own).await;
        case.master("service", "starch", None, 1).await;
        for code in ["iron", "wool", "wash"] {
            case.change_master(code).await;
        }
        case.execute("UPDATE opsctl_master_taxonomies SET is_active = 0, version = 2 WHERE code = 'animal'").await;
        case.execute("DELETE FROM opsctl_master_taxonomies WHERE code = 'wash_fold'").await;
        let (said, value) = case.provision(&["acme"]);
        assert_eq!(said.code, 0, "{said:?}");
        // wash renamed, animal deactivated, wash_fold deactivated; iron edited, wool deleted, starch its own.
        assert_eq!(counts(&value, "taxonomies"), [0, 3, 0, 3]);
        let warnings = value["data"]["items"][0]["warnings"].to_string();
        assert!(warnings.contains("`service/starch`: the tenant's own") && warnings.contains("`service/wash_fold`: no longer"), "{warnings}");
        let names = case.rows("SELECT code, name, is_active FROM taxonomies ORDER BY code").await;
        let names: Vec<String> = names.iter().map(opsctl::db::Row::line).collect();
        assert_eq!(names, ["animal animal 1 0", "iron mine 1", "starch Our own 1", "wash another 1", "wash_fold wash_fold 1 0", "wool wool 1 1"]);
        let (_, value) = case.provision(&["acme"]);
        assert_eq!(counts(&value, "taxonomies"), [0, 0, 3, 3]);
    }

    async fn roles_follow_the_fixtures_and_edited_ones_are_kept(case: &Case) {
        case.ready_for_tenants().await;
        case.a_tenant("acme", "central").await;
        case.provision(&["acme"]);
        case.as_tenant("acme", "DELETE FROM tenant_role_permissions WHERE role_code = 'staff'").await;
        case.as_tenant("acme", &format!("INSERT INTO tenant_role_permissions (tenant_id, role_code, permission) VALUES ('{}', 'admin', 'old.one')", id("acme"))).await;
        case.as_tenant("acme", "DELETE FROM tenant_role_permissions WHERE role_code = 'manager'").await;
        case.as_tenant("acme", "UPDATE tenant_roles SET modified_by_tenant_at = '2026-11-20 10:00:00' WHERE code = 'manager'").await;
        let (said, value) = case.provision(&["acme", "--only", "roles"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(counts(&value, "roles"), [0, 2, 1, 1]);
        assert_eq!(case.count("tenant_role_permissions WHERE role_code = 'staff'").await, 2);
        assert_eq!(case.count("tenant_role_permissions WHERE role_code = 'manager'").await, 0);
        assert_eq!(case.count("tenant_role_permissions WHERE permission = 'old.one'").await, 0);
    }

    async fn one_tenants_run_touches_no_other_tenants_rows(case: &Case) {
        case.ready_for_tenants().await;
        for slug in ["acme", "bolt"] {
            case.a_tenant(slug, "central").await;
            case.provision(&[slug]);
        }
        let others = |rows: Vec<String>| rows.into_iter().filter(|row| row.contains(&id("bolt"))).collect::<Vec<_>>();
        let before = others(case.tenant_dump(true).await);
        assert!(before.len() > 30, "{before:?}");
        case.change_master("wash").await;
        case.provision(&["acme"]);
        assert_eq!(others(case.tenant_dump(true).await), before);
    }

    async fn a_dry_run_says_the_same_and_changes_nothing(case: &Case) {
        case.ready_for_tenants().await;
        case.a_tenant("acme", "central").await;
        let (said, value) = case.provision(&["acme", "--dry-run"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!([counts(&value, "roles"), counts(&value, "taxonomies"), counts(&value, "owner")], [[4, 0, 0, 0], [5, 0, 0, 0], [1, 0, 0, 0]]);
        assert!(case.tenant_rows().await.is_empty());
        assert_eq!(case.stands("acme").await, ("pending".into(), String::new(), 0));
        let said = case.run(&["tenant", "provision", "acme", "--dry-run"]);
        assert!(said.err.contains("Dry run, nothing was changed. It would have been: 1 tenant: 1 succeeded. Rows: 10 created"), "{said:?}");
    }

    async fn only_what_is_named_is_provisioned_and_the_tenant_stays_as_it_was(case: &Case) {
        case.ready_for_tenants().await;
        case.a_tenant("acme", "central").await;
        let (said, value) = case.provision(&["acme", "--only", "owner,roles"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(value["data"]["items"][0]["steps"].as_array().unwrap().len(), 5);
        assert_eq!(case.count("taxonomies").await, 0);
        assert_eq!(case.stands("acme").await, ("pending".into(), "succeeded".into(), 1));
        let run = &case.rows("SELECT scope FROM opsctl_provisioning_runs").await[0];
        assert_eq!(run.text("scope").unwrap(), "roles,owner");
    }

    async fn a_file_adds_and_changes_and_never_takes_away(case: &Case) {
        case.ready_for_tenants().await;
        case.a_tenant("acme", "central").await;
        case.provision(&["acme"]);
        let file = case.folder.path().join("more.csv");
        std::fs::write(&file, "type,code,name,parent_code\nservice,wash,Wash!,\nservice,steam,Steam,wash\n").unwrap();
        let (said, value) = case.provision(&["acme", "--from", "more.csv", "--only", "taxonomies"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(counts(&value, "taxonomies"), [1, 1, 0, 0]);
        let (_, value) = case.provision(&["acme", "--from", "more.csv", "--only", "taxonomies"]);
        assert_eq!(counts(&value, "taxonomies"), [0, 0, 2, 0]);
        std::fs::write(&file, "type,code,name\nservice,a,A\nservice,b\n").unwrap();
        let before = case.tenant_dump(true).await;
        let (said, _) = case.provision(&["acme", "--from", "more.csv"]);
        assert!(said.code == 1 && said.err.contains("line 3"), "{said:?}");
        assert_eq!(case.tenant_dump(true).await, before);
    }

    async fn tables_come_before_rows_and_the_error_says_which_command(case: &Case) {
        case.add_opsctl().await;
        case.master("service", "wash", None, 1).await;
        case.write_env("");
        case.a_tenant("acme", "central").await;
        let said = case.run(&["tenant", "provision", "acme"]);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("tenancy.migration.provision_failed: tenant `acme` on cluster `central`, at the step `migrations`"), "{said:?}");
        assert!(said.err.contains("apply the platform's own SQL for them first: `opsctl clusters migrate central --path DIR`"), "{said:?}");
        // Why is told beside the step.
        assert!(said.out.contains("migrations  failed     cluster `central` lacks tables or columns `tenant_roles`"), "{said:?}");
        assert_eq!(case.stands("acme").await, ("provisioning_failed".into(), "failed".into(), 1));
        let run = &case.rows("SELECT log_key, error, live_key FROM opsctl_provisioning_runs").await[0];
        assert_eq!((run.text("log_key").unwrap().as_str(), run.text("live_key").unwrap().as_str()), ("tenancy.migration.provision_failed", ""));
        let steps = case.rows("SELECT status FROM opsctl_provisioning_steps ORDER BY seq").await;
        let steps: Vec<String> = steps.iter().map(|row| row.text("status").unwrap()).collect();
        assert_eq!(steps, ["succeeded", "failed", "skipped", "skipped", "skipped", "skipped"]);

        schema::apply(&case.db, &schema::TENANT, &Cancel::new()).await.unwrap();
        let said = case.run(&["tenant", "provision", "--all-failed"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(case.stands("acme").await, ("active".into(), "succeeded".into(), 2));
        let said = case.run(&["tenant", "provision", "--all-failed"]);
        assert!(said.code == 0 && said.err.contains("No tenants are to be provisioned."), "{said:?}");
    }

    async fn a_pending_migration_is_named_before_anything_is_written(case: &Case) {
        case.ready_for_tenants().await;
        case.a_tenant("acme", "central").await;
        case.execute("DELETE FROM _sqlx_migrations WHERE version = 50003").await;
        let said = case.run(&["tenant", "provision", "acme"]);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("1 tenant migration is not applied on cluster `central`"), "{said:?}");
        assert!(said.err.contains("50003 audit trail (pending)"), "{said:?}");
        assert!(case.tenant_rows().await.is_empty());
    }

    async fn many_tenants_end_each_for_itself(case: &Case) {
        case.ready_for_tenants().await;
        for slug in ["acme", "bolt", "cork"] {
            case.a_tenant(slug, "central").await;
        }
        case.a_tenant("lost", "nowhere").await;
        case.execute("UPDATE opsctl_tenants SET status = 'archived' WHERE slug = 'cork'").await;
        let (said, value) = case.provision(&["acme", "bolt", "cork", "lost"]);
        assert_eq!(said.code, 4, "{said:?}");
        let outcomes: Vec<&str> = value["data"]["items"].as_array().unwrap().iter().map(|item| item["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["succeeded", "succeeded", "refused", "refused"]);
        assert_eq!(case.stands("cork").await, ("archived".into(), String::new(), 0));
        let said = case.run(&["tenant", "provision", "lost"]);
        assert!(said.code == 6 && said.err.contains("lives on cluster `nowhere`, which is not registered"), "{said:?}");
    }

    async fn a_tenant_without_an_owner_has_no_membership(case: &Case) {
        case.ready_for_tenants().await;
        case.a_tenant("acme", "central").await;
        case.execute("UPDATE opsctl_tenants SET owner_user_id = NULL").await;
        let (said, value) = case.provision(&["acme"]);
        assert_eq!(said.code, 0, "{said:?}");
        let owner = &value["data"]["items"][0]["steps"][4];
        assert_eq!((owner["step"].as_str(), owner["left_out"].as_str()), (Some("owner"), Some("no owner is registered")));
        assert_eq!(case.count("tenant_user").await, 0);
    }

    async fn tenants_of_a_platforms_own_table_are_provisioned_and_their_table_is_left_alone(case: &Case) {
        case.ready_for_tenants().await;
        case.a_tenant("acme", "central").await;
        case.execute("CREATE TABLE platform_tenants (uid varchar(36) PRIMARY KEY, slug varchar(64), state varchar(16))").await;
        case.execute(&format!("INSERT INTO platform_tenants VALUES ('{}', 'bolt', 'pending')", id("bolt"))).await;
        let query = "[fleet]\ntenants = \"SELECT uid AS id, slug, 'central' AS cluster, state AS status FROM platform_tenants\"\n";
        std::fs::write(case.folder.path().join("opsctl.toml"), query).unwrap();
        let (said, _) = case.provision(&["bolt"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(case.rows("SELECT state FROM platform_tenants").await[0].text("state").unwrap(), "pending");
        assert_eq!(case.stands("acme").await, ("pending".into(), String::new(), 0));
        assert_eq!(case.count("opsctl_provisioning_runs WHERE status = 'succeeded'").await, 1);
    }
}

#[test]
fn tenants_must_be_named_in_some_way() {
    let folder = tempfile::tempdir().unwrap();
    let said = crate::support::cli::run(folder.path(), &["tenant", "provision"]);
    assert!(said.code == 2 && said.err.contains("--all-failed"), "{said:?}");
}

#[test]
fn a_file_of_taxonomies_that_only_leaves_out_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let line = ["tenant", "provision", "acme", "--only", "roles", "--from", "x.csv"];
    let said = crate::support::cli::run(folder.path(), &line);
    assert_eq!(said.code, 2, "{said:?}");
    insta::assert_snapshot!(said.err, @"
    error: `--from` gives taxonomies, and `--only roles` leaves them out
      hint: with them: `--only roles,taxonomies`
    ");
}
