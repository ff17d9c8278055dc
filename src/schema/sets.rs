//! The migration files, compiled in.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha384};

use crate::db::Engine;

/// A set of migrations and the table that records it.
#[derive(Debug)]
pub struct Set {
    /// Its name, as in `migrations/NAME/`.
    pub name: &'static str,
    /// Where it is recorded.
    pub table: &'static str,
    /// Versions that belong to it; sets that share a table have ranges of their own.
    pub versions: RangeInclusive<i64>,
    files: [&'static [Migration]; 3],
}

/// One migration file.
#[derive(Debug)]
pub struct Migration {
    /// The number before the first underscore of the file's name.
    pub version: i64,
    file: &'static str,
    /// The statements.
    pub sql: &'static str,
}

impl Migration {
    /// The file's name behind the version, as sqlx reads it.
    pub fn description(&self) -> String {
        let name = self.file.strip_suffix(".sql").unwrap_or(self.file);
        name.split_once('_').map_or(name, |(_, rest)| rest).replace('_', " ")
    }

    /// SHA-384 of the text, as sqlx records it.
    pub fn checksum(&self) -> Vec<u8> {
        Sha384::digest(self.sql.as_bytes()).to_vec()
    }
}

impl Set {
    /// The files for an engine, oldest first.
    pub fn migrations(&self, engine: Engine) -> &'static [Migration] {
        match engine {
            Engine::Postgres => self.files[0],
            Engine::MySql => self.files[1],
            Engine::Sqlite => self.files[2],
        }
    }
}

/// The files of one set, per engine: every file exists for all three.
macro_rules! files {
    ($set:literal, $($version:literal $file:literal),+ $(,)?) => {
        [
            &[$(files!(@one $set "postgres" $version $file)),+],
            &[$(files!(@one $set "mysql" $version $file)),+],
            &[$(files!(@one $set "sqlite" $version $file)),+],
        ]
    };
    (@one $set:literal $engine:literal $version:literal $file:literal) => {
        Migration {
            version: $version,
            file: $file,
            sql: include_str!(concat!("../../migrations/", $set, "/", $engine, "/", $file)),
        }
    };
}

/// Tables that opsctl may add beside any application's.
pub static OPSCTL: Set = Set {
    name: "opsctl",
    table: "opsctl_migrations",
    versions: 1..=i64::MAX,
    files: files!(
        "opsctl",
        1 "0001_meta.sql",
        2 "0002_journal.sql",
        3 "0003_clusters.sql",
        4 "0004_tenants.sql",
    ),
};

/// The central reference schema, for databases that are opsctl's own.
pub static CENTRAL: Set = Set {
    name: "central",
    table: "_sqlx_migrations",
    versions: 1..=49_999,
    files: files!("central", 1 "0001_webhooks.sql", 2 "0002_framework.sql"),
};

/// The reference schema of a tenant cluster, for databases that are opsctl's own.
pub static TENANT: Set = Set {
    name: "tenant",
    table: "_sqlx_migrations",
    versions: 50_000..=99_999,
    files: files!(
        "tenant",
        50_001 "50001_taxonomies.sql",
        50_002 "50002_members.sql",
        50_003 "50003_audit_trail.sql",
    ),
};
