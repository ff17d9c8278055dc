//! Entering a tenant: statements between entering and leaving see and write that tenant's rows alone.

use std::collections::BTreeMap;

use super::{catalogue::Catalogue, guards::Guards};
use crate::{
    Error, Result,
    db::{Begin, Db, Engine, Query, Session, quote},
};

/// Who statements are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The tenant's id, as its rows carry it.
    pub tenant: &'a str,
    /// A user, where policies ask for one.
    pub user: Option<&'a str>,
}

impl<'a> Identity<'a> {
    /// A tenant, and nobody in particular.
    pub const fn tenant(tenant: &'a str) -> Self {
        Self { tenant, user: None }
    }
}

/// The names of a tenant table, quoted, to go into SQL text as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// What shows the present tenant's rows: the table under row-level security, a guarded view elsewhere.
    pub read: String,
    /// What takes the present tenant's rows.
    pub write: String,
    /// The table itself: all tenants' rows.
    pub table: String,
}

/// How tenants are entered on one database: learnt once, used on any of its sessions, whatever their role.
///
/// Without row-level security a statement carries `tenant_id = ?` of its own as well: see
/// [`Isolation`](super::Isolation).
#[derive(Debug, Clone)]
pub struct Scope {
    engine: Engine,
    column: String,
    tenant: String,
    user: Option<String>,
    tables: BTreeMap<String, Names>,
}

impl Scope {
    /// Learns the tables with a tenant column and the variables that their policies and guards read. Names of variables
    /// are never assumed. On MySQL and MariaDB the session's role must be able to read definitions, as the owner is.
    ///
    /// # Errors
    /// [`crate::Kind::Config`] where no variable is found, or several; the database's.
    pub async fn learn(session: &mut Session<'_>, column: &str) -> Result<Self> {
        match session.db().engine() {
            Engine::Postgres => {
                let catalogue = Catalogue::read(session, column).await?;
                Self::of_catalogue(&catalogue, session.db(), column)
            }
            Engine::MySql => {
                let guards = Guards::read(session, column).await?;
                Self::of_guards(&guards, session.db(), column)
            }
            Engine::Sqlite => Self::of_file(session, column).await,
        }
    }

    /// As [`Scope::learn`], from what was read of PostgreSQL's catalogue.
    ///
    /// # Errors
    /// As [`Scope::learn`].
    pub(super) fn of_catalogue(catalogue: &Catalogue, db: &Db, column: &str) -> Result<Self> {
        let tenant = the_one(catalogue.tenant_variables(column), "policies", db)?;
        let mut others = catalogue.other_variables(column);
        let tables = catalogue.tables.iter().filter(|table| !table.is_child || table.enabled).map(|table| {
            let bare = quote(Engine::Postgres, &table.name);
            let name = match table.visible {
                true => bare,
                false => format!("{}.{bare}", quote(Engine::Postgres, &table.schema)),
            };
            (table.name.clone(), Names { read: name.clone(), write: name.clone(), table: name })
        });
        Ok(Self {
            engine: Engine::Postgres,
            column: column.to_owned(),
            tenant,
            user: if others.len() == 1 { others.pop() } else { None },
            tables: tables.collect(),
        })
    }

    /// As [`Scope::learn`], from what was read of MySQL's views and triggers.
    ///
    /// # Errors
    /// As [`Scope::learn`].
    pub(super) fn of_guards(guards: &Guards, db: &Db, column: &str) -> Result<Self> {
        let tenant = the_one(guards.variables(), "guarded views and their functions", db)?;
        let tables = guards.tables.iter().map(|table| {
            let name = quote(Engine::MySql, &table.name);
            let through =
                guards.view(&table.name).map_or(name.clone(), |view| quote(Engine::MySql, &view.name));
            (table.name.clone(), Names { read: through.clone(), write: through, table: name })
        });
        Ok(Self {
            engine: Engine::MySql,
            column: column.to_owned(),
            tenant,
            user: None,
            tables: tables.collect(),
        })
    }

