//! `opsctl tenant taxonomies`: a file becomes the master rows, all of it or nothing.

use std::process::Child;

use opsctl::{
    db::Row,
    tenants::taxonomies::{self, Source},
};
use serde_json::Value;

use crate::{
    on_every_engine,
    support::{Case, cli::Said},
};

const HEAD: &str = "type,code,name,parent_code,sort_order,is_active\n";

async fn platform(case: &Case) {
    case.write_env("");
    case.add_opsctl().await;
}

fn import(case: &Case, rows: &str, words: &[&str]) -> Said {
    std::fs::write(case.folder.path().join("t.csv"), format!("{HEAD}{rows}")).unwrap();
    case.run(&[&["tenant", "taxonomies", "import", "--from", "t.csv"], words].concat())
}

/// Every row as `type code name parent sort active vN`, parents first.
async fn master(case: &Case) -> Vec<String> {
    let line = |source: &Source| {
        let row = &source.taxonomy;
        assert_eq!(source.checksum, row.checksum());
        let parent = row.parent_code.as_deref().unwrap_or("-");
        let version = source.version.unwrap();
        format!(
            "{} {} {} {parent} {} {} v{version}",
            row.r#type, row.code, row.name, row.sort_order, row.is_active
        )
    };
    taxonomies::master(&case.db).await.unwrap().iter().map(line).collect()
}

async fn everything(case: &Case) -> Vec<String> {
    case.rows("SELECT * FROM opsctl_master_taxonomies ORDER BY type, code")
        .await
        .iter()
        .map(Row::line)
        .collect()
}

