//! Statements that are no queries: Hive's definitions, what writes objects, and prepared statements.

use serde::{Deserialize, Serialize};

use crate::error::Position;

mod format;
mod kind;
mod parse;
mod show;

pub(crate) use format::{LAZY_SIMPLE, Storage, TableFormat};
pub(crate) use kind::HiveType;
pub(crate) use parse::parse;
pub(crate) use show::create_table;

/// How Hive writes a partition value that is NULL.
pub(crate) const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// A table's name with its place in the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) database: Option<String>,
    pub(crate) table: String,
    pub(crate) position: Position,
}

/// Values of partition columns, `(dt='2026-11-21')`, as written and in that order.
pub(crate) type PartitionSpec = Vec<(String, String)>;

/// A parsed statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hive {
    CreateTable {
        name: Name,
        if_not_exists: bool,
        definition: TableDefinition,
    },
    DropTable {
        name: Name,
        if_exists: bool,
    },
    CreateDatabase {
        database: String,
        if_not_exists: bool,
    },
    DropDatabase {
        database: String,
        if_exists: bool,
        cascade: bool,
    },
    CreateView {
        name: Name,
        or_replace: bool,
        query: String,
    },
    DropView {
        name: Name,
        if_exists: bool,
    },
    AddPartitions {
        table: Name,
        if_not_exists: bool,
        partitions: Vec<(PartitionSpec, Option<String>)>,
    },
    DropPartitions {
        table: Name,
        if_exists: bool,
        partitions: Vec<PartitionSpec>,
    },
    AlterTable {
        table: Name,
        change: TableChange,
    },
    Repair {
        table: Name,
    },
    ShowTables {
        database: Option<String>,
        pattern: Option<String>,
    },
    ShowViews {
        database: Option<String>,
        pattern: Option<String>,
    },
    ShowDatabases {
        pattern: Option<String>,
    },
    ShowFunctions {
        pattern: Option<String>,
    },
    ShowPartitions {
        table: Name,
    },
    ShowColumns {
        table: Name,
    },
    ShowTableProperties {
        table: Name,
        key: Option<String>,
    },
    ShowCreateTable {
        table: Name,
    },
    ShowCreateView {
        view: Name,
    },
    /// Of the whole table, of one column, or of a partition, which has the columns of the table.
    Describe {
        table: Name,
        partition: Option<PartitionSpec>,
        column: Option<String>,
    },
    CreateTableAs {
        name: Name,
        if_not_exists: bool,
        properties: Vec<Property>,
        query: String,
        with_data: bool,
    },
    Insert {
        name: Name,
        columns: Vec<String>,
        query: String,
    },
    Unload {
        query: String,
        location: String,
        properties: Vec<Property>,
    },
    Prepare {
        name: String,
        query: String,
    },
    /// The parameters are expressions, as written.
    Execute {
        name: String,
        parameters: Vec<String>,
    },
    Deallocate {
        name: String,
    },
}

/// What ALTER TABLE changes of a table itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TableChange {
    /// Columns behind the others, in front of those of partitions.
    AddColumns(Vec<ColumnDefinition>),
    /// All columns anew, apart from those of partitions.
    ReplaceColumns(Vec<ColumnDefinition>),
    ChangeColumn {
        old: String,
        new: ColumnDefinition,
    },
    /// Where the objects are, of the table or of a partition.
    Locate {
        partition: Option<PartitionSpec>,
        location: String,
    },
    SetProperties(Vec<(String, String)>),
    RenamePartition {
        from: PartitionSpec,
        to: PartitionSpec,
    },
}

/// One of `WITH (key = value, …)`: numbers and truth values are their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Property {
    /// Lower case.
    pub(crate) key: String,
    /// One value, or those of an ARRAY.
    pub(crate) values: Vec<String>,
    pub(crate) position: Position,
}

/// A table as CREATE EXTERNAL TABLE says it; kept in the catalogue file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TableDefinition {
    pub(crate) columns: Vec<ColumnDefinition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) partitioned_by: Vec<ColumnDefinition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
    pub(crate) format: TableFormat,
    pub(crate) location: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) properties: Vec<(String, String)>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ColumnDefinition {
    /// Lower case.
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: HiveType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
}

impl TableDefinition {
    /// The property, by its name in any case.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
