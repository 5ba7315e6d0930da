//! Where a flow log is to deliver, out of the three parameters that say it.

use weir_network::{BucketArn, BucketName};
use weir_store::StoreError;

use super::create::CreateInput;
use crate::{ApiError, Call, services::ec2::Ec2};

/// Where a flow log delivers.
pub(super) enum Destination {
    Bucket(BucketArn),
    LogGroup {
        name: String,
        /// The ARN, when that was given and not the name.
        arn: Option<String>,
    },
}

fn refused(text: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameter", text)
}

/// Reads the parameters, in the order and with the texts of AWS.
pub(super) fn read(input: &CreateInput, call: &Call) -> Result<Destination, ApiError> {
    if input.log_group_name.is_some() && input.log_destination.is_some() {
        return Err(refused("Please only provide LogGroupName or only provide LogDestination."));
    }
    if input.log_group_name.is_none() && input.log_destination.is_none() {
        return Err(refused("LogDestination can't be empty if LogGroupName is not provided."));
    }
    match input.log_destination_type.as_deref().unwrap_or("cloud-watch-logs") {
        "s3" => bucket(input).map(Destination::Bucket),
        "cloud-watch-logs" => log_group(input, call),
        "kinesis-data-firehose" => {
            let text = "Weir does not deliver to kinesis-data-firehose: choose s3 or cloud-watch-logs.";
            Err(ApiError::new("UnsupportedOperation", text))
        }
        other => Err(crate::services::ec2::kind::bad_value(
            other,
            "LogDestinationType",
            "Valid values are: cloud-watch-logs, s3, kinesis-data-firehose.",
        )),
    }
}

fn bucket(input: &CreateInput) -> Result<BucketArn, ApiError> {
    if input.log_group_name.is_some() {
        return Err(refused("LogDestination type must be cloud-watch-logs if LogGroupName is provided."));
    }
    if input.deliver_logs_permission_arn.is_some() {
        return Err(refused("DeliverLogsPermissionArn is not applicable for LogDestinationType s3."));
    }
    let arn = input.log_destination.as_deref().unwrap_or_default();
    if arn.starts_with("arn:aws:logs:") {
        return Err(refused("LogDestination type is different from the LogDestination ARN"));
    }
    arn.parse().map_err(|error: weir_network::BucketArnError| refused(error.to_string()))
}

fn log_group(input: &CreateInput, call: &Call) -> Result<Destination, ApiError> {
    let arn = input.log_destination.clone();
    let name = match (&input.log_group_name, &arn) {
        (Some(name), _) => name.clone(),
        (None, Some(arn)) => group_of(arn, call)?,
        (None, None) => String::new(),
    };
    let Some(role) = &input.deliver_logs_permission_arn else {
        let text = "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.";
        return Err(refused(text));
    };
    if !(role.starts_with("arn:aws") && role.contains(":iam::") && role.contains(":role/")) {
        return Err(refused(format!("DeliverLogsPermissionArn {role} is not the ARN of a role")));
    }
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte);
    if name.is_empty() || name.len() > 512 || !name.bytes().all(is_good) {
        return Err(refused(format!("'{name}' is no name of a log group")));
    }
    Ok(Destination::LogGroup { name, arn })
}

/// `arn:aws:logs:<region>:<account>:log-group:<name>`, with or without `:*`.
fn group_of(arn: &str, call: &Call) -> Result<String, ApiError> {
    if arn.starts_with("arn:aws:s3:") {
        return Err(refused("LogDestination type is different from the LogDestination ARN"));
    }
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "logs", region, account, "log-group", name]
        | ["arn", _, "logs", region, account, "log-group", name, "*"]
            if *region == call.region && *account == call.account =>
        {
            Ok((*name).to_owned())
        }
        _ => Err(refused(format!("LogDestination {arn} is not the ARN of a log group of this account and region"))),
    }
}

/// Whether objects can be put into a bucket: a folder of this machine, or S3 when the program knows how to reach it.
pub(super) fn is_there(ec2: &Ec2, bucket: &BucketName) -> Result<bool, ApiError> {
    match ec2.buckets().is_folder(bucket) {
        Ok(_) => Ok(true),
        Err(StoreError::NoBucket { .. }) => Ok(false),
        Err(error) => Err(ApiError::internal(error)),
    }
}
