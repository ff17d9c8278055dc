//! A Redis of a test's own, which may be restarted, filled, locked up and turned into a replica.

use std::{
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{cli::wait_until, port::free_port, server};

/// A server on a port of its own; ended when it goes out of scope.
pub struct Redis {
    pub port: u16,
    folder: TempDir,
    child: Option<Child>,
}

impl Redis {
    /// With further options; `None` when Redis is missing.
    pub fn start(options: &[&str]) -> Option<Self> {
        Self::start_at(free_port(), options)
    }

    /// Likewise, on a port that `options` may speak of.
    pub fn start_at(port: u16, options: &[&str]) -> Option<Self> {
        server("OPSCTL_TEST_REDIS_URL")?;
        let mut redis = Self { port, folder: tempfile::tempdir().unwrap(), child: None };
        redis.run(options);
        Some(redis)
    }

    fn run(&mut self, options: &[&str]) {
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--enable-debug-command", "yes"])
            .arg("--port")
            .arg(self.port.to_string())
            .arg("--dir")
            .arg(self.folder.path())
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        self.child = Some(command.spawn().unwrap());
        let port = self.port;
        wait_until("Redis listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    }

    /// Kills it outright.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Kills it and starts it anew on the same port and folder: what was not saved is gone.
    pub fn restart(&mut self, options: &[&str]) {
        self.kill();
        self.run(options);
    }

    /// What a command answers in the database of the webhook service's locks, as `redis-cli` prints it.
    pub fn say(&self, words: &[&str]) -> String {
        self.cli(&[&["-n", "3"], words].concat())
    }

    /// What a command answers in database 0, after options of `redis-cli`.
    pub fn cli(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(words).output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
    }

    /// The run lock's key; empty when the lock is free.
    pub fn lock_key(&self) -> String {
        let keys = self.say(&["KEYS", "*tenrusl:cmd:webhooks:retry:global"]);
        assert!(!keys.contains('\n'), "{keys}");
        keys
    }

    /// Lines of `.env` that put the application's cache, and so its locks, into this server.
    pub fn settings(&self, port: u16) -> String {
        format!("CACHE_STORE=redis\nREDIS_HOST=127.0.0.1\nREDIS_PORT={port}\n")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
