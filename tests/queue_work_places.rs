//! `queue work` on a table of another database than the events', and many jobs in one transaction beside one by one.

use std::time::{Duration, Instant};

use opsctl::{
    cancel::Cancel,
    config::{
        Origin,
        queues::{QueueConnection, QueueDriver},
    },
    db::Db,
    laravel::{failed::FailedJobs, queue::QueuePlace},
    worker::{self, Means, Options, Signs, WorkReport, WorkRequest},
};

use crate::{
    on_every_engine,
    support::{Case, Event, Payment, limits, now, number, work::Place},
};

fn request(chunk: usize) -> WorkRequest {
    WorkRequest {
        queues: vec!["webhooks".into()],
        once: false,
        stop_when_empty: true,
        max_jobs: None,
        max_time: None,
        sleep: Duration::from_secs(3),
        options: Options { tries: 1, backoff: vec![0], timeout: Duration::from_secs(60) },
        chunk,
        concurrency: 1,
        dry_run: false,
        limits: limits(),
        seed: Some(7),
    }
}

/// A worker for the events of `case`, whose jobs lie in `jobs`.
async fn work(case: &Case, jobs: &Case, request: &WorkRequest) -> WorkReport {
    let same = std::ptr::eq(case, jobs);
    let driver = QueueDriver::Database {
        database: (!same).then(|| Box::new(jobs.target.clone())),
        table: "jobs".into(),
    };
    let connection = QueueConnection {
        name: "database".into(),
        origin: Origin::Default,
        queue: "default".into(),
        retry_after: Duration::from_secs(90),
        driver,
    };
    let clock = opsctl::clock::Clock::frozen(now());
    let central = async || Ok::<&Db, opsctl::Error>(&case.db);
    let place = QueuePlace::open(connection, central, clock).await.unwrap();
    let failed =
        FailedJobs { db: &case.db, table: "failed_jobs".into(), named_by_uuid: true, zone: chrono_tz::UTC };
    let (locks, signs) = (case.locks(), Signs { values: None, down: None });
    let means = Means { db: &case.db, place: &place, failed: &failed, locks: &locks, signs: &signs };
    worker::work(&means, request, &Cancel::new(), &mut ()).await.unwrap()
}

async fn push(case: &Case, jobs: &Case, count: u32) {
    for at in 0..count {
        let body = format!(r#"{{"id":"pay-{at}","status":"paid"}}"#);
        let event = Event::due(&format!("{at}x")).status("queued").attempts(2).body(&body);
        let id = event.insert(case).await;
        Payment::pending(&format!("pay-{at}")).insert(case).await;
        Place::Table.push(jobs, "webhooks", &Place::Table.payload(at, &id)).await;
    }
}

on_every_engine! {
    async fn jobs_of_another_database_are_reserved_run_and_deleted(case: &Case) {
        let Some(jobs) = Case::new(case.db.engine(), Schema::Service).await else { return };
        push(case, &jobs, 5).await;
        // One of them was a dead worker's, and is failed.
        jobs.execute("UPDATE jobs SET attempts = 1, reserved_at = 1 WHERE payload LIKE '%4x00000%'").await;
        let report = work(case, &jobs, &request(100)).await;
        assert_eq!((report.counts.done, report.counts.failed), (4, 1), "{report:?}");
        assert_eq!((jobs.count("jobs").await, case.count("failed_jobs").await), (0, 1));
        assert_eq!(case.count("webhook_events WHERE status = 'processed' AND attempts = 2").await, 4);
        assert_eq!(case.count("cache_locks").await, 0);
        // What somebody else has reserved a moment ago is not ours.
        push(case, &jobs, 0).await;
        Place::Table.push(&jobs, "webhooks", &Place::Table.payload(4, &format!("{:0<26}", "4x"))).await;
        jobs.execute(&format!("UPDATE jobs SET attempts = 1, reserved_at = {}", now().timestamp())).await;
        let before = jobs.dump(&["jobs"]).await;
        let report = work(case, &jobs, &request(100)).await;
        assert_eq!((report.counts.jobs, jobs.dump(&["jobs"]).await), (0, before), "{report:?}");
        jobs.finish().await;
    }

    async fn jobs_whose_work_is_refused_go_back_or_fail_in_another_database_too(case: &Case) {
        let Some(jobs) = Case::new(case.db.engine(), Schema::Service).await else { return };
        case.execute(match case.db.engine() {
            Engine::Postgres => "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$ LANGUAGE plpgsql; \
                CREATE TRIGGER refuse BEFORE UPDATE ON payments FOR EACH ROW WHEN (NEW.provider_ref = 'pay-1') EXECUTE FUNCTION refuse()",
            Engine::MySql => "CREATE TRIGGER refuse BEFORE UPDATE ON payments FOR EACH ROW BEGIN \
                IF NEW.provider_ref = 'pay-1' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'; END IF; END",
            Engine::Sqlite => "CREATE TRIGGER refuse BEFORE UPDATE ON payments WHEN NEW.provider_ref = 'pay-1' BEGIN SELECT RAISE(ABORT, 'refused'); END",
        }).await;
        push(case, &jobs, 3).await;
        let patient = Place::Table.payload(1, &format!("{:0<26}", "1x")).replace("\"maxTries\":1", "\"maxTries\":2");
        let patient = patient.replace("000000000001\"", "000000000009\"");
        let options = Options { tries: 2, backoff: vec![30], timeout: Duration::from_secs(60) };
        let patiently = WorkRequest { options, ..request(100) };
        let report = work(case, &jobs, &patiently).await;
        assert_eq!((report.counts.done, report.counts.failed), (2, 1), "{report:?}");
        assert_eq!((jobs.count("jobs").await, case.count("failed_jobs").await), (0, 1));
        Place::Table.push(&jobs, "webhooks", &patient).await;
        let report = work(case, &jobs, &patiently).await;
        assert_eq!(report.counts.released, 1, "{report:?}");
        assert_eq!(jobs.count("jobs WHERE attempts = 1 AND reserved_at IS NULL").await, 1);
        jobs.finish().await;
    }

    async fn many_jobs_in_one_transaction_and_one_by_one_come_to_the_same(case: &Case) {
        let count = number("OPSCTL_TEST_EVENTS", 30_u32);
        for chunk in [1, 100] {
            Place::Table.clear(case).await;
            push(case, case, count).await;
            let started = Instant::now();
            let report = work(case, case, &request(chunk)).await;
            eprintln!("{count} jobs by {chunk}: {:?}", started.elapsed());
            assert_eq!((report.counts.done, case.count("jobs").await), (u64::from(count), 0), "{report:?}");
            assert_eq!(case.count("webhook_events WHERE status = 'processed' AND attempts = 2").await, i64::from(count));
        }
    }
}
