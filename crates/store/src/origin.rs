//! Windows that come from elsewhere, and may come twice: where from, and which one.

use std::{fmt, str::FromStr};

/// Names a window that another program hands over: its source, and a number that grows with each window of that
/// source. When an answer was lost, the same window is handed over again under the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    source: String,
    sequence: u64,
}

/// Longest name of a source, so that the name of a file has room for it.
const LONGEST: usize = 100;

impl Origin {
    /// A window of a source. The name of a source is at most 100 lower-case letters, digits and hyphens; none for
    /// another.
    pub fn new(source: impl Into<String>, sequence: u64) -> Option<Self> {
        let source = source.into();
        let good = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let is_name = (1..=LONGEST).contains(&source.len()) && source.bytes().all(good);
        is_name.then_some(Self { source, sequence })
    }

    /// Where it comes from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its number there.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.source, self.sequence)
    }
}

impl FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (source, sequence) = text.rsplit_once('-').ok_or(())?;
        Self::new(source, sequence.parse().map_err(|_| ())?).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_lead_nowhere_else() {
        let origin = Origin::new("i-0ee3b9429859eafa7f-0101010101010101", 42).expect("good");
        assert_eq!(origin.to_string().parse(), Ok(origin));
        for source in ["", "../etc", "A", "a.b", &"a".repeat(101)] {
            assert_eq!(Origin::new(source, 1), None, "{source}");
        }
    }
}
