//! A table: columns, partitions, and the objects below them.
//!
//! There are two ways to one. A table of the catalogue has columns from its DDL and binds text by
//! position with Hive's rules, Parquet by name (athena.md §3). A table made of a place has no DDL:
//! its columns are the union of what the objects say of themselves, bound by name.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr, utils::conjunction};
use datafusion::physical_expr::PhysicalExpr;
use weir_store::{Buckets, Object, Place};

use crate::error::{Code, Error};
use crate::progress::BadObject;

mod copies;
mod defined;
mod discover;
mod hidden;
mod inject;
mod listed;
mod parquet;
mod prefilter;
mod projection;
mod provider;
mod prune;
mod results;
mod rows;
mod scan;
mod selection;
mod shared;
mod tolerant;
mod unit;

pub use copies::Copies;
pub(crate) use discover::{Heads, Wanted};
pub(crate) use hidden::HIDDEN;
pub(crate) use listed::PARTITIONS;
pub(crate) use parquet::Opened;
pub(crate) use provider::BoundTable;
pub(crate) use rows::{Csv, RowFormat};
pub(crate) use scan::ScanContext;
pub(crate) use shared::SharedTexts;

/// Columns and partitions. What a query adds (progress, hidden columns) is in [`BoundTable`].
#[derive(Debug)]
pub(crate) struct Table {
    /// Columns that are in the objects.
    pub(crate) columns: SchemaRef,
    /// Columns that come from the partition: constant in an object.
    pub(crate) partition_columns: Vec<Field>,
    pub(crate) partitions: Partitions,
    /// Objects that were left out when the table was made, with the reason.
    pub(crate) bad: Vec<BadObject>,
}

/// Where the objects are.
#[derive(Debug)]
pub(crate) enum Partitions {
    /// Known one by one.
    Objects(Vec<Unit>),
    /// Locations to list when the table is scanned, with the values of the partition columns.
    Locations {
        reading: Reading,
        locations: Vec<(String, Arc<[ScalarValue]>)>,
        /// The places of partition columns whose values the query must say.
        injected: Vec<usize>,
    },
}

/// How the objects of a table with DDL are read.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    /// LazySimpleSerDe: cells by position.
    HiveText { delimiter: u8, header_lines: usize },
    /// Lines that another SerDe takes apart.
    Rows(RowReading),
    /// Columns by name.
    Parquet,
}

/// How another SerDe reads the lines of a table.
#[derive(Debug, Clone)]
pub(crate) struct RowReading {
    format: Arc<RowFormat>,
    /// Class and properties, as they were written.
    rules: Arc<str>,
    header_lines: usize,
    /// Whether cells that are no values of their column's type are NULL, whatever the SerDe makes of them.
    forgiving: bool,
}

impl RowReading {
    /// A text that is the same for the same reading only.
    fn identity(&self) -> String {
        format!("{} {} {}", self.rules, self.header_lines, self.forgiving)
    }
}

/// One object to read.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) place: Arc<Place>,
    pub(crate) object: Object,
    pub(crate) format: UnitFormat,
    /// The values of the table's partition columns.
    pub(crate) values: Arc<[ScalarValue]>,
}

/// What is in an object.
#[derive(Debug, Clone)]
pub(crate) enum UnitFormat {
    /// Lines by position, Hive's rules.
    HiveText { delimiter: u8, header_lines: usize },
    /// Lines that another SerDe takes apart.
    Rows(RowReading),
    /// Lines whose columns the header names.
    Text { columns: SchemaRef },
    /// A JSON object a line; columns by key.
    Json,
    /// Parquet.
    Parquet,
}

impl Table {
    /// All columns: those of the objects, then those of the partitions, then, if wanted, the hidden ones.
    pub(crate) fn schema(&self, with_hidden: bool) -> SchemaRef {
        let data = self.columns.fields().iter().cloned();
        let partition = self.partition_columns.iter().cloned().map(Arc::new);
        let hidden = hidden::fields().into_iter().filter(|_| with_hidden).map(Arc::new);
        Arc::new(Schema::new(data.chain(partition).chain(hidden).collect::<Vec<_>>()))
    }

    /// The objects of the partitions for which `keep` says yes.
    pub(crate) async fn units(&self, buckets: &Buckets, keep: &[bool]) -> Result<Vec<Unit>, Error> {
        match &self.partitions {
            Partitions::Objects(units) => {
                let kept = units.iter().zip(keep).filter(|(_, keep)| **keep);
                Ok(kept.map(|(unit, _)| unit.clone()).collect())
            }
            Partitions::Locations { reading, locations, .. } => {
                let mut units = Vec::new();
                for ((location, values), _) in locations.iter().zip(keep).filter(|(_, keep)| **keep) {
                    units.extend(list_location(buckets, location, reading, values).await?);
                }
                Ok(units)
            }
        }
    }

    /// The values of the partition columns, a row for each partition (or object, when those are known).
    pub(crate) fn partition_values(&self) -> Vec<Arc<[ScalarValue]>> {
        match &self.partitions {
            Partitions::Objects(units) => units.iter().map(|unit| Arc::clone(&unit.values)).collect(),
            Partitions::Locations { locations, .. } => locations.iter().map(|(_, values)| Arc::clone(values)).collect(),
        }
    }
}

/// What holds for the rows that pass all of these filters; none when there are none.
pub(crate) fn predicate(
    session: &dyn Session,
    schema: &SchemaRef,
    filters: &[Expr],
) -> datafusion::common::Result<Option<Arc<dyn PhysicalExpr>>> {
    let Some(filter) = conjunction(filters.iter().cloned()) else { return Ok(None) };
    let schema = DFSchema::try_from(Arc::clone(schema))?;
    session.create_physical_expr(filter, &schema).map(Some)
}

/// The objects at a location of a table. A location is a folder: `…/17` holds nothing of `…/170`.
/// One that is not there is empty, as in Athena.
async fn list_location(
    buckets: &Buckets,
    location: &str,
    reading: &Reading,
    values: &Arc<[ScalarValue]>,
) -> Result<Vec<Unit>, Error> {
    let place = match buckets.place(&folder(location)) {
        Ok(place) => Arc::new(place),
        Err(weir_store::StoreError::NotFound { .. } | weir_store::StoreError::NoBucket { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(cannot_open(&error)),
    };
    let objects = results::without(place.list().await.map_err(|error| cannot_open(&error))?);
    let format = match reading {
        Reading::HiveText { delimiter, header_lines } => {
            UnitFormat::HiveText { delimiter: *delimiter, header_lines: *header_lines }
        }
        Reading::Rows(rows) => UnitFormat::Rows(rows.clone()),
        Reading::Parquet => UnitFormat::Parquet,
    };
    let unit = |object| Unit { place: Arc::clone(&place), object, format: format.clone(), values: Arc::clone(values) };
    Ok(objects.into_iter().filter(|object| object.size() > 0).map(unit).collect())
}

/// The location with one slash at the end and none doubled.
fn folder(location: &str) -> String {
    let (scheme, rest) = location.split_once("://").map_or(("", location), |(scheme, rest)| (scheme, rest));
    let mut path = rest.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    if !path.is_empty() {
        path.push('/');
    }
    match scheme {
        "" if location.starts_with('/') => format!("/{path}"),
        "" => path,
        scheme => format!("{scheme}://{path}"),
    }
}

pub(crate) fn cannot_open(error: &weir_store::StoreError) -> Error {
    Error::new(Code::NothingToRead, error.to_string())
}
