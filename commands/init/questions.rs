//! The questions of `opsctl init`. Nothing is written before the last one is answered.

use dialoguer::{Confirm, Input, Select, theme::SimpleTheme};
use opsctl::{
    Error, Result,
    config::{
        Application, Context, Environment,
        context::{self, Inputs},
        draft::{
            CacheDraft, Draft, RedisDraft, Reference, Server, check_database_url, check_name, check_redis_url,
        },
        protection::UNNAMED,
        redis::slug,
    },
};

use super::args::{Args, databases, folder, referred, seen_from_anywhere};
use crate::{app::App, safety::ask};

/// What the application at hand says, for the first question.
struct Offer {
    lines: Vec<String>,
    slug: Option<String>,
}

/// Asks for everything that the options leave open; also whether it goes into the user's own file.
pub async fn ask_all(app: &App, args: &Args) -> Result<(Draft, bool)> {
    app.ui.note(
        "A few questions; Ctrl-C leaves everything as it is. Options for the same: `opsctl init --help`.",
    );
    if let Some(offer) = offer(app)? {
        app.ui.note("This folder holds an application:");
        offer.lines.iter().for_each(|line| app.ui.note(&format!("  {line}")));
        if yes("Refer to its settings, where they are?", true).await? {
            return of_application(app, args, offer.slug).await;
        }
    }
    of_servers(app, args).await
}

/// The settings of the application in this folder, if there is one.
fn offer(app: &App) -> Result<Option<Offer>> {
    let bare = Environment::default();
    let Some(found) = Application::open(&app.cwd, &bare, app.global.env.as_deref())? else { return Ok(None) };
    let name = found.value("app.name", &["APP_NAME"]).and_then(|found| found.value);
    let inputs =
        Inputs { cwd: app.cwd.clone(), environment: bare, env: app.global.env.clone(), ..Inputs::default() };
    let context = context::with_file(&inputs, None)?;
    Ok(Some(Offer { lines: told(&context), slug: name.map(|name| slug(&name)) }))
}

fn told(context: &Context) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(environment) = &context.app_env {
        lines.push(format!("environment {} ({})", environment.value, environment.origin));
    }
    match context.database() {
        Ok(database) => lines.push(format!("database {database} ({})", database.origin)),
        Err(error) => lines.push(error.to_string()),
    }
    let system = context.system.as_ref().map_or(opsctl::config::System::Webhooks, |system| system.value);
    if let Ok(store) = context.cache_store(system) {
        lines.push(format!("locks in {} ({})", store.value, store.origin));
    }
    lines
}

async fn of_application(app: &App, args: &Args, slug: Option<String>) -> Result<(Draft, bool)> {
    let user = args.user || yes("Write it into your own file, for use from any folder?", true).await?;
    let name = name(args, slug, user).await?;
    let folder = folder(app, ".".as_ref(), user)?;
    Ok((Draft { name, app: Some(folder), ..args.common() }, user))
}

async fn of_servers(app: &App, args: &Args) -> Result<(Draft, bool)> {
    let user = args.user || yes("Write it into your own file, for use from any folder?", false).await?;
    let base = user.then_some(app.cwd.as_path());
    let what = "Database, without a password (postgres://USER@HOST/NAME, mysql://…, sqlite:PATH)";
    let url = text(what, None, check_database_url).await?;
    let password = if url.starts_with("sqlite") { None } else { reference("database").await? };
    let database =
        Server { url: seen_from_anywhere(&url, base), password: password.map(|it| referred(it, base)) };
    let redis = text("Redis, without a password (redis://HOST:PORT; empty for none)", Some(""), |url| {
        if url.is_empty() { Ok(()) } else { check_redis_url(url) }
    })
    .await?;
    let redis = if redis.is_empty() { None } else { Some(redis_of(redis, base).await?) };
    let cache = cache(redis.is_some()).await?;
    let mut draft = Draft { database: Some(database), redis, cache, ..args.common() };
    if draft.environment.is_none() {
        let what = "Environment (production protects the context)";
        draft.environment = Some(text(what, Some(UNNAMED), |_| Ok(())).await?);
    }
    draft.name = name(args, None, user).await?;
    Ok((draft, user))
}

