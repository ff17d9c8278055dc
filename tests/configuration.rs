//! The context: which source wins, what each setting comes to, and what cannot be honoured.

use std::path::Path;

use opsctl::{
    Kind,
    config::{
        self, Context, Environment, Origin, System,
        context::Inputs,
        redis::{Address, Role},
        stores::LockStore,
    },
    webhooks::{Limits, Overrides, backoff::Mode},
};
use secrecy::ExposeSecret;
use tempfile::TempDir;

/// A folder with files, and variables of the process.
struct Place {
    folder: TempDir,
    variables: Vec<(String, String)>,
    context: Option<String>,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new(), context: None }
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    fn context(mut self, name: &str) -> Self {
        self.context = Some(name.into());
        self
    }

    fn resolve(&self) -> opsctl::Result<Context> {
        config::resolve(&Inputs {
            context: self.context.clone(),
            cwd: self.folder.path().to_owned(),
            environment: Environment::new(self.variables.clone()),
            ..Inputs::default()
        })
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

const DOTENV: &str = "APP_NAME=\"TenRusl Payment Webhook Sim\"\nAPP_ENV=local\nDB_CONNECTION=pgsql\nDB_HOST=db.internal\n\
    DB_DATABASE=hooks\nDB_USERNAME=app\nDB_PASSWORD=from-dotenv\nREDIS_HOST=cache.internal\nTENRUSL_SCHEDULER_LIMIT=300\n";

#[test]
fn a_dotenv_gives_the_applications_connection_and_the_services_settings() {
    let place = Place::new().file(".env", DOTENV);
    let context = place.resolve().unwrap();
    let database = context.database().unwrap();
    assert_eq!(database.to_string(), "postgres://db.internal:5432/hooks");
    assert_eq!(database.password.unwrap().expose_secret(), "from-dotenv");
    assert_eq!(database.origin, Origin::Dotenv(place.path(".env"), "DB_CONNECTION".into()));
    assert_eq!(context.system.as_ref().unwrap().value, System::Webhooks);
    assert!(!context.protected);
    let limits = Limits::resolve(&context, Overrides::default()).unwrap();
    assert_eq!((limits.limit, limits.max_attempts, limits.backoff.mode), (300, 5, Mode::Full));
    assert_eq!((limits.backoff.base_ms, limits.backoff.cap_ms, limits.backoff.min_ms), (500, 30_000, 250));
    assert_eq!((limits.lease_seconds, limits.lock_seconds), (60, 900));
}

// D35: one source for the attempts; in production the service's own defaults are others.
#[test]
fn production_has_the_services_other_defaults_and_is_protected() {
    let place = Place::new().file(".env", &DOTENV.replace("local", "production"));
    let context = place.resolve().unwrap();
    assert!(context.protected);
    let limits = Limits::resolve(&context, Overrides::default()).unwrap();
    assert_eq!((limits.max_attempts, limits.lease_seconds), (8, 120));
    assert_eq!((limits.backoff.base_ms, limits.backoff.cap_ms), (1000, 60_000));
    let flags = Overrides { max_attempts: Some(3), limit: Some(7), ..Overrides::default() };
    let limits = Limits::resolve(&context, flags).unwrap();
    assert_eq!((limits.limit, limits.max_attempts), (7, 3));
    assert!(
        limits.effective.iter().any(|line| (line.name, &*line.origin) == ("max_attempts", "--max-attempts"))
    );
}

#[test]
fn settings_are_clamped_as_the_service_clamps_them() {
    let more = "TENRUSL_MAX_RETRY_ATTEMPTS=0\nTENRUSL_PROCESSING_LEASE_SECONDS=-5\nTENRUSL_RETRY_BASE_MS=900\n\
        TENRUSL_RETRY_CAP_MS=10\nTENRUSL_SCHEDULER_BACKOFF_MODE=sideways\n";
    for (limit, effective) in [("0", 200), ("5000", 2000), ("-1", 200), ("17", 17)] {
        let text = DOTENV.replace("LIMIT=300", &format!("LIMIT={limit}")) + more;
        let limits =
            Limits::resolve(&Place::new().file(".env", &text).resolve().unwrap(), Overrides::default())
                .unwrap();
        assert_eq!(limits.limit, effective);
        assert_eq!((limits.max_attempts, limits.lease_seconds), (1, 60));
        assert_eq!((limits.backoff.cap_ms, limits.backoff.mode), (900, Mode::Full));
    }
}

#[test]
fn a_setting_that_is_no_number_is_named() {
    let place = Place::new().file(".env", &DOTENV.replace("300", "many"));
    let error = Limits::resolve(&place.resolve().unwrap(), Overrides::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.message().ends_with(".env TENRUSL_SCHEDULER_LIMIT must be a whole number"), "{error}");
}

// The key of the run lock is the service's: client prefix, cache prefix, and database 3.
#[test]
fn locks_live_where_the_service_keeps_them() {
    let context = Place::new().file(".env", DOTENV).resolve().unwrap();
    let LockStore::Redis { target, prefix } = context.lock_store("", System::Webhooks).unwrap() else {
        panic!()
    };
    assert_eq!(target.to_string(), "redis://cache.internal:6379/3");
    assert_eq!(target.prefix, "tenrusl-payment-webhook-sim-local-database-");
    assert_eq!(prefix, "tenrusl-payment-webhook-sim-local-cache-");
    assert_eq!(context.redis(Role::Cache, System::Webhooks).unwrap().database, 1);
    assert_eq!(context.redis(Role::Queue, System::Webhooks).unwrap().database, 2);
    assert_eq!(context.redis(Role::Default, System::Webhooks).unwrap().database, 0);
}

#[test]
fn a_plain_application_has_its_locks_on_the_default_connection() {
    let text = "APP_NAME=Cuci\nDB_CONNECTION=mysql\nCACHE_STORE=redis\nREDIS_DB=5\n";
    let context = Place::new().file(".env", text).set("OPSCTL_SYSTEM", "laundry").resolve().unwrap();
    let LockStore::Redis { target, prefix } = context.lock_store("", System::Webhooks).unwrap() else {
        panic!()
    };
    assert_eq!(
        (target.database, target.prefix.as_str(), prefix.as_str()),
        (5, "cuci-database-", "cuci-cache-")
    );
}

#[test]
fn prefixes_that_are_set_are_taken_and_an_empty_one_is_empty() {
    let text = format!("{DOTENV}CACHE_PREFIX=\nREDIS_PREFIX=mine:\n");
    let context = Place::new().file(".env", &text).resolve().unwrap();
    let LockStore::Redis { target, prefix } = context.lock_store("", System::Webhooks).unwrap() else {
        panic!()
    };
    assert_eq!((target.prefix.as_str(), prefix.as_str()), ("mine:", ""));
}

#[test]
fn stores_that_cannot_lock_across_hosts_are_refused_and_none_is_guessed() {
    for store in ["file", "array", "memcached"] {
        let context = Place::new().file(".env", &format!("{DOTENV}CACHE_STORE={store}\n")).resolve().unwrap();
        let error = context.lock_store("", System::Webhooks).unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{store}");
        assert!(error.message().contains(store));
    }
    let bare = Place::new().set("OPSCTL_DATABASE_URL", "postgres://u@h/d").resolve().unwrap();
    let error = bare.lock_store("", System::Webhooks).unwrap_err();
    assert!(error.message().contains("no cache store"), "{error}");
    // The store alone is not enough: a lock under a guessed prefix locks nothing.
    let named =
        Place::new().set("OPSCTL_DATABASE_URL", "postgres://u@h/d").set("OPSCTL_CACHE_STORE", "database");
    let error = named.resolve().unwrap().lock_store("", System::Webhooks).unwrap_err();
    assert!(error.message().contains("cache prefix is unknown"), "{error}");
}

#[test]
fn a_cached_configuration_is_all_that_counts() {
    let cached = r"<?php return array (
      'app' => array ('name' => 'Hooks', 'env' => 'production'),
      'cache' => array ('default' => 'locks', 'prefix' => 'c:', 'stores' => array (
        'locks' => array ('driver' => 'database', 'lock_table' => 'my_locks', 'lock_connection' => NULL))),
      'database' => array ('default' => 'main', 'connections' => array ('main' => array (
        'driver' => 'mariadb', 'host' => 'db2', 'port' => '3307', 'database' => 'hooks', 'username' => 'app',
        'password' => 'it''s', 'prefix' => 'x_'))),
      'tenrusl' => array ('scheduler_limit' => 77, 'retry_command_lock_seconds' => 60),
    );";
    let cached = cached.replace("it''s", r"it\'s");
    let place = Place::new().file(".env", DOTENV).file("bootstrap/cache/config.php", &cached);
    let context = place.resolve().unwrap();
    let database = context.database().unwrap();
    assert_eq!((database.to_string().as_str(), database.prefix.as_str()), ("mysql://db2:3307/hooks", "x_"));
    assert_eq!(database.password.unwrap().expose_secret(), "it's");
    assert!(context.protected);
    let limits = Limits::resolve(&context, Overrides::default()).unwrap();
    assert_eq!((limits.limit, limits.lock_seconds), (77, 60));
    let LockStore::Database { database: None, table, prefix } =
        context.lock_store("", System::Webhooks).unwrap()
    else {
        panic!()
    };
    assert_eq!((table.as_str(), prefix.as_str()), ("my_locks", "c:"));
}

