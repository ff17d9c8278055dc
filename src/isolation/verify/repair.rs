//! What repairs a finding on PostgreSQL: statements that run as they are printed.

use super::policies::{label, plain, role};
use crate::isolation::{
    catalogue::{Catalogue, Function, Key, Owned, Policy, Reference, Relation, Table},
    expression,
};

/// The variable that policies are to read where none says which.
const VARIABLE: &str = "app.tenant_id";

/// A role that may own what the application must not.
pub fn migrator(catalogue: &Catalogue) -> String {
    catalogue.migrator.as_deref().map_or_else(|| "CURRENT_USER".to_owned(), plain)
}

/// Takes a right from whoever was given it: the role itself, everybody, or a role that it is a member of.
pub fn revoke(catalogue: &Catalogue, right: &str, on: &str, holders: &[String]) -> String {
    let from = if holders.is_empty() { role(catalogue) } else { holders.join(", ") };
    format!("REVOKE {right} ON {on} FROM {from}")
}

/// Gives a table an owner who is not the application, whose rights stay.
pub fn owner(catalogue: &Catalogue, table: &Table) -> String {
    format!(
        "ALTER TABLE {0} OWNER TO {1}; GRANT SELECT, INSERT, UPDATE, DELETE ON {0} TO {2}",
        label(table),
        migrator(catalogue),
        role(catalogue)
    )
}

/// Gives a schema, or the database that it goes with, an owner who is not the application, whose rights stay.
pub fn schema(catalogue: &Catalogue, schema: &Owned) -> String {
    let (name, me, owner) = (plain(&schema.name), role(catalogue), migrator(catalogue));
    let database = plain(&catalogue.database);
    let given = match schema.by_database {
        true => {
            format!(
                "ALTER DATABASE {database} OWNER TO {owner}; GRANT CONNECT ON DATABASE {database} TO {me}"
            )
        }
        false => format!("ALTER SCHEMA {name} OWNER TO {owner}"),
    };
    format!("{given}; GRANT USAGE ON SCHEMA {name} TO {me}")
}

/// Closes a table; with a policy where none admits the application.
pub fn close(catalogue: &Catalogue, table: &Table, column: &str) -> String {
    let name = label(table);
    let enabled =
        format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY; ALTER TABLE {name} FORCE ROW LEVEL SECURITY");
    let mut policies = catalogue.policies.iter().filter(|policy| policy.table == table.oid);
    match table.is_child || policies.any(|policy| policy.permissive && policy.applies) {
        true => enabled,
        false => format!("{enabled}; {}", isolate(catalogue, table, column)),
    }
}

/// The policy that a table should have.
pub fn isolate(catalogue: &Catalogue, table: &Table, column: &str) -> String {
    let taken =
        |name: &str| catalogue.policies.iter().any(|known| known.table == table.oid && known.name == name);
    let plainly = format!("{}_tenant_isolation", table.name);
    let name = if taken(&plainly) { format!("{}_of_{}", plainly, catalogue.role.name) } else { plainly };
    let equals = equals(catalogue, table, column);
    format!(
        "CREATE POLICY {} ON {} FOR ALL USING ({equals}) WITH CHECK ({equals})",
        plain(&name),
        label(table)
    )
}

/// The policy that a table should have, in the place of those that admit the application.
pub fn reform(catalogue: &Catalogue, table: &Table, column: &str) -> String {
    let admitting = catalogue.policies.iter().filter(|policy| policy.table == table.oid && policy.permissive);
    let drops = admitting.map(|policy| format!("DROP POLICY {} ON {}; ", plain(&policy.name), label(table)));
    format!("{}{}", drops.collect::<String>(), isolate(catalogue, table, column))
}

/// Lets a policy admit the present tenant's rows alone.
pub fn bind(catalogue: &Catalogue, table: &Table, column: &str, policy: &Policy, written: bool) -> String {
    let equals = equals(catalogue, table, column);
    let says_nothing = policy.check.is_none() && ["*", "w"].contains(&policy.command.as_str());
    let clauses = match (written, says_nothing) {
        (true, _) => format!("WITH CHECK ({equals})"),
        (false, true) => format!("USING ({equals}) WITH CHECK ({equals})"),
        (false, false) => format!("USING ({equals})"),
    };
    format!("ALTER POLICY {} ON {} {clauses}", plain(&policy.name), label(table))
}

/// Lets a policy of users' rows be for reading, and for who is inside no tenant.
pub fn owner_access(
    catalogue: &Catalogue,
    table: &Table,
    column: &str,
    policy: &Policy,
    condition: &str,
) -> String {
    let outside = format!("({condition}) AND {} IS NULL", present(catalogue, table, column));
    let (name, label) = (plain(&policy.name), label(table));
    match policy.command.as_str() {
        "*" => format!(
            "DROP POLICY {name} ON {label}; CREATE POLICY {name} ON {label} FOR SELECT TO {} USING ({outside})",
            policy.roles.join(", ")
        ),
        _ => format!("ALTER POLICY {name} ON {label} USING ({outside})"),
    }
}

