//! What looks like a secret among arguments. No option of opsctl takes one, and somebody will type one all the same.

/// What stands in a secret's place.
const HIDDEN: &str = "***";
/// Parts of a name whose value is a secret.
const NAMES: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "credential",
    "api_key",
    "api-key",
    "apikey",
];
/// Longest text that is kept of one argument, in characters.
const LONGEST: usize = 1000;
/// Most arguments that are kept.
const MOST: usize = 200;

/// A text without its secrets: the password of a URL's user, and everything behind `password=` and its kin. What is
/// hidden is rather too much than too little: a password may hold any character, an `@` and a `/` included. Very long
/// texts are cut, and control characters spelled out.
///
/// ```text
/// --database-url=postgres://ops:s3cret@db/app   ->   --database-url=postgres://ops:***@db/app
/// host=db password=s3cret dbname=app            ->   host=db password=***
/// ```
pub fn redact(text: &str) -> String {
    let text = after_names(&in_urls(text));
    let text = crate::text::printable(&text);
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.into_owned(),
    }
}

/// Likewise for each argument of a command line.
pub(super) fn all(arguments: &[String]) -> Vec<String> {
    if arguments.len() <= MOST {
        return arguments.iter().map(|argument| redact(argument)).collect();
    }
    let mut kept = all(&arguments[..MOST - 1]);
    kept.push(format!("… and {} more", arguments.len() - kept.len()));
    kept
}

/// Hides what stands between the first `:` behind `://` and the last `@`.
fn in_urls(text: &str) -> String {
    let Some(open) = text.find("://").map(|at| at + "://".len()) else { return text.to_owned() };
    let Some(close) = text[open..].rfind('@').map(|at| open + at) else { return text.to_owned() };
    match text[open..close].find(':').map(|at| open + at + 1) {
        Some(from) => format!("{}{HIDDEN}{}", &text[..from], &text[close..]),
        None => text.to_owned(),
    }
}

/// Hides everything behind the first `name=` whose name is a secret's.
fn after_names(text: &str) -> String {
    for (at, _) in text.match_indices('=') {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let name = text[..at].trim_end_matches(is_name).len();
        let name = text[name..at].to_lowercase();
        if NAMES.iter().any(|secret| name.contains(secret)) && at + 1 < text.len() {
            return format!("{}={HIDDEN}", &text[..at]);
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn passwords_of_urls_and_of_names_are_hidden() {
        let cases = [
            ("--database-url=postgres://u:p@h/d", "--database-url=postgres://u:***@h/d"),
            ("postgres://u:p/w@rd@h/d", "postgres://u:***@h/d"),
            ("redis://:p@h:6379/0", "redis://:***@h:6379/0"),
            ("mysql://u@h/d?password=p&x=1", "mysql://u@h/d?password=***"),
            ("host=h Password=p dbname=d", "host=h Password=***"),
            ("DB_PASSWORD=p", "DB_PASSWORD=***"),
            ("--client-secret=p", "--client-secret=***"),
            ("a\u{1b}[31m", r"a\u{1b}[31m"),
        ];
        for (typed, kept) in cases {
            assert_eq!(redact(typed), kept);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for plain in
            ["--limit=100", "postgres://h:5432/d", "postgres://u@h/d", "a@b", "--reason", "12:30 @ x"]
        {
            assert_eq!(redact(plain), plain);
        }
    }

    #[test]
    fn very_many_and_very_long_arguments_are_cut() {
        let many: Vec<String> = (0..1000).map(|at| at.to_string()).collect();
        assert_eq!(all(&many).last().unwrap(), "… and 801 more");
        assert_eq!(redact(&"ü".repeat(5000)).chars().count(), LONGEST + 1);
    }

    proptest! {
        #[test]
        fn a_password_in_a_url_never_stays(password in "[!-~äß§]{1,40}", user in "[a-z]{0,8}") {
            let kept = redact(&format!("postgres://{user}:ZZ{password}ZZ@host/name"));
            prop_assert!(!kept.contains(&format!("ZZ{password}")), "{kept}");
        }

        #[test]
        fn a_text_that_is_clean_stays_clean(text in any::<String>()) {
            let once = redact(&text);
            prop_assert_eq!(redact(&once), once);
        }
    }
}
