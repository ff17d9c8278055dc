//! Text that came from outside, made safe to show: whoever can post a webhook must not steer an operator's terminal.

use std::borrow::Cow;

/// The text with control characters and marks that change the direction of writing spelled out.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let spell = |c: char| if is_unprintable(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(spell).collect())
}

/// Control characters (C0, C1, DEL), and the marks of the Unicode bidirectional algorithm (UAX 9).
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What stands in a password's place.
const HIDDEN: &str = "***";

/// The text with the passwords of its URLs hidden. Somebody will type a URL where a name belongs, and what is wrong with
/// it is told: in a terminal's history, in cron's mail.
pub fn without_passwords(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    // A password that was not encoded may hold anything but a blank; the last `@` of the word ends it.
    let hidden = |word: &str| {
        let open = word.find("://").map(|at| at + "://".len());
        let parts = open.and_then(|open| {
            let close = open + word[open..].rfind('@')?;
            let from = open + word[open..close].find(':')? + 1;
            Some((from, close))
        });
        match parts {
            Some((from, close)) => format!("{}{HIDDEN}{}", &word[..from], &word[close..]),
            None => word.to_owned(),
        }
    };
    Cow::Owned(text.split_inclusive(char::is_whitespace).map(hidden).collect())
}

/// What was meant by something pasted from a sentence, a table or a shell: without blanks, quotes of any kind and
/// punctuation around it.
pub fn pasted(text: &str) -> &str {
    let around = |c: char| {
        c.is_whitespace()
            || is_unprintable(c)
            || matches!(
                c,
                '"' | '\'' | '`' | '´' | '‘'..='‟' | '«' | '»' | '‹' | '›' | '\u{200b}' | '\u{feff}'
            )
    };
    let behind = |c: char| around(c) || matches!(c, ',' | ';' | '.' | ':' | ')' | ']' | '>');
    text.trim_start_matches(|c| around(c) || matches!(c, '(' | '[' | '<')).trim_end_matches(behind)
}

/// A word as a shell reads it back.
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let plain =
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_=./:@,+".contains(c));
    if plain { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_urls_are_hidden_and_nothing_else_is() {
        assert_eq!(
            without_passwords("no context is named `postgres://u:a/b@c?d@h:5432/x`, see"),
            "no context is named `postgres://u:***@h:5432/x`, see"
        );
        for plain in ["postgres://db:5432/app refused `ops@x`", "redis://h", "a@b", "https://u@h:1/x", "://@"]
        {
            assert_eq!(without_passwords(plain), plain);
        }
    }

    #[test]
    fn what_was_pasted_is_taken_for_what_it_is() {
        for text in [
            "x-1",
            " x-1 ",
            "\tx-1\n",
            "'x-1'",
            "\"x-1\"",
            "`x-1`",
            "“x-1”",
            "‘x-1’",
            "„x-1“",
            "«x-1»",
            "x-1,",
            "x-1.",
            "\"x-1\",",
            "(x-1).",
            "\u{feff}x-1",
            "'x-1",
            "x-1;",
        ] {
            assert_eq!(pasted(text), "x-1", "{text:?}");
        }
        assert_eq!(pasted("a, b"), "a, b");
        assert_eq!(pasted(" '' "), "");
    }

    #[test]
    fn what_steers_a_terminal_is_spelled_out() {
        assert_eq!(printable("\u{1b}[31mred\u{7}\n\u{202e}x"), r"\u{1b}[31mred\u{7}\n\u{202e}x");
        assert_eq!(printable("“quotes” 🧾 é"), "“quotes” 🧾 é");
    }
}
