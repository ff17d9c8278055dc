//! The readers of webhook bodies, on any bytes: a provider's name, a line feed, the body.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use opsctl::webhooks::{
    PaymentStatus, Reading,
    body::{Body, Scalar},
    providers, read, read_raw,
};
use serde_json::Value;

/// Longest text that is kept of a body, in bytes.
const LONGEST: usize = 764;
/// From here on a floating point number may stand for several whole ones.
const EXACT: f64 = 9_007_199_254_740_992.0;

fuzz_target!(|data: &[u8]| {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (name, bytes) = data.split_at(at);
    let bytes = bytes.get(1..).unwrap_or_default();
    let provider = String::from_utf8_lossy(name);
    let (json, form) = (Body::json(bytes), Body::form(bytes));
    assert!(json == Body::json(bytes) && form == Body::form(bytes), "two readings differ");
    for body in json.iter().chain([&form]) {
        check_body(body);
        check_reading(&provider, body, &read(&provider, body));
    }
    match &json {
        Ok(body) => as_a_whole_document(bytes, body),
        Err(error) => {
            assert!(error.len() < 80 && error.starts_with("not "), "{error}");
            assert!(serde_json::from_slice::<Value>(bytes).is_err(), "{error}");
        }
    }
    raw(&provider, bytes, json.as_ref(), &form);
});

fn check_body(body: &Body) {
    let paths: HashSet<&str> = providers::paths().collect();
    for (path, value) in body.values() {
        assert!(paths.contains(path) && body.get(path) == Some(value), "{path}");
        assert!(!body.is_empty(), "an empty body has values");
        if let Scalar::Text(text) = value {
            assert!(text.len() <= LONGEST, "{path}");
        }
    }
}

fn check_reading(provider: &str, body: &Body, reading: &Reading) {
    assert!(*reading == read(provider, body), "two readings differ");
    let known = |rule: &str| rule == "generic" || rule == provider;
    assert!(known(reading.rule), "{provider} was read by {}", reading.rule);
    let mut seen = HashSet::new();
    for reference in &reading.references {
        let value = reference.value.as_str();
        assert!(!value.is_empty() && value.chars().count() <= providers::REFERENCE_WIDTH, "{reference:?}");
        assert!(!value.contains(char::is_control), "{reference:?}");
        assert!(seen.insert(value), "{value} comes twice");
        assert!(known(reference.rule), "{provider} was read by {}", reference.rule);
        match body.get(reference.path) {
            Some(Scalar::Text(text)) => assert!(text.contains(value), "{reference:?}"),
            Some(Scalar::Number(number)) => assert!(number == value && reference.rule != "generic"),
            other => panic!("{reference:?} was read from {other:?}"),
        }
    }
    match &reading.word {
        Some(word) => assert!(!word.trim().is_empty() && word.len() <= LONGEST, "{word:?}"),
        None => assert!(reading.status == PaymentStatus::Pending, "a final status without a word"),
    }
}

/// What one pass keeps is what stands at the same places of the document as a whole. Only where that can be read:
/// a number out of range or deep nesting in what no rule asks for hinders no rule.
fn as_a_whole_document(bytes: &[u8], body: &Body) {
    let Ok(whole) = serde_json::from_slice::<Value>(bytes) else { return };
    let empty = match &whole {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.keys().all(|key| key == "_tenrusl"),
        Value::Bool(_) | Value::Number(_) => false,
    };
    assert_eq!(body.is_empty(), empty);
    for path in providers::paths() {
        let found = path.split('.').try_fold(&whole, |value, key| value.as_object()?.get(key));
        let expected = found.map(|value| match value {
            Value::Null => Scalar::Null,
            Value::Bool(value) => Scalar::Bool(*value),
            Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(rounded) if rounded.abs() >= EXACT => Scalar::Other,
                Some(float) => Scalar::Number(float.to_string()),
                None => Scalar::Number(number.to_string()),
            },
            Value::String(text) if text.len() <= LONGEST => Scalar::Text(text.clone()),
            Value::String(_) | Value::Array(_) | Value::Object(_) => Scalar::Other,
        });
        assert_eq!(body.get(path), expected.as_ref(), "{path}");
    }
}

/// A raw body is read as one of the two, and as nothing else.
fn raw(provider: &str, bytes: &[u8], json: Result<&Body, &String>, form: &Body) {
    let raw = read_raw(provider, bytes);
    assert!(raw == read_raw(provider, bytes), "two readings differ");
    let as_form = matches!(provider, "skrill" | "paddle").then(|| read(provider, form));
    match (&raw, json) {
        (Ok(reading), _) if bytes.is_empty() => assert!(*reading == read(provider, &Body::default())),
        (Ok(reading), Ok(body)) => {
            assert!(*reading == read(provider, body) || as_form.as_ref() == Some(reading), "{reading:?}");
        }
        (Ok(reading), Err(_)) => assert!(as_form.as_ref() == Some(reading), "{reading:?}"),
        (Err(error), Err(why)) => assert_eq!(error, why),
        (Err(error), Ok(_)) => panic!("read as JSON and refused: {error}"),
    }
}
