//! `opsctl locks list`: the locks that are held, and who needs them.

use opsctl::{
    Exit, Result,
    locks::{self, Found, Lock, State, Summary},
};
use serde_json::json;

use super::{
    FilterArgs, counted,
    places::{PlaceArgs, Places},
};
use crate::{
    app::App,
    number::number,
    safety::Class,
    ui::{Cell, Column, Table, Tone, View},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// Prefixes of others' locks that are named.
const PREFIXES: usize = 3;

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "locks list",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "who holds what, until when, and who needs it", line: "locks list" },
        Example { what: "what a dead worker has left", line: "locks list --stale" },
        Example {
            what: "the schedule's, with everything that is known",
            line: "locks list --kind schedule,one-server -o wide",
        },
    ],
    prints: Prints::List(&COLUMNS),
    reads: &[Topic::Context, Topic::Database, Topic::Redis, Topic::Locks, Topic::Limits, Topic::Journal],
    exits: &[
        (Exit::Config, "no store of locks, one that other hosts do not see, or no table of it"),
        (Exit::Unreachable, ""),
    ],
    artisan: &[],
};

/// One lock in a row.
pub const COLUMNS: [Column; 9] = [
    Column::left("name").down_to(30),
    Column::left("kind"),
    Column::left("state"),
    Column::left("since"),
    Column::left("until"),
    Column::left("owner"),
    Column::left("affects").flexible(),
    Column::left("about").flexible(),
    Column::left("store").wide_only(),
];

/// Show the cache locks: what each is for, who holds it, until when, and who needs it
///
/// Each lock is compared with the jobs of the queues and with the runs that are known here. `live`: a job
/// or a run needs it. `stale`: nobody does. `expired`: its row lies there, and holds nothing. `unclear`:
/// that cannot be seen. Times since when are told only of kinds whose full time is always the same. Cache
/// values and queues that lie beside the locks are left out.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    places: PlaceArgs,
    /// At most so many locks
    #[arg(long, value_name = "N", default_value = "1000", value_parser = number(1, 100_000))]
    limit: u32,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let places = Places::open(app, &args.places).await?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let found = locks::find(&places.find()).await?.filtered(&args.filter.filter(), limit);
    app.ui.emit(&view(app, &found)?)?;
    app.ui.note(&told(&found.summary, &places.addresses(), args.filter.is_empty()));
    warn(app, &found);
    Ok(Exit::Done)
}

fn told(summary: &Summary, places: &str, all: bool) -> String {
    let parts = [
        (summary.live, State::Live),
        (summary.unclear, State::Unclear),
        (summary.stale, State::Stale),
        (summary.expired, State::Expired),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {}", state.name()))
        .collect();
    match (summary.shown, summary.found) {
        (0, 0) => format!("There are no locks in {places}."),
        (0, found) => format!("No locks match; {} lie in {places}.", counted(found)),
        (shown, _) if summary.more => {
            format!("The first {}: {}; `--limit` shows more.", counted(shown), parts.join(", "))
        }
        (shown, found) if !all && shown < found => {
            format!("{shown} of {}: {}.", counted(found), parts.join(", "))
        }
        (shown, _) => format!("{}: {}.", counted(shown), parts.join(", ")),
    }
}

/// What the reader should know beside the list.
pub fn warn(app: &App, found: &Found) {
    let left = found.locks.iter().filter(|lock| lock.no_expiry && lock.state == State::Stale).count();
    if left > 0 {
        let (has, them) = if left == 1 { ("has", "it") } else { ("have", "them") };
        app.ui.warning(&format!(
            "{} {has} no end, and nobody is there to give {them} back: what {them} keeps out, stays out",
            counted(left)
        ));
        app.ui.hint(&format!("clear {them}: `opsctl locks clear --stale --no-expiry`"));
    }
    for problem in &found.summary.problems {
        app.ui.warning(&format!("whether jobs need a lock cannot be seen: {problem}"));
    }
    let prefixes = &found.summary.other_prefixes;
    if prefixes.is_empty() {
        return;
    }
    let named: Vec<String> = prefixes.iter().take(PREFIXES).map(|prefix| format!("`{prefix}`")).collect();
    let rest = if prefixes.len() > PREFIXES { " and others" } else { "" };
    let named = format!("{}{rest}", named.join(", "));
    match found.summary.found {
        0 => app.ui.hint(&format!(
            "there are locks under {named}: REDIS_PREFIX and CACHE_PREFIX are to be those of the application"
        )),
        _ => app.ui.note(&format!("Locks under {named} lie there too, and are not shown.")),
    }
}

fn view(app: &App, found: &Found) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    found.locks.iter().for_each(|lock| table.row(cells(app, lock)));
    Ok(View {
        command: VERB.words,
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(found.locks),
        summary: json!(found.summary),
        items: found.locks.iter().map(|lock| json!(lock)).collect(),
        table,
        text: None,
    })
}

/// How a state is coloured.
pub const fn tone(state: State) -> Tone {
    match state {
        State::Live => Tone::Good,
        State::Unclear => Tone::Plain,
        State::Stale => Tone::Warn,
        State::Expired => Tone::Dim,
    }
}

fn cells(app: &App, lock: &Lock) -> [Cell; 9] {
    let time = |at| Cell::time(at, lock.seen_at, app.ui.zone);
    [
        Cell::new(&*lock.name),
        Cell::new(lock.kind.name()),
        Cell::new(lock.state.name()).tone(tone(lock.state)),
        time(lock.since),
        match lock.no_expiry {
            true => Cell::new("never").raw("").tone(Tone::Warn),
            false => time(lock.until),
        },
        Cell::or_dash(lock.owner.as_deref()),
        Cell::new(&*lock.affects),
        Cell::new(&*lock.about),
        Cell::new(&*lock.store),
    ]
}
