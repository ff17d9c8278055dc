//! `opsctl clusters migrate`: the tenant set, or a team's own SQL, on every cluster: a plan of all first, then canaries,
//! then the others.

pub mod args;
mod render;

use std::{
    cell::RefCell,
    collections::BTreeSet,
    convert::Infallible,
    time::{Duration, Instant},
};

use opsctl::{
    Error, Exit, Result,
    clusters::migrate::{self, Item, Outcome, Planned, Report, Request},
    fleet::Cluster,
    schema::Finding,
};
use serde_json::{Value, json};

pub use self::args::Args;
use crate::{
    actor,
    app::App,
    record::{Account, recorded},
    safety::{self, Class},
    ui,
    variables::Topic,
    verb::{Artisan, Example, Prints, Verb},
};

/// Time between two words about clusters that are not done yet.
const BETWEEN: Duration = Duration::from_secs(10);
/// Longest time that keeping the results may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "clusters migrate",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "what each cluster lacks", line: "clusters migrate --dry-run" },
        Example {
            what: "one first, then all; stop after the first failure",
            line: "clusters migrate --canary 1 --max-failures 0",
        },
        Example {
            what: "for a release gate: exit code 3 when anything is pending",
            line: "clusters migrate --status",
        },
        Example {
            what: "a team's own SQL, ten at once",
            line: "clusters migrate --path sql --parallel 10 --dry-run",
        },
    ],
    prints: Prints::Verdict(&render::COLUMNS),
    reads: &[Topic::Context, Topic::Database, Topic::Journal],
    exits: &[
        (Exit::Done, "every cluster is up to date, or was made so"),
        (Exit::Failed, "a migration failed on every cluster"),
        (
            Exit::Findings,
            "--status and something is pending; an applied migration has another text now, or was begun and did not finish",
        ),
        (Exit::Partial, "a migration failed on some clusters"),
        (
            Exit::Refused,
            "a cluster is an application's database, or another tool migrates it; --lint deny found something",
        ),
        (Exit::Config, "files, a registration, a credential or a right are not as they have to be"),
        (Exit::Unreachable, "a cluster is unreachable; the others are done"),
        (
            Exit::Locked,
            "another run, or another session's lock, is in the way on a cluster; the others are done",
        ),
        (Exit::NotFound, "there is no such cluster"),
    ],
    artisan: &[Artisan {
        command: "clusters:migrate",
        with: None,
        ignores: &["--force", "--graceful"],
        difference: "plans all clusters first; --canary and --max-failures bound the harm",
    }],
};

/// What the journal keeps of it.
impl Account for Report {
    fn counts(&self) -> Value {
        json!(self.summary())
    }

    fn error(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let request = args.request(app, runner(app))?;
    request.options.check(&request.set)?;
    let fleet = app.cancel.guard(app.fleet()).await?;
    let clusters = fleet.select(&args.names())?;
    let looks = args.looks();
    safety::allow(app, Class::Routine, "migrate clusters", looks).await?;
    let started = Instant::now();
    let report = if looks {
        look(app, args, &clusters, &request).await
    } else {
        recorded(app, Class::Routine, "clusters migrate", async |_| work(app, &clusters, &request).await)
            .await?
    };
    if !looks {
        keep(app, &request, &report, started).await;
    }
    if looks || app.ui.wants_reports() {
        app.ui.emit(&render::view(app, &report)?)?;
    }
    tell(app, &report);
    app.ui.note(&render::conclusion(&report, args, started.elapsed()));
    Ok(report.exit())
}

/// Who runs it, for those who wait for its lock: user, host and process.
pub fn runner(app: &App) -> String {
    let actor = actor::actor(&app.environment);
    format!("{}@{}, pid {}", actor.user, actor.host, std::process::id())
}

async fn look(app: &App, args: &Args, clusters: &[&Cluster], request: &Request) -> Report {
    let plans = migrate::plan_all(clusters, request, &app.cancel, |_| ()).await;
    let findings = migrate::findings(&plans, request);
    render::findings(app, &findings);
    let items = plans.into_iter().map(|plan| plan.item).collect();
    let stopped = app.cancel.check().err();
    Report { items, findings, stopped, looked: args.status }
}

async fn work(app: &App, clusters: &[&Cluster], request: &Request) -> Result<Report> {
    let waits: RefCell<BTreeSet<String>> = RefCell::default();
    let planned = |plans: &[Planned<'_>], findings: &[Finding]| {
        waits.replace(render::wanting(plans).map(|item| item.cluster.clone()).collect());
        render::plan(app, plans);
        render::findings(app, findings);
    };
    let told = |item: &Item| {
        waits.borrow_mut().remove(&item.cluster);
        let line = render::line(item);
        match item.outcome.is_failure() {
            true => app.ui.warning(&line),
            false => app.ui.note(&line),
        }
        item.notes.iter().for_each(|note| app.ui.note(&format!("{}: {note}.", item.cluster)));
    };
    let words = async || -> Infallible {
        let started = Instant::now();
        loop {
            tokio::time::sleep(BETWEEN).await;
            let waits = waits.borrow();
            let names: Vec<&str> = waits.iter().map(String::as_str).collect();
            if !names.is_empty() {
                let names = render::named(&names);
                app.ui.note(&format!("Still waiting for {names} after {} s.", started.elapsed().as_secs()));
            }
        }
    };
    tokio::select! {
        report = migrate::migrate(clusters, request, &app.cancel, planned, told) => report,
        never = words() => match never {},
    }
}

/// What stands in the way of each cluster, with what to type next.
fn tell(app: &App, report: &Report) {
    if app.ui.format == ui::Format::Nagios {
        render::sentence(&report.items).iter().for_each(|text| app.ui.says(text));
        let bad = report.items.iter().any(|item| item.outcome.is_failure());
        app.ui.verdict(match () {
            () if bad => ui::Status::Critical,
            () if report.count(Outcome::Pending) > 0 => ui::Status::Warning,
            () => ui::Status::Ok,
        });
        return;
    }
    render::gone(&report.items).iter().for_each(|note| app.ui.note(note));
    if let Some(stopped) = &report.stopped {
        app.ui.warn_of("the run was ended before its end", stopped);
    }
    render::hints(&report.items).iter().for_each(|hint| app.ui.hint(hint));
}

/// Keeps the results. Where that cannot be done, it costs a word and nothing else.
async fn keep(app: &App, request: &Request, report: &Report, started: Instant) {
    // Whoever interrupts twice wants to be gone.
    let patient = app.cancel.without_deadline();
    let central = match patient.guard(app.central()).await {
        Ok(Some(central)) => central,
        Ok(None) => return app.ui.note("The results are not kept: no central database is configured."),
        Err(error) => return app.ui.warn_of("the results are not kept", &error),
    };
    let keeping = async {
        let begun = central.now().await? - started.elapsed();
        migrate::keep(central, app.run(), &request.set, &report.items, begun).await
    };
    match tokio::time::timeout(PATIENCE, patient.guard(keeping)).await {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) => app.ui.note(&format!(
            "The results are not kept: {} has no table for them; `opsctl db migrate` adds it.",
            central.target()
        )),
        Ok(Err(error)) => app.ui.warn_of("the results are not kept", &error),
        Err(_) => app.ui.warning("the results are not kept: the central database took too long"),
    }
}
