//! Ranges of a subnet that no address is taken from but by name.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        cidr::overlap,
        kind::{Kind, SUBNET_RESERVATION, bad_value, invalid, required},
        life,
        query::{self, Described, Filter, FilterPath},
        state::State,
        tags::TagSpecification,
    },
};

/// A range that is reserved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Reservation {
    subnet_cidr_reservation_id: String,
    subnet_id: String,
    cidr: IpNet,
    reservation_type: String,
    owner_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    description: Option<String>,
}

impl Described for Reservation {
    const KIND: &'static Kind = &SUBNET_RESERVATION;
    const SET: &'static str = "subnetCidrReservationSet";
    const FILTERS: &'static [FilterPath] =
        &[("reservationType", "reservationType"), ("reservation-type", "reservationType"), ("subnet-id", "subnetId")];

    fn id(&self) -> &str {
        &self.subnet_cidr_reservation_id
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct CreateInput {
    subnet_id: Option<String>,
    cidr: Option<String>,
    reservation_type: Option<String>,
    description: Option<String>,
    tag_specification: Vec<TagSpecification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct ReservationInput {
    subnet_cidr_reservation_id: Option<String>,
    subnet_id: Option<String>,
    filter: Vec<Filter>,
}

/// The ranges that are reserved in a subnet.
pub(in super::super) fn reserved(state: &State, subnet_id: &str) -> Vec<IpNet> {
    let of_subnet = state.subnet_reservations.select(|reservation| reservation.subnet_id == subnet_id);
    of_subnet.into_iter().map(|reservation| reservation.cidr).collect()
}

/// Takes what is reserved in a subnet away with it.
pub(in super::super) fn forget(state: &mut State, subnet_id: &str) {
    for id in state.subnet_reservations.ids(|reservation| reservation.subnet_id == subnet_id) {
        state.remove::<Reservation>(&id);
    }
}

pub(in super::super) fn create(ec2: &Ec2, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    let subnet_id = required(input.subnet_id.as_deref(), "subnetId")?;
    let text = required(input.cidr.as_deref(), "cidr")?;
    let cidr: IpNet = text.parse().map_err(|_| bad_value(text, "cidr", "This is not a valid CIDR block."))?;
    let kind = required(input.reservation_type.as_deref(), "reservationType")?;
    if !["prefix", "explicit"].contains(&kind) {
        return Err(bad_value(kind, "reservationType", "Valid values are: prefix, explicit."));
    }
    life::create::<Reservation>(ec2, call, "subnetCidrReservation", &input.tag_specification, |state, place| {
        check_range(state, subnet_id, cidr)?;
        let id = SUBNET_RESERVATION.new_id();
        let reservation = Reservation {
            subnet_cidr_reservation_id: id.clone(),
            subnet_id: subnet_id.to_owned(),
            cidr: cidr.trunc(),
            reservation_type: kind.to_owned(),
            owner_id: place.account.clone(),
            description: input.description.clone(),
        };
        state.subnet_reservations.insert(&id, reservation);
        Ok(id)
    })
}

/// Refuses what is outside of the subnet, or reserved already.
fn check_range(state: &State, subnet_id: &str, cidr: IpNet) -> Result<(), ApiError> {
    let subnet = state.subnets.find(subnet_id)?;
    if !subnet.cidrs().any(|range| range.contains(&cidr)) {
        let is_same = |range: &IpNet| range.addr().is_ipv4() == cidr.addr().is_ipv4();
        let ranges: Vec<String> = subnet.cidrs().filter(is_same).map(|range| range.to_string()).collect();
        return Err(invalid(format!("Reservation CIDR should be within subnet CIDR block ({})", ranges.join(", "))));
    }
    if reserved(state, subnet_id).into_iter().any(|other| overlap(cidr, other)) {
        return Err(invalid(format!("Reservation CIDR {cidr} has overlap with existing reserved CIDR block")));
    }
    Ok(())
}

pub(in super::super) fn get(ec2: &Ec2, call: &Call, input: &ReservationInput) -> Result<Value, ApiError> {
    let id = required(input.subnet_id.as_deref(), "subnetId")?;
    let state = ec2.state(call)?;
    state.subnets.find(id)?;
    let of_subnet = state.subnet_reservations.select(|reservation| reservation.subnet_id == id);
    let all = of_subnet.into_iter().map(|reservation| query::show(reservation, &state)).collect();
    let found = query::filtered(all, &input.filter, Reservation::FILTERS)?;
    let is_ipv6 = |shown: &Value| shown["cidr"].as_str().is_some_and(|cidr| cidr.contains(':'));
    let (ipv6, ipv4): (Vec<Value>, Vec<Value>) = found.into_iter().partition(is_ipv6);
    Ok(json!({ "subnetIpv4CidrReservationSet": ipv4, "subnetIpv6CidrReservationSet": ipv6 }))
}

pub(in super::super) fn delete(ec2: &Ec2, call: &Call, input: &ReservationInput) -> Result<Value, ApiError> {
    let id = required(input.subnet_cidr_reservation_id.as_deref(), "subnetCidrReservationId")?;
    ec2.change(call, |state| {
        let deleted = query::show(state.subnet_reservations.find(id)?, state);
        state.remove::<Reservation>(id);
        Ok(json!({ "deletedSubnetCidrReservation": deleted }))
    })
}
