//! The formats of data on stdout.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Table, Ui};

/// Version of the JSON envelope; members may be added without raising it.
const SCHEMA_VERSION: u32 = 1;

/// A format of `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One object with an envelope.
    Json,
    /// One object per item, then the summary.
    Jsonl,
    /// A heading and one line per item.
    Csv,
    /// One id per line.
    Ids,
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
    pub(super) fn write(&self, ui: &Ui, out: &mut impl Write, colours: bool) -> io::Result<()> {
        match ui.format {
            Format::Table => match &self.text {
                Some(text) => out.write_all(text.as_bytes()),
                None if self.table.rows.is_empty() => Ok(()),
                None => out.write_all(self.table.draw(ui.width(), colours).as_bytes()),
            },
            Format::Json => {
                let envelope = json!({
                    "schema_version": SCHEMA_VERSION,
                    "command": self.command,
                    "context": self.context,
                    "generated_at": self.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
                    "data": self.data,
                    "summary": self.summary,
                });
                serde_json::to_writer_pretty(&mut *out, &envelope)?;
                writeln!(out)
            }
            Format::Jsonl => {
                for item in &self.items {
                    writeln!(out, "{item}")?;
                }
                writeln!(out, "{}", json!({"type": "summary", "summary": self.summary}))
            }
            Format::Csv => self.write_csv(out),
            Format::Ids => {
                for row in &self.table.rows {
                    writeln!(out, "{}", row.first().map_or("", |cell| cell.raw.as_str()))?;
                }
                Ok(())
            }
        }
    }

    fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(self.table.columns.iter().map(|(key, _)| key))?;
        for row in &self.table.rows {
            csv.write_record(row.iter().map(|cell| harmless(&cell.raw)))?;
        }
        csv.flush()
    }
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
}
