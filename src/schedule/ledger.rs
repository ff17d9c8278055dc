//! The table `opsctl_schedule_runs`: who runs an entry in a minute. Its keys decide: a minute is claimed once, and an
//! entry is at work once. A run holds its row by its id; what a run that lost it says is refused.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;

use crate::{
    Error, Result, clock,
    db::{Db, Fault, Query, Row, Table, Value},
};

/// The table.
pub const TABLE: &str = "opsctl_schedule_runs";
/// How long a run holds its row without renewal.
pub const LEASE: Duration = Duration::from_secs(60);
/// Time between two renewals.
pub const BEAT: Duration = Duration::from_secs(20);
/// Days that rows are kept.
const KEPT_DAYS: i64 = 30;
/// Most tries at a statement that met a deadlock.
const TRIES: u32 = 20;
/// Time between two of them.
const PAUSE: Range<Duration> = Duration::from_millis(5)..Duration::from_millis(60);

const COLUMNS: [&str; 13] = [
    "entry",
    "due_at",
    "run",
    "status",
    "live_key",
    "tries",
    "host",
    "pid",
    "claimed_at",
    "lease_until",
    "ended_at",
    "exit_code",
    "why",
];

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is at work, or was killed and its time is not over.
    Running,
    /// It has ended.
    Ended,
    /// Its process is gone, or was silent for longer than its lease.
    Interrupted,
    /// Its command did not run.
    Skipped,
}

impl Status {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Running => "running",
            Status::Ended => "ended",
            Status::Interrupted => "interrupted",
            Status::Skipped => "skipped",
        }
    }

    fn read(name: &str) -> Result<Self> {
        let all = [Status::Running, Status::Ended, Status::Interrupted, Status::Skipped];
        let found = all.into_iter().find(|status| status.name() == name);
        found.ok_or_else(|| {
            Error::failed(format!("{TABLE} holds a status that opsctl does not know: `{name}`"))
        })
    }
}

/// One run of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The entry, or `ENTRY@HOST`.
    pub entry: String,
    /// The minute that it was due in.
    pub due_at: DateTime<Utc>,
    /// The run's id.
    pub run: String,
    /// How it stands.
    pub status: Status,
    /// How often the minute was begun.
    pub tries: u32,
    /// The host that it runs on.
    pub host: String,
    /// Its process there.
    pub pid: u32,
    /// When it was begun.
    pub claimed_at: DateTime<Utc>,
    /// Until when it holds the row.
    pub lease_until: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The exit code of its command.
    pub exit: Option<u8>,
    /// Why it ended so, or did not run.
    pub why: Option<String>,
}

/// The outcome of asking for a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is ours.
    Ours,
    /// Somebody has, or had it.
    Theirs(Known),
    /// The entry is at work since an earlier minute.
    Overlaps(Known),
}

/// A minute that a run asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The entry, or `ENTRY@HOST`.
    pub entry: String,
    /// The minute.
    pub due_at: DateTime<Utc>,
    /// The run's id: 26 characters, which nobody else has.
    pub run: String,
    /// The host.
    pub host: String,
    /// The process there.
    pub pid: u32,
}

/// The table of one database.
#[derive(Debug)]
pub struct Ledger<'a> {
    db: &'a Db,
    table: Table,
}

