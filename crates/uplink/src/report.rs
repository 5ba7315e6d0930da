//! How an agent is doing, as it tells its server every few seconds.

use serde::{Deserialize, Serialize};

/// An agent's own figures, since it started unless said otherwise. What a newer agent adds is passed over, what an
/// older one leaves out is zero.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Report {
    /// How it captures, in words; see the tiers of capture.
    pub capture: String,
    /// Why it records nothing, if so.
    pub not_recording: Option<String>,
    /// Its interfaces, also those that went away.
    pub interfaces: Vec<InterfaceState>,
    /// Version of the definition that it follows.
    pub definition: Option<String>,
    /// Why it does not follow the newest definition, if so.
    pub refused: Option<String>,
    /// What it puts in force, in words; none when it enforces nothing.
    pub enforcing: Option<String>,
    /// What waits on its disk.
    pub spooled: Spooled,
    /// What it dropped.
    pub lost: Lost,
}

/// An interface of a further host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct InterfaceState {
    /// `eni-…`
    pub id: String,
    /// Its name on the host, such as `eth0`.
    pub name: String,
    /// Whether it is being recorded now.
    pub recording: bool,
    /// Packets that passed, in windows that ended.
    pub packets_seen: u64,
    /// Packets that went into records.
    pub packets_recorded: u64,
    /// Packets that no record shows; they became SKIPDATA.
    pub packets_lost: u64,
}

/// What waits on an agent's disk until the server has taken it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Spooled {
    /// Batches.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Most bytes that may wait.
    pub limit: u64,
}

/// What an agent dropped, since its spool was made. Each loss becomes SKIPDATA records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Lost {
    /// Batches.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_of_other_versions_are_understood() {
        let older: Report = serde_json::from_str("{}").unwrap();
        assert_eq!(older, Report::default());
        let newer: Report = serde_json::from_str(r#"{"colour":"red","lost":{"batches":2,"shade":1}}"#).unwrap();
        assert_eq!(newer.lost, Lost { batches: 2, records: 0 });
    }
}
