//! An application's URL and the settings that stand beside it, merged as Laravel merges them: what the URL names is
//! stronger, and what it does not name stays. What contradicts itself, or names more than one place, is refused.

use opsctl::{
    Kind,
    clock::Clock,
    config::{
        self, Context, Database, Environment, Origin, System,
        context::Inputs,
        database::{Pooler, tls::Mode},
        redis::{Role, Target},
    },
    db::{Access, Db, Query},
};
use secrecy::ExposeSecret;
use tempfile::TempDir;

use crate::support::server;

fn resolve(folder: &TempDir, variables: &[(&str, &str)]) -> opsctl::Result<Context> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    config::resolve(&Inputs {
        cwd: folder.path().to_owned(),
        environment: Environment::new(variables),
        ..Inputs::default()
    })
}

fn dotenv(lines: &[(&str, &str)]) -> Context {
    let folder = tempfile::tempdir().unwrap();
    let text: String = lines.iter().map(|(name, value)| format!("{name}=\"{value}\"\n")).collect();
    std::fs::write(folder.path().join(".env"), format!("APP_NAME=App\n{text}")).unwrap();
    resolve(&folder, &[]).unwrap()
}

/// An application whose cached `database` is this PHP.
fn cached(database: &str) -> Context {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("bootstrap/cache")).unwrap();
    let text = format!("<?php return array ('database' => array ({database}));");
    std::fs::write(folder.path().join("bootstrap/cache/config.php"), text).unwrap();
    resolve(&folder, &[]).unwrap()
}

fn php(members: &[(&str, &str)]) -> String {
    members.iter().map(|(name, value)| format!("'{name}' => '{value}', ")).collect()
}

fn file(toml: &str) -> opsctl::Result<Context> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("opsctl.toml"), toml).unwrap();
    resolve(&folder, &[])
}

/// The same members on both kinds of source: a `.env`, and a cached configuration.
fn on_both(members: &[(&str, &str)]) -> [opsctl::Result<Database>; 2] {
    let variables: Vec<(String, &str)> = members
        .iter()
        .map(|(key, value)| {
            let name = match *key {
                "driver" => "DB_CONNECTION".to_owned(),
                "unix_socket" => "DB_SOCKET".to_owned(),
                key => format!("DB_{}", key.to_uppercase()),
            };
            (name, *value)
        })
        .collect();
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let main = format!("'default' => 'main', 'connections' => array ('main' => array ({}))", php(members));
    [dotenv(&variables).database(), cached(&main).database()]
}

fn redis_on_both(members: &[(&str, &str)]) -> [opsctl::Result<Target>; 2] {
    let variables: Vec<(String, &str)> = members
        .iter()
        .map(|(key, value)| match *key {
            "database" => ("REDIS_DB".to_owned(), *value),
            key => (format!("REDIS_{}", key.to_uppercase()), *value),
        })
        .collect();
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let redis = format!("'redis' => array ('default' => array ({}))", php(members));
    [dotenv(&variables), cached(&redis)].map(|context| context.redis(Role::Default, System::Laravel))
}

/// Refused as a matter of settings; all that is said.
#[track_caller]
fn refused<T: std::fmt::Debug>(found: opsctl::Result<T>) -> String {
    let error = found.unwrap_err();
    assert_eq!(error.kind(), Kind::Config, "{error:?}");
    format!("{error}\n{}\n{}", error.causes().join("\n"), error.hints().join("\n"))
}

