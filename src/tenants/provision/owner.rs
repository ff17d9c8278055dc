//! The owner's membership. A membership that differs is the tenant's doing: it has no other mark of an edit.

use super::{
    ids,
    place::Place,
    roles::OWNER,
    steps::{Done, Tally},
};
use crate::{
    Result,
    db::{Query, Session},
};

/// The table.
pub const TABLE: &str = "tenant_user";
/// Columns without which nothing can be done.
pub const COLUMNS: [&str; 5] = ["id", "user_id", "role_code", "status", "created_at"];
/// Why there is nothing to do for a tenant without an owner.
pub const NOBODY: &str = "no owner is registered";

/// How the owner's membership stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// There is none.
    Missing,
    /// An active one, as an owner.
    Sound,
    /// Another role or status, which the tenant chose.
    Other {
        /// The role.
        role: String,
        /// The status.
        status: String,
    },
}

/// Refuses an id that the column of users cannot hold.
///
/// # Errors
/// [`crate::Kind::Config`].
pub fn fits(place: &Place<'_>, user: &str) -> Result<()> {
    place.fits(place.table(TABLE)?, TABLE, "user_id", "the owner's id", user)
}

/// How it stands, seen in one transaction.
///
/// # Errors
/// The database's; an id that the column cannot hold.
pub async fn look(place: &Place<'_>, session: &mut Session<'_>, user: &str) -> Result<Membership> {
    fits(place, user)?;
    let table = place.table(TABLE)?;
    let (own, tenant) = place.own(table);
    let sql = format!(
        "SELECT role_code, status FROM {} WHERE {own} AND user_id = {}",
        table.name,
        table.hole("user_id")
    );
    let Some(row) = session.first(Query::new(sql).bind(tenant).bind(user)).await? else {
        return Ok(Membership::Missing);
    };
    let (role, status) = (row.text("role_code")?, row.text("status")?);
    Ok(if (role.as_str(), status.as_str()) == (OWNER, "active") {
        Membership::Sound
    } else {
        Membership::Other { role, status }
    })
}

/// Makes the membership.
///
/// # Errors
/// The database's.
pub async fn apply(place: &Place<'_>, session: &mut Session<'_>, user: &str) -> Result<()> {
    let table = place.table(TABLE)?;
    let id = ids::from_name(&[&place.tenant.id, TABLE, user]);
    let row = vec![id.into(), user.into(), OWNER.into(), "active".into(), place.now().await?];
    place.insert(session, table, &COLUMNS, vec![row]).await
}

/// What the step came to.
pub fn done(user: &str, membership: &Membership) -> Done {
    let (tally, warnings) = match membership {
        Membership::Missing => (Tally { created: 1, ..Tally::default() }, Vec::new()),
        Membership::Sound => (Tally { unchanged: 1, ..Tally::default() }, Vec::new()),
        Membership::Other { role, status } => (
            Tally { skipped: 1, ..Tally::default() },
            vec![format!("the owner's membership is `{role}` and {status}: left as the tenant has it")],
        ),
    };
    Done::of(tally, 1, input(user), warnings)
}

/// Checksum of the owner's id.
pub fn input(user: &str) -> String {
    ids::checksum([user])
}
