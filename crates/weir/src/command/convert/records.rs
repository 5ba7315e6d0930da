//! Records to records: another format, other fields, one file out of several.

use anyhow::{Result, anyhow, bail};
use arrow::{
    array::{ArrayRef, Int32Array, StringViewArray, new_null_array},
    compute::cast,
    datatypes::{DataType, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use std::sync::Arc;
use weir_record::{
    Field, Format, Refusals,
    read::{ReadOptions, Reader},
    write::Writer,
};

use super::{Input, target::Target};
use crate::{Outcome, destination::Destination, settings::Settings};

/// Converts files in the order given. Damage ends a file, not the conversion; a file of which nothing can be read
/// is reported, unless there is no other.
pub(super) fn convert(inputs: Vec<Input>, target: &Target, settings: &Settings) -> Result<Outcome> {
    let options = ReadOptions { strict: true, format: settings.format.clone(), ..ReadOptions::default() };
    let mut output: Option<Output> = None;
    let mut refusals = Refusals::default();
    let mut damaged = None;
    for input in inputs {
        let mut reader = match Reader::from_named_path(input.name.as_str(), &input.path, &options) {
            Ok(reader) => reader,
            Err(error) => {
                if let Some(earlier) = damaged.replace(anyhow!(error)) {
                    eprintln!("weir: {earlier}");
                }
                continue;
            }
        };
        let output = match &mut output {
            Some(output) => output,
            None => output.insert(Output::new(&input.name, &reader.schema(), target, settings.format.as_ref())?),
        };
        output.accepts(&input.name, &reader.schema())?;
        for batch in reader.by_ref() {
            match batch {
                Ok(batch) => output.writer.write(&output.fit(&batch)?)?,
                Err(error) => {
                    if let Some(earlier) = damaged.replace(anyhow!(error)) {
                        eprintln!("weir: {earlier}");
                    }
                }
            }
        }
        refusals.merge(reader.refusals().clone());
    }
    let Some(output) = output else { return Err(damaged.unwrap_or_else(|| anyhow!("nothing to read"))) };
    output.writer.finish()?.commit()?;
    if let Some(error) = &damaged {
        eprintln!("weir: {error}");
    }
    if refusals.refused > 0 {
        eprintln!("weir: {refusals}");
    }
    Ok(if damaged.is_some() || refusals.refused > 0 { Outcome::Refused } else { Outcome::Done })
}

/// The output, and what its records look like.
struct Output {
    writer: Writer<Destination>,
    schema: SchemaRef,
    /// The format that was asked for.
    format: Option<Format>,
    /// The file that decided about the fields, when none were asked for.
    first: String,
}

impl Output {
    fn new(first: &str, schema: &SchemaRef, target: &Target, format: Option<&Format>) -> Result<Self> {
        let schema = format.map_or_else(|| schema.clone(), Format::schema);
        let writer = target.create(&schema)?;
        Ok(Self { writer, schema, format: format.cloned(), first: first.to_owned() })
    }

    /// Without a format, every field of a file has to have its place in the output.
    fn accepts(&self, name: &str, schema: &Schema) -> Result<()> {
        let unknown = schema.fields().iter().find(|field| self.schema.column_with_name(field.name()).is_none());
        if let (None, Some(field)) = (&self.format, unknown) {
            let (field, first) = (field.name().replace('_', "-"), &self.first);
            bail!("{name} has the field {field}, which {first} has not; name the fields to write with --format");
        }
        Ok(())
    }

    /// The batch with the output's columns. Records in a format that was asked for have the version of that format.
    fn fit(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        if batch.schema().fields() == self.schema.fields() && self.format.is_none() {
            return Ok(batch.clone());
        }
        let column = |field: &Arc<arrow::datatypes::Field>| -> Result<ArrayRef> {
            let version = self.format.as_ref().filter(|_| field.name() == Field::Version.column()).map(Format::version);
            if let Some(version) = version {
                return Ok(Arc::new(Int32Array::from(vec![i32::from(version); batch.num_rows()])));
            }
            Ok(match (batch.column_by_name(field.name()), field.data_type()) {
                (Some(column), wanted) if column.data_type() == wanted => column.clone(),
                (Some(column), wanted) => cast(column, wanted)?,
                (None, DataType::Utf8View) => Arc::new(StringViewArray::from(vec!["-"; batch.num_rows()])),
                (None, wanted) => new_null_array(wanted, batch.num_rows()),
            })
        };
        let columns = self.schema.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}
