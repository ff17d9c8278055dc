//! Failed jobs, and the queues that they go back to: a table of the same database, or a Redis of the test's own.

use opsctl::db::{Engine, Query, Value};

use super::{
    Case,
    cli::Said,
    fill::{insert, padded, text},
    redis::Redis,
};

/// The prefix of the application's Redis client.
const PREFIX: &str = "app-";

/// Where jobs go.
pub enum Queue {
    Table,
    Redis(Box<Redis>),
}

impl Queue {
    /// A Redis of its own; `None` where there is none.
    pub fn redis() -> Option<Self> {
        Some(Queue::Redis(Box::new(Redis::start(&[])?)))
    }

    /// Both kinds, as far as there are servers.
    pub fn both() -> Vec<Self> {
        [Some(Queue::Table), Queue::redis()].into_iter().flatten().collect()
    }

    /// The name of the connection.
    pub fn connection(&self) -> &'static str {
        match self {
            Queue::Table => "database",
            Queue::Redis(_) => "redis",
        }
    }

    /// Lines of `.env`.
    pub fn settings(&self) -> String {
        match self {
            Queue::Table => "QUEUE_CONNECTION=database\n".into(),
            Queue::Redis(redis) => Self::settings_at(redis.port),
        }
    }

    /// Those of a Redis on a port.
    pub fn settings_at(port: u16) -> String {
        format!(
            "QUEUE_CONNECTION=redis\nREDIS_HOST=127.0.0.1\nREDIS_PORT={port}\nREDIS_PREFIX={PREFIX}\n\
             REDIS_QUEUE_CONNECTION=default\nREDIS_CACHE_LOCK_CONNECTION=default\n"
        )
    }

    /// The payloads of a queue in their order, ready ones alone; as many notifications lie beside them on Redis.
    pub async fn jobs(&self, case: &Case, queue: &str) -> Vec<String> {
        match self {
            Queue::Table => {
                let order = "SELECT payload FROM jobs WHERE queue = ? AND attempts = 0 AND reserved_at IS NULL ORDER BY id";
                let rows =
                    case.db.session().await.unwrap().fetch(Query::new(order).bind(queue)).await.unwrap();
                rows.iter().map(|row| row.text("payload").unwrap()).collect()
            }
            Queue::Redis(redis) => {
                let key = format!("{PREFIX}queues:{queue}");
                let said = redis.cli(&["LRANGE", &key, "0", "-1"]);
                let jobs: Vec<String> =
                    said.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
                let notified = redis.cli(&["LLEN", &format!("{key}:notify")]);
                assert_eq!(notified, jobs.len().to_string(), "one notification for each job");
                jobs
            }
        }
    }

    /// Pushes a job as the application does.
    pub async fn push(&self, case: &Case, queue: &str, payload: &str) {
        match self {
            Queue::Table => {
                let sql = "INSERT INTO jobs (queue, payload, attempts, available_at, created_at) VALUES (?, ?, 0, 0, 0)";
                let query = Query::new(sql).bind(queue).bind(payload);
                case.db.session().await.unwrap().execute(query).await.unwrap();
            }
            Queue::Redis(redis) => {
                let key = format!("{PREFIX}queues:{queue}");
                redis.cli(&["RPUSH", &key, payload]);
                redis.cli(&["RPUSH", &format!("{key}:notify"), "1"]);
            }
        }
    }

    /// Tokens that were not settled.
    pub fn tokens(&self, queue: &str) -> usize {
        match self {
            Queue::Table => 0,
            Queue::Redis(redis) => {
                redis.cli(&["ZCARD", &format!("{PREFIX}queues:{queue}:opsctl")]).parse().unwrap()
            }
        }
    }

    /// Takes all jobs away.
    pub async fn clear(&self, case: &Case) {
        match self {
            Queue::Table => case.execute("DELETE FROM jobs").await,
            Queue::Redis(redis) => _ = redis.cli(&["FLUSHALL"]),
        }
    }
}

/// A UUID by its number.
pub fn uuid(number: u32) -> String {
    format!("a8904d43-0c91-4dc1-9242-{number:012x}")
}

/// A payload by its number, as Redis jobs have them, taken once.
pub fn payload(number: u32) -> String {
    payload_with(number, "")
}

/// Likewise, with further members before its `id`.
pub fn payload_with(number: u32, more: &str) -> String {
    format!(
        r#"{{"uuid":"{}","displayName":"App\\Jobs\\SendWaMessageJob","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":null,"maxExceptions":null,"failOnTimeout":false,"backoff":null,"timeout":null,"retryUntil":null,"data":{{"commandName":"App\\Jobs\\SendWaMessageJob","command":"O:25:\"App\\Jobs\\SendWaMessageJob\":1:{{s:11:\"waMessageId\";i:{number};}}","batchId":null}},"createdAt":1795160056{more},"id":"{number:032}","attempts":1,"delay":null}}"#,
        uuid(number)
    )
}

