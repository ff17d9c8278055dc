//! Taxonomies from a CSV file: every bad row is told with its line, and one bad row spoils the file. Values are looked at
//! when it is read, and how rows fit together when it is known beside which others they are to stand: all is told then.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Display,
};

use csv::ByteRecord;

use super::{
    Taxonomy,
    columns::{COLUMNS, Columns, REQUIRED},
    order::Tree,
};
use crate::{Error, Result, near, text::printable};

/// Bytes of the largest file that is read: some hundred thousand rows.
pub const FILE_LIMIT: u64 = 16 << 20;

/// The rows of a file, each with the line that it begins on; they are sound once they [fit](Rows::fit).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    file: String,
    rows: Vec<(u64, Taxonomy)>,
    faults: Faults,
}

/// What is wrong, by line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Faults(BTreeMap<u64, Vec<String>>);

impl Faults {
    fn add(&mut self, line: u64, what: impl Display) {
        self.0.entry(line).or_default().push(what.to_string());
    }

    /// # Errors
    /// All of them, a cause for each line.
    fn none(self, file: &str) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let lines = if self.0.len() == 1 { "bad line" } else { "bad lines" };
        let error = Error::failed(format!("`{file}` has {} {lines}: nothing was changed", self.0.len()));
        let causes = self.0.into_iter().map(|(line, faults)| format!("line {line}: {}", faults.join("; ")));
        let (needed, further) = COLUMNS.split_at(REQUIRED);
        let hint = format!(
            "columns: {}; and, where there is more to say, {}",
            needed.join(", "),
            further.join(", ")
        );
        Err(causes.fold(error, Error::because).hint(hint))
    }
}

/// Reads a file. Text is UTF-8, with or without a byte-order mark; lines end in LF or CRLF; values may be quoted, as RFC
/// 4180 has it. Columns may stand in any order; `parent_code`, `sort_order` (0) and `is_active` (true) may be missing.
///
/// # Errors
/// [`crate::Kind::Failed`] for a file that is no such table; what is wrong with its rows is told when they are fitted.
pub fn read(bytes: &[u8], file: &str) -> Result<Rows> {
    let file = printable(file).into_owned();
    let bytes = text(bytes, &file)?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut records = reader.byte_records().map(|record| {
        // The reader is lenient: only a source that cannot be read fails, and this one is in memory.
        record.map_err(|error| Error::failed(format!("`{file}` cannot be read")).because(error))
    });
    let mut faults = Faults::default();
    let mut lines = Lines { bytes, at: 0, line: 1 };
    let Some(head) = records.next().transpose()? else {
        faults.add(1, "the file is empty");
        return Ok(Rows { file, rows: Vec::new(), faults });
    };
    let head_line = lines.of(&head);
    let columns = Columns::of(&head, &mut |fault| faults.add(head_line, fault));
    let mut rows = Vec::new();
    let mut last = head_line;
    for record in records {
        let record = record?;
        last = lines.of(&record);
        if let Some(columns) = &columns {
            let row = columns.row(&record, &mut |fault| faults.add(last, fault));
            rows.extend(row.map(|row| (last, row)));
        }
    }
    // A doubled mark stands for one, so that marks are even in number.
    if bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        faults.add(last, "a quotation mark is opened and not closed, here or before");
    }
    duplicates(&rows, &mut faults);
    Ok(Rows { file, rows, faults })
}

/// The bytes without a byte-order mark.
fn text<'a>(bytes: &'a [u8], file: &str) -> Result<&'a [u8]> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Error::failed(format!("`{file}` is written in UTF-16: nothing was changed")).hint(
            format!("write it in UTF-8: `iconv -f UTF-16 -t UTF-8 {}`", crate::text::shell_word(file)),
        ));
    }
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(Error::failed(format!(
            "`{file}` has more than {} MiB: nothing was changed",
            FILE_LIMIT >> 20
        )));
    }
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

fn duplicates(rows: &[(u64, Taxonomy)], faults: &mut Faults) {
    let mut seen = HashMap::new();
    for (line, row) in rows {
        if let Some(first) = seen.insert(row.key(), *line) {
            faults.add(*line, format!("`{}` `{}` stands on line {first} already", row.r#type, row.code));
            seen.insert(row.key(), first);
        }
    }
}

/// Lines of records: the reader's own count leaves out the blank lines before a record.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line that a record begins on; records come in the file's order.
    fn of(&mut self, record: &ByteRecord) -> u64 {
        let from = record.position().and_then(|at| usize::try_from(at.byte()).ok()).unwrap_or_default();
        let blank = self.bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let begin = from + blank;
        let passed = &self.bytes[self.at..begin.max(self.at)];
        let ends = |at: &usize| match passed[*at] {
            b'\n' => true,
            // An old Macintosh's end of a line; before a line feed it is half of one.
            b'\r' => passed.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        self.line += (0..passed.len()).filter(ends).count() as u64;
        self.at = begin;
        self.line
    }
}

impl Rows {
    /// Whether the file holds a heading alone.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.faults.0.is_empty()
    }

    /// The rows, in the file's order.
    pub fn taxonomies(&self) -> impl Iterator<Item = &Taxonomy> {
        self.rows.iter().map(|(_, row)| row)
    }

    /// Each row with the line that it begins on.
    pub(super) fn by_line(&self) -> impl Iterator<Item = (u64, &Taxonomy)> {
        self.rows.iter().map(|(line, row)| (*line, row))
    }

    /// The rows themselves.
    pub(super) fn into_taxonomies(self) -> impl Iterator<Item = Taxonomy> {
        self.rows.into_iter().map(|(_, row)| row)
    }

    /// Whether the rows are sound, fit together, and fit `others` beside which they are to stand: each known by one spelling, every
    /// parent there, and nobody its own ancestor.
    ///
    /// # Errors
    /// [`crate::Kind::Failed`], with every line that is bad.
    pub(super) fn fit<'a>(&'a self, others: impl IntoIterator<Item = &'a Taxonomy> + Clone) -> Result<()> {
        let there = Tree::of(others.clone());
        // The file's rows come last: they take the places of others.
        let tree = Tree::of(others.into_iter().chain(self.taxonomies()));
        let mut faults = self.faults.clone();
        for (line, row) in self.by_line() {
            if let Some(known) = there.code(&row.key()).filter(|known| *known != row.code) {
                faults.add(line, format!("`{}` stands in the table as `{known}`", row.code));
            }
            if let Some(fault) = parent_fault(&tree, row) {
                faults.add(line, fault);
            }
            if let Some(way) = tree.cycle(&row.key()) {
                faults.add(line, format!("its parents lead back to it: {}", way.join(" -> ")));
            }
        }
        faults.none(&self.file)
    }
}

fn parent_fault(tree: &Tree, row: &Taxonomy) -> Option<String> {
    let (parent, key) = (row.parent_code.as_deref()?, row.parent_key()?);
    match tree.code(&key) {
        Some(code) if code == parent => None,
        Some(code) => Some(format!("its parent `{parent}` is written `{code}`")),
        None => {
            let near = near::hint(parent, tree.codes(&key.0), str::to_owned);
            let near = near.map_or(String::new(), |near| format!("; {near}"));
            Some(format!("no `{parent}` of type `{}` to be its parent{near}", row.r#type))
        }
    }
}
