//! The tables of all services, side by side.

use std::{collections::HashMap, fmt, sync::Arc};

use serde_json::Value;

use crate::{ApiError, Call, Payload, Refusal, Serve, ServiceName, operation::Entry};

/// The tables, by service; of one service there may be several. Cheap to clone.
#[derive(Clone, Default)]
pub struct Served {
    tables: Vec<Arc<dyn Serve>>,
    /// Where each operation is: its table, and what is known of it.
    operations: HashMap<ServiceName, HashMap<&'static str, (usize, Entry)>>,
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.tables.iter().map(|table| table.service())).finish()
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
        let place = self.tables.len();
        let operations = self.operations.entry(table.service()).or_default();
        for entry in table.entries() {
            let known = operations.entry(entry.name).or_insert((place, entry));
            if entry.supported && !known.1.supported {
                *known = (place, entry);
            }
        }
        self.tables.push(Arc::from(table));
    }

    /// All tables.
    pub fn tables(&self) -> impl Iterator<Item = &dyn Serve> {
        self.tables.iter().map(AsRef::as_ref)
    }

    /// The table that has an operation, and what is known of it. What one table of a service does not have, another may.
    pub fn find(&self, service: ServiceName, operation: &str) -> Option<(&dyn Serve, Entry)> {
        let (place, entry) = self.operations.get(&service)?.get(operation)?;
        Some((self.tables[*place].as_ref(), *entry))
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
