//! Events handed to a queue by runs that are killed at every crash point: none is `queued` without its job, none has two,
//! and the next run converges.

use std::collections::BTreeMap;

use opsctl::{
    crash::Point,
    laravel::payload::{Command, Payload},
    webhooks::job::ProcessWebhookEvent,
};

use crate::{
    on_every_engine,
    support::{Case, Event, cli::Said, number, redis::Redis},
};

/// SIGKILL.
const KILLED: Option<i32> = Some(9);
const ENQUEUE: [&str; 5] = ["webhooks", "retry", "--queue", "--limit", "5000"];
const EVENTS: usize = 30;

/// Where jobs and locks live.
enum Queue {
    Table,
    Redis(Redis),
}

impl Queue {
    fn settings(&self) -> String {
        match self {
            Queue::Table => "CACHE_STORE=database\nCACHE_PREFIX=cache-\nQUEUE_CONNECTION=database\n".into(),
            Queue::Redis(server) => format!(
                "{}REDIS_PREFIX=app-\nCACHE_PREFIX=cache-\nQUEUE_CONNECTION=redis\n",
                server.settings(server.port)
            ),
        }
    }

    /// How many jobs each event has.
    async fn jobs(&self, case: &Case) -> BTreeMap<String, usize> {
        let payloads: Vec<String> = match self {
            Queue::Table => {
                let rows = case.rows("SELECT payload FROM jobs WHERE queue = 'webhooks'").await;
                rows.iter().map(|row| row.text("payload").unwrap()).collect()
            }
            Queue::Redis(server) => {
                let all = server.cli(&["-n", "2", "LRANGE", "app-queues:webhooks", "0", "-1"]);
                assert_eq!(
                    server.cli(&["-n", "2", "LLEN", "app-queues:webhooks:notify"]),
                    all.lines().count().to_string()
                );
                all.lines().map(str::to_owned).collect()
            }
        };
        let mut jobs = BTreeMap::new();
        for payload in payloads {
            let Some(Command::Plain(command)) = Payload::read(payload.as_bytes()).unwrap().command() else {
                panic!("{payload}")
            };
            *jobs.entry(ProcessWebhookEvent::read(&command).unwrap().event).or_default() += 1;
        }
        jobs
    }

    /// What was there is gone.
    async fn clear(&self, case: &Case) {
        for table in ["jobs", "cache_locks", "webhook_events"] {
            case.execute(&format!("DELETE FROM {table}")).await;
        }
        if let Queue::Redis(server) = self {
            server.cli(&["FLUSHALL"]);
        }
    }

    /// Lets the time of the dead run's lock pass, and with `all` of unique locks whose events have no job: in a table
    /// they are rows of the events' transaction, and there are none.
    async fn expire(&self, case: &Case, all: bool) {
        let jobs = self.jobs(case).await;
        let kept = |name: &str| jobs.keys().any(|event| name.ends_with(&format!("webhook-event:{event}")));
        match self {
            Queue::Table => {
                let key = case.db.quoted("key");
                case.execute(&format!("DELETE FROM cache_locks WHERE {key} LIKE '%webhooks:retry:global'"))
                    .await;
            }
            Queue::Redis(server) => {
                for key in server.say(&["KEYS", "*"]).lines() {
                    let run = key.ends_with("tenrusl:cmd:webhooks:retry:global");
                    if run || (all && !kept(key)) {
                        server.say(&["DEL", key]);
                    }
                }
            }
        }
    }
}

/// Every event that is queued has one job, and no event has two.
async fn holds(case: &Case, queue: &Queue, told: &str) {
    let jobs = queue.jobs(case).await;
    assert!(jobs.values().all(|count| *count == 1), "two jobs: {jobs:?} {told}");
    for row in case.rows("SELECT id, attempts FROM webhook_events WHERE status = 'queued'").await {
        let id = row.text("id").unwrap();
        assert!(jobs.contains_key(&id), "`{id}` is queued without a job: {told}");
        assert_eq!(row.int("attempts").unwrap(), 2, "{told}");
    }
    assert_eq!(case.count("webhook_events WHERE status <> 'queued' AND attempts <> 1").await, 0, "{told}");
}

fn enqueue(case: &Case, variables: &[(&str, &str)]) -> Said {
    case.run_with(variables, &ENQUEUE)
}

async fn killed_at(case: &Case, queue: &Queue, point: Point) {
    let told = point.name();
    queue.clear(case).await;
    for event in 0..EVENTS {
        Event::due(&format!("{event:02}")).insert(case).await;
    }
    let said = enqueue(case, &[("OPSCTL_CRASH_AT", told)]);
    assert_eq!(said.signal, KILLED, "the point was not reached: {told}: {said:?}");
    holds(case, queue, told).await;
    queue.expire(case, false).await;
    let said = enqueue(case, &[]);
    assert_eq!(said.code, 0, "{told}: {said:?}");
    holds(case, queue, told).await;
    queue.expire(case, true).await;
    let said = enqueue(case, &[]);
    assert_eq!(said.code, 0, "{told}: {said:?}");
    holds(case, queue, told).await;
    assert_eq!(queue.jobs(case).await.len(), EVENTS, "{told}: {said:?}");
}

async fn every_point(case: &Case, queue: Queue) {
    case.write_env(&queue.settings());
    for round in 0..number("OPSCTL_TEST_ROUNDS", 1) {
        for point in Point::ENQUEUE {
            eprintln!("round {round}, {}", point.name());
            killed_at(case, &queue, point).await;
        }
    }
}

on_every_engine! {
    async fn killed_at_any_point_no_event_is_queued_without_its_job_in_a_table(case: &Case) {
        every_point(case, Queue::Table).await;
    }

    async fn killed_at_any_point_no_event_is_queued_without_its_job_on_redis(case: &Case) {
        let Some(server) = Redis::start(&[]) else { return };
        every_point(case, Queue::Redis(server)).await;
    }
}
