//! `opsctl queue failed`: what failed, and how often.

use std::fmt::Write;

use opsctl::{
    Exit, Kind, Result,
    laravel::failed::FailedJobs,
    queue::{self, Detail, Event, Failed, FailedPage, FailedSummary, JobFilter},
    text::{pasted, printable},
};
use serde_json::json;

use super::{READS, named::FailedArgs};
use crate::{
    app::App,
    number::number,
    safety::Class,
    ui::{Align, Cell, Column, Table, Tone, View},
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "queue failed",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "what failed in the same way, most frequent first", line: "queue failed" },
        Example {
            what: "what one exception hit since yesterday, one by one",
            line: "queue failed --list --exception timeout --since yesterday",
        },
        Example {
            what: "ids of a class, for a pipe",
            line: "queue failed --list --class SendInvoice -o ids",
        },
        Example {
            what: "what became of a job: failed, retried, waiting again",
            line: "queue failed --history 5e1ec7ed-0000-4000-8000-000000000008",
        },
    ],
    prints: Prints::List(&COLUMNS),
    reads: READS,
    exits: &[
        (Exit::Config, "no table of failed jobs, or they are kept elsewhere"),
        (Exit::Unreachable, ""),
        (
            Exit::NotFound,
            "no failed job has the id, or is of the queue; with --history, nothing is known of it",
        ),
    ],
    artisan: &[Artisan {
        command: "queue:failed",
        with: None,
        ignores: &[],
        difference: "grouped; `--list` gives artisan's list",
    }],
};

/// What failed in the same way, or one failed job, in a row.
pub const COLUMNS: [Column; 8] = [
    Column::left("id").down_to(8),
    Column::right("count"),
    Column::left("class"),
    Column::left("queue"),
    Column::left("first_failed_at"),
    Column::left("failed_at"),
    Column::left("exception").flexible(),
    Column::left("connection").wide_only(),
];

/// Show failed jobs: grouped by exception, class and queue, or one by one
///
/// A group bears the id of its newest job. Times of the table are read in the application's time zone.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// One failed job in full
    #[arg(value_name = "ID", conflicts_with_all = ["list", "queue", "class", "exception", "since", "until", "history"])]
    id: Option<String>,
    /// The life of one job, also of one that was retried: when it failed, was retried, and where it is now
    #[arg(long, value_name = "UUID", conflicts_with_all = ["list", "queue", "class", "exception", "since", "until"])]
    history: Option<String>,
    /// One by one, newest first
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    filter: FailedArgs,
    /// At most so many groups or jobs
    #[arg(long, value_name = "N", default_value = "50", value_parser = number(1, 1_000_000))]
    limit: u32,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let failed = app.failed_jobs().await?;
    if let Some(id) = &args.id {
        let job = queue::show(&failed, pasted(id)).await?;
        let summary = FailedSummary { jobs: 1, groups: None, shown: 1, more: false };
        let text = job.detail.as_ref().map(|detail| told(app, &job, detail));
        app.ui.emit(&View { text, ..view(app, &FailedPage { items: vec![job], summary })? })?;
        return Ok(Exit::Done);
    }
    if let Some(uuid) = &args.history {
        return history(app, &failed, pasted(uuid)).await;
    }
    let filter = args.filter.resolve(app)?;
    args.filter.known(app, &failed).await?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let page = match args.list {
        true => queue::list(&failed, &filter, limit).await?,
        false => queue::groups(&failed, &filter, limit).await?,
    };
    app.ui.emit(&view(app, &page)?)?;
    tell(app, &page, filter.is_empty());
    Ok(Exit::Done)
}

/// One job's life: what the database knows, and the queues that it was in.
async fn history(app: &App, failed: &FailedJobs<'_>, uuid: &str) -> Result<Exit> {
    let mut life = queue::life(failed, uuid).await?;
    let filter = JobFilter { id: Some(life.uuid.clone()), ..JobFilter::default() };
    let mut queues = life.queues();
    if queues.is_empty() {
        // Nothing tells where it may be: wherever the application's jobs lie.
        let place = app.queue(None).await?;
        let names = place.queues().names().await?;
        queues = names.into_iter().map(|name| (place.connection.name.clone(), name)).collect();
    }
    for (connection, queue) in queues {
        let look = async {
            let place = app.queue(Some(&connection)).await?;
            queue::inspect(&place, &queue, &filter, 1, None).await
        };
        match look.await {
            Ok(found) => found.jobs.iter().for_each(|job| life.lies(&connection, &queue, job)),
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => {
                app.ui.warn_of(&format!("queue `{queue}` of {connection} was not looked at"), &error);
            }
        }
    }
    if !life.is_recorded {
        app.ui.note(
            "Retries are not written down in this database: `opsctl db migrate` makes a table for them.",
        );
    }
    let job = life.told()?;
    let summary = FailedSummary { jobs: job.count, groups: None, shown: 1, more: false };
    let text = Some(lived(app, &job));
    app.ui.emit(&View { text, ..view(app, &FailedPage { items: vec![job], summary })? })?;
    Ok(Exit::Done)
}

