//! PostgreSQL's rules: found by squawk, told in opsctl's words.

use squawk_linter::{Linter, Rule};
use squawk_syntax::SourceFile;

use super::{Finding, own::Told, words};
use crate::schema::Migration;

/// Rules about what holds others up, loses data, or breaks a running application; not those about taste.
const RULES: [(Rule, &str, &str); 17] = [
    (
        Rule::RequireConcurrentIndexCreation,
        "nobody writes to the table until the index is built",
        "CREATE INDEX CONCURRENTLY, in a file that begins with `-- no-transaction`",
    ),
    (
        Rule::RequireConcurrentIndexDeletion,
        "nobody uses the table while it waits for its lock",
        "DROP INDEX CONCURRENTLY, in a file that begins with `-- no-transaction`",
    ),
    (
        Rule::ConstraintMissingNotValid,
        "nobody writes to the table while every row is checked",
        "ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT in a migration of its own",
    ),
    (
        Rule::AddingForeignKeyConstraint,
        "nobody writes to either table while every row is checked",
        "ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT in a migration of its own",
    ),
    (
        Rule::AddingFieldWithDefault,
        "a default that is not constant writes every row anew, and nobody uses the table meanwhile",
        "add the column without it, set the default, and fill the rows in batches",
    ),
    (
        Rule::AddingRequiredField,
        "it fails where the table has rows, and breaks writers that do not know the column",
        "give it a default, or make it NOT NULL when it is filled",
    ),
    (
        Rule::AddingNotNullableField,
        "nobody uses the table while every row is checked",
        "ADD CONSTRAINT … CHECK (a IS NOT NULL) NOT VALID, VALIDATE it, then SET NOT NULL",
    ),
    (
        Rule::AddingSerialPrimaryKeyField,
        "nobody uses the table until the key's index is built",
        "build a unique index CONCURRENTLY, then ADD PRIMARY KEY USING INDEX",
    ),
    (
        Rule::DisallowedUniqueConstraint,
        "nobody uses the table until the index is built",
        "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … UNIQUE USING INDEX",
    ),
    (
        Rule::ChangingColumnType,
        "every row is written anew, and nobody uses the table meanwhile",
        "a new column, filled in batches, that the application takes over",
    ),
    (
        Rule::RenamingColumn,
        "the running application does not know the new name",
        "a new column beside it, dropped when nothing reads the old one",
    ),
    (
        Rule::RenamingTable,
        "the running application does not know the new name",
        "a view of the old name, until nothing reads it",
    ),
    (
        Rule::BanDropColumn,
        "the rows' values are lost, and the running application may still read them",
        "drop it one release after the last reader is gone",
    ),
    (
        Rule::BanDropTable,
        "its rows are lost",
        "drop it one release after the last reader is gone, with a backup at hand",
    ),
    (Rule::BanDropDatabase, "everything in it is lost", "leave databases to whoever makes them"),
    (Rule::BanTruncateCascade, "rows of further tables are lost", "name every table that is to be emptied"),
    (
        Rule::RequireConcurrentPartitionDetach,
        "nobody uses the table while it waits for its lock",
        "DETACH PARTITION … CONCURRENTLY, in a file that begins with `-- no-transaction`",
    ),
];

/// What squawk finds, and what it does not look for.
pub(super) fn findings(migration: &Migration, statements: &[Told]) -> Vec<Finding> {
    let text = &*migration.sql;
    let mut linter = Linter::from(RULES.map(|(rule, ..)| rule));
    linter.settings.assume_in_transaction = !migration.stands_alone();
    let found = linter.lint(&SourceFile::parse(text), text).into_iter().filter_map(|violation| {
        let (rule, why, instead) = RULES.iter().find(|(rule, ..)| *rule == violation.code)?;
        let start = usize::from(violation.text_range.start());
        if statements.iter().any(|told| told.is_own && told.statement.holds(start)) {
            return None;
        }
        Some(Finding {
            file: migration.file.to_string(),
            line: text.get(..start)?.matches('\n').count() + 1,
            rule: rule.to_string(),
            why: (*why).to_owned(),
            instead: (*instead).to_owned(),
        })
    });
    found.chain(words::of_postgres(migration, statements)).collect()
}
