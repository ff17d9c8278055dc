//! A role's place: the server, Sentinel set or Cluster, the logical database, the prefix, the credentials.

use std::{fmt, path::PathBuf, str::FromStr};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::tls::Tls;
use crate::{
    Error, Result,
    config::{
        Origin,
        database::{AT_BEHIND_HOST, ENCODE, FRAGMENT, at_behind_host, decode},
    },
};

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Node {
    /// Name or address, an IPv6 address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Node {
    /// From both parts.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }
}

impl FromStr for Node {
    type Err = Error;

    /// `HOST:PORT`, an IPv6 address in brackets.
    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::config("a node is no `HOST:PORT`").hint("write `cache-1.internal:6379`");
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        // A URL has a scheme and may hold a password, which has no place in a file.
        let plain = bare.is_some() || !host.contains([':', '/', '@']);
        match port.parse() {
            Ok(port) if plain && !host.is_empty() => Ok(Self::new(bare.unwrap_or(host), port)),
            _ => Err(bad()),
        }
    }
}

impl TryFrom<String> for Node {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// `a:1,b:2`.
fn list(nodes: &[Node]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// The sentinels that know where a master is. Their credentials and TLS are not the servers'.
#[derive(Debug, Clone)]
pub struct Sentinels {
    /// Name under which they watch the master.
    pub master: String,
    /// Where they listen; asked in this order.
    pub nodes: Vec<Node>,
    /// ACL user of the sentinels, if one is set.
    pub username: Option<String>,
    /// Password of the sentinels, if one is set.
    pub password: Option<SecretString>,
    /// TLS to the sentinels.
    pub tls: Option<Tls>,
}

impl PartialEq for Sentinels {
    fn eq(&self, other: &Self) -> bool {
        self.master == other.master
            && self.nodes == other.nodes
            && self.username == other.username
            && same(&self.password, &other.password)
            && self.tls == other.tls
    }
}

impl Eq for Sentinels {}

/// Where a Redis is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// One server, by host and port.
    Tcp(String, u16),
    /// Likewise, over TLS.
    Tls(String, u16, Tls),
    /// One server, by its socket file.
    Socket(PathBuf),
    /// The master that sentinels name, and the TLS of the servers.
    Sentinel(Box<Sentinels>, Option<Tls>),
    /// A Cluster, of which these nodes are asked first, and its TLS. It has only database 0.
    Cluster(Vec<Node>, Option<Tls>),
}

impl Address {
    /// A server by host and port.
    pub fn server(node: Node, tls: Option<Tls>) -> Self {
        match tls {
            None => Address::Tcp(node.host, node.port),
            Some(tls) => Address::Tls(node.host, node.port, tls),
        }
    }

    /// Whether the keys are spread over the nodes of a Cluster.
    pub const fn is_cluster(&self) -> bool {
        matches!(self, Address::Cluster(..))
    }

    /// How the servers are verified, when they are reached over TLS.
    pub const fn tls(&self) -> Option<&Tls> {
        match self {
            Address::Tcp(..) | Address::Socket(_) => None,
            Address::Tls(_, _, tls) => Some(tls),
            Address::Sentinel(_, tls) | Address::Cluster(_, tls) => tls.as_ref(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(host, port) => write!(f, "redis://{host}:{port}"),
            Address::Tls(host, port, _) => write!(f, "rediss://{host}:{port}"),
            Address::Socket(path) => write!(f, "unix:{}", path.display()),
            Address::Sentinel(set, _) => write!(f, "redis+sentinel://{}/{}", list(&set.nodes), set.master),
            Address::Cluster(nodes, _) => write!(f, "redis+cluster://{}", list(nodes)),
        }
    }
}

/// One role's place. `Debug` and `Display` never show the password.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it is found.
    pub address: Address,
    /// ACL user, if one is set.
    pub username: Option<String>,
    /// Password, if one is set.
    pub password: Option<SecretString>,
    /// Logical database.
    pub database: i64,
    /// Prefix that the client puts before every key (`REDIS_PREFIX`).
    pub prefix: String,
    /// Which source named the server.
    pub origin: Origin,
    /// The database stood in the URL, whose path overrides an application's own setting.
    pub database_in_url: bool,
}

impl Target {
    /// A place by its address, database 0, without prefix or credentials.
    pub fn new(address: Address, origin: Origin) -> Self {
        let (username, password, prefix) = (None, None, String::new());
        Self { address, username, password, database: 0, prefix, origin, database_in_url: false }
    }

