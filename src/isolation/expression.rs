//! Conditions as PostgreSQL prints them (`pg_get_expr`), taken apart far enough to see which rows they admit.
//!
//! A condition is read as arms joined by OR, each of leaves joined by AND. What a leaf says about the tenant is told
//! apart where its form is known; the rest is [`Leaf::Other`], and only behaviour can prove it.

/// What one leaf says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf {
    /// The tenant column equals what the session says.
    Tenant,
    /// Likewise, but with something to fall back to where the session says nothing.
    Fallback,
    /// The session says no tenant.
    NoTenant,
    /// Another column equals what the session says: a user's own rows.
    Own,
    /// True for every row.
    True,
    /// It names the session's tenant in a form that is not known here.
    Opaque,
    /// Anything else.
    Other,
}

/// What gives the session's values.
pub struct Sources<'a> {
    /// The tenant column.
    pub column: &'a str,
    /// The variables that a function of this name reads, also through others; none for one that reads none.
    pub reads: &'a dyn Fn(&str) -> Vec<String>,
    /// Whether a function of this name falls back to something where its variable is empty.
    pub falls_back: &'a dyn Fn(&str) -> bool,
}

/// The arms of a condition.
pub fn arms(condition: &str, sources: &Sources<'_>) -> Vec<Vec<Leaf>> {
    let tenants = tenant_variables(condition, sources);
    leaves(&tokens(condition))
        .into_iter()
        .map(|arm| arm.into_iter().map(|leaf| judge(leaf, sources, &tenants)).collect())
        .collect()
}

