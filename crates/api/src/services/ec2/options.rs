//! DHCP options, as definitions.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2,
    kind::{DHCP_OPTIONS, Kind, required},
    life::{self, Deletable},
    place::Place,
    query::{Described, FilterPath},
    state::State,
    tags::TagSpecification,
};
use crate::{ApiError, Call};

/// So many servers of a kind are told at most.
const MOST_SERVERS: usize = 4;

/// What hosts are told of their network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DhcpOptions {
    dhcp_options_id: String,
    owner_id: String,
    dhcp_configuration_set: Vec<Configuration>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    key: String,
    value_set: Vec<AttributeValue>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AttributeValue {
    value: String,
}

impl Described for DhcpOptions {
    const KIND: &'static Kind = &DHCP_OPTIONS;
    const SET: &'static str = "dhcpOptionsSet";
    const FILTERS: &'static [FilterPath] = &[
        ("dhcp-options-id", "dhcpOptionsId"),
        ("owner-id", "ownerId"),
        ("key", "dhcpConfigurationSet.key"),
        ("value", "dhcpConfigurationSet.valueSet.value"),
    ];
    const ALWAYS_TAGS: bool = true;

    fn id(&self) -> &str {
        &self.dhcp_options_id
    }
}

impl Deletable for DhcpOptions {
    const PARAMETER: &'static str = "dhcpOptionsId";
    const NOUN: &'static str = "dhcpOptions";

    fn is_used(&self, state: &State) -> bool {
        state.vpcs.iter().any(|vpc| vpc.dhcp_options_id == self.dhcp_options_id)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CreateInput {
    dhcp_configuration: Vec<ConfigurationInput>,
    tag_specification: Vec<TagSpecification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ConfigurationInput {
    key: String,
    value: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct OptionsInput {
    dhcp_options_id: Option<String>,
    vpc_id: Option<String>,
}

fn put(state: &mut State, place: &Place, pairs: impl Iterator<Item = (String, Vec<String>)>) -> String {
    let id = DHCP_OPTIONS.new_id();
    let configuration = |(key, values): (String, Vec<String>)| Configuration {
        key,
        value_set: values.into_iter().map(|value| AttributeValue { value }).collect(),
    };
    let options = DhcpOptions {
        dhcp_options_id: id.clone(),
        owner_id: place.account.clone(),
        dhcp_configuration_set: pairs.map(configuration).collect(),
    };
    state.dhcp_options.insert(&id, options);
    id
}

/// The options that a VPC has whose owner chose none; they are made when there are none yet.
pub(super) fn default_id(state: &mut State, place: &Place) -> String {
    if let Some(first) = state.dhcp_options.iter().next() {
        return first.dhcp_options_id.clone();
    }
    let domain = match place.region.as_str() {
        "us-east-1" => "ec2.internal".to_owned(),
        region => format!("{region}.compute.internal"),
    };
    let pairs = [("domain-name", domain), ("domain-name-servers", "AmazonProvidedDNS".to_owned())];
    put(state, place, pairs.into_iter().map(|(key, value)| (key.to_owned(), vec![value])))
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    required(input.dhcp_configuration.first(), "dhcpConfiguration")?;
    let known = ["domain-name-servers", "domain-name", "ntp-servers", "netbios-name-servers", "netbios-node-type"];
    let known = |key: &str| known.contains(&key) || key == "ipv6-address-preferred-lease-time";
    if let Some(odd) = input.dhcp_configuration.iter().find(|pair| !known(&pair.key)) {
        return Err(super::kind::bad_value(&odd.key, "dhcpConfiguration", "Invalid DHCP option name"));
    }
    input.dhcp_configuration.iter().try_for_each(check)?;
    life::create::<DhcpOptions>(ec2, call, "dhcpOptions", &input.tag_specification, |state, place| {
        let pairs = input.dhcp_configuration.iter().map(|pair| (pair.key.clone(), pair.value.clone()));
        Ok(put(state, place, pairs))
    })
}

/// # Errors
/// The values are not what `CreateDhcpOptions` of the EC2 API says of the name.
fn check(pair: &ConfigurationInput) -> Result<(), ApiError> {
    let is_address = |value: &String| value.parse::<IpAddr>().is_ok();
    let is_right = match pair.key.as_str() {
        "domain-name-servers" if pair.value == ["AmazonProvidedDNS"] => true,
        "domain-name-servers" | "ntp-servers" | "netbios-name-servers" => {
            (1..=MOST_SERVERS).contains(&pair.value.len()) && pair.value.iter().all(is_address)
        }
        "netbios-node-type" => matches!(pair.value.as_slice(), [kind] if ["1", "2", "4", "8"].contains(&kind.as_str())),
        _ => true,
    };
    if is_right {
        return Ok(());
    }
    Err(super::kind::bad_value(&pair.value.join(", "), &pair.key, "Invalid DHCP option value."))
}

pub(super) fn associate(ec2: &Ec2, call: &Call, input: &OptionsInput) -> Result<Value, ApiError> {
    let id = required(input.dhcp_options_id.as_deref(), "dhcpOptionsId")?;
    let vpc_id = required(input.vpc_id.as_deref(), "vpcId")?;
    ec2.change(call, |state| {
        if id != "default" {
            state.dhcp_options.find(id)?;
        }
        let vpc = state.vpcs.find_mut(vpc_id)?;
        id.clone_into(&mut vpc.dhcp_options_id);
        Ok(json!({ "return": true }))
    })
}
