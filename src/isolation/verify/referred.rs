//! Rows that are there, for those that are made up to refer to.

use super::{rows::Unmakeable, shape::Reference, trial::Trier};
use crate::{
    Result,
    db::{Engine, Fault, Query, Row, quote},
};

impl Trier<'_, '_> {
    /// What a few rows that are there carry where a reference leads; read by another role where the application's may
    /// not.
    pub(super) async fn values_of(
        &mut self,
        reference: &Reference,
        most: u8,
    ) -> Result<Result<Vec<Vec<String>>, Unmakeable>> {
        let sql = values_sql(self.session.db().engine(), reference, most);
        self.session.script("SAVEPOINT opsctl_trial").await?;
        let rows = self.session.fetch(Query::new(sql.as_str())).await;
        self.undo().await?;
        let refused = match rows {
            Ok(rows) if !rows.is_empty() => return texts(&rows, reference.to.len()).map(Ok),
            Ok(_) => None,
            Err(error) if error.fault() == Some(Fault::Lost) => return Err(error),
            Err(error) => Some(error),
        };
        let read = match self.reader {
            Some(reader) => reader.session().await?.fetch(Query::new(sql)).await.ok(),
            None => None,
        };
        match (read, refused) {
            (Some(rows), _) => texts(&rows, reference.to.len()).map(Ok),
            (None, None) => Ok(Ok(Vec::new())),
            (None, Some(error)) => Ok(Err(Unmakeable(format!(
                "it refers to `{}`, of which no role that is configured may read a row: {}",
                reference.name,
                error.root()
            )))),
        }
    }
}

fn values_sql(engine: Engine, reference: &Reference, most: u8) -> String {
    let mut table = quote(engine, &reference.name);
    if !reference.schema.is_empty() {
        table = format!("{}.{table}", quote(engine, &reference.schema));
    }
    let cast = if engine == Engine::Postgres { "::text" } else { "" };
    let columns = reference.to.iter().enumerate();
    let selected: Vec<String> =
        columns.map(|(nth, column)| format!("{}{cast} AS v{nth}", quote(engine, column))).collect();
    format!("SELECT {} FROM {table} LIMIT {most}", selected.join(", "))
}

fn texts(rows: &[Row], width: usize) -> Result<Vec<Vec<String>>> {
    rows.iter().map(|row| (0..width).map(|nth| row.text(&format!("v{nth}"))).collect()).collect()
}
