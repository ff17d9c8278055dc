//! `opsctl tenant provision`: what every tenant has, put into its cluster and kept as the master has it.

mod render;

use std::{cell::Cell, fs, io::Read, path::Path, time::Duration, time::Instant};

use clap_complete::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter};
use opsctl::{
    Error, Exit, Kind, Result,
    journal::Entry,
    tenants::{
        provision::{
            self, Asker, Ground, Item, Masters, Outcome, Patience, Report, Request, Scope, Selection, Step,
        },
        taxonomies::{self, FILE_LIMIT},
    },
};
use serde_json::{Value, json};

use self::render::COLUMNS;
use crate::{
    actor,
    app::App,
    cli::{parse_duration, told},
    complete,
    number::number,
    record::{Account, recorded_unless},
    safety::{self, Class},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERB: Verb = Verb {
    words: "tenant provision",
    class: Class::Routine,
    destructive_with: Some("--take-over"),
    examples: &[
        Example { what: "what a run would do", line: "tenant provision --cluster ap-1 --dry-run" },
        Example {
            what: "finish what failed, was stopped or was killed",
            line: "tenant provision --all-failed",
        },
        Example {
            what: "bring the taxonomies of all tenants of a cluster up to date",
            line: "tenant provision --cluster ap-1 --only taxonomies",
        },
    ],
    prints: Prints::Verdict(&COLUMNS),
    reads: &[Topic::Context, Topic::Database, Topic::Journal],
    exits: &[
        (Exit::Failed, "no tenant could be provisioned"),
        (Exit::Partial, "some tenants were provisioned, others were not"),
        (Exit::Refused, "the cluster is offline or read-only, or the tenant is archived"),
        (
            Exit::Config,
            "pending migrations, a missing table or right, wrong credentials, an unclear registration",
        ),
        (Exit::Unreachable, ""),
        (Exit::Locked, "another run is at work on the tenant; it is named"),
        (Exit::NotFound, "no such tenant or cluster"),
    ],
    artisan: &[],
};

/// A run that says nothing for this long is taken over at the soonest: it says that it is at work every 5 s.
const LEAST_STALE: Duration = Duration::from_secs(15);
/// Tenants whose failure is told one by one.
const TOLD: usize = 20;
/// Time between two lines that say how far it is.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Provision tenants: roles, taxonomies, the owner's membership
///
/// Puts into each tenant's cluster what every tenant has, and brings what is there up to date with
/// the master. A run is recorded in the central database first; its steps are probe, migrations (none
/// may be pending), roles, taxonomies, owner and verify. Each is idempotent: rows that are as the
/// master has them are not written, rows that the tenant edited are skipped, and a run that was killed
/// anywhere is finished by the next one. One run at a time works on a tenant; another one says who it
/// is.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true).args(["tenants", "all_failed", "cluster"])))]
pub struct Args {
    /// Tenants, by slug or id
    #[arg(value_name = "TENANT", add = ArgValueCandidates::new(complete::tenants))]
    tenants: Vec<String>,
    /// Tenants whose provisioning failed, was stopped, or was killed; one that is at work is told, and left
    #[arg(long, conflicts_with = "tenants")]
    all_failed: bool,
    /// Only tenants on this cluster; alone, all of them
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(complete::clusters))]
    cluster: Option<String>,
    /// Only these: roles, taxonomies, owner. The checks around them are always made
    #[arg(
        long,
        value_name = "PROVISIONER",
        value_delimiter = ',',
        value_parser = told::<Step>,
        add = ArgValueCandidates::new(provisioners)
    )]
    only: Vec<Step>,
    /// Take the taxonomies from a CSV file instead of the master; rows that it lacks are left alone
    #[arg(long, value_name = "FILE", add = ArgValueCompleter::new(PathCompleter::file()))]
    from: Option<std::path::PathBuf>,
    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Tenants at work at once, 1 to 64
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 8, value_parser = number(1, 64))]
    parallel: u32,
    /// Take over a run that has said nothing for this long, 15s at the least
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = parse_stale)]
    stale_after: Duration,
    /// Take tenants over from live runs at once: those stop before their next step
    #[arg(long, conflicts_with = "dry_run")]
    take_over: bool,
}

fn provisioners() -> Vec<CompletionCandidate> {
    Step::PROVISIONERS.iter().map(|step| CompletionCandidate::new(step.name())).collect()
}

fn parse_stale(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text)?;
    if time < LEAST_STALE {
        return Err(format!(
            "a run says every 5 s that it is at work; `{}s` is the least",
            LEAST_STALE.as_secs()
        ));
    }
    Ok(time)
}

impl Account for Report {
    fn counts(&self) -> Value {
        json!(self.counts)
    }

