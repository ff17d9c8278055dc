//! Databases to test on: every engine, with opsctl's reference schema and with an application's own.
//!
//! Servers are named by OPSCTL_TEST_POSTGRES_URL, OPSCTL_TEST_MARIADB_URL and OPSCTL_TEST_REDIS_URL (`scripts/servers`
//! starts them). Without one its tests say that they were skipped; with OPSCTL_TEST_REQUIRE_SERVERS=1 they fail.

pub mod certificates;
pub mod cli;
pub mod databases;
pub mod disk;
pub mod event;
pub mod failed_jobs;
pub mod fill;
pub mod fleet;
pub mod fleets;
pub mod jobs;
pub mod locks;
pub mod mutants;
pub mod oracle;
pub mod pages;
pub mod pgbouncer;
pub mod port;
pub mod provisioning;
pub mod proxy;
pub mod redis;
pub mod redis_sets;
pub mod replica;
pub mod roles;
pub mod schedule;
pub mod service;
pub mod tenants;
pub mod tls;
pub mod work;
pub mod world;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use chrono::{DateTime, Utc};
use opsctl::{
    cancel::Cancel,
    clock::Clock,
    config::{Database, Origin},
    db::{Access, Db, Engine, Query, Row},
    journal::Entry,
    laravel::lock::Locks,
    schema,
    webhooks::{
        IfLocked, Limits, Outcome, RetryReport, RetryRequest,
        backoff::{Backoff, Mode},
    },
};
use tempfile::TempDir;

pub use self::event::{Event, Payment, mixed};

/// The moment at which all tests happen.
pub fn now() -> DateTime<Utc> {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

/// Whose tables the database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// opsctl's own database, made by its runner.
    Reference,
    /// The webhook service's: no mark, further tables, a column that somebody added by hand.
    Service,
}

/// One database to test on.
pub struct Case {
    pub db: Db,
    pub target: Database,
    pub schema: Schema,
    pub folder: TempDir,
    drop: Option<(Database, String)>,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

/// The server's URL from the environment.
#[allow(clippy::disallowed_methods)]
pub fn server(name: &str) -> Option<String> {
    let url = std::env::var(name).ok();
    if url.is_none() {
        assert!(std::env::var("OPSCTL_TEST_REQUIRE_SERVERS").is_err(), "{name} is not set");
        eprintln!("skipped: {name} is not set; scripts/test starts the servers");
    }
    url
}

/// A program of the distribution's packages, also where only administrators look for programs.
#[allow(clippy::disallowed_methods)]
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var("OPSCTL_TEST_REQUIRE_SERVERS").is_err(), "{name} is not installed");
        eprintln!("skipped: {name} is not installed; scripts/test installs it");
    }
    found
}

impl Case {
    /// A fresh database, or `None` when its server is missing.
    pub async fn new(engine: Engine, schema: Schema) -> Option<Case> {
        let case = Case::empty(engine, schema).await?;
        case.install().await;
        Some(case)
    }

    /// A fresh database of the service on the server at `url`.
    pub async fn on_server(url: &str) -> Case {
        let (target, drop) = database_at(url).await;
        let case = Case::with(target, drop, Schema::Service, tempfile::tempdir().unwrap());
        case.install().await;
        case
    }

    /// A SQLite file of the service in a folder that is there.
    pub async fn in_folder(folder: TempDir) -> Case {
        let target = Database::sqlite(folder.path().join("app.sqlite"), Origin::Default);
        let case = Case::with(target, None, Schema::Service, folder);
        case.install().await;
        case
    }

    async fn install(&self) {
        match self.schema {
            Schema::Reference => {
                schema::claim(&self.db, &Cancel::new()).await.unwrap();
                schema::apply(&self.db, &schema::CENTRAL, &Cancel::new()).await.unwrap();
            }
            Schema::Service => self.install_service().await,
        }
    }

