//! A noun: tenants, how each was provisioned, and the master taxonomies that every tenant gets a copy of.
//!
//! Which tenants there are is [`crate::fleet`]'s to say: from `opsctl_tenants`, or by a query over the platform's own
//! tables. Provisioning runs are opsctl's own, wherever the tenants are registered.

mod create;
pub mod fixtures;
mod list;
pub mod provision;
mod runs;
mod show;
mod sql;
pub mod taxonomies;
mod values;
pub mod verify;

pub use self::{
    create::{CreateReport, CreateRequest, Outcome, create},
    list::{Filter, List, ListItem, list},
    runs::{LastRun, Provisioning, RUNS, RunStatus, STEPS, StepStatus},
    show::{Home, RowCounts, Run, Show, Step, show},
    values::{Locale, Name, Owner, Slug, Timezone},
};
