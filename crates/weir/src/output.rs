//! Answers written for people or for programs.

mod json;
mod table;

use std::io::Write;

use anyhow::{Context as _, Result};
use arrow::{
    array::ArrayRef,
    datatypes::{DataType, SchemaRef},
    record_batch::RecordBatch,
    util::display::{ArrayFormatter, FormatOptions},
};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};

use crate::settings::Output;
use table::Table;

/// Writes the batches of one answer.
pub struct Printer<W: Write + Send> {
    schema: SchemaRef,
    kind: Kind<W>,
    rows: u64,
}

enum Kind<W: Write + Send> {
    Table(Table<W>),
    Csv(W),
    JsonLines(W),
    Parquet(Box<ArrowWriter<W>>),
}

impl<W: Write + Send> Printer<W> {
    /// A printer for an answer of this schema. A table is made to fit `width` characters, if given.
    ///
    /// # Errors
    /// When the first bytes cannot be written.
    pub fn new(output: Output, schema: SchemaRef, mut out: W, width: Option<usize>) -> Result<Self> {
        let kind = match output {
            Output::Table => Kind::Table(Table::new(&schema, out, width)),
            Output::Csv => {
                write_csv_header(&mut out, &schema)?;
                Kind::Csv(out)
            }
            Output::JsonLines => Kind::JsonLines(out),
            Output::Parquet => {
                let properties =
                    WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
                let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties))
                    .context("the answer has a column that Parquet cannot hold")?;
                Kind::Parquet(Box::new(writer))
            }
        };
        Ok(Self { schema, kind, rows: 0 })
    }

    /// Writes the rows of one batch.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        match &mut self.kind {
            Kind::Table(table) => table.write(batch)?,
            Kind::Csv(out) => write_csv(out, batch)?,
            Kind::JsonLines(out) => json::write(out, &self.schema, batch)?,
            Kind::Parquet(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    /// Writes what is left; returns where it was written and how many rows there were.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<(W, u64)> {
        let out = match self.kind {
            Kind::Table(table) => table.finish()?,
            Kind::Csv(out) | Kind::JsonLines(out) => out,
            Kind::Parquet(writer) => writer.into_inner()?,
        };
        Ok((out, self.rows))
    }
}

/// As Athena writes result files: every value in double quotes, quotes in it doubled, and nothing at all for
/// NULL, so that NULL and the empty text can be told apart.
fn write_csv(out: &mut impl Write, batch: &RecordBatch) -> Result<()> {
    let columns = texts(batch.columns())?;
    let mut line = String::new();
    for row in 0..batch.num_rows() {
        line.clear();
        for (index, (texts, column)) in columns.iter().zip(batch.columns()).enumerate() {
            if index > 0 {
                line.push(',');
            }
            if column.is_valid(row) {
                push_quoted(&mut line, |line| texts.push(row, line))?;
            }
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

fn write_csv_header(out: &mut impl Write, schema: &SchemaRef) -> Result<()> {
    let mut line = String::new();
    for (index, field) in schema.fields().iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        push_quoted(&mut line, |line| {
            line.push_str(field.name());
            Ok(())
        })?;
    }
    line.push('\n');
    Ok(out.write_all(line.as_bytes())?)
}

/// Adds what `value` writes to the line, in double quotes.
fn push_quoted(line: &mut String, value: impl FnOnce(&mut String) -> Result<()>) -> Result<()> {
    line.push('"');
    let start = line.len();
    value(line)?;
    if line[start..].contains('"') {
        let doubled = line[start..].replace('"', "\"\"");
        line.replace_range(start.., &doubled);
    }
    line.push('"');
    Ok(())
}

/// The columns as Athena writes values as text.
fn texts(columns: &[ArrayRef]) -> Result<Vec<Texts<'_>>> {
    columns.iter().map(Texts::new).collect()
}

/// The values of a column as text.
struct Texts<'a> {
    column: &'a ArrayRef,
    /// For what Arrow and Athena write alike, without a text of its own for each value.
    plain: Option<ArrayFormatter<'a>>,
}

impl<'a> Texts<'a> {
    fn new(column: &'a ArrayRef) -> Result<Self> {
        let kind = column.data_type();
        let alike = kind.is_integer() || kind.is_string() || matches!(kind, DataType::Boolean | DataType::Date32);
        let plain = if alike { Some(ArrayFormatter::try_new(column.as_ref(), &FORMAT)?) } else { None };
        Ok(Self { column, plain })
    }

    /// Adds the value of a row that is not NULL.
    fn push(&self, row: usize, into: &mut String) -> Result<()> {
        match &self.plain {
            Some(plain) => plain.value(row).write(into)?,
            None => into.extend(weir_query::text::value(self.column.as_ref(), row)),
        }
        Ok(())
    }
}

const FORMAT: FormatOptions<'static> = FormatOptions::new().with_date_format(Some("%Y-%m-%d"));
