//! What the commands print as JSON is what `docs/schemas` says, and nothing besides.

use std::{collections::BTreeSet, fs, path::Path};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::cli::{Said, run};

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas").join(format!("{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The same schema, which takes no member that it does not describe.
fn strict(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            if members.contains_key("properties") {
                members.entry("additionalProperties").or_insert(json!(false));
            }
            members.values_mut().for_each(|value| *value = strict(value.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| *value = strict(value.take())),
        _ => {}
    }
    schema
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}

fn require_valid(schema: &Value, value: &Value, what: &str) {
    let errors: Vec<String> = validator(schema)
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

/// An embedded database with data in it.
fn seeded() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for words in [&["init", "--embedded"][..], &["db", "seed"]] {
        assert_eq!(run(folder.path(), words).code, 0);
    }
    folder
}

/// At least one line of every command that prints JSON. `ID` is an event that is due.
const LINES: [&str; 12] = [
    "webhooks list --limit 200",
    "webhooks list --due --limit 3",
    "webhooks list --provider nobody",
    "webhooks show ID",
    "webhooks show ID --raw",
    "webhooks retry-once --dry-run",
    "webhooks retry-one ID --dry-run",
    "webhooks retry --provider stripe",
    "webhooks retry-once",
    "webhooks retry-one ID --force",
    "db status",
    "db migrate --dry-run",
];

#[test]
fn every_command_prints_what_its_schema_describes() {
    let folder = seeded();
    let due = run(folder.path(), &["webhooks", "list", "--due", "-o", "ids", "--limit", "1"]).out;
    let mut seen = BTreeSet::from(["error".to_owned()]);
    for line in LINES {
        let line = line.replace("ID", due.trim());
        for format in ["json", "jsonl"] {
            let words: Vec<&str> = line.split(' ').chain(["-o", format]).collect();
            let said = run(folder.path(), &words);
            assert!([0, 1, 3, 4].contains(&said.code), "{line}: {said:?}");
            seen.insert(check(&said, &line, format));
        }
    }
    let names = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas")).unwrap();
    let names: BTreeSet<String> =
        names.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(seen, names, "a schema that no line of this test is checked against, or the other way round");
}

/// Checks one output against the schema of its command, whose name it gives.
fn check(said: &Said, line: &str, format: &str) -> String {
    let verb = line.split(' ').take(2).collect::<Vec<_>>().join("-");
    let mut schema = strict(schema(&verb));
    if format == "json" {
        require_valid(&schema, &serde_json::from_str(&said.out).unwrap(), line);
        return verb;
    }
    schema = json!({"$ref": "#/$defs/line", "$defs": schema["$defs"]});
    for text in said.out.lines() {
        require_valid(&schema, &serde_json::from_str(text).unwrap(), &format!("{line}: {text}"));
    }
    let last: Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "summary", "{line}");
    verb
}

#[test]
fn every_kind_of_error_is_what_its_schema_describes() {
    let folder = seeded();
    let schema = strict(schema("error"));
    for (words, code) in [
        (&["webhooks", "show", "01k00000000000000000000000", "--json"][..], 9),
        (&["webhooks", "lsit", "--json"], 2),
        (&["webhooks", "list", "--limit", "all", "-o", "jsonl"], 2),
        (&["db", "fresh", "--json"], 5),
        (&["--context", "nowhere", "db", "status", "--json"], 9),
    ] {
        let said = run(folder.path(), words);
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{words:?}: {said:?}");
        let object: Value = serde_json::from_str(&said.err).unwrap();
        require_valid(&schema, &object, &format!("{words:?}"));
        assert_eq!(object["code"], code, "{words:?}");
    }
}

#[test]
fn a_consumers_schema_lets_members_be_added_and_ours_does_not() {
    let folder = seeded();
    let mut value: Value =
        serde_json::from_str(&run(folder.path(), &["db", "status", "--json"]).out).unwrap();
    value["data"]["migrations"][0]["new"] = json!(1);
    assert!(validator(&schema("db-status")).is_valid(&value));
    assert!(!validator(&strict(schema("db-status"))).is_valid(&value));
    value["data"]["migrations"][0]["state"] = json!("odd");
    assert!(!validator(&schema("db-status")).is_valid(&value));
}
