//! How things come and go, as far as it is the same for every kind.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Ec2,
    kind::{in_use, required},
    place::Place,
    query::{self, Described},
    state::State,
    tags::{self, TagSpecification},
};
use crate::{ApiError, Call};

/// What making a part of a VPC takes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NewInVpc {
    pub(super) vpc_id: Option<String>,
    pub(super) tag_specification: Vec<TagSpecification>,
}

/// Makes a thing with the tags that are specified for it, and answers what it then is, as `member`.
pub(super) fn create<T: Described>(
    ec2: &Ec2,
    call: &Call,
    member: &str,
    specifications: &[TagSpecification],
    make: impl FnOnce(&mut State, &Place) -> Result<String, ApiError>,
) -> Result<Value, ApiError> {
    tags::only_for(specifications, &[T::KIND])?;
    ec2.change(call, |state| {
        let id = make(state, &Place::of(call))?;
        tags::give(state, &id, T::KIND, specifications)?;
        Ok(json!({ (member): query::show(T::shelf(state).find(&id)?, state) }))
    })
}

/// A kind whose things go when nothing needs them any more.
pub(super) trait Deletable: Described {
    /// The parameter that names one, as errors say it.
    const PARAMETER: &'static str;
    /// As `DependencyViolation` names one.
    const NOUN: &'static str;
    /// The member of the answer that says that it is done.
    const DONE: &'static str = "return";

    /// Whether something else needs it.
    fn is_used(&self, state: &State) -> bool;

    /// # Errors
    /// It stays whoever needs it.
    fn check_mortal(&self) -> Result<(), ApiError> {
        Ok(())
    }

    /// Takes one away with what is only there for it.
    fn forget(state: &mut State, id: &str) {
        state.remove::<Self>(id);
    }
}

/// What deleting a thing takes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DeleteInput {
    #[serde(
        alias = "VpcId",
        alias = "SubnetId",
        alias = "NetworkAclId",
        alias = "NetworkInterfaceId",
        alias = "InternetGatewayId",
        alias = "EgressOnlyInternetGatewayId",
        alias = "RouteTableId",
        alias = "DhcpOptionsId"
    )]
    id: Option<String>,
}

/// The operation `Delete…` of a kind.
pub(super) fn delete<T: Deletable>(ec2: &Ec2, call: &Call, input: &DeleteInput) -> Result<Value, ApiError> {
    let id = required(input.id.as_deref(), T::PARAMETER)?;
    ec2.change(call, |state| {
        let thing = T::shelf(state).find(id)?;
        thing.check_mortal()?;
        if thing.is_used(state) {
            return Err(in_use(format!("The {} '{id}' has dependencies and cannot be deleted.", T::NOUN)));
        }
        T::forget(state, id);
        Ok(json!({ (T::DONE): true }))
    })
}

impl State {
    /// Takes a thing away, and its tags.
    pub(super) fn remove<T: Described>(&mut self, id: &str) {
        T::shelf_mut(self).remove(id);
        self.tags.remove(id);
    }
}