/// Lets the function that a condition calls say nothing where no tenant is entered; `None` where none is at fault.
pub fn no_fallback(catalogue: &Catalogue, column: &str, condition: &str) -> Option<String> {
    let called = expression::calls(condition);
    let function =
        catalogue.functions.iter().find(|f| called.contains(&f.name) && expression::falls_back(&f.source))?;
    Some(format!(
        "CREATE OR REPLACE FUNCTION {} RETURNS {} LANGUAGE sql STABLE AS $$ SELECT {} $$",
        function.signature,
        function.returns,
        setting(&variable(catalogue, column), &function.returns)
    ))
}

/// A unique key with the tenant before its other parts.
pub fn key(key: &Key, table: &Table, column: &str) -> String {
    let column = plain(column);
    let name = plain(&key.name);
    match &key.constraint {
        Some(definition) => {
            let part = if definition.starts_with("EXCLUDE") { format!("{column} WITH =") } else { column };
            let with = definition.replacen('(', &format!("({part}, "), 1);
            let label = label(table);
            format!("ALTER TABLE {label} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {with}")
        }
        None => {
            let (head, parts) = key.definition.split_once(" USING ").unwrap_or((&key.definition, ""));
            let parts = parts.replacen('(', &format!("({column}, "), 1);
            format!("DROP INDEX {}; {head} USING {parts}", key.index)
        }
    }
}

/// A foreign key that carries the tenant, and the unique key that it needs.
pub fn reference(reference: &Reference, table: &Table, to: &Table, column: &str) -> String {
    let list = |columns: &[String]| {
        let others = columns.iter().filter(|name| *name != column).map(|name| plain(name));
        std::iter::once(plain(column)).chain(others).collect::<Vec<_>>().join(", ")
    };
    let own: Vec<String> = reference.columns.iter().map(|name| plain(name)).collect();
    let mut actions = reference.definition.splitn(3, ')').nth(2).unwrap_or_default().to_owned();
    // The tenant stays when the row that is referred to goes.
    for nothing in ["SET NULL", "SET DEFAULT"] {
        let whole = format!("ON DELETE {nothing}");
        if !actions.contains(&format!("{whole} (")) {
            actions = actions.replace(&whole, &format!("{whole} ({})", own.join(", ")));
        }
    }
    let there = list(&reference.to_columns);
    let unique = match reference.keyed {
        true => String::new(),
        false => format!("ALTER TABLE {} ADD UNIQUE ({there}); ", label(to)),
    };
    format!(
        "{unique}ALTER TABLE {0} DROP CONSTRAINT {1}, ADD CONSTRAINT {1} FOREIGN KEY ({2}) REFERENCES {3} ({there}){actions}",
        label(table),
        plain(&reference.name),
        list(&reference.columns),
        label(to)
    )
}

/// Lets a view work with the rights of who asks; before PostgreSQL 15, with those of an owner who is bound.
pub fn view(catalogue: &Catalogue, view: &str) -> String {
    match catalogue.version >= 150_000 {
        true => format!("ALTER VIEW {view} SET (security_invoker = true)"),
        false => format!("ALTER VIEW {view} OWNER TO {}", migrator(catalogue)),
    }
}

/// Drops the rules of a relation that reach a tenant table.
pub fn rules(relation: &Relation, name: &str) -> String {
    let drops = relation.rules.iter().map(|rule| format!("DROP RULE {} ON {name}", plain(rule)));
    drops.collect::<Vec<_>>().join("; ")
}

/// Policies that read another variable than most, made to read the same.
pub fn one_variable(catalogue: &Catalogue, column: &str) -> String {
    let kept = variable(catalogue, column);
    let others = catalogue.policies.iter().filter(|policy| {
        let read = catalogue.variables_of(policy, column);
        !read.is_empty() && read != [kept.as_str()]
    });
    let altered = others.filter_map(|policy| {
        let table = catalogue.table(policy.table)?;
        let mut clauses = vec![bind(catalogue, table, column, policy, policy.using.is_none())];
        if policy.using.is_some() && policy.check.is_some() {
            clauses.push(bind(catalogue, table, column, policy, true));
        }
        Some(clauses.join("; "))
    });
    altered.collect::<Vec<_>>().join("; ")
}

fn equals(catalogue: &Catalogue, table: &Table, column: &str) -> String {
    format!("{} = {}", plain(column), present(catalogue, table, column))
}

/// What gives the present tenant in SQL: the function that policies ask already, or the variable itself.
fn present(catalogue: &Catalogue, table: &Table, column: &str) -> String {
    let variable = variable(catalogue, column);
    let reads = catalogue.reads();
    let fits = |function: &&Function| {
        function.signature.ends_with("()")
            && function.returns == table.tenant_type
            && reads.get(function.name.as_str()).is_some_and(|read| *read == [variable.as_str()])
            && !expression::falls_back(&function.source)
    };
    match catalogue.functions.iter().find(fits) {
        Some(function) => format!("(SELECT {})", function.signature),
        None => setting(&variable, &table.tenant_type),
    }
}

fn setting(variable: &str, kind: &str) -> String {
    format!("NULLIF(pg_catalog.current_setting('{variable}', true), '')::{kind}")
}

/// The variable that most policies read.
fn variable(catalogue: &Catalogue, column: &str) -> String {
    let all = catalogue.tenant_variables(column);
    let count = |name: &String| {
        let policies = catalogue.policies.iter();
        policies.filter(|policy| catalogue.variables_of(policy, column).contains(name)).count()
    };
    all.into_iter().rev().max_by_key(count).unwrap_or_else(|| VARIABLE.to_owned())
}
