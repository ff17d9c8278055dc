//! Rows that are there already, on PostgreSQL: what the application sees of them inside a tenant, against what the
//! operator sees, both in the same snapshot.

use super::{
    finding::{Finding, Rule, Unproved, broken},
    shape::Shape,
    trial::{Subject, Trial},
};
use crate::{
    Result,
    db::{Begin, Db, Engine, Fault, Query, Session, quote},
    isolation::{
        across::across,
        scope::{Identity, Scope},
    },
};

/// Rows of a tenant that are counted; more would only take longer.
const MOST: i64 = 10_000;

/// Compares table by table; names of tables of which two tenants see exactly their own rows go into `closed`.
///
/// # Errors
/// The databases'.
pub async fn compare(
    app: &Db,
    operator: &Db,
    scope: &Scope,
    column: &str,
    subjects: &[Subject<'_>],
    closed: &mut Vec<String>,
) -> Result<Trial> {
    let mut seeing = operator.session().await?;
    seeing.begin(Begin::Read).await?;
    let mut trial = Trial::default();
    if let Some(finding) = bound_by(&mut seeing, subjects).await? {
        trial.findings.push(finding);
        seeing.rollback().await?;
        return Ok(trial);
    }
    let row = seeing.first(Query::new("SELECT pg_export_snapshot() AS snapshot")).await?;
    let snapshot = row.map(|row| row.text("snapshot")).transpose()?.unwrap_or_default();
    let mut bound = app.session().await?;
    bound.begin(Begin::Read).await?;
    bound.script(&format!("SET TRANSACTION SNAPSHOT '{}'", snapshot.replace('\'', ""))).await?;
    for (shape, label) in subjects {
        let tenants = across(&mut seeing, async |session| tenants(session, scope, shape, column).await).await;
        let tenants = match tenants {
            Ok(tenants) => tenants,
            Err(error) if error.fault() == Some(Fault::Lost) => return Err(error),
            Err(error) => {
                // The operator's transaction has failed: nothing more can be counted in it. This is about the operator,
                // not about a table of which everything else may hold.
                let role = &operator.target().username;
                let why = format!("the operator `{role}` cannot count those of {label}: {}", error.root());
                trial.unproved.push(unproved("", &why));
                break;
            }
        };
        if one(&mut bound, scope, shape, label, &tenants, &mut trial).await? && tenants.len() == 2 {
            closed.push(label.clone());
        }
    }
    bound.rollback().await?;
    seeing.rollback().await?;
    Ok(trial)
}

/// An operator whom policies bind: every bulk read of it is an error.
async fn bound_by(session: &mut Session<'_>, subjects: &[Subject<'_>]) -> Result<Option<Finding>> {
    let sql = "SELECT current_user::text AS name, quote_ident(current_user) AS quoted \
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = ? AND c.relname = ? AND row_security_active(c.oid)";
    for (shape, label) in subjects {
        let query = Query::new(sql).bind(shape.schema.as_str()).bind(shape.name.as_str());
        let Some(row) = session.first(query).await? else { continue };
        let why = format!(
            "the operator `{}` has no BYPASSRLS: the policies of {label} bind it, and it works on no row of any tenant",
            row.text("name")?
        );
        let repair = format!("ALTER ROLE {} BYPASSRLS", row.text("quoted")?);
        return Ok(Some(broken("", Rule::OperatorBound, why, repair)));
    }
    Ok(None)
}

/// Up to two tenants with the number of their rows.
async fn tenants(
    session: &mut Session<'_>,
    scope: &Scope,
    shape: &Shape,
    column: &str,
) -> Result<Vec<(String, i64)>> {
    let (table, name) = (&scope.names(&shape.name)?.table, quote(Engine::Postgres, column));
    let cast = shape.column(column).map_or("text", |column| column.cast.as_str());
    let mut found: Vec<(String, i64)> = Vec::new();
    for nth in 0..2 {
        let other = if nth == 0 { String::new() } else { format!(" AND {name} <> ?::text::{cast}") };
        let sql =
            format!("SELECT {name}::text AS tenant FROM {table} WHERE {name} IS NOT NULL{other} LIMIT 1");
        let query = found.iter().fold(Query::new(sql), |query, (tenant, _)| query.bind(tenant.as_str()));
        let Some(row) = session.first(query).await? else { break };
        let tenant = row.text("tenant")?;
        let sql = format!(
            "SELECT count(*) AS n FROM (SELECT 1 FROM {table} WHERE {name} = ?::text::{cast} LIMIT {MOST}) AS few"
        );
        let count =
            session.first(Query::new(sql).bind(tenant.as_str())).await?.map_or(Ok(0), |row| row.int("n"))?;
        found.push((tenant, count));
    }
    Ok(found)
}

/// Whether each tenant sees exactly its own rows of one table.
async fn one(
    bound: &mut Session<'_>,
    scope: &Scope,
    shape: &Shape,
    label: &str,
    tenants: &[(String, i64)],
    trial: &mut Trial,
) -> Result<bool> {
    let sql = format!(
        "SELECT count(*) AS n FROM (SELECT 1 FROM {} LIMIT {}) AS few",
        scope.names(&shape.name)?.read,
        MOST + 1
    );
    let mut exact = true;
    for (tenant, count) in tenants {
        scope.enter(bound, &Identity::tenant(tenant)).await?;
        bound.script("SAVEPOINT opsctl_trial").await?;
        let seen = bound.first(Query::new(sql.as_str())).await;
        bound.script("ROLLBACK TO SAVEPOINT opsctl_trial").await?;
        let seen = match seen {
            Ok(row) => row.map_or(Ok(0), |row| row.int("n"))?,
            Err(error) if error.fault() == Some(Fault::Lost) => return Err(error),
            Err(error) => {
                trial.unproved.push(unproved(label, &format!("they cannot be counted: {}", error.root())));
                return Ok(false);
            }
        };
        // Where a tenant has more rows than are counted, one more says nothing.
        let more = seen > *count && *count < MOST;
        if more {
            let why = format!("inside a tenant of {count} rows {seen} are seen");
            trial.findings.push(broken(label, Rule::SeesOthers, why, ""));
        } else if seen < *count {
            trial.unproved.push(unproved(label, &format!("a tenant of {count} rows sees {seen} of them")));
        }
        exact &= !more && seen >= *count;
    }
    Ok(exact)
}

fn unproved(table: &str, why: &str) -> Unproved {
    Unproved { table: table.into(), what: "rows that are there".into(), why: why.into() }
}
