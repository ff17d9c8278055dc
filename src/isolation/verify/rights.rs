//! What the application's account may do past the views, on MySQL and MariaDB: rights on the tables themselves, on the
//! whole server, by roles that it may take on, and by routines with somebody else's rights.

use super::{
    Parties, Verdict,
    finding::{Finding, Rule, broken},
    lent::{self, Thing, Where},
    repair_guards as repair,
};
use crate::{
    Result,
    db::{Db, Engine, Fault, Query, Session, quote},
    isolation::guards::Guards,
};

/// Rights over the whole server that reach no row of a tenant.
const HARMLESS: [&str; 15] = [
    "USAGE",
    "SHOW DATABASES",
    "SHOW VIEW",
    "EXECUTE",
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
    "PROCESS",
    "RELOAD",
    "BINLOG MONITOR",
    "REPLICATION CLIENT",
    "SLAVE MONITOR",
    "REPLICA MONITOR",
    "CONNECTION ADMIN",
    "REFERENCES",
    "EVENT",
];

/// One line of `SHOW GRANTS`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Grant {
    /// The rights, as they are granted.
    rights: Vec<String>,
    /// `*.*`, a database, or one thing in it.
    on: String,
    /// The account or role that was given them.
    to: String,
    /// The role by which the account has them, as it was granted to it.
    by: Option<String>,
}

/// What the application may do; `guards` are what another role reads where there is one.
///
/// # Errors
/// A server that is lost.
pub async fn judge(parties: Parties<'_>, guards: &Guards, verdict: &mut Verdict) -> Result<()> {
    let app = parties.app;
    let mut session = app.session().await?;
    let (grants, usable) = granted(&mut session).await?;
    verdict.findings.extend(over_the_server(app, &grants));
    verdict.findings.extend(tables(&mut session, guards, &grants).await?);
    let place = match lent::are_elsewhere(&usable, &guards.database) {
        true => Where::Everywhere,
        false => Where::Here,
    };
    let mut read = Vec::new();
    for other in [parties.other, parties.operator].into_iter().flatten() {
        read.extend(lent::read(&mut other.session().await?, place).await?);
    }
    lent::judge(usable, read, guards, verdict);
    verdict.findings.extend(begun(&mut session, guards).await?);
    Ok(())
}

/// What the account was granted, with the views and routines that it may use, and what each role would add that it may
/// take on, by default or not.
async fn granted(session: &mut Session<'_>) -> Result<(Vec<Grant>, Vec<Thing>)> {
    let (mut found, roles) = shown(session, None).await?;
    let mut usable = lent::read(session, Where::Everywhere).await?;
    if roles.is_empty() {
        return Ok((found, usable));
    }
    let before = session.first(Query::new("SELECT COALESCE(CURRENT_ROLE(), 'NONE') AS name")).await?;
    let before = before.map(|row| row.text("name")).transpose()?.unwrap_or_default();
    for role in roles {
        match session.script(&format!("SET ROLE {role}")).await {
            Ok(()) => {}
            Err(error) if error.fault() == Some(Fault::Lost) => return Err(error),
            Err(_) => continue,
        }
        let (more, _) = shown(session, Some(&role)).await?;
        usable.extend(lent::read(session, Where::Everywhere).await?);
        found.extend(
            more.into_iter().filter(|grant| !found.iter().any(|known| known.same(grant))).collect::<Vec<_>>(),
        );
    }
    let restored = if before == "NONE" { before } else { quote(Engine::MySql, &before) };
    session.script(&format!("SET ROLE {restored}")).await?;
    Ok((found, usable))
}

/// The lines of `SHOW GRANTS`, and the roles among them.
async fn shown(session: &mut Session<'_>, by: Option<&str>) -> Result<(Vec<Grant>, Vec<String>)> {
    let (mut found, mut roles) = (Vec::new(), Vec::new());
    for row in session.fetch(Query::new("SHOW GRANTS")).await? {
        let line = row.line();
        match grant(&line, by) {
            Some(grant) => found.push(grant),
            None => roles.extend(
                line.strip_prefix("GRANT ").and_then(|rest| Some(rest.split_once(" TO ")?.0.to_owned())),
            ),
        }
    }
    Ok((found, roles))
}

/// `GRANT SELECT, INSERT ON x TO y`; `None` for a role that is granted.
fn grant(line: &str, by: Option<&str>) -> Option<Grant> {
    let (rights, rest) = line.strip_prefix("GRANT ")?.split_once(" ON ")?;
    let (on, to) = rest.split_once(" TO ")?;
    let mut rights: Vec<String> = rights.split(", ").map(str::to_owned).collect();
    if to.ends_with("WITH GRANT OPTION") {
        rights.push("GRANT OPTION".into());
    }
    let to = to.split(' ').next().unwrap_or_default();
    Some(Grant { rights, on: on.to_owned(), to: to.to_owned(), by: by.map(str::to_owned) })
}

impl Grant {
    fn same(&self, other: &Self) -> bool {
        self.on == other.on && self.to == other.to && self.rights == other.rights
    }

    /// Whether it covers a table, by itself or with its whole database.
    fn covers(&self, database: &str, table: &str) -> bool {
        let plain = self.on.replace(['`', '\\'], "");
        let Some((here, what)) = plain.split_once('.') else { return false };
        let reaches =
            self.rights.iter().any(|right| !["USAGE", "EXECUTE", "GRANT OPTION"].contains(&right.as_str()));
        let fits = here == database
            || here
                .split_once('%')
                .is_some_and(|(start, _)| !start.is_empty() && database.starts_with(start));
        reaches && fits && (what == "*" || what == table)
    }

