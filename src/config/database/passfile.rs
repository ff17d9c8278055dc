//! PostgreSQL's password file, `~/.pgpass`, as libpq reads it (`passwordFromFile` in fe-connect.c).

use std::{
    fs,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{Address, Database};
use crate::config::Environment;

/// Folders of the server's socket for which a line may say `localhost`: what libpq is built with, upstream and on
/// Debian and Red Hat.
const SOCKET_FOLDERS: [&str; 3] = ["/tmp", "/var/run/postgresql", "/run/postgresql"];

/// What the password file has for a connection.
#[derive(Debug, Clone)]
pub enum Found {
    /// No file, or no line that fits.
    Nothing,
    /// A line of this file fits.
    Password(PathBuf, SecretString),
    /// The file is not read, and why.
    Ignored(String),
}

/// Looks a connection up in the file that `PGPASSFILE` names, else in `~/.pgpass`.
pub fn find(environment: &Environment, database: &Database) -> Found {
    let named = environment.filled("PGPASSFILE").map(PathBuf::from);
    let home = || environment.filled("HOME").map(|home| Path::new(home).join(".pgpass"));
    let Some(path) = named.or_else(home) else { return Found::Nothing };
    let Ok(meta) = fs::metadata(&path) else { return Found::Nothing };
    if !meta.is_file() {
        return Found::Ignored(format!("{} is ignored: it is no plain file", path.display()));
    }
    if let Some(mode) = open_to_others(&meta) {
        return Found::Ignored(format!(
            "{path} is ignored, since others may read it (mode {mode:04o}): `chmod 600 {path}`",
            path = path.display()
        ));
    }
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => return Found::Ignored(format!("{} is ignored: {error}", path.display())),
    };
    match password(&String::from_utf8_lossy(&bytes), database) {
        Some(password) => Found::Password(path, password),
        None => Found::Nothing,
    }
}

/// The file's mode, when its group or others have any right to it.
#[cfg(unix)]
fn open_to_others(meta: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = meta.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Other systems keep such files in folders of the user's own; libpq does not look there either.
#[cfg(not(unix))]
fn open_to_others(_meta: &fs::Metadata) -> Option<u32> {
    None
}

/// The password of the first line that fits.
fn password(text: &str, database: &Database) -> Option<SecretString> {
    let (host, port) = match &database.address {
        Address::Tcp(host, port) => (host.clone(), port),
        Address::Socket(folder, port) => {
            let folder = folder.display().to_string();
            let default = SOCKET_FOLDERS.contains(&folder.trim_end_matches('/'));
            (if default { "localhost".into() } else { folder }, port)
        }
        Address::File(_) => return None,
    };
    let port = port.to_string();
    // libpq takes the user's name for a database that is not named.
    let name = if database.name.is_empty() { &database.username } else { &database.name };
    let wanted = [&host, &port, name, &database.username];
    let lines =
        text.split('\n').map(|line| line.trim_end_matches('\r')).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| rest_of(line, &wanted)).next().map(|rest| SecretString::from(field(rest).0))
}

/// What follows the fields of a line that all fit.
fn rest_of<'l>(line: &'l str, wanted: &[&String]) -> Option<&'l str> {
    wanted.iter().try_fold(line, |rest, wanted| match rest.strip_prefix("*:") {
        Some(rest) => Some(rest),
        None => {
            let (found, rest) = field(rest);
            rest.filter(|_| found == **wanted)
        }
    })
}

/// The first field, its escapes (`\:`, `\\`) resolved, and what follows its colon.
fn field(text: &str) -> (String, Option<&str>) {
    let mut found = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            ':' => return (found, Some(&text[at + 1..])),
            '\\' => found.push(chars.next().map_or('\\', |(_, escaped)| escaped)),
            char => found.push(char),
        }
    }
    (found, None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::config::{Engine, Origin};

    fn at(address: Address, name: &str, username: &str) -> Database {
        let database = Database::new(Engine::Postgres, address, Origin::Default);
        Database { name: name.into(), username: username.into(), ..database }
    }

    fn read(text: &str, database: &Database) -> Option<String> {
        password(text, database).map(|password| password.expose_secret().to_owned())
    }

    fn of(text: &str) -> Option<String> {
        read(text, &at(Address::Tcp("db".into(), 5432), "app", "ops"))
    }

    #[test]
    fn the_first_line_that_fits_counts_and_a_star_fits_all() {
        assert_eq!(of("db:5432:app:ops:first\ndb:5432:app:ops:second").as_deref(), Some("first"));
        assert_eq!(of("other:5432:app:ops:a\n*:*:*:ops:b\n").as_deref(), Some("b"));
        assert_eq!(of("db:5433:app:ops:a"), None);
        assert_eq!(of("db:5432:app:opsctl:a"), None);
        assert_eq!(of("db:5432:app:o*:a"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn comments_line_ends_and_what_follows_the_password_do_not_count() {
        assert_eq!(of("# db:5432:app:ops:a\r\n\r\ndb:5432:app:ops:b\r\n").as_deref(), Some("b"));
        assert_eq!(of("#:5432:app:ops:a"), None);
        assert_eq!(of("db:5432:app:ops:a:b").as_deref(), Some("a"));
        assert_eq!(of("db:5432:app:ops"), None);
        assert_eq!(of("db:5432:app:ops:").as_deref(), Some(""));
    }

    #[test]
    fn escapes_stand_for_the_character_behind_them() {
        assert_eq!(of(r"db:5432:app:ops:a\:b\\c\d").as_deref(), Some(r"a:b\cd"));
        let v6 = at(Address::Tcp("::1".into(), 5432), "a:b", "ops");
        assert_eq!(read(r"\:\:1:5432:a\:b:ops:x", &v6).as_deref(), Some("x"));
        // An escaped star is a star.
        assert_eq!(of(r"\*:5432:app:ops:a"), None);
    }

    #[test]
    fn localhost_stands_for_the_usual_socket_and_other_sockets_for_themselves() {
        let socket = |folder: &str| at(Address::Socket(folder.into(), 5432), "app", "ops");
        assert_eq!(read("localhost:5432:app:ops:a", &socket("/var/run/postgresql")).as_deref(), Some("a"));
        assert_eq!(read("localhost:5432:app:ops:a", &socket("/srv/pg")), None);
        assert_eq!(read("/srv/pg:5432:app:ops:a", &socket("/srv/pg")).as_deref(), Some("a"));
    }

    fn escaped(text: &str) -> String {
        text.replace('\\', r"\\").replace(':', r"\:")
    }

    proptest! {
        #[test]
        fn any_text_gives_a_password_or_none(text: String, near in r"(db|5432|app|ops|[:*\\#\n\r]|x)*") {
            let _ = (of(&text), of(&near));
        }

        #[test]
        fn a_line_that_is_written_by_the_rules_is_read_back(
            (host, name, user, secret) in ("[^\r\n/][^\r\n]*", "[^\r\n]+", "[^\r\n]+", "[^\r\n]*"),
            port: u16,
        ) {
            prop_assume!(!host.starts_with('#') && host != "*" && name != "*" && user != "*");
            let line = [&host, &port.to_string(), &name, &user, &secret].map(|field| escaped(field)).join(":");
            let text = format!("nobody:1:x:y:z\n{line}\n");
            let database = at(Address::Tcp(host, port), &name, &user);
            prop_assert_eq!(read(&text, &database), Some(secret));
        }
    }
}
