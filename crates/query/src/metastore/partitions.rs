//! Partitions by the Glue API.

use serde_json::Value;

use super::condition::Condition;
use super::glue::{Done, MetastoreError, no_database, no_table, table_mut};
use super::shape;
use crate::catalogue::{StoredPartition, StoredTable};
use crate::engine::Engine;

impl Engine {
    /// The partitions of a table, in the order in which they were added.
    ///
    /// # Errors
    /// When the table is not there.
    pub fn partitions(&self, account: &str, database: &str, table: &str) -> Done<Vec<Value>> {
        self.partitions_where(account, database, table, None)
    }

    /// Those of them for which a condition over the partition columns holds.
    ///
    /// # Errors
    /// When the table is not there, or the condition is none.
    pub fn partitions_where(
        &self,
        account: &str,
        database: &str,
        table: &str,
        condition: Option<&str>,
    ) -> Done<Vec<Value>> {
        let (database, table) = (database.to_lowercase(), table.to_lowercase());
        let catalogue = self.catalogue.read()?;
        let found = catalogue.databases.get(&database).ok_or_else(|| no_database(&database))?;
        let Some(stored) = found.tables.get(&table) else {
            let is_found = self.found().iter().any(|(name, _)| *name == table);
            return if is_found { Ok(Vec::new()) } else { Err(no_table(&table)) };
        };
        let condition =
            condition.filter(|text| !text.trim().is_empty()).map(|text| Condition::new(text, stored)).transpose()?;
        let mut shown = Vec::new();
        for one in &stored.partitions {
            if condition.as_ref().map_or(Ok(true), |condition| condition.holds(&one.values))? {
                shown.push(shape::partition(account, &database, &table, stored, one));
            }
        }
        Ok(shown)
    }

    /// Adds a partition of Glue's `PartitionInput`.
    ///
    /// # Errors
    /// When the table is not there, the partition is, or the values do not go with the partition keys.
    pub fn create_partition(&self, database: &str, table: &str, input: &Value) -> Done<()> {
        self.change(|catalogue| {
            let stored = table_mut(catalogue, database, table)?;
            let partition = told(stored, input)?;
            if stored.partitions.iter().any(|known| known.values == partition.values) {
                return Err(MetastoreError::AlreadyExists("Partition already exists.".to_owned()));
            }
            stored.partitions.push(partition);
            Ok(())
        })
    }

    /// Says something else of a partition.
    ///
    /// # Errors
    /// When it is not there, or the new values are those of another one.
    pub fn update_partition(&self, database: &str, table: &str, values: &[String], input: &Value) -> Done<()> {
        self.change(|catalogue| {
            let stored = table_mut(catalogue, database, table)?;
            let at = position(stored, values)?;
            let partition = told(stored, input)?;
            if stored
                .partitions
                .iter()
                .enumerate()
                .any(|(other, known)| other != at && known.values == partition.values)
            {
                return Err(MetastoreError::AlreadyExists("Partition already exists.".to_owned()));
            }
            stored.partitions[at] = partition;
            Ok(())
        })
    }

    /// Takes a partition away. The objects stay.
    ///
    /// # Errors
    /// When it is not there.
    pub fn delete_partition(&self, database: &str, table: &str, values: &[String]) -> Done<()> {
        self.change(|catalogue| {
            let stored = table_mut(catalogue, database, table)?;
            let at = position(stored, values)?;
            stored.partitions.remove(at);
            Ok(())
        })
    }
}

fn position(table: &StoredTable, values: &[String]) -> Done<usize> {
    let found = table.partitions.iter().position(|partition| partition.values == values);
    found.ok_or_else(|| MetastoreError::NotFound("Cannot find partition.".to_owned()))
}

fn told(table: &StoredTable, input: &Value) -> Done<StoredPartition> {
    let values: Vec<String> = input["Values"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect();
    let keys = &table.definition.partitioned_by;
    if values.len() != keys.len() {
        return Err(MetastoreError::Invalid(
            "The number of partition keys do not match the number of partition values".to_owned(),
        ));
    }
    let default = || {
        let folders: Vec<String> =
            keys.iter().zip(&values).map(|(key, value)| format!("{}={value}/", key.name)).collect();
        format!("{}/{}", table.definition.location.trim_end_matches('/'), folders.concat())
    };
    let location = input["StorageDescriptor"]["Location"].as_str().map_or_else(default, str::to_owned);
    Ok(StoredPartition { input: Some(input.clone()), ..StoredPartition::new(values, location) })
}
