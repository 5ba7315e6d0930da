//! The field table: every field of a flow log record, declared once.
//!
//! Format strings, schemas, decoders, encoders, `weir fields` and the tests all read this table.
//! Source of names, versions, types and meanings: the flow log record chapter of the VPC user guide.

use arrow::datatypes::DataType;

/// The type that a field has in Parquet and in Arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `INT_32`; missing is NULL.
    Int32,
    /// `INT_64`; missing is NULL.
    Int64,
    /// `STRING`; missing is the text `-`.
    Text,
}

impl Kind {
    /// The Arrow type of a column of this kind. Text is `Utf8View`, so that a decoder can point
    /// into the text it was given instead of copying.
    pub const fn data_type(self) -> DataType {
        match self {
            Kind::Int32 => DataType::Int32,
            Kind::Int64 => DataType::Int64,
            Kind::Text => DataType::Utf8View,
        }
    }

    /// The name of the type as Parquet and the AWS guide write it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Int32 => "INT_32",
            Kind::Int64 => "INT_64",
            Kind::Text => "STRING",
        }
    }
}

/// Which flow logs can carry a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Flow logs of VPCs, subnets and interfaces (many of these also appear in transit gateway logs).
    Vpc,
    /// Flow logs of transit gateways only (version 6).
    TransitGateway,
    /// Not an AWS field: an extension of ours, never part of a default format.
    Extension,
}

/// One row of the table; see [`Field::spec`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Name in format strings and text headers: lower case, hyphens.
    pub name: &'static str,
    /// Name as a column: the same with underscores.
    pub column: &'static str,
    /// The record version that introduced the field; 0 for extensions, which never raise a version.
    pub version: u8,
    /// Type in Parquet and Arrow.
    pub kind: Kind,
    /// Which flow logs can carry it.
    pub scope: Scope,
    /// What the field says.
    pub meaning: &'static str,
    /// When the field is `-`.
    pub absent: &'static str,
}

macro_rules! fields {
    ($($variant:ident $name:literal $column:literal $version:literal $kind:ident $scope:ident $meaning:literal, $absent:literal;)*) => {
        /// A field of a flow log record. The order is that of the AWS guide: by version.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Field {
            $(#[doc = concat!("`", $name, "`: ", $meaning)] $variant,)*
        }

        impl Field {
            /// Every field, in table order.
            pub const ALL: &'static [Field] = &[$(Field::$variant,)*];
            const SPECS: &'static [Spec] = &[$(Spec {
                name: $name, column: $column, version: $version, kind: Kind::$kind,
                scope: Scope::$scope, meaning: $meaning, absent: $absent,
            },)*];
        }
    };
}

