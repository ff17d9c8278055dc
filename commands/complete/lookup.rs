//! What completion finds by itself: the context that the line is about, and, for a moment, its database.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use opsctl::{
    config::{self, Context, Environment, context::Inputs, file},
    db::{Access, Db},
    fleet, tenants,
    webhooks::{self, Filter, Limits, Overrides},
};

use super::cache::{self, Seen, Sight};
use crate::{environment, tree, verb::Verb};

/// Time that a look-up may take, connecting included.
const BUDGET: Duration = Duration::from_millis(200);
/// Events that it asks for.
const EVENTS: u32 = 50;
/// Tenants likewise.
const TENANTS: u32 = 100;

/// The words of the line that is being completed: they stand behind `--`.
pub fn words() -> Vec<OsString> {
    std::env::args_os().skip_while(|word| word != "--").skip(1).collect()
}

/// Value of the last `--option VALUE` or `--option=VALUE`, or of its short form, on a line.
fn option(words: &[OsString], long: &str, short: Option<&str>) -> Option<String> {
    let glued = format!("{long}=");
    let at = |at: usize| {
        let word = words[at].to_str()?;
        if word == long || short == Some(word) {
            return words.get(at + 1)?.to_str().map(str::to_owned);
        }
        word.strip_prefix(&glued).map(str::to_owned)
    };
    (0..words.len()).rev().find_map(at)
}

/// The verb whose words stand on the line.
pub fn verb() -> Option<&'static Verb> {
    let words = words();
    let stands = |verb: &&'static Verb| {
        let theirs: Vec<&str> = verb.words.split(' ').collect();
        words
            .windows(theirs.len())
            .any(|window| window.iter().zip(&theirs).all(|(typed, word)| typed == word))
    };
    tree::verbs().find(stands)
}

fn inputs() -> Inputs {
    let words = words();
    Inputs {
        context: option(&words, "--context", Some("-c")),
        config: option(&words, "--config", None).map(PathBuf::from),
        app: option(&words, "--app", None).map(PathBuf::from),
        env: option(&words, "--env", None),
        cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
        environment: environment::read(),
    }
}

/// The context that the line is about, from files and variables alone.
pub fn context() -> Option<(Environment, Context)> {
    let inputs = inputs();
    let context = config::resolve(&inputs).ok()?;
    Some((inputs.environment, context))
}

/// Names of contexts, each with the file that it stands in.
pub fn contexts() -> Vec<(String, String)> {
    let inputs = inputs();
    let own = inputs.config.as_ref().map(|path| inputs.cwd.join(path));
    let found = [own, Some(inputs.cwd.join("opsctl.toml")), inputs.environment.user_file()];
    let names = |path: &PathBuf| {
        let file = path.display().to_string();
        file::names(path).unwrap_or_default().into_iter().map(move |name| (name, file.clone()))
    };
    found.iter().flatten().flat_map(names).collect()
}

/// Events in trouble, asked of the database and kept for the next time.
pub fn events() -> Option<Seen> {
    asked(async |environment, context| ask(environment, context).await)
}

/// Names of clusters: of the file, else asked of the central database.
pub fn clusters() -> Vec<String> {
    let of_file = context().and_then(|(_, context)| context.clusters());
    if let Some(registered) = of_file {
        return registered.into_iter().map(|(name, _)| name).collect();
    }
    let known = cache::seen().map(|seen| seen.clusters).filter(|known| !known.is_empty());
    known
        .or_else(|| asked(async |environment, context| fleet(environment, context).await))
        .unwrap_or_default()
}

async fn fleet(environment: &Environment, context: &Context) -> Option<Vec<String>> {
    let db = Db::new(context.database().ok()?, Access::Existing, environment::clock(environment));
    let fleet = fleet::load(context, &db).await.ok()?;
    db.close().await;
    Some(fleet.clusters.into_iter().map(|cluster| cluster.name).collect())
}

/// Slugs of tenants: those that were seen, else the first ones of the central database.
pub fn tenants() -> Vec<String> {
    let known = cache::seen().map(|seen| seen.tenants).filter(|known| !known.is_empty());
    known
        .or_else(|| asked(async |environment, context| registered(environment, context).await))
        .unwrap_or_default()
}

async fn registered(environment: &Environment, context: &Context) -> Option<Vec<String>> {
    let db = Db::new(context.database().ok()?, Access::Existing, environment::clock(environment));
    let tenants = fleet::Tenants::open(context, &db).await.ok()??;
    let filter = tenants::Filter { limit: TENANTS, ..tenants::Filter::default() };
    let page = tenants::list(&tenants, &db, None, &filter).await.ok()?;
    db.close().await;
    Some(page.items.into_iter().map(|item| item.tenant.slug).collect())
}

/// Asks, for a moment. Never a protected context: there, completion opens no connection at all.
fn asked<T>(ask: impl AsyncFnOnce(&Environment, &Context) -> Option<T>) -> Option<T> {
    let (environment, context) = context()?;
    if context.protected {
        return None;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let found = runtime.block_on(async { tokio::time::timeout(BUDGET, ask(&environment, &context)).await });
    runtime.shutdown_background();
    found.ok()?
}

async fn ask(environment: &Environment, context: &Context) -> Option<Seen> {
    let limits = Limits::resolve(context, Overrides::default()).ok()?;
    let db = Db::new(context.database().ok()?, Access::Existing, environment::clock(environment));
    let filter = Filter { status: Some("failed".into()), limit: EVENTS, ..Filter::default() };
    let page = webhooks::list(&db, &filter, &limits).await.ok()?;
    let mut seen = Seen::default();
    seen.add(page.items.iter().map(|item| Sight {
        id: &item.id,
        provider: &item.provider,
        trouble: Some(&item.status),
    }));
    db.close().await;
    if let Some(file) = cache::file(environment, context) {
        cache::write(&file, &seen);
    }
    Some(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_on_a_line_that_is_not_finished() {
        let words: Vec<OsString> =
            "opsctl -c old --app=/srv/x webhooks show --context new".split(' ').map(OsString::from).collect();
        assert_eq!(option(&words, "--context", Some("-c")).as_deref(), Some("new"));
        assert_eq!(option(&words, "--app", None).as_deref(), Some("/srv/x"));
        assert_eq!(option(&words[..2], "--context", Some("-c")), None);
    }
}
