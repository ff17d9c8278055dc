//! Queues: how they stand, what lies in them, what failed, and the signs that their workers look at.

mod failed;
pub mod fixtures;
mod inspect;
pub mod retry;
mod signs;
mod status;

pub use self::{
    failed::{
        Detail, Event, Failed, FailedFilter, FailedPage, FailedSummary, Flush, GROUPS, Life, Moment, count,
        flush, forget, groups, is_class, life, list, show,
    },
    inspect::{Inspected, Job, JobFilter, JobSummary, inspect},
    signs::{Changed, PAUSED_ALL, RESTART, is_paused, pause, paused, paused_queues, restart, resume},
    status::{Line, Sample, Summary, grown, known, names, other_prefix, prefix_hint, sample},
};