#[test]
fn settings_that_cannot_be_honoured_are_named() {
    let cached = |extra: &str| {
        format!(
            "<?php return array ('database' => array ('default' => 'main', 'connections' => array ('main' => array (\
             'driver' => 'mysql', 'host' => 'h', 'database' => 'd', {extra}))));"
        )
    };
    for (text, named) in [
        (cached("'write' => array ('host' => 'w')"), "database.connections.main.write"),
        (cached("'driver' => 'sqlsrv'"), "sqlsrv"),
        (cached("'prefix' => 'a-b'"), "prefix"),
    ] {
        let place = Place::new().file("bootstrap/cache/config.php", &text);
        let error = place.resolve().unwrap().database().unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.message().contains(named), "{error}");
    }
}

#[test]
fn the_stronger_source_names_the_whole_connection() {
    let toml = "[database]\nurl = \"mysql://ops@file-host/ops\"\npassword = \"env:FILE_PASSWORD\"\n";
    let place = Place::new().file(".env", DOTENV).file("opsctl.toml", toml).set("FILE_PASSWORD", "from-file");
    let database = place.resolve().unwrap().database().unwrap();
    assert_eq!(database.to_string(), "mysql://file-host:3306/ops");
    assert_eq!(database.password.unwrap().expose_secret(), "from-file");
    // OPSCTL_* is stronger than the folder's file, and its password does not come along from elsewhere.
    let place = place.set("OPSCTL_DATABASE_URL", "postgres://ops@url-host/ops");
    let database = place.resolve().unwrap().database().unwrap();
    assert_eq!(
        (database.to_string().as_str(), database.password.is_none()),
        ("postgres://url-host:5432/ops", true)
    );
    // A named context is stronger than OPSCTL_*; a stray password never travels to its host.
    let named = "[contexts.eu.database]\nurl = \"postgres://ops@eu-host/ops\"\n";
    let secret = place.path("secret");
    std::fs::write(&secret, "stray\n").unwrap();
    let place = place
        .file("opsctl.toml", &format!("{toml}{named}"))
        .set("OPSCTL_DATABASE_PASSWORD_FILE", secret.to_str().unwrap())
        .context("eu");
    let database = place.resolve().unwrap().database().unwrap();
    assert_eq!(
        (database.to_string().as_str(), database.password.is_none()),
        ("postgres://eu-host:5432/ops", true)
    );
}

