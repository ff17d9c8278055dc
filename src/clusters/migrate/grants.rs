//! The rights that the roles of a cluster need on the reference set's tables: asserted where they are missing.

use crate::{
    Error, Kind, Result,
    clock::Clock,
    config::{Database, Engine, clusters::Role},
    db::{Access, Db, Fault, Query, Session},
    fleet::Cluster,
    schema::Set,
};

/// What rows take. No TRUNCATE: row-level security does not cover it.
const RIGHTS: &str = "SELECT, INSERT, UPDATE, DELETE";
/// A database of MySQL that every account may enter.
const OPEN: &str = "information_schema";

/// Gives `app` and `operator` what they lack; gives a note for each of them to whom somebody else has to grant it.
///
/// # Errors
/// The database's, where it is not about a right.
pub(super) async fn assert(db: &Db, cluster: &Cluster, set: &Set, clock: Clock) -> Result<Vec<String>> {
    let owner = cluster.database(Role::Owner)?;
    let mut notes = Vec::new();
    for role in [Role::App, Role::Operator] {
        let database = cluster.database(role)?;
        if !cluster.has(role) || database.username == owner.username {
            continue;
        }
        let lacking = match missing(db, set, role, database, clock).await {
            Ok(lacking) => lacking,
            Err(error) if error.kind() == Kind::Config => {
                notes.push(format!("which rights the role `{}` has is not known: {error}", role.name()));
                continue;
            }
            Err(error) => return Err(error),
        };
        let refused = grant(db, lacking).await?;
        if !refused.is_empty() {
            notes.push(format!(
                "the role `{}` lacks rights; somebody with the right to grant runs: {}",
                role.name(),
                refused.join("; ")
            ));
        }
    }
    Ok(notes)
}

/// Runs statements; gives those that are refused.
async fn grant(db: &Db, statements: Vec<String>) -> Result<Vec<String>> {
    let mut refused = Vec::new();
    for statement in statements {
        match db.session().await?.script(&statement).await {
            Ok(()) => tracing::debug!(%statement, "granted"),
            Err(error) if is_refusal(&error) => refused.push(statement),
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.fault(), Some(Fault::Right | Fault::NoDatabase | Fault::Other))
}

/// Statements that give a role what it lacks.
async fn missing(db: &Db, set: &Set, role: Role, database: &Database, clock: Clock) -> Result<Vec<String>> {
    match db.engine() {
        Engine::Sqlite => Ok(Vec::new()),
        Engine::Postgres => postgres(db, set, &database.username).await,
        Engine::MySql => {
            let target = Database { name: OPEN.into(), ..database.clone() };
            let own = Db::new(target, Access::Existing, clock);
            let lacking = mysql(&mut own.session().await?, &database.name, set, role).await;
            own.close().await;
            lacking
        }
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
    let mut names = Vec::new();
    for table in set.tables(Engine::Postgres) {
        let mut query = Query::new(has).bind(table.as_str());
        for _ in 0..4 {
            query = query.bind(user).bind(table.as_str());
        }
        let row = session.first(query).await?;
        if let Some(row) = row.filter(|row| row.int("has").is_ok_and(|has| has == 0)) {
            names.push(row.text("name")?);
        }
    }
    if !names.is_empty() {
        statements.push(format!("GRANT {RIGHTS} ON {} TO {role}", names.join(", ")));
    }
    Ok(statements)
}

/// Every right of the account that asks: on everything, on the database, on its tables.
const MYSQL: &str = "\
WITH me AS (SELECT CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') AS account) \
SELECT me.account, p.privilege_type AS kind, '' AS name FROM me \
JOIN information_schema.user_privileges p ON p.grantee = me.account \
UNION ALL SELECT me.account, p.privilege_type, '' FROM me \
JOIN information_schema.schema_privileges p ON p.grantee = me.account AND ? LIKE p.table_schema \
UNION ALL SELECT me.account, p.privilege_type, p.table_name FROM me \
JOIN information_schema.table_privileges p ON p.grantee = me.account AND p.table_schema = ?";

/// `app` works through the guarded views alone; `operator` on the tables, too. The role itself is asked: others may not
/// see what it has, nor which of the server's accounts it is.
async fn mysql(session: &mut Session<'_>, database: &str, set: &Set, role: Role) -> Result<Vec<String>> {
    let views = set.views(Engine::MySql);
    let names = if role == Role::App { views } else { [views, set.tables(Engine::MySql)].concat() };
    let rows = session.fetch(Query::new(MYSQL).bind(database).bind(database)).await?;
    // Every account has a row, if it is only USAGE.
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let account = first.text("account")?;
    let rights: Vec<(String, String)> =
        rows.iter().map(|row| Ok((row.text("kind")?, row.text("name")?))).collect::<Result<_>>()?;
    let has = |name: &str| {
        let on = |table: &str| table.is_empty() || table == name;
        RIGHTS.split(", ").all(|right| rights.iter().any(|(kind, table)| kind == right && on(table)))
    };
    let lacking = names.iter().filter(|name| !has(name));
    Ok(lacking.map(|name| format!("GRANT {RIGHTS} ON `{database}`.`{name}` TO {account}")).collect())
}
