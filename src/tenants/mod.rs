//! A noun: tenants, how each was provisioned, and the master taxonomies that every tenant gets a copy of.
//!
//! Which tenants there are is [`crate::fleet`]'s to say: from `opsctl_tenants`, or by a query over the platform's own
//! tables. Provisioning runs are opsctl's own, wherever the tenants are registered.

mod list;
mod runs;
pub mod taxonomies;

pub use self::{
    list::{Filter, List, ListItem, list},
    runs::{LastRun, Provisioning, RUNS, RunStatus, STEPS, StepStatus},
};
