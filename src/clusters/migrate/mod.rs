//! Migrating every cluster: a plan of all first, canaries, then the others, until a budget of failures is used up.

mod grants;
mod keep;
mod one;
mod report;
mod waves;

use crate::{
    clock::Clock,
    fleet::Bounds,
    schema::{Lint, Options, Set},
};

pub use self::{
    keep::keep,
    one::{Planned, Repair, findings, plan_all, repair, repairs},
    report::{Item, Outcome, Report, Summary},
    waves::migrate,
};

/// Which clusters go first, and must succeed before the others begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Canary {
    /// One by name.
    Named(String),
    /// The first ones that have something pending, by name.
    Count(usize),
}

/// How many clusters may fail before no more are begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// Any number.
    Unlimited,
    /// So many.
    Count(usize),
    /// A share of all, in percent.
    Percent(u8),
}

impl Budget {
    /// Whether so many failures of so many clusters are too many.
    pub fn is_exceeded(self, failed: usize, of: usize) -> bool {
        match self {
            Budget::Unlimited => false,
            Budget::Count(most) => failed > most,
            Budget::Percent(most) => failed * 100 > usize::from(most) * of,
        }
    }
}

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The migrations.
    pub set: Set,
    /// The words that name them on a command line, ` --path sql` say, for lines that are to be typed next.
    pub source: String,
    /// How each database is migrated.
    pub options: Options,
    /// Who goes first.
    pub canary: Option<Canary>,
    /// How many at once.
    pub bounds: Bounds,
    /// How many may fail.
    pub budget: Budget,
    /// Makes empty databases opsctl's own.
    pub own: bool,
    /// What dangerous statements mean.
    pub lint: Lint,
    /// The clock of the databases.
    pub clock: Clock,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_up_when_more_have_failed() {
        assert!(!Budget::Unlimited.is_exceeded(9, 9));
        assert!(!Budget::Count(1).is_exceeded(1, 9) && Budget::Count(1).is_exceeded(2, 9));
        assert!(Budget::Count(0).is_exceeded(1, 200));
        assert!(!Budget::Percent(5).is_exceeded(10, 200) && Budget::Percent(5).is_exceeded(11, 200));
    }
}
