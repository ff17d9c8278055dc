//! What verbs that change something tell programs: what was done, thing by thing. People read their notes.

use opsctl::Result;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    ui::{Cell, Table, View},
    verb::Verb,
};

/// A sign for workers, which was put up or taken down.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Signed {
    /// Its name in the default cache store, without the store's prefix.
    pub sign: String,
    /// The queue that it is about; nothing where it is about all of them.
    pub queue: Option<String>,
    /// The connection of that queue.
    pub connection: Option<String>,
    /// Whether it was otherwise before.
    pub changed: bool,
    /// Its value, where it is a number.
    pub value: Option<i64>,
}

/// Signs in short.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignSummary {
    /// Signs that were otherwise before.
    pub changed: usize,
    /// Whether nothing was changed, and only told.
    pub dry_run: bool,
}

/// A queue that was emptied.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cleared {
    /// Its name.
    pub queue: String,
    /// Its connection.
    pub connection: String,
    /// Jobs that were removed.
    pub removed: u64,
    /// Jobs that might be taken, when they were counted.
    pub ready: u64,
    /// Jobs that were due later.
    pub delayed: u64,
    /// Jobs that a worker had.
    pub reserved: u64,
    /// Jobs whose worker's time was over.
    pub stuck: u64,
}

/// Queues that were emptied, in short.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClearSummary {
    /// Jobs that were removed.
    pub removed: u64,
    /// Whether nothing was changed, and only told.
    pub dry_run: bool,
}

/// Failed jobs that were forgotten.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Forgotten {
    /// How many.
    pub forgotten: u64,
    /// Whether nothing was changed, and only told.
    pub dry_run: bool,
}

/// Prints what a verb did where a program reads it.
///
/// # Errors
/// A stdout that takes nothing.
pub fn print<T: Serialize>(app: &App, verb: &Verb, items: &[T], summary: &impl Serialize) -> Result<()> {
    if app.ui.is_human() {
        return Ok(());
    }
    let items: Vec<Value> = items.iter().map(|item| json!(item)).collect();
    let columns = verb.prints.columns();
    let mut table = Table::new(columns.iter().copied());
    for item in &items {
        table.row(columns.iter().map(|column| cell(&item[column.key])));
    }
    app.ui.emit(&View {
        command: verb.words,
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(items),
        summary: json!(summary),
        items,
        table,
        text: None,
    })
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::or_dash(None),
        Value::String(text) => Cell::new(&**text),
        other => Cell::new(other.to_string()),
    }
}
