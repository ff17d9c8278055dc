//! Engines without row-level security: whether their guards are complete, and hold where they are asked.

use super::{
    Parties, Verdict,
    finding::{Finding, Rule, broken},
    shape::{self, Shape},
    trial::{Subject, Trial, Trier},
};
use crate::{
    Result,
    db::{Db, Engine, Fault, Query, quote},
    isolation::{
        Scope,
        guards::{Guards, Table, View},
    },
};

/// MySQL and MariaDB.
///
/// # Errors
/// The databases'.
pub async fn servers(parties: Parties<'_>, column: &str) -> Result<Verdict> {
    let mut verdict = Verdict::new(Engine::MySql, parties.app.target().username.clone());
    // The application's role is not to see the tables, so another one reads what there is.
    let reader = parties.other.unwrap_or(parties.app);
    let mut session = reader.session().await?;
    let guards = Guards::read(&mut session, column).await?;
    let shapes = shape::read(&mut session, column).await?;
    verdict.tables = guards.tables.len();
    if parties.other.is_none() {
        verdict.cannot(
            "that the application has no rights on the tables",
            "there is no other role to read definitions with: configure `owner` or `operator`",
        );
    }
    for table in &guards.tables {
        verdict.findings.extend(table_rules(&guards, table));
    }
    verdict.findings.extend(open_views(&guards));
    if parties.other.is_some() {
        verdict.findings.extend(rights(parties.app, &guards).await?);
    }
    match Scope::of_guards(&guards, reader, column) {
        Ok(scope) => {
            verdict.variable = Some(scope.variable());
            let guarded = |shape: &&Shape| guards.view(&shape.name).is_some();
            let subjects: Vec<Subject<'_>> =
                shapes.iter().filter(guarded).map(|shape| (shape, shape.name.clone())).collect();
            verdict.add(tried(parties.app, &scope, column, &subjects).await?);
        }
        Err(error) if !guards.tables.is_empty() => verdict.cannot("behaviour", error.root()),
        Err(_) => {}
    }
    Ok(verdict)
}

/// SQLite, whose guards are made by each connection for itself.
///
/// # Errors
/// The database's.
pub async fn files(app: &Db, column: &str) -> Result<Verdict> {
    let mut verdict = Verdict::new(Engine::Sqlite, String::new());
    let mut session = app.session().await?;
    let scope = Scope::learn(&mut session, column).await?;
    let shapes = shape::read(&mut session, column).await?;
    verdict.tables = shapes.len();
    drop(session);
    if app.facts().await?.read_only {
        verdict.cannot("behaviour", "the file cannot be written, so that nothing can be tried");
        return Ok(verdict);
    }
    let subjects: Vec<Subject<'_>> = shapes.iter().map(|shape| (shape, shape.name.clone())).collect();
    verdict.add(tried(app, &scope, column, &subjects).await?);
    Ok(verdict)
}

async fn tried(app: &Db, scope: &Scope, column: &str, subjects: &[Subject<'_>]) -> Result<Trial> {
    if subjects.is_empty() {
        return Ok(Trial::default());
    }
    let mut session = app.session().await?;
    Trier { session: &mut session, scope, column, trial: Trial::default() }.run(subjects).await
}

fn table_rules(guards: &Guards, table: &Table) -> Vec<Finding> {
    let mut found = Vec::new();
    let (name, column) = (quote(Engine::MySql, &table.name), quote(Engine::MySql, &guards.column));
    if table.nullable {
        let repair = format!("ALTER TABLE {name} MODIFY {column} … NOT NULL");
        found.push(broken(
            &table.name,
            Rule::TenantNullable,
            format!("`{}` may be NULL", guards.column),
            repair,
        ));
    }
    match guards.view(&table.name) {
        None => {
            let repair = format!(
                "CREATE SQL SECURITY DEFINER VIEW {} AS SELECT * FROM {name} WHERE {column} = app_current_tenant() \
                 WITH CASCADED CHECK OPTION",
                quote(Engine::MySql, &format!("v_{}", table.name))
            );
            found.push(broken(&table.name, Rule::NoView, Rule::NoView.means(), repair));
        }
        Some(view) => found.extend(view_rules(table, view)),
    }
    for event in ["INSERT", "UPDATE", "DELETE"] {
        let guarded = guards
            .triggers
            .iter()
            .any(|trigger| trigger.table == table.name && trigger.event == event && guards.refuses(trigger));
        if !guarded {
            let why = format!("no trigger before {event} refuses other tenants' rows");
            let repair = format!(
                "CREATE TRIGGER {} BEFORE {event} ON {name} FOR EACH ROW …: as in `opsctl clusters migrate`'s tenant set",
                quote(Engine::MySql, &format!("{}_guard_{}", table.name, event.to_lowercase()))
            );
            found.push(broken(&table.name, Rule::NoTrigger, why, repair));
        }
    }
    found
}

fn view_rules(table: &Table, view: &View) -> Vec<Finding> {
    let mut found = Vec::new();
    let name = quote(Engine::MySql, &view.name);
    let again =
        |what: &str| format!("ALTER {what} VIEW {name} AS {} WITH CASCADED CHECK OPTION", view.definition);
    if view.check != "CASCADED" {
        let why = format!("the view {} has {} CHECK OPTION", view.name, view.check);
        found.push(broken(&table.name, Rule::ViewUnchecked, why, again("SQL SECURITY DEFINER")));
    }
    if !view.definer {
        let why = format!("the view {} is SQL SECURITY INVOKER", view.name);
        found.push(broken(&table.name, Rule::ViewInvoker, why, again("SQL SECURITY DEFINER")));
    }
    found
}

/// Views that show a tenant table past its tenants.
fn open_views(guards: &Guards) -> Vec<Finding> {
    let open = guards.views.iter().filter(|view| view.definer && !guards.filters(view));
    open.filter_map(|view| {
        let table = guards.tables.iter().find(|table| view.mentions(&table.name))?;
        let why = format!("the view {} shows it without asking for the tenant", view.name);
        let repair = format!("DROP VIEW {}", quote(Engine::MySql, &view.name));
        Some(broken(&table.name, Rule::ViewUnfiltered, why, repair))
    })
    .collect()
}

/// The application's role reaches for the tables themselves.
async fn rights(app: &Db, guards: &Guards) -> Result<Vec<Finding>> {
    let mut session = app.session().await?;
    let mut found = Vec::new();
    for table in &guards.tables {
        // A role sees a table in the catalogue when it has any right on it.
        let sql = "SELECT 1 AS one FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?";
        let seen = match session.first(Query::new(sql).bind(table.name.as_str())).await {
            Ok(row) => row.is_some(),
            Err(error) if error.fault() == Some(Fault::Right) => false,
            Err(error) => return Err(error),
        };
        if seen {
            let role = &app.target().username;
            let why = format!("`{role}` has rights on it, where neither view nor policy filters");
            let repair =
                format!("REVOKE ALL PRIVILEGES ON {} FROM {role}", quote(Engine::MySql, &table.name));
            found.push(broken(&table.name, Rule::TableRights, why, repair));
        }
    }
    Ok(found)
}
