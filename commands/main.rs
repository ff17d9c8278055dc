//! The `opsctl` binary: a shell that completes is answered; else parse, dispatch, exit code. Nothing else.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod about;
mod actor;
mod app;
mod artisan;
mod cli;
mod clusters;
mod complete;
mod completions;
mod context;
mod db;
mod demo;
mod environment;
#[cfg(test)]
mod generated;
mod help;
mod init;
mod journal;
mod locks;
mod number;
mod page;
mod places;
mod prints;
mod queue;
mod record;
mod redis;
mod rls;
mod safety;
mod schedule;
#[cfg(test)]
mod schemas;
mod signals;
mod tenant;
mod tree;
mod ui;
mod variables;
mod verb;
mod webhooks;
mod window;

use std::process::ExitCode;

fn main() -> ExitCode {
    if complete::answer() {
        return ExitCode::SUCCESS;
    }
    if let Some(exit) = environment::leave_driver_variables_behind() {
        return ExitCode::from(exit.code());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let code = match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(cli::main(std::env::args_os().collect()));
            runtime.shutdown_background(); // a DNS look-up that hangs must not hold the exit
            code
        }
        Err(error) => ui::fatal(&format!("the runtime cannot start: {error}")).code(),
    };
    ExitCode::from(code)
}
