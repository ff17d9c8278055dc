//! Each way to open a table or its policies is found by its rule, and what is printed to repair it repairs it.

use opsctl::db::Engine;

use crate::support::mutants::caught;

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
                "an index of an expression without the tenant",
                "CREATE UNIQUE INDEX c ON taxonomies (lower(code)) WHERE is_active",
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
                "a reference without the tenant, to a key that the tenant is not in",
                "own:CREATE TABLE orders (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, item uuid); \
                 CREATE TABLE items (id uuid PRIMARY KEY, tenant_id uuid NOT NULL); \
                 ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (item) REFERENCES items (id) ON DELETE SET NULL",
                "foreign-key",
                "orders",
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
            (
                "no WITH CHECK",
                &policy("CREATE POLICY p ON taxonomies USING {tenant}"),
                "check-missing",
                "taxonomies",
            ),
            (
                "an UPDATE without WITH CHECK",
                &policy(
                    "CREATE POLICY r ON taxonomies FOR SELECT USING {tenant}; CREATE POLICY d ON taxonomies FOR DELETE USING {tenant}; \
                     CREATE POLICY w ON taxonomies FOR UPDATE USING {tenant}; CREATE POLICY a ON taxonomies FOR INSERT WITH CHECK {tenant}",
                ),
                "check-missing",
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