#[test]
fn the_process_environment_is_stronger_than_dotenv_and_taken_whole() {
    let place = Place::new().file(".env", DOTENV).set("DB_HOST", "other").set("DB_CONNECTION", "pgsql");
    let database = place.resolve().unwrap().database().unwrap();
    assert_eq!(database.to_string(), "postgres://other:5432/laravel");
    assert!(database.password.is_none(), "the password of .env belongs to another host");
}

#[test]
fn opsctl_password_files_replace_a_single_member() {
    let place = Place::new().file(".env", DOTENV).file("secret", "s3cret\n");
    let path = place.path("secret");
    let place = place.set("OPSCTL_DATABASE_PASSWORD_FILE", path.to_str().unwrap());
    assert_eq!(place.resolve().unwrap().database().unwrap().password.unwrap().expose_secret(), "s3cret");
}

#[test]
fn an_unknown_context_names_near_ones() {
    let place =
        Place::new().file("opsctl.toml", "[contexts.europe.database]\nurl = \"sqlite:x\"\n").context("eurpe");
    let error = place.resolve().unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(error.hints(), ["did you mean `--context europe`?"]);
}

#[test]
fn a_file_with_a_secret_or_a_fault_is_refused_with_its_place() {
    let place = Place::new().file("opsctl.toml", "[database]\nurl = \"postgres://u:hunter2@h/d\"\n");
    let error = place.resolve().unwrap().database().unwrap_err();
    assert!(error.message().contains("holds a password") && !format!("{error:?}").contains("hunter2"));
    let place = Place::new().file("opsctl.toml", "[database]\nurl = \"sqlite:x\"\npassword = \"hunter2\"\n");
    let error = place.resolve().unwrap().database().unwrap_err();
    assert!(error.message().contains("must be a reference") && !format!("{error:?}").contains("hunter2"));
    let error = Place::new().file("opsctl.toml", "\n[databse]\nurl = 1\n").resolve().unwrap_err();
    assert!(error.causes()[0].starts_with("line 2:"), "{error:?}");
    let error = Place::new().file(".env", "A=1\nDB_PASSWORD=my secret words\n").resolve().unwrap_err();
    assert!(
        error.message().contains(".env line 2:") && !format!("{error:?}").contains("secret words"),
        "{error:?}"
    );
}

