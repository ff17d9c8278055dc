//! What is told where tenants cannot be provisioned yet: a dry run and a run say the same, and the command that comes first
//! is one that works.

use opsctl::db::Engine;

use crate::{
    on_every_engine,
    support::{Case, cli::Said, roles::Cluster},
};

/// A cluster without tables, registered as `main`, with a tenant on it; the central database is another one.
async fn empty(case: &Case) -> Option<Cluster> {
    case.add_opsctl().await;
    case.write_env("");
    case.a_tenant("acme", "main").await;
    let cluster = Cluster::empty(case.db.engine()).await?;
    cluster.case.execute("SELECT 1").await; // a SQLite file is made by its first connection
    let text = match case.db.engine() {
        Engine::Sqlite => format!("[clusters.main]\nurl = \"{}\"\n", cluster.case.target),
        _ => cluster.section("main"),
    };
    std::fs::write(case.folder.path().join("opsctl.toml"), text).unwrap();
    Some(cluster)
}

fn call(case: &Case, words: &str) -> Said {
    let words: Vec<&str> = words.split_whitespace().collect();
    case.run_with(&[("APP_PASSWORD", "app"), ("OWN_PASSWORD", "own")], &words)
}

/// Why a tenant was not provisioned, and what to type: the error alone.
fn why(said: &Said) -> Vec<&str> {
    let lines = said.err.lines().skip_while(|line| !line.starts_with("error:"));
    lines.filter(|line| line.starts_with("error:") || line.starts_with("  ")).collect()
}

/// A run and a dry run of it fail alike; gives what they say.
fn both(case: &Case, code: i32) -> String {
    let rehearsed = call(case, "tenant provision acme --dry-run");
    let run = call(case, "tenant provision acme");
    assert_eq!((rehearsed.code, run.code), (code, code), "{rehearsed:?}\n{run:?}");
    assert_eq!(why(&rehearsed), why(&run));
    why(&run).join("\n")
}

on_every_engine! {
    async fn on_an_empty_cluster_the_command_that_makes_it_ready_is_named_and_works(case: &Case) {
        let Some(cluster) = empty(case).await else { return };
        let told = both(case, 6);
        assert!(told.contains("cluster `main` lacks tables or columns `tenant_roles`"), "{told}");
        assert!(told.contains("first: `opsctl clusters migrate main --own`"), "{told}");
        let said = call(case, "clusters migrate main --own");
        assert_eq!(said.code, 0, "{said:?}");
        cluster.grant().await;
        let said = call(case, "tenant provision acme");
        assert_eq!(said.code, 0, "{said:?}");
        cluster.finish().await;
    }

    async fn on_an_applications_database_its_own_sql_comes_first(case: &Case) {
        let Some(cluster) = empty(case).await else { return };
        cluster.case.execute("CREATE TABLE users (id integer PRIMARY KEY)").await;
        let told = both(case, 6);
        assert!(told.contains("holds an application's tables"), "{told}");
        assert!(told.contains("`opsctl clusters migrate main --path DIR`"), "{told}");
        assert!(!told.contains("--own"), "{told}");
        cluster.finish().await;
    }

    async fn a_dry_run_asks_for_every_right_that_a_run_needs(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return;
        }
        let Some(cluster) = empty(case).await else { return };
        assert_eq!(call(case, "clusters migrate main --own").code, 0);
        cluster.grant().await;
        let mark = &cluster.mark;
        let (view, user) = match case.db.engine() {
            Engine::Postgres => ("taxonomies".to_owned(), format!("app_{mark}")),
            _ => (format!("{}.v_taxonomies", cluster.case.target.name), format!("app_{mark}@'%'")),
        };
        cluster.case.execute(&format!("REVOKE INSERT ON {view} FROM {user}")).await;
        let told = both(case, 6);
        assert!(told.contains(&format!("`app_{mark}` lacks rights on")) && told.contains("INSERT on"), "{told}");
        assert!(told.contains("tenancy.probe.provision_failed"), "{told}");
        if case.db.engine() == Engine::MySql {
            cluster.case.execute(&format!("REVOKE ALL PRIVILEGES, GRANT OPTION FROM {user}")).await;
            let told = both(case, 6);
            assert!(told.contains("Access denied") && told.contains("GRANT SELECT, INSERT, UPDATE, DELETE"), "{told}");
        }
        cluster.grant().await;
        assert_eq!(call(case, "tenant provision acme --dry-run").code, 0);
        cluster.finish().await;
    }
}
