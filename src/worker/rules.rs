//! The rules by which the application's own workers begin, repeat and fail jobs (`Illuminate\Queue\Worker`, Laravel 11 to
//! 13). What a payload says comes before the worker's options.

use std::time::Duration;

use crate::laravel::payload::Payload;

/// What goes for jobs whose payload says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How often a job may be taken; 0 is without limit.
    pub tries: u32,
    /// Seconds before the next try: one for each, the last one for all that follow.
    pub backoff: Vec<u32>,
    /// Time that a job may run; zero is without limit.
    pub timeout: Duration,
}

/// What a payload says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    max_tries: Option<i64>,
    /// Unix seconds.
    retry_until: Option<i64>,
    timeout: Option<i64>,
    backoff: Vec<i64>,
    /// Whether running out of time is final.
    pub fails_on_timeout: bool,
}

impl Terms {
    /// The terms of a payload.
    pub fn read(payload: &Payload<'_>) -> Self {
        Self {
            max_tries: payload.max_tries(),
            retry_until: payload.retry_until().filter(|until| *until != 0),
            timeout: payload.timeout(),
            backoff: payload.backoff(),
            fails_on_timeout: payload.fails_on_timeout(),
        }
    }

    /// Whether a job may begin that was taken so often, this time included
    /// (`markJobAsFailedIfAlreadyExceedsMaxAttempts`). `now` is in Unix seconds.
    pub fn may_begin(&self, attempts: i64, now: i64, options: &Options) -> bool {
        match (self.retry_until, self.tries(options)) {
            (Some(until), _) => now <= until,
            (None, 0) => true,
            (None, tries) => attempts <= tries,
        }
    }

    /// Whether it is tried again after an error (`markJobAsFailedIfWillExceedMaxAttempts`).
    pub fn may_try_again(&self, attempts: i64, now: i64, options: &Options) -> bool {
        match (self.retry_until, self.tries(options)) {
            (Some(until), _) => now < until,
            (None, 0) => true,
            (None, tries) => attempts < tries,
        }
    }

    /// Time until then (`calculateBackoff`).
    pub fn delay(&self, attempts: i64, options: &Options) -> Duration {
        let own = self.backoff.iter().map(|seconds| u64::try_from(*seconds).unwrap_or_default());
        let list: Vec<u64> = match self.backoff.is_empty() {
            true => options.backoff.iter().map(|seconds| u64::from(*seconds)).collect(),
            false => own.collect(),
        };
        let at = usize::try_from(attempts - 1).unwrap_or_default();
        Duration::from_secs(list.get(at).or(list.last()).copied().unwrap_or_default())
    }

    /// Time that it may run; `None` without limit.
    pub fn time(&self, options: &Options) -> Option<Duration> {
        let own = self.timeout.map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or_default()));
        Some(own.unwrap_or(options.timeout)).filter(|time| !time.is_zero())
    }

    fn tries(&self, options: &Options) -> i64 {
        self.max_tries.unwrap_or_else(|| options.tries.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options { tries: 2, backoff: vec![3], timeout: Duration::from_secs(60) }
    }

    fn terms(json: &str) -> Terms {
        Terms::read(&Payload::read(json.as_bytes()).unwrap())
    }

    #[test]
    fn tries_of_the_payload_come_before_those_of_the_worker() {
        let (own, none, any) = (terms(r#"{"maxTries":1}"#), terms("{}"), terms(r#"{"maxTries":0}"#));
        let begins = |terms: &Terms| [1, 2, 3].map(|attempts| terms.may_begin(attempts, 0, &options()));
        assert_eq!(begins(&own), [true, false, false]);
        assert_eq!(begins(&none), [true, true, false]);
        assert_eq!(begins(&any), [true, true, true]);
        let again = |terms: &Terms| [1, 2].map(|attempts| terms.may_try_again(attempts, 0, &options()));
        assert_eq!((again(&own), again(&none), again(&any)), ([false, false], [true, false], [true, true]));
    }

    #[test]
    fn with_a_deadline_tries_do_not_count() {
        let until = terms(r#"{"maxTries":1,"retryUntil":100}"#);
        assert!(until.may_begin(9, 100, &options()) && !until.may_begin(1, 101, &options()));
        assert!(until.may_try_again(9, 99, &options()) && !until.may_try_again(1, 100, &options()));
    }

    #[test]
    fn the_delay_grows_along_the_list_and_stays_at_its_end() {
        let listed = terms(r#"{"backoff":"5,10"}"#);
        let delays = [1, 2, 3].map(|attempts| listed.delay(attempts, &options()).as_secs());
        assert_eq!(delays, [5, 10, 10]);
        assert_eq!(terms("{}").delay(1, &options()).as_secs(), 3);
        assert_eq!(terms(r#"{"delay":3600}"#).delay(1, &options()).as_secs(), 3600);
    }

    #[test]
    fn the_time_of_the_payload_comes_before_that_of_the_worker() {
        assert_eq!(terms(r#"{"timeout":120}"#).time(&options()), Some(Duration::from_secs(120)));
        assert_eq!(terms(r#"{"timeout":0}"#).time(&options()), None);
        assert_eq!(terms("{}").time(&options()), Some(Duration::from_secs(60)));
    }
}
