//! `opsctl clusters migrate` and `clusters repair` on many clusters: each gets its own outcome, and the others go on.

use std::time::Duration;

use opsctl::{
    cancel::Cancel,
    db::{Begin, Engine, Query},
    schema::{self, TEAM_TABLE},
};
use serde_json::Value;

use crate::{
    on_every_engine,
    support::{
        Case, Schema,
        cli::{Said, run as typed},
        fleets::{Fleet, of},
    },
};

const ONE: (&str, &str) =
    ("0001_things.sql", "CREATE TABLE things (id integer PRIMARY KEY);\nINSERT INTO things VALUES (1);");

on_every_engine! {
    async fn the_tenant_set_goes_into_empty_databases_that_are_made_ones_own(case: &Case) {
        let fleet = Fleet::new(case, 2).await;
        let (outcomes, code, said) = fleet.outcomes("clusters migrate");
        assert_eq!((of(&outcomes), code), (vec!["refused", "refused"], 5), "{said:?}");
        assert!(said.out.contains("opsctl clusters migrate c1 --own"), "{said:?}");
        assert!(fleet.clusters[0].db.table_names().await.unwrap().is_empty());
        let (outcomes, code, said) = fleet.outcomes("clusters migrate c1 --own");
        assert_eq!((of(&outcomes), code), (vec!["applied"], 0), "{said:?}");
        let names = fleet.clusters[0].db.table_names().await.unwrap();
        assert_eq!(names.iter().filter(|name| name.starts_with("opsctl_") && *name != "opsctl_migration_statements").collect::<Vec<_>>(), ["opsctl_meta", "opsctl_migrations"]);
        let (outcomes, code, _) = fleet.outcomes("clusters migrate c1 --status");
        assert_eq!((of(&outcomes), code), (vec!["skipped"], 0));
        let (outcomes, code, _) = fleet.outcomes("clusters migrate --own --on-error stop");
        assert_eq!((of(&outcomes), code), (vec!["skipped", "applied"], 0));
        fleet.finish().await;
    }

    // Connecting aside, a database that is up to date costs one statement.
    async fn up_to_date_costs_one_statement(case: &Case) {
        let fleet = Fleet::new(case, 1).await;
        assert_eq!(fleet.run("clusters migrate --own").code, 0);
        let count = |words: &str| {
            let said = fleet.run(&format!("-vvv {words}"));
            assert_eq!(said.code, 0, "{said:?}");
            let statements = said.err.lines().filter(|line| line.contains(" query ") || line.contains(" script ") || line.contains("sql="));
            statements.filter(|line| line.contains("_sqlx_migrations") || line.contains("opsctl_meta") || line.contains("information_schema") || line.contains("pg_attribute")).count()
        };
        assert_eq!(count("clusters migrate --status"), 1);
        fleet.finish().await;
    }

    async fn each_odd_cluster_gets_its_own_line_and_the_others_go_on(case: &Case) {
        let fleet = Fleet::new(case, 5).await;
        fleet.files(&[ONE]);
        for at in [0, 1] {
            fleet.clusters[at].execute("CREATE TABLE orders (id integer PRIMARY KEY)").await;
        }
        fleet.clusters[1].execute("CREATE TABLE migrations (id integer PRIMARY KEY, migration varchar(255), batch integer)").await;
        fleet.clusters[2].execute("CREATE TABLE flyway_schema_history (installed_rank integer PRIMARY KEY, version varchar(50))").await;
        schema::adopt(&fleet.clusters[3].db, "test", &Cancel::new()).await.unwrap();
        let more = "[clusters.down]\nurl = \"postgres://nobody@127.0.0.1:9/none\"\n[clusters.secret]\nurl = \"postgres://a@127.0.0.1:9/x\"\npassword = \"env:NOT_SET\"\n";
        fleet.write(more);
        let (outcomes, code, said) = fleet.outcomes("clusters migrate");
        assert_eq!(of(&outcomes), ["refused", "refused", "refused", "applied", "refused", "unreachable", "unusable"], "{said:?}");
        assert_eq!(code, 7);
        for line in [
            "it has 1 table, and does not bear opsctl's mark",
            "Laravel migrates it: it has the table `migrations`",
            "Flyway migrates it: it has the table `flyway_schema_history`",
            "is empty, and does not bear opsctl's mark",
            "does not answer",
            "refers to the variable NOT_SET, which is not set",
        ] {
            assert!(said.out.contains(line), "{line}: {said:?}");
        }
        // A team's own SQL goes beside an application's tables.
        let (outcomes, code, said) = fleet.outcomes("clusters migrate c1 c2 c3 --path sql");
        assert_eq!((of(&outcomes), code), (vec!["applied", "applied", "applied"], 0), "{said:?}");
        // Unless another tool has applied versions of the same numbers.
        fleet.clusters[4].execute("CREATE TABLE schema_migrations (version varchar(255) PRIMARY KEY)").await;
        fleet.clusters[4].execute("INSERT INTO schema_migrations VALUES ('0001')").await;
        let (outcomes, code, said) = fleet.outcomes("clusters migrate c5 --path sql");
        assert_eq!((of(&outcomes), code), (vec!["refused"], 5), "{said:?}");
        assert!(said.out.contains("has applied versions of the same numbers"), "{said:?}");
        fleet.finish().await;
    }

    async fn canaries_go_first_and_must_succeed(case: &Case) {
        let fleet = Fleet::new(case, 3).await;
        fleet.files(&[ONE]);
        fleet.clusters[1].execute("CREATE TABLE things (x integer)").await;
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql --canary c2");
        assert_eq!((of(&outcomes), code), (vec!["not_begun", "failed", "not_begun"], 4), "{said:?}");
        assert!(said.err.contains("the canary c2 did not succeed"), "{said:?}");
        let (outcomes, _, _) = fleet.outcomes("clusters migrate --path sql --canary 1");
        assert_eq!(of(&outcomes), ["applied", "failed", "applied"]);
        assert_eq!(fleet.run("clusters migrate --path sql --canary nobody").code, 2);
        fleet.clusters[1].execute("DROP TABLE things").await;
        if case.db.engine() == Engine::MySql {
            assert_eq!(fleet.run("clusters repair c2 --path sql --yes").code, 0);
        }
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql");
        assert_eq!((of(&outcomes), code), (vec!["skipped", "applied", "skipped"], 0), "{said:?}");
        fleet.finish().await;
    }

    async fn a_budget_of_failures_ends_the_run_and_names_the_rest(case: &Case) {
        let fleet = Fleet::new(case, 4).await;
        fleet.files(&[ONE]);
        for at in [0, 1] {
            fleet.clusters[at].execute("CREATE TABLE things (x integer)").await;
        }
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql --parallel 1 --max-failures 1");
        assert_eq!((of(&outcomes), code), (vec!["failed", "failed", "not_begun", "not_begun"], 4), "{said:?}");
        assert!(said.err.contains("2 clusters have failed"), "{said:?}");
        let (outcomes, _, _) = fleet.outcomes("clusters migrate c3 c4 c1 --path sql --parallel 1 --on-error stop");
        assert_eq!(of(&outcomes), ["applied", "applied", "failed"]);
        let (outcomes, code, _) = fleet.outcomes("clusters migrate c1 c2 --path sql");
        assert_eq!((of(&outcomes), code), (vec!["failed", "failed"], 1));
        fleet.finish().await;
    }

    async fn drift_is_a_finding_and_repair_shows_before_it_mends(case: &Case) {
        let fleet = Fleet::new(case, 1).await;
        fleet.files(&[ONE]);
        assert_eq!(fleet.run("clusters migrate --path sql").code, 0);
        let two = ("0002_more.sql", "CREATE TABLE more (id integer PRIMARY KEY)");
        fleet.files(&[(ONE.0, "CREATE TABLE things (id bigint PRIMARY KEY)"), two]);
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql");
        assert_eq!((of(&outcomes), code), (vec!["drifted"], 3), "{said:?}");
        assert!(said.out.contains("look at it: `opsctl clusters repair c1 --path sql --dry-run`"), "{said:?}");
        let refused = fleet.run("clusters repair c1 --path sql");
        assert_eq!(refused.code, 5, "{refused:?}");
        let dry = fleet.run("clusters repair c1 --path sql --dry-run");
        assert!(dry.code == 0 && dry.err.contains("record the checksum of 1 anew: "), "{dry:?}");
        assert_eq!(fleet.outcomes("clusters migrate --path sql --status").1, 3);
        let done = fleet.run("clusters repair c1 --path sql --yes");
        assert!(done.code == 0 && done.err.contains("Changed 1 record."), "{done:?}");
        assert_eq!(of(&fleet.outcomes("clusters migrate --path sql").0), ["applied"]);
        assert!(fleet.run("clusters repair c1 --path sql --dry-run").err.contains("There is nothing to mend."));
        fleet.finish().await;
    }

    async fn results_are_kept_in_the_central_database(case: &Case) {
        let fleet = Fleet::new(case, 2).await;
        fleet.files(&[ONE]);
        fleet.clusters[0].execute("CREATE TABLE things (x integer)").await;
        let said = fleet.run("clusters migrate --path sql");
        assert!(said.err.contains("has no table for them; `opsctl db migrate` adds it"), "{said:?}");
        case.add_opsctl().await;
        fleet.run("clusters migrate --path sql");
        let rows = case.rows("SELECT * FROM opsctl_cluster_migrations ORDER BY cluster").await;
        let outcomes: Vec<String> = rows.iter().map(|row| row.text("outcome").unwrap()).collect();
        assert_eq!(outcomes, ["failed", "skipped"]);
        assert_eq!((rows[1].int("head").unwrap(), rows[0].int("pending").unwrap()), (1, 1));
        assert_eq!(rows[0].text("record_table").unwrap(), TEAM_TABLE);
        assert!(rows[0].text("error").unwrap().contains("migration 0001_things.sql failed"));
        let listed = fleet.run("clusters list");
        assert!(listed.out.lines().any(|line| line.starts_with("c1 ") && line.contains(" 1, failed ")), "{listed:?}");
        fleet.finish().await;
    }

    // Sampled from the server: nobody can queue behind us for longer than the lock timeout and half a second.
    async fn a_table_that_others_hold_is_waited_for_briefly_and_again(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return;
        }
        let fleet = Fleet::new(case, 2).await;
        fleet.files(&[ONE]);
        assert_eq!(fleet.run("clusters migrate --path sql").code, 0);
        fleet.files(&[ONE, ("0002_more.sql", "ALTER TABLE things ADD COLUMN x integer")]);
        let other = fleet.clusters[0].another();
        let mut holder = other.session().await.unwrap();
        holder.begin(Begin::Write).await.unwrap();
        holder.script("SELECT * FROM things").await.unwrap();
        let folder = case.folder.path().to_owned();
        let words = "clusters migrate --path sql --lock-timeout 1s --lock-retries 2 -o json";
        let child = std::thread::spawn(move || typed(&folder, &words.split(' ').collect::<Vec<_>>()));
        let sql = match case.db.engine() {
            Engine::Postgres => "SELECT (coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0) * 1000)::int AS ms FROM pg_locks WHERE NOT granted",
            _ => "SELECT CAST(COALESCE(MAX(time_ms), 0) AS SIGNED) AS ms FROM information_schema.processlist WHERE state LIKE '%metadata lock%'",
        };
        let sampler = fleet.clusters[0].another();
        let mut longest = 0;
        while !child.is_finished() {
            let row = sampler.session().await.unwrap().first(Query::new(sql)).await.unwrap().unwrap();
            longest = longest.max(row.int("ms").unwrap());
            tokio::time::sleep(Duration::from_millis(25)).await; // between two samples
        }
        let said = child.join().unwrap();
        assert!((500..=1500).contains(&longest), "waited for {longest} ms");
        let value: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!((value["data"][0]["outcome"].as_str(), value["data"][1]["outcome"].as_str(), said.code), (Some("locked"), Some("applied"), 8), "{said:?}");
        assert!(value["data"][0]["error"].as_str().unwrap().contains("held by "), "{said:?}");
        holder.rollback().await.unwrap();
        assert_eq!(of(&fleet.outcomes("clusters migrate --path sql").0), ["applied", "skipped"]);
        fleet.finish().await;
    }

    // Two hosts at once: each database is migrated once, and both say so.
    async fn two_runs_at_once_share_the_work(case: &Case) {
        let fleet = Fleet::new(case, 3).await;
        fleet.files(&[ONE]);
        let folder = case.folder.path().to_owned();
        let start = |folder: std::path::PathBuf| {
            std::thread::spawn(move || typed(&folder, &["clusters", "migrate", "--path", "sql"]))
        };
        let both = [start(folder.clone()), start(folder)].map(|child| child.join().unwrap());
        assert!(both.iter().all(|said| said.code == 0), "{both:?}");
        for cluster in &fleet.clusters {
            assert_eq!(cluster.count("things").await, 1);
        }
        fleet.finish().await;
    }
}

