"""CloudFormation: stacks by `aws cloudformation deploy`, by change sets, by boto3; and after a loss of power."""

import json
import random
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from conftest import boto3_client
from weir import ACCOUNT, REGION, until

TEMPLATE = """
AWSTemplateFormatVersion: '2010-09-09'
Description: Refused connections ring an alarm
Parameters:
  Stage: {Type: String, Default: test, AllowedValues: [test, live]}
  Days: {Type: Number, Default: 7}
Conditions:
  IsLive: !Equals [!Ref Stage, live]
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.40.0.0/16}}
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub '${AWS::StackName}-flows-${Stage}'}}
  Group:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Join ['/', ['', lab, !Ref Stage]]
      RetentionInDays: !If [IsLive, 30, !Ref Days]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: vpc-flow-logs.amazonaws.com}, Action: 'sts:AssumeRole'}]
      Policies:
        - PolicyName: deliver
          PolicyDocument:
            Version: '2012-10-17'
            Statement: [{Effect: Allow, Action: 'logs:*', Resource: !GetAtt Group.Arn}]
  ToGroup:
    Type: AWS::EC2::FlowLog
    Properties:
      ResourceId: !Ref Net
      ResourceType: VPC
      TrafficType: ALL
      LogGroupName: !Ref Group
      DeliverLogsPermissionArn: !GetAtt Role.Arn
  ToBucket:
    Type: AWS::EC2::FlowLog
    Properties:
      ResourceId: !Ref Net
      ResourceType: VPC
      TrafficType: REJECT
      LogDestinationType: s3
      LogDestination: !GetAtt Bucket.Arn
  Rejects:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref Group
      FilterPattern: REJECT
      MetricTransformations: [{MetricName: rejects, MetricNamespace: Lab, MetricValue: '1'}]
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Sub 'Lab ${Stage}'}}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: Lab
      MetricName: rejects
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      AlarmActions: [!Ref Topic]
Outputs:
  Group: {Value: !GetAtt Group.Arn}
  Where: {Value: !Sub '${Bucket}:${AWS::Region}:${AWS::AccountId}'}
  FlowLog: {Value: !Ref ToBucket, Export: {Name: !Sub '${AWS::StackName}-flow-log'}}
"""


@pytest.fixture
def template(weir):
    file = weir.home / "lab.yaml"
    file.write_text(TEMPLATE)
    return file


def outputs(stack):
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def deploy(aws, template, *words):
    # The command names its change set by the second, and one that changes nothing stays.
    begun = int(time.time())
    while int(time.time()) == begun:
        time.sleep(0.05)
    return aws.text("cloudformation", "deploy", "--stack-name", "lab", "--template-file", template,
                    "--capabilities", "CAPABILITY_IAM", "--tags", "team=net", *words)


