//! A PgBouncer of a test's own, before the tests' PostgreSQL.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use opsctl::config::{Database, Origin, database::Address};
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::{cli::wait_until, port::free_port, program, server};

/// A pooler on a port of its own; ended when it goes out of scope.
pub struct PgBouncer {
    pub port: u16,
    folder: TempDir,
    child: Child,
}

impl PgBouncer {
    /// With a pool mode and further settings; `None` when PostgreSQL or PgBouncer is missing. Of three server connections it always
    /// takes the one that was idle longest, so that two transactions in a row never share one.
    pub fn start(mode: &str, settings: &str) -> Option<Self> {
        let url = server("OPSCTL_TEST_POSTGRES_URL")?;
        let program = program("pgbouncer")?;
        let behind = Database::from_url(&url, Path::new(""), &Origin::Default).unwrap();
        let Address::Tcp(host, server_port) = &behind.address else { panic!("tests reach servers by port") };
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let text = format!(
            "[databases]\n* = host={host} port={server_port} user={} password={}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = {mode}\nserver_round_robin = 1\nmin_pool_size = 3\ndefault_pool_size = 3\n{settings}\n",
            behind.username,
            behind.password.as_ref().map_or("", |password| password.expose_secret()),
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, text).unwrap();
        let mut command = unprivileged(&program);
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        wait_until("PgBouncer listens", || {
            assert!(child.try_wait().unwrap().is_none(), "PgBouncer ended");
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Some(Self { port, folder, child })
    }

    /// The same database, reached through it.
    pub fn before(&self, target: &Database) -> Database {
        Database { address: Address::Tcp("127.0.0.1".into(), self.port), ..target.clone() }
    }

    /// Lines of `.env` that lead an application through it, behind those that name the server.
    pub fn settings(&self) -> String {
        format!("DB_PORT={}\n", self.port)
    }

    /// What `psql` prints for a statement that it sends through the pooler.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let output = Command::new("psql")
            .args(["-X", "-A", "-t", "-h", "127.0.0.1", "-U", "somebody", "-d", database, "-c", sql, "-p"])
            .arg(self.port.to_string())
            .env("HOME", self.folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// PgBouncer refuses to run as root, so it runs as PostgreSQL's own user there.
fn unprivileged(program: &Path) -> Command {
    if Command::new("id").arg("-u").output().unwrap().stdout != b"0\n" {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
