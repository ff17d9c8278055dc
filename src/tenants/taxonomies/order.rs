//! Who stands under whom.

use std::collections::HashMap;

use super::Taxonomy;

type Key = (String, String);

/// Each row's parent, by what rows are known by.
pub(super) struct Tree(HashMap<Key, Option<Key>>);

impl Tree {
    pub(super) fn of<'a>(rows: impl IntoIterator<Item = &'a Taxonomy>) -> Self {
        Self(rows.into_iter().map(|row| (row.key(), row.parent_key())).collect())
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.0.contains_key(key)
    }

    /// Codes of a type, as rows are known by them.
    pub(super) fn codes<'a>(&'a self, of: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.keys().filter(move |(kind, _)| kind == of).map(|(_, code)| code.as_str())
    }

    /// The row, its parent, the parent's parent and so on, at most once round.
    fn up<'a>(&'a self, from: &'a Key) -> impl Iterator<Item = &'a Key> {
        let parent = |key: &&'a Key| self.0.get(*key).and_then(Option::as_ref);
        std::iter::successors(Some(from), parent).take(self.0.len() + 1)
    }

    /// The codes on the way from a row back to itself, if its parents lead there.
    pub(super) fn cycle(&self, from: &Key) -> Option<Vec<String>> {
        let back = self.up(from).skip(1).position(|key| key == from)?;
        Some(self.up(from).take(back + 2).map(|(_, code)| code.clone()).collect())
    }

    fn depth(&self, of: &Key) -> usize {
        self.up(of).count()
    }
}

/// The rows by type, each behind its parent; among neighbours by their places, then by their codes.
pub(super) fn parents_first<T>(mut rows: Vec<T>, taxonomy: impl Fn(&T) -> &Taxonomy) -> Vec<T> {
    let tree = Tree::of(rows.iter().map(&taxonomy));
    rows.sort_by_cached_key(|row| {
        let row = taxonomy(row);
        (row.r#type.clone(), tree.depth(&row.key()), row.sort_order, row.code.clone())
    });
    rows
}
