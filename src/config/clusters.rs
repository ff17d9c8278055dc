//! Clusters as they are registered, in `[clusters.NAME]` of an `opsctl.toml` or in a table, and the databases that their
//! roles reach.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use super::{
    Context, Database, Origin,
    database::{Address, UrlParts},
    reference,
};
use crate::{Error, Result, near};

/// Longest name of a cluster.
const LONGEST_NAME: usize = 64;
/// Keys of `[clusters.NAME]`, the members of [`ClusterSection`], each with its type in TOML.
const KEYS: [(&str, &str); 7] = [
    ("url", "string"),
    ("password", "string"),
    ("operator", "table"),
    ("owner", "table"),
    ("region", "string"),
    ("status", "string"),
    ("capacity", "integer"),
];
/// Those of a role's credential: the members of [`Credential`].
const CREDENTIAL_KEYS: [(&str, &str); 2] = [("user", "string"), ("password", "string")];

/// Which of a cluster's credentials a connection uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The application's own: bound by row-level security.
    App,
    /// May read and write across tenants.
    Operator,
    /// Owns the tables: migrations.
    Owner,
}

impl Role {
    /// All of them; the order is that of [`Registration`]'s members.
    pub const ALL: [Role; 3] = [Role::App, Role::Operator, Role::Owner];

    /// Its word, in configuration and in output.
    pub const fn name(self) -> &'static str {
        match self {
            Role::App => "app",
            Role::Operator => "operator",
            Role::Owner => "owner",
        }
    }
}

/// What a cluster may be used for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClusterStatus {
    /// Registered, and not in use yet: it is probed and migrated, and takes no tenants.
    Pending,
    /// In use; takes new tenants.
    #[default]
    Active,
    /// In use; takes no new tenants.
    Draining,
    /// Takes no writes, and no new tenants.
    ReadOnly,
    /// Down on purpose: left out unless it is named.
    Offline,
    /// Gone: left out unless it is named.
    Retired,
}

impl ClusterStatus {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Active, Self::Draining, Self::ReadOnly, Self::Offline, Self::Retired];

    /// Its word, in configuration, tables and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Draining => "draining",
            Self::ReadOnly => "read_only",
            Self::Offline => "offline",
            Self::Retired => "retired",
        }
    }

    /// Whether a command that names no clusters means it.
    pub const fn is_up(self) -> bool {
        !matches!(self, Self::Offline | Self::Retired)
    }
}

impl fmt::Display for ClusterStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ClusterStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|status| status.name() == text).ok_or_else(|| {
            let all = Self::ALL.map(Self::name);
            let error = Error::config(format!("`{text}` is no status of a cluster"));
            near::or(error, text, all, str::to_owned, format!("statuses: {}", all.join(", ")))
        })
    }
}

/// A user and where its password is found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The user or role.
    pub user: String,
    /// `env:NAME` or `file:PATH`; none where the server wants no password, or a password file has it.
    pub password: Option<String>,
}

/// `[clusters.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSection {
    /// `postgres://USER@…`, `mysql://USER@…` or `sqlite:PATH`, without a password. Its user is the `app` role.
    pub url: String,
    /// `env:NAME` or `file:PATH`: the password of the URL's user.
    pub password: Option<String>,
    /// Who may work across tenants.
    pub operator: Option<Credential>,
    /// Who owns the tables.
    pub owner: Option<Credential>,
    /// Where it stands, in the operator's own words.
    pub region: Option<String>,
    /// What it may be used for.
    #[serde(default)]
    pub status: ClusterStatus,
    /// Tenants that it takes.
    pub capacity: Option<u32>,
}

/// Where a registration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// In a file.
    File(PathBuf),
    /// In the central database; relative paths lie in its folder, where it is a file.
    Table(Option<PathBuf>),
}

