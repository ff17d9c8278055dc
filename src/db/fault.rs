//! What went wrong on a server, told apart by its error codes.

use crate::{
    Error, Kind,
    config::{
        Database, Engine,
        database::{Address, Pooler},
    },
    error::Fault,
};

/// Sorts an error by SQLSTATE (PostgreSQL appendix A), MySQL error number, or SQLite result code.
pub fn fault(error: &sqlx::Error) -> Fault {
    let sqlx::Error::Database(database) = error else {
        return match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::WorkerCrashed => Fault::Lost,
            _ => Fault::Other,
        };
    };
    let code = database.code().unwrap_or_default();
    if let Some(error) = database.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return mysql(error.number());
    }
    if database.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        return postgres(&code, database.message());
    }
    sqlite(code.parse().unwrap_or_default(), database.message())
}

fn postgres(code: &str, message: &str) -> Fault {
    match code {
        "08P01" => pgbouncer(message),
        "40001" | "40P01" | "55P03" => Fault::Transient,
        "23505" => Fault::Duplicate,
        "28000" | "28P01" => Fault::Credentials,
        "3D000" => Fault::NoDatabase,
        "42P01" | "42703" | "3F000" => Fault::Schema,
        "42501" => Fault::Right,
        "25006" => Fault::ReadOnly,
        "53300" => Fault::Full,
        "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" => Fault::Lost,
        "57014" => Fault::Resource,
        code if code.starts_with("53") => Fault::Resource,
        code if code.starts_with("08") => Fault::Lost,
        _ => Fault::Other,
    }
}

/// PgBouncer has one code, that of a broken protocol, for all that it refuses by itself.
fn pgbouncer(message: &str) -> Fault {
    if message.contains("authentication failed") || message.starts_with("no such user") {
        Fault::Credentials
    } else if message.starts_with("no such database") || message.ends_with("does not exist") {
        Fault::NoDatabase
    } else {
        Fault::Lost
    }
}

fn mysql(number: u16) -> Fault {
    match number {
        1205 | 1213 => Fault::Transient,
        1062 => Fault::Duplicate,
        1045 | 1130 | 1698 => Fault::Credentials,
        1044 | 1049 => Fault::NoDatabase,
        1146 | 1054 | 1176 => Fault::Schema,
        1142 | 1143 | 1227 => Fault::Right,
        1290 | 1792 | 1836 => Fault::ReadOnly,
        1040 | 1203 | 1226 => Fault::Full,
        1053 | 1927 | 4031 => Fault::Lost,
        1021 | 1037 | 1038 | 1041 | 1114 | 1317 | 1969 | 3024 => Fault::Resource,
        _ => Fault::Other,
    }
}

fn sqlite(code: i32, message: &str) -> Fault {
    match code & 0xff {
        5 | 6 => Fault::Transient,
        8 => Fault::ReadOnly,
        7 | 10 | 13 => Fault::Resource,
        14 | 26 => Fault::NoDatabase,
        19 if matches!(code, 1555 | 2067) => Fault::Duplicate,
        1 if message.starts_with("no such table") || message.starts_with("no such column") => Fault::Schema,
        _ => Fault::Other,
    }
}

/// A database that can be read only: a replica, or a file that this user may not write.
pub fn takes_no_writes(target: &Database) -> Error {
    match target.engine {
        Engine::Sqlite => Error::config(format!("{target} cannot be written"))
            .hint("the file and its folder must be writable by the user that runs opsctl"),
        Engine::Postgres | Engine::MySql => {
            Error::config(format!("{target} is read-only")).hint("name the primary, not a replica")
        }
    }
}

