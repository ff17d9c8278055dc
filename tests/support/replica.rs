//! A streaming replica of a PostgreSQL that a test has started.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use opsctl::{
    clock::Clock,
    config::{Database, Origin, database::Address},
    db::{Access, Db, Query},
};
use secrecy::ExposeSecret;

use super::{cli::wait_until, disk::Server, port::free_port};

/// A replica on a port of its own; ended when it goes out of scope.
pub struct Replica {
    pub port: u16,
    pub db: Db,
    child: Child,
}

impl Replica {
    /// A copy of the primary that follows it, in a folder that PostgreSQL's user may enter.
    pub async fn of(primary: &Server, folder: &Path) -> Self {
        let target = Database::from_url(&primary.url, Path::new(""), &Origin::Default).unwrap();
        let programs = programs(&target).await;
        let home = folder.join("replica");
        fs::create_dir(&home).unwrap();
        // The server's user makes what it keeps there.
        fs::set_permissions(&home, fs::Permissions::from_mode(0o1777)).unwrap();
        let data = copied(&target, &programs, &home);
        let port = free_port();
        let child = as_postgres(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c"])
            .arg(format!("unix_socket_directories={}", home.display()))
            .spawn()
            .unwrap();
        let address = Address::Tcp("127.0.0.1".into(), port);
        let db = Db::new(Database { address, ..target }, Access::Existing, Clock::system());
        let replica = Self { port, db, child };
        until("the replica answers", async || replica.db.session().await.is_ok()).await;
        replica
    }

    /// As the administrator, in the database `postgres`.
    pub async fn execute(&self, sql: &str) {
        self.db.session().await.unwrap().script(sql).await.unwrap();
    }

    /// Waits until an expression is true here.
    pub async fn until(&self, expression: &str) {
        let sql = format!("SELECT ({expression})::int AS holds");
        let holds = async || {
            let row = self.db.session().await.unwrap().first(Query::new(sql.clone())).await.unwrap();
            row.is_some_and(|row| row.int("holds").is_ok_and(|holds| holds == 1))
        };
        until(expression, holds).await;
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        wait_until("the replica has ended", || self.child.try_wait().is_ok_and(|status| status.is_some()));
    }
}

/// Where the programs of the primary's version lie.
async fn programs(target: &Database) -> std::path::PathBuf {
    let db = Db::new(target.clone(), Access::Existing, Clock::system());
    let sql = "SELECT setting FROM pg_config WHERE name = 'BINDIR'";
    let row = db.session().await.unwrap().first(Query::new(sql)).await.unwrap().unwrap();
    db.close().await;
    row.text("setting").unwrap().into()
}

/// The primary's data, with what makes a server follow it.
fn copied(primary: &Database, programs: &Path, home: &Path) -> std::path::PathBuf {
    let Address::Tcp(host, port) = &primary.address else { unreachable!("tests reach servers by port") };
    let data = home.join("data");
    let output = as_postgres(&programs.join("pg_basebackup"))
        .args(["-h", host, "-p", &port.to_string(), "-U", &primary.username])
        .args(["-w", "-R", "-X", "stream", "-c", "fast", "-D"])
        .arg(&data)
        .env("PGPASSWORD", primary.password.as_ref().unwrap().expose_secret())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    data
}

/// PostgreSQL refuses to run as root, so it runs as its own user there.
fn as_postgres(program: &Path) -> Command {
    let mut command = match Command::new("id").arg("-u").output().unwrap().stdout == b"0\n" {
        true => Command::new("setpriv"),
        false => Command::new(program),
    };
    if command.get_program() == "setpriv" {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed().as_secs() < 60, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await; // between two looks
    }
}
