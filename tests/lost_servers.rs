//! Servers that are lost: before, during and after a chunk, in the middle of a reply, between a COMMIT and its answer.

use opsctl::{
    Kind,
    cancel::Cancel,
    clock::Clock,
    config::{Database, database::Address},
    db::{Access, Db},
    journal::Entry,
    webhooks::{self, RetryReport, RetryRequest},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    on_every_engine,
    support::{
        Case,
        cli::{Said, wait_until},
        number,
        proxy::{Proxy, Way},
        request,
        world::{Plan, World},
    },
};

/// The proxy in front of the case's server; none in front of a file.
fn proxied(case: &Case) -> Option<(Proxy, Database)> {
    let Address::Tcp(host, port) = &case.target.address else { return None };
    let proxy = Proxy::to(*port);
    let target = Database { address: Address::Tcp(host.clone(), proxy.port), ..case.target.clone() };
    Some((proxy, target))
}

/// A world of `count` calm events.
async fn world(case: &Case, count: usize, seed: u64) -> World {
    World::clear(case).await;
    let mut world = World::default();
    world.add(case, count, &Plan::CALM, &mut StdRng::seed_from_u64(seed)).await;
    world
}

/// Runs a batch through the proxy, its lock elsewhere: a lost server is then lost to the work alone.
async fn retried(case: &Case, target: &Database) -> RetryReport {
    let db = Db::new(target.clone(), Access::Existing, Clock::frozen(crate::support::now()));
    let mut request = RetryRequest { seed: Some(1), ..request() };
    request.limits.limit = 5000;
    let entry = Entry::unrecorded("");
    webhooks::retry(&db, Some(&case.locks()), &entry, request, &Cancel::new(), &mut ()).await.unwrap()
}

/// A run beside an unanswered COMMIT: what the report says is what the database shows.
async fn commit_once(case: &Case, way: Way, rng: &mut StdRng, told: &str) {
    let (proxy, target) = proxied(case).unwrap();
    let world = world(case, rng.random_range(150..260), rng.random()).await;
    proxy.set(way);
    let report = retried(case, &target).await;
    assert_eq!(proxy.cuts(), 1, "{told}");
    let seen = world.check(case, told).await;
    let tried = usize::try_from(report.counts.selected - report.counts.skipped).unwrap();
    assert_eq!(tried, seen.tried, "{told}: {:?}", report.stopped);
    match report.error() {
        None => {
            assert_ne!(way, Way::CutBeforeCommit, "{told}");
            assert_eq!(seen.tried, seen.due, "{told}");
        }
        // The answer was faster than the cut, which then met the next chunk.
        Some(error) if way == Way::CutAtCommit && seen.tried > 0 => {
            assert_eq!(error.kind(), Kind::Unreachable, "{told}: {error}");
        }
        Some(error) => {
            assert_ne!(way, Way::CutAfterCommit, "{told}: {error}");
            assert_eq!((error.kind(), seen.tried), (Kind::Unreachable, 0), "{told}: {error:?}");
            assert!(
                error.root().contains("was rolled back: its events keep their attempts"),
                "{told}: {error}"
            );
        }
    }
    case.execute("DELETE FROM cache_locks").await;
    let rest = retried(case, &case.target).await;
    assert!(rest.error().is_none(), "{told}: {rest:?}");
    world.check_done(case, told).await;
}

/// Runs words through the proxy, holds them at a point, lets something happen, and lets them go on.
fn interrupted(case: &Case, proxy: &Proxy, point: &str, happens: impl FnOnce(&Proxy)) -> Said {
    case.write_env(&format!("DB_PORT={}\n", proxy.port));
    let held = case.hold(point, &["webhooks", "retry-once", "--limit", "5000"]);
    happens(proxy);
    held.go()
}

