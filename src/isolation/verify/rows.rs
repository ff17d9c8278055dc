//! Rows that are made up for a trial: what a table asks for and no more, with values that nobody has.

use std::collections::BTreeMap;

use super::shape::{Column, Shape};
use crate::db::{Engine, Query, quote};

/// The values of a row, by column.
pub type Values = BTreeMap<String, String>;

/// Why no row can be made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmakeable(pub String);

/// In which manner values are made up: what suits one table breaks another's conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As they come.
    Plain,
    /// Each column's number or time is after that of the column before it.
    Rising,
    /// Small numbers and short texts: what is computed from them stays small.
    Small,
}

impl Style {
    /// All, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Rising, Self::Small];
}

/// Makes up a row for a tenant. `known` are values that are settled: the tenant, and what the row refers to. Columns in
/// `wanted` get a value though the table could do without.
///
/// # Errors
/// A column of a type for which no value is known.
pub fn make_up(shape: &Shape, known: &Values, wanted: &[String], style: Style) -> Result<Values, Unmakeable> {
    let mut values = known.clone();
    for (nth, column) in shape.columns.iter().enumerate() {
        let asked = column.required || (column.settable && wanted.contains(&column.name));
        if asked && !values.contains_key(&column.name) {
            let value = value(column, nth, style).ok_or_else(|| {
                Unmakeable(format!("no value can be made up for `{}`, a {}", column.name, column.kind))
            })?;
            values.insert(column.name.clone(), value);
        }
    }
    Ok(values)
}

/// An INSERT of a row into a table or view whose name is quoted.
pub fn insert(engine: Engine, name: &str, shape: &Shape, values: &Values) -> Query {
    let columns: Vec<String> = values.keys().map(|column| quote(engine, column)).collect();
    let holes: Vec<String> = values
        .keys()
        .map(|name| match shape.column(name) {
            Some(column) if !column.cast.is_empty() => format!("?::text::{}", column.cast),
            _ => "?".to_owned(),
        })
        .collect();
    let sql = format!("INSERT INTO {name} ({}) VALUES ({})", columns.join(", "), holes.join(", "));
    values.values().fold(Query::new(sql), |query, value| query.bind(value.as_str()))
}

/// Tenants that nobody is, in the form of the tenant column: the second has nearly the first one's text, the third
/// nothing of it, so that a condition on a part of it shows.
pub fn tenants(column: &Column) -> Vec<String> {
    let numbers = |first: i64, far: i64| [first, first + 1, far].map(|number| number.to_string()).to_vec();
    match column.kind.as_str() {
        "int2" | "smallint" => numbers(32_000 + 2 * rand::random_range(0..350), 20_000),
        "int4" | "int8" | "int" | "bigint" | "integer" | "numeric" | "decimal" => {
            numbers(2_000_000_000 + 2 * rand::random_range(0..70_000_000), 1_111_111_111)
        }
        _ => {
            let text = uuid();
            let first = match column.length.filter(|length| *length < text.len()) {
                Some(length) => text.replace('-', "").chars().take(length).collect(),
                None => text,
            };
            let place = first.len() * 2 / 3;
            let near =
                first.chars().enumerate().map(|(at, c)| if at == place { turned(c) } else { c }).collect();
            let far = first.chars().map(turned).collect();
            // A text of one character is turned in both.
            if first.len() > 1 { vec![first, near, far] } else { vec![first, near] }
        }
    }
}

/// Another hexadecimal digit; what is none stays.
fn turned(c: char) -> char {
    c.to_digit(16).and_then(|digit| char::from_digit(15 - digit, 16)).unwrap_or(c)
}

fn value(column: &Column, nth: usize, style: Style) -> Option<String> {
    let plain = candidates(column).into_iter().nth(column.pick)?;
    // What meets a condition or stands in a list stays.
    if style == Style::Plain || column.pick > 0 || !column.labels.is_empty() {
        return Some(plain);
    }
    let small = if column.unique { rand::random_range(1..1000) } else { 1 };
    Some(match (style, family(column)) {
        (Style::Rising, Family::Number) => (nth + 1).to_string(),
        (Style::Rising, Family::Day) => format!("{:04}-01-01", 2000 + nth),
        (Style::Rising, Family::Moment) => format!("{:04}-01-01 00:00:00", 2000 + nth),
        (Style::Small, Family::Number) => small.to_string(),
        (Style::Small, Family::Text) if column.checks.is_empty() => plain.chars().rev().take(2).collect(),
        _ => plain,
    })
}

/// What values of a type look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Text,
    Number,
    Day,
    Moment,
    Other,
}

fn family(column: &Column) -> Family {
    match column.kind.trim_end_matches(" unsigned") {
        "text" | "varchar" | "bpchar" | "char" | "citext" | "name" | "tinytext" | "mediumtext"
        | "longtext" | "nvarchar" | "any" | "" => Family::Text,
        kind if kind.starts_with("varchar") => Family::Text,
        "int4" | "int8" | "int" | "bigint" | "integer" | "oid" | "int2" | "smallint" | "tinyint"
        | "mediumint" | "numeric" | "decimal" | "float4" | "float8" | "float" | "double" | "real"
        | "money" => Family::Number,
        "date" => Family::Day,
        "timestamp" | "timestamptz" | "datetime" => Family::Moment,
        _ => Family::Other,
    }
}

