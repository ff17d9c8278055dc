//! What rows of the tenant tables are made of, so that some can be made up.

use serde::Deserialize;

use super::rows;
use crate::{
    Error, Result,
    db::{Engine, Fault, Query, Row, Session, quote},
};

/// A tenant table.
#[derive(Debug, Clone, Deserialize)]
pub struct Shape {
    /// Its schema; empty where the engine has one only.
    #[serde(default)]
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its foreign keys.
    pub references: Vec<Reference>,
}

/// A column.
#[derive(Debug, Clone, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What a text is cast to; empty where the engine does so by itself.
    #[serde(default)]
    pub cast: String,
    /// The engine's name of its type.
    pub kind: String,
    /// The longest text.
    pub length: Option<usize>,
    /// The values of an enum.
    pub labels: Vec<String>,
    /// A row cannot do without it.
    pub required: bool,
    /// A value may be given.
    pub settable: bool,
    /// Conditions on it.
    pub checks: Vec<String>,
    /// It is part of a unique key.
    #[serde(default)]
    pub unique: bool,
    /// Which of the values that could be made up for it meets its conditions.
    #[serde(default)]
    pub pick: usize,
}

/// A foreign key.
#[derive(Debug, Clone, Deserialize)]
pub struct Reference {
    /// Its columns.
    pub columns: Vec<String>,
    /// Schema of the table that it refers to.
    #[serde(default)]
    pub schema: String,
    /// That table.
    pub name: String,
    /// The columns there.
    pub to: Vec<String>,
}

impl Shape {
    /// A column.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a reference leads to a table.
    pub fn is(&self, reference: &Reference) -> bool {
        self.schema == reference.schema && self.name == reference.name
    }
}

/// The shapes of all tables with the tenant column; those that others refer to come first.
///
/// # Errors
/// The database's.
pub async fn read(session: &mut Session<'_>, column: &str) -> Result<Vec<Shape>> {
    let shapes = match session.db().engine() {
        Engine::Postgres => {
            let row = session.first(Query::new(include_str!("shape_postgres.sql")).bind(column)).await?;
            let document = row.map(|row| row.text("document")).transpose()?.unwrap_or_default();
            serde_json::from_str(&document).map_err(|error| {
                Error::failed("the catalogue's answer cannot be understood").because(error)
            })?
        }
        Engine::MySql => mysql(session, column).await?,
        Engine::Sqlite => sqlite(session, column).await?,
    };
    let mut shapes = in_order(shapes);
    for column in shapes.iter_mut().flat_map(|shape| &mut shape.columns) {
        if column.settable && !column.checks.is_empty() {
            column.pick = fitting(session, column).await?;
        }
    }
    Ok(shapes)
}

/// The first of the values that could be made up for a column which its conditions let through, as the server sees them.
async fn fitting(session: &mut Session<'_>, column: &Column) -> Result<usize> {
    for (nth, value) in rows::candidates(column).iter().enumerate() {
        if fits(session, column, value).await? {
            return Ok(nth);
        }
    }
    Ok(0)
}

async fn fits(session: &mut Session<'_>, column: &Column, value: &str) -> Result<bool> {
    let engine = session.db().engine();
    let hole = match engine {
        Engine::Postgres => format!("?::text::{}", column.cast),
        Engine::MySql => "?".to_owned(),
        Engine::Sqlite => {
            format!("CAST(? AS {})", if column.kind.is_empty() { "text" } else { &column.kind })
        }
    };
    let name = quote(engine, &column.name);
    // Counted, so that no server leaves out the cast.
    let from = format!("SELECT count({name}) AS one FROM (SELECT {hole} AS {name}) AS tried");
    let mut conditions = vec![String::new()];
    conditions
        .extend(column.checks.iter().map(|check| format!(" WHERE ({}) IS NOT FALSE", condition(check))));
    for (nth, condition) in conditions.iter().enumerate() {
        match session.first(Query::new(format!("{from}{condition}")).bind(value)).await {
            Ok(row) => match row.map(|row| row.int("one")).transpose()? {
                Some(1) => {}
                _ => return Ok(false),
            },
            Err(error) if error.fault() == Some(Fault::Lost) => return Err(error),
            // The value itself is refused; or a condition names other columns, and is met or not by the whole row.
            Err(_) if nth == 0 => return Ok(false),
            Err(_) => {}
        }
    }
    Ok(true)
}

/// What stands in the parentheses of `CHECK (…) NOT VALID`.
fn condition(check: &str) -> String {
    match check.strip_prefix("CHECK ") {
        Some(rest) => format!("{})", group(rest)),
        None => check.to_owned(),
    }
}

/// Parents before children; a circle stays as it is.
fn in_order(mut left: Vec<Shape>) -> Vec<Shape> {
    let mut ordered: Vec<Shape> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free = left.iter().position(|shape| {
            shape
                .references
                .iter()
                .all(|to| !left.iter().any(|other| other.is(to) && other.name != shape.name))
        });
        ordered.push(left.remove(free.unwrap_or_default()));
    }
    ordered
}

