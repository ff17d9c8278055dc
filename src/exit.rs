//! Exit codes: an interface that scripts, cron and release gates rely on.

/// How a command ended. New codes may be added; a script must treat an unknown code as failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// Done, or nothing to do. A closed pipe counts as done.
    Done,
    /// The operation failed, or every item of a bulk run failed.
    Failed,
    /// The command line cannot be understood.
    Usage,
    /// It ran, and found something: pending migrations, drift, a gate that did not pass.
    Findings,
    /// Some items failed, others did not.
    Partial,
    /// Refused: needs a confirmation, is protected, or unsafe without `--force`.
    Refused,
    /// Configuration, credentials, a missing table or a missing right.
    Config,
    /// A server is unreachable.
    Unreachable,
    /// Locked by another run.
    Locked,
    /// A named thing was not found.
    NotFound,
    /// The deadline of `--timeout` passed.
    Deadline,
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// All codes, in the order of their numbers.
    pub const ALL: [Exit; 12] = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Findings,
        Exit::Partial,
        Exit::Refused,
        Exit::Config,
        Exit::Unreachable,
        Exit::Locked,
        Exit::NotFound,
        Exit::Deadline,
        Exit::Interrupted,
    ];

    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Findings => 3,
            Exit::Partial => 4,
            Exit::Refused => 5,
            Exit::Config => 6,
            Exit::Unreachable => 7,
            Exit::Locked => 8,
            Exit::NotFound => 9,
            Exit::Deadline => 75,
            Exit::Interrupted => 130,
        }
    }

    /// One line for people: what the number means.
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "done, or nothing to do",
            Exit::Failed => "failed",
            Exit::Usage => "usage: the command line cannot be understood",
            Exit::Findings => "findings: pending migrations, drift, a gate that did not pass",
            Exit::Partial => "partial: some items failed",
            Exit::Refused => "refused: needs a confirmation, is protected, or unsafe without --force",
            Exit::Config => "configuration, credentials, a missing table or a missing right",
            Exit::Unreachable => "a server is unreachable",
            Exit::Locked => "locked by another run",
            Exit::NotFound => "a named thing was not found",
            Exit::Deadline => "the deadline of --timeout passed",
            Exit::Interrupted => "interrupted",
        }
    }

    /// Of several outcomes, the one that the command ends with: 130, 75, 7, 6, 8, 1, 4, 3, then the rest.
    #[must_use]
    pub fn worst(self, other: Exit) -> Exit {
        if self.rank() >= other.rank() { self } else { other }
    }

    const fn rank(self) -> u8 {
        match self {
            Exit::Interrupted => 11,
            Exit::Deadline => 10,
            Exit::Unreachable => 9,
            Exit::Config => 8,
            Exit::Locked => 7,
            Exit::Failed => 6,
            Exit::Partial => 5,
            Exit::Findings => 4,
            Exit::Refused => 3,
            Exit::NotFound => 2,
            Exit::Usage => 1,
            Exit::Done => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_outcomes_end_with_the_gravest() {
        let order = [
            Exit::Interrupted,
            Exit::Deadline,
            Exit::Unreachable,
            Exit::Config,
            Exit::Locked,
            Exit::Failed,
            Exit::Partial,
            Exit::Findings,
            Exit::Done,
        ];
        for pair in order.windows(2) {
            assert_eq!(pair[0].worst(pair[1]), pair[0]);
            assert_eq!(pair[1].worst(pair[0]), pair[0]);
        }
    }

    #[test]
    fn codes_are_distinct_and_ascending() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
    }
}
