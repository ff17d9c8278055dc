//! What the commands print as JSON is what `docs/schemas` says, and nothing besides.

use std::{collections::BTreeSet, fs, path::Path};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{
    examples::{self, workplace},
    support::{cli::run, pages},
};

/// The schema of a command's output.
pub fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas").join(format!("{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The same schema, which takes no member that it does not describe.
pub fn strict(mut schema: Value) -> Value {
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

/// Fails unless a value is what a schema describes.
pub fn require_valid(schema: &Value, value: &Value, what: &str) {
    let errors: Vec<String> = validator(schema)
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

/// Lines beside the examples of the help pages: other states, other members. `ID` is an event that is due.
const LINES: [&str; 9] = [
    "webhooks list --limit 200",
    "webhooks list --provider nobody",
    "webhooks show ID --raw",
    "webhooks explain ID",
    "webhooks explain --due --provider nobody",
    "webhooks retry-one ID --dry-run",
    "webhooks retry-once",
    "webhooks retry-one ID --force",
    "db migrate --dry-run",
];

#[test]
fn every_command_prints_what_its_schema_describes() {
    let mut seen = BTreeSet::from(["error".to_owned()]);
    let folder = workplace();
    let due = run(folder.path(), &["webhooks", "list", "--due", "-o", "ids", "--limit", "1"]).out;
    for line in LINES {
        seen.extend(check(folder.path(), &line.replace("ID", due.trim())));
    }
    for words in pages::verbs(folder.path()) {
        let page = pages::page(folder.path(), &words.split(' ').collect::<Vec<_>>());
        let folder = workplace();
        let plain = |line: &String| !["-o ", "--json", "|"].iter().any(|part| line.contains(part));
        for line in pages::examples(&page).iter().filter(|line| plain(line)) {
            seen.extend(check(folder.path(), line));
        }
    }
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas")).unwrap();
    let names = files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
    assert_eq!(seen, names.collect(), "schemas that no output was held against: add a line to LINES");
}

/// Holds what a line prints as JSON against the schema of its command, whose name it gives. Some print none.
fn check(folder: &Path, line: &str) -> Option<String> {
    let said = |format: &str| {
        let said = examples::run(folder, &format!("opsctl {line} -o {format}"));
        // What the first run has taken away is not there for the second.
        let gone = format == "jsonl" && said.code == 9;
        assert!(gone || [0, 1, 3, 4, 5].contains(&said.code), "{line}: {said:?}");
        said.out
    };
    let text = said("json");
    let Ok(value) = serde_json::from_str::<Value>(&text) else {
        assert!(!text.trim_start().starts_with('{'), "{line}: {text}");
        return None;
    };
    let name = value["command"].as_str().unwrap().replace(' ', "-");
    let schema = strict(schema(&name));
    require_valid(&schema, &value, line);
    let line_schema = json!({"$ref": "#/$defs/line", "$defs": schema["$defs"]});
    let lines = said("jsonl");
    if lines.is_empty() {
        return Some(name);
    }
    for text in lines.lines() {
        require_valid(&line_schema, &serde_json::from_str(text).unwrap(), &format!("{line}: {text}"));
    }
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "summary", "{line}");
    Some(name)
}

#[test]
fn every_kind_of_error_is_what_its_schema_describes() {
    let folder = workplace();
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
    let folder = workplace();
    let mut value: Value =
        serde_json::from_str(&run(folder.path(), &["db", "status", "--json"]).out).unwrap();
    value["data"]["migrations"][0]["new"] = json!(1);
    assert!(validator(&schema("db-status")).is_valid(&value));
    assert!(!validator(&strict(schema("db-status"))).is_valid(&value));
    value["data"]["migrations"][0]["state"] = json!("odd");
    assert!(!validator(&schema("db-status")).is_valid(&value));
}