fields! {
    Version "version" "version" 2 Int32 Vpc "version of the record: the highest version among the fields of the format", "never";
    AccountId "account-id" "account_id" 2 Text Vpc "account that owns the source interface; `unknown` for some interfaces that AWS makes", "never";
    InterfaceId "interface-id" "interface_id" 2 Text Vpc "interface on which the traffic was seen", "regional NAT gateway";
    SrcAddr "srcaddr" "srcaddr" 2 Text Vpc "source address; on egress the interface's own primary address", "NODATA, SKIPDATA";
    DstAddr "dstaddr" "dstaddr" 2 Text Vpc "destination address; on ingress the interface's own primary address", "NODATA, SKIPDATA";
    SrcPort "srcport" "srcport" 2 Int32 Vpc "source port; 0 for ICMP", "NODATA, SKIPDATA";
    DstPort "dstport" "dstport" 2 Int32 Vpc "destination port; 0 for ICMP", "NODATA, SKIPDATA";
    Protocol "protocol" "protocol" 2 Int32 Vpc "IANA protocol number: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6", "NODATA, SKIPDATA";
    Packets "packets" "packets" 2 Int64 Vpc "packets in the window", "NODATA, SKIPDATA";
    Bytes "bytes" "bytes" 2 Int64 Vpc "bytes in the window, counted from the IP header on", "NODATA, SKIPDATA";
    Start "start" "start" 2 Int64 Vpc "Unix seconds of the first packet in the window", "never";
    End "end" "end" 2 Int64 Vpc "Unix seconds of the last packet in the window", "never";
    Action "action" "action" 2 Text Vpc "ACCEPT or REJECT", "NODATA, SKIPDATA";
    LogStatus "log-status" "log_status" 2 Text Vpc "OK, NODATA (no traffic in the window) or SKIPDATA (records were lost)", "never";

    VpcId "vpc-id" "vpc_id" 3 Text Vpc "VPC of the interface", "no VPC";
    SubnetId "subnet-id" "subnet_id" 3 Text Vpc "subnet of the interface", "regional NAT gateway";
    InstanceId "instance-id" "instance_id" 3 Text Vpc "instance that owns the interface", "no instance, or an interface that AWS manages";
    TcpFlags "tcp-flags" "tcp_flags" 3 Int32 Vpc "OR of FIN 1, SYN 2, RST 4 over the window; ACK 16 only together with SYN", "NODATA, SKIPDATA, illegal combination";
    Type "type" "type" 3 Text Vpc "IPv4, IPv6 or EFA", "NODATA, SKIPDATA";
    PktSrcAddr "pkt-srcaddr" "pkt_srcaddr" 3 Text Vpc "source address in the packet", "NODATA, SKIPDATA";
    PktDstAddr "pkt-dstaddr" "pkt_dstaddr" 3 Text Vpc "destination address in the packet", "NODATA, SKIPDATA";

    Region "region" "region" 4 Text Vpc "region of the interface", "not known";
    AzId "az-id" "az_id" 4 Text Vpc "availability zone id", "traffic from a sublocation";
    SublocationType "sublocation-type" "sublocation_type" 4 Text Vpc "wavelength, outpost or localzone", "not in a sublocation";
    SublocationId "sublocation-id" "sublocation_id" 4 Text Vpc "id of the sublocation", "not in a sublocation";

    PktSrcAwsService "pkt-src-aws-service" "pkt_src_aws_service" 5 Text Vpc "AWS service whose public range holds pkt-srcaddr", "no such range";
    PktDstAwsService "pkt-dst-aws-service" "pkt_dst_aws_service" 5 Text Vpc "AWS service whose public range holds pkt-dstaddr", "no such range";
    FlowDirection "flow-direction" "flow_direction" 5 Text Vpc "ingress or egress, as the interface sees it", "NODATA, SKIPDATA";
    TrafficPath "traffic-path" "traffic_path" 5 Int32 Vpc "path of egress traffic: 1 same VPC, 2 internet gateway or gateway endpoint, 3 virtual private gateway, 4 peering in the region, 5 peering between regions, 6 local gateway, 7 gateway endpoint (Nitro), 8 internet gateway (Nitro)", "ingress, or not determined";

    ResourceType "resource-type" "resource_type" 6 Text TransitGateway "TransitGateway or TransitGatewayAttachment", "not known";
    TgwId "tgw-id" "tgw_id" 6 Text TransitGateway "transit gateway", "not known";
    TgwAttachmentId "tgw-attachment-id" "tgw_attachment_id" 6 Text TransitGateway "attachment on which the traffic was seen", "not known";
    TgwSrcVpcAccountId "tgw-src-vpc-account-id" "tgw_src_vpc_account_id" 6 Text TransitGateway "account of the source VPC", "source is not a VPC";
    TgwDstVpcAccountId "tgw-dst-vpc-account-id" "tgw_dst_vpc_account_id" 6 Text TransitGateway "account of the destination VPC", "destination is not a VPC";
    TgwSrcVpcId "tgw-src-vpc-id" "tgw_src_vpc_id" 6 Text TransitGateway "source VPC", "source is not a VPC";
    TgwDstVpcId "tgw-dst-vpc-id" "tgw_dst_vpc_id" 6 Text TransitGateway "destination VPC", "destination is not a VPC";
    TgwSrcSubnetId "tgw-src-subnet-id" "tgw_src_subnet_id" 6 Text TransitGateway "source subnet", "source is not a VPC";
    TgwDstSubnetId "tgw-dst-subnet-id" "tgw_dst_subnet_id" 6 Text TransitGateway "destination subnet", "destination is not a VPC";
    TgwSrcEni "tgw-src-eni" "tgw_src_eni" 6 Text TransitGateway "transit gateway interface at the source", "source is not a VPC";
    TgwDstEni "tgw-dst-eni" "tgw_dst_eni" 6 Text TransitGateway "transit gateway interface at the destination", "destination is not a VPC";
    TgwSrcAzId "tgw-src-az-id" "tgw_src_az_id" 6 Text TransitGateway "availability zone id of the source", "not known";
    TgwDstAzId "tgw-dst-az-id" "tgw_dst_az_id" 6 Text TransitGateway "availability zone id of the destination", "not known";
    TgwPairAttachmentId "tgw-pair-attachment-id" "tgw_pair_attachment_id" 6 Text TransitGateway "the attachment at the other end", "not known";
    PacketsLostNoRoute "packets-lost-no-route" "packets_lost_no_route" 6 Int64 TransitGateway "packets lost for want of a route", "not known";
    PacketsLostBlackhole "packets-lost-blackhole" "packets_lost_blackhole" 6 Int64 TransitGateway "packets lost in a blackhole route", "not known";
    PacketsLostMtuExceeded "packets-lost-mtu-exceeded" "packets_lost_mtu_exceeded" 6 Int64 TransitGateway "packets lost because they exceeded the MTU", "not known";
    PacketsLostTtlExpired "packets-lost-ttl-expired" "packets_lost_ttl_expired" 6 Int64 TransitGateway "packets lost because their time to live ended", "not known";

    EcsClusterArn "ecs-cluster-arn" "ecs_cluster_arn" 7 Text Vpc "ECS cluster of the task, as ARN", "not an ECS task";
    EcsClusterName "ecs-cluster-name" "ecs_cluster_name" 7 Text Vpc "ECS cluster of the task", "not an ECS task";
    EcsContainerInstanceArn "ecs-container-instance-arn" "ecs_container_instance_arn" 7 Text Vpc "ECS container instance, as ARN", "not an ECS task, or Fargate";
    EcsContainerInstanceId "ecs-container-instance-id" "ecs_container_instance_id" 7 Text Vpc "ECS container instance", "not an ECS task, or Fargate";
    EcsContainerId "ecs-container-id" "ecs_container_id" 7 Text Vpc "runtime id of the task's first container", "not an ECS task";
    EcsSecondContainerId "ecs-second-container-id" "ecs_second_container_id" 7 Text Vpc "runtime id of the task's second container", "not an ECS task, or one container";
    EcsServiceName "ecs-service-name" "ecs_service_name" 7 Text Vpc "ECS service that started the task", "task not started by a service";
    EcsTaskDefinitionArn "ecs-task-definition-arn" "ecs_task_definition_arn" 7 Text Vpc "ECS task definition", "not an ECS task";
    EcsTaskArn "ecs-task-arn" "ecs_task_arn" 7 Text Vpc "ECS task, as ARN", "not an ECS task";
    EcsTaskId "ecs-task-id" "ecs_task_id" 7 Text Vpc "ECS task", "not an ECS task";

    RejectReason "reject-reason" "reject_reason" 8 Text Vpc "why the traffic was refused: BPA (VPC block public access) or EC (VPC encryption controls)", "any other reason, or accepted";

    ResourceId "resource-id" "resource_id" 9 Text Vpc "regional NAT gateway", "any other resource";

    EncryptionStatus "encryption-status" "encryption_status" 10 Int32 Vpc "0 not encrypted, 1 by Nitro, 2 by the application, 3 both", "not known, or controls off";

    InstanceTag "instance-tag" "instance_tag" 11 Text Vpc "value of the first chosen tag of the instance, percent-encoded", "no such tag";
    InstanceTag2 "instance-tag-2" "instance_tag_2" 11 Text Vpc "value of the second chosen tag of the instance, percent-encoded", "no such tag";
    InterfaceTag "interface-tag" "interface_tag" 11 Text Vpc "value of the first chosen tag of the interface, percent-encoded", "no such tag";
    InterfaceTag2 "interface-tag-2" "interface_tag_2" 11 Text Vpc "value of the second chosen tag of the interface, percent-encoded", "no such tag";
    AsgTag "asg-tag" "asg_tag" 11 Text Vpc "value of the first chosen tag of the Auto Scaling group, percent-encoded", "no such tag";
    AsgTag2 "asg-tag-2" "asg_tag_2" 11 Text Vpc "value of the second chosen tag of the Auto Scaling group, percent-encoded", "no such tag";
    InterfaceType "interface-type" "interface_type" 11 Text Vpc "nat_gateway, network_load_balancer, regional_nat_gateway, transit_gateway or vpc_endpoint", "any other type";
    NextHopInterfaceId "next-hop-interface-id" "next_hop_interface_id" 11 Text Vpc "egress: the interface that receives; ingress: the interface that sent", "no interface at the next hop, or another region or account";
    NextHopSubnetId "next-hop-subnet-id" "next_hop_subnet_id" 11 Text Vpc "subnet of the next hop", "as next-hop-interface-id";
    NextHopAzId "next-hop-az-id" "next_hop_az_id" 11 Text Vpc "availability zone id of the next hop", "no interface at the next hop, or another region";
    NextHopVpcId "next-hop-vpc-id" "next_hop_vpc_id" 11 Text Vpc "VPC of the next hop", "as next-hop-interface-id";
    NextHopInterfaceType "next-hop-interface-type" "next_hop_interface_type" 11 Text Vpc "type of the next hop's interface, as interface-type", "as next-hop-interface-id";

    SrcGeoip "src-geoip" "src_geoip" 0 Text Extension "country of the source address", "not known, or no database configured";
    DstGeoip "dst-geoip" "dst_geoip" 0 Text Extension "country of the destination address", "not known, or no database configured";
    Rule "rule" "rule" 0 Text Extension "what decided: sg-…/sgr-…, acl-…/100, acl-…/*, default-deny (no security group rule allows it) or host-firewall", "NODATA, SKIPDATA, nothing refused it and no rule is known";
    VerdictSource "verdict-source" "verdict_source" 0 Text Extension "how action is known: observed (the kernel did so) or predicted (worked out from rules)", "NODATA, SKIPDATA, nothing that refuses packets was watched";
}

