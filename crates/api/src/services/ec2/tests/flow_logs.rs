use weir_network::{AggregationInterval, Destination};

use super::*;

const ROLE: &str = "DeliverLogsPermissionArn=arn:aws:iam::123456789012:role/flow";

fn bucket(lab: &Lab) {
    lab.folder.foundation().buckets.create(&"flow-logs".parse().expect("a name")).expect("a bucket");
}

fn to_bucket(resource: &str) -> String {
    format!(
        "ResourceType=VPC&ResourceId.1={resource}&TrafficType=ALL&LogDestinationType=s3&LogDestination=arn:aws:s3:::flow-logs"
    )
}

#[test]
fn a_flow_log_to_a_bucket_is_described_as_aws_does() {
    let lab = Lab::new();
    bucket(&lab);
    let vpc = lab.vpc();
    let made = lab.ask("CreateFlowLogs", &to_bucket(&vpc));
    assert_eq!(made["unsuccessful"], json!([]));
    assert!(made["clientToken"].as_str().is_some_and(|token| token.len() == 36));
    let id = made["flowLogIdSet"][0].as_str().expect("an id");
    let described = lab.again().ask("DescribeFlowLogs", &format!("FlowLogId.1={id}"));
    let expected = json!({
        "flowLogId": id, "resourceId": vpc, "creationTime": NOW, "flowLogStatus": "ACTIVE", "trafficType": "ALL",
        "logDestinationType": "s3", "logDestination": "arn:aws:s3:::flow-logs", "maxAggregationInterval": 600,
        "deliverLogsStatus": "SUCCESS", "deliverLogsErrorMessage": null, "tagSet": [],
        "logFormat": weir_record::Format::default().to_string(),
        "destinationOptions":
            { "fileFormat": "plain-text", "hiveCompatiblePartitions": false, "perHourPartition": false },
    });
    assert_eq!(described["flowLogSet"][0], expected);
}

#[test]
fn the_program_is_told_what_to_record() {
    let lab = Lab::new();
    let mut changes = lab.ec2.changes();
    let vpc = lab.vpc();
    let subnet = lab.subnet(&vpc);
    let first = lab.interface(&subnet);
    let form = format!(
        "ResourceType=Subnet&ResourceId.1={subnet}&TrafficType=REJECT&LogGroupName=flows&{ROLE}&MaxAggregationInterval=1"
    );
    lab.ask("CreateFlowLogs", &form);
    let [covered] = <[_; 1]>::try_from(lab.ec2.flow_logs()).expect("one");
    assert_eq!(covered.interfaces, std::slice::from_ref(&first));
    assert_eq!(covered.flow_log.destination, Destination::LogGroup { log_group: "flows".to_owned() });
    assert_eq!(covered.flow_log.max_aggregation_interval, AggregationInterval::Second);
    assert!(changes.has_changed().expect("open"));
    changes.mark_unchanged();
    let second = lab.interface(&subnet);
    let mut both = vec![first, second];
    both.sort();
    assert_eq!(lab.ec2.flow_logs()[0].interfaces, both);
    assert!(changes.has_changed().expect("open"));
}

#[test]
fn wrong_flow_logs_are_refused_in_the_words_of_aws() {
    let lab = Lab::new();
    bucket(&lab);
    let vpc = lab.vpc();
    let base = format!("ResourceType=VPC&ResourceId.1={vpc}&TrafficType=ALL");
    for (form, refusal) in [
        (
            format!("{base}&LogGroupName=a&LogDestination=arn:aws:logs:us-east-1:123456789012:log-group:a"),
            "InvalidParameter: Please only provide LogGroupName or only provide LogDestination.",
        ),
        (
            format!("{base}&LogDestinationType=s3"),
            "InvalidParameter: LogDestination can't be empty if LogGroupName is not provided.",
        ),
        (
            format!("{base}&LogDestinationType=s3&LogGroupName=a"),
            "InvalidParameter: LogDestination type must be cloud-watch-logs if LogGroupName is provided.",
        ),
        (
            format!("{base}&LogGroupName=a"),
            "InvalidParameter: DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.",
        ),
        (
            format!("{}&MaxAggregationInterval=30", to_bucket(&vpc)),
            "InvalidParameter: Invalid Flow Log Max Aggregation Interval",
        ),
        (to_bucket("vpc-0"), "InvalidVpcID.NotFound: The vpc ID 'vpc-0' does not exist"),
        (
            format!("{base}&LogDestinationType=s3&LogDestination=arn:aws:logs:us-east-1:1:log-group:a"),
            "InvalidParameter: LogDestination type is different from the LogDestination ARN",
        ),
        (
            "ResourceType=TransitGateway&ResourceId.1=tgw-0".to_owned(),
            "UnsupportedOperation: Weir has no flow logs of TransitGateway: choose VPC, Subnet or NetworkInterface.",
        ),
    ] {
        assert_eq!(lab.refused("CreateFlowLogs", &form), refusal);
    }
    let refused = lab.refused("CreateFlowLogs", &format!("{}&LogFormat=${{nothing}}", to_bucket(&vpc)));
    assert!(refused.contains("unknown field `nothing`"), "{refused}");
}

