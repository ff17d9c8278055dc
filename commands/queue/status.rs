//! `opsctl queue status`: how the queues stand.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, Exit, Result,
    config::queues::QueueDriver,
    laravel::horizon::{self, Horizon},
    queue::{self, Line, Sample, Summary},
    redis::Redis,
};
use serde_json::json;

use super::{READS, named};
use crate::{
    app::App,
    cli::parse_duration,
    complete,
    safety::Class,
    ui::{Cell, Column, Table, Tone, View},
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "queue status",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "what waits, what is stuck, how old is it?", line: "queue status" },
        Example {
            what: "does it grow or empty? two samples, a second apart",
            line: "queue status --sample 1s",
        },
        Example {
            what: "for a monitoring system: a queue with 1,000 jobs or more is a finding",
            line: "queue status --queue default --max 1000 -o nagios",
        },
    ],
    prints: Prints::Verdict(&COLUMNS),
    reads: READS,
    exits: &[
        (Exit::Findings, "a queue holds as many jobs as --max, or more"),
        (Exit::Config, ""),
        (Exit::Unreachable, ""),
        (Exit::Partial, "a queue cannot be read, others are shown"),
        (Exit::NotFound, "no such queue: it holds no jobs, and none of its jobs has failed"),
    ],
    artisan: &[Artisan {
        command: "queue:monitor",
        with: None,
        ignores: &[],
        difference: "nothing is too long without `--max`, and what is ends with 3",
    }],
};

/// One queue in a row.
pub const COLUMNS: [Column; 9] = [
    Column::left("queue"),
    Column::right("ready"),
    Column::right("delayed"),
    Column::right("reserved"),
    Column::right("stuck"),
    Column::left("oldest"),
    Column::right("per_minute"),
    Column::left("paused"),
    Column::left("connection").wide_only(),
];

/// Count the jobs of the queues: ready, delayed, reserved, stuck, and how old the oldest is
///
/// A job is stuck when the time of the worker that has it is over (retry_after): the next worker takes
/// it. A delayed job that is due counts as ready. Nothing is taken from a queue.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Queues, of another connection as `CONNECTION:QUEUE` [default: those that hold jobs]
    #[arg(value_name = "QUEUE", value_delimiter = ',', add = Names::new(complete::queues))]
    queues: Vec<String>,
    /// Likewise
    #[arg(long = "queue", value_name = "NAMES", value_delimiter = ',', add = Names::new(complete::queues))]
    more: Vec<String>,
    /// The queue connection [default: the application's]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Count twice, so far apart, and tell how many more jobs there are per minute
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    sample: Option<Duration>,
    /// A queue with so many jobs, wherever they lie, is a finding; one that nobody knows is empty
    #[arg(long, value_name = "N")]
    max: Option<u64>,
    /// Count again every so many seconds, until Ctrl-C or --timeout; a terminal is redrawn
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5", value_parser = clap::value_parser!(u16).range(1..=3600))]
    watch: Option<u16>,
}

/// What was counted, and when.
struct Round {
    lines: Vec<Line>,
    /// Why other queues have no line.
    unread: Vec<Error>,
    /// Prefixes of other queues, where ours has none.
    elsewhere: Vec<String>,
    /// Whether one of the connections is on Redis.
    on_redis: bool,
    at: Instant,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let mut before = match args.sample {
        Some(pause) => {
            let first = count(app, args).await?;
            app.cancel.sleep(pause).await?;
            Some(first)
        }
        None => None,
    };
    let Some(seconds) = args.watch else { return Ok(once(app, args, before.as_ref()).await?.1) };
    loop {
        app.ui.redraw()?;
        match once(app, args, before.as_ref()).await {
            Ok((round, _)) => before = Some(round),
            // Who watches wants to see it come back.
            Err(error) if before.is_some() => app.ui.error(&error),
            Err(error) => return Err(error),
        }
        if app.ui.reader_left() {
            return Ok(Exit::Done);
        }
        let now = app.ui.zone.show(app.clock.now());
        app.ui.note(&format!("{now}, again every {seconds} s; Ctrl-C ends it.\n"));
        app.cancel.sleep(Duration::from_secs(seconds.into())).await?;
    }
}

