//! `opsctl locks`: the cache locks of the application. Each verb has a file of its own in the folder: its arguments, its
//! `Verb`, its run, and what it looks like.

mod clear;
mod known;
mod list;
mod places;

use opsctl::{
    Exit, Result,
    locks::{LockFilter, LockKind},
};

use crate::{app::App, verb::Verb};

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] = &[list::VERB, clear::VERB];

/// The cache locks of the application: list, clear
///
/// Locks of jobs, of the schedule and of runs, on Redis or in the table `cache_locks`, as Laravel 11 to
/// 13 keep them.
#[derive(Debug, clap::Subcommand)]
#[command(verbatim_doc_comment)]
pub enum Command {
    List(list::Args),
    Clear(clear::Args),
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::List(args) => app.cancel.guard(list::run(app, &args)).await,
        Command::Clear(args) => clear::run(app, &args).await,
    }
}

/// Which locks are meant; each condition must be met.
#[derive(Debug, Clone, clap::Args)]
struct FilterArgs {
    /// Only locks whose name matches: `*` stands for any text, `?` for one character
    #[arg(long, value_name = "GLOB")]
    pattern: Option<String>,
    /// Only these kinds
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_enum)]
    kind: Vec<KindArg>,
    /// Only locks that nobody needs, rows whose time is over among them
    #[arg(long)]
    stale: bool,
    /// Only locks that have no end
    #[arg(long)]
    no_expiry: bool,
}

/// Kinds of locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum KindArg {
    /// A second job of its kind in a queue.
    Unique,
    /// A second job of its key at work.
    Overlap,
    /// An entry of the schedule that runs twice.
    Schedule,
    /// An entry of the schedule that two servers begin.
    OneServer,
    /// A batch that runs twice.
    Run,
    /// A request that is answered twice.
    Idempotency,
    /// A command that runs twice.
    Command,
    /// A cache value that is made anew twice.
    Refresh,
    /// Something of the application's own.
    Other,
}

impl FilterArgs {
    fn filter(&self) -> LockFilter {
        let kind = |kind: &KindArg| match kind {
            KindArg::Unique => LockKind::Unique,
            KindArg::Overlap => LockKind::Overlap,
            KindArg::Schedule => LockKind::Schedule,
            KindArg::OneServer => LockKind::OneServer,
            KindArg::Run => LockKind::Run,
            KindArg::Idempotency => LockKind::Idempotency,
            KindArg::Command => LockKind::Command,
            KindArg::Refresh => LockKind::Refresh,
            KindArg::Other => LockKind::Other,
        };
        LockFilter {
            kinds: self.kind.iter().map(kind).collect(),
            pattern: self.pattern.clone(),
            stale: self.stale,
            no_expiry: self.no_expiry,
        }
    }

    fn is_empty(&self) -> bool {
        self.filter() == LockFilter::default()
    }
}

/// `1 lock`, `2 locks`.
fn counted(count: usize) -> String {
    if count == 1 { "1 lock".to_owned() } else { format!("{count} locks") }
}
