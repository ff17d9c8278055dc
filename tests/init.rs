//! `opsctl init` by options: the servers are tried, references are written, and nothing is overwritten.

use std::{os::unix::fs::PermissionsExt, path::Path};

use opsctl::config::{Database, database::Address};
use secrecy::ExposeSecret;

use crate::{
    on_every_engine,
    support::{
        cli::{Said, opsctl, program, run},
        redis::Redis,
    },
};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The URL of a database without its password.
pub fn url(database: &Database) -> String {
    match &database.address {
        Address::File(path) => format!("sqlite:{}", path.display()),
        Address::Tcp(host, port) => {
            let scheme = database.to_string().split("://").next().unwrap().to_owned();
            format!("{scheme}://{}@{host}:{port}/{}", database.username, database.name)
        }
        Address::Socket(..) => unreachable!("tests reach servers by port"),
    }
}

/// The database's password; what stands for one on SQLite.
pub fn password(database: &Database) -> String {
    database.password.as_ref().map_or("none".into(), |password| password.expose_secret().to_owned())
}

fn run_with(folder: &Path, variables: &[(&str, &str)], words: &[&str]) -> Said {
    opsctl(folder).envs(variables.iter().copied()).args(words).output().unwrap().into()
}

on_every_engine! {
    async fn options_write_a_context_that_works(case: &Case) {
        let folder = tempfile::tempdir().unwrap();
        let (url, password) = (url(&case.target), password(&case.target));
        let mut words = vec!["init", "--database-url", &url, "--cache-store", "database", "--cache-prefix", "c:",
            "--environment", "staging", "--system", "webhooks"];
        if case.target.engine != Engine::Sqlite {
            words.extend(["--password-from", "env:PW"]);
        }
        let said = run_with(folder.path(), &[("PW", &password)], &words);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.err.contains("Reached ") && said.err.contains(", webhooks."), "{said:?}");
        let file = folder.path().join("opsctl.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!((mode(&file), text.contains(&password)), (0o600, false), "{text}");
        let status = run_with(folder.path(), &[("PW", &password)], &["db", "status", "--json"]);
        assert_eq!(status.code, 3, "{status:?}");
        assert!(status.out.contains("webhooks"));
        // A wrong password: nothing is written, and code 6.
        if case.target.engine != Engine::Sqlite {
            let folder = tempfile::tempdir().unwrap();
            let said = run_with(folder.path(), &[("PW", "wrong")], &words);
            assert_eq!(said.code, 6, "{said:?}");
            assert!(said.err.contains("`--no-test`") && !folder.path().join("opsctl.toml").exists(), "{said:?}");
        }
    }

    async fn an_application_is_referred_to_and_its_secrets_stay_there(case: &Case) {
        case.write_env("");
        let (home, password) = (tempfile::tempdir().unwrap(), password(&case.target));
        let app = case.folder.path().display().to_string();
        let words = ["--app", &app, "init", "--name", "pay", "--user"];
        let said = run_with(home.path(), &[], &words);
        assert_eq!(said.code, 0, "{said:?}");
        let file = home.path().join(".config/opsctl/opsctl.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        let app = std::fs::canonicalize(&app).unwrap();
        assert_eq!(text, format!("# Written by `opsctl init`. Secrets stand elsewhere.\n[contexts.pay]\napp = \"{}\"\n", app.display()));
        assert!(!text.contains(&password));
        assert_eq!(run_with(home.path(), &[], &["--context", "pay", "db", "status"]).code, 3);
        assert_eq!(run_with(home.path(), &[], &["context", "use", "pay"]).code, 0);
        assert_eq!(run_with(home.path(), &[], &["db", "status"]).code, 3);
        let again = run_with(home.path(), &[], &words);
        assert_eq!((again.code, again.err.contains("has a context `pay` already")), (5, true), "{again:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn a_server_that_does_not_answer_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["init", "--database-url", "postgres://u@127.0.0.1:1/d"];
    let said = run(folder.path(), &words);
    assert_eq!(said.code, 7);
    insta::assert_snapshot!(said.err.replace(&folder.path().display().to_string(), "DIR"), @r#"
    No environment was named: it is production, which protects the context.
    hint: name another: `--environment NAME`
    error: postgres://127.0.0.1:1/d does not answer
      caused by: Connection refused (os error 111)
      hint: the address comes from --database-url; is the server running there?
      hint: nothing was written; to write it all the same: `--no-test`
    "#);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "neither a file nor a journal");
    assert_eq!(run(folder.path(), &[&words[..], &["--no-test"]].concat()).code, 0);
    assert_eq!(mode(&folder.path().join("opsctl.toml")), 0o600);
}

#[test]
fn redis_is_tried_and_written_whole() {
    let Some(redis) = Redis::start(&["--requirepass", "hunter2"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pw"), "hunter2\n").unwrap();
    assert_eq!(run(folder.path(), &["init", "--embedded"]).code, 0);
    let (url, dead) = (format!("redis://127.0.0.1:{}", redis.port), "redis://127.0.0.1:1");
    let init = |name: &str, url: &str| {
        run(
            folder.path(),
            &[
                "init",
                "--name",
                name,
                "--database-url",
                "sqlite:opsctl-data/central.sqlite",
                "--redis-url",
                url,
                "--redis-password-from",
                "file:pw",
                "--redis-prefix",
                "pay:",
                "--redis-databases",
                "0,1,2,3",
                "--cache-store",
                "redis",
                "--cache-prefix",
                "c:",
                "--queue",
                "redis",
            ],
        )
    };
    let said = init("dead", dead);
    assert_eq!(
        (said.code, said.err.contains("redis://127.0.0.1:1/3 does not answer")),
        (7, true),
        "{said:?}"
    );
    let said = init("live", &url);
    assert_eq!((said.code, said.err.contains("/3: Redis ")), (0, true), "{said:?}");
    let report = run(folder.path(), &["--context", "live", "about", "--only", "redis,locks", "--json"]);
    assert!(
        report.out.contains("\"pay:\"") && report.out.contains("\"c:\"") && !report.out.contains("hunter2"),
        "{report:?}"
    );
    let text = std::fs::read_to_string(folder.path().join("opsctl.toml")).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("dead"), "{text}");
}

#[test]
fn a_password_in_a_url_is_refused_and_goes_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "postgres://u@h/d?password=hunter2",
        "postgres://u@h/d?sslmode=require&Pass%77ord=hunter2",
        "mysql://u@h/d?pwd=hunter2",
        "sqlite:x?password=hunter2",
    ] {
        let said = run(folder.path(), &["init", "--database-url", url, "--no-test"]);
        assert_eq!(said.code, 2, "{url} {said:?}");
        assert!(said.err.contains("--database-url holds a password"), "{said:?}");
        assert!(said.err.contains("`--password-from env:NAME` or `file:PATH`"), "{said:?}");
        assert!(!said.err.contains("hunter2"), "{said:?}");
    }
    for words in [
        &["init", "--database-url", "postgres://u:hunter2@127.0.0.1:1/d", "--no-test"][..],
        &["init", "--database-url", "postgres://u:12/hunter2@127.0.0.1:1/d", "--no-test"],
        &[
            "init",
            "--database-url",
            "sqlite:x",
            "--redis-url",
            "redis://:hunter2@h",
            "--redis-prefix",
            "",
            "--redis-databases",
            "0,1,2,3",
            "--no-test",
        ],
        &["init", "--database-url", "postgres://u@h/d", "--password-from", "hunter2", "--no-test"],
        &[
            "init",
            "--database-url",
            "postgres://u@h/d",
            "--password-from",
            "env:hunter2!",
            "--no-test",
            "--json",
        ],
    ] {
        let said = run(folder.path(), words);
        assert!(matches!(said.code, 2 | 6), "{words:?} {said:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{words:?}");
        let told = said.err.replace("--password-from <REFERENCE>", "");
        assert!(!told.contains("hunter2") && !told.is_empty(), "{words:?} {said:?}");
    }
}

#[test]
fn without_a_terminal_the_missing_options_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["init"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.err, @r#"
    error: nothing says which database, and there is no terminal to ask on
      hint: name it: `--database-url URL`, with `--password-from env:NAME` or `file:PATH`
      hint: or an application: `--app DIR`; or make one: `--embedded`
    "#);
    for words in [
        &["init", "--database-url", "sqlite:x", "--user", "--no-test"][..],
        &["init", "--database-url", "sqlite:x", "--redis-url", "redis://h", "--no-test"],
        &["init", "--database-url", "sqlite:x", "--cache-store", "redis", "--no-test"],
        &["init", "--database-url", "sqlite:x", "--name", "a b", "--no-test"],
        &["init", "--embedded", "--name", "x"],
        &["init", "--password-from", "env:X"],
    ] {
        assert_eq!(run(folder.path(), words).code, 2, "{words:?}");
    }
    assert_eq!(run(folder.path(), &["--app", ".", "init", "--name", "x"]).code, 6);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_dry_run_shows_the_file_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let words = [
        "init",
        "--database-url",
        "postgres://ops@db/app",
        "--password-from",
        "env:DB_PW",
        "--no-test",
        "--protected",
    ];
    let dry = run(folder.path(), &[&words[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, 0);
    insta::assert_snapshot!(dry.out, @r#"
    # Written by `opsctl init`. Secrets stand elsewhere.
    environment = "production"
    protected = true

    [database]
    url = "postgres://ops@db/app"
    password = "env:DB_PW"
    "#);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(run(folder.path(), &words).code, 0);
    assert_eq!(std::fs::read_to_string(folder.path().join("opsctl.toml")).unwrap(), dry.out);
}

#[test]
fn a_context_is_added_to_a_file_whose_other_lines_stay() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("opsctl.toml");
    let known =
        "# the team's\nenvironment = 'local' # yes\n\n[contexts.eu]   # Frankfurt\nsystem = \"webhooks\"\n";
    std::fs::write(&file, known).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let words = ["init", "--database-url", "sqlite:x", "--environment", "local", "--no-test"];
    let said = run(folder.path(), &words);
    assert_eq!((said.code, said.err.contains("add a context to it: `--name NAME`")), (5, true), "{said:?}");
    assert_eq!(run(folder.path(), &[&words[..], &["--name", "eu"]].concat()).code, 5);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), known);
    assert_eq!(run(folder.path(), &[&words[..], &["--name", "us"]].concat()).code, 0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        text,
        format!(
            "{known}\n[contexts.us]\nenvironment = \"local\"\n\n[contexts.us.database]\nurl = \"sqlite:x\"\n"
        )
    );
    assert_eq!(mode(&file), 0o644, "a file that is there keeps its mode");
    assert_eq!(run(folder.path(), &["context", "list", "-o", "ids"]).out, "default\neu\nus\n");
    std::fs::write(&file, "not toml").unwrap();
    assert_eq!(run(folder.path(), &[&words[..], &["--name", "us"]].concat()).code, 6);
}

#[test]
fn an_applications_folder_gets_no_top_of_a_file_that_would_shadow_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "APP_NAME=Pay\nDB_CONNECTION=sqlite\nDB_DATABASE=x\n")
        .unwrap();
    let words = ["init", "--database-url", "sqlite:x", "--no-test"];
    assert_eq!(run(folder.path(), &words).code, 5);
    assert_eq!(run(folder.path(), &["init", "--embedded"]).code, 5);
    assert_eq!(run(folder.path(), &[&words[..], &["--name", "other"]].concat()).code, 0);
    // The application itself may be referred to.
    std::fs::remove_file(folder.path().join("opsctl.toml")).unwrap();
    assert_eq!(run(folder.path(), &["--app", ".", "init", "--no-test"]).code, 0);
    assert!(run(folder.path(), &["context", "show"]).out.contains("(.env DB_CONNECTION)"));
}

#[test]
fn an_embedded_configuration_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["init", "--embedded"]).code, 0);
    assert_eq!(mode(&folder.path().join("opsctl.toml")), 0o600);
}

