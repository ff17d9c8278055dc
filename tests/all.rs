//! All integration tests in one program: one link instead of a dozen.

mod support;

mod house;
mod locks;
mod migrations;
mod webhooks_bad_input;
mod webhooks_limits;
mod webhooks_retry;
mod webhooks_retry_one;
