//! All integration tests in one program: one link instead of a dozen.

mod support;

mod canaries;
mod completion;
mod configuration;
mod crashes;
mod demo_init_db;
mod examples;
mod formats;
mod house;
mod journal;
mod journal_list;
mod locks;
mod lost_servers;
mod memory;
mod migrations;
mod mistyped;
mod odd_databases;
mod odd_redis;
mod protected;
mod races;
mod readme;
mod schemas;
mod surroundings;
mod terminal;
mod webhooks_bad_input;
mod webhooks_candidates;
mod webhooks_claims;
mod webhooks_cli;
mod webhooks_explain;
mod webhooks_explain_due;
mod webhooks_model;
mod webhooks_output;
mod webhooks_retry;
mod webhooks_retry_one;
mod webhooks_stops;
