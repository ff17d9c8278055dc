//! Names of queues as they are typed, and which failed jobs are meant.

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, Kind, Result,
    laravel::{failed::FailedJobs, queue::QueuePlace},
    near,
    queue::{self, FailedFilter},
};

use crate::{app::App, complete, window::WindowArgs};

/// A queue as `queue:monitor` and `queue:pause` take it: `redis:emails`, `emails` of the default connection.
pub fn split<'t>(typed: &'t str, connection: Option<&'t str>) -> (Option<&'t str>, &'t str) {
    match (connection, typed.trim().split_once(':')) {
        (None, Some((connection, queue))) => (Some(connection), queue),
        (connection, _) => (connection, typed.trim()),
    }
}

/// A connection that was named. Where it stood before a colon, and is none, the colon may be part of the queue's name.
pub async fn open<'a>(
    app: &'a App,
    connection: Option<&str>,
    split: bool,
    queue: Option<&impl std::fmt::Display>,
) -> Result<QueuePlace<'a>> {
    let opened = app.queue(connection).await;
    match (opened, connection, queue) {
        (Err(error), Some(before), Some(queue)) if split => Err(with_colon(app, error, before, queue).await),
        (opened, ..) => opened,
    }
}

/// The same error, with how a queue is typed whose name holds a colon.
pub async fn with_colon(app: &App, error: Error, before: &str, queue: &impl std::fmt::Display) -> Error {
    let default = async { Ok::<_, Error>(app.context()?.queue_connection(app.system().await?)) }.await;
    match default {
        Ok(Some(default)) if error.kind() == Kind::Config && default.value != before => {
            let default = default.value;
            error.hint(format!("if the queue is named `{before}:{queue}`: `{default}:{before}:{queue}`"))
        }
        _ => error,
    }
}

/// A queue and the place that it lies in; none that was typed is the connection's default one.
pub async fn place<'a>(
    app: &'a App,
    typed: Option<&str>,
    connection: Option<&str>,
) -> Result<(QueuePlace<'a>, String)> {
    let (named, queue) = split(typed.unwrap_or_default(), connection);
    let place = open(app, named, connection.is_none(), Some(&queue)).await?;
    let queue = if queue.is_empty() { place.connection.queue.clone() } else { queue.to_owned() };
    Ok((place, queue))
}

/// Which failed jobs are meant; each condition must be met.
#[derive(Debug, Clone, clap::Args)]
pub struct FailedArgs {
    /// Only jobs of this queue
    #[arg(long, value_name = "QUEUE", add = Names::new(complete::queues))]
    queue: Option<String>,
    /// Only jobs of this class: `App\Jobs\SendInvoice`, or `SendInvoice`
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Only jobs whose exception holds this text in its message or place; case does not count
    #[arg(long, value_name = "TEXT")]
    exception: Option<String>,
    #[command(flatten)]
    window: WindowArgs,
}

impl FailedArgs {
    /// The filter.
    ///
    /// # Errors
    /// A window that ends before it begins.
    pub fn resolve(&self, app: &App) -> Result<FailedFilter> {
        Ok(FailedFilter {
            queue: self.queue.clone(),
            class: self.class.clone(),
            exception: self.exception.clone(),
            window: self.window.resolve(app)?,
        })
    }

    /// Refuses a queue of which no job has failed and that holds none: as a rule it is mistyped.
    ///
    /// # Errors
    /// [`Kind::NotFound`], with names that nearly match.
    pub async fn known(&self, app: &App, failed: &FailedJobs<'_>) -> Result<()> {
        let Some(queue) = &self.queue else { return Ok(()) };
        let names = failed.queues().await?;
        if names.is_empty() || names.contains(queue) || failed.know(queue).await? {
            return Ok(());
        }
        // Where the queues do not answer, the failed jobs alone can tell.
        let holding = async { queue::names(&app.queue(None).await?).await }.await.unwrap_or_default();
        if holding.contains(queue) {
            return Ok(());
        }
        let error = Error::new(Kind::NotFound, format!("no failed job is of a queue `{queue}`"))
            .because("nor does such a queue hold jobs");
        let known = format!("queues of failed jobs: {}", names.join(", "));
        let typed = |near: &str| format!("--queue {near}");
        Err(near::or(error, queue, names.iter().map(String::as_str), typed, known))
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_connection_stands_before_the_first_colon_unless_an_option_names_it() {
        assert_eq!(split("redis:emails", None), (Some("redis"), "emails"));
        assert_eq!(split(" emails ", None), (None, "emails"));
        assert_eq!(split("a:b:c", None), (Some("a"), "b:c"));
        assert_eq!(split("a:b", Some("database")), (Some("database"), "a:b"));
    }
}
