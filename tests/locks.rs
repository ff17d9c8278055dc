//! Cache locks: Laravel's, on Redis and in a table.

use std::time::{Duration, Instant};

use opsctl::{
    Kind,
    config::{Origin, redis::Address, redis::Target},
    laravel::lock::{self, Attempt, Held, Locks},
    redis::Redis,
};

use crate::{on_every_database, support::server};

/// A logical database and a prefix of the test's own.
fn redis(name: &str) -> Option<Redis> {
    let url = server("OPSCTL_TEST_REDIS_URL")?;
    let (host, port) = url.trim_start_matches("redis://").split_once(':').unwrap();
    Some(Redis::new(Target {
        database: 3,
        prefix: format!("{name}-{}-database-", std::process::id()),
        ..Target::new(Address::Tcp(host.into(), port.parse().unwrap()), Origin::Default)
    }))
}

async fn take(locks: &Locks<'_>, owner: &str) -> Held {
    match locks.acquire("job", owner, 60).await.unwrap() {
        Attempt::Taken(held) => held,
        Attempt::Busy(holder) => panic!("held by {holder:?}"),
    }
}

/// What holds for every store.
async fn a_lock_excludes_renews_and_is_released_by_its_owner(locks: &Locks<'_>) {
    let held = take(locks, "first").await;
    let Attempt::Busy(Some(holder)) = locks.acquire("job", "second", 60).await.unwrap() else { panic!() };
    assert_eq!(holder.owner, "first");
    assert!(holder.until.is_some());
    locks.renew(&held).await.unwrap();
    let stranger = Held { owner: "second".into(), ..held.clone() };
    assert!(!locks.release(&stranger).await.unwrap());
    let lost = locks.renew(&stranger).await.unwrap_err();
    assert_eq!(lost.kind(), Kind::Locked);
    assert!(lost.causes()[0].contains("`first`"), "{lost:?}");
    assert!(locks.release(&held).await.unwrap());
    assert_eq!(locks.holder("job").await.unwrap(), None);
    assert_eq!(locks.renew(&held).await.unwrap_err().kind(), Kind::Locked);
    take(locks, "second").await;
}

on_every_database! {
    async fn a_table_locks(case: &Case) {
        a_lock_excludes_renews_and_is_released_by_its_owner(&case.locks()).await;
    }

    // A row whose time is over is nobody's, though it lies there until it is pruned.
    async fn an_expired_row_is_taken_over(case: &Case) {
        take(&case.locks(), "dead").await;
        case.execute("UPDATE cache_locks SET expiration = expiration - 61").await;
        assert_eq!(case.locks().holder("job").await.unwrap(), None);
        take(&case.locks(), "alive").await;
        assert_eq!(case.locks().holder("job").await.unwrap().unwrap().owner, "alive");
    }

    // As in Laravel, the same owner may take its own lock again.
    async fn the_same_owner_takes_its_lock_again(case: &Case) {
        take(&case.locks(), "one").await;
        take(&case.locks(), "one").await;
        assert_eq!(case.count("cache_locks").await, 1);
    }

    async fn of_many_at_once_one_gets_it(case: &Case) {
        let others: Vec<_> = (0..4).map(|_| case.another()).collect();
        let asked = others.iter().enumerate().map(|(at, db)| async move {
            let locks = Locks::Database { db, table: "cache_locks".into(), prefix: "app-cache-".into() };
            matches!(locks.acquire("job", &format!("owner{at}"), 60).await.unwrap(), Attempt::Taken(_))
        });
        let got = futures_util::future::join_all(asked).await;
        assert_eq!(got.iter().filter(|taken| **taken).count(), 1, "{got:?}");
    }
}

#[tokio::test]
async fn redis_locks() {
    let Some(redis) = redis("locks") else { return };
    let locks = Locks::Redis { redis: &redis, prefix: "app-cache-".into() };
    a_lock_excludes_renews_and_is_released_by_its_owner(&locks).await;
    // The key and its value are Laravel's: client prefix, cache prefix, name; the bare owner; a time to live.
    let key = redis.key("app-cache-job");
    let value: String = redis.run(redis::cmd("GET").arg(&key)).await.unwrap();
    let ttl: i64 = redis.run(redis::cmd("TTL").arg(&key)).await.unwrap();
    assert_eq!((value.as_str(), (59..=60).contains(&ttl)), ("second", true));
}

#[tokio::test]
async fn a_lock_on_redis_that_was_flushed_is_lost() {
    let Some(redis) = redis("flushed") else { return };
    let locks = Locks::Redis { redis: &redis, prefix: String::new() };
    let held = take(&locks, "me").await;
    let _: i64 = redis.run(redis::cmd("DEL").arg(redis.key("job"))).await.unwrap();
    let error = locks.renew(&held).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.causes()),
        (Kind::Locked, &["it expired, or the store was flushed".to_owned()][..])
    );
}

#[tokio::test]
async fn redis_that_does_not_answer_is_unreachable_and_names_its_source() {
    let redis = Redis::new(Target {
        password: Some("hunter2".into()),
        ..Target::new(Address::Tcp("127.0.0.1".into(), 1), Origin::Variable("OPSCTL_REDIS_URL".into()))
    });
    let started = Instant::now();
    let locks = Locks::Redis { redis: &redis, prefix: String::new() };
    let error = locks.acquire("job", "me", 60).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(error.hints()[0].contains("OPSCTL_REDIS_URL"), "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"));
    assert!(started.elapsed() < Duration::from_secs(6));
}

#[test]
fn owners_are_sixteen_alphanumerics_like_laravels() {
    let owner = lock::owner();
    assert!(owner.len() == 16 && owner.chars().all(|c| c.is_ascii_alphanumeric()), "{owner}");
    assert_ne!(owner, lock::owner());
}
