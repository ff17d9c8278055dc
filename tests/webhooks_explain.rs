//! `webhooks explain ID`: what it tells is what a try does, and telling it changes nothing.

use opsctl::{
    Kind,
    cancel::Cancel,
    config::database::Address,
    db::{Begin, Query},
    laravel::lock,
    webhooks::{
        self, About, EventId, Explain, Filter, Match, OneRequest, Outcome, Part, RUN_LOCK, RowLock, RunLock,
    },
};

use crate::{
    on_every_database, on_every_engine,
    support::{Event, Payment, cli::Said, limits, mixed},
};

async fn explain(case: &crate::support::Case, id: &str) -> Explain {
    webhooks::explain(&case.db, &EventId::parse(id).unwrap(), &limits(), &RunLock::Free).await.unwrap()
}

fn dry(id: &str, flags: &[&str]) -> OneRequest {
    OneRequest {
        id: EventId::parse(id).unwrap(),
        force: flags.contains(&"--force"),
        take_over: flags.contains(&"--take-over"),
        dry_run: true,
        limits: limits(),
        seed: Some(7),
    }
}

/// Every row of every table that a try touches, with what PostgreSQL keeps beside it.
async fn everything(case: &crate::support::Case) -> Vec<String> {
    let beside = if case.db.engine() == opsctl::db::Engine::Postgres { ", xmin::text AS made" } else { "" };
    let mut lines = Vec::new();
    for (table, key) in [("webhook_events", "id"), ("payments", "id"), ("cache_locks", "expiration")] {
        let rows = case.rows(&format!("SELECT {table}.*{beside} FROM {table} ORDER BY {key}")).await;
        lines.extend(rows.iter().map(|row| format!("{row:?}")));
    }
    lines
}

fn check(told: &Explain, part: Part) -> &webhooks::Check {
    told.conditions.iter().find(|check| check.condition == part).unwrap()
}

/// Pairs of path and whether it counts, of one question.
fn looks(told: &Explain, about: About) -> Vec<(&'static str, bool)> {
    told.looks.iter().filter(|look| look.about == about).map(|look| (look.path, look.counts)).collect()
}

