//! The kinds of things, what their ids look like, and what is said of one that is not there.

use serde_json::Value;
use uuid::Uuid;

use crate::{ApiError, Call, Payload};

/// A kind of thing that has ids.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// How its ids begin, with the hyphen; empty where an id is a name.
    pub(super) prefix: &'static str,
    /// What codes of errors begin with, such as `InvalidVpcID`.
    code: &'static str,
    /// As errors name it: `The vpc ID 'vpc-1' does not exist`.
    noun: &'static str,
    /// As ARNs and `TagSpecification` name it.
    pub(super) resource: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $prefix:literal, $code:literal, $noun:literal, $resource:literal;)*) => {
        $(
            #[doc = concat!("`", $prefix, "`")]
            pub(super) const $name: Kind = Kind { prefix: $prefix, code: $code, noun: $noun, resource: $resource };
        )*
        const ALL: &[&Kind] = &[$(&$name,)*];
    };
}

kinds! {
    VPC = "vpc-", "InvalidVpcID", "vpc ID", "vpc";
    SUBNET = "subnet-", "InvalidSubnetID", "subnet ID", "subnet";
    GROUP = "sg-", "InvalidGroup", "security group", "security-group";
    RULE = "sgr-", "InvalidSecurityGroupRuleId", "security group rule ID", "security-group-rule";
    ACL = "acl-", "InvalidNetworkAclID", "networkAcl ID", "network-acl";
    INTERFACE = "eni-", "InvalidNetworkInterfaceID", "networkInterface ID", "network-interface";
    INSTANCE = "i-", "InvalidInstanceID", "instance ID", "instance";
    FLOW_LOG = "fl-", "InvalidFlowLogId", "flow log ID", "vpc-flow-log";
    PREFIX_LIST = "pl-", "InvalidPrefixListID", "prefix list ID", "prefix-list";
    INTERNET_GATEWAY = "igw-", "InvalidInternetGatewayID", "internetGateway ID", "internet-gateway";
    EGRESS_GATEWAY = "eigw-", "InvalidEgressOnlyInternetGatewayId", "egress only internet gateway ID", "egress-only-internet-gateway";
    ROUTE_TABLE = "rtb-", "InvalidRouteTableID", "routeTable ID", "route-table";
    ADDRESS = "eipalloc-", "InvalidAllocationID", "allocation ID", "elastic-ip";
    NAT_GATEWAY = "nat-", "NatGateway", "Nat Gateway", "natgateway";
    KEY_PAIR = "key-", "InvalidKeyPair", "key pair", "key-pair";
    DHCP_OPTIONS = "dopt-", "InvalidDhcpOptionID", "DhcpOptions ID", "dhcp-options";
    SUBNET_RESERVATION = "scr-", "InvalidSubnetCidrReservationID", "subnet-cidr-reservation ID", "subnet-cidr-reservation";
    IMAGE = "ami-", "InvalidAMIID", "image id", "image";
    ACL_ASSOCIATION = "aclassoc-", "InvalidAssociationID", "association ID", "network-acl-association";
    ROUTE_ASSOCIATION = "rtbassoc-", "InvalidAssociationID", "association ID", "route-table-association";
    VPC_CIDR_ASSOCIATION = "vpc-cidr-assoc-", "InvalidVpcCidrBlockAssociationID", "association ID", "vpc-cidr";
    SUBNET_CIDR_ASSOCIATION = "subnet-cidr-assoc-", "InvalidSubnetCidrBlockAssociationID", "association ID", "subnet-cidr";
    ADDRESS_ASSOCIATION = "eipassoc-", "InvalidAssociationID", "association ID", "elastic-ip-association";
    ATTACHMENT = "eni-attach-", "InvalidAttachmentID", "attachment ID", "attachment";
    RESERVATION = "r-", "InvalidReservationID", "reservation ID", "reservation";
    VOLUME = "vol-", "InvalidVolume", "volume", "volume";
}

