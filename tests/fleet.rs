//! Where clusters and tenants are registered: in a file, by a query over a platform's own tables, in opsctl's tables,
//! nowhere.

use opsctl::{
    cancel::Cancel,
    config::{Context, Environment, clusters::Role, context::Inputs},
    db::Engine,
    fleet::{self, Source, TenantStatus, Tenants},
    schema,
};
use secrecy::ExposeSecret;

use crate::{on_every_engine, support::Case};

/// The context of a folder whose file is `text`.
fn context(case: &Case, text: &str, variables: &[(&str, &str)]) -> Context {
    std::fs::write(case.folder.path().join("opsctl.toml"), text).unwrap();
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let inputs = Inputs {
        cwd: case.folder.path().into(),
        environment: Environment::new(environment),
        ..Inputs::default()
    };
    opsctl::config::resolve(&inputs).unwrap()
}

const NO_FLEET: &str = "[database]\nurl = \"sqlite:app.sqlite\"\n";

#[tokio::test]
async fn a_file_names_clusters_and_how_each_role_reaches_them() {
    let Some(case) = Case::empty(Engine::Sqlite, crate::support::Schema::Service).await else {
        return;
    };
    std::fs::write(case.folder.path().join("owner.txt"), "of-the-owner\n").unwrap();
    let text = r#"
        [clusters.eu-1]
        url = "postgres://app@db1:5433/eu1?sslmode=require"
        password = "env:EU_1"
        region = "eu"
        capacity = 10
        owner = { user = "migrator", password = "file:owner.txt" }
        [clusters.broken]
        url = "postgres://app@db2/eu2"
        password = "env:NOT_SET"
        status = "draining"
        [clusters.careless]
        url = "postgres://app:in-the-clear@db3/eu3"
    "#;
    let context = context(&case, text, &[("EU_1", "of-the-app")]);
    let fleet = fleet::of_file(&context).unwrap().unwrap();
    assert_eq!(fleet.source, Source::File);
    let eu = fleet.cluster("eu-1").unwrap();
    assert_eq!(
        (eu.address.as_str(), eu.host.as_str(), eu.capacity),
        ("postgres://db1:5433/eu1", "db1:5433", Some(10))
    );
    for (role, user, password) in [
        (Role::App, "app", "of-the-app"),
        (Role::Operator, "app", "of-the-app"),
        (Role::Owner, "migrator", "of-the-owner"),
    ] {
        let database = eu.database(role).unwrap();
        assert_eq!(database.username, user);
        assert_eq!(database.password.as_ref().unwrap().expose_secret(), password);
    }
    assert!(eu.has(Role::Owner) && !eu.has(Role::Operator));
    let missing = fleet.cluster("broken").unwrap().database(Role::App).unwrap_err();
    assert!(missing.to_string().contains("refers to the variable NOT_SET, which is not set"), "{missing}");
    let careless = fleet.cluster("careless").unwrap().database(Role::App).unwrap_err();
    assert!(careless.to_string().contains("clusters.careless.url in "), "{careless}");
    assert!(!format!("{careless:?} {fleet:?}").contains("in-the-clear"), "a password is shown");
    let unknown = fleet.cluster("eu-2").unwrap_err();
    assert!(unknown.hints()[0].contains("did you mean `eu-1`?"), "{unknown:?}");
    case.finish().await;
}

on_every_engine! {
    async fn where_nobody_registers_a_cluster_the_central_database_is_the_one(case: &Case) {
        let context = context(case, NO_FLEET, &[]);
        assert!(fleet::of_file(&context).unwrap().is_none());
        let fleet = fleet::load(&context, &case.db).await.unwrap();
        assert_eq!((fleet.source, fleet.clusters.len()), (Source::Nowhere, 1));
        assert_eq!(fleet.clusters[0].address, case.target.to_string());
        schema::apply(&case.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
        assert_eq!(fleet::load(&context, &case.db).await.unwrap().source, Source::Nowhere);
    }

    async fn the_table_registers_clusters(case: &Case) {
        schema::apply(&case.db, &schema::OPSCTL, &Cancel::new()).await.unwrap();
        case.execute(
            "INSERT INTO opsctl_clusters (name, url, secret, owner_user, owner_secret, region, status, capacity, created_at, updated_at) \
             VALUES ('b', 'mysql://app@db/b', 'env:B', 'migrator', 'env:B_OWNER', 'id', 'offline', 7, '2026-11-20 09:00:00', '2026-11-20 09:00:00'), \
             ('a', 'sqlite:/srv/a.sqlite', NULL, NULL, NULL, NULL, 'active', NULL, '2026-11-20 09:00:00', '2026-11-20 09:00:00')",
        )
        .await;
        let context = context(case, NO_FLEET, &[("B", "1"), ("B_OWNER", "2")]);
        let fleet = fleet::load(&context, &case.db).await.unwrap();
        assert_eq!(fleet.source, Source::Table);
        let names: Vec<&str> = fleet.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let b = fleet.cluster("b").unwrap();
        assert_eq!((b.region.as_deref(), b.capacity), (Some("id"), Some(7)));
        assert_eq!(b.database(Role::Owner).unwrap().username, "migrator");
        // One that is down on purpose is meant only where it is named.
        let meant = |names: &[String]| fleet.select(names).unwrap().len();
        assert_eq!((meant(&[]), meant(&["b".into(), "b".into()])), (1, 1));
    }

    async fn a_query_reads_a_platforms_own_tables(case: &Case) {
        case.execute("CREATE TABLE clusters (code varchar(64), host varchar(64), state varchar(16))").await;
        case.execute("INSERT INTO clusters VALUES ('x', 'db9', 'draining')").await;
        case.execute("CREATE TABLE tenants (id varchar(64), slug varchar(64), cluster_code varchar(64), status varchar(24))").await;
        case.execute("INSERT INTO tenants VALUES ('1', 'budi', 'x', 'active'), ('2', 'ana', 'x', 'archived')").await;
        let concat = match case.db.engine() {
            Engine::MySql => "CONCAT('postgres://app@', host, '/', code)",
            _ => "'postgres://app@' || host || '/' || code",
        };
        let text = format!(
            "{NO_FLEET}[fleet]\nclusters = \"SELECT code AS name, {concat} AS url, state AS status FROM clusters\"\n\
             tenants = \"SELECT id, slug, cluster_code AS cluster, status FROM tenants WHERE slug <> '?'\"\n"
        );
        let context = context(case, &text, &[]);
        let fleet = fleet::load(&context, &case.db).await.unwrap();
        assert_eq!((fleet.source, fleet.clusters[0].address.as_str()), (Source::Query, "postgres://db9:5432/x"));
        let tenants = Tenants::require(&context, &case.db).await.unwrap();
        let all = tenants.all().await.unwrap().tenants;
        assert_eq!((all[0].slug.as_str(), all[0].status), ("ana", TenantStatus::Archived));
        assert_eq!(tenants.counts().await.unwrap().get("x"), Some(&1));
        assert_eq!(tenants.named(&["1".into(), "budi".into()]).await.unwrap().tenants.len(), 1);
        let error = tenants.named(&["bodi".into()]).await.unwrap_err();
        assert!(error.hints()[0].contains("did you mean `budi`?"), "{error:?}");
    }
}