    /// Reads a Redis URL; one over TLS verifies fully. The URL is never repeated in an error.
    ///
    /// # Errors
    /// An unknown scheme, or a part that opsctl cannot honour.
    pub fn from_url(text: &str, origin: &Origin) -> Result<Self> {
        let parts = UrlParts::read(text, origin)?;
        let address = match parts.server {
            UrlServer::Socket(path) => Address::Socket(path),
            UrlServer::Tcp { tls, host, port } => {
                let node = Node::new(host.unwrap_or_else(|| LOCAL.into()), port.unwrap_or(PORT));
                Address::server(node, tls.then(Tls::full))
            }
        };
        Ok(Self {
            username: parts.username,
            password: parts.password,
            database: parts.database.unwrap_or(0),
            database_in_url: parts.database.is_some(),
            ..Self::new(address, origin.clone())
        })
    }

    /// Whether one connection serves both: the same servers, as the same user.
    pub fn shares_server_with(&self, other: &Target) -> bool {
        self.address == other.address
            && self.username == other.username
            && same(&self.password, &other.password)
    }
}

/// The host of those who name none, as Laravel's `config/database.php` has it.
pub(super) const LOCAL: &str = "127.0.0.1";
/// The port of those who name none.
pub(super) const PORT: u16 = 6379;

/// What a Redis URL names; what it does not name is left to defaults, or to the settings beside it.
pub(super) struct UrlParts {
    /// The server.
    pub server: UrlServer,
    /// ACL user.
    pub username: Option<String>,
    /// Password, which may be empty.
    pub password: Option<SecretString>,
    /// Logical database.
    pub database: Option<i64>,
}

/// The server that a URL names.
pub(super) enum UrlServer {
    /// By its socket file.
    Socket(PathBuf),
    /// By what there is of host and port; the scheme says whether over TLS.
    Tcp { tls: bool, host: Option<String>, port: Option<u16> },
}

impl UrlParts {
    /// Reads a URL.
    ///
    /// # Errors
    /// As [`Target::from_url`].
    pub(super) fn read(text: &str, origin: &Origin) -> Result<Self> {
        let bad = |why: &str| Error::config(format!("the Redis URL of {origin} cannot be used")).because(why);
        if let Some(path) = text.strip_prefix("unix:") {
            let server = UrlServer::Socket(socket(path).map_err(bad)?);
            return Ok(Self { server, username: None, password: None, database: None });
        }
        let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        let tls = match url.scheme() {
            "redis" | "tcp" => false,
            "rediss" | "tls" => true,
            _ => return Err(bad("its scheme is none of redis, rediss, tcp, tls, unix")),
        };
        if at_behind_host(text) {
            return Err(bad(AT_BEHIND_HOST).hint(ENCODE));
        }
        if text.contains('#') {
            return Err(bad(FRAGMENT).hint(ENCODE));
        }
        if url.query().is_some_and(|query| !query.is_empty()) {
            return Err(bad("its parameters cannot be honoured"));
        }
        let part = |text: &str, what: &str| {
            let text = decode(text).ok_or_else(|| bad(&format!("its {what} is not UTF-8")))?;
            Ok::<_, Error>(Some(text).filter(|text| !text.is_empty()))
        };
        let host = part(url.host_str().unwrap_or_default().trim_matches(['[', ']']), "host")?;
        let password =
            url.password().map(|text| decode(text).ok_or_else(|| bad("its password is not UTF-8")));
        let database = Some(url.path().trim_start_matches('/')).filter(|path| !path.is_empty());
        let database = database.map(|path| path.parse().map_err(|_| bad("its path is no database number")));
        Ok(Self {
            server: UrlServer::Tcp { tls, host, port: url.port() },
            username: part(url.username(), "user")?,
            password: password.transpose()?.map(SecretString::from),
            database: database.transpose()?,
        })
    }
}

/// The socket file of a `unix:` URL, in which nothing is encoded.
fn socket(path: &str) -> Result<PathBuf, &'static str> {
    let path = path.strip_prefix("//").unwrap_or(path);
    match path {
        _ if path.contains('?') => Err("its parameters cannot be honoured"),
        _ if !path.starts_with('/') => Err("it names no absolute path"),
        _ => Ok(PathBuf::from(path)),
    }
}

