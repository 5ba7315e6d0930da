//! Metric filters in the catalogue.

use rusqlite::{Transaction, types::Type};
use weir_store::Tables;

use super::{MetricFilter, State};

pub(crate) const TABLES: Tables = Tables {
    owner: "filter",
    steps: &["
        CREATE TABLE filter_metric (
            log_group TEXT NOT NULL,
            name TEXT NOT NULL,
            definition TEXT NOT NULL, -- JSON, as DescribeMetricFilters gives it
            state TEXT, -- JSON: what the filter must remember
            PRIMARY KEY (log_group, name)
        ) WITHOUT ROWID;
        -- One row: up to which position log events went into metrics.
        CREATE TABLE filter_settled (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL);
        INSERT INTO filter_settled VALUES (1, 0);
    "],
};

/// Every filter with its state.
pub(crate) fn filters(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<(MetricFilter, State)>> {
    let mut select = transaction.prepare("SELECT definition, coalesce(state, 'null') FROM filter_metric")?;
    let rows = select.query_map([], |row| {
        let state: Option<State> = json(&row.get::<_, String>(1)?, 1)?;
        Ok((json(&row.get::<_, String>(0)?, 0)?, state.unwrap_or_default()))
    })?;
    rows.collect()
}

fn json<T: serde::de::DeserializeOwned>(text: &str, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

/// Writes a filter without a state.
pub(crate) fn put(transaction: &Transaction<'_>, filter: &MetricFilter) -> rusqlite::Result<()> {
    let definition = to_json(filter)?;
    let insert = "INSERT OR REPLACE INTO filter_metric (log_group, name, definition) VALUES (?1, ?2, ?3)";
    transaction.execute(insert, (&filter.log_group_name, &filter.filter_name, definition))?;
    Ok(())
}

fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

pub(crate) fn delete(transaction: &Transaction<'_>, group: &str, name: &str) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM filter_metric WHERE log_group = ?1 AND name = ?2", (group, name))?;
    Ok(())
}

pub(crate) fn delete_group(transaction: &Transaction<'_>, group: &str) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM filter_metric WHERE log_group = ?1", [group])?;
    Ok(())
}

pub(crate) fn put_state(transaction: &Transaction<'_>, group: &str, name: &str, state: &State) -> rusqlite::Result<()> {
    let update = "UPDATE filter_metric SET state = ?3 WHERE log_group = ?1 AND name = ?2";
    transaction.execute(update, (group, name, to_json(state)?))?;
    Ok(())
}

pub(crate) fn settled(transaction: &Transaction<'_>) -> rusqlite::Result<u64> {
    let position: i64 = transaction.query_row("SELECT position FROM filter_settled", [], |row| row.get(0))?;
    Ok(position.cast_unsigned())
}

pub(crate) fn settle(transaction: &Transaction<'_>, position: u64) -> rusqlite::Result<()> {
    transaction.execute("UPDATE filter_settled SET position = ?1", [position.cast_signed()])?;
    Ok(())
}
