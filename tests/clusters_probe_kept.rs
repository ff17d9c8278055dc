//! `clusters probe` for people, for a monitoring system, and for later: what is kept of it.

use opsctl::{
    cancel::Cancel,
    clock::Clock,
    clusters::probe::{self, KEPT, Limits, Request},
    config::clusters::Role,
    db::Engine,
    fleet::{Bounds, Cluster},
};
use std::time::Duration;

use crate::{on_every_engine, support::fleet::Fleet};

/// What differs from run to run.
const FILTERS: [(&str, &str); 10] = [
    (r"/\S+/opsctl\.toml", "FILE"),
    (r"127\.0\.0\.1:\d+/t\d+_\d+", "HOST"),
    (r"r\d+_\d+", "ROLE"),
    (r" +", " "),
    (r"PostgreSQL [\d.]+", "PostgreSQL V"),
    (r"\d+( of |/)\d+", "N${1}MAX"),
    (r"(ok|degraded|failed) [\d.]+ ", "$1 TIME "),
    (r" 0 [\d.]+ 1 migration", " 0 TIME 1 migration"),
    (r"- [\d.]+ the name", "- TIME the name"),
    (r"in [\d.]+ s:", "in TIME:"),
];

#[tokio::test]
async fn one_cluster_is_shown_stage_by_stage_and_several_in_a_row_each() {
    let mut fleet = Fleet::new();
    let Some(well) = fleet.well(Engine::Postgres).await else { return };
    fleet.with_central().await;
    fleet.register("eu-1", &well, "");
    fleet.named("eu-2", "postgres://app@no-such-host.invalid/x", "");
    fleet.execute(&well, "DELETE FROM _sqlx_migrations WHERE version = 50003").await;
    let one = fleet.run(&["clusters", "probe", "eu-1"]);
    let all = fleet.run(&["clusters", "probe"]);
    insta::with_settings!({filters => FILTERS.to_vec()}, {
        insta::assert_snapshot!(one.out, @r"
        STAGE STATE MS FOUND
        config ok TIME -
        resolve ok TIME -
        connect ok TIME -
        auth ok in connect as `ROLE`
        query ok TIME PostgreSQL V, N of MAX connections of the server
        schema degraded in query 1 migration is pending; what is pending cannot be applied: `ROLE`, which migrates, may not make tables there; the last is 50002
        isolation ok in query every tenant table has row-level security
        ");
        insta::assert_snapshot!(all.out, @r"
        CLUSTER VERDICT STAGE SERVER LAG S CONNECTIONS HEAD PENDING UNPROTECTED TOOK MS FINDING
        eu-1 degraded schema PostgreSQL V - N/MAX 50002 1 0 TIME 1 migration is pending
        eu-2 failed resolve - - - - - - TIME the name `no-such-host.invalid` has no address: failed to lookup address information: Name or service not known
        ");
        insta::assert_snapshot!(all.err, @r"
        warning: cluster `eu-1`: 1 migration is pending
        hint: apply what is pending: `opsctl clusters migrate eu-1`
        warning: cluster `eu-1`: what is pending cannot be applied: `ROLE`, which migrates, may not make tables there
        hint: give the cluster an owner: `user` and `password` of [clusters.eu-1.owner] in FILE
        error: cluster `eu-2` failed at resolve
         caused by: the name `no-such-host.invalid` has no address
         caused by: failed to lookup address information: Name or service not known
         hint: the name comes from FILE clusters.eu-2.url
         hint: see how it is registered: `opsctl clusters show eu-2`
        2 clusters probed in TIME: 1 degraded, 1 failed.
        ");
    });
    fleet.finish().await;
}

#[tokio::test]
async fn a_monitoring_system_gets_who_is_not_well_in_one_line() {
    let mut fleet = Fleet::new();
    let Some(well) = fleet.well(Engine::Postgres).await else { return };
    fleet.with_central().await;
    fleet.register("eu-1", &well, "");
    let nagios = |fleet: &Fleet| fleet.run(&["clusters", "probe", "-o", "nagios"]);
    let said = nagios(&fleet);
    assert!(
        said.out.starts_with("CLUSTERS PROBE OK - 1 ok | clusters=1 ok=1 degraded=0 failed=0 "),
        "{said:?}"
    );
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    fleet.execute(&well, "DELETE FROM _sqlx_migrations WHERE version = 50003").await;
    let said = nagios(&fleet);
    assert!(
        said.out.starts_with(
            "CLUSTERS PROBE WARNING - 1 degraded; eu-1 degraded at schema: 1 migration is pending | "
        ),
        "{said:?}"
    );
    assert_eq!(said.code, 1);
    fleet.named("eu-2", &well.url(well.port), "password = \"env:WRONG\"");
    let said = nagios(&fleet);
    assert!(
        said.out.starts_with("CLUSTERS PROBE CRITICAL - 1 degraded, 1 failed; eu-2 failed at auth: "),
        "{said:?}"
    );
    assert_eq!((said.code, said.err.as_str()), (2, ""), "a refused password is no reason to say UNKNOWN");
    fleet.finish().await;
}

#[tokio::test]
async fn the_last_results_are_shown_without_connecting_to_any_cluster() {
    let mut fleet = Fleet::new();
    let Some(well) = fleet.well(Engine::Postgres).await else { return };
    fleet.register("eu-1", &well, "");
    fleet.register("eu-2", &well, "");
    // No central database, then one without the table: a word, and the report.
    let said = fleet.run(&["clusters", "probe"]);
    assert!(
        said.code == 0 && said.out.contains("eu-1") && said.err.contains("the results are not kept"),
        "{said:?}"
    );
    let said = fleet.run(&["clusters", "probe", "--last"]);
    assert_eq!(said.code, 6, "{said:?}");
    rusqlite_free_file(&fleet);
    let said = fleet.run(&["clusters", "probe"]);
    assert!(
        said.code == 0 && said.err.contains("has no table for them; `opsctl db migrate` adds it"),
        "{said:?}"
    );
    let said = fleet.run(&["clusters", "probe", "--last"]);
    assert!(said.code == 6 && said.err.contains("`opsctl db migrate`"), "{said:?}");

    fleet.with_central().await;
    let live = fleet.run(&["clusters", "probe", "eu-1", "-o", "jsonl"]);
    let text = std::fs::read_to_string(fleet.path().join("opsctl.toml")).unwrap();
    std::fs::write(fleet.path().join("opsctl.toml"), text.replace("postgres://", "postgres://nobody-"))
        .unwrap();
    let last = fleet.run(&["clusters", "probe", "--last", "-o", "jsonl"]);
    assert_eq!(last.out.lines().next(), live.out.lines().next(), "the same report, as it was kept");
    assert_eq!(last.code, 3, "one was never probed: {last:?}");
    let said = fleet.run(&["clusters", "probe", "--last"]);
    assert!(said.err.contains("Never probed: eu-2."), "{said:?}");
    let said = fleet.run(&["clusters", "probe", "--last", "eu-1"]);
    assert_eq!(said.code, 0, "{said:?}");
    fleet.finish().await;
}

/// An empty database in the place of the central one.
fn rusqlite_free_file(fleet: &Fleet) {
    std::fs::write(fleet.path().join("central.sqlite"), "").unwrap();
}

on_every_engine! {
    async fn the_newest_results_of_each_cluster_are_kept(case: &Case) {
        opsctl::schema::apply(&case.db, &opsctl::schema::OPSCTL, &Cancel::new()).await.unwrap();
        let clusters = [Cluster::central(&case.target)];
        let request = Request {
            roles: vec![Role::App],
            limits: Limits::default(),
            each: Duration::from_secs(10),
            within: Duration::from_secs(30),
            bounds: Bounds::default(),
            clock: Clock::frozen(crate::support::now()),
        };
        let probes = probe::probe(&clusters.iter().collect::<Vec<_>>(), &request, &Cancel::new(), |_| ()).await;
        let more: Vec<_> = (0..150)
            .map(|number| probe::Probe { cluster: format!("c{number:03}"), ..probes[0].clone() })
            .collect();
        for run in 0..KEPT + 3 {
            let run = format!("01J{run:023}");
            assert!(probe::keep(&case.db, &run, &more[..2]).await.unwrap());
        }
        assert!(probe::keep(&case.db, "01K00000000000000000000000", &more).await.unwrap());
        let kept = i64::try_from(KEPT).unwrap();
        assert_eq!(case.count("opsctl_cluster_probes WHERE cluster = 'c000'").await, kept);
        assert_eq!(case.count("opsctl_cluster_probes WHERE cluster = 'c000' AND run = '01J00000000000000000000000'").await, 0);
        assert_eq!(case.count("opsctl_cluster_probes WHERE cluster = 'c149'").await, 1);
        let last = probe::last(&case.db).await.unwrap().unwrap();
        assert_eq!(last.len(), 150);
        assert_eq!(last, more, "what is kept is read as it was");
    }
}
