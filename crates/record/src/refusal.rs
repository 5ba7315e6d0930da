//! What could not be read: counted in full, the first few kept with their position.

use std::{fmt, sync::Arc};

/// One line, or one stretch of an object, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The object or file, as the caller names it.
    pub object: Arc<str>,
    /// The line, counted from 1.
    pub line: u64,
    /// The byte in the line, counted from 1.
    pub column: u32,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, line {}, column {}: {}", self.object, self.line, self.column, self.reason)
    }
}

/// How much was read and how much of it was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals {
    /// Records read or refused; empty lines and headers are not among them.
    pub lines: u64,
    /// Records refused.
    pub refused: u64,
    /// Cells that did not fit their column and read as NULL. A `-` is not among them.
    pub nulled: u64,
    /// The first [`Refusals::SAMPLES`] refused lines.
    pub samples: Vec<Refusal>,
}

impl Refusals {
    /// How many refused lines are kept.
    pub const SAMPLES: usize = 20;

    /// Counts a refused line; `reason` is only asked for when the line is kept as a sample.
    ///
    /// The line itself is not counted in [`lines`](Self::lines): who reads it does that.
    pub fn refuse(&mut self, object: &Arc<str>, line: u64, column: u32, reason: impl FnOnce() -> String) {
        self.refused += 1;
        if self.samples.len() < Self::SAMPLES {
            self.samples.push(Refusal { object: Arc::clone(object), line, column, reason: reason() });
        }
    }

    /// Adds what another reader counted.
    pub fn merge(&mut self, other: Refusals) {
        self.lines += other.lines;
        self.refused += other.refused;
        self.nulled += other.nulled;
        let room = Self::SAMPLES.saturating_sub(self.samples.len());
        self.samples.extend(other.samples.into_iter().take(room));
    }

    /// Whether everything was read as it stood.
    pub fn is_empty(&self) -> bool {
        self.refused == 0 && self.nulled == 0
    }
}

/// A summary: the counts, then a line for each sample.
impl fmt::Display for Refusals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} records, {} refused", self.lines, self.refused)?;
        if self.nulled > 0 {
            write!(out, ", {} cells read as NULL", self.nulled)?;
        }
        for sample in &self.samples {
            write!(out, "\n  {sample}")?;
        }
        let unseen = self.refused.saturating_sub(self.samples.len() as u64);
        if unseen > 0 && !self.samples.is_empty() {
            write!(out, "\n  and {unseen} more")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(object: &str, refused: u64) -> Refusals {
        let mut refusals = Refusals { lines: 100, nulled: 1, ..Refusals::default() };
        for line in 1..=refused {
            refusals.refuse(&object.into(), line, 7, || "expected a number".into());
        }
        refusals
    }

    #[test]
    fn keeps_the_first_and_counts_all() {
        let mut all = refusals("a.log", 15);
        all.merge(refusals("b.log", 15));
        assert_eq!((all.lines, all.refused, all.nulled), (200, 30, 2));
        assert_eq!(all.samples.len(), Refusals::SAMPLES);
        assert_eq!(all.samples[14].to_string(), "a.log, line 15, column 7: expected a number");
        assert_eq!(all.samples[15].to_string(), "b.log, line 1, column 7: expected a number");
    }

    #[test]
    fn summary_says_what_is_not_shown() {
        let summary = refusals("a.log", 22).to_string();
        assert!(summary.starts_with("100 records, 22 refused, 1 cells read as NULL\n  a.log, line 1"), "{summary}");
        assert!(summary.ends_with("\n  and 2 more"), "{summary}");
        assert_eq!(refusals("a.log", 0).to_string(), "100 records, 0 refused, 1 cells read as NULL");
        assert!(Refusals::default().is_empty());
    }
}
