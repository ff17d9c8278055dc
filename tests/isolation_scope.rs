//! Entering a tenant, leaving it, and working across all of them, with the roles that an operator has.

use opsctl::{
    Error, Kind, Result,
    db::{Begin, Db, Engine, Query, Session},
    isolation::{COLUMN, Identity, Scope, across, unprotected},
};

use crate::support::roles::{A, B, Cluster};

/// One body on every engine.
macro_rules! on_every_cluster {
    ($(async fn $name:ident($cluster:ident: &Cluster) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn run(engine: Engine) {
                if let Some(cluster) = Cluster::new(engine).await {
                    body(&cluster).await;
                    cluster.finish().await;
                }
            }

            async fn body($cluster: &Cluster) $body

            #[tokio::test]
            async fn sqlite() {
                run(Engine::Sqlite).await;
            }
            #[tokio::test]
            async fn postgres() {
                run(Engine::Postgres).await;
            }
            #[tokio::test]
            async fn mariadb() {
                run(Engine::MySql).await;
            }
        }
    )+};
}

async fn learnt(cluster: &Cluster) -> Scope {
    Scope::learn(&mut cluster.owner.session().await.unwrap(), COLUMN).await.unwrap()
}

async fn add(session: &mut Session<'_>, scope: &Scope, tenant: &str, code: &str) -> Result<u64> {
    let cast = if session.db().engine() == Engine::Postgres { "?::uuid" } else { "?" };
    let sql = format!(
        "INSERT INTO {} (tenant_id, code, name) VALUES ({cast}, ?, 'Owner')",
        scope.names("tenant_roles")?.write
    );
    session.execute(Query::new(sql).bind(tenant).bind(code)).await
}

async fn seen(session: &mut Session<'_>, scope: &Scope) -> Result<i64> {
    let sql = format!("SELECT count(*) AS n FROM {}", scope.names("tenant_roles")?.read);
    session.first(Query::new(sql)).await?.map_or(Ok(0), |row| row.int("n"))
}

/// Adds one row for each of two tenants.
async fn fill(db: &Db, scope: &Scope) {
    let mut session = db.session().await.unwrap();
    for tenant in [A, B] {
        let add = async |session: &mut Session<'_>| add(session, scope, tenant, "owner").await;
        scope.within(&mut session, &Identity::tenant(tenant), add).await.unwrap();
    }
}

