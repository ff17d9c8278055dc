//! What is recorded of migrations that were begun and did not finish: how far, by whom, and what the server said.

use super::{
    Line, Plan, Set, State, place,
    sql::split,
    steps::{self, Stand, Step},
};
use crate::{Error, Result, db::Db};

/// The first migration of a plan that did not finish, told with its record, and what to do; `None` when all did. Reads
/// only. The first without a file is told before others, since nothing of the set can be applied before it is settled.
///
/// # Errors
/// The database's.
pub async fn left(db: &Db, set: &Set, plan: &Plan, to: Option<i64>) -> Result<Option<Error>> {
    let stuck = plan.stuck(to);
    let Some(line) = stuck.or_else(|| plan.of(State::Dirty).next()) else { return Ok(None) };
    let steps = steps::read(&mut db.session().await?, set, line.version).await?;
    let error = Error::failed(format!(
        "migration {} ({}) was begun and did not finish",
        line.version, line.description
    ));
    let error = error.because(match steps.iter().find(|step| step.stand != Stand::Done).or(steps.last()) {
        Some(step) => recorded(db, set, line, step),
        None => format!("{} says so, and none of its statements is recorded", set.table),
    });
    let line_of = |what: &str| format!("`opsctl clusters {what} NAME --version {}`", line.version);
    Ok(Some(match stuck.is_some() {
        true => error
            .because("its file is not here")
            .hint("bring its file back, and run it again: it goes on where it stopped")
            .hint(format!("or undo by hand what is done of it, and forget it: {}", line_of("repair"))),
        false => error
            .hint("go on where it stopped: `opsctl clusters migrate NAME`")
            .hint(format!("or undo by hand what is done of it, and begin anew: {}", line_of("repair"))),
    }))
}

/// `statement 2, `INSERT …`, failed: …; ana@web1, pid 7 ran it at 2026-11-20 09:00:00 UTC`.
fn recorded(db: &Db, set: &Set, line: &Line, step: &Step) -> String {
    let migration = set.migrations(db.engine()).iter().find(|migration| migration.version == line.version);
    let statements = migration.map(|migration| split(db.engine(), &migration.sql)).unwrap_or_default();
    let at = usize::try_from(step.position).ok().and_then(|position| position.checked_sub(1));
    let shown = at.and_then(|at| statements.get(at)).map(place::shown);
    let what = shown.map_or(String::new(), |shown| format!(", {shown},"));
    let said = if step.message.is_empty() { String::new() } else { format!(": {}", step.message) };
    let how = match step.stand {
        Stand::Done => "is the last that is done",
        Stand::Failed if said.is_empty() => "is recorded as not done",
        Stand::Failed => "failed",
        Stand::Begun => "was begun, and its end is not recorded",
    };
    format!("statement {}{what} {how}{said}; {} ran it at {} UTC", step.position, step.runner, step.began_at)
}
