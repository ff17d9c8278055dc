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
///
/// A destructive one is confirmed by an answer, or by `--yes` where there is no terminal to ask on. In a protected
/// context it also wants the context's name, typed or by `--confirm`, and a reason.
///
/// # Errors
/// [`Kind::Refused`] without a confirmation, [`Kind::Interrupted`] when a question is left with Ctrl-C.
pub async fn allow(app: &App, class: Class, what: &str, dry_run: bool) -> Result<()> {
    debug_assert!(app.verb.may_be(class), "`{}` is not {}", app.verb.words, class.name());
    let context = app.context()?;
    if context.protected && class != Class::Read {
        app.ui.banner(&context.name);
    }
    if class != Class::Destructive || dry_run {
        return Ok(());
    }
    if context.protected { protected(app, &context.name, what).await } else { plain(app, what).await }
}

/// A yes, by flag or by answer.
async fn plain(app: &App, what: &str) -> Result<()> {
    if app.global.yes {
        return Ok(());
    }
    if !app.ui.can_ask() {
        return Err(Error::refused(format!("this will {what}, and there is no terminal to ask on"))
            .hint("confirm it: `--yes`"));
    }
    let question = format!("This will {what}. Go on?");
    let prompt = move || Confirm::with_theme(&SimpleTheme).with_prompt(question).default(false).interact();
    if ask(prompt).await? { Ok(()) } else { Err(Error::refused("not confirmed: nothing was changed")) }
}

/// The context's name and a reason, by flags or by answers; without a terminal the yes, too.
async fn protected(app: &App, name: &str, what: &str) -> Result<()> {
    let global = &app.global;
    let wrong = |given: &str| {
        Error::refused(format!("`{given}` is not the name of this context: nothing was changed"))
            .hint(format!("this is `{name}`; another one is chosen with `--context`"))
    };
    if let Some(given) = global.confirm.as_ref().filter(|given| *given != name) {
        return Err(wrong(given));
    }
    if !app.ui.can_ask() {
        let reason = global.reason().is_some();
        if global.yes && global.confirm.is_some() && reason {
            return Ok(());
        }
        return Err(Error::refused(format!("the context `{name}` is protected, and this will {what}"))
            .because("there is no terminal to ask on")
            .hint(format!(
                "confirm it: `--yes --confirm {name} --reason \"…\"`; the reason goes into the journal"
            )));
    }
    if global.confirm.is_none() {
        let question = format!("This will {what}. Type the context's name to go on");
        let given: String =
            ask(move || Input::with_theme(&SimpleTheme).with_prompt(question).interact_text()).await?;
        if given.trim() != name {
            return Err(wrong(given.trim()));
        }
    }
    if global.reason().is_none() {
        let prompt = || {
            Input::<String>::with_theme(&SimpleTheme)
                .with_prompt("Why? It goes into the journal")
                .interact_text()
        };
        app.answer_reason(ask(prompt).await?.trim().to_owned());
    }
    Ok(())
}

/// Prompts block; the cursor comes back whatever happens.
pub async fn ask<T: Send + 'static>(
    prompt: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
) -> Result<T> {
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
