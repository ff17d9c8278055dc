//! Jobs of queues and failed jobs: payloads as Laravel wrote them, and rows that hold them.

use opsctl::db::Query;

use super::Case;

/// Laravel 12.16, a unique job, from a table.
pub const OF_A_TABLE: &str = r#"{"uuid":"a9dd5e90-5482-4ebd-a5d5-b078a6f75340","displayName":"App\\Jobs\\ProcessWebhookEvent","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":1,"maxExceptions":null,"failOnTimeout":false,"backoff":null,"timeout":120,"retryUntil":null,"data":{"commandName":"App\\Jobs\\ProcessWebhookEvent","command":"O:28:\"App\\Jobs\\ProcessWebhookEvent\":4:{s:14:\"webhookEventId\";s:26:\"01jdready00000000000000000\";s:7:\"trigger\";s:5:\"retry\";s:5:\"force\";b:0;s:5:\"queue\";s:8:\"webhooks\";}"},"createdAt":1795159898,"illuminate:log:context":{"data":[],"hidden":{"laravel_unique_job_cache_store":"s:8:\"database\";","laravel_unique_job_key":"s:88:\"laravel_unique_job:App\\Jobs\\ProcessWebhookEvent:webhook-event:01jdready00000000000000000\";"}},"delay":null}"#;
/// Laravel 12.51 and later, from a table.
pub const WITH_A_BATCH: &str = r#"{"uuid":"eeba5137-9898-4fed-a677-931ce0d08441","displayName":"App\\Jobs\\SendWaMessageJob","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":null,"maxExceptions":null,"failOnTimeout":false,"backoff":null,"timeout":null,"retryUntil":null,"data":{"commandName":"App\\Jobs\\SendWaMessageJob","command":"O:25:\"App\\Jobs\\SendWaMessageJob\":2:{s:11:\"waMessageId\";s:36:\"01a1e86c-c973-7797-8513-fda799d5ba89\";s:5:\"queue\";s:9:\"messaging\";}","batchId":null},"createdAt":1795160056,"delay":null}"#;
/// On Redis, in the list.
pub const READY: &str = r#"{"uuid":"47cf00c5-dae4-4c82-8b94-b957bba9a56a","displayName":"App\\Jobs\\ProcessWebhookEvent","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":1,"maxExceptions":null,"failOnTimeout":false,"backoff":null,"timeout":120,"retryUntil":null,"data":{"commandName":"App\\Jobs\\ProcessWebhookEvent","command":"O:28:\"App\\Jobs\\ProcessWebhookEvent\":4:{s:14:\"webhookEventId\";s:26:\"01jdready00000000000000000\";s:7:\"trigger\";s:5:\"retry\";s:5:\"force\";b:0;s:5:\"queue\";s:8:\"webhooks\";}"},"createdAt":1795159898,"illuminate:log:context":{"data":[],"hidden":{"laravel_unique_job_cache_store":"s:5:\"redis\";","laravel_unique_job_key":"s:88:\"laravel_unique_job:App\\Jobs\\ProcessWebhookEvent:webhook-event:01jdready00000000000000000\";"}},"id":"GoK1xEJCLNblMSUuVGaZG3c0XlDks8rL","attempts":0,"delay":null}"#;
/// On Redis, delayed.
pub const DELAYED: &str = r#"{"uuid":"cfee35ac-793d-4876-8031-62304325f329","displayName":"App\\Jobs\\ProcessWebhookEvent","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":1,"maxExceptions":null,"failOnTimeout":false,"backoff":null,"timeout":120,"retryUntil":null,"data":{"commandName":"App\\Jobs\\ProcessWebhookEvent","command":"O:28:\"App\\Jobs\\ProcessWebhookEvent\":4:{s:14:\"webhookEventId\";s:26:\"01jddelayed000000000000000\";s:7:\"trigger\";s:5:\"admin\";s:5:\"force\";b:0;s:5:\"queue\";s:8:\"webhooks\";}"},"createdAt":1795159898,"id":"xDTVlbDnnG7aB3v4dXIl6uENd6skMtE9","attempts":0,"delay":90}"#;
/// On Redis, reserved: as its Lua wrote it anew.
pub const RESERVED: &str = r#"{"uuid":"2b0b2127-7722-40b2-a0c2-a3f41cc041aa","timeout":120,"id":"5lHyYocg235SIWSh8KabiH4zSUCzJllK","job":"Illuminate\\Queue\\CallQueuedHandler@call","backoff":null,"displayName":"App\\Jobs\\ProcessWebhookEvent","maxTries":1,"createdAt":1795159898,"failOnTimeout":false,"maxExceptions":null,"retryUntil":null,"data":{"command":"O:28:\"App\\Jobs\\ProcessWebhookEvent\":4:{s:14:\"webhookEventId\";s:26:\"01jdreserved00000000000000\";s:7:\"trigger\";s:5:\"retry\";s:5:\"force\";b:1;s:5:\"queue\";s:8:\"webhooks\";}","commandName":"App\\Jobs\\ProcessWebhookEvent"},"delay":null,"attempts":1}"#;

/// A row of `jobs`; times are seconds from the moment at which all tests happen.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub queue: &'a str,
    pub payload: &'a str,
    pub attempts: i64,
    pub reserved: Option<i64>,
    pub available: i64,
}

impl<'a> Row<'a> {
    pub fn ready(queue: &'a str, payload: &'a str) -> Self {
        Self { queue, payload, attempts: 0, reserved: None, available: -10 }
    }
}

impl Case {
    /// The `.env` of an application whose queue is the table.
    pub fn write_queue_env(&self, more: &str) {
        self.write_env(&format!("QUEUE_CONNECTION=database\n{more}"));
    }

    pub async fn insert_job(&self, row: Row<'_>) {
        let now = super::now().timestamp();
        let table = self.db.require("jobs", &[]).await.unwrap();
        let sql = format!(
            "INSERT INTO {} ({}, payload, attempts, reserved_at, available_at, created_at) VALUES (?, ?, ?, {}, ?, ?)",
            table.name,
            table.column("queue"),
            table.hole("reserved_at")
        );
        let query = Query::new(sql).bind(row.queue).bind(row.payload).bind(row.attempts);
        let query =
            query.bind(row.reserved.map(|seconds| now + seconds)).bind(now + row.available).bind(now - 100);
        self.db.session().await.unwrap().execute(query).await.unwrap();
    }

    /// A failed job; `at` is the text of its column.
    pub async fn insert_failed(&self, uuid: &str, queue: &str, payload: &str, exception: &str, at: &str) {
        let table = self.db.require("failed_jobs", &[]).await.unwrap();
        let sql = format!(
            "INSERT INTO {} (uuid, {}, {}, payload, exception, failed_at) VALUES (?, ?, ?, ?, ?, {})",
            table.name,
            table.column("connection"),
            table.column("queue"),
            table.hole("failed_at")
        );
        let query = Query::new(sql).bind(uuid).bind("database").bind(queue).bind(payload);
        self.db.session().await.unwrap().execute(query.bind(exception).bind(at)).await.unwrap();
    }

    /// All rows of tables, to compare.
    pub async fn dump(&self, tables: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        for table in tables {
            let rows = self.rows(&format!("SELECT * FROM {table} ORDER BY 1")).await;
            lines.extend(rows.iter().map(|row| format!("{table} {}", row.line())));
        }
        lines
    }
}

/// The JSON that a command printed.
pub fn json(said: &super::cli::Said) -> serde_json::Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}
