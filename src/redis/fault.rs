//! What an operator reads when Redis, or the way to it, fails. Server messages are repeated; commands and values are
//! not.

use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerError, ServerErrorKind};
use tokio::net::TcpStream;

use crate::{
    Error, Kind,
    config::{
        Origin,
        redis::{Address, Target},
    },
};

/// Who is spoken to: a role's servers, one node of a Cluster, one sentinel.
#[derive(Debug, Clone)]
pub(super) struct Peer<'a> {
    /// As error texts name it.
    pub(super) name: String,
    /// ACL user.
    pub(super) user: Option<&'a str>,
    /// Key prefix, to name the pattern that a user would need.
    pub(super) prefix: &'a str,
    /// Which source named it.
    pub(super) origin: &'a Origin,
}

impl<'a> From<&'a Target> for Peer<'a> {
    fn from(target: &'a Target) -> Self {
        Peer {
            name: target.to_string(),
            user: target.username.as_deref(),
            prefix: &target.prefix,
            origin: &target.origin,
        }
    }
}

impl Peer<'_> {
    /// The error that an operator sees.
    pub(super) fn error(&self, error: &RedisError) -> Error {
        let (name, why) = (&self.name, said(error));
        if let Some(error) = self.tls(&why) {
            return error;
        }
        let first = first(error);
        let code = error.code().or(first.as_ref().map(ServerError::code)).unwrap_or_default();
        if error.kind() == ErrorKind::AuthenticationFailed
            || matches!(code, "NOAUTH" | "WRONGPASS")
            || why.contains("Authentication required")
        {
            return self.refused(&why);
        }
        // The driver words a SELECT that is denied by itself, and leaves the code out.
        let denied = ["has no permissions", "executing the script can't", "ACL failure in script"];
        if code == "NOPERM" || denied.iter().any(|words| why.contains(words)) {
            return self.denied(&why);
        }
        if code == "OOM" || why.contains("OOM command not allowed") {
            return self.full(&why);
        }
        if code == "LOADING" || why.contains("is loading the dataset") {
            return self.loading(&why);
        }
        match error.kind() {
            ErrorKind::Server(server) => self.server(server, &why),
            ErrorKind::Parse => {
                Error::new(Kind::Unreachable, format!("{name} gave no answer that can be read"))
                    .because(without_value(&why))
                    .hint(self.look())
            }
            _ if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() => {
                self.silent(why)
            }
            ErrorKind::ClusterConnectionNotFound => self.silent(why),
            _ => Error::failed(format!("{name} refused a command")).because(why),
        }
    }

    fn server(&self, kind: ServerErrorKind, why: &str) -> Error {
        let name = &self.name;
        match kind {
            ServerErrorKind::ReadOnly => {
                Error::config(format!("{name} is a replica and takes no writes")).because(why)
            }
            ServerErrorKind::ClusterDown => {
                Error::new(Kind::Unreachable, format!("{name} is down")).because(why)
            }
            ServerErrorKind::Moved | ServerErrorKind::Ask => {
                Error::config(format!("{name} is a node of a Cluster"))
                    .because("it does not hold the keys of other nodes")
                    .hint(NAME_CLUSTER)
            }
            _ if why.contains("cluster support disabled") => Error::config(format!("{name} is no Cluster"))
                .because(why)
                .hint(format!("it is named by {}; one server is named by `url`", self.origin)),
            _ => Error::failed(format!("{name} refused a command")).because(why),
        }
    }

    /// It reads what it kept on disk, and answers nothing else meanwhile.
    fn loading(&self, why: &str) -> Error {
        Error::new(Kind::Unreachable, format!("{} is loading its data", self.name))
            .because(why)
            .hint("run the same command when it has: `opsctl redis ping` says so")
    }

    /// It takes no further data, by its own settings.
    fn full(&self, why: &str) -> Error {
        Error::config(format!("{} has no memory left for further data", self.name))
            .because(why)
            .hint("see how much it may use: `opsctl redis ping`")
            .hint("let it use more: `CONFIG SET maxmemory`, or remove what is not needed")
    }

    /// The error of a connection that could not be made, within a time for that. The driver does not say which step of
    /// it took too long: a server that is there, and speaks no TLS, is told from one that is not by asking it anew.
    pub(super) async fn unconnected(
        &self,
        error: &RedisError,
        address: &Address,
        patience: Duration,
    ) -> Error {
        let told = match expects_identity(&said(error), address) {
            true => return self.unusable(error, address),
            false => self.error(error),
        };
        match address {
            Address::Tls(host, port, _) if error.is_timeout() => {
                let there = TcpStream::connect((host.as_str(), *port));
                match tokio::time::timeout(patience.min(PROBE), there).await {
                    Ok(Ok(_)) => told
                        .hint("a server without TLS keeps silent like this; its URL begins with `redis://`"),
                    _ => told,
                }
            }
            Address::Tls(..) => told,
            _ if error.is_connection_dropped() && !error.is_connection_refusal() => {
                told.hint("a server that wants TLS hangs up like this; its URL begins with `rediss://`")
            }
            _ => told,
        }
    }

    /// The error of settings with which nothing can be asked: a certificate and a key of two different pairs.
    pub(super) fn unusable(&self, error: &RedisError, address: &Address) -> Error {
        let Some(identity) = address.tls().and_then(|tls| tls.identity.as_ref()) else {
            return self.error(error);
        };
        let (certificate, key) = (identity.certificate.display(), identity.key.display());
        Error::config(format!("the certificate {certificate} and the key {key} are of no use for TLS"))
            .because(said(error))
            .hint(format!("they must be of one pair; {} is named by {}", self.name, self.origin))
    }

    /// A server that does not answer.
    pub(super) fn silent(&self, why: impl std::fmt::Display) -> Error {
        Error::new(Kind::Unreachable, format!("{} does not answer", self.name)).because(why).hint(self.look())
    }

    fn look(&self) -> String {
        format!("the address comes from {}; is Redis running there?", self.origin)
    }

    fn refused(&self, why: &str) -> Error {
        Error::config(format!("{} refused the credentials", self.name))
            .because(why)
            .hint(format!("the server is named by {}; check its user and password there", self.origin))
    }

    /// The user lacks a right of the server's access list, which the server names in its own words.
    fn denied(&self, why: &str) -> Error {
        let user = self.user.unwrap_or("default");
        let error = Error::config(format!("{} denies a command to `{user}`", self.name)).because(why);
        let command = why.split_once("run the '").and_then(|(_, rest)| rest.split_once('\''));
        match command {
            Some((command, _)) => error.hint(format!("grant it: `ACL SETUSER {user} +{command}`")),
            None if why.contains("key") => {
                let keys = format!("ACL SETUSER {user} %RW~{}*", self.prefix);
                error.hint(format!("grant the keys, to read and to write: `{keys}`"))
            }
            // Redis 7.0 does not say which command of the script.
            None if why.contains("script") => {
                error.hint(format!("grant what a lock needs: `ACL SETUSER {user} {SCRIPTED}`"))
            }
            None => error,
        }
    }

    /// A handshake that failed; the driver tells it by its text alone.
    fn tls(&self, why: &str) -> Option<Error> {
        let name = &self.name;
        if let Some((_, wrong)) = why.split_once("invalid peer certificate: ") {
            let error = Error::config(format!("the certificate of {name} is not trusted")).because(wrong);
            return Some(match wrong {
                wrong if wrong.contains("not valid for name") => {
                    error.hint(format!("use a name that it bears; the host comes from {}", self.origin))
                }
                wrong if wrong.starts_with("UnknownIssuer") => error.hint(AUTHORITY),
                wrong if wrong.contains("expired") => {
                    error.hint("renew it on the server; is the clock of this host right?")
                }
                _ => error,
            });
        }
        if why.contains("received fatal alert") {
            let error = Error::config(format!("{name} broke off the TLS handshake")).because(why);
            return Some(error.hint(CERTIFICATE));
        }
        why.contains("received corrupt message").then(|| {
            Error::config(format!("{name} does not speak TLS"))
                .because(why)
                .hint(format!("it comes from {}; a server without TLS is named by `redis://`", self.origin))
        })
    }
}