#[test]
fn what_the_url_of_a_database_does_not_name_is_taken_from_the_settings_beside_it() {
    for (driver, url, beside, place) in [
        ("pgsql", "postgres://u@db/pay", &[("port", "6432")][..], "postgres://db:6432/pay"),
        ("pgsql", "postgres://u@db:7000/pay", &[("port", "6432")], "postgres://db:7000/pay"),
        ("pgsql", "postgres:///pay", &[("host", "db"), ("port", "6432")], "postgres://db:6432/pay"),
        ("pgsql", "postgres://u@/pay", &[("host", "db")], "postgres://db:5432/pay"),
        ("pgsql", "postgres:///pay", &[("host", "/run/postgresql")], "postgres:/run/postgresql/pay"),
        ("pgsql", "postgres:///pay", &[("unix_socket", "/run/mysqld.sock")], "postgres://127.0.0.1:5432/pay"),
        ("pgsql", "postgres://db", &[("database", "hooks")], "postgres://db:5432/hooks"),
        ("pgsql", "postgres://127.0.0.1/pay", &[("host", "db")], "postgres://127.0.0.1:5432/pay"),
        ("mysql", "mysql://u@db/pay", &[("unix_socket", "/run/mysqld.sock")], "mysql:/run/mysqld.sock/pay"),
        (
            "mysql",
            "mysql://u@db/pay?unix_socket=/run/url.sock",
            &[("unix_socket", "/run/mysqld.sock")],
            "mysql:/run/url.sock/pay",
        ),
        ("mysql", "mysql:///pay", &[("host", "db"), ("port", "3307")], "mysql://db:3307/pay"),
        ("mysql", "postgres://db/pay", &[], "postgres://db:5432/pay"),
        ("sqlite", "sqlite:///abs/x.sqlite", &[("database", "other.sqlite")], "sqlite:/abs/x.sqlite"),
    ] {
        let members = [&[("driver", driver), ("url", url)], beside].concat();
        for found in on_both(&members) {
            assert_eq!(found.unwrap().to_string(), place, "{members:?}");
        }
    }
}

#[test]
fn credentials_that_the_url_of_a_database_does_not_name_are_those_beside_it() {
    for (url, username, password) in [
        ("postgres://db/pay", "app", "beside"),
        ("postgres://ops@db/pay", "ops", "beside"),
        ("postgres://ops:p%40ss@db/pay", "ops", "p@ss"),
        // Each part is decoded as JSON when it parses as such: `null` is a part that is not there.
        ("postgres://null:null@db/pay", "app", "beside"),
        ("postgres://ops:true@db/pay", "ops", "1"),
    ] {
        for found in
            on_both(&[("driver", "pgsql"), ("url", url), ("username", "app"), ("password", "beside")])
        {
            let found = found.unwrap();
            let secret = found.password.as_ref().unwrap().expose_secret();
            assert_eq!((found.username.as_str(), secret), (username, password), "{url}");
        }
    }
}

#[test]
fn parameters_of_the_url_are_stronger_than_the_settings_beside_it() {
    let members = |url| {
        [
            ("driver", "pgsql"),
            ("url", url),
            ("sslmode", "prefer"),
            ("search_path", "public"),
            ("prefix", "old_"),
            ("pooled", "true"),
        ]
    };
    for found in on_both(&members("postgres://u@db/pay")).map(Result::unwrap) {
        assert_eq!((found.tls_mode(), found.search_path.as_deref()), (Mode::Prefer, Some("public")));
        assert_eq!((found.prefix.as_str(), found.pooler), ("old_", Pooler::Transaction));
    }
    let url = "postgres://u@db/pay?sslmode=verify-full&search_path=ops&prefix=x_&pooled=false&timezone=UTC";
    for found in on_both(&members(url)).map(Result::unwrap) {
        assert_eq!((found.tls_mode(), found.search_path.as_deref()), (Mode::VerifyFull, Some("ops")));
        assert_eq!((found.prefix.as_str(), found.pooler), ("x_", Pooler::None));
        assert_eq!(found.time_zone.as_deref(), Some("UTC"));
    }
    // PostgresConnector takes `search_path` wherever it is, and the older word only without it.
    for found in on_both(&members("postgres://u@db/pay?schema=ops")).map(Result::unwrap) {
        assert_eq!(found.search_path.as_deref(), Some("public"));
    }
    for found in
        on_both(&[("driver", "pgsql"), ("url", "postgres://u@db/pay?schema=ops")]).map(Result::unwrap)
    {
        assert_eq!(found.search_path.as_deref(), Some("ops"));
    }
}

#[test]
fn an_authority_of_phps_driver_is_verified_whatever_the_sslmode_and_never_goes_with_plain_text() {
    let dotenv = |url| dotenv(&[("DB_URL", url), ("MYSQL_ATTR_SSL_CA", "/ca.pem")]).database();
    let cached = |url| {
        let members =
            format!("'driver' => 'mysql', 'url' => '{url}', 'options' => array (1009 => '/ca.pem')");
        cached(&format!("'default' => 'm', 'connections' => array ('m' => array ({members}))")).database()
    };
    for url in ["mysql://u@db/pay", "mysql://u@db/pay?sslmode=prefer", "mysql://u@db/pay?sslmode=require"] {
        for found in [dotenv(url), cached(url)] {
            assert_eq!(found.unwrap().tls_mode(), Mode::VerifyFull, "{url}");
        }
    }
    for found in [dotenv("mysql://u@db/pay?sslmode=disable"), cached("mysql://u@db/pay?sslmode=disable")] {
        let said = refused(found);
        assert!(said.contains("contradict each other") && said.contains("MYSQL_ATTR_SSL_"), "{said}");
    }
}

