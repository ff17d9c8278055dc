//! `--since` and `--until`, as every list takes them.

use opsctl::{
    Result,
    window::{Moment, Window},
};

use crate::{app::App, cli::told};

/// A window of time.
#[derive(Debug, Clone, clap::Args)]
pub struct WindowArgs {
    /// From this moment on: `2h`, `1h30m`, `today`, `2026-11-20`, `2026-11-20 09:14`
    #[arg(long, value_name = "TIME", value_parser = told::<Moment>)]
    since: Option<Moment>,
    /// Before this moment; a day is meant whole
    #[arg(long, value_name = "TIME", value_parser = told::<Moment>)]
    until: Option<Moment>,
}

impl WindowArgs {
    /// Both ends, seen from now in the zone of `--tz`; said on stderr, since what is typed may mean several moments.
    ///
    /// # Errors
    /// As [`Window::resolve`].
    pub fn resolve(&self, app: &App) -> Result<Window> {
        let zone = app.ui.zone;
        let window = Window::resolve(self.since, self.until, app.clock.now(), zone.tz())?;
        match (window.since, window.until) {
            (None, None) => {}
            (Some(since), None) => app.ui.note(&format!("From {} to now.", zone.show(since))),
            (None, Some(until)) => app.ui.note(&format!("Up to {}.", zone.show(until))),
            (Some(since), Some(until)) => {
                app.ui.note(&format!("From {} to {}.", zone.show(since), zone.show(until)));
            }
        }
        Ok(window)
    }
}
