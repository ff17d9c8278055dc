//! `webhooks explain --due`: the server's plans in words, how many events are due, and indexes that are missing.

use std::collections::BTreeMap;

use opsctl::{
    schema,
    webhooks::{self, DuePlan, Filter, IndexState, Statement},
};

use crate::{
    on_every_database, on_every_engine,
    support::{Case, Event, Schema, limits},
};

async fn plan(case: &Case) -> DuePlan {
    webhooks::explain_due(&case.db, &limits(), None).await.unwrap()
}

/// Enough done events around the due ones that no server prefers to read them all.
async fn fill(case: &Case) {
    webhooks::fixtures::seed(&case.db).await.unwrap();
    let numbers = match case.db.engine() {
        opsctl::db::Engine::Postgres => "FROM (SELECT generate_series(1, 6000)::text AS i) AS n",
        opsctl::db::Engine::MySql => "FROM (SELECT seq AS i FROM seq_1_to_6000) AS n",
        opsctl::db::Engine::Sqlite => {
            "FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) SELECT i FROM n) AS n"
        }
    };
    case.execute(&format!(
        "INSERT INTO webhook_events (id, provider, event_id, payload, status, payment_status, processed_at) \
         SELECT i, 'stripe', i, '{{}}', 'processed', 'succeeded', '2026-11-19 09:00:00' {numbers}"
    ))
    .await;
    analyse(case).await;
}

async fn analyse(case: &Case) {
    case.execute(match case.db.engine() {
        opsctl::db::Engine::MySql => "ANALYZE TABLE webhook_events",
        _ => "ANALYZE",
    })
    .await;
}

async fn drop_index(case: &Case, table: &str, name: &str) {
    match case.db.engine() {
        opsctl::db::Engine::MySql => case.execute(&format!("DROP INDEX {name} ON {table}")).await,
        _ => case.execute(&format!("DROP INDEX {name}")).await,
    }
}

/// Plain indexes of both tables, by table and name.
async fn plain_indexes(case: &Case) -> Vec<(&'static str, String)> {
    let mut plain = Vec::new();
    for table in ["webhook_events", "payments"] {
        let indexes = case.db.indexes(table).await.unwrap();
        plain.extend(indexes.into_iter().filter(|index| !index.unique).map(|index| (table, index.name)));
    }
    plain
}

