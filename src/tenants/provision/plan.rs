//! What is to be done to a tenant's taxonomies so that they are as the master has them. Knows no database.

use std::collections::{HashMap, HashSet};

use super::{ids, steps::Tally};
use crate::{Error, Result, tenants::taxonomies::Source};

/// The master rows of a run.
#[derive(Debug, Clone, Default)]
pub struct Masters {
    /// The rows.
    pub rows: Vec<Source>,
    /// Whether these are all: then a row that is not among them was removed from the master.
    pub whole: bool,
}

/// A row of the tenant, as it stands or as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxonomy {
    /// Its id.
    pub id: String,
    /// The id of its master row.
    pub master_id: Option<String>,
    /// Its type.
    pub kind: String,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The id of its parent.
    pub parent_id: Option<String>,
    /// Where it stands among its siblings.
    pub sort_order: i64,
    /// Whether it may be chosen.
    pub is_active: bool,
    /// The master's version that it was copied from.
    pub version: Option<i64>,
    /// The master's checksum that it was copied from.
    pub checksum: Option<String>,
}

/// A row of the tenant as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// The row.
    pub row: Taxonomy,
    /// Whether provisioning made it.
    pub is_system: bool,
    /// Whether the tenant has changed or deleted it.
    pub is_edited: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Rows to make, parents first.
    pub create: Vec<Taxonomy>,
    /// Rows to change, as they are to be.
    pub update: Vec<Taxonomy>,
    /// Rows that are as they are to be.
    pub unchanged: u64,
    /// Rows that the tenant edited or deleted, `type/code`.
    pub edited: Vec<String>,
    /// Rows of the tenant's own under a code of the master's, `type/code`.
    pub foreign: Vec<String>,
    /// Of `update`, rows that are no longer in the master, `type/code`: deactivated.
    pub removed: Vec<String>,
    /// Rows that are no longer in the master, whatever is to be done to them.
    pub gone: u64,
}

impl Plan {
    /// In numbers.
    pub fn tally(&self) -> Tally {
        Tally {
            created: self.create.len() as u64,
            updated: self.update.len() as u64,
            unchanged: self.unchanged,
            skipped: (self.edited.len() + self.foreign.len()) as u64,
        }
    }
}

/// What rows are known by: engines differ in whether case tells codes apart.
pub type Key = (String, String);

/// Of a row.
pub fn key(kind: &str, code: &str) -> Key {
    (kind.to_ascii_lowercase(), code.to_ascii_lowercase())
}

