//! Trying it out: rows of tenants that nobody is are made with the application's own role, and then each tenant reaches
//! for each other's. All of it happens in one transaction, which is rolled back.

use super::{
    finding::{Finding, Rule, Unproved, broken},
    rows::{self, Style, Unmakeable, Values},
    shape::Shape,
};
use crate::{
    Error, Result,
    db::{Begin, Db, Engine, Fault, Query, Session, quote},
    isolation::scope::{Identity, Names, Scope},
};

/// What a trial showed, and what it could not.
#[derive(Debug, Default)]
pub struct Trial {
    /// Broken rules.
    pub findings: Vec<Finding>,
    /// What could not be shown.
    pub unproved: Vec<Unproved>,
    /// Tables of which everything was shown, by their names for people.
    pub proved: Vec<String>,
}

/// A table with rows of each tenant.
pub(super) struct Seeded<'a> {
    shape: &'a Shape,
    pub(super) names: Names,
    label: &'a str,
    known: Vec<Values>,
    style: Style,
    /// What rows of other tables refer to.
    rows: Vec<Values>,
    /// What nothing refers to: no foreign key stands in the way of a statement that policies let through.
    free: Vec<Values>,
}

/// How a statement went that may be refused.
pub(super) enum Went {
    /// It gave or touched so many rows.
    Through(u64),
    /// The database said no.
    Refused(Error),
}

/// What is tried, on a session of the application's role.
pub struct Trier<'a, 'db> {
    /// The application's session.
    pub session: &'a mut Session<'db>,
    /// How tenants are entered.
    pub scope: &'a Scope,
    /// The tenant column.
    pub column: &'a str,
    /// Reads rows that others refer to, where the application's role may not.
    pub reader: Option<&'a Db>,
    /// The tables themselves are tried, past the views that guard them.
    pub bare: bool,
    /// What has been shown.
    pub trial: Trial,
}

/// How often another row is made up where one stands there already.
const TRIES: usize = 4;

/// A table to try: its shape, and its name for people.
pub type Subject<'a> = (&'a Shape, String);

