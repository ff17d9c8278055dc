//! The formats of data: one list in each of them, columns and order of choice, verdicts for Nagios, odd cells, locales,
//! and readers that go away.

use std::process::Stdio;

use opsctl::db::Engine;

use crate::support::{
    Case, Event, Payment, Schema,
    cli::{Said, program},
    mixed,
};

/// Every format that all verbs with data have.
const FORMATS: [&str; 7] = ["table", "wide", "json", "jsonl", "csv", "tsv", "ids"];

async fn service() -> Case {
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    case.write_env("");
    case
}

/// Four events, two of them tried before.
async fn four() -> Case {
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    mixed(&case).await;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa5")
        .attempts(12)
        .received(-60)
        .last_attempt(None)
        .next_retry(None)
        .insert(&case)
        .await;
    case.execute("UPDATE webhook_events SET error_message = 'no payment', payment_provider_ref = 'x' WHERE id LIKE '%a3'").await;
    case
}

fn ids(said: &Said) -> Vec<&str> {
    said.out.lines().map(|line| &line[24..26]).collect()
}

#[tokio::test]
async fn a_list_in_every_format() {
    let case = four().await;
    let list = |format: &str| {
        let said = case.run(&["webhooks", "list", "--limit", "3", "-q", "-o", format]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{format}");
        said.out
    };
    insta::assert_snapshot!(list("table"), @"
    ID                          PROVIDER  STATUS    PAYMENT STATUS  ATTEMPTS  RECEIVED AT  NEXT RETRY AT  EVENT ID                        ERROR MESSAGE
    01k9aaaaaaaaaaaaaaaaaaaaa5  mock      received  -                     12  1m ago       -              evt-01k9aaaaaaaaaaaaaaaaaaaaa5  -
    01k9aaaaaaaaaaaaaaaaaaaaa4  tripay    received  -                      1  1h ago       30s ago        evt-01k9aaaaaaaaaaaaaaaaaaaaa4  -
    01k9aaaaaaaaaaaaaaaaaaaaa3  mock      received  -                      4  1h ago       40s ago        evt-01k9aaaaaaaaaaaaaaaaaaaaa3  no payment
    ");
    insta::assert_snapshot!(list("wide"), @"
    ID                          PROVIDER  STATUS    PAYMENT STATUS  ATTEMPTS  RECEIVED AT              NEXT RETRY AT            EVENT ID                        ERROR MESSAGE  PAYMENT PROVIDER REF  LAST ATTEMPT AT
    01k9aaaaaaaaaaaaaaaaaaaaa5  mock      received  -                     12  2026-11-20 08:59:00 UTC  -                        evt-01k9aaaaaaaaaaaaaaaaaaaaa5  -              -                     -
    01k9aaaaaaaaaaaaaaaaaaaaa4  tripay    received  -                      1  2026-11-20 08:00:00 UTC  2026-11-20 08:59:30 UTC  evt-01k9aaaaaaaaaaaaaaaaaaaaa4  -              -                     2026-11-20 08:58:00 UTC
    01k9aaaaaaaaaaaaaaaaaaaaa3  mock      received  -                      4  2026-11-20 08:00:00 UTC  2026-11-20 08:59:20 UTC  evt-01k9aaaaaaaaaaaaaaaaaaaaa3  no payment     x                     2026-11-20 08:58:00 UTC
    ");
    insta::assert_snapshot!(list("csv"), @"
    id,provider,status,payment_status,attempts,received_at,next_retry_at,event_id,error_message
    01k9aaaaaaaaaaaaaaaaaaaaa5,mock,received,,12,2026-11-20T08:59:00Z,,evt-01k9aaaaaaaaaaaaaaaaaaaaa5,
    01k9aaaaaaaaaaaaaaaaaaaaa4,tripay,received,,1,2026-11-20T08:00:00Z,2026-11-20T08:59:30Z,evt-01k9aaaaaaaaaaaaaaaaaaaaa4,
    01k9aaaaaaaaaaaaaaaaaaaaa3,mock,received,,4,2026-11-20T08:00:00Z,2026-11-20T08:59:20Z,evt-01k9aaaaaaaaaaaaaaaaaaaaa3,no payment
    ");
    insta::assert_snapshot!(list("tsv").replace('\t', "<TAB>"), @"
    id<TAB>provider<TAB>status<TAB>payment_status<TAB>attempts<TAB>received_at<TAB>next_retry_at<TAB>event_id<TAB>error_message
    01k9aaaaaaaaaaaaaaaaaaaaa5<TAB>mock<TAB>received<TAB><TAB>12<TAB>2026-11-20T08:59:00Z<TAB><TAB>evt-01k9aaaaaaaaaaaaaaaaaaaaa5<TAB>
    01k9aaaaaaaaaaaaaaaaaaaaa4<TAB>tripay<TAB>received<TAB><TAB>1<TAB>2026-11-20T08:00:00Z<TAB>2026-11-20T08:59:30Z<TAB>evt-01k9aaaaaaaaaaaaaaaaaaaaa4<TAB>
    01k9aaaaaaaaaaaaaaaaaaaaa3<TAB>mock<TAB>received<TAB><TAB>4<TAB>2026-11-20T08:00:00Z<TAB>2026-11-20T08:59:20Z<TAB>evt-01k9aaaaaaaaaaaaaaaaaaaaa3<TAB>no payment
    ");
    insta::assert_snapshot!(list("ids"), @"
    01k9aaaaaaaaaaaaaaaaaaaaa5
    01k9aaaaaaaaaaaaaaaaaaaaa4
    01k9aaaaaaaaaaaaaaaaaaaaa3
    ");
    insta::assert_snapshot!(list("jsonl"), @r#"
    {"id":"01k9aaaaaaaaaaaaaaaaaaaaa5","provider":"mock","event_id":"evt-01k9aaaaaaaaaaaaaaaaaaaaa5","status":"received","payment_status":null,"payment_provider_ref":null,"attempts":12,"received_at":"2026-11-20T08:59:00Z","last_attempt_at":null,"next_retry_at":null,"error_message":null}
    {"id":"01k9aaaaaaaaaaaaaaaaaaaaa4","provider":"tripay","event_id":"evt-01k9aaaaaaaaaaaaaaaaaaaaa4","status":"received","payment_status":null,"payment_provider_ref":null,"attempts":1,"received_at":"2026-11-20T08:00:00Z","last_attempt_at":"2026-11-20T08:58:00Z","next_retry_at":"2026-11-20T08:59:30Z","error_message":null}
    {"id":"01k9aaaaaaaaaaaaaaaaaaaaa3","provider":"mock","event_id":"evt-01k9aaaaaaaaaaaaaaaaaaaaa3","status":"received","payment_status":null,"payment_provider_ref":"x","attempts":4,"received_at":"2026-11-20T08:00:00Z","last_attempt_at":"2026-11-20T08:58:00Z","next_retry_at":"2026-11-20T08:59:20Z","error_message":"no payment"}
    {"type":"summary","summary":{"count":3,"next":"2026-11-20T08:00:00Z/01k9aaaaaaaaaaaaaaaaaaaaa3","since":null,"until":null}}
    "#);
}

#[tokio::test]
async fn columns_come_as_they_were_named_in_every_table() {
    let case = four().await;
    let list = |words: &[&str]| case.run(&[&["webhooks", "list", "-q"], words].concat());
    let said = list(&["-o", "csv", "--columns", "attempts,id,last_attempt_at"]);
    assert!(
        said.out.starts_with("attempts,id,last_attempt_at\n12,01k9aaaaaaaaaaaaaaaaaaaaa5,\n1,"),
        "{}",
        said.out
    );
    let said = list(&["--no-headers", "--columns", "PROVIDER,payment-status", "--limit", "1"]);
    assert_eq!(said.out, "mock  -\n");
    let said = list(&["-o", "tsv", "--no-headers", "--columns=id", "--columns=attempts", "--limit", "1"]);
    assert_eq!(said.out, "01k9aaaaaaaaaaaaaaaaaaaaa5\t12\n");
    // A page that is more than a table becomes one, of the events.
    let said =
        case.run(&["webhooks", "show", "01k9aaaaaaaaaaaaaaaaaaaaa5", "--columns", "id,max_attempts", "-q"]);
    assert_eq!(
        said.out,
        "ID                          MAX ATTEMPTS\n01k9aaaaaaaaaaaaaaaaaaaaa5             5\n"
    );
    let said = case.run(&[
        "webhooks",
        "retry-once",
        "--dry-run",
        "-q",
        "-o",
        "tsv",
        "--columns",
        "outcome",
        "--sort-by",
        "outcome",
    ]);
    assert_eq!(said.out, "outcome\nambiguous\napplied\nexhausted\npending\n");
}

#[tokio::test]
async fn rows_are_sorted_by_the_machines_values_and_missing_ones_come_last() {
    let case = four().await;
    let by = |keys: &str| {
        let said = case.run(&["webhooks", "list", "-q", "-o", "ids", "--sort-by", keys]);
        assert_eq!(said.code, 0, "{said:?}");
        said
    };
    assert_eq!(ids(&by("attempts,id")), ["a1", "a2", "a4", "a3", "a5"]);
    assert_eq!(ids(&by("-attempts,-id")), ["a5", "a3", "a4", "a2", "a1"]);
    assert_eq!(ids(&by("next_retry_at")), ["a1", "a2", "a3", "a4", "a5"]);
    assert_eq!(ids(&by("-next_retry_at")), ["a4", "a3", "a2", "a1", "a5"]);
    // A column need not be shown to sort by it.
    let said = case.run(&[
        "webhooks",
        "list",
        "-q",
        "-o",
        "tsv",
        "--no-headers",
        "--columns",
        "id",
        "--sort-by",
        "-attempts",
        "--limit",
        "1",
    ]);
    assert_eq!(ids(&said), ["a5"]);
}

#[tokio::test]
async fn a_column_that_is_not_there_is_refused_before_anything_is_done() {
    let case = four().await;
    let said = case.run(&["webhooks", "retry-once", "--columns", "id,outcom"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    insta::assert_snapshot!(said.err, @"
    error: `webhooks retry-once` has no column `outcom`
      hint: did you mean `--columns outcome`?
      hint: columns: id, provider, outcome, attempts, next_retry_at, rule, reference, reason, payment_status
    ");
    let said = case.run(&["webhooks", "list", "--sort-by=-recieved_at"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("did you mean `--sort-by received_at`?"), "{}", said.err);
    assert_eq!(case.run(&["webhooks", "list", "--columns", ""]).code, 2);
    assert_eq!(case.event("01k9aaaaaaaaaaaaaaaaaaaaa1").await.attempts, 1, "nothing was tried");
    assert!(!case.folder.path().join("state").exists(), "and nothing was recorded");
}

#[tokio::test]
async fn options_that_a_format_or_a_verb_cannot_honour_are_refused() {
    let case = service().await;
    for (words, why) in [
        (
            &["webhooks", "list", "--json", "--columns", "id"][..],
            "`--columns` means nothing for the format `json`",
        ),
        (
            &["webhooks", "list", "-o", "jsonl", "--sort-by", "id"],
            "`--sort-by` means nothing for the format `jsonl`",
        ),
        (
            &["webhooks", "list", "-o", "ids", "--columns", "id"],
            "`--columns` means nothing for the format `ids`",
        ),
        (
            &["webhooks", "list", "-o", "ids", "--no-headers"],
            "`--no-headers` means nothing for the format `ids`",
        ),
        (
            &["db", "status", "-o", "nagios", "--no-headers"],
            "`--no-headers` means nothing for the format `nagios`",
        ),
        (&["db", "seed", "--columns", "id"], "`db seed` prints no table"),
        (&["help", "exit-codes", "--no-headers"], "`help` prints no table"),
        (&["webhooks", "list", "-o", "nagios"], "`webhooks list` has no verdict"),
        (&["db", "fresh", "--yes", "-o", "nagios"], "`db fresh` has no verdict"),
    ] {
        let said = case.run(words);
        let nagios = words.contains(&"nagios");
        assert_eq!(said.code, if nagios { 3 } else { 2 }, "{words:?}: {said:?}");
        assert!(said.err.contains(why), "{words:?}: {}", said.err);
        assert_eq!(said.out.is_empty(), !nagios, "{words:?}: {}", said.out);
    }
}

#[tokio::test]
async fn the_columns_of_a_verb_are_listed_without_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let said: Said =
        program(folder.path()).args(["webhooks", "list", "--columns", "help"]).output().unwrap().into();
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.out.contains("id                    always\n"), "{}", said.out);
    assert!(said.out.contains("last_attempt_at       with -o wide\n"), "{}", said.out);
}

#[tokio::test]
async fn nagios_gets_one_line_and_its_own_exit_codes() {
    let case = four().await;
    let run = |words: &[&str]| case.run(&[words, &["-o", "nagios"]].concat());
    let said = run(&["webhooks", "retry-once", "--dry-run"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""), "4 is a warning");
    insta::assert_snapshot!(said.out, @"WEBHOOKS RETRY-ONCE WARNING - 4 selected, 1 applied, 1 pending, 1 exhausted, 1 ambiguous | selected=4 applied=1 queued=0 pending=1 failed=0 exhausted=1 ambiguous=1 unreadable=0 skipped=0");
    assert_eq!(run(&["webhooks", "retry-one", "01k9aaaaaaaaaaaaaaaaaaaaa1"]).code, 0);
    let said = run(&["webhooks", "retry-one", "01k9aaaaaaaaaaaaaaaaaaaaa3"]);
    assert_eq!(said.code, 2, "1 is critical: {said:?}");
    let said = run(&["webhooks", "retry-one", "01k9aaaaaaaaaaaaaaaaaaaaa9"]);
    assert_eq!(said.code, 3, "9 is unknown");
    assert!(
        said.out.starts_with("WEBHOOKS RETRY-ONE UNKNOWN - no event has the id `01k9aaaaaaaaaaaaaaaaaaaaa9`"),
        "{}",
        said.out
    );
    assert!(said.err.starts_with("error: no event"), "{}", said.err);
    let said = run(&["db", "stauts"]);
    assert_eq!(said.code, 3);
    assert!(said.out.starts_with("OPSCTL UNKNOWN - unrecognized subcommand 'stauts'"), "{}", said.out);
    for said in [said, run(&["db", "status"])] {
        assert_eq!(said.out.lines().count(), 1, "{}", said.out);
    }
}

#[tokio::test]
async fn migrations_that_are_pending_warn_and_drifted_ones_are_critical() {
    let case = Case::empty(Engine::Sqlite, Schema::Service).await.unwrap();
    case.write_env("");
    std::fs::write(case.folder.path().join("app.sqlite"), "").unwrap();
    let status = || {
        let said = case.run(&["db", "status", "-o", "nagios"]);
        (said.code, said.out)
    };
    let line = |word: &str, name: &str| {
        let all = opsctl::schema::OPSCTL.migrations(Engine::Sqlite).len();
        let of = |known: &str| if known == name { all } else { 0 };
        let (applied, pending, drifted) = (of("applied"), of("pending"), of("drifted"));
        format!(
            "DB STATUS {word} - {all} {name} | applied={applied} pending={pending} drifted={drifted} dirty=0 unknown=0\n"
        )
    };
    assert_eq!(status(), (1, line("WARNING", "pending")));
    assert_eq!(case.run(&["db", "migrate", "-o", "nagios"]).code, 0);
    assert_eq!(status(), (0, line("OK", "applied")));
    case.execute("UPDATE opsctl_migrations SET checksum = x'00'").await;
    assert_eq!(status(), (2, line("CRITICAL", "drifted")));
    case.write_env("DB_DATABASE=/nowhere/at/all.sqlite\n");
    let (code, out) = status();
    assert!(code > 1 && out.starts_with("DB STATUS ") && out.lines().count() == 1, "{code} {out}");
}

#[tokio::test]
async fn no_cell_becomes_a_row_a_column_or_a_formula() {
    let case = service().await;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa1").insert(&case).await;
    case.execute("UPDATE webhook_events SET event_id = '=HYPERLINK(\"http://x\")' || char(9) || 'b' || char(10) || 'c\\d' || char(27) || '[31m'").await;
    let of =
        |format: &str| case.run(&["webhooks", "list", "-q", "-o", format, "--columns", "event_id,id"]).out;
    assert_eq!(
        of("tsv"),
        "event_id\tid\n=HYPERLINK(\"http://x\")\\tb\\nc\\\\d\\x1b[31m\t01k9aaaaaaaaaaaaaaaaaaaaa1\n"
    );
    assert_eq!(
        of("csv"),
        "event_id,id\n\"'=HYPERLINK(\"\"http://x\"\")\tb\nc\\d\u{1b}[31m\",01k9aaaaaaaaaaaaaaaaaaaaa1\n"
    );
    for format in ["table", "wide"] {
        let table = of(format);
        assert_eq!(table.lines().count(), 2, "{table}");
        assert!(table.contains(r"\tb\nc\d\u{1b}[31m"), "{table}");
    }
    case.execute("UPDATE webhook_events SET id = 'a' || char(10) || 'b'").await;
    assert_eq!(case.run(&["webhooks", "list", "-o", "ids"]).out, "a\\nb\n");
}

#[tokio::test]
async fn without_a_locale_of_utf8_ornaments_are_ascii_and_names_stay() {
    let case = service().await;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa1").insert(&case).await;
    Payment::pending("pay-1").insert(&case).await;
    case.execute("UPDATE webhook_events SET error_message = 'Zahlung für Zoë'").await;
    for locale in
        [&[("LANG", "C")][..], &[("LANG", "")], &[("LC_ALL", "POSIX")], &[("LC_CTYPE", "de_DE.ISO-8859-1")]]
    {
        let said = case.run_with(locale, &["webhooks", "show", "01k9aaaaaaaaaaaaaaaaaaaaa1"]);
        assert!(said.out.contains("1h ago - 2026-11-20"), "{locale:?}: {}", said.out);
        assert!(said.out.contains("Zahlung für Zoë"), "{}", said.out);
        assert!(!said.out.contains('·') && !said.err.contains('…'), "{said:?}");
    }
    let said = case.run(&["webhooks", "show", "01k9aaaaaaaaaaaaaaaaaaaaa1"]);
    assert!(said.out.contains("1h ago · 2026-11-20"), "{}", said.out);
}

#[tokio::test]
async fn a_reader_that_goes_away_and_a_closed_stdout_are_no_failure() {
    let case = service().await;
    for at in 0..300 {
        Event::due(&format!("01k9aaaaaaaaaaaaaaaaaaa{at:03}")).insert(&case).await;
    }
    let verbs = FORMATS.map(|format| format!("webhooks list --limit 1000 -o {format}"));
    let more = [
        "webhooks retry-once --dry-run -o nagios",
        "db status -o nagios",
        "help exit-codes",
        "webhooks list --help",
        "webhooks list --columns help",
    ];
    for line in verbs.iter().map(String::as_str).chain(more) {
        for shell in [
            format!("set -o pipefail; \"$0\" {line} | true"),
            format!("set -o pipefail; \"$0\" {line} | head -1"),
            format!("\"$0\" {line} >&-"),
        ] {
            let output = std::process::Command::new("bash")
                .args(["-c", &shell])
                .arg(assert_cmd::cargo::cargo_bin("opsctl"))
                .current_dir(case.folder.path())
                .env("OPSCTL_NOW", "2026-11-20T09:00:00Z")
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let err = String::from_utf8_lossy(&output.stderr);
            // Nagios' own codes: every event that a dry run would try is pending or fails.
            let expected: &[i32] = if line.contains("nagios") { &[0, 1, 2] } else { &[0] };
            assert!(expected.contains(&output.status.code().unwrap()), "{shell}: {:?} {err}", output.status);
            assert!(!err.contains("panicked"), "{shell}: {err}");
        }
    }
}

#[tokio::test]
async fn a_stdout_that_takes_nothing_is_an_error_in_every_format() {
    let case = service().await;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa1").insert(&case).await;
    let full = |words: &[&str]| -> Said {
        let device = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = program(case.folder.path());
        command.args(words).stdin(Stdio::null()).stdout(device).output().unwrap().into()
    };
    for format in FORMATS {
        let said = full(&["webhooks", "list", "-o", format]);
        assert_eq!(said.code, 1, "{format}: {said:?}");
        assert!(said.err.contains("the output cannot be written"), "{format}: {}", said.err);
    }
    assert_eq!(full(&["db", "status", "-o", "nagios"]).code, 3);
}

/// The rows that a terminal of forty columns gets, headings included, and everything it gets.
fn on_forty_columns(case: &Case, term: &str, locale: &str, words: &[&str]) -> (Vec<String>, String) {
    let mut command = program(case.folder.path());
    command.args(words).env("COLUMNS", "40").env("TERM", term).env("LC_ALL", locale);
    let mut session = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
    // rexpect takes each byte for a character.
    let bytes: Vec<u8> = session.exp_eof().unwrap().chars().map(|c| c as u8).collect();
    let text = String::from_utf8(bytes).unwrap();
    let plain = anstream::adapter::strip_str(&text).to_string();
    let rows = plain.lines().map(|line| line.trim_end_matches('\r').to_owned());
    (rows.filter(|line| line.starts_with("ID ") || line.starts_with("01k")).collect(), text)
}

#[tokio::test]
async fn forty_columns_get_a_line_per_row_and_hear_what_is_left_out() {
    let case = four().await;
    for (term, locale) in [("xterm", "C.UTF-8"), ("dumb", "C.UTF-8"), ("dumb", "C"), ("xterm", "")] {
        let (rows, text) = on_forty_columns(&case, term, locale, &["webhooks", "list"]);
        assert_eq!(rows.len(), 6, "{text}");
        assert!(rows.iter().all(|row| row.len() <= 40), "{text}");
        assert!(rows[0].starts_with("ID                          PROVIDER"), "{text}");
        assert!(text.contains("Too narrow for status, payment_status,"), "{text}");
        assert_eq!(text.contains('\u{1b}'), term == "xterm", "{term}: {text:?}");
    }
    let cut = &["webhooks", "list", "--columns", "id,error_message"];
    case.execute("UPDATE webhook_events SET error_message = 'a message that is far too long'").await;
    for (locale, end) in [("C.UTF-8", '…'), ("C", '~')] {
        let (rows, text) = on_forty_columns(&case, "dumb", locale, cut);
        assert!(rows[1].ends_with(end) && text.is_ascii() == (end == '~'), "{text}");
        // Columns that were asked for stay, and nothing is said.
        assert!(rows[0].ends_with("ERROR MESSAGE") && !text.contains("Too narrow"), "{text}");
    }
    let (rows, _) = on_forty_columns(&case, "dumb", "C", &["webhooks", "list", "-o", "wide"]);
    assert!(
        rows[1].ends_with("2026-11-20 08:58:00 UTC") || rows[2].ends_with("2026-11-20 08:58:00 UTC"),
        "{rows:?}"
    );
}
