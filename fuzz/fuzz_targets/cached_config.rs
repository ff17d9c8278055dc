//! The reader of a cached `config.php`, on any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use opsctl::config::cached::{get, parse};
use serde_json::Value;

/// Nesting ceiling, as the reader states it.
const MAX_DEPTH: usize = 128;

fuzz_target!(|data: &[u8]| {
    let read = parse(data);
    assert!(read == parse(data), "two readings differ");
    match read {
        Ok(value) => {
            let depth = bounded(&value);
            assert!(depth <= MAX_DEPTH, "{depth} levels");
            found_again(&value);
            let text = format!("<?php return {};\n", exported(&value));
            let again = parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error} in {text:?}"));
            assert!(again == value, "{value} was read back as {again}");
        }
        Err(error) => {
            let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!((1..=lines).contains(&error.line), "line {} of {lines}", error.line);
            // The texts are the reader's own: none of the file's can be in there.
            assert!(error.message.len() < 60 && error.message.is_ascii(), "{error}");
        }
    }
});

/// Depth of the arrays. An array with the keys 0, 1, 2 … is a list, and no object has them.
fn bounded(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(bounded).max().unwrap_or(0),
        Value::Object(members) => {
            let list = members.keys().enumerate().all(|(index, key)| *key == index.to_string());
            assert!(!list, "a list was read as an object");
            1 + members.values().map(bounded).max().unwrap_or(0)
        }
        _ => 0,
    }
}

/// Every element at the top is found by its own key.
fn found_again(value: &Value) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                assert!(get(value, &index.to_string()) == Some(item));
            }
            assert!(get(value, &items.len().to_string()).is_none());
        }
        Value::Object(members) => {
            for (key, item) in members {
                assert!(get(value, key) == Some(item), "{key:?}");
            }
        }
        _ => assert!(get(value, "0").is_none()),
    }
}

/// As PHP's `var_export` writes it.
fn exported(value: &Value) -> String {
    let row = |key: String, item: &Value| format!("  {key} => \n  {},\n", exported(item));
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let rows = items.iter().enumerate().map(|(index, item)| row(index.to_string(), item));
            format!("array (\n{})", rows.collect::<String>())
        }
        Value::Object(members) => {
            let rows = members.iter().map(|(key, item)| row(quoted(key), item));
            format!("array (\n{})", rows.collect::<String>())
        }
        plain => plain.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('\'', r"\'");
    format!("'{}'", escaped.replace('\0', r#"' . "\0" . '"#))
}
