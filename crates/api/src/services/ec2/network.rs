//! What is defined, as capture and enforcement take it.

use std::collections::BTreeMap;

use ipnet::IpNet;
use weir_network::{self as network, Destination, Network, Parts};

use super::{
    Ec2, acl,
    flow_log::FlowLog,
    group::{self, rule},
    interface::NetworkInterface,
    state::State,
};
use crate::ApiError;

/// A flow log with the interfaces that it records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoveredFlowLog {
    /// What is recorded, and where it goes.
    pub flow_log: network::FlowLog,
    /// The VPC, subnet or interface that it was made for.
    pub resource_id: String,
    /// The role that puts events into a log group.
    pub role_arn: Option<String>,
    /// Unix milliseconds.
    pub created: i64,
    /// The interfaces, sorted: those of the VPC or subnet as they are now.
    pub interfaces: Vec<String>,
}

impl Ec2 {
    /// Everything that says who may talk to whom, of all regions. An interface that was [attached](Ec2::attach) to a
    /// device is tagged with the name of the device.
    ///
    /// # Errors
    /// When the definitions contradict each other.
    pub fn network(&self) -> Result<Network, ApiError> {
        let mut parts = Parts::default();
        for (region, state) in self.states() {
            add(&mut parts, &region, &state)?;
        }
        Network::new(parts).map_err(ApiError::internal)
    }

    /// All flow logs that clients made, of all regions.
    pub fn flow_logs(&self) -> Vec<CoveredFlowLog> {
        let regions = self.states();
        let of_region = |(region, state): &(String, std::sync::Arc<State>)| {
            let covered = |log: &FlowLog| self.covered(log, region, state);
            state.flow_logs.iter().filter(|log| !log.is_own()).filter_map(covered).collect::<Vec<_>>()
        };
        regions.iter().flat_map(of_region).collect()
    }

    fn covered(&self, log: &FlowLog, region: &str, state: &State) -> Option<CoveredFlowLog> {
        let is_covered = |interface: &&NetworkInterface| {
            [&interface.network_interface_id, &interface.subnet_id, &interface.vpc_id].contains(&&log.resource_id)
        };
        let covered = state.interfaces.iter().filter(is_covered);
        let mut interfaces: Vec<String> = covered.map(|it| it.network_interface_id.clone()).collect();
        interfaces.sort();
        let flow_log = network::FlowLog {
            id: log.flow_log_id.clone(),
            account_id: self.account().to_owned(),
            region: region.to_owned(),
            traffic_type: log.traffic_type,
            log_format: log.log_format.clone(),
            max_aggregation_interval: log.max_aggregation_interval,
            destination: destination(log)?,
        };
        Some(CoveredFlowLog {
            flow_log,
            resource_id: log.resource_id.clone(),
            role_arn: log.deliver_logs_permission_arn.clone(),
            created: log.creation_time,
            interfaces,
        })
    }
}

/// It was checked when the flow log was made.
fn destination(log: &FlowLog) -> Option<Destination> {
    if let Some(name) = &log.log_group_name {
        return Some(Destination::LogGroup { log_group: name.clone() });
    }
    let options = log.destination_options.unwrap_or_default();
    Some(Destination::bucket(&log.log_destination.as_deref()?.parse().ok()?, options.into()))
}

