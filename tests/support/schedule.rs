//! Cases with a schedule: opsctl's tables, an `opsctl.toml`, and how often each entry ran.

use std::fs;

use opsctl::{cancel::Cancel, schema};

use super::Case;

/// An entry that anybody may run at any time, each minute.
pub const RESTART: &str = "[schedule.entries.restart]\ncron = \"* * * * *\"\ncommand = \"queue restart\"\n";

impl Case {
    /// Makes opsctl's tables, and writes the application's settings and an `opsctl.toml`.
    pub async fn with_schedule(&self, env: &str, toml: &str) {
        schema::apply(&self.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
        self.db.forget_tables();
        self.write_schedule(env, toml);
    }

    /// The files alone.
    pub fn write_schedule(&self, env: &str, toml: &str) {
        self.write_env(&format!("CACHE_PREFIX=cache-\nQUEUE_CONNECTION=database\n{env}"));
        fs::write(self.folder.path().join("opsctl.toml"), toml).unwrap();
    }

    /// How often a command of an entry was begun, as the journal of this host tells.
    pub fn ran(&self, entry: &str) -> usize {
        let journal = fs::read_to_string(self.folder.path().join("state/journal.jsonl")).unwrap_or_default();
        let reason = format!("\"reason\":\"schedule:{entry}\"");
        journal.lines().filter(|line| line.contains("\"record\":\"begin\"") && line.contains(&reason)).count()
    }

    /// The rows of an entry, oldest first: minute, status, exit code, tries.
    pub async fn runs(&self, entry: &str) -> Vec<String> {
        let order = format!(
            "SELECT due_at, status, exit_code, tries FROM opsctl_schedule_runs WHERE entry = '{entry}' ORDER BY due_at"
        );
        let rows = self.rows(&order).await;
        let line = |row: &opsctl::db::Row| {
            let at = row.time("due_at").unwrap().unwrap().format("%H:%M");
            let exit = row.text_or_null("exit_code").unwrap().unwrap_or_else(|| "-".into());
            format!("{at} {} {exit} {}", row.text("status").unwrap(), row.int("tries").unwrap())
        };
        rows.iter().map(line).collect()
    }

    /// Somebody's lock in the table, for so many seconds.
    pub async fn insert_lock(&self, name: &str, owner: &str, seconds: i64) {
        let key = self.db.quoted("key");
        let until = super::now().timestamp() + seconds;
        self.execute(&format!(
            "INSERT INTO cache_locks ({key}, owner, expiration) VALUES ('cache-{name}', '{owner}', {until})"
        ))
        .await;
    }

    /// Owners of the locks whose names hold a text.
    pub async fn owners(&self, part: &str) -> Vec<String> {
        let key = self.db.quoted("key");
        let rows = self
            .rows(&format!("SELECT owner FROM cache_locks WHERE {key} LIKE '%{part}%' ORDER BY {key}"))
            .await;
        rows.iter().map(|row| row.text("owner").unwrap()).collect()
    }
}