def test_deploy(aws, template):
    said = deploy(aws, template)
    assert said.strip().endswith("Successfully created/updated stack - lab")
    stack, = aws("cloudformation", "describe-stacks", "--stack-name", "lab")["Stacks"]
    assert (stack["StackStatus"], stack["Tags"]) == ("CREATE_COMPLETE", [{"Key": "team", "Value": "net"}])
    told = outputs(stack)
    assert told["Group"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/lab/test:*"
    assert told["Where"] == f"lab-flows-test:{REGION}:{ACCOUNT}"
    flow_logs = aws("ec2", "describe-flow-logs")["FlowLogs"]
    assert told["FlowLog"] in [log["FlowLogId"] for log in flow_logs]
    group, = aws("logs", "describe-log-groups", "--log-group-name-prefix", "/lab")["logGroups"]
    assert group["retentionInDays"] == 7
    assert [one["metricTransformations"][0]["metricName"]
            for one in aws("logs", "describe-metric-filters", "--log-group-name", "/lab/test")["metricFilters"]] == ["rejects"]
    alarm, = aws("cloudwatch", "describe-alarms", "--alarm-name-prefix", "lab-Alarm-")["MetricAlarms"]
    assert alarm["AlarmActions"][0].startswith(f"arn:aws:sns:{REGION}:{ACCOUNT}:lab-Topic-")

    # The same again changes nothing; another parameter changes what needs it, and no more.
    assert "No changes to deploy" in deploy(aws, template, "--no-fail-on-empty-changeset")
    deploy(aws, template, "--parameter-overrides", "Days=14")
    group, = aws("logs", "describe-log-groups", "--log-group-name-prefix", "/lab")["logGroups"]
    assert group["retentionInDays"] == 14
    assert sorted(log["FlowLogId"] for log in aws("ec2", "describe-flow-logs")["FlowLogs"]) == sorted(
        log["FlowLogId"] for log in flow_logs)

    # Another stage is another bucket and another group: what is replaced goes.
    deploy(aws, template, "--parameter-overrides", "Stage=live")
    group, = aws("logs", "describe-log-groups", "--log-group-name-prefix", "/lab")["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/lab/live", 30)
    assert "lab-flows-test" not in aws.text("s3", "ls")

    aws("cloudformation", "delete-stack", "--stack-name", "lab")
    aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", "lab")
    assert aws("logs", "describe-log-groups", "--log-group-name-prefix", "/lab") == {"logGroups": []}
    assert all(log["FlowLogId"] not in told["FlowLog"] for log in aws("ec2", "describe-flow-logs")["FlowLogs"])
    assert "Stack with id lab does not exist" in aws.error("cloudformation", "describe-stacks", "--stack-name", "lab")


def test_a_change_set_by_hand(aws, template):
    def change(name, kind, *parameters):
        return aws("cloudformation", "create-change-set", "--stack-name", "lab", "--change-set-name", name,
                   "--change-set-type", kind, "--template-body", f"file://{template}",
                   "--capabilities", "CAPABILITY_IAM", *parameters)

    change("first", "CREATE")
    aws("cloudformation", "wait", "change-set-create-complete", "--stack-name", "lab", "--change-set-name", "first")
    seen = aws("cloudformation", "describe-change-set", "--stack-name", "lab", "--change-set-name", "first")
    assert {one["ResourceChange"]["Action"] for one in seen["Changes"]} == {"Add"} and len(seen["Changes"]) == 9
    assert aws("logs", "describe-log-groups", "--log-group-name-prefix", "/lab") == {"logGroups": []}
    aws("cloudformation", "execute-change-set", "--stack-name", "lab", "--change-set-name", "first")
    aws("cloudformation", "wait", "stack-create-complete", "--stack-name", "lab")

    change("second", "UPDATE", "--parameters", "ParameterKey=Days,ParameterValue=14")
    seen = aws("cloudformation", "describe-change-set", "--stack-name", "lab", "--change-set-name", "second")
    change, = [one["ResourceChange"] for one in seen["Changes"]]
    assert (change["Action"], change["LogicalResourceId"], change["Replacement"]) == ("Modify", "Group", "False")
    aws("cloudformation", "delete-change-set", "--stack-name", "lab", "--change-set-name", "second")
    left, = aws("cloudformation", "list-change-sets", "--stack-name", "lab")["Summaries"]
    assert (left["ChangeSetName"], left["ExecutionStatus"]) == ("first", "EXECUTE_COMPLETE")


@pytest.fixture
def stacks(client):
    return client("cloudformation")


def created(stacks, name, template):
    stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))
    return until(lambda: settled(stacks, name), f"the stack {name}")


def settled(stacks, name):
    stack, = stacks.describe_stacks(StackName=name)["Stacks"]
    return None if stack["StackStatus"].endswith("_IN_PROGRESS") else stack


