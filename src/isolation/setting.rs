//! Statements in the bodies of PostgreSQL's functions that set a variable for the whole session: the next user of the
//! connection would be inside the tenant that they entered.

use std::ops::Range;

/// A statement that outlives its transaction.
struct Kept {
    /// The variable; none where its name is made as the function runs.
    variable: Option<String>,
    /// What is to be replaced in the text, so that it ends with its transaction.
    place: Range<usize>,
    /// By what.
    with: &'static str,
}

/// What the body of a function sets for the whole session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeps {
    /// Nothing that is asked for.
    Nothing,
    /// One of the variables that were asked for.
    Variable(String),
    /// A variable whose name is made as the function runs.
    Something,
}

/// What a body sets for the whole session, of these variables.
pub fn keeps(body: &str, variables: &[String]) -> Keeps {
    let found = all(body, variables);
    let known = found.iter().filter_map(|one| one.variable.as_ref()).find(|name| variables.contains(name));
    match known {
        Some(name) => Keeps::Variable(name.clone()),
        None if found.iter().any(|one| one.variable.is_none()) => Keeps::Something,
        None => Keeps::Nothing,
    }
}

/// The body with these variables set for the transaction alone.
pub fn ended(body: &str, variables: &[String]) -> String {
    let mut found = all(body, variables);
    found.retain(|one| one.variable.as_ref().is_some_and(|name| variables.contains(name)));
    found.sort_by_key(|one| std::cmp::Reverse(one.place.start));
    let mut text = body.to_owned();
    for one in found {
        text.replace_range(one.place, one.with);
    }
    text
}

fn all(body: &str, variables: &[String]) -> Vec<Kept> {
    let text = without_comments(body).to_ascii_lowercase();
    let mut found = calls(&text);
    for variable in variables {
        found.extend(statements(&text, variable));
    }
    found
}

/// `set_config(name, value, false)`.
fn calls(text: &str) -> Vec<Kept> {
    let mut found = Vec::new();
    for (at, word) in text.match_indices("set_config") {
        let after = at + word.len();
        let blanks = text[after..].len() - text[after..].trim_start().len();
        let Some(inner) = text[after + blanks..].strip_prefix('(') else { continue };
        let start = after + blanks + 1;
        let [name, _, local] = &arguments(inner)[..] else { continue };
        if inner[local.clone()].trim().trim_matches('\'').ends_with("true") {
            continue;
        }
        let name = inner[name.clone()].split("::").next().unwrap_or_default().trim();
        found.push(Kept {
            // A quote inside of a text is doubled.
            variable: name.starts_with('\'').then(|| name.trim_matches('\'').to_owned()),
            place: start + local.start..start + local.end,
            with: " true",
        });
    }
    found
}

/// `SET name = …`, and not `SET LOCAL`.
fn statements(text: &str, variable: &str) -> Vec<Kept> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(&variable.to_ascii_lowercase()) {
        let before = text[..at].trim_end();
        let before = before.strip_suffix("session").map_or(before, str::trim_end);
        let after = text[at + variable.len()..].trim_start();
        let Some(rest) = before.strip_suffix("set") else { continue };
        let is_word = !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if is_word && (after.starts_with('=') || after.starts_with("to ")) {
            found.push(Kept {
                variable: Some(variable.to_owned()),
                place: rest.len()..at,
                with: "SET LOCAL ",
            });
        }
    }
    found
}

/// Where the arguments of a call are, whose parenthesis is open.
fn arguments(text: &str) -> Vec<Range<usize>> {
    let (mut depth, mut quoted, mut from, mut found) = (0_usize, false, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' if depth == 0 => {
                found.push(from..at);
                break;
            }
            ')' => depth -= 1,
            ',' if depth == 0 => {
                found.push(from..at);
                from = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The text with blanks in the place of comments, so that every position stays.
fn without_comments(text: &str) -> String {
    let blank = |line: &str| {
        let code = line.split("--").next().unwrap_or_default().len();
        format!("{}{}", &line[..code], " ".repeat(line.len() - code))
    };
    text.split('\n').map(blank).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> Vec<String> {
        vec!["app.tenant_id".to_owned()]
    }

    #[test]
    fn what_outlives_its_transaction_is_seen_and_ended() {
        for (body, ended_as) in [
            ("SELECT set_config('app.tenant_id', t, false)", "SELECT set_config('app.tenant_id', t, true)"),
            (
                "PERFORM set_config ( 'app.tenant_id'::text, coalesce(t, ','), 'f');",
                "PERFORM set_config ( 'app.tenant_id'::text, coalesce(t, ','), true);",
            ),
            ("BEGIN SET app.tenant_id = 'x'; END", "BEGIN SET LOCAL app.tenant_id = 'x'; END"),
            (
                "EXECUTE 'SET SESSION app.tenant_id TO ' || quote_literal(t)",
                "EXECUTE 'SET LOCAL app.tenant_id TO ' || quote_literal(t)",
            ),
            (
                "EXECUTE 'SELECT set_config(''app.tenant_id'', $1, false)' USING t",
                "EXECUTE 'SELECT set_config(''app.tenant_id'', $1, true)' USING t",
            ),
        ] {
            assert_eq!(keeps(body, &app()), Keeps::Variable("app.tenant_id".into()), "{body}");
            assert_eq!(ended(body, &app()), ended_as);
            assert_eq!(keeps(ended_as, &app()), Keeps::Nothing, "{ended_as}");
        }
    }

    #[test]
    fn what_ends_with_its_transaction_or_is_another_variable_is_left_alone() {
        for body in [
            "SELECT set_config('app.tenant_id', t, true)",
            "SET LOCAL app.tenant_id = 'x'",
            "SELECT set_config('search_path', '', false)",
            "-- set_config('app.tenant_id', t, false)\nSELECT 1",
            "UPDATE t SET name = current_setting('app.tenant_id')",
            "set_config(",
        ] {
            assert_eq!(keeps(body, &app()), Keeps::Nothing, "{body}");
        }
        assert_eq!(keeps("SELECT set_config(name, value, false)", &app()), Keeps::Something);
    }
}
