//! Failed jobs: grouped, listed, shown, forgotten; times in the application's zone.

use opsctl::{
    Kind,
    cancel::Cancel,
    laravel::failed::FailedJobs,
    queue::{self, FailedFilter},
};

use crate::{
    on_every_engine,
    support::{
        Case, Schema,
        jobs::{OF_A_TABLE, WITH_A_BATCH, json},
    },
};

const TIMEOUT: &str = "Illuminate\\Queue\\TimeoutExceededException: App\\Jobs\\ProcessWebhookEvent has timed out. in /srv/app/vendor/x.php:9\nStack trace:\n#0 /srv/app/worker.php(1): timeout()\n#1 {main}";
const REFUSED: &str =
    "RuntimeException: 100%_refused in /srv/app/Gateway.php:12\nStack trace:\n#0 timeout.php";

/// Three of one kind, one of another, and one that cannot be read.
async fn fill(case: &Case) {
    case.write_queue_env("");
    for (uuid, queue, payload, exception, at) in [
        ("f-1", "webhooks", OF_A_TABLE, TIMEOUT, "2026-11-18 09:00:00"),
        ("f-2", "webhooks", OF_A_TABLE, TIMEOUT, "2026-11-19 09:00:00"),
        ("f-3", "messaging", WITH_A_BATCH, REFUSED, "2026-11-20 07:00:00"),
        ("f-4", "webhooks", OF_A_TABLE, TIMEOUT, "2026-11-20 08:59:59"),
        ("f-5", "webhooks", "rubbish", "", "2026-11-20 09:00:00"),
    ] {
        case.insert_failed(uuid, queue, payload, exception, at).await;
    }
}

fn ids(case: &Case, words: &[&str]) -> Vec<String> {
    let said = case.run(&[&["queue", "failed", "--list", "-o", "ids"], words].concat());
    assert_eq!(said.code, 0, "{words:?}: {said:?}");
    said.out.lines().map(str::to_owned).collect()
}

