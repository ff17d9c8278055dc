//! Each gap in the guards of MySQL and MariaDB, and each way past them, is found by its rule, and what is printed to repair
//! it repairs it.

use opsctl::{
    db::Engine,
    isolation::verify::{Parties, verify},
};

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

// What the view hides the table must refuse by itself: the owner is tried, too.
#[tokio::test]
async fn a_trigger_that_refuses_less_than_everything_is_found() {
    let update = "own:DROP TRIGGER taxonomies_guard_update; CREATE TRIGGER taxonomies_guard_update BEFORE UPDATE ON taxonomies FOR EACH ROW";
    let required = "own:DROP PROCEDURE app_require_tenant; CREATE PROCEDURE app_require_tenant(tenant char(36) \
                    CHARSET utf8mb4 COLLATE utf8mb4_unicode_ci) NO SQL BEGIN IF";
    let signal = "THEN SIGNAL SQLSTATE '42501' SET MESSAGE_TEXT = 'tenant context mismatch'; END IF";
    caught(
        Engine::MySql,
        &[
            ("the new row alone", &format!("{update} CALL app_require_tenant(NEW.tenant_id)"), "updates-others", "taxonomies"),
            ("the old row alone", &format!("{update} CALL app_require_tenant(OLD.tenant_id)"), "moves-to-others", "taxonomies"),
            (
                "unless somebody says otherwise",
                &format!(
                    "{update} BEGIN IF @skip IS NULL THEN CALL app_require_tenant(OLD.tenant_id); \
                     CALL app_require_tenant(NEW.tenant_id); END IF; END"
                ),
                "no-trigger",
                "@skip",
            ),
            (
                "while a tenant is entered",
                &format!("{required} app_current_tenant() IS NOT NULL AND NOT (tenant <=> app_current_tenant()) {signal}; END"),
                "writes-without-tenant",
                "taxonomies",
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

#[tokio::test]
async fn what_is_reached_through_others_with_its_makers_rights_is_found_in_whatever_database() {
    caught(
        Engine::MySql,
        &[
            (
                "a procedure that calls a procedure",
                "GRANT EXECUTE ON {db}.* TO {app}@'%'; own:CREATE PROCEDURE p1() SQL SECURITY INVOKER SELECT COUNT(*) FROM tenant_roles; \
                 CREATE PROCEDURE p2() SQL SECURITY DEFINER CALL p1()",
                "function-definer",
                "p2 reaches it through p1",
            ),
            (
                "a view of what a function counts",
                "GRANT CREATE, SELECT ON {db}.v_n TO {app}@'%'; own:CREATE FUNCTION fcount() RETURNS bigint SQL SECURITY DEFINER READS SQL DATA RETURN (SELECT COUNT(*) FROM tenant_roles); \
                 CREATE SQL SECURITY DEFINER VIEW v_n AS SELECT fcount() AS n",
                "view-unfiltered",
                "v_n reaches it through fcount",
            ),
            (
                "a view in another database",
                "CREATE DATABASE {other}; CREATE SQL SECURITY DEFINER VIEW {other}.v AS SELECT * FROM {db}.tenant_roles; \
                 GRANT SELECT ON {other}.v TO {app}@'%'",
                "view-unfiltered",
                "{other}.v reaches it",
            ),
            (
                "a procedure in another database",
                "CREATE DATABASE {other}; CREATE PROCEDURE {other}.p() SQL SECURITY DEFINER SELECT * FROM {db}.tenant_roles; \
                 GRANT EXECUTE ON {other}.* TO {app}@'%'",
                "function-definer",
                "{other}.p reaches it",
            ),
            (
                "a view in another database, by a role that is not the default",
                "CREATE DATABASE {other}; CREATE SQL SECURITY DEFINER VIEW {other}.v AS SELECT * FROM {db}.tenant_roles; \
                 CREATE ROLE {other}; GRANT SELECT ON {other}.v TO {other}; GRANT {other} TO {app}@'%'",
                "view-unfiltered",
                "{other}.v reaches it",
            ),
        ],
    )
    .await;
}

// What nobody who is configured may read could reach everything; a view there that filters reaches nothing.
#[tokio::test]
async fn another_database_is_looked_into_or_told() {
    let Some(cluster) = Cluster::new(Engine::MySql).await else { return };
    let made = "CREATE DATABASE {other}; CREATE SQL SECURITY DEFINER VIEW {other}.v AS \
                SELECT * FROM {db}.tenant_roles WHERE tenant_id = {db}.app_current_tenant(); \
                CREATE SQL SECURITY DEFINER VIEW {other}.through AS SELECT * FROM {db}.v_tenant_roles; \
                GRANT SELECT ON {other}.* TO {app}@'%'";
    change(&cluster, made).await;
    let found = verdict(&cluster, "tenant_id").await;
    let alone = Parties { app: &cluster.app, other: Some(&cluster.owner), operator: None };
    let blind = verify(alone, "tenant_id").await.unwrap();
    change(&cluster, "DROP DATABASE {other}").await;
    assert_eq!((found.findings, found.unproved), (vec![], vec![]));
    assert_eq!((blind.findings.len(), blind.unproved.len()), (0, 1), "{blind:?}");
    assert!(blind.unproved[0].why.contains("may read through, v"), "{blind:?}");
    cluster.finish().await;
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
