//! Clusters to probe: databases of their own on the real servers, roles of their own, an `opsctl.toml` that names them.

use std::{path::PathBuf, sync::atomic::AtomicU32, sync::atomic::Ordering};

use opsctl::{
    cancel::Cancel,
    config::database::Address,
    db::{Access, Db, Engine},
    schema,
};
use serde_json::Value;

use super::{
    Case, Schema,
    cli::{Said, program},
};

static ROLES: AtomicU32 = AtomicU32::new(0);

/// A fleet of a test: the folder with the file, and the databases behind it.
pub struct Fleet {
    folder: tempfile::TempDir,
    text: String,
    members: Vec<Case>,
    roles: Vec<(Db, String)>,
}

/// One cluster, not yet in the file: its database, and the role that the application has there.
pub struct Member {
    pub engine: Engine,
    pub host: String,
    pub port: u16,
    pub database: String,
    pub role: String,
    at: usize,
}

impl Fleet {
    /// Nobody is in it. The central database is a SQLite file with opsctl's tables.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = "environment = \"local\"\n[database]\nurl = \"sqlite:central.sqlite\"\n".to_owned();
        Self { folder, text, members: Vec::new(), roles: Vec::new() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().into()
    }

    /// An empty database with a role that may work in it; `None` where the server is missing.
    pub async fn empty(&mut self, engine: Engine) -> Option<Member> {
        let case = Case::empty(engine, Schema::Service).await?;
        let Address::Tcp(host, port) = case.target.address.clone() else {
            unreachable!("servers have ports")
        };
        let role = format!("r{}_{}", std::process::id(), ROLES.fetch_add(1, Ordering::Relaxed));
        let database = case.target.name.clone();
        let make = match engine {
            Engine::Postgres => format!("CREATE ROLE {role} LOGIN PASSWORD 'of-the-app'"),
            _ => format!(
                "CREATE USER {role}@'%' IDENTIFIED BY 'of-the-app'; GRANT SELECT, INSERT, UPDATE, DELETE ON \
                 {database}.* TO {role}@'%'"
            ),
        };
        case.execute(&make).await;
        self.roles.push((case.another(), role.clone()));
        self.members.push(case);
        Some(Member { engine, host, port, database, role, at: self.members.len() - 1 })
    }

    /// A database of opsctl's own with the tenant reference set, as its application sees it.
    pub async fn well(&mut self, engine: Engine) -> Option<Member> {
        let member = self.empty(engine).await?;
        let db = &self.members[member.at].db;
        schema::claim(db, &Cancel::new()).await.unwrap();
        schema::apply(db, &schema::TENANT, &Cancel::new()).await.unwrap();
        let Member { role, database, .. } = &member;
        let rights = "SELECT, INSERT, UPDATE, DELETE";
        let grants = match engine {
            Engine::Postgres => format!("GRANT {rights} ON ALL TABLES IN SCHEMA public TO {role}"),
            // The tables themselves are not the application's: it works through the views.
            _ => ["v_taxonomies", "v_tenant_roles", "v_tenant_role_permissions", "v_tenant_user"]
                .into_iter()
                .chain(["v_tenant_audit_trail", "_sqlx_migrations", "opsctl_meta"])
                .fold(format!("REVOKE ALL ON {database}.* FROM {role}@'%'"), |sql, table| {
                    format!("{sql}; GRANT {rights} ON {database}.{table} TO {role}@'%'")
                }),
        };
        self.execute(&member, &grants).await;
        Some(member)
    }

    /// As the administrator, in the member's database.
    pub async fn execute(&self, member: &Member, sql: &str) {
        self.members[member.at].execute(sql).await;
    }

    /// The central database.
    pub fn central(&self) -> Db {
        let path = self.folder.path().join("central.sqlite");
        let target = opsctl::config::Database::sqlite(path, opsctl::config::Origin::Default);
        Db::new(target, Access::Own, opsctl::clock::Clock::frozen(super::now()))
    }

