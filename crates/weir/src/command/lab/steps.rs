//! The lab itself.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::{
    SSH,
    aws::{Aws, element},
    mailbox::Mailbox,
    net::{self, CLIENT, WEB},
    story::{Story, wait_for},
};
use crate::client;

const EC2: &str = "2016-11-15";
const IAM: &str = "2010-05-08";
const SNS: &str = "2010-03-31";
const CLOUDWATCH: &str = "2010-08-01";
const GROUP: &str = "/lab/vpc-flow-logs";
const BUCKET: &str = "weir-lab-flow-logs";
const ROLE: &str = "lab-flow-logs";
const METRIC: &str = "SSHRejects";
const NAMESPACE: &str = "Lab";
const MAIL: &str = "ops@example.com";
/// The fields of the bucket's records: who decided is told too.
const FORMAT: &str = "${interface-id} ${srcaddr} ${dstaddr} ${dstport} ${packets} ${tcp-flags} ${flow-direction} ${action} ${rule} ${log-status}";
/// Refused TCP to port 22 in records of the default format.
const PATTERN: &str = r#"[version, account, eni, source, destination, srcport, destport="22", protocol="6", packets, bytes, windowstart, windowend, action="REJECT", flowlogstatus]"#;

/// Of the bucket's records, by the name that its table has without any DDL.
const SQL: &str = "SELECT interface_id, srcaddr, dstport, tcp_flags, action, rule FROM weir_lab_flow_logs
    WHERE action = 'REJECT' AND dstport = 22 LIMIT 1";

/// What the steps have made.
struct Made {
    interface: String,
    vpc: String,
    with_ssh: String,
    without_ssh: String,
}

/// Does all steps.
///
/// # Errors
/// The first thing that is not as expected; it has been said.
pub fn tell(mut story: Story, client: &str, mailbox: &Mailbox) -> Result<()> {
    let made = network(&mut story)?;
    let flow_logs = flow_logs(&mut story, &made)?;
    let topic = watching(&mut story)?;
    mail(&mut story, &topic, mailbox)?;
    story.step("SSH is allowed, and connects", |_| connects(client))?;
    story.step("an ACCEPT record is in the log group", |aws| record(aws, &made.interface, "ACCEPT OK"))?;
    refuse(&mut story, &made, client, mailbox)?;
    questions(&mut story)?;
    story.step("the group with SSH is back", |aws| change_group(aws, &made.interface, &made.with_ssh))?;
    story.step("SSH connects again", |_| wait_for("a connection", || Ok(connects(client).ok())))?;
    story.step("the flow logs are deleted", |aws| delete_flow_logs(aws, &flow_logs))?;
    story.end();
    Ok(())
}

fn network(story: &mut Story) -> Result<Made> {
    story.step("the signature is good", |aws| {
        let answer = aws.form("sts", "2011-06-15", "GetCallerIdentity", &[])?;
        Ok(((), element(&answer, "Arn").context("no ARN")?.to_owned()))
    })?;
    let (interface, vpc) = story.step("this host's device is a network interface", |aws| {
        let filter = [("Filter.1.Name", "addresses.private-ip-address"), ("Filter.1.Value.1", WEB)];
        let answer = aws.form("ec2", EC2, "DescribeNetworkInterfaces", &filter)?;
        let id = element(&answer, "networkInterfaceId").context("no interface has the address")?.to_owned();
        let vpc = element(&answer, "vpcId").context("it is in no VPC")?.to_owned();
        let seen = format!("{WEB} is {id} in {vpc}");
        Ok(((id, vpc), seen))
    })?;
    let group = |story: &mut Story, name: &str, port: u16| {
        story.step(&format!("a security group that lets port {port} in"), |aws| make_group(aws, &vpc, name, port))
    };
    let with_ssh = group(story, "lab-ssh", SSH)?;
    let without_ssh = group(story, "lab-web", 80)?;
    story.step("the group with SSH is the interface's", |aws| change_group(aws, &interface, &with_ssh))?;
    Ok(Made { interface, vpc, with_ssh, without_ssh })
}

