//! Each gap in the guards of MySQL and MariaDB, and each way past them, is found by its rule, and what is printed to repair
//! it repairs it.

use opsctl::db::Engine;

use crate::support::{
    mutants::{caught, change, verdict},
    roles::Cluster,
};

#[tokio::test]
async fn each_gap_in_the_guards_of_mariadb_is_found() {
    let view = "AS SELECT * FROM taxonomies WHERE tenant_id = app_current_tenant()";
    caught(
        Engine::MySql,
        &[
        ("no view", "own:DROP VIEW v_taxonomies", "no-view", "taxonomies"),
        (
            "a view without a filter",
            "own:CREATE OR REPLACE VIEW v_taxonomies AS SELECT * FROM taxonomies",
            "view-unfiltered", "taxonomies",
        ),
        (
            "a view with another filter",
            "own:CREATE OR REPLACE VIEW v_taxonomies AS SELECT * FROM taxonomies WHERE is_active WITH CASCADED CHECK OPTION",
            "no-view", "taxonomies",
        ),
        ("no CHECK OPTION", &format!("own:CREATE OR REPLACE VIEW v_taxonomies {view}"), "view-unchecked", "taxonomies"),
        (
            "SQL SECURITY INVOKER",
            &format!(
                "own:CREATE OR REPLACE SQL SECURITY INVOKER VIEW v_taxonomies {view} WITH CASCADED CHECK OPTION"
            ),
            "view-invoker", "taxonomies",
        ),
        ("a second view", "own:CREATE VIEW report AS SELECT t.id, t.name FROM taxonomies t", "view-unfiltered", "taxonomies"),
        ("no INSERT trigger", "own:DROP TRIGGER taxonomies_guard_insert", "no-trigger", "taxonomies"),
        ("no UPDATE trigger", "own:DROP TRIGGER taxonomies_guard_update", "no-trigger", "taxonomies"),
        (
            "a trigger that refuses nothing",
            "own:DROP TRIGGER taxonomies_guard_delete; CREATE TRIGGER taxonomies_guard_delete BEFORE DELETE ON taxonomies FOR EACH ROW SET @x = 1",
            "no-trigger", "taxonomies",
        ),
        (
            "a tenant that may be nobody",
            "own:ALTER TABLE taxonomies MODIFY tenant_id char(36) NULL",
            "tenant-nullable", "taxonomies",
        ),
            (
                "a tenant to fall back to",
                "own:DROP FUNCTION app_current_tenant; CREATE FUNCTION app_current_tenant() RETURNS char(36) DETERMINISTIC NO SQL \
                 RETURN IFNULL(@app_tenant_id, '0b7c1d9e-0000-4000-8000-00000000000a')",
                "no-view",
                "tenant_user",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn each_way_past_the_guards_of_mariadb_is_found() {
    caught(
        Engine::MySql,
        &[
            ("rights on a table", "GRANT SELECT ON {db}.taxonomies TO {app}@'%'", "table-rights", "taxonomies"),
            ("rights on the database", "GRANT SELECT, UPDATE ON {db}.* TO {app}@'%'", "table-rights", "tenant_user"),
            (
                "rights by a role that is not the default",
                "CREATE ROLE {other}; GRANT SELECT ON {db}.taxonomies TO {other}; GRANT {other} TO {app}@'%'",
                "table-rights",
                "{other}",
            ),
            ("SUPER", "GRANT SUPER ON *.* TO {app}@'%'", "role-global", "SUPER"),
            ("FILE by a role", "CREATE ROLE {other}; GRANT FILE ON *.* TO {other}; GRANT {other} TO {app}@'%'", "role-global", "FILE"),
            ("rights on everything", "GRANT SELECT ON *.* TO {app}@'%'", "role-global", "SELECT"),
            (
                "a procedure with its owner's rights",
                "GRANT EXECUTE ON {db}.* TO {app}@'%'; own:CREATE PROCEDURE all_of_them() SQL SECURITY DEFINER SELECT * FROM taxonomies",
                "function-definer",
                "taxonomies",
            ),
            (
                "a procedure that makes its SQL as it runs",
                "GRANT EXECUTE ON {db}.* TO {app}@'%'; own:CREATE PROCEDURE run(s text) SQL SECURITY DEFINER EXECUTE IMMEDIATE s",
                "function-definer",
                "run",
            ),
        ],
    )
    .await;
}

// A routine that asks for the tenant is mentioned; one that reads the view, or that the application may not call, is not.
#[tokio::test]
async fn routines_that_keep_to_the_tenant_raise_no_alarm() {
    let Some(cluster) = Cluster::new(Engine::MySql).await else { return };
    let made = "own:CREATE PROCEDURE mine() SQL SECURITY DEFINER SELECT * FROM v_taxonomies; \
                CREATE PROCEDURE other() SQL SECURITY DEFINER SELECT * FROM taxonomies; \
                CREATE PROCEDURE asks() SQL SECURITY DEFINER SELECT * FROM taxonomies WHERE tenant_id = app_current_tenant()";
    change(&cluster, made).await;
    for routine in ["mine", "asks"] {
        change(&cluster, &format!("GRANT EXECUTE ON PROCEDURE {{db}}.{routine} TO {{app}}@'%'")).await;
    }
    let found = verdict(&cluster, "tenant_id").await;
    assert_eq!((found.findings, found.unproved), (vec![], vec![]));
    assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
    assert!(found.notes[0].starts_with("asks reaches taxonomies"), "{:?}", found.notes);
    cluster.finish().await;
}
