//! What the catalogue keeps of stacks.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Transaction};
use serde::{Serialize, de::DeserializeOwned};
use weir_store::{Catalogue, CatalogueError, Tables};

use super::{
    stack::{ChangeSet, Event, Stack},
    template::invalid,
};
use crate::ApiError;

/// Stacks with their resources, events, change sets. A stack that is not `live` is deleted and only shown by its ARN.
const TABLES: Tables = Tables { owner: "cloudformation", steps: &[FIRST] };

const FIRST: &str = "
CREATE TABLE cloudformation_stack (
    id TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    live INTEGER NOT NULL,
    created INTEGER NOT NULL,
    data TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX cloudformation_stack_name ON cloudformation_stack (region, name) WHERE live = 1;
CREATE TABLE cloudformation_event (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    stack TEXT NOT NULL REFERENCES cloudformation_stack (id) ON DELETE CASCADE,
    data TEXT NOT NULL
);
CREATE INDEX cloudformation_event_stack ON cloudformation_event (stack, number);
CREATE TABLE cloudformation_change_set (
    id TEXT PRIMARY KEY,
    stack TEXT NOT NULL REFERENCES cloudformation_stack (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    data TEXT NOT NULL
) WITHOUT ROWID;
";

/// The stacks of all regions.
#[derive(Debug, Clone)]
pub(super) struct Store(Catalogue);

fn damaged(error: &serde_json::Error) -> ApiError {
    ApiError::internal(format!("the catalogue is damaged: {error}"))
}

fn encoded(value: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(value).map_err(|error| damaged(&error))
}

fn decoded<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    serde_json::from_str(text).map_err(|error| damaged(&error))
}

/// An error within a transaction.
struct Failed(ApiError);

impl From<CatalogueError> for Failed {
    fn from(error: CatalogueError) -> Self {
        Self(ApiError::internal(error))
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self(ApiError::internal(CatalogueError::from(error)))
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

/// Two requests may have read the same stack: the first that writes it wins.
fn check_revision(transaction: &Transaction<'_>, stack: &Stack, read: u64) -> Result<(), Failed> {
    let select = "SELECT id, data FROM cloudformation_stack WHERE id = ?1 OR (region = ?2 AND name = ?3 AND live = 1)";
    let row = transaction.query_row(select, (&stack.id, &stack.region, &stack.name), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    let Some((id, data)) = row.optional()? else { return Ok(()) };
    if id != stack.id {
        let message = format!("Stack [{}] already exists", stack.name);
        return Err(ApiError::new("AlreadyExistsException", message).into());
    }
    let stored: Stack = decoded(&data)?;
    if stored.revision == read {
        return Ok(());
    }
    Err(invalid(format!("Stack:{id} is in {} state and can not be updated.", stored.status)).into())
}

impl Store {
    pub(super) fn open(catalogue: Catalogue) -> Result<Self, ApiError> {
        catalogue.provide(&TABLES).map_err(ApiError::internal)?;
        Ok(Self(catalogue))
    }

    fn change<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Failed>) -> Result<T, ApiError> {
        self.0.change(work).map_err(|failed| failed.0)
    }

    /// Writes a stack over what was there, and what happened to it.
    ///
    /// # Errors
    /// When another one wrote it since it was read, or made one of its name.
    pub(super) fn save(&self, stack: &mut Stack, events: &[Event]) -> Result<(), ApiError> {
        let read = stack.revision;
        stack.revision += 1;
        self.change(|transaction| {
            check_revision(transaction, stack, read)?;
            let live = stack.status != "DELETE_COMPLETE";
            transaction.execute(
                "INSERT INTO cloudformation_stack (id, region, name, live, created, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (id) DO UPDATE SET live = ?4, data = ?6",
                (&stack.id, &stack.region, &stack.name, live, stack.created, encoded(stack)?),
            )?;
            for event in events {
                let insert = "INSERT INTO cloudformation_event (stack, data) VALUES (?1, ?2)";
                transaction.execute(insert, (&stack.id, encoded(event)?))?;
            }
            Ok(())
        })
    }

    /// A stack by its ARN, or one that is not deleted by its name.
    pub(super) fn find(&self, region: &str, name: &str) -> Result<Option<Stack>, ApiError> {
        let select =
            "SELECT data FROM cloudformation_stack WHERE region = ?1 AND (id = ?2 OR (name = ?2 AND live = 1))";
        let data: Option<String> = self
            .change(|transaction| Ok(transaction.query_row(select, (region, name), |row| row.get(0)).optional()?))?;
        data.as_deref().map(decoded).transpose()
    }

    /// The stacks of a region, those made last first.
    pub(super) fn all(&self, region: &str) -> Result<Vec<Stack>, ApiError> {
        self.list("SELECT data FROM cloudformation_stack WHERE region = ?1 ORDER BY created DESC, id", region)
    }

    /// The stacks of all regions that something was being done to.
    pub(super) fn busy(&self) -> Result<Vec<Stack>, ApiError> {
        let all: Vec<Stack> = self.list("SELECT data FROM cloudformation_stack WHERE live = 1 AND ?1 = ''", "")?;
        Ok(all.into_iter().filter(Stack::is_busy).collect())
    }

    /// What happened to a stack, the last first.
    pub(super) fn events(&self, stack: &str) -> Result<Vec<Event>, ApiError> {
        self.list("SELECT data FROM cloudformation_event WHERE stack = ?1 ORDER BY number DESC", stack)
    }

    fn list<T: DeserializeOwned>(&self, select: &str, value: &str) -> Result<Vec<T>, ApiError> {
        let rows: Vec<String> = self.change(|transaction| {
            let mut select = transaction.prepare_cached(select)?;
            let rows = select.query_map([value], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        rows.iter().map(|row| decoded(row)).collect()
    }

    /// By the name of the export: the value and the stack that has it.
    pub(super) fn exports(&self, region: &str) -> Result<BTreeMap<String, (String, Stack)>, ApiError> {
        let mut exports = BTreeMap::new();
        for stack in self.all(region)?.into_iter().filter(|stack| stack.status != "DELETE_COMPLETE") {
            for output in stack.outputs.clone() {
                if let Some(name) = output.export_name {
                    exports.insert(name, (output.output_value, stack.clone()));
                }
            }
        }
        Ok(exports)
    }

    /// Writes a change set over what was there.
    pub(super) fn save_change_set(&self, set: &ChangeSet) -> Result<(), ApiError> {
        self.change(|transaction| {
            transaction.execute(
                "INSERT INTO cloudformation_change_set (id, stack, name, created, data) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (id) DO UPDATE SET data = ?5",
                (&set.id, &set.stack_id, &set.name, set.created, encoded(set)?),
            )?;
            Ok(())
        })
    }

    /// The change sets of a stack, oldest first.
    pub(super) fn change_sets(&self, stack: &str) -> Result<Vec<ChangeSet>, ApiError> {
        self.list("SELECT data FROM cloudformation_change_set WHERE stack = ?1 ORDER BY created, id", stack)
    }

    /// A change set by its ARN.
    pub(super) fn change_set(&self, id: &str) -> Result<Option<ChangeSet>, ApiError> {
        Ok(self.list("SELECT data FROM cloudformation_change_set WHERE id = ?1", id)?.pop())
    }

    /// Removes change sets: that of an id, or all but one of a stack.
    pub(super) fn forget_change_set(&self, id: &str) -> Result<(), ApiError> {
        self.change(|transaction| {
            transaction.execute("DELETE FROM cloudformation_change_set WHERE id = ?1", [id])?;
            Ok(())
        })
    }
}
