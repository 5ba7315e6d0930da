//! `weir query --estimate`: what statements would read.

use std::sync::Arc;

use anyhow::Result;
use arrow::{
    array::{ArrayRef, UInt64Array},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use weir_query::{Engine, Estimate};

use super::{Sink, run_options};
use crate::{Outcome, settings::Settings};

/// Writes a row for each statement: objects, partitions that hold them, bytes.
pub(super) async fn run(engine: &Engine, statements: &[String], sink: &Sink, settings: &Settings) -> Result<Outcome> {
    let mut estimates = Vec::with_capacity(statements.len());
    for statement in statements {
        estimates.push(engine.estimate(statement, &run_options(settings)).await?);
    }
    let column = |of: fn(&Estimate) -> u64| estimates.iter().map(of).collect();
    let columns = [
        ("objects", column(|estimate| estimate.objects)),
        ("partitions", column(|estimate| estimate.partitions)),
        ("bytes", column(|estimate| estimate.bytes)),
    ];
    sink.write_all(&numbers(columns)?)?;
    Ok(Outcome::Done)
}

/// Columns of numbers as rows.
pub(super) fn numbers<const N: usize>(columns: [(&str, UInt64Array); N]) -> Result<RecordBatch> {
    let fields: Vec<Field> = columns.iter().map(|(name, _)| Field::new(*name, DataType::UInt64, false)).collect();
    let arrays = columns.into_iter().map(|(_, numbers)| Arc::new(numbers) as ArrayRef).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}
