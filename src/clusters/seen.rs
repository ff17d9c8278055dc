//! What earlier runs saw and did: the newest probe and the newest migration of each cluster, kept in the central
//! database.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::migrate::Outcome;
use crate::{
    Result,
    db::{Db, Engine, Query, Row},
    schema::SQLX_TABLE,
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

/// What of a schema has to be mended, whatever is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Trouble {
    /// An applied migration has another text now.
    Drifted,
    /// A migration was begun and did not finish.
    Dirty,
    /// A migration failed.
    Failed,
}

impl Trouble {
    const ALL: [Trouble; 3] = [Trouble::Drifted, Trouble::Dirty, Trouble::Failed];

    /// Its word: that of the outcome of a run.
    pub const fn name(self) -> &'static str {
        match self {
            Trouble::Drifted => Outcome::Drifted.name(),
            Trouble::Dirty => Outcome::Dirty.name(),
            Trouble::Failed => Outcome::Failed.name(),
        }
    }

    fn of_outcome(outcome: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.name() == outcome)
    }

    /// What a probe found; a report that this version cannot read says nothing.
    fn of_report(report: &str) -> Option<Self> {
        let report: serde_json::Value = serde_json::from_str(report).ok()?;
        let some = |member: &str| report["schema"][member].as_array().is_some_and(|found| !found.is_empty());
        let found = [("dirty", Trouble::Dirty), ("drifted", Trouble::Drifted)];
        found.into_iter().find_map(|(member, trouble)| some(member).then_some(trouble))
    }
}

/// How a schema stood when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    at: DateTime<Utc>,
    head: Option<i64>,
    /// `None` where a run failed before it could count.
    pending: Option<i64>,
    trouble: Option<Trouble>,
}

/// How far a cluster's schema was when it was last looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaSeen {
    /// The table that records it, where that is not the one of the tenant set.
    pub table: Option<String>,
    /// Version of the last applied migration.
    pub head: Option<i64>,
    /// Migrations that were not applied.
    pub pending: Option<i64>,
    /// What has to be mended.
    pub trouble: Option<Trouble>,
}

/// The newest of both by cluster.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    probes: BTreeMap<String, Probed>,
    migrations: BTreeMap<String, Migrated>,
    /// The newest looks at each schema, by cluster and the table that records it.
    looks: BTreeMap<String, BTreeMap<String, Vec<Look>>>,
}

impl Seen {
    /// Reads both; a table that does not exist holds nothing.
    ///
    /// # Errors
    /// The central database's.
    pub async fn read(central: &Db) -> Result<Self> {
        let mut seen = Self::default();
        for row in newest(central, PROBES).await? {
            seen.probes.insert(row.text("cluster")?, Probed::of(&row)?);
        }
        for row in newest(central, MIGRATIONS).await? {
            seen.migrations.insert(row.text("cluster")?, Migrated::of(&row)?);
        }
        for row in looks_of_probes(central).await? {
            let trouble = row.text_or_null("told")?.and_then(|report| Trouble::of_report(&report));
            let Probed { at, head, pending, .. } = Probed::of(&row)?;
            seen.look(&row, SQLX_TABLE.into(), Look { at, head, pending, trouble })?;
        }
        for row in looks_of_runs(central).await? {
            let Migrated { at, head, pending, outcome, record_table, .. } = Migrated::of(&row)?;
            let trouble = Trouble::of_outcome(&outcome);
            seen.look(&row, record_table, Look { at, head, pending, trouble })?;
        }
        Ok(seen)
    }

    fn look(&mut self, row: &Row, table: String, look: Look) -> Result<()> {
        let of_cluster = self.looks.entry(row.text("cluster")?).or_default();
        of_cluster.entry(table).or_default().push(look);
        Ok(())
    }

    /// The last probe of a cluster.
    pub fn probe(&self, cluster: &str) -> Option<&Probed> {
        self.probes.get(cluster)
    }

    /// The last run of migrations on a cluster.
    pub fn migration(&self, cluster: &str) -> Option<&Migrated> {
        self.migrations.get(cluster)
    }

    /// How far a cluster's schema was when it was last looked at, by a probe that came so far or by a migration. It is
    /// the schema of the tenant set; that of another one only where nothing is known of the tenant set.
    pub fn schema(&self, cluster: &str) -> SchemaSeen {
        let Some(tables) = self.looks.get(cluster) else { return SchemaSeen::default() };
        if let Some(looks) = tables.get(SQLX_TABLE) {
            return SchemaSeen { table: None, ..SchemaSeen::of(looks) };
        }
        let newest = tables.iter().max_by_key(|(_, looks)| looks.iter().map(|look| look.at).max());
        newest
            .map(|(table, looks)| SchemaSeen { table: Some(table.clone()), ..SchemaSeen::of(looks) })
            .unwrap_or_default()
    }
}

impl SchemaSeen {
    /// What is to be mended says the newest look; how far it is, the newest that could count.
    fn of(looks: &[Look]) -> Self {
        let newest = looks.iter().max_by_key(|look| look.at);
        let counted = looks.iter().filter(|look| look.pending.is_some()).max_by_key(|look| look.at);
        Self {
            table: None,
            head: counted.and_then(|look| look.head),
            pending: counted.and_then(|look| look.pending),
            trouble: newest.and_then(|look| look.trouble),
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

/// The newest row of each cluster: ids of runs are in the order of time, and the primary key finds the last one.
async fn newest(central: &Db, table: &str) -> Result<Vec<Row>> {
    last_of(central, table, "", "GROUP BY cluster").await
}

/// The newest probe of each cluster that came as far as the schema, with what it told.
async fn looks_of_probes(central: &Db) -> Result<Vec<Row>> {
    let told = match central.engine() {
        Engine::Postgres => ", t.report::text AS told",
        Engine::MySql | Engine::Sqlite => ", t.report AS told",
    };
    last_of(central, PROBES, told, "WHERE pending IS NOT NULL GROUP BY cluster").await
}

/// The newest runs of each cluster and set: that which could count, and that which failed before. A run that was not let
/// in says nothing about the schema, so what an older one saw still holds.
async fn looks_of_runs(central: &Db) -> Result<Vec<Row>> {
    let words = |words: &[&str]| words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
    let blind = words(&[Outcome::Unreachable, Outcome::Unusable, Outcome::Refused].map(Outcome::name));
    let troubles = words(&Trouble::ALL.map(Trouble::name));
    let which = format!(
        "WHERE outcome NOT IN ({blind}) AND (pending IS NOT NULL OR outcome IN ({troubles})) \
         GROUP BY cluster, record_table, pending IS NULL"
    );
    last_of(central, MIGRATIONS, "", &which).await
}

/// The newest row of each group; `which` says of what rows there are groups. `also` is selected, too.
async fn last_of(central: &Db, table: &str, also: &str, which: &str) -> Result<Vec<Row>> {
    let Some(table) = central.table(table).await? else { return Ok(Vec::new()) };
    let name = &table.name;
    let sql = format!(
        "SELECT t.*{also} FROM {name} t JOIN (SELECT cluster, max(run) AS run FROM {name} {which}) n \
         ON n.cluster = t.cluster AND n.run = t.run"
    );
    central.session().await?.fetch(Query::new(sql)).await
}
