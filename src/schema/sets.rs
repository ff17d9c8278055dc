//! Sets of migrations: opsctl's own, compiled in, and a team's, read from a folder.

use std::{borrow::Cow, ops::RangeInclusive};

use sha2::{Digest, Sha384};

use crate::db::Engine;

/// The table that sqlx's own tools read.
pub const SQLX_TABLE: &str = "_sqlx_migrations";
/// Where a team's own SQL is recorded, unless they name another table.
pub const TEAM_TABLE: &str = "opsctl_team_migrations";

/// A set of migrations and the table that records it.
#[derive(Debug, Clone)]
pub struct Set {
    /// Its name, as in `migrations/NAME/`; of a team's, the folder's path.
    pub name: Cow<'static, str>,
    /// Where it is recorded.
    pub table: Cow<'static, str>,
    /// Versions that belong to it; sets that share a table have ranges of their own.
    pub versions: RangeInclusive<i64>,
    /// Whose it is, which decides where it may go.
    pub scope: Scope,
    pub(super) files: [Cow<'static, [Migration]>; 3],
}

/// Which databases a set may go into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Any: it only adds tables named `opsctl_…`.
    Beside,
    /// Databases of opsctl's own: the reference schema.
    Reference,
    /// Any that its team names.
    Team,
}

/// One migration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The number before the first underscore of the file's name.
    pub version: i64,
    /// The file's name.
    pub file: Cow<'static, str>,
    /// The statements.
    pub sql: Cow<'static, str>,
}

impl Migration {
    /// The file's name behind the version, as sqlx reads it.
    pub fn description(&self) -> String {
        let name = self.file.strip_suffix(".sql").unwrap_or(&self.file);
        let name = name.strip_suffix(".up").unwrap_or(name);
        name.split_once('_').map_or(name, |(_, rest)| rest).replace('_', " ")
    }

    /// SHA-384 of the text, as sqlx records it.
    pub fn checksum(&self) -> Vec<u8> {
        checksum(&self.sql)
    }

    /// Whether it asks to run outside of a transaction: sqlx's own mark, on the first line.
    pub fn stands_alone(&self) -> bool {
        self.sql.starts_with("-- no-transaction")
    }

    /// Whether the text that has a checksum differs from the present one in nothing but line ends and blank lines at
    /// its end: of more than that a checksum does not tell.
    pub fn differs_in_line_ends(&self, applied: &[u8]) -> bool {
        let unix = self.sql.replace("\r\n", "\n");
        let texts = [unix.clone(), unix.trim_end().to_owned(), format!("{}\n", unix.trim_end())];
        texts.iter().any(|text| checksum(text) == applied || checksum(&text.replace('\n', "\r\n")) == applied)
    }
}

fn checksum(text: &str) -> Vec<u8> {
    Sha384::digest(text.as_bytes()).to_vec()
}

/// The first digits of a checksum, for people.
pub fn short(checksum: &[u8]) -> String {
    checksum.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

impl Set {
    /// The same record, read without asking whose database it is.
    pub(super) fn bare(&self) -> Set {
        Set { scope: Scope::Beside, ..self.clone() }
    }

    /// The files for an engine, oldest first; none where the team has none for it.
    pub fn migrations(&self, engine: Engine) -> &[Migration] {
        &self.files[index(engine)]
    }
}

/// Where an engine's files stand among the three.
pub(super) const fn index(engine: Engine) -> usize {
    match engine {
        Engine::Postgres => 0,
        Engine::MySql => 1,
        Engine::Sqlite => 2,
    }
}

/// The files of one set, per engine: every file exists for all three.
macro_rules! files {
    ($set:literal, $($version:literal $file:literal),+ $(,)?) => {
        [
            Cow::Borrowed(&[$(files!(@one $set "postgres" $version $file)),+]),
            Cow::Borrowed(&[$(files!(@one $set "mysql" $version $file)),+]),
            Cow::Borrowed(&[$(files!(@one $set "sqlite" $version $file)),+]),
        ]
    };
    (@one $set:literal $engine:literal $version:literal $file:literal) => {
        Migration {
            version: $version,
            file: Cow::Borrowed($file),
            sql: Cow::Borrowed(include_str!(concat!("../../migrations/", $set, "/", $engine, "/", $file))),
        }
    };
}

/// Tables that opsctl may add beside any application's.
pub static OPSCTL: Set = Set {
    name: Cow::Borrowed("opsctl"),
    table: Cow::Borrowed("opsctl_migrations"),
    versions: 1..=i64::MAX,
    scope: Scope::Beside,
    files: files!(
        "opsctl",
        1 "0001_meta.sql",
        2 "0002_journal.sql",
        3 "0003_clusters.sql",
        4 "0004_tenants.sql",
        5 "0005_queue.sql",
        6 "0006_schedule.sql",
    ),
};

/// The central reference schema, for databases that are opsctl's own.
pub static CENTRAL: Set = Set {
    name: Cow::Borrowed("central"),
    table: Cow::Borrowed(SQLX_TABLE),
    versions: 1..=49_999,
    scope: Scope::Reference,
    files: files!("central", 1 "0001_webhooks.sql", 2 "0002_framework.sql"),
};

/// The reference schema of a tenant cluster, for databases that are opsctl's own.
pub static TENANT: Set = Set {
    name: Cow::Borrowed("tenant"),
    table: Cow::Borrowed(SQLX_TABLE),
    versions: 50_000..=99_999,
    scope: Scope::Reference,
    files: files!(
        "tenant",
        50_001 "50001_taxonomies.sql",
        50_002 "50002_members.sql",
        50_003 "50003_audit_trail.sql",
    ),
};
