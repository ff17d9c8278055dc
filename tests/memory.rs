//! Resident memory stays flat, whatever the bodies' size and number. Long: run with
//! `cargo test --release --test all -- --ignored memory --test-threads 1`.

use opsctl::db::Engine;

use crate::support::{Case, Schema, fill::peak, now};

/// The most memory that a run may have resident.
const LIMIT_KIB: u64 = 64 * 1024;

/// Runs words; gives the exit code and the high-water mark of resident memory in KiB.
fn measured(case: &Case, words: &[&str]) -> (i32, u64) {
    peak(
        std::process::Command::new(assert_cmd::cargo::cargo_bin("opsctl"))
            .args(words)
            .env_clear()
            .env("OPSCTL_STATE_DIR", case.folder.path().join("state"))
            .env("OPSCTL_NOW", "2026-11-20T09:00:00Z")
            .current_dir(case.folder.path()),
    )
}

async fn passes_within_the_limit(engine: Engine, count: u32, filler: u32) {
    let Some(case) = Case::new(engine, Schema::Service).await else { return };
    case.write_env("");
    case.fill(count, filler, now()).await;
    let limit = count.to_string();
    let started = std::time::Instant::now();
    let (code, peak) = measured(&case, &["webhooks", "retry-once", "--limit", &limit, "-q", "-o", "ids"]);
    eprintln!(
        "{engine:?}: {count} events with {filler} bytes each: {peak} KiB, {:.1} s",
        started.elapsed().as_secs_f64()
    );
    assert_eq!(code, 0);
    assert_eq!(case.count("payments WHERE status = 'succeeded'").await, i64::from(count));
    assert!(peak > 1024 && peak <= LIMIT_KIB, "{peak} KiB");
    case.finish().await;
}

/// The same body per engine; the large ones only when asked for.
macro_rules! memory {
    ($($name:ident: $count:expr, $filler:expr;)+) => {$(
        mod $name {
            use super::*;

            #[tokio::test]
            #[ignore = "long"]
            async fn sqlite() {
                passes_within_the_limit(Engine::Sqlite, $count, $filler).await;
            }
            #[tokio::test]
            #[ignore = "long"]
            async fn postgres() {
                passes_within_the_limit(Engine::Postgres, $count, $filler).await;
            }
            #[tokio::test]
            #[ignore = "long"]
            async fn mariadb() {
                passes_within_the_limit(Engine::MySql, $count, $filler).await;
            }
        }
    )+};
}

memory! {
    memory_of_many_small_bodies: 1_000_000, 100;
    memory_of_large_bodies: 200, 5 * 1024 * 1024;
}

/// The short form of the same, in every run of the tests.
#[tokio::test]
async fn a_dozen_large_bodies_and_a_few_thousand_small_ones() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MySql] {
        passes_within_the_limit(engine, 12, 5 * 1024 * 1024).await;
        passes_within_the_limit(engine, 3000, 100).await;
    }
}
