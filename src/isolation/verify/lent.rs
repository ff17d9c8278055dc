//! Views and routines of MySQL and MariaDB that work with the rights of who made them, in whatever database the
//! application may use them: what they reach of the tenant tables, by themselves or through others.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Verdict,
    finding::{Rule, broken},
};
use crate::{
    Result,
    db::{Engine, Query, Session, quote},
    isolation::guards::{Guards, View, user_variables},
};

/// A view or a routine.
#[derive(Debug, Clone)]
pub struct Thing {
    database: String,
    name: String,
    /// `VIEW`, `FUNCTION` or `PROCEDURE`.
    kind: String,
    /// It works with the rights of who made it.
    lends: bool,
    /// What it does; `None` where the role may not read it.
    body: Option<String>,
}

/// A name in SQL, with what qualifies it before it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    path: Vec<String>,
    /// It is called, as routines are.
    called: bool,
}

/// Which databases are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// The connection's own.
    Here,
    /// All but the server's own.
    Everywhere,
}

/// The views and routines that the session's role may use, or whose text it may read.
///
/// # Errors
/// The database's.
pub async fn read(session: &mut Session<'_>, place: Where) -> Result<Vec<Thing>> {
    let of = |column: &str| match place {
        Where::Here => format!("{column} = DATABASE()"),
        Where::Everywhere => {
            format!("{column} NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')")
        }
    };
    let sql = format!(
        "SELECT table_schema AS place, table_name AS name, 'VIEW' AS kind, security_type AS security, \
           view_definition AS body FROM information_schema.views WHERE {} \
         UNION ALL SELECT routine_schema, routine_name, routine_type, security_type, routine_definition \
           FROM information_schema.routines WHERE {}",
        of("table_schema"),
        of("routine_schema")
    );
    let rows = session.fetch(Query::new(sql)).await?;
    let things = rows.iter().map(|row| {
        Ok(Thing {
            database: row.text("place")?,
            name: row.text("name")?,
            kind: row.text("kind")?,
            lends: row.text("security")? == "DEFINER",
            body: row.text_or_null("body")?.filter(|body| !body.is_empty()),
        })
    });
    things.collect()
}

/// Whether some of these are in other databases than this one.
pub fn are_elsewhere(things: &[Thing], database: &str) -> bool {
    things.iter().any(|thing| thing.database != database)
}

type Key = (String, String, String);

impl Thing {
    fn key(&self) -> Key {
        (self.database.to_lowercase(), self.name.to_lowercase(), self.kind.clone())
    }

    /// Whether a name means what is called so in a database. What is not qualified is of the database that a routine
    /// is in; in views the server qualifies everything.
    fn means(&self, name: &Name, database: &str, other: &str) -> bool {
        match &name.path[..] {
            [first, second, ..] if first == database && second == other => true,
            [first, ..] => first == other && self.database.eq_ignore_ascii_case(database),
            [] => false,
        }
    }
}

/// What is known of the views and routines of a server.
struct Known<'a> {
    guards: &'a Guards,
    things: BTreeMap<Key, Thing>,
}

/// What one of them reaches.
#[derive(Debug, Default)]
struct Reached {
    /// Tables, and by what; whether it asks for the tenant.
    tables: BTreeSet<(String, bool, Key)>,
    /// What makes its SQL as it runs.
    as_it_runs: BTreeSet<Key>,
    /// What nobody may read.
    hidden: BTreeSet<Key>,
    /// Where the search has been, and whether it was asked for the tenant by then.
    seen: BTreeSet<(Key, bool)>,
}

