//! Who holds a table that was waited for in vain, where nobody looked meanwhile.

use super::{
    lock::file_holder,
    watch::{WHO, holders},
};
use crate::{
    Error, Kind, Result,
    db::{Db, Engine, Fault, Query},
};

/// The error of a statement that waited in vain for the lock of one of some tables, with who holds it; any other error
/// as it is.
pub async fn told(db: &Db, tables: &[&str], error: Error) -> Error {
    if error.fault() != Some(Fault::Transient) {
        return error;
    }
    let holders = named(db, tables).await.unwrap_or_default();
    let told = Error::new(Kind::Locked, format!("a table of {} is locked by another session", db.target()));
    let told = holders
        .into_iter()
        .fold(told.because(error.root()), |told, holder| told.because(format!("held by {holder}")));
    told.hint("end that session, or run this again when it is done")
}

async fn named(db: &Db, tables: &[&str]) -> Result<Vec<String>> {
    match db.engine() {
        Engine::Sqlite => Ok(file_holder(db).into_iter().collect()),
        // The server's numbers begin at 1: nobody is left out.
        Engine::MySql => Ok(holders(&mut db.session().await?, 0).await?.unwrap_or_default()),
        Engine::Postgres => postgres(db, tables).await,
    }
}

/// Readers wait for nothing but this mode.
async fn postgres(db: &Db, tables: &[&str]) -> Result<Vec<String>> {
    let places = vec!["to_regclass(?)"; tables.len()].join(", ");
    let sql = format!(
        "SELECT DISTINCT {WHO} AS who FROM pg_locks l JOIN pg_stat_activity b ON b.pid = l.pid \
         WHERE l.granted AND l.mode = 'AccessExclusiveLock' AND l.relation IN ({places})"
    );
    let query = tables.iter().fold(Query::new(sql), |query, table| query.bind(*table));
    db.session().await?.fetch(query).await?.iter().map(|row| row.text("who")).collect()
}
