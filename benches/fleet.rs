//! Many databases of one server: a probe with all its stages, and migrations with nothing to do, beside the server's
//! own client that asks each of them one question.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use opsctl::{
    cancel::Cancel,
    clock::Clock,
    config::{Database, Origin, database::Address},
    db::{Access, Db, Engine},
    schema,
};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::{
    Bench,
    measure::{Better, Comparison, Goal, Series, in_turn, ms},
    support::{self, Case, Schema, fill::peak},
};

pub(crate) const ABOUT: &str = "\
Databases of one server, each with the tenant reference set: `opsctl clusters probe`, from the process's start over all
seven stages of every cluster to its results in the central database, and `opsctl clusters migrate`, which finds nothing to
do. Against it: `xargs -P16` over the server's own client, which asks each database one question with the same role. The
memory is the most that a probe of all of them ever has resident (`VmHWM`), beside a probe of one.";

/// At most half as long again.
const GOAL: f64 = 1.5;
/// Mebibytes.
const MEMORY: f64 = 64.0;
const PASSWORD: &str = "of-the-app";
const QUESTION: &str = "SELECT max(version) FROM _sqlx_migrations";

pub(crate) async fn measure(bench: &Bench) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    let few = |count: usize| if bench.quick { count / 20 } else { count };
    for (engine, count) in [(Engine::Postgres, few(200)), (Engine::MySql, few(40))] {
        let fleet = Fleet::make(bench, engine, count).await;
        for (words, role) in [("probe", "app"), ("migrate", "owner")] {
            let ours = async |_| fleet.opsctl(bench, words, role);
            let (ours, theirs) = in_turn(bench.runs, ours, async |_| fleet.client()).await;
            let against = format!("`xargs -P16 {}`", fleet.name());
            let line = Comparison {
                case: format!("`clusters {words}`, {} databases of {}", count, bench.name(engine)),
                against,
                unit: "ms",
                better: Better::Less,
                ours,
                theirs,
                goal: Goal::Ratio(GOAL),
            };
            bench.found(&mut comparisons, line);
        }
        let memory = Comparison {
            case: format!("memory of a probe, {} databases of {}", count, bench.name(engine)),
            against: "one database".into(),
            unit: "MiB",
            better: Better::Less,
            ours: Series(vec![fleet.memory(bench, &[])]),
            theirs: Series(vec![fleet.memory(bench, &[&fleet.names[0]])]),
            goal: Goal::Figure(MEMORY),
        };
        bench.found(&mut comparisons, memory);
        fleet.finish().await;
    }
    comparisons
}

/// Databases of one server, and two folders whose files name them: by the application's role, and by their owner's.
struct Fleet {
    engine: Engine,
    host: String,
    port: u16,
    role: String,
    names: Vec<String>,
    client: PathBuf,
    admin: Db,
    central: Case,
    folder: tempfile::TempDir,
}

