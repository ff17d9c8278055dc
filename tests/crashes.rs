//! A run that is killed, at every crash point and at random times: nothing is lost, nothing is done twice, and the
//! next run converges. `scripts/crash` runs the long form.

use opsctl::crash::Point;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    on_every_engine,
    support::{
        Case,
        cli::Said,
        number,
        world::{Plan, World},
    },
};

/// SIGKILL.
const KILLED: Option<i32> = Some(9);
/// Tries again tomorrow, so that no event is due twice within a test.
const RETRY: [&str; 12] = [
    "webhooks",
    "retry-once",
    "--limit",
    "5000",
    "--mode",
    "equal",
    "--base-ms",
    "172800000",
    "--cap-ms",
    "172800000",
    "--max-attempts",
    "5",
];

/// The time to live of the run lock's row, if there is one.
async fn lock_left(case: &Case) -> Option<i64> {
    let rows = case.rows("SELECT expiration FROM cache_locks").await;
    assert!(rows.len() <= 1);
    rows.first().map(|row| row.int("expiration").unwrap() - crate::support::now().timestamp())
}

/// Lets the time of a dead run's lock pass.
async fn let_the_lock_expire(case: &Case, told: &str) {
    if let Some(left) = lock_left(case).await {
        assert!((0..=900).contains(&left), "the lock would stay for {left} s: {told}");
        case.execute(&format!("UPDATE cache_locks SET expiration = {}", crate::support::now().timestamp()))
            .await;
    }
}

fn killed_at(case: &Case, point: &str) -> Said {
    case.run_with(&[("OPSCTL_CRASH_AT", point)], &RETRY)
}

/// How often a run of 250 events in three chunks comes by a point, at least.
fn times(point: Point) -> u32 {
    match point {
        Point::AfterLock | Point::BeforeRelease | Point::AfterRelease => 1,
        Point::AfterCandidates | Point::BeforeAsideCommit | Point::AfterAsideCommit => 2,
        _ => 3,
    }
}

/// How many of `due` events are tried when a run is killed at a point for the `nth` time; `None` where an event
/// whose payment is stuck made its chunk go on event by event.
fn tried(point: Point, nth: u32, due: usize) -> Option<usize> {
    let chunks = |count: u32| Some((count as usize * 100).min(due));
    match point {
        Point::AfterLock => Some(0),
        Point::AfterCandidates => chunks(if nth == 1 { 0 } else { u32::MAX }),
        Point::AfterCommit => chunks(nth),
        Point::BeforeRelease | Point::AfterRelease => Some(due),
        Point::BeforeAsideCommit | Point::AfterAsideCommit => None,
        _ => chunks(nth - 1),
    }
}

async fn crash_once(case: &Case, point: Point, rng: &mut StdRng, told: &str) {
    World::clear(case).await;
    let mut world = World::default();
    let mut plans = Plan::CALM.to_vec();
    if matches!(point, Point::BeforeAsideCommit | Point::AfterAsideCommit) {
        plans.extend([Plan::Stuck, Plan::Applied, Plan::Applied]);
    }
    world.add(case, rng.random_range(400..500), &plans, rng).await;
    let nth = rng.random_range(1..=times(point));
    let at = format!("{}#{nth}", point.name());
    let told = format!("{told}, {at}");
    let said = killed_at(case, &at);
    assert_eq!(said.signal, KILLED, "the point was not reached: {told}: {said:?}");
    let seen = world.check(case, &told).await;
    assert!(tried(point, nth, seen.due).is_none_or(|tried| tried == seen.tried), "{told}: {seen:?}");
    let holds_lock = point != Point::AfterRelease;
    assert_eq!(lock_left(case).await.is_some(), holds_lock, "{told}");
    if holds_lock {
        let busy = case.run(&RETRY);
        assert_eq!(busy.code, 8, "{told}: {busy:?}");
        assert_eq!(world.check(case, &told).await, seen, "{told}");
        let_the_lock_expire(case, &told).await;
    }
    let next = case.run(&RETRY);
    let (left, stopped) = (seen.due - seen.tried, next.err.contains("caused by"));
    assert!(matches!((left, next.code), (0, 0) | (1.., 0 | 1 | 4)) && !stopped, "{told}: {next:?}");
    world.check_done(case, &told).await;
    assert_eq!(lock_left(case).await, None, "{told}");
    let idle = case.run(&RETRY);
    assert!(idle.code == 0 && idle.err.contains("No events are due"), "{told}: {idle:?}");
}

