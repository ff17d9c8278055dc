//! `queue retry` beside kills, lost servers and other runs: after the next run each job is in exactly one place.

use std::{collections::BTreeMap, time::Duration};

use opsctl::{config::database::Address, crash::Point};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    on_every_engine,
    support::{
        Case,
        cli::Said,
        failed_jobs::{Queue, payload, payload_with, uuid},
        number,
        proxy::{Proxy, Way},
    },
};

const ALL: [&str; 3] = ["queue", "retry", "all"];

/// Jobs of which no chunk holds more than two.
const LARGE: usize = 1_700_000;

/// How often each uuid stands in some payloads.
fn uuids<'p>(payloads: impl Iterator<Item = &'p String>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for payload in payloads {
        *counts.entry(payload[9..45].to_owned()).or_default() += 1;
    }
    counts
}

/// Six failed jobs, in three chunks.
async fn fail_six(case: &Case, queue: &Queue) {
    let filler = format!(r#","own":"{}""#, "x".repeat(LARGE));
    for number in 1..7 {
        case.fail(queue.connection(), "emails", Some(&uuid(number)), &payload_with(number, &filler)).await;
    }
}

on_every_engine! {
    async fn killed_at_any_point_each_job_is_in_one_place_after_the_next_run(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            for round in 0..number("OPSCTL_TEST_ROUNDS", 1_u32) {
                for (at, point) in Point::QUEUE_RETRY.into_iter().enumerate() {
                    for worker in [false, true] {
                        let told = format!("{}, {}, round {round}, worker {worker}", queue.connection(), point.name());
                        case.execute("DELETE FROM failed_jobs").await;
                        queue.clear(case).await;
                        fail_six(case, &queue).await;
                        let nth = 1 + (at as u32 + round) % 3;
                        let crash = format!("{}#{nth}", point.name());
                        let killed = case.run_with(&[("OPSCTL_CRASH_AT", &crash)], &ALL);
                        assert_eq!(killed.signal, Some(9), "{told}: {killed:?}");
                        // Nothing is lost, and only Redis may hold a job that has failed, too.
                        let mut jobs = queue.jobs(case, "emails").await;
                        let both = jobs.len() as i64 + case.failed().await - 6;
                        let expected = match (&queue, point) {
                            (Queue::Redis(_), Point::RetryPushed | Point::RetryDeleted) => 2,
                            _ => 0,
                        };
                        assert_eq!(both, expected, "{told}");
                        // A worker may have taken what was pushed before the next run looks.
                        if worker {
                            match &queue {
                                Queue::Table => case.execute("DELETE FROM jobs").await,
                                Queue::Redis(redis) => _ = redis.cli(&["DEL", "app-queues:emails", "app-queues:emails:notify"]),
                            }
                        } else {
                            jobs.clear();
                        }
                        let next = case.run(&ALL);
                        assert_eq!((next.code, case.failed().await), (0, 0), "{told}: {next:?}");
                        jobs.extend(queue.jobs(case, "emails").await);
                        let seen = uuids(jobs.iter());
                        assert!(seen.len() == 6 && seen.values().all(|count| *count == 1), "{told}: {seen:?}");
                        // Those of the last chunk that is durable, as it is asked for by the chunk behind it.
                        let durable = matches!(point, Point::RetryCommitted | Point::RetrySettled);
                        let rest = 2 * (usize::from(nth > 1) + usize::from(durable));
                        assert!(queue.tokens("emails") <= rest, "{told}: tokens are left");
                    }
                }
            }
        }
    }

    async fn random_kills_lose_and_double_nothing(case: &Case) {
        let seed = number("OPSCTL_TEST_SEED", 7_u64);
        for queue in Queue::both() {
            let mut rng = StdRng::seed_from_u64(seed);
            case.write_env(&queue.settings());
            let (kills, mut killed, mut jobs) = (number("OPSCTL_TEST_KILLS", 6_u32), 0, 0);
            // Milliseconds within which a run is killed: as long as runs take here, found by trying.
            let mut span = 120.0_f64;
            while killed < kills {
                assert!(jobs < 200 * (20 + kills * 3), "most runs end before they are killed: seed {seed}");
                case.fail_all(queue.connection(), "emails", jobs..jobs + 200).await;
                jobs += 200;
                let mut child = case.program(&ALL).spawn().unwrap();
                tokio::time::sleep(Duration::from_micros((rng.random_range(0.0..span) * 1000.0) as u64)).await;
                child.kill().unwrap();
                let said = Said::from(child.wait_with_output().unwrap());
                match said.signal {
                    Some(_) => (killed, span) = (killed + 1, span * 1.1),
                    None => span *= 0.7,
                }
                assert!(said.signal == Some(9) || said.code == 0, "seed {seed}, kill {killed}: {said:?}");
            }
            let last = case.run(&ALL);
            assert_eq!((last.code, case.failed().await), (0, 0), "seed {seed}: {last:?}");
            let pushed = queue.jobs(case, "emails").await;
            let seen = uuids(pushed.iter());
            assert!(seen.values().all(|count| *count == 1), "{}, seed {seed}: a job is there twice", queue.connection());
            assert_eq!(seen.len(), jobs as usize, "{}, seed {seed}", queue.connection());
        }
    }

    async fn several_runs_at_once_push_each_job_once(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            case.fail_all(queue.connection(), "emails", 0..300).await;
            let words = ["queue", "retry", "all", "--rate", "100"];
            let runs: Vec<_> = (0..3).map(|_| case.program(&words).spawn().unwrap()).collect();
            for run in runs {
                let said = Said::from(run.wait_with_output().unwrap());
                assert_eq!(said.code, 0, "{said:?}");
            }
            let last = case.run(&ALL);
            assert_eq!((last.code, case.failed().await), (0, 0), "{last:?}");
            let jobs = queue.jobs(case, "emails").await;
            let seen = uuids(jobs.iter());
            assert!(seen.len() == 300 && seen.values().all(|count| *count == 1), "{}: {} jobs", queue.connection(), jobs.len());
        }
    }

    async fn ctrl_c_finishes_the_chunk_and_says_how_to_go_on(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            case.fail_all(queue.connection(), "emails", 0..12).await;
            let held = case.hold("retry-deleted#1", &["queue", "retry", "all", "--rate", "5"]);
            held.interrupt();
            let said = held.go();
            assert_eq!((said.code, case.failed().await), (130, 7), "{said:?}");
            assert!(said.err.contains("5 jobs were retried before that; go on with the same command"), "{said:?}");
            assert_eq!(queue.jobs(case, "emails").await.len(), 5);
            let said = case.run(&ALL);
            assert_eq!((said.code, case.failed().await, queue.jobs(case, "emails").await.len()), (0, 0, 12), "{said:?}");
        }
    }

    async fn a_redis_that_lost_what_was_pushed_gets_it_again(case: &Case) {
        let Some(Queue::Redis(mut redis)) = Queue::redis() else { return };
        case.write_env(&Queue::settings_at(redis.port));
        for flushed in [true, false] {
            case.fail_all("redis", "emails", 0..3).await;
            let held = case.hold("retry-deleted", &ALL);
            match flushed {
                true => assert_eq!(redis.cli(&["FLUSHALL"]), "OK"),
                false => redis.restart(&[]),
            }
            let said = held.go();
            assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
            assert!(said.err.contains("3 failed jobs: 3 retried"), "{said:?}");
            assert_eq!(redis.cli(&["LLEN", "app-queues:emails"]), "3");
            redis.cli(&["FLUSHALL"]);
        }
    }

    async fn a_redis_that_goes_away_keeps_the_failed_jobs(case: &Case) {
        let Some(Queue::Redis(mut redis)) = Queue::redis() else { return };
        case.write_env(&Queue::settings_at(redis.port));
        case.fail_all("redis", "emails", 0..3).await;
        for point in ["retry-unique", "retry-deleted"] {
            let held = case.hold(point, &ALL);
            redis.kill();
            let said = held.go();
            assert_eq!((said.code, case.failed().await), (7, 3), "{point}: {said:?}");
            redis.restart(&[]);
        }
        let said = case.run(&ALL);
        assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
        assert_eq!(redis.cli(&["LLEN", "app-queues:emails"]), "3");
    }

    async fn an_answer_of_redis_that_is_lost_pushes_nothing_twice(case: &Case) {
        let Some(queue) = Queue::redis() else { return };
        let Queue::Redis(redis) = &queue else { return };
        for (at, way) in [("retry-unique", Way::CutReply(0)), ("retry-unique", Way::CutReply(2)), ("retry-pushed", Way::CutReply(0))] {
            let proxy = Proxy::to(redis.port);
            case.write_env(&Queue::settings_at(proxy.port));
            case.fail_all("redis", "emails", 0..3).await;
            let held = case.hold(at, &ALL);
            proxy.set(way);
            let said = held.go();
            assert_eq!((said.code, case.failed().await, proxy.cuts()), (0, 0, 1), "{at}, {way:?}: {said:?}");
            assert_eq!(queue.jobs(case, "emails").await.len(), 3, "{at}, {way:?}");
            assert_eq!(queue.tokens("emails"), 0);
            queue.clear(case).await;
        }
    }

    async fn a_commit_without_an_answer_is_looked_up(case: &Case) {
        let Address::Tcp(_, port) = &case.target.address else { return };
        for queue in Queue::both() {
            for way in [Way::CutBeforeCommit, Way::CutAtCommit, Way::CutAfterCommit] {
                let proxy = Proxy::to(*port);
                case.write_env(&format!("DB_PORT={}\n{}", proxy.port, queue.settings()));
                case.fail_all(queue.connection(), "emails", 0..3).await;
                let held = case.hold("retry-deleted", &ALL);
                proxy.set(way);
                let said = held.go();
                let told = format!("{}, {way:?}: {said:?}", queue.connection());
                assert_eq!((said.code, case.failed().await, proxy.cuts()), (0, 0, 1), "{told}");
                let jobs = queue.jobs(case, "emails").await;
                assert_eq!(uuids(jobs.iter()).len(), 3, "{told}");
                assert_eq!(jobs.len(), 3, "{told}");
                queue.clear(case).await;
            }
        }
    }

    async fn a_row_that_the_database_refuses_stays_and_the_others_go(case: &Case) {
        case.write_env("QUEUE_CONNECTION=database\n");
        case.fail_all("database", "emails", 0..3).await;
        let long = "q".repeat(300);
        case.fail("database", &long, Some(&uuid(9)), &payload(9)).await;
        let said = case.run(&ALL);
        if case.db.engine() == Engine::Sqlite {
            assert_eq!((said.code, case.failed().await), (0, 0), "a column of SQLite has no length: {said:?}");
            return;
        }
        assert_eq!((said.code, case.failed().await), (4, 1), "{said:?}");
        assert!(said.err.contains("1 failed: ") || said.err.contains("3 retried, 1 failed"), "{said:?}");
        assert_eq!(Queue::Table.jobs(case, "emails").await.len(), 3);
    }
}
