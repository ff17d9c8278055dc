//! Where in its file a statement stands, as an error tells it.

use super::{Migration, sql::Statement, sql::split};
use crate::db::{Engine, Reached};

/// Words of a statement that are shown, in characters.
const SHOWN: usize = 60;

/// The statement at which a server stopped: the one that it points into, or the one behind the last that ended.
pub(super) fn stopped(engine: Engine, migration: &Migration, reached: Reached) -> Option<String> {
    let text = &*migration.sql;
    let statements = split(engine, text);
    let pointed = reached.points_at.and_then(|at| text.char_indices().nth(at.checked_sub(1)?));
    let Some((byte, _)) = pointed else {
        let statement = statements.get(reached.ended)?;
        return Some(told(reached.ended + 1, statements.len(), statement.line, statement));
    };
    let at = statements.iter().rposition(|statement| statement.start <= byte)?;
    let line = text[..byte].matches('\n').count() + 1;
    Some(told(at + 1, statements.len(), line, &statements[at]))
}

/// `statement 2 of 3, line 5: …`.
pub(super) fn told(position: usize, of: usize, line: usize, statement: &Statement) -> String {
    format!("statement {position} of {of}, line {line}: {}", shown(statement))
}

/// The beginning of a statement, in one line. Values that it holds are cut off where they are long, and strings hidden.
pub(super) fn shown(statement: &Statement) -> String {
    let text = statement.text.split('\'').step_by(2).collect::<Vec<_>>().join("…");
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("`{}…`", &line[..at]),
        None => format!("`{line}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_that_failed_is_found_by_what_ended_or_by_where_the_server_points() {
        let sql = "-- é\nSELECT 1;\nSELECT 2,\n  oops;\nSELECT 'secret';";
        let migration = Migration { version: 1, file: "1_a.sql".into(), sql: sql.into() };
        let of = |ended, points_at| {
            stopped(Engine::Postgres, &migration, Reached { ended, points_at }).unwrap_or_default()
        };
        assert_eq!(of(0, None), "statement 1 of 3, line 2: `SELECT 1`");
        assert_eq!(of(2, None), "statement 3 of 3, line 5: `SELECT …`");
        let at = sql.chars().position(|c| c == 'p').unwrap_or_default();
        assert_eq!(of(0, Some(at)), "statement 2 of 3, line 4: `SELECT 2, oops`");
        assert_eq!(
            (of(3, None), of(1, Some(0))),
            (String::new(), "statement 2 of 3, line 3: `SELECT 2, oops`".into())
        );
    }
}
