//! `opsctl redis`: the servers behind the application's connections, caches, queues and locks.

use chrono::{DateTime, SecondsFormat, Utc};
use opsctl::{
    Exit, Result,
    config::{System, redis::Role},
    redis::ping::{self, Facts, Node, Place, Report, Saved, ServerRole},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    safety::Class,
    ui::{Cell, Column, Table, Tone, View, ago},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// The servers, one in a row.
const SERVERS: [Column; 12] = [
    Column::left("address"),
    Column::left("roles").flexible(),
    Column::left("server"),
    Column::right("latency_ms"),
    Column::left("version"),
    Column::right("memory"),
    Column::right("maxmemory"),
    Column::left("policy"),
    Column::right("evicted"),
    Column::right("clients").wide_only(),
    Column::left("saved"),
    Column::left("prefix").wide_only(),
];

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] = &[Verb {
    words: "redis ping",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "is Redis well, and may it lose a lock?", line: "redis ping" },
        Example { what: "with prefixes and clients, nothing cut", line: "redis ping -o wide" },
        Example { what: "for a monitoring system, with its exit codes", line: "redis ping -o nagios" },
    ],
    prints: Prints::Verdict(&SERVERS),
    reads: &[Topic::Context, Topic::Redis, Topic::Locks],
    exits: &[
        (Exit::Done, "every server answers, and nothing is wrong with it"),
        (Exit::Findings, "locks or jobs may be evicted, a role lives on a replica, data was not saved"),
        (Exit::Config, ""),
        (Exit::Unreachable, "a server does not answer; the others are shown"),
    ],
    artisan: &[],
}];

/// The Redis servers of the application
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Ask the servers of all roles how they are
    ///
    /// For the connections that the application uses by default, for cache values, queues and locks: where they are,
    /// whether it is a master, how soon it answers, version, memory and what becomes of keys when it is used up,
    /// persistence, clients. Of a Sentinel set the master is asked, of a Cluster every node. Warns when locks or jobs
    /// may be evicted, when a role lives on a replica, and when the last save failed.
    Ping,
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::Ping => app.cancel.guard(ping(app)).await,
    }
}

async fn ping(app: &App) -> Result<Exit> {
    // Redis is asked also where the database cannot say which system's roles these are.
    let system = app.system().await.unwrap_or_else(|error| {
        app.ui
            .warn_of("the roles are those of plain Laravel: the tables of the system cannot be seen", &error);
        System::Laravel
    });
    let roles = app.context()?.redis_roles(system);
    if let Some(error) = roles[0].target.as_ref().err()
        && roles.iter().all(|role| role.target.as_ref().err() == Some(error))
    {
        return Err(error.clone());
    }
    let report = ping::ping(roles).await;
    app.ui.emit(&view(app, &report)?)?;
    if app.ui.is_human() {
        report.places.iter().filter_map(state).for_each(|line| app.ui.note(&line));
        report.places.iter().filter_map(unkept).for_each(|line| app.ui.note(&line));
        for finding in &report.findings {
            app.ui.warning(&finding.message);
            app.ui.hint(&finding.hint);
        }
    }
    report.errors().for_each(|error| app.ui.error(error));
    Ok(report.exit())
}

/// What a Sentinel set or a Cluster says, beside what its servers do.
fn state(place: &Place) -> Option<String> {
    if let Some(set) = &place.sentinel {
        return Some(format!(
            "{} of {} sentinels of `{}` answer; {} must agree on a new master; replicas: {}.",
            set.answering, set.sentinels, set.master, set.quorum, set.replicas
        ));
    }
    let cluster = place.cluster.as_ref()?;
    Some(format!(
        "The Cluster is {}: {} of 16384 slots assigned, {} masters with slots, {} nodes.",
        cluster.state, cluster.slots_assigned, cluster.size, cluster.known_nodes
    ))
}

/// What a place that keeps nothing on disk would lose.
fn unkept(place: &Place) -> Option<String> {
    let lost: Vec<&str> = place
        .unkept()
        .iter()
        .map(|role| match role {
            Role::Queue => "jobs of the queue",
            _ => "locks",
        })
        .collect();
    let (address, lost) = (&place.address, lost.join(" and "));
    (!lost.is_empty()).then(|| format!("{address} has no persistence: {lost} are gone when it stops."))
}

