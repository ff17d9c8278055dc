//! What a tired person types: ids with quotes around them, numbers in words, names that are nearly right.

use crate::{on_every_database, support::mixed};

on_every_database! {
    // From a chat, a ticket, a shell: the id is what is meant.
    async fn a_pasted_id_is_taken_for_what_it_is(case: &Case) {
        mixed(case).await;
        let id = "01k9aaaaaaaaaaaaaaaaaaaaa2";
        for pasted in [format!(" {id} "), format!("'{id}'"), format!("“{id}”"), format!("`{id}`,"), format!("{id}."), format!("\"{}\"", id.to_uppercase())] {
            for words in [vec!["webhooks", "show"], vec!["webhooks", "explain"], vec!["webhooks", "retry-one", "--dry-run"]] {
                let said = case.run(&[&words[..], &[&pasted]].concat());
                assert!(said.code == 0 && said.out.contains(id), "{words:?} {pasted}: {said:?}");
            }
        }
        for verb in ["show", "explain"] {
            let said = case.run(&["webhooks", verb, "--event-id", &format!("'evt-{id}',")]);
            assert!(said.code == 0 && said.out.contains(id), "{said:?}");
        }
        let two = format!("{id}, 01k9aaaaaaaaaaaaaaaaaaaaa3");
        for words in [vec!["webhooks", "show"], vec!["webhooks", "explain"], vec!["webhooks", "retry-one"]] {
            let said = case.run(&[&words[..], &[&two]].concat());
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
            assert!(said.err.contains("it holds 2 ids") && said.err.contains(&format!("`{id}`")), "{}", said.err);
        }
        assert_eq!(case.event(id).await.attempts, 1);
    }

    async fn a_number_that_is_none_says_what_to_type(case: &Case) {
        mixed(case).await;
        for (typed, told) in [
            ("--limit=all", "the most is `1000000`"),
            ("--limit=1e3", "in digits alone: `1000`"),
            ("--limit=1,000", "in digits alone: `1000`"),
            ("--limit=", "a whole number from 1 to 1000000"),
            ("--limit=-1", "such as `1`"),
            ("--limit=0", "such as `1`"),
            ("--max-attempts=all", "the most is `32767`"),
        ] {
            let said = case.run(&["webhooks", "retry-once", typed]);
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
            assert!(said.err.contains(told), "{typed}: {}", said.err);
        }
        for words in [["--limit", ""], ["--limit", "-1"]] {
            let said = case.run(&[&["webhooks", "retry-once"][..], &words].concat());
            assert!(said.code == 2 && said.err.contains("a whole number from 1 to 1000000"), "{said:?}");
        }
        assert_eq!(case.event("01k9aaaaaaaaaaaaaaaaaaaaa1").await.attempts, 1, "nothing was tried");
    }

    // Each name that nearly is one, with what to type instead.
    async fn a_name_that_is_nearly_one_is_told(case: &Case) {
        mixed(case).await;
        for (words, told) in [
            (vec!["webhooks", "list", "--provider", "strpe"], "`--provider stripe`"),
            (vec!["webhooks", "list", "--status", "recieved"], "`--status received`"),
            (vec!["webhooks", "list", "--payment-status", "sucseeded"], "`--payment-status succeeded`"),
            (vec!["webhooks", "retry", "--provider", "midtrans2"], "`--provider midtrans`"),
            (vec!["webhooks", "retry", "--status", "faild"], "`--status failed`"),
            (vec!["webhooks", "retry", "--mode", "equl"], "`--mode equal`"),
            (vec!["webhooks", "retry", "--if-locked", "skp"], "`--if-locked skip`"),
            (vec!["webhooks", "explain", "--due", "--provider", "strpe"], "`--provider stripe`"),
            (vec!["webhooks", "explain", "01k9aaaaaaaaaaaaaaaaaaaab1"], "`opsctl webhooks explain 01k9aaaaaaaaaaaaaaaaaaaaa1`"),
            (vec!["webhooks", "list", "--tz", "Asia/Jakrta"], "`--tz Asia/Jakarta`"),
            (vec!["webhooks", "list", "-o", "jsn"], "'json'"),
            (vec!["webhooks", "lst"], "'list'"),
            (vec!["help", "exit-cods"], "`opsctl help exit-codes`"),
            (vec!["help", "webhooks", "explian"], "`opsctl help webhooks explain`"),
            (vec!["tenrusl:webhooks:retri"], "`opsctl tenrusl:webhooks:retry`"),
            (vec!["db", "seed", "--only", "webhoks"], "'webhooks'"),
        ] {
            let said = case.run(&words);
            assert!(said.err.contains(told), "{words:?}: {said:?}");
        }
        for (variable, value, told) in [
            ("OPSCTL_SYSTEM", "webhoks", "`OPSCTL_SYSTEM=webhooks`"),
            ("OPSCTL_CACHE_STORE", "databse", "`OPSCTL_CACHE_STORE=database`"),
        ] {
            let said = case.run_with(&[(variable, value)], &["webhooks", "retry-once"]);
            assert!(said.code == 6 && said.err.contains(told), "{said:?}");
        }
        let env = std::fs::read_to_string(case.folder.path().join(".env")).unwrap();
        let driver = env.lines().find(|line| line.starts_with("DB_CONNECTION=")).unwrap();
        std::fs::write(case.folder.path().join(".env"), env.replace(driver, &format!("{driver}l"))).unwrap();
        let said = case.run(&["webhooks", "list"]);
        assert!(said.code == 6 && said.err.contains(&format!("`{driver}`")), "{said:?}");
    }
}
