//! What `opsctl clusters migrate` and `probe` say of locks: who holds them, how long they waited, and what to type next.

use std::time::{Duration, Instant};

use opsctl::{
    Kind,
    cancel::Cancel,
    db::{Begin, Engine},
    schema::{self, Options, Patience, Ran, SQLX_TABLE, Set, TEAM_TABLE},
};

use crate::{
    on_every_engine,
    support::{
        Case, Schema,
        fleets::{Fleet, of},
    },
};

const ONE: (&str, &str) = ("0001_things.sql", "CREATE TABLE things (id integer PRIMARY KEY);");

fn team(case: &Case) -> Set {
    let path = case.folder.path().join("sql");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join(ONE.0), ONE.1).unwrap();
    Set::from_folder(&path, TEAM_TABLE).unwrap()
}

fn options(lock: Duration, retries: u32, lock_wait: Duration) -> Options {
    Options { patience: Patience { lock, retries }, lock_wait, ..Options::default() }
}

/// Holds a table against readers for as long as the session lives.
fn exclusive(engine: Engine, table: &str) -> String {
    match engine {
        Engine::Postgres => format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"),
        _ => format!("LOCK TABLES {table} WRITE"),
    }
}

on_every_engine! {
    async fn a_record_that_another_session_holds_is_told_within_the_lock_timeout(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return; // readers of a file wait for no writer
        }
        let fleet = Fleet::new(case, 1).await;
        fleet.files(&[ONE]);
        assert_eq!(fleet.run("clusters migrate --path sql").code, 0);
        let other = fleet.clusters[0].another();
        let mut session = other.session().await.unwrap();
        session.script(&exclusive(case.db.engine(), TEAM_TABLE)).await.unwrap();
        for words in ["clusters migrate --path sql --lock-timeout 1s", "clusters migrate --path sql --status --lock-timeout 1s"] {
            let started = Instant::now();
            let (outcomes, code, said) = fleet.outcomes(words);
            assert!(started.elapsed() < Duration::from_secs(5), "{words}: {:?}", started.elapsed());
            assert_eq!((of(&outcomes), code), (vec!["locked"], 8), "{words}: {said:?}");
            assert!(said.out.contains("is locked by another session") && said.out.contains("held by "), "{said:?}");
        }
        drop(session);
        drop(other);
        fleet.finish().await;
    }

    async fn a_probe_says_that_a_record_is_locked_and_by_whom(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return; // readers of a file wait for no writer
        }
        let fleet = Fleet::new(case, 1).await;
        assert_eq!(fleet.run("clusters migrate --own").code, 0);
        let other = fleet.clusters[0].another();
        let mut session = other.session().await.unwrap();
        session.script(&exclusive(case.db.engine(), SQLX_TABLE)).await.unwrap();
        let said = fleet.run("clusters probe -o json");
        assert_eq!(said.code, 8, "{said:?}");
        assert!(said.out.contains("is locked by another session") && said.out.contains("held by "), "{said:?}");
        drop(session);
        drop(other);
        fleet.finish().await;
    }
}

on_every_engine! {
    // The other run is at its end, and still has the lock.
    async fn a_lock_is_in_nobodys_way_when_its_holder_has_done_everything(case: &Case) {
        let set = team(case);
        let short = options(Duration::from_millis(200), 0, Duration::from_millis(300));
        let plan = schema::plan(&case.db, &set).await.unwrap();
        assert_eq!(schema::migrate(&case.db, &set, &short, &Cancel::new()).await.applied.len(), 1);
        let other = case.another();
        let mut session = other.session().await.unwrap();
        match case.db.engine() {
            Engine::Postgres => session.script("SELECT pg_advisory_lock(122528762917996)").await.unwrap(),
            Engine::MySql => session.script("SELECT GET_LOCK(CONCAT('opsctl:migrate:', DATABASE()), 0)").await.unwrap(),
            Engine::Sqlite => session.begin(Begin::Write).await.unwrap(),
        }
        let mut ran = Ran { applied: Vec::new(), notes: Vec::new(), error: None };
        let result = schema::follow(&case.db, &set, &plan, &short, &Cancel::new(), &mut ran).await;
        assert_eq!((result, ran.applied.len()), (Ok(()), 0));
    }
}

#[tokio::test]
async fn a_writer_of_a_file_is_not_called_a_run_and_every_bound_of_the_wait_counts() {
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    let set = team(&case);
    let other = case.another();
    let mut session = other.session().await.unwrap();
    session.begin(Begin::Write).await.unwrap();
    let minute = Duration::from_secs(60);
    for bounds in [
        options(Duration::from_millis(50), 1, minute),
        options(Duration::from_millis(50), 1000, Duration::from_millis(100)),
    ] {
        let started = Instant::now();
        let error = schema::migrate(&case.db, &set, &bounds, &Cancel::new()).await.error.unwrap();
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        assert_eq!(error.kind(), Kind::Locked, "{error:?}");
        let told = error.to_string();
        assert!(told.contains("another process writes to") && told.contains("held by process "), "{told}");
        assert!(!told.contains("another run"), "{told}");
    }
    drop(session);
    case.finish().await;
}

