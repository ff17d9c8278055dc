//! Reader for `bootstrap/cache/config.php`, the configuration as `artisan config:cache` froze it.
//!
//! Laravel 13 `ConfigCacheCommand` writes `<?php return`, one `var_export` value and a semicolon. While that
//! file exists, Laravel 13 `LoadConfiguration` reads nothing else and `.env` does not count.

use serde_json::{Map, Number, Value};

/// Nesting ceiling; it also bounds the recursion of this reader.
const MAX_DEPTH: usize = 128;

/// Size ceiling, far above any real configuration.
const MAX_BYTES: usize = 16 << 20;

/// Text that is not a cached configuration. It names the line, never a value.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: {message}")]
pub struct SyntaxError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads the file into JSON values (the forms of PHP 8 `var_export`; comments and `[…]` are accepted too).
///
/// Arrays with the keys 0..n-1 in order become JSON arrays, others JSON objects with integer keys as text.
/// Objects become the array of their properties, an enum case its text (`\A\B::Case`), `INF` and `NAN` null.
/// Bytes that are not UTF-8 are replaced. Nothing is run.
///
/// # Errors
/// Anything but one returned literal, nesting deeper than 128, or more than 16 MiB.
pub fn parse(text: &[u8]) -> Result<Value, SyntaxError> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let mut reader = Reader { text, at: 0, depth: 0 };
    reader.file().map_err(|message| SyntaxError { line: reader.line(), message: message.to_owned() })
}

/// Looks up a dotted path such as `database.connections.pgsql.host`; array elements go by index.
///
/// A root key that holds dots itself comes first, as in Laravel 13 `Arr::get`.
#[must_use]
pub fn get<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    step(root, path).or_else(|| path.split('.').try_fold(root, step))
}

fn step<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(key),
        // Only the form PHP itself gives an integer key: no sign, no leading zero.
        Value::Array(items) => items.get(key.parse().ok().filter(|i: &usize| i.to_string() == key)?),
        _ => None,
    }
}

