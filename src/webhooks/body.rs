//! Reads a webhook's body in one pass and keeps only the few values that a rule may ask for, so that a body of
//! 5 MiB costs no more memory than a small one.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::LazyLock};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::providers;

/// Longest text that is kept, in bytes: that of the longest reference, in any script. Status words are short.
const LONGEST: usize = 4 * providers::REFERENCE_WIDTH;
/// Beyond this a floating point number may stand for several whole ones.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// What the service adds to every stored payload.
const OWN_KEY: &str = "_tenrusl";

/// A value found at one of the known paths.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// JSON null.
    Null,
    /// true or false.
    Bool(bool),
    /// A number without loss of digits, as text.
    Number(String),
    /// Text of at most 764 bytes.
    Text(String),
    /// An object, an array, a text that is longer, or a number that was rounded.
    Other,
}

/// What a body says at the known paths.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Body {
    values: BTreeMap<&'static str, Scalar>,
    filled: bool,
}

impl Body {
    /// Reads JSON.
    ///
    /// # Errors
    /// Says where the text stops being JSON, or that it is not UTF-8.
    pub fn json(bytes: &[u8]) -> Result<Self, String> {
        std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
        let mut body = Body::default();
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        Reader { node: &PATHS, body: &mut body, top: true }
            .deserialize(&mut deserializer)
            .and_then(|()| deserializer.end())
            .map_err(|error| format!("not JSON at line {} column {}", error.line(), error.column()))?;
        Ok(body)
    }

    /// Reads `application/x-www-form-urlencoded`, as Skrill and Paddle Classic send it.
    pub fn form(bytes: &[u8]) -> Self {
        let mut body = Body::default();
        for (name, value) in url::form_urlencoded::parse(bytes) {
            body.filled = true;
            if let Some(path) = PATHS.children.get(name.as_ref()).and_then(|node| node.path) {
                body.values.insert(path, text(value));
            }
        }
        body
    }

    /// Whether there is anything besides what the service itself adds.
    pub fn is_empty(&self) -> bool {
        !self.filled
    }

    /// The value at a path.
    pub fn get(&self, path: &str) -> Option<&Scalar> {
        self.values.get(path)
    }

    /// All values, by path.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &Scalar)> {
        self.values.iter().map(|(path, value)| (*path, value))
    }
}

fn text(value: Cow<'_, str>) -> Scalar {
    if value.len() > LONGEST { Scalar::Other } else { Scalar::Text(value.into_owned()) }
}

/// The paths that any rule asks for, as a tree of keys.
#[derive(Debug, Default)]
struct Node {
    children: BTreeMap<&'static str, Node>,
    path: Option<&'static str>,
}

static PATHS: LazyLock<Node> = LazyLock::new(|| {
    let mut root = Node::default();
    for path in providers::paths() {
        let node = path.split('.').fold(&mut root, |node, key| node.children.entry(key).or_default());
        node.path = Some(path);
    }
    root
});

impl Node {
    /// Forgets what was kept at or below this node: of a repeated key the last one counts, as in PHP.
    fn forget(&self, body: &mut Body) {
        if let Some(path) = self.path {
            body.values.remove(path);
        }
        self.children.values().for_each(|child| child.forget(body));
    }
}

/// Walks one JSON value beside the tree.
struct Reader<'a> {
    node: &'static Node,
    body: &'a mut Body,
    top: bool,
}

