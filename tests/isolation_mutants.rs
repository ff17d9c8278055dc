//! The verifier against schemas that are known: each way to break the sound one is found by its rule, and none of the
//! sound variants raises an alarm.

use opsctl::{
    db::Engine,
    isolation::{
        COLUMN,
        verify::{Parties, Verdict, verify},
    },
};

use crate::support::roles::Cluster;

async fn verdict(cluster: &Cluster, column: &str) -> Verdict {
    let parties =
        Parties { app: &cluster.app, other: Some(&cluster.owner), operator: Some(&cluster.case.db) };
    verify(parties, column).await.unwrap()
}

/// SQL with the names of this cluster's roles and database in it.
fn told(cluster: &Cluster, sql: &str) -> String {
    sql.replace("{app}", &format!("app_{}", cluster.mark))
        .replace("{own}", &format!("own_{}", cluster.mark))
        .replace("{other}", &format!("oth_{}", cluster.mark))
        .replace("{db}", &cluster.case.target.name)
}

/// Runs SQL as the superuser, or as the tables' owner where it begins with `own:`.
async fn change(cluster: &Cluster, sql: &str) {
    match sql.strip_prefix("own:") {
        Some(sql) => cluster.owner.session().await.unwrap().script(&told(cluster, sql)).await.unwrap(),
        None => cluster.case.execute(&told(cluster, sql)).await,
    }
}

