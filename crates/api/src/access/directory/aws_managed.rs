//! Managed policies of AWS that people who work with flow logs attach, as far as they are about services that are here.
//!
//! Source: the AWS managed policy reference guide.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use super::{ManagedPolicy, PolicyVersion, Tags};
use crate::access::policy::{Document, PolicyKind};

/// Name, path, version, what it is for, and the document.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const POLICIES: &[Row] = &[
    (
        "AdministratorAccess",
        "/",
        "v1",
        "Provides full access to AWS services and resources.",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "PowerUserAccess",
        "/",
        "v6",
        "Provides full access to AWS services and resources, but does not allow management of Users and groups.",
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
            {"Effect":"Allow","Action":["account:GetAccountInformation","account:GetPrimaryEmail","account:ListRegions",
             "iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles",
             "organizations:DescribeOrganization"],"Resource":"*"}]}"#,
    ),
    (
        "ReadOnlyAccess",
        "/",
        "v150",
        "Provides read-only access to AWS services and resources.",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"ReadOnlyActions","Effect":"Allow","Action":[
            "athena:Batch*","athena:Get*","athena:List*",
            "cloudformation:Describe*","cloudformation:Detect*","cloudformation:Estimate*","cloudformation:Get*",
            "cloudformation:List*","cloudformation:ValidateTemplate",
            "cloudwatch:Describe*","cloudwatch:GenerateQuery","cloudwatch:Get*","cloudwatch:List*",
            "ec2:Describe*","ec2:Get*","ec2:ListImagesInRecycleBin","ec2:ListSnapshotsInRecycleBin","ec2:SearchLocalGatewayRoutes",
            "ec2:SearchTransitGatewayRoutes",
            "glue:BatchGetCrawlers","glue:BatchGetDevEndpoints","glue:BatchGetJobs","glue:BatchGetPartition",
            "glue:BatchGetTriggers","glue:BatchGetWorkflows","glue:CheckSchemaVersionValidity","glue:Get*","glue:List*",
            "glue:QuerySchemaVersionMetadata","glue:SearchTables",
            "iam:Generate*","iam:Get*","iam:List*","iam:Simulate*",
            "logs:Describe*","logs:FilterLogEvents","logs:Get*","logs:ListAnomalies","logs:ListLogDeliveries",
            "logs:ListLogAnomalyDetectors","logs:ListTagsForResource","logs:ListTagsLogGroup","logs:StartLiveTail",
            "logs:StartQuery","logs:StopLiveTail","logs:StopQuery","logs:TestMetricFilter",
            "s3:DescribeJob","s3:Get*","s3:List*",
            "sns:Check*","sns:Get*","sns:List*",
            "sqs:Get*","sqs:List*","sqs:Receive*",
            "sts:GetAccessKeyInfo","sts:GetCallerIdentity","sts:GetSessionToken"],"Resource":"*"}]}"#,
    ),
    (
        "CloudWatchLogsFullAccess",
        "/",
        "v2",
        "Provides full access to CloudWatch Logs",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"CloudWatchLogsFullAccess","Effect":"Allow",
            "Action":["logs:*","cloudwatch:GenerateQuery","cloudwatch:GenerateQueryResultsSummary"],"Resource":"*"}]}"#,
    ),
    (
        "CloudWatchLogsReadOnlyAccess",
        "/",
        "v5",
        "Provides read only access to CloudWatch Logs",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"CloudWatchLogsReadOnlyAccess","Effect":"Allow",
            "Action":["logs:Describe*","logs:Get*","logs:List*","logs:StartQuery","logs:StopQuery",
            "logs:TestMetricFilter","logs:FilterLogEvents","logs:StartLiveTail","logs:StopLiveTail",
            "cloudwatch:GenerateQuery"],"Resource":"*"}]}"#,
    ),
    (
        "CloudWatchFullAccess",
        "/",
        "v5",
        "Provides full access to CloudWatch.",
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":["autoscaling:Describe*","cloudwatch:*","logs:*","sns:*","iam:GetPolicy",
             "iam:GetPolicyVersion","iam:GetRole","oam:ListSinks"],"Resource":"*"},
            {"Effect":"Allow","Action":"iam:CreateServiceLinkedRole",
             "Resource":"arn:aws:iam::*:role/aws-service-role/events.amazonaws.com/AWSServiceRoleForCloudWatchEvents*",
             "Condition":{"StringLike":{"iam:AWSServiceName":"events.amazonaws.com"}}},
            {"Effect":"Allow","Action":["oam:ListAttachedLinks"],"Resource":"arn:aws:oam:*:*:sink/*"}]}"#,
    ),
    (
        "CloudWatchReadOnlyAccess",
        "/",
        "v9",
        "Provides read only access to CloudWatch.",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"CloudWatchReadOnlyAccessPermissions","Effect":"Allow",
            "Action":["autoscaling:Describe*","cloudwatch:BatchGet*","cloudwatch:Describe*","cloudwatch:GenerateQuery",
            "cloudwatch:Get*","cloudwatch:List*","logs:Get*","logs:List*","logs:StartQuery","logs:StopQuery",
            "logs:Describe*","logs:TestMetricFilter","logs:FilterLogEvents","logs:StartLiveTail","logs:StopLiveTail",
            "oam:ListSinks","sns:Get*","sns:List*"],"Resource":"*"}]}"#,
    ),
    (
        "AmazonS3FullAccess",
        "/",
        "v2",
        "Provides full access to all buckets via the AWS Management Console.",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]}"#,
    ),
    (
        "AmazonS3ReadOnlyAccess",
        "/",
        "v3",
        "Provides read only access to all buckets via the AWS Management Console.",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*",
            "s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}"#,
    ),
    (
        "AmazonEC2FullAccess",
        "/",
        "v5",
        "Provides full access to Amazon EC2 via the AWS Management Console.",
        r#"{"Version":"2012-10-17","Statement":[
            {"Action":"ec2:*","Effect":"Allow","Resource":"*"},
            {"Effect":"Allow","Action":"elasticloadbalancing:*","Resource":"*"},
            {"Effect":"Allow","Action":"cloudwatch:*","Resource":"*"},
            {"Effect":"Allow","Action":"autoscaling:*","Resource":"*"},
            {"Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"*","Condition":{"StringEquals":
             {"iam:AWSServiceName":["autoscaling.amazonaws.com","ec2scheduled.amazonaws.com",
             "elasticloadbalancing.amazonaws.com","spot.amazonaws.com","spotfleet.amazonaws.com",
             "transitgateway.amazonaws.com"]}}}]}"#,
    ),
    (
        "AmazonEC2ReadOnlyAccess",
        "/",
        "v2",
        "Provides read only access to Amazon EC2 via the AWS Management Console.",
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":["ec2:Describe*","ec2:GetSecurityGroupsForVpc"],"Resource":"*"},
            {"Effect":"Allow","Action":"elasticloadbalancing:Describe*","Resource":"*"},
            {"Effect":"Allow","Action":["cloudwatch:ListMetrics","cloudwatch:GetMetricStatistics","cloudwatch:Describe*"],
             "Resource":"*"},
            {"Effect":"Allow","Action":"autoscaling:Describe*","Resource":"*"}]}"#,
    ),
    (
        "AmazonVPCFullAccess",
        "/",
        "v13",
        "Provides full access to Amazon VPC via the AWS Management Console.",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"AmazonVPCFullAccess","Effect":"Allow","Action":[
            "ec2:AcceptVpcPeeringConnection","ec2:AllocateAddress","ec2:AssignIpv6Addresses",
            "ec2:AssignPrivateIpAddresses","ec2:AssociateAddress","ec2:AssociateDhcpOptions","ec2:AssociateRouteTable",
            "ec2:AssociateSecurityGroupVpc","ec2:AssociateSubnetCidrBlock","ec2:AssociateVpcCidrBlock",
            "ec2:AttachInternetGateway","ec2:AttachNetworkInterface","ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress","ec2:CreateDefaultSubnet","ec2:CreateDefaultVpc","ec2:CreateDhcpOptions",
            "ec2:CreateFlowLogs","ec2:CreateInternetGateway","ec2:CreateNatGateway","ec2:CreateNetworkAcl",
            "ec2:CreateNetworkAclEntry","ec2:CreateNetworkInterface","ec2:CreateNetworkInterfacePermission",
            "ec2:CreateRoute","ec2:CreateRouteTable","ec2:CreateSecurityGroup","ec2:CreateSubnet","ec2:CreateTags",
            "ec2:CreateVpc","ec2:CreateVpcEndpoint","ec2:CreateVpcPeeringConnection","ec2:DeleteDhcpOptions",
            "ec2:DeleteFlowLogs","ec2:DeleteInternetGateway","ec2:DeleteNatGateway","ec2:DeleteNetworkAcl",
            "ec2:DeleteNetworkAclEntry","ec2:DeleteNetworkInterface","ec2:DeleteNetworkInterfacePermission",
            "ec2:DeleteRoute","ec2:DeleteRouteTable","ec2:DeleteSecurityGroup","ec2:DeleteSubnet","ec2:DeleteTags",
            "ec2:DeleteVpc","ec2:DeleteVpcEndpoints","ec2:DeleteVpcPeeringConnection","ec2:DescribeAccountAttributes",
            "ec2:DescribeAddresses","ec2:DescribeAvailabilityZones","ec2:DescribeDhcpOptions","ec2:DescribeFlowLogs",
            "ec2:DescribeInstances","ec2:DescribeInternetGateways","ec2:DescribeNatGateways","ec2:DescribeNetworkAcls",
            "ec2:DescribeNetworkInterfaceAttribute","ec2:DescribeNetworkInterfacePermissions",
            "ec2:DescribeNetworkInterfaces","ec2:DescribePrefixLists","ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroupReferences","ec2:DescribeSecurityGroupRules","ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets","ec2:DescribeTags","ec2:DescribeVpcAttribute","ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcPeeringConnections","ec2:DescribeVpcs","ec2:DetachInternetGateway",
            "ec2:DetachNetworkInterface","ec2:DisassociateAddress","ec2:DisassociateRouteTable",
            "ec2:DisassociateSubnetCidrBlock","ec2:DisassociateVpcCidrBlock","ec2:GetSecurityGroupsForVpc",
            "ec2:ModifyNetworkInterfaceAttribute","ec2:ModifySecurityGroupRules","ec2:ModifySubnetAttribute",
            "ec2:ModifyVpcAttribute","ec2:MoveAddressToVpc","ec2:ReleaseAddress","ec2:ReplaceNetworkAclAssociation",
            "ec2:ReplaceNetworkAclEntry","ec2:ReplaceRoute","ec2:ReplaceRouteTableAssociation",
            "ec2:ResetNetworkInterfaceAttribute","ec2:RevokeSecurityGroupEgress","ec2:RevokeSecurityGroupIngress",
            "ec2:UnassignIpv6Addresses","ec2:UnassignPrivateIpAddresses",
            "ec2:UpdateSecurityGroupRuleDescriptionsEgress","ec2:UpdateSecurityGroupRuleDescriptionsIngress"],
            "Resource":"*"}]}"#,
    ),
    (
        "AmazonAthenaFullAccess",
        "/",
        "v12",
        "Provide full access to Amazon Athena and scoped access to the dependencies needed to enable querying, writing \
         results, and data management.",
        r#"{"Version":"2012-10-17","Statement":[
            {"Sid":"BaseAthenaPermissions","Effect":"Allow","Action":["athena:*"],"Resource":["*"]},
            {"Sid":"BaseGluePermissions","Effect":"Allow","Action":["glue:CreateDatabase","glue:DeleteDatabase",
             "glue:GetCatalog","glue:GetCatalogs","glue:GetDatabase","glue:GetDatabases","glue:UpdateDatabase",
             "glue:CreateTable","glue:DeleteTable","glue:BatchDeleteTable","glue:UpdateTable","glue:GetTable",
             "glue:GetTables","glue:BatchCreatePartition","glue:CreatePartition","glue:DeletePartition",
             "glue:BatchDeletePartition","glue:UpdatePartition","glue:GetPartition","glue:GetPartitions",
             "glue:BatchGetPartition","glue:StartColumnStatisticsTaskRun","glue:GetColumnStatisticsTaskRun",
             "glue:GetColumnStatisticsTaskRuns"],"Resource":["*"]},
            {"Sid":"BaseQueryResultsPermissions","Effect":"Allow","Action":["s3:GetBucketLocation","s3:GetObject",
             "s3:ListBucket","s3:ListBucketMultipartUploads","s3:ListMultipartUploadParts","s3:AbortMultipartUpload",
             "s3:CreateBucket","s3:PutObject","s3:PutBucketPublicAccessBlock"],
             "Resource":["arn:aws:s3:::aws-athena-query-results-*"]},
            {"Sid":"BaseAthenaExamplesPermissions","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],
             "Resource":["arn:aws:s3:::athena-examples*"]},
            {"Sid":"BaseS3BucketPermissions","Effect":"Allow","Action":["s3:ListBucket","s3:GetBucketLocation",
             "s3:ListAllMyBuckets"],"Resource":["*"]},
            {"Sid":"BaseSNSPermissions","Effect":"Allow","Action":["sns:ListTopics","sns:GetTopicAttributes"],
             "Resource":["*"]},
            {"Sid":"BaseCloudWatchPermissions","Effect":"Allow","Action":["cloudwatch:PutMetricAlarm",
             "cloudwatch:DescribeAlarms","cloudwatch:DeleteAlarms","cloudwatch:GetMetricData"],"Resource":["*"]},
            {"Sid":"BaseLakeFormationPermissions","Effect":"Allow","Action":["lakeformation:GetDataAccess"],
             "Resource":["*"]}]}"#,
    ),
    (
        "AmazonSNSFullAccess",
        "/",
        "v2",
        "Provides full access to Amazon SNS via the AWS Management Console.",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"SNSFullAccess","Effect":"Allow","Action":"sns:*","Resource":"*"}]}"#,
    ),
    (
        "AmazonSQSFullAccess",
        "/",
        "v1",
        "Provides full access to Amazon SQS via the AWS Management Console.",
        r#"{"Version":"2012-10-17","Statement":[{"Action":["sqs:*"],"Effect":"Allow","Resource":"*"}]}"#,
    ),
    (
        "IAMFullAccess",
        "/",
        "v2",
        "Provides full access to IAM via the AWS Management Console.",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*"],"Resource":"*"}]}"#,
    ),
    (
        "IAMReadOnlyAccess",
        "/",
        "v4",
        "Provides read only access to IAM via the AWS Management Console.",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport",
            "iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy",
            "iam:SimulatePrincipalPolicy"],"Resource":"*"}]}"#,
    ),
];

