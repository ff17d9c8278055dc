//! How a database keeps its tenants apart: entering a tenant, working across all of them, and checking that the
//! isolation holds.
//!
//! PostgreSQL enforces it by itself, with row-level security. MySQL, MariaDB and SQLite have nothing like it: there,
//! guarded views and triggers stop mistakes, and the application does the rest ([`Isolation::ApplicationEnforced`]).

mod across;
mod catalogue;
mod expression;
mod guards;
mod scope;
mod setting;
mod unprotected;
pub mod verify;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::{
    across::across,
    scope::{Identity, Names, Scope},
    unprotected::{Unprotected, answer, question, unprotected},
};
use crate::db::Engine;

/// The column that says whose a row is, where nobody says otherwise.
pub const COLUMN: &str = "tenant_id";

/// What keeps tenants apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// The server itself, for every statement of a role that its policies bind.
    RowLevelSecurity,
    /// The application: who reaches the tables, reaches all tenants.
    ApplicationEnforced,
}

impl Isolation {
    /// The best that an engine has.
    pub const fn of(engine: Engine) -> Self {
        match engine {
            Engine::Postgres => Self::RowLevelSecurity,
            Engine::MySql | Engine::Sqlite => Self::ApplicationEnforced,
        }
    }

    /// What that means on an engine, in one sentence without a full stop.
    pub const fn meaning(engine: Engine) -> &'static str {
        match engine {
            Engine::Postgres => "the server shows and takes the present tenant's rows alone",
            Engine::MySql => {
                "views and triggers guard the tables; who has rights on a table, truncates it, or sets the variable, \
                 reaches all tenants"
            }
            Engine::Sqlite => {
                "another process opening the file has no guard; one file per tenant is the real boundary"
            }
        }
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RowLevelSecurity => "row-level security",
            Self::ApplicationEnforced => "application-enforced",
        })
    }
}
