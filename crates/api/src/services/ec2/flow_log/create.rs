//! `CreateFlowLogs`.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;
use weir_network::{AggregationInterval, TrafficType};
use weir_record::Format;

use super::{
    FlowLog, Inner, Options,
    destination::{self, Destination},
};
use crate::{
    ApiError, Call, Refusal,
    protocol::Protocol,
    services::ec2::{
        Ec2,
        kind::{FLOW_LOG, INTERFACE, Kind, SUBNET, VPC, bad_value, invalid, required},
        state::State,
        tags::{self, TagSpecification},
    },
};

/// Most things of one request.
const MOST: usize = 300;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct CreateInput {
    resource_id: Vec<String>,
    resource_type: Option<String>,
    traffic_type: Option<String>,
    pub(super) log_destination_type: Option<String>,
    pub(super) log_destination: Option<String>,
    pub(super) log_group_name: Option<String>,
    pub(super) deliver_logs_permission_arn: Option<String>,
    deliver_cross_account_role: Option<String>,
    log_format: Option<String>,
    max_aggregation_interval: Option<u64>,
    destination_options: Option<Value>,
    tag_field_specification: Option<Value>,
    tag_specification: Vec<TagSpecification>,
    client_token: Option<String>,
}

impl CreateInput {
    fn kind(&self) -> Result<&'static Kind, ApiError> {
        match required(self.resource_type.as_deref(), "ResourceType")? {
            "VPC" => Ok(&VPC),
            "Subnet" => Ok(&SUBNET),
            "NetworkInterface" => Ok(&INTERFACE),
            other @ ("TransitGateway"
            | "TransitGatewayAttachment"
            | "RegionalNatGateway"
            | "CoreNetwork"
            | "CoreNetworkEdge"
            | "CoreNetworkAttachment") => {
                let text = format!("Weir has no flow logs of {other}: choose VPC, Subnet or NetworkInterface.");
                Err(ApiError::new("UnsupportedOperation", text))
            }
            other => Err(bad_value(other, "ResourceType", "Valid values are: VPC, Subnet, NetworkInterface.")),
        }
    }

    fn traffic_type(&self) -> Result<TrafficType, ApiError> {
        let given = required(self.traffic_type.as_deref(), "TrafficType")?;
        match given.to_ascii_uppercase().as_str() {
            "ACCEPT" => Ok(TrafficType::Accept),
            "REJECT" => Ok(TrafficType::Reject),
            "ALL" => Ok(TrafficType::All),
            _ => Err(bad_value(given, "TrafficType", "Valid values are: ACCEPT, REJECT, ALL.")),
        }
    }

    fn interval(&self) -> Result<AggregationInterval, ApiError> {
        let refused = |_| ApiError::new("InvalidParameter", "Invalid Flow Log Max Aggregation Interval");
        self.max_aggregation_interval.map_or(Ok(AggregationInterval::default()), |it| it.try_into().map_err(refused))
    }

    fn format(&self) -> Result<Format, ApiError> {
        let refused = |error: weir_record::FormatError| {
            ApiError::new("InvalidParameter", format!("Unknown fields or a malformed LogFormat: {error}"))
        };
        self.log_format.as_deref().map_or(Ok(Format::default()), |text| text.parse().map_err(refused))
    }

    fn options(&self, is_bucket: bool) -> Result<Option<Options>, ApiError> {
        let Some(given) = &self.destination_options else { return Ok(is_bucket.then(Options::default)) };
        if !is_bucket {
            return Err(ApiError::new("InvalidParameter", "DestinationOptions are only for LogDestinationType s3."));
        }
        let payload = crate::Payload::texts(Protocol::Ec2Query, given.clone());
        let options = payload.parse().map_err(|error| invalid(format!("DestinationOptions: {}", error.message)))?;
        Ok(Some(options))
    }

    /// What all flow logs of the request have in common.
    fn draft(&self, call: &Call, token: &str, destination: &Destination) -> Result<FlowLog, ApiError> {
        let is_bucket = matches!(destination, Destination::Bucket(_));
        let (log_destination, log_group_name) = match destination {
            Destination::Bucket(_) => (self.log_destination.clone(), None),
            Destination::LogGroup { name, arn } => (arn.clone(), Some(name.clone())),
        };
        Ok(FlowLog {
            flow_log_id: String::new(),
            resource_id: String::new(),
            creation_time: call.now,
            flow_log_status: "ACTIVE".to_owned(),
            traffic_type: self.traffic_type()?,
            log_destination_type: if is_bucket { "s3" } else { "cloud-watch-logs" }.to_owned(),
            log_destination,
            log_group_name,
            deliver_logs_permission_arn: self.deliver_logs_permission_arn.clone(),
            deliver_cross_account_role: self.deliver_cross_account_role.clone(),
            log_format: self.format()?,
            max_aggregation_interval: self.interval()?,
            destination_options: self.options(is_bucket)?,
            private: Inner { client_token: Some(token.to_owned()), is_own: false },
        })
    }
}

