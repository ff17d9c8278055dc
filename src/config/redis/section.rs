//! `[redis]` of an `opsctl.toml`: one server, a Sentinel set or a Cluster.

use std::{fmt, path::PathBuf};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{Address, Identity, Node, Role, Sentinels, Target, Tls};
use crate::{
    Error, Result,
    config::{
        Environment,
        file::{self, FileContext},
    },
};

/// `[redis]`, checked: it names one place, and a database for each role.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub struct RedisSection {
    /// What it names.
    pub place: Place,
    /// ACL user of the servers, when the URL names none.
    pub username: Option<String>,
    /// `env:NAME` or `file:PATH`.
    pub password: Option<String>,
    /// TLS to the servers.
    pub tls: Option<TlsSection>,
    /// Key prefix of the client (`REDIS_PREFIX`). Required, like the databases: a guess would lock nothing.
    pub prefix: String,
    /// Logical database per role.
    pub databases: RedisDatabases,
}

/// What `[redis]` names.
#[derive(Debug, Clone)]
pub enum Place {
    /// `url`: one server.
    Url(String),
    /// `sentinel`: the master of a Sentinel set.
    Sentinel(SentinelSection),
    /// `cluster`: the nodes to ask first.
    Cluster(Vec<Node>),
}

/// `[redis]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: Option<String>,
    sentinel: Option<SentinelSection>,
    cluster: Option<Vec<Node>>,
    username: Option<String>,
    password: Option<String>,
    tls: Option<TlsSection>,
    prefix: String,
    databases: Option<RedisDatabases>,
}

/// `[redis] sentinel`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentinelSection {
    /// Name under which the sentinels watch the master.
    pub master: String,
    /// `HOST:PORT` of each sentinel.
    pub nodes: Vec<Node>,
    /// ACL user of the sentinels.
    pub username: Option<String>,
    /// Password of the sentinels: `env:NAME` or `file:PATH`.
    pub password: Option<String>,
    /// TLS to the sentinels.
    pub tls: Option<TlsSection>,
}

/// `tls`: `true`, or a table of files, whose paths are relative to the file that names them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct TlsSection {
    /// PEM file of the authorities to trust, instead of the host's.
    pub ca: Option<PathBuf>,
    /// PEM file of opsctl's own certificate.
    pub certificate: Option<PathBuf>,
    /// PEM file of its key.
    pub key: Option<PathBuf>,
}

/// `[redis] databases`: where each role lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisDatabases {
    /// The connection named `default`.
    pub default: i64,
    /// Cache values.
    pub cache: i64,
    /// Queues.
    pub queue: i64,
    /// Locks.
    pub lock: i64,
}

impl RedisDatabases {
    /// The database of a role.
    pub const fn of(self, role: Role) -> i64 {
        match role {
            Role::Default => self.default,
            Role::Cache => self.cache,
            Role::Queue => self.queue,
            Role::Lock => self.lock,
        }
    }
}

impl TryFrom<Written> for RedisSection {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let place = match (written.url, written.sentinel, written.cluster) {
            (Some(url), None, None) => Place::Url(url),
            (None, Some(sentinel), None) => Place::Sentinel(sentinel),
            (None, None, Some(nodes)) => Place::Cluster(nodes),
            (None, None, None) => return Err("it names none of `url`, `sentinel`, `cluster`".into()),
            _ => return Err("it names more than one of `url`, `sentinel`, `cluster`".into()),
        };
        if let Place::Sentinel(SentinelSection { nodes, .. }) | Place::Cluster(nodes) = &place
            && nodes.is_empty()
        {
            return Err("it names no nodes".into());
        }
        let databases = match (written.databases, &place) {
            (None, Place::Cluster(_)) => RedisDatabases::default(),
            (Some(databases), Place::Cluster(_)) if databases != RedisDatabases::default() => {
                return Err("a Cluster has only database 0, for every role of `databases`".into());
            }
            (Some(databases), _) => databases,
            (None, _) => return Err("missing field `databases`".into()),
        };
        let Written { username, password, tls, prefix, .. } = written;
        Ok(Self { place, username, password, tls, prefix, databases })
    }
}

