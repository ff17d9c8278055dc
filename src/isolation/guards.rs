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
    /// The database.
    pub database: String,
    /// The tenant column.
    pub column: String,
    /// The tables that have it.
    pub tables: Vec<Table>,
    /// Views.
    pub views: Vec<View>,
    /// Triggers that come before a change.
    pub triggers: Vec<Trigger>,
    /// Functions and procedures by name.
    pub routines: BTreeMap<String, Routine>,
    /// Tables that look like a tenant's and have no tenant column: each with the column that makes it so.
    pub lookalikes: Vec<(String, String)>,
}

/// A function or procedure.
#[derive(Debug, Clone)]
pub struct Routine {
    /// `FUNCTION` or `PROCEDURE`.
    pub kind: String,
    /// What it does, without quotes; `None` where the role may not read it.
    pub body: Option<String>,
}

/// A tenant table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its tenant column takes NULL.
    pub nullable: bool,
    /// The type of its tenant column, as it is typed.
    pub kind: String,
}

/// A view.
#[derive(Debug, Clone)]
pub struct View {
    /// Its name.
    pub name: String,
    /// What it selects, without quotes and without the database's name; empty where the role may not read it.
    pub definition: String,
    /// Likewise, as the server has it.
    pub sql: String,
    /// `CASCADED`, `LOCAL` or `NONE`.
    pub check: String,
    /// It works with its owner's rights.
    pub definer: bool,
}

/// A trigger.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Its name.
    pub name: String,
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
        let row = session.first(Query::new("SELECT DATABASE() AS name")).await?;
        Ok(Self {
            database: row.map(|row| row.text("name")).transpose()?.unwrap_or_default(),
            column: column.to_owned(),
            tables: tables(session, column).await?,
            views: views(session).await?,
            triggers: triggers(session).await?,
            routines: routines(session).await?,
            lookalikes: lookalikes(session, column).await?,
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
            let of = called.iter().filter_map(|name| self.routines.get(name)?.body.as_deref());
            of.chain([trigger.body.as_str()])
        };
        let asks = !user_variables(&trigger.body).is_empty()
            || called.iter().any(|name| !self.reads(name).is_empty());
        // An update takes a row from one tenant, and may give it to another.
        let lower = trigger.body.to_lowercase();
        let sees = |row: &str| trigger.event != "UPDATE" || lower.contains(row);
        asks && sees("old.") && sees("new.") && bodies().any(|body| body.to_lowercase().contains("signal"))
    }

    /// Another variable of the connection by which a guard decides whether it refuses.
    pub fn depends_on(&self, trigger: &Trigger) -> Option<String> {
        if !self.refuses(trigger) {
            return None;
        }
        let tenants = self.variables();
        let called = expression::calls(&trigger.body);
        let bodies = called.iter().filter_map(|name| self.routines.get(name)?.body.as_deref());
        let mut decides = bodies.chain([trigger.body.as_str()]).flat_map(deciding);
        decides.find(|variable| !tenants.contains(variable))
    }

    /// Whether the role may not read a definition that decides: a view's, or that of a routine which a view or a trigger
    /// calls. What cannot be read is empty, and is no missing guard.
    pub fn hides(&self) -> bool {
        let hidden = |text: &str| {
            let called = expression::calls(text);
            called.iter().any(|name| self.routines.get(name).is_some_and(|routine| routine.body.is_none()))
        };
        self.views.iter().any(|view| view.definition.is_empty() || hidden(&view.definition))
            || self.triggers.iter().any(|trigger| hidden(&trigger.body))
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

    /// A function that gives the present tenant, and nothing where there is none.
    pub fn function(&self) -> Option<&str> {
        let gives = |routine: &Routine| {
            routine.kind == "FUNCTION"
                && routine.body.as_deref().is_some_and(|body| !expression::falls_back(body))
        };
        let mut known =
            self.routines.iter().filter(|(name, routine)| gives(routine) && !self.reads(name).is_empty());
        known.next().map(|(name, _)| name.as_str())
    }

    /// A procedure that refuses whoever is not the present tenant.
    pub fn requiring(&self) -> Option<&str> {
        let refuses = |routine: &Routine| {
            let body = routine.body.as_deref().unwrap_or_default();
            routine.kind == "PROCEDURE" && body.to_lowercase().contains("signal")
        };
        let mut known =
            self.routines.iter().filter(|(name, routine)| refuses(routine) && !self.reads(name).is_empty());
        known.next().map(|(name, _)| name.as_str())
    }

    /// The variables that a routine reads, also through others.
    pub fn reads(&self, name: &str) -> Vec<String> {
        self.read_through(name, 3)
    }

    fn read_through(&self, name: &str, depth: u8) -> Vec<String> {
        let Some(Routine { body: Some(body), .. }) = self.routines.get(name) else { return Vec::new() };
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
                let body = self.routines.get(name).and_then(|routine| routine.body.as_deref());
                body.is_some_and(expression::falls_back)
            },
        })
    }
}