on_every_engine! {
    async fn an_id_is_a_type_and_a_code(case: &Case) {
        case.write_env("");
        case.add_opsctl().await;
        std::fs::write(case.folder.path().join("t.csv"), "type,code,name\na,x,X\nb,x,X\n").unwrap();
        let import = ["tenant", "taxonomies", "import", "--from", "t.csv", "-o", "ids"];
        assert_eq!(case.run(&import).out, "a/x\nb/x\n");
        assert_eq!(case.run(&["tenant", "taxonomies", "list", "-o", "ids"]).out, "a/x\nb/x\n");
    }

    async fn only_what_says_something_else_is_changed(case: &Case) {
        platform(case).await;
        let first = "unit,kg,Kilogram,,1,true\nunit,m2,Square metre,,2,true\ngarment,shirt,Shirt,tops,1,true\ngarment,tops,Tops,,9,true\n";
        let said = import(case, first, &[]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.err.starts_with("Master rows: 4 created, 0 updated, 0 unchanged."), "{said:?}");
        let before = everything(case).await;
        assert!(import(case, first, &[]).err.starts_with("Master rows: 0 created, 0 updated, 4 unchanged."));
        assert_eq!(everything(case).await, before);
        let second = "unit,kg,Kilo,,1,true\nunit,m2,Square metre,,2,false\nunit,set,Set,,3,true\ngarment,tops,Tops,,9,true\n";
        let dry = import(case, second, &["--dry-run"]);
        assert_eq!(everything(case).await, before);
        let said = import(case, second, &[]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(format!("{}{}", said.out, said.err), @"
            CODE  TYPE  NAME          PARENT CODE  SORT ORDER  IS ACTIVE  OUTCOME  VERSION  LINE
            kg    unit  Kilo          -                     1  yes        updated        2     2
            m2    unit  Square metre  -                     2  no         updated        2     3
            set   unit  Set           -                     3  yes        created        1     4
            Master rows: 1 created, 2 updated, 1 unchanged, 1 left as they are.
            hint: tenants get their copies by `opsctl tenant provision TENANT --only taxonomies`
            ");
        }
        assert_eq!(dry.out, said.out);
        assert!(dry.err.starts_with("Dry run, nothing was changed. It would have been: 1 created, 2 updated, 1 unchanged, 1 left as they are."), "{dry:?}");
        assert_eq!(master(case).await, [
            "garment tops Tops - 9 true v1",
            "garment shirt Shirt tops 1 true v1",
            "unit kg Kilo - 1 true v2",
            "unit m2 Square metre - 2 false v2",
            "unit set Set - 3 true v1",
        ]);
    }

    async fn rows_that_the_file_lacks_go_out_of_use_when_that_is_asked_for(case: &Case) {
        platform(case).await;
        import(case, "unit,kg,Kilo,,1,true\nunit,old,Old,,2,true\nunit,older,Older,,3,false\n", &[]);
        let said = import(case, "unit,kg,Kilo,,1,true\n", &["--prune", "--json"]);
        let report: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(report["summary"], serde_json::json!({"created": 0, "updated": 0, "unchanged": 1, "deactivated": 1, "left": 1}));
        assert_eq!(report["data"]["items"][1]["code"], "old");
        assert_eq!(report["data"]["items"][1]["line"], Value::Null);
        assert_eq!(master(case).await, [
            "unit kg Kilo - 1 true v1", "unit old Old - 2 false v2", "unit older Older - 3 false v1",
        ]);
        let said = import(case, "unit,kg,Kilo,,1,true\nunit,g,Gram,old,2,true\n", &["--prune"]);
        assert!(said.err.contains("line 3: no `old` of type `unit` to be its parent"), "{said:?}");
        assert_eq!(import(case, "unit,g,Gram,old,2,true\n", &[]).code, 0);
    }

    async fn a_file_without_rows_takes_nothing_out_of_use(case: &Case) {
        platform(case).await;
        import(case, "unit,kg,Kilo,,1,true\n", &[]);
        for words in [&["--prune"][..], &["--prune", "--dry-run"]] {
            let said = import(case, "", words);
            assert_eq!((said.code, said.out.as_str()), (5, ""), "{said:?}");
        }
        assert_eq!(master(case).await, ["unit kg Kilo - 1 true v1"]);
    }

    async fn one_bad_row_and_nothing_is_changed(case: &Case) {
        platform(case).await;
        import(case, "unit,kg,Kilo,,1,true\nunit,g,Gram,kg,1,true\n", &[]);
        let before = everything(case).await;
        let said = import(case, "unit,kg,Changed,,1,true\nunit,m2,,,two,true\nunit,kg,Again,,1,true\n", &[]);
        assert_eq!((said.code, said.out.as_str()), (1, ""));
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.err, @"
            error: `t.csv` has 2 bad lines: nothing was changed
              caused by: line 3: `name` is empty; `sort_order` is `two`: it is a whole number from -2147483648 to 2147483647
              caused by: line 4: `unit` `kg` stands on line 2 already
              hint: columns: type, code, name; and, where there is more to say, parent_code, sort_order, is_active
            ");
        }
        for (rows, why) in [
            ("unit,new,New,,1,true\nunit,KG,Kilo,,1,true\n", "line 3: `KG` stands in the table as `kg`"),
            ("unit,new,New,,1,true\nunit,kg,Kilo,g,1,true\n", "line 3: its parents lead back to it: kg -> g -> kg"),
            ("unit,new,New,,1,true\nunit,m,Metre,Kg,1,true\n", "line 3: its parent `Kg` is written `kg`"),
        ] {
            let said = import(case, rows, &[]);
            assert_eq!(said.code, 1, "{said:?}");
            assert!(said.err.contains(why), "{said:?}");
        }
        assert_eq!(everything(case).await, before);
        let said = case.run(&["tenant", "taxonomies", "import", "--from", "none.csv"]);
        assert_eq!(said.code, 9, "{said:?}");
    }

    async fn many_rows_go_in_and_change_at_once(case: &Case) {
        platform(case).await;
        let rows = |name: &str| -> String {
            (0..1050).map(|at| format!("unit,u{at},{name} {at},{},{at},true\n", if at == 0 { "" } else { "u0" })).collect()
        };
        assert!(import(case, &rows("Unit"), &["-q"]).err.is_empty());
        let said = import(case, &rows("Changed"), &[]);
        assert!(said.err.starts_with("Master rows: 0 created, 1050 updated, 0 unchanged."), "{said:?}");
        let master = master(case).await;
        assert_eq!(master.len(), 1050);
        assert!(master.iter().all(|line| line.contains("Changed") && line.ends_with("v2")), "{master:#?}");
    }

    async fn two_imports_at_once_are_as_one_after_the_other(case: &Case) {
        platform(case).await;
        let rows: String = (0..300).map(|at| format!("unit,u{at},Unit {at},,{at},true\n")).collect();
        std::fs::write(case.folder.path().join("t.csv"), format!("{HEAD}{rows}")).unwrap();
        let words = ["tenant", "taxonomies", "import", "--from", "t.csv"];
        let begun: Vec<Child> = (0..4).map(|_| case.program(&words).spawn().unwrap()).collect();
        let said: Vec<Said> = begun.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect();
        assert!(said.iter().all(|said| said.code == 0), "{said:#?}");
        let made = said.iter().filter(|said| said.err.starts_with("Master rows: 300 created")).count();
        assert_eq!(made, 1, "{said:#?}");
        assert!(master(case).await.iter().all(|line| line.ends_with("v1")));
    }

    async fn the_rows_that_come_with_opsctl_are_listed_by_type(case: &Case) {
        platform(case).await;
        let said = case.run(&["tenant", "taxonomies", "list"]);
        assert_eq!((said.code, said.out.as_str()), (0, ""));
        assert!(said.err.contains("There are no master rows.") && said.err.contains("tenant taxonomies import"), "{said:?}");
        assert_eq!(case.run(&["tenant", "taxonomies", "import"]).code, 0);
        let said = case.run(&["tenant", "taxonomies", "list", "--type", "unit"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @"
            CODE   TYPE  NAME          PARENT CODE  SORT ORDER  IS ACTIVE  VERSION
            kg     unit  Kilogram      -                    10  yes              1
            piece  unit  Piece         -                    20  yes              1
            pair   unit  Pair          -                    30  yes              1
            set    unit  Set           -                    40  yes              1
            m2     unit  Square metre  -                    50  yes              1
            ");
        }
        let said = case.run(&["tenant", "taxonomies", "list", "--type", "units"]);
        assert!(said.err.contains("did you mean `--type unit`?"), "{said:?}");
    }

    async fn without_its_table_the_command_that_makes_it_is_named(case: &Case) {
        case.write_env("");
        for words in [&["tenant", "taxonomies", "list"][..], &["tenant", "taxonomies", "import"]] {
            let said = case.run(words);
            assert_eq!(said.code, 6, "{said:?}");
            assert!(said.err.contains("has no table `opsctl_master_taxonomies`") && said.err.contains("opsctl db migrate"), "{said:?}");
        }
    }
}
