//! A job as it lies in a queue or among the failed jobs (`Illuminate\Queue\Queue::createPayload` and
//! `Illuminate\Queue\Jobs\Job`, Laravel 11 to 13): JSON, of which nothing is changed but what must be.
//!
//! Applications and packages add members of their own (`Queue::createPayloadUsing`), and Redis' Lua writes numbers and
//! empty arrays in its own way, so a payload stays the text that it was: members are found in it, and edited in place.

mod new;
mod trouble;

use std::{borrow::Cow, fmt, ops::Range};

use serde::{
    Deserialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

pub use self::new::{NewJob, Shape};
use super::php;

/// The largest payload that is read: no server of a queue takes more in one piece as a rule.
const MOST_BYTES: usize = 64 << 20;
/// Members of a payload, as a rule.
const MEMBERS: usize = 20;
/// The depth to which PHP's `json_decode` follows.
const MOST_DEPTH: usize = 512;

/// A payload and where its members lie.
#[derive(Debug, Clone)]
pub struct Payload<'a> {
    text: &'a str,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

/// Why a payload cannot be read. It holds nothing of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Not text.
    NotText,
    /// Not JSON, or no object.
    NotJson,
    /// Larger or deeper than what PHP reads.
    Large,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unreadable::NotText => "the payload is not UTF-8",
            Unreadable::NotJson => "the payload is not a JSON object",
            Unreadable::Large => "the payload is too large or too deep",
        })
    }
}

/// What `data.command` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// A serialized object, which the handler knows by its first two bytes, `O:`.
    Plain(Cow<'a, str>),
    /// Anything else is taken for cipher text.
    Encrypted(Cow<'a, str>),
}

/// The part of `data` that opsctl reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Data<'a> {
    /// The class of its command.
    #[serde(borrow, rename = "commandName", default)]
    pub class: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    command: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "batchId", default)]
    batch: Option<Cow<'a, str>>,
}

impl<'a> Data<'a> {
    /// Its command.
    pub fn command(self) -> Option<Command<'a>> {
        let command = self.command?;
        Some(if command.starts_with("O:") { Command::Plain(command) } else { Command::Encrypted(command) })
    }
}

