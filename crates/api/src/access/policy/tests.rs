//! What AWS takes for a policy, and what policies mean.

mod naive;

use super::*;
use crate::access::Context;

fn refused(text: &str, kind: PolicyKind) -> String {
    Policy::parse(text, kind).expect_err(text).0
}

/// A statement of an identity policy.
fn identity(statement: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{{statement}}}}}"#)
}

#[test]
fn what_is_no_policy_is_refused_in_the_words_of_aws() {
    let bucket = r#""Resource":"arn:aws:s3:::b""#;
    let list = r#""Effect":"Allow","Action":"s3:ListBucket""#;
    let cases = [
        ("no JSON".to_owned(), "Syntax errors in policy."),
        (r#"{"Version":"2012-10-17"}"#.to_owned(), "Syntax errors in policy."),
        (r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(), "Syntax errors in policy."),
        (format!(r#"{{"Statement":{{{list},{bucket}}}}}"#), "Policy document must be version 2012-10-17 or greater."),
        (identity(&format!(r#"{list},{bucket},"NotResource":[]"#)), "Syntax errors in policy."),
        (identity(&format!(r#"{list},{bucket},"Condition":{{"x":{{"a":"1"}}}}"#)), "Syntax errors in policy."),
        (identity(&format!(r#""Effect":"denY","Action":"s3:x",{bucket}"#)), "The policy failed legacy parsing"),
        (identity(&format!(r#"{list},"Resource":"arn:aws:s3::b""#)), "The policy failed legacy parsing"),
        (
            identity(&format!(r#"{list},{bucket},"Condition":{{"DateLessThan":{{"a":"234-13"}}}}"#)),
            "The policy failed legacy parsing",
        ),
        (identity(r#""Effect":"Allow""#), "Policy statement must contain actions."),
        (identity(r#""Effect":"Allow","Action":"invalid""#), "Policy statement must contain resources."),
        (
            identity(&format!(r#""Effect":"Allow","Action":"invalid",{bucket}"#)),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (
            identity(&format!(r#""Effect":"Allow","Action":"s3:a:b",{bucket}"#)),
            "Actions/Condition can contain only one colon.",
        ),
        (identity(&format!(r#""Effect":"Allow","Action":"a a:b",{bucket}"#)), "Vendor a a is not valid"),
        (identity(&format!(r#"{list},"Resource":"""#)), "Resource  must be in ARN format or \"*\"."),
        (
            identity(&format!(r#"{list},"Resource":"a:b:c""#)),
            "Partition \"b\" is not valid for resource \"arn:b:c:*:*:*\".",
        ),
        (
            identity(&format!(r#"{list},"Resource":"arn:aws""#)),
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        (
            identity(&format!(r#"{list},"Resource":"arn:aws:s3:us-east-1::b""#)),
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        (
            format!(r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"a",{list},{bucket}}},{{"Sid":"a",{list}}}]}}"#),
            "Statement IDs (SID) in a single policy must be unique.",
        ),
        (identity(&format!(r#"{list},{bucket},"Principal":"*""#)), "Policy document should not specify a principal."),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(&text, PolicyKind::Identity), expected, "{text}");
    }
    let trust = |rest: &str| identity(&format!(r#""Effect":"Allow","Action":"sts:AssumeRole"{rest}"#));
    assert_eq!(refused(&trust(""), PolicyKind::Trust), "Missing required field Principal");
    let with_resource = trust(r#","Principal":"*","Resource":"*""#);
    assert_eq!(refused(&with_resource, PolicyKind::Trust), "Has prohibited field Resource");
    let invalid = trust(r#","Principal":{"AWS":"arn:aws:s3:::b"}"#);
    assert_eq!(refused(&invalid, PolicyKind::Trust), "Invalid principal in policy: \"AWS\":\"arn:aws:s3:::b\"");
}

const ARN: &str = "arn:aws:iam::123456789012:user/u";

fn allows(statement: &str, action: &str, resource: &str, context: &Context) -> bool {
    let policy = Policy::parse(&identity(statement), PolicyKind::Identity).expect("policy");
    let caller = Caller::Aws { account: "123456789012", arn: ARN, role: None };
    let question = Question { caller, action, resource, context };
    decide(&question, &Limits { identity: vec![&policy], ..Limits::default() }).is_ok()
}

#[test]
fn wildcards_and_variables_stand_for_what_they_say() {
    let context = Context::default().with("aws:username", "u*");
    let cases = [
        ("s3:Get*", "arn:aws:s3:::b/*", "s3:GetObject", "arn:aws:s3:::b/k/l", true),
        ("S3:getobject", "*", "s3:GetObject", "arn:aws:s3:::b/k", true),
        ("s3:Get?bject", "arn:aws:s3:::?/k", "s3:GetObject", "arn:aws:s3:::b/k", true),
        ("s3:Get*", "arn:aws:s3:::B/*", "s3:GetObject", "arn:aws:s3:::b/k", false),
        ("s3:*", "arn:aws:s3:::${aws:username}/*", "s3:GetObject", "arn:aws:s3:::u*/k", true),
        ("s3:*", "arn:aws:s3:::${aws:username}/*", "s3:GetObject", "arn:aws:s3:::ux/k", false),
        ("s3:*", "arn:aws:s3:::${aws:nothing}/*", "s3:GetObject", "arn:aws:s3:::/k", false),
        ("s3:*", "arn:aws:s3:::${aws:nothing, 'b'}/*", "s3:GetObject", "arn:aws:s3:::b/k", true),
        ("s3:*", "arn:aws:s3:::${*}", "s3:GetObject", "arn:aws:s3:::b", false),
        ("s3:*", "arn:aws:s3:eu-west-1:1:accesspoint/a", "s3:GetObject", "arn:aws:s3:eu-west-1:1:accesspoint/a", true),
        ("logs:*", "arn:aws:logs:*", "logs:PutLogEvents", "arn:aws:logs:eu-west-1:1:log-group:g:*", true),
        (
            "logs:*",
            "arn:aws:logs:*:*:log-group:g",
            "logs:PutLogEvents",
            "arn:aws:logs:eu-west-1:1:log-group:g:*",
            false,
        ),
    ];
    for (allowed, on, action, resource, expected) in cases {
        let statement = format!(r#""Effect":"Allow","Action":"{allowed}","Resource":"{on}""#);
        assert_eq!(allows(&statement, action, resource, &context), expected, "{statement}: {action} on {resource}");
    }
}

#[test]
fn each_operator_of_conditions_holds_when_it_should() {
    let context = Context::default()
        .with("k:text", "Value")
        .with("k:number", "5.5")
        .with("k:date", "2026-11-21T12:00:00Z")
        .with("k:flag", "true")
        .with("k:binary", "AQI=")
        .with("k:ip", "10.1.2.3")
        .with("k:arn", "arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/fl-1")
        .with_all("k:many", ["a".to_owned(), "b".to_owned()]);
    let cases = [
        (r#"{"StringEquals":{"K:Text":["no","Value"]}}"#, true),
        (r#"{"StringEquals":{"k:text":"value"}}"#, false),
        (r#"{"StringEqualsIgnoreCase":{"k:text":"vALUE"}}"#, true),
        (r#"{"StringNotEquals":{"k:text":["no","Value"]}}"#, false),
        (r#"{"StringNotEquals":{"k:nothing":"x"}}"#, true),
        (r#"{"StringEquals":{"k:nothing":"x"}}"#, false),
        (r#"{"StringEqualsIfExists":{"k:nothing":"x"}}"#, true),
        (r#"{"StringLike":{"k:text":"V*e"}}"#, true),
        (r#"{"StringNotLike":{"k:text":"V*e"}}"#, false),
        (r#"{"StringEquals":{"k:text":"V*e"}}"#, false),
        (r#"{"NumericLessThan":{"k:number":6}}"#, true),
        (r#"{"NumericGreaterThanEquals":{"k:number":"5.5"}}"#, true),
        (r#"{"NumericNotEquals":{"k:number":5.5}}"#, false),
        (r#"{"NumericEquals":{"k:text":5}}"#, false),
        (r#"{"DateGreaterThan":{"k:date":"2026-11-21T13:00:00+02:00"}}"#, true),
        (r#"{"DateLessThan":{"k:date":"2026-11"}}"#, false),
        (r#"{"DateEquals":{"k:date":"1795262400"}}"#, true),
        (r#"{"Bool":{"k:flag":true}}"#, true),
        (r#"{"BinaryEquals":{"k:binary":"AQI="}}"#, true),
        (r#"{"IpAddress":{"k:ip":["192.168.0.0/16","10.0.0.0/8"]}}"#, true),
        (r#"{"IpAddress":{"k:ip":"10.1.2.4"}}"#, false),
        (r#"{"NotIpAddress":{"k:ip":"10.0.0.0/8"}}"#, false),
        (r#"{"ArnLike":{"k:arn":"arn:aws:ec2:*:123456789012:vpc-flow-log/*"}}"#, true),
        (r#"{"ArnNotEquals":{"k:arn":"arn:aws:ec2:*:123456789012:vpc-flow-log/*"}}"#, false),
        (r#"{"Null":{"k:text":"false"}}"#, true),
        (r#"{"Null":{"k:nothing":true}}"#, true),
        (r#"{"Null":{"k:text":true}}"#, false),
        (r#"{"ForAllValues:StringEquals":{"k:many":["a","b","c"]}}"#, true),
        (r#"{"ForAllValues:StringEquals":{"k:many":["a"]}}"#, false),
        (r#"{"ForAllValues:StringEquals":{"k:nothing":["a"]}}"#, true),
        (r#"{"ForAnyValue:StringEquals":{"k:many":["b"]}}"#, true),
        (r#"{"ForAnyValue:StringEquals":{"k:nothing":["b"]}}"#, false),
        (r#"{"StringEquals":{"k:text":"Value"},"Bool":{"k:flag":false}}"#, false),
    ];
    for (condition, expected) in cases {
        let statement = format!(r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}"#);
        assert_eq!(allows(&statement, "s3:GetObject", "*", &context), expected, "{condition}");
    }
}
