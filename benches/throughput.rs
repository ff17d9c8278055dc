//! Events per second: `opsctl webhooks retry-once`, from the start of the process to its end, beside one transaction of
//! two keyed UPDATEs per event.

use opsctl::db::{Engine, Value};

use crate::{
    Bench,
    bare::{Bare, Script, pgbench},
    measure::{Better, Comparison, Goal, in_turn, timed},
    support::{Case, Schema},
};

pub(crate) const ABOUT: &str = "\
`opsctl webhooks retry-once --limit 2000 -q` over 100,000 due events, each with a pending payment of its own: the whole
process, from its start over the run lock, picking, locking, reading and deciding to its end. Against it: one transaction
with two UPDATEs by key for each event, which knows beforehand what to write where, over a connection that is open.
On SQLite both sides wait for the disk at each of their COMMITs.";

/// At least as many.
const GOAL: f64 = 1.0;

pub(crate) async fn measure(bench: &Bench) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for engine in bench.engines() {
        let case = Case::new(engine, Schema::Service).await.unwrap();
        bench.found(&mut comparisons, compare(bench, &case).await);
        case.finish().await;
    }
    comparisons
}

async fn compare(bench: &Bench, case: &Case) -> Comparison {
    let (rows, batch) = if bench.quick { (6000, 100) } else { (100_000, 2000) };
    // Both sides take fresh events in each run, the warm-up included: opsctl from below, the other from the middle on.
    let each = u32::try_from(bench.runs + 1).unwrap() * batch;
    assert!(each <= rows / 2, "{} runs use more than {rows} events", bench.runs);
    let engine = case.db.engine();
    case.write_env("");
    case.fill(rows, 100, bench.now).await;
    let text = batch.to_string();
    let (ours, theirs) = in_turn(
        bench.runs,
        async |_| {
            tidy(case).await;
            let words = ["webhooks", "retry-once", "--limit", &text, "-q", "-o", "ids"];
            let (status, took) = timed(async { bench.opsctl(case, &words).output().unwrap().status }).await;
            assert!(status.success());
            f64::from(batch) / took.as_secs_f64()
        },
        async |run| {
            tidy(case).await;
            let from = rows / 2 + u32::try_from(run).unwrap() * batch;
            if engine == Engine::Postgres {
                return pgbench(&bench.pgbench, &case.target, &script(bench, from), batch as usize);
            }
            let mut bare = Bare::open(&case.target).await;
            let ((), took) = timed(one_by_one(bench, &mut bare, from, batch)).await;
            f64::from(batch) / took.as_secs_f64()
        },
    )
    .await;
    let done = i64::from(2 * each);
    assert_eq!(case.count("webhook_events WHERE status = 'processed'").await, done);
    assert_eq!(case.count("payments WHERE status = 'succeeded'").await, done);
    let against = match engine {
        Engine::Postgres => "`pgbench -M prepared`, one client",
        Engine::MySql | Engine::Sqlite => "driver loop",
    };
    Comparison {
        case: bench.name(engine).into(),
        against: format!("{against}, two UPDATEs per event"),
        unit: "events/s",
        better: Better::More,
        ours,
        theirs,
        goal: Goal::Ratio(GOAL),
    }
}

/// What earlier runs left behind burdens neither side.
async fn tidy(case: &Case) {
    match case.db.engine() {
        Engine::Postgres => {
            case.patiently("VACUUM ANALYZE webhook_events").await;
            case.patiently("VACUUM ANALYZE payments").await;
            case.patiently("CHECKPOINT").await;
        }
        Engine::MySql => {}
        Engine::Sqlite => case.patiently("PRAGMA wal_checkpoint(TRUNCATE)").await,
    }
}

const EVENT: &str = "UPDATE webhook_events SET status = 'processed', payment_status = 'succeeded', \
    payment_provider_ref = 'p', attempts = attempts + 1, last_attempt_at = {now}, processed_at = {now}, \
    next_retry_at = NULL, error_message = NULL, updated_at = {now} WHERE id = {id}";
const PAYMENT: &str = "UPDATE payments SET status = 'succeeded', updated_at = {now} WHERE id = {id}";

fn script(bench: &Bench, from: u32) -> Script {
    let now = opsctl::clock::column_text(bench.now);
    let statement = |text: &str| {
        let text = text.replace("{now}", ":now::timestamp(0)");
        text.replace("{id}", "lpad(:i::text, 26, '0')::char(26)")
    };
    // The client's own variable, which pgbench keeps from one transaction to the next.
    let text = format!("\\set i :i + 1\nBEGIN;\n{};\n{};\nCOMMIT;\n", statement(EVENT), statement(PAYMENT));
    Script { text, variables: vec![("i".into(), from.to_string()), ("now".into(), now)] }
}

async fn one_by_one(bench: &Bench, bare: &mut Bare, from: u32, count: u32) {
    let [event, payment] = [EVENT, PAYMENT].map(|text| text.replace("{now}", "?").replace("{id}", "?"));
    let now = Value::from(bench.now);
    for at in from + 1..=from + count {
        let id = Value::from(format!("{at:026}"));
        bare.plain("BEGIN").await;
        let values = [now.clone(), now.clone(), now.clone(), id.clone()];
        assert_eq!(bare.execute(&event, &values).await, 1);
        assert_eq!(bare.execute(&payment, &[now.clone(), id]).await, 1);
        bare.plain("COMMIT").await;
    }
}
