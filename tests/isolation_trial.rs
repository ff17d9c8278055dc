//! What is tried out with the application's own role, on each engine, and what MySQL's and MariaDB's guards must be.

use opsctl::{
    db::{Engine, Query},
    isolation::{
        COLUMN, Isolation,
        verify::{Parties, Verdict, verify},
    },
};

use crate::support::roles::{A, B, Cluster, TABLES};

async fn verdict(cluster: &Cluster) -> Verdict {
    verify(
        Parties { app: &cluster.app, other: Some(&cluster.owner), operator: Some(&cluster.case.db) },
        COLUMN,
    )
    .await
    .unwrap()
}

fn rules(verdict: &Verdict, table: &str) -> Vec<&'static str> {
    let at = verdict.findings.iter().filter(|finding| finding.table.trim_start_matches("public.") == table);
    at.map(|finding| finding.rule.id()).collect()
}

async fn of(engine: Engine) -> Option<(Cluster, Verdict)> {
    let cluster = Cluster::new(engine).await?;
    let verdict = verdict(&cluster).await;
    Some((cluster, verdict))
}

/// Nothing stays of what was tried.
async fn empty(cluster: &Cluster) {
    for table in TABLES {
        assert_eq!(cluster.case.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn on_postgresql_every_table_is_shown_to_be_closed() {
    let Some((cluster, verdict)) = of(Engine::Postgres).await else { return };
    assert_eq!((verdict.findings, verdict.unproved), (vec![], vec![]));
    assert_eq!((verdict.tables, verdict.proved, verdict.isolation), (5, 5, Isolation::RowLevelSecurity));
    empty(&cluster).await;
    cluster.finish().await;
}

#[tokio::test]
async fn on_mariadb_every_guard_is_shown_to_hold_and_called_what_it_is() {
    let Some((cluster, verdict)) = of(Engine::MySql).await else { return };
    assert_eq!((verdict.findings, verdict.unproved), (vec![], vec![]));
    assert_eq!((verdict.tables, verdict.proved, verdict.isolation), (5, 5, Isolation::ApplicationEnforced));
    assert_eq!(verdict.variable.as_deref(), Some("@app_tenant_id"));
    assert!(verdict.meaning.contains("rights on a table"), "{}", verdict.meaning);
    empty(&cluster).await;
    cluster.finish().await;
}

#[tokio::test]
async fn on_sqlite_a_connections_own_guards_hold_and_are_called_what_they_are() {
    let Some((cluster, verdict)) = of(Engine::Sqlite).await else { return };
    assert_eq!((verdict.findings, verdict.unproved), (vec![], vec![]));
    assert_eq!((verdict.tables, verdict.proved, verdict.isolation), (5, 5, Isolation::ApplicationEnforced));
    assert_eq!(
        verdict.meaning,
        "another process opening the file has no guard; one file per tenant is the real boundary"
    );
    empty(&cluster).await;
    cluster.finish().await;
}

// What the catalogue says is also seen to happen: the trial is no echo of the rules.
#[tokio::test]
async fn an_open_policy_is_seen_to_let_each_statement_through() {
    let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
    cluster
        .case
        .execute("ALTER POLICY tenant_roles_tenant_isolation ON tenant_roles USING (true) WITH CHECK (true)")
        .await;
    let found = verdict(&cluster).await;
    let all = [
        "policy-true",
        "check-open",
        "sees-without-tenant",
        "writes-without-tenant",
        "sees-others",
        "updates-others",
        "deletes-others",
        "moves-to-others",
        "inserts-for-others",
        "malformed-tenant",
    ];
    assert_eq!(rules(&found, "tenant_roles"), all);
    assert_eq!(found.proved, 4);

    let half = "ALTER POLICY tenant_roles_tenant_isolation ON tenant_roles USING (tenant_id = (SELECT app_current_tenant())) \
                WITH CHECK (true)";
    cluster.case.execute(half).await;
    let found = verdict(&cluster).await;
    assert_eq!(rules(&found, "tenant_roles"), ["check-open", "writes-without-tenant", "inserts-for-others"]);
    cluster.finish().await;
}

#[tokio::test]
async fn a_condition_in_an_unknown_form_is_judged_by_what_it_does() {
    let Some(cluster) = Cluster::empty(Engine::Postgres).await else { return };
    let app = format!("app_{}", cluster.mark);
    let script = format!(
        "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid NOT NULL); \
         ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY; \
         CREATE POLICY p ON orders USING (tenant_id = (current_setting('shop.id', true))::uuid) \
             WITH CHECK (tenant_id = (current_setting('shop.id', true))::uuid); \
         CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid NOT NULL); \
         ALTER TABLE items ENABLE ROW LEVEL SECURITY; ALTER TABLE items FORCE ROW LEVEL SECURITY; \
         CREATE POLICY p ON items USING (tenant_id = ANY (string_to_array(current_setting('shop.id', true), ',')::uuid[])) \
             WITH CHECK (tenant_id = ANY (string_to_array(current_setting('shop.id', true), ',')::uuid[])); \
         GRANT SELECT, INSERT, UPDATE, DELETE ON orders, items TO {app}"
    );
    cluster.owner.session().await.unwrap().script(&script).await.unwrap();
    let found = verdict(&cluster).await;
    assert_eq!((found.findings, found.unproved, found.proved), (vec![], vec![], 2));
    cluster.finish().await;
}

#[tokio::test]
async fn what_cannot_be_tried_is_said_and_a_form_that_is_not_known_does_not_pass() {
    let Some(cluster) = Cluster::empty(Engine::Postgres).await else { return };
    let app = format!("app_{}", cluster.mark);
    let script = format!(
        "CREATE TABLE spots (id int, tenant_id uuid NOT NULL, place point NOT NULL); \
         ALTER TABLE spots ENABLE ROW LEVEL SECURITY; ALTER TABLE spots FORCE ROW LEVEL SECURITY; \
         CREATE POLICY p ON spots USING (tenant_id = NULLIF(current_setting('shop.id', true), '')::uuid) \
             WITH CHECK (tenant_id = NULLIF(current_setting('shop.id', true), '')::uuid); \
         CREATE TABLE logs (id int, tenant_id uuid NOT NULL); \
         ALTER TABLE logs ENABLE ROW LEVEL SECURITY; ALTER TABLE logs FORCE ROW LEVEL SECURITY; \
         CREATE POLICY p ON logs FOR SELECT USING (tenant_id = NULLIF(current_setting('shop.id', true), '')::uuid); \
         GRANT SELECT, INSERT, UPDATE, DELETE ON spots TO {app}; GRANT SELECT ON logs TO {app}"
    );
    cluster.owner.session().await.unwrap().script(&script).await.unwrap();
    let found = verdict(&cluster).await;
    assert_eq!((found.findings, found.unproved, found.proved), (vec![], vec![], 0));
    let told: Vec<String> = found.untried.iter().map(|one| format!("{}: {}", one.table, one.why)).collect();
    assert_eq!(
        told,
        [
            "public.spots: no value can be made up for `place`, a point",
            "public.logs: the application's role may not add rows to it",
        ]
    );
    let unknown = "tenant_id = ANY (string_to_array(current_setting('shop.id', true), ',')::uuid[])";
    cluster.case.execute(&format!("ALTER POLICY p ON logs USING ({unknown})")).await;
    let found = verdict(&cluster).await;
    assert_eq!(found.untried.len(), 1, "{found:?}");
    let told: Vec<&str> = found.unproved.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(told, ["the isolation of rows", "what a policy admits"]);
    // A role that no policy binds shows nothing by what it does.
    cluster.case.execute(&format!("ALTER ROLE {app} BYPASSRLS")).await;
    let found = verdict(&cluster).await;
    assert_eq!(found.findings[0].rule.id(), "role-bypassrls");
    assert!(found.unproved[0].why.contains("nothing can be tried"), "{found:?}");
    cluster.finish().await;
}

// Rows refer to rows of their tenant, to tables of nobody, and to tenants that are registered in the same database.
#[tokio::test]
async fn rows_are_made_up_with_what_they_refer_to() {
    let Some(cluster) = Cluster::empty(Engine::Postgres).await else { return };
    let app = format!("app_{}", cluster.mark);
    let close = |table: &str| {
        format!(
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY; \
             CREATE POLICY p ON {table} USING (tenant_id = NULLIF(current_setting('shop.id', true), '')::bigint) \
             WITH CHECK (tenant_id = NULLIF(current_setting('shop.id', true), '')::bigint);"
        )
    };
    let script = format!(
        "CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE tenants (id bigint PRIMARY KEY); INSERT INTO tenants VALUES (1), (2); \
         CREATE TABLE countries (code char(2) PRIMARY KEY); INSERT INTO countries VALUES ('ID'); \
         CREATE TABLE items (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id bigint NOT NULL, order_id uuid NOT NULL); \
         CREATE TABLE orders (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id bigint NOT NULL REFERENCES tenants, \
             country char(2) NOT NULL REFERENCES countries, mood mood NOT NULL, paid numeric(10, 2) NOT NULL CHECK (paid >= 0), \
             at timestamptz NOT NULL, body jsonb NOT NULL, tags text[] NOT NULL, from_ip inet NOT NULL, UNIQUE (tenant_id, id)); \
         ALTER TABLE items ADD FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id); \
         {} {} GRANT SELECT, INSERT, UPDATE, DELETE ON orders, items TO {app}; GRANT SELECT ON tenants, countries TO {app}",
        close("orders"),
        close("items")
    );
    cluster.owner.session().await.unwrap().script(&script).await.unwrap();
    let found = verdict(&cluster).await;
    assert_eq!((found.findings, found.unproved, found.proved), (vec![], vec![], 2));
    cluster.finish().await;
}

// A connection that goes back to the others is inside of no tenant, whatever was tried on it.
#[tokio::test]
async fn the_connection_of_a_trial_is_nobodys() {
    let Some((cluster, _)) = of(Engine::MySql).await else { return };
    let row = cluster
        .app
        .session()
        .await
        .unwrap()
        .first(Query::new("SELECT @app_tenant_id AS v"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.text_or_null("v").unwrap(), None);
    cluster.finish().await;
}

// A table that the application only reads is judged by the rows that are there, against what the operator counts.
#[tokio::test]
async fn rows_that_are_there_are_counted_against_what_the_operator_sees() {
    let Some(cluster) = Cluster::empty(Engine::Postgres).await else { return };
    let app = format!("app_{}", cluster.mark);
    let script = format!(
        "CREATE TABLE logs (id int, tenant_id uuid NOT NULL); \
         INSERT INTO logs SELECT n, CASE WHEN n < 4 THEN '{A}' ELSE '{B}' END::uuid FROM generate_series(1, 5) AS n; \
         ALTER TABLE logs ENABLE ROW LEVEL SECURITY; ALTER TABLE logs FORCE ROW LEVEL SECURITY; \
         CREATE POLICY p ON logs FOR SELECT USING (tenant_id = NULLIF(current_setting('shop.id', true), '')::uuid); \
         GRANT SELECT ON logs TO {app}"
    );
    cluster.owner.session().await.unwrap().script(&script).await.unwrap();
    let found = verdict(&cluster).await;
    assert_eq!((found.findings, found.unproved, found.proved), (vec![], vec![], 1));
    cluster
        .owner
        .session()
        .await
        .unwrap()
        .script("CREATE POLICY q ON logs FOR SELECT USING (id = 5)")
        .await
        .unwrap();
    let found = verdict(&cluster).await;
    assert_eq!(rules(&found, "logs"), ["policy-without-tenant", "sees-others"]);
    assert_eq!(found.findings[1].why, "inside a tenant of 3 rows 4 are seen");
    cluster.case.execute("ALTER POLICY p ON logs USING (tenant_id = NULLIF(current_setting('shop.id', true), '')::uuid AND id > 1); DROP POLICY q ON logs").await;
    let found = verdict(&cluster).await;
    assert_eq!(found.findings, []);
    assert_eq!(found.untried[0].why, "a tenant of 3 rows sees 2 of them");
    cluster.finish().await;
}

// An order of tenants lets one see the other, a common beginning both: neither is left to chance.
#[tokio::test]
async fn a_condition_on_a_part_or_an_order_of_tenants_is_always_seen() {
    for condition in [
        "tenant_id >= (SELECT app_current_tenant())",
        "tenant_id <= (SELECT app_current_tenant())",
        "tenant_id = (SELECT app_current_tenant()) \
         OR tenant_id::text LIKE left((SELECT app_current_tenant())::text, 8) || '%'",
    ] {
        let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
        let script = format!(
            "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid NOT NULL); \
             ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY; \
             CREATE POLICY p ON orders USING ({condition}); \
             GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO app_{}",
            cluster.mark
        );
        cluster.owner.session().await.unwrap().script(&script).await.unwrap();
        for _ in 0..4 {
            let found = verdict(&cluster).await;
            assert!(rules(&found, "orders").contains(&"sees-others"), "{condition}: {found:#?}");
        }
        cluster.finish().await;
    }
}
