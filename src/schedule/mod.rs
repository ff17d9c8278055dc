//! The schedule: opsctl's commands at their times, once across all hosts, under the application's own mutexes.

mod baseline;
mod clear;
pub mod cron;
mod entry;
mod evidence;
mod ledger;
mod look;
mod one;
mod run;

pub use self::{
    baseline::{NAMES, system},
    clear::{Cleared, Mutex, clear, held},
    entry::{Entry, Keep, entries},
    evidence::{Evidence, is_ours, owner_of},
    ledger::{Claim, Claimed, Known, LEASE, Ledger, Status, TABLE},
    look::{Held, Last, Line, Summary, look},
    one::{Job, refused},
    run::{Deps, Finished, Item, Outcome, Report, Request, Signs, rehearse, run},
};
