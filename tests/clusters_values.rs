//! Values of a registration as they are typed: what is refused, what is taken back, what is told.

use opsctl::config::database::Address;

use crate::{
    on_every_engine,
    support::{Case, cli::Said},
};

const URL: &str = "postgres://app@db-eu:5432/tenants";

fn told(said: &Said, code: i32, part: &str) {
    assert!(said.code == code && said.err.contains(part), "{part}: {said:?}");
}

fn prepared(case: &Case) {
    case.write_env("");
    for words in [&["db", "migrate", "-q"][..], &["clusters", "add", "eu-1", "--url", URL]] {
        let said = case.run(words);
        assert_eq!(said.code, 0, "{said:?}");
    }
}

on_every_engine! {
    async fn a_capacity_is_one_tenant_at_least_and_can_be_taken_back(case: &Case) {
        prepared(case);
        for verb in [&["add", "x", "--url", "postgres://app@db/t"][..], &["edit", "eu-1"]] {
            for (typed, part) in [("0", "a whole number from 1 to"), ("-1", "a whole number from 1 to")] {
                told(&case.run(&[&["clusters"], verb, &["--capacity", typed]].concat()), 2, part);
            }
        }
        let edit = |words: &[&str]| case.run(&[&["clusters", "edit", "eu-1"], words].concat());
        told(&edit(&["--capacity", "5"]), 0, "Changed capacity");
        told(&edit(&["--no-capacity", "--capacity", "5"]), 2, "cannot be used with");
        told(&edit(&["--no-capacity"]), 0, "Changed capacity");
        told(&edit(&["--no-capacity"]), 0, "unchanged");
        assert_eq!(case.count("opsctl_clusters WHERE capacity IS NULL").await, 1);
    }

    async fn a_region_holds_nothing_that_steers_a_terminal(case: &Case) {
        prepared(case);
        for verb in [&["add", "x", "--url", "postgres://app@db/t"][..], &["edit", "eu-1"]] {
            let said = case.run(&[&["clusters"], verb, &["--region", "eu\u{1b}[31m"]].concat());
            told(&said, 2, "it holds control characters");
            assert!(!said.err.contains("\u{1b}[31m"), "{said:?}");
        }
        // One that came into the table by hand is spelled out, for programs too.
        case.execute("UPDATE opsctl_clusters SET region = 'a\u{1b}b'").await;
        for format in ["table", "csv", "tsv"] {
            let said = case.run(&["clusters", "list", "-o", format]);
            assert!(said.out.contains("u{1b}b") && !said.out.contains('\u{1b}'), "{said:?}");
        }
    }

    async fn a_password_in_an_address_is_named_as_one_wherever_it_stands(case: &Case) {
        prepared(case);
        for url in ["postgres://app:kanari@db/t", "postgres://app@db/t?password=kanari", "mysql://app@db/t?password=kanari"] {
            let said = case.run(&["clusters", "add", "x", "--url", url]);
            told(&said, 6, "holds a password");
            assert!(!format!("{said:?}").contains("kanari"), "{said:?}");
        }
    }

    async fn what_is_no_reference_is_told_once_and_never_shown(case: &Case) {
        prepared(case);
        case.execute("UPDATE opsctl_clusters SET secret = 'kanari'").await;
        let said = case.run(&["clusters", "show", "eu-1"]);
        let role = "app: the password of cluster `eu-1` must be a reference, not a secret";
        assert!(said.out.contains(role) && !said.out.contains("no reference"), "{said:?}");
        assert!(said.code == 6 && !format!("{said:?}").contains("kanari"), "{said:?}");
    }

    async fn an_sqlite_file_that_does_not_exist_is_registered_with_a_note(case: &Case) {
        prepared(case);
        told(&case.run(&["clusters", "add", "one", "--url", "sqlite:missing.sqlite"]), 0, "missing.sqlite does not exist yet.\n");
        std::fs::write(case.folder.path().join("here.sqlite"), "").unwrap();
        let said = case.run(&["clusters", "add", "two", "--url", "sqlite:here.sqlite"]);
        assert!(said.code == 0 && !said.err.contains("exist"), "{said:?}");
    }

    async fn a_wrong_password_is_told_with_its_place_once(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return; // has no passwords
        }
        prepared(case);
        let scheme = case.db.engine().name();
        let Address::Tcp(host, port) = &case.target.address else { panic!("{}", case.target) };
        let url = format!("{scheme}://nobody@{host}:{port}/{}", case.target.name);
        assert_eq!(case.run(&["clusters", "add", "x", "--url", &url, "--password-from", "env:WRONG"]).code, 0);
        let said = case.run_with(&[("WRONG", "kanari")], &["clusters", "probe", "x"]);
        let all = format!("{}{}", said.out, said.err);
        assert!(said.code == 6 && all.contains("refused the credentials of"), "{said:?}");
        assert!(all.contains("user and password come from the registration of cluster `x`; check them there"), "{said:?}");
        assert!(!all.contains("kanari"), "{said:?}");
    }
}