fn view(app: &App, report: &Report) -> Result<View> {
    let now = app.clock.now();
    let mut table = Table::new(SERVERS);
    for place in &report.places {
        if place.nodes.is_empty() {
            table.row(silent(place, &place.address));
        }
        for node in &place.nodes {
            table.row(match &node.facts {
                Some(facts) => cells(place, node, facts, now),
                None => silent(place, &node.address),
            });
        }
    }
    Ok(View {
        command: "redis ping",
        context: app.context()?.name.clone(),
        at: now,
        data: json!(report),
        summary: json!(PingSummary {
            findings: report.findings.len(),
            errors: report.errors().count(),
            places: report.places.len(),
        }),
        items: report.places.iter().map(|place| json!(place)).collect(),
        table,
        text: None,
    })
}

/// The summary of `redis ping`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PingSummary {
    /// What is wrong with servers that answer.
    findings: usize,
    /// What could not be asked.
    errors: usize,
    /// Servers, Sentinel sets and Clusters.
    places: usize,
}

/// `default/0 lock/3`: which roles, and in which databases.
fn roles(place: &Place) -> Cell {
    let roles = place.roles.iter().map(|here| format!("{}/{}", here.role.name(), here.database));
    Cell::new(roles.collect::<Vec<_>>().join(" "))
}

/// The row of a server that does not answer.
fn silent(place: &Place, address: &str) -> Vec<Cell> {
    let mut row = vec![Cell::new(address), roles(place), Cell::new("no answer").tone(Tone::Bad)];
    row.resize(11, Cell::or_dash(None));
    row.push(prefix(place));
    row
}

fn cells(place: &Place, node: &Node, facts: &Facts, now: DateTime<Utc>) -> Vec<Cell> {
    let server = match facts.role {
        ServerRole::Master => Cell::new("master").tone(Tone::Good),
        ServerRole::Replica => Cell::new("replica").tone(Tone::Warn),
    };
    #[allow(clippy::cast_precision_loss)] // a latency of more than a hundred years
    let latency = facts.latency_us as f64 / 1000.0;
    vec![
        Cell::new(&*node.address),
        roles(place),
        server,
        Cell::new(format!("{latency:.2}")).raw(format!("{latency:.3}")),
        Cell::new(&*facts.version),
        memory(facts.used_memory),
        if facts.maxmemory == 0 { Cell::or_dash(None) } else { memory(facts.maxmemory) },
        Cell::new(&*facts.maxmemory_policy),
        Cell::count(facts.evicted_keys),
        Cell::count(facts.connected_clients),
        saved(facts, now),
        prefix(place),
    ]
}

/// The prefix of the keys; each of them, where roles differ.
fn prefix(place: &Place) -> Cell {
    let mut prefixes: Vec<&str> = place.roles.iter().map(|here| here.prefix.as_str()).collect();
    prefixes.dedup();
    Cell::or_dash(Some(&prefixes.join(" ")))
}

/// Bytes, in the unit that leaves at most four digits.
fn memory(bytes: u64) -> Cell {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    #[allow(clippy::cast_precision_loss)] // it is rounded anyway
    let (mut rest, mut unit) = (bytes as f64, 0);
    while rest >= 1024.0 && unit + 1 < units.len() {
        rest /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && rest < 100.0);
    Cell::new(format!("{rest:.digits$} {}", units[unit])).raw(bytes.to_string())
}

/// Snapshots, and the append-only file where there is one.
fn saved(facts: &Facts, now: DateTime<Utc>) -> Cell {
    let at = facts.last_save.map_or_else(|| "not since its start".to_owned(), |at| ago(at, now));
    let text = match (facts.snapshot, facts.append_only) {
        (Saved::Off, Saved::Off) => "no persistence".to_owned(),
        (Saved::Off, also) => format!("append-only{}", failed(also)),
        (Saved::Failed, Saved::Off) => "failed".to_owned(),
        (Saved::Failed, also) => format!("failed, append-only{}", failed(also)),
        (_, Saved::Off) => at,
        (_, also) => format!("{at}, append-only{}", failed(also)),
    };
    let stamp = facts.last_save.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default();
    let also = match facts.append_only {
        Saved::Off => String::new(),
        also => format!(" append-only-{}", also.name()),
    };
    let cell = Cell::new(text).raw(format!("{} {stamp}{also}", facts.snapshot.name()));
    match facts.snapshot == Saved::Failed || facts.append_only == Saved::Failed {
        true => cell.tone(Tone::Bad),
        false => cell,
    }
}

fn failed(saved: Saved) -> &'static str {
    if saved == Saved::Failed { " failed" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (268_435_456, "256 MiB"),
            (1_073_741_824, "1.0 GiB"),
        ] {
            let cell = memory(bytes);
            assert_eq!((cell.text.as_str(), cell.raw), (text, bytes.to_string()));
        }
    }
}
