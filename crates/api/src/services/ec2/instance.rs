//! Instances: what interfaces belong to.

mod attribute;
mod filters;
mod run;
mod status;

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2,
    interface::NetworkInterface,
    kind::{INSTANCE, Kind},
    query::{self, Describe, Described, FilterPath},
    state::State,
};
use crate::{ApiError, Call};

pub(super) use attribute::{describe as describe_attribute, modify as modify_attribute};
pub(super) use run::{Launch, put, run};
pub(super) use status::{describe_status, start, stop, terminate};

/// A machine, as far as it is told of here: nothing runs for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Instance {
    pub(super) instance_id: String,
    image_id: String,
    instance_type: String,
    instance_state: InstanceState,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    state_reason: Option<StateReason>,
    /// Why the state changed, when a user wanted it to.
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    key_name: Option<String>,
    ami_launch_index: usize,
    launch_time: i64,
    placement: Placement,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    client_token: Option<String>,
    subnet_id: String,
    vpc_id: String,
    ebs_optimized: bool,
    source_dest_check: bool,
    monitoring: Monitoring,
    pub(super) private: Inner,
}

/// A number and a name for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "StateText", from = "StateText")]
pub(super) enum InstanceState {
    Pending = 0,
    Running = 16,
    ShuttingDown = 32,
    Terminated = 48,
    Stopping = 64,
    Stopped = 80,
}

#[derive(Debug, Serialize, Deserialize)]
struct StateText {
    code: u8,
    name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct StateReason {
    code: String,
    message: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Placement {
    availability_zone: String,
    availability_zone_id: String,
    group_name: String,
    tenancy: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Monitoring {
    state: String,
}

/// What answers have elsewhere.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Inner {
    pub(super) reservation_id: String,
    owner_id: String,
    user_data: Option<String>,
    disable_api_termination: bool,
    disable_api_stop: bool,
    shutdown_behavior: Option<String>,
    /// Unix milliseconds.
    terminated: Option<i64>,
    /// Whether it is a host that records, and is as that host is.
    pub(super) is_host: bool,
}

impl InstanceState {
    const ALL: [Self; 6] =
        [Self::Pending, Self::Running, Self::ShuttingDown, Self::Terminated, Self::Stopping, Self::Stopped];

    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }
}

impl From<InstanceState> for StateText {
    fn from(state: InstanceState) -> Self {
        Self { code: state as u8, name: state.name().to_owned() }
    }
}

impl From<StateText> for InstanceState {
    fn from(text: StateText) -> Self {
        Self::ALL.into_iter().find(|state| *state as u8 == text.code).unwrap_or(Self::Terminated)
    }
}

impl Instance {
    /// Whether it may have interfaces.
    pub(super) fn is_alive(&self) -> bool {
        self.instance_state != InstanceState::Terminated
    }

    fn is_running(&self) -> bool {
        self.instance_state == InstanceState::Running
    }
}

/// The interfaces of an instance, by their device indexes.
fn interfaces<'a>(state: &'a State, id: &str) -> Vec<&'a NetworkInterface> {
    let mut interfaces: Vec<&NetworkInterface> =
        state.interfaces.iter().filter(|interface| interface.instance_id() == Some(id)).collect();
    interfaces.sort_by_key(|interface| interface.attachment.as_ref().map(|it| it.device_index));
    interfaces
}

/// `ip-10-0-0-4.ec2.internal`; the zone tells the region.
pub(super) fn dns_name(address: Ipv4Addr, zone: &str) -> String {
    let region = zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let domain = if region == "us-east-1" { "ec2".to_owned() } else { format!("{region}.compute") };
    format!("ip-{}.{domain}.internal", address.to_string().replace('.', "-"))
}

impl Described for Instance {
    const KIND: &'static Kind = &INSTANCE;
    const SET: &'static str = "reservationSet";
    const FILTERS: &'static [FilterPath] = filters::FILTERS;

