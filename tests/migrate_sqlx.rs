//! sqlx's own migrator over what opsctl has recorded, and opsctl over what sqlx has: both read the same state.

use std::{borrow::Cow, path::PathBuf};

use opsctl::{config::database::Address, db::Engine, schema::SQLX_TABLE};
use secrecy::ExposeSecret;
use sqlx::{
    Connection, MySqlConnection, PgConnection, SqliteConnection,
    migrate::{Migrate, MigrateError, Migrator},
    mysql::MySqlConnectOptions,
    postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

use crate::{
    on_every_engine,
    support::{
        Case,
        fleets::{Fleet, of},
    },
};

/// The files of the tenant set, as sqlx reads them.
async fn migrator(engine: Engine) -> Migrator {
    let folder = match engine {
        Engine::Postgres => "postgres",
        Engine::MySql => "mysql",
        Engine::Sqlite => "sqlite",
    };
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migrations/tenant").join(folder);
    Migrator::new(path).await.unwrap()
}

/// Version and checksum of what a connection's database has applied, in sqlx's eyes.
async fn applied(conn: &mut impl Migrate) -> Result<Vec<(i64, Vec<u8>)>, MigrateError> {
    assert_eq!(conn.dirty_version(SQLX_TABLE).await?, None);
    let applied = conn.list_applied_migrations(SQLX_TABLE).await?;
    Ok(applied.into_iter().map(|one| (one.version, Cow::into_owned(one.checksum))).collect())
}

/// Runs sqlx's migrator, and gives what is applied before and after.
async fn run<C>(mut conn: C, migrator: &Migrator) -> [Vec<(i64, Vec<u8>)>; 2]
where
    C: Connection + Migrate,
{
    conn.ensure_migrations_table(SQLX_TABLE).await.unwrap();
    let before = applied(&mut conn).await.unwrap();
    migrator.run_direct(None, &mut conn, false).await.unwrap();
    let after = applied(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    [before, after]
}

async fn run_sqlx(case: &Case, migrator: &Migrator) -> [Vec<(i64, Vec<u8>)>; 2] {
    let target = &case.target;
    let password = target.password.as_ref().map_or("", |password| password.expose_secret());
    match &target.address {
        Address::Tcp(host, port) if target.engine == Engine::Postgres => {
            let options = PgConnectOptions::new_without_pgpass();
            let options = options.host(host).port(*port).username(&target.username).password(password);
            run(PgConnection::connect_with(&options.database(&target.name)).await.unwrap(), migrator).await
        }
        Address::Tcp(host, port) => {
            let options = MySqlConnectOptions::new().host(host).port(*port).username(&target.username);
            let options = options.password(password).database(&target.name);
            run(MySqlConnection::connect_with(&options).await.unwrap(), migrator).await
        }
        Address::File(path) => {
            let options = SqliteConnectOptions::new().filename(path);
            run(SqliteConnection::connect_with(&options).await.unwrap(), migrator).await
        }
        Address::Socket(..) => unreachable!("tests reach servers by port"),
    }
}

on_every_engine! {
    async fn sqlx_finds_applied_what_opsctl_has_migrated(case: &Case) {
        let fleet = Fleet::new(case, 1).await;
        assert_eq!(fleet.run("clusters migrate --own").code, 0);
        let cluster = &fleet.clusters[0];
        let record = "SELECT version, description, success, execution_time FROM _sqlx_migrations ORDER BY version";
        let rows = async || cluster.rows(record).await.iter().map(opsctl::db::Row::line).collect::<Vec<_>>();
        let known = rows().await;
        let migrator = migrator(case.db.engine()).await;
        let expected: Vec<_> = migrator.iter().map(|one| (one.version, one.checksum.to_vec())).collect();
        assert!(!expected.is_empty());
        let [before, after] = run_sqlx(cluster, &migrator).await;
        assert_eq!((&before, &after), (&expected, &expected));
        assert_eq!(rows().await, known, "it had nothing to write");
        fleet.finish().await;
    }

    async fn opsctl_finds_applied_what_sqlx_has_migrated(case: &Case) {
        let fleet = Fleet::new(case, 1).await;
        let cluster = &fleet.clusters[0];
        let migrator = migrator(case.db.engine()).await;
        let [before, after] = run_sqlx(cluster, &migrator).await;
        assert_eq!((before.len(), after.len()), (0, migrator.iter().count()));
        let (outcomes, code, said) = fleet.outcomes("clusters migrate --status");
        assert_eq!((of(&outcomes), code), (vec!["skipped"], 0), "{said:?}");
        let (outcomes, code, said) = fleet.outcomes("clusters migrate");
        assert_eq!((of(&outcomes), code), (vec!["skipped"], 0), "{said:?}");
        fleet.finish().await;
    }
}
