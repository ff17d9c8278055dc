//! `opsctl clusters probe`: how every cluster stands, stage by stage. The report comes out whatever happens; keeping it
//! is an extra that may fail.

pub mod render;

use std::time::{Duration, Instant};

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, Exit, Result,
    clusters::probe::{self, LeftOut, Limits, Probe, Report, Request, Verdict},
    config::clusters::Role,
    db::Db,
    fleet::{Bounds, Cluster, Fleet},
};

use crate::{
    app::App,
    cli::parse_duration,
    complete,
    safety::Class,
    ui,
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// Longest time that keeping the results may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time for all, where nobody says otherwise.
const WITHIN: Duration = Duration::from_secs(30);

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "clusters probe",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "how does every cluster stand, and what is to be done", line: "clusters probe" },
        Example { what: "with the time of every stage", line: "clusters probe -o wide" },
        Example { what: "what the last probes found; connects to no cluster", line: "clusters probe --last" },
        Example {
            what: "only the application's role, a stricter limit",
            line: "clusters probe --roles app --max-lag 5s",
        },
    ],
    prints: Prints::Verdict(&render::COLUMNS),
    reads: &[Topic::Context, Topic::Database],
    exits: &[
        (Exit::Done, "every cluster is well"),
        (Exit::Failed, "a server refused a question"),
        (
            Exit::Findings,
            "a cluster is degraded: migrations, unprotected tables, its role, its lag, its connections; or was never probed",
        ),
        (Exit::Config, "a registration, a credential, a database or a right is missing"),
        (Exit::Unreachable, "a cluster is unreachable, or has no connection left; the others are shown"),
        (Exit::NotFound, "there is no such cluster"),
    ],
    artisan: &[],
};

/// Look at every cluster: can it be reached, does it let us in, is its schema up to date, are tenants kept apart
///
/// Seven stages: config (the registration), resolve (the address), connect, auth (every role with a
/// credential of its own), query (version, the role's attributes, replication, connections), schema
/// (migrations), isolation (tenant tables without row-level security). All clusters at once; one that
/// does not answer costs nobody else anything. Clusters that are offline or retired are left out unless
/// they are named. Nothing is changed but the table of results, opsctl_cluster_probes in the central
/// database, where the newest 50 of each cluster are kept.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only these clusters
    #[arg(value_name = "NAME", add = Names::new(complete::clusters))]
    names: Vec<String>,
    /// Roles that must be able to log in, where they have credentials of their own; the first one asks
    #[arg(
        long,
        value_name = "ROLES",
        value_delimiter = ',',
        value_enum,
        default_value = "app,operator,owner"
    )]
    roles: Vec<Login>,
    /// Time that a replica may be behind
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    max_lag: Duration,
    /// Connections that may be used, in percent of the limit
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100), default_value = "90")]
    max_connections: u8,
    /// Time for one cluster; `--timeout` is that for all [default for all: 30s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "10s")]
    each: Duration,
    /// Clusters at once; at most 16 of one host
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), default_value = "32")]
    parallel: u16,
    /// Show the last results and connect to no cluster
    #[arg(long)]
    last: bool,
}

/// A role of a cluster, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Login {
    /// The application's own.
    App,
    /// May work across tenants.
    Operator,
    /// Owns the tables.
    Owner,
}

impl From<Login> for Role {
    fn from(login: Login) -> Self {
        match login {
            Login::App => Role::App,
            Login::Operator => Role::Operator,
            Login::Owner => Role::Owner,
        }
    }
}

impl Args {
    fn request(&self, app: &App) -> Request {
        let wanted: Vec<Role> = self.roles.iter().copied().map(Role::from).collect();
        let bounds = Bounds::default();
        Request {
            roles: Role::ALL.into_iter().filter(|role| wanted.contains(role)).collect(),
            limits: Limits { max_lag: self.max_lag, max_connections: self.max_connections },
            each: self.each,
            within: app.global.timeout.unwrap_or(WITHIN),
            bounds: Bounds {
                total: self.parallel.into(),
                per_host: bounds.per_host.min(self.parallel.into()),
            },
            clock: app.clock,
        }
    }
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let fleet = app.cancel.guard(app.fleet()).await?;
    let clusters = fleet.select(&args.names)?;
    let left_out = if args.names.is_empty() { left_out(&fleet) } else { Vec::new() };
    if args.last {
        return app.cancel.guard(last(app, &clusters, left_out)).await;
    }
    let started = Instant::now();
    let probes = probe::probe(&clusters, &args.request(app), &app.cancel, |_| ()).await;
    let report = Report { clusters: probes, left_out };
    app.ui.emit(&render::view(app, &report)?)?;
    tell(app, &report);
    app.ui.note(&render::conclusion(&report, started.elapsed()));
    keep(app, &report.clusters).await;
    Ok(report.exit())
}

