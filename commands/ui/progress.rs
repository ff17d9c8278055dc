//! Progress on stderr: a bar on a terminal, after a moment; elsewhere a line every ten seconds.

use std::{
    fmt,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use opsctl::{
    queue::retry,
    webhooks::{Item, Progress},
};

use super::Ui;

/// A run that is over sooner shows no bar.
const BAR_AFTER: Duration = Duration::from_millis(300);
/// Time between two lines where no bar can be drawn.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Progress of a run over events, or other things.
#[derive(Debug)]
pub struct Bar<'a> {
    ui: &'a Ui,
    noun: &'static str,
    bar: Option<ProgressBar>,
    started: Instant,
    last_line: Instant,
    selected: u64,
    done: u64,
    waiting: bool,
}

impl<'a> Bar<'a> {
    /// Nothing is shown yet.
    pub fn new(ui: &'a Ui) -> Self {
        Self::of(ui, "events")
    }

    /// Likewise, of what is no event.
    pub fn of(ui: &'a Ui, noun: &'static str) -> Self {
        let now = Instant::now();
        Self { ui, noun, bar: None, started: now, last_line: now, selected: 0, done: 0, waiting: false }
    }

    fn show(&mut self) {
        if self.ui.can_redraw() {
            if self.bar.is_none() && self.started.elapsed() >= BAR_AFTER {
                let template = format!("{{bar:30}} {{pos}}/{{len}} {}, {{rate}}/s, {{eta}} left", self.noun);
                let style = ProgressStyle::with_template(&template);
                let bar = ProgressBar::with_draw_target(Some(self.selected), ProgressDrawTarget::stderr());
                let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
                let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
                    let _ = out.write_str(&rate(state.per_sec()));
                });
                let style = if self.ui.utf8 { style } else { style.progress_chars("#>-") };
                self.bar = Some(bar.with_style(style));
            }
            if let Some(bar) = &self.bar {
                bar.set_length(self.selected);
                bar.set_position(self.done);
            }
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            self.ui.note(&format!("{} of {} {}", self.done, self.selected, self.noun));
        }
    }
}

impl Progress for Bar<'_> {
    fn selected(&mut self, count: usize) {
        self.selected += count as u64;
        self.show();
    }

    fn advance(&mut self, items: &[Item]) {
        self.done += items.len() as u64;
        self.show();
    }

    fn warning(&mut self, text: &str) {
        self.ui.warning(text);
    }

    fn waiting(&mut self, why: &str) {
        if !self.waiting {
            self.waiting = true;
            self.ui.note(&format!("waiting: {why}"));
        }
    }
}

impl retry::Progress for Bar<'_> {
    fn selected(&mut self, count: usize) {
        Progress::selected(self, count);
    }

    fn advance(&mut self, count: usize) {
        self.done += count as u64;
        self.show();
    }

    fn warning(&mut self, text: &str) {
        Progress::warning(self, text);
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A rate as it is read at a glance: two significant digits below ten, whole numbers above.
fn rate(per_second: f64) -> String {
    let decimals = match per_second {
        ..0.95 => 2,
        0.95..9.95 => 1,
        _ => 0,
    };
    format!("{per_second:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_two_significant_digits() {
        let rates =
            [(0.0, "0.00"), (0.126, "0.13"), (2.0, "2.0"), (9.3792, "9.4"), (9.97, "10"), (1234.5, "1234")];
        for (per_second, told) in rates {
            assert_eq!(rate(per_second), told);
        }
    }
}
