//! Records for what was lost after its window had ended.

use arrow::record_batch::RecordBatch;
use weir_record::{BatchBuilder, Field, Format, Value};

/// SKIPDATA records: one for each interface id, from its first second to the first after (Unix time). What else is known
/// of the interface was lost with its records.
pub fn skipdata<'a>(
    format: &Format,
    account_id: &str,
    region: &str,
    lost: impl IntoIterator<Item = (&'a str, i64, i64)>,
) -> RecordBatch {
    let mut builder = BatchBuilder::new(format.clone());
    for (id, start, end) in lost {
        builder.push(|field| match field {
            Field::Version => Value::Number(format.version().into()),
            Field::AccountId => Value::Text(account_id),
            Field::InterfaceId => Value::Text(id),
            Field::Region => Value::Text(region),
            Field::Start => Value::Number(start),
            Field::End => Value::Number(end),
            Field::LogStatus => Value::Text("SKIPDATA"),
            _ => Value::Absent,
        });
    }
    builder.finish()
}
