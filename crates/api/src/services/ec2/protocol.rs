//! Protocols and ports, as rules of groups and entries of network ACLs name them.

use weir_network::Service;

use super::kind::invalid;
use crate::ApiError;

/// The name by which AWS keeps a protocol: `tcp` of `6`, `-1` of `all`.
pub(super) fn name(text: &str) -> Result<String, ApiError> {
    let lower = text.to_ascii_lowercase();
    Ok(match lower.as_str() {
        "-1" | "all" => "-1".to_owned(),
        "6" | "tcp" => "tcp".to_owned(),
        "17" | "udp" => "udp".to_owned(),
        "1" | "icmp" => "icmp".to_owned(),
        "58" | "icmpv6" => "icmpv6".to_owned(),
        number if number.parse::<u8>().is_ok() => number.to_owned(),
        _ => return Err(invalid(format!("Invalid value '{text}' for IP protocol. Unknown protocol."))),
    })
}

/// The number of a protocol, as network ACLs have it.
pub(super) fn number(text: &str) -> Result<String, ApiError> {
    let number = match name(text)?.as_str() {
        "tcp" => "6",
        "udp" => "17",
        "icmp" => "1",
        "icmpv6" => "58",
        other => return Ok(other.to_owned()),
    };
    Ok(number.to_owned())
}

/// What a rule is about. `from` and `to` are ports, or type and code of ICMP; they mean nothing of other protocols.
pub(super) fn service(protocol: &str, from: i64, to: i64) -> Result<Service, ApiError> {
    let name = name(protocol)?;
    let (from_text, to_text) = (from.to_string(), to.to_string());
    let parsed = match name.as_str() {
        "tcp" | "udp" if from == -1 && to == -1 => Service::parse(Some(&name), None, None, None),
        "tcp" | "udp" => {
            check_port(from)?;
            check_port(to)?;
            if from > to {
                let text = format!("Invalid value '{from}-{to}' for portRange. The first port is above the last.");
                return Err(invalid(text));
            }
            Service::parse(Some(&name), Some(&format!("{from}-{to}")), None, None)
        }
        "icmp" | "icmpv6" => Service::parse(Some(&name), None, Some(&from_text), Some(&to_text)),
        _ => Service::parse(Some(&name), None, None, None),
    };
    parsed.map_err(|error| match name.as_str() {
        "icmp" | "icmpv6" => invalid(format!("ICMP code ({to}) or type ({from}) out of range: {error}")),
        _ => invalid(error.to_string()),
    })
}

fn check_port(port: i64) -> Result<(), ApiError> {
    if (0..=65535).contains(&port) {
        return Ok(());
    }
    Err(invalid(format!("TCP/UDP port ({port}) out of range")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_have_one_name_each() {
        for (text, kept) in [("6", "tcp"), ("TCP", "tcp"), ("all", "-1"), ("50", "50"), ("58", "icmpv6")] {
            assert_eq!(name(text).as_deref(), Ok(kept));
        }
        assert!(name("tpc").expect_err("unknown").message.contains("'tpc' for IP protocol. Unknown protocol."));
        assert_eq!(number("tcp").as_deref(), Ok("6"));
    }

    #[test]
    fn ports_and_types_become_services() {
        assert_eq!(service("tcp", 22, 22).expect("ssh").to_string(), "tcp 22");
        assert_eq!(service("icmp", 8, -1).expect("echo").to_string(), "icmp type 8");
        assert_eq!(service("-1", 22, 22).expect("all").to_string(), "all");
        for (from, to) in [(-2, 5), (22, 70_000), (80, 22)] {
            service("udp", from, to).expect_err("no ports");
        }
    }
}