/// The error that an operator sees. Server messages are repeated; statements and values are not.
pub(super) fn error(error: &sqlx::Error, target: &Database) -> Error {
    let said = match error {
        sqlx::Error::Database(database) => database.message().to_owned(),
        sqlx::Error::Io(io) => io.to_string(),
        sqlx::Error::Tls(tls) => tls.to_string(),
        // The driver keeps a zero where nothing was to be read.
        sqlx::Error::Protocol(said) if said.contains("SSLRequest: 0x00") => {
            return unreachable(target, "the connection was taken and closed without an answer")
                .with_fault(Fault::Lost);
        }
        sqlx::Error::Protocol(said) if said.contains("SSLRequest") => return foreign(target),
        other => without_source(&other.to_string()),
    };
    if let Some(told) = pooler(error, target) {
        return told;
    }
    let fault = fault(error);
    let base = match fault {
        Fault::Lost => Error::new(Kind::Unreachable, format!("{target} does not answer")).because(said),
        Fault::Full => Error::new(Kind::Unreachable, format!("{target} has no connection left"))
            .because(said)
            .hint("see who holds them, and end what is idle; or raise the limit of the server, the database or the user"),
        Fault::Credentials => credentials(target, said),
        Fault::NoDatabase if target.engine == Engine::Sqlite => {
            Error::config(format!("{target} cannot be opened as a SQLite database"))
                .because(said)
                .hint(format!("the path comes from {}", target.origin))
        }
        Fault::NoDatabase => {
            Error::config(format!("{target} has no such database, or no access to it")).because(said)
        }
        Fault::Schema => Error::config("the database lacks a table or a column").because(said),
        Fault::Right => {
            Error::config(format!("`{}` lacks a right on {target}", target.username)).because(said)
        }
        Fault::ReadOnly => takes_no_writes(target).because(said),
        Fault::Transient if target.engine == Engine::Sqlite => {
            Error::new(Kind::Locked, format!("{target} is locked by another process"))
                .because(said)
                .hint("another program is writing to the file; try again when it is done")
        }
        Fault::Transient => Error::failed(format!("{target} gave up waiting for a lock"))
            .because(said)
            .hint("another session holds it, a migration perhaps; try again when it is done"),
        Fault::Resource => Error::failed(format!("{target} could not finish a statement")).because(said),
        Fault::Duplicate | Fault::Other => {
            Error::failed(format!("{target} refused a statement")).because(said)
        }
    };
    base.with_fault(fault)
}

/// A server that speaks another protocol.
fn foreign(target: &Database) -> Error {
    Error::new(Kind::Unreachable, format!("{target} does not answer as PostgreSQL"))
        .because("what answers there is not PostgreSQL")
        .hint(format!("check engine and port: the address comes from {}", target.origin))
        .with_fault(Fault::Lost)
}

/// The driver's words without the place in its source that it adds: ` (sqlx_postgres::connection::tls:95)`.
fn without_source(said: &str) -> String {
    said.split(" (sqlx_").next().unwrap_or(said).to_owned()
}

fn credentials(target: &Database, said: String) -> Error {
    let error =
        Error::config(format!("{target} refused the credentials of `{}`", target.username)).because(said);
    let named = format!("the connection is named by {}", target.origin);
    match (&target.password_origin, &target.password, &target.password_note) {
        (Some(origin), ..) if *origin == target.origin => {
            error.hint(format!("user and password come from {origin}; check them there"))
        }
        (Some(origin), ..) => error.hint(format!("{named}, its password comes from {origin}; check them there")),
        (None, _, Some(note)) => error.hint(format!("{named}, without a password")).hint(note.clone()),
        (None, None, None) if target.engine == Engine::Postgres => error.hint(format!(
            "no password is configured: {named}; a line of ~/.pgpass or OPSCTL_DATABASE_PASSWORD_FILE may give it"
        )),
        _ => error.hint(format!("{named}; check its user and password there")),
    }
}

/// What a pooler in transaction mode says when the configuration does not name it: PgBouncer's refusal of a startup
/// option (08P01), and prepared statements that another connection has, or has not (42P05, 26000).
fn pooler(error: &sqlx::Error, target: &Database) -> Option<Error> {
    let database = error.as_database_error()?;
    database.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
    let said = database.message();
    match database.code()?.as_ref() {
        "08P01" if said.contains("startup parameter") => Some(unnamed_pooler(target, said)),
        "26000" | "42P05" if target.pooler != Pooler::Transaction => Some(unnamed_pooler(target, said)),
        "08P01" if said.contains("statement pooling") => Some(
            Error::config(format!("the pooler before {target} allows no transactions"))
                .because(said)
                .hint("name the server itself, or a pool whose mode is `transaction`"),
        ),
        _ => None,
    }
}

/// A pooler that the configuration does not name, with how to name it.
pub(super) fn unnamed_pooler(target: &Database, cause: impl std::fmt::Display) -> Error {
    Error::config(format!("a pooler that the configuration does not name stands before {target}"))
        .because(cause)
        .hint(match target.origin.is_own() {
            true => "name it: `pooler = \"transaction\"` beside the `url` in an opsctl.toml, or `pooler=transaction` in the URL",
            false => "name it: `DB_POOLED=true` in the application's environment, or `pooler = \"transaction\"` in an opsctl.toml",
        })
}

/// A server that cannot be reached, with what to look at.
pub(super) fn unreachable(target: &Database, cause: impl std::fmt::Display) -> Error {
    let error = Error::new(Kind::Unreachable, format!("{target} does not answer")).because(cause);
    match &target.address {
        Address::File(_) => error,
        Address::Tcp(..) | Address::Socket(..) => {
            error.hint(format!("the address comes from {}; is the server running there?", target.origin))
        }
    }
}
