//! Tenants to provision: opsctl's tables and the tenant set in one database, a master, and what a run left behind.

use opsctl::{cancel::Cancel, clock::column_text, db::Engine, schema, tenants::taxonomies::Taxonomy};
use serde_json::Value;

use super::{Case, cli::Said, now};

/// The owner of every tenant here.
pub const OWNER: &str = "0b7c1d9e-0000-4000-8000-0000000000ff";

/// The id of a tenant, made from its slug.
pub fn id(slug: &str) -> String {
    let tail = slug.bytes().fold(String::new(), |tail, byte| tail + &format!("{byte:02x}"));
    format!("0b7c1d9e-0000-4000-8000-{tail:0>12}")
}

/// Type, code, parent.
pub const MASTER: [(&str, &str, Option<&str>); 5] = [
    ("service", "wash_fold", Some("wash")),
    ("service", "wash", None),
    ("service", "iron", None),
    ("fabric", "wool", Some("animal")),
    ("fabric", "animal", None),
];

impl Case {
    /// opsctl's tables, the tenant set, and a master of five taxonomies; the application's folder.
    pub async fn ready_for_tenants(&self) {
        self.add_opsctl().await;
        schema::apply(&self.db, &schema::TENANT, &Cancel::new()).await.unwrap();
        self.db.forget_tables();
        for (kind, code, parent) in MASTER {
            self.master(kind, code, parent, 1).await;
        }
        self.write_env("");
    }

    /// Adds a master taxonomy.
    pub async fn master(&self, kind: &str, code: &str, parent: Option<&str>, version: i64) {
        let row = Taxonomy {
            r#type: kind.into(),
            code: code.into(),
            name: format!("{code} {version}"),
            parent_code: parent.map(str::to_owned),
            sort_order: 1,
            is_active: true,
        };
        let at = column_text(now());
        self.execute(&format!(
            "INSERT INTO opsctl_master_taxonomies (id, type, code, name, parent_code, sort_order, is_active, version, \
             checksum, created_at, updated_at) VALUES ('{}', '{kind}', '{code}', '{}', {}, 1, 1, {version}, '{}', '{at}', '{at}')",
            id(&code[..code.len().min(6)]),
            row.name,
            parent.map_or("NULL".into(), |parent| format!("'{parent}'")),
            row.checksum(),
        ))
        .await;
    }

    /// Changes a master taxonomy: another name, the next version.
    pub async fn change_master(&self, code: &str) {
        self.execute(&format!(
            "UPDATE opsctl_master_taxonomies SET name = 'another', version = version + 1, checksum = '{:064}' WHERE code = '{code}'",
            9
        ))
        .await;
    }

    /// Registers a tenant, and an owner of it.
    pub async fn a_tenant(&self, slug: &str, cluster: &str) {
        let at = column_text(now());
        self.execute(&format!(
            "INSERT INTO opsctl_tenants (id, slug, name, cluster, status, owner_user_id, locale, timezone, created_at, updated_at) \
             VALUES ('{}', '{slug}', '{slug}', '{cluster}', 'pending', '{OWNER}', 'id', 'Asia/Jakarta', '{at}', '{at}')",
            id(slug)
        ))
        .await;
    }

    /// Provisions with further words; the answer as JSON.
    pub fn provision(&self, words: &[&str]) -> (Said, Value) {
        self.provision_with(&[], words)
    }

    /// Likewise, with further variables.
    pub fn provision_with(&self, variables: &[(&str, &str)], words: &[&str]) -> (Said, Value) {
        let words: Vec<&str> = ["tenant", "provision", "--json"].iter().chain(words).copied().collect();
        let said = self.run_with(variables, &words);
        let value = serde_json::from_str(&said.out).unwrap_or_default();
        (said, value)
    }

    /// Statements on tenant tables, by somebody whom their guards let pass.
    pub async fn as_tenant(&self, slug: &str, sql: &str) {
        let enter = match self.db.engine() {
            Engine::MySql => format!("SET @app_tenant_id = '{}'; ", id(slug)),
            // The tests' role is a superuser, and SQLite has no guards but a connection's own.
            Engine::Postgres | Engine::Sqlite => String::new(),
        };
        self.execute(&format!("{enter}{sql}")).await;
    }

    /// Every row of the tenant tables; without the times when each row was written.
    pub async fn tenant_rows(&self) -> Vec<String> {
        self.tenant_dump(false).await
    }

    /// Likewise, with the times.
    pub async fn tenant_dump(&self, times: bool) -> Vec<String> {
        let mut lines = Vec::new();
        for (table, columns) in [
            (
                "taxonomies",
                "id, tenant_id, master_id, type, code, name, parent_id, sort_order, is_active, is_system, source_version, source_checksum, modified_by_tenant_at, deleted_at",
            ),
            (
                "tenant_roles",
                "tenant_id, code, name, is_system, source_version, source_checksum, modified_by_tenant_at",
            ),
            ("tenant_role_permissions", "tenant_id, role_code, permission"),
            ("tenant_user", "id, tenant_id, user_id, role_code, status"),
        ] {
            let mut columns: Vec<String> = columns
                .split(", ")
                .map(|column| match column {
                    "id" | "tenant_id" | "master_id" | "parent_id" | "user_id" => {
                        format!("CAST({column} AS char(36)) AS {column}")
                    }
                    column => column.to_owned(),
                })
                .collect();
            if times {
                columns.push("created_at".into());
                if table.starts_with("tax") || table == "tenant_roles" {
                    columns.push("updated_at".into());
                }
            }
            let rows = self.rows(&format!("SELECT {} FROM {table}", columns.join(", "))).await;
            lines.extend(rows.iter().map(|row| format!("{table} {row:?}")));
        }
        lines.sort();
        lines
    }

    /// Takes away all that runs left, on the cluster and in the central tables.
    pub async fn forget_runs(&self) {
        for table in ["tenant_role_permissions", "tenant_roles", "tenant_user", "taxonomies"] {
            let sql = match (self.db.engine(), table) {
                // TRUNCATE passes by the triggers; a foreign key stands in its way.
                (Engine::MySql, table) => {
                    format!("SET foreign_key_checks = 0; TRUNCATE TABLE {table}; SET foreign_key_checks = 1")
                }
                _ => format!("DELETE FROM {table}"),
            };
            self.execute(&sql).await;
        }
        self.execute("DELETE FROM opsctl_provisioning_steps").await;
        self.execute("DELETE FROM opsctl_provisioning_runs").await;
        self.execute("UPDATE opsctl_tenants SET status = 'pending', provisioned_at = NULL").await;
    }

    /// How a tenant stands: its status, its last run's, and how many runs it has.
    pub async fn stands(&self, slug: &str) -> (String, String, i64) {
        let id = id(slug);
        let status = self.rows(&format!("SELECT status FROM opsctl_tenants WHERE id = '{id}'")).await;
        let last = self
            .rows(&format!(
                "SELECT status FROM opsctl_provisioning_runs WHERE tenant = '{id}' ORDER BY id DESC"
            ))
            .await;
        let run = last.first().map_or(String::new(), |row| row.text("status").unwrap());
        (status[0].text("status").unwrap(), run, i64::try_from(last.len()).unwrap())
    }
}
