//! `opsctl queue work`: the jobs that opsctl knows, taken from queues and run.

mod render;

use std::time::Duration;

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Exit, Kind, Result,
    config::{System, maintenance::DownSign, queues::QueueDriver, settings},
    journal::Entry,
    laravel::{horizon, queue::QueuePlace},
    redis::Redis,
    webhooks::{Limits, Overrides},
    worker::{self, Means, Options, Signs, WorkReport, WorkRequest},
};

use self::render::{COLUMNS, Lines};
use super::READS_TO_CHANGE;
use crate::{
    app::App,
    cli::parse_duration,
    complete, environment,
    number::number,
    record::recorded_unless,
    safety::{self, Class},
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "queue work",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "all that lies there, and then no more", line: "queue work --stop-when-empty" },
        Example { what: "what would that be?", line: "queue work --dry-run" },
        Example {
            what: "one job, of the first queue that has one",
            line: "queue work --queue webhooks,default --once",
        },
        Example {
            what: "under a supervisor, which starts it anew each hour",
            line: "queue work --max-time 1h --max-jobs 10000 --stop-when-empty",
        },
    ],
    prints: Prints::Verdict(&COLUMNS),
    reads: READS_TO_CHANGE,
    exits: &[
        (Exit::Done, "no job failed; also a worker without an end of its own that was asked to stop"),
        (Exit::Failed, "every job that was taken failed"),
        (Exit::Partial, "some jobs failed"),
        (Exit::Config, ""),
        (
            Exit::Unreachable,
            "the database or the queue does not answer; a worker without an end waits for it",
        ),
    ],
    artisan: &[Artisan {
        command: "queue:work",
        with: None,
        ignores: &["--daemon", "--name", "--memory", "--rest", "--delay", "--json", "-v", "-vv"],
        difference: "touches no class that it does not know; `--timeout` is `--job-timeout`",
    }],
};

/// Jobs of one transaction: as many as a retry tries in one.
const CHUNK: usize = 100;

/// Run the jobs that opsctl knows, as a worker of the application's own would
///
/// Knows `App\Jobs\ProcessWebhookEvent`. Jobs of other classes are not touched, and told. Payloads say
/// how often and how long a job may run, as in Laravel; the options below go for those that say nothing.
/// The first SIGTERM or Ctrl-C finishes what is in hand; the second leaves it as it was.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The queue connection [default: the application's]
    #[arg(value_name = "CONNECTION")]
    connection: Option<String>,
    /// The queues, the first one first [default: the service's own, and the connection's]
    #[arg(long, value_name = "QUEUE,…", value_delimiter = ',', add = Names::new(complete::queues))]
    queue: Vec<String>,
    /// One job, if there is one
    #[arg(long)]
    once: bool,
    /// End when there is nothing to take
    #[arg(long)]
    stop_when_empty: bool,
    /// End behind so many jobs; 0 for no limit
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = number(0, u32::MAX))]
    max_jobs: Option<u32>,
    /// End behind the job in hand when this time is over; 0 for no limit
    #[arg(long, value_name = "TIME", value_parser = time_or_none)]
    max_time: Option<Duration>,
    /// Time between two looks at empty queues
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = time_or_none)]
    sleep: Duration,
    /// Transactions at once, each of up to a hundred jobs
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value = "1", value_parser = number(1, 32))]
    concurrency: u32,
    /// How often a job may be taken that says nothing of it; 0 for no limit
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value = "1", value_parser = number(0, 10_000))]
    tries: u32,
    /// Seconds before a job that met an error is tried again: one for each try, the last one for the rest
    #[arg(long, value_name = "SECONDS,…", value_delimiter = ',', default_value = "0", value_parser = number(0, u32::MAX))]
    backoff: Vec<u32>,
    /// Time that a job may run that says nothing of it; 0 for no limit
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time_or_none)]
    job_timeout: Duration,
    /// Take jobs while the application is down for maintenance, too
    #[arg(long)]
    force: bool,
    /// Show what would be done with what lies there now, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// A time; 0 for none.
fn time_or_none(text: &str) -> Result<Duration, String> {
    if matches!(text, "0" | "0s") { Ok(Duration::ZERO) } else { parse_duration(text) }
}

