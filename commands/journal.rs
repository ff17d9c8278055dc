//! `opsctl journal`: who changed what, when, why, and how it ended.

mod render;

use std::time::Duration;

use clap::ArgGroup;
use opsctl::{
    Error, Exit, Kind, Result,
    journal::{self, Cursor, Filter, Found, JournalTable, Names, Outcome, Past, TABLE},
    near,
    window::Window,
};

#[cfg(test)]
pub use self::render::{Line, RunSummary, RunsSummary};
use crate::{
    app::App,
    cli::told,
    page::next_page,
    safety::Class,
    tree,
    variables::Topic,
    verb::{Example, Prints, Verb},
    window::WindowArgs,
};

/// Longest time that a list waits for a database that it can do without.
const PATIENCE: Duration = Duration::from_secs(5);

/// Stands for the newest run; no id begins like this, since ids have no L.
const LAST: &str = "LAST";

const READS: &[Topic] = &[Topic::Context, Topic::Database, Topic::Journal];

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] = &[
    Verb {
        words: "journal list",
        class: Class::Read,
        destructive_with: None,
        examples: &[
            Example { what: "what was changed today, by whom, and why", line: "journal list --since today" },
            Example {
                what: "what failed in the last two hours",
                line: "journal list --since 2h --exit failed",
            },
            Example { what: "runs that never ended: at work, or killed", line: "journal list --unfinished" },
        ],
        reads: READS,
        exits: &[
            (Exit::Config, "--source database, and there is no table opsctl_journal, or no right to read it"),
            (Exit::Unreachable, "--source database, and it does not answer"),
        ],
        artisan: &[],
        prints: Prints::List(&render::COLUMNS),
    },
    Verb {
        words: "journal show",
        class: Class::Read,
        destructive_with: None,
        examples: &[Example {
            what: "the newest run; any other by its id, or the beginning of it",
            line: "journal show last",
        }],
        reads: READS,
        exits: &[
            (Exit::Usage, "the command line cannot be understood, or several ids begin like this"),
            (Exit::Config, "--source database, and there is no table opsctl_journal, or no right to read it"),
            (Exit::Unreachable, "--source database, and it does not answer"),
            (Exit::NotFound, "no such run"),
        ],
        artisan: &[],
        prints: Prints::List(&render::COLUMNS),
    },
];

/// Who changed what: list, show
///
/// Every change is recorded before and after, in a file of the state folder, and in the table
/// opsctl_journal of the database that it changes, where `opsctl db migrate` has made it.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    List(ListArgs),
    Show(ShowArgs),
}

/// Where the journal is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Source {
    /// This host's file: all contexts, no database needed.
    File,
    /// The database's table: all hosts.
    Database,
}

/// List runs that changed something, newest first
///
/// Reads this host's file, and the table of the context's database, which knows other hosts' runs;
/// a run that is in both is listed once. Without a database the file alone is read. With --context
/// only runs of that context are listed.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, group = ArgGroup::new("outcome"))]
pub struct ListArgs {
    #[command(flatten)]
    window: WindowArgs,
    /// Only this command, or the commands of this group: `webhooks retry-once`, `webhooks`
    #[arg(long, value_name = "WORDS")]
    command: Option<String>,
    /// Only runs of this user, or of this user behind sudo
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only runs on this host
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// Only runs that ended with this code; `failed` for any but 0
    #[arg(long, value_name = "CODE|failed", value_parser = parse_exit, group = "outcome")]
    exit: Option<Outcome>,
    /// Only runs that have not ended: they are at work, or were killed
    #[arg(long, group = "outcome")]
    unfinished: bool,
    /// Where to read: the file, or the database's table [default: both]
    #[arg(long, value_enum, value_name = "SOURCE")]
    source: Option<Source>,
    /// Runs of this page, 1 to 1000
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Go on behind this run, as the line below a page says
    #[arg(long, value_name = "PLACE", value_parser = told::<Cursor>)]
    after: Option<Cursor>,
}

/// Show one run: who, where, why, what was typed, and how it ended
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct ShowArgs {
    /// The run's id, or the beginning of it; `last` for the newest run
    #[arg(value_name = "RUN")]
    run: String,
    /// Where to read: the file, or the database's table [default: both]
    #[arg(long, value_enum, value_name = "SOURCE")]
    source: Option<Source>,
}

impl ListArgs {
    fn filter(&self, app: &App, window: &Window) -> Filter {
        Filter {
            since: window.since,
            until: window.until,
            command: self.command.as_deref().map(words),
            user: self.user.clone(),
            context: app.global.context.clone(),
            host: self.host.clone(),
            outcome: if self.unfinished { Some(Outcome::Unfinished) } else { self.exit },
        }
    }
}

/// A command's words, however they were spaced.
fn words(text: &str) -> String {
    text.split_whitespace().skip_while(|word| *word == "opsctl").collect::<Vec<_>>().join(" ")
}