def test_what_fails_is_rolled_back(stacks, client):
    client("logs").create_log_group(logGroupName="taken")
    template = {"Resources": {
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Taken": {"Type": "AWS::Logs::LogGroup", "DependsOn": "Topic", "Properties": {"LogGroupName": "taken"}},
    }}
    stack = created(stacks, "bad", template)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    failed, = [event for event in stacks.describe_stack_events(StackName="bad")["StackEvents"]
               if event["ResourceStatus"] == "CREATE_FAILED"]
    assert failed["LogicalResourceId"] == "Taken" and "taken already exists" in failed["ResourceStatusReason"]
    assert client("sns").list_topics()["Topics"] == []
    assert [group["logGroupName"] for group in client("logs").describe_log_groups(
        logGroupNamePrefix="taken")["logGroups"]] == ["taken"]
    stacks.delete_stack(StackName="bad")
    stacks.get_waiter("stack_delete_complete").wait(StackName="bad", WaiterConfig={"Delay": 1})


def there(server):
    """What a stack may have made, by kind."""
    ask = lambda service: boto3_client(server, service)  # noqa: E731
    ec2 = ask("ec2")
    return {
        "vpcs": {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]},
        "groups": {group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"]},
        "flow logs": {log["FlowLogId"] for log in ec2.describe_flow_logs()["FlowLogs"]},
        "buckets": {bucket["Name"] for bucket in ask("s3").list_buckets()["Buckets"]},
        "log groups": {group["logGroupName"] for group in ask("logs").describe_log_groups()["logGroups"]},
        "roles": {role["RoleName"] for role in ask("iam").list_roles()["Roles"]},
        "alarms": {alarm["AlarmName"] for alarm in ask("cloudwatch").describe_alarms()["MetricAlarms"]},
        "topics": {topic["TopicArn"] for topic in ask("sns").list_topics()["Topics"]},
    }


def create_unless_it_ends(server, name, template):
    try:
        boto3_client(server, "cloudformation").create_stack(StackName=name, TemplateBody=template,
                                                            Capabilities=["CAPABILITY_IAM"])
    except (BotoCoreError, ClientError):
        pass  # the server is gone


@pytest.mark.parametrize("moment", range(6))
def test_a_loss_of_power_leaves_no_stack_half_made(weir, moment):
    """Killed while it makes a stack: after the next start all of it is there, or nothing."""
    before = there(weir)
    asking = threading.Thread(target=create_unless_it_ends, args=(weir, "lab", TEMPLATE))
    asking.start()
    time.sleep(random.uniform(0.02, 0.05 + 0.1 * moment))
    weir.kill()
    asking.join()
    weir.start()

    stacks = boto3_client(weir, "cloudformation")
    if stacks.list_stacks()["StackSummaries"]:
        status = until(lambda: settled(stacks, "lab"), "the stack to be settled")["StackStatus"]
        assert status in ("CREATE_COMPLETE", "ROLLBACK_COMPLETE")
        if status == "CREATE_COMPLETE":
            stacks.delete_stack(StackName="lab")
            stacks.get_waiter("stack_delete_complete").wait(StackName="lab", WaiterConfig={"Delay": 1})
    assert there(weir) == before


def test_what_a_loss_of_power_cut_short_is_undone_before_anybody_asks(weir):
    """A stack of so much that it cannot be whole when its first log group is seen."""
    groups = lambda: [group["logGroupName"] for group in boto3_client(weir, "logs").describe_log_groups(  # noqa: E731
        logGroupNamePrefix="/stack/")["logGroups"]]
    template = {"Resources": {f"G{number}": {"Type": "AWS::Logs::LogGroup", "Properties": {
        "LogGroupName": f"/stack/{number}"}} for number in range(400)}}
    asking = threading.Thread(target=create_unless_it_ends, args=(weir, "lab", json.dumps(template)))
    asking.start()
    until(groups, "a log group of the stack")
    weir.kill()
    asking.join()
    weir.start()
    until(lambda: not groups(), "what was made of the stack to be gone")
    assert settled(boto3_client(weir, "cloudformation"), "lab")["StackStatus"] == "ROLLBACK_COMPLETE"
