//! What is kept, what is shown, and what roles are for.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_store::Catalogue;

use super::*;
use crate::{
    Call, Payload, Serve, Table,
    access::policy::{Policy, PolicyKind},
    services::{iam, sts},
};

const ACCOUNT: &str = "123456789012";
const NOW: i64 = 1_700_000_000_000;

fn open(catalogue: &Catalogue) -> (Arc<Access>, Table<iam::Iam>) {
    let root = RootKey::new("AKIAROOT", "root secret");
    let access = Arc::new(Access::open(catalogue, ACCOUNT, Some(root)).expect("opened"));
    (Arc::clone(&access), iam::table(access))
}

fn ask(table: &dyn Serve, operation: &str, input: &Value) -> Value {
    let call = Call::of_root(ACCOUNT, "us-east-1", NOW);
    let payload = Payload::json(input.to_string().into());
    table.call(operation, &call, &payload).unwrap_or_else(|error| panic!("{operation}: {error}"))
}

fn document(statement: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}

#[test]
fn what_is_defined_and_temporary_keys_are_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("catalogue.sqlite");
    let (access, iam) = open(&Catalogue::open(&path).expect("a catalogue"));
    ask(&iam, "CreateUser", &json!({"UserName": "u"}));
    let key = ask(&iam, "CreateAccessKey", &json!({"UserName": "u"}));
    let key = key["AccessKey"]["AccessKeyId"].as_str().expect("an id").to_owned();
    ask(&iam, "CreateGroup", &json!({"GroupName": "g"}));
    ask(&iam, "AddUserToGroup", &json!({"GroupName": "g", "UserName": "u"}));
    ask(&iam, "AttachGroupPolicy", &json!({"GroupName": "g", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}));
    let session = ask(&sts::table(access), "GetSessionToken", &json!({}));
    let session = session["Credentials"]["AccessKeyId"].as_str().expect("an id").to_owned();
    drop(iam);

    let (access, _iam) = open(&Catalogue::open(&path).expect("a catalogue"));
    let principal = access.key(&key, NOW).expect("the key").principal;
    assert_eq!(principal.arn, "arn:aws:iam::123456789012:user/u");
    let call = Call { principal, ..Call::of_root(ACCOUNT, "us-east-1", NOW) };
    let all = ["*".to_owned()];
    access.authorize(&call, "logs:DescribeLogGroups", &all).expect("by the group");
    access.authorize(&call, "logs:CreateLogGroup", &all).expect_err("only reading");
    access.key(&session, NOW).expect("the session");
}

#[test]
fn no_secret_is_shown() {
    let (access, iam) = open(&Catalogue::in_memory().expect("a catalogue"));
    ask(&iam, "CreateUser", &json!({"UserName": "u"}));
    let key = ask(&iam, "CreateAccessKey", &json!({"UserName": "u"}));
    let secret = key["AccessKey"]["SecretAccessKey"].as_str().expect("a secret");
    let id = key["AccessKey"]["AccessKeyId"].as_str().expect("an id");
    let output = ask(&sts::table(Arc::clone(&access)), "GetSessionToken", &json!({}));
    let temporary = &output["Credentials"];
    let held = access.key(temporary["AccessKeyId"].as_str().expect("an id"), NOW).expect("the session");
    let shown = format!("{access:?} {:?} {:?} {held:?}", access.directory(), access.key(id, NOW));
    let texts = [secret, "root secret", &temporary["SecretAccessKey"].as_str().expect("a secret")[..20]];
    assert!(texts.iter().all(|text| !shown.contains(text)), "{shown}");
    assert!(!shown.contains(temporary["SessionToken"].as_str().expect("a token")), "{shown}");
}

const FLOW_LOGS: &str = "vpc-flow-logs.amazonaws.com";
const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:g:*";

#[test]
fn a_flow_log_needs_a_role_that_trusts_its_service_and_may_write() {
    let (access, iam) = open(&Catalogue::in_memory().expect("a catalogue"));
    let context = Context::default().with("aws:SourceAccount", ACCOUNT);
    let ask_role = |role: &str| {
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
        access.assume_role_allows(&arn, FLOW_LOGS, &FLOW_LOG_ACTIONS, GROUP, &context)
    };
    assert!(matches!(ask_role("r"), Err(RoleProblem::Unknown(_))));

    let trust = |service: &str, condition: &Value| {
        let principal = json!({"Service": service});
        document(
            &json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}),
        )
    };
    let other = trust("ec2.amazonaws.com", &json!({}));
    ask(&iam, "CreateRole", &json!({"RoleName": "r", "AssumeRolePolicyDocument": other}));
    assert!(matches!(ask_role("r"), Err(RoleProblem::NotTrusted { .. })));
    for (account, is_trusted) in [("210987654321", false), (ACCOUNT, true)] {
        let trust = trust(FLOW_LOGS, &json!({"StringEquals": {"aws:SourceAccount": account}}));
        ask(&iam, "UpdateAssumeRolePolicy", &json!({"RoleName": "r", "PolicyDocument": trust}));
        assert_eq!(matches!(ask_role("r"), Err(RoleProblem::NotTrusted { .. })), !is_trusted, "{account}");
    }
    let Err(RoleProblem::NotAllowed { action, .. }) = ask_role("r") else { panic!("it has no policy") };
    assert_eq!(action, "logs:CreateLogGroup");
    let policy = document(&json!({"Effect": "Allow", "Action": "logs:*", "Resource": "*"}));
    ask(&iam, "PutRolePolicy", &json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": policy}));
    assert_eq!(ask_role("r"), Ok(()));
}

