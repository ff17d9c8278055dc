//! "Did you mean": names that nearly match, said as what can be typed.

use crate::Error;

/// At most three of `candidates` that are close to `given`, closest first; case does not count.
pub fn matches<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    ranked(given, candidates).into_iter().map(|(_, name)| name).collect()
}

fn ranked<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<(usize, &'a str)> {
    let given = given.to_lowercase();
    let limit = (given.chars().count() / 3).clamp(1, 5);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|name| (strsim::osa_distance(&given, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.truncate(3);
    near
}

/// `did you mean …?` with the nearest of `candidates` as it is typed; all of them where several are equally near.
/// `None` when nothing is near, or `given` is one of them.
pub fn hint<'a>(
    given: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    typed: impl Fn(&str) -> String,
) -> Option<String> {
    let near = ranked(given, candidates);
    let nearest = near.first()?.0;
    if near.iter().any(|(_, name)| *name == given) {
        return None;
    }
    let near = near.iter().take_while(|(distance, _)| *distance == nearest);
    let typed: Vec<String> = near.map(|(_, name)| format!("`{}`", typed(name))).collect();
    Some(format!("did you mean {}?", typed.join(" or ")))
}

/// Ends an error about an unknown name: with the nearest one, else with what helps to find it.
pub fn or<'a>(
    error: Error,
    given: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    typed: impl Fn(&str) -> String,
    otherwise: impl Into<String>,
) -> Error {
    match hint(given, candidates, typed) {
        Some(near) => error.hint(near),
        None => error.hint(otherwise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_the_name_and_a_stranger_finds_none() {
        assert_eq!(matches("stirpe", ["stripe", "skrill", "xendit"]), ["stripe"]);
        assert!(matches("bank", ["stripe", "skrill", "xendit"]).is_empty());
    }

    #[test]
    fn the_nearest_is_told_as_it_is_typed_and_equals_are_told_together() {
        let flag = |name: &str| format!("--context {name}");
        assert_eq!(
            hint("eurpoe", ["europe", "asia"], flag),
            Some("did you mean `--context europe`?".to_owned())
        );
        assert_eq!(
            hint("eu-3", ["eu-1", "eu-2", "eu", "us"], flag),
            Some("did you mean `--context eu-1` or `--context eu-2`?".to_owned())
        );
        assert_eq!(hint("Europe", ["europe"], flag), Some("did you mean `--context europe`?".to_owned()));
        for (given, why) in [("europe", "it is one"), ("moon", "nothing is near"), ("", "nothing was said")] {
            assert_eq!(hint(given, ["europe", "asia"], flag), None, "{why}");
        }
    }
}
