//! Databases.

use serde_json::{Value, json};
use weir_api::{ApiError, Call};

use super::{Input, Metastore, page, refused};

pub(super) fn create(glue: &Metastore, call: &Call, input: &Input) -> Result<(), ApiError> {
    glue.engine.create_database(&input.database_input, call.now).map_err(refused)
}

pub(super) fn get(glue: &Metastore, call: &Call, input: &Input) -> Result<Value, ApiError> {
    Ok(json!({ "Database": glue.engine.database(&call.account, &input.name).map_err(refused)? }))
}

pub(super) fn list(glue: &Metastore, call: &Call, input: &Input) -> Result<Value, ApiError> {
    let (page, next_token) = page(glue.engine.databases(&call.account).map_err(refused)?, input, 100)?;
    Ok(json!({ "DatabaseList": page, "NextToken": next_token }))
}

pub(super) fn update(glue: &Metastore, _: &Call, input: &Input) -> Result<(), ApiError> {
    glue.engine.update_database(&input.name, &input.database_input).map_err(refused)
}

pub(super) fn delete(glue: &Metastore, _: &Call, input: &Input) -> Result<(), ApiError> {
    glue.engine.delete_database(&input.name).map_err(refused)
}
