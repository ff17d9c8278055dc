//! The one place where connections are made: every option is set here, so that neither a driver's defaults nor
//! variables such as PGHOST or PGSSLMODE decide anything.

use std::{fs, path::Path, time::Duration};

use secrecy::ExposeSecret;
use sqlx::{
    ConnectOptions, Connection, PgConnection, Row as _, SqliteConnection,
    mysql::{MySqlConnectOptions, MySqlSslMode},
    postgres::{PgConnectOptions, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::{Conn, Facts, Guards, Query, Session, fault, guards::millis, tls};
use crate::{
    Error, Result,
    config::{
        Database, Engine,
        database::{Address, Pooler, tls::Mode},
    },
};

/// Time to wait for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Rows that SQLite's worker reads ahead: each pause is a change of threads. Bodies are asked for within a budget.
const SQLITE_ROWS_AHEAD: usize = 64;

/// Result codes of SQLite: a file, or one beside it, that may not be written, and one that cannot be opened.
const SQLITE_READONLY: i32 = 8;
const SQLITE_CANTOPEN: i32 = 14;

/// What a SQLite file may be opened for; servers decide by their roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The file must exist, and is left in the journal mode that it has.
    Existing,
    /// The file is opsctl's own: made when missing, in WAL mode.
    Own,
}

/// Time after which PostgreSQL notices that a client has gone while its statement runs, and gives its locks back.
const CLIENT_CHECK_MS: u32 = 500;
/// PostgreSQL 14, the first with `client_connection_check_interval`.
const KNOWS_CLIENT_CHECK: u32 = 140_000;

/// Opens one connection with its guards set.
pub(super) async fn connect(target: &Database, access: Access, guards: &Guards) -> Result<Conn> {
    tls::check_files(target)?;
    let connecting = async {
        match target.engine {
            Engine::Postgres => postgres(target, guards).await,
            Engine::MySql => mysql(target, guards).await,
            Engine::Sqlite => sqlite(target, access, guards).await,
        }
    };
    match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(connected) => connected,
        Err(_) => {
            Err(fault::unreachable(target, format!("no answer within {} s", CONNECT_TIMEOUT.as_secs())))
        }
    }
}

fn refused(target: &Database) -> impl Fn(sqlx::Error) -> Error {
    move |error| match (&error, tls::refusal(&error, target)) {
        (_, Some(refusal)) => refusal,
        (sqlx::Error::Io(io), None) => fault::unreachable(target, io),
        _ => fault::error(&error, target),
    }
}

fn postgres_options(target: &Database, guards: &Guards) -> PgConnectOptions {
    let mode = match target.tls_mode() {
        Mode::Disable => PgSslMode::Disable,
        Mode::Prefer => PgSslMode::Prefer,
        Mode::Require => PgSslMode::Require,
        Mode::VerifyCa => PgSslMode::VerifyCa,
        Mode::VerifyFull => PgSslMode::VerifyFull,
    };
    let options = PgConnectOptions::new_without_pgpass()
        .username(&target.username)
        .password(target.password.as_ref().map_or("", |password| password.expose_secret()))
        .database(&target.name)
        .ssl_mode(mode)
        .application_name(&guards.name)
        // The server's own since PostgreSQL 12, and a startup option that poolers refuse.
        .extra_float_digits(None)
        .statement_cache_capacity(if target.pooler == Pooler::Transaction { 0 } else { 100 })
        .log_statements(tracing::log::LevelFilter::Off);
    let options = match &target.address {
        Address::Tcp(host, port) => options.host(host).port(*port),
        Address::Socket(folder, port) => options.host(&folder.to_string_lossy()).port(*port),
        Address::File(_) => options,
    };
    let tls = &target.tls;
    let options = match &tls.authority {
        Some(path) => options.ssl_root_cert(path),
        None => options,
    };
    match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => options.ssl_client_cert(certificate).ssl_client_key(key),
        _ => options,
    }
}

async fn postgres(target: &Database, bounds: &Guards) -> Result<Conn> {
    let options = postgres_options(target, bounds);
    let options = match target.pooler {
        // Poolers refuse what they do not know, so one that is not named shows before anything is done through it.
        Pooler::None => options.options(bounds.of_postgres()),
        Pooler::Session | Pooler::Transaction => options,
    };
    let mut conn = options.connect().await.map_err(refused(target))?;
    match target.pooler {
        // Set by every transaction, see `transaction_guards`.
        Pooler::Transaction => return Ok(Conn::Postgres(conn)),
        Pooler::Session => {
            let guards = guards(&conn, "SET", bounds);
            run(&mut conn, guards, target).await?;
        }
        Pooler::None if !are_guarded(&mut conn, bounds).await.map_err(refused(target))? => {
            return Err(fault::unnamed_pooler(target, "it dropped the timeouts that bound every statement"));
        }
        Pooler::None => {}
    }
    let settings = settings(target, false);
    if !settings.is_empty() {
        run(&mut conn, settings, target).await?;
    }
    Ok(Conn::Postgres(conn))
}

