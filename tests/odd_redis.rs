//! The run lock on a Redis that is restarted, flushed, filled up, loading, a replica, or wants a password: without
//! the lock nothing is claimed, and a lock that was lost ends the run before its next chunk.

use rand::{SeedableRng, rngs::StdRng};

use crate::support::{
    Case, Schema,
    cli::{Said, wait_until},
    proxy::{Proxy, Way},
    redis::Redis,
    world::{Plan, World},
};

const RETRY: [&str; 4] = ["webhooks", "retry-once", "--limit", "5000"];

/// A SQLite application with 250 due events, its locks on a Redis of its own.
async fn room(options: &[&str]) -> Option<(Case, World, Redis)> {
    let redis = Redis::start(options)?;
    let case = Case::new(opsctl::db::Engine::Sqlite, Schema::Service).await?;
    World::watch(&case).await;
    let mut world = World::default();
    world.add(&case, 250, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
    case.write_env(&redis.settings(redis.port));
    Some((case, world, redis))
}

/// The run ended with `code` before it claimed anything, and said `words`.
async fn nothing_was_claimed(case: &Case, world: &World, said: &Said, code: i32, words: &str) {
    assert_eq!(said.code, code, "{said:?}");
    assert!(said.err.contains(words), "`{words}` is not in {}", said.err);
    assert_eq!(world.check(case, words).await.tried, 0);
}

/// What happens to the lock while the run is between its first two chunks.
async fn lost_while_running(
    happens: impl FnOnce(&mut Redis),
    code: i32,
    words: &str,
) -> Option<(Case, Redis)> {
    let (case, world, mut redis) = room(&[]).await?;
    let held = case.hold("after-commit#1", &RETRY);
    assert!(!redis.lock_key().is_empty());
    happens(&mut redis);
    let said = held.go();
    assert_eq!(said.code, code, "{said:?}");
    assert!(said.err.contains(words), "`{words}` is not in {}", said.err);
    assert!(said.err.contains("100 events were tried before that"), "{}", said.err);
    assert!(said.err.contains("Tried 100 events") || said.err.contains("100 applied"), "{}", said.err);
    assert_eq!(world.check(&case, words).await.tried, 100);
    Some((case, redis))
}

#[tokio::test]
async fn a_lock_that_expired_ends_the_run() {
    let expire = |redis: &mut Redis| {
        let key = redis.lock_key();
        let left: i64 = redis.say(&["TTL", &key]).parse().unwrap();
        assert!((890..=900).contains(&left), "{left}");
        redis.say(&["PEXPIRE", &key, "1"]);
        wait_until("the lock expires", || redis.lock_key().is_empty());
    };
    lost_while_running(expire, 8, "it expired, or the store was flushed").await;
}

#[tokio::test]
async fn a_lock_that_was_flushed_ends_the_run() {
    let flush = |redis: &mut Redis| assert_eq!(redis.say(&["FLUSHALL"]), "OK");
    lost_while_running(flush, 8, "it expired, or the store was flushed").await;
}

#[tokio::test]
async fn a_lock_that_was_stolen_ends_the_run_and_is_left_alone() {
    let steal = |redis: &mut Redis| {
        let key = redis.lock_key();
        redis.say(&["SET", &key, "SomebodyElse0000", "EX", "900"]);
    };
    let lost = lost_while_running(steal, 8, "it is now held by `SomebodyElse0000`").await;
    let Some((_case, redis)) = lost else { return };
    assert_eq!(redis.say(&["GET", &redis.lock_key()]), "SomebodyElse0000");
}

#[tokio::test]
async fn a_redis_that_restarts_empty_ends_the_run() {
    lost_while_running(|redis| redis.restart(&[]), 8, "it expired, or the store was flushed").await;
}

#[tokio::test]
async fn a_redis_that_goes_away_ends_the_run() {
    lost_while_running(Redis::kill, 7, "does not answer").await;
}

#[tokio::test]
async fn a_redis_that_turns_replica_ends_the_run() {
    let turn = |redis: &mut Redis| assert_eq!(redis.say(&["REPLICAOF", "127.0.0.1", "1"]), "OK");
    lost_while_running(turn, 6, "is a replica and takes no writes").await;
}

// The lock was saved and is there again: the run asks the new server, and goes on.
#[tokio::test]
async fn a_redis_that_restarts_with_its_data_does_not() {
    let Some((case, world, mut redis)) = room(&[]).await else { return };
    let held = case.hold("after-commit#1", &RETRY);
    assert_eq!(redis.say(&["SAVE"]), "OK");
    redis.restart(&[]);
    assert!(!redis.lock_key().is_empty());
    let said = held.go();
    assert_eq!(said.code, 0, "{said:?}");
    world.check_done(&case, "restarted with its data").await;
    assert!(redis.lock_key().is_empty(), "the lock is given back");
}

#[tokio::test]
async fn a_redis_that_wants_a_password() {
    let Some((case, world, redis)) = room(&["--requirepass", "s3cret-words"]).await else { return };
    let said = case.run(&RETRY);
    nothing_was_claimed(&case, &world, &said, 6, "refused the credentials").await;
    case.write_env(&format!("{}REDIS_PASSWORD=wrong-words\n", redis.settings(redis.port)));
    let said = case.run(&RETRY);
    nothing_was_claimed(&case, &world, &said, 6, "refused the credentials").await;
    assert!(!said.err.contains("wrong-words"), "{}", said.err);
    case.write_env(&format!("{}REDIS_PASSWORD=s3cret-words\n", redis.settings(redis.port)));
    let said = case.run(&RETRY);
    assert_eq!(said.code, 0, "{said:?}");
    world.check_done(&case, "with its password").await;
}

#[tokio::test]
async fn a_redis_that_is_loading() {
    let Some((case, world, mut redis)) = room(&[]).await else { return };
    redis.say(&["DEBUG", "POPULATE", "3000", "filler", "100"]);
    assert_eq!(redis.say(&["SAVE"]), "OK");
    // Every key takes it 20 ms to load: a minute in all.
    redis.restart(&["--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024"]);
    wait_until("Redis is loading", || redis.say(&["PING"]).contains("LOADING"));
    let said = case.run(&RETRY);
    nothing_was_claimed(&case, &world, &said, 7, "is loading its data").await;
}

#[tokio::test]
async fn a_redis_that_is_a_replica() {
    let Some((case, world, redis)) = room(&[]).await else { return };
    redis.say(&["REPLICAOF", "127.0.0.1", "1"]);
    let said = case.run(&RETRY);
    nothing_was_claimed(&case, &world, &said, 6, "is a replica and takes no writes").await;
}

#[tokio::test]
async fn a_redis_without_memory_left() {
    let Some((case, world, redis)) = room(&["--maxmemory-policy", "noeviction"]).await else { return };
    redis.say(&["CONFIG", "SET", "maxmemory", "1"]);
    let said = case.run(&RETRY);
    nothing_was_claimed(&case, &world, &said, 6, "has no memory left for further data").await;
    assert!(said.err.contains("used memory > 'maxmemory'"), "{}", said.err);
}

#[tokio::test]
async fn a_redis_that_refuses_hangs_or_breaks_off() {
    let Some((case, world, redis)) = room(&[]).await else { return };
    let proxy = Proxy::to(redis.port);
    case.write_env(&redis.settings(proxy.port));
    let (silent, torn) = ("does not answer", "gave no answer that can be read");
    for (way, words) in [(Way::Refuse, silent), (Way::Hang, silent), (Way::CutReply(3), torn)] {
        proxy.set(way);
        let started = std::time::Instant::now();
        let said = case.run(&RETRY);
        nothing_was_claimed(&case, &world, &said, 7, words).await;
        assert_eq!(proxy.cuts(), usize::from(way == Way::CutReply(3)));
        assert!(started.elapsed().as_secs() < 12, "{way:?}: {:?}", started.elapsed());
    }
    proxy.set(Way::Pass);
    redis.say(&["FLUSHALL"]);
    let said = case.run(&RETRY);
    assert_eq!(said.code, 0, "{said:?}");
    world.check_done(&case, "back again").await;
}

// Killed while it holds the lock: the key ends with its time, and the next run goes on without any cleaning.
#[tokio::test]
async fn a_killed_run_leaves_its_lock_for_its_time_and_no_longer() {
    let Some((case, world, redis)) = room(&[]).await else { return };
    let said = case.run_with(&[("OPSCTL_CRASH_AT", "after-commit#2")], &RETRY);
    assert_eq!(said.signal, Some(9), "{said:?}");
    assert_eq!(world.check(&case, "killed").await.tried, 200);
    let key = redis.lock_key();
    let left: i64 = redis.say(&["TTL", &key]).parse().unwrap();
    assert!((1..=900).contains(&left), "{left}");
    assert_eq!(case.run(&RETRY).code, 8);
    redis.say(&["PEXPIRE", &key, "300"]);
    let said = case.run(&["webhooks", "retry-once", "--limit", "5000", "--if-locked", "wait=30s"]);
    assert_eq!(said.code, 0, "{said:?}");
    world.check_done(&case, "after the lock's time").await;
    assert!(redis.lock_key().is_empty());
}

// Redis took the lock, and its answer was cut off: the token is taken back, so that nobody waits for it in vain.
#[tokio::test]
async fn an_answer_that_is_cut_off_leaves_no_lock() {
    let Some((case, world, redis)) = room(&[]).await else { return };
    let proxy = Proxy::to(redis.port);
    case.write_env(&redis.settings(proxy.port));
    let mut lost = 0;
    for bytes in (0..200).step_by(3) {
        proxy.set(Way::CutReply(bytes));
        let said = case.run(&RETRY);
        assert!(matches!(said.code, 0 | 7), "{bytes} bytes: {said:?}");
        lost += usize::from(said.code == 7);
        assert_eq!(redis.lock_key(), "", "{bytes} bytes: {said:?}");
    }
    assert!((5..60).contains(&lost), "{lost} runs were cut off before they had the lock");
    proxy.set(Way::Pass);
    assert_eq!(case.run(&RETRY).code, 0);
    world.check_done(&case, "after all").await;
}