/// Of a master row.
pub fn key_of(master: &Source) -> Key {
    key(&master.taxonomy.r#type, &master.taxonomy.code)
}

/// Compares. Each row of the master, and each row that the master no longer has, is counted once.
///
/// # Errors
/// A master whose rows name a parent that is not there, or each other in a circle.
pub fn plan(tenant: &str, masters: &Masters, existing: &[Existing]) -> Result<Plan> {
    let order = parents_first(&masters.rows)?;
    let there: HashMap<Key, &Existing> =
        existing.iter().map(|known| (key(&known.row.kind, &known.row.code), known)).collect();
    let id = |key: &Key| match there.get(key) {
        Some(known) => known.row.id.clone(),
        None => ids::from_name(&[tenant, "taxonomies", &key.0, &key.1]),
    };
    let mut plan = Plan::default();
    for master in order {
        let says = &master.taxonomy;
        let at = key_of(master);
        let row = Taxonomy {
            id: id(&at),
            master_id: master.master_id.clone(),
            kind: says.r#type.clone(),
            code: says.code.clone(),
            name: says.name.clone(),
            parent_id: says.parent_code.as_ref().map(|parent| id(&key(&says.r#type, parent))),
            sort_order: says.sort_order.into(),
            is_active: says.is_active,
            version: master.version,
            checksum: Some(master.checksum.clone()),
        };
        match there.get(&at) {
            None => plan.create.push(row),
            Some(known) => plan.compare(known, row),
        }
    }
    if masters.whole {
        plan.removed(masters, existing);
    }
    Ok(plan)
}

impl Plan {
    fn compare(&mut self, known: &Existing, mut row: Taxonomy) {
        // The key that a row was found under stays as it is written there.
        (row.kind, row.code) = (known.row.kind.clone(), known.row.code.clone());
        // A row of a file has no master and no version: what it agrees with keeps both.
        row.master_id = row.master_id.or_else(|| known.row.master_id.clone());
        if row.checksum == known.row.checksum {
            row.version = row.version.or(known.row.version);
        }
        if !known.is_system {
            self.foreign.push(name(&row));
        } else if known.is_edited {
            self.edited.push(name(&row));
        } else if known.row == row {
            self.unchanged += 1;
        } else {
            self.update.push(row);
        }
    }

    /// Rows whose master is gone are kept, since others may refer to them, and can no longer be chosen.
    fn removed(&mut self, masters: &Masters, existing: &[Existing]) {
        let known: HashSet<Key> = masters.rows.iter().map(key_of).collect();
        let copied = existing.iter().filter(|known| known.is_system && known.row.master_id.is_some());
        for gone in copied.filter(|row| !known.contains(&key(&row.row.kind, &row.row.code))) {
            self.gone += 1;
            if gone.is_edited {
                self.edited.push(name(&gone.row));
            } else if gone.row.is_active {
                self.removed.push(name(&gone.row));
                self.update.push(Taxonomy { is_active: false, ..gone.row.clone() });
            } else {
                self.unchanged += 1;
            }
        }
    }
}

fn name(row: &Taxonomy) -> String {
    format!("{}/{}", row.kind, row.code)
}

/// The rows, each behind its parent.
fn parents_first(rows: &[Source]) -> Result<Vec<&Source>> {
    let at: HashMap<Key, usize> = rows.iter().enumerate().map(|(at, row)| (key_of(row), at)).collect();
    let parent = |row: &Source| -> Result<Option<usize>> {
        let Some(parent) = &row.taxonomy.parent_code else { return Ok(None) };
        let found = at.get(&key(&row.taxonomy.r#type, parent)).copied();
        let missing = || faulty(row, &format!("names the parent `{parent}`, which is not there"));
        found.map(Some).ok_or_else(missing)
    };
    let mut depths: Vec<Option<usize>> = vec![None; rows.len()];
    for start in 0..rows.len() {
        let (mut path, mut next) = (Vec::new(), Some(start));
        let mut above = 0;
        while let Some(here) = next {
            if let Some(depth) = depths[here] {
                above = depth + 1;
                break;
            }
            if path.contains(&here) {
                return Err(faulty(&rows[here], "is its own ancestor"));
            }
            path.push(here);
            next = parent(&rows[here])?;
        }
        for (further, here) in path.into_iter().rev().enumerate() {
            depths[here] = Some(above + further);
        }
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|at| depths[*at]);
    Ok(order.into_iter().map(|at| &rows[at]).collect())
}

fn faulty(row: &Source, what: &str) -> Error {
    let says = &row.taxonomy;
    Error::failed(format!("the master taxonomy `{}/{}` {what}", says.r#type, says.code))
        .because("a copy of it would not be whole")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tenants::taxonomies;

    fn master(code: &str, parent: Option<&str>) -> Source {
        let taxonomy = taxonomies::Taxonomy {
            r#type: "service".into(),
            code: code.into(),
            name: code.to_uppercase(),
            parent_code: parent.map(str::to_owned),
            sort_order: 1,
            is_active: true,
        };
        let checksum = taxonomy.checksum();
        Source { taxonomy, master_id: Some(format!("m-{code}")), version: Some(1), checksum }
    }

    fn masters(rows: Vec<Source>) -> Masters {
        Masters { rows, whole: true }
    }

    /// The tenant's rows after a plan was carried out.
    fn after(existing: &[Existing], plan: &Plan) -> Vec<Existing> {
        let made = |row: &Taxonomy| Existing { row: row.clone(), is_system: true, is_edited: false };
        let kept = existing.iter().map(|known| {
            plan.update.iter().find(|row| row.id == known.row.id).map_or_else(|| known.clone(), made)
        });
        kept.chain(plan.create.iter().map(made)).collect()
    }

    #[test]
    fn parents_come_before_their_children_and_are_named_by_id() {
        let rows = vec![master("c", Some("b")), master("b", Some("a")), master("a", None)];
        let plan = plan("t", &masters(rows), &[]).unwrap();
        let codes: Vec<&str> = plan.create.iter().map(|row| row.code.as_str()).collect();
        assert_eq!(codes, ["a", "b", "c"]);
        assert_eq!(plan.create[1].parent_id.as_ref(), Some(&plan.create[0].id));
    }

    #[test]
    fn a_faulty_master_is_told_and_nothing_is_planned() {
        let circle = vec![master("a", Some("b")), master("b", Some("a"))];
        let error = plan("t", &masters(circle), &[]).unwrap_err();
        assert_eq!(error.message(), "the master taxonomy `service/a` is its own ancestor");
        let orphan = vec![master("a", Some("x"))];
        let error = plan("t", &masters(orphan), &[]).unwrap_err();
        assert!(error.message().ends_with("names the parent `x`, which is not there"), "{error}");
    }

    #[test]
    fn what_the_tenant_edited_or_made_is_left_alone() {
        let first = plan("t", &masters(vec![master("a", None), master("b", None)]), &[]).unwrap();
        let mut existing = after(&[], &first);
        existing[0].is_edited = true;
        existing[1].is_system = false;
        let mut rows = vec![master("a", None), master("b", None)];
        rows.iter_mut().for_each(|row| row.version = Some(2));
        let second = plan("t", &masters(rows), &existing).unwrap();
        assert_eq!((second.edited, second.foreign), (vec!["service/a".into()], vec!["service/b".into()]));
        assert!(second.update.is_empty() && second.create.is_empty());
    }

    #[test]
    fn a_row_whose_master_is_gone_is_deactivated_once_and_never_by_a_part_of_the_master() {
        let existing =
            after(&[], &plan("t", &masters(vec![master("a", None), master("b", None)]), &[]).unwrap());
        let rest = masters(vec![master("a", None)]);
        let part = Masters { whole: false, ..rest.clone() };
        assert!(plan("t", &part, &existing).unwrap().update.is_empty());
        let second = plan("t", &rest, &existing).unwrap();
        assert_eq!(second.removed, ["service/b"]);
        let third = plan("t", &rest, &after(&existing, &second)).unwrap();
        assert_eq!((third.update.len(), third.unchanged), (0, 2));
    }

    proptest! {
        #[test]
        fn every_row_is_counted_once_and_a_second_plan_has_nothing_to_do(
            rows in proptest::collection::btree_map("[a-f]", (any::<bool>(), 1_i64..3, "[A-C]"), 0..6),
            stands in proptest::collection::btree_map("[a-f]", (any::<bool>(), any::<bool>(), any::<bool>()), 0..6),
        ) {
            let masters = masters(rows.iter().map(|(code, (is_active, version, name))| {
                let mut row = master(code, None);
                (row.taxonomy.is_active, row.taxonomy.name, row.version) = (*is_active, name.clone(), Some(*version));
                row
            }).collect());
            let existing: Vec<Existing> = stands.iter().map(|(code, (is_system, is_edited, is_active))| Existing {
                row: Taxonomy { is_active: *is_active, ..plan("t", &self::masters(vec![master(code, None)]), &[]).unwrap().create.remove(0) },
                is_system: *is_system,
                is_edited: *is_edited,
            }).collect();
            let first = plan("t", &masters, &existing).unwrap();
            let gone = existing.iter().filter(|known| known.is_system && !rows.contains_key(&known.row.code)).count();
            prop_assert_eq!(first.tally().sum() as usize, rows.len() + gone);
            let second = plan("t", &masters, &after(&existing, &first)).unwrap();
            prop_assert_eq!((second.create.len(), second.update.len()), (0, 0));
            prop_assert_eq!(second.tally().sum(), first.tally().sum());
        }
    }
}