/// Judges those that the application may use; `read` is what other roles read of them.
pub fn judge(usable: Vec<Thing>, read: Vec<Thing>, guards: &Guards, verdict: &mut Verdict) {
    let entries: BTreeSet<Key> = usable.iter().filter(|thing| thing.lends).map(Thing::key).collect();
    let mut known = Known { guards, things: BTreeMap::new() };
    for thing in read.into_iter().chain(usable) {
        let seen = known.things.entry(thing.key()).or_insert_with(|| thing.clone());
        seen.body = seen.body.take().or(thing.body);
    }
    let mut hidden: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in &entries {
        let thing = &known.things[entry];
        let mut reached = Reached::default();
        known.follow(thing, false, &mut reached);
        known.tell(thing, &reached, verdict);
        for (database, name, kind) in reached.hidden {
            match database.eq_ignore_ascii_case(&guards.database) {
                // That the views here cannot be read is told of all of them.
                true if kind == "VIEW" => {}
                true => verdict.cannot(
                    &format!("what the routine {name} reaches with another's rights"),
                    "no role that is configured may read its body",
                ),
                false => {
                    hidden.entry(database).or_default().insert(name);
                }
            }
        }
    }
    for (database, names) in hidden {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let why = format!(
            "no role that is configured may read {names}: let `operator` read the database, or take the application's rights there"
        );
        verdict.cannot(&format!("what the application reaches in the database {database}"), why);
    }
    verdict.unproved.dedup();
}

impl Known<'_> {
    /// Follows what a thing names.
    fn follow(&self, thing: &Thing, asked: bool, reached: &mut Reached) {
        if !reached.seen.insert((thing.key(), asked)) {
            return;
        }
        let Some(body) = &thing.body else {
            reached.hidden.insert(thing.key());
            return;
        };
        if thing.kind == "VIEW" && self.filters(thing, body) {
            return;
        }
        let names = names(body);
        let asked = asked || (thing.kind != "VIEW" && self.asks(thing, body, &names));
        let here = self.guards.database.to_lowercase();
        let mut found = false;
        for table in &self.guards.tables {
            if names.iter().any(|name| thing.means(name, &here, &table.name.to_lowercase())) {
                reached.tables.insert((table.name.clone(), asked, thing.key()));
                found = true;
            }
        }
        if !found && thing.kind != "VIEW" && makes_sql(&names) {
            reached.as_it_runs.insert(thing.key());
        }
        for (key, other) in self.things.iter().filter(|(key, _)| **key != thing.key()) {
            let named =
                |name: &&Name| (other.kind == "VIEW" || name.called) && thing.means(name, &key.0, &key.1);
            if names.iter().any(|name| named(&name)) {
                self.follow(other, asked, reached);
            }
        }
    }

    /// A view that shows the present tenant's rows alone.
    fn filters(&self, thing: &Thing, body: &str) -> bool {
        let here = format!("{}.", quote(Engine::MySql, &self.guards.database));
        self.guards.filters(&View {
            name: thing.name.clone(),
            definition: body.replace(&here, "").replace('`', ""),
            sql: body.to_owned(),
            check: String::new(),
            definer: thing.lends,
        })
    }

    /// A routine that asks for the tenant somewhere.
    fn asks(&self, thing: &Thing, body: &str, names: &[Name]) -> bool {
        let here = self.guards.database.to_lowercase();
        let gives = |routine: &str| {
            let named = |name: &Name| name.called && thing.means(name, &here, &routine.to_lowercase());
            names.iter().any(named) && !self.guards.reads(routine).is_empty()
        };
        let variables = self.guards.variables();
        user_variables(&body.replace('`', "")).iter().any(|name| variables.contains(name))
            || self.guards.routines.keys().any(|routine| gives(routine))
    }

    /// How a thing is called by people.
    fn called(&self, (database, name, _): &Key) -> String {
        match database.eq_ignore_ascii_case(&self.guards.database) {
            true => name.clone(),
            false => format!("{database}.{name}"),
        }
    }

    fn tell(&self, thing: &Thing, reached: &Reached, verdict: &mut Verdict) {
        let (key, name) = (thing.key(), self.called(&thing.key()));
        let through = |by: &Key| match *by == key {
            true => String::new(),
            false => format!(" through {}", self.called(by)),
        };
        let is_view = thing.kind == "VIEW";
        let rule = if is_view { Rule::ViewUnfiltered } else { Rule::FunctionDefiner };
        let mut told: Vec<&str> = Vec::new();
        for (table, asked, by) in &reached.tables {
            // A view of this database over the table is a finding of its own, whoever may use it.
            let known = is_view && *by == key && !name.contains('.');
            if *asked || known || told.contains(&table.as_str()) {
                continue;
            }
            told.push(table);
            let what = if is_view { "the view " } else { "" };
            let why = format!(
                "{what}{name} reaches it{} with the rights of who made it, without asking for the tenant",
                through(by)
            );
            verdict.findings.push(broken(table.as_str(), rule, why, self.repair(thing)));
        }
        let mut asking: Vec<&str> =
            reached.tables.iter().filter(|(_, asked, _)| *asked).map(|(table, ..)| table.as_str()).collect();
        asking.retain(|table| !told.contains(table));
        if !asking.is_empty() {
            let tables = asking.join(", ");
            verdict.notes.push(format!(
                "{name} reaches {tables} with the rights of who made it, and asks for the tenant: whether everywhere, its body tells"
            ));
        }
        if let (Some(by), true) = (reached.as_it_runs.first(), reached.tables.is_empty()) {
            let why =
                format!("{name} makes its SQL as it runs{}, with the rights of who made it", through(by));
            verdict.findings.push(broken("", rule, why, self.repair(thing)));
        }
    }

    /// Lets it work with the rights of who asks.
    fn repair(&self, thing: &Thing) -> String {
        let mut name = quote(Engine::MySql, &thing.name);
        if thing.database != self.guards.database {
            name = format!("{}.{name}", quote(Engine::MySql, &thing.database));
        }
        match (thing.kind.as_str(), &thing.body) {
            ("VIEW", Some(body)) => format!("ALTER SQL SECURITY INVOKER VIEW {name} AS {body}"),
            (kind, _) => format!("ALTER {kind} {name} SQL SECURITY INVOKER"),
        }
    }
}

