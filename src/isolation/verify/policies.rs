//! The policies of one table, command by command, as PostgreSQL puts them together: permissive ones add up, restrictive
//! ones all hold. A command that no permissive policy is for is refused for every row.

use super::finding::{Finding, Rule, broken};
use crate::{
    db::{Engine, quote},
    isolation::{
        catalogue::{Catalogue, Policy, Table},
        expression::{self, Leaf, Sources},
    },
};

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

/// Judges a table's policies for the connected role; adds what cannot be judged to `unknown`.
pub fn findings(
    catalogue: &Catalogue,
    table: &Table,
    sources: &Sources<'_>,
    unknown: &mut Vec<String>,
) -> Vec<Finding> {
    let policies: Vec<&Policy> =
        catalogue.policies.iter().filter(|policy| policy.table == table.oid).collect();
    let label = label(table);
    if !policies.iter().any(|policy| policy.permissive && policy.applies) {
        if table.is_child {
            return Vec::new(); // reached through its parent alone, as it should be
        }
        let why = match policies.is_empty() {
            true => "it has no policy: nobody sees anything".to_owned(),
            false => format!("none of its policies is for `{}`, which sees nothing", catalogue.role.name),
        };
        return vec![broken(&label, Rule::NoPolicy, why, isolate(table, sources.column, catalogue))];
    }
    let mut found: Vec<Finding> = Vec::new();
    for asks in ASKS {
        for finding in ask(catalogue, table, &policies, asks, sources, unknown) {
            if !found.iter().any(|known| known.rule == finding.rule && known.why == finding.why) {
                found.push(finding);
            }
        }
    }
    found
}

fn ask(
    catalogue: &Catalogue,
    table: &Table,
    policies: &[&Policy],
    asks: Asks,
    sources: &Sources<'_>,
    unknown: &mut Vec<String>,
) -> Vec<Finding> {
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
        let repair = format!("REVOKE {} ON {label} FROM {}", asks.command, role(catalogue));
        return granted.then(|| broken(&label, Rule::PolicyGap, why, repair)).into_iter().collect();
    }
    let binds = |policy: &&Policy| {
        condition(policy, asks)
            .is_some_and(|condition| lets(condition, sources).iter().all(|(lets, _)| *lets == Lets::Nothing))
    };
    if restrictive.iter().any(binds) {
        return Vec::new();
    }
    admitting.iter().flat_map(|policy| judge(policy, table, asks, sources, unknown)).collect()
}

fn judge(
    policy: &Policy,
    table: &Table,
    asks: Asks,
    sources: &Sources<'_>,
    unknown: &mut Vec<String>,
) -> Vec<Finding> {
    // New rows are checked by USING where there is no WITH CHECK: that is judged as what it is, once.
    let Some(condition) = condition(policy, asks) else { return Vec::new() };
    let label = label(table);
    let name = quote(Engine::Postgres, &policy.name);
    let equals = format!("{} = {}", quote(Engine::Postgres, sources.column), present(sources));
    let alter = |clause: &str| format!("ALTER POLICY {name} ON {label} {clause} ({equals})");
    let written = asks.written && policy.check.is_some();
    lets(condition, sources)
        .into_iter()
        .filter_map(|(lets, rule_of_written)| {
            let rule = match lets {
                Lets::Nothing => return None,
                Lets::OwnRows if asks.letter == "r" => return None,
                Lets::OwnRows => Rule::OwnerAccessWrites,
                Lets::Unknown => {
                    unknown.push(format!("{label}: {}", policy.name));
                    return None;
                }
                Lets::Broken(_) if written && rule_of_written => Rule::CheckOpen,
                Lets::Broken(rule) => rule,
            };
            let clause = if written { "WITH CHECK" } else { "USING" };
            let repair = match rule {
                Rule::OwnerAccess | Rule::OwnerAccessWrites => format!(
                    "DROP POLICY {name} ON {label}; CREATE POLICY {name} ON {label} FOR SELECT USING ({condition} AND {} IS NULL)",
                    present(sources)
                ),
                Rule::TenantFallback => {
                    format!("{}; and let the function give NULL where no tenant is entered", alter(clause))
                }
                _ => alter(clause),
            };
            let why = format!("the policy `{}` says {clause} {condition}: {}", policy.name, rule.means());
            Some(broken(&label, rule, why, repair))
        })
        .collect()
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

/// What gives the present tenant in SQL.
fn present(sources: &Sources<'_>) -> &'static str {
    if (sources.reads)("app_current_tenant").is_empty() {
        "NULLIF(current_setting('app.tenant_id', true), '')::uuid"
    } else {
        "(SELECT app_current_tenant())"
    }
}

/// The policy that a table should have.
pub fn isolate(table: &Table, column: &str, catalogue: &Catalogue) -> String {
    catalogue.with_sources(column, |sources| {
        let equals = format!("{} = {}", plain(column), present(sources));
        format!(
            "CREATE POLICY {} ON {} FOR ALL USING ({equals}) WITH CHECK ({equals})",
            plain(&format!("{}_tenant_isolation", table.name)),
            label(table)
        )
    })
}