fn make_group(aws: &Aws, vpc: &str, name: &str, port: u16) -> Result<(String, String)> {
    let input = [("GroupName", name), ("GroupDescription", "weir lab"), ("VpcId", vpc)];
    let answer = aws.form("ec2", EC2, "CreateSecurityGroup", &input)?;
    let id = element(&answer, "groupId").context("no id")?.to_owned();
    let (port, range) = (port.to_string(), format!("{CLIENT}/32"));
    let input = [
        ("GroupId", id.as_str()),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", &port),
        ("IpPermissions.1.ToPort", &port),
        ("IpPermissions.1.IpRanges.1.CidrIp", &range),
    ];
    aws.form("ec2", EC2, "AuthorizeSecurityGroupIngress", &input)?;
    Ok((id.clone(), id))
}

fn change_group(aws: &Aws, interface: &str, group: &str) -> Result<((), String)> {
    let input = [("NetworkInterfaceId", interface), ("SecurityGroupId.1", group)];
    aws.form("ec2", EC2, "ModifyNetworkInterfaceAttribute", &input)?;
    Ok(((), format!("{interface} has {group}")))
}

fn flow_logs(story: &mut Story, made: &Made) -> Result<[String; 2]> {
    story.step("a log group and a bucket", |aws| {
        aws.json("logs", "Logs_20140328.CreateLogGroup", &json!({ "logGroupName": GROUP }))?;
        aws.s3("PUT", &format!("/{BUCKET}"))?;
        Ok(((), format!("{GROUP} and {BUCKET}")))
    })?;
    let role = story.step("a role that may write to log groups", make_role)?;
    let of_vpc = story.step("a flow log of the VPC to the log group", |aws| {
        let destination = [("LogGroupName", GROUP), ("DeliverLogsPermissionArn", &role)];
        make_flow_log(aws, "VPC", &made.vpc, &destination)
    })?;
    let of_interface = story.step("a flow log of the interface to the bucket", |aws| {
        let arn = format!("arn:aws:s3:::{BUCKET}");
        let destination = [("LogDestinationType", "s3"), ("LogDestination", arn.as_str()), ("LogFormat", FORMAT)];
        make_flow_log(aws, "NetworkInterface", &made.interface, &destination)
    })?;
    Ok([of_vpc, of_interface])
}

fn make_role(aws: &Aws) -> Result<(String, String)> {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "vpc-flow-logs.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    let actions = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"];
    let may =
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] });
    let (trust, may) = (trust.to_string(), may.to_string());
    let answer = aws.form("iam", IAM, "CreateRole", &[("RoleName", ROLE), ("AssumeRolePolicyDocument", &trust)])?;
    let arn = element(&answer, "Arn").context("no ARN")?.to_owned();
    let input = [("RoleName", ROLE), ("PolicyName", "deliver"), ("PolicyDocument", may.as_str())];
    aws.form("iam", IAM, "PutRolePolicy", &input)?;
    Ok((arn.clone(), arn))
}

fn make_flow_log(aws: &Aws, kind: &str, id: &str, destination: &[(&str, &str)]) -> Result<(String, String)> {
    let mut input =
        vec![("ResourceType", kind), ("ResourceId.1", id), ("TrafficType", "ALL"), ("MaxAggregationInterval", "1")];
    input.extend(destination);
    let answer = aws.form("ec2", EC2, "CreateFlowLogs", &input)?;
    match element(&answer, "item") {
        Some(id) if id.starts_with("fl-") => Ok((id.to_owned(), id.to_owned())),
        _ => bail!("no flow log was made: {answer}"),
    }
}

