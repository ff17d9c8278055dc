//! Reading. Every length and count is checked against what is left before anything is kept, so that a hostile text
//! costs no more memory than its own size allows.

use std::borrow::Cow;

use super::{Key, Limits, Object, Unreadable, Value, Why};

/// Reads one value that is the whole text.
///
/// # Errors
/// What is wrong, and at which byte.
pub fn read(text: &[u8], limits: Limits) -> Result<Value<'_>, Unreadable> {
    if text.len() > limits.bytes {
        return Err(Unreadable { why: Why::Large, at: limits.bytes });
    }
    let mut reader = Reader { text, at: 0, slots: 0, limits };
    let value = reader.value(0)?;
    if reader.at < text.len() {
        return reader.fail(Why::Rest);
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Values so far: what `r:` and `R:` count.
    slots: u32,
    limits: Limits,
}

type Read<T> = Result<T, Unreadable>;

impl<'a> Reader<'a> {
    fn value(&mut self, depth: u32) -> Read<Value<'a>> {
        let tag = self.byte()?;
        // `R:` shares the slot of what it refers to; everything else has one of its own.
        if tag != b'R' {
            self.slots += 1;
        }
        if self.slots > self.limits.values || depth > self.limits.depth {
            return self.fail(Why::Large);
        }
        if tag == b'N' {
            self.expect(b";")?;
            return Ok(Value::Null);
        }
        self.expect(b":")?;
        Ok(match tag {
            b'b' => Value::Bool(self.truth()?),
            b'i' => Value::Int(self.number(b';')?),
            b'd' => Value::Float(Cow::Borrowed(self.float()?)),
            b's' => Value::Bytes(self.ended()?),
            b'E' => Value::Enum(self.ended()?),
            b'a' => Value::Array(self.pairs(depth)?),
            b'O' => {
                let class = self.quoted()?;
                self.expect(b":")?;
                Value::Object(Object { class, properties: self.pairs(depth)? })
            }
            b'C' => self.custom()?,
            b'r' => Value::Same(self.slot()?),
            b'R' => Value::Reference(self.slot()?),
            _ => {
                self.at -= 2;
                return self.fail(Why::Unexpected);
            }
        })
    }

    fn truth(&mut self) -> Read<bool> {
        let truth = match self.byte()? {
            b'0' => false,
            b'1' => true,
            _ => return self.fail(Why::Unexpected),
        };
        self.expect(b";")?;
        Ok(truth)
    }

    fn float(&mut self) -> Read<&'a str> {
        let text = self.until(b';')?;
        let word = matches!(text, b"INF" | b"-INF" | b"NAN");
        let numeric = text.iter().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte));
        match str::from_utf8(text) {
            Ok(text) if word || (numeric && text.parse::<f64>().is_ok()) => Ok(text),
            _ => self.fail(Why::Number),
        }
    }

    fn custom(&mut self) -> Read<Value<'a>> {
        let class = self.quoted()?;
        self.expect(b":")?;
        let length = self.length(b':')?;
        self.expect(b"{")?;
        let data = self.take(length)?;
        self.expect(b"}")?;
        Ok(Value::Custom(class, Cow::Borrowed(data)))
    }

    /// One of the slots before this value.
    fn slot(&mut self) -> Read<u32> {
        let slot = self.number(b';')?;
        match u32::try_from(slot) {
            Ok(slot) if (1..=self.slots).contains(&slot) => Ok(slot),
            _ => self.fail(Why::Slot),
        }
    }

    fn pairs(&mut self, depth: u32) -> Read<Vec<(Key<'a>, Value<'a>)>> {
        let count = self.length(b':')?;
        self.expect(b"{")?;
        // The shortest pair is `i:0;N;`.
        if count > (self.text.len() - self.at) / 6 {
            return self.fail(Why::Short);
        }
        let mut pairs = Vec::new();
        for _ in 0..count {
            pairs.push((self.key()?, self.value(depth + 1)?));
        }
        self.expect(b"}")?;
        Ok(pairs)
    }

    fn key(&mut self) -> Read<Key<'a>> {
        let tag = self.byte()?;
        self.expect(b":")?;
        match tag {
            b'i' => Ok(Key::Int(self.number(b';')?)),
            b's' => Ok(Key::Bytes(self.ended()?)),
            _ => self.fail(Why::Key),
        }
    }

    /// A quoted text and its semicolon.
    fn ended(&mut self) -> Read<Cow<'a, [u8]>> {
        let text = self.quoted()?;
        self.expect(b";")?;
        Ok(text)
    }

    /// Length, colon, quote, that many bytes, quote.
    fn quoted(&mut self) -> Read<Cow<'a, [u8]>> {
        let length = self.length(b':')?;
        self.expect(b"\"")?;
        let text = self.take(length)?;
        if self.text.get(self.at) != Some(&b'"') {
            return self.fail(Why::Length);
        }
        self.at += 1;
        Ok(Cow::Borrowed(text))
    }

    /// A length or a count: digits alone.
    fn length(&mut self, end: u8) -> Read<usize> {
        match usize::try_from(self.number(end)?) {
            Ok(length) => Ok(length),
            Err(_) => self.fail(Why::Number),
        }
    }

    /// A number as PHP writes it: no plus sign, no leading zeros.
    fn number(&mut self, end: u8) -> Read<i64> {
        let text = str::from_utf8(self.until(end)?).unwrap_or_default();
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_plain = match digits.as_bytes() {
            [b'0'] => digits.len() == text.len(),
            [b'1'..=b'9', ..] => true,
            _ => false,
        };
        match text.parse::<i64>() {
            Ok(number) if is_plain => Ok(number),
            _ => self.fail(Why::Number),
        }
    }

    /// Everything before the next `end`, which is passed over. Numbers end soon.
    fn until(&mut self, end: u8) -> Read<&'a [u8]> {
        const LONGEST: usize = 64;
        let rest = &self.text[self.at..];
        match rest.iter().take(LONGEST).position(|byte| *byte == end) {
            Some(length) => {
                self.at += length + 1;
                Ok(&rest[..length])
            }
            None => self.fail(if rest.len() < LONGEST { Why::Short } else { Why::Number }),
        }
    }

    fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        match self.text.get(self.at..).and_then(|rest| rest.get(..length)) {
            Some(text) => {
                self.at += length;
                Ok(text)
            }
            None => self.fail(Why::Short),
        }
    }

    fn byte(&mut self) -> Read<u8> {
        match self.take(1)? {
            [byte] => Ok(*byte),
            _ => self.fail(Why::Short),
        }
    }

    fn expect(&mut self, text: &[u8]) -> Read<()> {
        let found = self.take(text.len())?;
        if found == text {
            return Ok(());
        }
        self.at -= text.len();
        self.fail(Why::Unexpected)
    }

    fn fail<T>(&self, why: Why) -> Read<T> {
        Err(Unreadable { why, at: self.at })
    }
}
