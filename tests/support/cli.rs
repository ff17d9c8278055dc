//! The binary, run with nothing of the surroundings.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Output, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use assert_cmd::Command;

use super::Case;

/// The binary in a folder: frozen clock, fixed delays, its own state folder, a locale of UTF-8, no other
/// variables.
pub fn program(folder: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("opsctl"));
    command
        .env_clear()
        .env("HOME", folder)
        .env("USER", "ana")
        .env("OPSCTL_USER", "ana")
        .env("LANG", "C.UTF-8")
        .env("OPSCTL_STATE_DIR", folder.join("state"))
        .env("OPSCTL_NOW", "2026-11-20T09:00:00Z")
        .env("OPSCTL_SEED", "7")
        .current_dir(folder);
    command
}

/// As [`program`], with the means to look at its output.
pub fn opsctl(folder: &Path) -> Command {
    Command::from_std(program(folder))
}

/// What a command said and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        Self {
            code: output.status.code().unwrap_or(-1),
            signal: output.status.signal(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs words in a folder.
pub fn run(folder: &Path, words: &[&str]) -> Said {
    opsctl(folder).args(words).output().unwrap().into()
}

/// Waits until something is so: what another process does cannot be awaited otherwise.
pub fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed().as_secs() < 30, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The binary, held at a crash point.
pub struct Held {
    child: Option<Child>,
    file: PathBuf,
}

impl Held {
    /// Asks it to stop, as Ctrl-C does.
    pub fn interrupt(&self) {
        let id = i32::try_from(self.child.as_ref().unwrap().id()).unwrap();
        let pid = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    }

    /// Lets it go on, and listens to it.
    pub fn go_on(mut self) -> Heard {
        std::fs::remove_file(&self.file).unwrap();
        Heard::from(self.child.take().unwrap())
    }

    /// Lets it go on, and waits for its end.
    pub fn go(mut self) -> Said {
        std::fs::remove_file(&self.file).unwrap();
        self.child.take().unwrap().wait_with_output().unwrap().into()
    }
}

/// A process that somebody listens to while it goes on; ended when it goes out of scope.
pub struct Heard {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl From<Child> for Heard {
    fn from(mut child: Child) -> Self {
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, lines }
    }
}

impl Heard {
    /// Waits until it says something on stderr.
    pub fn hear(&self, what: &str) {
        let mut all = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(30)) {
            let is_said = line.contains(what);
            all.push(line);
            if is_said {
                return;
            }
        }
        panic!("`{what}` was not said: {all:#?}");
    }

    /// Asks it to stop, and gives its exit code.
    pub fn end(mut self) -> Option<i32> {
        let id = i32::try_from(self.child.id()).unwrap();
        let pid = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Case {
    /// The `.env` of an application on this database, with locks in it; the password stands there as in real ones.
    pub fn write_env(&self, more: &str) {
        use opsctl::{config::database::Address, db::Engine};
        use secrecy::ExposeSecret;
        let driver = match self.target.engine {
            Engine::Postgres => "pgsql",
            Engine::MySql => "mariadb",
            Engine::Sqlite => "sqlite",
        };
        let place = match &self.target.address {
            Address::Tcp(host, port) => format!(
                "DB_HOST={host}\nDB_PORT={port}\nDB_DATABASE={}\nDB_USERNAME={}\nDB_PASSWORD={}\n",
                self.target.name,
                self.target.username,
                self.target.password.as_ref().map_or("", |password| password.expose_secret()),
            ),
            Address::File(path) => format!("DB_DATABASE={}\n", path.display()),
            Address::Socket(..) => unreachable!("tests reach servers by port"),
        };
        let text = format!(
            "APP_NAME=\"Payment Hooks\"\nAPP_ENV=local\nDB_CONNECTION={driver}\n{place}CACHE_STORE=database\n{more}"
        );
        std::fs::write(self.folder.path().join(".env"), text).unwrap();
    }

    /// Runs words in the application's folder.
    pub fn run(&self, words: &[&str]) -> Said {
        run(self.folder.path(), words)
    }

    /// Likewise, with further variables.
    pub fn run_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Said {
        self.program(words).envs(variables.iter().copied()).output().unwrap().into()
    }

    /// The binary in the application's folder, its output caught.
    pub fn program(&self, words: &[&str]) -> std::process::Command {
        let mut command = program(self.folder.path());
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs words until they reach a crash point, `after-commit#2` say, and holds them there.
    pub fn hold(&self, point: &str, words: &[&str]) -> Held {
        self.hold_with(&[], point, words)
    }

    /// Likewise, with further variables.
    pub fn hold_with(&self, variables: &[(&str, &str)], point: &str, words: &[&str]) -> Held {
        let file = self.folder.path().join("held");
        let _ = std::fs::remove_file(&file); // of a process that was dropped while it was held
        let mut command = self.program(words);
        command.envs(variables.iter().copied());
        let mut child = command.env("OPSCTL_HOLD_AT", format!("{point}={}", file.display())).spawn().unwrap();
        wait_until(point, || {
            assert!(child.try_wait().unwrap().is_none(), "it ended before {point}: {words:?}");
            file.exists()
        });
        Held { child: Some(child), file }
    }
}
