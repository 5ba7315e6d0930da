//! Dashboards in the catalogue.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Row, Transaction};
use weir_store::Tables;

use crate::ApiError;

pub(in super::super) const TABLES: Tables = Tables {
    owner: "dashboard",
    steps: &["
CREATE TABLE dashboard_dashboard (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    modified INTEGER NOT NULL,
    tags TEXT NOT NULL
) WITHOUT ROWID;
"],
};

/// A dashboard.
pub(in super::super) struct Dashboard {
    pub(super) name: String,
    /// JSON.
    pub(super) body: String,
    /// Unix milliseconds.
    pub(super) modified: i64,
    pub(in super::super) tags: BTreeMap<String, String>,
}

const SELECT: &str = "SELECT name, body, modified, tags FROM dashboard_dashboard";

/// Tags are given when a dashboard is made; later they are changed by the operations on tags.
pub(super) fn put(transaction: &Transaction<'_>, dashboard: &Dashboard) -> Result<(), ApiError> {
    let Dashboard { name, body, modified, tags } = dashboard;
    let tags = serde_json::to_string(tags).map_err(ApiError::internal)?;
    let insert = "INSERT INTO dashboard_dashboard (name, body, modified, tags) VALUES (?1, ?2, ?3, ?4)
                  ON CONFLICT (name) DO UPDATE SET body = ?2, modified = ?3";
    transaction.execute(insert, (name, body, modified, tags)).map_err(ApiError::internal)?;
    Ok(())
}

pub(in super::super) fn set_tags(
    transaction: &Transaction<'_>,
    name: &str,
    tags: &BTreeMap<String, String>,
) -> Result<(), ApiError> {
    let tags = serde_json::to_string(tags).map_err(ApiError::internal)?;
    let update = "UPDATE dashboard_dashboard SET tags = ?2 WHERE name = ?1";
    transaction.execute(update, (name, tags)).map_err(ApiError::internal)?;
    Ok(())
}

pub(in super::super) fn get(transaction: &Transaction<'_>, name: &str) -> Result<Option<Dashboard>, ApiError> {
    let select = format!("{SELECT} WHERE name = ?1");
    transaction.query_row(&select, [name], read).optional().map_err(ApiError::internal)
}

/// By name, those behind `after`.
pub(super) fn list(
    transaction: &Transaction<'_>,
    prefix: &str,
    after: &str,
    most: usize,
) -> Result<Vec<Dashboard>, ApiError> {
    let select = format!("{SELECT} WHERE name > ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name LIMIT {most}");
    let all = || transaction.prepare(&select)?.query_map([after, prefix], read)?.collect::<rusqlite::Result<_>>();
    all().map_err(ApiError::internal)
}

/// Whether it was there.
pub(super) fn delete(transaction: &Transaction<'_>, name: &str) -> Result<bool, ApiError> {
    let deleted = transaction.execute("DELETE FROM dashboard_dashboard WHERE name = ?1", [name]);
    Ok(deleted.map_err(ApiError::internal)? > 0)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Dashboard> {
    let tags: String = row.get(3)?;
    let tags = serde_json::from_str(&tags)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, Box::new(error)))?;
    Ok(Dashboard { name: row.get(0)?, body: row.get(1)?, modified: row.get(2)?, tags })
}
