//! The schedule as it is typed: what is due runs once a minute, under the application's mutex, and stops where it must.

use std::fs;

use opsctl::laravel::lock_name;

use crate::{
    on_every_engine,
    support::{
        Case, Schema,
        cli::{Said, wait_until},
        jobs::json,
        schedule::RESTART,
    },
};
use opsctl::db::Engine;

/// An owner of Laravel's making.
const PHP: &str = "MBrGpD52Wyp1zVMX";
/// The line of the application that an entry stands for.
const LINE: &str = "[schedule.entries.restart]\ncron = \"* * * * *\"\ncommand = \"queue restart\"\nartisan = \"app:restart\"\n";

fn at<'a>(case: &Case, time: &'a str, words: &[&'a str]) -> Said {
    case.run_with(&[("OPSCTL_NOW", &format!("2026-11-20T{time}Z"))], words)
}

/// Entry and outcome of each item of a run.
fn outcomes(said: &Said) -> Vec<String> {
    let items = json(said)["data"].as_array().unwrap().clone();
    let text = |item: &serde_json::Value| {
        format!("{} {}", item["entry"].as_str().unwrap(), item["outcome"].as_str().unwrap())
    };
    items.iter().map(text).collect()
}

on_every_engine! {
    async fn what_is_due_runs_once_a_minute_and_what_it_prints_is_kept(case: &Case) {
        case.with_schedule("", RESTART).await;
        let dry = case.run(&["schedule", "run", "--dry-run", "--json"]);
        assert_eq!((dry.code, outcomes(&dry)), (0, vec!["restart due".to_owned()]));
        assert_eq!((case.ran("restart"), case.count("opsctl_schedule_runs").await), (0, 0));
        let said = case.run(&["schedule:run", "--json"]);
        assert_eq!((said.code, outcomes(&said)), (0, vec!["restart done".to_owned()]), "{said:?}");
        let said = at(case, "09:00:59", &["schedule", "run", "--json"]);
        assert_eq!((said.code, outcomes(&said)), (0, vec!["restart elsewhere".to_owned()]), "{said:?}");
        assert_eq!(at(case, "09:01:00", &["schedule", "run", "-q"]).code, 0);
        assert_eq!(case.ran("restart"), 2);
        assert_eq!(case.runs("restart").await, ["09:00 ended 0 1", "09:01 ended 0 1"]);
        // The mutex is free again; the keys of both minutes stay, as the application's do.
        let owners = case.owners("framework/schedule-").await;
        assert_eq!(owners.len(), 2, "{owners:?}");
        assert!(owners.iter().all(|owner| owner.len() == 16 && owner.starts_with("opsctl")), "{owners:?}");
        let out = case.run(&["schedule", "output", "restart"]);
        assert!(out.code == 0 && out.out.contains("Wrote 1795165260 to `cache-illuminate:queue:restart`"), "{out:?}");
        assert_eq!(case.run(&["schedule", "output", "restart", "--list"]).out.lines().count(), 2);
        let list = json(&at(case, "09:01:30", &["schedule", "list", "--json", "--on"]));
        let line = &list["data"][0];
        assert_eq!((&line["last"]["status"], &line["last"]["exit"], &line["missed"]), (&"ended".into(), &0.into(), &serde_json::Value::Null));
        assert_eq!(line["next_due_at"], "2026-11-20T09:02:00Z");
        let list = json(&at(case, "09:30:00", &["schedule", "list", "--json", "--on"]));
        assert_eq!((&list["data"][0]["missed"], &list["summary"]["missed"]), (&"2026-11-20T09:28:00Z".into(), &1.into()));
    }

    async fn an_entry_that_the_application_runs_is_refused_until_it_is_taken_over(case: &Case) {
        case.with_schedule("", LINE).await;
        let mutex = lock_name::schedule("* * * * *", "app:restart");
        case.insert_lock(&format!("{mutex}0858"), PHP, 3000).await;
        let said = case.run(&["schedule", "run"]);
        assert_eq!((said.code, case.ran("restart")), (5, 0), "{said:?}");
        let told = format!("the application's scheduler ran it at 2026-11-20 08:58 UTC: `{PHP}` holds {mutex}0858");
        assert!(said.err.contains("the entry `restart` was not run") && said.err.contains(&told), "{said:?}");
        assert_eq!(case.count("opsctl_schedule_runs").await, 0);
        let list = json(&case.run(&["schedule", "list", "--json", "--on"]));
        assert_eq!(list["data"][0]["php"]["minute"], "2026-11-20T08:58:00Z");
        assert_eq!(case.run(&["schedule", "run", "--takeover"]).code, 5);
        let said = case.run(&["schedule", "run", "--takeover", "--yes", "--json"]);
        assert_eq!((said.code, outcomes(&said)), (0, vec!["restart done".to_owned()]), "{said:?}");
        // A minute that the application has taken is left to it, taken over or not.
        case.insert_lock(&format!("{mutex}0901"), PHP, 3600).await;
        let said = at(case, "09:01:05", &["schedule", "run", "--takeover", "--yes", "--json"]);
        assert_eq!((said.code, outcomes(&said)), (0, vec!["restart overlaps".to_owned()]), "{said:?}");
        // And so is an entry whose mutex it holds.
        case.insert_lock(&mutex, PHP, 600).await;
        let said = at(case, "09:02:05", &["schedule", "run", "--takeover", "--yes", "--json"]);
        assert_eq!((said.code, outcomes(&said)), (0, vec!["restart overlaps".to_owned()]), "{said:?}");
        assert_eq!(case.ran("restart"), 1);
        assert_eq!(case.runs("restart").await, ["09:00 ended 0 1", "09:01 skipped - 1", "09:02 skipped - 1"]);
    }

    async fn pause_maintenance_and_environments_are_heeded(case: &Case) {
        let entry = |name: &str, more: &str| format!("[schedule.entries.{name}]\ncron = \"* * * * *\"\ncommand = \"queue restart\"\n{more}\n");
        let toml = [
            entry("always", "in_maintenance = true\nwhen_paused = true"),
            entry("plain", ""),
            entry("production", "environments = [\"production\"]"),
            entry("quiet", "enabled = false"),
        ];
        case.with_schedule("", &toml.concat()).await;
        let run = |time: &str| outcomes(&at(case, time, &["schedule", "run", "--json"]));
        assert_eq!(run("09:00:00"), ["always done", "plain done", "production not_now"]);
        fs::create_dir_all(case.folder.path().join("storage/framework")).unwrap();
        let down = case.folder.path().join("storage/framework/down");
        fs::write(&down, "{}").unwrap();
        assert_eq!(run("09:01:00"), ["always done", "plain not_now", "production not_now"]);
        fs::remove_file(&down).unwrap();
        let key = case.db.quoted("key");
        case.execute(&format!("INSERT INTO cache ({key}, value, expiration) VALUES ('cache-illuminate:schedule:paused', 'b:1;', 2000000000)")).await;
        let said = at(case, "09:02:00", &["schedule", "run"]);
        assert!(said.code == 0 && said.out.contains("the schedule is paused"), "{said:?}");
        assert_eq!((case.ran("always"), case.ran("plain"), case.ran("production")), (3, 1, 0));
    }

    async fn a_command_that_takes_too_long_or_finds_a_lock_is_told_as_that(case: &Case) {
        let toml = "[schedule.entries.slow]\ncron = \"* * * * *\"\ncommand = \"webhooks retry-once --if-locked wait=5m\"\ntimeout_seconds = 1\n\
             [schedule.entries.locked]\ncron = \"* * * * *\"\ncommand = \"webhooks retry-once\"\n";
        case.with_schedule("", toml).await;
        case.insert_lock("tenrusl:cmd:webhooks:retry:global", PHP, 600).await;
        let said = case.run(&["schedule", "run", "--json"]);
        assert_eq!((said.code, outcomes(&said)), (75, vec!["locked locked".to_owned(), "slow timed_out".to_owned()]), "{said:?}");
        assert_eq!(case.runs("slow").await, ["09:00 ended 75 1"]);
        assert_eq!(case.runs("locked").await, ["09:00 ended 8 1"]);
    }

    async fn a_signal_is_passed_on_and_the_end_recorded(case: &Case) {
        let toml = "[schedule.entries.slow]\ncron = \"* * * * *\"\ncommand = \"webhooks retry-once --if-locked wait=5m\"\n";
        case.with_schedule("", toml).await;
        case.insert_lock("tenrusl:cmd:webhooks:retry:global", PHP, 600).await;
        let child = case.program(&["schedule", "run"]).env("OPSCTL_NOW", "2026-11-20T09:00:50Z").spawn().unwrap();
        wait_until("the command runs", || case.ran("slow") == 1);
        let live = at(case, "09:00:55", &["schedule", "run", "--json"]);
        assert_eq!(outcomes(&live), ["slow elsewhere"]);
        let overlapping = at(case, "09:01:20", &["schedule", "run", "--json"]);
        assert_eq!((overlapping.code, outcomes(&overlapping)), (0, vec!["slow overlaps".to_owned()]));
        let refused = case.run(&["schedule", "clear-cache", "--yes"]);
        assert!(refused.code == 5 && refused.err.contains("is at work"), "{refused:?}");
        let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let said: Said = child.wait_with_output().unwrap().into();
        assert_eq!(said.code, 130, "{said:?}");
        assert_eq!(case.runs("slow").await, ["09:00 ended 130 1", "09:01 skipped - 1"]);
    }

    async fn without_opsctls_tables_the_applications_key_keeps_hosts_apart(case: &Case) {
        case.write_schedule("", RESTART);
        let said = case.run(&["schedule", "run"]);
        assert!(said.code == 0 && said.err.contains("opsctl_schedule_runs is missing"), "{said:?}");
        assert!(said.err.contains("opsctl db migrate"), "{said:?}");
        let said = case.run(&["schedule", "run", "--json"]);
        assert_eq!((said.code, outcomes(&said)), (0, vec!["restart elsewhere".to_owned()]), "{said:?}");
        assert_eq!(case.ran("restart"), 1);
    }

    async fn mutexes_go_as_they_were_shown_and_only_by_consent(case: &Case) {
        case.with_schedule("", LINE).await;
        assert!(case.run(&["schedule", "clear-cache", "--yes"]).err.contains("No mutex"));
        let mutex = lock_name::schedule("* * * * *", "app:restart");
        case.insert_lock(&mutex, PHP, 600).await;
        case.insert_lock(&format!("{mutex}0859"), PHP, 600).await;
        case.insert_lock("framework/schedule-86dab0bcb3ad4012b61822aad41b041a9564d9e1", PHP, 600).await;
        let said = case.run(&["schedule:clear-cache"]);
        assert!(said.code == 5 && said.err.contains("the application's scheduler"), "{said:?}");
        assert_eq!(case.run(&["schedule", "clear-cache", "--dry-run"]).code, 0);
        assert_eq!(case.owners("framework/schedule-").await.len(), 3);
        let said = case.run(&["schedule", "clear-cache", "--yes"]);
        assert!(said.code == 0 && said.err.contains("Deleted 1 of 1."), "{said:?}");
        assert_eq!(case.owners("framework/schedule-").await.len(), 2);
    }
}

