//! `opsctl rls`: whether one tenant's rows are safe from another, shown and not assumed.

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, Exit, Result,
    config::clusters::Role,
    db::Db,
    fleet::{self, Bounds, Cluster, Done, Fleet},
    isolation::{
        COLUMN, Isolation,
        verify::{Parties, Unproved, Verdict, verify},
    },
};
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    complete,
    safety::Class,
    ui::{Cell, Column, Status, Table, Tone, View},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// One broken rule, one thing that is not shown, or one cluster of which nothing is to be told, in a row.
const COLUMNS: [Column; 6] = [
    Column::left("cluster"),
    Column::left("verdict"),
    Column::left("table"),
    Column::left("rule"),
    Column::left("why").flexible(),
    Column::left("repair").flexible().wide_only(),
];

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] = &[Verb {
    words: "rls verify",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "is one tenant's data safe from another, on every cluster?", line: "rls verify" },
        Example { what: "one cluster, with the SQL that repairs it", line: "rls verify ap-1 -o wide" },
        Example { what: "for a monitoring system, with its exit codes", line: "rls verify ap-1 -o nagios" },
    ],
    prints: Prints::Verdict(&COLUMNS),
    reads: &[Topic::Context, Topic::Database],
    exits: &[
        (Exit::Findings, "a rule is broken, something could not be shown, or there was no cluster to check"),
        (Exit::Config, "credentials, a right that is missing; the other clusters are checked"),
        (Exit::Unreachable, "a cluster does not answer; the others are checked"),
        (Exit::NotFound, "there is no such cluster"),
    ],
    artisan: &[],
}];

/// Whether tenants are kept apart: row-level security and its equivalents
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check that no tenant can see or write another's rows
    ///
    /// Reads what decides about rows: policies, roles, rights, views, functions, keys. Then it is tried out with the
    /// application's own role: rows of two tenants that nobody is are added, each tenant reaches for the other's, and
    /// the transaction is rolled back; sequences and AUTO_INCREMENT columns stay where the trial has moved them. A table
    /// of which every rule holds and that cannot be tried is `untried`, and passes. What else cannot be shown is
    /// `unproved`, and does not. Where an engine has no row-level
    /// security, guards are checked and tried, and the verdict is `application-enforced`: see docs/isolation.md.
    Verify(VerifyArgs),
}

/// Arguments of `rls verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// Only these clusters, instead of all that are up
    #[arg(value_name = "CLUSTER", add = Names::new(complete::clusters))]
    clusters: Vec<String>,
    /// Likewise
    #[arg(long = "cluster", value_name = "NAME", add = Names::new(complete::clusters))]
    named: Vec<String>,
    /// The column that says whose a row is
    #[arg(long, value_name = "NAME", default_value = COLUMN)]
    column: String,
}

/// How the isolation of a cluster stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Standing {
    /// The server keeps tenants apart, and every table was shown to be closed.
    Protected,
    /// The guards are complete and hold; more than guards the engine does not have.
    ApplicationEnforced,
    /// Nothing is broken, and something could not be shown.
    Unproved,
    /// A rule is broken.
    Broken,
    /// It could not be checked.
    Failed,
}

impl Standing {
    fn of(result: &Result<Verdict>) -> Self {
        match result {
            Err(_) => Self::Failed,
            Ok(verdict) if !verdict.findings.is_empty() => Self::Broken,
            Ok(verdict) if !verdict.unproved.is_empty() => Self::Unproved,
            Ok(verdict) if verdict.isolation == Isolation::ApplicationEnforced => Self::ApplicationEnforced,
            Ok(_) => Self::Protected,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Protected => "protected",
            Self::ApplicationEnforced => "application-enforced",
            Self::Unproved => "unproved",
            Self::Broken => "broken",
            Self::Failed => "failed",
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::Protected => Tone::Good,
            Self::ApplicationEnforced => Tone::Plain,
            Self::Unproved => Tone::Warn,
            Self::Broken | Self::Failed => Tone::Bad,
        }
    }
}

