//! Mending what is recorded, by the word of somebody who has looked: never the schema itself, never by itself.

use serde::Serialize;

use super::{
    Migration, Options, Set, State, lock,
    plan::plan,
    record::{self, Applied},
    steps::{self, Stand},
};
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    db::{Db, Guards, Query, Session, Value},
};

/// What somebody knows of a statement whose end is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It happened, all of it.
    Done,
    /// Nothing of it happened.
    Undone,
}

/// Which records are to be mended.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// Only this version; all without one.
    pub version: Option<i64>,
    /// One statement of it, by its place in the file, and how it stands.
    pub statement: Option<(i64, Known)>,
}

/// One record that would be mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase", tag = "mend")]
pub enum Mend {
    /// The checksum becomes that of the present text.
    Checksum {
        /// The migration.
        version: i64,
        /// What it does.
        description: String,
        /// The checksum that is recorded, in hexadecimal digits.
        applied: String,
        /// That of the present text.
        now: String,
    },
    /// The record of a migration that did not finish goes: it is pending again, from its first statement on.
    Clear {
        /// The migration.
        version: i64,
        /// What it does.
        description: String,
        /// How many of its statements are recorded as done.
        done: usize,
    },
    /// A statement is recorded as done, or as not begun.
    Statement {
        /// The migration.
        version: i64,
        /// Its place in the file.
        statement: i64,
        /// Whether it counts as done from then on.
        done: bool,
    },
}

impl Mend {
    /// The migration that it is about.
    pub fn version(&self) -> i64 {
        match self {
            Mend::Checksum { version, .. }
            | Mend::Clear { version, .. }
            | Mend::Statement { version, .. } => *version,
        }
    }

    /// What it does, for people.
    pub fn told(&self) -> String {
        match self {
            Mend::Checksum { version, applied, now, .. } => {
                let (applied, now) = (applied.get(..8).unwrap_or(applied), now.get(..8).unwrap_or(now));
                format!("record the checksum of {version} anew: {now} instead of {applied}")
            }
            Mend::Clear { version, done: 0, .. } => format!("forget that {version} was begun"),
            Mend::Clear { version, done, .. } => {
                format!("forget that {version} was begun; {done} of its statements are done and stay so")
            }
            Mend::Statement { version, statement, done } => {
                let word = if *done { "done" } else { "not done" };
                format!("record statement {statement} of {version} as {word}")
            }
        }
    }
}

/// What there is to mend on a database. Reads only.
///
/// # Errors
/// [`Kind::NotFound`] for a version or a statement that needs none, or the database's.
pub async fn mends(db: &Db, set: &Set, asked: Asked) -> Result<Vec<Mend>> {
    let plan = plan(db, set).await?;
    if let (Some(version), Some((statement, known))) = (asked.version, asked.statement) {
        let steps = steps::read(&mut db.session().await?, set, version).await?;
        let open = steps.iter().any(|step| step.position == statement && step.stand != Stand::Done);
        return match open {
            true => Ok(vec![Mend::Statement { version, statement, done: known == Known::Done }]),
            false => Err(Error::new(
                Kind::NotFound,
                format!(
                    "statement {statement} of migration {version} was not begun in {}, or is done",
                    db.target()
                ),
            )),
        };
    }
    let mut found = Vec::new();
    for line in plan.lines.iter().filter(|line| asked.version.is_none_or(|version| version == line.version)) {
        let (version, description) = (line.version, line.description.clone());
        match line.state {
            State::Drifted => {
                let now =
                    present(db, set, version).map(|migration| hex(&migration.checksum())).unwrap_or_default();
                let row = recorded(&mut db.session().await?, set, version).await?;
                let applied = row.map(|row| hex(&row.checksum)).unwrap_or_default();
                found.push(Mend::Checksum { version, description, applied, now });
            }
            State::Dirty => {
                let steps = steps::read(&mut db.session().await?, set, version).await?;
                let done = steps.iter().filter(|step| step.stand == Stand::Done).count();
                found.push(Mend::Clear { version, description, done });
            }
            State::Applied | State::Pending | State::Unknown => {}
        }
    }
    match asked.version.filter(|_| found.is_empty()) {
        None => Ok(found),
        Some(version) => Err(Error::new(
            Kind::NotFound,
            format!("migration {version} is neither drifted nor dirty in {}", db.target()),
        )),
    }
}

/// Mends what [`mends`] told, under the lock; each record only as it was told.
///
/// # Errors
/// [`Kind::Refused`] when a record is not as it was any more, or the database's.
pub async fn mend(db: &Db, set: &Set, found: &[Mend], options: &Options, cancel: &Cancel) -> Result<()> {
    let guarded = db.guarded(Guards::migration(&options.runner, options.patience.lock));
    let mut session = guarded.session().await?;
    lock::take(&mut session, options.lock_wait, cancel).await?;
    lock::begin(&mut session, options, cancel).await?;
    for one in found {
        if write(&mut session, set, one).await? == 0 {
            return Err(Error::refused(format!(
                "the record of migration {} in {} has changed meanwhile: nothing was mended",
                one.version(),
                db.target()
            )));
        }
    }
    session.commit().await?;
    lock::release(&mut session).await;
    drop(session);
    guarded.close().await;
    Ok(())
}

async fn write(session: &mut Session<'_>, set: &Set, mend: &Mend) -> Result<u64> {
    match mend {
        Mend::Checksum { version, applied, now, .. } => {
            let migration =
                present(session.db(), set, *version).filter(|migration| hex(&migration.checksum()) == *now);
            let row = recorded(session, set, *version).await?.filter(|row| hex(&row.checksum) == *applied);
            let (Some(migration), Some(row)) = (migration, row) else { return Ok(0) };
            let sql = format!(
                "UPDATE {} SET checksum = ?, description = ? WHERE version = ? AND checksum = ?",
                set.table
            );
            let query = Query::new(sql).bind_all([Value::Bytes(migration.checksum())]);
            let query =
                query.bind(migration.description()).bind(*version).bind_all([Value::Bytes(row.checksum)]);
            session.execute(query).await
        }
        Mend::Clear { version, .. } => {
            steps::forget(session, set, *version).await?;
            let sql = format!("DELETE FROM {} WHERE version = ? AND NOT success", set.table);
            session.execute(Query::new(sql).bind(*version)).await
        }
        Mend::Statement { version, statement, done } => {
            let stand = if *done { Stand::Done } else { Stand::Failed };
            steps::settle(session, set, *version, *statement, stand).await
        }
    }
}

/// The migration as it is now.
fn present<'s>(db: &Db, set: &'s Set, version: i64) -> Option<&'s Migration> {
    set.migrations(db.engine()).iter().find(|migration| migration.version == version)
}

/// Its record.
async fn recorded(session: &mut Session<'_>, set: &Set, version: i64) -> Result<Option<Applied>> {
    let recorded = record::read(session, &set.bare()).await?;
    Ok(recorded.and_then(|recorded| recorded.rows.into_iter().find(|row| row.version == version)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
