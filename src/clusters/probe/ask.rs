//! Asking a server everything in one round trip, and the rest where a table is missing or may not be read.

use std::collections::BTreeMap;

use super::{facts, schema, tenancy, tools};
use crate::{
    Error, Kind, Result,
    db::{Engine, Fault, Row, Session},
    schema::Tool,
};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    /// The server on itself.
    Facts,
    /// Tenant tables that are not protected.
    Tables,
    /// Connections of a MySQL server.
    Threads,
    /// The record of the reference sets.
    Records,
    /// opsctl's mark.
    Mark,
    /// The last migration of another tool.
    Head,
    /// Replication of a MySQL server.
    Replica,
}

/// What is known and what is still to be asked.
pub(super) struct Asked {
    engine: Engine,
    prefix: String,
    wanted: Vec<(Item, String)>,
    answers: BTreeMap<Item, Result<Vec<Row>>>,
}

impl Asked {
    /// Everything, as an up-to-date cluster can answer it in one round trip. What may fail for want of a right comes
    /// last, since a failure ends the round trip.
    pub(super) fn new(session: &Session<'_>) -> Self {
        let (db, engine) = (session.db(), session.db().engine());
        let prefix = db.target().prefix.clone();
        let mut wanted = vec![(Item::Facts, facts::statement(engine, &prefix))];
        wanted.extend(tenancy::statement(engine).map(|sql| (Item::Tables, sql)));
        if engine == Engine::MySql {
            wanted.push((Item::Threads, facts::THREADS.to_owned()));
        }
        wanted.push((Item::Records, schema::statement(engine, &db.named(tools::RECORDS))));
        wanted
            .push((Item::Mark, format!("SELECT value FROM {} WHERE name = 'owner'", db.named(tools::MARK))));
        if engine == Engine::MySql {
            wanted.push((Item::Replica, facts::REPLICA.to_owned()));
        }
        Self { engine, prefix, wanted, answers: BTreeMap::new() }
    }

    /// One round trip: whatever comes before the first failure is known afterwards, and the failure.
    ///
    /// # Errors
    /// A server that is lost, or that says nothing about itself.
    pub(super) async fn round(&mut self, session: &mut Session<'_>) -> Result<()> {
        let texts: Vec<&str> = self.wanted.iter().map(|(_, sql)| sql.as_str()).collect();
        let answers = session.answers(&texts).await;
        let done = answers.rows.len().min(self.wanted.len());
        let items: Vec<Item> = self.wanted.drain(..done).map(|(item, _)| item).collect();
        self.answers.extend(items.into_iter().zip(answers.rows.into_iter().map(Ok)));
        let Some(error) = answers.error else { return Ok(()) };
        if self.wanted.is_empty() || error.kind() == Kind::Unreachable {
            return Err(error);
        }
        match self.wanted.remove(0).0 {
            Item::Facts => Err(error),
            item => {
                self.answers.insert(item, Err(error));
                self.drop_missing(session);
                Ok(())
            }
        }
    }

    /// Asks no more for tables that the catalogue does not have, but for what another tool records instead.
    fn drop_missing(&mut self, session: &Session<'_>) {
        let tables = self.tables();
        let there = |table: &str| tables.contains(&format!("{}{table}", self.prefix));
        let (records, mark) = (there(tools::RECORDS), there(tools::MARK));
        self.wanted.retain(|(item, _)| match item {
            Item::Records => records,
            Item::Mark => mark,
            _ => true,
        });
        if let Some((tool, table)) = self.tool()
            && !records
            && !self.answers.contains_key(&Item::Head)
            && let Some(column) = tool.version
        {
            let quoted = session.db().quoted(&table);
            self.wanted.insert(0, (Item::Head, format!("SELECT max({column}) AS head FROM {quoted}")));
        }
    }

    /// Whether everything was answered.
    pub(super) fn is_done(&self) -> bool {
        self.wanted.is_empty()
    }

    /// The rows of an item; none where it was not asked, or not answered.
    pub(super) fn rows(&self, item: Item) -> &[Row] {
        self.answers.get(&item).and_then(|rows| rows.as_ref().ok()).map_or(&[], Vec::as_slice)
    }

    /// Why an item was not answered, but for a table that is not there.
    pub(super) fn failure(&self, item: Item) -> Option<&Error> {
        let error = self.answers.get(&item)?.as_ref().err()?;
        (error.fault() != Some(Fault::Schema)).then_some(error)
    }

    /// Whether an item was answered.
    pub(super) fn knows(&self, item: Item) -> bool {
        self.answers.get(&item).is_some_and(Result::is_ok)
    }

    fn tables(&self) -> Vec<String> {
        let row = self.rows(Item::Facts).first();
        let names = row.and_then(|row| row.text("tables").ok()).unwrap_or_default();
        names.split(',').map(str::to_owned).collect()
    }

    /// Another tool's table, and its name here.
    pub(super) fn tool(&self) -> Option<(&'static Tool, String)> {
        let found = Tool::among(&self.tables(), &self.prefix);
        found.into_iter().find(|(tool, _)| tool.table != tools::RECORDS)
    }

    /// Whether the database bears opsctl's mark.
    pub(super) fn is_own(&self) -> bool {
        self.rows(Item::Mark).first().and_then(|row| row.text("value").ok()).as_deref() == Some("opsctl")
    }

    /// The engine that is asked.
    pub(super) fn engine(&self) -> Engine {
        self.engine
    }
}
