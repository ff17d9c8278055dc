//! What one server says about itself.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use redis::{Cmd, FromRedisValue, InfoDict, RedisError, aio::MultiplexedConnection};
use serde::Serialize;
use tokio::time::Instant;

use crate::{Error, Result, redis::fault::Peer};

/// PINGs of which the median is the latency.
const PINGS: usize = 5;

/// A server, as its INFO tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Facts {
    /// `master` or `replica`.
    pub role: ServerRole,
    /// Median time of several PINGs, in microseconds.
    pub latency_us: u64,
    /// Version; with the server's name, when it is not Redis.
    pub version: String,
    /// Bytes in use.
    pub used_memory: u64,
    /// Bytes that it may use; 0 is no limit.
    pub maxmemory: u64,
    /// What it does when these are used up.
    pub maxmemory_policy: String,
    /// Keys that it threw away for want of memory since it was started.
    pub evicted_keys: u64,
    /// When the last snapshot was saved; none when that was before the server started, or never.
    pub last_save: Option<DateTime<Utc>>,
    /// Snapshots.
    pub snapshot: Saved,
    /// The append-only file.
    pub append_only: Saved,
    /// Whether it is a node of a Cluster.
    pub cluster: bool,
    /// Open connections of clients.
    pub connected_clients: u64,
}

/// What a server is in its replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ServerRole {
    /// Takes writes.
    Master,
    /// Follows a master.
    Replica,
}

/// How a form of persistence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Saved {
    /// It is not in use.
    Off,
    /// It is in use, and nothing was written since the server started.
    Waiting,
    /// The last attempt succeeded.
    Ok,
    /// The last attempt failed.
    Failed,
}

impl Saved {
    /// Its word in CSV and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Saved::Off => "off",
            Saved::Waiting => "waiting",
            Saved::Ok => "ok",
            Saved::Failed => "failed",
        }
    }
}

impl Facts {
    /// Asks a server.
    ///
    /// # Errors
    /// It does not answer, or denies a command.
    pub(super) async fn ask(conn: &mut MultiplexedConnection, peer: &Peer<'_>) -> Result<Self> {
        let latency = latency(conn, peer).await?;
        let info: InfoDict = say(conn, peer, &redis::cmd("INFO")).await?;
        if info.get::<String>("redis_mode").as_deref() == Some("sentinel") {
            return Err(Error::config(format!("{} is a sentinel", peer.name))
                .hint("name the set in an opsctl.toml: `[redis]` with `sentinel = …`"));
        }
        // Managed servers deny CONFIG: there a snapshot is taken to be in use.
        let answer: Result<HashMap<String, String>> =
            say(conn, peer, redis::cmd("CONFIG").arg("GET").arg("save")).await;
        let save_points = answer.ok().and_then(|settings| settings.get("save").cloned());
        Ok(Self::read(&info, save_points.as_deref(), latency))
    }

    /// Nothing is kept on disk.
    pub fn keeps_nothing(&self) -> bool {
        self.snapshot == Saved::Off && self.append_only == Saved::Off
    }

