//! The default set: what the runbooks put into the schedule, each with the application's own line. Off until it is
//! turned on. The line is the command, too: opsctl understands artisan's words.

use crate::{
    Result,
    config::{Context, System, schedule::EntrySection, settings::webhooks as settings},
    webhooks::{Limits, Overrides},
};

/// The retry of the webhook service: its line is made from its settings.
const RETRY: &str = "webhooks-retry";

/// The laundry system's entries: name, rule, line.
const FIXED: [(&str, &str, &str); 10] = [
    ("audit-archive", "0 2 * * *", "ops:audit:archive --days=90"),
    ("observe-health", "*/15 * * * *", "ops:observe:health --lookback-minutes=15"),
    ("quota-reconcile", "10 0 * * *", "ops:quota:reconcile"),
    ("subscription-payments", "*/30 * * * *", "ops:subscription:reconcile-payments"),
    ("subscription-quota", "0 1 * * *", "ops:subscription:reconcile-quota"),
    ("subscription-renewals", "20 0 * * *", "ops:subscription:generate-renewal-invoices --days=7"),
    ("subscription-rollover", "30 0 * * *", "ops:subscription:rollover"),
    ("subscription-status", "0 * * * *", "ops:subscription:enforce-status"),
    ("wa-redrive", "*/10 * * * *", "ops:wa:redrive-failed --limit=100"),
    ("wa-remind", "0 9 * * *", "ops:wa:send-aging-reminders --limit=100"),
];

/// The names of the default set.
pub const NAMES: [&str; 11] = [
    RETRY, FIXED[0].0, FIXED[1].0, FIXED[2].0, FIXED[3].0, FIXED[4].0, FIXED[5].0, FIXED[6].0, FIXED[7].0,
    FIXED[8].0, FIXED[9].0,
];

/// Longest and usual minutes of the retry's mutex.
const RETRY_MINUTES: (i64, i64) = (60, 10);

/// The default set, as it would be written.
///
/// # Errors
/// A setting of the webhook service that is no number.
pub fn sections(context: &Context) -> Result<Vec<(&'static str, EntrySection)>> {
    let mut found = vec![(RETRY, retry(context)?)];
    found.extend(FIXED.iter().map(|(name, cron, line)| {
        let section = EntrySection {
            cron: Some((*cron).to_owned()),
            // The laundry system's scheduler works in UTC.
            timezone: Some("UTC".to_owned()),
            artisan: Some((*line).to_owned()),
            ..EntrySection::default()
        };
        (*name, section)
    }));
    Ok(found)
}

/// The service's own entry, with the service's own clamps.
fn retry(context: &Context) -> Result<EntrySection> {
    let limits = Limits::resolve(context, Overrides::default())?;
    let minutes = context.number(&settings::SCHEDULER_LOCK_MINUTES)?.value;
    let minutes = if minutes <= 0 { RETRY_MINUTES.1 } else { minutes.min(RETRY_MINUTES.0) };
    let mut line = format!(
        "tenrusl:webhooks:retry --limit={} --max-attempts={} --mode={}",
        limits.limit,
        limits.max_attempts,
        limits.backoff.mode.name()
    );
    let provider = context.setting(&settings::SCHEDULER_PROVIDER).value;
    if !provider.trim().is_empty() {
        line.push_str(&format!(" --provider={}", provider.trim()));
    }
    if matches!(context.setting(&settings::SCHEDULER_QUEUE).value.as_str(), "1" | "true") {
        let queue = context.setting(&settings::WEBHOOKS_QUEUE).value;
        line.push_str(&format!(" --queue --queue-name={queue}"));
    }
    Ok(EntrySection {
        cron: Some("* * * * *".to_owned()),
        artisan: Some(line),
        overlap_minutes: u32::try_from(minutes).ok(),
        ..EntrySection::default()
    })
}

/// The system that an entry of the default set is of.
pub fn system(name: &str) -> System {
    if name == RETRY { System::Webhooks } else { System::Laundry }
}
