//! Failed jobs that go back to their queue: `opsctl queue retry all` beside what moves the same rows without a look at
//! them.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use opsctl::{config::database::Address, db::Engine};
use secrecy::ExposeSecret;

use crate::{
    Bench,
    measure::{Better, Comparison, Goal, in_turn, ms, timed},
    support::{
        Case, Schema,
        failed_jobs::{Queue, payload, renewed},
    },
};

pub(crate) const ABOUT: &str = "\
`opsctl queue retry all -q` over 100,000 failed jobs of 700 bytes with exceptions of 1,500, in `-o ids`: the whole process, from
its start over the look at each payload and its serialized command to its end. Against it, to a table: one INSERT … SELECT of
all rows and one DELETE, in a transaction of a connection that is open. To Redis: `psql`, which copies all payloads to a file
and deletes the rows in one transaction, and then `redis-cli --pipe` of a file that is made beforehand: one RPUSH of each
payload and one of its notification.";

/// At most half as long again.
const GOAL: f64 = 1.5;

pub(crate) async fn measure(bench: &Bench) -> Vec<Comparison> {
    let count = if bench.quick { 5000 } else { 100_000 };
    let mut comparisons = Vec::new();
    for engine in bench.engines() {
        let case = Case::new(engine, Schema::Service).await.unwrap();
        keep(&case, "database", count).await;
        let table = to_table(bench, &case, count).await;
        bench.found(&mut comparisons, table);
        if engine == Engine::Postgres {
            keep(&case, "redis", count).await;
            let redis = to_redis(bench, &case, count).await;
            bench.found(&mut comparisons, redis);
        }
        case.finish().await;
    }
    comparisons
}

/// Failed jobs that each run gets anew.
async fn keep(case: &Case, connection: &str, count: u32) {
    case.execute("DELETE FROM failed_jobs").await;
    case.fill_failed(connection, count, 1500).await;
    case.execute("DROP TABLE IF EXISTS kept").await;
    case.patiently("CREATE TABLE kept AS SELECT * FROM failed_jobs").await;
}

async fn to_table(bench: &Bench, case: &Case, count: u32) -> Comparison {
    case.write_env(&Queue::Table.settings());
    let by_hand = "INSERT INTO jobs (queue, payload, attempts, available_at, created_at) \
                   SELECT queue, payload, 0, 1795160056, 1795160056 FROM failed_jobs ORDER BY id; \
                   DELETE FROM failed_jobs";
    let (begin, end) = ("BEGIN; ", "; COMMIT");
    let (ours, theirs) = in_turn(
        bench.runs,
        async |_| {
            restore(case).await;
            retry(bench, case)
        },
        async |_| {
            restore(case).await;
            let ((), took) = timed(case.patiently(&format!("{begin}{by_hand}{end}"))).await;
            ms(took)
        },
    )
    .await;
    assert_eq!((case.count("jobs").await, case.failed().await), (i64::from(count), 0));
    let against = "INSERT … SELECT and DELETE";
    line(format!("{count} to a table of {}", bench.name(case.db.engine())), against, ours, theirs)
}

async fn to_redis(bench: &Bench, case: &Case, count: u32) -> Comparison {
    let queue = Queue::redis().unwrap();
    case.write_env(&queue.settings());
    let Queue::Redis(redis) = &queue else { unreachable!() };
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    write_pipe(&pipe, count);
    let (ours, theirs) = in_turn(
        bench.runs,
        async |_| {
            restore(case).await;
            queue.clear(case).await;
            retry(bench, case)
        },
        async |_| {
            restore(case).await;
            queue.clear(case).await;
            let started = Instant::now();
            copy_and_delete(bench, case, &folder.path().join("payloads"));
            let mut client = Command::new("redis-cli");
            client.args(["-p", &redis.port.to_string(), "--pipe"]).stdin(File::open(&pipe).unwrap());
            assert!(client.stdout(Stdio::null()).status().unwrap().success());
            ms(started.elapsed())
        },
    )
    .await;
    assert_eq!(redis.cli(&["LLEN", "app-queues:emails"]), count.to_string());
    line(format!("{count} to Redis, from PostgreSQL"), "`psql` and `redis-cli --pipe`", ours, theirs)
}

fn line(
    case: String,
    against: &str,
    ours: crate::measure::Series,
    theirs: crate::measure::Series,
) -> Comparison {
    let (unit, better, goal) = ("ms", Better::Less, Goal::Ratio(GOAL));
    Comparison { case, against: against.into(), unit, better, ours, theirs, goal }
}

/// All failed jobs as they were, and no others; nothing of earlier runs burdens either side.
async fn restore(case: &Case) {
    let truncate = |table: &str| match case.db.engine() {
        Engine::Sqlite => format!("DELETE FROM {table}"),
        Engine::Postgres | Engine::MySql => format!("TRUNCATE TABLE {table}"),
    };
    case.patiently(&truncate("jobs")).await;
    case.patiently(&truncate("failed_jobs")).await;
    case.patiently("INSERT INTO failed_jobs SELECT * FROM kept").await;
    match case.db.engine() {
        Engine::Postgres => case.patiently("VACUUM ANALYZE failed_jobs").await,
        Engine::MySql => case.patiently("ANALYZE TABLE failed_jobs").await,
        Engine::Sqlite => {}
    }
}

/// The whole command, in milliseconds.
fn retry(bench: &Bench, case: &Case) -> f64 {
    let started = Instant::now();
    let output = bench.opsctl(case, &["queue", "retry", "all", "-q", "-o", "ids"]).output().unwrap();
    let took = ms(started.elapsed());
    assert!(output.status.success(), "{output:?}");
    took
}

fn write_pipe(path: &Path, count: u32) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for number in 0..count {
        write_push(&mut file, "app-queues:emails", &renewed(&payload(number)));
        write_push(&mut file, "app-queues:emails:notify", "1");
    }
    file.flush().unwrap();
}

/// What `redis-cli --pipe` sends: the protocol itself.
pub(crate) fn write_push(to: &mut impl Write, key: &str, value: &str) {
    let (key_bytes, bytes) = (key.len(), value.len());
    write!(to, "*3\r\n$5\r\nRPUSH\r\n${key_bytes}\r\n{key}\r\n${bytes}\r\n{value}\r\n").unwrap();
}

fn copy_and_delete(bench: &Bench, case: &Case, path: &Path) {
    let Address::Tcp(host, port) = &case.target.address else { panic!("the server has a port") };
    let password = case.target.password.as_ref().map_or("", |password| password.expose_secret());
    let sql = "BEGIN; COPY (SELECT payload FROM failed_jobs ORDER BY id) TO STDOUT; DELETE FROM failed_jobs; COMMIT";
    let mut client = Command::new(bench.pgbench.with_file_name("psql"));
    client
        .env_clear()
        .env("PGPASSWORD", password)
        .args(["-h", host, "-p", &port.to_string(), "-U", &case.target.username, "-d", &case.target.name])
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .stdout(File::create(path).unwrap());
    assert!(client.status().unwrap().success());
}
