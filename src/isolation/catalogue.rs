//! What PostgreSQL's catalogue says about who may see and write which rows: read in one round trip.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::expression::{self, Sources};
use crate::{
    Error, Result,
    db::{Begin, Query, Session},
};

/// Everything that decides which rows the connected role may see and write.
#[derive(Debug, Clone, Deserialize)]
pub struct Catalogue {
    /// The database's name.
    pub database: String,
    /// The server's version as a number: 150004 is 15.4.
    pub version: u32,
    /// A role that may own what the application must not.
    pub migrator: Option<String>,
    /// The connected role.
    pub role: Role,
    /// The tables with the tenant column.
    pub tables: Vec<Table>,
    /// Their policies.
    pub policies: Vec<Policy>,
    /// Functions that the policies call, and those that these call in turn.
    pub functions: Vec<Function>,
    /// SECURITY DEFINER functions that the role may call and that reach a tenant table, by themselves or by what they
    /// call, as somebody whom its policies do not bind.
    pub definers: Vec<Definer>,
    /// Schemas of tenant tables and of their policies' functions that the role owns, or may act as the owner of.
    pub schemas: Vec<Owned>,
    /// Functions whose body may set a variable.
    pub setters: Vec<Setter>,
    /// Views and rules from which a tenant table is reached.
    pub relations: Vec<Relation>,
    /// Unique keys of tenant tables without the tenant column.
    pub keys: Vec<Key>,
    /// Foreign keys between tenant tables that do not carry the tenant column.
    pub references: Vec<Reference>,
    /// Settings that every connection of the role to this database begins with.
    pub settings: Vec<Setting>,
    /// Tables that look like a tenant's and have no tenant column.
    pub lookalikes: Vec<Lookalike>,
}

/// The connected role.
#[derive(Debug, Clone, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub struct Role {
    /// Its name.
    pub name: String,
    /// No policy binds it.
    pub superuser: bool,
    /// No policy binds it.
    pub bypasses: bool,
    /// It may make itself a member of other roles.
    pub creates_roles: bool,
    /// It may read the stream of all changes.
    pub replicates: bool,
    /// Roles it may act as, which policies do not bind, which own tenant tables, or which reach the server's files.
    pub member_of: Vec<Member>,
}

/// A role that the connected one may act as.
#[derive(Debug, Clone, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// No policy binds it.
    pub superuser: bool,
    /// No policy binds it.
    pub bypasses: bool,
    /// PostgreSQL brings it along.
    pub built_in: bool,
    /// The memberships by which it may, each granted to the connected role itself.
    pub through: Vec<String>,
}

/// A tenant table.
#[derive(Debug, Clone, Deserialize)]
pub struct Table {
    /// What the other parts refer to.
    pub oid: i64,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `r`, `p` for a partitioned one, `f` for a foreign one.
    pub kind: String,
    /// Row-level security is enabled.
    pub enabled: bool,
    /// It binds the owner, too.
    pub forced: bool,
    /// Its owner.
    pub owner: String,
    /// The connected role owns it.
    pub is_owner: bool,
    /// It is a partition, or inherits.
    pub is_child: bool,
    /// It is found by its name alone.
    pub visible: bool,
    /// Its tenant column is never NULL.
    pub not_null: bool,
    /// The type of its tenant column.
    pub tenant_type: String,
    /// Who was given the rights that the connected role has, as REVOKE names them.
    pub holders: Vec<String>,
    /// What the connected role may do to it.
    pub grants: Vec<String>,
}

/// A policy.
#[derive(Debug, Clone, Deserialize)]
pub struct Policy {
    /// Its table.
    pub table: i64,
    /// Its name.
    pub name: String,
    /// It adds rows; a restrictive one takes away.
    pub permissive: bool,
    /// `r`, `a`, `w`, `d`, or `*` for all.
    pub command: String,
    /// It is for the connected role.
    pub applies: bool,
    /// Whom it is for, as CREATE POLICY names them.
    pub roles: Vec<String>,
    /// Its condition for rows that are there.
    pub using: Option<String>,
    /// Its condition for rows that are written.
    pub check: Option<String>,
}

/// A function that decides about rows.
#[derive(Debug, Clone, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub struct Function {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its name with the types of its arguments.
    pub signature: String,
    /// Its body.
    pub source: String,
    /// The type of its answer.
    pub returns: String,
    /// It may answer differently within one statement.
    pub volatile: bool,
    /// It runs with its owner's rights.
    pub definer: bool,
    /// The connected role may replace it.
    pub is_owner: bool,
    /// It sets its own search path.
    pub search_path: bool,
    /// The connected role may make functions in its schema.
    pub may_create: bool,
}

/// A function that reaches a tenant table past its policies.
#[derive(Debug, Clone, Deserialize)]
pub struct Definer {
    /// Its name with the types of its arguments.
    pub signature: String,
    /// As whom the table is reached.
    pub owner: String,
    /// The table.
    pub table: i64,
    /// A body names the table; else one makes its SQL as it runs.
    pub named: bool,
    /// The view or function that does so in its place.
    pub through: Option<String>,
}

/// A schema of the connected role's.
#[derive(Debug, Clone, Deserialize)]
pub struct Owned {
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// It belongs to whoever owns the database.
    pub by_database: bool,
}

/// A function whose body may set a variable, and that the role may call or that a trigger runs.
#[derive(Debug, Clone, Deserialize)]
pub struct Setter {
    /// Its name with the types of its arguments.
    pub signature: String,
    /// Its body.
    pub source: String,
    /// The statement that makes it.
    pub definition: String,
}

