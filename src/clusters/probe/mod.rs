//! How every cluster stands: seven stages each, all clusters at once, and a report whatever happens.
//!
//! A cluster costs one connection per role and, when it is up to date, one round trip. The driver connects and logs in
//! as one act, and one round trip asks for everything, so some stages have no time of their own and say whose holds it.

mod ask;
mod facts;
mod keep;
mod report;
mod schema;
mod seen;
mod tenancy;
mod tools;
mod walk;

use std::{cell::RefCell, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use self::report::Trail;
pub use self::{
    facts::{Connections, Login, Replication, Server},
    keep::{KEPT, keep, last},
    report::{Finding, Probe, Stage, State, Step, Verdict},
    schema::Schema,
    tenancy::Tenancy,
};
use crate::{
    Error, Exit, Kind,
    cancel::Cancel,
    clock::Clock,
    config::clusters::{ClusterStatus, Role},
    fleet::{Bounds, Cluster, Done, each},
};

/// Time that is left for the report when the deadline comes.
const MARGIN: Duration = Duration::from_millis(100);

/// What still counts as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time that a replica may be behind.
    pub max_lag: Duration,
    /// Connections that may be used, in percent of the limit.
    pub max_connections: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_lag: Duration::from_secs(30), max_connections: 90 }
    }
}

/// How to probe.
#[derive(Debug, Clone)]
pub struct Request {
    /// Roles that must be able to log in, where they have credentials of their own; the first is the one that asks.
    pub roles: Vec<Role>,
    /// What still counts as well.
    pub limits: Limits,
    /// Time for one cluster.
    pub each: Duration,
    /// Time for all.
    pub within: Duration,
    /// How many at once.
    pub bounds: Bounds,
    /// What time it is.
    pub clock: Clock,
}

/// A cluster that was not probed, though nobody named others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LeftOut {
    /// Its name.
    pub cluster: String,
    /// Why: down on purpose, or gone.
    pub status: ClusterStatus,
}

/// All clusters, probed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// The clusters.
    pub clusters: Vec<Probe>,
    /// Those that were not probed.
    pub left_out: Vec<LeftOut>,
}

impl Report {
    /// How many have a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.clusters.iter().filter(|probe| probe.verdict == verdict).count()
    }

    /// How the command ends: the gravest of all.
    pub fn exit(&self) -> Exit {
        self.clusters.iter().map(Probe::exit).fold(Exit::Done, Exit::worst)
    }
}

/// Probes clusters, all at once within the bounds; `told` is called as each is done. Every cluster is in the answer,
/// whatever becomes of it.
pub async fn probe<'c>(
    clusters: &[&'c Cluster],
    request: &Request,
    cancel: &Cancel,
    mut told: impl FnMut(&'c Cluster),
) -> Vec<Probe> {
    let deadline = Instant::now() + request.within;
    let cancel = cancel.clone().with_timeout(request.within);
    let work = async |cluster: &&Cluster| one(cluster, request, deadline).await;
    let done =
        each(clusters, request.bounds, &cancel, |cluster| &cluster.host, work, |cluster, _| told(cluster));
    let ended = |(cluster, done): (&&Cluster, Done<Probe>)| match done.into_result() {
        Ok(probe) => probe,
        Err(error) => Trail::new().finish(cluster, request.clock.now(), Some(&error)),
    };
    clusters.iter().zip(done.await).map(ended).collect()
}

/// One cluster, within its time and what is left for all.
async fn one(cluster: &Cluster, request: &Request, deadline: Instant) -> Probe {
    let left = deadline.saturating_duration_since(Instant::now()).saturating_sub(MARGIN);
    let trail = RefCell::new(Trail::new());
    let at = request.clock.now();
    let passed = || Error::new(Kind::Deadline, "the deadline passed").hint("give all more time: `--timeout`");
    if left.is_zero() {
        return trail.into_inner().finish(cluster, at, Some(&passed()));
    }
    let walked = tokio::time::timeout(request.each.min(left), walk::walk(cluster, request, &trail)).await;
    let cut = walked.is_err().then(|| match request.each <= left {
        true => Error::new(
            Kind::Unreachable,
            format!("{} did not answer within {} s", cluster.address, request.each.as_secs_f64()),
        )
        .hint("give each cluster more time: `--each`")
        .hint(format!("see how it is registered: `opsctl clusters show {}`", cluster.name)),
        false => passed(),
    });
    trail.into_inner().finish(cluster, at, cut.as_ref())
}
