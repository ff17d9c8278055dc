//! The rules that PostgreSQL's catalogue can answer, beside those of the policies themselves.

use super::{
    finding::{Finding, Rule, broken},
    policies::{self, label, plain, role},
};
use crate::isolation::{
    catalogue::{Catalogue, Function, Relation, Table},
    expression,
};

/// What the catalogue alone shows, and what it cannot judge.
pub struct Read {
    /// Broken rules.
    pub findings: Vec<Finding>,
    /// Policies in a form that is not known: `table: policy`.
    pub unknown: Vec<String>,
    /// What is worth knowing, and nothing is wrong with.
    pub notes: Vec<String>,
}

/// Applies every rule.
pub fn read(catalogue: &Catalogue, column: &str) -> Read {
    let mut unknown = Vec::new();
    let mut findings = roles(catalogue);
    findings.extend(variables(catalogue, column));
    for table in catalogue.tables.iter().filter(|table| !is_behind(table)) {
        findings.extend(one_table(catalogue, table, column, &mut unknown));
    }
    findings.extend(keys(catalogue, column));
    findings.extend(views(catalogue));
    findings.extend(functions(catalogue));
    unknown.sort();
    unknown.dedup();
    Read { findings, unknown, notes: notes(catalogue) }
}

/// A partition on which the role has no rights: it is reached through its parent, whose policies hold.
fn is_behind(table: &Table) -> bool {
    let data = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    table.is_child && !table.grants.iter().any(|grant| data.contains(&grant.as_str()))
}

fn roles(catalogue: &Catalogue) -> Vec<Finding> {
    let me = role(catalogue);
    let known = &catalogue.role;
    let mut found = Vec::new();
    if known.superuser {
        let why = format!("`{}` is a superuser: no policy binds it", known.name);
        found.push(broken("", Rule::RoleSuperuser, why, format!("ALTER ROLE {me} NOSUPERUSER")));
    } else if known.bypasses {
        let why = format!("`{}` has BYPASSRLS: no policy binds it", known.name);
        found.push(broken("", Rule::RoleBypassRls, why, format!("ALTER ROLE {me} NOBYPASSRLS")));
    }
    if known.creates_roles && !known.superuser {
        let why = format!("`{}` has CREATEROLE: it may grant itself other roles", known.name);
        found.push(broken("", Rule::RoleCreateRole, why, format!("ALTER ROLE {me} NOCREATEROLE")));
    }
    if known.replicates && !known.superuser {
        let why = format!("`{}` has REPLICATION: it may read every change of every table", known.name);
        found.push(broken("", Rule::RoleReplication, why, format!("ALTER ROLE {me} NOREPLICATION")));
    }
    for member in &known.member_of {
        let what = match (member.superuser, member.bypasses) {
            (true, _) => "a superuser",
            (_, true) => "a role with BYPASSRLS",
            _ if member.built_in => "which reaches past the rights on tables",
            _ => "the owner of tenant tables",
        };
        let why = format!("`{}` may act as `{}`, {what}", known.name, member.name);
        found.push(broken("", Rule::RoleMember, why, format!("REVOKE {} FROM {me}", plain(&member.name))));
    }
    found
}

fn variables(catalogue: &Catalogue, column: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let variables = catalogue.tenant_variables(column);
    if variables.len() > 1 {
        let why = format!("policies read `{}`: who enters a tenant sets one of them", variables.join("`, `"));
        found.push(broken("", Rule::SeveralVariables, why, "-- let all policies read the same variable"));
    }
    for setting in &catalogue.settings {
        let Some((name, _)) = setting.line.split_once('=') else { continue };
        if !variables.iter().any(|variable| variable == name) {
            continue;
        }
        let (whose, repair) = match (setting.for_role, setting.for_database) {
            (true, true) => {
                ("the role in this database", format!("ALTER ROLE {} IN DATABASE current", role(catalogue)))
            }
            (true, false) => ("the role", format!("ALTER ROLE {}", role(catalogue))),
            _ => ("this database", "ALTER DATABASE current".to_owned()),
        };
        let why = format!("`{name}` is set for {whose}: every connection begins inside a tenant");
        found.push(broken("", Rule::VariableSet, why, format!("{repair} RESET {name}")));
    }
    found
}

fn one_table(catalogue: &Catalogue, table: &Table, column: &str, unknown: &mut Vec<String>) -> Vec<Finding> {
    let label = label(table);
    let mut found = grants(catalogue, table);
    if !table.not_null && !table.is_child {
        let repair = format!("ALTER TABLE {label} ALTER COLUMN {} SET NOT NULL", plain(column));
        found.push(broken(&label, Rule::TenantNullable, format!("`{column}` may be NULL"), repair));
    }
    if table.is_owner && !catalogue.role.superuser {
        let why = format!("`{}` owns it, and may switch its policies off", catalogue.role.name);
        found.push(broken(
            &label,
            Rule::RoleOwner,
            why,
            format!("ALTER TABLE {label} OWNER TO the_migrators_role"),
        ));
    }
    if table.kind == "f" {
        let why = "a foreign table takes no policies";
        found.push(broken(
            &label,
            Rule::RlsOff,
            why,
            format!("REVOKE ALL ON {label} FROM {}", role(catalogue)),
        ));
        return found;
    }
    if !table.enabled && table.is_child {
        let why = "it can be read by its own name, where its parent's policies do not hold";
        found.push(broken(&label, Rule::PartitionReachable, why, enable(&label)));
        return found;
    }
    if !table.enabled {
        found.push(broken(&label, Rule::RlsOff, Rule::RlsOff.means(), enable(&label)));
        return found;
    }
    if !table.forced {
        let why = format!("it does not bind `{}`, who owns the table", table.owner);
        let repair = format!("ALTER TABLE {label} FORCE ROW LEVEL SECURITY");
        found.push(broken(&label, Rule::RlsNotForced, why, repair));
    }
    found.extend(
        catalogue.with_sources(column, |sources| policies::findings(catalogue, table, sources, unknown)),
    );
    found
}