    fn id(&self) -> &str {
        &self.instance_id
    }

    fn view(&self, state: &State) -> Value {
        let mut view = json!(self);
        for (member, value) in constants() {
            view[member] = value;
        }
        view["clientToken"] = json!(self.client_token.clone().unwrap_or_default());
        let interfaces = interfaces(state, &self.instance_id);
        if let Some(first) = interfaces.first() {
            let address = first.private.ipv4.first();
            view["privateIpAddress"] = json!(address);
            view["privateDnsName"] = json!(address.map(|it| dns_name(*it, &first.availability_zone)));
            let association = address.map(|it| super::address::association_of(state, &first.network_interface_id, *it));
            let association = association.unwrap_or_default();
            view["ipAddress"] = association["publicIp"].clone();
            view["dnsName"] = json!(association["publicDnsName"].as_str().unwrap_or_default());
            view["groupSet"] = first.group_set(state);
            view["sourceDestCheck"] = json!(first.source_dest_check);
        }
        if !self.is_alive() {
            for member in ["subnetId", "vpcId"] {
                view[member] = Value::Null;
            }
        }
        let shown = |interface: &&NetworkInterface| query::show(*interface, state);
        view["networkInterfaceSet"] = interfaces.iter().map(shown).collect();
        view
    }
}

/// What is the same of every instance.
fn constants() -> [(&'static str, Value); 19] {
    [
        ("architecture", json!("x86_64")),
        ("rootDeviceType", json!("ebs")),
        ("rootDeviceName", json!("/dev/xvda")),
        ("blockDeviceMapping", json!([])),
        ("virtualizationType", json!("hvm")),
        ("hypervisor", json!("xen")),
        ("enaSupport", json!(true)),
        ("productCodes", json!([])),
        ("groupSet", json!([])),
        ("dnsName", json!("")),
        ("privateDnsName", json!("")),
        ("platformDetails", json!("Linux/UNIX")),
        ("usageOperation", json!("RunInstances")),
        ("cpuOptions", json!({ "coreCount": 1, "threadsPerCore": 1 })),
        ("hibernationOptions", json!({ "configured": false })),
        ("enclaveOptions", json!({ "enabled": false })),
        ("maintenanceOptions", json!({ "autoRecovery": "default" })),
        ("capacityReservationSpecification", json!({ "capacityReservationPreference": "open" })),
        (
            "metadataOptions",
            json!({
                "state": "applied", "httpTokens": "optional", "httpPutResponseHopLimit": 1,
                "httpEndpoint": "enabled", "httpProtocolIpv6": "disabled", "instanceMetadataTags": "disabled",
            }),
        ),
    ]
}

pub(super) fn describe(ec2: &Ec2, call: &Call, ask: &Describe) -> Result<Value, ApiError> {
    let state = ec2.state(call)?;
    if !ask.ids.is_empty() && ask.max_results.is_some() {
        let text = "The parameter instancesSet cannot be used with the parameter maxResults";
        return Err(ApiError::new("InvalidParameterCombination", text));
    }
    let (instances, next_token) = query::page::<Instance>(&state, ask)?;
    Ok(json!({ "reservationSet": reserved(instances), "nextToken": next_token }))
}

/// Instances by the request that started them.
fn reserved(instances: Vec<Value>) -> Vec<Value> {
    let mut reservations: Vec<Value> = Vec::new();
    for instance in instances {
        let id = instance["private"]["reservation_id"].clone();
        let owner = instance["private"]["owner_id"].clone();
        let at = reservations.iter().position(|it| it["reservationId"] == id).unwrap_or_else(|| {
            reservations.push(json!({ "reservationId": id, "ownerId": owner, "groupSet": [], "instancesSet": [] }));
            reservations.len() - 1
        });
        if let Some(instances) = reservations[at]["instancesSet"].as_array_mut() {
            instances.push(query::without_private(instance));
        }
    }
    reservations
}
