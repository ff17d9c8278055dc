//! Resident memory of `queue retry` stays flat, whatever the number and size of the failed jobs. The large ones are long:
//! `cargo test --release --test all -- --ignored queue_retry_memory --test-threads 1`.

use opsctl::db::Engine;

use crate::support::{
    Case, Schema,
    failed_jobs::{Queue, payload_with, uuid},
    fill::peak,
};

/// The most memory that a run may have resident beyond one that finds nothing to do. A release build has some 20 MiB
/// then, and 64 MiB are the limit; how large a program for tests is says nothing.
const LIMIT_KIB: u64 = 40 * 1024;

fn measured(case: &Case) -> u64 {
    let mut command = case.program(&["queue", "retry", "all", "-q", "-o", "ids"]);
    let (code, peak) = peak(&mut command);
    assert_eq!(code, 0);
    assert!(peak > 1024, "{peak} KiB");
    peak
}

async fn stays_within_the_limit(engine: Engine, queue: &Queue, count: u32) {
    let Some(case) = Case::new(engine, Schema::Service).await else { return };
    case.write_env(&queue.settings());
    let idle = measured(&case);
    case.fill_failed(queue.connection(), count, 500).await;
    let peak = measured(&case);
    eprintln!("{engine:?}, {}: {count} failed jobs: {peak} KiB, none: {idle} KiB", queue.connection());
    assert_eq!(case.failed().await, 0);
    assert!(peak <= idle + LIMIT_KIB, "{peak} KiB, idle {idle} KiB");
    case.finish().await;
}

#[tokio::test]
async fn some_thousand_small_ones_and_a_dozen_large_ones() {
    for queue in Queue::both() {
        stays_within_the_limit(Engine::Sqlite, &queue, 20_000).await;
        let Some(case) = Case::new(Engine::Sqlite, Schema::Service).await else { return };
        case.write_env(&queue.settings());
        let idle = measured(&case);
        let filler = format!(r#","own":"{}""#, "x".repeat(3 << 20));
        for number in 0..12 {
            case.fail(queue.connection(), "emails", Some(&uuid(number)), &payload_with(number, &filler))
                .await;
        }
        let peak = measured(&case);
        assert!(peak <= idle + LIMIT_KIB, "{}: {peak} KiB, idle {idle} KiB", queue.connection());
        case.finish().await;
    }
}

#[tokio::test]
#[ignore = "long"]
async fn a_million_to_a_table() {
    stays_within_the_limit(Engine::Postgres, &Queue::Table, 1_000_000).await;
}

#[tokio::test]
#[ignore = "long"]
async fn a_million_to_redis() {
    if let Some(queue) = Queue::redis() {
        stays_within_the_limit(Engine::Postgres, &queue, 1_000_000).await;
    }
}
