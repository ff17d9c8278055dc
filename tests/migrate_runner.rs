//! The runner of migrations on one database: plan, lock, lock timeouts, records of statements, and a team's own files.

use std::{path::Path, time::Duration};

use opsctl::{
    Kind,
    cancel::Cancel,
    db::{Begin, Engine},
    schema::{self, Asked, Mend, Options, Patience, SQLX_TABLE, Set, State, TEAM_TABLE},
};

use crate::{on_every_engine, support::Case};

/// Files of a team, in a folder.
fn files(folder: &Path, files: &[(&str, &str)]) -> std::path::PathBuf {
    let path = folder.join("sql");
    std::fs::create_dir_all(&path).unwrap();
    for (name, text) in files {
        let file = path.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    path
}

fn team(case: &Case, named: &[(&str, &str)]) -> Set {
    Set::from_folder(&files(case.folder.path(), named), TEAM_TABLE).unwrap()
}

/// Short waits, so that a test is over soon.
fn options() -> Options {
    Options {
        runner: "ana@web1, pid 7".into(),
        lock_wait: Duration::from_millis(300),
        patience: Patience { lock: Duration::from_secs(1), retries: 1 },
        ..Options::default()
    }
}

async fn migrate(case: &Case, set: &Set) -> (Vec<i64>, Vec<String>, Option<opsctl::Error>) {
    let ran = schema::migrate(&case.db, set, &options(), &Cancel::new()).await;
    (ran.applied.iter().map(|migration| migration.version).collect(), ran.notes, ran.error)
}

async fn states(case: &Case, set: &Set) -> Vec<(i64, State)> {
    let plan = schema::plan(&case.db, set).await.unwrap();
    plan.lines.iter().map(|line| (line.version, line.state)).collect()
}

const TWO: [(&str, &str); 2] = [
    (
        "0001_make_things.sql",
        "CREATE TABLE things (id integer PRIMARY KEY);\nINSERT INTO things VALUES (1), (2);\n",
    ),
    (
        "0002_more_things.up.sql",
        "ALTER TABLE things ADD COLUMN name varchar(20);\nUPDATE things SET name = 'a;b';",
    ),
];

on_every_engine! {
    async fn a_teams_files_are_applied_once_and_recorded_as_sqlx_does(case: &Case) {
        let set = team(case, &TWO);
        assert_eq!(states(case, &set).await, [(1, State::Pending), (2, State::Pending)]);
        let before = case.db.table_names().await.unwrap();
        let (applied, notes, error) = migrate(case, &set).await;
        assert_eq!((applied, notes, error), (vec![1, 2], vec![], None));
        assert_eq!(case.count("things WHERE name = 'a;b'").await, 2);
        assert_eq!(states(case, &set).await, [(1, State::Applied), (2, State::Applied)]);
        let mut after = case.db.table_names().await.unwrap();
        after.retain(|name| !before.contains(name) && name != "things");
        assert!(after.iter().all(|name| name.starts_with("opsctl_")), "{after:?}");
        let rows = case.rows(&format!("SELECT * FROM {TEAM_TABLE} ORDER BY version")).await;
        assert_eq!(rows[1].text("description").unwrap(), "more things");
        assert!(rows.iter().all(|row| row.int("success").unwrap() == 1 && row.int("execution_time").unwrap() > 0));
        let files = set.migrations(case.db.engine());
        assert_eq!(rows[0].clone().into_bytes("checksum").unwrap().unwrap(), files[0].checksum());
        assert_eq!(migrate(case, &set).await.0, [0_i64; 0]);
        if case.db.engine() == Engine::MySql {
            assert_eq!(case.count("opsctl_migration_statements").await, 0);
        }
    }

    async fn a_failed_statement_leaves_nothing_half_done_and_a_rerun_goes_on(case: &Case) {
        let bad = [TWO[0], ("0002_bad.sql", "CREATE TABLE more (id integer PRIMARY KEY);\nINSERT INTO nowhere VALUES (1);\n\nDROP TABLE more;")];
        let set = team(case, &bad);
        let (applied, _, error) = migrate(case, &set).await;
        let told = error.unwrap();
        assert_eq!((applied, told.kind()), (vec![1], Kind::Failed), "{told}");
        let in_steps = case.db.engine() == Engine::MySql;
        let state = if in_steps { State::Dirty } else { State::Pending };
        assert_eq!(states(case, &set).await[1], (2, state));
        assert_eq!(case.db.table_names().await.unwrap().contains(&"more".to_owned()), in_steps);
        if in_steps {
            assert!(told.to_string().contains("statement 2 of 3, line 2: `INSERT INTO nowhere VALUES (1)`"), "{told}");
        }
        // The statement that failed may be mended; what was done before is not done again.
        let set = team(case, &[TWO[0], ("0002_bad.sql", "CREATE TABLE more (id integer PRIMARY KEY);\nINSERT INTO things VALUES (3);\n\nDROP TABLE more;")]);
        let (applied, notes, error) = migrate(case, &set).await;
        assert_eq!((applied, error, notes.len()), (vec![2], None, usize::from(in_steps)));
        assert_eq!(case.count("things").await, 3);
        assert_eq!(states(case, &set).await[1], (2, State::Applied));
    }

    async fn what_waits_for_rows_of_the_client_is_refused_before_anything_runs(case: &Case) {
        let statement = match case.db.engine() {
            Engine::Postgres => "COPY things FROM STDIN;",
            Engine::MySql => "LOAD DATA LOCAL INFILE 'x' INTO TABLE things;",
            Engine::Sqlite => return,
        };
        let set = team(case, &[TWO[0], ("0002_rows.sql", &format!("SELECT 1;\n{statement}"))]);
        let (applied, _, error) = migrate(case, &set).await;
        let told = error.unwrap();
        assert!(applied.is_empty() && told.kind() == Kind::Config, "{told}");
        assert!(told.to_string().starts_with("0002_rows.sql line 2 moves rows through the connection"), "{told}");
    }

    async fn a_changed_text_is_drift_and_stops_the_rest(case: &Case) {
        let set = team(case, &TWO[..1]);
        assert_eq!(migrate(case, &set).await.0, [1]);
        let crlf = TWO[0].1.replace('\n', "\r\n");
        let drifted = team(case, &[(TWO[0].0, &crlf), TWO[1]]);
        let plan = schema::plan(&case.db, &drifted).await.unwrap();
        assert_eq!(plan.lines[0].state, State::Drifted);
        assert!(plan.lines[0].detail.as_ref().unwrap().ends_with("; only line ends differ"));
        let (applied, _, error) = migrate(case, &drifted).await;
        assert!(applied.is_empty() && error.unwrap().to_string().contains("1 migration was applied from another text"));
        let all = Options { allow_drift: true, ..options() };
        let ran = schema::migrate(&case.db, &drifted, &all, &Cancel::new()).await;
        assert_eq!((ran.applied.len(), ran.error), (1, None));
        assert_eq!(states(case, &drifted).await, [(1, State::Drifted), (2, State::Applied)]);
    }

    async fn drift_and_dirt_are_mended_only_when_asked_and_only_as_told(case: &Case) {
        let set = team(case, &TWO[..1]);
        assert_eq!(migrate(case, &set).await.0, [1]);
        assert_eq!(schema::mends(&case.db, &set, Asked::default()).await.unwrap(), []);
        let drifted = team(case, &[(TWO[0].0, "CREATE TABLE things (id bigint PRIMARY KEY)")]);
        let found = schema::mends(&case.db, &drifted, Asked::default()).await.unwrap();
        assert!(matches!(&found[..], [Mend::Checksum { version: 1, .. }]), "{found:?}");
        assert_eq!(states(case, &drifted).await, [(1, State::Drifted)]);
        schema::mend(&case.db, &drifted, &found, &options(), &Cancel::new()).await.unwrap();
        assert_eq!(states(case, &drifted).await, [(1, State::Applied)]);
        let again = schema::mend(&case.db, &drifted, &found, &options(), &Cancel::new()).await.unwrap_err();
        assert_eq!(again.kind(), Kind::Refused);
        let other = Asked { version: Some(1), ..Asked::default() };
        assert_eq!(schema::mends(&case.db, &drifted, other).await.unwrap_err().kind(), Kind::NotFound);
        case.execute(&format!("UPDATE {TEAM_TABLE} SET success = {}", if case.db.engine() == Engine::Postgres { "false" } else { "0" })).await;
        let error = migrate(case, &drifted).await.2.unwrap();
        assert!(case.db.engine() == Engine::MySql || error.to_string().contains("begun and did not finish"), "{error}");
        let found = schema::mends(&case.db, &drifted, Asked::default()).await.unwrap();
        assert!(matches!(found[..], [Mend::Clear { version: 1, .. }]), "{found:?}");
        schema::mend(&case.db, &drifted, &found, &options(), &Cancel::new()).await.unwrap();
        assert_eq!(states(case, &drifted).await, [(1, State::Pending)]);
    }

    async fn up_to_a_version_late_ones_and_unknown_ones(case: &Case) {
        let set = team(case, &TWO);
        let first = Options { to: Some(1), ..options() };
        let ran = schema::migrate(&case.db, &set, &first, &Cancel::new()).await;
        assert_eq!(ran.applied.iter().map(|migration| migration.version).collect::<Vec<_>>(), [1]);
        let late = team(case, &[TWO[0], ("0003_c.sql", "CREATE TABLE c (id integer PRIMARY KEY)")]);
        std::fs::remove_file(case.folder.path().join("sql/0002_more_things.up.sql")).unwrap();
        let third = Set::from_folder(&case.folder.path().join("sql"), TEAM_TABLE).unwrap();
        assert_eq!(late.migrations(case.db.engine()).len(), 3);
        assert_eq!(migrate(case, &third).await.0, [3]);
        let plan = schema::plan(&case.db, &set).await.unwrap();
        assert_eq!(plan.lines.iter().map(|line| (line.version, line.state, line.late)).collect::<Vec<_>>(),
            [(1, State::Applied, false), (2, State::Pending, true), (3, State::Unknown, false)]);
        assert_eq!(plan.head(), Some(3));
    }

    async fn the_record_may_be_sqlxs_own_table(case: &Case) {
        let folder = files(case.folder.path(), &TWO);
        let set = Set::from_folder(&folder, SQLX_TABLE).unwrap();
        assert_eq!(migrate(case, &set).await.0, [1, 2]);
        assert_eq!(case.count(SQLX_TABLE).await, 2);
    }

    async fn what_ends_the_transaction_is_refused_before_anything_runs(case: &Case) {
        let set = team(case, &[("1_a.sql", "CREATE TABLE a (id integer PRIMARY KEY);\nCOMMIT;\n")]);
        let error = migrate(case, &set).await.2.unwrap();
        assert_eq!((error.kind(), error.message()), (Kind::Config, "1_a.sql line 2 begins or ends a transaction or locks tables"));
        assert_eq!(case.db.table("a").await.unwrap(), None);
    }

    async fn two_at_once_follow_each_other(case: &Case) {
        let set = team(case, &TWO);
        let other = case.another();
        let cancel = Cancel::new();
        let patient = Options { lock_wait: Duration::from_secs(20), ..options() };
        let (one, two) = tokio::join!(
            schema::migrate(&case.db, &set, &patient, &cancel),
            schema::migrate(&other, &set, &patient, &cancel),
        );
        assert_eq!((one.error, two.error), (None, None));
        assert_eq!(one.applied.len() + two.applied.len(), 2);
        assert_eq!(case.count("things").await, 2);
    }

    async fn who_waits_is_told_the_holder(case: &Case) {
        let set = team(case, &TWO);
        let other = case.another();
        let mut session = other.session().await.unwrap();
        match case.db.engine() {
            Engine::Postgres => session.script("SELECT pg_advisory_lock(122528762917996)").await.unwrap(),
            Engine::MySql => session.script("SELECT GET_LOCK(CONCAT('opsctl:migrate:', DATABASE()), 0)").await.unwrap(),
            Engine::Sqlite => session.begin(Begin::Write).await.unwrap(),
        }
        let error = migrate(case, &set).await.2.unwrap();
        assert_eq!(error.kind(), Kind::Locked, "{error:?}");
        let cause = error.causes().join(" | ");
        let expected = match case.db.engine() {
            Engine::Postgres => "the lock is held by opsctl, role opsctl, backend ",
            Engine::MySql => "the lock is held by connection ",
            Engine::Sqlite => "the lock is held by process ",
        };
        assert!(cause.contains(expected), "{cause}");
    }

    async fn a_lock_of_a_table_is_tried_for_again_and_the_blocker_named(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return; // a file has one lock, which is the runner's own
        }
        let set = team(case, &TWO);
        assert_eq!(schema::migrate(&case.db, &set, &Options { to: Some(1), ..options() }, &Cancel::new()).await.applied.len(), 1);
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(Begin::Write).await.unwrap();
        session.script("SELECT * FROM things").await.unwrap();
        let started = std::time::Instant::now();
        let error = migrate(case, &set).await.2.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(2), "it was tried once");
        assert_eq!(error.kind(), Kind::Locked, "{error:?}");
        let cause = error.causes().join(" | ");
        let expected = if case.db.engine() == Engine::Postgres { "held by backend " } else { "held by connection " };
        assert!(cause.contains(expected), "{cause}");
        session.rollback().await.unwrap();
        drop(session);
        assert_eq!(migrate(case, &set).await.0, [2]);
        assert_eq!(case.count("things WHERE name = 'a;b'").await, 2);
    }
}

