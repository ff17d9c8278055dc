//! Settings of Redis: what an `opsctl.toml` may say, what Laravel's configuration says about TLS, and what of it must
//! be written into an `opsctl.toml`.

use std::path::PathBuf;

use opsctl::{
    Error, Kind,
    config::{
        self, Context, Environment, System,
        context::Inputs,
        redis::{Address, Identity, Role, Target, Tls, Verify},
    },
};
use secrecy::ExposeSecret;
use tempfile::TempDir;

fn resolve(folder: &TempDir, variables: &[(&str, &str)]) -> opsctl::Result<Context> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    config::resolve(&Inputs {
        cwd: folder.path().to_owned(),
        environment: Environment::new(variables),
        ..Inputs::default()
    })
}

/// The lock's place under a `[redis]`, and the folder of its file.
fn written(redis: &str) -> (opsctl::Result<Target>, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("opsctl.toml"), format!("[redis]\nprefix = \"p-\"\n{redis}")).unwrap();
    let variables = [("SECRET", "hunter2"), ("WATCH", "hunter3")];
    let target = resolve(&folder, &variables).and_then(|context| context.redis(Role::Lock, System::Webhooks));
    (target, folder.path().to_owned())
}

const DATABASES: &str = "databases = { default = 0, cache = 1, queue = 2, lock = 3 }";

/// The place of a role in an application with a cached `database.redis`.
fn cached(redis: &str) -> opsctl::Result<Target> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("bootstrap/cache")).unwrap();
    let text = format!("<?php return array ('database' => array ('redis' => array ({redis})));");
    std::fs::write(folder.path().join("bootstrap/cache/config.php"), text).unwrap();
    resolve(&folder, &[]).unwrap().redis(Role::Default, System::Laravel)
}

/// The place of a role in an application with a `.env`.
fn dotenv(text: &str) -> opsctl::Result<Target> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), format!("APP_NAME=App\n{text}")).unwrap();
    resolve(&folder, &[]).unwrap().redis(Role::Default, System::Laravel)
}

/// Refused as a matter of settings, without a secret; the hint.
#[track_caller]
fn refused(target: opsctl::Result<Target>) -> (Error, String) {
    let error = target.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    let hint = error.hints().first().cloned().unwrap_or_default();
    (error, hint)
}

#[test]
fn a_file_names_a_sentinel_set_with_credentials_and_tls_apart() {
    let (target, folder) = written(&format!(
        "username = \"ops\"\npassword = \"env:SECRET\"\ntls = true\n{DATABASES}\n[redis.sentinel]\nmaster = \"hooks\"\n\
         nodes = [\"s1.internal:26379\", \"[::1]:26380\"]\nusername = \"watch\"\npassword = \"env:WATCH\"\n\
         tls = {{ ca = \"ca.pem\", certificate = \"me.pem\", key = \"/etc/me.key\" }}"
    ));
    let target = target.unwrap();
    assert_eq!(target.to_string(), "redis+sentinel://s1.internal:26379,[::1]:26380/hooks/3");
    assert_eq!((target.username.as_deref(), target.prefix.as_str()), (Some("ops"), "p-"));
    assert_eq!(target.password.as_ref().unwrap().expose_secret(), "hunter2");
    assert!(!format!("{target:?}").contains("hunter"));
    let Address::Sentinel(set, servers) = target.address else { panic!() };
    assert_eq!((set.username.as_deref(), servers), (Some("watch"), Some(Tls::full())));
    assert_eq!(set.password.unwrap().expose_secret(), "hunter3");
    let identity = Identity { certificate: folder.join("me.pem"), key: "/etc/me.key".into() };
    let tls = Tls { verify: Verify::Full, authority: Some(folder.join("ca.pem")), identity: Some(identity) };
    assert_eq!(set.tls, Some(tls));
}

#[test]
fn a_file_names_a_cluster_which_has_only_database_0() {
    let nodes = "cluster = [\"c1:7000\", \"c2:7000\"]";
    for databases in ["", "databases = { default = 0, cache = 0, queue = 0, lock = 0 }"] {
        let target = written(&format!("{nodes}\n{databases}")).0.unwrap();
        assert_eq!((target.to_string().as_str(), target.database), ("redis+cluster://c1:7000,c2:7000", 0));
        assert!(target.address.is_cluster());
    }
    let (error, _) = refused(written(&format!("{nodes}\n{DATABASES}")).0);
    assert!(error.to_string().contains("a Cluster has only database 0"), "{error:?}");
}

#[test]
fn a_file_names_one_place_and_leaves_nothing_open() {
    for (redis, words) in [
        (DATABASES, "none of `url`, `sentinel`, `cluster`"),
        ("url = \"redis://h\"\ncluster = [\"h:1\"]", "more than one of `url`, `sentinel`, `cluster`"),
        ("url = \"redis://h\"", "missing field `databases`"),
        ("cluster = []", "names no nodes"),
        ("cluster = [\"h\"]", "a node is no `HOST:PORT`"),
        ("cluster = [\"redis://u:hunter2@h:1\"]", "a node is no `HOST:PORT`"),
        ("cluster = [\"h:1\"]\ntls = false", "`tls` is `true` or left out"),
        ("cluster = [\"h:1\"]\ntls = { cafile = \"x\" }", "unknown field `cafile`"),
        ("cluster = [\"h:1\"]\ntls = { key = \"x\" }", "`certificate` and `key` belong together"),
        ("cluster = [\"h:1\"]\npassword = \"hunter2\"", "must be a reference"),
        (&format!("url = \"redis://h\"\ntls = true\n{DATABASES}"), "without TLS"),
        (&format!("url = \"redis://u@h\"\nusername = \"v\"\n{DATABASES}"), "names a user already"),
        (&format!("url = \"rediss://:hunter2@h\"\n{DATABASES}"), "holds a password"),
    ] {
        let (error, _) = refused(written(redis).0);
        assert!(error.to_string().contains(words), "`{words}` is not in {error:?}");
    }
    let target =
        written(&format!("url = \"rediss://h\"\ntls = {{ ca = \"/ca.pem\" }}\n{DATABASES}")).0.unwrap();
    let own = Tls { authority: Some("/ca.pem".into()), ..Tls::full() };
    assert_eq!(target.address, Address::Tls("h".into(), 6379, own));
}

