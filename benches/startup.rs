//! What a call costs before it does anything: `opsctl --version` beside the smallest program there is.

use std::{path::Path, process::Stdio, time::Instant};

use crate::{
    Bench,
    measure::{Better, Comparison, in_turn, ms},
};

pub(crate) const ABOUT: &str = "\
From starting the process to its end, against a program in Rust that prints one line.";

/// At most this many times what a program takes that prints one line.
const GOAL: f64 = 3.0;
const RUNS: usize = 40;

fn start(program: &Path, words: &[&str]) -> f64 {
    let started = Instant::now();
    let status = std::process::Command::new(program).args(words).env_clear().stdout(Stdio::null()).status();
    assert!(status.unwrap().success(), "{words:?}");
    ms(started.elapsed())
}

pub(crate) async fn measure(bench: &Bench) -> Vec<Comparison> {
    let (ours, theirs) = in_turn(
        RUNS.max(bench.runs),
        async |_| start(&bench.opsctl, &["--version"]),
        async |_| start(&bench.hello, &[]),
    )
    .await;
    vec![Comparison {
        case: "`opsctl --version`".into(),
        against: "hello world".into(),
        unit: "ms",
        better: Better::Less,
        ours,
        theirs,
        goal: GOAL,
    }]
}