impl Trier<'_, '_> {
    /// Tries all tables.
    ///
    /// # Errors
    /// A server that is lost. What it refuses is a result.
    pub async fn run(mut self, subjects: &[Subject<'_>]) -> Result<Trial> {
        self.session.begin(Begin::Write).await?;
        let done = self.all(subjects).await;
        let left = self.scope.leave(self.session).await;
        // Where the tenant could not be left, the open transaction closes the connection with the session.
        if left.is_ok() || self.session.db().engine() == Engine::Postgres {
            self.session.rollback().await?;
        }
        done?;
        self.after().await?;
        Ok(self.trial)
    }

    async fn all(&mut self, subjects: &[Subject<'_>]) -> Result<()> {
        let tenants = match self.tenants(subjects).await? {
            Ok(tenants) => tenants,
            Err(Unmakeable(why)) => {
                self.unproved("", "the isolation of rows", &why);
                return Ok(());
            }
        };
        let mut seeded: Vec<Seeded<'_>> = Vec::new();
        for (shape, label) in subjects {
            match self.seed(shape, label, subjects, &seeded, &tenants).await? {
                Ok(table) => seeded.push(table),
                Err(Unmakeable(why)) => self.unproved(label, "the isolation of rows", &why),
            }
        }
        for table in &seeded {
            if self.bare {
                self.past_the_view(table, &tenants).await?;
                continue;
            }
            let before = self.trial.findings.len() + self.trial.unproved.len();
            // A connection to SQLite that entered no tenant has no guards: there is nothing to try.
            if self.session.db().engine() != Engine::Sqlite {
                self.scope.leave(self.session).await?;
                self.without(table, &tenants).await?;
            }
            // Both ways: an order of tenants, as in `>=`, shows in one direction alone.
            for (mine, other) in pairs(tenants.len()) {
                self.scope.enter(self.session, &Identity::tenant(&tenants[mine])).await?;
                self.inside(table, &tenants, mine, other).await?;
            }
            self.malformed(table).await?;
            if before == self.trial.findings.len() + self.trial.unproved.len() {
                self.trial.proved.push(table.label.to_owned());
            }
        }
        Ok(())
    }

    /// Tenants: made up, or two that exist where the tenant column refers to their table.
    async fn tenants(&mut self, subjects: &[Subject<'_>]) -> Result<Result<Vec<String>, Unmakeable>> {
        let column = self.column;
        let registered = subjects.iter().flat_map(|(shape, _)| &shape.references).find(|reference| {
            reference.columns == [column] && !subjects.iter().any(|(shape, _)| shape.is(reference))
        });
        if let Some(reference) = registered {
            let values = match self.values_of(reference, 2).await? {
                Ok(values) => values,
                Err(why) => return Ok(Err(why)),
            };
            let mut found = values.into_iter().filter_map(|mut row| row.pop());
            return Ok(match (found.next(), found.next()) {
                (Some(one), Some(other)) => Ok(vec![one, other]),
                _ => Err(Unmakeable(format!(
                    "`{}`, which it refers to, does not show two tenants",
                    reference.name
                ))),
            });
        }
        let made = subjects.first().and_then(|(shape, _)| shape.column(column));
        Ok(match made {
            Some(column) => Ok(rows::tenants(column)),
            None => Err(Unmakeable("there is no table to try it on".into())),
        })
    }

    /// Two rows for each tenant, made inside of it, in the first manner that the table takes.
    async fn seed<'s>(
        &mut self,
        shape: &'s Shape,
        label: &'s str,
        subjects: &[Subject<'_>],
        seeded: &[Seeded<'_>],
        tenants: &[String],
    ) -> Result<Result<Seeded<'s>, Unmakeable>> {
        let mut names = self.scope.names(&shape.name)?.clone();
        if self.bare {
            (names.read, names.write) = (names.table.clone(), names.table.clone());
        }
        let mut known = Vec::with_capacity(tenants.len());
        for (nth, tenant) in tenants.iter().enumerate() {
            match self.settled(shape, subjects, seeded, tenant, nth).await? {
                Ok(values) => known.push(values),
                Err(why) => return Ok(Err(why)),
            }
        }
        let wanted = wanted(shape, subjects);
        let mut told = None;
        for style in Style::ALL {
            let mut table = Seeded {
                shape,
                names: names.clone(),
                label,
                known: known.clone(),
                style,
                rows: vec![],
                free: vec![],
            };
            match self.fill(&mut table, tenants, &wanted).await? {
                Ok(()) => return Ok(Ok(table)),
                Err(why) => told = told.or(Some(why)),
            }
        }
        Ok(Err(told.unwrap_or(Unmakeable("it takes no rows".into()))))
    }

    async fn fill(
        &mut self,
        table: &mut Seeded<'_>,
        tenants: &[String],
        wanted: &[String],
    ) -> Result<Result<(), Unmakeable>> {
        for (nth, tenant) in tenants.iter().enumerate() {
            self.scope.enter(self.session, &Identity::tenant(tenant)).await?;
            for rows in [&mut table.rows, &mut table.free] {
                let mut tries = 0;
                let row = loop {
                    let row = match rows::make_up(table.shape, &table.known[nth], wanted, table.style) {
                        Ok(values) => values,
                        Err(why) => return Ok(Err(why)),
                    };
                    tries += 1;
                    match self.add(table.shape, &table.names, &row).await? {
                        None => break row,
                        Some(error) if error.fault() == Some(Fault::Duplicate) && tries < TRIES => {}
                        Some(error) => return Ok(Err(not_added(&error))),
                    }
                };
                rows.push(row);
            }
        }
        Ok(Ok(()))
    }

    /// Adds a row that stays until the end; gives why it could not.
    async fn add(&mut self, shape: &Shape, names: &Names, values: &Values) -> Result<Option<Error>> {
        let insert = rows::insert(self.session.db().engine(), &names.write, shape, values);
        self.session.script("SAVEPOINT opsctl_trial").await?;
        match self.session.execute(insert).await {
            Ok(_) => Ok(None),
            Err(error) if error.fault() == Some(Fault::Lost) => Err(error),
            Err(error) => self.undo().await.map(|()| Some(error)),
        }
    }

    /// The values of a row that are not free: its tenant, and what it refers to.
    async fn settled(
        &mut self,
        shape: &Shape,
        subjects: &[Subject<'_>],
        seeded: &[Seeded<'_>],
        tenant: &str,
        nth: usize,
    ) -> Result<Result<Values, Unmakeable>> {
        let mut values = Values::from([(self.column.to_owned(), tenant.to_owned())]);
        for reference in &shape.references {
            let own: Vec<&String> =
                reference.columns.iter().filter(|column| *column != self.column).collect();
            let needed = own.iter().any(|column| shape.column(column).is_some_and(|column| column.required));
            if !needed {
                continue;
            }
            let row: Option<Vec<String>> = match subjects.iter().any(|(other, _)| other.is(reference)) {
                true => seeded.iter().find(|table| table.shape.is(reference)).and_then(|table| {
                    reference.to.iter().map(|column| table.rows[nth].get(column).cloned()).collect()
                }),
                false => match self.values_of(reference, 1).await? {
                    Ok(mut values) => values.pop(),
                    Err(why) => return Ok(Err(why)),
                },
            };
            let Some(row) = row else {
                return Ok(Err(Unmakeable(format!(
                    "it refers to `{}`, which has no row to refer to",
                    reference.name
                ))));
            };
            values.extend(reference.columns.iter().cloned().zip(row));
        }
        Ok(Ok(values))
    }

    /// No tenant: nothing is seen, nothing is taken.
    async fn without(&mut self, table: &Seeded<'_>, tenants: &[String]) -> Result<()> {
        if let Went::Through(1..) = self.look(&table.names.read, "", &[]).await? {
            self.found(table, Rule::SeesWithoutTenant, "a row is there for who entered no tenant");
        }
        let rule = Rule::WritesWithoutTenant;
        self.refuses_insert(table, 0, rule, &format!("a row of {} was taken", tenants[0])).await
    }

    /// Inside one tenant: another one's row is out of reach.
    async fn inside(
        &mut self,
        table: &Seeded<'_>,
        tenants: &[String],
        me: usize,
        other: usize,
    ) -> Result<()> {
        let engine = self.session.db().engine();
        let column = quote(engine, self.column);
        let (mine, others) = (self.which(table, me), self.which(table, other));
        if !matches!(self.look(&table.names.read, &mine.0, &mine.1).await?, Went::Through(1..)) {
            self.unproved(
                table.label,
                "the isolation of rows",
                "the tenant's own row is not seen, so that nothing follows",
            );
            return Ok(());
        }
        let cast = table.shape.column(self.column).map_or("", |column| column.cast.as_str());
        let hole = if cast.is_empty() { "?".to_owned() } else { format!("?::text::{cast}") };
        let look =
            self.look(&table.names.read, &format!("{column} <> {hole}"), &[tenants[me].clone()]).await?;
        if let Went::Through(1..) = look {
            self.found(table, Rule::SeesOthers, "a row of another tenant is seen");
        }
        let write = &table.names.write;
        for (rule, sql, values) in [
            (
                Rule::UpdatesOthers,
                format!("UPDATE {write} SET {column} = {column} WHERE {}", others.0),
                others.1.clone(),
            ),
            (Rule::DeletesOthers, format!("DELETE FROM {write} WHERE {}", others.0), others.1.clone()),
            (
                Rule::MovesToOthers,
                format!("UPDATE {write} SET {column} = {hole} WHERE {}", mine.0),
                [&[tenants[other].clone()], &mine.1[..]].concat(),
            ),
        ] {
            if let Went::Through(1..) = self.change(&sql, &values).await? {
                self.found(table, rule, rule.means());
            }
        }
        self.refuses_insert(table, other, Rule::InsertsForOthers, "a row of another tenant was taken").await
    }

    /// What is no tenant is an error or nobody.
    async fn malformed(&mut self, table: &Seeded<'_>) -> Result<()> {
        self.scope.enter(self.session, &Identity::tenant("no tenant")).await?;
        if let Went::Through(1..) = self.look(&table.names.read, "", &[]).await? {
            self.found(table, Rule::MalformedTenant, "a row is there for `no tenant`");
        }
        Ok(())
    }

    pub(super) async fn refuses_insert(
        &mut self,
        table: &Seeded<'_>,
        nth: usize,
        rule: Rule,
        why: &str,
    ) -> Result<()> {
        for _ in 0..TRIES {
            let Ok(values) = rows::make_up(table.shape, &table.known[nth], &[], table.style) else {
                return Ok(());
            };
            let insert = rows::insert(self.session.db().engine(), &table.names.write, table.shape, &values);
            match self.went(insert).await? {
                Went::Through(_) => {
                    self.found(table, rule, why);
                    return Ok(());
                }
                Went::Refused(error) if error.fault() == Some(Fault::Duplicate) => {}
                Went::Refused(_) => return Ok(()),
            }
        }
        self.unproved(table.label, rule.id(), "the row that was tried stands there already");
        Ok(())
    }

    /// A condition that finds the row of a tenant, by the values that have a simple equality.
    pub(super) fn which(&self, table: &Seeded<'_>, nth: usize) -> (String, Vec<String>) {
        let engine = self.session.db().engine();
        let simple =
            ["uuid", "text", "varchar", "bpchar", "char", "int4", "int8", "int", "bigint", "integer"];
        let mut parts = Vec::new();
        let mut values = Vec::new();
        for (name, value) in &table.free[nth] {
            let Some(column) = table.shape.column(name) else { continue };
            if *name == self.column || simple.contains(&column.kind.as_str()) {
                let cast =
                    if column.cast.is_empty() { String::new() } else { format!("::text::{}", column.cast) };
                parts.push(format!("{} = ?{cast}", quote(engine, name)));
                values.push(value.clone());
            }
        }
        (parts.join(" AND "), values)
    }

    async fn look(&mut self, name: &str, condition: &str, values: &[String]) -> Result<Went> {
        let condition = if condition.is_empty() { String::new() } else { format!(" WHERE {condition}") };
        let sql = format!("SELECT 1 AS one FROM {name}{condition} LIMIT 1");
        let query = values.iter().fold(Query::new(sql), |query, value| query.bind(value.as_str()));
        self.session.script("SAVEPOINT opsctl_trial").await?;
        let went = self.session.fetch(query).await.map(|rows| rows.len() as u64);
        self.settle(went).await
    }

    pub(super) async fn change(&mut self, sql: &str, values: &[String]) -> Result<Went> {
        self.went(values.iter().fold(Query::new(sql), |query, value| query.bind(value.as_str()))).await
    }

    /// Runs a statement and takes it back.
    async fn went(&mut self, query: Query) -> Result<Went> {
        self.session.script("SAVEPOINT opsctl_trial").await?;
        let went = self.session.execute(query).await;
        self.settle(went).await
    }

    async fn settle(&mut self, went: Result<u64>) -> Result<Went> {
        match went {
            Err(error) if error.fault() == Some(Fault::Lost) => Err(error),
            went => {
                self.undo().await?;
                Ok(went.map_or_else(Went::Refused, Went::Through))
            }
        }
    }

    pub(super) async fn undo(&mut self) -> Result<()> {
        self.session.script("ROLLBACK TO SAVEPOINT opsctl_trial").await
    }

    /// The transaction is over: nobody is entered any more.
    async fn after(&mut self) -> Result<()> {
        let variable = self.scope.variable();
        let query = match self.session.db().engine() {
            Engine::Postgres => Query::new("SELECT current_setting(?, true) AS v").bind(variable.as_str()),
            Engine::MySql => Query::new(format!("SELECT {variable} AS v")),
            Engine::Sqlite => return Ok(()),
        };
        let row = self.session.first(query).await?;
        if row.map(|row| row.text("v")).transpose()?.is_some_and(|value| !value.is_empty()) {
            let why = format!("`{variable}` still says a tenant after the transaction");
            self.trial.findings.push(broken("", Rule::VariableStays, why, ""));
        }
        Ok(())
    }

    pub(super) fn found(&mut self, table: &Seeded<'_>, rule: Rule, why: &str) {
        if self.trial.findings.iter().any(|known| known.table == table.label && known.rule == rule) {
            return;
        }
        // What repairs it is known from the rules, once all are read.
        self.trial.findings.push(broken(table.label, rule, format!("tried out: {why}"), ""));
    }

    fn unproved(&mut self, table: &str, what: &str, why: &str) {
        let unproved = Unproved { table: table.into(), what: what.into(), why: why.into() };
        if !self.trial.unproved.contains(&unproved) {
            self.trial.unproved.push(unproved);
        }
    }
}

fn not_added(error: &Error) -> Unmakeable {
    Unmakeable(format!("the application's role could not add a row to try with: {}", error.root()))
}

/// Each of some tenants with each other one.
pub(super) fn pairs(tenants: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..tenants).flat_map(move |mine| (0..tenants).map(move |other| (mine, other))).filter(|(a, b)| a != b)
}

/// Columns that rows of other tables must refer to.
fn wanted(shape: &Shape, subjects: &[Subject<'_>]) -> Vec<String> {
    let references = subjects.iter().flat_map(|(other, _)| &other.references);
    references.filter(|reference| shape.is(reference)).flat_map(|reference| reference.to.clone()).collect()
}
