//! Every verb in odd surroundings: without a home, on a narrow or dumb terminal, in a foreign locale, with streams that
//! are closed, full or cut off. Nothing panics, nothing hangs, and what could be done is done whole.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::support::{
    cli::{Said, program},
    pages,
};

/// A folder with an embedded database, and the first example of every verb that works in it.
fn workplace() -> (tempfile::TempDir, Vec<Vec<String>>) {
    let folder = tempfile::tempdir().unwrap();
    let lines = pages::verbs(folder.path()).into_iter().map(|words| {
        let page = pages::page(folder.path(), &words.split(' ').collect::<Vec<_>>());
        pages::examples(&page)[0].split(' ').map(str::to_owned).collect()
    });
    let lines: Vec<Vec<String>> =
        lines.filter(|line: &Vec<String>| line[0] != "init" && line[0] != "demo").collect();
    for words in [&["init", "--embedded"][..], &["db", "seed"]] {
        let said: Said = program(folder.path()).args(words).output().unwrap().into();
        assert_eq!(said.code, 0, "{said:?}");
    }
    let file = folder.path().join("opsctl.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text + "\n[contexts.eu.database]\nurl = \"sqlite:opsctl-data/central.sqlite\"\n")
        .unwrap();
    (folder, lines)
}

/// Runs a command to its end: within 30 seconds, and by itself.
fn finish(mut command: Command, what: &str) -> Said {
    let started = Instant::now();
    let said: Said = command.output().unwrap().into();
    assert!(started.elapsed() < Duration::from_secs(30), "{what}: took {:?}", started.elapsed());
    assert!(said.signal.is_none() && said.code != 101, "{what}: {said:?}");
    assert!(!said.err.contains("panicked"), "{what}: {said:?}");
    said
}

/// Runs the lines through a shell that does something to their streams: `{}` stands for the command.
fn in_shell(folder: &Path, lines: &[Vec<String>], script: &str) -> Vec<Said> {
    let binary = assert_cmd::cargo::cargo_bin("opsctl");
    let run = |line: &Vec<String>| {
        let mut command = Command::new("bash");
        command.env_clear().envs(program(folder).get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PATH", "/usr/bin:/bin").current_dir(folder);
        let typed = format!("{} {}", binary.display(), line.join(" "));
        command.args(["-o", "pipefail", "-c", &script.replace("{}", &typed)]);
        finish(command, &format!("{script}: {line:?}"))
    };
    lines.iter().map(run).collect()
}

#[test]
fn a_home_is_not_needed() {
    let (folder, lines) = workplace();
    let nowhere =
        [("HOME", "/dev/null/home"), ("XDG_STATE_HOME", "/dev/null/x"), ("XDG_CACHE_HOME", "/dev/null/x")];
    for homes in [&[][..], &nowhere] {
        for line in &lines {
            let mut command = program(folder.path());
            command.env_remove("HOME").env_remove("OPSCTL_STATE_DIR").envs(homes.iter().copied()).args(line);
            let said = finish(command, &format!("{homes:?} {line:?}"));
            assert_ne!(said.code, 2, "{said:?}");
        }
        // A routine verb warns and works; a destructive one does nothing that no journal would know.
        let mut command = program(folder.path());
        command.env_remove("HOME").env_remove("OPSCTL_STATE_DIR").envs(homes.iter().copied());
        command.args(["db", "fresh", "--yes"]);
        let said = finish(command, "db fresh --yes");
        assert_eq!(said.code, 5, "{said:?}");
        assert!(said.err.contains("without a journal nothing destructive is done"), "{said:?}");
        assert!(said.err.contains("OPSCTL_STATE_DIR"), "{said:?}");
    }
}

#[test]
fn narrow_and_dumb_terminals_and_foreign_locales_are_borne() {
    let (folder, lines) = workplace();
    let surroundings: [&[(&str, &str)]; 8] = [
        &[("COLUMNS", "40"), ("TERM", "xterm")],
        &[("COLUMNS", "1"), ("TERM", "xterm")],
        &[("COLUMNS", "0")],
        &[("COLUMNS", "99999999999")],
        &[("TERM", "dumb")],
        &[("LC_ALL", "C"), ("TERM", "xterm")],
        &[("LANG", "en_US.ISO-8859-1"), ("TERM", "vt100")],
        &[("TERM", ""), ("LANG", "\u{fffd}"), ("USER", "")],
    ];
    for variables in surroundings {
        for line in &lines {
            let mut command = program(folder.path());
            command.envs(variables.iter().copied()).args(line);
            let what = format!("{variables:?} {line:?}");
            let mut session = rexpect::session::spawn_command(command, Some(30_000)).unwrap();
            // A destructive verb asks: what is typed is no yes, and no name.
            session.send("n\r").unwrap();
            session.flush().unwrap();
            let text = session.exp_eof().unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(!text.contains("panicked"), "{what}: {text}");
            let odd = variables.contains(&("TERM", "dumb"));
            assert!(!odd || !text.contains("\u{1b}[3"), "a dumb terminal knows no colour: {what}: {text:?}");
        }
    }
}

#[test]
fn readers_that_go_away_are_no_failure() {
    let (folder, lines) = workplace();
    for said in in_shell(folder.path(), &lines, "{} | head -n 1; test ${PIPESTATUS[0]} -ne 141") {
        assert_eq!(said.code, 0, "{said:?}");
    }
    for script in ["{} | true", "{} >&-", "{} 2>&-", "{} >&- 2>&- <&-", "{} <&-"] {
        for said in in_shell(folder.path(), &lines, script) {
            assert!([0, 3, 4, 5, 6].contains(&said.code), "{script}: {said:?}");
        }
    }
}

#[test]
fn logs_that_nobody_reads_any_more_stop_nothing() {
    let (folder, lines) = workplace();
    let loud: Vec<Vec<String>> =
        lines.iter().map(|line| [line.clone(), vec!["-vvv".to_owned()]].concat()).collect();
    for script in ["{} 2>&1 >/dev/null | head -n 1", "{} 2>/dev/full", "{} 2>&-"] {
        for said in in_shell(folder.path(), &loud, script) {
            assert!([0, 3, 4, 5, 6].contains(&said.code), "{script}: {said:?}");
        }
    }
    let journal = fs::read_to_string(folder.path().join("state/journal.jsonl")).unwrap();
    let count = |kind: &str| journal.matches(&format!("\"record\":\"{kind}\"")).count();
    assert_eq!(count("begin"), count("end"), "every run came to its end: {journal}");
}

#[test]
fn a_hint_acts_where_the_command_did() {
    let (folder, _) = workplace();
    let run = |words: &[&str]| -> Said { program(folder.path()).args(words).output().unwrap().into() };
    let (event, unknown) = ("01khc2hrwp4shas4hw42mvp1rt", "zzzzzzzzzzzzzzzzzzzzzzzzzz");
    for place in [&["-c", "eu"][..], &["--context=eu"], &["--config", "opsctl.toml"]] {
        let hinted = format!("opsctl {} webhooks ", place.join(" "));
        let said = run(&[place, &["webhooks", "show", event]].concat());
        assert!(said.code == 0 && said.err.contains(&hinted), "{said:?}");
        let said = run(&[place, &["--json", "webhooks", "show", unknown]].concat());
        assert!(said.code == 9 && said.err.contains(&hinted), "{said:?}");
        let listed = run(&[&["webhooks", "list", "--limit", "1"], place].concat());
        assert_eq!(listed.err.matches(place[0]).count(), 1, "what was typed is said once: {listed:?}");
    }
}

#[test]
fn a_full_disk_under_stdout_is_told() {
    let (folder, lines) = workplace();
    let shown = lines.iter().filter(|line| line.join(" ") == "webhooks list --due" || line[0] == "help");
    for line in shown {
        let mut command = program(folder.path());
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command.args(line).stdout(Stdio::from(full)).stderr(Stdio::piped()).spawn().unwrap();
        let said: Said = output.wait_with_output().unwrap().into();
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains("error: the output cannot be written"), "{said:?}");
    }
}

