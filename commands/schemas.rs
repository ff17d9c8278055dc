//! The JSON Schema of every verb's JSON, made from the types that it is written from, and kept in `docs/schemas`.
//!
//! A consumer's schema must allow members that a later version adds, so none forbids further ones; that opsctl itself
//! prints no member that is not described is checked by `tests/schemas.rs`.

use std::{collections::BTreeMap, path::PathBuf};

use opsctl::{
    clusters::{Line as ClusterLine, Shown as ClusterShown, Summary as ClusterSummary, migrate, probe},
    config::{describe::Fact, list},
    locks, queue,
    redis::ping::{Place, Report},
    schema::{Line, Status},
    tenants::{
        self, provision,
        taxonomies::{ImportCounts, ImportItem, ImportReport, Source},
        verify,
    },
    webhooks::{Counts, Item, ListItem, RetryReport, Show},
    worker,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::{
    about,
    clusters::{self, probe::render::ProbeSummary, repair},
    context,
    db::MigrationSummary,
    journal,
    queue::done::{ClearSummary, Cleared, Forgotten, SignSummary, Signed},
    redis::PingSummary,
    rls::{Checked, RlsSummary},
    schedule, tenant, tree,
    ui::{FactLine, Failure, SCHEMA_VERSION},
    webhooks::{ExplainLine, ExplainSummary, Explained, PageSummary, ShowSummary, Shown},
};

/// Facts by section and key.
type Facts = BTreeMap<String, BTreeMap<String, Fact>>;

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Every verb that prints JSON: the types of `data`, `summary`, and a line of jsonl.
fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        verb::<Facts, about::Summary, FactLine>("about"),
        verb::<Vec<list::Line>, context::ListSummary, list::Line>("context list"),
        verb::<Facts, context::ShowSummary, FactLine>("context show"),
        verb::<Vec<ListItem>, PageSummary, ListItem>("webhooks list"),
        verb::<Shown, ShowSummary, Show>("webhooks show"),
        verb::<Explained, ExplainSummary, ExplainLine>("webhooks explain"),
        verb::<RetryReport, Counts, Item>("webhooks retry-once"),
        verb::<RetryReport, Counts, Item>("webhooks retry"),
        verb::<RetryReport, Counts, Item>("webhooks retry-one"),
        verb::<Vec<queue::Line>, queue::Summary, queue::Line>("queue status"),
        verb::<Vec<queue::Job>, queue::JobSummary, queue::Job>("queue inspect"),
        verb::<Vec<queue::Failed>, queue::FailedSummary, queue::Failed>("queue failed"),
        verb::<Vec<Forgotten>, Forgotten, Forgotten>("queue forget"),
        verb::<Vec<Forgotten>, Forgotten, Forgotten>("queue flush"),
        verb::<Vec<Forgotten>, Forgotten, Forgotten>("queue prune"),
        verb::<Vec<Cleared>, ClearSummary, Cleared>("queue clear"),
        verb::<Vec<Signed>, SignSummary, Signed>("queue restart"),
        verb::<Vec<Signed>, SignSummary, Signed>("queue pause"),
        verb::<Vec<Signed>, SignSummary, Signed>("queue resume"),
        verb::<queue::retry::RetryReport, queue::retry::Counts, queue::retry::Item>("queue retry"),
        verb::<worker::WorkReport, worker::Counts, worker::Item>("queue work"),
        verb::<Vec<locks::Lock>, locks::Summary, locks::Lock>("locks list"),
        verb::<locks::Cleared, locks::Counts, locks::Item>("locks clear"),
        verb::<Vec<opsctl::schedule::Line>, opsctl::schedule::Summary, opsctl::schedule::Line>(
            "schedule list",
        ),
        verb::<Vec<opsctl::schedule::Item>, schedule::RunSummary, opsctl::schedule::Item>("schedule run"),
        verb::<Vec<ClusterLine>, ClusterSummary, ClusterLine>("clusters list"),
        verb::<ClusterShown, clusters::ShowSummary, ClusterShown>("clusters show"),
        verb::<Vec<migrate::Item>, migrate::Summary, migrate::Item>("clusters migrate"),
        verb::<Vec<repair::Line>, repair::Summary, repair::Line>("clusters repair"),
        verb::<Vec<tenants::ListItem>, tenant::PageSummary, tenants::ListItem>("tenant list"),
        verb::<tenants::Show, tenant::ShowSummary, tenants::Show>("tenant show"),
        verb::<Vec<Source>, tenant::TaxonomiesSummary, Source>("tenant taxonomies list"),
        verb::<ImportReport, ImportCounts, ImportItem>("tenant taxonomies import"),
        verb::<tenants::CreateReport, tenant::CreateSummary, tenants::CreateReport>("tenant create"),
        verb::<provision::Report, provision::Counts, provision::Item>("tenant provision"),
        verb::<Vec<verify::Verdict>, verify::Counts, tenant::VerifyLine>("tenant verify"),
        verb::<Vec<Checked>, RlsSummary, Checked>("rls verify"),
        verb::<Vec<journal::Line>, journal::RunsSummary, journal::Line>("journal list"),
        verb::<journal::Line, journal::RunSummary, journal::Line>("journal show"),
        verb::<Status, MigrationSummary, Line>("db status"),
        verb::<Status, MigrationSummary, Line>("db migrate"),
        verb::<Report, PingSummary, Place>("redis ping"),
        verb::<probe::Report, ProbeSummary, probe::Probe>("clusters probe"),
    ]
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().for_serialize().into_generator()
}