fn add(parts: &mut Parts, region: &str, state: &State) -> Result<(), ApiError> {
    for vpc in state.vpcs.iter() {
        let ipv4 = vpc.cidr_block_association_set.iter().map(|block| IpNet::from(block.cidr_block));
        let ipv6 = vpc.ipv6_cidr_block_association_set.iter().map(|block| IpNet::from(block.ipv6_cidr_block));
        let cidrs = ipv4.chain(ipv6).collect();
        parts.vpcs.insert(vpc.vpc_id.clone(), network::Vpc { id: vpc.vpc_id.clone(), cidrs, aws_services: false });
    }
    for subnet in state.subnets.iter() {
        let acl = state.acls.iter().find(|acl| acl.is_of(&subnet.subnet_id));
        let subnet = network::Subnet {
            id: subnet.subnet_id.clone(),
            vpc_id: subnet.vpc_id.clone(),
            cidrs: subnet.cidrs().collect(),
            az_id: Some(subnet.availability_zone_id.clone()),
            network_acl_id: acl.map(|acl| acl.network_acl_id.clone()),
        };
        parts.subnets.insert(subnet.id.clone(), subnet);
    }
    for instance in state.instances.iter().filter(|instance| instance.is_alive()) {
        let id = instance.instance_id.clone();
        parts.instances.insert(id.clone(), network::Instance { tags: tags(state, &id), id });
    }
    for interface in state.interfaces.iter() {
        parts.interfaces.insert(interface.network_interface_id.clone(), interface_of(region, state, interface));
    }
    for list in state.prefix_lists.iter() {
        let id = list.prefix_list_id.clone();
        // Of those of AWS, only those that are meant by a rule.
        if list.is_of_aws() && !state.rules.iter().any(|rule| rule.refers_to_list(&id)) {
            continue;
        }
        let entries = list.private.entries.iter().map(|entry| entry.cidr).collect();
        let name = Some(list.prefix_list_name.clone());
        parts.prefix_lists.insert(id.clone(), network::PrefixList { id, name, entries });
    }
    for group in state.groups.iter() {
        parts.security_groups.insert(group.group_id.clone(), group_of(state, group)?);
    }
    for acl in state.acls.iter() {
        parts.network_acls.insert(acl.network_acl_id.clone(), acl_of(acl)?);
    }
    Ok(())
}

fn tags(state: &State, id: &str) -> BTreeMap<String, String> {
    state.tags.get(id).cloned().unwrap_or_default().0
}

fn interface_of(region: &str, state: &State, interface: &NetworkInterface) -> network::Interface {
    let inner = &interface.private;
    let mut tags = tags(state, &interface.network_interface_id);
    if let Some(device) = &inner.device {
        tags.insert("Name".to_owned(), device.name.clone());
    }
    network::Interface {
        id: interface.network_interface_id.clone(),
        account_id: interface.owner_id.clone(),
        region: region.to_owned(),
        az_id: Some(interface.availability_zone_id.clone()),
        vpc_id: Some(interface.vpc_id.clone()),
        subnet_id: Some(interface.subnet_id.clone()),
        instance_id: interface.instance_id().map(str::to_owned),
        ipv4: inner.ipv4.clone(),
        ipv6: inner.ipv6.clone(),
        security_group_ids: inner.groups.clone(),
        tags,
        side: inner.device.as_ref().map(|device| device.side).unwrap_or_default(),
    }
}

fn group_of(state: &State, group: &group::SecurityGroup) -> Result<network::SecurityGroup, ApiError> {
    let rules = |is_egress| {
        let rules = rule::of_group(state, &group.group_id, is_egress);
        rules.iter().map(rule::SecurityGroupRule::to_network).collect::<Result<Vec<_>, _>>()
    };
    Ok(network::SecurityGroup {
        id: group.group_id.clone(),
        name: Some(group.group_name.clone()),
        vpc_id: Some(group.vpc_id.clone()),
        ingress: rules(false)?,
        egress: rules(true)?,
    })
}

fn acl_of(acl: &acl::NetworkAcl) -> Result<network::NetworkAcl, ApiError> {
    let (id, vpc_id) = (acl.network_acl_id.clone(), Some(acl.vpc_id.clone()));
    let mut made = network::NetworkAcl { id, vpc_id, ingress: Vec::new(), egress: Vec::new() };
    for entry in &acl.entry_set {
        let Some((is_egress, entry)) = entry.to_network()? else { continue };
        let entries = if is_egress { &mut made.egress } else { &mut made.ingress };
        entries.push(entry);
    }
    Ok(made)
}
