//! `webhooks retry` as a library: every rule, on every engine and on both schemas. Names of defects (D5, D33 …) are
//! those that the original service is known by.

use std::collections::HashSet;

use chrono::TimeDelta;
use opsctl::{
    Exit,
    cancel::Cancel,
    journal::Entry,
    laravel::lock,
    webhooks::{self, Outcome, RetryRequest, backoff::Mode},
};

use crate::{
    on_every_database,
    support::{Event, Payment, limits, now, outcome_of, request},
};

on_every_database! {
    // D1, D4: the event is found first and finished in one transaction; its status stays a word.
    async fn a_due_event_is_applied_to_its_payment(case: &Case) {
        let id = Event::due("a").insert(case).await;
        Payment::pending("pay-1").insert(case).await;
        let report = case.retry(request()).await.unwrap();
        assert_eq!((report.counts.applied, report.exit()), (1, Exit::Done), "{report:?}");
        let event = case.event(&id).await;
        assert_eq!(case.payment("pay-1").await, "succeeded");
        assert_eq!((event.status.as_str(), event.payment_status.as_deref()), ("processed", Some("succeeded")));
        assert_eq!((event.reference.as_deref(), event.attempts), (Some("pay-1"), 2));
        assert_eq!((event.processed, event.last_attempt), (Some(now()), Some(now())));
        assert_eq!((event.next_retry, event.note), (None, None));
        // A second run finds nothing to do.
        assert_eq!(case.retry(request()).await.unwrap().counts.selected, 0);
        assert_eq!(case.event(&id).await.attempts, 2);
    }

    // D5: an event seen before its payment stays in sight of the service's own selection, and is applied later.
    async fn d5_a_late_payment_is_applied_by_the_next_run(case: &Case) {
        let id = Event::due("a").insert(case).await;
        let report = case.retry(request()).await.unwrap();
        assert_eq!(outcome_of(&report, &id), Outcome::Pending);
        let event = case.event(&id).await;
        assert_eq!((event.status.as_str(), event.payment_status, event.attempts), ("received", None, 2));
        assert!(event.note.unwrap().starts_with("payment not found"));
        Payment::pending("pay-1").insert(case).await;
        let later = case.at(now() + TimeDelta::seconds(60));
        let locks = lock::Locks::Database { db: &later, table: "cache_locks".into(), prefix: String::new() };
        let entry = Entry::unrecorded("");
        webhooks::retry(&later, Some(&locks), &entry, request(), &Cancel::new(), &mut ()).await.unwrap();
        assert_eq!((case.event(&id).await.status.as_str(), case.payment("pay-1").await.as_str()), ("processed", "succeeded"));
    }

    // Stranded shape S2: a status that was inferred and never applied. S1 was applied, and is left for a repair.
    async fn s2_rows_are_picked_up_and_s1_rows_are_not(case: &Case) {
        let s2 = Event::due("a").payment_status("succeeded").next_retry(None).insert(case).await;
        let missing = Event::due("b").payment_status("failed").body(r#"{"id":"none","status":"failed"}"#).insert(case).await;
        let s1 = Event::due("c").status("failed").payment_status("succeeded").processed(-60).insert(case).await;
        Payment::pending("pay-1").insert(case).await;
        let before = case.event(&s1).await;
        let report = case.retry(request()).await.unwrap();
        assert_eq!(report.counts.selected, 2);
        assert_eq!((case.event(&s2).await.status.as_str(), case.payment("pay-1").await.as_str()), ("processed", "succeeded"));
        // Not applied: the misleading status is taken back, so that the service selects the row again.
        assert_eq!(case.event(&missing).await.payment_status, None);
        assert_eq!(case.event(&s1).await, before);
    }

    // D6, D7: the last allowed attempt runs, and what it leaves is an explicit end.
    async fn d6_the_last_attempt_runs_and_then_the_event_is_exhausted(case: &Case) {
        let last = Event::due("a").attempts(4).insert(case).await;
        let good = Event::due("b").attempts(4).body(r#"{"id":"pay-2","status":"paid"}"#).insert(case).await;
        let over = Event::due("c").attempts(5).insert(case).await;
        Payment::pending("pay-2").insert(case).await;
        let report = case.retry(request()).await.unwrap();
        assert_eq!((report.counts.selected, report.counts.applied, report.counts.exhausted), (2, 1, 1));
        assert_eq!(report.exit(), Exit::Partial);
        let event = case.event(&last).await;
        assert_eq!((event.status.as_str(), event.attempts, event.next_retry), ("failed", 5, None));
        assert!(event.note.unwrap().starts_with("Max retry attempts reached."));
        assert_eq!(case.event(&good).await.status, "processed");
        assert_eq!(case.event(&over).await.attempts, 5);
    }

    // D8, D9: one try counts once, whenever the row was last touched.
    async fn d8_a_try_counts_exactly_one_attempt(case: &Case) {
        let mut ids = Vec::new();
        for (at, last) in [Some(-3600), Some(-3), Some(-1), Some(0), None].into_iter().enumerate() {
            ids.push(Event::due(&format!("a{at}")).last_attempt(last).insert(case).await);
        }
        case.retry(request()).await.unwrap();
        for id in ids {
            assert_eq!(case.event(&id).await.attempts, 2, "{id}");
        }
    }

    // D11, D12: the next time is at least a whole second away, and no claim is left behind.
    async fn d11_the_next_time_is_never_in_the_same_second(case: &Case) {
        let mut ids = Vec::new();
        for at in 0..30 {
            ids.push(Event::due(&format!("a{at:02}")).insert(case).await);
        }
        let mut tiny = request();
        tiny.limits.backoff.base_ms = 0;
        tiny.limits.backoff.cap_ms = 0;
        case.retry(tiny).await.unwrap();
        for id in &ids {
            let event = case.event(id).await;
            assert_eq!(event.next_retry, Some(now() + TimeDelta::seconds(1)));
            assert_eq!(event.status, "received");
        }
        assert_eq!(case.retry(request()).await.unwrap().counts.selected, 0);
    }

    // The service's own minimum lease is the floor of every delay.
    async fn the_next_time_respects_the_minimum_lease(case: &Case) {
        let id = Event::due("a").insert(case).await;
        let mut slow = request();
        slow.limits.backoff.min_ms = 3_001;
        slow.limits.backoff.cap_ms = 500;
        case.retry(slow).await.unwrap();
        assert_eq!(case.event(&id).await.next_retry, Some(now() + TimeDelta::seconds(4)));
    }

    // D13: decorrelated delays grow from the delay before, which the row tells.
    async fn d13_decorrelated_delays_come_from_the_previous_one(case: &Case) {
        let mut ids = Vec::new();
        for at in 0..20 {
            ids.push(Event::due(&format!("a{at:02}")).last_attempt(-160).next_retry(-60).insert(case).await);
        }
        let mut request = request();
        request.limits.backoff.mode = Mode::Decorrelated;
        request.limits.backoff.cap_ms = 1_000_000;
        case.retry(request).await.unwrap();
        let mut delays = Vec::new();
        for id in &ids {
            delays.push((case.event(id).await.next_retry.unwrap() - now()).num_seconds());
        }
        // Previous delay 100 s: between the base and 300 s. Without it the highest would be 1.5 s.
        assert!(delays.iter().all(|delay| (1..=300).contains(delay)), "{delays:?}");
        assert!(delays.iter().any(|delay| *delay > 30), "{delays:?}");
    }

    // D25: what each provider really sends finds its payment.
    async fn d25_every_provider_finds_its_payment(case: &Case) {
        let cases = [
            ("mock", r#"{"id":"R","status":"paid"}"#),
            ("xendit", r#"{"id":"inv_1","external_id":"R","status":"PAID"}"#),
            ("midtrans", r#"{"transaction_id":"t","order_id":"R","transaction_status":"settlement"}"#),
            ("stripe", r#"{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{"id":"R","object":"payment_intent","status":"succeeded"}}}"#),
            ("paypal", r#"{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"R","status":"COMPLETED"}}"#),
            ("paddle", r#"{"event_id":"e","data":{"id":"R","status":"completed"}}"#),
            ("lemonsqueezy", r#"{"meta":{"event_name":"order_created"},"data":{"id":"R","attributes":{"status":"paid"}}}"#),
            ("airwallex", r#"{"id":"evt","name":"payment_intent.succeeded","data":{"object":{"id":"R","status":"SUCCEEDED"}}}"#),
            ("tripay", r#"{"reference":"T1","merchant_ref":"R","status":"PAID"}"#),
            ("doku", r#"{"order":{"invoice_number":"R"},"transaction":{"status":"SUCCESS"}}"#),
            ("dana", r#"{"originalPartnerReferenceNo":"R","latestTransactionStatus":"00"}"#),
            ("oy", r#"{"partner_trx_id":"R","payment_status":"complete"}"#),
            ("payoneer", r#"{"id":"e","data":{"payoutId":"R","status":"completed"}}"#),
            ("skrill", r#"{"transaction_id":"R","mb_transaction_id":"9","status":"2"}"#),
            ("amazon_bwp", r#"{"id":"e","detail-type":"PAYMENT_CHARGED","detail":{"orderId":"R","status":"COMPLETED"}}"#),
        ];
        for (at, (provider, body)) in cases.into_iter().enumerate() {
            Event::due(&format!("a{at:02}")).provider(provider).body(body).insert(case).await;
            Payment::pending("R").provider(provider).insert(case).await;
        }
        let report = case.retry(request()).await.unwrap();
        assert_eq!(report.counts.applied, 15, "{:?}", report.items);
        for item in &report.items {
            assert_eq!(item.rule, Some(item.provider.as_str()), "the report names the rule");
        }
        assert_eq!(case.count("payments WHERE status = 'succeeded'").await, 15);
    }

    // D30: the due query walks indexes, however many done events lie around it.
    async fn d30_the_due_query_scans_no_table(case: &Case) {
        webhooks::fixtures::seed(&case.db).await.unwrap();
        let numbers = match case.db.engine() {
            Engine::Postgres => "FROM (SELECT generate_series(1, 6000)::text AS i) AS n",
            Engine::MySql => "FROM (SELECT seq AS i FROM seq_1_to_6000) AS n",
            Engine::Sqlite => "FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) SELECT i FROM n) AS n",
        };
        case.execute(&format!(
            "INSERT INTO webhook_events (id, provider, event_id, payload, status, payment_status, processed_at) \
             SELECT i, 'stripe', i, '{{}}', 'processed', 'succeeded', '2026-11-19 09:00:00' {numbers}"
        )).await;
        case.execute(match case.db.engine() {
            Engine::MySql => "ANALYZE TABLE webhook_events",
            Engine::Postgres | Engine::Sqlite => "ANALYZE",
        }).await;
        let plans = webhooks::explain_due(&case.db, &limits(), None).await.unwrap().plans;
        assert!(plans.iter().all(|plan| !plan.scans), "{plans:#?}");
        // Each provider's events are walked in due order, from the oldest on.
        let each = plans.iter().find(|plan| plan.statement == webhooks::Statement::FirstOfEach).unwrap();
        assert!(each.indexes.iter().any(|index| index == "webhook_events_provider_next_retry_idx"), "{each:#?}");
    }

    // D32: oldest first whether or not a row has a next time; every provider gets its share.
    async fn d32_due_order_and_a_fair_share(case: &Case) {
        for at in 0..30 {
            Event::due(&format!("noisy{at:02}")).provider("stripe").next_retry(-1000 - at).insert(case).await;
        }
        for at in 0..3 {
            Event::due(&format!("quiet{at}")).provider("doku").next_retry(-10 - at).insert(case).await;
        }
        let new = Event::due("undated").provider("paddle").next_retry(None).received(-500).insert(case).await;
        let mut few = request();
        few.limits.limit = 12;
        let report = case.retry(few).await.unwrap();
        let picked: Vec<&str> = report.items.iter().map(|item| item.id.trim_end_matches('0')).collect();
        assert_eq!(report.counts.selected, 12);
        assert_eq!(picked.iter().filter(|id| id.starts_with("quiet")).count(), 3);
        assert_eq!(picked.iter().filter(|id| id.starts_with("noisy")).count(), 8);
        assert!(picked.contains(&new.trim_end_matches('0')), "an event without a next time is due since it arrived");
        assert_eq!(picked[0], "noisy29", "the oldest goes first");
    }

    // D33: an event that has just arrived is left to its first job.
    async fn d33_new_events_are_left_to_their_first_job(case: &Case) {
        let new = Event::due("a").next_retry(None).received(-59).last_attempt(-59).insert(case).await;
        let old = Event::due("b").next_retry(None).received(-60).last_attempt(-60).insert(case).await;
        let report = case.retry(request()).await.unwrap();
        assert_eq!(report.items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), [old.as_str()]);
        assert_eq!(case.event(&new).await.attempts, 1);
    }

    // D34: a claim without a time is as old as the row's last change.
    async fn d34_claims_without_a_time_are_not_lost(case: &Case) {
        let old = Event::due("a").status("queued").last_attempt(None).updated(-61).next_retry(None).insert(case).await;
        let bare = Event::due("b").status("processing").last_attempt(None).updated(None).next_retry(None).insert(case).await;
        let fresh = Event::due("c").status("queued").last_attempt(None).updated(-5).next_retry(None).insert(case).await;
        let report = case.retry(request()).await.unwrap();
        let picked: HashSet<&str> = report.items.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(picked, HashSet::from([old.as_str(), bare.as_str()]));
        assert_eq!(case.event(&fresh).await.attempts, 1);
    }

    async fn events_that_are_not_due_done_or_used_up_are_not_touched(case: &Case) {
        let ids = [
            Event::due("a").next_retry(1).insert(case).await,
            Event::due("b").status("processed").payment_status("succeeded").processed(-9).next_retry(None).insert(case).await,
            Event::due("c").attempts(5).insert(case).await,
        ];
        let report = case.retry(request()).await.unwrap();
        assert_eq!((report.counts.selected, report.exit()), (0, Exit::Done));
        for id in ids {
            assert_eq!(case.event(&id).await.last_attempt, Some(now() - TimeDelta::seconds(120)), "{id}");
        }
    }

    // An unknown status is as retryable here as in the service; `failed` events are taken when due.
    async fn failed_and_unknown_statuses_are_tried(case: &Case) {
        let failed = Event::due("a").status("failed").insert(case).await;
        let unknown = Event::due("b").status("parked").insert(case).await;
        case.retry(request()).await.unwrap();
        assert_eq!((case.event(&failed).await.attempts, case.event(&unknown).await.attempts), (2, 2));
    }

    // A try that could not apply anything is a try: it is counted and gets its next time.
    async fn every_tried_event_spends_one_attempt_and_gets_its_next_time(case: &Case) {
        let missing = Event::due("a").body(r#"{"id":"nobody","status":"paid"}"#).insert(case).await;
        let nothing = Event::due("b").body(r#"{"hello":"world"}"#).insert(case).await;
        let ambiguous = Event::due("c").provider("tripay").body(r#"{"reference":"A","merchant_ref":"B","status":"PAID"}"#).insert(case).await;
        let waiting = Event::due("d").body(r#"{"id":"P","status":"processing"}"#).insert(case).await;
        for reference in ["A", "B"] {
            Payment::pending(reference).provider("tripay").insert(case).await;
        }
        Payment::pending("P").insert(case).await;
        let report = case.retry(request()).await.unwrap();
        for (id, expected, note) in [
            (&missing, Outcome::Pending, "payment not found / not updated (will retry) [rule mock]"),
            (&nothing, Outcome::Pending, "provider_ref not found in payload [rule generic]"),
            (&ambiguous, Outcome::Ambiguous, "ambiguous: `A` and `B` name different payments [rule tripay]"),
            (&waiting, Outcome::Pending, "inferred status pending (`processing`) [rule mock]"),
        ] {
            assert_eq!(outcome_of(&report, id), expected);
            let event = case.event(id).await;
            assert_eq!((event.attempts, event.note.as_deref()), (2, Some(note)));
            assert!(event.next_retry > Some(now()) && event.payment_status.is_none());
        }
        assert_eq!(report.exit(), Exit::Partial, "an ambiguous event is a failure, a pending one is not");
        assert_eq!((case.payment("A").await, case.payment("B").await), ("pending".into(), "pending".into()));
    }

    // The first final status wins, and the event takes the payment's, whatever it said itself.
    async fn a_final_payment_never_flips(case: &Case) {
        let late = Event::due("a").body(r#"{"id":"done","status":"failed"}"#).insert(case).await;
        let first = Event::due("b").next_retry(-50).body(r#"{"id":"open","status":"paid"}"#).insert(case).await;
        let second = Event::due("c").next_retry(-40).body(r#"{"id":"open","status":"failed"}"#).insert(case).await;
        Payment::pending("done").status("succeeded").insert(case).await;
        Payment::pending("open").insert(case).await;
        assert_eq!(case.retry(request()).await.unwrap().counts.applied, 3);
        assert_eq!((case.payment("done").await, case.payment("open").await), ("succeeded".into(), "succeeded".into()));
        for id in [late, first, second] {
            assert_eq!(case.event(&id).await.payment_status.as_deref(), Some("succeeded"));
        }
    }

    // Only a pending payment is changed: a status that the service does not write is somebody else's.
    async fn a_payment_in_another_status_is_left_alone(case: &Case) {
        for (id, status, says) in [("a", "refunded", "paid"), ("b", "SUCCEEDED", "failed"), ("c", "refunded", "failed")] {
            Event::due(id).body(&format!(r#"{{"id":"p-{id}","status":"{says}"}}"#)).insert(case).await;
            Payment::pending(&format!("p-{id}")).status(status).insert(case).await;
        }
        let report = case.retry(request()).await.unwrap();
        assert_eq!((report.counts.pending, report.exit()), (3, Exit::Done), "{:?}", report.items);
        assert_eq!((case.payment("p-a").await, case.payment("p-b").await), ("refunded".into(), "SUCCEEDED".into()));
    }

    // Forms are stored raw; the body is `payload_raw` when `payload` is empty.
    async fn the_raw_body_counts_when_the_payload_is_empty(case: &Case) {
        let form = Event::due("a").provider("skrill").body(r#"{"_tenrusl":{"event_id_source":"header"}}"#)
            .raw("transaction_id=S-1&mb_transaction_id=77&status=2").insert(case).await;
        let json = Event::due("b").body("{}").raw(r#"{"id":"pay-1","status":"paid"}"#).insert(case).await;
        let both = Event::due("c").body(r#"{"id":"pay-2","status":"paid"}"#).raw(r#"{"id":"x","status":"failed"}"#).insert(case).await;
        Payment::pending("S-1").provider("skrill").insert(case).await;
        Payment::pending("pay-1").insert(case).await;
        Payment::pending("pay-2").insert(case).await;
        assert_eq!(case.retry(request()).await.unwrap().counts.applied, 3);
        for id in [form, json, both] {
            assert_eq!(case.event(&id).await.payment_status.as_deref(), Some("succeeded"));
        }
    }

    async fn provider_and_status_narrow_the_run(case: &Case) {
        let wanted = Event::due("a").provider("stripe").status("failed").insert(case).await;
        Event::due("b").provider("stripe").insert(case).await;
        Event::due("c").provider("doku").status("failed").insert(case).await;
        let narrow = RetryRequest { provider: Some("stripe".into()), status: Some("failed".into()), ..request() };
        let report = case.retry(narrow).await.unwrap();
        assert_eq!(report.items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), [wanted.as_str()]);
        assert_eq!(report.providers.iter().map(|line| line.provider.as_str()).collect::<Vec<_>>(), ["stripe"]);
    }
}

#[test]
fn the_fixed_limits_are_the_services_defaults() {
    let limits = limits();
    assert_eq!((limits.max_attempts, limits.lease_seconds, limits.lock_seconds), (5, 60, 900));
}
