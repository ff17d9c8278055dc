//! Which environment a context is: one that nobody names is production.

use opsctl::{
    config::{self, Context, Environment, context::Inputs},
    webhooks::{Limits, Overrides},
};

use crate::support::cli::{opsctl, run};

/// What a folder with this `opsctl.toml` and these variables comes to.
fn context(toml: &str, variables: &[(&str, &str)]) -> Context {
    let folder = tempfile::tempdir().unwrap();
    if !toml.is_empty() {
        std::fs::write(folder.path().join("opsctl.toml"), toml).unwrap();
    }
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let environment = Environment::new(variables);
    let inputs = Inputs { cwd: folder.path().to_owned(), environment, ..Inputs::default() };
    config::resolve(&inputs).unwrap()
}

fn attempts(context: &Context) -> u32 {
    Limits::resolve(context, Overrides::default()).unwrap().max_attempts
}

#[test]
fn an_environment_that_nobody_names_is_production() {
    for context in [
        context("[database]\nurl = \"sqlite:x\"\n", &[]),
        context("environment = \" \"\n[database]\nurl = \"sqlite:x\"\n", &[]),
        // What stands alone takes nothing from the surroundings.
        context("[database]\nurl = \"sqlite:x\"\n", &[("APP_ENV", "local")]),
        context("[contexts.a.database]\nurl = \"sqlite:x\"\n", &[("OPSCTL_CONTEXT", "a")]),
        context("", &[("OPSCTL_DATABASE_URL", "sqlite:x")]),
        context("", &[("OPSCTL_REDIS_URL", "redis://h")]),
        context("", &[("DB_CONNECTION", "sqlite"), ("DB_DATABASE", "x")]),
    ] {
        assert_eq!(context.app_env.as_ref().unwrap().value, "production");
        assert_eq!((context.protected, attempts(&context)), (true, 8), "{context:?}");
        let reason = context.protected_because().unwrap();
        assert_eq!(reason, "no environment is named");
    }
    let named = context("", &[("OPSCTL_DATABASE_URL", "sqlite:x"), ("APP_ENV", "local")]);
    assert_eq!((named.protected, attempts(&named)), (false, 5));
    let nowhere = context("", &[]);
    assert_eq!((nowhere.app_env.is_none(), nowhere.protected_because()), (true, None));
}

// The limits follow the service, for which `production` is one word; protection follows what people mean.
#[test]
fn other_names_of_production_are_protected_with_the_services_limits_for_them() {
    for (name, protected, limit) in [
        ("production", true, 8),
        ("Production", true, 5),
        ("PRODUCTION", true, 5),
        ("prod", true, 5),
        ("Live", true, 5),
        ("staging", false, 5),
        ("preproduction", false, 5),
        ("local", false, 5),
    ] {
        let toml = format!("environment = \"{name}\"\n[database]\nurl = \"sqlite:x\"\n");
        let context = context(&toml, &[]);
        assert_eq!((context.protected, attempts(&context)), (protected, limit), "{name}");
        assert_eq!(context.protected_because(), Some(format!("its environment is {name}")));
    }
    let said = context("environment = \"prod\"\nprotected = false\n[database]\nurl = \"sqlite:x\"\n", &[]);
    assert!(!said.protected && said.protected_because().unwrap().ends_with("opsctl.toml protected"));
    // Laravel takes an empty APP_ENV as it is: not production, but nobody's word for anything else either.
    let empty = context("", &[("DB_CONNECTION", "sqlite"), ("APP_ENV", "")]);
    assert_eq!((empty.protected, attempts(&empty)), (true, 5));
}

#[test]
fn a_destructive_verb_on_a_bare_url_wants_the_name_and_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let bare = |words: &[&str]| {
        let url = ("OPSCTL_DATABASE_URL", "sqlite:own.sqlite");
        let output = opsctl(folder.path()).env(url.0, url.1).args(words).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(bare(&["db", "migrate", "--own"]).0, 0);
    let (code, told) = bare(&["db", "fresh", "--yes"]);
    assert_eq!((code, told.contains("(context environment, protected)")), (5, true), "{told}");
    assert_eq!(bare(&["db", "fresh", "--yes", "--confirm", "environment", "--reason", "anew"]).0, 0);
}

#[test]
fn why_a_context_is_protected_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("opsctl.toml"), "[database]\nurl = \"sqlite:x\"\n").unwrap();
    let about = run(folder.path(), &["about", "--only", "context"]);
    let told = about.out.replace(&folder.path().display().to_string(), "DIR");
    insta::assert_snapshot!(told, @r"
    Context
      Name ......... default (the opsctl.toml of this folder)
      Protected .... yes (no environment is named)
      Environment .. production (default)
      File ......... DIR/opsctl.toml
      System ....... not set
    ");
    let list =
        run(folder.path(), &["context", "list", "--columns", "name,protected,protected_because,environment"]);
    insta::assert_snapshot!(list.out, @r"
    NAME     PROTECTED  PROTECTED BECAUSE        ENVIRONMENT
    default  yes        no environment is named  production
    ");
}
