//! The indexes of a table, as the database at hand has them.

use super::{Db, Engine, Query};
use crate::Result;

/// One index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its columns in order; an expression is empty.
    pub columns: Vec<String>,
    /// No two rows have the same values.
    pub unique: bool,
    /// Any statement may be answered from it: it is valid, visible, and holds all rows.
    pub usable: bool,
}

/// All indexes of a table, the primary key's included where it has one.
pub(super) async fn of(db: &Db, table: &str) -> Result<Vec<Index>> {
    let full = format!("{}{table}", db.target().prefix);
    let sql = match db.engine() {
        Engine::Postgres => {
            "SELECT i.relname AS index_name, x.indisunique::int AS is_unique, \
             (x.indisvalid AND x.indpred IS NULL)::int AS usable, a.attname AS column_name \
             FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid \
             CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k(number, place) \
             LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number \
             WHERE x.indrelid = to_regclass(quote_ident(?)) AND k.place <= x.indnkeyatts \
             ORDER BY i.relname, k.place"
        }
        // All columns: MariaDB says in `IGNORED` (10.6), MySQL in `IS_VISIBLE` (8.0) that an index must not be used.
        Engine::MySql => {
            "SELECT * FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? \
             ORDER BY index_name, seq_in_index"
        }
        Engine::Sqlite => {
            "SELECT l.name AS index_name, l.\"unique\" AS is_unique, 1 - l.partial AS usable, i.name AS column_name \
             FROM pragma_index_list(?) AS l JOIN pragma_index_info(l.name) AS i ORDER BY l.name, i.seqno"
        }
    };
    let mut indexes: Vec<Index> = Vec::new();
    for row in db.session().await?.fetch(Query::new(sql).bind(full)).await? {
        let (name, column, unique, usable) = if db.engine() == Engine::MySql {
            let says = |column, word| row.text(column).is_ok_and(|text| text == word);
            let hidden = says("IGNORED", "YES") || says("IS_VISIBLE", "NO");
            (row.text("INDEX_NAME")?, row.text("COLUMN_NAME")?, row.int("NON_UNIQUE")? == 0, !hidden)
        } else {
            let flag = |column| Ok::<_, crate::Error>(row.int(column)? != 0);
            (row.text("index_name")?, row.text("column_name")?, flag("is_unique")?, flag("usable")?)
        };
        match indexes.last_mut().filter(|index| index.name == name) {
            Some(index) => index.columns.push(column),
            None => indexes.push(Index { name, columns: vec![column], unique, usable }),
        }
    }
    Ok(indexes)
}
