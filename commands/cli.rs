//! The command tree, the global options, and the way from arguments to an exit code.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{
    Args, FromArgMatches, Parser, Subcommand,
    builder::{
        Styles,
        styling::{AnsiColor, Style},
    },
    error::ErrorKind,
};
use clap_complete::{ArgValueCandidates, ArgValueCompleter, PathCompleter};
use opsctl::{Error, Exit, Result, config::Environment};

use crate::{
    about,
    app::App,
    artisan, clusters, complete, completions, context, db, demo, environment, help, init, journal, locks,
    prints, queue, record, redis, rls, schedule, tenant, tree,
    ui::{Choice, Color, Format, Place, Ui, Zone},
    verb::Verb,
    webhooks,
};

/// Headings of help pages.
pub const HEADING: Style = AnsiColor::Green.on_default().bold();
/// What can be typed as it stands.
pub const LITERAL: Style = AnsiColor::Cyan.on_default().bold();

const STYLES: Styles = Styles::styled()
    .header(HEADING)
    .usage(HEADING)
    .literal(LITERAL)
    .placeholder(AnsiColor::Cyan.on_default());

/// Operate Laravel-style SaaS systems straight on their databases and Redis
///
/// Works whether the PHP application is up, down or in the middle of a deploy: on PostgreSQL, MySQL/MariaDB and
/// SQLite, with the application's own locks and in its own formats.
#[derive(Debug, Parser)]
#[command(
    name = "opsctl",
    version,
    styles = STYLES,
    disable_help_subcommand = true,
    after_help = "Begin with `opsctl demo`. Topics: `opsctl help`."
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Named context of an opsctl.toml (OPSCTL_CONTEXT)
    #[arg(
        long,
        short = 'c',
        global = true,
        value_name = "NAME",
        hide_short_help = true,
        add = ArgValueCandidates::new(complete::contexts)
    )]
    pub context: Option<String>,
    /// The opsctl.toml to read, instead of the one in this folder
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub config: Option<PathBuf>,
    /// Folder of the Laravel application, instead of this one (OPSCTL_APP)
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        hide_short_help = true,
        add = ArgValueCompleter::new(PathCompleter::dir())
    )]
    pub app: Option<PathBuf>,
    /// Environment of the application: reads `.env.NAME` when it exists
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub env: Option<String>,
    /// Format of the data on stdout
    #[arg(long, short = 'o', global = true, value_enum, value_name = "FORMAT", default_value = "table")]
    output: Format,
    /// Short for `--output json`
    #[arg(long, global = true, conflicts_with = "output")]
    json: bool,
    /// Short for `--output wide`
    #[arg(long, global = true, conflicts_with_all = ["output", "json"], hide_short_help = true)]
    wide: bool,
    /// Columns of the table, in this order; `help` lists them
    #[arg(
        long,
        global = true,
        value_name = "NAMES",
        value_delimiter = ',',
        hide_short_help = true,
        add = ArgValueCandidates::new(complete::columns)
    )]
    columns: Vec<String>,
    /// Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page
    #[arg(
        long,
        global = true,
        value_name = "NAMES",
        value_delimiter = ',',
        allow_hyphen_values = true,
        hide_short_help = true,
        add = ArgValueCandidates::new(complete::columns)
    )]
    sort_by: Vec<String>,
    /// No line of headings: table, wide, csv, tsv
    #[arg(long, global = true, hide_short_help = true)]
    no_headers: bool,
    /// When to colour
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        hide_short_help = true
    )]
    color: Color,
    /// Zone in which times are shown to people: `UTC`, `Asia/Jakarta`
    #[arg(
        long,
        global = true,
        value_name = "ZONE",
        default_value = "UTC",
        value_parser = told::<Zone>,
        hide_short_help = true,
        add = ArgValueCompleter::new(complete::zones)
    )]
    tz: Zone,
    /// Say nothing but data, warnings and errors
    #[arg(long, short = 'q', global = true, hide_short_help = true)]
    quiet: bool,
    /// Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)
    #[arg(long, short = 'v', global = true, action = clap::ArgAction::Count, hide_short_help = true)]
    verbose: u8,
    /// Never ask
    #[arg(long, short = 'n', global = true, hide_short_help = true)]
    no_interaction: bool,
    /// Answer yes to questions
    #[arg(long, short = 'y', global = true, hide_short_help = true)]
    pub yes: bool,
    /// Confirm a destructive command in a protected context by the context's name
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub confirm: Option<String>,
    /// Why this is done; goes into the journal
    #[arg(long, global = true, value_name = "TEXT", hide_short_help = true)]
    pub reason: Option<String>,
    /// Stop when this much time has passed: `90s`, `5m`
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_duration, hide_short_help = true)]
    pub timeout: Option<Duration>,
    /// The arguments as typed, for the journal
    #[arg(skip)]
    pub arguments: Vec<String>,
}

