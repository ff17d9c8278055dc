//! What a set makes: names of its tables and views, read from its statements.

use super::{
    Set,
    sql::{Token, Word, split, words},
};
use crate::db::Engine;

impl Set {
    /// Tables that it creates on an engine, in their order.
    pub fn tables(&self, engine: Engine) -> Vec<String> {
        self.created(engine, "table")
    }

    /// Views that it creates on an engine, in their order.
    pub fn views(&self, engine: Engine) -> Vec<String> {
        self.created(engine, "view")
    }

    fn created(&self, engine: Engine, what: &str) -> Vec<String> {
        let texts = self.migrations(engine).iter().flat_map(|migration| split(engine, &migration.sql));
        texts.filter_map(|statement| created(engine, &statement.text, what)).collect()
    }
}

/// The name behind `CREATE … TABLE`, without quotes and without its schema.
pub(super) fn created(engine: Engine, statement: &str, what: &str) -> Option<String> {
    let tokens: Vec<Token> =
        words(engine, statement).into_iter().filter(|token| token.word != Word::Comment).collect();
    tokens.first().filter(|first| first.is(statement, "create"))?;
    let head = tokens.iter().take_while(|token| !token.is(statement, "on") && token.text(statement) != "(");
    let at = head.take(12).position(|token| token.is(statement, what))?;
    let skips = ["concurrently", "if", "not", "exists"];
    let rest = &tokens[at + 1..];
    let first = rest.iter().position(|token| !skips.iter().any(|word| token.is(statement, word)))?;
    let mut name = rest.get(first)?;
    for pair in rest[first + 1..].chunks_exact(2).take_while(|pair| pair[0].text(statement) == ".") {
        name = &pair[1];
    }
    let is_name = matches!(name.word, Word::Plain | Word::Name) && !name.is(statement, "on");
    is_name.then(|| unquoted(name.text(statement)).to_owned())
}

/// A name without its quotes.
pub(super) fn unquoted(name: &str) -> &str {
    name.trim_matches(['"', '`'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TENANT;

    #[test]
    fn the_tenant_sets_tables_and_views_are_found() {
        let tables =
            ["taxonomies", "tenant_roles", "tenant_role_permissions", "tenant_user", "tenant_audit_trail"];
        for engine in [Engine::Postgres, Engine::MySql, Engine::Sqlite] {
            assert_eq!(TENANT.tables(engine), tables);
        }
        assert_eq!(TENANT.views(Engine::MySql), tables.map(|table| format!("v_{table}")));
        let statement = "CREATE TABLE IF NOT EXISTS `a b` (x int)";
        assert_eq!(created(Engine::MySql, statement, "table").as_deref(), Some("a b"));
        assert_eq!(created(Engine::MySql, "CREATE INDEX i ON t (view)", "view"), None);
        let statement = "CREATE TABLE \"s\".\"t\" (x int)";
        assert_eq!(created(Engine::Postgres, statement, "table").as_deref(), Some("t"));
        let statement = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (x)";
        assert_eq!(created(Engine::Postgres, statement, "index").as_deref(), Some("i"));
        assert_eq!(created(Engine::Postgres, "CREATE INDEX ON t (x)", "index"), None);
    }
}