async fn sqlite(toml: &str) -> Case {
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    case.with_schedule("", toml).await;
    case
}

#[tokio::test]
async fn what_cannot_be_understood_is_a_configuration_error_that_names_its_place() {
    let case = sqlite("").await;
    let entry = |lines: &str| format!("[schedule.entries.x]\n{lines}\n");
    for (toml, told) in [
        (
            entry("cron = \"* * * * *\"\ncommand = \"wa redrvie\""),
            "the entry `x` of the schedule has a command that cannot be run",
        ),
        (entry("cron = \"* * * * *\"\ncommand = \"schedule run\""), "a schedule does not run itself"),
        (entry("cron = \"* * * * *\"\ncommand = \"queue restart --nope\""), "`queue restart --nope`"),
        (entry("cron = \"* 24 * * *\"\ncommand = \"queue restart\""), "schedule.entries.x.cron in "),
        (entry("cron = \"* 24 * * *\"\ncommand = \"queue restart\""), "the hour `24` of `* 24 * * *`"),
        (
            entry("cron = \"* * * * *\"\ncommand = \"queue restart\"\ntimezone = \"Asia/Jakrta\""),
            "timezone = \"Asia/Jakarta\"",
        ),
        (entry("cron = \"* * * * *\""), "has no `command`"),
        (entry("command = \"queue restart\""), "has no `cron`"),
        (entry("cron = \"* * * * *\"\ncommand = \"queue restart\"\noverlap_minutes = 0"), "overlap_minutes"),
        (entry("cron = \"* * * * *\"\nwhat = 1"), "line 3: unknown field `what`"),
        (
            "[schedule.entries.\"../x\"]\ncron = \"* * * * *\"\ncommand = \"queue restart\"\n".into(),
            "the name of an entry is made of letters",
        ),
        ("[schedule]\nbaseline = [\"webhook-retry\"]\n".into(), "baseline = [\"webhooks-retry\"]"),
        (
            "[schedule]\nbaseline = [\"audit-archive\"]\n".into(),
            "opsctl has no command for artisan's `ops:audit:archive`",
        ),
    ] {
        case.write_schedule("", &toml);
        for words in [&["schedule", "run"][..], &["schedule", "list"], &["schedule", "crontab"]] {
            let said = case.run(words);
            assert!(said.code == 6 && said.err.contains(told), "{toml}: {said:?}");
        }
    }
    assert_eq!(case.count("opsctl_schedule_runs").await, 0);
    // What is off may be of another version.
    case.write_schedule("", &entry("cron = \"* * * * *\"\ncommand = \"wa redrive\"\nenabled = false"));
    assert_eq!(case.run(&["schedule", "run"]).code, 0);
    assert_eq!(case.run(&["schedule", "run", "y"]).code, 9);
}

