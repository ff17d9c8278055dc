//! Cache locks as the application and its workers leave them.

use opsctl::db::Query;

use super::Case;

/// What stands before the names in a table: APP_NAME and APP_ENV of the tests' applications.
pub const PREFIX: &str = "payment-hooks-local-cache-";
/// The mutex of the webhook service's entry, with its own settings.
pub const ENTRY: &str = "framework/schedule-9918ad34698ff42803f3b4d2815036c8088494ad";
/// The lock of its batches.
pub const RUN: &str = "tenrusl:cmd:webhooks:retry:global";

/// The lock of a waiting event's job.
pub fn unique(event: &str) -> String {
    format!(r"laravel_unique_job:App\Jobs\ProcessWebhookEvent:webhook-event:{event}")
}

/// The lock of a running event's job.
pub fn overlap(event: &str) -> String {
    format!(r"laravel-queue-overlap:App\Jobs\ProcessWebhookEvent:webhook-event:{event}")
}

impl Case {
    /// A lock in the table, that ends so many seconds from now.
    pub async fn lock(&self, name: &str, owner: &str, seconds: i64) {
        self.lock_as(&format!("{PREFIX}{name}"), owner, seconds).await;
    }

    /// Likewise, under its whole key.
    pub async fn lock_as(&self, key: &str, owner: &str, seconds: i64) {
        let table = self.db.require("cache_locks", &[]).await.unwrap();
        let (name, holder) = (table.column("key"), table.column("owner"));
        let sql = format!("INSERT INTO {} ({name}, {holder}, expiration) VALUES (?, ?, ?)", table.name);
        let query = Query::new(sql).bind(key).bind(owner).bind(super::now().timestamp() + seconds);
        self.db.session().await.unwrap().execute(query).await.unwrap();
    }

    /// Who has a lock of the table.
    pub async fn lock_owner(&self, name: &str) -> Option<String> {
        let table = self.db.require("cache_locks", &[]).await.unwrap();
        let sql = format!("SELECT owner FROM {} WHERE {} = ?", table.name, table.column("key"));
        let row =
            self.db.session().await.unwrap().first(Query::new(sql).bind(format!("{PREFIX}{name}"))).await;
        row.unwrap().map(|row| row.text("owner").unwrap())
    }
}
