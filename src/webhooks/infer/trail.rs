//! The trail of a reading: every place at which a rule looked, what stood there, and why it counted or did not.
//!
//! The functions that read a body leave it behind themselves; a reading that nobody asks about leaves none.

use serde::Serialize;

use super::super::body::Scalar;

/// What a rule wanted to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum About {
    /// A reference, which may name a payment.
    Reference,
    /// What the body is about: a payment, or a refund of one.
    Kind,
    /// How the payment stands.
    Status,
}

/// One place at which a rule looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Look {
    /// Name of the rule.
    pub rule: &'static str,
    /// What it wanted to know.
    pub about: About,
    /// Where.
    pub path: &'static str,
    /// What stood there, as text; `None` for nothing, and for what is no word or number.
    pub found: Option<String>,
    /// Whether it decided, or became a reference.
    pub counts: bool,
    /// Why it counts, or does not.
    pub why: String,
}

/// Hears of every look. What is said is made only for those who listen.
pub(super) trait Trail {
    fn look(&mut self, look: impl FnOnce() -> Look);
}

/// Nobody asks.
impl Trail for () {
    fn look(&mut self, _: impl FnOnce() -> Look) {}
}

impl Trail for Vec<Look> {
    fn look(&mut self, look: impl FnOnce() -> Look) {
        self.push(look());
    }
}

impl Look {
    pub(super) fn new(
        rule: &'static str,
        about: About,
        path: &'static str,
        value: Option<&Scalar>,
        (counts, why): (bool, impl Into<String>),
    ) -> Self {
        Self { rule, about, path, found: value.and_then(shown), counts, why: why.into() }
    }
}

fn shown(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Text(text) => Some(text.clone()),
        Scalar::Number(number) => Some(number.clone()),
        Scalar::Bool(flag) => Some(flag.to_string()),
        Scalar::Null | Scalar::Other => None,
    }
}

/// Why a value is neither a word nor a number that a rule could take.
pub(super) fn unusable(value: Option<&Scalar>) -> &'static str {
    match value {
        None => "nothing stands there",
        Some(Scalar::Null) => "it is null",
        Some(Scalar::Text(_)) => "it is empty",
        Some(Scalar::Bool(_)) => "true and false are no words",
        Some(Scalar::Number(_)) => "this rule takes texts, not numbers",
        Some(Scalar::Other) => "an object, a list, a text too long, or a number that lost digits",
    }
}
