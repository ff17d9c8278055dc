//! Certificates, and database servers that show them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::disk::Server;

/// An authority that signs certificates; its files are gone when it goes out of scope.
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    pub fn new() -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        authority.openssl("req -x509 -subj /CN=Authority -days 2 -keyout ca.key -out ca.crt", true);
        authority
    }

    /// The file that trusts it.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Signs NAME.crt, with NAME.key, for the subjects of `alternatives` (`DNS:localhost,IP:0.0.0.0`), and gives their
    /// paths. It is valid for so many days; one of -1 is over.
    pub fn sign(&self, name: &str, alternatives: &str, days: i32) -> (PathBuf, PathBuf) {
        fs::write(self.folder.path().join("names"), format!("subjectAltName={alternatives}\n")).unwrap();
        self.openssl(&format!("req -new -subj /CN={name} -keyout {name}.key -out request"), true);
        self.openssl(
            &format!(
                "x509 -req -in request -CA ca.crt -CAkey ca.key -CAcreateserial -days {days} -extfile names -out {name}.crt"
            ),
            false,
        );
        let file = |end: &str| self.folder.path().join(format!("{name}.{end}"));
        (file("crt"), file("key"))
    }

    fn openssl(&self, words: &str, new_key: bool) {
        let mut command = Command::new("openssl");
        command.args(words.split(' ')).current_dir(self.folder.path());
        if new_key {
            command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        }
        let output = command.output().expect("openssl runs; scripts/test installs it");
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A database server that shows a certificate for this host by every name but 127.0.0.1.
    pub fn server(&self, folder: &Path, name: &str) -> Server {
        self.sign("server", "DNS:localhost,IP:0.0.0.0", 2);
        Server::start_with_tls(folder, name, self.folder.path())
    }
}
