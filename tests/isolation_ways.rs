//! Each role that is not bound, and each way around the policies, is found by its rule, and what is printed to repair it
//! repairs it.

use opsctl::db::Engine;

use crate::support::{
    mutants::{caught, change, verdict},
    roles::Cluster,
};

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
            (
                "may become the owner by another role",
                "CREATE ROLE {other}; GRANT {own} TO {other}; GRANT {other} TO {app}",
                "role-member",
                "{own}",
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

// Who owns the schema drops what is in it, whoever owns that.
#[tokio::test]
async fn an_owner_of_the_schema_is_found() {
    caught(
        Engine::Postgres,
        &[
            ("owner of the schema", "ALTER SCHEMA public OWNER TO {app}", "schema-owner", "{app}"),
            (
                "owner of the database, and of its schema with it",
                "ALTER DATABASE {db} OWNER TO {app}",
                "schema-owner",
                "{app}",
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
            (
                "a function that enters a tenant for the session",
                "CREATE FUNCTION use_tenant(t uuid) RETURNS void LANGUAGE sql AS \
                 $$ SELECT set_config('app.tenant_id', t::text, false) $$",
                "variable-kept",
                "use_tenant",
            ),
            (
                "a trigger that enters a tenant for the session",
                "CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 EXECUTE 'SET app.tenant_id = ' || quote_literal(NEW.tenant_id); RETURN NEW; END $$; \
                 CREATE TRIGGER follow AFTER INSERT ON taxonomies FOR EACH ROW EXECUTE FUNCTION follow()",
                "variable-kept",
                "follow",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_is_reached_through_others_with_another_role_s_rights_is_found() {
    caught(
        Engine::Postgres,
        &[
            (
                "a function that calls a function",
                "CREATE FUNCTION s1() RETURNS SETOF tenant_roles LANGUAGE sql AS 'SELECT * FROM tenant_roles'; \
                 CREATE FUNCTION s2() RETURNS SETOF tenant_roles LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM s1()'",
                "function-definer",
                "s2() reaches it through s1()",
            ),
            (
                "a function over a view that is not granted",
                "CREATE VIEW v AS SELECT * FROM tenant_roles; \
                 CREATE FUNCTION s2() RETURNS SETOF v LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM v'",
                "function-definer",
                "s2() reaches it through v",
            ),
            (
                "a function of an owner who is bound, that may call one of a superuser",
                "CREATE FUNCTION s1() RETURNS SETOF tenant_roles LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM tenant_roles'; \
                 REVOKE EXECUTE ON FUNCTION s1() FROM PUBLIC; GRANT EXECUTE ON FUNCTION s1() TO {own}; \
                 own:CREATE FUNCTION s2() RETURNS SETOF tenant_roles LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM s1()'",
                "function-definer",
                "s2() reaches it through s1()",
            ),
            (
                "a function whose body the server has parsed",
                "CREATE VIEW v AS SELECT * FROM tenant_roles; \
                 CREATE FUNCTION s1() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM v; END; \
                 CREATE FUNCTION s2() RETURNS bigint LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT s1(); END",
                "function-definer",
                "s2() reaches it through v",
            ),
            (
                "a function that calls one which makes its SQL as it runs",
                "CREATE FUNCTION s1(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE t; END $$; \
                 CREATE FUNCTION s2(t text) RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT s1(t)'",
                "function-definer",
                "s2(text) makes its SQL as it runs through s1(text)",
            ),
        ],
    )
    .await;
}

// Functions of those who are bound, functions without another role's rights, and names that are only part of another.
#[tokio::test]
async fn functions_that_stay_within_the_policies_raise_no_alarm() {
    let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
    let made = "CREATE FUNCTION s1() RETURNS SETOF tenant_roles LANGUAGE sql AS 'SELECT * FROM tenant_roles'; \
         CREATE FUNCTION s2() RETURNS SETOF tenant_roles LANGUAGE sql AS 'SELECT * FROM s1()'; \
         CREATE TABLE tenant_roles_archive (n int); \
         CREATE FUNCTION s3() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(s1) FROM (SELECT n AS s1 FROM tenant_roles_archive) a'; \
         own:CREATE VIEW v AS SELECT * FROM tenant_roles; \
         CREATE FUNCTION s4() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM v'; \
         CREATE FUNCTION s5() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM s1()'";
    change(&cluster, made).await;
    let found = verdict(&cluster, "tenant_id").await;
    assert_eq!((found.findings, found.unproved), (vec![], vec![]));
    cluster.finish().await;
}
