//! Databases over TLS: who answers is verified as far as is asked for, and a connection that fails over it never goes
//! on in plain text.

use std::{fs, path::Path};

use opsctl::{
    Kind, Result,
    clock::Clock,
    config::{Database, Origin, database::Address},
    db::{Access, Db, Engine, Query},
};
use tempfile::TempDir;

use crate::support::{cli, disk::Server, server, tls::Authority};

/// A server with TLS, and the authority that signed its certificate.
struct Room {
    server: Server,
    authority: Authority,
    engine: Engine,
    _folder: TempDir,
}

impl Room {
    fn new(engine: Engine) -> Option<Self> {
        let (variable, name) = match engine {
            Engine::Postgres => ("OPSCTL_TEST_POSTGRES_URL", "postgres"),
            _ => ("OPSCTL_TEST_MARIADB_URL", "mariadb"),
        };
        server(variable)?;
        let (folder, authority) = (open_folder(), Authority::new());
        let server = authority.server(folder.path(), name);
        Some(Self { server, authority, engine, _folder: folder })
    }

    /// Its URL with another host and further parameters.
    fn url(&self, host: &str, parameters: &str) -> String {
        format!("{}{parameters}", self.server.url.replace("127.0.0.1", host))
    }

    /// The parameter that names its authority.
    fn trusting(&self) -> String {
        format!("&sslrootcert={}", self.authority.file().display())
    }

    /// What an `opsctl.toml` or OPSCTL_DATABASE_URL comes to.
    async fn connect(&self, host: &str, parameters: &str) -> Result<bool> {
        let origin = Origin::Variable("OPSCTL_DATABASE_URL".into());
        is_encrypted(Database::from_url(&self.url(host, parameters), Path::new("/"), &origin)?).await
    }

    async fn refused(&self, host: &str, parameters: &str) -> opsctl::Error {
        let error = self.connect(host, parameters).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{error:?}");
        error
    }

    /// Puts another certificate into the running server.
    async fn show(&self, certificate: &(std::path::PathBuf, std::path::PathBuf)) {
        let (name, reload) = match self.engine {
            Engine::Postgres => ("postgres", "SELECT pg_reload_conf()"),
            _ => ("mariadb", "FLUSH SSL"),
        };
        let folder = self.server.folder.join(name);
        // Written into the files that are there, whose owner is the server's.
        fs::write(folder.join("server.crt"), fs::read(&certificate.0).unwrap()).unwrap();
        fs::write(folder.join("server.key"), fs::read(&certificate.1).unwrap()).unwrap();
        let target = Database::from_url(&self.server.url, Path::new("/"), &Origin::Default).unwrap();
        let db = Db::new(target, Access::Existing, Clock::system());
        db.session().await.unwrap().script(reload).await.unwrap();
        db.close().await;
    }
}

/// A folder that the servers' own users can pass through.
fn open_folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

/// Connects; says whether the server counts the session as encrypted.
async fn is_encrypted(target: Database) -> Result<bool> {
    let ask = match target.engine {
        Engine::Postgres => "SELECT ssl::int::text AS value FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        _ => {
            "SELECT variable_value AS value FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'"
        }
    };
    let db = Db::new(target, Access::Existing, Clock::system());
    let row = db.session().await?.first(Query::new(ask)).await?.unwrap();
    db.close().await;
    Ok(!matches!(row.text("value").unwrap().as_str(), "" | "0"))
}

/// All that a person is told.
fn words(error: &opsctl::Error) -> String {
    format!("{error}\n{}\n{}", error.causes().join("\n"), error.hints().join("\n"))
}

