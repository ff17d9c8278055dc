//! Whether the servers of a context can be reached: asked before a configuration is written.

use std::time::Duration;

use tokio::time::Instant;

use super::{database, redis, within};
use crate::{
    Error, Result,
    clock::Clock,
    config::{Context, Origin, System, redis::Role, stores::LockStore, system},
    db::{Access, Db},
    redis::Redis,
};

/// What one server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The server, without credentials.
    pub server: String,
    /// Product and version.
    pub said: String,
}

/// Asks the database, and Redis where the context names one or keeps its locks there.
///
/// # Errors
/// The first server that does not answer or refuses, within `patience` for both.
pub async fn try_out(context: &Context, clock: Clock, patience: Duration) -> Result<Vec<Answer>> {
    let deadline = Instant::now() + patience;
    let mut answers = Vec::new();
    let db = Db::new(context.database()?, Access::Existing, clock);
    let server = db.target().to_string();
    let tables = within(deadline, &server, database::tables(&db)).await?;
    let detected = system::detect(tables.iter().map(String::as_str));
    let names: Vec<&str> = detected.iter().map(|system| system.name()).collect();
    let kind = if names.is_empty() { "no known system".into() } else { names.join(", ") };
    answers.push(Answer { server, said: format!("{}, {kind}", db.facts().await?.server) });
    db.close().await;
    let configured = context.system.as_ref().map(|system| system.value);
    let command = configured.or(detected.first().copied()).unwrap_or(System::Webhooks);
    let target = match context.lock_store("", command) {
        Ok(LockStore::Redis { target, .. }) => Some(*target),
        _ => context.redis(Role::Default, command).ok().filter(|target| target.origin != Origin::Default),
    };
    if let Some(target) = target {
        let redis = Redis::new(target);
        let server = redis.target().to_string();
        let said = within(deadline, &server, redis::says(&redis)).await?;
        answers.push(Answer { server, said });
    }
    Ok(answers)
}

/// The same error, with the way past it.
pub fn not_reached(error: Error) -> Error {
    error.hint("nothing was written; to write it all the same: `--no-test`")
}