fn left_out(fleet: &Fleet) -> Vec<LeftOut> {
    let out = fleet.clusters.iter().filter(|cluster| !cluster.status.is_up());
    out.map(|cluster| LeftOut { cluster: cluster.name.clone(), status: cluster.status }).collect()
}

/// What is wrong, each with what to do; for a monitoring system all in one line.
fn tell(app: &App, report: &Report) {
    if app.ui.format == ui::Format::Nagios {
        if report.clusters.is_empty() {
            app.ui.verdict(ui::Status::Unknown);
            return app.ui.says("no cluster was probed: none is registered and up");
        }
        app.ui.verdict(match () {
            () if report.count(Verdict::Failed) > 0 => ui::Status::Critical,
            () if report.count(Verdict::Degraded) > 0 => ui::Status::Warning,
            () => ui::Status::Ok,
        });
        app.ui.says(&render::sentence(report));
        return;
    }
    for probe in &report.clusters {
        let cluster = format!("cluster `{}`", probe.cluster);
        for (stage, finding) in probe.findings() {
            let what = match stage {
                Some(stage) => format!("{cluster} failed at {}", stage.name()),
                None => format!("{cluster} was not probed"),
            };
            match finding.kind {
                Some(_) => app.ui.error(&finding.error().during(what)),
                None => app.ui.warn_of(&cluster, &finding.error()),
            }
        }
    }
    for out in &report.left_out {
        app.ui.note(&format!("Left out: {}, which is {}.", out.cluster, out.status));
    }
}

/// Keeps the results. Where that cannot be done, it costs a word and nothing else.
async fn keep(app: &App, probes: &[Probe]) {
    let central = match app.central().await {
        Ok(Some(central)) => central,
        Ok(None) => return app.ui.note("The results are not kept: no central database is configured."),
        Err(error) => return app.ui.warn_of("the results are not kept", &error),
    };
    match tokio::time::timeout(PATIENCE, probe::keep(central, app.run(), probes)).await {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) => {
            app.ui.note(&format!(
                "The results are not kept: {} has no table for them; `opsctl db migrate` adds it.",
                central.target()
            ));
        }
        Ok(Err(error)) => app.ui.warn_of("the results are not kept", &error),
        Err(_) => app.ui.warning("the results are not kept: the central database took too long"),
    }
}

/// The last results, as they were kept.
async fn last(app: &App, clusters: &[&Cluster], left_out: Vec<LeftOut>) -> Result<Exit> {
    let central = kept_in(app).await?;
    let kept = probe::last(central).await?.ok_or_else(|| {
        Error::config(format!("{} has no table opsctl_cluster_probes", central.target()))
            .hint("add opsctl's tables beside the application's: `opsctl db migrate`")
    })?;
    let is_meant = |probe: &Probe| clusters.iter().any(|cluster| cluster.name == probe.cluster);
    let report = Report { clusters: kept.into_iter().filter(is_meant).collect(), left_out };
    app.ui.emit(&render::view(app, &report)?)?;
    tell(app, &report);
    let known = |cluster: &&&Cluster| report.clusters.iter().all(|probe| probe.cluster != cluster.name);
    let never: Vec<&str> = clusters.iter().filter(known).map(|cluster| cluster.name.as_str()).collect();
    if never.is_empty() {
        return Ok(report.exit());
    }
    app.ui.note(&format!("Never probed: {}.", never.join(", ")));
    app.ui.hint("probe them: `opsctl clusters probe`");
    Ok(report.exit().worst(Exit::Findings))
}

async fn kept_in(app: &App) -> Result<&Db> {
    app.central().await?.ok_or_else(|| {
        Error::config("no central database is configured, so no results are kept")
            .hint("name one in the opsctl.toml: `[database]`")
    })
}
