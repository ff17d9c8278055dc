//! Roles and what they permit: from the fixtures, compared with the tenant's, and made to agree in one transaction. A role
//! and its permissions are one thing: one row of the counts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    ids,
    place::{Place, flag, number, raced},
    steps::{Done, Tally},
};
use crate::{
    Error, Result,
    db::{BulkUpdate, Query, Session, Value},
};

/// The table of roles.
pub const ROLES: &str = "tenant_roles";
/// The table of what they permit.
pub const PERMISSIONS: &str = "tenant_role_permissions";
/// The role of a tenant's owner.
pub const OWNER: &str = "owner";
/// Columns without which nothing can be done.
pub const ROLE_COLUMNS: [&str; 8] = [
    "code",
    "name",
    "is_system",
    "source_version",
    "source_checksum",
    "modified_by_tenant_at",
    "created_at",
    "updated_at",
];
/// Likewise.
pub const PERMISSION_COLUMNS: [&str; 3] = ["role_code", "permission", "created_at"];

const FIXTURE: &str = include_str!("../../../fixtures/tenant_roles.json");

/// A role that every tenant has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its code, unique within the tenant.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it permits.
    pub permissions: BTreeSet<String>,
}

/// The roles that every tenant has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Counts up with every change.
    pub version: i64,
    /// The roles.
    pub roles: Vec<Role>,
}

impl Role {
    fn checksum(&self) -> String {
        let own = [self.code.as_str(), self.name.as_str()];
        ids::checksum(own.into_iter().chain(self.permissions.iter().map(String::as_str)))
    }
}

impl Roles {
    /// Those of the fixtures.
    ///
    /// # Errors
    /// A file that does not fit its type.
    pub fn of_fixtures() -> Result<Self> {
        serde_json::from_str(FIXTURE)
            .map_err(|error| Error::failed("fixtures/tenant_roles.json").because(error))
    }

    /// Checksum of all of them.
    pub fn input(&self) -> String {
        let sums: Vec<String> = self.roles.iter().map(Role::checksum).collect();
        ids::checksum(sums.iter().map(String::as_str))
    }
}

/// A role of the tenant as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Existing {
    name: String,
    is_system: bool,
    is_edited: bool,
    version: Option<i64>,
    checksum: Option<String>,
    permissions: BTreeSet<String>,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Roles to make.
    pub create: Vec<Role>,
    /// Roles to change, with permissions to take away.
    pub update: Vec<(Role, BTreeSet<String>)>,
    /// Roles that are as they are to be.
    pub unchanged: u64,
    /// Roles that the tenant edited.
    pub edited: Vec<String>,
    /// Roles of the tenant's own under a code of the fixtures'.
    pub foreign: Vec<String>,
    grants: Vec<(String, String)>,
    version: i64,
}

impl Plan {
    /// In numbers.
    pub fn tally(&self) -> Tally {
        Tally {
            created: self.create.len() as u64,
            updated: self.update.len() as u64,
            unchanged: self.unchanged,
            skipped: (self.edited.len() + self.foreign.len()) as u64,
        }
    }
}

fn compare(roles: &Roles, existing: &BTreeMap<String, Existing>) -> Plan {
    let mut plan = Plan { version: roles.version, ..Plan::default() };
    for role in &roles.roles {
        let Some(known) = existing.get(&role.code) else {
            plan.grants
                .extend(role.permissions.iter().map(|permission| (role.code.clone(), permission.clone())));
            plan.create.push(role.clone());
            continue;
        };
        let same = known.name == role.name
            && known.permissions == role.permissions
            && known.version == Some(roles.version)
            && known.checksum == Some(role.checksum());
        if !known.is_system {
            plan.foreign.push(role.code.clone());
        } else if known.is_edited {
            plan.edited.push(role.code.clone());
        } else if same {
            plan.unchanged += 1;
        } else {
            let missing = role.permissions.difference(&known.permissions);
            plan.grants.extend(missing.map(|permission| (role.code.clone(), permission.clone())));
            let further = known.permissions.difference(&role.permissions).cloned().collect();
            plan.update.push((role.clone(), further));
        }
    }
    plan
}

/// What is to be done, seen in one transaction.
///
/// # Errors
/// The database's.
pub async fn look(place: &Place<'_>, session: &mut Session<'_>, roles: &Roles) -> Result<Plan> {
    let table = place.table(ROLES)?;
    let (own, tenant) = place.own(table);
    let sql = format!(
        "SELECT code, name, is_system, source_version, source_checksum, modified_by_tenant_at FROM {} WHERE {own}",
        table.name
    );
    let mut existing = BTreeMap::new();
    for row in session.fetch(Query::new(sql).bind(tenant)).await? {
        let has_version = row.text_or_null("source_version")?.is_some();
        let known = Existing {
            name: row.text("name")?,
            is_system: row.int("is_system")? != 0,
            is_edited: row.text_or_null("modified_by_tenant_at")?.is_some(),
            version: if has_version { Some(row.int("source_version")?) } else { None },
            checksum: row.text_or_null("source_checksum")?.map(|sum| sum.trim_end().to_owned()),
            permissions: BTreeSet::new(),
        };
        existing.insert(row.text("code")?, known);
    }
    let table = place.table(PERMISSIONS)?;
    let (own, tenant) = place.own(table);
    let sql = format!("SELECT role_code, permission FROM {} WHERE {own}", table.name);
    for row in session.fetch(Query::new(sql).bind(tenant)).await? {
        if let Some(role) = existing.get_mut(&row.text("role_code")?) {
            role.permissions.insert(row.text("permission")?);
        }
    }
    Ok(compare(roles, &existing))
}

