//! Signs for workers in a table, and queues that are cleared.

use crate::{
    on_every_engine,
    support::{
        Case,
        jobs::{OF_A_TABLE, Row, json},
    },
};

/// What the application's cache keeps, without the end of each value.
async fn kept(case: &Case) -> Vec<String> {
    let key = if case.db.engine() == opsctl::db::Engine::MySql { "`key`" } else { "\"key\"" };
    let rows = case.rows(&format!("SELECT {key} AS k, value FROM cache ORDER BY 1")).await;
    rows.iter().map(|row| format!("{} {}", row.text("k").unwrap(), row.text("value").unwrap())).collect()
}

/// The cache prefix of an application of this name and environment.
const PREFIX: &str = "payment-hooks-cache-";

on_every_engine! {
    async fn a_restart_writes_another_value_each_time(case: &Case) {
        case.write_queue_env(&format!("CACHE_PREFIX={PREFIX}\n"));
        let dry = case.run(&["queue", "restart", "--dry-run"]);
        assert!(dry.code == 0 && dry.err.contains("Dry run: this would write 1795165200 to `payment-hooks-cache-illuminate:queue:restart` of `cache`"), "{dry:?}");
        assert!(kept(case).await.is_empty());
        // Workers that began with an earlier value stop, too: none ever comes back.
        for value in ["i:1795165200;", "i:1795165201;", "i:1795165202;"] {
            let dry = case.run(&["queue", "restart", "--dry-run"]);
            assert!(dry.err.contains(&format!("would write {} to", &value[2..12])), "{dry:?}");
            let said = case.run(&["queue:restart"]);
            assert_eq!(said.code, 0, "{said:?}");
            assert_eq!(kept(case).await, [format!("{PREFIX}illuminate:queue:restart {value}")]);
        }
        // Ten years, as the framework's forever.
        let ends = case.rows("SELECT expiration FROM cache").await[0].int("expiration").unwrap();
        assert_eq!(ends, 1_795_165_200 + 315_360_000);
        let journal = std::fs::read_to_string(case.folder.path().join("state/journal.jsonl")).unwrap();
        assert!(journal.contains("\"command\":\"queue restart\""), "{journal}");
    }

    async fn a_pause_is_seen_and_taken_back(case: &Case) {
        case.write_queue_env(&format!("CACHE_PREFIX={PREFIX}\n"));
        let paused = |queue: &str| {
            json(&case.run(&["queue", "status", queue, "--max", "9", "--json"]))["data"][0]["paused"].as_bool().unwrap()
        };
        assert!(!paused("webhooks"));
        assert_eq!(case.run(&["queue", "pause", "webhooks", "--dry-run"]).code, 0);
        assert!(kept(case).await.is_empty());
        let said = case.run(&["queue:pause", "database:webhooks"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(kept(case).await, [format!("{PREFIX}illuminate:queue:paused:database:webhooks b:1;")]);
        assert!(paused("webhooks") && !paused("default"));
        assert!(case.run(&["queue", "pause", "webhooks"]).err.contains("Paused already"));
        assert_eq!(case.run(&["queue", "pause", "--all"]).code, 0);
        assert!(paused("default"));
        let said = case.run(&["queue:continue", "webhooks"]);
        assert!(said.code == 0 && said.err.contains("every queue is paused all the same"), "{said:?}");
        assert_eq!(kept(case).await, [format!("{PREFIX}illuminate:queues:paused b:1;")]);
        assert_eq!(case.run(&["queue:resume", "--all"]).code, 0);
        assert!(kept(case).await.is_empty() && !paused("default"));
        assert!(case.run(&["queue", "resume"]).err.contains("Not paused: queue `default` of database."));
    }

    async fn a_laravel_that_does_not_look_for_the_sign_is_told(case: &Case) {
        case.write_queue_env("");
        let folder = case.folder.path().join("vendor/composer");
        std::fs::create_dir_all(&folder).unwrap();
        for (version, all, told) in
            [("v12.39.1", false, true), ("v12.40.0", false, false), ("v13.24.0", true, true), ("v13.25.0", true, false)]
        {
            let installed = format!(r#"{{"packages":[{{"name":"laravel/framework","version":"{version}"}}]}}"#);
            std::fs::write(folder.join("installed.json"), installed).unwrap();
            let said = case.run(if all { &["queue", "pause", "--all"] } else { &["queue", "pause"] });
            assert_eq!(said.err.contains("does not look for this sign"), told, "{version}: {said:?}");
        }
    }

    async fn a_store_that_other_hosts_do_not_see_is_refused(case: &Case) {
        case.write_queue_env("CACHE_STORE=file\n");
        for words in [&["queue", "restart"][..], &["queue", "pause"], &["queue", "resume", "--all"]] {
            let said = case.run(words);
            assert_eq!((said.code, said.err.contains("does not reach the workers of other hosts")), (6, true), "{said:?}");
        }
    }

    async fn clearing_says_what_it_removes(case: &Case) {
        case.write_queue_env("");
        let job = Row::ready("webhooks", OF_A_TABLE);
        for row in [job, job, Row { available: 60, ..job }, Row { reserved: Some(-5), ..job }, Row { reserved: Some(-900), ..job }] {
            case.insert_job(row).await;
        }
        case.insert_job(Row::ready("default", OF_A_TABLE)).await;
        let said = case.run(&["queue", "clear", "webhooks"]);
        let what = "remove 5 jobs of queue `webhooks`: 2 ready, 1 delayed, 1 reserved by workers, 1 stuck";
        assert_eq!((said.code, said.err.contains(&format!("this will {what} in "))), (5, true), "{said:?}");
        let said = case.run(&["queue", "clear", "webhooks", "--dry-run"]);
        assert_eq!((said.code, said.err), (0, format!("Dry run: this would {what}.\n")));
        assert_eq!(case.run(&["queue", "clear", "webhoks", "--yes"]).code, 9);
        assert_eq!(case.count("jobs").await, 6);
        let said = case.run(&["queue:clear", "--queue=webhooks", "--force", "--yes"]);
        assert_eq!((said.code, said.err.contains("Removed 5 jobs of queue `webhooks`")), (0, true), "{said:?}");
        assert_eq!(case.count("jobs").await, 1);
        assert_eq!(case.run(&["queue:clear", "--yes"]).code, 0);
        assert_eq!(case.count("jobs").await, 0);
        assert!(case.run(&["queue", "clear", "--yes"]).err.contains("Queue `default` holds no jobs."));
    }
}
