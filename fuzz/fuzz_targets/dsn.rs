//! The readers of database and Redis URLs, on any text.
#![no_main]

use std::{fmt::Debug, path::Path};

use libfuzzer_sys::fuzz_target;
use opsctl::config::{
    Database, Engine, Origin,
    database::Address,
    redis::{self, Target},
};
use secrecy::{ExposeSecret, SecretString};

/// Stands in for a password; no text of the readers' own holds it.
const SECRET: &str = "hunter2hunter2";

fuzz_target!(|text: &str| {
    if let Some(database) = twice(|| database(text)) {
        check_database(&database);
    }
    if let Some(target) = twice(|| redis(text)) {
        check_redis(&target);
    }
    if let Some(text) = with_secret(text) {
        the_secret_is_hidden(&text);
    }
});

fn database(text: &str) -> opsctl::Result<Database> {
    Database::from_url(text, Path::new("/srv"), &Origin::Default)
}

fn redis(text: &str) -> opsctl::Result<Target> {
    Target::from_url(text, &Origin::Default)
}

/// Reads twice: the same text gives the same thing, or the same error.
fn twice<T: Debug>(read: impl Fn() -> opsctl::Result<T>) -> Option<T> {
    let (first, second) = (read(), read());
    assert_eq!(format!("{first:?}"), format!("{second:?}"), "two readings differ");
    first.ok()
}

fn check_database(database: &Database) {
    match (&database.address, database.engine) {
        (Address::File(path), Engine::Sqlite) => {
            assert!(path.starts_with("/srv") || path.is_absolute());
            assert!(database.password.is_none() && database.name.is_empty());
        }
        (Address::Tcp(host, _), Engine::Postgres | Engine::MySql) => assert!(!host.is_empty()),
        (Address::Socket(path, _), Engine::Postgres | Engine::MySql) => assert!(path.is_absolute()),
        (address, engine) => panic!("{engine:?} at {address:?}"),
    }
    assert!(database.prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{}", database.prefix);
    shows_no(&database.password, &[&database.username, &database.name], database);
}

fn check_redis(target: &Target) {
    match &target.address {
        redis::Address::Tcp(host, _) => assert!(!host.is_empty()),
        redis::Address::Tls(host, _, tls) => {
            assert!(!host.is_empty());
            assert_eq!(tls, &redis::Tls::full());
        }
        redis::Address::Socket(path) => assert!(path.is_absolute(), "{}", path.display()),
        address => panic!("a URL names one server, not {address}"),
    }
    assert!(target.database_in_url || target.database == 0);
    assert!(target.username.as_deref() != Some(""));
    shows_no(&target.password, &[], target);
}

/// Neither form shows the password; one that is also, by chance, part of something that is shown proves nothing.
fn shows_no(password: &Option<SecretString>, shown: &[&str], target: &(impl Debug + ToString)) {
    let Some(password) = password.as_ref().map(|password| password.expose_secret()) else { return };
    if password.contains(SECRET) {
        assert!(shown.iter().all(|text| !text.contains(SECRET)));
        assert!(!format!("{target:?} {}", target.to_string()).contains(SECRET));
    }
}

/// The text with the secret in the midst of its password: what stands between the first `:` behind `//` and the
/// last `@`, as somebody would write it who knows nothing of percent signs.
fn with_secret(text: &str) -> Option<String> {
    let begin = text.find("//")? + 2;
    let begin = begin + text.get(begin..)?.find(':')? + 1;
    let password = text.get(begin..)?.rsplit_once('@')?.0;
    let half = password.char_indices().nth(password.chars().count() / 2).map_or(0, |(at, _)| at);
    let (before, after) = text.split_at(begin + half);
    Some(format!("{before}{SECRET}{after}"))
}

/// However the text is taken apart, nobody gets to see the secret.
fn the_secret_is_hidden(text: &str) {
    let database = database(text);
    // An SQLite file has a path and no password.
    if !matches!(&database, Ok(database) if database.engine == Engine::Sqlite) {
        let shown = database.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        assert!(!format!("{shown} {database:?}").contains(SECRET), "{shown} {database:?}");
    }
    let redis = redis(text);
    // Nor has a socket.
    if !matches!(&redis, Ok(target) if matches!(target.address, redis::Address::Socket(_))) {
        let shown = redis.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        assert!(!format!("{shown} {redis:?}").contains(SECRET), "{shown} {redis:?}");
    }
}
