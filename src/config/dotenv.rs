//! Reader for `.env` files.
//!
//! The grammar is the one of phpdotenv 5.6, the library Laravel reads the file with, so that opsctl sees the
//! same values as the application does, or refuses the file where it would.

use std::fmt;

const UNCLOSED: &str = "double quote is never closed";
const AFTER_QUOTE: &str = "unexpected text after the closing quote";

/// Ceiling of one expanded value; lines that refer to each other twice would otherwise grow without end. It is what
/// Linux takes for one variable, and no application's value comes near.
const MAX_VALUE_CHARS: usize = 1 << 17;

/// Ceiling of all values together, in bytes: many lines may each repeat a long one.
const MAX_BYTES: usize = 2 << 20;

/// What PHP's `trim()` removes.
const BLANK: &[char] = &[' ', '\t', '\n', '\r', '\0', '\u{b}'];

/// One `NAME=value` line.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name of the variable, without quotes and `export`.
    pub name: String,
    /// Expanded value; `None` for a bare `NAME`, which unsets the variable.
    pub value: Option<String>,
    /// Line of the file (from 1) the entry starts at.
    pub line: usize,
}

impl fmt::Debug for Entry {
    // The value may be a password, so it stays out of logs and panic messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.value.is_some() { "hidden" } else { "unset" };
        write!(f, "Entry {{ name: {:?}, value: {value}, line: {} }}", self.name, self.line)
    }
}

/// A line the grammar does not accept. It names the line and perhaps the variable, never the value.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: {message}")]
pub struct SyntaxError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl SyntaxError {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// Reads a whole `.env` file (phpdotenv 5.6 Parser, Resolver).
///
/// `known` gives variables of the process environment: `${NAME}` takes those first, then earlier lines. All
/// entries are kept in file order; where a name comes twice, the last entry counts.
///
/// # Errors
/// The first line outside the grammar makes the whole file unusable, as in Laravel. Text that is not UTF-8
/// and a double quote never closed are refused too, where phpdotenv would lose variables without a word.
pub fn parse(text: &[u8], known: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Entry>, SyntaxError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut bytes = 0;
    for (line, raw) in join_lines(decode(text)?)? {
        let (left, right) = split(&raw);
        let name = parse_name(left).map_err(|what| SyntaxError::new(line, what))?;
        let lookup = |wanted: &str| {
            let earlier = || entries.iter().rev().find(|e| e.name == wanted).and_then(|e| e.value.clone());
            known(wanted).or_else(earlier)
        };
        let value = right
            .map(|r| scan(r).and_then(|marked| expand(&marked, &lookup)))
            .transpose()
            .map_err(|what| SyntaxError::new(line, format!("{name}: {what}")))?;
        bytes += value.as_ref().map_or(0, String::len);
        if bytes > MAX_BYTES {
            return Err(SyntaxError::new(line, format!("{name}: values are too long in all")));
        }
        entries.push(Entry { name: name.to_owned(), value, line });
    }
    Ok(entries)
}

fn decode(text: &[u8]) -> Result<&str, SyntaxError> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    std::str::from_utf8(text).map_err(|e| {
        let before = text.get(..e.valid_up_to()).unwrap_or_default();
        let breaks = String::from_utf8_lossy(before).replace("\r\n", "\n").matches(['\n', '\r']).count();
        SyntaxError::new(breaks + 1, "text is not valid UTF-8")
    })
}

/// Cuts the text into entries, each with its first line, leaving out blank lines and comments.
///
/// phpdotenv (Parser/Lines) decides line by line whether a double-quoted value goes on, before it looks at
/// names or comments: `="` opens even inside a comment. The oddities decide what the application sees.
fn join_lines(text: &str) -> Result<Vec<(usize, String)>, SyntaxError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut entries = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (line, number) in text.split('\n').zip(1..) {
        let opens = line.contains("=\"") && !closes(line, true);
        let ends = !opens && (open.is_none() || closes(line, false));
        let (first, mut joined) = open.take().unwrap_or((number, String::new()));
        joined.push_str(if first == number { "" } else { "\n" });
        joined.push_str(line);
        if !ends {
            open = Some((first, joined));
        } else if !matches!(joined.trim_matches(BLANK).chars().next(), None | Some('#')) {
            entries.push((first, joined));
        }
    }
    let Some((line, raw)) = open else { return Ok(entries) };
    let name = parse_name(split(&raw).0).map(|name| format!("{name}: ")).unwrap_or_default();
    Err(SyntaxError::new(line, format!("{name}{UNCLOSED}")))
}

