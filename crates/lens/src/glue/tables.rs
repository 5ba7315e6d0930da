//! Tables.

use serde_json::{Value, json};
use weir_api::{ApiError, Call};

use super::{Input, Metastore, detail, page, refused};
use crate::wait;

pub(super) fn create(glue: &Metastore, call: &Call, input: &Input) -> Result<(), ApiError> {
    glue.engine.create_table(&input.database_name, &input.table_input, call.now).map_err(refused)
}

pub(super) fn get(glue: &Metastore, call: &Call, input: &Input) -> Result<Value, ApiError> {
    let found = glue.engine.table(&call.account, &input.database_name, &input.name);
    Ok(json!({ "Table": wait(&glue.runtime, found).map_err(refused)? }))
}

pub(super) fn list(glue: &Metastore, call: &Call, input: &Input) -> Result<Value, ApiError> {
    let expression = input.expression.as_deref();
    let all = glue.engine.tables_like(&call.account, &input.database_name, expression);
    let (page, next_token) = page(wait(&glue.runtime, all).map_err(refused)?, input, 100)?;
    Ok(json!({ "TableList": page, "NextToken": next_token }))
}

pub(super) fn update(glue: &Metastore, call: &Call, input: &Input) -> Result<(), ApiError> {
    glue.engine.update_table(&input.database_name, &input.table_input, call.now).map_err(refused)
}

pub(super) fn delete(glue: &Metastore, _: &Call, input: &Input) -> Result<(), ApiError> {
    glue.engine.delete_table(&input.database_name, &input.name).map_err(refused)
}

pub(super) fn batch_delete(glue: &Metastore, _: &Call, input: &Input) -> Result<Value, ApiError> {
    let failed = |table: &String| match glue.engine.delete_table(&input.database_name, table) {
        Ok(()) => None,
        Err(error) => Some(json!({ "TableName": table, "ErrorDetail": detail(&error) })),
    };
    Ok(json!({ "Errors": input.tables_to_delete.iter().filter_map(failed).collect::<Vec<_>>() }))
}
