//! `schedule run` killed at every crash point: no minute is run by two at once, none is lost for ever, and the next run
//! tidies up.

use opsctl::crash::Point;

use crate::{
    on_every_engine,
    support::{Case, cli::Said, number, redis::Redis},
};

/// SIGKILL.
const KILLED: Option<i32> = Some(9);
/// One that is due each minute, and one that is due once a day.
const ENTRIES: &str = "[schedule.entries.often]\ncron = \"* * * * *\"\ncommand = \"queue restart\"\n\
    [schedule.entries.daily]\ncron = \"0 9 * * *\"\ncommand = \"queue restart\"\n";

fn run(case: &Case, time: &str, words: &[&str], more: &[(&str, &str)]) -> Said {
    let now = format!("2026-11-20T{time}Z");
    let variables = [&[("OPSCTL_NOW", now.as_str())], more].concat();
    case.run_with(&variables, &[&["schedule", "run"], words].concat())
}

async fn killed_at(case: &Case, entry: &str, point: Point, held: &impl Fn() -> Vec<String>) {
    let told = point.name();
    case.execute("DELETE FROM opsctl_schedule_runs").await;
    let before = case.ran(entry);
    let said = run(case, "09:00:10", &[entry], &[("OPSCTL_CRASH_AT", told)]);
    assert_eq!(said.signal, KILLED, "the point was not reached: {told}: {said:?}");
    // Whatever was begun is over before anybody takes it over.
    let settled = || case.ran(entry) - before;
    let first = if matches!(point, Point::ScheduleClaimed | Point::ScheduleLocked) { 0 } else { 1 };
    crate::support::cli::wait_until("the command of the dead run is over", || settled() >= first);
    // Its time is not over: the minute is left alone.
    let said = run(case, "09:00:40", &[entry], &[]);
    assert_eq!((said.code, settled()), (0, first), "{told}: {said:?}");
    let is_recorded = point == Point::ScheduleRecorded;
    let said = run(case, "09:02:00", &[entry], &[]);
    assert_eq!(said.code, 0, "{told}: {said:?}");
    let rows = case.runs(entry).await;
    match (entry, is_recorded) {
        ("often", false) => assert_eq!(rows, ["09:00 interrupted - 1", "09:02 ended 0 1"], "{told}"),
        ("often", true) => assert_eq!(rows, ["09:00 ended 0 1", "09:02 ended 0 1"], "{told}"),
        (_, false) => assert_eq!(rows, ["09:00 ended 0 2"], "{told}"),
        (_, true) => assert_eq!(rows, ["09:00 ended 0 1"], "{told}"),
    }
    let again = usize::from(entry == "often" || !is_recorded);
    assert_eq!(settled(), first + again, "{told}");
    if entry == "often" || !is_recorded {
        assert_eq!(held(), Vec::<String>::new(), "{told}: a mutex is left");
    }
    assert_eq!(case.count("opsctl_schedule_runs WHERE live_key IS NOT NULL").await, 0, "{told}");
}

async fn every_point(case: &Case, env: &str, held: impl Fn() -> Vec<String>, clear: impl AsyncFn()) {
    case.with_schedule(env, ENTRIES).await;
    for round in 0..number("OPSCTL_TEST_ROUNDS", 1) {
        for point in Point::SCHEDULE {
            for entry in ["often", "daily"] {
                eprintln!("round {round}, {} of {entry}", point.name());
                killed_at(case, entry, point, &held).await;
                clear().await;
            }
        }
    }
}

on_every_engine! {
    async fn killed_at_any_point_a_minute_is_made_up_for_with_mutexes_in_a_table(case: &Case) {
        let names = || {
            let said = case.run(&["schedule", "clear-cache", "--dry-run"]);
            said.err.lines().filter(|line| line.contains("held by")).map(str::to_owned).collect()
        };
        every_point(case, "", names, async || case.execute("DELETE FROM cache_locks").await).await;
    }

    async fn killed_at_any_point_a_minute_is_made_up_for_with_mutexes_on_redis(case: &Case) {
        let Some(server) = Redis::start(&[]) else { return };
        let env = format!("CACHE_STORE=redis\nREDIS_HOST=127.0.0.1\nREDIS_PORT={}\nREDIS_PREFIX=app-\n", server.port);
        let names = || {
            let said = case.run(&["schedule", "clear-cache", "--dry-run"]);
            said.err.lines().filter(|line| line.contains("held by")).map(str::to_owned).collect()
        };
        every_point(case, &env, names, async || _ = server.cli(&["FLUSHALL"])).await;
    }
}