impl<'a> Ledger<'a> {
    /// The table, if `db migrate` has made it.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(db: &'a Db) -> Result<Option<Self>> {
        let table = db.table(TABLE).await?;
        let whole = table.filter(|table| COLUMNS.iter().all(|column| table.has(column)));
        Ok(whole.map(|table| Self { db, table }))
    }

    /// The server's clock, by which leases are held.
    ///
    /// # Errors
    /// The database's.
    pub async fn now(&self) -> Result<DateTime<Utc>> {
        self.db.now().await
    }

    /// Asks for a minute.
    ///
    /// # Errors
    /// The database's: nothing is claimed then, or it is known by the run's id.
    pub async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        loop {
            let now = self.now().await?;
            match self.insert(claim, now, Status::Running, None).await {
                Ok(()) => return Ok(Claimed::Ours),
                Err(error) if error.fault() == Some(Fault::Duplicate) => {}
                Err(error) => return Err(error),
            }
            if let Some(known) = self.at(&claim.entry, claim.due_at).await? {
                // An insert that was repeated may have been heard the first time.
                let ours = known.run == claim.run && known.status == Status::Running;
                return Ok(if ours { Claimed::Ours } else { Claimed::Theirs(known) });
            }
            if let Some(live) = self.live(&claim.entry).await? {
                return Ok(Claimed::Overlaps(live));
            }
            // It ended in between.
        }
    }

    /// Takes a minute that was interrupted for another try.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_again(&self, old: &Known, claim: &Claim) -> Result<bool> {
        let now = self.now().await?;
        let sql = self.update(
            &["run", "status", "live_key", "host", "pid", "claimed_at", "lease_until", "ended_at", "why"],
            ", tries = tries + 1",
            "run = {run} AND status = {status}",
        );
        let query = Query::new(sql)
            .bind(&*claim.run)
            .bind(Status::Running.name())
            .bind(&*claim.entry)
            .bind(&*claim.host)
            .bind(i64::from(claim.pid))
            .bind(now)
            .bind(until(now))
            .bind(Value::Null)
            .bind(Value::Null)
            .bind(&*claim.entry)
            .bind(claim.due_at)
            .bind(&*old.run)
            .bind(Status::Interrupted.name());
        match self.execute(query).await {
            Ok(rows) => Ok(rows > 0),
            Err(error) if error.fault() == Some(Fault::Duplicate) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Notes that a due minute was passed over, unless something is known of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn skip(&self, claim: &Claim, why: &str) -> Result<()> {
        match self.insert(claim, self.now().await?, Status::Skipped, Some(why)).await {
            Err(error) if error.fault() == Some(Fault::Duplicate) => Ok(()),
            done => done,
        }
    }

    /// Extends the time of a run; says whether it still held its row.
    ///
    /// # Errors
    /// The database's.
    pub async fn renew(&self, claim: &Claim) -> Result<bool> {
        let now = self.now().await?;
        let sql = self.update(
            &["lease_until"],
            "",
            "run = {run} AND live_key = {live_key} AND lease_until > {lease_until}",
        );
        let query = Query::new(sql).bind(until(now));
        let query = Self::keyed(query, claim).bind(&*claim.run).bind(&*claim.entry).bind(now);
        Ok(self.execute(query).await? > 0)
    }

    /// Records the end of a run that still holds its row; says whether it did.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(
        &self,
        claim: &Claim,
        status: Status,
        exit: Option<u8>,
        why: Option<&str>,
    ) -> Result<bool> {
        let sql = self.update(
            &["status", "live_key", "ended_at", "exit_code", "why"],
            "",
            "run = {run} AND live_key = {live_key}",
        );
        let query = Query::new(sql)
            .bind(status.name())
            .bind(Value::Null)
            .bind(clock::cut(self.now().await?))
            .bind(exit.map(i64::from))
            .bind(why);
        let query = Self::keyed(query, claim).bind(&*claim.run).bind(&*claim.entry);
        Ok(self.execute(query).await? > 0)
    }

    /// Takes the row from a run whose lease is over; gives that run.
    ///
    /// # Errors
    /// The database's.
    pub async fn reap(&self, entry: &str) -> Result<Option<Known>> {
        let Some(live) = self.live(entry).await? else { return Ok(None) };
        let now = self.now().await?;
        if live.lease_until > now {
            return Ok(None);
        }
        let sql = self.update(
            &["status", "live_key", "ended_at", "why"],
            "",
            "run = {run} AND live_key = {live_key} AND lease_until <= {lease_until}",
        );
        let why = format!(
            "silent since its lease ended: process {} on {} is gone, or was held",
            live.pid, live.host
        );
        let query = Query::new(sql)
            .bind(Status::Interrupted.name())
            .bind(Value::Null)
            .bind(clock::cut(now))
            .bind(&*why)
            .bind(&*live.entry)
            .bind(live.due_at)
            .bind(&*live.run)
            .bind(entry)
            .bind(now);
        let taken = self.execute(query).await? > 0;
        Ok(taken.then_some(Known {
            status: Status::Interrupted,
            why: Some(why),
            ended_at: Some(now),
            ..live
        }))
    }

    /// What is known of an entry in a minute.
    ///
    /// # Errors
    /// The database's.
    pub async fn at(&self, entry: &str, due_at: DateTime<Utc>) -> Result<Option<Known>> {
        let filter =
            format!("entry = {} AND due_at = {}", self.table.hole("entry"), self.table.hole("due_at"));
        let query = Query::new(self.select(&filter)).bind(entry).bind(due_at);
        self.first(query).await
    }

    /// The run that is at work on an entry.
    ///
    /// # Errors
    /// The database's.
    pub async fn live(&self, entry: &str) -> Result<Option<Known>> {
        let filter = format!("live_key = {}", self.table.hole("live_key"));
        self.first(Query::new(self.select(&filter)).bind(entry)).await
    }

    /// The newest runs of an entry, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn newest(&self, entry: &str, most: usize) -> Result<Vec<Known>> {
        let filter = format!("entry = {} ORDER BY due_at DESC LIMIT {most}", self.table.hole("entry"));
        let query = Query::new(self.select(&filter)).bind(entry);
        self.db.session().await?.fetch(query).await?.iter().map(known).collect()
    }

    /// The newest run of each entry that has one.
    ///
    /// # Errors
    /// The database's.
    pub async fn last(&self, entries: &[String]) -> Result<BTreeMap<String, Known>> {
        let mut last = BTreeMap::new();
        for entry in entries {
            last.extend(self.newest(entry, 1).await?.pop().map(|known| (entry.clone(), known)));
        }
        Ok(last)
    }

    /// Forgets what is older than a month of an entry.
    ///
    /// # Errors
    /// The database's.
    pub async fn prune(&self, entry: &str) -> Result<u64> {
        let sql = format!(
            "DELETE FROM {} WHERE entry = {} AND due_at < {} AND live_key IS NULL",
            self.table.name,
            self.table.hole("entry"),
            self.table.hole("due_at")
        );
        let before = self.now().await? - TimeDelta::days(KEPT_DAYS);
        self.execute(Query::new(sql).bind(entry).bind(before)).await
    }

    async fn insert(
        &self,
        claim: &Claim,
        now: DateTime<Utc>,
        status: Status,
        why: Option<&str>,
    ) -> Result<()> {
        let names = COLUMNS.map(|column| self.table.column(column)).join(", ");
        let holes = COLUMNS.map(|column| self.table.hole(column)).join(", ");
        let runs = status == Status::Running;
        let query = Query::new(format!("INSERT INTO {} ({names}) VALUES ({holes})", self.table.name))
            .bind(&*claim.entry)
            .bind(claim.due_at)
            .bind(&*claim.run)
            .bind(status.name())
            .bind(runs.then_some(&*claim.entry))
            .bind(1_i64)
            .bind(&*claim.host)
            .bind(i64::from(claim.pid))
            .bind(now)
            .bind(if runs { until(now) } else { now })
            .bind((!runs).then_some(now))
            .bind(Value::Null)
            .bind(why);
        self.execute(query).await.map(|_| ())
    }

    /// Repeats what met a deadlock: the keys make every statement one that may come twice.
    async fn execute(&self, query: Query) -> Result<u64> {
        for _ in 1..TRIES {
            match self.db.session().await?.execute(query.clone()).await {
                Err(error) if error.fault() == Some(Fault::Transient) => {
                    tokio::time::sleep(rand::rng().random_range(PAUSE)).await;
                }
                done => return done,
            }
        }
        self.db.session().await?.execute(query).await
    }

    async fn first(&self, query: Query) -> Result<Option<Known>> {
        self.db.session().await?.first(query).await?.as_ref().map(known).transpose()
    }

    fn select(&self, filter: &str) -> String {
        let names = COLUMNS.map(|column| self.table.column(column)).join(", ");
        format!("SELECT {names} FROM {} WHERE {filter}", self.table.name)
    }

    /// Sets columns of the row of an entry and minute, under a condition whose `{column}` are placeholders.
    fn update(&self, columns: &[&str], more: &str, condition: &str) -> String {
        let set = |column: &&str| format!("{} = {}", self.table.column(column), self.table.hole(column));
        let sets: Vec<String> = columns.iter().map(set).collect();
        let condition = COLUMNS.iter().fold(condition.to_owned(), |text, column| {
            text.replace(&format!("{{{column}}}"), &self.table.hole(column))
        });
        format!(
            "UPDATE {} SET {}{more} WHERE entry = {} AND due_at = {} AND {condition}",
            self.table.name,
            sets.join(", "),
            self.table.hole("entry"),
            self.table.hole("due_at"),
        )
    }

    fn keyed(query: Query, claim: &Claim) -> Query {
        query.bind(&*claim.entry).bind(claim.due_at)
    }
}

/// When a lease that begins now ends: columns hold whole seconds, and it must not be shorter than it says.
fn until(now: DateTime<Utc>) -> DateTime<Utc> {
    clock::round_up(now + LEASE)
}

fn known(row: &Row) -> Result<Known> {
    let number = |name: &str| Ok::<_, Error>(u32::try_from(row.int(name)?).unwrap_or_default());
    let exit = row.text_or_null("exit_code")?.and_then(|text| text.parse().ok());
    Ok(Known {
        entry: row.text("entry")?,
        due_at: row.time("due_at")?.unwrap_or_default(),
        run: row.text("run")?,
        status: Status::read(&row.text("status")?)?,
        tries: number("tries")?,
        host: row.text("host")?,
        pid: number("pid")?,
        claimed_at: row.time("claimed_at")?.unwrap_or_default(),
        lease_until: row.time("lease_until")?.unwrap_or_default(),
        ended_at: row.time("ended_at")?,
        exit,
        why: row.text_or_null("why")?,
    })
}
