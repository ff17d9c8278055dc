//! Keys that are found without holding up a server: in small questions, on each master of a Cluster.

use redis::{
    Cmd, FromRedisValue, Value,
    cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo},
};

use super::{Redis, connect::Link, glob};
use crate::Result;

/// Keys that a server looks at for one question.
const COUNT: usize = 1000;
/// Questions after keys of any prefix, to each server.
const SCANS: usize = 200;

/// A master of a Cluster; `None` is the only server.
type Master = Option<(String, u16)>;

impl Redis {
    /// All keys that begin with a text behind the client's prefix, as the server knows them.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn keys(&self, beginning: &str, within: &str) -> Result<Vec<String>> {
        let pattern = format!("{}{within}", glob(&self.key(beginning)));
        let mut keys = Vec::new();
        self.scan(&pattern, usize::MAX, async |some| {
            keys.extend(some);
            Ok(())
        })
        .await?;
        Ok(in_order(keys))
    }

    /// Keys that match a pattern whatever they begin with. Where there are very many, some of them.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn anywhere(&self, pattern: &str) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        self.scan(pattern, SCANS, async |some| {
            keys.extend(some);
            Ok(())
        })
        .await?;
        Ok(in_order(keys))
    }

    /// Gives the keys that match a pattern to `take`, a window at a time, after at most so many questions to each
    /// server. A key may come twice, and what is written meanwhile may be missed. Keys that are no text are passed over.
    ///
    /// # Errors
    /// As [`Redis::run`]; what `take` says.
    pub async fn scan(
        &self,
        pattern: &str,
        questions: usize,
        mut take: impl AsyncFnMut(Vec<String>) -> Result<()>,
    ) -> Result<()> {
        for master in self.masters().await? {
            let mut cursor = 0_u64;
            for _ in 0..questions {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(COUNT);
                let (next, keys): (u64, Vec<Vec<u8>>) = self.run_on(&master, &scan).await?;
                take(keys.into_iter().filter_map(|key| String::from_utf8(key).ok()).collect()).await?;
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Those that hold keys.
    async fn masters(&self) -> Result<Vec<Master>> {
        if !self.target.address.is_cluster() {
            return Ok(vec![None]);
        }
        let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let answers: Vec<(String, Value)> = self.route(&redis::cmd("PING"), &all).await?;
        let place = |(name, _): (String, Value)| {
            let (host, port) = name.rsplit_once(':')?;
            Some(Some((host.to_owned(), port.parse().ok()?)))
        };
        Ok(answers.into_iter().filter_map(place).collect())
    }

    async fn run_on<T: FromRedisValue>(&self, master: &Master, command: &Cmd) -> Result<T> {
        match master {
            None => self.run(command).await,
            Some((host, port)) => {
                let node = SingleNodeRoutingInfo::ByAddress { host: host.clone(), port: *port };
                self.route(command, &RoutingInfo::SingleNode(node)).await
            }
        }
    }

    /// Runs a command on nodes of a Cluster.
    async fn route<T: FromRedisValue>(&self, command: &Cmd, nodes: &RoutingInfo) -> Result<T> {
        self.ask(async |link| match link {
            Link::Server(mut conn) => command.query_async(&mut conn).await,
            Link::Cluster(mut conn) => {
                Ok(redis::from_redis_value(conn.route_command(command.clone(), nodes.clone()).await?)?)
            }
        })
        .await
    }
}

/// SCAN may give a key twice.
fn in_order(mut keys: Vec<String>) -> Vec<String> {
    keys.sort_unstable();
    keys.dedup();
    keys
}
