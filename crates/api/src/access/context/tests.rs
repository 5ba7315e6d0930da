use serde_json::{Value, json};

use super::*;
use crate::protocol::Protocol;

fn asked(input: &Value) -> Context {
    let lazy = Context::default().asked_with(&Payload::json(input.to_string().into()));
    let tree = Context::default().asked_with(&Payload::tree(Protocol::AwsJson11, input.clone()));
    for key in ["aws:TagKeys", "aws:RequestTag/team"] {
        assert_eq!(lazy.get(key), tree.get(key), "{input}");
    }
    lazy
}

#[test]
fn tags_of_a_request_are_known_however_the_service_writes_them() {
    for input in [
        json!({"Tags": [{"Key": "Team", "Value": "a"}, {"Key": "other", "Value": "b"}]}),
        json!({"tags": {"Team": "a", "other": "b"}}),
        json!({"TagsToAdd": {"Team": "a", "other": "b"}}),
        json!({"TagSpecification": [{"ResourceType": "vpc", "Tag": [{"Key": "Team", "Value": "a"}]},
                                    {"ResourceType": "subnet", "Tag": [{"Key": "other", "Value": "b"}]}]}),
    ] {
        let context = asked(&input);
        assert_eq!(context.get("aws:RequestTag/team").as_deref(), Some(&["a".to_owned()][..]), "{input}");
        let keys = context.get("aws:tagkeys").expect("keys").into_owned();
        assert_eq!(keys, ["Team", "other"], "{input}");
        assert_eq!(context.get("aws:RequestTag/none"), None);
    }
    let untagged = asked(&json!({"tagKeys": ["Team"]}));
    assert_eq!(untagged.get("aws:RequestTag/Team"), None);
    assert_eq!(untagged.get("aws:TagKeys").as_deref(), Some(&["Team".to_owned()][..]));
    assert_eq!(asked(&json!({"Name": "x"})).get("aws:TagKeys").as_deref(), Some(&[][..]));
}

#[test]
fn tags_of_a_resource_are_asked_for_by_either_name() {
    let tags = TagSet::asked_for(&json!({"Tags": [{"Key": "Stage", "Value": "test"}]}));
    let mut context =
        Context::default().with_tags_of(Arc::new(move |arn| arn.ends_with("vpc-1").then(|| tags.clone())));
    context.turn_to("arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1");
    for key in ["aws:ResourceTag/Stage", "ec2:ResourceTag/stage"] {
        assert_eq!(context.get(key).as_deref(), Some(&["test".to_owned()][..]), "{key}");
    }
    assert_eq!(context.get("logs:ResourceTag/Stage"), None);
    context.turn_to("arn:aws:ec2:us-east-1:123456789012:vpc/vpc-2");
    assert_eq!(context.get("aws:ResourceTag/Stage"), None);
}