on_every_engine! {
    async fn as_many_are_due_as_are_listed(case: &Case) {
        webhooks::fixtures::seed(&case.db).await.unwrap();
        let filter = Filter { due: true, limit: 1000, ..Filter::default() };
        let mut listed: BTreeMap<String, u64> = BTreeMap::new();
        for item in webhooks::list(&case.db, &filter, &limits()).await.unwrap().items {
            *listed.entry(item.provider).or_default() += 1;
        }
        let told = plan(case).await;
        assert!(told.due.iter().all(|line| !line.at_least) && listed.len() > 10, "{told:#?}");
        let told: BTreeMap<String, u64> = told.due.into_iter().map(|line| (line.provider, line.events)).collect();
        assert_eq!(told, listed);
        let one = webhooks::explain_due(&case.db, &limits(), Some("stripe")).await.unwrap();
        assert_eq!(one.due.iter().map(|line| line.events).collect::<Vec<_>>(), [listed["stripe"]]);
    }

    // Whoever drops the indexes of due times is told so, and what to run; whoever runs that has them again.
    async fn a_missing_index_is_told_with_the_statement_that_makes_it(case: &Case) {
        fill(case).await;
        let whole = plan(case).await;
        assert!(whole.plans.iter().all(|plan| !plan.scans) && whole.notes.is_empty(), "{whole:#?}");
        let names = [
            "webhook_events_next_retry_at_index", "webhook_events_provider_next_retry_idx", "webhook_events_status_next_retry_idx",
        ];
        for name in names {
            drop_index(case, "webhook_events", name).await;
        }
        let lacking = plan(case).await;
        let missing: Vec<&str> = lacking.missing.iter().map(|advice| advice.name).collect();
        assert_eq!(missing, ["webhook_events_provider_next_retry_idx", "webhook_events_next_retry_at_index", "webhook_events_status_next_retry_idx"]);
        assert!(lacking.missing.iter().all(|advice| advice.state == IndexState::Missing && advice.finds.is_some()));
        let used = |plans: &DuePlan| plans.plans.iter().flat_map(|plan| plan.indexes.clone()).any(|index| names.contains(&index.as_str()));
        assert!(used(&whole) && !used(&lacking), "{lacking:#?}");
        assert_eq!(plain_indexes(case).await.iter().filter(|(_, name)| names.contains(&name.as_str())).count(), 0, "nothing is run");
        for advice in &lacking.missing {
            for statement in &advice.statements {
                assert_eq!(statement.contains("CONCURRENTLY"), case.db.engine() == Engine::Postgres, "{statement}");
                case.execute(statement).await;
            }
        }
        analyse(case).await;
        let mended = plan(case).await;
        assert!(mended.missing.is_empty() && mended.plans.iter().all(|plan| !plan.scans), "{mended:#?}");
    }

    // Without any index the service is slow, and told to be.
    async fn a_table_without_indexes_is_said_to_be_read_whole(case: &Case) {
        fill(case).await;
        for (table, name) in plain_indexes(case).await {
            drop_index(case, table, &name).await;
        }
        let told = plan(case).await;
        let earliest = told.plans.iter().find(|plan| plan.statement == Statement::Earliest).unwrap();
        assert!(earliest.scans && earliest.indexes.is_empty(), "{earliest:#?}");
        // Of 22, two are the beginnings of unique ones, which were not dropped.
        assert_eq!(told.missing.len(), 20, "{:#?}", told.missing);
        let file = &schema::CENTRAL.migrations(case.db.engine())[0].sql;
        assert!(told.missing.iter().all(|advice| file.contains(advice.name)), "the service's own names");
        let needed: Vec<bool> = told.missing.iter().map(|advice| advice.finds.is_some()).collect();
        assert!(needed.is_sorted_by(|a, b| a >= b), "what opsctl needs comes first");
        case.write_env("");
        let said = case.run(&["webhooks", "explain", "--due"]);
        assert!(said.out.contains("Earliest ....... reads the whole table"), "{}", said.out);
        assert!(said.out.contains("payments_provider_ref_index is missing; by it are found: payments of other providers"));
    }

    // An index of the right name that no statement can use is made anew.
    async fn an_index_that_cannot_be_used_is_told_and_made_anew(case: &Case) {
        let name = "webhook_events_next_retry_at_index";
        match case.db.engine() {
            Engine::MySql => case.execute(&format!("ALTER TABLE webhook_events ALTER INDEX {name} IGNORED")).await,
            _ => {
                drop_index(case, "webhook_events", name).await;
                case.execute(&format!("CREATE INDEX {name} ON webhook_events (next_retry_at) WHERE status = 'failed'")).await;
            }
        }
        let told = plan(case).await.missing;
        assert_eq!((told.len(), told[0].name, told[0].state), (1, name, IndexState::Unusable), "{told:#?}");
        for statement in &told[0].statements {
            case.execute(statement).await;
        }
        assert_eq!(plan(case).await.missing, []);
    }

    async fn a_small_table_is_scanned_and_that_is_well(case: &Case) {
        Event::due("a").insert(case).await;
        analyse(case).await;
        let told = plan(case).await;
        let scans = told.plans.iter().any(|plan| plan.scans);
        assert!(scans || case.db.engine() == Engine::MySql, "MariaDB's keys are cheap on any table: {told:#?}");
        assert_eq!(told.notes.len(), usize::from(scans), "{told:#?}");
    }
}

on_every_database! {
    async fn the_services_own_schema_lacks_nothing(case: &Case) {
        let told = plan(case).await;
        assert_eq!((told.missing, told.due), (vec![], vec![]));
    }
}