/// What went wrong; the line is that of the position at which the reader stopped.
type Read<T> = Result<T, &'static str>;

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn line(&self) -> usize {
        self.text.get(..self.at).unwrap_or(self.text).split(|byte| *byte == b'\n').count()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Consumes `token` if it comes next after blanks and comments. Letters count in any case.
    fn eat(&mut self, token: &str) -> bool {
        self.skip_trivia();
        let next = self.rest().get(..token.len());
        let found = next.is_some_and(|next| next.eq_ignore_ascii_case(token.as_bytes()));
        self.at += token.len() * usize::from(found);
        found
    }

    fn need(&mut self, token: &str, message: &'static str) -> Read<()> {
        if self.eat(token) { Ok(()) } else { Err(message) }
    }

    fn skip_trivia(&mut self) {
        loop {
            let rest = self.rest();
            let length = match rest {
                [b' ' | b'\t' | b'\r' | b'\n', ..] => 1,
                [b'#', ..] | [b'/', b'/', ..] => rest.iter().take_while(|byte| **byte != b'\n').count(),
                [b'/', b'*', body @ ..] => {
                    body.windows(2).position(|w| w == b"*/").map_or(rest.len(), |end| end + 4)
                }
                _ => return,
            };
            self.at += length;
        }
    }

    fn take_while(&mut self, mut accept: impl FnMut(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| accept(**byte)).count();
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn file(&mut self) -> Read<Value> {
        if self.text.len() > MAX_BYTES {
            return Err("file is larger than 16 MiB");
        }
        self.need("<?php", "expected `<?php` at the start")?;
        self.need("return", "expected `return`")?;
        let value = self.value()?;
        self.need(";", "expected `;` after the value")?;
        self.eat("?>");
        self.skip_trivia();
        if self.rest().is_empty() { Ok(value) } else { Err("unexpected text after the value") }
    }

    fn value(&mut self) -> Read<Value> {
        self.skip_trivia();
        match self.rest() {
            [b'\'' | b'"', ..] => self.string(),
            [b'[', ..] => self.array(),
            // How `var_export` writes a `stdClass`.
            [b'(', ..] => self.need("(object)", "expected `(object)`").and_then(|()| self.array()),
            [b'-' | b'.' | b'0'..=b'9', ..] => self.number(),
            [byte, ..] if is_name(*byte) => self.word(),
            [_, ..] => Err("expected a value"),
            [] => Err("unexpected end of file"),
        }
    }

    fn word(&mut self) -> Read<Value> {
        let word = self.take_while(is_name);
        if self.eat("::") {
            return self.member(word);
        }
        match word.to_ascii_lowercase().as_slice() {
            b"array" if self.eat("(") => self.elements(")"),
            b"true" => Ok(Value::Bool(true)),
            b"false" => Ok(Value::Bool(false)),
            b"null" | b"inf" | b"nan" => Ok(Value::Null),
            _ => Err("unknown constant or function call"),
        }
    }

    /// What follows `\Class::`: the state of an object, or an enum case.
    fn member(&mut self, class: &[u8]) -> Read<Value> {
        let member = self.take_while(is_name);
        if self.eat("(") {
            if !member.eq_ignore_ascii_case(b"__set_state") {
                return Err("function calls are not supported");
            }
            let state = self.array()?;
            return self.need(")", "expected `)` after the object state").map(|()| state);
        }
        let case = (!member.is_empty()).then(|| lossy(&[class, b"::", member].concat()));
        case.ok_or("expected an enum case")
    }

    fn array(&mut self) -> Read<Value> {
        if self.eat("[") {
            return self.elements("]");
        }
        if self.eat("array") && self.eat("(") { self.elements(")") } else { Err("expected an array") }
    }

    fn elements(&mut self, close: &str) -> Read<Value> {
        if self.depth == MAX_DEPTH {
            return Err("arrays are nested deeper than 128 levels");
        }
        self.depth += 1;
        let mut elements = Map::new();
        let mut greatest: Option<i64> = None;
        while !self.eat(close) {
            let (key, value) = self.element(greatest)?;
            greatest = greatest.max(key.parse().ok().filter(|index: &i64| index.to_string() == key));
            elements.insert(key, value);
            if !self.eat(",") {
                self.need(close, "expected `,` or the end of the array")?;
                break;
            }
        }
        self.depth -= 1;
        // An integer key has one way only to be written as text, so comparing the text is exact.
        let list = elements.keys().enumerate().all(|(index, key)| *key == index.to_string());
        Ok(if list { elements.into_iter().map(|(_, item)| item).collect() } else { Value::Object(elements) })
    }

    /// As in PHP, an element without a key goes after the greatest integer key so far.
    fn element(&mut self, greatest: Option<i64>) -> Read<(String, Value)> {
        let value = self.value()?;
        if !self.eat("=>") {
            let free = greatest.map_or(Some(0), |index| index.checked_add(1));
            return Ok((free.ok_or("no array index is left")?.to_string(), value));
        }
        match value {
            Value::String(key) => Ok((key, self.value()?)),
            Value::Number(key) if !key.is_f64() => Ok((key.to_string(), self.value()?)),
            _ => Err("an array key must be a text or an integer"),
        }
    }

    /// `var_export` cuts a text at each NUL, `'a' . "\0" . 'b'`, and has no other use for double quotes.
    fn string(&mut self) -> Read<Value> {
        let mut bytes = Vec::new();
        loop {
            if self.eat(r#""\0""#) {
                bytes.push(0);
            } else {
                let double = self.rest().starts_with(b"\"");
                let message =
                    if double { "only `\\0` may stand in double quotes" } else { "expected a text" };
                self.need("'", message)?;
                self.quoted(&mut bytes)?;
            }
            if !self.eat(".") {
                return Ok(lossy(&bytes));
            }
        }
    }

    fn quoted(&mut self, out: &mut Vec<u8>) -> Read<()> {
        let start = self.at;
        while let [byte, rest @ ..] = self.rest() {
            self.at += 1;
            match (byte, rest) {
                (b'\'', _) => return Ok(()),
                (b'\\', [escaped @ (b'\'' | b'\\'), ..]) => {
                    out.push(*escaped);
                    self.at += 1;
                }
                _ => out.push(*byte),
            }
        }
        // The line where the text begins helps more than the end of the file.
        self.at = start;
        Err("text is not closed")
    }

    fn number(&mut self) -> Read<Value> {
        let sign = if self.eat("-") { "-" } else { "" };
        if sign == "-" && self.eat("INF") {
            return Ok(Value::Null);
        }
        let mut exponent = false;
        let digits = self.take_while(|byte| {
            let sign = exponent && matches!(byte, b'+' | b'-');
            exponent = matches!(byte, b'e' | b'E');
            sign || exponent || byte == b'.' || byte.is_ascii_digit()
        });
        if matches!(digits, [b'0', b'0'..=b'9', ..]) {
            return Err("octal numbers are not supported");
        }
        let text = format!("{sign}{}", String::from_utf8_lossy(digits));
        match (text.parse::<i64>(), text.parse::<f64>()) {
            // The least integer is written as `-9223372036854775807-1`, as PHP has no literal for it.
            (Ok(int), _) if self.eat("-") => {
                self.need("1", "arithmetic is not supported")?;
                int.checked_sub(1).map(Value::from).ok_or("integer is out of range")
            }
            (Ok(int), _) => Ok(int.into()),
            // An integer out of range is a float in PHP too.
            (_, Ok(float)) => Ok(Number::from_f64(float).into()),
            _ => Err("malformed number"),
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\\' | 0x80..)
}

fn lossy(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(value: &str) -> Value {
        parse(format!("<?php return {value};\n").as_bytes()).unwrap()
    }

    #[track_caller]
    fn fails(text: &str, error: &str) {
        assert_eq!(parse(text.as_bytes()).unwrap_err().to_string(), error, "{text}");
    }

    #[test]
    fn exported_configuration() {
        let text = r#"array (
            'app' => array ('name' => 'It\'s \\ \n $a', 'off' => false, 'ids' => array (0 => 1, 1 => -2,),),
            'a.b' => 1.0E+25, 7 => \App\Mode::Fast, 'none' => array ( ), 'null' => NULL, // comment
            'o' => \App\Thing::__set_state(array('x' => '' . "\0" . 'b', )),
            's' => (object) array('y' => true, ),
        )"#;
        let value = read(text);
        let mode = r"\App\Mode::Fast";
        let rest =
            json!({"a.b": 1e25, "7": mode, "none": [], "null": null, "o": {"x": "\0b"}, "s": {"y": true}});
        assert_eq!(value["app"], json!({"name": "It's \\ \\n $a", "off": false, "ids": [1, -2]}));
        assert!(value.as_object().unwrap().iter().skip(1).eq(rest.as_object().unwrap()));
        assert_eq!(get(&value, "app.ids.1"), Some(&json!(-2)));
        assert_eq!(get(&value, "a.b"), Some(&json!(1e25)));
        assert!(["app.ids.01", "app.ids.2", "app.name.x", "", "app."].map(|p| get(&value, p)) == [None; 5]);
    }

    #[test]
    fn literals() {
        for (text, expected) in [
            ("-9223372036854775807-1", json!(i64::MIN)),
            ("9223372036854775808", json!(9_223_372_036_854_775_808_f64)),
            ("-1.5E-7", json!(-1.5e-7)),
            ("[INF, -INF, NAN, null, 1e999]", json!([null, null, null, null, null])),
            ("TRUE /* a */ # b\n // c\n", json!(true)),
            ("[1, 'a', [], array()]", json!([1, "a", [], []])),
            ("array (1 => 'a', 0 => 'b')", json!({"1": "a", "0": "b"})),
            ("array ('0' => 'a', 1 => 'b')", json!(["a", "b"])),
            ("['x' => 1, 5 => 2, 3, 'x' => 4]", json!({"x": 4, "5": 2, "6": 3})),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(parse(b"<?php return 'a\xff';").unwrap(), json!("a\u{fffd}"));
    }

    #[test]
    fn errors_name_the_line_only() {
        fails("<?php\n$a = 1;", "line 2: expected `return`");
        fails("<?php return 'a\n\nb", "line 1: text is not closed");
        fails("<?php return\n\"$a\";", "line 2: only `\\0` may stand in double quotes");
        fails("<?php return [\n'a' => env('B')];", "line 2: unknown constant or function call");
        fails("<?php return [\n1 2];", "line 2: expected `,` or the end of the array");
        fails("<?php return [1.5 => 1];", "line 1: an array key must be a text or an integer");
        fails("<?php return [9223372036854775807 => 1, 2];", "line 1: no array index is left");
        fails("<?php return A::make();", "line 1: function calls are not supported");
        fails("<?php return 017;", "line 1: octal numbers are not supported");
        fails("<?php return 1; echo 2;", "line 1: unexpected text after the value");
        fails(&" ".repeat(MAX_BYTES + 1), "line 1: file is larger than 16 MiB");
        let nested = |depth| format!("<?php return {}{};", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(128).as_bytes()).is_ok());
        fails(&nested(129), "line 1: arrays are nested deeper than 128 levels");
    }

    fn quote(text: &str) -> String {
        let escaped = text.replace('\\', r"\\").replace('\'', r"\'");
        format!("'{}'", escaped.replace('\0', r#"' . "\0" . '"#))
    }

    /// Any value, and the text `var_export` gives it.
    fn exported() -> impl Strategy<Value = (Value, String)> {
        let int = any::<i64>().prop_map(Value::from);
        let float = prop::num::f64::NORMAL.prop_map(Value::from);
        let plain = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), int, float];
        let text = "(.|['\\\\\0\n$\"])*".prop_map(|text| (json!(text), quote(&text)));
        let leaf = prop_oneof![plain.prop_map(|value| (value.clone(), value.to_string())), text];
        leaf.prop_recursive(5, 60, 6, |inner| {
            let rows = prop::collection::vec(("[a-z'\\\\\0.][a-z0-9]{0,4}", inner), 0..6);
            (any::<bool>(), rows).prop_map(|(list, rows)| {
                let text = rows.iter().zip(0..).fold(String::new(), |text, ((key, (_, item)), index)| {
                    let key = if list { format!("{index}") } else { quote(key) };
                    format!("{text}  {key} => \n  {item},\n")
                });
                let items = rows.into_iter().map(|(key, (item, _))| (key, item));
                let list = list || items.len() == 0;
                let value = if list { items.map(|item| item.1).collect() } else { items.collect() };
                (value, format!("array (\n{text})"))
            })
        })
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, near in r"(array \(|\(object\)|\[|\]|\)|=>|,|'|\\|0|-|\.|E|A::| )*") {
            let _ = parse(&bytes);
            let _ = parse(&[b"<?php return ".as_slice(), &bytes].concat());
            let _ = parse(format!("<?php return {near};").as_bytes());
        }

        #[test]
        fn exports_round_trip((value, text) in exported()) {
            prop_assert_eq!(read(&text), value);
        }
    }
}
