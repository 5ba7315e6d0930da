//! Questions in SQL that are asked of flow logs often: what guides and courses on them ask.

use crate::insights::Sample;

/// All of them, over the table `vpc_flow_logs` with the column names of Weir. Those that name an address, an interface
/// or a day are to be changed by whoever asks.
pub const QUESTIONS: &[Sample] = &[
    Sample {
        name: "records",
        title: "How many records there are",
        query: "SELECT count(*) AS records FROM vpc_flow_logs",
    },
    Sample {
        name: "records-of-day",
        title: "Records of one day",
        query: "SELECT * FROM vpc_flow_logs WHERE date(from_unixtime(start)) = DATE '2026-11-20' LIMIT 100",
    },
    Sample {
        name: "records-between-days",
        title: "Records from one day on and before another, by day",
        query: "SELECT date(from_unixtime(start)) AS day, srcaddr, dstaddr, action FROM vpc_flow_logs \
                WHERE date(from_unixtime(start)) >= DATE '2026-11-01' AND date(from_unixtime(start)) < DATE '2026-11-21' \
                ORDER BY day LIMIT 100",
    },
    Sample {
        name: "times-in-words",
        title: "Begin and end of the flows of one day, written out",
        query: "SELECT interface_id, srcaddr, action, protocol, to_iso8601(from_unixtime(start)) AS start_time, \
                to_iso8601(from_unixtime(\"end\")) AS end_time FROM vpc_flow_logs \
                WHERE date(from_unixtime(start)) = DATE '2026-11-20' ORDER BY start LIMIT 100",
    },
    Sample {
        name: "rejected",
        title: "Refused flows, the latest first",
        query: "SELECT srcaddr, dstaddr, dstport, protocol FROM vpc_flow_logs WHERE action = 'REJECT' \
                ORDER BY start DESC, dstport LIMIT 100",
    },
    Sample {
        name: "rejected-tcp",
        title: "Refused TCP flows with their weekday (Monday is 1)",
        query: "SELECT day_of_week(from_unixtime(start)) AS weekday, date(from_unixtime(start)) AS day, interface_id, \
                srcaddr, dstport, action, protocol FROM vpc_flow_logs WHERE action = 'REJECT' AND protocol = 6 \
                ORDER BY srcaddr, dstport LIMIT 100",
    },
    Sample {
        name: "rejected-on-day",
        title: "Refused flows of one day",
        query: "SELECT interface_id, srcaddr, dstaddr, dstport, protocol FROM vpc_flow_logs WHERE action = 'REJECT' \
                AND date(from_unixtime(start)) = DATE '2026-11-20' ORDER BY srcaddr LIMIT 100",
    },
    Sample {
        name: "remote-access",
        title: "Flows of SSH and of remote desktops, in order of time",
        query: "SELECT srcaddr, srcport, dstaddr, dstport, action FROM vpc_flow_logs \
                WHERE srcport IN (22, 3389) OR dstport IN (22, 3389) ORDER BY start, srcport",
    },
    Sample {
        name: "ssh-recently",
        title: "SSH within the last 6 hours",
        query: "SELECT srcaddr, dstaddr, action FROM vpc_flow_logs WHERE dstport = 22 \
                AND date_diff('minute', from_unixtime(start), current_timestamp) <= 360 ORDER BY start",
    },
    Sample {
        name: "top-hosts",
        title: "The 10 addresses with the most bytes, sent and received",
        query: "SELECT ip, sum(bytes) AS total_bytes FROM ( \
                SELECT dstaddr AS ip, sum(bytes) AS bytes FROM vpc_flow_logs GROUP BY 1 UNION ALL \
                SELECT srcaddr AS ip, sum(bytes) AS bytes FROM vpc_flow_logs GROUP BY 1) \
                WHERE ip <> '-' GROUP BY ip ORDER BY total_bytes DESC LIMIT 10",
    },
    Sample {
        name: "top-https",
        title: "The 10 destinations with the most packets to port 443, within a week",
        query: "SELECT sum(packets) AS packetcount, dstaddr FROM vpc_flow_logs WHERE dstport = 443 \
                AND date(from_unixtime(start)) > current_date - interval '7' day \
                GROUP BY dstaddr ORDER BY packetcount DESC LIMIT 10",
    },
    Sample {
        name: "to-https",
        title: "Flows to port 443 with the most bytes",
        query: "SELECT srcaddr, dstaddr, bytes FROM vpc_flow_logs WHERE dstport = 443 ORDER BY bytes DESC LIMIT 100",
    },
    Sample {
        name: "from-https",
        title: "Flows from port 443 with the most bytes",
        query: "SELECT srcaddr, dstaddr, bytes FROM vpc_flow_logs WHERE srcport = 443 ORDER BY bytes DESC LIMIT 100",
    },
    Sample {
        name: "bytes-from-address",
        title: "Where one address sends bytes to",
        query: "SELECT dstaddr, sum(bytes) AS bytes FROM vpc_flow_logs WHERE srcaddr = '10.0.1.5' \
                GROUP BY dstaddr ORDER BY 2 DESC",
    },
    Sample {
        name: "packets-from-address",
        title: "The packets of one address, by source port",
        query: "SELECT srcport, packets FROM vpc_flow_logs WHERE srcaddr = '10.0.1.5' ORDER BY srcport DESC",
    },
    Sample {
        name: "to-address",
        title: "Who asks for one address, and whether it is let through",
        query: "SELECT srcaddr, dstport, action FROM vpc_flow_logs WHERE dstaddr = '10.0.2.7' ORDER BY start, dstport",
    },
    Sample {
        name: "from-network",
        title: "Flows from a network, told by the parts of the address",
        query: "SELECT srcaddr, dstaddr, bytes FROM vpc_flow_logs \
                WHERE split_part(srcaddr, '.', 1) = '10' AND split_part(srcaddr, '.', 2) = '117'",
    },
    Sample {
        name: "into-network",
        title: "How many flows go into a network",
        query: "SELECT count(*) AS flows FROM vpc_flow_logs \
                WHERE contains('203.0.113.0/24', TRY_CAST(dstaddr AS IPADDRESS))",
    },
    Sample {
        name: "out-of-network",
        title: "Bytes that leave a network, by destination",
        query: "SELECT dstaddr, sum(bytes) AS bytes FROM vpc_flow_logs \
                WHERE contains('10.0.0.0/8', TRY_CAST(srcaddr AS IPADDRESS)) \
                AND NOT contains('10.0.0.0/8', TRY_CAST(dstaddr AS IPADDRESS)) \
                GROUP BY dstaddr ORDER BY bytes DESC LIMIT 100",
    },
    Sample {
        name: "steady-destinations",
        title: "Destinations outside of a network on three days or more",
        query: "SELECT dstaddr, count(DISTINCT date(from_unixtime(start))) AS days FROM vpc_flow_logs \
                WHERE NOT contains('10.0.0.0/8', TRY_CAST(dstaddr AS IPADDRESS)) GROUP BY dstaddr \
                HAVING count(DISTINCT date(from_unixtime(start))) >= 3 ORDER BY days DESC, dstaddr",
    },
    Sample {
        name: "records-by-source",
        title: "Records of each source, the most first",
        query: "SELECT srcaddr, count(*) AS records FROM vpc_flow_logs GROUP BY srcaddr ORDER BY records DESC, srcaddr",
    },
    Sample {
        name: "busiest-source",
        title: "The source with the most records",
        query: "SELECT srcaddr, count(*) AS records FROM vpc_flow_logs WHERE srcaddr <> '-' \
                GROUP BY srcaddr ORDER BY records DESC, srcaddr LIMIT 1",
    },
    Sample {
        name: "destinations-by-source",
        title: "How many destinations each source asks for",
        query: "SELECT srcaddr, count(DISTINCT dstaddr) AS destinations FROM vpc_flow_logs WHERE srcaddr <> '-' \
                GROUP BY srcaddr ORDER BY destinations DESC, srcaddr",
    },
    Sample {
        name: "packets-by-destination",
        title: "Packets to each destination, the most first",
        query: "SELECT dstaddr, sum(packets) AS packets FROM vpc_flow_logs GROUP BY dstaddr ORDER BY packets DESC",
    },
    Sample {
        name: "bytes-by-protocol",
        title: "Bytes of each protocol number, the most first",
        query: "SELECT protocol, sum(bytes) AS bytes FROM vpc_flow_logs GROUP BY protocol ORDER BY bytes DESC",
    },
    Sample {
        name: "tcp-bytes-recently",
        title: "Bytes of TCP within the last 2 hours",
        query: "SELECT sum(bytes) AS bytes FROM vpc_flow_logs WHERE protocol = 6 \
                AND date_diff('hour', from_unixtime(start), current_timestamp) <= 2",
    },
    Sample {
        name: "accepted-recently",
        title: "Accepted flows within the last 4 hours",
        query: "SELECT count(*) AS flows FROM vpc_flow_logs WHERE action = 'ACCEPT' \
                AND date_diff('hour', from_unixtime(start), current_timestamp) <= 4",
    },
    Sample {
        name: "longest",
        title: "The 10 longest flows, in seconds",
        query: "SELECT srcaddr, dstaddr, \"end\" - start AS duration FROM vpc_flow_logs WHERE srcaddr <> '-' \
                ORDER BY duration DESC, start LIMIT 10",
    },
    Sample {
        name: "status-by-interface",
        title: "How often each interface had traffic, none, or lost records",
        query: "SELECT log_status, interface_id, count(1) AS records FROM vpc_flow_logs \
                GROUP BY log_status, interface_id ORDER BY interface_id, log_status",
    },
    Sample {
        name: "interface-recently",
        title: "Flows of one interface within the last 6 hours",
        query: "SELECT srcaddr, dstaddr, dstport, action FROM vpc_flow_logs \
                WHERE interface_id = 'eni-0123456789abcdef0' \
                AND date_diff('hour', from_unixtime(start), current_timestamp) <= 6 ORDER BY start, srcaddr",
    },
    Sample {
        name: "interfaces",
        title: "Records and bytes of some interfaces",
        query: "SELECT interface_id, count(*) AS records, sum(bytes) AS bytes FROM vpc_flow_logs \
                WHERE interface_id IN ('eni-0123456789abcdef0', 'eni-0fedcba9876543210') \
                GROUP BY interface_id ORDER BY interface_id",
    },
    Sample {
        name: "subnet-recently",
        title: "Packets of one subnet within the last day, by interface (records with subnet-id)",
        query: "SELECT interface_id, sum(packets) AS packets FROM vpc_flow_logs \
                WHERE subnet_id = 'subnet-0123456789abcdef0' \
                AND date_diff('day', from_unixtime(start), current_timestamp) <= 1 GROUP BY interface_id",
    },
    Sample {
        name: "other-vpcs",
        title: "Interfaces of all VPCs but one, within the last 12 hours (records with vpc-id)",
        query: "SELECT interface_id, count(*) AS records FROM vpc_flow_logs WHERE vpc_id <> 'vpc-0123456789abcdef0' \
                AND date_diff('hour', from_unixtime(start), current_timestamp) <= 12 GROUP BY interface_id",
    },
];

/// The question of this name.
pub fn question(name: &str) -> Option<&'static Sample> {
    QUESTIONS.iter().find(|question| question.name == name)
}
