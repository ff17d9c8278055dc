//! A tenant's place on its cluster: its tables as the engine at hand has them, and transactions that are for this tenant
//! alone. Every statement names the tenant, too: where there is no row-level security nothing else would keep it apart.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::ids;
use crate::{
    Error, Result,
    db::{Begin, Db, Engine, Fault, Query, Session, Table, Value},
    fleet::Tenant,
    isolation::{Identity, Scope},
};

/// Rows of one statement: well within the fewest placeholders that an engine allows.
const ROWS: usize = 200;
/// The column that every tenant table has.
pub const TENANT_ID: &str = "tenant_id";

/// One tenant on its cluster.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The cluster, as the role `app` reaches it.
    pub db: &'a Db,
    /// What is known of its tables.
    pub known: &'a Known,
    /// The tenant.
    pub tenant: &'a Tenant,
}

/// What is learnt of a cluster once, for all of its tenants.
#[derive(Debug)]
pub struct Known {
    /// How tenants are entered.
    pub scope: Scope,
    /// Where the rows of each tenant table are reached, by the table's name.
    pub tables: BTreeMap<&'static str, Table>,
}

/// Where rows of a tenant table are reached: the table, or the guarded view before it, which is all that an application's
/// role may see.
pub async fn table(db: &Db, name: &str) -> Result<Option<Table>> {
    if db.engine() == Engine::MySql
        && let Some(view) = db.table(&format!("v_{name}")).await?
    {
        return Ok(Some(view));
    }
    db.table(name).await
}

impl<'a> Place<'a> {
    /// A tenant table, for a tenant whose id it can hold.
    ///
    /// # Errors
    /// [`crate::Kind::Config`].
    pub fn table(&self, name: &str) -> Result<&'a Table> {
        let missing = || Error::config(format!("{} has no table `{name}`", self.db.target()));
        let table = self.known.tables.get(name).ok_or_else(missing)?;
        self.fits(table, name, TENANT_ID, "the tenant's id", &self.tenant.id)?;
        Ok(table)
    }

    /// Refuses an id that a column of UUIDs cannot hold, before the server does so in its own words.
    ///
    /// # Errors
    /// [`crate::Kind::Config`].
    pub fn fits(&self, table: &Table, name: &str, column: &str, what: &str, id: &str) -> Result<()> {
        let wants = table.columns().get(column).is_some_and(|column| column.kind == "uuid");
        if !wants || ids::is_uuid(id) {
            return Ok(());
        }
        Err(Error::config(format!(
            "{what}, `{id}`, is no UUID, and `{name}.{column}` of {} takes nothing else",
            self.db.target()
        ))
        .hint("the rows of a cluster carry the ids under which tenants and users are registered"))
    }

    /// A transaction in which only this tenant's rows are seen and written.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&self, how: Begin) -> Result<Session<'a>> {
        let mut session = self.db.session().await?;
        session.begin(how).await?;
        self.known.scope.enter(&mut session, &Identity::tenant(&self.tenant.id)).await?;
        Ok(session)
    }

    /// Leaves the tenant and commits.
    ///
    /// # Errors
    /// The database's; the connection is closed then.
    pub async fn commit(&self, mut session: Session<'_>) -> Result<()> {
        self.known.scope.leave(&mut session).await?;
        session.commit().await
    }

    /// Leaves the tenant and rolls back.
    ///
    /// # Errors
    /// As [`Place::commit`].
    pub async fn rollback(&self, mut session: Session<'_>) -> Result<()> {
        self.known.scope.leave(&mut session).await?;
        session.rollback().await
    }

    /// The condition that a row is this tenant's, and its value.
    pub fn own(&self, table: &Table) -> (String, Value) {
        (format!("{} = {}", table.column(TENANT_ID), table.hole(TENANT_ID)), self.tenant.id.as_str().into())
    }

    /// Now, by the cluster's clock, as its columns have it.
    ///
    /// # Errors
    /// The database's.
    pub async fn now(&self) -> Result<Value> {
        Ok(stamp(self.db.engine(), self.db.now().await?))
    }

    /// Inserts rows, many per statement. The tenant's id goes in front of each.
    ///
    /// # Errors
    /// The database's; [`Fault::Transient`] where another session was faster, and the work is to be looked at anew.
    pub async fn insert(
        &self,
        session: &mut Session<'_>,
        table: &Table,
        columns: &[&str],
        rows: Vec<Vec<Value>>,
    ) -> Result<()> {
        let columns: Vec<&str> = [TENANT_ID].into_iter().chain(columns.iter().copied()).collect();
        let names: Vec<String> = columns.iter().map(|column| table.column(column)).collect();
        let holes: Vec<String> = columns.iter().map(|column| table.hole(column)).collect();
        let row = format!("({})", holes.join(", "));
        for rows in rows.chunks(ROWS) {
            let all = vec![row.as_str(); rows.len()].join(", ");
            let sql = format!("INSERT INTO {} ({}) VALUES {all}", table.name, names.join(", "));
            let id = || Value::from(self.tenant.id.as_str());
            let values = rows.iter().flat_map(|row| std::iter::once(id()).chain(row.iter().cloned()));
            session.execute(Query::new(sql).bind_all(values)).await.map_err(|error| match error.fault() {
                Some(Fault::Duplicate) => raced(&error),
                _ => error,
            })?;
        }
        Ok(())
    }
}

/// How many rows one statement takes.
pub const fn rows_at_a_time() -> usize {
    ROWS
}

/// Somebody changed the rows between the look at them and the change: the work is done again.
pub fn raced(why: &dyn std::fmt::Display) -> Error {
    Error::failed("the tenant's rows were changed while they were worked on")
        .because(why)
        .with_fault(Fault::Transient)
}

/// A moment as the reference set's columns have it. PostgreSQL would read one without a zone in the session's.
fn stamp(engine: Engine, at: DateTime<Utc>) -> Value {
    let format = match engine {
        Engine::Postgres => "%Y-%m-%d %H:%M:%S%.6f+00",
        Engine::MySql => "%Y-%m-%d %H:%M:%S%.6f",
        Engine::Sqlite => "%Y-%m-%dT%H:%M:%S%.3fZ",
    };
    Value::Text(at.format(format).to_string())
}

/// A yes or no that every engine's column takes.
pub fn flag(is: bool) -> Value {
    Value::from(if is { "1" } else { "0" })
}

/// A number as text: PostgreSQL keeps a statement with the types of its first values.
pub fn number(value: Option<i64>) -> Value {
    value.map_or(Value::Null, |number| Value::Text(number.to_string()))
}

/// A column of ids as text, under its own name.
pub fn id_column(table: &Table, name: &str) -> String {
    let column = table.column(name);
    format!("CAST({column} AS char(36)) AS {column}")
}
