//! The rules that PostgreSQL's catalogue can answer, beside those of the policies themselves.

use super::{
    finding::{Finding, Rule, broken},
    policies::{self, Unknown, label, plain, role},
    reach, repair,
};
use crate::isolation::catalogue::{Catalogue, Owned, Table};

/// What the catalogue alone shows, and what it cannot judge.
pub struct Read {
    /// Broken rules.
    pub findings: Vec<Finding>,
    /// Policies in a form that is not known.
    pub unknown: Vec<Unknown>,
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
    findings.extend(reach::views(catalogue));
    findings.extend(reach::functions(catalogue));
    let (kept, mut notes) = reach::kept_variables(catalogue, column);
    findings.extend(kept);
    notes.extend(lookalikes(catalogue, column));
    unknown.sort();
    unknown.dedup();
    Read { findings, unknown, notes }
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
        let through = member.through.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ");
        found.push(broken("", Rule::RoleMember, why, format!("REVOKE {through} FROM {me}")));
    }
    found.extend(catalogue.schemas.iter().map(|schema| owned(catalogue, schema)));
    found
}

/// A schema of the application's own: who owns it may drop everything in it, whoever owns that.
fn owned(catalogue: &Catalogue, schema: &Owned) -> Finding {
    let me = &catalogue.role.name;
    let how = match (schema.by_database, schema.owner == *me) {
        (true, _) => ", because it owns the database".to_owned(),
        (_, true) => String::new(),
        (_, false) => format!(", by the role `{}`", schema.owner),
    };
    let why = format!(
        "`{me}` owns the schema {}{how}: it may drop its tables, and the functions of their policies with CASCADE",
        plain(&schema.name)
    );
    broken("", Rule::SchemaOwner, why, repair::schema(catalogue, schema))
}

fn variables(catalogue: &Catalogue, column: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let variables = catalogue.tenant_variables(column);
    let database = plain(&catalogue.database);
    if variables.len() > 1 {
        let why = format!("policies read `{}`: who enters a tenant sets one of them", variables.join("`, `"));
        found.push(broken("", Rule::SeveralVariables, why, repair::one_variable(catalogue, column)));
    }
    for setting in &catalogue.settings {
        let Some((name, _)) = setting.line.split_once('=') else { continue };
        if !variables.iter().any(|variable| variable == name) {
            continue;
        }
        let (whose, repair) = match (setting.for_role, setting.for_database) {
            (true, true) => (
                "the role in this database",
                format!("ALTER ROLE {} IN DATABASE {database}", role(catalogue)),
            ),
            (true, false) => ("the role", format!("ALTER ROLE {}", role(catalogue))),
            _ => ("this database", format!("ALTER DATABASE {database}")),
        };
        let why = format!("`{name}` is set for {whose}: every connection begins inside a tenant");
        found.push(broken("", Rule::VariableSet, why, format!("{repair} RESET {name}")));
    }
    found
}

fn one_table(catalogue: &Catalogue, table: &Table, column: &str, unknown: &mut Vec<Unknown>) -> Vec<Finding> {
    let label = label(table);
    let mut found = grants(catalogue, table);
    if !table.not_null && !table.is_child {
        let repair = format!("ALTER TABLE {label} ALTER COLUMN {} SET NOT NULL", plain(column));
        found.push(broken(&label, Rule::TenantNullable, format!("`{column}` may be NULL"), repair));
    }
    if table.is_owner && !catalogue.role.superuser {
        let why = format!("`{}` owns it, and may switch its policies off", catalogue.role.name);
        found.push(broken(&label, Rule::RoleOwner, why, repair::owner(catalogue, table)));
    }
    if table.kind == "f" {
        let why = "a foreign table takes no policies";
        let repair = repair::revoke(catalogue, "ALL", &label, &table.holders);
        found.push(broken(&label, Rule::RlsOff, why, repair));
        return found;
    }
    if !table.enabled && table.is_child {
        let why = "it can be read by its own name, where its parent's policies do not hold";
        found.push(broken(&label, Rule::PartitionReachable, why, repair::close(catalogue, table, column)));
        return found;
    }
    if !table.enabled {
        let repair = repair::close(catalogue, table, column);
        found.push(broken(&label, Rule::RlsOff, Rule::RlsOff.means(), repair));
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
            broken(&label, *rule, why, repair::revoke(catalogue, word, &label, &table.holders))
        })
        .collect()
}

fn keys(catalogue: &Catalogue, column: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for key in catalogue.keys.iter().filter(|key| !key.surrogate) {
        let Some(table) = catalogue.table(key.table) else { continue };
        let columns = key.columns.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ");
        let why = format!("the key `{}` ({columns}) spans all tenants", key.name);
        let repair = repair::key(key, table, column);
        found.push(broken(label(table), Rule::UniqueKey, why, repair));
    }
    for reference in &catalogue.references {
        let (Some(table), Some(to)) = (catalogue.table(reference.table), catalogue.table(reference.to))
        else {
            continue;
        };
        let why = format!("`{}` says {}, without `{column}`", reference.name, reference.definition);
        let repair = repair::reference(reference, table, to, column);
        found.push(broken(label(table), Rule::ForeignKey, why, repair));
    }
    found
}

/// Tables that look like a tenant's: nobody checks them.
fn lookalikes(catalogue: &Catalogue, column: &str) -> impl Iterator<Item = String> {
    catalogue.lookalikes.iter().map(move |one| match &one.column {
        Some(own) => format!("{} looks like a tenant's by `{own}`, and has no column `{column}`", one.name),
        None => format!("{} refers to a tenant table, and has no column `{column}`", one.name),
    })
}