/// One cluster as it is registered; nothing is resolved yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its name.
    pub name: String,
    /// What is registered.
    pub section: ClusterSection,
    /// Where.
    pub written: Written,
    /// Prefix of its keys in error texts: `clusters.eu-1` or `contexts.prod.clusters.eu-1`.
    pub key: String,
}

impl Registration {
    /// One of the central database, which lies in `folder` where it is a file.
    pub fn of_table(name: String, section: ClusterSection, folder: Option<PathBuf>) -> Self {
        let key = format!("cluster `{name}`");
        Self { name, section, written: Written::Table(folder), key }
    }

    /// Checks what can be checked without following a reference.
    ///
    /// # Errors
    /// A name, an address or a reference that cannot be used.
    pub fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        self.check_values()
    }

    /// As [`Registration::check`], but for the name: a platform's own table may have names that opsctl gives to none.
    ///
    /// # Errors
    /// An address or a reference that cannot be used.
    pub fn check_values(&self) -> Result<()> {
        self.bare()?.check()?;
        for (member, reference) in self.references() {
            reference::check(reference, &self.place(member))?;
        }
        Ok(())
    }

    fn references(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let section = &self.section;
        let own = section.password.as_deref().map(|password| ("password", password));
        let further = [("operator.password", &section.operator), ("owner.password", &section.owner)];
        let further = further
            .into_iter()
            .filter_map(|(member, from)| Some((member, from.as_ref()?.password.as_deref()?)));
        own.into_iter().chain(further)
    }

    /// Where the password of a role lies, as it is registered: `env:NAME`, `file:PATH`. What is no reference is not told:
    /// it may be the secret, and [`Registration::check_values`] says what is wrong.
    pub fn reference(&self, role: Role) -> Option<&str> {
        let reference = match self.credential(role) {
            Some(credential) => credential.password.as_deref(),
            None => self.section.password.as_deref(),
        };
        reference.filter(|text| reference::check(text, "").is_ok())
    }

    /// The credential of a role, when it has one of its own.
    fn credential(&self, role: Role) -> Option<&Credential> {
        match role {
            Role::App => None,
            Role::Operator => self.section.operator.as_ref(),
            Role::Owner => self.section.owner.as_ref(),
        }
    }

    /// Whether a role has a credential of its own; one that has none works as `app` does.
    pub fn has(&self, role: Role) -> bool {
        role == Role::App || self.credential(role).is_some()
    }

    /// The address with the URL's user, without any password.
    ///
    /// # Errors
    /// A URL that cannot be used, or that holds a password.
    pub fn bare(&self) -> Result<Database> {
        let origin = self.origin("url");
        let parts = UrlParts::read(&self.section.url, &origin)?;
        if parts.password.is_some() || parts.says("password") {
            return Err(Error::config(format!("{} holds a password", self.place("url")))
                .hint("name it apart, by a reference: `env:NAME` or `file:PATH`"));
        }
        let database = parts.into_database(self.base().unwrap_or(Path::new("")), &origin)?;
        let relative = matches!(&database.address, Address::File(path) if path.is_relative());
        if relative && self.base().is_none() {
            return Err(Error::config(format!("{} names a file by a relative path", self.place("url")))
                .because("only a central database that is a file has a folder to look in")
                .hint("write `sqlite:` and an absolute path"));
        }
        Ok(database)
    }

    /// The folder that relative paths are seen from; none in the table of a server.
    fn base(&self) -> Option<&Path> {
        match &self.written {
            Written::File(path) => path.parent(),
            Written::Table(folder) => folder.as_deref(),
        }
    }

    fn origin(&self, member: &str) -> Origin {
        match &self.written {
            Written::File(path) => Origin::File(path.clone(), format!("{}.{member}", self.key)),
            Written::Table(_) => Origin::Registry(self.name.clone()),
        }
    }

    fn place(&self, member: &str) -> String {
        match &self.written {
            Written::File(path) => format!("{}.{member} in {}", self.key, path.display()),
            Written::Table(_) => format!("the {member} of {}", self.key),
        }
    }
}

