//! What a probe looks like: a row for each cluster, a table of the stages where there is only one.

use std::time::Duration;

use opsctl::{
    Result,
    clusters::probe::{Finding, Probe, Replication, Report, Schema, Server, Stage, State, Step, Verdict},
    isolation::Isolation,
};
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    ui::{Cell, Column, Table, Tone, View},
};

/// One cluster in a row.
pub const COLUMNS: [Column; 21] = [
    Column::left("cluster"),
    Column::left("verdict"),
    Column::left("stage"),
    Column::left("server"),
    Column::right("lag_s"),
    Column::right("connections"),
    Column::right("head"),
    Column::right("pending"),
    Column::right("unprotected"),
    Column::right("took_ms"),
    Column::left("finding").flexible(),
    Column::right("config").wide_only(),
    Column::right("resolve").wide_only(),
    Column::right("connect").wide_only(),
    Column::right("auth").wide_only(),
    Column::right("query").wide_only(),
    Column::right("schema").wide_only(),
    Column::right("isolation").wide_only(),
    Column::left("region").wide_only(),
    Column::left("probed_at").wide_only(),
    Column::left("address").wide_only(),
];

/// The summary of `clusters probe`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeSummary {
    /// Clusters that were probed.
    clusters: usize,
    /// Those that are well.
    ok: usize,
    /// Those that work, and something is wrong.
    degraded: usize,
    /// Those of which a stage failed.
    failed: usize,
    /// Those that were left out: offline or retired.
    left_out: usize,
    /// Migrations that are pending on all of them.
    pending: u64,
    /// Tenant tables that are not protected on all of them.
    unprotected: usize,
    /// The time of the slowest, in milliseconds.
    slowest_ms: f64,
    /// The furthest that a replica is behind, in seconds, where that can be seen.
    lag_s: Option<f64>,
}

impl ProbeSummary {
    fn of(report: &Report) -> Self {
        let probes = &report.clusters;
        let schemas = probes.iter().filter_map(|probe| probe.schema.as_ref());
        let isolations = probes.iter().filter_map(|probe| probe.isolation.as_ref());
        Self {
            clusters: probes.len(),
            ok: report.count(Verdict::Ok),
            degraded: report.count(Verdict::Degraded),
            failed: report.count(Verdict::Failed),
            left_out: report.left_out.len(),
            pending: schemas.filter_map(|schema| schema.pending).map(u64::from).sum(),
            unprotected: isolations.map(|isolation| isolation.unprotected.len()).sum(),
            slowest_ms: probes.iter().map(|probe| probe.took_ms).fold(0.0, f64::max),
            lag_s: probes.iter().filter_map(|probe| replication(probe)?.lag_s).reduce(f64::max),
        }
    }
}

fn replication(probe: &Probe) -> Option<&Replication> {
    probe.server.as_ref()?.replication.as_ref()
}

/// The report for every format.
pub fn view(app: &App, report: &Report) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    for probe in &report.clusters {
        table.row(row(app, probe));
    }
    let text = match &report.clusters[..] {
        [probe] => Some(stages(probe).draw(app.ui.width(), app.ui.data_is_coloured())),
        _ => None,
    };
    Ok(View {
        command: "clusters probe",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(report),
        summary: json!(ProbeSummary::of(report)),
        items: report.clusters.iter().map(|probe| json!(probe)).collect(),
        table,
        text,
    })
}

fn row(app: &App, probe: &Probe) -> Vec<Cell> {
    let server = probe.server.as_ref();
    let lag = replication(probe).and_then(|replication| replication.lag_s).map(|lag| lag.to_string());
    let connections = server.and_then(|server| server.connections.as_ref());
    let schema = probe.schema.as_ref();
    let pending = schema.and_then(|schema| schema.pending).map(u64::from);
    let unprotected = probe.isolation.as_ref().map(|isolation| isolation.unprotected.len() as u64);
    let mut cells = vec![
        Cell::new(&*probe.cluster),
        Cell::new(probe.verdict.name()).tone(tone(probe.verdict)),
        Cell::or_dash(probe.stage.map(Stage::name)),
        Cell::or_dash(server.map(|server| server.version.as_str())),
        Cell::or_dash(lag.as_deref()),
        Cell::or_dash(connections.map(|c| format!("{}/{}", c.used, c.max)).as_deref()),
        Cell::or_dash(schema.and_then(|schema| schema.head.as_deref())),
        pending.map_or_else(|| Cell::or_dash(None), Cell::count),
        unprotected.map_or_else(|| Cell::or_dash(None), Cell::count),
        Cell::new(time(probe.took_ms)),
        Cell::or_dash(probe.findings().next().map(|(_, finding)| finding.line()).as_deref()),
    ];
    cells.extend(Stage::ALL.map(|stage| {
        let step = probe.steps.iter().find(|step| step.stage == stage);
        step.map_or_else(|| Cell::or_dash(None), duration)
    }));
    cells.push(Cell::or_dash(probe.region.as_deref()));
    cells.push(Cell::time(Some(probe.probed_at), app.clock.now(), app.ui.zone));
    cells.push(Cell::new(&*probe.address));
    cells
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Ok => Tone::Good,
        Verdict::Degraded => Tone::Warn,
        Verdict::Failed => Tone::Bad,
    }
}

