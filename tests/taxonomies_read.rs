//! Files of master taxonomies: what is read, and what is refused with its line.

use std::collections::BTreeMap;

use opsctl::tenants::taxonomies::{FIXTURE, Source, Taxonomy, of_file, read};
use proptest::prelude::*;

const HEAD: &str = "type,code,name,parent_code,sort_order,is_active\n";

fn rows(text: &str) -> Vec<Taxonomy> {
    read(text.as_bytes(), "t.csv").unwrap().taxonomies().cloned().collect()
}

/// What is said of a file that is refused.
fn faults(bytes: &[u8]) -> Vec<String> {
    let error = of_file(bytes, "t.csv").unwrap_err();
    assert!(error.message().ends_with("nothing was changed"), "{error}");
    error.causes().to_vec()
}

fn unit(code: &str, name: &str) -> Taxonomy {
    let (r#type, code, name) = ("unit".into(), code.into(), name.into());
    Taxonomy { r#type, code, name, parent_code: None, sort_order: 0, is_active: true }
}

#[test]
fn a_sound_file_is_read_however_it_is_written() {
    let expected = [unit("kg", "Kilogram"), Taxonomy { sort_order: 2, ..unit("m2", "Square, \"metre\"") }];
    for text in [
        "type,code,name,sort_order\nunit,kg,Kilogram,\nunit,m2,\"Square, \"\"metre\"\"\",2\n",
        "type,code,name,sort_order\r\nunit,kg,Kilogram,0\r\nunit,m2,\"Square, \"\"metre\"\"\",2",
        "\u{feff}type,code,name,sort_order\nunit,kg,Kilogram,0\n\n\nunit,m2,\"Square, \"\"metre\"\"\",+2\n\n",
        "name,is_active,sort_order,parent_code,code,type\nKilogram,yes,0,,kg,unit\n\"Square, \"\"metre\"\"\",1,2,,m2,unit\n",
        " type , code,name,sort_order\n\"unit\", kg ,Kilogram,0\nunit,m2,\"Square, \"\"metre\"\"\", 2 \n",
    ] {
        assert_eq!(rows(text), expected, "{text}");
    }
    assert_eq!(rows(HEAD), []);
    assert_eq!(
        rows(&format!("{HEAD}unit,Kg,Kilo,,-3,No\n"))[0],
        Taxonomy { sort_order: -3, is_active: false, ..unit("Kg", "Kilo") }
    );
}

#[test]
fn every_bad_row_is_told_with_its_line() {
    let long = "x".repeat(65);
    let cases: Vec<(String, Vec<String>)> = [
        ("", "line 1: the file is empty"),
        ("type,code\nunit,kg\n", "line 1: the column `name` is missing"),
        ("type,code,nmae\nunit,kg,Kilo\n", "line 1: there is no column `nmae`; did you mean `name`?; the column `name` is missing"),
        ("type,code,name,name\n", "line 1: the column `name` comes twice"),
        ("type;code;name\nunit;kg;Kilo\n", "line 1: columns are split by `;`, not by `,`"),
        ("type,code,name\nunit,kg\nunit,m2,a,b\n", "line 2: 2 values for 3 columns|line 3: 4 values for 3 columns"),
        ("type,code,name\n,kg,Kilo\nunit,,\n", "line 2: `type` is empty|line 3: `code` is empty; `name` is empty"),
        ("type,code,name\nunit,k g,Kilo\n", "line 2: `code` is `k g`: ` ` is none of a-z A-Z 0-9 _ - . :"),
        ("type,code,name\nunit,kg,\"Kilo\ngram\"\nunit,kg,x\nunit,a b,x\n", "line 2: `name` is `Kilo\\ngram`: a line break or another character that cannot be shown|line 4: `unit` `kg` stands on line 2 already|line 5: `code` is `a b`: ` ` is none of a-z A-Z 0-9 _ - . :"),
        ("type,code,name,sort_order\nunit,kg,Kilo,ten\nunit,m,Metre,2147483648\nunit,l,Litre,1.5\n", "line 2: `sort_order` is `ten`: it is a whole number from -2147483648 to 2147483647|line 3: `sort_order` is `2147483648`: it is a whole number from -2147483648 to 2147483647|line 4: `sort_order` is `1.5`: it is a whole number from -2147483648 to 2147483647"),
        ("type,code,name,is_active\nunit,kg,Kilo,maybe\n", "line 2: `is_active` is `maybe`: it is true or false"),
        ("type,code,name\r\n\r\nunit,kg,Kilo\r\n\r\nunit,KG,Kilo\r\n", "line 5: `unit` `KG` stands on line 3 already"),
        ("type,code,name\nunit,kg,Kilo\nunit,kg,Kilo\nunit,kg,Kilo\n", "line 3: `unit` `kg` stands on line 2 already|line 4: `unit` `kg` stands on line 2 already"),
        ("type,code,name,parent_code\ngarment,shirt,Shirt,tpos\ngarment,tops,Tops,\nunit,kg,Kilo,tops\n", "line 2: no `tpos` of type `garment` to be its parent; did you mean `tops`?|line 4: no `tops` of type `unit` to be its parent"),
        ("type,code,name,parent_code\nu,a,A,a\nu,b,B,c\nu,c,C,b\nu,d,D,c\n", "line 2: its parents lead back to it: a -> a|line 3: its parents lead back to it: b -> c -> b|line 4: its parents lead back to it: c -> b -> c"),
        ("type,code,name,parent_code\nunit,a,b,nope\nunit,h,i,h\nunit,x1,X,x2\nunit,x2,X,x1\nunit,,q,\nunit,k,,\nunit,l,L,k\n", "line 2: no `nope` of type `unit` to be its parent|line 3: its parents lead back to it: h -> h|line 4: its parents lead back to it: x1 -> x2 -> x1|line 5: its parents lead back to it: x2 -> x1 -> x2|line 6: `code` is empty|line 7: `name` is empty"),
        ("type,code,name,parent_code\nu,a,A,\nu,b,B,A\n", "line 3: its parent `A` is written `a`"),
        ("type,code,name\nunit,kg,Kilo\nunit,m2,\"Square\nunit,l,Litre\n", "line 3: `name` is `Square\\nunit,l,Litre`: a line break or another character that cannot be shown; a quotation mark is opened and not closed, here or before"),
    ]
    .into_iter()
    .map(|(text, told)| (text.to_owned(), told.split('|').map(str::to_owned).collect()))
    .chain([(
        format!("type,code,name\nunit,{long},{}\n", "ä".repeat(256)),
        vec!["line 2: `code` has 65 characters, of at most 64; `name` has 256 characters, of at most 255".into()],
    )])
    .collect();
    for (text, told) in cases {
        assert_eq!(faults(text.as_bytes()), told, "{text}");
    }
    assert_eq!(faults(b"type,code,name\nunit,kg,Kil\xff\n"), ["line 2: `name` is no UTF-8"]);
    assert_eq!(faults(b"type,code,name\runit,kg,Kilo\runit,k g,x\r").len(), 1);
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("type".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert!(of_file(&utf16, "t.csv").unwrap_err().message().contains("UTF-16"));
    assert!(of_file(&vec![b'\n'; 17 << 20], "t.csv").unwrap_err().message().contains("16 MiB"));
}

#[test]
fn parents_come_before_their_children() {
    let text = "type,code,name,parent_code,sort_order\nu,c,C,b,1\nu,b,B,a,1\nt,z,Z,,9\nu,a,A,,5\nu,d,D,,2\n";
    let codes: Vec<String> =
        of_file(text.as_bytes(), "t.csv").unwrap().into_iter().map(|source| source.taxonomy.code).collect();
    assert_eq!(codes.join(" "), "z d a b c");
}

#[test]
fn the_fixture_is_sound_and_has_parents() {
    let sources = of_file(FIXTURE, "fixtures/taxonomies.csv").unwrap();
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    sources.iter().for_each(|source| *types.entry(&source.taxonomy.r#type).or_default() += 1);
    for (kind, least) in [("service_type", 10), ("garment_type", 20), ("unit", 4), ("payment_method", 8)] {
        assert!(types[kind] >= least, "{types:?}");
    }
    assert!(sources.iter().any(|source| source.taxonomy.parent_code.is_some()));
}

fn taxonomy() -> impl Strategy<Value = Taxonomy> {
    let code = "[A-Za-z0-9_.:-]{1,64}";
    (
        code,
        code,
        "[^\\p{C}\\p{Z}]([^\\p{C}\\p{Zl}\\p{Zp}]{0,200}[^\\p{C}\\p{Z}])?",
        any::<i32>(),
        any::<bool>(),
    )
        .prop_map(|(r#type, code, name, sort_order, is_active)| Taxonomy {
            r#type,
            code,
            name,
            parent_code: None,
            sort_order,
            is_active,
        })
}

fn written(rows: &[Taxonomy]) -> Vec<u8> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(HEAD.trim().split(',')).unwrap();
    for row in rows {
        let (order, active) = (row.sort_order.to_string(), row.is_active.to_string());
        csv.write_record([&row.r#type, &row.code, &row.name, "", &order, &active]).unwrap();
    }
    csv.into_inner().unwrap()
}

proptest! {
    #[test]
    fn what_is_written_by_the_formats_rules_is_read_back(rows in prop::collection::vec(taxonomy(), 0..20)) {
        let mut seen = std::collections::BTreeSet::new();
        let rows: Vec<Taxonomy> = rows
            .into_iter()
            .filter(|row| seen.insert((row.r#type.to_lowercase(), row.code.to_lowercase())))
            .collect();
        let read = read(&written(&rows), "t.csv").unwrap();
        prop_assert_eq!(read.taxonomies().cloned().collect::<Vec<_>>(), rows);
    }

    #[test]
    fn any_bytes_give_rows_or_lines_that_exist(bytes in prop::collection::vec(any::<u8>(), 0..300), head in any::<bool>()) {
        let bytes = if head { [HEAD.as_bytes(), &bytes].concat() } else { bytes };
        if let Err(error) = of_file(&bytes, "t.csv") {
            let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
            for cause in error.causes() {
                let line: usize = cause.strip_prefix("line ").unwrap().split(':').next().unwrap().parse().unwrap();
                prop_assert!((1..=lines).contains(&line), "{cause}");
            }
        }
    }

    #[test]
    fn any_change_of_a_row_changes_its_checksum(a in taxonomy(), b in taxonomy()) {
        let sums = [Source::from(a.clone()).checksum, Source::from(b.clone()).checksum];
        prop_assert_eq!(sums[0] == sums[1], a == b);
        prop_assert_eq!(sums[0].len(), 64);
    }
}
