//! Some clusters of one engine, named in the file of a folder that has a central database.

use opsctl::{config::database::Address, db::Engine};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{
    Case, Schema,
    cli::{Said, run},
};

/// A central database with some clusters, named in a file.
pub struct Fleet<'a> {
    pub central: &'a Case,
    pub clusters: Vec<Case>,
}

impl<'a> Fleet<'a> {
    pub async fn new(central: &'a Case, count: usize) -> Fleet<'a> {
        let mut clusters = Vec::new();
        for _ in 0..count {
            let case = Case::empty(central.db.engine(), Schema::Reference).await.unwrap();
            case.execute("SELECT 1").await; // a SQLite file is made by its first connection
            clusters.push(case);
        }
        let fleet = Self { central, clusters };
        fleet.write("");
        fleet
    }

    /// Names `c1`, `c2`, … in the file, and what else it holds.
    pub fn write(&self, more: &str) {
        self.central.write_env("");
        let mut text = String::new();
        for (at, case) in self.clusters.iter().enumerate() {
            text.push_str(&format!("[clusters.c{}]\n{}\n", at + 1, section(case)));
        }
        std::fs::write(self.central.folder.path().join("opsctl.toml"), text + more).unwrap();
    }

    pub fn run(&self, words: &str) -> Said {
        run(self.central.folder.path(), &words.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs with `-o json`; the outcomes by cluster, and the exit code.
    pub fn outcomes(&self, words: &str) -> (Vec<(String, String)>, i32, Said) {
        let said = self.run(&format!("{words} -o json"));
        let value: Value =
            serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
        let items = value["data"].as_array().unwrap();
        let outcomes = items.iter().map(|item| (text(item, "cluster"), text(item, "outcome"))).collect();
        (outcomes, said.code, said)
    }

    pub fn files(&self, named: &[(&str, &str)]) {
        let folder = self.central.folder.path().join("sql");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        named.iter().for_each(|(name, text)| std::fs::write(folder.join(name), text).unwrap());
    }

    pub async fn finish(self) {
        for case in self.clusters {
            case.finish().await;
        }
    }
}

fn section(case: &Case) -> String {
    let target = &case.target;
    match &target.address {
        Address::File(path) => format!("url = \"sqlite:{}\"", path.display()),
        Address::Tcp(host, port) => {
            let scheme = if target.engine == Engine::Postgres { "postgres" } else { "mysql" };
            let secret = case.folder.path().join("secret");
            std::fs::write(&secret, target.password.as_ref().unwrap().expose_secret()).unwrap();
            format!(
                "url = \"{scheme}://{}@{host}:{port}/{}\"\npassword = \"file:{}\"",
                target.username,
                target.name,
                secret.display()
            )
        }
        Address::Socket(..) => unreachable!("tests reach servers by port"),
    }
}

/// The outcomes alone.
pub fn of(outcomes: &[(String, String)]) -> Vec<&str> {
    outcomes.iter().map(|(_, outcome)| outcome.as_str()).collect()
}
