//! Artisan's words on TAB: `opsctl tenrusl:web…`. They stand in no command tree, and bash takes a `:` for the end of a
//! word, so they are completed here, before the tree is asked.

use crate::{artisan, tree};

/// What completes the first word of a line, where that is one of artisan's; `None` leaves the line to the tree.
///
/// `words` are those up to the one that is being completed, as the shell passes them: bash splits `tenrusl:web` into
/// `tenrusl`, `:` and `web`, and wants only what follows the last colon.
pub fn candidates(words: &[String]) -> Option<Vec<String>> {
    let typed: String = words.get(1..)?.concat();
    let split = words.len() > 2;
    let is_one_word = words.len() == 2 || words.iter().skip(2).any(|word| word == ":");
    if typed.is_empty() || typed.starts_with('-') || !is_one_word {
        return None;
    }
    let behind = if split { typed.rfind(':').map_or(0, |at| at + 1) } else { 0 };
    let mut names: Vec<String> = artisan::table()
        .map(|(artisan, _)| artisan.command)
        .filter(|command| command.starts_with(&typed))
        .map(|command| command[behind..].to_owned())
        .collect();
    names.dedup();
    let is_ours = tree::verbs().any(|verb| verb.words.starts_with(&typed));
    (typed.contains(':') || !(is_ours || names.is_empty())).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(line: &str) -> Option<Vec<String>> {
        candidates(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn artisans_words_are_completed_as_each_shell_splits_them() {
        let whole = completed("opsctl tenrusl:webhooks:retry-o").unwrap();
        assert_eq!(whole, ["tenrusl:webhooks:retry-once", "tenrusl:webhooks:retry-one"]);
        assert_eq!(completed("opsctl tenrusl : webhooks : retry-onc").unwrap(), ["retry-once"]);
        assert_eq!(completed("opsctl migrate : ").unwrap(), ["status", "fresh"]);
        assert_eq!(completed("opsctl tenr").unwrap().len(), 3);
        assert_eq!(completed("opsctl migrate : nothing").unwrap(), [""; 0]);
        for of_the_tree in [
            "opsctl ",
            "opsctl web",
            "opsctl c",
            "opsctl db",
            "opsctl webhooks li",
            "opsctl --context a",
            "opsctl",
        ] {
            assert_eq!(completed(of_the_tree), None, "{of_the_tree}");
        }
    }
}
