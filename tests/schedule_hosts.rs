//! Several hosts in the same minute: each entry once in each of its minutes, none left out; and a run that was held
//! for longer than its lease has nothing left to say.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use futures_util::future::join_all;
use opsctl::{
    cancel::Cancel,
    clock::Clock,
    config::{Origin, redis::Target},
    db::Db,
    laravel::lock::Locks,
    redis::Redis,
    schedule::{self, Deps, Entry, Finished, Keep, Ledger, Outcome, Report, Request, Signs, cron::Cron},
};

use crate::{
    on_every_engine,
    support::{Case, now, number, redis},
};

const HOSTS: usize = 8;

fn entry(name: &str, rule: &str) -> Entry {
    Entry {
        name: name.into(),
        cron: Cron::read(rule, Tz::UTC).unwrap(),
        command: vec!["queue".into(), "restart".into()],
        artisan: Some(format!("app:{name}")),
        is_on: true,
        is_baseline: false,
        overlap: Duration::from_secs(600),
        one_server: true,
        environments: Vec::new(),
        in_maintenance: false,
        when_paused: false,
        timeout: None,
        keep: Keep { runs: 1, bytes: 1 },
    }
}

/// What a host works with at a moment.
async fn deps<'a>(db: &'a Db, redis: Option<&'a Redis>, host: usize, at: DateTime<Utc>) -> Deps<'a> {
    let prefix = "cache-".to_owned();
    let locks = match redis {
        Some(redis) => Locks::Redis { redis, prefix },
        None => Locks::Database { db, table: "cache_locks".into(), prefix },
    };
    let ledger = Ledger::open(db).await.unwrap();
    assert!(ledger.is_some());
    Deps { ledger, locks, zone: Tz::UTC, host: format!("host-{host}"), pid: 7, clock: Clock::frozen(at) }
}

fn request(minute: DateTime<Utc>) -> Request {
    Request { minute, takeover: false, at_once: 4, environment: None, signs: Signs::default() }
}

fn id() -> String {
    ulid::Ulid::generate().to_string()
}

fn done() -> Finished {
    Finished { exit: opsctl::Exit::Done, output: None, why: None }
}

/// Runs every minute on every host at once; each entry ran once in each of its minutes.
async fn every_minute_once(case: &Case, target: Option<&Target>) {
    case.with_schedule("", "").await;
    let entries = [entry("each", "* * * * *"), entry("fives", "*/5 * * * *"), entry("odd", "1-59/2 * * * *")];
    let ran: RefCell<BTreeMap<(String, DateTime<Utc>), usize>> = RefCell::default();
    let minutes: Vec<_> =
        (0..number("OPSCTL_TEST_MINUTES", 6)).map(|minute| now() + TimeDelta::minutes(minute)).collect();
    for minute in &minutes {
        let dbs: Vec<Db> = (0..HOSTS).map(|_| case.at(*minute)).collect();
        let servers: Vec<Option<Redis>> =
            (0..HOSTS).map(|_| target.map(|target| Redis::new(target.clone()))).collect();
        let hosts = dbs.iter().zip(&servers).enumerate().map(async |(host, (db, redis))| {
            let deps = deps(db, redis.as_ref(), host, *minute).await;
            let work = async |job: &schedule::Job<'_>| {
                *ran.borrow_mut().entry((job.entry.name.clone(), job.due_at)).or_default() += 1;
                tokio::task::yield_now().await;
                done()
            };
            schedule::run(&deps, &entries, &request(*minute), &Cancel::new(), id, work).await
        });
        let reports: Vec<Report> = join_all(hosts).await;
        for item in reports.iter().flat_map(|report| &report.items) {
            assert!(
                matches!(item.outcome, Outcome::Done | Outcome::Elsewhere | Outcome::Overlaps),
                "{item:?}"
            );
        }
        for db in &dbs {
            db.close().await;
        }
    }
    let due = entries.iter().flat_map(|entry| {
        let due = minutes.iter().filter(|minute| entry.cron.is_due(**minute));
        due.map(|minute| ((entry.name.clone(), *minute), 1))
    });
    assert_eq!(ran.into_inner(), due.collect());
}

on_every_engine! {
    async fn eight_hosts_run_each_entry_once_in_each_minute(case: &Case) {
        every_minute_once(case, None).await;
    }

    async fn eight_hosts_with_their_mutexes_on_redis_run_each_entry_once_in_each_minute(case: &Case) {
        let Some(server) = redis::Redis::start(&[]) else { return };
        let url = format!("redis://127.0.0.1:{}", server.port);
        let target = Target::from_url(&url, &Origin::Default).unwrap();
        every_minute_once(case, Some(&target)).await;
    }

    async fn a_run_that_was_held_past_its_lease_neither_records_nor_releases(case: &Case) {
        case.with_schedule("", "").await;
        let entries = [entry("each", "* * * * *")];
        let later = now() + TimeDelta::minutes(2);
        let [begun, go, ended] = [(); 3].map(|()| tokio::sync::Notify::new());
        let (early_db, late_db) = (case.at(now()), case.at(later));
        let early = deps(&early_db, None, 1, now()).await;
        let late = deps(&late_db, None, 2, later).await;
        let held = async {
            let work = async |_: &schedule::Job<'_>| {
                begun.notify_one();
                go.notified().await;
                done()
            };
            let held = schedule::run(&early, &entries, &request(now()), &Cancel::new(), id, work).await;
            ended.notify_one();
            held
        };
        let taking_over = async {
            begun.notified().await;
            let work = async |_: &schedule::Job<'_>| {
                // The held run wakes, and ends, while this one is at work.
                go.notify_one();
                ended.notified().await;
                assert_eq!(case.owners(&entries[0].mutex("")).await.len(), 3, "both minutes' keys and the mutex");
                done()
            };
            schedule::run(&late, &entries, &request(later), &Cancel::new(), id, work).await
        };
        let (held, late) = tokio::join!(held, taking_over);
        assert_eq!(held.items[0].outcome, Outcome::Lost, "{held:?}");
        assert_eq!(late.items[0].outcome, Outcome::Done, "{late:?}");
        assert_eq!(case.runs("each").await, ["09:00 interrupted - 1", "09:02 ended 0 1"]);
        assert_eq!(case.owners(&entries[0].mutex("")).await.len(), 2);
    }
}
