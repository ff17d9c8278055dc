//! `opsctl context`: what is in reach, what is in force and why, and a choice that is weaker than anything named here.

use std::{net::TcpListener, os::unix::fs::PermissionsExt, path::Path};

use opsctl::config::{self, Chooser, Context, Environment, context::Inputs};
use tempfile::TempDir;

use crate::support::cli::{Said, opsctl, run};

const USER_FILE: &str = "home/.config/opsctl/opsctl.toml";
const CONTEXTS: &str = "[contexts.prod]\nenvironment = \"production\"\n[contexts.prod.database]\n\
    url = \"postgres://ops@prod-host/pay\"\npassword = \"env:PROD_PW\"\n[contexts.lite.database]\nurl = \"sqlite:/x/lite\"\n";

/// A folder to work in, and a home with two named contexts.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.file(USER_FILE, CONTEXTS).file("here/nothing", "")
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn run_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Said {
        let mut command = opsctl(&self.path("here"));
        command.env("HOME", self.path("home")).env("PROD_PW", "hunter2").envs(variables.iter().copied());
        command.args(words).output().unwrap().into()
    }

    fn run(&self, words: &[&str]) -> Said {
        self.run_with(&[], words)
    }

    /// What the library makes of it, with further variables.
    fn resolve(&self, variables: &[(&str, &str)]) -> opsctl::Result<Context> {
        let home = [("HOME", self.path("home").display().to_string()), ("PROD_PW", "hunter2".into())];
        let pairs =
            home.into_iter().chain(variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
        config::resolve(&Inputs {
            cwd: self.path("here"),
            environment: Environment::new(pairs.map(|(name, value)| (name.to_owned(), value))),
            ..Inputs::default()
        })
    }

    fn shown(&self, text: &str) -> String {
        text.replace(&self.folder.path().display().to_string(), "DIR")
    }
}

#[test]
fn a_chosen_context_holds_where_nothing_else_names_a_place() {
    let place = Place::new();
    assert_eq!(place.resolve(&[]).unwrap().chooser, Chooser::Nothing);
    assert_eq!(place.run(&["context", "use", "prod"]).code, 0);
    let context = place.resolve(&[]).unwrap();
    assert_eq!(
        (context.name.as_str(), &context.chooser, context.protected),
        ("prod", &Chooser::Choice, true)
    );
    assert_eq!(context.database().unwrap().to_string(), "postgres://prod-host:5432/pay");
    // A single setting of OPSCTL_* is stronger still; a place that is named makes the choice count for nothing.
    let system = place.resolve(&[("OPSCTL_SYSTEM", "laundry")]).unwrap();
    assert_eq!((system.name.as_str(), system.system.unwrap().value.name()), ("prod", "laundry"));
    for (name, value, chooser) in [
        ("OPSCTL_CONTEXT", "lite", Chooser::ContextVariable),
        ("OPSCTL_DATABASE_URL", "sqlite:x", Chooser::Variables),
        ("OPSCTL_REDIS_URL", "redis://h", Chooser::Variables),
        ("OPSCTL_APP", "/nowhere", Chooser::AppVariable),
        ("DB_HOST", "h", Chooser::Folder),
        ("APP_NAME", "Mine", Chooser::Folder),
    ] {
        let context = place.resolve(&[(name, value)]).unwrap();
        assert_eq!(context.chooser, chooser, "{name}");
        assert_ne!(context.name, "prod", "{name}");
    }
}

