//! `queue work` beside kills, signals, lost servers and other workers: each job is in exactly one place, or done, and its
//! work is done once.

use std::time::Duration;

use opsctl::{config::database::Address, crash::Point};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    on_every_engine,
    support::{
        Case, Event, Payment,
        cli::{Heard, Said, wait_until},
        number,
        proxy::{Proxy, Way},
        work::{Place, job},
    },
};

const WORK: [&str; 3] = ["queue", "work", "--stop-when-empty"];
const FOREVER: [&str; 4] = ["queue", "work", "--sleep", "1"];

/// Some events with their payments and jobs, as a retry pushes them.
async fn push(case: &Case, place: &Place, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let body = format!(r#"{{"id":"pay-{name}","status":"paid"}}"#);
        let event = Event::due(name).status("queued").attempts(2).last_attempt(-1).next_retry(59);
        let id = event.body(&body).insert(case).await;
        Payment::pending(&format!("pay-{name}")).insert(case).await;
        place.push(case, "webhooks", &place.payload(at as u32, &id)).await;
        ids.push(id);
    }
    ids
}

/// Each event is done with its job gone, or untouched with its job among the failed ones, or in its queue. Gives how
/// many are done.
async fn holds(case: &Case, place: &Place, ids: &[String], told: &str) -> usize {
    let jobs = place.jobs(case, "webhooks").await;
    let rows = case.rows("SELECT payload FROM failed_jobs").await;
    let failed: Vec<String> = rows.iter().map(|row| row.text("payload").unwrap()).collect();
    let mut done = 0;
    for id in ids {
        let event = case.event(id).await;
        let places = jobs.iter().chain(&failed).filter(|payload| payload.contains(id.as_str())).count();
        assert_eq!(event.attempts, 2, "`{id}` was counted again: {told}");
        match event.status.as_str() {
            "processed" => done += 1,
            "queued" => assert_eq!(places, 1, "`{id}` is in {places} places: {told}"),
            other => panic!("`{id}` is {other}: {told}"),
        }
        let paid = case.payment(&format!("pay-{}", id.trim_end_matches('0'))).await;
        assert_eq!(paid == "succeeded", event.status == "processed", "{told}");
    }
    done
}

fn kill_at(case: &Case, point: Point) -> Said {
    let said = case.run_with(&[("OPSCTL_CRASH_AT", point.name())], &WORK);
    assert_eq!(said.signal, Some(9), "the point was not reached: {}: {said:?}", point.name());
    said
}