#[test]
fn nothing_configured_says_where_it_looked_and_what_to_type() {
    let place = Place::new();
    let error = place.resolve().unwrap().database().unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Config, "no database is configured"));
    assert!(error.causes()[0].contains(".env") && error.causes()[0].contains("opsctl.toml"));
    assert!(error.hints().iter().any(|hint| hint.contains("opsctl demo")));
    assert!(error.hints().iter().any(|hint| hint.contains("opsctl init")));
}

#[test]
fn urls_of_the_application_are_read_as_laravel_reads_them() {
    let database = |url: &str| {
        let text =
            format!("DB_CONNECTION=pgsql\nDB_PASSWORD=fallback\nDB_DATABASE=hooks\nDB_URL=\"{url}\"\n");
        Place::new().file(".env", &text).resolve().unwrap().database().unwrap()
    };
    let full = database("postgres://ops:p%40ss@db:6000/app?sslmode=require");
    assert_eq!(
        (full.to_string().as_str(), full.password.unwrap().expose_secret()),
        ("postgres://db:6000/app", "p@ss")
    );
    assert_eq!(database("postgres://ops@db").to_string(), "postgres://db:5432/hooks");
}

#[test]
fn redis_over_a_url_keeps_the_applications_databases_and_prefixes() {
    let place = Place::new().file(".env", DOTENV).set("OPSCTL_REDIS_URL", "redis://:pw@elsewhere:7000");
    let target = place.resolve().unwrap().redis(Role::Lock, System::Webhooks).unwrap();
    assert_eq!(target.address, Address::Tcp("elsewhere".into(), 7000));
    assert_eq!((target.database, target.prefix.as_str()), (3, "tenrusl-payment-webhook-sim-local-database-"));
}

#[test]
fn an_applications_folder_is_found_from_elsewhere() {
    let place = Place::new().file("srv/hooks/.env", DOTENV);
    let inputs = Inputs {
        app: Some(Path::new("srv/hooks").to_owned()),
        cwd: place.folder.path().to_owned(),
        ..Inputs::default()
    };
    let inside =
        Inputs { app: inputs.app.clone().map(|app| place.folder.path().join(app)), ..inputs.clone() };
    assert!(config::resolve(&inside).unwrap().database().is_ok());
    let missing = Inputs { app: Some(place.path("nowhere")), ..inputs };
    assert_eq!(config::resolve(&missing).unwrap_err().kind(), Kind::Config);
}

#[test]
fn a_file_says_everything_about_a_store_or_is_refused() {
    let toml = "[database]\nurl = \"sqlite:x\"\n[redis]\nurl = \"redis://h:1\"\nprefix = \"p:\"\n[cache]\nstore = \"redis\"\nprefix = \"\"\n";
    let error = Place::new().file("opsctl.toml", toml).resolve().unwrap_err();
    assert!(error.causes()[0].contains("databases"), "{error:?}");
    let full =
        toml.replace("[cache]", "databases = { default = 0, cache = 1, queue = 2, lock = 9 }\n[cache]");
    let context = Place::new().file("opsctl.toml", &full).resolve().unwrap();
    let LockStore::Redis { target, .. } = context.lock_store("", System::Webhooks).unwrap() else { panic!() };
    assert_eq!((target.database, target.prefix.as_str()), (9, "p:"));
    let bare =
        Place::new().file("opsctl.toml", "[database]\nurl = \"sqlite:x\"\n[cache]\nstore = \"database\"\n");
    assert!(bare.resolve().unwrap_err().causes()[0].contains("prefix"));
    let typo = Place::new().file("opsctl.toml", "[webhooks]\nscheduler_limt = 5\n").resolve().unwrap_err();
    assert_eq!(typo.hints(), ["did you mean `scheduler_limit`?"]);
}

