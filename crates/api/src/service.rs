//! The services and what tells them apart on the wire.

use crate::protocol::Protocol;

/// A service of AWS that Weir serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ServiceName {
    Athena,
    CloudFormation,
    CloudWatch,
    Ec2,
    Glue,
    Iam,
    Logs,
    S3,
    Sns,
    Sqs,
    Sts,
}

/// What the wire of a service looks like. Source: the service models of the AWS SDKs.
struct Facts {
    /// The service in the scope of a signature.
    signing: &'static str,
    /// What actions of policies begin with.
    action: &'static str,
    /// What `X-Amz-Target` begins with.
    target: Option<&'static str>,
    /// `Version` of a form.
    version: &'static str,
    /// The namespace of its XML.
    namespace: &'static str,
    /// When neither target, path nor form says another one.
    protocol: Protocol,
    /// Members that are times: Unix milliseconds for handlers, whatever the protocol has on the wire.
    times: &'static [&'static str],
    /// Members of answers that are maps, which XML writes as entries.
    maps: &'static [&'static str],
}

impl ServiceName {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Athena,
        Self::CloudFormation,
        Self::CloudWatch,
        Self::Ec2,
        Self::Glue,
        Self::Iam,
        Self::Logs,
        Self::S3,
        Self::Sns,
        Self::Sqs,
        Self::Sts,
    ];

    /// The service in the scope of a signature, such as `monitoring`.
    pub fn signing_name(self) -> &'static str {
        self.facts().signing
    }

    /// What actions in policies begin with, such as `cloudwatch`.
    pub fn action_prefix(self) -> &'static str {
        self.facts().action
    }

    /// The protocol that all clients can speak.
    pub fn protocol(self) -> Protocol {
        self.facts().protocol
    }

    /// All protocols that it can be asked in, the usual one first. Source: the service models of the AWS SDKs.
    pub fn protocols(self) -> &'static [&'static str] {
        match self {
            Self::S3 => &["restXml"],
            Self::Ec2 => &["ec2Query"],
            Self::CloudFormation | Self::Iam | Self::Sns | Self::Sts => &["awsQuery"],
            Self::Athena | Self::Glue | Self::Logs => &["awsJson1.1"],
            Self::CloudWatch => &["awsJson1.0", "awsQuery", "rpcv2Cbor"],
            Self::Sqs => &["awsJson1.0", "awsQuery"],
        }
    }

    /// The namespace of its XML.
    pub fn namespace(self) -> &'static str {
        self.facts().namespace
    }

    /// What stands before the dot in `X-Amz-Target`; none of services that have none.
    pub fn target(self) -> Option<&'static str> {
        self.facts().target
    }

    /// `Version` of its forms.
    pub fn version(self) -> &'static str {
        self.facts().version
    }

    /// Whether any member is a time.
    pub fn has_times(self) -> bool {
        !self.facts().times.is_empty()
    }

    /// Whether a member is a time: Unix milliseconds for handlers.
    pub fn is_time(self, member: &str) -> bool {
        self.facts().times.contains(&member)
    }

    /// Whether a member of an answer is a map.
    pub fn is_map(self, member: &str) -> bool {
        self.facts().maps.contains(&member)
    }

    /// By the scope of a signature.
    pub fn by_signing_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.signing_name() == name)
    }

    /// By what stands before the dot in `X-Amz-Target`.
    pub fn by_target(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.facts().target == Some(prefix))
    }

    /// By `Version` of a form.
    pub fn by_version(version: &str) -> Option<Self> {
        let of_forms = |service: &Self| service.protocol().is_form() || *service == Self::CloudWatch;
        Self::ALL.into_iter().filter(of_forms).find(|service| service.version() == version)
    }

    fn facts(self) -> Facts {
        match self {
            Self::Athena => Facts {
                signing: "athena",
                action: "athena",
                target: Some("AmazonAthena"),
                version: "2017-05-18",
                namespace: "",
                protocol: Protocol::AwsJson11,
                times: &[
                    "SubmissionDateTime",
                    "CompletionDateTime",
                    "CreationTime",
                    "LastModifiedTime",
                    "CreateTime",
                    "LastAccessTime",
                ],
                maps: &[],
            },
            Self::CloudFormation => Facts {
                signing: "cloudformation",
                action: "cloudformation",
                target: None,
                version: "2010-05-15",
                namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
                protocol: Protocol::AwsQuery,
                times: &[
                    "CreationTime",
                    "LastUpdatedTime",
                    "DeletionTime",
                    "Timestamp",
                    "LastUpdatedTimestamp",
                    "LastCheckTimestamp",
                ],
                maps: &[],
            },
            Self::CloudWatch => Facts {
                signing: "monitoring",
                action: "cloudwatch",
                target: Some("GraniteServiceVersion20100801"),
                version: "2010-08-01",
                namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
                protocol: Protocol::AwsQuery,
                times: &[
                    "AlarmConfigurationUpdatedTimestamp",
                    "EndDate",
                    "EndTime",
                    "LastModified",
                    "StartDate",
                    "StartTime",
                    "StateTransitionedTimestamp",
                    "StateUpdatedTimestamp",
                    "Timestamp",
                    "Timestamps",
                ],
                maps: &["ExtendedStatistics"],
            },
            Self::Ec2 => Facts {
                signing: "ec2",
                action: "ec2",
                target: None,
                version: "2016-11-15",
                namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
                protocol: Protocol::Ec2Query,
                times: &["attachTime", "createTime", "creationTime", "launchTime", "usageOperationUpdateTime"],
                maps: &[],
            },
            Self::Glue => Facts {
                signing: "glue",
                action: "glue",
                target: Some("AWSGlue"),
                version: "2017-03-31",
                namespace: "",
                protocol: Protocol::AwsJson11,
                times: &["CreateTime", "UpdateTime", "LastAccessTime", "LastAnalyzedTime", "CreationTime"],
                maps: &[],
            },
            Self::Iam => Facts {
                signing: "iam",
                action: "iam",
                target: None,
                version: "2010-05-08",
                namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
                protocol: Protocol::AwsQuery,
                times: &["CreateDate", "UpdateDate", "LastUsedDate", "PasswordLastUsed"],
                maps: &["SummaryMap"],
            },
            // Times of the logs are milliseconds on the wire as well.
            Self::Logs => Facts {
                signing: "logs",
                action: "logs",
                target: Some("Logs_20140328"),
                version: "2014-03-28",
                namespace: "",
                protocol: Protocol::AwsJson11,
                times: &[],
                maps: &[],
            },
            Self::S3 => Facts {
                signing: "s3",
                action: "s3",
                target: None,
                version: "2006-03-01",
                namespace: "http://s3.amazonaws.com/doc/2006-03-01/",
                protocol: Protocol::AwsQuery,
                times: &[],
                maps: &[],
            },
            Self::Sns => Facts {
                signing: "sns",
                action: "sns",
                target: None,
                version: "2010-03-31",
                namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
                protocol: Protocol::AwsQuery,
                times: &[],
                maps: &["Attributes"],
            },
            Self::Sqs => Facts {
                signing: "sqs",
                action: "sqs",
                target: Some("AmazonSQS"),
                version: "2012-11-05",
                namespace: "http://queue.amazonaws.com/doc/2012-11-05/",
                protocol: Protocol::AwsJson10,
                times: &[],
                maps: &[],
            },
            Self::Sts => Facts {
                signing: "sts",
                action: "sts",
                target: None,
                version: "2011-06-15",
                namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
                protocol: Protocol::AwsQuery,
                times: &["Expiration"],
                maps: &[],
            },
        }
    }
}
