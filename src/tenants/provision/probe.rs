//! The checks before anything is written: the cluster answers, its role may work, the tenant tables are there. They are
//! the same for every tenant of a cluster, and made once for all of them.

use std::collections::BTreeMap;

use tokio::sync::OnceCell;

use super::{
    first, owner,
    place::{self, Known},
    rights, roles,
    steps::{self, Done, Step},
    taxonomies,
};
use crate::{
    Error, Kind, Result,
    clock::Clock,
    config::clusters::{ClusterStatus, Role},
    db::{Db, Engine, Fault, Query, Table, takes_no_writes},
    fleet::Cluster,
    isolation::{COLUMN, Scope},
    schema::{self, State},
};

/// A cluster at work: one database for all of its tenants, and what was found out about it.
#[derive(Debug)]
pub struct Reached<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Its database, as the role `app` reaches it; or why there is none.
    db: Result<Db>,
    clock: Clock,
    probed: OnceCell<Result<Done>>,
    migrated: OnceCell<Result<Known>>,
}

impl<'a> Reached<'a> {
    /// Nothing is connected yet.
    pub fn new(cluster: &'a Cluster, clock: Clock) -> Self {
        let db = cluster.db(Role::App, clock);
        Self { cluster, db, clock, probed: OnceCell::new(), migrated: OnceCell::new() }
    }

    /// Its database.
    ///
    /// # Errors
    /// An address or a credential that cannot be used.
    pub fn db(&self) -> Result<&Db> {
        self.db.as_ref().map_err(Clone::clone)
    }

    /// Says goodbye to the server.
    pub async fn close(&self) {
        if let Ok(db) = &self.db {
            db.close().await;
        }
    }

    /// Why no tenant of it is provisioned at all.
    pub fn refusal(&self) -> Option<Error> {
        let name = &self.cluster.name;
        let refused = |why: &str| {
            Some(
                Error::refused(format!("cluster `{name}` is {}", self.cluster.status))
                    .because(why)
                    .hint(format!("how it stands: `opsctl clusters show {name}`")),
            )
        };
        match self.cluster.status {
            ClusterStatus::Pending | ClusterStatus::Active | ClusterStatus::Draining => None,
            ClusterStatus::ReadOnly => refused("it takes no writes"),
            ClusterStatus::Offline => refused("it is down on purpose"),
            ClusterStatus::Retired => refused("it is gone"),
        }
    }

