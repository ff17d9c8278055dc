//! `opsctl demo`, `init` and `db` as they are typed.

use opsctl::schema;

use crate::{
    on_every_database,
    support::{Case, Schema, cli::run},
};

#[test]
fn the_demo_shows_the_daily_round_and_leaves_nothing_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    // A configuration around it is not read.
    std::fs::write(folder.path().join("opsctl.toml"), "this is not even toml").unwrap();
    let mut demo = crate::support::cli::opsctl(folder.path());
    let output = demo
        .env_remove("OPSCTL_NOW")
        .env("OPSCTL_DATABASE_URL", "postgres://nowhere/x")
        .arg("demo")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{err}");
    let rounds: Vec<&str> = err.lines().filter(|line| line.contains(" applied")).collect();
    assert_eq!(rounds.len(), 3, "{err}");
    assert!(err.contains("8 payments arrive late"), "{err}");
    assert!(rounds[2].contains("8 applied"), "the second round finds the late payments: {err}");
    assert!(err.contains("hint: remove the demo: `opsctl demo --remove`"), "{err}");
    assert!(out.contains("PROVIDER"), "{out}");
    assert!(!folder.path().join("state").exists(), "the demo's journal is its own");
    let again = run(folder.path(), &["demo", "--remove"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(!folder.path().join("opsctl-demo").exists());
    assert_eq!(run(folder.path(), &["demo", "--remove"]).code, 9);
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    std::fs::write(folder.path().join("mine/precious"), "x").unwrap();
    for words in [&["demo", "--dir", "mine"][..], &["demo", "--dir", "mine", "--remove"]] {
        assert_eq!(run(folder.path(), words).code, 5);
    }
    assert!(folder.path().join("mine/precious").exists());
}

#[test]
fn init_makes_a_folder_that_works_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["init", "--embedded"]).code, 0);
    let again = run(folder.path(), &["init", "--embedded"]);
    assert_eq!(again.code, 5);
    assert!(again.err.contains("exists already"), "{}", again.err);
    let status = run(folder.path(), &["db", "status", "--json"]);
    assert_eq!(status.code, 0, "{status:?}");
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!((&status["data"]["owner"], &status["summary"]["pending"]), (&"opsctl".into(), &0.into()));
    assert_eq!(run(folder.path(), &["db", "seed", "--only", "webhooks"]).code, 0);
    let twice = run(folder.path(), &["db", "seed"]);
    assert_eq!(twice.code, 5);
    assert!(twice.err.contains("`opsctl db fresh --seed`"), "{}", twice.err);
    assert_eq!(run(folder.path(), &["webhooks", "retry-once", "-q"]).code, 4);
    // Fresh is destructive: it asks.
    let refused = run(folder.path(), &["db", "fresh", "--seed"]);
    assert_eq!((refused.code, refused.err.contains("--yes")), (5, true));
    assert_eq!(run(folder.path(), &["db", "fresh", "--seed", "--yes"]).code, 0);
    assert_eq!(
        run(folder.path(), &["webhooks", "list", "--limit", "1000", "-o", "ids"]).out.lines().count(),
        360
    );
    // A run that was cut short before the configuration was written is finished by the next one.
    std::fs::remove_file(folder.path().join("opsctl.toml")).unwrap();
    assert_eq!(run(folder.path(), &["init", "--embedded"]).code, 0);
}

#[test]
fn without_a_journal_nothing_destructive_is_done() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["init", "--embedded"]).code, 0);
    std::fs::remove_dir_all(folder.path().join("state")).unwrap();
    std::fs::write(folder.path().join("state"), "").unwrap();
    let said = run(folder.path(), &["db", "fresh", "--yes"]);
    assert_eq!(said.code, 5);
    assert!(said.err.contains("without a journal nothing destructive is done"), "{}", said.err);
}

on_every_database! {
    async fn db_commands_know_whose_database_it_is(case: &Case) {
        case.write_env("");
        let status = case.run(&["db", "status"]);
        match case.schema {
            Schema::Reference => assert_eq!((status.code, status.err.contains("is opsctl's own: webhooks.")), (0, true)),
            Schema::Service => {
                assert_eq!((status.code, status.err.contains("is an application's: webhooks.")), (3, true), "{status:?}");
                for words in [&["db", "seed"][..], &["db", "fresh", "--yes"], &["db", "migrate", "--own"]] {
                    let said = case.run(words);
                    assert_eq!(said.code, 5, "{words:?} {said:?}");
                }
                let dry = case.run(&["db", "migrate", "--dry-run"]);
                let told = format!("this would apply {} migrations", schema::OPSCTL.migrations(case.db.engine()).len());
                assert_eq!((dry.code, dry.err.contains(&told)), (0, true), "{dry:?}");
                assert_eq!(case.run(&["db", "status"]).code, 3);
                assert_eq!(case.run(&["db", "migrate"]).code, 0);
                assert_eq!(case.run(&["db", "status"]).code, 0);
            }
        }
        assert_eq!(case.run(&["db", "migrate"]).code, 0);
    }
}

/// An empty database becomes opsctl's own only when asked, on every engine.
#[tokio::test]
async fn an_empty_database_is_an_applications_until_it_is_made_ones_own() {
    use opsctl::db::Engine;
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MySql] {
        let Some(case) = Case::empty(engine, Schema::Reference).await else { continue };
        case.write_env("");
        let url_only = if engine == Engine::Sqlite { "--own" } else { "" };
        if url_only.is_empty() {
            assert_eq!(case.run(&["db", "status"]).code, 3, "{engine:?}");
            assert_eq!(case.run(&["db", "seed"]).code, 5, "{engine:?}");
        }
        let made = case.run(&["db", "migrate", "--own"]);
        assert_eq!(made.code, 0, "{engine:?} {made:?}");
        assert_eq!(case.run(&["db", "seed"]).code, 0);
        assert_eq!(schema::owner(&case.db).await.unwrap(), schema::Owner::Opsctl);
        assert_eq!(case.run(&["webhooks", "retry-once", "-q"]).code, 4);
        case.finish().await;
    }
}
