//! Security groups and network ACLs, put in force on interfaces of this host by nftables.
//!
//! A [`Plan`] is what shall hold at an interface, compiled from a [`Network`](weir_network::Network); an [`Enforcer`] puts
//! plans in force, swaps them without losing an allowed packet or letting a denied one through, takes back what nobody
//! confirmed, and adopts what an earlier run left. A packet that a rule refuses carries the number of the rule in its
//! mark when it is dropped: [`Denials`] leads back to the rule.
//!
//! Which packets pass is what [`Connections`](weir_network::Connections) says, with the kernel's connection tracking
//! in its place, and apart from what [always passes](self#what-always-passes).
//!
//! # What always passes
//!
//! DHCP, neighbour discovery, multicast listener reports; the instance's requests to the link-local services of AWS
//! and, in a VPC that says `aws-services`, to its resolver and router, with their answers. ARP is no IP and never meets
//! the rules.

mod always;
mod denials;
mod enforcer;
mod error;
mod json;
mod judgement;
mod lock;
mod nft;
mod plan;
mod ruleset;
mod segments;
mod table;

pub use denials::{Denial, Denials, MARK_TAG, NUMBER_BITS};
pub use enforcer::{Applied, Enforcer, Event, OnExit};
pub use error::EnforceError;
pub use nft::Namespace;
pub use plan::Plan;
pub use ruleset::MAX_INTERFACES;
pub use table::Refused;
pub use weir_network::Side;