#[tokio::test]
async fn the_webhook_services_own_entry_has_its_settings_clamps_and_mutex() {
    let case = sqlite("[schedule]\nbaseline = [\"webhooks-retry\"]\n").await;
    let line = |env: &str| {
        case.write_schedule(env, "[schedule]\nbaseline = [\"webhooks-retry\"]\n");
        let said = json(&case.run(&["schedule", "list", "--on", "--json"]));
        let line = said["data"][0].clone();
        (line["command"].as_str().unwrap().to_owned(), line["mutex"].as_str().unwrap().to_owned())
    };
    // As the service itself was seen to name it.
    let (command, mutex) = line("TENRUSL_SCHEDULER_LIMIT=20\n");
    assert_eq!(command, "tenrusl:webhooks:retry --limit=20 --max-attempts=5 --mode=full");
    assert_eq!(mutex, "framework/schedule-75cbbf9bac36eaac7551507ba24f9bf130a9b85d");
    assert_eq!(line("").1, "framework/schedule-9918ad34698ff42803f3b4d2815036c8088494ad");
    let (command, _) = line(
        "TENRUSL_SCHEDULER_LIMIT=99999\nTENRUSL_MAX_RETRY_ATTEMPTS=0\nTENRUSL_SCHEDULER_PROVIDER=stripe\nTENRUSL_SCHEDULER_QUEUE=true\n",
    );
    assert_eq!(
        command,
        "tenrusl:webhooks:retry --limit=2000 --max-attempts=1 --mode=full --provider=stripe --queue --queue-name=webhooks"
    );
}

