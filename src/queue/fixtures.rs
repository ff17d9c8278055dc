//! Jobs to try things out on: ready, delayed, stuck and failed ones, of a class that opsctl cannot run.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    Result,
    db::{Begin, Db, Query, Value},
    laravel::payload::{NewJob, Shape},
};

const CLASS: &str = r"App\Jobs\SendInvoice";
const COMMAND: &str = r#"O:20:"App\Jobs\SendInvoice":1:{s:9:"invoiceId";i:7;}"#;
/// Seconds from now: since when a worker has it, and from when on it may be taken.
const JOBS: [(Option<i64>, i64); 5] =
    [(None, -900), (None, -40), (None, 3600), (Some(-20), -300), (Some(-7200), -7300)];
/// Hours ago, and what PHP said.
const FAILED: [(i64, &str); 4] = [
    (30, "RuntimeException: no answer within 30 seconds in /srv/app/Gateway.php:12\nStack trace:\n#0 {main}"),
    (5, "RuntimeException: no answer within 30 seconds in /srv/app/Gateway.php:12\nStack trace:\n#0 {main}"),
    (2, "RuntimeException: no answer within 30 seconds in /srv/app/Gateway.php:12\nStack trace:\n#0 {main}"),
    (1, "DomainException: invoice 7 is paid already in /srv/app/Invoice.php:80\nStack trace:\n#0 {main}"),
];

/// How many rows went in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seeded {
    /// Rows of `jobs`.
    pub jobs: usize,
    /// Rows of `failed_jobs`.
    pub failed: usize,
}

/// Puts jobs into `jobs` and `failed_jobs`, unless some of them are there.
///
/// # Errors
/// The database's, or a table that is missing.
pub async fn seed(db: &Db, dry_run: bool) -> Result<Seeded> {
    let jobs = db.require("jobs", &["id", "queue", "payload", "reserved_at"]).await?;
    let failed = db.require("failed_jobs", &["id", "uuid", "payload", "exception"]).await?;
    let now = db.now().await?;
    let mut session = db.session().await?;
    let known = Query::new(format!("SELECT id FROM {} WHERE uuid = {}", failed.name, failed.hole("uuid")));
    if session.first(known.bind(uuid(JOBS.len()))).await?.is_some() {
        return Ok(Seeded::default());
    }
    session.begin(Begin::Write).await?;
    let sql = format!(
        "INSERT INTO {} ({}, payload, attempts, reserved_at, available_at, created_at) VALUES (?, ?, ?, {}, ?, ?)",
        jobs.name,
        jobs.column("queue"),
        jobs.hole("reserved_at")
    );
    for (at, (reserved, available)) in JOBS.iter().enumerate() {
        let seconds = now.timestamp();
        let created = seconds + available.min(&0);
        let query =
            Query::new(&sql).bind("default").bind(payload(at, created)).bind(i64::from(reserved.is_some()));
        let query = query.bind(reserved.map_or(Value::Null, |ago| Value::Int(seconds + ago)));
        session.execute(query.bind(seconds + available).bind(created)).await?;
    }
    let sql = format!(
        "INSERT INTO {} (uuid, {}, {}, payload, exception, failed_at) VALUES (?, ?, ?, ?, ?, {})",
        failed.name,
        failed.column("connection"),
        failed.column("queue"),
        failed.hole("failed_at")
    );
    for (at, (hours, exception)) in FAILED.iter().enumerate() {
        let when: DateTime<Utc> = now - TimeDelta::hours(*hours);
        let at = at + JOBS.len();
        let query = Query::new(&sql).bind(uuid(at)).bind("database").bind("default");
        session.execute(query.bind(payload(at, when.timestamp())).bind(*exception).bind(when)).await?;
    }
    if dry_run {
        session.rollback().await?;
    } else {
        session.commit().await?;
    }
    Ok(Seeded { jobs: JOBS.len(), failed: FAILED.len() })
}

fn uuid(at: usize) -> String {
    format!("5e1ec7ed-0000-4000-8000-{at:012}")
}

fn payload(at: usize, created_at: i64) -> String {
    let job = NewJob {
        uuid: uuid(at),
        class: CLASS,
        command: COMMAND.to_owned(),
        max_tries: Some(3),
        timeout: Some(30),
        created_at,
        delay: None,
        hidden: Vec::new(),
        id: None,
    };
    job.payload(Shape::of(None))
}
