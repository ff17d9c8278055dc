//! opsctl operates Laravel-style SaaS systems straight on their databases and Redis.
//!
//! This library is what the `opsctl` binary does; the binary only reads arguments and prints. Floors, from the
//! ground up (an arrow between modules never points up; `tests/house.rs` checks it):
//!
//! 1. [`error`], [`exit`], [`clock`], [`cancel`], [`near`], [`text`], [`private`], [`window`], [`crash`],
//!    [`config`]
//! 2. [`db`], [`redis`]
//! 3. [`laravel`]
//! 4. [`fleet`], [`schema`], [`isolation`], [`journal`]
//! 5. the nouns: [`webhooks`], [`clusters`], [`tenants`], [`queue`], [`locks`]
//! 6. the rounds: [`about`], [`demo`], [`schedule`], [`worker`]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods
)]

pub mod about;
pub mod cancel;
pub mod clock;
pub mod clusters;
pub mod config;
pub mod crash;
pub mod db;
pub mod demo;
pub mod error;
pub mod exit;
pub mod fleet;
pub mod isolation;
pub mod journal;
pub mod laravel;
pub mod locks;
pub mod near;
pub mod private;
pub mod queue;
pub mod redis;
pub mod schedule;
pub mod schema;
pub mod tenants;
pub mod text;
pub mod webhooks;
pub mod window;
pub mod worker;

pub use error::{Error, Kind, Result};
pub use exit::Exit;