fn parse_exit(text: &str) -> Result<Outcome, String> {
    match text {
        "failed" => Ok(Outcome::Failed),
        code => code.parse().map(Outcome::Exit).map_err(|_| match near::matches(code, ["failed"])[..] {
            [_, ..] => "did you mean `--exit failed`?".into(),
            [] => "it is `failed`, or an exit code: `opsctl help exit-codes`".into(),
        }),
    }
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::List(args) => app.cancel.guard(list(app, &args)).await,
        Command::Show(args) => app.cancel.guard(show(app, &args)).await,
    }
}

async fn list(app: &App, args: &ListArgs) -> Result<Exit> {
    let window = args.window.resolve(app)?;
    let filter = args.filter(app, &window);
    let table = table(app, args.source).await?;
    let past = past(app, args.source)?;
    let sources = render::Sources { file: past.is_some(), database: table.is_some() };
    let page = journal::list(past, table.as_ref(), &filter, args.after.as_ref(), args.limit.into()).await?;
    app.ui.emit(&render::list(app, &page, sources))?;
    if page.runs.is_empty() {
        app.ui.note("No runs match.");
        if filter.asks_for_names() {
            suggest(app, &filter, journal::names(self::past(app, args.source)?, table.as_ref()).await?);
        }
    }
    if let Some(next) = &page.next {
        let line = next_page(&app.global.arguments, &window, &next.to_string());
        app.ui.hint(&format!("older runs: `{line}`"));
    }
    Ok(Exit::Done)
}

/// An empty list may come from a typo.
fn suggest(app: &App, filter: &Filter, mut names: Names) {
    // A command that was never run is no typo.
    let verbs = tree::verbs().filter(|verb| verb.class != Class::Read);
    names.commands.extend(verbs.map(|verb| verb.words.to_owned()));
    if let Some((option, near)) = filter.nearest(&names) {
        app.ui.hint(&format!("did you mean `{option} {}`?", opsctl::text::shell_word(&near)));
    }
}

async fn show(app: &App, args: &ShowArgs) -> Result<Exit> {
    // Pasted with what stood around it.
    let id = args.run.trim_matches(|c: char| c.is_whitespace() || "`'\"".contains(c)).to_uppercase();
    let table = table(app, args.source).await?;
    let (past, table) = (|| past(app, args.source), table.as_ref());
    let found = match &*id {
        LAST => newest(past()?, table).await?,
        id => journal::find(past()?, table, id).await?,
    };
    match found {
        Found::One(seen) => {
            app.ui.emit(&render::show(app, &seen))?;
            Ok(Exit::Done)
        }
        Found::Several(ids) => {
            let error = Error::usage(format!("several runs begin with `{id}`"));
            Err(ids
                .iter()
                .fold(error, |error, id| error.hint(format!("show one: `opsctl journal show {id}`"))))
        }
        Found::None if id == LAST => Err(Error::new(Kind::NotFound, "the journal knows no run")),
        Found::None => {
            let error = Error::new(Kind::NotFound, format!("there is no run `{id}` in the journal"));
            let near = journal::near(past()?, table, &id).await?;
            Err(match near.first() {
                Some(near) => error.hint(format!("did you mean `opsctl journal show {near}`?")),
                None => error.hint("the newest runs: `opsctl journal list`"),
            })
        }
    }
}

async fn newest(past: Option<Past>, table: Option<&JournalTable<'_>>) -> Result<Found> {
    let page = journal::list(past, table, &Filter::default(), None, 1).await?;
    Ok(page.runs.into_iter().next().map_or(Found::None, |seen| Found::One(Box::new(seen))))
}

/// This host's file; none where nothing was recorded yet.
fn past(app: &App, source: Option<Source>) -> Result<Option<Past>> {
    let Some(folder) = app.environment.state_dir().filter(|_| source != Some(Source::Database)) else {
        return Ok(None);
    };
    match Past::open(&folder) {
        Ok(past) => Ok(Some(past)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let error = Error::config(format!("the journal in {} cannot be read", folder.display()))
                .because(error)
                .hint("name its folder: OPSCTL_STATE_DIR");
            if source.is_some() {
                return Err(error);
            }
            app.ui.warn_of("from the database alone", &error);
            Ok(None)
        }
    }
}

/// The database's table; without `--source database` the list does without one, and says so.
async fn table(app: &App, source: Option<Source>) -> Result<Option<JournalTable<'_>>> {
    let open = async {
        let db = app.db().await?;
        let table = JournalTable::open(db).await?.ok_or_else(|| {
            Error::config(format!("{} has no table {TABLE}", db.target()))
                .hint("`opsctl db migrate` adds it; changes are recorded there from then on")
        })?;
        table.require_readable().await?;
        Ok::<_, Error>(table)
    };
    match source {
        Some(Source::File) => Ok(None),
        Some(Source::Database) => open.await.map(Some),
        None => {
            let slow = |_| {
                Err(Error::failed(format!("the database gave no answer within {} s", PATIENCE.as_secs())))
            };
            match tokio::time::timeout(PATIENCE, open).await.unwrap_or_else(slow) {
                Ok(table) => Ok(Some(table)),
                Err(error) => {
                    app.ui.note(&format!("From this host's file alone: {error}."));
                    error.hints().iter().for_each(|hint| app.ui.hint(hint));
                    Ok(None)
                }
            }
        }
    }
}
