//! Completion: names from what runs saw, fast, silent, and without a connection where one would surprise.

use std::{
    fs,
    io::ErrorKind,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use crate::support::{
    Case, Event, Schema,
    cli::{Said, program},
    pages,
    proxy::Proxy,
};
use opsctl::{config::database::Address, db::Engine};

/// What a shell gets that asks about the last word of a line.
fn asked(folder: &Path, shell: &str, line: &[&str]) -> Said {
    let mut command = program(folder);
    command.env("OPSCTL_COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", (line.len() - 1).to_string());
    command.env("_CLAP_IFS", "\n").arg("--").args(line).output().unwrap().into()
}

fn words(said: &Said) -> Vec<&str> {
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    said.out.lines().collect()
}

/// A folder with a context on a server that counts who connects, and never answers.
struct Counted {
    folder: tempfile::TempDir,
    listener: TcpListener,
}

impl Counted {
    fn new(more: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let port = listener.local_addr().unwrap().port();
        let text =
            format!("{more}\nsystem = \"webhooks\"\n[database]\nurl = \"postgres://u@127.0.0.1:{port}/d\"\n");
        fs::write(folder.path().join("opsctl.toml"), text).unwrap();
        Self { folder, listener }
    }

    /// Connections since the last time.
    fn connections(&self) -> usize {
        let mut count = 0;
        loop {
            match self.listener.accept() {
                Ok(_) => count += 1,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return count,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// The only file that completion keeps.
fn kept(folder: &Path) -> std::path::PathBuf {
    let mut files = fs::read_dir(folder.join(".cache/opsctl/complete")).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

#[test]
fn words_of_the_tree_are_completed_with_what_they_do() {
    let folder = tempfile::tempdir().unwrap();
    let said = asked(folder.path(), "bash", &["opsctl", "webhooks", "retry"]);
    assert_eq!(words(&said), ["retry-once", "retry-one", "retry"]);
    let said = asked(folder.path(), "fish", &["opsctl", "webhooks", "list", "--status", "q"]);
    assert_eq!(words(&said), ["queued\tin the service's queue"]);
    let said = asked(folder.path(), "bash", &["opsctl", "webhooks", "list", "--provider", "str"]);
    assert_eq!(words(&said), ["stripe"]);
    let said = asked(folder.path(), "bash", &["opsctl", "help", "exit"]);
    assert_eq!(words(&said), ["exit-codes"]);
    let said = asked(folder.path(), "bash", &["opsctl", "webhooks", "list", "--columns", "id,prov"]);
    assert_eq!(words(&said), ["id,provider"]);
    let said = asked(folder.path(), "bash", &["opsctl", "db", "status", "--sort-by", "ver"]);
    assert_eq!(words(&said), ["version"]);
    let said = asked(folder.path(), "bash", &["opsctl", "--tz", "asia/jak"]);
    assert!(said.out.contains("Asia/Jakarta"), "{said:?}");
}

#[test]
fn contexts_are_completed_from_the_files_that_hold_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("opsctl.toml"),
        "[contexts.eu]\napp = \"eu\"\n[contexts.us]\napp = \"us\"\n",
    )
    .unwrap();
    fs::create_dir_all(folder.path().join(".config/opsctl")).unwrap();
    fs::write(folder.path().join(".config/opsctl/opsctl.toml"), "[contexts.home]\napp = \"x\"\n").unwrap();
    let said = asked(folder.path(), "bash", &["opsctl", "--context", ""]);
    assert_eq!(words(&said), ["eu", "us", "home"]);
}

#[tokio::test]
async fn runs_keep_ids_of_events_in_trouble_and_shells_get_them_without_a_connection() {
    let case = Case::new(Engine::Sqlite, Schema::Reference).await.unwrap();
    opsctl::webhooks::fixtures::seed(&case.db).await.unwrap();
    case.write_env("");
    assert_eq!(case.run(&["webhooks", "retry-once", "-q"]).code, 4);
    let file = kept(case.folder.path());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // The database goes away: what is offered comes from the file alone.
    case.db.close().await;
    for entry in fs::read_dir(case.folder.path()).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("app.sqlite") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let said = asked(case.folder.path(), "fish", &["opsctl", "webhooks", "retry-one", "01kh66"]);
    assert_eq!(words(&said), ["01kh66vxh7m77x83558nc5h27b\tstripe, exhausted"]);
}

#[tokio::test]
async fn an_event_that_is_done_is_offered_no_more() {
    let case = Case::new(Engine::Sqlite, Schema::Reference).await.unwrap();
    opsctl::webhooks::fixtures::seed(&case.db).await.unwrap();
    case.write_env("");
    case.run(&["webhooks", "list", "--due"]);
    let before = asked(case.folder.path(), "bash", &["opsctl", "webhooks", "show", ""]).out.lines().count();
    assert!(before > 40, "{before}");
    let done = case.run(&["webhooks", "retry-once", "-o", "jsonl"]);
    let applied = done.out.lines().find(|line| line.contains(r#""outcome":"applied""#)).unwrap();
    let id = applied.split('"').nth(3).unwrap().to_owned();
    let said = asked(case.folder.path(), "bash", &["opsctl", "webhooks", "show", &id[..20]]);
    assert!(!said.out.contains(&id), "{said:?}");
}

#[test]
fn help_and_pages_open_no_connection() {
    let counted = Counted::new("");
    for words in pages::verbs(counted.folder.path()) {
        pages::page(counted.folder.path(), &words.split(' ').collect::<Vec<_>>());
    }
    for line in [
        &["--help"][..],
        &["webhooks", "list", "--help"],
        &["help", "safety"],
        &["completions", "bash"],
        &["--version"],
    ] {
        let said: Said = program(counted.folder.path()).args(line).output().unwrap().into();
        assert_eq!(said.code, 0, "{said:?}");
    }
    let said = asked(counted.folder.path(), "bash", &["opsctl", "webhooks", "li"]);
    assert_eq!(words(&said), ["list"]);
    assert_eq!(counted.connections(), 0);
}

#[tokio::test]
async fn a_warm_cache_opens_no_connection() {
    let Some(case) = Case::new(Engine::Postgres, Schema::Service).await else { return };
    let Address::Tcp(_, port) = &case.target.address else { unreachable!("tests reach servers by port") };
    let proxy = Proxy::to(*port);
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa1").insert(&case).await;
    case.write_env(&format!("DB_PORT={}\n", proxy.port));
    assert_eq!(case.run(&["webhooks", "list"]).code, 0);
    let before = proxy.accepted();
    assert!(before > 0, "the list went through the proxy");
    let said = asked(case.folder.path(), "bash", &["opsctl", "webhooks", "show", "01k9"]);
    assert_eq!(words(&said), ["01k9aaaaaaaaaaaaaaaaaaaaa1"]);
    assert_eq!(proxy.accepted(), before);
    case.finish().await;
}

#[test]
fn a_database_that_was_never_seen_is_asked_for_a_moment_unless_it_is_protected() {
    for (more, connections) in [
        ("environment = \"local\"", 1),
        ("", 0),
        ("protected = true", 0),
        ("environment = \"production\"", 0),
    ] {
        let counted = Counted::new(more);
        let started = Instant::now();
        let said = asked(counted.folder.path(), "bash", &["opsctl", "webhooks", "show", ""]);
        assert!(words(&said).iter().all(|word| word.starts_with('-')), "{said:?}");
        assert_eq!(counted.connections(), connections, "{more}");
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "a server that says nothing must not hold a shell"
        );
    }
}

#[tokio::test]
async fn what_the_moment_found_is_kept_for_the_next_time() {
    let case = Case::new(Engine::Sqlite, Schema::Reference).await.unwrap();
    opsctl::webhooks::fixtures::seed(&case.db).await.unwrap();
    case.write_env("");
    let first = asked(case.folder.path(), "bash", &["opsctl", "webhooks", "show", "01"]);
    assert!(!words(&first).is_empty());
    let file = kept(case.folder.path());
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    let again = asked(case.folder.path(), "bash", &["opsctl", "webhooks", "show", "01"]);
    assert_eq!(again.out, first.out);
}

#[test]
fn whatever_is_broken_gives_no_names_and_no_word() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("opsctl.toml"), "this is = = no toml").unwrap();
    for line in
        [&["opsctl", "--context", ""][..], &["opsctl", "webhooks", "show", "0"], &["opsctl", "--config"]]
    {
        let said = asked(folder.path(), "bash", line);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    }
    let said = asked(folder.path(), "tcsh", &["opsctl", ""]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""));
    fs::create_dir_all(folder.path().join(".cache/opsctl")).unwrap();
    fs::write(folder.path().join(".cache/opsctl/complete"), "a file where a folder should be").unwrap();
    fs::remove_file(folder.path().join("opsctl.toml")).unwrap();
    fs::write(folder.path().join(".env"), "DB_CONNECTION=sqlite\nAPP_ENV=local\nDB_DATABASE=/nowhere\n")
        .unwrap();
    let said = asked(folder.path(), "bash", &["opsctl", "webhooks", "show", "0"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""));
}

#[tokio::test]
async fn a_real_bash_completes() {
    let case = Case::new(Engine::Sqlite, Schema::Reference).await.unwrap();
    opsctl::webhooks::fixtures::seed(&case.db).await.unwrap();
    case.write_env("");
    case.run(&["webhooks", "show", "01khc2hrwp4shas4hw42mvp1rt"]);
    let folder = case.folder.path().to_owned();
    tokio::task::spawn_blocking(move || drive_bash(&folder)).await.unwrap();
}

fn drive_bash(folder: &Path) {
    let binary = assert_cmd::cargo::cargo_bin("opsctl");
    let mut command = std::process::Command::new("bash");
    command.args(["--norc", "--noprofile", "-i"]).env_clear().current_dir(folder);
    command
        .env("HOME", folder)
        .env("TERM", "dumb")
        .env("PS1", "READY> ")
        .env("OPSCTL_NOW", "2026-11-20T09:00:00Z");
    command.env("PATH", format!("{}:/usr/bin:/bin", binary.parent().unwrap().display()));
    let mut bash = rexpect::session::spawn_command(command, Some(10_000)).unwrap();
    bash.exp_string("READY> ").unwrap();
    bash.send_line("source <(opsctl completions bash --dynamic)").unwrap();
    bash.exp_string("READY> ").unwrap();
    // The terminal echoes nothing, so what was completed shows in what is run.
    for keys in ["opsctl webhooks retry-o", "\t", "e 01khc2", "\t", " --dr", "\t", "; echo ENDED:$?\n"] {
        bash.send(keys).unwrap();
        bash.flush().unwrap();
    }
    let said = bash.exp_string("ENDED:1").unwrap();
    assert!(said.contains("01khc2hrwp4shas4hw42mvp1rt  tripay    ambiguous"), "{said}");
    assert!(said.contains("Dry run, nothing was changed."), "{said}");
    // bash takes a colon for the end of a word.
    for keys in ["opsctl tenrusl:web", "\t", "-onc", "\t", " --dry-run -q; echo THEN:$?\n"] {
        bash.send(keys).unwrap();
        bash.flush().unwrap();
    }
    bash.exp_string("THEN:4").unwrap();
}

#[test]
fn clusters_are_completed_from_the_file_and_from_what_was_listed() {
    let counted = Counted::new("environment = \"production\"");
    let line = ["opsctl", "clusters", "show", ""];
    assert!(!words(&asked(counted.folder.path(), "bash", &line)).contains(&"eu-1"));
    assert_eq!(counted.connections(), 0, "a protected context is never asked");
    let file = counted.folder.path().join("opsctl.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n[clusters.eu-1]\nurl = \"postgres://app@db/t\"\n")).unwrap();
    for line in [
        &line[..],
        &["opsctl", "rls", "verify", ""],
        &["opsctl", "rls", "verify", "--cluster", ""],
        &["opsctl", "tenant", "provision", "--cluster", ""],
        &["opsctl", "tenant", "verify", "--cluster", ""],
    ] {
        assert!(words(&asked(counted.folder.path(), "bash", line)).contains(&"eu-1"), "{line:?}");
    }
    assert_eq!(counted.connections(), 0);

    let folder = tempfile::tempdir().unwrap();
    for typed in [&["init", "--embedded"][..], &["db", "seed", "--only", "clusters"], &["clusters", "list"]] {
        assert_eq!(crate::support::cli::run(folder.path(), typed).code, 0);
    }
    fs::remove_file(folder.path().join("opsctl-data/central.sqlite")).unwrap();
    let seen = asked(folder.path(), "bash", &["opsctl", "clusters", "drain", "e"]);
    assert_eq!(words(&seen), ["eu-1"], "from what was seen: the database is gone");
}

#[test]
fn tenants_are_completed_from_what_was_listed_else_from_the_database() {
    let folder = tempfile::tempdir().unwrap();
    for typed in [&["init", "--embedded"][..], &["db", "seed", "--only", "tenants"]] {
        assert_eq!(crate::support::cli::run(folder.path(), typed).code, 0);
    }
    let offered = |line: &[&str]| words(&asked(folder.path(), "bash", line)).join(" ");
    assert_eq!(offered(&["opsctl", "tenant", "show", "ha"]), "harbour-clean");
    let created = ["tenant", "create", "hana", "--name", "Hana"];
    assert_eq!(crate::support::cli::run(folder.path(), &created).code, 0);
    assert_eq!(crate::support::cli::run(folder.path(), &["tenant", "list"]).code, 0);
    fs::remove_file(folder.path().join("opsctl-data/central.sqlite")).unwrap();
    assert_eq!(offered(&["opsctl", "tenant", "show", "ha"]), "hana harbour-clean");
    assert_eq!(offered(&["opsctl", "tenant", "provision", "el"]), "elok");
    assert_eq!(offered(&["opsctl", "tenant", "verify", "el"]), "elok");
    assert_eq!(offered(&["opsctl", "tenant", "list", "--after", "el"]), "elok");
    assert_eq!(offered(&["opsctl", "tenant", "provision", "elok", "--only", ""]), "roles taxonomies owner");
}

#[test]
fn queues_are_completed_from_what_was_counted() {
    let folder = tempfile::tempdir().unwrap();
    for typed in [&["init", "--embedded"][..], &["db", "seed", "--only", "jobs"], &["queue", "status"]] {
        assert_eq!(crate::support::cli::run(folder.path(), typed).code, 0);
    }
    fs::remove_file(folder.path().join("opsctl-data/central.sqlite")).unwrap();
    for line in [&["opsctl", "queue", "inspect", "d"][..], &["opsctl", "queue", "flush", "--queue", "d"]] {
        assert_eq!(words(&asked(folder.path(), "bash", line)), ["default"], "{line:?}");
    }
}
