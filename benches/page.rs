//! The page that tells what was measured: `docs/benchmarks.md`.

use std::fmt::{self, Write};

use opsctl::db::Engine;

use crate::{
    Bench,
    measure::{Better, Comparison, Goal, Series},
    support::{Case, Schema},
};

/// One measurement, and what it found.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) found: Vec<Comparison>,
}

/// Where it was measured.
pub(crate) struct Place {
    machine: Vec<(&'static str, String)>,
}

impl Place {
    /// Looks at the machine and asks the servers.
    pub(crate) async fn look(bench: &Bench) -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
        let memory = read("/proc/meminfo");
        let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or("0");
        let kib: f64 = kib.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let mut machine = vec![
            ("Processor", format!("{}, {cores} cores", model.trim_start_matches(['\t', ' ', ':']))),
            ("Memory", format!("{:.0} GiB", kib / 1024.0 / 1024.0)),
            ("Kernel", format!("Linux {}", read("/proc/sys/kernel/osrelease").trim())),
        ];
        for engine in bench.engines() {
            let case = Case::empty(engine, Schema::Service).await.unwrap();
            let server = case.db.facts().await.unwrap().server.clone();
            machine.push((bench.name(engine), format!("{server}; {}", durability(&case).await)));
            case.finish().await;
        }
        machine.push(("opsctl", format!("{} ({})", env!("CARGO_PKG_VERSION"), bench.commit)));
        machine.push(("Date", format!("{}; {} runs of each side", bench.now.format("%Y-%m-%d"), bench.runs)));
        Self { machine }
    }
}

/// What a COMMIT waits for.
async fn durability(case: &Case) -> String {
    let asked: &[(&str, &str)] = match case.db.engine() {
        Engine::Postgres => &[
            ("fsync", "SELECT current_setting('fsync') AS v"),
            ("synchronous_commit", "SELECT current_setting('synchronous_commit') AS v"),
            ("full_page_writes", "SELECT current_setting('full_page_writes') AS v"),
        ],
        Engine::MySql => &[
            ("innodb_flush_log_at_trx_commit", "SELECT @@innodb_flush_log_at_trx_commit AS v"),
            ("log_bin", "SELECT @@log_bin AS v"),
        ],
        Engine::Sqlite => &[
            ("journal_mode", "SELECT journal_mode AS v FROM pragma_journal_mode"),
            ("synchronous", "SELECT synchronous AS v FROM pragma_synchronous"),
        ],
    };
    let mut settings = Vec::new();
    for (name, sql) in asked {
        settings.push(format!("`{name} = {}`", case.rows(sql).await[0].text("v").unwrap()));
    }
    settings.join(", ")
}

const HEAD: &str = "\
# Benchmarks

opsctl beside something that does the same work with less around it. Written by `scripts/bench`; any change by hand is
lost with the next run. Anyone can start it: it builds the release binary, starts servers of its own and stops them.

## How to read it

Both sides of a line run in turn on the same machine and the same rows, each once before anything is counted. A figure
is the median of its runs, with the least and the greatest in brackets. The ratio is opsctl's median by the other one.
Lines that miss their goal are marked **missed** and stay here. No test depends on any of these times.

The servers run without waiting for their disks (see below). That favours the other side where it commits every event by
itself: with `fsync` each of its commits would wait for the disk, and opsctl's hundredth as often.

";

/// The whole page.
pub(crate) fn page(place: &Place, sections: &[Section]) -> String {
    let mut page = HEAD.to_owned() + "## Where\n\n| | |\n|---|---|\n";
    for (name, value) in &place.machine {
        writeln!(page, "| {name} | {value} |").unwrap();
    }
    for section in sections {
        write!(page, "\n{section}").unwrap();
    }
    page
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.found.first() else { return Ok(()) };
        writeln!(f, "## {}\n\n{}\n", self.title, self.about)?;
        writeln!(f, "| | opsctl, {0} | against | {0} | ratio | goal | |", first.unit)?;
        writeln!(f, "|---|--:|---|--:|--:|--:|---|")?;
        for line in &self.found {
            let word = match line.better {
                Better::More => "at least",
                Better::Less => "at most",
            };
            let goal = match line.goal {
                Goal::Ratio(ratio) => format!("{ratio:.2}"),
                Goal::Figure(figure) => format!("{figure} {}", line.unit),
            };
            let met = if line.is_met() { "met" } else { "**missed**" };
            writeln!(
                f,
                "| {} | {} | {} | {} | {:.2} | {word} {goal} | {met} |",
                line.case,
                figures(&line.ours),
                line.against,
                figures(&line.theirs),
                line.ratio(),
            )?;
        }
        Ok(())
    }
}

fn figures(series: &Series) -> String {
    let (least, greatest) = series.spread();
    let places = if series.median() >= 100.0 { 0 } else { 2 };
    if series.0.len() == 1 {
        return format!("{:.places$}", series.median());
    }
    format!("{:.places$} ({least:.places$} to {greatest:.places$})", series.median())
}