/// One cluster, checked.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Checked {
    /// The cluster.
    cluster: String,
    /// Its address, without credentials.
    address: String,
    /// How it stands.
    standing: Standing,
    /// What was found, where it could be checked.
    verdict: Option<Verdict>,
    /// Why it could not be.
    error: Option<String>,
}

/// The summary of `rls verify`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RlsSummary {
    findings: usize,
    unproved: usize,
    untried: usize,
    errors: usize,
    clusters: usize,
    tables: usize,
    proved: usize,
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::Verify(args) => check(app, &args).await,
    }
}

async fn check(app: &App, args: &VerifyArgs) -> Result<Exit> {
    let fleet = app.cancel.guard(app.fleet()).await?;
    let names: Vec<String> = args.clusters.iter().chain(&args.named).cloned().collect();
    let clusters: Vec<Cluster> = fleet.select(&names)?.into_iter().cloned().collect();
    let work = async |cluster: &Cluster| one(app, cluster, &args.column).await;
    let told = |_: &Cluster, _: &Done<Result<Verdict>>| {};
    let done = fleet::each(&clusters, Bounds::default(), &app.cancel, |c| &c.host, work, told).await;
    let results: Vec<Result<Verdict>> = done
        .into_iter()
        .map(|done: Done<Result<Verdict>>| done.into_result().and_then(|result| result))
        .collect();
    let checked: Vec<Checked> =
        clusters.iter().zip(&results).map(|(cluster, result)| checked_as(cluster, result)).collect();
    app.ui.emit(&view(app, &checked)?)?;
    if clusters.is_empty() {
        return Ok(nothing(app, &fleet));
    }
    remarks(app, &checked);
    for (cluster, error) in clusters.iter().zip(&results).filter_map(|(c, r)| Some((c, r.as_ref().err()?))) {
        app.ui.error(&error.clone().during(format!("cluster `{}` could not be checked", cluster.name)));
    }
    if checked.iter().any(|one| one.standing == Standing::Broken) {
        app.ui.verdict(Status::Critical);
    }
    Ok(results.iter().map(exit).fold(Exit::Done, Exit::worst))
}

/// No cluster was checked, which shows nothing.
fn nothing(app: &App, fleet: &Fleet) -> Exit {
    let why = match fleet.clusters.len() {
        0 => format!("no cluster was checked: {} gives none", fleet.source),
        1 => format!("no cluster was checked: `{}` is not up", fleet.clusters[0].name),
        count => format!("no cluster was checked: none of {count} is up"),
    };
    app.ui.warning(&why);
    app.ui.hint("which there are: `opsctl clusters list`; a cluster that is not up is checked by its name");
    app.ui.verdict(Status::Unknown);
    app.ui.says(&why);
    Exit::Findings
}

fn exit(result: &Result<Verdict>) -> Exit {
    match Standing::of(result) {
        Standing::Broken | Standing::Unproved => Exit::Findings,
        _ => result.as_ref().err().map_or(Exit::Done, Error::exit),
    }
}

/// Checks one cluster with the roles that it has.
async fn one(app: &App, cluster: &Cluster, column: &str) -> Result<Verdict> {
    let as_app = cluster.db(Role::App, app.clock)?;
    // The owner reads every definition; an operator may.
    let other = [Role::Owner, Role::Operator].into_iter().find(|role| cluster.has(*role));
    let other = other.map(|role| cluster.db(role, app.clock)).transpose()?;
    let operator = cluster.has(Role::Operator).then(|| cluster.db(Role::Operator, app.clock)).transpose()?;
    let parties = Parties { app: &as_app, other: other.as_ref(), operator: operator.as_ref() };
    let verdict = verify(parties, column).await;
    for db in [Some(&as_app), other.as_ref(), operator.as_ref()].into_iter().flatten() {
        Db::close(db).await;
    }
    verdict
}

fn checked_as(cluster: &Cluster, result: &Result<Verdict>) -> Checked {
    Checked {
        cluster: cluster.name.clone(),
        address: cluster.address.clone(),
        standing: Standing::of(result),
        verdict: result.as_ref().ok().cloned(),
        error: result.as_ref().err().map(ToString::to_string),
    }
}

