//! What bounds the work of a connection: set when it is made, by every engine in its own words.

use std::time::Duration;

/// Time that one statement may take.
const STATEMENT: Duration = Duration::from_secs(30);
/// Grace after which a server that should have ended a statement itself counts as lost.
const GRACE: Duration = Duration::from_secs(15);
/// Time to wait for a lock.
const LOCK: Duration = Duration::from_secs(10);
/// Time that a transaction may sit idle before the server ends it.
const IDLE_TRANSACTION: Duration = Duration::from_secs(60);
/// Longest name that PostgreSQL shows.
const NAME_BYTES: usize = 63;

/// The bounds of a connection, and the name that the server shows for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guards {
    /// PostgreSQL's `application_name`; the other engines have none.
    pub name: String,
    /// Longest time of a statement; none for work that must not be cut while it holds its locks.
    pub statement: Option<Duration>,
    /// Longest wait for one lock. MySQL and MariaDB count whole seconds, so it is rounded up there.
    pub lock: Duration,
    /// Whether each transaction sets them anew, on PostgreSQL: scripts that it runs may have set others.
    pub renewed: bool,
}

impl Default for Guards {
    fn default() -> Self {
        Self { name: "opsctl".into(), statement: Some(STATEMENT), lock: LOCK, renewed: false }
    }
}

impl Guards {
    /// For DDL: it waits for a lock only as long as others may be held up behind it, and is never cut once it has it.
    pub fn migration(runner: &str, lock: Duration) -> Self {
        let mut name = format!("opsctl migrate {runner}");
        name.retain(|c| c.is_ascii_graphic() || c == ' ');
        name.truncate(NAME_BYTES);
        Self { name, statement: None, lock, renewed: true }
    }

    /// Time after which a server that has not answered counts as lost; none where a statement may take any time.
    pub(super) fn answer(&self) -> Option<Duration> {
        self.statement.map(|time| time + GRACE)
    }

    /// PostgreSQL's settings, in milliseconds; 0 is no bound.
    pub(super) fn of_postgres(&self) -> [(&'static str, u64); 3] {
        [
            ("statement_timeout", self.statement.map_or(0, millis)),
            ("lock_timeout", millis(self.lock)),
            ("idle_in_transaction_session_timeout", millis(IDLE_TRANSACTION)),
        ]
    }

    /// The statement that sets MySQL's and MariaDB's, in seconds.
    pub(super) fn of_mysql(&self) -> String {
        // Only MariaDB reads what stands behind `/*M!`; MySQL has no such limits for writing statements.
        format!(
            "SET SESSION innodb_lock_wait_timeout = {lock}, SESSION lock_wait_timeout = {lock} /*M!100304 , \
             SESSION max_statement_time = {statement}, SESSION idle_transaction_timeout = {idle} */",
            lock = millis(self.lock).div_ceil(1000),
            statement = self.statement.map_or(0, |time| time.as_secs()),
            idle = IDLE_TRANSACTION.as_secs(),
        )
    }
}

/// Whole milliseconds, at least one: 0 means no bound.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_waits_briefly_and_is_never_cut() {
        let guards = Guards::migration("ana@wéb1, pid 7", Duration::from_millis(1500));
        assert_eq!(guards.name, "opsctl migrate ana@wb1, pid 7");
        assert_eq!(guards.of_postgres()[..2], [("statement_timeout", 0), ("lock_timeout", 1500)]);
        assert!(
            guards
                .of_mysql()
                .starts_with("SET SESSION innodb_lock_wait_timeout = 2, SESSION lock_wait_timeout = 2")
        );
        assert!(guards.of_mysql().contains("max_statement_time = 0"));
        assert_eq!(guards.answer(), None);
    }

    #[test]
    fn names_fit_what_the_server_shows() {
        assert_eq!(Guards::migration(&"x".repeat(200), LOCK).name.len(), NAME_BYTES);
    }
}