/// Checks a cluster's name: it is typed, becomes part of paths and of SQL comments, and some engines fold its case.
///
/// # Errors
/// [`crate::Kind::Usage`].
pub fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if begins && name.len() <= LONGEST_NAME && name.chars().all(plain) {
        return Ok(());
    }
    Err(Error::usage(format!("`{}` cannot be the name of a cluster", crate::text::printable(name))).because(
        format!("a name has up to {LONGEST_NAME} of a-z, 0-9, `-`, `_` and `.`, a letter or digit first"),
    ))
}

/// What `[clusters.NAME]` says.
///
/// # Errors
/// [`crate::Kind::Config`]: a name that cannot be used, a key that does not exist, a value of the wrong type.
fn section(name: &str, value: &toml::Value) -> Result<ClusterSection> {
    check_name(name).map_err(|error| Error::config("its name cannot be used").because_of(error))?;
    check_keys(value, "", &KEYS)?;
    for role in [Role::Operator, Role::Owner] {
        if let Some(credential) = value.get(role.name()) {
            check_keys(credential, &format!("{}.", role.name()), &CREDENTIAL_KEYS)?;
        }
    }
    value.clone().try_into().map_err(|error: toml::de::Error| Error::config(error.message().to_owned()))
}

/// Checks keys and the types of their values. A value is not repeated: it may be a secret.
fn check_keys(value: &toml::Value, within: &str, known: &[(&str, &str)]) -> Result<()> {
    let table = value.as_table().ok_or_else(|| Error::config("it is no table of keys and values"))?;
    for (key, value) in table {
        let Some((_, wanted)) = known.iter().find(|(name, _)| name == key) else {
            let error = Error::config(format!("there is no key `{within}{}`", crate::text::printable(key)));
            let names = known.iter().map(|(name, _)| *name);
            let all = format!("keys: {}", names.clone().collect::<Vec<_>>().join(", "));
            return Err(near::or(error, key, names, |near| format!("{within}{near}"), all));
        };
        if value.type_str() != *wanted {
            return Err(Error::config(format!(
                "`{within}{key}` is of the type {}, not {wanted}",
                value.type_str()
            )));
        }
    }
    Ok(())
}

impl Context {
    /// The clusters of the file in force by name, each as far as it can be understood; `None` where it names none.
    pub fn clusters(&self) -> Option<Vec<(String, Result<Registration>)>> {
        let file = self.file.as_ref()?;
        let sections = file.section.clusters.as_ref()?;
        let registration = |(name, value): (&String, &toml::Value)| {
            let key = file.key(&format!("clusters.{name}"));
            let section = section(name, value).map_err(|error| {
                let place = format!("[{}] in {}", crate::text::printable(&key), file.path.display());
                error.during(format!("{place} cannot be understood"))
            });
            let written = Written::File(file.path.clone());
            (name.clone(), section.map(|section| Registration { name: name.clone(), section, written, key }))
        };
        Some(sections.iter().map(registration).collect())
    }

    /// The database of a cluster as one of its roles reaches it; a role without a credential of its own is the `app`.
    ///
    /// # Errors
    /// A URL that cannot be used, a reference that leads nowhere.
    pub fn cluster_database(&self, registration: &Registration, role: Role) -> Result<Database> {
        let mut database = registration.bare()?;
        let (member, reference) = match registration.credential(role) {
            Some(credential) => {
                database.username.clone_from(&credential.user);
                (format!("{}.password", role.name()), credential.password.as_ref())
            }
            None => ("password".to_owned(), registration.section.password.as_ref()),
        };
        if let Some(reference) = reference {
            let place = registration.place(&member);
            database.password =
                Some(reference::follow(reference, &place, registration.base(), &self.environment)?);
            database.password_origin = Some(registration.origin(&member));
        }
        self.completed(database)
    }
}