impl Reader<'_> {
    fn keep(self, value: Scalar) {
        if self.top {
            // A scalar body: `null` and `""` are empty, anything else is something, though no rule reads it.
            self.body.filled = !matches!(&value, Scalar::Null) && value != Scalar::Text(String::new());
        } else if let Some(path) = self.node.path {
            self.body.values.insert(path, value);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.keep(Scalar::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.keep(Scalar::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.keep(Scalar::Number(value.to_string()));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.keep(Scalar::Number(value.to_string()));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.keep(if value.abs() < EXACT { Scalar::Number(value.to_string()) } else { Scalar::Other });
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.keep(text(Cow::Borrowed(value)));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut any = false;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            any = true;
        }
        if self.top {
            self.body.filled = any;
        } else {
            self.keep(Scalar::Other);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if self.top && key != OWN_KEY {
                self.body.filled = true;
            }
            match self.node.children.get(key.as_ref()) {
                Some(node) => {
                    node.forget(self.body);
                    map.next_value_seed(Reader { node, body: self.body, top: false })?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if !self.top {
            self.keep(Scalar::Other);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at<'a>(body: &'a Body, path: &str) -> Option<&'a Scalar> {
        body.get(path)
    }

    #[test]
    fn only_known_paths_are_kept() {
        let body =
            Body::json(br#"{"id":"evt_1","noise":{"id":"x"},"data":{"object":{"id":"pi_1","status":null}}}"#)
                .unwrap();
        assert_eq!(at(&body, "id"), Some(&Scalar::Text("evt_1".into())));
        assert_eq!(at(&body, "data.object.id"), Some(&Scalar::Text("pi_1".into())));
        assert_eq!(at(&body, "data.object.status"), Some(&Scalar::Null));
        assert_eq!(at(&body, "noise.id"), None);
    }

    #[test]
    fn of_a_repeated_key_the_last_counts_with_all_below_it() {
        let body = Body::json(br#"{"data":{"id":"a","status":"paid"},"data":{"id":7}}"#).unwrap();
        assert_eq!(at(&body, "data.id"), Some(&Scalar::Number("7".into())));
        assert_eq!(at(&body, "data.status"), None);
    }

    #[test]
    fn bodies_without_content_are_empty() {
        for text in ["{}", "[]", "null", "\"\"", r#"{"_tenrusl":{"event_id_source":"body"}}"#] {
            assert!(Body::json(text.as_bytes()).unwrap().is_empty(), "{text}");
        }
        for text in ["42", "\"paid\"", "[1]", r#"{"a":null}"#] {
            assert!(!Body::json(text.as_bytes()).unwrap().is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_says_where() {
        assert_eq!(Body::json(b"{\"a\":").unwrap_err(), "not JSON at line 1 column 5");
        assert_eq!(Body::json(b"\"\xff\"").unwrap_err(), "not UTF-8 at byte 1");
        assert!(Body::json(b"{} {}").is_err());
    }

    // Rounded, two references would become one, and name the wrong payment.
    #[test]
    fn a_number_that_lost_digits_is_no_value() {
        for number in ["12345678901234567890123", "1e300", "-9007199254740993.0"] {
            let body = Body::json(format!(r#"{{"id":{number}}}"#).as_bytes()).unwrap();
            assert_eq!(at(&body, "id"), Some(&Scalar::Other), "{number}");
        }
        for (number, text) in
            [("18446744073709551615", "18446744073709551615"), ("1e3", "1000"), ("-2.5", "-2.5")]
        {
            let body = Body::json(format!(r#"{{"id":{number}}}"#).as_bytes()).unwrap();
            assert_eq!(at(&body, "id"), Some(&Scalar::Number(text.into())), "{number}");
        }
    }

    #[test]
    fn forms_are_read_at_the_top() {
        let body = Body::form(b"transaction_id=A%201&status=-2&mb_amount=10");
        assert_eq!(at(&body, "transaction_id"), Some(&Scalar::Text("A 1".into())));
        assert_eq!(at(&body, "status"), Some(&Scalar::Text("-2".into())));
    }

    #[test]
    fn deep_nesting_in_what_no_rule_reads_is_passed_over() {
        let deep = format!("{{\"x\":{}1{},\"id\":\"a\"}}", "[".repeat(50_000), "]".repeat(50_000));
        assert_eq!(at(&Body::json(deep.as_bytes()).unwrap(), "id"), Some(&Scalar::Text("a".into())));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Body::json(&bytes);
            let _ = Body::form(&bytes);
        }
    }
}