on_every_engine! {
    async fn killed_at_any_point_each_job_is_in_one_place_or_done(case: &Case) {
        for place in Place::both() {
            case.write_env(&place.settings());
            for round in 0..number("OPSCTL_TEST_ROUNDS", 1_u32) {
                for point in Point::WORK {
                    let told = format!("{}, {}, round {round}", place.connection(), point.name());
                    place.clear(case).await;
                    let ids = push(case, &place, &["a", "b", "c"]).await;
                    kill_at(case, point);
                    holds(case, &place, &ids, &told).await;
                    // Reservations and locks of the dead worker come to their end.
                    place.expire(case, "webhooks").await;
                    place.unlock(case).await;
                    let next = case.run(&WORK);
                    let done = holds(case, &place, &ids, &told).await;
                    // A job that was taken and not run has had its single try, as with the application's own workers.
                    let lost_try = matches!(place, Place::Redis(_))
                        && matches!(point, Point::WorkTaken | Point::WorkRecorded | Point::WorkDone);
                    let (expected, code) = if lost_try { (0, 1) } else { (3, 0) };
                    assert_eq!((done, next.code), (expected, code), "{told}: {next:?}");
                    assert_eq!(case.count("failed_jobs").await, if lost_try { 3 } else { 0 }, "{told}");
                    assert!(place.jobs(case, "webhooks").await.is_empty(), "{told}: {next:?}");
                    assert!(place.locks(case).await.is_empty(), "{told}");
                }
            }
        }
    }

    async fn killed_at_any_point_a_job_fails_once(case: &Case) {
        for place in Place::both() {
            case.write_env(&place.settings());
            for point in Point::WORK {
                let told = format!("{}, {}", place.connection(), point.name());
                place.clear(case).await;
                let id = Event::due("a").status("queued").attempts(2).insert(case).await;
                let payload = place.payload(1, &id).replace("\"attempts\":0", "\"attempts\":1");
                place.push(case, "webhooks", &payload).await;
                case.execute("UPDATE jobs SET attempts = 1, reserved_at = 1").await;
                kill_at(case, point);
                place.expire(case, "webhooks").await;
                place.unlock(case).await;
                let next = case.run(&WORK);
                assert!(next.code <= 1, "{told}: {next:?}");
                assert_eq!((case.count("failed_jobs").await, place.jobs(case, "webhooks").await.len()), (1, 0), "{told}: {next:?}");
            }
        }
    }

    async fn several_workers_run_each_job_once(case: &Case) {
        let count = number("OPSCTL_TEST_RACE_EVENTS", 60_usize).min(1000);
        let names: Vec<String> = (1..=count).map(|number| format!("{number}x")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            let ids = push(case, &place, &names).await;
            let several = ["queue", "work", "--stop-when-empty", "--concurrency", "4"];
            let runs: Vec<_> = [&WORK[..], &several, &WORK].map(|words| case.program(words).spawn().unwrap()).into();
            let said: Vec<Said> = runs.into_iter().map(|run| run.wait_with_output().unwrap().into()).collect();
            assert!(said.iter().all(|said| said.code == 0), "{said:?}");
            let last = case.run(&WORK);
            assert_eq!(holds(case, &place, &ids, &format!("{said:?}")).await, count, "{last:?}");
            let told: usize = said.iter().chain([&last]).map(|said| said.err.matches(" DONE ").count()).sum();
            assert_eq!((told, place.jobs(case, "webhooks").await.len(), case.count("failed_jobs").await), (count, 0, 0));
        }
    }

    async fn a_signal_ends_a_worker_behind_what_is_in_hand(case: &Case) {
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            let ids = push(case, &place, &["a"]).await;
            let held = case.hold("work-taken", &FOREVER);
            held.interrupt();
            let said = held.go();
            assert_eq!((said.code, holds(case, &place, &ids, "").await), (0, 1), "{said:?}");
            assert!(said.err.contains("it ended: it was asked to stop"), "{said:?}");
            let idle = case.program(&FOREVER).spawn().unwrap();
            let journal = case.folder.path().join("state");
            wait_until("it has begun", || {
                std::fs::read_dir(&journal).unwrap().flatten().any(|file| {
                    std::fs::read_to_string(file.path()).is_ok_and(|text| text.matches("queue work").count() > 1)
                })
            });
            let id = rustix::process::Pid::from_raw(i32::try_from(idle.id()).unwrap()).unwrap();
            rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
            let said = Said::from(idle.wait_with_output().unwrap());
            assert_eq!(said.code, 0, "{said:?}");
            let _ = std::fs::remove_dir_all(&journal);
        }
    }

    async fn the_sign_to_restart_ends_a_worker_behind_its_chunk(case: &Case) {
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            let ids = push(case, &place, &["a"]).await;
            let held = case.hold("work-taken", &FOREVER);
            // A transaction of a SQLite file keeps every other writer away.
            let told = case.db.engine() != Engine::Sqlite || matches!(place, Place::Redis(_));
            if told {
                assert_eq!(case.run(&["queue", "restart"]).code, 0);
            } else {
                held.interrupt();
            }
            let said = held.go();
            assert_eq!((said.code, holds(case, &place, &ids, "").await), (0, 1), "{said:?}");
            assert!(!told || said.err.contains("workers are told to restart"), "{said:?}");
        }
    }

    // D16: who was paused for longer than its lock lives neither writes nor frees the lock of another.
    async fn a_worker_that_was_paused_for_too_long_writes_nothing(case: &Case) {
        let Some(place) = Place::redis() else { return };
        case.write_env(&place.settings());
        let ids = push(case, &place, &["a"]).await;
        let overlap = job(&ids[0]).overlap_lock();
        for job_is_gone in [false, true] {
            let held = case.hold("work-locked", &WORK);
            place.unlock(case).await;
            if job_is_gone {
                place.say(&["DEL", "app-queues:webhooks", "app-queues:webhooks:notify"]);
            } else {
                place.lock(case, &overlap, "another").await;
            }
            let said = held.go();
            assert_eq!(said.code, 0, "{said:?}");
            assert_eq!(case.event(&ids[0]).await.status, "queued", "{said:?}");
            assert_eq!(place.locks(case).await, if job_is_gone { vec![] } else { vec![overlap.clone()] }, "{said:?}");
            assert_eq!(place.jobs(case, "webhooks").await.len(), usize::from(!job_is_gone));
            place.unlock(case).await;
        }
    }

    async fn a_redis_that_comes_back_is_worked_on(case: &Case) {
        let Some(mut place) = Place::redis() else { return };
        case.write_env(&place.settings());
        let mut ids = push(case, &place, &["a"]).await;
        let worker = Heard::from(case.program(&FOREVER).spawn().unwrap());
        worker.hear(" DONE applied");
        if let Place::Redis(server) = &mut place {
            server.kill();
            worker.hear("no job is taken for now");
            server.restart(&[]);
        }
        worker.hear("The servers answer again.");
        ids.extend(push(case, &place, &["b"]).await);
        worker.hear(" DONE applied");
        assert_eq!(worker.end(), Some(0));
        assert_eq!(holds(case, &place, &ids, "").await, 2);
    }

    async fn an_answer_of_redis_that_is_lost_runs_nothing_twice(case: &Case) {
        let Some(place) = Place::redis() else { return };
        let Place::Redis(server) = &place else { return };
        for (at, way) in [("work-locked", Way::CutReply(0)), ("work-locked", Way::CutReply(7)), ("work-committed", Way::CutReply(0))] {
            let proxy = Proxy::to(server.port);
            place.clear(case).await;
            case.write_env(&Place::settings_at(proxy.port));
            let ids = push(case, &place, &["a", "b"]).await;
            let held = case.hold(at, &WORK);
            proxy.set(way);
            let said = held.go();
            let told = format!("{at}, {way:?}: {said:?}");
            assert_eq!((said.code, proxy.cuts(), holds(case, &place, &ids, &told).await), (0, 1, 2), "{told}");
            assert_eq!((place.jobs(case, "webhooks").await.len(), case.count("failed_jobs").await), (0, 0), "{told}");
        }
    }

    async fn a_redis_that_goes_away_behind_the_commit_is_settled_with_later(case: &Case) {
        let Some(place) = Place::redis() else { return };
        let Place::Redis(server) = &place else { return };
        let proxy = Proxy::to(server.port);
        for at in ["work-taken", "work-committed"] {
            place.clear(case).await;
            case.write_env(&Place::settings_at(proxy.port));
            let ids = push(case, &place, &["a"]).await;
            let held = case.hold(at, &FOREVER);
            proxy.set(Way::Refuse);
            let worker = held.go_on();
            worker.hear("no job is taken for now");
            proxy.set(Way::Pass);
            worker.hear("The servers answer again.");
            assert_eq!((worker.end(), holds(case, &place, &ids, at).await), (Some(0), 1), "{at}");
            assert_eq!((place.jobs(case, "webhooks").await.len(), case.count("failed_jobs").await), (0, 0), "{at}");
        }
    }

    async fn a_commit_without_an_answer_is_looked_up(case: &Case) {
        let Address::Tcp(_, port) = &case.target.address else { return };
        for place in Place::both() {
            for way in [Way::CutBeforeCommit, Way::CutAtCommit, Way::CutAfterCommit] {
                let proxy = Proxy::to(*port);
                place.clear(case).await;
                case.write_env(&format!("DB_PORT={}\n{}", proxy.port, place.settings()));
                let ids = push(case, &place, &["a", "b"]).await;
                let held = case.hold("work-done", &WORK);
                proxy.set(way);
                let said = held.go();
                let told = format!("{}, {way:?}: {said:?}", place.connection());
                assert_eq!((said.code, proxy.cuts(), holds(case, &place, &ids, &told).await), (0, 1, 2), "{told}");
                assert_eq!((place.jobs(case, "webhooks").await.len(), case.count("failed_jobs").await), (0, 0), "{told}");
            }
        }
    }

    async fn random_kills_lose_and_double_nothing(case: &Case) {
        let (seed, kills) = (number("OPSCTL_TEST_SEED", 7_u64), number("OPSCTL_TEST_KILLS", 4_u32));
        for place in Place::both() {
            let mut rng = StdRng::seed_from_u64(seed);
            case.write_env(&place.settings());
            let names: Vec<String> = (1..=40).map(|number| format!("{number}x")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            for kill in 0..kills {
                let told = format!("{}, seed {seed}, kill {kill}", place.connection());
                place.clear(case).await;
                let ids = push(case, &place, &names).await;
                let mut child = case.program(&["queue", "work", "--stop-when-empty", "--concurrency", "3"]).spawn().unwrap();
                tokio::time::sleep(Duration::from_micros(rng.random_range(5_000..80_000))).await;
                child.kill().unwrap();
                child.wait().unwrap();
                holds(case, &place, &ids, &told).await;
                place.expire(case, "webhooks").await;
                place.unlock(case).await;
                let next = case.run(&WORK);
                let done = holds(case, &place, &ids, &told).await;
                let failed = usize::try_from(case.count("failed_jobs").await).unwrap();
                assert_eq!((done + failed, place.jobs(case, "webhooks").await.len()), (40, 0), "{told}: {next:?}");
                assert!(matches!(place, Place::Redis(_)) || failed == 0, "{told}: a table rolls back: {next:?}");
            }
        }
    }
}
