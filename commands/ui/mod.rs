//! The terminal: streams, colour, width, messages. stdout carries the data of the chosen format and nothing else;
//! everything for people goes to stderr.

mod format;
mod progress;
mod table;
mod time;

use std::io::{IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use opsctl::{Error, Exit, config::Environment, text::printable};
use serde_json::json;

pub use self::{
    format::{Format, View},
    progress::Bar,
    table::{Align, Cell, Table, Tone},
    time::{Zone, ago, span},
};

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();
const BANNER: Style = Style::new()
    .bold()
    .fg_color(Some(anstyle::Color::Ansi(AnsiColor::White)))
    .bg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Both streams, and what they can do.
#[derive(Debug, Clone)]
pub struct Ui {
    /// The format of the data.
    pub format: Format,
    /// Where times for people are seen from.
    pub zone: Zone,
    quiet: bool,
    silent: bool,
    interactive: bool,
    stdout: ColorChoice,
    stderr: ColorChoice,
    width: Option<u16>,
    terminal: bool,
}

impl Ui {
    /// Reads the streams' abilities once.
    pub fn new(
        format: Format,
        color: Color,
        quiet: bool,
        no_interaction: bool,
        zone: Zone,
        env: &Environment,
    ) -> Self {
        let choice = |terminal: bool| match color {
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
            Color::Auto if env.filled("NO_COLOR").is_some() || env.get("TERM") == Some("dumb") => {
                ColorChoice::Never
            }
            Color::Auto if env.filled("CLICOLOR_FORCE").is_some_and(|force| force != "0") => {
                ColorChoice::Always
            }
            Color::Auto if terminal => ColorChoice::Always,
            Color::Auto => ColorChoice::Never,
        };
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let columns = env.filled("COLUMNS").and_then(|text| text.parse().ok());
        let width = columns.or_else(|| terminal_size::terminal_size().map(|(width, _)| width.0));
        Self {
            format,
            zone,
            // A program that reads JSON reads errors on stderr, not notes.
            quiet: quiet || matches!(format, Format::Json | Format::Jsonl),
            silent: quiet,
            interactive: std::io::stdin().is_terminal()
                && err
                && !no_interaction
                && env.filled("CI").is_none(),
            stdout: choice(out),
            stderr: choice(err),
            width: width.filter(|_| out),
            terminal: err,
        }
    }

    /// Whether a question can be put and answered.
    pub fn can_ask(&self) -> bool {
        self.interactive
    }

    /// Whether a report of what was done, which nobody asked to see, may go out: not with `--quiet`, as in cron.
    pub fn wants_reports(&self) -> bool {
        !(self.silent && self.is_human())
    }

    /// Whether data goes out as a table for people.
    pub fn is_human(&self) -> bool {
        self.format == Format::Table
    }

    /// Whether stderr is a terminal that may be redrawn.
    pub fn can_redraw(&self) -> bool {
        self.terminal && !self.quiet
    }

    fn err(&self) -> AutoStream<std::io::Stderr> {
        AutoStream::new(std::io::stderr(), self.stderr)
    }

    /// A line for people. Silent with `--quiet`.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(self.err(), "{text}");
        }
    }

    /// What to type next. Silent with `--quiet`.
    pub fn hint(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(self.err(), "{CYAN}hint:{CYAN:#} {}", commands(text));
        }
    }

    /// Something that the operator should know, though the work goes on.
    pub fn warning(&self, text: &str) {
        let _ = writeln!(self.err(), "{YELLOW}warning:{YELLOW:#} {text}");
    }

    /// A warning from an error, with its hints.
    pub fn warn_of(&self, what: &str, error: &Error) {
        self.warning(&format!("{what}: {error}"));
        error.hints().iter().for_each(|hint| self.hint(hint));
    }

    /// Says in red where this command changes things.
    pub fn banner(&self, context: &str) {
        if !self.quiet {
            let _ = writeln!(self.err(), "{BANNER} PROTECTED {BANNER:#} {BOLD}context {context}{BOLD:#}");
        }
    }

    /// What failed, why, and what to type next; one JSON object when the data is JSON.
    pub fn error(&self, error: &Error) {
        let mut err = self.err();
        if matches!(self.format, Format::Json | Format::Jsonl) {
            let object = json!({
                "type": "error",
                "code": error.exit().code(),
                "kind": error.kind(),
                "message": error.message(),
                "causes": error.causes(),
                "hints": error.hints(),
            });
            let _ = writeln!(err, "{object}");
            return;
        }
        let _ = writeln!(err, "{RED}error:{RED:#} {}", printable(error.message()));
        for cause in error.causes() {
            let _ = writeln!(err, "  {BOLD}caused by:{BOLD:#} {}", printable(cause));
        }
        for hint in error.hints() {
            let _ = writeln!(err, "  {CYAN}hint:{CYAN:#} {}", commands(&printable(hint)));
        }
    }

    /// Writes data to stdout in the chosen format.
    pub fn emit(&self, view: &View) -> opsctl::Result<()> {
        let mut out = AutoStream::new(std::io::stdout().lock(), self.stdout);
        written(view.write(self, &mut out, self.data_is_coloured()).and_then(|()| out.flush()))
    }

    /// Writes a page or a script to stdout as it is, coloured where it is and may be.
    pub fn page(&self, text: &str) -> opsctl::Result<()> {
        let mut out = AutoStream::new(std::io::stdout().lock(), self.stdout);
        written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Whether data is coloured.
    pub fn data_is_coloured(&self) -> bool {
        self.stdout != ColorChoice::Never
    }

    /// Width of the terminal that shows the data; `None` when nobody looks at it directly.
    pub fn width(&self) -> Option<u16> {
        self.width
    }
}

/// A reader that went away is content with what it got.
fn written(result: std::io::Result<()>) -> opsctl::Result<()> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::failed("the output cannot be written").because(error))
        }
        _ => Ok(()),
    }
}

/// Marks the commands in a text, which stand in backquotes, so that they can be found at a glance.
fn commands(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (at, part) in text.split('`').enumerate() {
        match at {
            0 => out.push_str(part),
            at if at % 2 == 1 => out.push_str(&format!("{BOLD}`{part}")),
            _ => out.push_str(&format!("`{BOLD:#}{part}")),
        }
    }
    out
}

/// A failure before there is anything to speak through.
pub fn fatal(text: &str) -> Exit {
    let _ = writeln!(std::io::stderr(), "error: {text}");
    Exit::Failed
}

/// Makes the cursor visible, should a prompt have been left while it was hidden.
pub fn show_cursor() {
    if std::io::stderr().is_terminal() {
        let _ = writeln!(std::io::stderr(), "\u{1b}[?25h"); // and what follows begins on a line of its own
    }
}
