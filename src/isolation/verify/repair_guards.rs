//! What repairs a finding on MySQL and MariaDB: statements that run as they are printed.

use crate::{
    db::{Engine, quote},
    isolation::guards::{Guards, Table, Trigger, View},
};

/// The variable and the function of the tenant set, where a database has none.
const VARIABLE: &str = "app_tenant_id";
const FUNCTION: &str = "app_current_tenant";

fn name(text: &str) -> String {
    quote(Engine::MySql, text)
}

/// A tenant column that is never NULL.
pub fn not_null(guards: &Guards, table: &Table) -> String {
    format!("ALTER TABLE {} MODIFY {} {} NOT NULL", name(&table.name), name(&guards.column), table.kind)
}

/// The view that a table should have.
pub fn view(guards: &Guards, table: &Table) -> String {
    let (function, making) = present(guards, table);
    format!(
        "{making}CREATE OR REPLACE SQL SECURITY DEFINER VIEW {} AS SELECT * FROM {} WHERE {} = {function}() \
         WITH CASCADED CHECK OPTION",
        name(&format!("v_{}", table.name)),
        name(&table.name),
        name(&guards.column)
    )
}

/// A view as it is, with its owner's rights and checked.
pub fn checked(view: &View) -> String {
    format!("ALTER SQL SECURITY DEFINER VIEW {} AS {} WITH CASCADED CHECK OPTION", name(&view.name), view.sql)
}

/// A view that is not to be; the one that a table should have takes its own place.
pub fn closed(guards: &Guards, table: &Table, open: &View) -> String {
    match open.name == format!("v_{}", table.name) {
        true => view(guards, table),
        false => format!("DROP VIEW {}", name(&open.name)),
    }
}

/// How a trigger asks for the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Through the procedure that refuses, where there is one.
    Procedure,
    /// By itself: the procedure is not to be relied upon.
    Itself,
}

/// The trigger that a table should have, in the place of one that is not to be.
pub fn replaced(guards: &Guards, table: &Table, old: &Trigger) -> String {
    let made = trigger(guards, table, &old.event, Asks::Itself);
    format!("DROP TRIGGER IF EXISTS {}; {made}", name(&old.name))
}

/// The trigger that a table should have before an event.
pub fn trigger(guards: &Guards, table: &Table, event: &str, asks: Asks) -> String {
    let (function, making) = present(guards, table);
    let column = name(&guards.column);
    let named = name(&format!("{}_guard_{}", table.name, event.to_lowercase()));
    // Who is refused by a row of nobody is refused by a row that changes hands.
    let whose = match event {
        "INSERT" => format!("NEW.{column}"),
        "DELETE" => format!("OLD.{column}"),
        _ => format!("IF(OLD.{column} <=> NEW.{column}, OLD.{column}, NULL)"),
    };
    let body = match guards.requiring().filter(|_| asks == Asks::Procedure) {
        Some(procedure) => format!("CALL {}({whose})", name(procedure)),
        None => format!(
            "IF {whose} IS NULL OR NOT ({whose} <=> {function}()) THEN SIGNAL SQLSTATE '42501' \
             SET MESSAGE_TEXT = 'tenant context mismatch'; END IF"
        ),
    };
    format!(
        "{making}DROP TRIGGER IF EXISTS {named}; CREATE TRIGGER {named} BEFORE {event} ON {} FOR EACH ROW {body}",
        name(&table.name)
    )
}

/// Rights on the views, for who had rights on everything.
pub fn grants(guards: &Guards, to: &str) -> String {
    let views = guards.tables.iter().filter_map(|table| guards.view(&table.name));
    views
        .map(|view| format!("; GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {to}", name(&view.name)))
        .collect()
}

/// The function that gives the present tenant, and what makes it where there is none that can be relied upon.
fn present(guards: &Guards, table: &Table) -> (String, String) {
    if let Some(function) = guards.function() {
        return (name(function), String::new());
    }
    let variable = guards.variables().into_iter().next().unwrap_or_else(|| VARIABLE.to_owned());
    let making = format!(
        "DROP FUNCTION IF EXISTS {FUNCTION}; CREATE FUNCTION {FUNCTION}() RETURNS {} DETERMINISTIC NO SQL \
         RETURN NULLIF(@{}, ''); ",
        table.kind,
        name(&variable)
    );
    (FUNCTION.to_owned(), making)
}
