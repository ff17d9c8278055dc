//! Sections of facts in two columns, as artisan's `about` shows them: a green title, then a name, dots, and the value.

use anstyle::{AnsiColor, Style};
use opsctl::{
    config::describe::{Fact, Section, Standing},
    text::printable,
};
use serde_json::{Value, json};

use super::{CYAN, Cell, Column, Table, Tone, commands};

const TITLE: Style = AnsiColor::Green.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const WARN: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const DIM: Style = Style::new().dimmed();

/// What people read. `folder` is the one that they are in: where a value comes from is told without it.
pub fn leaders(sections: &[Section], folder: &str) -> String {
    let mut text = String::new();
    let told: Vec<&Section> = sections.iter().filter(|section| !section.facts.is_empty()).collect();
    let names =
        told.iter().flat_map(|section| &section.facts).map(|fact| without_unit(fact).0.chars().count());
    let width = names.max().unwrap_or_default() + 3;
    for (at, section) in told.into_iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        text.push_str(&format!("{TITLE}{}{TITLE:#}\n", title(section.name)));
        for fact in &section.facts {
            text.push_str(&line(fact, width, folder));
        }
    }
    text
}

fn line(fact: &Fact, width: usize, folder: &str) -> String {
    let style = match fact.standing {
        Standing::Plain if fact.value.is_null() => DIM,
        Standing::Plain => Style::new(),
        Standing::Good => GOOD,
        Standing::Warn => WARN,
        Standing::Bad => BAD,
    };
    let here = |text: &str| printable(text).replace(&format!("{folder}/"), "");
    let (name, unit) = without_unit(fact);
    let name = title(name);
    let dots = ".".repeat(width.saturating_sub(name.chars().count() + 1).max(2));
    let mut line =
        format!("  {name} {DIM}{dots}{DIM:#} {style}{}{unit}{style:#}", printable(&words(&fact.value)));
    if let Some(origin) = &fact.origin {
        line.push_str(&format!(" {DIM}({}){DIM:#}", here(origin)));
    }
    line.push('\n');
    for hint in &fact.hints {
        line.push_str(&format!("    {CYAN}hint:{CYAN:#} {}\n", commands(&printable(hint))));
    }
    line
}

/// A fact as a line of jsonl.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FactLine {
    /// Its section.
    section: &'static str,
    /// Its key.
    name: String,
    /// Its value; null where it is not set.
    value: Value,
    /// Where it came from.
    origin: Option<String>,
    /// How it stands.
    standing: Standing,
}

/// The same facts as lines of jsonl.
pub fn items(sections: &[Section]) -> Vec<Value> {
    let facts =
        sections.iter().flat_map(|section| section.facts.iter().map(move |fact| (section.name, fact)));
    let line = |(section, fact): (&'static str, &Fact)| FactLine {
        section,
        name: fact.name.clone(),
        value: fact.value.clone(),
        origin: fact.origin.clone(),
        standing: fact.standing,
    };
    facts.map(|fact| json!(line(fact))).collect()
}

/// Columns of facts.
pub const FACTS: [Column; 5] = [
    Column::left("name"),
    Column::left("section"),
    Column::left("value").flexible(),
    Column::left("origin").flexible(),
    Column::left("standing"),
];

/// The same facts as rows, for csv.
pub fn rows(sections: &[Section]) -> Table {
    let mut table = Table::new(FACTS);
    for section in sections {
        for fact in &section.facts {
            let (word, tone) = match fact.standing {
                Standing::Plain => ("plain", Tone::Plain),
                Standing::Good => ("good", Tone::Good),
                Standing::Warn => ("warn", Tone::Warn),
                Standing::Bad => ("bad", Tone::Bad),
            };
            let raw = if fact.value.is_null() { String::new() } else { words(&fact.value) };
            table.row([
                Cell::new(format!("{}.{}", section.name, fact.name)),
                Cell::new(section.name),
                Cell::or_dash(Some(&raw)),
                Cell::or_dash(fact.origin.as_deref()),
                Cell::new(word).tone(tone),
            ]);
        }
    }
    table
}

/// The name of a fact, and the unit that stands in it for machines: `retry_base_ms` is a number of milliseconds.
fn without_unit(fact: &Fact) -> (&str, &'static str) {
    let units = [("_ms", " ms"), ("_seconds", " s")];
    let found = units.into_iter().find_map(|(suffix, unit)| Some((fact.name.strip_suffix(suffix)?, unit)));
    found.filter(|_| fact.value.is_number()).unwrap_or((&fact.name, ""))
}

/// `session_time_zone` as `Session time zone`.
fn title(name: &str) -> String {
    let words = name.split('_').map(|word| if word == "tls" { "TLS" } else { word });
    let text = words.collect::<Vec<_>>().join(" ");
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    first + chars.as_str()
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "not set".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::String(text) if text.is_empty() => "(empty)".into(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".into(),
        Value::Array(values) => values.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
