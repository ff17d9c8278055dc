//! The rights that the roles of a cluster need on the reference set's tables: asserted where they are missing.

use crate::{
    Result,
    config::{Database, Engine, clusters::Role},
    db::{Db, Fault, Query},
    fleet::Cluster,
    schema::Set,
};

/// What rows take. No TRUNCATE: row-level security does not cover it.
const RIGHTS: &str = "SELECT, INSERT, UPDATE, DELETE";

/// Gives `app` and `operator` what they lack; gives notes with the statements that somebody else has to run.
///
/// # Errors
/// The database's, where it is not about a right.
pub(super) async fn assert(db: &Db, cluster: &Cluster, set: &Set) -> Result<Vec<String>> {
    let owner = cluster.database(Role::Owner)?;
    let mut notes = Vec::new();
    for role in [Role::App, Role::Operator] {
        let database = cluster.database(role)?;
        if !cluster.has(role) || database.username == owner.username {
            continue;
        }
        for statement in missing(db, set, role, database).await? {
            match db.session().await?.script(&statement).await {
                Ok(()) => tracing::debug!(%statement, "granted"),
                Err(error)
                    if matches!(error.fault(), Some(Fault::Right | Fault::NoDatabase | Fault::Other)) =>
                {
                    notes.push(format!(
                        "the role `{}` lacks rights; somebody with the right to grant runs: {statement}",
                        role.name()
                    ));
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(notes)
}

/// Statements that give a role what it lacks.
async fn missing(db: &Db, set: &Set, role: Role, database: &Database) -> Result<Vec<String>> {
    match db.engine() {
        Engine::Sqlite => Ok(Vec::new()),
        Engine::Postgres => postgres(db, set, &database.username).await,
        Engine::MySql => mysql(db, set, role, &database.username).await,
    }
}

async fn postgres(db: &Db, set: &Set, user: &str) -> Result<Vec<String>> {
    let sql = "SELECT quote_ident(current_schema()) AS folder, quote_ident(r.rolname) AS role, \
               has_schema_privilege(r.oid, current_schema(), 'USAGE')::int AS enters FROM pg_roles r WHERE r.rolname = ?";
    let mut session = db.session().await?;
    let Some(row) = session.first(Query::new(sql).bind(user)).await? else { return Ok(Vec::new()) };
    let (folder, role) = (row.text("folder")?, row.text("role")?);
    let mut statements = Vec::new();
    if row.int("enters")? == 0 {
        statements.push(format!("GRANT USAGE ON SCHEMA {folder} TO {role}"));
    }
    let has = "SELECT quote_ident(?) AS name, (has_table_privilege(?::name, quote_ident(?), 'SELECT') \
               AND has_table_privilege(?::name, quote_ident(?), 'INSERT') AND has_table_privilege(?::name, quote_ident(?), 'UPDATE') \
               AND has_table_privilege(?::name, quote_ident(?), 'DELETE'))::int AS has";
    for table in set.tables(Engine::Postgres) {
        let mut query = Query::new(has).bind(table.as_str());
        for _ in 0..4 {
            query = query.bind(user).bind(table.as_str());
        }
        let row = session.first(query).await?;
        if let Some(row) = row.filter(|row| row.int("has").is_ok_and(|has| has == 0)) {
            statements.push(format!("GRANT {RIGHTS} ON {} TO {role}", row.text("name")?));
        }
    }
    Ok(statements)
}

/// `app` works through the guarded views alone; `operator` on the tables, too.
async fn mysql(db: &Db, set: &Set, role: Role, user: &str) -> Result<Vec<String>> {
    let mut session = db.session().await?;
    let views = set.views(Engine::MySql);
    let names = if role == Role::App { views } else { [views, set.tables(Engine::MySql)].concat() };
    // Which host part a user has is the server's: the one that matches anywhere is taken first.
    let accounts = "SELECT DISTINCT grantee FROM information_schema.user_privileges WHERE grantee LIKE CONCAT('''', ?, '''@%') \
                    ORDER BY grantee LIKE '%@''!%''' ESCAPE '!' DESC";
    let account = session.first(Query::new(accounts).bind(user)).await?;
    let account = account
        .map_or_else(|| Ok(format!("'{}'@'%'", user.replace('\'', "''"))), |row| row.text("grantee"))?;
    let has = "SELECT COUNT(DISTINCT privilege_type) AS n FROM information_schema.table_privileges \
               WHERE table_schema = DATABASE() AND table_name = ? AND grantee = ? \
               AND privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')";
    let all = "SELECT COUNT(DISTINCT privilege_type) AS n FROM information_schema.schema_privileges \
               WHERE DATABASE() LIKE table_schema AND grantee = ? AND privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')";
    let everywhere = session.first(Query::new(all).bind(account.as_str())).await?;
    if everywhere.is_some_and(|row| row.int("n").is_ok_and(|n| n == 4)) {
        return Ok(Vec::new());
    }
    let mut statements = Vec::new();
    for name in names {
        let row = session.first(Query::new(has).bind(name.as_str()).bind(account.as_str())).await?;
        if row.is_none_or(|row| row.int("n").is_ok_and(|n| n < 4)) {
            statements.push(format!("GRANT {RIGHTS} ON `{name}` TO {account}"));
        }
    }
    Ok(statements)
}
