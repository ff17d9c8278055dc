//! Registering, changing, draining and removing clusters.

use opsctl::db::Engine;

use crate::{
    on_every_engine,
    support::{Case, cli::Said},
};

const URL: &str = "postgres://app@db-eu:5432/tenants";

/// An application's folder with opsctl's tables in its database, and one cluster.
async fn prepared(case: &Case) {
    case.write_env("");
    for words in [&["db", "migrate", "-q"][..], &["clusters", "add", "eu-1", "--url", URL, "--region", "eu"]]
    {
        let said = case.run(words);
        assert_eq!(said.code, 0, "{said:?}");
    }
}

async fn tenant(case: &Case, slug: &str, cluster: &str, status: &str) {
    case.execute(&format!(
        "INSERT INTO opsctl_tenants (id, slug, name, cluster, status, locale, timezone, created_at, updated_at) VALUES \
         ('{slug}', '{slug}', 'T', '{cluster}', '{status}', 'id', 'UTC', '2026-11-01 00:00:00', '2026-11-01 00:00:00')"
    ))
    .await;
}

/// The registrations, one in a line.
async fn registered(case: &Case) -> Vec<String> {
    let sql = "SELECT name, url, coalesce(secret, '-') AS secret, coalesce(owner_user, '-') AS owner_user, \
               coalesce(region, '-') AS region, status, coalesce(capacity, 0) AS capacity FROM opsctl_clusters ORDER BY name";
    case.rows(sql).await.iter().map(opsctl::db::Row::line).collect()
}

fn told(said: &Said, code: i32, part: &str) {
    assert!(said.code == code && said.err.contains(part), "{part}: {said:?}");
}

