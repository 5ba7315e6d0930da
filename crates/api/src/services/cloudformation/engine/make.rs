//! One resource: made, changed, changed back, removed.

use std::cell::RefCell;

use serde_json::Value;
use uuid::Uuid;

use super::run::{Broken, Run, failed_to};
use crate::{
    ApiError,
    services::cloudformation::{
        kind::{self, Kind, Made, Was, Work},
        stack::{Event, Making, Resource},
        template::{ResourceDeclaration, Template, order, text},
    },
};

/// What is written down of one resource, or why it failed.
type Done = Result<Result<(), Broken>, ApiError>;

impl Run {
    /// Makes a resource; `was` is what it takes the place of.
    pub(super) fn make(
        &mut self,
        logical: &str,
        declared: &ResourceDeclaration,
        properties: Value,
        was: Option<&Resource>,
    ) -> Done {
        let kind = declared.kind;
        let verb = if was.is_some() { "UPDATE" } else { "CREATE" };
        let given = kind.naming.and_then(|naming| properties.get(naming.property)).and_then(text);
        let mut resource = Resource {
            kind: kind.name.to_owned(),
            name: given.clone().unwrap_or_else(|| generated(&self.stack.name, logical, kind, &properties)),
            is_retained: declared.is_retained,
            is_retained_when_replaced: declared.is_retained_when_replaced,
            properties,
            ..Resource::default()
        };
        if let Some(was) = was
            && given.as_ref().is_some_and(|name| *name == was.name)
        {
            let reason = "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename \
                          the resource and update the stack again.";
            return self.failed(logical, resource, verb, reason.to_owned());
        }
        let before = self.trusted(&resource).there(kind);
        let is_taken = kind.naming.is_some() && before.as_ref().is_ok_and(|ids| bears(ids, &resource.name));
        let making = |before| Making { logical: logical.to_owned(), resource: resource.clone(), before };
        self.stack.making = before.ok().filter(|_| !is_taken).map(making);
        self.write(logical, &mut resource, &format!("{verb}_IN_PROGRESS"), None, was.is_none())?;
        let made = if is_taken { Err(taken(&resource.name)) } else { self.created(kind, &resource) };
        match made {
            Ok(made) => {
                self.stack.making = None;
                resource.made = made;
                let initiated = Some("Resource creation Initiated".to_owned());
                self.write(logical, &mut resource, &format!("{verb}_IN_PROGRESS"), initiated, true)?;
                self.write(logical, &mut resource, &format!("{verb}_COMPLETE"), None, true)?;
                Ok(Ok(()))
            }
            Err(error) => {
                if kind.there.is_some() {
                    self.undo_making()?;
                }
                self.stack.making = None;
                let resource = was.cloned().unwrap_or(resource);
                self.failed(logical, resource, verb, reason(&error))
            }
        }
    }

    fn created(&self, kind: &Kind, resource: &Resource) -> Result<Made, ApiError> {
        if let Some(missing) = kind.required.iter().find(|name| resource.properties.get(**name).is_none()) {
            return Err(ApiError::new("InvalidRequest", format!("#: required key [{missing}] not found")));
        }
        let work = self.work(&resource.properties, &resource.name);
        let made = (kind.create)(&work)?;
        let naming = kind.naming.map(|naming| naming.property);
        let unknown = work.unseen().into_iter().filter(|name| naming != Some(name.as_str()));
        match unsupported(&unknown.collect::<Vec<_>>()) {
            None => Ok(made),
            Some(error) => {
                (kind.delete)(&work, &Was { made: &made, properties: &resource.properties })?;
                Err(error)
            }
        }
    }

    /// Removes what was made of the resource that is being made.
    pub(super) fn undo_making(&mut self) -> Result<(), ApiError> {
        let Some(Making { logical, mut resource, before }) = self.stack.making.take() else { return Ok(()) };
        let Some(kind) = kind::find(&resource.kind) else { return Ok(()) };
        match self.trusted(&resource).undo(kind, &before) {
            Ok(()) => Ok(()),
            Err(error) => self.write(&logical, &mut resource, "DELETE_FAILED", Some(reason(&error)), false),
        }
    }

    /// Lets go of a resource that the stack has no more: removes it, unless it stays.
    pub(super) fn let_go(&mut self, logical: &str, resource: &Resource, is_retained: bool) -> Result<(), ApiError> {
        if is_retained {
            return self.write(logical, &mut resource.clone(), "DELETE_SKIPPED", None, false);
        }
        self.remove(logical, resource).map(drop)
    }

