//! Stacks, from a template to what is there.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use super::{
    stack::{Making, Resource},
    *,
};
use crate::services::fixture::{Folder, NOW, call, served};

/// All services over a folder.
struct Lab {
    folder: Arc<Folder>,
    served: Served,
}

impl Lab {
    fn new() -> Self {
        Self::on(Folder::new())
    }

    fn on(folder: Arc<Folder>) -> Self {
        let served = served(&folder.foundation());
        Self { folder, served }
    }

    /// Begins a stack of this template and gives its status once it is settled.
    fn made(&self, name: &str, template: &str) -> String {
        self.ask("CreateStack", json!({"StackName": name, "TemplateBody": template})).expect("begun");
        self.status(name)
    }

    fn status(&self, name: &str) -> String {
        self.settled(name)["StackStatus"].as_str().expect("a status").to_owned()
    }

    /// The names of the log groups.
    fn groups(&self) -> Vec<String> {
        let answer = self.service(ServiceName::Logs, "DescribeLogGroups", json!({}));
        let all = answer["logGroups"].as_array().expect("a list").iter();
        all.filter_map(|group| group["logGroupName"].as_str().map(str::to_owned)).collect()
    }

    fn ask(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        self.served.call(ServiceName::CloudFormation, operation, &call(NOW), input)
    }

    fn service(&self, service: ServiceName, operation: &str, input: Value) -> Value {
        self.served.call(service, operation, &call(NOW), input).expect("answered")
    }

    /// The stack once nothing is being done to it.
    fn settled(&self, name: &str) -> Value {
        for _ in 0..600 {
            let answer = self.ask("DescribeStacks", json!({"StackName": name})).expect("there");
            let stack = answer["Stacks"][0].clone();
            let status = stack["StackStatus"].as_str().expect("a status");
            if !status.ends_with("_IN_PROGRESS") || status == "REVIEW_IN_PROGRESS" {
                return stack;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("the stack {name} does not settle");
    }

    fn events(&self, name: &str) -> Vec<String> {
        let answer = self.ask("DescribeStackEvents", json!({"StackName": name})).expect("events");
        let line = |event: &Value| {
            format!(
                "{} {}",
                event["LogicalResourceId"].as_str().unwrap_or(""),
                event["ResourceStatus"].as_str().unwrap_or("")
            )
        };
        answer["StackEvents"].as_array().expect("a list").iter().rev().map(line).collect()
    }
}

const TEMPLATE: &str = "
Description: A lab
Parameters:
  Days: {Type: Number, Default: 7}
  Secret: {Type: String, NoEcho: true, Default: hush}
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /lab/flow, RetentionInDays: !Ref Days}
  Filter:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref Group
      FilterPattern: REJECT
      MetricTransformations: [{MetricName: rejects, MetricNamespace: Lab, MetricValue: 1}]
  Topic: {Type: AWS::SNS::Topic}
  Box: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 5}}
  Letter:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Box.Arn}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: lab-rejects
      Namespace: Lab
      MetricName: rejects
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      AlarmActions: [!Ref Topic]
Outputs:
  GroupArn: {Value: !GetAtt Group.Arn, Export: {Name: lab-group}}
  TopicName: {Value: !GetAtt Topic.TopicName}
";