impl<'a> Payload<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        if bytes.len() > MOST_BYTES || depth(bytes) > MOST_DEPTH {
            return Err(Unreadable::Large);
        }
        let text = str::from_utf8(bytes).map_err(|_| Unreadable::NotText)?;
        let Members(members) = serde_json::from_str(text).map_err(|_| Unreadable::NotJson)?;
        Ok(Self { text, members })
    }

    /// The payload as it was read.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// What identifies the job among failed ones, in batches and in Horizon.
    pub fn uuid(&self) -> Option<Cow<'a, str>> {
        self.get("uuid")
    }

    /// What identifies it in a queue on Redis.
    pub fn id(&self) -> Option<Cow<'a, str>> {
        self.get("id")
    }

    /// The name that people know it by: as a rule its class.
    pub fn display_name(&self) -> Option<Cow<'a, str>> {
        self.get("displayName")
    }

    /// Who is called to run it.
    pub fn handler(&self) -> Option<Cow<'a, str>> {
        self.get("job")
    }

    /// How often it was taken; on Redis alone, where it has no column.
    pub fn attempts(&self) -> Option<i64> {
        self.get("attempts")
    }

    /// How often it may be taken: 0 without limit, `None` as the worker says.
    pub fn max_tries(&self) -> Option<i64> {
        self.get("maxTries")
    }

    /// Exceptions after which it fails whatever tries it has left; `None` without such a limit.
    pub fn max_exceptions(&self) -> Option<i64> {
        self.get("maxExceptions")
    }

    /// Seconds that it may run: `None` as the worker says.
    pub fn timeout(&self) -> Option<i64> {
        self.get("timeout")
    }

    /// Whether running out of time is final.
    pub fn fails_on_timeout(&self) -> bool {
        self.get("failOnTimeout").unwrap_or_default()
    }

    /// Unix seconds after which it is not taken any more; its tries do not count then.
    pub fn retry_until(&self) -> Option<i64> {
        self.get("retryUntil")
    }

    /// Unix seconds of its first push; since Laravel 12.11.
    pub fn created_at(&self) -> Option<i64> {
        self.get("createdAt")
    }

    /// Seconds before the next try, one for each try and the last one for all that follow; the delay with which it was
    /// pushed where it has none (`Job::backoff`).
    pub fn backoff(&self) -> Vec<i64> {
        match self.get::<Cow<'_, str>>("backoff") {
            Some(list) => list.split(',').filter_map(|seconds| seconds.trim().parse().ok()).collect(),
            None => self.get("backoff").or_else(|| self.get("delay")).into_iter().collect(),
        }
    }

    /// What it holds for its handler: for who needs both, class and command.
    pub fn data(&self) -> Option<Data<'a>> {
        self.get("data")
    }

    /// The class of its command.
    pub fn class(&self) -> Option<Cow<'a, str>> {
        self.data()?.class
    }

    /// The batch that it belongs to; since Laravel 12.51.
    pub fn batch(&self) -> Option<Cow<'a, str>> {
        self.get::<Data<'a>>("data")?.batch
    }

    /// Its command.
    pub fn command(&self) -> Option<Command<'a>> {
        self.data()?.command()
    }

    /// A text of the hidden part of the log's context: Laravel 11.39 and later keep there which unique lock the job holds
    /// (`Illuminate\Log\Context\ContextServiceProvider`).
    pub fn hidden(&self, name: &str) -> Option<String> {
        let context: serde_json::Value =
            serde_json::from_str(self.raw("illuminate:log:context")?.get()).ok()?;
        let serialized = context.get("hidden")?.get(name)?.as_str()?;
        php::read(serialized.as_bytes(), php::Limits::default()).ok()?.text().map(str::to_owned)
    }

    /// A member that is there, not null, and of the right type. Of two with one name PHP sees the last.
    fn get<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        serde_json::from_str::<Option<T>>(self.raw(name)?.get()).ok()?
    }

    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.members.iter().rev().find(|(member, _)| member == name).map(|(_, value)| *value)
    }

    /// The text as `queue:retry` pushes it to a queue on Redis, without rewriting what it does not mean: `attempts` is
    /// 0. A job that comes from a table has none, and no `id`: without a number of attempts the script of
    /// `RedisQueue::pop` would lose it. Borrowed where nothing changes.
    pub fn renewed_for_redis(&self, id: impl FnOnce() -> String) -> Cow<'a, str> {
        let mut edits = Vec::new();
        let mut more = String::new();
        if self.id().is_none() {
            match self.raw("id") {
                Some(raw) => edits.push((self.span(raw), json(&id()))),
                None => more.push_str(&format!(",\"id\":{}", json(&id()))),
            }
        }
        match self.raw("attempts") {
            Some(raw) if raw.get() != "0" => edits.push((self.span(raw), "0".to_owned())),
            Some(_) => {}
            None => more.push_str(",\"attempts\":0"),
        }
        self.edited(edits, &more)
    }

    /// Likewise for a queue in a table, where a member `attempts` is reset if it is there.
    pub fn renewed_for_database(&self) -> Cow<'a, str> {
        let reset = self.raw("attempts").filter(|raw| raw.get() != "0");
        let edits = reset.map(|raw| (self.span(raw), "0".to_owned())).into_iter().collect();
        self.edited(edits, "")
    }

    /// The text as it lies reserved on Redis: with one attempt more, and every other byte as it was. `None` where no
    /// number of attempts stands in it, without which `RedisQueue::pop` would lose it.
    pub fn taken(&self) -> Option<String> {
        let attempts = self.attempts().filter(|attempts| *attempts >= 0)?;
        let span = self.span(self.raw("attempts")?);
        Some(self.edited(vec![(span, attempts.saturating_add(1).to_string())], "").into_owned())
    }

    /// The text with another moment until which it is retried.
    pub fn with_retry_until(&self, seconds: i64) -> String {
        match self.raw("retryUntil") {
            Some(raw) => self.edited(vec![(self.span(raw), seconds.to_string())], "").into_owned(),
            None => self.edited(Vec::new(), &format!(",\"retryUntil\":{seconds}")).into_owned(),
        }
    }

    /// Where a value stands in the text.
    fn span(&self, raw: &RawValue) -> Range<usize> {
        let start = raw.get().as_ptr().addr() - self.text.as_ptr().addr();
        start..start + raw.get().len()
    }

    /// The text with some values replaced, and members added at its end.
    fn edited(&self, mut edits: Vec<(Range<usize>, String)>, more: &str) -> Cow<'a, str> {
        if edits.is_empty() && more.is_empty() {
            return Cow::Borrowed(self.text);
        }
        edits.sort_by_key(|(span, _)| span.start);
        let end = self.text.rfind('}').unwrap_or(self.text.len());
        let mut out = String::with_capacity(self.text.len() + more.len() + 8);
        let mut from = 0;
        for (span, value) in edits {
            out.push_str(&self.text[from..span.start]);
            out.push_str(&value);
            from = span.end;
        }
        out.push_str(&self.text[from..end]);
        // The first member of an empty object has no comma before it.
        out.push_str(if self.members.is_empty() { more.trim_start_matches(',') } else { more });
        out.push_str(&self.text[end..]);
        Cow::Owned(out)
    }
}

