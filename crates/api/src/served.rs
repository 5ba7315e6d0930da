//! The tables of all services, side by side.

use std::{collections::HashMap, fmt, sync::Arc};

use serde_json::Value;

use crate::{
    ApiError, Call, Payload, Refusal, Serve, ServiceName,
    access::{Access, Context},
    operation::Entry,
};

mod tags;

/// The tables, by service; of one service there may be several. Cheap to clone.
#[derive(Clone, Default)]
pub struct Served(Arc<Tables>);

#[derive(Clone, Default)]
struct Tables {
    all: Vec<Arc<dyn Serve>>,
    /// Where each operation is: its table, and what is known of it.
    operations: HashMap<ServiceName, HashMap<&'static str, (usize, Entry)>>,
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.tables().map(|table| table.service())).finish()
    }
}

impl FromIterator<Box<dyn Serve>> for Served {
    fn from_iter<T: IntoIterator<Item = Box<dyn Serve>>>(tables: T) -> Self {
        let mut served = Self::default();
        tables.into_iter().for_each(|table| served.add(table));
        served
    }
}

impl Served {
    /// Adds a table.
    pub fn add(&mut self, table: Box<dyn Serve>) {
        let tables = Arc::make_mut(&mut self.0);
        let place = tables.all.len();
        let operations = tables.operations.entry(table.service()).or_default();
        for entry in table.entries() {
            let known = operations.entry(entry.name).or_insert((place, entry));
            if entry.supported && !known.1.supported {
                *known = (place, entry);
            }
        }
        tables.all.push(Arc::from(table));
    }

    /// All tables.
    pub fn tables(&self) -> impl Iterator<Item = &dyn Serve> {
        self.0.all.iter().map(AsRef::as_ref)
    }

    /// What is known of the operations of a service.
    pub fn entries(&self, service: ServiceName) -> impl Iterator<Item = Entry> {
        let operations = self.0.operations.get(&service).into_iter().flat_map(HashMap::values);
        operations.map(|(_, entry)| *entry)
    }

    /// The table that has an operation, and what is known of it. What one table of a service does not have, another may.
    pub fn find(&self, service: ServiceName, operation: &str) -> Option<(&dyn Serve, Entry)> {
        let (place, entry) = self.0.operations.get(&service)?.get(operation)?;
        Some((self.0.all[*place].as_ref(), *entry))
    }

    /// Whether the caller may do an operation with this input. Conditions may ask about its tags and those of what it is
    /// about.
    ///
    /// # Errors
    /// They may not; the text says what is missing.
    pub fn authorize(
        &self,
        access: &Access,
        (service, entry): (ServiceName, &Entry),
        call: &Call,
        payload: &Payload,
    ) -> Result<(), Refusal> {
        if !access.is_on() {
            return Ok(());
        }
        let action = format!("{}:{}", service.action_prefix(), entry.action);
        let resources = (entry.resources)(call, payload);
        let (served, account, region, now) = (self.clone(), call.account.clone(), call.region.clone(), call.now);
        let tags_of = move |arn: &str| tags::tags_of(&served, &Call::of_root(&account, &region, now), arn);
        let context = Context::of(call).asked_with(payload).with_tags_of(Arc::new(tags_of));
        let own = (entry.conditions)(payload);
        let context = own.into_iter().fold(context, |context, (key, value)| context.with(key, value));
        access.authorize_in(call, &action, &resources, context)
    }

    /// Does an operation for a part of this program. Nobody has asked whether the caller may: see
    /// [`Access::authorize`](crate::access::Access::authorize).
    ///
    /// # Errors
    /// Those of the operation, and when there is none of this name.
    pub fn call(&self, service: ServiceName, operation: &str, call: &Call, input: Value) -> Result<Value, ApiError> {
        let protocol = service.protocol();
        let unknown = || Refusal::UnknownOperation(operation.to_owned()).to_error(protocol);
        let (table, entry) = self.find(service, operation).ok_or_else(unknown)?;
        table.call(entry.name, call, &Payload::tree(protocol, input))
    }
}
