//! Horizon, as it shows itself on Redis (`Laravel\Horizon\Repositories\RedisMasterSupervisorRepository`, Horizon 5).

use chrono::{DateTime, Utc};

use crate::{Result, redis::Redis};

/// Seconds after which a master that says nothing is gone.
const SILENT: i64 = 14;

/// Horizon's master supervisors, one for each host.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Horizon {
    /// What its keys begin with.
    pub prefix: String,
    /// Masters that have said something within 14 seconds.
    pub alive: usize,
    /// Masters that are known, gone ones too.
    pub masters: usize,
    /// Those of the living that were told to pause.
    pub paused: usize,
    /// When one of them last said something.
    pub seen_at: Option<DateTime<Utc>>,
}

/// Looks for Horizon: under the prefix of `redis`, else under any other.
///
/// # Errors
/// Redis does not answer.
pub async fn find(redis: &Redis) -> Result<Option<Horizon>> {
    if let Some(found) = at(redis, &redis.target().prefix).await? {
        return Ok(Some(found));
    }
    for key in redis.anywhere("*masters").await? {
        let prefix = key.strip_suffix("masters").unwrap_or_default();
        let kind: String = redis.run(redis::cmd("TYPE").arg(&key)).await?;
        if kind == "zset"
            && let Some(found) = at(redis, prefix).await?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

async fn at(redis: &Redis, prefix: &str) -> Result<Option<Horizon>> {
    let mut range = redis::cmd("ZRANGE");
    range.arg(format!("{prefix}masters")).arg(0).arg(-1).arg("WITHSCORES");
    let masters: Vec<(String, f64)> = redis.run(&range).await?;
    if masters.is_empty() {
        return Ok(None);
    }
    let now = redis.now().await? / 1000;
    let (mut alive, mut paused, mut last) = (0, 0, 0);
    for (name, seen) in &masters {
        #[allow(clippy::cast_possible_truncation)] // Unix seconds
        let seen = *seen as i64;
        last = last.max(seen);
        if now - seen > SILENT {
            continue;
        }
        alive += 1;
        let mut status = redis::cmd("HGET");
        status.arg(format!("{prefix}master:{name}")).arg("status");
        paused += usize::from(redis.run::<Option<String>>(&status).await?.as_deref() == Some("paused"));
    }
    let seen_at = DateTime::from_timestamp(last, 0);
    Ok(Some(Horizon { prefix: prefix.to_owned(), alive, masters: masters.len(), paused, seen_at }))
}
