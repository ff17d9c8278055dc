//! The conditions under which an event is due, each asked of the database in the words of the run itself.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::super::{
    Limits,
    state::State,
    store::{Condition, Eligible},
};
use crate::{
    Result,
    db::{Row, Table},
};

/// The column that holds the whole condition's answer.
pub(super) const DUE: &str = "is_due";

/// One condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It is not done.
    NotDone,
    /// It has attempts left.
    AttemptsLeft,
    /// Nobody is at it.
    NobodyAtIt,
    /// Its time has come.
    TimeHasCome,
}

impl Part {
    /// All conditions, in the order in which they are told.
    pub const ALL: [Part; 4] = [Part::NotDone, Part::AttemptsLeft, Part::NobodyAtIt, Part::TimeHasCome];

    /// The words of its line, and the name of its column with underscores.
    pub const fn name(self) -> &'static str {
        match self {
            Part::NotDone => "not done",
            Part::AttemptsLeft => "attempts left",
            Part::NobodyAtIt => "nobody at it",
            Part::TimeHasCome => "time has come",
        }
    }

    fn column(self) -> String {
        self.name().replace(' ', "_")
    }

    fn condition(self, due: &Eligible, events: &Table) -> Condition {
        match self {
            Part::NotDone => Eligible::not_done(),
            Part::AttemptsLeft => due.attempts_left(),
            Part::NobodyAtIt => due.unclaimed(events),
            Part::TimeHasCome => due.come(events),
        }
    }
}

/// A condition, whether it is met, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Check {
    /// Which.
    pub condition: Part,
    /// Whether the event meets it.
    pub met: bool,
    /// What the row says.
    pub why: String,
}

/// The columns that hold the answers, for a SELECT: each condition, and the whole as a run checks it.
pub(super) fn asked(due: &Eligible, events: &Table) -> Condition {
    let column = |name: String, condition: Condition| {
        Condition::new(
            format!("CASE WHEN {} THEN 1 ELSE 0 END AS {name}", condition.sql()),
            condition.values(),
        )
    };
    let parts = Part::ALL.into_iter().map(|part| column(part.column(), part.condition(due, events)));
    let all: Vec<Condition> = parts.chain([column(DUE.to_owned(), due.condition(events))]).collect();
    let sql = all.iter().map(Condition::sql).collect::<Vec<_>>().join(", ");
    Condition::new(sql, all.iter().flat_map(Condition::values))
}

/// What the database answered, with what the row says about it.
pub(super) fn checks(row: &Row, due: &Eligible, limits: &Limits) -> Result<Vec<Check>> {
    let state = State::read(row)?;
    let check = |part: Part| {
        let met = row.int(&part.column())? == 1;
        Ok(Check { condition: part, met, why: state.why(part, met, due, limits) })
    };
    Part::ALL.into_iter().map(check).collect()
}

/// What `retry-one` needs to be given to try an event that does not meet them all.
pub(super) fn flags(checks: &[Check]) -> Vec<&'static str> {
    let unmet = |parts: &[Part]| checks.iter().any(|check| !check.met && parts.contains(&check.condition));
    let mut flags = Vec::new();
    if unmet(&[Part::AttemptsLeft, Part::TimeHasCome]) {
        flags.push("--force");
    }
    if unmet(&[Part::NobodyAtIt]) {
        flags.push("--take-over");
    }
    flags
}

impl State {
    /// What the row says about a condition.
    fn why(&self, part: Part, met: bool, due: &Eligible, limits: &Limits) -> String {
        let status = &self.status;
        match part {
            Part::NotDone if !met && status == "processed" => "its status is `processed`".into(),
            Part::NotDone if !met => {
                format!("`{}` was applied {}", self.payment_status, at(self.processed_at))
            }
            Part::NotDone if !matches!(self.payment_status.as_str(), "" | "pending") => format!(
                "its status is `{status}`; `{}` was read once, and applied to no payment",
                self.payment_status
            ),
            Part::NotDone => format!("its status is `{status}`"),
            Part::AttemptsLeft => format!("{} of {} used", self.attempts, limits.max_attempts),
            Part::NobodyAtIt if !self.is_claimed() => format!("`{status}` is no claim"),
            Part::NobodyAtIt => {
                let until = at(self.claimed_at.map(|claimed| claimed + limits.lease()));
                let holds = if met { "given up since" } else { "counts until" };
                format!("claimed as `{status}` {}; the claim {holds} {until}", at(self.claimed_at))
            }
            Part::TimeHasCome if self.is_claimed() => "a claim has no next time to wait for".into(),
            Part::TimeHasCome => match (self.next_retry_at, met) {
                (Some(_), true) => format!("its next time was {}", at(self.next_retry_at)),
                (Some(_), false) => format!("not before {}", at(self.next_retry_at)),
                (None, true) => format!("no next time: due since it arrived {}", at(self.received_at)),
                (None, false) => format!(
                    "new: its first job has until {}",
                    at(self.received_at.map(|received| received + (due.now - due.stale)))
                ),
            },
        }
    }
}

fn at(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(|| "at an unknown time".into(), |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}
