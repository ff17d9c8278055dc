//! What the locks of the three systems are named. The laundry SaaS and the platform take none of their own beside
//! Laravel's.

use opsctl::{
    Result,
    config::{Context, System, settings},
    laravel::lock_name,
    locks::{EntryName, FixedName, JobName, LockKind, Names},
    webhooks::{Limits, Overrides, RUN_LOCK, job},
};

/// Seconds that the mutex of the webhook service's entry lives: ten minutes, where nothing says otherwise.
const ENTRY_SECONDS: u32 = 600;
/// Seconds that a request of `POST /payments` has.
const REQUEST_SECONDS: u32 = 30;

/// Jobs whose locks are known.
const JOBS: [JobName; 1] = [JobName {
    class: job::CLASS,
    stem: job::KEY,
    what: "event",
    unique_for: job::UNIQUE_FOR,
    until_processing: true,
    key: |command| Some(job::ProcessWebhookEvent::read(command).ok()?.key()),
}];

/// What is known of the locks of a system.
///
/// # Errors
/// A setting that is no number.
pub fn names(context: &Context, system: System) -> Result<Names> {
    if system != System::Webhooks {
        return Ok(Names { jobs: JOBS.to_vec(), ..Names::default() });
    }
    let limits = Limits::resolve(context, Overrides::default())?;
    let fixed = vec![
        FixedName {
            stem: RUN_LOCK,
            is_open: false,
            kind: LockKind::Run,
            seconds: Some(limits.lock_seconds),
            about: "keeps a second batch of `webhooks retry` from running",
        },
        FixedName {
            stem: "tenrusl:idemp:lock:",
            is_open: true,
            kind: LockKind::Idempotency,
            seconds: Some(REQUEST_SECONDS),
            about: "keeps a second `POST /payments` with the key `{}` waiting",
        },
    ];
    Ok(Names { jobs: JOBS.to_vec(), fixed, entries: entries(context, &limits) })
}

/// The service's entry, whose command depends on its settings, without and with the option to use the queue.
fn entries(context: &Context, limits: &Limits) -> Vec<EntryName> {
    const EXPRESSION: &str = "* * * * *";
    let queue = context.setting(&settings::webhooks::WEBHOOKS_QUEUE).value;
    let plain = format!(
        "tenrusl:webhooks:retry --limit={} --max-attempts={} --mode={}",
        limits.limit,
        limits.max_attempts,
        limits.backoff.mode.name()
    );
    let queued = format!("{plain} --queue --queue-name={queue}");
    let entry = |command: &String| EntryName {
        mutex: lock_name::schedule(EXPRESSION, command),
        line: format!("{EXPRESSION} php artisan {command}"),
        seconds: Some(ENTRY_SECONDS),
        run: Some(RUN_LOCK),
    };
    [plain, queued].iter().map(entry).collect()
}
