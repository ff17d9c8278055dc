//! The tenants of the fleet, and where each lives.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Roll, Unclear,
    registry::{platform, query},
};
use crate::{
    Error, Kind, Result,
    config::Context,
    db::{Db, Query, Row, Table},
    near,
};

/// The table in which opsctl registers tenants.
pub const TENANTS: &str = "opsctl_tenants";

/// Columns that a platform's query must give.
const REQUIRED: [&str; 4] = ["id", "slug", "cluster", "status"];
/// Where a status would stand, of tenants whose registration is unclear.
const UNCLEAR: &str = "unclear";

/// How a tenant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TenantStatus {
    /// Registered, and never provisioned.
    Pending,
    /// Being provisioned.
    Provisioning,
    /// Provisioned, in use.
    Active,
    /// Its last provisioning failed.
    ProvisioningFailed,
    /// Kept, and out of use.
    Suspended,
    /// Gone.
    Archived,
}

impl TenantStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Provisioning,
        Self::Active,
        Self::ProvisioningFailed,
        Self::Suspended,
        Self::Archived,
    ];

    /// Its word, in tables and in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Provisioning => "provisioning",
            Self::Active => "active",
            Self::ProvisioningFailed => "provisioning_failed",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
        }
    }
}

impl fmt::Display for TenantStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TenantStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|status| status.name() == text).ok_or_else(|| {
            let all = Self::ALL.map(Self::name);
            let error = Error::config(format!("`{text}` is no status of a tenant"));
            near::or(error, text, all, str::to_owned, format!("statuses: {}", all.join(", ")))
        })
    }
}

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tenant {
    /// Its id, as the rows of its cluster carry it.
    pub id: String,
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
    /// When it was last provisioned in full.
    pub provisioned_at: Option<DateTime<Utc>>,
    /// When it was registered.
    pub created_at: Option<DateTime<Utc>>,
}

impl Tenant {
    /// One of a row with the columns of `opsctl_tenants`, or some of them.
    ///
    /// # Errors
    /// [`Kind::Config`]: a row that lacks what every tenant has.
    pub fn of(row: &Row) -> Result<Self> {
        // A platform's own query gives some of the columns only.
        let text = |column: &str| row.text_or_null(column).ok().flatten().filter(|text| !text.is_empty());
        let time = |column: &str| row.time(column).ok().flatten();
        let required =
            |column: &str| text(column).ok_or_else(|| Error::config(format!("it lacks its `{column}`")));
        let (id, slug) = (required("id")?, required("slug")?);
        Ok(Self {
            status: required("status")?.parse()?,
            cluster: required("cluster")?,
            name: text("name").unwrap_or_else(|| slug.clone()),
            owner_user_id: text("owner_user_id"),
            locale: text("locale").unwrap_or_else(|| "id".into()),
            timezone: text("timezone").unwrap_or_else(|| "UTC".into()),
            provisioned_at: time("provisioned_at"),
            created_at: time("created_at"),
            id,
            slug,
        })
    }
}

/// Where tenants are registered.
#[derive(Debug)]
pub enum Tenants<'a> {
    /// `[fleet] tenants`: a query over the platform's own tables. opsctl changes nothing there.
    Query(&'a Db, &'a str),
    /// `opsctl_tenants`.
    Table(&'a Db, Table),
}

impl<'a> Tenants<'a> {
    /// Where this context's tenants are registered; `None` where nobody says and opsctl's table does not exist.
    ///
    /// # Errors
    /// The central database's.
    pub async fn open(context: &'a Context, central: &'a Db) -> Result<Option<Self>> {
        if let Some(sql) = query(context, |fleet| fleet.tenants.as_deref()) {
            return Ok(Some(Self::Query(central, sql)));
        }
        Ok(central.table(TENANTS).await?.map(|table| Self::Table(central, table)))
    }

    /// As [`Tenants::open`], for those who cannot do without.
    ///
    /// # Errors
    /// [`Kind::Config`] where no tenants are registered, or the central database's.
    pub async fn require(context: &'a Context, central: &'a Db) -> Result<Self> {
        Self::open(context, central).await?.ok_or_else(|| {
            Error::config(format!("{} has no table `{TENANTS}`", central.target()))
                .hint("add opsctl's tables beside the application's: `opsctl db migrate`")
                .hint("a platform with tables of its own is read by a query: `[fleet] tenants` in an opsctl.toml")
        })
    }