async fn tables(session: &mut Session<'_>, column: &str) -> Result<Vec<Table>> {
    let sql = "SELECT c.table_name AS name, c.is_nullable = 'YES' AS nullable, \
                 CONCAT(c.column_type, COALESCE(CONCAT(' CHARACTER SET ', c.character_set_name, ' COLLATE ', \
                 c.collation_name), '')) AS kind \
               FROM information_schema.columns c JOIN information_schema.tables t \
                 ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE' \
               WHERE c.table_schema = DATABASE() AND c.column_name = ? ORDER BY 1";
    let rows = session.fetch(Query::new(sql).bind(column)).await?;
    let tables = rows.iter().map(|row| {
        let nullable = row.int("nullable")? != 0;
        Ok(Table { name: row.text("name")?, nullable, kind: row.text("kind")? })
    });
    tables.collect()
}

async fn views(session: &mut Session<'_>) -> Result<Vec<View>> {
    let sql = "SELECT table_name AS name, REPLACE(REPLACE(view_definition, CONCAT('`', DATABASE(), '`.'), ''), '`', '') \
                 AS definition, view_definition AS full, check_option AS checked, security_type AS security \
               FROM information_schema.views WHERE table_schema = DATABASE() ORDER BY 1";
    let rows = session.fetch(Query::new(sql)).await?;
    let views = rows.iter().map(|row| {
        Ok(View {
            name: row.text("name")?,
            definition: row.text("definition")?,
            sql: row.text("full")?,
            check: row.text("checked")?,
            definer: row.text("security")? == "DEFINER",
        })
    });
    views.collect()
}

async fn triggers(session: &mut Session<'_>) -> Result<Vec<Trigger>> {
    let sql = "SELECT trigger_name AS own, event_object_table AS name, event_manipulation AS event, action_statement AS body \
               FROM information_schema.triggers \
               WHERE event_object_schema = DATABASE() AND action_timing = 'BEFORE'";
    let rows = session.fetch(Query::new(sql)).await?;
    let triggers = rows.iter().map(|row| {
        let body = row.text("body")?.replace('`', "");
        Ok(Trigger { name: row.text("own")?, table: row.text("name")?, event: row.text("event")?, body })
    });
    triggers.collect()
}

async fn routines(session: &mut Session<'_>) -> Result<BTreeMap<String, Routine>> {
    let sql = "SELECT routine_name AS name, routine_type AS kind, routine_definition AS body \
               FROM information_schema.routines WHERE routine_schema = DATABASE()";
    let rows = session.fetch(Query::new(sql)).await?;
    let routines = rows.iter().map(|row| {
        let body = row.text_or_null("body")?.map(|body| body.replace('`', ""));
        Ok((row.text("name")?, Routine { kind: row.text("kind")?, body }))
    });
    routines.collect()
}

/// Tables with a column whose name says that they are a tenant's, in whatever letters.
async fn lookalikes(session: &mut Session<'_>, column: &str) -> Result<Vec<(String, String)>> {
    let sql = "SELECT c.table_name AS name, MIN(c.column_name) AS col FROM information_schema.columns c \
               JOIN information_schema.tables t \
                 ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE' \
               WHERE c.table_schema = DATABASE() AND c.table_name NOT LIKE 'opsctl\\_%' \
                 AND LOWER(c.column_name) REGEXP '^(tenant|organi[sz]ation|workspace)(_?(id|uuid|key|code))?$' \
                 AND c.table_name NOT IN (SELECT o.table_name FROM information_schema.columns o \
                   WHERE o.table_schema = DATABASE() AND o.column_name = ?) \
               GROUP BY c.table_name ORDER BY 1";
    let rows = session.fetch(Query::new(sql).bind(column)).await?;
    rows.iter().map(|row| Ok((row.text("name")?, row.text("col")?))).collect()
}

/// `@name`, but not `@@name`, which is the server's.
pub fn user_variables(body: &str) -> Vec<String> {
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

/// The variables of the connection that stand in a condition.
fn deciding(body: &str) -> Vec<String> {
    let lower = body.to_lowercase();
    let spoken = lower.split(|c: char| !(c.is_alphanumeric() || ['_', '@', '$', '.', ';'].contains(&c)));
    let (mut inside, mut found) = (false, Vec::new());
    for word in spoken.flat_map(|word| word.split_inclusive(';')) {
        inside = match word {
            "if" | "elseif" | "when" | "case" | "while" => true,
            "then" | "do" | "set" | "call" | "begin" => false,
            _ => inside && !word.ends_with(';'),
        };
        if inside {
            found.extend(user_variables(word));
        }
    }
    found
}
