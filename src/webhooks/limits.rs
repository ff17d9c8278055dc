//! The limits and times in force: the service's own settings, unless a flag says otherwise.

use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;

use super::{
    backoff::{Backoff, Mode},
    decide::MOST_ATTEMPTS,
};
use crate::{
    Result,
    config::{Context, Origin, Sourced, settings::webhooks as settings},
};

/// What the command line sets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overrides {
    /// `--limit`.
    pub limit: Option<u32>,
    /// `--max-attempts`.
    pub max_attempts: Option<u32>,
    /// `--mode`.
    pub mode: Option<Mode>,
    /// `--base-ms`.
    pub base_ms: Option<u32>,
    /// `--cap-ms`.
    pub cap_ms: Option<u32>,
}

/// The effective values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Events per run.
    pub limit: u32,
    /// Attempts that an event may use.
    pub max_attempts: u32,
    /// Delays.
    pub backoff: Backoff,
    /// Seconds after which the service's own claim is stale, and for which a new event is left to its first job.
    pub lease_seconds: u32,
    /// Seconds that the run lock lives without renewal.
    pub lock_seconds: u32,
    /// Cache store of the run lock; empty is the default one.
    #[serde(skip)]
    pub lock_store: String,
    /// Where each value came from.
    pub effective: Vec<Effective>,
}

/// One effective value and its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effective {
    /// Its name.
    pub name: &'static str,
    /// The value.
    pub value: String,
    /// The flag, file, variable or default that it came from.
    pub origin: String,
}

/// The service's largest batch.
const LARGEST_LIMIT: i64 = 2000;

impl Limits {
    /// Reads the settings, with the service's own clamps.
    ///
    /// # Errors
    /// A setting that is no number, named with its place.
    pub fn resolve(context: &Context, flags: Overrides) -> Result<Self> {
        let mut effective = Vec::new();
        let mut note = |name, value: String, origin: &Origin| {
            effective.push(Effective { name, value, origin: origin.to_string() });
        };
        let mut number =
            |name: &'static str, setting, flag: Option<(u32, &'static str)>, clamp: fn(i64) -> i64| {
                let found = match flag {
                    Some((value, flag)) => Sourced::new(i64::from(value), Origin::Flag(flag)),
                    None => context.number(setting)?.map(clamp),
                };
                note(name, found.value.to_string(), &found.origin);
                Ok::<_, crate::Error>(found.value)
            };
        let limit =
            number("limit", &settings::SCHEDULER_LIMIT, flags.limit.map(|v| (v, "--limit")), |v| match v {
                ..=0 => 200,
                v => v.min(LARGEST_LIMIT),
            })?;
        let max_attempts = number(
            "max_attempts",
            &settings::MAX_RETRY_ATTEMPTS,
            flags.max_attempts.map(|v| (v, "--max-attempts")),
            |v| v.clamp(1, MOST_ATTEMPTS),
        )?;
        let base =
            number("base_ms", &settings::RETRY_BASE_MS, flags.base_ms.map(|v| (v, "--base-ms")), |v| {
                v.max(0)
            })?;
        let cap =
            number("cap_ms", &settings::RETRY_CAP_MS, flags.cap_ms.map(|v| (v, "--cap-ms")), |v| v.max(0))?;
        let min = number("min_lease_ms", &settings::RETRY_MIN_LEASE_MS, None, |v| v.max(0))?;
        let positive = |v: i64, default: i64| if v <= 0 { default } else { v };
        let lease = number("processing_lease_seconds", &settings::PROCESSING_LEASE_SECONDS, None, |v| v)?;
        let lock = number("lock_seconds", &settings::RETRY_COMMAND_LOCK_SECONDS, None, |v| v)?;
        let mode = match flags.mode {
            Some(mode) => Sourced::new(mode, Origin::Flag("--mode")),
            None => context
                .setting(&settings::SCHEDULER_BACKOFF_MODE)
                .map(|name| Mode::from_name(&name).unwrap_or(Mode::Full)),
        };
        note("mode", mode.value.name().into(), &mode.origin);
        let small = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
        let wide = |value: i64| u64::try_from(value).unwrap_or_default();
        Ok(Self {
            limit: small(limit),
            max_attempts: small(max_attempts),
            backoff: Backoff {
                mode: mode.value,
                base_ms: wide(base),
                cap_ms: wide(cap.max(base)),
                min_ms: wide(min),
            },
            lease_seconds: small(positive(lease, 60)),
            lock_seconds: small(positive(lock, 900)),
            lock_store: context.setting(&settings::RETRY_COMMAND_LOCK_STORE).value,
            effective,
        })
    }

    /// The lease as a span of time.
    pub fn lease(&self) -> TimeDelta {
        TimeDelta::seconds(self.lease_seconds.into())
    }

    /// Longest time that a run may go without proving that the lock is still its own.
    pub fn renew_every(&self) -> Duration {
        Duration::from_secs(u64::from(self.lock_seconds) / 3).max(Duration::from_millis(500))
    }
}