async fn once(app: &App, args: &Args, before: Option<&Round>) -> Result<(Round, Exit)> {
    let mut round = count(app, args).await?;
    if let Some(before) = before {
        queue::grown(&mut round.lines, &before.lines, round.at - before.at);
    }
    let mut summary = Summary::of(&round.lines, args.max);
    if round.on_redis {
        summary.horizon = horizon(app).await;
    }
    let over = summary.over;
    app.ui.emit(&view(app, &round.lines, &summary)?)?;
    tell(app, args, &round, &summary);
    let exit = match over {
        _ if !round.unread.is_empty() => Exit::Partial,
        0 => Exit::Done,
        _ => Exit::Findings,
    };
    Ok((round, exit))
}

/// The queues that were asked for, by their connections; none means all of that connection.
fn wanted(args: &Args) -> BTreeMap<Option<String>, Vec<String>> {
    let mut wanted = BTreeMap::new();
    for name in args.queues.iter().chain(&args.more).map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let (connection, queue) = named::split(name, args.connection.as_deref());
        let queues: &mut Vec<String> = wanted.entry(connection.map(str::to_owned)).or_default();
        if !queues.iter().any(|known| known == queue) {
            queues.push(queue.to_owned());
        }
    }
    if wanted.is_empty() {
        wanted.insert(args.connection.clone(), Vec::new());
    }
    wanted
}

async fn count(app: &App, args: &Args) -> Result<Round> {
    let (mut lines, mut unread, mut elsewhere, mut on_redis) = (Vec::new(), Vec::new(), Vec::new(), false);
    for (connection, mut queues) in wanted(args) {
        let place =
            named::open(app, connection.as_deref(), args.connection.is_none(), queues.first()).await?;
        if queues.is_empty() {
            queues = queue::names(&place).await?;
            complete::remember_queues(app, queues.iter().map(String::as_str));
            queues.extend(paused_ones(app, &place.connection.name).await);
            queues.sort();
            queues.dedup();
        } else if args.max.is_none() {
            let failed = app.failed_jobs().await.ok();
            for name in &queues {
                queue::known(&place, failed.as_ref(), name).await?;
            }
        }
        let Sample { lines: counted, unread: refused } = queue::sample(&place, &queues).await?;
        if counted.iter().all(|line| line.size() == 0) {
            elsewhere.extend(place.queues().elsewhere().await?);
        }
        on_redis |= matches!(place.connection.driver, QueueDriver::Redis(_));
        lines.extend(counted);
        unread.extend(refused);
    }
    if lines.is_empty()
        && let Some(error) = unread.pop()
    {
        return Err(error);
    }
    paused(app, &mut lines).await;
    Ok(Round { lines, unread, elsewhere, on_redis, at: Instant::now() })
}

/// Looks for Horizon. Where it cannot be asked for, nothing is said of it.
async fn horizon(app: &App) -> Option<Horizon> {
    let looking = async {
        let target = app.context()?.horizon(app.system().await?)?;
        horizon::find(&Redis::new(target)).await
    };
    looking.await.unwrap_or_else(|error| {
        tracing::debug!(%error, "Horizon could not be asked for");
        None
    })
}

/// Queues that are paused, whether they hold jobs or not. Where the cache cannot be asked, [`paused`] says so.
async fn paused_ones(app: &App, connection: &str) -> Vec<String> {
    let looking = async { queue::paused_queues(&app.values().await?, connection).await };
    looking.await.unwrap_or_default()
}

