//! What of a database the role sees: one that is empty, and one that shows the role nothing, would else pass for well.

use super::{
    ask::{Asked, Item},
    facts::Server,
    report::Finding,
};
use crate::{
    config::clusters::Role,
    db::{Engine, Row},
    fleet::{CENTRAL, Cluster},
};

/// How many tables there are, as far as the role can tell.
pub(super) struct Seen {
    user: String,
    /// It is the one that migrates.
    migrates: bool,
    /// On MySQL only those on which the role has a right.
    tables: usize,
    /// Those with a column that says whose a row is.
    tenant: usize,
    /// Those of them that the role may read.
    readable: usize,
    /// Whether the role may make tables; none where that cannot be seen.
    creates: Option<bool>,
}

impl Seen {
    /// From what was answered; none where an answer is missing.
    pub(super) fn read(cluster: &Cluster, server: &Server, asked: &Asked) -> Option<Self> {
        let facts = asked.rows(Item::Facts).first()?;
        let number = |column: &str| facts.int(column).ok().and_then(|count| usize::try_from(count).ok());
        let (tables, tenant, readable) = match asked.engine() {
            Engine::MySql if !asked.knows(Item::Tables) => return None,
            Engine::MySql => {
                let of = |kind: &str| {
                    let is = |row: &&Row| row.text("kind").is_ok_and(|text| text == kind);
                    asked.rows(Item::Tables).iter().filter(is).count()
                };
                // The application works through guarded views, which do not show whose a row is.
                let tenant = of("column") + of("view");
                (of("table") + tenant, tenant, tenant)
            }
            Engine::Postgres | Engine::Sqlite => {
                (number("all_tables")?, number("tenant_tables")?, number("tenant_readable")?)
            }
        };
        let login = &server.login;
        Some(Self {
            user: login.user.clone(),
            migrates: login.role == Role::Owner || !cluster.has(Role::Owner),
            tables,
            tenant,
            readable,
            creates: number("creates").map(|creates| creates != 0),
        })
    }

    /// What is wrong with a database that shows no table, or lacks migrations that the role cannot apply.
    pub(super) fn judge(&self, cluster: &Cluster, pending: Option<u32>) -> Option<Finding> {
        let name = &cluster.name;
        let mut finding = match (self.tables, pending) {
            (0, _) => {
                let mut finding = Finding::degraded(
                    match cluster.engine {
                        Some(Engine::MySql) => {
                            format!("the database is empty, or shows `{}` no table", self.user)
                        }
                        _ => "the database is empty".into(),
                    },
                    format!("make it opsctl's own: `opsctl clusters migrate {name} --own`"),
                );
                finding.hints.push(format!("for your own SQL: `opsctl clusters migrate {name} --path DIR`"));
                finding
            }
            (_, Some(1..)) => Finding::degraded(
                "what is pending cannot be applied",
                format!("give the cluster an owner: {}", cluster.give_owner()),
            ),
            _ => return None,
        };
        let may_not = self.migrates && self.creates == Some(false);
        if may_not {
            finding.causes.push(format!("`{}`, which migrates, may not make tables there", self.user));
        }
        (may_not || self.tables == 0).then_some(finding)
    }

    /// What is wrong with a cluster that shows no tenant table, and what is worth knowing. One whose migrations are
    /// pending has none yet, and the central database as the only cluster needs none.
    pub(super) fn tenants(&self, cluster: &Cluster, pending: Option<u32>) -> (Vec<Finding>, Vec<String>) {
        let name = &cluster.name;
        if self.tables == 0 || pending.is_some_and(|pending| pending > 0) {
            return (Vec::new(), Vec::new());
        }
        match (self.tenant, self.readable) {
            (0, _) if name == CENTRAL => (Vec::new(), vec!["there are no tenant tables".into()]),
            (0, _) => {
                let mut finding = Finding::degraded(
                    "there are no tenant tables",
                    format!("apply the SQL that makes them: `opsctl clusters migrate {name} --path DIR`"),
                );
                finding.causes.push(format!("`{}` sees none with a column `tenant_id`", self.user));
                (vec![finding], Vec::new())
            }
            (count, 0) => {
                let are = if count == 1 { "the only tenant table" } else { "any of the tenant tables" };
                let finding = Finding::degraded(
                    format!("`{}` may not read {are}", self.user),
                    format!("see which rights it has: `opsctl rls verify --cluster {name}`"),
                );
                (vec![finding], Vec::new())
            }
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// Whether the tables that tell whose database it is may be hidden from the role.
    pub(super) fn is_blind(&self) -> bool {
        self.tables == 0 || (self.tenant > 0 && self.readable == 0)
    }
}
