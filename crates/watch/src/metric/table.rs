//! The tables of metrics in the catalogue.
//!
//! `metric_series` names a metric in a unit, `metric_bucket` holds its data, `metric_journal` what was put by callers and
//! not yet in buckets, `metric_memory` since when buckets are in memory.

use rusqlite::{
    OptionalExtension, Row, ToSql, Transaction,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};
use weir_store::Tables;

use super::{Dimensions, MetricId, Unit, bucket::Bucket, ladder::Slot};

pub(super) const TABLES: Tables = Tables {
    owner: "metric",
    steps: &["
CREATE TABLE metric_series (
    series INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL, -- a JSON object, keys in order
    unit TEXT NOT NULL,
    latest INTEGER NOT NULL,
    UNIQUE (namespace, name, dimensions, unit)
);
CREATE TABLE metric_bucket (
    series INTEGER NOT NULL,
    start INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    bucket BLOB NOT NULL,
    PRIMARY KEY (series, start, seconds)
) WITHOUT ROWID;
CREATE INDEX metric_bucket_age ON metric_bucket (seconds, start);
CREATE TABLE metric_journal (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL,
    unit TEXT NOT NULL,
    start INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    bucket BLOB NOT NULL
);
CREATE TABLE metric_memory (hot_since INTEGER NOT NULL);
INSERT INTO metric_memory VALUES (0);
"],
};

/// A metric in a unit.
#[derive(Debug, Clone)]
pub(super) struct SeriesRow {
    pub(super) series: i64,
    pub(super) metric: MetricId,
    pub(super) unit: Unit,
    pub(super) latest: i64,
}

/// What was put, for one slot.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Put {
    pub(super) metric: MetricId,
    pub(super) unit: Unit,
    pub(super) slot: Slot,
    pub(super) bucket: Bucket,
}

impl ToSql for Bucket {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.encode().into())
    }
}

impl FromSql for Bucket {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let damaged = || FromSqlError::Other("the bytes are no bucket of a metric".into());
        Self::decode(value.as_blob()?).ok_or_else(damaged)
    }
}

fn metric(row: &Row<'_>, first: usize) -> rusqlite::Result<(MetricId, Unit)> {
    let dimensions: String = row.get(first + 2)?;
    let dimensions: Dimensions = serde_json::from_str(&dimensions).map_err(|error| other(first + 2, error))?;
    let unit: String = row.get(first + 3)?;
    let unit = unit.parse().map_err(|error| other(first + 3, error))?;
    Ok((MetricId { namespace: row.get(first)?, name: row.get(first + 1)?, dimensions }, unit))
}

