//! The other side: pgbench, and the drivers' own connections with nothing around them.

use std::{path::Path, process::Command};

use opsctl::{
    config::{Database, database::Address},
    db::{Engine, Value},
};
use secrecy::ExposeSecret;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Executor, MySqlConnection, PgConnection, SqliteConnection,
    mysql::{MySqlConnectOptions, MySqlSslMode},
    postgres::{PgConnectOptions, PgSslMode},
    sqlite::SqliteConnectOptions,
};

fn address(target: &Database) -> (&str, u16) {
    match &target.address {
        Address::Tcp(host, port) => (host, *port),
        Address::File(_) | Address::Socket(..) => unreachable!("the servers are reached by port"),
    }
}

fn password(target: &Database) -> &str {
    target.password.as_ref().map_or("", |password| password.expose_secret())
}

/// A script for pgbench, with the variables that it begins with.
pub struct Script {
    pub text: String,
    pub variables: Vec<(String, String)>,
}

/// Runs a script with one client; gives transactions per second.
pub fn pgbench(program: &Path, target: &Database, script: &Script, transactions: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.sql");
    std::fs::write(&file, &script.text).unwrap();
    let (host, port) = address(target);
    let mut command = Command::new(program);
    command.env_clear().env("PGPASSWORD", password(target)).env("PGSSLMODE", "disable").env("LC_ALL", "C");
    command.args(["-n", "-M", "prepared", "-c", "1", "-j", "1", "-h", host, "-U", &target.username]);
    command.args(["-p", &port.to_string(), "-t", &transactions.to_string()]).arg("-f").arg(&file);
    for (name, value) in &script.variables {
        command.arg("-D").arg(format!("{name}={value}"));
    }
    let output = command.arg(&target.name).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && !out.contains("failed transactions: 1"), "{out}{err}");
    let line = out.lines().find_map(|line| line.strip_prefix("tps = "));
    let figure = line.and_then(|line| line.split(' ').next()).and_then(|figure| figure.parse().ok());
    figure.unwrap_or_else(|| panic!("pgbench tells no rate: {out}{err}"))
}

/// A connection of the driver's own.
pub enum Bare {
    Postgres(PgConnection),
    MySql(MySqlConnection),
    Sqlite(SqliteConnection),
}

/// Binds values and runs what is asked for, with the engine's own types.
macro_rules! bound {
    ($conn:expr, $sql:expr, $values:expr, |$query:ident, $held:ident| $run:expr) => {
        match $conn {
            Bare::Postgres($held) => {
                let mut $query = sqlx::query(AssertSqlSafe($sql.to_owned()));
                for value in $values {
                    $query = match value {
                        Value::Null => $query.bind(None::<String>),
                        Value::Int(number) => $query.bind(*number),
                        Value::Text(text) => $query.bind(text.as_str()),
                        Value::Bytes(bytes) => $query.bind(bytes.as_slice()),
                        Value::Texts(texts) => $query.bind(texts),
                    };
                }
                $run
            }
            Bare::MySql($held) => {
                bound!(@plain $query, $sql, $values);
                $run
            }
            Bare::Sqlite($held) => {
                bound!(@plain $query, $sql, $values);
                $run
            }
        }
    };
    (@plain $query:ident, $sql:expr, $values:expr) => {
        let mut $query = sqlx::query(AssertSqlSafe($sql.to_owned()));
        for value in $values {
            $query = match value {
                Value::Null | Value::Texts(_) => $query.bind(None::<String>),
                Value::Int(number) => $query.bind(*number),
                Value::Text(text) => $query.bind(text.as_str()),
                Value::Bytes(bytes) => $query.bind(bytes.as_slice()),
            };
        }
    };
}

impl Bare {
    /// Opens one with the character set, zone and modes that opsctl uses, and nothing else set.
    pub async fn open(target: &Database) -> Self {
        match target.engine {
            Engine::Postgres => {
                let (host, port) = address(target);
                let options = PgConnectOptions::new_without_pgpass()
                    .host(host)
                    .port(port)
                    .username(&target.username)
                    .password(password(target))
                    .database(&target.name)
                    .ssl_mode(PgSslMode::Disable);
                Bare::Postgres(options.connect().await.unwrap())
            }
            Engine::MySql => {
                let (host, port) = address(target);
                let options = MySqlConnectOptions::new()
                    .host(host)
                    .port(port)
                    .username(&target.username)
                    .password(password(target))
                    .database(&target.name)
                    .charset("utf8mb4")
                    .pipes_as_concat(false)
                    .no_engine_substitution(false)
                    .timezone(target.time_zone.clone())
                    .ssl_mode(MySqlSslMode::Disabled);
                Bare::MySql(options.connect().await.unwrap())
            }
            Engine::Sqlite => {
                let Address::File(path) = &target.address else { unreachable!("SQLite is a file") };
                Bare::Sqlite(SqliteConnectOptions::new().filename(path).connect().await.unwrap())
            }
        }
    }

    /// A statement without values, sent as it is.
    pub async fn plain(&mut self, sql: &str) {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Bare::Postgres(conn) => drop(conn.execute(query).await.unwrap()),
            Bare::MySql(conn) => drop(conn.execute(query).await.unwrap()),
            Bare::Sqlite(conn) => drop(conn.execute(query).await.unwrap()),
        }
    }

    /// A prepared statement whose rows are read and dropped; gives their number.
    pub async fn rows(&mut self, sql: &str, values: &[Value]) -> usize {
        bound!(self, sql, values, |query, conn| query.fetch_all(conn).await.unwrap().len())
    }

    /// A prepared statement that changes rows; gives their number.
    pub async fn execute(&mut self, sql: &str, values: &[Value]) -> u64 {
        bound!(self, sql, values, |query, conn| query.execute(conn).await.unwrap().rows_affected())
    }

    /// A prepared statement; the columns `due`, `id` and `provider` of its rows, as text.
    pub async fn ids(&mut self, sql: &str, values: &[Value]) -> Vec<String> {
        use sqlx::Row as _;
        bound!(self, sql, values, |query, conn| {
            let rows = query.fetch_all(conn).await.unwrap();
            rows.iter().map(|row| row.try_get_unchecked::<String, _>("id").unwrap()).collect()
        })
    }
}
