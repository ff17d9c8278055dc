//! `opsctl webhooks`: what arrived, what waits, and trying it again.

mod args;
mod explain;
mod queue;
mod render;
mod verbs;

use opsctl::{
    Exit, Result,
    config::System,
    journal::Entry,
    webhooks::{self, Again, EventId, Limits, Means, OneRequest, Outcome, RetryReport, RetryRequest},
};

use self::args::{BatchArgs, ListArgs, RetryArgs, RetryOnceArgs, RetryOneArgs, ShowArgs, typo};
#[cfg(test)]
pub use self::explain::{ExplainLine, ExplainSummary, Explained};
#[cfg(test)]
pub use self::render::{PageSummary, ShowSummary, Shown};
pub use self::{args::Command, verbs::VERBS};
use crate::{
    app::App,
    complete::{self, Sight},
    environment,
    page::next_page,
    record::recorded_unless,
    safety::{self, Class},
    ui::Bar,
};

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::RetryOnce(RetryOnceArgs { batch }) => {
            retry(app, "webhooks retry-once", &batch, None, None).await
        }
        Command::Retry(RetryArgs { batch, provider, status }) => {
            retry(app, "webhooks retry", &batch, provider, status).await
        }
        Command::RetryOne(args) => retry_one(app, &args).await,
        Command::List(args) => app.cancel.guard(list(app, &args)).await,
        Command::Show(args) => app.cancel.guard(show(app, &args)).await,
        Command::Explain(args) => app.cancel.guard(explain::run(app, &args)).await,
    }
}

async fn retry(
    app: &App,
    command: &'static str,
    args: &BatchArgs,
    provider: Option<String>,
    status: Option<String>,
) -> Result<Exit> {
    let limits = Limits::resolve(app.context()?, args.overrides())?;
    safety::allow(app, Class::Routine, "try due webhooks again", args.dry_run).await?;
    app.context()?.database()?; // the first thing to say when nothing is configured at all
    // The lock store is resolved before anything is asked of the database: without one nothing is claimed.
    let locks = match args.dry_run {
        true => None,
        false => Some(app.locks(&limits.lock_store, System::Webhooks).await?),
    };
    if !args.dry_run {
        app.cancel.guard(app.require_writable()).await?;
    }
    let typo = typo(provider.as_deref(), status.as_deref(), None);
    let request = RetryRequest {
        limits: limits.clone(),
        provider,
        status,
        dry_run: args.dry_run,
        if_locked: args.if_locked,
        rate: args.rate,
        seed: environment::seed(&app.environment),
    };
    let target = queue::target(app, &args.queue).await?;
    let dispatch = target.as_ref().map(|target| target.dispatch(false));
    app.ui.note(&render::limits(app, &limits));
    let work = async |entry: &Entry| {
        let means = Means { db: app.db().await?, locks: locks.as_ref(), entry, dispatch: dispatch.as_ref() };
        webhooks::run(&means, request, &app.cancel, &mut Bar::new(&app.ui)).await
    };
    let report = recorded_unless(args.dry_run, app, Class::Routine, command, work).await?;
    let exit = finish(app, command, &report)?;
    if let Some(target) = &target {
        target.look(app, &report).await;
    }
    suggest(app, report.counts.selected == 0, typo);
    Ok(exit)
}

/// An empty result may come from a typo.
fn suggest(app: &App, empty: bool, typo: Option<String>) {
    if let Some(hint) = typo.filter(|_| empty) {
        app.ui.hint(&hint);
    }
}

async fn retry_one(app: &App, args: &RetryOneArgs) -> Result<Exit> {
    let id = EventId::parse(&args.id)?;
    let limits = Limits::resolve(app.context()?, args.overrides())?;
    let class = if args.take_over { Class::Destructive } else { Class::Routine };
    let what = format!("take event {} from the worker that may be at it", id.as_str());
    safety::allow(app, class, &what, args.dry_run).await?;
    if !args.dry_run {
        app.cancel.guard(app.require_writable()).await?;
    }
    let request = OneRequest {
        id,
        force: args.force,
        take_over: args.take_over,
        dry_run: args.dry_run,
        limits,
        seed: environment::seed(&app.environment),
    };
    let target = queue::target(app, &args.queue).await?;
    let dispatch = target.as_ref().map(|target| target.dispatch(args.force));
    let work = async |_: &Entry| match &dispatch {
        Some(queue) => webhooks::enqueue_one(app.db().await?, request, queue, &app.cancel).await,
        None => webhooks::retry_one(app.db().await?, request, &app.cancel).await,
    };
    let report = recorded_unless(args.dry_run, app, class, "webhooks retry-one", work).await?;
    let exit = finish(app, "webhooks retry-one", &report)?;
    if let Some(target) = &target {
        target.look(app, &report).await;
    }
    Ok(exit)
}

