//! What earlier runs saw and did: the newest probe and the newest migration of each cluster, kept in the central
//! database.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    Result,
    db::{Db, Query, Row},
};

/// The table in which probes are kept.
pub const PROBES: &str = "opsctl_cluster_probes";
/// The table in which runs of migrations are kept.
pub const MIGRATIONS: &str = "opsctl_cluster_migrations";

/// What a probe came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Probed {
    /// The run.
    pub run: String,
    /// When.
    pub at: DateTime<Utc>,
    /// `ok`, `degraded` or `failed`.
    pub verdict: String,
    /// The stage that did not pass.
    pub stage: Option<String>,
    /// Milliseconds.
    pub took_ms: i64,
    /// Product and version of the server.
    pub server: Option<String>,
    /// Version of the last migration that is applied.
    pub head: Option<i64>,
    /// Migrations that are not applied.
    pub pending: Option<i64>,
    /// Tenant tables without full protection.
    pub unprotected: Option<i64>,
}

/// What a run of migrations came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Migrated {
    /// The run.
    pub run: String,
    /// When it ended, or began where it has not ended.
    pub at: DateTime<Utc>,
    /// The table in which the database records its migrations.
    pub record_table: String,
    /// How it ended.
    pub outcome: String,
    /// Version of the last migration that is applied.
    pub head: Option<i64>,
    /// Migrations that it applied.
    pub applied: i64,
    /// Migrations that are not applied; none where the cluster could not be asked.
    pub pending: Option<i64>,
    /// What failed.
    pub error: Option<String>,
}

/// The newest of both by cluster.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    probes: BTreeMap<String, Probed>,
    migrations: BTreeMap<String, Migrated>,
    /// The newest that could ask the cluster how far it is.
    known: BTreeMap<String, Migrated>,
}

impl Seen {
    /// Reads both; a table that does not exist holds nothing.
    ///
    /// # Errors
    /// The central database's.
    pub async fn read(central: &Db) -> Result<Self> {
        let mut seen = Self::default();
        for row in newest(central, PROBES, "").await? {
            seen.probes.insert(row.text("cluster")?, Probed::of(&row)?);
        }
        for row in newest(central, MIGRATIONS, "").await? {
            seen.migrations.insert(row.text("cluster")?, Migrated::of(&row)?);
        }
        // Most often the newest knew; those that did not are asked about once more.
        seen.known = seen.migrations.clone();
        seen.known.retain(|_, migrated| migrated.pending.is_some());
        if seen.known.len() < seen.migrations.len() {
            for row in newest(central, MIGRATIONS, "WHERE pending IS NOT NULL").await? {
                seen.known.insert(row.text("cluster")?, Migrated::of(&row)?);
            }
        }
        Ok(seen)
    }

    /// The last probe of a cluster.
    pub fn probe(&self, cluster: &str) -> Option<&Probed> {
        self.probes.get(cluster)
    }

    /// The last run of migrations on a cluster.
    pub fn migration(&self, cluster: &str) -> Option<&Migrated> {
        self.migrations.get(cluster)
    }

    /// How far a cluster's schema was when it was last looked at, by a probe that came so far or by a migration:
    /// version of the last applied migration, and how many were pending.
    pub fn schema(&self, cluster: &str) -> (Option<i64>, Option<i64>) {
        let probe = self.probe(cluster).filter(|probe| probe.pending.is_some());
        match (probe, self.known.get(cluster)) {
            (Some(probe), Some(migration)) if migration.at > probe.at => (migration.head, migration.pending),
            (Some(probe), _) => (probe.head, probe.pending),
            (None, Some(migration)) => (migration.head, migration.pending),
            (None, None) => (None, None),
        }
    }
}

impl Probed {
    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            run: row.text("run")?,
            at: row.time("probed_at")?.unwrap_or_default(),
            verdict: row.text("verdict")?,
            stage: row.text_or_null("stage")?,
            took_ms: row.int("took_ms")?,
            server: row.text_or_null("server")?,
            head: number(row, "head")?,
            pending: number(row, "pending")?,
            unprotected: number(row, "unprotected")?,
        })
    }
}

impl Migrated {
    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            run: row.text("run")?,
            at: row.time("ended_at")?.or(row.time("begun_at")?).unwrap_or_default(),
            record_table: row.text("record_table")?,
            outcome: row.text("outcome")?,
            head: number(row, "head")?,
            applied: row.int("applied")?,
            pending: number(row, "pending")?,
            error: row.text_or_null("error")?,
        })
    }
}

fn number(row: &Row, column: &str) -> Result<Option<i64>> {
    Ok(match row.text_or_null(column)? {
        Some(_) => Some(row.int(column)?),
        None => None,
    })
}

/// What was last seen of one cluster and done to it, newest first, at most `limit` of both.
///
/// # Errors
/// The central database's.
pub async fn history(central: &Db, cluster: &str, limit: u32) -> Result<(Vec<Probed>, Vec<Migrated>)> {
    let probes =
        last(central, PROBES, cluster, limit).await?.iter().map(Probed::of).collect::<Result<_>>()?;
    let migrations =
        last(central, MIGRATIONS, cluster, limit).await?.iter().map(Migrated::of).collect::<Result<_>>()?;
    Ok((probes, migrations))
}

async fn last(central: &Db, table: &str, cluster: &str, limit: u32) -> Result<Vec<Row>> {
    let Some(table) = central.table(table).await? else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT * FROM {} WHERE cluster = {} ORDER BY run DESC LIMIT {limit}",
        table.name,
        table.hole("cluster")
    );
    central.session().await?.fetch(Query::new(sql).bind(cluster)).await
}

/// The newest row of each cluster, of those that `which` leaves: ids of runs are in the order of time, and the primary key finds the last one.
async fn newest(central: &Db, table: &str, which: &str) -> Result<Vec<Row>> {
    let Some(table) = central.table(table).await? else { return Ok(Vec::new()) };
    let name = &table.name;
    let sql = format!(
        "SELECT t.* FROM {name} t JOIN (SELECT cluster, max(run) AS run FROM {name} {which} GROUP BY cluster) n \
         ON n.cluster = t.cluster AND n.run = t.run"
    );
    central.session().await?.fetch(Query::new(sql)).await
}
