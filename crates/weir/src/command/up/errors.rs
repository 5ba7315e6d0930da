//! The last things that went wrong.

use std::collections::VecDeque;

use crate::report::ErrorReport;

/// How many are kept.
const MOST: usize = 20;

/// The last things that went wrong, each once: what is tried again and fails again is one error, at its last time.
#[derive(Debug, Clone, Default)]
pub(super) struct Errors(VecDeque<ErrorReport>);

impl Errors {
    /// Adds one, at a time in Unix seconds. Gives it back if it is a new one.
    pub(super) fn add(&mut self, message: String, time: u64) -> Option<&ErrorReport> {
        let known = self.0.iter().position(|error| error.message == message);
        if let Some(place) = known {
            self.0.remove(place);
        }
        self.0.push_back(ErrorReport { time, message });
        if self.0.len() > MOST {
            self.0.pop_front();
        }
        if known.is_none() { self.0.back() } else { None }
    }

    /// All of them, oldest first.
    pub(super) fn list(&self) -> Vec<ErrorReport> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_in_turns_leaves_room_for_the_rest() {
        let mut errors = Errors::default();
        assert!(errors.add("once".into(), 1).is_some());
        for time in 2..100 {
            assert_eq!(errors.add(format!("turn {}", time % 3), time).is_some(), time < 5);
        }
        let list = errors.list();
        let told: Vec<_> = list.iter().map(|error| (error.message.as_str(), error.time)).collect();
        assert_eq!(told, [("once", 1), ("turn 1", 97), ("turn 2", 98), ("turn 0", 99)]);
        for time in 100..200 {
            errors.add(time.to_string(), time);
        }
        assert_eq!((errors.list().len(), errors.list()[0].time), (MOST, 180));
    }
}
