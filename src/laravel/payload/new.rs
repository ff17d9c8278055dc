//! A payload that opsctl pushes: the bytes that the application's own dispatcher would have written
//! (`Queue::createObjectPayload`, `json_encode` with `JSON_UNESCAPED_UNICODE`).

use super::json;
use crate::laravel::queue::job_id;

/// What an application's Laravel writes into a payload, by its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// `createdAt` and `delay`: since 12.11.
    pub created: bool,
    /// `data.batchId`: since 12.51.
    pub batch: bool,
    /// `deleteWhenMissingModels`: since 13.0, and read there alone.
    pub missing_models: bool,
    /// `id` on Redis is the uuid: Horizon finds a job by it (`Laravel\Horizon\JobPayload`).
    pub id_is_uuid: bool,
}

impl Shape {
    /// The shape of a version; the newest one where it is not known: members that an older worker does not know do not
    /// disturb it.
    pub fn of(version: Option<(u16, u16)>) -> Self {
        let since = |first: (u16, u16)| version.is_none_or(|version| version >= first);
        Self {
            created: since((12, 11)),
            batch: since((12, 51)),
            missing_models: since((13, 0)),
            id_is_uuid: false,
        }
    }

    /// The same under a Horizon that looks after the queue, or under none.
    #[must_use]
    pub fn under_horizon(self, alive: bool) -> Self {
        Self { id_is_uuid: alive, ..self }
    }

    /// What identifies a job on Redis.
    pub fn id(self, uuid: &str) -> String {
        if self.id_is_uuid { uuid.to_owned() } else { job_id() }
    }
}

/// A job to push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob<'a> {
    /// A version 4 UUID.
    pub uuid: String,
    /// The class, without a leading backslash.
    pub class: &'a str,
    /// The serialized object; it is UTF-8, as JSON must be.
    pub command: String,
    /// How often it may be taken; `None` as the worker says.
    pub max_tries: Option<u32>,
    /// Seconds that it may run; `None` as the worker says.
    pub timeout: Option<u32>,
    /// Unix seconds.
    pub created_at: i64,
    /// Seconds until it may be taken, if it must wait.
    pub delay: Option<u32>,
    /// The hidden part of the log's context: name and serialized value. Laravel 11.39 and later keep there which unique
    /// lock the job holds.
    pub hidden: Vec<(&'a str, String)>,
    /// What identifies it on Redis; `None` for a table.
    pub id: Option<String>,
}

impl NewJob<'_> {
    /// The payload.
    pub fn payload(&self, shape: Shape) -> String {
        let class = json(self.class);
        let mut out = format!(
            "{{\"uuid\":{},\"displayName\":{class},\"job\":{},\"maxTries\":{},\"maxExceptions\":null,\
             \"failOnTimeout\":false,\"backoff\":null,\"timeout\":{},\"retryUntil\":null",
            json(&self.uuid),
            json("Illuminate\\Queue\\CallQueuedHandler@call"),
            number(self.max_tries),
            number(self.timeout),
        );
        if shape.missing_models {
            out.push_str(",\"deleteWhenMissingModels\":false");
        }
        out.push_str(&format!(",\"data\":{{\"commandName\":{class},\"command\":{}", json(&self.command)));
        out.push_str(if shape.batch { ",\"batchId\":null}" } else { "}" });
        if shape.created {
            out.push_str(&format!(",\"createdAt\":{}", self.created_at));
        }
        if !self.hidden.is_empty() {
            out.push_str(",\"illuminate:log:context\":{\"data\":[],\"hidden\":{");
            let hidden = self.hidden.iter().map(|(name, value)| format!("{}:{}", json(name), json(value)));
            out.push_str(&hidden.collect::<Vec<_>>().join(","));
            out.push_str("}}");
        }
        if let Some(id) = &self.id {
            out.push_str(&format!(",\"id\":{},\"attempts\":0", json(id)));
        }
        if shape.created {
            out.push_str(&format!(",\"delay\":{}", number(self.delay)));
        }
        out.push('}');
        out
    }
}

fn number(value: Option<u32>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laravel::payload::Payload;

    fn job() -> NewJob<'static> {
        NewJob {
            uuid: "078c02bc-4372-443e-b53e-f4c70c8963ce".into(),
            class: "App\\Jobs\\ProcessWebhookEvent",
            command: "O:28:\"App\\Jobs\\ProcessWebhookEvent\":1:{s:1:\"a\";s:4:\"é/\0\";}".into(),
            max_tries: Some(1),
            timeout: Some(120),
            created_at: 1_795_159_802,
            delay: None,
            hidden: vec![("laravel_unique_job_cache_store", "s:5:\"redis\";".into())],
            id: Some("aCuBAPrV55OV4M6KdypM9fAaz3ZHjCIr".into()),
        }
    }

    #[test]
    fn each_version_has_its_own_members_in_its_own_order() {
        let twelve = r#"{"uuid":"078c02bc-4372-443e-b53e-f4c70c8963ce","displayName":"App\\Jobs\\ProcessWebhookEvent","job":"Illuminate\\Queue\\CallQueuedHandler@call","maxTries":1,"maxExceptions":null,"failOnTimeout":false,"backoff":null,"timeout":120,"retryUntil":null,"data":{"commandName":"App\\Jobs\\ProcessWebhookEvent","command":"O:28:\"App\\Jobs\\ProcessWebhookEvent\":1:{s:1:\"a\";s:4:\"é\/\u0000\";}"},"createdAt":1795159802,"illuminate:log:context":{"data":[],"hidden":{"laravel_unique_job_cache_store":"s:5:\"redis\";"}},"id":"aCuBAPrV55OV4M6KdypM9fAaz3ZHjCIr","attempts":0,"delay":null}"#;
        assert_eq!(job().payload(Shape::of(Some((12, 40)))), twelve);
        let table = NewJob { id: None, hidden: Vec::new(), ..job() };
        let eleven = table.payload(Shape::of(Some((11, 56))));
        assert!(!eleven.contains("createdAt") && !eleven.contains("delay") && eleven.ends_with("\"}}"));
        let newest = table.payload(Shape::of(None));
        assert!(newest.contains("\"deleteWhenMissingModels\":false,\"data\""));
        assert!(newest.ends_with(",\"batchId\":null},\"createdAt\":1795159802,\"delay\":null}"));
        assert_eq!(Payload::read(newest.as_bytes()).unwrap().renewed_for_database(), newest);
    }
}