#[tokio::test]
async fn the_list_shows_utc_and_the_zone_that_is_asked_for() {
    let toml = "[schedule.entries.nightly]\ncron = \"0 2 * * *\"\ntimezone = \"Asia/Jakarta\"\ncommand = \"queue restart\"\n";
    let case = sqlite(&format!("{RESTART}{toml}")).await;
    assert_eq!(case.run(&["schedule", "run", "-q"]).code, 0);
    let said = case.run(&["schedule:list", "--on", "--next", "--timezone=Asia/Jakarta"]);
    insta::assert_snapshot!(said.out, @"
    ENTRY    STATE  EXPRESSION              NEXT DUE AT                    LAST RUN  RESULT  HELD BY  PHP  COMMAND
    restart  on     * * * * *               09:01 UTC, 16:01 WIB (in 1m)   now       done    -        -    queue restart
    nightly  on     0 2 * * * Asia/Jakarta  19:00 UTC, 02:00 WIB (in 10h)  -         -       -        -    queue restart
    ");
    assert_eq!(said.err, "");
}

#[tokio::test]
async fn outputs_are_bounded_in_number_and_size() {
    let toml = "[schedule.entries.restart]\ncron = \"* * * * *\"\ncommand = \"queue restart\"\nkeep_runs = 2\nkeep_bytes = 10\n";
    let case = sqlite(toml).await;
    for time in ["09:00:00", "09:01:00", "09:02:00"] {
        assert_eq!(at(&case, time, &["schedule", "run", "-q"]).code, 0);
    }
    let listed = case.run(&["schedule", "output", "restart", "--list"]).out;
    let names: Vec<&str> = listed.lines().map(|line| line.rsplit('/').next().unwrap()).collect();
    assert!(
        names.len() == 2
            && names[0].starts_with("20261120T0902Z-")
            && names[1].starts_with("20261120T0901Z-"),
        "{names:?}"
    );
    let said = case.run(&["schedule", "output", "restart"]);
    assert!(
        said.out.starts_with("Wrote 1795\n[") && said.out.contains("bytes more were not kept]"),
        "{said:?}"
    );
    let run = names[1].strip_prefix("20261120T0901Z-").unwrap().strip_suffix(".log").unwrap();
    assert_eq!(case.run(&["schedule", "output", "restart", "--run", run]).code, 0);
    assert_eq!(case.run(&["schedule", "output", "restart", "--run", "01NOTHING"]).code, 9);
}

#[tokio::test]
async fn a_crontab_quotes_what_cron_and_shells_would_read_otherwise() {
    let toml = "[schedule.entries.odd]\ncron = \"@daily\"\ncommand = [\"webhooks\", \"list\", \"--event-id\", \"50% o'clock\"]\n";
    let case = sqlite(toml).await;
    let said = case.run(&["schedule", "crontab", "--entries", "--user", "ops"]);
    let line = said.out.lines().last().unwrap();
    assert!(
        line.starts_with("@daily ops cd /") && line.ends_with(r"webhooks list --event-id '50\% o'\''clock'"),
        "{line}"
    );
    assert!(said.out.contains("CRON_TZ=UTC\n# odd: next 2026-11-21 00:00:00 UTC\n"), "{said:?}");
    assert!(said.out.contains("OPSCTL_STATE_DIR=\""), "{said:?}");
    let said = case.run(&["schedule", "crontab", "--systemd", "--user", "ops"]);
    assert!(said.out.contains("User=ops\n") && said.out.contains("OnCalendar=*-*-* *:*:00"), "{said:?}");
}

#[tokio::test]
async fn work_runs_the_minute_that_it_begins_in() {
    let case = sqlite(RESTART).await;
    let said = case.run(&["schedule:work", "--minutes", "1"]);
    assert!(said.code == 0 && said.err.contains("1 entry: 1 done"), "{said:?}");
    assert_eq!(case.runs("restart").await, ["09:00 ended 0 1"]);
}
