//! `opsctl tenant taxonomies`: the master rows that every tenant gets a copy of.

mod import;
mod list;

use opsctl::{Exit, Result, tenants::taxonomies::Taxonomy};

#[cfg(test)]
pub use self::list::Summary;
pub use self::{import::VERB as IMPORT, list::VERB as LIST};
use crate::{
    app::App,
    ui::{Cell, Format},
};

/// Master taxonomies: list, import
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    List(list::Args),
    Import(import::Args),
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::List(args) => app.cancel.guard(list::run(app, &args)).await,
        Command::Import(args) => import::run(app, &args).await,
    }
}

/// What a row says, in the columns that both verbs begin with: code, type, name, parent, place. A code alone is no id:
/// each type has codes of its own.
fn cells(app: &App, row: &Taxonomy) -> [Cell; 5] {
    let code = match app.ui.format {
        Format::Ids => format!("{}/{}", row.r#type, row.code),
        _ => row.code.clone(),
    };
    [
        Cell::new(code),
        Cell::new(&*row.r#type),
        Cell::new(&*row.name),
        Cell::or_dash(row.parent_code.as_deref()),
        Cell::new(row.sort_order.to_string()),
    ]
}

fn active(row: &Taxonomy) -> Cell {
    Cell::new(if row.is_active { "yes" } else { "no" }).raw(row.is_active.to_string())
}
