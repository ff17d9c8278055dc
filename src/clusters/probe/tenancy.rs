//! What keeps the tenants of a cluster apart: tables that nothing protects, and tables that the application owns.

use serde::{Deserialize, Serialize};

use super::report::Finding;
use crate::{
    Result,
    db::{Engine, Row},
    fleet::Cluster,
    isolation::{self, COLUMN, Isolation, Unprotected},
};

/// How the tenants of a cluster are kept apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tenancy {
    /// By what.
    pub enforced: Isolation,
    /// Tenant tables that nothing protects from the connected role.
    pub unprotected: Vec<Unprotected>,
    /// Tenant tables that the connected role owns, where the engine has owners.
    pub owned: Vec<String>,
}

/// The question; none where the engine has no answer.
pub(super) fn statement(engine: Engine) -> Option<String> {
    isolation::question(engine, COLUMN)
}

/// What is known, from the rows of [`statement`].
pub(super) fn read(engine: Engine, rows: &[Row]) -> Result<Tenancy> {
    let mut owned: Vec<String> = match engine {
        Engine::Postgres => {
            let own = rows.iter().filter(|row| row.int("owned").is_ok_and(|owned| owned != 0));
            own.map(|row| row.text("name")).collect::<Result<_>>()?
        }
        Engine::MySql | Engine::Sqlite => Vec::new(),
    };
    owned.dedup(); // a row for each policy
    let unprotected = isolation::answer(engine, rows.to_vec(), COLUMN)?;
    Ok(Tenancy { enforced: Isolation::of(engine), unprotected, owned })
}

/// What is wrong with it, and what is worth knowing.
pub(super) fn judge(cluster: &Cluster, tenancy: &Tenancy) -> (Vec<Finding>, Vec<String>) {
    let notes = match tenancy.enforced {
        Isolation::RowLevelSecurity => Vec::new(),
        enforced => vec![format!("isolation is {enforced}")],
    };
    let count = tenancy.unprotected.len();
    let Some(first) = tenancy.unprotected.first() else { return (Vec::new(), notes) };
    let are = if count == 1 { "tenant table is" } else { "tenant tables are" };
    let mut finding = Finding::degraded(
        format!("{count} {are} not protected: {}", some(&tenancy.unprotected)),
        format!("see what each lacks: `opsctl rls verify --cluster {}`", cluster.name),
    );
    finding.causes.push(match tenancy.unprotected.iter().all(|table| table.why == first.why) {
        true => first.why.clone(),
        false => format!("{}: {}", first.table, first.why),
    });
    (vec![finding], notes)
}

/// The first few names.
fn some(tables: &[Unprotected]) -> String {
    let shown: Vec<&str> = tables.iter().take(5).map(|table| table.table.as_str()).collect();
    let rest = tables.len() - shown.len();
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
