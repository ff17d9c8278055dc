//! `locks clear`: compared, previewed, refused while somebody needs a lock.

use opsctl::{
    cancel::Cancel,
    clock::Clock,
    config::{
        Origin,
        queues::{QueueConnection, QueueDriver},
        stores::LockStore,
    },
    laravel::{lock_place::LockPlace, queue::QueuePlace},
    locks::{self, Choice, Find, JobName, LockFilter, Names, Outcome},
    webhooks::job,
};

use crate::{
    on_every_engine,
    schemas::{require_valid, schema, strict},
    support::{
        jobs::{OF_A_TABLE, RESERVED, Row, json},
        locks::{PREFIX, RUN, overlap, unique},
        now,
    },
};

/// The event of [`OF_A_TABLE`], and that of [`RESERVED`].
const READY: &str = "01jdready00000000000000000";
const TAKEN: &str = "01jdreserved00000000000000";

on_every_engine! {
    async fn what_a_job_or_a_run_needs_is_refused_by_name_unless_forced(case: &Case) {
        case.write_queue_env("");
        case.insert_job(Row { reserved: Some(-20), attempts: 1, ..Row::ready("webhooks", RESERVED) }).await;
        case.lock(&overlap(TAKEN), "Z9Ahaw1DW3M6PEN5", 86_000).await;
        case.lock(&overlap("01jdold"), "Y9Ahaw1DW3M6PEN5", 86_000).await;
        case.lock(RUN, "35j8q3f2zfeQzQbg", 800).await;
        for words in [&["locks", "clear", &overlap(TAKEN), "--yes"][..], &["locks", "clear", "--pattern", "*", "--yes"]] {
            let said = case.run(words);
            assert_eq!(said.code, 5, "{said:?}");
            assert!(said.err.contains("job 2b0b2127-7722-40b2-a0c2-a3f41cc041aa of database:webhooks, which a worker has"), "{said:?}");
            assert!(said.err.contains("`--force`"), "{said:?}");
        }
        assert_eq!(case.count("cache_locks").await, 3, "nothing was changed");
        let said = case.run(&["locks", "clear", &overlap(TAKEN), RUN, "--force", "--yes", "--json"]);
        assert_eq!((said.code, json(&said)["summary"]["cleared"].as_u64()), (0, Some(2)), "{said:?}");
        assert_eq!(case.count("cache_locks").await, 1);
        require_valid(&strict(schema("locks-clear")), &json(&said), "locks clear");
    }

    async fn stale_locks_go_and_others_stay(case: &Case) {
        case.write_queue_env("");
        case.insert_job(Row::ready("webhooks", OF_A_TABLE)).await;
        case.lock(&unique(READY), "aT1kM8WV4cBq4vYv", 599).await;
        case.lock(&unique("01jdgone"), "bT1kM8WV4cBq4vYv", 300).await;
        case.lock(&overlap(READY), "Y9Ahaw1DW3M6PEN5", 80_000).await;
        case.lock(&overlap("01jdold"), "X9Ahaw1DW3M6PEN5", -50).await;
        case.lock("import", "web-1", 3600).await;
        let dry = case.run(&["locks", "clear", "--stale", "--dry-run"]);
        assert_eq!((dry.code, case.count("cache_locks").await), (0, 5), "{dry:?}");
        let refused = case.run(&["locks", "clear", "--stale"]);
        assert_eq!((refused.code, case.count("cache_locks").await), (5, 5), "{refused:?}");
        assert!(refused.err.contains("`--yes` is missing: this will clear 3 locks in `cache_locks` of "), "{refused:?}");
        let said = case.run(&["locks", "clear", "--stale", "--yes"]);
        assert_eq!((said.code, &said.out), (0, &dry.out), "{said:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @r#"
            NAME                                                                                         KIND     STATE    OUTCOME  REASON
            laravel-queue-overlap:App\Jobs\ProcessWebhookEvent:webhook-event:01jdold                     overlap  expired  cleared  nobody: its time is over, and whoever asks for it gets it
            laravel-queue-overlap:App\Jobs\ProcessWebhookEvent:webhook-event:01jdready00000000000000000  overlap  stale    cleared  nobody works on it; it keeps out job a9dd5e90-5482-4ebd-a5d5-b078a6f75340 of database:webhooks, which waits
            laravel_unique_job:App\Jobs\ProcessWebhookEvent:webhook-event:01jdgone                       unique   stale    cleared  nobody: no job in the queues of database has it
            "#);
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.err, @r#"
            `laravel-queue-overlap:App\Jobs\ProcessWebhookEvent:webhook-event:01jdold` of `X9Ahaw1DW3M6PEN5`: expired, nobody: its time is over, and whoever asks for it gets it.
            `laravel-queue-overlap:App\Jobs\ProcessWebhookEvent:webhook-event:01jdready00000000000000000` of `Y9Ahaw1DW3M6PEN5`: stale, nobody works on it; it keeps out job a9dd5e90-5482-4ebd-a5d5-b078a6f75340 of database:webhooks, which waits.
            `laravel_unique_job:App\Jobs\ProcessWebhookEvent:webhook-event:01jdgone` of `bT1kM8WV4cBq4vYv`: stale, nobody: no job in the queues of database has it.
            3 locks: 3 cleared.
            "#);
        }
        assert!(case.lock_owner(&unique(READY)).await.is_some() && case.lock_owner("import").await.is_some());
        assert_eq!(case.count("cache_locks").await, 2);
        let told = case.run(&["journal", "list", "--json"]);
        assert!(told.out.contains("01jdgone"), "the journal tells which: {told:?}");
        let none = case.run(&["locks", "clear", "--stale", "--yes"]);
        assert_eq!((none.code, none.err.as_str()), (0, "No locks match.\n"));
    }

    async fn a_name_that_no_lock_bears_is_told_with_the_nearest(case: &Case) {
        case.write_queue_env("");
        case.lock("import", "web-1", 3600).await;
        let said = case.run(&["locks", "clear", "imprt", "--yes"]);
        assert_eq!(said.code, 9, "{said:?}");
        assert!(said.err.contains("did you mean `import`?"), "{said:?}");
        let whole = case.run(&["locks", "clear", &format!("{PREFIX}import"), "--yes"]);
        assert_eq!((whole.code, case.count("cache_locks").await), (0, 0), "{whole:?}");
        assert_eq!(case.run(&["locks", "clear"]).code, 2);
        assert_eq!(case.run(&["locks", "clear", "import", "--stale"]).code, 2);
    }

    async fn a_lock_that_changed_hands_meanwhile_is_told_and_left(case: &Case) {
        case.write_queue_env("");
        case.lock("import", "web-1", 3600).await;
        case.lock("export", "web-1", 3600).await;
        let held = case.hold("locks-looked", &["locks", "clear", "import", "export", "--yes", "--json"]);
        case.execute("UPDATE cache_locks SET owner = 'web-2'").await;
        case.execute(&format!("DELETE FROM cache_locks WHERE expiration > 0 AND owner = 'web-2' AND {} LIKE '%export'",
            case.db.require("cache_locks", &[]).await.unwrap().column("key"))).await;
        let said = held.go();
        let report = json(&said);
        let outcomes: Vec<&str> =
            report["data"]["items"].as_array().unwrap().iter().map(|item| item["outcome"].as_str().unwrap()).collect();
        assert_eq!((said.code, outcomes), (0, vec!["gone", "changed"]), "{said:?}");
        assert!(said.out.contains("`web-2` has it now"), "{said:?}");
        assert_eq!(case.lock_owner("import").await.as_deref(), Some("web-2"));
    }

    async fn a_job_that_came_after_the_preview_keeps_its_lock(case: &Case) {
        let store = LockStore::Database { database: None, table: "cache_locks".into(), prefix: PREFIX.into() };
        let clock = Clock::frozen(now());
        let place = LockPlace::open("database".into(), store, async || Ok(&case.db), clock).await.unwrap();
        let connection = QueueConnection {
            name: "database".into(),
            origin: Origin::Default,
            queue: "default".into(),
            retry_after: std::time::Duration::from_secs(90),
            driver: QueueDriver::Database { database: None, table: "jobs".into() },
        };
        let queue = QueuePlace::open(connection, async || Ok(&case.db), clock).await.unwrap();
        let key = |command: &str| Some(job::ProcessWebhookEvent::read(command).ok()?.key());
        let names = Names {
            jobs: vec![JobName { class: job::CLASS, stem: job::KEY, what: "event", unique_for: 600, until_processing: true, key }],
            ..Names::default()
        };
        let find = Find { stores: &[place], queues: &[queue], problems: &[], names: &names, journal: None };
        case.lock(&overlap(TAKEN), "Z9Ahaw1DW3M6PEN5", 86_000).await;
        let found = locks::find(&find).await.unwrap();
        let stale = Choice::Filter(LockFilter { stale: true, ..LockFilter::default() });
        let chosen = locks::choose(&found, &stale, find.stores).unwrap();
        assert_eq!(chosen.len(), 1);
        case.insert_job(Row { reserved: Some(0), attempts: 1, ..Row::ready("webhooks", RESERVED) }).await;
        let report = locks::clear(&find, &chosen, false, false, &Cancel::new()).await.unwrap();
        assert_eq!((report.items[0].outcome, report.exit().code()), (Outcome::Kept, 5));
        assert!(case.lock_owner(&overlap(TAKEN)).await.is_some());
        let report = locks::clear(&find, &chosen, true, false, &Cancel::new()).await.unwrap();
        assert_eq!((report.items[0].outcome, report.exit().code()), (Outcome::Cleared, 0));
    }
}