async fn redis_of(url: String, base: Option<&std::path::Path>) -> Result<RedisDraft> {
    let password = reference("Redis").await?.map(|it| referred(it, base));
    let prefix = prefix("REDIS_PREFIX").await?;
    let what = "Databases of the roles default, cache, queue, lock";
    let numbers =
        text(what, Some("0,1,2,3"), |text| databases(text).map(|_| ()).map_err(Error::usage)).await?;
    let databases = databases(&numbers).map_err(Error::usage)?;
    Ok(RedisDraft { server: Server { url, password }, prefix, databases })
}

/// Where locks live; a batch needs them, single commands do not.
async fn cache(redis: bool) -> Result<Option<CacheDraft>> {
    let stores: Vec<&str> = if redis { vec!["redis", "database", "none"] } else { vec!["database", "none"] };
    let shown = stores.clone();
    let at = ask(move || {
        let select = Select::with_theme(&SimpleTheme).with_prompt("Where the application's cache locks live");
        select.items(&shown).default(0).interact()
    })
    .await?;
    let store = stores.get(at).copied().unwrap_or("none");
    if store == "none" {
        return Ok(None);
    }
    let prefix = prefix("CACHE_PREFIX").await?;
    Ok(Some(CacheDraft { store: store.into(), prefix }))
}

/// A part of the names of locks. An empty one must be said: a guessed one would lock nothing.
async fn prefix(variable: &str) -> Result<String> {
    let given = text(&format!("{variable} of the application ('' for none)"), None, |_| Ok(())).await?;
    Ok(if matches!(given.as_str(), "''" | "\"\"") { String::new() } else { given })
}

/// The context's name; without one it is the top of this folder's file.
async fn name(args: &Args, slug: Option<String>, user: bool) -> Result<Option<String>> {
    if args.name.is_some() {
        return Ok(args.name.clone());
    }
    let check = move |name: &str| if name.is_empty() && !user { Ok(()) } else { check_name(name) };
    let slug = slug.filter(|slug| user && check_name(slug).is_ok());
    let what = if user {
        "Name of the context"
    } else {
        "Name of the context (empty: whatever runs in this folder)"
    };
    let default = slug.or_else(|| (!user).then(String::new));
    let name = text(what, default.as_deref(), check).await?;
    Ok(Some(name).filter(|name| !name.is_empty()))
}

async fn reference(server: &str) -> Result<Option<Reference>> {
    let what = format!("Password of the {server}: env:NAME or file:PATH (empty for none)");
    let given =
        text(
            &what,
            Some(""),
            |text| {
                if text.is_empty() { Ok(()) } else { text.parse::<Reference>().map(|_| ()) }
            },
        )
        .await?;
    if given.is_empty() { Ok(None) } else { given.parse().map(Some) }
}

async fn yes(question: &'static str, default: bool) -> Result<bool> {
    ask(move || Confirm::with_theme(&SimpleTheme).with_prompt(question).default(default).interact()).await
}

/// A line of text; what is wrong with it is told, and it is asked for again.
async fn text(
    question: &str,
    default: Option<&str>,
    check: impl Fn(&str) -> Result<()> + Send + 'static,
) -> Result<String> {
    let (question, default) = (question.to_owned(), default.map(str::to_owned));
    let answer = ask(move || {
        let theme = SimpleTheme;
        let mut input = Input::<String>::with_theme(&theme).with_prompt(question);
        if let Some(default) = default {
            let shown = !default.is_empty();
            input = input.default(default).show_default(shown);
        }
        let told =
            |error: Error| error.hints().first().map_or(error.to_string(), |hint| format!("{error}; {hint}"));
        input.validate_with(move |given: &String| check(given.trim()).map_err(told)).interact_text()
    })
    .await?;
    Ok(answer.trim().to_owned())
}
