//! What a command tells beside its answer: ages and ends that are right in every zone, and next steps that work.

use opsctl::{
    db::Begin,
    webhooks::{EventId, RowLock, RunLock},
};
use serde_json::Value;

use crate::{
    on_every_database,
    support::{Event, Payment, cli::Said, limits, now},
};

/// Every command of opsctl's that the hints name in backquotes.
fn commands(said: &Said) -> Vec<Vec<String>> {
    let hints = said.err.lines().filter(|line| line.trim_start().starts_with("hint: "));
    let quoted = hints.flat_map(|line| line.split('`').skip(1).step_by(2));
    let words = quoted.filter_map(|text| text.strip_prefix("opsctl "));
    words.map(|text| text.split(' ').map(|word| word.trim_matches('\'').to_owned()).collect()).collect()
}

fn json(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

on_every_database! {
    // MariaDB writes the beginning of a transaction in the zone of its host, and not in the session's.
    async fn since_when_a_row_is_held_is_right_in_every_zone(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return;
        }
        let id = Event::due("a").insert(case).await;
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(Begin::Write).await.unwrap();
        session.script(&format!("SELECT id FROM webhook_events WHERE id = '{id}' FOR UPDATE")).await.unwrap();
        let told = opsctl::webhooks::explain(&case.db, &EventId::parse(&id).unwrap(), &limits(), &RunLock::Free).await.unwrap();
        let RowLock::Held { sessions } = &told.held.row else { panic!("{told:#?}") };
        let ages: Vec<i64> = sessions.iter().map(|session| (now() - session.since.unwrap()).num_seconds()).collect();
        // Other tests hold rows of the same server, none of them for minutes, and none in the future.
        assert!(!ages.is_empty() && ages.iter().all(|age| (0..600).contains(age)), "{ages:?}");
        let ours = told.now - sessions.iter().filter_map(|session| session.since).max().unwrap();
        assert!(ours.num_seconds() < 60, "{ages:?}");
        session.rollback().await.unwrap();
    }

    // What is locked now cannot be tried now: the next step is to look again, and each step that is told works.
    async fn the_next_steps_about_a_locked_event_are_ones_that_work(case: &Case) {
        case.write_env("");
        let id = Event::due("01k9aaaaaaaaaaaaaaaaaaaaa1").insert(case).await;
        Payment::pending("pay-1").insert(case).await;
        if case.db.engine() == Engine::Sqlite {
            return; // the whole file would be locked
        }
        let other = case.another();
        let mut session = other.session().await.unwrap();
        for hold in [
            format!("SELECT id FROM webhook_events WHERE id = '{id}' FOR UPDATE"),
            "SELECT id FROM payments WHERE provider_ref = 'pay-1' FOR UPDATE".to_owned(),
        ] {
            session.begin(Begin::Write).await.unwrap();
            session.script(&hold).await.unwrap();
            let explained = case.run(&["webhooks", "explain", &id]);
            assert!(!explained.err.contains("retry-one"), "{explained:?}");
            assert!(explained.out.contains("A try .......... would end applied once nobody holds it"), "{}", explained.out);
            let tried = case.run(&["webhooks", "retry-one", &id]);
            assert_eq!(tried.code, 8, "{tried:?}");
            for said in [&explained, &tried] {
                let next = commands(said);
                assert!(!next.is_empty(), "{said:?}");
                for words in next {
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    assert_eq!(case.run(&words).code, 0, "{words:?}");
                }
            }
            session.rollback().await.unwrap();
        }
        assert!(case.run(&["webhooks", "explain", &id]).err.contains(&format!("retry-one {id}")));
    }

    // A run that was killed leaves its lock: the next one says so, when that ends at the latest, and how to wait.
    async fn a_lock_that_a_killed_run_left_is_told_with_its_end(case: &Case) {
        case.write_env("");
        Event::due("a").insert(case).await;
        assert_eq!(case.run_with(&[("OPSCTL_CRASH_AT", "after-lock")], &["webhooks", "retry-once"]).code, -1);
        let end = (now() + chrono::TimeDelta::seconds(860)).timestamp();
        case.execute(&format!("UPDATE cache_locks SET expiration = {end}")).await;
        let said = case.run(&["webhooks", "retry-once"]);
        assert_eq!(said.code, 8, "{said:?}");
        for part in [
            "(`webhooks retry-once` of ana@",
            "which has not ended: it is at work, or was killed",
            "the lock ends at 2026-11-20 09:14:20 UTC, in 14m 20s, unless it is renewed",
            "`--if-locked wait=15m`",
        ] {
            assert!(said.err.contains(part), "{part}: {}", said.err);
        }
        let told = case.run(&["webhooks", "explain", "--due"]);
        assert_eq!(told.code, 0, "{told:?}");
    }

    // A mistyped id is answered with the command that was typed, and no answer names half a command.
    async fn a_mistyped_id_is_answered_with_the_verb_that_was_typed(case: &Case) {
        case.write_env("");
        let id = Event::due("01k9zq3v7m4t8x2c6b5n1j0hdw").insert(case).await;
        let mistyped = "01k9zq3v7m4t8x2c6b5n1j0hdx";
        for (verb, meant) in [("show", ""), ("explain", ""), ("retry-one", " --dry-run")] {
            let said = case.run(&["webhooks", verb, mistyped]);
            assert_eq!(said.code, 9, "{said:?}");
            assert!(said.err.contains(&format!("did you mean `opsctl webhooks {verb} {id}{meant}`?")), "{}", said.err);
            for strange in ["evt-", "zz9aaaaaaaaaaaaaaaaaaaaaaa", "it's"] {
                let said = case.run(&["webhooks", verb, strange]);
                assert!(matches!(said.code, 2 | 9) && !said.err.contains('…'), "{said:?}");
                assert!(said.err.contains("`opsctl webhooks list --event-id "), "{}", said.err);
            }
        }
        let said = case.run(&["webhooks", "show", "--event-id", "evt-nobody"]);
        assert_eq!((said.code, said.err.contains('…')), (9, false), "{}", said.err);
        for words in commands(&said) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            assert_eq!(case.run(&words).code, 0, "{words:?}");
        }
    }

    // Providers of the catalogue are written in lower case; whoever shouts one means it.
    async fn a_known_provider_is_meant_in_any_case_and_a_stranger_as_it_is_written(case: &Case) {
        case.write_env("");
        let id = Event::due("a").provider("stripe").insert(case).await;
        let ids = |words: &[&str]| case.run(&[words, &["-o", "ids"]].concat()).out;
        for typed in ["STRIPE", "Stripe", " stripe "] {
            assert_eq!(ids(&["webhooks", "list", "--provider", typed]).trim(), id, "{typed}");
            assert_eq!(ids(&["webhooks", "retry", "--dry-run", "--provider", typed]).trim(), id, "{typed}");
            let due = json(&case.run(&["webhooks", "explain", "--due", "--provider", typed, "--json"]));
            assert_eq!(due["summary"]["due"], 1, "{typed}");
        }
        let own = Event::due("b").provider("MyBank").insert(case).await;
        assert_eq!(ids(&["webhooks", "list", "--provider", "MyBank"]).trim(), own);
    }

    async fn a_list_of_words_is_refused_where_one_is_taken(case: &Case) {
        case.write_env("");
        for words in [
            ["webhooks", "list", "--status", "failed,received"],
            ["webhooks", "retry", "--status", "failed,received"],
            ["webhooks", "list", "--provider", "stripe,xendit"],
            ["webhooks", "list", "--payment-status", "none,failed"],
        ] {
            let said = case.run(&words);
            assert_eq!(said.code, 2, "{said:?}");
            assert!(said.err.contains("one word at a time") && said.err.contains(&words[3][..4]), "{}", said.err);
        }
    }

    async fn the_window_of_a_list_is_told_to_machines(case: &Case) {
        case.write_env("");
        let summary = |words: &[&str]| json(&case.run(&[&["webhooks", "list", "--json"], words].concat()))["summary"].clone();
        let both = summary(&["--since", "2h", "--until", "2026-11-20 08:30"]);
        assert_eq!((&both["since"], &both["until"]), (&"2026-11-20T07:00:00Z".into(), &"2026-11-20T08:30:00Z".into()));
        let open = summary(&[]);
        assert!(open.get("since").is_some_and(Value::is_null) && open.get("until").is_some_and(Value::is_null), "{open}");
    }
}
