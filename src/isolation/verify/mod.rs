//! Checking that the isolation holds: by the catalogue's rules, and by trying it out.

mod bare;
mod existing;
pub mod finding;
mod guarded;
mod lent;
mod policies;
mod reach;
mod referred;
mod repair;
mod repair_guards;
mod rights;
mod rows;
mod rules;
mod shape;
mod trial;

use serde::Serialize;

pub use self::finding::{Finding, Rule, Unproved};
use self::{
    policies::Unknown,
    shape::Shape,
    trial::{Subject, Trial, Trier},
};
use super::{Isolation, Scope, catalogue::Catalogue};
use crate::{
    Result,
    db::{Db, Engine, Session},
};

/// Who works on one database.
#[derive(Debug, Clone, Copy)]
pub struct Parties<'a> {
    /// The application's role, which is to be bound.
    pub app: &'a Db,
    /// A role that reads definitions, where there is one: the owner's, or the operator's.
    pub other: Option<&'a Db>,
    /// A role that reads rows of all tenants, where there is one.
    pub operator: Option<&'a Db>,
}

/// How the isolation of one database stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// What keeps tenants apart there.
    pub isolation: Isolation,
    /// What that means.
    pub meaning: &'static str,
    /// The application's role.
    pub role: String,
    /// The variable that holds the tenant, where it is clear.
    pub variable: Option<String>,
    /// Tables with the tenant column.
    pub tables: usize,
    /// Of these, tables on which everything that was tried was refused.
    pub proved: usize,
    /// Broken rules.
    pub findings: Vec<Finding>,
    /// What could not be shown, and is therefore not claimed.
    pub unproved: Vec<Unproved>,
    /// Tables of which the rules hold, and that could not be tried out.
    pub untried: Vec<Unproved>,
    /// What is worth knowing, and nothing is wrong with.
    pub notes: Vec<String>,
}

