//! The webhook service's own retry, statement by statement: what runs beside opsctl on the same rows.
//!
//! Its claim is one transaction over a whole batch, locked plainly, with one UPDATE per row; its processor is one
//! transaction per event. Both are tried three times on a deadlock, as Laravel's `DB::transaction(…, 3)` does.

use opsctl::{
    db::{Db, Engine, Fault, Query, Session},
    webhooks::PaymentStatus,
};

/// Attempts of the service's limit.
const MAX: i64 = 5;
/// The time of all tests, as its columns have it.
const NOW: &str = "2026-11-20 09:00:00";
/// A lease before and after it.
const STALE: &str = "2026-11-20 08:59:00";
const LEASED: &str = "2026-11-20 09:01:00";

/// An event that it claimed.
pub struct Claimed {
    pub id: String,
    provider: String,
    payload: String,
}

/// Claims a batch; `None` when it gave up on a deadlock, as the service does.
pub async fn claim(db: &Db, limit: u32) -> Option<Vec<Claimed>> {
    for _ in 0..3 {
        match try_claim(db, limit).await {
            Ok(claimed) => return Some(claimed),
            Err(error) => assert_eq!(error.fault(), Some(Fault::Transient), "{error}"),
        }
    }
    None
}

/// Applies an event to its payment; whether it did not give up.
pub async fn process(db: &Db, event: &Claimed) -> bool {
    for _ in 0..3 {
        match try_process(db, event).await {
            Ok(()) => return true,
            Err(error) => assert_eq!(error.fault(), Some(Fault::Transient), "{error}"),
        }
    }
    false
}

async fn transaction(db: &Db) -> opsctl::Result<(Session<'_>, &'static str)> {
    let mut session = db.session().await?;
    // In the server's own isolation level.
    session.script("BEGIN").await?;
    Ok((session, if db.engine() == Engine::Sqlite { "" } else { " FOR UPDATE" }))
}

async fn try_claim(db: &Db, limit: u32) -> opsctl::Result<Vec<Claimed>> {
    let (mut session, lock) = transaction(db).await?;
    let work = claim_in(&mut session, lock, limit).await;
    finish(&mut session, work).await
}

async fn try_process(db: &Db, event: &Claimed) -> opsctl::Result<()> {
    let (mut session, lock) = transaction(db).await?;
    let work = process_in(&mut session, lock, event).await;
    finish(&mut session, work).await
}

async fn finish<T>(session: &mut Session<'_>, work: opsctl::Result<T>) -> opsctl::Result<T> {
    match work {
        Ok(done) => session.commit().await.map(|()| done),
        Err(error) => {
            session.rollback().await?;
            Err(error)
        }
    }
}

async fn claim_in(session: &mut Session<'_>, lock: &str, limit: u32) -> opsctl::Result<Vec<Claimed>> {
    let stale = format!(
        "status IN ('processing', 'queued') AND last_attempt_at IS NOT NULL AND last_attempt_at <= '{STALE}'"
    );
    let text = if session.db().engine() == Engine::Postgres { "payload::text" } else { "payload" };
    let due = format!(
        "SELECT id, provider, attempts, {text} AS payload FROM webhook_events WHERE status <> 'processed' \
         AND (payment_status IS NULL OR payment_status = 'pending') AND attempts < {MAX} \
         AND (status NOT IN ('processing', 'queued') OR ({stale})) \
         AND (next_retry_at IS NULL OR next_retry_at <= '{NOW}' OR ({stale})) \
         ORDER BY (next_retry_at IS NOT NULL), next_retry_at ASC LIMIT {limit}{lock}"
    );
    let mut claimed = Vec::new();
    for row in session.fetch(Query::new(due)).await? {
        let (id, attempts) = (row.text("id")?, row.int("attempts")? + 1);
        let update = format!(
            "UPDATE webhook_events SET attempts = {attempts}, last_attempt_at = '{NOW}', next_retry_at = '{LEASED}', \
             status = 'processing', error_message = NULL, updated_at = '{NOW}' WHERE id = '{id}'"
        );
        session.execute(Query::new(update)).await?;
        claimed.push(Claimed { id, provider: row.text("provider")?, payload: row.text("payload")? });
    }
    Ok(claimed)
}

async fn process_in(session: &mut Session<'_>, lock: &str, event: &Claimed) -> opsctl::Result<()> {
    let Claimed { id, provider, payload } = event;
    let row = session
        .fetch(Query::new(format!("SELECT status FROM webhook_events WHERE id = '{id}'{lock}")))
        .await?;
    assert_eq!(row[0].text("status")?, "processing", "somebody else took {id}");
    let body: serde_json::Value = serde_json::from_str(payload).unwrap();
    let reference = body["id"].as_str().unwrap();
    let status =
        if body["status"] == "paid" { PaymentStatus::Succeeded } else { PaymentStatus::Failed }.name();
    let update = format!(
        "UPDATE payments SET status = '{status}', updated_at = '{NOW}' WHERE provider = '{provider}' \
         AND provider_ref = '{reference}' AND status IN ('pending', '{status}')"
    );
    session.execute(Query::new(update)).await?;
    let read =
        format!("SELECT status FROM payments WHERE provider = '{provider}' AND provider_ref = '{reference}'");
    let stands = session.fetch(Query::new(read)).await?[0].text("status")?;
    let done = format!(
        "UPDATE webhook_events SET status = 'processed', payment_status = '{stands}', payment_provider_ref = '{reference}', \
         processed_at = '{NOW}', next_retry_at = NULL, error_message = NULL, updated_at = '{NOW}' WHERE id = '{id}'"
    );
    session.execute(Query::new(done)).await?;
    Ok(())
}
