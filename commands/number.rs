//! Whole numbers on the command line.

/// A whole number of these bounds. Who types something else is told what to type.
pub fn number(from: u32, to: u32) -> impl Fn(&str) -> Result<u32, String> + Clone {
    move |text| {
        let range = format!("a whole number from {from} to {to}");
        if let Ok(number) = text.parse::<i128>() {
            let fits = u32::try_from(number).ok().filter(|number| (from..=to).contains(number));
            return fits
                .ok_or_else(|| format!("it is {range}, such as `{}`", number.clamp(from.into(), to.into())));
        }
        // `1e3`, and `1,000` with whatever stands between the thousands but a point, which may begin a fraction.
        let plain: String = text.chars().filter(|c| !matches!(c, '_' | ',' | '\'' | ' ')).collect();
        let power = plain.parse::<f64>().ok().filter(|_| plain.contains(['e', 'E']));
        let meant = power.map_or(plain, |power| power.to_string());
        let meant = meant.parse::<u32>().ok().filter(|number| (from..=to).contains(number));
        Err(match (text.trim().to_lowercase().as_str(), meant) {
            ("", _) => format!("nothing was given; it is {range}"),
            ("all" | "max" | "unlimited" | "none" | "no", _) => format!("it is {range}; the most is `{to}`"),
            (_, Some(meant)) => format!("it is {range}, in digits alone: `{meant}`"),
            _ => format!("it is {range}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_in_digits_and_anything_else_says_what_to_type() {
        let limit = number(1, 1_000_000);
        assert_eq!(limit("100"), Ok(100));
        let cases = [
            ("all", "it is a whole number from 1 to 1000000; the most is `1000000`"),
            ("", "nothing was given; it is a whole number from 1 to 1000000"),
            ("1e3", "it is a whole number from 1 to 1000000, in digits alone: `1000`"),
            ("1,000", "it is a whole number from 1 to 1000000, in digits alone: `1000`"),
            ("1_000", "it is a whole number from 1 to 1000000, in digits alone: `1000`"),
            ("-1", "it is a whole number from 1 to 1000000, such as `1`"),
            ("0", "it is a whole number from 1 to 1000000, such as `1`"),
            ("99999999999", "it is a whole number from 1 to 1000000, such as `1000000`"),
            ("1.000", "it is a whole number from 1 to 1000000"),
            ("ten", "it is a whole number from 1 to 1000000"),
        ];
        for (typed, told) in cases {
            assert_eq!(limit(typed), Err(told.to_owned()), "{typed:?}");
        }
    }
}
