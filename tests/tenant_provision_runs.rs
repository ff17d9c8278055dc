//! Runs that are killed, held, overtaken, stopped, and those that begin at once: one works on a tenant, and what was left
//! half-done is finished by the next.

use opsctl::{cancel::Cancel, schema};

use crate::{
    on_every_engine,
    support::{Case, number, provisioning::id},
};

const KILLED: Option<i32> = Some(9);
const ACME: [&str; 3] = ["tenant", "provision", "acme"];
/// A heartbeat is too old by then for a process that is gone, and for any process.
const SOON: (&str, &str) = ("OPSCTL_NOW", "2026-11-20T09:00:20Z");
const LATER: (&str, &str) = ("OPSCTL_NOW", "2026-11-20T09:05:00Z");

/// Every place at which a run over one tenant can be killed, and whether the tenant is done there.
fn places() -> Vec<(String, bool)> {
    let each = |point: &str, times: usize| {
        (1..=times).map(|nth| (format!("{point}#{nth}"), false)).collect::<Vec<_>>()
    };
    let mut all = vec![("provision-begun".to_owned(), false)];
    for (point, times) in [("step-begun", 6), ("step-commit", 3), ("step-committed", 6), ("step-marked", 6)] {
        all.extend(each(point, times));
    }
    all.extend([("provision-end".to_owned(), false), ("provision-ended".to_owned(), true)]);
    all
}

async fn ready(case: &Case) {
    case.ready_for_tenants().await;
    case.a_tenant("acme", "central").await;
}

/// The only live run, if there is one.
async fn live(case: &Case) -> i64 {
    case.count("opsctl_provisioning_runs WHERE live_key IS NOT NULL").await
}

