//! Statements of which nobody can tell, after a kill, whether they happened: they are asked about, and never run again.

use opsctl::db::Engine;

use crate::support::{
    Case, Schema,
    cli::Said,
    fleets::{Fleet, of},
};

/// Runs the folder's files and is killed there.
fn killed(case: &Case, at: &str) {
    let mut program = case.program(&["clusters", "migrate", "--path", "sql"]);
    let said: Said = program.env("OPSCTL_CRASH_AT", at).output().unwrap().into();
    assert!(said.signal.is_some(), "{at}: {said:?}");
}

/// Kills the run there; then the next one asks about the statement, and goes on by the answer.
async fn asks(fleet: &Fleet<'_>, at: &str, statement: usize, answer: &str) {
    killed(fleet.central, at);
    let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql");
    assert_eq!((of(&outcomes), code), (vec!["failed"], 1), "{at}: {said:?}");
    assert!(said.out.contains("whether it happened is not known"), "{at}: {said:?}");
    let repair = format!("clusters repair c1 --path sql --version 1 --statement {statement} --as {answer}");
    assert!(said.out.contains(&repair), "{at}: {said:?}");
    let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql --status");
    assert_eq!((of(&outcomes), code), (vec!["dirty"], 3), "{at}: {said:?}");
    assert_eq!(fleet.run(&format!("{repair} --yes")).code, 0, "{at}");
    let said = fleet.run("clusters migrate --path sql");
    assert_eq!(said.code, 0, "{at}: {said:?}");
}

const TABLES: &str = "CREATE TABLE kept (id int) ENGINE=InnoDB;\nCREATE TABLE mm (id int) ENGINE=MyISAM;\n";

#[tokio::test]
async fn rows_of_a_table_without_transactions_are_never_written_twice() {
    let Some(case) = Case::new(Engine::MySql, Schema::Service).await else { return };
    let ways = [
        ("ENGINE=MyISAM", "INSERT INTO mm VALUES (1), (2);"),
        ("ENGINE=MEMORY", "INSERT INTO `mm` VALUES (1), (2);"),
        ("ENGINE=Aria", "INSERT INTO seen VALUES (1), (2);"),
    ];
    for (engine, write) in ways {
        let view = "CREATE VIEW seen AS SELECT id FROM mm;";
        let text = format!("CREATE TABLE mm (id int) {engine};\n{view}\n{write}\nINSERT INTO mm VALUES (3);");
        for (at, answer, rows) in [("statement-run#3", "done", 3), ("statement-begun#3", "undone", 3)] {
            let fleet = Fleet::new(&case, 1).await;
            fleet.files(&[("1_rows.sql", &text)]);
            asks(&fleet, at, 3, answer).await;
            assert_eq!(fleet.clusters[0].count("mm").await, rows, "{engine} {at}");
            fleet.finish().await;
        }
    }
    case.finish().await;
}

#[tokio::test]
async fn a_trigger_into_a_table_without_transactions_makes_its_statement_one_to_ask_about() {
    let Some(case) = Case::new(Engine::MySql, Schema::Service).await else { return };
    let fleet = Fleet::new(&case, 1).await;
    let trigger = "CREATE TRIGGER told AFTER INSERT ON kept FOR EACH ROW INSERT INTO mm VALUES (NEW.id);\n";
    fleet.files(&[("1_rows.sql", &format!("{TABLES}{trigger}INSERT INTO kept VALUES (1);"))]);
    asks(&fleet, "statement-run#4", 4, "done").await;
    assert_eq!(fleet.clusters[0].count("mm").await, 1);
    fleet.finish().await;
    // Without the trigger the same rows go with their record, and nobody is asked.
    let fleet = Fleet::new(&case, 1).await;
    fleet.files(&[("1_rows.sql", &format!("{TABLES}INSERT INTO kept VALUES (1);"))]);
    killed(&case, "migration-commit#1");
    assert_eq!(fleet.run("clusters migrate --path sql").code, 0);
    assert_eq!(fleet.clusters[0].count("kept").await, 1);
    fleet.finish().await;
    case.finish().await;
}

#[tokio::test]
async fn a_failure_that_leaves_rows_behind_is_asked_about_and_one_that_leaves_none_is_tried_again() {
    let Some(case) = Case::new(Engine::MySql, Schema::Service).await else { return };
    let fleet = Fleet::new(&case, 1).await;
    let table = "CREATE TABLE mm (id int PRIMARY KEY) ENGINE=MyISAM;\n";
    fleet.files(&[("1_rows.sql", &format!("{table}INSERT INTO mm (nothing) VALUES (1);"))]);
    assert_eq!(fleet.run("clusters migrate --path sql").code, 1);
    fleet.files(&[("1_rows.sql", &format!("{table}INSERT INTO mm VALUES (1), (1);"))]);
    let said = fleet.run("clusters migrate --path sql");
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("`mm` has no transactions, so rows that were changed stay so"), "{said:?}");
    let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql");
    assert_eq!((of(&outcomes), code), (vec!["failed"], 1), "{said:?}");
    assert!(said.out.contains("the server said: ") && said.out.contains("Duplicate entry"), "{said:?}");
    assert_eq!(fleet.clusters[0].count("mm").await, 1);
    fleet.finish().await;
    case.finish().await;
}

#[tokio::test]
async fn what_changes_places_between_things_that_look_alike_is_never_run_twice() {
    let Some(case) = Case::new(Engine::MySql, Schema::Service).await else { return };
    let tables = "CREATE TABLE a (id int);\nCREATE TABLE b (id int);\n\
                  INSERT INTO a VALUES (1);\nINSERT INTO b VALUES (2);\n";
    let parts = "CREATE TABLE b (id int);\nCREATE TABLE a (id int) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (9));\n\
                 INSERT INTO b VALUES (1);\nINSERT INTO a VALUES (2);\n";
    let ways = [
        (tables, "RENAME TABLE a TO t, b TO a, t TO b;", "a WHERE id = 2"),
        (parts, "ALTER TABLE a EXCHANGE PARTITION p0 WITH TABLE b;", "a WHERE id = 1"),
    ];
    for (before, swap, after) in ways {
        for (at, answer) in [("statement-run#3", "done"), ("statement-begun#3", "undone")] {
            let fleet = Fleet::new(&case, 1).await;
            fleet.files(&[("1_swap.sql", &format!("{before}{swap}"))]);
            asks(&fleet, at, 5, answer).await;
            assert_eq!(fleet.clusters[0].count(after).await, 1, "{swap} {at}");
            fleet.finish().await;
        }
    }
    case.finish().await;
}
