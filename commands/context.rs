//! `opsctl context`: named contexts. None of these commands opens a connection.

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, Exit, Kind, Result,
    config::{
        self, Chooser, Context, System,
        choice::Choice,
        describe::{Section, Standing},
        list::{self, Line},
    },
};
use serde_json::json;

use crate::{
    app::App,
    complete, record,
    safety::Class,
    ui::{Cell, Column, FACTS, Table, Tone, View, items, leaders, rows},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] = &[
    Verb {
        words: "context list",
        class: Class::Read,
        destructive_with: None,
        examples: &[
            Example { what: "for people", line: "context list" },
            Example { what: "their names, one per line", line: "context list -o ids" },
        ],
        prints: Prints::List(&CONTEXTS),
        reads: READS,
        exits: &[(Exit::Config, "a file cannot be understood")],
        artisan: &[],
    },
    Verb {
        words: "context show",
        class: Class::Read,
        destructive_with: None,
        examples: &[
            Example { what: "the one in force", line: "context show" },
            Example { what: "for a program", line: "context show --json" },
        ],
        prints: Prints::List(&FACTS),
        reads: READS,
        exits: &[(Exit::Config, ""), (Exit::NotFound, "there is no such context")],
        artisan: &[],
    },
    Verb {
        words: "context use",
        class: Class::Routine,
        destructive_with: None,
        examples: &[
            Example { what: "work in it from now on", line: "context use eu" },
            Example { what: "choose none any more", line: "context use --unset" },
        ],
        prints: Prints::Nothing,
        reads: USE_READS,
        exits: &[
            (Exit::Config, "the choice cannot be kept, or its file cannot be understood"),
            (Exit::NotFound, "there is no such named context"),
        ],
        artisan: &[],
    },
];

/// Columns of `context list`.
const CONTEXTS: [Column; 8] = [
    Column::left("name"),
    Column::left("in_force"),
    Column::left("protected"),
    Column::left("protected_because").flexible(),
    Column::left("environment"),
    Column::left("database").flexible(),
    Column::left("source").flexible(),
    Column::left("reason").flexible(),
];

const READS: &[Topic] = &[Topic::Context, Topic::Database, Topic::Redis, Topic::Locks, Topic::Limits];
const USE_READS: &[Topic] =
    &[Topic::Context, Topic::Database, Topic::Redis, Topic::Locks, Topic::Limits, Topic::Journal];

/// Named contexts
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the contexts in reach, and which is in force
    ///
    /// Those of this folder's opsctl.toml (or of --config), of the user's own file, of the application in this folder,
    /// and of the environment's variables. Opens no connection.
    List,
    Show(ShowArgs),
    Use(UseArgs),
}

/// Show what a context comes to, value by value, each with where it comes from
///
/// Without a name, the context in force. A password is told to be set, and where, never shown. Opens
/// no connection: what the servers say is in `opsctl about`.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct ShowArgs {
    /// A name from `opsctl context list`
    #[arg(value_name = "NAME", add = Names::new(complete::contexts))]
    name: Option<String>,
}

/// Choose the context to work in where nothing else names one
///
/// The choice is the weakest source: options, variables, an opsctl.toml or an application in the
/// folder all come before it. It is kept in the user's own folder of configuration, with the file
/// that the context stands in; a command that works in it says so. Opens no connection.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct UseArgs {
    /// A named context from `opsctl context list`; `-` drops the choice
    #[arg(value_name = "NAME", required_unless_present = "unset", add = Names::new(complete::contexts))]
    name: Option<String>,
    /// Drop the choice
    #[arg(long, conflicts_with = "name")]
    unset: bool,
}

/// The list in short.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListSummary {
    /// Contexts in reach.
    count: usize,
    /// The one that commands here work in.
    in_force: Option<InForce>,
}

/// The context in force.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InForce {
    /// Its name.
    name: String,
    /// What put it in force.
    because_of: String,
}

impl InForce {
    fn of(context: &Context) -> Option<Self> {
        let because_of = context.chooser.to_string();
        (context.chooser != Chooser::Nothing).then(|| Self { name: context.name.clone(), because_of })
    }
}

/// A context in short.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShowSummary {
    /// Values that cannot be made out.
    problems: usize,
}

/// Runs a command of the group.
pub fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::List => list(app),
        Command::Show(args) => show(app, &args),
        Command::Use(args) => match args.name.as_deref() {
            None | Some("-") => recorded(app, || unset(app)),
            Some(name) => {
                let chosen = eligible(app, name)?;
                recorded(app, || choose(app, &chosen))
            }
        },
    }
}

fn list(app: &App) -> Result<Exit> {
    let current = config::resolve(&app.inputs());
    let entries = list::entries(&app.inputs(), current.as_ref().ok())?;
    let lines: Vec<Line> = entries.iter().map(list::Entry::line).collect();
    let mut table = Table::new(CONTEXTS);
    for line in &lines {
        table.row(cells(line));
    }
    let view = View {
        command: "context list",
        context: current.as_ref().map(|context| context.name.clone()).unwrap_or_default(),
        at: app.clock.now(),
        data: json!(lines),
        summary: json!(ListSummary {
            count: lines.len(),
            in_force: current.as_ref().ok().and_then(InForce::of),
        }),
        items: lines.iter().map(|line| json!(line)).collect(),
        table,
        text: None,
    };
    app.ui.emit(&view)?;
    match current {
        Ok(context) if context.chooser == Chooser::Nothing => {
            app.ui.note(if lines.is_empty() { "No context is in reach." } else { "No context is in force." });
            app.ui.hint(match lines.is_empty() {
                true => "write a configuration: `opsctl init`",
                false => "name one: `--context NAME`, or choose one: `opsctl context use NAME`",
            });
        }
        Ok(context) => app.ui.note(&format!("In force: {}, by {}.", context.name, context.chooser)),
        Err(error) => app.ui.warn_of("no context is in force", &error),
    }
    Ok(Exit::Done)
}