    fn read(info: &InfoDict, save_points: Option<&str>, latency: Duration) -> Self {
        let text = |key: &str| info.get::<String>(key).unwrap_or_default();
        let number = |key: &str| info.get::<u64>(key).unwrap_or_default();
        let failed = |key: &str| info.get::<String>(key).is_some_and(|status| status != "ok");
        let saved = |failed: bool| if failed { Saved::Failed } else { Saved::Ok };
        // Without a save, its time is that of the server's start. Redis before 7.0 does not count saves.
        let never = info.get::<u64>("rdb_saves") == Some(0);
        let snapshot = match failed("rdb_last_bgsave_status") {
            true => Saved::Failed,
            false if save_points == Some("") => Saved::Off,
            false if never => Saved::Waiting,
            false => Saved::Ok,
        };
        let append_only = failed("aof_last_write_status") || failed("aof_last_bgrewrite_status");
        let saved_at = info.get::<i64>("rdb_last_save_time").filter(|_| !never);
        Self {
            role: if text("role") == "master" { ServerRole::Master } else { ServerRole::Replica },
            latency_us: u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
            version: match info.get::<String>("valkey_version") {
                Some(version) => format!("valkey {version}"),
                None => text("redis_version"),
            },
            used_memory: number("used_memory"),
            maxmemory: number("maxmemory"),
            maxmemory_policy: text("maxmemory_policy"),
            evicted_keys: number("evicted_keys"),
            last_save: saved_at.and_then(|at| DateTime::from_timestamp(at, 0)),
            snapshot,
            append_only: if number("aof_enabled") == 0 { Saved::Off } else { saved(append_only) },
            cluster: text("redis_mode") == "cluster",
            connected_clients: number("connected_clients"),
        }
    }
}

async fn latency(conn: &mut MultiplexedConnection, peer: &Peer<'_>) -> Result<Duration> {
    let mut times = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let started = Instant::now();
        say::<String>(conn, peer, &redis::cmd("PING")).await?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(PINGS / 2).copied().unwrap_or_default())
}

/// One command to one server.
pub(super) async fn say<T: FromRedisValue>(
    conn: &mut MultiplexedConnection,
    peer: &Peer<'_>,
    command: &Cmd,
) -> Result<T> {
    command.query_async(conn).await.map_err(|error: RedisError| peer.error(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_info_says_is_read_and_what_it_leaves_out_is_none_or_zero() {
        let text = "# Server\r\nredis_version:7.0.15\r\nrole:slave\r\nused_memory:1024\r\nmaxmemory:2048\r\n\
                    maxmemory_policy:volatile-lru\r\nevicted_keys:7\r\nrdb_last_bgsave_status:err\r\n\
                    rdb_last_save_time:1795159747\r\naof_enabled:1\r\naof_last_write_status:err\r\n";
        let facts = Facts::read(&InfoDict::new(text), None, Duration::from_micros(250));
        assert_eq!(
            (facts.role, facts.latency_us, facts.version.as_str()),
            (ServerRole::Replica, 250, "7.0.15")
        );
        assert_eq!((facts.used_memory, facts.maxmemory, facts.evicted_keys), (1024, 2048, 7));
        assert_eq!((facts.snapshot, facts.append_only), (Saved::Failed, Saved::Failed));
        assert_eq!(facts.last_save.unwrap().timestamp(), 1_795_159_747);
        let bare =
            Facts::read(&InfoDict::new("role:master\r\nvalkey_version:8.1.0\r\n"), None, Duration::ZERO);
        assert_eq!(
            (bare.role, bare.version.as_str(), bare.last_save),
            (ServerRole::Master, "valkey 8.1.0", None)
        );
        assert_eq!((bare.snapshot, bare.append_only), (Saved::Ok, Saved::Off));
    }

    #[test]
    fn the_time_of_a_start_is_no_save() {
        for (saves, points, snapshot, at) in [
            (0, Some("3600 1"), Saved::Waiting, None),
            (0, None, Saved::Waiting, None),
            (0, Some(""), Saved::Off, None),
            (1, Some(""), Saved::Off, Some(1_795_159_747)),
            (1, Some("3600 1"), Saved::Ok, Some(1_795_159_747)),
        ] {
            let info = format!("rdb_saves:{saves}\r\nrdb_last_save_time:1795159747\r\naof_enabled:0\r\n");
            let facts = Facts::read(&InfoDict::new(&info), points, Duration::ZERO);
            assert_eq!(
                (facts.snapshot, facts.last_save.map(|at| at.timestamp())),
                (snapshot, at),
                "{info}{points:?}"
            );
            assert_eq!(facts.keeps_nothing(), points == Some(""));
        }
    }
}
