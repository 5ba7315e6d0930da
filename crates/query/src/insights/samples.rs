//! Queries that are asked of flow logs often: what the console and the guide of CloudWatch Logs offer for them.

use sha2::{Digest, Sha256};

/// A saved question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// What it is called by.
    pub name: &'static str,
    /// What it answers.
    pub title: &'static str,
    /// The query.
    pub query: &'static str,
}

impl Sample {
    /// What APIs know it by, among the samples `of` some kind: a UUID that is always the same.
    pub(crate) fn id(&self, of: &str) -> String {
        let digest = Sha256::digest(format!("{of}/{}", self.name));
        let bytes = std::array::from_fn(|place| digest.get(place).copied().unwrap_or_default());
        uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
    }
}

/// All of them. Those that name an address or an interface are to be changed by whoever asks.
pub const SAMPLES: &[Sample] = &[
    Sample {
        name: "bytes-by-pair",
        title: "Average, least and most bytes by source and destination",
        query: "stats avg(bytes), min(bytes), max(bytes) by srcAddr, dstAddr",
    },
    Sample {
        name: "udp-sources",
        title: "Addresses that send UDP",
        query: "filter protocol=17 | stats count(*) by srcAddr",
    },
    Sample {
        name: "top-transfers",
        title: "The 10 pairs with the most bytes",
        query: "stats sum(bytes) as bytesTransferred by srcAddr, dstAddr | sort bytesTransferred desc | limit 10",
    },
    Sample {
        name: "top-rejected-sources",
        title: "The 20 sources that were refused most often",
        query: "filter action=\"REJECT\" | stats count(*) as numRejections by srcAddr | sort numRejections desc | limit 20",
    },
    Sample {
        name: "top-packets",
        title: "The 15 pairs with the most packets",
        query: "stats sum(packets) as packetsTransferred by srcAddr, dstAddr | sort packetsTransferred desc | limit 15",
    },
    Sample {
        name: "from-subnet",
        title: "Where the hosts of a subnet send most bytes to",
        query: "filter isIpv4InSubnet(srcAddr, \"192.0.2.0/24\") | stats sum(bytes) as bytesTransferred by dstAddr \
                | sort bytesTransferred desc | limit 15",
    },
    Sample {
        name: "skipped-by-hour",
        title: "Windows in which records were lost, by hour",
        query: "filter logStatus=\"SKIPDATA\" | stats count(*) by bin(1h) as t | sort t",
    },
    Sample {
        name: "connections",
        title: "One row for each connection of an interface, the latest first",
        query: "fields @timestamp, srcAddr, dstAddr, srcPort, dstPort, protocol, bytes \
                | filter interfaceId = 'eni-0123456789abcdef0' | sort @timestamp desc \
                | dedup srcAddr, dstAddr, srcPort, dstPort, protocol | limit 20",
    },
    Sample {
        name: "status-by-interface",
        title: "How often each interface had traffic, none, or lost records",
        query: "stats count(*) by interfaceId, logStatus | sort by interfaceId, logStatus",
    },
    Sample {
        name: "refused-ports",
        title: "Ports that private sources were refused at",
        query: "filter action=\"REJECT\" and srcAddr like /^10\\./ | stats count(*) as n by dstPort | sort n desc",
    },
    Sample {
        name: "through-gateway",
        title: "What the hosts of a network send to one address behind a gateway",
        query: "filter (dstAddr like '203.0.113.5' and srcAddr like '10.0.') \
                | stats sum(bytes) as bytesTransferred by srcAddr, dstAddr | sort bytesTransferred desc | limit 10",
    },
    Sample {
        name: "uploads",
        title: "The 10 pairs with the most bytes that leave a network",
        query: "filter (srcAddr like '10.0.' and dstAddr not like '10.0.') \
                | stats sum(bytes) as bytesTransferred by srcAddr, dstAddr | sort bytesTransferred desc | limit 10",
    },
    Sample {
        name: "downloads",
        title: "The 10 pairs with the most bytes that come into a network",
        query: "filter (dstAddr like '10.0.' and srcAddr not like '10.0.') \
                | stats sum(bytes) as bytesTransferred by srcAddr, dstAddr | sort bytesTransferred desc | limit 10",
    },
    Sample {
        name: "rejections-by-5-minutes",
        title: "Refused flows in each 5 minutes, also where there are none",
        query: "filter action=\"REJECT\" | stats count(*) as refused by bin(5m) as t | fillmissing with 0 for refused",
    },
    Sample {
        name: "newest",
        title: "The 25 newest events",
        query: "fields @timestamp, @message | sort @timestamp desc | limit 25",
    },
    Sample {
        name: "exceptions-by-hour",
        title: "Exceptions by hour",
        query: "filter @message like /Exception/ | stats count(*) as exceptionCount by bin(1h) | sort exceptionCount desc",
    },
    Sample {
        name: "no-exceptions",
        title: "Events that are no exceptions",
        query: "fields @message | filter @message not like /Exception/",
    },
    Sample {
        name: "interface-in-text",
        title: "The interface in each message",
        query: "parse @message /(?<NetworkInterface>eni-.*?) / | display NetworkInterface, @message",
    },
    Sample {
        name: "latest-by-server",
        title: "The latest event of each server, in JSON",
        query: "fields @timestamp, server, severity, message | sort @timestamp desc | dedup server",
    },
];

/// The sample of this name.
pub fn sample(name: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_a_query_of_its_own_name() {
        for (place, sample) in SAMPLES.iter().enumerate() {
            crate::insights::Query::parse(sample.query).unwrap_or_else(|error| panic!("{}: {error}", sample.name));
            assert!(SAMPLES[..place].iter().all(|other| other.name != sample.name), "{}", sample.name);
        }
    }
}
