//! Registrations that cannot be understood or name one database twice, and queries of `[fleet]` that do more than read:
//! each is told, and the other clusters go on.

use serde_json::Value;

use crate::{
    on_every_engine,
    support::{Case, cli::Said, cli::run},
};

fn write(case: &Case, text: &str) {
    case.write_env("");
    std::fs::write(case.folder.path().join("opsctl.toml"), format!("app = \".\"\n{text}")).unwrap();
}

fn lines(said: &Said) -> Vec<Value> {
    let list: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
    list["data"].as_array().unwrap().clone()
}

fn told(said: &Said, code: i32, part: &str) {
    assert!(said.code == code && said.err.contains(part), "{part}: {said:?}");
}

on_every_engine! {
    async fn one_broken_section_of_the_file_leaves_the_other_clusters_alone(case: &Case) {
        write(case, "[clusters.p1]\nurl = \"sqlite:/srv/p1.sqlite\"\n\
                     [clusters.p4]\nurl = \"sqlite:/srv/p4.sqlite\"\nstatsu = \"active\"\n\
                     [clusters.p5]\nurl = \"sqlite:/srv/p5.sqlite\"\npassword = 4711\n\
                     [clusters.\"bad\\u001b name\"]\nurl = \"sqlite:/srv/b\"\n");
        let said = case.run(&["clusters", "list", "--json"]);
        let lines = lines(&said);
        let problem = |at: usize| lines[at]["problem"].as_str().unwrap_or_default().to_owned();
        let names: Vec<&str> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["bad\u{1b} name", "p1", "p4", "p5"]);
        assert!(problem(0).contains("cannot be the name of a cluster"), "{lines:?}");
        assert_eq!(problem(1), "");
        assert!(problem(2).contains("[clusters.p4] in ") && problem(2).contains("no key `statsu`"), "{lines:?}");
        assert!(problem(3).contains("`password` is of the type integer") && !format!("{said:?}").contains("4711"), "{lines:?}");
        assert_eq!(said.code, 6, "{said:?}");
        let shown = case.run(&["clusters", "show", "p4"]);
        assert!(shown.code == 6 && shown.out.contains("Status ..... unusable\n"), "{shown:?}");
        told(&case.run(&["clusters", "list"]), 6, "hint: did you mean `status`?");
        assert_eq!(case.run(&["clusters", "show", "p1"]).code, 0);
        let probe = case.run(&["clusters", "probe", "p4"]);
        assert!(probe.code == 6 && format!("{probe:?}").contains("statsu"), "{probe:?}");
        let csv = case.run(&["clusters", "list", "-o", "csv"]);
        assert!(csv.out.contains("bad\\u{1b} name,unusable,") && !format!("{}{}", csv.out, csv.err).contains('\u{1b}'), "{csv:?}");
    }

    async fn a_row_without_a_name_and_a_name_that_stands_twice_leave_the_others_alone(case: &Case) {
        write(case, "[fleet]\nclusters = \"SELECT code AS name, url FROM places ORDER BY url\"\n");
        case.execute("CREATE TABLE places (code varchar(64), url varchar(64))").await;
        case.execute(
            "INSERT INTO places VALUES ('a', 'sqlite:/srv/a'), ('b', 'sqlite:/srv/b1'), ('b', 'sqlite:/srv/b2'), \
             (NULL, 'sqlite:/srv/n')",
        )
        .await;
        let said = case.run(&["clusters", "list", "--json"]);
        let lines = lines(&said);
        let names: Vec<&str> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
        assert_eq!((names, said.code), (vec!["a", "b", "row 4"], 6));
        assert_eq!(lines[0]["problem"], Value::Null);
        assert!(lines[1]["problem"].as_str().unwrap().contains("is registered twice"), "{lines:?}");
        assert!(lines[2]["problem"].as_str().unwrap().contains("lacks its `name`"), "{lines:?}");
        told(&case.run(&["clusters", "list"]), 6, "cluster `row 4` cannot be reached as it is registered");
    }

    async fn a_query_that_does_more_than_read_is_the_querys_fault(case: &Case) {
        case.execute("CREATE TABLE places (code varchar(64), url varchar(64))").await;
        case.execute("INSERT INTO places VALUES ('a', 'sqlite:/srv/a')").await;
        for (sql, part) in [
            ("DELETE FROM places", "the query of [fleet] clusters writes"),
            ("SELECT code AS name, url FROM places; DELETE FROM places", "the query of [fleet] clusters "),
            ("SELECT code AS name, url FROM places; COMMIT; DELETE FROM places", "the query of [fleet] clusters "),
            ("SELEKT 1", "the query of [fleet] clusters cannot be run"),
            ("SELECT * FROM nowhere", "the query of [fleet] clusters cannot be run"),
        ] {
            write(case, &format!("[fleet]\nclusters = \"{sql}\"\n"));
            let said = case.run(&["clusters", "list"]);
            told(&said, 6, part);
            assert!(!said.err.contains("primary"), "{said:?}");
            assert!(said.err.contains("nowhere") || said.err.contains("hint: it must be one SELECT"), "{said:?}");
            assert_eq!(case.count("places").await, 1, "{sql}");
        }
        write(case, "[fleet]\nclusters = \"SELECT code AS name, url FROM places; -- all of them\\n\"\n");
        assert_eq!(case.run(&["clusters", "list", "-o", "ids"]).out, "a\n");
    }

    async fn one_database_under_two_names_is_warned_of_however_it_is_written(case: &Case) {
        write(case, "[clusters.a]\nurl = \"postgres://app@localhost/t\"\n[clusters.b]\nurl = \"postgres://own@127.0.0.1:5432/t\"\n\
                     [clusters.c]\nurl = \"postgres://app@[::1]/t\"\n[clusters.d]\nurl = \"postgres://app@localhost/u\"\n");
        let said = case.run(&["clusters", "list"]);
        told(&said, 0, "warning: clusters `a` and `b` are one database, postgres://127.0.0.1:5432/t: what is done");
        told(&said, 0, "warning: clusters `a` and `c` are one database");
        assert!(!said.err.contains("`d`"), "{said:?}");
    }

    async fn one_database_is_not_registered_under_two_names_however_it_is_written(case: &Case) {
        case.write_env("");
        assert_eq!(case.run(&["db", "migrate", "-q"]).code, 0);
        let add = |name: &str, url: &str| case.run(&["clusters", "add", name, "--url", url]);
        told(&add("a", "mysql://app@localhost/t"), 0, "Registered cluster `a`");
        told(&add("b", "mysql://other@127.0.0.1:3306/t"), 5, "is registered already, as cluster `a`");
        told(&add("b", "mysql://app@LOCALHOST./t"), 5, "is registered already, as cluster `a`");
        told(&add("b", "mysql://app@127.0.0.1:3307/t"), 0, "Registered cluster `b`");
        told(&case.run(&["clusters", "edit", "b", "--url", "mysql://app@[::1]/t"]), 5, "as cluster `a`");
    }
}

#[test]
fn what_a_file_registers_is_refused_with_the_file_where_there_is_no_central_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("opsctl.toml");
    for text in [
        "environment = \"local\"\n[clusters.eu-1]\nurl = \"postgres://app@db-eu/t\"\n",
        "environment = \"local\"\n[fleet]\nclusters = \"SELECT 1 AS name\"\n",
    ] {
        std::fs::write(&file, text).unwrap();
        for words in [
            &["add", "x", "--url", "postgres://app@db/t"][..],
            &["edit", "eu-1", "--capacity", "1"],
            &["drain", "eu-1"],
            &["remove", "eu-1", "--yes"],
        ] {
            let said = run(folder.path(), &[&["clusters"], words].concat());
            told(&said, 5, "hint: change them in ");
            told(&said, 5, "opsctl.toml\n");
        }
    }
}