    /// All of them.
    ///
    /// # Errors
    /// The central database's; a query that lacks a column. What is wrong with a row is told by the roll.
    pub async fn all(&self) -> Result<Roll> {
        let rows = match self {
            Self::Query(db, sql) => whole(platform(db, sql, "tenants").await?)?,
            Self::Table(db, table) => {
                let sql = format!("SELECT * FROM {} ORDER BY slug", table.name);
                db.session().await?.fetch(Query::new(sql)).await?
            }
        };
        Ok(Roll::of(&rows))
    }

    /// Those that are named, by id or slug, each once, in the order of their names.
    ///
    /// # Errors
    /// [`Kind::NotFound`], with the nearest slug; as [`Tenants::all`].
    pub async fn named(&self, names: &[String]) -> Result<Roll> {
        let all = self.all().await?;
        let mut chosen = Roll::default();
        for name in names {
            let found = all.tenants.iter().find(|tenant| tenant.id == *name || tenant.slug == *name);
            let unclear = || all.unclear.iter().find(|unclear| unclear.claims(name));
            if let Some(found) = found {
                if chosen.tenants.iter().all(|known| known.id != found.id) {
                    chosen.tenants.push(found.clone());
                }
            } else if let Some(unclear) = unclear() {
                if chosen.unclear.iter().all(|known| known.name != unclear.name) {
                    chosen.unclear.push(unclear.clone());
                }
            } else {
                return Err(nobody(name, &all));
            }
        }
        Ok(chosen)
    }

    /// How many live on each cluster; archived ones do not count, and one whose registration is unclear may live
    /// wherever it says.
    ///
    /// # Errors
    /// As [`Tenants::all`].
    pub async fn counts(&self) -> Result<BTreeMap<String, u64>> {
        let mut counts = BTreeMap::new();
        match self {
            Self::Query(..) => {
                let Roll { tenants, unclear } = self.all().await?;
                let living = tenants.iter().filter(|tenant| tenant.status != TenantStatus::Archived);
                let living = living.map(|tenant| tenant.cluster.as_str());
                for cluster in living.chain(unclear.iter().flat_map(Unclear::clusters)) {
                    *counts.entry(cluster.to_owned()).or_default() += 1;
                }
            }
            Self::Table(db, table) => {
                let sql = format!(
                    "SELECT cluster, count(*) AS tenants FROM {} WHERE status <> 'archived' GROUP BY cluster",
                    table.name
                );
                for row in db.session().await?.fetch(Query::new(sql)).await? {
                    counts
                        .insert(row.text("cluster")?, u64::try_from(row.int("tenants")?).unwrap_or_default());
                }
            }
        }
        Ok(counts)
    }

    /// How many there are of each status on a cluster.
    ///
    /// # Errors
    /// As [`Tenants::all`].
    pub async fn statuses(&self, cluster: &str) -> Result<BTreeMap<String, u64>> {
        let mut counts = BTreeMap::new();
        match self {
            Self::Query(..) => {
                let Roll { tenants, unclear } = self.all().await?;
                let here = tenants.iter().filter(|tenant| tenant.cluster == cluster);
                let here = here.map(|tenant| tenant.status.name());
                let unclear = unclear.iter().filter(|unclear| unclear.clusters().any(|one| one == cluster));
                for status in here.chain(unclear.map(|_| UNCLEAR)) {
                    *counts.entry(status.to_owned()).or_default() += 1;
                }
            }
            Self::Table(db, table) => {
                let sql = format!(
                    "SELECT status, count(*) AS tenants FROM {} WHERE cluster = {} GROUP BY status",
                    table.name,
                    table.hole("cluster")
                );
                for row in db.session().await?.fetch(Query::new(sql).bind(cluster)).await? {
                    counts
                        .insert(row.text("status")?, u64::try_from(row.int("tenants")?).unwrap_or_default());
                }
            }
        }
        Ok(counts)
    }
}

/// The rows of a platform's query, which gives every column that there must be.
fn whole(rows: Vec<Row>) -> Result<Vec<Row>> {
    let missing = |row: &Row| REQUIRED.into_iter().find(|column| row.cell(column).is_err());
    match rows.first().and_then(missing) {
        None => Ok(rows),
        Some(column) => Err(Error::config(format!(
            "the query of [fleet] tenants gives no column `{column}`"
        ))
        .hint(format!("it must give {}; another name becomes one by `AS {column}`", REQUIRED.join(", ")))),
    }
}

fn nobody(name: &str, all: &Roll) -> Error {
    let error = Error::new(Kind::NotFound, format!("there is no tenant `{}`", crate::text::printable(name)));
    let slugs = all.tenants.iter().map(|tenant| tenant.slug.as_str());
    near::or(error, name, slugs, str::to_owned, "all tenants: `opsctl tenant list`")
}
