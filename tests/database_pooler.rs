//! A PgBouncer before PostgreSQL: every transaction may run on another server connection than the last one did, so
//! nothing may rest on a session, and whole commands work all the same.

use opsctl::{
    Kind,
    cancel::Cancel,
    clock::Clock,
    config::{Database, Origin, database::Pooler},
    db::{Access, Begin, Db, Engine, Query},
    schema,
};
use rand::{SeedableRng, rngs::StdRng};

use crate::support::{
    Case, Event, Schema,
    cli::Said,
    now,
    pgbouncer::PgBouncer,
    redis::Redis,
    world::{Plan, World},
};

/// What people set for PgBouncer when a client's startup options are refused.
const DROPS_OPTIONS: &str = "ignore_startup_parameters = extra_float_digits,options";

/// A pool in transaction mode with several server connections open.
async fn room() -> Option<(Case, PgBouncer)> {
    let (case, pooler) = room_with("transaction", "").await?;
    warm(&through(&case, &pooler, Pooler::Transaction)).await;
    Some((case, pooler))
}

async fn room_with(mode: &str, settings: &str) -> Option<(Case, PgBouncer)> {
    let pooler = PgBouncer::start(mode, settings)?;
    Some((Case::new(Engine::Postgres, Schema::Service).await?, pooler))
}

fn open(target: Database) -> Db {
    Db::new(target, Access::Existing, Clock::frozen(now()))
}

fn through(case: &Case, pooler: &PgBouncer, mode: Pooler) -> Db {
    open(Database { pooler: mode, ..pooler.before(&case.target) })
}

async fn backend(db: &Db) -> i64 {
    let row = db.session().await.unwrap().first(Query::new("SELECT pg_backend_pid() AS pid")).await.unwrap();
    row.unwrap().int("pid").unwrap()
}

