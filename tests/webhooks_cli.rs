//! `opsctl webhooks` as it is typed: lists, the journal, pipes, questions, and the way to Redis.

use opsctl::webhooks::RUN_LOCK;

use crate::{
    on_every_database,
    support::{Event, mixed, server},
};

on_every_database! {
    async fn lists_are_paged_filtered_and_piped(case: &Case) {
        case.write_env("");
        for at in 0..7 {
            Event::due(&format!("a{at}")).received(-100 - at % 3).insert(case).await;
        }
        Event::due("b").provider("stripe").attempts(9).insert(case).await;
        let all = case.run(&["webhooks", "list", "-o", "ids"]);
        let mut paged = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut words = vec!["webhooks", "list", "--limit", "3", "--json"];
            words.extend(after.as_deref().map(|place| ["--after", place]).into_iter().flatten());
            let page: serde_json::Value = serde_json::from_str(&case.run(&words).out).unwrap();
            paged.extend(page["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match page["summary"]["next"].as_str() {
                Some(place) => after = Some(place.to_owned()),
                None => break,
            }
        }
        assert_eq!(paged, all.out.lines().collect::<Vec<_>>());
        assert_eq!(paged.len(), 8);
        assert_eq!(case.run(&["webhooks", "list", "--due", "-o", "ids"]).out.lines().count(), 7);
        assert_eq!(case.run(&["webhooks", "list", "--exhausted", "-o", "ids"]).out.lines().count(), 1);
        assert_eq!(case.run(&["webhooks", "list", "--provider", "stripe", "--status", "received", "-o", "ids"]).out.lines().count(), 1);
        assert_eq!(case.run(&["webhooks", "list", "--payment-status", "none", "-o", "ids"]).out.lines().count(), 8);
        assert_eq!(case.run(&["webhooks", "list", "--event-id", "evt-b0", "-o", "ids"]).out.lines().count(), 1);
        assert_eq!(case.run(&["webhooks", "list", "--event-id", "%", "-o", "ids"]).out.lines().count(), 0);
        let none = case.run(&["webhooks", "list", "--provider", "stirpe"]);
        assert_eq!((none.code, none.out.as_str()), (0, ""));
        assert!(none.err.contains("No events match.") && none.err.contains("`--provider stripe`"), "{}", none.err);
    }

    // The journal has a line before and one after, and knows which run took the lock.
    async fn a_run_is_in_the_journal(case: &Case) {
        mixed(case).await;
        let said = case.run(&["webhooks", "retry-once", "-q", "--reason", "ticket 42"]);
        assert_eq!(said.code, 4);
        let text = std::fs::read_to_string(case.folder.path().join("state/journal.jsonl")).unwrap();
        let records: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let kinds: Vec<&str> = records.iter().map(|record| record["record"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["begin", "lock", "end"]);
        assert!(records.iter().all(|record| record["v"] == 1 && record["run"] == records[0]["run"]));
        assert!(records[0]["id"] != records[1]["id"]);
        assert_eq!(records[0]["command"], "webhooks retry-once");
        assert_eq!((&records[0]["reason"], &records[0]["actor"]["user"]), (&"ticket 42".into(), &"ana".into()));
        assert_eq!(records[1]["name"], RUN_LOCK);
        assert_eq!((&records[2]["exit"], &records[2]["counts"]["applied"]), (&4.into(), &1.into()));
        assert!(!text.contains("opsctl-test"), "no password in the journal");
        // Who finds that owner's lock is told which run it was.
        let owner = records[1]["owner"].as_str().unwrap();
        let key = "payment-hooks-local-cache-tenrusl:cmd:webhooks:retry:global";
        case.execute(&format!("INSERT INTO cache_locks VALUES ('{key}', '{owner}', {})", crate::support::now().timestamp() + 900)).await;
        let busy = case.run(&["webhooks", "retry-once"]);
        assert_eq!(busy.code, 8);
        let run = records[0]["run"].as_str().unwrap();
        assert!(busy.err.contains(&format!("by opsctl run {run} (`webhooks retry-once` of ana@")), "{}", busy.err);
        let skipped = case.run(&["webhooks", "retry-once", "--if-locked", "skip"]);
        assert_eq!(skipped.code, 0);
        assert!(skipped.err.contains("Nothing was done:"), "{}", skipped.err);
    }

    // Cron on a host without a writable state folder: routine work goes on, with a warning.
    async fn without_a_journal_routine_work_warns_and_goes_on(case: &Case) {
        mixed(case).await;
        std::fs::write(case.folder.path().join("state"), "a file, not a folder").unwrap();
        let said = case.run(&["webhooks", "retry-once", "-q"]);
        assert_eq!(said.code, 4);
        let is_told = said.err.starts_with("warning: this run is ") && said.err.contains("journal.jsonl cannot be written");
        assert!(is_told, "{}", said.err);
    }

    // A closed pipe is content with what it got.
    async fn a_reader_that_goes_away_is_no_failure(case: &Case) {
        case.write_env("");
        for at in 0..40 {
            Event::due(&format!("a{at:02}")).insert(case).await;
        }
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("opsctl"))
            .args(["webhooks", "list", "-o", "csv"])
            .current_dir(case.folder.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }

    // The application's Redis: the lock's key is exactly the service's, in its database.
    async fn the_run_lock_on_redis_is_the_services(case: &Case) {
        let Some(url) = server("OPSCTL_TEST_REDIS_URL") else { return };
        let port = url.rsplit(':').next().unwrap();
        let id = Event::due("a").insert(case).await;
        let name = format!("Hooks {}", case.folder.path().file_name().unwrap().to_string_lossy().replace('.', ""));
        case.write_env(&format!("CACHE_STORE=redis\nREDIS_HOST=127.0.0.1\nREDIS_PORT={port}\nAPP_NAME=\"{name}\"\nTENRUSL_X=1\n"));
        let client = redis::Client::open(format!("{url}/3")).unwrap();
        let mut redis = client.get_multiplexed_async_connection().await.unwrap();
        let slug = opsctl::config::redis::slug(&name);
        let key = format!("{slug}-local-database-{slug}-local-cache-{RUN_LOCK}");
        let _: () = redis::cmd("SET").arg(&key).arg("35j8q3f2zfeQzQbg").arg("EX").arg(900).query_async(&mut redis).await.unwrap();
        let busy = case.run(&["webhooks", "retry-once"]);
        assert_eq!(busy.code, 8, "{busy:?}");
        assert!(busy.err.contains("by `35j8q3f2zfeQzQbg`: the service itself"), "{}", busy.err);
        assert_eq!(case.event(&id).await.attempts, 1);
        let _: () = redis::cmd("DEL").arg(&key).query_async(&mut redis).await.unwrap();
        assert_eq!(case.run(&["webhooks", "retry-once"]).code, 0);
        assert_eq!(case.event(&id).await.attempts, 2);
        let left: i64 = redis::cmd("EXISTS").arg(&key).query_async(&mut redis).await.unwrap();
        assert_eq!(left, 0, "the lock is given back");
    }

    // D28: with Redis away nothing is claimed, and the exit code says so.
    async fn d28_with_redis_away_nothing_is_claimed(case: &Case) {
        let id = Event::due("a").insert(case).await;
        case.write_env("CACHE_STORE=redis\nREDIS_HOST=127.0.0.1\nREDIS_PORT=1\n");
        let said = case.run(&["webhooks", "retry-once"]);
        assert_eq!(said.code, 7, "{said:?}");
        assert!(said.err.contains("redis://127.0.0.1:1/"), "{}", said.err);
        assert_eq!(case.event(&id).await.attempts, 1);
        // One event needs no lock.
        assert_eq!(case.run(&["webhooks", "retry-one", &id]).code, 0);
        case.write_env("CACHE_STORE=file\n");
        let said = case.run(&["webhooks", "retry-once"]);
        assert_eq!(said.code, 6);
        assert!(said.err.contains("cannot lock across hosts"), "{}", said.err);
    }

    // --take-over overrides a check: it asks, and in a protected context wants the name and a reason.
    async fn take_over_is_confirmed(case: &Case) {
        let id = Event::due("a").status("processing").last_attempt(-5).insert(case).await;
        case.write_env("");
        assert_eq!(case.run(&["webhooks", "retry-one", &id]).code, 8);
        let refused = case.run(&["webhooks", "retry-one", &id, "--take-over"]);
        assert_eq!(refused.code, 5);
        assert!(refused.err.contains("--yes"), "{}", refused.err);
        case.write_env("APP_ENV=production\n");
        for (words, missing) in [(vec!["--yes"], "--confirm app"), (vec!["--confirm", "app"], "--reason"), (vec!["--confirm", "eu"], "not the name")] {
            let said = case.run(&[&["webhooks", "retry-one", &id, "--take-over"], &words[..]].concat());
            assert_eq!(said.code, 5);
            assert!(said.err.contains(missing) && said.err.contains("PROTECTED"), "{}", said.err);
        }
        assert_eq!(case.event(&id).await.attempts, 1);
        let confirmed = ["--take-over", "--yes", "--confirm", "app", "--reason", "stuck"];
        let taken = case.run(&[&["webhooks", "retry-one", &id], &confirmed[..]].concat());
        assert_eq!(taken.code, 0, "{taken:?}");
        assert_eq!(case.event(&id).await.attempts, 2);
    }
}
