//! `db seed --only tenants,taxonomies`: data to try tenants out on.

use opsctl::{cancel::Cancel, db::Engine, schema};
use serde_json::Value;

use crate::support::{
    Case, Schema,
    cli::{Said, run},
};

fn listed(said: &Said) -> Vec<Value> {
    let page: Value = serde_json::from_str(&said.out).unwrap();
    page["data"].as_array().unwrap().clone()
}

#[test]
fn an_embedded_platform_has_tenants_of_every_status_on_its_clusters() {
    let folder = tempfile::tempdir().unwrap();
    for words in [&["init", "--embedded"][..], &["db", "seed"]] {
        assert_eq!(run(folder.path(), words).code, 0);
    }
    let list = run(folder.path(), &["tenant", "list"]);
    insta::assert_snapshot!(list.out, @"
    SLUG               STATUS               PROVISIONING  CLUSTER  NAME                 LAST RUN AT   PROVISIONED AT  CREATED AT  LOG KEY
    anggrek            active               succeeded     ap-1     Anggrek Laundry      2d 23h ago    2d 23h ago      200d ago    -
    bersih-jaya        active               succeeded     ap-1     Bersih Jaya          179d 23h ago  179d 23h ago    180d ago    -
    cepat-kilat        active               succeeded     ap-1     Cepat Kilat Express  1d 23h ago    89d 23h ago     90d ago     -
    dahlia             provisioning_failed  partial       ap-1     Dahlia Dry Clean     1h 34m ago    -               1d ago      tenancy.taxonomy.provision_failed
    elok               provisioning_failed  failed        ap-1     Elok Laundry         1d 23h ago    -               2d ago      tenancy.migration.provision_failed
    fajar-wash         provisioning         running       ap-1     Fajar Wash           12m ago       -               1d ago      -
    gading             pending              never         ap-1     Gading Laundromat    -             -               1d ago      -
    harbour-clean      active               succeeded     eu-1     Harbour Clean        59d 23h ago   59d 23h ago     60d ago     -
    isar-waescherei    active               failed        eu-1     Isar Wäscherei       23h 59m ago   44d 23h ago     45d ago     tenancy.taxonomy.provision_failed
    jordaan-wash       suspended            succeeded     eu-1     Jordaan Wash         299d 23h ago  299d 23h ago    300d ago    -
    kingston-laundry   active               succeeded     us-1     Kingston Laundry     399d 23h ago  399d 23h ago    400d ago    -
    liberty-dry-clean  archived             succeeded     us-1     Liberty Dry Clean    699d 23h ago  699d 23h ago    700d ago    -
    ");
    let failed = run(folder.path(), &["tenant", "list", "--provisioning", "partial", "-o", "ids"]);
    assert_eq!(failed.out, "dahlia\n");
    let here = folder.path().display().to_string();
    let show = run(folder.path(), &["tenant", "show", "dahlia", "--runs", "1"]);
    insta::assert_snapshot!(format!("{}{}", show.out, show.err).replace(&here, "…"), @"
    Tenant ......... dahlia
    Id ............. 0190a1b2-0004-7000-8000-000000000004
    Name ........... Dahlia Dry Clean
    Status ......... provisioning_failed
    Cluster ........ ap-1 · active, ap-southeast · sqlite:…/opsctl-data/clusters/ap-1.sqlite
    Owner .......... 0190a0ff-0004-7000-8000-000000000004
    Locale ......... id · Asia/Jakarta
    Registered ..... 1d ago · 2026-11-19 09:00:00 UTC
    Provisioned .... never in full

    Run ............ 01M7VXG970000000000000009D
    Outcome ........ partial, attempt 2
    Asked for by ... seed, process 1 on fixtures
    Began .......... 1h 35m ago · 2026-11-20 07:25:00 UTC
    Ended .......... 1h 34m ago · 2026-11-20 07:25:04 UTC
    Rows ........... 0 created, 0 updated, 14 unchanged, 0 skipped
    Log key ........ tenancy.taxonomy.provision_failed
    Error .......... the server ended the statement: it waited for a lock on `taxonomies`
    STEP        STATUS     UNCHANGED  LOG KEY                            ERROR
    probe       succeeded          0  -                                  -
    migrations  succeeded          0  -                                  -
    roles       succeeded         14  -                                  -
    taxonomies  failed             0  tenancy.taxonomy.provision_failed  the server ended the statement: it waited for a lock on `taxonomies`
    owner       skipped            0  -                                  -
    verify      skipped            0  -                                  -
    hint: once the cause is gone, provision it again: `opsctl tenant provision dahlia`
    ");
    let again = run(folder.path(), &["db", "seed", "--only", "tenants,taxonomies"]);
    insta::assert_snapshot!(again.err, @"
    The master taxonomies of the fixtures are there already.
    The tenants of the fixtures are registered already.
    ");
    assert_eq!(listed(&run(folder.path(), &["tenant", "list", "--json"])).len(), 12);
}

/// A database of opsctl's own without further clusters.
async fn own(engine: Engine) -> Option<Case> {
    let case = Case::new(engine, Schema::Reference).await?;
    case.write_env("");
    Some(case)
}

async fn without_clusters_all_live_on_the_central_one(engine: Engine) {
    let Some(case) = own(engine).await else { return };
    let dry = case.run(&["db", "seed", "--only", "tenants,taxonomies", "--dry-run"]);
    assert_eq!(dry.code, 0, "{dry:?}");
    assert!(dry.err.contains("this would register 12 tenants"), "{dry:?}");
    assert_eq!(case.count("opsctl_tenants").await + case.count("opsctl_master_taxonomies").await, 0);
    assert_eq!(case.run(&["db", "seed", "--only", "tenants,taxonomies"]).code, 0);
    assert_eq!(case.count("opsctl_tenants WHERE cluster = 'central'").await, 12);
    let live = "opsctl_provisioning_runs WHERE live_key IS NOT NULL";
    assert_eq!(case.count(live).await, case.count("opsctl_tenants WHERE status = 'provisioning'").await);
    assert_eq!(
        case.count("opsctl_master_taxonomies").await,
        i64::try_from(opsctl::tenants::taxonomies::FIXTURE.split(|byte| *byte == b'\n').count() - 2).unwrap()
    );
    let said = case.run(&["tenant", "show", "elok", "--json"]);
    let shown: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(shown["data"]["runs"][0]["log_key"], "tenancy.migration.provision_failed");
    case.finish().await;
}

async fn before_their_tables_exist_the_command_that_comes_first_is_named(engine: Engine) {
    let Some(case) = own(engine).await else { return };
    for table in ["opsctl_tenants", "opsctl_master_taxonomies"] {
        case.execute(&format!("DROP TABLE {table}")).await;
    }
    for set in ["tenants", "taxonomies"] {
        let said = case.run(&["db", "seed", "--only", set]);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("has no table") && said.err.contains("opsctl db migrate"), "{said:?}");
    }
    case.finish().await;
}

async fn an_applications_database_is_never_seeded(engine: Engine) {
    let Some(case) = Case::new(engine, Schema::Service).await else { return };
    case.write_env("");
    schema::apply(&case.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
    assert_eq!(case.run(&["db", "seed", "--only", "tenants,taxonomies"]).code, 5);
    assert_eq!(case.count("opsctl_tenants").await + case.count("opsctl_master_taxonomies").await, 0);
    case.finish().await;
}

/// One test per engine of each body.
macro_rules! on_engines {
    ($($name:ident: $body:ident on $engine:ident;)+) => {$(
        #[tokio::test]
        async fn $name() {
            $body(Engine::$engine).await;
        }
    )+};
}

on_engines! {
    sqlite_without_clusters: without_clusters_all_live_on_the_central_one on Sqlite;
    postgres_without_clusters: without_clusters_all_live_on_the_central_one on Postgres;
    mariadb_without_clusters: without_clusters_all_live_on_the_central_one on MySql;
    sqlite_before_its_tables: before_their_tables_exist_the_command_that_comes_first_is_named on Sqlite;
    postgres_before_its_tables: before_their_tables_exist_the_command_that_comes_first_is_named on Postgres;
    mariadb_before_its_tables: before_their_tables_exist_the_command_that_comes_first_is_named on MySql;
    sqlite_of_an_application: an_applications_database_is_never_seeded on Sqlite;
    postgres_of_an_application: an_applications_database_is_never_seeded on Postgres;
    mariadb_of_an_application: an_applications_database_is_never_seeded on MySql;
}
