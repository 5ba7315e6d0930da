//! The words of alarms: states, operators, what missing data mean.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$of:meta])* $name:ident { $($(#[$about:meta])* $variant:ident $text:literal,)+ }) => {
        $(#[$of])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$about])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As the API writes it.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The one that the API writes so.
            pub fn of(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.text() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.text())
            }
        }
    };
}

words! {
    /// The state of an alarm.
    StateValue {
        /// Within the threshold.
        Ok "OK",
        /// M of N data points breach.
        Alarm "ALARM",
        /// Just made, or too little data.
        InsufficientData "INSUFFICIENT_DATA",
    }
}

words! {
    /// What a data point does to the threshold when it breaches.
    Comparison {
        /// `>=`
        GreaterThanOrEqual "GreaterThanOrEqualToThreshold",
        /// `>`
        GreaterThan "GreaterThanThreshold",
        /// `<`
        LessThan "LessThanThreshold",
        /// `<=`
        LessThanOrEqual "LessThanOrEqualToThreshold",
    }
}

words! {
    /// What a missing data point counts as.
    TreatMissingData {
        /// As one beyond the threshold.
        Breaching "breaching",
        /// As one within it.
        NotBreaching "notBreaching",
        /// As no reason to change the state.
        Ignore "ignore",
        /// As missing: without any data the state is insufficient.
        Missing "missing",
    }
}

words! {
    /// What becomes of a percentile of too few values.
    LowSamples {
        /// It counts as any other.
        Evaluate "evaluate",
        /// The state stays.
        Ignore "ignore",
    }
}

impl Default for StateValue {
    /// That of a new alarm.
    fn default() -> Self {
        Self::InsufficientData
    }
}

/// The operators of anomaly detection, which is not there.
pub const ANOMALY_OPERATORS: [&str; 3] =
    ["LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"];

impl Comparison {
    /// Whether a value is beyond a threshold.
    pub fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThanOrEqual => value >= threshold,
            Self::GreaterThan => value > threshold,
            Self::LessThan => value < threshold,
            Self::LessThanOrEqual => value <= threshold,
        }
    }

    /// As reasons say it.
    pub fn words(self) -> &'static str {
        match self {
            Self::GreaterThanOrEqual => "greater than or equal to",
            Self::GreaterThan => "greater than",
            Self::LessThan => "less than",
            Self::LessThanOrEqual => "less than or equal to",
        }
    }
}
