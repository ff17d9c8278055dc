//! `opsctl tenant taxonomies list`: the master rows, by type.

use std::collections::BTreeSet;

use opsctl::{
    Exit, Result, near,
    tenants::taxonomies::{self, Source},
};
use serde::Serialize;
use serde_json::json;

use super::{active, cells};
use crate::{
    app::App,
    safety::Class,
    ui::{Cell, Column, Table, View},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERB: Verb = Verb {
    words: "tenant taxonomies list",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "all of them", line: "tenant taxonomies list" },
        Example { what: "one type", line: "tenant taxonomies list --type garment_type" },
    ],
    prints: Prints::List(&COLUMNS),
    reads: &[Topic::Context, Topic::Database],
    exits: &[(Exit::Config, ""), (Exit::Unreachable, "")],
    artisan: &[],
};

const COLUMNS: [Column; 9] = [
    Column::left("code"),
    Column::left("type"),
    Column::left("name").flexible(),
    Column::left("parent_code"),
    Column::right("sort_order"),
    Column::left("is_active"),
    Column::right("version"),
    Column::left("master_id").wide_only(),
    Column::left("checksum").wide_only(),
];

/// Summary of the master rows.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Rows that are shown.
    count: usize,
    /// Those of them that are in use.
    active: usize,
}

/// List the master rows that every tenant gets a copy of, parents first
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only rows of this type: service_type, garment_type, unit, …
    #[arg(long, value_name = "TYPE")]
    r#type: Option<String>,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let all = taxonomies::master(app.db().await?).await?;
    let wanted = |source: &&Source| args.r#type.as_ref().is_none_or(|kind| *kind == source.taxonomy.r#type);
    let shown: Vec<&Source> = all.iter().filter(wanted).collect();
    app.ui.emit(&view(app, &shown)?)?;
    if all.is_empty() {
        app.ui.note("There are no master rows.");
        app.ui.hint("take them from a file: `opsctl tenant taxonomies import --from FILE.csv`");
    } else if shown.is_empty() {
        app.ui.note("No rows are of this type.");
        let types: BTreeSet<&str> = all.iter().map(|source| &*source.taxonomy.r#type).collect();
        let given = args.r#type.as_deref().unwrap_or_default();
        let near = near::hint(given, types.iter().copied(), |near| format!("--type {near}"));
        let all = || format!("types: {}", types.iter().copied().collect::<Vec<_>>().join(", "));
        app.ui.hint(&near.unwrap_or_else(all));
    }
    Ok(Exit::Done)
}

fn view(app: &App, shown: &[&Source]) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    for source in shown {
        let more = [
            active(&source.taxonomy),
            Cell::new(source.version.unwrap_or_default().to_string()),
            Cell::or_dash(source.master_id.as_deref()),
            Cell::new(&*source.checksum),
        ];
        table.row(cells(app, &source.taxonomy).into_iter().chain(more));
    }
    let active = shown.iter().filter(|source| source.taxonomy.is_active).count();
    Ok(View {
        command: "tenant taxonomies list",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(shown),
        summary: json!(Summary { count: shown.len(), active }),
        items: shown.iter().map(|source| json!(source)).collect(),
        table,
        text: None,
    })
}
