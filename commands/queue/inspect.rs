//! `opsctl queue inspect`: what lies in a queue.

use std::time::Duration;

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, Exit, Result,
    laravel::{encrypter::Encrypter, queue::Part},
    queue::{self, Inspected, Job, JobFilter},
    text::pasted,
};
use serde_json::json;

use super::{READS, named};
use crate::{
    app::App,
    cli::parse_duration,
    complete,
    number::number,
    safety::Class,
    ui::{Cell, Column, Table, Tone, View},
    verb::{Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "queue inspect",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "what lies in the default queue", line: "queue inspect" },
        Example { what: "who has what, and since when", line: "queue inspect --part reserved -o wide" },
        Example {
            what: "jobs of a class that wait for more than ten minutes",
            line: "queue inspect --class ProcessWebhookEvent --older-than 10m",
        },
    ],
    prints: Prints::List(&COLUMNS),
    reads: READS,
    exits: &[
        (
            Exit::Config,
            "the queue cannot be honoured; with --decrypt, no key of the application opens a command",
        ),
        (Exit::Unreachable, ""),
        (Exit::NotFound, "no such queue, or no job of it has the id"),
    ],
    artisan: &[],
};

/// One job in a row.
pub const COLUMNS: [Column; 11] = [
    Column::left("uuid"),
    Column::left("class"),
    Column::left("part"),
    Column::right("attempts"),
    Column::left("pushed_at"),
    Column::left("until"),
    Column::left("problem").flexible(),
    Column::right("row").wide_only(),
    Column::right("max_tries").wide_only(),
    Column::right("bytes").wide_only(),
    Column::left("command").flexible().wide_only(),
];

/// Show the jobs of a queue without taking one: ready, delayed, reserved
///
/// A worker takes ready jobs in the order shown. What comes or goes meanwhile may be missed, or shown
/// twice. Payloads are shown as what they are: encrypted, unreadable, without a uuid. Encrypted commands
/// stay closed, unless --decrypt asks for them.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The queue, of another connection as `CONNECTION:QUEUE` [default: the connection's]
    #[arg(value_name = "QUEUE", add = Names::new(complete::queues))]
    queue: Option<String>,
    /// The queue connection [default: the application's]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Only jobs of this class: `App\Jobs\SendInvoice`, or `SendInvoice`
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Only the job of this uuid, id or row
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Only jobs that were pushed so long ago: `10m`, `2h`
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    older_than: Option<Duration>,
    /// Only these parts
    #[arg(long, value_name = "PART", value_delimiter = ',', value_enum)]
    part: Vec<PartArg>,
    /// Read encrypted commands with the application's keys, and show them: they may hold secrets
    #[arg(long)]
    decrypt: bool,
    /// At most so many jobs
    #[arg(long, value_name = "N", default_value = "50", value_parser = number(1, 10_000))]
    limit: u32,
}

/// Parts of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum PartArg {
    /// They may be taken.
    Ready,
    /// They are due later.
    Delayed,
    /// A worker has them, or had them.
    Reserved,
    /// A worker had them: its time is over.
    Stuck,
}

impl Args {
    fn filter(&self) -> JobFilter {
        let part = |part: &PartArg| match part {
            PartArg::Ready => Part::Ready,
            PartArg::Delayed => Part::Delayed,
            PartArg::Reserved | PartArg::Stuck => Part::Reserved,
        };
        JobFilter {
            class: self.class.clone(),
            id: self.id.as_deref().map(|id| pasted(id).to_owned()),
            older_than: self.older_than,
            parts: self.part.iter().map(part).collect(),
            stuck: self.part.contains(&PartArg::Stuck) && !self.part.contains(&PartArg::Reserved),
        }
    }
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let (place, name) = named::place(app, args.queue.as_deref(), args.connection.as_deref()).await?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let encrypter = match args.decrypt {
        true => Some(Encrypter::new(&app.context()?.keys()?)?),
        false => None,
    };
    let found = queue::inspect(&place, &name, &args.filter(), limit, encrypter.as_ref()).await?;
    if found.summary.looked_at == 0 {
        queue::known(&place, app.failed_jobs().await.ok().as_ref(), &name).await?;
    }
    app.ui.emit(&view(app, &found, args.decrypt)?)?;
    tell(app, &found);
    match found.summary.undeciphered {
        0 => Ok(Exit::Done),
        closed => Err(unopened(closed)),
    }
}

/// Whoever asks for what is inside, and does not get it, must not take that for an answer.
fn unopened(closed: u64) -> Error {
    let commands = if closed == 1 { "1 command".to_owned() } else { format!("{closed} commands") };
    Error::config(format!("{commands} could not be decrypted"))
        .because("another key encrypted it, or it was changed since")
        .hint("keys of the past are read from APP_PREVIOUS_KEYS, with commas between them")
}

fn tell(app: &App, found: &Inspected) {
    let summary = &found.summary;
    let queue = &summary.queue;
    app.ui.note(&match (summary.shown, summary.looked_at) {
        (0, 0) => format!("Queue `{queue}` of {} holds no such jobs.", summary.connection),
        (0, looked) => format!("No jobs match; {looked} of queue `{queue}` were looked at."),
        (shown, _) if summary.more => format!("The first {shown} jobs that match; `--limit` shows more."),
        (1, _) => format!("1 job of queue `{queue}`."),
        (shown, _) => format!("{shown} jobs of queue `{queue}`."),
    });
}

fn view(app: &App, found: &Inspected, decrypted: bool) -> Result<View> {
    // Who asks for the commands sees them without naming the column.
    let shown = |column: Column| match column.key {
        "command" => Column { wide: !decrypted, ..column },
        _ => column,
    };
    let mut table = Table::new(COLUMNS.map(shown));
    found.jobs.iter().for_each(|job| table.row(cells(app, job)));
    Ok(View {
        command: VERB.words,
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(found.jobs),
        summary: json!(found.summary),
        items: found.jobs.iter().map(|job| json!(job)).collect(),
        table,
        text: None,
    })
}

fn cells(app: &App, job: &Job) -> [Cell; 11] {
    let (now, zone) = (app.clock.now(), app.ui.zone);
    let number = |number: Option<i64>| Cell::or_dash(number.map(|number| number.to_string()).as_deref());
    let problem = match (&job.problem, job.encrypted) {
        (Some(problem), _) => Cell::new(&**problem).tone(Tone::Bad),
        (None, true) => Cell::new("encrypted").tone(Tone::Dim),
        (None, false) => Cell::or_dash(None),
    };
    [
        Cell::or_dash(job.uuid.as_deref()),
        Cell::or_dash(job.class.as_deref()),
        match (job.part, job.stuck) {
            (Part::Ready, _) => Cell::new("ready"),
            (Part::Delayed, _) => Cell::new("delayed"),
            (Part::Reserved, false) => Cell::new("reserved"),
            (Part::Reserved, true) => Cell::new("stuck").tone(Tone::Warn),
        },
        number(job.attempts),
        Cell::time(job.pushed_at, now, zone),
        Cell::time(job.until, now, zone),
        problem,
        number(job.row),
        number(job.max_tries),
        Cell::new(job.bytes.to_string()),
        Cell::or_dash(job.command.as_deref()),
    ]
}
