//! `RunInstances`: instances with interfaces, which wait for devices of a host.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Inner, Instance, InstanceState, Monitoring, Placement, query, reserved};
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        interface::{self, Wanted},
        kind::{IMAGE, INSTANCE, INTERFACE, RESERVATION, VOLUME, bad_value, invalid, required},
        place::{Place, Zone},
        state::State,
        subnet::Subnet,
        switch::Switch,
        tags::{self, TagSpecification},
    },
};

/// Most instances of one request.
const MOST: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct RunInput {
    image_id: Option<String>,
    instance_type: Option<String>,
    min_count: Option<usize>,
    max_count: Option<usize>,
    key_name: Option<String>,
    subnet_id: Option<String>,
    security_group_id: Vec<String>,
    security_group: Vec<String>,
    private_ip_address: Option<String>,
    network_interface: Vec<Value>,
    placement: PlacementInput,
    monitoring: MonitoringInput,
    user_data: Option<String>,
    client_token: Option<String>,
    ebs_optimized: bool,
    disable_api_termination: bool,
    disable_api_stop: bool,
    instance_initiated_shutdown_behavior: Option<String>,
    launch_template: Option<Value>,
    tag_specification: Vec<TagSpecification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PlacementInput {
    availability_zone: Option<String>,
    availability_zone_id: Option<String>,
    tenancy: Option<String>,
    group_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct MonitoringInput {
    enabled: bool,
}

/// An interface of a new instance: one that is there, or what it should be like.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Plug {
    network_interface_id: Option<String>,
    device_index: Option<i64>,
    delete_on_termination: Option<bool>,
}

/// What an instance is made of, besides its interfaces.
pub(in super::super) struct Launch<'a> {
    pub(in super::super) id: String,
    pub(in super::super) subnet: &'a Subnet,
    pub(in super::super) image_id: &'a str,
    pub(in super::super) instance_type: &'a str,
}

impl RunInput {
    fn check(&self) -> Result<(&str, usize), ApiError> {
        if self.launch_template.is_some() {
            let text = "Weir has no launch templates: give the image and the instance type themselves.";
            return Err(ApiError::new("UnsupportedOperation", text));
        }
        let image = required(self.image_id.as_deref(), "ImageId")?;
        if !image.starts_with(IMAGE.prefix) {
            return Err(IMAGE.missing([image]));
        }
        let kind = self.instance_type();
        let is_name = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
        if !kind.split_once('.').is_some_and(|(family, size)| is_name(family) && is_name(size)) {
            return Err(invalid(format!("Invalid value '{kind}' for InstanceType.")));
        }
        let (least, most) =
            (*required(self.min_count.as_ref(), "MinCount")?, *required(self.max_count.as_ref(), "MaxCount")?);
        if least < 1 || most < least || most > MOST {
            let why = format!("The count must be from minCount to {MOST}, and minCount from 1 to maxCount.");
            return Err(bad_value(&most.to_string(), "maxCount", &why));
        }
        if !self.network_interface.is_empty() && (self.subnet_id.is_some() || !self.security_group_id.is_empty()) {
            let text = "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request";
            return Err(ApiError::new("InvalidParameterCombination", text));
        }
        if most > 1 && self.private_ip_address.is_some() {
            let text = "A private IP address may be given for one instance only.";
            return Err(ApiError::new("InvalidParameterCombination", text));
        }
        tags::only_for(&self.tag_specification, &[&INSTANCE, &INTERFACE, &VOLUME])?;
        Ok((image, most))
    }

    fn instance_type(&self) -> &str {
        self.instance_type.as_deref().unwrap_or("m1.small")
    }

