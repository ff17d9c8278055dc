//! Migrations that one transaction cannot hold: statement by statement, each with a record before and after it, so that
//! a run that was killed anywhere can go on, or say exactly what it cannot know.

use std::time::Instant;

use super::{
    Migration, doubt, fingerprint, lock, place, record,
    retries::Tries,
    run::{Runner, nanos, own},
    sql::{Kind, Statement, split},
    steps::{self, Entry, Stand, Step},
};
use crate::{
    Error, Result,
    crash::{self, Point},
    db::{Begin, Engine, Fault, Query},
};

/// What is to be done about a statement.
enum Next {
    Run,
    /// It happened, says the catalogue.
    Happened,
    /// It is recorded as done.
    Skip,
}

impl Runner<'_, '_> {
    /// One migration; false when another run was faster.
    pub(super) async fn in_steps(&mut self, migration: &Migration) -> Result<bool> {
        let (set, session) = (self.set, &mut self.session);
        steps::create(session).await?;
        let known = match record::success(session, set, migration.version).await? {
            Some(true) => return Ok(false),
            Some(false) => steps::read(session, set, migration.version).await?,
            None => {
                // Without the migration's own record, those of its statements are left-overs of one taken back by hand.
                steps::forget(session, set, migration.version).await?;
                record::insert(session, set, migration, None).await?;
                Vec::new()
            }
        };
        crash::reach(Point::MigrationBegun);
        let started = Instant::now();
        let statements = split(self.guarded.engine(), &migration.sql);
        let is_resumed = !known.is_empty();
        for (at, statement) in statements.iter().enumerate() {
            self.cancel.check()?;
            let position = at + 1;
            let step = known.iter().find(|step| usize::try_from(step.position) == Ok(position));
            self.step(migration, position, statement, step).await.map_err(|error| {
                error.during(place::told(position, statements.len(), statement.line, statement))
            })?;
        }
        self.finish(migration, started).await?;
        if is_resumed {
            self.notes.push(format!("migration {} went on where it had stopped", migration.version));
        }
        Ok(true)
    }

    async fn step(
        &mut self,
        migration: &Migration,
        position: usize,
        statement: &Statement,
        known: Option<&Step>,
    ) -> Result<()> {
        let kind = Kind::of(self.guarded.engine(), &statement.text);
        if kind == Kind::Session {
            return self.session.script(&statement.text).await;
        }
        let next = match known {
            None => Next::Run,
            Some(step) => self.decide(migration, kind, statement, step).await?,
        };
        match next {
            Next::Skip => Ok(()),
            Next::Happened => {
                self.notes.push(format!(
                    "statement {position} of migration {} had happened, by the catalogue: {}",
                    migration.version,
                    place::shown(statement)
                ));
                self.note(migration, position, statement, Stand::Done, ("", "")).await
            }
            Next::Run => self.patiently(migration, position, statement, kind).await,
        }
    }

    /// What is known of a statement that has a record.
    async fn decide(
        &mut self,
        migration: &Migration,
        kind: Kind,
        statement: &Statement,
        step: &Step,
    ) -> Result<Next> {
        let is_same = step.checksum == steps::checksum(statement);
        match (step.stand, kind) {
            (Stand::Done, _) if is_same => return Ok(Next::Skip),
            (Stand::Done, _) => {
                return Err(Error::failed("it has another text now than when it was run")
                    .because(format!("{} ran it at {} UTC", step.runner, step.began_at))
                    .hint("give the file the text back that was run, or undo that by hand and begin anew:")
                    .hint(repair_line(migration)));
            }
            // Rows whose change has a record before it are those of tables without transactions.
            (Stand::Begun, Kind::Data) => return Err(unknown(migration, statement, step)),
            (_, Kind::Data | Kind::Repeatable | Kind::Session | Kind::Transaction | Kind::Client) => {
                return Ok(Next::Run);
            }
            (Stand::Failed, Kind::Schema | Kind::Unclear) => {
                return self.tidied(statement, &mut Tries::new(self.options.patience)).await;
            }
            (Stand::Begun, _) if !is_same => return Err(unknown(migration, statement, step)),
            (Stand::Begun, Kind::Unclear) => return Err(unknown(migration, statement, step)),
            // Somebody has looked, and said so.
            (Stand::Failed, Kind::Several) if step.message.is_empty() => return Ok(Next::Run),
            (_, Kind::Schema | Kind::Several) => {}
        }
        if let Some(next) = self.concurrent(statement, &mut Tries::new(self.options.patience)).await? {
            return Ok(next);
        }
        let now = fingerprint::of(&mut self.session, &statement.text).await?;
        match (now == step.fingerprint, kind) {
            (true, _) if doubt::swaps(&statement.text) => Err(unknown(migration, statement, step)),
            (true, _) => Ok(Next::Run),
            (false, Kind::Schema) => Ok(Next::Happened),
            (false, _) => Err(unknown(migration, statement, step)),
        }
    }

