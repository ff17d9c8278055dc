//! Writing: what `serialize()` would have.

use super::{Key, Value};

impl Value<'_> {
    /// The value as `serialize()` writes it.
    pub fn serialized(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.extend(b"N;"),
            Value::Bool(bool) => plain(out, "b", u8::from(*bool)),
            Value::Int(int) => plain(out, "i", int),
            Value::Float(float) => plain(out, "d", float),
            Value::Bytes(text) => {
                quoted(out, "s", text);
                out.push(b';');
            }
            Value::Array(pairs) => {
                out.extend(b"a:");
                body(out, pairs);
            }
            Value::Object(object) => {
                quoted(out, "O", &object.class);
                out.push(b':');
                body(out, &object.properties);
            }
            Value::Enum(case) => {
                quoted(out, "E", case);
                out.push(b';');
            }
            Value::Custom(class, data) => {
                quoted(out, "C", class);
                out.extend(format!(":{}:{{", data.len()).into_bytes());
                out.extend(&**data);
                out.push(b'}');
            }
            Value::Same(slot) => plain(out, "r", slot),
            Value::Reference(slot) => plain(out, "R", slot),
        }
    }
}

fn plain(out: &mut Vec<u8>, tag: &str, value: impl std::fmt::Display) {
    out.extend(format!("{tag}:{value};").into_bytes());
}

/// Length and bytes; nothing is escaped between the quotes.
fn quoted(out: &mut Vec<u8>, tag: &str, text: &[u8]) {
    out.extend(format!("{tag}:{}:\"", text.len()).into_bytes());
    out.extend(text);
    out.push(b'"');
}

fn body(out: &mut Vec<u8>, pairs: &[(Key<'_>, Value<'_>)]) {
    out.extend(format!("{}:{{", pairs.len()).into_bytes());
    for (key, value) in pairs {
        match key {
            Key::Int(int) => plain(out, "i", int),
            Key::Bytes(text) => {
                quoted(out, "s", text);
                out.push(b';');
            }
        }
        value.write(out);
    }
    out.push(b'}');
}