    /// A fresh database without tables.
    pub async fn empty(engine: Engine, schema: Schema) -> Option<Case> {
        let folder = tempfile::tempdir().unwrap();
        let (target, drop) = match engine {
            Engine::Sqlite => (Database::sqlite(folder.path().join("app.sqlite"), Origin::Default), None),
            Engine::Postgres => server_database("OPSCTL_TEST_POSTGRES_URL").await?,
            Engine::MySql => server_database("OPSCTL_TEST_MARIADB_URL").await?,
        };
        Some(Case::with(target, drop, schema, folder))
    }

    fn with(target: Database, drop: Option<(Database, String)>, schema: Schema, folder: TempDir) -> Case {
        let db = Db::new(target.clone(), Access::Own, Clock::frozen(now()));
        Case { db, target, schema, folder, drop }
    }

    /// The service's schema as its own migrations leave it, with what a deployment in use has beside it.
    async fn install_service(&self) {
        let mut session = self.db.session().await.unwrap();
        for migration in schema::CENTRAL.migrations(self.db.engine()) {
            session.script(&migration.sql).await.unwrap();
        }
        // A deployment that takes requests has added the column that its code writes and no migration makes (D2).
        session
            .script("ALTER TABLE webhook_events ADD COLUMN signature_source varchar(32) NULL")
            .await
            .unwrap();
        session
            .script("CREATE TABLE users (id integer PRIMARY KEY, name varchar(255) NOT NULL)")
            .await
            .unwrap();
        session
            .script("CREATE TABLE sessions (id varchar(255) PRIMARY KEY, payload text NOT NULL)")
            .await
            .unwrap();
        drop(session);
        self.db.forget_tables();
    }

    pub async fn finish(self) {
        self.db.close().await;
        if let Some((admin, name)) = self.drop {
            let admin = Db::new(admin, Access::Existing, Clock::system());
            let force = if admin.engine() == Engine::Postgres { " WITH (FORCE)" } else { "" };
            admin.session().await.unwrap().script(&format!("DROP DATABASE {name}{force}")).await.unwrap();
        }
    }

    /// A second view of the same database, with connections of its own.
    pub fn another(&self) -> Db {
        Db::new(self.target.clone(), Access::Existing, Clock::frozen(now()))
    }

    /// The same database at another time.
    pub fn at(&self, time: DateTime<Utc>) -> Db {
        Db::new(self.target.clone(), Access::Existing, Clock::frozen(time))
    }

    pub async fn execute(&self, sql: &str) {
        self.db.session().await.unwrap().script(sql).await.unwrap();
    }

    pub async fn rows(&self, sql: &str) -> Vec<Row> {
        self.db.session().await.unwrap().fetch(Query::new(sql)).await.unwrap()
    }

    pub async fn count(&self, from: &str) -> i64 {
        self.rows(&format!("SELECT count(*) AS n FROM {from}")).await[0].int("n").unwrap()
    }

    /// Locks in the database's own table.
    pub fn locks(&self) -> Locks<'_> {
        Locks::Database { db: &self.db, table: "cache_locks".into(), prefix: "app-cache-".into() }
    }

    /// Runs a batch with locks in the database.
    pub async fn retry(&self, request: RetryRequest) -> opsctl::Result<RetryReport> {
        let entry = Entry::unrecorded("test");
        opsctl::webhooks::retry(&self.db, Some(&self.locks()), &entry, request, &Cancel::new(), &mut ()).await
    }
}

async fn server_database(variable: &str) -> Option<(Database, Option<(Database, String)>)> {
    Some(database_at(&server(variable)?).await)
}

/// A fresh database on the server at `url`, and how to drop it.
async fn database_at(url: &str) -> (Database, Option<(Database, String)>) {
    let admin = Database::from_url(url, ".".as_ref(), &Origin::Default).unwrap();
    let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let db = Db::new(admin.clone(), Access::Existing, Clock::system());
    db.session().await.unwrap().script(&format!("CREATE DATABASE {name}")).await.unwrap();
    db.close().await;
    let target = Database { name: name.clone(), ..admin.clone() };
    (target, Some((admin, name)))
}

