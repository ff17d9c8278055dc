//! What MySQL and MariaDB have in the place of row-level security: views that filter, triggers that refuse, and a
//! function that reads the connection's variable.

use std::collections::BTreeMap;

use super::expression::{self, Leaf, Sources};
use crate::{
    Result,
    db::{Query, Session},
};

/// Tables, views, triggers and functions of one database.
#[derive(Debug, Clone)]
pub struct Guards {
    /// The tenant column.
    pub column: String,
    /// The tables that have it.
    pub tables: Vec<Table>,
    /// Views.
    pub views: Vec<View>,
    /// Triggers that come before a change.
    pub triggers: Vec<Trigger>,
    /// Bodies of functions and procedures by name; `None` where the role may not read them.
    pub routines: BTreeMap<String, Option<String>>,
}

/// A tenant table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its tenant column takes NULL.
    pub nullable: bool,
}

/// A view.
#[derive(Debug, Clone)]
pub struct View {
    /// Its name.
    pub name: String,
    /// What it selects, without quotes and without the database's name; empty where the role may not read it.
    pub definition: String,
    /// `CASCADED`, `LOCAL` or `NONE`.
    pub check: String,
    /// It works with its owner's rights.
    pub definer: bool,
}

/// A trigger.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Its table.
    pub table: String,
    /// `INSERT`, `UPDATE` or `DELETE`.
    pub event: String,
    /// What it does.
    pub body: String,
}

impl View {
    /// The table that it selects from, where it is one.
    pub fn source(&self) -> Option<&str> {
        let (_, from) = self.definition.split_once(" from ")?;
        let name = from.split_whitespace().next()?.trim_matches(['(', ')']);
        Some(name)
    }

    /// Whether it selects from a table, alone or among others.
    pub fn mentions(&self, table: &str) -> bool {
        let (_, from) = self.definition.split_once(" from ").unwrap_or_default();
        from.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).any(|word| word == table)
    }

    /// Its condition.
    pub fn condition(&self) -> Option<&str> {
        self.definition.split_once(" where ").map(|(_, condition)| condition)
    }
}

impl Guards {
    /// Reads them.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(session: &mut Session<'_>, column: &str) -> Result<Self> {
        let sql = "SELECT c.table_name AS name, c.is_nullable = 'YES' AS nullable \
                   FROM information_schema.columns c JOIN information_schema.tables t \
                     ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE' \
                   WHERE c.table_schema = DATABASE() AND c.column_name = ? ORDER BY 1";
        let rows = session.fetch(Query::new(sql).bind(column)).await?;
        let tables =
            rows.iter().map(|row| Ok(Table { name: row.text("name")?, nullable: row.int("nullable")? != 0 }));
        let tables = tables.collect::<Result<_>>()?;
        let sql = "SELECT table_name AS name, REPLACE(REPLACE(view_definition, CONCAT('`', DATABASE(), '`.'), ''), '`', '') \
                     AS definition, check_option AS checked, security_type AS security \
                   FROM information_schema.views WHERE table_schema = DATABASE() ORDER BY 1";
        let rows = session.fetch(Query::new(sql)).await?;
        let views = rows.iter().map(|row| {
            Ok(View {
                name: row.text("name")?,
                definition: row.text("definition")?,
                check: row.text("checked")?,
                definer: row.text("security")? == "DEFINER",
            })
        });
        let views = views.collect::<Result<_>>()?;
        let sql = "SELECT event_object_table AS name, event_manipulation AS event, action_statement AS body \
                   FROM information_schema.triggers \
                   WHERE event_object_schema = DATABASE() AND action_timing = 'BEFORE'";
        let rows = session.fetch(Query::new(sql)).await?;
        let triggers = rows.iter().map(|row| {
            Ok(Trigger {
                table: row.text("name")?,
                event: row.text("event")?,
                body: row.text("body")?.replace('`', ""),
            })
        });
        let triggers = triggers.collect::<Result<_>>()?;
        let sql = "SELECT routine_name AS name, routine_definition AS body FROM information_schema.routines \
                   WHERE routine_schema = DATABASE()";
        let rows = session.fetch(Query::new(sql)).await?;
        let routines = rows
            .iter()
            .map(|row| Ok((row.text("name")?, row.text_or_null("body")?.map(|body| body.replace('`', "")))));
        Ok(Self {
            column: column.to_owned(),
            tables,
            views,
            triggers,
            routines: routines.collect::<Result<_>>()?,
        })
    }

    /// The view through which a table's rows of the present tenant are read and written.
    pub fn view(&self, table: &str) -> Option<&View> {
        self.views.iter().find(|view| view.source() == Some(table) && self.filters(view))
    }

    /// Whether a view shows the present tenant's rows alone.
    pub fn filters(&self, view: &View) -> bool {
        view.condition().is_some_and(|condition| {
            let arms = self.with_sources(|sources| expression::arms(condition, sources));
            arms.iter().all(|arm| arm.contains(&Leaf::Tenant))
        })
    }

    /// Whether a trigger asks for the present tenant and may refuse: by itself, or through what it calls.
    pub fn refuses(&self, trigger: &Trigger) -> bool {
        let called = expression::calls(&trigger.body);
        let bodies = || {
            let of = called.iter().filter_map(|name| self.routines.get(name)).flatten();
            of.map(String::as_str).chain([trigger.body.as_str()])
        };
        let asks = !user_variables(&trigger.body).is_empty()
            || called.iter().any(|name| !self.reads(name).is_empty());
        asks && bodies().any(|body| body.to_lowercase().contains("signal"))
    }

    /// The user variables that views compare the tenant column with, through functions.
    pub fn variables(&self) -> Vec<String> {
        let conditions = self.views.iter().filter_map(View::condition);
        let mut found: Vec<String> = self.with_sources(|sources| {
            conditions.flat_map(|condition| expression::tenant_variables(condition, sources)).collect()
        });
        found.sort();
        found.dedup();
        found
    }

    /// The variables that a routine reads, also through others.
    pub fn reads(&self, name: &str) -> Vec<String> {
        self.read_through(name, 3)
    }

    fn read_through(&self, name: &str, depth: u8) -> Vec<String> {
        let Some(Some(body)) = self.routines.get(name) else { return Vec::new() };
        let mut found = user_variables(body);
        if depth > 0 {
            let called = expression::calls(body);
            found.extend(
                called
                    .iter()
                    .filter(|other| *other != name)
                    .flat_map(|other| self.read_through(other, depth - 1)),
            );
        }
        found
    }

    fn with_sources<T>(&self, work: impl FnOnce(&Sources<'_>) -> T) -> T {
        work(&Sources {
            column: &self.column,
            reads: &|name| self.reads(name),
            falls_back: &|name| {
                self.routines
                    .get(name)
                    .is_some_and(|body| body.as_deref().is_some_and(expression::falls_back))
            },
        })
    }
}

/// `@name`, but not `@@name`, which is the server's.
fn user_variables(body: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in body.match_indices('@') {
        if body[..at].ends_with('@') || body[at + 1..].starts_with('@') {
            continue;
        }
        let rest = body[at + 1..].trim_start_matches('`');
        let name: String =
            rest.chars().take_while(|c| c.is_alphanumeric() || ['_', '$', '.'].contains(c)).collect();
        if !name.is_empty() && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}