    /// Gives the central database opsctl's tables.
    pub async fn with_central(&self) {
        let central = self.central();
        schema::apply(&central, &schema::OPSCTL, &Cancel::new()).await.unwrap();
        central.close().await;
    }

    /// Registers a member under a name; `more` are further lines.
    pub fn register(&mut self, name: &str, member: &Member, more: &str) {
        self.named(name, &member.url(member.port), &format!("password = \"env:PW\"\n{more}"));
    }

    /// Registers an address under a name.
    pub fn named(&mut self, name: &str, url: &str, more: &str) {
        self.text.push_str(&format!("[clusters.{name}]\nurl = \"{url}\"\n{more}\n"));
        std::fs::write(self.folder.path().join("opsctl.toml"), &self.text).unwrap();
    }

    /// Runs words; PW holds the application's password, WRONG another.
    pub fn run(&self, words: &[&str]) -> Said {
        let mut command = program(self.folder.path());
        command.env("PW", "of-the-app").env("WRONG", "guessed").args(words);
        command.output().unwrap().into()
    }

    /// The clusters of a report, by name.
    pub fn probe(&self, words: &[&str]) -> Probes {
        let words: Vec<&str> =
            ["clusters", "probe", "-o", "json"].into_iter().chain(words.iter().copied()).collect();
        let said = self.run(&words);
        let report = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        Probes { code: said.code, report, err: said.err }
    }

    /// Drops what was made.
    pub async fn finish(self) {
        let admin: Vec<(Db, String)> = self.roles;
        for (db, role) in &admin {
            match db.engine() {
                Engine::Postgres => {
                    let sql =
                        format!("BEGIN READ WRITE; DROP OWNED BY {role} CASCADE; DROP ROLE {role}; COMMIT");
                    db.session().await.unwrap().script(&sql).await.unwrap();
                }
                _ => db.session().await.unwrap().script(&format!("DROP USER {role}@'%'")).await.unwrap(),
            }
            db.close().await;
        }
        for case in self.members {
            case.finish().await;
        }
    }
}

impl Member {
    /// Its address at a port, with its own role.
    pub fn url(&self, port: u16) -> String {
        self.url_of(&self.role, port)
    }

    /// Likewise with another role.
    pub fn url_of(&self, role: &str, port: u16) -> String {
        let scheme = if self.engine == Engine::Postgres { "postgres" } else { "mysql" };
        format!("{scheme}://{role}@{}:{port}/{}", self.host, self.database)
    }
}

/// What a probe said.
pub struct Probes {
    pub code: i32,
    pub report: Value,
    pub err: String,
}

impl Probes {
    /// One cluster.
    pub fn of(&self, name: &str) -> &Value {
        let all = self.report["data"]["clusters"].as_array().unwrap();
        all.iter()
            .find(|probe| probe["cluster"] == name)
            .unwrap_or_else(|| panic!("no {name}: {}", self.report))
    }

    /// Its verdict and the stage that did not pass: `failed connect`.
    pub fn verdict(&self, name: &str) -> String {
        let probe = self.of(name);
        let text = |key: &str| probe[key].as_str().unwrap_or("-");
        format!("{} {}", text("verdict"), text("stage"))
    }

    /// One stage.
    pub fn step(&self, name: &str, stage: &str) -> &Value {
        let steps = self.of(name)["steps"].as_array().unwrap();
        steps.iter().find(|step| step["stage"] == stage).unwrap()
    }

    /// All that is wrong with it and worth knowing, in one text.
    pub fn told(&self, name: &str) -> String {
        let probe = self.of(name);
        let mut told: Vec<String> = Vec::new();
        let steps = probe["steps"].as_array().unwrap();
        for finding in
            steps.iter().flat_map(|step| step["findings"].as_array().unwrap()).chain([&probe["cut"]])
        {
            for key in ["message", "causes", "hints"] {
                told.push(finding[key].to_string());
            }
        }
        told.extend(steps.iter().map(|step| step["notes"].to_string()));
        told.join(" ")
    }
}
