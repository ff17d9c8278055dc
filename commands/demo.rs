//! `opsctl demo`: the daily round on a database of its own, with the real output of the real commands.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use opsctl::{Error, Exit, Result, config::Environment, demo::Folder};

use crate::{
    app::App,
    cli, init,
    safety::Class,
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERBS: &[Verb] = &[Verb {
    words: "demo",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "in the folder opsctl-demo", line: "demo" },
        Example { what: "elsewhere", line: "demo --dir try-opsctl" },
        Example { what: "delete what it made", line: "demo --remove" },
    ],
    prints: Prints::Nothing,
    reads: &[Topic::Terminal],
    exits: &[
        (Exit::Refused, "the folder was not made by a demo"),
        (Exit::Config, "the folder cannot be written"),
        (Exit::NotFound, "--remove, and there is no demo"),
    ],
    artisan: &[],
}];

/// See opsctl work on an embedded database of its own
///
/// Makes a folder with SQLite databases, puts webhook events of fifteen providers in, and goes
/// through the daily round: what waits, try it, a payment arrives late, try again. Reads no
/// configuration and touches nothing else. A folder that an earlier demo made is made anew.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The demo's folder
    #[arg(long, value_name = "DIR", default_value = "opsctl-demo")]
    dir: PathBuf,
    /// Delete the demo's folder
    #[arg(long)]
    remove: bool,
}

/// The limits of the demo: retries come fast, so that one can watch them.
const QUICK: &str = "
[webhooks]
retry_base_ms = 500
retry_cap_ms = 1000
";
/// Longest time to the next attempt under these limits.
const NEXT_ATTEMPT: Duration = Duration::from_millis(2100);

/// Runs the command.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let path = app.cwd.join(&args.dir);
    if args.remove {
        Folder::open(&path)?.remove()?;
        app.ui.note(&format!("Removed {}.", args.dir.display()));
        return Ok(Exit::Done);
    }
    let folder = Folder::create(&path)?;
    init::embedded(app, folder.path()).await?;
    append(&folder.path().join("opsctl.toml"), QUICK)?;
    let round =
        Round { app, folder: folder.path(), shown: &args.dir, environment: surroundings(app, folder.path()) };
    round.go().await
}

/// The demo sees the terminal and nothing of the configuration around it.
fn surroundings(app: &App, folder: &Path) -> Environment {
    let kept = [
        "TERM",
        "LC_ALL",
        "LC_CTYPE",
        "LANG",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "USER",
        "OPSCTL_NOW",
        "OPSCTL_SEED",
        "OPSCTL_USER",
    ];
    let kept =
        kept.iter().filter_map(|name| Some(((*name).to_owned(), app.environment.get(name)?.to_owned())));
    let state = ("OPSCTL_STATE_DIR".to_owned(), folder.join("state").display().to_string());
    Environment::new(kept.chain([state]))
}

struct Round<'a> {
    app: &'a App,
    folder: &'a Path,
    shown: &'a Path,
    environment: Environment,
}

impl Round<'_> {
    async fn go(&self) -> Result<Exit> {
        let ui = &self.app.ui;
        ui.note(&format!("The demo lives in {} and touches nothing else.", self.shown.display()));
        self.step("A database with webhook events of fifteen payment providers:", &["db", "seed"]).await?;
        self.step("What waits?", &["webhooks", "list", "--due", "--limit", "5"]).await?;
        self.step("What would a run do?", &["webhooks", "retry-once", "--limit", "20", "--dry-run"]).await?;
        self.step("The daily round: every due event is tried once.", &["webhooks", "retry-once"]).await?;
        let late = opsctl::webhooks::fixtures::deliver_late_payments(&self.database()).await?;
        ui.note(&format!(
            "\n# {late} payments arrive late: their events were tried already, and found nothing."
        ));
        self.app.cancel.sleep(NEXT_ATTEMPT).await?;
        self.step("The next round finds them.", &["webhooks", "retry-once"]).await?;
        self.step(
            "What has used its attempts is listed, never lost.",
            &["webhooks", "list", "--exhausted", "--limit", "3"],
        )
        .await?;
        ui.note("");
        ui.hint(&format!(
            "go on in the demo's folder: `cd {}`, then `opsctl webhooks list`",
            self.shown.display()
        ));
        ui.hint("look at one event: `opsctl webhooks show ID`, and try it: `opsctl webhooks retry-one ID --dry-run`");
        ui.hint("in the folder of a real application: `opsctl webhooks retry-once --dry-run`");
        ui.hint("remove the demo: `opsctl demo --remove`");
        Ok(Exit::Done)
    }

    fn database(&self) -> opsctl::db::Db {
        let file = self.folder.join("opsctl-data/central.sqlite");
        let database = opsctl::config::Database::sqlite(file, opsctl::config::Origin::Default);
        opsctl::db::Db::new(database, opsctl::db::Access::Own, self.app.clock)
    }

    /// Runs one command as if it were typed in the demo's folder.
    async fn step(&self, why: &str, words: &[&str]) -> Result<()> {
        self.app.cancel.check()?;
        let ui = &self.app.ui;
        ui.note(&format!("\n# {why}\n$ opsctl {}", words.join(" ")));
        let mut arguments: Vec<OsString> = vec!["opsctl".into()];
        arguments.extend(words.iter().map(OsString::from));
        let exit = Box::pin(cli::run(arguments, &self.environment, self.folder.to_owned())).await;
        match exit {
            Exit::Done | Exit::Partial | Exit::Findings => {}
            exit => return Err(Error::failed(format!("the step ended with exit code {}", exit.code()))),
        }
        if exit != Exit::Done {
            ui.note(&format!("(exit code {}: {})", exit.code(), exit.meaning()));
        }
        Ok(())
    }
}

fn append(path: &Path, text: &str) -> Result<()> {
    let fail = |error| Error::config(format!("{} cannot be written", path.display())).because(error);
    let old = fs::read_to_string(path).map_err(fail)?;
    fs::write(path, old + text).map_err(fail)
}
