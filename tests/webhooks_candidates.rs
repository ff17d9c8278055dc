//! What a batch picks: the same events, in the same order, as if every due event had been read.

use std::collections::BTreeMap;

use opsctl::webhooks::{self, RetryRequest};
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    on_every_database, on_every_engine,
    support::{
        Event, limits, request,
        world::{Plan, World},
    },
};

/// Due second before now, id and provider of an event, by number: a noisy provider, quiet ones, and many ties.
fn event(at: u32) -> (i64, String, &'static str) {
    const PROVIDERS: [&str; 4] = ["doku", "paddle", "tripay", "xendit"];
    let mixed = at.wrapping_mul(2_654_435_761) >> 7;
    let provider = if mixed % 5 < 3 { "stripe" } else { PROVIDERS[(mixed / 5 % 4) as usize] };
    // The quiet ones are due late, the noisy one early, some at the same time.
    let due = if provider == "stripe" { 900 + i64::from(mixed % 40) } else { 100 + i64::from(mixed % 870) };
    (due, format!("{:0>26}", at * 7919 % 10_007), provider)
}

/// Every provider's share first, then by due time and id.
fn expected(mut all: Vec<(i64, String, &'static str)>, limit: usize) -> Vec<String> {
    all.sort_by(|a, b| (-a.0, &a.1).cmp(&(-b.0, &b.1)));
    let mut taken: BTreeMap<&str, usize> = all.iter().map(|event| (event.2, 0)).collect();
    let share = limit / taken.len().max(1);
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for event in all {
        let count = taken.get_mut(event.2).unwrap();
        *count += 1;
        if *count <= share { first.push(event) } else { rest.push(event) }
    }
    let left = limit - first.len();
    first.extend(rest.into_iter().take(left));
    first.sort_by(|a, b| (-a.0, &a.1).cmp(&(-b.0, &b.1)));
    first.into_iter().map(|event| event.1).collect()
}

on_every_database! {
    async fn a_pick_is_what_reading_everything_would_choose(case: &Case) {
        let all: Vec<_> = (0..260).map(event).collect();
        for (at, (due, id, provider)) in all.iter().enumerate() {
            let event = Event::due(id).provider(provider);
            // One in ten has no next time and is due since it arrived.
            match at % 10 {
                0 => event.next_retry(None).received(-due).insert(case).await,
                _ => event.next_retry(-due).insert(case).await,
            };
        }
        for limit in [1, 3, 4, 5, 9, 26, 60, 90, 130, 200, 259, 260, 300] {
            let mut few = limits();
            few.limit = limit;
            let picked = webhooks::due(&case.db, &few).await.unwrap();
            let picked: Vec<String> = picked.into_iter().map(|candidate| candidate.id).collect();
            assert_eq!(picked, expected(all.clone(), limit as usize), "{limit}");
        }
    }

    // A limit below the number of providers leaves nobody a share: the earliest of all are tried, whoever sent them.
    async fn a_limit_below_the_number_of_providers_goes_by_due_time(case: &Case) {
        let undated = [("a", "mock", -900), ("b", "mock", -800), ("c", "tripay", -100), ("d", "skrill", -90)];
        for (id, provider, received) in undated {
            Event::due(id).provider(provider).next_retry(None).received(received).insert(case).await;
        }
        Event::due("e").provider("skrill").next_retry(-60).insert(case).await;
        let mut few = limits();
        few.limit = 2;
        let picked = webhooks::due(&case.db, &few).await.unwrap();
        let providers: Vec<&str> = picked.iter().map(|candidate| candidate.provider.as_str()).collect();
        assert_eq!(providers, ["mock", "mock"]);
    }

    // Events of one second, more than a read takes: the walk goes on behind those that it has.
    async fn events_that_are_due_at_the_same_time_are_all_found(case: &Case) {
        for at in 0..120 {
            let provider = if at < 117 { "stripe" } else { "doku" };
            Event::due(&format!("{at:0>26}")).provider(provider).insert(case).await;
        }
        let mut some = limits();
        some.limit = 110;
        let picked = webhooks::due(&case.db, &some).await.unwrap();
        assert_eq!(picked.len(), 110);
        assert_eq!(picked.iter().filter(|candidate| candidate.provider == "doku").count(), 3);
        assert!(picked.is_sorted());
    }

    // What a run did not change is still due: it is passed over, or the run would not end.
    async fn events_that_were_not_changed_are_passed_over(case: &Case) {
        for at in 0..40 {
            let provider = if at % 2 == 0 { "stripe" } else { "doku" };
            Event::due(&format!("{at:0>26}")).provider(provider).insert(case).await;
        }
        let mut dry = request();
        dry.dry_run = true;
        dry.limits.limit = 50;
        let report = case.retry(dry).await.unwrap();
        assert_eq!(report.counts.selected, 40);
        assert!(report.providers.iter().all(|line| line.counts.selected == 20), "{:?}", report.providers);
    }
}

on_every_engine! {
    // A dry run leaves everything as it is, and yet comes to an end behind its pages. A collation that does not tell
    // cases apart finds all of a provider's events by either spelling.
    async fn a_dry_run_over_pages_sees_every_event_once(case: &Case) {
        const EVENTS: usize = 10_300;
        let mut world = World::default();
        world.add(case, EVENTS, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
        case.execute("UPDATE webhook_events SET provider = 'Mock' WHERE id LIKE '%3'").await;
        let mut dry = RetryRequest { dry_run: true, ..request() };
        dry.limits.limit = 20_000;
        assert_eq!(case.retry(dry.clone()).await.unwrap().counts.selected, EVENTS as u64);
        if case.db.engine() == Engine::MySql {
            dry.provider = Some("MOCK".into());
            assert_eq!(case.retry(dry).await.unwrap().counts.selected, EVENTS as u64);
        }
    }

    // A key that somebody has switched off is not insisted on.
    async fn an_ignored_key_is_not_used(case: &Case) {
        if case.db.engine() != Engine::MySql {
            return;
        }
        let mut world = World::default();
        world.add(case, 20, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
        case.execute("ALTER TABLE payments ALTER INDEX payments_provider_provider_ref_unique IGNORED").await;
        case.db.forget_tables();
        assert_eq!(case.retry(request()).await.unwrap().counts.applied, 20);
    }
}