fn makes_sql(names: &[Name]) -> bool {
    let is = |name: &Name, word: &str| name.path.len() == 1 && name.path[0] == word;
    names.iter().any(|name| is(name, "prepare"))
        || names.windows(2).any(|two| is(&two[0], "execute") && is(&two[1], "immediate"))
}

/// The names in SQL, in small letters; words of the language and of texts are among them.
fn names(sql: &str) -> Vec<Name> {
    let mut found: Vec<Name> = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let Some((word, mut after)) = word(rest) else {
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let mut path = vec![word];
        while let Some((next, further)) = after.strip_prefix('.').and_then(self::word) {
            path.push(next);
            after = further;
        }
        let called = after.trim_start().starts_with('(') || found.last().is_some_and(|n| n.path == ["call"]);
        found.push(Name { path, called });
        rest = after;
    }
    found
}

/// The name with which a text begins, and what follows it.
fn word(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('`') {
        let (name, after) = quoted.split_once('`')?;
        return Some((name.to_lowercase(), after));
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || ['_', '$'].contains(&c))).unwrap_or(text.len());
    (end > 0).then(|| (text[..end].to_lowercase(), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_with_what_qualifies_them() {
        let sql = "SELECT `t`.`Id` FROM `my-shop`.`orders` t WHERE f (1) AND 'orders'; CALL shop.p";
        let found = names(sql);
        let paths: Vec<String> = found.iter().map(|name| name.path.join("/")).collect();
        assert_eq!(
            paths,
            [
                "select",
                "t/id",
                "from",
                "my-shop/orders",
                "t",
                "where",
                "f",
                "1",
                "and",
                "orders",
                "call",
                "shop/p"
            ]
        );
        let called: Vec<&str> = found.iter().filter(|n| n.called).map(|n| n.path[0].as_str()).collect();
        assert_eq!(called, ["f", "shop"]);
    }
}
