//! The schema: what it is made of, whose database it may go into, and the runner.

use opsctl::{
    Exit, Kind,
    cancel::Cancel,
    db::{Engine, Query, Value},
    schema::{self, Owner, State},
    webhooks::fixtures,
};

use crate::{on_every_database, support::Case};

/// Columns of the service's tables as its own migrations leave them: name, then type on PostgreSQL, MySQL, SQLite.
const WEBHOOK_EVENTS: [(&str, &str, &str, &str); 21] = [
    ("attempts", "int2", "smallint", "integer"),
    ("created_at", "timestamp", "timestamp", "datetime"),
    ("error_message", "text", "text", "text"),
    ("event_id", "varchar", "varchar", "varchar"),
    ("event_type", "varchar", "varchar", "varchar"),
    ("headers", "json", "longtext", "text"),
    ("id", "bpchar", "char", "varchar"),
    ("last_attempt_at", "timestamp", "timestamp", "datetime"),
    ("next_retry_at", "timestamp", "timestamp", "datetime"),
    ("payload", "json", "longtext", "text"),
    ("payload_raw", "text", "longtext", "text"),
    ("payment_provider_ref", "varchar", "varchar", "varchar"),
    ("payment_status", "varchar", "varchar", "varchar"),
    ("processed_at", "timestamp", "timestamp", "datetime"),
    ("provider", "varchar", "varchar", "varchar"),
    ("received_at", "timestamp", "timestamp", "datetime"),
    ("request_id", "varchar", "varchar", "varchar"),
    ("signature_hash", "varchar", "varchar", "varchar"),
    ("source_ip", "varchar", "varchar", "varchar"),
    ("status", "varchar", "varchar", "varchar"),
    ("updated_at", "timestamp", "timestamp", "datetime"),
];

/// Indexes of `webhook_events` besides its primary key.
const WEBHOOK_INDEXES: [&str; 17] = [
    "webhook_events_last_attempt_at_index",
    "webhook_events_next_retry_at_index",
    "webhook_events_payment_provider_ref_index",
    "webhook_events_payment_status_index",
    "webhook_events_paystatus_created_at_idx",
    "webhook_events_processed_at_index",
    "webhook_events_provider_event_unique",
    "webhook_events_provider_index",
    "webhook_events_provider_next_retry_idx",
    "webhook_events_received_at_index",
    "webhook_events_request_id_index",
    "webhook_events_signature_hash_idx",
    "webhook_events_source_ip_index",
    "webhook_events_status_created_at_idx",
    "webhook_events_status_index",
    "webhook_events_status_next_retry_idx",
    "webhook_events_status_paystatus_next_retry_idx",
];

async fn indexes(case: &Case, table: &str) -> Vec<String> {
    let sql = match case.db.engine() {
        Engine::Postgres => {
            "SELECT indexname AS name FROM pg_indexes WHERE tablename = ? AND indexname NOT LIKE '%_pkey' ORDER BY 1"
        }
        Engine::MySql => {
            "SELECT DISTINCT index_name AS name FROM information_schema.statistics WHERE table_schema = DATABASE() \
             AND table_name = ? AND index_name <> 'PRIMARY' ORDER BY 1"
        }
        Engine::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY 1"
        }
    };
    let rows = case.db.session().await.unwrap().fetch(Query::new(sql).bind(table)).await.unwrap();
    rows.iter().map(|row| row.text("name").unwrap()).collect()
}