#[tokio::test]
async fn people_read_what_each_cluster_came_to() {
    let case = Case::empty(Engine::Sqlite, Schema::Service).await.unwrap();
    case.add_opsctl().await;
    let fleet = Fleet::new(&case, 3).await;
    fleet.files(&[ONE]);
    fleet.clusters[1].execute("CREATE TABLE things (x integer)").await;
    fleet.run("clusters migrate c3 --path sql");
    let said = fleet.run("clusters migrate --path sql --parallel 1");
    let folder = |text: &str| {
        fleet
            .clusters
            .iter()
            .fold(text.replace(&case.folder.path().display().to_string(), "DIR"), |text, case| {
                text.replace(&case.folder.path().display().to_string(), "OTHER")
            })
    };
    insta::with_settings!({filters => vec![(r"\d+\.\d s", "[time]"), (r" {2,}", "  ")]}, {
        insta::assert_snapshot!(folder(&format!("{}\n{}", said.out, said.err)), @"
        CLUSTER  OUTCOME  HEAD  APPLIED  PENDING  TOOK  WHY
        c1  applied  1  1  0  [time]  -
        c2  failed  -  0  1  [time]  migration 0001_things.sql failed: statement 1 of 2, line 1: `CREATE TABLE things (id integer PRIMARY KEY)`: sqlite:OTHER/app.sqlite refused a statement: table things already exists
        c3  skipped  1  0  0  [time]  -

        Plan: c1 lacks 1.
        Plan: c2 lacks 1.
        Plan: 1 up to date.
        c1: applied 1 in [time].
        warning: c2 failed after [time]: migration 0001_things.sql failed: statement 1 of 2, line 1: `CREATE TABLE things (id integer PRIMARY KEY)`: sqlite:OTHER/app.sqlite refused a statement: table things already exists
        hint: c2: when that is mended: `opsctl clusters migrate c2 --path sql`
        3 clusters in [time]: 1 applied, 1 up to date, 1 failed.
        ");
    });
    assert_eq!(said.code, 4);
    fleet.finish().await;
}

/// Kills at every point of a migration: what is recorded stays true, and the next run goes on by itself.
mod kills {
    use opsctl::crash::Point;

    use super::*;

    const FILES: [(&str, &str); 2] = [
        (
            "0001_things.sql",
            "CREATE TABLE things (id integer PRIMARY KEY);\nINSERT INTO things VALUES (1);\nALTER TABLE things ADD COLUMN x integer;\nINSERT INTO things VALUES (2, 2);",
        ),
        (
            "0002_more.sql",
            "CREATE TABLE more (id integer PRIMARY KEY);\nINSERT INTO more SELECT id FROM things;\nCREATE INDEX more_id ON more (id);",
        ),
    ];

    on_every_engine! {
        async fn every_point_leaves_what_the_next_run_finishes(case: &Case) {
            let in_steps = case.db.engine() == Engine::MySql;
            for point in Point::MIGRATION {
                let is_of_steps = matches!(point, Point::MigrationBegun | Point::StatementBegun | Point::StatementRun | Point::StatementDone);
                if is_of_steps && !in_steps {
                    continue;
                }
                for nth in 1..=4 {
                    if nth > 1 && matches!(point, Point::MigrationLocked | Point::MigrationRelease) {
                        continue;
                    }
                    let fleet = Fleet::new(case, 1).await;
                    fleet.files(&FILES);
                    let at = format!("{}#{nth}", point.name());
                    let mut program = case.program(&["clusters", "migrate", "--path", "sql"]);
                    let killed: Said = program.env("OPSCTL_CRASH_AT", &at).output().unwrap().into();
                    if killed.signal.is_none() {
                        assert!(nth > 2 && killed.code == 0, "{at}: {killed:?}");
                        fleet.finish().await;
                        break;
                    }
                    let (outcomes, code, said) = fleet.outcomes("clusters migrate --path sql");
                    assert!(matches!(&of(&outcomes)[..], ["applied" | "skipped"]) && code == 0, "{at}: {said:?}");
                    let cluster = &fleet.clusters[0];
                    assert_eq!((cluster.count("things").await, cluster.count("more").await), (2, 2), "{at}");
                    assert_eq!(fleet.outcomes("clusters migrate --path sql --status").1, 0, "{at}");
                    if in_steps {
                        assert_eq!(cluster.count("opsctl_migration_statements").await, 0, "{at}");
                    }
                    fleet.finish().await;
                }
            }
        }
    }

    #[tokio::test]
    async fn what_nobody_can_know_is_asked_with_both_answers() {
        let Some(case) = Case::new(Engine::MySql, Schema::Service).await else { return };
        let fleet = Fleet::new(&case, 1).await;
        let text = "CREATE TABLE a (id integer);\nCREATE TABLE b (id integer);\nDROP TABLE a, b;";
        fleet.files(&[("1_a.sql", text)]);
        let mut program = case.program(&["clusters", "migrate", "--path", "sql"]);
        let killed: Said = program.env("OPSCTL_CRASH_AT", "statement-run#3").output().unwrap().into();
        assert_eq!(killed.signal, Some(9));
        let said = fleet.run("clusters migrate --path sql");
        assert_eq!(said.code, 1, "{said:?}");
        for line in [
            "statement 3 of 3, line 3: `DROP TABLE a, b`: whether it happened is not known",
            "hint: it is: `opsctl clusters repair c1 --path sql --version 1 --statement 3 --as done`",
            "hint: it is not, and nothing of it: `opsctl clusters repair c1 --path sql --version 1 --statement 3 --as undone`",
        ] {
            assert!(said.err.contains(line), "{line}: {said:?}");
        }
        let said = fleet.run("clusters repair c1 --path sql --version 1 --statement 3 --as done --yes");
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(of(&fleet.outcomes("clusters migrate --path sql").0), ["applied"]);
        fleet.finish().await;
        case.finish().await;
    }
}
