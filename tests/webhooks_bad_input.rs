//! Bad input through the binary: a clear error, the right exit code, nothing changed, no panic, no secret.

use std::{net::TcpListener, time::Instant};

use opsctl::config::database::Address;

use crate::{
    on_every_database,
    support::{Event, Payment, cli},
};

on_every_database! {
    async fn unknown_and_malformed_names(case: &Case) {
        case.write_env("");
        let id = Event::due("01k9zq3v7m4t8x2c6b5n1j0hdw").insert(case).await;
        let near = case.run(&["webhooks", "retry-one", "01k9zq3v7m4t8x2c6b5n1j0hdx"]);
        assert_eq!(near.code, 9, "{near:?}");
        assert!(near.err.contains(&format!("did you mean `opsctl webhooks retry-one {id} --dry-run`?")), "{}", near.err);
        for words in [
            vec!["webhooks", "retry-one", "evt_1"],
            vec!["webhooks", "show", "01k9zq3v7m4t8x2c6b5n1j0hd!"],
            vec!["webhooks", "retry-once", "--limit", "all"],
            vec!["webhooks", "retry-once", "--limit", "0"],
            vec!["webhooks", "retry", "--mode", "ful"],
            vec!["webhooks", "retry", "--if-locked", "wait"],
            vec!["webhooks", "list", "--after", "yesterday"],
            vec!["webhooks", "retry-once", "--timeout", "soon"],
            vec!["webhooks", "show"],
        ] {
            let said = case.run(&words);
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{words:?}: {said:?}");
            assert!(said.err.starts_with("error:"), "{words:?}: {}", said.err);
        }
        assert_eq!(case.run(&["webhooks", "show", "--event-id", "nobody"]).code, 9);
        assert_eq!(case.event(&id).await.attempts, 1);
    }

    // Odd bodies are tried, reported, and hold nobody up.
    async fn odd_bodies(case: &Case) {
        case.write_env("");
        Payment::pending("pay-1").insert(case).await;
        let good = Event::due("good").insert(case).await;
        let large = format!(r#"{{"filler":"{}","id":"big","status":"paid"}}"#, "x".repeat(5 * 1024 * 1024));
        Payment::pending("big").insert(case).await;
        let big = Event::due("big").body(&large).insert(case).await;
        let mut odd = Vec::new();
        for (at, body) in ["42", "\"paid\"", "true", "null", "[]", "[{\"id\":\"pay-1\"}]", r#"{"id":null,"status":["paid"]}"#,
            r#"{"id":["pay-1"],"status":{"x":1}}"#, r#"{"id":{},"data":[1,2]}"#].into_iter().enumerate() {
            odd.push(Event::due(&format!("odd{at}")).body(body).insert(case).await);
        }
        let said = case.run(&["webhooks", "retry-once", "-o", "json"]);
        assert_eq!(said.code, 0, "{said:?}");
        for id in [good, big] {
            assert_eq!(case.event(&id).await.status, "processed", "{id}");
        }
        for id in odd {
            let event = case.event(&id).await;
            assert_eq!((event.status.as_str(), event.attempts), ("received", 2), "{id}");
            assert!(event.note.unwrap().contains("provider_ref not found in payload"));
        }
    }

    // Where an engine admits it: what is no JSON or no UTF-8 is reported, and the others go on.
    async fn unreadable_bodies(case: &Case) {
        case.write_env("");
        Payment::pending("pay-1").insert(case).await;
        let good = Event::due("good").insert(case).await;
        let mut broken = Vec::new();
        match case.db.engine() {
            Engine::Sqlite => {
                broken.push(Event::due("text").body("not json").insert(case).await);
                broken.push(Event::due("cut").body(r#"{"id":"pay-1""#).insert(case).await);
                broken.push(Event::due("bytes").bytes(b"{\"id\":\"\xff\xfe\"}").insert(case).await);
            }
            Engine::MySql => {
                case.execute("ALTER TABLE webhook_events MODIFY payload longtext NOT NULL").await;
                broken.push(Event::due("text").body("not json").insert(case).await);
            }
            // json of PostgreSQL takes half a surrogate pair, which is no text.
            Engine::Postgres => broken.push(Event::due("half").body(r#"{"id":"\ud800"}"#).insert(case).await),
        }
        // An empty payload with a raw body that is broken.
        broken.push(Event::due("raw").body("{}").raw("<xml/>").insert(case).await);
        let said = case.run(&["webhooks", "retry-once", "-o", "json"]);
        assert_eq!(said.code, 4, "{said:?}");
        assert_eq!(case.event(&good).await.status, "processed");
        for id in broken {
            let event = case.event(&id).await;
            assert_eq!((event.status.as_str(), event.attempts), ("received", 2), "{id}");
            assert!(event.note.as_deref().unwrap().starts_with("the payload cannot be read: not "), "{event:?}");
            assert!(event.next_retry.is_some());
            assert_eq!(case.run(&["webhooks", "show", &id]).code, 0);
        }
    }

    // Times that no calendar knows, and text where a number or a time should be, hold nobody up.
    async fn odd_values_in_columns(case: &Case) {
        case.write_env("");
        Payment::pending("pay-1").insert(case).await;
        let good = Event::due("good").insert(case).await;
        let odd = Event::due("odd").body("{}").insert(case).await;
        let sets: &[&str] = match case.db.engine() {
            Engine::Postgres => &[
                "next_retry_at = '-infinity'", "next_retry_at = 'infinity'", "received_at = '-infinity'",
                "received_at = 'infinity'", "last_attempt_at = 'infinity'", "next_retry_at = '290000-01-01'",
                "updated_at = 'infinity', created_at = '-infinity'", "next_retry_at = '4000-01-01 BC'",
            ],
            Engine::Sqlite => &[
                "received_at = 'garbage'", "received_at = '0000-00-00 00:00:00'", "attempts = 'abc'",
                "next_retry_at = ''", "last_attempt_at = 12.5", "updated_at = x'ff'",
            ],
            Engine::MySql => &["next_retry_at = '2038-01-19 03:14:07'", "received_at = '1970-01-02 00:00:01'"],
        };
        for set in sets {
            case.execute(&format!("UPDATE webhook_events SET {set} WHERE id = '{odd}'")).await;
            for words in [
                &["webhooks", "list"][..], &["webhooks", "list", "--json"], &["webhooks", "show", &odd],
                &["webhooks", "show", &odd, "--json"], &["webhooks", "retry-once", "--dry-run"],
                &["webhooks", "retry-one", &odd, "--force", "--dry-run"],
            ] {
                let said = case.run(words);
                assert!([0, 1, 4].contains(&said.code) && !said.err.contains("panicked"), "{set} {words:?} {said:?}");
                assert!(words.contains(&"--dry-run") || said.code == 0, "{set} {words:?} {said:?}");
            }
        }
        assert_ne!(case.run(&["webhooks", "retry-once"]).code, 101);
        assert_eq!(case.event(&good).await.status, "processed");
        assert_eq!(case.count("cache_locks").await, 0);
    }

    // Whoever can post a webhook must not steer the operator's terminal, nor the service's notes.
    async fn control_characters_are_spelled_out(case: &Case) {
        case.write_env("");
        let evil = r#"{"id":"esc1","status":"\u001b[31mred\u0007\n\r\u202e"}"#;
        let id = Event::due("a").body(evil).insert(case).await;
        let nul = Event::due("b").body(r#"{"id":"a\u0000b","status":"paid"}"#).insert(case).await;
        Payment::pending("esc1").insert(case).await;
        assert_eq!(case.run(&["webhooks", "retry-once", "--color", "always"]).code, 0);
        assert!(!case.event(&id).await.note.unwrap().contains(['\u{1b}', '\u{7}', '\n', '\u{202e}']));
        case.execute("UPDATE webhook_events SET event_type = 'x\u{1b}[2J\u{202e}', error_message = 'two\nlines'").await;
        for words in [&["webhooks", "show", &id, "--color", "always"][..], &["webhooks", "list", "--color", "always"]] {
            let said = case.run(words);
            assert!(!said.out.contains("\u{1b}[2J") && !said.out.contains('\u{202e}'), "{said:?}");
            assert!(!said.out.contains("two\nlines"), "{said:?}");
        }
        assert_eq!(case.run(&["webhooks", "show", &nul]).code, 0);
        assert_eq!(case.event(&nul).await.attempts, 2);
    }

    async fn missing_tables_and_columns_are_named(case: &Case) {
        case.write_env("");
        case.execute("ALTER TABLE webhook_events DROP COLUMN event_type").await;
        let said = case.run(&["webhooks", "list"]);
        assert_eq!(said.code, 6);
        assert!(said.err.contains("lacks the column `event_type`"), "{}", said.err);
        case.execute("DROP TABLE payments").await;
        case.execute("DROP TABLE webhook_events").await;
        let said = case.run(&["webhooks", "retry-once"]);
        assert_eq!(said.code, 6);
        assert!(said.err.contains("has no table `webhook_events`") && said.err.contains("php artisan migrate"), "{}", said.err);
        assert!(!said.err.contains("opsctl-test"), "the password is nowhere");
    }

    async fn a_refused_password_is_a_matter_of_configuration(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return;
        }
        case.write_env("");
        let path = case.folder.path().join(".env");
        let text = std::fs::read_to_string(&path).unwrap().replace("opsctl-test", "wr0ng-s3cret");
        std::fs::write(&path, text).unwrap();
        for words in [&["webhooks", "retry-once"][..], &["webhooks", "list", "-vvv"], &["db", "status", "--json"]] {
            let said = case.run(words);
            assert_eq!(said.code, 6, "{said:?}");
            assert!(said.err.contains("refused the credentials of `opsctl`"), "{}", said.err);
            assert!(!said.err.contains("wr0ng") && !said.out.contains("wr0ng"));
        }
        let journal = std::fs::read_to_string(case.folder.path().join("state/journal.jsonl")).unwrap_or_default();
        assert!(!journal.contains("wr0ng"));
    }

    async fn an_unreachable_server_is_told_at_once(case: &Case) {
        let Address::Tcp(host, port) = &case.target.address else { return };
        case.write_env("");
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = case.folder.path().join(".env");
        let text = std::fs::read_to_string(&path).unwrap().replace(&format!("{port}"), &format!("{free}"));
        std::fs::write(&path, text).unwrap();
        let started = Instant::now();
        let said = case.run(&["webhooks", "retry-once"]);
        assert_eq!(said.code, 7, "{said:?}");
        assert!(said.err.contains("does not answer") && said.err.contains(&format!("{host}:{free}")), "{}", said.err);
        assert!(started.elapsed().as_secs() < 4, "a refused connection is not waited for");
    }

    async fn a_read_only_database_is_refused_before_anything_is_claimed(case: &Case) {
        case.write_env("");
        let id = Event::due("a").insert(case).await;
        let name = &case.target.name;
        match case.db.engine() {
            Engine::Postgres => case.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await,
            // read_only of MariaDB is the whole server's: a right that is missing is what one database can have.
            Engine::MySql => return,
            Engine::Sqlite => {
                case.db.close().await;
                let Address::File(path) = &case.target.address else { unreachable!() };
                case.execute("PRAGMA journal_mode = DELETE").await;
                case.db.close().await;
                let mut rights = std::fs::metadata(path).unwrap().permissions();
                rights.set_readonly(true);
                std::fs::set_permissions(path, rights).unwrap();
            }
        }
        let said = case.run(&["webhooks", "retry-once"]);
        assert_eq!(said.code, 6, "{said:?}");
        let told = if case.db.engine() == Engine::Sqlite { "cannot be written" } else { "read-only" };
        assert!(said.err.contains(told), "{}", said.err);
        assert_eq!(case.event(&id).await.attempts, 1);
    }

    // Variables that the driver would read by itself decide nothing.
    async fn foreign_variables_do_not_leak_in(case: &Case) {
        case.write_env("");
        Event::due("a").insert(case).await;
        let poisoned = cli::opsctl(case.folder.path())
            .envs([
                ("PGHOST", "203.0.113.1"), ("PGHOSTADDR", "203.0.113.1"), ("PGPORT", "1"), ("PGUSER", "nobody"),
                ("PGPASSWORD", "poison"), ("PGDATABASE", "nowhere"), ("PGSSLMODE", "verify-full"),
                ("PGSSLROOTCERT", "/nonexistent"), ("PGSSLCERT", "/nonexistent"), ("PGSSLKEY", "/nonexistent"),
                ("PGAPPNAME", "poison"), ("PGOPTIONS", "-c default_transaction_read_only=on -c search_path=nowhere"), ("MYSQL_HOST", "203.0.113.1"),
                ("DATABASE_URL", "postgres://203.0.113.1/x"),
            ])
            .args(["webhooks", "retry-once", "-o", "ids"])
            .output()
            .unwrap();
        assert_eq!(poisoned.status.code(), Some(0), "{}", String::from_utf8_lossy(&poisoned.stderr));
        assert_eq!(String::from_utf8(poisoned.stdout).unwrap().lines().count(), 1);
    }
}

#[test]
fn nothing_configured_is_exit_6_and_a_broken_dotenv_names_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let said = cli::run(folder.path(), &["webhooks", "retry-once"]);
    assert_eq!(said.code, 6);
    assert!(said.err.contains("opsctl demo") && said.err.contains("opsctl init"), "{}", said.err);
    assert!(!folder.path().join("database").exists(), "no database is made silently");
    std::fs::write(folder.path().join(".env"), "APP_NAME=x\n\nDB_PASSWORD=two words\n").unwrap();
    let said = cli::run(folder.path(), &["webhooks", "list"]);
    assert_eq!(said.code, 6);
    assert!(said.err.contains(".env line 3") && !said.err.contains("two words"), "{}", said.err);
    std::fs::write(folder.path().join(".env"), "DB_CONNECTION=sqlite\nDB_DATABASE=/nowhere/x.sqlite\n")
        .unwrap();
    let said = cli::run(folder.path(), &["webhooks", "list"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("does not exist"), "{}", said.err);
}
