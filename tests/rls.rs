//! `rls verify` as it is typed: what it says of clusters that are well, broken, or away, and how it ends.

use opsctl::{db::Engine, isolation::verify::Rule};
use serde_json::Value;

use crate::support::{
    cli::{Said, opsctl},
    roles::Cluster,
};

/// Runs words beside an `opsctl.toml` with these sections; names of databases and roles are put in the place of numbers.
fn run(cluster: &Cluster, sections: &str, words: &[&str]) -> Said {
    let folder = cluster.case.folder.path();
    std::fs::write(folder.join("opsctl.toml"), sections).unwrap();
    let mut command = opsctl(folder);
    command.env("APP_PASSWORD", "app").env("OWN_PASSWORD", "own").args(words);
    let mut said: Said = command.output().unwrap().into();
    for text in [&mut said.out, &mut said.err] {
        *text = text.replace(&cluster.mark, "X");
    }
    said
}

#[tokio::test]
async fn a_cluster_that_is_well_is_one_line() {
    let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
    let said = run(&cluster, &cluster.section("ap-1"), &["rls", "verify"]);
    assert_eq!(said.code, 0, "{said:?}");
    insta::assert_snapshot!(said.out, @r"
    CLUSTER  VERDICT    TABLE  RULE  WHY
    ap-1     protected  -      -     5 tenant tables, tried out
    ");
    cluster.finish().await;
}

#[tokio::test]
async fn guards_are_called_what_they_are() {
    let Some(cluster) = Cluster::new(Engine::MySql).await else { return };
    let said = run(&cluster, &cluster.section("ap-1"), &["rls", "verify", "--cluster", "ap-1"]);
    assert_eq!(said.code, 0, "{said:?}");
    insta::assert_snapshot!(said.out, @r"
    CLUSTER  VERDICT               TABLE  RULE  WHY
    ap-1     application-enforced  -      -     5 tenant tables, tried out
    ");
    assert!(said.err.contains("Application-enforced: views and triggers guard the tables"), "{}", said.err);
    cluster.finish().await;
}

#[tokio::test]
async fn a_broken_rule_names_table_reason_and_repair() {
    let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
    cluster.case.execute("ALTER TABLE taxonomies NO FORCE ROW LEVEL SECURITY").await;
    cluster.case.execute(&format!("GRANT TRUNCATE ON tenant_user TO app_{}", cluster.mark)).await;
    let said = run(
        &cluster,
        &cluster.section("ap-1"),
        &["rls", "verify", "-o", "csv", "--columns", "cluster,verdict,table,rule,why,repair"],
    );
    assert_eq!(said.code, 3, "{said:?}");
    insta::assert_snapshot!(said.out, @r#"
    cluster,verdict,table,rule,why,repair
    ap-1,broken,public.taxonomies,rls-not-forced,"it does not bind `own_X`, who owns the table",ALTER TABLE public.taxonomies FORCE ROW LEVEL SECURITY
    ap-1,broken,public.tenant_user,grant-truncate,TRUNCATE is granted to `app_X`,REVOKE TRUNCATE ON public.tenant_user FROM app_X
    "#);
    let said = run(&cluster, &cluster.section("ap-1"), &["rls", "verify", "-o", "nagios"]);
    assert_eq!(said.code, 2, "{said:?}");
    insta::assert_snapshot!(said.out, @"RLS VERIFY CRITICAL - 2 findings, 1 cluster, 5 tables, 5 proved | findings=2 unproved=0 untried=0 errors=0 clusters=1 tables=5 proved=5");
    let said = run(&cluster, &cluster.section("ap-1"), &["rls", "verify", "--json"]);
    let value: Value = serde_json::from_str(&said.out).unwrap();
    let one = &value["data"][0];
    assert_eq!((one["cluster"].as_str(), one["standing"].as_str()), (Some("ap-1"), Some("broken")));
    assert_eq!(one["verdict"]["isolation"], "row-level-security");
    assert_eq!(one["verdict"]["findings"][0]["rule"], "rls-not-forced");
    assert_eq!(value["summary"]["findings"], 2);
    cluster.finish().await;
}

// One that is away, one whose password is wrong: each has its own line, and the others are checked.
#[tokio::test]
async fn a_cluster_that_is_away_does_not_hold_up_the_others() {
    let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
    let away = "[clusters.us-1]\nurl = \"postgres://app@127.0.0.1:1/none\"\n";
    let refused = cluster.section("eu-1").replace("APP_PASSWORD", "OWN_PASSWORD");
    let sections = format!("{}{refused}{away}", cluster.section("ap-1"));
    let said = run(&cluster, &sections, &["rls", "verify", "--columns", "cluster,verdict"]);
    assert_eq!(said.code, 7, "{said:?}");
    insta::assert_snapshot!(said.out, @r"
    CLUSTER  VERDICT
    ap-1     protected
    eu-1     failed
    us-1     failed
    ");
    assert!(said.err.contains("cluster `eu-1` could not be checked"), "{}", said.err);
    assert!(said.err.contains("cluster `us-1` could not be checked"), "{}", said.err);
    let said = run(&cluster, &sections, &["rls", "verify", "ap-1"]);
    assert_eq!(said.code, 0, "{said:?}");
    let said = run(&cluster, &sections, &["rls", "verify", "ap-2"]);
    assert_eq!(said.code, 9, "{said:?}");
    cluster.finish().await;
}

#[tokio::test]
async fn nothing_to_check_is_no_pass() {
    let Some(cluster) = Cluster::empty(Engine::Postgres).await else { return };
    let said = run(&cluster, &cluster.section("ap-1"), &["rls", "verify", "-q"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.out.contains("no table has a column `tenant_id`"), "{}", said.out);
    cluster.finish().await;
}

// Green is what was shown: no cluster shows nothing.
#[tokio::test]
async fn no_cluster_to_check_is_no_pass() {
    let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
    let offline = cluster.section("ap-1") + "status = \"offline\"\n";
    let said = run(&cluster, &offline, &["rls", "verify"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("no cluster was checked: `ap-1` is not up"), "{}", said.err);
    let said = run(&cluster, &offline, &["rls", "verify", "-o", "nagios"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(
        said.out.starts_with("RLS VERIFY UNKNOWN - no cluster was checked: `ap-1` is not up"),
        "{}",
        said.out
    );
    let said = run(&cluster, &offline, &["clusters", "probe", "-o", "nagios"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.out.starts_with("CLUSTERS PROBE UNKNOWN - no cluster was probed"), "{}", said.out);
    let said = run(&cluster, &offline, &["clusters", "migrate", "--dry-run"]);
    assert!(said.err.contains("There was no cluster to migrate: none is registered and up."), "{said:?}");
    cluster.finish().await;
}

#[test]
fn a_query_for_clusters_that_gives_none_or_is_empty_is_no_pass() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.sqlite"), "").unwrap();
    for (query, code, told) in [
        ("", 6, "the query of [fleet] clusters is empty"),
        (
            "SELECT 'a' AS name, 'u' AS url, 'active' AS status WHERE 0",
            3,
            "no cluster was checked: the query of [fleet] clusters gives none",
        ),
    ] {
        let file = format!("[database]\nurl = \"sqlite:a.sqlite\"\n[fleet]\nclusters = \"{query}\"\n");
        std::fs::write(folder.path().join("opsctl.toml"), file).unwrap();
        let said: Said = opsctl(folder.path()).args(["rls", "verify"]).output().unwrap().into();
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.err.contains(told), "{said:?}");
    }
}

// A bulk read of an operator who is bound would be an error, or worse, nothing.
#[tokio::test]
async fn an_operator_who_is_bound_is_found() {
    let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
    let section =
        cluster.section("ap-1") + "operator = { user = \"own_M\", password = \"env:OWN_PASSWORD\" }\n";
    let section = section.replace("own_M", &format!("own_{}", cluster.mark));
    let said =
        run(&cluster, &section, &["rls", "verify", "-o", "csv", "--columns", "verdict,rule,why,repair"]);
    assert_eq!(said.code, 3, "{said:?}");
    insta::assert_snapshot!(said.out, @r#"
    verdict,rule,why,repair
    broken,operator-bound,"the operator `own_X` has no BYPASSRLS: the policies of public.taxonomies bind it, and it works on no row of any tenant",ALTER ROLE own_X BYPASSRLS
    "#);
    let said = run(&cluster, &section, &["rls", "verify", "-o", "nagios"]);
    assert_eq!(said.code, 2, "{said:?}");
    cluster.finish().await;
}

// On a server of the application's own user nothing can be shown of the tables' rights.
#[tokio::test]
async fn a_role_that_is_the_only_one_says_what_it_cannot_show() {
    let Some(cluster) = Cluster::new(Engine::MySql).await else { return };
    let section = cluster.section("ap-1");
    let alone = section.lines().filter(|line| !line.starts_with("owner")).collect::<Vec<_>>().join("\n");
    let said = run(&cluster, &alone, &["rls", "verify", "-q"]);
    assert_eq!(said.code, 3, "{said:?}");
    insta::assert_snapshot!(said.out, @r"
    CLUSTER  VERDICT   TABLE  RULE  WHY
    ap-1     unproved  -      -     that the application has no rights on the tables: there is no other role to read definitions with: configure `owner` or `operator`
    ");
    cluster.finish().await;
}

// A table that cannot be tried and of which every rule holds passes, and is told.
#[tokio::test]
async fn a_table_that_cannot_be_tried_is_told_and_passes() {
    let Some(cluster) = Cluster::new(Engine::Postgres).await else { return };
    cluster.case.execute("ALTER TABLE taxonomies ADD place point NOT NULL").await;
    let said = run(&cluster, &cluster.section("ap-1"), &["rls", "verify"]);
    assert_eq!(said.code, 0, "{said:?}");
    insta::assert_snapshot!(said.out, @r"
    CLUSTER  VERDICT    TABLE              RULE  WHY
    ap-1     protected  -                  -     5 tenant tables, 4 tried out
    ap-1     untried    public.taxonomies  -     the isolation of rows: no value can be made up for `place`, a point
    ");
    let said = run(&cluster, &cluster.section("ap-1"), &["rls", "verify", "-o", "nagios"]);
    assert_eq!(said.code, 0, "{said:?}");
    cluster.finish().await;
}

#[test]
fn every_rule_stands_in_the_documentation() {
    let page = include_str!("../docs/isolation.md");
    for rule in Rule::ALL {
        let row = format!("| `{}` | {} |", rule.id(), rule.means());
        assert!(page.contains(&row), "docs/isolation.md lacks {row}");
    }
}
