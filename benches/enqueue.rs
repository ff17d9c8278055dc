//! Due events that are handed to a queue: `opsctl webhooks retry --queue` beside what marks as many and pushes the same
//! payloads without a look at them.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use opsctl::{
    db::Engine,
    laravel::{payload::Shape, queue::job_id},
    webhooks::job::{ProcessWebhookEvent, Push},
};

use crate::{
    Bench,
    measure::{Better, Comparison, Goal, in_turn, ms},
    queue::write_push,
    support::{Case, Schema, failed_jobs::Queue},
};

pub(crate) const ABOUT: &str = "\
`opsctl webhooks retry --queue --limit 10000 -q` over as many due events and more, to Redis, where the unique locks lie, too:
the whole process, from its start over the run lock, picking, locking, the unique lock of each event, its claim and the push of
its job to its end. Against it: one UPDATE that claims the earliest 10,000 due events, over a connection that is open, and then
`redis-cli --pipe` of a file that is made beforehand: one RPUSH of each payload and one of its notification, and no locks.";

/// The service's queue lies there.
const DATABASE: &str = "2";
/// At most half as long again.
const GOAL: f64 = 1.5;

pub(crate) async fn measure(bench: &Bench) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for engine in [Engine::Postgres, Engine::MySql] {
        let case = Case::new(engine, Schema::Service).await.unwrap();
        bench.found(&mut comparisons, compare(bench, &case).await);
        case.finish().await;
    }
    comparisons
}

async fn compare(bench: &Bench, case: &Case) -> Comparison {
    let batch = if bench.quick { 500 } else { 10_000 };
    // Each run of each side takes fresh events, the warm-up included: the earliest that are left.
    let each = u32::try_from(bench.runs + 1).unwrap() * batch;
    case.fill(2 * each, 100, bench.now).await;
    let queue = Queue::redis().unwrap();
    case.write_env(&format!("{}CACHE_STORE=redis\n", queue.settings()));
    let Queue::Redis(redis) = &queue else { unreachable!() };
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    write_pipe(&pipe, batch, bench);
    let (claim, limit) = (claim(bench, case.db.engine(), batch), batch.to_string());
    let (ours, theirs) = in_turn(
        bench.runs,
        async |_| {
            tidy(case, &queue).await;
            let words = ["webhooks", "retry", "--queue", "--limit", &limit, "-q", "-o", "ids"];
            let started = Instant::now();
            let output = bench.opsctl(case, &words).output().unwrap();
            let took = ms(started.elapsed());
            assert!(output.status.success(), "{output:?}");
            took
        },
        async |_| {
            tidy(case, &queue).await;
            let started = Instant::now();
            case.patiently(&claim).await;
            let mut client = Command::new("redis-cli");
            client
                .args(["-p", &redis.port.to_string(), "-n", DATABASE, "--pipe"])
                .stdin(File::open(&pipe).unwrap());
            assert!(client.stdout(Stdio::null()).status().unwrap().success());
            ms(started.elapsed())
        },
    )
    .await;
    assert_eq!(
        case.count("webhook_events WHERE status = 'queued' AND attempts = 2").await,
        i64::from(2 * each)
    );
    assert_eq!(redis.cli(&["-n", DATABASE, "LLEN", "app-queues:webhooks"]), limit);
    Comparison {
        case: format!("{batch} from {}", bench.name(case.db.engine())),
        against: "UPDATE and `redis-cli --pipe`".into(),
        unit: "ms",
        better: Better::Less,
        ours,
        theirs,
        goal: Goal::Ratio(GOAL),
    }
}

/// The earliest due events, claimed as the service's job claims one.
fn claim(bench: &Bench, engine: Engine, batch: u32) -> String {
    let at = |seconds: i64| {
        let at = bench.now + chrono::TimeDelta::seconds(seconds);
        format!("timestamp '{}'", opsctl::clock::column_text(at))
    };
    let (now, later) = (at(0), at(60));
    let set = format!(
        "UPDATE webhook_events SET status = 'queued', attempts = attempts + 1, last_attempt_at = {now}, \
         next_retry_at = {later}, error_message = NULL, updated_at = {now}"
    );
    let due = format!(
        "next_retry_at <= {now} AND status NOT IN ('processed', 'processing', 'queued') AND attempts < 5 \
         AND (payment_status IS NULL OR payment_status IN ('', 'pending')) ORDER BY next_retry_at, id LIMIT {batch}"
    );
    match engine {
        Engine::MySql => format!("{set} WHERE {due}"),
        Engine::Postgres | Engine::Sqlite => {
            format!("{set} WHERE id IN (SELECT id FROM webhook_events WHERE {due} FOR UPDATE SKIP LOCKED)")
        }
    }
}

/// What earlier runs left behind burdens neither side.
async fn tidy(case: &Case, queue: &Queue) {
    queue.clear(case).await;
    if case.db.engine() == Engine::Postgres {
        case.patiently("VACUUM ANALYZE webhook_events").await;
        case.patiently("CHECKPOINT").await;
    }
}

fn write_pipe(path: &Path, count: u32, bench: &Bench) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for number in 1..=count {
        let job = ProcessWebhookEvent {
            event: format!("{number:026}"),
            trigger: Some("retry".into()),
            force: false,
            queue: Some("webhooks".into()),
        };
        let uuid = format!("a8904d43-0c91-4dc1-9242-{number:012x}");
        let push = Push {
            uuid: &uuid,
            id: Some(job_id()),
            now: bench.now.timestamp(),
            store: "redis",
            shape: Shape::of(None),
        };
        write_push(&mut file, "app-queues:webhooks", &job.payload(&push));
        write_push(&mut file, "app-queues:webhooks:notify", "1");
    }
    file.flush().unwrap();
}
