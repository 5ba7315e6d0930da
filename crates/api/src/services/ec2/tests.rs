//! The operations, as forms ask them and as the catalogue keeps them.

mod filters;
mod flow_logs;
mod hosts;
mod instances;
mod networks;
mod rules;

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::{
    Payload, Serve, ServiceName,
    protocol::{Asked, Protocol, decode},
    services::fixture::{ACCOUNT, Folder, NOW, REGION, call},
};

/// EC2 over a folder.
struct Lab {
    folder: Arc<Folder>,
    ec2: Ec2,
    tables: [Box<dyn Serve>; 2],
}

impl Lab {
    fn new() -> Self {
        Self::over(Folder::new())
    }

    fn over(folder: Arc<Folder>) -> Self {
        let ec2 = folder.foundation().ec2;
        Self { folder, tables: tables(ec2.clone()), ec2 }
    }

    /// What a program finds that starts after this one.
    fn again(&self) -> Self {
        Self::over(self.folder.again())
    }

    fn try_ask(&self, operation: &str, form: &str) -> Result<Value, ApiError> {
        self.tables[0].call(operation, &call(NOW), &payload(operation, form))
    }

    fn ask(&self, operation: &str, form: &str) -> Value {
        self.try_ask(operation, form).unwrap_or_else(|error| panic!("{operation} {form}: {error}"))
    }

    fn refused(&self, operation: &str, form: &str) -> String {
        self.try_ask(operation, form).expect_err("refused").to_string()
    }

    /// A text of an answer, by its JSON pointer.
    fn text(&self, operation: &str, form: &str, pointer: &str) -> String {
        let answer = self.ask(operation, form);
        let found = answer.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("{pointer} of {answer}")).to_owned()
    }

    fn vpc(&self) -> String {
        self.text("CreateVpc", "CidrBlock=10.0.0.0/16", "/vpc/vpcId")
    }

    fn subnet(&self, vpc: &str) -> String {
        self.text("CreateSubnet", &format!("VpcId={vpc}&CidrBlock=10.0.1.0/24"), "/subnet/subnetId")
    }

    fn group(&self, vpc: &str) -> String {
        self.text("CreateSecurityGroup", &format!("VpcId={vpc}&GroupName=web&GroupDescription=Web"), "/groupId")
    }

    fn interface(&self, subnet: &str) -> String {
        let pointer = "/networkInterface/networkInterfaceId";
        self.text("CreateNetworkInterface", &format!("SubnetId={subnet}"), pointer)
    }
}

fn payload(operation: &str, form: &str) -> Payload {
    let (service, protocol) = (ServiceName::Ec2, Protocol::Ec2Query);
    let asked = Asked { service, operation: operation.to_owned(), protocol, query_mode: false };
    decode(&asked, form.to_owned().into()).expect("a form")
}

/// The ids of a list, by the pointer of the list and the member of an item.
fn ids(answer: &Value, pointer: &str, member: &str) -> Vec<String> {
    let items = answer.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    items.iter().filter_map(|item| item[member].as_str().map(str::to_owned)).collect()
}

#[test]
fn every_operation_of_aws_is_known_once() {
    let lab = Lab::new();
    let mut names: Vec<&str> = lab.tables.iter().flat_map(|table| table.entries()).map(|entry| entry.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), all), (830, 830));
    assert!(lab.tables[0].entries().iter().all(|entry| entry.supported));
}

#[test]
fn a_dry_run_does_nothing() {
    let lab = Lab::new();
    let refused = lab.try_ask("CreateVpc", "CidrBlock=10.0.0.0/16&DryRun=true").expect_err("dry");
    assert_eq!((refused.code.as_ref(), refused.status), ("DryRunOperation", 412));
    assert_eq!(ids(&lab.ask("DescribeVpcs", ""), "/vpcSet", "vpcId").len(), 1);
}

#[test]
fn access_is_asked_for_what_the_input_names() {
    let lab = Lab::new();
    let entries = lab.tables[0].entries();
    let resources = |operation: &str, form: &str| {
        let entry = entries.iter().find(|entry| entry.name == operation).expect("known");
        (entry.resources)(&call(NOW), &payload(operation, form))
    };
    let arn = |resource: &str| format!("arn:aws:ec2:{REGION}:{ACCOUNT}:{resource}");
    assert_eq!(resources("DescribeVpcs", "VpcId.1=vpc-0a"), ["*"]);
    assert_eq!(resources("DeleteVpc", "VpcId=vpc-0a"), [arn("vpc/vpc-0a")]);
    assert_eq!(
        resources("CreateFlowLogs", "ResourceId.1=vpc-0a&ResourceType=VPC"),
        [arn("vpc/vpc-0a"), arn("vpc-flow-log/*")]
    );
}
