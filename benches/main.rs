//! opsctl beside what it is measured against. Started by `scripts/bench`, which hands over the programs to measure:
//! the binary is a release build, not the one with frozen clocks that tests use.

mod bare;
mod candidates;
mod chunk;
mod enqueue;
mod fleet;
mod measure;
mod memory;
mod page;
mod queue;
mod startup;
#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../tests/support/mod.rs"]
mod support;
mod throughput;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use chrono::{DateTime, Utc};
use opsctl::{clock::Clock, db::Engine};

use self::{
    measure::Comparison,
    page::{Place, Section},
    support::{Case, Schema},
};

/// What was asked for, and the programs to measure.
pub(crate) struct Bench {
    pub(crate) runs: usize,
    pub(crate) quick: bool,
    pub(crate) opsctl: PathBuf,
    pub(crate) hello: PathBuf,
    pub(crate) pgbench: PathBuf,
    /// When the measurements began, in whole seconds.
    pub(crate) now: DateTime<Utc>,
    only: Option<String>,
    output: Option<PathBuf>,
    commit: String,
}

impl Bench {
    fn from_arguments(words: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let now = opsctl::clock::cut(Clock::system().now());
        let (opsctl, hello, pgbench) = (PathBuf::new(), PathBuf::new(), PathBuf::new());
        let (only, output, commit) = (None, None, String::new());
        let mut bench = Self { runs: 5, quick: false, opsctl, hello, pgbench, now, only, output, commit };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if word == "--quick" {
                bench.quick = true;
                continue;
            }
            let value = words.next().ok_or(format!("{word} takes a value"))?;
            match word.as_str() {
                "--runs" => bench.runs = value.parse().map_err(|_| format!("`{value}` is no number"))?,
                "--only" => bench.only = Some(value),
                "--output" => bench.output = Some(value.into()),
                "--opsctl" => bench.opsctl = value.into(),
                "--hello" => bench.hello = value.into(),
                "--pgbench" => bench.pgbench = value.into(),
                "--commit" => bench.commit = value,
                _ => return Err(format!("unknown option: {word}")),
            }
        }
        for (path, option) in
            [(&bench.opsctl, "--opsctl"), (&bench.hello, "--hello"), (&bench.pgbench, "--pgbench")]
        {
            if !path.is_file() {
                return Err(format!("{option} names no program; run scripts/bench"));
            }
        }
        match bench.only.as_deref() {
            Some(only) if !NAMES.contains(&only) => Err(format!("--only takes one of: {}", NAMES.join(", "))),
            _ if bench.runs == 0 => Err("--runs takes 1 or more".into()),
            _ => Ok(bench),
        }
    }

    pub(crate) fn engines(&self) -> [Engine; 3] {
        [Engine::Postgres, Engine::MySql, Engine::Sqlite]
    }

    pub(crate) fn name(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Postgres => "PostgreSQL",
            Engine::MySql => "MariaDB",
            Engine::Sqlite => "SQLite",
        }
    }

    /// Keeps a line, and shows it at once: the rest may take long.
    pub(crate) fn found(&self, comparisons: &mut Vec<Comparison>, line: Comparison) {
        eprintln!(
            "   {}: {:.2} beside {:.2} {}",
            line.case,
            line.ours.median(),
            line.theirs.median(),
            line.unit
        );
        comparisons.push(line);
    }

    /// The binary is the one that users run: it takes no time from the surroundings.
    async fn prove_the_binary(&self) {
        let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
        case.write_env("");
        case.fill(20, 0, self.now).await;
        // Due for hours, but not yet in the year 2000, which a build for tests would believe it to be.
        let mut command = self.opsctl(&case, &["webhooks", "retry-once", "--dry-run", "-o", "json"]);
        let output = command.env("OPSCTL_NOW", "2000-01-01T00:00:00Z").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            said.contains(r#""selected": 20"#) || said.contains(r#""selected":20"#),
            "not a release build: {said}"
        );
    }

    /// The binary, in an application's folder and without any variable of the surroundings.
    pub(crate) fn opsctl(&self, case: &Case, words: &[&str]) -> Command {
        let folder: &Path = case.folder.path();
        let mut command = Command::new(&self.opsctl);
        command.args(words).env_clear().env("OPSCTL_STATE_DIR", folder.join("state")).current_dir(folder);
        command
    }
}

/// The measurements, by the names that `--only` takes.
const NAMES: [&str; 8] =
    ["chunk", "throughput", "candidates", "startup", "memory", "fleet", "queue", "enqueue"];

async fn section(bench: &Bench, name: &str) -> Section {
    let (title, about, found) = match name {
        "chunk" => ("The statements of a chunk", chunk::ABOUT, chunk::measure(bench).await),
        "throughput" => ("Events per second", throughput::ABOUT, throughput::measure(bench).await),
        "candidates" => ("Picking what is due", candidates::ABOUT, candidates::measure(bench).await),
        "startup" => ("Start", startup::ABOUT, startup::measure(bench).await),
        "memory" => ("Resident memory", memory::ABOUT, memory::measure(bench).await),
        "fleet" => ("Many databases of one server", fleet::ABOUT, fleet::measure(bench).await),
        "queue" => ("Failed jobs, retried", queue::ABOUT, queue::measure(bench).await),
        "enqueue" => ("Events, handed to a queue", enqueue::ABOUT, enqueue::measure(bench).await),
        _ => unreachable!("names were checked"),
    };
    Section { title, about, found }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let bench = match Bench::from_arguments(std::env::args().skip(1)) {
        Ok(bench) => bench,
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::from(2);
        }
    };
    bench.prove_the_binary().await;
    let place = Place::look(&bench).await;
    let mut sections = Vec::new();
    for name in NAMES.iter().filter(|name| bench.only.as_deref().is_none_or(|only| only == **name)) {
        eprintln!("-- {name}");
        let section = section(&bench, name).await;
        sections.push(section);
    }
    let page = page::page(&place, &sections);
    match &bench.output {
        Some(path) => std::fs::write(path, page).unwrap(),
        None => print!("{page}"),
    }
    ExitCode::SUCCESS
}