#[test]
fn a_bucket_that_is_not_there_is_told_for_each_resource() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let answer = lab.ask("CreateFlowLogs", &to_bucket(&vpc));
    let error = json!({ "code": "400", "message": "LogDestination: flow-logs does not exist" });
    assert_eq!(answer["unsuccessful"], json!([{ "resourceId": vpc, "error": error }]));
    assert_eq!(answer["flowLogIdSet"], json!([]));
}

#[test]
fn the_policy_of_a_bucket_lets_flow_logs_write() {
    let lab = Lab::new();
    let on = lab.folder.foundation();
    let on = crate::Foundation { ec2: lab.ec2.clone(), ..on };
    let s3 = crate::services::s3::S3::open(&on, Arc::new(|_| {}), || NOW).expect("S3");
    bucket(&lab);
    let vpc = lab.vpc();
    let folder = to_bucket(&vpc).replace("flow-logs", "flow-logs/lab/");
    for form in [to_bucket(&vpc), to_bucket(&vpc).replace("ALL", "Reject"), folder] {
        assert_eq!(lab.ask("CreateFlowLogs", &form)["unsuccessful"], json!([]));
    }
    let policy: Value =
        serde_json::from_str(&s3.policy_of("flow-logs").expect("read").expect("a policy")).expect("JSON");
    let ids: Vec<&str> =
        policy["Statement"].as_array().expect("a list").iter().filter_map(|it| it["Sid"].as_str()).collect();
    assert_eq!(ids, ["AWSLogDeliveryWrite", "AWSLogDeliveryAclCheck", "AWSLogDeliveryWrite1"]);
    let statement = &policy["Statement"][0];
    assert_eq!(statement["Resource"], "arn:aws:s3:::flow-logs/AWSLogs/123456789012/*");
    assert_eq!(statement["Condition"]["StringEquals"]["s3:x-amz-acl"], "bucket-owner-full-control");
}

#[test]
fn the_policy_of_a_bucket_keeps_what_comes_at_once() {
    const MANY: usize = 8;
    let lab = Lab::new();
    let on = crate::Foundation { ec2: lab.ec2.clone(), ..lab.folder.foundation() };
    let s3 = crate::services::s3::S3::open(&on, Arc::new(|_| {}), || NOW).expect("S3");
    bucket(&lab);
    let vpc = lab.vpc();
    let form = |number: usize| to_bucket(&vpc).replace("flow-logs", &format!("flow-logs/{number}/"));
    std::thread::scope(|scope| {
        for number in 0..MANY {
            let (lab, form) = (&lab, form(number));
            scope.spawn(move || lab.ask("CreateFlowLogs", &form));
        }
    });
    let policy = s3.policy_of("flow-logs").expect("read").expect("a policy");
    let missing = (0..MANY).find(|number| !policy.contains(&format!("flow-logs/{number}/AWSLogs")));
    assert_eq!(missing, None, "{policy}");
}

struct Closed;

impl DeliveryRights for Closed {
    fn grant(&self, _: &Call, _: &weir_network::BucketArn) -> Result<bool, ApiError> {
        Ok(false)
    }
}

#[test]
fn a_bucket_that_is_closed_is_told_for_each_resource() {
    let lab = Lab::new();
    bucket(&lab);
    lab.ec2.ask_rights_of(Arc::new(Closed));
    let answer = lab.ask("CreateFlowLogs", &to_bucket(&lab.vpc()));
    let text = "Access Denied for LogDestination: flow-logs. Please check LogDestination permission";
    assert_eq!(answer["unsuccessful"][0]["error"]["message"], text);
}

#[test]
fn the_same_flow_log_is_not_made_twice() {
    let lab = Lab::new();
    bucket(&lab);
    let vpc = lab.vpc();
    let first = lab.ask("CreateFlowLogs", &format!("{}&ClientToken=t", to_bucket(&vpc)));
    assert_eq!(lab.ask("CreateFlowLogs", &format!("{}&ClientToken=t", to_bucket(&vpc))), first);
    assert_eq!(
        lab.refused("CreateFlowLogs", &format!("{}&ClientToken=t", to_bucket(&vpc).replace("ALL", "REJECT"))),
        "IdempotentParameterMismatch: The request uses the same client token as a previous one, but is not identical to it."
    );
    assert_eq!(
        lab.refused("CreateFlowLogs", &to_bucket(&vpc)),
        "FlowLogAlreadyExists: Error. There is an existing Flow Log with the same configuration and log destination."
    );
    lab.ask("CreateFlowLogs", &to_bucket(&vpc).replace("ALL", "REJECT"));
}

