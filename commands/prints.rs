//! Formats, columns and order against what a verb prints: what it cannot honour is refused before it does anything.

use opsctl::{Error, Exit, Result};

use crate::{
    tree,
    ui::{Format, Ui},
    verb::{Prints, Verb},
};

/// Refuses a format and options that the verb cannot honour.
///
/// # Errors
/// Usage.
pub fn check(ui: &Ui, verb: &Verb) -> Result<()> {
    if ui.format == Format::Nagios && !matches!(verb.prints, Prints::Verdict(_)) {
        let with: Vec<String> = tree::verbs()
            .filter(|verb| matches!(verb.prints, Prints::Verdict(_)))
            .map(|verb| format!("`{}`", verb.words))
            .collect();
        return Err(Error::usage(format!("`{}` has no verdict for `-o nagios`", verb.words))
            .hint(format!("verbs that have one: {}", with.join(", "))));
    }
    let columns = verb.prints.columns();
    if ui.choice.asks_for_names() && !columns.is_empty() {
        return Ok(());
    }
    ui.choice.check_format(ui.format)?;
    ui.choice.check(verb.words, columns)
}

/// Prints the columns of a verb, for `--columns help`.
///
/// # Errors
/// A stdout that takes nothing.
pub fn names(ui: &Ui, verb: &Verb) -> Result<Exit> {
    ui.page(&ui.names(verb.prints.columns()))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_of_columns_are_unique_words() {
        for verb in tree::verbs() {
            let columns = verb.prints.columns();
            let keys: BTreeSet<&str> = columns.iter().map(|column| column.key).collect();
            assert_eq!(keys.len(), columns.len(), "{}", verb.words);
            let word =
                |key: &&str| key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            assert!(keys.iter().all(|key| word(key) && *key != "help"), "{}: {keys:?}", verb.words);
        }
    }
}
