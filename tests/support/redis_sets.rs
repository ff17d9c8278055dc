//! Redis with more than one server: a Sentinel set, a Cluster.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{certificates::Authority, cli::wait_until, port::free_port, redis::Redis};

/// The name under which the sentinels watch the master.
pub const MASTER: &str = "hooks";

/// A master, a replica, and three sentinels that watch them.
pub struct SentinelSet {
    pub master: Redis,
    pub replica: Redis,
    pub sentinels: Vec<Sentinel>,
}

/// One sentinel; ended when it goes out of scope.
pub struct Sentinel {
    pub port: u16,
    /// Where it speaks TLS, when its lines name a certificate.
    pub tls_port: u16,
    _folder: TempDir,
    child: Child,
}

impl SentinelSet {
    /// With options for both servers and lines for each sentinel's file; `None` when Redis is missing.
    pub fn start(options: &[&str], lines: &str) -> Option<Self> {
        // A replica need not wait for others that might want the same copy.
        let options = &[options, &["--repl-diskless-sync-delay", "0"]].concat();
        let master = Redis::start(options)?;
        let port = master.port.to_string();
        let follow = ["--replicaof", "127.0.0.1", &port];
        let replica = Redis::start(&[options, &follow[..]].concat())?;
        wait_until("the replica follows", || {
            replica.cli(&["INFO", "replication"]).contains("master_link_status:up")
        });
        let sentinels: Vec<Sentinel> = (0..3).map(|_| Sentinel::start(master.port, lines)).collect();
        let set = Self { master, replica, sentinels };
        for sentinel in &set.sentinels {
            wait_until("the sentinels know each other and the replica", || {
                let known = sentinel.known();
                known.contains("slaves=1") && known.contains("sentinels=3")
            });
        }
        Some(set)
    }

    /// The address of the sentinels over TLS, likewise.
    pub fn tls_nodes(&self) -> String {
        quoted(self.sentinels.iter().map(|sentinel| sentinel.tls_port)).replace("127.0.0.1", "localhost")
    }

    /// `"127.0.0.1:1", …`, as an `opsctl.toml` has them.
    pub fn nodes(&self) -> String {
        quoted(self.sentinels.iter().map(|sentinel| sentinel.port))
    }

    /// Kills the master, and waits until every sentinel names the replica instead.
    pub fn fail_over(&mut self) {
        // What it has taken so far is to be there afterwards: replication does not wait.
        assert_eq!(self.master.cli(&["WAIT", "1", "5000"]), "1");
        self.master.kill();
        self.wait_for_replica();
    }

    /// Waits until every sentinel names the replica as the master, and it is one.
    pub fn wait_for_replica(&self) {
        let port = self.replica.port.to_string();
        for sentinel in &self.sentinels {
            wait_until("the sentinels name the replica", || {
                sentinel.cli(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]).ends_with(&port)
            });
        }
        wait_until("the replica is a master", || self.replica.cli(&["ROLE"]).starts_with("master"));
    }
}

impl Sentinel {
    /// Watches the server at a port. Two must agree before it is replaced.
    pub fn start(master: u16, lines: &str) -> Self {
        let (folder, port, tls_port) = (tempfile::tempdir().unwrap(), free_port(), free_port());
        let tls = if lines.contains("tls-cert-file") { tls_port } else { 0 };
        let file = folder.path().join("sentinel.conf");
        let text = format!(
            "bind 127.0.0.1\nport {port}\ntls-port {tls}\ndir {}\nsentinel monitor {MASTER} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {MASTER} 600\nsentinel failover-timeout {MASTER} 4000\n{lines}",
            folder.path().display()
        );
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("redis-server");
        command.arg(&file).arg("--sentinel").stdin(Stdio::null()).stdout(Stdio::null());
        let sentinel = Self { port, tls_port, _folder: folder, child: command.spawn().unwrap() };
        wait_until("the sentinel answers", || !sentinel.cli(&["PING"]).is_empty());
        sentinel
    }

    /// What a command answers.
    pub fn cli(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(words).output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
    }

    fn known(&self) -> String {
        self.cli(&["INFO", "sentinel"])
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Three masters that share the slots.
pub struct Cluster {
    pub nodes: Vec<Redis>,
    tls_ports: Vec<u16>,
}

/// A node before it has met the others.
struct Member {
    redis: Redis,
    tls_port: u16,
    bus: String,
}

impl Member {
    fn start(tls: &[&str]) -> Option<Self> {
        let (tls_port, bus) = (free_port(), free_port().to_string());
        let port = if tls.is_empty() { "0".to_owned() } else { tls_port.to_string() };
        let words = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", &bus];
        let redis = Redis::start(&[&words[..], &["--tls-port", &port], tls].concat())?;
        Some(Self { redis, tls_port, bus })
    }
}

impl Cluster {
    /// `None` when Redis is missing.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// Likewise; the nodes speak TLS, also among themselves, beside what they say to tests.
    pub fn start_over_tls(authority: &Authority) -> Option<Self> {
        let certificate = authority.certify("node", &["IP:127.0.0.1"]);
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let (ca, file, key) = (path(&authority.file()), path(&certificate.file), path(&certificate.key));
        let tls = ["--tls-cluster", "yes", "--tls-auth-clients", "no", "--tls-ca-cert-file", &ca];
        Self::start_with(&[&tls[..], &["--tls-cert-file", &file, "--tls-key-file", &key]].concat())
    }

    fn start_with(tls: &[&str]) -> Option<Self> {
        let started: Vec<Member> = (0..3).map(|_| Member::start(tls)).collect::<Option<_>>()?;
        let first = &started[0];
        let met = if tls.is_empty() { first.redis.port } else { first.tls_port };
        let slots = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
        for (at, (Member { redis, .. }, (from, to))) in started.iter().zip(slots).enumerate() {
            assert_eq!(redis.cli(&["CLUSTER", "ADDSLOTSRANGE", from, to]), "OK");
            assert_eq!(redis.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()]), "OK");
            if at > 0 {
                let meet = redis.cli(&["CLUSTER", "MEET", "127.0.0.1", &met.to_string(), &first.bus]);
                assert_eq!(meet, "OK");
            }
        }
        for Member { redis, .. } in &started {
            wait_until("the Cluster is up", || {
                let info = redis.cli(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            });
        }
        let tls_ports = started.iter().map(|member| member.tls_port).collect();
        Some(Self { nodes: started.into_iter().map(|member| member.redis).collect(), tls_ports })
    }

    /// Where the nodes speak TLS.
    pub fn tls_nodes(&self) -> String {
        quoted(self.tls_ports.iter().copied())
    }

    /// `"127.0.0.1:1", …`, as an `opsctl.toml` has them.
    pub fn nodes(&self) -> String {
        quoted(self.nodes.iter().map(|node| node.port))
    }

    /// Keys that match, of all nodes, with how many each node has.
    pub fn keys(&self, pattern: &str) -> Vec<Vec<String>> {
        let of = |node: &Redis| node.cli(&["KEYS", pattern]).lines().map(str::to_owned).collect();
        self.nodes.iter().map(of).collect()
    }
}

fn quoted(ports: impl Iterator<Item = u16>) -> String {
    ports.map(|port| format!("\"127.0.0.1:{port}\"")).collect::<Vec<_>>().join(", ")
}
