//! How connections are made: with time limits, credentials and TLS, to one server or a whole Cluster.

use std::{fs, path::Path, time::Duration};

use futures_util::stream::{FuturesUnordered, StreamExt};
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    Pipeline, RedisConnectionInfo, RedisFuture, RedisResult, TlsCertificates, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
};
use secrecy::{ExposeSecret, SecretString};

use super::{fault::Peer, sentinel};
use crate::{
    Error, Kind, Result,
    config::redis::{Address, Node, Target, Tls, Verify},
};

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For a connection.
    connect: Duration,
    /// For an answer; the crate's own default of 500 ms is short of a busy server's pauses.
    response: Duration,
}

/// With servers, whose answers the work depends on.
pub(super) const SERVERS: Patience =
    Patience { connect: Duration::from_secs(5), response: Duration::from_secs(5) };
/// With a node that names the others of its Cluster, of which another one can be asked.
const SEEDS: Patience = Patience { connect: Duration::from_secs(3), response: Duration::from_secs(3) };
/// With the nodes of a Cluster, of which one may be down without harm to the others.
const NODES: Patience = Patience { connect: Duration::from_secs(2), response: Duration::from_secs(5) };
/// Longest time for finding out which nodes a Cluster has, and connecting to them.
const CLUSTER_WITHIN: Duration = Duration::from_secs(6);
/// With sentinels, of which another one can be asked.
pub(super) const SENTINELS: Patience =
    Patience { connect: Duration::from_secs(1), response: Duration::from_secs(1) };

/// Who opsctl is to a server, and in which database it works.
#[derive(Debug, Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) username: Option<&'a str>,
    pub(super) password: Option<&'a SecretString>,
    pub(super) database: i64,
}

impl<'a> From<&'a Target> for Login<'a> {
    fn from(target: &'a Target) -> Self {
        Login {
            username: target.username.as_deref(),
            password: target.password.as_ref(),
            database: target.database,
        }
    }
}

impl Login<'_> {
    fn settings(&self) -> RedisConnectionInfo {
        let mut settings = RedisConnectionInfo::default().set_db(self.database);
        if let Some(username) = self.username {
            settings = settings.set_username(username);
        }
        if let Some(password) = self.password {
            settings = settings.set_password(password.expose_secret());
        }
        settings
    }
}

/// A connection: to one server, or to the nodes of a Cluster.
#[derive(Clone)]
pub(super) enum Link {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// Hides the driver's connections, which have no useful `Debug`.
impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link")
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Link::Server(conn) => conn.req_packed_command(cmd),
            Link::Cluster(conn) => conn.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Link::Server(conn) => conn.req_packed_commands(cmd, offset, count),
            Link::Cluster(conn) => conn.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Link::Server(conn) => conn.get_db(),
            Link::Cluster(conn) => conn.get_db(),
        }
    }
}

/// Connects to a role's place.
pub(super) async fn link(target: &Target) -> Result<Link> {
    let (login, peer) = (Login::from(target), Peer::from(target));
    match &target.address {
        Address::Sentinel(set, tls) => Ok(Link::Server(sentinel::master(set, tls.as_ref(), target).await?.1)),
        Address::Cluster(nodes, tls) => cluster(nodes, tls.as_ref(), login, &peer).await.map(Link::Cluster),
        Address::Tcp(..) | Address::Tls(..) | Address::Socket(_) => {
            server(&target.address, login, &peer, SERVERS).await.map(Link::Server)
        }
    }
}

/// Connects to one server.
pub(super) async fn server(
    address: &Address,
    login: Login<'_>,
    peer: &Peer<'_>,
    patience: Patience,
) -> Result<MultiplexedConnection> {
    let settings = login.settings();
    let client = match address {
        Address::Tcp(host, port) => plain(ConnectionAddr::Tcp(host.clone(), *port), settings),
        Address::Socket(path) => plain(ConnectionAddr::Unix(path.clone()), settings),
        Address::Tls(host, port, tls) => over_tls(host, *port, tls, settings, certificates(tls, peer)?),
        Address::Sentinel(..) | Address::Cluster(..) => {
            return Err(Error::failed(format!("{address} is no single server")));
        }
    };
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(patience.connect))
        .set_response_timeout(Some(patience.response));
    let client = client.map_err(|error| peer.unusable(&error, address))?;
    match client.get_multiplexed_async_connection_with_config(&config).await {
        Ok(conn) => Ok(conn),
        Err(error) => Err(peer.unconnected(&error, address, patience.connect).await),
    }
}

fn plain(address: ConnectionAddr, settings: RedisConnectionInfo) -> RedisResult<Client> {
    Client::open(address.into_connection_info()?.set_redis_settings(settings))
}