#[test]
fn files_that_cannot_be_right_are_named_before_anything_is_connected() {
    let told = |named: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        let path = files(folder.path(), named);
        let error = Set::from_folder(&path, TEAM_TABLE).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        error
            .to_string()
            .replace(&format!("{}/", path.display()), "")
            .replace(&path.display().to_string(), "DIR")
    };
    assert_eq!(told(&[]), "DIR holds no migrations: a migration is a file named `NNNN_name.sql`");
    assert_eq!(
        told(&[("1_a.sql", ""), ("01_b.up.sql", "")]),
        "two migrations have the version 1: 01_b.up.sql and 1_a.sql"
    );
    assert_eq!(
        told(&[("a.sql", "")]),
        "a.sql is not named like a migration: it has no underscore behind a number"
    );
    assert_eq!(
        told(&[("x_a.sql", "")]),
        "x_a.sql is not named like a migration: what stands before the underscore is no number"
    );
    assert_eq!(
        told(&[("1_.sql", "")]),
        "1_.sql is not named like a migration: it has no name behind the number"
    );
    assert_eq!(told(&[("1_a.sql", "a\0b")]), "1_a.sql cannot be read: byte 2 is NUL");
    assert!(told(&[("1_a.sql", "\u{feff}SELECT 1")]).contains("it begins with a byte order mark"));
    assert_eq!(told(&[("oracle/1_a.sql", "")]), "oracle is no engine's folder");
    assert_eq!(
        told(&[("postgres/1_a.sql", ""), ("2_b.sql", "")]),
        "2_b.sql stands beside folders of engines: a file counts for one engine or for all"
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("1_a.sql"), b"SELECT '\xff'").unwrap();
    let error = Set::from_folder(folder.path(), TEAM_TABLE).unwrap_err();
    assert_eq!(error.root(), "byte 9 is no UTF-8");
    assert_eq!(Set::from_folder(folder.path(), "users").unwrap_err().kind(), Kind::Usage);
}

#[test]
fn each_engine_has_its_own_folder_and_ways_down_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = files(
        folder.path(),
        &[
            ("postgres/2_b.sql", "b"),
            ("postgres/1_a.sql", "a"),
            ("postgres/1_a.down.sql", "x"),
            ("README.md", ""),
        ],
    );
    let set = Set::from_folder(&path, TEAM_TABLE).unwrap();
    let names: Vec<&str> =
        set.migrations(Engine::Postgres).iter().map(|migration| &*migration.file).collect();
    assert_eq!(names, ["1_a.sql", "2_b.sql"]);
    assert!(set.migrations(Engine::MySql).is_empty());
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_told_before_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("2_pipe.sql");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = Set::from_folder(folder.path(), TEAM_TABLE).unwrap_err();
    assert!(error.kind() == Kind::Config && error.to_string().contains("is not a regular file"), "{error}");
}
