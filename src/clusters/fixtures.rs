//! Clusters to try things out on: SQLite files beside a central database that is one, too, each opsctl's own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::add;
use crate::{
    Error, Result,
    cancel::Cancel,
    clock::Clock,
    config::{
        Context, Database, Origin,
        clusters::{ClusterSection, ClusterStatus, Registration},
    },
    db::{Access, Db},
    fleet, schema,
};

const CLUSTERS: &str = include_str!("../../fixtures/clusters.json");
/// The folder of the clusters' files, beside the central one.
const FOLDER: &str = "clusters";

/// One cluster as written in the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterFixture {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub region: String,
    /// What it may be used for.
    pub status: ClusterStatus,
    /// Tenants that it takes.
    pub capacity: Option<u32>,
    /// Whether the tenant set is applied to it.
    pub migrated: bool,
}

/// All clusters of the file.
///
/// # Errors
/// A file that does not fit its type.
pub fn clusters() -> Result<Vec<ClusterFixture>> {
    serde_json::from_str(CLUSTERS).map_err(|error| Error::failed("fixtures/clusters.json").because(error))
}

/// Makes the databases and registers them; gives how many were not registered before. One that is there stays as it is.
///
/// # Errors
/// As [`place`]; a file that cannot be made, a registration of the same name with other values.
pub async fn seed(context: &Context, central: &Db, clock: Clock, cancel: &Cancel) -> Result<usize> {
    let folder = place(context, central).await?;
    let mut registered = 0;
    for cluster in clusters()? {
        cluster.make(folder, clock, cancel).await?;
        registered += add(context, central, &cluster.registration(folder), false).await?.count();
    }
    Ok(registered)
}

/// What [`seed`] would register.
///
/// # Errors
/// As [`seed`].
pub async fn rehearse(context: &Context, central: &Db) -> Result<usize> {
    let folder = place(context, central).await?;
    let mut registered = 0;
    for cluster in clusters()? {
        registered += add(context, central, &cluster.registration(folder), true).await?.count();
    }
    Ok(registered)
}

/// The folder beside which clusters can be made.
///
/// # Errors
/// [`crate::Kind::Refused`] where clusters are registered elsewhere, and where the central database is no file: a
/// server's databases are not for opsctl to make.
pub async fn place<'a>(context: &Context, central: &'a Db) -> Result<&'a Path> {
    fleet::writable(context, central).await?;
    fleet::folder(central.target()).ok_or_else(|| {
        Error::refused(format!("{} is no file, beside which clusters could be made", central.target()))
            .hint("register databases that are there: `opsctl clusters add`")
            .hint("try a fleet out on an embedded database: `opsctl init --embedded`")
    })
}

impl ClusterFixture {
    fn file(&self) -> PathBuf {
        Path::new(FOLDER).join(format!("{}.sqlite", self.name))
    }

    /// The address is seen from the folder of the central database, so that the folder can be moved.
    fn registration(&self, folder: &Path) -> Registration {
        let section = ClusterSection {
            url: format!("sqlite:{}", self.file().display()),
            password: None,
            operator: None,
            owner: None,
            region: Some(self.region.clone()),
            status: self.status,
            capacity: self.capacity,
        };
        Registration::of_table(self.name.clone(), section, Some(folder.to_owned()))
    }

    /// Makes the database opsctl's own, and brings it as far as the file says.
    async fn make(&self, folder: &Path, clock: Clock, cancel: &Cancel) -> Result<()> {
        let file = folder.join(self.file());
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| {
                Error::config(format!("{} cannot be made", folder.display())).because(error)
            })?;
        }
        let db = Db::new(Database::sqlite(file, Origin::Default), Access::Own, clock);
        schema::claim(&db, cancel).await?;
        if self.migrated {
            schema::apply(&db, &schema::TENANT, cancel).await?;
        }
        db.close().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_a_cluster_for_every_part_of_a_fleet() {
        let clusters = clusters().unwrap();
        let of = |status| clusters.iter().filter(|cluster| cluster.status == status).count();
        assert!(of(ClusterStatus::Active) >= 2 && of(ClusterStatus::Draining) == 1);
        let pending = clusters.iter().filter(|cluster| !cluster.migrated);
        assert!(
            pending.clone().count() > 0 && pending.into_iter().all(|c| c.status == ClusterStatus::Pending)
        );
        for cluster in &clusters {
            cluster.registration(Path::new("/srv")).check().unwrap();
        }
    }
}