impl Global {
    /// The reason, when one is given; blanks are none.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty())
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Payment webhooks: list, show, explain, retry
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    /// The queues of the application: status, inspect, failed, retry, forget, flush, prune, clear, restart, pause, resume, work
    #[command(subcommand)]
    Queue(queue::Command),
    /// The cache locks of the application: list, clear
    #[command(subcommand)]
    Locks(locks::Command),
    /// What runs when: list, run, work, output, clear-cache, crontab
    #[command(subcommand)]
    Schedule(schedule::Command),
    /// The clusters of a platform: list, show, probe, migrate, repair, add, edit, drain, remove
    #[command(subcommand)]
    Clusters(clusters::Command),
    /// The platform's tenants: list, show, create, provision, master taxonomies
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Whether tenants are kept apart: row-level security and its equivalents
    #[command(subcommand)]
    Rls(rls::Command),
    /// Who changed what: list, show
    #[command(subcommand)]
    Journal(journal::Command),
    /// The database's schema: migrate, status, seed, fresh
    #[command(subcommand)]
    Db(db::Command),
    About(about::Args),
    /// Named contexts: list, show, choose one
    #[command(subcommand)]
    Context(context::Command),
    /// The Redis servers of the application: ping
    #[command(subcommand)]
    Redis(redis::Command),
    Init(init::Args),
    Demo(demo::Args),
    Completions(completions::Args),
    Help(help::Args),
}

/// Parses, runs, reports, and gives the code that the process ends with.
pub async fn main(arguments: Vec<OsString>) -> u8 {
    let environment = environment::read();
    let cwd = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    execute(arguments, &environment, cwd).await.1
}

/// As [`main`], in another folder and environment: the demo runs its commands through it.
pub async fn run(arguments: Vec<OsString>, environment: &Environment, cwd: PathBuf) -> Exit {
    execute(arguments, environment, cwd).await.0
}

/// How the command ended, and the code for it in the chosen format.
async fn execute(typed: Vec<OsString>, environment: &Environment, cwd: PathBuf) -> (Exit, u8) {
    let arguments = match artisan::translate(&typed) {
        Ok(arguments) => arguments,
        Err(error) => return misread(&error, &typed, environment),
    };
    let (Cli { global, command }, verb) = match parse(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error, &arguments, environment),
    };
    let ui = global.ui(environment);
    log(&ui, &global, environment);
    let app = App::new(ui, verb, global, environment.clone(), cwd);
    let signals = tokio::spawn(crate::signals::forward(app.cancel.clone(), verb, app.ui.clone()));
    let orphaned =
        tokio::spawn(crate::signals::orphaned(app.cancel.clone(), environment::parent(environment)));
    let result = match environment::arm(environment).and_then(|()| prints::check(&app.ui, verb)) {
        Ok(()) if app.ui.choice.asks_for_names() => prints::names(&app.ui, verb),
        Ok(()) => dispatch(&app, command).await,
        Err(error) => Err(error),
    };
    let error = result.as_ref().err();
    if let Some(error) = error {
        app.ui.error(error);
    }
    let exit = result.as_ref().map_or_else(Error::exit, |exit| *exit);
    let (exit, code) = app.ui.conclude(verb.words, exit);
    record::conclude(&app, exit, error).await;
    app.close().await;
    signals.abort();
    orphaned.abort();
    (exit, code)
}

impl Global {
    fn ui(&self, environment: &Environment) -> Ui {
        let format = match (self.json, self.wide) {
            (true, _) => Format::Json,
            (false, true) => Format::Wide,
            (false, false) => self.output,
        };
        let choice = Choice {
            columns: self.columns.clone(),
            sort_by: self.sort_by.clone(),
            no_headers: self.no_headers,
        };
        Ui::new(format, self.color, self.quiet, self.no_interaction, self.tz, environment)
            .choosing(choice)
            .working_in(Place::typed(&self.arguments))
    }
}

fn parse(arguments: &[OsString]) -> Result<(Cli, &'static Verb), clap::Error> {
    let mut command = tree::tree();
    let matches = command.try_get_matches_from_mut(arguments)?;
    let words = tree::words(&matches);
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    cli.global.arguments =
        arguments.iter().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    match tree::verb(&words) {
        Some(verb) => Ok((cli, verb)),
        None => Err(command.error(ErrorKind::InvalidSubcommand, format!("`{words}` is no command"))),
    }
}

/// Help goes to stdout and errors to stderr; who asked for a machine's format gets errors in it, too.
fn usage(error: &clap::Error, arguments: &[OsString], environment: &Environment) -> (Exit, u8) {
    let ui = Ui::new(Format::Table, Color::Auto, false, true, Zone::Utc, environment);
    if !error.use_stderr() {
        let _ = ui.page(&error.render().ansi().to_string());
        return (Exit::Done, Exit::Done.code());
    }
    if wanted(arguments) == Format::Table {
        ui.usage(error);
        return (Exit::Usage, Exit::Usage.code());
    }
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    misread(&lines.fold(Error::usage(message), Error::because), arguments, environment)
}

