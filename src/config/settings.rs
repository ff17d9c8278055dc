//! One table per system: each setting that opsctl reads, with its configuration path, its environment names and
//! the application's own defaults.

/// One setting of an application.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Dotted path in Laravel's configuration.
    pub path: &'static str,
    /// Environment names, the first that is set counts.
    pub env: &'static [&'static str],
    /// The application's default.
    pub default: &'static str,
    /// Its default when `APP_ENV` is `production`, where that differs.
    pub production: Option<&'static str>,
}

impl Setting {
    const fn new(path: &'static str, env: &'static [&'static str], default: &'static str) -> Self {
        Self { path, env, default, production: None }
    }

    const fn in_production(mut self, default: &'static str) -> Self {
        self.production = Some(default);
        self
    }

    /// The last part of the path: the key under `[webhooks]` in an `opsctl.toml`.
    pub fn key(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }
}

/// The settings that differ between the systems, and those that all Laravel applications share.
#[derive(Debug)]
pub struct Settings {
    /// Default cache store.
    pub cache_store: Setting,
    /// Redis connection of cache values.
    pub cache_connection: Setting,
    /// Redis connection of cache locks.
    pub lock_connection: Setting,
    /// Default queue connection.
    pub queue_connection: Setting,
    /// Redis connection of queues.
    pub queue_redis_connection: Setting,
    /// Logical database per Redis connection.
    pub redis_databases: &'static [(&'static str, Setting)],
    /// How `REDIS_PREFIX` is made when it is not set, from the slugs of `APP_NAME` and `APP_ENV`.
    pub redis_prefix: fn(&str, &str) -> String,
    /// How `CACHE_PREFIX` is made when it is not set.
    pub cache_prefix: fn(&str, &str) -> String,
}

const CACHE_CONNECTION: Setting =
    Setting::new("cache.stores.redis.connection", &["REDIS_CACHE_CONNECTION"], "cache");
const REDIS_DB: Setting = Setting::new("database.redis.default.database", &["REDIS_DB"], "0");
const REDIS_CACHE_DB: Setting = Setting::new("database.redis.cache.database", &["REDIS_CACHE_DB"], "1");

/// Laravel's own skeleton (11 to 13), the laundry system and the platform among its users.
pub static LARAVEL: Settings = Settings {
    cache_store: Setting::new("cache.default", &["CACHE_STORE", "CACHE_DRIVER"], "database"),
    cache_connection: CACHE_CONNECTION,
    lock_connection: Setting::new(
        "cache.stores.redis.lock_connection",
        &["REDIS_CACHE_LOCK_CONNECTION"],
        "default",
    ),
    queue_connection: Setting::new("queue.default", &["QUEUE_CONNECTION"], "database"),
    queue_redis_connection: Setting::new(
        "queue.connections.redis.connection",
        &["REDIS_QUEUE_CONNECTION"],
        "default",
    ),
    redis_databases: &[("default", REDIS_DB), ("cache", REDIS_CACHE_DB)],
    redis_prefix: |name, _| format!("{name}-database-"),
    cache_prefix: |name, _| format!("{name}-cache-"),
};

/// The payment-webhook service: queue and locks have Redis databases of their own.
pub static WEBHOOKS: Settings = Settings {
    cache_store: Setting::new("cache.default", &["CACHE_STORE"], "redis"),
    cache_connection: CACHE_CONNECTION,
    lock_connection: Setting::new(
        "cache.stores.redis.lock_connection",
        &["REDIS_CACHE_LOCK_CONNECTION"],
        "lock",
    ),
    queue_connection: Setting::new("queue.default", &["QUEUE_CONNECTION"], "redis"),
    queue_redis_connection: Setting::new(
        "queue.connections.redis.connection",
        &["REDIS_QUEUE_CONNECTION"],
        "queue",
    ),
    redis_databases: &[
        ("default", REDIS_DB),
        ("cache", REDIS_CACHE_DB),
        ("queue", Setting::new("database.redis.queue.database", &["REDIS_QUEUE_DB"], "2")),
        ("lock", Setting::new("database.redis.lock.database", &["REDIS_LOCK_DB"], "3")),
    ],
    redis_prefix: |name, env| format!("{name}-{env}-database-"),
    cache_prefix: |name, env| format!("{name}-{env}-cache-"),
};

