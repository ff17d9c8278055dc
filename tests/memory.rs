//! Resident memory stays flat, whatever the bodies' size and number. Long: run with
//! `cargo test --release --test all -- --ignored memory --test-threads 1`.

use std::{process::Stdio, time::Duration};

use opsctl::db::Engine;

use crate::support::{Case, Schema};

/// The most memory that a run may have resident.
const LIMIT_KIB: u64 = 64 * 1024;

/// Runs words; gives the exit code and the high-water mark of resident memory in KiB.
fn measured(case: &Case, words: &[&str]) -> (i32, u64) {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("opsctl"))
        .args(words)
        .env_clear()
        .env("OPSCTL_STATE_DIR", case.folder.path().join("state"))
        .env("OPSCTL_NOW", "2026-11-20T09:00:00Z")
        .current_dir(case.folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mark = mark.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(mark.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code().unwrap(), peak);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The numbers of a range, as a table `n(i)` of a common table expression.
fn numbers(engine: Engine, from: u32, to: u32) -> String {
    match engine {
        Engine::Postgres => format!("WITH n(i) AS (SELECT generate_series({from}, {to}))"),
        Engine::MySql => format!("WITH n(i) AS (SELECT seq FROM seq_{from}_to_{to})"),
        Engine::Sqlite => {
            format!("WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to})")
        }
    }
}

/// Due events of fifteen providers, each with a pending payment of its own, and `filler` bytes in the body.
async fn fill(case: &Case, count: u32, filler: u32) {
    let engine = case.db.engine();
    let (pad, filler) = match engine {
        Engine::Postgres => ("lpad(i::text, 26, '0')", format!("repeat('x', {filler})")),
        Engine::MySql => ("lpad(i, 26, '0')", format!("repeat('x', {filler})")),
        Engine::Sqlite => ("printf('%026d', i)", format!("replace(hex(zeroblob({filler} / 2)), '0', 'x')")),
    };
    let text = |parts: &[&str]| match engine {
        Engine::MySql => format!("concat({})", parts.join(", ")),
        Engine::Postgres | Engine::Sqlite => parts.join(" || "),
    };
    let json = if engine == Engine::Postgres { "::json" } else { "" };
    let body = text(&["'{\"filler\":\"'", &filler, "'\",\"id\":\"p'", "i", "'\",\"status\":\"paid\"}'"]);
    let with = |numbers: &str, insert: &str, select: &str| match engine {
        Engine::Sqlite | Engine::Postgres => format!("{numbers} {insert} {select}"),
        Engine::MySql => format!("{insert} {numbers} {select}"),
    };
    let (events, payments) = (
        "INSERT INTO webhook_events (id, provider, event_id, payload, status, attempts, received_at, next_retry_at)",
        "INSERT INTO payments (id, provider, provider_ref, amount)",
    );
    let provider = text(&["'new'", "(i % 15)"]);
    let event = format!(
        "SELECT {pad}, {provider}, {}, ({body}){json}, 'received', 1, '2026-11-20 08:00:00', '2026-11-20 08:30:00' FROM n",
        text(&["'e'", "i"]),
    );
    let payment = format!("SELECT {pad}, {provider}, {}, 1 FROM n", text(&["'p'", "i"]));
    let mut session = case.db.session().await.unwrap();
    match engine {
        Engine::Postgres => session.script("SET statement_timeout = 0").await.unwrap(),
        Engine::MySql => session.script("SET max_statement_time = 0").await.unwrap(),
        Engine::Sqlite => {}
    }
    // In twenty parts, none of which takes a slow server longer than a session waits for an answer.
    let part = count.div_ceil(20);
    for from in (1..=count).step_by(part as usize) {
        let numbers = numbers(engine, from, count.min(from + part - 1));
        session.script(&with(&numbers, events, &event)).await.unwrap();
        session.script(&with(&numbers, payments, &payment)).await.unwrap();
    }
    match engine {
        Engine::Postgres => session.script("ANALYZE").await.unwrap(),
        Engine::MySql => session.script("ANALYZE TABLE webhook_events, payments").await.unwrap(),
        Engine::Sqlite => session.script("ANALYZE").await.unwrap(),
    }
}

async fn passes_within_the_limit(engine: Engine, count: u32, filler: u32) {
    let Some(case) = Case::new(engine, Schema::Service).await else { return };
    case.write_env("");
    fill(&case, count, filler).await;
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
