//! What of a table is shown, and in which order: `--columns`, `--sort-by`, `--no-headers`.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use opsctl::{Error, Result, near};

use super::{Cell, Column, Format, Table};

/// The options as typed, checked against a table's columns by [`Choice::check`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Keys of columns, in the order in which they are shown; none means those of the format.
    pub columns: Vec<String>,
    /// Keys of columns to sort by, the first one first; `-` before one means descending.
    pub sort_by: Vec<String>,
    /// No line of headings.
    pub no_headers: bool,
}

impl Choice {
    /// Whether the operator only wants to know which columns there are.
    pub fn asks_for_names(&self) -> bool {
        matches!(&self.columns[..], [only] if only == "help")
    }

    /// Whether a table was asked for, in the place of a page that is more than a table.
    pub fn is_made(&self) -> bool {
        *self != Choice::default()
    }

    /// Refuses options that the format cannot honour.
    ///
    /// # Errors
    /// Usage.
    pub fn check_format(&self, format: Format) -> Result<()> {
        let takes_columns = matches!(format, Format::Table | Format::Wide | Format::Csv | Format::Tsv);
        let refuse = |option: &str| {
            let error = Error::usage(format!("`{option}` means nothing for the format `{}`", format.name()));
            match format {
                Format::Json | Format::Jsonl => error
                    .because("JSON always carries every member")
                    .hint("choose members with jq, or `-o tsv` for columns"),
                Format::Ids => error.hint("columns of your choice: `-o tsv --no-headers --columns …`"),
                _ => error.hint("tables: `-o table`, `wide`, `csv`, `tsv`"),
            }
        };
        if !self.columns.is_empty() && !takes_columns {
            return Err(refuse("--columns"));
        }
        if self.no_headers && !takes_columns {
            return Err(refuse("--no-headers"));
        }
        if !self.sort_by.is_empty() && !takes_columns && format != Format::Ids {
            return Err(refuse("--sort-by"));
        }
        Ok(())
    }

    /// Refuses columns that a command does not have.
    ///
    /// # Errors
    /// Usage, with the nearest name and all of them.
    pub fn check(&self, command: &str, columns: &[Column]) -> Result<()> {
        if columns.is_empty() && self.is_made() {
            return Err(Error::usage(format!("`{command}` prints no table"))
                .because("`--columns`, `--sort-by` and `--no-headers` are about tables"));
        }
        let keys = self.columns.iter().map(|name| ("--columns", name.as_str()));
        let keys = keys.chain(self.sort_by.iter().map(|name| ("--sort-by", direction(name).1)));
        for (option, name) in keys {
            if place(columns, name).is_none() {
                let names: Vec<&str> = columns.iter().map(|column| column.key).collect();
                let error = Error::usage(format!("`{command}` has no column `{name}`"));
                let error = match near::matches(&key(name), names.iter().copied()).first() {
                    Some(near) => error.hint(format!("did you mean `{option} {near}`?")),
                    None => error,
                };
                return Err(error.hint(format!("columns: {}", names.join(", "))));
            }
        }
        Ok(())
    }

    /// The rows in the order that was asked for.
    pub fn sort(&self, table: &mut Table) {
        // The first key decides, so it sorts last; sorting is stable.
        for name in self.sort_by.iter().rev() {
            let (descending, name) = direction(name);
            let Some(at) = place(&table.columns, name) else { continue };
            let kind = Kind::of(&table.rows, at);
            table.rows.sort_by(|a, b| compare(raw(a, at), raw(b, at), kind, descending));
        }
    }

    /// The columns that were asked for, else all for `wide` and those without [`Column::wide_only`] elsewhere. `wide`
    /// shows each cell in full.
    pub fn pick(&self, table: &Table, format: Format) -> Table {
        let shown: Vec<usize> = if self.columns.is_empty() {
            let every = format == Format::Wide;
            let kept = |at: &usize| every || !table.columns[*at].wide;
            (0..table.columns.len()).filter(kept).collect()
        } else {
            self.columns.iter().filter_map(|name| place(&table.columns, name)).collect()
        };
        let mut picked = Table::new(shown.iter().map(|at| table.columns[*at]));
        let in_full = |mut cell: Cell| {
            if let Some(full) = cell.full.take().filter(|_| format == Format::Wide) {
                cell.text = full;
            }
            cell
        };
        for row in &table.rows {
            picked.row(shown.iter().filter_map(|at| row.get(*at).cloned()).map(in_full));
        }
        picked
    }
}