    fn error(&self) -> Option<&Error> {
        self.stopped().or_else(|| self.items.iter().find_map(Item::failure))
    }
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let class = if args.take_over { Class::Destructive } else { Class::Routine };
    let scope = scope(args)?;
    let masters = args.from.as_deref().map(|file| of_file(app, file)).transpose()?;
    safety::allow(app, class, "take tenants over from runs that may be at work on them", args.dry_run)
        .await?;
    let (central, tenants, fleet) = app.cancel.guard(places(app)).await?;
    if let Some(name) = &args.cluster {
        fleet.cluster(name)?;
    }
    if !args.dry_run {
        app.cancel.guard(app.require_writable()).await?;
    }
    let selection =
        Selection { names: args.tenants.clone(), all_failed: args.all_failed, cluster: args.cluster.clone() };
    let selected = app.cancel.guard(provision::select(&tenants, central, &selection)).await?;
    let masters = match masters {
        Some(masters) => masters,
        None if !scope.has(Step::Taxonomies) => Masters::default(),
        None => Masters { rows: app.cancel.guard(taxonomies::master(central)).await?, whole: true },
    };
    let request = Request {
        scope,
        dry_run: args.dry_run,
        asker: asker(app),
        patience: Patience { stale_after: args.stale_after, take_over: args.take_over },
        masters,
        parallel: args.parallel as usize,
    };
    let ground = Ground { central, registered: &tenants, fleet: &fleet, clock: app.clock };
    let far = Far::new(app, selected.tenants.len());
    let work = async |_: &Entry| {
        provision::provision(ground, &selected, &request, &app.cancel, |item| far.ended(item)).await
    };
    let report = recorded_unless(args.dry_run, app, class, "tenant provision", work).await?;
    finish(app, &report)
}

/// What `--only` names, which a file of taxonomies is for.
fn scope(args: &Args) -> Result<Scope> {
    let scope = Scope::of(&args.only);
    if args.from.is_none() || scope.has(Step::Taxonomies) {
        return Ok(scope);
    }
    let only = scope.text().unwrap_or_default();
    Err(Error::usage(format!("`--from` gives taxonomies, and `--only {only}` leaves them out"))
        .hint(format!("with them: `--only {only},taxonomies`")))
}

/// The central database, the tenants' registry, the clusters.
async fn places(app: &App) -> Result<(&opsctl::db::Db, opsctl::fleet::Tenants<'_>, opsctl::fleet::Fleet)> {
    let central = app.db().await?;
    Ok((central, super::tenants(app).await?, app.fleet().await?))
}

/// Taxonomies of a file: a part of what tenants have, so that nothing counts as removed.
fn of_file(app: &App, file: &Path) -> Result<Masters> {
    let name = file.display().to_string();
    let cannot = |error: std::io::Error| {
        let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed };
        Error::new(kind, format!("`{name}` cannot be read: nothing was changed")).because(error)
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(app.cwd.join(file)).map_err(cannot)?;
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(Masters { rows: taxonomies::of_file(&bytes, &name)?, whole: false })
}

fn asker(app: &App) -> Asker {
    let actor = actor::actor(&app.environment);
    Asker { user: actor.user, host: actor.host, pid: std::process::id(), is_gone }
}

/// Whether no process of this host has this number.
fn is_gone(pid: u32) -> bool {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, test_kill_process};
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        pid.is_some_and(|pid| test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
    }
    #[cfg(not(unix))]
    {
        let _ = pid;
        false
    }
}

/// How far it is, every ten seconds.
struct Far<'a> {
    app: &'a App,
    all: usize,
    done: Cell<usize>,
    told: Cell<Instant>,
}

impl<'a> Far<'a> {
    fn new(app: &'a App, all: usize) -> Self {
        Self { app, all, done: Cell::new(0), told: Cell::new(Instant::now()) }
    }

    fn ended(&self, item: &Item) {
        self.done.set(self.done.get() + 1);
        if self.told.get().elapsed() >= LINE_EVERY {
            self.told.set(Instant::now());
            let (done, all) = (self.done.get(), self.all);
            self.app.ui.note(&format!("{done} of {all} tenants, the last was `{}`.", item.tenant));
        }
    }
}

/// Shows the report; what failed comes last, tenant by tenant.
fn finish(app: &App, report: &Report) -> Result<Exit> {
    if app.ui.wants_reports() {
        app.ui.emit(&render::view(app, report)?)?;
    }
    for (text, tenants) in render::warnings(report) {
        app.ui.warning(&format!("{tenants}: {text}"));
    }
    app.ui.note(&render::summary(report));
    if let Some(error) = report.stopped() {
        app.ui.error(error);
        return Ok(report.exit());
    }
    let failures: Vec<&Item> = report.items.iter().filter(|item| item.failure().is_some()).collect();
    for item in failures.iter().take(TOLD) {
        app.ui.error(&render::failure(item));
    }
    if failures.len() > TOLD {
        app.ui.note(&format!(
            "And {} more: `opsctl tenant list --provisioning failed`.",
            failures.len() - TOLD
        ));
    }
    if failures.iter().any(|item| matches!(item.outcome, Outcome::Failed | Outcome::Partial)) {
        app.ui.hint("when that is mended: `opsctl tenant provision --all-failed`");
    }
    Ok(report.exit())
}
