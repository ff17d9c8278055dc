//! Engines without row-level security: whether their guards are complete, and hold where they are asked.

use super::{
    Parties, Verdict,
    finding::{Finding, Rule, Unproved, broken},
    repair_guards::{self as repair, Asks},
    rights,
    shape::{self, Shape},
    trial::{Subject, Trial, Trier},
};
use crate::{
    Result,
    db::{Db, Engine, Query},
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
    match guards.hides() {
        true if parties.other.is_some() => {
            let why = format!(
                "`{}` may not read them: views need SHOW VIEW, routines are shown to who made them",
                reader.target().username
            );
            verdict.cannot("that views filter and triggers refuse", why);
        }
        true => {}
        false => {
            verdict.findings.extend(guards.tables.iter().flat_map(|table| table_rules(&guards, table)));
            verdict.findings.extend(open_views(&guards));
        }
    }
    rights::judge(parties, &guards, &mut verdict).await?;
    verdict.notes.extend(guards.lookalikes.iter().map(|(table, own)| lookalike(table, own, column)));
    match Scope::of_guards(&guards, reader, column) {
        Ok(scope) => {
            verdict.variable = Some(scope.variable());
            let guarded = |shape: &&Shape| guards.view(&shape.name).is_some();
            let subjects: Vec<Subject<'_>> =
                shapes.iter().filter(guarded).map(|shape| (shape, shape.name.clone())).collect();
            verdict.add(tried(parties.app, parties.other, &scope, column, &subjects, false).await?);
            if let Some(other) = parties.other {
                let trial = tried(other, None, &scope, column, &subjects, true).await?;
                past_the_views(other, &guards, trial, &mut verdict);
            }
        }
        Err(error) if !guards.tables.is_empty() => verdict.cannot("behaviour", error.root()),
        Err(_) => {}
    }
    verdict.soften(&[]);
    verdict.repair_tried(|name| {
        let table = guards.tables.iter().find(|table| table.name == name);
        table.map_or_else(String::new, |table| repair::view(&guards, table))
    });
    Ok(verdict)
}

/// Takes what was tried on the tables themselves, where the guards are triggers alone.
fn past_the_views(role: &Db, guards: &Guards, trial: Trial, verdict: &mut Verdict) {
    for mut finding in trial.findings {
        if let Some(table) = guards.tables.iter().find(|table| table.name == finding.table) {
            finding.repair = ["INSERT", "UPDATE", "DELETE"]
                .map(|event| repair::trigger(guards, table, event, Asks::Itself))
                .join("; ");
        }
        // What the view let through, the table did.
        let known = |known: &Finding| known.table == finding.table && known.rule == finding.rule;
        if !verdict.findings.iter().any(known) {
            verdict.findings.push(finding);
        }
    }
    let name = format!("`{}`", role.target().username);
    for Unproved { table, why, .. } in trial.unproved {
        if !verdict.unproved.iter().any(|known| known.table == table) {
            let why = why.replace("the application's role", &name);
            verdict.unproved.push(Unproved { table, what: "that its triggers refuse".into(), why });
        }
    }
}

fn lookalike(table: &str, own: &str, column: &str) -> String {
    format!("{table} looks like a tenant's by `{own}`, and has no column `{column}`")
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
    for row in session.fetch(Query::new(LOOKALIKES).bind(column)).await? {
        verdict.notes.push(lookalike(&row.text("name")?, &row.text("own")?, column));
    }
    drop(session);
    if app.facts().await?.read_only {
        verdict.cannot("behaviour", "the file cannot be written, so that nothing can be tried");
        return Ok(verdict);
    }
    let subjects: Vec<Subject<'_>> = shapes.iter().map(|shape| (shape, shape.name.clone())).collect();
    verdict.add(tried(app, None, &scope, column, &subjects, false).await?);
    verdict.soften(&[]);
    Ok(verdict)
}

/// As PostgreSQL and MySQL are asked: names of tenant columns in whatever letters.
const LOOKALIKES: &str = "SELECT m.name AS name, min(c.name) AS own FROM sqlite_master m JOIN pragma_table_info(m.name) c \
    WHERE m.type = 'table' AND m.name NOT LIKE 'opsctl\\_%' ESCAPE '\\' \
      AND replace(lower(c.name), '_', '') IN ('tenant', 'tenantid', 'tenantuuid', 'tenantkey', 'tenantcode', \
        'organisationid', 'organizationid', 'workspaceid') \
      AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) o WHERE o.name = ?) GROUP BY m.name ORDER BY 1";

async fn tried(
    app: &Db,
    reader: Option<&Db>,
    scope: &Scope,
    column: &str,
    subjects: &[Subject<'_>],
    bare: bool,
) -> Result<Trial> {
    if subjects.is_empty() {
        return Ok(Trial::default());
    }
    let mut session = app.session().await?;
    Trier { session: &mut session, scope, column, reader, bare, trial: Trial::default() }.run(subjects).await
}

fn table_rules(guards: &Guards, table: &Table) -> Vec<Finding> {
    let mut found = Vec::new();
    if table.nullable {
        let repair = repair::not_null(guards, table);
        found.push(broken(
            &table.name,
            Rule::TenantNullable,
            format!("`{}` may be NULL", guards.column),
            repair,
        ));
    }
    match guards.view(&table.name) {
        None => {
            let repair = repair::view(guards, table);
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
            let repair = repair::trigger(guards, table, event, Asks::Procedure);
            found.push(broken(&table.name, Rule::NoTrigger, why, repair));
        }
    }
    for trigger in guards.triggers.iter().filter(|trigger| trigger.table == table.name) {
        if let Some(variable) = guards.depends_on(trigger) {
            let why = format!(
                "the trigger before {} refuses or not by `@{variable}`, which whoever is connected may set",
                trigger.event
            );
            let repair = repair::replaced(guards, table, trigger);
            found.push(broken(&table.name, Rule::NoTrigger, why, repair));
        }
    }
    found
}

fn view_rules(table: &Table, view: &View) -> Vec<Finding> {
    let mut found = Vec::new();
    if view.check != "CASCADED" {
        let why = format!("the view {} has {} CHECK OPTION", view.name, view.check);
        found.push(broken(&table.name, Rule::ViewUnchecked, why, repair::checked(view)));
    }
    if !view.definer {
        let why = format!("the view {} is SQL SECURITY INVOKER", view.name);
        found.push(broken(&table.name, Rule::ViewInvoker, why, repair::checked(view)));
    }
    found
}

/// Views that show a tenant table past its tenants.
fn open_views(guards: &Guards) -> Vec<Finding> {
    let open = guards.views.iter().filter(|view| view.definer && !guards.filters(view));
    open.filter_map(|view| {
        let table = guards.tables.iter().find(|table| view.mentions(&table.name))?;
        let why = format!("the view {} shows it without asking for the tenant", view.name);
        let repair = repair::closed(guards, table, view);
        Some(broken(&table.name, Rule::ViewUnfiltered, why, repair))
    })
    .collect()
}
