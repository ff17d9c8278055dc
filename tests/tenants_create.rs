//! `opsctl tenant create`: where a tenant goes, what is refused, and two at once.

use std::{collections::BTreeSet, process::Child};

use opsctl::db::{Begin, Engine, Query};
use serde_json::Value;

use crate::{
    on_every_engine,
    support::{Case, cli::Said},
};

const ID: &str = "019aa0a1-b2c3-7000-8000-00000000000a";
const OWNER: &str = "0b7c1d9e-0000-4000-8000-0000000000ff";

async fn platform(case: &Case) {
    case.write_env("");
    case.add_opsctl().await;
}

fn create(case: &Case, words: &str) -> Said {
    let words: Vec<&str> = words.split_whitespace().collect();
    case.run(&[&["tenant", "create"], &words[..]].concat())
}

async fn cluster_of(case: &Case, slug: &str) -> String {
    let rows = case.rows(&format!("SELECT cluster FROM opsctl_tenants WHERE slug = '{slug}'")).await;
    rows.first().map_or(String::new(), |row| row.text("cluster").unwrap())
}

on_every_engine! {
    async fn a_tenant_is_registered_and_what_comes_next_is_said(case: &Case) {
        platform(case).await;
        let said = create(case, &format!("melati --name Melati --owner-user-id {OWNER} --id {ID}"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(format!("{}{}", said.out, said.err), @"
            SLUG    OUTCOME  STATUS   CLUSTER  NAME    ID
            melati  created  pending  central  Melati  019aa0a1-b2c3-7000-8000-00000000000a
            Registered tenant `melati` on cluster `central`.
            hint: give it its rows: `opsctl tenant provision melati`
            ");
        }
        let row = &case.rows("SELECT * FROM opsctl_tenants").await[0];
        for (column, expected) in [
            ("id", ID), ("slug", "melati"), ("name", "Melati"), ("cluster", "central"), ("status", "pending"),
            ("owner_user_id", OWNER), ("locale", "id"), ("timezone", "Asia/Jakarta"), ("provisioned_at", ""),
        ] {
            assert_eq!(row.text(column).unwrap(), expected, "{column}");
        }
        assert_eq!(row.time("created_at").unwrap(), Some(crate::support::now()));
        let said = case.run(&["tenant", "create", "anggrek", "--name", "Anggrek", "--json"]);
        let report: Value = serde_json::from_str(&said.out).unwrap();
        let id = report["data"]["id"].as_str().unwrap();
        assert!(id.as_bytes()[14] == b'7', "version 7: {id}");
        let journal = case.run(&["journal", "list", "--json"]);
        assert!(journal.out.contains("\"tenant create\"") && journal.out.contains("\"created\": 1"), "{journal:?}");
    }

    async fn a_dry_run_says_where_it_would_go_and_changes_nothing(case: &Case) {
        platform(case).await;
        let said = create(case, "melati --name Melati --dry-run");
        insta::allow_duplicates! {
            insta::assert_snapshot!(format!("{}{}", said.out, said.err), @"
            SLUG    OUTCOME  STATUS   CLUSTER  NAME    ID
            melati  created  pending  central  Melati  -
            Dry run, nothing was changed. It would have been registered on cluster `central`.
            ");
        }
        assert_eq!(case.count("opsctl_tenants").await, 0);
        assert!(!case.run(&["journal", "list", "--json"]).out.contains("tenant create"));
    }

    async fn the_least_full_cluster_that_takes_tenants_is_chosen(case: &Case) {
        platform(case).await;
        for (name, status, region, capacity) in [
            ("a-full", "active", "eu", "1"),
            ("b-half", "active", "eu", "2"),
            ("c-tenth", "active", "id", "10"),
            ("d-drained", "draining", "eu", "NULL"),
            ("e-pending", "pending", "eu", "NULL"),
        ] {
            case.cluster(name, status, region, capacity).await;
        }
        for (slug, cluster, status) in
            [("t1", "a-full", "active"), ("t2", "b-half", "active"), ("t3", "c-tenth", "active"), ("t4", "b-half", "archived")]
        {
            case.tenant(slug, cluster, status).await;
        }
        for (words, cluster) in [
            ("n1 --name N", "c-tenth"),
            ("n2 --name N --region eu", "b-half"),
            ("n3 --name N --cluster c-tenth", "c-tenth"),
        ] {
            let said = create(case, words);
            assert_eq!(said.code, 0, "{said:?}");
            assert_eq!(cluster_of(case, &words[..2]).await, cluster, "{words}");
        }
        for (words, code, why) in [
            ("n4 --name N --region eu", 5, "a-full is full: 1 of 1; b-half is full: 2 of 2; c-tenth stands in another region; d-drained is draining; e-pending is pending"),
            ("n4 --name N --cluster d-drained", 5, "cluster `d-drained` takes no new tenant: it is draining"),
            ("n4 --name N --cluster a-full", 5, "it is full: 1 of 1"),
            ("n4 --name N --cluster c-tnth", 9, "did you mean `c-tenth`?"),
        ] {
            let said = create(case, words);
            assert_eq!(said.code, code, "{words}: {said:?}");
            assert!(said.err.contains(why), "{words}: {said:?}");
        }
        assert_eq!(cluster_of(case, "n4").await, "");
    }

    async fn the_same_again_changes_nothing_and_other_values_are_refused(case: &Case) {
        platform(case).await;
        let line = format!("melati --name Melati --id {ID} --locale en --owner-user-id {OWNER}");
        assert_eq!(create(case, &line).code, 0);
        for again in [&line[..], "melati --name Melati", "melati --name Melati --cluster central --timezone Asia/Jakarta"] {
            let said = create(case, again);
            assert_eq!(said.code, 0, "{again}: {said:?}");
            assert!(said.err.contains("already: nothing was changed"), "{said:?}");
        }
        let other = ID.replace("000a", "000b");
        for (words, why) in [
            ("melati --name Mawar", "its name is `Melati`, not `Mawar`"),
            ("melati --name Melati --locale id --owner-user-id 7", "its locale is `en`, not `id`"),
            (&format!("melati --name Melati --id {other}"), &format!("its id is `{ID}`, not `{other}`")),
            (&format!("mawar --name Melati --id {ID}"), "its slug is `melati`, not `mawar`"),
        ] {
            let said = create(case, words);
            assert_eq!(said.code, 5, "{words}: {said:?}");
            assert!(said.err.contains(why) && said.err.contains("opsctl tenant show melati"), "{words}: {said:?}");
        }
        assert_eq!(case.count("opsctl_tenants").await, 1);
    }

    async fn an_owner_is_what_the_cluster_can_hold_and_is_corrected_until_the_tenant_is_provisioned(case: &Case) {
        platform(case).await;
        let said = create(case, "melati --name Melati --owner-user-id foo");
        let (code, left) = match case.db.engine() {
            Engine::Postgres => (5, 0),
            _ => (0, 1),
        };
        assert_eq!((said.code, case.count("opsctl_tenants").await), (code, left), "{said:?}");
        if code == 5 {
            assert!(said.err.contains("cannot hold the owner's id `foo`: nothing was changed"), "{said:?}");
            assert!(said.err.contains("takes only UUIDs there"), "{said:?}");
            case.a_tenant("melati", "central").await;
            case.execute("UPDATE opsctl_tenants SET name = 'Melati', owner_user_id = 'foo'").await;
        }
        let line = format!("melati --name Melati --owner-user-id {OWNER}");
        let said = create(case, &format!("{line} --dry-run"));
        assert!(said.code == 0 && said.err.contains("would have been corrected") && case.count("opsctl_tenants WHERE owner_user_id = 'foo'").await == 1, "{said:?}");
        let said = create(case, &line);
        assert!(said.code == 0 && said.err.contains("Corrected the owner of tenant `melati`."), "{said:?}");
        assert_eq!(case.count(&format!("opsctl_tenants WHERE owner_user_id = '{OWNER}'")).await, 1);
        case.execute("UPDATE opsctl_tenants SET status = 'active'").await;
        let said = create(case, &line.replace("00ff", "00fe"));
        assert!(said.code == 5 && said.err.contains("its owner is"), "{said:?}");
    }

    async fn what_cannot_be_a_tenants_is_told_before_anything_is_done(case: &Case) {
        platform(case).await;
        for (words, told) in [
            ("Melati.Jaya --name M", "did you mean `melati-jaya`?"),
            ("melati --name M --timezone Asia/Jakrta", "did you mean `Asia/Jakarta`?"),
            ("melati --name M --id 7", "it is a UUID"),
            ("melati", "--name <NAME>"),
            ("melati --name M --cluster a --region b", "cannot be used with"),
        ] {
            let said = create(case, words);
            assert_eq!(said.code, 2, "{words}: {said:?}");
            assert!(said.err.contains(told), "{words}: {said:?}");
        }
    }

    async fn tenants_of_the_platforms_own_tables_are_left_to_the_platform(case: &Case) {
        platform(case).await;
        let toml = "[fleet]\ntenants = \"SELECT id, slug, cluster, status FROM opsctl_tenants\"\n";
        std::fs::write(case.folder.path().join("opsctl.toml"), toml).unwrap();
        let said = create(case, "melati --name Melati");
        assert_eq!(said.code, 5, "{said:?}");
        assert!(said.err.contains("registered in the platform's own tables"), "{said:?}");
        assert_eq!(case.count("opsctl_tenants").await, 0);
    }

    async fn many_at_once_never_overfill_a_cluster(case: &Case) {
        platform(case).await;
        case.cluster("small", "active", "eu", "3").await;
        case.cluster("large", "active", "eu", "5").await;
        let slugs: Vec<String> = (0..12).map(|at| format!("t{at}")).collect();
        let said = all_at_once(case, &slugs);
        let done = said.iter().filter(|said| said.code == 0).count();
        assert_eq!(done, 8, "{said:#?}");
        assert!(said.iter().all(|said| said.code == 0 || said.err.contains("is full")), "{said:#?}");
        for (cluster, capacity) in [("small", 3), ("large", 5)] {
            assert_eq!(case.count(&format!("opsctl_tenants WHERE cluster = '{cluster}'")).await, capacity);
        }
    }

    async fn the_same_slug_many_times_at_once_is_one_tenant(case: &Case) {
        platform(case).await;
        let slugs = vec!["melati".to_owned(); 8];
        let said = all_at_once(case, &slugs);
        assert!(said.iter().all(|said| said.code == 0), "{said:#?}");
        assert_eq!(said.iter().filter(|said| said.err.starts_with("Registered")).count(), 1, "{said:#?}");
        let ids: BTreeSet<&str> = said.iter().filter_map(|said| said.out.split_whitespace().nth(11)).collect();
        assert_eq!(ids.len(), 1, "{said:#?}");
    }

    async fn a_cluster_that_is_being_drained_or_removed_takes_none(case: &Case) {
        platform(case).await;
        for (at, sql) in [
            "UPDATE opsctl_clusters SET status = 'draining' WHERE name = 'a'",
            "DELETE FROM opsctl_clusters WHERE name = 'a'",
        ].iter().enumerate() {
            case.execute("DELETE FROM opsctl_clusters").await;
            case.cluster("a", "active", "eu", "10").await;
            case.cluster("b", "active", "eu", "10").await;
            case.tenant(&format!("b{at}"), "b", "active").await;
            let mut session = case.db.session().await.unwrap();
            session.begin(Begin::Write).await.unwrap();
            session.execute(Query::new(*sql)).await.unwrap();
            let slug = format!("n{at}");
            let mut child = case.program(&["tenant", "create", &slug, "--name", "N"]).spawn().unwrap();
            until_it_waits(case, &mut child).await;
            session.commit().await.unwrap();
            drop(session);
            let said: Said = child.wait_with_output().unwrap().into();
            assert_eq!(said.code, 0, "{said:?}");
            assert_eq!(cluster_of(case, &slug).await, "b", "{sql}: {said:?}");
        }
    }
}

/// One process for each slug, all begun before any is waited for.
fn all_at_once(case: &Case, slugs: &[String]) -> Vec<Said> {
    let begun: Vec<Child> = slugs
        .iter()
        .map(|slug| case.program(&["tenant", "create", slug, "--name", "N"]).spawn().unwrap())
        .collect();
    begun.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect()
}

/// Waits until the process waits for a lock of ours.
async fn until_it_waits(case: &Case, child: &mut Child) {
    let waiting = match case.db.engine() {
        Engine::Postgres => "SELECT count(*) AS n FROM pg_locks WHERE NOT granted",
        Engine::MySql => {
            "SELECT count(*) AS n FROM information_schema.processlist \
             WHERE db = DATABASE() AND id <> CONNECTION_ID() AND info LIKE '%FOR UPDATE'"
        }
        // A waiter leaves no trace; the file's lock is held until the commit, whenever it comes.
        Engine::Sqlite => "SELECT 1 AS n",
    };
    let other = case.another();
    for _ in 0..2000 {
        assert!(child.try_wait().unwrap().is_none(), "it did not wait");
        let rows = other.session().await.unwrap().fetch(Query::new(waiting)).await.unwrap();
        if rows[0].int("n").unwrap() > 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("nobody waits for the lock");
}