    /// Changes a resource in place.
    pub(super) fn modify(
        &mut self,
        logical: &str,
        declared: &ResourceDeclaration,
        properties: &Value,
        was: &Resource,
    ) -> Done {
        // What it becomes is written down first: it can be taken back even when only a part was changed.
        let mut resource = Resource {
            properties: properties.clone(),
            is_retained: declared.is_retained,
            is_retained_when_replaced: declared.is_retained_when_replaced,
            ..was.clone()
        };
        self.write(logical, &mut resource, "UPDATE_IN_PROGRESS", None, true)?;
        let done = {
            let work = self.work(properties, &was.name);
            let update = declared.kind.update.unwrap_or(|_, was| Ok(was.made.clone()));
            let made = update(&work, &Was { made: &was.made, properties: &was.properties });
            // What only making it reads cannot change.
            let changed = work.unseen().into_iter().filter(|name| properties.get(name) != was.properties.get(name));
            let refused = unsupported(&changed.collect::<Vec<_>>());
            made.and_then(|made| refused.map_or(Ok(made), Err))
        };
        match done {
            Ok(made) => {
                resource.made = made;
                self.write(logical, &mut resource, "UPDATE_COMPLETE", None, true)?;
                Ok(Ok(()))
            }
            Err(error) => self.failed(logical, resource, "UPDATE", reason(&error)),
        }
    }

    /// Makes of a resource what it was; whether that was possible.
    pub(super) fn change_back(&mut self, logical: &str, now: &Resource, was: &Resource) -> Result<bool, ApiError> {
        if now.properties == was.properties && now.status == was.status {
            return Ok(true);
        }
        let mut resource = was.clone();
        self.write(logical, &mut resource, "UPDATE_IN_PROGRESS", None, true)?;
        let Some(update) = kind::find(&was.kind).and_then(|kind| kind.update) else { return Ok(true) };
        let done =
            update(&self.work(&was.properties, &was.name), &Was { made: &now.made, properties: &now.properties });
        match done {
            Ok(_) => self.write(logical, &mut resource, "UPDATE_COMPLETE", None, true).map(|()| true),
            Err(error) => {
                self.write(logical, &mut resource, "UPDATE_FAILED", Some(reason(&error)), true)?;
                Ok(false)
            }
        }
    }

    /// Removes a resource; whether that was possible. It stays among those of the stack only if it was there.
    pub(super) fn remove(&mut self, logical: &str, was: &Resource) -> Result<bool, ApiError> {
        let is_kept = self.stack.resources.get(logical).is_some_and(|now| now.made.physical == was.made.physical);
        let mut resource = was.clone();
        if !was.is_made() {
            self.write(logical, &mut resource, "DELETE_COMPLETE", None, is_kept)?;
            return Ok(true);
        }
        self.write(logical, &mut resource, "DELETE_IN_PROGRESS", None, is_kept)?;
        let Some(kind) = kind::find(&was.kind) else { return Ok(false) };
        let done = (kind.delete)(
            &self.work(&was.properties, &was.name),
            &Was { made: &was.made, properties: &was.properties },
        );
        match done {
            Ok(()) => self.write(logical, &mut resource, "DELETE_COMPLETE", None, is_kept).map(|()| true),
            Err(error) => {
                self.write(logical, &mut resource, "DELETE_FAILED", Some(reason(&error)), is_kept)?;
                Ok(false)
            }
        }
    }

    /// Removes all resources but those that are kept, each before what it needs; the names of those that could not be.
    pub(super) fn delete_all(&mut self) -> Result<Vec<String>, ApiError> {
        let mut names = Template::parse(&self.stack.template).and_then(|template| order(&template)).unwrap_or_default();
        let others: Vec<String> = self.stack.resources.keys().filter(|name| !names.contains(name)).cloned().collect();
        names.extend(others);
        let mut failed = Vec::new();
        for logical in names.iter().rev() {
            let Some(mut resource) = self.stack.resources.get(logical).cloned() else { continue };
            if resource.status == "DELETE_COMPLETE" {
                continue;
            }
            if resource.is_retained || self.stack.retained.contains(logical) {
                self.write(logical, &mut resource, "DELETE_SKIPPED", None, true)?;
            } else if !self.remove(logical, &resource)? {
                failed.push(logical.clone());
            }
        }
        Ok(failed)
    }

