//! What a command works with: the terminal, the context, and connections that open on first use.

use std::{
    cell::{OnceCell, RefCell},
    path::PathBuf,
    time::Duration,
};

use opsctl::{
    Error, Result,
    cancel::Cancel,
    clock::Clock,
    config::{
        self, Chooser, Context, Database, Environment, System, context::Inputs, database::Address,
        stores::LockStore,
    },
    db::{Access, Db, takes_no_writes},
    fleet::{self, Fleet},
    journal::{Begin, Entry, Journal, Run},
    laravel::lock::Locks,
    redis::Redis,
};
use tokio::sync::OnceCell as AsyncCell;

use crate::{
    actor, cli::Global, complete, environment, places::Places, record::Opened, safety::Class, ui::Ui,
    variables::Topic, verb::Verb,
};

/// Everything that a command may need. Help and completion open nothing.
#[derive(Debug)]
pub struct App {
    /// Streams, formats, colours.
    pub ui: Ui,
    /// The verb that was typed.
    pub verb: &'static Verb,
    /// The global options as typed.
    pub global: Global,
    /// The process environment.
    pub environment: Environment,
    /// The clock; frozen in tests.
    pub clock: Clock,
    /// Stops operations on a signal or at the deadline.
    pub cancel: Cancel,
    /// The folder that the command runs in.
    pub cwd: PathBuf,
    run: String,
    /// The run that has begun and not ended.
    pub opened: RefCell<Option<Opened>>,
    answered: OnceCell<String>,
    context: OnceCell<Context>,
    db: AsyncCell<Db>,
    lock_db: AsyncCell<Db>,
    redis: AsyncCell<Redis>,
    /// Where the commands of queues work.
    pub places: Places,
}

impl App {
    /// Nothing is resolved or connected yet.
    pub fn new(ui: Ui, verb: &'static Verb, global: Global, environment: Environment, cwd: PathBuf) -> Self {
        let clock = environment::clock(&environment);
        let cancel = match global.timeout {
            Some(timeout) => Cancel::new().with_timeout(timeout),
            None => Cancel::new(),
        };
        let run = run_id(clock);
        Self {
            ui,
            verb,
            global,
            environment,
            clock,
            cancel,
            cwd,
            run,
            opened: RefCell::default(),
            answered: OnceCell::new(),
            context: OnceCell::new(),
            db: AsyncCell::new(),
            lock_db: AsyncCell::new(),
            redis: AsyncCell::new(),
            places: Places::default(),
        }
    }

    /// The resolved context.
    pub fn context(&self) -> Result<&Context> {
        if let Some(context) = self.context.get() {
            return Ok(context);
        }
        let resolved = config::resolve(&self.inputs())?;
        if resolved.chooser == Chooser::Choice && self.works_in_a_context() {
            // It was chosen at another time, perhaps in another window.
            self.ui.note(&format!("Context {}, chosen with `opsctl context use`.", resolved.name));
        }
        Ok(self.context.get_or_init(|| resolved))
    }

    /// Whether the verb works in a context, and not on the operator's own files.
    fn works_in_a_context(&self) -> bool {
        self.verb.reads.contains(&Topic::Context) && !self.verb.words.starts_with("context ")
    }

    /// What the command line and the surroundings say about where to work.
    pub fn inputs(&self) -> Inputs {
        Inputs {
            context: self.global.context.clone(),
            config: self.global.config.clone(),
            app: self.global.app.clone(),
            env: self.global.env.clone(),
            cwd: self.cwd.clone(),
            environment: self.environment.clone(),
        }
    }

    /// The central database, as an application's: never made, its journal mode left alone.
    pub async fn db(&self) -> Result<&Db> {
        self.db
            .get_or_try_init(|| async { Ok(self.open(self.context()?.database()?, Access::Existing)) })
            .await
    }

    /// The central database, made when it is a SQLite file that is missing.
    pub async fn own_db(&self) -> Result<&Db> {
        let open = || async {
            let database = self.context()?.database()?;
            // A file that is there may be an application's: its journal mode is left alone.
            let there = matches!(&database.address, Address::File(path) if path.exists());
            Ok(self.open(database, if there { Access::Existing } else { Access::Own }))
        };
        self.db.get_or_try_init(open).await
    }

    /// The clusters. The central database is asked only where the file in force names none.
    pub async fn fleet(&self) -> Result<Fleet> {
        match fleet::of_file(self.context()?)? {
            Some(fleet) => Ok(fleet),
            None => {
                let fleet = fleet::load(self.context()?, self.db().await?).await?;
                complete::remember_clusters(self, fleet.clusters.iter().map(|cluster| cluster.name.as_str()));
                Ok(fleet)
            }
        }
    }