    /// Before a statement that failed is run again: what it left behind is taken away.
    async fn tidied(&mut self, statement: &Statement, tries: &mut Tries) -> Result<Next> {
        self.concurrent(statement, tries).await.map(|_| Next::Run)
    }

    /// An index of PostgreSQL that was made concurrently: whole, or invalid and in the way of its next try.
    async fn concurrent(&mut self, statement: &Statement, tries: &mut Tries) -> Result<Option<Next>> {
        if self.guarded.engine() != Engine::Postgres {
            return Ok(None);
        }
        let Some(index) = Concurrent::of(&statement.text) else { return Ok(None) };
        let sql = "SELECT i.indisvalid::int AS valid, i.indexrelid::regclass::text AS name FROM pg_index i \
                   WHERE i.indexrelid = to_regclass(?)";
        let row = self.session.first(Query::new(sql).bind(index.name.as_str())).await?;
        match (row, index.drops) {
            (None, true) => Ok(Some(Next::Happened)),
            (None, false) | (Some(_), true) => Ok(Some(Next::Run)),
            (Some(row), false) if row.int("valid")? == 1 => Ok(Some(Next::Happened)),
            (Some(row), false) => {
                let name = row.text("name")?;
                let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {name}");
                while let Err(error) = self.watch.during(self.session.script(&sql)).await {
                    tries.again(error, self.guarded, &self.watch, self.cancel).await?;
                }
                self.notes.push(format!("dropped {name}, an invalid index that the last try left behind"));
                Ok(Some(Next::Run))
            }
        }
    }

    /// Runs a statement, again after each lock timeout.
    async fn patiently(
        &mut self,
        migration: &Migration,
        position: usize,
        statement: &Statement,
        kind: Kind,
    ) -> Result<()> {
        let stays = match kind {
            Kind::Data => doubt::without_transactions(&mut self.session, &statement.text).await?,
            _ => Vec::new(),
        };
        if let [table, ..] = stays.as_slice() {
            return self.once(migration, position, statement, table).await;
        }
        let mut tries = Tries::new(self.options.patience);
        loop {
            let result = match kind {
                Kind::Data => self.with_record(migration, position, statement).await,
                _ => self.between_records(migration, position, statement).await,
            };
            let Err(error) = result else { return Ok(()) };
            if error.fault() == Some(Fault::Lost) {
                return Err(error); // its record says that it was begun
            }
            let said = error.root().to_owned();
            let mut again = tries.again(error, self.guarded, &self.watch, self.cancel).await;
            if again.is_ok() {
                again = self.tidied(statement, &mut tries).await.map(|_| ());
            }
            if let Err(error) = again {
                self.note(migration, position, statement, Stand::Failed, ("", &said)).await?;
                return Err(error);
            }
        }
    }

    /// Rows of a table without transactions: what was changed before a failure stays, so nothing is tried again, and
    /// the record calls it begun until somebody has looked. Only what fails before any row is free of that.
    async fn once(
        &mut self,
        migration: &Migration,
        position: usize,
        statement: &Statement,
        table: &str,
    ) -> Result<()> {
        let Err(error) = self.between_records(migration, position, statement).await else { return Ok(()) };
        let stand = match error.fault() {
            Some(Fault::Lost) => return Err(error),
            Some(Fault::Schema | Fault::Right | Fault::ReadOnly) => Stand::Failed,
            _ => Stand::Begun,
        };
        let said = error.root().to_owned();
        self.note(migration, position, statement, stand, ("", &said)).await?;
        match stand {
            Stand::Failed => Err(error),
            _ => Err(error.hint(format!(
                "look before it is run again: `{table}` has no transactions, so rows that were changed stay so"
            ))),
        }
    }