impl Fleet {
    async fn make(bench: &Bench, engine: Engine, count: usize) -> Self {
        let (variable, client) = match engine {
            Engine::Postgres => ("OPSCTL_TEST_POSTGRES_URL", bench.pgbench.with_file_name("psql")),
            _ => ("OPSCTL_TEST_MARIADB_URL", support::program("mariadb").unwrap()),
        };
        let url = support::server(variable).unwrap();
        let target = Database::from_url(&url, ".".as_ref(), &Origin::Default).unwrap();
        let Address::Tcp(host, port) = target.address.clone() else { panic!("the server has a port") };
        let central = Case::empty(engine, Schema::Reference).await.unwrap();
        schema::apply(&central.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
        let fleet = Self {
            engine,
            host,
            port,
            role: "fleet_app".into(),
            names: (0..count).map(|number| format!("fleet_{number:03}")).collect(),
            client,
            admin: Db::new(target, Access::Existing, Clock::system()),
            central,
            folder: tempfile::tempdir().unwrap(),
        };
        fleet.fill().await;
        fleet.write("app", &fleet.role);
        fleet.write("owner", &fleet.admin.target().username);
        fleet
    }

    async fn execute(&self, sql: &str) {
        self.admin.session().await.unwrap().script(sql).await.unwrap();
    }

    /// Makes the databases: copies of the first one where the engine can.
    async fn fill(&self) {
        let role = &self.role;
        self.execute(&match self.engine {
            Engine::Postgres => format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'"),
            _ => format!("CREATE USER {role}@'%' IDENTIFIED BY '{PASSWORD}'"),
        })
        .await;
        let (first, others) = self.names.split_first().unwrap();
        self.database(first).await;
        for name in others {
            match self.engine {
                Engine::Postgres => self.execute(&format!("CREATE DATABASE {name} TEMPLATE {first}")).await,
                _ => self.database(name).await,
            }
        }
    }

    /// One database with the reference set, and with the rights of an application.
    async fn database(&self, name: &str) {
        self.execute(&format!("CREATE DATABASE {name}")).await;
        let target = Database { name: name.to_owned(), ..self.admin.target().clone() };
        let db = Db::new(target, Access::Existing, Clock::system());
        schema::claim(&db, &Cancel::new()).await.unwrap();
        schema::apply(&db, &schema::TENANT, &Cancel::new()).await.unwrap();
        let role = &self.role;
        let grants: Vec<String> = match self.engine {
            Engine::Postgres => vec![format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")],
            _ => ["v_taxonomies", "v_tenant_roles", "v_tenant_user", "_sqlx_migrations", "opsctl_meta"]
                .map(|table| format!("GRANT SELECT ON {name}.{table} TO {role}@'%'"))
                .into(),
        };
        db.session().await.unwrap().script(&grants.join("; ")).await.unwrap();
        db.close().await;
    }

    /// An `opsctl.toml` in a folder of its own.
    fn write(&self, folder: &str, role: &str) {
        let scheme = if self.engine == Engine::Postgres { "postgres" } else { "mysql" };
        let url = |user: &str, name: &str| format!("{scheme}://{user}@{}:{}/{name}", self.host, self.port);
        let central = url(&self.admin.target().username, &self.central.target.name);
        let mut text = format!(
            "environment = \"local\"\n[database]\nurl = \"{central}\"\npassword = \"env:FLEET_OWNER\"\n"
        );
        let password = if role == self.role { "FLEET_APP" } else { "FLEET_OWNER" };
        for name in &self.names {
            text.push_str(&format!(
                "[clusters.{name}]\nurl = \"{}\"\npassword = \"env:{password}\"\n",
                url(role, name)
            ));
        }
        let folder = self.folder.path().join(folder);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("opsctl.toml"), text).unwrap();
    }

    fn command(&self, bench: &Bench, folder: &str, words: &[&str]) -> Command {
        let owner = self.admin.target().password.as_ref().map_or("", |password| password.expose_secret());
        let folder = self.folder.path().join(folder);
        let mut command = Command::new(&bench.opsctl);
        command.args(["clusters"]).args(words).env_clear().current_dir(&folder);
        command.env("OPSCTL_STATE_DIR", folder.join("state"));
        command.env("FLEET_APP", PASSWORD).env("FLEET_OWNER", owner);
        command
    }

    /// The whole command, in milliseconds. It found every cluster well.
    fn opsctl(&self, bench: &Bench, words: &str, folder: &str) -> f64 {
        let mut command = self.command(bench, folder, &[words, "-o", "json"]);
        let started = Instant::now();
        let output = command.output().unwrap();
        let took = ms(started.elapsed());
        assert!(output.status.success(), "{output:?}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let named = |name: &String| output.stdout.windows(name.len()).any(|part| part == name.as_bytes());
        assert!(self.names.iter().all(named), "a cluster is missing: {}", report["summary"]);
        if words == "probe" {
            assert_eq!(report["summary"]["ok"], self.names.len());
        }
        took
    }

    /// The server's own client over all of them, in milliseconds.
    fn client(&self) -> f64 {
        let (host, port, role) = (self.host.as_str(), self.port.to_string(), self.role.as_str());
        let mut command = Command::new("xargs");
        command.args(["-P16", "-I{}"]).arg(&self.client).env_clear();
        match self.engine {
            Engine::Postgres => command
                .env("PGPASSWORD", PASSWORD)
                .args(["-h", host, "-p", &port, "-U", role, "-XAtqc", QUESTION, "-d", "{}"]),
            _ => command.env("MYSQL_PWD", PASSWORD).args([
                "--no-defaults",
                "-h",
                host,
                "-P",
                &port,
                "-u",
                role,
                "-BNe",
                QUESTION,
                "{}",
            ]),
        };
        let started = Instant::now();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(self.names.join("\n").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let took = ms(started.elapsed());
        let answers = String::from_utf8(output.stdout).unwrap();
        assert_eq!(answers.lines().filter(|line| line.starts_with("50")).count(), self.names.len());
        took
    }

    /// The most memory that a probe ever has, in mebibytes.
    fn memory(&self, bench: &Bench, names: &[&str]) -> f64 {
        let words: Vec<&str> = ["probe", "-q"].into_iter().chain(names.iter().copied()).collect();
        let (code, kib) = peak(&mut self.command(bench, "app", &words));
        assert_eq!(code, 0);
        f64::from(u32::try_from(kib).unwrap()) / 1024.0
    }

    fn name(&self) -> &str {
        self.client.file_name().and_then(|name| Path::new(name).to_str()).unwrap_or_default()
    }

    async fn finish(self) {
        for name in &self.names {
            self.execute(&format!("DROP DATABASE {name}")).await;
        }
        self.admin.close().await;
        self.central.finish().await;
    }
}
