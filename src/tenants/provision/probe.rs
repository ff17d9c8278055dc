//! The checks before anything is written: the cluster answers, its role may work, the tenant tables are there. They are
//! the same for every tenant of a cluster, and made once for all of them.

use std::collections::BTreeMap;

use tokio::sync::OnceCell;

use super::{
    owner,
    place::{self, Known},
    roles,
    steps::{self, Done, Step},
    taxonomies,
};
use crate::{
    Error, Result,
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

    /// It answers, takes the credentials, and may be written.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn probe(&self, writes: bool) -> Result<Done> {
        self.probed.get_or_init(|| self.look(writes)).await.clone()
    }

    async fn look(&self, writes: bool) -> Result<Done> {
        let db = self.db()?;
        if writes && db.facts().await?.read_only {
            return Err(takes_no_writes(db.target()));
        }
        let mut done = Done::default();
        if db.engine() == Engine::Postgres {
            done.warnings.extend(role(db).await?);
            rights(db, writes).await?;
        }
        Ok(done)
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
        let first = |error: Error| {
            error.hint(format!(
                "bring the cluster's tables up to date first: `opsctl clusters migrate {name}`"
            ))
        };
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
            return Err(first(
                Error::config(format!("{count} tenant {migrations} not applied on cluster `{name}`"))
                    .because(open.join(", ")),
            ));
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
            let error = first(
                Error::config(format!("cluster `{name}` {words} `{}`", missing.join("`, `")))
                    .because("tenant data is not seeded before its tables exist"),
            );
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

/// What a run does to each table.
const RIGHTS: [(&str, &[&str]); 4] = [
    (roles::ROLES, &["SELECT", "INSERT", "UPDATE"]),
    (roles::PERMISSIONS, &["SELECT", "INSERT", "DELETE"]),
    (taxonomies::TABLE, &["SELECT", "INSERT", "UPDATE"]),
    (owner::TABLE, &["SELECT", "INSERT"]),
];

/// Refuses a role that lacks a right on a table that is there, before a run gets halfway.
async fn rights(db: &Db, writes: bool) -> Result<()> {
    let wanted = |(table, words): &(&str, &[&str])| {
        let words = words.iter().filter(|word| writes || **word == "SELECT");
        words.map(|word| format!("('{table}', '{word}')")).collect::<Vec<_>>()
    };
    let wanted = RIGHTS.iter().flat_map(wanted).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT w.name, w.word FROM (VALUES {wanted}) AS w (name, word) \
         WHERE to_regclass(w.name) IS NOT NULL AND NOT has_table_privilege(to_regclass(w.name), w.word) ORDER BY 1, 2"
    );
    let rows = db.session().await?.fetch(Query::new(sql)).await?;
    let lacking = rows.iter().map(|row| Ok(format!("{} on {}", row.text("word")?, row.text("name")?)));
    let lacking: Vec<String> = lacking.collect::<Result<_>>()?;
    if lacking.is_empty() {
        return Ok(());
    }
    let user = &db.target().username;
    Err(Error::config(format!("`{user}` lacks rights on {}", db.target()))
        .because(lacking.join(", "))
        .hint(format!(
            "grant them as the tables' owner: `GRANT SELECT, INSERT, UPDATE, DELETE ON … TO {user}`"
        ))
        .with_fault(Fault::Right))
}
