//! What comes first where a cluster's tenant tables are not there: the command that works on this database.

use crate::{
    Error, Result,
    db::{Db, Engine},
    fleet::CENTRAL,
    schema::{self, Owner, SQLX_TABLE},
};

/// Whose database a cluster is, as far as it decides how the tenant tables get there.
enum Ground {
    /// opsctl's own: the tenant set goes in.
    Own,
    /// Nobody's yet: it may become opsctl's own.
    Empty,
    /// An application's, with this many tables of its own; whether sqlx or its like keeps a record there.
    Application { tables: usize, recorded: bool },
}

async fn ground(db: &Db) -> Result<Ground> {
    if schema::owner(db).await? == Owner::Opsctl {
        return Ok(Ground::Own);
    }
    let names = db.table_names().await?;
    let tables = names.iter().filter(|name| !name.starts_with("opsctl_")).count();
    if tables == 0 {
        return Ok(Ground::Empty);
    }
    Ok(Ground::Application { tables, recorded: names.iter().any(|name| name == SQLX_TABLE) })
}

/// Says with an error what is to be typed before tenants can be provisioned on a cluster.
///
/// # Errors
/// The database's.
pub async fn named(error: Error, db: &Db, cluster: &str) -> Result<Error> {
    let migrate = format!("opsctl clusters migrate {cluster}");
    Ok(match ground(db).await? {
        Ground::Own => error.hint(format!("bring the cluster's tables up to date first: `{migrate}`")),
        Ground::Empty => {
            let error = match db.engine() {
                Engine::MySql => error.because(format!("{} is empty, or shows no table", db.target())),
                _ => error.because(format!("{} is empty", db.target())),
            };
            error.hint(format!("make it opsctl's own, with the tenant tables, first: `{migrate} --own`"))
        }
        Ground::Application { tables, recorded } => {
            let elsewhere = if cluster == CENTRAL { "add NAME" } else { &format!("edit {cluster}") };
            let table = if recorded { format!(" --table {SQLX_TABLE}") } else { String::new() };
            error
                .because(format!(
                    "{} holds an application's tables: {tables} of them, and not opsctl's mark",
                    db.target()
                ))
                .hint(format!("apply the platform's own SQL for them first: `{migrate} --path DIR{table}`"))
                .hint(format!(
                    "or give tenants a database of their own: `opsctl clusters {elsewhere} --url URL`"
                ))
        }
    })
}
