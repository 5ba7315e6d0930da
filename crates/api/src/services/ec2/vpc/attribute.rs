//! Attributes of VPCs.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        kind::{bad_value, required},
        switch::Switch,
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct DescribeInput {
    vpc_id: Option<String>,
    attribute: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct ModifyInput {
    vpc_id: Option<String>,
    enable_dns_support: Option<Switch>,
    enable_dns_hostnames: Option<Switch>,
    enable_network_address_usage_metrics: Option<Switch>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct TenancyInput {
    vpc_id: Option<String>,
    instance_tenancy: Option<String>,
}

/// A VPC for dedicated hosts can become a common one, and not the other way.
pub(in super::super) fn modify_tenancy(ec2: &Ec2, call: &Call, input: &TenancyInput) -> Result<Value, ApiError> {
    let id = required(input.vpc_id.as_deref(), "VpcId")?;
    let tenancy = required(input.instance_tenancy.as_deref(), "InstanceTenancy")?;
    if tenancy != "default" {
        let text = format!("The tenancy value {tenancy} is not supported.");
        return Err(ApiError::new("UnsupportedTenancy", text));
    }
    ec2.change(call, |state| {
        tenancy.clone_into(&mut state.vpcs.find_mut(id)?.instance_tenancy);
        Ok(json!({ "return": true }))
    })
}

pub(in super::super) fn describe_attribute(ec2: &Ec2, call: &Call, input: &DescribeInput) -> Result<Value, ApiError> {
    let id = required(input.vpc_id.as_deref(), "vpcId")?;
    let attribute = required(input.attribute.as_deref(), "attribute")?;
    let state = ec2.state(call)?;
    let vpc = state.vpcs.find(id)?;
    let value = match attribute {
        "enableDnsSupport" => vpc.private.dns_support,
        "enableDnsHostnames" => vpc.private.dns_hostnames,
        "enableNetworkAddressUsageMetrics" => vpc.private.usage_metrics,
        other => return Err(bad_value(other, "attribute", "Unknown attribute.")),
    };
    Ok(json!({ "vpcId": id, (attribute): { "value": value } }))
}

pub(in super::super) fn modify_attribute(ec2: &Ec2, call: &Call, input: &ModifyInput) -> Result<Value, ApiError> {
    let id = required(input.vpc_id.as_deref(), "vpcId")?;
    let given = [input.enable_dns_support, input.enable_dns_hostnames, input.enable_network_address_usage_metrics];
    if given.iter().flatten().count() != 1 {
        let text = "The request must contain exactly one attribute to modify.";
        return Err(ApiError::new("InvalidParameterCombination", text));
    }
    ec2.change(call, |state| {
        let vpc = state.vpcs.find_mut(id)?;
        let attributes = &mut vpc.private;
        let places = [&mut attributes.dns_support, &mut attributes.dns_hostnames, &mut attributes.usage_metrics];
        for (place, switch) in places.into_iter().zip(given) {
            *place = switch.map_or(*place, |switch| switch.value);
        }
        Ok(json!({ "return": true }))
    })
}