    /// Takes it back: the role, where it came by one that others may have, too.
    fn revoked(&self, rights: &[&str], account: &str) -> String {
        match &self.by {
            Some(role) => format!("REVOKE {role} FROM {account}"),
            None => format!("REVOKE {} ON {} FROM {}", rights.join(", "), self.on, self.to),
        }
    }

    /// By which role, for people.
    fn by_role(&self) -> String {
        self.by.as_ref().map_or_else(String::new, |role| format!(", by the role {role}"))
    }
}

/// The account itself, as REVOKE names it.
fn account(grants: &[Grant]) -> &str {
    grants.iter().find(|grant| grant.by.is_none()).map_or("CURRENT_USER", |grant| grant.to.as_str())
}

fn over_the_server(app: &Db, grants: &[Grant]) -> Vec<Finding> {
    let mut found = Vec::new();
    for grant in grants.iter().filter(|grant| grant.on == "*.*") {
        let reaching: Vec<&str> =
            grant.rights.iter().map(String::as_str).filter(|right| !HARMLESS.contains(right)).collect();
        if reaching.is_empty() {
            continue;
        }
        let why = format!(
            "`{}` has {} on the whole server{}",
            app.target().username,
            reaching.join(", "),
            grant.by_role()
        );
        found.push(broken("", Rule::RoleGlobal, why, grant.revoked(&reaching, account(grants))));
    }
    found
}

/// Rights on tenant tables, where neither view nor policy filters.
async fn tables(session: &mut Session<'_>, guards: &Guards, grants: &[Grant]) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for table in &guards.tables {
        let name = &table.name;
        let covering = grants.iter().find(|grant| grant.covers(&guards.database, name));
        let everywhere =
            grants.iter().any(|grant| grant.on == "*.*" && !grant.rights.contains(&"USAGE".to_owned()));
        let (by, repair) = match covering {
            Some(grant) => {
                let rights: Vec<&str> = grant.rights.iter().map(String::as_str).collect();
                let whole = grant.by.is_none() && grant.on.ends_with(".*");
                let views = if whole { repair::grants(guards, &grant.to) } else { String::new() };
                (grant.by_role(), format!("{}{views}", grant.revoked(&rights, account(grants))))
            }
            // What was granted to everybody is seen by what it opens.
            None if !everywhere && is_seen(session, name).await? => {
                let on = quote(Engine::MySql, name);
                (String::new(), format!("REVOKE ALL PRIVILEGES ON {on} FROM {}", account(grants)))
            }
            None => continue,
        };
        let role = &session.db().target().username;
        let why = format!("`{role}` has rights on it{by}, where neither view nor policy filters");
        found.push(broken(name, Rule::TableRights, why, repair));
    }
    Ok(found)
}

/// A role sees a table in the catalogue when it has any right on it.
async fn is_seen(session: &mut Session<'_>, table: &str) -> Result<bool> {
    let sql =
        "SELECT 1 AS one FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?";
    match session.first(Query::new(sql).bind(table)).await {
        Ok(row) => Ok(row.is_some()),
        Err(error) if error.fault() == Some(Fault::Right) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the server does with each new connection.
async fn begun(session: &mut Session<'_>, guards: &Guards) -> Result<Option<Finding>> {
    let row = session.first(Query::new("SELECT @@GLOBAL.init_connect AS text")).await?;
    let text = row.map(|row| row.text_or_null("text")).transpose()?.flatten().unwrap_or_default();
    Ok(entered(&text, &guards.variables()))
}

/// A statement for new connections that enters a tenant.
fn entered(text: &str, variables: &[String]) -> Option<Finding> {
    let enters = |statement: &&str| {
        let plain = statement.replace('`', "").to_lowercase();
        let says = variables.iter().any(|name| plain.contains(&format!("@{}", name.to_lowercase())));
        says && !plain.trim_end().ends_with("null")
    };
    let (enter, keep): (Vec<&str>, Vec<&str>) = text.split(';').partition(enters);
    let statement = enter.first()?.trim();
    let why = format!("`init_connect` says {statement}: every connection begins inside a tenant");
    let kept = keep.join(";").replace('\'', "''");
    Some(broken("", Rule::VariableSet, why, format!("SET GLOBAL init_connect = '{}'", kept.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_as_the_server_prints_them() {
        let one = grant("GRANT SELECT, INSERT ON `my\\_shop`.* TO `app`@`%`", None).unwrap();
        assert!(one.covers("my_shop", "orders") && !one.covers("other", "orders"));
        assert_eq!(one.revoked(&["SELECT"], "x"), "REVOKE SELECT ON `my\\_shop`.* FROM `app`@`%`");
        let one = grant(
            "GRANT ALL PRIVILEGES ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*00' WITH GRANT OPTION",
            Some("`r`"),
        )
        .unwrap();
        assert_eq!((one.rights.len(), one.to.as_str()), (2, "`app`@`%`"));
        assert_eq!(one.revoked(&["FILE"], "`app`@`%`"), "REVOKE `r` FROM `app`@`%`");
        assert!(!grant("GRANT USAGE ON `shop`.* TO `app`@`%`", None).unwrap().covers("shop", "orders"));
        assert_eq!(grant("GRANT `r` TO `app`@`%`", None), None);
    }

    #[test]
    fn a_statement_for_new_connections_that_enters_a_tenant_is_found() {
        let variables = ["app_tenant_id".to_owned()];
        let found = entered("SET NAMES utf8mb4; SET @app_tenant_id = '7'", &variables).unwrap();
        assert_eq!(found.rule, Rule::VariableSet);
        assert_eq!(found.repair, "SET GLOBAL init_connect = 'SET NAMES utf8mb4'");
        for text in ["", "SET NAMES utf8mb4", "SET @app_tenant_id = NULL"] {
            assert_eq!(entered(text, &variables), None, "{text}");
        }
    }
}