#[tokio::test]
async fn the_plan_for_people() {
    let case = Case::new(opsctl::db::Engine::Sqlite, Schema::Service).await.unwrap();
    case.write_env("");
    fill(&case).await;
    drop_index(&case, "webhook_events", "webhook_events_next_retry_at_index").await;
    let said = case.run(&["webhooks", "explain", "--due", "--provider", "stripe"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    insta::assert_snapshot!(said.out, @r#"
    Verdict ........ slower than it could be: 1 index that opsctl needs is missing
    Due now ........ 15 events of stripe
    No next time ... walks webhook_events_status_next_retry_idx, sorts what it finds
    Per provider ... walks webhook_events_paystatus_created_at_idx, webhook_events_processed_at_index, sorts what it finds
    Earliest ....... walks webhook_events_paystatus_created_at_idx, webhook_events_processed_at_index, sorts what it finds
    Indexes ........ webhook_events_next_retry_at_index is missing; by it are found: the earliest events that are due
                       CREATE INDEX "webhook_events_next_retry_at_index" ON "webhook_events" ("next_retry_at");
    "#);
    // The server's own words are for those who ask.
    let with_plan = case.run(&["webhooks", "explain", "--due", "--provider", "stripe", "--plan"]).out;
    insta::assert_snapshot!(with_plan.strip_prefix(&said.out).unwrap(), @r"
    Plan ........... No next time:
                       SEARCH webhook_events USING INDEX webhook_events_status_next_retry_idx (status=?)
                       SEARCH webhook_events USING INDEX webhook_events_status_next_retry_idx (status=? AND next_retry_at=?)
                       USE TEMP B-TREE FOR ORDER BY (2 times)
                     Per provider:
                       SEARCH webhook_events USING INDEX webhook_events_paystatus_created_at_idx (payment_status=?) (2 times)
                       SEARCH webhook_events USING INDEX webhook_events_processed_at_index (processed_at=?)
                       USE TEMP B-TREE FOR ORDER BY
                     Earliest:
                       SEARCH webhook_events USING INDEX webhook_events_paystatus_created_at_idx (payment_status=?) (2 times)
                       SEARCH webhook_events USING INDEX webhook_events_processed_at_index (processed_at=?)
                       USE TEMP B-TREE FOR ORDER BY
    ");
    let json: serde_json::Value =
        serde_json::from_str(&case.run(&["webhooks", "explain", "--due", "--json"]).out).unwrap();
    let members: Vec<&String> = json["data"].as_object().unwrap().keys().collect();
    assert_eq!(members, ["now", "plans", "due", "missing", "notes"]);
    assert_eq!(json["summary"]["missing"], 1);
    case.finish().await;
}

#[tokio::test]
async fn a_table_of_due_events_names_providers_and_no_ids() {
    let case = Case::new(opsctl::db::Engine::Sqlite, Schema::Service).await.unwrap();
    case.write_env("");
    for (at, provider) in ["stripe", "stripe", "xendit"].into_iter().enumerate() {
        Event::due(&at.to_string()).provider(provider).insert(&case).await;
    }
    let due = |words: &[&str]| case.run(&[&["webhooks", "explain", "--due"], words].concat());
    assert_eq!(due(&["-o", "csv"]).out, "provider,events,at_least\nstripe,2,no\nxendit,1,no\n");
    assert_eq!(
        due(&["-o", "tsv", "--columns", "events,provider", "--sort-by", "events"]).out,
        "events\tprovider\n1\txendit\n2\tstripe\n"
    );
    let ids = due(&["-o", "ids"]);
    assert_eq!((ids.code, ids.out.as_str()), (2, ""), "{ids:?}");
    assert!(ids.err.contains("`opsctl webhooks list --due -o ids`"), "{}", ids.err);
    let column = due(&["--columns", "outcome"]);
    assert!(column.code == 2 && column.err.contains("columns: provider, events, at_least"), "{column:?}");
    let event = case.run(&["webhooks", "explain", "01k9aaaaaaaaaaaaaaaaaaaaa1", "--columns", "events"]);
    assert!(
        event.code == 2 && event.err.contains("columns: id, provider, status, due, outcome, reason"),
        "{event:?}"
    );
    let one = due(&["--provider", "xendit"]).out;
    assert!(one.contains("Due now ........ 1 event of xendit\n"), "{one}");
    case.finish().await;
}
