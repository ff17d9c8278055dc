//! Where a command was told to work. A hint that names another command must name the same place: pasted as it stands,
//! it would act on another database.

use opsctl::text::shell_word;

/// Options that choose the place, and their short forms.
const OPTIONS: [(&str, Option<&str>); 4] =
    [("--context", Some("-c")), ("--config", None), ("--app", None), ("--env", None)];
/// Commands that work in no context, or whose words choose one.
const ELSEWHERE: [&str; 5] = ["demo", "init", "help", "completions", "context use"];

/// The options of a command line that choose its place, as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place(Vec<String>);

impl Place {
    /// From the words behind `opsctl`.
    pub fn typed(words: &[String]) -> Self {
        let mut found = Vec::new();
        let mut words = words.iter().take_while(|word| *word != "--");
        while let Some(word) = words.next() {
            for (long, short) in OPTIONS {
                let glued = word.strip_prefix(long).is_some_and(|rest| rest.starts_with('='));
                let short_glued =
                    short.is_some_and(|short| word.starts_with(short) && !word.starts_with("--"));
                if word == long || short == Some(word.as_str()) {
                    found.extend(words.next().map(|value| format!("{word} {}", shell_word(value))));
                } else if glued || short_glued {
                    found.push(shell_word(word).into_owned());
                }
            }
        }
        Self(found)
    }

    /// A text whose commands, which stand in backquotes, work in this place.
    pub fn on(&self, text: &str) -> String {
        let parts = text.split('`').enumerate();
        let placed = parts.map(|(at, part)| if at % 2 == 1 { self.command(part) } else { part.to_owned() });
        placed.collect::<Vec<_>>().join("`")
    }

    fn command(&self, command: &str) -> String {
        let Some(words) = command.strip_prefix("opsctl ") else { return command.to_owned() };
        let elsewhere = ELSEWHERE.iter().any(|other| words.starts_with(other));
        let missing: Vec<&str> =
            self.0.iter().map(String::as_str).filter(|option| !words.contains(option)).collect();
        match elsewhere || missing.is_empty() {
            true => command.to_owned(),
            false => format!("opsctl {} {words}", missing.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: &str) -> Place {
        Place::typed(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn commands_in_hints_work_in_the_same_place() {
        let place = place("-c copy webhooks retry-one X --app=/srv/x --limit 5");
        assert_eq!(
            place.on("try it: `opsctl webhooks retry-one X --force`, or `--force`"),
            "try it: `opsctl -c copy --app=/srv/x webhooks retry-one X --force`, or `--force`"
        );
        let typed = "older: `opsctl -c copy webhooks list --app=/srv/x --after y`";
        assert_eq!(place.on(typed), typed, "what was typed is not said twice");
        assert_eq!(place.on("see it first: `opsctl demo`"), "see it first: `opsctl demo`");
    }

    #[test]
    fn values_are_quoted_and_nothing_is_added_without_a_place() {
        let place = Place::typed(&["--config".to_owned(), "a b.toml".to_owned()]);
        assert_eq!(place.on("`opsctl db status`"), "`opsctl --config 'a b.toml' db status`");
        assert_eq!(Place::default().on("`opsctl db status`"), "`opsctl db status`");
        assert_eq!(
            Place::typed(&["webhooks".to_owned(), "--".to_owned(), "-c".to_owned()]),
            Place::default()
        );
    }
}
