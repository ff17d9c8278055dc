//! A team's own SQL, read from a folder: everything that is wrong with it is told before anything is connected.

use std::{
    borrow::Cow,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Migration, Scope, Set,
    sets::{SQLX_TABLE, index},
};
use crate::{Error, Result, db::Engine};

/// Longest text of one migration.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Folders that hold the files of one engine each.
const FOLDERS: [(&str, Engine); 3] =
    [("postgres", Engine::Postgres), ("mysql", Engine::MySql), ("sqlite", Engine::Sqlite)];

impl Set {
    /// The files `NNNN_name.sql` of a folder, in sqlx's naming: for all engines, or in folders `postgres`, `mysql` and
    /// `sqlite` for each. `.up.sql` is taken like `.sql`, `.down.sql` and files that are no SQL are passed over.
    ///
    /// # Errors
    /// [`crate::Kind::Config`] that names the file: two of one version, a name that is none, a text that is no UTF-8.
    pub fn from_folder(folder: &Path, table: &str) -> Result<Set> {
        check_table(table)?;
        let entries = entries(folder)?;
        let sub: Vec<&PathBuf> = entries.iter().filter(|path| path.is_dir() && !is_sql(path)).collect();
        let mut files: [Cow<'static, [Migration]>; 3] = [const { Cow::Owned(Vec::new()) }; 3];
        if sub.is_empty() {
            let all = migrations(&entries)?;
            files = [(); 3].map(|()| Cow::Owned(all.clone()));
        } else if let Some(file) = entries.iter().find(|path| is_sql(path)) {
            return Err(Error::config(format!("{} stands beside folders of engines", file.display()))
                .because("a file counts for one engine or for all")
                .hint("move it into `postgres`, `mysql` or `sqlite`"));
        }
        for path in sub {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let Some((_, engine)) = FOLDERS.into_iter().find(|(folder, _)| *folder == name) else {
                return Err(Error::config(format!("{} is no engine's folder", path.display()))
                    .hint("engines' folders are named `postgres`, `mysql` (MariaDB, too) and `sqlite`"));
            };
            files[index(engine)] = Cow::Owned(migrations(&self::entries(path)?)?);
        }
        if files.iter().all(|files| files.is_empty()) {
            return Err(Error::config(format!("{} holds no migrations", folder.display()))
                .because("a migration is a file named `NNNN_name.sql`"));
        }
        Ok(Set {
            name: Cow::Owned(folder.display().to_string()),
            table: Cow::Owned(table.to_owned()),
            versions: 1..=i64::MAX,
            scope: Scope::Team,
            files,
        })
    }
}

/// In an application's database opsctl adds only tables named `opsctl_…`; sqlx's own table is there for teams who use it.
fn check_table(table: &str) -> Result<()> {
    let plain = table.len() <= 63 && table.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let ours = table == "opsctl_migrations" || table == "opsctl_meta";
    if (table == SQLX_TABLE || table.starts_with("opsctl_")) && plain && !ours {
        return Ok(());
    }
    Err(Error::usage(format!("migrations are not recorded in a table named `{table}`"))
        .hint(format!("`--table {SQLX_TABLE}`, which sqlx reads, or a name that begins with `opsctl_`")))
}

/// What a folder holds, hidden files left out, in the order of names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error: io::Error| {
        Error::config(format!("the folder {} cannot be read", folder.display())).because(error)
    };
    let mut paths = fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    paths.retain(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')));
    paths.sort();
    Ok(paths)
}

fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sql"))
}

fn migrations(paths: &[PathBuf]) -> Result<Vec<Migration>> {
    let mut found: Vec<(Migration, &PathBuf)> = Vec::new();
    for path in paths.iter().filter(|path| is_sql(path)) {
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if file.ends_with(".down.sql") {
            continue;
        }
        let version = version(file).map_err(|why| {
            Error::config(format!("{} is not named like a migration", path.display()))
                .because(why)
                .hint("a migration is named `NNNN_name.sql`, such as `0007_add_invoices.sql`")
        })?;
        if let Some((_, other)) = found.iter().find(|(known, _)| known.version == version) {
            return Err(Error::config(format!("two migrations have the version {version}"))
                .because(format!("{} and {}", other.display(), path.display()))
                .hint("give the newer one another number; one that was applied keeps its own"));
        }
        let migration = Migration { version, file: file.to_owned().into(), sql: text(path)?.into() };
        found.push((migration, path));
    }
    let mut found: Vec<Migration> = found.into_iter().map(|(migration, _)| migration).collect();
    found.sort_by_key(|migration| migration.version);
    Ok(found)
}

/// The number before the first underscore, as sqlx reads it.
fn version(file: &str) -> Result<i64, &'static str> {
    let (number, name) = file.split_once('_').ok_or("it has no underscore behind a number")?;
    if matches!(name, ".sql" | ".up.sql") {
        return Err("it has no name behind the number");
    }
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse().ok().filter(|number| digits && *number > 0);
    number.ok_or("what stands before the underscore is no number")
}

fn text(path: &Path) -> Result<String> {
    let bad = |why: String| Error::config(format!("{} cannot be read", path.display())).because(why);
    let found = fs::metadata(path).map_err(|error| bad(error.to_string()))?;
    // Before it is opened: a pipe would be waited for without end.
    if !found.is_file() {
        return Err(bad("it is not a regular file".into()));
    }
    let length = found.len();
    if length > MAX_BYTES {
        return Err(bad(format!("it has {length} bytes; a migration has at most {MAX_BYTES}")));
    }
    let bytes = fs::read(path).map_err(|error| bad(error.to_string()))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| bad(format!("byte {} is no UTF-8", error.utf8_error().valid_up_to() + 1)))?;
    if text.starts_with('\u{feff}') {
        return Err(bad("it begins with a byte order mark, which servers do not take for a blank".into())
            .hint("save it as UTF-8 without a byte order mark"));
    }
    match text.find('\0') {
        Some(at) => Err(bad(format!("byte {} is NUL", at + 1))),
        None => Ok(text),
    }
}
