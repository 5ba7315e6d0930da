//! What users, groups and roles have alike, so that each operation on their policies and tags stands once.

use std::{collections::BTreeMap, sync::Arc};

use super::common::no_such;
use crate::{
    ApiError,
    access::directory::{Group, Identity, Role, State, User},
};

/// A kind of thing that has policies.
pub(super) trait Owner: Clone + 'static {
    /// As messages call it.
    const KIND: &'static str;
    /// The member of inputs and outputs that names it.
    const MEMBER: &'static str;

    fn all(state: &State) -> &BTreeMap<String, Arc<Self>>;
    fn all_mut(state: &mut State) -> &mut BTreeMap<String, Arc<Self>>;
    fn identity(&self) -> &Identity;
    fn identity_mut(&mut self) -> &mut Identity;
}

macro_rules! owner {
    ($type:ty, $kind:literal, $member:literal, $map:ident) => {
        impl Owner for $type {
            const KIND: &'static str = $kind;
            const MEMBER: &'static str = $member;

            fn all(state: &State) -> &BTreeMap<String, Arc<Self>> {
                &state.$map
            }

            fn all_mut(state: &mut State) -> &mut BTreeMap<String, Arc<Self>> {
                &mut state.$map
            }

            fn identity(&self) -> &Identity {
                &self.identity
            }

            fn identity_mut(&mut self) -> &mut Identity {
                &mut self.identity
            }
        }
    };
}

owner!(User, "user", "UserName", users);
owner!(Group, "group", "GroupName", groups);
owner!(Role, "role", "RoleName", roles);

pub(super) fn find<'a, O: Owner>(state: &'a State, name: &str) -> Result<&'a Arc<O>, ApiError> {
    O::all(state).get(name).ok_or_else(|| missing::<O>(name))
}

/// To change it. Roles that are linked to a service are the service's.
pub(super) fn find_mut<'a, O: Owner>(state: &'a mut State, name: &str) -> Result<&'a mut O, ApiError> {
    let found = O::all_mut(state).get_mut(name).ok_or_else(|| missing::<O>(name))?;
    if O::KIND == "role" && found.identity().path.starts_with(super::linked::PATH) {
        let text = format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        );
        return Err(ApiError::new("UnmodifiableEntity", text));
    }
    Ok(Arc::make_mut(found))
}

fn missing<O: Owner>(name: &str) -> ApiError {
    no_such(format!("The {} with name {name} cannot be found.", O::KIND))
}

/// Names are one whatever the case of their letters.
pub(super) fn is_taken<T>(all: &BTreeMap<String, T>, name: &str) -> bool {
    all.keys().any(|other| other.eq_ignore_ascii_case(name))
}
