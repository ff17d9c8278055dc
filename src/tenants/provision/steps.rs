//! The steps of a provisioning, in their order.

use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::{Error, Result, near};

/// One step. Those that write are the provisioners that `--only` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The cluster answers, and takes this role's writes.
    Probe,
    /// The tenant tables are there, with nothing pending.
    Migrations,
    /// Roles and what they permit.
    Roles,
    /// Master taxonomies.
    Taxonomies,
    /// The owner's membership.
    Owner,
    /// All of this is there.
    Verify,
}

impl Step {
    /// All of them, in the order in which a run takes them: nothing is seeded before its table exists.
    pub const ALL: [Self; 6] =
        [Self::Probe, Self::Migrations, Self::Roles, Self::Taxonomies, Self::Owner, Self::Verify];

    /// Those that write to the cluster.
    pub const PROVISIONERS: [Self; 3] = [Self::Roles, Self::Taxonomies, Self::Owner];

    /// Its word, in tables and in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Migrations => "migrations",
            Self::Roles => "roles",
            Self::Taxonomies => "taxonomies",
            Self::Owner => "owner",
            Self::Verify => "verify",
        }
    }

    /// What stands in the platform's log when it fails.
    pub const fn log_key(self) -> &'static str {
        match self {
            Self::Probe => "tenancy.probe.provision_failed",
            Self::Migrations => "tenancy.migration.provision_failed",
            Self::Roles => "tenancy.role.provision_failed",
            Self::Taxonomies => "tenancy.taxonomy.provision_failed",
            Self::Owner => "tenancy.owner.provision_failed",
            Self::Verify => "tenancy.verify.provision_failed",
        }
    }

    /// Whether it writes to the cluster.
    pub fn writes(self) -> bool {
        Self::PROVISIONERS.contains(&self)
    }

    /// Its number among all steps.
    pub const fn seq(self) -> i64 {
        self as i64 + 1
    }

    /// From its word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A provisioner, as `--only` names it.
impl FromStr for Step {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::PROVISIONERS.into_iter().find(|step| step.name() == text).ok_or_else(|| {
            let names = Self::PROVISIONERS.map(Self::name);
            let error = Error::usage(format!("`{text}` is no provisioner"));
            near::or(error, text, names, str::to_owned, format!("provisioners: {}", names.join(", ")))
        })
    }
}

/// Which provisioners a run works with; the checks around them are always made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope(Vec<Step>);

impl Scope {
    /// Those that are named, or all.
    pub fn of(named: &[Step]) -> Self {
        let mut steps: Vec<Step> = named.iter().copied().filter(|step| step.writes()).collect();
        steps.sort();
        steps.dedup();
        Self(steps)
    }

    /// Whether a step is taken.
    pub fn has(&self, step: Step) -> bool {
        !step.writes() || self.0.is_empty() || self.0.contains(&step)
    }

    /// As the run's row has it; nothing when everything is in scope.
    pub fn text(&self) -> Option<String> {
        let names: Vec<&str> = self.0.iter().map(|step| step.name()).collect();
        (!names.is_empty()).then(|| names.join(","))
    }
}

/// What a step did to rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tally {
    /// Rows that were not there.
    pub created: u64,
    /// Rows that differed from the master.
    pub updated: u64,
    /// Rows that are as the master has them: not written.
    pub unchanged: u64,
    /// Rows that are the tenant's own or were edited by it: never overwritten.
    pub skipped: u64,
}

impl Tally {
    /// All rows.
    pub fn sum(self) -> u64 {
        self.created + self.updated + self.unchanged + self.skipped
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            created: self.created + other.created,
            updated: self.updated + other.updated,
            unchanged: self.unchanged + other.unchanged,
            skipped: self.skipped + other.skipped,
        }
    }
}

/// What a step came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// What it did to rows.
    pub tally: Tally,
    /// Why there was nothing to do; the step counts as skipped.
    pub left_out: Option<String>,
    /// What somebody should look at though it succeeded.
    pub warnings: Vec<String>,
    /// Checksum of what it worked from.
    pub input: Option<String>,
}

impl Done {
    /// A step whose numbers must be plausible: each row of its source is counted once.
    pub fn of(tally: Tally, source: u64, input: String, warnings: Vec<String>) -> Self {
        let mut done = Self { tally, input: Some(input), warnings, left_out: None };
        if tally.sum() != source {
            done.warnings.push(format!("rows counted: {}; rows of the source: {source}", tally.sum()));
        }
        done
    }

    /// A step that had nothing to do.
    pub fn left_out(why: impl Into<String>) -> Self {
        Self { left_out: Some(why.into()), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_always_in_scope_and_provisioners_when_they_are_named() {
        let scope = Scope::of(&[Step::Taxonomies, Step::Roles, Step::Taxonomies]);
        assert_eq!(scope.text().unwrap(), "roles,taxonomies");
        assert_eq!(Step::ALL.map(|step| scope.has(step)), [true, true, true, true, false, true]);
        assert!(Step::ALL.iter().all(|step| Scope::default().has(*step)));
        assert_eq!("verify".parse::<Step>().unwrap_err().message(), "`verify` is no provisioner");
    }

    #[test]
    fn counts_that_do_not_add_up_are_told() {
        let tally = Tally { created: 1, ..Tally::default() };
        assert!(Done::of(tally, 1, String::new(), Vec::new()).warnings.is_empty());
        let told = Done::of(tally, 2, String::new(), Vec::new()).warnings;
        assert_eq!(told, ["rows counted: 1; rows of the source: 2"]);
    }
}