    /// It answers, takes the credentials, and may be read, or also written. Writes nothing.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn probe(&self, wanted: &steps::Scope, writes: bool) -> Result<Done> {
        self.probed.get_or_init(|| self.look(wanted, writes)).await.clone()
    }

    async fn look(&self, wanted: &steps::Scope, writes: bool) -> Result<Done> {
        let db = self.db()?;
        let facts = match db.facts().await {
            Err(error) if db.engine() == Engine::MySql && error.fault() == Some(Fault::NoDatabase) => {
                return Err(self.shut_out(error, wanted).await);
            }
            facts => facts?,
        };
        if writes && facts.read_only {
            return Err(takes_no_writes(db.target()));
        }
        let mut done = Done::default();
        if db.engine() == Engine::Postgres {
            done.warnings.extend(role(db).await?);
        }
        // What is wrong with the tables is for the next step to say.
        let known = if db.engine() == Engine::MySql { self.migrations(wanted).await.ok() } else { None };
        rights::require(db, known, writes).await?;
        Ok(done)
    }

    /// MySQL and MariaDB let nobody into a database who has no right on anything in it. Where nothing is migrated yet,
    /// that is the cause, and the owner can tell.
    async fn shut_out(&self, error: Error, wanted: &steps::Scope) -> Error {
        let (name, user) = (&self.cluster.name, self.db().map(|db| db.target().username.clone()));
        if !self.cluster.has(Role::Owner) {
            return error
                .hint(format!("where it is missing or shut, a probe says more: `opsctl clusters probe {name}`"))
                .hint(format!(
                    "give the cluster an owner, who migrates it: `opsctl clusters edit {name} --owner-user USER --owner-password-from REF`"
                ));
        }
        match self.migrations(wanted).await {
            Err(first) if first.kind() == Kind::Config => first.because(error.root()),
            _ => error.hint(format!(
                "grant it the tenant tables' views as their owner: `GRANT SELECT, INSERT, UPDATE, DELETE ON … TO {}`",
                user.unwrap_or_default()
            )),
        }
    }

    /// The tables are there, and nothing is pending. Gives what is known of them.
    ///
    /// # Errors
    /// What is missing, and the command that comes first.
    pub async fn migrations(&self, wanted: &steps::Scope) -> Result<&Known> {
        self.migrated.get_or_init(|| self.learn(wanted)).await.as_ref().map_err(Clone::clone)
    }

    /// The owner is asked, where there is one: the application's role may see neither the record of migrations nor, on
    /// MySQL and MariaDB, what the views are made of.
    async fn learn(&self, wanted: &steps::Scope) -> Result<Known> {
        if !self.cluster.has(Role::Owner) {
            return self.schema(self.db()?, wanted).await;
        }
        let owner = self.cluster.db(Role::Owner, self.clock)?;
        let known = self.schema(&owner, wanted).await;
        owner.close().await;
        known
    }

    async fn schema(&self, db: &Db, wanted: &steps::Scope) -> Result<Known> {
        let lines = schema::lines(db, &schema::TENANT).await.map_err(|error| match error.fault() {
            Some(Fault::Right) => {
                error.hint("it takes SELECT on _sqlx_migrations, or an owner role of the cluster")
            }
            _ => error,
        })?;
        let name = &self.cluster.name;
        let is_recorded = lines.iter().any(|line| line.state != State::Pending);
        let open: Vec<String> = lines
            .iter()
            // One that drifted is there; what became of its text is for `clusters migrate` to say.
            .filter(|line| matches!(line.state, State::Pending | State::Dirty))
            .map(|line| format!("{} {} ({})", line.version, line.description, state(line.state)))
            .collect();
        if is_recorded && !open.is_empty() {
            let count = open.len();
            let migrations = if count == 1 { "migration is" } else { "migrations are" };
            let error = Error::config(format!("{count} tenant {migrations} not applied on cluster `{name}`"));
            return Err(first::named(error.because(open.join(", ")), db, name).await?);
        }
        // A platform whose own migrations made the tables has no record of ours: then the tables speak.
        let (mut tables, mut missing) = (BTreeMap::new(), Vec::new());
        for (_, table, columns) in needs().into_iter().filter(|(step, ..)| wanted.has(*step)) {
            match found(db, table, columns).await? {
                Ok(known) => drop(tables.insert(table, known)),
                Err(lacking) => missing.extend(lacking),
            }
        }
        if !missing.is_empty() {
            let words =
                if missing.len() == 1 { "lacks the table or column" } else { "lacks tables or columns" };
            let error = Error::config(format!("cluster `{name}` {words} `{}`", missing.join("`, `")))
                .because("tenant data is not seeded before its tables exist");
            let error = first::named(error, db, name).await?;
            return Err(match db.engine() {
                Engine::MySql if !self.cluster.has(Role::Owner) => error.hint(
                    "a role that may use the views alone sees them with EXECUTE on their functions, or beside an owner role of the cluster",
                ),
                _ => error,
            });
        }
        Ok(Known { scope: Scope::learn(&mut db.session().await?, COLUMN).await?, tables })
    }
}

const fn state(state: State) -> &'static str {
    match state {
        State::Applied => "applied",
        State::Pending => "pending",
        State::Drifted => "drifted",
        State::Dirty => "dirty",
        State::Unknown => "unknown",
    }
}

/// What each provisioner needs.
fn needs() -> [(Step, &'static str, &'static [&'static str]); 4] {
    [
        (Step::Roles, roles::ROLES, &roles::ROLE_COLUMNS),
        (Step::Roles, roles::PERMISSIONS, &roles::PERMISSION_COLUMNS),
        (Step::Taxonomies, taxonomies::TABLE, &taxonomies::COLUMNS),
        (Step::Owner, owner::TABLE, &owner::COLUMNS),
    ]
}

/// Where the rows of a table are reached, or what is missing.
async fn found(db: &Db, name: &str, columns: &[&str]) -> Result<Result<Table, Vec<String>>> {
    let Some(table) = place::table(db, name).await? else { return Ok(Err(vec![name.to_owned()])) };
    let missing = columns.iter().chain(&[place::TENANT_ID]).filter(|column| !table.has(column));
    let missing: Vec<String> = missing.map(|column| format!("{name}.{column}")).collect();
    Ok(if missing.is_empty() { Ok(table) } else { Err(missing) })
}

/// Says when row-level security does not bind the role: every statement names the tenant all the same.
async fn role(db: &Db) -> Result<Option<String>> {
    let sql = "SELECT rolname AS name, rolsuper AS super, rolbypassrls AS bypasses FROM pg_roles WHERE rolname = current_user";
    let Some(row) = db.session().await?.first(Query::new(sql)).await? else { return Ok(None) };
    let why = match (row.int("super")? != 0, row.int("bypasses")? != 0) {
        (true, _) => "is a superuser",
        (false, true) => "has BYPASSRLS",
        (false, false) => return Ok(None),
    };
    Ok(Some(format!("the role `{}` {why}: row-level security does not bind it", row.text("name")?)))
}
