//! Everything that registers tenants: those that are told for certain, and what cannot be taken for one. A row that is
//! wrong stands in the way of its own tenant alone.

use std::collections::{BTreeSet, HashMap};

use super::Tenant;
use crate::{Error, Result, db::Row, text::printable};

/// All registrations, or some of them.
#[derive(Debug, Clone, Default)]
pub struct Roll {
    /// The tenants, by slug.
    pub tenants: Vec<Tenant>,
    /// What registers no tenant for certain: nothing is done to it.
    pub unclear: Vec<Unclear>,
}

/// A row that cannot be understood, or several that claim to be one tenant.
#[derive(Debug, Clone)]
pub struct Unclear {
    /// What it is called: its slug or its id, else its place in the query.
    pub name: String,
    /// Slugs and ids that it claims.
    claims: BTreeSet<String>,
    /// Clusters that it claims to live on.
    clusters: BTreeSet<String>,
    /// What is wrong with it.
    pub error: Error,
}

impl Roll {
    /// The registrations of rows with the columns of `opsctl_tenants`, or some of them.
    pub(super) fn of(rows: &[Row]) -> Self {
        let (mut tenants, mut unclear) = (Vec::new(), Vec::new());
        for (at, row) in rows.iter().enumerate() {
            match Tenant::of(row) {
                Ok(tenant) => tenants.push(tenant),
                Err(error) => unclear.push(Unclear::of(row, at + 1, error)),
            }
        }
        let (mut tenants, twice) = each_once(tenants);
        unclear.extend(twice);
        tenants.sort_by(|a, b| a.slug.cmp(&b.slug));
        Self { tenants, unclear }
    }

    /// The only tenant of the roll.
    ///
    /// # Errors
    /// What is wrong with its registration.
    pub fn one(self) -> Result<Tenant> {
        match (self.tenants.into_iter().next(), self.unclear.into_iter().next()) {
            (Some(tenant), _) => Ok(tenant),
            (None, Some(unclear)) => Err(unclear.error),
            (None, None) => Err(Error::failed("no tenant was looked for")),
        }
    }
}

impl Unclear {
    fn of(row: &Row, at: usize, error: Error) -> Self {
        let text = |column: &str| row.text_or_null(column).ok().flatten().filter(|text| !text.is_empty());
        let name = text("slug").or_else(|| text("id")).unwrap_or_else(|| format!("row {at}"));
        Self {
            name: printable(&name).into_owned(),
            claims: [text("slug"), text("id")].into_iter().flatten().collect(),
            clusters: text("cluster").into_iter().collect(),
            error: error.during(match text("slug").or_else(|| text("id")) {
                Some(name) => {
                    format!("the registration of tenant `{}` cannot be understood", printable(&name))
                }
                None => format!("row {at} of the tenants cannot be understood"),
            }),
        }
    }

    /// Several rows that share a slug or an id. Which of them is meant is not opsctl's to guess.
    fn twice(rows: &[&Tenant]) -> Self {
        let named = |names: &BTreeSet<String>| {
            names.iter().map(|name| format!("`{}`", printable(name))).collect::<Vec<_>>().join(" and ")
        };
        let slugs: BTreeSet<String> = rows.iter().map(|tenant| tenant.slug.clone()).collect();
        let ids: BTreeSet<String> = rows.iter().map(|tenant| tenant.id.clone()).collect();
        let clusters: BTreeSet<String> = rows.iter().map(|tenant| tenant.cluster.clone()).collect();
        let said = [("slug", &slugs), ("id", &ids), ("cluster", &clusters)];
        let differing = said.iter().filter(|(_, names)| names.len() > 1);
        let differing: Vec<String> =
            differing.map(|(what, names)| format!("its {what} is {}", named(names))).collect();
        let error = Error::config(format!("tenant {} is registered {} times", named(&slugs), rows.len()));
        let error = if differing.is_empty() { error } else { error.because(differing.join(", ")) };
        Self {
            name: slugs.iter().map(|slug| printable(slug)).collect::<Vec<_>>().join(", "),
            claims: slugs.into_iter().chain(ids).collect(),
            clusters,
            error: error.hint(
                "each tenant is one row, with a slug and an id of its own: look for a join that repeats it",
            ),
        }
    }