#[test]
fn a_stack_is_made_changed_and_removed() {
    let lab = Lab::new();
    let made = lab.ask("CreateStack", json!({"StackName": "lab", "TemplateBody": TEMPLATE})).expect("begun");
    let stack = lab.settled("lab");
    assert_eq!(
        stack["StackStatus"],
        "CREATE_COMPLETE",
        "{:#?}",
        lab.ask("DescribeStackEvents", json!({"StackName": "lab"}))
    );
    assert_eq!(stack["StackId"], made["StackId"]);
    assert_eq!(stack["Parameters"][1], json!({"ParameterKey": "Secret", "ParameterValue": "****"}));
    assert_eq!(stack["Outputs"][0]["OutputValue"], "arn:aws:logs:us-east-1:123456789012:log-group:/lab/flow:*");
    let groups = lab.service(ServiceName::Logs, "DescribeLogGroups", json!({}));
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 7);
    let alarms = lab.service(ServiceName::CloudWatch, "DescribeAlarms", json!({}));
    let topic = alarms["MetricAlarms"][0]["AlarmActions"][0].as_str().expect("a topic").to_owned();
    assert!(topic.contains(":lab-Topic-"), "{topic}");

    let same = lab.ask("UpdateStack", json!({"StackName": "lab", "TemplateBody": TEMPLATE})).expect_err("refused");
    assert_eq!(same.message, "No updates are to be performed.");
    let changed = TEMPLATE.replace(
        "  Box: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 5}}",
        "  Box: {Type: AWS::SQS::Queue}",
    );
    let parameters = json!([{"ParameterKey": "Days", "ParameterValue": "30"}]);
    lab.ask("UpdateStack", json!({"StackName": "lab", "TemplateBody": changed, "Parameters": parameters}))
        .expect("begun");
    assert_eq!(lab.settled("lab")["StackStatus"], "UPDATE_COMPLETE");
    let groups = lab.service(ServiceName::Logs, "DescribeLogGroups", json!({}));
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 30);
    assert!(lab.events("lab").contains(&"Group UPDATE_COMPLETE".to_owned()), "{:?}", lab.events("lab"));
    assert!(!lab.events("lab").contains(&"Topic UPDATE_COMPLETE".to_owned()));

    lab.ask("DeleteStack", json!({"StackName": "lab"})).expect("begun");
    let id = made["StackId"].as_str().expect("an ARN");
    assert_eq!(lab.settled(id)["StackStatus"], "DELETE_COMPLETE");
    let gone = lab.ask("DescribeStacks", json!({"StackName": "lab"})).expect_err("gone");
    assert_eq!(gone.message, "Stack with id lab does not exist");
    assert_eq!(lab.service(ServiceName::Logs, "DescribeLogGroups", json!({}))["logGroups"], json!([]));
    assert_eq!(lab.service(ServiceName::Sqs, "ListQueues", json!({})), json!({"NextToken": null}));
}

#[test]
fn tags_that_change_change_on_what_is_there() {
    const TAGGED: &str = "
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {RoleName: writer, AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: vpc-flow-logs.amazonaws.com}, Action: 'sts:AssumeRole'}]}, Tags: [{Key: team, Value: a}, {Key: old, Value: x}]}
  Composite:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties: {AlarmName: any, AlarmRule: 'FALSE', Tags: [{Key: team, Value: a}, {Key: old, Value: x}]}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: told, Tags: [{Key: team, Value: a}, {Key: old, Value: x}]}}
";
    let lab = Lab::new();
    let done = |operation: &str, template: &str| {
        let input = json!({"StackName": "tagged", "TemplateBody": template, "Capabilities": ["CAPABILITY_NAMED_IAM"]});
        lab.ask(operation, input).expect("begun");
        lab.status("tagged")
    };
    assert_eq!(done("CreateStack", TAGGED), "CREATE_COMPLETE", "{:?}", lab.events("tagged"));
    let changed = TAGGED.replace("Value: a}, {Key: old, Value: x}", "Value: b}");
    assert_eq!(done("UpdateStack", &changed), "UPDATE_COMPLETE", "{:?}", lab.events("tagged"));

    let now = json!([{"Key": "team", "Value": "b"}]);
    assert_eq!(lab.service(ServiceName::Iam, "ListRoleTags", json!({"RoleName": "writer"}))["Tags"], now);
    let tags = |service, member: &str, arn: &str| {
        lab.service(service, "ListTagsForResource", json!({member: arn}))["Tags"].take()
    };
    let alarm = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:any";
    assert_eq!(tags(ServiceName::CloudWatch, "ResourceARN", alarm), now);
    assert_eq!(tags(ServiceName::Sns, "ResourceArn", "arn:aws:sns:us-east-1:123456789012:told"), now);
}

