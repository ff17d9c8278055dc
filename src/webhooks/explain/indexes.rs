//! The indexes that the service's tables should have, and how to make those that are missing.

use serde::Serialize;

use super::super::Store;
use crate::{
    Result,
    db::{Engine, Index, Table},
};

/// An index of the service's schema.
struct Wanted {
    name: &'static str,
    columns: &'static [&'static str],
    unique: bool,
    /// What opsctl finds by it.
    finds: Option<&'static str>,
}

const fn plain(name: &'static str, columns: &'static [&'static str]) -> Wanted {
    Wanted { name, columns, unique: false, finds: None }
}

impl Wanted {
    const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    const fn finds(mut self, what: &'static str) -> Self {
        self.finds = Some(what);
        self
    }
}

const EVENTS: [Wanted; 17] = [
    plain("webhook_events_provider_event_unique", &["provider", "event_id"])
        .unique()
        .finds("a second delivery of an event"),
    plain("webhook_events_provider_next_retry_idx", &["provider", "next_retry_at"])
        .finds("the due events of every provider"),
    plain("webhook_events_next_retry_at_index", &["next_retry_at"]).finds("the earliest events that are due"),
    plain("webhook_events_status_next_retry_idx", &["status", "next_retry_at"])
        .finds("stale claims, and due events without a next time"),
    plain("webhook_events_received_at_index", &["received_at"]).finds("a page of `webhooks list`"),
    plain("webhook_events_request_id_index", &["request_id"]).finds("an event by its request"),
    plain("webhook_events_provider_index", &["provider"]),
    plain("webhook_events_signature_hash_idx", &["signature_hash"]),
    plain("webhook_events_source_ip_index", &["source_ip"]),
    plain("webhook_events_status_index", &["status"]),
    plain("webhook_events_payment_status_index", &["payment_status"]),
    plain("webhook_events_payment_provider_ref_index", &["payment_provider_ref"]),
    plain("webhook_events_last_attempt_at_index", &["last_attempt_at"]),
    plain("webhook_events_processed_at_index", &["processed_at"]),
    plain("webhook_events_status_created_at_idx", &["status", "created_at"]),
    plain("webhook_events_paystatus_created_at_idx", &["payment_status", "created_at"]),
    plain("webhook_events_status_paystatus_next_retry_idx", &["status", "payment_status", "next_retry_at"]),
];

const PAYMENTS: [Wanted; 8] = [
    plain("payments_provider_provider_ref_unique", &["provider", "provider_ref"])
        .unique()
        .finds("the payment of an event"),
    plain("payments_provider_ref_index", &["provider_ref"]).finds("payments of other providers"),
    plain("payments_idempotency_key_unique", &["idempotency_key"]).unique(),
    plain("payments_provider_index", &["provider"]),
    plain("payments_status_index", &["status"]),
    plain("payments_idempotency_request_hash_index", &["idempotency_request_hash"]),
    plain("payments_status_created_at_idx", &["status", "created_at"]),
    plain("payments_provider_created_at_idx", &["provider", "created_at"]),
];

/// Why an index is not there to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No index does its work.
    Missing,
    /// One of its name is there: invalid, switched off, partial, or of other columns.
    Unusable,
}

/// An index that should be there and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Advice {
    /// Its table.
    pub table: &'static str,
    /// Its name in the service's schema.
    pub name: &'static str,
    /// Its columns in order.
    pub columns: &'static [&'static str],
    /// No two rows may have the same values.
    pub unique: bool,
    /// Why it is not there to be used.
    pub state: State,
    /// What opsctl finds by it; `None` for one that only the service uses.
    pub finds: Option<&'static str>,
    /// What a person who may do so runs to make it, one by one and in no transaction.
    pub statements: Vec<String>,
}

/// The indexes that are missing, those that opsctl needs first.
pub(super) async fn missing(store: &Store<'_>) -> Result<Vec<Advice>> {
    let mut advice = Vec::new();
    let tables =
        [("webhook_events", &store.events, &EVENTS[..]), ("payments", &store.payments, &PAYMENTS[..])];
    for (name, table, wanted) in tables {
        let there = store.db.indexes(name).await?;
        let lacking = wanted.iter().filter(|wanted| !there.iter().any(|index| does_its_work(index, wanted)));
        // A service that is older may lack a column, too.
        let lacking = lacking.filter(|wanted| wanted.columns.iter().all(|column| table.has(column)));
        advice.extend(lacking.map(|wanted| advise(store, name, table, wanted, &there)));
    }
    advice.sort_by_key(|advice| advice.finds.is_none());
    Ok(advice)
}

/// A longer index does the work of a shorter one that it begins with; none but the same keeps rows unique.
fn does_its_work(index: &Index, wanted: &Wanted) -> bool {
    let begins = index.columns.iter().zip(wanted.columns).all(|(there, wanted)| there == wanted);
    let (there, needed) = (index.columns.len(), wanted.columns.len());
    index.usable && begins && if wanted.unique { index.unique && there == needed } else { there >= needed }
}

fn advise(
    store: &Store<'_>,
    name: &'static str,
    table: &Table,
    wanted: &'static Wanted,
    there: &[Index],
) -> Advice {
    let taken = there.iter().find(|index| index.name.eq_ignore_ascii_case(wanted.name));
    let columns = wanted.columns.iter().map(|column| table.column(column)).collect::<Vec<_>>().join(", ");
    let unique = if wanted.unique { "UNIQUE " } else { "" };
    let (index, on) = (table.column(wanted.name), &table.name);
    let (create, drop) = match store.db.engine() {
        Engine::Postgres => (
            format!("CREATE {unique}INDEX CONCURRENTLY {index} ON {on} ({columns});"),
            format!("DROP INDEX CONCURRENTLY {index};"),
        ),
        Engine::MySql => (
            format!("CREATE {unique}INDEX {index} ON {on} ({columns}) ALGORITHM=INPLACE LOCK=NONE;"),
            format!("DROP INDEX {index} ON {on};"),
        ),
        Engine::Sqlite => {
            (format!("CREATE {unique}INDEX {index} ON {on} ({columns});"), format!("DROP INDEX {index};"))
        }
    };
    Advice {
        table: name,
        name: wanted.name,
        columns: wanted.columns,
        unique: wanted.unique,
        state: if taken.is_some() { State::Unusable } else { State::Missing },
        finds: wanted.finds,
        statements: taken.map(|_| drop).into_iter().chain([create]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_index_does_the_work_of_a_shorter_one_and_a_unique_one_only_its_own() {
        let index = |columns: &[&str], unique, usable| Index {
            name: "i".into(),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            unique,
            usable,
        };
        let shorter = plain("a", &["provider"]);
        let unique = plain("a", &["provider", "event_id"]).unique();
        assert!(does_its_work(&index(&["provider", "next_retry_at"], false, true), &shorter));
        assert!(!does_its_work(&index(&["next_retry_at", "provider"], false, true), &shorter));
        assert!(!does_its_work(&index(&["provider"], false, false), &shorter));
        assert!(does_its_work(&index(&["provider", "event_id"], true, true), &unique));
        assert!(!does_its_work(&index(&["provider", "event_id"], false, true), &unique));
        assert!(!does_its_work(&index(&["provider"], true, true), &unique));
    }
}
