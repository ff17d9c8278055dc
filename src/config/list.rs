//! Every context in reach, and which is in force. Opens no connection.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    Chooser, Context,
    choice::Choice,
    context::{self, Inputs},
    file,
};
use crate::{Error, Kind, Result, near};

/// One context in reach.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The file that its section stands in; none for an application and for variables.
    pub file: Option<PathBuf>,
    /// Whether it is a `[contexts.NAME]` section, which `--context` and `context use` can name.
    pub named: bool,
    /// Whether commands here work in it.
    pub in_force: bool,
    /// Whether it is the one chosen with `context use`.
    pub chosen: bool,
    /// The context itself, or why it cannot be used.
    pub context: Result<Context>,
}

/// One line of `context list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Whether commands here work in it.
    pub in_force: bool,
    /// Whether it is the one chosen with `context use`.
    pub chosen: bool,
    /// Whether destructive commands want its name typed.
    pub protected: Option<bool>,
    /// Why it is protected, or why not.
    pub protected_because: Option<String>,
    /// Name of its environment.
    pub environment: Option<String>,
    /// Its database, without credentials.
    pub database: Option<String>,
    /// Where it stands: a file, an application's folder, or `environment`.
    pub source: String,
    /// Why its database cannot be used.
    pub reason: Option<String>,
}

impl Entry {
    /// What a list says of it.
    pub fn line(&self) -> Line {
        let context = self.context.as_ref();
        let database = context.map_err(Clone::clone).and_then(Context::database);
        let folder = context.ok().and_then(|context| context.app.as_ref()).map(|app| app.dir.clone());
        let source = self.file.clone().or(folder).map(|path| path.display().to_string());
        Line {
            name: self.name.clone(),
            in_force: self.in_force,
            chosen: self.chosen,
            protected: context.ok().map(|context| context.protected),
            protected_because: context.ok().and_then(Context::protected_because),
            environment: context.ok().and_then(|context| Some(context.app_env.as_ref()?.value.clone())),
            database: database.as_ref().ok().map(ToString::to_string),
            source: source.unwrap_or_else(|| "environment".into()),
            reason: database.err().map(|error| error.to_string()),
        }
    }
}

/// The contexts in reach of a command: those of `--config` or of this folder's `opsctl.toml`, of the user's own file,
/// the application at hand, the variables. The one in force comes first.
///
/// # Errors
/// A file that cannot be read or understood.
pub fn entries(inputs: &Inputs, in_force: Option<&Context>) -> Result<Vec<Entry>> {
    let choice = Choice::read(&inputs.environment).unwrap_or_default();
    let mut entries = Vec::new();
    for (at, path) in paths(inputs).into_iter().enumerate() {
        let Some(offer) = file::offer(&path)? else { continue };
        // Of the user's own file only named contexts count.
        if offer.top && at == 0 {
            let context = context::resolve(&bare(inputs, Some(&path)));
            entries.push(Entry::new("default".into(), Some(path.clone()), false, context));
        }
        for name in offer.names {
            let inputs = Inputs { context: Some(name.clone()), config: Some(path.clone()), ..inputs.clone() };
            entries.push(Entry::new(name, Some(path.clone()), true, context::resolve(&inputs)));
        }
    }
    if let Some(choice) = choice.as_ref().filter(|choice| !entries.iter().any(|entry| choice.is(entry))) {
        let context = choice.section().and_then(|section| context::with_file(inputs, Some(section)));
        let file = Some(choice.file.clone());
        entries.push(Entry::new(choice.context.clone(), file, true, context));
    }
    let outside = context::with_file(&bare(inputs, None), None);
    if let Ok(context) = outside.as_ref()
        && context.chooser != Chooser::Nothing
    {
        entries.push(Entry::new(context.name.clone(), None, false, outside));
    }
    for entry in &mut entries {
        entry.in_force =
            in_force.filter(|context| context.chooser != Chooser::Nothing).is_some_and(|context| {
                context.name == entry.name
                    && context.file.as_ref().map(|file| &file.path) == entry.file.as_ref()
            });
        entry.chosen = choice.as_ref().is_some_and(|choice| choice.is(entry));
    }
    entries.sort_by_key(|entry| !entry.in_force);
    Ok(entries)
}

/// The context of a name, from what is in reach.
///
/// # Errors
/// [`Kind::NotFound`], with near names.
pub fn find<'a>(entries: &'a [Entry], name: &str) -> Result<&'a Entry> {
    let name = name.trim();
    entries.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let error = Error::new(Kind::NotFound, format!("no context is named `{name}`"));
        match near::matches(name, names.iter().copied()).first() {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("contexts in reach: `opsctl context list`"),
        }
    })
}

impl Entry {
    fn new(name: String, file: Option<PathBuf>, named: bool, context: Result<Context>) -> Self {
        Self { name, file, named, in_force: false, chosen: false, context }
    }
}

impl Choice {
    fn is(&self, entry: &Entry) -> bool {
        entry.named && entry.name == self.context && entry.file.as_ref() == Some(&self.file)
    }
}

/// The files in which names are looked for, the strongest first.
fn paths(inputs: &Inputs) -> Vec<PathBuf> {
    if let Some(path) = &inputs.config {
        return vec![inputs.cwd.join(path)];
    }
    let mut paths = vec![inputs.cwd.join("opsctl.toml")];
    paths.extend(inputs.environment.user_file());
    paths.dedup(); // the user's folder of configuration may be the one that they are in
    paths
}

/// The same surroundings, with no context named: what the top of a file, or no file at all, comes to.
fn bare(inputs: &Inputs, config: Option<&PathBuf>) -> Inputs {
    let environment = inputs.environment.without(|name| name == "OPSCTL_CONTEXT");
    Inputs { context: None, config: config.cloned(), environment, ..inputs.clone() }
}
