//! CloudFormation: stacks of resources, made of templates.

mod change_sets;
mod describe;
mod engine;
mod kind;
mod plan;
mod request;
mod stack;
mod stacks;
mod store;
mod template;
mod templates;
#[cfg(test)]
mod tests;
mod unsupported;

use std::sync::Arc;

use serde_json::{Map, Value};
use weir_store::Catalogue;

use self::{
    engine::Engine,
    stack::{Stack, Wish},
    store::Store,
    template::{Template, Values, World, invalid},
};
use crate::{ApiError, Call, Check, Operation, Payload, Served, ServiceName, Table, access::Access, handle};

pub use unsupported::unsupported;

/// What the operations work on.
pub struct CloudFormation {
    engine: Arc<Engine>,
}

/// The table of CloudFormation, whose stacks are made by the operations of the services that are `served`.
///
/// # Errors
/// When the catalogue cannot be read.
pub fn table(catalogue: Catalogue, access: Arc<Access>, served: Served) -> Result<Table<CloudFormation>, ApiError> {
    let engine = Engine::new(Store::open(catalogue)?, served, access);
    Ok(Table::new(ServiceName::CloudFormation, CloudFormation { engine }, OPERATIONS))
}

/// Goes on with stacks that something was being done to when the program ended: to be called once all is served.
///
/// # Errors
/// When the catalogue cannot be read.
pub fn resume(served: &Served, call: &Call) -> Result<(), ApiError> {
    // Every look at stacks does; this is the first.
    served.call(ServiceName::CloudFormation, "ListStacks", call, Value::Object(Map::new())).map(drop)
}

/// Reads a template and evaluates it, with the defaults of its parameters, as if nothing of it were made yet; gives how many
/// resources it would make.
///
/// # Errors
/// What is wrong with it, in the words of CloudFormation.
pub fn try_template(text: &str) -> Result<usize, ApiError> {
    let template = Template::parse(text)?;
    let values = Values::of(&template.parameters, &[], &Values::default())?;
    let (stack, wish) = (Stack::default(), Wish { values, ..Wish::default() });
    plan::plan(&stack, &template, &wish, &World::default()).map(|changes| changes.len())
}

const STACK: &[Check] = &[Check::Required("StackName")];
const CHANGE_SET: &[Check] = &[Check::Required("ChangeSetName")];

const OPERATIONS: &[Operation<CloudFormation>] = &[
    Operation::new("CreateChangeSet", handle!(change_sets::create))
        .on(stack)
        .checked(&[Check::Required("StackName"), Check::Required("ChangeSetName")]),
    Operation::new("CreateStack", handle!(stacks::create)).on(stack).checked(STACK),
    Operation::new("DeleteChangeSet", handle!(change_sets::delete)).on(stack).checked(CHANGE_SET),
    Operation::new("DeleteStack", handle!(stacks::delete)).on(stack).checked(STACK),
    Operation::new("DescribeChangeSet", handle!(change_sets::describe)).on(stack).checked(CHANGE_SET),
    Operation::new("DescribeStackEvents", handle!(describe::events)).on(stack),
    Operation::new("DescribeStackResource", handle!(describe::resource)).on(stack).checked(STACK),
    Operation::new("DescribeStackResources", handle!(describe::resources)).on(stack),
    Operation::new("DescribeStacks", handle!(describe::stacks)).on(stack),
    Operation::new("ExecuteChangeSet", handle!(change_sets::execute)).on(stack).checked(CHANGE_SET),
    Operation::new("GetTemplate", handle!(templates::get)).on(stack),
    Operation::new("GetTemplateSummary", handle!(templates::summary)).on(stack),
    Operation::new("ListChangeSets", handle!(change_sets::list)).on(stack).checked(STACK),
    Operation::new("ListExports", handle!(describe::exports)),
    Operation::new("ListImports", handle!(describe::imports)),
    Operation::new("ListStackResources", handle!(describe::list_resources)).on(stack).checked(STACK),
    Operation::new("ListStacks", handle!(describe::list)),
    Operation::new("UpdateStack", handle!(stacks::update)).on(stack).checked(STACK),
    Operation::new("UpdateTerminationProtection", handle!(stacks::protect)).on(stack).checked(STACK),
    Operation::new("ValidateTemplate", handle!(templates::validate)),
];

impl CloudFormation {
    /// A stack that must be there.
    fn stack(&self, call: &Call, name: &str) -> Result<Stack, ApiError> {
        self.find(call, name)?.ok_or_else(|| invalid(format!("Stack with id {name} does not exist")))
    }

    fn find(&self, call: &Call, name: &str) -> Result<Option<Stack>, ApiError> {
        self.engine.recover(call)?;
        self.engine.store.find(&call.region, name)
    }
}

/// The stack that an input names, by its name or its ARN.
fn stack(call: &Call, payload: &Payload) -> Vec<String> {
    let name = payload.text("StackName").unwrap_or("*");
    if name.starts_with("arn:") {
        vec![name.to_owned()]
    } else {
        vec![call.arn("cloudformation", &format!("stack/{name}/*"))]
    }
}