/// Whether the line ends a quoted value by an unescaped `"`; where it also `opened` it, by a second one.
fn closes(line: &str, opened: bool) -> bool {
    let bare = line.replace("\\\\", "");
    let quotes = bare.as_bytes().windows(2).filter(|pair| matches!(pair, [before, b'"'] if *before != b'\\'));
    line == "\"" || quotes.count() > usize::from(opened)
}

/// Name and value. phpdotenv trims no line without `=`, so blanks around a bare name are an error.
fn split(raw: &str) -> (&str, Option<&str>) {
    match raw.split_once('=') {
        Some((left, right)) => (left.trim_matches(BLANK), Some(right.trim_matches(BLANK))),
        None => (raw, None),
    }
}

/// The message never shows the text: a stray line of an unquoted key or password ends up here too.
fn parse_name(left: &str) -> Result<&str, &'static str> {
    let exported = left.strip_prefix("export").filter(|rest| rest.starts_with(is_space));
    let name = match exported {
        Some(_) if left.chars().count() <= 8 => {
            return Err("one-letter name after `export`");
        }
        Some(rest) => rest.trim_start_matches(BLANK),
        None => left,
    };
    let unquoted = ['"', '\''].into_iter().find_map(|q| name.strip_prefix(q)?.strip_suffix(q));
    let name = unquoted.unwrap_or(name);
    if name.is_empty() {
        return Err("missing variable name");
    }
    let valid = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    if valid { Ok(name) } else { Err("invalid variable name (letters, digits, `_` and `.` are allowed)") }
}

/// PHP's `ctype_space`, which knows ASCII only.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

/// Takes quotes, escapes and comments away (phpdotenv Parser/EntryParser). The flag marks each `$` at which
/// an expansion may begin: neither an escaped nor a single-quoted one.
fn scan(value: &str) -> Result<Vec<(char, bool)>, &'static str> {
    if let Some(rest) = value.strip_prefix('\'') {
        let (text, rest) = rest.split_once('\'').ok_or("single quote is not closed on its line")?;
        return ends(rest, AFTER_QUOTE).map(|()| text.chars().map(|c| (c, false)).collect());
    }
    if let Some(rest) = value.strip_prefix('"') {
        let (mut out, mut chars) = (Vec::new(), rest.chars());
        loop {
            match chars.next().ok_or(UNCLOSED)? {
                '"' => return ends(chars.as_str(), AFTER_QUOTE).map(|()| out),
                '\\' => out.push((unescape(chars.next().ok_or(UNCLOSED)?)?, false)),
                c => out.push((c, c == '$')),
            }
        }
    }
    let length = value.find(|c| c == '#' || is_space(c)).unwrap_or(value.len());
    let (text, rest) = value.split_at(length);
    ends(rest, "value with spaces must be quoted").map(|()| text.chars().map(|c| (c, c == '$')).collect())
}

/// Only blanks and a comment may follow a value.
fn ends(rest: &str, message: &'static str) -> Result<(), &'static str> {
    let rest = rest.trim_start_matches(is_space);
    if rest.is_empty() || rest.starts_with('#') { Ok(()) } else { Err(message) }
}

fn unescape(c: char) -> Result<char, &'static str> {
    const KNOWN: [&str; 8] = ["\"\"", "\\\\", "$$", "n\n", "r\r", "t\t", "f\u{c}", "v\u{b}"];
    let meant = KNOWN.iter().find_map(|pair| pair.strip_prefix(c)?.chars().next());
    meant.ok_or(r"unknown escape in double quotes (write `\\` for a backslash)")
}

/// Replaces `${NAME}` from the right to the left (phpdotenv Loader/Resolver), so that `${A${B}}` looks `B` up
/// first. Built backwards, the text right of the current character is the top of a stack.
fn expand(marked: &[(char, bool)], lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, &'static str> {
    let mut stack: Vec<char> = Vec::with_capacity(marked.len());
    for &(c, expands) in marked.iter().rev() {
        stack.push(c);
        if expands
            && let Some((name, rest)) = reference(&stack)
            && let Some(value) = lookup(&name)
        {
            stack.truncate(rest);
            stack.extend(value.chars().rev());
        }
        if stack.len() > MAX_VALUE_CHARS {
            return Err("value is too long");
        }
    }
    Ok(stack.into_iter().rev().collect())
}

