//! What a call costs before it does anything, beside the smallest program there is: `opsctl --version`, and a shell
//! that completes an id from what runs saw.

use std::{path::Path, process::Command, process::Stdio, time::Instant};

use opsctl::{db::Engine, webhooks::fixtures};

use crate::{
    Bench,
    measure::{Better, Comparison, Goal, in_turn, ms},
    support::{Case, Schema},
};

pub(crate) const ABOUT: &str = "\
From starting the process to its end, against a program in Rust that prints one line. Completion answers with ids of
events in trouble from its cache, as a shell asks for them on TAB; no connection is opened.";

/// At most this many times what a program takes that prints one line.
const GOAL: f64 = 3.0;
/// A shell must not be felt to wait.
const COMPLETION: f64 = 50.0;
const RUNS: usize = 40;

fn start(command: &mut Command) -> f64 {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().unwrap();
    assert!(output.status.success() && !output.stdout.is_empty(), "{command:?}");
    ms(started.elapsed())
}

fn hello(program: &Path) -> f64 {
    start(Command::new(program).env_clear())
}

/// As a shell asks for the word behind `opsctl webhooks show 01`.
fn complete(bench: &Bench, case: &Case) -> f64 {
    let mut command = bench.opsctl(case, &["--", "opsctl", "webhooks", "show", "01"]);
    command.env("HOME", case.folder.path());
    start(command.env("OPSCTL_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "3"))
}

pub(crate) async fn measure(bench: &Bench) -> Vec<Comparison> {
    let runs = RUNS.max(bench.runs);
    let (ours, theirs) = in_turn(
        runs,
        async |_| start(Command::new(&bench.opsctl).arg("--version").env_clear()),
        async |_| hello(&bench.hello),
    )
    .await;
    let line = |case: &str, goal, ours, theirs| Comparison {
        case: case.into(),
        against: "hello world".into(),
        unit: "ms",
        better: Better::Less,
        ours,
        theirs,
        goal,
    };
    let version = line("`opsctl --version`", Goal::Ratio(GOAL), ours, theirs);
    let case = Case::new(Engine::Sqlite, Schema::Reference).await.unwrap();
    fixtures::seed(&case.db).await.unwrap();
    case.write_env("");
    let mut list = bench.opsctl(&case, &["webhooks", "list", "--limit", "1000"]);
    start(list.env("HOME", case.folder.path())); // fills the cache
    let (ours, theirs) = in_turn(runs, async |_| complete(bench, &case), async |_| hello(&bench.hello)).await;
    vec![version, line("an id, completed from the cache", Goal::Figure(COMPLETION), ours, theirs)]
}
