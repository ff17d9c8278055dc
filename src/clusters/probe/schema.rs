//! How the migrations of a cluster stand: those of the tenant reference set, or whose they are.

use serde::{Deserialize, Serialize};

use super::{report::Finding, seen::Seen};
use crate::{
    Result,
    db::{Engine, Row},
    fleet::Cluster,
    schema::{TENANT, Tool},
};

/// The migrations of a cluster's database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Schema {
    /// It bears the mark of a database of opsctl's own; otherwise it is an application's.
    pub own: bool,
    /// The table in which its migrations are recorded.
    pub table: Option<String>,
    /// The tool that records them, where that is not the tenant reference set's.
    pub tool: Option<String>,
    /// The last that is applied.
    pub head: Option<String>,
    /// How many of the tenant reference set are not applied; none where the set is not this database's.
    pub pending: Option<u32>,
    /// Applied from another text.
    pub drifted: Vec<i64>,
    /// Begun and not finished.
    pub dirty: Vec<i64>,
    /// Applied by a newer opsctl.
    pub unknown: Vec<i64>,
}

/// The record of the reference sets. `table` is quoted.
pub(super) fn statement(engine: Engine, table: &str) -> String {
    let checksum = match engine {
        Engine::Postgres => "encode(checksum, 'hex')",
        Engine::MySql | Engine::Sqlite => "lower(hex(checksum))",
    };
    let success = if engine == Engine::Postgres { "success::int" } else { "success" };
    format!("SELECT version, {success} AS success, {checksum} AS checksum FROM {table} ORDER BY version")
}

/// A row of the record.
struct Applied {
    version: i64,
    success: bool,
    checksum: String,
}

/// What the record says, with whose database it is.
pub(super) fn read(engine: Engine, own: bool, table: &str, rows: &[Row]) -> Result<Schema> {
    let applied = |row: &Row| {
        let success = row.int("success")? != 0;
        Ok(Applied { version: row.int("version")?, success, checksum: row.text("checksum")? })
    };
    let applied = rows.iter().map(applied).collect::<Result<Vec<_>>>()?;
    let dirty = applied.iter().filter(|row| !row.success).map(|row| row.version).collect();
    let done = || applied.iter().filter(|row| row.success);
    let mut schema = Schema {
        own,
        table: Some(table.to_owned()),
        head: done().next_back().map(|row| row.version.to_string()),
        dirty,
        ..Schema::default()
    };
    // Beside an application's own migrations in sqlx's form the reference set means nothing.
    if !own && !applied.iter().any(|row| TENANT.versions.contains(&row.version)) {
        schema.tool = Some("sqlx".into());
        return Ok(schema);
    }
    let known = TENANT.migrations(engine);
    let found = |version: i64| applied.iter().find(|row| row.version == version);
    let pending = known.iter().filter(|migration| found(migration.version).is_none()).count();
    schema.pending = Some(u32::try_from(pending).unwrap_or(u32::MAX));
    let changed = known.iter().filter(|migration| {
        let row = found(migration.version).filter(|row| row.success);
        row.is_some_and(|row| row.checksum != hex(&migration.checksum()))
    });
    schema.drifted = changed.map(|migration| migration.version).collect();
    let newer = done().map(|row| row.version).filter(|version| {
        TENANT.versions.contains(version) && known.iter().all(|migration| migration.version != *version)
    });
    schema.unknown = newer.collect();
    Ok(schema)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // cannot fail
        text
    })
}

/// A database without the reference sets' record.
pub(super) fn without(own: bool, tool: Option<(&Tool, String)>, head: Option<String>) -> Schema {
    let pending = own.then(|| u32::try_from(TENANT.migrations(Engine::Postgres).len()).unwrap_or(u32::MAX));
    let (tool, table) = match tool {
        Some((tool, table)) => (Some(tool.name.to_owned()), Some(table)),
        None => (None, None),
    };
    Schema { own, table, tool, head, pending, ..Schema::default() }
}

/// What is wrong with it, and what is worth knowing.
pub(super) fn judge(cluster: &Cluster, schema: &Schema, seen: Option<&Seen>) -> (Vec<Finding>, Vec<String>) {
    let name = &cluster.name;
    let look = format!("see each of them: `opsctl clusters migrate --status {name}`");
    let mut findings = Vec::new();
    if !schema.dirty.is_empty() {
        findings.push(Finding::degraded(
            format!("begun and not finished: {}", versions(&schema.dirty)),
            look.clone(),
        ));
    }
    if !schema.drifted.is_empty() {
        findings.push(Finding::degraded(
            format!("applied from another text: {}", versions(&schema.drifted)),
            look,
        ));
    }
    if let Some(pending @ 1..) = schema.pending {
        let noun = if pending == 1 { "migration is" } else { "migrations are" };
        findings.push(Finding::degraded(
            format!("{pending} {noun} pending"),
            format!("apply what is pending: `opsctl clusters migrate {name}`"),
        ));
    }
    findings.extend(seen.and_then(|seen| seen.judge(cluster, schema.pending)));
    let mut notes = Vec::new();
    if !schema.unknown.is_empty() {
        notes.push(format!("applied by a newer opsctl: {}", versions(&schema.unknown)));
    }
    notes.extend(foreign(schema).filter(|_| schema.tool.is_some() || !seen.is_some_and(Seen::is_blind)));
    (findings, notes)
}

/// Whose the schema is, where it is not the reference set's.
fn foreign(schema: &Schema) -> Option<String> {
    let whose = if schema.own { "opsctl's own database" } else { "an application's database" };
    match (&schema.tool, &schema.table, schema.pending) {
        (Some(tool), Some(table), _) => {
            let head = schema.head.as_ref().map(|head| format!(", the last is {head}")).unwrap_or_default();
            Some(format!("{whose}: {tool} records its migrations in `{table}`{head}"))
        }
        (_, _, None) => Some(format!("{whose}, without a record of migrations that opsctl knows")),
        _ => None,
    }
}

fn versions(versions: &[i64]) -> String {
    versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
