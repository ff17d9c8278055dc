//! What the database's server says: version, session, clock, systems, and what the schema lacks.

use serde_json::{Value, json};
use tokio::{sync::oneshot::Sender, time::Instant};

use super::{Request, Topic, fleet, within};
use crate::{
    Error, Result,
    clock::Clock,
    config::{
        Context, System,
        describe::{Fact, Section, Standing},
        stores::LockStore,
        system,
    },
    db::{Access, Db, Engine, Query},
    schema::{self, Owner, State},
    webhooks,
};

/// A difference between two clocks that is worth a look: due times are compared with the server's.
const SKEW_MS: i64 = 2_000;

/// The sections that need the database.
pub(super) struct Found {
    pub systems: Section,
    pub database: Section,
    pub schema: Section,
    pub fleet: Section,
}

/// Asks the database, and tells the system that its tables show as soon as it is known.
pub(super) async fn ask(
    context: &Context,
    request: &Request<'_>,
    needed: bool,
    deadline: Instant,
    tell: Sender<System>,
) -> Found {
    let mut database = context.database_facts();
    let (mut systems, mut schema) = (Section::new("systems"), Section::new("schema"));
    let mut fleet = fleet::of_file(context);
    systems.push(match &context.system {
        Some(found) => Fact::new("configured", found.value.name()).of(&found.origin),
        None => Fact::new("configured", Value::Null),
    });
    let target = context.database().ok().filter(|_| needed);
    let Some(target) = target else { return Found { systems, database, schema, fleet } };
    let db = Db::new(target, Access::Existing, request.clock);
    let what = db.target().to_string();
    match within(deadline, &what, tables(&db)).await {
        Err(error) => {
            database.push(Fact::problem("server", &error));
            for section in [&mut systems, &mut schema, &mut fleet] {
                section
                    .push(Fact::new("unknown", "the database could not be asked").standing(Standing::Warn));
            }
            return Found { systems, database, schema, fleet };
        }
        Ok(names) => {
            let detected = system::detect(names.iter().map(String::as_str));
            if let Some(first) = detected.first() {
                let _ = tell.send(*first); // who waits for it may have gone on without
            } else {
                drop(tell);
            }
            systems.push(detected_fact(context, &detected));
            if let Err(error) = within(deadline, &what, server(&db, &mut database, request.clock)).await {
                database.push(Fact::problem("session", &error));
            }
            if let Err(error) = within(deadline, &what, gaps(&db, context, &detected, &mut schema)).await {
                schema.push(Fact::problem("problem", &error));
            }
            if request.wants(Topic::Fleet)
                && let Err(error) = within(deadline, &what, fleet::ask(context, &db, &mut fleet)).await
            {
                fleet.push(Fact::problem("problem", &error));
            }
        }
    }
    db.close().await;
    Found { systems, database, schema, fleet }
}

pub(super) async fn tables(db: &Db) -> Result<Vec<String>> {
    db.facts().await?;
    db.table_names().await
}

fn detected_fact(context: &Context, detected: &[System]) -> Fact {
    let names: Vec<&str> = detected.iter().map(|system| system.name()).collect();
    let fact = Fact::new("detected", json!(names)).of(&"the tables of the database");
    match &context.system {
        Some(set) if !detected.is_empty() && !detected.contains(&set.value) => fact
            .standing(Standing::Warn)
            .hint(format!("the tables are not those of `{}`: is this the right database?", set.value.name())),
        _ => fact,
    }
}

/// What the server is, and what it makes of this session.
async fn server(db: &Db, section: &mut Section, clock: Clock) -> Result<()> {
    let facts = db.facts().await?;
    section.push(Fact::new("server", facts.server.as_str()).standing(Standing::Good));
    let writes = Fact::new("read_only", facts.read_only);
    section.push(match facts.read_only {
        true => writes.standing(Standing::Warn).hint("commands that write need the primary"),
        false => writes,
    });
    section.push(Fact::new("skip_locked", facts.skip_locked));
    session(db, section).await?;
    if db.engine() != Engine::Sqlite {
        section.push(skew(db, clock).await?);
    }
    Ok(())
}

