//! What a context comes to, value by value, each with where it came from. Secrets are told to be set, never shown, not
//! even by their length. Opens no connection.

mod connections;
mod secrets;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use super::{
    Context, Sourced, System,
    settings::{self, Setting},
};
use crate::Error;

/// How a fact stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Neither well nor wrong.
    #[default]
    Plain,
    /// Well.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
}

/// One thing that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fact {
    /// Its key, unique within the section.
    #[serde(skip)]
    pub name: String,
    /// Its value; null where it is not set.
    pub value: Value,
    /// Where it came from; null where there is nothing to tell.
    pub origin: Option<String>,
    /// How it stands.
    pub standing: Standing,
    /// What to type or look at next.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

impl Fact {
    /// A fact without an origin.
    pub fn new(name: impl Into<String>, value: impl Into<Value>) -> Self {
        let (origin, standing, hints) = (None, Standing::Plain, Vec::new());
        Self { name: name.into(), value: value.into(), origin, standing, hints }
    }

    /// A failure, told in one line.
    pub fn problem(name: impl Into<String>, error: &Error) -> Self {
        let hints = error.hints().to_vec();
        Self { hints, ..Self::new(name, error.to_string()).standing(Standing::Bad) }
    }

    /// Says where it came from.
    #[must_use]
    pub fn of(mut self, origin: &impl ToString) -> Self {
        self.origin = Some(origin.to_string());
        self
    }

    /// Says how it stands.
    #[must_use]
    pub fn standing(mut self, standing: Standing) -> Self {
        self.standing = standing;
        self
    }

    /// Adds what to type next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    fn sourced(name: &str, found: Sourced<String>) -> Self {
        Self::new(name, found.value).of(&found.origin)
    }
}

/// Facts that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// The facts, in the order in which they are shown.
    pub facts: Vec<Fact>,
}

impl Section {
    /// A section without facts.
    pub fn new(name: &'static str) -> Self {
        Self { name, facts: Vec::new() }
    }

    /// Adds a fact.
    pub fn push(&mut self, fact: Fact) {
        self.facts.push(fact);
    }
}

impl Serialize for Section {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.facts.len()))?;
        for fact in &self.facts {
            map.serialize_entry(&fact.name, fact)?;
        }
        map.end()
    }
}

impl Context {
    /// The context, value by value. `command` is the system that settings are those of when none is configured.
    pub fn describe(&self, command: System) -> Vec<Section> {
        vec![
            self.place_facts(),
            self.database_facts(),
            self.redis_facts(command),
            self.lock_facts(command),
            self.queue_facts(command),
            self.setting_facts(),
        ]
    }

    /// Which context it is, what put it in force, and what it is made of.
    pub fn place_facts(&self) -> Section {
        let mut section = Section::new("context");
        section.push(Fact::new("name", self.name.as_str()).of(&self.chooser));
        let standing = if self.protected { Standing::Warn } else { Standing::Plain };
        let protected = Fact::new("protected", self.protected).standing(standing);
        section.push(match self.protected_because() {
            Some(reason) => protected.of(&reason),
            None => protected,
        });
        section.push(match &self.app_env {
            Some(found) => Fact::sourced("environment", found.clone()),
            None => Fact::new("environment", Value::Null),
        });
        if let Some(file) = &self.file {
            section.push(Fact::new("file", file.path.display().to_string()));
        }
        if let Some(app) = &self.app {
            let source = if app.is_cached() { "cached configuration" } else { "environment and .env" };
            section.push(Fact::new("application", app.dir.display().to_string()));
            section.push(Fact::new("application_settings", source));
        }
        section.push(match &self.system {
            Some(found) => Fact::sourced("system", found.clone().map(|system| system.name().to_owned())),
            None => Fact::new("system", Value::Null),
        });
        if self.file.is_none() && self.app.is_none() {
            section.push(Fact::new("looked_at", json!(self.looked_in())));
        }
        section
    }

    /// The limits and times of the webhook service, as they are set.
    pub fn setting_facts(&self) -> Section {
        let mut section = Section::new("settings");
        for setting in &settings::webhooks::ALL {
            section.push(self.setting_fact(setting.key(), setting));
        }
        section
    }

    fn setting_fact(&self, name: &str, setting: &Setting) -> Fact {
        let Sourced { value, origin } = self.setting(setting);
        // What is a number for the application is one for machines.
        let value = value.parse::<i64>().map_or_else(|_| Value::from(value), Value::from);
        Fact::new(name, value).of(&origin)
    }
}
