//! ALTER TABLE.

use super::{Error, Hive, Parser};
use crate::hive::TableChange;

impl Parser<'_> {
    pub(super) fn alter(&mut self) -> Result<Hive, Error> {
        self.expect("table")?;
        let table = self.name()?;
        if self.word("add") {
            if self.word("columns") {
                let columns = self.bracketed_columns()?;
                return Ok(Hive::AlterTable { table, change: TableChange::AddColumns(columns) });
            }
            let if_not_exists = self.if_not_exists()?;
            let mut partitions = Vec::new();
            while self.word("partition") {
                let values = self.partition_spec()?;
                let location = if self.word("location") { Some(self.text()?) } else { None };
                partitions.push((values, location));
            }
            if partitions.is_empty() {
                return Err(self.mismatch("'PARTITION', 'COLUMNS'"));
            }
            return Ok(Hive::AddPartitions { table, if_not_exists, partitions });
        }
        if self.word("drop") {
            let if_exists = self.if_exists()?;
            let mut partitions = Vec::new();
            loop {
                self.expect("partition")?;
                partitions.push(self.partition_spec()?);
                if !self.symbol(",") {
                    return Ok(Hive::DropPartitions { table, if_exists, partitions });
                }
            }
        }
        Ok(Hive::AlterTable { table, change: self.table_change()? })
    }

    fn table_change(&mut self) -> Result<TableChange, Error> {
        if self.word("replace") {
            self.expect("columns")?;
            return Ok(TableChange::ReplaceColumns(self.bracketed_columns()?));
        }
        if self.word("change") {
            let _ = self.word("column");
            let old = self.identifier()?;
            return Ok(TableChange::ChangeColumn { old, new: self.column()? });
        }
        if self.word("partition") {
            let partition = self.partition_spec()?;
            if self.word("rename") {
                self.expect("to")?;
                self.expect("partition")?;
                return Ok(TableChange::RenamePartition { from: partition, to: self.partition_spec()? });
            }
            self.expect("set")?;
            self.expect("location")?;
            return Ok(TableChange::Locate { partition: Some(partition), location: self.location()? });
        }
        if self.word("set") {
            if self.word("tblproperties") {
                return Ok(TableChange::SetProperties(self.properties()?));
            }
            self.expect("location")?;
            return Ok(TableChange::Locate { partition: None, location: self.location()? });
        }
        Err(self.mismatch("'ADD', 'CHANGE', 'DROP', 'PARTITION', 'REPLACE', 'SET'"))
    }
}
