//! The tables themselves, past their views: triggers refuse what is not the present tenant's, whoever writes.

use super::{
    finding::Rule,
    trial::{Seeded, Trier, Went, pairs},
};
use crate::{Result, db::quote, isolation::scope::Identity};

impl Trier<'_, '_> {
    /// Without a tenant nothing is written, and inside of one nothing of another's. A guard that asks for the old row
    /// alone lets rows be given away, one that asks for the new row alone lets them be taken.
    pub(super) async fn past_the_view(&mut self, table: &Seeded<'_>, tenants: &[String]) -> Result<()> {
        let name = &table.names.table;
        let column = quote(self.session.db().engine(), self.column);
        let (update, delete) =
            (format!("UPDATE {name} SET {column} = "), format!("DELETE FROM {name} WHERE "));
        self.scope.leave(self.session).await?;
        let one = self.which(table, 0);
        for (sql, what) in [
            (format!("{update}{column} WHERE {}", one.0), "a row is updated"),
            (format!("{delete}{}", one.0), "a row is deleted"),
        ] {
            self.writes(table, &sql, &one.1, Rule::WritesWithoutTenant, &format!("without a tenant {what}"))
                .await?;
        }
        let taken = "the table itself takes a row without a tenant";
        self.refuses_insert(table, 0, Rule::WritesWithoutTenant, taken).await?;
        for (me, other) in pairs(tenants.len()) {
            self.scope.enter(self.session, &Identity::tenant(&tenants[me])).await?;
            let (mine, others) = (self.which(table, me), self.which(table, other));
            let with = |tenant: &String, values: &[String]| [std::slice::from_ref(tenant), values].concat();
            for (rule, sql, values) in [
                (Rule::UpdatesOthers, format!("{update}? WHERE {}", others.0), with(&tenants[me], &others.1)),
                (Rule::MovesToOthers, format!("{update}? WHERE {}", mine.0), with(&tenants[other], &mine.1)),
                (Rule::DeletesOthers, format!("{delete}{}", others.0), others.1.clone()),
            ] {
                self.writes(table, &sql, &values, rule, rule.means()).await?;
            }
            let taken = "the table itself takes a row of another tenant";
            self.refuses_insert(table, other, Rule::InsertsForOthers, taken).await?;
        }
        Ok(())
    }

    async fn writes(
        &mut self,
        table: &Seeded<'_>,
        sql: &str,
        values: &[String],
        rule: Rule,
        why: &str,
    ) -> Result<()> {
        if let Went::Through(1..) = self.change(sql, values).await? {
            self.found(table, rule, &format!("in the table itself {why}"));
        }
        Ok(())
    }
}