#[test]
fn what_the_url_of_redis_does_not_name_is_taken_from_the_settings_beside_it() {
    for (url, beside, place) in [
        ("redis://h", &[("port", "6380")][..], "redis://h:6380/0"),
        ("redis://h:7000", &[("port", "6380")], "redis://h:7000/0"),
        ("redis:///5", &[("host", "h"), ("port", "6380"), ("database", "2")], "redis://h:6380/5"),
        ("redis://h", &[("database", "2")], "redis://h:6379/2"),
        ("rediss://h", &[("port", "6380"), ("scheme", "tcp")], "rediss://h:6380/0"),
        ("redis://127.0.0.1", &[("host", "h"), ("port", "6380")], "redis://127.0.0.1:6380/0"),
        ("unix:/run/redis.sock", &[("host", "h"), ("port", "6380")], "unix:/run/redis.sock?db=0"),
    ] {
        let members = [&[("url", url)], beside].concat();
        for found in redis_on_both(&members) {
            assert_eq!(found.unwrap().to_string(), place, "{members:?}");
        }
    }
    for (url, username, password) in [
        ("redis://h", "app", "beside"),
        ("redis://:own@h", "app", "own"),
        ("redis://ops:null@h", "ops", "beside"),
    ] {
        for found in redis_on_both(&[("url", url), ("username", "app"), ("password", "beside")]) {
            let found = found.unwrap();
            let secret = found.password.as_ref().unwrap().expose_secret();
            assert_eq!((found.username.as_deref(), secret), (Some(username), password), "{url}");
        }
    }
}

#[test]
fn a_connection_is_taken_whole_from_the_process_or_from_the_environment_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = "APP_NAME=App\nDB_PORT=6432\nDB_PASSWORD=x\nREDIS_PORT=6380\nREDIS_PASSWORD=x\n";
    std::fs::write(folder.path().join(".env"), text).unwrap();
    let variables = [("DB_URL", "postgres://u@db/pay"), ("REDIS_URL", "redis://h")];
    let context = resolve(&folder, &variables).unwrap();
    let database = context.database().unwrap();
    assert_eq!(
        (database.to_string().as_str(), database.password.is_none()),
        ("postgres://db:5432/pay", true)
    );
    let target = context.redis(Role::Default, System::Laravel).unwrap();
    assert_eq!((target.to_string().as_str(), target.password.is_none()), ("redis://h:6379/0", true));
}

#[test]
fn a_list_where_one_value_is_expected_is_refused() {
    for (member, named) in [
        ("'host' => array ('a', 'b')", "main.host"),
        ("'url' => array ('postgres://a/x')", "main.url"),
        ("'port' => array (1)", "main.port"),
        ("'password' => array ('x' => 'y')", "main.password"),
        ("'sslmode' => array ('require')", "main.sslmode"),
        ("'search_path' => array ('a', array ('b'))", "main.search_path"),
        ("'read' => array ('host' => array ('a')), 'host' => 'b'", "main.read"),
        ("'write' => array (array ('host' => 'a'))", "main.write"),
    ] {
        let main = format!("'driver' => 'pgsql', {member}");
        let said = refused(
            cached(&format!("'default' => 'main', 'connections' => array ('main' => array ({main}))"))
                .database(),
        );
        assert!(said.contains(named) && said.contains("opsctl.toml"), "{said}");
    }
    for member in ["host", "url", "port", "password", "database"] {
        let redis = format!("'redis' => array ('default' => array ('{member}' => array ('a', 'b')))");
        let said = refused(cached(&redis).redis(Role::Default, System::Laravel));
        assert!(said.contains(&format!("default.{member}")) && said.contains("opsctl.toml"), "{said}");
    }
    let options = "'driver' => 'mysql', 'options' => array (1009 => array ('/ca.pem'))";
    refused(
        cached(&format!("'default' => 'm', 'connections' => array ('m' => array ({options}))")).database(),
    );
}

