//! One line for a monitoring system, by the Nagios plugin guidelines: `SERVICE STATUS - text | perfdata`. Nagios reads
//! the first line of stdout and the exit codes 0 to 3, so with this format the process ends with those.

use opsctl::{Error, Exit};
use serde_json::Value;

/// Longest line. NRPE in its old protocol takes no more.
const LONGEST: usize = 1023;

/// What a plugin may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was checked, and is well.
    Ok,
    /// Worth a look.
    Warning,
    /// Wrong, or a server does not answer.
    Critical,
    /// It could not be checked.
    Unknown,
}

impl Status {
    /// The exit code that Nagios reads.
    pub const fn code(self) -> u8 {
        match self {
            Status::Ok => 0,
            Status::Warning => 1,
            Status::Critical => 2,
            Status::Unknown => 3,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Status::Ok => "OK",
            Status::Warning => "WARNING",
            Status::Critical => "CRITICAL",
            Status::Unknown => "UNKNOWN",
        }
    }
}

/// What an exit code means to a monitoring system, where the command does not say more.
impl From<Exit> for Status {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Status::Ok,
            Exit::Findings | Exit::Partial => Status::Warning,
            Exit::Failed | Exit::Unreachable | Exit::Deadline => Status::Critical,
            Exit::Usage
            | Exit::Refused
            | Exit::Config
            | Exit::Locked
            | Exit::NotFound
            | Exit::Interrupted => Status::Unknown,
        }
    }
}

/// What a command said until it ended.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    status: Option<Status>,
    error: Option<String>,
    said: Option<String>,
    counts: Vec<(String, String)>,
}

impl Heard {
    /// The command's own verdict, in the place of that of its exit code. An error overrules it.
    pub fn verdict(&mut self, status: Status) {
        self.status = Some(status);
    }

    /// The command's own sentence, in the place of its counts.
    pub fn says(&mut self, text: &str) {
        self.said = Some(text.to_owned());
    }

    /// Takes the numbers of a summary.
    pub fn summary(&mut self, summary: &Value) {
        let numbers = summary.as_object().into_iter().flatten().filter(|(_, value)| value.is_number());
        self.counts = numbers.map(|(name, value)| (name.clone(), value.to_string())).collect();
    }

    /// Takes an error; the first one counts.
    pub fn error(&mut self, error: &Error) {
        self.error.get_or_insert_with(|| error.to_string());
    }

    /// The status of a command that ended so.
    pub fn status(&self, exit: Exit) -> Status {
        self.status.filter(|_| self.error.is_none()).unwrap_or_else(|| exit.into())
    }

    /// The line.
    pub fn line(&self, service: &str, exit: Exit) -> String {
        let status = self.status(exit).word();
        let text = match self.error.as_ref().or(self.said.as_ref()) {
            Some(text) => text.clone(),
            None if self.counts.is_empty() => exit.meaning().to_owned(),
            None => self.counted(),
        };
        let data: Vec<String> = self.counts.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let data = if data.is_empty() { String::new() } else { format!(" | {}", data.join(" ")) };
        let text = harmless(&format!("{} {status} - {text}", service.to_uppercase()));
        format!("{}{data}", cut(&text, LONGEST.saturating_sub(data.len())))
    }

    /// `3 pending, 1 failed`: zeros say nothing, unless there is nothing else.
    fn counted(&self) -> String {
        let told: Vec<String> = self
            .counts
            .iter()
            .filter(|(_, value)| value != "0")
            .map(|(name, value)| format!("{value} {}", counted_word(name, value)))
            .collect();
        match (&told[..], self.counts.first()) {
            ([], Some((name, _))) => format!("0 {}", name.replace('_', " ")),
            _ => told.join(", "),
        }
    }
}

/// The name of a number in a text: nouns agree with it, other words stay as they are.
fn counted_word(name: &str, value: &str) -> String {
    let noun = match (name, value) {
        ("findings" | "errors" | "places" | "clusters" | "tables" | "tenants", "1") => {
            name.trim_end_matches('s')
        }
        _ => name,
    };
    noun.replace('_', " ")
}

/// A bar would begin the performance data, a line break the long output.
fn harmless(text: &str) -> String {
    opsctl::text::printable(text).replace('|', "/")
}

fn cut(text: &str, longest: usize) -> &str {
    if text.len() <= longest {
        return text;
    }
    let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    // At the end of a word, unless there is but one.
    let end = text[..end].rfind(' ').unwrap_or(end);
    text[..end].trim_end_matches([' ', ',', ';', ':'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_are_text_and_performance_data() {
        let mut heard = Heard::default();
        heard.summary(&json!({"selected": 3, "applied": 0, "used_up": 2, "next": "a"}));
        assert_eq!(
            heard.line("webhooks retry", Exit::Partial),
            "WEBHOOKS RETRY WARNING - 3 selected, 2 used up | selected=3 applied=0 used_up=2"
        );
        heard.summary(&json!({"findings": 1, "errors": 0, "places": 1}));
        assert_eq!(
            heard.line("redis ping", Exit::Findings),
            "REDIS PING WARNING - 1 finding, 1 place | findings=1 errors=0 places=1"
        );
        heard.summary(&json!({"selected": 0, "applied": 0}));
        assert_eq!(
            heard.line("webhooks retry", Exit::Done),
            "WEBHOOKS RETRY OK - 0 selected | selected=0 applied=0"
        );
    }

    #[test]
    fn an_error_is_one_line_without_a_bar_and_overrules_a_verdict() {
        let mut heard = Heard::default();
        heard.verdict(Status::Ok);
        heard.error(&Error::failed("a|b").because("c\nd"));
        assert_eq!(heard.line("x", Exit::Unreachable), r"X CRITICAL - a/b: c\nd");
        heard.verdict(Status::Ok);
        assert_eq!(heard.status(Exit::Config), Status::Unknown);
        let mut long = Heard::default();
        long.error(&Error::failed("é".repeat(2000)));
        long.summary(&json!({"n": 1}));
        let line = long.line("x", Exit::Failed);
        assert!(line.len() <= LONGEST && line.ends_with(" | n=1"), "{}", line.len());
    }

    #[test]
    fn every_exit_code_has_a_status() {
        let said: Vec<(u8, u8)> =
            Exit::ALL.iter().map(|exit| (exit.code(), Status::from(*exit).code())).collect();
        assert_eq!(
            said,
            [
                (0, 0),
                (1, 2),
                (2, 3),
                (3, 1),
                (4, 1),
                (5, 3),
                (6, 3),
                (7, 2),
                (8, 3),
                (9, 3),
                (75, 2),
                (130, 3)
            ]
        );
    }
}
