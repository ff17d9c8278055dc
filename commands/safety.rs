//! The three classes of verb, and what each asks of the operator.

use std::{
    io::ErrorKind,
    sync::atomic::{AtomicBool, Ordering},
};

use dialoguer::{Confirm, Input, theme::SimpleTheme};
use opsctl::{Error, Kind, Result, config::Context};

use crate::{app::App, page::line_with};

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

/// Lets a verb of its class go on, or refuses. `what` completes "this will …"; where is added to it. A dry run is never
/// asked about.
///
/// A destructive one is confirmed by an answer, or by `--yes` where there is nobody to ask. In a protected context it
/// also wants the context's name, typed or by `--confirm`, and a reason.
///
/// # Errors
/// [`Kind::Refused`] without a confirmation, [`Kind::Interrupted`] when a question is left with Ctrl-C.
pub async fn allow(app: &App, class: Class, what: &str, dry_run: bool) -> Result<()> {
    allow_in(app, class, what, None, dry_run).await
}

/// As [`allow`], for what changes in other places than the context's database.
///
/// # Errors
/// As [`allow`].
pub async fn allow_in(app: &App, class: Class, what: &str, place: Option<&str>, dry_run: bool) -> Result<()> {
    debug_assert!(app.verb.may_be(class), "`{}` is not {}", app.verb.words, class.name());
    let context = app.context()?;
    let asks = class == Class::Destructive && !dry_run;
    if context.protected && class != Class::Read {
        app.ui.banner(&context.name, asks);
    }
    if !asks {
        return Ok(());
    }
    let deed = deed(context, what, place)?;
    let other = app.global.confirm.as_ref().filter(|given| context.protected && **given != context.name);
    if let Some(given) = other {
        return Err(wrong_name(context, given));
    }
    match (app.ui.can_ask(), context.protected) {
        (false, _) => by_flags(app, context, &deed),
        (true, false) => plain(app, &deed).await,
        (true, true) => protected(app, context, &deed).await,
    }
}

/// What will happen, and where: the whole of what a confirmation confirms.
fn deed(context: &Context, what: &str, place: Option<&str>) -> Result<String> {
    let protected = if context.protected { ", protected" } else { "" };
    let place = match place {
        Some(place) => place.to_owned(),
        None => context.database()?.to_string(),
    };
    Ok(format!("this will {what} in {place} (context {}{protected})", context.name))
}

fn wrong_name(context: &Context, given: &str) -> Error {
    Error::refused(format!("`{given}` is not the name of this context: nothing was changed"))
        .hint(format!("this is `{}`; another one is chosen with `--context`", context.name))
}

/// With nobody to ask, every answer is a flag. Those that are missing are named, and the line that has them.
fn by_flags(app: &App, context: &Context, deed: &str) -> Result<()> {
    let global = &app.global;
    let mut missing = Vec::new();
    if !global.yes {
        missing.push("`--yes`".to_owned());
    }
    if context.protected && global.confirm.is_none() {
        missing.push(format!("`--confirm {}`", context.name));
    }
    if context.protected && global.reason().is_none() {
        missing.push("`--reason TEXT`".to_owned());
    }
    if missing.is_empty() {
        return Ok(());
    }
    let are = if missing.len() == 1 { "is" } else { "are" };
    Err(Error::refused(format!("{} {are} missing: {deed}", missing.join(", ")))
        .because("there is nobody to ask: no terminal, or it is not to be used (`-n`, CI)")
        .hint(format!("confirm it: `{}`", confirmed_line(app, context))))
}

/// The line as it was typed, with every confirmation.
fn confirmed_line(app: &App, context: &Context) -> String {
    let global = &app.global;
    let mut typed = global.arguments.clone();
    if !global.yes {
        typed.push("--yes".into());
    }
    if !context.protected {
        return line_with(&typed, &[]);
    }
    let reason = global.reason().unwrap_or("…").to_owned();
    line_with(&typed, &[("--confirm", Some(context.name.clone())), ("--reason", Some(reason))])
}

/// A yes, by flag or by answer. One key is too little for what cannot be undone: the answer ends with Enter.
async fn plain(app: &App, deed: &str) -> Result<()> {
    if app.global.yes {
        return Ok(());
    }
    app.ui.announce(deed);
    let prompt = || {
        let question = Confirm::with_theme(&SimpleTheme).with_prompt("Go on?").default(false);
        question.wait_for_newline(true).interact()
    };
    if ask(prompt).await? { Ok(()) } else { Err(Error::refused("not confirmed: nothing was changed")) }
}

/// The context's name and a reason, by flags or by answers.
async fn protected(app: &App, context: &Context, deed: &str) -> Result<()> {
    let global = &app.global;
    if global.confirm.is_none() || global.reason().is_none() {
        app.ui.announce(deed);
    }
    if global.confirm.is_none() {
        let prompt = || {
            Input::<String>::with_theme(&SimpleTheme)
                .with_prompt("Type the context's name to go on")
                .interact_text()
        };
        let given = ask(prompt).await?;
        if given.trim() != context.name {
            return Err(wrong_name(context, given.trim()));
        }
    }
    if global.reason().is_none() {
        let told = |given: &String| match given.trim() {
            "" => Err("blanks are no reason"),
            _ => Ok(()),
        };
        let prompt = move || {
            let question =
                Input::<String>::with_theme(&SimpleTheme).with_prompt("Why? It goes into the journal");
            question.validate_with(told).interact_text()
        };
        app.answer_reason(ask(prompt).await?.trim().to_owned());
    }
    Ok(())
}

/// Whether a question waits. The terminal is the process's, and so is this.
static ASKING: AtomicBool = AtomicBool::new(false);

/// Whether a question waits, or was left without an answer: nothing is in hand then that Ctrl-C would have to finish.
pub fn is_asking() -> bool {
    ASKING.load(Ordering::Relaxed)
}

/// Prompts block; the cursor comes back whatever happens.
pub async fn ask<T: Send + 'static>(
    prompt: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
) -> Result<T> {
    ASKING.store(true, Ordering::Relaxed);
    let answer = tokio::task::spawn_blocking(prompt).await;
    match answer {
        Ok(Ok(answer)) => {
            ASKING.store(false, Ordering::Relaxed);
            Ok(answer)
        }
        Ok(Err(dialoguer::Error::IO(error))) => {
            crate::ui::show_cursor();
            let unanswered = Error::new(Kind::Interrupted, "not answered: nothing was changed");
            // Ctrl-C needs no explanation; a terminal that went away does.
            Err(if error.kind() == ErrorKind::Interrupted { unanswered } else { unanswered.because(error) })
        }
        Err(error) => Err(Error::failed("the question could not be asked").because(error)),
    }
}
