//! Who is at work on a tenant, and whether it still is.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    ledger::{Asker, Ledger, Patience},
    run::{BEAT, since},
    steps::Step,
};
use crate::{Error, Kind, Result, db::Query, fleet::Tenant};

/// The live run of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Holder {
    /// The run.
    pub run: String,
    /// Who asked for it.
    pub user: String,
    /// The host that it works on.
    pub host: String,
    /// Its process there.
    pub pid: u32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it last said that it is at work.
    pub heartbeat_at: DateTime<Utc>,
    /// The step that it is at.
    pub step: Option<Step>,
    /// Whether a step that writes was done.
    #[serde(skip)]
    pub has_committed: bool,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, host, pid, run, .. } = self;
        write!(f, "{user} on {host} (pid {pid}), run {run} since {}", utc(self.started_at))?;
        match self.step {
            Some(step) => write!(f, ", at the step `{step}`"),
            None => Ok(()),
        }
    }
}

/// As people read it, in UTC.
pub fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The live run of a tenant, if there is one.
///
/// # Errors
/// The central database's.
pub async fn holder(ledger: &Ledger<'_>, tenant: &str) -> Result<Option<Holder>> {
    let runs = &ledger.runs;
    let sql = format!(
        "SELECT id, requested_by, host, pid, started_at, heartbeat_at FROM {} WHERE live_key = {}",
        runs.name,
        runs.hole("live_key")
    );
    let mut session = ledger.central.session().await?;
    let Some(row) = session.first(Query::new(sql).bind(tenant)).await? else { return Ok(None) };
    let run = row.text("id")?;
    let steps = &ledger.steps;
    let sql = format!(
        "SELECT provisioner, status FROM {} WHERE run = {} ORDER BY seq",
        steps.name,
        steps.hole("run")
    );
    let (mut step, mut has_committed) = (None, false);
    for line in session.fetch(Query::new(sql).bind(run.as_str())).await? {
        let known = Step::from_name(&line.text("provisioner")?);
        match line.text("status")?.as_str() {
            "running" => step = known,
            "succeeded" => has_committed |= known.is_some_and(Step::writes),
            _ => {}
        }
    }
    Ok(Some(Holder {
        run,
        user: row.text("requested_by")?,
        host: row.text("host")?,
        pid: u32::try_from(row.int("pid")?).unwrap_or_default(),
        started_at: row.time("started_at")?.unwrap_or_default(),
        heartbeat_at: row.time("heartbeat_at")?.unwrap_or_default(),
        step,
        has_committed,
    }))
}

impl Holder {
    /// Whether it is to be taken over: it has been silent for too long, or its process is gone from this host and it has
    /// missed two heartbeats, since a process is told by its number alone.
    ///
    /// # Errors
    /// [`Kind::Locked`], with who it is and what to type.
    pub fn yields(
        &self,
        tenant: &Tenant,
        now: DateTime<Utc>,
        asker: &Asker,
        patience: Patience,
    ) -> Result<()> {
        let silent = since(self.heartbeat_at, now);
        let is_gone = self.host == asker.host && self.pid != asker.pid && (asker.is_gone)(self.pid);
        let stale_after = if is_gone { patience.stale_after.min(2 * BEAT) } else { patience.stale_after };
        if patience.take_over || silent >= stale_after {
            return Ok(());
        }
        let error =
            Error::new(Kind::Locked, format!("tenant `{}` is being provisioned by {self}", tenant.slug))
                .because(format!(
                    "its last heartbeat was {} ago, at {}",
                    span(silent.as_secs()),
                    utc(self.heartbeat_at)
                ));
        // Silence is rounded down and the wait up: neither is told to be over too early.
        let wait = span(
            stale_after.saturating_sub(silent).as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX),
        );
        Err(match is_gone {
            true => error
                .because(format!("its process {} is gone from this host", self.pid))
                .hint(format!("the same command takes it over in {wait}")),
            false => error
                .hint(format!(
                    "a run that says nothing for {} is taken over: that is in {wait} at the soonest",
                    span(patience.stale_after.as_secs())
                ))
                .hint(format!(
                    "one that hangs is taken over at once: `opsctl tenant provision {} --take-over`",
                    tenant.slug
                )),
        })
    }
}

/// `40s`, `1m 30s`, `2h 3m`: the two largest units.
fn span(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, 0) => format!("{minutes}m"),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, 0, _) => format!("{hours}h"),
        (hours, minutes, _) => format!("{hours}h {minutes}m"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;

    use super::*;
    use crate::fleet::TenantStatus;

    fn tenant() -> Tenant {
        Tenant {
            id: "t".into(),
            slug: "acme".into(),
            name: "Acme".into(),
            cluster: "central".into(),
            status: TenantStatus::Provisioning,
            owner_user_id: None,
            locale: "id".into(),
            timezone: "UTC".into(),
            provisioned_at: None,
            created_at: None,
        }
    }

    fn yields(silent: i64, host: &str, is_gone: fn(u32) -> bool, take_over: bool) -> Result<()> {
        let at: DateTime<Utc> = "2026-11-20T09:00:00Z".parse().unwrap();
        let holder = Holder {
            run: "r".into(),
            user: "ana".into(),
            host: "ops-1".into(),
            pid: 7,
            started_at: at,
            heartbeat_at: at,
            step: Some(Step::Roles),
            has_committed: false,
        };
        let asker = Asker { user: "ben".into(), host: host.into(), pid: 8, is_gone };
        let patience = Patience { stale_after: Duration::from_secs(120), take_over };
        holder.yields(&tenant(), at + TimeDelta::seconds(silent), &asker, patience)
    }

    #[test]
    fn a_run_yields_when_it_is_silent_for_too_long_or_its_process_is_gone() {
        assert!(yields(119, "ops-2", |_| true, false).is_err());
        assert!(yields(120, "ops-2", |_| false, false).is_ok());
        assert!(yields(9, "ops-1", |_| true, false).is_err());
        assert!(yields(10, "ops-1", |_| true, false).is_ok());
        assert!(yields(10, "ops-1", |_| false, false).is_err());
        assert!(yields(-60, "ops-2", |_| true, false).is_err());
        assert!(yields(0, "ops-2", |_| false, true).is_ok());
    }

    #[test]
    fn who_is_at_work_is_told_with_what_to_type() {
        let error = yields(30, "ops-2", |_| false, false).unwrap_err();
        insta::assert_snapshot!(error.message(), @"tenant `acme` is being provisioned by ana on ops-1 (pid 7), run r since 2026-11-20 09:00:00 UTC, at the step `roles`");
        insta::assert_snapshot!(error.root(), @"its last heartbeat was 30s ago, at 2026-11-20 09:00:00 UTC");
        insta::assert_snapshot!(error.hints().join("\n"), @"
        a run that says nothing for 2m is taken over: that is in 1m 30s at the soonest
        one that hangs is taken over at once: `opsctl tenant provision acme --take-over`
        ");
    }
    #[test]
    fn spans_name_their_two_largest_units() {
        let told: Vec<String> = [0, 59, 60, 90, 3600, 7380, 90_061].map(span).into();
        assert_eq!(told, ["0s", "59s", "1m", "1m 30s", "1h", "2h 3m", "25h 1m"]);
    }
}