struct Failing;

impl Deliveries for Failing {
    fn problem(&self, _: &str) -> Option<String> {
        Some("Access error".to_owned())
    }

    fn shortest_interval(&self) -> AggregationInterval {
        AggregationInterval::TenMinutes
    }
}

#[test]
fn an_interval_that_is_not_recorded_is_refused() {
    let lab = Lab::new();
    bucket(&lab);
    let form = to_bucket(&lab.vpc());
    lab.ec2.watch_deliveries(Arc::new(Failing));
    let refusal = "InvalidParameter: Invalid Flow Log Max Aggregation Interval";
    assert_eq!(lab.refused("CreateFlowLogs", &format!("{form}&MaxAggregationInterval=10")), refusal);
    let refused = lab.refused("CreateFlowLogs", &format!("{form}&MaxAggregationInterval=60"));
    assert!(refused.contains("`weir up --interval 600` makes no shorter records"), "{refused}");
    lab.ask("CreateFlowLogs", &format!("{form}&MaxAggregationInterval=600"));
}

fn own(id: &str) -> weir_network::FlowLog {
    weir_network::FlowLog {
        id: id.to_owned(),
        account_id: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        traffic_type: weir_network::TrafficType::All,
        log_format: weir_record::Format::default(),
        max_aggregation_interval: AggregationInterval::Minute,
        destination: Destination::bucket(
            &"arn:aws:s3:::flow-logs".parse().expect("an ARN"),
            weir_network::DestinationOptions::default(),
        ),
    }
}

#[test]
fn the_flow_log_of_the_settings_is_shown_and_stays() {
    let lab = Lab::new();
    bucket(&lab);
    let shown = |lab: &Lab| ids(&lab.ask("DescribeFlowLogs", ""), "/flowLogSet", "flowLogId");
    lab.ec2.show_own_flow_log(Some(&own("fl-0a")), NOW).expect("kept");
    lab.ec2.show_own_flow_log(Some(&own("fl-0b")), NOW).expect("kept");
    lab.ec2.show_own_flow_log(Some(&own("fl-0b")), NOW + 1).expect("kept");
    let lab = lab.again();
    let described = lab.ask("DescribeFlowLogs", "");
    let [log] = described["flowLogSet"].as_array().expect("a list").as_slice() else { panic!("{described}") };
    assert_eq!((&log["flowLogId"], &log["creationTime"]), (&json!("fl-0b"), &json!(NOW)));
    assert_eq!((&log["logDestination"], &log["private"]), (&json!("arn:aws:s3:::flow-logs"), &Value::Null));
    let default = ids(&lab.ask("DescribeVpcs", ""), "/vpcSet", "vpcId");
    assert_eq!(log["resourceId"], default[0]);
    assert_eq!(lab.ec2.flow_logs(), []);
    let refused = lab.refused("DeleteFlowLogs", "FlowLogId.1=fl-0b");
    assert!(refused.starts_with("OperationNotPermitted: fl-0b is the flow log of `weir up` itself"), "{refused}");
    // Who wants the same of his own may have it.
    let form = format!("{}&MaxAggregationInterval=60", to_bucket(&default[0]));
    let made = lab.text("CreateFlowLogs", &form, "/flowLogIdSet/0");
    lab.ec2.show_own_flow_log(None, NOW).expect("kept");
    assert_eq!(shown(&lab), [made]);
}

#[test]
fn delivery_is_as_the_program_says_and_deletion_is_of_what_is_there() {
    let lab = Lab::new();
    bucket(&lab);
    let vpc = lab.vpc();
    let id = lab.text("CreateFlowLogs", &to_bucket(&vpc), "/flowLogIdSet/0");
    lab.ec2.watch_deliveries(Arc::new(Failing));
    let failed = lab.ask("DescribeFlowLogs", "Filter.1.Name=deliver-log-status&Filter.1.Value.1=FAILED");
    assert_eq!(failed["flowLogSet"][0]["deliverLogsErrorMessage"], "Access error");
    assert_eq!(
        lab.refused("DeleteFlowLogs", &format!("FlowLogId.1={id}&FlowLogId.2=fl-0&FlowLogId.3=fl-1")),
        "InvalidFlowLogId.NotFound: These flow log ids in the input list are not found: [TotalCount: 2] fl-0 fl-1"
    );
    assert_eq!(lab.ask("DeleteFlowLogs", &format!("FlowLogId.1={id}")), json!({ "unsuccessful": [] }));
    assert_eq!(lab.ask("DescribeFlowLogs", "")["flowLogSet"], json!([]));
    assert_eq!(lab.ask("DescribeFlowLogs", &format!("FlowLogId.1={id}"))["flowLogSet"], json!([]));
}
