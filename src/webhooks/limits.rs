//! The limits and times in force: the service's own settings, unless a flag says otherwise.

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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Effective {
    /// Its name.
    pub name: &'static str,
    /// The value.
    pub value: String,
    /// The flag, file, variable or default that it came from.
    pub origin: String,
}

impl Effective {
    fn new(name: &'static str, value: &impl ToString, origin: &Origin) -> Self {
        Self { name, value: value.to_string(), origin: origin.to_string() }
    }
}

fn or_default(value: i64, default: i64) -> i64 {
    if value <= 0 { default } else { value }
}

fn small(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn wide(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

/// The service's largest batch.
const LARGEST_LIMIT: i64 = 2000;

impl Limits {
    /// Reads the settings, with the service's own clamps; a flag is taken as it is.
    ///
    /// # Errors
    /// A setting that is no number, named with its place.
    pub fn resolve(context: &Context, flags: Overrides) -> Result<Self> {
        let number = |setting, flag: Option<u32>, name, clamp: fn(i64) -> i64| match flag {
            Some(value) => Ok(Sourced::new(i64::from(value), Origin::Flag(name))),
            None => Ok::<_, crate::Error>(context.number(setting)?.map(clamp)),
        };
        let limit = number(&settings::SCHEDULER_LIMIT, flags.limit, "--limit", |limit| match limit {
            ..=0 => 200,
            limit => limit.min(LARGEST_LIMIT),
        })?;
        let attempts =
            number(&settings::MAX_RETRY_ATTEMPTS, flags.max_attempts, "--max-attempts", |attempts| {
                attempts.clamp(1, MOST_ATTEMPTS)
            })?;
        let not_negative = |value: i64| value.max(0);
        let base = number(&settings::RETRY_BASE_MS, flags.base_ms, "--base-ms", not_negative)?;
        let cap = number(&settings::RETRY_CAP_MS, flags.cap_ms, "--cap-ms", not_negative)?;
        let cap = cap.map(|cap| cap.max(base.value));
        let min = context.number(&settings::RETRY_MIN_LEASE_MS)?.map(not_negative);
        let lease = context.number(&settings::PROCESSING_LEASE_SECONDS)?.map(|lease| or_default(lease, 60));
        let lock = context.number(&settings::RETRY_COMMAND_LOCK_SECONDS)?.map(|lock| or_default(lock, 900));
        let mode = match flags.mode {
            Some(mode) => Sourced::new(mode, Origin::Flag("--mode")),
            None => context
                .setting(&settings::SCHEDULER_BACKOFF_MODE)
                .map(|name| Mode::from_name(&name).unwrap_or(Mode::Full)),
        };
        let numbers = [
            ("limit", &limit),
            ("max_attempts", &attempts),
            ("base_ms", &base),
            ("cap_ms", &cap),
            ("min_lease_ms", &min),
            ("processing_lease_seconds", &lease),
            ("lock_seconds", &lock),
        ];
        let mut effective: Vec<Effective> = numbers
            .into_iter()
            .map(|(name, found)| Effective::new(name, &found.value, &found.origin))
            .collect();
        effective.push(Effective::new("mode", &mode.value.name(), &mode.origin));
        let backoff = Backoff {
            mode: mode.value,
            base_ms: wide(base.value),
            cap_ms: wide(cap.value),
            min_ms: wide(min.value),
        };
        Ok(Self {
            limit: small(limit.value),
            max_attempts: small(attempts.value),
            backoff,
            lease_seconds: small(lease.value),
            lock_seconds: small(lock.value),
            lock_store: context.setting(&settings::RETRY_COMMAND_LOCK_STORE).value,
            effective,
        })
    }

    /// The lease as a span of time.
    pub fn lease(&self) -> TimeDelta {
        TimeDelta::seconds(self.lease_seconds.into())
    }
}
