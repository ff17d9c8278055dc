//! Ids of rows that opsctl makes for a tenant: from the tenant and the row's natural key, so that a run that was killed
//! and repeated makes the same rows.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// A UUID of version 8 from a SHA-256, as RFC 9562 (B.2) has it. The parts are length-prefixed: `a`, `bc` is not `ab`, `c`.
pub fn from_name(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut bytes: [u8; 16] = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80; // version 8
    bytes[8] = (bytes[8] & 0x3f) | 0x80; // variant
    let text = hex(&bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

/// SHA-256 of texts, one per line: what a step had as its input.
pub fn checksum<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for line in lines {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}

/// Whether a text has the form of a UUID.
pub fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_gives_the_same_uuid_and_another_one_another() {
        let id = from_name(&["t", "taxonomies", "a", "bc"]);
        assert_eq!(id, from_name(&["t", "taxonomies", "a", "bc"]));
        assert_ne!(id, from_name(&["t", "taxonomies", "ab", "c"]));
        assert!(is_uuid(&id) && &id[14..15] == "8" && "89ab".contains(&id[19..20]), "{id}");
    }

    #[test]
    fn a_uuid_has_five_groups_of_hexadecimal_digits() {
        assert!(is_uuid("0B7C1D9E-0000-4000-8000-00000000000a"));
        for text in ["", "42", "0b7c1d9e00004000800000000000000a", "0b7c1d9e-0000-4000-8000-00000000000g"] {
            assert!(!is_uuid(text), "{text}");
        }
    }
}
