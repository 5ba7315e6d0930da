//! Who may talk to whom: the things that AWS calls VPC, subnet, network interface, instance, security
//! group, network ACL and flow log, and the verdict on a packet with the rule behind it.
//!
//! A [`Network`] is read from a file or made from parts, and is right once it exists. It gives a [`Policy`] for an
//! interface; the policy judges packets, alone or with the [`Connections`] that security groups remember.
//! [`not_logged`] says which traffic flow logs leave out.
//!
//! Pure: no I/O, no clock. Whatever depends on time takes it as an argument.

mod account;
mod bucket_arn;
mod bucket_name;
mod connections;
mod explain;
mod flow_log;
mod id;
mod interface;
mod network;
mod policy;
mod propose;
#[cfg(test)]
mod random;
mod rules;
mod service;
mod traffic;
mod unlogged;
mod verdict;

pub use bucket_arn::{BucketArn, BucketArnError};
pub use bucket_name::{BucketName, BucketNameError};
pub use connections::{ConnectionCounts, Connections, Timeouts};
pub use explain::{
    Change, Considered, Crossing, Explanation, Mismatch, Outcome, Part, RecordError, RecordExplanation, Recorded,
    Stage, Step, Unreached,
};
pub use flow_log::{AggregationInterval, Destination, DestinationOptions, FlowLog, FlowLogError, TrafficType};
pub use id::{IdError, IdKind};
pub use interface::{Instance, Interface, Side, Subnet, Vpc};
pub use network::{Item, Network, NetworkError, NetworkFile, Owner, Parts, Things};
pub use policy::Policy;
pub use propose::{
    NowRefused, Options as ProposalOptions, Over, Proposal, ProposedRule, Refused, SeenFlow, Tally, propose,
};
pub use rules::{AclEntry, NetworkAcl, Peer, PrefixList, SecurityGroup, SecurityGroupRule};
pub use service::{ICMP, ICMPV6, IcmpMatch, PortRange, Service, ServiceError, TCP, UDP};
pub use traffic::{Action, Direction, Packet};
pub use unlogged::{NotLogged, is_logged, not_logged};
pub use verdict::{GroupRule, Rule, Verdict};
