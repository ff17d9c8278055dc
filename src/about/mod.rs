//! Where am I: one report on opsctl itself, the context, and every server that it names.
//!
//! The report always comes out. Servers are asked at the same time, each for a bounded time, and one that does not
//! answer is a line of the report.

mod database;
mod fleet;
mod redis;
pub mod trial;

use std::{path::Path, str::FromStr, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;
use tokio::{sync::oneshot, time::Instant};

use crate::{
    Error, Exit, Kind, Result,
    clock::Clock,
    config::{
        Context, Environment, System,
        describe::{Fact, Section, Standing},
    },
    near,
};

/// Longest time that a server is given to answer everything.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// Time after which Redis is asked without knowing the database's tables, which may tell the system.
const SYSTEM_WITHIN: Duration = Duration::from_secs(1);

/// What the report is about; the words of `--only`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// This program.
    Opsctl,
    /// Which context is in force, and why.
    Context,
    /// What is set and what the tables tell.
    Systems,
    /// The central database and its server.
    Database,
    /// The Redis servers by role.
    Redis,
    /// The cache store, where locks live.
    Locks,
    /// The queue connection.
    Queue,
    /// The application's limits.
    Settings,
    /// Missing tables and columns, and opsctl's own migrations.
    Schema,
    /// Which clusters there are, and where they are registered.
    Fleet,
}

impl Topic {
    /// Every topic, in the order in which it is shown.
    pub const ALL: [Topic; 10] = [
        Topic::Opsctl,
        Topic::Context,
        Topic::Systems,
        Topic::Database,
        Topic::Redis,
        Topic::Locks,
        Topic::Queue,
        Topic::Settings,
        Topic::Schema,
        Topic::Fleet,
    ];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Topic::Opsctl => "opsctl",
            Topic::Context => "context",
            Topic::Systems => "systems",
            Topic::Database => "database",
            Topic::Redis => "redis",
            Topic::Locks => "locks",
            Topic::Queue => "queue",
            Topic::Settings => "settings",
            Topic::Schema => "schema",
            Topic::Fleet => "fleet",
        }
    }

    const fn asks_the_database(self) -> bool {
        matches!(self, Topic::Systems | Topic::Database | Topic::Schema | Topic::Fleet)
    }
}

impl FromStr for Topic {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        if let Some(topic) = Topic::ALL.into_iter().find(|topic| topic.name().eq_ignore_ascii_case(text)) {
            return Ok(topic);
        }
        let names = Topic::ALL.map(Topic::name);
        let error = Error::usage(format!("there is no section `{text}`"));
        Err(match near::matches(text, names).first() {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("sections: {}", names.join(", "))),
        })
    }
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The sections that were asked for.
    pub sections: Vec<Section>,
    /// Why no context could be made out, if so; the rest of the report stands.
    pub unresolved: Option<Error>,
}

impl About {
    /// How many facts stand so.
    pub fn count(&self, standing: Standing) -> usize {
        self.sections
            .iter()
            .flat_map(|section| &section.facts)
            .filter(|fact| fact.standing == standing)
            .count()
    }

    /// Done whenever a context could be made out: what is wrong with it is what the report is for.
    pub fn exit(&self) -> Exit {
        self.unresolved.as_ref().map_or(Exit::Done, Error::exit)
    }
}

impl Serialize for About {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.sections.len()))?;
        for section in &self.sections {
            map.serialize_entry(section.name, section)?;
        }
        map.end()
    }
}

/// What the report is to say.
#[derive(Debug)]
pub struct Request<'a> {
    /// Only these topics; empty is all of them.
    pub only: &'a [Topic],
    /// The process environment, for the folders.
    pub environment: &'a Environment,
    /// Longest time for each server.
    pub patience: Duration,
    /// The clock that the servers' are compared with.
    pub clock: Clock,
}

impl Request<'_> {
    fn wants(&self, topic: Topic) -> bool {
        self.only.is_empty() || self.only.contains(&topic)
    }
}

/// Makes the report. Reads only; a topic that is not asked for opens no connection.
pub async fn about(context: Result<&Context>, request: &Request<'_>) -> About {
    let mut sections = vec![program(request.environment)];
    let unresolved = context.as_ref().err().cloned();
    match context {
        Ok(context) => sections.extend(surroundings(context, request).await),
        Err(error) => {
            let mut section = Section::new(Topic::Context.name());
            section.push(Fact::new("problem", error.to_string()).standing(Standing::Bad));
            sections.push(section);
        }
    }
    // Why there is no context is told whatever was asked for: nothing else could be found out without one.
    let told = |topic: Topic| request.wants(topic) || (topic == Topic::Context && unresolved.is_some());
    sections
        .retain(|section| Topic::ALL.into_iter().any(|topic| topic.name() == section.name && told(topic)));
    About { sections, unresolved }
}

/// Everything about the context; the two sorts of server at the same time.
async fn surroundings(context: &Context, request: &Request<'_>) -> Vec<Section> {
    let start = Instant::now();
    let deadline = start + request.patience;
    let (tell, told) = oneshot::channel();
    let databases = async {
        let asked = Topic::ALL.into_iter().any(|topic| topic.asks_the_database() && request.wants(topic));
        // The roles on Redis depend on the system, and where that is not set, on the tables.
        let needed = asked || (context.system.is_none() && request.wants(Topic::Redis));
        database::ask(context, request, needed, deadline, tell).await
    };
    let redis = async {
        let detected = tokio::time::timeout_at(deadline.min(start + SYSTEM_WITHIN), told).await;
        let system = context.system.as_ref().map(|system| system.value);
        let system = system.or_else(|| detected.ok()?.ok()).unwrap_or(System::Webhooks);
        let asked = request.wants(Topic::Redis);
        (system, if asked { redis::ask(context, system, deadline).await } else { Section::new("redis") })
    };
    let (found, (system, redis)) = tokio::join!(databases, redis);
    vec![
        context.place_facts(),
        found.systems,
        found.database,
        redis,
        context.lock_facts(system),
        context.queue_facts(system),
        context.setting_facts(),
        found.schema,
        found.fleet,
    ]
}

/// This program, and the folders that it writes to.
fn program(environment: &Environment) -> Section {
    let mut section = Section::new(Topic::Opsctl.name());
    let path = |path: Option<std::path::PathBuf>| {
        path.map_or(Value::Null, |path| Value::from(path.display().to_string()))
    };
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    section.push(Fact::new("version", env!("CARGO_PKG_VERSION")));
    section
        .push(Fact::new("build", format!("{build}, {} on {}", std::env::consts::ARCH, std::env::consts::OS)));
    let state = environment.state_dir();
    let journal = state.as_deref().map(|state: &Path| state.join("journal.jsonl"));
    section.push(Fact::new("state", path(state)));
    section.push(Fact::new("journal", path(journal)));
    section.push(Fact::new("configuration", path(environment.user_file())));
    section.push(Fact::new("cache", path(environment.cache_dir())));
    section
}

/// Runs a question to a server, for no longer than the report waits.
async fn within<T>(deadline: Instant, what: &str, question: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout_at(deadline, question).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::new(Kind::Unreachable, format!("{what} did not answer in time"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_that_is_misspelt_is_told() {
        assert_eq!("Redis".parse::<Topic>().unwrap(), Topic::Redis);
        assert_eq!("databse".parse::<Topic>().unwrap_err().hints(), ["did you mean `database`?"]);
        assert!("x".parse::<Topic>().unwrap_err().hints()[0].starts_with("sections: opsctl, context"));
    }
}