    /// The interfaces of each instance; one if none are asked for.
    fn plugs(&self) -> Result<Vec<(Plug, Wanted)>, ApiError> {
        let parse = |value: &Value| {
            let payload = crate::Payload::texts(crate::protocol::Protocol::Ec2Query, value.clone());
            Ok((payload.parse()?, payload.parse()?))
        };
        if !self.network_interface.is_empty() {
            return self.network_interface.iter().map(parse).collect();
        }
        let wanted = Wanted {
            subnet_id: self.subnet_id.clone(),
            private_ip_address: self.private_ip_address.clone(),
            security_group_id: self.security_group_id.clone(),
            ..Wanted::default()
        };
        Ok(vec![(Plug { device_index: Some(0), ..Plug::default() }, wanted)])
    }

    /// The subnet of the first interface, or else a default one.
    fn subnet(&self, state: &State, place: &Place, plugs: &[(Plug, Wanted)]) -> Result<Subnet, ApiError> {
        let first = plugs.first();
        if let Some(id) = first.and_then(|(plug, _)| plug.network_interface_id.as_deref()) {
            let interface = state.interfaces.find(id)?;
            let id = interface.subnet_id.as_str();
            return state.subnets.find(id).cloned();
        }
        if let Some(id) = first.and_then(|(_, wanted)| wanted.subnet_id.as_deref()) {
            return state.subnets.find(id).cloned();
        }
        let asked = &self.placement;
        let named = asked.availability_zone.is_some() || asked.availability_zone_id.is_some();
        let zone = place.zone(asked.availability_zone.as_deref(), asked.availability_zone_id.as_deref())?;
        let is_default = |it: &&Subnet| it.default_for_az && (!named || it.availability_zone == zone.name);
        let none = || {
            let text = "No subnets found for the default VPC. Please specify a subnet.";
            ApiError::new("MissingInput", text)
        };
        state.subnets.iter().find(is_default).cloned().ok_or_else(none)
    }

    fn group_ids(&self, state: &State, vpc_id: &str) -> Result<Vec<String>, ApiError> {
        let by_name = |name: &String| {
            let found = state.groups.iter().find(|group| group.vpc_id == vpc_id && group.group_name == *name);
            let text = format!("The security group '{name}' does not exist in VPC '{vpc_id}'");
            found.map(|group| group.group_id.clone()).ok_or_else(|| ApiError::new("InvalidGroup.NotFound", text))
        };
        self.security_group.iter().map(by_name).collect()
    }
}

pub(in super::super) fn run(ec2: &Ec2, call: &Call, input: &RunInput) -> Result<Value, ApiError> {
    let (image_id, count) = input.check()?;
    let place = Place::of(call);
    ec2.change(call, |state| {
        super::status::prune(state, call.now);
        if let Some(earlier) = earlier(state, input.client_token.as_deref()) {
            return Ok(earlier);
        }
        if let Some(name) = input.key_name.as_deref().filter(|name| !super::super::key::is_there(state, name)) {
            let text = format!("The key pair '{name}' does not exist");
            return Err(ApiError::new("InvalidKeyPair.NotFound", text));
        }
        let mut plugs = input.plugs()?;
        let subnet = input.subnet(state, &place, &plugs)?;
        let by_name = input.group_ids(state, &subnet.vpc_id)?;
        for (_, wanted) in &mut plugs {
            wanted.subnet_id.get_or_insert_with(|| subnet.subnet_id.clone());
            wanted.security_group_id.extend(by_name.iter().cloned());
        }
        let reservation = RESERVATION.new_id();
        let mut ids = Vec::new();
        for index in 0..count {
            let launch =
                Launch { id: INSTANCE.new_id(), subnet: &subnet, image_id, instance_type: input.instance_type() };
            let id = put(state, &place, launch, &reservation);
            if let Some(instance) = state.instances.get_mut(&id) {
                fill(instance, input, index);
            }
            for plug in &plugs {
                plug_in(state, &place, &id, plug, &input.tag_specification)?;
            }
            tags::give(state, &id, &INSTANCE, &input.tag_specification)?;
            ids.push(id);
        }
        Ok(answer(state, &ids))
    })
}