#[test]
fn words_that_are_no_text_and_a_folder_that_is_gone_are_usage_errors_or_borne() {
    use std::os::unix::ffi::OsStrExt;
    let (folder, _) = workplace();
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    for words in [&["webhooks", "show"][..], &["--context"], &[], &["help"]] {
        let mut command = program(folder.path());
        command.args(words).arg(odd);
        let said = finish(command, &format!("{words:?}"));
        assert!([2, 9].contains(&said.code), "{words:?}: {said:?}");
    }
    let gone = tempfile::tempdir().unwrap();
    let script = format!("mkdir {0} && cd {0} && rmdir {0} && {{}}", gone.path().join("x").display());
    let line = vec!["webhooks".to_owned(), "list".to_owned()];
    let said = in_shell(folder.path(), &[line], &script);
    assert_eq!(said[0].code, 6, "{said:?}");
    fs::remove_dir_all(gone.path()).unwrap();
}

#[test]
fn numbers_and_names_that_are_none_change_nothing_and_say_what_to_type() {
    let (folder, _) = workplace();
    let before = fs::read(folder.path().join("opsctl-data/central.sqlite")).unwrap();
    let cases: [(&[&str], &str); 7] = [
        (&["webhooks", "retry-once", "--limit=all"], "'all'"),
        (&["webhooks", "retry-once", "--limit="], "--limit"),
        (&["webhooks", "retry", "--limit", "-5"], "-5"),
        (&["webhooks", "retry", "--timeout", "soon"], "a time looks like 90s, 5m, 1h30m or 1d"),
        (&["webhooks", "retryonce"], "retry-once"),
        (&["--context", "produktion", "webhooks", "retry-once"], "no context is named `produktion`"),
        (&["tenrusl:webhooks:retry-onse"], "did you mean `opsctl tenrusl:webhooks:retry-once`"),
    ];
    for (words, told) in cases {
        let mut command = program(folder.path());
        command.args(words);
        let said = finish(command, &format!("{words:?}"));
        assert!([2, 9].contains(&said.code), "{words:?}: {said:?}");
        assert!(said.err.contains(told), "{words:?}: {said:?}");
    }
    assert_eq!(fs::read(folder.path().join("opsctl-data/central.sqlite")).unwrap(), before);
}