async fn run(conn: &mut PgConnection, sql: String, target: &Database) -> Result<()> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(conn).await.map(|_| ()).map_err(refused(target))
}

/// Whether the session took the guards that its start asked for. Only then is it our own, and may have a setting more.
async fn are_guarded(conn: &mut PgConnection, guards: &Guards) -> Result<bool, sqlx::Error> {
    // The lock timeout is always set. PostgreSQL's ways to print it, and those of engines that speak like it.
    let ms = millis(guards.lock);
    let printed = [(1, ""), (1, "ms"), (1000, "s"), (60_000, "min"), (3_600_000, "h")]
        .into_iter()
        .filter(|(unit, _)| ms.is_multiple_of(*unit))
        .map(|(unit, name)| format!("'{}{name}'", ms / unit));
    let kept = format!("current_setting('lock_timeout') IN ({})", printed.collect::<Vec<_>>().join(", "));
    let check = match knows_client_check(conn) {
        true => format!("set_config('client_connection_check_interval', '{CLIENT_CHECK_MS}', false)"),
        false => "''".into(),
    };
    let ask = format!("SELECT CASE WHEN {kept} THEN {check} END AS set");
    let row = sqlx::raw_sql(sqlx::AssertSqlSafe(ask)).fetch_one(conn).await?;
    Ok(row.try_get::<Option<String>, _>(0)?.is_some())
}

fn knows_client_check(conn: &PgConnection) -> bool {
    conn.server_version_num().is_some_and(|version| version >= KNOWS_CLIENT_CHECK)
}

/// Statements that set every guard, by `SET` or `SET LOCAL`.
fn guards(conn: &PgConnection, set: &str, bounds: &Guards) -> String {
    let guards = bounds.of_postgres().map(|(name, time)| format!("{set} {name} = {time}; "));
    let check = match knows_client_check(conn) {
        true => format!("{set} client_connection_check_interval = {CLIENT_CHECK_MS}; "),
        false => String::new(),
    };
    guards.concat() + &check
}

/// Sets search path and time zone as Laravel's connection does. The texts are the configuration's, so they are quoted
/// for whatever `standard_conforming_strings` is.
fn settings(target: &Database, local: bool) -> String {
    let set = |(name, value): (&str, &Option<String>)| {
        let quoted = value.as_ref()?.replace('\\', "\\\\").replace('\'', "''");
        Some(format!("SELECT set_config('{name}', E'{quoted}', {local}); "))
    };
    [("search_path", &target.search_path), ("TimeZone", &target.time_zone)]
        .into_iter()
        .filter_map(set)
        .collect()
}

/// What begins every transaction behind a pooler in transaction mode: a session there is not one's own.
pub(super) fn transaction_guards(conn: &PgConnection, target: &Database, bounds: &Guards) -> String {
    let path = if bounds.renewed { "SET LOCAL search_path TO DEFAULT; " } else { "" };
    format!("{path}{}{}", guards(conn, "SET LOCAL", bounds), settings(target, true))
}

async fn mysql(target: &Database, bounds: &Guards) -> Result<Conn> {
    let mode = match target.tls_mode() {
        Mode::Disable => MySqlSslMode::Disabled,
        Mode::Prefer => MySqlSslMode::Preferred,
        Mode::Require => MySqlSslMode::Required,
        Mode::VerifyCa => MySqlSslMode::VerifyCa,
        Mode::VerifyFull => MySqlSslMode::VerifyIdentity,
    };
    let mut options = MySqlConnectOptions::new()
        .username(&target.username)
        .database(&target.name)
        .ssl_mode(mode)
        .charset("utf8mb4")
        .statement_cache_capacity(100)
        .enable_cleartext_plugin(false)
        // The session keeps the server's own modes and zone: the application, too, leaves them alone, and its
        // `timestamp` columns mean UTC only under the zone in which they were written.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(target.time_zone.clone())
        .set_names(true)
        .log_statements(tracing::log::LevelFilter::Off);
    // The driver would scramble an empty password, which is not the same as none.
    if let Some(password) = target.password.as_ref().filter(|password| !password.expose_secret().is_empty()) {
        options = options.password(password.expose_secret());
    }
    options = match &target.address {
        Address::Tcp(host, port) => options.host(host).port(*port),
        Address::Socket(path, _) => options.socket(path),
        Address::File(_) => options,
    };
    if let Some(path) = &target.tls.authority {
        options = options.ssl_ca(path);
    }
    if let (Some(certificate), Some(key)) = (&target.tls.certificate, &target.tls.key) {
        options = options.ssl_client_cert(certificate).ssl_client_key(key);
    }
    let mut conn = options.connect().await.map_err(refused(target))?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(bounds.of_mysql()))
        .execute(&mut conn)
        .await
        .map_err(refused(target))?;
    Ok(Conn::MySql(conn))
}

