//! PHP's `serialize()` format (the manual's "serialize", php-src `ext/standard/var.c`): what Laravel keeps jobs, cache
//! values and batch options in. Read within [`Limits`], and written.
//!
//! What is read is written back as the same bytes: floats stay the text that they were.

mod read;
mod write;

use std::{borrow::Cow, fmt};

pub use self::read::read;

/// A value. Strings are bytes, for PHP's are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// `N;`
    Null,
    /// `b:1;`
    Bool(bool),
    /// `i:-12;`
    Int(i64),
    /// `d:0.1;`, as the text that stands there: PHP has written floats in several ways.
    Float(Cow<'a, str>),
    /// `s:3:"abc";`
    Bytes(Cow<'a, [u8]>),
    /// `a:1:{…}`
    Array(Vec<(Key<'a>, Value<'a>)>),
    /// `O:8:"stdClass":1:{…}`
    Object(Object<'a>),
    /// `E:11:"Suit:Hearts";`
    Enum(Cow<'a, [u8]>),
    /// `C:3:"Foo":5:{bytes}`: a class that wrote itself, by an interface that PHP gave up.
    Custom(Cow<'a, [u8]>, Cow<'a, [u8]>),
    /// `r:2;`: the object of a slot, counted from 1 in the order in which values stand there.
    Same(u32),
    /// `R:2;`: a reference to it.
    Reference(u32),
}

/// An array's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key<'a> {
    /// A number, or a string that looks like one.
    Int(i64),
    /// A string.
    Bytes(Cow<'a, [u8]>),
}

/// An object: its class, and its properties in the order in which they stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object<'a> {
    /// The class without a leading backslash.
    pub class: Cow<'a, [u8]>,
    /// Names as PHP mangles them: `name` public, `\0*\0name` protected, `\0Class\0name` private.
    pub properties: Vec<(Key<'a>, Value<'a>)>,
}

impl<'a> Object<'a> {
    /// An object without properties.
    pub fn new(class: &'a str) -> Self {
        Self { class: Cow::Borrowed(class.as_bytes()), properties: Vec::new() }
    }

    /// The same with a public property.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: impl Into<Value<'a>>) -> Self {
        self.properties.push((Key::Bytes(Cow::Borrowed(name.as_bytes())), value.into()));
        self
    }

    /// A property by its bare name, whoever may see it. A public one counts before the others.
    pub fn property(&self, name: &str) -> Option<&Value<'a>> {
        let named = |mangled: bool| {
            self.properties.iter().rev().find_map(|(key, value)| match key {
                Key::Bytes(key) if mangled => (bare(key) == name.as_bytes()).then_some(value),
                Key::Bytes(key) => (&**key == name.as_bytes()).then_some(value),
                Key::Int(_) => None,
            })
        };
        named(false).or_else(|| named(true))
    }

    /// The class, where it is text.
    pub fn class(&self) -> Option<&str> {
        str::from_utf8(&self.class).ok()
    }
}

/// A property's name without what tells who may see it.
fn bare(key: &[u8]) -> &[u8] {
    match key.strip_prefix(b"\0") {
        Some(rest) => rest.splitn(2, |byte| *byte == 0).nth(1).unwrap_or(key),
        None => key,
    }
}

