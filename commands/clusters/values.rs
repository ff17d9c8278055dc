//! What is registered about a cluster, as it is typed: paths are seen from the folder that the command runs in.

use std::path::Path;

use opsctl::config::clusters::{ClusterStatus, Credential};

use crate::{app::App, cli::told, init::seen_from_anywhere};

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
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Tenants that it takes
    #[arg(long, value_name = "N")]
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
