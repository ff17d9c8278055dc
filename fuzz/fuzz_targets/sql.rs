//! The splitter of SQL scripts, on any text: an engine's letter, a line feed, the script.
#![no_main]

use libfuzzer_sys::fuzz_target;
use opsctl::{
    db::Engine,
    schema::sql::{Statement, split},
};

fuzz_target!(|text: &str| {
    let (engine, script) = text.split_once('\n').unwrap_or(("", text));
    let engine = match engine {
        "p" => Engine::Postgres,
        "s" => Engine::Sqlite,
        _ => Engine::MySql,
    };
    let statements = split(engine, script);
    assert!(statements == split(engine, script), "two readings differ");
    let mut end = 0;
    for statement in &statements {
        check(script, statement);
        assert!(end <= statement.start, "statements overlap");
        end = statement.start + statement.text.len();
    }
    nothing_is_torn(engine, script, &statements);
    nothing_is_left_out(engine, script, &statements);
});

/// It is a piece of the script, at the place and the line that it names.
fn check(script: &str, statement: &Statement) {
    let end = statement.start + statement.text.len();
    assert_eq!(script.get(statement.start..end), Some(statement.text.as_str()));
    assert_eq!(statement.line, script[..statement.start].matches('\n').count() + 1);
    assert!(!statement.text.trim().is_empty());
}

/// No statement begins or ends inside of a string, a quoted name, a comment or a dollar-quoted body. Blanks at its end
/// are cut off, also where a comment ends with them.
fn nothing_is_torn(engine: Engine, script: &str, statements: &[Statement]) {
    if engine == Engine::MySql && has_odd_mark(script) {
        return;
    }
    for (from, to) in opaque(engine, script) {
        for statement in statements {
            let end = statement.start + statement.text.len();
            assert!(!(from < statement.start && statement.start < to), "begins inside of {from}..{to}");
            let is_inside = from < end && end < to && !script[end..to].trim().is_empty();
            assert!(!is_inside, "ends inside of {from}..{to}");
        }
    }
}

/// Between statements there are comments, blanks, end marks and `DELIMITER` alone.
fn nothing_is_left_out(engine: Engine, script: &str, statements: &[Statement]) {
    if engine == Engine::MySql && has_delimiter(script) {
        return; // a mark may be any word
    }
    let opaque = opaque(engine, script);
    let covers = |at: usize| {
        let in_statement = |statement: &Statement| statement.holds(at);
        let in_comment = |(from, to): &(usize, usize)| {
            (*from..*to).contains(&at) && !script[*from..].starts_with(['\'', '"', '`', '$'])
        };
        statements.iter().any(in_statement) || opaque.iter().any(in_comment)
    };
    for (at, c) in script.char_indices().filter(|(_, c)| !c.is_whitespace() && *c != ';') {
        // The brackets around what MySQL runs are comments to those that read words.
        let is_bracket = engine == Engine::MySql && matches!(c, '/' | '*' | '!' | 'M' | '0'..='9');
        assert!(covers(at) || is_bracket, "{c:?} at {at} is in no statement: {statements:?}");
    }
}

fn has_delimiter(script: &str) -> bool {
    script.to_ascii_lowercase().contains("delimiter")
}

/// Whether a `DELIMITER` names a mark that could be read as the beginning of a string or a comment.
fn has_odd_mark(script: &str) -> bool {
    let lower = script.to_ascii_lowercase();
    let mut marks =
        lower.match_indices("delimiter").map(|(at, _)| lower[at..].lines().next().unwrap_or_default());
    marks.any(|mark| {
        mark.contains(['\'', '"', '`', '*', '-', '#']) || (mark.contains('/') && lower.contains("/*"))
    })
}

/// What the engine reads as one piece: strings, quoted names, comments and dollar-quoted bodies, by their places. Read
/// character by character, without the splitter's words.
fn opaque(engine: Engine, script: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let (mut at, mut word) = (0, String::new());
    let mut run = false; // inside of a comment that MySQL runs
    while let Some(c) = script[at..].chars().next() {
        let rest = &script[at..];
        if engine == Engine::MySql && run && rest.starts_with("*/") {
            (run, at) = (false, at + 2);
            word.clear();
            continue;
        }
        run |= engine == Engine::MySql && (rest.starts_with("/*!") || rest.starts_with("/*M!"));
        let length = piece(engine, rest, &word);
        if length > 0 {
            found.push((at, at + length));
            word.clear();
        } else if c.is_alphanumeric() || c == '_' || (c == '$' && !word.is_empty()) {
            word.push(c);
        } else {
            word.clear();
        }
        at += length.max(c.len_utf8());
    }
    found
}

/// Length of the piece that begins here, right behind a word; 0 where none does.
fn piece(engine: Engine, rest: &str, word: &str) -> usize {
    let (mysql, postgres) = (engine == Engine::MySql, engine == Engine::Postgres);
    match rest.as_bytes() {
        [b'-', b'-', after, ..] if mysql && !after.is_ascii_whitespace() => 0,
        [b'-', b'-', ..] => line(rest),
        [b'#', ..] if mysql => line(rest),
        [b'/', b'*', ..] if mysql && (rest.starts_with("/*!") || rest.starts_with("/*M!")) => 0,
        [b'/', b'*', ..] => comment(rest, postgres),
        [b'\'', ..] => quoted(rest, mysql || (postgres && word.eq_ignore_ascii_case("e"))),
        [b'"', ..] => quoted(rest, mysql),
        [b'`', ..] if !postgres => quoted(rest, false),
        [b'$', ..] if postgres && word.is_empty() => dollar(rest),
        _ => 0,
    }
}

fn line(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

fn comment(rest: &str, nests: bool) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] if nests || depth == 0 => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted(rest: &str, escapes: bool) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 1 + rest[at + 1..].chars().next().map_or(1, char::len_utf8),
            byte if byte == bytes[0] && bytes.get(at + 1) == Some(&byte) => at += 2,
            byte if byte == bytes[0] => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn dollar(rest: &str) -> usize {
    let Some((tag, _)) = rest[1..].split_once('$') else { return 0 };
    let starts = tag.chars().next().is_none_or(|c| !c.is_ascii_digit());
    if !starts || !tag.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return 0;
    }
    let mark = &rest[..tag.len() + 2];
    rest[mark.len()..].find(mark).map_or(rest.len(), |at| at + 2 * mark.len())
}