impl Args {
    /// The queues. Without any, those that jobs of events are pushed to, and the connection's own: nobody else's jobs
    /// are touched, and jobs that no worker listens to are lost from sight.
    fn queues(&self, app: &App, place: &QueuePlace<'_>) -> Result<Vec<String>> {
        let own = app.context()?.setting(&settings::webhooks::WEBHOOKS_QUEUE).value;
        let default = [own, place.connection.queue.clone()];
        let named = if self.queue.is_empty() { default.to_vec() } else { self.queue.clone() };
        let mut queues: Vec<String> = Vec::new();
        for name in named.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            if !queues.iter().any(|known| known == name) {
                queues.push(name.to_owned());
            }
        }
        Ok(queues)
    }

    fn request(&self, app: &App, place: &QueuePlace<'_>) -> Result<WorkRequest> {
        let jobs = if self.once { Some(1) } else { self.max_jobs };
        Ok(WorkRequest {
            queues: self.queues(app, place)?,
            once: self.once,
            stop_when_empty: self.stop_when_empty || self.once,
            max_jobs: jobs.filter(|jobs| *jobs > 0).map(u64::from),
            max_time: self.max_time.filter(|time| !time.is_zero()),
            sleep: self.sleep,
            options: Options { tries: self.tries, backoff: self.backoff.clone(), timeout: self.job_timeout },
            chunk: CHUNK,
            concurrency: if self.dry_run { 1 } else { self.concurrency as usize },
            dry_run: self.dry_run,
            limits: Limits::resolve(app.context()?, Overrides::default())?,
            seed: environment::seed(&app.environment),
        })
    }
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    safety::allow(app, Class::Routine, "run jobs of queues", args.dry_run).await?;
    let place = app.queue_of(args.connection.as_deref(), System::Webhooks).await?;
    let request = args.request(app, &place)?;
    let failed = app.failed_jobs().await?;
    let (locks, _) = app.unique_locks(System::Webhooks).await?;
    let signs = signs(app, args).await?;
    if !args.dry_run {
        app.cancel.guard(app.require_writable()).await?;
    }
    tell_of_horizon(app, &place).await;
    let db = app.db().await?;
    let means = Means { db, place: &place, failed: &failed, locks: &locks, signs: &signs };
    let work = async |_: &Entry| {
        worker::work(&means, &request, &app.cancel, &mut Lines::of(app, args.dry_run)).await
    };
    let report = recorded_unless(args.dry_run, app, Class::Routine, VERB.words, work).await?;
    finish(app, &report)
}

/// Where the signs for workers are. Those that cannot be seen are told of: a worker that nobody can stop is one to watch.
async fn signs<'a>(app: &'a App, args: &Args) -> Result<Signs<'a>> {
    let values = match app.values().await {
        Ok(values) => Some(values),
        Err(error) if error.kind() == Kind::Config => {
            app.ui.warn_of("signs to restart and to pause are not seen", &error);
            None
        }
        Err(error) => return Err(error),
    };
    let down = if args.force { None } else { app.context()?.down_sign(System::Webhooks)? };
    if let Some(DownSign::Elsewhere(store)) = &down {
        app.ui.warning(&format!(
            "whether the application is down for maintenance is not seen: it says so in the cache store `{store}`"
        ));
    }
    Ok(Signs { values, down })
}

/// A living Horizon takes jobs of the same queues, which does no harm.
async fn tell_of_horizon(app: &App, place: &QueuePlace<'_>) {
    if !matches!(place.connection.driver, QueueDriver::Redis(_)) {
        return;
    }
    let looking = async {
        let target = app.context()?.horizon(System::Webhooks)?;
        horizon::find(&Redis::new(target)).await
    };
    if let Ok(Some(found)) = app.cancel.guard(looking).await
        && found.alive > 0
    {
        app.ui.note(&format!(
            "Horizon (`{}`) is alive, and its workers take jobs, too: each job goes to one of both.",
            found.prefix
        ));
    }
}

/// Shows a report; what ended the run early comes last, as an error of its own.
fn finish(app: &App, report: &WorkReport) -> Result<Exit> {
    if app.ui.wants_reports() {
        app.ui.emit(&render::report(app, report)?)?;
    }
    if report.error().is_none() || report.counts.jobs > 0 {
        app.ui.note(&render::summary(report));
    }
    if let Some(error) = report.error() {
        let before = match report.counts.jobs {
            0 => "no job was taken".to_owned(),
            1 => "1 job was run before that".to_owned(),
            jobs => format!("{jobs} jobs were run before that"),
        };
        app.ui.error(&error.clone().hint(format!("{before}; go on with the same command")));
    }
    Ok(report.exit())
}
