//! Databases that take no writes, whose disk is full, or that live in another time zone; and run locks in a table
//! that are lost while a run is at work.

use opsctl::db::Begin;
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    on_every_engine,
    support::{
        Case,
        disk::{Disk, Server},
        server,
        world::{Plan, World},
    },
};

const RETRY: [&str; 4] = ["webhooks", "retry-once", "--limit", "5000"];

async fn world(case: &Case, count: usize, plans: &[Plan]) -> World {
    World::watch(case).await;
    let mut world = World::default();
    world.add(case, count, plans, &mut StdRng::seed_from_u64(7)).await;
    case.write_env("");
    world
}

/// A run that meets a full disk is told so; when there is room again, the next run goes on.
async fn fills_up(case: &Case, disk: &Disk) {
    let world = world(case, 3000, &[Plan::Missing, Plan::Applied]).await;
    let held = case.hold("after-commit#3", &RETRY);
    disk.fill();
    let said = held.go();
    let engine = case.db.engine();
    assert!(matches!(said.code, 1 | 7), "{engine:?}: {said:?}");
    assert!(said.err.contains("error:"), "{engine:?}: {said:?}");
    disk.free();
    let seen = world.check(case, &format!("{engine:?} with a full disk: {said:?}")).await;
    assert!(seen.tried < seen.due, "{engine:?}: the disk was not full enough");
    assert!(seen.tried >= 300, "{engine:?}: {seen:?}");
    assert!(said.err.contains(&format!("{} events were tried before that", seen.tried)), "{}", said.err);
    case.execute("DELETE FROM cache_locks").await;
    let rest = case.run(&RETRY);
    assert_eq!(rest.code, 0, "{engine:?}: {rest:?}");
    world.check_done(case, "with room again").await;
}

#[tokio::test]
async fn a_full_disk_under_sqlite() {
    let Some(disk) = Disk::new(30) else { return };
    let folder = tempfile::tempdir_in(disk.path()).unwrap();
    let case = Case::in_folder(folder).await;
    fills_up(&case, &disk).await;
    case.finish().await;
}

#[tokio::test]
async fn a_full_disk_under_postgres() {
    let (Some(_), Some(disk)) = (server("OPSCTL_TEST_POSTGRES_URL"), Disk::new(160)) else { return };
    let server = Server::start(disk.path(), "postgres");
    let case = Case::on_server(&server.url).await;
    fills_up(&case, &disk).await;
    case.finish().await;
}

#[tokio::test]
async fn a_full_disk_under_mariadb() {
    let (Some(_), Some(disk)) = (server("OPSCTL_TEST_MARIADB_URL"), Disk::new(260)) else { return };
    let server = Server::start(disk.path(), "mariadb");
    let case = Case::on_server(&server.url).await;
    fills_up(&case, &disk).await;
    case.finish().await;
}

// A full disk under the state folder: the run is not in the journal, says so, and does its work.
#[tokio::test]
async fn a_full_disk_under_the_journal() {
    let Some(disk) = Disk::new(1) else { return };
    let case = Case::in_folder(tempfile::tempdir().unwrap()).await;
    let world = world(&case, 30, &[Plan::Applied]).await;
    std::fs::create_dir(disk.path().join("state")).unwrap();
    disk.fill();
    let state = disk.path().join("state");
    let said = case.run_with(&[("OPSCTL_STATE_DIR", state.to_str().unwrap())], &RETRY);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("not in the journal"), "{}", said.err);
    world.check_done(&case, "without a journal").await;
}

#[tokio::test]
async fn a_read_only_disk_under_sqlite() {
    let Some(disk) = Disk::new(6) else { return };
    let folder = tempfile::tempdir_in(disk.path()).unwrap();
    let case = Case::in_folder(folder).await;
    let world = world(&case, 30, &[Plan::Applied]).await;
    case.db.close().await;
    disk.set_read_only(true);
    let state = tempfile::tempdir().unwrap();
    let said = case.run_with(&[("OPSCTL_STATE_DIR", state.path().to_str().unwrap())], &RETRY);
    disk.set_read_only(false);
    assert_eq!(said.code, 6, "{said:?}");
    assert_eq!(world.check(&case, "read-only").await.tried, 0);
    assert_eq!(case.run(&RETRY).code, 0);
    world.check_done(&case, "writable again").await;
}

#[tokio::test]
async fn a_read_only_mariadb() {
    if server("OPSCTL_TEST_MARIADB_URL").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    let server = Server::start(folder.path(), "mariadb");
    let mut case = Case::on_server(&server.url).await;
    let world = world(&case, 250, &[Plan::Applied]).await;
    // An application's user cannot write to a read-only server, as an administrator can.
    case.execute("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'app'").await;
    case.execute(&format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON {}.* TO app@'127.0.0.1'",
        case.target.name
    ))
    .await;
    case.target.username = "app".into();
    case.target.password = Some("app".into());
    case.write_env("");
    case.execute("SET GLOBAL read_only = 1").await;
    let said = case.run(&RETRY);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("is read-only"), "{}", said.err);
    assert_eq!(world.check(&case, "read-only").await.tried, 0);
    case.execute("SET GLOBAL read_only = 0").await;
    // It turns read-only in the middle of a run.
    let held = case.hold("after-commit#1", &RETRY);
    case.execute("SET GLOBAL read_only = 1").await;
    let said = held.go();
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("100 events were tried before that"), "{}", said.err);
    assert_eq!(world.check(&case, "turned read-only").await.tried, 100);
    case.execute("SET GLOBAL read_only = 0").await;
    case.execute("DELETE FROM cache_locks").await;
    assert_eq!(case.run(&RETRY).code, 0);
    world.check_done(&case, "writable again").await;
    case.finish().await;
}