/// Whether TLS failed for opsctl's own certificate and key.
fn expects_identity(why: &str, address: &Address) -> bool {
    let own = address.tls().is_some_and(|tls| tls.identity.is_some());
    own && ["KeyMismatch", "keys may not be consistent", "Unable to build client"]
        .iter()
        .any(|words| why.contains(words))
}

/// What to do with one node of a Cluster.
pub(super) const NAME_CLUSTER: &str =
    "name the Cluster in an opsctl.toml: `[redis]` with `cluster = [\"HOST:PORT\"]`";
/// What the driver says of an answer that it cannot read, in one line and without the answer.
fn without_value(why: &str) -> String {
    let why = why.split(" (value was ").next().unwrap_or_default();
    why.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Longest time for looking whether somebody listens.
const PROBE: Duration = Duration::from_secs(1);
/// The rights that the script of a lock needs.
const SCRIPTED: &str = "+get +expire +del";
/// How an authority becomes known.
const AUTHORITY: &str = "name its authority: `tls = { ca = \"PATH\" }` in an opsctl.toml, `cafile` in the application's \
                         TLS options";
/// Why a server may break off a handshake, as a rule.
const CERTIFICATE: &str = "it may want to know opsctl's certificate: `tls = { certificate = \"PATH\", key = \"PATH\" }` \
                           in an opsctl.toml, `local_cert` and `local_pk` in the application's TLS options";

/// What the server or the system said.
pub(super) fn said(error: &RedisError) -> String {
    let cause = || std::error::Error::source(error).map(ToString::to_string);
    let first = || first(error)?.details().map(str::to_owned);
    error
        .detail()
        .map(str::to_owned)
        .or_else(first)
        .or_else(cause)
        .unwrap_or_else(|| error.category().to_owned())
}

/// What the server said to the first command of a pipeline that it refused.
fn first(error: &RedisError) -> Option<ServerError> {
    let errors = error.clone().into_server_errors()?;
    errors.first().map(|(_, error)| error.clone())
}
