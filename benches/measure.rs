//! Measuring: two sides in turn, medians and spreads, and what was compared with what.

use std::time::{Duration, Instant};

/// Which of two figures is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    More,
    Less,
}

/// What is wanted of opsctl's median.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// Its ratio to the other side's, at least or at most.
    Ratio(f64),
    /// At least or at most this much, whatever the other side does.
    Figure(f64),
}

/// The figures of one side, one per run.
#[derive(Debug, Clone, PartialEq)]
pub struct Series(pub Vec<f64>);

impl Series {
    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// The middle one; the mean of the two in the middle when their number is even.
    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        let half = sorted.len() / 2;
        if sorted.len() % 2 == 1 { sorted[half] } else { f64::midpoint(sorted[half - 1], sorted[half]) }
    }

    /// The least and the greatest.
    pub fn spread(&self) -> (f64, f64) {
        let sorted = self.sorted();
        (sorted[0], sorted[sorted.len() - 1])
    }
}

/// The middle one of some figures.
pub fn median_of(figures: Vec<f64>) -> f64 {
    Series(figures).median()
}

/// One line of the page: opsctl beside something else that does the same work.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The engine, the size: what tells it from the other lines.
    pub case: String,
    /// What the other side is.
    pub against: String,
    /// Of both sides' figures.
    pub unit: &'static str,
    pub better: Better,
    pub ours: Series,
    pub theirs: Series,
    pub goal: Goal,
}

impl Comparison {
    /// opsctl's median by the other's.
    pub fn ratio(&self) -> f64 {
        self.ours.median() / self.theirs.median()
    }

    /// Whether the goal is met.
    pub fn is_met(&self) -> bool {
        let (found, wanted) = match self.goal {
            Goal::Ratio(wanted) => (self.ratio(), wanted),
            Goal::Figure(wanted) => (self.ours.median(), wanted),
        };
        match self.better {
            Better::More => found >= wanted,
            Better::Less => found <= wanted,
        }
    }
}

/// Runs two sides in turn, so that whatever slows the machine down for a while slows both. Each has run once before
/// anything is counted.
pub async fn in_turn(
    runs: usize,
    mut ours: impl AsyncFnMut(usize) -> f64,
    mut theirs: impl AsyncFnMut(usize) -> f64,
) -> (Series, Series) {
    let (mut our_figures, mut their_figures) = (Vec::new(), Vec::new());
    for run in 0..=runs {
        // Neither side is always the first.
        let (our, their) = if run % 2 == 0 {
            let our = ours(run).await;
            (our, theirs(run).await)
        } else {
            let their = theirs(run).await;
            (ours(run).await, their)
        };
        if run > 0 {
            our_figures.push(our);
            their_figures.push(their);
        }
    }
    (Series(our_figures), Series(their_figures))
}

/// How long a piece of work takes.
pub async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let started = Instant::now();
    let done = work.await;
    (done, started.elapsed())
}

/// Milliseconds.
pub fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}
