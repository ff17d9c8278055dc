//! Many at once: two and eight processes of opsctl with and without the run lock, and the service's own claims beside
//! them. Every event is tried exactly once, whoever tries it. `scripts/crash` runs the long form.

use std::{
    collections::HashSet,
    process::Child,
    sync::atomic::{AtomicBool, Ordering},
};

use opsctl::db::Db;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::Value;

use crate::{
    on_every_engine,
    support::{
        Case,
        cli::Said,
        number,
        service::{claim, process},
        world::{Plan, World},
    },
};

/// Plans without failures, so that every run ends with 0.
const APPLIED: [Plan; 4] = [Plan::Applied, Plan::Applied, Plan::Second, Plan::Later];

async fn world(case: &Case, plans: &[Plan]) -> World {
    World::clear(case).await;
    let mut world = World::default();
    let seed = number("OPSCTL_TEST_SEED", 7_u64);
    while world.due() < number("OPSCTL_TEST_RACE_EVENTS", 1000_usize) {
        world.add(case, 500, plans, &mut StdRng::seed_from_u64(seed ^ world.due() as u64)).await;
    }
    world
}

/// Starts a run. With a prefix of its own it finds no other run's lock.
fn start(case: &Case, prefix: Option<usize>, words: &[&str]) -> Child {
    let mut command = case.program(&["webhooks", "retry-once", "--json"]);
    command.args(words).args(["--mode", "equal", "--base-ms", "172800000", "--cap-ms", "172800000"]);
    if let Some(prefix) = prefix {
        command.env("CACHE_PREFIX", format!("race{prefix}-"));
    }
    command.spawn().unwrap()
}

/// Waits for them all; gives how many events they tried. None of them met an error that its operator sees.
fn finish(children: Vec<Child>, told: &str) -> usize {
    let mut tried = 0;
    for child in children {
        let said = Said::from(child.wait_with_output().unwrap());
        assert!(matches!(said.code, 0 | 1 | 4), "{told}: {said:?}");
        assert!(
            !said.err.contains("error:") && !said.err.to_lowercase().contains("deadlock"),
            "{told}: {}",
            said.err
        );
        let report: Value = serde_json::from_str(&said.out).unwrap();
        let count = |name: &str| usize::try_from(report["summary"][name].as_u64().unwrap()).unwrap();
        assert_eq!(count("failed"), 0, "{told}: {}", said.out);
        tried += count("selected") - count("skipped");
    }
    tried
}

/// Several runs at once, each of which believes that it is alone.
async fn without_the_lock(case: &Case, processes: usize) {
    let told = format!("{processes} without the run lock on {}", case.target);
    let world = world(case, &Plan::CALM).await;
    let limit = world.due().to_string();
    let children = (0..processes).map(|at| start(case, Some(at), &["--limit", &limit])).collect();
    let mut tried = finish(children, &told);
    let left = world.due() - world.check(case, &told).await.tried;
    // An event was passed over when another run held its payment at that moment: the next run has it.
    if left > 0 {
        tried += finish(vec![start(case, None, &["--limit", &limit])], &told);
    }
    world.check_done(case, &told).await;
    assert_eq!(tried, world.due(), "what the runs told, added up: {told}");
    assert!(left * 5 < world.due(), "{left} events were passed over: {told}");
    println!("{told}: {tried} events");
}

/// Several runs at once, one after the other.
async fn with_the_lock(case: &Case, processes: usize) {
    let told = format!("{processes} with --if-locked wait on {}", case.target);
    let world = world(case, &Plan::CALM).await;
    let limit = world.due().div_ceil(processes).to_string();
    let words = ["--if-locked", "wait=5m", "--limit", &limit];
    let tried = finish((0..processes).map(|_| start(case, None, &words)).collect(), &told);
    world.check_done(case, &told).await;
    assert_eq!(tried, world.due(), "{told}");
    assert_eq!(case.count("cache_locks").await, 0, "{told}");
    println!("{told}: {tried} events");
}