fn cells(line: &Line) -> [Cell; 8] {
    let in_force = match (line.in_force, line.chosen) {
        (true, _) => Cell::new("yes").tone(Tone::Good),
        (false, true) => Cell::new("chosen").raw("no"),
        (false, false) => Cell::or_dash(None).raw("no"),
    };
    let protected = match line.protected {
        Some(true) => Cell::new("yes").tone(Tone::Warn),
        Some(false) => Cell::new("no"),
        None => Cell::or_dash(None),
    };
    [
        Cell::new(&*line.name),
        in_force,
        protected,
        Cell::or_dash(line.protected_because.as_deref()),
        Cell::or_dash(line.environment.as_deref()),
        Cell::or_dash(line.database.as_deref()),
        Cell::new(&*line.source),
        Cell::or_dash(line.reason.as_deref()).tone(if line.reason.is_some() { Tone::Bad } else { Tone::Dim }),
    ]
}

fn show(app: &App, args: &ShowArgs) -> Result<Exit> {
    match &args.name {
        None => emit_context(app, app.context()?),
        Some(name) => {
            let current = config::resolve(&app.inputs()).ok();
            let entries = list::entries(&app.inputs(), current.as_ref())?;
            let entry = list::find(&entries, name)?;
            match &current {
                Some(current) if entry.in_force => emit_context(app, current),
                _ => emit_context(app, entry.context.as_ref().map_err(Clone::clone)?),
            }
        }
    }
}

fn emit_context(app: &App, context: &Context) -> Result<Exit> {
    let system = context.system.as_ref().map_or(System::Webhooks, |system| system.value);
    let sections = context.describe(system);
    let folder = app.cwd.display().to_string();
    let members = sections.iter().map(|section| (section.name.to_owned(), json!(section)));
    app.ui.emit(&View {
        command: "context show",
        context: context.name.clone(),
        at: app.clock.now(),
        data: members.collect::<serde_json::Map<_, _>>().into(),
        summary: json!(ShowSummary { problems: problems(&sections) }),
        items: items(&sections),
        table: rows(&sections),
        text: Some(leaders(&sections, &folder)),
    })?;
    Ok(Exit::Done)
}

fn problems(sections: &[Section]) -> usize {
    sections.iter().flat_map(|section| &section.facts).filter(|fact| fact.standing == Standing::Bad).count()
}

/// Records the change before and after.
fn recorded(app: &App, change: impl FnOnce() -> Result<usize>) -> Result<Exit> {
    record::begin_in_file(app, "context use")?;
    let changed = change();
    let counts = changed.as_ref().map_or(serde_json::Value::Null, |count| json!({"changed": count}));
    record::end(app, counts, changed.as_ref().err());
    changed.map(|_| Exit::Done)
}

/// A context that can be chosen: whether it is protected goes with it.
fn eligible(app: &App, name: &str) -> Result<(Choice, bool)> {
    let entries = list::entries(&app.inputs(), None)?;
    let entry = list::find(&entries, name)?;
    let Some(file) = entry.file.as_ref().filter(|_| entry.named) else {
        return Err(Error::new(Kind::NotFound, format!("`{}` is no named context", entry.name))
            .because("only a `[contexts.NAME]` section of an opsctl.toml can be chosen")
            .hint("give it a name: `opsctl init --name NAME`, in its folder"));
    };
    let context = entry.context.as_ref().map_err(Clone::clone)?;
    Ok((Choice { context: entry.name.clone(), file: file.clone() }, context.protected))
}

fn choose(app: &App, (choice, protected): &(Choice, bool)) -> Result<usize> {
    choice.keep(&app.environment)?;
    app.ui.note(&format!("Chose the context {} of {}.", choice.context, choice.file.display()));
    if *protected {
        app.ui.banner(&choice.context, false);
    }
    let now = config::resolve(&app.inputs())?;
    if now.chooser != Chooser::Choice {
        app.ui.warning(&format!(
            "it is not in force here: {} is stronger, and commands here work in `{}`",
            now.chooser, now.name
        ));
        app.ui.hint(&format!("name it where you need it: `{}`", choice.options(&app.environment)));
    }
    Ok(1)
}

fn unset(app: &App) -> Result<usize> {
    let known = Choice::read(&app.environment).ok().flatten();
    let dropped = Choice::drop(&app.environment)?;
    app.ui.note(&match (dropped, known) {
        (true, Some(choice)) => format!("The context {} is no longer chosen.", choice.context),
        (true, None) => "The choice was dropped.".into(),
        (false, _) => "No context was chosen.".into(),
    });
    Ok(usize::from(dropped))
}