/// Looks for the signs to pause. A cache that does not answer hides them, and nothing else.
async fn paused(app: &App, lines: &mut [Line]) {
    let looking = async {
        let values = app.values().await?;
        let all = queue::is_paused(&values, queue::PAUSED_ALL).await?;
        for line in lines {
            let own = queue::paused(&line.connection, &line.queue);
            line.paused = Some(all || queue::is_paused(&values, &own).await?);
        }
        Ok::<_, Error>(())
    };
    if let Err(error) = looking.await {
        app.ui.warn_of("whether queues are paused is not known", &error);
    }
}

fn tell(app: &App, args: &Args, round: &Round, summary: &Summary) {
    let lines = &round.lines;
    let long = |line: &&Line| args.max.is_some_and(|max| line.size() >= max);
    if let Some(longest) = lines.iter().filter(long).max_by_key(|line| line.size()) {
        let others = match summary.over {
            1 => String::new(),
            over => format!(", and {} more queues are too long", over - 1),
        };
        app.ui.says(&format!("{} holds {} jobs{others}", longest.queue, longest.size()));
    }
    for line in lines.iter().filter(long) {
        app.ui.warning(&format!("queue `{}` holds {} jobs", line.queue, line.size()));
    }
    round.unread.iter().for_each(|error| app.ui.error(error));
    if let Some(horizon) = &summary.horizon {
        told_of_horizon(app, horizon);
    }
    if let Some(hint) = queue::prefix_hint(&round.elsewhere) {
        app.ui.warning("no queue holds jobs under the configured prefix");
        app.ui.hint(&hint);
    }
    match summary.stuck {
        0 => {}
        1 => app.ui.note("1 job is stuck: the time of its worker is over, and the next one takes it."),
        stuck => app.ui.note(&format!(
            "{stuck} jobs are stuck: the time of their workers is over, and the next ones take them."
        )),
    }
}

/// Whether somebody supervises the workers.
fn told_of_horizon(app: &App, horizon: &Horizon) {
    let Horizon { prefix, alive, masters, paused, seen_at } = horizon;
    if *alive == 0 {
        let seen = seen_at.map_or_else(|| "ever".to_owned(), |at| format!("since {}", app.ui.zone.show(at)));
        app.ui.warning(&format!("Horizon (`{prefix}`) has not said anything {seen}"));
        return;
    }
    let paused = if *paused > 0 { format!(", {paused} of them paused") } else { String::new() };
    app.ui.note(&format!("Horizon (`{prefix}`) is alive: {alive} of {masters} masters{paused}."));
}

fn view(app: &App, lines: &[Line], summary: &Summary) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    lines.iter().for_each(|line| table.row(cells(app, line)));
    Ok(View {
        command: VERB.words,
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(lines),
        summary: json!(summary),
        items: lines.iter().map(|line| json!(line)).collect(),
        table,
        text: None,
    })
}

fn cells(app: &App, line: &Line) -> [Cell; 9] {
    [
        Cell::new(&*line.queue),
        Cell::count(line.ready),
        Cell::count(line.delayed),
        Cell::count(line.reserved),
        if line.stuck > 0 { Cell::count(line.stuck).tone(Tone::Warn) } else { Cell::count(0) },
        Cell::time(line.oldest, app.clock.now(), app.ui.zone),
        grown(line.per_minute),
        match line.paused {
            Some(true) => Cell::new("paused").raw("true").tone(Tone::Warn),
            Some(false) => Cell::new("no").raw("false").tone(Tone::Dim),
            None => Cell::or_dash(None),
        },
        Cell::new(&*line.connection),
    ]
}

/// `+12.0`, `-3.5`; machines get no sign before what grows.
fn grown(more: Option<f64>) -> Cell {
    match more {
        Some(0.0) => Cell::new("0").tone(Tone::Dim),
        Some(more) => Cell::new(format!("{more:+.1}")).raw(format!("{more:.1}")),
        None => Cell::or_dash(None),
    }
}