/// The service at work until nothing is due; gives the events that it claimed.
async fn serve(db: &Db, stop: &AtomicBool) -> HashSet<String> {
    let mut ids = HashSet::new();
    loop {
        let Some(claimed) = claim(db, 40).await else { continue };
        if claimed.is_empty() && stop.load(Ordering::SeqCst) {
            return ids;
        }
        for event in claimed {
            while !process(db, &event).await {}
            assert!(ids.insert(event.id.clone()), "the service claimed {} twice", event.id);
        }
    }
}

/// Two services and two runs of opsctl over the same events.
async fn beside_the_service(case: &Case) {
    let told = format!("beside the service on {}", case.target);
    let world = world(case, &APPLIED).await;
    let (first, second) = (case.another(), case.another());
    let stop = AtomicBool::new(false);
    let runs = async {
        let mut tried = 0;
        for round in 0.. {
            let children = (0..2).map(|at| start(case, Some(at), &["--limit", "300"])).collect();
            let told = format!("{told}, round {round}");
            tried += tokio::task::spawn_blocking(move || finish(children, &told)).await.unwrap();
            let due = "webhook_events WHERE status <> 'processed' AND next_retry_at <= '2026-11-20 09:00:00'";
            if case.count(due).await == 0 {
                break;
            }
        }
        stop.store(true, Ordering::SeqCst);
        tried
    };
    let (tried, one, two) = tokio::join!(runs, serve(&first, &stop), serve(&second, &stop));
    assert!(one.is_disjoint(&two), "{told}");
    world.check_done(case, &told).await;
    assert_eq!(
        tried + one.len() + two.len(),
        world.due(),
        "{told}: {tried} of opsctl, {} and {}",
        one.len(),
        two.len()
    );
    assert!(
        tried > 0 && !one.is_empty(),
        "{told}: no race: {tried} of opsctl, {} and {}",
        one.len(),
        two.len()
    );
    println!("{told}: {tried} events of opsctl, {} and {} of the service", one.len(), two.len());
}

on_every_engine! {
    async fn two_and_eight_processes_without_the_run_lock(case: &Case) {
        World::watch(case).await;
        case.write_env("");
        for processes in [2, 8] {
            without_the_lock(case, processes).await;
        }
    }

    async fn two_and_eight_processes_that_wait_for_the_run_lock(case: &Case) {
        World::watch(case).await;
        case.write_env("");
        for processes in [2, 8] {
            with_the_lock(case, processes).await;
        }
    }

    async fn no_event_is_claimed_by_opsctl_and_the_service(case: &Case) {
        World::watch(case).await;
        case.write_env("");
        beside_the_service(case).await;
    }

    // A run that was asleep while its lock expired and another run did the work: it writes nothing stale.
    async fn a_run_that_slept_past_its_lock_writes_nothing_stale(case: &Case) {
        World::watch(case).await;
        case.write_env("");
        let words = ["webhooks", "retry-once", "--limit", "5000"];
        // Before a chunk nothing is locked; within one its own rows are, and the other run leaves them to it. A file
        // has one writer at a time: nobody else could work while that one sleeps within a chunk.
        let within = (case.db.engine() != Engine::Sqlite).then_some(("after-payments#2", 100, 8));
        for (point, left, code) in [("after-renew#2", 0, 8), ("after-renew#3", 0, 0)].into_iter().chain(within) {
            World::clear(case).await;
            let mut world = World::default();
            world.add(case, 250, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
            let asleep = case.hold(point, &words);
            case.execute("UPDATE cache_locks SET expiration = 1").await;
            let other = case.run(&words);
            assert_eq!(other.code, 0, "{point}: {other:?}");
            assert_eq!(world.check(case, point).await.tried, 250 - left, "{point}: {other:?}");
            let awake = asleep.go();
            assert_eq!(awake.code, code, "{point}: {awake:?}");
            world.check_done(case, point).await;
        }
    }
}