fn watching(story: &mut Story) -> Result<String> {
    story.step("the pattern finds 2 of 4 lines", |aws| {
        let line = |port: u16, action: &str| {
            format!("2 123456789012 eni-1 {CLIENT} {WEB} 40000 {port} 6 1 60 1700000000 1700000001 {action} OK")
        };
        let lines = [line(22, "REJECT"), line(22, "ACCEPT"), line(80, "REJECT"), line(22, "REJECT")];
        let input = json!({ "filterPattern": PATTERN, "logEventMessages": lines });
        let answer = aws.json("logs", "Logs_20140328.TestMetricFilter", &input)?;
        let matches = answer["matches"].as_array().map_or(0, Vec::len);
        ensure!(matches == 2, "it finds {matches}");
        Ok(((), "2".to_owned()))
    })?;
    story.step("a metric filter on the log group", |aws| {
        let transformation = json!({ "metricName": METRIC, "metricNamespace": NAMESPACE, "metricValue": "1" });
        let input = json!({ "logGroupName": GROUP, "filterName": "dest-port-22-rejects", "filterPattern": PATTERN,
            "metricTransformations": [transformation] });
        aws.json("logs", "Logs_20140328.PutMetricFilter", &input)?;
        Ok(((), format!("{NAMESPACE}/{METRIC}")))
    })?;
    let topic = story.step("a topic", |aws| {
        let answer = aws.form("sns", SNS, "CreateTopic", &[("Name", "lab-ssh-rejects")])?;
        let arn = element(&answer, "TopicArn").context("no ARN")?.to_owned();
        Ok((arn.clone(), arn))
    })?;
    story.step("an alarm on the metric, which tells the topic", |aws| {
        let input = [
            ("AlarmName", "lab-SSH-rejects"),
            ("Namespace", NAMESPACE),
            ("MetricName", METRIC),
            ("Statistic", "Sum"),
            ("Period", "10"),
            ("EvaluationPeriods", "1"),
            ("Threshold", "1"),
            ("ComparisonOperator", "GreaterThanOrEqualToThreshold"),
            ("TreatMissingData", "notBreaching"),
            ("AlarmActions.member.1", &topic),
        ];
        aws.form("monitoring", CLOUDWATCH, "PutMetricAlarm", &input)?;
        Ok(((), "lab-SSH-rejects".to_owned()))
    })?;
    Ok(topic)
}

fn mail(story: &mut Story, topic: &str, mailbox: &Mailbox) -> Result<()> {
    story.step("a subscription by mail, confirmed by the link in it", |aws| {
        let input = [("TopicArn", topic), ("Protocol", "email"), ("Endpoint", MAIL)];
        aws.form("sns", SNS, "Subscribe", &input)?;
        let mail = wait_for("the mail", || Ok(mailbox.find(&["Token=", MAIL])))?;
        let start = mail.find(&format!("http://{}/", super::LISTEN)).context("there is no link in the mail")?;
        let link = mail[start..].split(|letter: char| letter.is_whitespace() || "\"<>)".contains(letter)).next();
        let path = link.and_then(|link| link.split_once(super::LISTEN)).map(|(_, path)| path).context("an odd link")?;
        let path = path.replace("&amp;", "&");
        let page =
            client::ask(super::LISTEN.parse::<SocketAddr>()?, "GET", &path)?.context("nothing answers at the link")?;
        ensure!(page.is_good(), "the link answers {}", page.status);
        let listed = aws.form("sns", SNS, "ListSubscriptionsByTopic", &[("TopicArn", topic)])?;
        let arn = element(&listed, "SubscriptionArn").context("no subscription")?;
        ensure!(arn.starts_with("arn:"), "it is {arn}");
        Ok(((), MAIL.to_owned()))
    })
}

fn connects(client: &str) -> Result<((), String)> {
    let address = format!("{WEB}:{SSH}");
    let knock = net::weir_on(client)?.args(["lab", "--knock", &address]).output()?;
    ensure!(knock.status.success(), "{}", String::from_utf8_lossy(&knock.stderr).trim());
    Ok(((), format!("{CLIENT} to {address}")))
}

/// A record of SSH in the log group whose line ends so.
fn record(aws: &Aws, interface: &str, end: &str) -> Result<((), String)> {
    let line = wait_for("the record", || {
        let input = json!({ "logGroupName": GROUP, "filterPattern": format!("\"{interface} {CLIENT} {WEB}\"") });
        let page = aws.json("logs", "Logs_20140328.FilterLogEvents", &input)?;
        let messages = page["events"].as_array().into_iter().flatten().filter_map(|event| event["message"].as_str());
        let of_ssh = |line: &&str| line.ends_with(end) && line.split(' ').nth(6) == Some("22");
        Ok(messages.into_iter().find(of_ssh).map(str::to_owned))
    })?;
    Ok(((), line))
}

