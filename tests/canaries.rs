//! Thirty secrets are planted wherever secrets lie. None comes out: in no format, at no verbosity, in success and in
//! failure, not in the journal, not in what completion keeps, and not in a process list.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use opsctl::db::Engine;

use crate::support::{
    Case, Event, Schema,
    cli::{Said, program},
    pages,
    redis::Redis,
};

/// A secret with everything in it that URLs, shells, JSON, TOML, PHP and `.env` files treat in their own ways. Its
/// letters come through any of them, and are looked for.
fn secret(number: u32) -> String {
    format!("kanari{number:02}/p@s:s?w#r%d&'\"$`\\é")
}

fn encoded(number: u32) -> String {
    percent_encoding::utf8_percent_encode(&secret(number), percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// As a value of a `.env` file, in single quotes, which take everything but themselves.
fn quoted(number: u32) -> String {
    format!("'{}'", secret(number).replace('\'', ""))
}

/// The canaries in a text.
fn found(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    lower.match_indices("kanari").map(|(at, _)| lower[at..].chars().take(8).collect()).collect()
}

/// Everything below a folder that a run may have written: the journal, what completion keeps, anything else.
fn written(folder: &Path, own: &BTreeSet<PathBuf>, texts: &mut String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            written(&path, own, texts);
        } else if !own.contains(&path) && !path.to_string_lossy().contains(".sqlite") {
            texts.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.append(&mut files(&path));
        } else {
            found.insert(path);
        }
    }
    found
}

static EXAMPLES: OnceLock<Vec<String>> = OnceLock::new();

/// The first example of every verb that works on what is configured; none asks for a body.
fn examples(folder: &Path) -> Vec<String> {
    let works = |words: &String| words != "demo" && words != "init";
    let page = |words: String| pages::page(folder, &words.split(' ').collect::<Vec<_>>());
    let first = |words: String| pages::examples(&page(words)).into_iter().next();
    let lines: Vec<String> = pages::verbs(folder).into_iter().filter(works).filter_map(first).collect();
    assert!(!lines.iter().any(|line| line.contains("--raw")));
    lines
}

/// Runs every verb in a folder, quietly and as loud as it gets, for people and for programs.
fn run_everything(folder: &Path, variables: &[(&str, String)], expected: &str) {
    let own = files(folder);
    let mut said_anything = false;
    for line in EXAMPLES.get_or_init(|| examples(folder)) {
        for (log, more) in [("", ""), ("trace", " -vvv"), ("json:trace", " --json")] {
            if more == " --json" && (line.contains(" -o ") || line.contains("--json")) {
                continue;
            }
            let mut command = program(folder);
            command.envs(variables.iter().map(|(name, value)| (name, value))).env("OPSCTL_LOG", log);
            let line = format!("{line}{more}");
            let said: Said = command.args(line.split(' ')).output().unwrap().into();
            let text = format!("{}{}", said.out, said.err);
            said_anything |= text.contains(expected);
            assert_eq!(found(&text), BTreeSet::new(), "`opsctl {line}`: {text}");
        }
    }
    let mut command = program(folder);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.env("OPSCTL_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "3");
    let said: Said = command.args(["--", "opsctl", "webhooks", "show", ""]).output().unwrap().into();
    assert_eq!(found(&format!("{}{}", said.out, said.err)), BTreeSet::new(), "{said:?}");
    assert!(said_anything, "nothing said `{expected}`: the secrets were not on the way");
    let mut texts = String::new();
    written(folder, &own, &mut texts);
    assert_eq!(found(&texts), BTreeSet::new(), "{texts}");
}

/// Variables and `.env` of an application with a secret wherever one has a place, from `first` on.
fn application(first: u32) -> Vec<(&'static str, String)> {
    let names = [
        "DB_PASSWORD",
        "REDIS_PASSWORD",
        "APP_KEY",
        "MAIL_PASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "TENRUSL_MIDTRANS_SERVER_KEY",
    ];
    names.into_iter().zip(first..).map(|(name, number)| (name, secret(number))).collect()
}

fn dotenv(first: u32) -> String {
    application(first).iter().zip(first..).map(|((name, _), at)| format!("{name}={}\n", quoted(at))).collect()
}

/// Events whose bodies hold what bodies hold.
async fn bodies(case: &Case) {
    let body = format!(
        r#"{{"id":"pay-1","status":"paid","card":{{"number":"{}","cvc":"{}"}},"customer":{{"email":"{}","phone":"{}"}},
            "authorization":"{}","token":"{}","client_secret":"{}","signature_key":"{}"}}"#,
        "kanari01", "kanari02", "kanari03", "kanari04", "kanari05", "kanari06", "kanari07", "kanari08"
    );
    for id in ["01kh9mqh069t2jtq2cfag33erh", "01KHDDT15S3WT9BYGXEF6BYWCR", "01khdkpmkkjb2vwqdb0n2rgd53"] {
        Event::due(id).body(&body).insert(case).await;
    }
}

