//! `opsctl queue retry`: failed jobs go back to their queues.

mod render;

use std::time::Duration;

use opsctl::{
    Exit, Result,
    config::System,
    journal::Entry,
    laravel::{lock_name, queue::QueuePlace},
    queue::{
        FailedFilter,
        retry::{self, Opens, RetryReport, RetryRequest, Unique, UniqueLocks},
    },
    text::pasted,
    webhooks::job,
};

use self::render::COLUMNS;
use super::{READS_TO_CHANGE, named::FailedArgs};
use crate::{
    app::App,
    cli::parse_duration,
    number::number,
    record::recorded_unless,
    safety::{self, Class},
    ui::Bar,
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "queue retry",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "what a retry of all would do", line: "queue retry all --dry-run" },
        Example {
            what: "what failed today because a server was away, gently",
            line: "queue retry all --exception Timeout --since today --rate 50",
        },
        Example {
            what: "one class of one queue, a thousand at most",
            line: "queue retry all --queue default --class SendInvoice --limit 1000",
        },
    ],
    prints: Prints::Verdict(&COLUMNS),
    reads: READS_TO_CHANGE,
    exits: &[
        (Exit::Done, "done, or nothing to retry"),
        (Exit::Failed, "every failed job that was not skipped stays: unreadable, expired, failed"),
        (Exit::Partial, "some failed jobs stay: unreadable, expired, failed"),
        (Exit::Config, ""),
        (Exit::Unreachable, "the database or the queue's Redis does not answer"),
        (Exit::NotFound, "no failed job has this id; nothing was changed"),
    ],
    artisan: &[Artisan {
        command: "queue:retry",
        with: None,
        ignores: &[],
        difference: "push and deletion as one, the bytes stay, unique locks are taken; `--range` is not there",
    }],
};

/// Push failed jobs to their queues again, and forget them, as one
///
/// Oldest first, in chunks, each one transaction. Of a payload only `attempts` changes. A job that lies
/// in its queue already is not pushed again; a unique job whose lock is held stays; so does one that no
/// worker could run: its payload cannot be read, or its deadline is over.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Failed jobs as `opsctl queue failed` names them, or `all`
    #[arg(value_name = "ID", required_unless_present = "queue")]
    ids: Vec<String>,
    #[command(flatten)]
    filter: FailedArgs,
    /// Jobs of this run, at most; those that stay do not count
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = number(1, u32::MAX))]
    limit: Option<u32>,
    /// Jobs per second, at most
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = number(1, 100_000))]
    rate: Option<u32>,
    /// Give jobs that have a deadline (retryUntil) this much time from now
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    retry_for: Option<Duration>,
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    /// The ids; `None` for all.
    ///
    /// # Errors
    /// Ids beside `all`, or beside what narrows `all` down.
    fn ids(&self, filter: &FailedFilter) -> Result<Option<Vec<String>>> {
        if self.ids.is_empty() || self.ids == ["all"] {
            return Ok(None);
        }
        if self.ids.iter().any(|id| id == "all") {
            return Err(opsctl::Error::usage("`all` stands alone").hint("name ids, or `all`"));
        }
        if !filter.is_empty() {
            return Err(opsctl::Error::usage("options that choose failed jobs go with `all`")
                .hint("name ids without them, or `all` with them"));
        }
        let lower = |id: &String| match uuid::Uuid::parse_str(pasted(id)) {
            Ok(uuid) => uuid.to_string(),
            Err(_) => pasted(id).to_owned(),
        };
        Ok(Some(self.ids.iter().map(lower).collect()))
    }
}

/// Opens what failed jobs name, as the application's configuration has it.
struct Places<'a>(&'a App);

impl<'a> Opens<'a> for Places<'a> {
    async fn queue(&self, connection: &str) -> Result<QueuePlace<'a>> {
        self.0.queue(Some(connection)).await
    }

    async fn unique_locks(&self) -> Result<UniqueLocks<'a>> {
        let (locks, store) = self.0.unique_locks(System::Laravel).await?;
        Ok(UniqueLocks { locks, store })
    }
}

/// The lock of a job that names none: of the classes that opsctl knows.
fn known(class: &str, command: &str) -> Option<Unique> {
    if class != job::CLASS {
        return None;
    }
    let name = job::ProcessWebhookEvent::read(command).ok()?.unique_lock();
    debug_assert!(name.starts_with(&lock_name::unique(job::CLASS, "")));
    Some(Unique { name, owner: None, store: None, seconds: job::UNIQUE_FOR })
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    // The banner of a protected context comes before the window that is told.
    safety::allow(app, Class::Routine, "push failed jobs to their queues again", args.dry_run).await?;
    let filter = args.filter.resolve(app)?;
    let ids = args.ids(&filter)?;
    let failed = app.failed_jobs().await?;
    if !args.dry_run && app.cancel.guard(failed.db.facts()).await?.read_only {
        return Err(opsctl::db::takes_no_writes(failed.db.target()));
    }
    app.cancel.guard(args.filter.known(app, &failed)).await?;
    let request = RetryRequest {
        ids,
        filter,
        limit: args.limit.map(u64::from),
        rate: args.rate,
        retry_for: args.retry_for,
        dry_run: args.dry_run,
        known,
        run: app.run().to_owned(),
    };
    let work = async |_: &Entry| {
        let mut bar = Bar::of(&app.ui, "jobs");
        retry::retry(&failed, &Places(app), &request, &app.cancel, &mut bar).await
    };
    let report = recorded_unless(args.dry_run, app, Class::Routine, "queue retry", work).await?;
    finish(app, &report)
}

/// Shows a report; what ended the run early comes last, as an error of its own.
fn finish(app: &App, report: &RetryReport) -> Result<Exit> {
    if app.ui.wants_reports() {
        app.ui.emit(&render::report(app, report)?)?;
    }
    if report.error().is_none() || report.counts.selected > 0 {
        app.ui.note(&render::summary(report));
    }
    if let Some(error) = report.error() {
        let next = match report.counts.gone() {
            0 => "no job was retried; begin again with the same command".to_owned(),
            1 => "1 job was retried before that; go on with the same command".to_owned(),
            gone => format!("{gone} jobs were retried before that; go on with the same command"),
        };
        app.ui.error(&error.clone().hint(next));
    }
    Ok(report.exit())
}