async fn session(db: &Db, section: &mut Section) -> Result<()> {
    let sql = match db.engine() {
        Engine::Postgres => {
            "SELECT current_user::text AS session_user_name, current_setting('TimeZone') AS session_time_zone, \
             current_setting('search_path') AS session_search_path, \
             COALESCE((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), 'none') AS session_tls"
        }
        Engine::MySql => {
            "SELECT CURRENT_USER() AS session_user_name, \
             REPLACE(@@session.time_zone, 'SYSTEM', CONCAT('the host''s, ', @@system_time_zone)) AS session_time_zone"
        }
        Engine::Sqlite => "SELECT journal_mode FROM pragma_journal_mode",
    };
    let columns: &[(&str, &str)] = match db.engine() {
        Engine::Postgres => &[
            ("session_user", "session_user_name"),
            ("session_time_zone", "session_time_zone"),
            ("session_search_path", "session_search_path"),
            ("session_tls", "session_tls"),
        ],
        Engine::MySql => &[("session_user", "session_user_name"), ("session_time_zone", "session_time_zone")],
        Engine::Sqlite => &[("journal_mode", "journal_mode")],
    };
    let mut session = db.session().await?;
    let row =
        session.first(Query::new(sql)).await?.ok_or_else(|| Error::failed("the server tells nothing"))?;
    for (name, column) in columns {
        section.push(Fact::new(*name, row.text(column)?));
    }
    if db.engine() == Engine::MySql {
        let row = session.first(Query::new("SHOW SESSION STATUS LIKE 'Ssl_version'")).await?;
        let tls = row.map_or(Ok(String::new()), |row| row.text("Value"))?;
        section.push(Fact::new("session_tls", if tls.is_empty() { "none".into() } else { tls }));
    }
    Ok(())
}

/// How far the server's clock is ahead of this host's, in milliseconds.
async fn skew(db: &Db, clock: Clock) -> Result<Fact> {
    let before = clock.now();
    let there = db.now().await?;
    let here = before + (clock.now() - before) / 2;
    let skew = (there - here).num_milliseconds();
    let fact = Fact::new("clock_ahead_ms", skew);
    if skew.abs() < SKEW_MS {
        return Ok(fact);
    }
    Ok(fact
        .standing(Standing::Warn)
        .hint("due times are compared with the server's clock, not with this host's"))
}

/// Whose database it is, what commands would miss in it, and what is pending of opsctl's own.
async fn gaps(db: &Db, context: &Context, detected: &[System], section: &mut Section) -> Result<()> {
    let status = schema::status(db).await?;
    section.push(Fact::new(
        "owner",
        match status.owner {
            Owner::Application => "an application",
            Owner::Opsctl => "opsctl",
        },
    ));
    let set = context.system.as_ref().map(|system| system.value);
    let mut missing = Vec::new();
    if set == Some(System::Webhooks) || detected.contains(&System::Webhooks) {
        missing.extend(webhooks::gaps(db).await?);
    }
    let command = set.or(detected.first().copied()).unwrap_or(System::Webhooks);
    if let Ok(LockStore::Database { database: None, table, .. }) = context.lock_store("", command) {
        missing.extend(db.lacks(&table, &["key", "owner", "expiration"]).await?);
    }
    let fact = Fact::new("missing", json!(missing));
    section.push(match missing.is_empty() {
        true => fact.standing(Standing::Good),
        false => fact
            .standing(Standing::Bad)
            .hint("in the application's own database run `php artisan migrate`")
            .hint("is this the right database? `opsctl db status` says what it is"),
    });
    for (name, state, standing) in [
        ("migrations_pending", State::Pending, Standing::Warn),
        ("migrations_drifted", State::Drifted, Standing::Bad),
        ("migrations_dirty", State::Dirty, Standing::Bad),
    ] {
        let count = status.count(state);
        if count > 0 {
            section.push(Fact::new(name, count).standing(standing).hint("look at them: `opsctl db status`"));
        } else if state == State::Pending {
            section.push(Fact::new(name, 0).standing(Standing::Good));
        }
    }
    Ok(())
}
