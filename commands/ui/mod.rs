//! The terminal: streams, colour, width, messages. stdout carries the data of the chosen format and nothing else;
//! everything for people goes to stderr.

mod choice;
mod format;
mod leaders;
mod locale;
mod nagios;
mod place;
mod progress;
mod table;
mod time;

use std::{
    borrow::Cow,
    cell::{Cell as Mark, RefCell},
    io::{BufWriter, IsTerminal, Write},
};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use opsctl::{
    Error, Exit, Kind,
    config::Environment,
    text::{printable, without_passwords},
};
use serde::Serialize;
use serde_json::json;

pub use self::{
    choice::Choice,
    format::{Format, View},
    leaders::{FACTS, items, leaders, rows},
    nagios::Status,
    place::Place,
    progress::Bar,
    table::{Align, Cell, Column, Table, Tone},
    time::{Zone, ago, span},
};
#[cfg(test)]
pub use self::{format::SCHEMA_VERSION, leaders::FactLine};
use self::{nagios::Heard, table::Look};

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

/// An error as an object: what stderr holds when the data is JSON.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failure<'a> {
    /// Always `error`.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "error")))]
    r#type: &'static str,
    /// The exit code.
    code: u8,
    /// What sort of failure it is.
    kind: Kind,
    /// What failed, in one line.
    message: &'a str,
    /// Why, outermost first.
    causes: &'a [String],
    /// What to do next.
    hints: &'a [String],
}

impl<'a> Failure<'a> {
    fn of(error: &'a Error) -> Self {
        Self {
            r#type: "error",
            code: error.exit().code(),
            kind: error.kind(),
            message: error.message(),
            causes: error.causes(),
            hints: error.hints(),
        }
    }
}

/// Where data goes.
type Data = BufWriter<Box<dyn Write>>;

