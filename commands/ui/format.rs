//! The formats of data on stdout.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use opsctl::text::{is_unprintable, printable};
use serde_json::{Value, json};

use super::{Table, Ui};

/// Version of the JSON envelope; members may be added without raising it.
pub const SCHEMA_VERSION: u32 = 1;

/// A format of `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, cut to the width of a terminal.
    Table,
    /// For people: all columns, nothing cut.
    Wide,
    /// One object with an envelope.
    Json,
    /// One object per item, then the summary.
    Jsonl,
    /// A heading and one line per item, quoted, for spreadsheets.
    Csv,
    /// A heading and one line per item, split by tabs, never quoted, for scripts.
    Tsv,
    /// One id per line.
    Ids,
    /// One line and the exit codes of a Nagios plugin, where a command has a verdict.
    Nagios,
}

impl Format {
    /// Its word.
    pub fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self)
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether people read it.
    pub const fn is_human(self) -> bool {
        matches!(self, Format::Table | Format::Wide)
    }

    /// Whether a program reads the errors on stderr, and nothing else may stand there.
    pub const fn reads_stderr(self) -> bool {
        matches!(self, Format::Json | Format::Jsonl | Format::Nagios)
    }
}

/// What a command has to say, for every format.
#[derive(Debug, Clone)]
pub struct View {
    /// The command, as in `webhooks list`.
    pub command: &'static str,
    /// Name of the context.
    pub context: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// `data` of the envelope.
    pub data: Value,
    /// `summary` of the envelope, and the last line of jsonl.
    pub summary: Value,
    /// The lines of jsonl.
    pub items: Vec<Value>,
    /// Rows of csv, ids (their first column) and, without `text`, of the table.
    pub table: Table,
    /// What people read, where that is more than the table.
    pub text: Option<String>,
}

impl View {
    /// Writes in any format but that of Nagios, whose line is written when the command has ended.
    pub(super) fn write(&self, ui: &Ui, out: &mut impl Write) -> io::Result<()> {
        match ui.format {
            Format::Table | Format::Wide => {
                let text = self.for_people(ui);
                out.write_all(ui.shown(&text, true).as_bytes())
            }
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &self.envelope())?;
                writeln!(out)
            }
            Format::Jsonl => {
                for item in &self.items {
                    writeln!(out, "{item}")?;
                }
                writeln!(out, "{}", json!({"type": "summary", "summary": self.summary}))
            }
            Format::Csv => write_csv(&ui.arranged(&self.table), ui, out),
            Format::Tsv => write_tsv(&ui.arranged(&self.table), ui, out),
            Format::Ids => {
                let mut table = self.table.clone();
                ui.choice.sort(&mut table);
                for row in &table.rows {
                    writeln!(out, "{}", printable(row.first().map_or("", |cell| &cell.raw)))?;
                }
                Ok(())
            }
            Format::Nagios => Ok(()),
        }
    }

    fn for_people(&self, ui: &Ui) -> String {
        match &self.text {
            Some(text) if ui.format == Format::Table && !ui.choice.is_made() => text.clone(),
            _ if self.table.rows.is_empty() => String::new(),
            _ => ui.draw(&ui.arranged(&self.table)),
        }
    }

    fn envelope(&self) -> Value {
        json!({
            "schema_version": SCHEMA_VERSION,
            "command": self.command,
            "context": self.context,
            "generated_at": self.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "data": self.data,
            "summary": self.summary,
        })
    }
}

/// As RFC 4180 has it. Made in memory: an error that the csv crate passes on no longer says that the pipe was closed.
fn write_csv(table: &Table, ui: &Ui, out: &mut impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    if !ui.choice.no_headers {
        csv.write_record(table.columns.iter().map(|column| column.key))?;
    }
    for row in &table.rows {
        let cells = row.iter().map(|cell| match ui.data_on_terminal() {
            true => harmless(&printable(&cell.raw)),
            false => harmless(&cell.raw),
        });
        csv.write_record(cells)?;
    }
    out.write_all(&csv.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

fn write_tsv(table: &Table, ui: &Ui, out: &mut impl Write) -> io::Result<()> {
    if !ui.choice.no_headers {
        let keys: Vec<&str> = table.columns.iter().map(|column| column.key).collect();
        writeln!(out, "{}", keys.join("\t"))?;
    }
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(&cell.raw)).collect();
        writeln!(out, "{}", cells.join("\t"))?;
    }
    Ok(())
}

/// A cell of tsv, escaped as PostgreSQL's COPY does in its text format: what would split a cell or steer a terminal is
/// spelled out, so that splitting at line breaks and tabs gives the cells.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '\t' => out.push_str(r"\t"),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '\u{8}' => out.push_str(r"\b"),
            '\u{b}' => out.push_str(r"\v"),
            '\u{c}' => out.push_str(r"\f"),
            c if is_unprintable(c) => {
                let bytes = c
                    .encode_utf8(&mut [0; 4])
                    .bytes()
                    .map(|byte| format!(r"\x{byte:02x}"))
                    .collect::<String>();
                out.push_str(&bytes);
            }
            c => out.push(c),
        }
    }
    out
}

/// A cell that a spreadsheet would run as a formula is shown as text instead.
fn harmless(text: &str) -> String {
    let number = text.parse::<f64>().is_ok();
    if !number && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_numbers_stay() {
        assert_eq!(harmless("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(harmless("@x"), "'@x");
        assert_eq!(harmless("-2"), "-2");
        assert_eq!(harmless("plain"), "plain");
    }

    /// Reads a cell by the rules of COPY (PostgreSQL's documentation, "COPY", "Text Format").
    fn unescaped(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'\\' => match rest.next().unwrap() {
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b'b' => 8,
                    b'v' => 11,
                    b'f' => 12,
                    b'x' => {
                        let digits = [rest.next().unwrap(), rest.next().unwrap()];
                        u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                    }
                    other => other,
                },
                byte => byte,
            });
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_cell_of_tsv_is_one_word_without_control_characters() {
        assert_eq!(escaped("a\tb\nc\\d\u{1b}[31m\u{85}"), r"a\tb\nc\\d\x1b[31m\xc2\x85");
        assert_eq!(escaped("=1+1, \"é\" 🧾"), "=1+1, \"é\" 🧾");
    }

    proptest::proptest! {
        #[test]
        fn splitting_tsv_gives_the_cells_back(rows in proptest::collection::vec(proptest::collection::vec(proptest::prelude::any::<String>(), 3), 0..5)) {
            let text: String = rows
                .iter()
                .map(|row| row.iter().map(|cell| escaped(cell)).collect::<Vec<_>>().join("\t") + "\n")
                .collect();
            let back: Vec<Vec<String>> =
                text.lines().map(|line| line.split('\t').map(unescaped).collect()).collect();
            proptest::prop_assert_eq!(back, rows);
            proptest::prop_assert!(text.chars().all(|c| matches!(c, '\t' | '\n') || !is_unprintable(c)));
        }
    }
}
