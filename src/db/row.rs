//! Rows as they come back: numbers widened, times as UTC, text that may be anything.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::{
    Column as _, ColumnIndex, Row as _, TypeInfo, ValueRef, mysql::MySqlRow, postgres::PgRow,
    sqlite::SqliteRow,
};
use uuid::Uuid;

use crate::{Error, Result, clock};

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// Any integer, boolean included.
    Int(i64),
    /// Any float.
    Float(f64),
    /// Text, JSON, decimals; invalid UTF-8 comes as [`Cell::Bytes`].
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A time without zone.
    Time(NaiveDateTime),
}

/// The names of a statement's columns: the same for all of its rows, and therefore made once.
pub(super) type Names = Option<Arc<[Box<str>]>>;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    names: Arc<[Box<str>]>,
    cells: Vec<Cell>,
}

impl Row {
    /// Decodes each value that is not NULL by the name of its type.
    fn build<R>(row: &R, names: &mut Names, cell: impl Fn(&R, usize, &str) -> Cell) -> Self
    where
        R: sqlx::Row,
        usize: ColumnIndex<R>,
    {
        let names =
            names.get_or_insert_with(|| row.columns().iter().map(|column| column.name().into()).collect());
        let decode = |at| {
            // The stored value's own type: SQLite columns hold what was put there.
            let kind = row.try_get_raw(at).ok().filter(|value| !value.is_null());
            kind.map_or(Cell::Null, |value| cell(row, at, value.type_info().name()))
        };
        Self { names: names.clone(), cells: (0..row.columns().len()).map(decode).collect() }
    }

    /// The value of a column.
    ///
    /// # Errors
    /// A name that the statement does not select: a fault of opsctl's own.
    pub fn cell(&self, name: &str) -> Result<&Cell> {
        let at = self.names.iter().position(|known| &**known == name);
        at.and_then(|at| self.cells.get(at))
            .ok_or_else(|| Error::failed(format!("the statement gives no column `{name}`")))
    }

    /// Text, or `None` for NULL; bytes that are no UTF-8 are replaced.
    ///
    /// # Errors
    /// As [`Row::cell`].
    pub fn text_or_null(&self, name: &str) -> Result<Option<String>> {
        Ok(match self.cell(name)? {
            Cell::Null => None,
            Cell::Int(number) => Some(number.to_string()),
            Cell::Float(number) => Some(number.to_string()),
            Cell::Text(text) => Some(text.clone()),
            Cell::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Cell::Time(time) => Some(time.format(clock::COLUMN_FORMAT).to_string()),
        })
    }

    /// All values in one line, for rows that are read by people.
    pub fn line(&self) -> String {
        let texts = self.names.iter().filter_map(|name| self.text_or_null(name).ok().flatten());
        texts.collect::<Vec<_>>().join(" ")
    }

    /// Text; empty for NULL.
    ///
    /// # Errors
    /// As [`Row::cell`].
    pub fn text(&self, name: &str) -> Result<String> {
        Ok(self.text_or_null(name)?.unwrap_or_default())
    }

    /// A whole number, also from decimal text; 0 for NULL.
    ///
    /// # Errors
    /// As [`Row::cell`], or a value that is none.
    pub fn int(&self, name: &str) -> Result<i64> {
        match self.cell(name)? {
            Cell::Null => Ok(0),
            Cell::Int(number) => Ok(*number),
            Cell::Text(text) if text.parse::<i64>().is_ok() => Ok(text.parse().unwrap_or_default()),
            // SUM() gives decimals and floats; their fraction is zero.
            #[allow(clippy::cast_possible_truncation)]
            Cell::Float(number) => Ok(*number as i64),
            _ => Err(Error::failed(format!("the column `{name}` holds no whole number"))),
        }
    }

    /// The raw bytes of a text; `None` for NULL.
    ///
    /// # Errors
    /// As [`Row::cell`].
    pub fn into_bytes(mut self, name: &str) -> Result<Option<Vec<u8>>> {
        self.cell(name)?;
        let at = self.names.iter().position(|known| &**known == name).unwrap_or_default();
        Ok(match std::mem::replace(&mut self.cells[at], Cell::Null) {
            Cell::Null => None,
            Cell::Text(text) => Some(text.into_bytes()),
            Cell::Bytes(bytes) => Some(bytes),
            Cell::Int(number) => Some(number.to_string().into_bytes()),
            Cell::Float(number) => Some(number.to_string().into_bytes()),
            Cell::Time(time) => Some(time.to_string().into_bytes()),
        })
    }