/// Makes the pooler open three server connections.
async fn warm(db: &Db) {
    let mut sessions =
        [db.session().await.unwrap(), db.session().await.unwrap(), db.session().await.unwrap()];
    for session in &mut sessions {
        session.begin(Begin::Write).await.unwrap();
    }
    for session in &mut sessions {
        session.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn statements_with_values_work_though_each_runs_on_another_server_connection() {
    let Some((case, pooler)) = room().await else { return };
    let db = through(&case, &pooler, Pooler::Transaction);
    let mut backends = Vec::new();
    for at in 0..6_i64 {
        backends.push(backend(&db).await);
        let ask = Query::new("SELECT ?::bigint AS a, ?::text AS b").bind(at).bind("x");
        let row = db.session().await.unwrap().first(ask).await.unwrap().unwrap();
        assert_eq!((row.int("a").unwrap(), row.text("b").unwrap().as_str()), (at, "x"));
    }
    assert!(backends.windows(2).any(|pair| pair[0] != pair[1]), "{backends:?}");
    db.close().await;
    case.finish().await;
}

#[tokio::test]
async fn guards_hold_every_statement_and_are_gone_with_its_transaction() {
    let Some((case, pooler)) = room().await else { return };
    let search_path = Some("\"o'ps\\\", public".into());
    let db = open(Database { pooler: Pooler::Transaction, search_path, ..pooler.before(&case.target) });
    case.execute("CREATE SCHEMA \"o'ps\\\"").await;
    let guards = "SELECT concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'), \
                  current_setting('idle_in_transaction_session_timeout'), current_setting('search_path')) AS all";
    let mut session = db.session().await.unwrap();
    for begins in [false, true] {
        if begins {
            session.begin(Begin::Write).await.unwrap();
        }
        let row = session.first(Query::new(guards)).await.unwrap().unwrap();
        assert_eq!(row.text("all").unwrap(), "30s 10s 1min \"o'ps\\\", public");
    }
    session.rollback().await.unwrap();
    for _ in 0..6 {
        let left = pooler.psql(&case.target.name, "SHOW statement_timeout");
        assert_eq!(
            (left.as_str(), pooler.psql(&case.target.name, "SHOW search_path").contains("ps\\")),
            ("0", false)
        );
    }
    drop(session);
    db.close().await;
    case.finish().await;
}

#[tokio::test]
async fn a_statement_that_fails_leaves_a_session_that_works_and_changes_nothing() {
    let Some((case, pooler)) = room().await else { return };
    let db = through(&case, &pooler, Pooler::Transaction);
    let mut session = db.session().await.unwrap();
    let insert = |id: i64| Query::new("INSERT INTO users (id, name) VALUES (?, 'x')").bind(id);
    assert_eq!(session.execute(insert(1)).await.unwrap(), 1);
    let error = session.execute(insert(1)).await.unwrap_err();
    assert_eq!(error.fault(), Some(opsctl::db::Fault::Duplicate));
    assert!(
        session.script("INSERT INTO users VALUES (2, 'x'); INSERT INTO users VALUES (1, 'x')").await.is_err()
    );
    assert_eq!(session.execute(insert(3)).await.unwrap(), 1);
    drop(session);
    assert_eq!(case.count("users").await, 2);
    assert_eq!(
        case.count("pg_stat_activity WHERE state LIKE 'idle in%' AND datname = current_database()").await,
        0
    );
    db.close().await;
    case.finish().await;
}

fn succeeded(said: &Said) -> &Said {
    assert_eq!(said.code, 0, "{said:?}");
    said
}

/// Retries 250 events through the pooler, with locks where `settings` say.
async fn retries(case: &Case, pooler: &PgBouncer, settings: &str) {
    World::watch(case).await;
    let mut world = World::default();
    world.add(case, 250, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
    case.write_env(&format!("{}DB_POOLED=true\n{settings}", pooler.settings()));
    succeeded(&case.run(&["webhooks", "retry-once", "--limit", "5000"]));
    assert_eq!(world.check(case, "through the pooler").await.tried, 250);
    for _ in 0..6 {
        assert_eq!(pooler.psql(&case.target.name, "SELECT count(*) FROM pg_prepared_statements"), "0");
    }
}

#[tokio::test]
async fn a_batch_runs_through_a_pooler_with_locks_in_the_database() {
    let Some((case, pooler)) = room().await else { return };
    retries(&case, &pooler, "").await;
    assert_eq!(case.count("cache_locks").await, 0);
    case.finish().await;
}

#[tokio::test]
async fn a_batch_runs_through_a_pooler_with_locks_in_redis() {
    let (Some((case, pooler)), Some(redis)) = (room().await, Redis::start(&[])) else { return };
    retries(&case, &pooler, &redis.settings(redis.port)).await;
    assert_eq!(redis.lock_key(), "");
    case.finish().await;
}

#[tokio::test]
async fn every_command_works_through_a_pooler() {
    let Some((case, pooler)) = room().await else { return };
    let id = Event::due("a").insert(&case).await;
    case.write_env(&format!("{}DB_POOLED=true\n", pooler.settings()));
    assert_eq!(succeeded(&case.run(&["webhooks", "list", "-o", "ids"])).out.trim(), id);
    assert!(succeeded(&case.run(&["webhooks", "show", &id])).out.contains(&id));
    assert_eq!(case.run(&["webhooks", "retry-one", &id]).code, 0);
    succeeded(&case.run(&["webhooks", "retry-once", "--dry-run"]));
    assert_eq!(case.run(&["db", "status"]).code, 3, "migrations are pending");
    let said = case.run(&["db", "migrate"]);
    assert!(succeeded(&said).err.contains("Applied"), "{said:?}");
    succeeded(&case.run(&["db", "status"]));
    case.finish().await;
}

#[tokio::test]
async fn two_migrations_through_a_pooler_follow_each_other() {
    let Some((case, pooler)) = room().await else { return };
    let (one, other) =
        (through(&case, &pooler, Pooler::Transaction), through(&case, &pooler, Pooler::Transaction));
    let cancel = Cancel::new();
    let (one, other) = tokio::join!(
        schema::apply(&one, &schema::OPSCTL, &cancel),
        schema::apply(&other, &schema::OPSCTL, &cancel)
    );
    let applied = one.unwrap().len() + other.unwrap().len();
    assert_eq!(applied, schema::OPSCTL.migrations(Engine::Postgres).len());
    case.finish().await;
}

#[tokio::test]
async fn a_pooler_that_is_not_named_is_recognised_and_the_error_says_how_to_name_it() {
    for settings in ["", DROPS_OPTIONS] {
        let Some((case, pooler)) = room_with("transaction", settings).await else { return };
        let target = pooler.before(&case.target);
        let own = Database { origin: Origin::Variable("OPSCTL_DATABASE_URL".into()), ..target.clone() };
        for (target, hint) in [(target, "DB_POOLED=true"), (own, "pooler=transaction")] {
            let error = open(target).session().await.unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            assert!(
                error.message().starts_with("a pooler that the configuration does not name"),
                "{error:?}"
            );
            assert!(
                error.hints()[0].contains(hint) && error.hints()[0].contains("pooler = \"transaction\""),
                "{error:?}"
            );
        }
        // Nothing was set on a connection that others use.
        assert_eq!(pooler.psql(&case.target.name, "SHOW client_connection_check_interval"), "0");
        case.finish().await;
    }
}

// As behind a pool in transaction mode that is said to be in session mode.
#[tokio::test]
async fn prepared_statements_that_get_lost_in_a_pool_hint_at_its_mode() {
    let Some((case, pooler)) = room().await else { return };
    let db = through(&case, &pooler, Pooler::Session);
    let mut session = db.session().await.unwrap();
    let error = session.first(Query::new("SELECT ?::bigint AS a").bind(1_i64)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.hints()[0].contains("DB_POOLED=true"), "{error:?}");
    drop(session);
    case.finish().await;
}

#[tokio::test]
async fn a_pooler_in_session_mode_keeps_the_guards_of_a_session() {
    let Some((case, pooler)) = room_with("session", "").await else { return };
    let db = through(&case, &pooler, Pooler::Session);
    let mut session = db.session().await.unwrap();
    let ask = Query::new("SELECT current_setting('lock_timeout') AS t WHERE ? = 1").bind(1_i64);
    assert_eq!(session.first(ask).await.unwrap().unwrap().text("t").unwrap(), "10s");
    drop(session);
    db.close().await;
    assert_eq!(pooler.psql(&case.target.name, "SHOW lock_timeout"), "0");
    case.finish().await;
}

#[tokio::test]
async fn a_pooler_in_statement_mode_is_refused() {
    let Some((case, pooler)) = room_with("statement", "").await else { return };
    let db = through(&case, &pooler, Pooler::Transaction);
    let error = db.session().await.unwrap().fetch(Query::new("SELECT 1 AS one")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.message().contains("allows no transactions"), "{error:?}");
    case.finish().await;
}

#[tokio::test]
async fn what_a_pooler_refuses_by_itself_is_a_matter_of_configuration() {
    for (settings, database, words) in
        [("", "nosuch", "has no such database"), ("auth_type = md5", "postgres", "refused the credentials")]
    {
        let Some((case, pooler)) = room_with("transaction", settings).await else { return };
        let target = Database { name: database.into(), ..pooler.before(&case.target) };
        let error = open(Database { pooler: Pooler::Transaction, ..target }).facts().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{error:?}");
        assert!(error.message().contains(words), "{error:?}");
        case.finish().await;
    }
}
