//! Rows that are put into opsctl's tables of tenants.

use chrono::{DateTime, Utc};

use crate::{
    db::{Query, Table, Value},
    fleet::Tenant,
};

/// One row, with these values in these columns.
pub(super) fn insert(table: &Table, values: Vec<(&str, Value)>) -> Query {
    let names: Vec<String> = values.iter().map(|(column, _)| table.column(column)).collect();
    let holes: Vec<String> = values.iter().map(|(column, _)| table.hole(column)).collect();
    let sql = format!("INSERT INTO {} ({}) VALUES ({})", table.name, names.join(", "), holes.join(", "));
    Query::new(sql).bind_all(values.into_iter().map(|(_, value)| value))
}

/// A tenant that is registered now.
pub(super) fn tenant(table: &Table, tenant: &Tenant, now: DateTime<Utc>) -> Query {
    let values = vec![
        ("id", tenant.id.as_str().into()),
        ("slug", tenant.slug.as_str().into()),
        ("name", tenant.name.as_str().into()),
        ("cluster", tenant.cluster.as_str().into()),
        ("status", tenant.status.name().into()),
        ("owner_user_id", tenant.owner_user_id.clone().into()),
        ("locale", tenant.locale.as_str().into()),
        ("timezone", tenant.timezone.as_str().into()),
        ("provisioned_at", tenant.provisioned_at.into()),
        ("created_at", tenant.created_at.unwrap_or(now).into()),
        ("updated_at", now.into()),
    ];
    insert(table, values)
}

/// Another owner of a tenant that is as it was read.
pub(super) fn owner(table: &Table, tenant: &Tenant, owner: &str, now: DateTime<Utc>) -> Query {
    let sql = format!(
        "UPDATE {} SET owner_user_id = {}, updated_at = {} WHERE id = {} AND status = {} AND provisioned_at IS NULL",
        table.name,
        table.hole("owner_user_id"),
        table.hole("updated_at"),
        table.hole("id"),
        table.hole("status")
    );
    Query::new(sql).bind(owner).bind(now).bind(tenant.id.as_str()).bind(tenant.status.name())
}