impl Field {
    /// The row of the table for this field.
    pub const fn spec(self) -> &'static Spec {
        &Self::SPECS[self as usize]
    }

    /// Name in format strings and headers, such as `pkt-srcaddr`.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// Name as a column, such as `pkt_srcaddr`.
    pub const fn column(self) -> &'static str {
        self.spec().column
    }

    /// Type in Parquet and Arrow.
    pub const fn kind(self) -> Kind {
        self.spec().kind
    }

    /// Finds a field by its name, with hyphens or underscores. Names are case-sensitive, as in AWS.
    pub fn from_name(name: &str) -> Option<Field> {
        Self::ALL.iter().copied().find(|field| field.name() == name || field.column() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_names_with_underscores() {
        for field in Field::ALL {
            assert_eq!(field.column(), field.name().replace('-', "_"));
            assert_eq!(Field::from_name(field.name()), Some(*field));
            assert_eq!(Field::from_name(field.column()), Some(*field));
        }
    }

    #[test]
    fn versions_hold_as_many_fields_as_aws_documents() {
        let up_to = |version| {
            Field::ALL
                .iter()
                .filter(|field| field.spec().scope == Scope::Vpc && field.spec().version <= version)
                .count()
        };
        let documented = [(2, 14), (3, 21), (4, 25), (5, 29), (7, 39), (8, 40), (9, 41), (10, 42), (11, 54)];
        for (version, count) in documented {
            assert_eq!(up_to(version), count, "version {version}");
        }
    }
}