async fn mysql(session: &mut Session<'_>, column: &str) -> Result<Vec<Shape>> {
    let sql = "SELECT c.table_name AS tab, c.column_name AS name, c.data_type AS kind, c.column_type AS full, \
                 c.character_maximum_length AS length, c.column_key IN ('PRI', 'UNI') AS keyed, c.is_nullable = 'NO' AS filled, c.column_default AS given, \
                 c.extra AS extra \
               FROM information_schema.columns c WHERE c.table_schema = DATABASE() AND c.table_name IN ( \
                 SELECT t.table_name FROM information_schema.columns t JOIN information_schema.tables b \
                   ON b.table_schema = t.table_schema AND b.table_name = t.table_name AND b.table_type = 'BASE TABLE' \
                 WHERE t.table_schema = DATABASE() AND t.column_name = ?) ORDER BY c.table_name, c.ordinal_position";
    let mut shapes: Vec<Shape> = Vec::new();
    for row in session.fetch(Query::new(sql).bind(column)).await? {
        let extra = row.text("extra")?.to_lowercase();
        let made = extra.contains("auto_increment") || extra.contains("generated");
        let told = Column {
            name: row.text("name")?,
            cast: String::new(),
            kind: row.text("kind")?,
            length: usize::try_from(row.int("length")?).ok().filter(|length| *length > 0),
            labels: labels(&row.text("full")?),
            required: row.int("filled")? != 0 && row.text_or_null("given")?.is_none() && !made,
            settable: !extra.contains("generated"),
            checks: Vec::new(),
            unique: row.int("keyed")? != 0,
            pick: 0,
        };
        push(&mut shapes, row.text("tab")?, told);
    }
    let sql = "SELECT t.table_name AS tab, c.check_clause AS clause FROM information_schema.check_constraints c \
               JOIN information_schema.table_constraints t ON t.constraint_schema = c.constraint_schema \
                 AND t.constraint_name = c.constraint_name AND t.constraint_type = 'CHECK' \
               WHERE c.constraint_schema = DATABASE()";
    for row in session.fetch(Query::new(sql)).await? {
        check(&mut shapes, &row.text("tab")?, &row.text("clause")?);
    }
    let sql = "SELECT table_name AS tab, constraint_name AS name, column_name AS here, referenced_table_name AS there, \
                 referenced_column_name AS at FROM information_schema.key_column_usage \
               WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL \
               ORDER BY table_name, constraint_name, ordinal_position";
    refer(&mut shapes, &session.fetch(Query::new(sql)).await?)?;
    Ok(shapes)
}

async fn sqlite(session: &mut Session<'_>, column: &str) -> Result<Vec<Shape>> {
    let sql = "SELECT m.name AS tab, m.sql AS made, c.name AS name, lower(c.type) AS kind, c.\"notnull\" AS filled, \
                 c.dflt_value AS given, c.pk AS pk, c.hidden AS hidden \
               FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table' \
                 AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) t WHERE t.name = ?) ORDER BY m.name, c.cid";
    let mut shapes: Vec<Shape> = Vec::new();
    let mut made: Vec<(String, String)> = Vec::new();
    for row in session.fetch(Query::new(sql).bind(column)).await? {
        let kind = row.text("kind")?;
        let counts = row.int("pk")? != 0 && kind == "integer";
        let told = Column {
            name: row.text("name")?,
            cast: String::new(),
            kind,
            length: None,
            labels: Vec::new(),
            required: row.int("filled")? != 0 && row.text_or_null("given")?.is_none() && !counts,
            settable: row.int("hidden")? == 0,
            checks: Vec::new(),
            unique: row.int("pk")? != 0,
            pick: 0,
        };
        made.push((row.text("tab")?, row.text("made")?));
        push(&mut shapes, row.text("tab")?, told);
    }
    made.dedup();
    for (table, sql) in &made {
        for rest in sql.split("CHECK").skip(1) {
            check(&mut shapes, table, &format!("{})", group(rest)));
        }
    }
    let sql = "SELECT m.name AS tab, f.id AS name, f.\"from\" AS here, f.\"table\" AS there, f.\"to\" AS at \
               FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY 1, 2, f.seq";
    refer(&mut shapes, &session.fetch(Query::new(sql)).await?)?;
    Ok(shapes)
}

fn push(shapes: &mut Vec<Shape>, table: String, column: Column) {
    match shapes.last_mut() {
        Some(shape) if shape.name == table => shape.columns.push(column),
        _ => shapes.push(Shape {
            schema: String::new(),
            name: table,
            columns: vec![column],
            references: Vec::new(),
        }),
    }
}

/// What stands up to the parenthesis that closes the first one.
fn group(text: &str) -> &str {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ')' && depth <= 0 {
            return &text[..at];
        }
    }
    text
}

/// Gives a condition to the first column that it names.
fn check(shapes: &mut [Shape], table: &str, clause: &str) {
    let Some(shape) = shapes.iter_mut().find(|shape| shape.name == table) else { return };
    let words: Vec<&str> = clause.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let named = |column: &&mut Column| words.contains(&column.name.as_str());
    if let Some(column) = shape.columns.iter_mut().find(named) {
        column.checks.push(clause.to_owned());
    }
}

/// Rows of `tab`, `name`, `here`, `there`, `at`: a column of a foreign key each.
fn refer(shapes: &mut [Shape], rows: &[Row]) -> Result<()> {
    let mut before = None;
    for row in rows {
        let (table, key) = (row.text("tab")?, row.text("name")?);
        let Some(shape) = shapes.iter_mut().find(|shape| shape.name == table) else { continue };
        if before != Some((table.clone(), key.clone())) {
            let name = row.text("there")?;
            shape.references.push(Reference {
                columns: Vec::new(),
                schema: String::new(),
                name,
                to: Vec::new(),
            });
            before = Some((table, key));
        }
        if let Some(reference) = shape.references.last_mut() {
            reference.columns.push(row.text("here")?);
            reference.to.push(row.text("at")?);
        }
    }
    Ok(())
}

/// The values of `enum('a','b')`.
fn labels(kind: &str) -> Vec<String> {
    let inner = ["enum(", "set("].iter().find_map(|word| kind.strip_prefix(word)?.strip_suffix(')'));
    inner.map_or_else(Vec::new, |inner| {
        inner.split(',').map(|label| label.trim_matches('\'').to_owned()).collect()
    })
}
