//! Accounts, regions and their zones.

use serde::Deserialize;
use serde_json::{Value, json};
use weir_watch::notice::long_name;

use super::{
    Ec2,
    kind::bad_value,
    query::{self, Filter},
};
use crate::{ApiError, Call};

/// Where things are, and whose.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) account: String,
    pub(super) region: String,
    /// Unix milliseconds.
    pub(super) now: i64,
}

/// An availability zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) id: String,
}

impl Place {
    pub(super) fn of(call: &Call) -> Self {
        Self { account: call.account.clone(), region: call.region.clone(), now: call.now }
    }

    pub(super) fn arn(&self, resource: &str) -> String {
        format!("arn:aws:ec2:{}:{}:{resource}", self.region, self.account)
    }

    /// The zones of the region. AWS shuffles them for each account; those of us-east-1 are as one account has them.
    pub(super) fn zones(&self) -> Vec<Zone> {
        let numbers: &[u8] = match self.region.as_str() {
            "us-east-1" => &[6, 1, 2, 4, 3, 5],
            "us-west-2" => &[2, 1, 3, 4],
            "us-west-1" => &[1, 3],
            _ => &[1, 2, 3],
        };
        let code = short(&self.region);
        let zone = |(letter, number): (char, &u8)| Zone {
            name: format!("{}{letter}", self.region),
            id: format!("{code}-az{number}"),
        };
        ('a'..='f').zip(numbers).map(zone).collect()
    }

    /// The zone that a request names, or the first.
    pub(super) fn zone(&self, name: Option<&str>, id: Option<&str>) -> Result<Zone, ApiError> {
        let zones = self.zones();
        let meant = |zone: &&Zone| name.is_none_or(|name| zone.name == name) && id.is_none_or(|id| zone.id == id);
        if let Some(zone) = zones.iter().find(meant) {
            return Ok(zone.clone());
        }
        let names: Vec<&str> = zones.iter().map(|zone| zone.name.as_str()).collect();
        let why =
            format!("Subnets can currently only be created in the following availability zones: {}.", names.join(", "));
        Err(bad_value(name.or(id).unwrap_or_default(), "availabilityZone", &why))
    }
}

/// `use1` of `us-east-1`, as ids of zones have it.
fn short(region: &str) -> String {
    let direction = |part: &str| match part {
        "northeast" => "ne".to_owned(),
        "southeast" => "se".to_owned(),
        "northwest" => "nw".to_owned(),
        "southwest" => "sw".to_owned(),
        "gov" => "g".to_owned(),
        other => other.chars().next().map(String::from).unwrap_or_default(),
    };
    let mut parts = region.split('-');
    let first = parts.next().unwrap_or_default();
    let rest: String =
        parts.map(|part| if part.parse::<u32>().is_ok() { part.to_owned() } else { direction(part) }).collect();
    format!("{first}{rest}")
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ZonesInput {
    zone_name: Vec<String>,
    zone_id: Vec<String>,
    filter: Vec<Filter>,
}

pub(super) fn describe_zones(_: &Ec2, call: &Call, input: &ZonesInput) -> Result<Value, ApiError> {
    let place = Place::of(call);
    let zones = place.zones();
    let is_known = |wanted: &&String| zones.iter().any(|zone| zone.name == **wanted || zone.id == **wanted);
    if let Some(wanted) = input.zone_name.iter().chain(&input.zone_id).find(|wanted| !is_known(wanted)) {
        return Err(super::kind::invalid(format!("Invalid availability zone: [{wanted}]")));
    }
    let asked = |zone: &&Zone| {
        (input.zone_name.is_empty() || input.zone_name.contains(&zone.name))
            && (input.zone_id.is_empty() || input.zone_id.contains(&zone.id))
    };
    let group = format!("{}-zg-1", place.region);
    let group_name = format!("{} 1", long_name(&place.region));
    let row = |zone: &Zone| {
        json!({
            "zoneName": zone.name, "zoneId": zone.id, "zoneState": "available", "regionName": place.region,
            "optInStatus": "opt-in-not-required", "groupName": group, "groupLongName": group_name,
            "networkBorderGroup": place.region, "zoneType": "availability-zone", "messageSet": [],
        })
    };
    let rows = zones.iter().filter(asked).map(row).collect();
    let paths = [
        ("zone-name", "zoneName"),
        ("zone-id", "zoneId"),
        ("zone-type", "zoneType"),
        ("state", "zoneState"),
        ("region-name", "regionName"),
        ("group-name", "groupName"),
        ("group-long-name", "groupLongName"),
        ("opt-in-status", "optInStatus"),
        ("message", "messageSet.message"),
        ("parent-zone-id", "parentZoneId"),
        ("parent-zone-name", "parentZoneName"),
    ];
    Ok(json!({ "availabilityZoneInfo": query::filtered(rows, &input.filter, &paths)? }))
}

/// The regions that are enabled for every account.
const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Those that an account has to ask for.
const OPT_IN: [&str; 15] = [
    "af-south-1",
    "ap-east-1",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RegionsInput {
    all_regions: bool,
    region_name: Vec<String>,
    filter: Vec<Filter>,
}

/// The regions of AWS, and whatever other ones were used here. Those of which nobody made use are not opted in, and shown only
/// when they are named, or all are asked for.
pub(super) fn describe_regions(ec2: &Ec2, call: &Call, input: &RegionsInput) -> Result<Value, ApiError> {
    let mut names: Vec<String> = REGIONS.iter().map(|name| (*name).to_owned()).collect();
    names.extend(ec2.region_names());
    names.push(call.region.clone());
    let used = names.clone();
    let is_asked = |name: &String| input.all_regions || input.region_name.contains(name);
    names.extend(OPT_IN.into_iter().map(str::to_owned).filter(is_asked));
    names.sort();
    names.dedup();
    if let Some(unknown) = input.region_name.iter().find(|name| !names.contains(name)) {
        return Err(super::kind::invalid(format!("Invalid region provided: {unknown}")));
    }
    names.retain(|name| input.region_name.is_empty() || input.region_name.contains(name));
    let row = |name: &String| {
        let endpoint = format!("ec2.{name}.amazonaws.com");
        let status = match (OPT_IN.contains(&name.as_str()), used.contains(name)) {
            (false, _) => "opt-in-not-required",
            (true, true) => "opted-in",
            (true, false) => "not-opted-in",
        };
        json!({ "regionName": name, "regionEndpoint": endpoint, "optInStatus": status })
    };
    let rows = names.iter().map(row).collect();
    let paths = [("region-name", "regionName"), ("endpoint", "regionEndpoint"), ("opt-in-status", "optInStatus")];
    Ok(json!({ "regionInfo": query::filtered(rows, &input.filter, &paths)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_the_ids_of_aws() {
        let place = |region: &str| Place { account: String::new(), region: region.to_owned(), now: 0 };
        let first = place("us-east-1").zone(None, None).expect("a zone");
        assert_eq!((first.name.as_str(), first.id.as_str()), ("us-east-1a", "use1-az6"));
        for (region, id) in [("eu-west-1", "euw1-az1"), ("ap-southeast-2", "apse2-az1"), ("us-gov-west-1", "usgw1-az1")]
        {
            assert_eq!(place(region).zones()[0].id, id);
        }
        place("us-east-1").zone(Some("us-west-2a"), None).expect_err("of another region");
    }
}
