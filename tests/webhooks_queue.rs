//! Due events handed to the queue: lock, row and job as one, on a table and on Redis.

use opsctl::{
    Exit, Kind,
    cancel::Cancel,
    config::{
        Origin,
        redis::{Address, Target},
    },
    journal::Entry,
    laravel::{
        lock::{Attempt, Locks},
        payload::{Command, Payload, Shape},
        queue::{Lying, Next, Part, Queues, RedisQueues, TableQueues},
    },
    redis::Redis,
    webhooks::{self, Dispatch, EventId, Means, OneRequest, Outcome, RetryReport, job::ProcessWebhookEvent},
};

use crate::{
    on_every_engine,
    support::{Case, Event, now, outcome_of, redis, request},
};

/// The server's place in a logical database.
fn place(server: &redis::Redis, database: i64) -> Redis {
    let address = Address::Tcp("127.0.0.1".into(), server.port);
    Redis::new(Target { database, prefix: "app-".into(), ..Target::new(address, Origin::Default) })
}

/// A queue in the jobs table beside the events, with its locks there, too.
fn in_table<'a>(case: &'a Case, locks: &'a Locks<'a>) -> Dispatch<'a> {
    let table =
        TableQueues { db: &case.db, table: "jobs".into(), retry_after: std::time::Duration::from_secs(90) };
    dispatch(Queues::Table(table), locks, "database")
}

fn dispatch<'a>(queues: Queues<'a>, locks: &'a Locks<'a>, store: &str) -> Dispatch<'a> {
    Dispatch {
        queues,
        queue: "webhooks".into(),
        locks,
        store: store.into(),
        shape: Shape::of(Some((12, 40))),
        force: false,
    }
}

async fn enqueue(case: &Case, dispatch: &Dispatch<'_>) -> RetryReport {
    let (entry, locks) = (Entry::unrecorded("test"), case.locks());
    let means = Means { db: &case.db, locks: Some(&locks), entry: &entry, dispatch: Some(dispatch) };
    webhooks::run(&means, request(), &Cancel::new(), &mut ()).await.unwrap()
}

fn one(id: &str) -> OneRequest {
    OneRequest {
        id: EventId::parse(id).unwrap(),
        force: false,
        take_over: false,
        dry_run: false,
        limits: request().limits,
        seed: Some(7),
    }
}

/// The jobs that lie ready.
async fn jobs(queues: &Queues<'_>) -> Vec<String> {
    let mut jobs = Vec::new();
    let mut take = |lying: Lying| {
        jobs.push(String::from_utf8(lying.payload).unwrap());
        Ok(Next::Go)
    };
    queues.each("webhooks", Part::Ready, &mut take).await.unwrap();
    jobs
}

/// The events that jobs are for.
fn events(jobs: &[String]) -> Vec<String> {
    let event = |job: &String| {
        let payload = Payload::read(job.as_bytes()).unwrap();
        let Some(Command::Plain(command)) = payload.command() else { panic!("{job}") };
        ProcessWebhookEvent::read(&command).unwrap().event
    };
    jobs.iter().map(event).collect()
}

