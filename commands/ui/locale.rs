//! What the terminal's locale can show. Our own ornaments have an ASCII form; data is never changed for machines.

use std::borrow::Cow;

use opsctl::config::Environment;

/// The ornaments that opsctl prints, with what stands for them where the locale is not UTF-8. The ellipsis of a cell
/// that was cut keeps its width of one, so that the columns stay straight.
const ORNAMENTS: [(char, &str); 7] =
    [('…', "~"), ('·', "-"), ('→', "->"), ('—', "-"), ('–', "-"), ('▲', "!"), ('●', "*")];

/// Whether the locale is UTF-8: the first of LC_ALL, LC_CTYPE and LANG that says anything decides (POSIX, "Environment
/// Variables", 8.2). None of them means the C locale.
pub fn is_utf8(env: &Environment) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env.filled(name));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// The text with ornaments in ASCII. Three dots where nothing has to stay in line.
pub fn plain(text: &str, in_line: bool) -> Cow<'_, str> {
    let known = |c: char| ORNAMENTS.iter().find(|(ornament, _)| *ornament == c);
    if !text.chars().any(|c| known(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match known(c) {
            Some(('…', _)) if !in_line => out.push_str("..."),
            Some((_, ascii)) => out.push_str(ascii),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        Environment::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_first_variable_that_says_anything_decides() {
        assert!(is_utf8(&env(&[("LANG", "C.UTF-8")])));
        assert!(is_utf8(&env(&[("LC_ALL", ""), ("LC_CTYPE", "de_DE.utf8"), ("LANG", "C")])));
        assert!(!is_utf8(&env(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")])));
        assert!(!is_utf8(&env(&[("LANG", "de_DE.ISO-8859-1")])));
        assert!(!is_utf8(&env(&[])));
    }

    #[test]
    fn ornaments_have_an_ascii_form_and_names_keep_theirs() {
        assert_eq!(plain("1h ago · A → B, Zoë…", false), "1h ago - A -> B, Zoë...");
        assert_eq!(plain("pay_12…  paid", true), "pay_12~  paid");
    }
}
