//! Who may talk to whom: the things that AWS calls VPC, subnet, network interface, instance, security
//! group, network ACL and flow log, and the verdict on a packet with the rule behind it.
//!
//! Pure: no I/O, no clock. Whatever depends on time takes it as an argument.

mod flow_log;
mod interface;
mod traffic;

pub use flow_log::{AggregationInterval, Destination, DestinationOptions, FlowLog, TrafficType};
pub use interface::{Instance, Interface, Subnet, Vpc};
pub use traffic::{Action, Direction, Packet};
