//! Lines to type next, made from the one that was typed: the next page of a list, the same with its confirmations.

use chrono::SecondsFormat;
use opsctl::{text::shell_word, window::Window};

/// The command line as it was typed, for the page behind `next`. A window goes on as it was resolved: two hours before
/// now are others when the next page is asked for.
pub fn next_page(typed: &[String], window: &Window, next: &str) -> String {
    let moment = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (since, until) = (window.since.map(moment), window.until.map(moment));
    line_with(typed, &[("--since", since), ("--until", until), ("--after", Some(next.to_owned()))])
}

/// The command line as it was typed, for a shell, with other values of these options: at its end, or none.
pub fn line_with(typed: &[String], replaced: &[(&str, Option<String>)]) -> String {
    let mut words = vec!["opsctl".to_owned()];
    let mut typed = typed.iter();
    while let Some(word) = typed.next() {
        if replaced.iter().any(|(option, _)| word == option) {
            typed.next();
        } else if !replaced.iter().any(|(option, _)| glued(word, option)) {
            words.push(shell_word(word).into_owned());
        }
    }
    for (option, value) in replaced {
        words.extend(value.iter().flat_map(|value| [(*option).to_owned(), shell_word(value).into_owned()]));
    }
    words.join(" ")
}

/// `--option=value`.
fn glued(word: &str, option: &str) -> bool {
    word.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_of_the_same_window() {
        let typed = ["webhooks", "list", "--since", "2h", "--until=now", "--after=x", "--event-id", "a b"];
        let typed = typed.map(str::to_owned);
        let at = |text: &str| Some(text.parse().unwrap());
        let window = Window { since: at("2026-11-20T07:00:00Z"), until: at("2026-11-20T09:00:00Z") };
        assert_eq!(
            next_page(&typed, &window, "y"),
            "opsctl webhooks list --event-id 'a b' --since 2026-11-20T07:00:00Z --until 2026-11-20T09:00:00Z --after y"
        );
        assert_eq!(next_page(&typed[..2], &Window::default(), "y"), "opsctl webhooks list --after y");
    }
}
