//! Tables in which migrations are recorded: that of the reference sets, and those of other tools.

/// opsctl's mark of a database of its own.
pub(super) const MARK: &str = "opsctl_meta";
/// The record of the reference sets, in sqlx's form.
pub(super) const RECORDS: &str = "_sqlx_migrations";

/// Another tool's table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tool {
    /// The table.
    pub table: &'static str,
    /// Whose it is.
    pub name: &'static str,
    /// The column whose greatest value is the last migration; none where that does not say it.
    pub head: Option<&'static str>,
}

const fn tool(table: &'static str, name: &'static str, head: &'static str) -> Tool {
    Tool { table, name, head: Some(head) }
}

/// Tools by the names of their tables, as they make them where nobody says otherwise.
pub(super) static TOOLS: [Tool; 13] = [
    tool("migrations", "Laravel", "migration"),
    tool("schema_migrations", "Rails, dbmate or golang-migrate", "version"),
    tool("flyway_schema_history", "Flyway", "version"),
    Tool { table: "databasechangelog", name: "Liquibase", head: None },
    tool("alembic_version", "Alembic", "version_num"),
    Tool { table: "django_migrations", name: "Django", head: None },
    tool("doctrine_migration_versions", "Doctrine", "version"),
    tool("goose_db_version", "goose", "version_id"),
    tool("refinery_schema_history", "Refinery", "version"),
    tool("__diesel_schema_migrations", "Diesel", "version"),
    tool("atlas_schema_revisions", "Atlas", "version"),
    tool("_prisma_migrations", "Prisma", "migration_name"),
    tool("phinxlog", "Phinx", "version"),
];

/// All names, quoted for a list in SQL. Tables of Laravel and of opsctl bear the connection's prefix; it is a word.
pub(super) fn names(prefix: &str) -> String {
    let own = [MARK, RECORDS].map(|table| format!("'{prefix}{table}'"));
    let others = TOOLS.iter().map(|tool| format!("'{}'", full(prefix, tool.table)));
    own.into_iter().chain(others).collect::<Vec<_>>().join(", ")
}

/// A tool's table, with the prefix that it bears.
pub(super) fn full(prefix: &str, table: &str) -> String {
    if table == "migrations" { format!("{prefix}{table}") } else { table.to_owned() }
}

/// Another tool among the tables that exist.
pub(super) fn of(tables: &[String], prefix: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tables.contains(&full(prefix, tool.table)))
}
