//! One run over a stack.

use std::{sync::Arc, time::Instant};

use serde_json::Value;
use uuid::Uuid;

use super::{Engine, Job, OnFailure};
use crate::{
    ApiError, Call,
    services::cloudformation::{
        plan,
        stack::{Event, Output, Resource, Stack, Wish},
        template::{Scope, Template, World, invalid, order, text},
    },
};

/// A run: the stack as it is now, and for whom it changes.
pub(in super::super) struct Run {
    pub(super) engine: Arc<Engine>,
    pub(in super::super) stack: Stack,
    pub(super) call: Call,
    /// Whether nobody has to be asked for access any more.
    pub(super) is_trusted: bool,
    start: Instant,
    began: i64,
}

/// Why resources are not what they shall be: their names and what failed.
pub(super) struct Broken(pub(super) String);

impl Run {
    pub(super) fn new(engine: Arc<Engine>, stack: Stack, call: Call) -> Self {
        #[allow(clippy::disallowed_methods, reason = "how long is measured here, not what time it is")]
        let start = Instant::now();
        let began = call.now;
        Self { engine, stack, call, is_trusted: false, start, began }
    }

    /// Unix milliseconds.
    pub(super) fn now(&mut self) -> i64 {
        let elapsed = i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.call.now = self.began.saturating_add(elapsed);
        self.call.now
    }

    pub(super) fn run(&mut self, job: Job) -> Result<(), ApiError> {
        match job {
            Job::Create(on_failure) => self.create(on_failure),
            Job::Update(wish) => self.update(&wish),
            Job::Delete => self.delete(),
            Job::Recover => self.recover(),
        }
    }

    fn create(&mut self, on_failure: OnFailure) -> Result<(), ApiError> {
        let wish = self.stack.wish();
        let broken = match self.converge(&wish)? {
            Ok(()) => return self.status("CREATE_COMPLETE", None),
            Err(broken) => broken,
        };
        match on_failure {
            OnFailure::DoNothing => self.status("CREATE_FAILED", Some(broken.0)),
            OnFailure::Rollback => {
                self.status("ROLLBACK_IN_PROGRESS", Some(format!("{} Rollback requested by user.", broken.0)))?;
                self.roll_back_creation()
            }
            OnFailure::Delete => {
                self.status("DELETE_IN_PROGRESS", Some(format!("{} Delete requested by user.", broken.0)))?;
                self.is_trusted = true;
                self.delete()
            }
        }
    }

    fn roll_back_creation(&mut self) -> Result<(), ApiError> {
        self.is_trusted = true;
        match self.delete_all()? {
            failed if failed.is_empty() => self.status("ROLLBACK_COMPLETE", None),
            failed => self.status("ROLLBACK_FAILED", Some(failed_to("delete", &failed))),
        }
    }

    fn delete(&mut self) -> Result<(), ApiError> {
        match self.delete_all()? {
            failed if failed.is_empty() => {
                self.stack.deleted = Some(self.now());
                self.stack.outputs.clear();
                self.status("DELETE_COMPLETE", None)
            }
            failed => self.status("DELETE_FAILED", Some(failed_to("delete", &failed))),
        }
    }

