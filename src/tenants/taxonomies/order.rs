//! Who stands under whom.

use std::collections::HashMap;

use super::Taxonomy;

type Key = (String, String);

/// A row, by what it is known by.
struct Node {
    code: String,
    parent: Option<Key>,
}

/// Each row and its parent.
pub(super) struct Tree(HashMap<Key, Node>);

impl Tree {
    pub(super) fn of<'a>(rows: impl IntoIterator<Item = &'a Taxonomy>) -> Self {
        let node = |row: &Taxonomy| (row.key(), Node { code: row.code.clone(), parent: row.parent_key() });
        Self(rows.into_iter().map(node).collect())
    }

    /// The code of a row as it is written there.
    pub(super) fn code(&self, key: &Key) -> Option<&str> {
        self.0.get(key).map(|node| node.code.as_str())
    }

    /// Codes of a type.
    pub(super) fn codes<'a>(&'a self, of: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |((kind, _), _)| kind == of).map(|(_, node)| node.code.as_str())
    }

    /// The row, its parent, the parent's parent and so on, at most once round.
    fn up<'a>(&'a self, from: &'a Key) -> impl Iterator<Item = &'a Key> {
        let parent = |key: &&'a Key| self.0.get(*key)?.parent.as_ref();
        std::iter::successors(Some(from), parent).take(self.0.len() + 1)
    }

    /// The codes on the way from a row back to itself, if its parents lead there.
    pub(super) fn cycle(&self, from: &Key) -> Option<Vec<&str>> {
        let back = self.up(from).skip(1).position(|key| key == from)?;
        Some(self.up(from).take(back + 2).filter_map(|key| self.code(key)).collect())
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
