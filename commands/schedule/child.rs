//! The command of an entry: this program once more, in a process group of its own.

use std::{
    cell::RefCell,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use futures_util::future::join;
use opsctl::{
    Exit,
    schedule::{Finished, Job},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};

use super::keep::Output;
use crate::app::App;

/// Time between the polite signal and the hard one.
const GRACE: Duration = Duration::from_secs(10);
/// Time that is waited for the rest of the output when the command has ended.
const REST: Duration = Duration::from_secs(2);
/// A wait without an end.
const FOR_EVER: Duration = Duration::from_secs(86_400 * 365);

/// How commands are started.
#[derive(Debug)]
pub struct Starter {
    program: PathBuf,
}

/// Why a command was ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Time,
    Asked,
}

/// How a process ended, and why it was ended.
type Waited = (std::io::Result<ExitStatus>, Option<Stop>);

/// Ends a process group that nobody waits for any more.
struct Group(Option<u32>);

impl Starter {
    /// The program as it lies there now: an upgrade may put another one into its place.
    pub fn new() -> Self {
        Self { program: std::env::current_exe().unwrap_or_else(|_| "opsctl".into()) }
    }

    /// Runs the command of a job to its end, and keeps what it prints.
    pub async fn run(&self, app: &App, job: &Job<'_>) -> Finished {
        let output =
            app.environment.state_dir().map(|state| Output::create(&state, job.entry, job.due_at, &job.run));
        let output = match output {
            Some(Ok(output)) => Some(output),
            Some(Err(error)) => {
                app.ui.warning(&format!("the output of `{}` is not kept: {error}", job.entry.name));
                None
            }
            None => None,
        };
        let path = output.as_ref().map(|output| output.path().display().to_string());
        let mut child = match self.command(app, job).spawn() {
            Ok(child) => child,
            Err(error) => {
                return ended(Exit::Failed, path, Some(format!("the command cannot be started: {error}")));
            }
        };
        let group = Group(child.id());
        job.started();
        let output = RefCell::new(output);
        let waited = attended(app, &mut child, &group, job.entry.timeout, &output).await;
        group.forget();
        if let Some(Err(error)) = output.borrow_mut().as_mut().map(Output::finish) {
            app.ui.warning(&format!("the output of `{}` is not whole: {error}", job.entry.name));
        }
        told(waited, job, path)
    }

    /// The line of the command: in the context of this one, for the reason that the journal keeps.
    fn command(&self, app: &App, job: &Job<'_>) -> Command {
        let global = &app.global;
        let mut command = Command::new(&self.program);
        for (option, value) in [("--context", &global.context), ("--env", &global.env)] {
            if let Some(value) = value {
                command.arg(option).arg(value);
            }
        }
        for (option, value) in [("--config", &global.config), ("--app", &global.app)] {
            if let Some(value) = value {
                command.arg(option).arg(value);
            }
        }
        let typed = &job.entry.command;
        command.arg("--no-interaction");
        if !typed.iter().any(|word| word == "--reason" || word.starts_with("--reason=")) {
            command.arg("--reason").arg(format!("schedule:{}", job.entry.name));
        }
        command.args(typed).current_dir(&app.cwd);
        command.env("OPSCTL_SCHEDULED_BY", std::process::id().to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
        command.kill_on_drop(true);
        command
    }
}

fn ended(exit: Exit, output: Option<String>, why: Option<String>) -> Finished {
    Finished { exit, output, why }
}

/// What a process's end says.
fn told(waited: Waited, job: &Job<'_>, output: Option<String>) -> Finished {
    let (status, stop) = waited;
    let status = match status {
        Ok(status) => status,
        Err(error) => {
            return ended(Exit::Failed, output, Some(format!("how it ended is not known: {error}")));
        }
    };
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    let exit = code.and_then(|code| Exit::ALL.into_iter().find(|exit| exit.code() == code));
    match (stop, exit) {
        (Some(Stop::Time), _) => {
            let seconds = job.entry.timeout.unwrap_or_default().as_secs();
            ended(Exit::Deadline, output, Some(format!("it was ended: it may take {seconds} s")))
        }
        (Some(Stop::Asked) | None, Some(Exit::Done)) => ended(Exit::Done, output, None),
        (Some(Stop::Asked), _) => ended(Exit::Interrupted, output, None),
        (None, Some(exit)) => ended(exit, output, Some(exit.meaning().to_owned())),
        (None, None) => ended(Exit::Failed, output, Some(format!("it ended with {status}"))),
    }
}

/// Waits for a process and keeps what it prints meanwhile.
async fn attended(
    app: &App,
    child: &mut Child,
    group: &Group,
    timeout: Option<Duration>,
    output: &RefCell<Option<Output>>,
) -> Waited {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let mut pumps = std::pin::pin!(join(pump(out, output), pump(err, output)));
    let mut waiting = std::pin::pin!(wait(app, child, group, timeout));
    tokio::select! {
        waited = &mut waiting => {
            let _ = tokio::time::timeout(REST, pumps).await;
            waited
        }
        _ = &mut pumps => waiting.await,
    }
}

/// Waits for a process; one that takes too long, or that is asked to stop, is ended politely, then hard.
async fn wait(app: &App, child: &mut Child, group: &Group, timeout: Option<Duration>) -> Waited {
    let stop = tokio::select! {
        biased;
        status = child.wait() => return (status, None),
        () = tokio::time::sleep(timeout.unwrap_or(FOR_EVER)) => Stop::Time,
        _ = app.cancel.sleep(FOR_EVER) => Stop::Asked,
    };
    group.terminate();
    let dropped = app.cancel.without_deadline();
    let dropped = dropped.guard(std::future::pending::<opsctl::Result<()>>());
    let status = tokio::select! {
        biased;
        status = child.wait() => Some(status),
        () = tokio::time::sleep(GRACE) => None,
        _ = dropped => None,
    };
    if let Some(status) = status {
        return (status, Some(stop));
    }
    group.kill();
    let _ = child.start_kill(); // it may have ended meanwhile
    (child.wait().await, Some(stop))
}

/// Reads a stream to its end; what cannot be written is not kept.
async fn pump(stream: Option<impl AsyncRead + Unpin>, output: &RefCell<Option<Output>>) {
    let Some(mut stream) = stream else { return };
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        if let Some(output) = output.borrow_mut().as_mut() {
            let _ = output.write(&bytes[..read]);
        }
    }
}

impl Group {
    fn forget(mut self) {
        self.0 = None;
    }

    #[cfg(unix)]
    fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    #[cfg(not(unix))]
    fn terminate(&self) {}

    #[cfg(unix)]
    fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }

    #[cfg(not(unix))]
    fn kill(&self) {}

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let id = self.0.and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(id) = id {
            let _ = rustix::process::kill_process_group(id, signal); // it may be gone already
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
