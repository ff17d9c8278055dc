//! Clusters: which there are, how they stand, and what is done with them. How each is reached says [`crate::fleet`].

mod list;
mod seen;

pub use self::{
    list::{Filter, Line, Part, Summary, lines},
    seen::{MIGRATIONS, Migrated, PROBES, Probed, Seen},
};
