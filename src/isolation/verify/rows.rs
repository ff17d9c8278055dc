//! Rows that are made up for a trial: what a table asks for and no more, with values that nobody has.

use std::collections::BTreeMap;

use super::shape::{Column, Shape};
use crate::db::{Engine, Query, quote};

/// The values of a row, by column.
pub type Values = BTreeMap<String, String>;

/// Why no row can be made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmakeable(pub String);

/// Makes up a row for a tenant. `known` are values that are settled: the tenant, and what the row refers to. Columns in
/// `wanted` get a value though the table could do without.
///
/// # Errors
/// A column of a type for which no value is known.
pub fn make_up(shape: &Shape, known: &Values, wanted: &[String]) -> Result<Values, Unmakeable> {
    let mut values = known.clone();
    for column in &shape.columns {
        let asked = column.required || (column.settable && wanted.contains(&column.name));
        if asked && !values.contains_key(&column.name) {
            let value = value(column).ok_or_else(|| {
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

fn value(column: &Column) -> Option<String> {
    if let Some(label) = column.labels.first() {
        return Some(label.clone());
    }
    let kind = column.kind.trim_end_matches(" unsigned");
    // MariaDB's JSON is a text with a condition.
    if column.checks.iter().any(|check| check.contains("json_valid")) {
        return Some("{}".into());
    }
    if let Some(literal) = column.checks.iter().find_map(|check| literal(check)) {
        return Some(literal);
    }
    Some(match kind {
        "uuid" => uuid(),
        "text" | "varchar" | "bpchar" | "char" | "citext" | "name" | "tinytext" | "mediumtext"
        | "longtext" | "nvarchar" | "any" | "" => {
            let text = format!("o{:011x}", rand::random_range(0..1_u64 << 44));
            text.chars().take(column.length.unwrap_or(text.len())).collect()
        }
        kind if kind.starts_with("varchar") => format!("o{:07x}", rand::random_range(0..1_u32 << 28)),
        "int4" | "int8" | "int" | "bigint" | "integer" | "oid" => {
            rand::random_range(1_000_000..i32::MAX).to_string()
        }
        "int2" | "smallint" => rand::random_range(1..30_000).to_string(),
        "tinyint" | "mediumint" | "numeric" | "decimal" | "float4" | "float8" | "float" | "double"
        | "real" | "money" => "1".into(),
        "bool" | "boolean" | "bit" => "0".into(),
        "date" => "2000-01-01".into(),
        "timestamp" | "timestamptz" | "datetime" => "2000-01-01 00:00:00".into(),
        "time" | "timetz" => "00:00:00".into(),
        "year" => "2000".into(),
        "interval" => "1 day".into(),
        "json" | "jsonb" => "{}".into(),
        "bytea" => "\\x6f".into(),
        "blob" | "binary" | "varbinary" | "tinyblob" | "mediumblob" | "longblob" => "o".into(),
        "inet" | "cidr" => "127.0.0.1".into(),
        kind if kind.starts_with('_') => "{}".into(),
        _ => return None,
    })
}

/// The first text in a condition such as `status IN ('invited', 'active')`: most conditions list what they take.
fn literal(check: &str) -> Option<String> {
    let listed = ["ANY", "IN ", "in ", "= '"].iter().any(|word| check.contains(word));
    let (_, rest) = check.split_once('\'')?;
    listed.then(|| rest.split('\'').next().unwrap_or_default().to_owned())
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
        }
    }

    #[test]
    fn values_fit_their_column() {
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
