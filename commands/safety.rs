//! The three classes of verb, and what each asks of the operator.

use dialoguer::{Confirm, Input, theme::SimpleTheme};
use opsctl::{Error, Kind, Result};

use crate::app::App;

/// What a verb may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Changes nothing.
    Read,
    /// Bounded, conditional, re-runnable: acts at once, also in production and from cron.
    Routine,
    /// Cannot be undone, or overrides a check: asks.
    Destructive,
}

impl Class {
    /// Its word, in help pages and in output.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Read => "read",
            Class::Routine => "routine",
            Class::Destructive => "destructive",
        }
    }
}

/// Lets a verb of its class go on, or refuses. `what` completes "this will …"; a dry run is never asked about.
pub async fn allow(app: &App, class: Class, what: &str, dry_run: bool) -> Result<()> {
    debug_assert!(app.verb.may_be(class), "`{}` is not {}", app.verb.words, class.name());
    if app.context()?.protected && class != Class::Read {
        app.ui.banner(&app.context()?.name);
    }
    if class != Class::Destructive || dry_run {
        return Ok(());
    }
    let context = app.context()?;
    if context.protected {
        typed_name(app, &context.name, what).await?;
        if app.global.reason.is_none() {
            return Err(Error::refused(format!(
                "the context `{}` is protected: this needs a reason",
                context.name
            ))
            .hint("say why: `--reason \"…\"`; it goes into the journal"));
        }
        return Ok(());
    }
    if app.global.yes {
        return Ok(());
    }
    if !app.ui.can_ask() {
        return Err(Error::refused(format!("this will {what}, and there is no terminal to ask on"))
            .hint("confirm it: `--yes`"));
    }
    let question = format!("This will {what}. Go on?");
    let answer =
        ask(move || Confirm::with_theme(&SimpleTheme).with_prompt(question).default(false).interact())
            .await?;
    if answer { Ok(()) } else { Err(Error::refused("not confirmed: nothing was changed")) }
}

async fn typed_name(app: &App, name: &str, what: &str) -> Result<()> {
    let wrong = |given: &str| {
        Error::refused(format!("`{given}` is not the name of this context: nothing was changed"))
    };
    if let Some(given) = &app.global.confirm {
        return if given == name { Ok(()) } else { Err(wrong(given)) };
    }
    if !app.ui.can_ask() {
        return Err(Error::refused(format!("the context `{name}` is protected, and this will {what}"))
            .hint(format!("confirm it by its name: `--confirm {name}`")));
    }
    let question = format!("This will {what}. Type the context's name to go on");
    let given: String =
        ask(move || Input::with_theme(&SimpleTheme).with_prompt(question).interact_text()).await?;
    if given.trim() == name { Ok(()) } else { Err(wrong(given.trim())) }
}

/// Prompts block; the cursor comes back whatever happens.
async fn ask<T: Send + 'static>(prompt: impl FnOnce() -> dialoguer::Result<T> + Send + 'static) -> Result<T> {
    let answer = tokio::task::spawn_blocking(prompt).await;
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            crate::ui::show_cursor();
            Err(Error::new(Kind::Interrupted, "not answered: nothing was changed").because(error))
        }
        Err(error) => Err(Error::failed("the question could not be asked").because(error)),
    }
}