    /// A time as UTC; `None` for NULL, and for text that is no time (SQLite stores any, MySQL has a zero date).
    /// PostgreSQL's `infinity` is the furthest time there is.
    ///
    /// # Errors
    /// As [`Row::cell`].
    pub fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>> {
        Ok(match self.cell(name)? {
            Cell::Time(time) => Some(time.and_utc()),
            Cell::Text(text) if text == "infinity" => Some(DateTime::<Utc>::MAX_UTC),
            Cell::Text(text) if text == "-infinity" => Some(DateTime::<Utc>::MIN_UTC),
            Cell::Text(text) => parse_time(text),
            Cell::Null | Cell::Int(_) | Cell::Float(_) | Cell::Bytes(_) => None,
        })
    }
}

fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let naive = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    naive.map(|time| time.and_utc()).or_else(|| text.parse().ok())
}

fn text_cell(bytes: Vec<u8>) -> Cell {
    String::from_utf8(bytes).map_or_else(|error| Cell::Bytes(error.into_bytes()), Cell::Text)
}

/// Decodes as the type that the column's own says; what does not fit it after all, such as MySQL's zero date, is NULL.
macro_rules! decode {
    ($row:expr, $at:expr, $ty:ty => $cell:expr) => {
        $row.try_get_unchecked::<$ty, _>($at).map_or(Cell::Null, $cell)
    };
}

/// A driver's row, read.
pub(super) trait Read {
    fn read(self, names: &mut Names) -> Row;
}

impl Read for PgRow {
    fn read(self, names: &mut Names) -> Row {
        Row::build(&self, names, |row, at, kind| match kind {
            "BOOL" => decode!(row, at, bool => |value| Cell::Int(value.into())),
            "INT2" => decode!(row, at, i16 => |value| Cell::Int(value.into())),
            "INT4" => decode!(row, at, i32 => |value| Cell::Int(value.into())),
            "INT8" => decode!(row, at, i64 => Cell::Int),
            "FLOAT4" => decode!(row, at, f32 => |value| Cell::Float(value.into())),
            "FLOAT8" => decode!(row, at, f64 => Cell::Float),
            // The driver's own decoding overflows on PostgreSQL's infinity.
            "TIMESTAMP" | "TIMESTAMPTZ" => decode!(row, at, i64 => postgres_time),
            // On the wire jsonb is its version, then the text.
            "JSONB" => {
                decode!(row, at, Vec<u8> => |value| text_cell(value.get(1..).unwrap_or_default().to_vec()))
            }
            "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "JSON" | "CITEXT" | "UNKNOWN" => {
                let bytes =
                    row.try_get_raw(at).ok().and_then(|value| value.as_bytes().ok().map(<[u8]>::to_vec));
                bytes.map_or(Cell::Null, text_cell)
            }
            "UUID" => decode!(row, at, Vec<u8> => uuid),
            _ => decode!(row, at, Vec<u8> => Cell::Bytes),
        })
    }
}

/// On the wire a UUID is its sixteen bytes; everywhere else it is the text that people know.
fn uuid(bytes: Vec<u8>) -> Cell {
    Uuid::from_slice(&bytes).map_or(Cell::Bytes(bytes), |uuid| Cell::Text(uuid.to_string()))
}

/// Microseconds since 2000-01-01; the two ends of the range are PostgreSQL's `-infinity` and `infinity`. What chrono
/// cannot hold is as far away.
fn postgres_time(micros: i64) -> Cell {
    const EPOCH_MICROS: i64 = 946_684_800_000_000;
    let at = micros.checked_add(EPOCH_MICROS).and_then(DateTime::from_timestamp_micros);
    match at {
        Some(at) if micros != i64::MIN => Cell::Time(at.naive_utc()),
        _ if micros < 0 => Cell::Text("-infinity".into()),
        _ => Cell::Text("infinity".into()),
    }
}

impl Read for MySqlRow {
    fn read(self, names: &mut Names) -> Row {
        Row::build(&self, names, |row, at, kind| match kind {
            "BOOLEAN" | "TINYINT" | "SMALLINT" | "INT" | "MEDIUMINT" | "BIGINT" => {
                decode!(row, at, i64 => Cell::Int)
            }
            "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "INT UNSIGNED" | "MEDIUMINT UNSIGNED"
            | "BIGINT UNSIGNED" => {
                decode!(row, at, u64 => |value| Cell::Int(i64::try_from(value).unwrap_or(i64::MAX)))
            }
            "FLOAT" => decode!(row, at, f32 => |value| Cell::Float(value.into())),
            "DOUBLE" => decode!(row, at, f64 => Cell::Float),
            "TIMESTAMP" | "DATETIME" => decode!(row, at, NaiveDateTime => Cell::Time),
            _ => decode!(row, at, Vec<u8> => text_cell),
        })
    }
}

impl Read for SqliteRow {
    fn read(self, names: &mut Names) -> Row {
        Row::build(&self, names, |row, at, kind| match kind {
            "INTEGER" | "BOOLEAN" => decode!(row, at, i64 => Cell::Int),
            "REAL" => decode!(row, at, f64 => Cell::Float),
            _ => decode!(row, at, Vec<u8> => text_cell),
        })
    }
}