on_every_engine! {
    async fn a_read_only_postgres(case: &Case) {
        if case.db.engine() != Engine::Postgres {
            return;
        }
        let world = world(case, 250, &[Plan::Applied]).await;
        let name = &case.target.name;
        case.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
        let said = case.run(&RETRY);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("is read-only"), "{}", said.err);
        assert_eq!(world.check(case, "read-only").await.tried, 0);
        case.execute(&format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await;
        assert_eq!(case.run(&RETRY).code, 0);
        world.check_done(case, "writable again").await;
    }

    // The server, the session and the host each live in a zone of their own; the columns are UTC all the same.
    async fn time_zones_do_not_shift_what_is_due(case: &Case) {
        let world = world(case, 200, &Plan::CALM).await;
        let name = &case.target.name;
        match case.db.engine() {
            Engine::Postgres => case.execute(&format!("ALTER DATABASE {name} SET timezone = 'Pacific/Kiritimati'")).await,
            Engine::MySql => {
                let zone = case.rows("SELECT @@global.time_zone AS zone").await[0].text("zone").unwrap();
                assert_eq!(zone, "+07:00", "scripts/servers starts MariaDB there");
            }
            Engine::Sqlite => {}
        }
        for zone in ["Asia/Jakarta", "America/Los_Angeles"] {
            let said = case.run_with(&[("TZ", zone)], &RETRY);
            assert!(matches!(said.code, 0 | 4), "{said:?}");
            world.check_done(case, zone).await;
        }
        let late = case.rows("SELECT id FROM webhook_events WHERE last_attempt_at = '2026-11-20 09:00:00'").await;
        assert_eq!(late.len(), world.due());
    }

    // Variables of libpq that would lead elsewhere, or change what a session does.
    async fn poisoned_variables_change_nothing(case: &Case) {
        let world = world(case, 50, &Plan::CALM).await;
        let poison = [
            ("PGHOST", "192.0.2.1"), ("PGHOSTADDR", "192.0.2.1"), ("PGPORT", "1"), ("PGUSER", "nobody"),
            ("PGPASSWORD", "wrong"), ("PGDATABASE", "nowhere"), ("PGSSLMODE", "verify-full"),
            ("PGOPTIONS", "-c default_transaction_read_only=on"), ("PGSSLROOTCERT", "/nowhere"), ("PGSERVICE", "nowhere"),
            ("PGPASSFILE", "/nowhere"), ("PGAPPNAME", "somebody"), ("PGTZ", "Asia/Jakarta"), ("PGDATESTYLE", "German"),
            ("MYSQL_HOST", "192.0.2.1"), ("MYSQL_PWD", "wrong"), ("DATABASE_URL", "postgres://192.0.2.1/x"),
        ];
        let said = case.run_with(&poison, &RETRY);
        assert!(matches!(said.code, 0 | 4), "{said:?}");
        world.check_done(case, "poisoned").await;
    }

    // The run lock's row is gone, or its time is over, while the run is between two chunks.
    async fn a_lock_lost_from_its_table_ends_the_run(case: &Case) {
        World::watch(case).await;
        case.write_env("");
        for (loss, words) in [
            ("DELETE FROM cache_locks", "it expired, or the store was flushed"),
            ("UPDATE cache_locks SET expiration = 1", "it expired, or the store was flushed"),
            ("UPDATE cache_locks SET owner = 'SomebodyElse0000'", "it is now held by `SomebodyElse0000`"),
        ] {
            World::clear(case).await;
            let mut world = World::default();
            world.add(case, 250, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
            let held = case.hold("after-commit#2", &RETRY);
            case.execute(loss).await;
            let said = held.go();
            assert_eq!(said.code, 8, "{loss}: {said:?}");
            assert!(said.err.contains(words) && said.err.contains("200 events were tried before that"), "{}", said.err);
            assert_eq!(world.check(case, loss).await.tried, 200);
        }
    }

    // Somebody's transaction holds the row of the run lock: as good as a lock that is taken, and nothing is claimed.
    async fn a_lock_row_that_is_held_is_a_taken_lock(case: &Case) {
        let world = world(case, 30, &[Plan::Applied]).await;
        let row = "INSERT INTO cache_locks VALUES ('payment-hooks-local-cache-tenrusl:cmd:webhooks:retry:global', 'x', 1)";
        case.execute(row).await;
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(Begin::Write).await.unwrap();
        session.script("UPDATE cache_locks SET owner = 'y'").await.unwrap();
        let said = case.run(&RETRY);
        session.rollback().await.unwrap();
        assert_eq!(said.code, 8, "{said:?}");
        assert!(said.err.contains("held by another transaction"), "{}", said.err);
        assert_eq!(world.check(case, "held").await.tried, 0);
        assert_eq!(case.run(&RETRY).code, 0);
        world.check_done(case, "free again").await;
    }
}
