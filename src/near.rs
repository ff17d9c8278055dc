//! "Did you mean": names that nearly match.

/// At most three of `candidates` that are close to `given`, closest first; case does not count.
pub fn matches<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let given = given.to_lowercase();
    let limit = (given.chars().count() / 3).clamp(1, 5);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|name| (strsim::osa_distance(&given, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort();
    near.truncate(3);
    near.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_the_name_and_a_stranger_finds_none() {
        assert_eq!(matches("stirpe", ["stripe", "skrill", "xendit"]), ["stripe"]);
        assert!(matches("bank", ["stripe", "skrill", "xendit"]).is_empty());
    }
}