on_every_engine! {
    async fn a_due_event_is_queued_with_its_job_and_its_lock(case: &Case) {
        let id = Event::due("a").insert(case).await;
        Event::due("b").next_retry(600).insert(case).await;
        let locks = case.locks();
        let dispatch = in_table(case, &locks);
        let report = enqueue(case, &dispatch).await;
        assert_eq!((report.counts.queued, report.counts.selected, report.exit()), (1, 1, Exit::Done), "{report:?}");
        let event = case.event(&id).await;
        assert_eq!((event.status.as_str(), event.attempts, event.last_attempt), ("queued", 2, Some(now())));
        assert!(event.next_retry > Some(now()) && event.note.is_none());
        let jobs = jobs(&dispatch.queues).await;
        assert_eq!(events(&jobs), [id.as_str()]);
        assert!(jobs[0].contains(r#""laravel_unique_job_cache_store":"s:8:\"database\";""#), "{jobs:?}");
        assert!(!jobs[0].contains("\"attempts\""), "a row has a column for them");
        let job = ProcessWebhookEvent { event: id, trigger: None, force: false, queue: None };
        let holder = locks.holder(&job.unique_lock()).await.unwrap().unwrap();
        assert_eq!(holder.until, Some(now() + chrono::TimeDelta::seconds(600)));
        assert_eq!(case.count("jobs WHERE queue = 'webhooks' AND attempts = 0 AND reserved_at IS NULL").await, 1);
    }

    // D15: a job that is refused is not counted, spends no attempt, and leaves the event as it was.
    async fn d15_an_event_whose_job_waits_already_is_passed_over(case: &Case) {
        let id = Event::due("a").insert(case).await;
        let job = ProcessWebhookEvent { event: id.clone(), trigger: None, force: false, queue: None };
        let locks = case.locks();
        let Attempt::Taken(_) = locks.acquire(&job.unique_lock(), "theservice", 600).await.unwrap() else { panic!() };
        let dispatch = in_table(case, &locks);
        let before = case.event(&id).await;
        let report = enqueue(case, &dispatch).await;
        assert_eq!((report.counts.skipped, report.counts.queued), (1, 0), "{report:?}");
        assert_eq!(report.skipped["its unique lock is held"], 1);
        assert_eq!(case.event(&id).await, before);
        assert_eq!(case.count("jobs").await, 0);
        let error = webhooks::enqueue_one(&case.db, one(&id), &dispatch, &Cancel::new()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Locked);
        assert_eq!(locks.holder(&job.unique_lock()).await.unwrap().unwrap().owner, "theservice");
    }

    async fn a_lock_whose_time_is_over_is_no_lock(case: &Case) {
        let id = Event::due("a").insert(case).await;
        let job = ProcessWebhookEvent { event: id, trigger: None, force: false, queue: None };
        case.execute(&format!(
            "INSERT INTO cache_locks VALUES ('app-cache-{}', 'gone', {})",
            job.unique_lock().replace('\\', if case.db.engine() == Engine::MySql { "\\\\" } else { "\\" }),
            now().timestamp()
        )).await;
        let locks = case.locks();
        assert_eq!(enqueue(case, &in_table(case, &locks)).await.counts.queued, 1);
    }

    async fn one_event_is_queued_by_its_id(case: &Case) {
        let id = Event::due("a").attempts(5).insert(case).await;
        let locks = case.locks();
        let dispatch = in_table(case, &locks);
        let error = webhooks::enqueue_one(&case.db, one(&id), &dispatch, &Cancel::new()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        let forced = Dispatch { force: true, ..in_table(case, &locks) };
        let request = OneRequest { force: true, ..one(&id) };
        let report = webhooks::enqueue_one(&case.db, request, &forced, &Cancel::new()).await.unwrap();
        assert_eq!(outcome_of(&report, &id), Outcome::Queued);
        assert!(jobs(&forced.queues).await[0].contains(r#"s:5:\"force\";b:1;"#));
    }

    async fn a_dry_run_takes_no_lock_and_pushes_nothing(case: &Case) {
        let id = Event::due("a").insert(case).await;
        let before = case.event(&id).await;
        let locks = case.locks();
        let dispatch = in_table(case, &locks);
        let dry = webhooks::RetryRequest { dry_run: true, ..request() };
        let entry = Entry::unrecorded("test");
        let means = Means { db: &case.db, locks: None, entry: &entry, dispatch: Some(&dispatch) };
        let report = webhooks::run(&means, dry, &Cancel::new(), &mut ()).await.unwrap();
        assert_eq!((report.counts.queued, case.event(&id).await), (1, before));
        assert_eq!((case.count("jobs").await, case.count("cache_locks").await), (0, 0));
    }

    async fn on_redis_a_job_is_pushed_once_and_its_notification_with_it(case: &Case) {
        let Some(server) = redis::Redis::start(&[]) else { return };
        for name in ["a", "b", "c"] {
            Event::due(name).insert(case).await;
        }
        let (queue, lock) = (place(&server, 2), place(&server, 3));
        let locks = Locks::Redis { redis: &lock, prefix: "cache-".into() };
        let dispatch = dispatch(Queues::Redis(RedisQueues { redis: &queue }), &locks, "redis");
        let report = enqueue(case, &dispatch).await;
        assert_eq!((report.counts.queued, report.exit()), (3, Exit::Done), "{report:?}");
        assert_eq!(server.cli(&["-n", "2", "LLEN", "app-queues:webhooks"]), "3");
        assert_eq!(server.cli(&["-n", "2", "LRANGE", "app-queues:webhooks:notify", "0", "-1"]), "1\n1\n1");
        assert_eq!(server.cli(&["-n", "2", "EXISTS", "app-queues:webhooks:opsctl"]), "0", "settled");
        let jobs = jobs(&dispatch.queues).await;
        assert!(jobs.iter().all(|job| job.contains("\"attempts\":0,\"delay\":null}")), "{jobs:?}");
        let ttl = server.say(&["TTL", &format!("app-cache-laravel_unique_job:App\\Jobs\\ProcessWebhookEvent:webhook-event:{:0<26}", "a")]);
        assert!((590..=600).contains(&ttl.parse::<i64>().unwrap()), "{ttl}");
        assert_eq!(case.count("webhook_events WHERE status = 'queued' AND attempts = 2").await, 3);
    }

    // D28: a queue that does not answer costs no event an attempt.
    async fn d28_without_a_queue_nothing_is_claimed(case: &Case) {
        let Some(mut server) = redis::Redis::start(&[]) else { return };
        let id = Event::due("a").insert(case).await;
        let before = case.event(&id).await;
        let queue = place(&server, 2);
        server.kill();
        let locks = case.locks();
        let dispatch = dispatch(Queues::Redis(RedisQueues { redis: &queue }), &locks, "database");
        let report = enqueue(case, &dispatch).await;
        assert_eq!((report.counts.selected, report.exit()), (0, Exit::Unreachable), "{report:?}");
        assert_eq!(case.event(&id).await, before);
        assert_eq!(case.count("cache_locks").await, 0, "the unique lock went with the transaction");
    }
}
