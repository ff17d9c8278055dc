//! Tenants and their provisioning runs, put into opsctl's own tables.

use chrono::TimeDelta;
use opsctl::{cancel::Cancel, clock::column_text, schema};

use super::{Case, now};

impl Case {
    /// Adds opsctl's tables beside the application's, as `db migrate` does.
    pub async fn add_opsctl(&self) {
        schema::apply(&self.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
    }

    /// Registers a cluster; `capacity` as in SQL.
    pub async fn cluster(&self, name: &str, status: &str, region: &str, capacity: &str) {
        let at = column_text(now());
        let sql = format!(
            "INSERT INTO opsctl_clusters (name, url, region, status, capacity, created_at, updated_at) \
             VALUES ('{name}', 'sqlite:/srv/{name}.sqlite', '{region}', '{status}', {capacity}, '{at}', '{at}')"
        );
        self.execute(&sql).await;
    }

    /// Registers a tenant whose id is made from its slug.
    pub async fn tenant(&self, slug: &str, cluster: &str, status: &str) {
        let at = column_text(now() - TimeDelta::days(3));
        let provisioned = if status == "active" { format!("'{at}'") } else { "NULL".into() };
        let sql = format!(
            "INSERT INTO opsctl_tenants (id, slug, name, cluster, status, owner_user_id, locale, timezone, \
             provisioned_at, created_at, updated_at) VALUES ('id-{slug}', '{slug}', 'Laundry {slug}', '{cluster}', \
             '{status}', NULL, 'id', 'Asia/Jakarta', {provisioned}, '{at}', '{at}')"
        );
        self.execute(&sql).await;
    }

    /// A provisioning run of a tenant that began some hours ago; gives its id.
    pub async fn provisioning(&self, slug: &str, hours_ago: i64, status: &str) -> String {
        let begun = now() - TimeDelta::hours(hours_ago);
        let id = ulid::Ulid::from_parts(u64::try_from(begun.timestamp_millis()).unwrap(), 7).to_string();
        let at = column_text(begun);
        let (finished, live) = match status {
            "running" => ("NULL".to_owned(), format!("'id-{slug}'")),
            _ => (format!("'{}'", column_text(begun + TimeDelta::seconds(90))), "NULL".to_owned()),
        };
        let (key, error) = match status {
            "failed" | "partial" => {
                ("'tenancy.taxonomy.provision_failed'", "'the table `taxonomies` does not exist'")
            }
            _ => ("NULL", "NULL"),
        };
        let sql = format!(
            "INSERT INTO opsctl_provisioning_runs (id, tenant, cluster, live_key, status, attempt, requested_by, host, \
             pid, log_key, error, started_at, heartbeat_at, finished_at) VALUES ('{id}', 'id-{slug}', 'eu-1', {live}, \
             '{status}', 1, 'ana', 'ops-1', 77, {key}, {error}, '{at}', '{at}', {finished})"
        );
        self.execute(&sql).await;
        id
    }
}
