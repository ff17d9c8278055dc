//! What a tenant may be called, and what its members may be.

use std::str::FromStr;

use uuid::Uuid;

use crate::{Error, Result, near, text::printable};

/// Longest slug: it becomes a label of a domain.
const SLUG_LENGTH: usize = 63;
/// Longest name, in characters.
const NAME_LENGTH: usize = 255;
/// Longest id of a user.
const OWNER_LENGTH: usize = 64;
/// Longest locale.
const LOCALE_LENGTH: usize = 8;

/// A text that keeps a rule of its own.
macro_rules! value {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// As it is stored.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                let text = text.trim();
                $check(text).map(|()| Self(text.to_owned()))
            }
        }
    };
}

value!(
    /// A short name, unique among tenants: a label of a domain, and nothing that looks like an id.
    Slug,
    slug
);
value!(
    /// A name for people.
    Name,
    name
);
value!(
    /// The id of a central user.
    Owner,
    owner
);
value!(
    /// A language, with or without its country: `id`, `en`, `en_GB`.
    Locale,
    locale
);
value!(
    /// A name of the time zone database: `Asia/Jakarta`.
    Timezone,
    timezone
);

impl Default for Locale {
    fn default() -> Self {
        Self("id".into())
    }
}

impl Default for Timezone {
    fn default() -> Self {
        Self("Asia/Jakarta".into())
    }
}

fn slug(text: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let rule =
        format!("a slug has up to {SLUG_LENGTH} of a-z, 0-9 and `-`, a letter or digit first and last");
    let bad = || Error::usage(format!("`{}` cannot be the slug of a tenant", printable(text)));
    if Uuid::try_parse(text).is_ok() {
        return Err(bad().because("it looks like an id; tenants are named by either"));
    }
    let bounded = !text.is_empty() && text.len() <= SLUG_LENGTH;
    if bounded && text.chars().all(plain) && !text.starts_with('-') && !text.ends_with('-') {
        return Ok(());
    }
    let meant = slugged(text);
    let error = bad().because(rule);
    Err(if meant.is_empty() { error } else { error.hint(format!("did you mean `{meant}`?")) })
}

/// The nearest slug.
fn slugged(text: &str) -> String {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("-");
    let cut = joined.get(..SLUG_LENGTH).unwrap_or(&joined);
    cut.trim_end_matches('-').to_owned()
}

fn name(text: &str) -> Result<()> {
    let length = text.chars().count();
    if (1..=NAME_LENGTH).contains(&length) && printable(text) == text {
        return Ok(());
    }
    Err(Error::usage(format!("a name has 1 to {NAME_LENGTH} characters that can be shown")))
}

fn owner(text: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (1..=OWNER_LENGTH).contains(&text.len()) && text.chars().all(plain) {
        return Ok(());
    }
    Err(Error::usage(format!("`{}` cannot be the id of a user", printable(text)))
        .because(format!("an id has up to {OWNER_LENGTH} of a-z, A-Z, 0-9, `-` and `_`")))
}

fn locale(text: &str) -> Result<()> {
    let mut parts = text.split(['_', '-']);
    let language = parts.next().is_some_and(|part| (2..=3).contains(&part.len()));
    let alphabetic = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if language && alphabetic && text.len() <= LOCALE_LENGTH && parts.all(|part| !part.is_empty()) {
        return Ok(());
    }
    Err(Error::usage(format!("`{}` is no locale", printable(text)))
        .because("locales look like `id` or `en_GB`"))
}

fn timezone(text: &str) -> Result<()> {
    if chrono_tz::TZ_VARIANTS.iter().any(|zone| zone.name() == text) {
        return Ok(());
    }
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let error = Error::usage(format!("`{}` is no time zone", printable(text)));
    Err(near::or(error, text, names, str::to_owned, "zones look like `Asia/Jakarta`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<T: FromStr<Err = Error> + std::fmt::Debug>(text: &str) -> String {
        let error = text.parse::<T>().unwrap_err();
        let hints = error.hints().iter().map(|hint| format!(" ({hint})"));
        std::iter::once(error.to_string()).chain(hints).collect()
    }

    #[test]
    fn a_slug_is_a_label_of_a_domain() {
        for sound in ["a", "cuci-bersih", "7days", &"x".repeat(63)] {
            assert_eq!(sound.parse::<Slug>().unwrap().as_str(), sound);
        }
        for (bad, meant) in [
            ("Cuci Bersih", "did you mean `cuci-bersih`?"),
            ("-a-", "did you mean `a`?"),
            ("a.b_c", "did you mean `a-b-c`?"),
            ("é", "a letter or digit first and last"),
            ("", "a slug has up to 63"),
            ("0190a1b2-0000-7000-8000-00000000000a", "it looks like an id"),
        ] {
            assert!(told::<Slug>(bad).contains(meant), "{bad}: {}", told::<Slug>(bad));
        }
        assert!(told::<Slug>(&"x".repeat(64)).contains(&format!("`{}`?", "x".repeat(63))));
    }

    #[test]
    fn other_members_keep_their_rules() {
        assert_eq!(" Laundry Bersih ".parse::<Name>().unwrap().as_str(), "Laundry Bersih");
        assert!("a\nb".parse::<Name>().is_err() && " ".parse::<Name>().is_err());
        assert!("x".repeat(256).parse::<Name>().is_err());
        assert!("42".parse::<Owner>().is_ok() && "a b".parse::<Owner>().is_err());
        for sound in ["id", "en", "en_GB", "zh-Hant"] {
            assert!(sound.parse::<Locale>().is_ok(), "{sound}");
        }
        for bad in ["", "e", "english", "en_", "en GB", "en_GB_oed"] {
            assert!(bad.parse::<Locale>().is_err(), "{bad}");
        }
        assert!("Asia/Jakarta".parse::<Timezone>().is_ok());
        assert!(told::<Timezone>("Asia/Jakrta").contains("did you mean `Asia/Jakarta`?"));
    }
}