/// Milliseconds, to a tenth below ten.
fn time(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}

/// The time of a stage, or where it is part of another's.
fn duration(step: &Step) -> Cell {
    let cell = match (step.ms, step.timed_with) {
        (Some(ms), _) => Cell::new(time(ms)).raw(ms.to_string()),
        (None, Some(with)) => Cell::new(format!("in {}", with.name())).raw("").tone(Tone::Dim),
        (None, None) => Cell::or_dash(None),
    };
    match step.state {
        State::Failed => Cell { text: format!("failed {}", cell.text), ..cell }.tone(Tone::Bad),
        _ => cell,
    }
}

/// The stages of one cluster.
fn stages(probe: &Probe) -> Table {
    let columns =
        [Column::left("stage"), Column::left("state"), Column::right("ms"), Column::left("found").flexible()];
    let mut table = Table::new(columns);
    for step in &probe.steps {
        let tone = match step.state {
            State::Ok => Tone::Good,
            State::Skipped => Tone::Dim,
            State::Degraded => Tone::Warn,
            State::Failed => Tone::Bad,
        };
        let ms = match (step.ms, step.timed_with) {
            (Some(ms), _) => Cell::new(time(ms)),
            (None, Some(with)) => Cell::new(format!("in {}", with.name())).tone(Tone::Dim),
            (None, None) => Cell::or_dash(None),
        };
        table.row([
            Cell::new(step.stage.name()),
            Cell::new(step.state.name()).tone(tone),
            ms,
            Cell::or_dash(Some(&found(probe, step))),
        ]);
    }
    table
}

/// What a stage found: what is wrong, what it learnt, what is worth knowing.
fn found(probe: &Probe, step: &Step) -> String {
    let mut parts: Vec<String> = step.findings.iter().map(Finding::line).collect();
    parts.extend(match step.stage {
        Stage::Config | Stage::Resolve | Stage::Connect => None,
        _ if step.state == State::Skipped => None,
        Stage::Auth => probe.server.as_ref().map(|server| format!("as `{}`", server.login.user)),
        Stage::Query => probe.server.as_ref().map(server),
        Stage::Schema => probe.schema.as_ref().and_then(schema),
        Stage::Isolation => isolation(probe),
    });
    parts.extend(step.notes.iter().cloned());
    if let Some(stage) = step.skipped_for {
        parts.push(format!("{} failed", stage.name()));
    }
    parts.join("; ")
}

fn server(server: &Server) -> String {
    let mut parts = vec![server.version.clone()];
    if let Some(c) = &server.connections {
        parts.push(format!("{} of {} connections of the {}", c.used, c.max, c.of));
    }
    if let Some(replication) = &server.replication {
        let lag = replication.lag_s.map(|lag| format!(", {lag} s behind")).unwrap_or_default();
        match (replication.is_replica, replication.replicas) {
            (true, _) => parts.push(format!("a replica{lag}")),
            (false, Some(count @ 1..)) => parts.push(format!("replicas: {count}{lag}")),
            (false, _) => {}
        }
    }
    parts.join(", ")
}

fn schema(schema: &Schema) -> Option<String> {
    let head = schema.head.as_ref().filter(|_| schema.tool.is_none())?;
    Some(format!("the last is {head}"))
}

fn isolation(probe: &Probe) -> Option<String> {
    let isolation = probe.isolation.as_ref()?;
    let is_whole = isolation.enforced == Isolation::RowLevelSecurity && isolation.unprotected.is_empty();
    is_whole.then(|| "every tenant table has row-level security".to_owned())
}

/// `5 clusters probed in 0.12 s: 3 ok, 1 degraded, 1 failed.`
pub fn conclusion(report: &Report, took: Duration) -> String {
    let counts = counts(report);
    let clusters = report.clusters.len();
    let noun = if clusters == 1 { "cluster" } else { "clusters" };
    format!("{clusters} {noun} probed in {:.2} s: {counts}.", took.as_secs_f64())
}

fn counts(report: &Report) -> String {
    let some = |verdict: &Verdict| {
        let count = report.count(*verdict);
        (count > 0).then(|| format!("{count} {}", verdict.name()))
    };
    let told: Vec<String> = Verdict::ALL.iter().filter_map(some).collect();
    if told.is_empty() { "none".into() } else { told.join(", ") }
}

/// For a monitoring system: the counts, then who is not well and why, the gravest first.
pub fn sentence(report: &Report) -> String {
    let mut wrong: Vec<&Probe> =
        report.clusters.iter().filter(|probe| probe.verdict != Verdict::Ok).collect();
    wrong.sort_by_key(|probe| std::cmp::Reverse(probe.verdict));
    let told = wrong.iter().map(|probe| {
        let why = probe.findings().next().map(|(_, finding)| finding.line()).unwrap_or_default();
        let stage = probe.stage.map(|stage| format!(" at {}", stage.name())).unwrap_or_default();
        format!("{} {}{stage}: {why}", probe.cluster, probe.verdict.name())
    });
    std::iter::once(counts(report)).chain(told).collect::<Vec<_>>().join("; ")
}
