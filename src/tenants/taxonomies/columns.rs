//! The columns of a file of taxonomies, and what their values may be.

use csv::ByteRecord;

use super::Taxonomy;
use crate::{near, text::printable};

/// The columns, those that must be there first.
pub(super) const COLUMNS: [&str; 6] = ["type", "code", "name", "parent_code", "sort_order", "is_active"];
/// How many must be there.
pub(super) const REQUIRED: usize = 3;

/// Longest type and code.
const CODE_LENGTH: usize = 64;
/// Longest name, in characters.
const NAME_LENGTH: usize = 255;
/// Characters of a bad value that are told.
const SHOWN: usize = 40;

/// Where each of the columns stands.
#[derive(Debug)]
pub(super) struct Columns {
    places: [Option<usize>; COLUMNS.len()],
    width: usize,
}

impl Columns {
    /// Of the line of headings; `None` where rows cannot be told apart by it.
    pub(super) fn of(head: &ByteRecord, fault: &mut impl FnMut(String)) -> Option<Self> {
        let names: Vec<String> =
            head.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        if let [one] = &names[..]
            && let Some(split) = [';', '\t', '|'].into_iter().find(|split| one.contains(*split))
        {
            fault(format!("columns are split by `{}`, not by `,`", split.escape_default()));
            return None;
        }
        let mut places = [None; COLUMNS.len()];
        for (at, name) in names.iter().enumerate() {
            match COLUMNS.iter().position(|known| known == name) {
                Some(column) if places[column].is_some() => fault(format!("the column `{name}` comes twice")),
                Some(column) => places[column] = Some(at),
                None => {
                    let near = near::hint(name, COLUMNS, str::to_owned);
                    let near = near.map_or(String::new(), |near| format!("; {near}"));
                    fault(format!("there is no column {}{near}", shown(name)));
                }
            }
        }
        for (_, name) in COLUMNS[..REQUIRED].iter().enumerate().filter(|(at, _)| places[*at].is_none()) {
            fault(format!("the column `{name}` is missing"));
        }
        places[..REQUIRED].iter().all(Option::is_some).then_some(Self { places, width: names.len() })
    }

    /// One row; every fault of it is told. Where its type and code can be read, it stands there for those that name it as
    /// their parent, whatever else is wrong with it.
    pub(super) fn row(&self, record: &ByteRecord, fault: &mut impl FnMut(String)) -> Option<Taxonomy> {
        if record.len() != self.width {
            let values = if record.len() == 1 { "value" } else { "values" };
            fault(format!("{} {values} for {} columns", record.len(), self.width));
            return None;
        }
        let text = |column: usize| {
            let bytes = self.places[column].map_or(&b""[..], |at| &record[at]);
            std::str::from_utf8(bytes).map(str::trim).map_err(|_| "is no UTF-8".to_owned())
        };
        let r#type = kept(0, text(0).and_then(code), fault);
        let code_of = kept(1, text(1).and_then(code), fault);
        let name = kept(2, text(2).and_then(name), fault);
        let parent_code = kept(3, text(3).and_then(|text| or_nothing(text, code)), fault);
        let sort_order = kept(4, text(4).and_then(|text| or_nothing(text, number)), fault);
        let is_active = kept(5, text(5).and_then(|text| or_nothing(text, truth)), fault);
        Some(Taxonomy {
            r#type: r#type?,
            code: code_of?,
            name: name.unwrap_or_default(),
            parent_code: parent_code.flatten(),
            sort_order: sort_order.flatten().unwrap_or(0),
            is_active: is_active.flatten().unwrap_or(true),
        })
    }
}

fn kept<T>(column: usize, value: Result<T, String>, fault: &mut impl FnMut(String)) -> Option<T> {
    value.map_err(|why| fault(format!("`{}` {why}", COLUMNS[column]))).ok()
}

fn or_nothing<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.is_empty() { Ok(None) } else { read(text).map(Some) }
}

/// The names of types and codes: what every engine stores and compares alike.
fn code(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if text.is_empty() {
        return Err("is empty".into());
    }
    if let Some(odd) = text.chars().find(|c| !plain(*c)) {
        return Err(format!("is {}: `{}` is none of a-z A-Z 0-9 _ - . :", shown(text), odd.escape_debug()));
    }
    let length = text.len();
    if length > CODE_LENGTH {
        return Err(format!("has {length} characters, of at most {CODE_LENGTH}"));
    }
    Ok(text.to_owned())
}

fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("is empty".into());
    }
    if printable(text) != text {
        return Err(format!("is {}: a line break or another character that cannot be shown", shown(text)));
    }
    let length = text.chars().count();
    if length > NAME_LENGTH {
        return Err(format!("has {length} characters, of at most {NAME_LENGTH}"));
    }
    Ok(text.to_owned())
}

fn number(text: &str) -> Result<i32, String> {
    text.parse()
        .map_err(|_| format!("is {}: it is a whole number from {} to {}", shown(text), i32::MIN, i32::MAX))
}

fn truth(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" => Ok(true),
        "0" | "false" | "no" => Ok(false),
        _ => Err(format!("is {}: it is true or false", shown(text))),
    }
}

/// A bad value, in quotes; the beginning of a long one.
fn shown(text: &str) -> String {
    let mut letters = text.chars();
    let begin: String = letters.by_ref().take(SHOWN).collect();
    let more = if letters.next().is_some() { "…" } else { "" };
    format!("`{}{more}`", printable(&begin))
}