#[test]
fn an_application_that_is_named_is_not_shadowed_by_the_folders_file() {
    let place =
        Place::new().file("opsctl.toml", "[database]\nurl = \"sqlite:here\"\n").file("srv/.env", DOTENV);
    let app = place.path("srv");
    let place = place.set("OPSCTL_APP", app.to_str().unwrap());
    assert_eq!(place.resolve().unwrap().database().unwrap().to_string(), "postgres://db.internal:5432/hooks");
}

#[test]
fn a_chosen_context_that_means_an_application_is_stronger_than_variables() {
    let place = Place::new()
        .file("opsctl.toml", "[contexts.prod]\napp = \"srv\"\n")
        .file("srv/.env", DOTENV)
        .set("OPSCTL_DATABASE_URL", "postgres://u@elsewhere/x")
        .set("OPSCTL_REDIS_URL", "redis://elsewhere:1")
        .set("OPSCTL_CACHE_STORE", "database")
        .context("prod");
    let context = place.resolve().unwrap();
    assert_eq!(context.database().unwrap().to_string(), "postgres://db.internal:5432/hooks");
    let LockStore::Redis { target, .. } = context.lock_store("", System::Webhooks).unwrap() else { panic!() };
    assert_eq!(target.to_string(), "redis://cache.internal:6379/3");
}

#[test]
fn variables_alone_are_an_applications_environment() {
    let place = Place::new()
        .set("OPSCTL_DATABASE_URL", "postgres://u@h/d")
        .set("OPSCTL_CACHE_STORE", "database")
        .set("CACHE_PREFIX", "mine-");
    let LockStore::Database { prefix, .. } =
        place.resolve().unwrap().lock_store("", System::Webhooks).unwrap()
    else {
        panic!()
    };
    assert_eq!(prefix, "mine-");
}

#[test]
fn the_path_of_the_applications_redis_url_is_its_database() {
    let text = format!("{DOTENV}REDIS_URL=redis://cache.internal:6379/5\n");
    let target =
        Place::new().file(".env", &text).resolve().unwrap().redis(Role::Lock, System::Webhooks).unwrap();
    assert_eq!(target.to_string(), "redis://cache.internal:6379/5");
}

#[test]
fn locks_without_a_connection_of_their_own_live_on_the_stores() {
    let cached = r"<?php return array (
      'cache' => array ('default' => 'main', 'prefix' => '', 'stores' => array (
        'main' => array ('driver' => 'redis', 'connection' => 'values', 'lock_connection' => LOCK))),
      'database' => array ('redis' => array (
        'values' => array ('host' => 'h', 'database' => '4'),
        'locks' => array ('host' => 'h', 'database' => '9', 'options' => array ('prefix' => 'own:')))),
    );";
    for (lock, database, prefix) in [("NULL", 4, ""), ("'locks'", 9, "own:")] {
        let place = Place::new().file("bootstrap/cache/config.php", &cached.replace("LOCK", lock));
        let LockStore::Redis { target, .. } =
            place.resolve().unwrap().lock_store("", System::Webhooks).unwrap()
        else {
            panic!()
        };
        assert_eq!((target.database, target.prefix.as_str()), (database, prefix));
    }
    let text = format!("{DOTENV}REDIS_CACHE_LOCK_CONNECTION=null\n");
    let context = Place::new().file(".env", &text).resolve().unwrap();
    let LockStore::Redis { target, .. } = context.lock_store("", System::Webhooks).unwrap() else { panic!() };
    assert_eq!(target.database, 1, "null is no default: the store's own connection holds the locks");
}

#[test]
fn a_port_and_a_password_count_without_a_host() {
    let text = DOTENV.replace("REDIS_HOST=cache.internal", "REDIS_PORT=6380\nREDIS_PASSWORD=x");
    let target =
        Place::new().file(".env", &text).resolve().unwrap().redis(Role::Lock, System::Webhooks).unwrap();
    assert_eq!((target.to_string().as_str(), target.password.is_some()), ("redis://127.0.0.1:6380/3", true));
}