/// The envelope of a verb; `#/$defs/line` is a line of jsonl.
fn verb<Data: JsonSchema, Summary: JsonSchema, Item: JsonSchema>(
    words: &'static str,
) -> (&'static str, Value) {
    let mut generator = generator();
    let [data, summary, item] = [
        generator.subschema_for::<Data>(),
        generator.subschema_for::<Summary>(),
        generator.subschema_for::<Item>(),
    ];
    let mut definitions = generator.take_definitions(true);
    definitions.insert("line".into(), line(&item, &summary));
    let schema = json!({
        "$schema": DRAFT,
        "title": format!("opsctl {words}"),
        "description": format!("What `opsctl {words} -o json` prints. A line of `-o jsonl` is `#/$defs/line`."),
        "type": "object",
        "properties": {
            "schema_version": {
                "description": "Version of the envelope; members may be added without raising it.",
                "const": SCHEMA_VERSION,
            },
            "command": {"description": "The command.", "const": words},
            "context": {"description": "Name of the context.", "type": "string"},
            "generated_at": {"description": "When it was made, in UTC.", "type": "string", "format": "date-time"},
            "data": described(data, "What the command found or did."),
            "summary": described(summary, "The same in short."),
        },
        "required": ["schema_version", "command", "context", "generated_at", "data", "summary"],
        "$defs": definitions,
    });
    (words, schema)
}

fn line(item: &Schema, summary: &Schema) -> Value {
    json!({
        "description": "A line of jsonl: an item, or the summary, which comes last.",
        "anyOf": [
            item,
            {
                "type": "object",
                "properties": {"type": {"const": "summary"}, "summary": summary},
                "required": ["type", "summary"],
            },
        ],
    })
}

fn described(mut schema: Schema, text: &str) -> Schema {
    schema.insert("description".into(), text.into());
    schema
}

/// The error object on stderr.
fn error() -> Value {
    let schema = generator().into_root_schema_for::<Failure>().to_value();
    let mut whole = json!({"$schema": DRAFT, "title": "An error of opsctl"});
    for (key, value) in schema.as_object().into_iter().flatten() {
        whole[key] = value.clone();
    }
    whole
}

/// Every file of `docs/schemas`.
pub fn files() -> BTreeMap<PathBuf, Vec<u8>> {
    let verbs = schemas().into_iter().map(|(words, schema)| (words.replace(' ', "-"), schema));
    let text = |schema: &Value| format!("{}\n", serde_json::to_string_pretty(schema).unwrap()).into_bytes();
    verbs
        .chain([("error".to_owned(), error())])
        .map(|(name, schema)| (format!("{name}.json").into(), text(&schema)))
        .collect()
}

#[test]
fn every_verb_with_data_has_a_schema() {
    let described: Vec<&str> = schemas().into_iter().map(|(words, _)| words).collect();
    for verb in tree::verbs() {
        assert_eq!(
            !verb.prints.columns().is_empty(),
            described.contains(&verb.words),
            "commands/schemas.rs and the Verb of `{}` disagree about whether it prints data",
            verb.words
        );
    }
}