#[test]
fn a_creation_that_fails_is_taken_back() {
    let lab = Lab::new();
    lab.service(ServiceName::Logs, "CreateLogGroup", json!({"logGroupName": "taken"}));
    let template = "
Resources:
  First: {Type: AWS::SNS::Topic, Properties: {TopicName: first}}
  Second: {Type: AWS::Logs::LogGroup, DependsOn: First, Properties: {LogGroupName: taken}}
";
    lab.ask("CreateStack", json!({"StackName": "bad", "TemplateBody": template})).expect("begun");
    assert_eq!(lab.settled("bad")["StackStatus"], "ROLLBACK_COMPLETE");
    let expected = [
        "bad CREATE_IN_PROGRESS",
        "First CREATE_IN_PROGRESS",
        "First CREATE_IN_PROGRESS",
        "First CREATE_COMPLETE",
        "Second CREATE_IN_PROGRESS",
        "Second CREATE_FAILED",
        "bad ROLLBACK_IN_PROGRESS",
        "Second DELETE_COMPLETE",
        "First DELETE_IN_PROGRESS",
        "First DELETE_COMPLETE",
        "bad ROLLBACK_COMPLETE",
    ];
    assert_eq!(lab.events("bad"), expected);
    let groups = lab.service(ServiceName::Logs, "DescribeLogGroups", json!({}));
    assert_eq!(groups["logGroups"][0]["logGroupName"], "taken", "what was there before stays");
    assert_eq!(lab.service(ServiceName::Sns, "ListTopics", json!({}))["Topics"], json!([]));
    let again = lab.ask("UpdateStack", json!({"StackName": "bad", "TemplateBody": template})).expect_err("refused");
    assert!(again.message.ends_with("is in ROLLBACK_COMPLETE state and can not be updated."), "{again}");
}

#[test]
fn an_update_that_fails_is_taken_back() {
    let lab = Lab::new();
    lab.service(ServiceName::Logs, "CreateLogGroup", json!({"logGroupName": "taken"}));
    let before =
        "{Resources: {Group: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: mine, RetentionInDays: 1}}}}";
    let after = "
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: mine, RetentionInDays: 5}}
  Other: {Type: AWS::Logs::LogGroup, DependsOn: Group, Properties: {LogGroupName: taken}}
