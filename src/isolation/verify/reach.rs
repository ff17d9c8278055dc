//! Ways around the policies of a table: views, rules and functions that work with another role's rights, and functions
//! that decide who the tenant is.

use super::{
    finding::{Finding, Rule, broken},
    policies::{label, plain, role},
    repair,
};
use crate::isolation::{
    catalogue::{Catalogue, Definer, Function, Relation, Table},
    expression,
    setting::{self, Keeps},
};

/// Views and rules.
pub fn views(catalogue: &Catalogue) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for relation in catalogue.relations.iter().filter(|relation| relation.granted) {
        let Some(table) = catalogue.table(relation.table) else { continue };
        if let Some(finding) = view(catalogue, relation, table)
            && !found.iter().any(|known| known.why == finding.why)
        {
            found.push(finding);
        }
    }
    found
}

fn view(catalogue: &Catalogue, relation: &Relation, table: &Table) -> Option<Finding> {
    let name = [&relation.schema, &relation.name].map(|name| plain(name)).join(".");
    match relation.kind.as_str() {
        "m" => {
            let why = format!("the materialized view {name} is made from it, and has no policies");
            let repair = repair::revoke(catalogue, "ALL", &name, &relation.holders);
            Some(broken(label(table), Rule::MaterializedView, why, repair))
        }
        "v" if relation.free => {
            let via = relation.via.as_deref().unwrap_or(&name);
            let why =
                format!("the view {name} reads it as `{}`, whom its policies do not bind", relation.owner);
            let repair = repair::view(catalogue, via);
            Some(broken(label(table), Rule::ViewDefiner, why, repair))
        }
        "r" | "p" if relation.free => {
            let why =
                format!("a rule of {name} reaches it as `{}`, whom its policies do not bind", relation.owner);
            Some(broken(label(table), Rule::RewriteRule, why, repair::rules(relation, &name)))
        }
        _ => None,
    }
}

/// Functions with their owner's rights, and those that give policies the tenant.
pub fn functions(catalogue: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for definer in &catalogue.definers {
        let Some(table) = catalogue.table(definer.table) else { continue };
        let finding = definer_of(definer, table);
        if !found.contains(&finding) {
            found.push(finding);
        }
    }
    let reads = catalogue.reads();
    let deciding =
        catalogue.functions.iter().filter(|f| reads.get(f.name.as_str()).is_some_and(|v| !v.is_empty()));
    found.extend(deciding.flat_map(|function| helper(catalogue, function)));
    found
}

/// A function with its owner's rights that reaches a table, by itself or by what it calls.
fn definer_of(definer: &Definer, table: &Table) -> Finding {
    let (signature, owner) = (&definer.signature, &definer.owner);
    let through = definer.through.as_ref().map_or_else(String::new, |other| format!(" through {other}"));
    let (at, why) = match definer.named {
        true => (
            label(table),
            format!("{signature} reaches it{through} as `{owner}`, whom its policies do not bind"),
        ),
        false => (
            String::new(),
            format!("{signature} makes its SQL as it runs{through}, as `{owner}`, whom policies do not bind"),
        ),
    };
    broken(at, Rule::FunctionDefiner, why, format!("ALTER ROUTINE {signature} SECURITY INVOKER"))
}

/// A function that gives policies the session's tenant or user.
fn helper(catalogue: &Catalogue, function: &Function) -> Vec<Finding> {
    let mut found = Vec::new();
    let name = &function.signature;
    if function.volatile {
        let why = format!("{name} is VOLATILE: it is asked for every row, and may answer differently");
        found.push(broken("", Rule::HelperVolatile, why, format!("ALTER FUNCTION {name} STABLE")));
    }
    if function.is_owner {
        let why = format!("`{}` owns {name}, and may let it say anything", catalogue.role.name);
        found.push(broken(
            "",
            Rule::HelperOwned,
            why,
            format!("ALTER FUNCTION {name} OWNER TO {}", repair::migrator(catalogue)),
        ));
    }
    let unqualified = expression::unqualified_calls(&function.source);
    if !function.search_path && !unqualified.is_empty() && (function.may_create || function.definer) {
        let why = match function.definer {
            true => format!(
                "{name} runs with its owner's rights and finds `{}` by the caller's search path",
                unqualified[0]
            ),
            false => format!(
                "`{}` may create functions in `{}`, and {name} finds `{}` by the search path",
                catalogue.role.name, function.schema, unqualified[0]
            ),
        };
        let repair = match function.may_create {
            true => format!(
                "REVOKE CREATE ON SCHEMA {} FROM PUBLIC, {}",
                plain(&function.schema),
                role(catalogue)
            ),
            false => format!("ALTER FUNCTION {name} SET search_path = pg_catalog"),
        };
        found.push(broken("", Rule::HelperSearchPath, why, repair));
    }
    found
}

/// Functions that enter a tenant for longer than a transaction; notes of those of which that cannot be seen.
pub fn kept_variables(catalogue: &Catalogue, column: &str) -> (Vec<Finding>, Vec<String>) {
    let mut variables = catalogue.tenant_variables(column);
    variables.extend(catalogue.other_variables(column));
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for setter in &catalogue.setters {
        let name = &setter.signature;
        match setting::keeps(&setter.source, &variables) {
            Keeps::Nothing => {}
            Keeps::Variable(variable) => {
                let why = format!(
                    "{name} sets `{variable}` for the session: the next user of the connection is inside that tenant"
                );
                let ended = setting::ended(&setter.source, &variables);
                // What the server adds between the clauses goes into one line; a body stays as it is.
                let (head, body) = setter.definition.split_once("AS $").unwrap_or((&setter.definition, ""));
                let body = body.replacen(&setter.source, &ended, 1);
                let repair = format!("{} AS ${body}", head.split_whitespace().collect::<Vec<_>>().join(" "));
                found.push(broken("", Rule::VariableKept, why, repair.trim_end()));
            }
            Keeps::Something => {
                notes.push(format!(
                    "{name} sets variables for the session, by names that it makes as it runs"
                ));
            }
        }
    }
    (found, notes)
}
