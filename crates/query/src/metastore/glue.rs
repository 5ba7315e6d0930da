//! Databases and tables by the Glue API.

use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use serde_json::Value;

use super::{hive_type, input, shape, whole, with_found};
use crate::catalogue::{Catalogue, Database, StoredTable};
use crate::engine::{Engine, RunOptions};
use crate::error::Error;
use crate::hive::{ColumnDefinition, HiveType};
use crate::select;

/// Why the catalogue was not read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetastoreError {
    /// The database, table or partition is not there.
    #[error("{0}")]
    NotFound(String),
    /// It is there already.
    #[error("{0}")]
    AlreadyExists(String),
    /// What was given makes no database, table or partition.
    #[error("{0}")]
    Invalid(String),
    /// The catalogue cannot be read or written.
    #[error("{0}")]
    Internal(String),
}

impl MetastoreError {
    /// As Glue names it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "EntityNotFoundException",
            Self::AlreadyExists(_) => "AlreadyExistsException",
            Self::Invalid(_) => "InvalidInputException",
            Self::Internal(_) => "InternalServiceException",
        }
    }
}

impl From<Error> for MetastoreError {
    fn from(error: Error) -> Self {
        Self::Internal(error.to_string())
    }
}

pub(super) type Done<T> = Result<T, MetastoreError>;