impl Kind {
    /// A new id: 17 hexadecimal digits, the first of them 0, as at AWS.
    pub(super) fn new_id(&self) -> String {
        let digits = Uuid::new_v4().as_u128() & u128::from(u64::MAX);
        format!("{}0{digits:016x}", self.prefix)
    }

    /// There is none with these ids, or they are no ids.
    pub(super) fn missing<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> ApiError {
        let ids: Vec<&str> = ids.into_iter().collect();
        if let Some(id) = ids.iter().find(|id| !id.starts_with(self.prefix)) {
            let prefix = self.prefix.trim_end_matches('-');
            let code = format!("{}.Malformed", self.code.replace("InvalidGroup", "InvalidGroupId"));
            return ApiError::new(code, format!("Invalid id: \"{id}\" (expecting \"{prefix}-...\")"));
        }
        if self.prefix == NAT_GATEWAY.prefix {
            return ApiError::new("NatGatewayNotFound", format!("The Nat Gateway {} was not found", ids.join(", ")));
        }
        let (plural, do_not) = if ids.len() == 1 { ("", "does not") } else { ("s", "do not") };
        let text = format!("The {}{plural} '{}' {do_not} exist", self.noun, ids.join(", "));
        ApiError::new(format!("{}.NotFound", self.code), text)
    }
}

/// What an id is the id of.
pub(super) fn of(id: &str) -> Option<&'static Kind> {
    ALL.iter().copied().filter(|kind| id.starts_with(kind.prefix)).max_by_key(|kind| kind.prefix.len())
}

/// The ARNs of the things that an input names by their ids, wherever in it; `*` when it names none.
pub(super) fn named(call: &Call, payload: &Payload) -> Vec<String> {
    let mut arns = Vec::new();
    if let Ok(input) = payload.value() {
        collect(call, input, &mut arns);
    }
    if arns.is_empty() {
        arns.push("*".to_owned());
    }
    arns
}

fn collect(call: &Call, value: &Value, arns: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let is_id = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
            let kind = of(text).filter(|kind| is_id(&text[kind.prefix.len()..]));
            arns.extend(kind.map(|kind| call.arn("ec2", &format!("{}/{text}", kind.resource))));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(call, item, arns)),
        Value::Object(members) => members.values().for_each(|member| collect(call, member, arns)),
        _ => {}
    }
}

/// A parameter that must be there.
pub(super) fn required<'a, T: ?Sized>(value: Option<&'a T>, name: &str) -> Result<&'a T, ApiError> {
    value.ok_or_else(|| ApiError::new("MissingParameter", format!("The request must contain the parameter {name}")))
}

/// `InvalidParameterValue`.
pub(super) fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterValue", text)
}

/// `Value (x) for parameter y is invalid. Why.`
pub(super) fn bad_value(value: &str, parameter: &str, why: &str) -> ApiError {
    invalid(format!("Value ({value}) for parameter {parameter} is invalid. {why}").trim_end().to_owned())
}

/// `DependencyViolation`: something else uses it.
pub(super) fn in_use(text: impl Into<String>) -> ApiError {
    ApiError::new("DependencyViolation", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_their_kind_and_are_missed_in_the_words_of_aws() {
        for kind in ALL {
            let id = kind.new_id();
            assert_eq!(id.len(), kind.prefix.len() + 17);
            assert_eq!(of(&id).map(|kind| kind.prefix), Some(kind.prefix));
        }
        let text = |kind: &Kind, ids: &[&str]| kind.missing(ids.iter().copied()).to_string();
        assert_eq!(text(&VPC, &["vpc-1"]), "InvalidVpcID.NotFound: The vpc ID 'vpc-1' does not exist");
        assert_eq!(text(&GROUP, &["sg-1"]), "InvalidGroup.NotFound: The security group 'sg-1' does not exist");
        assert_eq!(
            text(&INSTANCE, &["i-1", "i-2"]),
            "InvalidInstanceID.NotFound: The instance IDs 'i-1, i-2' do not exist"
        );
        assert_eq!(
            text(&SUBNET, &["vpc-1"]),
            "InvalidSubnetID.Malformed: Invalid id: \"vpc-1\" (expecting \"subnet-...\")"
        );
    }
}
