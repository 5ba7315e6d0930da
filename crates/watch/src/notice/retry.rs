//! When to try again what did not arrive.

use serde::{Deserialize, Serialize};

/// How the waits of the backoff phase grow from the shortest to the longest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backoff {
    /// By the same step each time.
    #[default]
    Linear,
    /// By a step that grows each time.
    Arithmetic,
    /// By the same factor each time.
    Geometric,
    /// By doubling.
    Exponential,
}

/// Four phases of tries: at once, short waits, waits that grow, long waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Tries without a wait.
    pub immediate: u32,
    /// Tries after the shortest wait.
    pub before: u32,
    /// Tries after waits that grow.
    pub backoff: u32,
    /// Tries after the longest wait.
    pub after: u32,
    /// Seconds.
    pub shortest: u32,
    /// Seconds.
    pub longest: u32,
    /// How waits grow.
    pub growth: Backoff,
}

/// How far jitter moves a wait to either side.
const JITTER: f64 = 0.1;

impl Retries {
    /// What SNS does for mail: 50 tries in more than six hours.
    pub const MAIL: Self = Self {
        immediate: 0,
        before: 2,
        backoff: 10,
        after: 38,
        shortest: 10,
        longest: 600,
        growth: Backoff::Exponential,
    };

    /// What SNS does for HTTP and HTTPS unless told otherwise: three times, 20 s apart.
    pub const HTTP: Self =
        Self { immediate: 0, before: 0, backoff: 3, after: 0, shortest: 20, longest: 20, growth: Backoff::Linear };

    /// How many milliseconds to wait after this many failures (1 or more); none when it is time to give up.
    ///
    /// `jitter` is anything from 0 to 1; 0.5 moves nothing.
    pub fn wait_ms(&self, failures: u32, jitter: f64) -> Option<i64> {
        let seconds = self.wait(failures)?;
        let moved = seconds * (1.0 + JITTER * (2.0 * jitter - 1.0));
        // At most an hour and a tenth.
        Some((moved * 1000.0).round() as i64)
    }

    /// How many seconds all waits take together, without jitter.
    pub fn total_seconds(&self) -> f64 {
        (1..).map_while(|failures| self.wait(failures)).sum()
    }

    /// Seconds after this many failures.
    fn wait(&self, failures: u32) -> Option<f64> {
        let mut step = failures.checked_sub(1)?;
        let growing = |step: u32| self.growth.wait(step, self.backoff, self.shortest.into(), self.longest.into());
        let phases: [(u32, &dyn Fn(u32) -> f64); 4] = [
            (self.immediate, &|_| 0.0),
            (self.before, &|_| self.shortest.into()),
            (self.backoff, &growing),
            (self.after, &|_| self.longest.into()),
        ];
        for (tries, wait) in phases {
            if step < tries {
                return Some(wait(step));
            }
            step -= tries;
        }
        None
    }
}

impl Backoff {
    /// The wait number `step` of `steps`, from `shortest` (the first) to `longest` (the last).
    fn wait(self, step: u32, steps: u32, shortest: f64, longest: f64) -> f64 {
        let last = f64::from(steps.saturating_sub(1).max(1));
        let part = f64::from(step) / last;
        match self {
            Self::Linear => shortest + (longest - shortest) * part,
            Self::Arithmetic => shortest + (longest - shortest) * part * (f64::from(step) + 1.0) / (last + 1.0),
            Self::Geometric => shortest * (longest / shortest).powf(part),
            Self::Exponential => (shortest * 2_f64.powi(step.min(64) as i32)).min(longest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(retries: Retries) -> Vec<i64> {
        (1..).map_while(|failures| retries.wait_ms(failures, 0.5)).map(|wait| wait / 1000).collect()
    }

    #[test]
    fn mail_is_tried_fifty_times_in_more_than_six_hours() {
        let waits = waits(Retries::MAIL);
        assert_eq!(waits[..12], [10, 10, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600]);
        assert_eq!(waits.len(), 50);
        assert!(waits[12..].iter().all(|wait| *wait == 600));
        assert!(waits.iter().sum::<i64>() > 6 * 3600);
        assert_eq!(Retries::MAIL.total_seconds(), waits.iter().sum::<i64>() as f64);
    }

    #[test]
    fn posts_are_tried_three_times_again() {
        assert_eq!(waits(Retries::HTTP), [20, 20, 20]);
    }

    #[test]
    fn waits_grow_in_four_ways_between_the_same_ends() {
        let of =
            |growth| waits(Retries { immediate: 1, before: 1, backoff: 5, after: 1, shortest: 1, longest: 81, growth });
        assert_eq!(of(Backoff::Linear), [0, 1, 1, 21, 41, 61, 81, 81]);
        assert_eq!(of(Backoff::Arithmetic), [0, 1, 1, 9, 25, 49, 81, 81]);
        assert_eq!(of(Backoff::Geometric), [0, 1, 1, 3, 9, 27, 81, 81]);
        assert_eq!(of(Backoff::Exponential), [0, 1, 1, 2, 4, 8, 16, 81]);
    }

    #[test]
    fn jitter_moves_a_wait_by_a_tenth_to_either_side() {
        let wait = |jitter| Retries::HTTP.wait_ms(1, jitter);
        assert_eq!((wait(0.0), wait(0.5), wait(1.0)), (Some(18_000), Some(20_000), Some(22_000)));
        assert_eq!((Retries::HTTP.wait_ms(0, 0.5), Retries::HTTP.wait_ms(4, 0.5)), (None, None));
    }

    #[test]
    fn one_growing_wait_is_the_shortest() {
        for growth in [Backoff::Linear, Backoff::Arithmetic, Backoff::Geometric, Backoff::Exponential] {
            let one = Retries { immediate: 0, before: 0, backoff: 1, after: 0, shortest: 5, longest: 60, growth };
            assert_eq!(waits(one), [5]);
        }
    }
}
