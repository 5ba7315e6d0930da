//! The tables of log groups in the catalogue.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, Transaction};

use super::{LogsError, groups::Stream, segment::Summary};
use crate::Tables;

/// What the log groups keep in the catalogue.
pub(super) const TABLES: Tables = Tables {
    owner: "logs",
    steps: &[
        "
CREATE TABLE logs_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    creation_time INTEGER NOT NULL,
    retention_days INTEGER,
    format TEXT,
    -- Batches up to this position are in segments.
    segmented INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE logs_tag (
    group_id INTEGER NOT NULL REFERENCES logs_group ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (group_id, name)
) WITHOUT ROWID;
CREATE TABLE logs_stream (
    group_id INTEGER NOT NULL REFERENCES logs_group ON DELETE CASCADE,
    name TEXT NOT NULL,
    creation_time INTEGER NOT NULL,
    first_event INTEGER,
    last_event INTEGER,
    last_ingestion INTEGER,
    PRIMARY KEY (group_id, name)
) WITHOUT ROWID;
-- Streams that were deleted: what they held up to this position is no longer there.
CREATE TABLE logs_deleted_stream (
    group_id INTEGER NOT NULL REFERENCES logs_group ON DELETE CASCADE,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (group_id, name)
) WITHOUT ROWID;
CREATE TABLE logs_segment (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL REFERENCES logs_group ON DELETE CASCADE,
    format TEXT,
    rows INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    first_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL
);
CREATE INDEX logs_segment_of_group ON logs_segment (group_id);
",
        "
ALTER TABLE logs_group ADD COLUMN class TEXT NOT NULL DEFAULT 'STANDARD';
ALTER TABLE logs_group ADD COLUMN deletion_protection INTEGER NOT NULL DEFAULT 0;
",
    ],
};

/// A group as the catalogue has it.
pub(super) struct GroupRow {
    pub id: i64,
    pub name: String,
    pub creation_time: i64,
    pub retention_days: Option<u32>,
    pub format: Option<String>,
    pub class: String,
    pub deletion_protection: bool,
    pub segmented: u64,
    pub tags: BTreeMap<String, String>,
    pub streams: Vec<(String, Stream)>,
    pub deleted_streams: Vec<(String, u64)>,
    pub segments: Vec<Summary>,
}

/// All groups.
pub(super) fn read_groups(transaction: &Transaction<'_>) -> Result<Vec<GroupRow>, LogsError> {
    let mut select = transaction.prepare(
        "SELECT id, name, creation_time, retention_days, format, segmented, class, deletion_protection
         FROM logs_group ORDER BY id",
    )?;
    let rows = select.query_map([], |row| {
        Ok(GroupRow {
            id: row.get(0)?,
            name: row.get(1)?,
            creation_time: row.get(2)?,
            retention_days: row.get(3)?,
            format: row.get(4)?,
            segmented: unsigned(row.get(5)?),
            class: row.get(6)?,
            deletion_protection: row.get(7)?,
            tags: BTreeMap::new(),
            streams: Vec::new(),
            deleted_streams: Vec::new(),
            segments: Vec::new(),
        })
    })?;
    let mut groups = rows.collect::<Result<Vec<_>, _>>()?;
    for group in &mut groups {
        let named = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let tags = "SELECT name, value FROM logs_tag WHERE group_id = ?1";
        group.tags = transaction.prepare(tags)?.query_map([group.id], named)?.collect::<Result<_, _>>()?;
        let deleted = "SELECT name, position FROM logs_deleted_stream WHERE group_id = ?1";
        let at = |row: &Row<'_>| Ok((row.get(0)?, unsigned(row.get(1)?)));
        group.deleted_streams = transaction.prepare(deleted)?.query_map([group.id], at)?.collect::<Result<_, _>>()?;
        group.streams = read_streams(transaction, group.id)?;
        group.segments = read_segments(transaction, group.id)?;
    }
    Ok(groups)
}

