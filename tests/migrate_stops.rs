//! What ends or brakes `opsctl clusters migrate` before its end: files that are missing, `--to`, the deadline, and a
//! network that says nothing any more.

use std::{
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use opsctl::{
    config::database::Address,
    db::{Begin, Engine},
};
use serde_json::Value;

use crate::{
    on_every_engine,
    support::{
        Case, Schema,
        cli::Said,
        fleets::{Fleet, of},
        proxy::{Proxy, Way},
    },
};

const ONE: (&str, &str) = ("1_one.sql", "CREATE TABLE one (id integer);");
const TWO: (&str, &str) = ("2_two.sql", "CREATE TABLE two (id integer);");
const THREE: (&str, &str) = ("3_three.sql", "CREATE TABLE three (id integer);");

fn item(said: &Said) -> Value {
    serde_json::from_str::<Value>(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))["data"][0]
        .clone()
}

on_every_engine! {
    async fn a_file_that_is_gone_is_told_and_one_that_is_not_finished_stops_the_cluster(case: &Case) {
        let fleet = Fleet::new(case, 1).await;
        fleet.files(&[ONE, TWO]);
        assert_eq!(fleet.run("clusters migrate --path sql").code, 0);
        fleet.files(&[TWO, THREE]);
        let said = fleet.run("clusters migrate --path sql --status");
        assert_eq!(said.code, 3);
        assert!(said.err.contains("Migration 1 is applied on c1, and its file is not here."), "{said:?}");
        let no = if case.db.engine() == Engine::Postgres { "false" } else { "0" };
        fleet.clusters[0].execute(&format!("UPDATE opsctl_team_migrations SET success = {no} WHERE version = 1")).await;
        for words in ["clusters migrate --path sql", "clusters migrate --path sql --status", "clusters migrate --path sql --dry-run"] {
            let (outcomes, code, said) = fleet.outcomes(words);
            let item = item(&said);
            assert_eq!((of(&outcomes), code), (vec!["dirty"], 3), "{words}: {said:?}");
            assert_eq!(item["pending"], serde_json::json!([3]), "{words}: {said:?}");
            assert!(item["error"].as_str().unwrap().contains("its file is not here"), "{words}: {said:?}");
            assert!(item["next"].to_string().contains("`opsctl clusters repair c1 --path sql --version 1`"), "{said:?}");
        }
        assert!(!fleet.clusters[0].db.table_names().await.unwrap().contains(&"three".to_owned()));
        let line = fleet.run("clusters migrate --path sql -o nagios");
        assert!(line.code == 2 && line.out.contains("CRITICAL - 1 dirty: c1 |"), "{line:?}");
        fleet.files(&[ONE, TWO, THREE]);
        assert_eq!(fleet.run("clusters repair c1 --path sql --version 1 --yes").code, 0);
        fleet.finish().await;
    }

    async fn a_version_that_does_not_exist_brakes_before_anything_is_applied(case: &Case) {
        let fleet = Fleet::new(case, 1).await;
        fleet.files(&[ONE, TWO, THREE]);
        let said = fleet.run("clusters migrate --path sql --to 20");
        assert_eq!(said.code, 9, "{said:?}");
        assert!(said.err.contains("there is no migration 20 to stop at") && said.err.contains("hint: did you mean `--to 2`?"), "{said:?}");
        let far = fleet.run("clusters migrate --path sql --to 99999");
        assert!(far.code == 9 && far.err.contains("the newest is `--to 3`"), "{far:?}");
        assert!(!fleet.clusters[0].db.table_names().await.unwrap().contains(&"one".to_owned()));
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql --status --to 1");
        assert_eq!((of(&outcomes), code), (vec!["pending"], 3), "{said:?}");
        assert_eq!((&item(&said)["pending"], &item(&said)["later"]), (&serde_json::json!([1]), &serde_json::json!([2, 3])));
        let said = fleet.run("clusters migrate --path sql --to 1");
        assert!(said.code == 0 && said.err.contains("Plan: c1 lacks 1; 2, 3 stay behind `--to`."), "{said:?}");
        let (outcomes, code, _) = fleet.outcomes("clusters migrate --path sql --status --to 1");
        assert_eq!((of(&outcomes), code), (vec!["skipped"], 0));
        assert_eq!(fleet.run("clusters migrate --path sql --status").code, 3);
        fleet.finish().await;
    }

    async fn looking_says_what_each_lacks_what_drifted_and_what_to_type(case: &Case) {
        let fleet = Fleet::new(case, 1).await;
        fleet.files(&[ONE, TWO, THREE]);
        let said = fleet.run("clusters migrate --path sql --dry-run");
        assert!(said.out.contains("lacks 1, 2, 3"), "{said:?}");
        assert!(said.err.contains("hint: apply what is pending: `opsctl clusters migrate c1 --path sql`"), "{said:?}");
        assert_eq!(fleet.run("clusters migrate --path sql").code, 0);
        fleet.files(&[(ONE.0, "SELECT 1;"), (TWO.0, "SELECT 2;"), THREE]);
        let said = fleet.run("clusters migrate --path sql --status");
        assert!(said.code == 3 && said.out.contains("version 1 (one): ") && said.out.contains("version 2 (two): "), "{said:?}");
        fleet.finish().await;
    }

    async fn the_deadline_ends_a_wait_for_another_run_with_75_and_its_holder(case: &Case) {
        let engine = case.db.engine();
        let fleet = Fleet::new(case, 1).await;
        fleet.files(&[ONE]);
        let mut holder = fleet.clusters[0].db.session().await.unwrap();
        let expected = match engine {
            Engine::Postgres => {
                holder.script("SELECT pg_advisory_lock(122528762917996)").await.unwrap();
                "the lock is held by opsctl"
            }
            Engine::MySql => {
                holder.script("SELECT GET_LOCK(CONCAT('opsctl:migrate:', IF(CHAR_LENGTH(DATABASE()) <= 40, DATABASE(), SHA1(DATABASE()))), 0)").await.unwrap();
                "the lock is held by connection"
            }
            Engine::Sqlite => {
                holder.begin(Begin::Write).await.unwrap();
                "the lock is held by process"
            }
        };
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql --timeout 2s --lock-wait 60s --lock-timeout 500ms");
        assert_eq!((of(&outcomes), code), (vec!["interrupted"], 75), "{said:?}");
        assert!(item(&said)["error"].as_str().unwrap().contains(expected), "{said:?}");
        assert!(said.err.contains("the run was ended before its end: the deadline passed"), "{said:?}");
        drop(holder);
        fleet.finish().await;
    }

    async fn the_deadline_between_two_migrations_and_in_a_wait_for_a_table_is_75(case: &Case) {
        let (slow, lock) = match case.db.engine() {
            Engine::Postgres => ("CREATE TABLE slow AS SELECT pg_sleep(2.5)::text AS slept;", "LOCK TABLE held IN ACCESS EXCLUSIVE MODE"),
            Engine::MySql => ("CREATE TABLE slow AS SELECT SLEEP(2.5);", "SELECT * FROM held"),
            Engine::Sqlite => return,
        };
        let fleet = Fleet::new(case, 1).await;
        fleet.files(&[("1_slow.sql", slow), TWO]);
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql --timeout 2s");
        assert_eq!((of(&outcomes), code), (vec!["interrupted"], 75), "{said:?}");
        assert_eq!(item(&said)["applied"], serde_json::json!([1]), "{said:?}");
        fleet.clusters[0].execute("CREATE TABLE held (id integer)").await;
        fleet.files(&[("1_slow.sql", slow), TWO, ("3_held.sql", "ALTER TABLE held ADD COLUMN x integer;")]);
        let mut holder = fleet.clusters[0].db.session().await.unwrap();
        holder.begin(Begin::Write).await.unwrap();
        holder.script(lock).await.unwrap();
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql --timeout 4s --lock-timeout 1s --lock-retries 40");
        assert_eq!((of(&outcomes), code), (vec!["interrupted"], 75), "{said:?}");
        let error = item(&said)["error"].as_str().unwrap().to_owned();
        assert!(error.contains("a lock was not to be had in") && error.contains("held by "), "{said:?}");
        holder.rollback().await.unwrap();
        drop(holder);
        assert_eq!(fleet.run("clusters migrate --path sql").code, 0);
        fleet.finish().await;
    }

    // Both connections go through the same network: nobody hears what became of the statement.
    async fn a_network_that_goes_silent_is_given_up_and_two_interrupts_end_the_run(case: &Case) {
        let slow = match case.db.engine() {
            Engine::Postgres => "CREATE TABLE slow (x text);\nINSERT INTO slow SELECT pg_sleep(3);",
            Engine::MySql => "CREATE TABLE slow (x int);\nINSERT INTO slow SELECT SLEEP(3);",
            Engine::Sqlite => return,
        };
        let fleet = Fleet::new(case, 1).await;
        fleet.files(&[("1_slow.sql", slow)]);
        let Address::Tcp(_, port) = &fleet.clusters[0].target.address else { return };
        let proxy = Proxy::to(*port);
        behind(case, *port, proxy.port);
        let (child, since) = (begun(&fleet, &proxy, "json").await, Instant::now());
        for _ in 0..2 {
            let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
            std::thread::sleep(Duration::from_millis(100));
        }
        let said: Said = child.wait_with_output().unwrap().into();
        assert!(since.elapsed() < Duration::from_millis(1800) && said.code == 130, "{:?}: {said:?}", since.elapsed());
        assert!(item(&said)["took_ms"].as_u64().unwrap() >= 600, "{said:?}");
        proxy.set(Way::Pass);
        assert_eq!(fleet.run("clusters migrate --path sql").code, 0);
        fleet.files(&[("1_slow.sql", slow), ("2_slow.sql", &slow.replace("slow", "slower"))]);
        let (child, since) = (begun(&fleet, &proxy, "table").await, Instant::now());
        let said: Said = child.wait_with_output().unwrap().into();
        assert!(said.code == 7 && said.err.contains("is not known: "), "{said:?}");
        assert!(said.err.contains("Still waiting for c1 after 10 s."), "{said:?}");
        assert!((20..60).contains(&since.elapsed().as_secs()), "{said:?}");
        proxy.set(Way::Pass);
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql");
        assert!(code == 0 && matches!(&of(&outcomes)[..], ["applied" | "skipped"]), "{said:?}");
        fleet.finish().await;
    }
}

