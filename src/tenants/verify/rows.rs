//! The tenant's rows in its cluster, compared with what provisioning would write, in one transaction that writes nothing.

use super::{Answer, Check, Look};
use crate::{
    Result,
    db::{Begin, Db, Engine, Query, Session},
    isolation::{self, COLUMN, Isolation},
    tenants::provision::{
        Step, Tally,
        owner::{self, Membership},
        place::{Known, Place},
        roles, taxonomies,
        taxonomies::some,
    },
};

impl Look<'_> {
    pub(super) async fn rows(&self, db: &Db, known: &Known) -> Result<Vec<Check>> {
        let place = Place { db, known, tenant: self.tenant };
        let mut session = place.begin(Begin::Read).await?;
        let checks = vec![
            self.roles(&place, &mut session).await?,
            self.taxonomies(&place, &mut session).await?,
            self.owner(&place, &mut session).await?,
            self.isolation(&place, &mut session).await?,
        ];
        place.rollback(session).await?;
        Ok(checks)
    }

    async fn roles(&self, place: &Place<'_>, session: &mut Session<'_>) -> Result<Check> {
        let plan = roles::look(place, session, &self.expected.roles).await?;
        let missing: Vec<String> = plan.create.iter().map(|role| role.code.clone()).collect();
        let differing: Vec<String> = plan.update.iter().map(|(role, _)| role.code.clone()).collect();
        Ok(self.compared(
            Step::Roles,
            "roles",
            plan.tally(),
            &[("missing", &missing), ("differing", &differing)],
        ))
    }

    async fn taxonomies(&self, place: &Place<'_>, session: &mut Session<'_>) -> Result<Check> {
        if self.expected.masters.rows.is_empty() {
            return Ok(Check::new(
                "taxonomies",
                Answer::Warn,
                "the master has no taxonomies to compare with",
            ));
        }
        let plan = taxonomies::look(place, session, &self.expected.masters).await?;
        let name = |row: &crate::tenants::provision::Taxonomy| format!("{}/{}", row.kind, row.code);
        let missing: Vec<String> = plan.create.iter().map(name).collect();
        let differing =
            plan.update.iter().map(name).filter(|name| !plan.removed.contains(name)).collect::<Vec<_>>();
        let open =
            [("missing", &missing), ("differing", &differing), ("no longer in the master", &plan.removed)];
        Ok(self.compared(Step::Taxonomies, "taxonomies", plan.tally(), &open))
    }

    fn compared(&self, step: Step, what: &'static str, tally: Tally, open: &[(&str, &Vec<String>)]) -> Check {
        let told: Vec<String> = open
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(word, names)| format!("{} {word}: {}", names.len(), some(names)))
            .collect();
        let sum = tally.sum();
        if told.is_empty() {
            let edited = match tally.skipped {
                0 => String::new(),
                1 => ", 1 is the tenant's own or edited by it".to_owned(),
                count => format!(", {count} are the tenant's own or edited by it"),
            };
            let message = format!("{} of {sum} {what} are as the master has them{edited}", tally.unchanged);
            return Check::new(step.name(), Answer::Pass, message);
        }
        Check::new(step.name(), Answer::Fail, format!("of {sum} {what} {}", told.join("; ")))
            .next(self.again_with(step))
    }

    async fn owner(&self, place: &Place<'_>, session: &mut Session<'_>) -> Result<Check> {
        let Some(user) = &self.tenant.owner_user_id else {
            return Ok(Check::new("owner", Answer::Pass, owner::NOBODY));
        };
        if let Err(error) = owner::fits(place, user) {
            let next = self.correction();
            return Ok(Check { next, ..Check::new("owner", Answer::Fail, error.to_string()) });
        }
        Ok(match owner::look(place, session, user).await? {
            Membership::Sound => Check::new("owner", Answer::Pass, format!("user {user} is an active owner")),
            Membership::Missing => Check::new("owner", Answer::Fail, format!("user {user} is no member"))
                .next(self.again_with(Step::Owner)),
            Membership::Other { role, status } => {
                Check::new("owner", Answer::Warn, format!("user {user} is a member as `{role}`, {status}"))
            }
        })
    }

    /// Whether the tenant's tables are kept apart, by the catalogue and by what this tenant is shown.
    async fn isolation(&self, place: &Place<'_>, session: &mut Session<'_>) -> Result<Check> {
        let engine = place.db.engine();
        let next = format!("opsctl rls verify --cluster {}", self.tenant.cluster);
        let unprotected = isolation::unprotected(session, COLUMN).await?;
        if !unprotected.is_empty() {
            let tables: Vec<String> =
                unprotected.iter().map(|table| format!("`{}`: {}", table.table, table.why)).collect();
            let told = tables.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
            let message = match tables.len() {
                1 => format!("1 tenant table is not protected: {told}"),
                count => format!("{count} tenant tables are not protected: {told}"),
            };
            return Ok(Check::new("isolation", Answer::Fail, message).next(next));
        }
        if engine == Engine::Sqlite {
            return Ok(Check::new(
                "isolation",
                Answer::Pass,
                format!("{}: {}", Isolation::of(engine), Isolation::meaning(engine)),
            ));
        }
        let foreign = self.foreign(place, session).await?;
        if foreign > 0 {
            let rows = if foreign == 1 { "row of another tenant is" } else { "rows of other tenants are" };
            let message = format!("inside the tenant {foreign} {rows} shown");
            return Ok(Check::new("isolation", Answer::Fail, message).next(next));
        }
        let message = format!("{}: inside the tenant no row of another one is shown", Isolation::of(engine));
        Ok(Check::new("isolation", Answer::Pass, message))
    }

    async fn foreign(&self, place: &Place<'_>, session: &mut Session<'_>) -> Result<i64> {
        let mut shown = 0;
        for name in [taxonomies::TABLE, owner::TABLE] {
            let table = place.table(name)?;
            let (own, tenant) = place.own(table);
            let sql = format!("SELECT count(*) AS n FROM {} WHERE NOT ({own})", table.name);
            let row = session.first(Query::new(sql).bind(tenant)).await?;
            shown += row.map_or(Ok(0), |row| row.int("n"))?;
        }
        Ok(shown)
    }
}