on_every_engine! {
    // Every shape of the fixtures: `list --due`, the conditions, the outcome, and a dry try say the same.
    async fn over_all_fixtures_explain_agrees_with_list_and_retry_one(case: &Case) {
        webhooks::fixtures::seed(&case.db).await.unwrap();
        let before = everything(case).await;
        let filter = Filter { due: true, limit: 1000, ..Filter::default() };
        let due = webhooks::list(&case.db, &filter, &limits()).await.unwrap();
        let mut outcomes = std::collections::BTreeSet::new();
        for fixture in webhooks::fixtures::events().unwrap() {
            let told = explain(case, &fixture.id).await;
            let shape = format!("{}: {told:#?}", fixture.shape);
            assert_eq!(told.due, due.items.iter().any(|item| item.id == fixture.id), "{shape}");
            assert_eq!(told.due, told.conditions.iter().all(|check| check.met), "{shape}");
            let plain = webhooks::retry_one(&case.db, dry(&fixture.id, &[]), &Cancel::new()).await;
            let needs = match plain.map_err(|error| error.kind()) {
                Ok(_) => vec![],
                Err(Kind::Refused) => vec!["--force"],
                Err(Kind::Locked) if told.retry.flags.len() == 2 => vec!["--force", "--take-over"],
                Err(Kind::Locked) => vec!["--take-over"],
                Err(other) => panic!("{other:?} {shape}"),
            };
            assert_eq!(told.retry.flags, needs, "{shape}");
            let tried = webhooks::retry_one(&case.db, dry(&fixture.id, &needs), &Cancel::new()).await.unwrap();
            let item = &tried.items[0];
            assert_eq!((told.retry.outcome, &told.retry.reason), (item.outcome, &item.reason), "{shape}");
            assert_eq!((told.retry.rule, &told.retry.reference), (item.rule, &item.reference), "{shape}");
            assert_eq!(told.retry.attempts, item.attempts, "{shape}");
            assert_eq!(told.retry.payment.as_ref().map(|payment| payment.to), item.payment_status, "{shape}");
            assert_eq!(told.retry.next_from.is_some(), item.next_retry_at.is_some(), "{shape}");
            if let (Some(from), Some(until), Some(next)) = (told.retry.next_from, told.retry.next_until, item.next_retry_at) {
                assert!(from <= next && next <= until, "{next} {shape}");
            }
            // The trail ends where the reading does.
            let counted: Vec<&str> = told.looks.iter().filter(|look| look.about == About::Reference && look.counts).map(|look| look.path).collect();
            let read: Vec<&str> = told.references.iter().map(|named| named.path).collect();
            assert_eq!(counted, read, "{shape}");
            outcomes.insert(told.retry.outcome);
        }
        assert!(outcomes.len() >= 5, "{outcomes:?}");
        assert_eq!(everything(case).await, before, "nothing is changed");
    }

    // Who may only read is told as much as the server tells them; nothing is written, not even by the look at locks.
    async fn a_role_that_may_only_read_is_enough(case: &Case) {
        mixed(case).await;
        let before = everything(case).await;
        let name = &case.target.name;
        let role = format!("reader_{name}");
        match case.db.engine() {
            Engine::Postgres => case.execute(&format!(
                "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; \
                 ALTER DATABASE {name} SET default_transaction_read_only = on"
            )).await,
            Engine::MySql => case.execute(&format!("CREATE USER {role} IDENTIFIED BY 'x'; GRANT SELECT ON {name}.* TO {role}")).await,
            Engine::Sqlite => {
                let Address::File(path) = &case.target.address else { unreachable!() };
                let mut mode = std::fs::metadata(path).unwrap().permissions();
                mode.set_readonly(true);
                std::fs::set_permissions(path, mode).unwrap();
            }
        }
        if case.db.engine() != Engine::Sqlite {
            let env = std::fs::read_to_string(case.folder.path().join(".env")).unwrap();
            let env: Vec<String> = env.lines().map(|line| match line.split_once('=') {
                Some(("DB_USERNAME", _)) => format!("DB_USERNAME={role}"),
                Some(("DB_PASSWORD", _)) => "DB_PASSWORD=x".to_owned(),
                _ => line.to_owned(),
            }).collect();
            std::fs::write(case.folder.path().join(".env"), env.join("\n")).unwrap();
        }
        let said = case.run(&["webhooks", "explain", "01k9aaaaaaaaaaaaaaaaaaaaa1", "--json"]);
        let due = case.run(&["webhooks", "explain", "--due"]);
        match case.db.engine() {
            Engine::Postgres => case.execute(&format!(
                "SET default_transaction_read_only = off; ALTER DATABASE {name} RESET default_transaction_read_only; \
                 DROP OWNED BY {role}; DROP ROLE {role}"
            )).await,
            Engine::MySql => case.execute(&format!("DROP USER {role}")).await,
            Engine::Sqlite => {}
        }
        assert_eq!((said.code, due.code), (0, 0), "{said:?} {due:?}");
        let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(json["data"]["retry"]["outcome"], "applied");
        let state = if case.db.engine() == Engine::Sqlite { "unknown" } else { "free" };
        assert_eq!(json["data"]["held"]["row"]["state"], state, "{said:?}");
        assert_eq!(everything(case).await, before);
        let journal = case.folder.path().join("state/journal.jsonl");
        assert!(!journal.exists(), "what only reads leaves no journal");
    }

    // Whoever holds the row, or the payment's, is named where the server tells, and let go of again.
    async fn who_holds_a_row_is_named(case: &Case) {
        let id = Event::due("a").insert(case).await;
        Payment::pending("pay-1").insert(case).await;
        assert_eq!(explain(case, &id).await.held.payments.len(), 1);
        if case.db.engine() == Engine::Sqlite {
            assert!(matches!(explain(case, &id).await.held.row, RowLock::Unknown { .. }));
            return;
        }
        assert_eq!(explain(case, &id).await.held.row, RowLock::Free);
        let other = case.another();
        let mut session = other.session().await.unwrap();
        let number = match case.db.engine() {
            Engine::Postgres => "SELECT pg_backend_pid() AS number",
            _ => "SELECT CONNECTION_ID() AS number",
        };
        let number = session.first(Query::new(number)).await.unwrap().unwrap().int("number").unwrap();
        for (hold, of_row) in [
            (format!("SELECT id FROM webhook_events WHERE id = '{id}' FOR UPDATE"), true),
            (format!("UPDATE webhook_events SET source_ip = '::1' WHERE id = '{id}'"), true),
            ("SELECT id FROM payments WHERE provider_ref = 'pay-1' FOR UPDATE".to_owned(), false),
        ] {
            session.begin(Begin::Write).await.unwrap();
            session.script(&hold).await.unwrap();
            let told = explain(case, &id).await;
            let (locked, free) = match of_row {
                true => (&told.held.row, &told.held.payments[0].lock),
                false => (&told.held.payments[0].lock, &told.held.row),
            };
            let RowLock::Held { sessions } = locked else { panic!("{hold}: {told:#?}") };
            assert!(sessions.iter().any(|session| session.id == number && session.user.is_some()), "{number} is not in {sessions:?}");
            assert!(case.db.engine() != Engine::Postgres || sessions.len() == 1, "PostgreSQL knows which: {sessions:?}");
            assert_eq!(free, &RowLock::Free);
            assert_eq!(told.next[0].command, format!("opsctl webhooks explain {id}"));
            session.rollback().await.unwrap();
            assert_eq!(explain(case, &id).await.held.row, RowLock::Free);
        }
    }
}