async fn sqlite(target: &Database, access: Access, guards: &Guards) -> Result<Conn> {
    let Address::File(path) = &target.address else {
        return Err(Error::config("a SQLite database is a file"));
    };
    let own = access == Access::Own;
    if !own && !path.exists() {
        return Err(Error::config(format!("{target} does not exist")).hint(format!(
            "the path comes from {}; opsctl never makes an application's database",
            target.origin
        )));
    }
    let mut options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(own)
        .foreign_keys(true)
        .busy_timeout(guards.lock)
        .row_buffer_size(SQLITE_ROWS_AHEAD)
        .statement_cache_capacity(100)
        .log_statements(tracing::log::LevelFilter::Off);
    if own {
        options = options.journal_mode(SqliteJournalMode::Wal);
        return opened(&options).await.map(Conn::Sqlite).map_err(refused(target));
    }
    if fs::metadata(path).is_ok_and(|meta| meta.permissions().readonly()) {
        options = options.read_only(true).pragma("query_only", "ON");
    }
    match opened(&options).await {
        Ok(conn) => Ok(Conn::Sqlite(conn)),
        Err(error) => match unshared(path, options, &error).await {
            Some(conn) => Ok(Conn::Sqlite(conn)),
            None => Err(refused(target)(error)),
        },
    }
}

/// Opens the file and looks into it: whether that can be done shows with the first page only.
async fn opened(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut conn = SqliteConnection::connect_with(options).await?;
    sqlx::query("SELECT 1 FROM sqlite_schema LIMIT 1").fetch_optional(&mut conn).await?;
    Ok(conn)
}

/// A file in WAL mode that this user may only read: readers share a file beside it, which they would have to make.
/// Without it, it is read as one that nobody changes. Where its last changes still stand in the `-wal` file, which would
/// be passed over, it is not.
async fn unshared(
    path: &Path,
    options: SqliteConnectOptions,
    error: &sqlx::Error,
) -> Option<SqliteConnection> {
    let code = error.as_database_error()?.code()?.parse::<i32>().ok()?;
    let denied = matches!(code & 0xff, SQLITE_READONLY | SQLITE_CANTOPEN);
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let settled = fs::metadata(wal).map_or(true, |wal| wal.len() == 0);
    if !denied || !settled {
        return None;
    }
    let options = options.read_only(true).immutable(true).pragma("query_only", "ON");
    opened(&options).await.ok()
}

/// Asks the server what it is.
pub(super) async fn facts(session: &mut Session<'_>) -> Result<Facts> {
    let engine = session.db().engine();
    let sql = match engine {
        Engine::Postgres => {
            "SELECT current_setting('server_version') AS version, \
             (pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on')::int AS read_only"
        }
        Engine::MySql => "SELECT VERSION() AS version, @@global.read_only AS read_only",
        Engine::Sqlite => {
            "SELECT sqlite_version() AS version, query_only AS read_only FROM pragma_query_only"
        }
    };
    let row =
        session.first(Query::new(sql)).await?.ok_or_else(|| Error::failed("the server tells no version"))?;
    let version = row.text("version")?;
    // Versions and products as Laravel's DatabaseQueue::getLockForPopping tells them apart.
    let mariadb = version.contains("MariaDB");
    let number = version.strip_prefix("5.5.5-").unwrap_or(&version);
    let number: Vec<u32> = number.split(['.', '-', ' ']).map_while(|part| part.parse().ok()).collect();
    let (product, skip_locked) = match engine {
        Engine::Postgres => ("PostgreSQL", true),
        Engine::MySql if mariadb => ("MariaDB", number >= vec![10, 6]),
        Engine::MySql => ("MySQL", number >= vec![8, 0, 1]),
        Engine::Sqlite => ("SQLite", false),
    };
    let short = version.split(['-', ' ']).find(|part| *part != "5.5.5").unwrap_or(&version);
    Ok(Facts { server: format!("{product} {short}"), skip_locked, read_only: row.int("read_only")? != 0 })
}