#[tokio::test]
async fn an_applications_secrets_stay_where_they_are() {
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    bodies(&case).await;
    case.write_env(&dotenv(9));
    let variables = application(15);
    run_everything(case.folder.path(), &variables, "01kh9mqh069t2jtq2cfag33erh");
    let raw = case.run(&["webhooks", "show", "01kh9mqh069t2jtq2cfag33erh", "--raw"]);
    assert_eq!(found(&raw.out).len(), 8, "--raw shows the body: {raw:?}");
}

#[tokio::test]
async fn a_role_with_a_special_password_is_never_shown() {
    for (engine, create) in [
        (Engine::Postgres, "CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{password}'"),
        (
            Engine::MySql,
            "CREATE USER '{role}'@'127.0.0.1' IDENTIFIED BY '{password}'; GRANT ALL PRIVILEGES ON *.* TO '{role}'@'127.0.0.1'",
        ),
    ] {
        let Some(case) = Case::new(engine, Schema::Service).await else { return };
        bodies(&case).await;
        let role = format!("kenari_{}", case.target.name);
        let password = secret(21).replace('\\', r"\\").replace('\'', "''");
        let password = if engine == Engine::Postgres { password.replace(r"\\", r"\") } else { password };
        case.execute(&create.replace("{role}", &role).replace("{password}", &password)).await;
        let place = case.target.to_string();
        let url = place.replace("://", &format!("://{role}:{}@", encoded(21)));
        let file = case.folder.path().join("password");
        fs::write(&file, secret(21)).unwrap();
        let right = vec![("OPSCTL_DATABASE_URL", url.clone())];
        run_everything(case.folder.path(), &right, "01kh9mqh069t2jtq2cfag33erh");
        let by_file = vec![
            ("OPSCTL_DATABASE_URL", url.replace(&encoded(21), &encoded(22))),
            ("OPSCTL_DATABASE_PASSWORD_FILE", file.display().to_string()),
        ];
        run_everything(case.folder.path(), &by_file, "01kh9mqh069t2jtq2cfag33erh");
        let wrong = vec![("OPSCTL_DATABASE_URL", url.replace(&encoded(21), &encoded(23)))];
        run_everything(case.folder.path(), &wrong, "refused the credentials");
        let gone = match engine {
            Engine::Postgres => format!("DROP OWNED BY {role}; DROP ROLE {role}"),
            _ => format!("DROP USER '{role}'@'127.0.0.1'"),
        };
        case.execute(&gone).await;
        case.finish().await;
    }
}

#[tokio::test]
async fn urls_and_files_that_cannot_be_used_are_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let dead = [
        format!("postgres://u:{}@127.0.0.1:1/d", encoded(24)),
        format!("mysql://u:{}@127.0.0.1:1/d", secret(24)),
        format!("postgres://u:{}@127.0.0.1:port/d", encoded(24)),
        format!("postgres://u@h/d?password={}", encoded(24)),
        format!("oracle://u:{}@h/d", encoded(24)),
        format!("sqlite:{}", "/nowhere/at/all"),
        secret(24),
    ];
    for url in dead {
        run_everything(folder.path(), &[("OPSCTL_DATABASE_URL", url)], "error");
    }
    let toml = [
        format!("[database]\nurl = \"postgres://u@127.0.0.1:1/d\"\npassword = '''{}'''\n", secret(25)),
        format!("[database]\nurl = \"postgres://u:{}@127.0.0.1:1/d\"\n", encoded(25)),
        format!("[database]\nurl = \"postgres://u@127.0.0.1:1/d\"\npasword = '''{}'''\n", secret(25)),
        format!("[database]\nurl = '''{}\n", secret(25)),
        format!(
            "[database]\nurl = \"postgres://u@127.0.0.1:1/d\"\npassword = \"env:KENARI\"\n[redis]\nurl = \"redis://:{}@127.0.0.1:1\"\nprefix = \"x\"\ndatabases = {{ default = 0, cache = 1, queue = 2, lock = 3 }}\n[cache]\nstore = \"redis\"\nprefix = \"x\"\n",
            encoded(26)
        ),
    ];
    for text in toml {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("opsctl.toml"), text).unwrap();
        run_everything(folder.path(), &[("KENARI", secret(25))], "error");
    }
}

