"""Flow logs by boto3: what AWS answers, and what it refuses."""

import uuid

import pytest

from failures import failure
from weir import ACCOUNT, REGION, until

TRUST = ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
         '"Principal":{"Service":"vpc-flow-logs.amazonaws.com"}}]}')
DISTRUST = TRUST.replace("vpc-flow-logs", "ec2")
DELIVER = ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":["logs:CreateLogStream",'
           '"logs:PutLogEvents","logs:DescribeLogGroups","logs:DescribeLogStreams","logs:CreateLogGroup"]}]}')
DEFAULT_FORMAT = ("${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} "
                  "${packets} ${bytes} ${start} ${end} ${action} ${log-status}")


@pytest.fixture
def ec2(client):
    return client("ec2")


@pytest.fixture
def vpc(ec2):
    return ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def bucket(client):
    client("s3").create_bucket(Bucket="lab-flows")
    return "arn:aws:s3:::lab-flows"


def to_bucket(vpc, destination, **changes):
    return {"ResourceIds": [vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3",
            "LogDestination": destination} | changes


def test_a_vpc_is_made_as_by_aws(ec2):
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "lab"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16", TagSpecifications=tags)["Vpc"]
    assert (vpc["State"], vpc["InstanceTenancy"], vpc["IsDefault"]) == ("pending", "default", False)
    association, = vpc["CidrBlockAssociationSet"]
    assert association["CidrBlock"] == "10.7.0.0/16" and association["CidrBlockState"] == {"State": "associated"}
    assert vpc["Ipv6CidrBlockAssociationSet"] == [] and vpc["Tags"] == [{"Key": "Name", "Value": "lab"}]
    found, = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["lab"]}])["Vpcs"]
    assert (found["VpcId"], found["State"]) == (vpc["VpcId"], "available")
    group, = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["SecurityGroups"]
    assert (group["GroupName"], group["Description"]) == ("default", "default VPC security group")


def test_a_security_group_is_made_as_by_aws(ec2, vpc):
    made = ec2.create_security_group(GroupName="ssh", Description="SSH", VpcId=vpc)
    assert made["SecurityGroupArn"] == f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{made['GroupId']}"
    rule = dict(IpProtocol="tcp", FromPort=22, ToPort=22, IpRanges=[{"CidrIp": "10.0.0.0/8"}])
    ec2.authorize_security_group_ingress(GroupId=made["GroupId"], IpPermissions=[rule])
    again = failure(ec2.authorize_security_group_ingress, GroupId=made["GroupId"], IpPermissions=[rule])
    assert again.code == "InvalidPermission.Duplicate"
    group, = ec2.describe_security_groups(GroupIds=[made["GroupId"]])["SecurityGroups"]
    assert [(found["FromPort"], found["ToPort"]) for found in group["IpPermissions"]] == [(22, 22)]
    ec2.revoke_security_group_ingress(GroupId=made["GroupId"], IpPermissions=[rule])
    group, = ec2.describe_security_groups(GroupIds=[made["GroupId"]])["SecurityGroups"]
    assert group["IpPermissions"] == []
    ec2.delete_security_group(GroupId=made["GroupId"])
    missing = failure(ec2.describe_security_groups, GroupIds=[made["GroupId"]])
    assert missing.code == "InvalidGroup.NotFound"


def test_what_is_in_use_stays(ec2, vpc):
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")
    assert failure(ec2.delete_vpc, VpcId=vpc).code == "DependencyViolation"


