//! What looks like a secret among arguments. No option of opsctl takes one, and somebody will type one all the same.

/// What stands in a secret's place.
const HIDDEN: &str = "***";
/// Parts of a name whose value is a secret.
const NAMES: [&str; 11] = [
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
    "_auth",
];
/// Longest text that is kept of one argument, in characters.
const LONGEST: usize = 1000;
/// Most arguments that are kept.
const MOST: usize = 200;

/// A text without its secrets: the password of a URL's user, and everything behind `password=`, `password:`,
/// `--password ` and their kin. What is hidden is rather too much than too little: a password may hold any character, an `@` and a `/` included. Very long
/// texts are cut, and control characters spelled out.
///
/// ```text
/// --database-url=postgres://ops:s3cret@db/app   ->   --database-url=postgres://ops:***@db/app
/// host=db password=s3cret dbname=app            ->   host=db password=***
/// the new password: s3cret                      ->   the new password:***
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
        let mut is_secret = false;
        let kept = arguments.iter().map(|argument| {
            match std::mem::replace(&mut is_secret, announces_a_secret(argument)) {
                true => HIDDEN.to_owned(),
                false => redact(argument),
            }
        });
        return kept.collect();
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

/// Hides everything behind the first name that is a secret's, if a `=`, a `:`, or, for an option, a blank follows it.
fn after_names(text: &str) -> String {
    let separates = |c: char| c == '=' || c == ':' || c.is_whitespace();
    for (at, separator) in text.match_indices(separates) {
        let is_sign = !separator.contains(char::is_whitespace);
        let around = |c: char| is_sign && (c.is_whitespace() || c == '"' || c == '\'');
        let name = last_word(text[..at].trim_end_matches(around));
        let is_option = name.starts_with('-');
        let value = &text[at + separator.len()..];
        if (is_sign || is_option) && is_secret(name) && !value.trim().is_empty() {
            // One blank of any kind comes out as a plain one.
            return format!("{}{}{HIDDEN}", &text[..at], if is_sign { separator } else { " " });
        }
    }
    text.to_owned()
}

fn last_word(text: &str) -> &str {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    &text[text.trim_end_matches(is_name).len()..]
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    NAMES.iter().any(|secret| name.contains(secret))
}

/// Whether an argument is an option whose value, the next argument, is a secret.
fn announces_a_secret(argument: &str) -> bool {
    argument.starts_with('-') && last_word(argument) == argument && is_secret(argument)
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
            ("password: p", "password:***"),
            ("{\"password\": \"p\"}", "{\"password\":***"),
            ("password = p", "password =***"),
            ("mysql --password p -h db", "mysql --password ***"),
            ("--token\tp", "--token ***"),
            ("PGPASSWORD=p psql", "PGPASSWORD=***"),
            ("MYSQL_PWD=p", "MYSQL_PWD=***"),
            ("REDISCLI_AUTH=p", "REDISCLI_AUTH=***"),
            ("a\u{1b}[31m", r"a\u{1b}[31m"),
        ];
        for (typed, kept) in cases {
            assert_eq!(redact(typed), kept);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for plain in [
            "--limit=100",
            "postgres://h:5432/d",
            "postgres://u@h/d",
            "a@b",
            "--reason",
            "12:30 @ x",
            "rotated the password of ana",
            "password:",
            "--password",
            "a: --b c",
        ] {
            assert_eq!(redact(plain), plain);
        }
    }

    #[test]
    fn the_argument_behind_an_option_of_a_secret_is_hidden() {
        let typed = ["--password", "p", "--token", "--limit", "-p", "x"].map(str::to_owned);
        assert_eq!(all(&typed), ["--password", "***", "--token", "***", "-p", "x"]);
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
        fn a_value_behind_the_name_of_a_secret_never_stays(
            before in "[a-z :=@/-]{0,12}",
            name in prop::sample::select(&["password", "--password", "PGPASSWORD", "Api-Key", "token"][..]),
            separator in prop::sample::select(&["=", ":", ": ", " = ", " : ", "\": \"", "=\t"][..]),
            value in "[!-~äß]{1,40}",
        ) {
            let kept = redact(&format!("{before} {name}{separator}ZZ{value}ZZ"));
            prop_assert!(!kept.contains("ZZ"), "{kept}");
        }

        #[test]
        fn a_text_with_names_and_signs_that_is_clean_stays_clean(text in "(password|--token|[=: \t\"'@/.-]|://|x){0,16}") {
            let once = redact(&text);
            prop_assert_eq!(redact(&once), once);
        }

        #[test]
        fn a_text_that_is_clean_stays_clean(text in any::<String>()) {
            let once = redact(&text);
            prop_assert_eq!(redact(&once), once);
        }
    }
}
