//! The tables of alarms in the catalogue.
//!
//! `alarm_alarm` holds each alarm: how it was put, how it stands, its tags, each as JSON. `alarm_history` holds what
//! happened.

use std::collections::BTreeMap;

use rusqlite::{Row, Transaction, params_from_iter};
use serde::{Deserialize, Serialize};
use weir_store::Tables;

use super::{
    AlarmError,
    definition::Definition,
    input::{AlarmHistoryItem, DescribeAlarmHistoryInput},
    state::StateValue,
};

pub(super) const TABLES: Tables = Tables {
    owner: "alarm",
    steps: &["
CREATE TABLE alarm_alarm (
    name TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    status TEXT NOT NULL,
    tags TEXT NOT NULL
);
CREATE TABLE alarm_history (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    type TEXT NOT NULL,
    summary TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX alarm_history_time ON alarm_history (timestamp);
"],
};

/// How long history is kept, in milliseconds: 30 days.
const HISTORY_KEPT: i64 = 30 * 86_400_000;

/// How an alarm stands. Times are Unix milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Status {
    /// When it was last put.
    pub(super) configured: i64,
    pub(super) state: StateValue,
    pub(super) reason: String,
    pub(super) reason_data: Option<String>,
    /// When the state was last set, and when it was last another one.
    pub(super) updated: i64,
    pub(super) transitioned: i64,
    /// The end of the span of data that the state comes from.
    pub(super) judged: i64,
    /// Of a composite alarm: the states that its own comes from; none until it is evaluated.
    #[serde(default)]
    pub(super) children: Option<BTreeMap<String, StateValue>>,
    /// Of a composite alarm that is kept silent.
    #[serde(default)]
    pub(super) silence: Option<Silence>,
}

/// Why a composite alarm is kept silent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Silence {
    pub(super) by: SilencedBy,
    /// When waiting ends.
    pub(super) until: i64,
    /// The state that its actions were last told of.
    pub(super) told: StateValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SilencedBy {
    /// The suppressor may go into alarm yet.
    WaitPeriod,
    /// It is in alarm.
    Alarm,
    /// It left alarm not long ago.
    ExtensionPeriod,
}

/// An alarm as it lies in the catalogue.
pub(super) struct AlarmRow {
    pub(super) definition: Definition,
    pub(super) status: Status,
    pub(super) tags: BTreeMap<String, String>,
}

/// What is asked of the history.
pub(super) struct HistoryQuery<'a> {
    pub(super) input: &'a DescribeAlarmHistoryInput,
    pub(super) kinds: Vec<String>,
    pub(super) ascending: bool,
    /// The number of the item before.
    pub(super) after: Option<i64>,
    pub(super) most: usize,
}

pub(super) fn alarms(transaction: &Transaction<'_>) -> Result<Vec<AlarmRow>, AlarmError> {
    let mut select = transaction.prepare("SELECT name, definition, status, tags FROM alarm_alarm ORDER BY name")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    rows.map(|row| {
        let (alarm, definition, status, tags): (String, String, String, String) = row?;
        Ok(AlarmRow {
            definition: decode(&alarm, &definition)?,
            status: decode(&alarm, &status)?,
            tags: decode(&alarm, &tags)?,
        })
    })
    .collect()
}

fn decode<T: for<'a> Deserialize<'a>>(alarm: &str, text: &str) -> Result<T, AlarmError> {
    let damaged =
        |error: serde_json::Error| AlarmError::Damaged { alarm: alarm.to_owned(), message: error.to_string() };
    serde_json::from_str(text).map_err(damaged)
}

fn encode<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

pub(super) fn put(transaction: &Transaction<'_>, row: &AlarmRow) -> Result<(), AlarmError> {
    let AlarmRow { definition, status, tags } = row;
    let values = (&definition.head().alarm_name, encode(definition)?, encode(status)?, encode(tags)?);
    transaction.execute("INSERT OR REPLACE INTO alarm_alarm VALUES (?1, ?2, ?3, ?4)", values)?;
    Ok(())
}

pub(super) fn put_status(transaction: &Transaction<'_>, name: &str, status: &Status) -> Result<(), AlarmError> {
    transaction.execute("UPDATE alarm_alarm SET status = ?2 WHERE name = ?1", (name, encode(status)?))?;
    Ok(())
}

pub(super) fn delete(transaction: &Transaction<'_>, name: &str) -> Result<(), AlarmError> {
    transaction.execute("DELETE FROM alarm_alarm WHERE name = ?1", [name])?;
    Ok(())
}

/// Adds to the history, and deletes what is too old.
pub(super) fn add_history(transaction: &Transaction<'_>, item: &AlarmHistoryItem) -> Result<(), AlarmError> {
    let insert =
        "INSERT INTO alarm_history (name, kind, timestamp, type, summary, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let AlarmHistoryItem { alarm_name, alarm_type, timestamp, history_item_type, history_summary, history_data } = item;
    let values = (alarm_name, alarm_type, timestamp, history_item_type, history_summary, history_data);
    transaction.execute(insert, values)?;
    transaction.execute("DELETE FROM alarm_history WHERE timestamp < ?1", [timestamp - HISTORY_KEPT])?;
    Ok(())
}

/// The items that are asked for, each with its number.
pub(super) fn history(
    transaction: &Transaction<'_>,
    query: &HistoryQuery<'_>,
) -> Result<Vec<(i64, AlarmHistoryItem)>, AlarmError> {
    let DescribeAlarmHistoryInput { alarm_name, history_item_type, start_date, end_date, .. } = query.input;
    let mut select =
        "SELECT sequence, name, kind, timestamp, type, summary, data FROM alarm_history WHERE true".to_owned();
    let mut values: Vec<rusqlite::types::Value> = Vec::new();
    let (after, order) = if query.ascending { (" AND sequence > ?", "ASC") } else { (" AND sequence < ?", "DESC") };
    let conditions = [
        (" AND name = ?", alarm_name.clone().map(Into::into)),
        (" AND type = ?", history_item_type.clone().map(Into::into)),
        (" AND timestamp >= ?", start_date.map(Into::into)),
        (" AND timestamp <= ?", end_date.map(Into::into)),
        (after, query.after.map(Into::into)),
    ];
    for (condition, value) in conditions {
        if let Some(value) = value {
            select.push_str(condition);
            values.push(value);
        }
    }
    let kinds = vec!["?"; query.kinds.len()].join(", ");
    select.push_str(&format!(" AND kind IN ({kinds}) ORDER BY sequence {order} LIMIT {}", query.most));
    values.extend(query.kinds.iter().cloned().map(Into::into));
    let mut select = transaction.prepare(&select)?;
    let read = |row: &Row<'_>| {
        let item = AlarmHistoryItem {
            alarm_name: row.get(1)?,
            alarm_type: row.get(2)?,
            timestamp: row.get(3)?,
            history_item_type: row.get(4)?,
            history_summary: row.get(5)?,
            history_data: row.get(6)?,
        };
        Ok((row.get(0)?, item))
    };
    Ok(select.query_map(params_from_iter(values), read)?.collect::<Result<_, _>>()?)
}
