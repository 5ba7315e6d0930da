//! How far subscription filters have come: the position in the log group behind which they go on.

use rusqlite::{OptionalExtension as _, Transaction};

use super::Key;
use crate::ApiError;

/// A filter begins behind this position. One that is put again goes on where it was.
pub(super) fn begin(transaction: &Transaction<'_>, key: &Key, position: u64) -> Result<(), ApiError> {
    let insert = "INSERT OR IGNORE INTO logsapi_forwarded VALUES (?1, ?2, ?3, ?4)";
    let (region, group, name) = key;
    transaction.execute(insert, (region, group, name, position.cast_signed())).map_err(ApiError::internal)?;
    Ok(())
}

/// Where a filter goes on; none of one that never began.
pub(super) fn read(transaction: &Transaction<'_>, key: &Key) -> Result<Option<u64>, ApiError> {
    let select = "SELECT position FROM logsapi_forwarded WHERE region = ?1 AND log_group = ?2 AND name = ?3";
    let (region, group, name) = key;
    let position = transaction.query_row(select, (region, group, name), |row| row.get::<_, i64>(0)).optional();
    Ok(position.map_err(ApiError::internal)?.map(i64::cast_unsigned))
}

/// A filter has come so far. Does nothing when it was deleted.
pub(super) fn write(transaction: &Transaction<'_>, key: &Key, position: u64) -> Result<(), ApiError> {
    let update = "UPDATE logsapi_forwarded SET position = max(position, ?4)
                  WHERE region = ?1 AND log_group = ?2 AND name = ?3";
    let (region, group, name) = key;
    transaction.execute(update, (region, group, name, position.cast_signed())).map_err(ApiError::internal)?;
    Ok(())
}

/// A filter is no more.
pub(super) fn end(transaction: &Transaction<'_>, key: &Key) -> Result<(), ApiError> {
    let delete = "DELETE FROM logsapi_forwarded WHERE region = ?1 AND log_group = ?2 AND name = ?3";
    let (region, group, name) = key;
    transaction.execute(delete, (region, group, name)).map_err(ApiError::internal)?;
    Ok(())
}
