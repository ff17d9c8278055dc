//! Many databases on one server, and an `opsctl.toml` that registers them as clusters.

use std::{fmt::Write, path::Path};

use opsctl::{
    clock::Clock,
    config::{Database, Origin, database::Address},
    db::{Access, Db, Engine, Query},
};
use secrecy::ExposeSecret;

/// Databases named `PREFIX_001`, `PREFIX_002`, … Dropped by [`Databases::finish`].
pub struct Databases {
    pub admin: Db,
    pub names: Vec<String>,
}

impl Databases {
    /// Makes them on the server at `url`.
    pub async fn make(url: &str, prefix: &str, count: usize) -> Self {
        let admin = Database::from_url(url, ".".as_ref(), &Origin::Default).unwrap();
        let admin = Db::new(admin, Access::Existing, Clock::system());
        let names: Vec<String> =
            (1..=count).map(|at| format!("{prefix}{}_{at:03}", std::process::id())).collect();
        let mut session = admin.session().await.unwrap();
        for name in &names {
            session.script(&format!("CREATE DATABASE {name}")).await.unwrap();
        }
        drop(session);
        Self { admin, names }
    }

    /// One of them.
    pub fn db(&self, name: &str) -> Db {
        Db::new(
            Database { name: name.to_owned(), ..self.admin.target().clone() },
            Access::Existing,
            Clock::system(),
        )
    }

    /// Runs statements in one of them.
    pub async fn execute(&self, name: &str, sql: &str) {
        let db = self.db(name);
        db.session().await.unwrap().script(sql).await.unwrap();
        db.close().await;
    }

    /// All rows of a query in one of them, a line each.
    pub async fn lines(&self, name: &str, sql: &str) -> Vec<String> {
        let db = self.db(name);
        let rows = db.session().await.unwrap().fetch(Query::new(sql)).await.unwrap();
        db.close().await;
        rows.iter().map(opsctl::db::Row::line).collect()
    }

    /// Registers them, by their own names, in the `opsctl.toml` of a folder, with the user that made them.
    pub fn register_as_made(&self, folder: &Path) {
        let target = self.admin.target();
        let password = target.password.as_ref().map_or("", |password| password.expose_secret());
        self.register(folder, &target.username, password);
    }

    /// Likewise, with another user.
    pub fn register(&self, folder: &Path, user: &str, password: &str) {
        let target = self.admin.target();
        let Address::Tcp(host, port) = &target.address else { unreachable!("tests reach servers by port") };
        let scheme = if target.engine == Engine::Postgres { "postgres" } else { "mysql" };
        let mut text = String::new();
        for name in &self.names {
            let url = format!("{scheme}://{user}@{host}:{port}/{name}");
            writeln!(text, "[clusters.{name}]\nurl = \"{url}\"\npassword = \"file:password\"").unwrap();
        }
        std::fs::write(folder.join("opsctl.toml"), text).unwrap();
        std::fs::write(folder.join("password"), password).unwrap();
    }

    /// Drops them, then what could not go before them.
    pub async fn cleared_by(self, sql: &str) {
        let admin = Db::new(self.admin.target().clone(), Access::Existing, Clock::system());
        self.finish().await;
        admin.session().await.unwrap().script(sql).await.unwrap();
        admin.close().await;
    }

    /// Drops them.
    pub async fn finish(self) {
        let force = if self.admin.engine() == Engine::Postgres { " WITH (FORCE)" } else { "" };
        let mut session = self.admin.session().await.unwrap();
        for name in &self.names {
            session.script(&format!("DROP DATABASE {name}{force}")).await.unwrap();
        }
        drop(session);
        self.admin.close().await;
    }
}
