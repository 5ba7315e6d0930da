//! Log groups as a table: a column for each field that a query names.

mod columns;
mod discover;
mod scan;

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use datafusion::{
    arrow::{
        array::ArrayRef,
        datatypes::{DataType, Field, Schema, SchemaRef},
        error::ArrowError,
    },
    catalog::{Session, TableProvider},
    common::Result,
    datasource::TableType,
    logical_expr::{Expr, TableProviderFilterPushDown},
    physical_plan::{ExecutionPlan, empty::EmptyExec},
};
use weir_record::Kind as FieldKind;
use weir_store::logs::{Events, LogStore, LogsError, Scan};

use columns::Column;
pub(super) use columns::pointer;
pub(super) use discover::{discovered, record_field};

use super::{InsightsError, run::Statistics, value::Kind};
use scan::EventScan;

/// Hidden columns, which no field can be named like: which log group, and the event's place in it.
pub(super) const GROUP: &str = "\0group";
pub(super) const POSITION: &str = "\0position";
pub(super) const INDEX: &str = "\0index";
pub(super) const TIMESTAMP: &str = "@timestamp";

/// What is read: log groups, and from when until before when, Unix milliseconds.
#[derive(Debug, Clone)]
pub(super) struct Extent {
    pub(super) groups: Arc<[String]>,
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) now: i64,
}

/// The events of log groups as a table.
pub(super) struct EventTable {
    extent: Extent,
    /// What is to be read of each log group, as it was when the query was planned.
    scans: Vec<Scan>,
    account: Arc<str>,
    columns: Vec<Column>,
    schema: SchemaRef,
    statistics: Arc<Statistics>,
}

impl EventTable {
    /// A table with the fields of these names, and what every table has.
    ///
    /// # Errors
    /// When a log group is not there, or cannot be read.
    pub(super) fn open(
        logs: &LogStore,
        account: &str,
        extent: Extent,
        names: &BTreeSet<String>,
        statistics: &Arc<Statistics>,
    ) -> Result<Self, InsightsError> {
        let mut common: Option<BTreeSet<_>> = None;
        let scan = |group: &String| logs.scan(group, extent.from, extent.until, extent.now)?.opened();
        let scans = extent.groups.iter().map(scan).collect::<Result<Vec<_>, LogsError>>()?;
        for scan in &scans {
            statistics.add_expected(scan.expected());
            let fields = scan.common_fields();
            common = Some(match common {
                Some(common) => common.intersection(&fields).copied().collect(),
                None => fields,
            });
        }
        let common = common.unwrap_or_default();
        let always = [TIMESTAMP, GROUP, POSITION, INDEX].map(str::to_owned);
        let names: BTreeSet<&String> = names.iter().chain(&always).collect();
        let columns: Vec<Column> = names
            .into_iter()
            .map(|name| match record_field(name) {
                Some(field) if field.kind() != FieldKind::Text && common.contains(&field) => Column::Number(field),
                _ => Column::of(name),
            })
            .collect();
        let fields: Vec<Field> = columns.iter().map(Column::field).collect();
        Ok(Self {
            extent,
            scans,
            account: account.into(),
            schema: Arc::new(Schema::new(fields)),
            columns,
            statistics: Arc::clone(statistics),
        })
    }

    /// Its columns and what is known of their values.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (String, Kind)> {
        self.columns.iter().map(|column| (column.name().to_owned(), column.kind()))
    }
}

impl std::fmt::Debug for EventTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventTable").field("extent", &self.extent).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for EventTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let projection = projection.unwrap_or(&all);
        let predicate = crate::table::predicate(session, &self.schema, filters)?;
        if self.scans.iter().all(Scan::is_empty) {
            return Ok(Arc::new(EmptyExec::new(Arc::new(self.schema.project(projection)?))));
        }
        let scan =
            EventScan::new(self, projection, predicate, self.scans.clone(), session.config().target_partitions())?;
        Ok(Arc::new(scan))
    }
}

/// These fields of some events.
pub(super) fn columns(names: &[&str], events: &Events, log: &str) -> Result<Vec<(String, Kind, ArrayRef)>, ArrowError> {
    let columns: Vec<Column> = names.iter().map(|name| Column::of(name)).collect();
    let arrays = columns::build(columns.iter(), events, &columns::Origin { group: 0, log: log.into() })?;
    let named = columns.iter().zip(arrays).map(|(column, array)| (column.name().to_owned(), column.kind(), array));
    Ok(named.collect())
}

/// A column of texts that may be absent.
fn text_field(name: &str) -> Field {
    Field::new(name, DataType::Utf8View, true)
}