/// A number that makes a long form of a test: rounds, kills, events, a seed.
#[allow(clippy::disallowed_methods)]
pub fn number<T: std::str::FromStr>(variable: &str, default: T) -> T {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty());
    text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// Whether tests of every engine are to run on this one: `OPSCTL_TEST_ENGINE` names a single one.
#[allow(clippy::disallowed_methods)]
pub fn is_wanted(engine: Engine) -> bool {
    let name = match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
        Engine::MySql => "mariadb",
    };
    std::env::var("OPSCTL_TEST_ENGINE").map_or(true, |wanted| wanted.is_empty() || wanted == name)
}

/// The service's defaults.
pub fn limits() -> Limits {
    Limits {
        limit: 100,
        max_attempts: 5,
        backoff: Backoff { mode: Mode::Full, base_ms: 500, cap_ms: 30_000, min_ms: 250 },
        lease_seconds: 60,
        lock_seconds: 900,
        lock_store: String::new(),
        effective: Vec::new(),
    }
}

/// A batch with the service's defaults.
pub fn request() -> RetryRequest {
    RetryRequest {
        limits: limits(),
        provider: None,
        status: None,
        dry_run: false,
        if_locked: IfLocked::Fail,
        rate: None,
        seed: Some(7),
    }
}

/// How one event of a report ended.
pub fn outcome_of(report: &RetryReport, id: &str) -> Outcome {
    let item = report.items.iter().find(|item| item.id == id);
    item.unwrap_or_else(|| panic!("{id} is not in {report:?}")).outcome
}

/// One body, run on every engine, with opsctl's reference schema and with the service's own.
#[macro_export]
macro_rules! on_every_database {
    ($(async fn $name:ident($case:ident: &Case) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            use $crate::support::{Case, Schema};
            use opsctl::db::Engine;

            async fn body($case: &Case) $body

            async fn run(engine: Engine, schema: Schema) {
                if let Some(case) = Case::new(engine, schema).await {
                    body(&case).await;
                    case.finish().await;
                }
            }

            #[tokio::test]
            async fn sqlite_reference() {
                run(Engine::Sqlite, Schema::Reference).await;
            }
            #[tokio::test]
            async fn sqlite_service() {
                run(Engine::Sqlite, Schema::Service).await;
            }
            #[tokio::test]
            async fn postgres_reference() {
                run(Engine::Postgres, Schema::Reference).await;
            }
            #[tokio::test]
            async fn postgres_service() {
                run(Engine::Postgres, Schema::Service).await;
            }
            #[tokio::test]
            async fn mariadb_reference() {
                run(Engine::MySql, Schema::Reference).await;
            }
            #[tokio::test]
            async fn mariadb_service() {
                run(Engine::MySql, Schema::Service).await;
            }
        }
    )+};
}

/// One body, run on every engine, with the service's own schema. For what takes long.
#[macro_export]
macro_rules! on_every_engine {
    ($(async fn $name:ident($case:ident: &Case) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            use $crate::support::{Case, Schema, is_wanted};
            use opsctl::db::Engine;

            async fn body($case: &Case) $body

            async fn run(engine: Engine) {
                if is_wanted(engine)
                    && let Some(case) = Case::new(engine, Schema::Service).await
                {
                    body(&case).await;
                    case.finish().await;
                }
            }

            #[tokio::test]
            async fn sqlite() {
                run(Engine::Sqlite).await;
            }
            #[tokio::test]
            async fn postgres() {
                run(Engine::Postgres).await;
            }
            #[tokio::test]
            async fn mariadb() {
                run(Engine::MySql).await;
            }
        }
    )+};
}
