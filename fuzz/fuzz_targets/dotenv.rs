//! The reader of `.env` files, on any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use opsctl::config::dotenv::{Entry, EnvValue, SyntaxError, cast, parse};

/// Ceiling of one value, as its reader states it.
const MAX_VALUE_CHARS: usize = 1 << 17;
/// Beyond this, reading takes noticeable time.
const FEW_BYTES: usize = 1 << 16;
/// Stands in for a password; no text of the reader's own holds it.
const SECRET: &str = "hunter2hunter2";

fuzz_target!(|data: &[u8]| {
    let read = read(data);
    assert!(read == self::read(data), "two readings differ");
    check(data, &read);
    if let Ok(entries) = &read {
        written_back(entries);
    }
    if expanded(&read) < FEW_BYTES {
        no_error_repeats_a_value(data);
    }
});

/// Bytes of all values: a file that grows to millions is read twice, but not eight times more.
fn expanded(read: &Result<Vec<Entry>, SyntaxError>) -> usize {
    read.iter().flatten().filter_map(|entry| entry.value.as_ref()).map(String::len).sum()
}

/// The process environment knows one variable, so that both sources of an expansion are reached.
fn read(data: &[u8]) -> Result<Vec<Entry>, SyntaxError> {
    parse(data, &|name| (name == "HOME").then(|| "/root".to_owned()))
}

fn check(data: &[u8], read: &Result<Vec<Entry>, SyntaxError>) {
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    let entries = match read {
        Ok(entries) => entries,
        Err(error) => return assert!((1..=lines).contains(&error.line), "line {} of {lines}", error.line),
    };
    assert!(entries.is_sorted_by(|one, next| one.line < next.line), "lines go back");
    for entry in entries {
        assert!((1..=lines).contains(&entry.line), "line {} of {lines}", entry.line);
        assert!(!entry.name.is_empty());
        assert!(entry.name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')), "{}", entry.name);
        let Some(value) = &entry.value else { continue };
        assert!(value.chars().count() <= MAX_VALUE_CHARS);
        if let EnvValue::Text(text) = cast(value) {
            assert!(text.len() <= value.len(), "a cast only takes away");
        }
    }
}

/// What was read, written down again with every escape, is read as the same.
fn written_back(entries: &[Entry]) {
    let mut text = String::new();
    for entry in entries {
        text.push_str(&entry.name);
        if let Some(value) = &entry.value {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
            text.push_str(&format!("=\"{}\"", escaped.replace('\n', "\\n").replace('\r', "\\r")));
        }
        text.push('\n');
    }
    let again = parse(text.as_bytes(), &|_| None).unwrap_or_else(|error| panic!("{error} in {text:?}"));
    let pair = |entry: &Entry| (entry.name.clone(), entry.value.clone());
    let (before, after): (Vec<_>, Vec<_>) =
        (entries.iter().map(pair).collect(), again.iter().map(pair).collect());
    assert!(before == after, "{before:?} was read back as {after:?}");
}

/// A value stands behind its line's first `=`, whatever the rest of the file makes of it.
fn no_error_repeats_a_value(data: &[u8]) {
    for (at, _) in data.iter().enumerate().filter(|(_, byte)| **byte == b'=').take(8) {
        let (before, after) = data.split_at(at + 1);
        if let Err(error) = read(&[before, SECRET.as_bytes(), after].concat()) {
            assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
        }
    }
}
