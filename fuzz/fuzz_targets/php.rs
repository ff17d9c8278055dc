//! The reader of serialized PHP values, on any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use opsctl::laravel::php::{Key, Limits, Value, read};

/// Small, so that texts of a few kilobytes meet them.
const LIMITS: Limits = Limits { bytes: 3000, depth: 12, values: 200 };

fuzz_target!(|bytes: &[u8]| {
    let value = match read(bytes, LIMITS) {
        Ok(value) => value,
        Err(error) => {
            assert!(error.at <= bytes.len(), "an error behind the text");
            return;
        }
    };
    let written = value.serialized();
    assert!(written == bytes, "what was read is written differently");
    assert!(read(&written, LIMITS).as_ref() == Ok(&value), "two readings differ");
    let (values, depth) = measured(&value);
    assert!(values <= LIMITS.values as usize && depth <= LIMITS.depth as usize, "a limit was passed over");
    if let Value::Object(object) = &value {
        let _ = object.class();
        for (key, _) in &object.properties {
            is_found(object.property(&bare(key)), key);
        }
    }
});

/// Values in all, and how many levels lie below this one.
fn measured(value: &Value) -> (usize, usize) {
    let (Value::Array(pairs) | Value::Object(opsctl::laravel::php::Object { properties: pairs, .. })) = value
    else {
        return (usize::from(!matches!(value, Value::Reference(_))), 0);
    };
    let below = pairs.iter().map(|(_, value)| measured(value));
    below.fold((1, 0), |(values, depth), (more, levels)| (values + more, depth.max(levels + 1)))
}

/// A property's name without what tells who may see it, as PHP's manual describes it.
fn bare(key: &Key) -> String {
    let Key::Bytes(key) = key else { return String::new() };
    let name = match key.split(|byte| *byte == 0).collect::<Vec<_>>().as_slice() {
        [b"", _, name @ ..] if !name.is_empty() => name.join(&0),
        _ => key.to_vec(),
    };
    String::from_utf8(name).unwrap_or_default()
}

/// Every property with a name of text is found by it, though perhaps another one that counts before it.
fn is_found(found: Option<&Value>, key: &Key) {
    let Key::Bytes(bytes) = key else { return };
    assert!(found.is_some() || bare(key).is_empty(), "`{}` is not found", bytes.escape_ascii());
}
