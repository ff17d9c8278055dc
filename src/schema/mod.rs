//! Migrations: which sets there are, what is applied, what is pending, and the runner.
//!
//! The files follow sqlx's naming and checksums, and the reference sets are recorded in `_sqlx_migrations`, so that
//! `sqlx migrate info` reads the same state. The runner is opsctl's own: its lock is bounded and names its holder.

mod admit;
mod doubt;
mod files;
mod fingerprint;
mod held;
mod in_steps;
mod left;
mod lint;
mod lock;
mod names;
mod owner;
mod place;
mod plan;
mod record;
mod repair;
mod retries;
mod run;
mod sets;
pub mod sql;
mod status;
mod steps;
mod tools;
mod watch;

pub use self::{
    admit::{admit, adopt},
    held::told as held,
    left::left,
    lint::{Finding, Lint, lint},
    owner::{Owner, claim, owner, require_empty, require_own, wipe},
    plan::{Line, Plan, State, plan},
    repair::{Asked, Known, Mend, mend, mends},
    retries::Patience,
    run::{Options, Ran, apply, follow, migrate},
    sets::{CENTRAL, Migration, OPSCTL, SQLX_TABLE, Scope, Set, TEAM_TABLE, TENANT},
    status::{Status, lines, status},
    tools::{TOOLS, Tool},
};