#[test]
fn what_was_written_is_in_the_journal_and_in_no_context() {
    let folder = tempfile::tempdir().unwrap();
    let here = "[database]\nurl = \"postgres://ops@prod-host/pay\"\n";
    std::fs::write(folder.path().join("opsctl.toml"), here).unwrap();
    let words = ["init", "--user", "--name", "a", "--database-url", "sqlite:x", "--no-test"];
    assert_eq!(run(folder.path(), &words).code, 0);
    let journal = std::fs::read_to_string(folder.path().join("state/journal.jsonl")).unwrap();
    assert!(journal.contains("\"command\":\"init\"") && !journal.contains("prod-host"), "{journal}");
    assert!(journal.contains("\"context\":\"\",\"target\":\"\""), "{journal}");
}

#[test]
fn an_environment_that_was_not_named_is_written_as_production_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["init", "--database-url", "sqlite:x", "--no-test"]);
    insta::assert_snapshot!(said.err.replace(&folder.path().display().to_string(), "DIR"), @r"
    No environment was named: it is production, which protects the context.
    hint: name another: `--environment NAME`
    Wrote DIR/opsctl.toml.
    hint: where commands work here: `opsctl about`
    ");
    let text = std::fs::read_to_string(folder.path().join("opsctl.toml")).unwrap();
    assert!(text.contains("environment = \"production\"\n"), "{text}");
    let empty = ["init", "--name", "b", "--database-url", "sqlite:x", "--environment", "", "--no-test"];
    assert_eq!(run(folder.path(), &empty).code, 2);
}

#[test]
fn contexts_that_are_written_at_the_same_time_are_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".config/opsctl/opsctl.toml");
    for round in 0..4 {
        let names: Vec<String> = (0..8).map(|at| format!("c{round}-{at}")).collect();
        let children = names.iter().map(|name| {
            let mut command = program(folder.path());
            command.args([
                "init",
                "--user",
                "--name",
                name,
                "--database-url",
                "sqlite:a.db",
                "--no-test",
                "-q",
            ]);
            command.spawn().unwrap()
        });
        let children: Vec<_> = children.collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let lost: Vec<_> =
            names.iter().filter(|name| !text.contains(&format!("[contexts.{name}]"))).collect();
        assert!(lost.is_empty(), "{lost:?}: {text}");
    }
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no lock is left");
}
