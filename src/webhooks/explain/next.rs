//! What to type next about an event.

use serde::Serialize;

use super::{Explain, Match, Part};
use crate::webhooks::Outcome;

/// A command, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Next {
    /// What it is for.
    pub why: String,
    /// What to type.
    pub command: String,
}

impl Next {
    fn new(why: impl Into<String>, command: impl Into<String>) -> Self {
        Self { why: why.into(), command: command.into() }
    }
}

/// What helps, the most urgent first; nothing for an event that is done.
pub(super) fn steps(event: &Explain) -> Vec<Next> {
    let id = &event.id;
    if event.retry.status.is_none() {
        return Vec::new();
    }
    let mut steps = Vec::new();
    if event.held.is_locked() {
        // A try would pass over it, whatever it is given.
        steps.push(Next::new("somebody has it now: look again", format!("opsctl webhooks explain {id}")));
        steps.extend(about_the_outcome(event));
        return steps;
    }
    steps.extend(about_the_outcome(event));
    let command = [&["opsctl webhooks retry-one", id.as_str()], &event.retry.flags[..]].concat().join(" ");
    let unmet = |part: Part| event.conditions.iter().any(|check| check.condition == part && !check.met);
    let why = match event.retry.flags[..] {
        [] => "try it now",
        _ if unmet(Part::NobodyAtIt) => {
            "take it from the service's worker, at the risk of two tries, rather than wait for it"
        }
        _ if unmet(Part::AttemptsLeft) => "give it one more try than it is allowed",
        _ => "try it before its time",
    };
    steps.push(Next::new(why, command));
    steps
}

/// Where a person has to look, since trying again would end the same way.
fn about_the_outcome(event: &Explain) -> Option<Next> {
    let id = &event.id;
    let raw = format!("opsctl webhooks show {id} --raw");
    let elsewhere = |named: &&super::Named| named.names == Match::AnotherProvider;
    if event.retry.outcome == Outcome::Ambiguous {
        return Some(Next::new(
            "correct the payment that is wrong: look at both",
            format!("opsctl webhooks show {id}"),
        ));
    }
    if event.body.unreadable.is_some() {
        return Some(Next::new("look at what was sent", raw));
    }
    if event.references.is_empty() {
        return Some(Next::new("look in the body for a reference that no rule finds", raw));
    }
    if event.retry.outcome == Outcome::Applied {
        return None;
    }
    let other = event.references.iter().find(elsewhere)?.payments.first()?;
    Some(Next::new(
        format!(
            "the payment of that reference is one of `{}`: look at what else arrived there",
            other.provider
        ),
        format!("opsctl webhooks list --provider {}", other.provider),
    ))
}