fn refuse(story: &mut Story, made: &Made, client: &str, mailbox: &Mailbox) -> Result<()> {
    story.step("the group is changed for one without SSH", |aws| {
        change_group(aws, &made.interface, &made.without_ssh)
    })?;
    story.step("SSH times out", |_| {
        wait_for("the time-out", || Ok(connects(client).err().map(|error| ((), crate::sentence(&error)))))
    })?;
    story.step("a REJECT record is in the log group", |aws| record(aws, &made.interface, "REJECT OK"))?;
    story.step("a REJECT record is in the bucket, with the rule", |aws| object(aws, &made.interface))?;
    story.step("the alarm rings", |aws| {
        let reason = wait_for("the alarm", || {
            let input = [("AlarmNames.member.1", "lab-SSH-rejects"), ("StateValue", "ALARM")];
            let answer = aws.form("monitoring", CLOUDWATCH, "DescribeAlarms", &input)?;
            Ok(element(&answer, "StateReason").map(str::to_owned))
        })?;
        Ok(((), reason))
    })?;
    story.step("the mail says so", |_| {
        let mail = wait_for("the mail", || Ok(mailbox.find(&["ALARM", "lab-SSH-rejects"])))?;
        let subject = mail.lines().find(|line| line.starts_with("Subject:")).unwrap_or_default();
        Ok(((), subject.to_owned()))
    })
}

/// A refused first packet: one flag, no reply, and the rule behind it.
fn object(aws: &Aws, interface: &str) -> Result<((), String)> {
    wait_for("an object", || {
        let listed = aws.s3("GET", &format!("/{BUCKET}?list-type=2&prefix=AWSLogs%2F"))?;
        Ok(listed.contains("<Key>").then_some(()))
    })?;
    let input =
        json!({ "QueryString": SQL, "ResultConfiguration": { "OutputLocation": format!("s3://{BUCKET}/answers/") } });
    let line = wait_for("the record", || {
        let started = aws.json("athena", "AmazonAthena.StartQueryExecution", &input)?;
        let rows = athena(aws, &started)?;
        let is_refused = |row: &&String| row.contains(interface) && row.contains("REJECT");
        Ok(rows.iter().find(is_refused).cloned())
    })?;
    Ok(((), line))
}

/// The rows of a query, each as a line.
fn athena(aws: &Aws, started: &Value) -> Result<Vec<String>> {
    let id = json!({ "QueryExecutionId": started["QueryExecutionId"] });
    wait_for("the end of the query", || {
        let execution = aws.json("athena", "AmazonAthena.GetQueryExecution", &id)?;
        let status = &execution["QueryExecution"]["Status"];
        match status["State"].as_str() {
            Some("SUCCEEDED") => Ok(Some(())),
            Some("FAILED") => bail!("the query failed: {}", status["StateChangeReason"]),
            _ => Ok(None),
        }
    })?;
    let results = aws.json("athena", "AmazonAthena.GetQueryResults", &id)?;
    let rows = results["ResultSet"]["Rows"].as_array().cloned().unwrap_or_default();
    let line = |row: &Value| {
        let cells = row["Data"].as_array().into_iter().flatten();
        cells.map(|cell| cell["VarCharValue"].as_str().unwrap_or("-")).collect::<Vec<_>>().join(" ")
    };
    Ok(rows.iter().map(line).collect())
}

fn questions(story: &mut Story) -> Result<()> {
    story.step("Logs Insights counts who was refused", |aws| {
        let query = r#"filter action="REJECT" | stats count(*) as numRejections by srcAddr | sort numRejections desc | limit 20"#;
        let input = json!({ "logGroupName": GROUP, "queryString": query, "startTime": 0, "endTime": 4_000_000_000_u64 });
        let started = aws.json("logs", "Logs_20140328.StartQuery", &input)?;
        let id = json!({ "queryId": started["queryId"] });
        let rows = wait_for("the answer", || {
            let results = aws.json("logs", "Logs_20140328.GetQueryResults", &id)?;
            let is_complete = results["status"] == "Complete";
            Ok(is_complete.then(|| results["results"].clone()))
        })?;
        let first = rows[0].as_array().context("nobody was refused")?;
        let cells = first.iter().map(|cell| cell["value"].as_str().unwrap_or("-"));
        let row = cells.collect::<Vec<_>>().join(" ");
        ensure!(row.starts_with(CLIENT), "it was {row}");
        Ok(((), row))
    })
}

/// Those of the lab: that of `weir up` itself stays.
fn delete_flow_logs(aws: &Aws, ids: &[String; 2]) -> Result<((), String)> {
    let [first, second] = ids;
    aws.form("ec2", EC2, "DeleteFlowLogs", &[("FlowLogId.1", first), ("FlowLogId.2", second)])?;
    let left = aws.form("ec2", EC2, "DescribeFlowLogs", &[])?;
    ensure!(!ids.iter().any(|id| left.contains(id.as_str())), "some are left: {left}");
    Ok(((), ids.join(", ")))
}