    /// Where results are kept and tenants are registered; `None` where the context names no central database, which a
    /// file with clusters of its own may do.
    pub async fn central(&self) -> Result<Option<&Db>> {
        match self.context()?.clusters().is_some() && !self.context()?.names_a_database() {
            true => Ok(None),
            false => self.db().await.map(Some),
        }
    }

    /// The id of this run, as the journal has it.
    pub fn run(&self) -> &str {
        &self.run
    }

    fn open(&self, database: Database, access: Access) -> Db {
        Db::new(database, access, self.clock)
    }

    /// The store of the application's locks, connected on first use. `name` is a store of the command's own.
    pub async fn locks(&self, name: &str, system: System) -> Result<Locks<'_>> {
        match self.context()?.lock_store(name, system)? {
            LockStore::Redis { target, prefix } => {
                let redis =
                    self.redis.get_or_try_init(|| async { Ok::<_, Error>(Redis::new(*target)) }).await?;
                Ok(Locks::Redis { redis, prefix })
            }
            LockStore::Database { database: None, table, prefix } => {
                Ok(Locks::Database { db: self.db().await?, table, prefix })
            }
            LockStore::Database { database: Some(database), table, prefix } => {
                let open = || async { Ok::<_, Error>(self.open(*database, Access::Existing)) };
                Ok(Locks::Database { db: self.lock_db.get_or_try_init(open).await?, table, prefix })
            }
        }
    }

    /// Records in the file that a change begins; its end is recorded by [`crate::record::conclude`]. Where the file
    /// cannot be written a routine verb goes on, with the reason, and a destructive one refuses.
    pub fn begin(&self, class: Class, command: &str) -> Result<(Entry, Option<Error>)> {
        debug_assert!(
            self.verb.may_be(class) && class != Class::Read,
            "`{command}` is {}",
            self.verb.class_line()
        );
        let context = self.works_in_a_context().then(|| self.context().ok()).flatten();
        let database = context.and_then(|context| context.database().ok());
        let begin = Begin {
            command: command.to_owned(),
            context: context.map_or_else(String::new, |context| context.name.clone()),
            target: database.map_or_else(String::new, |database| database.to_string()),
            arguments: self.global.arguments.clone(),
            cwd: self.cwd.to_string_lossy().into_owned(),
            reason: self.reason(),
            actor: actor::actor(&self.environment),
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let run = Run::begun(&self.run, self.clock.now(), begin);
        let (entry, missing) = match self.journal().and_then(|journal| journal.begin(&run)) {
            Ok(entry) => (entry, None),
            Err(error) if class == Class::Destructive => {
                return Err(Error::refused("without a journal nothing destructive is done").because_of(error));
            }
            Err(error) => (Entry::unrecorded(&self.run), Some(error)),
        };
        self.opened.replace(Some(Opened::new(entry.clone(), run, self.clock)));
        Ok((entry, missing))
    }

    fn journal(&self) -> Result<Journal> {
        let folder = self.environment.state_dir().ok_or_else(|| {
            Error::config("there is no folder for the journal").hint("name one: OPSCTL_STATE_DIR")
        })?;
        Journal::open(&folder, self.clock)
    }

    /// Keeps the reason that was given as an answer.
    pub fn answer_reason(&self, reason: String) {
        let _ = self.answered.set(reason);
    }

    fn reason(&self) -> String {
        match self.global.reason().or(self.answered.get().map(String::as_str)) {
            Some(reason) => reason.to_owned(),
            None if self.ui.can_ask() => String::new(),
            None => "cron".into(),
        }
    }

    /// Refuses to write where the server takes no writes, before anything else is done.
    pub async fn require_writable(&self) -> Result<()> {
        let db = self.db().await?;
        if db.facts().await?.read_only {
            return Err(takes_no_writes(db.target()));
        }
        Ok(())
    }

    /// Ends all connections in order.
    pub async fn close(&self) {
        for db in
            [&self.db, &self.lock_db].into_iter().filter_map(AsyncCell::get).chain(self.places.databases())
        {
            // A server that does not answer any more must not hold the exit.
            let _ = tokio::time::timeout(Duration::from_secs(1), db.close()).await;
        }
    }
}

/// A ULID of the clock's time.
pub fn run_id(clock: Clock) -> String {
    let millis = u64::try_from(clock.now().timestamp_millis()).unwrap_or_default();
    ulid::Ulid::from_parts(millis, rand::random()).to_string()
}
