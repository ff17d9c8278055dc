//! How connections are made: with time limits, credentials and TLS, to one server or a whole Cluster.

use std::{fs, path::Path, time::Duration};

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
    Error, Result,
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
    let encrypted = address.tls().is_some();
    let told = |error: redis::RedisError| peer.unconnected(&error, encrypted);
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
    client.map_err(told)?.get_multiplexed_async_connection_with_config(&config).await.map_err(told)
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
    let read = |path: &Path| {
        let bytes = fs::read(path).map_err(|error| {
            Error::config(format!("{} cannot be read", path.display()))
                .because(error)
                .hint(format!("TLS to {} needs it, as {} says", peer.name, peer.origin))
        })?;
        match bytes.windows(11).any(|window| window == b"-----BEGIN ") {
            true => Ok(bytes),
            false => Err(Error::config(format!("{} is no PEM file", path.display()))),
        }
    };
    let identity = tls.identity.as_ref().map(|identity| {
        let (client_cert, client_key) = (read(&identity.certificate)?, read(&identity.key)?);
        Ok::<_, Error>(ClientTlsConfig { client_cert, client_key })
    });
    let root_cert = tls.authority.as_deref().map(read).transpose()?;
    Ok(TlsCertificates { client_tls: identity.transpose()?, root_cert })
}

/// Connects to a Cluster through the first node that answers: the driver finds the others from there.
async fn cluster(
    nodes: &[Node],
    tls: Option<&Tls>,
    login: Login<'_>,
    peer: &Peer<'_>,
) -> Result<ClusterConnection> {
    let (node, _) = first(nodes, tls, login, peer).await?;
    let told = |error: redis::RedisError| peer.error(&error);
    let seed = match tls {
        Some(tls) => tls_info(&node.host, node.port, tls),
        None => ConnectionAddr::Tcp(node.host.clone(), node.port).into_connection_info(),
    };
    let seed = seed.map_err(told)?.set_redis_settings(login.settings());
    let mut builder =
        ClusterClient::builder([seed]).connection_timeout(SERVERS.connect).response_timeout(SERVERS.response);
    if let Some(tls) = tls {
        // Verifies fully, as all that an opsctl.toml names.
        builder = builder.certs(certificates(tls, peer)?);
    }
    let client = builder.build().map_err(told)?;
    client.get_async_connection().await.map_err(told)
}

/// The first node of a Cluster that answers, connected. The driver's own error, when none does, says too little.
pub(super) async fn first<'a>(
    nodes: &'a [Node],
    tls: Option<&Tls>,
    login: Login<'_>,
    peer: &Peer<'_>,
) -> Result<(&'a Node, MultiplexedConnection)> {
    let mut failure = None;
    for node in nodes {
        let address = Address::server(node.clone(), tls.cloned());
        let peer = Peer { name: address.to_string(), ..peer.clone() };
        match server(&address, login, &peer, SERVERS).await {
            Ok(mut conn) => {
                let slots: RedisResult<Value> =
                    redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut conn).await;
                return slots.map(|_| (node, conn)).map_err(|error| peer.error(&error));
            }
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    Err(failure.unwrap_or_else(|| peer.silent("it names no nodes")))
}