/// Whether two secrets are one.
fn same(one: &Option<SecretString>, other: &Option<SecretString>) -> bool {
    one.as_ref().map(ExposeSecret::expose_secret) == other.as_ref().map(ExposeSecret::expose_secret)
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Socket(path) => write!(f, "unix:{}?db={}", path.display(), self.database),
            Address::Cluster(..) => self.address.fmt(f),
            Address::Tcp(..) | Address::Tls(..) | Address::Sentinel(..) => {
                write!(f, "{}/{}", self.address, self.database)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_name_server_and_database_and_never_show_the_password() {
        let target =
            Target::from_url("redis://ops:hunter%2F2@cache.example:6380/3", &Origin::Default).unwrap();
        assert_eq!(target.to_string(), "redis://cache.example:6380/3");
        assert!(!format!("{target:?}").contains("hunter"));
    }

    #[test]
    fn both_schemes_of_tls_verify_fully() {
        for url in ["rediss://:hunter2@h:6380/1", "tls://:hunter2@h:6380/1"] {
            let target = Target::from_url(url, &Origin::Default).unwrap();
            assert_eq!(target.address, Address::Tls("h".into(), 6380, Tls::full()));
            assert_eq!(target.to_string(), "rediss://h:6380/1");
            assert!(!format!("{target:?}").contains("hunter2"));
        }
    }

    #[test]
    fn what_a_url_cannot_say_is_refused_and_its_password_not_shown() {
        for url in [
            "unix:/run/redis.sock?db=1&pass=hunter2",
            "unix://:hunter2@/run/redis.sock",
            "redis://u:12#hunter2@h/0",
            "redis://u:12/hunter2@h/0",
            "redis://u:12?hunter2@h/0",
            "redis:u:hunter2@h",
            "redis://u:hunter2%ff@h/0",
        ] {
            let error = Target::from_url(url, &Origin::Default).map(|target| format!("{target:?} {target}"));
            let error = error.unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn a_socket_is_named_with_or_without_slashes_before_it() {
        for url in ["unix:/run/redis.sock", "unix:///run/redis.sock"] {
            let target = Target::from_url(url, &Origin::Default).unwrap();
            assert_eq!(target.address, Address::Socket("/run/redis.sock".into()));
        }
    }

    #[test]
    fn a_node_is_a_host_and_a_port_and_nothing_else() {
        for (text, host, port) in [("s1.internal:26379", "s1.internal", 26379), ("[::1]:7000", "::1", 7000)] {
            let node: Node = text.parse().unwrap();
            assert_eq!((node.host.as_str(), node.port, node.to_string().as_str()), (host, port, text));
        }
        for text in ["", "s1", ":1", "s1:", "s1:x", "s1:70000", "::1:7000", "redis://s1:1", "u:hunter2@s1:1"]
        {
            let error = text.parse::<Node>().unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    proptest! {
        #[test]
        fn urls_are_read_as_the_parts_that_they_were_made_of(
            host in r"[a-z][a-z0-9-]{0,8}(\.[a-z0-9]{1,5}){0,2}|\[::1\]|127\.0\.0\.1",
            (username, password) in (".*", ".*"),
            port in prop::option::of(any::<u16>()),
            database in prop::option::of(any::<i64>()),
        ) {
            let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let port_text = port.map(|port| format!(":{port}")).unwrap_or_default();
            let path = database.map(|database| format!("/{database}")).unwrap_or_default();
            let user = format!("{}:{}", encoded(&username), encoded(&password));
            let found = Target::from_url(&format!("redis://{user}@{host}{port_text}{path}"), &Origin::Default).unwrap();
            let bare = host.trim_matches(['[', ']']).to_owned();
            prop_assert_eq!(found.address, Address::Tcp(bare, port.unwrap_or(6379)));
            prop_assert_eq!(found.username.unwrap_or_default(), username);
            prop_assert_eq!(found.password.as_ref().map_or("", |found| found.expose_secret()), password);
            prop_assert_eq!((found.database, found.database_in_url), (database.unwrap_or(0), database.is_some()));
        }
    }
}
