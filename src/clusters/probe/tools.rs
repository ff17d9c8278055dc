//! Tables in which migrations are recorded, as a statement asks for them.

use crate::schema::{SQLX_TABLE, TOOLS};

/// opsctl's mark of a database of its own.
pub(super) const MARK: &str = "opsctl_meta";
/// The record of the reference sets, in sqlx's form.
pub(super) const RECORDS: &str = SQLX_TABLE;

/// All names, quoted for a list in SQL. Tables of Laravel and of opsctl bear the connection's prefix; it is a word.
pub(super) fn names(prefix: &str) -> String {
    let own = [MARK, RECORDS].map(|table| format!("'{prefix}{table}'"));
    let others = TOOLS.iter().filter(|tool| tool.table != RECORDS);
    let others = others.map(|tool| format!("'{}'", tool.table(prefix)));
    own.into_iter().chain(others).collect::<Vec<_>>().join(", ")
}
