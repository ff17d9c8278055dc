//! What keeps a worker from running a job, or from losing it in good order.

use super::{Command, Payload};
use crate::laravel::php::{self, Limits};

impl Payload<'_> {
    /// Why a worker cannot run the job, or would not record its failure; `None` where nothing speaks against it.
    pub fn trouble(&self) -> Option<String> {
        if self.handler().is_none() {
            return Some("the payload names no job".into());
        }
        // `DatabaseUuidFailedJobProvider::log` reads it behind the deletion of the job.
        if self.uuid().is_none() {
            return Some("the payload has no uuid: its failure cannot be recorded".into());
        }
        let Command::Plain(command) = self.command()? else { return None };
        let read = php::read(command.as_bytes(), Limits::default());
        read.err().map(|why| format!("its command cannot be read: {why}"))
    }

    /// Whether `attempts` is a number to Lua, for which a text of digits is one, too. Without it the script of
    /// `RedisQueue::pop` takes the job from its list, and fails before it puts it among the reserved ones.
    pub fn has_count(&self) -> bool {
        let number = |text: &str| text.trim().parse::<f64>().is_ok_and(f64::is_finite);
        let Some(raw) = self.raw("attempts") else { return false };
        number(raw.get()) || serde_json::from_str::<String>(raw.get()).is_ok_and(|text| number(&text))
    }
}

#[cfg(test)]
mod tests {
    use crate::laravel::payload::Payload;

    #[test]
    fn a_count_is_what_lua_can_add_to() {
        for (member, there) in [
            (r#","attempts":0"#, true),
            (r#","attempts":"3""#, true),
            (r#","attempts":1.5"#, true),
            ("", false),
            (r#","attempts":null"#, false),
            (r#","attempts":"x""#, false),
            (r#","attempts":[1]"#, false),
        ] {
            let text = format!(r#"{{"uuid":"u"{member}}}"#);
            assert_eq!(Payload::read(text.as_bytes()).unwrap().has_count(), there, "{text}");
        }
    }

    #[test]
    fn a_command_of_a_wrong_length_is_told() {
        let with =
            |command: &str| format!(r#"{{"uuid":"u","job":"A@call","data":{{"command":"{command}"}}}}"#);
        for (command, told) in
            [(r#"O:1:\"A\":0:{}"#, false), (r#"O:1:\"A\":1:{s:9:\"a\";N;}"#, true), ("eyJpdiI6", false)]
        {
            let text = with(command);
            let trouble = Payload::read(text.as_bytes()).unwrap().trouble();
            assert_eq!(
                trouble.is_some_and(|why| why.starts_with("its command cannot be read")),
                told,
                "{text}"
            );
        }
    }
}
