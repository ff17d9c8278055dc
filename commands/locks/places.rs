//! Where locks lie, where the jobs lie that take them, and by what they are understood.

use opsctl::{
    Result,
    config::{System, settings::webhooks::RETRY_COMMAND_LOCK_STORE},
    journal::Journal,
    laravel::{lock_place::LockPlace, queue::QueuePlace},
    locks::{Find, Names},
};

use super::known;
use crate::app::App;

/// Where to look.
#[derive(Debug, Clone, clap::Args)]
pub struct PlaceArgs {
    /// The cache store that the locks lie in [default: those of the application's locks and schedule]
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    /// Queue connections whose jobs are compared with the locks [default: the application's]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    connection: Vec<String>,
}

/// All of it; servers are connected to on first use.
#[derive(Debug)]
pub struct Places<'a> {
    /// The stores of locks.
    pub stores: Vec<LockPlace<'a>>,
    queues: Vec<QueuePlace<'a>>,
    problems: Vec<String>,
    names: Names,
    journal: Option<Journal>,
}

impl<'a> Places<'a> {
    /// Resolves what the configuration says.
    ///
    /// # Errors
    /// A store that cannot lock across hosts, or a queue connection that was named and cannot be honoured.
    pub async fn open(app: &'a App, args: &PlaceArgs) -> Result<Self> {
        let system = app.system().await?;
        let mut places = Self {
            stores: Vec::new(),
            queues: Vec::new(),
            problems: Vec::new(),
            names: known::names(app.context()?, system)?,
            journal: app.environment.state_dir().and_then(|folder| Journal::existing(&folder, app.clock)),
        };
        for name in stores(app, args, system)? {
            let store = app.context()?.lock_store(&name, system)?;
            places.stores.push(LockPlace::open(name, store, async || app.db().await, app.clock).await?);
        }
        for name in &args.connection {
            places.queues.push(app.queue_of(Some(name), system).await?);
        }
        if args.connection.is_empty() {
            match app.queue_of(None, system).await {
                Ok(place) => places.queues.push(place),
                Err(error) => places.problems.push(error.to_string()),
            }
        }
        Ok(places)
    }

    /// As the library wants it.
    pub fn find(&self) -> Find<'_> {
        Find {
            stores: &self.stores,
            queues: &self.queues,
            problems: &self.problems,
            names: &self.names,
            journal: self.journal.as_ref(),
        }
    }

    /// Where the locks lie, for people.
    pub fn addresses(&self) -> String {
        self.stores.iter().map(LockPlace::address).collect::<Vec<_>>().join(" and ")
    }
}

/// The names of the stores of a system's locks: the default one, and those that runs and the schedule name.
fn stores(app: &App, args: &PlaceArgs, system: System) -> Result<Vec<String>> {
    if let Some(name) = &args.store {
        return Ok(vec![name.clone()]);
    }
    let context = app.context()?;
    let mut names = vec![context.cache_store(system)?.value];
    let variables = ["SCHEDULE_CACHE_DRIVER", "SCHEDULE_CACHE_STORE"];
    let schedule = context.app.as_ref().and_then(|app| app.value("cache.schedule_store", &variables)?.value);
    let run = (system == System::Webhooks).then(|| context.setting(&RETRY_COMMAND_LOCK_STORE).value);
    for name in [schedule, run].into_iter().flatten().filter(|name| !name.is_empty()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}
