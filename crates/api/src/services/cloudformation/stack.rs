//! Stacks: what was made of a template.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    kind::Made,
    template::{Given, Values, World},
};

/// Where a stack or a resource is in its life, as AWS writes it.
pub(super) type Status = String;

/// A stack.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Stack {
    /// The ARN.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    /// The text of the template.
    pub(super) template: String,
    pub(super) description: Option<String>,
    pub(super) values: Values,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) capabilities: Vec<String>,
    pub(super) notification_arns: Vec<String>,
    pub(super) role_arn: Option<String>,
    pub(super) timeout_minutes: Option<i64>,
    pub(super) disable_rollback: bool,
    pub(super) is_protected: bool,
    pub(super) outputs: Vec<Output>,
    /// The exports of other stacks that this one uses.
    pub(super) imports: Vec<String>,
    pub(super) created: i64,
    pub(super) updated: Option<i64>,
    pub(super) deleted: Option<i64>,
    pub(super) change_set: Option<String>,
    pub(super) token: Option<String>,
    pub(super) resources: BTreeMap<String, Resource>,
    /// While it is updated: what it was before, to go back to.
    pub(super) before: Option<(Wish, BTreeMap<String, Resource>)>,
    /// What is being made right now, to be found if the program ends meanwhile.
    pub(super) making: Option<Making>,
    /// While it is deleted: the names of the resources that stay.
    pub(super) retained: Vec<String>,
    /// How often it was written down: whoever read an older one may not write it.
    pub(super) revision: u64,
}

/// A resource that is being made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Making {
    pub(super) logical: String,
    pub(super) resource: Resource,
    /// The ids of what was there before and could be taken for it.
    pub(super) before: Vec<String>,
}

/// A resource of a stack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Resource {
    pub(super) kind: String,
    /// The name that it was made with.
    pub(super) name: String,
    pub(super) made: Made,
    /// Without functions.
    pub(super) properties: Value,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) updated: i64,
    /// Stays when it goes from the stack: `DeletionPolicy: Retain`.
    pub(super) is_retained: bool,
    /// Stays when another takes its place: `UpdateReplacePolicy: Retain`.
    pub(super) is_retained_when_replaced: bool,
}

impl Resource {
    /// Whether there is anything of it.
    pub(super) fn is_made(&self) -> bool {
        !self.made.physical.is_empty() && self.status != "DELETE_COMPLETE"
    }
}

/// An output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    pub(super) output_key: String,
    pub(super) output_value: String,
    pub(super) description: Option<String>,
    pub(super) export_name: Option<String>,
}

/// Something that happened.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Event {
    pub(super) stack_id: String,
    pub(super) event_id: String,
    pub(super) stack_name: String,
    pub(super) logical_resource_id: String,
    pub(super) physical_resource_id: String,
    pub(super) resource_type: String,
    pub(super) timestamp: i64,
    pub(super) resource_status: Status,
    pub(super) resource_status_reason: Option<String>,
    pub(super) resource_properties: Option<String>,
    pub(super) client_request_token: Option<String>,
}

/// What a stack shall become.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    pub(super) template: String,
    pub(super) values: Values,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) capabilities: Vec<String>,
    pub(super) notification_arns: Vec<String>,
    pub(super) role_arn: Option<String>,
    pub(super) disable_rollback: bool,
    pub(super) token: Option<String>,
}

/// A change set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ChangeSet {
    /// The ARN.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) stack_id: String,
    pub(super) stack_name: String,
    /// `CREATE` or `UPDATE`.
    pub(super) kind: String,
    pub(super) description: Option<String>,
    pub(super) wish: Wish,
    pub(super) given: Vec<Given>,
    pub(super) status: Status,
    pub(super) execution_status: Status,
    pub(super) reason: Option<String>,
    pub(super) created: i64,
    pub(super) changes: Vec<Value>,
}

impl Stack {
    /// Whether something is being done to it.
    pub(super) fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && self.status != "REVIEW_IN_PROGRESS"
    }

    /// What is around its template.
    pub(super) fn world(&self, exports: BTreeMap<String, String>) -> World {
        World {
            account: self.account.clone(),
            region: self.region.clone(),
            stack_id: self.id.clone(),
            stack_name: self.name.clone(),
            notification_arns: self.notification_arns.clone(),
            exports,
        }
    }

    /// Takes on what it shall become, but for the resources.
    pub(super) fn take(&mut self, wish: &Wish) {
        self.template.clone_from(&wish.template);
        self.values.clone_from(&wish.values);
        self.tags.clone_from(&wish.tags);
        self.capabilities.clone_from(&wish.capabilities);
        self.notification_arns.clone_from(&wish.notification_arns);
        self.role_arn.clone_from(&wish.role_arn);
        self.disable_rollback = wish.disable_rollback;
        self.token.clone_from(&wish.token);
    }

    /// What it is now, to go back to.
    pub(super) fn wish(&self) -> Wish {
        Wish {
            template: self.template.clone(),
            values: self.values.clone(),
            tags: self.tags.clone(),
            capabilities: self.capabilities.clone(),
            notification_arns: self.notification_arns.clone(),
            role_arn: self.role_arn.clone(),
            disable_rollback: self.disable_rollback,
            token: self.token.clone(),
        }
    }
}
