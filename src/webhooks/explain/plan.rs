//! How the server runs a statement that finds due events, read from its own plan.

use serde::Serialize;

use super::super::candidates::Statement;
use crate::{
    Result,
    db::{Engine, Row},
};

/// What a plan sorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sorts {
    /// Nothing: the index gives the order.
    Nothing,
    /// Rows of the same time, by their ids.
    Ties,
    /// All rows.
    All,
}

/// A statement's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Plan {
    /// The statement.
    pub statement: Statement,
    /// The indexes that it uses.
    pub indexes: Vec<String>,
    /// It reads the whole table, or a whole index of it.
    pub scans: bool,
    /// What it sorts.
    pub sorts: Sorts,
    /// Rows that the server expects to meet; SQLite expects none.
    pub rows: Option<i64>,
    /// The plan as the server tells it, each step once.
    pub lines: Vec<String>,
}

impl Plan {
    /// Reads the rows of an EXPLAIN. `table` is the events' table, without quotes.
    pub(super) fn read(engine: Engine, statement: Statement, table: &str, rows: &[Row]) -> Result<Self> {
        let lines = rows.iter().map(|row| line(engine, row)).collect::<Result<Vec<_>>>()?;
        // What SQLite says beside these only frames them.
        let scan = format!("SCAN {table}");
        let tells = |line: &String| ["SEARCH ", &scan, "USE TEMP "].iter().any(|step| line.starts_with(step));
        let lines = lines.into_iter().filter(|line| engine != Engine::Sqlite || tells(line));
        let mut plan = Self {
            statement,
            indexes: Vec::new(),
            scans: false,
            sorts: Sorts::Nothing,
            rows: None,
            lines: counted(lines),
        };
        for row in rows {
            match engine {
                Engine::Postgres => plan.postgres(table, &row.line()),
                Engine::MySql => plan.mysql(table, row)?,
                Engine::Sqlite => plan.sqlite(table, &row.text("detail")?),
            }
        }
        Ok(plan)
    }

    fn postgres(&mut self, table: &str, line: &str) {
        let step = line.trim_start_matches([' ', '-', '>']);
        if let Some((_, index)) =
            step.split_once(" using ").or_else(|| step.split_once("Bitmap Index Scan on "))
        {
            self.uses(index.split(' ').next().unwrap_or_default());
        }
        let on = step.split_once(" on ").map_or("", |(_, rest)| rest.split(' ').next().unwrap_or_default());
        if on.trim_matches('"') == table {
            self.scans |= step.contains("Seq Scan on");
            self.expects(number_after(step, "rows="));
        }
        if step.starts_with("Incremental Sort") {
            self.sorts = self.sorts.max(Sorts::Ties);
        } else if step.starts_with("Sort  (") {
            self.sorts = Sorts::All;
        }
    }

    fn mysql(&mut self, table: &str, row: &Row) -> Result<()> {
        if row.text("table")? == table {
            row.text("key")?.split(',').filter(|key| !key.is_empty()).for_each(|key| self.uses(key));
            self.scans |= matches!(row.text("type")?.as_str(), "ALL" | "index");
            self.expects(row.int("rows").ok());
        }
        if row.text("Extra")?.contains("Using filesort") {
            self.sorts = Sorts::All;
        }
        Ok(())
    }

    fn sqlite(&mut self, table: &str, detail: &str) {
        if let Some((_, index)) = detail.split_once(" INDEX ") {
            self.uses(index.split(' ').next().unwrap_or_default());
        }
        let scanned = detail.strip_prefix("SCAN ").map(|rest| rest.trim_start_matches("TABLE "));
        self.scans |= scanned.is_some_and(|rest| rest.split(' ').next() == Some(table));
        if detail.starts_with("USE TEMP B-TREE FOR ORDER BY") {
            self.sorts = Sorts::All;
        } else if detail.starts_with("USE TEMP B-TREE") && detail.ends_with("OF ORDER BY") {
            self.sorts = self.sorts.max(Sorts::Ties);
        }
    }