impl Engine {
    /// The databases, sorted by name, in the shape of Glue; `account` is the catalogue's id.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn databases(&self, account: &str) -> Done<Vec<Value>> {
        let catalogue = self.catalogue.read()?;
        Ok(catalogue.databases.iter().map(|(name, found)| shape::database(account, name, found)).collect())
    }

    /// A database.
    ///
    /// # Errors
    /// When it is not there.
    pub fn database(&self, account: &str, name: &str) -> Done<Value> {
        let catalogue = self.catalogue.read()?;
        let name = name.to_lowercase();
        let found = catalogue.databases.get(&name).ok_or_else(|| no_database(&name))?;
        Ok(shape::database(account, &name, found))
    }

    /// Makes a database of Glue's `DatabaseInput`; `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When it is there.
    pub fn create_database(&self, input: &Value, now: i64) -> Done<()> {
        let name = name_of(input)?;
        self.change(|catalogue| {
            if catalogue.databases.contains_key(&name) {
                return Err(MetastoreError::AlreadyExists("Database already exists.".to_owned()));
            }
            let made = Database { input: Some(input.clone()), created: now, ..Database::default() };
            catalogue.databases.insert(name, made);
            Ok(())
        })
    }

    /// Says something else of a database.
    ///
    /// # Errors
    /// When it is not there.
    pub fn update_database(&self, name: &str, input: &Value) -> Done<()> {
        let name = name.to_lowercase();
        self.change(|catalogue| {
            database_mut(catalogue, &name)?.input = Some(input.clone());
            Ok(())
        })
    }

    /// Takes a database away, with its tables. The objects stay.
    ///
    /// # Errors
    /// When it is not there.
    pub fn delete_database(&self, name: &str) -> Done<()> {
        let name = name.to_lowercase();
        self.change(|catalogue| catalogue.databases.remove(&name).map(|_| ()).ok_or_else(|| no_database(&name)))
    }

    /// The tables and views of a database, sorted by name.
    ///
    /// # Errors
    /// When the database is not there.
    pub async fn tables(&self, account: &str, database: &str) -> Done<Vec<Value>> {
        let name = database.to_lowercase();
        let catalogue = whole(self).await?;
        let found = catalogue.databases.get(&name).ok_or_else(|| no_database(&name))?;
        let tables = found.tables.iter().map(|(table, stored)| (table, shape::table(account, &name, table, stored)));
        let mut all: Vec<_> = tables.collect();
        for (view, text) in &found.views {
            let columns = self.view_columns(&name, text).await;
            all.push((view, shape::view(account, &name, view, text, &columns)));
        }
        all.sort_by_key(|(name, _)| *name);
        Ok(all.into_iter().map(|(_, shown)| shown).collect())
    }

    /// Those of them whose names fit a pattern of Glue's: a regular expression for the whole name, in which `*` alone
    /// stands for anything.
    ///
    /// # Errors
    /// When the database is not there, or the pattern is none.
    pub async fn tables_like(&self, account: &str, database: &str, pattern: Option<&str>) -> Done<Vec<Value>> {
        let mut all = self.tables(account, database).await?;
        if let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty()) {
            let pattern = pattern.replace(".*", "*").replace('*', ".*");
            let pattern = regex::Regex::new(&format!("(?i)^(?:{pattern})$"));
            let pattern = pattern.map_err(|error| MetastoreError::Invalid(format!("Expression: {error}")))?;
            all.retain(|table| table["Name"].as_str().is_some_and(|name| pattern.is_match(name)));
        }
        Ok(all)
    }

    /// A table or view.
    ///
    /// # Errors
    /// When it, or the database, is not there.
    pub async fn table(&self, account: &str, database: &str, table: &str) -> Done<Value> {
        let (name, table) = (database.to_lowercase(), table.to_lowercase());
        let catalogue = with_found(self, Some(&table)).await?;
        let found = catalogue.databases.get(&name).ok_or_else(|| no_database(&name))?;
        if let Some(stored) = found.tables.get(&table) {
            return Ok(shape::table(account, &name, &table, stored));
        }
        let text = found.views.get(&table).ok_or_else(|| no_table(&table))?;
        Ok(shape::view(account, &name, &table, text, &self.view_columns(&name, text).await))
    }

    /// Makes a table of Glue's `TableInput`; `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the database is not there, or the table is.
    pub fn create_table(&self, database: &str, input: &Value, now: i64) -> Done<()> {
        let name = name_of(input)?;
        self.change(|catalogue| {
            let found = database_mut(catalogue, &database.to_lowercase())?;
            if found.tables.contains_key(&name) || found.views.contains_key(&name) {
                return Err(MetastoreError::AlreadyExists("Table already exists.".to_owned()));
            }
            found.tables.insert(name, told(input, now));
            Ok(())
        })
    }

    /// Says something else of a table. Its partitions stay.
    ///
    /// # Errors
    /// When it is not there.
    pub fn update_table(&self, database: &str, input: &Value, now: i64) -> Done<()> {
        let name = name_of(input)?;
        self.change(|catalogue| {
            let stored = table_mut(catalogue, database, &name)?;
            let before = std::mem::replace(stored, told(input, now));
            stored.partitions = before.partitions;
            stored.created = before.created;
            Ok(())
        })
    }

    /// Takes a table or view away. The objects stay.
    ///
    /// # Errors
    /// When it is not there.
    pub fn delete_table(&self, database: &str, table: &str) -> Done<()> {
        let table = table.to_lowercase();
        self.change(|catalogue| {
            let found = database_mut(catalogue, &database.to_lowercase())?;
            let gone = found.tables.remove(&table).is_some() || found.views.remove(&table).is_some();
            if gone { Ok(()) } else { Err(no_table(&table)) }
        })
    }

    /// The columns of a view; none when it cannot be planned any more, as when its table is gone.
    async fn view_columns(&self, database: &str, query: &str) -> Vec<ColumnDefinition> {
        let options = RunOptions { database: database.to_owned(), ..RunOptions::new(0) };
        let Ok(schema) = select::columns(self, query, &options).await else { return Vec::new() };
        let column = |field: &Arc<Field>| ColumnDefinition {
            name: field.name().clone(),
            kind: hive_type(field.data_type()).unwrap_or(HiveType::String),
            comment: None,
        };
        schema.fields().iter().map(column).collect()
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Catalogue) -> Done<T>) -> Done<T> {
        let mut refused = None;
        let done = self.catalogue.change(|catalogue| {
            change(catalogue).map_err(|error| {
                refused = Some(error);
                Error::new(crate::error::Code::Catalogue, "refused")
            })
        });
        done.map_err(|error| refused.unwrap_or_else(|| error.into()))
    }
}

fn told(input: &Value, now: i64) -> StoredTable {
    let (definition, unreadable) = input::definition(input);
    StoredTable { input: Some(input.clone()), unreadable, ..StoredTable::new(definition, now) }
}

fn name_of(input: &Value) -> Done<String> {
    let name = input["Name"].as_str().filter(|name| !name.is_empty());
    name.map(str::to_lowercase).ok_or_else(|| MetastoreError::Invalid("Name is required".to_owned()))
}

pub(super) fn database_mut<'a>(catalogue: &'a mut Catalogue, name: &str) -> Done<&'a mut Database> {
    catalogue.databases.get_mut(name).ok_or_else(|| no_database(name))
}

pub(super) fn table_mut<'a>(catalogue: &'a mut Catalogue, database: &str, table: &str) -> Done<&'a mut StoredTable> {
    let table = table.to_lowercase();
    database_mut(catalogue, &database.to_lowercase())?.tables.get_mut(&table).ok_or_else(|| no_table(&table))
}

pub(super) fn no_database(name: &str) -> MetastoreError {
    MetastoreError::NotFound(format!("Database {name} not found."))
}

pub(super) fn no_table(name: &str) -> MetastoreError {
    MetastoreError::NotFound(format!("Table {name} not found."))
}