";
    lab.ask("CreateStack", json!({"StackName": "s", "TemplateBody": before})).expect("begun");
    assert_eq!(lab.settled("s")["StackStatus"], "CREATE_COMPLETE");
    lab.ask("UpdateStack", json!({"StackName": "s", "TemplateBody": after})).expect("begun");
    assert_eq!(lab.settled("s")["StackStatus"], "UPDATE_ROLLBACK_COMPLETE");
    let groups = lab.service(ServiceName::Logs, "DescribeLogGroups", json!({}));
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 1);
    assert_eq!(groups["logGroups"].as_array().map(Vec::len), Some(2));
    let resources = lab.ask("ListStackResources", json!({"StackName": "s"})).expect("listed");
    assert_eq!(resources["StackResourceSummaries"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_change_set_is_looked_at_and_executed() {
    let lab = Lab::new();
    let input =
        json!({"StackName": "deploy", "ChangeSetName": "one", "ChangeSetType": "CREATE", "TemplateBody": TEMPLATE});
    let made = lab.ask("CreateChangeSet", input).expect("made");
    assert_eq!(lab.settled("deploy")["StackStatus"], "REVIEW_IN_PROGRESS");
    let set = lab.ask("DescribeChangeSet", json!({"ChangeSetName": made["Id"]})).expect("there");
    assert_eq!((set["Status"].clone(), set["Changes"].as_array().map(Vec::len)), (json!("CREATE_COMPLETE"), Some(6)));
    lab.ask("ExecuteChangeSet", json!({"ChangeSetName": "one", "StackName": "deploy"})).expect("begun");
    assert_eq!(lab.settled("deploy")["StackStatus"], "CREATE_COMPLETE");
    let input = json!({"StackName": "deploy", "ChangeSetName": "two", "TemplateBody": TEMPLATE});
    let made = lab.ask("CreateChangeSet", input).expect("made");
    let set = lab.ask("DescribeChangeSet", json!({"ChangeSetName": made["Id"]})).expect("there");
    assert_eq!(set["Status"], "FAILED");
    assert!(
        set["StatusReason"]
            .as_str()
            .is_some_and(|reason| reason.starts_with("The submitted information didn't contain changes."))
    );
    let exports = lab.ask("ListExports", json!({})).expect("listed");
    assert_eq!(exports["Exports"][0]["Name"], "lab-group");
}

#[test]
fn a_property_that_weir_does_not_have_is_refused_by_name() {
    let lab = Lab::new();
    let template = "{Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {TopicName: t, ArchivePolicy: {}}}}}";
    lab.ask("CreateStack", json!({"StackName": "s", "TemplateBody": template, "OnFailure": "DO_NOTHING"}))
        .expect("begun");
    assert_eq!(lab.settled("s")["StackStatus"], "CREATE_FAILED");
    let resource =
        lab.ask("DescribeStackResource", json!({"StackName": "s", "LogicalResourceId": "T"})).expect("there");
    let reason = resource["StackResourceDetail"]["ResourceStatusReason"].as_str().expect("a reason").to_owned();
    assert!(reason.contains("Encountered unsupported property ArchivePolicy"), "{reason}");
    assert_eq!(lab.service(ServiceName::Sns, "ListTopics", json!({}))["Topics"], json!([]));
}

#[test]
fn nothing_is_left_of_a_resource_that_was_made_in_part() {
    let lab = Lab::new();
    let template =
        "{Resources: {G: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: half, RetentionInDays: 8}}}}";
    assert_eq!(lab.made("s", template), "ROLLBACK_COMPLETE", "there is no such retention");
    assert_eq!(lab.groups(), [""; 0]);
}

#[test]
fn what_others_made_is_not_taken_over_and_stays() {
    let lab = Lab::new();
    lab.service(ServiceName::Sns, "CreateTopic", json!({"Name": "theirs"}));
    let template = "{Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {TopicName: theirs}}}}";
    assert_eq!(lab.made("s", template), "ROLLBACK_COMPLETE");
    let topics = lab.service(ServiceName::Sns, "ListTopics", json!({}));
    assert_eq!(topics["Topics"], json!([{"TopicArn": "arn:aws:sns:us-east-1:123456789012:theirs"}]));
}

#[test]
fn what_is_to_be_retained_stays() {
    let lab = Lab::new();
    let group = |name: &str, policies: &str| {
        format!("{{Type: 'AWS::Logs::LogGroup', {policies} Properties: {{LogGroupName: {name}}}}}")
    };
    let other = group("other", "");
    let policies = "DeletionPolicy: Retain, UpdateReplacePolicy: Retain,";
    let first = format!("{{Resources: {{O: {other}, R: {}}}}}", group("first", policies));
    let second = format!("{{Resources: {{O: {other}, R: {}}}}}", group("second", policies));
    let third = format!("{{Resources: {{O: {other}}}}}");
    assert_eq!(lab.made("s", &first), "CREATE_COMPLETE");
    for template in [second, third] {
        lab.ask("UpdateStack", json!({"StackName": "s", "TemplateBody": template})).expect("begun");
        assert_eq!(lab.status("s"), "UPDATE_COMPLETE");
    }
    assert_eq!(lab.groups(), ["first", "other", "second"]);
    lab.ask("DeleteStack", json!({"StackName": "s"})).expect("begun");
    assert_eq!(lab.groups(), ["first", "second"]);
}

#[test]
fn rules_that_were_changed_in_part_are_put_back() {
    let lab = Lab::new();
    let template = |rules: &str| {
        format!(
            "{{Resources: {{G: {{Type: 'AWS::EC2::SecurityGroup', Properties: {{GroupDescription: g, GroupName: g, \
             SecurityGroupIngress: [{rules}]}}}}}}}}"
        )
    };
    let rule = |port: &str| format!("{{IpProtocol: tcp, FromPort: {port}, ToPort: {port}, CidrIp: 10.0.0.0/8}}");
    let ports = || {
        let filter = json!({"Filter": [{"Name": "group-name", "Value": ["g"]}]});
        let answer = lab.service(ServiceName::Ec2, "DescribeSecurityGroups", filter);
        let rules = answer["securityGroupInfo"][0]["ipPermissions"].as_array().expect("rules").clone();
        rules.iter().map(|rule| rule["fromPort"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(lab.made("s", &template(&rule("22"))), "CREATE_COMPLETE");
    let bad = template(&format!("{}, {}", rule("80"), rule("99999")));
    lab.ask("UpdateStack", json!({"StackName": "s", "TemplateBody": bad})).expect("begun");
    assert_eq!(lab.status("s"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(ports(), ["22"]);
}

#[test]
fn what_was_being_made_when_the_program_ended_is_found_and_removed() {
    let lab = Lab::new();
    let vpcs = |lab: &Lab| {
        let answer = lab.service(ServiceName::Ec2, "DescribeVpcs", json!({}));
        let all = answer["vpcSet"].as_array().expect("a list").iter();
        all.filter_map(|vpc| vpc["vpcId"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let before = vpcs(&lab);
    // As if the program ended between the operation and the word that it was done.
    lab.service(ServiceName::Ec2, "CreateVpc", json!({"CidrBlock": "10.9.0.0/16"}));
    let template = "{Resources: {V: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.9.0.0/16}}}}";
    let mut stack = stacks::new_stack(&call(NOW), "cut").expect("a name");
    "CREATE_IN_PROGRESS".clone_into(&mut stack.status);
    template.clone_into(&mut stack.template);
    let resource = Resource {
        kind: "AWS::EC2::VPC".to_owned(),
        properties: json!({"CidrBlock": "10.9.0.0/16"}),
        ..Resource::default()
    };
    stack.making = Some(Making { logical: "V".to_owned(), resource, before: before.clone() });
    let store = Store::open(lab.folder.foundation().catalogue).expect("the catalogue");
    store.save(&mut stack, &[]).expect("saved");

    let again = Lab::on(lab.folder.again());
    resume(&again.served, &call(NOW + 1000)).expect("resumed");
    assert_eq!(again.status("cut"), "ROLLBACK_COMPLETE");
    assert_eq!(vpcs(&again), before);
}

#[test]
fn of_two_who_change_a_stack_at_once_one_is_refused() {
    let lab = Lab::new();
    let store = Store::open(lab.folder.foundation().catalogue).expect("the catalogue");
    let mut first = stacks::new_stack(&call(NOW), "one").expect("a name");
    store.save(&mut first, &[]).expect("saved");
    let mut second = first.clone();
    store.save(&mut first, &[]).expect("saved");
    assert!(store.save(&mut second, &[]).expect_err("stale").message.ends_with("state and can not be updated."));
    let mut other = stacks::new_stack(&call(NOW), "one").expect("a name");
    assert_eq!(store.save(&mut other, &[]).expect_err("taken").code, "AlreadyExistsException");
}

#[test]
fn every_operation_of_cloudformation_is_known_once() {
    let lab = Lab::new();
    let tables = lab.served.tables().filter(|table| table.service() == ServiceName::CloudFormation);
    let mut names: Vec<&str> = tables.flat_map(|table| table.entries()).map(|entry| entry.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!((names.len(), count), (92, 92));
}