on_every_database! {
    // Each rule's places are told in its order, up to where it stops.
    async fn every_place_that_a_rule_looks_at_is_told(case: &Case) {
        let body = r#"{"id":"evt_1","data":{"object":{"id":"pi_1","object":"payment_intent","payment_intent":"pi_1","payment_status":"unpaid","status":"succeeded"}}}"#;
        let id = Event::due("a").provider("stripe").body(body).insert(case).await;
        let told = explain(case, &id).await;
        assert_eq!(looks(&told, About::Reference), [
            ("data.object.id", true), ("data.object.payment_intent", false), ("data.object.client_reference_id", false), ("id", true),
        ]);
        assert_eq!(looks(&told, About::Kind), [("data.object.object", false)]);
        assert_eq!(looks(&told, About::Status), [("data.object.payment_status", false), ("data.object.status", true)]);
        let whys: Vec<&str> = told.looks.iter().map(|look| look.why.as_str()).collect();
        assert_eq!(whys[1..3], ["the same as above", "nothing stands there"]);

        let refund = r#"{"data":{"object":{"id":"re_1","object":"refund","status":"succeeded"}}}"#;
        let told = explain(case, &Event::due("b").provider("stripe").body(refund).insert(case).await).await;
        assert_eq!((looks(&told, About::Kind), looks(&told, About::Status)), (vec![("data.object.object", true)], vec![]));

        let held = r#"{"order_id":77,"transaction_status":"capture","fraud_status":"challenge"}"#;
        let told = explain(case, &Event::due("c").provider("midtrans").body(held).insert(case).await).await;
        let status: Vec<&str> = told.looks.iter().filter(|look| look.about == About::Status).map(|look| look.why.as_str()).collect();
        assert_eq!(status, ["pending, as `fraud_status` is `challenge`"]);

        let form = "transaction_id=S-1&status=2";
        let told = explain(case, &Event::due("d").provider("skrill").body(r#"{"_tenrusl":{}}"#).raw(form).insert(case).await).await;
        assert_eq!((told.body.column, told.body.bytes), ("payload_raw", form.len()));
        assert_eq!(looks(&told, About::Status), [("status", true)]);
    }

    async fn what_a_reference_names_is_told(case: &Case) {
        Payment::pending("one").provider("tripay").insert(case).await;
        Payment::pending("two").provider("tripay").insert(case).await;
        Payment::pending("theirs").provider("xendit").insert(case).await;
        let body = |reference: &str, other: &str| format!(r#"{{"reference":"{reference}","merchant_ref":"{other}","status":"PAID"}}"#);
        let event = |id: &str, first: &str, second: &str| Event::due(id).provider("tripay").body(&body(first, second));
        let cases = [
            ("a", "one", "nobody", [Match::Found, Match::None], Outcome::Applied, None),
            ("b", "one", "two", [Match::Found, Match::Found], Outcome::Ambiguous, Some("opsctl webhooks show")),
            ("c", "theirs", "nobody", [Match::AnotherProvider, Match::None], Outcome::Pending, Some("opsctl webhooks list --provider xendit")),
        ];
        for (id, first, second, names, outcome, next) in cases {
            let told = explain(case, &event(id, first, second).insert(case).await).await;
            let found: Vec<Match> = told.references.iter().map(|named| named.names).collect();
            assert_eq!((found, told.retry.outcome), (names.to_vec(), outcome), "{told:#?}");
            if let Some(next) = next {
                assert!(told.next[0].command.starts_with(next), "{:?}", told.next);
            }
        }
        let told = explain(case, &Event::due("d").body("{}").raw(r#"{"id":"#).insert(case).await).await;
        assert_eq!(told.retry.outcome, Outcome::Unreadable);
        assert!(told.body.unreadable.is_some() && told.looks.is_empty() && told.next[0].command.ends_with("--raw"), "{told:#?}");
    }

    async fn each_condition_is_told_with_what_the_row_says(case: &Case) {
        let cases = [
            (Event::due("a"), None, "", vec![]),
            (Event::due("b").next_retry(3600), Some(Part::TimeHasCome), "not before 2026-11-20 10:00:00 UTC", vec!["--force"]),
            (Event::due("c").attempts(5), Some(Part::AttemptsLeft), "5 of 5 used", vec!["--force"]),
            (Event::due("d").status("processing").last_attempt(-20), Some(Part::NobodyAtIt),
             "claimed as `processing` 2026-11-20 08:59:40 UTC; the claim counts until 2026-11-20 09:00:40 UTC", vec!["--take-over"]),
            (Event::due("e").status("queued").last_attempt(-200), None, "", vec![]),
            (Event::due("f").next_retry(None).received(-10), Some(Part::TimeHasCome), "new: its first job has until 2026-11-20 09:00:50 UTC", vec!["--force"]),
            (Event::due("g").status("processed").payment_status("succeeded").processed(-9), Some(Part::NotDone), "its status is `processed`", vec![]),
            (Event::due("h").status("failed").payment_status("succeeded").processed(-60), Some(Part::NotDone), "`succeeded` was applied 2026-11-20 08:59:00 UTC", vec![]),
            (Event::due("i").payment_status("succeeded"), None, "", vec![]),
            (Event::due("j").next_retry(None).received(-3600), None, "", vec![]),
            (Event::due("k").status("queued").last_attempt(-200).next_retry(3600), None, "", vec![]),
        ];
        for (event, unmet, why, flags) in cases {
            let told = explain(case, &event.insert(case).await).await;
            let parts: Vec<Part> = told.conditions.iter().filter(|check| !check.met).map(|check| check.condition).collect();
            assert_eq!((parts, told.due), (unmet.into_iter().collect(), unmet.is_none()), "{told:#?}");
            if let Some(part) = unmet {
                assert_eq!(check(&told, part).why, why);
            }
            assert_eq!(told.retry.flags, flags);
            let nothing_to_do = unmet == Some(Part::NotDone);
            assert_eq!((told.next.is_empty(), told.retry.status.is_none()), (nothing_to_do, nothing_to_do));
        }
    }

    async fn who_holds_the_run_lock_is_named(case: &Case) {
        let id = Event::due("01k9aaaaaaaaaaaaaaaaaaaaa1").insert(case).await;
        case.write_env("");
        let line = || case.run(&["webhooks", "explain", &id]).out.lines().find(|line| line.starts_with("Run lock")).unwrap().to_owned();
        assert_eq!(line(), "Run lock ....... free: no batch runs");
        let key = format!("payment-hooks-local-cache-{RUN_LOCK}");
        let until = crate::support::now().timestamp() + 900;
        case.execute(&format!("INSERT INTO cache_locks VALUES ('{key}', '35j8q3f2zfeQzQbg', {until})")).await;
        assert_eq!(line(), "Run lock ....... held since about 09:00:00 UTC by `35j8q3f2zfeQzQbg`: the service itself, or opsctl on another host");
        // What the journal knows is told: a run of opsctl's own that was killed left its lock behind.
        case.execute("DELETE FROM cache_locks").await;
        assert_eq!(case.run_with(&[("OPSCTL_CRASH_AT", "after-lock")], &["webhooks", "retry-once"]).code, -1);
        let told = line();
        assert!(told.contains("by opsctl run ") && told.contains("(`webhooks retry-once` of ana@"), "{told}");
        // A store that cannot lock is no reason to tell nothing.
        case.write_env("CACHE_STORE=file\n");
        assert!(line().contains("not known: the cache store `file`"), "{}", line());
    }

    async fn an_event_for_people_and_for_machines(case: &Case) {
        mixed(case).await;
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"pay\d{23}", "[payment]");
        settings.add_filter(r"Row lock \.+ .*", "Row lock ....... [of this engine]");
        settings.add_filter(r#"(?s)"row": \{.*?\}"#, r#""row": {}"#);
        settings.add_filter(r#"(?s)"lock": \{.*?\}"#, r#""lock": {}"#);
        settings.add_filter(r"payload, \d+ bytes", "payload, [n] bytes");
        settings.add_filter(r#""bytes": \d+"#, r#""bytes": 0"#);
        settings.bind(|| {
            human(&case.run(&["webhooks", "explain", "01k9aaaaaaaaaaaaaaaaaaaaa2"]));
            json(&case.run(&["webhooks", "explain", "01k9aaaaaaaaaaaaaaaaaaaaa1", "--json"]));
        });
    }
}

fn human(said: &Said) {
    assert_eq!(said.code, 0);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @"
        Event .......... 01k9aaaaaaaaaaaaaaaaaaaaa2
        Provider ....... mock
        Status ......... received, 1 of 5 attempts used
        Body ........... payload, [n] bytes
        Reference ...... id: `nobody`, a reference [rule mock]
                         id: `nobody`, the same as above [rule generic]
        Status word .... status: `paid`, means succeeded [rule mock]
        Says ........... succeeded from `paid` [rule mock]
        Payment ........ `nobody` names none
        Due ............ yes
        Not done ....... yes: its status is `received`
        Attempts left .. yes: 1 of 5 used
        Nobody at it ... yes: `received` is no claim
        Time has come .. yes: its next time was 2026-11-20 08:59:10 UTC
        A try .......... would end pending: payment not found / not updated (will retry) [rule mock]
                         status `received`, 2 of 5 attempts
                         next time in 1s
                         no payment changes
        Claim .......... none
        Row lock ....... [of this engine]
        Run lock ....... free: no batch runs
        ");
        insta::assert_snapshot!(said.err, @"hint: try it now: `opsctl webhooks retry-one 01k9aaaaaaaaaaaaaaaaaaaaa2`");
    }
}

fn json(said: &Said) {
    assert_eq!(said.code, 0);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @r#"
        {
          "schema_version": 1,
          "command": "webhooks explain",
          "context": "app",
          "generated_at": "2026-11-20T09:00:00Z",
          "data": {
            "id": "01k9aaaaaaaaaaaaaaaaaaaaa1",
            "provider": "mock",
            "event_id": "evt-01k9aaaaaaaaaaaaaaaaaaaaa1",
            "status": "received",
            "payment_status": null,
            "attempts": 1,
            "max_attempts": 5,
            "next_retry_at": "2026-11-20T08:59:00Z",
            "error_message": null,
            "now": "2026-11-20T09:00:00Z",
            "body": {
              "column": "payload",
              "bytes": 0,
              "unreadable": null
            },
            "looks": [
              {
                "rule": "mock",
                "about": "reference",
                "path": "id",
                "found": "pay-1",
                "counts": true,
                "why": "a reference"
              },
              {
                "rule": "generic",
                "about": "reference",
                "path": "id",
                "found": "pay-1",
                "counts": false,
                "why": "the same as above"
              },
              {
                "rule": "mock",
                "about": "status",
                "path": "status",
                "found": "paid",
                "counts": true,
                "why": "means succeeded"
              }
            ],
            "reading": {
              "references": [
                {
                  "value": "pay-1",
                  "path": "id",
                  "rule": "mock"
                }
              ],
              "status": "succeeded",
              "word": "paid",
              "rule": "mock"
            },
            "references": [
              {
                "value": "pay-1",
                "path": "id",
                "rule": "mock",
                "names": "found",
                "payments": [
                  {
                    "id": "[payment]",
                    "provider": "mock",
                    "status": "pending",
                    "amount": 1000,
                    "currency": "IDR"
                  }
                ]
              }
            ],
            "due": true,
            "conditions": [
              {
                "condition": "not_done",
                "met": true,
                "why": "its status is `received`"
              },
              {
                "condition": "attempts_left",
                "met": true,
                "why": "1 of 5 used"
              },
              {
                "condition": "nobody_at_it",
                "met": true,
                "why": "`received` is no claim"
              },
              {
                "condition": "time_has_come",
                "met": true,
                "why": "its next time was 2026-11-20 08:59:00 UTC"
              }
            ],
            "retry": {
              "outcome": "applied",
              "reason": "payment updated",
              "rule": "mock",
              "reference": "pay-1",
              "flags": [],
              "status": "processed",
              "attempts": 2,
              "next_from": null,
              "next_until": null,
              "payment": {
                "id": "[payment]",
                "from": "pending",
                "to": "succeeded"
              }
            },
            "held": {
              "claim": null,
              "row": {},
              "payments": [
                {
                  "id": "[payment]",
                  "lock": {}
                }
              ],
              "run": {
                "state": "free"
              }
            },
            "next": [
              {
                "why": "try it now",
                "command": "opsctl webhooks retry-one 01k9aaaaaaaaaaaaaaaaaaaaa1"
              }
            ]
          },
          "summary": {
            "count": 1
          }
        }
        "#);
    }
}

#[tokio::test]
async fn a_run_lock_whose_time_is_over_holds_nothing() {
    use crate::support::{Case, Schema, now};
    let case = Case::new(opsctl::db::Engine::Sqlite, Schema::Service).await.unwrap();
    let told = async |at| {
        let db = case.at(at);
        let locks =
            lock::Locks::Database { db: &db, table: "cache_locks".into(), prefix: "app-cache-".into() };
        webhooks::run_lock(Ok(&locks), None, &limits()).await
    };
    assert_eq!(told(now()).await, RunLock::Free);
    let lock::Attempt::Taken(_) = case.locks().acquire(RUN_LOCK, "batch", 900).await.unwrap() else {
        panic!()
    };
    assert!(matches!(told(now()).await, RunLock::Held { owner, .. } if owner == "batch"));
    assert_eq!(told(now() + chrono::TimeDelta::seconds(901)).await, RunLock::Free);
    case.finish().await;
}
