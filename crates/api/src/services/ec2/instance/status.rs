//! Starting, stopping and ending instances, and what state they are in.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Instance, InstanceState, StateReason, interfaces};
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2, interface,
        kind::{INSTANCE, required},
        query::{self, Describe, Filter},
        state::State,
    },
};

/// How long a terminated instance is told of.
const REMEMBERED_MILLIS: i64 = 3_600_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct InstancesInput {
    instance_id: Vec<String>,
}

/// What becomes of an instance: what is said at once, and what it is then.
struct Turn {
    said: InstanceState,
    then: InstanceState,
    /// States in which nothing changes any more.
    settled: &'static [InstanceState],
}

const START: Turn =
    Turn { said: InstanceState::Pending, then: InstanceState::Running, settled: &[InstanceState::Running] };
const STOP: Turn =
    Turn { said: InstanceState::Stopping, then: InstanceState::Stopped, settled: &[InstanceState::Stopped] };
const TERMINATE: Turn =
    Turn { said: InstanceState::ShuttingDown, then: InstanceState::Terminated, settled: &[InstanceState::Terminated] };

fn check(state: &State, ids: &[String]) -> Result<(), ApiError> {
    required(ids.first(), "InstanceId")?;
    let missing: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !state.instances.contains(id)).collect();
    if missing.is_empty() { Ok(()) } else { Err(INSTANCE.missing(missing)) }
}

fn turn(ec2: &Ec2, call: &Call, ids: &[String], turn: &Turn) -> Result<Value, ApiError> {
    ec2.change(call, |state| {
        check(state, ids)?;
        let mut changes = Vec::new();
        for id in ids {
            let instance = state.instances.find(id)?;
            may(instance, turn)?;
            let before = instance.instance_state;
            let is_settled = turn.settled.contains(&before);
            let said = if is_settled { before } else { turn.said };
            changes.push(json!({ "instanceId": id, "currentState": said, "previousState": before }));
            if !is_settled {
                settle(state, id, turn.then, call.now);
            }
        }
        Ok(json!({ "instancesSet": changes }))
    })
}

fn may(instance: &Instance, turn: &Turn) -> Result<(), ApiError> {
    let id = &instance.instance_id;
    let inner = &instance.private;
    if inner.is_host && turn.then != InstanceState::Running {
        let text = format!("The instance '{id}' is a host that records; it is stopped at the host, not here.");
        return Err(ApiError::new("OperationNotPermitted", text));
    }
    let protected = |attribute: &str| {
        let text = format!(
            "The instance '{id}' may not be {}. Modify its '{attribute}' instance attribute and try again.",
            if attribute == "disableApiStop" { "stopped" } else { "terminated" }
        );
        Err(ApiError::new("OperationNotPermitted", text))
    };
    match turn.then {
        InstanceState::Terminated if inner.disable_api_termination => protected("disableApiTermination"),
        InstanceState::Stopped if inner.disable_api_stop => protected("disableApiStop"),
        InstanceState::Stopped | InstanceState::Running if !instance.is_alive() => {
            let text = format!(
                "The instance '{id}' is not in a state from which it can be {}.",
                if turn.then == InstanceState::Running { "started" } else { "stopped" }
            );
            Err(ApiError::new("IncorrectInstanceState", text))
        }
        _ => Ok(()),
    }
}

fn settle(state: &mut State, id: &str, then: InstanceState, now: i64) {
    if then == InstanceState::Terminated {
        for (interface_id, goes) in attached(state, id) {
            interface::part(state, &interface_id);
            if goes {
                interface::forget(state, &interface_id);
            }
        }
    }
    let Some(instance) = state.instances.get_mut(id) else { return };
    instance.instance_state = then;
    let by_user = then != InstanceState::Running;
    let time = chrono::DateTime::from_timestamp_millis(now).unwrap_or_default();
    instance.reason =
        if by_user { time.format("User initiated (%Y-%m-%d %H:%M:%S GMT)").to_string() } else { String::new() };
    instance.state_reason = by_user.then(|| StateReason {
        code: "Client.UserInitiatedShutdown".to_owned(),
        message: "Client.UserInitiatedShutdown: User initiated shutdown".to_owned(),
    });
    match then {
        InstanceState::Terminated => instance.private.terminated = Some(now),
        InstanceState::Running => instance.launch_time = now,
        _ => {}
    }
}

fn attached(state: &State, id: &str) -> Vec<(String, bool)> {
    let goes = |interface: &interface::NetworkInterface| {
        interface.attachment.as_ref().is_some_and(|attachment| attachment.delete_on_termination)
    };
    interfaces(state, id).into_iter().map(|it| (it.network_interface_id.clone(), goes(it))).collect()
}

/// Forgets instances that were terminated long ago.
pub(super) fn prune(state: &mut State, now: i64) {
    let is_old = |it: &Instance| it.private.terminated.is_some_and(|then| then + REMEMBERED_MILLIS < now);
    for id in state.instances.ids(is_old) {
        state.remove::<Instance>(&id);
    }
}

pub(in super::super) fn start(ec2: &Ec2, call: &Call, input: &InstancesInput) -> Result<Value, ApiError> {
    turn(ec2, call, &input.instance_id, &START)
}

pub(in super::super) fn stop(ec2: &Ec2, call: &Call, input: &InstancesInput) -> Result<Value, ApiError> {
    turn(ec2, call, &input.instance_id, &STOP)
}

pub(in super::super) fn terminate(ec2: &Ec2, call: &Call, input: &InstancesInput) -> Result<Value, ApiError> {
    turn(ec2, call, &input.instance_id, &TERMINATE)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct StatusInput {
    instance_id: Vec<String>,
    include_all_instances: bool,
    filter: Vec<Filter>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(in super::super) fn describe_status(ec2: &Ec2, call: &Call, input: &StatusInput) -> Result<Value, ApiError> {
    let state = ec2.state(call)?;
    if !input.instance_id.is_empty() {
        check(&state, &input.instance_id)?;
    }
    let asked = |instance: &&Instance| {
        (input.instance_id.is_empty() || input.instance_id.contains(&instance.instance_id))
            && (input.include_all_instances || instance.is_running())
    };
    let rows = state.instances.iter().filter(asked).map(status).collect();
    let paths = [
        ("instance-id", "instanceId"),
        ("availability-zone", "availabilityZone"),
        ("instance-state-name", "instanceState.name"),
        ("instance-state-code", "instanceState.code"),
        ("instance-status.status", "instanceStatus.status"),
        ("instance-status.reachability", "instanceStatus.details.status"),
        ("system-status.status", "systemStatus.status"),
        ("system-status.reachability", "systemStatus.details.status"),
    ];
    let ask = Describe { max_results: input.max_results, next_token: input.next_token.clone(), ..Describe::default() };
    let (rows, next_token) = query::paged(query::filtered(rows, &input.filter, &paths)?, &ask, 5)?;
    Ok(json!({ "instanceStatusSet": rows, "nextToken": next_token }))
}

fn status(instance: &Instance) -> Value {
    let summary = if instance.is_running() {
        json!({ "status": "ok", "details": [{ "name": "reachability", "status": "passed" }] })
    } else {
        json!({ "status": "not-applicable", "details": [] })
    };
    json!({
        "instanceId": instance.instance_id, "availabilityZone": instance.placement.availability_zone,
        "instanceState": instance.instance_state, "instanceStatus": summary, "systemStatus": summary,
        "eventsSet": [],
    })
}
