//! Resident memory stays flat, however many jobs have failed and whatever their exceptions say. The long form:
//! `cargo test --release --test all -- --ignored memory --test-threads 1`.

use opsctl::db::Engine;

use crate::support::{
    Case, Schema,
    fill::{insert, peak, text},
    jobs::{OF_A_TABLE, json},
};

/// The most memory that a command may have resident.
const LIMIT_KIB: u64 = 64 * 1024;

/// Runs words; gives the high-water mark of resident memory in KiB.
fn measured(case: &Case, words: &[&str]) -> u64 {
    let started = std::time::Instant::now();
    let mut command = case.program(words);
    let (code, kib) = peak(command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()));
    eprintln!("{:?} {words:?}: {kib} KiB, {:.1} s", case.db.engine(), started.elapsed().as_secs_f64());
    assert_eq!(code, 0, "{words:?}");
    kib
}

/// Failed jobs of which every one says something else, as messages with an id in them do.
async fn stays_within_the_limit(engine: Engine, count: u32) {
    let Some(case) = Case::new(engine, Schema::Service).await else { return };
    case.write_queue_env("");
    let payload = OF_A_TABLE.replace('\'', "''");
    let payload = if engine == Engine::MySql { payload.replace('\\', "\\\\") } else { payload };
    let number = if engine == Engine::Postgres { "i::text" } else { "i" };
    let uuid = text(engine, &["'u-'", number]);
    let exception =
        text(engine, &["'RuntimeException: no answer for '", number, "' in /srv/app/x.php:1 #0 {main}'"]);
    let select =
        format!("SELECT {uuid}, 'database', 'webhooks', '{payload}', {exception}, '2026-11-20 08:00:00'");
    let select = if engine == Engine::Postgres {
        select.replace("'2026-11-20 08:00:00'", "timestamp '2026-11-20 08:00:00'")
    } else {
        select
    };
    for from in (1..=count).step_by(100_000) {
        let to = (from + 99_999).min(count);
        let columns = "failed_jobs (uuid, connection, queue, payload, exception, failed_at)";
        case.execute(&insert(engine, (from, to), columns, &select)).await;
    }
    let found = json(&case.run(&["queue", "failed", "--json"]));
    assert_eq!(found["summary"]["jobs"], count);
    assert_eq!(found["summary"]["more"], true, "more groups than are told apart");
    for words in [
        &["queue", "failed"][..],
        &["queue", "failed", "--class", "ProcessWebhookEvent", "--exception", "no answer"],
        &["queue", "failed", "--list", "--queue", "webhooks"],
        &["queue", "flush", "--class", "ProcessWebhookEvent", "--yes"],
    ] {
        let kib = measured(&case, words);
        assert!(kib > 1024 && kib <= LIMIT_KIB, "{words:?}: {kib} KiB");
    }
    assert_eq!(case.count("failed_jobs").await, 0);
    case.finish().await;
}

#[tokio::test]
async fn ten_thousand_failed_jobs_take_little_memory() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MySql] {
        stays_within_the_limit(engine, 10_000).await;
    }
}

#[tokio::test]
#[ignore = "long"]
async fn memory_of_a_million_failed_jobs_sqlite() {
    stays_within_the_limit(Engine::Sqlite, 1_000_000).await;
}

#[tokio::test]
#[ignore = "long"]
async fn memory_of_a_million_failed_jobs_postgres() {
    stays_within_the_limit(Engine::Postgres, 1_000_000).await;
}

#[tokio::test]
#[ignore = "long"]
async fn memory_of_a_million_failed_jobs_mariadb() {
    stays_within_the_limit(Engine::MySql, 1_000_000).await;
}
