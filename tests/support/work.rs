//! Queues that a worker takes jobs from: a table of the events' database, or a Redis of the test's own.

use opsctl::{
    db::{Engine, Query},
    laravel::payload::Shape,
    webhooks::job::{ProcessWebhookEvent, Push},
};

use super::{Case, cli::Said, now, redis::Redis};

/// What the locks of the service begin with in a store.
const LOCKS: &str = "cache-";

/// Where jobs and locks live.
pub enum Place {
    Table,
    Redis(Box<Redis>),
}

impl Place {
    /// Both kinds, as far as there are servers.
    pub fn both() -> Vec<Self> {
        [Some(Place::Table), Place::redis()].into_iter().flatten().collect()
    }

    pub fn redis() -> Option<Self> {
        Some(Place::Redis(Box::new(Redis::start(&[])?)))
    }

    /// Lines of `.env`; those of a table lie beside the events, locks too.
    pub fn settings(&self) -> String {
        match self {
            Place::Table => "CACHE_PREFIX=cache-\nQUEUE_CONNECTION=database\n".into(),
            Place::Redis(server) => Self::settings_at(server.port),
        }
    }

    /// Those of a Redis on a port.
    pub fn settings_at(port: u16) -> String {
        format!(
            "CACHE_STORE=redis\nREDIS_HOST=127.0.0.1\nREDIS_PORT={port}\nREDIS_PREFIX=app-\nCACHE_PREFIX=cache-\nQUEUE_CONNECTION=redis\n"
        )
    }

    /// The name of the connection.
    pub fn connection(&self) -> &'static str {
        match self {
            Place::Table => "database",
            Place::Redis(_) => "redis",
        }
    }

    /// The payload of a job as the service pushes it, for an event.
    pub fn payload(&self, number: u32, event: &str) -> String {
        self.payload_of(number, &job(event))
    }

    pub fn payload_of(&self, number: u32, job: &ProcessWebhookEvent) -> String {
        let id = matches!(self, Place::Redis(_)).then(|| format!("{number:032}"));
        let uuid = uuid(number);
        let shape = Shape::of(Some((12, 40)));
        let store = self.connection(); // the default store bears the same name
        job.payload(&Push { uuid: &uuid, id, now: now().timestamp(), store, shape })
    }

    /// Pushes a payload as the application does.
    pub async fn push(&self, case: &Case, queue: &str, payload: &str) {
        match self {
            Place::Table => {
                let sql = "INSERT INTO jobs (queue, payload, attempts, available_at, created_at) VALUES (?, ?, 0, 0, 0)";
                let query = Query::new(sql).bind(queue).bind(payload);
                case.db.session().await.unwrap().execute(query).await.unwrap();
            }
            Place::Redis(_) => {
                let key = format!("app-queues:{queue}");
                self.say(&["RPUSH", &key, payload]);
                self.say(&["RPUSH", &format!("{key}:notify"), "1"]);
            }
        }
    }

    /// What the queues' Redis answers.
    pub fn say(&self, words: &[&str]) -> String {
        match self {
            Place::Table => String::new(),
            Place::Redis(server) => server.cli(&[&["-n", "2"], words].concat()),
        }
    }

    /// Every payload of a queue, wherever it lies: ready, delayed, reserved.
    pub async fn jobs(&self, case: &Case, queue: &str) -> Vec<String> {
        match self {
            Place::Table => {
                let sql = Query::new("SELECT payload FROM jobs WHERE queue = ? ORDER BY id").bind(queue);
                let rows = case.db.session().await.unwrap().fetch(sql).await.unwrap();
                rows.iter().map(|row| row.text("payload").unwrap()).collect()
            }
            Place::Redis(_) => {
                let key = format!("app-queues:{queue}");
                let ready = self.say(&["LRANGE", &key, "0", "-1"]);
                let notified = self.say(&["LLEN", &format!("{key}:notify")]);
                let lines = |text: String| -> Vec<String> {
                    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
                };
                let mut jobs = lines(ready);
                assert_eq!(notified, jobs.len().to_string(), "one notification for each job");
                for part in ["delayed", "reserved"] {
                    jobs.extend(lines(self.say(&["ZRANGE", &format!("{key}:{part}"), "0", "-1"])));
                }
                jobs
            }
        }
    }

    /// Lets the time of every reservation and delay pass.
    pub async fn expire(&self, case: &Case, queue: &str) {
        match self {
            Place::Table => {
                case.execute("UPDATE jobs SET reserved_at = 1 WHERE reserved_at IS NOT NULL").await;
                case.execute("UPDATE jobs SET available_at = 1").await;
            }
            Place::Redis(_) => {
                for part in ["delayed", "reserved"] {
                    let key = format!("app-queues:{queue}:{part}");
                    for member in
                        self.say(&["ZRANGE", &key, "0", "-1"]).lines().filter(|line| !line.is_empty())
                    {
                        self.say(&["ZADD", &key, "1", member]);
                    }
                }
            }
        }
    }

    /// Takes a lock for somebody.
    pub async fn lock(&self, case: &Case, name: &str, owner: &str) {
        match self {
            Place::Table => {
                let name = name.replace('\\', if case.db.engine() == Engine::MySql { "\\\\" } else { "\\" });
                let until = now().timestamp() + 600;
                let sql = format!("INSERT INTO cache_locks VALUES ('{LOCKS}{name}', '{owner}', {until})");
                case.execute(&sql).await;
            }
            Place::Redis(server) => {
                server.say(&["SET", &format!("app-{LOCKS}{name}"), owner, "EX", "600"]);
            }
        }
    }

    /// The locks that are held, without their prefixes.
    pub async fn locks(&self, case: &Case) -> Vec<String> {
        let names: Vec<String> = match self {
            Place::Table => {
                let key = case.db.quoted("key");
                let rows = case.rows(&format!("SELECT {key} AS name FROM cache_locks ORDER BY 1")).await;
                rows.iter().map(|row| row.text("name").unwrap()).collect()
            }
            Place::Redis(server) => server.say(&["KEYS", "*"]).lines().map(str::to_owned).collect(),
        };
        let bare = |name: &String| name.split_once(LOCKS).map_or(name.clone(), |(_, bare)| bare.to_owned());
        names.iter().filter(|name| !name.is_empty()).map(bare).collect()
    }

    /// Ends every lock.
    pub async fn unlock(&self, case: &Case) {
        match self {
            Place::Table => case.execute("DELETE FROM cache_locks").await,
            Place::Redis(server) => _ = server.say(&["FLUSHDB"]),
        }
    }

    /// Takes everything away.
    pub async fn clear(&self, case: &Case) {
        for table in ["jobs", "failed_jobs", "cache_locks", "cache", "webhook_events", "payments"] {
            case.execute(&format!("DELETE FROM {table}")).await;
        }
        if let Place::Redis(server) = self {
            server.cli(&["FLUSHALL"]);
        }
    }
}

/// A job for an event, as a retry pushes it.
pub fn job(event: &str) -> ProcessWebhookEvent {
    ProcessWebhookEvent {
        event: event.to_owned(),
        trigger: Some("retry".into()),
        force: false,
        queue: Some("webhooks".into()),
    }
}

/// A UUID by its number.
pub fn uuid(number: u32) -> String {
    format!("b8904d43-0c91-4dc1-9242-{number:012x}")
}

impl Case {
    /// Runs a worker until there is nothing to take.
    pub fn work(&self, more: &[&str]) -> Said {
        self.run(&[&["queue", "work", "--stop-when-empty"], more].concat())
    }
}
