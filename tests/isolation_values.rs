//! Rows that are made up to try a table with: they meet its conditions, and what they refer to is found.

use opsctl::{
    db::Engine,
    isolation::verify::{Parties, verify},
};

use crate::support::{
    mutants::{change, verdict},
    roles::Cluster,
};

/// `CREATE TABLE orders` with these columns beside the tenant, closed and open to the application.
fn orders(engine: Engine, columns: &str) -> String {
    match engine {
        Engine::Postgres => format!(
            "own:CREATE TABLE orders (tenant_id uuid NOT NULL, {columns}); \
             ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY; \
             CREATE POLICY p ON orders USING (tenant_id = NULLIF(current_setting('shop.id', true), '')::uuid) \
                 WITH CHECK (tenant_id = NULLIF(current_setting('shop.id', true), '')::uuid); \
             GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO {{app}}"
        ),
        Engine::MySql => format!(
            "own:CREATE FUNCTION shop() RETURNS char(36) DETERMINISTIC NO SQL RETURN NULLIF(@shop, ''); \
             CREATE TABLE orders (tenant_id char(36) NOT NULL, {columns}); \
             CREATE TRIGGER i BEFORE INSERT ON orders FOR EACH ROW IF NEW.tenant_id <> COALESCE(shop(), '') \
                 THEN SIGNAL SQLSTATE '42501'; END IF; \
             CREATE TRIGGER u BEFORE UPDATE ON orders FOR EACH ROW IF NEW.tenant_id <> COALESCE(shop(), '') \
                 OR OLD.tenant_id <> COALESCE(shop(), '') THEN SIGNAL SQLSTATE '42501'; END IF; \
             CREATE TRIGGER d BEFORE DELETE ON orders FOR EACH ROW IF OLD.tenant_id <> COALESCE(shop(), '') \
                 THEN SIGNAL SQLSTATE '42501'; END IF; \
             CREATE SQL SECURITY DEFINER VIEW v_orders AS SELECT * FROM orders WHERE tenant_id = shop() \
                 WITH CASCADED CHECK OPTION"
        ),
        Engine::Sqlite => format!("CREATE TABLE orders (tenant_id text NOT NULL, {columns})"),
    }
}

/// Everything of a table is shown.
async fn shown(engine: Engine, before: &str, columns: &str) {
    let Some(cluster) = Cluster::empty(engine).await else { return };
    change(&cluster, before).await;
    change(&cluster, &orders(engine, columns)).await;
    if engine == Engine::MySql {
        change(&cluster, "GRANT SELECT, INSERT, UPDATE, DELETE ON {db}.v_orders TO {app}@'%'").await;
    }
    let found = verdict(&cluster, "tenant_id").await;
    assert_eq!((found.findings, found.unproved, found.untried), (vec![], vec![], vec![]), "{columns}");
    assert_eq!(found.proved, 1, "{columns}");
    cluster.finish().await;
}

#[tokio::test]
async fn values_meet_the_conditions_of_their_columns() {
    for columns in [
        "email varchar(60) NOT NULL CHECK (email LIKE '%@%')",
        "amount integer NOT NULL CHECK (amount BETWEEN 20 AND 30)",
        "code varchar(8) NOT NULL CHECK (code IN ('b', 'c'))",
        "name varchar(12) NOT NULL CHECK (length(name) <= 3)",
        "starts_on date NOT NULL, ends_on date NOT NULL, CHECK (ends_on > starts_on)",
        "few integer NOT NULL, many integer NOT NULL, CHECK (many > few)",
    ] {
        for engine in [Engine::Postgres, Engine::MySql, Engine::Sqlite] {
            shown(engine, "", columns).await;
        }
    }
    for columns in [
        "slug text NOT NULL CHECK (slug ~ '^[a-z][a-z0-9-]+$')",
        "phone text NOT NULL CHECK (phone ~ '^[+][0-9]{8,}$')",
    ] {
        shown(Engine::Postgres, "", columns).await;
    }
    let domain = "own:CREATE DOMAIN address AS text CHECK (VALUE LIKE '%_@_%')";
    shown(Engine::Postgres, domain, "email address NOT NULL").await;
}

#[tokio::test]
async fn what_is_computed_from_values_fits_its_column() {
    for columns in [
        "id integer PRIMARY KEY, hundredfold integer GENERATED ALWAYS AS (id * 100) STORED",
        "id integer PRIMARY KEY, all_of_it integer GENERATED ALWAYS AS (id * id * 100) STORED",
        "id integer NOT NULL, hundredfold integer GENERATED ALWAYS AS (id * 1000) STORED",
    ] {
        for engine in [Engine::Postgres, Engine::MySql] {
            shown(engine, "", columns).await;
        }
    }
    let label = "name text NOT NULL, label varchar(8) GENERATED ALWAYS AS (name || '-' || name) STORED";
    shown(Engine::Postgres, "", label).await;
}

// Another role reads what the application may not; where there is none, that is said, and nothing is wrong with the table.
#[tokio::test]
async fn a_row_to_refer_to_is_read_by_a_role_that_may() {
    let countries =
        "own:CREATE TABLE countries (code char(2) PRIMARY KEY); INSERT INTO countries VALUES ('ID')";
    let refers = "country char(2) NOT NULL, FOREIGN KEY (country) REFERENCES countries (code)";
    for engine in [Engine::Postgres, Engine::MySql] {
        shown(engine, countries, refers).await;
    }
    let Some(cluster) = Cluster::empty(Engine::Postgres).await else { return };
    change(&cluster, countries).await;
    change(&cluster, &orders(Engine::Postgres, refers)).await;
    let parties = Parties { app: &cluster.app, other: None, operator: None };
    let found = verify(parties, "tenant_id").await.unwrap();
    assert_eq!((found.findings, found.unproved, found.proved), (vec![], vec![], 0));
    let why = "it refers to `countries`, of which no role that is configured may read a row: ";
    assert!(found.untried[0].why.starts_with(why), "{:?}", found.untried);
    cluster.finish().await;
}

// A column in other letters is another column to PostgreSQL and SQLite: its table is not checked, and mentioned.
#[tokio::test]
async fn a_column_that_is_nearly_the_tenants_is_mentioned() {
    for (engine, made, names) in [
        (
            Engine::Postgres,
            "own:CREATE TABLE a (\"tenantId\" uuid); CREATE TABLE b (\"TENANT_ID\" uuid); CREATE TABLE c (at date)",
            &[("public.a", "tenantId"), ("public.b", "TENANT_ID")][..],
        ),
        (
            Engine::MySql,
            "own:CREATE TABLE a (tenantId char(36)); CREATE TABLE c (at date)",
            &[("a", "tenantId")],
        ),
        (Engine::Sqlite, "CREATE TABLE a (tenantId text); CREATE TABLE c (at date)", &[("a", "tenantId")]),
    ] {
        let Some(cluster) = Cluster::empty(engine).await else { return };
        change(&cluster, made).await;
        if engine == Engine::MySql {
            change(&cluster, "GRANT EXECUTE ON {db}.* TO {app}@'%'").await;
        }
        let found = verdict(&cluster, "tenant_id").await;
        let told: Vec<String> = names
            .iter()
            .map(|(table, own)| {
                format!("{table} looks like a tenant's by `{own}`, and has no column `tenant_id`")
            })
            .collect();
        assert_eq!((found.findings, found.notes), (vec![], told));
        assert!(found.unproved[0].why.contains("no table has a column `tenant_id`"), "{:?}", found.unproved);
        cluster.finish().await;
    }
}
