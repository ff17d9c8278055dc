//! `opsctl init --embedded`: databases in files, beside their configuration.

use std::{fs, path::Path};

use opsctl::{
    Error, Result,
    config::{Database, Origin, private},
    db::{Access, Db},
    schema,
};

use crate::app::App;

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

/// Makes the configuration and the databases in a folder. The configuration comes last: a run that was cut short is
/// finished by the next one.
pub async fn embedded(app: &App, folder: &Path) -> Result<()> {
    let file = folder.join("opsctl.toml");
    if file.exists() {
        return Err(Error::refused(format!("{} exists already", file.display()))
            .hint("nothing was changed; use another folder, or move the file away first"));
    }
    if let Some(error) = in_an_application(folder) {
        let hint = "opsctl needs no configuration there; for a database to try things out on use a folder of its own";
        return Err(error.hint(hint));
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
    private::write(&file, EMBEDDED).map_err(fail)
}

/// Why the top of an `opsctl.toml` may not stand in a folder: it is an application's.
pub fn in_an_application(folder: &Path) -> Option<Error> {
    let signs = ["artisan", ".env", "bootstrap/cache/config.php"];
    let sign = signs.iter().find(|sign| folder.join(sign).exists())?;
    let error = Error::refused(format!("{} is an application's folder: it holds {sign}", folder.display()));
    Some(error.because("an opsctl.toml there would stand before the application's own settings"))
}