#[tokio::test]
async fn a_cached_configuration_keeps_its_secrets() {
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    bodies(&case).await;
    let php = |number: u32| secret(number).replace('\\', r"\\").replace('\'', r"\'");
    let cached = format!(
        "<?php return array ('app' => array ('name' => 'Payment Hooks', 'env' => 'local', 'key' => '{}'),\n\
         'database' => array ('default' => 'sqlite', 'connections' => array ('sqlite' => array ('driver' => 'sqlite', 'database' => '{}', 'password' => '{}')),\n\
         'redis' => array ('default' => array ('host' => '127.0.0.1', 'port' => 1, 'password' => '{}', 'database' => 0))),\n\
         'cache' => array ('default' => 'database', 'prefix' => 'x', 'stores' => array ('database' => array ('driver' => 'database'))));\n",
        php(27),
        case.folder.path().join("app.sqlite").display(),
        php(28),
        php(29)
    );
    fs::create_dir_all(case.folder.path().join("bootstrap/cache")).unwrap();
    let file = case.folder.path().join("bootstrap/cache/config.php");
    fs::write(&file, &cached).unwrap();
    run_everything(case.folder.path(), &[], "01kh9mqh069t2jtq2cfag33erh");
    fs::write(
        &file,
        cached.replace("=> array ('driver'", "=> env('kanari30', 'kanari30') . array ('driver'"),
    )
    .unwrap();
    let text = case.run(&["webhooks", "list"]);
    assert_eq!((text.code, found(&text.err)), (6, BTreeSet::new()), "{text:?}");
}

#[tokio::test]
async fn a_password_of_redis_is_never_shown() {
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    bodies(&case).await;
    let Some(redis) = Redis::start(&["--requirepass", &secret(30)]) else { return };
    for (url, expected) in [
        (format!("redis://:{}@127.0.0.1:{}", encoded(30), redis.port), "01kh9mqh069t2jtq2cfag33erh"),
        (format!("redis://:{}@127.0.0.1:{}", encoded(22), redis.port), "refused the credentials"),
        (format!("redis://:{}@127.0.0.1:{}", secret(30), redis.port), "cannot be used"),
    ] {
        case.write_env("REDIS_PREFIX=x\n");
        let variables = [("OPSCTL_REDIS_URL", url), ("OPSCTL_CACHE_STORE", "redis".into())];
        run_everything(case.folder.path(), &variables, expected);
    }
}

#[test]
fn a_password_that_was_typed_where_no_secret_belongs_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgres://u:{}@127.0.0.1:1/d", secret(24));
    let lines: [&[&str]; 9] = [
        &["-c", &url, "db", "status"],
        &["--config", &url, "db", "status"],
        &["--app", &url, "db", "status"],
        &["webhooks", "show", &url],
        &["webhooks", "list", "--since", &url],
        &["--tz", &url, "webhooks", "list"],
        &["webhooks", "list", "--limit", &url],
        &[&url],
        &["context", "use", &url],
    ];
    for line in lines {
        for more in [&[][..], &["--json"]] {
            let said: Said = program(folder.path()).args(line).args(more).output().unwrap().into();
            assert_ne!(said.code, 0, "{line:?}");
            assert_eq!(found(&format!("{}{}", said.out, said.err)), BTreeSet::new(), "{line:?}: {said:?}");
        }
    }
}

#[tokio::test]
async fn no_process_bears_a_secret_in_its_name() {
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    bodies(&case).await;
    case.write_env(&dotenv(9));
    for variables in [&[][..], &[("PGOPTIONS", "")]] {
        let held = case.hold_with(variables, "after-lock#1", &["webhooks", "retry-once"]);
        let mut seen = String::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            if line.contains("opsctl") {
                seen.push_str(&line);
                seen.push('\n');
            }
        }
        assert!(seen.contains("webhooks retry-once"), "{seen}");
        assert_eq!(found(&seen), BTreeSet::new(), "{seen}");
        held.go();
    }
}
