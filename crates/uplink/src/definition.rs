//! What a server asks of its agents: which flow logs to record, and under which groups and ACLs.

use serde::{Deserialize, Serialize};
use weir_network::{AggregationInterval, Network, NetworkFile, Owner, TrafficType};
use weir_record::Format;

use crate::UplinkError;

/// All that an agent needs to know. A key that an agent does not know is refused, not passed over: half of a
/// definition would be another one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Definition {
    /// The flow logs to record. All have the same interval.
    pub flow_logs: Vec<Recording>,
    /// Security groups, network ACLs and the interfaces they belong to; none when the server has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkFile>,
    /// Whether agents are to put groups and ACLs in force on the interfaces that their users named. Otherwise they take
    /// away what they put in force before.
    #[serde(default)]
    pub enforce: bool,
}

/// A flow log as far as the one who records needs to know it; where its records go is the server's business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Recording {
    /// `fl-…`
    pub flow_log_id: String,
    /// Account in its records, 12 digits.
    pub account_id: String,
    /// Region in its records.
    pub region: String,
    /// Which records it takes.
    pub traffic_type: TrafficType,
    /// The fields of the records that agents send. The server may need more of them than the flow log has.
    pub log_format: Format,
    /// The longest time that one record may stand for, in seconds.
    pub max_aggregation_interval: AggregationInterval,
    /// Flows that one interface may hold in one interval.
    pub max_flows: u64,
}

impl Definition {
    /// Reads a definition, and checks that this program can do what it says.
    ///
    /// # Errors
    /// With the sentence that the server's people will see.
    pub fn parse(text: &str) -> Result<Self, UplinkError> {
        let definition: Self =
            serde_json::from_str(text).map_err(|error| UplinkError::Definition { problem: error.to_string() })?;
        definition.check()?;
        Ok(definition)
    }

    /// As text. Its [version](version_of) is made from it.
    ///
    /// # Errors
    /// When it cannot be written, which no definition that was checked does.
    pub fn to_text(&self) -> Result<String, UplinkError> {
        serde_json::to_string(self).map_err(|error| UplinkError::Definition { problem: error.to_string() })
    }

    /// The network, put together; none when the server has none.
    ///
    /// # Errors
    /// When it does not fit together.
    pub fn network(&self) -> Result<Option<Network>, UplinkError> {
        let owner = self.flow_logs.first().map_or_else(Owner::default, |recording| Owner {
            account_id: recording.account_id.clone(),
            region: recording.region.clone(),
        });
        let network = self.network.clone().map(|file| Network::from_file(file, &owner)).transpose();
        network.map_err(|error| UplinkError::Definition { problem: error.to_string() })
    }

    fn check(&self) -> Result<(), UplinkError> {
        let mut intervals: Vec<u64> =
            self.flow_logs.iter().map(|recording| recording.max_aggregation_interval.seconds()).collect();
        intervals.dedup();
        if intervals.len() > 1 {
            let problem = format!("flow logs with different intervals ({intervals:?} s) cannot be recorded together");
            return Err(UplinkError::Definition { problem });
        }
        Ok(())
    }
}

/// The version of a definition: the same text has the same version on every server and after every restart (FNV-1a).
pub fn version_of(text: &str) -> String {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(intervals: &[u64]) -> Definition {
        let recording = |seconds: &u64| Recording {
            flow_log_id: "fl-0123456789abcdef0".into(),
            account_id: "123456789012".into(),
            region: "us-east-1".into(),
            traffic_type: TrafficType::All,
            log_format: Format::default(),
            max_aggregation_interval: AggregationInterval::try_from(*seconds).unwrap(),
            max_flows: 1000,
        };
        Definition { flow_logs: intervals.iter().map(recording).collect(), network: None, enforce: false }
    }

    #[test]
    fn it_is_read_back_as_it_was() {
        let file = NetworkFile::parse("[[security-group]]\nid = \"sg-web\"\n").unwrap();
        let definition = Definition { network: Some(file), ..definition(&[10, 10]) };
        let text = definition.to_text().unwrap();
        assert_eq!(Definition::parse(&text).unwrap(), definition);
    }

    #[test]
    fn versions_follow_the_text() {
        let one = definition(&[10]).to_text().unwrap();
        let other = definition(&[60]).to_text().unwrap();
        assert_eq!(version_of(&one), version_of(&definition(&[10]).to_text().unwrap()));
        assert_ne!(version_of(&one), version_of(&other));
    }

    #[test]
    fn what_an_old_agent_cannot_do_is_refused_with_a_sentence() {
        let text = definition(&[10]).to_text().unwrap();
        let refusal = |text: &str| Definition::parse(text).unwrap_err().to_string();
        let newer = refusal(&text.replacen('{', "{\"sampling\":2,", 1));
        assert!(newer.contains("unknown field `sampling`") && newer.contains("update the agent"), "{newer}");
        let field = refusal(&text.replace("${version}", "${colour}"));
        assert!(field.contains("unknown field `colour`"), "{field}");
        let interval = refusal(&text.replace(":10,", ":7,"));
        assert!(interval.contains("invalid aggregation interval 7"), "{interval}");
        let two = refusal(&definition(&[10, 60]).to_text().unwrap());
        assert!(two.contains("different intervals ([10, 60] s)"), "{two}");
    }
}
