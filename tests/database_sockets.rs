//! Databases over a socket of this host: named by a URL, by an application's members and in an opsctl.toml; with a
//! password, and without one where the server knows the user by the socket.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use opsctl::{
    clock::Clock,
    config::{Database, Origin, database::Address},
    db::{Access, Db, Engine, Query},
};

use crate::support::{
    Case, Schema,
    cli::{Said, opsctl},
    disk::Server,
    server,
};

/// Where the server of a case has its socket: what PostgreSQL and MariaDB call it.
async fn socket(case: &Case) -> String {
    let ask = match case.target.engine {
        Engine::Postgres => "SELECT current_setting('unix_socket_directories') AS place",
        _ => "SELECT @@socket AS place",
    };
    case.rows(ask).await[0].text("place").unwrap()
}

fn port(target: &Database) -> u16 {
    match target.address {
        Address::Tcp(_, port) | Address::Socket(_, port) => port,
        Address::File(_) => unreachable!("a file has no port"),
    }
}

/// The database was reached: migrations are pending in it.
fn reached(said: &Said, place: &str) {
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.out.contains(place) || said.err.contains(place), "{said:?}");
}

async fn a_socket_is_named_by_a_url_by_members_and_in_a_file(engine: Engine) {
    let Some(case) = Case::new(engine, Schema::Service).await else { return };
    let (socket, port, name) = (socket(&case).await, port(&case.target), &case.target.name);
    let folder = case.folder.path();
    let scheme = if case.target.engine == Engine::Postgres { "postgres" } else { "mysql" };
    let shown = format!("{scheme}:{socket}/{name}");

    // A URL of opsctl's own, in the forms that libpq and sqlx know.
    let encoded = socket.replace('/', "%2F");
    for url in [
        format!("{scheme}://opsctl:opsctl-test@localhost:{port}/{name}?host={socket}"),
        format!("{scheme}://opsctl:opsctl-test@{encoded}:{port}/{name}"),
    ] {
        let said = opsctl(folder).env("OPSCTL_DATABASE_URL", &url).args(["db", "status"]).output().unwrap();
        reached(&said.into(), &shown);
    }

    // An application's members.
    let driver = if scheme == "postgres" { "pgsql" } else { "mysql" };
    let member = if scheme == "postgres" { "DB_HOST" } else { "DB_HOST=192.0.2.1\nDB_SOCKET" };
    let text = format!(
        "APP_ENV=local\nDB_CONNECTION={driver}\n{member}={socket}\nDB_PORT={port}\nDB_DATABASE={name}\n\
             DB_USERNAME=opsctl\nDB_PASSWORD=opsctl-test\n"
    );
    fs::write(folder.join(".env"), text).unwrap();
    reached(&case.run(&["db", "status"]), &shown);
    fs::remove_file(folder.join(".env")).unwrap();

    // A file, its password in another one.
    fs::write(folder.join("password"), "opsctl-test\n").unwrap();
    let text = format!(
        "environment = \"local\"\n[database]\nurl = \"{scheme}://opsctl@localhost:{port}/{name}?socket={socket}\"\n\
             password = \"file:password\"\n"
    );
    fs::write(folder.join("opsctl.toml"), text).unwrap();
    reached(&case.run(&["db", "status"]), &shown);
    case.finish().await;
}

#[tokio::test]
async fn a_socket_of_postgres_is_named_by_a_url_by_members_and_in_a_file() {
    a_socket_is_named_by_a_url_by_members_and_in_a_file(Engine::Postgres).await;
}

#[tokio::test]
async fn a_socket_of_mariadb_is_named_by_a_url_by_members_and_in_a_file() {
    a_socket_is_named_by_a_url_by_members_and_in_a_file(Engine::MySql).await;
}

/// The name of the user that the tests run as.
fn me() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A server of the test's own, and a folder that its user can pass through.
fn own_server(variable: &str, name: &str) -> Option<(tempfile::TempDir, Server)> {
    server(variable)?;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let server = Server::start(folder.path(), name);
    Some((folder, server))
}

/// Runs statements as the server's administrator.
async fn administer(server: &Server, statements: &[String]) -> Database {
    let target = Database::from_url(&server.url, Path::new("/"), &Origin::Default).unwrap();
    let db = Db::new(target.clone(), Access::Existing, Clock::system());
    let mut session = db.session().await.unwrap();
    for statement in statements {
        session.script(statement).await.unwrap();
    }
    drop(session);
    db.close().await;
    target
}

async fn user_of(url: &str) -> opsctl::Result<String> {
    let target = Database::from_url(url, Path::new("/"), &Origin::Variable("OPSCTL_DATABASE_URL".into()))?;
    let ask = if target.engine == Engine::Postgres { "current_user::text" } else { "current_user()" };
    let db = Db::new(target, Access::Existing, Clock::system());
    let row = db.session().await?.first(Query::new(format!("SELECT {ask} AS who"))).await?;
    row.unwrap().text("who")
}

#[tokio::test]
async fn postgres_knows_its_user_by_the_socket() {
    let Some((_folder, server)) = own_server("OPSCTL_TEST_POSTGRES_URL", "postgres") else { return };
    let rules: PathBuf = server.folder.join("postgres/data/pg_hba.conf");
    let before = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, format!("local all all peer\n{before}")).unwrap();
    let me = me();
    let role = format!("CREATE ROLE \"{me}\" LOGIN");
    let target = administer(&server, &[role, "SELECT pg_reload_conf()".into()]).await;
    let place = format!("/postgres?host={}/postgres", server.folder.display());
    let url = |user: &str| format!("postgres://{user}@localhost:{}{place}", port(&target));
    assert_eq!(user_of(&url(&me)).await.unwrap(), me);
    // No mode asks for encryption where none is possible, and none is needed.
    assert_eq!(user_of(&format!("{}&sslmode=verify-full", url(&me))).await.unwrap(), me);
    let error = user_of(&url("opsctl")).await.unwrap_err();
    assert!(error.message().contains("refused the credentials of `opsctl`"), "{error:?}");
}

#[tokio::test]
async fn mariadb_knows_its_user_by_the_socket() {
    let Some((_folder, server)) = own_server("OPSCTL_TEST_MARIADB_URL", "mariadb") else { return };
    let me = me();
    let user = format!("CREATE OR REPLACE USER `{me}`@localhost IDENTIFIED VIA unix_socket");
    let grant = format!("GRANT ALL ON mysql.* TO `{me}`@localhost");
    administer(&server, &[user, grant]).await;
    let place = format!("@localhost/mysql?socket={}/mariadb/socket", server.folder.display());
    assert_eq!(user_of(&format!("mysql://{me}{place}")).await.unwrap(), format!("{me}@localhost"));
    let error = user_of(&format!("mysql://opsctl{place}")).await.unwrap_err();
    assert!(error.message().contains("refused the credentials of `opsctl`"), "{error:?}");
}