on_every_engine! {
    async fn a_run_that_was_killed_anywhere_is_finished_by_the_next_one_with_the_same_rows(case: &Case) {
        ready(case).await;
        assert_eq!(case.run(&ACME).code, 0);
        let whole = case.tenant_rows().await;
        let rounds = number("OPSCTL_TEST_ROUNDS", 1_usize);
        for (at, done) in places().iter().cycle().take(rounds * places().len()) {
            case.forget_runs().await;
            let said = case.run_with(&[("OPSCTL_CRASH_AT", at)], &ACME);
            assert_eq!(said.signal, KILLED, "{at}: {said:?}");
            let busy = case.run(&ACME);
            if !done {
                assert_eq!(busy.code, 8, "{at}: {busy:?}");
                assert!(busy.err.contains("is gone from this host"), "{at}: {busy:?}");
            }
            let next = case.run_with(&[SOON], &ACME);
            assert_eq!(next.code, 0, "{at}: {next:?}");
            assert_eq!(case.tenant_rows().await, whole, "{at}");
            assert_eq!(case.stands("acme").await.0, "active", "{at}");
            assert_eq!(live(case).await, 0, "{at}");
            let settled = case.tenant_dump(true).await;
            assert_eq!(case.run_with(&[LATER], &ACME).code, 0, "{at}");
            assert_eq!(case.tenant_dump(true).await, settled, "{at}");
        }
    }

    async fn killed_again_and_again_a_run_still_comes_to_the_same_rows(case: &Case) {
        ready(case).await;
        assert_eq!(case.run(&ACME).code, 0);
        let whole = case.tenant_rows().await;
        case.forget_runs().await;
        // Each takes over from the one before, and is killed one step further.
        for (minute, (at, _)) in places().iter().filter(|(at, _)| at.starts_with("step-")).enumerate() {
            let now = format!("2026-11-20T09:{:02}:00Z", minute + 1);
            let said = case.run_with(&[("OPSCTL_CRASH_AT", at), ("OPSCTL_NOW", &now)], &ACME);
            assert_eq!(said.signal, KILLED, "{at}: {said:?}");
        }
        let last = case.run_with(&[("OPSCTL_NOW", "2026-11-20T10:00:00Z")], &ACME);
        assert!(last.code == 0 && last.err.contains("taken over from ana on"), "{last:?}");
        assert_eq!(case.tenant_rows().await, whole);
        let attempt = &case.rows("SELECT max(attempt) AS n, count(*) AS runs FROM opsctl_provisioning_runs").await[0];
        assert_eq!((attempt.int("n").unwrap(), attempt.int("runs").unwrap()), (22, 22));
    }

    async fn of_two_at_once_one_runs_and_the_other_says_who(case: &Case) {
        ready(case).await;
        let held = case.hold("step-begun#3", &ACME);
        let before = case.tenant_rows().await;
        let other = case.run_with(&[("OPSCTL_USER", "ben")], &ACME);
        assert_eq!(other.code, 8, "{other:?}");
        assert!(other.err.contains("tenant `acme` is being provisioned by ana on "), "{other:?}");
        assert!(other.err.contains("at the step `roles`") && other.err.contains("since 2026-11-20 09:00:00 UTC"), "{other:?}");
        assert!(other.err.contains("its last heartbeat was 0s ago"), "{other:?}");
        assert_eq!(case.tenant_rows().await, before);
        assert_eq!(case.stands("acme").await, ("provisioning".into(), "running".into(), 1));
        let said = held.go();
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(case.stands("acme").await, ("active".into(), "succeeded".into(), 1));
    }

    async fn many_that_begin_at_the_same_moment_are_one_run_at_a_time(case: &Case) {
        ready(case).await;
        let children: Vec<_> = (0..6).map(|_| case.program(&ACME).spawn().unwrap()).collect();
        let codes: Vec<i32> = children
            .into_iter()
            .map(|child| crate::support::cli::Said::from(child.wait_with_output().unwrap()))
            .map(|said| {
                assert!(matches!(said.code, 0 | 8), "{said:?}");
                said.code
            })
            .collect();
        let done = i64::try_from(codes.iter().filter(|code| **code == 0).count()).unwrap();
        assert!(done >= 1);
        assert_eq!(case.count("opsctl_provisioning_runs WHERE status = 'succeeded'").await, done);
        // Whoever came later found everything there.
        assert_eq!(case.count("opsctl_provisioning_runs WHERE created_count > 0").await, 1);
        assert_eq!(live(case).await, 0);
    }

    async fn a_silent_run_is_taken_over_and_stops_before_its_next_step(case: &Case) {
        ready(case).await;
        let held = case.hold("step-committed#3", &ACME);
        let other = case.run_with(&[LATER], &ACME);
        assert_eq!(other.code, 0, "{other:?}");
        assert!(other.err.contains("taken over from ana on "), "{other:?}");
        let whole = case.tenant_dump(true).await;
        let said = held.go();
        assert_eq!(said.code, 8, "{said:?}");
        assert!(said.err.contains("was overtaken: it stopped before its next step"), "{said:?}");
        assert_eq!(case.tenant_dump(true).await, whole);
        assert_eq!(case.stands("acme").await, ("active".into(), "succeeded".into(), 2));
        let first = &case.rows("SELECT status, error, log_key FROM opsctl_provisioning_runs ORDER BY id").await[0];
        assert_eq!(first.text("status").unwrap(), "failed");
        assert!(first.text("error").unwrap().starts_with("overtaken by run "), "{first:?}");
        assert_eq!(first.text("log_key").unwrap(), "tenancy.role.provision_failed");
    }

    // Where the cluster is the central file itself, the step's own lock keeps others out.
    async fn a_step_that_was_overtaken_before_its_commit_is_rolled_back(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return;
        }
        ready(case).await;
        let held = case.hold("step-commit#1", &ACME);
        case.execute("UPDATE opsctl_provisioning_runs SET live_key = NULL, status = 'failed'").await;
        let said = held.go();
        assert_eq!(said.code, 8, "{said:?}");
        assert!(case.tenant_rows().await.is_empty());
    }

    async fn a_live_run_is_taken_over_at_once_by_who_confirms_it(case: &Case) {
        ready(case).await;
        let held = case.hold("step-begun#2", &ACME);
        let words = ["tenant", "provision", "acme", "--take-over"];
        let said = case.run(&words);
        assert_eq!(said.code, 5, "{said:?}");
        let said = case.run(&[&words[..], &["--yes"]].concat());
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(held.go().code, 8);
        assert_eq!(case.stands("acme").await, ("active".into(), "succeeded".into(), 2));
    }

    async fn an_interrupt_finishes_the_step_in_hand_and_says_how_to_go_on(case: &Case) {
        ready(case).await;
        let held = case.hold("step-begun#4", &ACME);
        held.interrupt();
        let said = held.go();
        assert_eq!(said.code, 130, "{said:?}");
        assert!(said.err.contains("go on with `opsctl tenant provision acme`: what is done is not done twice"), "{said:?}");
        assert_eq!(case.count("taxonomies").await, 5);
        // The signal is read as soon as the run waits for a server, which may be in the step behind.
        let members = case.count("tenant_user").await;
        assert!(members <= 1, "{members}");
        assert_eq!(case.stands("acme").await, ("pending".into(), "cancelled".into(), 1));
        assert_eq!(live(case).await, 0);
        let said = case.run(&["tenant", "provision", "--all-failed"]);
        let rest = format!("{} created, 0 updated, {} unchanged", 1 - members, 9 + members);
        assert!(said.code == 0 && said.err.contains(&rest), "{rest}: {said:?}");
    }

    // The work is dropped in the middle of a statement; the server rolls back, and the run is ended all the same.
    async fn a_deadline_drops_the_step_and_ends_the_run(case: &Case) {
        let lock = match case.db.engine() {
            Engine::Postgres => "LOCK TABLE taxonomies IN ACCESS EXCLUSIVE MODE",
            Engine::MySql => "LOCK TABLES taxonomies WRITE",
            Engine::Sqlite => return, // a writer there waits in its own process, for at most the busy timeout
        };
        ready(case).await;
        assert_eq!(case.run(&ACME).code, 0);
        case.forget_runs().await;
        let other = case.another();
        let mut session = other.session().await.unwrap();
        session.begin(opsctl::db::Begin::Write).await.unwrap();
        session.script(lock).await.unwrap();
        let started = std::time::Instant::now();
        let (said, value) = case.provision(&["acme", "--timeout", "2s"]);
        assert_eq!(said.code, 75, "{said:?}");
        // How far it came is told all the same. On PostgreSQL the catalogue waits for such a lock, too.
        let item = &value["data"]["items"][0];
        let (step, created) = if case.db.engine() == Engine::Postgres { ("migrations", 0) } else { ("taxonomies", 4) };
        assert_eq!((item["step"].as_str(), item["created"].as_u64()), (Some(step), Some(created)), "{item}");
        assert_eq!(case.count(&format!("opsctl_provisioning_runs WHERE created_count = {created}")).await, 1);
        assert!(started.elapsed().as_secs() < 6, "{:?}", started.elapsed());
        drop(session); // inside a transaction: its connection is closed, and the lock goes with it
        assert_eq!(case.stands("acme").await, ("pending".into(), "cancelled".into(), 1));
        assert_eq!((live(case).await, case.count("taxonomies").await), (0, 0));
        assert_eq!(case.run(&ACME).code, 0);
    }

    async fn all_failed_means_the_failed_the_stopped_the_killed_and_those_at_work(case: &Case) {
        ready(case).await;
        for slug in ["bolt", "cork", "dust", "ebb"] {
            case.a_tenant(slug, "central").await;
        }
        assert_eq!(case.run(&ACME).code, 0);
        case.execute("UPDATE opsctl_tenants SET status = 'provisioning_failed' WHERE slug = 'bolt'").await;
        assert_eq!(case.run_with(&[("OPSCTL_CRASH_AT", "step-begun#2")], &["tenant", "provision", "cork"]).signal, KILLED);
        let held = case.hold_with(&[LATER], "step-begun#2", &["tenant", "provision", "dust"]);
        let (said, value) = case.provision_with(&[LATER], &["--all-failed"]);
        assert_eq!(said.code, 4, "{said:?}");
        let names: Vec<&str> = value["data"]["items"].as_array().unwrap().iter().map(|item| item["tenant"].as_str().unwrap()).collect();
        assert_eq!(names, ["bolt", "cork", "dust"]);
        // The one that is at work is told, and left to whoever runs it.
        let outcomes: Vec<&str> = value["data"]["items"].as_array().unwrap().iter().map(|item| item["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["succeeded", "succeeded", "locked"]);
        assert!(said.err.contains("tenant `dust` is being provisioned by ana on "), "{said:?}");
        assert_eq!(held.go().code, 0);
        let said = case.run_with(&[LATER], &["tenant", "provision", "--all-failed"]);
        assert!(said.code == 0 && said.err.contains("No tenants are to be provisioned."), "{said:?}");
    }

    // Silence for `--stale-after` is for hosts whose processes cannot be seen.
    async fn all_failed_never_passes_over_a_run_that_was_just_killed(case: &Case) {
        ready(case).await;
        assert_eq!(case.run_with(&[("OPSCTL_CRASH_AT", "step-begun#2")], &ACME).signal, KILLED);
        let words = ["tenant", "provision", "--all-failed"];
        for words in [&words[..], &[&words[..], &["--dry-run"]].concat()] {
            let said = case.run(words);
            assert_eq!(said.code, 8, "{said:?}");
            assert!(said.err.contains("tenant `acme` is being provisioned by ana on "), "{said:?}");
            assert!(said.err.contains("is gone from this host"), "{said:?}");
            assert!(said.err.contains("hint: the same command takes it over in 10s"), "{said:?}");
        }
        let said = case.run_with(&[SOON], &[&words[..], &["--dry-run"]].concat());
        assert!(said.code == 0 && said.err.contains("`acme`: it would be taken over from ana on "), "{said:?}");
        assert_eq!(live(case).await, 1);
        let said = case.run_with(&[SOON], &words);
        assert!(said.code == 0 && said.err.contains("`acme`: taken over from ana on "), "{said:?}");
        assert_eq!(case.stands("acme").await, ("active".into(), "succeeded".into(), 2));
    }

    async fn without_opsctls_tables_the_command_that_makes_them_is_named(case: &Case) {
        schema::apply(&case.db, &schema::TENANT, &Cancel::new()).await.unwrap();
        case.write_env("");
        let query = format!("[fleet]\ntenants = \"SELECT '{}' AS id, 'acme' AS slug, 'central' AS cluster, 'active' AS status\"\n", id("acme"));
        std::fs::write(case.folder.path().join("opsctl.toml"), query).unwrap();
        let said = case.run(&ACME);
        assert!(said.code == 6 && said.err.contains("`opsctl db migrate`"), "{said:?}");
    }
}