    /// A resource whose functions cannot be evaluated.
    pub(super) fn refused(&mut self, logical: &str, kind: &Kind, error: &ApiError) -> Result<Broken, ApiError> {
        let was = self.stack.resources.get(logical).cloned();
        let verb = if was.is_some() { "UPDATE" } else { "CREATE" };
        let resource = was.unwrap_or_else(|| Resource { kind: kind.name.to_owned(), ..Resource::default() });
        match self.failed(logical, resource, verb, error.message.clone())? {
            Err(broken) => Ok(broken),
            Ok(()) => Ok(Broken(error.message.clone())),
        }
    }

    fn failed(&mut self, logical: &str, mut resource: Resource, verb: &str, reason: String) -> Done {
        self.write(logical, &mut resource, &format!("{verb}_FAILED"), Some(reason), true)?;
        Ok(Err(Broken(failed_to(&verb.to_lowercase(), &[logical.to_owned()]))))
    }

    fn work<'a>(&'a self, properties: &'a Value, name: &str) -> Work<'a> {
        Work {
            served: &self.engine.served,
            access: &self.engine.access,
            call: &self.call,
            properties,
            name: name.to_owned(),
            tags: &self.stack.tags,
            is_trusted: self.is_trusted,
            seen: RefCell::default(),
        }
    }

    /// Writes a resource down with what happened to it.
    fn write(
        &mut self,
        logical: &str,
        resource: &mut Resource,
        status: &str,
        reason: Option<String>,
        is_current: bool,
    ) -> Result<(), ApiError> {
        let now = self.now();
        resource.status = status.to_owned();
        resource.reason.clone_from(&reason);
        resource.updated = now;
        if is_current {
            self.stack.resources.insert(logical.to_owned(), resource.clone());
        }
        let event = Event {
            stack_id: self.stack.id.clone(),
            event_id: format!("{logical}-{}", Uuid::new_v4()),
            stack_name: self.stack.name.clone(),
            logical_resource_id: logical.to_owned(),
            physical_resource_id: resource.made.physical.clone(),
            resource_type: resource.kind.clone(),
            timestamp: now,
            resource_status: status.to_owned(),
            resource_status_reason: reason,
            resource_properties: (!resource.properties.is_null()).then(|| resource.properties.to_string()),
            client_request_token: self.stack.token.clone(),
        };
        self.engine.store.save(&mut self.stack, &[event])
    }

    /// Work that asks nobody: it only looks, or takes away what the stack made.
    fn trusted<'a>(&'a self, resource: &'a Resource) -> Work<'a> {
        Work { is_trusted: true, ..self.work(&resource.properties, &resource.name) }
    }
}

/// Whether one of these ids, which may be ARNs or URLs, is that of a name.
fn bears(ids: &[String], name: &str) -> bool {
    ids.iter().filter_map(|id| id.strip_suffix(name)).any(|head| head.is_empty() || head.ends_with([':', '/']))
}

/// There is one of this name that the stack did not make.
fn taken(name: &str) -> ApiError {
    ApiError::new("AlreadyExists", format!("{name} already exists"))
}

/// As CloudFormation quotes an error of a service.
fn reason(error: &ApiError) -> String {
    format!("Resource handler returned message: \"{}\" (HandlerErrorCode: {})", error.message, error.code)
}

/// Refuses properties that would be ignored.
fn unsupported(names: &[String]) -> Option<ApiError> {
    let text = names.join(", ");
    (!names.is_empty()).then(|| ApiError::new("InvalidRequest", format!("Encountered unsupported property {text}")))
}

/// `<stack>-<resource>-<random>`, as long as the type allows.
fn generated(stack: &str, logical: &str, kind: &Kind, properties: &Value) -> String {
    const RANDOM: usize = 12;
    let random: String = Uuid::new_v4().simple().to_string().to_uppercase().chars().take(RANDOM).collect();
    let longest = kind.naming.map_or(128, |naming| naming.longest);
    let is_set = |property| properties.get(property).and_then(text).is_some_and(|value| value == "true");
    let ending = kind.naming.and_then(|naming| naming.ending).filter(|(property, _)| is_set(*property));
    let ending = ending.map_or("", |(_, ending)| ending);
    let room = longest.saturating_sub(RANDOM + 2 + ending.len());
    let logical: String = logical.chars().take(room.div_ceil(2).max(room.saturating_sub(stack.len()))).collect();
    let stack: String = stack.chars().take(room.saturating_sub(logical.len())).collect();
    let name = format!("{stack}-{logical}-{random}{ending}");
    if kind.naming.is_some_and(|naming| naming.is_small) { name.to_lowercase() } else { name }
}