/// Breaks a sound schema, and wants a finding of the rule that names the table or role.
async fn caught(engine: Engine, mutants: &[(&str, &str, &str, &str)]) {
    let mut missed = Vec::new();
    for (name, sql, rule, where_) in mutants {
        let Some(cluster) = Cluster::new(engine).await else { return };
        change(&cluster, sql).await;
        let verdict = verdict(&cluster, COLUMN).await;
        let named = told(&cluster, where_);
        let found = verdict.findings.iter().any(|finding| {
            finding.rule.id() == *rule
                && (finding.table.ends_with(&named) || finding.why.contains(&named))
                && !finding.repair.is_empty()
        });
        if !found {
            missed.push(format!("{name}: {rule} at {named} is not in {verdict:#?}"));
        }
        change(&cluster, "own:SELECT 1").await;
        let leftover = "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{other}') THEN \
                        EXECUTE 'REASSIGN OWNED BY {other} TO CURRENT_USER'; EXECUTE 'DROP OWNED BY {other}'; \
                        EXECUTE 'DROP ROLE {other}'; END IF; END $$";
        if engine == Engine::Postgres {
            change(&cluster, leftover).await;
        }
        cluster.finish().await;
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

const TENANT: &str = "(tenant_id = (SELECT app_current_tenant()))";

/// A mutant of one policy: what is put into the place of `taxonomies_tenant_isolation`.
fn policy(body: &str) -> String {
    let body = body.replace("{tenant}", TENANT);
    format!("DROP POLICY taxonomies_tenant_isolation ON taxonomies; {body}")
}

#[tokio::test]
async fn a_table_that_is_not_closed_is_found() {
    caught(
        Engine::Postgres,
        &[
            ("not enabled", "ALTER TABLE taxonomies DISABLE ROW LEVEL SECURITY", "rls-off", "taxonomies"),
            ("not forced", "ALTER TABLE tenant_user NO FORCE ROW LEVEL SECURITY", "rls-not-forced", "tenant_user"),
            ("no policy", &policy(""), "no-policy", "taxonomies"),
            ("a policy for others", &policy("CREATE POLICY p ON taxonomies TO {own} USING {tenant}"), "no-policy", "taxonomies"),
            (
                "a restrictive policy alone",
                &policy("CREATE POLICY p ON taxonomies AS RESTRICTIVE USING {tenant}"),
                "no-policy",
                "taxonomies",
            ),
            ("a policy for SELECT alone", &policy("CREATE POLICY p ON taxonomies FOR SELECT USING {tenant}"), "policy-gap", "taxonomies"),
            (
                "a new table",
                "own:CREATE TABLE orders (id bigint PRIMARY KEY, tenant_id uuid NOT NULL); GRANT SELECT ON orders TO {app}",
                "rls-off",
                "orders",
            ),
            (
                "a partition with rights of its own",
                "own:CREATE TABLE log (tenant_id uuid NOT NULL, at date NOT NULL) PARTITION BY RANGE (at); \
                 ALTER TABLE log ENABLE ROW LEVEL SECURITY; ALTER TABLE log FORCE ROW LEVEL SECURITY; \
                 CREATE POLICY p ON log USING (tenant_id = (SELECT app_current_tenant())); \
                 CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); \
                 GRANT SELECT, INSERT, UPDATE, DELETE ON log, log_2026 TO {app}",
                "partition-reachable",
                "log_2026",
            ),
            (
                "an heir with rights of its own",
                "own:CREATE TABLE old_roles () INHERITS (tenant_roles); GRANT SELECT ON old_roles TO {app}",
                "partition-reachable",
                "old_roles",
            ),
            ("a tenant that may be nobody", "ALTER TABLE taxonomies ALTER tenant_id DROP NOT NULL", "tenant-nullable", "taxonomies"),
            (
                "a key without the tenant",
                "ALTER TABLE taxonomies ADD CONSTRAINT c UNIQUE (type, code)",
                "unique-key",
                "taxonomies",
            ),
            (
                "an exclusion without the tenant",
                "ALTER TABLE taxonomies ADD CONSTRAINT c EXCLUDE (code WITH =)",
                "unique-key",
                "taxonomies",
            ),
            (
                "a reference without the tenant",
                "ALTER TABLE taxonomies ADD CONSTRAINT c FOREIGN KEY (parent_id) REFERENCES taxonomies (id)",
                "foreign-key",
                "taxonomies",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_policy_that_lets_others_through_is_found() {
    caught(
        Engine::Postgres,
        &[
            ("true", &policy("CREATE POLICY p ON taxonomies USING (true)"), "policy-true", "taxonomies"),
            ("x = x", &policy("CREATE POLICY p ON taxonomies USING (tenant_id = tenant_id)"), "policy-true", "taxonomies"),
            ("not null", &policy("CREATE POLICY p ON taxonomies USING (tenant_id IS NOT NULL)"), "policy-true", "taxonomies"),
            (
                "a fixed tenant",
                &policy("CREATE POLICY p ON taxonomies USING (tenant_id = '0b7c1d9e-0000-4000-8000-00000000000a')"),
                "policy-without-tenant",
                "taxonomies",
            ),
            (
                "shared rows, also to write",
                &policy("CREATE POLICY p ON taxonomies USING (tenant_id = app_current_tenant() OR is_system)"),
                "policy-without-tenant",
                "taxonomies",
            ),
            (
                "a second policy that adds rows",
                "CREATE POLICY published ON taxonomies FOR SELECT USING (is_active)",
                "policy-without-tenant",
                "taxonomies",
            ),
            (
                "open without a tenant",
                &policy("CREATE POLICY p ON taxonomies USING (tenant_id = app_current_tenant() OR app_current_tenant() IS NULL)"),
                "open-without-tenant",
                "taxonomies",
            ),
            (
                "open where the variable is empty",
                &policy("CREATE POLICY p ON taxonomies USING (tenant_id = app_current_tenant() OR current_setting('app.tenant_id', true) = '')"),
                "open-without-tenant",
                "taxonomies",
            ),
            ("WITH CHECK (true)", &policy("CREATE POLICY p ON taxonomies USING {tenant} WITH CHECK (true)"), "check-open", "taxonomies"),
            (
                "an INSERT that asks nothing",
                &policy(
                    "CREATE POLICY r ON taxonomies FOR SELECT USING {tenant}; CREATE POLICY d ON taxonomies FOR DELETE USING {tenant}; \
                     CREATE POLICY w ON taxonomies FOR UPDATE USING {tenant}; CREATE POLICY a ON taxonomies FOR INSERT WITH CHECK (true)",
                ),
                "check-open",
                "taxonomies",
            ),
            (
                "an UPDATE that asks for the old row alone",
                &policy(
                    "CREATE POLICY r ON taxonomies FOR SELECT USING {tenant}; CREATE POLICY d ON taxonomies FOR DELETE USING {tenant}; \
                     CREATE POLICY w ON taxonomies FOR UPDATE USING {tenant} WITH CHECK (is_active); \
                     CREATE POLICY a ON taxonomies FOR INSERT WITH CHECK {tenant}",
                ),
                "check-open",
                "taxonomies",
            ),
            (
                "a user's rows inside a tenant",
                "ALTER POLICY tenant_user_owner_access ON tenant_user USING (user_id = app_current_user())",
                "owner-access",
                "tenant_user",
            ),
            (
                "a user's rows to write",
                "DROP POLICY tenant_user_owner_access ON tenant_user; CREATE POLICY tenant_user_owner_access ON tenant_user \
                 USING (user_id = app_current_user() AND app_current_tenant() IS NULL)",
                "owner-access-writes",
                "tenant_user",
            ),
            (
                "a tenant to fall back to, in the function",
                "CREATE OR REPLACE FUNCTION app_current_tenant() RETURNS uuid LANGUAGE sql STABLE AS \
                 $$ SELECT coalesce(NULLIF(pg_catalog.current_setting('app.tenant_id', true), ''), '0b7c1d9e-0000-4000-8000-00000000000a')::uuid $$",
                "tenant-fallback",
                "taxonomies",
            ),
            (
                "a tenant to fall back to, in the policy",
                &policy("CREATE POLICY p ON taxonomies USING (tenant_id = coalesce(app_current_tenant(), tenant_id))"),
                "tenant-fallback",
                "taxonomies",
            ),
            (
                "a function that knows its answer",
                "CREATE OR REPLACE FUNCTION app_current_tenant() RETURNS uuid LANGUAGE sql STABLE AS \
                 $$ SELECT '0b7c1d9e-0000-4000-8000-00000000000a'::uuid $$",
                "policy-without-tenant",
                "taxonomies",
            ),
            (
                "two variables",
                &policy("CREATE POLICY p ON taxonomies USING (tenant_id = NULLIF(current_setting('app.tenant', true), '')::uuid)"),
                "several-variables",
                "app.tenant",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_role_that_is_not_bound_is_found() {
    caught(
        Engine::Postgres,
        &[
            ("superuser", "ALTER ROLE {app} SUPERUSER", "role-superuser", "{app}"),
            ("BYPASSRLS", "ALTER ROLE {app} BYPASSRLS", "role-bypassrls", "{app}"),
            ("CREATEROLE", "ALTER ROLE {app} CREATEROLE", "role-createrole", "{app}"),
            ("owner", "ALTER TABLE taxonomies OWNER TO {app}", "role-owner", "taxonomies"),
            ("member of the owner", "GRANT {own} TO {app}", "role-member", "{own}"),
            (
                "may become a role with BYPASSRLS",
                "CREATE ROLE {other} BYPASSRLS; ALTER ROLE {app} NOINHERIT; GRANT {other} TO {app}",
                "role-member",
                "{other}",
            ),
            ("REPLICATION", "ALTER ROLE {app} REPLICATION", "role-replication", "{app}"),
            (
                "member of a role that runs programs",
                "GRANT pg_execute_server_program TO {app}",
                "role-member",
                "pg_execute_server_program",
            ),
            ("TRUNCATE", "GRANT TRUNCATE ON taxonomies TO {app}", "grant-truncate", "taxonomies"),
            ("TRIGGER", "GRANT TRIGGER ON taxonomies TO PUBLIC", "grant-trigger", "taxonomies"),
            ("REFERENCES", "GRANT REFERENCES ON taxonomies TO {app}", "grant-references", "taxonomies"),
            (
                "the role begins inside a tenant",
                "ALTER ROLE {app} SET app.tenant_id = '0b7c1d9e-0000-4000-8000-00000000000a'",
                "variable-set",
                "app.tenant_id",
            ),
            (
                "the database begins inside a tenant",
                "ALTER DATABASE {db} SET app.tenant_id = '0b7c1d9e-0000-4000-8000-00000000000a'",
                "variable-set",
                "app.tenant_id",
            ),
            (
                "the role in this database begins inside a tenant",
                "ALTER ROLE {app} IN DATABASE {db} SET app.tenant_id = '0b7c1d9e-0000-4000-8000-00000000000a'",
                "variable-set",
                "app.tenant_id",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_way_around_the_policies_is_found() {
    caught(
        Engine::Postgres,
        &[
            ("a superuser's view", "CREATE VIEW all_roles AS SELECT * FROM tenant_roles; GRANT SELECT ON all_roles TO {app}", "view-definer", "all_roles"),
            (
                "a view on a view",
                "CREATE VIEW inner_roles AS SELECT * FROM tenant_roles; CREATE VIEW outer_roles AS SELECT code FROM inner_roles; \
                 GRANT SELECT ON outer_roles TO {app}",
                "view-definer",
                "outer_roles",
            ),
            (
                "a view of a role with BYPASSRLS",
                "CREATE ROLE {other} BYPASSRLS; GRANT SELECT ON tenant_roles TO {other}; CREATE VIEW report AS SELECT * FROM tenant_roles; \
                 ALTER VIEW report OWNER TO {other}; GRANT SELECT ON report TO {app}",
                "view-definer",
                "report",
            ),
            (
                "a view of an owner who is not bound",
                "own:ALTER TABLE tenant_roles NO FORCE ROW LEVEL SECURITY; CREATE VIEW report AS SELECT * FROM tenant_roles; \
                 GRANT SELECT ON report TO {app}",
                "view-definer",
                "report",
            ),
            (
                "a materialized view",
                "own:CREATE MATERIALIZED VIEW totals AS SELECT tenant_id, count(*) FROM tenant_roles GROUP BY 1; GRANT SELECT ON totals TO {app}",
                "materialized-view",
                "totals",
            ),
            (
                "a function with its owner's rights",
                "CREATE FUNCTION roles_of(t uuid) RETURNS SETOF tenant_roles LANGUAGE sql STABLE SECURITY DEFINER AS \
                 $$ SELECT * FROM tenant_roles WHERE tenant_id = t $$",
                "function-definer",
                "tenant_roles",
            ),
            (
                "a rule with its owner's rights",
                "CREATE TABLE wipe (n int); GRANT INSERT ON wipe TO {app}; \
                 CREATE RULE r AS ON INSERT TO wipe DO INSTEAD UPDATE tenant_roles SET name = 'x'",
                "rewrite-rule",
                "tenant_roles",
            ),
            (
                "a superuser's view under a view of the owner",
                "CREATE VIEW inner_roles AS SELECT * FROM tenant_roles; GRANT SELECT ON inner_roles TO {own}; \
                 CREATE VIEW outer_roles AS SELECT code FROM inner_roles; ALTER VIEW outer_roles OWNER TO {own}; \
                 GRANT SELECT ON outer_roles TO {app}",
                "view-definer",
                "outer_roles",
            ),
            (
                "a trigger with a superuser's rights",
                "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS \
                 $$ BEGIN UPDATE tenant_roles SET name = 'x'; RETURN NEW; END $$; \
                 CREATE TRIGGER touch AFTER INSERT ON taxonomies FOR EACH ROW EXECUTE FUNCTION touch()",
                "function-definer",
                "tenant_roles",
            ),
            (
                "a function that makes its SQL as it runs",
                "CREATE FUNCTION number_of(t text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS \
                 $$ DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM ' || quote_ident(t) INTO n; RETURN n; END $$",
                "function-definer",
                "number_of",
            ),
            ("a volatile function", "ALTER FUNCTION app_current_tenant() VOLATILE", "helper-volatile", "app_current_tenant"),
            ("a function of the application", "ALTER FUNCTION app_current_tenant() OWNER TO {app}", "helper-owned", "app_current_tenant"),
            (
                "a search path that anybody may fill",
                "GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE OR REPLACE FUNCTION app_current_tenant() RETURNS uuid LANGUAGE sql STABLE AS \
                 $$ SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid $$",
                "helper-search-path",
                "app_current_tenant",
            ),
        ],
    )
    .await;
}

/// A sound schema of one table, `orders`, in other words than the tenant set's; `column` is the tenant column.
async fn sound(name: &str, column: &str, sql: &str) {
    let Some(cluster) = Cluster::empty(Engine::Postgres).await else { return };
    change(&cluster, &format!("own:{sql}")).await;
    let verdict = verdict(&cluster, column).await;
    assert!(verdict.findings.is_empty(), "{name}: {:#?}", verdict.findings);
    assert!(verdict.unproved.is_empty(), "{name}: {:#?}", verdict.unproved);
    assert!(verdict.tables > 0, "{name}");
    cluster.finish().await;
}

/// `orders`, closed by what `policies` says.
fn orders(kind: &str, policies: &str) -> String {
    format!(
        "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id {kind} NOT NULL, note text); \
         ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY; {policies}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO {{app}}"
    )
}

#[tokio::test]
async fn the_tenant_set_is_sound() {
    let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
    let verdict = verdict(&cluster, COLUMN).await;
    assert_eq!((verdict.findings, verdict.unproved, verdict.notes), (vec![], vec![], vec![]));
    assert_eq!((verdict.tables, verdict.variable.as_deref()), (5, Some("app.tenant_id")));
    cluster.finish().await;
}

#[tokio::test]
async fn sound_policies_in_other_words_raise_no_alarm() {
    let inline = "tenant_id = NULLIF(current_setting('shop.current', true), '')::uuid";
    sound(
        "another variable, no function",
        COLUMN,
        &orders("uuid", &format!("CREATE POLICY p ON orders USING ({inline})")),
    )
    .await;
    sound(
        "a policy per command",
        COLUMN,
        &orders(
            "uuid",
            &format!(
                "CREATE POLICY r ON orders FOR SELECT USING ({inline}); CREATE POLICY a ON orders FOR INSERT WITH CHECK ({inline}); \
                 CREATE POLICY w ON orders FOR UPDATE USING ({inline}) WITH CHECK ({inline}); CREATE POLICY d ON orders FOR DELETE USING ({inline})"
            ),
        ),
    )
    .await;
    sound(
        "a restrictive policy over an open one",
        COLUMN,
        &orders("uuid", &format!("CREATE POLICY o ON orders USING (true); CREATE POLICY p ON orders AS RESTRICTIVE USING ({inline})")),
    )
    .await;
    sound(
        "a restrictive policy in addition",
        COLUMN,
        &orders(
            "uuid",
            &format!("CREATE POLICY p ON orders USING ({inline}); CREATE POLICY q ON orders AS RESTRICTIVE FOR DELETE USING (note IS NULL)"),
        ),
    )
    .await;
    sound(
        "a policy for the application's role",
        COLUMN,
        &orders(
            "uuid",
            &format!(
                "CREATE POLICY p ON orders TO {{app}} USING ({inline} AND note IS DISTINCT FROM 'hidden')"
            ),
        ),
    )
    .await;
    sound(
        "text",
        COLUMN,
        &orders(
            "varchar(26)",
            "CREATE POLICY p ON orders USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''))",
        ),
    )
    .await;
    sound(
        "a number",
        "team_id",
        &orders("bigint", "CREATE POLICY p ON orders USING (team_id = NULLIF(current_setting('app.team', true), '')::bigint)")
            .replace("tenant_id", "team_id"),
    )
    .await;
}

#[tokio::test]
async fn sound_surroundings_raise_no_alarm() {
    let helper = "CREATE FUNCTION current_shop() RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog \
                  AS $$ SELECT NULLIF(current_setting('shop.id', true), '')::uuid $$;";
    let closed = orders("uuid", "CREATE POLICY p ON orders USING (tenant_id = (SELECT current_shop()))");
    let with = |more: &str| format!("{helper} {closed}; {more}");
    sound(
        "a view of who asks",
        COLUMN,
        &with("CREATE VIEW v WITH (security_invoker = true) AS SELECT * FROM orders; GRANT SELECT ON v TO {app}"),
    )
    .await;
    sound(
        "a view of an owner who is bound",
        COLUMN,
        &with("CREATE VIEW v AS SELECT * FROM orders; GRANT SELECT ON v TO {app}"),
    )
    .await;
    sound(
        "partitions",
        COLUMN,
        &with(
            "CREATE TABLE log (tenant_id uuid NOT NULL, at date NOT NULL DEFAULT '2026-11-20') PARTITION BY RANGE (at); \
             CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); \
             ALTER TABLE log ENABLE ROW LEVEL SECURITY; ALTER TABLE log FORCE ROW LEVEL SECURITY; \
             CREATE POLICY p ON log USING (tenant_id = current_shop()); GRANT SELECT, INSERT ON log TO {app}",
        ),
    )
    .await;
    sound(
        "partitions that are closed themselves",
        COLUMN,
        &with(
            "CREATE TABLE log (tenant_id uuid NOT NULL, at date NOT NULL DEFAULT '2026-11-20') PARTITION BY RANGE (at); \
             CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); \
             ALTER TABLE log ENABLE ROW LEVEL SECURITY; ALTER TABLE log FORCE ROW LEVEL SECURITY; \
             ALTER TABLE log_2026 ENABLE ROW LEVEL SECURITY; ALTER TABLE log_2026 FORCE ROW LEVEL SECURITY; \
             CREATE POLICY p ON log USING (tenant_id = current_shop()); CREATE POLICY p ON log_2026 USING (tenant_id = current_shop()); \
             GRANT SELECT, INSERT ON log, log_2026 TO {app}",
        ),
    )
    .await;
    sound(
        "tables of nobody, a key with the tenant behind, a default",
        COLUMN,
        &with(
            "CREATE TABLE countries (code char(2) PRIMARY KEY); GRANT SELECT ON countries TO {app}; \
             ALTER TABLE orders ALTER tenant_id SET DEFAULT current_shop(), ADD UNIQUE (note, tenant_id), ADD UNIQUE (tenant_id, id)",
        ),
    )
    .await;
    sound(
        "another schema",
        COLUMN,
        &format!("CREATE SCHEMA shop; SET search_path = shop, public; {helper} {closed}; GRANT USAGE ON SCHEMA shop TO {{app}}; RESET search_path"),
    )
    .await;
    sound(
        "narrow rights",
        COLUMN,
        &with("REVOKE ALL ON orders FROM {app}; GRANT SELECT, INSERT ON orders TO {app}; DROP POLICY p ON orders; \
               CREATE POLICY r ON orders FOR SELECT USING (tenant_id = current_shop()); \
               CREATE POLICY a ON orders FOR INSERT WITH CHECK (tenant_id = current_shop())"),
    )
    .await;
    sound(
        "a function that asks another",
        COLUMN,
        &with("CREATE FUNCTION my_shop() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT public.current_shop() $$; \
               ALTER POLICY p ON orders USING (tenant_id = my_shop())"),
    )
    .await;
}
