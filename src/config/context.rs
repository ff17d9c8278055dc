//! The resolved context: what every command starts from.

use std::{fmt, path::PathBuf};

use super::{
    Application, Environment, Origin, Sourced,
    choice::Choice,
    file::{self, FileContext},
    settings::{self, Setting, Settings},
    system::{self, System},
};
use crate::{Error, Result, near};

/// What the command line and the surroundings say.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// `--context`.
    pub context: Option<String>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--app`.
    pub app: Option<PathBuf>,
    /// `--env`.
    pub env: Option<String>,
    /// The folder that the command runs in.
    pub cwd: PathBuf,
    /// The process environment.
    pub environment: Environment,
}

/// What put a context in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chooser {
    /// `--context`.
    ContextFlag,
    /// `OPSCTL_CONTEXT`.
    ContextVariable,
    /// `--config`.
    ConfigFlag,
    /// The `opsctl.toml` of the folder that the command runs in.
    FolderFile,
    /// `--app`.
    AppFlag,
    /// `OPSCTL_APP`.
    AppVariable,
    /// The application in the folder that the command runs in, or its variables in the process environment.
    Folder,
    /// Variables named `OPSCTL_…`.
    Variables,
    /// `opsctl context use`.
    Choice,
    /// Nothing names a place.
    Nothing,
}

impl fmt::Display for Chooser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Chooser::ContextFlag => "--context",
            Chooser::ContextVariable => "OPSCTL_CONTEXT in the environment",
            Chooser::ConfigFlag => "--config",
            Chooser::FolderFile => "the opsctl.toml of this folder",
            Chooser::AppFlag => "--app",
            Chooser::AppVariable => "OPSCTL_APP in the environment",
            Chooser::Folder => "the application of this folder",
            Chooser::Variables => "OPSCTL_… variables in the environment",
            Chooser::Choice => "`opsctl context use`",
            Chooser::Nothing => "nothing: no source names a place",
        })
    }
}

/// Everything that is known about where a command works. Nothing is connected yet.
#[derive(Debug, Clone)]
pub struct Context {
    /// Its name: of the `[contexts.NAME]` section, `default` for the top of a file, else `app` or `environment`.
    pub name: String,
    /// What put it in force.
    pub chooser: Chooser,
    /// The section of an `opsctl.toml`, if one is in force.
    pub file: Option<FileContext>,
    /// The application, if there is one.
    pub app: Option<Application>,
    /// The process environment.
    pub environment: Environment,
    /// The system, when it is set or told by variables; else it is detected from the tables.
    pub system: Option<Sourced<System>>,
    /// Name of the environment, `production` when nobody says (Laravel's own default, and the one that fails closed).
    /// `None` only where nothing names a place.
    pub app_env: Option<Sourced<String>>,
    /// Destructive commands want the context's name typed; see [`Context::protected_because`].
    pub protected: bool,
    looked_in: Vec<String>,
    /// Names of the contexts that stand in the file at hand, for hints.
    others: Vec<String>,
}

/// Reads files and variables; connects to nothing.
///
/// # Errors
/// A file that cannot be read or understood, an unknown context or system.
pub fn resolve(inputs: &Inputs) -> Result<Context> {
    let env = &inputs.environment;
    let named = inputs.context.as_deref().or_else(|| env.filled("OPSCTL_CONTEXT"));
    let mut file = load_file(inputs, named)?;
    let others = file.as_mut().map(|file| std::mem::take(&mut file.others)).unwrap_or_default();
    // Of a file in the folder that only defines contexts nothing is in force before one of them is named.
    let file = file.filter(|file| file.named || inputs.config.is_some() || !file.section.is_empty());
    let context = Context { others, ..with_file(inputs, file)? };
    // The choice of another time counts whole or not at all: beside a place that is named here it would mix the two.
    if context.chooser != Chooser::Nothing {
        return Ok(context);
    }
    match Choice::read(env)? {
        Some(choice) => {
            Ok(Context { chooser: Chooser::Choice, ..with_file(inputs, Some(choice.section()?))? })
        }
        None => Ok(context),
    }
}

/// As [`resolve`], with a section that was found otherwise, or with none.
///
/// # Errors
/// As [`resolve`].
pub fn with_file(inputs: &Inputs, file: Option<FileContext>) -> Result<Context> {
    let env = &inputs.environment;
    if let Some(file) = &file {
        check_keys(file)?;
    }
    let app_dir = inputs
        .app
        .clone()
        .or_else(|| env.filled("OPSCTL_APP").map(PathBuf::from))
        .or_else(|| file.as_ref().and_then(|file| Some(file.relative(file.section.app.as_ref()?))))
        .unwrap_or_else(|| inputs.cwd.clone());
    // A section that names its own database stands alone: the folder one happens to be in does not count.
    let alone = inputs.app.is_none()
        && env.filled("OPSCTL_APP").is_none()
        && file.as_ref().is_some_and(|file| file.section.app.is_none() && file.section.database.is_some());
    let app = if alone { None } else { Application::open(&app_dir, env, inputs.env.as_deref())? };
    if app.is_none() && inputs.app.is_some() {
        return Err(Error::config(format!("no application in {}", app_dir.display()))
            .because("there is neither bootstrap/cache/config.php nor .env"));
    }
    let name = match (&file, &app) {
        (Some(file), _) => file.name.clone(),
        (None, Some(_)) => "app".into(),
        (None, None) => "environment".into(),
    };
    let mut context = Context {
        name,
        chooser: chooser(inputs, file.as_ref(), app.is_some()),
        file,
        app,
        environment: env.clone(),
        system: None,
        app_env: None,
        protected: false,
        looked_in: looked_in(inputs, &app_dir),
        others: Vec::new(),
    };
    context.system = context.configured_system()?;
    context.app_env = context.configured_env(alone);
    context.protected = context.is_protected();
    Ok(context)
}

fn chooser(inputs: &Inputs, file: Option<&FileContext>, app: bool) -> Chooser {
    let set = |name: &str| inputs.environment.filled(name).is_some();
    let variables = set("OPSCTL_DATABASE_URL") || set("OPSCTL_REDIS_URL");
    match file {
        Some(_) if inputs.context.is_some() => Chooser::ContextFlag,
        Some(file) if file.chosen => Chooser::ContextVariable,
        Some(_) if inputs.config.is_some() => Chooser::ConfigFlag,
        Some(file) if file.section.names_a_place() || app || variables => Chooser::FolderFile,
        Some(_) => Chooser::Nothing,
        None if inputs.app.is_some() => Chooser::AppFlag,
        None if set("OPSCTL_APP") => Chooser::AppVariable,
        None if app => Chooser::Folder,
        None if variables => Chooser::Variables,
        None => Chooser::Nothing,
    }
}

/// Names a key under `[webhooks]` that is none of the service's settings.
fn check_keys(file: &FileContext) -> Result<()> {
    let known: Vec<&str> = settings::webhooks::ALL.iter().map(Setting::key).collect();
    let mut written = file.section.webhooks.iter().flat_map(|section| section.keys());
    let Some(key) = written.find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    let place = format!("{} in {}", file.key(&format!("webhooks.{key}")), file.path.display());
    let error = Error::config(format!("{place} is no setting that opsctl knows"));
    let all = format!("settings: {}", known.join(", "));
    Err(near::or(error, key, known, str::to_owned, all))
}

fn load_file(inputs: &Inputs, name: Option<&str>) -> Result<Option<FileContext>> {
    if let Some(path) = &inputs.config {
        let path = inputs.cwd.join(path);
        return match file::load(std::slice::from_ref(&path), name)? {
            Some(context) => Ok(Some(context)),
            None => Err(Error::config(format!("{} does not exist", path.display()))),
        };
    }
    let app_named = inputs.app.is_some() || inputs.environment.filled("OPSCTL_APP").is_some();
    if app_named && name.is_none() {
        return Ok(None); // who names an application does not mean the folder that they are in
    }
    let here = inputs.cwd.join("opsctl.toml");
    let paths: Vec<PathBuf> = std::iter::once(here).chain(inputs.environment.user_file()).collect();
    // Without a name only the folder's own file counts: a user's file holds named contexts.
    file::load(if name.is_some() { &paths } else { &paths[..1] }, name)
}

fn looked_in(inputs: &Inputs, app_dir: &std::path::Path) -> Vec<String> {
    let mut places = vec![
        "OPSCTL_DATABASE_URL, OPSCTL_REDIS_URL, DB_* and REDIS_* in the environment".into(),
        inputs.cwd.join("opsctl.toml").display().to_string(),
        app_dir.join("bootstrap/cache/config.php").display().to_string(),
        app_dir.join(".env").display().to_string(),
    ];
    places.extend(Choice::place(&inputs.environment).map(|path| path.display().to_string()));
    places
}

impl Context {
    /// Every place that was looked at for a database, the strongest first.
    pub fn looked_in(&self) -> &[String] {
        &self.looked_in
    }

    /// The error of a command that needs a database, Redis or a store where none is configured.
    pub(super) fn nothing_configured(&self, what: &str) -> Error {
        let error = Error::config(format!("no {what} is configured"))
            .because(format!("looked at {}", self.looked_in.join(", ")));
        let error = match self.others.as_slice() {
            [] => error,
            names => error.hint(format!(
                "choose a context of the file: `--context {}`",
                names.join("` or `--context ")
            )),
        };
        let error = match Choice::read(&self.environment) {
            Ok(Some(choice)) if self.chooser != Chooser::Choice => error.hint(format!(
                "the context chosen with `opsctl context use` is not in force here; name it: `{}`",
                choice.options(&self.environment)
            )),
            _ => error,
        };
        error
            .hint("see it work on an embedded database first: `opsctl demo`")
            .hint("write a configuration: `opsctl init`, or run in the application's folder (`--app DIR`)")
    }

    /// Whether an error is that of [`Context::nothing_configured`]: nothing is wrong then, only missing.
    pub(super) fn is_nothing(error: &Error) -> bool {
        error.message().starts_with("no ") && error.message().ends_with(" is configured")
    }

    /// Whether a context was chosen by name that stands for an application's own settings.
    pub(super) fn chose_an_app(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.chosen && file.section.app.is_some())
    }

    /// The table of settings in force: of the configured system, or of the one that the command is about.
    pub fn settings(&self, command: System) -> &'static Settings {
        self.system.as_ref().map_or(command, |system| system.value).settings()
    }

    /// Whether the meaning of settings depends on the tables of the central database: nothing says which system this is,
    /// and the application's own defaults stand in files that only PHP reads.
    pub fn depends_on_tables(&self) -> bool {
        let open = self.app.as_ref().is_some_and(|app| !app.is_cached());
        self.system.is_none() && open && self.names_a_database()
    }

    /// One setting: from the file's section, from the application, or the application's default.
    pub fn setting(&self, setting: &Setting) -> Sourced<String> {
        if let Some(found) = self.file_setting(setting) {
            return found;
        }
        let app = self.app.as_ref().and_then(|app| app.value(setting.path, setting.env));
        if let Some(Sourced { value, origin }) = app {
            return Sourced::new(value.unwrap_or_default(), origin); // null is a value: no default steps in
        }
        let production = self.app_env.as_ref().is_some_and(|env| env.value == "production");
        let default = setting.production.filter(|_| production).unwrap_or(setting.default);
        Sourced::new(default.to_owned(), Origin::Default)
    }

    /// A setting that must be a whole number.
    ///
    /// # Errors
    /// Names the place of a value that is not one.
    pub fn number(&self, setting: &Setting) -> Result<Sourced<i64>> {
        let Sourced { value, origin } = self.setting(setting);
        match value.trim() {
            "" => return Ok(Sourced::new(0, origin)), // as `(int) env(…)` of an empty or null variable
            text => text.parse().map(|number| Sourced::new(number, origin.clone())),
        }
        .map_err(|_: std::num::ParseIntError| {
            Error::config(format!("{origin} must be a whole number"))
                .because(format!("it is the setting `{}`", setting.path))
        })
    }

    fn file_setting(&self, setting: &Setting) -> Option<Sourced<String>> {
        let file = self.file.as_ref()?;
        let value = match file.section.webhooks.as_ref()?.get(setting.key())? {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(Sourced::new(
            value,
            Origin::File(file.path.clone(), file.key(&format!("webhooks.{}", setting.key()))),
        ))
    }

    fn configured_system(&self) -> Result<Option<Sourced<System>>> {
        let variable = self
            .environment
            .filled("OPSCTL_SYSTEM")
            .map(|name| Sourced::new(name.to_owned(), Origin::Variable("OPSCTL_SYSTEM".into())));
        let written = self.file.as_ref().and_then(|file| {
            let name = file.section.system.clone()?;
            Some(Sourced::new(name, Origin::File(file.path.clone(), file.key("system"))))
        });
        let chosen = self.file.as_ref().is_some_and(|file| file.chosen);
        let named = if chosen { written.or(variable) } else { variable.or(written) };
        if let Some(Sourced { value, origin }) = named {
            return match System::from_name(&value) {
                Some(system) => Ok(Some(Sourced::new(system, origin))),
                None => Err(unknown_system(&value, &origin)),
            };
        }
        let app = self.app.as_ref();
        let told = app.and_then(|app| {
            let (system, name) = system::detect_from_variables(app.variable_names())?;
            Some(Sourced::new(system, app.value("", &[name])?.origin))
        });
        let cached = app.and_then(|app| app.tree("tenrusl"));
        Ok(told.or(cached.map(|(_, origin)| Sourced::new(System::Webhooks, origin))))
    }
}

fn unknown_system(name: &str, origin: &Origin) -> Error {
    let names: Vec<&str> = System::ALL.iter().map(|system| system.name()).collect();
    let error = Error::config(format!("{origin} names no system that opsctl knows: `{name}`"));
    let all = format!("systems: {}", names.join(", "));
    let typed = |near: &str| match origin {
        Origin::Variable(variable) => format!("{variable}={near}"),
        _ => format!("system = \"{near}\""),
    };
    near::or(error, name, names, typed, all)
}