on_every_engine! {
    async fn every_crash_point_rolls_back_or_is_done(case: &Case) {
        World::watch(case).await;
        case.write_env("");
        let (rounds, seed) = (number("OPSCTL_TEST_ROUNDS", 1_u64), number("OPSCTL_TEST_SEED", 7_u64));
        for round in 0..rounds {
            for (at, point) in Point::RETRY.into_iter().enumerate() {
                let mut rng = StdRng::seed_from_u64(seed ^ (round << 8) ^ at as u64);
                crash_once(case, point, &mut rng, &format!("seed {seed}, round {round}")).await;
            }
        }
        println!("{}: {} kills at {} points", case.target, rounds * Point::RETRY.len() as u64, Point::RETRY.len());
    }

    async fn random_kills_beside_inserts_lose_nothing(case: &Case) {
        World::watch(case).await;
        case.write_env("");
        let (kills, seed) = (number("OPSCTL_TEST_KILLS", 12_u64), number("OPSCTL_TEST_SEED", 7_u64));
        let mut rng = StdRng::seed_from_u64(seed);
        let mut world = World::default();
        let (mut killed, mut finished) = (0, 0);
        // Milliseconds within which a run is killed: as long as runs take here, found by trying.
        let mut span = 150.0_f64;
        while killed < kills {
            let told = format!("seed {seed}, kill {killed}");
            assert!(finished < 20 + kills * 2, "most runs end before they are killed: {told}");
            world.add(case, rng.random_range(20..150), &Plan::CALM, &mut rng).await;
            let mut child = case.program(&RETRY).spawn().unwrap();
            // Events keep coming while the run is at work, until its time is up.
            let (begun, life) = (std::time::Instant::now(), rng.random_range(0.0..span));
            while begun.elapsed().as_secs_f64() * 1000.0 < life {
                world.add(case, 5, &Plan::CALM, &mut rng).await;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await; // between two deliveries
            }
            child.kill().unwrap();
            let said = Said::from(child.wait_with_output().unwrap());
            if said.signal == KILLED {
                (killed, span) = (killed + 1, span * 1.1);
            } else {
                (finished, span) = (finished + 1, span * 0.7);
            }
            assert!(said.signal == KILLED || matches!(said.code, 0 | 1 | 4), "{told}: {said:?}");
            world.check(case, &told).await;
            let_the_lock_expire(case, &told).await;
        }
        loop {
            let last = case.run(&RETRY);
            assert!(matches!(last.code, 0 | 1 | 4), "{last:?}");
            if last.err.contains("No events are due") {
                break;
            }
        }
        world.check_done(case, &format!("seed {seed}, after {kills} kills")).await;
        println!("{}: {killed} random kills, {finished} runs ended before theirs", case.target);
    }

    // One event by hand takes no run lock: killed anywhere, it is as it was or done, and may be tried again at once.
    async fn a_killed_try_of_one_event_rolls_back_or_is_done(case: &Case) {
        World::watch(case).await;
        case.write_env("");
        let one = ["webhooks", "retry-one", "e0000000000000000000000000"];
        for (point, tried) in [
            ("after-select", 0), ("after-bodies", 0), ("after-find", 0), ("after-payments", 0), ("before-commit", 0),
            ("after-commit", 1),
        ] {
            World::clear(case).await;
            let mut world = World::default();
            world.add(case, 1, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
            let said = case.run_with(&[("OPSCTL_CRASH_AT", point)], &one);
            assert_eq!(said.signal, KILLED, "{point}: {said:?}");
            assert_eq!(world.check(case, point).await.tried, tried, "{point}");
            let again = case.run(&one);
            assert_eq!(again.code, 0, "{point}: {again:?}");
            world.check_done(case, point).await;
        }
    }
}
