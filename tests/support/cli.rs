//! The binary, run with nothing of the surroundings.

use std::{path::Path, process::Output};

use assert_cmd::Command;

use super::Case;

/// The binary in a folder: frozen clock, fixed delays, its own state folder, no other variables.
pub fn opsctl(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("opsctl").unwrap();
    command
        .env_clear()
        .env("HOME", folder)
        .env("USER", "ana")
        .env("OPSCTL_STATE_DIR", folder.join("state"))
        .env("OPSCTL_NOW", "2026-11-20T09:00:00Z")
        .env("OPSCTL_SEED", "7")
        .current_dir(folder);
    command
}

/// What a command said and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs words in a folder.
pub fn run(folder: &Path, words: &[&str]) -> Said {
    opsctl(folder).args(words).output().unwrap().into()
}

impl Case {
    /// The `.env` of an application on this database, with locks in it; the password stands there as in real ones.
    pub fn write_env(&self, more: &str) {
        use opsctl::{config::database::Address, db::Engine};
        use secrecy::ExposeSecret;
        let driver = match self.target.engine {
            Engine::Postgres => "pgsql",
            Engine::MySql => "mariadb",
            Engine::Sqlite => "sqlite",
        };
        let place = match &self.target.address {
            Address::Tcp(host, port) => format!(
                "DB_HOST={host}\nDB_PORT={port}\nDB_DATABASE={}\nDB_USERNAME={}\nDB_PASSWORD={}\n",
                self.target.name,
                self.target.username,
                self.target.password.as_ref().map_or("", |password| password.expose_secret()),
            ),
            Address::File(path) => format!("DB_DATABASE={}\n", path.display()),
            Address::Socket(..) => unreachable!("tests reach servers by port"),
        };
        let text = format!(
            "APP_NAME=\"Payment Hooks\"\nAPP_ENV=local\nDB_CONNECTION={driver}\n{place}CACHE_STORE=database\n{more}"
        );
        std::fs::write(self.folder.path().join(".env"), text).unwrap();
    }

    /// Runs words in the application's folder.
    pub fn run(&self, words: &[&str]) -> Said {
        run(self.folder.path(), words)
    }
}