/// The answer to the same request before.
fn earlier(state: &State, token: Option<&str>) -> Option<Value> {
    let token = token?;
    let same = state.instances.iter().filter(|it| it.client_token.as_deref() == Some(token) && it.is_alive());
    let ids: Vec<String> = same.map(|instance| instance.instance_id.clone()).collect();
    if ids.is_empty() { None } else { Some(answer(state, &ids)) }
}

fn answer(state: &State, ids: &[String]) -> Value {
    let instances = ids.iter().filter_map(|id| state.instances.get(id));
    let shown = instances.map(|instance| {
        let mut shown = query::full(instance, state);
        shown["instanceState"] = json!(InstanceState::Pending);
        shown
    });
    reserved(shown.collect()).into_iter().next().unwrap_or_default()
}

/// An instance without interfaces.
pub(in super::super) fn put(state: &mut State, place: &Place, launch: Launch<'_>, reservation_id: &str) -> String {
    let Launch { id, subnet, image_id, instance_type } = launch;
    let zone = Zone { name: subnet.availability_zone.clone(), id: subnet.availability_zone_id.clone() };
    let instance = Instance {
        instance_id: id.clone(),
        image_id: image_id.to_owned(),
        instance_type: instance_type.to_owned(),
        instance_state: InstanceState::Running,
        state_reason: None,
        reason: String::new(),
        key_name: None,
        ami_launch_index: 0,
        launch_time: place.now,
        placement: Placement {
            availability_zone: zone.name,
            availability_zone_id: zone.id,
            group_name: String::new(),
            tenancy: "default".to_owned(),
        },
        client_token: None,
        subnet_id: subnet.subnet_id.clone(),
        vpc_id: subnet.vpc_id.clone(),
        ebs_optimized: false,
        source_dest_check: true,
        monitoring: Monitoring { state: "disabled".to_owned() },
        private: Inner {
            reservation_id: reservation_id.to_owned(),
            owner_id: place.account.clone(),
            ..Inner::default()
        },
    };
    state.instances.insert(&id, instance);
    id
}

fn fill(instance: &mut Instance, input: &RunInput, index: usize) {
    instance.ami_launch_index = index;
    instance.key_name.clone_from(&input.key_name);
    instance.client_token.clone_from(&input.client_token);
    instance.ebs_optimized = input.ebs_optimized;
    if input.monitoring.enabled {
        "pending".clone_into(&mut instance.monitoring.state);
    }
    if let Some(tenancy) = &input.placement.tenancy {
        instance.placement.tenancy.clone_from(tenancy);
    }
    if let Some(group) = &input.placement.group_name {
        instance.placement.group_name.clone_from(group);
    }
    let inner = &mut instance.private;
    inner.user_data.clone_from(&input.user_data);
    inner.disable_api_termination = input.disable_api_termination;
    inner.disable_api_stop = input.disable_api_stop;
    inner.shutdown_behavior.clone_from(&input.instance_initiated_shutdown_behavior);
}

fn plug_in(
    state: &mut State,
    place: &Place,
    instance_id: &str,
    (plug, wanted): &(Plug, Wanted),
    specifications: &[TagSpecification],
) -> Result<(), ApiError> {
    let index = *required(plug.device_index.as_ref(), "NetworkInterface.DeviceIndex")?;
    let (id, is_new) = match &plug.network_interface_id {
        Some(id) => (id.clone(), false),
        None => (interface::make(state, place, wanted)?, true),
    };
    if is_new {
        tags::give(state, &id, &INTERFACE, specifications)?;
    }
    let goes = plug.delete_on_termination.unwrap_or(is_new);
    interface::join(state, place, &id, instance_id, index, goes).map(drop)
}

/// A switch that was given.
pub(super) fn set(place: &mut bool, switch: Option<Switch>) {
    *place = switch.map_or(*place, |switch| switch.value);
}
