//! `opsctl tenant`: the platform's tenants, where each lives, and how it was provisioned.

mod create;
mod list;
mod provision;
mod show;
mod taxonomies;
mod verify;

use opsctl::{
    Exit, Result,
    fleet::{TenantStatus, Tenants},
    tenants::{LastRun, RunStatus},
};

#[cfg(test)]
pub use self::{
    create::Summary as CreateSummary, list::PageSummary, show::Summary as ShowSummary,
    taxonomies::Summary as TaxonomiesSummary, verify::Line as VerifyLine,
};
use crate::{
    app::App,
    ui::{Cell, Tone},
    verb::Verb,
};

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] = &[
    list::VERB,
    show::VERB,
    create::VERB,
    provision::VERB,
    verify::VERB,
    taxonomies::LIST,
    taxonomies::IMPORT,
];

/// The platform's tenants: list, show, create, provision, verify, master taxonomies
///
/// Where they are registered, and what provisioning does, is told in docs/tenants.md.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    List(list::Args),
    Show(show::Args),
    Create(create::Args),
    Provision(Box<provision::Args>),
    Verify(verify::Args),
    /// The master rows that every tenant gets a copy of: list, import
    #[command(subcommand)]
    Taxonomies(taxonomies::Command),
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::List(args) => app.cancel.guard(list::run(app, &args)).await,
        Command::Show(args) => app.cancel.guard(show::run(app, &args)).await,
        Command::Create(args) => create::run(app, &args).await,
        Command::Provision(args) => provision::run(app, &args).await,
        Command::Verify(args) => verify::run(app, &args).await,
        Command::Taxonomies(command) => taxonomies::run(app, command).await,
    }
}

/// Where the tenants of this context are registered.
async fn tenants(app: &App) -> Result<Tenants<'_>> {
    Tenants::require(app.context()?, app.db().await?).await
}

fn status_cell(status: TenantStatus) -> Cell {
    Cell::new(status.name()).tone(match status {
        TenantStatus::Active => Tone::Good,
        TenantStatus::Pending | TenantStatus::Provisioning => Tone::Warn,
        TenantStatus::ProvisioningFailed => Tone::Bad,
        TenantStatus::Suspended | TenantStatus::Archived => Tone::Dim,
    })
}

/// What to type next about a tenant in this status, where anything is.
fn next(slug: &str, status: TenantStatus) -> Option<String> {
    Some(match status {
        TenantStatus::Pending => format!("give it its rows: `opsctl tenant provision {slug}`"),
        TenantStatus::ProvisioningFailed => {
            format!("once the cause is gone, provision it again: `opsctl tenant provision {slug}`")
        }
        TenantStatus::Provisioning => {
            format!("should its run have stopped, another one takes over: `opsctl tenant provision {slug}`")
        }
        TenantStatus::Active => format!("whether all that it needs is there: `opsctl tenant verify {slug}`"),
        TenantStatus::Suspended | TenantStatus::Archived => return None,
    })
}

fn run_cell(run: Option<&LastRun>) -> Cell {
    let Some(run) = run else { return Cell::new("never").tone(Tone::Dim) };
    Cell::new(run.status.name()).tone(match run.status {
        RunStatus::Succeeded => Tone::Good,
        RunStatus::Running => Tone::Warn,
        RunStatus::Partial | RunStatus::Failed => Tone::Bad,
        RunStatus::Cancelled => Tone::Dim,
    })
}
