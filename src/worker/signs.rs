//! What tells a worker to stop or to wait: values of the default cache store, and the application's maintenance mode.

use crate::{
    Result,
    config::maintenance::DownSign,
    laravel::values::{Kept, Values},
    queue::{PAUSED_ALL, RESTART, is_paused, paused},
};

/// Where the signs are.
#[derive(Debug)]
pub struct Signs<'a> {
    /// The default cache store; `None` where none can be asked.
    pub values: Option<Values<'a>>,
    /// Where the application says that it is down; `None` not to look.
    pub down: Option<DownSign>,
}

/// What the signs say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Go,
    /// The restart sign is another one than it was.
    Restart,
    /// The application is down for maintenance.
    Down,
}

impl Signs<'_> {
    /// The restart sign as it stands.
    pub(super) async fn restart(&self) -> Result<Option<Kept>> {
        match &self.values {
            Some(values) => values.get(RESTART).await,
            None => Ok(None),
        }
    }

    /// Looks. `began` is the restart sign that the worker began with.
    pub(super) async fn look(&self, began: Option<Kept>) -> Result<Sign> {
        if self.restart().await? != began {
            return Ok(Sign::Restart);
        }
        let down = match (&self.down, &self.values) {
            (Some(DownSign::File(path)), _) => path.exists(),
            (Some(DownSign::Value(name)), Some(values)) => values.get(name).await?.is_some(),
            _ => false,
        };
        Ok(if down { Sign::Down } else { Sign::Go })
    }

    /// The queues from which jobs may be taken.
    pub(super) async fn open(&self, connection: &str, queues: &[String]) -> Result<Vec<String>> {
        let Some(values) = &self.values else { return Ok(queues.to_vec()) };
        if is_paused(values, PAUSED_ALL).await? {
            return Ok(Vec::new());
        }
        let mut open = Vec::new();
        for queue in queues {
            if !is_paused(values, &paused(connection, queue)).await? {
                open.push(queue.clone());
            }
        }
        Ok(open)
    }
}
