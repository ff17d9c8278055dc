//! Who runs opsctl: what the system says, and apart from that what the surroundings claim.

use opsctl::{config::Environment, journal::Actor};

/// Who runs this. The user is the one whose rights the process has: a variable can be set by anybody, so what `USER` or
/// `LOGNAME` say is kept beside it where it differs. The login behind `sudo` and the SSH address are such claims, too.
pub fn actor(environment: &Environment) -> Actor {
    let variable = |name: &str| environment.filled(name).map(str::to_owned);
    let claimed = variable("USER").or_else(|| variable("LOGNAME"));
    let user = user(environment);
    Actor {
        claimed_user: claimed.filter(|claimed| *claimed != user),
        user,
        sudo_user: variable("SUDO_USER"),
        from: variable("SSH_CONNECTION").and_then(|text| text.split(' ').next().map(str::to_owned)),
        host: gethostname::gethostname().to_string_lossy().into_owned(),
    }
}

/// A variable stands in for the system in tests, which run as anybody.
#[cfg(feature = "testing")]
fn user(environment: &Environment) -> String {
    environment.filled("OPSCTL_USER").map_or_else(login, str::to_owned)
}

#[cfg(not(feature = "testing"))]
fn user(_environment: &Environment) -> String {
    login()
}

/// The login of the process's user; its number where the host has no name for it, as in many containers.
fn login() -> String {
    whoami::username().ok().filter(|name| !name.is_empty()).unwrap_or_else(number)
}

#[cfg(unix)]
fn number() -> String {
    format!("uid {}", rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn number() -> String {
    "unknown".into()
}
