//! `opsctl init`: a configuration, by questions or by options.

mod args;
mod embedded;
mod questions;

use std::path::{Path, PathBuf};

use dialoguer::{Confirm, theme::SimpleTheme};
use opsctl::{
    Error, Exit, Result,
    about::{PATIENCE, trial},
    config::{
        Context,
        context::{self, Inputs},
        draft::Draft,
        file::{self, Typed},
        private,
        protection::UNNAMED,
    },
};
use serde_json::{Value, json};

pub use self::{
    args::{Args, VERBS, seen_from_anywhere},
    embedded::embedded,
};
use crate::{
    app::App,
    record,
    safety::ask,
    ui::{Table, View},
};

/// A draft and where it goes.
#[derive(Debug)]
struct Plan {
    draft: Draft,
    file: PathBuf,
    /// The text of the file when it is written.
    text: String,
}

/// Runs the command.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    if args.embedded {
        return recorded(app, async {
            embedded(app, &app.cwd).await?;
            app.ui.note("Wrote opsctl.toml and opsctl-data/central.sqlite.");
            let then = "put something in: `opsctl db seed`, then look at it: `opsctl webhooks list --due`";
            app.ui.hint(then);
            Ok(())
        })
        .await;
    }
    let by_questions = !args.says_enough(app) && app.ui.can_ask() && app.ui.is_human();
    let (draft, user) = if by_questions { questions::ask_all(app, args).await? } else { args.draft(app)? };
    let typed = if by_questions { Typed::Answers } else { Typed::Options };
    let plan = plan(app, with_environment(app, draft), user)?;
    if !args.no_test {
        let tried = app.cancel.guard(test(app, &plan, typed)).await;
        match tried {
            Err(error) if by_questions => anyway(app, &error).await?,
            tried => tried?,
        }
    }
    if args.dry_run {
        show(app, &plan)?;
        app.ui.note(&format!("Dry run, nothing was written. It would have been: {}.", plan.file.display()));
        return Ok(Exit::Done);
    }
    if by_questions && !app.global.yes {
        app.ui.note(&format!("\n{}", plan.text.trim_end()));
        confirm(format!("Write this to {}?", plan.file.display()), true).await?;
    }
    app.cancel.check()?; // Ctrl-C while the servers were tried
    recorded(app, async { write(app, &plan) }).await
}

/// Records the change before and after.
async fn recorded(app: &App, work: impl Future<Output = Result<()>>) -> Result<Exit> {
    record::begin_in_file(app, "init")?;
    let made = work.await;
    let counts = made.as_ref().map_or(Value::Null, |()| json!({"written": 1}));
    record::end(app, counts, made.as_ref().err());
    made.map(|()| Exit::Done)
}

/// A context without an application says its environment itself: where nobody named one, the careful one.
fn with_environment(app: &App, draft: Draft) -> Draft {
    if draft.app.is_some() || draft.environment.is_some() {
        return draft;
    }
    app.ui.note(&format!("No environment was named: it is {UNNAMED}, which protects the context."));
    app.ui.hint("name another: `--environment NAME`");
    Draft { environment: Some(UNNAMED.into()), ..draft }
}

/// The text of the file, from what stands there already.
fn plan(app: &App, draft: Draft, user: bool) -> Result<Plan> {
    let file = target(app, user)?;
    if draft.name.is_none()
        && draft.app.is_none()
        && let Some(error) = embedded::in_an_application(&app.cwd)
    {
        return Err(error.hint("give the context a name: `--name NAME`; only `--context NAME` uses it then"));
    }
    let known = private::text(&file)?;
    let text = draft.text(&file, known.as_deref())?;
    Ok(Plan { draft, file, text })
}

/// The user's own file, or the one of this folder.
fn target(app: &App, user: bool) -> Result<PathBuf> {
    if !user {
        return Ok(app.cwd.join("opsctl.toml"));
    }
    let homeless =
        || Error::config("the user has no folder of configuration").hint("set HOME or XDG_CONFIG_HOME");
    app.environment.user_file().ok_or_else(homeless)
}

/// The context as it will be: read from the text, with nothing of the surroundings.
fn preview(app: &App, plan: &Plan, typed: Typed) -> Result<Context> {
    let section = file::preview(&plan.file, &plan.text, plan.draft.name.as_deref(), typed)?;
    let inputs = Inputs {
        cwd: plan.file.parent().unwrap_or(Path::new("/")).to_owned(),
        environment: app.environment.without(|name| name.starts_with("OPSCTL_")),
        env: app.global.env.clone(),
        ..Inputs::default()
    };
    context::with_file(&inputs, Some(section))
}

async fn test(app: &App, plan: &Plan, typed: Typed) -> Result<()> {
    let context = preview(app, plan, typed).map_err(trial::not_reached)?;
    let answers = trial::try_out(&context, app.clock, PATIENCE).await.map_err(trial::not_reached)?;
    for answer in answers {
        app.ui.note(&format!("Reached {}: {}.", answer.server, answer.said));
    }
    if context.protected {
        app.ui.note("The context will be protected.");
    }
    Ok(())
}

fn write(app: &App, plan: &Plan) -> Result<()> {
    // The file may have changed since it was planned.
    private::edit(&plan.file, |known| plan.draft.text(&plan.file, known))?;
    match &plan.draft.name {
        Some(name) => {
            app.ui.note(&format!("Wrote the context {name} into {}.", plan.file.display()));
            app.ui.hint(&format!(
                "where it works: `opsctl --context {name} about`; choose it: `opsctl context use {name}`"
            ));
        }
        None => {
            app.ui.note(&format!("Wrote {}.", plan.file.display()));
            app.ui.hint("where commands work here: `opsctl about`");
        }
    }
    Ok(())
}

/// What would be written, on stdout.
fn show(app: &App, plan: &Plan) -> Result<()> {
    app.ui.emit(&View {
        command: "init",
        context: plan.draft.name.clone().unwrap_or_else(|| "default".into()),
        at: app.clock.now(),
        data: json!({"file": plan.file, "text": plan.text}),
        summary: json!({"written": false}),
        items: vec![json!({"file": plan.file, "text": plan.text})],
        table: Table::default(),
        text: Some(plan.text.clone()),
    })
}

/// A server that was not reached is told; who was asked may write all the same.
async fn anyway(app: &App, error: &Error) -> Result<()> {
    app.ui.warn_of("the test failed", error);
    confirm("Write the configuration all the same?".into(), false).await
}

async fn confirm(question: String, default: bool) -> Result<()> {
    let put = move || Confirm::with_theme(&SimpleTheme).with_prompt(question).default(default).interact();
    match ask(put).await? {
        true => Ok(()),
        false => Err(Error::refused("not confirmed: nothing was written")),
    }
}
