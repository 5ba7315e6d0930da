//! What a statement gives back.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use futures::{Stream, StreamExt};

use crate::error::Error;
use crate::progress::Progress;

/// The kind of a statement, as Athena tells them apart (athena.md §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// SELECT, WITH, VALUES, TABLE.
    Select,
    /// EXPLAIN.
    Explain,
    /// CREATE EXTERNAL TABLE.
    CreateTable,
    /// DROP TABLE.
    DropTable,
    /// CREATE DATABASE or SCHEMA.
    CreateDatabase,
    /// DROP DATABASE or SCHEMA.
    DropDatabase,
    /// CREATE VIEW.
    CreateView,
    /// DROP VIEW.
    DropView,
    /// ALTER TABLE … ADD PARTITION.
    AddPartition,
    /// ALTER TABLE … DROP PARTITION.
    DropPartition,
    /// ALTER TABLE … ADD COLUMNS.
    AddColumns,
    /// ALTER TABLE … REPLACE COLUMNS.
    ReplaceColumns,
    /// ALTER TABLE … CHANGE COLUMN.
    ChangeColumn,
    /// ALTER TABLE … SET LOCATION, of the table or of a partition.
    SetLocation,
    /// ALTER TABLE … SET TBLPROPERTIES.
    SetProperties,
    /// ALTER TABLE … RENAME PARTITION.
    RenamePartition,
    /// MSCK REPAIR TABLE.
    RepairTable,
    /// SHOW TABLES.
    ShowTables,
    /// SHOW DATABASES or SCHEMAS.
    ShowDatabases,
    /// SHOW PARTITIONS.
    ShowPartitions,
    /// SHOW FUNCTIONS.
    ShowFunctions,
    /// SHOW COLUMNS.
    ShowColumns,
    /// SHOW VIEWS.
    ShowViews,
    /// SHOW TBLPROPERTIES.
    ShowTableProperties,
    /// SHOW CREATE TABLE or VIEW.
    ShowCreate,
    /// DESCRIBE or DESC.
    Describe,
    /// CREATE TABLE … AS.
    CreateTableAs,
    /// INSERT INTO.
    Insert,
    /// UNLOAD.
    Unload,
    /// PREPARE.
    Prepare,
    /// EXECUTE.
    Execute,
    /// DEALLOCATE PREPARE.
    Deallocate,
}

impl StatementKind {
    /// Whether the statement changes definitions and gives no rows (the API says `DDL`).
    pub const fn is_definition(self) -> bool {
        use StatementKind::{
            AddColumns, AddPartition, ChangeColumn, CreateDatabase, CreateTable, CreateView, DropDatabase,
            DropPartition, DropTable, DropView, RenamePartition, RepairTable, ReplaceColumns, SetLocation,
            SetProperties,
        };
        matches!(
            self,
            CreateTable
                | DropTable
                | CreateDatabase
                | DropDatabase
                | CreateView
                | DropView
                | AddPartition
                | DropPartition
                | AddColumns
                | ReplaceColumns
                | ChangeColumn
                | SetLocation
                | SetProperties
                | RenamePartition
                | RepairTable
        )
    }
}

/// The stream inside an [`Answer`].
pub(crate) type Batches = Pin<Box<dyn Stream<Item = Result<RecordBatch, Error>> + Send>>;

/// The rows of one statement, as they become known, and what reading them took.
///
/// A statement that changes definitions is done when its answer is there; it has no columns, or
/// (MSCK REPAIR TABLE) one line of text a row. Dropping the answer stops the query.
pub struct Answer {
    kind: StatementKind,
    schema: SchemaRef,
    batches: Batches,
    progress: Arc<Progress>,
    written: Arc<Mutex<Vec<String>>>,
}

impl Answer {
    pub(crate) fn new(kind: StatementKind, schema: SchemaRef, batches: Batches, progress: Arc<Progress>) -> Self {
        Answer { kind, schema, batches, progress, written: Arc::default() }
    }

    /// The same, of a statement that writes objects and puts their names there.
    pub(crate) fn writing(self, written: Arc<Mutex<Vec<String>>>) -> Self {
        Answer { written, ..self }
    }

    /// The objects that the statement has written so far, as `s3://` names.
    pub fn written(&self) -> Vec<String> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was asked.
    pub fn kind(&self) -> StatementKind {
        self.kind
    }

    /// The columns: names as Athena shows them (lower case, `_col0` for a column without a name).
    /// Two columns may have one name.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// How far the reading is; keep a clone to watch it from elsewhere.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// The next rows; `None` at the end. After an error nothing more comes.
    ///
    /// # Errors
    /// When reading or computing fails: see [`Error`].
    pub async fn next(&mut self) -> Option<Result<RecordBatch, Error>> {
        self.batches.next().await
    }

    /// All rows.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn collect(mut self) -> Result<Vec<RecordBatch>, Error> {
        let mut all = Vec::new();
        while let Some(batch) = self.next().await {
            all.push(batch?);
        }
        Ok(all)
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("kind", &self.kind).field("schema", &self.schema).finish_non_exhaustive()
    }
}