fn over_tls(
    host: &str,
    port: u16,
    tls: &Tls,
    settings: RedisConnectionInfo,
    certificates: TlsCertificates,
) -> RedisResult<Client> {
    let info = tls_info(host, port, tls)?.set_redis_settings(settings);
    let client = Client::build_with_tls(info, certificates)?;
    if tls.verify != Verify::Authority {
        return Ok(client);
    }
    let info = client.get_connection_info().clone();
    let mut address = info.addr().clone();
    address.set_danger_accept_invalid_hostnames(true);
    Client::open(info.set_addr(address))
}

fn tls_info(host: &str, port: u16, tls: &Tls) -> RedisResult<ConnectionInfo> {
    let insecure = tls.verify == Verify::Nothing;
    ConnectionAddr::TcpTls { host: host.to_owned(), port, insecure, tls_params: None }.into_connection_info()
}

/// The files that TLS needs, read.
fn certificates(tls: &Tls, peer: &Peer<'_>) -> Result<TlsCertificates> {
    let read = |path: &Path, what: &str| {
        let hint = format!("TLS to {} needs it, as {} says", peer.name, peer.origin);
        let bytes = fs::read(path).map_err(|error| {
            Error::config(format!("{} cannot be read", path.display())).because(error).hint(&*hint)
        })?;
        // `-----BEGIN RSA PRIVATE KEY-----` is one, too.
        let mut begins = bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"-----BEGIN "));
        let ends = format!("{what}-----");
        match begins.any(|line| line.trim_ascii_end().ends_with(ends.as_bytes())) {
            true => Ok(bytes),
            false => {
                let what = what.to_lowercase();
                Err(Error::config(format!("{} holds no {what} in PEM form", path.display())).hint(hint))
            }
        }
    };
    let identity = tls.identity.as_ref().map(|identity| {
        let client_cert = read(&identity.certificate, "CERTIFICATE")?;
        let client_key = read(&identity.key, "PRIVATE KEY")?;
        Ok::<_, Error>(ClientTlsConfig { client_cert, client_key })
    });
    let root_cert = tls.authority.as_deref().map(|path| read(path, "CERTIFICATE")).transpose()?;
    Ok(TlsCertificates { client_tls: identity.transpose()?, root_cert })
}

/// Connects to a Cluster through the first node that answers: the driver finds the others from there.
async fn cluster(
    nodes: &[Node],
    tls: Option<&Tls>,
    login: Login<'_>,
    peer: &Peer<'_>,
) -> Result<ClusterConnection> {
    let connecting = async {
        let (node, _) = first(nodes, tls, login, peer).await?;
        let told = |error: redis::RedisError| peer.error(&error);
        let seed = match tls {
            Some(tls) => tls_info(&node.host, node.port, tls),
            None => ConnectionAddr::Tcp(node.host.clone(), node.port).into_connection_info(),
        };
        let seed = seed.map_err(told)?.set_redis_settings(login.settings());
        let mut builder =
            ClusterClient::builder([seed]).connection_timeout(NODES.connect).response_timeout(NODES.response);
        if let Some(tls) = tls {
            // Verifies fully, as all that an opsctl.toml names.
            builder = builder.certs(certificates(tls, peer)?);
        }
        builder.build().map_err(told)?.get_async_connection().await.map_err(told)
    };
    let silent = || peer.silent(format!("no answer within {} s", CLUSTER_WITHIN.as_secs()));
    tokio::time::timeout(CLUSTER_WITHIN, connecting).await.unwrap_or_else(|_| Err(silent()))
}

/// The first of the named nodes of a Cluster that knows the others, connected. All are asked at the same time. The
/// driver's own error, when none does, says too little.
///
/// # Errors
/// Of the first one that answers and refuses, or else of the first one.
pub(super) async fn first<'a>(
    nodes: &'a [Node],
    tls: Option<&Tls>,
    login: Login<'_>,
    peer: &Peer<'_>,
) -> Result<(&'a Node, MultiplexedConnection)> {
    let numbered = nodes.iter().enumerate();
    let mut asked: FuturesUnordered<_> =
        numbered.map(async |(at, node)| (at, node, seed(node, tls, login, peer).await)).collect();
    let mut failures = Vec::new();
    while let Some((at, node, answer)) = asked.next().await {
        match answer {
            Ok(conn) => return Ok((node, conn)),
            Err(error) => failures.push((error.kind() == Kind::Unreachable, at, error)),
        }
    }
    let failure = failures.into_iter().min_by_key(|(silent, at, _)| (*silent, *at));
    Err(failure.map_or_else(|| peer.silent("it names no nodes"), |(.., error)| error))
}

/// A node that may say, and says, which nodes its Cluster has.
async fn seed(
    node: &Node,
    tls: Option<&Tls>,
    login: Login<'_>,
    peer: &Peer<'_>,
) -> Result<MultiplexedConnection> {
    let address = Address::server(node.clone(), tls.cloned());
    let peer = Peer { name: address.to_string(), ..peer.clone() };
    let mut conn = server(&address, login, &peer, SEEDS).await?;
    let slots: RedisResult<Value> = redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut conn).await;
    slots.map(|_| conn).map_err(|error| peer.error(&error))
}
