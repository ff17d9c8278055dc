//! Clusters: which there are, how they stand, and what is done with them. How each is reached says [`crate::fleet`].

mod edit;
pub mod fixtures;
mod list;
pub mod migrate;
pub mod probe;
mod register;
mod remove;
mod seen;
mod show;

pub use self::{
    edit::{Edit, drain, edit, undrain},
    list::{Filter, Line, Part, Summary, lines},
    register::{Outcome, add},
    remove::{Removed, remove, residents},
    seen::{MIGRATIONS, Migrated, PROBES, Probed, SchemaSeen, Seen, Trouble, history},
    show::{RoleLine, Shown, show},
};
