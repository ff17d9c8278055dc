//! Registering a tenant: on the cluster that is named, or on the least full one.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{
    sql,
    values::{Locale, Name, Owner, Slug, Timezone},
};
use crate::{
    Error, Result,
    config::Context,
    db::{Begin, Db, Engine, Fault, Query, Session, Table},
    fleet::{self, Cluster, Fleet, Tenant, TenantStatus, Tenants},
};

/// Attempts at a transaction that another one got into the way of.
const TRIES: u32 = 3;

/// A tenant to register.
#[derive(Debug, Clone)]
pub struct CreateRequest {
    /// Its short name.
    pub slug: Slug,
    /// Its name.
    pub name: Name,
    /// The cluster that it is to live on; the least full one where there is none.
    pub cluster: Option<String>,
    /// The region whose clusters may take it.
    pub region: Option<String>,
    /// The central user who owns it.
    pub owner: Option<Owner>,
    /// Its language.
    pub locale: Option<Locale>,
    /// Its time zone.
    pub timezone: Option<Timezone>,
    /// Its id; a new one of version 7 where there is none.
    pub id: Option<Uuid>,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was registered, or would be.
    Created,
    /// It was registered with another owner, before it was ever provisioned; it has this one now, or would have.
    Corrected,
    /// It is registered already, with these values.
    Unchanged,
}

impl Outcome {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Created => "created",
            Outcome::Corrected => "corrected",
            Outcome::Unchanged => "unchanged",
        }
    }
}

/// A tenant as it is registered now, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateReport {
    /// Its id; none where a dry run leaves it to be made.
    pub id: Option<String>,
    /// Its short name.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The cluster that it lives on.
    pub cluster: String,
    /// How it stands.
    pub status: TenantStatus,
    /// The central user who owns it.
    pub owner_user_id: Option<String>,
    /// Its language.
    pub locale: String,
    /// Its time zone.
    pub timezone: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether nothing was changed on purpose.
    pub dry_run: bool,
}

impl CreateReport {
    fn of(tenant: Tenant, outcome: Outcome, request: &CreateRequest) -> Self {
        let Tenant { id, slug, name, cluster, status, owner_user_id, locale, timezone, .. } = tenant;
        let is_made = outcome != Outcome::Created || !request.dry_run || request.id.is_some();
        let (id, dry_run) = (is_made.then_some(id), request.dry_run);
        Self { id, slug, name, cluster, status, owner_user_id, locale, timezone, outcome, dry_run }
    }
}

/// Registers a tenant. Two at once, and a cluster that is taken out of use meanwhile, come one after the other.
///
/// # Errors
/// [`crate::Kind::Refused`]: tenants of the platform's own tables, other values under the same slug or id, no cluster
/// that takes it; [`crate::Kind::NotFound`]: no such cluster or region; the database's.
pub async fn create(context: &Context, central: &Db, request: &CreateRequest) -> Result<CreateReport> {
    let tenants = Tenants::require(context, central).await?;
    let Tenants::Table(_, table) = &tenants else { return Err(not_ours()) };
    let mut tries = 0;
    loop {
        tries += 1;
        match attempt(context, central, &tenants, table, request).await {
            Err(error) if tries < TRIES && is_worth_another(&error) => {}
            done => return done,
        }
    }
}

/// A deadlock, or a row that somebody put in by hand meanwhile.
fn is_worth_another(error: &Error) -> bool {
    matches!(error.fault(), Some(Fault::Transient | Fault::Duplicate))
}

/// What to say where the platform registers its tenants itself.
pub(super) fn not_ours() -> Error {
    Error::refused("tenants are registered in the platform's own tables: nothing was changed")
        .because("[fleet] tenants reads them by a query")
        .hint("register the tenant with the platform, then give it its rows: `opsctl tenant provision SLUG`")
}

async fn attempt(
    context: &Context,
    central: &Db,
    tenants: &Tenants<'_>,
    table: &Table,
    request: &CreateRequest,
) -> Result<CreateReport> {
    let mut session = central.session().await?;
    if !request.dry_run {
        session.begin(Begin::Write).await?;
        fleet::hold(&mut session).await?;
    }
    let fleet = match fleet::of_file(context)? {
        Some(fleet) => fleet,
        None => fleet::load(context, central).await?,
    };
    if let Some(known) = known(&mut session, table, request).await? {
        return settle(session, table, known, request, &fleet).await;
    }
    let cluster = chosen(&fleet, tenants, request).await?;
    owned(cluster, request.owner.as_ref())?;
    let now = central.now().await?;
    let tenant = Tenant {
        id: request.id.unwrap_or_else(|| new_id(now)).to_string(),
        slug: request.slug.as_str().to_owned(),
        name: request.name.as_str().to_owned(),
        cluster: cluster.name.clone(),
        status: TenantStatus::Pending,
        owner_user_id: request.owner.as_ref().map(|owner| owner.as_str().to_owned()),
        locale: request.locale.clone().unwrap_or_default().as_str().to_owned(),
        timezone: request.timezone.clone().unwrap_or_default().as_str().to_owned(),
        provisioned_at: None,
        created_at: Some(now),
    };
    if !request.dry_run {
        session.execute(sql::tenant(table, &tenant, now)).await?;
        session.commit().await?;
    }
    Ok(CreateReport::of(tenant, Outcome::Created, request))
}

/// Version 7: of the database's time, so that ids are in the order in which tenants were registered.
fn new_id(now: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
}

