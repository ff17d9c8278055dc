//! One cluster in full, wherever it is registered, and clusters that are watched.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    on_every_engine,
    support::cli::{Said, program, run},
};

/// A folder whose `opsctl.toml` registers clusters, and which has no central database. `CANARY` holds a secret.
fn of_a_file() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = "
environment = \"local\"

[clusters.eu-1]
url = \"postgres://app@db-eu/tenants\"
password = \"env:CANARY\"
owner = { user = \"migrator\", password = \"file:secret\" }
region = \"eu\"
capacity = 20

[clusters.lost-1]
url = \"postgres://app@db-lost/tenants\"
password = \"env:NOBODY_SET_IT\"
status = \"draining\"

[contexts.prod.clusters.ap-1]
url = \"mysql://app@db-ap/tenants\"
";
    std::fs::write(folder.path().join("opsctl.toml"), text).unwrap();
    std::fs::write(folder.path().join("secret"), "kanari02\n").unwrap();
    folder
}

fn asked(folder: &Path, words: &[&str]) -> Said {
    program(folder).args(words).env("CANARY", "kanari01").output().unwrap().into()
}

#[test]
fn a_file_registers_clusters_and_needs_no_central_database() {
    let folder = of_a_file();
    let said = asked(folder.path(), &["clusters", "list"]);
    assert_eq!(said.code, 0, "{said:?}");
    insta::assert_snapshot!(said.out, @r"
    NAME    STATUS    PENDING  LAST PROBE  SCHEMA HEAD  TENANTS  ENGINE    REGION  ROLE
    eu-1    active          -  -                     -        -  postgres  eu      tenants
    lost-1  draining        -  -                     -        -  postgres  -       tenants
    ");
    assert!(said.err.contains("cluster `lost-1` cannot be reached as it is registered"), "{said:?}");
    assert!(said.err.ends_with("2 clusters, registered in [clusters] of the opsctl.toml.\n"), "{said:?}");
    let named = asked(folder.path(), &["--context", "prod", "clusters", "list", "-o", "ids"]);
    assert_eq!(named.out, "ap-1\n");
    let shown = asked(folder.path(), &["clusters", "show", "eu-1"]);
    insta::assert_snapshot!(shown.out, @r"
    Cluster .... eu-1
    Registered . in [clusters] of the opsctl.toml
    Address .... postgres://db-eu:5432/tenants
    Region ..... eu
    Status ..... active
    Role ....... app: user app, password from env:CANARY
    Role ....... operator: works as app does
    Role ....... owner: user migrator, password from file:secret
    ");
}

#[test]
fn passwords_are_told_by_where_they_lie_and_never_themselves() {
    let folder = of_a_file();
    for words in [&["clusters", "list"][..], &["clusters", "show", "eu-1"], &["clusters", "show", "lost-1"]] {
        for format in ["table", "wide", "json", "jsonl", "csv", "tsv"] {
            let said = asked(folder.path(), &[words, &["-o", format, "-vvv"]].concat());
            assert!(said.code == 0 && !format!("{said:?}").contains("kanari"), "{said:?}");
        }
    }
}

#[test]
fn what_a_file_registers_is_changed_there() {
    let folder = of_a_file();
    let file = folder.path().join("opsctl.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n[database]\nurl = \"sqlite:central.sqlite\"\n")).unwrap();
    let path = folder.path().join("central.sqlite");
    std::fs::write(&path, "").unwrap();
    for words in [
        &["add", "x", "--url", "postgres://app@db/t"][..],
        &["edit", "eu-1", "--capacity", "1"],
        &["drain", "eu-1"],
        &["remove", "eu-1", "--yes"],
    ] {
        let said = asked(folder.path(), &[&["clusters"], words].concat());
        assert_eq!(said.code, 5, "{said:?}");
        assert!(said.err.contains("clusters are registered in [clusters] of the opsctl.toml"), "{said:?}");
        assert!(said.err.contains("hint: change them in ") && said.err.contains("opsctl.toml\n"), "{said:?}");
    }
}

/// The platform's own tables, and the query that reads them as opsctl's.
const PLATFORM: [&str; 4] = [
    "CREATE TABLE clusters (id varchar(36) PRIMARY KEY, code varchar(64) NOT NULL UNIQUE, driver varchar(16) NOT NULL, \
     host varchar(255), port integer, name varchar(255) NOT NULL, username varchar(128), secret_ref varchar(255), \
     region varchar(64), status varchar(16) NOT NULL, max_tenants integer)",
    "INSERT INTO clusters VALUES ('1', 'jkt-1', 'postgres', 'db-jkt', 5433, 'tenants', 'app', 'env:CANARY', 'id', 'active', 5)",
    "INSERT INTO clusters VALUES ('2', 'sby-1', 'mysql', 'db-sby', 3306, 'tenants', 'app', 'kanari03', 'id', 'read_only', NULL)",
    "INSERT INTO clusters VALUES ('3', 'odd-1', 'postgres', 'db-odd', 5432, 'tenants', 'app', NULL, 'id', 'haunted', NULL)",
];

on_every_engine! {
    async fn a_query_reads_the_clusters_of_a_platforms_own_table(case: &Case) {
        for sql in PLATFORM {
            case.execute(sql).await;
        }
        case.write_env("");
        let glue = |parts: [&str; 8]| match case.db.engine() {
            Engine::MySql => format!("concat({})", parts.join(", ")),
            _ => parts.join(" || "),
        };
        let port = if case.db.engine() == Engine::MySql { "port" } else { "cast(port as varchar(8))" };
        let url = glue(["driver", "'://'", "username", "'@'", "host", "':'", port, "'/tenants'"]);
        let text = format!(
            "app = \".\"\n[fleet]\nclusters = \"\"\"SELECT code AS name, {url} AS url, secret_ref AS secret, region, \
             status, max_tenants AS capacity FROM clusters\"\"\"\n"
        );
        std::fs::write(case.folder.path().join("opsctl.toml"), text).unwrap();
        let said = case.run_with(&[("CANARY", "kanari01")], &["clusters", "list", "-o", "wide"]);
        assert_eq!(said.code, 6, "{said:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @r"
            NAME   STATUS    PENDING  LAST PROBE  SCHEMA HEAD  TENANTS  ENGINE    REGION  ROLE     CAPACITY  CREDENTIALS  SERVER  LAST MIGRATION  ADDRESS
            jkt-1  active          -  -                     -        -  postgres  id      tenants         5  app          -       -               postgres://db-jkt:5433/tenants
            odd-1  unusable        -  -                     -        -  -         -       tenants         -  app          -       -               -
            sby-1  unusable        -  -                     -        -  mysql     id      tenants         -  app          -       -               mysql://db-sby:3306/tenants
            ");
        }
        assert!(said.err.contains("`haunted` is no status of a cluster"), "{said:?}");
        assert!(said.err.contains("must be a reference, not a secret"), "{said:?}");
        let shown = case.run(&["clusters", "show", "sby-1", "--json"]);
        assert!(!format!("{said:?}{shown:?}").contains("kanari"), "{said:?} {shown:?}");
        let refused = case.run(&["clusters", "drain", "jkt-1"]);
        assert_eq!(refused.code, 5, "{refused:?}");
        assert!(refused.err.contains("change them in the platform's own tables"), "{refused:?}");
    }

    async fn one_cluster_is_shown_with_its_tenants_and_what_was_seen_of_it(case: &Case) {
        case.write_env("");
        let url = "postgres://app@db-eu/tenants";
        for words in [
            &["db", "migrate", "-q"][..],
            &["clusters", "add", "eu-1", "--url", url, "--owner-user", "own", "--capacity", "20", "-q"],
        ] {
            assert_eq!(case.run(words).code, 0);
        }
        for (slug, status) in [("a", "active"), ("b", "pending"), ("c", "archived")] {
            case.execute(&format!(
                "INSERT INTO opsctl_tenants (id, slug, name, cluster, status, locale, timezone, created_at, updated_at) \
                 VALUES ('{slug}', '{slug}', 'T', 'eu-1', '{status}', 'id', 'UTC', '2026-11-01 00:00:00', \
                 '2026-11-01 00:00:00')"
            ))
            .await;
        }
        for (run, at, verdict, stage) in [("01A", "08:00:00", "ok", "NULL"), ("01B", "08:30:00", "failed", "'connect'")] {
            case.execute(&format!(
                "INSERT INTO opsctl_cluster_probes (cluster, run, probed_at, verdict, stage, took_ms, report) VALUES \
                 ('eu-1', '{run:0<26}', '2026-11-20 {at}', '{verdict}', {stage}, 12, '{{}}')"
            ))
            .await;
        }
        case.execute(
            "INSERT INTO opsctl_cluster_migrations (cluster, run, record_table, outcome, head, applied, pending, error, \
             begun_at) VALUES ('eu-1', '01C00000000000000000000000', '_sqlx_migrations', 'failed', 50001, 1, 2, \
             'a lock was not given', '2026-11-20 08:50:00')",
        )
        .await;
        let said = case.run(&["clusters", "show", "eu-1"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @r"
            Cluster .... eu-1
            Registered . in the table opsctl_clusters
            Address .... postgres://db-eu:5432/tenants
            Region ..... -
            Status ..... active
            Role ....... app: user app
            Role ....... operator: works as app does
            Role ....... owner: user own
            Tenants .... 2 of 20: 1 active, 1 archived, 1 pending
            Schema ..... 50001 applied last, 2 pending, failed, when it was last looked at
            Probe ...... failed at connect, 30m ago, 12 ms
            Probe ...... ok, 1h ago, 12 ms
            Migration .. failed, 10m ago, 1 applied, 2 pending in _sqlx_migrations: a lock was not given
            ");
        }
        let json: Value = serde_json::from_str(&case.run(&["clusters", "show", "eu-1", "--json"]).out).unwrap();
        assert_eq!(json["data"]["tenants"], 2);
        assert_eq!(json["data"]["tenants_by_status"]["archived"], 1);
        let missing = case.run(&["clusters", "show", "eu-11"]);
        assert!(missing.code == 9 && missing.err.contains("did you mean `eu-1`?"), "{missing:?}");
    }
}

#[test]
fn a_watch_lists_again_until_its_time_is_up() {
    let folder = of_a_file();
    let said = run(folder.path(), &["clusters", "list", "--watch=1", "--timeout", "2s", "-o", "ids"]);
    assert_eq!(said.code, 75, "{said:?}");
    assert!(said.out.starts_with("eu-1\nlost-1\neu-1\nlost-1\n"), "{said:?}");
    let odd = run(folder.path(), &["clusters", "list", "--watch=0"]);
    assert_eq!(odd.code, 2, "{odd:?}");
}

#[test]
fn a_watch_ends_with_ctrl_c_and_when_its_reader_has_left() {
    let folder = of_a_file();
    let watch = || {
        let mut command = program(folder.path());
        command.args(["clusters", "list", "--watch=1", "-o", "ids", "-q"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut child = watch();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "eu-1");
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(code(child), Some(130));

    let mut child = watch();
    drop(child.stdout.take());
    assert_eq!(code(child), Some(0), "a closed pipe is no failure");
}

/// How it ended by itself; none where it had to be killed.
fn code(mut child: Child) -> Option<i32> {
    let started = Instant::now();
    while started.elapsed().as_secs() < 30 {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

#[test]
fn about_tells_how_many_clusters_there_are_and_where_they_are_registered() {
    let folder = of_a_file();
    let said = asked(folder.path(), &["about", "--only", "fleet"]);
    insta::with_settings!({filters => [(r"in \S+/opsctl.toml", "in FILE")]}, {
        insta::assert_snapshot!(said.out, @r"
        Fleet
          Registered in ... [clusters] of the opsctl.toml
          Clusters ........ 2
          Statuses ........ 1 active, 1 draining
          Cluster lost-1 .. clusters.lost-1.password in FILE refers to the variable NOBODY_SET_IT, which is not set
        ");
    });
}

#[test]
fn a_watch_on_a_terminal_is_redrawn_and_leaves_it_as_it_was() {
    let folder = of_a_file();
    let mut command = program(folder.path());
    command.args(["clusters", "list", "--watch=1"]).env("TERM", "xterm");
    let mut session = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
    for _ in 0..2 {
        session.exp_string("\u{1b}[H\u{1b}[2J").unwrap();
        session.exp_string("again every 1 s; Ctrl-C ends it.").unwrap();
    }
    session.send_control('c').unwrap();
    let rest = session.exp_eof().unwrap();
    assert!(rest.contains("interrupted"), "{rest}");
    // Neither the alternate screen nor a hidden cursor has to be put back: neither was asked for.
    assert!(!rest.contains("\u{1b}[?"), "{rest}");
    let status = session.process().wait().unwrap();
    assert!(matches!(status, rexpect::process::WaitStatus::Exited(_, 130)), "{status:?}");
}

#[test]
fn the_fixtures_make_a_fleet_that_can_be_moved() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    std::fs::create_dir(&here).unwrap();
    for words in [&["init", "--embedded"][..], &["db", "seed", "--only", "clusters"]] {
        let said = run(&here, words);
        assert_eq!(said.code, 0, "{said:?}");
    }
    let again = run(&here, &["db", "seed", "--only", "clusters"]);
    assert!(again.err.contains("are registered already"), "{again:?}");
    std::fs::rename(&here, &there).unwrap();
    let list: Value = serde_json::from_str(&run(&there, &["clusters", "list", "--json"]).out).unwrap();
    let lines = list["data"].as_array().unwrap();
    let statuses: Vec<&str> = lines.iter().map(|line| line["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["active", "pending", "active", "draining"]);
    for line in lines {
        let address = line["address"].as_str().unwrap();
        let path = address.strip_prefix("sqlite:").unwrap();
        assert!(Path::new(path).starts_with(&there) && Path::new(path).exists(), "{address}");
        let mut status = program(&there);
        status.env("OPSCTL_DATABASE_URL", address).args(["db", "status"]);
        let said: Said = status.output().unwrap().into();
        assert!(said.err.contains("is opsctl's own"), "{said:?}");
    }
}
