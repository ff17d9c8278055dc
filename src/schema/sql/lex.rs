//! Words, quoted texts and comments of a script, as an engine reads them.

use crate::db::Engine;

/// What a piece of a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// A keyword or a plain name.
    Plain,
    /// A name in quotes.
    Name,
    /// A string, a number's point, an operator: anything that is neither.
    Other,
    /// The end of a statement.
    Semicolon,
    /// A comment, or the brackets around one that MySQL runs.
    Comment,
}

/// A piece of a script, by its place in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub word: Word,
    /// Its first byte.
    pub start: usize,
    /// Behind its last byte.
    pub end: usize,
}

impl Token {
    /// Its text.
    pub fn text<'s>(&self, script: &'s str) -> &'s str {
        &script[self.start..self.end]
    }

    /// Whether it is a keyword, in whatever case.
    pub fn is(&self, script: &str, keyword: &str) -> bool {
        self.word == Word::Plain && self.text(script).eq_ignore_ascii_case(keyword)
    }
}

/// All pieces but blanks. Any text has some: what is not closed reaches to the end.
pub fn words(engine: Engine, script: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    // Inside of a comment that MySQL runs: only there `*/` is a bracket, and not a product and a quotient.
    let mut run = false;
    while let Some(next) = script[at..].chars().next() {
        if next.is_whitespace() {
            at += next.len_utf8();
            continue;
        }
        let rest = &script[at..];
        // E'…' on PostgreSQL: a backslash escapes there.
        let escapes = engine == Engine::MySql
            || tokens.last().is_some_and(|last: &Token| {
                engine == Engine::Postgres && last.end == at && last.is(script, "e")
            });
        let (word, length) = if run && rest.starts_with("*/") {
            (Word::Comment, 2)
        } else {
            piece(engine, rest, next, escapes)
        };
        if word == Word::Comment {
            run = match (rest.starts_with("*/"), executed(engine, rest)) {
                (true, _) => false,
                (false, opened) => run || opened.is_some(),
            };
        }
        tokens.push(Token { word, start: at, end: at + length });
        at += length;
    }
    tokens
}

fn piece(engine: Engine, rest: &str, next: char, escapes: bool) -> (Word, usize) {
    if let Some(length) = comment(engine, rest) {
        return (Word::Comment, length);
    }
    match next {
        ';' => (Word::Semicolon, 1),
        '\'' => (Word::Other, quoted(rest, '\'', escapes)),
        '"' if engine == Engine::MySql => (Word::Other, quoted(rest, '"', true)),
        '"' => (Word::Name, quoted(rest, '"', false)),
        '`' if engine != Engine::Postgres => (Word::Name, quoted(rest, '`', false)),
        '$' if engine == Engine::Postgres => (Word::Other, dollar(rest)),
        next if next.is_alphanumeric() || next == '_' => {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
            (Word::Plain, length.unwrap_or(rest.len()))
        }
        other => (Word::Other, other.len_utf8()),
    }
}

/// Length of the comment at the head of the text.
fn comment(engine: Engine, rest: &str) -> Option<usize> {
    let line = || rest.find('\n').unwrap_or(rest.len());
    let bytes = rest.as_bytes();
    match bytes {
        // To MySQL two dashes are an operator unless a blank follows.
        [b'-', b'-', after, ..] if engine == Engine::MySql && !after.is_ascii_whitespace() => None,
        [b'-', b'-', ..] => Some(line()),
        [b'#', ..] if engine == Engine::MySql => Some(line()),
        [b'/', b'*', ..] => match executed(engine, rest) {
            Some(bracket) => Some(bracket),
            None => Some(block(rest, engine == Engine::Postgres)),
        },
        _ => None,
    }
}

/// Length of `/*!50003` or `/*M!100304`: what follows is run, and is therefore read.
fn executed(engine: Engine, rest: &str) -> Option<usize> {
    if engine != Engine::MySql {
        return None;
    }
    let open = ["/*!", "/*M!"].into_iter().find(|open| rest.starts_with(open))?.len();
    let digits = rest[open..].bytes().take_while(u8::is_ascii_digit).count();
    Some(open + digits)
}

/// Length of a comment in brackets; PostgreSQL's nest.
fn block(rest: &str, nests: bool) -> usize {
    let (mut depth, mut at) = (0_u32, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") && (nests || depth == 0) {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Length of a quoted text; a doubled quote belongs to it.
fn quoted(rest: &str, quote: char, escapes: bool) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && escapes {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    rest.len()
}

/// Length of `$tag$ … $tag$`, or of a lone dollar.
fn dollar(rest: &str) -> usize {
    let Some(close) = rest[1..].find('$') else { return 1 };
    let tag = &rest[..close + 2];
    let named = |name: &str| {
        !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    if !named(&tag[1..tag.len() - 1]) {
        return 1;
    }
    rest[tag.len()..].find(tag).map_or(rest.len(), |at| at + 2 * tag.len())
}