#[test]
fn an_applications_tls_is_honoured_however_it_is_written() {
    for text in [
        "REDIS_HOST=tls://cache.internal\n",
        "REDIS_SCHEME=tls\nREDIS_HOST=cache.internal\n",
        "REDIS_URL=rediss://cache.internal\n",
        "REDIS_URL=tls://cache.internal:6379/0\n",
    ] {
        let target = dotenv(text).unwrap();
        assert_eq!(target.address, Address::Tls("cache.internal".into(), 6379, Tls::full()), "{text}");
    }
    let stream = |options: &str| {
        let default =
            format!("'scheme' => 'tls', 'host' => 'h', 'context' => array ('stream' => array ({options}))");
        cached(&format!("'client' => 'phpredis', 'default' => array ({default})"))
    };
    let verify = |target: Target| target.address.tls().unwrap().verify;
    assert_eq!(verify(stream("'verify_peer' => true").unwrap()), Verify::Full);
    assert_eq!(verify(stream("'verify_peer_name' => false").unwrap()), Verify::Authority);
    assert_eq!(verify(stream("'verify_peer' => false").unwrap()), Verify::Nothing);
    let predis = "'default' => array ('url' => 'rediss://h', 'ssl' => array ('cafile' => '/etc/ca.pem'))";
    assert_eq!(cached(predis).unwrap().address.tls().unwrap().authority, Some("/etc/ca.pem".into()));
    let (error, hint) = refused(stream("'ciphers' => 'ALL', 'passphrase' => 'hunter2'"));
    assert!(error.message().contains("`ciphers`") && hint.contains("opsctl.toml"), "{error:?}");
    let auth =
        "'default' => array ('host' => 'tls://h', 'context' => array ('auth' => array ('u', 'hunter2')))";
    assert!(refused(cached(auth)).0.message().contains("context.auth"));
    let (error, _) = refused(dotenv("REDIS_SCHEME=http\nREDIS_HOST=h\n"));
    assert!(error.message().contains("`http`"), "{error:?}");
}

#[test]
fn an_applications_cluster_is_to_be_written_into_a_file() {
    let clusters = "'clusters' => array ('default' => array (
        array ('host' => '10.0.0.1', 'port' => '7000', 'password' => 'hunter2'),
        array ('url' => 'tcp://u:hunter2@10.0.0.2:7001'), 'options' => array ('cluster' => 'redis')))";
    let (error, hint) = refused(cached(clusters));
    assert!(error.message().contains("database.redis.clusters.default cannot be honoured"), "{error:?}");
    assert!(hint.contains(r#"`cluster = ["10.0.0.1:7000", "10.0.0.2:7001"]`"#), "{hint}");
    // A plain connection of the same name comes first, as in Laravel.
    let target = cached(&format!("'default' => array ('host' => 'h'), {clusters}")).unwrap();
    assert_eq!(target.to_string(), "redis://h:6379/0");
}

#[test]
fn an_applications_sentinels_are_to_be_written_into_a_file() {
    let phpredis = "'client' => 'phpredis-sentinel', 'default' => array ('sentinel_host' => 'tls://s1', \
                    'sentinel_port' => 26380, 'sentinel_service' => 'hooks', 'password' => 'hunter2')";
    let predis = "'client' => 'predis', 'options' => array ('replication' => 'sentinel', 'service' => 'hooks'), \
                  'default' => array ('tcp://:hunter2@s1:26380', 'tcp://s2')";
    for (redis, nodes) in [(phpredis, r#"["s1:26380"]"#), (predis, r#"["s1:26380", "s2:26379"]"#)] {
        let (error, hint) = refused(cached(redis));
        assert!(error.message().contains("database.redis.default"), "{error:?}");
        assert!(hint.contains(&format!(r#"`sentinel = {{ master = "hooks", nodes = {nodes} }}`"#)), "{hint}");
    }
    for text in ["REDIS_CLIENT=phpredis-sentinel\n", "REDIS_SENTINEL_HOST=s1\nREDIS_SENTINEL_SERVICE=hooks\n"]
    {
        let (_, hint) = refused(dotenv(text));
        assert!(hint.contains("`sentinel = { master = "), "{hint}");
    }
}

#[test]
fn a_file_with_a_cluster_stands_in_for_what_the_application_says() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("bootstrap/cache")).unwrap();
    let config = "<?php return array ('cache' => array ('default' => 'redis', 'prefix' => 'c-'), 'database' => array (\
                  'redis' => array ('clusters' => array ('default' => array ()))));";
    std::fs::write(folder.path().join("bootstrap/cache/config.php"), config).unwrap();
    let file = "[redis]\ncluster = [\"c1:7000\"]\nprefix = \"p-\"\n";
    std::fs::write(folder.path().join("opsctl.toml"), file).unwrap();
    let context = resolve(&folder, &[]).unwrap();
    for role in context.redis_roles(System::Laravel) {
        assert_eq!(role.target.unwrap().to_string(), "redis+cluster://c1:7000");
    }
}
