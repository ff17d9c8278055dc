//! Many rows at once, for tests and measurements of size.

use chrono::{DateTime, TimeDelta, Utc};
use opsctl::db::Engine;

use super::Case;

/// The numbers of a range, as a table `n(i)` of a common table expression.
pub fn numbers(engine: Engine, from: u32, to: u32) -> String {
    match engine {
        Engine::Postgres => format!("WITH n(i) AS (SELECT generate_series({from}, {to}))"),
        Engine::MySql => format!("WITH n(i) AS (SELECT seq FROM seq_{from}_to_{to})"),
        Engine::Sqlite => {
            format!("WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to})")
        }
    }
}

/// Text made of several parts.
pub fn text(engine: Engine, parts: &[&str]) -> String {
    match engine {
        Engine::MySql => format!("concat({})", parts.join(", ")),
        Engine::Postgres | Engine::Sqlite => parts.join(" || "),
    }
}

/// A number as an id of 26 digits.
pub fn padded(engine: Engine, number: &str) -> String {
    match engine {
        Engine::Postgres => format!("lpad(({number})::text, 26, '0')"),
        Engine::MySql => format!("lpad({number}, 26, '0')"),
        Engine::Sqlite => format!("printf('%026d', {number})"),
    }
}

/// A time some seconds after another.
pub fn later(engine: Engine, from: DateTime<Utc>, seconds: &str) -> String {
    let from = from.format("%Y-%m-%d %H:%M:%S");
    match engine {
        Engine::Postgres => format!("timestamp '{from}' + ({seconds}) * interval '1 second'"),
        Engine::MySql => format!("timestamp '{from}' + interval ({seconds}) second"),
        Engine::Sqlite => format!("datetime('{from}', ({seconds}) || ' seconds')"),
    }
}

/// `INSERT … SELECT … FROM n` over a range of numbers.
pub fn insert(engine: Engine, (from, to): (u32, u32), columns: &str, select: &str) -> String {
    let numbers = numbers(engine, from, to);
    match engine {
        Engine::Sqlite | Engine::Postgres => format!("{numbers} INSERT INTO {columns} {select} FROM n"),
        Engine::MySql => format!("INSERT INTO {columns} {numbers} {select} FROM n"),
    }
}

impl Case {
    /// Due events of fifteen providers, each with a pending payment of its own, and `filler` bytes in the body. The
    /// greater its number, the later an event is due: sixty of them every second, from six hours before `now` on.
    pub async fn fill(&self, count: u32, filler: u32, now: DateTime<Utc>) {
        let engine = self.db.engine();
        let (divided, filler) = match engine {
            Engine::Postgres => ("i / 60", format!("repeat('x', {filler})")),
            Engine::MySql => ("i DIV 60", format!("repeat('x', {filler})")),
            Engine::Sqlite => ("i / 60", format!("replace(hex(zeroblob({filler} / 2)), '0', 'x')")),
        };
        let json = if engine == Engine::Postgres { "::json" } else { "" };
        let body =
            text(engine, &["'{\"filler\":\"'", &filler, "'\",\"id\":\"p'", "i", "'\",\"status\":\"paid\"}'"]);
        let id = padded(engine, "i");
        let provider = text(engine, &["'new'", "(i % 15)"]);
        let event = format!(
            "SELECT {id}, {provider}, {}, ({body}){json}, 'received', 1, {}, {}",
            text(engine, &["'e'", "i"]),
            later(engine, now - TimeDelta::hours(7), "0"),
            later(engine, now - TimeDelta::hours(6), divided),
        );
        let payment = format!("SELECT {id}, {provider}, {}, 1", text(engine, &["'p'", "i"]));
        let events =
            "webhook_events (id, provider, event_id, payload, status, attempts, received_at, next_retry_at)";
        // In parts, none of which takes a slow server longer than a session waits for an answer.
        let part = count.div_ceil(20).min(10_000);
        for from in (1..=count).step_by(part as usize) {
            let range = (from, count.min(from + part - 1));
            self.patiently(&insert(engine, range, events, &event)).await;
            let payments = "payments (id, provider, provider_ref, amount)";
            self.patiently(&insert(engine, range, payments, &payment)).await;
        }
        self.analyse().await;
    }

    /// Runs a statement that may take longer than the server lets others.
    pub async fn patiently(&self, sql: &str) {
        let mut session = self.db.session().await.unwrap();
        match self.db.engine() {
            Engine::Postgres => session.script("SET statement_timeout = 0").await.unwrap(),
            Engine::MySql => session.script("SET max_statement_time = 0").await.unwrap(),
            Engine::Sqlite => {}
        }
        session.script(sql).await.unwrap();
    }

    /// Lets the planner see what the tables hold.
    pub async fn analyse(&self) {
        self.patiently(match self.db.engine() {
            Engine::MySql => "ANALYZE TABLE webhook_events, payments",
            Engine::Postgres | Engine::Sqlite => "ANALYZE",
        })
        .await;
    }
}

/// Runs a program to its end; gives its exit code and the high-water mark of its resident memory in KiB.
pub fn peak(command: &mut std::process::Command) -> (i32, u64) {
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mark = mark.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(mark.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code().unwrap(), peak);
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}
