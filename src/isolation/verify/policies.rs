//! The policies of one table, command by command, as PostgreSQL puts them together: permissive ones add up, restrictive
//! ones all hold. A command that no permissive policy is for is refused for every row.

use super::{
    finding::{Finding, Rule, broken},
    repair,
};
use crate::{
    db::{Engine, quote},
    isolation::{
        catalogue::{Catalogue, Policy, Table},
        expression::{self, Leaf, Sources},
    },
};

/// A policy in a form that only behaviour can judge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// Its table.
    pub table: String,
    /// Its name.
    pub policy: String,
}

/// A command, and which of a policy's conditions decides about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asks {
    command: &'static str,
    letter: &'static str,
    written: bool,
}

/// UPDATE asks twice: for the row as it was, and for the row as it becomes.
const ASKS: [Asks; 5] = [
    Asks { command: "SELECT", letter: "r", written: false },
    Asks { command: "INSERT", letter: "a", written: true },
    Asks { command: "UPDATE", letter: "w", written: false },
    Asks { command: "UPDATE", letter: "w", written: true },
    Asks { command: "DELETE", letter: "d", written: false },
];

/// What the arms of a condition let through, beside the present tenant's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lets {
    /// Nothing.
    Nothing,
    /// A user's own rows, as long as no tenant is entered.
    OwnRows,
    /// Something in a form that only behaviour can judge.
    Unknown,
    /// What a rule forbids.
    Broken(Rule),
}

/// A broken rule, and the policy that breaks it where it is a single one.
type Judged<'p> = (Option<&'p Policy>, Finding);

/// Judges a table's policies for the connected role; adds those that cannot be judged to `unknown`.
pub fn findings(
    catalogue: &Catalogue,
    table: &Table,
    sources: &Sources<'_>,
    unknown: &mut Vec<Unknown>,
) -> Vec<Finding> {
    let policies: Vec<&Policy> =
        catalogue.policies.iter().filter(|policy| policy.table == table.oid).collect();
    if !policies.iter().any(|policy| policy.permissive && policy.applies) {
        if table.is_child {
            return Vec::new(); // reached through its parent alone, as it should be
        }
        let why = match policies.is_empty() {
            true => "it has no policy: nobody sees anything".to_owned(),
            false => format!("none of its policies is for `{}`, which sees nothing", catalogue.role.name),
        };
        let repair = repair::isolate(catalogue, table, sources.column);
        return vec![broken(label(table), Rule::NoPolicy, why, repair)];
    }
    let mut found: Vec<Judged<'_>> = Vec::new();
    for asks in ASKS {
        for judged in ask(catalogue, table, &policies, asks, sources, unknown) {
            if !found.iter().any(|(_, known)| known.rule == judged.1.rule && known.why == judged.1.why) {
                found.push(judged);
            }
        }
    }
    let silent = policies.iter().filter(|policy| {
        !found.iter().any(|(known, _)| known.is_some_and(|known| known.name == policy.name))
    });
    let silent: Vec<Finding> = silent.filter_map(|policy| check_missing(table, policy)).collect();
    found.into_iter().map(|(_, finding)| finding).chain(silent).collect()
}

/// A policy that lets rows be written and does not say which: USING decides then, for as long as nobody widens it.
fn check_missing(table: &Table, policy: &Policy) -> Option<Finding> {
    let may_write = table.grants.iter().any(|grant| ["INSERT", "UPDATE"].contains(&grant.as_str()));
    let writes = policy.permissive && policy.applies && ["*", "w"].contains(&policy.command.as_str());
    let using = policy.using.as_ref().filter(|_| may_write && writes && policy.check.is_none())?;
    let (name, label) = (plain(&policy.name), label(table));
    let why =
        format!("the policy `{}` has no WITH CHECK: its USING decides about new rows, too", policy.name);
    let repair = format!("ALTER POLICY {name} ON {label} WITH CHECK ({using})");
    Some(broken(label, Rule::CheckMissing, why, repair))
}

