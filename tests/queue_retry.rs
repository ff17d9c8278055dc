//! `queue retry`: which failed jobs go back to their queue, with which bytes, and which stay.

use crate::{
    on_every_engine,
    support::failed_jobs::{Queue, outcome, payload, payload_with, renewed, uuid},
};

/// Payloads as Laravel 12 and 13 wrote them: of the service's database and Redis queues, and of a messaging queue.
const SAMPLES: [&str; 5] = [
    r#"{"uuid":"a8904d43-0c91-4dc1-9242-3aa28cffe06f","displayName":"App\\Jobs\\ProcessWebhookEvent","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":1,"maxExceptions":null,"failOnTimeout":false,"backoff":null,"timeout":120,"retryUntil":null,"data":{"commandName":"App\\Jobs\\ProcessWebhookEvent","command":"O:28:\"App\\Jobs\\ProcessWebhookEvent\":4:{s:14:\"webhookEventId\";s:26:\"01jd000000ugl104fe44798f39\";s:7:\"trigger\";s:5:\"retry\";s:5:\"force\";b:0;s:5:\"queue\";s:8:\"webhooks\";}"},"createdAt":1795159803,"illuminate:log:context":{"data":[],"hidden":{"laravel_unique_job_cache_store":"s:8:\"database\";","laravel_unique_job_key":"s:88:\"laravel_unique_job:App\\Jobs\\ProcessWebhookEvent:webhook-event:01jd000000ugl104fe44798f39\";"}},"delay":null}"#,
    r#"{"uuid":"078c02bc-4372-443e-b53e-f4c70c8963ce","displayName":"App\\Jobs\\ProcessWebhookEvent","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":1,"maxExceptions":null,"failOnTimeout":false,"backoff":null,"timeout":120,"retryUntil":null,"data":{"commandName":"App\\Jobs\\ProcessWebhookEvent","command":"O:28:\"App\\Jobs\\ProcessWebhookEvent\":4:{s:14:\"webhookEventId\";s:26:\"01jd000000ugrma589efa2b291\";s:7:\"trigger\";s:5:\"retry\";s:5:\"force\";b:0;s:5:\"queue\";s:8:\"webhooks\";}"},"createdAt":1795159802,"illuminate:log:context":{"data":[],"hidden":{"laravel_unique_job_cache_store":"s:8:\"database\";","laravel_unique_job_key":"s:88:\"laravel_unique_job:App\\Jobs\\ProcessWebhookEvent:webhook-event:01jd000000ugrma589efa2b291\";"}},"id":"aCuBAPrV55OV4M6KdypM9fAaz3ZHjCIr","attempts":1,"delay":null}"#,
    r#"{"uuid":"eeba5137-9898-4fed-a677-931ce0d08441","displayName":"App\\Jobs\\SendWaMessageJob","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":null,"maxExceptions":null,"failOnTimeout":false,"backoff":null,"timeout":null,"retryUntil":null,"data":{"commandName":"App\\Jobs\\SendWaMessageJob","command":"O:25:\"App\\Jobs\\SendWaMessageJob\":2:{s:11:\"waMessageId\";s:36:\"01a1e86c-c973-7797-8513-fda799d5ba89\";s:5:\"queue\";s:9:\"messaging\";}","batchId":null},"createdAt":1795160056,"delay":null}"#,
    r#"{"uuid":"49a42ff2-554f-4047-a046-a0afed43a913","displayName":"App\\Jobs\\SendWaMessageJob","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":null,"maxExceptions":null,"failOnTimeout":false,"backoff":null,"timeout":null,"retryUntil":null,"data":{"commandName":"App\\Jobs\\SendWaMessageJob","command":"O:25:\"App\\Jobs\\SendWaMessageJob\":2:{s:11:\"waMessageId\";s:36:\"01a1e86c-d145-7f0b-89e2-433e2549c27c\";s:5:\"queue\";s:9:\"messaging\";}","batchId":null},"createdAt":1795160056,"id":"2NiAelL5OI1pG7mz9fc0eOlN1xdEgou1","attempts":2,"delay":null}"#,
    // As Lua leaves what a worker had: other order, `{}` for an empty array.
    r#"{"uuid":"349f5571-5fe4-4504-b69e-98c58ca40ef0","timeout":120,"job":"Illuminate\\Queue\\CallQueuedHandler@call","id":"u9YsnvEBZ0WYTXw4fNTqOwBW5wdM9ij9","illuminate:log:context":{"data":{},"hidden":{"laravel_unique_job_key":"s:88:\"laravel_unique_job:App\\Jobs\\ProcessWebhookEvent:webhook-event:01jd000000ugxxxxxxfa2b291x\";","laravel_unique_job_cache_store":"s:8:\"database\";"}},"backoff":null,"displayName":"App\\Jobs\\ProcessWebhookEvent","maxTries":1,"createdAt":1795159861,"failOnTimeout":false,"maxExceptions":null,"retryUntil":null,"data":{"command":"O:28:\"App\\Jobs\\ProcessWebhookEvent\":4:{s:14:\"webhookEventId\";s:26:\"01jd000000ugxxxxxxfa2b291x\";s:7:\"trigger\";s:5:\"retry\";s:5:\"force\";b:0;s:5:\"queue\";s:8:\"webhooks\";}","commandName":"App\\Jobs\\ProcessWebhookEvent"},"delay":null,"attempts":1}"#,
];