/// Carries a plan out. A role that the tenant has edited since it was read is not overwritten.
///
/// # Errors
/// [`crate::db::Fault::Transient`] where roles were changed meanwhile, or the database's.
pub async fn apply(place: &Place<'_>, session: &mut Session<'_>, plan: &Plan) -> Result<()> {
    let table = place.table(ROLES)?;
    let now = place.now().await?;
    let made = plan.create.iter().map(|role| {
        vec![
            role.code.as_str().into(),
            role.name.as_str().into(),
            flag(true),
            number(Some(plan.version)),
            role.checksum().into(),
            now.clone(),
            now.clone(),
        ]
    });
    let columns =
        ["code", "name", "is_system", "source_version", "source_checksum", "created_at", "updated_at"];
    place.insert(session, table, &columns, made.collect()).await?;
    if !plan.update.is_empty() {
        let set = |value: fn(&Role) -> Value| plan.update.iter().map(|(role, _)| value(role)).collect();
        let codes = plan.update.iter().map(|(role, _)| role.code.clone()).collect();
        let update = BulkUpdate::new(table, "code", codes)
            .set("name", set(|role| role.name.as_str().into()))
            .set("source_checksum", set(|role| role.checksum().into()))
            .set_all(
                format!("source_version = {}", table.hole("source_version")),
                vec![number(Some(plan.version))],
            )
            .set_all(format!("updated_at = {}", table.hole("updated_at")), vec![now.clone()])
            .only_where("modified_by_tenant_at IS NULL")
            .within("tenant_id", place.tenant.id.as_str());
        let changed = session.execute(update.query()).await?;
        if changed != plan.update.len() as u64 {
            return Err(raced(&format!("{changed} of {} roles are as they were read", plan.update.len())));
        }
    }
    permissions(place, session, plan, &now).await
}

async fn permissions(place: &Place<'_>, session: &mut Session<'_>, plan: &Plan, now: &Value) -> Result<()> {
    let table = place.table(PERMISSIONS)?;
    for (role, further) in plan.update.iter().filter(|(_, further)| !further.is_empty()) {
        let (own, tenant) = place.own(table);
        let which = table.one_of("permission", further.iter().map(String::as_str));
        let sql = format!(
            "DELETE FROM {} WHERE {own} AND role_code = {} AND {}",
            table.name,
            table.hole("role_code"),
            which.sql
        );
        let query = Query::new(sql).bind(tenant).bind(role.code.as_str()).bind_all(which.values);
        session.execute(query).await?;
    }
    let granted = plan
        .grants
        .iter()
        .map(|(role, permission)| vec![role.as_str().into(), permission.as_str().into(), now.clone()]);
    place.insert(session, table, &PERMISSION_COLUMNS, granted.collect()).await
}

/// What the step came to.
pub fn done(roles: &Roles, plan: &Plan) -> Done {
    let mut warnings = Vec::new();
    if !plan.foreign.is_empty() {
        let told = super::taxonomies::some(&plan.foreign);
        warnings.push(format!(
            "{told}: roles of the tenant's own under a code of the fixtures', left as they are"
        ));
    }
    Done::of(plan.tally(), roles.roles.len() as u64, roles.input(), warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_made(roles: &Roles) -> BTreeMap<String, Existing> {
        let known = |role: &Role| Existing {
            name: role.name.clone(),
            is_system: true,
            is_edited: false,
            version: Some(roles.version),
            checksum: Some(role.checksum()),
            permissions: role.permissions.clone(),
        };
        roles.roles.iter().map(|role| (role.code.clone(), known(role))).collect()
    }

    #[test]
    fn the_fixtures_have_an_owner_and_no_code_twice() {
        let roles = Roles::of_fixtures().unwrap();
        let codes: BTreeSet<&str> = roles.roles.iter().map(|role| role.code.as_str()).collect();
        assert!(codes.contains(OWNER) && codes.len() == roles.roles.len());
    }

    #[test]
    fn a_role_differs_when_its_permissions_do() {
        let roles = Roles::of_fixtures().unwrap();
        assert_eq!(compare(&roles, &BTreeMap::new()).tally().created, 4);
        let mut existing = as_made(&roles);
        assert_eq!(compare(&roles, &existing).tally().unchanged, 4);
        let owner = existing.get_mut(OWNER).unwrap();
        owner.permissions.remove("billing.manage");
        owner.permissions.insert("old.one".into());
        let plan = compare(&roles, &existing);
        assert_eq!(plan.grants, [(OWNER.to_owned(), "billing.manage".to_owned())]);
        assert_eq!(plan.update[0].1, BTreeSet::from(["old.one".to_owned()]));
    }

    #[test]
    fn an_edited_role_keeps_its_permissions() {
        let roles = Roles::of_fixtures().unwrap();
        let mut existing = as_made(&roles);
        let owner = existing.get_mut(OWNER).unwrap();
        (owner.is_edited, owner.permissions) = (true, BTreeSet::new());
        let plan = compare(&roles, &existing);
        assert_eq!((plan.edited, plan.grants.len()), (vec![OWNER.to_owned()], 0));
    }
}
