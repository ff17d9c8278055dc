//! `opsctl clusters migrate` under bad conditions: killed, interrupted, tables held by others, roles without rights,
//! indexes that were left behind.

use std::time::Duration;

use opsctl::db::{Begin, Engine};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    on_every_engine,
    support::{
        Case, Schema,
        cli::Said,
        fleets::{Fleet, of},
        number,
        roles::{Cluster, TABLES},
    },
};

const ONE: (&str, &str) =
    ("0001_things.sql", "CREATE TABLE things (id integer PRIMARY KEY);\nINSERT INTO things VALUES (1);");
const MORE: (&str, &str) = (
    "0002_more.sql",
    "ALTER TABLE things ADD COLUMN x integer;\nINSERT INTO things (id, x) VALUES (2, 2);\nCREATE TABLE more (id integer PRIMARY KEY);\n\
     INSERT INTO more SELECT id FROM things;",
);

on_every_engine! {
    // A tenth of the tables is held by others, one cluster fails, and the tool is killed again and again.
    async fn a_fleet_converges_however_often_the_tool_is_killed(case: &Case) {
        let count = number("OPSCTL_TEST_DATABASES", 8_usize);
        let (kills, seed) = (number("OPSCTL_TEST_KILLS", 6_u64), number("OPSCTL_TEST_SEED", 7_u64));
        let fleet = Fleet::new(case, count).await;
        fleet.files(&[ONE]);
        assert_eq!(fleet.run("clusters migrate --path sql").code, 0);
        fleet.files(&[ONE, MORE]);
        let failing = count - 1;
        fleet.clusters[failing].execute("CREATE TABLE more (x integer)").await;
        let held = count / 10 + 1;
        let holders: Vec<_> = fleet.clusters[..held].iter().map(Case::another).collect();
        let mut sessions = Vec::new();
        for holder in &holders {
            let mut session = holder.session().await.unwrap();
            session.begin(Begin::Write).await.unwrap();
            session.script("UPDATE things SET id = id").await.unwrap();
            sessions.push(session);
        }
        let mut rng = StdRng::seed_from_u64(seed);
        let words = ["clusters", "migrate", "--path", "sql", "--lock-timeout", "1s", "--lock-retries", "1", "--lock-wait", "2s"];
        for _ in 0..kills {
            let mut child = case.program(&words).spawn().unwrap();
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..900))).await; // the moment of the kill
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let (outcomes, code, said) = fleet.outcomes(&words.join(" "));
        for (at, outcome) in of(&outcomes).into_iter().enumerate() {
            let expected: &[&str] = match at {
                at if at < held => &["locked"],
                at if at == failing => &["failed"],
                _ => &["applied", "skipped"],
            };
            assert!(expected.contains(&outcome), "seed {seed}, cluster {at}: {outcome}: {said:?}");
        }
        assert_eq!(code, 8);
        for session in &mut sessions {
            session.rollback().await.unwrap();
        }
        drop(sessions);
        fleet.clusters[failing].execute("DROP TABLE more").await;
        let (outcomes, code, said) = fleet.outcomes(&words.join(" "));
        assert_eq!(code, 0, "seed {seed}: {said:?}");
        let again = of(&outcomes).iter().filter(|outcome| **outcome == "applied").count();
        assert_eq!(again, held + 1, "seed {seed}: {said:?}");
        for cluster in &fleet.clusters {
            assert_eq!((cluster.count("things").await, cluster.count("more").await), (2, 2), "seed {seed}");
        }
        fleet.finish().await;
    }

    async fn ctrl_c_finishes_what_is_in_hand_and_names_the_rest(case: &Case) {
        let fleet = Fleet::new(case, 3).await;
        fleet.files(&[ONE]);
        let held = case.hold("migration-commit#1", &["clusters", "migrate", "--path", "sql", "--parallel", "1", "-o", "json"]);
        held.interrupt();
        let said = held.go();
        let value: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let outcomes: Vec<&str> = value["data"].as_array().unwrap().iter().map(|item| item["outcome"].as_str().unwrap()).collect();
        // The signal is read as soon as the run waits for a server, which may be that of the next cluster.
        assert!(matches!(outcomes[1], "not_begun" | "interrupted"), "{said:?}");
        assert_eq!((outcomes[2], said.code), ("not_begun", 130), "{said:?}");
        assert!(matches!(outcomes[0], "applied" | "interrupted"), "{said:?}");
        for cluster in &fleet.clusters[1..] {
            assert!(!cluster.db.table_names().await.unwrap().contains(&"things".to_owned()), "{said:?}");
        }
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql");
        assert_eq!((of(&outcomes)[1..].to_vec(), code), (vec!["applied", "applied"], 0), "{said:?}");
        for cluster in &fleet.clusters {
            assert_eq!(cluster.count("things").await, 1);
        }
        fleet.finish().await;
    }

    async fn what_is_dangerous_is_told_and_may_be_denied(case: &Case) {
        let fleet = Fleet::new(case, 2).await;
        fleet.files(&[ONE]);
        assert_eq!(fleet.run("clusters migrate --path sql").code, 0);
        fleet.files(&[ONE, ("0002_drop.sql", "CREATE TABLE other (id integer PRIMARY KEY);\nDROP TABLE things;")]);
        let said = fleet.run("clusters migrate --path sql --lint deny");
        assert_eq!(said.code, 5, "{said:?}");
        assert!(said.err.contains("caused by: 0002_drop.sql line 2: ban-drop-table"), "{said:?}");
        assert_eq!(fleet.clusters[0].count("things").await, 1);
        let told = "warning: 0002_drop.sql line 2: its rows are lost (ban-drop-table); instead: ";
        let said = fleet.run("clusters migrate --path sql --dry-run");
        assert_eq!(said.err.matches(told).count(), 1, "{said:?}");
        fleet.files(&[ONE, ("0002_drop.sql", "-- opsctl:allow ban-drop-table nobody reads it\nDROP TABLE things;")]);
        let said = fleet.run("clusters migrate --path sql --lint deny");
        assert_eq!(said.code, 0, "{said:?}");
        fleet.finish().await;
    }

    // It holds its locks and takes longer than any timeout of a session that is not a migration's would be asked for.
    async fn a_statement_that_has_its_locks_is_not_cut(case: &Case) {
        let fleet = Fleet::new(case, 1).await;
        let slow = match case.db.engine() {
            Engine::Postgres => "CREATE TABLE a AS SELECT pg_sleep(2.5)::text AS slept, current_setting('statement_timeout') AS cut, current_setting('lock_timeout') AS waits;",
            Engine::MySql => "CREATE TABLE a AS SELECT SLEEP(2.5), @@max_statement_time AS cut, CONCAT(@@lock_wait_timeout, 's') AS waits;",
            Engine::Sqlite => return,
        };
        fleet.files(&[("1_slow.sql", slow)]);
        let said = fleet.run("clusters migrate --path sql --lock-timeout 1s");
        assert_eq!(said.code, 0, "{said:?}");
        let row = &fleet.clusters[0].rows("SELECT cut, waits FROM a").await[0];
        assert!(row.text("cut").unwrap().starts_with('0'), "{row:?}");
        assert_eq!(row.text("waits").unwrap(), "1s");
        fleet.finish().await;
    }

    async fn roles_get_the_rights_that_they_need(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return;
        }
        let Some(cluster) = Cluster::empty(case.db.engine()).await else { return };
        let (mark, name) = (&cluster.mark, &cluster.case.target.name);
        let file = |word: &str| {
            let path = case.folder.path().join(word);
            std::fs::write(&path, word).unwrap();
            path.display().to_string()
        };
        let url = cluster.case.target.to_string().replacen("://", &format!("://app_{mark}@"), 1);
        let (app, own) = (file("app"), file("own"));
        case.write_env("");
        let text = format!(
            "[clusters.c1]\nurl = \"{url}\"\npassword = \"file:{app}\"\nowner = {{ user = \"own_{mark}\", password = \"file:{own}\" }}\n"
        );
        std::fs::write(case.folder.path().join("opsctl.toml"), &text).unwrap();
        let is_mysql = case.db.engine() == Engine::MySql;
        if is_mysql {
            // What is granted on the database holds for all that is in it, however its name is written there.
            let pattern = name.replace('_', "\\_");
            cluster.case.execute(&format!("CREATE USER op_{mark}@'%' IDENTIFIED BY 'own'; GRANT SELECT, INSERT, UPDATE, DELETE, SHOW VIEW, EXECUTE ON `{pattern}`.* TO op_{mark}@'%'")).await;
            let operator = format!("operator = {{ user = \"op_{mark}\", password = \"file:{own}\" }}\n");
            std::fs::write(case.folder.path().join("opsctl.toml"), text + &operator).unwrap();
        }
        let said = case.run(&["clusters", "migrate", "--own"]);
        assert!(!said.err.contains("role `operator` lacks"), "{said:?}");
        assert_eq!(said.code, 0, "{said:?}");
        if is_mysql {
            // The owner may not grant: the statement is told, for somebody who may.
            let statement = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON `{name}`.`v_taxonomies` TO 'app_{mark}'@'%'");
            assert!(said.err.contains(&statement), "{said:?}");
            cluster.case.execute(&format!("GRANT SELECT ON {name}.v_taxonomies TO app_{mark}@'%'; DROP USER op_{mark}@'%'")).await;
        }
        let table = if is_mysql { "v_taxonomies" } else { TABLES[0] };
        let rows = cluster.app.session().await.unwrap().fetch(opsctl::db::Query::new(format!("SELECT count(*) AS n FROM {table}"))).await;
        assert_eq!(rows.unwrap()[0].int("n").unwrap(), 0);
        if !is_mysql {
            let emptied = cluster.app.session().await.unwrap().script("TRUNCATE taxonomies").await;
            assert!(emptied.is_err(), "TRUNCATE passes row-level security by");
            let record = cluster.app.session().await.unwrap().script("DELETE FROM _sqlx_migrations").await;
            assert!(record.is_err(), "the record is the owner's");
        }
        cluster.finish().await;
    }
}