/// Lets the clusters of the file be reached through a proxy.
fn behind(case: &Case, port: u16, proxy: u16) {
    let path = case.folder.path().join("opsctl.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(&format!(":{port}/"), &format!(":{proxy}/"))).unwrap();
}

/// A run whose network goes silent while its statement is at work.
async fn begun(fleet: &Fleet<'_>, proxy: &Proxy, format: &str) -> Child {
    proxy.set(Way::Pass);
    let mut program = fleet.central.program(&["clusters", "migrate", "--path", "sql", "-o", format]);
    let child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let at_work = match fleet.central.db.engine() {
        Engine::Postgres => {
            "pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg!_sleep%' ESCAPE '!' AND pid <> pg_backend_pid()"
        }
        _ => "information_schema.processlist WHERE db = DATABASE() AND state = 'User sleep'",
    };
    while fleet.clusters[0].count(at_work).await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    proxy.set(Way::Hang);
    child
}

#[tokio::test]
async fn what_did_not_finish_is_told_with_its_statement_its_error_and_who_ran_it() {
    let Some(case) = Case::new(Engine::MySql, Schema::Service).await else { return };
    let fleet = Fleet::new(&case, 1).await;
    fleet.files(&[("1_bad.sql", "CREATE TABLE one (id integer);\nINSERT INTO nowhere VALUES (1);")]);
    assert_eq!(fleet.run("clusters migrate --path sql").code, 1);
    let said = fleet.run("clusters migrate --path sql --status -o json");
    let error = item(&said)["error"].as_str().unwrap().to_owned();
    for part in [
        "migration 1 (bad) was begun and did not finish",
        "statement 2, `INSERT INTO nowhere VALUES (1)`, failed: ",
        "doesn't exist; ",
        "@",
        " UTC",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(item(&said)["next"].to_string().contains("`opsctl clusters migrate c1 --path sql`"), "{said:?}");
    fleet.finish().await;
    case.finish().await;
}
