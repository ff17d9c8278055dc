//! `queue work`: jobs of events are run once, under the application's rules, and no other job is touched.

use opsctl::{laravel::lock_name, webhooks::job::ProcessWebhookEvent};

use crate::{
    on_every_engine,
    support::{
        Case, Event, Payment,
        failed_jobs::payload as foreign,
        jobs::json,
        work::{Place, job, uuid},
    },
};

const NONE: [String; 0] = [];

/// An event whose job was pushed by a retry: claimed, and the attempt counted.
async fn queued(case: &Case, name: &str) -> String {
    Event::due(name).status("queued").attempts(2).last_attempt(-1).next_retry(59).insert(case).await
}

/// Exception and payload of the failed jobs.
async fn failed(case: &Case) -> Vec<(String, String, String)> {
    let rows = case.rows("SELECT uuid, payload, exception FROM failed_jobs ORDER BY id").await;
    let text = |row: &opsctl::db::Row, name: &str| row.text(name).unwrap();
    rows.iter().map(|row| (text(row, "uuid"), text(row, "payload"), text(row, "exception"))).collect()
}

on_every_engine! {
    async fn a_job_is_run_and_its_payment_is_final(case: &Case) {
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            let id = Event::due("a").insert(case).await;
            Payment::pending("pay-1").insert(case).await;
            let said = case.run(&["webhooks", "retry", "--queue"]);
            assert_eq!(said.code, 0, "{said:?}");
            assert_eq!(place.locks(case).await, [job(&id).unique_lock()]);
            let said = case.work(&[]);
            assert_eq!(said.code, 0, "{said:?}");
            assert!(said.err.contains(" ms DONE applied: payment updated"), "{said:?}");
            // D22: a job that may run for longer than it is reserved may run twice; row locks end with their worker.
            assert_eq!(said.err.contains("gives them to other workers after 90 s"), place.connection() == "redis", "{said:?}");
            let event = case.event(&id).await;
            // D8: the claim has counted the attempt, and the job does not count it again.
            assert_eq!((event.status.as_str(), event.attempts), ("processed", 2));
            assert_eq!((place.jobs(case, "webhooks").await, place.locks(case).await), (NONE.to_vec(), NONE.to_vec()));
            assert_eq!((case.payment("pay-1").await, case.count("failed_jobs").await), ("succeeded".into(), 0));
        }
    }

    async fn jobs_that_are_not_known_lie_where_they_lay(case: &Case) {
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            let known = place.payload(1, &queued(case, "a").await);
            let odd = [
                "no JSON, ProcessWebhookEvent".to_owned(),
                known.replace("b:0;", "b:0;s:3:\\\"new\\\";N;").replace(":4:{", ":5:{"),
                known.replace("O:28:", "eyJpdiI6"),
                known.replace("\"maxExceptions\":null", "\"maxExceptions\":2"),
                known.replace("\"commandName\"", "\"batchId\":\"b\",\"commandName\""),
                known.replace(&uuid(1), ""),
            ];
            let mut strangers: Vec<String> = (2..300).map(foreign).collect();
            strangers.extend(odd);
            for payload in strangers.iter().chain([&known]) {
                place.push(case, "webhooks", payload).await;
            }
            let said = case.work(&["-o", "json"]);
            assert_eq!((said.code, &json(&said)["summary"]["unknown"]), (0, &304.into()), "{said:?}");
            assert_eq!(json(&said)["summary"]["done"], 1, "{said:?}");
            assert_eq!(place.jobs(case, "webhooks").await, strangers, "no byte and no place of them changed");
        }
    }

    async fn a_job_of_a_dead_worker_fails_unless_its_work_was_done(case: &Case) {
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            let (open, over) = (queued(case, "a").await, Event::due("b").status("processed").processed(-5).insert(case).await);
            let tried = Event::due("c").last_attempt(0).next_retry(9).insert(case).await;
            for (number, event) in [(1, &open), (2, &over), (3, &tried)] {
                let payload = place.payload(number, event).replace("\"attempts\":0", "\"attempts\":1");
                place.push(case, "webhooks", &payload).await;
            }
            case.execute("UPDATE jobs SET attempts = 1, reserved_at = 1").await;
            let said = case.work(&[]);
            assert_eq!(said.code, 4, "{said:?}");
            assert!(said.err.contains("DONE its event is final already"), "{said:?}");
            assert!(said.err.contains("DONE its try was over when its worker died"), "{said:?}");
            let failed = failed(case).await;
            let [(name, payload, exception)] = &failed[..] else { panic!("{failed:?}") };
            assert_eq!((name, payload.contains(&open)), (&uuid(1), true));
            assert_eq!(
                opsctl::laravel::failed::head(exception),
                r"Illuminate\Queue\MaxAttemptsExceededException: App\Jobs\ProcessWebhookEvent has been attempted too many times."
            );
            assert_eq!(case.event(&open).await.status, "queued", "it was not tried");
            assert_eq!(place.jobs(case, "webhooks").await, NONE);
            // What failed goes back, and is run then.
            Payment::pending("pay-1").insert(case).await;
            if let Place::Table = place {
                assert_eq!(case.run(&["queue", "retry", "all"]).code, 0);
                assert_eq!(case.work(&[]).code, 0);
                assert_eq!(case.event(&open).await.status, "processed");
            }
        }
    }

    // D16: the service takes such a job, releases it, and fails it at its next try.
    async fn d16_a_job_whose_kind_runs_elsewhere_is_left_untouched(case: &Case) {
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            let id = queued(case, "a").await;
            place.push(case, "webhooks", &place.payload(1, &id)).await;
            place.lock(case, &job(&id).overlap_lock(), "theirs").await;
            let before = (case.event(&id).await, place.jobs(case, "webhooks").await);
            let said = case.work(&[]);
            assert_eq!((said.code, case.count("failed_jobs").await), (0, 0), "{said:?}");
            assert!(said.err.contains("1 left: another job of its kind runs now."), "{said:?}");
            assert_eq!((case.event(&id).await, place.jobs(case, "webhooks").await), before);
            assert_eq!(place.locks(case).await, [job(&id).overlap_lock()]);
        }
    }

    // T20: who finishes a job must not free the lock of another one.
    async fn t20_a_unique_lock_is_freed_by_its_own_job_alone(case: &Case) {
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            let (own, owned, late) = (queued(case, "a").await, queued(case, "b").await, queued(case, "c").await);
            let with_owner = place.payload(2, &owned).replace("b:0;", "b:0;s:15:\\\"uniqueLockOwner\\\";s:4:\\\"mine\\\";").replace(":4:{", ":5:{");
            let long_ago = place.payload(3, &late).replace("\"createdAt\":1795165200", "\"createdAt\":1795164000");
            for (payload, event, owner) in [(place.payload(1, &own), &own, "any"), (with_owner, &owned, "another"), (long_ago, &late, "later")] {
                place.push(case, "webhooks", &payload).await;
                place.lock(case, &job(event).unique_lock(), owner).await;
            }
            let said = case.work(&[]);
            assert_eq!(said.code, 0, "{said:?}");
            let mut left = place.locks(case).await;
            left.sort();
            assert_eq!(left, [job(&owned).unique_lock(), job(&late).unique_lock()], "{said:?}");
        }
    }

    // D6: a claim that spends the last attempt is followed by that attempt.
    async fn d6_the_last_attempt_is_tried_and_each_is_counted_once(case: &Case) {
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            let last = Event::due("a").status("queued").attempts(5).last_attempt(-1).insert(case).await;
            let fresh = Event::due("b").last_attempt(0).received(0).next_retry(None).insert(case).await;
            let again = Event::due("c").attempts(2).insert(case).await;
            let used = Event::due("d").attempts(5).insert(case).await;
            let gone = format!("{:0<26}", "e");
            let incoming = ProcessWebhookEvent { trigger: Some("incoming".into()), ..job(&fresh) };
            place.push(case, "webhooks", &place.payload_of(9, &incoming)).await;
            for (number, event) in [(1, &last), (3, &again), (4, &used), (5, &gone)] {
                place.push(case, "webhooks", &place.payload(number, event)).await;
            }
            let said = case.work(&[]);
            assert_eq!((said.code, place.jobs(case, "webhooks").await), (0, NONE.to_vec()), "{said:?}");
            let mut stands = Vec::new();
            for id in [&last, &fresh, &again, &used] {
                let event = case.event(id).await;
                stands.push((event.status, event.attempts));
            }
            let stands: Vec<(&str, i64)> = stands.iter().map(|(status, attempts)| (status.as_str(), *attempts)).collect();
            assert_eq!(stands, [("failed", 5), ("received", 1), ("received", 3), ("received", 5)], "{said:?}");
            assert!(said.err.contains("DONE the event is gone"), "{said:?}");
            assert!(said.err.contains("DONE its event has used its attempts"), "{said:?}");
        }
    }

    async fn an_event_that_the_service_has_claimed_since_is_left_to_it(case: &Case) {
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            // The claim that pushed the job may not be marked as queued yet (D17); a later one is another run's.
            let ours = Event::due("a").status("processing").attempts(2).last_attempt(0).updated(0).insert(case).await;
            let theirs = Event::due("b").status("processing").attempts(2).last_attempt(0).updated(0).insert(case).await;
            let old = place.payload(2, &theirs).replace("\"createdAt\":1795165200", "\"createdAt\":1795165100");
            place.push(case, "webhooks", &place.payload(1, &ours)).await;
            place.push(case, "webhooks", &old).await;
            let said = case.work(&[]);
            assert_eq!(said.code, 0, "{said:?}");
            assert!(said.err.contains("1 left: claimed by the service a moment ago."), "{said:?}");
            assert_eq!((case.event(&ours).await.status.as_str(), case.event(&theirs).await.status.as_str()), ("received", "processing"));
            assert_eq!(place.jobs(case, "webhooks").await, [old]);
        }
    }

    async fn a_job_whose_rows_are_refused_fails_or_is_released_as_it_says(case: &Case) {
        let refuse = match case.db.engine() {
            Engine::Postgres => "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$ LANGUAGE plpgsql; \
                CREATE TRIGGER refuse BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION refuse()",
            Engine::MySql => "CREATE TRIGGER refuse BEFORE UPDATE ON payments FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'",
            Engine::Sqlite => "CREATE TRIGGER refuse BEFORE UPDATE ON payments BEGIN SELECT RAISE(ABORT, 'refused'); END",
        };
        case.execute(refuse).await;
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            Payment::pending("pay-1").insert(case).await;
            let (bad, patient) = (queued(case, "a").await, queued(case, "b").await);
            let good = Event::due("c").status("queued").attempts(2).body(r#"{"id":"x"}"#).insert(case).await;
            let tries = place.payload(2, &patient).replace("\"maxTries\":1", "\"maxTries\":3").replace("\"backoff\":null", "\"backoff\":\"30,60\"");
            for payload in [&place.payload(1, &bad), &tries, &place.payload(3, &good)] {
                place.push(case, "webhooks", payload).await;
            }
            let said = case.work(&["-o", "json"]);
            let summary = &json(&said)["summary"];
            assert_eq!((said.code, &summary["done"], &summary["released"], &summary["failed"]), (4, &1.into(), &1.into(), &1.into()), "{said:?}");
            let failed = failed(case).await;
            assert!(failed.len() == 1 && failed[0].0 == uuid(1) && failed[0].2.contains("refused"), "{failed:?}");
            assert!(case.event(&bad).await.note.unwrap().contains("not updated: "), "{said:?}");
            let jobs = place.jobs(case, "webhooks").await;
            match &place {
                Place::Table => {
                    assert_eq!(jobs, [tries]);
                    let due = case.rows("SELECT attempts, available_at FROM jobs").await;
                    assert_eq!((due[0].int("attempts").unwrap(), due[0].int("available_at").unwrap()), (1, 1_795_165_230));
                }
                Place::Redis(_) => {
                    assert_eq!(jobs, [tries.replace("\"attempts\":0", "\"attempts\":1")]);
                    assert_eq!(place.say(&["ZCARD", "app-queues:webhooks:delayed"]), "1");
                }
            }
        }
    }

    async fn the_old_provider_of_failed_jobs_gets_its_rows_too(case: &Case) {
        case.without_uuids().await;
        case.write_env("QUEUE_CONNECTION=database\nQUEUE_FAILED_DRIVER=database\nAPP_TIMEZONE=Asia/Jakarta\n");
        let id = queued(case, "a").await;
        Place::Table.push(case, "webhooks", &Place::Table.payload(1, &id)).await;
        case.execute("UPDATE jobs SET attempts = 1, reserved_at = 1").await;
        let said = case.work(&[]);
        assert_eq!(said.code, 1, "{said:?}");
        let rows = case.rows("SELECT queue, failed_at FROM failed_jobs").await;
        assert_eq!((rows.len(), rows[0].text("queue").unwrap()), (1, "webhooks".to_owned()));
        assert!(rows[0].text("failed_at").unwrap().starts_with("2026-11-20 16:00:00"), "the application's clock");
    }

    async fn delayed_and_abandoned_jobs_are_taken_when_their_time_has_come(case: &Case) {
        let Some(place) = Place::redis() else { return };
        case.write_env(&place.settings());
        let ids = [queued(case, "a").await, queued(case, "b").await, queued(case, "c").await, queued(case, "d").await];
        let any = |number: u32| place.payload(number, &ids[number as usize]).replace("\"maxTries\":1", "\"maxTries\":0");
        let (delayed, reserved) = ("app-queues:webhooks:delayed", "app-queues:webhooks:reserved");
        for (number, key, score) in [(0, delayed, "1"), (1, reserved, "2"), (2, delayed, "9999999999"), (3, reserved, "9999999999")] {
            place.say(&["ZADD", key, score, &any(number)]);
        }
        let stranger = foreign(7);
        place.say(&["ZADD", delayed, "1", &stranger]);
        let said = case.work(&["-o", "json"]);
        assert_eq!((said.code, &json(&said)["summary"]["done"]), (0, &2.into()), "{said:?}");
        assert_eq!(place.jobs(case, "webhooks").await, [stranger, any(2), any(3)]);
        assert_eq!(place.say(&["ZSCORE", reserved, &any(3)]), "9999999999");
    }

    async fn signs_are_heeded_and_a_dry_run_changes_nothing(case: &Case) {
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            let id = queued(case, "a").await;
            place.push(case, "webhooks", &place.payload(1, &id)).await;
            place.lock(case, &job(&id).unique_lock(), "own").await;
            let before = (case.event(&id).await, place.jobs(case, "webhooks").await, place.locks(case).await);
            let dry = case.work(&["--dry-run"]);
            assert!(dry.code == 0 && dry.err.contains("It would have been: 1 done"), "{dry:?}");
            assert_eq!((case.event(&id).await, place.jobs(case, "webhooks").await, place.locks(case).await), before);
            assert_eq!(case.run(&["queue", "pause", "webhooks"]).code, 0);
            let paused = case.work(&[]);
            assert!(paused.code == 0 && paused.err.contains("No job was taken"), "{paused:?}");
            assert_eq!(case.run(&["queue", "resume", "webhooks"]).code, 0);
            let down = case.folder.path().join("storage/framework/down");
            std::fs::create_dir_all(down.parent().unwrap()).unwrap();
            std::fs::write(&down, "{}").unwrap();
            let said = case.work(&[]);
            assert!(said.code == 0 && said.err.contains("the application is down for maintenance"), "{said:?}");
            assert_eq!((case.event(&id).await, place.jobs(case, "webhooks").await, place.locks(case).await), before);
            let forced = case.work(&["--force"]);
            assert!(forced.code == 0 && forced.err.contains("1 job: 1 done"), "{forced:?}");
            std::fs::remove_file(down).unwrap();
        }
    }

    async fn queues_are_worked_in_their_order_and_bounds_are_kept(case: &Case) {
        for place in Place::both() {
            place.clear(case).await;
            case.write_env(&place.settings());
            for (number, queue) in [(1, "low"), (2, "low"), (3, "high"), (4, "high")] {
                let id = queued(case, &format!("{number}")).await;
                place.push(case, queue, &place.payload(number, &id)).await;
            }
            let said = case.run(&["queue:work", place.connection(), "--queue=high,low", "--once", "--memory=64", "--timeout=30"]);
            assert!(said.code == 0 && said.err.contains(&uuid(3)), "{said:?}");
            let said = case.run(&["queue", "work", "--queue", "high,low", "--max-jobs", "2"]);
            assert!(said.code == 0 && said.err.contains("it ended: it has had its jobs"), "{said:?}");
            assert!(place.jobs(case, "high").await.is_empty());
            assert_eq!(place.jobs(case, "low").await, [place.payload(2, &format!("{:0<26}", "2"))]);
            let none = case.run(&["queue", "work", "--once"]);
            assert!(none.code == 0 && none.err.contains("No job was taken from webhooks, default"), "{none:?}");
            let over = case.run(&["queue", "work", "--queue", "high", "--max-time", "1s", "--sleep", "1h"]);
            assert!(over.code == 0 && over.err.contains("it has had its time"), "{over:?}");
        }
    }
}

#[test]
fn the_locks_are_the_frameworks_own() {
    let class = r"App\Jobs\ProcessWebhookEvent";
    assert_eq!(job("x").overlap_lock(), lock_name::overlap(class, "webhook-event:x"));
}
