//! Work across all tenants of a database: for roles that may, and an error for those that may not.

use crate::{
    Error, Result,
    db::{Engine, Fault, Session},
};

/// Does some work across all tenants, inside a transaction that has begun. A role that row-level security binds gets an
/// error for each table that it would see in part, never a part of the rows or none: nothing found means nothing there.
///
/// # Errors
/// [`crate::Kind::Config`], naming the role that is needed; the work's; the database's.
pub async fn across<T>(
    session: &mut Session<'_>,
    work: impl AsyncFnOnce(&mut Session<'_>) -> Result<T>,
) -> Result<T> {
    if session.db().engine() == Engine::Postgres {
        if !session.is_open() {
            return Err(Error::failed("work across tenants happens inside a transaction"));
        }
        session.script("SET LOCAL row_security = off").await?;
    }
    let done = work(session).await;
    let told = done.map_err(|error| match error.fault() {
        Some(Fault::Right) => needs_operator(&error, session),
        _ => error,
    });
    if told.is_ok() && session.db().engine() == Engine::Postgres {
        session.script("SET LOCAL row_security = on").await?;
    }
    told
}

fn needs_operator(error: &Error, session: &Session<'_>) -> Error {
    let target = session.db().target();
    Error::config(format!("`{}` may not work across the tenants of {target}", target.username))
        .because(error.root())
        .hint("this needs the operator role: `operator` in [clusters.NAME], or `operator_user` in opsctl_clusters")
        .hint("on PostgreSQL that role has BYPASSRLS; elsewhere it has rights on the tables themselves")
        .with_fault(Fault::Right)
}