/// What a worker finds.
pub fn renewed(payload: &str) -> String {
    payload.replace(r#""attempts":1"#, r#""attempts":0"#)
}

impl Case {
    /// Writes a failed job.
    pub async fn fail(&self, connection: &str, queue: &str, uuid: Option<&str>, payload: &str) {
        self.fail_with(
            [connection, queue],
            uuid,
            payload,
            "RuntimeException: no answer in /srv/app/Wa.php:7",
            "2026-11-20 08:00:00",
        )
        .await;
    }

    /// Likewise, of a connection and a queue of it, with an exception and a time.
    pub async fn fail_with(
        &self,
        [connection, queue]: [&str; 2],
        uuid: Option<&str>,
        payload: &str,
        exception: &str,
        at: &str,
    ) {
        let table = self.db.table("failed_jobs").await.unwrap().unwrap();
        let mut columns = vec!["connection", "queue", "payload", "exception", "failed_at"];
        let mut values: Vec<Value> = [connection, queue, payload, exception, at].map(Value::from).into();
        if let Some(uuid) = uuid {
            columns.push("uuid");
            values.push(uuid.into());
        }
        let names: Vec<String> = columns.iter().map(|column| table.column(column)).collect();
        let holes: Vec<String> = columns.iter().map(|column| table.hole(column)).collect();
        let sql = format!("INSERT INTO failed_jobs ({}) VALUES ({})", names.join(", "), holes.join(", "));
        self.db.session().await.unwrap().execute(Query::new(sql).bind_all(values)).await.unwrap();
    }

    /// Failed jobs of these numbers.
    pub async fn fail_all(&self, connection: &str, queue: &str, numbers: std::ops::Range<u32>) {
        for number in numbers {
            self.fail(connection, queue, Some(&uuid(number)), &payload(number)).await;
        }
    }

    /// How many jobs have failed.
    pub async fn failed(&self) -> i64 {
        self.count("failed_jobs").await
    }

    /// Makes the table that the older provider writes: no column `uuid`.
    pub async fn without_uuids(&self) {
        if self.db.engine() == Engine::Sqlite {
            self.execute("DROP INDEX failed_jobs_uuid_unique").await;
        }
        self.execute("ALTER TABLE failed_jobs DROP COLUMN uuid").await;
        self.db.forget_tables();
    }
}

/// The outcome of a failed job by its id, and why.
pub fn outcome(said: &Said, id: &str) -> (String, String) {
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
    let items = report["data"]["items"].as_array().unwrap();
    let item =
        items.iter().find(|item| item["id"] == id).unwrap_or_else(|| panic!("{id} is not in {said:?}"));
    let text = |name: &str| item[name].as_str().unwrap().to_owned();
    (text("outcome"), text("reason"))
}

impl Case {
    /// Many failed jobs at once, each with `filler` bytes in its exception.
    pub async fn fill_failed(&self, connection: &str, count: u32, filler: u32) {
        let engine = self.db.engine();
        let number = padded(engine, "i");
        let parts = [
            "'a8904d43-0c91-4dc1-'",
            &format!("substr({number}, 11, 4)"),
            "'-'",
            &format!("substr({number}, 15, 12)"),
        ];
        let name = text(engine, &parts);
        let literal = |text: &str| match engine {
            Engine::MySql => format!("'{}'", text.replace('\\', "\\\\")),
            Engine::Postgres | Engine::Sqlite => format!("'{text}'"),
        };
        // Jobs of a table have neither `id` nor `attempts`.
        let job = match connection {
            "redis" => payload(0),
            _ => payload(0).replace(&format!(r#""id":"{:032}","attempts":1,"#, 0), ""),
        };
        let (before, behind) = job.split_once(&uuid(0)).unwrap();
        let job = text(engine, &[&literal(before), &name, &literal(behind)]);
        let trace = match engine {
            Engine::Sqlite => format!("replace(hex(zeroblob({filler} / 2)), '0', 'x')"),
            Engine::Postgres | Engine::MySql => format!("repeat('x', {filler})"),
        };
        let exception = text(engine, &["'RuntimeException: no answer in /srv/app/Wa.php:7'", &trace]);
        let table = self.db.table("failed_jobs").await.unwrap().unwrap();
        let columns = format!(
            "failed_jobs (uuid, {}, {}, payload, exception)",
            table.column("connection"),
            table.column("queue")
        );
        let select = format!("SELECT {name}, '{connection}', 'emails', {job}, {exception}");
        for from in (1..=count).step_by(10_000) {
            self.patiently(&insert(engine, (from, count.min(from + 9999)), &columns, &select)).await;
        }
    }
}
