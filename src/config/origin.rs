//! Where a value came from, so that `about` and error texts can say it.

use std::{fmt, path::PathBuf};

/// The source of a resolved value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A command-line flag, as typed.
    Flag(&'static str),
    /// A variable of the process environment.
    Variable(String),
    /// A key of an `opsctl.toml`.
    File(PathBuf, String),
    /// A key of the application's cached configuration.
    Cached(PathBuf, String),
    /// A line of the application's `.env`.
    Dotenv(PathBuf, String),
    /// PostgreSQL's password file.
    Passfile(PathBuf),
    /// The registration of a cluster in the central database.
    Registry(String),
    /// The application's own default, from the table of its system.
    Default,
}

impl Origin {
    /// Whether opsctl's own configuration says it, and not the application's.
    pub fn is_own(&self) -> bool {
        match self {
            Origin::Flag(_) | Origin::File(..) | Origin::Registry(_) => true,
            Origin::Variable(name) => name.starts_with("OPSCTL_"),
            Origin::Cached(..) | Origin::Dotenv(..) | Origin::Passfile(_) | Origin::Default => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(name) => f.write_str(name),
            Origin::Variable(name) => write!(f, "{name} in the environment"),
            Origin::File(path, key) | Origin::Cached(path, key) | Origin::Dotenv(path, key) => {
                write!(f, "{} {key}", path.display())
            }
            Origin::Passfile(path) => write!(f, "{}", path.display()),
            Origin::Registry(cluster) => write!(f, "the registration of cluster `{cluster}`"),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// A value and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// Pairs a value with its source.
    pub const fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// The same source, another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Sourced<U> {
        Sourced { value: change(self.value), origin: self.origin }
    }
}
