//! Partitions.

use serde_json::{Value, json};
use weir_api::{ApiError, Call};
use weir_query::metastore::MetastoreError;

use super::{Input, Metastore, detail, page, refused};

pub(super) fn create(glue: &Metastore, _: &Call, input: &Input) -> Result<(), ApiError> {
    glue.engine.create_partition(&input.database_name, &input.table_name, &input.partition_input).map_err(refused)
}

pub(super) fn batch_create(glue: &Metastore, call: &Call, input: &Input) -> Result<Value, ApiError> {
    // A table that is not there is an error of the whole.
    all(glue, call, input)?;
    let failed = |partition: &Value| {
        let done = glue.engine.create_partition(&input.database_name, &input.table_name, partition);
        Some(json!({ "PartitionValues": partition["Values"], "ErrorDetail": detail(&done.err()?) }))
    };
    Ok(json!({ "Errors": input.partition_input_list.iter().filter_map(failed).collect::<Vec<_>>() }))
}

pub(super) fn get(glue: &Metastore, call: &Call, input: &Input) -> Result<Value, ApiError> {
    let found =
        all(glue, call, input)?.into_iter().find(|partition| partition["Values"] == json!(input.partition_values));
    let missing = || refused(MetastoreError::NotFound("Cannot find partition.".to_owned()));
    Ok(json!({ "Partition": found.ok_or_else(missing)? }))
}

pub(super) fn batch_get(glue: &Metastore, call: &Call, input: &Input) -> Result<Value, ApiError> {
    let all = all(glue, call, input)?;
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for wanted in &input.partitions_to_get {
        match all.iter().find(|partition| partition["Values"] == json!(wanted.values)) {
            Some(partition) => found.push(partition.clone()),
            None => unknown.push(json!({ "Values": wanted.values })),
        }
    }
    Ok(json!({ "Partitions": found, "UnprocessedKeys": unknown }))
}

pub(super) fn list(glue: &Metastore, call: &Call, input: &Input) -> Result<Value, ApiError> {
    let expression = input.expression.as_deref();
    let all = glue.engine.partitions_where(&call.account, &input.database_name, &input.table_name, expression);
    let (page, next_token) = page(all.map_err(refused)?, input, 1000)?;
    Ok(json!({ "Partitions": page, "NextToken": next_token }))
}

pub(super) fn update(glue: &Metastore, _: &Call, input: &Input) -> Result<(), ApiError> {
    let (database, table) = (&input.database_name, &input.table_name);
    let done = glue.engine.update_partition(database, table, &input.partition_value_list, &input.partition_input);
    done.map_err(refused)
}

pub(super) fn delete(glue: &Metastore, _: &Call, input: &Input) -> Result<(), ApiError> {
    let (database, table) = (&input.database_name, &input.table_name);
    glue.engine.delete_partition(database, table, &input.partition_values).map_err(refused)
}

pub(super) fn batch_delete(glue: &Metastore, call: &Call, input: &Input) -> Result<Value, ApiError> {
    all(glue, call, input)?;
    let mut errors = Vec::new();
    for partition in &input.partitions_to_delete {
        let done = glue.engine.delete_partition(&input.database_name, &input.table_name, &partition.values);
        if let Err(error) = done {
            errors.push(json!({ "PartitionValues": partition.values, "ErrorDetail": detail(&error) }));
        }
    }
    Ok(json!({ "Errors": errors }))
}

fn all(glue: &Metastore, call: &Call, input: &Input) -> Result<Vec<Value>, ApiError> {
    glue.engine.partitions(&call.account, &input.database_name, &input.table_name).map_err(refused)
}