// A stray opsctl.toml, or an application's folder, must not be worked on under the name of what was chosen.
#[test]
fn a_file_or_an_application_in_the_folder_is_stronger_than_the_choice() {
    let place = Place::new();
    assert_eq!(place.run(&["context", "use", "prod"]).code, 0);
    let place = place.file("here/.env", "DB_CONNECTION=sqlite\nDB_DATABASE=/x/app\n");
    let context = place.resolve(&[]).unwrap();
    assert_eq!((context.name.as_str(), &context.chooser), ("app", &Chooser::Folder));
    let place = place.file("here/opsctl.toml", "[database]\nurl = \"sqlite:mine\"\n");
    assert_eq!(place.resolve(&[]).unwrap().chooser, Chooser::FolderFile);
    let said = place.run(&["context", "use", "lite"]);
    assert_eq!(said.code, 0);
    insta::assert_snapshot!(place.shown(&said.err), @r"
    Chose the context lite of DIR/home/.config/opsctl/opsctl.toml.
     PROTECTED  context lite
    warning: it is not in force here: the opsctl.toml of this folder is stronger, and commands here work in `default`
    hint: name it where you need it: `--context lite`
    ");
}

#[test]
fn the_choice_is_a_section_of_one_file_and_of_no_other() {
    let place = Place::new();
    assert_eq!(place.run(&["context", "use", "prod"]).code, 0);
    // A file in the folder with a section of the same name and nothing at its top: it names no place.
    let place =
        place.file("here/opsctl.toml", "[contexts.prod.database]\nurl = \"postgres://u@evil-host/pay\"\n");
    let context = place.resolve(&[]).unwrap();
    assert_eq!((context.name.as_str(), &context.chooser), ("prod", &Chooser::Choice));
    assert!(context.database().unwrap().to_string().contains("prod-host"), "never the folder's section");
    std::fs::rename(place.path("here/opsctl.toml"), place.path("here/other.toml")).unwrap();
    assert!(place.resolve(&[]).unwrap().database().unwrap().to_string().contains("prod-host"));
    // One that was chosen from a folder's file means that file from anywhere.
    assert_eq!(place.run(&["--config", "other.toml", "context", "use", "prod"]).code, 0);
    assert!(place.resolve(&[]).unwrap().database().unwrap().to_string().contains("evil-host"));
}

#[test]
fn a_choice_counts_in_the_folder_whose_file_only_defines_contexts() {
    let file = "[contexts.a.database]\nurl = \"sqlite:/x/a\"\n[contexts.b.database]\nurl = \"sqlite:/x/b\"\n";
    let place = Place::new().file("here/opsctl.toml", file);
    let said = place.run(&["context", "list"]);
    assert!(said.err.starts_with("No context is in force."), "{said:?}");
    let said = place.run(&["db", "status"]);
    assert!(said.code == 6 && said.err.contains("`--context a` or `--context b`"), "{said:?}");
    let said = place.run(&["context", "use", "b"]);
    assert_eq!((said.code, said.err.contains("not in force")), (0, false), "{said:?}");
    assert_eq!(place.run(&["context", "list"]).err, "In force: b, by `opsctl context use`.\n");
    // Whatever names a place there is stronger, and both say so.
    let place = place.file("here/.env", "DB_CONNECTION=sqlite\nDB_DATABASE=/x/app\n");
    let said = place.run(&["context", "use", "b"]);
    assert!(
        said.err.contains("the application of this folder is stronger, and commands here work in `app`"),
        "{said:?}"
    );
    let said = place.run(&["context", "list", "--columns", "name,in_force", "--no-headers"]);
    assert!(said.out.starts_with("app   yes"), "{said:?}");
    assert_eq!(said.err, "In force: app, by the application of this folder.\n");
}

#[test]
fn a_choice_that_is_gone_is_told_and_can_be_replaced() {
    let place = Place::new();
    assert_eq!(place.run(&["context", "use", "prod"]).code, 0);
    let place = place.file(USER_FILE, "[contexts.lite.database]\nurl = \"sqlite:/x/lite\"\n");
    let said = place.run(&["db", "status"]);
    assert_eq!(said.code, 6);
    insta::assert_snapshot!(place.shown(&said.err), @r"
    error: the context `prod`, chosen with `opsctl context use`, is gone
      caused by: DIR/home/.config/opsctl/opsctl.toml has no such section
      hint: contexts in reach: `opsctl context list`; choose another: `opsctl context use NAME`
      hint: drop the choice: `opsctl context use --unset`
    ");
    let list = place.run(&["context", "list", "-o", "ids"]);
    assert_eq!((list.code, list.out.as_str()), (0, "lite\nprod\n"), "{list:?}");
    assert_eq!(place.run(&["about", "--only", "context"]).code, 6);
    std::fs::remove_file(place.path(USER_FILE)).unwrap();
    assert!(place.run(&["db", "status"]).err.contains("opsctl.toml does not exist"));
    let place = place.file(USER_FILE, CONTEXTS);
    assert_eq!(place.run(&["context", "use", "lite"]).code, 0);
    assert_eq!(place.resolve(&[]).unwrap().name, "lite");
    // A choice that cannot even be read can be dropped.
    let place = place.file("home/.config/opsctl/chosen.toml", "\u{0}=");
    assert_eq!(place.run(&["db", "status"]).code, 6);
    assert_eq!(place.run(&["context", "use", "--unset"]).code, 0);
    assert_eq!(place.resolve(&[]).unwrap().chooser, Chooser::Nothing);
}

#[test]
fn a_choice_is_private_journalled_and_dropped_by_a_dash() {
    let place = Place::new();
    let chosen = place.path("home/.config/opsctl/chosen.toml");
    assert_eq!(place.run(&["context", "use", "prod"]).code, 0);
    assert_eq!(std::fs::metadata(&chosen).unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = std::fs::read_dir(chosen.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 2, "nothing half-written: {left:?}");
    let said = place.run(&["context", "use", "-"]);
    assert_eq!(
        (said.code, said.err.as_str(), chosen.exists()),
        (0, "The context prod is no longer chosen.\n", false)
    );
    assert_eq!(place.run(&["context", "use", "--unset"]).err, "No context was chosen.\n");
    let journal = std::fs::read_to_string(place.path("here/state/journal.jsonl")).unwrap();
    assert_eq!(journal.matches("\"command\":\"context use\"").count(), 3, "{journal}");
    assert_eq!(journal.matches("\"context\":\"\",\"target\":\"\"").count(), 3, "it works in none: {journal}");
}

#[test]
fn names_that_nearly_match_are_told_and_those_without_a_section_refused() {
    let place = Place::new().file("here/.env", "DB_CONNECTION=sqlite\nDB_DATABASE=/x/app\n");
    for words in [["context", "use", "pord"], ["context", "show", "pord"]] {
        let said = place.run(&words);
        assert_eq!((said.code, said.err.contains("did you mean `prod`?")), (9, true), "{said:?}");
    }
    let said = place.run(&["context", "use", "app"]);
    assert_eq!((said.code, said.err.contains("`app` is no named context")), (9, true), "{said:?}");
    assert_eq!(place.run(&["context", "use"]).code, 2);
    let nowhere = place.run_with(&[("HOME", "")], &["context", "use", "prod"]);
    assert_eq!(nowhere.code, 9, "{nowhere:?}");
}

#[test]
fn a_command_that_works_in_the_chosen_context_says_so() {
    let place = Place::new();
    assert_eq!(run(&place.path("here"), &["init", "--embedded"]).code, 0);
    let here = place.path("here/opsctl.toml");
    let text = std::fs::read_to_string(&here)
        .unwrap()
        .replace("sqlite:", &format!("sqlite:{}/", here.parent().unwrap().display()));
    let text = text
        .replace("environment = \"local\"\nsystem = \"webhooks\"", "[contexts.mine]\nsystem = \"webhooks\"");
    let text = ["database", "cache", "queue"]
        .iter()
        .fold(text, |text, key| text.replace(&format!("[{key}]"), &format!("[contexts.mine.{key}]")));
    std::fs::remove_file(here).unwrap();
    let place = place.file(USER_FILE, &text);
    assert_eq!(place.run(&["context", "use", "mine"]).code, 0);
    let said = place.run(&["db", "status"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.starts_with("Context mine, chosen with `opsctl context use`.\n"), "{said:?}");
    assert_eq!(place.run(&["db", "status", "-q"]).err, "");
    let shown = place.run(&["context", "show", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(shown["data"]["context"]["name"]["origin"], "`opsctl context use`");
}

#[test]
fn the_list_names_every_context_in_reach() {
    let place = Place::new()
        .file("here/opsctl.toml", "[database]\nurl = \"sqlite:mine\"\n[contexts.odd]\nsystem = \"x\"\n");
    let said = place.run_with(&[("PROD_PW", "hunter2"), ("OPSCTL_CONTEXT", "prod")], &["context", "list"]);
    // Columns are as wide as the folder's name.
    insta::with_settings!({filters => [(" {2,}", "  ")]}, {
        insta::assert_snapshot!(place.shown(&said.out), @r#"
        NAME  IN FORCE  PROTECTED  PROTECTED BECAUSE  ENVIRONMENT  DATABASE  SOURCE  REASON
        prod  yes  yes  its environment is production  production  postgres://prod-host:5432/pay  DIR/home/.config/opsctl/opsctl.toml  -
        default  -  yes  no environment is named  production  sqlite:DIR/here/mine  DIR/here/opsctl.toml  -
        odd  -  -  -  -  -  DIR/here/opsctl.toml  DIR/here/opsctl.toml contexts.odd.system names no system that opsctl knows: `x`
        lite  -  yes  no environment is named  production  sqlite:/x/lite  DIR/home/.config/opsctl/opsctl.toml  -
        "#);
    });
    insta::assert_snapshot!(place.shown(&said.err), @r#"In force: prod, by OPSCTL_CONTEXT in the environment."#);
    let json = place.run(&["context", "list", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&place.shown(&json.out)).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json["data"][0]).unwrap(), @r#"
    {
      "name": "default",
      "in_force": true,
      "chosen": false,
      "protected": true,
      "protected_because": "no environment is named",
      "environment": "production",
      "database": "sqlite:DIR/here/mine",
      "source": "DIR/here/opsctl.toml",
      "reason": null
    }
    "#);
    insta::assert_snapshot!(json["summary"], @r#"{"count":4,"in_force":{"name":"default","because_of":"the opsctl.toml of this folder"}}"#);
}

#[test]
fn nothing_in_reach_is_said_and_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["context", "list"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""));
    assert_eq!(said.err, "No context is in reach.\nhint: write a configuration: `opsctl init`\n");
    let shown = run(folder.path(), &["context", "show"]);
    assert_eq!((shown.code, shown.out.contains("Looked at")), (0, true), "{shown:?}");
}

/// What names the source of a password, files that set it, and variables that do.
type Given = (&'static str, Place, Vec<(&'static str, String)>);

/// Every way to give a password.
fn passwords() -> Vec<Given> {
    let dotenv = "APP_NAME=Pay\nAPP_ENV=local\nDB_CONNECTION=pgsql\nDB_HOST=h\nDB_PASSWORD=hunter2\nREDIS_HOST=h\nREDIS_PASSWORD=hunter2\n";
    let url = "APP_NAME=Pay\nDB_CONNECTION=pgsql\nDB_PASSWORD=other\nDB_URL=postgres://u:hunter2@h/d\nREDIS_URL=redis://:hunter2@h\n";
    let toml = "[database]\nurl = \"postgres://u@h/d\"\npassword = \"REF\"\n[redis]\nurl = \"redis://h\"\nprefix = \"\"\npassword = \"REF\"\n\
        databases = { default = 0, cache = 1, queue = 2, lock = 3 }\n";
    let cached = "<?php return array ('app' => array ('name' => 'Pay'), 'database' => array ('default' => 'main', 'connections' => array (\
        'main' => array ('driver' => 'pgsql', 'host' => 'h', 'database' => 'd', 'password' => 'hunter2')), 'redis' => array (\
        'default' => array ('host' => 'h', 'password' => 'hunter2'), 'cache' => array ('host' => 'h'), 'lock' => array ('host' => 'h'), \
        'queue' => array ('host' => 'h'))));";
    let own = |name| {
        vec![
            ("OPSCTL_DATABASE_URL", "postgres://u:hunter2@h/d".to_owned()),
            ("OPSCTL_REDIS_URL", "redis://:hunter2@h".into()),
            (name, "Pay".into()),
        ]
    };
    let file = Place::new().file("here/.env", dotenv).file("secret", "hunter2\n");
    let path = file.path("secret").display().to_string();
    vec![
        ("DIR/here/.env DB_PASSWORD", Place::new().file("here/.env", dotenv), vec![]),
        ("DIR/here/.env DB_URL", Place::new().file("here/.env", url), vec![]),
        (
            "DIR/here/opsctl.toml database.password: env:PROD_PW",
            Place::new().file("here/opsctl.toml", &toml.replace("REF", "env:PROD_PW")),
            vec![],
        ),
        (
            "DIR/here/opsctl.toml database.password: file:../secret",
            Place::new()
                .file("secret", "hunter2")
                .file("here/opsctl.toml", &toml.replace("REF", "file:../secret")),
            vec![],
        ),
        (
            "DIR/here/bootstrap/cache/config.php database.connections.main.password",
            Place::new().file("here/bootstrap/cache/config.php", cached),
            vec![],
        ),
        ("OPSCTL_DATABASE_URL in the environment", Place::new(), own("APP_NAME")),
        (
            "OPSCTL_DATABASE_PASSWORD_FILE in the environment: DIR/secret",
            file,
            vec![("OPSCTL_DATABASE_PASSWORD_FILE", path.clone()), ("OPSCTL_REDIS_PASSWORD_FILE", path)],
        ),
    ]
}

#[test]
fn a_password_is_told_to_be_set_and_where_and_never_shown() {
    for (source, place, variables) in passwords() {
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let json = place.run_with(&variables, &["context", "show", "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&place.shown(&json.out)).unwrap();
        for section in ["database", "redis"] {
            let name = if section == "redis" { "default_password" } else { "password" };
            let password = &shown["data"][section][name];
            assert_eq!(password["value"], "set", "{source}: {shown:#}");
            let source = match section {
                "redis" => source
                    .replace("DB_", "REDIS_")
                    .replace("database.connections.main", "database.redis.default")
                    .replace("database.password", "redis.password")
                    .replace("OPSCTL_DATABASE", "OPSCTL_REDIS"),
                _ => source.to_owned(),
            };
            assert_eq!(password["origin"], source, "{shown:#}");
        }
        for words in [
            &["context", "show"][..],
            &["context", "show", "--json"],
            &["context", "show", "-o", "jsonl"],
            &["context", "show", "-o", "csv"],
            &["context", "show", "-vvv"],
            &["context", "list"],
            &["context", "list", "--json"],
            &["about", "--only", "opsctl,context,locks,queue,settings", "-vvv"],
        ] {
            let said = place.run_with(&variables, words);
            assert!(!format!("{said:?}").contains("hunter2"), "{source} {words:?}: {said:?}");
        }
    }
}

#[test]
fn the_context_commands_open_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let toml = format!(
        "[contexts.wire.database]\nurl = \"postgres://u@127.0.0.1:{port}/d\"\n[contexts.wire.redis]\nurl = \"redis://127.0.0.1:{port}\"\n\
         prefix = \"\"\ndatabases = {{ default = 0, cache = 1, queue = 2, lock = 3 }}\n"
    );
    let place = Place::new().file(USER_FILE, &toml);
    for words in [
        &["context", "use", "wire"][..],
        &["context", "list"],
        &["context", "show"],
        &["context", "show", "wire"],
        &["about", "--only", "opsctl,context,locks,queue,settings"],
    ] {
        assert_eq!(place.run(words).code, 0, "{words:?}");
        assert!(listener.accept().is_err(), "{words:?} connected");
    }
    // The listener does count.
    assert_eq!(place.run(&["about", "--only", "redis", "--timeout", "1s"]).code, 0);
    assert!(listener.accept().is_ok());
}

#[test]
fn without_a_home_nothing_is_kept_and_that_is_said() {
    let place = Place::new().file("here/opsctl.toml", "[contexts.a.database]\nurl = \"sqlite:a\"\n");
    let mut command = opsctl(Path::new(&place.path("here")));
    let said: Said = command.env_remove("HOME").args(["context", "use", "a"]).output().unwrap().into();
    assert_eq!((said.code, said.err.contains("no folder to keep the choice in")), (6, true), "{said:?}");
}