async fn a_server_is_verified_as_far_as_is_asked(engine: Engine) {
    let Some(room) = Room::new(engine) else { return };
    let known = room.trusting();
    // The right name, signed by a known authority.
    for host in ["localhost", "0.0.0.0"] {
        assert!(room.connect(host, &format!("?sslmode=verify-full{known}")).await.unwrap(), "{host}");
    }
    // On this host it is asked for nothing, and encrypts because it can.
    assert!(room.connect("127.0.0.1", "").await.unwrap());
    assert!(!room.connect("127.0.0.1", "?sslmode=disable").await.unwrap());
    assert!(room.connect("127.0.0.1", "?sslmode=require").await.unwrap());

    // A socket never leaves this host: only MySQL can be made to encrypt there.
    let (socket, must) = match engine {
        Engine::Postgres => (format!("?host={}/postgres", room.server.folder.display()), false),
        _ => (format!("?socket={}/mariadb/socket", room.server.folder.display()), true),
    };
    assert!(!room.connect("localhost", &socket).await.unwrap());
    assert_eq!(room.connect("localhost", &format!("{socket}&sslmode=require")).await.unwrap(), must);

    // A name that it does not bear.
    let error = words(&room.refused("127.0.0.1", &format!("?sslmode=verify-full{known}")).await);
    assert!(error.contains("the certificate of") && error.contains("was refused"), "{error}");
    assert!(
        error.contains("127.0.0.1") && error.contains("localhost") && error.contains("`sslmode=verify-ca`"),
        "{error}"
    );
    assert!(room.connect("127.0.0.1", &format!("?sslmode=verify-ca{known}")).await.unwrap());

    // An authority that nobody knows.
    let other = Authority::new();
    for parameters in [
        "?sslmode=verify-full".to_owned(),
        "?sslmode=verify-ca".to_owned(),
        "?sslrootcert=system".to_owned(),
        // libpq verifies with an authority at hand, whatever the mode; `prefer` does not step back to plain text.
        format!("?sslmode=require&sslrootcert={}", other.file().display()),
        format!("?sslmode=prefer&sslrootcert={}", other.file().display()),
    ] {
        let error = words(&room.refused("localhost", &parameters).await);
        assert!(error.contains("none of the authorities known here signed it"), "{parameters}: {error}");
        assert!(error.contains("=FILE` in the URL"), "{error}");
    }

    // Time is over.
    room.show(&room.authority.sign("old", "DNS:localhost,IP:0.0.0.0", -1)).await;
    let error = words(&room.refused("localhost", &format!("?sslmode=verify-ca{known}")).await);
    assert!(error.contains("expired") && error.contains("clock"), "{error}");
    assert!(room.connect("localhost", "?sslmode=require").await.unwrap());
}

#[tokio::test]
async fn postgres_is_verified_as_far_as_is_asked() {
    a_server_is_verified_as_far_as_is_asked(Engine::Postgres).await;
}

#[tokio::test]
async fn mariadb_is_verified_as_far_as_is_asked() {
    a_server_is_verified_as_far_as_is_asked(Engine::MySql).await;
}

/// 0.0.0.0 leads to this host, and is none of the addresses that mean it.
async fn a_server_off_host_is_verified_unless_a_mode_is_set(engine: Engine) {
    let Some(room) = Room::new(engine) else { return };
    let error = words(&room.refused("0.0.0.0", "").await);
    assert!(error.contains("none of the authorities known here signed it"), "{error}");
    assert!(error.contains("verify-full, opsctl's own for a server on another host"), "{error}");
    assert!(error.contains("`sslmode=require` in the URL"), "{error}");
    assert!(room.connect("0.0.0.0", &format!("?{}", &room.trusting()[1..])).await.unwrap());
    assert!(!room.connect("0.0.0.0", "?sslmode=disable").await.unwrap());
    // The application's own drivers do not verify unless they are told to.
    let origin = Origin::Dotenv("/srv/.env".into(), "DB_HOST".into());
    let theirs = Database::from_url(&room.url("0.0.0.0", ""), Path::new("/"), &origin).unwrap();
    assert!(is_encrypted(theirs).await.unwrap());

    the_application_is_heeded(&room).await;
    client_certificates_are_shown(&room).await;
}

/// PHP's MySQL driver verifies in full as soon as an authority is named; PostgreSQL's goes by `DB_SSLMODE`.
async fn the_application_is_heeded(room: &Room) {
    let folder = tempfile::tempdir().unwrap();
    let run = |host: &str, more: &str| {
        let target = Database::from_url(&room.server.url, Path::new("/"), &Origin::Default).unwrap();
        let Address::Tcp(_, port) = target.address else { unreachable!() };
        let driver = if room.engine == Engine::Postgres { "pgsql" } else { "mysql" };
        let text = format!(
            "APP_ENV=local\nDB_CONNECTION={driver}\nDB_HOST={host}\nDB_PORT={port}\nDB_DATABASE={}\n\
             DB_USERNAME=opsctl\nDB_PASSWORD=opsctl-test\n{more}\n",
            target.name
        );
        fs::write(folder.path().join(".env"), text).unwrap();
        cli::run(folder.path(), &["db", "status"])
    };
    let (verified, hint) = match room.engine {
        Engine::Postgres => ("DB_SSLMODE=verify-full".to_owned(), "config/database.php"),
        _ => (
            format!("MYSQL_ATTR_SSL_CA={}", room.authority.file().display()),
            "`sslmode=verify-ca` in the URL of an",
        ),
    };
    assert!(run("127.0.0.1", "").err.is_empty() || run("127.0.0.1", "").code != 6);
    let said = run("127.0.0.1", &verified);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("was refused") && said.err.contains(hint), "{}", said.err);
    assert!(!said.err.contains("opsctl-test"), "{}", said.err);
    if room.engine == Engine::MySql {
        assert_ne!(run("localhost", &verified).code, 6);
    }
}

