//! Changing a registration: its members, and whether it takes new tenants.

use super::{
    MIGRATIONS, Outcome, PROBES,
    register::{COLUMNS, differences, end, refuse_twin, values},
    remove::forget,
};
use crate::{
    Error, Kind, Result,
    config::{
        Context,
        clusters::{ClusterSection, ClusterStatus, Credential, Registration},
    },
    db::{Begin, Db, Query, Session, Table},
    fleet, near,
};

/// Members to change; one that is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// The address with the `app` role's user.
    pub url: Option<String>,
    /// Where the password of the URL's user lies.
    pub password: Option<String>,
    /// The `operator` role.
    pub operator: Option<Credential>,
    /// The `owner` role.
    pub owner: Option<Credential>,
    /// Where it stands.
    pub region: Option<String>,
    /// What it may be used for.
    pub status: Option<ClusterStatus>,
    /// Tenants that it takes; no limit where that is `Some(None)`.
    pub capacity: Option<Option<u32>>,
}

impl Edit {
    fn apply(&self, section: &mut ClusterSection) {
        fn put<T: Clone>(member: &mut T, wanted: Option<&T>) {
            if let Some(wanted) = wanted {
                member.clone_from(wanted);
            }
        }
        put(&mut section.url, self.url.as_ref());
        put(&mut section.status, self.status.as_ref());
        section.password = self.password.clone().or(section.password.take());
        section.operator = self.operator.clone().or(section.operator.take());
        section.owner = self.owner.clone().or(section.owner.take());
        section.region = self.region.clone().or(section.region.take());
        put(&mut section.capacity, self.capacity.as_ref());
    }
}

/// Changes members of a registration. What was seen of a database is forgotten with its address. A dry run does the same and rolls it back.
///
/// # Errors
/// What is wrong with the new values; [`Kind::NotFound`] for a cluster that is not registered; [`Kind::Refused`] when the
/// database is registered under another name.
pub async fn edit(
    context: &Context,
    central: &Db,
    name: &str,
    wanted: &Edit,
    dry_run: bool,
) -> Result<Outcome> {
    change(context, central, name, dry_run, |section| {
        wanted.apply(section);
        Ok(())
    })
    .await
}

/// Lets a cluster take no more new tenants.
///
/// # Errors
/// As [`edit`]; [`Kind::Refused`] for one that is not in use.
pub async fn drain(context: &Context, central: &Db, name: &str, dry_run: bool) -> Result<Outcome> {
    let to = (ClusterStatus::Active, ClusterStatus::Draining);
    change(context, central, name, dry_run, |section| pass(name, section, to)).await
}

/// Lets a cluster that was drained take new tenants again.
///
/// # Errors
/// As [`drain`].
pub async fn undrain(context: &Context, central: &Db, name: &str, dry_run: bool) -> Result<Outcome> {
    let to = (ClusterStatus::Draining, ClusterStatus::Active);
    change(context, central, name, dry_run, |section| pass(name, section, to)).await
}

/// From one status to the other; a cluster of a third one is left alone.
fn pass(name: &str, section: &mut ClusterSection, (from, to): (ClusterStatus, ClusterStatus)) -> Result<()> {
    if section.status != from && section.status != to {
        return Err(Error::refused(format!("cluster `{name}` is {}, not {from}", section.status))
            .because("it takes no new tenants as it is")
            .hint(format!("give it another status: `opsctl clusters edit {name} --status {to}`")));
    }
    section.status = to;
    Ok(())
}

async fn change(
    context: &Context,
    central: &Db,
    name: &str,
    dry_run: bool,
    work: impl FnOnce(&mut ClusterSection) -> Result<()>,
) -> Result<Outcome> {
    let table = fleet::writable(context, central).await?;
    let now = central.now().await?;
    for name in [PROBES, MIGRATIONS] {
        central.table(name).await?; // learnt before the transaction, which has but one connection
    }
    let mut session = central.session().await?;
    session.begin(Begin::Write).await?;
    let known = held(&mut session, &table, name).await?;
    let mut wanted = known.clone();
    work(&mut wanted.section)?;
    let changed = differences(&known.section, &wanted.section);
    if changed.is_empty() {
        session.rollback().await?;
        return Ok(Outcome::Unchanged);
    }
    wanted.check()?;
    if changed.contains(&"url") {
        refuse_twin(&mut session, &table, &wanted).await?;
        if known.bare().map(|database| database.identity()).ok() != Some(wanted.bare()?.identity()) {
            forget(&mut session, name).await?; // it was seen of another database
        }
    }
    let (name, members) = COLUMNS.split_last().unwrap_or((&"name", &[]));
    let set = members.iter().map(|column| format!("{} = {}", table.column(column), table.hole(column)));
    let sql = format!(
        "UPDATE {} SET updated_at = {}, {} WHERE name = {}",
        table.name,
        table.hole("updated_at"),
        set.collect::<Vec<_>>().join(", "),
        table.hole(name)
    );
    session.execute(Query::new(sql).bind(now).bind_all(values(&wanted))).await?;
    end(session, dry_run).await?;
    Ok(Outcome::Changed(changed))
}

/// The registration of a cluster, held until the transaction ends.
async fn held(session: &mut Session<'_>, table: &Table, name: &str) -> Result<Registration> {
    match fleet::locked(session, name).await? {
        Some(row) => fleet::registration(session.db().target(), &row),
        None => Err(unknown(session, table, name).await?),
    }
}

/// What to say of a name that is not registered.
pub(super) async fn unknown(session: &mut Session<'_>, table: &Table, name: &str) -> Result<Error> {
    let rows = session.fetch(Query::new(format!("SELECT name FROM {}", table.name))).await?;
    let names = rows.iter().map(|row| row.text("name")).collect::<Result<Vec<_>>>()?;
    let error = Error::new(Kind::NotFound, format!("there is no cluster `{}`", crate::text::printable(name)))
        .because(format!("looked in the table {}", fleet::CLUSTERS));
    let names = names.iter().map(String::as_str);
    Ok(near::or(error, name, names, str::to_owned, "all clusters: `opsctl clusters list`"))
}