/// The `uuid` of a payload.
fn uuid_of(payload: &str) -> &str {
    payload.split(r#""uuid":""#).nth(1).unwrap().split('"').next().unwrap()
}

const JSON: [&str; 5] = ["queue", "retry", "all", "-o", "json"];
const ALL: [&str; 3] = ["queue", "retry", "all"];

on_every_engine! {
    async fn every_sample_goes_back_with_its_attempts_changed_alone(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            for sample in SAMPLES {
                case.fail(queue.connection(), "webhooks", Some(uuid_of(sample)), sample).await;
            }
            let said = case.run(&ALL);
            assert_eq!(said.code, 0, "{said:?}");
            assert_eq!(case.failed().await, 0);
            let jobs = queue.jobs(case, "webhooks").await;
            assert_eq!(jobs.len(), SAMPLES.len(), "{said:?}");
            for sample in SAMPLES {
                let job = jobs.iter().find(|job| uuid_of(job) == uuid_of(sample)).unwrap();
                let reset = sample.replace(r#""attempts":1"#, r#""attempts":0"#).replace(r#""attempts":2"#, r#""attempts":0"#);
                if sample.contains("attempts") || matches!(queue, Queue::Table) {
                    assert_eq!(*job, reset);
                    continue;
                }
                // A job of a table gets what Redis needs at its end, and nothing else.
                let added = job.strip_prefix(reset.trim_end_matches('}')).unwrap();
                let id = added.strip_prefix(r#"},"id":""#).or_else(|| added.strip_prefix(r#","id":""#)).unwrap();
                assert!(id.ends_with(r#"","attempts":0}"#) && id.len() == 32 + 15, "{added}");
            }
            case.execute("DELETE FROM cache_locks").await;
        }
    }

    async fn jobs_go_back_oldest_first_and_are_no_failed_jobs_any_more(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            case.fail_all(queue.connection(), "emails", 1..6).await;
            case.fail_all(queue.connection(), "default", 6..8).await;
            let said = case.run(&ALL);
            assert_eq!(said.code, 0, "{said:?}");
            assert!(said.err.contains("7 failed jobs: 7 retried"), "{said:?}");
            let wanted: Vec<String> = (1..6).map(|number| renewed(&payload(number))).collect();
            assert_eq!(queue.jobs(case, "emails").await, wanted);
            assert_eq!(queue.jobs(case, "default").await.len(), 2);
            assert_eq!((case.failed().await, queue.tokens("emails")), (0, 0));
            let idle = case.run(&ALL);
            assert!(idle.code == 0 && idle.err.contains("No failed jobs match"), "{idle:?}");
        }
    }

    async fn ids_choose_failed_jobs_and_an_unknown_one_changes_nothing(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            case.execute("DELETE FROM failed_jobs").await;
            case.fail_all(queue.connection(), "emails", 1..5).await;
            let unknown = case.run(&["queue", "retry", &uuid(2), "a8904d43-0c91-4dc1-9242-0000000000044"]);
            assert_eq!(unknown.code, 9, "{unknown:?}");
            assert!(unknown.err.contains("no failed job has the id `a8904d43-0c91-4dc1-9242-0000000000044`"), "{unknown:?}");
            assert!(unknown.err.contains("did you mean `a8904d43-0c91-4dc1-9242-000000000004`"), "{unknown:?}");
            let number = case.run(&["queue", "retry", "1"]);
            assert!(number.code == 9 && number.err.contains("names failed jobs by their UUID"), "{number:?}");
            assert_eq!((case.failed().await, queue.jobs(case, "emails").await.len()), (4, 0));
            let upper = uuid(3).to_uppercase();
            let said = case.run(&["queue:retry", &uuid(2), &upper]);
            assert_eq!((said.code, case.failed().await), (0, 2), "{said:?}");
            assert_eq!(queue.jobs(case, "emails").await, [renewed(&payload(2)), renewed(&payload(3))]);
            for words in [&["queue", "retry", "all", "x"][..], &["queue", "retry", "x", "--class", "A"], &["queue", "retry"]] {
                assert_eq!(case.run(words).code, 2, "{words:?}");
            }
        }
    }

    async fn the_older_provider_names_rows_and_several_of_one_job_are_pushed_once(case: &Case) {
        case.without_uuids().await;
        for queue in Queue::both() {
            case.write_env(&format!("{}QUEUE_FAILED_DRIVER=database\n", queue.settings()));
            for number in [1, 2, 1, 3] {
                case.fail(queue.connection(), "emails", None, &payload(number)).await;
            }
            let ids = case.rows("SELECT id FROM failed_jobs ORDER BY id").await;
            let ids: Vec<String> = ids.iter().map(|row| row.text("id").unwrap()).collect();
            let said = case.run(&["queue", "retry", &ids[3], "-q"]);
            assert_eq!((said.code, case.failed().await), (0, 3), "{said:?}");
            let said = case.run(&JSON);
            assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
            assert_eq!(outcome(&said, &ids[0]).0, "retried");
            assert_eq!(outcome(&said, &ids[2]), ("present".into(), "another failed job has its uuid".into()));
            assert_eq!(queue.jobs(case, "emails").await, [3, 1, 2].map(|number| renewed(&payload(number))));
        }
    }

    async fn a_job_that_lies_in_its_queue_is_not_pushed_again(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            case.fail_all(queue.connection(), "emails", 1..3).await;
            queue.push(case, "emails", &renewed(&payload(2))).await;
            let said = case.run(&JSON);
            assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
            assert_eq!(outcome(&said, &uuid(2)), ("present".into(), "it was in its queue already".into()));
            assert_eq!(queue.jobs(case, "emails").await, [2, 1].map(|number| renewed(&payload(number))));
        }
    }

    async fn a_deadline_that_is_over_stays_unless_it_gets_a_new_one(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            let dated = payload(1).replace(r#""retryUntil":null"#, r#""retryUntil":1795165199"#);
            case.fail(queue.connection(), "emails", Some(&uuid(1)), &dated).await;
            let said = case.run(&JSON);
            assert_eq!((said.code, case.failed().await), (1, 1), "{said:?}");
            assert_eq!(outcome(&said, &uuid(1)).0, "expired");
            let said = case.run(&["queue", "retry", "all", "--retry-for", "1h"]);
            assert_eq!((said.code, case.failed().await), (0, 0), "{said:?}");
            let later = payload(1).replace(r#""retryUntil":null"#, r#""retryUntil":1795168800"#);
            assert_eq!(queue.jobs(case, "emails").await, [renewed(&later)]);
        }
    }

    async fn what_cannot_be_read_stays_and_is_told(case: &Case) {
        let deep = format!(r#"{{"uuid":"u","job":"x@y","a":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
        let wrong = payload(4).replace("s:11:", "s:12:");
        let bad = [
            ("O:1:\"A\":0:{}", "the payload is not a JSON object"),
            (r#"{"job":"x@y"}"#, "the payload has no uuid"),
            (r#"{"uuid":"u"}"#, "the payload names no handler"),
            (&wrong, "its command cannot be read: "),
            (&deep, "the payload is too large or too deep"),
            ("", "the payload is not a JSON object"),
        ];
        let nul = payload(9).replace(r#""waMessageId\""#, "\"wa\\u0000MessageId\\\"").replace("s:11:", "s:12:");
        let large = payload_with(8, &format!(r#","own":"{}""#, "x".repeat(10 << 20)));
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            for (at, (text, _)) in bad.iter().enumerate() {
                case.fail(queue.connection(), "emails", Some(&uuid(100 + at as u32)), text).await;
            }
            case.fail(queue.connection(), "emails", Some(&uuid(9)), &nul).await;
            case.fail(queue.connection(), "emails", Some(&uuid(8)), &large).await;
            let said = case.run(&JSON);
            assert_eq!((said.code, case.failed().await), (4, bad.len() as i64), "{}", said.err);
            for (at, (_, why)) in bad.iter().enumerate() {
                let (outcome, reason) = outcome(&said, &uuid(100 + at as u32));
                assert!(outcome == "unreadable" && reason.starts_with(why), "{reason}");
            }
            // Ten mebibytes, and NUL as JSON writes it, are nothing special.
            assert_eq!(queue.jobs(case, "emails").await, [renewed(&nul), renewed(&large)]);
            let again = case.run(&ALL);
            assert_eq!((again.code, case.failed().await), (1, bad.len() as i64), "{}", again.err);
            case.execute("DELETE FROM failed_jobs").await;
        }
    }

    async fn jobs_of_a_connection_that_is_not_there_stay(case: &Case) {
        case.write_env("QUEUE_CONNECTION=database\n");
        case.fail("sqs", "emails", Some(&uuid(1)), &payload(1)).await;
        case.fail("databse", "emails", Some(&uuid(2)), &payload(2)).await;
        case.fail("database", "emails", Some(&uuid(3)), &payload(3)).await;
        let said = case.run(&JSON);
        assert_eq!((said.code, case.failed().await), (4, 2), "{said:?}");
        let (found, why) = outcome(&said, &uuid(1));
        assert!(found == "failed" && why.contains("its driver is `sqs`"), "{why}");
        assert!(outcome(&said, &uuid(2)).1.contains("`databse`"), "{said:?}");
        assert_eq!(Queue::Table.jobs(case, "emails").await.len(), 1);
    }

    async fn filters_choose_by_queue_class_exception_and_time(case: &Case) {
        let queue = Queue::Table;
        case.write_env(&queue.settings());
        let other = payload(5).replace("SendWaMessageJob", "SendMailJob").replace("O:25", "O:20");
        let far = format!("Error: x_y%z in /a:1\n{}PDOException", "#".repeat(1000));
        let all = [
            (1, "emails", payload(1), "PDOException: SQLSTATE 08006 in /a:1", "2026-11-20 08:00:00"),
            (2, "default", payload(2), "PDOException: SQLSTATE 08006 in /a:1", "2026-11-20 08:00:00"),
            (3, "emails", payload(3), &far, "2026-11-20 08:00:00"),
            (4, "emails", payload(4), "PDOException: SQLSTATE 08006 in /a:1", "2026-11-19 08:00:00"),
            (5, "emails", other, "PDOException: SQLSTATE 08006 in /a:1", "2026-11-20 08:00:00"),
        ];
        for (number, name, text, exception, at) in &all {
            case.fail_with(["database", name], Some(&uuid(*number)), text, exception, at).await;
        }
        for (words, numbers) in [
            (&["--queue", "emails"][..], vec![1, 3, 4, 5]),
            (&["--class", "SendMailJob"], vec![5]),
            (&["--class", r"App\Jobs\SendMailJob"], vec![5]),
            (&["--class", "MailJob"], vec![]),
            (&["--exception", "pdoexception"], vec![1, 2, 4, 5]),
            (&["--exception", "x_y%z"], vec![3]),
            (&["--exception", "x_y_z"], vec![]),
            (&["--since", "today"], vec![1, 2, 3, 5]),
            (&["--until", "yesterday"], vec![4]),
            (&["--queue", "emails", "--exception", "SQLSTATE", "--since", "2h", "--class", "SendWaMessageJob"], vec![1]),
        ] {
            let words: Vec<&str> = ["queue", "retry", "all", "--dry-run", "-o", "ids"].iter().chain(words).copied().collect();
            let said = case.run(&words);
            let found: Vec<&str> = said.out.lines().collect();
            assert_eq!(found, numbers.iter().map(|number| uuid(*number)).collect::<Vec<_>>(), "{words:?}: {said:?}");
        }
        assert_eq!(case.failed().await, 5);
        let said = case.run(&["queue:retry", "--queue=default"]);
        assert_eq!((said.code, case.failed().await), (0, 4), "{said:?}");
    }

    async fn a_limit_counts_what_leaves_and_a_rate_takes_its_time(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            case.execute("DELETE FROM failed_jobs").await;
            case.fail(queue.connection(), "emails", Some(&uuid(77)), "{}").await;
            case.fail_all(queue.connection(), "emails", 1..10).await;
            let said = case.run(&["queue", "retry", "all", "--limit", "4"]);
            assert_eq!((said.code, case.failed().await), (4, 6), "{said:?}");
            assert_eq!(queue.jobs(case, "emails").await.len(), 4);
            let started = std::time::Instant::now();
            let said = case.run(&["queue", "retry", "all", "--rate", "2"]);
            assert_eq!((said.code, case.failed().await), (4, 1), "{said:?}");
            assert!(started.elapsed().as_millis() >= 1500, "{:?}", started.elapsed());
        }
    }

    async fn a_dry_run_tells_the_same_and_changes_nothing(case: &Case) {
        for queue in Queue::both() {
            case.write_env(&queue.settings());
            case.execute("DELETE FROM failed_jobs").await;
            case.fail(queue.connection(), "webhooks", Some(uuid_of(SAMPLES[0])), SAMPLES[0]).await;
            case.fail(queue.connection(), "webhooks", Some(&uuid(1)), "[]").await;
            case.fail(queue.connection(), "webhooks", Some(&uuid(2)), &payload(2)).await;
            queue.push(case, "webhooks", &renewed(&payload(2))).await;
            let dry = case.run(&["queue", "retry", "all", "--dry-run", "-o", "json"]);
            assert_eq!((case.failed().await, queue.jobs(case, "webhooks").await.len()), (3, 1), "{dry:?}");
            assert_eq!((case.count("cache_locks").await, queue.tokens("webhooks")), (0, 0));
            let words = case.run(&["queue", "retry", "all", "--dry-run"]).err;
            assert!(words.contains("Dry run, nothing was changed. A run would look at 3 failed jobs: 1 retried, 1 present, 1 unreadable"), "{words}");
            let said = case.run(&JSON);
            assert_eq!(dry.code, said.code);
            let items = |said: &crate::support::cli::Said| {
                let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
                (report["data"]["items"].clone(), report["summary"].clone())
            };
            assert_eq!(items(&dry), items(&said));
            case.execute("DELETE FROM cache_locks").await;
        }
    }

    async fn who_retried_what_is_kept_where_the_table_is(case: &Case) {
        case.write_env("QUEUE_CONNECTION=database\n");
        let said = case.run(&["db", "migrate"]);
        assert_eq!(said.code, 0, "{said:?}");
        case.fail_with(["database", "emails"], Some(&uuid(1)), &payload(1), "Error: é in /a:1\n#0 x", "2026-11-20 08:00:00").await;
        case.fail("database", "emails", Some(&uuid(2)), "[]").await;
        let said = case.run(&ALL);
        assert_eq!(said.code, 4, "{said:?}");
        let rows = case.rows("SELECT * FROM opsctl_retried_jobs").await;
        assert_eq!(rows.len(), 1);
        let text = |name: &str| rows[0].text(name).unwrap();
        assert_eq!(
            (text("uuid"), text("class"), text("exception"), text("queue")),
            (uuid(1), r"App\Jobs\SendWaMessageJob".into(), "Error: é".into(), "emails".into())
        );
        assert_eq!(rows[0].time("failed_at").unwrap().unwrap().to_rfc3339(), "2026-11-20T08:00:00+00:00");
        assert_eq!(rows[0].time("retried_at").unwrap().unwrap(), crate::support::now());
        let run = case.rows("SELECT run FROM opsctl_journal WHERE command = 'queue retry'").await;
        assert_eq!(run[0].text("run").unwrap(), text("run"));
    }
}