async fn client_certificates_are_shown(room: &Room) {
    let (certificate, key) = room.authority.sign("opsctl_tls", "DNS:nobody", 2);
    let target = Database::from_url(&room.server.url, Path::new("/"), &Origin::Default).unwrap();
    let db = Db::new(target, Access::Existing, Clock::system());
    let mut session = db.session().await.unwrap();
    match room.engine {
        Engine::Postgres => {
            let hba = room.server.folder.join("postgres/data/pg_hba.conf");
            let rules = fs::read_to_string(&hba).unwrap();
            fs::write(&hba, format!("hostssl all opsctl_tls all cert\n{rules}")).unwrap();
            session.script("CREATE ROLE opsctl_tls LOGIN").await.unwrap();
            session.script("SELECT pg_reload_conf()").await.unwrap();
        }
        _ => session.script("CREATE USER opsctl_tls@'127.0.0.1' REQUIRE X509; GRANT ALL ON mysql.* TO opsctl_tls@'127.0.0.1'").await.unwrap(),
    }
    drop(session);
    db.close().await;
    let url = |more: String| room.url("localhost", &format!("?sslmode=verify-full{}{more}", room.trusting()));
    let connect = |url: String| async move {
        let url = url.replace("opsctl:opsctl-test@", "opsctl_tls@");
        let origin = Origin::Variable("OPSCTL_DATABASE_URL".into());
        is_encrypted(Database::from_url(&url, Path::new("/"), &origin).unwrap()).await
    };
    let shown = format!("&sslcert={}&sslkey={}", certificate.display(), key.display());
    assert!(connect(url(shown)).await.unwrap());
    let error = connect(url(String::new())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config, "{error:?}");
    assert!(error.message().contains("refused the credentials"), "{error:?}");
}

#[tokio::test]
async fn postgres_off_host_is_verified_and_client_certificates_are_shown() {
    a_server_off_host_is_verified_unless_a_mode_is_set(Engine::Postgres).await;
}

#[tokio::test]
async fn mariadb_off_host_is_verified_and_client_certificates_are_shown() {
    a_server_off_host_is_verified_unless_a_mode_is_set(Engine::MySql).await;
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_is_refused_when_encryption_is_asked_for() {
    for variable in ["OPSCTL_TEST_POSTGRES_URL", "OPSCTL_TEST_MARIADB_URL"] {
        let Some(url) = server(variable) else { continue };
        let own = Origin::Variable("OPSCTL_DATABASE_URL".into());
        for (host, parameters) in
            [("127.0.0.1", "?sslmode=require"), ("127.0.0.1", "?sslmode=verify-full"), ("0.0.0.0", "")]
        {
            let url = format!("{}{parameters}", url.replace("127.0.0.1", host));
            let error =
                is_encrypted(Database::from_url(&url, Path::new("/"), &own).unwrap()).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            let said = words(&error);
            assert!(
                said.contains("does not encrypt") && said.contains("`sslmode=disable` in the URL"),
                "{said}"
            );
        }
    }
}

#[tokio::test]
async fn files_of_certificates_that_cannot_be_used_are_named_before_anything_is_connected() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, missing) = (folder.path().join("empty.pem"), folder.path().join("missing.pem"));
    fs::write(&empty, "nothing\n").unwrap();
    // Nothing listens there: a connection would tell of that.
    for (parameter, path) in
        [("sslrootcert", &empty), ("sslrootcert", &missing), ("sslcert", &missing), ("sslkey", &empty)]
    {
        let other = match parameter {
            "sslcert" => format!("&sslkey={}", missing.display()),
            "sslkey" => format!("&sslcert={}", empty.display()),
            _ => String::new(),
        };
        let url = format!("postgres://u@127.0.0.1:1/d?{parameter}={}{other}", path.display());
        let error = is_encrypted(Database::from_url(&url, Path::new("/"), &Origin::Default).unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.message().contains(".pem cannot be used"), "{error:?}");
    }
}