impl Verdict {
    fn new(engine: Engine, role: String) -> Self {
        Self {
            isolation: Isolation::of(engine),
            meaning: Isolation::meaning(engine),
            role,
            variable: None,
            tables: 0,
            proved: 0,
            findings: Vec::new(),
            unproved: Vec::new(),
            untried: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn add(&mut self, trial: Trial) {
        self.findings.extend(trial.findings);
        self.unproved.extend(trial.unproved);
        self.proved += trial.proved.len();
    }

    /// Sets aside what could not be tried of tables whose rules hold: nothing speaks against these.
    fn soften(&mut self, unknown: &[Unknown]) {
        let sound = |one: &Unproved| {
            !one.table.is_empty()
                && !self.findings.iter().any(|finding| finding.table == one.table)
                && !unknown.iter().any(|policy| policy.table == one.table)
        };
        let (soft, hard): (Vec<_>, Vec<_>) = std::mem::take(&mut self.unproved).into_iter().partition(sound);
        self.unproved = hard;
        self.untried.extend(soft);
    }

    /// Gives what was seen in the trial the repairs of what the rules found at the same table, or else `otherwise`.
    fn repair_tried(&mut self, otherwise: impl Fn(&str) -> String) {
        let known: Vec<(String, String)> = self
            .findings
            .iter()
            .filter(|finding| !finding.repair.is_empty())
            .map(|finding| (finding.table.clone(), finding.repair.clone()))
            .collect();
        for finding in self.findings.iter_mut().filter(|finding| finding.repair.is_empty()) {
            let mut same: Vec<&str> = known
                .iter()
                .filter(|(table, _)| table.is_empty() || *table == finding.table)
                .map(|(_, repair)| repair.as_str())
                .collect();
            same.dedup();
            finding.repair = if same.is_empty() { otherwise(&finding.table) } else { same.join("; ") };
        }
    }

    fn cannot(&mut self, what: &str, why: impl Into<String>) {
        self.unproved.push(Unproved { table: String::new(), what: what.into(), why: why.into() });
    }
}

/// Checks one database.
///
/// # Errors
/// The databases'.
pub async fn verify(parties: Parties<'_>, column: &str) -> Result<Verdict> {
    let mut verdict = match parties.app.engine() {
        Engine::Postgres => postgres(parties, column).await?,
        Engine::MySql => guarded::servers(parties, column).await?,
        Engine::Sqlite => guarded::files(parties.app, column).await?,
    };
    if verdict.tables == 0 && verdict.unproved.is_empty() {
        let why = format!("no table has a column `{column}`: migrate first, or name the column: `--column`");
        verdict.cannot("that tenants are kept apart", why);
    }
    Ok(verdict)
}

async fn postgres(parties: Parties<'_>, column: &str) -> Result<Verdict> {
    let mut session = parties.app.session().await?;
    let catalogue = Catalogue::read(&mut session, column).await?;
    let read = rules::read(&catalogue, column);
    let mut verdict = Verdict::new(Engine::Postgres, catalogue.role.name.clone());
    verdict.tables = catalogue.tables.len();
    verdict.findings = read.findings;
    verdict.notes = read.notes;
    let mut proved = Vec::new();
    match catalogue.role.superuser || catalogue.role.bypasses {
        true => {
            verdict.cannot("behaviour", "the application's role is not bound, so that nothing can be tried");
        }
        false => proved = try_out(parties, &mut session, &catalogue, column, &mut verdict).await?,
    }
    // What was tried is shown, in whatever form the condition is written.
    for Unknown { table, policy } in read.unknown.iter().filter(|unknown| !proved.contains(&unknown.table)) {
        verdict.unproved.push(Unproved {
            table: table.clone(),
            what: "what a policy admits".into(),
            why: format!("the condition of `{policy}` has a form that is not known, and was not tried out"),
        });
    }
    verdict.soften(&read.unknown);
    verdict.repair_tried(|label| {
        let table = catalogue.tables.iter().find(|table| policies::label(table) == label);
        let variable = catalogue.tenant_variables(column).pop().unwrap_or_default();
        table.map_or_else(|| format!("RESET {variable}"), |table| repair::reform(&catalogue, table, column))
    });
    Ok(verdict)
}

/// Tries it out; gives the tables of which everything was shown.
async fn try_out(
    parties: Parties<'_>,
    session: &mut Session<'_>,
    catalogue: &Catalogue,
    column: &str,
    verdict: &mut Verdict,
) -> Result<Vec<String>> {
    let scope = match Scope::of_catalogue(catalogue, parties.app, column) {
        Ok(scope) => scope,
        Err(error) => {
            if !catalogue.tables.is_empty() {
                verdict.cannot("behaviour", error.root());
            }
            return Ok(Vec::new());
        }
    };
    verdict.variable = Some(scope.variable());
    let shapes = shape::read(session, column).await?;
    let granted = |shape: &Shape, word: &str| {
        let table = catalogue.named(&shape.schema, &shape.name);
        // Partitions are tried through their parent.
        table.is_some_and(|table| !table.is_child && table.grants.iter().any(|grant| grant == word))
    };
    let among = |words: &[&str]| -> Vec<Subject<'_>> {
        let all = shapes.iter().filter(|shape| words.iter().all(|word| granted(shape, word)));
        all.map(|shape| (shape, policies::label_of(&shape.schema, &shape.name))).collect()
    };
    let (read, tried) = (among(&["SELECT"]), among(&["SELECT", "INSERT"]));
    let mut proved = Vec::new();
    if !tried.is_empty() {
        let reader = parties.operator.or(parties.other);
        let trial = Trier { session, scope: &scope, column, reader, bare: false, trial: Trial::default() }
            .run(&tried)
            .await?;
        proved.clone_from(&trial.proved);
        verdict.add(trial);
    }
    let mut closed = Vec::new();
    if let Some(operator) = parties.operator {
        verdict.add(existing::compare(parties.app, operator, &scope, column, &read, &mut closed).await?);
    }
    for (shape, label) in shapes.iter().map(|shape| (shape, policies::label_of(&shape.schema, &shape.name))) {
        let may = |word: &str| granted(shape, word);
        let changes = may("UPDATE") || may("DELETE");
        match (may("SELECT"), may("INSERT")) {
            (true, true) | (false, false) => {}
            (true, false) if closed.contains(&label) && !changes => {
                verdict.proved += 1;
                proved.push(label);
            }
            (_, inserts) => {
                let what = if inserts { "see its rows" } else { "add rows to it" };
                verdict.unproved.push(Unproved {
                    table: label,
                    what: "the isolation of rows".into(),
                    why: format!("the application's role may not {what}"),
                });
            }
        }
    }
    Ok(proved)
}
