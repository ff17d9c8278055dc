//! `opsctl completions`: what a shell reads at its start so that TAB completes opsctl's words.

use clap_complete::{Shell, env::Shells};
use opsctl::{Error, Exit, Result};

use crate::{
    app::App,
    complete,
    safety::Class,
    tree,
    variables::Topic,
    verb::{Artisan, Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERBS: &[Verb] = &[Verb {
    words: "completions",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example {
            what: "names of events, contexts, providers, too: in ~/.bashrc, `source <(opsctl completions bash --dynamic)`",
            line: "completions bash --dynamic",
        },
        Example { what: "a script without names, for a package", line: "completions zsh" },
    ],
    prints: Prints::Nothing,
    reads: &[Topic::Terminal],
    exits: &[],
    artisan: &[Artisan {
        command: "completion",
        with: None,
        ignores: &[],
        difference: "prints the script; --dynamic completes names of events, contexts, providers, too",
    }],
}];

/// Print what a shell needs to complete opsctl's words
///
/// Without --dynamic, a script with all commands and options, such as packages install. With it, a few lines that ask
/// opsctl itself on every TAB: they complete ids of events in trouble, contexts, providers and other names from what
/// earlier runs saw. Read them anew at each start of the shell, since they belong to this version of opsctl.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
    /// Complete names, too, by asking opsctl
    #[arg(long)]
    dynamic: bool,
}

/// Prints a script.
pub fn run(app: &App, args: &Args) -> Result<Exit> {
    let script = if args.dynamic { registration(args.shell)? } else { script(args.shell) };
    app.ui.script(&script)?;
    Ok(Exit::Done)
}

/// The script of all commands and options.
pub fn script(shell: Shell) -> String {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut tree::tree(), "opsctl", &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The lines that make a shell ask this program.
fn registration(shell: Shell) -> Result<String> {
    let name = shell.to_string();
    let fail = |error: String| Error::failed(format!("completion for {name} cannot be made")).because(error);
    let program = std::env::current_exe().map_err(|error| fail(error.to_string()))?;
    let shells = Shells::builtins();
    let shell = shells.completer(&name).ok_or_else(|| fail("the shell is not known".into()))?;
    let mut out = Vec::new();
    shell
        .write_registration(complete::VARIABLE, "opsctl", "opsctl", &program.to_string_lossy(), &mut out)
        .map_err(|error| fail(error.to_string()))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}