fn view(app: &App, checked: &[Checked]) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    checked.iter().flat_map(rows).for_each(|row| table.row(row));
    let verdicts = || checked.iter().filter_map(|one| one.verdict.as_ref());
    Ok(View {
        command: "rls verify",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(checked),
        summary: json!(RlsSummary {
            findings: verdicts().map(|verdict| verdict.findings.len()).sum(),
            unproved: verdicts().map(|verdict| verdict.unproved.len()).sum(),
            untried: verdicts().map(|verdict| verdict.untried.len()).sum(),
            errors: checked.iter().filter(|one| one.error.is_some()).count(),
            clusters: checked.len(),
            tables: verdicts().map(|verdict| verdict.tables).sum(),
            proved: verdicts().map(|verdict| verdict.proved).sum(),
        }),
        items: checked.iter().map(|one| json!(one)).collect(),
        table,
        text: None,
    })
}

/// The rows of one cluster: what is broken, then what is not shown; one row where there is neither; then what could not
/// be tried of tables with which nothing is wrong.
fn rows(checked: &Checked) -> Vec<[Cell; 6]> {
    let row = |word: &'static str, tone: Tone, table: &str, rule: &str, why: &str, repair: &str| {
        [
            Cell::new(&*checked.cluster),
            Cell::new(word).tone(tone),
            Cell::or_dash(Some(table)),
            Cell::or_dash(Some(rule)),
            Cell::new(why),
            Cell::or_dash(Some(repair)),
        ]
    };
    let whole = |why: &str| row(checked.standing.name(), checked.standing.tone(), "", "", why, "");
    let Some(verdict) = &checked.verdict else {
        return vec![whole(checked.error.as_deref().unwrap_or_default())];
    };
    let (broken, unproved) = (Standing::Broken, Standing::Unproved);
    let mut rows: Vec<[Cell; 6]> = Vec::new();
    rows.extend(
        verdict
            .findings
            .iter()
            .map(|one| row(broken.name(), broken.tone(), &one.table, one.rule.id(), &one.why, &one.repair)),
    );
    let left = |word, one: &Unproved| {
        row(word, unproved.tone(), &one.table, "", &format!("{}: {}", one.what, one.why), "")
    };
    rows.extend(verdict.unproved.iter().map(|one| left(unproved.name(), one)));
    if rows.is_empty() {
        rows.push(whole(&well(verdict)));
    }
    rows.extend(verdict.untried.iter().map(|one| left("untried", one)));
    rows
}

/// What was shown of a cluster with which nothing is wrong.
fn well(verdict: &Verdict) -> String {
    let tables = match verdict.tables {
        1 => "1 tenant table".to_owned(),
        count => format!("{count} tenant tables"),
    };
    let tried = if verdict.proved == verdict.tables {
        "tried out".to_owned()
    } else {
        format!("{} tried out", verdict.proved)
    };
    format!("{tables}, {tried}")
}

/// What is worth knowing beside the findings.
fn remarks(app: &App, checked: &[Checked]) {
    if !app.ui.is_human() {
        return;
    }
    let verdicts = || checked.iter().filter_map(|one| Some((&one.cluster, one.verdict.as_ref()?)));
    for (cluster, verdict) in verdicts() {
        verdict.notes.iter().for_each(|note| app.ui.note(&format!("{cluster}: {note}.")));
    }
    let mut meanings: Vec<&str> = verdicts()
        .filter(|(_, verdict)| verdict.isolation == Isolation::ApplicationEnforced)
        .map(|(_, verdict)| verdict.meaning)
        .collect();
    meanings.sort_unstable();
    meanings.dedup();
    meanings.iter().for_each(|meaning| app.ui.note(&format!("Application-enforced: {meaning}.")));
    if checked.iter().any(|one| one.standing == Standing::Broken) {
        app.ui.hint("the SQL that repairs each finding: `-o wide`; what each rule means: docs/isolation.md");
    }
}
