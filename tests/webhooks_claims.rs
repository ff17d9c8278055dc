//! `webhooks retry` beside others: run lock, row locks, chunks, interruptions, rows that cannot be changed.

use std::collections::HashSet;

use opsctl::{
    Exit, Kind,
    cancel::Cancel,
    db::Begin,
    journal::Entry,
    laravel::lock,
    webhooks::{self, IfLocked, Item, Outcome, Progress, RUN_LOCK, RetryRequest},
};

use crate::{
    on_every_database,
    support::{Event, Payment, now, outcome_of, request},
};

on_every_database! {
    // A collation that finds what is written alike is no reason to believe that somebody holds a payment.
    async fn references_that_are_written_alike_are_not_taken_for_locks(case: &Case) {
        let body = r#"{"external_id":"INV-1","id":"inv-1","status":"PAID"}"#;
        let both = Event::due("a").provider("xendit").body(body).insert(case).await;
        let blank = Event::due("b").body(r#"{"id":"tr ","status":"paid"}"#).insert(case).await;
        let other = Event::due("c").body(r#"{"id":"PAY-9","status":"paid"}"#).insert(case).await;
        Payment::pending("INV-1").provider("xendit").insert(case).await;
        Payment::pending("tr").insert(case).await;
        Payment::pending("pay-9").insert(case).await;
        let report = case.retry(request()).await.unwrap();
        assert_eq!(report.counts.skipped, 0, "{:?}", report.items);
        assert_eq!((outcome_of(&report, &both), outcome_of(&report, &blank)), (Outcome::Applied, Outcome::Applied));
        // Another case is another reference: providers' ids are case-sensitive.
        assert_eq!((outcome_of(&report, &other), case.payment("pay-9").await), (Outcome::Pending, "pending".into()));
    }

    // D10, D29: two runs without the run lock share the rows; nothing is counted or applied twice.
    async fn d10_two_runs_at_once_try_each_event_once(case: &Case) {
        let mut ids = Vec::new();
        for at in 0..120 {
            ids.push(Event::due(&format!("a{at:03}")).body(&format!(r#"{{"id":"p{at}","status":"paid"}}"#)).insert(case).await);
            Payment::pending(&format!("p{at}")).insert(case).await;
        }
        let other = case.another();
        let entry = Entry::unrecorded("");
        // Two stores: each run believes that it holds the lock.
        let first = lock::Locks::Database { db: &case.db, table: "cache_locks".into(), prefix: "one-".into() };
        let second = lock::Locks::Database { db: &other, table: "cache_locks".into(), prefix: "two-".into() };
        let cancel = Cancel::new();
        let (mut no, mut news) = ((), ());
        let (one, two) = tokio::join!(
            webhooks::retry(&case.db, Some(&first), &entry, request(), &cancel, &mut no),
            webhooks::retry(&other, Some(&second), &entry, request(), &cancel, &mut news),
        );
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!(one.error().is_none() && two.error().is_none(), "{one:?} {two:?}");
        // Each run takes at most 100 of the 120; what both picked was applied by one and skipped by the other.
        let applied: Vec<&str> = one.items.iter().chain(&two.items)
            .filter(|item| item.outcome == Outcome::Applied).map(|item| item.id.as_str()).collect();
        let distinct: HashSet<&str> = applied.iter().copied().collect();
        assert_eq!(applied.len(), distinct.len(), "an event was applied twice");
        for id in &ids {
            let expected = if distinct.contains(id.as_str()) { 2 } else { 1 };
            assert_eq!(case.event(id).await.attempts, expected, "{id}");
        }
    }

    // D19: what the service claimed a moment ago is not taken; a stale claim is, whatever its next time says.
    async fn d19_fresh_claims_are_left_and_stale_ones_taken(case: &Case) {
        let fresh = Event::due("a").status("processing").last_attempt(-59).insert(case).await;
        let queued = Event::due("b").status("queued").last_attempt(-10).next_retry(-5).insert(case).await;
        let stale = Event::due("c").status("processing").last_attempt(-60).next_retry(3600).insert(case).await;
        let report = case.retry(request()).await.unwrap();
        assert_eq!(report.items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), [stale.as_str()]);
        assert_eq!((case.event(&fresh).await.attempts, case.event(&queued).await.attempts), (1, 1));
    }

    // D27, D35: the lock is the service's own key; who finds it taken is told, and changes nothing.
    async fn d27_a_taken_lock_is_named_and_nothing_is_claimed(case: &Case) {
        let id = Event::due("a").insert(case).await;
        let locks = case.locks();
        let lock::Attempt::Taken(held) = locks.acquire(RUN_LOCK, "ServiceOwner1234", 900).await.unwrap() else { panic!() };
        let key = &case.rows("SELECT * FROM cache_locks").await[0];
        assert_eq!(key.text("key").unwrap(), "app-cache-tenrusl:cmd:webhooks:retry:global");
        let error = case.retry(request()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Locked);
        assert!(error.causes()[0].contains("held since about 09:00:00 UTC by `ServiceOwner1234`"), "{error:?}");
        let skipped = case.retry(RetryRequest { if_locked: IfLocked::Skip, ..request() }).await.unwrap();
        assert_eq!((skipped.exit(), skipped.counts.selected), (Exit::Done, 0));
        assert!(skipped.stopped.is_some());
        assert_eq!(case.event(&id).await.attempts, 1);
        assert!(locks.release(&held).await.unwrap());
        assert_eq!(case.retry(request()).await.unwrap().counts.selected, 1);
        assert_eq!(case.count("cache_locks").await, 0, "the lock is given back");
    }

    // D27: a lock that was lost is noticed before the next chunk.
    async fn d27_a_stolen_lock_stops_the_run_before_its_next_chunk(case: &Case) {
        struct Thief<'a>(&'a Case);
        impl Progress for Thief<'_> {
            fn advance(&mut self, _items: &[Item]) {
                let db = self.0.another();
                std::thread::scope(|scope| {
                    scope.spawn(|| {
                        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                        runtime.block_on(async {
                            let steal = "UPDATE cache_locks SET owner = 'SomebodyElse0000'";
                            db.session().await.unwrap().script(steal).await.unwrap();
                        });
                    });
                });
            }
        }
        for at in 0..150 {
            Event::due(&format!("a{at:03}")).insert(case).await;
        }
        let mut wide = request();
        wide.limits.limit = 150;
        let entry = Entry::unrecorded("");
        let report = webhooks::retry(&case.db, Some(&case.locks()), &entry, wide, &Cancel::new(), &mut Thief(case)).await.unwrap();
        assert_eq!((report.counts.selected, report.exit()), (100, Exit::Locked));
        assert_eq!(report.error().unwrap().kind(), Kind::Locked);
        assert_eq!(case.count("webhook_events WHERE attempts = 2").await, 100);
        assert_eq!(case.count("cache_locks WHERE owner = 'SomebodyElse0000'").await, 1, "not ours to release");
    }

    // D28: without a lock nothing is claimed and no attempt is spent.
    async fn d28_without_a_lock_store_nothing_is_claimed(case: &Case) {
        let id = Event::due("a").insert(case).await;
        case.execute("DROP TABLE cache_locks").await;
        case.db.forget_tables();
        let error = case.retry(request()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.message().contains("cache_locks"), "{error:?}");
        assert_eq!(case.event(&id).await.attempts, 1);
    }

    // D29: a row that somebody else has locked is passed over, and keeps its attempt.
    async fn d29_locked_rows_are_passed_over(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return; // one writer at a time: there are no row locks to pass over
        }
        let held = Event::due("a").insert(case).await;
        let free = Event::due("b").insert(case).await;
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(Begin::Write).await.unwrap();
        session.script(&format!("UPDATE webhook_events SET source_ip = '::1' WHERE id = '{held}'")).await.unwrap();
        let report = case.retry(request()).await.unwrap();
        assert_eq!((outcome_of(&report, &held), outcome_of(&report, &free)), (Outcome::Skipped, Outcome::Pending));
        assert_eq!(report.skipped.keys().collect::<Vec<_>>(), ["locked by another transaction"]);
        session.rollback().await.unwrap();
        assert_eq!((case.event(&held).await.attempts, case.event(&free).await.attempts), (1, 2));
    }

    async fn a_payment_locked_by_another_transaction_costs_no_attempt(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return;
        }
        let id = Event::due("a").insert(case).await;
        Payment::pending("pay-1").insert(case).await;
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(Begin::Write).await.unwrap();
        session.script("UPDATE payments SET description = 'x' WHERE provider_ref = 'pay-1'").await.unwrap();
        let report = case.retry(request()).await.unwrap();
        assert_eq!(outcome_of(&report, &id), Outcome::Skipped);
        assert_eq!(case.event(&id).await.attempts, 1);
        session.rollback().await.unwrap();
        assert_eq!(case.retry(request()).await.unwrap().counts.applied, 1);
    }

    async fn a_dry_run_says_the_same_and_changes_nothing(case: &Case) {
        let mut ids = Vec::new();
        for at in 0..3 {
            ids.push(Event::due(&format!("a{at}")).body(r#"{"id":"one","status":"paid"}"#).insert(case).await);
        }
        ids.push(Event::due("b").attempts(4).insert(case).await);
        Payment::pending("one").insert(case).await;
        let mut before = Vec::new();
        for id in &ids {
            before.push(case.event(id).await);
        }
        let locks = case.locks();
        let lock::Attempt::Taken(_) = locks.acquire(RUN_LOCK, "elsewhere", 900).await.unwrap() else { panic!() };
        let dry = case.retry(RetryRequest { dry_run: true, ..request() }).await.unwrap();
        for (id, before) in ids.iter().zip(before) {
            assert_eq!(case.event(id).await, before);
        }
        assert_eq!(case.payment("one").await, "pending");
        case.execute("DELETE FROM cache_locks").await;
        let real = case.retry(request()).await.unwrap();
        assert_eq!((dry.counts, dry.exit()), (real.counts, real.exit()));
        assert_eq!(dry.items, real.items, "the same words, and with a fixed seed the same times");
    }

    async fn a_limit_beyond_a_page_and_a_chunk_is_kept(case: &Case) {
        for at in 0..230 {
            Event::due(&format!("a{at:03}")).insert(case).await;
        }
        let mut some = request();
        some.limits.limit = 205;
        let report = case.retry(some).await.unwrap();
        assert_eq!((report.counts.selected, report.items.len()), (205, 205));
        assert_eq!(case.count("webhook_events WHERE attempts = 2").await, 205);
    }

    // A row that the database refuses to change is set aside; the others of its chunk go on.
    async fn a_row_that_cannot_be_changed_does_not_hold_the_others(case: &Case) {
        for at in 0..5 {
            Event::due(&format!("a{at}")).body(&format!(r#"{{"id":"p{at}","status":"paid"}}"#)).insert(case).await;
            Payment::pending(&format!("p{at}")).insert(case).await;
        }
        case.execute(match case.db.engine() {
            Engine::Postgres => "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                IF NEW.provider_ref = 'p2' THEN RAISE EXCEPTION 'p2 is under audit'; END IF; RETURN NEW; END $$; \
                CREATE TRIGGER refuse BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION refuse()",
            Engine::MySql => "CREATE TRIGGER refuse BEFORE UPDATE ON payments FOR EACH ROW BEGIN \
                IF NEW.provider_ref = 'p2' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'p2 is under audit'; END IF; END",
            Engine::Sqlite => "CREATE TRIGGER refuse BEFORE UPDATE ON payments WHEN NEW.provider_ref = 'p2' \
                BEGIN SELECT RAISE(ABORT, 'p2 is under audit'); END",
        }).await;
        let report = case.retry(request()).await.unwrap();
        assert_eq!((report.counts.applied, report.counts.failed, report.exit()), (4, 1, Exit::Partial), "{report:?}");
        let failed = report.items.iter().find(|item| item.outcome == Outcome::Failed).unwrap();
        assert!(failed.reason.contains("p2 is under audit"), "{failed:?}");
        let event = case.event(&failed.id).await;
        assert_eq!((event.status.as_str(), event.attempts), ("received", 2), "its try was counted");
        assert!(event.note.unwrap().contains("p2 is under audit") && event.next_retry > Some(now()));
        assert_eq!(case.payment("p2").await, "pending");
    }

    // A table that somebody holds for long is no fault of its rows: the run ends, and no attempt is spent.
    async fn a_lock_that_was_waited_for_in_vain_ends_the_run(case: &Case) {
        if case.db.engine() != Engine::Postgres {
            return; // MySQL has no lock of a table that a reader passes and a locking reader does not
        }
        let ids = [Event::due("a").insert(case).await, Event::due("b").insert(case).await];
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(Begin::Write).await.unwrap();
        session.script("LOCK TABLE webhook_events IN EXCLUSIVE MODE").await.unwrap();
        case.execute(&format!("ALTER DATABASE {} SET lock_timeout = '50ms'", case.target.name)).await;
        let fresh = case.another();
        fresh.session().await.unwrap().script("SET lock_timeout = '50ms'").await.unwrap();
        let locks = lock::Locks::Database { db: &fresh, table: "cache_locks".into(), prefix: String::new() };
        let entry = Entry::unrecorded("");
        let report =
            webhooks::retry(&fresh, Some(&locks), &entry, request(), &Cancel::new(), &mut ()).await.unwrap();
        assert_eq!((report.counts.selected, report.exit()), (0, Exit::Failed), "{report:?}");
        assert!(report.stopped.unwrap().contains("gave up waiting for a lock"));
        session.rollback().await.unwrap();
        for id in ids {
            assert_eq!(case.event(&id).await.attempts, 1);
        }
    }

    // Ctrl-C between chunks: what was done is told, the lock is given back.
    async fn an_interrupted_run_finishes_its_chunk_and_says_how_far_it_came(case: &Case) {
        struct Impatient(Cancel);
        impl Progress for Impatient {
            fn advance(&mut self, _items: &[Item]) {
                self.0.request();
            }
        }
        for at in 0..150 {
            Event::due(&format!("a{at:03}")).insert(case).await;
        }
        let mut wide = request();
        wide.limits.limit = 150;
        let cancel = Cancel::new();
        let entry = Entry::unrecorded("");
        let mut progress = Impatient(cancel.clone());
        let report = webhooks::retry(&case.db, Some(&case.locks()), &entry, wide, &cancel, &mut progress).await.unwrap();
        assert_eq!((report.counts.selected, report.exit()), (100, Exit::Interrupted));
        assert_eq!(case.count("webhook_events WHERE attempts = 2").await, 100);
        assert_eq!(case.count("cache_locks").await, 0);
    }
}
