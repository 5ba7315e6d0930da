//! The tables of all services, side by side.

use std::{collections::HashMap, fmt, sync::Arc};

use serde_json::Value;

use crate::{ApiError, Call, Payload, Refusal, Serve, ServiceName, operation::Entry};

/// The tables, by service; of one service there may be several. Cheap to clone.
#[derive(Clone, Default)]
pub struct Served(HashMap<ServiceName, Vec<Arc<dyn Serve>>>);

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
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
        self.0.entry(table.service()).or_default().push(Arc::from(table));
    }

    /// All tables.
    pub fn tables(&self) -> impl Iterator<Item = &dyn Serve> {
        self.0.values().flatten().map(AsRef::as_ref)
    }

    /// The table that has an operation, and what is known of it. What one table of a service does not have, another may.
    pub fn find(&self, service: ServiceName, operation: &str) -> Option<(&dyn Serve, Entry)> {
        let tables = self.0.get(&service).into_iter().flatten();
        let entries = tables.flat_map(|table| table.entries().into_iter().map(move |entry| (table.as_ref(), entry)));
        let mut found = entries.filter(|(_, entry)| entry.name == operation);
        let first = found.next()?;
        Some(if first.1.supported { first } else { found.find(|(_, entry)| entry.supported).unwrap_or(first) })
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
