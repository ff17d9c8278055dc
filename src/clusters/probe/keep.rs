//! Results, kept in the central database: the newest of each cluster can be shown without connecting to any.

use super::{super::PROBES, Probe, Verdict};
use crate::{
    Error, Result,
    db::{Begin, Db, Query, Table, Value},
};

/// Results that are kept of each cluster.
pub const KEPT: usize = 50;
/// Rows of one statement.
const ROWS: usize = 100;
const COLUMNS: [&str; 11] = [
    "cluster",
    "run",
    "probed_at",
    "verdict",
    "stage",
    "took_ms",
    "server",
    "head",
    "pending",
    "unprotected",
    "report",
];

/// Keeps results, and drops what is older than the newest of each cluster. Says whether there is a table for them.
///
/// # Errors
/// The database's.
pub async fn keep(central: &Db, run: &str, probes: &[Probe]) -> Result<bool> {
    let Some(table) = central.table(PROBES).await? else { return Ok(false) };
    let mut session = central.session().await?;
    session.begin(Begin::Write).await?;
    for some in probes.chunks(ROWS) {
        session.execute(insert(&table, run, some)?).await?;
    }
    session.execute(prune(&table, probes)).await?;
    session.commit().await?;
    Ok(true)
}

fn insert(table: &Table, run: &str, probes: &[Probe]) -> Result<Query> {
    let holes: Vec<String> = COLUMNS.iter().map(|column| table.hole(column)).collect();
    let row = format!("({})", holes.join(", "));
    let rows = vec![row; probes.len()].join(", ");
    let sql = format!("INSERT INTO {} ({}) VALUES {rows}", table.name, COLUMNS.join(", "));
    let values = probes.iter().map(|probe| values(run, probe)).collect::<Result<Vec<_>>>()?;
    Ok(Query::new(sql).bind_all(values.into_iter().flatten()))
}

fn values(run: &str, probe: &Probe) -> Result<[Value; 11]> {
    let report = serde_json::to_string(probe)
        .map_err(|error| Error::failed("a result cannot be written down").because(error))?;
    let number = |number: Option<i64>| number.map_or(Value::Null, Value::Int);
    let head = probe.schema.as_ref().and_then(|schema| schema.head.as_ref()?.parse().ok());
    let pending = probe.schema.as_ref().and_then(|schema| schema.pending);
    let unprotected = probe.isolation.as_ref().map(|isolation| isolation.unprotected.len());
    #[allow(clippy::cast_possible_truncation)] // rounded to whole milliseconds, far from the type's end
    let took = probe.took_ms.round() as i64;
    Ok([
        probe.cluster.as_str().into(),
        run.into(),
        probe.probed_at.into(),
        probe.verdict.name().into(),
        probe.stage.map_or(Value::Null, |stage| stage.name().into()),
        Value::Int(took),
        probe.server.as_ref().map_or(Value::Null, |server| server.version.as_str().into()),
        number(head),
        number(pending.map(i64::from)),
        number(unprotected.and_then(|count| i64::try_from(count).ok())),
        report.into(),
    ])
}

/// Ids of runs are in the order of time, so the primary key alone finds the newest. The newest that saw the schema stays,
/// too: a cluster that is down for long is still known by it.
fn prune(table: &Table, probes: &[Probe]) -> Query {
    let clusters = table.one_of("cluster", probes.iter().map(|probe| probe.cluster.as_str()));
    let name = &table.name;
    let sql = format!(
        "DELETE FROM {name} WHERE (cluster, run) IN (SELECT cluster, run FROM (\
         SELECT cluster, run, pending, row_number() OVER (PARTITION BY cluster ORDER BY run DESC) AS newest, \
         row_number() OVER (PARTITION BY cluster, pending IS NULL ORDER BY run DESC) AS alike FROM {name} \
         WHERE {}) AS kept WHERE newest > {KEPT} AND (pending IS NULL OR alike > 1))",
        clusters.sql
    );
    Query::new(sql).bind_all(clusters.values)
}

/// The newest result of each cluster, by name; `None` where there is no table for them. A result that this version
/// cannot read is left out.
///
/// # Errors
/// The database's.
pub async fn last(central: &Db) -> Result<Option<Vec<Probe>>> {
    let Some(table) = central.table(PROBES).await? else { return Ok(None) };
    let name = &table.name;
    let report = if central.engine() == crate::db::Engine::Postgres { "t.report::text" } else { "t.report" };
    let sql = format!(
        "SELECT {report} AS report FROM {name} t JOIN (SELECT cluster, max(run) AS run FROM {name} GROUP BY cluster) n \
         ON n.cluster = t.cluster AND n.run = t.run ORDER BY t.cluster"
    );
    let rows = central.session().await?.fetch(Query::new(sql)).await?;
    let texts = rows.iter().map(|row| row.text("report")).collect::<Result<Vec<_>>>()?;
    Ok(Some(texts.iter().filter_map(|text| read(text)).collect()))
}

fn read(text: &str) -> Option<Probe> {
    let read = serde_json::from_str(text);
    if let Err(error) = &read {
        tracing::warn!(%error, "the result of another version is left out");
    }
    read.ok()
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 3] = [Verdict::Ok, Verdict::Degraded, Verdict::Failed];
}