/// Shows a report; what ended the run early comes last, as an error of its own.
fn finish(app: &App, command: &'static str, report: &RetryReport) -> Result<Exit> {
    if !report.dry_run {
        let trouble = |outcome: Outcome| outcome.is_failure().then_some(outcome.name());
        remember(app, report.items.iter().map(|item| (&*item.id, &*item.provider, trouble(item.outcome))));
    }
    if app.ui.wants_reports() {
        app.ui.emit(&render::report(app, command, report)?)?;
    }
    let tried = report.counts.selected - report.counts.skipped;
    match (report.error(), &report.stopped) {
        (None, Some(why)) => app.ui.note(&format!("Nothing was done: {why}.")),
        (Some(_), _) if tried == 0 => {}
        _ => app.ui.note(&render::summary(report)),
    }
    if let Some(error) = report.error() {
        let error = error.clone();
        let before = match tried {
            0 => "no event was tried".to_owned(),
            tried => format!("{tried} events were tried before that"),
        };
        let next = match (report.lock_left, tried) {
            (true, _) => format!(
                "the run lock stands for its time; wait for it: `--if-locked wait={}s`",
                report.limits.lock_seconds
            ),
            (false, 0) => "begin again with the same command".to_owned(),
            (false, _) => "go on with the same command".to_owned(),
        };
        app.ui.error(&error.hint(format!("{before}; {next}")));
    }
    Ok(report.exit())
}

/// Keeps what was seen for completion: id, provider, and the state of an event in trouble.
fn remember<'a>(app: &App, events: impl Iterator<Item = (&'a str, &'a str, Option<&'a str>)>) {
    complete::remember(app, events.map(|(id, provider, trouble)| Sight { id, provider, trouble }));
}

/// The status of an event that is not done.
fn trouble(status: &str) -> Option<&str> {
    (status != "processed").then_some(status)
}

async fn list(app: &App, args: &ListArgs) -> Result<Exit> {
    let limits = Limits::resolve(app.context()?, webhooks::Overrides::default())?;
    let window = args.window.resolve(app)?;
    let page = webhooks::list(app.db().await?, &args.filter(&window), &limits).await?;
    remember(app, page.items.iter().map(|item| (&*item.id, &*item.provider, trouble(&item.status))));
    app.ui.emit(&render::list(app, &page, &window)?)?;
    if page.items.is_empty() {
        app.ui.note("No events match.");
    }
    let [provider, status, payment] =
        [&args.provider, &args.status, &args.payment_status].map(|word| word.as_deref());
    suggest(app, page.items.is_empty(), typo(provider, status, payment));
    if let Some(next) = &page.next {
        app.ui.hint(&format!("older events: `{}`", next_page(&app.global.arguments, &window, next)));
    }
    Ok(Exit::Done)
}

async fn show(app: &App, args: &ShowArgs) -> Result<Exit> {
    let named = args.name.found()?;
    let limits = Limits::resolve(app.context()?, webhooks::Overrides::default())?;
    let db = app.db().await?;
    let mut shown = Vec::new();
    for id in webhooks::find(db, &named, Again::Show).await? {
        shown.push(webhooks::show(db, &EventId::parse(&id)?, &limits, args.raw).await?);
    }
    remember(app, shown.iter().map(|event| (&*event.id, &*event.provider, trouble(&event.status))));
    app.ui.emit(&render::show(app, &shown)?)?;
    if let [one] = &shown[..]
        && one.status != "processed"
    {
        app.ui.hint(&format!(
            "why it is as it is, and what a try would do: `opsctl webhooks explain {}`",
            one.id
        ));
    }
    Ok(Exit::Done)
}
