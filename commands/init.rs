//! `opsctl init`: a configuration for this folder.

use std::{fs, path::Path};

use opsctl::{
    Error, Exit, Result,
    config::{Database, Origin},
    db::{Access, Db},
    schema,
};

use crate::{
    app::App,
    safety::Class,
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERBS: &[Verb] = &[Verb {
    words: "init",
    class: Class::Routine,
    destructive_with: None,
    examples: &[Example { what: "embedded databases beside it", line: "init --embedded" }],
    prints: Prints::Nothing,
    reads: &[Topic::Journal],
    exits: &[
        (Exit::Refused, "there is an opsctl.toml already, or an application"),
        (Exit::Config, "the folder cannot be written"),
    ],
    artisan: &[],
}];

/// Write an opsctl.toml for this folder
///
/// With --embedded the databases are SQLite files beside it, made at once, with queue and locks in the database.
/// Nothing that is there already is overwritten.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Embedded databases: SQLite files in the folder `opsctl-data`
    #[arg(long, required = true)]
    embedded: bool,
}

/// What an embedded context is: written by `init --embedded` and by the demo.
const EMBEDDED: &str = r#"# opsctl: embedded databases in the folder opsctl-data, queue and locks in the database.
environment = "local"
system = "webhooks"

[database]
url = "sqlite:opsctl-data/central.sqlite"

[cache]
store = "database"
prefix = ""

[queue]
connection = "database"
"#;

/// Runs the command.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    debug_assert!(args.embedded, "clap requires the flag");
    let (entry, _) = app.begin(Class::Routine, "init")?;
    let made = embedded(app, &app.cwd).await;
    let exit = made.as_ref().map_or_else(Error::exit, |()| Exit::Done);
    app.end(&entry, exit, serde_json::Value::Null, made.as_ref().err(), 0);
    made?;
    app.ui.note("Wrote opsctl.toml and opsctl-data/central.sqlite.");
    app.ui.hint("put something in: `opsctl db seed`, then look at it: `opsctl webhooks list --due`");
    Ok(Exit::Done)
}

/// Makes the configuration and the databases in a folder. The configuration comes last: a run that was cut short is
/// finished by the next one.
pub async fn embedded(app: &App, folder: &Path) -> Result<()> {
    let file = folder.join("opsctl.toml");
    if file.exists() {
        return Err(Error::refused(format!("{} exists already", file.display()))
            .hint("nothing was changed; use another folder, or move the file away first"));
    }
    let signs = ["artisan", ".env", "bootstrap/cache/config.php"];
    if let Some(sign) = signs.iter().find(|sign| folder.join(sign).exists()) {
        return Err(Error::refused(format!("{} is an application's folder: it holds {sign}", folder.display()))
            .because("an opsctl.toml there would stand before the application's own settings")
            .hint("opsctl needs no configuration there; for a database to try things out on use a folder of its own"));
    }
    let data = folder.join("opsctl-data");
    let fail = |error: std::io::Error| {
        Error::config(format!("{} cannot be written", folder.display())).because(error)
    };
    fs::create_dir_all(&data).map_err(fail)?;
    let db = Db::new(Database::sqlite(data.join("central.sqlite"), Origin::Default), Access::Own, app.clock);
    schema::claim(&db, &app.cancel).await?;
    schema::apply(&db, &schema::CENTRAL, &app.cancel).await?;
    db.close().await;
    let half = folder.join("opsctl.toml.part");
    fs::write(&half, EMBEDDED).and_then(|()| fs::rename(&half, &file)).map_err(fail)
}
