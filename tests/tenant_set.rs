//! The tenant reference set: it applies on every engine, beside the central set, and keeps tenants apart.

use opsctl::{
    Exit,
    cancel::Cancel,
    db::{Engine, Query, Session},
    schema::{self, State},
};

use crate::{on_every_database, support::Case};

const A: &str = "0b7c1d9e-0000-4000-8000-00000000000a";
const B: &str = "0b7c1d9e-0000-4000-8000-00000000000b";
const TABLES: [&str; 5] =
    ["taxonomies", "tenant_audit_trail", "tenant_role_permissions", "tenant_roles", "tenant_user"];

async fn apply(case: &Case) {
    schema::apply(&case.db, &schema::TENANT, &Cancel::new()).await.unwrap();
}

/// A session on a server whose later statements are for one tenant, without any rights but those of an application.
async fn as_application<'a>(case: &'a Case, tenant: &str) -> Session<'a> {
    let mut session = case.db.session().await.unwrap();
    let set = if case.db.engine() == Engine::Postgres {
        let role = format!("app_{}", case.target.name);
        session.script(&format!("CREATE ROLE {role}")).await.unwrap();
        session
            .script(&format!("GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; SET ROLE {role}"))
            .await
            .unwrap();
        "SELECT set_config('app.tenant_id', ?, false)"
    } else {
        "SET @app_tenant_id = ?"
    };
    session.execute(Query::new(set).bind(tenant)).await.unwrap();
    session
}

fn insert(case: &Case, tenant: &str, code: &str) -> Query {
    let view = if case.db.engine() == Engine::MySql { "v_tenant_roles" } else { "tenant_roles" };
    let cast = if case.db.engine() == Engine::Postgres { "?::uuid" } else { "?" };
    Query::new(format!("INSERT INTO {view} (tenant_id, code, name) VALUES ({cast}, ?, 'Owner')"))
        .bind(tenant)
        .bind(code)
}

on_every_database! {
    async fn the_tenant_set_applies_beside_the_central_one_and_again_after_a_wipe(case: &Case) {
        if case.schema == Schema::Service {
            return;
        }
        apply(case).await;
        let names = case.db.table_names().await.unwrap();
        assert!(TABLES.iter().all(|table| names.contains(&(*table).to_owned())), "{names:?}");
        let lines = schema::lines(&case.db, &schema::TENANT).await.unwrap();
        assert!(lines.iter().all(|line| line.state == State::Applied), "{lines:?}");
        assert_eq!(lines.len(), 3);
        assert_eq!(schema::status(&case.db).await.unwrap().exit(), Exit::Done);

        schema::wipe(&case.db).await.unwrap();
        schema::claim(&case.db, &Cancel::new()).await.unwrap();
        apply(case).await;
        assert_eq!(case.count("tenant_user").await, 0);
    }

    async fn every_tenant_table_has_the_same_columns_on_every_engine(case: &Case) {
        apply(case).await;
        for (name, count, some) in [
            ("taxonomies", 16, vec!["master_id", "parent_id", "source_checksum", "modified_by_tenant_at", "deleted_at"]),
            ("tenant_roles", 9, vec!["code", "name", "is_system", "source_version", "source_checksum", "modified_by_tenant_at"]),
            ("tenant_role_permissions", 4, vec!["role_code", "permission"]),
            ("tenant_user", 6, vec!["user_id", "role_code", "status"]),
            ("tenant_audit_trail", 9, vec!["actor_user_id", "action", "entity", "changes", "occurred_at"]),
        ] {
            let table = case.db.require(name, &some).await.unwrap();
            assert!(table.has("tenant_id"), "{name}");
            assert_eq!(table.columns().len(), count, "{name}");
        }
    }

    // On servers the database itself refuses what is not the present tenant's. SQLite has nobody to refuse it.
    async fn a_tenant_sees_and_writes_its_own_rows_alone(case: &Case) {
        if case.db.engine() == Engine::Sqlite || case.schema == Schema::Service {
            return;
        }
        apply(case).await;
        let (read, change) = match case.db.engine() {
            Engine::MySql => ("SELECT count(*) AS n FROM v_tenant_roles", "UPDATE v_tenant_roles SET name = 'x'"),
            _ => ("SELECT count(*) AS n FROM tenant_roles", "UPDATE tenant_roles SET name = 'x'"),
        };
        let mut session = as_application(case, A).await;
        session.execute(insert(case, A, "owner")).await.unwrap();
        assert_eq!(session.first(Query::new(read)).await.unwrap().unwrap().int("n").unwrap(), 1);
        session.execute(insert(case, B, "owner")).await.unwrap_err();

        for other in [B, ""] {
            let set = match case.db.engine() {
                Engine::Postgres => "SELECT set_config('app.tenant_id', ?, false)",
                _ => "SET @app_tenant_id = ?",
            };
            session.execute(Query::new(set).bind(other)).await.unwrap();
            assert_eq!(session.first(Query::new(read)).await.unwrap().unwrap().int("n").unwrap(), 0);
            assert_eq!(session.execute(Query::new(change)).await.unwrap(), 0);
            session.execute(insert(case, A, "clerk")).await.unwrap_err();
        }
        if case.db.engine() == Engine::Postgres {
            session.script(&format!("RESET ROLE; DROP OWNED BY app_{0}; DROP ROLE app_{0}", case.target.name)).await.unwrap();
        }
    }

    // Triggers stop even a user who has every right on the tables.
    async fn mysql_refuses_other_tenants_rows_on_the_tables_too(case: &Case) {
        if case.db.engine() != Engine::MySql {
            return;
        }
        apply(case).await;
        let mut session = as_application(case, A).await;
        session.execute(insert(case, A, "owner")).await.unwrap();
        session.script("SET @app_tenant_id = NULL").await.unwrap();
        for statement in [
            "UPDATE tenant_roles SET name = 'x'",
            "DELETE FROM tenant_roles",
            "INSERT INTO tenant_roles (code, name) VALUES ('a', 'b')",
        ] {
            let error = session.script(statement).await.unwrap_err();
            assert_eq!(error.root(), "tenant context mismatch", "{statement}");
        }
    }
}