fn enable(label: &str) -> String {
    format!("ALTER TABLE {label} ENABLE ROW LEVEL SECURITY; ALTER TABLE {label} FORCE ROW LEVEL SECURITY")
}

/// Rights on a table that its policies do not cover. An owner has them all, and is a finding by itself.
fn grants(catalogue: &Catalogue, table: &Table) -> Vec<Finding> {
    if table.is_owner || catalogue.role.superuser {
        return Vec::new();
    }
    let covered = [
        ("TRUNCATE", Rule::GrantTruncate),
        ("TRIGGER", Rule::GrantTrigger),
        ("REFERENCES", Rule::GrantReferences),
    ];
    let label = label(table);
    let granted = covered.iter().filter(|(word, _)| table.grants.iter().any(|grant| grant == word));
    granted
        .map(|(word, rule)| {
            let why = format!("{word} is granted to `{}`", catalogue.role.name);
            broken(&label, *rule, why, format!("REVOKE {word} ON {label} FROM {}", role(catalogue)))
        })
        .collect()
}

fn keys(catalogue: &Catalogue, column: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for key in catalogue.keys.iter().filter(|key| !key.surrogate) {
        let Some(table) = catalogue.table(key.table) else { continue };
        let columns = key.columns.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ");
        let why = format!("the key `{}` ({columns}) spans all tenants", key.name);
        let repair = format!(
            "-- make `{}` anew on {}, with {} before its other parts",
            key.name,
            label(table),
            plain(column)
        );
        found.push(broken(label(table), Rule::UniqueKey, why, repair));
    }
    for reference in &catalogue.references {
        let (Some(table), Some(to)) = (catalogue.table(reference.table), catalogue.table(reference.to))
        else {
            continue;
        };
        let why = format!("`{}` says {}, without `{column}`", reference.name, reference.definition);
        let repair = format!(
            "ALTER TABLE {0} DROP CONSTRAINT {1}; ALTER TABLE {0} ADD FOREIGN KEY ({2}, …) REFERENCES {3} ({2}, …)",
            label(table),
            plain(&reference.name),
            plain(column),
            label(to)
        );
        found.push(broken(label(table), Rule::ForeignKey, why, repair));
    }
    found
}

fn views(catalogue: &Catalogue) -> Vec<Finding> {
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
    let me = role(catalogue);
    match relation.kind.as_str() {
        "m" => {
            let why = format!("the materialized view {name} is made from it, and has no policies");
            Some(broken(label(table), Rule::MaterializedView, why, format!("REVOKE ALL ON {name} FROM {me}")))
        }
        "v" if relation.free => {
            let via = relation.via.as_deref().unwrap_or(&name);
            let why =
                format!("the view {name} reads it as `{}`, whom its policies do not bind", relation.owner);
            let repair = format!(
                "ALTER VIEW {via} SET (security_invoker = true); -- before PostgreSQL 15: give it an owner who is bound"
            );
            Some(broken(label(table), Rule::ViewDefiner, why, repair))
        }
        "r" | "p" if relation.free => {
            let why =
                format!("a rule of {name} reaches it as `{}`, whom its policies do not bind", relation.owner);
            Some(broken(label(table), Rule::RewriteRule, why, format!("DROP RULE … ON {name}")))
        }
        _ => None,
    }
}

fn functions(catalogue: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for definer in &catalogue.definers {
        let Some(table) = catalogue.table(definer.table) else { continue };
        let (signature, owner) = (&definer.signature, &definer.owner);
        let (at, why) = match definer.named {
            true => {
                (label(table), format!("{signature} reaches it as `{owner}`, whom its policies do not bind"))
            }
            false => (
                String::new(),
                format!("{signature} makes its SQL as it runs, as `{owner}`, whom policies do not bind"),
            ),
        };
        let finding =
            broken(at, Rule::FunctionDefiner, why, format!("ALTER FUNCTION {signature} SECURITY INVOKER"));
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
            format!("ALTER FUNCTION {name} OWNER TO the_migrators_role"),
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

fn notes(catalogue: &Catalogue) -> Vec<String> {
    let mut notes: Vec<String> = catalogue
        .lookalikes
        .iter()
        .map(|name| format!("{name} looks like a tenant's, and has no tenant column"))
        .collect();
    let implicit = catalogue.policies.iter().filter(|policy| {
        policy.permissive
            && policy.applies
            && policy.check.is_none()
            && ["*", "w"].contains(&policy.command.as_str())
    });
    notes.extend(implicit.filter_map(|policy| {
        let table = catalogue.table(policy.table)?;
        Some(format!(
            "{}: the policy `{}` has no WITH CHECK; its USING decides about new rows, too",
            label(table),
            policy.name
        ))
    }));
    notes
}
