//! The tags of a resource, as its own service tells them.

use serde_json::{Value, json};

use super::Served;
use crate::{Call, ServiceName, access::TagSet};

/// The tags of a resource by its ARN; none if it is not there, or of a service that is not asked. `call` is one of
/// the account itself, in the region that is asked in: what is elsewhere is not looked for.
pub(super) fn tags_of(served: &Served, call: &Call, arn: &str) -> Option<TagSet> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, service, region, _, resource] = parts.as_slice() else { return None };
    if !region.is_empty() && *region != call.region {
        return None;
    }
    let (service, operation, input) = question(service, arn, resource, &call.account)?;
    let answer = served.call(service, operation, call, input).ok()?;
    Some(TagSet::asked_for(&answer))
}

/// The operation that tells the tags, and its input.
fn question(service: &str, arn: &str, resource: &str, account: &str) -> Option<(ServiceName, &'static str, Value)> {
    const OF_ARN: &str = "ListTagsForResource";
    let (kind, name) = resource.split_once(['/', ':']).unwrap_or((resource, ""));
    let last = name.rsplit('/').next().unwrap_or_default();
    Some(match (service, kind) {
        ("athena", _) => (ServiceName::Athena, OF_ARN, json!({ "ResourceARN": arn })),
        ("cloudwatch", _) => (ServiceName::CloudWatch, OF_ARN, json!({ "ResourceARN": arn })),
        ("ec2", _) => {
            let filter = json!({ "Name": "resource-id", "Value": [last] });
            (ServiceName::Ec2, "DescribeTags", json!({ "Filter": [filter] }))
        }
        ("iam", "instance-profile") => {
            (ServiceName::Iam, "ListInstanceProfileTags", json!({ "InstanceProfileName": last }))
        }
        ("iam", "policy") => (ServiceName::Iam, "ListPolicyTags", json!({ "PolicyArn": arn })),
        ("iam", "role") => (ServiceName::Iam, "ListRoleTags", json!({ "RoleName": last })),
        ("iam", "user") => (ServiceName::Iam, "ListUserTags", json!({ "UserName": last })),
        ("logs", "log-group") => {
            let group = name.split(':').next().unwrap_or_default();
            let arn = format!("{}log-group:{group}", arn.strip_suffix(resource)?);
            (ServiceName::Logs, OF_ARN, json!({ "resourceArn": arn }))
        }
        ("sns", _) => (ServiceName::Sns, OF_ARN, json!({ "ResourceArn": arn })),
        ("sqs", _) => (ServiceName::Sqs, "ListQueueTags", json!({ "QueueUrl": format!("/{account}/{resource}") })),
        _ => return None,
    })
}