/// A job's life for people: a line for each moment.
fn lived(app: &App, job: &Failed) -> String {
    let columns = ["at", "event", "queue", "detail"].map(|key| (key, Align::Left));
    let mut table = Table::new(columns);
    for moment in job.history.iter().flatten() {
        table.row([
            Cell::or_dash(moment.at.map(|at| app.ui.zone.show(at)).as_deref()),
            Cell::new(moment.event.name()).tone(match moment.event {
                Event::Failed => Tone::Bad,
                Event::Retried | Event::Ready | Event::Delayed | Event::Reserved => Tone::Plain,
            }),
            Cell::new(format!("{}:{}", moment.connection, moment.queue)),
            Cell::new(&*moment.detail),
        ]);
    }
    let class = job.class.as_deref().unwrap_or("-");
    format!("Job {} of {}\n{}", printable(&job.id), printable(class), app.ui.draw(&table))
}

fn tell(app: &App, page: &FailedPage, all: bool) {
    let FailedSummary { jobs, groups, shown, more } = page.summary;
    let count = if jobs == 1 { "1 failed job".to_owned() } else { format!("{jobs} failed jobs") };
    app.ui.note(&match (groups, jobs) {
        (_, 0) if all => "No jobs have failed.".to_owned(),
        (_, 0) => "No failed jobs match.".to_owned(),
        (None, _) if more => format!("The newest {count}; `--limit` shows more."),
        (Some(_), _) if more => format!("{count}; the {shown} most frequent groups are shown."),
        (Some(1), _) => format!("{count} in 1 group."),
        (Some(groups), _) => format!("{count} in {groups} groups."),
        (None, _) => format!("{count}."),
    });
}

fn view(app: &App, page: &FailedPage) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    page.items.iter().for_each(|item| table.row(cells(app, item)));
    Ok(View {
        command: VERB.words,
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(page.items),
        summary: json!(page.summary),
        items: page.items.iter().map(|item| json!(item)).collect(),
        table,
        text: None,
    })
}

fn cells(app: &App, item: &Failed) -> [Cell; 8] {
    let time = |at| Cell::time(at, app.clock.now(), app.ui.zone);
    [
        Cell::new(&*item.id),
        Cell::count(item.count),
        Cell::or_dash(item.class.as_deref()),
        Cell::new(&*item.queue),
        time(item.first_failed_at),
        time(item.failed_at),
        Cell::or_dash(Some(&item.exception)),
        Cell::new(&*item.connection),
    ]
}

/// One failed job for people: facts, then the trace.
fn told(app: &App, job: &Failed, detail: &Detail) -> String {
    let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let failed_at = job.failed_at.map_or_else(|| "-".to_owned(), |at| app.ui.zone.show(at));
    let payload = match (&detail.unreadable, detail.encrypted) {
        (Some(problem), _) => format!("{} bytes · {problem}", detail.bytes),
        (None, true) => format!("{} bytes · its command is encrypted", detail.bytes),
        (None, false) => format!("{} bytes", detail.bytes),
    };
    let facts = [
        ("Failed job", job.id.clone()),
        ("Row", detail.row.to_string()),
        ("Class", job.class.clone().unwrap_or_else(|| "-".to_owned())),
        ("Queue", format!("{} of {}", job.queue, job.connection)),
        ("Failed", failed_at),
        ("Attempts", format!("{} of {}", number(detail.attempts), number(detail.max_tries))),
        ("Payload", payload),
    ];
    let mut text = String::new();
    for (name, value) in facts {
        let _ = writeln!(text, "{name} {:.<width$} {}", "", printable(&value), width = 13 - name.len());
    }
    for line in detail.trace.lines() {
        let _ = writeln!(text, "  {}", printable(line));
    }
    text
}