impl Value<'_> {
    /// The text of a string that is UTF-8.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Bytes(bytes) => str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The number of an integer.
    pub fn int(&self) -> Option<i64> {
        match self {
            Value::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// The truth of a boolean.
    pub fn bool(&self) -> Option<bool> {
        match self {
            Value::Bool(bool) => Some(*bool),
            _ => None,
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Bytes(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

/// How much of a text is believed before it is refused: what jobs and cache values never need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole.
    pub bytes: usize,
    /// Values inside of values.
    pub depth: u32,
    /// Values in all.
    pub values: u32,
}

impl Default for Limits {
    /// 16 MiB, 128 deep, a million values.
    fn default() -> Self {
        Self { bytes: 16 << 20, depth: 128, values: 1_000_000 }
    }
}

/// Why a text cannot be read, and where: the byte, counted from 0. It holds nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong there.
    pub why: Why,
    /// Where.
    pub at: usize,
}

/// What can be wrong with a serialized text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its end comes too early.
    Short,
    /// Something else was to stand there.
    Unexpected,
    /// A string's length and its closing quote disagree.
    Length,
    /// A number that is none, or too large.
    Number,
    /// More bytes, values or levels than [`Limits`] allow.
    Large,
    /// A key that is neither a number nor a string.
    Key,
    /// A slot that does not exist.
    Slot,
    /// Something stands behind the value.
    Rest,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.why {
            Why::Short => "the serialized value ends too early",
            Why::Unexpected => "the serialized value is malformed",
            Why::Length => "a string of the serialized value is not as long as it says",
            Why::Number => "a number of the serialized value is none",
            Why::Large => "the serialized value is too large or too deep",
            Why::Key => "a key of the serialized value is neither number nor string",
            Why::Slot => "the serialized value refers to what is not there",
            Why::Rest => "something stands behind the serialized value",
        })?;
        write!(f, " (byte {})", self.at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reads(text: &[u8]) -> Value<'_> {
        read(text, Limits::default()).unwrap()
    }

    fn fails(text: &[u8]) -> Why {
        read(text, Limits::default()).unwrap_err().why
    }

    #[test]
    fn the_job_of_a_webhook_event_is_read_and_written_as_laravel_does() {
        let text = br#"O:28:"App\Jobs\ProcessWebhookEvent":4:{s:14:"webhookEventId";s:26:"01jd000000ugrma589efa2b291";s:7:"trigger";s:5:"retry";s:5:"force";b:0;s:5:"queue";s:8:"webhooks";}"#;
        let Value::Object(job) = reads(text) else { panic!() };
        assert_eq!(job.class(), Some(r"App\Jobs\ProcessWebhookEvent"));
        assert_eq!(job.property("webhookEventId").and_then(Value::text), Some("01jd000000ugrma589efa2b291"));
        assert_eq!(job.property("force").and_then(Value::bool), Some(false));
        assert_eq!(job.property("nothing"), None);
        let own = Object::new(r"App\Jobs\ProcessWebhookEvent")
            .with("webhookEventId", "01jd000000ugrma589efa2b291")
            .with("trigger", "retry")
            .with("force", false)
            .with("queue", "webhooks");
        assert_eq!(Value::Object(own).serialized(), text);
    }

    #[test]
    fn private_and_protected_properties_have_their_bare_names() {
        let text = b"O:13:\"App\\Jobs\\Demo\":3:{s:2:\"ro\";s:3:\"val\";s:23:\"\0App\\Jobs\\Demo\0promPriv\";N;s:11:\"\0*\0promProt\";s:1:\"d\";}";
        let Value::Object(job) = reads(text) else { panic!() };
        assert_eq!(job.property("promPriv"), Some(&Value::Null));
        assert_eq!(job.property("promProt").and_then(Value::text), Some("d"));
        assert_eq!(Value::Object(job).serialized(), text);
    }

    #[test]
    fn every_kind_of_value_survives() {
        for text in [
            &b"N;"[..],
            b"b:1;",
            b"i:-9223372036854775808;",
            b"d:0.1;",
            b"d:1.0E+100;",
            b"d:-INF;",
            b"d:NAN;",
            b"s:3:\"a\"b\";",
            b"s:2:\"\xc3\x28\";",
            b"a:2:{i:0;s:0:\"\";s:1:\"k\";a:0:{}}",
            b"E:11:\"Suit:Hearts\";",
            b"C:3:\"Foo\":5:{a}b{c}",
            b"a:3:{i:0;O:8:\"stdClass\":0:{}i:1;r:2;i:2;R:2;}",
        ] {
            assert_eq!(reads(text).serialized(), text, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn what_is_wrong_is_told_and_nothing_is_believed() {
        for (text, why) in [
            (&b""[..], Why::Short),
            (b"i:1", Why::Short),
            (b" i:1;", Why::Unexpected),
            (b"s:4:\"abc\";", Why::Length),
            (b"s:2:\"abc\";", Why::Length),
            (b"s:99999999999999999999:\"\";", Why::Number),
            (b"s:4294967296:\"\";", Why::Short),
            (b"i:9223372036854775808;", Why::Number),
            (b"i:+1;", Why::Number),
            (b"b:2;", Why::Unexpected),
            (b"d:1e;x;", Why::Number),
            (b"a:999999999:{}", Why::Short),
            (b"a:1:{b:1;i:1;}", Why::Key),
            (b"a:1:{i:0;r:9;}", Why::Slot),
            (b"R:0;", Why::Slot),
            (b"i:1;i:2;", Why::Rest),
            (b"O:1:\"A\":1:{}", Why::Short),
        ] {
            assert_eq!(fails(text), why, "{}", text.escape_ascii());
        }
        let deep = [b"a:1:{i:0;".repeat(1000), b"N;".to_vec(), b"}".repeat(1000)].concat();
        assert_eq!(fails(&deep), Why::Large);
        let few = Limits { values: 3, ..Limits::default() };
        assert_eq!(read(b"a:3:{i:0;N;i:1;N;i:2;N;}", few).unwrap_err().why, Why::Large);
    }

    fn values() -> impl Strategy<Value = Value<'static>> {
        let bytes = move || proptest::collection::vec(any::<u8>(), 0..20).prop_map(Cow::Owned);
        let key = move || prop_oneof![any::<i64>().prop_map(Key::Int), bytes().prop_map(Key::Bytes)];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_map(|float| Value::Float(format!("{float:?}").replace('e', "E").into())),
            bytes().prop_map(Value::Bytes),
            bytes().prop_map(Value::Enum),
            (bytes(), bytes()).prop_map(|(class, data)| Value::Custom(class, data)),
        ];
        leaf.prop_recursive(6, 60, 5, move |inner| {
            let pairs = || proptest::collection::vec((key(), inner.clone()), 0..5);
            prop_oneof![
                pairs().prop_map(Value::Array),
                (bytes(), pairs())
                    .prop_map(|(class, properties)| Value::Object(Object { class, properties })),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(value in values()) {
            let text = value.serialized();
            let read = read(&text, Limits::default()).unwrap();
            prop_assert_eq!(&read, &value);
            prop_assert_eq!(read.serialized(), text);
        }

        #[test]
        fn any_bytes_are_refused_or_written_back(text in "[NbidsaOECrR:;{}\"0-9-]{0,60}") {
            if let Ok(value) = read(text.as_bytes(), Limits::default()) {
                prop_assert_eq!(value.serialized().len(), text.len());
            }
        }
    }
}
