//! Picking what is due: the library beside the best statement that was found by hand, on the same indexes.

mod by_hand;

use chrono::TimeDelta;
use opsctl::{
    db::Engine,
    webhooks::{self, Limits},
};

use self::by_hand::ByHand;
use crate::{
    Bench,
    bare::Bare,
    measure::{Better, Comparison, Goal, in_turn, median_of, ms, timed},
    support::{
        Case, Schema,
        fill::{insert, later, padded, text},
        limits,
    },
};

pub(crate) const ABOUT: &str = "\
Choosing what to try among 300,000 events: 210,000 processed, 30,000 exhausted, 60,000 open, of which 40,000 are due,
5,000 of them without a next time. One of fifteen providers has half of all. Against it: one statement written by hand
for this very table, which knows the providers and their shares beforehand and lets the server choose; of two ways to
write it, the faster one. Both give the same events in the same order. No plan of the library scans the table.";

/// At most twice the time.
const GOAL: f64 = 2.0;
const PROVIDERS: u32 = 15;
/// Picks that make one figure.
const REPEATS: usize = 3;

pub(crate) async fn measure(bench: &Bench) -> Vec<Comparison> {
    let rows = if bench.quick { 6000 } else { 300_000 };
    let mut comparisons = Vec::new();
    for engine in bench.engines() {
        let case = Case::new(engine, Schema::Service).await.unwrap();
        fill(bench, &case, rows).await;
        no_plan_scans_the_table(bench, &case).await;
        for limit in [100, 2000] {
            bench.found(&mut comparisons, compare(bench, &case, limit).await);
        }
        case.finish().await;
    }
    comparisons
}

async fn compare(bench: &Bench, case: &Case, limit: u32) -> Comparison {
    let db = case.at(bench.now);
    let limits = Limits { limit, ..limits() };
    let mut bare = Bare::open(&case.target).await;
    let by_hand = fastest(bench, &mut bare, case.target.engine, limit).await;
    let expected = by_hand.ids(&mut bare).await;
    let (ours, theirs) = in_turn(
        bench.runs,
        async |_| {
            let (picked, took) = timed(async {
                let mut picked = Vec::new();
                for _ in 0..REPEATS {
                    picked = webhooks::due(&db, &limits).await.unwrap();
                }
                picked
            })
            .await;
            let ids: Vec<String> = picked.into_iter().map(|candidate| candidate.id).collect();
            assert_eq!(ids, expected, "both sides choose the same events in the same order");
            ms(took) / REPEATS as f64
        },
        async |_| {
            let took = timed(async {
                for _ in 0..REPEATS {
                    assert_eq!(by_hand.ids(&mut bare).await.len(), expected.len());
                }
            })
            .await
            .1;
            ms(took) / REPEATS as f64
        },
    )
    .await;
    db.close().await;
    Comparison {
        case: format!("{}, limit {limit}", bench.name(case.target.engine)),
        against: format!("by hand: {}", by_hand.form.name()),
        unit: "ms",
        better: Better::Less,
        ours,
        theirs,
        goal: Goal::Ratio(GOAL),
    }
}

/// Of the ways to write it, the one that the engine answers first.
async fn fastest(bench: &Bench, bare: &mut Bare, engine: Engine, limit: u32) -> ByHand {
    let mut best: Option<(f64, ByHand)> = None;
    for by_hand in ByHand::all(engine, limit, PROVIDERS, bench.now) {
        by_hand.ids(bare).await;
        let mut figures = Vec::new();
        for _ in 0..3 {
            figures.push(ms(timed(by_hand.ids(bare)).await.1));
        }
        let took = median_of(figures);
        eprintln!("  {} by hand, limit {limit}, {}: {took:.1} ms", bench.name(engine), by_hand.form.name());
        if best.as_ref().is_none_or(|(least, _)| took < *least) {
            best = Some((took, by_hand));
        }
    }
    best.unwrap().1
}

/// Seven tenths are processed, one is exhausted, two are open, of which two thirds are due; one provider has half.
async fn fill(bench: &Bench, case: &Case, rows: u32) {
    let engine = case.db.engine();
    let of_300 = |of: u32| rows / 300 * of;
    let (done, dated_used, used) = (of_300(210), of_300(225), of_300(240));
    let (dated, claimed, undated) = (of_300(275), of_300(276), of_300(280));
    // A number that walks through all rows in steps, so that neighbours differ in everything but their ids.
    let k = format!("((i * 104729) % {rows})");
    let half = if engine == Engine::MySql { "i DIV 2" } else { "i / 2" };
    let provider =
        text(engine, &["'new'", &format!("(CASE WHEN i % 2 = 0 THEN 0 ELSE 1 + ({half}) % 14 END)")]);
    let day = bench.now - TimeDelta::hours(57);
    let at = |hours: i64, seconds: &str| later(engine, day + TimeDelta::hours(hours), seconds);
    let select = format!(
        "SELECT {id}, {provider}, {event}, '{{}}', \
         CASE WHEN {k} < {done} THEN 'processed' WHEN {k} < {used} THEN 'failed' \
         WHEN {k} >= {dated} AND {k} < {claimed} THEN 'processing' ELSE 'received' END, \
         CASE WHEN {k} < {done} THEN 'succeeded' END, CASE WHEN {k} < {done} THEN {processed} END, \
         CASE WHEN {k} < {done} THEN 1 WHEN {k} < {used} THEN 5 ELSE {k} % 4 END, {received}, {claim}, \
         CASE WHEN {k} < {done} THEN NULL WHEN {k} < {dated_used} THEN {past} WHEN {k} < {used} THEN NULL \
         WHEN {k} < {dated} THEN {due} WHEN {k} < {undated} THEN NULL ELSE {future} END, {claim}",
        id = padded(engine, "i"),
        event = text(engine, &["'e'", "i"]),
        processed = at(24, "0"),
        received = at(0, "i % 86400"),
        claim = at(12, "i % 80000"),
        past = at(0, "i % 90000"),
        due = at(24, "i % 110000"),
        future = at(57, "i % 80000 + 1"),
    );
    // The product does not fit into 32 bits.
    let select = if engine == Engine::Postgres { select.replace("(i * ", "(i::bigint * ") } else { select };
    let columns = "webhook_events (id, provider, event_id, payload, status, payment_status, processed_at, attempts, \
                   received_at, last_attempt_at, next_retry_at, updated_at)";
    let part = rows / 60;
    for from in (1..=rows).step_by(part as usize) {
        case.patiently(&insert(engine, (from, from + part - 1), columns, &select)).await;
    }
    if engine == Engine::Postgres {
        case.patiently("VACUUM webhook_events").await;
    }
    case.analyse().await;
}

/// No part of the library's plan reads the table where an index serves.
async fn no_plan_scans_the_table(bench: &Bench, case: &Case) {
    if bench.quick {
        return; // few rows are read fastest from end to end
    }
    let db = case.at(bench.now);
    for limit in [100, 2000] {
        let plans = webhooks::explain_due(&db, &Limits { limit, ..limits() }, None).await.unwrap().plans;
        assert!(plans.iter().all(|plan| !plan.scans), "{plans:#?}");
    }
    db.close().await;
}