impl<'de> Deserialize<'de> for TlsSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnOrFiles;
        impl<'de> Visitor<'de> for OnOrFiles {
            type Value = TlsSection;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true`, or a table such as `{ ca = \"PATH\" }`")
            }

            fn visit_bool<E: de::Error>(self, on: bool) -> Result<TlsSection, E> {
                match on {
                    true => Ok(TlsSection::default()),
                    false => Err(E::custom("`tls` is `true` or left out")),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TlsSection, A::Error> {
                TlsSection::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(OnOrFiles)
    }
}

impl RedisSection {
    /// The place that the section of `file` names; secrets are taken from where it refers to.
    ///
    /// # Errors
    /// A URL that cannot be used or holds a password, a reference that leads nowhere, TLS asked for on a plain URL.
    pub(super) fn target(&self, file: &FileContext, environment: &Environment) -> Result<Target> {
        let origin = |key: &str| file.origin(key);
        let tls = self.tls.as_ref().map(|tls| tls.read(file, "redis.tls")).transpose()?;
        let mut target = match &self.place {
            Place::Url(url) => with_url(Target::from_url(url, &origin("redis.url"))?, tls, file)?,
            Place::Sentinel(section) => {
                let set = section.read(file, environment)?;
                Target::new(Address::Sentinel(Box::new(set), tls), origin("redis.sentinel"))
            }
            Place::Cluster(nodes) => {
                Target::new(Address::Cluster(nodes.clone(), tls), origin("redis.cluster"))
            }
        };
        match (&target.username, &self.username) {
            (Some(_), Some(_)) => return Err(refuse(file, "redis.username", "the URL names a user already")),
            (None, Some(name)) => target.username = Some(name.clone()),
            (_, None) => {}
        }
        if let Some(reference) = &self.password {
            target.password = Some(file::secret(file, "redis.password", reference, environment)?);
        }
        Ok(target)
    }
}

/// A URL of a file holds no password, and says itself whether it means TLS.
fn with_url(mut target: Target, written: Option<Tls>, file: &FileContext) -> Result<Target> {
    if target.password.is_some() {
        return Err(Error::config(format!(
            "{} in {} holds a password",
            file.key("redis.url"),
            file.path.display()
        ))
        .hint("move it out of the file: `password = \"env:NAME\"` or `password = \"file:PATH\"`"));
    }
    if target.database_in_url {
        return Err(refuse(
            file,
            "redis.url",
            "its path names a database, and `databases` names one for each role",
        )
        .hint("leave the path out of `url`"));
    }
    match (&mut target.address, written) {
        (Address::Tls(_, _, tls), Some(written)) => *tls = written,
        (_, Some(_)) => {
            return Err(refuse(file, "redis.tls", "the URL means a connection without TLS")
                .hint("write `rediss://` in `url`"));
        }
        (_, None) => {}
    }
    Ok(target)
}

impl SentinelSection {
    fn read(&self, file: &FileContext, environment: &Environment) -> Result<Sentinels> {
        let reference = self.password.as_ref();
        let password =
            reference.map(|reference| file::secret(file, "redis.sentinel.password", reference, environment));
        let tls = self.tls.as_ref().map(|tls| tls.read(file, "redis.sentinel.tls"));
        Ok(Sentinels {
            master: self.master.clone(),
            nodes: self.nodes.clone(),
            username: self.username.clone(),
            password: password.transpose()?,
            tls: tls.transpose()?,
        })
    }
}

impl TlsSection {
    /// Verifies fully: a context of opsctl's own has no way not to.
    fn read(&self, file: &FileContext, key: &str) -> Result<Tls> {
        let path = |path: &PathBuf| file.relative(path);
        let identity = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                Some(Identity { certificate: path(certificate), key: path(key) })
            }
            (None, None) => None,
            _ => return Err(refuse(file, key, "`certificate` and `key` belong together")),
        };
        Ok(Tls { authority: self.ca.as_ref().map(path), identity, ..Tls::full() })
    }
}

fn refuse(file: &FileContext, key: &str, why: &str) -> Error {
    Error::config(format!("{} in {} cannot be used", file.key(key), file.path.display())).because(why)
}
