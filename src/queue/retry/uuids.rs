//! A set of UUIDs that takes sixteen bytes for each: queues hold a million jobs.

use std::collections::HashSet;

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// UUIDs that wait to be sorted in.
const FRESH: usize = 64 * 1024;

/// A set that only grows.
#[derive(Debug, Default)]
pub(super) struct Uuids {
    sorted: Vec<u128>,
    fresh: HashSet<u128>,
}

impl Uuids {
    pub(super) fn contains(&self, uuid: &str) -> bool {
        let number = number(uuid);
        self.fresh.contains(&number) || self.sorted.binary_search(&number).is_ok()
    }

    pub(super) fn insert(&mut self, uuid: &str) {
        let number = number(uuid);
        if self.sorted.binary_search(&number).is_err() {
            self.fresh.insert(number);
        }
        if self.fresh.len() >= FRESH {
            self.sorted.reserve_exact(self.fresh.len()); // doubling would take twice what it needs
            self.sorted.extend(self.fresh.drain());
            self.sorted.sort_unstable();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len() + self.fresh.len()
    }
}

/// A UUID is a number of 128 bits; any other text counts by its digest.
fn number(uuid: &str) -> u128 {
    Uuid::parse_str(uuid).map_or_else(
        |_| {
            let digest = Sha256::digest(uuid.as_bytes());
            digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
        },
        |uuid| uuid.as_u128(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_however_much_there_is() {
        let mut uuids = Uuids::default();
        let text = |number: usize| match number % 2 {
            0 => Uuid::from_u128(number as u128).to_string(),
            _ => format!("job {number}"),
        };
        for number in 0..3 * FRESH {
            uuids.insert(&text(number));
            uuids.insert(&text(number / 2));
        }
        assert_eq!(uuids.len(), 3 * FRESH);
        assert!((0..3 * FRESH).step_by(777).all(|number| uuids.contains(&text(number))));
        assert!(!uuids.contains("job 0") && !uuids.contains(""));
    }
}