#[tokio::test]
async fn a_wait_that_an_engine_makes_longer_is_told() {
    let Some(case) = Case::new(Engine::MySql, Schema::Service).await else { return };
    let set = team(&case);
    let bounds = options(Duration::from_millis(100), 0, Duration::from_secs(1));
    let ran = schema::migrate(&case.db, &set, &bounds, &Cancel::new()).await;
    assert_eq!(ran.error, None);
    assert!(
        ran.notes.iter().any(|note| note.ends_with("in whole seconds: 1 s instead of 100 ms")),
        "{:?}",
        ran.notes
    );
    case.finish().await;
}

#[tokio::test]
async fn an_index_that_is_made_concurrently_is_tried_again_with_its_tidying_and_the_holder_named() {
    let Some(case) = Case::new(Engine::Postgres, Schema::Service).await else { return };
    let fleet = Fleet::new(&case, 1).await;
    let cluster = &fleet.clusters[0];
    cluster.execute("CREATE TABLE things (id integer)").await;
    fleet.files(&[("1_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY things_id ON things (id);")]);
    let other = cluster.another();
    let mut session = other.session().await.unwrap();
    session.begin(Begin::Write).await.unwrap();
    session.script("INSERT INTO things VALUES (1)").await.unwrap();
    let words = "clusters migrate --path sql --lock-timeout 300ms --lock-retries 3";
    let (outcomes, code, said) = fleet.outcomes(words);
    assert_eq!((of(&outcomes), code), (vec!["locked"], 8), "{said:?}");
    assert!(said.out.contains("in 4 tries of 300 ms") && said.out.contains("held by backend "), "{said:?}");
    session.rollback().await.unwrap();
    drop(session);
    drop(other);
    assert_eq!(of(&fleet.outcomes(words).0), ["applied"]);
    assert_eq!(cluster.count("pg_index WHERE NOT indisvalid").await, 0);
    fleet.finish().await;
    case.finish().await;
}

#[tokio::test]
async fn a_lock_timeout_says_at_which_statement() {
    let Some(case) = Case::new(Engine::Postgres, Schema::Service).await else { return };
    let fleet = Fleet::new(&case, 1).await;
    let cluster = &fleet.clusters[0];
    cluster.execute("CREATE TABLE things (id integer)").await;
    fleet.files(&[("1_more.sql", "SELECT 1;\nALTER TABLE things ADD COLUMN x integer;")]);
    let other = cluster.another();
    let mut session = other.session().await.unwrap();
    session.begin(Begin::Write).await.unwrap();
    session.script("INSERT INTO things VALUES (1)").await.unwrap();
    let (_, code, said) = fleet.outcomes("clusters migrate --path sql --lock-timeout 200ms --lock-retries 0");
    assert_eq!(code, 8, "{said:?}");
    assert!(said.out.contains("statement 2 of 2, line 2: `ALTER TABLE things"), "{said:?}");
    session.rollback().await.unwrap();
    drop(session);
    drop(other);
    fleet.finish().await;
    case.finish().await;
}

/// What stands below a report.
#[tokio::test]
async fn hints_name_the_file_and_key_or_say_how_many_are_left_out() {
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    let fleet = Fleet::new(&case, 1).await;
    fleet.files(&[("1_a.sql", "SELECT 1;\nCOMMIT;")]);
    let said = fleet.run("clusters migrate --path sql");
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("take the statement out of the file"), "{said:?}");
    assert!(!said.err.contains("clusters show"), "{said:?}");

    let broken: String = (0..12)
        .map(|at| {
            format!("[clusters.b{at}]\nurl = \"postgres://a@127.0.0.1:9/x\"\npassword = \"env:OPSCTL_TEST_NONE_{at}\"\n")
        })
        .collect();
    fleet.write(&broken);
    fleet.files(&[ONE]);
    let said = fleet.run("clusters migrate --path sql");
    assert!(said.err.contains("to type next: `-o wide` or `-o json`"), "{said:?}");
    let said = fleet.run("clusters migrate --path sql --on-error stop");
    assert!(said.err.contains("no further cluster is begun: 12 clusters have failed"), "{said:?}");
    fleet.finish().await;
    case.finish().await;
}

#[tokio::test]
async fn a_connection_that_is_closed_at_once_is_not_called_another_server() {
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // What was asked is read first, so that closing is an end and no reset.
            let mut asked = [0; 64];
            let _ = std::io::Read::read(&mut &stream, &mut asked);
        }
    });
    let fleet = Fleet::new(&case, 0).await;
    fleet.write(&format!("[clusters.closing]\nurl = \"postgres://a@127.0.0.1:{port}/b\"\n"));
    fleet.files(&[ONE]);
    let said = fleet.run("clusters migrate --path sql");
    assert_eq!(said.code, 7, "{said:?}");
    assert!(said.out.contains("the connection was taken and closed without an answer"), "{said:?}");
    assert!(!said.out.contains("not PostgreSQL"), "{said:?}");
    fleet.finish().await;
    case.finish().await;
}