fn ask<'p>(
    catalogue: &Catalogue,
    table: &Table,
    policies: &[&'p Policy],
    asks: Asks,
    sources: &Sources<'_>,
    unknown: &mut Vec<Unknown>,
) -> Vec<Judged<'p>> {
    let mine = |policy: &&&Policy| policy.applies && (policy.command == "*" || policy.command == asks.letter);
    let label = label(table);
    let (permissive, restrictive): (Vec<&Policy>, Vec<&Policy>) =
        policies.iter().filter(mine).copied().partition(|policy| policy.permissive);
    let admitting: Vec<&Policy> =
        permissive.into_iter().filter(|policy| condition(policy, asks).is_some()).collect();
    if admitting.is_empty() {
        let granted = table.grants.iter().any(|grant| grant == asks.command);
        let why =
            format!("{} is granted, and no policy admits it: it touches nothing, silently", asks.command);
        let repair = repair::revoke(catalogue, asks.command, &label, &table.holders);
        return granted.then(|| (None, broken(&label, Rule::PolicyGap, why, repair))).into_iter().collect();
    }
    let binds = |policy: &&Policy| {
        condition(policy, asks)
            .is_some_and(|condition| lets(condition, sources).iter().all(|(lets, _)| *lets == Lets::Nothing))
    };
    if restrictive.iter().any(binds) {
        return Vec::new();
    }
    admitting
        .into_iter()
        .flat_map(|policy| {
            let found = judge(catalogue, policy, table, asks, sources, unknown);
            found.into_iter().map(move |finding| (Some(policy), finding))
        })
        .collect()
}

fn judge(
    catalogue: &Catalogue,
    policy: &Policy,
    table: &Table,
    asks: Asks,
    sources: &Sources<'_>,
    unknown: &mut Vec<Unknown>,
) -> Vec<Finding> {
    // New rows are checked by USING where there is no WITH CHECK: that is judged as what it is, once.
    let Some(condition) = condition(policy, asks) else { return Vec::new() };
    let label = label(table);
    let written = asks.written && policy.check.is_some();
    let all = lets(condition, sources);
    let users_alone = all.iter().all(|(lets, _)| *lets != Lets::Nothing);
    let mut found = Vec::new();
    for (lets, rule_of_written) in all {
        let rule = match lets {
            Lets::Nothing => continue,
            Lets::OwnRows if asks.letter == "r" => continue,
            Lets::OwnRows => Rule::OwnerAccessWrites,
            Lets::Unknown => {
                unknown.push(Unknown { table: label.clone(), policy: policy.name.clone() });
                continue;
            }
            Lets::Broken(_) if written && rule_of_written => Rule::CheckOpen,
            Lets::Broken(rule) => rule,
        };
        let column = sources.column;
        let bind = || repair::bind(catalogue, table, column, policy, written);
        let repair = match rule {
            Rule::OwnerAccess | Rule::OwnerAccessWrites if users_alone => {
                repair::owner_access(catalogue, table, column, policy, condition)
            }
            Rule::TenantFallback => repair::no_fallback(catalogue, column, condition).unwrap_or_else(bind),
            _ => bind(),
        };
        let clause = if written { "WITH CHECK" } else { "USING" };
        let why = format!("the policy `{}` says {clause} {condition}: {}", policy.name, rule.means());
        found.push(broken(&label, rule, why, repair));
    }
    found
}

/// The condition of a policy that decides; `None` where it has none and therefore admits nothing.
fn condition(policy: &Policy, asks: Asks) -> Option<&str> {
    match asks.written {
        true => policy.check.as_deref().or(policy.using.as_deref()),
        false => policy.using.as_deref(),
    }
}

/// What each arm lets through, and whether a WITH CHECK that does so is simply open.
fn lets(condition: &str, sources: &Sources<'_>) -> Vec<(Lets, bool)> {
    let arms = expression::arms(condition, sources);
    arms.iter()
        .map(|arm| {
            let has = |leaf: Leaf| arm.contains(&leaf);
            if has(Leaf::Tenant) {
                (Lets::Nothing, false)
            } else if has(Leaf::Fallback) {
                (Lets::Broken(Rule::TenantFallback), false)
            } else if has(Leaf::NoTenant) && has(Leaf::Own) {
                (Lets::OwnRows, false)
            } else if has(Leaf::NoTenant) {
                (Lets::Broken(Rule::OpenWithoutTenant), false)
            } else if has(Leaf::Opaque) {
                (Lets::Unknown, false)
            } else if has(Leaf::Own) {
                (Lets::Broken(Rule::OwnerAccess), true)
            } else if arm.iter().all(|leaf| *leaf == Leaf::True) {
                (Lets::Broken(Rule::PolicyTrue), true)
            } else {
                (Lets::Broken(Rule::PolicyWithoutTenant), true)
            }
        })
        .collect()
}

/// `schema.table`, each quoted where it must be.
pub fn label(table: &Table) -> String {
    label_of(&table.schema, &table.name)
}

/// Likewise, of a table that is known by its names.
pub fn label_of(schema: &str, name: &str) -> String {
    [schema, name].map(plain).join(".")
}

/// A name as it is typed: quoted where it must be.
pub fn plain(name: &str) -> String {
    let simple = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if simple { name.to_owned() } else { quote(Engine::Postgres, name) }
}

/// The connected role, as it is typed.
pub fn role(catalogue: &Catalogue) -> String {
    plain(&catalogue.role.name)
}