on_every_cluster! {
    async fn within_a_tenant_its_rows_are_all_there_is(cluster: &Cluster) {
        let scope = learnt(cluster).await;
        fill(&cluster.app, &scope).await;
        let mut session = cluster.app.session().await.unwrap();
        for tenant in [A, B] {
            let look = async |session: &mut Session<'_>| seen(session, &scope).await;
            assert_eq!(scope.within(&mut session, &Identity::tenant(tenant), look).await.unwrap(), 1);
        }
        // Another tenant's row is refused, and the whole transaction with it.
        let cross = async |session: &mut Session<'_>| {
            add(session, &scope, A, "clerk").await?;
            add(session, &scope, B, "clerk").await
        };
        let error = scope.within(&mut session, &Identity::tenant(A), cross).await.unwrap_err();
        assert!(error.root().contains("row-level security") || error.root() == "tenant context mismatch", "{error}");
        let all = Query::new("SELECT count(*) AS n FROM tenant_roles");
        assert_eq!(cluster.case.db.session().await.unwrap().first(all).await.unwrap().unwrap().int("n").unwrap(), 2);
    }

    async fn the_tenant_is_left_with_the_transaction_also_after_an_error(cluster: &Cluster) {
        let scope = learnt(cluster).await;
        let mut session = cluster.app.session().await.unwrap();
        let fails = async |_: &mut Session<'_>| -> Result<()> { Err(Error::failed("the work failed")) };
        scope.within(&mut session, &Identity::tenant(A), fails).await.unwrap_err();
        assert!(!session.is_open());
        session.begin(Begin::Write).await.unwrap();
        let after = match session.db().engine() {
            Engine::Postgres => "SELECT coalesce(current_setting('app.tenant_id', true), '') AS v",
            Engine::MySql => "SELECT coalesce(@app_tenant_id, '') AS v",
            Engine::Sqlite => "SELECT coalesce(group_concat(name), '') AS v FROM temp.sqlite_master",
        };
        assert_eq!(session.first(Query::new(after)).await.unwrap().unwrap().text("v").unwrap(), "");
        session.rollback().await.unwrap();
    }

    async fn a_tenant_is_entered_inside_a_transaction_alone(cluster: &Cluster) {
        let scope = learnt(cluster).await;
        let mut session = cluster.app.session().await.unwrap();
        scope.enter(&mut session, &Identity::tenant(A)).await.unwrap_err();
    }

    async fn a_table_that_is_not_there_names_the_command_that_makes_it(cluster: &Cluster) {
        let error = learnt(cluster).await.names("orders").unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.hints()[0].contains("opsctl clusters migrate"), "{error:?}");
    }

    // The application's role sees nothing of other tenants: that must not look like an empty database.
    async fn work_across_tenants_is_an_error_for_the_applications_role(cluster: &Cluster) {
        let scope = learnt(cluster).await;
        fill(&cluster.app, &scope).await;
        let count = async |session: &mut Session<'_>| {
            let sql = format!("SELECT count(*) AS n FROM {}", scope.names("tenant_roles")?.table);
            session.first(Query::new(sql)).await?.map_or(Ok(0), |row| row.int("n"))
        };
        let mut operator = cluster.case.db.session().await.unwrap();
        operator.begin(Begin::Write).await.unwrap();
        assert_eq!(across(&mut operator, count).await.unwrap(), 2);
        operator.rollback().await.unwrap();
        if cluster.case.db.engine() == Engine::Sqlite {
            return;
        }
        let mut app = cluster.app.session().await.unwrap();
        app.begin(Begin::Write).await.unwrap();
        let error = across(&mut app, count).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.message().contains("may not work across the tenants of"), "{error:?}");
        assert!(error.hints()[0].contains("operator role"), "{error:?}");
    }

    async fn the_tenant_set_leaves_no_table_unprotected(cluster: &Cluster) {
        let mut session = cluster.app.session().await.unwrap();
        assert_eq!(unprotected(&mut session, COLUMN).await.unwrap(), []);
        let mut session = cluster.owner.session().await.unwrap();
        assert_eq!(unprotected(&mut session, COLUMN).await.unwrap(), []);
        let weaken = match session.db().engine() {
            Engine::Postgres => {
                "ALTER TABLE taxonomies DISABLE ROW LEVEL SECURITY; ALTER TABLE tenant_user NO FORCE ROW LEVEL SECURITY; \
                 ALTER POLICY tenant_roles_tenant_isolation ON tenant_roles USING (true)"
            }
            Engine::MySql => "DROP VIEW v_taxonomies; DROP TRIGGER tenant_user_guard_update",
            Engine::Sqlite => return,
        };
        session.script(weaken).await.unwrap();
        let found = unprotected(&mut session, COLUMN).await.unwrap();
        let found: Vec<&str> = found.iter().map(|table| table.table.as_str()).collect();
        let expected: &[&str] = match session.db().engine() {
            Engine::Postgres => &["taxonomies", "tenant_roles", "tenant_user"],
            _ => &["taxonomies", "tenant_user"],
        };
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn the_variables_are_read_from_the_policies() {
    let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
    let scope = learnt(&cluster).await;
    assert_eq!((scope.variable(), scope.user_variable()), ("app.tenant_id".into(), Some("app.user_id")));
    let mut session = cluster.owner.session().await.unwrap();
    let other = "CREATE OR REPLACE FUNCTION app_current_tenant() RETURNS uuid LANGUAGE sql STABLE \
                 AS $$ SELECT NULLIF(current_setting('my.shop', true), '')::uuid $$";
    session.script(other).await.unwrap();
    assert_eq!(learnt(&cluster).await.variable(), "my.shop");
    fill(&cluster.app, &learnt(&cluster).await).await;

    let inline = "ALTER POLICY taxonomies_tenant_isolation ON taxonomies \
                  USING (tenant_id = current_setting('another.one', true)::uuid)";
    session.script(inline).await.unwrap();
    let error = Scope::learn(&mut session, COLUMN).await.unwrap_err();
    assert!(error.to_string().contains("several variables: `another.one`, `my.shop`"), "{error}");
    drop(session);
    cluster.finish().await;
}

#[tokio::test]
async fn without_policies_nothing_is_guessed() {
    let Some(cluster) = Cluster::empty(Engine::Postgres).await else { return };
    let mut session = cluster.owner.session().await.unwrap();
    session.script("CREATE TABLE orders (id int, tenant_id uuid NOT NULL)").await.unwrap();
    let error = Scope::learn(&mut session, COLUMN).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.hints()[0].contains("opsctl rls verify"), "{error:?}");
    let found = unprotected(&mut session, COLUMN).await.unwrap();
    assert_eq!(found[0].why, "row-level security is not enabled");
    drop(session);
    cluster.finish().await;
}

// A user lists its own memberships before it chooses a tenant.
#[tokio::test]
async fn a_user_is_entered_beside_the_tenant() {
    let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
    let scope = learnt(&cluster).await;
    let mut session = cluster.app.session().await.unwrap();
    let who = Identity { tenant: "", user: Some(B) };
    let read = async |session: &mut Session<'_>| {
        session.first(Query::new("SELECT current_setting('app.user_id') AS v")).await
    };
    let row = scope.within(&mut session, &who, read).await.unwrap().unwrap();
    assert_eq!(row.text("v").unwrap(), B);
    drop(session);
    cluster.finish().await;
}