    async fn of_file(session: &mut Session<'_>, column: &str) -> Result<Self> {
        let sql = "SELECT m.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                   WHERE m.type = 'table' AND c.name = ? ORDER BY 1";
        let mut tables = BTreeMap::new();
        for row in session.fetch(Query::new(sql).bind(column)).await? {
            let name = row.text("name")?;
            let table = format!("main.{}", quote(Engine::Sqlite, &name));
            let read = format!("temp.{}", quote(Engine::Sqlite, &format!("v_{name}")));
            tables.insert(name, Names { read, write: table.clone(), table });
        }
        Ok(Self {
            engine: Engine::Sqlite,
            column: column.to_owned(),
            tenant: "tenant".into(),
            user: None,
            tables,
        })
    }

    /// The variable that holds the tenant, for people: `app.tenant_id`, `@app_tenant_id`.
    pub fn variable(&self) -> String {
        match self.engine {
            Engine::Postgres => self.tenant.clone(),
            Engine::MySql => format!("@{}", self.tenant),
            Engine::Sqlite => "temp.opsctl_context".into(),
        }
    }

    /// The variable that holds the user, where policies read one.
    pub fn user_variable(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The tenant tables, by their bare names.
    pub fn tables(&self) -> &BTreeMap<String, Names> {
        &self.tables
    }

    /// How one tenant table is read and written.
    ///
    /// # Errors
    /// [`crate::Kind::Config`] where there is none of this name: the tenant set has not been migrated.
    pub fn names(&self, table: &str) -> Result<&Names> {
        self.tables.get(table).ok_or_else(|| {
            Error::config(format!("there is no tenant table `{table}`"))
                .because(format!("no table of this name has a column `{}`", self.column))
                .hint("tables come before rows: `opsctl clusters migrate`")
        })
    }

    /// Does some work as a tenant, in a transaction of its own: committed when the work succeeds, rolled back when it
    /// does not. The tenant is left in either case, before the transaction ends, so that a connection on which that
    /// failed is closed and not used again.
    ///
    /// # Errors
    /// The work's; the database's.
    pub async fn within<T>(
        &self,
        session: &mut Session<'_>,
        who: &Identity<'_>,
        work: impl AsyncFnOnce(&mut Session<'_>) -> Result<T>,
    ) -> Result<T> {
        session.begin(Begin::Write).await?;
        let done = match self.enter(session, who).await {
            Ok(()) => work(session).await,
            Err(error) => Err(error),
        };
        let left = self.leave(session).await;
        // PostgreSQL takes nothing in a transaction that failed, and forgets the tenant with it.
        let clean = left.is_ok() || self.engine == Engine::Postgres;
        match done.and_then(|value| left.map(|()| value)) {
            Ok(value) => session.commit().await.map(|()| value),
            Err(error) => {
                if clean {
                    let _ = session.rollback().await; // a connection that cannot roll back is closed
                }
                Err(error)
            }
        }
    }

    /// Enters a tenant, inside a transaction that has begun. Where the engine has nothing that ends with the
    /// transaction, [`Scope::leave`] must come before its end.
    ///
    /// # Errors
    /// Outside of a transaction; the database's.
    pub async fn enter(&self, session: &mut Session<'_>, who: &Identity<'_>) -> Result<()> {
        if !session.is_open() {
            return Err(Error::failed("a tenant is entered inside a transaction"));
        }
        match self.engine {
            Engine::Postgres => {
                // Local to the transaction: the next user of the connection is nobody.
                let mut query =
                    Query::new("SELECT set_config(?, ?, true)").bind(self.tenant.as_str()).bind(who.tenant);
                if let (Some(variable), Some(user)) = (&self.user, who.user) {
                    query = Query::new("SELECT set_config(?, ?, true), set_config(?, ?, true)")
                        .bind(self.tenant.as_str())
                        .bind(who.tenant)
                        .bind(variable.as_str())
                        .bind(user);
                }
                session.fetch(query).await.map(|_| ())
            }
            Engine::MySql => {
                let set = format!("SET @{} = ?", quote(Engine::MySql, &self.tenant));
                session.execute(Query::new(set).bind(who.tenant)).await.map(|_| ())
            }
            Engine::Sqlite => {
                session.script(&self.guards_of_a_connection()).await?;
                let set = "INSERT INTO temp.opsctl_context (tenant) VALUES (?)";
                session.execute(Query::new(set).bind(who.tenant)).await.map(|_| ())
            }
        }
    }

    /// Leaves the tenant, inside the same transaction: what follows in it is for nobody.
    ///
    /// # Errors
    /// The database's. The connection must not be used again then.
    pub async fn leave(&self, session: &mut Session<'_>) -> Result<()> {
        match self.engine {
            Engine::Postgres => {
                let mut query = Query::new("SELECT set_config(?, '', true)").bind(self.tenant.as_str());
                if let Some(variable) = &self.user {
                    query = Query::new("SELECT set_config(?, '', true), set_config(?, '', true)")
                        .bind(self.tenant.as_str())
                        .bind(variable.as_str());
                }
                session.fetch(query).await.map(|_| ())
            }
            Engine::MySql => {
                session.script(&format!("SET @{} = NULL", quote(Engine::MySql, &self.tenant))).await
            }
            Engine::Sqlite => {
                let drop = |name: &String| {
                    let named = |kind: &str| quote(Engine::Sqlite, &format!("opsctl_{kind}_{name}"));
                    format!(
                        "DROP VIEW IF EXISTS temp.{}; DROP TRIGGER IF EXISTS temp.{}; \
                         DROP TRIGGER IF EXISTS temp.{}; DROP TRIGGER IF EXISTS temp.{};",
                        quote(Engine::Sqlite, &format!("v_{name}")),
                        named("insert"),
                        named("update"),
                        named("delete"),
                    )
                };
                let drops: String = self.tables.keys().map(drop).collect();
                session.script(&format!("{drops} DROP TABLE IF EXISTS temp.opsctl_context")).await
            }
        }
    }

    /// SQLite's guards: of this connection alone, and gone with it.
    fn guards_of_a_connection(&self) -> String {
        let column = quote(Engine::Sqlite, &self.column);
        let mut script =
            "CREATE TEMP TABLE IF NOT EXISTS opsctl_context (tenant TEXT NOT NULL); DELETE FROM temp.opsctl_context;"
                .to_owned();
        for (name, names) in &self.tables {
            let view = quote(Engine::Sqlite, &format!("v_{name}"));
            let present = "(SELECT tenant FROM opsctl_context)";
            script += &format!(
                "CREATE TEMP VIEW IF NOT EXISTS {view} AS SELECT * FROM {} WHERE {column} = {present};",
                names.table
            );
            for (event, other) in [
                ("insert", format!("NEW.{column} IS NOT {present}")),
                ("update", format!("OLD.{column} IS NOT {present} OR NEW.{column} IS NOT OLD.{column}")),
                ("delete", format!("OLD.{column} IS NOT {present}")),
            ] {
                let trigger = quote(Engine::Sqlite, &format!("opsctl_{event}_{name}"));
                script += &format!(
                    "CREATE TEMP TRIGGER IF NOT EXISTS {trigger} BEFORE {event} ON {} WHEN {other} \
                     BEGIN SELECT RAISE(ABORT, 'tenant context mismatch'); END;",
                    names.table
                );
            }
        }
        script
    }
}

fn the_one(mut found: Vec<String>, places: &str, db: &Db) -> Result<String> {
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Error::config(format!("how a tenant is entered on {} cannot be seen", db.target()))
            .because(format!("its {places} compare the tenant column with no variable of the session"))
            .hint("what is there, and what is missing: `opsctl rls verify`")),
        _ => Err(Error::config(format!("how a tenant is entered on {} is not clear", db.target()))
            .because(format!("its {places} read several variables: `{}`", found.join("`, `")))
            .hint("let all of them read one; which reads what: `opsctl rls verify`")),
    }
}
