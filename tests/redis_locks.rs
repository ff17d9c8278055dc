//! The run lock on Redis is never taken by who cannot give it back; what becomes of it when the release fails is told
//! as it is.

use rand::{SeedableRng, rngs::StdRng};

use crate::support::{
    Case, Schema,
    proxy::{Proxy, Way},
    redis::Redis,
    world::{Plan, World},
};

const RETRY: [&str; 4] = ["webhooks", "retry-once", "--limit", "5000"];

/// A SQLite application with 250 due events, its locks on a Redis of its own.
async fn room() -> Option<(Case, World, Redis)> {
    let redis = Redis::start(&[])?;
    let case = Case::new(opsctl::db::Engine::Sqlite, Schema::Service).await?;
    World::watch(&case).await;
    let mut world = World::default();
    world.add(&case, 250, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
    case.write_env(&redis.settings(redis.port));
    Some((case, world, redis))
}

#[tokio::test]
async fn a_lock_that_could_not_be_given_back_is_not_taken() {
    let Some((case, world, redis)) = room().await else { return };
    let settings = redis.settings(redis.port) + "REDIS_USERNAME=ops\nREDIS_PASSWORD=hunter2\n";
    case.write_env(&settings);
    let script = "+get +expire +del";
    for (right, granted) in [
        ("-evalsha", "+evalsha"),
        ("-script|load", "+script|load"),
        ("-del", script),
        ("-expire", script),
        ("-set", "+set"),
        ("-get", script),
    ] {
        redis.cli(&["SCRIPT", "FLUSH"]);
        assert_eq!(redis.cli(&["ACL", "SETUSER", "ops", "on", ">hunter2", "~*", "+@all", right]), "OK");
        let said = case.run(&RETRY);
        assert_eq!(said.code, 6, "{right}: {said:?}");
        assert!(said.err.contains(&format!("`ACL SETUSER ops {granted}`")), "{right}: {}", said.err);
        assert_eq!(redis.lock_key(), "", "{right}: {said:?}");
        assert_eq!(world.check(&case, right).await.tried, 0);
    }
    redis.cli(&["ACL", "SETUSER", "ops", "+@all"]);
    assert_eq!(case.run(&RETRY).code, 0);
    world.check_done(&case, "with all rights").await;
}

#[tokio::test]
async fn a_release_whose_answer_is_lost_is_no_lost_lock() {
    let Some((case, world, redis)) = room().await else { return };
    let proxy = Proxy::to(redis.port);
    case.write_env(&redis.settings(proxy.port));
    let held = case.hold("before-release#1", &RETRY);
    proxy.set(Way::CutReply(0));
    let said = held.go();
    assert_eq!((said.code, proxy.cuts()), (0, 1), "{said:?}");
    assert!(!said.err.contains("warning:"), "{}", said.err);
    assert_eq!(redis.lock_key(), "");
    world.check_done(&case, "the answer of the release is lost").await;
}

#[tokio::test]
async fn a_release_is_tried_again_while_redis_is_away_for_a_moment() {
    let Some((case, _world, redis)) = room().await else { return };
    let proxy = Proxy::to(redis.port);
    case.write_env(&redis.settings(proxy.port));
    let held = case.hold("before-release#1", &RETRY);
    proxy.set(Way::Refuse);
    let tried = proxy.accepted();
    let said = std::thread::scope(|scope| {
        let said = scope.spawn(|| held.go());
        crate::support::cli::wait_until("it is tried thrice", || proxy.accepted() >= tried + 3);
        proxy.set(Way::Pass);
        said.join().unwrap()
    });
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.err.contains("warning:"), "{}", said.err);
    assert_eq!(redis.lock_key(), "");
}

#[tokio::test]
async fn a_lock_that_was_not_given_back_is_told_with_its_end_and_how_to_wait_for_it() {
    let Some((case, _world, redis)) = room().await else { return };
    let proxy = Proxy::to(redis.port);
    case.write_env(&redis.settings(proxy.port));
    let held = case.hold("after-commit#1", &RETRY);
    proxy.set(Way::Refuse);
    let said = held.go();
    assert_eq!(said.code, 7, "{said:?}");
    assert!(said.err.contains("the run lock was not given back, and stands until 20"), "{}", said.err);
    assert!(
        said.err.contains("100 events were tried before that; the run lock stands for its time"),
        "{said:?}"
    );
    assert!(
        said.err.contains("`--if-locked wait=900s`") && !said.err.contains("same command"),
        "{}",
        said.err
    );
    // The next run knows that nobody works under it.
    proxy.set(Way::Pass);
    let said = case.run(&RETRY);
    assert_eq!(said.code, 8, "{said:?}");
    assert!(said.err.contains("which has ended, and could not give it back"), "{}", said.err);
    redis.say(&["PEXPIRE", &redis.lock_key(), "300"]);
    assert_eq!(case.run(&[&RETRY[..], &["--if-locked", "wait=900s"]].concat()).code, 0);
}
