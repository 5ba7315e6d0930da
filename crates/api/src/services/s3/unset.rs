//! What can be set for a bucket of AWS and not here: read, it is what a bucket has for which nobody set it.

use s3s::{S3Request, S3Result, dto};
use serde_json::Value;

use super::{
    error::{WithElement, refuse},
    service::Service,
    settings::{no_policy, policy},
};

/// An operation that answers with what a new bucket has.
macro_rules! unset {
    ($function:ident, $input:ident, $output:ident, $answer:expr) => {
        pub(super) fn $function(service: &Service, request: S3Request<dto::$input>) -> S3Result<dto::$output> {
            service.bucket(&request.input.bucket)?;
            Ok($answer)
        }
    };
}

/// An operation that finds nothing.
macro_rules! missing {
    ($function:ident, $input:ident, $output:ident, $code:literal, $message:literal) => {
        pub(super) fn $function(service: &Service, request: S3Request<dto::$input>) -> S3Result<dto::$output> {
            let bucket = service.bucket(&request.input.bucket)?;
            Err(refuse($code, 404, $message).with("BucketName", bucket.name))
        }
    };
}

unset!(
    delete_replication,
    DeleteBucketReplicationInput,
    DeleteBucketReplicationOutput,
    dto::DeleteBucketReplicationOutput::default()
);
missing!(
    replication,
    GetBucketReplicationInput,
    GetBucketReplicationOutput,
    "ReplicationConfigurationNotFoundError",
    "The replication configuration was not found"
);
missing!(
    object_lock,
    GetObjectLockConfigurationInput,
    GetObjectLockConfigurationOutput,
    "ObjectLockConfigurationNotFoundError",
    "Object Lock configuration does not exist for this bucket"
);

pub(super) fn policy_status(
    service: &Service,
    request: S3Request<dto::GetBucketPolicyStatusInput>,
) -> S3Result<dto::GetBucketPolicyStatusOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let text = policy(service, &bucket.name)?.ok_or_else(|| no_policy(&bucket.name))?;
    let is_public = serde_json::from_str(&text).is_ok_and(|document| is_public(&document));
    Ok(dto::GetBucketPolicyStatusOutput { policy_status: Some(dto::PolicyStatus { is_public: Some(is_public) }) })
}

/// Whether a policy lets everyone do something, whatever the circumstances.
fn is_public(document: &Value) -> bool {
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement) => vec![statement],
        None => Vec::new(),
    };
    let is_everyone = |who: &Value| match who {
        Value::String(who) => who == "*",
        Value::Array(all) => all.iter().any(|who| who == "*"),
        _ => false,
    };
    statements.into_iter().any(|statement| {
        let who = statement.get("Principal").map(|who| who.get("AWS").unwrap_or(who));
        statement.get("Effect").is_some_and(|effect| effect == "Allow")
            && statement.get("Condition").is_none()
            && who.is_some_and(is_everyone)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_is_public_if_it_lets_everyone_in_without_a_condition() {
        let with = |statement: Value| is_public(&json!({ "Statement": statement }));
        assert!(with(json!({"Effect": "Allow", "Principal": "*"})));
        assert!(with(json!([{"Effect": "Allow", "Principal": {"AWS": ["*"]}}])));
        assert!(!with(json!({"Effect": "Deny", "Principal": "*"})));
        assert!(!with(json!({"Effect": "Allow", "Principal": "*", "Condition": {}})));
        assert!(!with(json!({"Effect": "Allow", "Principal": {"AWS": "123456789012"}})));
    }
}
