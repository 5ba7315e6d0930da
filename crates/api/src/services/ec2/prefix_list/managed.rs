//! Prefix lists of AWS itself: where its services are. Everybody may refer to them, nobody may change them.

use serde_json::{Value, json};
use weir_network::IdKind;

use super::{Entry, Inner, PrefixList};
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        query::{self, Describe, Filter},
        state::State,
    },
};

/// Who owns them.
const OWNER: &str = "AWS";

/// Services, and the ranges that they have in every region, and in the region where AWS's own were looked up. Source: "AWS-managed
/// prefix lists" of the VPC user guide; `ip-ranges.json`.
const SERVICES: [(&str, &[&str], &[&str]); 4] = [
    ("s3", &[], &["3.5.0.0/19", "52.216.0.0/15", "54.231.0.0/16"]),
    ("dynamodb", &[], &["3.218.180.0/23", "3.218.182.0/24", "52.94.0.0/22", "52.119.224.0/20"]),
    ("vpc-lattice", &["169.254.171.0/24"], &[]),
    ("ipv6.vpc-lattice", &["fd00:ec2:80::/64"], &[]),
];
const LOOKED_UP: &str = "us-east-1";

impl PrefixList {
    pub(in super::super) fn is_of_aws(&self) -> bool {
        self.owner_id == OWNER
    }

    /// # Errors
    /// It is not the account's own.
    pub(super) fn check_own(&self) -> Result<(), ApiError> {
        if !self.is_of_aws() {
            return Ok(());
        }
        let text = format!("The prefix list {} is managed by AWS and cannot be changed.", self.prefix_list_id);
        Err(ApiError::new("OperationNotPermitted", text))
    }
}

/// Puts them into a region, as this program knows them.
pub(in super::super) fn provide(state: &mut State, region: &str) {
    for (service, everywhere, looked_up) in SERVICES {
        let name = format!("com.amazonaws.{region}.{service}");
        let id = IdKind::PrefixList.derive(&[OWNER, &name]);
        let here = if region == LOOKED_UP { looked_up } else { &[] };
        let ranges = everywhere.iter().chain(here).filter_map(|range| range.parse().ok());
        let list = PrefixList {
            prefix_list_arn: format!("arn:aws:ec2:{region}:aws:prefix-list/{id}"),
            prefix_list_id: id.clone(),
            prefix_list_name: name,
            owner_id: OWNER.to_owned(),
            address_family: if service.starts_with("ipv6.") { "IPv6" } else { "IPv4" }.to_owned(),
            max_entries: None,
            state: "create-complete".to_owned(),
            state_message: None,
            version: None,
            private: Inner { entries: ranges.map(|cidr| Entry { cidr, description: None }).collect() },
        };
        state.prefix_lists.insert(&id, list);
    }
}

/// `DescribePrefixLists`: those of AWS, with their ranges.
pub(in super::super) fn describe(ec2: &Ec2, call: &Call, ask: &Describe) -> Result<Value, ApiError> {
    let state = ec2.state(call)?;
    let of_aws = Filter { name: "owner-id".to_owned(), value: vec![OWNER.to_owned()] };
    let ask = Describe { filter: ask.filter.iter().cloned().chain([of_aws]).collect(), ..ask.clone() };
    let (lists, next_token) = query::page::<PrefixList>(&state, &ask)?;
    let shown = |list: Value| {
        let cidrs: Vec<&Value> =
            list["private"]["entries"].as_array().into_iter().flatten().map(|it| &it["cidr"]).collect();
        json!({ "prefixListId": list["prefixListId"], "prefixListName": list["prefixListName"], "cidrSet": cidrs })
    };
    let lists: Vec<Value> = lists.into_iter().map(shown).collect();
    Ok(json!({ "prefixListSet": lists, "nextToken": next_token }))
}