/// The key that a name means: headings are understood as they are read.
fn key(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

fn place(columns: &[Column], name: &str) -> Option<usize> {
    let key = key(name);
    columns.iter().position(|column| column.key == key)
}

fn direction(name: &str) -> (bool, &str) {
    let name = name.trim();
    name.strip_prefix('-').map_or((false, name), |name| (true, name))
}

fn raw(row: &[Cell], at: usize) -> &str {
    row.get(at).map_or("", |cell| &cell.raw)
}

/// What the values of a column are, judged by all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Number,
    Time,
    Text,
}

impl Kind {
    fn of(rows: &[Vec<Cell>], at: usize) -> Self {
        let all = |test: fn(&str) -> bool| {
            rows.iter().map(|row| raw(row, at)).filter(|text| !text.is_empty()).all(test)
        };
        match () {
            () if all(|text| whole(text).is_some()) => Kind::Whole,
            () if all(|text| number(text).is_some()) => Kind::Number,
            () if all(|text| time(text).is_some()) => Kind::Time,
            () => Kind::Text,
        }
    }
}

fn whole(text: &str) -> Option<i128> {
    text.parse().ok()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}

/// Compares the machines' values; a missing one comes last in either direction.
fn compare(a: &str, b: &str, kind: Kind, descending: bool) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let order = match kind {
        Kind::Whole => whole(a).cmp(&whole(b)),
        Kind::Number => number(a).unwrap_or_default().total_cmp(&number(b).unwrap_or_default()),
        Kind::Time => time(a).cmp(&time(b)),
        Kind::Text => a.cmp(b),
    };
    if descending { order.reverse() } else { order }
}

/// The columns of a command, as a table of their own.
pub fn names(columns: &[Column]) -> Table {
    let mut table = Table::new([Column::left("column"), Column::left("shown")]);
    for column in columns {
        let shown = if column.wide { "with -o wide" } else { "always" };
        table.row([Cell::new(column.key), Cell::new(shown)]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(values: &[&str]) -> Table {
        let mut table = Table::new([Column::left("id"), Column::left("value")]);
        for (at, value) in values.iter().enumerate() {
            table.row([Cell::new(at.to_string()), Cell::or_dash(Some(value))]);
        }
        table
    }

    fn sorted(values: &[&str], by: &[&str]) -> Vec<String> {
        let mut table = table(values);
        let choice =
            Choice { sort_by: by.iter().map(|key| (*key).to_owned()).collect(), ..Choice::default() };
        choice.sort(&mut table);
        table.rows.iter().map(|row| row[1].raw.clone()).collect()
    }

    #[test]
    fn values_are_compared_as_what_they_are_and_missing_ones_come_last() {
        assert_eq!(sorted(&["10", "", "9", "-1"], &["value"]), ["-1", "9", "10", ""]);
        assert_eq!(sorted(&["10", "", "9.5", "-1"], &["-value"]), ["10", "9.5", "-1", ""]);
        assert_eq!(sorted(&["b", "a", "10", "9"], &["value"]), ["10", "9", "a", "b"]);
        let (early, late) = ("2026-11-20T10:00:00+07:00", "2026-11-20T09:00:00Z");
        assert_eq!(sorted(&[late, early], &["value"]), [early, late]);
        assert_eq!(sorted(&["nan", "1", "inf"], &["value"]), ["1", "inf", "nan"]);
    }

    #[test]
    fn the_first_column_decides_and_the_next_one_settles_ties() {
        let mut table = table(&["a", "b", "a", "b"]);
        let choice = Choice { sort_by: vec!["value".into(), "-id".into()], ..Choice::default() };
        choice.sort(&mut table);
        let ids: Vec<&str> = table.rows.iter().map(|row| row[0].raw.as_str()).collect();
        assert_eq!(ids, ["2", "0", "3", "1"]);
    }

    #[test]
    fn a_heading_names_its_column_as_it_is_read() {
        let columns = [Column::left("next_retry_at")];
        for name in ["next_retry_at", "NEXT RETRY AT", "next-retry-at"] {
            assert_eq!(place(&columns, name), Some(0), "{name}");
        }
    }
}