/// The name in a `${NAME}` on top of the stack, and how much of the stack lies below it.
fn reference(stack: &[char]) -> Option<(String, usize)> {
    let mut below = stack.iter().rev();
    if (below.next(), below.next()) != (Some(&'$'), Some(&'{')) {
        return None;
    }
    let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let name: String = below.clone().copied().take_while(is_part).collect();
    let closed = below.nth(name.len()) == Some(&'}') && !name.is_empty();
    closed.then(|| (name, below.len()))
}

/// A value as Laravel's `env()` gives it to the configuration.
#[derive(Clone, PartialEq, Eq)]
pub enum EnvValue {
    /// Any other text; `empty` gives the empty text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// `null`. The variable exists, so a default does not apply.
    Null,
}

impl fmt::Debug for EnvValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(hidden)"),
            Self::Bool(value) => write!(f, "Bool({value})"),
            Self::Null => f.write_str("Null"),
        }
    }
}

/// Turns a raw text into what `env()` returns (Laravel 13 Support/Env): `true`, `false`, `null` and `empty`
/// are special in any case, also in round brackets; one pair of quotes around a text goes away.
#[must_use]
pub fn cast(raw: &str) -> EnvValue {
    match raw.to_ascii_lowercase().as_str() {
        "true" | "(true)" => EnvValue::Bool(true),
        "false" | "(false)" => EnvValue::Bool(false),
        "null" | "(null)" => EnvValue::Null,
        "empty" | "(empty)" => EnvValue::Text(String::new()),
        _ => {
            // Laravel's pattern does not reach over a line end, so such a text keeps its quotes.
            let inner = ['"', '\''].into_iter().find_map(|q| raw.strip_prefix(q)?.strip_suffix(q));
            EnvValue::Text(inner.filter(|text| !text.contains('\n')).unwrap_or(raw).to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn process(name: &str) -> Option<String> {
        (name == "HOME").then(|| "/root".to_owned())
    }

    fn pairs(text: &str) -> Vec<(String, Option<String>)> {
        parse(text.as_bytes(), &process).unwrap().into_iter().map(|e| (e.name, e.value)).collect()
    }

    #[track_caller]
    fn gives(text: &str, value: &str) {
        assert_eq!(pairs(text).pop().unwrap().1.as_deref(), Some(value), "{text}");
    }

    #[track_caller]
    fn fails(text: impl AsRef<[u8]>, error: &str) {
        assert_eq!(parse(text.as_ref(), &process).unwrap_err().to_string(), error);
    }

    #[test]
    fn unquoted_values() {
        for text in ["A=b", " A = b ", "A=b # c", "A=b#c", "\u{feff}A=b\r", "#x\n # A=c\nA=b\n", "A=c\nA=b"] {
            gives(text, "b");
        }
        for text in ["A=#c", "A=", "A=\"\"", "A=''", "A= # c"] {
            gives(text, "");
        }
        for text in ["http://a/", "b\\nc", "it's", "a\"b", "b=c", "é"] {
            gives(&format!("A={text}#d"), text);
        }
        assert_eq!(pairs("A"), [("A".to_owned(), None)]);
        fails("A=b c", "line 1: A: value with spaces must be quoted");
    }

    #[test]
    fn quoted_values() {
        gives(r#"A="\"\\\$\n\r\t\f\v #'" # c"#, "\"\\$\n\r\t\u{c}\u{b} #'");
        gives(r#"A='\n "${HOME}#'"#, r#"\n "${HOME}#"#);
        gives("A=\"b\r\n\r\n c\"", "b\n\n c");
        gives("A=\"b\n\"", "b\n");
        for text in ["A=\"b\"c", "A='a' 'b'", "A='it''s'"] {
            fails(text, "line 1: A: unexpected text after the closing quote");
        }
        fails("A='b\nc'", "line 1: A: single quote is not closed on its line");
        fails("A= \"b", "line 1: A: double quote is never closed");
        fails("\rA=\"b\nB=1", "line 2: A: double quote is never closed");
        fails("#A=\"b\nB=1", "line 1: double quote is never closed");
        fails(r#"A="\x""#, r"line 1: A: unknown escape in double quotes (write `\\` for a backslash)");
    }

    #[test]
    fn expansion() {
        gives("A=${HOME}/x", "/root/x");
        gives("HOME=/h\nA=\"<${HOME}>\"", "</root>");
        gives("B=1\nB=2\nA=${B}${B}", "22");
        gives("C=B\nB=1\nA=${${C}}", "1");
        gives("A=${A}", "${A}");
        gives("B=1\nB\nA=${B}", "${B}");
        gives("B=1\nA=$B$(B)${}${B", "$B$(B)${}${B");
        gives("A=\"\\${HOME}\"", "${HOME}");
        let doubling = "A=${A}${A}\n".repeat(30);
        fails(format!("A=${{HOME}}\n{doubling}"), "line 16: A: value is too long");
        let repeating = format!("A={}\n{}", "x".repeat(1 << 17), "B=${A}\n".repeat(17));
        fails(repeating, "line 17: B: values are too long in all");
    }

    #[test]
    fn names() {
        for text in ["export APP=1", "export\t\"APP\" = 1", "'APP'=1", "APP=1"] {
            assert_eq!(pairs(text), [("APP".to_owned(), Some("1".to_owned()))], "{text}");
        }
        assert_eq!(pairs("a.b_1é=1\nexport FOO").len(), 2);
        fails("export A=1", "line 1: one-letter name after `export`");
        fails("=secret", "line 1: missing variable name");
        for text in ["A-B=1", "A: b", "A B=1", "\"A=1", " A"] {
            fails(text, "line 1: invalid variable name (letters, digits, `_` and `.` are allowed)");
        }
        fails(b"A=1\r\nB=\xff", "line 2: text is not valid UTF-8");
    }

    #[test]
    fn entries_keep_order_and_lines() {
        let entries = parse(b"A=\"1\n2\"\nB=3\nA=4", &process).unwrap();
        let seen: Vec<_> = entries.iter().map(|e| (e.name.as_str(), e.line)).collect();
        assert_eq!(seen, [("A", 1), ("B", 3), ("A", 4)]);
        assert_eq!(format!("{:?}", entries[1]), "Entry { name: \"B\", value: hidden, line: 3 }");
    }

    #[test]
    fn casting() {
        for (raw, value) in [("true", true), ("(TRUE)", true), ("False", false), ("(false)", false)] {
            assert_eq!(cast(raw), EnvValue::Bool(value));
        }
        assert_eq!(["null", "(Null)"].map(cast), [EnvValue::Null, EnvValue::Null]);
        let texts = [("empty", ""), ("(EMPTY)", ""), ("''", ""), ("\"a'b\"", "a'b"), ("'true'", "true")];
        let same = ["", "'", "'a\"", "\"a\nb\"", "1", " true"].map(|text| (text, text));
        for (raw, text) in texts.into_iter().chain(same) {
            assert!(cast(raw) == EnvValue::Text(text.to_owned()), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, near in r#"([AB_.]|=|"|'|\\|\$|\{|\}|#|export |[ \t\r\n])*"#) {
            let _ = parse(&bytes, &process);
            let _ = parse(near.as_bytes(), &process);
        }

        #[test]
        fn quoting_round_trips(text in "(.|[\"\\\\$'#=\n\r])*") {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
            let file = format!("A=\"{}\"", escaped.replace('\n', "\\n").replace('\r', "\\r"));
            prop_assert_eq!(pairs(&file), [("A".to_owned(), Some(text))]);
        }

        #[test]
        fn what_needs_no_escape_round_trips(text in r#"[^\p{C}"']*"#, bare in "[A-Za-z0-9:/@=.,-]*") {
            prop_assert_eq!(pairs(&format!("A='{text}'")), [("A".to_owned(), Some(text))]);
            prop_assert_eq!(pairs(&format!("export APP={bare}")), [("APP".to_owned(), Some(bare))]);
        }

        #[test]
        fn errors_hide_the_value(left in "[^\r\n]{0,6}", right in ".{0,6}") {
            if let Err(error) = parse(format!("NAME={left}hunter2{right}").as_bytes(), &process) {
                prop_assert!(!error.to_string().contains("hunter2"));
            }
        }
    }
}
