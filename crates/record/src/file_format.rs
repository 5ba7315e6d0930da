//! The formats that objects can have.

use serde::{Deserialize, Serialize};

/// The format of a delivered object. `plain-text` and `parquet` are those of AWS, the rest are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileFormat {
    /// Text with a header line, gzip.
    #[default]
    PlainText,
    /// Parquet.
    Parquet,
    /// A JSON object a line, gzip.
    Json,
    /// Common Event Format, a line a record, gzip.
    Cef,
    /// OCSF network activity, a JSON object a line, gzip.
    Ocsf,
}

impl FileFormat {
    /// Every format.
    pub const ALL: [FileFormat; 5] =
        [FileFormat::PlainText, FileFormat::Parquet, FileFormat::Json, FileFormat::Cef, FileFormat::Ocsf];

    /// Its name in options, such as `plain-text`.
    pub const fn name(self) -> &'static str {
        match self {
            FileFormat::PlainText => "plain-text",
            FileFormat::Parquet => "parquet",
            FileFormat::Json => "json",
            FileFormat::Cef => "cef",
            FileFormat::Ocsf => "ocsf",
        }
    }

    /// The end of an object's name, such as `.log.gz`.
    pub const fn suffix(self) -> &'static str {
        match self {
            FileFormat::PlainText => ".log.gz",
            FileFormat::Parquet => ".log.parquet",
            FileFormat::Json => ".json.gz",
            FileFormat::Cef => ".cef.gz",
            FileFormat::Ocsf => ".ocsf.json.gz",
        }
    }
}