on_every_database! {
    // The driver would keep the statement with the type that it guessed for the NULL.
    async fn the_same_statement_takes_null_first_and_a_number_then(case: &Case) {
        let mut session = case.db.session().await.unwrap();
        let sql = match case.db.engine() {
            Engine::MySql => "SELECT CAST(? AS signed) AS n",
            _ => "SELECT CAST(? AS integer) AS n",
        };
        for value in [Value::Null, Value::Int(7), Value::Null] {
            let row = session.first(Query::new(sql).bind_all([value.clone()])).await.unwrap().unwrap();
            let expected = if value == Value::Null { None } else { Some("7".to_owned()) };
            assert_eq!(row.text_or_null("n").unwrap(), expected);
        }
    }

    async fn the_central_tables_are_the_services(case: &Case) {
        let table = case.db.require("webhook_events", &[]).await.unwrap();
        for (name, postgres, mysql, sqlite) in WEBHOOK_EVENTS {
            let expected = match case.db.engine() {
                Engine::Postgres => postgres,
                Engine::MySql => mysql,
                Engine::Sqlite => sqlite,
            };
            assert_eq!(table.columns()[name].kind, expected, "{name}");
        }
        let extra = usize::from(case.schema == Schema::Service);
        assert_eq!(table.columns().len(), WEBHOOK_EVENTS.len() + extra);
        assert_eq!(indexes(case, "webhook_events").await, WEBHOOK_INDEXES);
        assert_eq!(indexes(case, "payments").await.len(), 8);
        for (name, columns) in [
            ("jobs", vec!["id", "queue", "payload", "attempts", "reserved_at", "available_at", "created_at"]),
            ("failed_jobs", vec!["id", "uuid", "connection", "queue", "payload", "exception", "failed_at"]),
            ("cache", vec!["key", "value", "expiration"]),
            ("cache_locks", vec!["key", "owner", "expiration"]),
            ("migrations", vec!["id", "migration", "batch"]),
        ] {
            let table = case.db.require(name, &columns).await.unwrap();
            assert_eq!(table.columns().len(), columns.len(), "{name}");
        }
    }

    async fn status_tells_whose_database_it_is_and_what_is_pending(case: &Case) {
        let status = schema::status(&case.db).await.unwrap();
        match case.schema {
            Schema::Reference => {
                assert_eq!((status.owner, status.exit()), (Owner::Opsctl, Exit::Done));
                let all = [&schema::OPSCTL, &schema::CENTRAL].map(|set| set.migrations(case.db.engine()).len());
                assert_eq!((status.count(State::Applied), status.count(State::Pending)), (all[0] + all[1], 0));
            }
            Schema::Service => {
                assert_eq!((status.owner, status.exit()), (Owner::Application, Exit::Findings));
                assert!(status.migrations.iter().all(|line| line.set == "opsctl"));
            }
        }
        assert_eq!(status.systems, [opsctl::config::System::Webhooks]);
    }

    // In an application's database opsctl adds nothing but its own tables.
    async fn an_applications_database_gets_opsctls_tables_and_nothing_else(case: &Case) {
        let before = case.db.table_names().await.unwrap();
        schema::apply(&case.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
        let mut after = case.db.table_names().await.unwrap();
        after.retain(|name| !before.contains(name));
        if case.schema == Schema::Service {
            assert!(after.iter().all(|name| name.starts_with("opsctl_")), "{after:?}");
            assert!(["opsctl_journal", "opsctl_meta", "opsctl_migrations"].iter().all(|name| after.contains(&(*name).to_owned())));
            assert_eq!(schema::owner(&case.db).await.unwrap(), Owner::Application);
            for error in [
                schema::claim(&case.db, &Cancel::new()).await.unwrap_err(),
                schema::require_own(&case.db, "seeding").await.unwrap_err(),
                schema::wipe(&case.db).await.unwrap_err(),
            ] {
                assert_eq!(error.kind(), Kind::Refused, "{error:?}");
            }
            assert_eq!(case.db.table_names().await.unwrap().len(), before.len() + after.len());
        }
    }

    async fn applying_twice_or_at_once_applies_once(case: &Case) {
        let other = case.another();
        let cancel = Cancel::new();
        let (one, two) = tokio::join!(
            schema::apply(&case.db, &schema::OPSCTL, &cancel),
            schema::apply(&other, &schema::OPSCTL, &cancel),
        );
        let all = schema::OPSCTL.migrations(case.db.engine()).len();
        let expected = if case.schema == Schema::Service { all } else { 0 };
        assert_eq!(one.unwrap().len() + two.unwrap().len(), expected);
        assert_eq!(case.count("opsctl_migrations WHERE success").await, i64::try_from(all).unwrap());
    }

    // The record is the one that sqlx's own tools read: its table, its checksum.
    async fn the_record_is_sqlxs(case: &Case) {
        if case.schema == Schema::Service {
            return;
        }
        let row = &case.rows("SELECT * FROM _sqlx_migrations WHERE version = 1").await[0];
        assert_eq!(row.text("description").unwrap(), "webhooks");
        let first = &schema::CENTRAL.migrations(case.db.engine())[0];
        assert_eq!(row.clone().into_bytes("checksum").unwrap().unwrap(), first.checksum());
        case.execute("UPDATE _sqlx_migrations SET description = 'x' WHERE version = 1").await;
        let zeros = match case.db.engine() {
            Engine::Postgres => "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 1",
            Engine::MySql | Engine::Sqlite => "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1",
        };
        case.execute(zeros).await;
        let status = schema::status(&case.db).await.unwrap();
        assert_eq!((status.count(State::Drifted), status.exit()), (1, Exit::Findings));
    }

    async fn fixtures_go_in_and_late_payments_come_later(case: &Case) {
        let seeded = fixtures::seed(&case.db).await.unwrap();
        assert!(seeded.events >= 300);
        assert_eq!(case.count("webhook_events").await, i64::try_from(seeded.events).unwrap());
        assert_eq!(case.count("payments").await, i64::try_from(seeded.payments).unwrap());
        let late = fixtures::deliver_late_payments(&case.db).await.unwrap();
        assert!(late >= 5);
        assert_eq!(case.count("payments").await, i64::try_from(seeded.payments + late).unwrap());
        // Times are seen from now: nothing has arrived in the future.
        let table = case.db.require("webhook_events", &[]).await.unwrap();
        let sql = format!("SELECT count(*) AS n FROM webhook_events WHERE received_at > {}", table.hole("received_at"));
        let query = Query::new(sql).bind(crate::support::now());
        assert_eq!(case.db.session().await.unwrap().first(query).await.unwrap().unwrap().int("n").unwrap(), 0);
    }

    async fn a_fresh_start_leaves_an_empty_schema(case: &Case) {
        if case.schema == Schema::Service {
            return;
        }
        fixtures::seed(&case.db).await.unwrap();
        assert!(schema::wipe(&case.db).await.unwrap() >= 9);
        assert!(case.db.table_names().await.unwrap().is_empty());
        schema::claim(&case.db, &Cancel::new()).await.unwrap();
        schema::apply(&case.db, &schema::CENTRAL, &Cancel::new()).await.unwrap();
        assert_eq!(case.count("webhook_events").await, 0);
    }

    // No statement with a key scans the table: a bound text carries the column's own type.
    async fn keyed_statements_use_their_index(case: &Case) {
        fixtures::seed(&case.db).await.unwrap();
        let events = case.db.require("webhook_events", &[]).await.unwrap();
        let payments = case.db.require("payments", &[]).await.unwrap();
                let mut session = case.db.session().await.unwrap();
        match case.db.engine() {
            Engine::Postgres => session.script("ANALYZE; SET enable_seqscan = off").await.unwrap(),
            Engine::MySql => session.script("ANALYZE TABLE webhook_events, payments").await.unwrap(),
            Engine::Sqlite => session.script("ANALYZE").await.unwrap(),
        }
        let ids = ["01k00000000000000000000000", "01k00000000000000000000001"];
        let some = events.one_of("id", ids);
        let by_id = Query::new(format!("SELECT id FROM {} WHERE {}", events.name, some.sql)).bind_all(some.values);
        let pairs = payments.from_pairs(["provider", "provider_ref"], vec![("stripe", "pi_1"), ("doku", "INV-2")]);
        let by_reference = Query::new(format!("SELECT t.id FROM {}", pairs.sql)).bind_all(pairs.values);
        for (name, query) in [("id", by_id), ("reference", by_reference)] {
            let rows = session.fetch(query.explained(case.db.engine())).await.unwrap();
            let plan: String = rows.iter().map(|row| format!("{row:?}\n")).collect();
            let scans = match case.db.engine() {
                Engine::Postgres => plan.contains("Seq Scan") || !plan.contains("Index Cond"),
                Engine::MySql => plan.contains("\"ALL\""),
                Engine::Sqlite => plan.contains("SCAN payments") || plan.contains("SCAN webhook_events") || !plan.contains("SEARCH"),
            };
            assert!(!scans, "{name}: {plan}");
        }
    }
}
