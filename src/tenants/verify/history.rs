//! The tenant's runs: how the last one ended, whether its counts are plausible, and what keeps failing.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Answer, Check, Look};
use crate::{
    Result,
    db::{Query, Row},
    tenants::{
        RunStatus,
        provision::{Step, Tally, live::utc, run::since, taxonomies},
    },
};

/// How far back warnings are counted.
const DAYS: i64 = 7;
/// Runs of that time that are read.
const RUNS_READ: u32 = 200;
/// Failures with one key that repeat.
const REPEATS: usize = 2;
/// Silence after which a live run counts as killed, as `tenant provision` has it.
const STALE: Duration = Duration::from_secs(120);

struct Run {
    id: String,
    status: RunStatus,
    log_key: Option<String>,
    error: Option<String>,
    started_at: DateTime<Utc>,
    heartbeat_at: DateTime<Utc>,
    who: String,
}

/// A step that is done: what it did, and to what.
struct Done {
    run: String,
    step: Step,
    tally: Tally,
    input: Option<String>,
}

impl Look<'_> {
    pub(super) async fn history(&self) -> Result<Vec<Check>> {
        let now = self.ground.central.now().await?;
        let runs = self.runs().await?;
        let mut checks = vec![self.last_run(runs.first(), now)];
        if let Some(last) = runs.iter().find(|run| run.status == RunStatus::Succeeded) {
            checks.push(self.counts(last).await?);
        }
        checks.push(self.warnings(&runs, now));
        Ok(checks)
    }

    async fn runs(&self) -> Result<Vec<Run>> {
        let table = &self.expected.runs;
        let sql = format!(
            "SELECT id, status, log_key, error, started_at, heartbeat_at, requested_by, host, pid FROM {} \
             WHERE tenant = {} ORDER BY id DESC LIMIT {RUNS_READ}",
            table.name,
            table.hole("tenant")
        );
        let query = Query::new(sql).bind(self.tenant.id.as_str());
        let read = |row: &Row| {
            Ok(Run {
                id: row.text("id")?,
                status: RunStatus::of(row, "status")?,
                log_key: row.text_or_null("log_key")?,
                error: row.text_or_null("error")?,
                started_at: row.time("started_at")?.unwrap_or_default(),
                heartbeat_at: row.time("heartbeat_at")?.unwrap_or_default(),
                who: format!(
                    "{} on {} (pid {})",
                    row.text("requested_by")?,
                    row.text("host")?,
                    row.text("pid")?
                ),
            })
        };
        self.ground.central.session().await?.fetch(query).await?.iter().map(read).collect()
    }

    fn last_run(&self, last: Option<&Run>, now: DateTime<Utc>) -> Check {
        let Some(run) = last else {
            return Check::new("last_run", Answer::Fail, "it was never provisioned").next(self.again());
        };
        let told = format!("run {} of {}", run.id, utc(run.started_at));
        let why = run.error.as_deref().map_or(String::new(), |error| format!(": {error}"));
        match run.status {
            RunStatus::Succeeded => Check::new("last_run", Answer::Pass, format!("{told} succeeded")),
            RunStatus::Running if since(run.heartbeat_at, now) < STALE => {
                Check::new("last_run", Answer::Warn, format!("{told} is at work: {}", run.who))
            }
            RunStatus::Running => {
                let message = format!("{told} was killed: no heartbeat since {}", utc(run.heartbeat_at));
                Check::new("last_run", Answer::Fail, message).next(self.again())
            }
            RunStatus::Partial | RunStatus::Failed | RunStatus::Cancelled => {
                let key = run.log_key.as_deref().map_or(String::new(), |key| format!(" ({key})"));
                let message = format!("{told} is {}{key}{why}", run.status);
                Check::new("last_run", Answer::Fail, message).next(self.again())
            }
        }
    }

    /// A run over a source that was provisioned before creates and updates nothing; and every row of it is counted.
    async fn counts(&self, last: &Run) -> Result<Check> {
        let done = self.done(&last.id).await?;
        let mut odd = Vec::new();
        let mut told = Vec::new();
        for step in done.iter().filter(|step| step.run == last.id) {
            let Tally { created, updated, unchanged, skipped } = step.tally;
            told.push(format!(
                "{}: {created} created, {updated} updated, {unchanged} unchanged, {skipped} skipped",
                step.step
            ));
            let before = done.iter().find(|other| other.run != last.id && other.step == step.step);
            let is_same = before.is_some_and(|before| before.input.is_some() && before.input == step.input);
            if is_same && created + updated > 0 {
                odd.push(format!(
                    "{}: {created} created and {updated} updated, though the source was the same as in run {}",
                    step.step,
                    before.map_or("", |before| &before.run)
                ));
            }
            if let Some(source) = self.source(step).filter(|source| *source > step.tally.sum()) {
                odd.push(format!("{}: {} of {source} rows counted", step.step, step.tally.sum()));
            }
        }
        let next = format!("opsctl tenant show {}", self.tenant.slug);
        if told.is_empty() {
            let message = format!("run {} counted no rows: it has no step that is done and writes", last.id);
            return Ok(Check::new("counts", Answer::Warn, message).next(next));
        }
        Ok(match odd.is_empty() {
            true => Check::new("counts", Answer::Pass, format!("run {}: {}", last.id, told.join("; "))),
            false => Check::new("counts", Answer::Warn, odd.join("; ")).next(next),
        })
    }

    /// Rows of the source as it stands, where it is the one that the step had.
    fn source(&self, done: &Done) -> Option<u64> {
        let (input, rows) = match done.step {
            Step::Roles => (self.expected.roles.input(), self.expected.roles.roles.len()),
            Step::Taxonomies => (taxonomies::input(&self.expected.masters), self.expected.masters.rows.len()),
            _ => return None,
        };
        (done.input.as_ref() == Some(&input)).then_some(rows as u64)
    }

    /// The steps that are done of a run and of those before it, newest first.
    async fn done(&self, last: &str) -> Result<Vec<Done>> {
        let (runs, steps) = (&self.expected.runs, &self.expected.steps);
        let sql = format!(
            "SELECT s.run, s.provisioner, s.created_count, s.updated_count, s.unchanged_count, s.skipped_count, \
             s.input_checksum FROM {} AS s JOIN {} AS r ON r.id = s.run WHERE r.tenant = {} AND r.id <= {} \
             AND s.status = 'succeeded' ORDER BY s.run DESC, s.seq LIMIT {RUNS_READ}",
            steps.name,
            runs.name,
            runs.hole("tenant"),
            runs.hole("id"),
        );
        let query = Query::new(sql).bind(self.tenant.id.as_str()).bind(last);
        let rows = self.ground.central.session().await?.fetch(query).await?;
        let count =
            |row: &Row, name: &str| Ok::<_, crate::Error>(u64::try_from(row.int(name)?).unwrap_or_default());
        let read = |row: &Row| {
            let step = Step::from_name(&row.text("provisioner")?).filter(|step| step.writes());
            let Some(step) = step else { return Ok(None) };
            let tally = Tally {
                created: count(row, "created_count")?,
                updated: count(row, "updated_count")?,
                unchanged: count(row, "unchanged_count")?,
                skipped: count(row, "skipped_count")?,
            };
            Ok(Some(Done { run: row.text("run")?, step, tally, input: row.text_or_null("input_checksum")? }))
        };
        rows.iter().filter_map(|row| read(row).transpose()).collect()
    }

    /// What was failing again and again before the last success is over, and still worth a look.
    fn warnings(&self, runs: &[Run], now: DateTime<Utc>) -> Check {
        let recent = || runs.iter().take_while(|run| run.started_at >= now - TimeDelta::days(DAYS));
        let open = repeated(recent().take_while(|run| run.status != RunStatus::Succeeded));
        let all = repeated(recent());
        let next = format!("opsctl tenant show {}", self.tenant.slug);
        if !open.is_empty() {
            let message = format!("{} since it last succeeded", open.join(", "));
            return Check::new("warnings", Answer::Fail, message).next(next);
        }
        if !all.is_empty() {
            let message = format!("{} in {DAYS} days, not since it last succeeded", all.join(", "));
            return Check::new("warnings", Answer::Warn, message).next(next);
        }
        Check::new("warnings", Answer::Pass, format!("no failure repeated in {DAYS} days"))
    }
}

/// Log keys that come more than once.
fn repeated<'r>(runs: impl Iterator<Item = &'r Run>) -> Vec<String> {
    let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
    for key in runs.filter_map(|run| run.log_key.as_deref()) {
        *keys.entry(key).or_default() += 1;
    }
    let often = keys.into_iter().filter(|(_, times)| *times >= REPEATS);
    often.map(|(key, times)| format!("{key} {times} times")).collect()
}
