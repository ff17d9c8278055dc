//! An authority of a test's own and the certificates that it signs, made by `openssl`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// Signs certificates. Its files go with it.
pub struct Authority {
    folder: TempDir,
}

/// A certificate and its key, as PEM files.
pub struct Certificate {
    pub file: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// A new one, which nobody knows.
    pub fn new() -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        let words =
            ["req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", "-subj", "/CN=test authority"];
        openssl(authority.folder.path(), &words, &["-keyout", "ca.key", "-out", "ca.pem"]);
        authority
    }

    /// Its own certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for `names`, such as `DNS:localhost` or `IP:127.0.0.1`.
    pub fn certify(&self, name: &str, names: &[&str]) -> Certificate {
        let folder = self.folder.path();
        let (key, request, file) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        openssl(
            folder,
            &["req", "-newkey", "ed25519", "-nodes", "-subj", &subject],
            &["-keyout", &key, "-out", &request],
        );
        let extensions = format!("subjectAltName={}\nbasicConstraints=CA:FALSE\n", names.join(","));
        std::fs::write(folder.join("extensions"), extensions).unwrap();
        openssl(
            folder,
            &["x509", "-req", "-days", "2", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
            &["-in", &request, "-out", &file, "-extfile", "extensions"],
        );
        Certificate { file: folder.join(file), key: folder.join(key) }
    }
}

impl Certificate {
    /// Lines of a sentinel's file that show it, beside what it says without TLS.
    pub fn lines(&self) -> String {
        let (file, key) = (self.file.display(), self.key.display());
        format!("tls-cert-file {file}\ntls-key-file {key}\ntls-ca-cert-file {file}\ntls-auth-clients no\n")
    }

    /// Options of a Redis server that shows it, on `port` and over TLS alone.
    pub fn options(&self, port: u16) -> Vec<String> {
        let (file, key) = (self.file.display().to_string(), self.key.display().to_string());
        let words = ["--port", "0", "--tls-port", &port.to_string(), "--tls-auth-clients", "no"];
        let mut words: Vec<String> = words.map(str::to_owned).into();
        words.extend(["--tls-cert-file".into(), file.clone(), "--tls-key-file".into(), key]);
        words.extend(["--tls-ca-cert-file".into(), file]);
        words
    }
}

fn openssl(folder: &Path, words: &[&str], more: &[&str]) {
    let output =
        Command::new("openssl").args(words).args(more).current_dir(folder).stdin(Stdio::null()).output();
    let output = output.expect("openssl is there");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}
