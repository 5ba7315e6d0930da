//! `WITH (…)` of CREATE TABLE AS and of UNLOAD.

use super::format::Format;
use crate::error::{Code, Error};
use crate::hive::{Property, TableDefinition, TableFormat};
use crate::table::RowFormat;

/// What a statement writes, and where.
#[derive(Debug, Clone)]
pub(super) struct WriteOptions {
    pub(super) format: Format,
    pub(super) location: Option<String>,
    /// The last columns of the query.
    pub(super) partitioned_by: Vec<String>,
}

/// The properties of CREATE TABLE AS.
pub(super) const TABLE: &[&str] = &[
    "format",
    "external_location",
    "field_delimiter",
    "partitioned_by",
    "write_compression",
    "parquet_compression",
    "table_type",
];

/// The properties of UNLOAD.
pub(super) const UNLOAD: &[&str] = &["format", "compression", "compression_level", "field_delimiter", "partitioned_by"];

/// What lies between cells when nobody says so: Hive's.
const DELIMITER: u8 = 1;

impl WriteOptions {
    /// # Errors
    /// For a property that is not among `known`, a format that is not written, and the like.
    pub(super) fn read(properties: &[Property], known: &[&str]) -> Result<Self, Error> {
        if let Some(unknown) = properties.iter().find(|property| !known.contains(&property.key.as_str())) {
            let message = format!("property '{}' is not supported; these are: {}", unknown.key, known.join(", "));
            return Err(Error::at(Code::NotSupported, unknown.position, message));
        }
        let get = |key: &str| properties.iter().find(|property| property.key == key);
        let text = |key: &str| get(key).and_then(|property| property.values.first().cloned());
        if let Some(property) =
            get("table_type").filter(|property| property.values.iter().any(|kind| !kind.eq_ignore_ascii_case("hive")))
        {
            return Err(Error::at(
                Code::NotSupported,
                property.position,
                "tables of Iceberg are not supported; table_type is 'HIVE'",
            ));
        }
        let compression =
            text("write_compression").or_else(|| text("parquet_compression")).or_else(|| text("compression"));
        Ok(WriteOptions {
            format: format(get("format"), compression.as_deref(), get("field_delimiter"))?,
            location: text("external_location"),
            partitioned_by: get("partitioned_by").map(|property| lowered(&property.values)).unwrap_or_default(),
        })
    }

    /// As the objects of a table are.
    ///
    /// # Errors
    /// For a SerDe that does not write.
    pub(super) fn of_table(table: &TableDefinition) -> Result<Self, Error> {
        let format = match &table.format {
            TableFormat::Parquet => Format::parquet("GZIP").unwrap_or(TEXT),
            TableFormat::Text { delimiter } => {
                Format::Text { delimiter: u8::try_from(*delimiter).unwrap_or(DELIMITER), gzip: true }
            }
            TableFormat::Rows { serde, properties } => rows(serde, properties)?,
        };
        let partitioned_by = table.partitioned_by.iter().map(|column| column.name.clone()).collect();
        Ok(WriteOptions { format, location: None, partitioned_by })
    }
}

/// What is written when nothing is said.
const TEXT: Format = Format::Text { delimiter: DELIMITER, gzip: true };

/// How rows are written that this SerDe reads.
fn rows(serde: &str, properties: &[(String, String)]) -> Result<Format, Error> {
    match RowFormat::new(serde, properties, &[]) {
        Some(Ok(RowFormat::Csv(rules))) => Ok(Format::Csv { rules, gzip: true }),
        Some(Ok(RowFormat::Json(rules))) if !rules.renames() => Ok(Format::Json { gzip: true }),
        _ => {
            let message = format!("{serde} does not write rows with these properties; insert into another table");
            Err(Error::new(Code::NotSupported, message))
        }
    }
}

fn lowered(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.to_lowercase()).collect()
}

fn format(format: Option<&Property>, compression: Option<&str>, delimiter: Option<&Property>) -> Result<Format, Error> {
    let name =
        format.and_then(|property| property.values.first()).map_or("PARQUET", String::as_str).to_ascii_uppercase();
    let refused = |what: String| match format {
        Some(property) => Error::at(Code::NotSupported, property.position, what),
        None => Error::new(Code::NotSupported, what),
    };
    let gzip = match compression.map(str::to_ascii_uppercase).as_deref() {
        None | Some("GZIP") => Some(true),
        Some("NONE") => Some(false),
        Some(_) => None,
    };
    let lines = || {
        gzip.ok_or_else(|| {
            refused(format!(
                "compression {} of {name} is not supported; GZIP and NONE are",
                compression.unwrap_or_default()
            ))
        })
    };
    match name.as_str() {
        "PARQUET" => Format::parquet(compression.unwrap_or("GZIP")).ok_or_else(|| {
            refused(format!(
                "compression {} of PARQUET is not supported; GZIP, SNAPPY, ZSTD and NONE are",
                compression.unwrap_or_default()
            ))
        }),
        "TEXTFILE" => Ok(Format::Text { delimiter: one_byte(delimiter)?, gzip: lines()? }),
        "JSON" => Ok(Format::Json { gzip: lines()? }),
        _ => Err(refused(format!("format {name} is not supported; PARQUET, TEXTFILE and JSON are"))),
    }
}

fn one_byte(property: Option<&Property>) -> Result<u8, Error> {
    let Some(property) = property else { return Ok(DELIMITER) };
    match property.values.first().map(String::as_str) {
        Some("\\001") => Ok(DELIMITER),
        Some("\\t") => Ok(b'\t'),
        Some(text) if text.len() == 1 => Ok(text.as_bytes()[0]),
        _ => Err(Error::at(Code::NotSupported, property.position, "field_delimiter is one ASCII character")),
    }
}