    fn update(&mut self, wish: &Wish) -> Result<(), ApiError> {
        let before = (self.stack.wish(), self.stack.resources.clone(), self.stack.outputs.clone());
        self.stack.before = Some((before.0.clone(), before.1));
        self.stack.take(wish);
        match self.converge(wish)? {
            Ok(()) => {
                self.status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None)?;
                self.clean_up()?;
                self.status("UPDATE_COMPLETE", None)
            }
            Err(broken) => {
                self.stack.outputs = before.2;
                if self.stack.disable_rollback {
                    self.stack.before = None;
                    return self.status("UPDATE_FAILED", Some(broken.0));
                }
                self.status("UPDATE_ROLLBACK_IN_PROGRESS", Some(broken.0))?;
                self.roll_back_update()
            }
        }
    }

    fn recover(&mut self) -> Result<(), ApiError> {
        const STOPPED: &str = "Weir was stopped while this was going on.";
        self.is_trusted = true;
        self.undo_making()?;
        match self.stack.status.as_str() {
            "DELETE_IN_PROGRESS" => self.delete(),
            "CREATE_IN_PROGRESS" | "ROLLBACK_IN_PROGRESS" => {
                self.status("ROLLBACK_IN_PROGRESS", Some(STOPPED.to_owned()))?;
                self.roll_back_creation()
            }
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => {
                self.clean_up()?;
                self.status("UPDATE_COMPLETE", None)
            }
            _ => {
                self.status("UPDATE_ROLLBACK_IN_PROGRESS", Some(STOPPED.to_owned()))?;
                self.roll_back_update()
            }
        }
    }

    /// Makes and changes resources until they are what is wished, and works out the outputs.
    fn converge(&mut self, wish: &Wish) -> Result<Result<(), Broken>, ApiError> {
        let template = match Template::parse(&wish.template) {
            Ok(template) => template,
            Err(error) => return Ok(Err(Broken(error.message))),
        };
        let tags_changed = self.stack.before.as_ref().is_some_and(|(before, _)| before.tags != wish.tags);
        let world = self.stack.world(self.engine.exports(&self.stack.region)?);
        for logical in order(&template)? {
            if let Err(broken) = self.one(&template, &world, &logical, tags_changed)? {
                return Ok(Err(broken));
            }
        }
        // What is no longer wanted goes at the end, when nothing needs it any more.
        match self.outputs(&template, &world) {
            Ok((outputs, imports)) => {
                (self.stack.outputs, self.stack.imports) = (outputs, imports);
                self.stack.description.clone_from(&template.description);
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(Broken(error.message))),
        }
    }

    fn one(
        &mut self,
        template: &Template,
        world: &World,
        logical: &str,
        tags_changed: bool,
    ) -> Result<Result<(), Broken>, ApiError> {
        let Some(declared) = template.resources.get(logical) else { return Ok(Ok(())) };
        let resolved = {
            let lookup = |name: &str, attribute: Option<&str>| self.lookup(name, attribute);
            let scope = Scope { template, world, values: &self.stack.values, lookup: &lookup };
            let holds = declared.condition.as_ref().map_or(Ok(true), |condition| scope.holds(condition));
            holds.and_then(|holds| if holds { scope.resolve(&declared.properties).map(Some) } else { Ok(None) })
        };
        let properties = match resolved {
            Ok(None) => return Ok(Ok(())),
            Ok(Some(properties)) => properties.unwrap_or_default(),
            Err(error) => return self.refused(logical, declared.kind, &error).map(Err),
        };
        match self.stack.resources.get(logical).filter(|was| was.is_made()).cloned() {
            None => self.make(logical, declared, properties, None),
            Some(was) => match plan::action(&was, declared.kind, &properties, tags_changed) {
                None => Ok(Ok(())),
                Some(plan::Action::Modify) => self.modify(logical, declared, &properties, &was),
                Some(_) => self.make(logical, declared, properties, Some(&was)),
            },
        }
    }

    fn lookup(&self, name: &str, attribute: Option<&str>) -> Result<Value, ApiError> {
        let missing = || invalid(format!("Unresolved resource dependencies [{name}]: its condition does not hold"));
        Ok(plan::value_of(self.stack.resources.get(name).ok_or_else(missing)?, attribute))
    }

    /// Removes what there was before and shall be no more. It is kept in mind to the end, in case the program ends before.
    fn clean_up(&mut self) -> Result<(), ApiError> {
        let template = Template::parse(&self.stack.template)?;
        let Some((_, before)) = self.stack.before.clone() else { return Ok(()) };
        let wanted = self.wanted(&template)?;
        let gone: Vec<String> = self.stack.resources.keys().filter(|name| !wanted.contains(name)).cloned().collect();
        for logical in gone.iter().rev() {
            let Some(resource) = self.stack.resources.get(logical).cloned() else { continue };
            self.let_go(logical, &resource, resource.is_retained)?;
            self.stack.resources.remove(logical);
        }
        for (logical, was) in &before {
            let is_replaced = |now: &Resource| now.made.physical != was.made.physical;
            if self.stack.resources.get(logical).is_some_and(is_replaced) {
                self.let_go(logical, was, was.is_retained_when_replaced)?;
            }
        }
        self.stack.before = None;
        Ok(())
    }

    /// The names of the resources whose conditions hold.
    fn wanted(&self, template: &Template) -> Result<Vec<String>, ApiError> {
        let world = self.stack.world(self.engine.exports(&self.stack.region)?);
        let lookup = |name: &str, attribute: Option<&str>| self.lookup(name, attribute);
        let scope = Scope { template, world: &world, values: &self.stack.values, lookup: &lookup };
        let mut wanted = Vec::new();
        for (logical, declared) in &template.resources {
            if declared.condition.as_ref().map_or(Ok(true), |condition| scope.holds(condition))? {
                wanted.push(logical.clone());
            }
        }
        Ok(wanted)
    }

    /// Makes of the stack what it was before the update.
    fn roll_back_update(&mut self) -> Result<(), ApiError> {
        self.is_trusted = true;
        let Some((wish, before)) = self.stack.before.clone() else {
            return self.status("UPDATE_ROLLBACK_COMPLETE", None);
        };
        let mut names = Template::parse(&self.stack.template).and_then(|template| order(&template)).unwrap_or_default();
        names.retain(|name| self.stack.resources.contains_key(name));
        let mut failed = Vec::new();
        for logical in names.iter().rev() {
            let Some(now) = self.stack.resources.get(logical).cloned() else { continue };
            let done = match before.get(logical) {
                Some(was) if was.made.physical == now.made.physical => self.change_back(logical, &now, was)?,
                Some(_) | None => self.remove(logical, &now)?,
            };
            if !done {
                failed.push(logical.clone());
            }
        }
        self.stack.resources = before;
        self.stack.take(&wish);
        self.stack.before = None;
        if !failed.is_empty() {
            return self.status("UPDATE_ROLLBACK_FAILED", Some(failed_to("update", &failed)));
        }
        self.status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None)?;
        self.status("UPDATE_ROLLBACK_COMPLETE", None)
    }

    /// Outputs, and the names of the exports that the template uses.
    fn outputs(&mut self, template: &Template, world: &World) -> Result<(Vec<Output>, Vec<String>), ApiError> {
        let taken = self.engine.store.exports(&self.stack.region)?;
        let lookup = |name: &str, attribute: Option<&str>| self.lookup(name, attribute);
        let scope = Scope { template, world, values: &self.stack.values, lookup: &lookup };
        let mut outputs = Vec::new();
        for (key, declared) in &template.outputs {
            if !declared.condition.as_ref().map_or(Ok(true), |condition| scope.holds(condition))? {
                continue;
            }
            let value = scope.resolve(&declared.value)?.as_ref().and_then(text);
            let output_value =
                value.ok_or_else(|| invalid(format!("Template format error: Output {key} is malformed. The Value field of every Outputs member must evaluate to a String.")))?;
            let export_name = match &declared.export {
                None => None,
                Some(export) => scope.resolve(export)?.as_ref().and_then(text),
            };
            if let Some((_, owner)) = export_name.as_ref().and_then(|name| taken.get(name))
                && owner.id != self.stack.id
            {
                let name = export_name.unwrap_or_default();
                return Err(invalid(format!("Export with name {name} is already exported by stack {}.", owner.name)));
            }
            outputs.push(Output {
                output_key: key.clone(),
                output_value,
                description: declared.description.clone(),
                export_name,
            });
        }
        let mut imports = Vec::new();
        for resource in template.resources.values() {
            imported(&scope, &resource.properties, &mut imports)?;
        }
        Ok((outputs, imports))
    }

    /// The stack has a new status: it is written down with the event.
    pub(super) fn status(&mut self, status: &str, reason: Option<String>) -> Result<(), ApiError> {
        let now = self.now();
        self.stack.status = status.to_owned();
        self.stack.reason.clone_from(&reason);
        let event = event(&self.stack, now, reason);
        self.engine.store.save(&mut self.stack, &[event])
    }
}

/// What happened to the stack itself.
pub(in super::super) fn event(stack: &Stack, now: i64, reason: Option<String>) -> Event {
    Event {
        stack_id: stack.id.clone(),
        event_id: Uuid::new_v4().to_string(),
        stack_name: stack.name.clone(),
        logical_resource_id: stack.name.clone(),
        physical_resource_id: stack.id.clone(),
        resource_type: "AWS::CloudFormation::Stack".to_owned(),
        timestamp: now,
        resource_status: stack.status.clone(),
        resource_status_reason: reason,
        resource_properties: None,
        client_request_token: stack.token.clone(),
    }
}

pub(super) fn failed_to(verb: &str, names: &[String]) -> String {
    format!("The following resource(s) failed to {verb}: [{}].", names.join(", "))
}

fn imported(scope: &Scope<'_>, value: &Value, found: &mut Vec<String>) -> Result<(), ApiError> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| imported(scope, item, found)),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            if name != "Fn::ImportValue" {
                return imported(scope, value, found);
            }
            found.extend(scope.resolve(value)?.as_ref().and_then(text));
            Ok(())
        }),
        _ => Ok(()),
    }
}
