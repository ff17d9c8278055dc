//! The time to the next attempt: full, equal or decorrelated jitter, in whole milliseconds, never overflowing.

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use serde::Serialize;

use crate::clock;

/// How the delay is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Between nothing and the exponential delay.
    Full,
    /// Half of the exponential delay, and up to as much again.
    Equal,
    /// Between the base and three times the previous delay.
    Decorrelated,
}

impl Mode {
    /// All modes.
    pub const ALL: [Mode; 3] = [Mode::Full, Mode::Equal, Mode::Decorrelated];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Full => "full",
            Mode::Equal => "equal",
            Mode::Decorrelated => "decorrelated",
        }
    }

    /// From its word; the service takes anything else as `full`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name.trim().to_lowercase())
    }
}

/// Base, cap and mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Backoff {
    /// Mode.
    pub mode: Mode,
    /// Delay of the first attempt, in milliseconds.
    pub base_ms: u64,
    /// Longest delay, in milliseconds; never below the base.
    pub cap_ms: u64,
    /// Shortest time to the next attempt, in milliseconds: the service's own minimum lease.
    pub min_ms: u64,
}

impl Backoff {
    /// The largest delay of the exponential curve for an attempt, the first being 1.
    fn ceiling(&self, attempt: u32) -> u64 {
        let cap = self.cap_ms.max(self.base_ms);
        let doublings = attempt.max(1) - 1;
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        self.base_ms.saturating_mul(factor).min(cap)
    }

    /// The shortest and the longest delay after `attempt`, in milliseconds. `previous` is the delay before it, where
    /// one is known.
    fn range_ms(&self, attempt: u32, previous: Option<u64>) -> (u64, u64) {
        let ceiling = self.ceiling(attempt);
        match self.mode {
            Mode::Full => (0, ceiling),
            Mode::Equal => (ceiling / 2, ceiling / 2 * 2),
            Mode::Decorrelated => {
                let cap = self.cap_ms.max(self.base_ms);
                let previous = previous.map_or(self.base_ms, |delay| delay.clamp(self.base_ms, cap));
                (self.base_ms, previous.saturating_mul(3).min(cap).max(self.base_ms))
            }
        }
    }

    /// Draws the delay after `attempt`. `previous` is the delay before it, where one is known.
    pub fn delay_ms(&self, attempt: u32, previous: Option<u64>, rng: &mut impl Rng) -> u64 {
        let (shortest, longest) = self.range_ms(attempt, previous);
        rng.random_range(shortest..=longest)
    }

    /// When the next attempt is due: `now` and the delay or the minimum lease, whichever is longer, rounded up to the
    /// whole seconds that the column stores. It is always after `now`.
    pub fn next(
        &self,
        now: DateTime<Utc>,
        attempt: u32,
        previous: Option<u64>,
        rng: &mut impl Rng,
    ) -> DateTime<Utc> {
        self.after(now, self.delay_ms(attempt, previous, rng))
    }

    /// The earliest and the latest time that [`Backoff::next`] may give.
    pub fn window(
        &self,
        now: DateTime<Utc>,
        attempt: u32,
        previous: Option<u64>,
    ) -> (DateTime<Utc>, DateTime<Utc>) {
        let (shortest, longest) = self.range_ms(attempt, previous);
        (self.after(now, shortest), self.after(now, longest))
    }

    fn after(&self, now: DateTime<Utc>, delay_ms: u64) -> DateTime<Utc> {
        let delay = delay_ms.max(self.min_ms).max(1);
        let delay = i64::try_from(delay).ok().and_then(TimeDelta::try_milliseconds).unwrap_or(TimeDelta::MAX);
        let at = now.checked_add_signed(delay).unwrap_or(DateTime::<Utc>::MAX_UTC);
        // What a `timestamp` of MySQL can hold, should somebody configure a cap of decades.
        clock::round_up(at).min(LAST_TIMESTAMP.unwrap_or(at))
    }
}

/// 2038-01-19, the end of MySQL's `timestamp`.
const LAST_TIMESTAMP: Option<DateTime<Utc>> = DateTime::from_timestamp(i32::MAX as i64, 0);

