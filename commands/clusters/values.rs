//! What is registered about a cluster, as it is typed: paths are seen from the folder that the command runs in.

use std::path::Path;

use opsctl::{
    config::clusters::{ClusterStatus, Credential},
    text::is_unprintable,
};

use crate::{app::App, cli::told, init::seen_from_anywhere, number::number};

/// The most that the table of registrations has room for.
const MOST_TENANTS: u32 = i32::MAX.cast_unsigned();

/// Values of a registration, all but its address
#[derive(Debug, clap::Args)]
pub struct Values {
    /// Where the password of the URL's user lies: `env:NAME` or `file:PATH`
    #[arg(long, value_name = "REF")]
    password_from: Option<String>,
    /// The role that works across tenants
    #[arg(long, value_name = "USER")]
    operator_user: Option<String>,
    /// Where its password lies
    #[arg(long, value_name = "REF", requires = "operator_user")]
    operator_password_from: Option<String>,
    /// The role that owns the tables, for migrations
    #[arg(long, value_name = "USER")]
    owner_user: Option<String>,
    /// Where its password lies
    #[arg(long, value_name = "REF", requires = "owner_user")]
    owner_password_from: Option<String>,
    /// Where it stands, in your own words
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub region: Option<String>,
    /// Tenants that it takes, 1 at least; it is `draining` that takes no new ones
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = number(1, MOST_TENANTS))]
    pub capacity: Option<u32>,
    /// What it may be used for: pending, active, draining, read_only, offline, retired
    #[arg(long, value_name = "STATUS", value_parser = told::<ClusterStatus>)]
    pub status: Option<ClusterStatus>,
}

impl Values {
    /// The reference to the password of the URL's user.
    pub fn password(&self, app: &App) -> Option<String> {
        self.password_from.as_deref().map(|reference| referred(reference, &app.cwd))
    }

    /// The `operator` role.
    pub fn operator(&self, app: &App) -> Option<Credential> {
        credential(self.operator_user.as_ref(), self.operator_password_from.as_ref(), &app.cwd)
    }

    /// The `owner` role.
    pub fn owner(&self, app: &App) -> Option<Credential> {
        credential(self.owner_user.as_ref(), self.owner_password_from.as_ref(), &app.cwd)
    }
}

/// A region is shown wherever clusters are listed, so nothing may stand in it that steers a terminal.
fn region(text: &str) -> Result<String, String> {
    match text.chars().any(is_unprintable) {
        true => Err("it holds control characters".into()),
        false => Ok(text.to_owned()),
    }
}

/// The address, with a file's path as it is seen from anywhere.
pub fn address(url: &str, app: &App) -> String {
    seen_from_anywhere(url, Some(&app.cwd))
}

fn credential(user: Option<&String>, reference: Option<&String>, cwd: &Path) -> Option<Credential> {
    let password = reference.map(|reference| referred(reference, cwd));
    user.map(|user| Credential { user: user.clone(), password })
}

/// The path of a file as it is seen from anywhere. Anything but a reference is left as it is, and refused without being
/// repeated: it may be the secret itself.
fn referred(reference: &str, cwd: &Path) -> String {
    match reference.strip_prefix("file:") {
        Some(path) if !path.is_empty() => format!("file:{}", cwd.join(path).display()),
        _ => reference.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_folder_that_they_were_typed_in() {
        let cwd = Path::new("/srv");
        assert_eq!(referred("file:secrets/eu", cwd), "file:/srv/secrets/eu");
        assert_eq!(referred("file:/run/secrets/eu", cwd), "file:/run/secrets/eu");
        assert_eq!(referred("env:EU_PW", cwd), "env:EU_PW");
        assert_eq!(referred("file:", cwd), "file:");
    }
}