/// Limits and times of the payment-webhook service (`config/tenrusl.php`).
pub mod webhooks {
    use super::Setting;

    /// Events per scheduled batch.
    pub const SCHEDULER_LIMIT: Setting =
        Setting::new("tenrusl.scheduler_limit", &["TENRUSL_SCHEDULER_LIMIT"], "200");
    /// Attempts that an event may use, its first delivery included.
    pub const MAX_RETRY_ATTEMPTS: Setting =
        Setting::new("tenrusl.max_retry_attempts", &["TENRUSL_MAX_RETRY_ATTEMPTS"], "5").in_production("8");
    /// Seconds after which a claim of the service's own worker counts as stale.
    pub const PROCESSING_LEASE_SECONDS: Setting =
        Setting::new("tenrusl.processing_lease_seconds", &["TENRUSL_PROCESSING_LEASE_SECONDS"], "60")
            .in_production("120");
    /// Shortest time to the next attempt, in milliseconds.
    pub const RETRY_MIN_LEASE_MS: Setting =
        Setting::new("tenrusl.retry_min_lease_ms", &["TENRUSL_RETRY_MIN_LEASE_MS"], "250");
    /// Base of the backoff, in milliseconds.
    pub const RETRY_BASE_MS: Setting =
        Setting::new("tenrusl.retry_base_ms", &["TENRUSL_RETRY_BASE_MS"], "500").in_production("1000");
    /// Cap of the backoff, in milliseconds.
    pub const RETRY_CAP_MS: Setting =
        Setting::new("tenrusl.retry_cap_ms", &["TENRUSL_RETRY_CAP_MS"], "30000").in_production("60000");
    /// Backoff mode.
    pub const SCHEDULER_BACKOFF_MODE: Setting =
        Setting::new("tenrusl.scheduler_backoff_mode", &["TENRUSL_SCHEDULER_BACKOFF_MODE"], "full");
    /// The only provider of the scheduled batch; empty for all.
    pub const SCHEDULER_PROVIDER: Setting =
        Setting::new("tenrusl.scheduler_provider", &["TENRUSL_SCHEDULER_PROVIDER"], "");
    /// Whether the scheduled batch goes through the queue.
    pub const SCHEDULER_QUEUE: Setting =
        Setting::new("tenrusl.scheduler_queue", &["TENRUSL_SCHEDULER_QUEUE"], "false");
    /// Minutes that the scheduled batch's mutex lives.
    pub const SCHEDULER_LOCK_MINUTES: Setting =
        Setting::new("tenrusl.scheduler_lock_minutes", &["TENRUSL_SCHEDULER_LOCK_MINUTES"], "10");
    /// Seconds that the run lock lives without renewal. No variable sets it.
    pub const RETRY_COMMAND_LOCK_SECONDS: Setting =
        Setting::new("tenrusl.retry_command_lock_seconds", &[], "900");
    /// Cache store of the run lock; empty is the default store. No variable sets it.
    pub const RETRY_COMMAND_LOCK_STORE: Setting = Setting::new("tenrusl.retry_command_lock_store", &[], "");

    /// Queue of the jobs that try an event. No variable sets it.
    pub const WEBHOOKS_QUEUE: Setting = Setting::new("tenrusl.webhooks_queue", &[], "webhooks");

    /// All of them, in the order in which they are shown.
    pub const ALL: [Setting; 9] = [
        SCHEDULER_LIMIT,
        MAX_RETRY_ATTEMPTS,
        SCHEDULER_BACKOFF_MODE,
        RETRY_BASE_MS,
        RETRY_CAP_MS,
        RETRY_MIN_LEASE_MS,
        PROCESSING_LEASE_SECONDS,
        RETRY_COMMAND_LOCK_SECONDS,
        RETRY_COMMAND_LOCK_STORE,
    ];
}