/// 2015-02-06, when managed policies came.
const CREATED: i64 = 1_423_247_400_000;

/// All of them, by ARN.
pub(super) fn policies() -> &'static BTreeMap<String, Arc<ManagedPolicy>> {
    static PARSED: OnceLock<BTreeMap<String, Arc<ManagedPolicy>>> = OnceLock::new();
    PARSED.get_or_init(|| {
        POLICIES.iter().filter_map(policy).map(|policy| (policy.arn.clone(), Arc::new(policy))).collect()
    })
}

fn policy(&(name, path, version, description, text): &Row) -> Option<ManagedPolicy> {
    let document = Document::parse(text, PolicyKind::Identity).ok()?;
    Some(ManagedPolicy {
        name: name.to_owned(),
        path: path.to_owned(),
        id: format!("ANPA{}", id(name)),
        arn: format!("arn:aws:iam::aws:policy{path}{name}"),
        description: Some(description.to_owned()),
        created: CREATED,
        updated: CREATED,
        tags: Tags::new(),
        versions: vec![PolicyVersion { id: version.to_owned(), document, created: CREATED }],
        default: version.to_owned(),
        next: 0,
    })
}

/// Seventeen letters that are always the same for a name.
fn id(name: &str) -> String {
    name.to_ascii_uppercase().bytes().filter(u8::is_ascii_alphabetic).map(char::from).cycle().take(17).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_a_policy() {
        assert_eq!(policies().len(), POLICIES.len());
    }
}