fn read_streams(transaction: &Transaction<'_>, group: i64) -> Result<Vec<(String, Stream)>, LogsError> {
    let select =
        "SELECT name, creation_time, first_event, last_event, last_ingestion FROM logs_stream WHERE group_id = ?1";
    let stream = |row: &Row<'_>| {
        let stream = Stream {
            creation_time: row.get(1)?,
            first_event: row.get(2)?,
            last_event: row.get(3)?,
            last_ingestion: row.get(4)?,
            changed: false,
        };
        Ok((row.get(0)?, stream))
    };
    Ok(transaction.prepare(select)?.query_map([group], stream)?.collect::<Result<_, _>>()?)
}

fn read_segments(transaction: &Transaction<'_>, group: i64) -> Result<Vec<Summary>, LogsError> {
    let select = "SELECT number, format, rows, stored_bytes, first_position, last_position, first_time, last_time
        FROM logs_segment WHERE group_id = ?1 ORDER BY number";
    let mut select = transaction.prepare(select)?;
    let mut rows = select.query([group])?;
    let mut segments = Vec::new();
    while let Some(row) = rows.next()? {
        let format: Option<String> = row.get(1)?;
        segments.push(Summary {
            number: row.get(0)?,
            format: format.map(|text| text.parse()).transpose().map_err(|error| broken_format(&error))?,
            rows: unsigned(row.get(2)?),
            stored_bytes: unsigned(row.get(3)?),
            positions: (unsigned(row.get(4)?), unsigned(row.get(5)?)),
            times: (row.get(6)?, row.get(7)?),
        });
    }
    Ok(segments)
}

/// A format in the catalogue is none that this program knows.
pub(super) fn broken_format(error: &weir_record::FormatError) -> LogsError {
    LogsError::Columns { doing: "read", path: "catalogue.sqlite".into(), problem: error.to_string() }
}

/// The number of the next segment: none that any segment ever had.
pub(super) fn next_segment(transaction: &Transaction<'_>) -> Result<i64, LogsError> {
    let last = "SELECT seq FROM sqlite_sequence WHERE name = 'logs_segment'";
    let last: Option<i64> = transaction.query_row(last, [], |row| row.get(0)).optional()?;
    Ok(last.unwrap_or(0) + 1)
}

/// Puts new segments in the place of old ones, and says up to where all batches of the group are in segments.
///
/// False when the group is no longer there: then nothing was done.
pub(super) fn exchange(
    transaction: &Transaction<'_>,
    group: i64,
    new: &[Summary],
    old: &[i64],
    segmented: Option<u64>,
) -> Result<bool, LogsError> {
    let there = "SELECT count(*) FROM logs_group WHERE id = ?1";
    if transaction.query_row(there, [group], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(false);
    }
    for number in old {
        transaction.execute("DELETE FROM logs_segment WHERE number = ?1", [number])?;
    }
    for summary in new {
        let format = summary.format.as_ref().map(ToString::to_string);
        transaction.execute(
            "INSERT INTO logs_segment VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            rusqlite::params![
                summary.number,
                group,
                format,
                signed(summary.rows),
                signed(summary.stored_bytes),
                signed(summary.positions.0),
                signed(summary.positions.1),
                summary.times.0,
                summary.times.1,
            ],
        )?;
    }
    if let Some(segmented) = segmented {
        transaction.execute("UPDATE logs_group SET segmented = ?2 WHERE id = ?1", (group, signed(segmented)))?;
    }
    Ok(true)
}

/// Keeps what is known of a stream's events.
pub(super) fn write_stream(
    transaction: &Transaction<'_>,
    group: i64,
    name: &str,
    stream: &Stream,
) -> Result<(), LogsError> {
    transaction.execute(
        "UPDATE logs_stream SET first_event = ?3, last_event = ?4, last_ingestion = ?5 WHERE group_id = ?1 AND name = ?2",
        (group, name, stream.first_event, stream.last_event, stream.last_ingestion),
    )?;
    Ok(())
}

/// SQLite's integers have a sign. Positions and counts stay far below its limit.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