#[test]
fn who_hands_a_role_to_a_service_must_be_allowed_to() {
    let (access, iam) = open(&Catalogue::in_memory().expect("a catalogue"));
    ask(&iam, "CreateUser", &json!({"UserName": "u"}));
    let key = ask(&iam, "CreateAccessKey", &json!({"UserName": "u"}));
    let principal = access.key(key["AccessKey"]["AccessKeyId"].as_str().expect("an id"), NOW).expect("a key").principal;
    let call = Call { principal, ..Call::of_root(ACCOUNT, "us-east-1", NOW) };
    let role = "arn:aws:iam::123456789012:role/r";
    let Err(Refusal::Denied(text)) = access.may_pass_role(&call, role, FLOW_LOGS) else { panic!("no policy") };
    assert_eq!(
        text,
        "User: arn:aws:iam::123456789012:user/u is not authorized to perform: iam:PassRole on resource: \
         arn:aws:iam::123456789012:role/r because no identity-based policy allows the iam:PassRole action"
    );
    let condition = json!({"StringEquals": {"iam:PassedToService": FLOW_LOGS}});
    let policy =
        document(&json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": condition}));
    ask(&iam, "PutUserPolicy", &json!({"UserName": "u", "PolicyName": "p", "PolicyDocument": policy}));
    access.may_pass_role(&call, role, FLOW_LOGS).expect("allowed");
    access.may_pass_role(&call, role, "ec2.amazonaws.com").expect_err("another service");
}

#[test]
fn the_policy_of_a_resource_lets_in_and_keeps_out() {
    let (access, iam) = open(&Catalogue::in_memory().expect("a catalogue"));
    ask(&iam, "CreateUser", &json!({"UserName": "u"}));
    let key = ask(&iam, "CreateAccessKey", &json!({"UserName": "u"}));
    let principal = access.key(key["AccessKey"]["AccessKeyId"].as_str().expect("an id"), NOW).expect("a key").principal;
    let user = Call { principal, ..Call::of_root(ACCOUNT, "us-east-1", NOW) };
    let nobody = Call { principal: Principal::nobody(), ..user.clone() };
    let root = Call::of_root(ACCOUNT, "us-east-1", NOW);
    let policy = document(&json!([
        {"Effect": "Allow", "Principal": {"AWS": user.principal.arn}, "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/public/*"},
        {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::b/secret/*"},
        {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": "s3:PutObject",
         "Resource": "arn:aws:s3:::b/AWSLogs/*"},
    ]));
    let policy = Arc::new(Policy::parse(&policy, PolicyKind::Resource).expect("a policy"));
    access.guard(
        "s3",
        Arc::new(move |arn| if arn.starts_with("arn:aws:s3:::b/") { vec![Arc::clone(&policy)] } else { vec![] }),
    );
    let may = |call: &Call, action: &str, key: &str| access.authorize(call, action, &[format!("arn:aws:s3:::{key}")]);

    may(&user, "s3:PutObject", "b/key").expect("named");
    may(&user, "s3:PutObject", "c/key").expect_err("another bucket");
    may(&nobody, "s3:GetObject", "b/public/key").expect("everybody");
    may(&nobody, "s3:GetObject", "b/key").expect_err("not everybody");
    may(&root, "s3:GetObject", "b/key").expect("the account");
    let Err(Refusal::Denied(text)) = may(&root, "s3:GetObject", "b/secret/key") else { panic!("denied to all") };
    assert_eq!(
        text,
        "User: arn:aws:iam::123456789012:root is not authorized to perform: s3:GetObject on resource: \
         \"arn:aws:s3:::b/secret/key\" with an explicit deny in a resource-based policy"
    );
    let delivers = |key: &str| {
        let resource = format!("arn:aws:s3:::b/{key}");
        access.allows_service("delivery.logs.amazonaws.com", "s3:PutObject", &resource, &Context::default())
    };
    assert!(delivers("AWSLogs/x") && !delivers("other/x"));
}
