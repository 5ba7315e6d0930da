//! What is defined beside log groups: resource policies, subscription filters, export tasks. Of one region each. And how far
//! subscription filters have come.

use rusqlite::{OptionalExtension as _, Transaction};
use serde::{Serialize, de::DeserializeOwned};
use weir_store::Tables;

use crate::ApiError;

pub(super) const TABLES: Tables = Tables {
    owner: "logsapi",
    steps: &[
        "
CREATE TABLE logsapi_definition (
    kind TEXT NOT NULL,
    region TEXT NOT NULL,
    -- The log group of a subscription filter; empty for the others.
    log_group TEXT NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (kind, region, log_group, name)
) WITHOUT ROWID;
",
        "
CREATE TABLE logsapi_forwarded (
    region TEXT NOT NULL,
    log_group TEXT NOT NULL,
    -- The subscription filter.
    name TEXT NOT NULL,
    -- The last batch of the log group that it need not hand on any more.
    position INTEGER NOT NULL,
    PRIMARY KEY (region, log_group, name)
) WITHOUT ROWID;
",
    ],
};

/// Definitions of one kind, kept as JSON.
pub(super) trait Definition: Serialize + DeserializeOwned {
    /// In the catalogue.
    const KIND: &'static str;

    /// The log group that it belongs to; empty if it belongs to none.
    fn group(&self) -> &str;

    /// One of a kind within its group.
    fn name(&self) -> &str;
}

/// Writes one, in the place of one of its name.
pub(super) fn put<D: Definition>(transaction: &Transaction<'_>, region: &str, definition: &D) -> Result<(), ApiError> {
    let text = serde_json::to_string(definition).map_err(ApiError::internal)?;
    let insert = "INSERT OR REPLACE INTO logsapi_definition VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = (D::KIND, region, definition.group(), definition.name(), text);
    transaction.execute(insert, values).map_err(ApiError::internal)?;
    Ok(())
}

/// The one of this name, if there is one.
pub(super) fn get<D: Definition>(
    transaction: &Transaction<'_>,
    region: &str,
    group: &str,
    name: &str,
) -> Result<Option<D>, ApiError> {
    let select = "SELECT definition FROM logsapi_definition
                  WHERE kind = ?1 AND region = ?2 AND log_group = ?3 AND name = ?4";
    let row = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    let text = transaction.query_row(select, (D::KIND, region, group, name), row).optional();
    text.map_err(ApiError::internal)?.map(|text| decoded(&text)).transpose()
}

/// All of a group, by name.
pub(super) fn of_group<D: Definition>(
    transaction: &Transaction<'_>,
    region: &str,
    group: &str,
) -> Result<Vec<D>, ApiError> {
    let select = "SELECT definition FROM logsapi_definition
                  WHERE kind = ?1 AND region = ?2 AND log_group = ?3 ORDER BY name";
    let read = || {
        let mut select = transaction.prepare(select)?;
        let rows = select.query_map((D::KIND, region, group), |row| row.get::<_, String>(0))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(ApiError::internal)?.iter().map(|text| decoded(text)).collect()
}

/// All of them, with their regions.
pub(super) fn all<D: Definition>(transaction: &Transaction<'_>) -> Result<Vec<(String, D)>, ApiError> {
    let select = "SELECT region, definition FROM logsapi_definition WHERE kind = ?1 ORDER BY region, log_group, name";
    let read = || {
        let mut select = transaction.prepare(select)?;
        let rows = select.query_map([D::KIND], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<(String, String)>>>()
    };
    let rows = read().map_err(ApiError::internal)?;
    rows.into_iter().map(|(region, text)| Ok((region, decoded(&text)?))).collect()
}

/// Whether it was there.
pub(super) fn delete<D: Definition>(
    transaction: &Transaction<'_>,
    region: &str,
    group: &str,
    name: &str,
) -> Result<bool, ApiError> {
    let delete = "DELETE FROM logsapi_definition WHERE kind = ?1 AND region = ?2 AND log_group = ?3 AND name = ?4";
    let deleted = transaction.execute(delete, (D::KIND, region, group, name));
    Ok(deleted.map_err(ApiError::internal)? > 0)
}

/// All that belongs to a log group.
pub(super) fn delete_group(transaction: &Transaction<'_>, region: &str, group: &str) -> Result<(), ApiError> {
    let deletes = [
        "DELETE FROM logsapi_definition WHERE region = ?1 AND log_group = ?2 AND log_group <> ''",
        "DELETE FROM logsapi_forwarded WHERE region = ?1 AND log_group = ?2",
    ];
    for delete in deletes {
        transaction.execute(delete, (region, group)).map_err(ApiError::internal)?;
    }
    Ok(())
}

fn decoded<D: DeserializeOwned>(text: &str) -> Result<D, ApiError> {
    serde_json::from_str(text).map_err(|error| ApiError::internal(format!("the catalogue is damaged: {error}")))
}
