//! IAM by its table: what it answers, and what it refuses in the words of AWS.

use serde_json::{Value, json};

use super::*;
use crate::{Call, Payload, Serve};

const NOW: i64 = 1_700_000_000_000;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"Service":"vpc-flow-logs.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}]}"#;
const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

struct Account(Table<Iam>);

impl Account {
    fn new() -> Self {
        Self(table(Arc::new(Access::off("123456789012"))))
    }

    fn try_ask(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        let call = Call::of_root("123456789012", "us-east-1", NOW);
        self.0.call(operation, &call, &Payload::json(input.to_string().into()))
    }

    fn ask(&self, operation: &str, input: &Value) -> Value {
        self.try_ask(operation, input).unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// Code, status and text.
    fn refused(&self, operation: &str, input: &Value) -> (String, u16, String) {
        let error = self.try_ask(operation, input).expect_err(operation);
        (error.code.to_string(), error.status, error.message)
    }
}

fn is(refused: &(String, u16, String), code: &str, status: u16, text: &str) {
    assert_eq!(*refused, (code.to_owned(), status, text.to_owned()));
}

#[test]
fn a_role_lives_and_dies_as_on_aws() {
    let account = Account::new();
    let role =
        account.ask("CreateRole", &json!({"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "Path": "/flow/"}));
    let role = &role["Role"];
    assert_eq!(role["Arn"], "arn:aws:iam::123456789012:role/flow/r");
    assert_eq!(role["CreateDate"], NOW);
    let id = role["RoleId"].as_str().expect("an id");
    assert!(id.starts_with("AROA") && id.len() == 21, "{id}");
    let document = role["AssumeRolePolicyDocument"].as_str().expect("a document");
    assert!(document.starts_with("%7B%22Version%22%3A%222012-10-17%22%2C"), "{document}");

    let again = account.refused("CreateRole", &json!({"RoleName": "R", "AssumeRolePolicyDocument": TRUST}));
    is(&again, "EntityAlreadyExists", 409, "Role with name R already exists.");
    let none = account.refused("GetRole", &json!({"RoleName": "none"}));
    is(&none, "NoSuchEntity", 404, "The role with name none cannot be found.");
    let odd = account.refused("CreateRole", &json!({"RoleName": "a b", "AssumeRolePolicyDocument": TRUST}));
    let text = "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-";
    is(&odd, "ValidationError", 400, text);
    let bad = account.refused("CreateRole", &json!({"RoleName": "b", "AssumeRolePolicyDocument": POLICY}));
    is(&bad, "MalformedPolicyDocument", 400, "Missing required field Principal");

    account.ask("PutRolePolicy", &json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": POLICY}));
    account.ask("AttachRolePolicy", &json!({"RoleName": "r", "PolicyArn": READ_ONLY}));
    account.ask("CreateInstanceProfile", &json!({"InstanceProfileName": "i"}));
    account.ask("AddRoleToInstanceProfile", &json!({"InstanceProfileName": "i", "RoleName": "r"}));
    let attached = account.ask("ListAttachedRolePolicies", &json!({"RoleName": "r"}));
    let expected = json!([{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}]);
    assert_eq!(attached, json!({"AttachedPolicies": expected, "IsTruncated": false}));
    let profile = account.ask("GetInstanceProfile", &json!({"InstanceProfileName": "i"}));
    assert_eq!(profile["InstanceProfile"]["Roles"][0]["RoleName"], "r");

    let delete = || account.refused("DeleteRole", &json!({"RoleName": "r"}));
    is(&delete(), "DeleteConflict", 409, "Cannot delete entity, must remove roles from instance profile first.");
    account.ask("RemoveRoleFromInstanceProfile", &json!({"InstanceProfileName": "i", "RoleName": "r"}));
    is(&delete(), "DeleteConflict", 409, "Cannot delete entity, must detach all policies first.");
    account.ask("DetachRolePolicy", &json!({"RoleName": "r", "PolicyArn": READ_ONLY}));
    is(&delete(), "DeleteConflict", 409, "Cannot delete entity, must delete policies first.");
    account.ask("DeleteRolePolicy", &json!({"RoleName": "r", "PolicyName": "p"}));
    account.ask("DeleteRole", &json!({"RoleName": "r"}));
    assert_eq!(account.ask("ListRoles", &json!({})), json!({"Roles": [], "IsTruncated": false}));
}

#[test]
fn a_managed_policy_has_versions_and_users() {
    let account = Account::new();
    let policy = account.ask("CreatePolicy", &json!({"PolicyName": "p", "PolicyDocument": POLICY, "Description": "d"}));
    let arn = policy["Policy"]["Arn"].as_str().expect("an ARN").to_owned();
    assert_eq!(arn, "arn:aws:iam::123456789012:policy/p");
    assert_eq!(policy["Policy"]["DefaultVersionId"], "v1");
    let said = |policy: &Value| (policy["Description"].clone(), policy["Tags"].clone());
    assert_eq!(said(&policy["Policy"]), (Value::Null, Value::Null), "what was just said is not said again");
    let shown = account.ask("GetPolicy", &json!({"PolicyArn": arn}));
    assert_eq!(said(&shown["Policy"]), (json!("d"), json!([])));
    for _ in 0..4 {
        account.ask("CreatePolicyVersion", &json!({"PolicyArn": arn, "PolicyDocument": POLICY, "SetAsDefault": true}));
    }
    let sixth = account.refused("CreatePolicyVersion", &json!({"PolicyArn": arn, "PolicyDocument": POLICY}));
    assert_eq!((sixth.0.as_str(), sixth.1), ("LimitExceeded", 409));
    let versions = account.ask("ListPolicyVersions", &json!({"PolicyArn": arn, "MaxItems": 2}));
    assert_eq!(versions["Versions"][0]["VersionId"], "v5");
    assert_eq!(versions["Versions"][0]["IsDefaultVersion"], true);
    let rest = json!({"PolicyArn": arn, "Marker": versions["Marker"]});
    assert_eq!(account.ask("ListPolicyVersions", &rest)["Versions"][0]["VersionId"], "v3");
    let default = account.refused("DeletePolicyVersion", &json!({"PolicyArn": arn, "VersionId": "v5"}));
    is(&default, "DeleteConflict", 409, "Cannot delete the default version of a policy.");

    account.ask("CreateUser", &json!({"UserName": "u"}));
    account.ask("AttachUserPolicy", &json!({"UserName": "u", "PolicyArn": arn}));
    let attached = account.refused("DeletePolicy", &json!({"PolicyArn": arn}));
    is(&attached, "DeleteConflict", 409, "Cannot delete a policy attached to entities.");
    let entities = account.ask("ListEntitiesForPolicy", &json!({"PolicyArn": arn}));
    assert_eq!(entities["PolicyUsers"][0]["UserName"], "u");
    assert_eq!(entities["PolicyRoles"], json!([]));
    assert_eq!(account.ask("GetPolicy", &json!({"PolicyArn": arn}))["Policy"]["AttachmentCount"], 1);
    let local = account.ask("ListPolicies", &json!({"Scope": "Local", "OnlyAttached": true}));
    assert_eq!(local["Policies"].as_array().map(Vec::len), Some(1));
    let of_aws = account.refused("DeletePolicy", &json!({"PolicyArn": READ_ONLY}));
    assert_eq!(of_aws.0, "AccessDenied");
}

#[test]
fn keys_are_two_at_most_and_their_secret_is_told_once() {
    let account = Account::new();
    account.ask("CreateUser", &json!({"UserName": "u", "Tags": [{"Key": "team", "Value": "net"}]}));
    let key = account.ask("CreateAccessKey", &json!({"UserName": "u"}));
    let id = key["AccessKey"]["AccessKeyId"].clone();
    assert!(key["AccessKey"]["SecretAccessKey"].as_str().is_some_and(|secret| secret.len() == 40));
    account.ask("CreateAccessKey", &json!({"UserName": "u"}));
    let third = account.refused("CreateAccessKey", &json!({"UserName": "u"}));
    is(&third, "LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2");
    account.ask("UpdateAccessKey", &json!({"UserName": "u", "AccessKeyId": id, "Status": "Inactive"}));
    let listed = account.ask("ListAccessKeys", &json!({"UserName": "u"})).to_string();
    assert!(listed.contains("Inactive") && !listed.contains("Secret"), "{listed}");
    let used = account.ask("GetAccessKeyLastUsed", &json!({"AccessKeyId": id}));
    assert_eq!(used, json!({"UserName": "u", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}));
    let delete = account.refused("DeleteUser", &json!({"UserName": "u"}));
    is(&delete, "DeleteConflict", 409, "Cannot delete entity, must delete access keys first.");
    let tags = account.ask("GetUser", &json!({"UserName": "u"}))["User"]["Tags"].clone();
    assert_eq!(tags, json!([{"Key": "team", "Value": "net"}]));
}

#[test]
fn tags_are_one_whatever_the_case_of_their_keys() {
    let account = Account::new();
    account.ask("CreateRole", &json!({"RoleName": "r", "AssumeRolePolicyDocument": TRUST}));
    let tag = |key: &str, value: &str| json!({"RoleName": "r", "Tags": [{"Key": key, "Value": value}]});
    account.ask("TagRole", &tag("Team", "a"));
    account.ask("TagRole", &tag("team", "b"));
    let tags = account.ask("ListRoleTags", &json!({"RoleName": "r"}));
    assert_eq!(tags["Tags"], json!([{"Key": "team", "Value": "b"}]));
    let reserved = account.refused("TagRole", &tag("aws:x", "a"));
    assert_eq!(reserved.0, "InvalidInput");
    let keys: Vec<String> = (0..51).map(|number| number.to_string()).collect();
    let tags: Vec<Value> = keys.iter().map(|key| json!({"Key": key})).collect();
    let long = "x".repeat(129);
    for (operation, input, text) in [
        (
            "TagRole",
            json!({"RoleName": "r", "Tags": tags}),
            "'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
        ),
        (
            "UntagRole",
            json!({"RoleName": "r", "TagKeys": keys}),
            "'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 50",
        ),
        (
            "UntagRole",
            json!({"RoleName": "r", "TagKeys": ["team", long]}),
            "'tagKeys.2.member' failed to satisfy constraint: Member must have length less than or equal to 128",
        ),
        (
            "UntagRole",
            json!({"RoleName": "r", "TagKeys": ["te!m"]}),
            "'tagKeys.1.member' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
        ),
    ] {
        let (code, status, message) = account.refused(operation, &input);
        assert_eq!((code.as_str(), status), ("ValidationError", 400));
        assert!(message.ends_with(text), "{message}");
    }
    account.ask("UntagRole", &json!({"RoleName": "r", "TagKeys": ["TEAM"]}));
    assert_eq!(account.ask("ListRoleTags", &json!({"RoleName": "r"}))["Tags"], json!([]));
}

#[test]
fn a_renamed_user_stays_in_its_groups_and_a_linked_role_is_its_services() {
    let account = Account::new();
    account.ask("CreateUser", &json!({"UserName": "old"}));
    account.ask("CreateGroup", &json!({"GroupName": "g"}));
    account.ask("AddUserToGroup", &json!({"GroupName": "g", "UserName": "old"}));
    account.ask("UpdateUser", &json!({"UserName": "old", "NewUserName": "new", "NewPath": "/p/"}));
    let members = account.ask("GetGroup", &json!({"GroupName": "g"}));
    assert_eq!(members["Users"][0]["Arn"], "arn:aws:iam::123456789012:user/p/new");
    let groups = account.ask("ListGroupsForUser", &json!({"UserName": "new"}));
    assert_eq!(groups["Groups"][0]["GroupName"], "g");

    let service = json!({"AWSServiceName": "delivery.logs.amazonaws.com"});
    let role = account.ask("CreateServiceLinkedRole", &service);
    let name = role["Role"]["RoleName"].as_str().expect("a name");
    assert_eq!(name, "AWSServiceRoleForLogDelivery");
    let service = json!({"AWSServiceName": "custom-resource.application-autoscaling.amazonaws.com"});
    let other = account.ask("CreateServiceLinkedRole", &service);
    assert_eq!(other["Role"]["RoleName"], "AWSServiceRoleForApplicationAutoScaling_CustomResource");
    let protected = account.refused("DeleteRole", &json!({ "RoleName": name }));
    assert_eq!(protected.0, "UnmodifiableEntity");
    let task = account.ask("DeleteServiceLinkedRole", &json!({ "RoleName": name }));
    assert_eq!(account.ask("GetServiceLinkedRoleDeletionStatus", &task)["Status"], "SUCCEEDED");
}

#[test]
fn lists_come_in_pages() {
    let account = Account::new();
    for number in 0..5 {
        account.ask("CreateUser", &json!({"UserName": format!("u{number}")}));
    }
    let mut names = Vec::new();
    let mut marker = Value::Null;
    loop {
        let page = account.ask("ListUsers", &json!({"MaxItems": 2, "Marker": marker}));
        names.extend(page["Users"].as_array().into_iter().flatten().map(|user| user["UserName"].clone()));
        marker = page["Marker"].clone();
        if page["IsTruncated"] == false {
            break;
        }
    }
    assert_eq!(names, ["u0", "u1", "u2", "u3", "u4"]);
    assert_eq!(account.refused("ListUsers", &json!({"Marker": "?"})).2, "Invalid Marker.");
}
