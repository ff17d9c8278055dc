//! References to secrets, as files and registries hold them: `env:NAME`, `file:PATH`. Never the secret itself.

use std::path::Path;

use secrecy::SecretString;

use super::{Environment, file::secret_file};
use crate::{Error, Result};

/// Follows a reference. `place` says where it stands; a relative path is seen from `base`, and where there is none, it
/// must be absolute.
///
/// # Errors
/// Anything but a reference, a variable that is not set, a file that cannot be read. What stands there is not repeated:
/// it may be the secret.
pub fn follow(
    reference: &str,
    place: &str,
    base: Option<&Path>,
    environment: &Environment,
) -> Result<SecretString> {
    match reference.split_once(':') {
        Some(("env", name)) => environment.get(name).map(SecretString::from).ok_or_else(|| {
            Error::config(format!("{place} refers to the variable {name}, which is not set"))
                .hint(format!("set {name} in the environment of opsctl"))
        }),
        Some(("file", path)) => {
            let path = Path::new(path);
            match (base, path.is_absolute()) {
                (_, true) => secret_file(path),
                (Some(base), false) => {
                    secret_file(&base.join(path).components().collect::<std::path::PathBuf>())
                }
                (None, false) => Err(Error::config(format!("{place} refers to a file by a relative path"))
                    .hint("write `file:` and an absolute path there")),
            }
        }
        _ => Err(not_a_reference(place)),
    }
}

/// Checks the form of a reference, without following it.
///
/// # Errors
/// Anything else, which is not repeated.
pub fn check(reference: &str, place: &str) -> Result<()> {
    match reference.split_once(':') {
        Some(("env" | "file", rest)) if !rest.is_empty() => Ok(()),
        _ => Err(not_a_reference(place)),
    }
}

fn not_a_reference(place: &str) -> Error {
    Error::config(format!("{place} must be a reference, not a secret"))
        .hint("write `env:NAME` or `file:PATH` there")
}