/// A table that looks like a tenant's.
#[derive(Debug, Clone, Deserialize)]
pub struct Lookalike {
    /// Its schema and name.
    pub name: String,
    /// The column that makes it so; none where it refers to a tenant table.
    pub column: Option<String>,
}

/// A view, a materialized view, or a table with a rule.
#[derive(Debug, Clone, Deserialize)]
pub struct Relation {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `v`, `m`, `r` or `p`.
    pub kind: String,
    /// With whose rights the table is reached.
    pub owner: String,
    /// The policies of the table do not bind that role.
    pub free: bool,
    /// The view or rule that lends these rights, itself or one below; none where all work with those of who asks.
    pub via: Option<String>,
    /// The connected role may use it.
    pub granted: bool,
    /// Who was given the rights by which it may, as REVOKE names them.
    pub holders: Vec<String>,
    /// Its rules that reach the table.
    pub rules: Vec<String>,
    /// The tenant table that is reached.
    pub table: i64,
}

/// A unique key.
#[derive(Debug, Clone, Deserialize)]
pub struct Key {
    /// Its table.
    pub table: i64,
    /// Its name.
    pub name: String,
    /// Its index, as it is typed.
    pub index: String,
    /// The statement that makes the index.
    pub definition: String,
    /// As SQL, where a constraint made it.
    pub constraint: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
    /// Nobody chooses its values: an id, a uuid, a sequence.
    pub surrogate: bool,
}

/// A foreign key.
#[derive(Debug, Clone, Deserialize)]
pub struct Reference {
    /// Its table.
    pub table: i64,
    /// Its name.
    pub name: String,
    /// The table that it refers to.
    pub to: i64,
    /// As SQL.
    pub definition: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The columns there.
    pub to_columns: Vec<String>,
    /// These and the tenant column there are a unique key.
    pub keyed: bool,
}

/// A setting of a role or a database.
#[derive(Debug, Clone, Deserialize)]
pub struct Setting {
    /// It is set for the role.
    pub for_role: bool,
    /// It is set for the database.
    pub for_database: bool,
    /// `name=value`.
    pub line: String,
}

impl Catalogue {
    /// Reads it.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(session: &mut Session<'_>, column: &str) -> Result<Self> {
        let alone = !session.is_open();
        if alone {
            session.begin(Begin::Read).await?;
        }
        // Compiling a statement of this size takes seconds, and running it milliseconds.
        let plain = "SELECT set_config('jit', 'off', true) WHERE current_setting('jit', true) = 'on'";
        session.first(Query::new(plain)).await?;
        let row = session.first(Query::new(include_str!("catalogue.sql")).bind(column)).await?;
        if alone {
            session.rollback().await?;
        }
        let document = row.map(|row| row.text("document")).transpose()?.unwrap_or_default();
        serde_json::from_str(&document)
            .map_err(|error| Error::failed("the catalogue's answer cannot be understood").because(error))
    }

    /// The tenant table of an oid.
    pub fn table(&self, oid: i64) -> Option<&Table> {
        self.tables.iter().find(|table| table.oid == oid)
    }

    /// The tenant table of a name.
    pub fn named(&self, schema: &str, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.schema == schema && table.name == name)
    }

    /// The variables that each function reads, also through others.
    pub fn reads(&self) -> BTreeMap<&str, Vec<String>> {
        let own = self.functions.iter().map(|f| (f.name.as_str(), expression::direct_variables(&f.source)));
        let mut reads: BTreeMap<&str, Vec<String>> = own.collect();
        // As deep as the functions were collected.
        for _ in 0..3 {
            for function in &self.functions {
                let called = expression::calls(&function.source);
                let more: Vec<String> =
                    called.iter().filter_map(|name| reads.get(name.as_str())).flatten().cloned().collect();
                let known = reads.entry(&function.name).or_default();
                known.extend(more);
                known.sort();
                known.dedup();
            }
        }
        reads
    }

    /// Does something with what gives the session's values here.
    pub fn with_sources<T>(&self, column: &str, work: impl FnOnce(&Sources<'_>) -> T) -> T {
        let reads = self.reads();
        let yielding: Vec<&str> = self
            .functions
            .iter()
            .filter(|function| expression::falls_back(&function.source))
            .map(|function| function.name.as_str())
            .collect();
        work(&Sources {
            column,
            reads: &|name| reads.get(name).cloned().unwrap_or_default(),
            falls_back: &|name| yielding.contains(&name),
        })
    }

    /// The session variables that policies compare the tenant column with.
    pub fn tenant_variables(&self, column: &str) -> Vec<String> {
        let mut found: Vec<String> =
            self.policies.iter().flat_map(|policy| self.variables_of(policy, column)).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Likewise, of one policy.
    pub fn variables_of(&self, policy: &Policy, column: &str) -> Vec<String> {
        self.with_sources(column, |sources| {
            let conditions = [&policy.using, &policy.check].into_iter().flatten();
            let mut found: Vec<String> =
                conditions.flat_map(|condition| expression::tenant_variables(condition, sources)).collect();
            found.sort();
            found.dedup();
            found
        })
    }

    /// The other session variables that policies read: those of users.
    pub fn other_variables(&self, column: &str) -> Vec<String> {
        let tenants = self.tenant_variables(column);
        let conditions = self.policies.iter().flat_map(|policy| [&policy.using, &policy.check]).flatten();
        let reads = self.reads();
        let mut found: Vec<String> = conditions
            .flat_map(|condition| {
                let called = expression::calls(condition);
                let through = called.iter().filter_map(|name| reads.get(name.as_str())).flatten().cloned();
                expression::direct_variables(condition).into_iter().chain(through).collect::<Vec<_>>()
            })
            .filter(|name| !tenants.contains(name))
            .collect();
        found.sort();
        found.dedup();
        found
    }
}
