//! `webhooks retry-one`: one event, guarded by its row.

use opsctl::{
    Exit, Kind,
    cancel::Cancel,
    laravel::lock,
    webhooks::{self, EventId, OneRequest, Outcome, RUN_LOCK, RetryReport},
};

use crate::{
    on_every_database,
    support::{Event, Payment, limits},
};

fn one(id: &str) -> OneRequest {
    OneRequest {
        id: EventId::parse(id).unwrap(),
        force: false,
        take_over: false,
        dry_run: false,
        limits: limits(),
        seed: Some(7),
    }
}

async fn try_one(case: &crate::support::Case, request: OneRequest) -> opsctl::Result<RetryReport> {
    webhooks::retry_one(&case.db, request, &Cancel::new()).await
}

on_every_database! {
    // D27: an urgent event does not wait for a batch that holds the run lock.
    async fn the_run_lock_does_not_block_it(case: &Case) {
        let id = Event::due("a").insert(case).await;
        Payment::pending("pay-1").insert(case).await;
        let lock::Attempt::Taken(_) = case.locks().acquire(RUN_LOCK, "batch", 900).await.unwrap() else { panic!() };
        let report = try_one(case, one(&id)).await.unwrap();
        assert_eq!((report.counts.applied, report.exit()), (1, Exit::Done));
        assert_eq!(case.payment("pay-1").await, "succeeded");
    }

    async fn an_id_is_found_in_either_case(case: &Case) {
        let id = Event::due("abcdefgh").insert(case).await;
        let report = try_one(case, one(&id.to_uppercase())).await.unwrap();
        assert_eq!(report.items[0].id, id);
    }

    async fn an_unknown_id_is_not_found_and_near_ones_are_named(case: &Case) {
        let id = Event::due("01k9zq3v7m4t8x2c6b5n1j0hdw").insert(case).await;
        let error = try_one(case, one("01k9zq3v7m4t8x2c6b5n1j0hdx")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::NotFound);
        assert_eq!(error.hints(), [format!("did you mean `opsctl webhooks retry-one {id} --dry-run`?")]);
    }

    async fn not_due_and_used_up_are_refused_without_force(case: &Case) {
        let waiting = Event::due("a").next_retry(3600).insert(case).await;
        let used = Event::due("b").attempts(5).body(r#"{"id":"pay-2","status":"paid"}"#).insert(case).await;
        Payment::pending("pay-1").insert(case).await;
        Payment::pending("pay-2").insert(case).await;
        for id in [&waiting, &used] {
            let error = try_one(case, one(id)).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Refused);
            assert!(error.hints()[0].contains("--force"), "{error:?}");
        }
        assert_eq!((case.event(&waiting).await.attempts, case.event(&used).await.attempts), (1, 5));
        for id in [&waiting, &used] {
            let report = try_one(case, OneRequest { force: true, ..one(id) }).await.unwrap();
            assert_eq!(report.counts.applied, 1);
        }
        assert_eq!(case.event(&used).await.attempts, 6, "a forced try is a try");
    }

    async fn a_forced_try_of_a_used_up_event_that_fails_stays_exhausted(case: &Case) {
        let used = Event::due("a").attempts(7).insert(case).await;
        let report = try_one(case, OneRequest { force: true, ..one(&used) }).await.unwrap();
        assert_eq!((report.items[0].outcome, report.exit()), (Outcome::Exhausted, Exit::Failed));
        assert_eq!((case.event(&used).await.attempts, case.event(&used).await.next_retry), (8, None));
    }

    // Attempts stop at what the narrowest column holds.
    async fn attempts_never_overflow_their_column(case: &Case) {
        let full = Event::due("a").attempts(32_767).insert(case).await;
        try_one(case, OneRequest { force: true, ..one(&full) }).await.unwrap();
        assert_eq!(case.event(&full).await.attempts, 32_767);
    }

    // D19: force does not break a fresh claim; a second, explicit flag does.
    async fn d19_a_fresh_claim_needs_take_over(case: &Case) {
        let id = Event::due("a").status("processing").last_attempt(-10).insert(case).await;
        Payment::pending("pay-1").insert(case).await;
        for force in [false, true] {
            let error = try_one(case, OneRequest { force, ..one(&id) }).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Locked);
            assert!(error.hints()[0].contains("--take-over"));
        }
        assert_eq!(case.event(&id).await.attempts, 1);
        let taken = try_one(case, OneRequest { take_over: true, ..one(&id) }).await.unwrap();
        assert_eq!(taken.counts.applied, 1);
    }

    async fn a_row_that_is_locked_is_said_to_be(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return;
        }
        let id = Event::due("a").insert(case).await;
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(opsctl::db::Begin::Write).await.unwrap();
        session.script(&format!("UPDATE webhook_events SET source_ip = '::1' WHERE id = '{id}'")).await.unwrap();
        assert_eq!(try_one(case, one(&id)).await.unwrap_err().kind(), Kind::Locked);
        session.rollback().await.unwrap();
    }

    async fn what_is_done_already_is_nothing_to_do(case: &Case) {
        let done = Event::due("a").status("processed").payment_status("succeeded").processed(-9).insert(case).await;
        let s1 = Event::due("b").status("failed").payment_status("succeeded").processed(-9).insert(case).await;
        for (id, reason) in [(&done, "already processed"), (&s1, "already applied")] {
            let report = try_one(case, OneRequest { force: true, ..one(id) }).await.unwrap();
            assert_eq!((report.exit(), report.items[0].reason.as_str()), (Exit::Done, reason));
        }
        assert_eq!(case.event(&done).await.attempts, 1);
    }

    async fn a_dry_run_changes_nothing(case: &Case) {
        let id = Event::due("a").insert(case).await;
        Payment::pending("pay-1").insert(case).await;
        let before = case.event(&id).await;
        let report = try_one(case, OneRequest { dry_run: true, ..one(&id) }).await.unwrap();
        assert_eq!(report.counts.applied, 1);
        assert_eq!((case.event(&id).await, case.payment("pay-1").await), (before, "pending".into()));
    }
}