/// Values that could be made up for a column, the likeliest first; none for a type that is not known. The same column
/// has the same kinds of values in the same order each time.
pub fn candidates(column: &Column) -> Vec<String> {
    let mut found = column.labels.clone();
    // MariaDB's JSON is a text with a condition.
    if column.checks.iter().any(|check| check.contains("json_valid")) {
        found.push("{}".into());
    }
    let quoted: Vec<String> = column.checks.iter().flat_map(|check| quoted(check)).collect();
    found.extend(quoted.iter().filter(|text| !text.contains(['%', '^', '[', '('])).cloned());
    let Some(plain) = plain(column) else { return found };
    found.push(plain);
    let mark = format!("{:07x}", rand::random_range(0..1_u32 << 28));
    match family(column) {
        Family::Text => {
            found.extend(quoted.iter().map(|text| text.replace('%', &mark).replace('_', "o")));
            let digits = rand::random_range(1_000_000_000_u64..10_000_000_000);
            found.extend([
                format!("o{mark}@example.com"),
                format!("https://example.com/o{mark}"),
                format!("+{digits}"),
                digits.to_string(),
                mark.to_uppercase(),
                "ABC".into(),
                "AB".into(),
                "abc".into(),
                "o".into(),
                "1".into(),
                "1.0".into(),
                "{}".into(),
                "#aabbcc".into(),
                "2000-01-01".into(),
                "00:00".into(),
                "127.0.0.1".into(),
                uuid(),
            ]);
        }
        Family::Number => {
            found.extend(["1", "0", "-1", "5", "10", "50", "100", "1000"].map(str::to_owned));
            let named = column.checks.iter().flat_map(|check| numbers(check));
            found.extend(named.flat_map(|number| [number, number + 1, number - 1]).map(|n| n.to_string()));
        }
        Family::Day => found.extend(["2100-01-01".into()]),
        Family::Moment => found.extend(["2100-01-01 00:00:00".into()]),
        Family::Other => {}
    }
    found.retain(|text| column.length.is_none_or(|length| text.chars().count() <= length));
    found
}

fn plain(column: &Column) -> Option<String> {
    Some(match (family(column), column.kind.trim_end_matches(" unsigned")) {
        (Family::Text, kind) if kind.starts_with("varchar(") => {
            format!("o{:07x}", rand::random_range(0..1_u32 << 28))
        }
        (Family::Text, _) => {
            let text = format!("o{:011x}", rand::random_range(0..1_u64 << 44));
            text.chars().take(column.length.unwrap_or(text.len())).collect()
        }
        // A thousand of them still are a number of four bytes.
        (Family::Number, "int4" | "int8" | "int" | "bigint" | "integer" | "oid") if column.unique => {
            rand::random_range(1_000_000..2_000_000).to_string()
        }
        (Family::Number, "int2" | "smallint") if column.unique => rand::random_range(1..30_000).to_string(),
        (Family::Number, _) => "1".into(),
        (Family::Day, _) => "2000-01-01".into(),
        (Family::Moment, _) => "2000-01-01 00:00:00".into(),
        (Family::Other, kind) => match kind {
            "uuid" => uuid(),
            "bool" | "boolean" | "bit" => "0".into(),
            "time" | "timetz" => "00:00:00".into(),
            "year" => "2000".into(),
            "interval" => "1 day".into(),
            "json" | "jsonb" => "{}".into(),
            "bytea" => "\\x6f".into(),
            "blob" | "binary" | "varbinary" | "tinyblob" | "mediumblob" | "longblob" => "o".into(),
            "inet" | "cidr" => "127.0.0.1".into(),
            kind if kind.starts_with('_') => "{}".into(),
            _ => return None,
        },
    })
}

/// The texts in a condition such as `status IN ('invited', 'active')`: most conditions list what they take.
fn quoted(check: &str) -> Vec<String> {
    check.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The whole numbers in a condition such as `percent BETWEEN 20 AND 30`.
fn numbers(check: &str) -> Vec<i64> {
    check.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter_map(|word| word.parse().ok()).collect()
}

fn uuid() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: &str, length: Option<usize>, check: &str) -> Column {
        Column {
            name: "c".into(),
            cast: String::new(),
            kind: kind.into(),
            length,
            labels: Vec::new(),
            required: true,
            settable: true,
            checks: if check.is_empty() { Vec::new() } else { vec![check.into()] },
            unique: false,
            pick: 0,
        }
    }

    #[test]
    fn values_fit_their_column() {
        let value = |column: &Column| value(column, 0, Style::Plain);
        assert_eq!(value(&column("varchar", Some(5), "")).unwrap().len(), 5);
        assert_eq!(value(&column("geometry", None, "")), None);
        let check = "CHECK (((status)::text = ANY ((ARRAY['invited'::character varying, 'active'::character varying])))";
        assert_eq!(value(&column("varchar", Some(16), check)).unwrap(), "invited");
        assert!(tenants(&column("bpchar", Some(26), "")).iter().all(|tenant| tenant.len() == 26));
        assert!(tenants(&column("int8", None, "")).iter().all(|tenant| tenant.parse::<i64>().is_ok()));
        let [first, near, far] = tenants(&column("uuid", None, "")).try_into().unwrap();
        assert_eq!((&first[..24], &first[25..]), (&near[..24], &near[25..]));
        assert!(first != near && first[..1] != far[..1] && far.len() == 36);
    }
}