/// What a dump writes at its head must not reach the next file, nor our own guards.
#[tokio::test]
async fn what_one_file_sets_does_not_reach_the_next() {
    let Some(case) = Case::new(Engine::Postgres, Schema::Service).await else { return };
    let fleet = Fleet::new(&case, 1).await;
    let first = "SET lock_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.a (id integer);";
    let second = "CREATE TABLE b AS SELECT current_setting('lock_timeout') AS waits, current_setting('search_path') AS path;";
    fleet.files(&[("1_a.sql", first), ("2_b.sql", second)]);
    let said = fleet.run("clusters migrate --path sql --lock-timeout 1500ms");
    assert_eq!(said.code, 0, "{said:?}");
    let row = &fleet.clusters[0].rows("SELECT waits, path FROM b").await[0];
    assert_eq!(
        (row.text("waits").unwrap(), row.text("path").unwrap()),
        ("1500ms".into(), "\"$user\", public".into())
    );
    fleet.finish().await;
    case.finish().await;
}

/// PostgreSQL's indexes that are made concurrently, which no transaction can hold.
#[tokio::test]
async fn an_invalid_index_that_was_left_behind_is_dropped_and_made_again() {
    let Some(case) = Case::new(Engine::Postgres, Schema::Service).await else { return };
    let fleet = Fleet::new(&case, 1).await;
    let cluster = &fleet.clusters[0];
    cluster.execute("CREATE TABLE things (id integer); INSERT INTO things VALUES (1), (1)").await;
    let text = "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY things_id ON things (id);\nCREATE INDEX CONCURRENTLY other ON things (id);\nINSERT INTO things VALUES (5);";
    fleet.files(&[("1_index.sql", text)]);
    let said = fleet.run("clusters migrate --path sql");
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(cluster.count("pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = 'things_id' AND NOT indisvalid").await, 1);
    cluster.execute("DELETE FROM things WHERE ctid = (SELECT min(ctid) FROM things)").await;
    let said = fleet.run("clusters migrate --path sql");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.err.contains("dropped things_id, an invalid index that the last try left behind"),
        "{said:?}"
    );
    assert_eq!((cluster.count("things").await, cluster.count("pg_index WHERE NOT indisvalid").await), (2, 0));
    fleet.finish().await;
    case.finish().await;
}