/// A string as PHP's `json_encode` with `JSON_UNESCAPED_UNICODE` writes it: slashes are escaped, and so are the two
/// line separators that end a line in JavaScript.
fn json(text: &str) -> String {
    let plain = serde_json::Value::from(text).to_string();
    if !plain.contains(['/', '\u{2028}', '\u{2029}']) {
        return plain;
    }
    plain.replace('/', "\\/").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// How deep brackets lie in each other, outside of strings; where there are few of them, how many there are.
fn depth(bytes: &[u8]) -> usize {
    let open = bytes.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    if open <= MOST_DEPTH {
        return open;
    }
    let (mut depth, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                depth += 1;
                most = most.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// The members of an object in their order, doubles too.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(MEMBERS);
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// A member's name, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REDIS: &str = r#"{"uuid":"064e832e-4b56-4027-9b18-d23da2b94409","displayName":"App\\Jobs\\Demo","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":3,"maxExceptions":null,"failOnTimeout":false,"backoff":"5,10","timeout":30,"retryUntil":null,"deleteWhenMissingModels":false,"data":{"commandName":"App\\Jobs\\Demo","command":"O:13:\"App\\Jobs\\Demo\":1:{s:2:\"ro\";s:4:\"é\/x\";}","batchId":null},"createdAt":1795159747,"id":"QKwNfFuJGXRqRNS3eUWEacQbZwIAzxlH","attempts":2,"delay":null,"own":{"a":1.10,"b":[],"n":12345678901234567}}"#;

    fn payload(text: &str) -> Payload<'_> {
        Payload::read(text.as_bytes()).unwrap()
    }

    fn id() -> String {
        "0123456789abcdef0123456789abcdef".to_owned()
    }

    #[test]
    fn members_are_read() {
        let job = payload(REDIS);
        assert_eq!(job.uuid().as_deref(), Some("064e832e-4b56-4027-9b18-d23da2b94409"));
        assert_eq!(job.display_name().as_deref(), Some(r"App\Jobs\Demo"));
        assert_eq!(job.class().as_deref(), Some(r"App\Jobs\Demo"));
        assert_eq!((job.attempts(), job.max_tries(), job.timeout()), (Some(2), Some(3), Some(30)));
        assert_eq!((job.backoff(), job.retry_until()), (vec![5, 10], None));
        let plain = "O:13:\"App\\Jobs\\Demo\":1:{s:2:\"ro\";s:4:\"é/x\";}";
        assert_eq!(job.command(), Some(Command::Plain(plain.into())));
    }

    #[test]
    fn a_retry_changes_the_attempts_alone() {
        let job = payload(REDIS);
        assert_eq!(job.renewed_for_redis(id), REDIS.replace("\"attempts\":2", "\"attempts\":0"));
        assert_eq!(job.renewed_for_database(), REDIS.replace("\"attempts\":2", "\"attempts\":0"));
        let until = REDIS.replace("\"retryUntil\":null", "\"retryUntil\":1795160000");
        assert_eq!(job.with_retry_until(1_795_160_000), until);
    }

    #[test]
    fn a_job_of_a_table_gets_what_redis_needs() {
        let job = payload(r#" {"uuid":"u", "attempts" : null } "#);
        let own = r#" {"uuid":"u", "attempts" : 0 ,"id":"0123456789abcdef0123456789abcdef"} "#;
        assert_eq!(job.renewed_for_redis(id), own);
        assert_eq!(payload("{}").renewed_for_redis(|| "x".into()), r#"{"id":"x","attempts":0}"#);
        assert_eq!(payload(r#"{"uuid":"u"}"#).renewed_for_database(), r#"{"uuid":"u"}"#);
    }

    #[test]
    fn a_job_that_is_taken_has_one_attempt_more_and_nothing_else() {
        assert_eq!(payload(REDIS).taken(), Some(REDIS.replace("\"attempts\":2", "\"attempts\":3")));
        for none in ["{}", r#"{"attempts":null}"#, r#"{"attempts":"1"}"#, r#"{"attempts":-1}"#] {
            assert_eq!(payload(none).taken(), None, "{none}");
        }
    }

    #[test]
    fn of_two_members_with_one_name_the_last_counts_as_in_php() {
        let job = payload(r#"{"attempts":1,"\u0061ttempts":7}"#);
        assert_eq!(job.attempts(), Some(7));
        assert_eq!(job.renewed_for_database(), r#"{"attempts":1,"\u0061ttempts":0}"#);
    }

    #[test]
    fn what_is_no_payload_is_refused() {
        for (bytes, why) in [
            (&b""[..], Unreadable::NotJson),
            (b"[]", Unreadable::NotJson),
            (b"{\"a\":1", Unreadable::NotJson),
            (b"{\"a\":\xff}", Unreadable::NotText),
            (b"O:1:\"A\":0:{}", Unreadable::NotJson),
        ] {
            assert_eq!(Payload::read(bytes).unwrap_err(), why, "{}", bytes.escape_ascii());
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Payload::read(deep.as_bytes()).unwrap_err(), Unreadable::Large);
    }

    #[test]
    fn members_of_other_types_count_as_missing() {
        let job = payload(r#"{"uuid":7,"data":"raw","backoff":30,"maxTries":"3"}"#);
        assert_eq!((job.uuid(), job.command(), job.class(), job.max_tries()), (None, None, None, None));
        assert_eq!(job.backoff(), [30]);
        let job = payload(r#"{"delay":3600,"data":{"command":"eyJpdiI6"}}"#);
        assert_eq!(job.backoff(), [3600]);
        assert_eq!(job.command(), Some(Command::Encrypted("eyJpdiI6".into())));
    }

    proptest! {
        #[test]
        fn a_retry_keeps_every_other_byte(
            own in "[ -~é\u{2028}]{0,20}",
            number in any::<f64>().prop_filter("JSON", |number| number.is_finite()),
            attempts in 0_i64..1000,
        ) {
            let own = serde_json::Value::from(own).to_string();
            let text = format!("{{\"x\":{own},\"attempts\":{attempts},\"y\":[{number:?},{{}}],\"id\":\"i\"}}");
            let renewed = payload(&text).renewed_for_redis(id);
            prop_assert_eq!(renewed, text.replace(&format!("\"attempts\":{attempts}"), "\"attempts\":0"));
        }
    }
}