    /// Rows change together with the record, or neither does.
    async fn with_record(
        &mut self,
        migration: &Migration,
        position: usize,
        statement: &Statement,
    ) -> Result<()> {
        self.session.begin(Begin::Write).await?;
        let work = async {
            self.watch.during(self.session.script(&statement.text)).await.map_err(own)?;
            let runner = self.options.runner.as_str();
            let entry = Entry {
                position,
                statement,
                stand: Stand::Done,
                fingerprint: "",
                message: "",
                runner,
                connection: None,
            };
            steps::write(&mut self.session, self.set, migration.version, &entry).await?;
            crash::reach(Point::MigrationCommit);
            self.session.commit().await
        };
        let result = work.await;
        if result.as_ref().is_err_and(|error| error.fault() != Some(Fault::Lost)) {
            self.session.undo().await?;
        }
        crash::reach(Point::StatementDone);
        result
    }

    /// DDL commits by itself: a record before it, and one after it.
    async fn between_records(
        &mut self,
        migration: &Migration,
        position: usize,
        statement: &Statement,
    ) -> Result<()> {
        let before = fingerprint::of(&mut self.session, &statement.text).await?;
        self.note(migration, position, statement, Stand::Begun, (&before, "")).await?;
        crash::reach(Point::StatementBegun);
        self.watch.during(self.session.script(&statement.text)).await.map_err(own)?;
        crash::reach(Point::StatementRun);
        self.note(migration, position, statement, Stand::Done, (&before, "")).await?;
        crash::reach(Point::StatementDone);
        Ok(())
    }

    async fn note(
        &mut self,
        migration: &Migration,
        position: usize,
        statement: &Statement,
        stand: Stand,
        (fingerprint, message): (&str, &str),
    ) -> Result<()> {
        let connection = self.session.backend().await?;
        let runner = self.options.runner.as_str();
        let entry = Entry { position, statement, stand, fingerprint, message, runner, connection };
        steps::write(&mut self.session, self.set, migration.version, &entry).await
    }

    /// The migration is done: its own record says so, and those of its statements go.
    async fn finish(&mut self, migration: &Migration, started: Instant) -> Result<()> {
        crash::reach(Point::MigrationCommit);
        lock::begin(&mut self.session, self.options, self.cancel).await?;
        record::finish(&mut self.session, self.set, migration, nanos(started)).await?;
        steps::forget(&mut self.session, self.set, migration.version).await?;
        self.session.commit().await?;
        crash::reach(Point::MigrationDone);
        Ok(())
    }
}

/// A statement of which nobody knows whether it happened, with the question and both answers.
fn unknown(migration: &Migration, statement: &Statement, step: &Step) -> Error {
    let line = format!("{} --statement {}", repair_line(migration).trim_end_matches('`'), step.position);
    let said =
        if step.message.is_empty() { String::new() } else { format!("; the server said: {}", step.message) };
    Error::failed("whether it happened is not known")
        .because(format!(
            "{} began it at {} UTC, and its end is not recorded{said}",
            step.runner, step.began_at
        ))
        .hint(format!("look whether it is done, all of it: {}", place::shown(statement)))
        .hint(format!("it is: {line} --as done`"))
        .hint(format!("it is not, and nothing of it: {line} --as undone`"))
}

fn repair_line(migration: &Migration) -> String {
    format!("`opsctl clusters repair NAME --version {}`", migration.version)
}

/// `CREATE INDEX CONCURRENTLY name` or `DROP INDEX CONCURRENTLY name`.
struct Concurrent {
    name: String,
    drops: bool,
}

impl Concurrent {
    fn of(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
        let at = upper.iter().take(5).position(|word| word == "CONCURRENTLY")?;
        let drops = upper[0] == "DROP";
        let mut rest = at + 1;
        if upper.get(rest).is_some_and(|word| word == "IF") {
            rest += if drops { 2 } else { 3 };
        }
        let name = words.get(rest)?.trim_end_matches([';', ',']);
        let has_name = !matches!(upper.get(rest).map(String::as_str), None | Some("ON"));
        (has_name && matches!(upper[0].as_str(), "CREATE" | "DROP"))
            .then(|| Self { name: name.to_owned(), drops })
    }
}
