//! What the journal says is what happened: the code that the process ends with, who, where, and in which of its places.

use opsctl::{cancel::Cancel, schema};
use serde_json::Value;

use crate::{
    on_every_engine,
    support::{
        Case,
        cli::{Said, program},
        mixed,
    },
};

const RETRY: [&str; 4] = ["webhooks", "retry-once", "--limit", "2"];

async fn prepared(case: &Case) {
    mixed(case).await;
    schema::apply(&case.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
}

/// The newest run, from one source.
fn last(case: &Case, source: &str) -> Value {
    let said = case.run(&["journal", "show", "last", "--json", "--source", source]);
    assert_eq!(said.code, 0, "{said:?}");
    serde_json::from_str::<Value>(&said.out).unwrap()["data"].clone()
}

/// Runs words in a shell line, where `$OPSCTL` is the program.
fn in_shell(case: &Case, line: &str, words: &[&str]) -> Said {
    let program = program(case.folder.path());
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", line, "sh"]).arg(program.get_program()).args(words).env_clear();
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(case.folder.path()).output().unwrap().into()
}

on_every_engine! {
    async fn the_code_of_the_journal_is_the_code_of_the_process(case: &Case) {
        prepared(case).await;
        let said = in_shell(case, r#""$@" >/dev/full"#, &RETRY);
        assert_eq!(said.code, 1, "{said:?}");
        for source in ["file", "database"] {
            let run = last(case, source);
            assert_eq!(run["exit"], 1, "{source}: {run}");
            assert!(run["error"].as_str().unwrap().starts_with("the output cannot be written"), "{run}");
            assert_eq!(run["counts"]["selected"], 2, "what was done stays told: {run}");
        }
        let said = in_shell(case, r#"OPSCTL_NOW=2026-11-20T09:01:00Z "$@" 2>/dev/full"#, &RETRY);
        for source in ["file", "database"] {
            assert_eq!(i64::from(said.code), last(case, source)["exit"].as_i64().unwrap(), "{source}");
        }
    }

    async fn a_run_that_panics_has_ended(case: &Case) {
        prepared(case).await;
        let said = case.run_with(&[("OPSCTL_PANIC_AT", "after-release")], &RETRY);
        assert_eq!(said.code, 101, "{said:?}");
        let run = last(case, "file");
        assert_eq!(run["exit"], 101, "{run}");
        assert_eq!(run["error"], "opsctl failed inside itself: a panic");
    }

    async fn a_run_without_a_file_is_told_to_be_in_the_table(case: &Case) {
        prepared(case).await;
        let none = [("OPSCTL_STATE_DIR", "/dev/null/state")];
        let said = case.run_with(&none, &RETRY);
        let warning = "warning: this run is in the table opsctl_journal, but not in this host's journal: ";
        assert!(said.err.contains(warning), "{}", said.err);
        assert_eq!(last(case, "database")["exit"], said.code);
        case.execute("DROP TABLE opsctl_journal").await;
        let said = case.run_with(&none, &RETRY);
        assert!(said.err.contains("warning: this run is not in the journal: "), "{}", said.err);
    }

    async fn a_variable_does_not_decide_who_it_was(case: &Case) {
        prepared(case).await;
        let words = ["webhooks", "retry-once", "-q", "--reason", "x"];
        case.run_with(&[("USER", "somebody")], &words);
        for source in ["file", "database"] {
            let run = last(case, source);
            assert_eq!((&run["user"], &run["claimed_user"]), (&"ana".into(), &"somebody".into()), "{source}");
            assert_eq!(run["cwd"], case.folder.path().to_str().unwrap(), "{source}");
        }
        let system = case.run_with(&[("OPSCTL_USER", ""), ("OPSCTL_NOW", "2026-11-20T09:01:00Z")], &words);
        assert!([0, 4].contains(&system.code), "{system:?}");
        let login = std::process::Command::new("id").arg("-un").output().unwrap().stdout;
        assert_eq!(last(case, "file")["user"], String::from_utf8(login).unwrap().trim());
    }

    async fn an_empty_list_names_what_was_nearly_asked_for(case: &Case) {
        prepared(case).await;
        case.run(&RETRY);
        let host = last(case, "file")["host"].as_str().unwrap().to_owned();
        let nearly = format!("{host}x");
        let cases = [
            (["--command", "webhoks"], "did you mean `--command webhooks`?".to_owned()),
            (["--command", "webhooks retry-onec"], "did you mean `--command 'webhooks retry-once'`?".to_owned()),
            (["--user", "anna"], "did you mean `--user ana`?".to_owned()),
            (["--host", &nearly], format!("did you mean `--host {host}`?")),
        ];
        for (words, hint) in cases {
            for source in ["file", "database"] {
                let said = case.run(&[&["journal", "list", "--source", source], &words[..]].concat());
                assert!(said.err.contains(&hint), "{words:?} {source}: {said:?}");
            }
        }
        let said = case.run(&["journal", "list", "--exit", "faild"]);
        assert!(said.code == 2 && said.err.contains("did you mean `--exit failed`?"), "{said:?}");
    }

    async fn columns_and_members_have_the_same_names(case: &Case) {
        prepared(case).await;
        case.run(&RETRY);
        let run = last(case, "file");
        let members: Vec<&str> =
            run.as_object().unwrap().keys().map(String::as_str).filter(|key| *key != "sources").collect();
        let said = case.run(&["journal", "list", "-o", "csv", "--columns", &members.join(",")]);
        assert_eq!(said.out.lines().next(), Some(&*members.join(",")), "{said:?}");
        let known = case.run(&["journal", "list", "--columns", "help"]);
        assert_eq!(known.out.lines().count(), 1 + members.len(), "{}", known.out);
        assert!(said.out.contains(r#"""selected"":2"#), "{}", said.out);
    }

    async fn a_table_that_may_not_be_read_leaves_the_file(case: &Case) {
        prepared(case).await;
        let name = format!("n{}", case.target.name);
        let (make, drop) = match case.db.engine() {
            Engine::Postgres => (
                format!("CREATE ROLE {name} LOGIN PASSWORD 'narrow'; GRANT SELECT ON webhook_events TO {name}"),
                format!("DROP OWNED BY {name}; DROP ROLE {name}"),
            ),
            Engine::MySql => (
                format!("CREATE USER {name} IDENTIFIED BY 'narrow'; GRANT SELECT ON {}.webhook_events TO {name}", case.target.name),
                format!("DROP USER {name}"),
            ),
            Engine::Sqlite => return, // has no roles
        };
        case.run(&RETRY);
        let run = last(case, "file")["run"].as_str().unwrap().to_owned();
        case.execute(&make).await;
        case.write_env(&format!("DB_USERNAME={name}\nDB_PASSWORD=narrow\n"));
        let both = case.run(&["journal", "list", "-o", "ids"]);
        let table = case.run(&["journal", "list", "--source", "database"]);
        case.write_env("");
        case.execute(&drop).await;
        assert_eq!((both.code, both.out.trim()), (0, &*run), "{both:?}");
        assert!(both.err.contains("From this host's file alone: "), "{both:?}");
        assert_eq!(table.code, 6, "{table:?}");
    }

    async fn a_list_that_does_without_the_database_says_why(case: &Case) {
        prepared(case).await;
        case.run(&RETRY);
        std::fs::write(case.folder.path().join("opsctl.toml"), "[database]\nurl = \"sqlite:a\"\nurl = \"sqlite:b\"\n").unwrap();
        let said = case.run(&["journal", "list", "-o", "ids"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.err.contains("opsctl.toml cannot be understood: line 3"), "{}", said.err);
    }
}
