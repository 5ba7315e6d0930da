//! What is set for a bucket, and given back.

use serde_json::{Value, json};

use super::wire::{ask, open};
use crate::services::fixture::{self, NOW};

#[test]
fn what_changes_nothing_here_is_kept_and_given_back() {
    let server = open();
    server.store("trail");
    let logging = "<BucketLoggingStatus><LoggingEnabled><TargetBucket>trail</TargetBucket><TargetObjectKeyFormat>\
                   <SimplePrefix></SimplePrefix></TargetObjectKeyFormat><TargetPrefix>a/</TargetPrefix></LoggingEnabled>\
                   </BucketLoggingStatus>";
    let website = "<WebsiteConfiguration><IndexDocument><Suffix>i.html</Suffix></IndexDocument><RoutingRules><RoutingRule>\
                   <Redirect><HostName>a</HostName></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>";
    let accelerate = "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>";
    let payment = "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>";
    for (name, document) in
        [("logging", logging), ("website", website), ("accelerate", accelerate), ("requestPayment", payment)]
    {
        let answer = ask(&server, &format!("PUT /lake?{name}"), "", document);
        assert!(answer.head.starts_with("http/1.1 200"), "{name}: {}", answer.body);
        let answer = ask(&server, &format!("GET /lake?{name}"), "", "");
        let (_, inner) = document.split_once('>').expect("an element");
        let (inner, _) = inner.rsplit_once("</").expect("an element");
        assert!(answer.body.contains(inner), "{name}: {}", answer.body);
    }
    ask(&server, "PUT /lake?logging", "", "<BucketLoggingStatus></BucketLoggingStatus>");
    assert!(!ask(&server, "GET /lake?logging", "", "").body.contains("TargetBucket"));
    assert!(ask(&server, "DELETE /lake?website", "", "").head.starts_with("http/1.1 204"));
    assert!(ask(&server, "GET /lake?website", "", "").body.contains("<Code>NoSuchWebsiteConfiguration</Code>"));
    assert!(ask(&server, "DELETE /lake?replication", "", "").head.starts_with("http/1.1 204"));
}

#[test]
fn what_stacks_set_clients_see() {
    let server = open();
    let table = server.s3.stacks();
    let set = |operation: &str, configuration: Value| {
        let input = json!({"Bucket": "lake", "Configuration": configuration});
        fixture::ask(table.as_ref(), operation, &input, NOW)
    };
    let rule = json!({
        "Id": "a", "Status": "Enabled", "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 30}],
    });
    let website = json!({
        "IndexDocument": "i.html",
        "RoutingRules": [{"RedirectRule": {"HostName": "a"}, "RoutingRuleCondition": {"KeyPrefixEquals": "b"}}],
    });
    for (operation, configuration, name, expected) in [
        (
            "PutBucketOwnershipControls",
            json!({"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
            "ownershipControls",
            "<ObjectOwnership>ObjectWriter</ObjectOwnership>",
        ),
        ("PutBucketLogging", json!({"LogFilePrefix": "a/"}), "logging", "<TargetBucket>lake</TargetBucket>"),
        ("PutBucketWebsite", website, "website", "<KeyPrefixEquals>b</KeyPrefixEquals>"),
        (
            "PutBucketAccelerateConfiguration",
            json!({"AccelerationStatus": "Enabled"}),
            "accelerate",
            "<Status>Enabled</Status>",
        ),
        ("PutBucketLifecycleConfiguration", json!({"Rules": [rule]}), "lifecycle", "<Days>30</Days>"),
    ] {
        set(operation, configuration).expect(operation);
        let answer = ask(&server, &format!("GET /lake?{name}"), "", "");
        assert!(answer.body.contains(expected), "{operation}: {}", answer.body);
    }
    let refused = set("PutBucketLogging", json!({"TargetObjectKeyFormat": {}})).expect_err("refused");
    assert_eq!(refused.message, "Encountered unsupported property TargetObjectKeyFormat");
}

#[test]
fn what_cannot_be_set_is_refused() {
    let server = open();
    server.s3.service.disk.create_bucket("far", "eu-west-1", 0).expect("made");
    server.store("a.b");
    let logging = |target: &str, more: &str| {
        format!(
            "<BucketLoggingStatus><LoggingEnabled><TargetBucket>{target}</TargetBucket>{more}<TargetPrefix/>\
             </LoggingEnabled></BucketLoggingStatus>"
        )
    };
    let grants = "<TargetGrants><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                  xsi:type=\"Group\"><URI>a</URI></Grantee><Permission>READ</Permission></Grant></TargetGrants>";
    for (request, document, code) in [
        ("PUT /lake?logging", logging("nothing", ""), "InvalidTargetBucketForLogging"),
        ("PUT /lake?logging", logging("far", ""), "CrossLocationLoggingProhibited"),
        ("PUT /lake?logging", logging("lake", grants), "AccessControlListNotSupported"),
        (
            "PUT /a.b?accelerate",
            "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>".to_owned(),
            "InvalidRequest",
        ),
        (
            "PUT /lake?accelerate",
            "<AccelerateConfiguration><Status>Fast</Status></AccelerateConfiguration>".to_owned(),
            "MalformedXML",
        ),
        (
            "PUT /lake?requestPayment",
            "<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>".to_owned(),
            "MalformedXML",
        ),
        (
            "PUT /lake?publicAccessBlock",
            "<PublicAccessBlockConfiguration></PublicAccessBlockConfiguration>".to_owned(),
            "InvalidRequest",
        ),
    ] {
        let answer = ask(&server, request, "", &document);
        assert!(answer.body.contains(&format!("<Code>{code}</Code>")), "{request} {document}: {}", answer.body);
    }
}

#[test]
fn tags_and_policies_are_answered_without_content() {
    let server = open();
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*"}]}"#;
    for (request, document) in [("PUT /lake?tagging", tags), ("PUT /lake?policy", policy)] {
        let answer = ask(&server, request, "", document);
        assert!(answer.head.starts_with("http/1.1 204"), "{request}: {} {}", answer.head, answer.body);
    }
    let answer = ask(&server, "PUT /lake/x", "x-amz-tagging: aws:a=b\r\n", "");
    assert!(answer.body.contains("<Code>InvalidTag</Code>"), "{}", answer.body);
}

#[test]
fn what_is_set_outlives_the_program_but_not_the_bucket() {
    let server = open();
    let website = "<WebsiteConfiguration><IndexDocument><Suffix>i.html</Suffix></IndexDocument></WebsiteConfiguration>";
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    ask(&server, "PUT /lake?website", "", website);
    ask(&server, "PUT /lake?tagging", "", tags);
    ask(&server, "DELETE /lake?tagging", "", "");
    let server = server.again();
    let disk = &server.s3.service.disk;
    let set = |name: &str| disk.setting::<Value>("lake", name).expect("read");
    assert!(set("website").is_some_and(|website| website.to_string().contains("i.html")));
    assert_eq!(set("tagging"), None);
    assert_eq!(disk.bucket("lake").expect("there").created, NOW);
    assert!(disk.delete_bucket(&disk.bucket("lake").expect("there")).expect("deleted"));
    assert_eq!(set("website"), None);
    disk.create_bucket("lake", "eu-west-1", NOW + 1).expect("made");
    assert_eq!((set("website"), disk.bucket("lake").expect("there").region.as_str()), (None, "eu-west-1"));
}