/// Reports what cannot be understood, before the options say how to report.
fn misread(error: &Error, arguments: &[OsString], environment: &Environment) -> (Exit, u8) {
    let ui = Ui::new(wanted(arguments), Color::Auto, false, true, Zone::Utc, environment);
    ui.error(error);
    ui.conclude("opsctl", error.exit())
}

/// The format that a command line asks for which clap could not read; the table, where errors have no form of their own.
fn wanted(arguments: &[OsString]) -> Format {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let known = |format: &str| match format {
        "json" | "jsonl" => Some(Format::Json),
        "nagios" => Some(Format::Nagios),
        _ => None,
    };
    let glued = |word: &&str| match *word {
        "--json" => Some(Format::Json),
        word => word.strip_prefix("--output=").or_else(|| word.strip_prefix("-o")).and_then(known),
    };
    let apart = |pair: &[&str]| matches!(pair[0], "-o" | "--output").then(|| known(pair[1])).flatten();
    words.iter().find_map(glued).or_else(|| words.windows(2).find_map(apart)).unwrap_or(Format::Table)
}

async fn dispatch(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::Webhooks(command) => webhooks::run(app, command).await,
        Command::Queue(command) => queue::run(app, command).await,
        Command::Locks(command) => locks::run(app, command).await,
        Command::Schedule(command) => schedule::run(app, command).await,
        Command::Clusters(command) => clusters::run(app, command).await,
        Command::Tenant(command) => tenant::run(app, command).await,
        Command::Rls(command) => rls::run(app, command).await,
        Command::Journal(command) => journal::run(app, command).await,
        Command::Db(command) => db::run(app, command).await,
        Command::About(args) => about::run(app, &args).await,
        Command::Context(command) => context::run(app, command),
        Command::Redis(command) => redis::run(app, command).await,
        Command::Init(args) => init::run(app, &args).await,
        Command::Demo(args) => Box::pin(demo::run(app, &args)).await,
        Command::Completions(args) => completions::run(app, &args),
        Command::Help(args) => help::run(app, &args),
    }
}

/// Logs for those who ask; they never hold a secret, since statements hold no values.
fn log(ui: &Ui, global: &Global, environment: &Environment) {
    let level = match global.verbose {
        0 => "off",
        1 => "opsctl=info",
        2 => "opsctl=debug",
        _ => "opsctl=trace,sqlx=debug",
    };
    let wanted = environment.filled("OPSCTL_LOG").unwrap_or(level);
    let (wanted, json) = wanted.strip_prefix("json:").map_or((wanted, false), |rest| (rest, true));
    let Ok(filter) = tracing_subscriber::EnvFilter::try_new(wanted) else {
        ui.warning("OPSCTL_LOG is not understood; it looks like `opsctl=debug`");
        return;
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        // It would say so on stderr, which is what failed.
        .log_internal_errors(false);
    // A second command of the same process finds the log set up.
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}

/// Reads a value of the library's, with the hints of its error, which clap would drop.
pub fn told<T: std::str::FromStr<Err = Error>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: Error| {
        let hints = error.hints().iter().map(|hint| format!("; {hint}"));
        std::iter::once(error.to_string()).chain(hints).collect()
    })
}

/// `90s`, `5m`, `1h30m`, `1d`, `1w`, or whole seconds; more than none.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let bad = || "a time looks like 90s, 5m, 1h30m or 1d".to_owned();
    let (mut rest, mut seconds) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().map_err(|_| bad())?;
        let (unit, length) = match rest[digits..].chars().next() {
            None if digits == text.len() => (1, 0),
            Some('s') => (1, 1),
            Some('m') => (60, 1),
            Some('h') => (3600, 1),
            Some('d') => (86_400, 1),
            Some('w') => (604_800, 1),
            _ => return Err(bad()),
        };
        seconds = number.checked_mul(unit).and_then(|part| seconds.checked_add(part)).ok_or_else(bad)?;
        rest = &rest[digits + length..];
    }
    if seconds == 0 { Err(bad()) } else { Ok(Duration::from_secs(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn the_command_tree_is_sound() {
        tree::tree().debug_assert();
    }

    #[test]
    fn a_machines_format_is_seen_on_a_line_that_cannot_be_read() {
        for words in [&["--json"][..], &["-o", "json"], &["--output=jsonl"], &["-ojson"]] {
            assert_eq!(wanted(&typed(words)), Format::Json, "{words:?}");
        }
        assert_eq!(wanted(&typed(&["db", "stauts", "-o", "nagios"])), Format::Nagios);
        for words in [&["-o", "csv"][..], &["json"], &["--output"]] {
            assert_eq!(wanted(&typed(words)), Format::Table, "{words:?}");
        }
    }

    #[test]
    fn times_are_whole_numbers_with_a_unit() {
        assert_eq!(parse_duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(parse_duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse_duration("1w"), Ok(Duration::from_secs(604_800)));
        for bad in ["", "0", "0s", "m", "5 m", "1h30", "1y", "-1s", "99999999999999999999d"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