    /// Whether it is meant by a slug or an id.
    pub fn claims(&self, name: &str) -> bool {
        self.claims.contains(name)
    }

    /// Clusters on which the tenant may live; none where it does not say.
    pub fn clusters(&self) -> impl Iterator<Item = &str> {
        self.clusters.iter().map(String::as_str)
    }

    /// The cluster that it names, where it names one.
    pub fn cluster(&self) -> Option<&str> {
        self.clusters().next().filter(|_| self.clusters.len() == 1)
    }

    /// Whether its tenant may live on a cluster.
    pub fn may_live_on(&self, cluster: &str) -> bool {
        self.clusters.is_empty() || self.clusters.contains(cluster)
    }
}

/// Tenants whose slug and id are theirs alone, and the others, told once for all rows that share one.
fn each_once(tenants: Vec<Tenant>) -> (Vec<Tenant>, Vec<Unclear>) {
    let mut claimed: HashMap<(&str, String), usize> = HashMap::new();
    let keys = |tenant: &Tenant| [("slug", tenant.slug.clone()), ("id", tenant.id.clone())];
    for key in tenants.iter().flat_map(keys) {
        *claimed.entry(key).or_default() += 1;
    }
    let is_alone = |tenant: &Tenant| keys(tenant).iter().all(|key| claimed.get(key) == Some(&1));
    let (alone, shared): (Vec<Tenant>, Vec<Tenant>) = tenants.into_iter().partition(is_alone);
    let mut told: Vec<Unclear> = Vec::new();
    for tenant in &shared {
        if told.iter().all(|known| !known.claims(&tenant.slug) && !known.claims(&tenant.id)) {
            let namesakes = |other: &&Tenant| other.slug == tenant.slug || other.id == tenant.id;
            told.push(Unclear::twice(&shared.iter().filter(namesakes).collect::<Vec<_>>()));
        }
    }
    (alone, told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::TenantStatus;

    fn tenant(id: &str, slug: &str, cluster: &str) -> Tenant {
        Tenant {
            id: id.into(),
            slug: slug.into(),
            name: slug.into(),
            cluster: cluster.into(),
            status: TenantStatus::Active,
            owner_user_id: None,
            locale: "id".into(),
            timezone: "UTC".into(),
            provisioned_at: None,
            created_at: None,
        }
    }

    #[test]
    fn rows_that_share_a_slug_or_an_id_are_told_once_and_are_no_tenant() {
        let rows = [
            ("1", "a", "x"),
            ("2", "b", "x"),
            ("1", "c", "x"),
            ("3", "a", "y"),
            ("4", "d", "x"),
            ("4", "d", "x"),
        ];
        let (alone, twice) = each_once(rows.map(|(id, slug, cluster)| tenant(id, slug, cluster)).into());
        assert_eq!(alone.iter().map(|tenant| &*tenant.slug).collect::<Vec<_>>(), ["b"]);
        let told: Vec<String> = twice.iter().map(|unclear| unclear.error.to_string()).collect();
        assert_eq!(
            told,
            [
                "tenant `a` and `c` is registered 3 times: its slug is `a` and `c`, its id is `1` and `3`, its cluster is `x` and `y`",
                "tenant `d` is registered 2 times",
            ]
        );
        assert!(twice[0].claims("c") && twice[0].claims("3") && !twice[0].claims("2"));
        assert_eq!((twice[0].cluster(), twice[1].cluster()), (None, Some("x")));
        assert!(twice[0].may_live_on("y") && !twice[1].may_live_on("y"));
    }
}
