//! How far a database connection is encrypted, and how well it is known who answers.

use std::path::{Path, PathBuf};

/// How far; words of libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Never.
    Disable,
    /// When the server can: what the application's own drivers do by default.
    Prefer,
    /// Always, without checking who answers.
    Require,
    /// Always, signed by a known authority.
    VerifyCa,
    /// Always, and the certificate names the host.
    VerifyFull,
}

impl Mode {
    /// From libpq's words, and those of MySQL's `--ssl-mode`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name.to_lowercase().replace('_', "-").as_str() {
            "disable" | "disabled" => Some(Mode::Disable),
            "allow" | "prefer" | "preferred" => Some(Mode::Prefer),
            "require" | "required" => Some(Mode::Require),
            "verify-ca" => Some(Mode::VerifyCa),
            "verify-full" | "verify-identity" => Some(Mode::VerifyFull),
            _ => None,
        }
    }

    /// libpq's word.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Disable => "disable",
            Mode::Prefer => "prefer",
            Mode::Require => "require",
            Mode::VerifyCa => "verify-ca",
            Mode::VerifyFull => "verify-full",
        }
    }
}

/// What the settings of a connection say about encryption.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The mode, where one is set.
    pub asked: Option<Mode>,
    /// File of the certificate authorities to trust besides the host's.
    pub authority: Option<PathBuf>,
    /// `sslrootcert=system`: the host's authorities, and nothing less than `verify-full` (libpq 16).
    pub system: bool,
    /// File of the certificate that tells the server who we are.
    pub certificate: Option<PathBuf>,
    /// File of its key.
    pub key: Option<PathBuf>,
}

impl Tls {
    /// The mode in force. `off_host` is a server on another host that opsctl's own configuration names: it is
    /// verified in full unless a mode is set.
    pub fn mode(&self, off_host: bool) -> Mode {
        match self.asked {
            _ if self.system => Mode::VerifyFull,
            None if off_host => Mode::VerifyFull,
            // libpq: with an authority at hand, `require` is `verify-ca`. Who names one wants it checked.
            None | Some(Mode::Prefer | Mode::Require) if self.authority.is_some() => Mode::VerifyCa,
            None => Mode::Prefer,
            Some(mode) => mode,
        }
    }

    /// Why the settings contradict each other, if they do.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        match (&self.certificate, &self.key) {
            (Some(_), None) => return Some("a client certificate needs its key beside it"),
            (None, Some(_)) => return Some("a client key needs its certificate beside it"),
            _ => {}
        }
        let weak = self.system && self.asked.is_some_and(|mode| mode != Mode::VerifyFull);
        weak.then_some("the host's authorities ask for the sslmode verify-full")
    }

    /// Sees relative files from a folder.
    pub(in crate::config) fn relative_to(&mut self, base: &Path) {
        for file in [&mut self.authority, &mut self.certificate, &mut self.key].into_iter().flatten() {
            *file = base.join(&*file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(asked: Option<Mode>, authority: bool, off_host: bool) -> Mode {
        let authority = authority.then(|| "ca.pem".into());
        Tls { asked, authority, ..Tls::default() }.mode(off_host)
    }

    #[test]
    fn what_is_asked_for_is_never_weakened_and_an_authority_is_always_checked() {
        assert_eq!(mode(None, false, false), Mode::Prefer);
        assert_eq!(mode(None, true, false), Mode::VerifyCa);
        assert_eq!(mode(Some(Mode::Prefer), true, false), Mode::VerifyCa);
        assert_eq!(mode(Some(Mode::Require), true, true), Mode::VerifyCa);
        assert_eq!(mode(Some(Mode::VerifyFull), true, false), Mode::VerifyFull);
        for asked in [Mode::Disable, Mode::Prefer, Mode::Require, Mode::VerifyCa, Mode::VerifyFull] {
            assert_eq!(mode(Some(asked), false, true), asked);
            assert!(mode(Some(asked), true, false) >= asked);
        }
    }

    #[test]
    fn a_server_off_host_is_verified_in_full_unless_a_mode_is_set() {
        assert_eq!(mode(None, false, true), Mode::VerifyFull);
        assert_eq!(mode(None, true, true), Mode::VerifyFull);
        assert_eq!(mode(Some(Mode::Require), false, true), Mode::Require);
    }

    #[test]
    fn half_an_identity_and_weak_modes_of_the_hosts_authorities_contradict_themselves() {
        let file = || Some(PathBuf::from("x.pem"));
        assert!(Tls { certificate: file(), ..Tls::default() }.contradiction().is_some());
        assert!(Tls { key: file(), ..Tls::default() }.contradiction().is_some());
        assert!(Tls { certificate: file(), key: file(), ..Tls::default() }.contradiction().is_none());
        assert!(Tls { system: true, asked: Some(Mode::Require), ..Tls::default() }.contradiction().is_some());
        assert!(Tls { system: true, ..Tls::default() }.contradiction().is_none());
    }

    #[test]
    fn modes_are_read_in_the_words_of_both_clients() {
        assert_eq!(Mode::from_name("VERIFY_IDENTITY"), Some(Mode::VerifyFull));
        assert_eq!(Mode::from_name("required"), Some(Mode::Require));
        assert_eq!(Mode::from_name("allow"), Some(Mode::Prefer));
        assert_eq!(Mode::from_name("full"), None);
    }
}
