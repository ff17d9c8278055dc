//! Patterns of names: `*` and `?`. A backslash is a character like others, since classes are full of them.

/// Whether a pattern matches the whole of a name.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut to) = (0, 0);
    // Where the last `*` stands, and how far the name was matched when it was met.
    let mut star: Option<(usize, usize)> = None;
    while to < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, to));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == name[to] => (at, to) = (at + 1, to + 1),
            _ => match star.as_mut() {
                Some((met, reached)) => {
                    *reached += 1;
                    (at, to) = (*met + 1, *reached);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_matches_the_whole_name_and_backslashes_are_plain() {
        for (pattern, name, is_match) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("*a*b*", "xxaxxbxx", true),
            ("?b", "ab", true),
            ("?", "", false),
            (r"laravel_unique_job:App\Jobs\*", r"laravel_unique_job:App\Jobs\Send:1", true),
            (r"App\?obs", r"App\Jobs", true),
            ("[ab]", "a", false),
            ("é*", "éa", true),
            ("a*a*a*a*a*b", &"a".repeat(2000), false),
        ] {
            assert_eq!(matches(pattern, name), is_match, "{pattern} {name}");
        }
    }
}
