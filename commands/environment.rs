//! The process environment: read once, here.

use opsctl::config::Environment;

/// Variables that the PostgreSQL driver reads by itself and that no option of it can take back.
const DRIVER_VARIABLES: [&str; 4] = ["PGOPTIONS", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY"];

/// Everything that is set; what is not UTF-8 is left out.
pub fn read() -> Environment {
    Environment::new(
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    )
}

/// Whether a variable is set to something, before the environment is read as a whole.
pub fn sets(name: &str) -> bool {
    std::env::vars_os().any(|(known, value)| known == name && !value.is_empty() && value != "0")
}

/// The process that runs the schedule which this command is of: with its end this one has to end, too.
pub fn parent(environment: &Environment) -> Option<i32> {
    environment.filled("OPSCTL_SCHEDULED_BY")?.parse().ok()
}

/// Starts this program anew without variables that would decide about sessions and certificates behind our back: only
/// the context, its application, or an `opsctl.toml` does.
pub fn leave_driver_variables_behind() -> Option<opsctl::Exit> {
    #[cfg(unix)]
    if std::env::vars_os().any(|(name, _)| DRIVER_VARIABLES.iter().any(|known| name == *known)) {
        use std::os::unix::process::CommandExt;
        let program = std::env::current_exe().unwrap_or_else(|_| "opsctl".into());
        let mut command = std::process::Command::new(program);
        command.args(std::env::args_os().skip(1));
        for name in DRIVER_VARIABLES {
            command.env_remove(name);
        }
        let error = command.exec(); // returns only when it fails
        let exit = crate::ui::fatal(&format!(
            "the program cannot start itself without {}: {error}",
            DRIVER_VARIABLES.join(", ")
        ));
        return Some(exit);
    }
    None
}

/// The frozen clock of tests.
#[cfg(feature = "testing")]
pub fn clock(environment: &Environment) -> opsctl::clock::Clock {
    let frozen = environment.filled("OPSCTL_NOW").and_then(|text| text.parse().ok());
    frozen.map_or_else(opsctl::clock::Clock::system, opsctl::clock::Clock::frozen)
}

/// The host's clock.
#[cfg(not(feature = "testing"))]
pub fn clock(_environment: &Environment) -> opsctl::clock::Clock {
    opsctl::clock::Clock::system()
}

/// Arms the crash point of tests. `OPSCTL_CRASH_AT=POINT[#N]` kills this process when it reaches the point for the Nth
/// time, `OPSCTL_PANIC_AT` makes it panic; `OPSCTL_HOLD_AT=POINT[#N]=FILE` makes the file there, and waits until it is gone.
#[cfg(feature = "testing")]
pub fn arm(environment: &Environment) -> opsctl::Result<()> {
    use opsctl::crash::{Point, arm};
    let parse = |text: &str| {
        let (name, nth) = text.split_once('#').unwrap_or((text, "1"));
        let point = Point::from_name(name).zip(nth.parse::<u32>().ok().filter(|nth| *nth > 0));
        point.ok_or_else(|| opsctl::Error::usage(format!("there is no crash point `{text}`")))
    };
    if let Some(text) = environment.filled("OPSCTL_CRASH_AT") {
        let (point, nth) = parse(text)?;
        arm(point, nth, || {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        });
    }
    if let Some(text) = environment.filled("OPSCTL_PANIC_AT") {
        let (point, nth) = parse(text)?;
        #[expect(clippy::panic, reason = "what it is there for")]
        arm(point, nth, || panic!("a panic of a test"));
    }
    if let Some((text, file)) = environment.filled("OPSCTL_HOLD_AT").and_then(|text| text.split_once('=')) {
        let ((point, nth), file) = (parse(text)?, std::path::PathBuf::from(file));
        arm(point, nth, move || {
            let _ = std::fs::write(&file, []);
            while file.exists() {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        });
    }
    Ok(())
}

/// There are no crash points.
#[cfg(not(feature = "testing"))]
pub fn arm(_environment: &Environment) -> opsctl::Result<()> {
    Ok(())
}

/// The seed of tests, for delays that can be told beforehand.
#[cfg(feature = "testing")]
pub fn seed(environment: &Environment) -> Option<u64> {
    environment.filled("OPSCTL_SEED")?.parse().ok()
}

/// Chance.
#[cfg(not(feature = "testing"))]
pub fn seed(_environment: &Environment) -> Option<u64> {
    None
}
