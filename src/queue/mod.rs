//! Queues: how they stand, and the signs that their workers look at.

mod signs;
mod status;

pub use self::{
    signs::{PAUSED_ALL, RESTART, is_paused, paused},
    status::{Line, Summary, grown, known, names, sample},
};