def test_a_flow_log_to_a_bucket(ec2, vpc, bucket):
    made = ec2.create_flow_logs(**to_bucket(vpc, f"{bucket}/lab/"))
    assert uuid.UUID(made["ClientToken"]) and made["Unsuccessful"] == []
    identifier, = made["FlowLogIds"]
    flow_log, = ec2.describe_flow_logs(FlowLogIds=[identifier])["FlowLogs"]
    del flow_log["CreationTime"]
    assert flow_log == {
        "FlowLogId": identifier, "FlowLogStatus": "ACTIVE", "DeliverLogsStatus": "SUCCESS", "ResourceId": vpc,
        "TrafficType": "ALL", "LogDestinationType": "s3", "LogDestination": f"{bucket}/lab/", "LogFormat": DEFAULT_FORMAT,
        "MaxAggregationInterval": 600, "Tags": [],
        "DestinationOptions": {"FileFormat": "plain-text", "HiveCompatiblePartitions": False, "PerHourPartition": False}}
    assert ec2.delete_flow_logs(FlowLogIds=[identifier])["Unsuccessful"] == []
    assert ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc]}])["FlowLogs"] == []


def test_a_bucket_that_is_not_there(ec2, vpc):
    made = ec2.create_flow_logs(**to_bucket(vpc, "arn:aws:s3:::no-such-bucket"))
    assert made.get("FlowLogIds", []) == []
    failed, = made["Unsuccessful"]
    assert failed["ResourceId"] == vpc
    assert failed["Error"] == {"Code": "400", "Message": "LogDestination: no-such-bucket does not exist"}


@pytest.mark.parametrize("arguments, message", [
    ({"LogGroupName": "flows"}, "Please only provide LogGroupName or only provide LogDestination."),
    ({"LogDestination": None}, "LogDestination can't be empty if LogGroupName is not provided."),
    ({"LogDestination": None, "LogGroupName": "flows"},
     "LogDestination type must be cloud-watch-logs if LogGroupName is provided."),
])
def test_destinations_that_make_no_sense(ec2, vpc, bucket, arguments, message):
    asked = to_bucket(vpc, bucket, **arguments)
    asked = {name: value for name, value in asked.items() if value is not None}
    assert failure(ec2.create_flow_logs, **asked) == ("InvalidParameter", message)


def test_a_flow_log_to_a_log_group(ec2, client, vpc):
    client("logs").create_log_group(logGroupName="flows")
    iam = client("iam")
    role = iam.create_role(RoleName="flows", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName="flows", PolicyName="deliver", PolicyDocument=DELIVER)
    made = ec2.create_flow_logs(ResourceIds=[vpc], ResourceType="VPC", TrafficType="REJECT", LogGroupName="flows",
                                DeliverLogsPermissionArn=role, MaxAggregationInterval=60)
    flow_log, = ec2.describe_flow_logs(FlowLogIds=made["FlowLogIds"])["FlowLogs"]
    assert (flow_log["LogGroupName"], flow_log["DeliverLogsPermissionArn"]) == ("flows", role)
    assert (flow_log["LogDestinationType"], flow_log["MaxAggregationInterval"]) == ("cloud-watch-logs", 60)


def test_a_role_that_may_not_deliver_is_told_until_it_is_put_right(ec2, client, vpc):
    client("logs").create_log_group(logGroupName="flows")
    iam = client("iam")
    role = iam.create_role(RoleName="flows", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    made = ec2.create_flow_logs(ResourceIds=[vpc], ResourceType="VPC", TrafficType="ALL", LogGroupName="flows",
                                DeliverLogsPermissionArn=role)

    def delivery():
        flow_log, = ec2.describe_flow_logs(FlowLogIds=made["FlowLogIds"])["FlowLogs"]
        assert flow_log["FlowLogStatus"] == "ACTIVE"
        return flow_log["DeliverLogsStatus"], flow_log.get("DeliverLogsErrorMessage")

    failed, good = ("FAILED", "Access error"), ("SUCCESS", None)
    until(lambda: delivery() == failed, "the refusal of a role without a policy")
    iam.put_role_policy(RoleName="flows", PolicyName="deliver", PolicyDocument=DELIVER)
    until(lambda: delivery() == good, "delivery by a role with a policy")
    iam.update_assume_role_policy(RoleName="flows", PolicyDocument=DISTRUST)
    until(lambda: delivery() == failed, "the refusal of a role that trusts another service")
    iam.update_assume_role_policy(RoleName="flows", PolicyDocument=TRUST)
    until(lambda: delivery() == good, "delivery by a role that is trusted again")