on_every_engine! {
    async fn a_cluster_is_registered_once_and_other_values_are_refused(case: &Case) {
        prepared(case).await;
        let add = ["clusters", "add", "eu-1", "--url", URL, "--region", "eu"];
        told(&case.run(&add), 0, "Cluster `eu-1` is registered already, with these values: unchanged.");
        let other = case.run(&["clusters", "add", "eu-1", "--url", URL, "--region", "us"]);
        told(&other, 5, "it differs in region");
        told(&other, 5, "hint: change it: `opsctl clusters edit eu-1`");
        let twin = case.run(&["clusters", "add", "eu-2", "--url", URL]);
        told(&twin, 5, "is registered already, as cluster `eu-1`");
        assert_eq!(registered(case).await, [format!("eu-1 {URL} - - eu active 0")]);
        let rows = case.rows("SELECT exit_code, command FROM opsctl_journal WHERE command = 'clusters add' ORDER BY run").await;
        assert_eq!(rows.len(), 4, "every try is in the journal");
    }

    async fn a_dry_run_registers_changes_and_removes_nothing(case: &Case) {
        prepared(case).await;
        let before = registered(case).await;
        for (words, part) in [
            (&["add", "eu-2", "--url", "postgres://app@db-eu-2/t"][..], "this would register cluster `eu-2`"),
            (&["edit", "eu-1", "--capacity", "5"], "this would change capacity of cluster `eu-1`"),
            (&["drain", "eu-1"], "Dry run, nothing was changed."),
            (&["remove", "eu-1"], "this would take cluster `eu-1` off the registry"),
        ] {
            told(&case.run(&[&["clusters"], words, &["--dry-run"]].concat()), 0, part);
        }
        assert_eq!(registered(case).await, before);
    }

    async fn what_cannot_be_used_is_refused_and_never_repeated(case: &Case) {
        prepared(case).await;
        let add = |words: &[&str]| case.run(&[&["clusters", "add"], words].concat());
        for (words, code, part) in [
            (&["EU", "--url", "postgres://app@db/t"][..], 2, "`EU` cannot be the name of a cluster"),
            (&["x", "--url", "postgres://app:kanari@db/t"], 6, "holds a password"),
            (&["x", "--url", "postgres://db/t"], 6, "names no user"),
            (&["x", "--url", "db/t"], 6, "has no scheme"),
            (&["x", "--url", "postgres://app@db/t", "--password-from", "kanari"], 6, "must be a reference, not a secret"),
            (&["x", "--url", "postgres://app@db/t", "--owner-user", "o", "--owner-password-from", "kanari"], 6, "must be a reference"),
            (&["x", "--url", "postgres://app@db/t", "--status", "actve"], 2, "did you mean `active`?"),
            (&["x", "--url", "postgres://app@db/t", "--owner-password-from", "env:X"], 2, "--owner-user"),
        ] {
            let said = add(words);
            told(&said, code, part);
            assert!(!format!("{said:?}").contains("kanari"), "{said:?}");
        }
        assert_eq!(registered(case).await.len(), 1);
        let journal = case.run(&["journal", "list", "--json"]).out;
        assert!(!journal.contains("kanari"), "{journal}");
    }

    async fn a_reference_that_leads_nowhere_here_is_told_and_registered(case: &Case) {
        prepared(case).await;
        let said = case.run(&[
            "clusters", "add", "eu-2", "--url", "mysql://app@db-eu-2/t", "--password-from", "env:EU2_APP",
            "--owner-user", "own", "--owner-password-from", "file:secrets/own",
        ]);
        told(&said, 0, "From here the role app cannot connect: ");
        told(&said, 0, "the variable EU2_APP, which is not set");
        let secret = case.rows("SELECT owner_secret FROM opsctl_clusters WHERE name = 'eu-2'").await;
        let path = case.folder.path().canonicalize().unwrap().join("secrets/own");
        assert_eq!(secret[0].text("owner_secret").unwrap(), format!("file:{}", path.display()));
    }

    async fn a_drained_cluster_takes_new_tenants_again_when_it_is_undone(case: &Case) {
        prepared(case).await;
        told(&case.run(&["clusters", "drain", "eu-1"]), 0, "takes no new tenants from now on");
        told(&case.run(&["clusters", "drain", "eu-1"]), 0, "unchanged");
        assert_eq!(registered(case).await, [format!("eu-1 {URL} - - eu draining 0")]);
        told(&case.run(&["clusters", "drain", "eu-1", "--undo"]), 0, "takes new tenants from now on");
        told(&case.run(&["clusters", "edit", "eu-1", "--status", "offline"]), 0, "Changed status");
        told(&case.run(&["clusters", "drain", "eu-1"]), 5, "is offline, not active");
        told(&case.run(&["clusters", "drain", "eu-2"]), 9, "did you mean `eu-1`?");
    }

    async fn an_edit_changes_what_it_names_and_nothing_else(case: &Case) {
        prepared(case).await;
        let said = case.run(&["clusters", "edit", "eu-1", "--capacity", "7", "--owner-user", "own"]);
        told(&said, 0, "Changed owner, capacity of cluster `eu-1`.");
        assert_eq!(registered(case).await, [format!("eu-1 {URL} - own eu active 7")]);
        told(&case.run(&["clusters", "edit", "eu-1", "--capacity", "7"]), 0, "unchanged");
        told(&case.run(&["clusters", "edit", "eu-1"]), 2, "nothing is named");
        told(&case.run(&["clusters", "edit", "eu-1", "--url", "postgres://app:x@db/t"]), 6, "holds a password");
    }

    async fn tenants_of_the_central_database_are_not_orphaned_in_silence(case: &Case) {
        case.write_env("");
        assert_eq!(case.run(&["db", "migrate", "-q"]).code, 0);
        tenant(case, "acme", "central", "active").await;
        tenant(case, "bolt", "central", "active").await;
        for words in [&["--dry-run"][..], &[]] {
            let said = case.run(&[&["clusters", "add", "eu-1", "--url", URL], words].concat());
            told(&said, 0, "warning: 2 tenants live on `central`, and the central database is a cluster only while none is registered");
            told(&said, 0, "register it under that name: `opsctl clusters add central --url ");
        }
        let said = case.run(&["clusters", "add", "eu-2", "--url", "postgres://app@db-eu-2/t"]);
        let line = said.err.lines().find_map(|line| line.split_once("`opsctl clusters add central --url ")).unwrap().1;
        let url = line.trim_end_matches('`').split(' ').next().unwrap();
        assert_eq!(case.run(&["clusters", "add", "central", "--url", url]).code, 0, "{url}");
        let said = case.run(&["clusters", "add", "eu-3", "--url", "postgres://app@db-eu-3/t"]);
        assert!(said.code == 0 && !said.err.contains("live on"), "{said:?}");
    }

    async fn another_database_or_the_end_of_a_cluster_names_the_tenants_who_live_there(case: &Case) {
        prepared(case).await;
        tenant(case, "acme", "eu-1", "active").await;
        case.execute(
            "INSERT INTO opsctl_cluster_migrations (run, cluster, record_table, outcome, head, applied, pending, begun_at, ended_at) \
             VALUES ('r1', 'eu-1', '_sqlx_migrations', 'applied', 50004, 4, 0, '2026-11-01 00:00:00', '2026-11-01 00:00:00')",
        )
        .await;
        told(&case.run(&["clusters", "edit", "eu-1", "--url", "postgres://ops@db-eu:5432/tenants"]), 0, "1 tenant lives on cluster `eu-1`");
        assert_eq!(case.count("opsctl_cluster_migrations").await, 1, "the same database, as another user");
        let said = case.run(&["clusters", "edit", "eu-1", "--url", "postgres://ops@elsewhere/tenants"]);
        told(&said, 0, "their rows are looked for at its new address");
        told(&said, 0, "are they there? `opsctl tenant verify --cluster eu-1`");
        assert_eq!(case.count("opsctl_cluster_migrations").await, 0);
        told(&case.run(&["clusters", "edit", "eu-1", "--status", "retired"]), 0, "1 tenant lives on cluster `eu-1`, which is gone when it is retired");
        assert!(!case.run(&["clusters", "edit", "eu-1", "--status", "active"]).err.contains("live"));
    }

    async fn a_cluster_is_not_removed_while_tenants_live_there(case: &Case) {
        prepared(case).await;
        tenant(case, "acme", "eu-1", "active").await;
        tenant(case, "gone", "eu-1", "archived").await;
        let said = case.run(&["clusters", "remove", "eu-1", "--yes"]);
        told(&said, 5, "1 tenant lives on cluster `eu-1`: it was not removed");
        told(&said, 5, "hint: see them: `opsctl tenant list --cluster eu-1`");
        case.execute("UPDATE opsctl_tenants SET status = 'archived' WHERE slug = 'acme'").await;
        told(&case.run(&["clusters", "remove", "eu-1"]), 5, "`--yes` is missing: this will take cluster `eu-1` off the registry");
        told(&case.run(&["clusters", "remove", "eu-1", "--yes"]), 0, "Took cluster `eu-1` off the registry, with 0 rows about it.");
        assert_eq!(registered(case).await, [""; 0]);
        told(&case.run(&["clusters", "remove", "eu-1", "--yes"]), 9, "there is no cluster `eu-1`");
    }

    // A tenant that is registered while the removal waits for the row is seen by it.
    async fn a_tenant_that_comes_at_the_same_moment_keeps_its_cluster(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return; // one writer at a time, by a lock on the file
        }
        prepared(case).await;
        let mut session = case.db.session().await.unwrap();
        session.begin(opsctl::db::Begin::Write).await.unwrap();
        assert!(opsctl::fleet::locked(&mut session, "eu-1").await.unwrap().is_some());
        let remove = case.program(&["clusters", "remove", "eu-1", "--yes"]).spawn().unwrap();
        waits(case).await;
        session
            .script(
                "INSERT INTO opsctl_tenants (id, slug, name, cluster, status, locale, timezone, created_at, updated_at) \
                 VALUES ('1', 'acme', 'T', 'eu-1', 'pending', 'id', 'UTC', '2026-11-01 00:00:00', '2026-11-01 00:00:00')",
            )
            .await
            .unwrap();
        session.commit().await.unwrap();
        let said: Said = remove.wait_with_output().unwrap().into();
        told(&said, 5, "1 tenant lives on cluster `eu-1`");
        assert_eq!(registered(case).await.len(), 1);
    }
}

/// Waits until somebody waits for a lock.
async fn waits(case: &Case) {
    let sql = match case.db.engine() {
        Engine::Postgres => {
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        // The server refreshes what it says about transactions only for those who ask seldom.
        _ => {
            "SELECT 1 FROM information_schema.processlist WHERE db = database() AND info LIKE '%FOR UPDATE' AND time_ms > 100"
        }
    };
    let started = std::time::Instant::now();
    while case.rows(sql).await.is_empty() {
        assert!(started.elapsed().as_secs() < 30, "nobody waits");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