/// Kills between the records of single statements, outside of transactions.
#[tokio::test]
async fn kills_outside_of_transactions_are_settled_by_the_catalogue() {
    let Some(case) = Case::new(Engine::Postgres, Schema::Service).await else { return };
    let text = "-- no-transaction\nCREATE TABLE things (id integer);\nINSERT INTO things VALUES (1);\nCREATE INDEX CONCURRENTLY things_id ON things (id);\nINSERT INTO things VALUES (2);";
    for point in [
        "migration-begun",
        "statement-begun",
        "statement-run",
        "statement-done",
        "migration-commit",
        "migration-done",
    ] {
        for nth in 1..=2 {
            let fleet = Fleet::new(&case, 1).await;
            fleet.files(&[("1_index.sql", text)]);
            let mut program = case.program(&["clusters", "migrate", "--path", "sql"]);
            let killed: Said =
                program.env("OPSCTL_CRASH_AT", format!("{point}#{nth}")).output().unwrap().into();
            if killed.signal.is_none() {
                assert_eq!((nth, killed.code), (2, 0), "{point}: {killed:?}");
                fleet.finish().await;
                continue;
            }
            let said = fleet.run("clusters migrate --path sql");
            assert_eq!(said.code, 0, "{point}#{nth}: {said:?}");
            assert_eq!(fleet.clusters[0].count("things").await, 2, "{point}#{nth}");
            assert_eq!(fleet.clusters[0].count("pg_index WHERE NOT indisvalid").await, 0, "{point}#{nth}");
            fleet.finish().await;
        }
    }
    case.finish().await;
}
