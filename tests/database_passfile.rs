//! PostgreSQL's password file: who gets a password from it, which one, and what is said when it is passed over.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use opsctl::{
    config::{self, Database, Environment, Origin, context::Inputs, database::Address},
    db::Engine,
};
use secrecy::ExposeSecret;

use crate::support::{Case, Schema, cli::Said};

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The database of a folder with a `.pgpass`, which is the home, and variables.
fn resolve(folder: &Path, variables: &[(&str, &str)]) -> opsctl::Result<Database> {
    let home = ("HOME".to_owned(), folder.display().to_string());
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let environment = Environment::new(variables.chain([home]));
    config::resolve(&Inputs { cwd: folder.to_owned(), environment, ..Inputs::default() })?.database()
}

fn password(database: &Database) -> Option<&str> {
    database.password.as_ref().map(ExposeSecret::expose_secret)
}

const URL: (&str, &str) = ("OPSCTL_DATABASE_URL", "postgres://ops@db/app");

#[test]
fn a_password_that_nobody_names_comes_from_the_file_and_its_origin_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".pgpass");
    write(&file, "db:5432:app:ops:from-file\nother:*:*:*:stray\n", 0o600);
    let found = resolve(folder.path(), &[URL]).unwrap();
    assert_eq!(password(&found), Some("from-file"));
    assert_eq!(found.password_origin, Some(Origin::Passfile(file)));
    assert_eq!(found.origin, Origin::Variable("OPSCTL_DATABASE_URL".into()));
    assert!(!format!("{found:?} {found}").contains("from-file"));
    // The application's own driver reads the file, too.
    write(
        &folder.path().join(".env"),
        "DB_CONNECTION=pgsql\nDB_HOST=db\nDB_DATABASE=app\nDB_USERNAME=ops\nDB_PASSWORD=\n",
        0o644,
    );
    assert_eq!(password(&resolve(folder.path(), &[]).unwrap()), Some("from-file"));
}

#[test]
fn a_password_that_somebody_names_is_the_one_that_counts() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join(".pgpass"), "*:*:*:*:from-file\n", 0o600);
    write(&folder.path().join("secret"), "from-secret\n", 0o600);
    let found = resolve(folder.path(), &[("OPSCTL_DATABASE_URL", "postgres://ops:named@db/app")]).unwrap();
    assert_eq!((password(&found), &found.password_origin), (Some("named"), &None));
    let secret = folder.path().join("secret").display().to_string();
    let found = resolve(folder.path(), &[URL, ("OPSCTL_DATABASE_PASSWORD_FILE", &secret)]).unwrap();
    assert_eq!(password(&found), Some("from-secret"));
    assert_eq!(found.password_origin, Some(Origin::Variable("OPSCTL_DATABASE_PASSWORD_FILE".into())));
    // It is PostgreSQL's file.
    let found = resolve(folder.path(), &[("OPSCTL_DATABASE_URL", "mysql://ops@db/app")]).unwrap();
    assert_eq!(password(&found), None);
}

#[test]
fn pgpassfile_names_another_file_and_the_drivers_own_variables_name_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    write(&folder.path().join(".pgpass"), "*:*:*:*:from-home\n", 0o600);
    write(&other, "*:*:*:*:from-other\n", 0o600);
    let other = other.display().to_string();
    assert_eq!(
        password(&resolve(folder.path(), &[URL, ("PGPASSFILE", &other)]).unwrap()),
        Some("from-other")
    );
    let missing = folder.path().join("missing").display().to_string();
    assert_eq!(password(&resolve(folder.path(), &[URL, ("PGPASSFILE", &missing)]).unwrap()), None);
    let found = resolve(folder.path(), &[URL, ("PGPASSWORD", "stray"), ("PGHOST", "stray")]).unwrap();
    assert_eq!(password(&found), Some("from-home"));
}

#[test]
fn a_file_that_others_may_read_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".pgpass");
    for (mode, found) in [(0o644, None), (0o640, None), (0o601, None), (0o600, Some("x")), (0o400, Some("x"))]
    {
        write(&file, "*:*:*:*:x\n", 0o600);
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let database = resolve(folder.path(), &[URL]).unwrap();
        assert_eq!(password(&database), found, "{mode:o}");
        assert_eq!(database.password_note.is_some(), found.is_none());
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(resolve(folder.path(), &[URL]).unwrap().password_note.unwrap().contains("no plain file"));
}

fn status(case: &Case, variables: &[(&str, &str)]) -> Said {
    case.run_with(variables, &["db", "status"])
}

#[tokio::test]
async fn a_command_logs_in_with_the_file_and_says_why_it_was_ignored() {
    let Some(case) = Case::new(Engine::Postgres, Schema::Service).await else { return };
    let Address::Tcp(host, port) = &case.target.address else { unreachable!() };
    let file = case.folder.path().join(".pgpass");
    let url = format!("postgres://opsctl@{host}:{port}/{}", case.target.name);
    let own = [("OPSCTL_DATABASE_URL", url.as_str())];
    let none = status(&case, &own);
    assert_eq!(none.code, 6, "{none:?}");
    assert!(
        none.err.contains("hint: no password is configured") && none.err.contains(".pgpass"),
        "{}",
        none.err
    );

    write(&file, &format!("{host}:{port}:*:opsctl:opsctl-test\n"), 0o600);
    let said = status(&case, &own);
    assert_eq!(said.code, 3, "{said:?}");
    case.write_env("DB_PASSWORD=\n");
    assert_eq!(status(&case, &[]).code, 3);

    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let ignored = status(&case, &own);
    assert_eq!(ignored.code, 6);
    assert!(
        ignored.err.contains(".pgpass is ignored") && ignored.err.contains("chmod 600"),
        "{}",
        ignored.err
    );

    write(&file, "*:*:*:*:canary-7f3a\n", 0o600);
    let wrong = status(&case, &own);
    assert_eq!(wrong.code, 6);
    assert!(wrong.err.contains(&format!("its password comes from {}", file.display())), "{}", wrong.err);
    assert!(!format!("{none:?}{said:?}{ignored:?}{wrong:?}").contains("canary-7f3a"));
    case.finish().await;
}
