//! The house keeps its floors: checked from the sources.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Modules of the library by floor, from the ground up. A module may use those below it and, on the floors where
/// modules belong together, those beside it.
const FLOORS: [(&[&str], bool); 6] = [
    (&["error", "exit", "clock", "cancel", "near", "text", "private", "window", "crash", "config"], true),
    (&["db", "redis"], false),
    (&["laravel"], false),
    (&["fleet", "schema", "isolation", "journal"], false),
    (&["webhooks", "clusters", "tenants", "queue", "locks"], false),
    (&["about", "demo", "schedule", "worker"], false),
];

/// What the library never does: that is the binary's part.
const FORBIDDEN: [&str; 12] = [
    "println!",
    "eprintln!",
    "dbg!",
    "std::env::var",
    "env::var(",
    "std::process::exit",
    "clap",
    "comfy_table",
    "indicatif",
    "dialoguer",
    "anyhow",
    "todo!",
];

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// The text without its tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// The module of the library that a file belongs to.
fn module(path: &Path) -> String {
    let inner = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    inner.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|(modules, _)| modules.contains(&module))
}

/// Modules named behind `crate::`, also inside of a nested `use`.
fn used(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let group = rest.strip_prefix('{').map(top_level);
        let heads = group.unwrap_or_else(|| vec![rest.to_owned()]);
        names.extend(heads.iter().map(|head| {
            head.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
        }));
    }
    names
}

/// The members of a braced group, without those of groups inside of it.
fn top_level(inner: &str) -> Vec<String> {
    let (mut depth, mut members) = (0, vec![String::new()]);
    for c in inner.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            c => members.last_mut().unwrap().push(c),
        }
    }
    members
}

#[test]
fn no_arrow_points_up() {
    for (path, text) in sources("src") {
        let module = module(&path);
        if module == "lib" {
            continue;
        }
        let own = floor(&module).unwrap_or_else(|| panic!("{module} has no floor: add it to tests/house.rs"));
        for other in used(&code(&text)) {
            let Some(floor) = floor(&other) else { continue };
            let beside = FLOORS[own].1 || other == module;
            assert!(
                floor < own || (floor == own && beside),
                "{}: `{module}` (floor {own}) uses `{other}` (floor {floor})",
                path.display()
            );
        }
    }
}

#[test]
fn the_library_does_not_print_ask_exit_or_read_the_environment() {
    for (path, text) in sources("src") {
        let code = code(&text);
        for word in FORBIDDEN {
            assert!(!code.contains(word), "{} holds `{word}`", path.display());
        }
    }
}

#[test]
fn every_module_has_a_line_in_the_map_and_a_doc() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for name in FLOORS.iter().flat_map(|(modules, _)| *modules) {
        assert!(map.contains(&format!("[`{name}`]")), "the map of src/lib.rs lacks `{name}`");
        assert!(map.contains(&format!("pub mod {name};")), "src/lib.rs has no module `{name}`");
    }
    for (path, text) in sources("src")
        .into_iter()
        .chain(sources("commands"))
        .chain(sources("tests"))
        .chain(sources("benches"))
    {
        assert!(text.starts_with("//!"), "{} does not begin with what it is for", path.display());
    }
}

#[test]
fn files_stay_within_a_readers_patience() {
    for (path, text) in sources("src").into_iter().chain(sources("commands")) {
        let lines = text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines", path.display());
    }
}

#[test]
fn only_the_ui_writes_to_the_streams() {
    for (path, text) in sources("commands") {
        let inside = path.components().any(|part| part.as_os_str() == "ui");
        let code = code(&text);
        for word in ["println!", "print!", "stdout()"] {
            assert!(inside || !code.contains(word), "{} holds `{word}`", path.display());
        }
    }
}