pub(in super::super) fn create(ec2: &Ec2, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    required(input.resource_id.first(), "ResourceIds")?;
    let kind = input.kind()?;
    if input.resource_id.len() > MOST {
        return Err(invalid(format!("A request names at most {MOST} resources.")));
    }
    if input.tag_field_specification.is_some() {
        let text = "Weir's records have no fields of tags: leave TagFieldSpecification out.";
        return Err(ApiError::new("UnsupportedOperation", text));
    }
    tags::only_for(&input.tag_specification, &[&FLOW_LOG])?;
    let token = input.client_token.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    check_interval(ec2, input.interval()?)?;
    let destination = destination::read(input, call)?;
    let draft = input.draft(call, &token, &destination)?;
    let problem = problem(ec2, call, &draft, &destination)?;
    ec2.change(call, |state| {
        if let Some(ids) = earlier(state, input, &draft)? {
            return Ok(json!({ "clientToken": token, "flowLogIdSet": ids, "unsuccessful": [] }));
        }
        let missing: Vec<&str> =
            input.resource_id.iter().map(String::as_str).filter(|id| !state.holds(kind, id)).collect();
        if !missing.is_empty() {
            return Err(kind.missing(missing));
        }
        if let Some(text) = &problem {
            let error = json!({ "code": "400", "message": text });
            let row = |id: &String| json!({ "resourceId": id, "error": error });
            let rows: Vec<Value> = input.resource_id.iter().map(row).collect();
            return Ok(json!({ "clientToken": token, "flowLogIdSet": [], "unsuccessful": rows }));
        }
        let mut ids = Vec::new();
        for resource_id in &input.resource_id {
            ids.push(put(state, &draft, resource_id, &input.tag_specification)?);
        }
        Ok(json!({ "clientToken": token, "flowLogIdSet": ids, "unsuccessful": [] }))
    })
}

/// Refuses what would be recorded in longer windows than it says.
fn check_interval(ec2: &Ec2, asked: AggregationInterval) -> Result<(), ApiError> {
    let shortest = ec2.deliveries().map_or(AggregationInterval::Second, |it| it.shortest_interval()).seconds();
    if asked.seconds() >= shortest {
        return Ok(());
    }
    let text = "Invalid Flow Log Max Aggregation Interval";
    // Those that AWS has deserve a word why not.
    let why = if asked.seconds() < 60 {
        String::new()
    } else {
        format!(": `weir up --interval {shortest}` makes no shorter records. Give {shortest}, or start it with less.")
    };
    Err(ApiError::new("InvalidParameter", format!("{text}{why}")))
}

/// Why no flow log of a request can deliver: its bucket is not there, or not open to it.
///
/// # Errors
/// When the caller may not hand on the role.
fn problem(ec2: &Ec2, call: &Call, draft: &FlowLog, destination: &Destination) -> Result<Option<String>, ApiError> {
    if let (Some(access), Some(role)) = (ec2.access(), &draft.deliver_logs_permission_arn) {
        let refused = |refusal: Refusal| refusal.to_error(Protocol::Ec2Query);
        access.may_pass_role(call, role, "vpc-flow-logs.amazonaws.com").map_err(refused)?;
    }
    let Destination::Bucket(arn) = destination else { return Ok(None) };
    let bucket = arn.bucket();
    if !destination::is_there(ec2, bucket)? {
        return Ok(Some(format!("LogDestination: {bucket} does not exist")));
    }
    let may_write = ec2.rights().map_or(Ok(true), |rights| rights.grant(call, arn))?;
    let denied = || format!("Access Denied for LogDestination: {bucket}. Please check LogDestination permission");
    Ok((!may_write).then(denied))
}

/// The flow logs that the same request made before.
///
/// # Errors
/// Another request had its token.
fn earlier(state: &State, input: &CreateInput, draft: &FlowLog) -> Result<Option<Vec<String>>, ApiError> {
    let Some(token) = input.client_token.as_deref() else { return Ok(None) };
    let mut ids = Vec::new();
    for log in state.flow_logs.iter().filter(|log| log.private.client_token.as_deref() == Some(token)) {
        let asked = FlowLog { resource_id: log.resource_id.clone(), ..draft.clone() };
        if !input.resource_id.contains(&log.resource_id) || !log.is_like(&asked) {
            let text = "The request uses the same client token as a previous one, but is not identical to it.";
            return Err(ApiError::new("IdempotentParameterMismatch", text));
        }
        ids.push(log.flow_log_id.clone());
    }
    Ok((!ids.is_empty()).then_some(ids))
}

fn put(
    state: &mut State,
    draft: &FlowLog,
    resource_id: &str,
    specifications: &[TagSpecification],
) -> Result<String, ApiError> {
    let id = FLOW_LOG.new_id();
    let log = FlowLog { flow_log_id: id.clone(), resource_id: resource_id.to_owned(), ..draft.clone() };
    if state.flow_logs.iter().any(|other| !other.is_own() && other.is_like(&log)) {
        let text = "Error. There is an existing Flow Log with the same configuration and log destination.";
        return Err(ApiError::new("FlowLogAlreadyExists", text));
    }
    state.flow_logs.insert(&id, log);
    tags::give(state, &id, &FLOW_LOG, specifications)?;
    Ok(id)
}
