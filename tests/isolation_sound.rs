//! Sound schemas raise no alarm, in whatever words they are written, and everything of them is shown.

use opsctl::{db::Engine, isolation::COLUMN};

use crate::support::{
    mutants::{sound, verdict},
    roles::Cluster,
};

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
        &orders("uuid", &format!("CREATE POLICY p ON orders USING ({inline}) WITH CHECK ({inline})")),
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
        &orders("uuid", &format!("CREATE POLICY o ON orders USING (true) WITH CHECK (true); CREATE POLICY p ON orders AS RESTRICTIVE USING ({inline})")),
    )
    .await;
    sound(
        "a restrictive policy in addition",
        COLUMN,
        &orders(
            "uuid",
            &format!("CREATE POLICY p ON orders USING ({inline}) WITH CHECK ({inline}); CREATE POLICY q ON orders AS RESTRICTIVE FOR DELETE USING (note IS NULL)"),
        ),
    )
    .await;
    sound(
        "a policy for the application's role",
        COLUMN,
        &orders(
            "uuid",
            &format!(
                "CREATE POLICY p ON orders TO {{app}} USING ({inline} AND note IS DISTINCT FROM 'hidden') WITH CHECK ({inline})"
            ),
        ),
    )
    .await;
    sound(
        "text",
        COLUMN,
        &orders(
            "varchar(26)",
            "CREATE POLICY p ON orders USING (tenant_id = NULLIF(current_setting('app.tenant', true), '')) \
             WITH CHECK (tenant_id = NULLIF(current_setting('app.tenant', true), ''))",
        ),
    )
    .await;
    sound(
        "a number",
        "team_id",
        &orders("bigint", "CREATE POLICY p ON orders USING (team_id = NULLIF(current_setting('app.team', true), '')::bigint) \
             WITH CHECK (team_id = NULLIF(current_setting('app.team', true), '')::bigint)")
            .replace("tenant_id", "team_id"),
    )
    .await;
}

#[tokio::test]
async fn sound_surroundings_raise_no_alarm() {
    let helper = "CREATE FUNCTION current_shop() RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog \
                  AS $$ SELECT NULLIF(current_setting('shop.id', true), '')::uuid $$;";
    let closed = orders(
        "uuid",
        "CREATE POLICY p ON orders USING (tenant_id = (SELECT current_shop())) WITH CHECK (tenant_id = (SELECT current_shop()))",
    );
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
             CREATE POLICY p ON log USING (tenant_id = current_shop()) WITH CHECK (tenant_id = current_shop()); GRANT SELECT, INSERT ON log TO {app}",
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
             CREATE POLICY p ON log USING (tenant_id = current_shop()) WITH CHECK (tenant_id = current_shop()); CREATE POLICY p ON log_2026 USING (tenant_id = current_shop()) WITH CHECK (tenant_id = current_shop()); \
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
               ALTER POLICY p ON orders USING (tenant_id = my_shop()) WITH CHECK (tenant_id = my_shop())"),
    )
    .await;
}

// A time that is made up lies in no partition: one is taken from the bounds of a partition that is there.
#[tokio::test]
async fn partitioned_tables_are_tried_in_a_partition_that_is_there() {
    let equal = "tenant_id = NULLIF(current_setting('shop.current', true), '')::uuid";
    let table = |name: &str, column: &str, by: &str, bounds: &str| {
        format!(
            "CREATE TABLE {name} (id bigint GENERATED ALWAYS AS IDENTITY, tenant_id uuid NOT NULL, {column}) PARTITION BY {by}; \
             CREATE TABLE {name}_1 PARTITION OF {name} FOR VALUES {bounds}; \
             ALTER TABLE {name} ENABLE ROW LEVEL SECURITY; ALTER TABLE {name} FORCE ROW LEVEL SECURITY; \
             CREATE POLICY p ON {name} USING ({equal}) WITH CHECK ({equal}); \
             GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {{app}}; "
        )
    };
    let made = [
        table(
            "events",
            "at timestamptz NOT NULL DEFAULT now()",
            "RANGE (at)",
            "FROM ('2031-01-01') TO ('2031-02-01')",
        ),
        table("sales", "region text NOT NULL", "LIST (region)", "IN ('eu', 'ap')"),
        table("logs", "day date NOT NULL", "RANGE (day)", "FROM ('1990-01-01') TO ('1991-01-01')"),
        table("counts", "n int NOT NULL", "RANGE (n)", "FROM (7000) TO (8000)"),
    ];
    sound("partitions", COLUMN, &made.concat()).await;
}
