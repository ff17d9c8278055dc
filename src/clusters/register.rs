//! Registering a cluster in the central database.

use crate::{
    Error, Result,
    config::{
        Context,
        clusters::{ClusterSection, Credential, Registration},
    },
    db::{Begin, Db, Fault, Query, Row, Session, Table, Value},
    fleet,
};

/// The columns of a registration, in the order of [`values`].
pub(super) const COLUMNS: [&str; 10] = [
    "url",
    "secret",
    "operator_user",
    "operator_secret",
    "owner_user",
    "owner_secret",
    "region",
    "status",
    "capacity",
    "name",
];

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was changed: these members.
    Changed(Vec<&'static str>),
    /// It was so already.
    Unchanged,
}

impl Outcome {
    /// Registrations that were changed.
    pub fn count(&self) -> usize {
        usize::from(*self != Outcome::Unchanged)
    }
}

/// Registers a cluster. One that is registered with the same values is left as it is. A dry run does the same and rolls
/// it back.
///
/// # Errors
/// What is wrong with the registration; [`crate::Kind::Refused`] when the name is taken by other values, or the database
/// is registered under another name.
pub async fn add(
    context: &Context,
    central: &Db,
    registration: &Registration,
    dry_run: bool,
) -> Result<Outcome> {
    registration.check()?;
    let table = fleet::writable(context, central).await?;
    match put(central, &table, registration, dry_run).await {
        // Somebody registered the name at the same moment: its row can be seen now.
        Err(error) if error.fault() == Some(Fault::Duplicate) => {
            put(central, &table, registration, dry_run).await
        }
        result => result,
    }
}

async fn put(central: &Db, table: &Table, registration: &Registration, dry_run: bool) -> Result<Outcome> {
    let now = central.now().await?;
    let mut session = central.session().await?;
    session.begin(Begin::Write).await?;
    if let Some(row) = fleet::locked(&mut session, &registration.name).await? {
        let known = fleet::registration(central.target(), &row)?;
        session.rollback().await?;
        return unchanged(&known, registration);
    }
    refuse_twin(&mut session, table, registration).await?;
    let columns = COLUMNS.into_iter().chain(["created_at", "updated_at"]);
    let (names, holes): (Vec<_>, Vec<_>) =
        columns.map(|column| (table.column(column), table.hole(column))).unzip();
    let sql = format!("INSERT INTO {} ({}) VALUES ({})", table.name, names.join(", "), holes.join(", "));
    let query = Query::new(sql).bind_all(values(registration)).bind(now).bind(now);
    session.execute(query).await?;
    end(session, dry_run).await?;
    Ok(Outcome::Changed(vec!["name"]))
}

/// Commits, or rolls a dry run back.
pub(super) async fn end(mut session: Session<'_>, dry_run: bool) -> Result<()> {
    if dry_run { session.rollback().await } else { session.commit().await }
}

/// The values of [`COLUMNS`].
pub(super) fn values(registration: &Registration) -> Vec<Value> {
    let section = &registration.section;
    let user = |credential: &Option<Credential>| credential.as_ref().map(|it| it.user.clone());
    let secret = |credential: &Option<Credential>| credential.as_ref().and_then(|it| it.password.clone());
    vec![
        section.url.as_str().into(),
        section.password.clone().into(),
        user(&section.operator).into(),
        secret(&section.operator).into(),
        user(&section.owner).into(),
        secret(&section.owner).into(),
        section.region.clone().into(),
        section.status.name().into(),
        section.capacity.into(),
        registration.name.as_str().into(),
    ]
}

/// A name that is taken by the same values is no error.
fn unchanged(known: &Registration, wanted: &Registration) -> Result<Outcome> {
    let differing = differences(&known.section, &wanted.section);
    if differing.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    Err(Error::refused(format!("cluster `{}` is registered already, with other values", known.name))
        .because(format!("it differs in {}", differing.join(", ")))
        .hint(format!("change it: `opsctl clusters edit {}`", known.name))
        .hint(format!("look at it: `opsctl clusters show {}`", known.name)))
}

/// The members in which two registrations differ.
pub(super) fn differences(one: &ClusterSection, other: &ClusterSection) -> Vec<&'static str> {
    let members = [
        ("url", one.url != other.url),
        ("password", one.password != other.password),
        ("operator", one.operator != other.operator),
        ("owner", one.owner != other.owner),
        ("region", one.region != other.region),
        ("status", one.status != other.status),
        ("capacity", one.capacity != other.capacity),
    ];
    members.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}

/// Two names for one database would have everything done to it twice.
pub(super) async fn refuse_twin(
    session: &mut Session<'_>,
    table: &Table,
    registration: &Registration,
) -> Result<()> {
    let database = registration.bare()?;
    let identity = database.identity();
    let target = session.db().target().clone();
    let rows = session.fetch(Query::new(format!("SELECT * FROM {}", table.name))).await?;
    let known = |row: &Row| fleet::registration(&target, row).ok();
    let twin = rows.iter().filter_map(known).find(|other| {
        other.name != registration.name && other.bare().is_ok_and(|bare| bare.identity() == identity)
    });
    match twin {
        None => Ok(()),
        Some(twin) => {
            Err(Error::refused(format!("{database} is registered already, as cluster `{}`", twin.name))
                .because("what is done on every cluster would be done to it twice")
                .hint(format!("look at it: `opsctl clusters show {}`", twin.name)))
        }
    }
}
