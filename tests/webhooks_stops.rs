//! Runs that are stopped: by signals, by a deadline, by a server that no longer answers.

use opsctl::config::database::Address;

use crate::{
    on_every_database,
    support::{
        Event, mixed,
        proxy::{Proxy, Way},
    },
};

/// Waits until a file holds a text: what another process does cannot be awaited otherwise.
async fn wait_for(file: &std::path::Path, text: &str) {
    let started = std::time::Instant::now();
    while !std::fs::read_to_string(file).unwrap_or_default().contains(text) {
        assert!(started.elapsed().as_secs() < 10, "{} never held {text}", file.display());
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

on_every_database! {
    // Ctrl-C twice, while a statement waits for somebody else: over within moments, and the lock is given back.
    async fn two_interrupts_drop_what_is_in_hand(case: &Case) {
        let lock = match case.db.engine() {
            Engine::Postgres => "LOCK TABLE webhook_events IN ACCESS EXCLUSIVE MODE",
            Engine::MySql => "LOCK TABLES webhook_events WRITE",
            Engine::Sqlite => return, // a writer there waits in its own process, for at most the busy timeout
        };
        let id = Event::due("a").insert(case).await;
        case.write_env("");
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(opsctl::db::Begin::Write).await.unwrap();
        session.script(lock).await.unwrap();
        let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("opsctl"))
            .args(["webhooks", "retry-once", "-q"])
            .env("OPSCTL_STATE_DIR", case.folder.path().join("state"))
            .current_dir(case.folder.path())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // The journal tells when the run holds the lock; from then on it waits for the table.
        let journal = case.folder.path().join("state/journal.jsonl");
        wait_for(&journal, "\"lock\"").await;
        let started = std::time::Instant::now();
        for _ in 0..2 {
            let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
            assert!(kill.unwrap().success());
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(started.elapsed().as_millis() < 1500, "{:?}", started.elapsed());
        drop(session);
        assert_eq!((case.count("cache_locks").await, case.event(&id).await.attempts), (0, 1));
    }

    // A server that stops answering in the middle of a run holds neither the operator nor the deadline.
    async fn a_server_that_stops_answering_holds_nobody(case: &Case) {
        let Address::Tcp(_, port) = case.target.address else { return };
        for at in 0..150 {
            Event::due(&format!("a{at:03}")).insert(case).await;
        }
        for (words, signals, code) in [(&["--timeout", "2s"][..], 0, 75), (&[], 2, 130)] {
            let proxy = Proxy::to(port);
            case.write_env(&format!("DB_PORT={}\n", proxy.port));
            let journal = case.folder.path().join("state/journal.jsonl");
            let _ = std::fs::remove_file(&journal);
            let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("opsctl"))
                .args(["webhooks", "retry-once", "-q", "--rate", "20"])
                .args(words)
                .env("OPSCTL_STATE_DIR", case.folder.path().join("state"))
                .current_dir(case.folder.path())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            wait_for(&journal, "\"lock\"").await;
            proxy.set(Way::Hang);
            let started = std::time::Instant::now();
            for _ in 0..signals {
                let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
                assert!(kill.unwrap().success());
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(started.elapsed().as_secs() < 6, "{:?}", started.elapsed());
            drop(proxy);
            // The lock could not be given back, and ends with its time.
            case.execute("DELETE FROM cache_locks").await;
        }
    }

    // A statement that waits for somebody else does not outlive the deadline, for readers and for writers.
    async fn a_deadline_ends_waiting_statements(case: &Case) {
        let id = Event::due("a").insert(case).await;
        case.write_env("");
        let lock = match case.db.engine() {
            Engine::Postgres => "LOCK TABLE webhook_events IN ACCESS EXCLUSIVE MODE",
            Engine::MySql => "LOCK TABLES webhook_events WRITE",
            Engine::Sqlite => "SELECT 1", // an immediate transaction holds the whole file
        };
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(opsctl::db::Begin::Write).await.unwrap();
        session.script(lock).await.unwrap();
        let reads = case.db.engine() != Engine::Sqlite; // there readers do not wait for a writer
        let words = [&["webhooks", "retry-once", "--timeout", "1s"][..], &["webhooks", "retry-one", &id, "--timeout", "1s"]];
        for words in words.into_iter().chain(reads.then_some(&["webhooks", "list", "--timeout", "1s"][..])) {
            let started = std::time::Instant::now();
            let said = case.run(words);
            assert_eq!(said.code, 75, "{words:?} {said:?}");
            assert!(started.elapsed().as_secs() < 4, "{words:?} {:?}", started.elapsed());
        }
        drop(session);
        assert_eq!((case.count("cache_locks").await, case.event(&id).await.attempts), (0, 1));
    }

    async fn a_deadline_that_has_passed_is_exit_75(case: &Case) {
        mixed(case).await;
        let held = case.hold("after-lock#1", &["webhooks", "retry-once", "--timeout", "1s"]);
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await; // its time is over while it is held
        let said = held.go();
        assert_eq!(said.code, 75, "{said:?}");
        assert_eq!(case.count("webhook_events WHERE last_attempt_at > '2026-11-20 08:59:00'").await, 0);
        assert_eq!(case.count("cache_locks").await, 0);
    }
}
