//! Other tools that migrate databases, told by the tables in which they remember what they have applied.

use super::SQLX_TABLE;

/// Another tool.
#[derive(Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its table, as it makes it where nobody says otherwise.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The column of versions, the greatest of which is the last; none where no column says that.
    pub version: Option<&'static str>,
}

const fn tool(table: &'static str, name: &'static str, version: &'static str) -> Tool {
    Tool { table, name, version: Some(version) }
}

/// All that are known.
pub static TOOLS: [Tool; 14] = [
    tool(SQLX_TABLE, "sqlx", "version"),
    tool("migrations", "Laravel", "migration"),
    tool("schema_migrations", "Rails, dbmate or golang-migrate", "version"),
    tool("flyway_schema_history", "Flyway", "version"),
    Tool { table: "databasechangelog", name: "Liquibase", version: None },
    tool("alembic_version", "Alembic", "version_num"),
    Tool { table: "django_migrations", name: "Django", version: None },
    tool("doctrine_migration_versions", "Doctrine", "version"),
    tool("goose_db_version", "goose", "version_id"),
    tool("refinery_schema_history", "Refinery", "version"),
    tool("__diesel_schema_migrations", "Diesel", "version"),
    tool("atlas_schema_revisions", "Atlas", "version"),
    tool("_prisma_migrations", "Prisma", "migration_name"),
    tool("phinxlog", "Phinx", "version"),
];

impl Tool {
    /// Its table where tables bear a prefix: Laravel's does, those of others do not.
    pub fn table(&self, prefix: &str) -> String {
        if self.table == "migrations" { format!("{prefix}{}", self.table) } else { self.table.to_owned() }
    }

    /// Tools whose tables are among those of a database, each with the table as the database spells it.
    pub fn among(names: &[String], prefix: &str) -> Vec<(&'static Tool, String)> {
        let spelt = |tool: &Tool| {
            let table = tool.table(prefix);
            names.iter().find(|name| name.eq_ignore_ascii_case(&table)).cloned()
        };
        TOOLS.iter().filter_map(|tool| Some((tool, spelt(tool)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_found_by_their_tables_however_these_are_spelt() {
        let names = ["DATABASECHANGELOG", "orders", "app_migrations"].map(str::to_owned);
        let found = |prefix| {
            let found = Tool::among(&names, prefix);
            found.into_iter().map(|(tool, table)| (tool.name, table)).collect::<Vec<_>>()
        };
        assert_eq!(found(""), [("Liquibase", "DATABASECHANGELOG".to_owned())]);
        assert_eq!(found("app_")[0], ("Laravel", "app_migrations".to_owned()));
    }
}
