//! The right of flow logs to write into a bucket, as AWS gives it to them when they are made.

use s3s::S3Result;
use serde_json::{Value, json};
use weir_network::BucketArn;

use super::{error::broke, service::Service, settings};
use crate::{ApiError, Call, access::Context, services::ec2::DeliveryRights};

/// Who writes.
const WRITER: &str = "delivery.logs.amazonaws.com";

impl DeliveryRights for Service {
    fn grant(&self, call: &Call, destination: &BucketArn) -> Result<bool, ApiError> {
        let right = Right::new(call, destination);
        let bucket = vec![right.bucket.clone()];
        let may = |action: &str| self.access.authorize(call, action, &bucket).is_ok();
        if may("s3:GetBucketPolicy") && may("s3:PutBucketPolicy") {
            right.write(self, destination.bucket().as_str()).map_err(ApiError::internal)?;
        }
        let object = right.keys.replace('*', "vpcflowlogs/object");
        Ok(self.access.allows_service(WRITER, "s3:PutObject", &object, &right.context(call)))
    }
}

/// What is to be allowed.
struct Right {
    account: String,
    /// The ARN of the bucket.
    bucket: String,
    /// The ARN of the objects.
    keys: String,
    /// Who asks for it: the flow logs of a region.
    source: String,
}

impl Right {
    fn new(call: &Call, destination: &BucketArn) -> Self {
        let account = call.account.clone();
        let bucket = format!("arn:aws:s3:::{}", destination.bucket());
        let folder = destination.folder();
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Self { keys: format!("{bucket}/{folder}AWSLogs/{account}/*"), bucket, source: call.arn("logs", "*"), account }
    }

    fn context(&self, call: &Call) -> Context {
        Context::of(call)
            .with("aws:SourceAccount", &self.account)
            .with("aws:SourceArn", &self.source)
            .with("s3:x-amz-acl", "bucket-owner-full-control")
    }

    /// Adds to the policy of the bucket what it does not say yet.
    fn write(&self, service: &Service, name: &str) -> S3Result<()> {
        let bucket = service.bucket(name)?;
        service.disk.update(&bucket, settings::POLICY, |before: Option<String>| {
            let mut policy = match &before {
                Some(text) => serde_json::from_str(text).map_err(broke)?,
                None => json!({ "Version": "2012-10-17", "Id": "AWSLogDeliveryWrite20150319", "Statement": [] }),
            };
            for statement in self.statements() {
                add(&mut policy, statement);
            }
            Ok(policy.to_string())
        })
    }

    /// The two statements that AWS attaches.
    fn statements(&self) -> [Value; 2] {
        let conditions = |acl: Option<&str>| {
            let mut equals = json!({ "aws:SourceAccount": self.account });
            if let Some(acl) = acl {
                equals["s3:x-amz-acl"] = json!(acl);
            }
            json!({ "StringEquals": equals, "ArnLike": { "aws:SourceArn": self.source } })
        };
        let statement = |id: &str, action: &str, resource: &str, condition: Value| {
            json!({
                "Sid": id, "Effect": "Allow", "Principal": { "Service": WRITER }, "Action": action,
                "Resource": resource, "Condition": condition,
            })
        };
        let owned = Some("bucket-owner-full-control");
        [
            statement("AWSLogDeliveryWrite", "s3:PutObject", &self.keys, conditions(owned)),
            statement("AWSLogDeliveryAclCheck", "s3:GetBucketAcl", &self.bucket, conditions(None)),
        ]
    }
}

/// Adds a statement that no other one is like; its id gets a number if another one has it.
fn add(policy: &mut Value, mut statement: Value) {
    // One statement may stand without a list around it.
    if policy["Statement"].is_object() {
        policy["Statement"] = json!([policy["Statement"].take()]);
    }
    let Some(statements) = policy["Statement"].as_array_mut() else { return };
    let without_id = |statement: &Value| {
        let mut rest = statement.clone();
        rest.as_object_mut().map(|members| members.remove("Sid"));
        rest
    };
    if statements.iter().any(|other| without_id(other) == without_id(&statement)) {
        return;
    }
    let id = statement["Sid"].as_str().unwrap_or_default().to_owned();
    let is_taken = |id: &str| statements.iter().any(|other| other["Sid"] == id);
    let numbered = (1..).map(|number| format!("{id}{number}"));
    let free = std::iter::once(id.clone()).chain(numbered).find(|id| !is_taken(id));
    statement["Sid"] = json!(free);
    statements.push(statement);
}
