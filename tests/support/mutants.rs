//! The verifier against schemas that are known: mutants of a sound one, which it must find and whose repair must run,
//! and sound ones, of which it must say nothing.

use opsctl::{
    db::Engine,
    isolation::{
        COLUMN,
        verify::{Parties, Verdict, verify},
    },
};

use super::roles::Cluster;

/// A way to break the sound schema: what it is, the SQL, the rule that finds it, the table or role that is named.
pub type Mutant<'a> = (&'a str, &'a str, &'a str, &'a str);

/// How often repairs may bring up others: a view on a view is repaired from within.
const ROUNDS: usize = 3;

/// What is found with the roles that a cluster may have.
pub async fn verdict(cluster: &Cluster, column: &str) -> Verdict {
    let parties =
        Parties { app: &cluster.app, other: Some(&cluster.owner), operator: Some(&cluster.case.db) };
    verify(parties, column).await.unwrap()
}

/// SQL with the names of this cluster's roles and database in it.
fn told(cluster: &Cluster, sql: &str) -> String {
    sql.replace("{app}", &format!("app_{}", cluster.mark))
        .replace("{own}", &format!("own_{}", cluster.mark))
        .replace("{other}", &format!("oth_{}", cluster.mark))
        .replace("{db}", &cluster.case.target.name)
}

/// Runs SQL as the superuser, and what comes after `own:` as the tables' owner.
pub async fn change(cluster: &Cluster, sql: &str) {
    let (first, second) = sql.split_once("own:").unwrap_or((sql, ""));
    if !first.is_empty() {
        cluster.case.execute(&told(cluster, first)).await;
    }
    if !second.is_empty() {
        cluster.owner.session().await.unwrap().script(&told(cluster, second)).await.unwrap();
    }
}

/// Breaks a sound schema, and wants a finding of the rule that names the table or role; then runs what is to repair it,
/// as it is printed, and wants nothing to be found any more.
pub async fn caught(engine: Engine, mutants: &[Mutant<'_>]) {
    let mut missed = Vec::new();
    for (name, sql, rule, place) in mutants {
        let Some(cluster) = Cluster::new(engine).await else { return };
        change(&cluster, sql).await;
        let verdict = verdict(&cluster, COLUMN).await;
        let named = told(&cluster, place);
        let found = verdict.findings.iter().any(|finding| {
            finding.rule.id() == *rule && (finding.table.ends_with(&named) || finding.why.contains(&named))
        });
        if found {
            missed.extend(repaired(&cluster, verdict).await.err().map(|why| format!("{name}: {why}")));
        } else {
            missed.push(format!("{name}: {rule} at {named} is not in {verdict:#?}"));
        }
        clean(&cluster).await;
        cluster.finish().await;
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Runs the repairs that are printed until nothing is left to repair.
async fn repaired(cluster: &Cluster, mut verdict: Verdict) -> Result<(), String> {
    for _ in 0..ROUNDS {
        let mut repairs: Vec<&str> = Vec::new();
        for finding in &verdict.findings {
            if !repairs.contains(&finding.repair.as_str()) {
                repairs.push(&finding.repair);
            }
        }
        for repair in repairs {
            let done = run(cluster, repair).await;
            done.map_err(|error| format!("`{repair}` does not run: {error:?}, of {:#?}", verdict.findings))?;
        }
        // What a connection begins with was settled when it was made.
        cluster.app.close().await;
        verdict = self::verdict(cluster, COLUMN).await;
        if verdict.findings.is_empty() {
            return Ok(());
        }
    }
    Err(format!("is not repaired by {:#?}", verdict.findings))
}

/// Runs a repair as those do who have the right to: a routine is readable to who made it.
async fn run(cluster: &Cluster, repair: &str) -> opsctl::Result<()> {
    if cluster.case.db.engine() == Engine::MySql
        && cluster.owner.session().await.unwrap().script(repair).await.is_ok()
    {
        return Ok(());
    }
    cluster.case.db.session().await.unwrap().script(repair).await
}

/// Takes away what a mutant has made on the server.
async fn clean(cluster: &Cluster) {
    let leftover = match cluster.case.db.engine() {
        Engine::Postgres => {
            "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{other}') THEN \
             EXECUTE 'REASSIGN OWNED BY {other} TO CURRENT_USER'; EXECUTE 'DROP OWNED BY {other}'; \
             EXECUTE 'DROP ROLE {other}'; END IF; END $$"
        }
        Engine::MySql => "DROP ROLE IF EXISTS {other}; DROP DATABASE IF EXISTS {other}",
        Engine::Sqlite => return,
    };
    change(cluster, leftover).await;
}

/// A sound schema, made by the owner from nothing: nothing is found, everything is shown.
pub async fn sound(name: &str, column: &str, sql: &str) {
    let Some(cluster) = Cluster::empty(Engine::Postgres).await else { return };
    change(&cluster, &format!("own:{sql}")).await;
    let verdict = verdict(&cluster, column).await;
    assert!(verdict.findings.is_empty(), "{name}: {:#?}", verdict.findings);
    assert!(verdict.unproved.is_empty(), "{name}: {:#?}", verdict.unproved);
    assert!(verdict.untried.is_empty(), "{name}: {:#?}", verdict.untried);
    assert!(verdict.tables > 0, "{name}");
    cluster.finish().await;
}