on_every_engine! {
    async fn what_failed_in_the_same_way_stands_together(case: &Case) {
        fill(case).await;
        let said = case.run(&["queue", "failed"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @r"
            ID   COUNT  CLASS                         QUEUE      FIRST FAILED AT  FAILED AT  EXCEPTION
            f-4      3  App\Jobs\ProcessWebhookEvent  webhooks   2d ago           1s ago     Illuminate\Queue\TimeoutExceededException: App\Jobs\ProcessWebhookEvent has timed out.
            f-5      1  -                             webhooks   now              now        -
            f-3      1  App\Jobs\SendWaMessageJob     messaging  2h ago           2h ago     RuntimeException: 100%_refused
            ");
        }
        assert_eq!(said.err, "5 failed jobs in 3 groups.\n");
        let found = json(&case.run(&["queue:failed", "--json", "--limit", "1"]));
        assert_eq!((&found["summary"]["jobs"], &found["summary"]["groups"]), (&5.into(), &3.into()));
        assert_eq!(found["summary"]["more"], true);
        assert_eq!(found["data"][0]["first_failed_at"], "2026-11-18T09:00:00Z");
        assert_eq!(found["data"].as_array().unwrap().len(), 1);
    }

    async fn each_filter_takes_what_it_says(case: &Case) {
        fill(case).await;
        for (words, expected) in [
            (&[][..], &["f-5", "f-4", "f-3", "f-2", "f-1"][..]),
            (&["--limit", "2"], &["f-5", "f-4"]),
            (&["--queue", "messaging"], &["f-3"]),
            (&["--class", "ProcessWebhookEvent"], &["f-4", "f-2", "f-1"]),
            (&["--class", r"\App\Jobs\SendWaMessageJob"], &["f-3"]),
            // The trace of the other one speaks of it, too, but its message does.
            (&["--exception", "TIMED OUT"], &["f-4", "f-2", "f-1"]),
            (&["--exception", "100%_ref"], &["f-3"]),
            (&["--exception", "100__ref"], &[]),
            (&["--since", "2h"], &["f-5", "f-4", "f-3"]),
            (&["--since", "2026-11-19 09:00", "--until", "2026-11-20 07:00"], &["f-2"]),
            (&["--class", "ProcessWebhookEvent", "--until", "2026-11-19"], &["f-2", "f-1"]),
        ] {
            assert_eq!(ids(case, words), expected, "{words:?}");
        }
    }

    async fn one_is_shown_in_full(case: &Case) {
        fill(case).await;
        let said = case.run(&["queue", "failed", "f-2"]);
        insta::allow_duplicates! {
            insta::with_settings!({filters => vec![(r"Row \.+ \d+", "Row ROW")]}, {
                insta::assert_snapshot!(said.out, @r"
                Failed job ... f-2
                Row ROW
                Class ........ App\Jobs\ProcessWebhookEvent
                Queue ........ webhooks of database
                Failed ....... 2026-11-19 09:00:00 UTC
                Attempts ..... - of 1
                Payload ...... 764 bytes
                  Illuminate\Queue\TimeoutExceededException: App\Jobs\ProcessWebhookEvent has timed out. in /srv/app/vendor/x.php:9
                  Stack trace:
                  #0 /srv/app/worker.php(1): timeout()
                  #1 {main}
                ");
            });
        }
        let odd = json(&case.run(&["queue", "failed", "f-5", "--json"]));
        assert_eq!(odd["data"][0]["detail"]["unreadable"], "the payload is not a JSON object");
        let said = case.run(&["queue", "failed", "f-9"]);
        assert_eq!((said.code, said.err.contains("no failed job has the id `f-9`")), (9, true), "{said:?}");
    }

    // `failed_at` is the application's clock on the wall.
    async fn times_are_the_applications(case: &Case) {
        fill(case).await;
        case.write_queue_env("APP_TIMEZONE=Asia/Jakarta\n");
        let found = json(&case.run(&["queue", "failed", "f-3", "--json"]));
        assert_eq!(found["data"][0]["failed_at"], "2026-11-20T00:00:00Z");
        assert_eq!(ids(case, &["--since", "2026-11-20T00:00:00Z", "--until", "2026-11-20T00:00:01Z"]), ["f-3"]);
        case.write_queue_env("APP_TIMEZONE=Asia/Jakrta\n");
        let said = case.run(&["queue", "failed"]);
        assert_eq!((said.code, said.err.contains("no time zone is named `Asia/Jakrta`")), (6, true), "{said:?}");
    }

    async fn forgetting_takes_all_ids_or_none(case: &Case) {
        fill(case).await;
        let said = case.run(&["queue", "forget", "f-1"]);
        assert_eq!((said.code, said.err.contains("--yes")), (5, true), "{said:?}");
        let said = case.run(&["queue:forget", "f-1", "f-9", "--yes"]);
        assert_eq!((said.code, said.err.contains("`f-9`")), (9, true), "{said:?}");
        let said = case.run(&["queue", "forget", "f-1", "f-2", "--dry-run"]);
        assert_eq!((said.code, &*said.err), (0, "Dry run: this would forget 2 failed jobs.\n"));
        assert_eq!(case.count("failed_jobs").await, 5);
        let said = case.run(&["queue", "forget", "f-1", "f-2", "--yes"]);
        assert_eq!((said.code, &*said.err), (0, "Forgot 2 failed jobs.\n"));
        assert_eq!(ids(case, &[]), ["f-5", "f-4", "f-3"]);
        let journal = std::fs::read_to_string(case.folder.path().join("state/journal.jsonl")).unwrap();
        assert!(journal.contains("\"command\":\"queue forget\"") && journal.contains("\"forgotten\":2"), "{journal}");
    }

    async fn flushing_takes_what_the_filter_says(case: &Case) {
        fill(case).await;
        let said = case.run(&["queue", "flush"]);
        assert_eq!((said.code, said.err.contains("this will forget all 5 failed jobs")), (5, true), "{said:?}");
        for (words, left) in [
            (&["--exception", "nothing such"][..], 5),
            // 24 hours and the second itself, as the framework's.
            (&["--hours", "24"], 3),
            (&["--class", "SendWaMessageJob"], 2),
            (&["--until", "2026-11-20 09:00"], 1),
            (&[], 0),
        ] {
            let dry = case.run(&[&["queue", "flush", "--dry-run"], words].concat());
            let said = case.run(&[&["queue:flush", "--yes"], words].concat());
            assert_eq!((dry.code, said.code), (0, 0), "{words:?}: {dry:?} {said:?}");
            assert_eq!(case.count("failed_jobs").await, left, "{words:?}: {said:?}");
        }
        assert!(case.run(&["queue", "flush"]).err.contains("No jobs have failed."));
    }

    // Windows and batches are of 2,000 rows: what lies on their edges is neither missed nor counted twice.
    async fn more_rows_than_a_window_are_counted_and_forgotten(case: &Case) {
        case.write_queue_env("");
        case.insert_failed("f-0", "webhooks", OF_A_TABLE, TIMEOUT, "2026-11-20 08:00:00").await;
        for _ in 0..12 {
            let uuid = match case.db.engine() {
                Engine::MySql => "CONCAT(uuid, '-', (SELECT COUNT(*) FROM (SELECT 1 FROM failed_jobs) x))",
                _ => "uuid || '-' || (SELECT COUNT(*) FROM failed_jobs)",
            };
            case.execute(&format!(
                "INSERT INTO failed_jobs (uuid, connection, queue, payload, exception, failed_at) \
                 SELECT {uuid}, connection, queue, payload, exception, failed_at FROM failed_jobs"
            )).await;
        }
        let found = json(&case.run(&["queue", "failed", "--json"]));
        assert_eq!((&found["data"][0]["count"], &found["summary"]["groups"]), (&4096.into(), &1.into()));
        assert_eq!(ids(case, &["--limit", "4001"]).len(), 4001);
        case.execute("UPDATE failed_jobs SET queue = 'kept' WHERE id % 2 = 0").await;
        let said = case.run(&["queue", "flush", "--queue", "webhooks", "--class", "ProcessWebhookEvent", "--yes"]);
        let kept = case.count("failed_jobs WHERE queue = 'kept'").await;
        assert_eq!((said.code, case.count("failed_jobs").await), (0, kept), "{said:?}");
        assert!(said.err.contains(&format!("Forgot {} failed jobs.", 4096 - kept)), "{}", said.err);
    }

    // What was asked about is what is forgotten.
    async fn what_fails_while_it_runs_stays(case: &Case) {
        fill(case).await;
        let failed = FailedJobs { db: &case.db, table: "failed_jobs".into(), named_by_uuid: true, zone: chrono_tz::UTC };
        let filter = FailedFilter::default();
        let counted = queue::count(&failed, &filter).await.unwrap();
        case.insert_failed("f-6", "webhooks", OF_A_TABLE, TIMEOUT, "2026-11-20 08:00:00").await;
        let mut told = Vec::new();
        let done = queue::flush(&failed, &filter, counted, &Cancel::new(), |done| told.push(done)).await.unwrap();
        assert_eq!((counted.count, done, told), (5, 5, vec![5]));
        assert_eq!(ids(case, &[]), ["f-6"]);
        // A request to stop is heard before the first batch.
        let cancel = Cancel::new();
        cancel.request();
        let counted = queue::count(&failed, &filter).await.unwrap();
        let stopped = queue::flush(&failed, &filter, counted, &cancel, |_| {}).await.unwrap_err();
        assert_eq!((stopped.kind(), case.count("failed_jobs").await), (Kind::Interrupted, 1));
    }

    // A table of the older provider, which names failed jobs by their rows.
    async fn rows_name_failed_jobs_where_the_provider_does(case: &Case) {
        fill(case).await;
        case.write_queue_env("QUEUE_FAILED_DRIVER=database\n");
        let rows = ids(case, &[]);
        assert!(rows.len() == 5 && rows.iter().all(|id| id.parse::<i64>().is_ok()), "{rows:?}");
        assert_eq!(case.run(&["queue", "failed", "f-2"]).code, 9);
        assert_eq!(case.run(&["queue", "forget", &rows[0], "--yes"]).code, 0);
        assert_eq!(ids(case, &[]), rows[1..]);
        case.write_queue_env("QUEUE_FAILED_DRIVER=file\n");
        let said = case.run(&["queue", "failed"]);
        assert_eq!((said.code, said.err.contains("provider `file`")), (6, true), "{said:?}");
    }
}

// Where the configuration is cached, nothing else is read.
#[tokio::test]
async fn the_zone_of_a_cached_configuration_counts() {
    let case = Case::new(opsctl::db::Engine::Sqlite, Schema::Service).await.unwrap();
    fill(&case).await;
    case.write_queue_env("APP_TIMEZONE=UTC\n");
    let folder = case.folder.path().join("bootstrap/cache");
    std::fs::create_dir_all(&folder).unwrap();
    let config = format!(
        "<?php return array ('app' => array ('name' => 'App', 'env' => 'local', 'timezone' => 'Asia/Jakarta'),
          'queue' => array ('failed' => array ('driver' => 'database-uuids', 'table' => 'failed_jobs')),
          'database' => array ('default' => 'sqlite', 'connections' => array ('sqlite' => array (
            'driver' => 'sqlite', 'database' => '{}'))));",
        case.folder.path().join("app.sqlite").display()
    );
    std::fs::write(folder.join("config.php"), config).unwrap();
    let said = case.run(&["queue", "failed", "f-3", "--json"]);
    assert_eq!(json(&said)["data"][0]["failed_at"], "2026-11-20T00:00:00Z", "{said:?}");
    case.finish().await;
}
