//! Resident memory: a run over very many events beside one over few.

use chrono::{DateTime, Utc};
use opsctl::db::Engine;

use crate::{
    Bench,
    measure::{Better, Comparison, Goal, Series},
    support::{Case, Schema, fill::peak},
};

pub(crate) const ABOUT: &str = "\
The most memory that `opsctl webhooks retry-once` ever has resident (`VmHWM`) in a run over 1,000,000 due events, against
a run over 10,000. One run each.";

/// At most a tenth more.
const GOAL: f64 = 1.1;
/// Bytes of filler in each body.
const FILLER: u32 = 100;

pub(crate) async fn measure(bench: &Bench) -> Vec<Comparison> {
    let (few, many) = if bench.quick { (2000, 20_000) } else { (10_000, 1_000_000) };
    let mut comparisons = Vec::new();
    for engine in bench.engines() {
        let theirs = resident(bench, engine, few).await;
        let ours = resident(bench, engine, many).await;
        let comparison = Comparison {
            case: format!("{}, {many} events", bench.name(engine)),
            against: format!("{few} events"),
            unit: "MiB",
            better: Better::Less,
            ours: Series(vec![ours]),
            theirs: Series(vec![theirs]),
            goal: Goal::Ratio(GOAL),
        };
        bench.found(&mut comparisons, comparison);
    }
    comparisons
}

async fn resident(bench: &Bench, engine: Engine, count: u32) -> f64 {
    let case = Case::new(engine, Schema::Service).await.unwrap();
    case.write_env("");
    let now: DateTime<Utc> = bench.now;
    case.fill(count, FILLER, now).await;
    let limit = count.to_string();
    let words = ["webhooks", "retry-once", "--limit", &limit, "-q", "-o", "ids"];
    let (code, kib) = peak(&mut bench.opsctl(&case, &words));
    assert_eq!(code, 0);
    assert_eq!(case.count("payments WHERE status = 'succeeded'").await, i64::from(count));
    case.finish().await;
    f64::from(u32::try_from(kib).unwrap()) / 1024.0
}