    fn uses(&mut self, index: &str) {
        let index = index.trim_matches('"').to_owned();
        if !self.indexes.contains(&index) {
            self.indexes.push(index);
        }
    }

    fn expects(&mut self, rows: Option<i64>) {
        self.rows = rows.map(|rows| rows + self.rows.unwrap_or_default()).or(self.rows);
    }
}

/// One step in one line, with what its numbers mean.
fn line(engine: Engine, row: &Row) -> Result<String> {
    Ok(match engine {
        Engine::Postgres => row.line(),
        Engine::MySql => {
            let names = ["table", "type", "key", "rows", "Extra"];
            let parts = names.iter().map(|name| Ok((name, row.text(name)?))).collect::<Result<Vec<_>>>()?;
            let filled = parts.iter().filter(|(_, value)| !value.is_empty());
            filled
                .map(|(name, value)| format!("{}: {value}", name.to_lowercase()))
                .collect::<Vec<_>>()
                .join("  ")
        }
        Engine::Sqlite => row.text("detail")?,
    })
}

/// Every step once: of the providers each has a walk of its own, and they are much alike.
fn counted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut steps: Vec<(String, usize)> = Vec::new();
    for line in lines {
        match steps.iter_mut().find(|(step, _)| *step == line) {
            Some((_, times)) => *times += 1,
            None => steps.push((line, 1)),
        }
    }
    let told = |(step, times)| if times == 1 { step } else { format!("{step} ({times} times)") };
    steps.into_iter().map(told).collect()
}

fn number_after(text: &str, mark: &str) -> Option<i64> {
    let (_, rest) = text.split_once(mark)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            statement: Statement::Earliest,
            indexes: Vec::new(),
            scans: false,
            sorts: Sorts::Nothing,
            rows: None,
            lines: Vec::new(),
        }
    }

    #[test]
    fn a_plan_of_postgresql_tells_its_indexes_scans_and_sorts() {
        let mut walk = plan();
        for line in [
            "Limit  (cost=0.29..8.31 rows=100 width=42)",
            "  ->  Incremental Sort  (cost=0.29..8.31 rows=1 width=42)",
            "        Sort Key: next_retry_at, id",
            "        ->  Index Scan using webhook_events_next_retry_at_index on webhook_events  (cost=0.29..8.30 rows=7 width=42)",
        ] {
            walk.postgres("webhook_events", line);
        }
        assert_eq!(walk.indexes, ["webhook_events_next_retry_at_index"]);
        assert_eq!((walk.scans, walk.sorts, walk.rows), (false, Sorts::Ties, Some(7)));
        let mut scan = plan();
        scan.postgres("webhook_events", "Sort  (cost=1.1..1.2 rows=9 width=42)");
        scan.postgres(
            "webhook_events",
            "  ->  Seq Scan on webhook_events first  (cost=0.00..1.06 rows=3 width=42)",
        );
        scan.postgres("webhook_events", "  ->  Seq Scan on payments  (cost=0.00..1.06 rows=5 width=42)");
        assert_eq!((scan.indexes.len(), scan.scans, scan.sorts, scan.rows), (0, true, Sorts::All, Some(3)));
    }

    #[test]
    fn a_plan_of_sqlite_tells_them_too() {
        let mut walk = plan();
        walk.sqlite("webhook_events", "SEARCH webhook_events USING INDEX by_time (next_retry_at<?)");
        walk.sqlite("webhook_events", "USE TEMP B-TREE FOR LAST TERM OF ORDER BY");
        assert_eq!((walk.indexes, walk.scans, walk.sorts), (vec!["by_time".to_owned()], false, Sorts::Ties));
        let mut scan = plan();
        scan.sqlite("webhook_events", "SCAN webhook_events");
        scan.sqlite("webhook_events", "USE TEMP B-TREE FOR ORDER BY");
        assert_eq!((scan.scans, scan.sorts), (true, Sorts::All));
    }
}