#[test]
fn any_variable_of_sentinels_is_refused_with_the_lines_to_write() {
    for name in ["REDIS_SENTINELS", "REDIS_SENTINEL_MASTER", "REDIS_SENTINEL_PORT", "REDIS_SENTINEL_1"] {
        let said = refused(dotenv(&[("REDIS_HOST", "h"), (name, "x")]).redis(Role::Lock, System::Laravel));
        assert!(said.contains(name) && said.contains("`sentinel = { master = \""), "{said}");
    }
    assert!(
        dotenv(&[("REDIS_HOST", "h"), ("REDIS_SENTINELS", "")]).redis(Role::Lock, System::Laravel).is_ok()
    );
}

#[test]
fn a_url_says_nothing_that_is_passed_over() {
    for (url, words) in [
        ("postgres://u@h/d#fragment", "`#`"),
        ("sqlite:x.sqlite#fragment", "`#`"),
        ("postgres://u@h/d?sslmode=verify-full&sslmode=disable", "`sslmode` twice"),
        ("mysql://u@h/d?ssl-mode=required&sslmode=disable", "`sslmode` twice"),
        ("postgres://u@h/d?pooler=transaction&pooled=false", "`pooler` twice"),
        ("postgres://u@h/d?search_path=a&schema=b", "`search_path` twice"),
        ("sqlite:x.sqlite?mode=ro", "`mode`"),
        ("sqlite:x.sqlite?sslmode=require", "`sslmode`"),
        ("mysql://u@h/d?search_path=a", "`search_path`"),
        ("mysql://u@h/d?schema=a", "`schema`"),
    ] {
        let said = refused(Database::from_url(url, "/srv".as_ref(), &Origin::Default));
        assert!(said.contains(words), "{url}: {said}");
    }
    let said = refused(Target::from_url("redis://h/1#fragment", &Origin::Default));
    assert!(said.contains("`#`"), "{said}");
    let named = Database::from_url("sqlite:a%23b.sqlite", "/srv".as_ref(), &Origin::Default).unwrap();
    assert_eq!(named.to_string(), "sqlite:/srv/a#b.sqlite");
}

#[test]
fn a_key_of_a_file_and_its_url_do_not_both_say_the_same() {
    for (url, key) in [
        ("postgres://u@h/d?pooler=transaction", "pooler = \"none\""),
        ("postgres://u@h/d?pooled=true", "pooler = \"session\""),
        ("postgres://u@h/d?prefix=a_", "prefix = \"b_\""),
    ] {
        let said = refused(file(&format!("[database]\nurl = \"{url}\"\n{key}\n")).unwrap().database());
        assert!(said.contains("stands in the URL, too"), "{said}");
    }
}

#[test]
fn a_database_in_a_redis_url_is_refused_where_each_role_has_its_own() {
    let roles = "prefix = \"\"\ndatabases = { default = 0, cache = 1, queue = 2, lock = 3 }\n";
    let context = file(&format!("[redis]\nurl = \"redis://h/7\"\n{roles}")).unwrap();
    let said = refused(context.redis(Role::Lock, System::Laravel));
    assert!(said.contains("redis.url") && said.contains("leave the path out"), "{said}");

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "APP_NAME=App\nREDIS_URL=redis://h/5\n").unwrap();
    let lock =
        |url| resolve(&folder, &[("OPSCTL_REDIS_URL", url)]).unwrap().redis(Role::Lock, System::Laravel);
    let said = refused(lock("redis://other/5"));
    assert!(said.contains("OPSCTL_REDIS_URL") && said.contains("leave the path out"), "{said}");
    assert_eq!(lock("redis://other/").unwrap().to_string(), "redis://other:6379/0");
}

#[tokio::test]
async fn the_time_zone_of_a_postgres_connection_is_set_on_its_session() {
    let Some(url) = server("OPSCTL_TEST_POSTGRES_URL") else { return };
    for pooler in ["none", "session", "transaction"] {
        let url = format!("{url}?timezone=Asia/Jakarta&search_path=pg_catalog&pooler={pooler}");
        let target = Database::from_url(&url, "/".as_ref(), &Origin::Default).unwrap();
        let db = Db::new(target, Access::Existing, Clock::system());
        let ask = "SELECT current_setting('TimeZone') || ' ' || current_setting('search_path') AS value";
        let row = db.session().await.unwrap().first(Query::new(ask)).await.unwrap().unwrap();
        assert_eq!(row.text("value").unwrap(), "Asia/Jakarta pg_catalog", "{pooler}");
        db.close().await;
    }
}