/// The delay that was drawn last, as the row tells it.
pub fn previous_ms(last_attempt: Option<DateTime<Utc>>, next_retry: Option<DateTime<Utc>>) -> Option<u64> {
    u64::try_from((next_retry? - last_attempt?).num_milliseconds()).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;

    const SERVICE: Backoff = Backoff { mode: Mode::Full, base_ms: 500, cap_ms: 30_000, min_ms: 250 };

    #[test]
    fn the_curve_is_the_services() {
        let bounds: Vec<u64> = (1..=8).map(|attempt| SERVICE.ceiling(attempt)).collect();
        assert_eq!(bounds, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    }

    #[test]
    fn d14_large_attempts_stay_at_the_cap() {
        for attempt in [55, 64, 65, 70, u32::MAX] {
            assert_eq!(SERVICE.ceiling(attempt), 30_000, "attempt {attempt}");
        }
        let wide = Backoff { cap_ms: u64::MAX, base_ms: u64::MAX, ..SERVICE };
        assert_eq!(wide.ceiling(u32::MAX), u64::MAX);
    }

    #[test]
    fn a_delay_below_a_second_is_due_a_whole_second_later() {
        let now: DateTime<Utc> = "2026-11-20T09:00:00.900Z".parse().unwrap();
        let tiny = Backoff { base_ms: 0, cap_ms: 0, min_ms: 0, ..SERVICE };
        let next = tiny.next(now, 1, None, &mut StdRng::seed_from_u64(1));
        assert_eq!(next, "2026-11-20T09:00:01Z".parse::<DateTime<Utc>>().unwrap());
    }

    #[test]
    fn the_delay_counts_from_the_very_moment() {
        let now: DateTime<Utc> = "2026-11-20T09:00:00.900Z".parse().unwrap();
        let backoff = Backoff { base_ms: 500, cap_ms: 500, mode: Mode::Decorrelated, min_ms: 250 };
        let next = backoff.next(now, 1, None, &mut StdRng::seed_from_u64(1));
        assert_eq!(next, "2026-11-20T09:00:02Z".parse::<DateTime<Utc>>().unwrap());
    }

    /// The range of whole milliseconds that the documentation names, by doubling step for step in wide numbers.
    fn documented(backoff: &Backoff, attempt: u32, previous: Option<u64>) -> (u128, u128) {
        let (base, cap) = (u128::from(backoff.base_ms), u128::from(backoff.cap_ms.max(backoff.base_ms)));
        let mut ceiling = base;
        for _ in 1..attempt.min(70) {
            ceiling = (2 * ceiling).min(cap);
        }
        match backoff.mode {
            Mode::Full => (0, ceiling),
            Mode::Equal => (ceiling / 2, ceiling / 2 * 2),
            Mode::Decorrelated => {
                let previous = previous.map_or(base, u128::from).max(base);
                (base, (3 * previous).min(cap))
            }
        }
    }

    #[test]
    fn a_million_draws_of_each_mode_keep_to_the_documented_range() {
        let mut rng = StdRng::seed_from_u64(20_261_120);
        for mode in Mode::ALL {
            for _ in 0..1000 {
                // Any order of magnitude, the largest included.
                let mut any = || rng.random::<u64>() >> rng.random_range(0..64_u32);
                let (base_ms, cap_ms, previous) = (any(), any(), Some(any()));
                let attempt = rng.random_range(0..80);
                let backoff = Backoff { mode, base_ms, cap_ms, min_ms: 0 };
                let previous = previous.filter(|previous| previous % 4 > 0);
                let (low, high) = documented(&backoff, attempt, previous);
                for _ in 0..1000 {
                    let delay = u128::from(backoff.delay_ms(attempt, previous, &mut rng));
                    assert!(low <= delay && delay <= high, "{delay}: {backoff:?} {attempt} {previous:?}");
                }
            }
        }
    }

    #[test]
    fn every_delay_of_a_small_range_is_drawn_and_no_other() {
        let mut rng = StdRng::seed_from_u64(1);
        for (mode, base_ms, cap_ms, attempt, previous) in [
            (Mode::Full, 3, 9, 2, None),
            (Mode::Full, 3, 5, 3, None),
            (Mode::Full, 0, 5, 3, None),
            (Mode::Full, 1, 1, 1, None),
            (Mode::Equal, 3, 9, 2, None),
            (Mode::Equal, 3, 5, 3, None),
            (Mode::Equal, 1, 1, 1, None),
            (Mode::Decorrelated, 3, 20, 1, None),
            (Mode::Decorrelated, 3, 20, 1, Some(4)),
            (Mode::Decorrelated, 3, 20, 9, Some(100)),
            (Mode::Decorrelated, 7, 2, 1, Some(1)),
        ] {
            let backoff = Backoff { mode, base_ms, cap_ms, min_ms: 0 };
            let drawn: BTreeSet<u128> =
                (0..2000).map(|_| backoff.delay_ms(attempt, previous, &mut rng).into()).collect();
            let (low, high) = documented(&backoff, attempt, previous);
            assert_eq!(drawn, (low..=high).collect(), "{backoff:?} {attempt} {previous:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn every_draw_is_within_its_bounds(
            seed: u64, attempt in 0_u32..80, base in 0_u64..100_000, cap in 0_u64..1_000_000, min in 0_u64..10_000,
            previous in proptest::option::of(0_u64..2_000_000),
        ) {
            let mut rng = StdRng::seed_from_u64(seed);
            let now: DateTime<Utc> = "2026-11-20T09:00:00.5Z".parse().unwrap();
            for mode in Mode::ALL {
                let backoff = Backoff { mode, base_ms: base, cap_ms: cap, min_ms: min };
                let delay = backoff.delay_ms(attempt, previous, &mut rng);
                let ceiling = backoff.ceiling(attempt);
                match mode {
                    Mode::Full => prop_assert!(delay <= ceiling),
                    Mode::Equal => prop_assert!(delay >= ceiling / 2 && delay <= ceiling),
                    Mode::Decorrelated => {
                        let top = cap.max(base);
                        let previous = previous.map_or(base, |delay| delay.clamp(base, top));
                        prop_assert!(delay >= base && delay <= (previous * 3).min(top).max(base));
                    }
                }
                let next = backoff.next(now, attempt, previous, &mut rng);
                let (earliest, latest) = backoff.window(now, attempt, previous);
                prop_assert!(earliest <= next && next <= latest);
                prop_assert!(next >= now + TimeDelta::milliseconds(i64::try_from(min).unwrap()));
                prop_assert!(next > now);
                prop_assert!((next - clock::cut(now)).num_milliseconds() >= i64::try_from(min).unwrap().max(1000));
                prop_assert_eq!(next.timestamp_subsec_nanos(), 0);
            }
        }
    }
}