/// The session variables with which a condition compares the tenant column.
pub fn tenant_variables(condition: &str, sources: &Sources<'_>) -> Vec<String> {
    let tokens = tokens(condition);
    let mut found = Vec::new();
    for leaf in leaves(&tokens).into_iter().flatten() {
        if let Some((one, other)) = sides(leaf) {
            for (column, value) in [(one, other), (other, one)] {
                if is_column(column, sources.column) {
                    found.extend(variables(value, sources));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The variables that a text of SQL reads by itself: the names in `current_setting('…')`.
pub fn direct_variables(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let called =
        tokens.windows(3).filter(|three| three[0].eq_ignore_ascii_case("current_setting") && three[1] == "(");
    called.filter_map(|three| three[2].strip_prefix('\'')?.strip_suffix('\'').map(str::to_owned)).collect()
}

/// The names that a text of SQL calls.
pub fn calls(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let called = tokens.windows(2).filter(|two| two[1] == "(" && is_word(&two[0]));
    called.map(|two| two[0].trim_matches('"').to_owned()).collect()
}

/// The functions that a text of SQL calls without naming their schema; what only looks like a call is left out.
pub fn unqualified_calls(text: &str) -> Vec<String> {
    const SYNTAX: [&str; 14] = [
        "nullif", "coalesce", "case", "cast", "select", "in", "and", "or", "not", "exists", "as", "when",
        "then", "else",
    ];
    let tokens = tokens(text);
    let called = (0..tokens.len().saturating_sub(1)).filter(|at| {
        is_word(&tokens[*at])
            && tokens[at + 1] == "("
            && (*at == 0 || tokens[at - 1] != ".")
            && !SYNTAX.contains(&tokens[*at].to_lowercase().as_str())
    });
    called.map(|at| tokens[at].clone()).collect()
}

/// Whether a text of SQL puts something in the place of an empty value: `coalesce(…, 'x')`, or a `CASE` that does.
pub fn falls_back(text: &str) -> bool {
    let tokens = tokens(text);
    let lower: Vec<String> = tokens.iter().map(|token| token.to_lowercase()).collect();
    for (at, word) in lower.iter().enumerate() {
        match word.as_str() {
            "coalesce" | "ifnull" if lower.get(at + 1).is_some_and(|next| next == "(") => {
                let inner = &lower[at + 2..at + 2 + inside(&lower[at + 2..])];
                if commas(inner).iter().skip(1).any(|part| !is_nothing(part)) {
                    return true;
                }
            }
            "else" | "then"
                if lower.get(at + 1).is_some_and(|next| next.starts_with('\'') && next != "''") =>
            {
                return true;
            }
            _ => {}
        }
    }
    false
}

/// NULL or an empty text: a fallback to nothing.
fn is_nothing(part: &[String]) -> bool {
    let value = bare(part);
    matches!(value, [one] if one == "null" || one == "''")
}

fn judge(leaf: &[String], sources: &Sources<'_>, tenants: &[String]) -> Leaf {
    if is_true(leaf, sources.column) {
        return Leaf::True;
    }
    if let Some(value) = null_tested(leaf) {
        let read = variables(value, sources);
        let named = !read.is_empty() && !value.iter().any(|token| token == sources.column);
        return if named { Leaf::NoTenant } else { Leaf::Other };
    }
    let Some((one, other)) = sides(leaf) else {
        let named = leaf.iter().any(|token| token == sources.column) && !variables(leaf, sources).is_empty();
        return if named { Leaf::Opaque } else { Leaf::Other };
    };
    for (column, value) in [(one, other), (other, one)] {
        let read = variables(value, sources);
        if read.is_empty() {
            continue;
        }
        if is_column(column, sources.column) {
            let gives_way = value.iter().any(|token| token == sources.column)
                || falls_back(&value.join(" "))
                || value.iter().any(|token| (sources.falls_back)(token.trim_matches('"')));
            return if gives_way { Leaf::Fallback } else { Leaf::Tenant };
        }
        // `current_setting('app.tenant_id') = ''` is how others ask whether there is a tenant.
        if matches!(bare(column), [text] if text == "''") {
            return Leaf::NoTenant;
        }
        if column_name(column).is_some() && read.iter().all(|name| !tenants.contains(name)) {
            return Leaf::Own;
        }
    }
    let named = leaf.iter().any(|token| token == sources.column) && !variables(leaf, sources).is_empty();
    if named { Leaf::Opaque } else { Leaf::Other }
}

/// `true`, `1 = 1`, `x = x`, and `tenant_id IS NOT NULL`, which every row is.
fn is_true(leaf: &[String], column: &str) -> bool {
    let leaf = bare(leaf);
    let lower: Vec<String> = leaf.iter().map(|token| token.to_lowercase()).collect();
    if lower == ["true"] {
        return true;
    }
    if let [value @ .., is, not, null] = &lower[..]
        && [is, not, null] == ["is", "not", "null"]
    {
        return is_column(&leaf[..value.len()], column);
    }
    let Some((one, other)) = sides(leaf) else { return false };
    bare(one) == bare(other)
}

/// What stands before `IS NULL`.
fn null_tested(leaf: &[String]) -> Option<&[String]> {
    match bare(leaf) {
        [value @ .., is, null] if is.eq_ignore_ascii_case("is") && null.eq_ignore_ascii_case("null") => {
            Some(value)
        }
        _ => None,
    }
}

/// Both sides of an equality.
fn sides(leaf: &[String]) -> Option<(&[String], &[String])> {
    let leaf = bare(leaf);
    let mut depth = 0_usize;
    let mut found = None;
    for (at, token) in leaf.iter().enumerate() {
        match token.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "=" if depth == 0 && found.is_none() => found = Some(at),
            "=" | "<" | ">" | "<>" | "<=" | ">=" if depth == 0 => return None,
            _ => {}
        }
    }
    let at = found?;
    let any = leaf.get(at + 1).is_some_and(|next| ["any", "all"].contains(&next.to_lowercase().as_str()));
    (!any).then(|| (&leaf[..at], &leaf[at + 1..]))
}

/// The variables that an expression reads, by itself or through functions.
fn variables(tokens: &[String], sources: &Sources<'_>) -> Vec<String> {
    let text = tokens.join(" ");
    let mut found = direct_variables(&text);
    found.extend(calls(&text).iter().flat_map(|name| (sources.reads)(name)));
    found
}

fn is_column(side: &[String], column: &str) -> bool {
    column_name(side).is_some_and(|name| name == column)
}

/// The column that a side is, casts and qualification aside.
fn column_name(side: &[String]) -> Option<&str> {
    match bare(side) {
        [name] if is_word(name) => Some(name.trim_matches('"')),
        [_, dot, name] if dot == "." && is_word(name) => Some(name.trim_matches('"')),
        _ => None,
    }
}

/// Without the parentheses around the whole, and without casts behind it.
fn bare(tokens: &[String]) -> &[String] {
    let mut rest = tokens;
    loop {
        match rest {
            [open, inner @ .., close] if open == "(" && close == ")" && inside(inner) == inner.len() => {
                rest = inner;
            }
            _ => match uncast(rest) {
                Some(shorter) => rest = shorter,
                None => return rest,
            },
        }
    }
}

/// Without a cast at the end: `x::character varying(36)` is `x`.
fn uncast(tokens: &[String]) -> Option<&[String]> {
    let mut depth = 0_usize;
    let mut cast = None;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "::" if depth == 0 => cast = cast.or(Some(at)),
            word if depth == 0 && cast.is_some() && goes_on(word) => cast = None,
            _ => {}
        }
    }
    cast.filter(|at| *at > 0).map(|at| &tokens[..at])
}

/// Whether something follows that is no part of a type's name: `x::uuid IS NULL`.
fn goes_on(word: &str) -> bool {
    (!is_word(word) && word != ".") || ["is", "in", "like", "between"].contains(&word.to_lowercase().as_str())
}

/// Length of what stands before the parenthesis that closes the group; the whole where none does.
fn inside(tokens: &[String]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "(" => depth += 1,
            ")" if depth == 0 => return at,
            ")" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

fn commas(tokens: &[String]) -> Vec<&[String]> {
    split(tokens, ",")
}

/// The arms and their leaves. A condition of more arms than a reader could follow is one arm of its own.
fn leaves(tokens: &[String]) -> Vec<Vec<&[String]>> {
    const MOST: usize = 64;
    let tokens = bare(tokens);
    let alternatives = split(tokens, "or");
    if alternatives.len() > 1 {
        return alternatives.into_iter().flat_map(leaves).collect();
    }
    let parts = split(tokens, "and");
    if parts.len() == 1 {
        return vec![vec![tokens]];
    }
    let mut arms: Vec<Vec<&[String]>> = vec![Vec::new()];
    for part in parts {
        let inner = leaves(part);
        if arms.len() * inner.len() > MOST {
            return vec![vec![tokens]];
        }
        arms = arms.iter().flat_map(|arm| inner.iter().map(move |more| [&arm[..], more].concat())).collect();
    }
    arms
}

/// Splits at a word outside of parentheses and of CASE.
fn split<'t>(tokens: &'t [String], word: &str) -> Vec<&'t [String]> {
    let (mut depth, mut from, mut parts) = (0_usize, 0, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        match token.to_lowercase().as_str() {
            "(" | "case" => depth += 1,
            ")" | "end" => depth = depth.saturating_sub(1),
            token if depth == 0 && token == word => {
                parts.push(&tokens[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[from..]);
    parts
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"')
}

/// Words, quoted names, texts, and operators; comments are left out.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut at, mut tokens) = (0, Vec::new());
    while at < chars.len() {
        let from = at;
        let c = chars[at];
        let next = chars.get(at + 1).copied().unwrap_or_default();
        at += 1;
        match c {
            c if c.is_whitespace() => continue,
            '-' if next == '-' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
                continue;
            }
            '\'' | '"' => {
                while at < chars.len() && chars[at] != c {
                    at += 1;
                }
                at = (at + 1).min(chars.len());
            }
            c if c.is_alphanumeric() || c == '_' => {
                while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_') {
                    at += 1;
                }
            }
            ':' if next == ':' => at += 1,
            '<' | '>' | '=' | '!' | '~' => {
                while at < chars.len() && ['<', '>', '=', '~'].contains(&chars[at]) {
                    at += 1;
                }
            }
            _ => {}
        }
        tokens.push(chars[from..at].iter().collect());
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(condition: &str) -> Vec<Vec<Leaf>> {
        let reads = |name: &str| match name {
            "app_current_tenant" | "app_any_tenant" => vec!["app.tenant_id".to_owned()],
            "app_current_user" => vec!["app.user_id".to_owned()],
            _ => Vec::new(),
        };
        let falls_back = |name: &str| name == "app_any_tenant";
        arms(condition, &Sources { column: "tenant_id", reads: &reads, falls_back: &falls_back })
    }

    #[test]
    fn a_tenant_is_known_in_whatever_form_postgresql_prints_it() {
        for condition in [
            "(tenant_id = ( SELECT app_current_tenant() AS app_current_tenant))",
            "(tenant_id = app_current_tenant())",
            "(app_current_tenant() = tenant_id)",
            "(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)",
            "((tenant_id)::text = current_setting('app.tenant_id'::text, true))",
            "((tenant_id)::text = (current_setting('my.tenant'::text))::character varying(36))",
            "(orders.tenant_id = (SELECT (current_setting('a.b', true))::bigint))",
        ] {
            assert_eq!(read(condition), [[Leaf::Tenant]], "{condition}");
        }
    }

    #[test]
    fn arms_add_up_and_leaves_narrow() {
        assert_eq!(
            read(
                "((user_id = ( SELECT app_current_user() AS x)) AND (( SELECT app_current_tenant() AS y) IS NULL))"
            ),
            [[Leaf::Own, Leaf::NoTenant]]
        );
        assert_eq!(
            read("((NULLIF(current_setting('app.tenant_id'::text), ''::text))::uuid IS NULL)"),
            [[Leaf::NoTenant]]
        );
        assert_eq!(
            read("((tenant_id = app_current_tenant()) OR (is_public AND true))"),
            [vec![Leaf::Tenant], vec![Leaf::Other, Leaf::True]]
        );
        assert_eq!(
            read(
                "((deleted_at IS NULL) AND ((tenant_id = app_current_tenant()) OR (app_current_tenant() IS NULL)))"
            ),
            [[Leaf::Other, Leaf::Tenant], [Leaf::Other, Leaf::NoTenant]]
        );
    }

    #[test]
    fn what_admits_every_row_or_falls_back_is_seen() {
        for condition in ["true", "(1 = 1)", "(tenant_id = tenant_id)", "(tenant_id IS NOT NULL)"] {
            assert_eq!(read(condition), [[Leaf::True]], "{condition}");
        }
        for condition in [
            "(tenant_id = COALESCE(app_current_tenant(), tenant_id))",
            "(tenant_id = COALESCE(app_current_tenant(), '0b7c'::uuid))",
            "(tenant_id = app_any_tenant())",
        ] {
            assert_eq!(read(condition), [[Leaf::Fallback]], "{condition}");
        }
        assert_eq!(
            read("(tenant_id = (NULLIF(COALESCE(current_setting('a.b', true), ''::text), ''::text))::uuid)"),
            [[Leaf::Tenant]]
        );
    }

    #[test]
    fn other_forms_are_left_to_behaviour() {
        assert_eq!(
            read(
                "(tenant_id = ANY ((string_to_array(current_setting('app.tenants'::text), ','::text))::uuid[]))"
            ),
            [[Leaf::Opaque]]
        );
        assert_eq!(read("(tenant_id = '0b7c1d9e'::uuid)"), [[Leaf::Other]]);
        assert_eq!(read("(NOT (tenant_id = app_current_tenant()))"), [[Leaf::Opaque]]);
        assert_eq!(read("(tenant_id <> app_current_tenant())"), [[Leaf::Opaque]]);
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for text in
            ["", "(((", ")", "a = ", "= b", "'open", "\"open", "a or", "coalesce(", "-- only", "a ::", ":: b"]
        {
            let _ = (read(text), falls_back(text), direct_variables(text), calls(text));
        }
    }
}