fn other(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

/// Dimensions as text: the same for the same set.
fn json(dimensions: &Dimensions) -> rusqlite::Result<String> {
    serde_json::to_string(dimensions).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

pub(super) fn hot_since(transaction: &Transaction<'_>) -> rusqlite::Result<i64> {
    transaction.query_row("SELECT hot_since FROM metric_memory", [], |row| row.get(0))
}

pub(super) fn set_hot_since(transaction: &Transaction<'_>, since: i64) -> rusqlite::Result<()> {
    transaction.execute("UPDATE metric_memory SET hot_since = ?1", [since]).map(drop)
}

pub(super) fn series(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<SeriesRow>> {
    let select = "SELECT series, namespace, name, dimensions, unit, latest FROM metric_series";
    let read = |row: &Row<'_>| {
        let (metric, unit) = metric(row, 1)?;
        Ok(SeriesRow { series: row.get(0)?, metric, unit, latest: row.get(5)? })
    };
    transaction.prepare(select)?.query_map([], read)?.collect()
}

pub(super) fn put_series(transaction: &Transaction<'_>, row: &SeriesRow) -> rusqlite::Result<()> {
    let insert = "INSERT INTO metric_series VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (series) DO UPDATE SET latest = excluded.latest";
    let SeriesRow { series, metric, unit, latest } = row;
    let values = (series, &metric.namespace, &metric.name, json(&metric.dimensions)?, unit.name(), latest);
    transaction.prepare_cached(insert)?.execute(values).map(drop)
}

/// Deletes the series that were last fed before a time and have no data left.
pub(super) fn delete_series(transaction: &Transaction<'_>, before: i64) -> rusqlite::Result<()> {
    let delete = "DELETE FROM metric_series WHERE latest < ?1
        AND NOT EXISTS (SELECT 1 FROM metric_bucket WHERE metric_bucket.series = metric_series.series)";
    transaction.execute(delete, [before]).map(drop)
}

/// Every bucket from a time on: series, slot, bucket.
pub(super) fn buckets_since(transaction: &Transaction<'_>, from: i64) -> rusqlite::Result<Vec<(i64, Slot, Bucket)>> {
    let select = "SELECT series, start, seconds, bucket FROM metric_bucket WHERE start >= ?1";
    let read = |row: &Row<'_>| {
        let slot = Slot { start: row.get(1)?, seconds: row.get(2)? };
        Ok((row.get(0)?, slot, row.get(3)?))
    };
    transaction.prepare(select)?.query_map([from], read)?.collect()
}

/// The buckets of a length that begin before a time: series, start, bucket.
pub(super) fn buckets_until(
    transaction: &Transaction<'_>,
    seconds: i64,
    until: i64,
) -> rusqlite::Result<Vec<(i64, i64, Bucket)>> {
    let select = "SELECT series, start, bucket FROM metric_bucket WHERE seconds = ?1 AND start < ?2";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    transaction.prepare(select)?.query_map([seconds, until], read)?.collect()
}

pub(super) fn delete_until(transaction: &Transaction<'_>, seconds: i64, until: i64) -> rusqlite::Result<()> {
    let delete = "DELETE FROM metric_bucket WHERE seconds = ?1 AND start < ?2";
    transaction.execute(delete, (seconds, until)).map(drop)
}

/// The buckets of a series that begin within a range: start, bucket.
pub(super) fn buckets(
    transaction: &Transaction<'_>,
    series: i64,
    from: i64,
    until: i64,
) -> rusqlite::Result<Vec<(i64, Bucket)>> {
    let select = "SELECT start, bucket FROM metric_bucket WHERE series = ?1 AND start >= ?2 AND start < ?3";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    transaction.prepare_cached(select)?.query_map((series, from, until), read)?.collect()
}

/// Writes a whole bucket over what is there.
pub(super) fn replace(transaction: &Transaction<'_>, series: i64, slot: Slot, bucket: &Bucket) -> rusqlite::Result<()> {
    let insert = "INSERT OR REPLACE INTO metric_bucket VALUES (?1, ?2, ?3, ?4)";
    transaction.prepare_cached(insert)?.execute((series, slot.start, slot.seconds, bucket)).map(drop)
}

/// Adds a bucket to what is there.
pub(super) fn add(transaction: &Transaction<'_>, series: i64, slot: Slot, mut bucket: Bucket) -> rusqlite::Result<()> {
    let select = "SELECT bucket FROM metric_bucket WHERE series = ?1 AND start = ?2 AND seconds = ?3";
    let place = (series, slot.start, slot.seconds);
    let found: Option<Bucket> = transaction.prepare_cached(select)?.query_row(place, |row| row.get(0)).optional()?;
    if let Some(mut found) = found {
        found.merge(&bucket);
        bucket = found;
    }
    replace(transaction, series, slot, &bucket)
}

/// Keeps what was put; gives the number of the last.
pub(super) fn journal(transaction: &Transaction<'_>, puts: &[Put]) -> rusqlite::Result<i64> {
    let insert = "INSERT INTO metric_journal (namespace, name, dimensions, unit, start, seconds, bucket)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    for Put { metric, unit, slot, bucket } in puts {
        let dimensions = json(&metric.dimensions)?;
        let values = (&metric.namespace, &metric.name, dimensions, unit.name(), slot.start, slot.seconds, bucket);
        transaction.prepare_cached(insert)?.execute(values)?;
    }
    Ok(transaction.last_insert_rowid())
}

/// What was put and is in no bucket yet, with the number of the last.
pub(super) fn journaled(transaction: &Transaction<'_>) -> rusqlite::Result<(Vec<Put>, i64)> {
    let select =
        "SELECT namespace, name, dimensions, unit, start, seconds, bucket FROM metric_journal ORDER BY sequence";
    let read = |row: &Row<'_>| {
        let (metric, unit) = metric(row, 0)?;
        let slot = Slot { start: row.get(4)?, seconds: row.get(5)? };
        Ok(Put { metric, unit, slot, bucket: row.get(6)? })
    };
    let puts = transaction.prepare(select)?.query_map([], read)?.collect::<Result<_, _>>()?;
    let last = transaction.query_row("SELECT coalesce(max(sequence), 0) FROM metric_journal", [], |row| row.get(0))?;
    Ok((puts, last))
}

pub(super) fn forget_journal(transaction: &Transaction<'_>, until: i64) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM metric_journal WHERE sequence <= ?1", [until]).map(drop)
}
