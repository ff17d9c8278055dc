//! TLS to a Redis server: what of its certificate is verified, by which authority, and what opsctl shows of itself.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::unsupported;
use crate::{
    Result,
    config::{Origin, application::scalar},
};

/// What of the server's certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    /// Its authority, and that it names the host.
    Full,
    /// Its authority only: the application turns `verify_peer_name` off.
    Authority,
    /// Nothing: the application turns `verify_peer` off.
    Nothing,
}

/// TLS to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// What is verified.
    pub verify: Verify,
    /// PEM file of the authorities to trust, instead of the host's.
    pub authority: Option<PathBuf>,
    /// What opsctl shows of itself, when the server wants to know.
    pub identity: Option<Identity>,
}

/// A certificate of the client's own, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate and its chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Tls {
    /// Verifies fully, by the host's authorities.
    pub const fn full() -> Self {
        Self { verify: Verify::Full, authority: None, identity: None }
    }

    /// As PHP does under the SSL context options of the application's connection (`context.stream` of phpredis, `ssl`
    /// of predis): without any it verifies fully. Paths are relative to `dir`.
    ///
    /// # Errors
    /// An option that opsctl cannot honour.
    pub(super) fn from_stream(
        options: Option<&Map<String, Value>>,
        host: &str,
        dir: &Path,
        origin: &Origin,
    ) -> Result<Self> {
        let mut stream = Stream { verify: true, name: true, authority: None, certificate: None, key: None };
        for (option, value) in options.into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            stream.set(option, value, host, dir).map_err(|why| {
                unsupported(&format!("the TLS option `{option}` of {origin}"), why).hint(
                    "name the server in an opsctl.toml: `[redis]` with `url = \"rediss://…\"` and `tls = …`",
                )
            })?;
        }
        Ok(stream.finish())
    }
}

/// The options read so far.
struct Stream {
    verify: bool,
    name: bool,
    authority: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Stream {
    fn set(&mut self, option: &str, value: &Value, host: &str, dir: &Path) -> Result<(), &'static str> {
        let path = || scalar(value).map(|path| dir.join(path));
        match option {
            "verify_peer" => self.verify = truthy(value),
            "verify_peer_name" => self.name = truthy(value),
            "cafile" => self.authority = path(),
            "local_cert" => self.certificate = path(),
            "local_pk" => self.key = path(),
            "peer_name" if scalar(value).is_none_or(|name| name != host) => {
                return Err("the certificate must name the host that is connected to");
            }
            "allow_self_signed" if truthy(value) => {
                return Err("a certificate that signs itself is trusted by naming it as `cafile`");
            }
            "peer_name" | "allow_self_signed" | "SNI_enabled" | "disable_compression" => {}
            "capture_peer_cert" | "capture_peer_cert_chain" => {}
            _ => return Err("opsctl does not know it"),
        }
        Ok(())
    }

    fn finish(self) -> Tls {
        let verify = match (self.verify, self.name) {
            (true, true) => Verify::Full,
            (true, false) => Verify::Authority,
            // A name in a certificate that anybody may have written proves nothing.
            (false, _) => Verify::Nothing,
        };
        // PHP takes the key from the file of the certificate when no other is named.
        let key = self.key.or_else(|| self.certificate.clone());
        let identity = self.certificate.zip(key).map(|(certificate, key)| Identity { certificate, key });
        Tls { verify, authority: self.authority, identity }
    }
}

/// PHP's view of a setting that is on or off.
fn truthy(value: &Value) -> bool {
    !matches!(scalar(value).as_deref(), None | Some("" | "0" | "false"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(options: &Value) -> Result<Tls> {
        Tls::from_stream(options.as_object(), "cache.internal", Path::new("/srv/app"), &Origin::Default)
    }

    #[test]
    fn phps_options_decide_what_is_verified() {
        for (options, verify) in [
            (json!({}), Verify::Full),
            (json!({"verify_peer": true, "peer_name": "cache.internal", "cafile": null}), Verify::Full),
            (json!({"verify_peer_name": false}), Verify::Authority),
            (json!({"verify_peer": 0}), Verify::Nothing),
            (json!({"verify_peer": false, "verify_peer_name": true}), Verify::Nothing),
        ] {
            assert_eq!(read(&options).unwrap().verify, verify, "{options}");
        }
        let own = read(&json!({"cafile": "/etc/ca.pem", "local_cert": "certs/me.pem"})).unwrap();
        assert_eq!(own.authority, Some("/etc/ca.pem".into()));
        let mine = PathBuf::from("/srv/app/certs/me.pem");
        assert_eq!(own.identity, Some(Identity { certificate: mine.clone(), key: mine }));
    }

    #[test]
    fn an_option_that_cannot_be_honoured_is_named() {
        for options in [
            json!({"peer_name": "other.internal"}),
            json!({"allow_self_signed": true}),
            json!({"capath": "/etc/ssl"}),
            json!({"passphrase": "hunter2"}),
        ] {
            let error = read(&options).unwrap_err();
            let name = options.as_object().unwrap().keys().next().unwrap();
            assert!(error.message().contains(name), "{error:?}");
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }
}
