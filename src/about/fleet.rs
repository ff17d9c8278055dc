//! Which clusters there are, and where they are registered. No cluster is connected to.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    Result,
    config::{
        Context,
        clusters::{ClusterStatus, Role},
        describe::{Fact, Section, Standing},
    },
    db::Db,
    fleet::{self, Fleet, Source, Tenants},
};

/// The section without what the central database knows.
pub(super) fn of_file(context: &Context) -> Section {
    let mut section = Section::new("fleet");
    match fleet::of_file(context) {
        Ok(Some(fleet)) => facts(&mut section, &fleet),
        Ok(None) => {}
        Err(error) => section.push(Fact::problem("problem", &error)),
    }
    section
}

/// Adds what the central database knows.
///
/// # Errors
/// The central database's; registrations that cannot be understood at all.
pub(super) async fn ask(context: &Context, central: &Db, section: &mut Section) -> Result<()> {
    if fleet::of_file(context)?.is_none() {
        facts(section, &fleet::load(context, central).await?);
    }
    let tenants = match Tenants::open(context, central).await? {
        Some(tenants) => Value::from(tenants.counts().await?.values().sum::<u64>()),
        None => Value::Null,
    };
    section.push(Fact::new("tenants", tenants));
    Ok(())
}

fn facts(section: &mut Section, fleet: &Fleet) {
    section.push(Fact::new(
        "registered_in",
        match fleet.source {
            Source::Nowhere => "nowhere: the central database is the one cluster".to_owned(),
            source => source.to_string(),
        },
    ));
    section.push(Fact::new("clusters", fleet.clusters.len()));
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    for cluster in &fleet.clusters {
        *statuses.entry(cluster.status.name()).or_default() += 1;
    }
    let in_order = ClusterStatus::ALL.iter().filter_map(|status| statuses.get_key_value(status.name()));
    let told: Vec<String> = in_order.map(|(status, count)| format!("{count} {status}")).collect();
    section.push(Fact::new("statuses", told.join(", ")));
    let broken = fleet.clusters.iter().filter_map(|cluster| {
        let error = Role::ALL.into_iter().find_map(|role| cluster.database(role).err())?;
        Some(Fact::new(format!("cluster_{}", cluster.name), error.to_string()).standing(Standing::Warn))
    });
    broken.for_each(|fact| section.push(fact));
}
