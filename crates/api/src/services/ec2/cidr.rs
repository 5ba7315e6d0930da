//! Address ranges of VPCs and subnets.

use std::net::Ipv6Addr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::kind::{Kind, bad_value};
use crate::ApiError;

/// A range that belongs to a VPC or a subnet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Block {
    pub(super) association_id: String,
    pub(super) cidr_block: Ipv4Net,
    pub(super) cidr_block_state: BlockState,
}

/// An IPv6 range that belongs to a VPC or a subnet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ipv6Block {
    pub(super) association_id: String,
    pub(super) ipv6_cidr_block: Ipv6Net,
    pub(super) ipv6_cidr_block_state: BlockState,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) network_border_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) ipv6_pool: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BlockState {
    pub(super) state: String,
}

impl BlockState {
    pub(super) fn associated() -> Self {
        Self { state: "associated".to_owned() }
    }
}

impl Block {
    pub(super) fn new(kind: &Kind, cidr_block: Ipv4Net) -> Self {
        Self { association_id: kind.new_id(), cidr_block, cidr_block_state: BlockState::associated() }
    }
}

impl Ipv6Block {
    pub(super) fn new(kind: &Kind, ipv6_cidr_block: Ipv6Net) -> Self {
        Self {
            association_id: kind.new_id(),
            ipv6_cidr_block,
            ipv6_cidr_block_state: BlockState::associated(),
            network_border_group: None,
            ipv6_pool: None,
        }
    }

    /// One of a VPC, out of Amazon's pool.
    pub(super) fn of_pool(kind: &Kind, ipv6_cidr_block: Ipv6Net, region: &str) -> Self {
        let (group, pool) = (Some(region.to_owned()), Some("Amazon".to_owned()));
        Self { network_border_group: group, ipv6_pool: pool, ..Self::new(kind, ipv6_cidr_block) }
    }
}

/// Reads an IPv4 range. Bits behind the prefix are cut off, as AWS does.
pub(super) fn ipv4(text: &str, parameter: &str) -> Result<Ipv4Net, ApiError> {
    let range: Result<Ipv4Net, _> = text.parse();
    range.map(|range| range.trunc()).map_err(|_| bad_value(text, parameter, "This is not a valid CIDR block."))
}

/// Reads an IPv6 range.
pub(super) fn ipv6(text: &str, parameter: &str) -> Result<Ipv6Net, ApiError> {
    let range: Result<Ipv6Net, _> = text.parse();
    range.map(|range| range.trunc()).map_err(|_| bad_value(text, parameter, "This is not a valid IPv6 CIDR block."))
}

/// Refuses what is larger than /16 or smaller than /28.
pub(super) fn check_size(range: Ipv4Net, code: &'static str) -> Result<(), ApiError> {
    if (16..=28).contains(&range.prefix_len()) {
        return Ok(());
    }
    Err(ApiError::new(code, format!("The CIDR '{range}' is invalid.")))
}

/// A /56 of the range of Amazon.
pub(super) fn amazon_ipv6() -> Ipv6Net {
    let random = Uuid::new_v4().as_u128() & 0x00ff_ffff;
    let address = Ipv6Addr::from(0x2600_1f10_u128 << 96 | random << 72);
    Ipv6Net::new_assert(address, 56).trunc()
}

/// Whether two ranges share an address.
pub(super) fn overlap(one: IpNet, other: IpNet) -> bool {
    one.contains(&other) || other.contains(&one)
}
