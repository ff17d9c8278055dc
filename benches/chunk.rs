//! A chunk's statements: through the library beside the same texts through pgbench or the driver alone.
//!
//! The texts are taken from a real run. The values leave every row as the next run expects it, so that nothing runs dry.

mod captured;
mod values;

use opsctl::db::{Begin, Db, Engine, Query, Session};

use self::{
    captured::{Captured, Role},
    values::Values,
};
use crate::{
    Bench,
    bare::{Bare, Script, pgbench},
    measure::{Better, Comparison, Goal, in_turn, timed},
    support::{Case, Schema},
};

pub(crate) const ABOUT: &str = "\
The statements of one chunk of 100 events, from BEGIN to COMMIT, through the library, and the same texts with the same
values through something that does nothing else: on PostgreSQL the server's own `pgbench`, on MariaDB the driver alone,
which the library also uses. The texts are taken from a run of `webhooks retry`; the values leave each row as the next
chunk expects it.";

/// At least four fifths.
const GOAL: f64 = 0.8;
/// Events of a chunk, as the library makes them.
const EVENTS: u32 = 100;

pub(crate) async fn measure(bench: &Bench) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for engine in [Engine::Postgres, Engine::MySql] {
        let case = Case::new(engine, Schema::Service).await.unwrap();
        bench.found(&mut comparisons, compare(bench, &case).await);
        case.finish().await;
    }
    comparisons
}

async fn compare(bench: &Bench, case: &Case) -> Comparison {
    let engine = case.db.engine();
    let (rows, chunks) = match engine {
        _ if bench.quick => (1000, 20),
        Engine::MySql => (20_000, 60), // takes ten times as long for a chunk
        _ => (20_000, 300),
    };
    case.fill(rows, 100, bench.now).await;
    // The run takes the first hundred events, and is undone: they are the ones that are worked on from now on.
    let captured = captured::capture(bench, case).await;
    let values = Values::new(engine, bench.now, &captured.ids);
    let db = case.at(bench.now);
    let mut session = db.session().await.unwrap();
    let mut bare = Bare::open(&case.target).await;
    let (ours, theirs) = in_turn(
        bench.runs,
        async |_| {
            renew(case).await;
            let work = async {
                for _ in 0..chunks {
                    through_the_library(&mut session, &captured, &values).await;
                }
            };
            f64::from(chunks) / timed(work).await.1.as_secs_f64()
        },
        async |_| {
            renew(case).await;
            if engine == Engine::Postgres {
                let script = script(&captured, &values);
                return pgbench(&bench.pgbench, &case.target, &script, chunks as usize);
            }
            let work = async {
                for _ in 0..chunks {
                    through_the_driver(&mut bare, &captured, &values).await;
                }
            };
            f64::from(chunks) / timed(work).await.1.as_secs_f64()
        },
    )
    .await;
    drop(session);
    worked_on(&db, 2 * i64::from(chunks)).await;
    db.close().await;
    Comparison {
        case: bench.name(engine).into(),
        against: match engine {
            Engine::Postgres => "`pgbench -M prepared`, one client".into(),
            Engine::MySql | Engine::Sqlite => "driver loop".into(),
        },
        unit: "chunks/s",
        better: Better::More,
        ours,
        theirs,
        goal: Goal::Ratio(GOAL),
    }
}

/// Both sides begin with the same rows, without what earlier runs left behind.
async fn renew(case: &Case) {
    case.execute("UPDATE webhook_events SET attempts = 1 WHERE attempts > 1").await;
    if case.db.engine() == Engine::Postgres {
        case.patiently("VACUUM ANALYZE webhook_events").await;
        case.patiently("VACUUM ANALYZE payments").await;
        case.patiently("CHECKPOINT").await;
    }
}

/// Every row of the last run on each side was changed as often as there were chunks.
async fn worked_on(db: &Db, least: i64) {
    let sql = "SELECT MIN(attempts) AS fewest, COUNT(*) AS events FROM webhook_events WHERE attempts > 1";
    let row = db.session().await.unwrap().first(Query::new(sql)).await.unwrap().unwrap();
    let (fewest, events) = (row.int("fewest").unwrap(), row.int("events").unwrap());
    assert_eq!(events, i64::from(EVENTS));
    assert!(fewest > least / 2, "{fewest} of {least}");
}

async fn through_the_library(session: &mut Session<'_>, captured: &Captured, values: &Values) {
    session.begin(Begin::Write).await.unwrap();
    for (role, sql) in &captured.statements {
        let query = Query::new(sql.as_str()).bind_all(values.of(*role, sql));
        let rows = match role {
            Role::Lock | Role::Payments => session.fetch(query).await.unwrap().len() as u64,
            Role::Bodies => {
                let mut rows = 0;
                session.each(query, |_| rows += 1).await.unwrap();
                rows
            }
            Role::UpdatePayments | Role::UpdateEvents => session.execute(query).await.unwrap(),
        };
        assert_eq!(rows, u64::from(EVENTS), "{role:?}");
    }
    session.commit().await.unwrap();
}

async fn through_the_driver(bare: &mut Bare, captured: &Captured, values: &Values) {
    bare.plain("SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION").await;
    for (role, sql) in &captured.statements {
        let values = values.of(*role, sql);
        let rows = match role {
            Role::UpdatePayments | Role::UpdateEvents => bare.execute(sql, &values).await,
            _ => bare.rows(sql, &values).await as u64,
        };
        assert_eq!(rows, u64::from(EVENTS), "{role:?}");
    }
    bare.plain("COMMIT").await;
}

/// The same statements for pgbench, every value a variable.
fn script(captured: &Captured, values: &Values) -> Script {
    let mut text = "BEGIN ISOLATION LEVEL READ COMMITTED;\n".to_owned();
    let mut variables = Vec::new();
    for (role, sql) in &captured.statements {
        let mut parts = sql.split('?');
        text += parts.next().unwrap_or_default();
        for (part, value) in parts.zip(values.of(*role, sql)) {
            let name = format!("v{}", variables.len());
            text += &format!(":{name}{part}");
            variables.push((name, values::literal(&value)));
        }
        text += ";\n";
    }
    Script { text: text + "COMMIT;\n", variables }
}