on_every_engine! {
    async fn an_unanswered_commit_is_looked_up(case: &Case) {
        if proxied(case).is_none() {
            return; // a file answers its COMMIT
        }
        World::watch(case).await;
        let (rounds, seed) = (number("OPSCTL_TEST_ROUNDS", 1_u64), number("OPSCTL_TEST_SEED", 7_u64));
        let mut rng = StdRng::seed_from_u64(seed);
        for round in 0..rounds * 2 {
            for way in [Way::CutBeforeCommit, Way::CutAtCommit, Way::CutAfterCommit] {
                commit_once(case, way, &mut rng, &format!("seed {seed}, round {round}, {way:?}")).await;
            }
        }
        println!("{}: {} unanswered COMMITs", case.target, rounds * 6);
    }

    // Before, during and after a chunk; the run says how far it came, and the next one goes on from there.
    async fn a_server_lost_at_any_point_is_exit_7(case: &Case) {
        World::watch(case).await;
        let points = [
            ("after-lock", 0), ("after-candidates", 0), ("after-renew#2", 100), ("after-select#2", 100),
            ("after-bodies#3", 200), ("after-find#1", 0), ("after-payments#2", 100), ("before-commit#2", 100),
            ("after-commit#2", 200),
        ];
        for (point, done) in points {
            let Some((proxy, _)) = proxied(case) else { return };
            World::clear(case).await;
            let mut world = World::default();
            world.add(case, 250, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
            let said = interrupted(case, &proxy, point, |proxy| proxy.set(Way::Refuse));
            assert_eq!(said.code, 7, "{point}: {said:?}");
            assert_eq!(world.check(case, point).await.tried, done, "{point}: {said:?}");
            let told = match done {
                0 => "no event was tried".to_owned(),
                done => format!("{done} events were tried before that"),
            };
            assert!(said.err.contains(&told), "{point}: {}", said.err);
            // The lock was in the lost database, and ends with its time.
            case.execute("DELETE FROM cache_locks").await;
            proxy.set(Way::Pass);
            assert_eq!(case.run(&["webhooks", "retry-once", "--limit", "5000"]).code, 0, "{point}");
            world.check_done(case, point).await;
        }
    }

    async fn a_reply_that_breaks_off_is_exit_7(case: &Case) {
        World::watch(case).await;
        for cut in [0, 1, 5, 100, 3000] {
            for point in ["after-lock", "after-select#2", "before-commit#1"] {
                let Some((proxy, _)) = proxied(case) else { return };
                let told = format!("{point}, after {cut} bytes");
                let world = world(case, 220, 7).await;
                let said = interrupted(case, &proxy, point, |proxy| proxy.set(Way::CutReply(cut)));
                // A reply that was whole before the cut, of a COMMIT say, needs no other: the run goes on.
                assert!(matches!(said.code, 7 | 4), "{told}: {said:?}");
                assert_eq!(proxy.cuts(), 1, "{told}");
                let seen = world.check(case, &told).await;
                assert!(said.code == 7 || seen.tried == seen.due, "{told}: {said:?}");
                case.execute("DELETE FROM cache_locks").await;
                let rest = case.run(&["webhooks", "retry-once", "--limit", "5000"]);
                assert!(matches!(rest.code, 0 | 1 | 4), "{told}: {rest:?}");
                world.check_done(case, &told).await;
            }
        }
    }

    // The server is up and refuses, is slow, or says nothing from the start.
    async fn a_server_that_refuses_hangs_or_is_slow(case: &Case) {
        let Some((proxy, _)) = proxied(case) else { return };
        World::watch(case).await;
        let world = world(case, 30, 7).await;
        case.write_env(&format!("DB_PORT={}\n", proxy.port));
        proxy.set(Way::Refuse);
        let refused = case.run(&["webhooks", "retry-once"]);
        assert_eq!(refused.code, 7, "{refused:?}");
        assert!(refused.err.contains(&format!(":{}", proxy.port)), "{}", refused.err);
        proxy.set(Way::Hang);
        let started = std::time::Instant::now();
        let hung = case.run(&["webhooks", "retry-once"]);
        assert_eq!(hung.code, 7, "{hung:?}");
        assert!(hung.err.contains("no answer within 5 s"), "{}", hung.err);
        assert!(started.elapsed().as_secs() < 9, "{:?}", started.elapsed());
        assert_eq!(world.check(case, "hung").await.tried, 0);
        proxy.set(Way::Delay(std::time::Duration::from_millis(10)));
        let slow = case.run(&["webhooks", "retry-once"]);
        assert!(matches!(slow.code, 0 | 4), "{slow:?}");
        world.check_done(case, "slow").await;
    }

    // An administrator ends the session, or the server is shut down: the server says so, and the run ends as well.
    async fn a_session_that_the_server_ends_is_exit_7(case: &Case) {
        let end = match case.db.engine() {
            Engine::Postgres => "SELECT pg_terminate_backend(pid)::int AS id FROM pg_stat_activity \
                                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'opsctl'",
            Engine::MySql => "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
            Engine::Sqlite => return,
        };
        World::watch(case).await;
        for (point, done) in [("after-select#1", 0), ("before-commit#2", 100), ("after-commit#1", 100)] {
            World::clear(case).await;
            let mut world = World::default();
            world.add(case, 250, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
            case.db.close().await;
            case.write_env("");
            let held = case.hold(point, &["webhooks", "retry-once", "--limit", "5000"]);
            let sessions = case.rows(end).await;
            assert!(!sessions.is_empty());
            if case.db.engine() == Engine::MySql {
                for session in sessions {
                    case.execute(&format!("KILL {}", session.int("id").unwrap())).await;
                }
            }
            let said = held.go();
            assert_eq!(said.code, 7, "{point}: {said:?}");
            assert_eq!(world.check(case, point).await.tried, done, "{point}: {said:?}");
            case.execute("DELETE FROM cache_locks").await;
            assert_eq!(case.run(&["webhooks", "retry-once", "--limit", "5000"]).code, 0, "{point}");
            world.check_done(case, point).await;
        }
    }

    // The server is lost at the COMMIT, and does not come back: nobody knows, and that is what is said.
    async fn a_commit_whose_server_stays_away_is_told_as_unknown(case: &Case) {
        let Some((proxy, target)) = proxied(case) else { return };
        World::watch(case).await;
        let world = world(case, 60, 7).await;
        proxy.set(Way::CutForGood);
        let report = retried(case, &target).await;
        let error = report.error().unwrap();
        assert_eq!(error.kind(), Kind::Unreachable);
        let due = world.due();
        assert!(error.root().contains(&format!("whether the last {due} events were committed is not known")), "{error}");
        assert!(error.hints().iter().any(|hint| hint.contains("is not applied twice")), "{error:?}");
        case.execute("DELETE FROM cache_locks").await;
        let rest = retried(case, &case.target).await;
        assert!(rest.error().is_none(), "{rest:?}");
        world.check_done(case, "back again").await;
    }

    // One event, by hand: the same look tells its operator.
    async fn an_unanswered_commit_of_one_event(case: &Case) {
        World::watch(case).await;
        for (way, code, words) in [
            (Way::CutAfterCommit, 0, "applied"),
            (Way::CutBeforeCommit, 7, "was rolled back: its events keep their attempts"),
        ] {
            let Some((proxy, _)) = proxied(case) else { return };
            World::clear(case).await;
            let mut world = World::default();
            world.add(case, 1, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
            case.write_env(&format!("DB_PORT={}\n", proxy.port));
            proxy.set(way);
            let one = ["webhooks", "retry-one", "e0000000000000000000000000"];
            let said = case.run(&one);
            assert_eq!((said.code, proxy.cuts()), (code, 1), "{said:?}");
            assert!(format!("{}{}", said.out, said.err).contains(words), "{said:?}");
            assert_eq!(world.check(case, words).await.tried, usize::from(code == 0));
        }
    }

    // A chunk with a row that cannot be changed goes on event by event: each one that is durable is told.
    async fn what_was_tried_one_by_one_is_told(case: &Case) {
        World::watch(case).await;
        let words = ["webhooks", "retry-once", "--limit", "5000", "--timeout", "2s"];
        for (way, code) in [(Some(Way::Refuse), 7), (None, 75)] {
            let mut rng = StdRng::seed_from_u64(7);
            World::clear(case).await;
            let mut world = World::default();
            world.add(case, 60, &[Plan::Applied], &mut rng).await;
            world.add(case, 1, &[Plan::Stuck], &mut rng).await;
            let proxy = proxied(case).map(|(proxy, _)| proxy);
            case.write_env(&proxy.as_ref().map_or_else(String::new, |proxy| format!("DB_PORT={}\n", proxy.port)));
            let held = case.hold("after-commit#20", &words);
            let begun = std::time::Instant::now();
            match (way, &proxy) {
                (Some(way), Some(proxy)) => proxy.set(way),
                (Some(_), None) => continue, // a file is not lost
                (None, _) => wait_until("the time is up", || begun.elapsed().as_secs() >= 2),
            }
            let said = held.go();
            assert_eq!(said.code, code, "{said:?}");
            let tried = world.check(case, "one by one").await.tried;
            assert!(said.err.contains(&format!("{tried} events were tried before that")), "{tried}: {}", said.err);
            assert_eq!(tried, 20, "{said:?}");
        }
    }

    // The attempt of an event that cannot be applied is a transaction of its own, and is looked up as well.
    async fn an_unanswered_commit_of_a_failed_try(case: &Case) {
        World::watch(case).await;
        let Some((proxy, target)) = proxied(case) else { return };
        World::clear(case).await;
        let mut world = World::default();
        world.add(case, 1, &[Plan::Stuck], &mut StdRng::seed_from_u64(7)).await;
        proxy.set(Way::CutAfterCommit);
        let report = retried(case, &target).await;
        assert_eq!((proxy.cuts(), report.counts.failed), (1, 1), "{report:?}");
        assert!(report.error().is_none() && !report.items[0].reason.contains("nor can"), "{report:?}");
        assert_eq!(report.items[0].attempts, 2);
        world.check_done(case, "a failed try").await;
    }

    // A COMMIT that the server takes its time for: what became of it is asked under a lock, and not too early.
    async fn a_slow_commit_is_waited_for(case: &Case) {
        if case.db.engine() != Engine::Postgres {
            return; // the others cannot be made slow from within
        }
        World::watch(case).await;
        case.execute(
            // Nor does the server look meanwhile whether its client is gone, and roll back.
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             PERFORM set_config('client_connection_check_interval', '0', true), pg_sleep(0.4); RETURN NULL; END $$",
        )
        .await;
        let slow = "CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON webhook_events DEFERRABLE INITIALLY DEFERRED \
                    FOR EACH ROW EXECUTE FUNCTION slow()";
        case.execute(slow).await;
        let (proxy, target) = proxied(case).unwrap();
        let mut world = World::default();
        world.add(case, 1, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
        proxy.set(Way::CutAtCommit);
        let report = retried(case, &target).await;
        wait_until("the server has finished", || proxy.cuts() == 1);
        let seen = world.check(case, "slow").await;
        assert_eq!(usize::try_from(report.counts.applied).unwrap(), seen.tried, "{report:?}");
        assert_eq!(seen.tried, 1, "{report:?}");
    }
}