/// Both streams, and what they can do.
#[derive(Debug, Clone)]
pub struct Ui {
    /// The format of the data.
    pub format: Format,
    /// Where times for people are seen from.
    pub zone: Zone,
    /// What of a table is shown.
    pub choice: Choice,
    quiet: bool,
    silent: bool,
    interactive: bool,
    stdout: ColorChoice,
    stderr: ColorChoice,
    width: Option<u16>,
    terminal: bool,
    data_on_terminal: bool,
    utf8: bool,
    place: Place,
    heard: RefCell<Heard>,
    left: Mark<bool>,
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
        let columns = env.filled("COLUMNS").and_then(|text| text.parse().ok()).filter(|width| *width > 0);
        let width = columns.or_else(|| terminal_size::terminal_size().map(|(width, _)| width.0));
        Self {
            format,
            zone,
            choice: Choice::default(),
            quiet: quiet || format.reads_stderr(),
            silent: quiet,
            interactive: std::io::stdin().is_terminal()
                && err
                && !no_interaction
                && env.filled("CI").is_none(),
            stdout: choice(out),
            stderr: choice(err),
            width: width.filter(|_| out),
            terminal: err && env.get("TERM") != Some("dumb"),
            data_on_terminal: out,
            utf8: locale::is_utf8(env),
            place: Place::default(),
            heard: RefCell::default(),
            left: Mark::default(),
        }
    }

    /// The same, with hints whose commands work where this one does.
    #[must_use]
    pub fn working_in(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// The same, with another choice of columns and rows.
    #[must_use]
    pub fn choosing(self, choice: Choice) -> Self {
        Self { choice, ..self }
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
        self.format.is_human()
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
            let _ = writeln!(self.err(), "{}", self.shown(text, false));
        }
    }

    /// What to type next. Silent with `--quiet`.
    pub fn hint(&self, text: &str) {
        if !self.quiet {
            let text = &self.place.on(text);
            let _ = writeln!(self.err(), "{CYAN}hint:{CYAN:#} {}", commands(&self.shown(text, false)));
        }
    }

    /// Something that the operator should know, though the work goes on.
    pub fn warning(&self, text: &str) {
        let _ = writeln!(self.err(), "{YELLOW}warning:{YELLOW:#} {}", self.shown(text, false));
    }

    /// A warning from an error, with its hints.
    pub fn warn_of(&self, what: &str, error: &Error) {
        self.warning(&format!("{what}: {}", without_passwords(&error.to_string())));
        error.hints().iter().for_each(|hint| self.hint(hint));
    }

    /// Says in red where this command changes things. What asks for a confirmation says so with `--quiet`, too; only a
    /// program that reads stderr gets nothing but its error.
    pub fn banner(&self, context: &str, asks: bool) {
        let told = if asks { self.interactive || !self.format.reads_stderr() } else { !self.quiet };
        if told {
            let _ = writeln!(self.err(), "{BANNER} PROTECTED {BANNER:#} {BOLD}context {context}{BOLD:#}");
        }
    }

    /// What a question is about, on a line of its own: told whatever is silenced, since an answer rests on it.
    pub fn announce(&self, deed: &str) {
        let mut letters = deed.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        let sentence: String = first.into_iter().chain(letters).chain(['.']).collect();
        let _ = writeln!(self.err(), "{}", self.shown(&printable(&sentence), false));
    }

    /// What failed, why, and what to type next; one JSON object when the data is JSON.
    pub fn error(&self, error: &Error) {
        let error = &error
            .retold(|text| without_passwords(text).into(), |hint| self.place.on(&without_passwords(hint)));
        self.heard.borrow_mut().error(error);
        let mut err = self.err();
        if matches!(self.format, Format::Json | Format::Jsonl) {
            let _ = writeln!(err, "{}", json!(Failure::of(error)));
            return;
        }
        let shown = |text: &str| self.shown(&printable(text), false).into_owned();
        let _ = writeln!(err, "{RED}error:{RED:#} {}", shown(error.message()));
        for cause in error.causes() {
            let _ = writeln!(err, "  {BOLD}caused by:{BOLD:#} {}", shown(cause));
        }
        for hint in error.hints() {
            let _ = writeln!(err, "  {CYAN}hint:{CYAN:#} {}", commands(&shown(hint)));
        }
    }

    /// What the command line lacks, in clap's words, coloured where it may be.
    pub fn usage(&self, error: &clap::Error) {
        let text = error.render().ansi().to_string();
        let _ = write!(self.err(), "{}", without_passwords(&text));
    }

    /// Writes data to stdout in the chosen format. A reader that went away is content with what it got.
    ///
    /// # Errors
    /// A choice that the data cannot honour, or a stdout that takes nothing.
    pub fn emit(&self, view: &View) -> opsctl::Result<()> {
        self.choice.check_format(self.format)?;
        self.choice.check(view.command, &view.table.columns)?;
        self.heard.borrow_mut().summary(&view.summary);
        self.write_data(self.is_human(), |out| view.write(self, out))
    }

    /// Whether the reader of the data went away: what prints again and again may end.
    pub fn reader_left(&self) -> bool {
        self.left.get()
    }

    /// Makes room for what is printed next, where a terminal shows it: the screen is cleared from its upper left corner
    /// on. No mode of the terminal is changed, so nothing has to be put back.
    ///
    /// # Errors
    /// A stdout that takes nothing.
    pub fn redraw(&self) -> opsctl::Result<()> {
        if self.data_on_terminal && self.terminal { self.script("\u{1b}[H\u{1b}[2J") } else { Ok(()) }
    }

    /// Writes a page for people, which is the same in every format, as the locale can show it.
    ///
    /// # Errors
    /// A stdout that takes nothing.
    pub fn page(&self, text: &str) -> opsctl::Result<()> {
        self.write_data(true, |out| out.write_all(self.shown(text, false).as_bytes()))
    }

    /// Writes a script, every byte as it is.
    ///
    /// # Errors
    /// A stdout that takes nothing.
    pub fn script(&self, text: &str) -> opsctl::Result<()> {
        self.write_data(false, |out| out.write_all(text.as_bytes()))
    }

    /// For people, colour is stripped where none is wanted; machines get every byte.
    fn write_data(
        &self,
        for_people: bool,
        write: impl FnOnce(&mut Data) -> std::io::Result<()>,
    ) -> opsctl::Result<()> {
        let stdout = std::io::stdout().lock();
        let mut out: Data = match for_people {
            true => BufWriter::new(Box::new(AutoStream::new(stdout, self.stdout))),
            false => BufWriter::new(Box::new(stdout)),
        };
        match write(&mut out).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) => {
                let _ = out.into_parts(); // what is left would be written again
                match error.kind() {
                    std::io::ErrorKind::BrokenPipe => {
                        self.left.set(true);
                        Ok(())
                    }
                    _ => Err(Error::failed("the output cannot be written").because(error)),
                }
            }
        }
    }

    /// What the command found, where its exit code does not say it all. For the format `nagios`.
    pub fn verdict(&self, status: Status) {
        self.heard.borrow_mut().verdict(status);
    }

    /// What the command found, in one sentence without a full stop. For the format `nagios`.
    pub fn says(&self, text: &str) {
        self.heard.borrow_mut().says(text);
    }

    /// The last line of a command: how it ended, and the code for that in the chosen format. Only the format `nagios`
    /// has such a line, which may fail, and codes of its own.
    pub fn conclude(&self, command: &str, exit: Exit) -> (Exit, u8) {
        if self.format != Format::Nagios {
            return (exit, exit.code());
        }
        let heard = self.heard.borrow();
        let line = heard.line(command, exit);
        match self.write_data(false, |out| writeln!(out, "{line}")) {
            Ok(()) => (exit, heard.status(exit).code()),
            Err(error) => (error.exit(), Status::Unknown.code()),
        }
    }

    /// A table as the format and the options want it: rows sorted, columns picked.
    fn arranged(&self, table: &Table) -> Table {
        let mut sorted = table.clone();
        self.choice.sort(&mut sorted);
        self.choice.pick(&sorted, self.format)
    }

    /// A table for people, in the width at hand. What does not fit is left out and told.
    pub fn draw(&self, table: &Table) -> String {
        let chosen = !self.choice.columns.is_empty();
        let width = self.width().filter(|_| self.format == Format::Table);
        let left_out = table.left_out(width);
        if !chosen && !left_out.is_empty() {
            let names: Vec<&str> = left_out.iter().map(|column| column.key).collect();
            self.note(&format!("Too narrow for {}: `-o wide` shows all columns.", names.join(", ")));
        }
        table.draw_as(Look {
            width,
            colours: self.data_is_coloured(),
            headings: !self.choice.no_headers,
            narrow: !chosen,
        })
    }

    /// The names of columns, for `--columns help`.
    pub fn names(&self, columns: &[Column]) -> String {
        choice::names(columns).draw(None, self.data_is_coloured())
    }

    /// A text as the terminal's locale can show it. `in_line` keeps the width of a cut cell.
    fn shown<'a>(&self, text: &'a str, in_line: bool) -> Cow<'a, str> {
        if self.utf8 { Cow::Borrowed(text) } else { locale::plain(text, in_line) }
    }

    /// Whether stdout is a terminal.
    fn data_on_terminal(&self) -> bool {
        self.data_on_terminal
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
