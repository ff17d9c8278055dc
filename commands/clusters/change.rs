//! What the verbs have in common that change what is registered.

use clap_complete::ArgValueCandidates as Names;
use opsctl::{Exit, Result, clusters::Outcome, config::Context, db::Db, fleet, journal::Entry};
use serde_json::json;

use super::REGISTRY;
use crate::{
    app::App,
    complete,
    record::recorded_unless,
    safety::{self, Class},
    variables::Topic,
    verb::{Prints, Verb},
};

/// What these verbs say about themselves alike.
pub const ALIKE: Verb = Verb {
    words: "clusters",
    class: Class::Routine,
    destructive_with: None,
    examples: &[],
    prints: Prints::Nothing,
    reads: &[Topic::Context, Topic::Database, Topic::Journal],
    exits: &[],
    artisan: &[],
};

/// How those end who change a cluster that is registered; `refused` says why they may refuse.
pub const fn exits(refused: &'static str) -> [(Exit, &'static str); 4] {
    let [config, unreachable] = REGISTRY;
    [(Exit::Refused, refused), config, unreachable, (Exit::NotFound, "no such cluster")]
}

/// The cluster that is changed
#[derive(Debug, clap::Args)]
pub struct Target {
    /// The cluster
    #[arg(value_name = "NAME", add = Names::new(complete::clusters))]
    pub name: String,
    /// Show what would be done
    #[arg(long)]
    pub dry_run: bool,
}

/// The context, and the central database in which clusters are registered. Who registers them elsewhere is told where,
/// and needs no central database for it.
pub async fn registry(app: &App) -> Result<(&Context, &Db)> {
    let context = app.context()?;
    fleet::written_elsewhere(context)?;
    Ok((context, app.db().await?))
}

/// A routine change of a registration.
pub struct Change<'a> {
    /// The verb that makes it.
    pub verb: &'a Verb,
    /// What is asked to be allowed: `change a cluster's status`.
    pub what: &'a str,
    /// Name of its count in the journal.
    pub counted: &'a str,
    /// Nothing is kept.
    pub dry_run: bool,
}

impl Change<'_> {
    /// Makes the change, where it is allowed, and records it.
    pub async fn make(
        &self,
        app: &App,
        work: impl AsyncFnOnce(&Context, &Db) -> Result<Outcome>,
    ) -> Result<Outcome> {
        let (context, central) = registry(app).await?;
        safety::allow(app, Class::Routine, self.what, self.dry_run).await?;
        let mut outcome = Outcome::Unchanged;
        let work = async |_: &Entry| {
            outcome = app.cancel.guard(work(context, central)).await?;
            Ok(json!({self.counted: outcome.count()}))
        };
        recorded_unless(self.dry_run, app, Class::Routine, self.verb.words, work).await?;
        Ok(outcome)
    }
}
