//! What metrics are counted in.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! units {
    ($($(#[$default:meta])? $variant:ident $name:literal,)+) => {
        /// A unit of CloudWatch's list (`StandardUnit`). It says what is meant; nothing is converted.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum Unit {
            $($(#[$default])? #[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl Unit {
            /// All of them.
            pub const ALL: &[Unit] = &[$(Unit::$variant),+];

            /// As CloudWatch writes it, such as `Count/Second`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Unit::$variant => $name,)+
                }
            }
        }
    };
}

units! {
    Seconds "Seconds",
    Microseconds "Microseconds",
    Milliseconds "Milliseconds",
    Bytes "Bytes",
    Kilobytes "Kilobytes",
    Megabytes "Megabytes",
    Gigabytes "Gigabytes",
    Terabytes "Terabytes",
    Bits "Bits",
    Kilobits "Kilobits",
    Megabits "Megabits",
    Gigabits "Gigabits",
    Terabits "Terabits",
    Percent "Percent",
    Count "Count",
    BytesPerSecond "Bytes/Second",
    KilobytesPerSecond "Kilobytes/Second",
    MegabytesPerSecond "Megabytes/Second",
    GigabytesPerSecond "Gigabytes/Second",
    TerabytesPerSecond "Terabytes/Second",
    BitsPerSecond "Bits/Second",
    KilobitsPerSecond "Kilobits/Second",
    MegabitsPerSecond "Megabits/Second",
    GigabitsPerSecond "Gigabits/Second",
    TerabitsPerSecond "Terabits/Second",
    CountPerSecond "Count/Second",
    #[default]
    None "None",
}

/// The text is no unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a unit: use one of CloudWatch's, such as None, Count or Bytes")]
pub struct UnitError(String);

impl FromStr for Unit {
    type Err = UnitError;

    fn from_str(name: &str) -> Result<Self, UnitError> {
        Self::ALL.iter().copied().find(|unit| unit.name() == name).ok_or_else(|| UnitError(name.to_owned()))
    }
}

impl TryFrom<String> for Unit {
    type Error = UnitError;

    fn try_from(name: String) -> Result<Self, UnitError> {
        name.parse()
    }
}

impl From<Unit> for &'static str {
    fn from(unit: Unit) -> Self {
        unit.name()
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        assert_eq!(Unit::ALL.len(), 27);
        for unit in Unit::ALL {
            assert_eq!(unit.name().parse(), Ok(*unit));
        }
        assert_eq!(Unit::default().name(), "None");
        assert!("count".parse::<Unit>().is_err());
    }
}
