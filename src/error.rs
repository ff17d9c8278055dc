//! The one error type: what failed, why, and what to type next. Its kind decides the exit code.

use std::fmt;

use crate::Exit;

/// Shorthand for results of this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it is, seen from the operator's chair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The operation failed.
    Failed,
    /// The command line cannot be understood.
    Usage,
    /// Not done without a confirmation, or unsafe.
    Refused,
    /// Configuration, credentials, a missing table or a missing right.
    Config,
    /// A server does not answer.
    Unreachable,
    /// Another run holds the lock.
    Locked,
    /// A named thing does not exist.
    NotFound,
    /// The deadline of `--timeout` passed.
    Deadline,
    /// Interrupted by a signal.
    Interrupted,
}

/// Sorts of database errors that opsctl treats differently; `db` tells them apart by the server's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is gone, or was never made.
    Lost,
    /// The server, the database or the user has as many connections as it may have.
    Full,
    /// Deadlock, serialisation failure or lock timeout: the same work may succeed in a moment.
    Transient,
    /// A unique key is taken.
    Duplicate,
    /// Wrong password, unknown role.
    Credentials,
    /// No such database.
    NoDatabase,
    /// A table or column is missing.
    Schema,
    /// The role lacks a right.
    Right,
    /// The database takes no writes.
    ReadOnly,
    /// A time limit or a resource of the server ran out: no single row is to blame.
    Resource,
    /// Anything else that the server said.
    Other,
}

/// A failure with its causes and with hints that name the next command.
///
/// Causes are kept as text because they come from drivers and servers: whoever adds one has made sure that it
/// holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    fault: Option<Fault>,
}

impl Error {
    /// An error of `kind`; the message starts in lower case and has no full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: Vec::new(), hints: Vec::new(), fault: None }
    }

    /// Shorthand for [`Kind::Failed`].
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// Shorthand for [`Kind::Config`].
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// Shorthand for [`Kind::Usage`].
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Shorthand for [`Kind::Refused`].
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// Adds why it happened.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds another error as the reason: what it says, why, and what to do about it.
    #[must_use]
    pub fn because_of(mut self, other: Error) -> Self {
        self.causes.push(other.message);
        self.causes.extend(other.causes);
        self.hints.extend(other.hints);
        self
    }

    /// Adds what to type or look at next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says what was being done when this error arose: the old message becomes its first cause.
    #[must_use]
    pub fn during(mut self, message: impl Into<String>) -> Self {
        let old = std::mem::replace(&mut self.message, message.into());
        self.causes.insert(0, old);
        self
    }

    /// Notes what sort of database error this was.
    #[must_use]
    pub(crate) fn with_fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The same error in other words: `text` rewrites the message and the causes, `hint` the hints.
    #[must_use]
    pub fn retold(&self, text: impl Fn(&str) -> String, hint: impl Fn(&str) -> String) -> Self {
        Self {
            message: text(&self.message),
            causes: self.causes.iter().map(|cause| text(cause)).collect(),
            hints: self.hints.iter().map(|line| hint(line)).collect(),
            ..self.clone()
        }
    }

    /// What sort of database error this was, if it was one.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What failed, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Why, outermost first.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// The innermost cause, or the message when there is none.
    pub fn root(&self) -> &str {
        self.causes.last().unwrap_or(&self.message)
    }

    /// What to do next.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The exit code of a command that ends with this error.
    pub fn exit(&self) -> Exit {
        self.kind.exit()
    }
}

impl Kind {
    /// The exit code of a command that ends with such a failure.
    pub const fn exit(self) -> Exit {
        match self {
            Kind::Failed => Exit::Failed,
            Kind::Usage => Exit::Usage,
            Kind::Refused => Exit::Refused,
            Kind::Config => Exit::Config,
            Kind::Unreachable => Exit::Unreachable,
            Kind::Locked => Exit::Locked,
            Kind::NotFound => Exit::NotFound,
            Kind::Deadline => Exit::Deadline,
            Kind::Interrupted => Exit::Interrupted,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Error {}
