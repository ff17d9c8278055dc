//! What an operator reads when Redis, or the way to it, fails. Server messages are repeated; commands and values are
//! not.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::{
    Error, Kind,
    config::{Origin, redis::Target},
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
        let code = error.code().unwrap_or_default();
        if error.kind() == ErrorKind::AuthenticationFailed
            || matches!(code, "NOAUTH" | "WRONGPASS")
            || why.contains("Authentication required")
        {
            return self.refused(&why);
        }
        // The driver words a SELECT that is denied by itself, and leaves the code out.
        if code == "NOPERM" || why.contains("has no permissions") {
            return self.denied(&why);
        }
        match error.kind() {
            ErrorKind::Server(server) => self.server(server, &why),
            ErrorKind::Parse => {
                Error::new(Kind::Unreachable, format!("{name} gave no answer that can be read"))
                    .because(why.split_whitespace().collect::<Vec<_>>().join(" "))
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
            ServerErrorKind::BusyLoading => {
                Error::new(Kind::Unreachable, format!("{name} is loading its data")).because(why)
            }
            ServerErrorKind::ClusterDown => {
                Error::new(Kind::Unreachable, format!("{name} is down")).because(why)
            }
            ServerErrorKind::Moved | ServerErrorKind::Ask => {
                Error::config(format!("{name} is a node of a Cluster"))
                    .because("it does not hold the keys of other nodes")
                    .hint("name the Cluster in an opsctl.toml: `[redis]` with `cluster = [\"HOST:PORT\"]`")
            }
            _ if why.contains("cluster support disabled") => Error::config(format!("{name} is no Cluster"))
                .because(why)
                .hint(format!("it is named by {}; one server is named by `url`", self.origin)),
            _ => Error::failed(format!("{name} refused a command")).because(why),
        }
    }

    /// The error of a connection that could not be made.
    pub(super) fn unconnected(&self, error: &RedisError, encrypted: bool) -> Error {
        let told = self.error(error);
        match (error.is_connection_dropped() && !error.is_connection_refusal(), error.is_timeout(), encrypted)
        {
            (true, _, false) => {
                told.hint("a server that wants TLS hangs up like this; its URL begins with `rediss://`")
            }
            (_, true, true) => {
                told.hint("a server without TLS keeps silent like this; its URL begins with `redis://`")
            }
            _ => told,
        }
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
                error.hint(format!("grant the keys: `ACL SETUSER {user} ~{}*`", self.prefix))
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

/// How an authority becomes known.
const AUTHORITY: &str = "name its authority: `tls = { ca = \"PATH\" }` in an opsctl.toml, `cafile` in the application's \
                         TLS options";
/// Why a server may break off a handshake, as a rule.
const CERTIFICATE: &str = "it may want to know opsctl's certificate: `tls = { certificate = \"PATH\", key = \"PATH\" }` \
                           in an opsctl.toml, `local_cert` and `local_pk` in the application's TLS options";

/// What the server or the system said.
pub(super) fn said(error: &RedisError) -> String {
    let cause = || std::error::Error::source(error).map(ToString::to_string);
    error.detail().map(str::to_owned).or_else(cause).unwrap_or_else(|| error.category().to_owned())
}
