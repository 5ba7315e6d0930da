//! How the objects of a table are read: told by the names of Hive's classes, in DDL and in Glue alike.

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::table::RowFormat;

/// How the objects of a table are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TableFormat {
    /// Lines of cells, LazySimpleSerDe.
    Text { delimiter: char },
    /// Lines that a SerDe takes apart by further rules, which [`RowFormat`] knows. Class and properties are kept as
    /// they were written.
    Rows { serde: String, properties: Vec<(String, String)> },
    /// Parquet.
    Parquet,
}

/// What a definition says of its storage.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    /// The class of the SerDe.
    pub(crate) serde: Option<String>,
    /// Of the SerDe.
    pub(crate) properties: Vec<(String, String)>,
    /// A name such as PARQUET, or the class of the input format.
    pub(crate) stored_as: Option<String>,
}

pub(crate) const LAZY_SIMPLE: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";

/// SerDes of Athena's that are not here, by a part of their class in small letters.
const ELSEWHERE: [&str; 6] = ["orc", "avro", "grok", "ionhive", "cloudtrail", "multidelimit"];

impl Storage {
    /// The format that these classes and properties mean, for columns of these names, of which some may be of `rich`
    /// types ([`HiveType::is_rich`](super::HiveType::is_rich)): delimited text is no plain one then.
    ///
    /// # Errors
    /// For a SerDe or file format that is not here, by its name, and for properties that it cannot work with.
    pub(crate) fn format(self, columns: &[&str], rich: bool) -> Result<TableFormat, Error> {
        let stored_as = self.stored_as.unwrap_or_default();
        let serde = self.serde.unwrap_or_else(|| LAZY_SIMPLE.to_owned());
        let lower = (stored_as.to_ascii_lowercase(), serde.to_ascii_lowercase());
        if lower.0.contains("parquet") || lower.1.contains("parquet") {
            return Ok(TableFormat::Parquet);
        }
        if !stored_as.is_empty() && !lower.0.contains("text") {
            return Err(elsewhere(&stored_as));
        }
        match RowFormat::new(&serde, &self.properties, columns) {
            None if ELSEWHERE.iter().any(|part| lower.1.contains(part)) => Err(elsewhere(&serde)),
            None => Err(Error::new(
                Code::HiveFailed,
                format!(
                    "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Cannot validate serde: {serde}"
                ),
            )),
            Some(Err(reason)) => Err(Error::new(Code::HiveFailed, format!("SemanticException {serde}: {reason}"))),
            Some(Ok(RowFormat::Delimited(rows))) if rows.is_plain() && !rich => {
                Ok(TableFormat::Text { delimiter: rows.separator })
            }
            Some(Ok(_)) => Ok(TableFormat::Rows { serde, properties: self.properties }),
        }
    }
}

fn elsewhere(class: &str) -> Error {
    let message =
        format!("'{class}' is not supported; delimited text, CSV (OpenCSVSerde), JSON, RegexSerDe and Parquet are");
    Error::new(Code::NotSupported, message)
}