/// The tenant of this slug, or of this id.
async fn known(session: &mut Session<'_>, table: &Table, request: &CreateRequest) -> Result<Option<Tenant>> {
    let id = request.id.map(|id| id.to_string());
    for (column, value) in [("slug", Some(request.slug.as_str())), ("id", id.as_deref())] {
        let Some(value) = value else { continue };
        let sql = format!("SELECT * FROM {} WHERE {column} = {}", table.name, table.hole(column));
        if let Some(row) = session.first(Query::new(sql).bind(value)).await? {
            return Tenant::of(&row).map(Some);
        }
    }
    Ok(None)
}

/// A tenant that is registered already: as it is asked for, but for an owner that may still be set right.
async fn settle(
    mut session: Session<'_>,
    table: &Table,
    known: Tenant,
    request: &CreateRequest,
    fleet: &Fleet,
) -> Result<CreateReport> {
    let owner = request.owner.as_ref().map(|owner| owner.as_str().to_owned());
    let owner = owner.filter(|owner| was_never_ready(&known) && known.owner_user_id.as_ref() != Some(owner));
    let wanted = Tenant { owner_user_id: owner.clone().or_else(|| known.owner_user_id.clone()), ..known };
    same(&wanted, request, fleet)?;
    let Some(owner) = owner else { return Ok(CreateReport::of(wanted, Outcome::Unchanged, request)) };
    if let Ok(cluster) = fleet.cluster(&wanted.cluster) {
        owned(cluster, request.owner.as_ref())?;
    }
    if !request.dry_run {
        let now = session.db().now().await?;
        session.execute(sql::owner(table, &wanted, &owner, now)).await?;
        session.commit().await?;
    }
    Ok(CreateReport::of(wanted, Outcome::Corrected, request))
}

/// Whether nothing was made yet that names the owner.
fn was_never_ready(tenant: &Tenant) -> bool {
    tenant.provisioned_at.is_none()
        && matches!(tenant.status, TenantStatus::Pending | TenantStatus::ProvisioningFailed)
}

/// What to type where a tenant's owner is not a user's id, as long as that can be set right.
pub(super) fn correction(tenant: &Tenant) -> Option<String> {
    let name = crate::text::shell_word(&tenant.name);
    let line = || format!("opsctl tenant create {} --name {name} --owner-user-id UUID", tenant.slug);
    was_never_ready(tenant).then(line)
}

/// Refuses an owner whom the tenant set's column cannot hold: a `uuid` on PostgreSQL, 36 characters on MySQL and MariaDB.
fn owned(cluster: &Cluster, owner: Option<&Owner>) -> Result<()> {
    let Some(owner) = owner.map(Owner::as_str) else { return Ok(()) };
    let (fits, takes) = match cluster.engine {
        Some(Engine::Postgres) => (Uuid::try_parse(owner).is_ok(), "only UUIDs"),
        Some(Engine::MySql) => (owner.len() <= 36, "at most 36 characters"),
        Some(Engine::Sqlite) | None => return Ok(()),
    };
    if fits {
        return Ok(());
    }
    Err(Error::refused(format!(
        "cluster `{}` cannot hold the owner's id `{owner}`: nothing was changed",
        cluster.name
    ))
    .because(format!("`tenant_user.user_id` takes {takes} there"))
    .hint("name a user's id with `--owner-user-id`, or leave it out until there is one"))
}

/// Whether a registered tenant is the one that is asked for; what was not asked for may be anything.
fn same(known: &Tenant, request: &CreateRequest, fleet: &Fleet) -> Result<()> {
    let region = fleet.clusters.iter().find(|cluster| cluster.name == known.cluster);
    let region = region.and_then(|cluster| cluster.region.as_deref());
    let id = request.id.map(|id| id.to_string());
    let asked = [
        ("slug", Some(request.slug.as_str()), Some(known.slug.as_str())),
        ("id", id.as_deref(), Some(&known.id)),
        ("name", Some(request.name.as_str()), Some(&known.name)),
        ("cluster", request.cluster.as_deref(), Some(&known.cluster)),
        ("region", request.region.as_deref(), region),
        ("owner", request.owner.as_ref().map(Owner::as_str), known.owner_user_id.as_deref()),
        ("locale", request.locale.as_ref().map(Locale::as_str), Some(&known.locale)),
        ("time zone", request.timezone.as_ref().map(Timezone::as_str), Some(&known.timezone)),
    ];
    let differing = asked.into_iter().filter(|(_, asked, is)| asked.is_some() && asked != is);
    let told: Vec<String> = differing
        .map(|(what, asked, is)| {
            format!("its {what} is `{}`, not `{}`", is.unwrap_or("-"), asked.unwrap_or_default())
        })
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    let error = Error::refused(format!(
        "tenant `{}` is registered with other values: nothing was changed",
        known.slug
    ));
    Err(error.because(told.join("; ")).hint(format!("look at it: `opsctl tenant show {}`", known.slug)))
}

async fn chosen<'f>(fleet: &'f Fleet, tenants: &Tenants<'_>, request: &CreateRequest) -> Result<&'f Cluster> {
    if let Some(region) = &request.region {
        fleet.region(region)?;
    }
    let counts = tenants.counts().await?;
    let Some(name) = &request.cluster else {
        return fleet::place(fleet, &counts, request.region.as_deref());
    };
    let cluster = fleet.cluster(name)?;
    fleet::admit(cluster, counts.get(name).copied().unwrap_or_default())?;
    Ok(cluster)
}
