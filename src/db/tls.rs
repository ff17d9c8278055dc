//! What goes wrong about certificates, told so that it can be mended. Nothing here falls back to plain text.

use std::{fs, path::Path};

use rustls::{CertificateError, Error as TlsError};

use crate::{
    Error, Result,
    config::{Database, Engine, database::tls::Mode},
};

/// Looks at the files that the connection names: the driver would tell of a missing one as of a missing server, and
/// take one without a certificate for an authority that signed nothing.
///
/// # Errors
/// A file that cannot be read, or does not hold what it is named for.
pub(super) fn check_files(target: &Database) -> Result<()> {
    let tls = &target.tls;
    let files = [
        (&tls.authority, "certificate authority", "-----BEGIN CERTIFICATE-----"),
        (&tls.certificate, "client certificate", "-----BEGIN CERTIFICATE-----"),
        (&tls.key, "client key", "PRIVATE KEY-----"),
    ];
    for (path, what, mark) in files {
        if let Some(path) = path {
            check_file(target, path, what, mark)?;
        }
    }
    Ok(())
}

fn check_file(target: &Database, path: &Path, what: &str, mark: &str) -> Result<()> {
    let bad = |why: String| {
        Error::config(format!("the {what} {} cannot be used", path.display()))
            .because(why)
            .hint(format!("the connection is named by {}", target.origin))
    };
    let bytes = fs::read(path).map_err(|error| bad(error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    if !text.contains(mark) {
        return Err(bad("there is none in PEM form in it".into()));
    }
    if text.contains("ENCRYPTED") {
        return Err(bad("it is encrypted, and nobody is there to type its password".into())
            .hint("`openssl pkey -in FILE -out FILE` writes it without one"));
    }
    Ok(())
}

/// The error of a connection that failed over its encryption; `None` when it failed over something else.
pub(super) fn refusal(error: &sqlx::Error, target: &Database) -> Option<Error> {
    match error {
        sqlx::Error::Io(io) => io.get_ref()?.downcast_ref::<TlsError>().map(|error| told(error, target)),
        // The driver's own text for a server that says no to encryption.
        sqlx::Error::Tls(tls) if tls.to_string().contains("does not support TLS") => {
            let error = Error::config(format!("{target} does not encrypt")).because(asked(target));
            Some(error.hint(format!(
                "turn TLS on there, or go without where that is safe: {}",
                or_mode(target, Mode::Disable)
            )))
        }
        sqlx::Error::Tls(tls) => Some(match tls.downcast_ref::<TlsError>() {
            Some(error) => told(error, target),
            None => Error::config(format!("TLS with {target} cannot be set up")).because(tls),
        }),
        _ => None,
    }
}

fn told(error: &TlsError, target: &Database) -> Error {
    let refused = Error::config(format!("the certificate of {target} was refused"));
    match error {
        TlsError::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => refused
            .because(cause(error))
            .because(asked(target))
            .hint("connect by a name that the certificate bears")
            .hint(format!("check the signature alone: {}", or_mode(target, Mode::VerifyCa))),
        // The second is an authority of the right name and another key.
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            refused
                .because("none of the authorities known here signed it")
                .because(asked(target))
                .hint(format!("name the file of its authority: {}", authority_setting(target)))
                .hint(format!("encrypt without knowing who answers: {}", or_mode(target, Mode::Require)))
        }
        TlsError::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            refused
                .because("it has expired")
                .because(asked(target))
                .hint("the server needs a new one; is this host's clock right?")
        }
        TlsError::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => {
            refused.because("it is not valid yet").because(asked(target)).hint("is this host's clock right?")
        }
        TlsError::InvalidCertificate(_) => refused.because(cause(error)).because(asked(target)),
        TlsError::AlertReceived(_) => Error::config(format!("{target} ended the TLS handshake"))
            .because(error)
            .hint("does it want a client certificate? `sslcert=FILE` and `sslkey=FILE` name one"),
        _ => Error::config(format!("TLS with {target} cannot be set up")).because(error),
    }
}

/// rustls' own words, without the head that they all have.
fn cause(error: &TlsError) -> String {
    let text = error.to_string();
    text.strip_prefix("invalid peer certificate: ").unwrap_or(&text).to_owned()
}

/// Why it was looked at so closely.
fn asked(target: &Database) -> String {
    let mode = target.tls_mode().name();
    if target.tls.asked.is_some() || target.tls.system {
        return format!("the connection is named by {}, with the sslmode {mode}", target.origin);
    }
    let why = match target.origin.is_own() && target.address.is_off_host() {
        true => "opsctl's own for a server on another host",
        false => "that of a connection with an authority",
    };
    format!("the connection is named by {}; without an sslmode it is {mode}, {why}", target.origin)
}

fn authority_setting(target: &Database) -> &'static str {
    match (target.origin.is_own(), target.engine) {
        (true, Engine::MySql) => "`ssl-ca=FILE` in the URL",
        (true, _) => "`sslrootcert=FILE` in the URL",
        (false, Engine::MySql) => "`MYSQL_ATTR_SSL_CA=FILE`",
        (false, _) => "`sslrootcert` of the connection in config/database.php",
    }
}

/// How a mode is set where the connection is named.
fn or_mode(target: &Database, mode: Mode) -> String {
    match (target.origin.is_own(), target.engine) {
        (true, _) => format!("`sslmode={}` in the URL", mode.name()),
        (false, Engine::Postgres) => format!("`DB_SSLMODE={}`", mode.name()),
        // PHP's driver knows no modes.
        (false, _) => format!("`sslmode={}` in the URL of an opsctl.toml", mode.name()),
    }
}
